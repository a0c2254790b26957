"""Referrals to the palliative team, notes of each discipline, caregiver strain, the step into hospice, bereavement."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models

from careteam.audit.models import tracked
from careteam.people.rules import Role
from patients.goals.rules import Place
from patients.palliative.rules import (
    BereavementKind,
    BereavementStatus,
    HospiceStatus,
    PalliativeReferralStatus,
)
from patients.record.models import ClinicalRow, PatientContact
from patients.treatment.models import TreatmentLine


@tracked
class PalliativeReferral(ClinicalRow):
    """A request that the palliative team sees the patient, and what came of it."""

    status = models.CharField(max_length=10, choices=PalliativeReferralStatus, default="requested")
    question = models.TextField()
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(blank=True)
    visit_on = models.DateField(null=True, blank=True)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["patient"],
                condition=models.Q(status__in=["requested", "accepted"]),
                name="palliative_referral_one_open",
            ),
        )

    def __str__(self) -> str:
        return f"palliative referral {self.status}"


# What may still change in a note: that it was entered in error.
_CHANGEABLE = "ARRAY['version', 'error_at', 'error_by_id', 'error_reason']"


@tracked
class CareNote(ClinicalRow):
    """What somebody of a discipline adds to palliative care. Never edited: a supplement is a row that names the first.

    The text of a confidential one is read by palliative clinicians, psycho-oncologists and its author
    (`queries.notes_of`); everybody else learns that it exists, from whom and when.
    """

    discipline = models.CharField(max_length=30, choices=Role)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    said_by = models.CharField(max_length=120, blank=True, help_text="whose words, where no account is")
    text = models.TextField()
    is_confidential = models.BooleanField(default=False)
    supplements = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="supplemented"
    )

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.CheckConstraint(condition=~models.Q(text=""), name="carenote_says_something"),
        )
        indexes = (models.Index(fields=["patient", "-written_at"], name="carenote_latest"),)
        triggers = (
            pgtrigger.Protect(name="carenote_no_delete", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="carenote_is_kept",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=f"""
                    IF to_jsonb(OLD) - {_CHANGEABLE} <> to_jsonb(NEW) - {_CHANGEABLE} THEN
                        RAISE EXCEPTION 'note % is kept as written: add a supplement instead', OLD.id;
                    END IF;
                    RETURN NEW;
                """,
            ),
        )

    def __str__(self) -> str:
        return f"note {self.pk}"


@tracked
class CaregiverStrain(ClinicalRow):
    """The answer of somebody who cares for the patient to our own question, 0 to 10 (`rules.STRAIN_QUESTION`)."""

    asked_on = models.DateField()
    who = models.CharField(max_length=120)
    score = models.PositiveSmallIntegerField(validators=[MaxValueValidator(10)])
    note = models.TextField(blank=True)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.CheckConstraint(condition=models.Q(score__lte=10), name="strain_0_to_10"),
        )
        indexes = (models.Index(fields=["patient", "-asked_on"], name="strain_latest"),)

    def __str__(self) -> str:
        return f"strain {self.score} of 10, {self.asked_on}"


@tracked
class HospiceTransition(ClinicalRow):
    """The step into hospice, filled in by several people in any order; finishing it starts the hospice line. `choices`:
    what becomes of each running line, {line id: `LineChoice`}."""

    status = models.CharField(max_length=10, choices=HospiceStatus, default=HospiceStatus.PREPARING)
    opened_at = models.DateTimeField()
    comfort_goal = models.TextField(blank=True)
    prognosis_confirmed = models.BooleanField(default=False)
    prognosis_by = models.CharField(max_length=120, blank=True)
    prognosis_on = models.DateField(null=True, blank=True)
    family_told = models.CharField(max_length=250, blank=True)
    nobody_to_tell = models.BooleanField(default=False)
    equipment = models.TextField(blank=True)
    medication = models.TextField(blank=True)
    night_name = models.CharField(max_length=120, blank=True)
    night_phone = models.CharField(max_length=60, blank=True)
    place = models.CharField(max_length=14, choices=Place, blank=True)
    service = models.CharField(max_length=160, blank=True)
    starts_on = models.DateField(null=True, blank=True)
    code_reviewed_on = models.DateField(null=True, blank=True)
    code_words = models.CharField(max_length=200, blank=True)
    choices = models.JSONField(default=dict, blank=True)
    line = models.ForeignKey(TreatmentLine, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    finished_at = models.DateTimeField(null=True, blank=True)
    finished_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    ended_on = models.DateField(null=True, blank=True)
    end_reason = models.TextField(blank=True)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["patient"], condition=models.Q(status="preparing"), name="hospice_one_in_preparation"
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["started", "ended"])
                | models.Q(line__isnull=False, finished_at__isnull=False, finished_by__isnull=False),
                name="hospice_started_has_who_line",
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["cancelled", "ended"]) | ~models.Q(end_reason=""),
                name="hospice_over_has_reason",
            ),
        )

    def __str__(self) -> str:
        return f"hospice transition {self.status}"


@tracked
class BereavementTask(ClinicalRow):
    """Something the palliative team does for one of the family after a death. Never about the patient."""

    contact = models.ForeignKey(PatientContact, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=BereavementKind)
    due_on = models.DateField()
    status = models.CharField(max_length=10, choices=BereavementStatus, default=BereavementStatus.OPEN)
    note = models.TextField(blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["contact", "kind"], condition=models.Q(error_at__isnull=True), name="bereavement_once"
            ),
            models.CheckConstraint(
                condition=models.Q(status="open") | models.Q(closed_at__isnull=False, closed_by__isnull=False),
                name="bereavement_closed_has_who",
            ),
        )
        indexes = (models.Index(fields=["due_on", "id"], name="bereavement_open", condition=models.Q(status="open")),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.due_on}"
