"""The printout for downtime: what stands in it, when it is made, who may fetch it."""

from __future__ import annotations

import stat
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from careteam.audit.models import AuditEvent
from careteam.people.models import Team
from careteam.people.rules import Role
from careteam.workspace.downtime.commands import make_printout
from careteam.workspace.downtime.queries import folder_of, printouts_of, sheet_of
from careteam.workspace.downtime.rules import is_due, outdated
from careteam.workspace.tasks import downtime
from patients.record.models import NextStep, Patient
from patients.treatment.models import Administration
from tests import factories
from tests.factories import board

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _private(tmp_path: Path, settings: pytest.FixtureRequest) -> None:
    settings.PRIVATE_ROOT = tmp_path  # type: ignore[attr-defined]


def in_care(team: Team, family: str, now: datetime, **fields: object) -> Patient:
    """A patient with a next step, a scan that is late and a dose of this week."""
    patient = factories.patient(team, family_name=family, given_name="Ada", phone="555-0100", **fields)
    NextStep.objects.create(
        patient=patient, team=team, kind="study", source_key="study:1", what="Order CT", due_on=date(2026, 11, 20),
        opened_at=now,
    )  # fmt: skip
    factories.study(patient, due_on=date(2026, 10, 11))
    line = factories.line(patient)
    Administration.objects.create(patient=patient, line=line, number=7, status="planned", planned_on=date(2026, 11, 27))
    return patient


def test_sheet_holds_the_worklists_of_the_team_alone(now: datetime) -> None:
    team = factories.team()
    mine = in_care(team, "Adams", now)
    in_care(factories.team(), "Foreign", now)
    in_care(team, "Left", now, status="discharged")
    in_care(team, "Died", now, deceased_on=date(2026, 11, 1))
    sheet = sheet_of(team, now)
    assert sheet.patient_ids == {mine.pk}
    care, scan, dose = sheet.care[0], sheet.scans[0], sheet.doses[0]
    assert (care.who.name, care.who.phone, care.next_what, care.late) == ("Ada Adams", "555-0100", "Order CT", True)
    assert (care.next_owner, care.responsible, care.goals, care.code_status) == (
        "nobody", "nobody named", "no conversation", "not discussed",
    )  # fmt: skip
    assert (scan.due, scan.when, scan.late, scan.owner) == (date(2026, 10, 11), "43 days over", True, "nobody")
    assert (dose.what, dose.planned_on, dose.when) == ("Lanreotide, no. 7", date(2026, 11, 27), "in 4 days")


def test_sheet_holds_the_agenda_of_the_next_meeting(now: datetime) -> None:
    room = board.Room(now)
    patient = room.patient(family_name="Board", given_name="Bea")
    room.item(patient)
    sheet = sheet_of(room.team, now)
    assert [(each.name, [(c.number, c.who.name, c.question) for c in each.cases]) for each in sheet.boards] == [
        ("NET board", [(1, "Bea Board", "PRRT now?")])
    ]


def test_sheet_costs_the_same_at_one_and_three_patients(now: datetime) -> None:
    team = factories.team()
    counts = []
    for family in ("A", "B", "C"):
        in_care(team, family, now)
        with CaptureQueriesContext(connection) as queries:
            sheet_of(team, now)
        counts.append(len(queries))
    assert counts[0] == counts[2]


def test_printout_is_a_private_file_with_an_audit_row(now: datetime) -> None:
    team = factories.team()
    patient = in_care(team, "Adams", now)
    printout = make_printout(team, by=None, now=now)
    assert printout is not None
    assert printout.path == folder_of(team) / "2026-11-23.pdf"
    assert printout.path.read_bytes().startswith(b"%PDF-")
    assert stat.S_IMODE(printout.path.stat().st_mode) == 0o600
    event = AuditEvent.objects.latest("pk")
    assert (event.action, event.kind, event.patient_ids, event.team_id) == (
        "downtime.print", "export", [patient.pk], team.pk,
    )  # fmt: skip
    assert [(each.on, each.patient_ids) for each in printouts_of(team)] == [(date(2026, 11, 23), (patient.pk,))]


