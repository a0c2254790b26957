"""Timeline and summary as pages: who may, what is audited, fragment and page, board marks, paper."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from careteam.audit.models import AuditEvent
from careteam.people.rules import Role
from careteam.workspace.timeline import board_marks, carried
from patients.record.models import Patient
from patients.reports.rules import Carried
from tests import factories
from tests.factories import board
from tumorboard.decisions.rules import RecommendationStatus as R

pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true", "HX-Request-Type": "partial"}


def signed_in(patient: Patient, role: Role = Role.ONCOLOGIST) -> Client:
    client = Client()
    client.force_login(factories.person(patient.team, role))
    return client


@pytest.fixture
def patient() -> Patient:
    row = factories.patient(factories.team())
    factories.diagnosis(row)
    factories.line(row)
    return row


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        ([], Carried.DONE),
        ([R.IMPLEMENTED], Carried.DONE),
        ([R.IMPLEMENTED, R.SUPERSEDED], Carried.DONE),
        ([R.OPEN], Carried.OPEN),
        ([R.OPEN, R.IMPLEMENTED], Carried.PARTLY),
        ([R.PARTLY], Carried.PARTLY),
        ([R.NOT_IMPLEMENTED], Carried.DEVIATED),
        ([R.NOT_IMPLEMENTED, R.IMPLEMENTED], Carried.PARTLY),
    ],
)
def test_decision_is_drawn_as_what_became_of_it(statuses: list[R], state: Carried) -> None:
    assert carried(statuses) == state


def test_page_draws_the_course_and_names_every_mark_in_the_table(patient: Patient) -> None:
    answer = signed_in(patient).get(f"/patients/{patient.pk}/timeline/").content.decode()
    assert f'aria-labelledby="tl{patient.pk}-title"' in answer
    assert answer.count("L1: Lanreotide, since 12 Jan 2026, ongoing") == 2
    assert '<details id="timeline-table" open>' in answer


def test_fragment_is_the_panel_alone(patient: Patient) -> None:
    url = f"/patients/{patient.pk}/timeline/"
    answer = signed_in(patient).get(url, headers=FRAGMENT)
    assert answer.content.decode().lstrip().startswith('<section class="card" id="timeline-card"')
    assert 'id="timeline-table">' in answer.content.decode()
    assert "<table" not in answer.content.decode()
    table = signed_in(patient).get(url + "?part=table", headers=FRAGMENT).content.decode()
    assert table.lstrip().startswith('<div class="tw"')
    assert "L1: Lanreotide, since 12 Jan 2026, ongoing" in table


def test_range_and_view_are_codes_in_the_url(patient: Patient) -> None:
    client = signed_in(patient)
    url = f"/patients/{patient.pk}/timeline/"
    assert client.get(url + "?range=12m").context["drawing"].window == "12m"
    assert client.get(url + "?range=nonsense&view=nonsense").context["drawing"].window == "all"
    projector = client.get(url + "?view=projector")
    assert projector.context["drawing"].size.name == "projector"
    assert 'class="tl pj"' in projector.content.decode()


def test_patient_without_anything_gets_a_sentence(patient: Patient) -> None:
    nobody = factories.patient(patient.team)
    assert "Nothing to draw yet" in signed_in(patient).get(f"/patients/{nobody.pk}/timeline/").content.decode()


def test_foreign_patient_is_not_found_and_a_read_is_audited(patient: Patient) -> None:
    foreign = factories.patient(factories.team())
    client = signed_in(patient)
    for page in ("timeline", "summary"):
        assert client.get(f"/patients/{foreign.pk}/{page}/").status_code == 404
    client.get(f"/patients/{patient.pk}/timeline/")
    event = AuditEvent.objects.latest("pk")
    assert (event.kind, event.action, event.patient_ids) == ("read", "timeline-panel", [patient.pk])


def test_board_marks_are_signed_decisions_and_the_coming_meeting(now: datetime) -> None:
    room = board.Room(now)
    patient = room.patient()
    room.item(patient)
    marks = board_marks(patient.pk)
    assert [(mark.on, mark.state, mark.number) for mark in marks] == [(date(2026, 11, 26), Carried.PLANNED, "")]
    assert marks[0].title == "Listed for NET board, 26 Nov 2026"


def test_timeline_costs_the_same_for_a_long_course(patient: Patient) -> None:
    client = signed_in(patient)
    url = f"/patients/{patient.pk}/timeline/"

    def cost() -> int:
        client.get(url, headers=FRAGMENT)
        with CaptureQueriesContext(connection) as queries:
            client.get(url, headers=FRAGMENT)
        return len(queries)

    before = cost()
    for year in (2021, 2022, 2023):
        factories.line(
            patient, started_on=date(year, 1, 1), status="stopped", ended_on=date(year, 5, 1), end_reason="progression"
        )
        factories.study(patient, status="reported", due_on=None, performed_on=date(year, 4, 1), response="PD")
    assert cost() == before


def test_summary_is_audited_as_an_export(patient: Patient) -> None:
    client = signed_in(patient)
    answer = client.get(f"/patients/{patient.pk}/summary/")
    assert answer.status_code == 200
    assert f"MRN {patient.mrn}" in answer.content.decode()
    event = AuditEvent.objects.latest("pk")
    assert (event.kind, event.action, event.patient_ids) == ("export", "patient-summary", [patient.pk])


def test_summary_as_pdf_is_one_page_with_name_and_number(patient: Patient) -> None:
    answer = signed_in(patient).get(f"/patients/{patient.pk}/summary/?format=pdf")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer["Content-Disposition"].startswith(f'attachment; filename="summary-{patient.pk}-')
    assert answer.content.count(b"/Type /Page\n") + answer.content.count(b"/Type /Page ") <= 1


def test_summary_without_the_pdf_engine_says_so(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without WeasyPrint's libraries: its import fails."""
    monkeypatch.setitem(__import__("sys").modules, "weasyprint", None)
    answer = signed_in(patient).get(f"/patients/{patient.pk}/summary/?format=pdf")
    assert answer.status_code == 503
    assert "This installation makes no PDF" in answer.content.decode()


def test_signed_decision_is_numbered_and_linked(now: datetime) -> None:
    room = board.Room(now)
    patient = room.patient()
    decision = room.signed(patient=patient)
    marks = board_marks(patient.pk)
    assert [(mark.number, mark.state, mark.title, mark.url) for mark in marks] == [
        ("1", Carried.OPEN, "Board decision 1, 26 Nov 2026: open", f"/boards/decisions/{decision.pk}/")
    ]


def test_what_cannot_be_drawn_is_said(patient: Patient) -> None:
    factories.line(patient, status="active", started_on=None, source="import")
    answer = signed_in(patient).get(f"/patients/{patient.pk}/timeline/").content.decode()
    assert "1 treatment line without a date: not drawn." in answer
