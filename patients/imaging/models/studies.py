"""One scan or sample from plan to the act that follows from it, and what makes it wait."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from careteam.audit.models import tracked
from careteam.people.models import Team
from patients.imaging.models.plans import SurveillancePlan
from patients.imaging.rules import (
    LABS,
    NOT_YET_DONE,
    CloseReason,
    SnoozeReason,
    Stake,
    StudyModality,
    StudyStatus,
    Words,
    is_lab,
    words_of,
)
from patients.record.models import ClinicalQuerySet, ClinicalRow
from patients.record.rules import ResponseCategory


class ImagingStudyQuerySet(ClinicalQuerySet):
    def outstanding(self) -> ImagingStudyQuerySet:
        """Not yet performed and not closed."""
        return self.filter(status__in=NOT_YET_DONE)

    def due(self, on: date) -> ImagingStudyQuerySet:
        return self.outstanding().filter(due_on__lte=on)

    def scans(self) -> ImagingStudyQuerySet:
        return self.exclude(modality__in=LABS)

    def labs(self) -> ImagingStudyQuerySet:
        return self.filter(modality__in=LABS)

    def unreviewed(self) -> ImagingStudyQuerySet:
        return self.filter(status=StudyStatus.REPORTED)


@tracked
class ImagingStudy(ClinicalRow):
    """One scan from plan to the act that follows from it. Times and persons of each state stay with it."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_index=False)
    plan = models.ForeignKey(SurveillancePlan, on_delete=models.PROTECT, null=True, blank=True, related_name="studies")
    modality = models.CharField(max_length=14, choices=StudyModality)
    region = models.CharField(max_length=160, blank=True)
    status = models.CharField(max_length=10, choices=StudyStatus, default=StudyStatus.PLANNED)
    due_on = models.DateField(null=True, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="studies"
    )
    ordered_at = models.DateTimeField(null=True, blank=True)
    scheduled_for = models.DateTimeField(null=True, blank=True)
    place = models.CharField(max_length=160, blank=True)
    performed_on = models.DateField(null=True, blank=True)
    reported_at = models.DateTimeField(null=True, blank=True)
    report = models.TextField(blank=True)
    conclusion = models.TextField(blank=True)
    response = models.CharField(max_length=2, choices=ResponseCategory, blank=True)
    is_urgent = models.BooleanField(default=False, help_text="discordant or new lesion: review within 2 working days")
    review_due_on = models.DateField(null=True, blank=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    acted_on_at = models.DateTimeField(null=True, blank=True)
    acted_note = models.CharField(max_length=250, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    close_reason = models.CharField(max_length=18, choices=CloseReason, blank=True)
    accession_number = models.CharField(max_length=64, blank=True)
    pacs_url = models.CharField(max_length=250, blank=True)
    center = models.CharField(max_length=160, blank=True, help_text="where, if not here")
    images_requested_on = models.DateField(null=True, blank=True)
    images_received_on = models.DateField(null=True, blank=True)
    # Clocks that a command starts and stops; what an import brings of long ago has none and reminds nobody.
    report_due_on = models.DateField(null=True, blank=True, help_text="performed: by when the report must be here")
    decision_due_on = models.DateField(null=True, blank=True, help_text="progression: by when a decision must be made")
    amended_at = models.DateTimeField(null=True, blank=True, help_text="the source changed its report last")
    preparation = models.JSONField(default=dict, blank=True, help_text="what was asked at booking (`rules.Answers`)")
    prepared_at = models.DateTimeField(null=True, blank=True)
    prepared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    # Of a lab: what its report was made of. Ids of results, so that one that is taken back takes its report along.
    measured = ArrayField(models.BigIntegerField(), default=list, blank=True, db_default=[])
    is_quiet = models.BooleanField(default=False, db_default=False, help_text="every value within its reference range")
    early_reason = models.CharField(
        max_length=250, blank=True, db_default="", help_text="why it was asked for although a result was new"
    )
    # What the worklist is ordered and filtered by; written by the commands that change what they repeat.
    stake = models.CharField(max_length=12, choices=Stake, blank=True, help_text="what weighs more than the delay")
    snoozed_until = models.DateField(null=True, blank=True, help_text="of the running snooze")
    next_try_on = models.DateField(null=True, blank=True, help_text="of the latest contact attempt")
    unanswered = models.PositiveSmallIntegerField(default=0, help_text="attempts since somebody was reached")

    objects: ClassVar = ImagingStudyQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["plan"],
                condition=models.Q(status__in=["planned", "ordered", "scheduled"], error_at__isnull=True),
                name="study_one_outstanding_per_plan",
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["reviewed", "acted_on"])
                | models.Q(reviewed_by__isnull=False, reviewed_at__isnull=False)
                | ~models.Q(source=""),
                name="study_reviewed_has_who_when",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="closed") | (models.Q(closed_at__isnull=False) & ~models.Q(close_reason="")),
                name="study_closed_has_reason",
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["planned", "ordered", "scheduled"]) | models.Q(due_on__isnull=False),
                name="study_outstanding_has_due_date",
            ),
            models.CheckConstraint(
                condition=models.Q(prepared_at__isnull=True, prepared_by__isnull=True)
                | models.Q(prepared_at__isnull=False, prepared_by__isnull=False),
                name="study_prepared_has_who_when",
            ),
            models.CheckConstraint(
                condition=models.Q(images_received_on__isnull=True)
                | models.Q(images_requested_on__isnull=True)
                | models.Q(images_received_on__gte=models.F("images_requested_on")),
                name="study_images_received_after_request",
            ),
        )
        indexes = (
            models.Index(
                fields=["team", "due_on", "id"],
                # What the order by risk and the figures read: without the wide rows, ten times less to touch.
                include=["patient", "plan", "owner", "status", "created_at", "stake", "snoozed_until"],
                name="study_worklist",
                condition=models.Q(status__in=["planned", "ordered", "scheduled"], error_at__isnull=True),
            ),
            # One stage, one owner or none at all: what stands first is found without a look at all the others.
            *(
                models.Index(
                    fields=["team", column, "due_on", "id"],
                    name=f"study_by_{column}",
                    condition=models.Q(status__in=["planned", "ordered", "scheduled"], error_at__isnull=True),
                )
                for column in ("status", "owner")
            ),
            # The few of whom a day over counts more: a stream of their own, merged into the order by risk.
            models.Index(
                fields=["team", "due_on", "id"],
                include=["patient", "plan", "owner", "status", "created_at", "stake", "snoozed_until"],
                name="study_stakes",
                condition=models.Q(status__in=["planned", "ordered", "scheduled"], error_at__isnull=True)
                & ~models.Q(stake=""),
            ),
            models.Index(
                fields=["team", "snoozed_until", "id"],
                name="study_snoozed",
                condition=models.Q(
                    status__in=["planned", "ordered", "scheduled"], error_at__isnull=True, snoozed_until__isnull=False
                ),
            ),
            models.Index(
                fields=["team", "next_try_on", "id"],
                name="study_next_try",
                condition=models.Q(
                    status__in=["planned", "ordered", "scheduled"], error_at__isnull=True, next_try_on__isnull=False
                ),
            ),
            models.Index(
                fields=["team", "review_due_on", "id"], name="study_review", condition=models.Q(status="reported")
            ),
            models.Index(
                fields=["team", "due_on", "id"], name="study_awaits_report", condition=models.Q(status="performed")
            ),
            # The other limits that the sweep watches: few rows each, whatever the size of the table.
            models.Index(
                fields=["team", "report_due_on", "id"],
                name="study_report_limit",
                condition=models.Q(status="performed", report_due_on__isnull=False),
            ),
            models.Index(
                fields=["team", "decision_due_on", "id"],
                name="study_decision_limit",
                condition=models.Q(status="reviewed", decision_due_on__isnull=False),
            ),
            models.Index(
                fields=["team", "images_requested_on", "id"],
                name="study_images_limit",
                condition=models.Q(images_requested_on__isnull=False, images_received_on__isnull=True),
            ),
            # What an arriving report is matched by.
            models.Index(
                fields=["team", "accession_number"], name="study_accession", condition=~models.Q(accession_number="")
            ),
            models.Index(fields=["patient", "-performed_on"], name="study_latest"),
            # What a day or a week has: slots of a team.
            models.Index(fields=["team", "scheduled_for"], name="study_slots", condition=models.Q(status="scheduled")),
        )

    def __str__(self) -> str:
        return f"{self.get_modality_display()} {self.region}".strip()

    @property
    def is_lab(self) -> bool:
        return is_lab(self.modality)

    @property
    def words(self) -> Words:
        """How the acts on it are called."""
        return words_of(self.modality)


@tracked
class StudySnooze(ClinicalRow):
    """A row that waits until a day, with its reason. It hides the row only while the study is not red, and never
    silences amber, letter, red or board. One runs at a time; a new one ends the one before."""

    study = models.ForeignKey(ImagingStudy, on_delete=models.PROTECT, related_name="snoozes")
    until = models.DateField(help_text="the day the row comes back")
    reason = models.CharField(max_length=8, choices=SnoozeReason)
    note = models.CharField(max_length=250, blank=True)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["study"],
                condition=models.Q(ended_at__isnull=True, error_at__isnull=True),
                name="snooze_one_running_per_study",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, ended_by__isnull=True)
                | models.Q(ended_at__isnull=False, ended_by__isnull=False),
                name="snooze_ended_has_who",
            ),
            models.CheckConstraint(
                condition=~models.Q(reason="other") | ~models.Q(note=""), name="snooze_other_has_note"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_reason_display()} until {self.until:%d %b %Y}"
