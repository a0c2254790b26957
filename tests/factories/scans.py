"""Scans of one year, one a month."""

from __future__ import annotations

from datetime import UTC, date, datetime

from patients.imaging.models import ImagingStudy
from patients.record.models import Patient
from tests import factories


def scan(patient: Patient, month: int, **fields: object) -> ImagingStudy:
    values: dict[str, object] = {
        "status": "reported",
        "due_on": None,
        "performed_on": date(2026, month, 20),
        "reported_at": datetime(2026, month, 21, tzinfo=UTC),
        "conclusion": "See diameters.",
    }
    return factories.study(patient, **(values | fields))
