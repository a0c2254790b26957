"""What keeps scans and samples coming, and what the record asks for beside it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from careteam.audit.models import tracked
from patients.imaging.rules import (
    PET_TASKS,
    AnchorKind,
    PetAnswer,
    StopReason,
    StudyModality,
    is_lab,
)
from patients.record.models import ClinicalRow


@tracked
class SurveillancePlan(ClinicalRow):
    """What keeps imaging coming: situation, modality, interval in days, anchor. One running plan per modality."""

    situation = models.CharField(max_length=6, help_text="S1 … S15 of the protocol")
    modality = models.CharField(max_length=14, choices=StudyModality)
    region = models.CharField(max_length=120, blank=True)
    interval_days = models.PositiveSmallIntegerField()
    anchor_on = models.DateField()
    anchor_kind = models.CharField(max_length=10, choices=AnchorKind)
    why = models.CharField(max_length=300, help_text="why the date is what it is, in words")
    is_signed = models.BooleanField(default=True, help_text="the number behind it is signed for this team")
    is_provisional = models.BooleanField(default=False, help_text="unclassified tumor: strictest interval")
    override_reason = models.CharField(max_length=250, blank=True)
    confirmed_at = models.DateTimeField(help_text="ladder clocks start at the later of due date and this")
    line = models.ForeignKey(
        "patients.TreatmentLine", on_delete=models.PROTECT, null=True, blank=True, related_name="surveillance_plans"
    )
    stopped_on = models.DateField(null=True, blank=True)
    stop_reason = models.CharField(max_length=12, choices=StopReason, blank=True)
    ask_again_on = models.DateField(null=True, blank=True)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["patient", "modality"],
                condition=models.Q(stopped_on__isnull=True, error_at__isnull=True),
                name="plan_one_running_per_modality",
            ),
            models.CheckConstraint(condition=models.Q(interval_days__gte=1), name="plan_interval_positive"),
            models.CheckConstraint(
                condition=models.Q(stopped_on__isnull=True, stop_reason="")
                | (models.Q(stopped_on__isnull=False) & ~models.Q(stop_reason="")),
                name="plan_stopped_has_reason",
            ),
        )
        indexes = (
            # The shortest interval there is: no step of the ladder comes sooner.
            models.Index(fields=["interval_days"], name="plan_interval"),
            # The list of what was stopped, the latest first.
            models.Index(
                models.F("stopped_on").desc(nulls_last=True),
                models.F("id").desc(),
                name="plan_stopped",
                condition=models.Q(stopped_on__isnull=False, error_at__isnull=True),
            ),
        )

    @property
    def is_lab(self) -> bool:
        return is_lab(self.modality)

    def __str__(self) -> str:
        return f"{self.get_modality_display()} every {self.interval_days} days"


@tracked
class PetSuggestion(ClinicalRow):
    """A PET that the record asks for, once per event; a person orders it or says why not, nothing is ordered."""

    modality = models.CharField(max_length=14, choices=StudyModality)
    event = models.CharField(max_length=40, help_text="what happened: baseline, pd:2026-10-01, prrt:17 …")
    situation = models.CharField(max_length=6, help_text="S13 or S14 of the protocol")
    why = models.CharField(max_length=300)
    answer = models.CharField(max_length=10, choices=PetAnswer, blank=True)
    reason = models.CharField(max_length=250, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    overruled_at = models.DateTimeField(null=True, blank=True, help_text="the PET shortly before does not count")
    overruled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(fields=["patient", "modality", "event"], name="pet_once_per_event"),
            models.CheckConstraint(
                condition=models.Q(answer="", answered_at__isnull=True) | models.Q(answered_at__isnull=False),
                name="pet_answered_has_when",
            ),
            models.CheckConstraint(
                condition=~models.Q(answer="not_needed") | (models.Q(answered_by__isnull=False) & ~models.Q(reason="")),
                name="pet_refused_has_who_why",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_modality_display()}: {self.why}"

    @property
    def is_task(self) -> bool:
        """Something happened: somebody's task. What merely is so (no baseline known) waits on the patient's page."""
        return self.event.partition(":")[0] in PET_TASKS
