"""One wish of a kind holds; a newer one ends it, and when that is taken back the older holds again."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from careteam.audit.models import AuditEvent
from careteam.people.models import User
from careteam.people.rules import Role
from patients import migrations
from patients.goals import commands as goals
from patients.goals.models import GoalsConversation
from patients.goals.queries import goals_of, goals_summary
from patients.record.models import Patient
from patients.wishes.models import Wish
from patients.wishes.rules import WishKind
from tests.factories import NOW, patient, person, team
from tests.factories.goals import conversation

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


@pytest.fixture
def author() -> User:
    return person(team(), Role.PALLIATIVE)


@pytest.fixture
def someone(author: User) -> Patient:
    return patient(author.memberships.get().team)


def holding(someone: Patient) -> dict[str, str]:
    return {row.kind: row.text for row in Wish.objects.holding().filter(patient=someone)}


def talk(someone: Patient, author: User, day: int, **said: str) -> GoalsConversation:
    blank = {"code_status": "", "information_preference": ""}
    return conversation(someone, author, now=NOW + timedelta(hours=day), held_on=f"2026-11-{day:02}", **(blank | said))


def test_a_signature_writes_what_was_said_with_its_source(someone: Patient, author: User) -> None:
    signed = talk(
        someone,
        author,
        10,
        code_status="dnr",
        code_status_procedure="suspended",
        treatment_limits="No feeding tube.",
        place_of_care="home",
        place_of_death="hospice",
        information_preference="big_picture",
        order_location="POLST, green folder",
        spiritual="Rosary",
    )
    assert holding(someone) == {
        "code_status": "DNR",
        "procedure": "Suspended until recovery",
        "limit": "No feeding tube.",
        "place_of_care": "At home",
        "place_of_death": "Hospice",
        "information": "Big picture, no numbers",
        "order": "POLST, green folder",
        "spiritual": "Rosary",
    }
    rows = Wish.objects.filter(patient=someone)
    assert {(row.conversation_id, row.since, row.recorded_by) for row in rows} == {
        (signed.pk, date(2026, 11, 10), author)
    }
    assert AuditEvent.objects.get(action="wishes.take_from_conversation").details["conversation"] == signed.pk


def test_what_was_not_spoken_of_goes_on_holding(someone: Patient, author: User) -> None:
    talk(someone, author, 10, code_status="dnr", treatment_limits="No feeding tube.", place_of_care="home")
    talk(someone, author, 12, code_status="full")
    assert holding(someone) == {"code_status": "Full", "limit": "No feeding tube.", "place_of_care": "At home"}
    old = Wish.objects.get(patient=someone, code="dnr")
    assert (old.ended_on, old.end_reason, old.replaced_by) == (
        date(2026, 11, 12),
        "replaced",
        Wish.objects.get(code="full"),
    )
    goals_now = goals_of(someone.pk, TODAY)
    assert (goals_now.code_status, goals_now.code_status_on, goals_now.limits, goals_now.treatment_limits) == (
        "full",
        date(2026, 11, 12),
        ("other",),
        "No feeding tube.",
    )


def test_a_later_talk_says_limits_in_other_words_instead_of_beside_them(someone: Patient, author: User) -> None:
    talk(someone, author, 10, treatment_limits="No feeding tube.")
    talk(someone, author, 12, treatment_limits="No feeding tube, no dialysis.")
    assert goals_of(someone.pk, TODAY).treatment_limits == "No feeding tube, no dialysis."


def test_retraction_brings_back_what_held_before(someone: Patient, author: User) -> None:
    talk(someone, author, 10, code_status="dnr", place_of_care="home")
    wrong = talk(someone, author, 12, code_status="full", place_of_care="hospital", spiritual="none")
    goals.retract(wrong, reason="Belongs to the namesake.", by=author, now=NOW + timedelta(hours=20))
    assert holding(someone) == {"code_status": "DNR", "place_of_care": "At home"}
    gone = Wish.objects.get(code="full")
    assert (gone.error_by, gone.error_reason) == (author, "Belongs to the namesake.")
    assert AuditEvent.objects.filter(action="wishes.error").count() == 3


def test_retraction_of_one_in_the_middle_leaves_the_newest(someone: Patient, author: User) -> None:
    talk(someone, author, 10, code_status="dnr")
    middle = talk(someone, author, 11, code_status="full")
    last = talk(someone, author, 12, code_status="dni")
    goals.retract(middle, reason="Belongs to the namesake.", by=author, now=NOW + timedelta(hours=20))
    assert holding(someone) == {"code_status": "DNI"}
    assert Wish.objects.get(code="dnr").replaced_by == Wish.objects.get(code="dni")
    goals.retract(last, reason="Belongs to the namesake, too.", by=author, now=NOW + timedelta(hours=21))
    assert holding(someone) == {"code_status": "DNR"}


def test_the_database_lets_one_hold(someone: Patient, now: datetime) -> None:
    row = {"patient": someone, "kind": WishKind.CODE_STATUS, "since": TODAY, "recorded_at": now}
    Wish.objects.create(**row, code="dnr")
    with pytest.raises(IntegrityError), transaction.atomic():
        Wish.objects.create(**row, code="full")


def test_wishes_are_read_without_a_conversation_and_say_when_they_expired(someone: Patient, now: datetime) -> None:
    rows = {"patient": someone, "since": date(2026, 5, 1), "recorded_at": now}
    Wish.objects.create(**rows, kind="code_status", code="dnr", valid_until=date(2026, 11, 1))
    Wish.objects.create(**rows, kind="limit", code="no_icu")
    Wish.objects.create(**rows, kind="limit", code="other", words="No helicopter")
    found = goals_of(someone.pk, TODAY)
    assert (found.exists, found.code_status, found.code_status_expired) == (False, "dnr", True)
    assert found.treatment_limits == "No intensive care; No helicopter"
    assert found.has_limits


def test_goals_take_three_queries_with_any_number_of_wishes(author: User, now: datetime) -> None:
    def queries(count: int) -> int:
        people = [patient(author.memberships.get().team) for _ in range(count)]
        for each in people:
            talk(each, author, 10, code_status="dnr", treatment_limits="No feeding tube.")
        with CaptureQueriesContext(connection) as captured:
            goals_summary([each.pk for each in people], TODAY)
        return len(captured)

    assert (queries(1), queries(3)) == (3, 3)


def test_the_migration_fills_wishes_from_the_conversations_of_before(someone: Patient, author: User) -> None:
    def row(day: int, status: str = "superseded", **said: str) -> GoalsConversation:
        who = {"signed_by": author, "signed_at": NOW, "summary": "Said."}
        if status == "retracted":
            who |= {"retracted_at": NOW, "retracted_by": author, "retract_reason": "Namesake"}
        held = date(2026, 11, day)
        return GoalsConversation.objects.create(patient=someone, status=status, held_on=held, **who, **said)

    row(1, code_status="full", spiritual="Rosary")
    row(2, status="retracted", code_status="dni")
    last = row(3, status="signed", code_status="dnr", treatment_limits="No dialysis")
    (found,) = Path(migrations.__file__).parent.glob("*_wishes.py")
    fill = import_module(f"patients.migrations.{found.stem}").FILL
    with connection.cursor() as cursor:
        for statement in fill:
            cursor.execute(statement)
    assert holding(someone) == {"code_status": "DNR", "spiritual": "Rosary", "limit": "No dialysis"}
    old = Wish.objects.get(code="full")
    assert (old.ended_on, old.replaced_by) == (date(2026, 11, 3), Wish.objects.get(conversation=last, code="dnr"))


def test_what_the_proxy_said_in_a_conversation_is_the_proxy_s(someone: Patient, author: User) -> None:
    conversation(someone, author, proxy_speaks="on")
    assert set(Wish.objects.filter(patient=someone).values_list("said_by", flat=True)) == {"proxy"}
