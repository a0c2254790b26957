"""Pages of surveillance: the worklist, its rows, the review from the opened report."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core import signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from careteam.audit.models import AuditEvent
from careteam.people.models import Absence, Team, User
from careteam.people.rules import Role
from patients.imaging.models import ContactAttempt, ImagingStudy, SurveillancePlan
from patients.imaging.queries import counts, rows_of, scope_of, sorts_of, work
from patients.imaging.rules import DEFAULT_LIMITS, lateness
from tests import factories

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def team() -> Team:
    return factories.team()


@pytest.fixture
def nurse(team: Team) -> User:
    return factories.person(team, Role.NURSE_COORDINATOR, name="Dana Whitcomb")


@pytest.fixture
def doctor(team: Team) -> User:
    return factories.person(team, Role.ONCOLOGIST)


@pytest.fixture
def today(team: Team) -> date:
    return team.local_date(timezone.now())


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def due(team: Team, today: date, days: int, **fields: Any) -> ImagingStudy:
    patient = factories.patient(team)
    interval = fields.pop("interval", 90)
    plan = factories.plan(patient, interval_days=interval, confirmed_at=fields.pop("confirmed_at", LONG_AGO))
    return factories.study(patient, plan=plan, due_on=today - timedelta(days), **fields)


def badges(html: str) -> list[str]:
    """The state badges of the rows, in order."""
    box = r'(?:<label class="ck"><input[^>]*>)?'
    return re.findall(rf'<td role="cell">{box}<span class="tag[^"]*">(?:<svg.*?</svg>)?([^<]+)</span>', html)


def test_worklist_puts_what_nobody_owns_first_then_risk(team: Team, nurse: User, today: date) -> None:
    for days, owner in ((43, nurse), (15, nurse), (0, nurse), (-10, nurse), (5, None), (-40, nurse)):
        due(team, today, days, owner=owner)
    html = signed_in(nurse).get("/imaging/").content.decode()
    assert badges(html) == ["5 days over", "43 days over", "15 days over", "Due today", "Due in 10 d"]
    assert "5 open · 1 without an owner · 1 red · 1 amber · 3 on time" in html


def test_worklist_counts_an_absent_owner_without_deputy_as_nobody(team: Team, nurse: User, today: date) -> None:
    away = factories.person(team, Role.NURSE_COORDINATOR, name="Rohan Sethi")
    Absence.objects.create(user=away, starts_on=today, ends_on=today)
    due(team, today, 0, owner=away)
    html = signed_in(nurse).get("/imaging/?owner=nobody").content.decode()
    assert badges(html) == ["Due today"]
    assert "Rohan Sethi" in html
    assert "no deputy" in html


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?tab=order", ["3 days over"]),
        ("?tab=schedule", ["2 days over"]),
        ("?tab=report", ["Report due"]),
        ("?tab=review", ["To review"]),
        ("?owner=mine", ["3 days over"]),
        ("?modality=mri", ["2 days over"]),
        ("?tab=nonsense", ["3 days over", "2 days over"]),
    ],
)
def test_worklist_filters_are_coded_in_the_url(
    team: Team, nurse: User, doctor: User, today: date, query: str, shown: list[str]
) -> None:
    due(team, today, 3, owner=nurse)
    due(team, today, 2, owner=doctor, status="ordered", modality="mri")
    factories.study(factories.patient(team), status="performed", due_on=None, performed_on=today, owner=nurse)
    factories.study(
        factories.patient(team),
        status="reported",
        due_on=None,
        performed_on=today,
        reported_at=timezone.now(),
        review_due_on=today,
        owner=nurse,
    )
    assert badges(signed_in(nurse).get(f"/imaging/{query}").content.decode())[: len(shown)] == shown


def test_stopped_tab_shows_where_imaging_is_off_and_why(team: Team, nurse: User, today: date) -> None:
    stopped = {"stopped_on": today, "stop_reason": "hospice"}
    off, on_again, died = (factories.patient(team, family_name=name) for name in ("Off", "Again", "Died"))
    for patient in (off, on_again, died, factories.patient(factories.team(), family_name="Foreign")):
        factories.plan(patient, **stopped)
    factories.plan(on_again)
    died.deceased_on = today
    died.save()
    html = signed_in(nurse).get("/imaging/?tab=stopped").content.decode()
    assert re.findall(r'<a class="nm"[^>]*>Given (\w+)</a>', html) == ["Off"]
    assert "Hospice" in html


def test_worklist_is_scoped_to_ones_teams(team: Team, nurse: User, today: date) -> None:
    due(factories.team(), today, 43)
    assert badges(signed_in(nurse).get("/imaging/").content.decode()) == []


def test_worklist_leaves_out_who_is_not_in_care(team: Team, nurse: User, today: date) -> None:
    study = due(team, today, 43)
    study.patient.deceased_on = today
    study.patient.save()
    assert badges(signed_in(nurse).get("/imaging/").content.decode()) == []


def test_worklist_notes_whose_data_it_showed(team: Team, nurse: User, today: date) -> None:
    study = due(team, today, 43)
    signed_in(nurse).get("/imaging/")
    assert AuditEvent.objects.get(action="imaging-worklist").patient_ids == [study.patient_id]


def test_worklist_needs_the_same_queries_for_one_row_and_for_three(team: Team, nurse: User, today: date) -> None:
    client = signed_in(nurse)
    found = []
    for rows in (1, 2):
        for _ in range(rows):
            due(team, today, 3, owner=nurse)
        client.get("/imaging/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/imaging/")
        found.append(len(queries))
    assert found[0] == found[1]


@pytest.mark.parametrize("interval", [10, 35, 60, 84, 90, 180])
def test_buckets_in_sql_are_those_of_the_rules(team: Team, nurse: User, today: date, interval: int) -> None:
    for days in range(-20, 60, 4):
        due(team, today, days, owner=nurse, interval=interval)
        due(team, today, days, owner=nurse, interval=interval, confirmed_at=timezone.now() - timedelta(days=18))
    scope = scope_of(team, team_ids=[team.pk], now=timezone.now())
    rows = work(scope, "act")
    for study in rows:
        late = lateness(
            due=study.due_on,
            today=today,
            interval_days=interval,
            confirmed=team.local_date(study.plan.confirmed_at),
            limits=DEFAULT_LIMITS,
        )
        assert study.bucket == {3: 1, 2: 2, 1: 3, 0: 4}[late.risk]
    by_risk = sorts_of(scope, "act")[0]
    for bucket, condition in by_risk.bands:
        assert {row.pk for row in rows.filter(condition)} == {row.pk for row in rows if row.bucket == bucket}
    figures = counts(scope)
    assert figures.act == len(rows)
    assert figures.head.startswith(f"{len(rows)} open · ")
    assert figures.red == sum(study.bucket == 1 for study in rows)
    assert figures.amber == sum(study.bucket == 2 for study in rows)


def test_take_answers_with_the_row_and_an_undo(team: Team, nurse: User, today: date) -> None:
    study = due(team, today, 43)
    url = reverse("study-take", args=[study.pk])
    answer = signed_in(nurse).post(url, {"row": "1"}, headers=HTMX)
    assert answer.status_code == 200
    assert answer.content.decode().startswith(f'<tbody id="row-{study.pk}"')
    assert f'"undo": "/imaging/studies/{study.pk}/release/0/"' in answer["HX-Trigger"]
    study.refresh_from_db()
    assert study.owner == nurse
    signed_in(nurse).post(reverse("study-release", args=[study.pk, 0]))
    study.refresh_from_db()
    assert study.owner is None


def test_order_works_without_javascript(team: Team, nurse: User, today: date) -> None:
    study = due(team, today, 3, owner=nurse)
    answer = signed_in(nurse).post(reverse("study-order", args=[study.pk]), {"row": "1"})
    assert (answer.status_code, answer["Location"]) == (303, f"/imaging/#row-{study.pk}")
    study.refresh_from_db()
    assert study.status == "ordered"


def test_a_row_closes_with_one_click_once_it_is_open(team: Team, nurse: User, today: date) -> None:
    study = due(team, today, 3, owner=nurse)
    client = signed_in(nurse)
    row = client.get(reverse("study-row", args=[study.pk]) + "?open=1", headers=HTMX).content.decode()
    assert 'name="reason" value="done_elsewhere"' in row
    client.post(reverse("study-close", args=[study.pk]), {"row": "1", "reason": "done_elsewhere"}, headers=HTMX)
    study.refresh_from_db()
    assert (study.status, study.close_reason) == ("closed", "done_elsewhere")


def test_contact_is_logged_from_the_row(team: Team, nurse: User, today: date) -> None:
    study = due(team, today, 20, owner=nurse)
    answer = signed_in(nurse).post(
        reverse("contact-log", args=[study.pk]),
        {"row": "1", "kind": "phone", "outcome": "no_answer", "note": ""},
        headers=HTMX,
    )
    assert answer.status_code == 200
    attempt = ContactAttempt.objects.get()
    assert (attempt.kind, attempt.outcome, attempt.created_by) == ("phone", "no_answer", nurse)


def test_a_form_that_was_overtaken_says_so_and_keeps_what_was_typed(team: Team, nurse: User, today: date) -> None:
    study = due(team, today, 3, owner=nurse)
    answer = signed_in(nurse).post(
        reverse("study-slot", args=[study.pk]),
        {"version": "0", "what": "no_show", "reason": "Snowed in"},
    )
    assert answer.status_code == 409
    assert "Snowed in" in answer.content.decode()


def test_schedule_refuses_with_the_message_beside_its_field(team: Team, nurse: User, today: date) -> None:
    study = due(team, today, 3, owner=nurse)
    answer = signed_in(nurse).post(
        reverse("study-schedule", args=[study.pk]), {"version": "1", "at": "2020-01-01T10:00", "place": "Site A"}
    )
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "The slot lies in the past. Record the scan as performed instead." in html
    assert "Site A" in html


def reported(team: Team, today: date) -> ImagingStudy:
    return factories.study(
        factories.patient(team),
        status="reported",
        due_on=None,
        performed_on=today,
        reported_at=timezone.now(),
        review_due_on=today,
        response="PD",
        report="New lesion in segment IV.",
    )


def test_review_happens_from_the_opened_report_by_name(team: Team, doctor: User, today: date) -> None:
    study = reported(team, today)
    client, url = signed_in(doctor), reverse("study-review", args=[study.pk])
    page = client.get(url).content.decode()
    assert "New lesion in segment IV." in page
    token = re.search(r'name="seen" value="([^"]+)"', page)
    assert token is not None
    client.post(url, {"version": "1", "seen": token[1], "response": "PD", "note": ""})
    study.refresh_from_db()
    assert (study.status, study.reviewed_by) == ("reviewed", doctor)


def test_review_is_refused_without_having_opened_the_report(team: Team, doctor: User, today: date) -> None:
    study = reported(team, today)
    url = reverse("study-review", args=[study.pk])
    other = signing.dumps([study.pk, 1, doctor.pk + 1], salt="imaging.report.seen")
    for token in ("", "made up", other):
        answer = signed_in(doctor).post(url, {"version": "1", "seen": token, "response": "PD"})
        assert answer.status_code == 422
    study.refresh_from_db()
    assert study.status == "reported"


def test_a_coordinator_who_follows_the_step_sees_the_study_and_cannot_review_it(
    team: Team, nurse: User, today: date
) -> None:
    study = reported(team, today)
    url = reverse("study-review", args=[study.pk])
    followed = signed_in(nurse).get(url)
    assert (followed.status_code, followed.headers["Location"]) == (302, reverse("study-page", args=[study.pk]))
    assert signed_in(nurse).post(url, {"version": study.version, "nothing_to_do": "on"}).status_code == 403
    study.refresh_from_db()
    assert study.status == "reported"


@pytest.mark.parametrize(
    "name",
    ["study-page", "study-row", "study-schedule", "study-slot", "study-performed", "study-close", "study-hand-over"],
)
def test_a_study_of_another_team_is_not_there(team: Team, nurse: User, today: date, name: str) -> None:
    study = due(factories.team(), today, 3)
    assert signed_in(nurse).get(reverse(name, args=[study.pk])).status_code == 404


@pytest.mark.parametrize("name", ["study-take", "study-order", "contact-log"])
def test_a_study_of_another_team_cannot_be_touched(team: Team, nurse: User, today: date, name: str) -> None:
    study = due(factories.team(), today, 3)
    assert signed_in(nurse).post(reverse(name, args=[study.pk])).status_code == 404


def test_plan_is_started_from_the_patient_page(team: Team, nurse: User, today: date) -> None:
    patient = factories.patient(team)
    factories.diagnosis(patient)
    factories.specimen(patient)
    factories.line(patient, started_on=today - timedelta(20))
    client, url = signed_in(nurse), reverse("plan-start", args=[patient.pk])
    assert "S1: stage IV G2, first year of L1 Lanreotide" in client.get(url).content.decode()
    answer = client.post(url, {"modality": "ct", "region": "liver"})
    assert (answer.status_code, answer["Location"]) == (303, f"/patients/{patient.pk}/")
    assert SurveillancePlan.objects.get().situation == "S1"
    panel = client.get(reverse("imaging-panel", args=[patient.pk]), headers=HTMX).content.decode()
    assert "Why this date: 90 days after the start of treatment" in panel


def test_plan_without_a_date_to_count_from_asks_beside_the_field(team: Team, nurse: User) -> None:
    patient = factories.patient(team)
    answer = signed_in(nurse).post(reverse("plan-start", args=[patient.pk]), {"modality": "ct", "region": ""})
    assert answer.status_code == 422
    assert "choose the day the interval starts" in answer.content.decode()


def test_panel_of_a_patient_in_hospice_says_what_goes_on(team: Team, nurse: User, today: date) -> None:
    patient = factories.patient(team)
    factories.plan(patient, stopped_on=today, stop_reason="hospice")
    html = signed_in(nurse).get(reverse("imaging-panel", args=[patient.pk])).content.decode()
    assert "Symptom care, drainage, visits and calls go on." in html


def test_rows_of_say_what_waits(team: Team, nurse: User, today: date) -> None:
    study = due(team, today, 43, owner=nurse, status="ordered", ordered_at=LONG_AGO)
    factories.diagnosis(study.patient)
    factories.specimen(study.patient, differentiation="")
    row = rows_of([study], scope_of(team, team_ids=[team.pk], now=timezone.now()))[0]
    assert (row.what, row.disease, row.due_note, row.action) == (
        "ordered 1 Jan 2025",
        "Pancreas, Unclassified",
        "red",
        "schedule",
    )
