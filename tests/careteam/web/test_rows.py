"""Rows of several tables in one query."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db.models import OuterRef

from careteam.web.rows import Written, as_json, from_json
from patients.record.models import Measurement, Patient
from tests import factories

pytestmark = pytest.mark.django_db


def test_written_query_answers_each_key_with_its_own_rows() -> None:
    team = factories.team()
    first, second = factories.patient(team), factories.patient(team)
    factories.measurement(first, "9811-1", Decimal("88.5"))
    rows = Measurement.objects.filter(patient_id=OuterRef("pk")).order_by("pk")
    written = Written(lambda pk: Patient.objects.filter(pk=pk).values(all_results=as_json(rows)))
    (row,) = from_json(Measurement, written.of(first.pk)["all_results"])
    assert row == Measurement.objects.get()
    assert (row.value, row.taken_at) == (Decimal("88.5"), Measurement.objects.get().taken_at)
    assert written.of(second.pk) == {"all_results": []}
    with pytest.raises(LookupError):
        written.of(second.pk + 1000)
