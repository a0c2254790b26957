"""The trials that a site offers, and for whom they were considered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from careteam.access.queries import access_of
from careteam.audit.models import tracked
from careteam.people.models import Team
from patients.record.models import ClinicalRow, StaleEdit
from patients.trials.rules import Outcome, TrialPhase, TrialStatus

if TYPE_CHECKING:
    from careteam.people.models import User


class TrialQuerySet(models.QuerySet["Trial"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(team_id__in=access_of(user).team_ids)

    def lock(self, pk: int, *, version: int) -> Trial:
        """The row, locked. Raises `StaleEdit` when `version` (that of the opened form) is no longer the row's."""
        row = self.select_for_update(of=("self",)).get(pk=pk)
        if row.version != version:
            raise StaleEdit(row)
        return row


@tracked
class Trial(models.Model):
    """One trial in the register of a team. It is closed, never deleted: patients were considered for it."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="trials", db_index=False)
    nct_number = models.CharField("NCT number", max_length=11)
    title = models.CharField(max_length=200)
    phase = models.CharField(max_length=5, choices=TrialPhase)
    status = models.CharField(max_length=6, choices=TrialStatus, default=TrialStatus.OPEN)
    contact = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    criteria = models.TextField("Who fits, in short", blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())

    objects = TrialQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["team", "nct_number"], name="trial_once_per_team"),
            models.CheckConstraint(condition=models.Q(nct_number__regex=r"^NCT[0-9]{8}$"), name="trial_number_is_nct"),
        )

    def __str__(self) -> str:
        return f"{self.nct_number} {self.title}"


@tracked
class TrialConsideration(ClinicalRow):
    """A trial was considered for the patient, because …; the outcome is the last word, the history holds the others."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="considerations")
    considered_on = models.DateField()
    outcome = models.CharField(max_length=12, choices=Outcome, default=Outcome.CONSIDERED)
    because = models.CharField(max_length=400)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["patient", "trial"],
                condition=models.Q(error_at__isnull=True),
                name="trial_considered_once",
            ),
            models.CheckConstraint(condition=~models.Q(because=""), name="trial_considered_because"),
        )

    def __str__(self) -> str:
        return f"{self.trial.nct_number}: {self.get_outcome_display()}"
