"""The state of goals that banner, board and lists read."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from careteam.people.rules import Role
from patients.goals.queries import goals_of, goals_summary, timeline_marks
from patients.protocol.models import ProtocolSignature
from patients.record.models import DiseaseStatus
from tests.factories import NOW, patient, person, team
from tests.factories.goals import conversation, draft, prompt

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


def test_goals_of_nobody_says_so() -> None:
    goals = goals_of(patient(team()).pk, TODAY)
    assert (goals.exists, goals.headline, goals.code_status_words, goals.has_limits, goals.prompt) == (
        False,
        "",
        "",
        False,
        None,
    )


def test_goals_of_carries_what_the_others_show() -> None:
    home = team()
    someone = patient(home)
    signed = conversation(someone, person(home, Role.PALLIATIVE, name="Lena Brandt", title="Dr"))
    goals = goals_of(someone.pk, date(2027, 10, 21))
    assert (goals.conversation_id, goals.signed_by, goals.age_months, goals.age_words) == (
        signed.pk,
        "Dr Lena Brandt",
        11,
        "11 months old",
    )
    assert (goals.headline, goals.information_words, goals.code_status_words, goals.has_limits) == (
        "Being at home; A clear head",
        "Big picture, no numbers",
        "DNR",
        True,
    )
    assert (goals.event, goals.event_passed) == ("Christmas at home", True)
    assert [each.words for each in goals.trade_offs] == ["Hospital nights for treatment, > 1, not accepted"]
    assert (goals.before_progression, goals.review_due, goals.review_on) == (False, False, date(2027, 11, 20))


def test_goals_of_marks_what_was_said_before_the_last_progression() -> None:
    home = team()
    someone = patient(home)
    conversation(someone, person(home, Role.PALLIATIVE))
    assert goals_of(someone.pk, TODAY).progression_words == ""
    DiseaseStatus.objects.create(patient=someone, assessed_on=date(2026, 11, 20), category="PD", method="recist")
    assert goals_of(someone.pk, TODAY).before_progression is False
    assert goals_of(someone.pk, TODAY).progression_words == "after the last progression"
    DiseaseStatus.objects.create(patient=someone, assessed_on=date(2026, 11, 21), category="PD", method="recist")
    assert goals_of(someone.pk, TODAY).before_progression is True
    assert goals_of(someone.pk, TODAY).progression_words == "before the last progression"


def test_goals_of_reviews_by_the_date_named_or_the_number_the_team_signed(now: datetime) -> None:
    home = team()
    author = person(home, Role.PALLIATIVE)
    named, plain = patient(home), patient(home)
    conversation(named, author, next_review_on="2026-12-20")
    conversation(plain, author)
    assert goals_of(named.pk, TODAY).review_on == date(2026, 12, 20)
    ProtocolSignature.objects.create(
        team=home, code="goals.review", version=1, value=180, signed_by=author, signed_at=now
    )
    assert goals_of(plain.pk, TODAY).review_on == date(2027, 5, 19)


def test_goals_summary_takes_three_queries_for_any_number() -> None:
    home = team()
    author = person(home, Role.PALLIATIVE)

    def queries(count: int) -> int:
        people = [patient(home) for _ in range(count)]
        for someone in people:
            conversation(someone, author)
            prompt(someone)
            draft(someone, author)
        with CaptureQueriesContext(connection) as captured:
            found = goals_summary([someone.pk for someone in people], TODAY)
        assert [len(found[s.pk].drafts) for s in people] == [1] * count
        assert all(found[s.pk].exists and found[s.pk].prompt for s in people)
        return len(captured)

    assert (queries(1), queries(3)) == (3, 3)


def test_goals_summary_of_nobody_asks_nothing() -> None:
    with CaptureQueriesContext(connection) as captured:
        assert goals_summary([], TODAY) == {}
    assert len(captured) == 0


def test_timeline_marks_are_short() -> None:
    home = team()
    someone, author = patient(home), person(home, Role.PALLIATIVE)
    conversation(someone, author, now=NOW - timedelta(days=9), held_on="2026-11-01", matters=[])
    conversation(someone, author, held_on="2026-11-20", matters=[], code_status="")
    conversation(someone, author, held_on="2026-11-21")
    assert [(mark.held_on.day, mark.label) for mark in timeline_marks(someone.pk)] == [
        (1, "DNR recorded"),
        (20, "Conversation"),
        (21, "Being at home"),
    ]


@pytest.mark.django_db
def test_a_talk_that_does_not_touch_a_trade_off_does_not_erase_it(now: datetime) -> None:
    home = team()
    someone, author = patient(home), person(home, Role.PALLIATIVE)
    conversation(someone, author, held_on="2026-10-10", biopsies_acceptance="accepts")
    later = {"hospital_nights_acceptance": "", "hospital_nights_more": "", "biopsies_acceptance": "not_accepted"}
    conversation(someone, author, **later)
    assert [each.words for each in goals_of(someone.pk, now.date()).trade_offs] == [
        "Biopsies, > 0, not accepted",
        "Hospital nights for treatment, > 1, not accepted (said 10 Oct 2026)",
    ]
