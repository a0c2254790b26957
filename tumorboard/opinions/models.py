"""A second opinion that another team of this installation is asked for, and replies from elsewhere about a case."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from careteam.access.models import AccessGrant
from careteam.access.queries import access_of
from careteam.audit.models import tracked
from careteam.people.models import Team
from careteam.people.rules import Permission
from patients.care.models import SecondOpinion
from patients.record.models import ClinicalQuerySet, ClinicalRow
from tumorboard.decisions.models import Decision
from tumorboard.decisions.rules import Option
from tumorboard.opinions.rules import LIVE_OPINIONS, OpinionStatus
from tumorboard.referrals.models import Referral

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from careteam.people.models import User


class OpinionQuerySet(ClinicalQuerySet):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """The asking team; who assigns in the asked one; the person who answers."""
        access = access_of(user)
        assigning = access.teams_where(Permission.TEAM_MANAGE) | access.teams_where(Permission.BOARD_AGENDA)
        mine = models.Q(assigned_to=user.pk) if user.pk else models.Q(pk__in=[])
        return self.filter(
            models.Q(patient__team_id__in=access.teams_where(Permission.PATIENT_VIEW))
            | models.Q(team_id__in=assigning)
            | mine
        )

    def live(self) -> Self:
        return self.filter(status__in=LIVE_OPINIONS)


@tracked
class Opinion(ClinicalRow):
    """What another team is asked about one patient, until when, and its answer. `grant` opens the chart to the one
    person who answers; an answer is signed and stands."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="opinions", help_text="who is asked")
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, null=True, blank=True, related_name="opinions")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, null=True, blank=True, related_name="opinions")
    question = models.TextField()
    status = models.CharField(max_length=8, choices=OpinionStatus, default=OpinionStatus.ASKED)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    asked_at = models.DateTimeField()
    until = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True, blank=True)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="opinions"
    )
    assigned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    assigned_at = models.DateTimeField(null=True, blank=True)
    grant = models.OneToOneField(AccessGrant, on_delete=models.PROTECT, null=True, blank=True, related_name="opinion")
    answer = models.TextField(blank=True)
    options = ArrayField(models.CharField(max_length=16, choices=Option), default=list, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    end_reason = models.CharField(max_length=300, blank=True)

    objects: ClassVar = OpinionQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.CheckConstraint(condition=~models.Q(question=""), name="opinion_asks_something"),
            models.CheckConstraint(condition=models.Q(until__gt=models.F("asked_at")), name="opinion_has_time"),
            models.CheckConstraint(
                condition=~models.Q(status__in=["assigned", "answered"])
                | models.Q(assigned_to__isnull=False, assigned_at__isnull=False, grant__isnull=False),
                name="opinion_assigned_has_who",
            ),
            models.CheckConstraint(
                condition=models.Q(status="answered", answered_at__isnull=False) & ~models.Q(answer="")
                | (~models.Q(status="answered") & models.Q(answered_at__isnull=True, answer="")),
                name="opinion_answered_says_something",
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["declined", "revoked"])
                | (models.Q(ended_at__isnull=False, ended_by__isnull=False) & ~models.Q(end_reason="")),
                name="opinion_ended_has_who_why",
            ),
        )
        indexes = (
            models.Index(fields=["until"], name="opinion_live", condition=models.Q(status__in=["asked", "assigned"])),
        )
        triggers = (
            pgtrigger.Protect(
                name="opinion_is_signed",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__status="answered"),
            ),
        )

    def __str__(self) -> str:
        return f"second opinion {self.pk}"


class OpinionDraft(models.Model):
    """What the person who answers has typed so far; nobody else reads it. Untracked, gone when it is signed."""

    opinion = models.ForeignKey(Opinion, on_delete=models.CASCADE, related_name="drafts")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    text = models.TextField(blank=True)
    options = ArrayField(models.CharField(max_length=16), default=list, blank=True)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["opinion", "author"], name="opinion_draft_one_per_author"),)

    def __str__(self) -> str:
        return f"draft of {self.author_id}"


@tracked
class CaseOpinion(ClinicalRow):
    """A second opinion asked for at an external center (`patients.care`) that belongs to a case of the board."""

    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="outside_opinions")
    outside = models.ForeignKey(SecondOpinion, on_delete=models.PROTECT, related_name="cases")

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["referral", "outside"],
                condition=models.Q(error_at__isnull=True),
                name="outside_opinion_once_a_case",
            ),
        )

    def __str__(self) -> str:
        return f"{self.outside} for referral {self.referral_id}"
