"""Treatment lines, their administrations, adverse events."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from careteam.audit.models import tracked
from patients.record.models import ClinicalQuerySet, ClinicalRow
from patients.record.rules import DatePrecision, ResponseCategory
from patients.treatment.rules import (
    OPEN_STATUSES,
    RUNNING_STATUSES,
    AdministrationStatus,
    DoseLevel,
    EndReason,
    Intent,
    LineDraft,
    LineRole,
    LineStatus,
    Modality,
    Plan,
    StartReason,
    level_number,
    levels_of,
    plan_class,
)


class TreatmentLineQuerySet(ClinicalQuerySet):
    def running(self) -> TreatmentLineQuerySet:
        return self.filter(status__in=RUNNING_STATUSES)

    def open(self) -> TreatmentLineQuerySet:
        return self.filter(status__in=OPEN_STATUSES)

    def valid(self) -> TreatmentLineQuerySet:
        return self.exclude(status=LineStatus.ERROR)

    def in_order(self) -> TreatmentLineQuerySet:
        """The order of treatments: by start (planned ones by plan, last), then by id."""
        return self.order_by(models.functions.Coalesce("started_on", "planned_on").asc(nulls_last=True), "pk")


@tracked
class TreatmentLine(ClinicalRow):
    """One treatment from its plan to its end. L-order and therapy line are computed (`rules.number_lines`)."""

    modality = models.CharField(max_length=16, choices=Modality)
    agent = models.CharField(max_length=120, blank=True, help_text="drug, regimen or procedure")
    role = models.CharField(max_length=16, choices=LineRole, default=LineRole.ANTITUMOR)
    intent = models.CharField(max_length=16, choices=Intent, blank=True, default="")
    start_reason = models.CharField(max_length=16, choices=StartReason, blank=True)
    status = models.CharField(max_length=16, choices=LineStatus, default=LineStatus.PLANNED)
    planned_on = models.DateField(null=True, blank=True)
    started_on = models.DateField(null=True, blank=True)
    started_precision = models.CharField(max_length=5, choices=DatePrecision, default=DatePrecision.DAY)
    ended_on = models.DateField(null=True, blank=True)
    end_reason = models.CharField(max_length=18, choices=EndReason, blank=True)
    end_note = models.TextField(blank=True)
    dose = models.CharField(max_length=120, blank=True, help_text="as prescribed: 120 mg")
    interval_days = models.PositiveSmallIntegerField(null=True, blank=True)
    planned_count = models.PositiveSmallIntegerField(null=True, blank=True)
    site = models.CharField(max_length=160, blank=True, help_text="where: segments, lobe, center")
    trial_number = models.CharField(max_length=20, blank=True, help_text="NCT number")
    best_response = models.CharField(max_length=2, choices=ResponseCategory, blank=True)
    last_response = models.CharField(max_length=2, choices=ResponseCategory, blank=True)
    plan = models.JSONField(default=dict, blank=True, help_text="what only this modality needs")
    notes = models.TextField(blank=True)
    needs_review = models.BooleanField(default=False, help_text="imported, please review")

    objects: ClassVar = TreatmentLineQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        indexes = (models.Index(fields=["patient", "started_on"], name="line_order"),)
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(ended_on__isnull=True)
                | models.Q(started_on__isnull=True)
                | models.Q(ended_on__gte=models.F("started_on")),
                name="line_dates_in_order",
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["active", "on_hold", "completed"])
                | models.Q(started_on__isnull=False)
                | ~models.Q(source=""),
                name="line_running_has_start",
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["completed", "stopped"])
                | (models.Q(ended_on__isnull=False) & ~models.Q(end_reason=""))
                | ~models.Q(source=""),
                name="line_ended_has_when_why",
            ),
        )

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        return " ".join(part for part in (self.agent or self.get_modality_display(), self.dose) if part)

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES

    @property
    def draft(self) -> LineDraft:
        """The line as a draft: what the rules judge."""
        return LineDraft(
            modality=self.modality,
            agent=self.agent,
            role=self.role,
            intent=self.intent,
            start_reason=self.start_reason,
            dose=self.dose,
            interval_days=self.interval_days,
            planned_count=self.planned_count,
            site=self.site,
            trial_number=self.trial_number,
            plan=self.plan,
        )

    @property
    def answers(self) -> Plan:
        """What the modality's own plan says."""
        return plan_class(self.modality, self.agent).read(self.plan)

    @property
    def levels(self) -> tuple[DoseLevel, ...]:
        """The dose levels it has had, in order; empty while the dose never changed."""
        return levels_of(self.plan)

    @property
    def level_words(self) -> str:
        """Where the present dose stands: "dose level −1 since 3 Mar 2026"; empty while it never changed."""
        levels = self.levels
        if len(levels) < 2:
            return ""
        number, since = level_number(levels), levels[-1].since
        words = f"dose level {number}".replace("-", "−")
        return f"{words} since {since.day} {since:%b %Y}" if since else words


@tracked
class Administration(ClinicalRow):
    """One dose, cycle or procedure of a line. "Delayed" is a moved date with its reason, "reduced" a fact of given."""

    line = models.ForeignKey(TreatmentLine, on_delete=models.PROTECT, related_name="administrations")
    number = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=10, choices=AdministrationStatus, default=AdministrationStatus.PLANNED)
    planned_on = models.DateField()
    given_on = models.DateField(null=True, blank=True)
    dose = models.DecimalField(max_digits=10, decimal_places=3, null=True, blank=True)
    dose_unit = models.CharField(max_length=20, blank=True)
    reduced = models.BooleanField(default=False)
    moved_from = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=250, blank=True)
    given_elsewhere = models.CharField(max_length=160, blank=True)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["line", "number"],
                condition=models.Q(error_at__isnull=True),
                name="administration_number_once",
            ),
            models.CheckConstraint(
                condition=models.Q(status="given", given_on__isnull=False)
                | (~models.Q(status="given") & models.Q(given_on__isnull=True)),
                name="administration_given_has_date",
            ),
        )
        indexes = (
            models.Index(fields=["planned_on", "patient"], name="admin_planned", condition=models.Q(status="planned")),
            models.Index(fields=["given_on"], name="admin_given", condition=models.Q(status="given")),
        )

    def __str__(self) -> str:
        return f"{self.line} #{self.number}"


@tracked
class AdverseEvent(ClinicalRow):
    """CTCAE: term, grade 1 to 5, version."""

    line = models.ForeignKey(
        TreatmentLine, on_delete=models.PROTECT, null=True, blank=True, related_name="adverse_events"
    )
    term = models.CharField(max_length=120)
    grade = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(5)])
    ctcae_version = models.CharField(max_length=6, default="5.0")
    noticed_on = models.DateField()
    resolved_on = models.DateField(null=True, blank=True)
    note = models.TextField(blank=True)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.CheckConstraint(condition=models.Q(grade__range=(1, 5)), name="adverse_grade_1_to_5"),
        )

    def __str__(self) -> str:
        return f"{self.term} G{self.grade}"
