"""What changed between two versions: every line, word by word, and nothing of what was retracted."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from careteam.people.models import User
from careteam.people.rules import Role
from patients.goals import commands
from patients.goals.queries import conversations_of, differences, lines_of
from patients.record.models import Patient
from tests.factories import patient, person, team
from tests.factories.goals import conversation

pytestmark = pytest.mark.django_db


@pytest.fixture
def brandt() -> User:
    return person(team(), Role.PALLIATIVE, name="Lena Brandt", title="Dr")


@pytest.fixture
def someone(brandt: User) -> Patient:
    return patient(brandt.memberships.get().team)


def _two(someone: Patient, brandt: User) -> None:
    conversation(
        someone, brandt, worries="Pain at night", quoted=["worries"], place_of_care="home", hopes_codes=["travel"]
    )
    conversation(
        someone,
        brandt,
        worries="Pain at night, and being alone",
        quoted=["worries"],
        place_of_care="",
        hopes_codes=["travel", "peace"],
        hospital_nights_more="",
        hospital_nights_acceptance="",
        weekly_travel_acceptance="good_reason",
    )


def test_every_line_is_added_removed_changed_or_unchanged(brandt: User, someone: Patient) -> None:
    _two(someone, brandt)
    after, before = conversations_of(someone.pk)
    kinds = {each.label: each.kind for each in differences(before, after)}
    assert kinds["Worries"] == "changed"
    assert kinds["Place of care"] == "removed"
    assert kinds["Hopes"] == "changed"
    assert kinds["Day"] == "unchanged"
    trades = [each for each in differences(before, after) if each.label == "Trade-off"]
    assert sorted(each.kind for each in trades) == ["added", "removed"]


def test_what_is_read_has_a_line_for_every_field_that_says_something(brandt: User, someone: Patient) -> None:
    row = conversation(someone, brandt, spiritual="Visits of the chaplain", hopes="To sing again", quoted=["hopes"])
    lines = {line.key: line for line in lines_of(row, row.trade_offs.all())}
    assert lines["spiritual"].text == "Visits of the chaplain"
    assert (lines["hopes"].said, lines["spiritual"].said) == (True, False)
    assert "worries" not in lines


def test_page_marks_words_and_reads_without_color(client: Client, brandt: User, someone: Patient) -> None:
    _two(someone, brandt)
    client.force_login(brandt)
    text = client.get(reverse("goals-compare", args=[someone.pk])).content.decode()
    assert "“Pain at <del>night”</del> <ins>night, and being alone”</ins>" in text
    assert "version 1 of 20 Nov 2026 against version 2 of 20 Nov 2026" in text
    assert "Not said any more" in text
    assert "Added" in text
    panel = client.get(reverse("goals-panel", args=[someone.pk])).content.decode()
    assert reverse("goals-compare", args=[someone.pk]) in panel
    newest = conversations_of(someone.pk)[0]
    read = client.get(reverse("goals-conversation", args=[someone.pk, newest.pk])).content.decode()
    assert f"?to={newest.pk}" in read


def test_any_two_versions_and_never_a_retracted_one(
    client: Client, brandt: User, someone: Patient, now: datetime
) -> None:
    first = conversation(someone, brandt, quote="First words")
    wrong = conversation(someone, brandt, quote="Of somebody else", now=now + timedelta(minutes=1))
    commands.retract(wrong, reason="Belongs to the next patient.", by=brandt, now=now + timedelta(minutes=2))
    third = conversation(someone, brandt, quote="Third words", now=now + timedelta(minutes=3))
    client.force_login(brandt)
    url = reverse("goals-compare", args=[someone.pk])
    text = client.get(url).content.decode()
    assert "<del>First</del> <ins>Third</ins> words" in text
    asked = client.get(f"{url}?from={wrong.pk}&to={third.pk}").content.decode()
    assert "Of somebody else" not in asked
    assert "its text is withheld" in asked
    back = client.get(f"{url}?from={third.pk}&to={first.pk}").content.decode()
    assert "<del>Third</del> <ins>First</ins> words" in back
    for nonsense in ("?from=x&to=y", f"?to={first.pk}", "?from=99999999999999"):
        assert client.get(url + nonsense).status_code == 200
    client.force_login(person(team(), Role.PALLIATIVE))
    assert client.get(url).status_code == 404


def test_page_needs_no_more_queries_for_three_versions(client: Client, brandt: User, someone: Patient) -> None:
    client.force_login(brandt)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse("goals-compare", args=[someone.pk])).status_code == 200
        return len(captured)

    conversation(someone, brandt)
    queries()
    one = queries()
    conversation(someone, brandt)
    conversation(someone, brandt)
    assert queries() == one


def test_one_version_says_that_there_is_nothing_to_compare(client: Client, brandt: User, someone: Patient) -> None:
    client.force_login(brandt)
    url = reverse("goals-compare", args=[someone.pk])
    assert "No conversation yet" in client.get(url).content.decode()
    conversation(someone, brandt)
    assert "Only one version" in client.get(url).content.decode()
