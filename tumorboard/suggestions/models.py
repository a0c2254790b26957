"""A case that something sends back to a board: suggested, never filed by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.db import models

from careteam.access.queries import access_of
from careteam.audit.models import tracked
from careteam.people.rules import Permission
from patients.record.models import ClinicalQuerySet, ClinicalRow
from tumorboard.boards.models import Board
from tumorboard.referrals.models import Referral
from tumorboard.referrals.rules import QuestionKind, Urgency
from tumorboard.suggestions.rules import QUESTION_LENGTH, DeclineReason, SuggestionKind, SuggestionStatus

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from careteam.people.models import User


class AgendaSuggestionQuerySet(ClinicalQuerySet):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Those of boards of the person's teams, as meetings are: a grant to one patient opens no agenda."""
        return self.filter(board__team_id__in=access_of(user).teams_where(Permission.PATIENT_VIEW))

    def open(self) -> Self:
        return self.filter(status=SuggestionStatus.OPEN, error_at__isnull=True)


@tracked
class AgendaSuggestion(ClinicalRow):
    """`source_key` names what sends the case back (`study:17`, `action:5`, `recommendation:9`); one open row each.
    `due_on` is the date that passed, so that another one is another matter. A request from outside is a draft of a
    referral: its question follows its source until somebody here writes another one."""

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="suggestions")
    kind = models.CharField(max_length=10, choices=SuggestionKind)
    source_key = models.CharField(max_length=40)
    study = models.ForeignKey(
        "patients.ImagingStudy", on_delete=models.PROTECT, null=True, blank=True, related_name="suggestions"
    )
    due_on = models.DateField(null=True, blank=True)
    question = models.TextField(max_length=QUESTION_LENGTH, help_text="what the board would be asked")
    source_question = models.TextField(
        max_length=QUESTION_LENGTH, blank=True, help_text="as the source asked last; another question was written here"
    )
    referrer = models.CharField(max_length=160, blank=True, help_text="who asks from outside")
    question_kind = models.CharField(max_length=16, choices=QuestionKind, blank=True)
    urgency = models.CharField(max_length=8, choices=Urgency, blank=True)
    url = models.CharField(max_length=200, help_text="the page of what sends it back")
    status = models.CharField(max_length=10, choices=SuggestionStatus, default=SuggestionStatus.OPEN)
    raised_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    decline_reason = models.CharField(max_length=12, choices=DeclineReason, blank=True)
    note = models.CharField(max_length=250, blank=True, help_text="of a decline, or why it was taken back")
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, null=True, blank=True, related_name="suggestions")

    objects: ClassVar = AgendaSuggestionQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["source_key"],
                condition=models.Q(status="open", error_at__isnull=True),
                name="suggestion_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(status="open", answered_at__isnull=True)
                | (~models.Q(status="open") & models.Q(answered_at__isnull=False)),
                name="suggestion_answered_has_when",
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["accepted", "declined"]) | models.Q(answered_by__isnull=False),
                name="suggestion_answered_has_who",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="declined") | ~models.Q(decline_reason=""),
                name="suggestion_declined_has_reason",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="accepted") | models.Q(referral__isnull=False),
                name="suggestion_accepted_has_referral",
            ),
        )
        indexes = (
            models.Index(fields=["board", "raised_at"], name="suggestion_open", condition=models.Q(status="open")),
            models.Index(fields=["source_key", "due_on"], name="suggestion_source"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.source_key}"
