"""Numbers and events: measurements, allergies, medication, comorbidities, flags, admissions, encounters."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models

from careteam.audit.models import tracked
from patients.record.models.base import ClinicalRow
from patients.record.rules import ESAS_ITEMS, AllergyKind, DatePrecision, DrugClass, FilledBy, FlagKind, FlagState


@tracked
class Measurement(ClinicalRow):
    """One result: lab, marker, vital sign, score. `code` is LOINC where one exists.

    `value` and `unit` (UCUM) are what the product works with; `original_*` is what was sent or typed.
    """

    code = models.CharField(max_length=20)
    label = models.CharField(max_length=160)
    taken_at = models.DateTimeField()
    taken_precision = models.CharField(max_length=5, choices=DatePrecision, default=DatePrecision.DAY)
    value = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    comparator = models.CharField(max_length=2, blank=True, help_text="<, <=, >, >=")
    text = models.CharField(max_length=500, blank=True, help_text="a value that is no number")
    unit = models.CharField(max_length=30, blank=True)
    original_value = models.CharField(max_length=60, blank=True)
    original_unit = models.CharField(max_length=60, blank=True)
    reference_low = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    reference_high = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    interpretation = models.CharField(max_length=20, blank=True)
    assay = models.CharField(max_length=80, blank=True)
    on_ppi = models.BooleanField(null=True, blank=True)
    fasting = models.BooleanField(null=True, blank=True)
    category = models.CharField(max_length=20, blank=True, help_text="laboratory, vital-signs, survey …")
    note = models.TextField(blank=True)

    class Meta(ClinicalRow.Meta):
        indexes = (models.Index(fields=["patient", "code", "-taken_at"], name="measurement_series"),)
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(value__isnull=False) | ~models.Q(text=""), name="measurement_has_a_value"
            ),
        )

    def __str__(self) -> str:
        return f"{self.label} {self.value if self.value is not None else self.text} {self.unit}".strip()


def _score(label: str) -> models.PositiveSmallIntegerField[Any, Any]:
    return models.PositiveSmallIntegerField(label, null=True, blank=True, validators=[MaxValueValidator(10)])


def _score_check(*fields: str) -> models.CheckConstraint:
    within = models.Q()
    for field in fields:
        within &= models.Q(**{f"{field}__isnull": True}) | models.Q(**{f"{field}__range": (0, 10)})
    return models.CheckConstraint(condition=within, name="symptoms_scores_0_to_10")


@tracked
class SymptomAssessment(ClinicalRow):
    """ESAS-r and distress thermometer of one day, 0 (none) to 10 (worst); None was not asked or not answered.

    `answered_*`: what somebody did about it, which closes the nurse's task.
    """

    assessed_on = models.DateField()
    filled_by = models.CharField(max_length=9, choices=FilledBy, default=FilledBy.PATIENT)
    pain = _score("Pain")
    tiredness = _score("Tiredness")
    drowsiness = _score("Drowsiness")
    nausea = _score("Nausea")
    appetite = _score("Lack of appetite")
    breathlessness = _score("Shortness of breath")
    depression = _score("Depression")
    anxiety = _score("Anxiety")
    wellbeing = _score("Wellbeing")
    other = _score("Other problem")
    other_name = models.CharField(
        max_length=80, blank=True, help_text="Which other problem, such as diarrhea or flushing."
    )
    distress = _score("Distress, past week")
    note = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    answer = models.TextField(blank=True, help_text="what was done")

    class Meta(ClinicalRow.Meta):
        indexes = (
            models.Index(fields=["patient", "-assessed_on"], name="symptoms_latest"),
            models.Index(fields=["-assessed_on", "-id"], name="symptoms_recent"),
        )
        constraints = (
            *ClinicalRow.Meta.constraints,
            _score_check(*ESAS_ITEMS, "distress"),
            models.CheckConstraint(
                condition=models.Q(answered_at__isnull=True, answered_by__isnull=True, answer="")
                | (models.Q(answered_at__isnull=False, answered_by__isnull=False) & ~models.Q(answer="")),
                name="symptoms_answer_has_who_what",
            ),
        )

    def __str__(self) -> str:
        return f"symptoms {self.assessed_on}"

    @property
    def scores(self) -> dict[str, int | None]:
        return {name: getattr(self, name) for name in ESAS_ITEMS}


@tracked
class Allergy(ClinicalRow):
    kind = models.CharField(max_length=8, choices=AllergyKind)
    substance = models.CharField(max_length=160)
    reaction = models.CharField(max_length=160, blank=True)
    severity = models.CharField(max_length=12, blank=True)
    since = models.DateField(null=True, blank=True)
    asked_on = models.DateField(null=True, blank=True)
    codes = ArrayField(models.CharField(max_length=60), default=list, blank=True)

    class Meta(ClinicalRow.Meta):
        pass

    def __str__(self) -> str:
        return self.substance


@tracked
class Medication(ClinicalRow):
    """A current or past drug that is not itself a treatment line."""

    name = models.CharField(max_length=200)
    drug_class = models.CharField(max_length=14, choices=DrugClass, default=DrugClass.OTHER)
    atc = models.CharField(max_length=10, blank=True)
    rxnorm = models.CharField(max_length=12, blank=True)
    dose = models.CharField(max_length=120, blank=True)
    started_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    asked_on = models.DateField(null=True, blank=True)

    class Meta(ClinicalRow.Meta):
        pass

    def __str__(self) -> str:
        return self.name


@tracked
class Comorbidity(ClinicalRow):
    label = models.CharField(max_length=250)
    icd10 = models.CharField(max_length=10, blank=True)
    snomed = models.CharField(max_length=20, blank=True)
    since = models.DateField(null=True, blank=True)
    resolved_on = models.DateField(null=True, blank=True)

    class Meta(ClinicalRow.Meta):
        pass

    def __str__(self) -> str:
        return self.label


@tracked
class ClinicalFlag(ClinicalRow):
    """A fact of the alert strip with the date it was asked; the latest row per kind counts.

    What is a document (a crisis plan) says by whom it was written, where it lies and when it is reviewed.
    """

    kind = models.CharField(max_length=16, choices=FlagKind)
    state = models.CharField(max_length=8, choices=FlagState)
    detail = models.CharField(max_length=250, blank=True)
    asked_on = models.DateField()
    documented_on = models.DateField(null=True, blank=True)
    documented_by = models.CharField(max_length=120, blank=True)
    kept_at = models.CharField(max_length=160, blank=True)
    review_on = models.DateField(null=True, blank=True)

    class Meta(ClinicalRow.Meta):
        indexes = (models.Index(fields=["patient", "kind", "-asked_on"], name="flag_latest"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_state_display()}"


@tracked
class Admission(ClinicalRow):
    """A stay in a hospital. `icu_from`, `icu_until`: in intensive care, both days included; no end: until the
    discharge."""

    admitted_on = models.DateField()
    discharged_on = models.DateField(null=True, blank=True)
    unplanned = models.BooleanField(null=True, blank=True)
    reason = models.CharField(max_length=250, blank=True)
    place = models.CharField(max_length=160, blank=True)
    icu_from = models.DateField(null=True, blank=True)
    icu_until = models.DateField(null=True, blank=True)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(discharged_on__isnull=True) | models.Q(discharged_on__gte=models.F("admitted_on")),
                name="admission_dates_in_order",
            ),
            models.CheckConstraint(
                condition=(models.Q(icu_from__isnull=True) & models.Q(icu_until__isnull=True))
                | (
                    models.Q(icu_from__isnull=False, icu_from__gte=models.F("admitted_on"))
                    & (models.Q(icu_until__isnull=True) | models.Q(icu_until__gte=models.F("icu_from")))
                ),
                name="admission_icu_in_order",
            ),
        )

    def __str__(self) -> str:
        return f"admission {self.admitted_on}"


@tracked
class Encounter(ClinicalRow):
    """A visit, call or appointment, past or planned."""

    kind = models.CharField(max_length=20, help_text="visit, phone, video, appointment …")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    with_whom = models.CharField(max_length=160, blank=True)
    reason = models.CharField(max_length=250, blank=True)
    status = models.CharField(max_length=20, blank=True)

    class Meta(ClinicalRow.Meta):
        indexes = (
            models.Index(fields=["patient", "-starts_at"], name="encounter_latest"),
            models.Index(fields=["starts_at", "patient"], name="encounter_day"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.starts_at:%Y-%m-%d}"
