"""The reconciler: what it finds, what it mends, what it leaves to people; run, killed, missed, asked for twice."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from careteam.audit.models import AuditEvent
from careteam.events.commands import beat
from careteam.events.models import Heartbeat
from careteam.notifications.models import InboxItem
from careteam.people.models import Team
from careteam.people.rules import Role
from careteam.reconciler.models import ReconcilerFinding, ReconcilerRun
from careteam.reconciler.rules import KEPT, is_due, night_of
from careteam.web.paging import keyset_page
from careteam.workspace.reconciling import commands
from careteam.workspace.reconciling.commands import reconcile, reconcile_waiting
from patients.imaging.commands.base import refresh_step
from patients.imaging.models import ContactAttempt, ImagingStudy, Reminder, SurveillancePlan
from patients.imaging.queries import scope_of, sorts_of, work
from patients.record.models import Diagnosis, NextStep, Patient
from tests import factories

NOW = factories.NOW  # Monday, 10:00 in Berlin
DUE = date(2026, 11, 23)  # the day the factory's plan says


@pytest.fixture
def team() -> Team:
    return factories.team(time_zone="Europe/Berlin")


def in_order(team: Team, name: str) -> Patient:
    """A patient who has everything: plan, scan on the plan's day, its next step; due today, with its reminder."""
    patient = factories.patient(team, family_name=name)
    factories.diagnosis(patient)
    factories.specimen(patient, differentiation="well", ki67=5)
    factories.study(patient, status="acted_on", performed_on=date(2026, 8, 25), reviewed_at=NOW,
        reviewed_by=factories.person(team), due_on=None)  # fmt: skip
    plan = factories.plan(patient)
    study = factories.study(patient, plan=plan, due_on=DUE)
    refresh_step(study, now=NOW)
    Reminder.objects.create(
        patient=patient, team=team, study=study, step="due", due_on=DUE, queue="nurse_coordinator", raised_at=NOW
    )
    return patient


def found(run: ReconcilerRun) -> list[tuple[str, str, bool, bool]]:
    rows = run.findings.select_related("patient").order_by("patient__family_name", "kind")
    return [(row.patient.family_name, row.kind, row.repaired, row.for_person) for row in rows]


def test_night_begins_at_three_and_is_made_up_for() -> None:
    early, late = datetime(2026, 11, 23, 2, 59), datetime(2026, 11, 23, 3, 0)  # local wall times
    assert (night_of(early), night_of(late)) == (date(2026, 11, 22), date(2026, 11, 23))
    assert (is_due(late, {date(2026, 11, 22)}), is_due(late, {date(2026, 11, 23)})) == (True, False)
    assert is_due(early, {date(2026, 11, 20)})


@pytest.mark.django_db
def test_run_finds_nothing_where_everything_is_as_the_plan_demands(team: Team) -> None:
    in_order(team, "Fine")
    for name, reason in (("Hospice", "hospice"), ("Declined", "declined"), ("Symptoms", "symptom_led")):
        patient = factories.patient(team, family_name=name)
        factories.plan(patient, stopped_on=date(2026, 10, 1), stop_reason=reason)
    in_hospice = factories.patient(team)
    factories.line(in_hospice, modality="hospice", role="supportive")
    NextStep.objects.create(
        patient=in_hospice, team=team, kind="line", opened_at=NOW,
        source_key=f"line:{in_hospice.treatmentlines.get().pk}", what="Hospice",
    )  # fmt: skip
    factories.patient(team, status="on_hold")
    factories.patient(team, status="under_review")
    before = AuditEvent.objects.count()
    run = reconcile(team, now=NOW)
    assert (found(run), run.patients, run.repaired, run.for_person) == ([], 5, 0, 0)
    assert AuditEvent.objects.count() == before


def broken(team: Team) -> None:
    """One patient for each thing that can be wrong."""
    factories.patient(team, family_name="Noplan")
    came_back = factories.patient(team, family_name="Nobody said why")
    factories.plan(came_back, stopped_on=date(2026, 10, 1), stop_reason="transferred")

    nostudy = in_order(team, "Nostudy")
    NextStep.objects.filter(patient=nostudy).delete()
    Reminder.objects.filter(patient=nostudy).delete()
    ImagingStudy.objects.filter(patient=nostudy, status="planned").delete()

    moved = in_order(team, "Otherday")
    Reminder.objects.filter(patient=moved).delete()
    ImagingStudy.objects.filter(patient=moved, status="planned").update(due_on=date(2026, 12, 24))

    NextStep.objects.filter(patient=in_order(team, "Nostep")).delete()

    stale = in_order(team, "Stale")
    gone = factories.study(stale, status="closed", closed_at=NOW, close_reason="not_indicated")
    NextStep.objects.create(
        patient=stale, team=team, kind="study", source_key=f"study:{gone.pk}", what="Order CT", opened_at=NOW
    )

    ImagingStudy.objects.filter(patient=in_order(team, "Repeats")).outstanding().update(
        stake="nec", unanswered=2, snoozed_until=DUE
    )

    Reminder.objects.filter(patient=in_order(team, "Unreminded")).delete()

    orphan = in_order(team, "Wmessage")
    InboxItem.objects.create(
        recipient=factories.person(team), key="reminder:999999:due:2026-11-01", kind="imaging.reminder", title="Due",
        patient=orphan, url="/", raised_at=NOW,
    )  # fmt: skip


