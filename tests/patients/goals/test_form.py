"""The conversation form: sections, quick choices beside own words, who was there, what the form advises, the short
version, a new version of what still holds."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from careteam.people.models import User
from careteam.people.rules import Role
from patients.goals.forms import SECTIONS, ConversationForm, advice, section_states
from patients.goals.models import GoalsConversation, GoalsDraft, GoalsPrompt
from patients.goals.queries import Somebody, people_of
from patients.record.models import Patient, PatientContact
from patients.wishes.models import Wish
from tests.factories import patient, person, responsible, team
from tests.factories.goals import conversation, draft, typed

TODAY = date(2026, 11, 23)
NOOR = Somebody("contact:1", "Noor Amara", "Noor Amara, daughter")
GERALD = Somebody("contact:2", "Gerald Amara", "Gerald Amara, husband", is_excluded=True)
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


def test_every_field_has_its_place_in_one_section_and_every_section_its_own_key() -> None:
    placed = [name for section in SECTIONS for name in section.fields]
    assert sorted(placed) == sorted(set(ConversationForm().fields) - {"quoted"})
    assert len({section.key for section in SECTIONS}) == len(SECTIONS)
    assert all(set(section.main) <= set(section.fields) for section in SECTIONS)


def test_the_order_is_that_of_the_talk_and_the_short_version_asks_six_things() -> None:
    order = [section.anchor for section in SECTIONS]
    assert order.index("understanding") < order.index("information") < order.index("matters") < order.index("summary")
    assert [section.anchor for section in SECTIONS if section.is_short] == [
        "information",
        "matters",
        "worries",
        "tradeoffs",
        "code",
        "summary",
    ]


@pytest.mark.parametrize(
    ("content", "state"),
    [
        ({"held_on": "2026-11-20"}, "–"),
        ({"place": "Ward 4B"}, "begun"),
        ({"permission_given": "yes"}, "done"),
    ],
)
def test_sections_know_how_far_they_are(content: dict[str, Any], state: str) -> None:
    assert section_states(content)[0].state == state


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"present": ["contact:2"]}, "Gerald Amara must not be told"),
        ({"participants": "her husband gerald amara"}, "Gerald Amara must not be told"),
        ({"present": ["contact:1"]}, None),
        ({"interpreter_kind": "family"}, "Somebody of the family interprets"),
        ({"interpreter_kind": "present"}, None),
        ({"capacity": "fluctuating"}, "Say who judged"),
        ({"capacity": "no", "capacity_judged_by": "Dr Brandt"}, "is the proxy here?"),
        ({"capacity": "no", "capacity_judged_by": "Dr Brandt", "proxy_speaks": "on"}, None),
        ({"permission_given": "not_today"}, "Not today: stop here"),
        ({"information_preference": "none_now", "prognosis_framing": ["time"]}, "They want to know nothing now"),
        ({"information_preference": "full", "prognosis_framing": ["time"]}, None),
        ({"agreed": "We go on with PRRT."}, "“PRRT” in plainer words?"),
        ({"agreed": "We look after your pain at home."}, None),
    ],
)
def test_advice(content: dict[str, Any], words: str | None) -> None:
    said = advice(content, [NOOR, GERALD])
    assert len(said) == (0 if words is None else 1)
    assert words is None or words in said[0]


@pytest.fixture
def brandt(db: None) -> User:
    return person(team(), Role.PALLIATIVE, name="Lena Brandt", title="Dr")


@pytest.fixture
def someone(brandt: User) -> Patient:
    return patient(brandt.memberships.get().team)


def url(name: str, of: Patient, *args: int) -> str:
    return reverse(name, args=[of.pk, *args])


def signed_in(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def sent(**changes: Any) -> dict[str, Any]:
    day = (timezone.now() - timedelta(days=1)).date().isoformat()
    return {"tab": str(uuid4()), "version": "0"} | typed(
        **{"held_on": day, "event_on": "", "next_review_on": ""} | changes
    )


def test_people_are_contacts_then_the_care_team_then_nobody_twice(brandt: User, someone: Patient) -> None:
    PatientContact.objects.create(patient=someone, name="Noor Amara", relation="daughter")
    PatientContact.objects.create(patient=someone, name="Gerald Amara", scope="none")
    okafor = person(someone.team, Role.ONCOLOGIST, name="Ines Okafor", title="Dr")
    responsible(someone, okafor)
    responsible_twice = responsible(patient(someone.team), okafor)
    assert responsible_twice.patient_id != someone.pk
    found = people_of(someone.pk, TODAY, author=brandt)
    assert [each.label for each in found] == [
        "Noor Amara, daughter",
        "Gerald Amara",
        "Dr Lena Brandt",
        "Dr Ines Okafor, oncologist",
    ]
    assert [each.is_excluded for each in found] == [False, True, False, False]


def test_who_was_picked_is_signed_with_the_names_of_that_day(brandt: User, someone: Patient) -> None:
    noor = PatientContact.objects.create(patient=someone, name="Noor Amara", relation="daughter")
    row = conversation(someone, brandt, present=[f"contact:{noor.pk}", f"user:{brandt.pk}"], participants="a neighbor")
    assert row.participants == "Noor Amara, daughter; Dr Lena Brandt; a neighbor"
    assert row.present == [f"contact:{noor.pk}", f"user:{brandt.pk}"]


def test_quick_choices_words_and_quotes_are_signed_and_read(client: Client, brandt: User, someone: Patient) -> None:
    row = conversation(
        someone,
        brandt,
        worries_codes=["diarrhea", "burden"],
        worries="That I have to ask where the toilet is.",
        hopes="",
        quoted=["worries", "hopes"],
        capacity="fluctuating",
        capacity_judged_by="Dr Brandt",
        interpreter_kind="family",
        limits_codes=["no_icu"],
    )
    assert row.quoted == ["worries"], "empty words are nobody's"
    text = signed_in(client, brandt).get(url("goals-conversation", someone, row.pk)).content.decode()
    for words in (
        "Diarrhea in public; Being a burden to the family",
        "<q>That I have to ask where the toilet is.</q>",
        "Comes and goes · judged by Dr Brandt",
        "Somebody of the family",
        "No intensive care",
    ):
        assert words in text
    assert Wish.objects.filter(patient=someone, kind="limit", code="no_icu").exists()


def test_a_picked_person_who_left_the_record_is_asked_again_and_nothing_is_lost(
    client: Client, brandt: User, someone: Patient
) -> None:
    signed_in(client, brandt)
    page = client.post(url("goals-new", someone), sent(present=["contact:999"], worries="Pain", do="sign"))
    assert page.status_code == 422
    assert "Somebody you picked is not in the record any more." in page.content.decode()
    assert "Pain</textarea>" in page.content.decode()


def test_saving_while_typing_warns_of_who_must_not_be_told_and_of_a_second_writer(
    client: Client, brandt: User, someone: Patient
) -> None:
    gerald = PatientContact.objects.create(patient=someone, name="Gerald Amara", scope="none")
    okafor = person(someone.team, Role.ONCOLOGIST, name="Ines Okafor", title="Dr")
    draft(someone, okafor, now=timezone.now(), quote="said to Okafor")
    signed_in(client, brandt)
    text = client.post(
        url("goals-draft", someone), sent(present=[f"contact:{gerald.pk}"]), headers=HTMX
    ).content.decode()
    assert "Gerald Amara must not be told" in text
    assert "Unsigned draft of Dr Ines Okafor" in text
    assert "said to Okafor" not in text
    other = signed_in(Client(), okafor)
    assert "Unsigned draft of Dr Lena Brandt" in other.get(url("goals-new", someone)).content.decode()
    assert (
        "Unsigned draft of Dr Lena Brandt"
        in other.post(url("goals-draft", someone), sent(), headers=HTMX).content.decode()
    )


def test_short_and_whole_are_one_draft(client: Client, brandt: User, someone: Patient) -> None:
    signed_in(client, brandt)
    whole = client.get(url("goals-new", someone)).content.decode()
    assert 'id="more"' not in whole
    answer = client.post(url("goals-new", someone), sent(strength="My dog", do="short"))
    assert answer["Location"] == url("goals-new", someone) + "?length=short"
    short = client.get(answer["Location"]).content.decode()
    assert short.index('id="s-matters"') < short.index('id="more"') < short.index('id="s-strength"')
    assert "My dog" in short
    assert short.count('name="held_on"') == whole.count('name="held_on"') == 1
    assert short.index('name="held_on"') < short.index('id="more"'), "a talk written up later is not of today"
    invalid = client.post(url("goals-new", someone), sent(summary="", length="short", do="sign") | {"version": "1"})
    assert 'id="more"' in invalid.content.decode()
    assert client.post(url("goals-new", someone), sent(do="long") | {"version": "9"}).status_code == 409


def test_new_version_begins_with_what_still_holds(client: Client, brandt: User, someone: Patient) -> None:
    conversation(
        someone,
        brandt,
        now=timezone.now(),
        held_on=(timezone.now() - timedelta(days=2)).date().isoformat(),
        event_on="",
        strength="My dog",
        strength_codes=["animals"],
        worries_codes=["pain"],
        limits_codes=["no_icu"],
        quoted=["strength"],
        quote="Old words",
    )
    signed_in(client, brandt)
    assert client.get(url("goals-again", someone)).status_code == 405
    assert client.post(url("goals-again", someone)).status_code == 302
    content = GoalsDraft.objects.get().content
    assert (content["strength"], content["strength_codes"], content["quoted"]) == ("My dog", ["animals"], ["strength"])
    assert content["limits_codes"] == ["no_icu"]
    assert (content["quote"], content["worries_codes"], content["code_status"]) == ("", [], "")
    client.post(url("goals-new", someone), sent(quote="New words") | {"version": "1", "do": "draft"})
    client.post(url("goals-again", someone))
    assert GoalsDraft.objects.get().content["quote"] == "New words", "a draft that exists is gone on with"
    text = client.get(url("goals-conversation", someone, GoalsConversation.objects.get().pk)).content.decode()
    assert "New version" in text


def test_declined_inside_the_form_ends_in_the_prompt_and_keeps_the_draft(
    client: Client, brandt: User, someone: Patient
) -> None:
    signed_in(client, brandt)
    client.post(url("goals-draft", someone), sent(quote="Not today, doctor."), headers=HTMX)
    page = client.get(url("goals-new", someone)).content.decode()
    assert 'form="decline" name="reason" value="declined"' in page
    until = (timezone.now() + timedelta(days=120)).date().isoformat()
    answer = client.post(
        url("goals-answer", someone), {"reason": "declined", "ask_again_on": until, "note": "Not today", "version": ""}
    )
    assert answer.status_code == 302
    assert GoalsPrompt.objects.get().status == "declined"
    assert GoalsDraft.objects.get().content["quote"] == "Not today, doctor."
