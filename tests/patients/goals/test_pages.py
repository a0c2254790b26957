"""The goals pages as people walk them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from careteam.people.models import User
from careteam.people.rules import Role
from patients.goals.models import GoalsConversation, GoalsDraft, GoalsPrompt
from patients.record.models import Patient
from tests.factories import PASSWORD, patient, person, team
from tests.factories.goals import conversation, draft, prompt, typed

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


def today() -> str:
    return (timezone.now() - timedelta(days=1)).date().isoformat()


def sent(**changes: Any) -> dict[str, Any]:
    """What a browser posts: the form's fields, the tab and the version."""
    content = typed(held_on=today(), event_on="", next_review_on="", **changes)
    return {"tab": str(uuid4()), "version": "0", **content}


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


def test_conversation_from_first_word_to_signature(client: Client, brandt: User, someone: Patient) -> None:
    asked = prompt(someone, now=timezone.now())
    signed_in(client, brandt)
    page = client.get(url("goals-new", someone))
    assert page.status_code == 200
    assert "New progression" in page.content.decode()
    saved = client.post(url("goals-draft", someone), sent(), headers=HTMX)
    assert (saved.status_code, GoalsDraft.objects.get().version) == (200, 1)
    assert "visible to you only" in saved.content.decode()
    assert "<html" not in saved.content.decode()
    to_sign = client.post(url("goals-new", someone), sent(do="sign") | {"version": "1"})
    assert (to_sign.status_code, to_sign["Location"]) == (302, url("goals-sign", someone))
    reading = client.get(url("goals-sign", someone))
    kept = GoalsDraft.objects.get()
    assert "Stay at home, no long admissions." in reading.content.decode()
    answer = client.post(
        url("goals-sign", someone),
        {"password": PASSWORD, "version": kept.version, "submission": str(kept.submission)},
    )
    signed = GoalsConversation.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, url("goals-conversation", someone, signed.pk))
    asked.refresh_from_db()
    assert (asked.status, GoalsDraft.objects.count()) == ("answered", 0)
    again = client.post(
        url("goals-sign", someone),
        {"password": PASSWORD, "version": kept.version, "submission": str(kept.submission)},
    )
    assert (again.status_code, again["Location"]) == (302, url("goals-conversation", someone, signed.pk))
    assert GoalsConversation.objects.count() == 1


def test_draft_is_resumed_on_another_device_by_its_author_only(brandt: User, someone: Patient) -> None:
    draft(someone, brandt, quote="Only for Brandt’s eyes")
    other = person(someone.team, Role.ONCOLOGIST)
    phone, colleague = signed_in(Client(), brandt), signed_in(Client(), other)
    assert "Only for Brandt’s eyes" in phone.get(url("goals-new", someone)).content.decode()
    for name in ("goals-new", "goals-panel", "patient"):
        text = colleague.get(url(name, someone)).content.decode()
        assert "Only for Brandt’s eyes" not in text
    fragment = colleague.get(url("goals-panel", someone), headers=HTMX).content.decode()
    assert "Unsigned draft of Dr Lena Brandt, ask Dr Lena Brandt." in fragment


def test_wrong_password_signs_nothing_and_keeps_the_text(client: Client, brandt: User, someone: Patient) -> None:
    kept = draft(someone, brandt, held_on=today(), event_on="")
    signed_in(client, brandt)
    answer = client.post(
        url("goals-sign", someone),
        {"password": "guess", "version": kept.version, "submission": str(kept.submission)},
    )
    assert answer.status_code == 422
    assert "That is not your password" in answer.content.decode()
    assert "At home, not in a hospital bed." in answer.content.decode()
    assert (GoalsConversation.objects.count(), GoalsDraft.objects.count()) == (0, 1)


def test_guessing_the_password_is_slowed_down(client: Client, brandt: User, someone: Patient) -> None:
    kept = draft(someone, brandt, held_on=today(), event_on="")
    signed_in(client, brandt)
    data = {"version": kept.version, "submission": str(kept.submission)}
    codes = [client.post(url("goals-sign", someone), {"password": "guess", **data}).status_code for _ in range(11)]
    assert codes == [422] * 10 + [429]
    right = client.post(url("goals-sign", someone), {"password": PASSWORD, **data})
    assert (right.status_code, GoalsConversation.objects.count()) == (429, 0)