@pytest.mark.django_db
def test_run_mends_what_commands_mend_and_leaves_the_rest_to_people(team: Team) -> None:
    nurse = factories.person(team, Role.NURSE_COORDINATOR)
    broken(team)
    run = reconcile(team, now=NOW)
    assert found(run) == [
        ("Nobody said why", "no_plan", True, True),  # the question is asked again; a person answers it
        ("Noplan", "no_plan", True, True),
        ("Nostep", "no_step", True, False),
        ("Nostudy", "no_study", True, False),
        ("Otherday", "wrong_due", True, False),
        ("Repeats", "repeats", True, False),
        ("Stale", "stale_step", True, False),
        ("Unreminded", "no_reminder", True, False),
        ("Wmessage", "orphan", True, False),
    ]
    assert (run.patients, run.repaired, run.for_person) == (9, 9, 2)
    asked = NextStep.objects.filter(what="Start a surveillance plan, or say why none", closed_at=None)
    assert [step.patient.family_name for step in asked] == ["Noplan"]
    for name in ("Nostudy", "Otherday"):
        plan = SurveillancePlan.objects.get(patient__family_name=name)
        study = ImagingStudy.objects.get(plan=plan, status="planned")
        assert (name, study.due_on) == (name, plan.anchor_on + timedelta(days=plan.interval_days))
        assert NextStep.objects.filter(source_key=f"study:{study.pk}", closed_at=None, due_on=study.due_on).exists()
    assert Reminder.objects.filter(patient__family_name="Unreminded", state="open").count() == 1
    audited = AuditEvent.objects.get(action="reconciler.repair")
    assert audited.details["repaired"] == {
        "no_plan": 2, "no_step": 1, "no_study": 1, "wrong_due": 1, "stale_step": 1, "orphan": 1, "repeats": 1,
    }  # fmt: skip
    # once more: only what needs a person is left, and nothing is written again
    before = AuditEvent.objects.count()
    second = reconcile(team, now=NOW, again=True)
    assert found(second) == [("Nobody said why", "no_plan", False, True), ("Noplan", "no_plan", False, True)]
    assert AuditEvent.objects.count() == before
    client = Client()
    client.force_login(nurse)
    with time_machine.travel(NOW, tick=False):
        page = client.get("/safety/?list=night")
        rows = page.context["rows"]
        assert [(row.patient.patient.family_name, row.mend) for row, _ in rows] == [
            ("Nobody said why", "Start plan"),
            ("Noplan", "Start plan"),
        ]
        assert "10:00: 0 repaired, 2 for a person" in " ".join(page.content.decode().split())
        factories.plan(Patient.objects.get(family_name="Noplan"))
        rows = client.get("/safety/?list=night").context["rows"]
        assert [row.patient.patient.family_name for row, _ in rows] == ["Nobody said why"]


@pytest.mark.django_db
def test_after_an_upgrade_the_night_is_done_again_and_the_worklist_is_in_order(team: Team) -> None:
    late = in_order(team, "Late")
    worse = in_order(team, "Worse")
    factories.specimen(worse, differentiation="poor", ki67=60)
    studies = ImagingStudy.objects.outstanding()
    for patient, days in ((late, 10), (worse, 6)):  # ten days over, and six of an NEC
        plan = SurveillancePlan.objects.filter(patient=patient)
        plan.update(anchor_on=F("anchor_on") - days, confirmed_at=NOW - timedelta(days=200))
        studies.filter(patient=patient).update(due_on=DUE - timedelta(days))
    reconcile_waiting(now=NOW)
    called = studies.get(patient=late)
    for _ in range(2):
        ContactAttempt.objects.create(patient=late, study=called, at=NOW, kind="phone", outcome="no_answer")
    studies.update(stake="", unanswered=0)  # as the columns are made

    def order() -> list[str]:
        scope = scope_of(team, team_ids=[team.pk], now=NOW)
        page = keyset_page(work(scope, "act"), sorts=sorts_of(scope, "act"), params=QueryDict())
        return [study.patient.family_name for study in page.rows]

    assert (order(), reconcile_waiting(now=NOW)) == (["Late", "Worse"], [])
    ReconcilerRun.objects.create(team=factories.team(), on=DUE, started_at=NOW, after_id=worse.pk)  # killed
    with connection.cursor() as cursor:
        cursor.execute(
            import_module("careteam.migrations.0007_repeated").NIGHT_AGAIN.replace("current_date", "%s"), [DUE]
        )
    (run,) = reconcile_waiting(now=NOW)
    assert (run.repaired, order()) == (2, ["Worse", "Late"])
    assert studies.get(patient=late).unanswered == 2
    assert ReconcilerRun.objects.exclude(team=team).get().after_id == 0
    assert reconcile_waiting(now=NOW) == []


