"""Calendar feeds: times that are right, changes that reach the program, links that open nothing they should not."""

from __future__ import annotations

import logging
import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from careteam.audit.models import AuditEvent
from careteam.calendars.commands import make_feed, renew_feed, revoke_feed, state, warn_of_end
from careteam.calendars.models import CalendarFeed, FeedEntry
from careteam.calendars.rules import Entry, FeedKind, Stated, calendar_text, vtimezone
from careteam.notifications.models import InboxItem
from careteam.people.models import Membership, Team, User
from careteam.people.rules import Role
from patients.record.models import NextStep
from patients.treatment.models import Administration
from tests import factories
from tumorboard.actions.models import Action
from tumorboard.boards.models import Board, BoardMember
from tumorboard.meetings.models import Meeting

NOW = factories.NOW
SLOT = datetime(2026, 12, 1, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize("name", ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
def test_zone_rules_say_the_offset_of_every_hour(name: str) -> None:
    first, last = date(2026, 1, 1), date(2027, 6, 30)
    changes = []
    for part in vtimezone(name, first, last).subcomponents:
        wall, before = part["dtstart"].dt, part["tzoffsetfrom"].td
        changes.append(((wall - before).replace(tzinfo=UTC), part["tzoffsetto"].td))
    assert changes == sorted(changes)
    moment, zone = datetime(2026, 1, 1, tzinfo=UTC), zoneinfo.ZoneInfo(name)
    while moment.date() <= last:
        said = [offset for at, offset in changes if at <= moment][-1]
        assert (moment, said) == (moment, moment.astimezone(zone).utcoffset())
        moment += timedelta(minutes=30)


def test_text_is_what_rfc_5545_asks_for() -> None:
    slot = Entry("study-7", "CT slot; bring, notes", SLOT, SLOT + timedelta(minutes=30), "Europe/Berlin", "/imaging/7/")
    due = Entry(
        "action-3", "Board action due " * 6, date(2026, 3, 29), date(2026, 3, 30), "Europe/Berlin", "/actions/3/"
    )
    text = calendar_text("Ö", [Stated(slot, 2, NOW, True), Stated(due, 0, NOW, False)], site="https://net.example.org/")
    lines = text.decode().split("\r\n")
    assert max(len(line.encode()) for line in lines) <= 75
    read = {str(event["uid"]): event for event in Calendar.from_ical(text).walk("VEVENT")}
    assert sorted(read) == ["action-3@net.example.org", "study-7@net.example.org"]
    for line in (
        "DTSTART;TZID=Europe/Berlin:20261201T093000",
        "DTSTART;VALUE=DATE:20260329",
        "DTEND;VALUE=DATE:20260330",
        "SEQUENCE:2",
        "STATUS:CANCELLED",
        "SUMMARY:CT slot\\; bring\\, notes",
        "URL:https://net.example.org/imaging/7/",
        "TZID:Europe/Berlin",
    ):
        assert (line, lines.count(line)) == (line, 1)


@pytest.fixture
def team() -> Team:
    return factories.team()


@pytest.fixture
def nurse(team: Team) -> User:
    return factories.person(team, Role.NURSE_COORDINATOR, name="Dana Whitcomb")


def entry(key: str, starts: datetime, title: str = "CT slot") -> Entry:
    return Entry(key, title, starts, starts + timedelta(minutes=30), "Europe/Berlin", f"/{key}/")


def said(feed: CalendarFeed, entries: list[Entry], at: datetime) -> list[tuple[str, int, bool]]:
    return sorted((row.entry.key, row.sequence, row.is_cancelled) for row in state(feed, entries, now=at))


@pytest.mark.django_db
def test_state_counts_changes_and_keeps_what_was_cancelled_for_a_month(nurse: User) -> None:
    feed, _ = make_feed(FeedKind.PERSON, name="Mine", by=nurse, now=NOW)
    first, moved = entry("study-1", SLOT), entry("study-1", SLOT + timedelta(days=1))
    past = entry("study-2", NOW + timedelta(hours=1))
    assert said(feed, [first, past], NOW) == [("study-1", 0, False), ("study-2", 0, False)]
    with CaptureQueriesContext(connection) as queries:
        assert said(feed, [first, past], NOW + timedelta(minutes=1)) == [("study-1", 0, False), ("study-2", 0, False)]
    assert [query["sql"][:6] for query in queries if query["sql"][:6] in {"INSERT", "UPDATE", "DELETE"}] == []
    later = NOW + timedelta(hours=2)  # the second one has begun: it is over, not off
    assert said(feed, [moved], later) == [("study-1", 1, False), ("study-2", 0, False)]
    assert said(feed, [], later) == [("study-1", 2, True), ("study-2", 0, False)]
    assert said(feed, [], later + timedelta(days=29)) == [("study-1", 2, True), ("study-2", 0, False)]
    assert said(feed, [moved], later) == [("study-1", 3, False), ("study-2", 0, False)]
    assert said(feed, [], later) == [("study-1", 4, True), ("study-2", 0, False)]
    assert said(feed, [], later + timedelta(days=30)) == [("study-2", 0, False)]
    assert said(feed, [], later + timedelta(days=32)) == []
    assert FeedEntry.objects.count() == 0


def everything_of(nurse: User, team: Team) -> Any:
    """A patient for whom the person has one of each: slot, dose, meeting, action, conversation."""
    patient = factories.patient(team, family_name="Secretname", given_name="Zebedee", mrn="MRN-SECRET")
    factories.responsible(patient, nurse, Role.NURSE_COORDINATOR)
    factories.study(patient, status="scheduled", scheduled_for=SLOT, place="Room of Secretname", owner=nurse)
    line = factories.line(patient, modality="prrt", agent="Lu-177")
    Administration.objects.create(patient=patient, line=line, number=2, planned_on=date(2026, 12, 3))
    board = Board.objects.create(
        team=team,
        name="NET board",
        rrule="FREQ=WEEKLY;BYDAY=TH",
        starts_on=NOW.date(),
        local_time=time(14),
        place="Room 4",
    )
    BoardMember.objects.create(board=board, user=nurse, specialty="nursing")
    start = datetime(2026, 11, 26, 13, tzinfo=UTC)
    Meeting.objects.create(
        board=board, starts_at=start, ends_at=start + timedelta(hours=1), cutoff_at=start, occurrence_on=start.date()
    )
    Action.objects.create(patient=patient, what="Call Secretname", owner=nurse, due_on=date(2026, 12, 10))
    NextStep.objects.create(
        patient=patient, team=team, kind="goals", source_key="prompt:1", what="Goals", owner=nurse,
        due_on=date(2026, 12, 4), opened_at=NOW,
    )  # fmt: skip
    return patient


@pytest.mark.django_db
def test_feed_holds_what_is_ones_own_and_no_word_about_a_patient(nurse: User, team: Team) -> None:
    patient = everything_of(nurse, team)
    factories.study(patient, status="scheduled", scheduled_for=SLOT, modality="mri")  # nobody's
    gone = factories.patient(team, status="discharged")
    factories.study(gone, status="scheduled", scheduled_for=SLOT, owner=nurse)
    mine, token = make_feed(FeedKind.PERSON, name="Mine", by=nurse, now=NOW)
    of_team, team_token = make_feed(FeedKind.TEAM, name="Team", team=team, by=nurse, now=NOW)
    with time_machine.travel(NOW, tick=False):
        answer, whole = (Client().get(f"/calendar/{key}.ics") for key in (token, team_token))
        again = Client().get(f"/calendar/{token}.ics", headers={"If-None-Match": answer["ETag"]})
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert answer["Cache-Control"] == "private, no-cache"
    assert (again.status_code, again.content) == (304, b"")
    titles = {str(event["summary"]) for event in Calendar.from_ical(answer.content).walk("VEVENT")}
    assert titles == {"CT slot", "PRRT", "NET board", "Board action due", "Goals conversation"}
    titles = sorted(str(event["summary"]) for event in Calendar.from_ical(whole.content).walk("VEVENT"))
    assert titles == ["CT slot", "MRI slot", "NET board"]
    for word in ("Secretname", "Zebedee", "SECRET"):
        assert word not in answer.content.decode() + whole.content.decode()
    assert CalendarFeed.objects.get(pk=mine.pk).last_used_at == NOW
    assert not CalendarFeed.objects.filter(token_digest__contains=token[:20]).exists()
    assert {feed.token_digest == token for feed in CalendarFeed.objects.all()} == {False}
    # as many queries for one slot as for three
    costs = []
    for _ in range(2):
        with time_machine.travel(NOW, tick=False), CaptureQueriesContext(connection) as queries:
            Client().get(f"/calendar/{team_token}.ics")
        costs.append(len(queries))
        for number in range(2):
            factories.study(patient, status="scheduled", scheduled_for=SLOT + timedelta(days=number))
            with time_machine.travel(NOW, tick=False):
                Client().get(f"/calendar/{team_token}.ics")
    assert costs[0] == costs[1]
    assert of_team.kind == "team"


@pytest.mark.django_db
def test_links_open_nothing_once_they_should_not(nurse: User, team: Team, caplog: pytest.LogCaptureFixture) -> None:
    def statuses(*tokens: str, at: datetime = NOW) -> list[int]:
        with time_machine.travel(at, tick=False):
            return [Client().get(f"/calendar/{token}.ics").status_code for token in tokens]

    mine, token = make_feed(FeedKind.PERSON, name="Mine", by=nurse, now=NOW)
    _, of_team = make_feed(FeedKind.TEAM, name="Team", team=team, by=nurse, now=NOW)
    assert len(token) == 43  # 256 bits
    assert statuses(token, of_team, "wrong") == [200, 200, 404]
    assert statuses(token, at=NOW + timedelta(days=365)) == [404]
    _, renewed = renew_feed(mine, by=nurse, now=NOW)
    assert statuses(token, renewed) == [404, 200]
    with pytest.raises(ValidationError, match="somebody else's"):
        revoke_feed(mine, by=factories.person(team), now=NOW)
    Membership.objects.filter(user=nurse).update(ended_on=NOW.date())
    assert statuses(of_team, renewed) == [404, 200]
    User.objects.filter(pk=nurse.pk).update(is_active=False, deactivated_at=NOW)
    assert statuses(renewed) == [404]
    User.objects.filter(pk=nurse.pk).update(is_active=True)
    revoke_feed(mine, by=nurse, now=NOW)
    assert statuses(renewed) == [404]
    acts = AuditEvent.objects.filter(action__startswith="calendars.").order_by("pk").values_list("action", flat=True)
    assert [act.split(".")[1] for act in acts] == ["make_feed", "make_feed", "renew_feed", "revoke_feed"]
    with caplog.at_level(logging.DEBUG):
        assert 429 in statuses(*[f"guess{number}" for number in range(21)])
    logged = caplog.text
    assert "/calendar/(token).ics" in logged
    assert all(secret not in logged for secret in (token, renewed, of_team, "guess1"))


@pytest.mark.django_db
def test_page_shows_a_link_once_and_only_ones_own(nurse: User, team: Team) -> None:
    client = Client()
    client.force_login(nurse)
    page = client.post("/preferences/calendars/", {"of": f"team-{team.pk}"})
    address = page.context["address"]
    path = address[address.index("/calendar/") :]
    assert (page.status_code, page["Cache-Control"], address in page.content.decode()) == (200, "no-store", True)
    assert Client().get(path).status_code == 200
    later = client.get("/preferences/calendars/").content.decode()
    assert (address in later, team.name in later) == (False, True)
    feed = CalendarFeed.objects.get()
    stranger = Client()
    stranger.force_login(factories.person(team))
    for act in ("renew", "revoke"):
        assert stranger.post(f"/preferences/calendars/{feed.pk}/{act}/").status_code == 404
    assert client.post("/preferences/calendars/", {"of": f"team-{factories.team().pk}"}).status_code == 422
    fresh = client.post(f"/preferences/calendars/{feed.pk}/renew/").context["address"]
    assert Client().get(path).status_code == 404
    assert Client().get(fresh[fresh.index("/calendar/") :]).status_code == 200
    assert client.post(f"/preferences/calendars/{feed.pk}/revoke/").status_code == 303
    assert Client().get(fresh[fresh.index("/calendar/") :]).status_code == 404
    outsider = Client()
    outsider.force_login(factories.person(team, Role.AUDITOR))
    choices = [value for value, _ in outsider.get("/preferences/calendars/").context["form"].fields["of"].choices]
    assert choices == ["person-0"]


@pytest.mark.django_db
def test_end_of_a_link_is_told_once_two_weeks_before(nurse: User) -> None:
    make_feed(FeedKind.PERSON, name="Mine", by=nurse, now=NOW)
    days = [NOW + timedelta(days=on) for on in (350, 352, 353)]
    assert [warn_of_end(url="/preferences/calendars/", now=on) for on in days] == [0, 1, 0]
    assert InboxItem.objects.get().title == "Calendar link “Mine” ends on 23 Nov 2027: renew it"
