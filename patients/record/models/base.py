"""What every clinical row shares."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from careteam.access.queries import access_of
from careteam.web.versions import StaleEdit
from patients.record.rules import EnrollmentStatus

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from careteam.people.models import User


def visible_patients(user: User | AnonymousUser, prefix: str = "") -> models.Q:
    """Patients of the person's teams and those granted to them; `prefix` is the path to the patient row."""
    access = access_of(user)
    owned = models.Q(**{f"{prefix}team_id__in": access.team_ids})
    if not access.granted_patient_ids:
        return owned
    granted = models.Q(**{f"{prefix.removesuffix('__') + '_id' if prefix else 'pk'}__in": access.granted_patient_ids})
    return owned | granted


# `in_care` where a sweep writes its own SQL; `p` is the patient.
IN_CARE_SQL = "p.enrollment_status = 'active' AND p.deceased_on IS NULL AND p.merged_into_id IS NULL"


def in_care(prefix: str = "patient__") -> models.Q:
    """Enrolled as active, alive and not merged into another record: what lists, plans, ladders, the safety net and
    figures count. `prefix` is the path to the patient row."""
    return models.Q(
        **{
            f"{prefix}enrollment_status": EnrollmentStatus.ACTIVE,
            f"{prefix}deceased_on__isnull": True,
            f"{prefix}merged_into__isnull": True,
        }
    )


def among(ids: Iterable[int]) -> RawSQL:
    """For `patient_id__in`: thousands of ids as one parameter instead of thousands."""
    return RawSQL("SELECT unnest(%s::bigint[])", ([*ids],))  # a constant statement


class ClinicalQuerySet(models.QuerySet[Any]):
    """For rows with a `patient`."""

    def lock(self, pk: int, *, version: int | None = None) -> Any:
        """The row, locked until the transaction ends. Raises `StaleEdit` when `version` (that of the opened form) is
        no longer the row's."""
        row = self.select_for_update(of=("self",)).get(pk=pk)
        if version is not None and row.version != version:
            raise StaleEdit(row)
        return row

    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(visible_patients(user, "patient__"))

    def valid(self) -> Self:
        """Without rows that were entered in error."""
        return self.filter(error_at__isnull=True)


class ClinicalRow(models.Model):
    """A row of somebody's record: superseded or entered in error with a reason, never deleted.

    `version` rises with every save through a command and guards against stale edits. `source` says where the row came
    from ("" = entered here, else an import).
    """

    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="%(class)ss")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    source = models.CharField(max_length=20, blank=True)
    error_at = models.DateTimeField(null=True, blank=True)
    error_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    error_reason = models.TextField(blank=True)

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints: ClassVar[tuple[models.BaseConstraint, ...]] = (
            models.CheckConstraint(
                condition=models.Q(error_at__isnull=True, error_by__isnull=True)
                | (models.Q(error_at__isnull=False, error_by__isnull=False) & ~models.Q(error_reason="")),
                name="%(app_label)s_%(class)s_error_has_who_why",
            ),
        )

    def save_version(self, *fields: str) -> None:
        """Saves the named fields (all, when none is named) and raises the version by one. Only commands call it."""
        self.version += 1
        self.save(update_fields=[*fields, "version"] if fields else None)
