"""A task that follows from a decision: owner, due date, outcome."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Self

from django.conf import settings
from django.db import models

from careteam.audit.models import tracked
from patients.record.models import ClinicalQuerySet, ClinicalRow
from tumorboard.actions.rules import ActionKind, ActionStatus
from tumorboard.decisions.models import Decision, Recommendation


class ActionQuerySet(ClinicalQuerySet):
    def open(self) -> Self:
        return self.filter(status=ActionStatus.OPEN)

    def overdue(self, on: date) -> Self:
        return self.open().filter(due_on__lt=on)


@tracked
class Action(ClinicalRow):
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, null=True, blank=True, related_name="actions")
    recommendation = models.ForeignKey(
        Recommendation, on_delete=models.PROTECT, null=True, blank=True, related_name="actions"
    )
    kind = models.CharField(max_length=16, choices=ActionKind, default=ActionKind.OTHER)
    what = models.CharField(max_length=200)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="actions")
    due_on = models.DateField()
    status = models.CharField(max_length=10, choices=ActionStatus, default=ActionStatus.OPEN)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    outcome = models.CharField(max_length=250, blank=True)
    closed_source = models.CharField(max_length=40, blank=True, help_text="what closed it by itself, e.g. study:17")

    objects: ClassVar = ActionQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(status="open", closed_at__isnull=True)
                | models.Q(status__in=["done", "declined", "cancelled"], closed_at__isnull=False),
                name="action_closed_has_when",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="declined") | ~models.Q(outcome=""), name="action_declined_has_reason"
            ),
        )
        indexes = (
            models.Index(fields=["owner", "due_on"], name="action_owner", condition=models.Q(status="open")),
            models.Index(fields=["closed_source"], name="action_closed_source", condition=~models.Q(closed_source="")),
        )

    def __str__(self) -> str:
        return self.what
