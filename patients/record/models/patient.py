"""The patient, who they are, whether they are in our care, who cares for them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now

from careteam.audit.models import tracked
from careteam.people.models import Team
from careteam.people.rules import Role
from patients.record.models.base import ClinicalRow, in_care, visible_patients
from patients.record.rules import (
    ContactScope,
    DatePrecision,
    DeathCause,
    DeathPlace,
    EnrollmentStatus,
    Sex,
    StepKind,
    age_on,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from careteam.people.models import User


class PatientQuerySet(models.QuerySet["Patient"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(visible_patients(user))

    def unmerged(self) -> Self:
        return self.filter(merged_into__isnull=True)

    def in_care(self) -> Self:
        """See `in_care`."""
        return self.filter(in_care(""))


@tracked
class Patient(models.Model):
    """One person in the care of one owning team.

    `enrollment_status` repeats the open `Enrollment` row (written by the same command, compared by a test), so that
    lists at 100,000 patients need no join. `sort_key` is the name without accents in lower case; `search_key` adds
    given names and identifiers, it has the trigram index.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="patients", db_index=False)
    family_name = models.CharField(max_length=120)
    given_name = models.CharField(max_length=120, blank=True)
    mrn = models.CharField(max_length=80, blank=True, help_text="the identifier shown; all are in PatientIdentifier")
    sort_key = models.CharField(max_length=250, db_default="")
    search_key = models.TextField(db_default="")
    birth_date = models.DateField(null=True, blank=True)
    birth_precision = models.CharField(max_length=5, choices=DatePrecision, default=DatePrecision.DAY)
    sex = models.CharField(max_length=7, choices=Sex, default=Sex.UNKNOWN)
    phone = models.CharField(max_length=60, blank=True)
    email = models.CharField(max_length=200, blank=True)
    address = models.TextField(blank=True)
    country = models.CharField(max_length=2, blank=True)
    language = models.CharField(max_length=20, blank=True, help_text="BCP 47")
    interpreter = models.BooleanField(null=True, blank=True)
    transport = models.CharField(max_length=120, blank=True)
    general_practitioner = models.CharField(max_length=200, blank=True)
    deceased_on = models.DateField(null=True, blank=True)
    cause_of_death = models.CharField(max_length=200, blank=True)
    death_cause = models.CharField(max_length=9, choices=DeathCause, blank=True, help_text="what figures count by")
    death_place = models.CharField(max_length=12, choices=DeathPlace, blank=True)
    enrollment_status = models.CharField(max_length=12, choices=EnrollmentStatus, default=EnrollmentStatus.UNDER_REVIEW)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged_from")
    is_confidential = models.BooleanField(default=False)
    source = models.CharField(max_length=20, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())

    objects = PatientQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["team", "sort_key", "id"], name="patient_by_name"),
            models.Index(fields=["team", "enrollment_status", "sort_key", "id"], name="patient_by_status_name"),
            models.Index(fields=["team", "mrn", "id"], name="patient_by_mrn"),
            models.Index(fields=["team", "birth_date", "id"], name="patient_by_birth"),
            GinIndex(fields=["search_key"], name="patient_search", opclasses=["gin_trgm_ops"]),
            # "Is the patient in care?" for tens of thousands of rows at once, from the index alone.
            models.Index(
                fields=["id", "team"],
                name="patient_in_care",
                condition=in_care(""),
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=models.Q(deceased_on__isnull=True)
                | models.Q(birth_date__isnull=True)
                | models.Q(deceased_on__gte=models.F("birth_date")),
                name="patient_dies_after_birth",
            ),
            models.CheckConstraint(
                condition=models.Q(merged_into__isnull=True) | ~models.Q(merged_into=models.F("id")),
                name="patient_not_merged_into_self",
            ),
            models.CheckConstraint(condition=~models.Q(family_name=""), name="patient_has_a_name"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()

    @property
    def is_deceased(self) -> bool:
        return self.deceased_on is not None or self.enrollment_status == EnrollmentStatus.DECEASED

    @property
    def is_in_care(self) -> bool:
        return (
            self.enrollment_status == EnrollmentStatus.ACTIVE
            and self.deceased_on is None
            and self.merged_into_id is None
        )

    def age(self, on: date) -> int | None:
        """Completed years on the day, or at death."""
        return age_on(self.birth_date, min(on, self.deceased_on) if self.deceased_on else on)


@tracked
class PatientIdentifier(models.Model):
    """Every identifier that a patient goes by; unique per (team, system, value)."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="identifiers")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_index=False)
    system = models.CharField(max_length=200)
    value = models.CharField(max_length=120)
    kind = models.CharField(max_length=20, blank=True, help_text="MR, SS, DL … (HL7 v2-0203)")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["team", "system", "value"], name="identifier_unique"),)

    def __str__(self) -> str:
        return f"{self.system}|{self.value}"


@tracked
class Enrollment(ClinicalRow):
    """Whether the team looks after the patient; the row without an end is the present one."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_index=False)
    status = models.CharField(max_length=12, choices=EnrollmentStatus)
    started_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    scope = models.CharField(max_length=200, blank=True, help_text="what is declined")
    ask_again_on = models.DateField(null=True, blank=True)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["patient"], condition=models.Q(ended_on__isnull=True), name="enrollment_one_open"
            ),
            models.CheckConstraint(
                condition=models.Q(ended_on__isnull=True) | models.Q(ended_on__gte=models.F("started_on")),
                name="enrollment_dates_in_order",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_status_display()} since {self.started_on}"


