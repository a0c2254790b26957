"""Projector, presenter, clock, presence, private notes, two people on one decision."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.urls import reverse

from careteam.audit.models import AuditEvent
from careteam.people.models import User
from careteam.people.rules import Role, Specialty
from tests import factories
from tests.factories.board import Room
from tumorboard.decisions.models import Decision
from tumorboard.decisions.rules import Option
from tumorboard.live.commands import purge_notes, save_note
from tumorboard.live.models import PrivateNote, ProjectorSession
from tumorboard.live.queries import note_of
from tumorboard.live.rules import Clock, clock_of
from tumorboard.meetings.commands import hold, set_attendance, show_item
from tumorboard.meetings.models import AgendaItem, Attendance
from tumorboard.meetings.queries import quorum_for

pytestmark = pytest.mark.django_db


def _as(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def on(room: Room) -> AgendaItem:
    item = room.item()
    room.start()
    show_item(room.meeting, item, by=room.chair, now=room.meeting_time)
    return item


def _projector(room: Room, by: User) -> Client:
    client = _as(by)
    answer = client.post(reverse("projector-start", args=[room.meeting.pk]))
    assert (answer.status_code, answer["Location"]) == (303, reverse("projector", args=[room.meeting.pk]))
    return client


def test_projector_needs_nobody_signed_in_and_shows_what_is_for_the_room(room: Room, on: AgendaItem) -> None:
    save_note(on, "Mine alone", by=room.chair, now=room.now)
    screen = _projector(room, room.chair)
    assert "sessionid" not in {name for name, cookie in screen.cookies.items() if cookie.value}
    page = screen.get(reverse("projector", args=[room.meeting.pk]))
    html = page.content.decode()
    assert page.status_code == 200
    assert on.patient.family_name in html
    assert "Case 1 of 1" in html
    assert "Mine alone" not in html
    assert ("decision-form" in html, "live-go" in html, "<form" in html) == (False, False, False)
    read = AuditEvent.objects.filter(kind="read").latest("pk")
    assert (read.actor, read.patient_ids, read.action) == (room.chair, [on.patient_id], "projector")


def test_projector_opens_nothing_else(room: Room, on: AgendaItem) -> None:
    screen = _projector(room, room.chair)
    other = factories.person(factories.team(), Role.ONCOLOGIST)
    assert screen.get(reverse("live", args=[room.meeting.pk])).status_code == 302
    assert screen.get(f"/patients/{on.patient_id}/").status_code == 302
    assert screen.post(reverse("live-go", args=[room.meeting.pk]), {"steps": "1"}).status_code == 302
    assert screen.get(reverse("projector", args=[room.meeting.pk + 1])).status_code == 302
    assert _as(other).get(reverse("projector", args=[room.meeting.pk])).status_code == 404
    screen.cookies["projector"] = "guessed"
    assert screen.get(reverse("projector", args=[room.meeting.pk])).status_code == 302


def test_projector_has_no_idle_timeout_and_ends_with_the_meeting(room: Room, on: AgendaItem) -> None:
    screen, url = _projector(room, room.chair), reverse("projector", args=[room.meeting.pk])
    with time_machine.travel(room.now + timedelta(seconds=settings.SESSION_IDLE_SECONDS * 2)):
        assert screen.get(url).status_code == 200
    assert screen.get(reverse("projector-stream", args=[room.meeting.pk]))["Content-Type"] == "text/event-stream"
    with time_machine.travel(room.meeting.ends_at + timedelta(hours=7)):
        assert screen.get(url).status_code == 302  # nobody ended the meeting
    hold(room.meeting, by=room.chair, now=room.meeting_time)
    assert screen.get(url).status_code == 302


def test_projector_ends_when_it_is_told_to_or_who_started_it_leaves(room: Room, on: AgendaItem) -> None:
    url = reverse("projector", args=[room.meeting.pk])
    screen = _projector(room, room.chair)
    assert _as(room.coordinator).post(reverse("projector-end", args=[room.meeting.pk])).status_code == 303
    assert screen.get(url).status_code == 302
    screen = _projector(room, room.coordinator)
    room.coordinator.memberships.update(ended_on=room.now.date() - timedelta(days=1))
    assert screen.get(url).status_code == 302
    started = AuditEvent.objects.filter(action="live.start_projector").order_by("pk")
    assert [event.actor for event in started] == [room.chair, room.coordinator]


def test_projector_is_started_by_who_runs_the_meeting(room: Room, on: AgendaItem) -> None:
    url = reverse("projector-start", args=[room.meeting.pk])
    assert _as(room.nurse).post(url).status_code == 422
    hold(room.meeting, by=room.chair, now=room.meeting_time)
    assert _as(room.chair).post(url).status_code == 422
    assert ProjectorSession.objects.count() == 0


def test_presenter_steers_from_the_big_page(room: Room, on: AgendaItem) -> None:
    second = room.item()
    client, url = _as(room.chair), reverse("projector", args=[room.meeting.pk])
    html = client.get(url).content.decode()
    assert f"Next: {second.patient.name}" in html
    answer = client.post(reverse("live-go", args=[room.meeting.pk]), {"steps": "1", "back": "projector"})
    assert (answer.status_code, answer["Location"]) == (303, url)
    assert second.patient.family_name in client.get(url).content.decode()
    assert 'name="steps"' not in _as(room.dietitian).get(url).content.decode()


def test_clock_counts_the_case_and_what_is_left_of_the_meeting(room: Room) -> None:
    at, end = room.now, room.now + timedelta(minutes=30)
    ten = timedelta(minutes=10)
    assert clock_of(shown_at=None, minutes=0, waiting=[10, 10], length=60, ends_at=end, now=at) == Clock(None, 0, 30, 0)
    late = clock_of(
        shown_at=at - ten - timedelta(seconds=12), minutes=10, waiting=[10, 25], length=60, ends_at=end, now=at
    )
    assert (late.words, late.is_over, late.left, late.behind) == ("10:12", True, 30, 5)
    started = clock_of(shown_at=at, minutes=10, waiting=[15, 10], length=60, ends_at=end, now=at)
    assert (started.words, started.is_over, started.behind) == ("00:00", False, 5)
    past = clock_of(shown_at=at, minutes=10, waiting=[], length=60, ends_at=at - timedelta(seconds=1), now=at)
    assert (past.left, past.behind) == (-1, 10)
    early = clock_of(shown_at=None, minutes=0, waiting=[70], length=60, ends_at=at + timedelta(days=2), now=at)
    assert (early.left, early.behind) == (60, 10)


def test_clock_of_a_case_that_comes_back_begins_anew(room: Room, on: AgendaItem) -> None:
    second, later = room.item(), room.meeting_time + timedelta(minutes=9)
    show_item(room.meeting, second, by=room.chair, now=later)
    show_item(room.meeting, on, by=room.chair, now=later)
    with time_machine.travel(later + timedelta(seconds=61)):
        html = _as(room.nurse).get(reverse("live", args=[room.meeting.pk])).content.decode()
    assert ">01:01<" in html
    on.refresh_from_db()
    assert on.opened_at == room.meeting_time


def test_presence_says_how_and_changes_the_quorum_as_people_join(room: Room, on: AgendaItem) -> None:
    assert [need.specialty for need in quorum_for(on).missing] == [Specialty.PATHOLOGY]
    url = reverse("meeting-attendance", args=[room.meeting.pk])
    here = {"present": "yes", "back": "live", "mode": "remote"}
    version = room.meeting.version
    assert _as(room.pathologist).post(url, here).status_code == 303
    assert (quorum_for(on).is_quorate, room.meeting.version) == (True, version + 1)
    part = _as(room.chair).get(
        reverse("live", args=[room.meeting.pk]),
        {"part": "agenda"},
        headers={"HX-Request": "true", "HX-Request-Type": "partial"},
    )
    html = part.content.decode()
    assert "Pathology, remote" in html
    assert 'id="live-quorum" hx-swap-oob="true"' in html
    assert "Quorate" in html
    _as(room.pathologist).post(url, here)
    assert room.meeting.version == version + 1
    set_attendance(room.meeting, room.pathologist, present=True, mode="room", by=room.pathologist, now=room.now)
    assert Attendance.objects.get(user=room.pathologist).get_mode_display() == "In the room"
    assert _as(room.pathologist).post(url, here | {"mode": "moon"}).status_code == 422


def test_private_note_is_read_by_its_author_only(room: Room, on: AgendaItem) -> None:
    client, url = _as(room.chair), reverse("live-note", args=[on.pk])
    assert client.post(url, {"note": "Ask her husband"}).status_code == 303
    assert (note_of(on.pk, room.chair), note_of(on.pk, room.nurse)) == ("Ask her husband", "")
    room.record(on)
    pages = ["live", "projector", "meeting-minutes", "meeting"]
    for reader, seen in ((room.chair, ["live"]), (room.nurse, [])):
        shown = [
            name
            for name in pages
            if "Ask her husband" in _as(reader).get(reverse(name, args=[room.meeting.pk])).content.decode()
        ]
        assert shown == seen
    details = json.dumps(list(AuditEvent.objects.values_list("details", "reason")))
    assert "husband" not in details
    assert client.post(url, {"note": "  "}).status_code == 303
    assert PrivateNote.objects.count() == 0


def test_private_note_goes_after_thirty_days(room: Room, on: AgendaItem) -> None:
    save_note(on, "Old", by=room.chair, now=room.now)
    save_note(on, "New", by=room.nurse, now=room.now + timedelta(days=3))
    assert purge_notes(now=room.now + timedelta(days=31)) == 1
    assert list(PrivateNote.objects.values_list("text", flat=True)) == ["New"]


def _opened(client: Client, item: AgendaItem) -> dict[str, Any]:
    """What a browser that opened the form now would send."""
    form = client.get(reverse("decision-record", args=[item.pk])).context["form"]
    sent = {name: form[name].value() for name in form.fields}
    sent["due_on"] = sent["due_on"].isoformat()
    return {name: value for name, value in sent.items() if value not in (None, False, "")}


def test_scribe_and_chair_write_at_once_and_lose_nothing(room: Room, on: AgendaItem) -> None:
    url = reverse("decision-record", args=[on.pk])
    chair, scribe = _as(room.chair), _as(room.coordinator)
    by_chair, by_scribe = _opened(chair, on), _opened(scribe, on)
    assert chair.post(url, by_chair | {"options": [Option.PRRT], "intent": "disease_control"}).status_code == 303
    answer = scribe.post(url, by_scribe | {"rationale": "SSTR positive,\r\nno surgery", "dissent": "None"})
    assert answer.status_code == 303
    decision = Decision.objects.get()
    assert (decision.text, decision.recorded_by) == ("PRRT.", room.coordinator)
    assert decision.rationale.replace("\r\n", "\n") == "SSTR positive,\nno surgery"
    assert [row.option for row in decision.recommendations.all()] == [Option.PRRT]
    assert "together with what Ines Okafor recorded" in scribe.get("/boards/").content.decode()
    assert scribe.post(url, by_scribe | {"rationale": "SSTR positive,\r\nno surgery"}).status_code == 303  # sent again
    assert Decision.objects.get().dissent == "None"


def test_same_field_twice_is_asked_about_and_joined_beside(room: Room, on: AgendaItem) -> None:
    url = reverse("decision-record", args=[on.pk])
    chair, scribe = _as(room.chair), _as(room.coordinator)
    by_chair, by_scribe = _opened(chair, on), _opened(scribe, on)
    chair.post(url, by_chair | {"options": [Option.PRRT], "rationale": "Chair's reason", "dissent": "Surgery"})
    asked = scribe.post(url, by_scribe | {"options": [Option.PRRT], "rationale": "Scribe's reason"})
    html = asked.content.decode()
    assert asked.status_code == 409
    assert [(row.label, row.theirs) for row in asked.context["differences"]] == [("Reasoning", "Chair's reason")]
    assert "Scribe&#x27;s reason" in html
    assert Decision.objects.get().rationale == "Chair's reason"
    again = {
        name: asked.context["form"][name].value() for name in ("options", "rationale", "dissent", "version", "opened")
    }
    assert again["dissent"] == "Surgery"
    assert scribe.post(url, by_scribe | again).status_code == 303
    decision = Decision.objects.get()
    assert (decision.rationale, decision.dissent) == ("Scribe's reason", "Surgery")
