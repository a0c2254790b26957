"""The goals step of a line, the surprise question, a plan and a wish as people walk them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from careteam.people.models import User
from careteam.people.rules import Role
from patients.goals.models import GoalsPrompt, LineGoals, SurpriseQuestion, TalkWish
from patients.record.models import Patient
from patients.treatment.models import TreatmentLine
from tests.factories import line, patient, person, team
from tests.factories.goals import conversation, prompt

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def doctor() -> User:
    return person(team(), Role.PALLIATIVE, name="Lena Brandt", title="Dr")


@pytest.fixture
def someone(doctor: User) -> Patient:
    return patient(doctor.memberships.get().team)


@pytest.fixture
def prrt(someone: Patient) -> TreatmentLine:
    soon = timezone.now().date() + timedelta(days=20)
    return line(someone, "prrt", agent="177Lu-dotatate", status="proposed", started_on=None, planned_on=soon)


@pytest.fixture
def url(someone: Patient, prrt: TreatmentLine) -> str:
    return reverse("line-goals", args=[someone.pk, prrt.pk])


def day(days: int) -> str:
    return (timezone.now().date() + timedelta(days=days)).isoformat()


def test_after_saving_a_line_the_step_is_the_next_thing_seen(
    client: Client, doctor: User, someone: Patient, url: str
) -> None:
    client.force_login(doctor)
    html = client.get(f"{url}?after=patient").content.decode()
    for words in ("Conversation documented", "Conversation planned", "Not now", "Later; to the line"):
        assert words in html
    assert reverse("goals-panel", args=[someone.pk]) in html  # the goals stand beside it
    link = "Say what is done about goals"
    assert link not in html  # it would lead to where one is, also after the card has fetched itself again
    assert f'hx-get="{url}?here=1"' in html
    assert link not in client.get(f"{url}?here=1", headers=HTMX).content.decode()
    assert link in client.get(url, headers=HTMX).content.decode()  # the card on the page of the line


def test_the_step_leads_on_where_nothing_is_asked(client: Client, doctor: User, someone: Patient) -> None:
    client.force_login(doctor)
    first = line(someone)
    asked = reverse("line-goals", args=[someone.pk, first.pk])
    assert client.get(f"{asked}?after=line")["Location"] == reverse("line-page", args=[someone.pk, first.pk])
    assert client.get(f"{asked}?after=patient")["Location"] == reverse("patient", args=[someone.pk])
    assert "does not ask for a goals conversation" in client.get(asked).content.decode()


def test_the_conversation_counts_with_one_click(client: Client, doctor: User, someone: Patient, url: str) -> None:
    talk = conversation(someone, doctor, now=timezone.now(), held_on=day(-3), event_on="", event="")
    client.force_login(doctor)
    answer = client.post(url, {"choice": "documented", "conversation": talk.pk, "version": "0"})
    assert answer.status_code == 303
    assert LineGoals.objects.get().conversation_id == talk.pk
    page = client.get(reverse("goals-lines", args=[someone.pk]), headers=HTMX).content.decode()
    assert "Goals before 177Lu-dotatate" in page
    card = client.get(url, headers=HTMX).content.decode()
    assert "Conversation documented" in card
    assert "<form" not in card


def test_a_plan_and_a_reason_are_kept_with_the_line(client: Client, doctor: User, someone: Patient, url: str) -> None:
    prompt(someone, now=timezone.now())
    client.force_login(doctor)
    sent: dict[str, Any] = {"choice": "planned", "p-with_whom": doctor.pk, "p-on": day(7), "p-version": "0"}
    assert client.post(url, sent).status_code == 303
    assert "Planned with Dr Lena Brandt" in client.get(url, headers=HTMX).content.decode()
    stale = client.post(
        url,
        {"choice": "deferred", "d-reason": "too_ill", "d-ask_again_on": day(9), "d-note": "Fever", "d-version": "0"},
    )
    assert stale.status_code == 409
    assert "Fever" in stale.content.decode()
    again = {"choice": "deferred", "d-reason": "too_ill", "d-ask_again_on": day(9), "d-note": "Fever", "d-version": "1"}
    assert client.post(url, again).status_code == 303
    assert (LineGoals.objects.get().reason, GoalsPrompt.objects.get().status) == ("too_ill", "deferred")


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"choice": "nonsense"},
        {"choice": "documented", "conversation": "x"},
        {"choice": "documented", "conversation": "1"},
        {"choice": "planned", "p-note": "typed <b>"},
        {"choice": "planned", "p-with_whom": "999999", "p-on": "2026-13-45"},
        {"choice": "deferred", "d-reason": "deceased", "d-ask_again_on": "yesterday"},
    ],
)
def test_bad_input_is_answered_in_words(client: Client, doctor: User, url: str, sent: dict[str, str]) -> None:
    client.force_login(doctor)
    answer = client.post(url, sent)
    assert answer.status_code == 422
    assert LineGoals.objects.count() == 0


def test_who_may_not_document_reads_and_is_asked_nothing(
    client: Client, doctor: User, someone: Patient, prrt: TreatmentLine, url: str
) -> None:
    client.force_login(person(doctor.memberships.get().team, Role.BOARD_COORDINATOR))
    assert client.get(f"{url}?after=line")["Location"] == reverse("line-page", args=[someone.pk, prrt.pk])
    assert "Plan it" not in client.get(url).content.decode()
    assert client.post(url, {"choice": "documented"}).status_code == 403


def test_surprise_question_is_one_click(client: Client, doctor: User, someone: Patient) -> None:
    client.force_login(doctor)
    url = reverse("goals-surprise", args=[someone.pk])
    html = client.post(url, {"answer": "no"}, headers=HTMX).content.decode()
    assert "Last: no, Dr Lena Brandt" in html
    assert html.lstrip().startswith('<form class="row np')  # never in print
    assert client.post(url, {"answer": "yes"}).status_code == 302
    assert SurpriseQuestion.objects.count() == 2
    assert client.post(url, {"answer": "maybe"}, headers=HTMX).status_code == 422
    assert url in client.get(reverse("goals-panel", args=[someone.pk]), headers=HTMX).content.decode()


def test_wish_is_noted_by_anybody_of_the_team(client: Client, doctor: User, someone: Patient) -> None:
    client.force_login(person(doctor.memberships.get().team, Role.BOARD_COORDINATOR))
    url = reverse("goals-wish", args=[someone.pk])
    assert client.post(url, {"voice": "patient", "said_on": day(0), "words": ""}).status_code == 422
    sent = {"voice": "patient", "said_on": day(0), "words": "I want to know where I stand."}
    assert client.post(url, sent).status_code == 303
    assert TalkWish.objects.get().words == "I want to know where I stand."
    assert GoalsPrompt.objects.get().rank == 0


def test_plan_is_refused_with_a_sentence_and_stale_with_both(client: Client, doctor: User, someone: Patient) -> None:
    prompt(someone, now=timezone.now())
    client.force_login(doctor)
    url = reverse("goals-plan", args=[someone.pk])
    late = client.post(url, {"with_whom": doctor.pk, "on": day(-2), "version": "1"})
    assert (late.status_code, "today or later" in late.content.decode()) == (422, True)
    assert client.post(url, {"with_whom": doctor.pk, "on": day(3), "version": "7", "note": "Room 4"}).status_code == 409
    assert client.post(url, {"with_whom": doctor.pk, "on": day(3), "version": "1"}).status_code == 302
    panel = client.get(reverse("goals-panel", args=[someone.pk]), headers=HTMX).content.decode()
    assert "Planned with Dr Lena Brandt for" in panel
