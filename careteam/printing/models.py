"""The columns of a printout; the slice whose document it is adds the document and the table."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from careteam.printing.rules import PrintState


class Printout(models.Model):
    """A PDF that a worker makes. A work list, not a record: no history."""

    state = models.CharField(max_length=8, choices=PrintState, default=PrintState.WAITING)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    asked_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True, blank=True)
    done = models.PositiveIntegerField(default=0, help_text="parts laid out")
    total = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)
    pdf = models.BinaryField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def is_under_way(self) -> bool:
        return self.state in {PrintState.WAITING, PrintState.RUNNING}

    @property
    def is_made(self) -> bool:
        return self.state == PrintState.MADE
