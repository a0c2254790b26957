"""Who did or saw what, why, and the seals that prove no row was changed. Also: history of every clinical table."""

from __future__ import annotations

from typing import Any, TypeVar

import pghistory
import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from careteam.audit.registry import note_triggers
from careteam.audit.rules import Kind, row_digest

note_triggers()

ModelT = TypeVar("ModelT", bound=models.Model)


def no_truncate() -> pgtrigger.Trigger:
    """Refuses TRUNCATE, which row triggers never see. Only the test runner's connection may pass it."""
    return pgtrigger.Trigger(
        name="no_truncate",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func="""
            IF current_setting('careteam.allow_truncate', true) IS DISTINCT FROM 'on' THEN
                RAISE EXCEPTION 'TRUNCATE of % is refused: clinical rows are never dropped.', TG_TABLE_NAME;
            END IF;
            RETURN NULL;
        """,
    )


def tracked(model: type[ModelT]) -> type[ModelT]:
    """Class decorator for a clinical table: every insert, update and delete (bulk and raw SQL too) leaves a row in
    `<Model>Event`, which is append-only; TRUNCATE of either table is refused."""
    pghistory.track(
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
        append_only=True,
        meta={"triggers": [no_truncate()]},
    )(model)
    pgtrigger.register(no_truncate())(model)
    return model


class AuditSeal(models.Model):
    """One batch of audit rows, chained to the batch before. Append-only."""

    sealed_at = models.DateTimeField()
    row_ids = ArrayField(models.BigIntegerField())
    row_digests = models.BinaryField(help_text="32 bytes a row, in the order of row_ids")
    previous_digest = models.BinaryField()
    digest = models.BinaryField()

    class Meta:
        triggers = (
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            no_truncate(),
        )

    def __str__(self) -> str:
        return f"seal {self.pk} over {len(self.row_ids)} rows"


class AuditEvent(models.Model):
    """One act of one person (or of the system): a command, a read, a sign-in, an export."""

    at = models.DateTimeField()
    kind = models.CharField(max_length=8, choices=Kind)
    action = models.CharField(max_length=60, help_text="verb of the command or name of the page")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    team_id = models.BigIntegerField(null=True)
    patient_ids = ArrayField(models.BigIntegerField(), default=list)
    subject_type = models.CharField(max_length=60, blank=True)
    subject_id = models.BigIntegerField(null=True)
    reason = models.TextField(blank=True)
    details = models.JSONField(default=dict)
    digest = models.BinaryField()
    seal = models.ForeignKey(AuditSeal, on_delete=models.PROTECT, null=True, related_name="rows", db_index=False)

    class Meta:
        indexes = (
            models.Index(fields=["-at", "-id"], name="audit_at"),
            models.Index(fields=["actor", "-at"], name="audit_actor"),
            GinIndex(fields=["patient_ids"], name="audit_patients", opclasses=["array_ops"]),
            models.Index(fields=["id"], name="audit_unsealed", condition=models.Q(seal__isnull=True)),
        )
        triggers = (
            pgtrigger.Protect(name="no_delete", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="only_seal",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="""
                    IF OLD.seal_id IS NOT NULL OR NEW.seal_id IS NULL
                       OR to_jsonb(OLD) - 'seal_id' <> to_jsonb(NEW) - 'seal_id' THEN
                        RAISE EXCEPTION 'audit row % is append-only', OLD.id;
                    END IF;
                    RETURN NEW;
                """,
            ),
            no_truncate(),
        )

    def __str__(self) -> str:
        return f"{self.action} at {self.at}"

    def computed_digest(self) -> bytes:
        """What the digest must be, from the row's present content."""
        fields: dict[str, Any] = {
            name: getattr(self, name)
            for name in (
                "at",
                "kind",
                "action",
                "actor_id",
                "team_id",
                "patient_ids",
                "subject_type",
                "subject_id",
                "reason",
                "details",
            )
        }
        return row_digest(fields)