def test_stale_sign_page_shows_the_newer_text(client: Client, brandt: User, someone: Patient) -> None:
    kept = draft(someone, brandt, held_on=today(), event_on="")
    draft(someone, brandt, held_on=today(), event_on="", quote="The newer words")
    signed_in(client, brandt)
    answer = client.post(
        url("goals-sign", someone),
        {"password": PASSWORD, "version": kept.version, "submission": str(kept.submission)},
    )
    assert answer.status_code == 409
    assert "The newer words" in answer.content.decode()
    assert GoalsConversation.objects.count() == 0


def test_second_tab_is_told_and_keeps_its_text(client: Client, brandt: User, someone: Patient) -> None:
    signed_in(client, brandt)
    desk, phone = sent(quote="typed at the desk"), sent(quote="typed on the phone")
    assert client.post(url("goals-draft", someone), desk, headers=HTMX).status_code == 200
    silent = client.post(url("goals-draft", someone), phone, headers=HTMX)
    assert silent.status_code == 409
    assert "What you typed is still here" in silent.content.decode()
    page = client.post(url("goals-new", someone), phone | {"do": "draft"})
    assert page.status_code == 409
    assert "typed on the phone" in page.content.decode()
    assert "typed at the desk" in page.content.decode()
    assert GoalsDraft.objects.get().content["quote"] == "typed at the desk"
    client.post(url("goals-new", someone), phone | {"do": "overwrite"})
    assert GoalsDraft.objects.get().content["quote"] == "typed on the phone"


def test_a_hundred_kilobytes_are_kept_but_not_signed(client: Client, brandt: User, someone: Patient) -> None:
    signed_in(client, brandt)
    flood = sent(quote="ä" * 100_000)
    answer = client.post(url("goals-draft", someone), flood, headers=HTMX)
    assert answer.status_code == 200
    assert "“In their own words” has 100,000 characters; 20,000 can be signed." in answer.content.decode()
    page = client.post(url("goals-new", someone), flood | {"version": "1", "do": "sign"})
    assert page.status_code == 422
    assert "In their own words is too long to sign: 100000 characters, 20,000 fit." in page.content.decode()
    assert len(GoalsDraft.objects.get().content["quote"]) == 100_000


def test_missing_summary_comes_back_with_everything_typed(client: Client, brandt: User, someone: Patient) -> None:
    signed_in(client, brandt)
    page = client.post(url("goals-new", someone), sent(summary="", worries="<b>Pain</b> & nights", do="sign"))
    text = page.content.decode()
    assert page.status_code == 422
    assert "Write a summary: it is what others read first." in text
    assert "&lt;b&gt;Pain&lt;/b&gt; &amp; nights" in text


def test_copy_what_still_holds_fills_only_what_is_empty(client: Client, brandt: User, someone: Patient) -> None:
    conversation(someone, brandt, place_of_care="home", quote="Old words")
    signed_in(client, brandt)
    client.post(
        url("goals-new", someone),
        {
            "tab": str(uuid4()),
            "version": "0",
            "matters": ["more_time"],
            "hospital_nights_acceptance": "",
            "do": "copy",
        },
    )
    content = GoalsDraft.objects.get().content
    assert (content["matters"], content["place_of_care"], content["hospital_nights_acceptance"]) == (
        ["more_time"],
        "home",
        "not_accepted",
    )
    assert (content["quote"], content["code_status"]) == ("", "")


def test_detail_addendum_history_and_paper(client: Client, brandt: User, someone: Patient) -> None:
    signed = conversation(someone, brandt)
    signed_in(client, brandt)
    assert (
        "At home, not in a hospital bed." in client.get(url("goals-conversation", someone, signed.pk)).content.decode()
    )
    added = client.post(
        url("goals-addendum", someone, signed.pk), {"text": "Her son came later.", "password": PASSWORD}
    )
    assert added.status_code == 302
    assert "Her son came later." in client.get(url("goals-conversation", someone, signed.pk)).content.decode()
    assert "1 addendum" in client.get(url("goals-panel", someone)).content.decode()
    paper = client.get(url("goals-summary", someone, signed.pk)).content.decode()
    assert "Many nights in hospital for a treatment" in paper
    assert "DNR" not in paper.split("<article")[1]


