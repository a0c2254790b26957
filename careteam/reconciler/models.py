"""Runs of the reconciler and what they found."""

from __future__ import annotations

from django.db import models

from careteam.people.models import Team
from careteam.reconciler.rules import Finding


class ReconcilerRun(models.Model):
    """One pass over the patients of a team: one a night (`number` 0), more when somebody asks for them. `after_id` is
    the last patient whose rows were held against their plan: a run that was killed goes on from there."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    on = models.DateField(help_text="the team's day")
    number = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    after_id = models.BigIntegerField(default=0)
    patients = models.PositiveIntegerField(default=0)
    repaired = models.PositiveIntegerField(default=0)
    for_person = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["team", "on", "number"], name="reconciler_once_a_night"),)
        indexes = (models.Index(fields=["team", "-started_at"], name="reconciler_latest"),)

    def __str__(self) -> str:
        return f"{self.team_id} on {self.on}"


class ReconcilerFinding(models.Model):
    """One thing that was not as the plan demands: mended at once, or for a person. No word about the patient."""

    run = models.ForeignKey(ReconcilerRun, on_delete=models.CASCADE, related_name="findings")
    kind = models.CharField(max_length=12, choices=Finding)
    patient = models.ForeignKey("patients.Patient", on_delete=models.CASCADE, related_name="+")
    subject = models.CharField(max_length=80, help_text="which row, e.g. study:17")
    repaired = models.BooleanField(default=False)
    for_person = models.BooleanField(default=False)

    class Meta:
        indexes = (models.Index(fields=["run", "id"], name="finding_person", condition=models.Q(for_person=True)),)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(repaired=True) | models.Q(for_person=True), name="finding_mended_or_asked"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
