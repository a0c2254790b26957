"""A team chooses its units; every page that shows a result follows."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from careteam.audit.models import AuditEvent
from careteam.people.models import User
from careteam.people.rules import Role
from patients.guidance.queries import snapshot
from patients.record.rules import in_both, in_preferred
from patients.reports.queries import curves_of
from patients.treatment.queries.labs import lab_values
from tests import factories
from tumorboard.live.queries import _labs

pytestmark = pytest.mark.django_db


def client_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_a_lead_chooses_and_it_is_audited() -> None:
    team = factories.team()
    lead, nurse = factories.person(team, Role.TEAM_LEAD), factories.person(team, Role.NURSE_COORDINATOR)
    url = reverse("team-units")
    assert client_of(nurse).get(url).status_code == 403
    page = client_of(lead).get(url).content.decode()
    assert "9.1 g/dL" in page
    assert "91 g/L" in page
    assert client_of(lead).post(url, {"units": "furlongs"}).status_code == 422
    assert client_of(lead).post(url, {"units": "si"}).status_code == 303
    team.refresh_from_db()
    assert team.units == "si"
    assert AuditEvent.objects.get(action="access.choose_units").details == {"before": "conventional", "after": "si"}


@pytest.mark.parametrize(("system", "shown"), [("conventional", "9.1 g/dL"), ("si", "91 g/L")])
def test_results_are_shown_in_the_units_of_the_team(system: str, shown: str) -> None:
    team = factories.team(units=system)
    patient = factories.patient(team)
    row = factories.measurement(patient, "718-7", Decimal("9.1"), unit="g/dL")
    on = team.local_date(row.taken_at)
    (board,) = [lab for lab in _labs(patient) if lab.label == "Hemoglobin"]
    assert f"{board.text} {board.unit}" == shown
    both = "9.1 g/dL" if system == "conventional" else "9.1 g/dL (91 g/L)"  # beside a threshold in g/dL
    assert lab_values(patient, ["718-7"], on=on)["718-7"].words == both
    assert snapshot(patient, on).labs["718-7"].words == both
    factories.measurement(patient, "29463-7", 70, unit="kg")
    assert [curve.unit for curve in curves_of(patient)] == ["kg"]


def test_values_beside_a_threshold_say_both_units_where_they_differ() -> None:
    assert in_both("777-3", Decimal(212), "si") == in_both("777-3", Decimal(212), "conventional")
    assert in_both("2160-0", Decimal(1), "si").startswith("1 mg/dL (88")
    assert in_preferred("2160-0", Decimal(1), "mg/dL", "si")[1] == "µmol/L"
