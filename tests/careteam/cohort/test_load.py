"""The loader: every constraint holds, keys agree, it goes on where it stopped, and only in a demo."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef
from django.test import Client
from django.urls import reverse

from careteam.audit.models import AuditEvent
from careteam.cohort.cast import CAST, DEMO_PASSWORD, NotADemo, create_teams
from careteam.cohort.histories import HAZARDS
from careteam.cohort.histories.person import identifier_system
from careteam.cohort.load.cohort import load_cohort
from careteam.cohort.load.tables import HISTORY, TABLES
from careteam.people.models import Team, User
from careteam.people.rules import Role
from patients.goals.commands.reviews import review_prompts
from patients.goals.models import GoalsPrompt, GoalsPromptReason, LineGoals, SurpriseQuestion, TalkWish
from patients.goals.queries import facts_of, limits
from patients.goals.rules import StepChoice, Voice, reasons_now
from patients.imaging.commands import sweep
from patients.imaging.models import Reminder
from patients.imaging.rules import clock_start, highest_step
from patients.protocol.rules import NUMBERS
from patients.record.models import Enrollment, NextStep, Patient, PatientIdentifier
from patients.record.rules import search_key, sort_key
from patients.wishes.models import DocumentFile
from tests.factories import patient, team
from tumorboard.decisions.commands.goals import talk_again
from tumorboard.decisions.models import Decision
from tumorboard.decisions.rules import Option, labels_of
from tumorboard.goalcheck.queries import check_of
from tumorboard.meetings.models import AgendaItem, Meeting

pytestmark = pytest.mark.django_db


@pytest.fixture
def net(now: datetime) -> Team:
    return create_teams(now=now)[0]


def run(command: str, *args: str, **options: Any) -> str:
    out = StringIO()
    call_command(command, *args, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def star(hazard: str) -> Patient:
    """The directed patient, in a cohort that begins with an empty table."""
    return Patient.objects.filter(team__slug="net").order_by("pk")[HAZARDS[hazard]]


# --- teams and sign-ins -----------------------------------------------------------------------------------------------


def test_create_teams_makes_everybody_able_to_sign_in(net: Team) -> None:
    assert list(Team.objects.order_by("pk").values_list("slug", "is_demo")) == [("net", True), ("north", True)]
    assert User.objects.count() == sum(len(cast) for cast in CAST.values())
    assert User.objects.get(email="dana.whitcomb@net.example.org").check_password(DEMO_PASSWORD)
    assert net.protocol.count() == len(NUMBERS)


def test_create_teams_refuses_where_people_are(now: datetime) -> None:
    team()
    with pytest.raises(NotADemo):
        create_teams(now=now)


def test_demo_signins_names_one_of_each_role_in_both_teams(net: Team) -> None:
    found = json.loads(run("demo_signins", "--json"))
    assert [(one["team"], one["role"]) for one in found] == [
        *[("net", str(role)) for role in Role],
        *[("north", str(role)) for role in Role],
    ]
    assert {one["password"] for one in found} == {DEMO_PASSWORD}


def test_demo_signins_refuses_outside_a_demo() -> None:
    team()
    with pytest.raises(CommandError, match="no demo database"):
        run("demo_signins")


def test_create_demo_refuses_among_real_teams() -> None:
    team()
    with pytest.raises(CommandError, match="no demo database"):
        run("create_demo")
    assert Patient.objects.count() == 0


def test_create_demo_fills_both_teams_and_keeps_one_paper(tmp_path: Path, settings: Any, client: Client) -> None:
    settings.PRIVATE_ROOT = tmp_path
    run("create_demo", "--patients", "30")
    assert Patient.objects.filter(team__slug="net").count() == 30
    assert Patient.objects.filter(team__slug="north").count() == 20
    paper = DocumentFile.objects.get()
    client.force_login(User.objects.get(email="lena.brandt@net.example.org"))
    answer = client.get(reverse("wish-file", args=[paper.patient_id, paper.pk]))
    assert answer["Content-Disposition"].startswith("attachment")
    assert hashlib.sha256(b"".join(answer.streaming_content)).hexdigest() == paper.sha256


def test_seed_cohort_makes_the_demo_teams_in_an_empty_database() -> None:
    run("seed_cohort", "--team", "net", "--patients", "3", "--seed", "7")
    assert Patient.objects.filter(team__slug="net").count() == 3


def test_seed_cohort_refuses_outside_a_demo() -> None:
    team("real")
    with pytest.raises(CommandError, match="no demo database"):
        run("seed_cohort", "--team", "real")


def test_seed_cohort_names_the_teams_there_are(net: Team) -> None:
    with pytest.raises(CommandError, match="There are: net, north"):
        run("seed_cohort", "--team", "south")


# --- rows -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_three_hundred_patients_hold_every_constraint(net: Team, now: datetime, seed: int) -> None:
    loaded = load_cohort(net, patients=300, seed=seed, now=now)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert (loaded.made, Patient.objects.count()) == (300, 300)
    for row in Patient.objects.prefetch_related("identifiers", "enrollments"):
        numbers = [identifier.value for identifier in row.identifiers.all()]
        (current,) = [e for e in row.enrollments.all() if e.ended_on is None]
        assert row.sort_key == sort_key(row.family_name, row.given_name)
        assert row.search_key == search_key(row.family_name, row.given_name, numbers, row.birth_date)
        assert row.enrollment_status == current.status
    closed = NextStep.objects.filter(closed_at__isnull=True, patient__deceased_on__isnull=False)
    assert list(closed) == []
    assert [table for table, model in TABLES.items() if not model._default_manager.exists()] == []


def test_history_holds_every_row_as_the_triggers_would(net: Team, now: datetime) -> None:
    load_cohort(net, patients=30, seed=1, now=now)
    for table, event in HISTORY.items():
        model = TABLES[table]
        rows = list(model._default_manager.order_by("pk").values())
        kept = list(event._default_manager.order_by("pgh_obj_id").values())
        own = [{key: value for key, value in row.items() if not key.startswith("pgh_")} for row in kept]
        assert own == rows
        assert {row["pgh_label"] for row in kept} <= {"insert"}


def test_triggers_work_again_after_a_load(net: Team, now: datetime) -> None:
    load_cohort(net, patients=2, seed=1, now=now)
    row = Patient.objects.order_by("pk")[0]
    Patient.objects.filter(pk=row.pk).update(phone="1")
    assert list(HISTORY["patient"]._default_manager.filter(pgh_obj_id=row.pk).values_list("pgh_label", flat=True)) == [
        "insert",
        "update",
    ]


def test_keys_go_on_after_a_load(net: Team, now: datetime) -> None:
    load_cohort(net, patients=5, seed=1, now=now)
    highest = Patient.objects.order_by("-pk")[0].pk
    assert patient(net).pk == highest + 1


def test_load_goes_on_after_those_that_are_there(net: Team, now: datetime) -> None:
    load_cohort(net, patients=4, seed=1, now=now)
    again = load_cohort(net, patients=6, seed=1, now=now)
    numbers = PatientIdentifier.objects.filter(system=identifier_system(1)).values_list("value", flat=True)
    assert (again.before, again.made, len(set(numbers))) == (4, 2, 6)
    assert load_cohort(net, patients=6, seed=1, now=now).made == 0


def test_same_seed_gives_the_same_patients_in_one_go_or_two(now: datetime) -> None:
    def names(*steps: int) -> list[tuple[str, str]]:
        with transaction.atomic():
            net = create_teams(now=now)[0]
            for step in steps:
                load_cohort(net, patients=step, seed=9, now=now)
            found = list(Patient.objects.order_by("pk").values_list("mrn", "search_key"))
            transaction.set_rollback(True)
        return found

    assert names(3, 8) == names(8)


def test_large_load_writes_no_history_and_says_so(net: Team, now: datetime) -> None:
    loaded = load_cohort(net, patients=3, seed=1, now=now, with_history_up_to=2)
    assert (loaded.made, loaded.with_history, HISTORY["patient"]._default_manager.count()) == (3, False, 0)
    event = AuditEvent.objects.get(action="cohort.seed")
    assert event.reason == "First load: no history written"
    assert event.details == {"seed": 1, "first": 0, "patients": 3, "history": False}


def test_load_refuses_outside_a_demo(now: datetime) -> None:
    real = team("real")
    with pytest.raises(NotADemo):
        load_cohort(real, patients=1, seed=1, now=now)


def test_load_refuses_more_than_a_million(net: Team, now: datetime) -> None:
    with pytest.raises(ValueError, match="0 to 1,000,000"):
        load_cohort(net, patients=1_000_001, seed=1, now=now)


# --- what the slices make of it ---------------------------------------------------------------------------------------


def test_goals_find_nothing_that_was_not_asked(net: Team, now: datetime) -> None:
    """The prompts of the cohort are those that the rules raise: the first sweep has nothing to add."""
    load_cohort(net, patients=120, seed=1, now=now)
    today, rules = net.local_date(now), limits(net.pk)
    asked = set(GoalsPromptReason.objects.values_list("prompt__patient_id", "reason", "source_key"))
    missed = [
        (row.pk, reason)
        for row in Patient.objects.in_care().select_related("team")
        for reason in reasons_now(facts_of(row, today), rules, today)
        if (row.pk, str(reason.reason), reason.source_key) not in asked
    ]
    assert missed == []
    kept = said_about_goals()
    assert {row["choice"] for row in kept["LineGoals"]} == set(StepChoice)
    assert {row["answer"] for row in kept["SurpriseQuestion"]} >= {"yes", "no"}
    assert {row["voice"] for row in kept["TalkWish"]} == set(Voice)
    assert review_prompts(now=now) == 0
    assert said_about_goals() == kept


def said_about_goals() -> dict[str, list[dict[str, Any]]]:
    tables = (GoalsPrompt, GoalsPromptReason, LineGoals, SurpriseQuestion, TalkWish)
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in tables}


def test_a_decision_against_the_goals_is_what_the_check_and_the_signature_make_of_it(net: Team, now: datetime) -> None:
    load_cohort(net, patients=len(HAZARDS), seed=1, now=now)
    ingrid = star("no_prior_therapy")
    decision = Decision.objects.get(patient=ingrid)
    held = check_of(
        ingrid.pk, labels_of([Option.CHEMOTHERAPY]), team_id=net.pk, today=net.local_date(decision.signed_at)
    )
    assert held is not None
    assert (held.kept, str(held.verdict)) == (decision.goal_check, "conflict")
    before = said_about_goals()
    assert talk_again(decision, by=decision.signed_by, now=now)
    assert said_about_goals() == before  # asked already, with the same source
    prompt = GoalsPrompt.objects.get(patient=ingrid)
    assert (prompt.status, prompt.owner) == ("open", decision.item.referral.presenter)
    upcoming = AgendaItem.objects.filter(patient=ingrid, meeting__starts_at__gt=now)
    assert upcoming.count() == 1


def test_first_sweep_raises_only_what_today_reaches(net: Team, now: datetime) -> None:
    """What the ladder reached until yesterday was raised by the loader."""
    load_cohort(net, patients=150, seed=1, now=now)
    before = set(Reminder.objects.values_list("pk", flat=True))
    sweep(now=now)
    fresh = Reminder.objects.exclude(pk__in=before).select_related("study__plan")
    yesterday = net.local_date(now) - timedelta(days=1)
    early = []
    for row in fresh:
        plan = row.study.plan
        assert plan is not None
        clock = clock_start(row.due_on, net.local_date(plan.confirmed_at))
        slot, moot_then = row.study.scheduled_for, False
        if slot is not None:
            moot_then = slot >= now - timedelta(days=1, hours=12)
        if not moot_then and highest_step(due=clock, today=yesterday, interval_days=plan.interval_days) == row.step:
            early.append(row)
    assert early == []
    assert not Reminder.objects.filter(patient__deceased_on__isnull=False).exists()


def test_safety_net_patients_have_no_open_step(net: Team, now: datetime) -> None:
    load_cohort(net, patients=len(HAZARDS), seed=1, now=now)
    steps = NextStep.objects.filter(patient=OuterRef("pk"), closed_at__isnull=True)
    without = Patient.objects.in_care().filter(~Exists(steps))
    assert set(without) == {star("no_next_step"), star("no_next_step_after_scan")}


def test_next_meeting_has_an_agenda_and_past_ones_are_held(net: Team, now: datetime) -> None:
    load_cohort(net, patients=60, seed=1, now=now)
    upcoming = Meeting.objects.filter(board__team=net, starts_at__gt=now).order_by("starts_at")[0]
    listed = AgendaItem.objects.filter(meeting=upcoming)
    assert {item.status for item in listed} == {"listed"}
    assert 4 <= len(listed) <= 14
    assert not Meeting.objects.filter(board__team=net, starts_at__lt=now).exclude(status="held").exists()
    decided = AgendaItem.objects.filter(status="decided", decision__signed_at__isnull=False)
    past = AgendaItem.objects.filter(meeting__starts_at__lt=now)
    assert decided.count() == past.exclude(status="deferred").count()
    deferred = past.filter(status="deferred")
    assert deferred.exists()
    assert not deferred.exclude(referral__agenda_items__in=decided).exists()  # put off once, decided a week later


def test_enrollment_ends_before_the_next_begins(net: Team, now: datetime) -> None:
    load_cohort(net, patients=100, seed=2, now=now)
    later = Enrollment.objects.filter(
        patient=OuterRef("patient"), started_on__lt=OuterRef("ended_on"), pk__gt=OuterRef("pk")
    )
    assert Enrollment.objects.filter(ended_on__isnull=False).filter(Exists(later)).count() == 0
    assert Enrollment.objects.filter(ended_on__lt=F("started_on")).count() == 0
