"""What an import keeps: runs and their reports, every resource as it came, what it wrote, and open differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from careteam.access.queries import access_of
from careteam.audit.models import tracked
from careteam.people.models import Team
from careteam.people.rules import Permission
from patients.fhir.rules.report import Severity
from patients.fhir.rules.states import Decision, RecordStatus, RunStatus
from patients.record.models import Patient
from patients.record.models.base import ClinicalQuerySet

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from careteam.people.models import User


class ImportRunQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Runs of the teams in which the person may import."""
        return self.filter(team_id__in=access_of(user).teams_where(Permission.PATIENT_IMPORT))


class ImportRun(models.Model):
    """One import: who, what, how far, what came of it. ``done`` and ``total`` drive the progress bar."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    namespace = models.CharField(max_length=120, default="default", help_text="which source the ids belong to")
    is_dry = models.BooleanField(default=False, help_text="everything was rolled back")
    status = models.CharField(max_length=8, choices=RunStatus, default=RunStatus.QUEUED)
    file_names = ArrayField(models.CharField(max_length=255), default=list)
    folder = models.CharField(max_length=120, blank=True, help_text="below the private folder, while it waits")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    alive_at = models.DateTimeField(null=True, blank=True, help_text="last sign of life of who works on it")
    finished_at = models.DateTimeField(null=True, blank=True)
    phase = models.CharField(max_length=120, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    unmapped = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    patient_ids = ArrayField(models.BigIntegerField(), default=list, help_text="patients it touched")
    error = models.TextField(blank=True)

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=["team", "-id"], name="import_run_latest"),)
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(status__in=["done", "failed"]) | models.Q(finished_at__isnull=False),
                name="import_run_finished_has_time",
            ),
        )

    def __str__(self) -> str:
        return f"import {self.pk} into {self.team_id}"

    @property
    def is_over(self) -> bool:
        return self.status in {RunStatus.DONE, RunStatus.FAILED}

    @property
    def entries(self) -> int:
        """All entries that were read."""
        return self.created + self.updated + self.unchanged + self.unmapped + self.refused


class ImportLine(models.Model):
    """One line of a run's report."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="lines")
    severity = models.CharField(max_length=8, choices=Severity)
    file = models.CharField(max_length=255, blank=True)
    entry = models.PositiveIntegerField(null=True, blank=True, help_text="counts from 1 within the file")
    resource_type = models.CharField(max_length=64, blank=True)
    resource = models.CharField(max_length=300, blank=True, help_text="Type/id")
    message = models.TextField()

    class Meta:
        indexes = (models.Index(fields=["run", "severity", "id"], name="import_line_list"),)

    def __str__(self) -> str:
        return self.message


class SourceRecordQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """A record obeys the confidentiality of its patient; those without one are the importing team's."""
        access = access_of(user)
        return self.filter(models.Q(team_id__in=access.team_ids) | models.Q(patient_id__in=access.granted_patient_ids))


@tracked
class SourceRecord(models.Model):
    """One resource as it came, with the key by which it is known again (identifier, else id, else content)."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, blank=True, related_name="source_records")
    namespace = models.CharField(max_length=120)
    resource_type = models.CharField(max_length=64)
    key = models.CharField(max_length=760)
    resource_id = models.CharField(max_length=400, blank=True)
    identifier = models.CharField(max_length=520, blank=True)
    content_hash = models.CharField(max_length=64)
    status = models.CharField(max_length=9, choices=RecordStatus)
    label = models.CharField(max_length=300, blank=True)
    kept_because = models.CharField(max_length=500, blank=True)
    waiting_for = models.CharField(max_length=520, blank=True, help_text="the patient it names, not known yet")
    resource = models.JSONField()
    first_run = models.ForeignKey(ImportRun, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    last_run = models.ForeignKey(ImportRun, on_delete=models.PROTECT, null=True, related_name="records")

    objects = SourceRecordQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["team", "namespace", "resource_type", "key"], name="source_key_unique"),
        )
        indexes = (
            models.Index(fields=["team", "namespace", "resource_type", "resource_id"], name="source_by_id"),
            models.Index(fields=["team", "waiting_for"], name="source_waiting", condition=~models.Q(waiting_for="")),
            models.Index(fields=["team", "status", "id"], name="source_by_status"),
        )

    def __str__(self) -> str:
        return f"{self.resource_type} {self.key}"


@tracked
class ImportedRow(models.Model):
    """A row that an import wrote, and the values it wrote last: what differs from them was edited here."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="imported_rows")
    table = models.CharField(max_length=40, help_text="model name in lower case")
    target_id = models.BigIntegerField()
    row_key = models.CharField(max_length=900)
    record_ids = ArrayField(models.BigIntegerField(), default=list, help_text="source records it rests on")
    written = models.JSONField()

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["table", "target_id"], name="imported_row_once"),
            models.UniqueConstraint(fields=["patient", "table", "row_key"], name="imported_row_key"),
        )
        indexes = (GinIndex(fields=["record_ids"], name="imported_row_records", opclasses=["array_ops"]),)

    def __str__(self) -> str:
        return f"{self.table} {self.target_id}"


@tracked
class ReviewItem(models.Model):
    """A difference between what stands here and what the source says now. Here wins until somebody decides."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="review_items")
    run = models.ForeignKey(ImportRun, on_delete=models.PROTECT, null=True, related_name="review_items")
    imported_row = models.ForeignKey(ImportedRow, on_delete=models.PROTECT, related_name="review_items")
    field = models.CharField(max_length=60, help_text="empty: the whole row was withdrawn by the source")
    label = models.CharField(max_length=160)
    ours = models.TextField(blank=True)
    theirs = models.TextField(blank=True)
    theirs_value = models.JSONField(null=True)
    decision = models.CharField(max_length=8, choices=Decision, default=Decision.OPEN)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["imported_row", "field"], condition=models.Q(decision="open"), name="review_one_open"
            ),
            models.CheckConstraint(
                condition=models.Q(decision="open", decided_at__isnull=True)
                | (~models.Q(decision="open") & models.Q(decided_at__isnull=False)),
                name="review_decided_has_time",
            ),
        )
        indexes = (models.Index(fields=["team", "-id"], name="review_open", condition=models.Q(decision="open")),)

    def __str__(self) -> str:
        return f"{self.label} of patient {self.patient_id}"
