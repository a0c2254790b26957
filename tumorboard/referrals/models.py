"""A request to discuss a patient at a board."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from careteam.audit.models import tracked
from patients.imaging.models import ImagingStudy
from patients.record.models import ClinicalQuerySet, ClinicalRow, Patient, Specimen
from tumorboard.boards.models import Board
from tumorboard.referrals.rules import (
    DeferReason,
    QuestionKind,
    ReferralKind,
    ReferralStatus,
    ShownStatus,
    Urgency,
)


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
    earlier = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="later",
        help_text="what is discussed again",
    )
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged_from")
    # After the cut-off: why it cannot wait, for the chair to take it or leave it.
    late_reason = models.CharField(max_length=200, blank=True)
    late_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

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
            models.CheckConstraint(
                condition=models.Q(merged_into__isnull=True) | models.Q(status="withdrawn"),
                name="referral_merged_is_withdrawn",
            ),
        )
        indexes = (models.Index(fields=["board", "status", "submitted_at"], name="referral_queue"),)

    def __str__(self) -> str:
        return f"referral {self.pk}: {self.get_question_kind_display()}"


@tracked
class ShownMaterial(ClinicalRow):
    """A study or a specimen of the record that the board is to see; radiology or pathology is asked to put it up."""

    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="shown")
    study = models.ForeignKey(ImagingStudy, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    specimen = models.ForeignKey(Specimen, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=12, choices=ShownStatus, default=ShownStatus.ASKED)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    note = models.CharField(max_length=200, blank=True, help_text="why it cannot be shown")

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(study__isnull=False, specimen__isnull=True)
                | models.Q(study__isnull=True, specimen__isnull=False),
                name="shown_is_one_thing",
            ),
            models.UniqueConstraint(fields=["referral", "study"], name="shown_study_once"),
            models.UniqueConstraint(fields=["referral", "specimen"], name="shown_specimen_once"),
            models.CheckConstraint(
                condition=models.Q(status="asked", settled_at__isnull=True)
                | (models.Q(settled_at__isnull=False, settled_by__isnull=False) & ~models.Q(status="asked")),
                name="shown_settled_has_who_when",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="unavailable") | ~models.Q(note=""), name="shown_unavailable_has_why"
            ),
        )

    def __str__(self) -> str:
        return str(self.study or self.specimen)


class ReferralDraft(models.Model):
    """What one author has typed into a referral so far. Untracked, gone when it is submitted; nobody else reads it."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="referral_drafts")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    content = models.JSONField(default=dict)
    started_at = models.DateTimeField(db_default=Now())
    saved_at = models.DateTimeField()

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["patient", "author"], name="referral_draft_one_per_author"),)

    def __str__(self) -> str:
        return f"referral draft by {self.author_id}"
