"""Calls about symptoms, and how a site words its protocol for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from careteam.access.queries import access_of
from careteam.audit.models import tracked
from careteam.people.models import Team
from patients.record.models import ClinicalRow
from patients.triage.rules import Caller, ScanAnswer, Sign, Urgency

if TYPE_CHECKING:
    from careteam.people.models import User


@tracked
class SymptomCall(ClinicalRow):
    """One call: what was said, what it brought up, what was done about it.

    Numbers are stored as measurements too (`measured` holds their keys), so that they stand in the curves. `signs` are
    those of the day's thresholds. A call with signs stays open until somebody writes what was done.
    """

    called_at = models.DateTimeField()
    caller = models.CharField(max_length=10, choices=Caller, default=Caller.PATIENT)
    stools_per_day = models.PositiveSmallIntegerField(null=True, blank=True)
    flushes_per_day = models.PositiveSmallIntegerField(null=True, blank=True)
    pain = models.PositiveSmallIntegerField(null=True, blank=True)
    more_flushing = models.BooleanField(default=False)
    fever_on_chemotherapy = models.BooleanField(default=False)
    jaundice = models.BooleanField(default=False)
    confusion = models.BooleanField(default=False)
    hypoglycemia = models.BooleanField(default=False)
    other = models.CharField(max_length=500, blank=True)
    signs = ArrayField(models.CharField(max_length=14, choices=Sign), default=list, blank=True)
    urgency = models.CharField(max_length=6, choices=Urgency, default=Urgency.NONE)
    measured = ArrayField(models.BigIntegerField(), default=list, blank=True)
    wants_scan = models.BooleanField(default=False)
    wants_goals = models.BooleanField(default=False)
    scan_answer = models.CharField(max_length=10, choices=ScanAnswer, blank=True)
    scan_reason = models.CharField(max_length=250, blank=True)
    outcome = models.CharField(max_length=500, blank=True, help_text="what was done about it")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta(ClinicalRow.Meta):
        indexes = (models.Index(fields=["patient", "-called_at"], name="call_latest"),)
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(pain__isnull=True) | models.Q(pain__lte=10), name="call_pain_0_to_10"
            ),
            models.CheckConstraint(
                condition=models.Q(closed_at__isnull=True, closed_by__isnull=True)
                | (models.Q(closed_at__isnull=False, closed_by__isnull=False) & ~models.Q(outcome="")),
                name="call_closed_has_who_what",
            ),
            models.CheckConstraint(
                condition=models.Q(scan_answer="") | models.Q(wants_scan=True), name="call_scan_answer_was_asked"
            ),
            models.CheckConstraint(
                condition=~models.Q(scan_answer=ScanAnswer.NOT_NEEDED) | ~models.Q(scan_reason=""),
                name="call_scan_refused_because",
            ),
        )

    def __str__(self) -> str:
        return f"call {self.called_at:%Y-%m-%d}"

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to say what was done."""
        return self.urgency != Urgency.NONE and self.closed_at is None

    @property
    def sign_words(self) -> str:
        """The signs in words, the most urgent first."""
        return ", ".join(str(Sign(sign).label) for sign in self.signs)


class WordingQuerySet(models.QuerySet["SiteWording"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(team_id__in=access_of(user).team_ids)


@tracked
class SiteWording(models.Model):
    """What a team's protocol says to one sign, signed by its lead; the latest version counts."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    sign = models.CharField(max_length=14, choices=Sign)
    version = models.PositiveIntegerField()
    text = models.CharField(max_length=300)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    signed_at = models.DateTimeField()

    objects = WordingQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["team", "sign", "version"], name="wording_version_once"),
            models.CheckConstraint(condition=~models.Q(text=""), name="wording_says_something"),
        )

    def __str__(self) -> str:
        return f"{self.get_sign_display()}, version {self.version}"
