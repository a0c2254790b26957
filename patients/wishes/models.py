"""What a patient wants and does not want, and the documents that say so; reviews before a procedure."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from careteam.audit.models import tracked
from patients.record.models import ClinicalQuerySet, ClinicalRow
from patients.wishes.rules import (
    NOT_SERVED,
    SERVED,
    CodeStatus,
    DocumentKind,
    DocumentState,
    EndReason,
    ProcedureCodeStatus,
    SaidBy,
    ScanState,
    TreatmentLimit,
    WishKind,
    label_of,
    words_of,
)

_HOLDS = models.Q(ended_on__isnull=True, error_at__isnull=True)


@tracked
class WishDocument(ClinicalRow):
    """A paper that speaks for the patient: an order, an advance directive, a health care proxy. What it says is read
    off it and entered; the scan of it is a `DocumentFile`. `signed_by` is whoever signed the paper, in words."""

    kind = models.CharField(max_length=10, choices=DocumentKind)
    title = models.CharField(max_length=120, blank=True, help_text="what it is called, when the kind does not say")
    signed_on = models.DateField(null=True, blank=True)
    signed_by = models.CharField(max_length=160, blank=True)
    valid_until = models.DateField(null=True, blank=True)
    original_at = models.CharField(max_length=200, blank=True, help_text="where the original lies")
    seen_on = models.DateField(null=True, blank=True, help_text="when somebody of the team read it")
    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    code_status = models.CharField(max_length=14, choices=CodeStatus, blank=True)
    limits = ArrayField(models.CharField(max_length=16, choices=TreatmentLimit), default=list, blank=True)
    says = models.TextField(blank=True, help_text="what else it says, in words")
    proxy = models.ForeignKey(
        "patients.PatientContact", on_delete=models.PROTECT, null=True, blank=True, related_name="wish_documents"
    )
    state = models.CharField(max_length=8, choices=DocumentState, default=DocumentState.CURRENT)
    state_on = models.DateField(null=True, blank=True)
    state_note = models.CharField(max_length=250, blank=True)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(state="current") | (models.Q(state_on__isnull=False) & ~models.Q(state_note="")),
                name="wish_document_ended_has_why",
            ),
            models.CheckConstraint(
                condition=models.Q(valid_until__isnull=True)
                | models.Q(signed_on__isnull=True)
                | models.Q(valid_until__gte=models.F("signed_on")),
                name="wish_document_ends_later",
            ),
        )

    def __str__(self) -> str:
        return self.title or str(self.get_kind_display())

    @property
    def says_limits(self) -> list[str]:
        """The limits it names, in words."""
        return [label_of(WishKind.LIMIT, code) for code in self.limits]


class WishQuerySet(ClinicalQuerySet):
    def holding(self) -> WishQuerySet:
        """Without what was ended or entered in error. What expired is still there: it is asked again, not dropped."""
        return self.filter(_HOLDS)


@tracked
class Wish(ClinicalRow):
    """One thing a patient wants or does not want: since when, until when, who said it, where it was written down.

    `code` is one of the kind's codes, `words` what was said. A newer wish of the same kind ends the older
    (`replaced_by`); treatment limits stand beside each other. `origin` says where it comes from when that is neither
    a conversation nor a document ("by phone").
    """

    kind = models.CharField(max_length=14, choices=WishKind)
    code = models.CharField(max_length=16, blank=True)
    words = models.TextField(blank=True)
    since = models.DateField(help_text="the day it was said")
    valid_until = models.DateField(null=True, blank=True)
    said_by = models.CharField(max_length=8, choices=SaidBy, default=SaidBy.PATIENT)
    conversation = models.ForeignKey(
        "patients.GoalsConversation", on_delete=models.PROTECT, null=True, blank=True, related_name="wishes"
    )
    document = models.ForeignKey(WishDocument, on_delete=models.PROTECT, null=True, blank=True, related_name="wishes")
    origin = models.CharField(max_length=120, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    recorded_at = models.DateTimeField()
    ended_on = models.DateField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    end_reason = models.CharField(max_length=12, choices=EndReason, blank=True)
    end_note = models.CharField(max_length=250, blank=True)
    replaced_by = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaces")

    objects: ClassVar = WishQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["patient", "kind"], condition=_HOLDS & ~models.Q(kind="limit"), name="wish_one_holds"
            ),
            models.UniqueConstraint(
                fields=["patient", "code"],
                condition=_HOLDS & models.Q(kind="limit") & ~models.Q(code="other"),
                name="wish_limit_once",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_on__isnull=True, end_reason="")
                | (models.Q(ended_on__isnull=False) & ~models.Q(end_reason="")),
                name="wish_ended_has_why",
            ),
            models.CheckConstraint(
                condition=models.Q(replaced_by__isnull=True) | models.Q(end_reason="replaced"),
                name="wish_replaced_is_ended",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_on__isnull=True) | models.Q(ended_on__gte=models.F("since")),
                name="wish_ends_later",
            ),
            models.CheckConstraint(condition=~models.Q(code="", words=""), name="wish_says_something"),
        )
        indexes = (models.Index(fields=["patient", "kind"], name="wish_holds", condition=_HOLDS),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.text}"

    @property
    def text(self) -> str:
        """What is wished, in words."""
        return words_of(self.kind, self.code, self.words)


@tracked
class DocumentFile(ClinicalRow):
    """The scan of a document. The bytes lie in a file with a random name outside of anything the web server serves;
    `name` is what it was called where it came from. A file that was not yet moved to its place has no row."""

    document = models.ForeignKey(WishDocument, on_delete=models.PROTECT, related_name="files")
    stored = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=160)
    size = models.PositiveIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    added_at = models.DateTimeField()
    scan = models.CharField(max_length=10, choices=ScanState, default=ScanState.UNSCANNED)
    scan_tries = models.PositiveSmallIntegerField(default=0)
    scan_after = models.DateTimeField(null=True, blank=True, help_text="not tried again before")
    scanned_at = models.DateTimeField(null=True, blank=True)
    scan_said = models.CharField(max_length=250, blank=True)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["document", "sha256"], condition=models.Q(error_at__isnull=True), name="document_file_once"
            ),
        )
        indexes = (
            models.Index(
                fields=["scan_after", "id"],
                name="document_file_to_scan",
                condition=models.Q(scan__in=["waiting", "failed"], error_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_served(self) -> bool:
        return self.scan in SERVED

    @property
    def not_served(self) -> str:
        """Why nobody gets it now, in a sentence; empty when it is handed out."""
        return NOT_SERVED.get(self.scan, "")


@tracked
class WishConflictAnswer(ClinicalRow):
    """“Both hold, because …”: an answer to a contradiction between two entries. `fingerprint` is of what both sides
    said; when one changes, it is asked again."""

    conflict = models.CharField(max_length=30)
    fingerprint = models.CharField(max_length=64)
    title = models.CharField(max_length=200, help_text="the contradiction as it was shown")
    because = models.TextField()
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    answered_at = models.DateTimeField()

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["patient", "conflict", "fingerprint"],
                condition=models.Q(error_at__isnull=True),
                name="wish_conflict_answered_once",
            ),
            models.CheckConstraint(condition=~models.Q(because=""), name="wish_conflict_says_why"),
        )

    def __str__(self) -> str:
        return self.title


@tracked
class CodeStatusReview(ClinicalRow):
    """Code status and limits, reviewed with the patient for one procedure: what holds during it. `reviewed` is the
    fingerprint of what was on record; when that changes, it is reviewed again."""

    line = models.ForeignKey("patients.TreatmentLine", on_delete=models.PROTECT, related_name="code_status_reviews")
    outcome = models.CharField(max_length=10, choices=ProcedureCodeStatus)
    words = models.TextField(blank=True)
    said_by = models.CharField(max_length=8, choices=SaidBy, default=SaidBy.PATIENT)
    reviewed_on = models.DateField()
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    reviewed = models.CharField(max_length=64)
    shown = models.CharField(max_length=250, help_text="code status and limits as they were on record")

    class Meta(ClinicalRow.Meta):
        indexes = (models.Index(fields=["line", "-reviewed_on"], name="code_status_review_latest"),)

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}, {self.reviewed_on}"
