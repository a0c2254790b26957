"""Exports: a bundle per patient, each an audited act."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.audit.rules import Kind
from patients.fhir.policies import why_not_export
from patients.fhir.queries import export_of
from patients.fhir.rules.export import build
from patients.fhir.rules.report import JsonObject
from patients.record.models import Patient

if TYPE_CHECKING:
    from careteam.people.models import User


Contributor = Callable[[Patient, datetime], list[JsonObject]]
_contributors: dict[str, Contributor] = {}


def adds_to_export(fn: Contributor) -> Contributor:
    """Registers what a slice above holds about a patient: `fn(patient, now)` gives resources that refer to those of
    the export by their ids (`rules.export.resource_id`)."""
    _contributors[f"{fn.__module__}.{fn.__name__}"] = fn
    return fn


def export_bundle(patient: Patient, *, by: User | None, now: datetime) -> JsonObject:
    """What we hold about the patient as one mCODE-shaped bundle. `by=None` is an operator at the command line.
    Raises ValidationError."""
    insist(why_not_export(patient.team_id, by) if by is not None else [])
    more = [resource for _, fn in sorted(_contributors.items()) for resource in fn(patient, now)]
    bundle = build(export_of(patient), now=now, more=more)
    record(
        "fhir.export_bundle",
        by=by,
        now=now,
        subject=patient,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        kind=Kind.EXPORT,
        details={"resources": len(bundle["entry"])},
    )
    return bundle


def export_bundles(
    patients: QuerySet[Patient], *, by: User | None, now: datetime
) -> Iterator[tuple[Patient, JsonObject]]:
    """Bundle by bundle, in order of the patients' ids; memory for one at a time."""
    for patient in patients.order_by("pk").iterator(chunk_size=200):
        yield patient, export_bundle(patient, by=by, now=now)