@pytest.mark.django_db
def test_run_costs_the_same_for_three_patients_as_for_one(team: Team) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            reconcile(team, now=NOW, again=True)
        return len(queries)

    in_order(team, "One")
    once = cost()
    in_order(team, "Two")
    in_order(team, "Three")
    assert cost() == once


@pytest.mark.django_db
def test_run_goes_on_where_it_was_killed_and_one_failure_stops_nothing(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "BATCH", 2)
    for number in range(5):
        NextStep.objects.filter(patient=in_order(team, f"P{number}")).delete()
    first = commands.next_batch
    run = ReconcilerRun.objects.create(team=team, on=DUE, started_at=NOW)
    assert first(run.pk, team, now=NOW)  # then the worker is killed
    run.refresh_from_db()
    assert (run.patients, run.repaired, run.finished_at) == (2, 2, None)
    mend = commands._mend_one

    def fails_for_one(patient: Patient, *args: Any, **options: Any) -> None:
        if patient.family_name == "P3":
            raise RuntimeError("a command that fails")
        mend(patient, *args, **options)

    monkeypatch.setattr(commands, "_mend_one", fails_for_one)
    (finished,) = reconcile_waiting(now=NOW)
    assert (finished.pk, finished.patients, finished.finished_at) == (run.pk, 5, NOW)
    left = ReconcilerFinding.objects.filter(for_person=True).values_list("patient__family_name", "kind", "repaired")
    assert (list(left), finished.repaired) == ([("P3", "no_step", False)], 4)
    assert reconcile_waiting(now=NOW + timedelta(hours=1)) == []
    assert Heartbeat.objects.get(name="reconciler").at == NOW + timedelta(hours=1)


@pytest.mark.django_db
def test_nights_are_the_teams_and_missed_ones_are_made_up_for_once(team: Team) -> None:
    far = factories.team(time_zone="Pacific/Auckland")
    for each in (team, far):
        in_order(each, "Fine")
    evening = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)  # 15:30 in Berlin, half past three tomorrow in Auckland
    assert [(run.team_id, run.on) for run in reconcile_waiting(now=evening)] == [
        (team.pk, date(2026, 11, 23)),
        (far.pk, date(2026, 11, 24)),
    ]
    assert reconcile_waiting(now=evening + timedelta(hours=10)) == []
    after_outage = evening + timedelta(days=9)
    assert len(reconcile_waiting(now=after_outage)) == 2
    assert reconcile_waiting(now=after_outage) == []
    reconcile(team, now=evening + KEPT + timedelta(days=1))
    assert ReconcilerRun.objects.filter(team=team, on=date(2026, 11, 23)).count() == 0


@pytest.mark.django_db
def test_missing_nights_show_in_readyz_and_on_every_page(team: Team) -> None:
    client = Client()
    client.force_login(factories.person(team, Role.NURSE_COORDINATOR))
    for name in ("sweep", "mail", "beat"):
        beat(name, now=NOW)

    def state(last: datetime) -> tuple[str, bool]:
        beat("reconciler", now=last)
        with time_machine.travel(NOW, tick=False):
            told = "The nightly check is missing" in client.get("/").content.decode()
            return client.get("/readyz").json()["reconciler"], told

    assert state(NOW - timedelta(hours=35)) == ("ok", False)
    assert state(NOW - timedelta(hours=37)) == ("stale", True)


@pytest.mark.django_db
def test_command_lists_what_needs_a_person(team: Team) -> None:
    missing = factories.patient(team)
    in_order(team, "Fine")

    def run(*options: str) -> tuple[Any, str]:
        out = StringIO()
        with time_machine.travel(NOW, tick=False), pytest.raises(SystemExit) as ended:
            call_command("reconcile", *options, stdout=out)
        return ended.value.code, out.getvalue()

    code, text = run("--json")
    left = [{"kind": "no_plan", "patient": missing.pk, "subject": f"plan:{missing.pk}"}]
    assert (code, json.loads(text)) == (
        1, [{"team": team.slug, "patients": 2, "repaired": 1, "for_person": 1, "left": left}],
    )  # fmt: skip
    _, text = run("--team", team.slug)
    assert text.splitlines() == [
        f"{team.slug}: 2 patients, 0 repaired, 1 for a person",
        f"  patient {missing.pk}: In care without a surveillance plan, and nobody said why (plan:{missing.pk})",
    ]


@pytest.mark.django_db
def test_labs_that_the_record_asks_for_are_somebodys_question_by_the_morning(team: Team) -> None:
    """As after an upgrade, or an import: nothing else has happened that would have asked."""
    patient = in_order(team, "Carcinoid")
    Diagnosis.objects.filter(patient=patient).update(syndrome="carcinoid")
    in_order(team, "Quiet")
    first, again = reconcile(team, now=NOW), reconcile(team, now=NOW, again=True)
    step = NextStep.objects.get(patient=patient, source_key=f"labs:{patient.pk}", closed_at=None)
    assert "5-HIAA" in step.what
    assert (step.owner_role, [run.repaired for run in (first, again)]) == ("nurse_coordinator", [1, 0])
