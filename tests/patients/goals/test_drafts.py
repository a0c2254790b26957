"""Drafts: kept while typing, one author's own, guarded against a second tab."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError

from careteam.audit.models import AuditEvent
from careteam.people.rules import Role
from patients.goals import commands
from patients.goals.models import GoalsDraft
from patients.goals.queries import goals_of, own_draft
from patients.record.models import StaleEdit
from tests.factories import patient, person, team
from tests.factories.goals import draft, typed

pytestmark = pytest.mark.django_db


def test_save_draft_keeps_what_was_typed_however_wrong(now: datetime) -> None:
    home = team()
    someone = patient(home)
    author = person(home, Role.PALLIATIVE)
    saved = commands.save_draft(
        someone, typed(held_on="tomorrow?", quote="x" * 100_000), tab=uuid4(), version=0, by=author, now=now
    )
    assert saved is not None
    kept = own_draft(someone.pk, author)
    assert kept is not None
    assert (kept.content["held_on"], len(kept.content["quote"]), kept.version) == ("tomorrow?", 100_000, 1)
    assert AuditEvent.objects.get(action="goals.save_draft").details == {"version": 1}


def test_save_draft_of_nothing_keeps_nothing(now: datetime) -> None:
    home = team()
    author = person(home, Role.PALLIATIVE)
    assert commands.save_draft(patient(home), {"quote": ""}, tab=uuid4(), version=0, by=author, now=now) is None
    assert GoalsDraft.objects.count() == 0


def test_save_draft_refuses_more_than_a_megabyte(now: datetime) -> None:
    home = team()
    author = person(home, Role.PALLIATIVE)
    with pytest.raises(ValidationError, match="more text than a draft can hold"):
        commands.save_draft(patient(home), typed(quote="x" * 1_000_001), tab=uuid4(), version=0, by=author, now=now)


def test_save_draft_of_the_same_tab_overtakes_itself(now: datetime) -> None:
    home = team()
    someone, author, tab = patient(home), person(home, Role.PALLIATIVE), uuid4()
    for quote in ("one", "two", "three"):
        commands.save_draft(someone, typed(quote=quote), tab=tab, version=0, by=author, now=now)
    kept = own_draft(someone.pk, author)
    assert kept is not None
    assert (kept.version, kept.content["quote"]) == (3, "three")


def test_save_draft_of_another_tab_needs_the_newest_version(now: datetime) -> None:
    home = team()
    someone, author = patient(home), person(home, Role.PALLIATIVE)
    first = draft(someone, author, quote="desk")
    with pytest.raises(StaleEdit) as stale:
        commands.save_draft(someone, typed(quote="phone"), tab=uuid4(), version=0, by=author, now=now)
    assert (stale.value.current.pk, stale.value.current.version) == (first.pk, first.version)
    commands.save_draft(someone, typed(quote="phone"), tab=uuid4(), version=first.version, by=author, now=now)
    with pytest.raises(StaleEdit):
        commands.save_draft(someone, typed(quote="desk"), tab=first.tab, version=first.version, by=author, now=now)
    kept = own_draft(someone.pk, author)
    assert kept is not None
    assert kept.content["quote"] == "phone"
    commands.save_draft(someone, typed(quote="mine"), tab=first.tab, version=1, by=author, now=now, overwrite=True)
    kept.refresh_from_db()
    assert kept.content["quote"] == "mine"


def test_drafts_of_two_authors_stand_side_by_side_and_show_only_their_names(now: datetime) -> None:
    home = team()
    someone = patient(home)
    brandt = person(home, Role.PALLIATIVE, name="Lena Brandt", title="Dr")
    okafor = person(home, Role.ONCOLOGIST, name="Ines Okafor", title="Dr")
    draft(someone, brandt, quote="said to Brandt")
    draft(someone, okafor, now=now + timedelta(minutes=1), quote="said to Okafor")
    goals = goals_of(someone.pk, now.date())
    assert goals.draft_by == ("Dr Lena Brandt", "Dr Ines Okafor")
    assert "said to" not in repr(goals)
    mine = own_draft(someone.pk, okafor)
    assert mine is not None
    assert mine.content["quote"] == "said to Okafor"


def test_save_draft_needs_the_right_in_the_owning_team(now: datetime) -> None:
    home, elsewhere = team(), team()
    stranger = person(elsewhere, Role.PALLIATIVE)
    clerk = person(home, Role.BOARD_COORDINATOR)
    for author in (stranger, clerk):
        with pytest.raises(ValidationError):
            commands.save_draft(patient(home), typed(), tab=uuid4(), version=0, by=author, now=now)


def test_discard_draft_takes_only_the_own_one(now: datetime) -> None:
    home = team()
    someone, brandt, okafor = patient(home), person(home, Role.PALLIATIVE), person(home, Role.ONCOLOGIST)
    draft(someone, brandt)
    assert commands.discard_draft(someone, by=okafor, now=now) is False
    assert commands.discard_draft(someone, by=brandt, now=now) is True
    assert GoalsDraft.objects.count() == 0
