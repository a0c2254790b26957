"""Timeline and summary as pages: who may, what is audited, fragment and page, board marks, paper."""

from __future__ import annotations

import re
from collections import Counter
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
from patients.treatment.models import TreatmentLine
from tests import factories
from tests.factories import NOW, board
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


def test_zoom_around_a_line_is_an_address_and_a_foreign_line_draws_the_whole_course(patient: Patient) -> None:
    client = signed_in(patient)
    url = f"/patients/{patient.pk}/timeline/"
    line = patient.treatmentlines.get()
    answer = client.get(f"{url}?range=line-{line.pk}")
    assert (answer.context["drawing"].window, answer.context["around"]) == ("line", "L1")
    assert [zoom.url for zoom in answer.context["lines"] if zoom.current] == [f"{url}?range=line-{line.pk}"]
    foreign = factories.line(factories.patient(factories.team()))
    for unknown in (f"line-{foreign.pk}", "line-99999999999999999", "line-x", "line-"):
        assert client.get(f"{url}?range={unknown}").context["drawing"].window == "all"


def test_zooms_lead_back_to_the_page_that_holds_the_card(patient: Patient) -> None:
    """So that the back button and a bookmark find the zoom again, on the patient page too."""
    client = signed_in(patient)
    here, page = f"/patients/{patient.pk}/timeline/", f"/patients/{patient.pk}/"

    def addresses(current: str) -> list[tuple[str, str]]:
        headers = FRAGMENT | {"HX-Current-URL": f"http://testserver{current}"}
        zooms = client.get(f"{here}?range=12m", headers=headers).context["zooms"]
        return [(zoom.url, zoom.panel) for zoom in zooms]

    panels = [f"{here}?range=all", f"{here}?range=12m"]
    on_page = [f"{page}?range=all", f"{page}?range=12m"]
    assert addresses(f"{page}?range=all") == list(zip(on_page, panels, strict=True))
    assert addresses(here) == list(zip(panels, panels, strict=True))
    for asked, passed_on in (
        ("?range=12m", "?range=12m"), ("?range=<b>&view=<b>", ""), ("", ""), ("?view=projector", "?view=projector")
    ):  # fmt: skip
        answer = client.get(page + asked).content.decode()
        assert answer.count(f'hx-get="{here}{passed_on}"') == 1


def test_page_draws_what_its_table_says_and_nothing_entered_in_error(patient: Patient) -> None:
    factories.study(patient, status="reported", due_on=None, performed_on=date(2026, 3, 1), response="PD")
    wrong = factories.line(
        patient, agent="Wrongatinib", status="stopped", started_on=date(2025, 1, 1), ended_on=date(2025, 5, 1),
        end_reason="progression",
    )  # fmt: skip
    url = f"/patients/{patient.pk}/timeline/"
    client = signed_in(patient)

    def said() -> tuple[Counter[str], Counter[str]]:
        answer = client.get(url).content.decode()
        drawn = re.findall(r'<a href="[^"]+"[^>]*><title>([^<]+)</title>', answer)
        return Counter(drawn), Counter(re.findall(r'<td><a class="nm" href="[^"]+">([^<]+)</a></td>', answer))

    marks, rows = said()
    assert marks == rows
    assert sum("Wrongatinib" in title for title in marks) == 1
    by = factories.person(patient.team)
    TreatmentLine.objects.filter(pk=wrong.pk).update(
        status="entered_in_error", error_at=NOW, error_by=by, error_reason="twice"
    )
    marks, rows = said()
    assert marks == rows
    assert [title for title in marks if "Wrongatinib" in title] == []


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