def test_retracted_text_is_withheld(client: Client, brandt: User, someone: Patient) -> None:
    signed = conversation(someone, brandt)
    signed_in(client, brandt)
    short = client.post(url("goals-retract", someone, signed.pk), {"reason": "oops", "password": PASSWORD})
    assert short.status_code == 422
    client.post(
        url("goals-retract", someone, signed.pk), {"reason": "Belongs to the next patient.", "password": PASSWORD}
    )
    for name, args in (("goals-conversation", [signed.pk]), ("goals-panel", [])):
        text = client.get(url(name, someone, *args)).content.decode()
        assert "At home, not in a hospital bed." not in text
        assert "Retracted" in text
    assert client.get(url("goals-summary", someone, signed.pk)).status_code == 404
    assert client.get(url("goals-addendum", someone, signed.pk)).status_code == 403


def test_not_now_because(client: Client, brandt: User, someone: Patient) -> None:
    prompt(someone, now=timezone.now())
    signed_in(client, brandt)
    where = url("goals-answer", someone)
    assert client.get(where).status_code == 200
    assert client.post(where, {}).status_code == 422
    undated = client.post(where, {"reason": "too_ill", "version": "1"})
    assert (undated.status_code, "Choose the date to ask again." in undated.content.decode()) == (422, True)
    soon = (timezone.now() + timedelta(days=14)).date().isoformat()
    early = client.post(where, {"reason": "declined", "ask_again_on": soon, "version": "1", "note": "Kept text"})
    assert (early.status_code, "Kept text" in early.content.decode()) == (422, True)
    assert client.post(where, {"reason": "too_ill", "ask_again_on": soon, "version": "1"}).status_code == 302
    assert GoalsPrompt.objects.get().status == "deferred"
    assert client.post(where, {"reason": "already_discussed", "version": "1"}).status_code == 409


PATIENT_PAGES = [
    "goals-panel",
    "goals-new",
    "goals-sign",
    "goals-answer",
]


@pytest.mark.parametrize("name", PATIENT_PAGES)
def test_foreign_team_finds_nothing(client: Client, someone: Patient, name: str) -> None:
    signed_in(client, person(team(), Role.PALLIATIVE))
    assert client.get(url(name, someone)).status_code == 404


@pytest.mark.parametrize("name", ["goals-draft", "goals-discard"])
def test_foreign_team_writes_nothing(client: Client, someone: Patient, name: str) -> None:
    signed_in(client, person(team(), Role.PALLIATIVE))
    assert client.post(url(name, someone), sent()).status_code == 404


def test_foreign_team_reads_no_conversation(client: Client, brandt: User, someone: Patient) -> None:
    signed = conversation(someone, brandt)
    signed_in(client, person(team(), Role.PALLIATIVE))
    for name in ("goals-conversation", "goals-summary", "goals-addendum", "goals-retract"):
        assert client.get(url(name, someone, signed.pk)).status_code == 404


def test_conversation_of_another_patient_is_not_found_under_this_one(
    client: Client, brandt: User, someone: Patient
) -> None:
    signed = conversation(patient(someone.team), brandt)
    signed_in(client, brandt)
    assert client.get(url("goals-conversation", someone, signed.pk)).status_code == 404


@pytest.mark.parametrize(
    ("role", "name", "status"),
    [
        (Role.BOARD_COORDINATOR, "goals-new", 403),
        (Role.BOARD_COORDINATOR, "goals-answer", 403),
        (Role.BOARD_COORDINATOR, "goals-panel", 200),
        (Role.NURSE_COORDINATOR, "goals-new", 200),
        (Role.NURSE_COORDINATOR, "goals-sign", 403),
        (Role.AUDITOR, "goals-panel", 403),
    ],
)
def test_roles(client: Client, someone: Patient, role: Role, name: str, status: int) -> None:
    signed_in(client, person(someone.team, role))
    assert client.get(url(name, someone)).status_code == status


def test_history_needs_no_more_queries_for_three_versions(client: Client, brandt: User, someone: Patient) -> None:
    signed_in(client, brandt)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url("goals-panel", someone)).status_code == 200
        return len(captured)

    conversation(someone, brandt)
    queries()
    one = queries()
    conversation(someone, brandt)
    conversation(someone, brandt)
    assert queries() == one
