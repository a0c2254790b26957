"""Referrals to the palliative team."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from careteam.audit.models import tracked
from patients.palliative.rules import PalliativeReferralStatus
from patients.record.models import ClinicalRow


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
