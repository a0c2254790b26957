"""The workspace: what is due this week, what is later, and who has no next step at all."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from careteam.people.models import Team, User
from careteam.people.rules import Role
from careteam.workspace import home
from patients.record.models import NextStep, Patient
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    return factories.team()


@pytest.fixture
def nurse(team: Team) -> User:
    return factories.person(team, Role.NURSE_COORDINATOR)


def step(patient: Patient, due: date | None, *, kind: str = "visit", **fields: Any) -> NextStep:
    return NextStep.objects.create(
        patient=patient, team=patient.team, kind=kind, source_key=f"{kind}:{due}", what=f"{kind} {due}",
        due_on=due, opened_at=timezone.now(), **fields,
    )  # fmt: skip


def workspace(person: User, query: str = "") -> Any:
    client = Client()
    client.force_login(person)
    return client.get(f"/{query}").context


def listed(context: Any) -> list[tuple[str, list[str]]]:
    return [(group.title, [work.step.what for work in group.rows]) for group in context["groups"]]


def test_tabs_count_the_week_and_the_foot_what_is_later(team: Team, nurse: User) -> None:
    today = team.local_date(timezone.now())
    patient = factories.patient(team)
    step(patient, today - timedelta(1), owner=nurse)
    step(patient, today + timedelta(7), owner=nurse)
    step(patient, today + timedelta(8), owner=nurse)
    step(patient, today + timedelta(9), kind="study", owner=nurse)
    step(patient, None, owner=nurse)
    step(factories.patient(team, status="transferred"), today, owner=nurse)
    shown = workspace(nurse)
    assert listed(shown) == [
        ("At risk now", [f"visit {today - timedelta(1)}"]),
        ("Coming", [f"visit {today + timedelta(7)}"]),
        ("Without a date", ["visit None"]),
    ]
    assert [(tab.label, tab.count) for tab in shown["tabs"] if tab.count] == [("Other", 2)]
    assert (shown["later"], shown["more_later"]) == (2, False)
    assert workspace(nurse, "?kind=scans")["later"] == 1


def test_what_is_later_is_counted_up_to_a_limit(team: Team, nurse: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "LATER_CAP", 2)
    today = team.local_date(timezone.now())
    patient = factories.patient(team)
    for days in (10, 11, 12):
        step(patient, today + timedelta(days), owner=nurse)
    shown = workspace(nurse)
    assert (shown["later"], shown["more_later"]) == (2, True)


def test_safety_net_counts_whom_it_names(team: Team, nurse: User) -> None:
    today = team.local_date(timezone.now())
    step(factories.patient(team), today, owner=nurse)
    closed = step(factories.patient(team, family_name="Abel"), today, owner=nurse)
    NextStep.objects.filter(pk=closed.pk).update(closed_at=timezone.now())
    factories.patient(team, family_name="Zweig")
    factories.patient(team, status="discharged")
    factories.patient(factories.team())
    shown = workspace(nurse)
    assert (shown["missing"], [row.name for row in shown["without"]]) == (2, ["Given Abel", "Given Zweig"])


def test_list_without_a_next_step_is_the_same_for_few_and_for_many(
    team: Team, nurse: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    step(factories.patient(team), team.local_date(timezone.now()), owner=nurse)
    for name in ("Zweig", "Abel", "Moritz"):
        factories.patient(team, family_name=name)
    client = Client()
    client.force_login(nurse)

    def names() -> list[str]:
        return [row.name for row in client.get("/patients/?step=none").context["page"].rows]

    few = names()
    monkeypatch.setattr("careteam.workspace.patients.FEW", 1)
    assert few == names() == ["Given Abel", "Given Moritz", "Given Zweig"]


@pytest.mark.parametrize(
    ("asked", "goes"),
    [
        ("/patients/?status=all", "/patients/?status=all"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("999", "/"),
        ("", "/"),
    ],
)
def test_preferences_lead_back_to_a_page_of_ours_only(asked: str, goes: str) -> None:
    client = Client()
    client.force_login(factories.person(factories.team(), Role.ONCOLOGIST))
    assert client.post("/preferences/", {"theme": "dark", "next": asked})["Location"] == goes
