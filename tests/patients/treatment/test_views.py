"""Pages of treatment."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from careteam.people.models import User
from careteam.people.rules import Role
from patients.record.models import Patient
from patients.treatment import commands
from patients.treatment.models import Administration, TreatmentLine
from patients.treatment.rules import LineDraft
from tests import factories

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def doctor() -> User:
    return factories.person(factories.team(), Role.ONCOLOGIST, name="Ines Okafor")


@pytest.fixture
def patient(doctor: User) -> Patient:
    return factories.patient(doctor.memberships.get().team)


@pytest.fixture
def client(doctor: User) -> Client:
    client = Client()
    client.force_login(doctor)
    return client


@pytest.fixture
def today(patient: Patient) -> date:
    return patient.team.local_date(timezone.now())


def form(today: date, **fields: Any) -> dict[str, Any]:
    values = {
        "modality": "ssa",
        "agent": "Lanreotide",
        "role": "antitumor",
        "start_reason": "first",
        "dose": "120 mg",
        "interval_days": "28",
        "mode": "begin",
        "on": today.isoformat(),
        "notes": "",
    }
    return values | fields


def test_line_is_started_from_its_form(client: Client, patient: Patient, today: date) -> None:
    answer = client.post(reverse("line-start", args=[patient.pk]), form(today))
    line = TreatmentLine.objects.get()
    step = reverse("line-goals", args=[patient.pk, line.pk])
    assert (answer.status_code, answer["Location"]) == (303, f"{step}?after=patient")
    assert client.get(answer["Location"])["Location"] == f"/patients/{patient.pk}/"  # a first line asks nothing
    assert (line.status, line.agent, line.started_on, line.interval_days) == ("active", "Lanreotide", today, 28)


def test_line_may_only_be_proposed(client: Client, patient: Patient, today: date) -> None:
    client.post(reverse("line-start", args=[patient.pk]), form(today, mode="propose"))
    assert TreatmentLine.objects.get().status == "proposed"


def test_the_form_asks_what_the_modality_needs(client: Client, patient: Patient, today: date) -> None:
    url = reverse("line-start", args=[patient.pk])
    html = client.post(url, form(today, modality="prrt", refresh="1"), headers=HTMX).content.decode()
    assert "Activity per dose" in html
    assert 'name="planned_count" value="4"' in html
    assert 'name="interval_days" value="56"' in html
    assert 'name="role"' not in html
    assert TreatmentLine.objects.count() == 0
    hospice = client.post(url, form(today, modality="hospice", refresh="1"), headers=HTMX).content.decode()
    assert 'name="agent"' not in hospice
    assert 'name="start_reason"' not in hospice


def test_the_form_without_javascript_comes_back_as_a_page(client: Client, patient: Patient, today: date) -> None:
    answer = client.post(reverse("line-start", args=[patient.pk]), form(today, modality="surgery", refresh="1"))
    assert answer.status_code == 200
    assert "What, where, how complete" in answer.content.decode()


def test_an_incomplete_form_says_what_to_do_and_keeps_what_was_typed(
    client: Client, patient: Patient, today: date
) -> None:
    answer = client.post(
        reverse("line-start", args=[patient.pk]), form(today, agent="", start_reason="", notes="typed text")
    )
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "Drug: Name the drug, regimen or procedure." in html
    assert "typed text" in html


def test_a_running_line_needs_a_decision_when_another_starts(client: Client, patient: Patient, today: date) -> None:
    running = factories.line(patient)
    url = reverse("line-start", args=[patient.pk])
    values = form(today, modality="targeted", agent="Everolimus", dose="10 mg daily", start_reason="progression")
    answer = client.post(url, values)
    assert answer.status_code == 422
    assert "Decide: does it go on, or why does it stop?" in answer.content.decode()
    client.post(url, values | {f"running_{running.pk}": "symptoms"})
    rows = TreatmentLine.objects.order_by("pk").values_list("agent", "status", "role")
    assert list(rows) == [
        ("Lanreotide", "stopped", "antitumor"),
        ("Everolimus", "active", "antitumor"),
        ("Lanreotide", "active", "symptom_control"),
    ]


@pytest.mark.parametrize(
    "bad",
    [
        {"on": "soon"},
        {"interval_days": "many"},
        {"interval_days": "0"},
        {"notes": "x" * 100_000},
        {"dose": "120 GBq"},
        {"dose": "\N{PILL} 120 mg", "interval_days": "\N{PILL}"},
        {"notes": "a\0b"},
        {"modality": "prrt", "dose": "7.4 GBq", "planned_count": "16"},
        {"modality": "trial", "trial_number": "NCT12"},
    ],
)
def test_bad_input_is_answered_beside_its_field(
    client: Client, patient: Patient, today: date, bad: dict[str, str]
) -> None:
    assert client.post(reverse("line-start", args=[patient.pk]), form(today, **bad)).status_code == 422


def test_panel_shows_lines_with_their_numbers(client: Client, patient: Patient, today: date) -> None:
    factories.line(
        patient,
        "surgery",
        agent="Resection",
        started_on=date(2020, 1, 1),
        ended_on=date(2020, 1, 1),
        status="completed",
        end_reason="completed",
    )
    factories.line(patient, needs_review=True, source="fhir")
    html = client.get(reverse("treatment-panel", args=[patient.pk]), headers=HTMX).content.decode()
    assert html.lstrip().startswith('<section class="card" id="lines"')
    assert "2 treatments, therapy line 1" in html
    assert "imported, please review" in html


def test_panel_needs_the_same_queries_for_one_line_and_for_three(client: Client, patient: Patient) -> None:
    found = []
    for rows in (1, 2):
        for _ in range(rows):
            factories.line(patient)
        client.get(reverse("treatment-panel", args=[patient.pk]), headers=HTMX)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("treatment-panel", args=[patient.pk]), headers=HTMX)
        found.append(len(queries))
    assert found[0] == found[1]


def test_line_page_tells_its_history(client: Client, patient: Patient, doctor: User, today: date) -> None:
    line = commands.begin_line(
        patient,
        LineDraft("ssa", "Lanreotide", start_reason="first", interval_days=28),
        on=today,
        by=doctor,
        now=timezone.now(),
    )
    client.post(reverse("line-hold", args=[patient.pk, line.pk]), {"version": str(line.version), "reason": "Fever"})
    html = client.get(reverse("line-page", args=[patient.pk, line.pk])).content.decode()
    assert "On hold" in html
    assert "Ines Okafor" in html


def test_correction_that_was_overtaken_shows_both_versions(client: Client, patient: Patient) -> None:
    line = factories.line(patient, dose="120 mg")
    url = reverse("line-correct", args=[patient.pk, line.pk])
    values = {
        "modality": "ssa",
        "agent": "Lanreotide",
        "role": "antitumor",
        "start_reason": "first",
        "started_on": "2026-01-12",
        "interval_days": "",
        "planned_count": "",
        "notes": "",
        "intent": "",
    }
    assert client.post(url, values | {"dose": "90 mg", "version": "1"}).status_code == 303
    answer = client.post(url, values | {"dose": "60 mg", "version": "1"})
    html = answer.content.decode()
    assert answer.status_code == 409
    assert all(word in html for word in ("120", "90", "60"))
    line.refresh_from_db()
    assert line.dose == "90 mg"
    # The answer to the conflict: this row as it was saved meanwhile.
    client.post(url, values | {"dose": "60 mg", "version": str(line.version), "take_dose": "theirs"})
    line.refresh_from_db()
    assert line.dose == "90 mg"


def test_dose_is_recorded_by_the_coordinator(patient: Patient, doctor: User, today: date) -> None:
    nurse = factories.person(patient.team, Role.NURSE_COORDINATOR)
    draft = LineDraft("ssa", "Lanreotide", start_reason="first", interval_days=28)
    commands.begin_line(patient, draft, on=today, by=doctor, now=timezone.now())
    dose = Administration.objects.get(number=1)
    client = Client()
    client.force_login(nurse)
    url = reverse("dose-record", args=[patient.pk, dose.pk])
    assert client.get(url).status_code == 200
    client.post(url, {"version": "1", "act": "give", "on": today.isoformat(), "amount": "120", "unit": "mg"})
    dose.refresh_from_db()
    assert (dose.status, dose.given_on, str(dose.dose), dose.dose_unit) == ("given", today, "120.000", "mg")


@pytest.mark.parametrize(
    "name", ["line-page", "line-correct", "line-end", "line-hold", "line-error", "line-plan", "line-begin"]
)
def test_a_line_of_another_team_is_not_there(client: Client, name: str) -> None:
    line = factories.line(factories.patient(factories.team()))
    assert client.get(reverse(name, args=[line.patient_id, line.pk])).status_code == 404


def test_starting_a_planned_procedure_shows_the_code_status_to_review(client: Client, patient: Patient) -> None:
    line = factories.line(patient, "surgery", status="planned", started_on=None)
    page = client.get(reverse("line-begin", args=[patient.pk, line.pk])).content.decode()
    assert reverse("review-panel", args=[patient.pk, line.pk]) in page


def test_a_line_under_the_wrong_patient_is_not_there(client: Client, patient: Patient) -> None:
    line = factories.line(factories.patient(patient.team))
    assert client.get(reverse("line-page", args=[patient.pk, line.pk])).status_code == 404


def test_confirming_an_import_answers_the_panel(client: Client, patient: Patient) -> None:
    line = factories.line(patient, needs_review=True, source="fhir")
    answer = client.post(reverse("line-confirm", args=[patient.pk, line.pk]), headers=HTMX)
    assert answer.status_code == 204
    assert "lineChanged" in answer["HX-Trigger"]


def test_end_form_offers_coded_reasons(client: Client, patient: Patient, today: date) -> None:
    line = factories.line(patient, started_on=today - timedelta(40))
    url = reverse("line-end", args=[patient.pk, line.pk])
    assert client.post(url, {"version": "1", "on": today.isoformat(), "reason": "boredom"}).status_code == 422
    client.post(url, {"version": "1", "on": today.isoformat(), "reason": "toxicity", "note": "Rash"})
    line.refresh_from_db()
    assert (line.status, line.end_reason, line.end_note) == ("stopped", "toxicity", "Rash")


def test_a_dose_in_the_wrong_unit_is_asked_about_with_its_conversion(
    client: Client, patient: Patient, today: date
) -> None:
    values = form(today, modality="prrt", agent="177Lu-dotatate", dose="200 GBq", planned_count="4", interval_days="56")
    html = client.post(reverse("line-start", args=[patient.pk]), values).content.decode()
    assert "200 GBq is not plausible for PRRT. Did you mean 200 mCi? That is 7.4 GBq." in html
    assert 'value="200 GBq"' in html
    client.post(reverse("line-start", args=[patient.pk]), values | {"dose": "200 mCi"})
    line = TreatmentLine.objects.get()
    assert (line.dose, line.plan) == ("7.4 GBq", {"dose_typed": "200 mCi"})


def test_an_unusual_dose_is_stored_once_it_is_confirmed(client: Client, patient: Patient, today: date) -> None:
    url, values = reverse("line-start", args=[patient.pk]), form(today, dose="240 mg")
    html = client.post(url, values).content.decode()
    assert "240 mg lies outside what is usual for Lanreotide, 60 to 180 mg." in html
    assert "The dose is meant as typed" in html
    client.post(url, values | {"dose_confirmed": "on"})
    assert TreatmentLine.objects.get().dose == "240 mg"


def test_another_agent_asks_what_it_needs_and_keeps_what_was_typed(
    client: Client, patient: Patient, today: date
) -> None:
    values = form(today, modality="embolization", agent="TARE (Y-90)", plan_target="right", refresh="agent")
    html = client.post(reverse("line-start", args=[patient.pk]), values, headers=HTMX).content.decode()
    assert "Lung shunt" in html
    assert '<option value="right" selected>' in html
    tae = client.post(reverse("line-start", args=[patient.pk]), values | {"agent": "TAE"}, headers=HTMX)
    assert "Lung shunt" not in tae.content.decode()


def test_the_plan_is_kept_corrected_and_shown(client: Client, patient: Patient, today: date) -> None:
    values = form(
        today,
        modality="surgery",
        agent="Debulking",
        dose="",
        interval_days="",
        plan_debulked="85",
        plan_residual="R2",
        site="VI, VII",
    )
    assert client.post(reverse("line-start", args=[patient.pk]), values | {"plan_residual": "R0"}).status_code == 422
    assert client.post(reverse("line-start", args=[patient.pk]), values).status_code == 303
    line = TreatmentLine.objects.get()
    assert line.plan == {"debulked": 85, "residual": "R2"}
    page = client.get(reverse("line-page", args=[patient.pk, line.pk])).content.decode()
    assert "<dt>Debulked</dt><dd>85 %</dd>" in page
    correction = {"version": str(line.version), "started_on": today.isoformat(), "ended_on": today.isoformat()}
    client.post(
        reverse("line-correct", args=[patient.pk, line.pk]),
        values | correction | {"end_reason": "completed", "plan_debulked": "90"},
    )
    line.refresh_from_db()
    assert line.plan == {"debulked": 90, "residual": "R2"}


def test_reversed_and_overlapping_dates_are_said_beside_the_field(
    client: Client, patient: Patient, today: date
) -> None:
    line = factories.line(
        patient, started_on=date(2026, 1, 12), ended_on=date(2026, 5, 1), status="stopped", end_reason="progression"
    )
    values = form(today) | {"version": "1", "ended_on": "2026-01-02", "end_reason": "progression", "intent": ""}
    html = client.post(
        reverse("line-correct", args=[patient.pk, line.pk]), values | {"started_on": "2026-01-12"}
    ).content.decode()
    assert "Ended: The end lies before the start, 12 Jan 2026." in html
    answer = client.post(reverse("line-start", args=[patient.pk]), form(today, on="2026-03-01"))
    assert answer.status_code == 422
    assert "Lanreotide ran from 12 Jan 2026 to 01 May 2026; the dates overlap." in answer.content.decode()


def test_a_reduced_dose_shows_its_level(client: Client, patient: Patient, today: date) -> None:
    line = factories.line(patient, "targeted", agent="Everolimus", dose="10 mg daily", started_on=today - timedelta(90))
    url = reverse("line-dose", args=[patient.pk, line.pk])
    values = {"version": "1", "dose": "5 g daily", "on": today.isoformat(), "reason": "toxicity", "note": "Mucositis"}
    html = client.post(url, values).content.decode()
    assert "5 g is not plausible for Everolimus. Did you mean 5 mg?" in html
    assert client.post(url, values | {"dose": "5 mg daily"}).status_code == 303
    line.refresh_from_db()
    assert (line.dose, [(level.dose, level.why) for level in line.levels]) == (
        "5 mg daily",
        [("10 mg daily", ""), ("5 mg daily", "Toxicity: Mucositis")],
    )
    panel = client.get(reverse("treatment-panel", args=[patient.pk]), headers=HTMX).content.decode()
    assert f"dose level −1 since {today.day} {today:%b %Y}" in panel
    stale = client.post(url, values | {"dose": "2.5 mg daily"})
    assert stale.status_code == 409
