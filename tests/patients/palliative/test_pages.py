"""The palliative pages as people walk them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from careteam.audit.models import AuditEvent
from careteam.people.models import User
from careteam.people.rules import Role
from patients.goals import commands as goals
from patients.goals.models import GoalsPrompt
from patients.palliative import commands
from patients.palliative.models import BereavementTask, PalliativeReferral
from patients.palliative.rules import PalliativeReferralStatus
from patients.palliative.views import work
from patients.record.commands import record_death
from patients.record.models import Encounter, Patient
from tests.factories import contact, diagnosis, line, measurement, patient, person, team
from tests.factories.goals import conversation, draft, prompt

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def brandt() -> User:
    return person(team(), Role.PALLIATIVE, name="Lena Brandt", title="Dr")


@pytest.fixture
def someone(brandt: User) -> Patient:
    return patient(brandt.memberships.get().team)


def url(name: str, someone: Patient, *args: int) -> str:
    return reverse(name, args=[someone.pk, *args])


def signed_in(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def test_referral_is_asked_and_answered(client: Client, brandt: User, someone: Patient) -> None:
    oncologist = person(someone.team, Role.ONCOLOGIST)
    prompt(someone, now=timezone.now())
    signed_in(client, oncologist)
    assert client.get(url("palliative-refer", someone)).status_code == 200
    assert client.post(url("palliative-refer", someone), {"question": " "}).status_code == 422
    client.post(url("palliative-refer", someone), {"question": "Pain at night", "answers_prompt": "on"})
    referral = PalliativeReferral.objects.get()
    assert GoalsPrompt.objects.get().close_reason == "referred"
    where = reverse("palliative-answer", args=[referral.pk])
    assert "The palliative team answers this referral." in client.get(where).content.decode()
    signed_in(client, brandt)
    assert "Pain at night" in client.get(reverse("goals") + "?show=referrals").content.decode()
    dateless = client.post(where, {"status": "accepted", "version": "1"})
    assert (dateless.status_code, "Give the date of the first visit." in dateless.content.decode()) == (422, True)
    soon = (timezone.now() + timedelta(days=7)).date().isoformat()
    assert client.post(where, {"status": "accepted", "visit_on": soon, "version": "1"}).status_code == 303
    assert client.post(where, {"status": "seen", "visit_on": soon, "version": "1"}).status_code == 409


def test_panel_lists_what_was_asked_and_answered(client: Client, brandt: User, someone: Patient) -> None:
    signed_in(client, brandt)
    where = url("palliative-panel", someone)
    assert "The palliative team was not asked yet." in client.get(where, headers=HTMX).content.decode()
    commands.refer(someone, question="Pain at night", answers_prompt=True, by=brandt, now=timezone.now())
    text = client.get(where, headers=HTMX).content.decode()
    assert ("Pain at night" in text, "<html" in text) == (True, False)


def test_foreign_team_finds_nothing(client: Client, brandt: User, someone: Patient) -> None:
    referral = commands.refer(someone, question="Pain", answers_prompt=True, by=brandt, now=timezone.now())
    signed_in(client, person(team(), Role.PALLIATIVE))
    for name in ("palliative-refer", "palliative-panel"):
        assert client.get(url(name, someone)).status_code == 404
    assert client.get(reverse("palliative-answer", args=[referral.pk])).status_code == 404
    assert someone.name not in client.get(reverse("goals")).content.decode()


def test_workspace_says_whom_to_see_and_why(client: Client, brandt: User, someone: Patient) -> None:
    prompt(someone, now=timezone.now() - timedelta(days=34))
    diagnosis(someone)
    measurement(someone, value=1, taken_at=timezone.now() - timedelta(days=60))
    measurement(someone, value=2, taken_at=timezone.now() - timedelta(days=6))
    signed_in(client, brandt)
    text = client.get(reverse("goals")).content.decode()
    for words in (someone.name, "New progression", "No conversation yet", "2, was 1", "Pancreas, stage IV"):
        assert words in text
    assert someone.name in client.get(reverse("goals") + "?why=prompt").content.decode()
    assert "Nobody fits this filter" in client.get(reverse("goals") + "?why=hospice").content.decode()
    shows = ("waiting", "referrals", "answered", "visits", "hospice", "bereavement", "nonsense")
    for name in (*(f"show={show}" for show in shows), "sort=-name", "after=99999999999", "before=1", "mine=on"):
        assert client.get(reverse("goals") + f"?{name}").status_code == 200


def test_a_list_of_several_pages_says_where_it_stands_and_loses_nobody(
    client: Client, brandt: User, someone: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "SIZE", 2)
    people = [someone, *(patient(someone.team) for _ in range(4))]
    for each in people:
        prompt(each, now=timezone.now())
    signed_in(client, brandt)
    answer, seen, places = client.get(reverse("goals")), [], []
    for expected in ("1 to 2 of 5", "3 to 4 of 5", "5 to 5 of 5"):
        page = answer.context["page"]
        places.append(expected in answer.content.decode())
        seen += [row.person.patient_id for row in page.rows]
        if page.next_url:
            answer = client.get(reverse("goals") + page.next_url)
    assert (places, sorted(seen)) == ([True, True, True], sorted(each.pk for each in people))


def test_the_head_of_the_list_says_that_the_most_urgent_stand_first(
    client: Client, brandt: User, someone: Patient
) -> None:
    prompt(someone, now=timezone.now())
    both = patient(someone.team)
    prompt(both, now=timezone.now())
    commands.refer(both, question="Pain", answers_prompt=False, by=brandt, now=timezone.now())
    signed_in(client, brandt)

    def shown(query: str) -> tuple[list[int], bool, str]:
        answer = client.get(reverse("goals") + query)
        head = answer.text.split("<thead>")[1].split("</thead>")[0]
        (state,) = re.findall(r'aria-sort="(\w+)"', head)
        return [row.points for row in answer.context["page"].rows], "Why now\N{NO-BREAK SPACE}▾" in head, state

    points, arrow, state = shown("")
    assert (points, arrow, state) == (sorted(points, reverse=True), True, "descending")
    assert points[0] > points[1]
    assert shown("?sort=urgent") == (points[::-1], False, "ascending")
    assert shown("?sort=name")[2] == "ascending"


def test_workspace_notes_whom_it_showed(client: Client, brandt: User, someone: Patient) -> None:
    prompt(someone, now=timezone.now())
    signed_in(client, brandt)
    client.get(reverse("goals"))
    assert AuditEvent.objects.filter(kind="read", action="goals").get().patient_ids == [someone.pk]


@pytest.mark.parametrize("show", ["see", "waiting", "referrals", "answered", "visits", "hospice", "bereavement"])
def test_workspace_needs_no_more_queries_for_three_rows(
    client: Client, brandt: User, someone: Patient, show: str
) -> None:
    home = someone.team
    signed_in(client, brandt)

    def add() -> None:
        row = patient(home)
        diagnosis(row)
        conversation(row, brandt)
        measurement(row, value=1)
        draft(row, brandt)
        asked = prompt(row, now=timezone.now())
        if show == "waiting":
            goals.defer(
                asked,
                reason="too_ill",
                until=(timezone.now() + timedelta(days=9)).date(),
                by=brandt,
                now=timezone.now(),
            )
        if show in {"referrals", "answered"}:
            referral = commands.refer(row, question="Pain", answers_prompt=False, by=brandt, now=timezone.now())
            if show == "answered":
                commands.answer_referral(
                    referral,
                    PalliativeReferralStatus.DECLINED,
                    answer="Known to the hospice at home.",
                    by=brandt,
                    now=timezone.now(),
                )

        if show == "visits":
            soon = timezone.now() + timedelta(days=2)
            Encounter.objects.create(patient=row, kind="visit", status="booked", created_by=brandt, starts_at=soon)
        if show == "hospice":
            commands.prepare_hospice(row, by=brandt, now=timezone.now())
            line(row, "everolimus")
            line(patient(home), "hospice", started_on=timezone.now().date())
        if show == "bereavement":
            daughter = contact(row)
            record_death(row, on=timezone.now().date(), cause="Tumor", by=None, now=timezone.now())
            BereavementTask.objects.create(patient=row, contact=daughter, kind="call", due_on=timezone.now().date())

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page = client.get(reverse("goals") + f"?show={show}")
        assert page.status_code == 200
        return len(captured)

    add()
    queries()
    one = queries()
    add()
    add()
    assert queries() == one
