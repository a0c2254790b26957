"""Steps of the ladder, and who was called."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from careteam.audit.models import tracked
from careteam.people.models import Team
from careteam.people.rules import Role
from patients.imaging.models.studies import ImagingStudy
from patients.imaging.rules import (
    ContactKind,
    ContactOutcome,
    ReminderState,
    ReminderStep,
)
from patients.record.models import ClinicalQuerySet, ClinicalRow


@tracked
class Reminder(models.Model):
    """One step of the ladder for one study and due date, in a role's queue. Unique: raised exactly once."""

    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_index=False)
    study = models.ForeignKey(ImagingStudy, on_delete=models.PROTECT, related_name="reminders")
    step = models.CharField(max_length=10, choices=ReminderStep)
    due_on = models.DateField()
    queue = models.CharField(max_length=30, choices=Role)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    state = models.CharField(max_length=10, choices=ReminderState, default=ReminderState.OPEN)
    raised_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    acknowledged_note = models.CharField(max_length=250, blank=True, db_default="")

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["study", "step", "due_on"], name="reminder_once"),
            models.CheckConstraint(
                condition=models.Q(acknowledged_at__isnull=True, acknowledged_by__isnull=True, acknowledged_note="")
                | models.Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
                name="reminder_acknowledged_has_who_when",
            ),
        )
        indexes = (models.Index(fields=["team", "raised_at"], name="reminder_open", condition=models.Q(state="open")),)

    def __str__(self) -> str:
        return f"{self.step} of study {self.study_id}"

    @property
    def key(self) -> str:
        """What inbox and mail are unique by."""
        return f"reminder:{self.study_id}:{self.step}:{self.due_on.isoformat()}"


@tracked
class ContactAttempt(ClinicalRow):
    """One call, letter or message to the patient, with what came of it."""

    study = models.ForeignKey(ImagingStudy, on_delete=models.PROTECT, null=True, blank=True, related_name="contacts")
    at = models.DateTimeField()
    kind = models.CharField(max_length=8, choices=ContactKind)
    outcome = models.CharField(max_length=14, choices=ContactOutcome)
    note = models.TextField(blank=True)
    next_try_on = models.DateField(null=True, blank=True)

    class Meta(ClinicalRow.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.kind} {self.outcome}"
