"""Bad input and races around a conversation: nothing typed is lost, and nothing is signed that should not be."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from careteam.audit.models import AuditEvent
from careteam.people.models import User
from careteam.people.rules import Role
from patients.goals import commands
from patients.goals.models import GoalsConversation, GoalsDraft, GoalsPrompt
from patients.goals.queries import own_draft
from patients.record.models import NextStep, Patient, StaleEdit
from tests.factories import NOW, PASSWORD, patient, person, team
from tests.factories.goals import conversation, draft, prompt, sign_draft, typed

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
SECRET = "Only for Brandt’s eyes"


@pytest.fixture
def brandt(db: None) -> User:
    return person(team(), Role.PALLIATIVE, name="Lena Brandt", title="Dr")


@pytest.fixture
def someone(brandt: User) -> Patient:
    return patient(brandt.memberships.get().team)


def url(name: str, of: Patient, *args: int) -> str:
    return reverse(name, args=[of.pk, *args])


def sent(**changes: Any) -> dict[str, Any]:
    day = (timezone.now() - timedelta(days=1)).date().isoformat()
    dates = {"held_on": day, "event_on": "", "next_review_on": ""}
    return {"tab": str(uuid4()), "version": "0"} | typed(**(dates | changes))


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


# --- drafts are their author's ---------------------------------------------------------------------------------------


def test_no_surface_shows_a_draft_to_anybody_else(brandt: User, someone: Patient) -> None:
    draft(someone, brandt, now=timezone.now(), quote=SECRET, worries=SECRET)
    names = [
        "patient",
        "goals-panel",
        "goals-new",
        "goals-compare",
        "goals-answer",
        "patient-history",
        "guidance-panel",
    ]
    for role in (Role.ONCOLOGIST, Role.TEAM_LEAD, Role.BOARD_COORDINATOR, Role.AUDITOR):
        colleague = signed_in(person(someone.team, role))
        for name in names:
            for suffix in ("", "?view=projector"):
                assert SECRET not in colleague.get(url(name, someone) + suffix).content.decode()
        assert SECRET not in colleague.post(reverse("search"), {"q": "Brandt’s eyes"}).content.decode()
        assert SECRET not in colleague.get(reverse("goals")).content.decode()
        assert SECRET not in colleague.get(reverse("goals") + "?view=projector").content.decode()
    assert not any(SECRET in str(event.details) + event.reason for event in AuditEvent.objects.all())


def test_drafts_leave_no_history(brandt: User, someone: Patient) -> None:
    draft(someone, brandt, now=timezone.now(), quote=SECRET)
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'patients_goalsdraft%'")
        assert cursor.fetchall() == [("patients_goalsdraft",)]


def test_text_typed_by_one_person_is_not_kept_as_anothers(brandt: User, someone: Patient) -> None:
    okafor = person(someone.team, Role.ONCOLOGIST, name="Ines Okafor", title="Dr")
    later = signed_in(okafor)
    saved = later.post(url("goals-draft", someone), sent(quote=SECRET, author=str(brandt.pk)), headers=HTMX)
    assert saved.status_code == 422
    assert "written by somebody else than Dr Ines Okafor" in saved.content.decode()
    page = later.post(url("goals-new", someone), sent(quote=SECRET, author=str(brandt.pk), do="draft"))
    assert page.status_code == 422
    assert SECRET in page.content.decode(), "what stood on this screen is not thrown away"
    assert GoalsDraft.objects.count() == 0


def test_session_that_expired_answers_so_that_the_page_keeps_its_text(someone: Patient) -> None:
    answer = Client().post(url("goals-draft", someone), sent(), headers=HTMX)
    assert answer.status_code == 401
    assert GoalsDraft.objects.count() == 0


# --- two at once -----------------------------------------------------------------------------------------------------


def test_two_people_draft_and_both_sign_in_turn(brandt: User, someone: Patient) -> None:
    okafor = person(someone.team, Role.ONCOLOGIST, name="Ines Okafor", title="Dr")
    mine = draft(someone, brandt, quote="said to Brandt")
    theirs = draft(someone, okafor, quote="said to Okafor")
    sign_page = signed_in(brandt).get(url("goals-sign", someone)).content.decode()
    assert "ask Dr Ines Okafor before you sign" in sign_page
    first, second = sign_draft(mine), sign_draft(theirs)
    first.refresh_from_db()
    assert (first.status, second.status, second.supersedes_id) == ("superseded", "signed", first.pk)


@pytest.mark.django_db(transaction=True)
def test_two_people_sign_in_the_same_moment_one_is_current() -> None:
    home = team()
    someone = patient(home)
    rows = [draft(someone, person(home, Role.PALLIATIVE), quote=str(n)) for n in range(2)]
    barrier = threading.Barrier(2)

    def sign(row: GoalsDraft) -> None:
        try:
            barrier.wait(10)
            sign_draft(row)
        finally:
            connection.close()

    threads = [threading.Thread(target=sign, args=[row]) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(GoalsConversation.objects.values_list("status", flat=True)) == ["signed", "superseded"]


@pytest.mark.django_db(transaction=True)
def test_answering_a_prompt_while_somebody_signs_ends_it_once() -> None:
    """Whoever comes second is told; the prompt is never both answered and open, and asks nobody any more."""
    home = team()
    someone, brandt, okafor = patient(home), person(home, Role.PALLIATIVE), person(home, Role.ONCOLOGIST)
    asked, row = prompt(someone), draft(someone, brandt)
    barrier, refused = threading.Barrier(2), []

    def press(act: str) -> None:
        try:
            barrier.wait(10)
            if act == "sign":
                sign_draft(row)
            else:
                commands.close_prompt(asked, reason="already_discussed", by=okafor, now=NOW, version=asked.version)
        except (StaleEdit, ValidationError):
            refused.append(act)
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=[act]) for act in ("sign", "answer")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    left = GoalsPrompt.objects.get(pk=asked.pk)
    assert GoalsConversation.objects.filter(status="signed").count() == 1
    assert (left.status, refused) in [("answered", ["answer"]), ("closed", [])]
    assert not NextStep.objects.filter(patient=someone, kind="goals", closed_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_two_answers_to_one_prompt_are_one() -> None:
    home = team()
    someone = patient(home)
    asked, outcomes = prompt(someone), []
    people = [person(home, Role.PALLIATIVE), person(home, Role.ONCOLOGIST)]
    barrier = threading.Barrier(2)

    def press(by: User) -> None:
        try:
            barrier.wait(10)
            commands.close_prompt(asked, reason="already_discussed", by=by, now=NOW, version=asked.version)
            outcomes.append("closed")
        except (StaleEdit, ValidationError):
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=[by]) for by in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["closed", "refused"]
    assert AuditEvent.objects.filter(action="goals.close_prompt").count() == 1


def test_saving_after_the_signature_begins_a_new_draft_and_signs_nothing_twice(brandt: User, someone: Patient) -> None:
    row = draft(someone, brandt, now=timezone.now(), held_on=timezone.now().date().isoformat(), event_on="")
    client = signed_in(brandt)
    data = {"password": PASSWORD, "version": row.version, "submission": str(row.submission)}
    first, second = (client.post(url("goals-sign", someone), data) for _ in range(2))
    assert (first.status_code, second.status_code, first["Location"]) == (302, 302, second["Location"])
    assert GoalsConversation.objects.count() == 1


# --- dates, size -----------------------------------------------------------------------------------------------------


def test_conversation_of_tomorrow_is_kept_and_not_signed(brandt: User, someone: Patient) -> None:
    client = signed_in(brandt)
    tomorrow = (timezone.now() + timedelta(days=2)).date().isoformat()
    page = client.post(url("goals-new", someone), sent(held_on=tomorrow, worries="Kept", do="sign"))
    assert page.status_code == 422
    assert "The date of the conversation lies in the future." in page.content.decode()
    assert GoalsDraft.objects.get().content["worries"] == "Kept"
    row = draft(patient(someone.team), brandt, held_on="2026-11-24")
    with pytest.raises(ValidationError, match="lies in the future"):
        commands.sign(
            row.patient,
            values={"held_on": date(2026, 11, 24), "summary": "x"},
            trade_offs=(),
            submission=row.submission,
            version=row.version,
            by=brandt,
            now=datetime(2026, 11, 23, 9, tzinfo=timezone.get_default_timezone()),
        )


@pytest.mark.parametrize("name", ["worries", "agreed", "participants", "summary"])
def test_hundred_kilobytes_in_any_text_are_kept(brandt: User, someone: Patient, name: str) -> None:
    client = signed_in(brandt)
    answer = client.post(url("goals-draft", someone), sent(**{name: "ü" * 100_000}), headers=HTMX)
    assert answer.status_code == 200
    assert "has 100,000 characters; 20,000 can be signed." in answer.content.decode()
    assert len(GoalsDraft.objects.get().content[name]) == 100_000
    page = client.post(url("goals-new", someone), sent(**{name: "ü" * 100_000}, do="sign") | {"version": "1"})
    assert page.status_code == 422
    assert "is too long to sign" in page.content.decode()


def test_choices_that_nobody_offered_are_refused_and_the_rest_is_kept(brandt: User, someone: Patient) -> None:
    client = signed_in(brandt)
    page = client.post(
        url("goals-new", someone), sent(worries_codes=["dragons"], quoted=["summary"], capacity="maybe", do="sign")
    )
    assert page.status_code == 422
    assert GoalsDraft.objects.get().content["worries_codes"] == ["dragons"]


# --- merged, deceased ------------------------------------------------------------------------------------------------


def test_draft_follows_the_record_that_was_merged(brandt: User, someone: Patient) -> None:
    gone = patient(someone.team)
    row = draft(gone, brandt, now=timezone.now(), quote="typed in the record that went", worries="Pain")
    Patient.objects.filter(pk=gone.pk).update(merged_into=someone)
    client = signed_in(brandt)
    page = client.get(url("goals-new", gone)).content.decode()
    assert "typed in the record that went" in page
    assert "came along from the record that was merged" in page
    moved = own_draft(someone.pk, brandt)
    assert moved is not None
    assert (moved.pk, moved.content["worries"]) == (row.pk, "Pain")
    typing = client.post(url("goals-draft", gone), sent(quote="and went on") | {"tab": str(moved.tab)}, headers=HTMX)
    assert typing.status_code == 200
    assert GoalsDraft.objects.get().patient_id == someone.pk
    assert GoalsDraft.objects.get().content["quote"] == "and went on"


def test_two_drafts_become_one_without_losing_a_word(brandt: User, someone: Patient, now: datetime) -> None:
    gone = patient(someone.team)
    draft(gone, brandt, worries="Pain", strength="My dog", matters=["home"], code_status="dnr")
    draft(someone, brandt, worries="Being alone", strength="", matters=["family"], code_status="full")
    other = draft(gone, person(someone.team, Role.ONCOLOGIST), worries="of a colleague")
    Patient.objects.filter(pk=gone.pk).update(merged_into=someone)
    someone.refresh_from_db()
    joined = commands.follow_merged_draft(someone, by=brandt, now=now)
    assert joined is not None
    assert joined.content["worries"] == "Being alone\n\nPain"
    assert (joined.content["strength"], joined.content["code_status"]) == ("My dog", "full")
    assert joined.content["matters"] == ["family", "home"]
    assert list(GoalsDraft.objects.exclude(pk=joined.pk)) == [other]
    assert commands.follow_merged_draft(someone, by=brandt, now=now) is None


def test_signing_a_record_that_was_merged_says_where_to_go(brandt: User, someone: Patient) -> None:
    gone = patient(someone.team)
    row = draft(gone, brandt)
    Patient.objects.filter(pk=gone.pk).update(merged_into=someone)
    with pytest.raises(ValidationError, match="merged into another one"):
        sign_draft(row)
    assert GoalsDraft.objects.get().pk == row.pk


def test_conversation_held_before_the_death_is_signed_after_it(brandt: User, someone: Patient) -> None:
    before = draft(someone, brandt, held_on="2026-11-18", event_on="")
    Patient.objects.filter(pk=someone.pk).update(deceased_on=date(2026, 11, 20))
    someone.refresh_from_db()
    assert sign_draft(GoalsDraft.objects.get(pk=before.pk)).status == "signed"
    after = draft(someone, brandt, held_on="2026-11-21", event_on="")
    with pytest.raises(ValidationError, match="The patient died on 20 Nov 2026; the conversation lies after that day"):
        sign_draft(GoalsDraft.objects.get(pk=after.pk))
    page = signed_in(brandt).get(url("goals-new", someone)).content.decode()
    assert "died" in page.casefold()


def test_signed_conversations_are_read_through_after_a_merge(brandt: User, someone: Patient) -> None:
    row = conversation(someone, brandt, quote="Said before the merge")
    gone = patient(someone.team, merged_into=someone)
    assert "Said before the merge" in signed_in(brandt).get(url("goals-conversation", gone, row.pk)).content.decode()


def test_what_was_signed_in_the_record_that_went_is_found_in_the_one_that_stays(brandt: User, someone: Patient) -> None:
    gone = patient(someone.team)
    row = conversation(gone, brandt, quote="Said in the record that went")
    Patient.objects.filter(pk=gone.pk).update(merged_into=someone)
    client = signed_in(brandt)
    page = client.get(url("goals-panel", gone)).content.decode()
    assert ("Said in the record that went" in page, "From a merged record" in page) == (True, True)
    whole = client.get(url("goals-conversation", someone, row.pk))
    assert "Said in the record that went" in whole.content.decode()
