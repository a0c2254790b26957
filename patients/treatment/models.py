"""Treatment lines, their administrations, adverse events."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from careteam.audit.models import tracked
from careteam.people.models import Team
from careteam.people.rules import Role
from patients.record.models import ClinicalQuerySet, ClinicalRow
from patients.record.rules import DatePrecision, ResponseCategory
from patients.treatment.rules import (
    OPEN_STATUSES,
    RUNNING_STATUSES,
    AdministrationStatus,
    AuthorizationStatus,
    DoseLevel,
    DoseReason,
    EndReason,
    Intent,
    LeadTimes,
    LineDraft,
    LineRole,
    LineStatus,
    Modality,
    Plan,
    PreparationKind,
    PreparationOutcome,
    StartReason,
    WashoutChoice,
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
        indexes = (
            models.Index(fields=["patient", "started_on"], name="line_order"),
            models.Index(fields=["planned_on", "patient"], name="line_planned", condition=models.Q(status="planned")),
            # Few lines are on hold; what their doses wait for is asked on every look at the coming weeks.
            models.Index(fields=["patient"], name="line_on_hold", condition=models.Q(status="on_hold")),
            # Few are in hospice; the palliative workspace counts them on every look.
            models.Index(fields=["patient"], name="line_hospice", condition=models.Q(modality="hospice")),
            # What a dose is counted by, without the wide rows of lines.
            models.Index(fields=["id"], include=["status", "modality"], name="line_kind"),
        )
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
    reason_code = models.CharField(max_length=16, choices=DoseReason, blank=True)
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
            # What a week has: `line` and `error_at` stand in the index, so counting reads nothing else.
            models.Index(
                fields=["planned_on", "patient"],
                include=["line", "error_at"],
                name="admin_week",
                condition=models.Q(status="planned"),
            ),
            models.Index(
                fields=["given_on", "patient"],
                include=["line", "error_at"],
                name="admin_week_given",
                condition=models.Q(status="given"),
            ),
            models.Index(fields=["planned_on", "patient"], name="admin_held", condition=models.Q(status="held")),
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


@tracked
class DoseCheck(ClinicalRow):
    """The labs as they were when a dose was given, and the sentence of whoever gave it in spite of them."""

    dose = models.ForeignKey(Administration, on_delete=models.PROTECT, related_name="checks")
    checked_on = models.DateField()
    results = models.JSONField(default=list, help_text="label, verdict, value, on, needed of each lab")
    despite = models.TextField(blank=True)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["dose"], condition=models.Q(error_at__isnull=True), name="dose_checked_once"
            ),
        )

    def __str__(self) -> str:
        return f"labs of dose {self.dose_id}"


@tracked
class WashoutDecision(ClinicalRow):
    """What was chosen about an injection too near before a PRRT dose."""

    dose = models.ForeignKey(Administration, on_delete=models.PROTECT, related_name="washouts")
    injection = models.ForeignKey(Administration, on_delete=models.PROTECT, related_name="+")
    choice = models.CharField(max_length=8, choices=WashoutChoice)
    days = models.PositiveSmallIntegerField(help_text="between injection and dose when it was decided")
    decided_on = models.DateField()

    class Meta(ClinicalRow.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.get_choice_display()} ({self.decided_on})"


@tracked
class TreatmentSite(models.Model):
    """Where a team gives radionuclide treatment: lead times in days before the dose, places, nadir labs after it."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="treatment_sites")
    name = models.CharField(max_length=120)
    labs_days = models.PositiveSmallIntegerField()
    go_days = models.PositiveSmallIntegerField()
    order_days = models.PositiveSmallIntegerField()
    room_days = models.PositiveSmallIntegerField()
    nadir_days = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    per_day = models.PositiveSmallIntegerField(default=0, help_text="0: no limit")
    per_week = models.PositiveSmallIntegerField(default=0, help_text="0: no limit")
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["team", "name"], name="treatment_site_name_once"),
            models.CheckConstraint(
                condition=models.Q(labs_days__gte=models.F("go_days"), go_days__gte=models.F("order_days")),
                name="treatment_site_steps_in_order",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def lead(self) -> LeadTimes:
        return LeadTimes(self.labs_days, self.go_days, self.order_days, self.room_days, tuple(self.nadir_days))


@tracked
class PreparationStep(ClinicalRow):
    """One step before or after a dose at a site. Its room step is also the place it takes there."""

    dose = models.ForeignKey(Administration, on_delete=models.PROTECT, related_name="preparation")
    site = models.ForeignKey(TreatmentSite, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=PreparationKind)
    number = models.PositiveSmallIntegerField(default=1)
    due_on = models.DateField()
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    owner_role = models.CharField(max_length=30, choices=Role, blank=True)
    outcome = models.CharField(max_length=10, choices=PreparationOutcome, blank=True)
    done_on = models.DateField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    note = models.CharField(max_length=250, blank=True)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["dose", "kind", "number"],
                condition=models.Q(error_at__isnull=True),
                name="preparation_step_once",
            ),
            models.CheckConstraint(
                condition=models.Q(outcome="", done_on__isnull=True)
                | (~models.Q(outcome="") & models.Q(done_on__isnull=False)),
                name="preparation_done_has_date",
            ),
        )
        indexes = (
            models.Index(fields=["due_on", "patient", "id"], name="preparation_open", condition=models.Q(outcome="")),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.due_on}"


@tracked
class Authorization(ClinicalRow):
    """Prior authorization of a line by whoever pays."""

    line = models.ForeignKey(TreatmentLine, on_delete=models.PROTECT, related_name="authorizations")
    status = models.CharField(max_length=10, choices=AuthorizationStatus)
    reference = models.CharField(max_length=80, blank=True)
    status_on = models.DateField(help_text="requested, approved or denied on")
    valid_until = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=250, blank=True)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["line"], condition=models.Q(error_at__isnull=True), name="authorization_one_per_line"
            ),
            models.CheckConstraint(
                condition=models.Q(valid_until__isnull=True) | models.Q(valid_until__gte=models.F("status_on")),
                name="authorization_dates_in_order",
            ),
        )

    def __str__(self) -> str:
        return self.get_status_display()