@tracked
class PatientContact(ClinicalRow):
    """Family and others: who may be told what, who must not, who is proxy."""

    name = models.CharField(max_length=120)
    relation = models.CharField(max_length=80, blank=True)
    phone = models.CharField(max_length=60, blank=True)
    email = models.CharField(max_length=200, blank=True)
    scope = models.CharField(max_length=10, choices=ContactScope, default=ContactScope.PRACTICAL)
    consent_on = models.DateField(null=True, blank=True)
    is_proxy = models.BooleanField(default=False)
    proxy_document_seen = models.BooleanField(default=False)
    is_emergency_contact = models.BooleanField(default=False)
    is_caregiver = models.BooleanField(default=False)

    class Meta(ClinicalRow.Meta):
        pass

    def __str__(self) -> str:
        return self.name


@tracked
class CareTeamMember(ClinicalRow):
    """A named person per role for this patient; `person` when they work here, `name` when elsewhere."""

    role = models.CharField(max_length=30, choices=Role)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="patients_cared_for"
    )
    name = models.CharField(max_length=120, blank=True)
    organization = models.CharField(max_length=160, blank=True)
    phone = models.CharField(max_length=60, blank=True)
    is_responsible = models.BooleanField(default=False, help_text="the clinician who decides when a scan is red")
    started_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["patient"],
                condition=models.Q(is_responsible=True, ended_on__isnull=True, error_at__isnull=True),
                name="careteam_one_responsible",
            ),
            models.CheckConstraint(
                condition=models.Q(person__isnull=False) | ~models.Q(name=""), name="careteam_names_somebody"
            ),
        )

    def __str__(self) -> str:
        return str(self.person) if self.person_id else self.name


@tracked
class NextStep(models.Model):
    """What happens next for this patient, who does it, when. Opened and closed by the slice whose work it is, in the
    same transaction; banner, workspace and safety net read only this table."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="next_steps")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=16, choices=StepKind)
    source_key = models.CharField(max_length=60, help_text="which row of which slice, e.g. study:17")
    what = models.CharField(max_length=200)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="steps"
    )
    owner_role = models.CharField(max_length=30, choices=Role, blank=True, help_text="whose queue when nobody owns it")
    due_on = models.DateField(null=True, blank=True)
    url = models.CharField(max_length=200, blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_because = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["patient", "source_key"], condition=models.Q(closed_at__isnull=True), name="step_one_open"
            ),
        )
        indexes = (
            models.Index(
                fields=["team", "due_on", "id"],
                include=["patient", "kind", "owner", "owner_role"],  # what counting them reads
                name="step_open_due",
                condition=models.Q(closed_at__isnull=True),
            ),
            models.Index(
                fields=["owner", "due_on", "id"], name="step_owner", condition=models.Q(closed_at__isnull=True)
            ),
            # The safety net: who has no open step.
            models.Index(fields=["patient"], name="step_open_patient", condition=models.Q(closed_at__isnull=True)),
        )

    def __str__(self) -> str:
        return self.what


class ExternalCenter(models.Model):
    """Another hospital or practice we exchange images, referrals and letters with."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="centers")
    name = models.CharField(max_length=160)
    contact = models.CharField(max_length=200, blank=True)
    phone = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["team", "name"], name="center_unique"),)

    def __str__(self) -> str:
        return self.name
