"""What a team signed: a number of the catalog, possibly with another value inside its range."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from careteam.audit.models import tracked
from careteam.people.models import Team


@tracked
class ProtocolSignature(models.Model):
    """A clinician's signature under one configured number, for one team. The latest version counts."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="protocol")
    code = models.CharField(max_length=30)
    version = models.PositiveIntegerField()
    value = models.DecimalField(max_digits=10, decimal_places=3)
    note = models.TextField(blank=True)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["team", "code", "version"], name="protocol_version_once"),)

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"
