"""A request to discuss a patient at a board."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from careteam.audit.models import tracked
from patients.record.models import ClinicalRow
from tumorboard.boards.models import Board
from tumorboard.referrals.rules import DeferReason, QuestionKind, ReferralKind, ReferralStatus, Urgency


@tracked
class Referral(ClinicalRow):
    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="referrals")
    status = models.CharField(max_length=10, choices=ReferralStatus, default=ReferralStatus.DRAFT)
    kind = models.CharField(max_length=12, choices=ReferralKind, default=ReferralKind.FULL)
    question_kind = models.CharField(max_length=16, choices=QuestionKind)
    question = models.TextField()
    hoped_for = models.CharField(max_length=250, blank=True)
    urgency = models.CharField(max_length=8, choices=Urgency, default=Urgency.ROUTINE)
    presenter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    consent = models.BooleanField(null=True, blank=True)
    external_referrer = models.CharField(max_length=160, blank=True)
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    submitted_at = models.DateTimeField(null=True, blank=True)
    defer_reason = models.CharField(max_length=18, choices=DeferReason, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdraw_reason = models.CharField(max_length=250, blank=True)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["patient", "board"],
                condition=models.Q(status__in=["draft", "submitted", "listed"]),
                name="referral_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["draft", "withdrawn"])
                | models.Q(submitted_by__isnull=False, submitted_at__isnull=False),
                name="referral_submitted_has_who_when",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="withdrawn")
                | (models.Q(withdrawn_at__isnull=False) & ~models.Q(withdraw_reason="")),
                name="referral_withdrawn_has_reason",
            ),
        )
        indexes = (models.Index(fields=["board", "status", "submitted_at"], name="referral_queue"),)

    def __str__(self) -> str:
        return f"referral {self.pk}: {self.get_question_kind_display()}"
