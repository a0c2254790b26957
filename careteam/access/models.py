"""Grants: who outside the owning team may see a patient, until when, why."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models

from careteam.access.rules import GrantKind


class AccessGrantQuerySet(models.QuerySet["AccessGrant"]):
    def in_force(self, now: datetime) -> AccessGrantQuerySet:
        return self.filter(starts_at__lte=now, ends_at__gt=now, revoked_at__isnull=True)


class AccessGrant(models.Model):
    """Read access of one person to one patient for a time. Writing always needs membership of the owning team."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="grants")
    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="grants")
    kind = models.CharField(max_length=16, choices=GrantKind)
    reason = models.TextField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = AccessGrantQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=["user", "ends_at"], name="grant_user"),)
        constraints = (
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="grant_dates_in_order"),
            models.CheckConstraint(condition=~models.Q(reason=""), name="grant_has_a_reason"),
            models.CheckConstraint(
                condition=models.Q(revoked_at__isnull=True, revoked_by__isnull=True)
                | models.Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="grant_revoked_by_someone",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.user}"