def test_printout_without_the_pdf_engine_is_html(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "weasyprint", None)
    team = factories.team()
    in_care(team, "Adams", now)
    printout = make_printout(team, by=None, now=now)
    assert printout is not None
    assert printout.form == "HTML"
    assert "Ada Adams" in printout.path.read_text()


def test_second_printout_of_a_day_replaces_the_first_and_fourteen_are_kept(now: datetime) -> None:
    team = factories.team()
    for days in range(15):
        make_printout(team, by=None, now=now + timedelta(days=days))
    make_printout(team, by=None, now=now + timedelta(days=14, hours=1))
    kept = printouts_of(team)
    assert [each.on for each in kept] == [date(2026, 12, 7) - timedelta(days=n) for n in range(14)]
    assert len(list(folder_of(team).iterdir())) == 28


def test_nightly_hour_is_the_teams_own() -> None:
    assert not is_due(datetime(2026, 11, 23, 1, 59, tzinfo=UTC), set())
    assert is_due(datetime(2026, 11, 23, 2, 0, tzinfo=UTC), {date(2026, 11, 22)})
    assert is_due(datetime(2026, 11, 23, 17, 0, tzinfo=UTC), set())
    assert not is_due(datetime(2026, 11, 23, 17, 0, tzinfo=UTC), {date(2026, 11, 23)})


def test_only_what_is_older_than_fourteen_printouts_is_dropped() -> None:
    days = [date(2026, 1, n) for n in range(1, 17)]
    assert outdated(days) == days[:2]
    assert outdated(days[:14]) == []


def test_task_prints_once_for_teams_with_patients_in_care(now: datetime) -> None:
    team, empty = factories.team(time_zone="UTC"), factories.team(time_zone="UTC")
    in_care(team, "Adams", now)
    downtime()
    downtime()
    local_hour = datetime.now(UTC).hour
    assert AuditEvent.objects.filter(action="downtime.print").count() == (1 if local_hour >= 2 else 0)
    assert printouts_of(empty) == ()


def test_command_writes_for_one_team_into_a_folder(now: datetime, tmp_path: Path) -> None:
    team = factories.team("north")
    in_care(team, "Adams", now)
    call_command("downtime_print", team="north", out=tmp_path / "out", stdout=(tmp_path / "said").open("w"))
    assert len(list((tmp_path / "out" / "north").glob("*.pdf"))) == 1
    with pytest.raises(CommandError, match="There are: north"):
        call_command("downtime_print", team="south")


def test_people_of_the_team_see_make_and_fetch_it(now: datetime) -> None:
    team = factories.team()
    patient = in_care(team, "Adams", now)
    client = Client()
    client.force_login(factories.person(team, Role.NURSE_COORDINATOR))
    assert "No printout yet" in client.get("/reports/downtime/").content.decode()
    assert client.post("/reports/downtime/", {"team": team.slug}).status_code == 303
    day = printouts_of(team)[0].on.isoformat()
    answer = client.get(f"/reports/downtime/{team.slug}/{day}/")
    assert b"".join(answer.streaming_content).startswith(b"%PDF-")  # type: ignore[attr-defined]
    assert answer["Content-Disposition"] == f'attachment; filename="downtime-{team.slug}-{day}.pdf"'
    event = AuditEvent.objects.latest("pk")
    assert (event.kind, event.action, event.patient_ids) == ("export", "downtime-file", [patient.pk])


def test_others_get_nothing(now: datetime) -> None:
    team = factories.team()
    in_care(team, "Adams", now)
    make_printout(team, by=None, now=now)
    stranger, auditor = Client(), Client()
    stranger.force_login(factories.person(factories.team(), Role.ONCOLOGIST))
    auditor.force_login(factories.person(team, Role.AUDITOR))
    url = f"/reports/downtime/{team.slug}/2026-11-23/"
    assert stranger.get(url).status_code == 404
    assert stranger.post("/reports/downtime/", {"team": team.slug}).status_code == 404
    assert auditor.get(url).status_code == 403
    assert stranger.get(f"/reports/downtime/{team.slug}/no-day/").status_code == 404
    assert stranger.post("/reports/downtime/").status_code == 400


def test_beat_asks_for_the_printout_every_hour() -> None:
    from careteam.celery import app

    app.loader.import_default_modules()
    assert app.conf.beat_schedule["downtime"]["task"] == downtime.name
    assert downtime.name in app.tasks
