"""Lesions followed by RECIST 1.1, their readings on each study, and what the reader confirmed."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from careteam.audit.models import tracked
from patients.imaging.models import ImagingStudy
from patients.record.models import ClinicalRow
from patients.record.rules import ResponseCategory
from patients.response.rules import Lesion as LesionRule
from patients.response.rules import LesionRole, Reading, Seen

_PREFIX = {LesionRole.TARGET: "T", LesionRole.NON_TARGET: "NT", LesionRole.NEW: "N"}


@tracked
class ResponseAssessment(ClinicalRow):
    """One study read against the baseline of its treatment line. The first one of a line is the baseline and has no
    response. Sums (mm) and `computed` are what the reader saw when confirming; `computed` is empty when the reader
    had to decide, or decision support was off."""

    study = models.ForeignKey(ImagingStudy, on_delete=models.PROTECT, related_name="assessments")
    line = models.ForeignKey(
        "patients.TreatmentLine", on_delete=models.PROTECT, null=True, blank=True, related_name="assessments"
    )
    is_baseline = models.BooleanField(default=False)
    baseline_mm = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    nadir_mm = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    sum_mm = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    computed = models.CharField(max_length=2, choices=ResponseCategory, blank=True)
    confirmed = models.CharField(max_length=2, choices=ResponseCategory, blank=True)
    reason = models.CharField(max_length=300, blank=True, help_text="why the reader differs from the arithmetic")
    note = models.CharField(max_length=500, blank=True)
    caveats = ArrayField(models.CharField(max_length=12), default=list, blank=True)
    read_at = models.DateTimeField()
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["study", "line"],
                condition=models.Q(error_at__isnull=True),
                nulls_distinct=False,
                name="assessment_once_per_study_and_line",
            ),
            models.UniqueConstraint(
                fields=["patient", "line"],
                condition=models.Q(error_at__isnull=True, is_baseline=True),
                nulls_distinct=False,
                name="assessment_one_baseline_per_line",
            ),
            models.CheckConstraint(
                condition=models.Q(is_baseline=True, confirmed="")
                | (models.Q(is_baseline=False) & ~models.Q(confirmed="")),
                name="assessment_confirmed_after_baseline",
            ),
            models.CheckConstraint(
                condition=models.Q(computed="") | models.Q(computed=models.F("confirmed")) | ~models.Q(reason=""),
                name="assessment_other_than_computed_has_reason",
            ),
        )

    def __str__(self) -> str:
        return "Baseline" if self.is_baseline else self.confirmed


@tracked
class Lesion(ClinicalRow):
    """A lesion from the assessment that first named it: at baseline a target or non-target, later a new one."""

    found_in = models.ForeignKey(ResponseAssessment, on_delete=models.PROTECT, related_name="lesions")
    role = models.CharField(max_length=10, choices=LesionRole)
    number = models.PositiveSmallIntegerField()
    organ = models.CharField(max_length=60)
    site = models.CharField(max_length=120, blank=True)
    is_node = models.BooleanField(default=False)

    class Meta(ClinicalRow.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.code} {self.place}"

    @property
    def code(self) -> str:
        """T1, NT2, N1."""
        return _PREFIX[LesionRole(self.role)] + str(self.number)

    @property
    def place(self) -> str:
        node = ", node" if self.is_node and "node" not in self.organ.lower() else ""
        return f"{self.organ} {self.site}".strip() + node

    @property
    def rule(self) -> LesionRule:
        """The lesion as the rules know it."""
        return LesionRule(str(self.pk), self.organ, self.is_node)


@tracked
class LesionReading(ClinicalRow):
    """One lesion on one study: longest diameter (node: short axis) in mm, or in a word why there is none."""

    assessment = models.ForeignKey(ResponseAssessment, on_delete=models.PROTECT, related_name="readings")
    lesion = models.ForeignKey(Lesion, on_delete=models.PROTECT, related_name="readings")
    seen = models.CharField(max_length=10, choices=Seen)
    mm = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["assessment", "lesion"], condition=models.Q(error_at__isnull=True), name="reading_once"
            ),
            models.CheckConstraint(
                condition=~models.Q(seen="measured") | models.Q(mm__isnull=False), name="reading_measured_has_mm"
            ),
            models.CheckConstraint(
                condition=models.Q(mm__isnull=True) | models.Q(mm__gt=0), name="reading_mm_positive"
            ),
        )

    def __str__(self) -> str:
        return f"{self.mm:f} mm" if self.mm is not None else self.get_seen_display()

    @property
    def rule(self) -> Reading:
        """The reading as the rules know it."""
        return Reading(Seen(self.seen), self.mm)
