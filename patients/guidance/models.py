"""What a clinician answered to a guidance prompt, and which prompts were shown."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.conf import settings
from django.db import models

from careteam.audit.models import tracked
from careteam.web.words import day
from patients.guidance.rules.answers import Answer
from patients.record.models import ClinicalQuerySet, ClinicalRow


class GuidanceAnswerQuerySet(ClinicalQuerySet):
    def standing(self) -> GuidanceAnswerQuerySet:
        """Without those that were taken back."""
        return self.valid().filter(withdrawn_at__isnull=True)


@tracked
class GuidanceAnswer(ClinicalRow):
    """Acknowledged, for the board, or not applicable (with reason); kept with rule version and what it matched. An
    answer that was taken back stays, and the prompt is open again."""

    rule = models.CharField(max_length=6)
    rule_version = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=120, blank=True, help_text="of the rule, as shown")
    matched = models.JSONField(default=dict, help_text="inputs with dates, as shown")
    fingerprint = models.CharField(max_length=64, help_text="same inputs, same prompt: answered once")
    answer = models.CharField(max_length=16, choices=Answer)
    reason = models.TextField(blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField()
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar = GuidanceAnswerQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["patient", "rule", "fingerprint"],
                condition=models.Q(withdrawn_at__isnull=True, error_at__isnull=True),
                name="guidance_answered_once",
            ),
            models.CheckConstraint(
                condition=~models.Q(answer="not_applicable") | ~models.Q(reason=""), name="guidance_na_has_reason"
            ),
            models.CheckConstraint(
                condition=models.Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | models.Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="guidance_withdrawn_has_who",
            ),
        )

    def __str__(self) -> str:
        return f"{self.rule} {self.answer}"

    @property
    def inputs_words(self) -> str:
        """The inputs as they were shown: "Uptake: Krenning 1 on PET, 1 Sep 2026"."""
        rows = self.matched.get("inputs", [])
        return "; ".join(
            f"{label}: {value}" + (f", {day(date.fromisoformat(on))}" if on else "") for label, value, on in rows
        )


class GuidanceRaised(models.Model):
    """That a prompt was shown for a patient with these inputs, once; what the catalog counts. No history of its own:
    a row never changes."""

    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="guidance_raised")
    rule = models.CharField(max_length=6)
    rule_version = models.PositiveSmallIntegerField()
    fingerprint = models.CharField(max_length=64)
    raised_at = models.DateTimeField()

    objects: ClassVar = ClinicalQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["patient", "rule", "fingerprint"], name="guidance_raised_once"),)

    def __str__(self) -> str:
        return f"{self.rule} for {self.patient_id}"
