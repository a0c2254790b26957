"""What a clinician answered to a guidance prompt."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from careteam.audit.models import tracked
from patients.record.models import ClinicalRow


@tracked
class GuidanceAnswer(ClinicalRow):
    """Acknowledged, for the board, or not applicable (with reason); kept with rule version and what it matched."""

    rule = models.CharField(max_length=6)
    rule_version = models.PositiveSmallIntegerField()
    matched = models.JSONField(default=dict, help_text="inputs with dates, as shown")
    fingerprint = models.CharField(max_length=64, help_text="same inputs, same prompt: answered once")
    answer = models.CharField(
        max_length=16,
        choices=[
            ("acknowledged", "Acknowledged"),
            ("discuss", "Discuss at board"),
            ("not_applicable", "Not applicable"),
        ],
    )
    reason = models.TextField(blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField()

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(fields=["patient", "rule", "fingerprint"], name="guidance_answered_once"),
            models.CheckConstraint(
                condition=~models.Q(answer="not_applicable") | ~models.Q(reason=""), name="guidance_na_has_reason"
            ),
        )

    def __str__(self) -> str:
        return f"{self.rule} {self.answer}"
