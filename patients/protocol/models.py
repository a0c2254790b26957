"""What a team signed: a number of the catalog, possibly with another value inside its range."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from careteam.audit.models import tracked
from careteam.people.models import Team
from patients.protocol.rules import ScanChoice


@tracked
class ProtocolRevision(models.Model):
    """What a team signed together, and why. Numbered per team; what it holds are its signatures."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="protocol_revisions")
    number = models.PositiveIntegerField()
    reason = models.CharField(max_length=1000)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    signed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["team", "number"], name="protocol_revision_once"),
            models.CheckConstraint(condition=~models.Q(reason=""), name="protocol_revision_says_why"),
        )

    def __str__(self) -> str:
        return f"version {self.number}"


@tracked
class ProtocolSignature(models.Model):
    """A clinician's signature under one configured number, for one team. The latest version counts."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="protocol")
    code = models.CharField(max_length=30)
    version = models.PositiveIntegerField()
    value = models.DecimalField(max_digits=10, decimal_places=3)
    scan = models.CharField(max_length=10, choices=ScanChoice, blank=True)
    revision = models.ForeignKey(
        ProtocolRevision, on_delete=models.PROTECT, null=True, blank=True, related_name="signatures"
    )
    note = models.TextField(blank=True)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["team", "code", "version"], name="protocol_version_once"),)

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"
