"""The safety net: who is on which list, why, and that mending a row takes it away."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from careteam.audit.models import AuditEvent
from careteam.people.models import Team, User
from careteam.people.rules import Role
from careteam.workspace.safety.commands import put_back
from careteam.workspace.safety.queries import lists
from careteam.workspace.safety.queries.lists import asked_by, counts
from patients.imaging.commands.base import refresh_step
from patients.imaging.models import ImagingStudy
from patients.record.commands import finish_step, set_step
from patients.record.models import Encounter, NextStep, Patient
from patients.treatment.models import Administration
from tests import factories
from tumorboard.boards.models import Board
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.referrals.models import Referral

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 23)


@pytest.fixture
def team() -> Team:
    return factories.team()


@pytest.fixture
def nurse(team: Team) -> User:
    return factories.person(team, Role.NURSE_COORDINATOR, name="Dana Whitcomb")


@pytest.fixture
def client(nurse: User) -> Client:
    client = Client()
    client.force_login(nurse)
    return client


@pytest.fixture(autouse=True)
def _monday(now: datetime) -> Any:
    with time_machine.travel(now, tick=False):
        yield


def step(patient: Patient, key: str, what: str = "Call", **fields: Any) -> NextStep:
    return NextStep.objects.create(
        patient=patient, team=patient.team, kind="visit", source_key=key, what=what, opened_at=factories.NOW, **fields
    )


def case(team: Team, *, ended: datetime, status: str, meeting_status: str = "held") -> AgendaItem:
    """A case of a meeting that lasted an hour."""
    board, _ = Board.objects.get_or_create(
        team=team, name="NET board", rrule="FREQ=WEEKLY;BYDAY=TH", starts_on=TODAY, local_time=time(14)
    )
    start = ended - timedelta(hours=1)
    meeting = Meeting.objects.create(
        board=board, starts_at=start, ends_at=ended, cutoff_at=start, occurrence_on=start.date(), status=meeting_status
    )
    patient = factories.patient(team)
    step(patient, "own:board")
    referral = Referral.objects.create(
        patient=patient, board=board, status="listed", question_kind="prrt", question="PRRT?",
        submitted_at=factories.NOW, submitted_by=factories.person(team),
    )  # fmt: skip
    return AgendaItem.objects.create(
        patient=patient, meeting=meeting, referral=referral, position=10, listed_at=factories.NOW, status=status
    )


def names(client: Client, query: str) -> list[str]:
    return [row.patient.name if row.patient else row.what for row, _ in client.get(f"/safety/?{query}").context["rows"]]


def whys(client: Client, query: str) -> list[str]:
    return [row.why for row, _ in client.get(f"/safety/?{query}").context["rows"]]


def test_steps_lists_patients_in_care_whom_nothing_awaits(client: Client, team: Team) -> None:
    lone = factories.patient(team, family_name="Adams")
    step(factories.patient(team, family_name="Busy"), "own:1", owner=None)
    stale = factories.patient(team, family_name="Clark")
    closed = factories.study(stale, status="closed", closed_at=factories.NOW, close_reason="not_indicated")
    step(stale, f"study:{closed.pk}", "Order CT")
    unlisted = factories.patient(team, family_name="Dunn")
    scan = factories.study(unlisted, due_on=date(2026, 12, 1))
    for status in ("under_review", "transferred", "on_hold"):
        factories.patient(team, family_name=f"Out {status}", status=status)
    factories.patient(team, family_name="Died", deceased_on=TODAY)
    factories.patient(team, family_name="Merged", merged_into=lone)
    factories.patient(factories.team(), family_name="Foreign")
    assert names(client, "list=steps") == ["Given Adams", "Given Clark", "Given Dunn"]
    assert whys(client, "list=steps") == [
        "Never had a step here",
        "The work behind every open step is over",
        "Open, but on nobody's list",
    ]
    assert AuditEvent.objects.latest("pk").patient_ids == sorted([lone.pk, stale.pk, unlisted.pk])
    for patient in (stale, unlisted):
        assert client.post(f"/safety/patients/{patient.pk}/back/").status_code == 303
    assert names(client, "list=steps") == ["Given Adams", "Given Clark"]
    assert whys(client, "list=steps")[1] == "Last step is closed: Order CT"
    kept = NextStep.objects.get(patient=unlisted, closed_at=None)
    assert (kept.source_key, kept.due_on) == (f"study:{scan.pk}", date(2026, 12, 1))


def test_step_is_set_in_the_row_and_done_on_its_page(client: Client, team: Team, nurse: User) -> None:
    patient = factories.patient(team, family_name="Adams")
    opened = client.get(f"/safety/?list=steps&open={patient.pk}")
    ((_, form),) = opened.context["rows"]
    assert (form.initial["owner"], form.initial["due_on"]) == (nurse.pk, date(2026, 11, 30))
    path = f"/safety/patients/{patient.pk}/step/"
    refused = client.post(path, {"what": "Call the GP", "owner": nurse.pk, "due_on": "2026-11-22"})
    assert refused.status_code == 422
    assert "The day lies in the past. Choose today or later." in refused.content.decode()
    assert 'value="Call the GP"' in refused.content.decode()
    auditor = factories.person(team, Role.AUDITOR)
    assert not form.fields["owner"].queryset.filter(pk=auditor.pk).exists()
    with pytest.raises(ValidationError, match="does not work with the patient's team"):
        set_step(patient, what="Call", owner=auditor, due_on=TODAY, by=nurse, now=factories.NOW)
    stranger = factories.person(factories.team())
    assert client.post(path, {"what": "Call", "owner": stranger.pk, "due_on": "2026-11-30"}).status_code == 422
    htmx = {"HX-Request": "true", "HX-Request-Type": "partial"}
    said = {"what": "Call the GP", "owner": nurse.pk, "due_on": "2026-11-30"}
    answer = client.post(path, said, headers=htmx)
    assert (answer.status_code, '"safetyChanged"' in answer["HX-Trigger"]) == (204, True)
    assert names(client, "list=steps") == []
    set_ = NextStep.objects.get(patient=patient)
    assert (set_.what, set_.owner, set_.due_on) == ("Call the GP", nurse, date(2026, 11, 30))
    assert client.get(set_.url).status_code == 200
    done = client.post(set_.url, {"note": "GP knows"})
    assert (done.status_code, done["Location"]) == (303, path)
    set_.refresh_from_db()
    assert (set_.closed_at, set_.closed_because) == (factories.NOW, "GP knows")
    again = client.post(set_.url, {"note": ""})
    assert (again.status_code, "Somebody has finished this step already." in again.content.decode()) == (422, True)
    acts = ["record.set_step", "record.finish_step"]
    assert list(AuditEvent.objects.filter(action__in=acts).order_by("pk").values_list("action", flat=True)) == acts


def test_steps_of_other_work_are_not_finished_by_hand(team: Team, nurse: User, now: datetime) -> None:
    patient = factories.patient(team)
    with pytest.raises(ValidationError, match="closes with the work behind it"):
        finish_step(step(patient, "study:1"), note="", by=nurse, now=now)
    gone = factories.patient(team, status="discharged")
    with pytest.raises(ValidationError, match="not in your care"):
        set_step(gone, what="Call", owner=nurse, due_on=TODAY, by=nurse, now=now)


def test_put_back_writes_nothing_where_nothing_is_missing(team: Team, nurse: User, now: datetime) -> None:
    patient = factories.patient(team)
    study = factories.study(patient, due_on=TODAY)
    refresh_step(study, now=now)
    before = AuditEvent.objects.count()
    assert put_back(patient, by=nurse, now=now) == ()
    assert AuditEvent.objects.count() == before


def test_reports_lists_what_nobody_reviewed_in_time(client: Client, team: Team, nurse: User) -> None:
    doctor = factories.person(team, Role.ONCOLOGIST, name="Ines Okafor")
    late, fresh, unlimited = (factories.patient(team, family_name=name) for name in ("Late", "Fresh", "Nolimit"))
    factories.responsible(late, doctor)
    reported = {"status": "reported", "performed_on": date(2026, 11, 1)}
    factories.study(late, **reported, review_due_on=date(2026, 11, 22))
    factories.study(fresh, **reported, review_due_on=TODAY)
    factories.study(unlimited, **reported)
    factories.study(factories.patient(team, status="on_hold"), **reported, review_due_on=date(2026, 11, 1))
    page = client.get("/safety/?list=reports")
    assert [(row.patient.patient.family_name, row.whose) for row, _ in page.context["rows"]] == [
        ("Late", "Ines Okafor"),
        ("Nolimit", ""),
    ]
    assert page.context["waiting"] == 1
    assert names(client, "list=reports&owner=nobody") == ["Given Nolimit"]
    seen = Client()
    seen.force_login(doctor)
    assert names(seen, "list=reports&owner=mine") == ["Given Late"]


def test_lines_lists_what_nobody_ended_started_or_looked_after(client: Client, team: Team) -> None:
    def treated(name: str, **fields: Any) -> Any:
        return factories.line(factories.patient(team, family_name=name), **fields)

    old = date(2026, 3, 2)
    older = treated("Overlap", modality="ssa", agent="Lanreotide", started_on=old)
    factories.line(older.patient, modality="targeted", agent="Everolimus", started_on=date(2026, 10, 25))
    dose = Administration.objects.create(
        patient=older.patient, line=older, number=1, planned_on=date(2026, 12, 1), status="planned"
    )
    assert dose.planned_on > TODAY
    treated("Silent", modality="targeted", agent="Sunitinib", started_on=old)
    visited = treated("Visited", modality="targeted", started_on=old)
    Encounter.objects.create(
        patient=visited.patient, kind="visit", starts_at=datetime(2026, 10, 1, 9, tzinfo=UTC), status="fulfilled"
    )
    fresh = treated("Fresh overlap", modality="ssa", started_on=date(2026, 9, 1))
    factories.line(fresh.patient, modality="prrt", started_on=date(2026, 10, 26))
    control = treated("Symptoms", modality="ssa", role="symptom_control", started_on=date(2026, 10, 1))
    factories.line(control.patient, modality="prrt", started_on=date(2026, 10, 5))
    planned = {"status": "planned", "started_on": None}
    treated("Missed", modality="prrt", agent="Lu-177", planned_on=date(2026, 11, 15), **planned)
    treated("Soon", modality="prrt", planned_on=date(2026, 11, 16), **planned)
    rows = client.get("/safety/?list=lines&sort=name").context["rows"]
    assert [(row.patient.patient.family_name, row.why, row.mend) for row, _ in rows] == [
        ("Missed", "Was to start, and neither started nor moved within 7 days", "Start line"),
        ("Overlap", "Everolimus was started on 25 Oct: stop or continue this one?", "End line"),
        ("Silent", "Running, with no dose, visit or call for more than 120 days", "End line"),
    ]
    assert names(client, "list=lines&clinic=day&sort=name") == ["Given Overlap", "Given Silent"]
    assert names(client, "list=lines&clinic=nuclear") == []


def test_meetings_lists_what_was_not_decided_or_signed(client: Client, team: Team) -> None:
    open_case = case(team, ended=datetime(2026, 11, 18, 15, tzinfo=UTC), status="listed")
    unsigned = case(team, ended=datetime(2026, 11, 17, 15, tzinfo=UTC), status="decided")
    case(team, ended=datetime(2026, 11, 19, 15, tzinfo=UTC), status="listed")  # two working days are not over
    case(team, ended=datetime(2026, 11, 12, 15, tzinfo=UTC), status="deferred")
    case(team, ended=datetime(2026, 11, 11, 15, tzinfo=UTC), status="listed", meeting_status="cancelled")
    rows = client.get("/safety/?list=meetings").context["rows"]
    assert [(row.url, row.why) for row, _ in rows] == [
        (f"/boards/meetings/{unsigned.meeting_id}/", "1 decision not signed"),
        (f"/boards/meetings/{open_case.meeting_id}/", "1 case undecided"),
    ]


def test_lists_cost_the_same_for_one_row_and_for_three(client: Client, team: Team) -> None:
    def one_more(number: int) -> None:
        patient = factories.patient(team)
        factories.study(patient, status="planned", due_on=TODAY)
        factories.study(patient, status="reported", review_due_on=date(2026, 11, 2))
        factories.line(patient, modality="targeted", started_on=date(2026, 1, 2))
        factories.line(patient, modality="prrt", started_on=date(2026, 2, 2))
        case(team, ended=datetime(2026, 11, 2 + number, 15, tzinfo=UTC), status="listed")

    def cost(query: str) -> int:
        client.get(f"/safety/?{query}")  # what is remembered is remembered
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/safety/?{query}").status_code == 200
        return len(queries)

    lists = ("steps", "reports", "lines", "meetings")
    one_more(1)
    once = [cost(f"list={name}") for name in lists]
    one_more(2)
    one_more(3)
    assert [cost(f"list={name}") for name in lists] == once
    assert max(once) <= 32


def test_lists_of_a_large_team_are_looked_up_beforehand(
    client: Client, team: Team, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    monkeypatch.setattr(lists, "SMALL", 1)
    one, two = (
        factories.line(factories.patient(team, family_name=name), modality="targeted", started_on=date(2026, 1, 2))
        for name in ("One", "Two")
    )
    for patient in (one.patient, two.patient):
        step(patient, "study:1", "Order CT")  # a scan that is not there
    assert lists.look_anew(now) == 1
    assert names(client, "list=lines&sort=name") == names(client, "list=steps") == ["Given One", "Given Two"]
    Encounter.objects.create(patient=one.patient, kind="visit", starts_at=now, status="fulfilled")
    step(one.patient, "own:1")
    assert names(client, "list=lines") == names(client, "list=steps") == ["Given Two"]
    third = factories.line(factories.patient(team, family_name="Xu"), modality="targeted", started_on=date(2026, 1, 2))
    assert names(client, "list=lines") == ["Given Two"]  # not looked at yet
    lists.look_anew(now)
    assert names(client, "list=lines&sort=name") == ["Given Two", third.patient.name]


def test_workspace_of_coordinators_names_the_lists_that_are_not_empty(client: Client, team: Team, nurse: User) -> None:
    factories.study(factories.patient(team), status="reported", review_due_on=date(2026, 11, 2))
    page = client.get("/")
    assert page.context["gaps"] == [("reports", "Reports without review", "1")]
    other = Client()
    other.force_login(factories.person(team, Role.DIETITIAN))
    assert other.get("/").context["gaps"] == ()
    ImagingStudy.objects.update(status="planned", due_on=TODAY)
    assert counts(asked_by(nurse, factories.NOW))["reports"] == 0
