"""One date at a time: moved, added, canceled, with whoever is concerned told; who is expected; invitations."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from careteam.audit.models import AuditEvent
from careteam.events.commands import settle_pending
from careteam.notifications.models import InboxItem
from careteam.people.models import Absence, Deputy
from careteam.people.rules import Role, Specialty
from patients.record.commands import record_death
from patients.record.models import NextStep, StaleEdit
from tests import factories
from tests.factories.board import Room, settings
from tumorboard.boards.commands import set_member
from tumorboard.decisions.rules import Option
from tumorboard.meetings import commands
from tumorboard.meetings.models import AgendaChange, AgendaItem, Invitation, Meeting
from tumorboard.meetings.queries import agenda_of, dates_of, expected_people
from tumorboard.minutes.queries import minutes_of

pytestmark = pytest.mark.django_db


def _as(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _move(here: Room, on: date, at: time = time(14), **more: Any) -> Meeting:
    asked = {"reason": "Congress", "by": here.coordinator, "now": here.now} | more
    return commands.move_meeting(here.meeting, on, at, **asked)


def test_move_takes_cutoff_cases_steps_and_people_along(room: Room) -> None:
    item = room.item()
    set_member(room.board, room.pathologist, specialty=Specialty.PATHOLOGY, by=room.coordinator, now=room.now)
    moved = _move(room, date(2026, 11, 27), time(9, 30), room="Room 7")
    assert (moved.starts_at, moved.cutoff_at, moved.place) == (
        datetime(2026, 11, 27, 8, 30, tzinfo=UTC),
        datetime(2026, 11, 26, 6, 30, tzinfo=UTC),
        "Room 7",
    )
    assert (moved.occurrence_on, moved.moved_from) == (date(2026, 11, 26), datetime(2026, 11, 26, 13, tzinfo=UTC))
    assert AgendaItem.objects.get(pk=item.pk).meeting_id == moved.pk
    step = NextStep.objects.get(source_key=f"referral:{item.referral_id}", closed_at=None)
    assert step.due_on == date(2026, 11, 27)
    told = InboxItem.objects.filter(kind="meeting").order_by("recipient__name")
    assert [row.recipient for row in told] == [room.chair, room.pathologist]  # the presenter, the member
    assert told[0].title == "NET board moved: Fri 27 Nov 2026, 09:30 (Europe/Berlin)"
    again = _move(room, date(2026, 11, 30))
    assert again.moved_from == datetime(2026, 11, 26, 13, tzinfo=UTC)
    assert InboxItem.objects.open().filter(kind="meeting", recipient=room.pathologist).count() == 1


def test_move_with_a_frozen_agenda_keeps_it_frozen_in_its_order(room: Room) -> None:
    first, second = room.item(), room.item()
    commands.move_item(second, -1, by=room.coordinator, now=room.now)
    commands.freeze(room.meeting, by=room.coordinator, now=room.now)
    moved = _move(room, date(2026, 12, 1))
    order = AgendaItem.objects.open().filter(meeting=moved).in_order()
    assert (moved.status, [row.pk for row in order]) == ("frozen", [second.pk, first.pk])
    page = _as(room.chair).get(reverse("meeting", args=[moved.pk])).content.decode()
    assert "The agenda stays as it was frozen." in page
    change = AgendaChange.objects.latest("pk")
    assert (change.get_kind_display(), change.is_late) == ("put on another date", True)
    assert change.note == "Thu 26 Nov 2026, 14:00 (Europe/Berlin) → Tue 1 Dec 2026, 14:00 (Europe/Berlin)"


def test_move_is_refused_into_the_past_onto_another_without_reason_or_when_held(room: Room) -> None:
    with pytest.raises(ValidationError, match="has passed"):
        _move(room, date(2026, 11, 1))
    with pytest.raises(ValidationError, match="meets already at that time"):
        _move(room, date(2026, 12, 3))
    with pytest.raises(ValidationError, match="Say why"):
        _move(room, date(2026, 11, 27), reason=" ")
    with pytest.raises(ValidationError, match="planned already"):
        _move(room, date(2026, 11, 26))
    with pytest.raises(ValidationError, match="Only a board coordinator"):
        _move(room, date(2026, 11, 27), by=room.chair)
    with pytest.raises(StaleEdit):
        _move(room, date(2026, 11, 27), version=99)
    room.start()
    with pytest.raises(ValidationError, match="The meeting is running; its date stands"):
        _move(room, date(2026, 11, 27))


def test_add_puts_an_extra_date_and_revives_a_canceled_one(room: Room) -> None:
    extra = commands.add_meeting(
        room.board, date(2026, 11, 30), time(8), reason="Backlog", by=room.coordinator, now=room.now
    )
    assert (extra.starts_at, extra.is_extra) == (datetime(2026, 11, 30, 7, tzinfo=UTC), True)
    with pytest.raises(ValidationError, match="has a meeting of this day already"):
        commands.add_meeting(room.board, date(2026, 11, 30), time(9), reason="x", by=room.coordinator, now=room.now)
    commands.cancel(room.meeting, reason="Strike", by=room.coordinator, now=room.now)
    revived = commands.add_meeting(
        room.board, date(2026, 11, 26), time(16), reason="No strike", by=room.coordinator, now=room.now
    )
    assert (revived.status, revived.starts_at.hour, Meeting.objects.filter(occurrence_on="2026-11-26").count()) == (
        "planned",
        15,
        1,
    )


def test_cancel_puts_the_cases_on_the_next_agenda_in_their_order(room: Room) -> None:
    first, second = room.item(), room.item()
    commands.change_minutes(second, 25, by=room.coordinator, now=room.now)
    commands.move_item(second, -1, by=room.coordinator, now=room.now)
    with pytest.raises(ValidationError, match="Say why"):
        commands.cancel(room.meeting, reason="", by=room.coordinator, now=room.now)
    commands.cancel(room.meeting, reason="Strike", by=room.coordinator, now=room.now)
    target = Meeting.objects.get(occurrence_on=date(2026, 12, 3))
    carried = AgendaItem.objects.open().filter(meeting=target).in_order()
    assert [(row.referral_id, row.minutes) for row in carried] == [(second.referral_id, 25), (first.referral_id, 10)]
    rows = agenda_of(target, room.chair).rows
    assert [row.carried_over for row in rows] == ["Meeting cancelled", "Meeting cancelled"]
    steps = NextStep.objects.filter(kind="referral", closed_at=None)
    assert {step.due_on for step in steps} == {date(2026, 12, 3)}
    assert set(InboxItem.objects.filter(kind="meeting").values_list("recipient", flat=True)) == {room.chair.pk}


def test_cancel_without_a_later_meeting_lets_the_cases_wait(room: Room) -> None:
    item = room.item()
    Meeting.objects.exclude(pk=room.meeting.pk).update(status="held")
    commands.cancel(room.meeting, reason="Strike", by=room.coordinator, now=room.now)
    item.referral.refresh_from_db()
    assert (item.referral.status, item.referral.defer_reason) == ("submitted", "meeting_cancelled")
    commands.reinstate(room.meeting, by=room.coordinator, now=room.now)
    assert (room.meeting.status, room.meeting.cancel_reason) == ("planned", "")


def test_a_death_leaves_a_moved_agenda_and_is_not_carried_over(room: Room, now: datetime) -> None:
    item = room.item()
    _move(room, date(2026, 11, 27))
    record_death(item.patient, on=now.date(), cause="", by=room.chair, now=now)
    settle_pending(now=now)
    item.refresh_from_db()
    assert item.status == "withdrawn"
    commands.cancel(room.meeting, reason="Strike", by=room.coordinator, now=room.now)
    assert AgendaItem.objects.open().count() == 0


def test_dates_show_holidays_moves_extras_and_cancellations(room: Room) -> None:
    """24 and 31 December 2026 are Thursdays; the Friday board would meet on Christmas Day."""
    friday = commands.set_up_board(
        room.team, settings(name="Friday", rrule="FREQ=WEEKLY;BYDAY=FR"), by=room.coordinator, now=room.now
    )
    first = Meeting.objects.filter(board=friday).order_by("starts_at")[0]
    commands.cancel(first, reason="Congress", by=room.coordinator, now=room.now)
    commands.add_meeting(friday, date(2026, 12, 1), time(8), reason="More", by=room.coordinator, now=room.now)
    rows = dates_of(friday, room.now)
    assert [(row.on, row.why_off) for row in rows if row.is_off] == [
        (first.occurrence_on, "Congress"),
        (date(2026, 12, 25), "Christmas Day"),
        (date(2027, 1, 1), "New Year's Day"),
    ]
    assert [row.on for row in rows if row.is_extra] == [date(2026, 12, 1)]


def _seat(room: Room, person: Any, specialty: Specialty, deputy: Any = None) -> None:
    set_member(room.board, person, specialty=specialty, deputy=deputy, by=room.coordinator, now=room.now)


def test_an_absence_makes_the_deputy_expected_for_the_same_seat(room: Room) -> None:
    deputy = factories.person(room.team, Role.PATHOLOGIST, name="Dora Deputy")
    _seat(room, room.pathologist, Specialty.PATHOLOGY, deputy)
    _seat(room, room.chair, Specialty.MEDICAL_ONCOLOGY)
    agenda = agenda_of(room.meeting, room.chair)
    assert agenda.forecast.is_quorate
    assert {person.pk for person in expected_people(room.meeting)} == {room.pathologist.pk, room.chair.pk}
    Absence.objects.create(user=room.pathologist, starts_on=date(2026, 11, 20), ends_on=date(2026, 11, 30))
    agenda = agenda_of(room.meeting, room.chair)
    seats = {seat.user_id: seat for seat in agenda.seats}
    assert (seats[room.pathologist.pk].is_expected, seats[room.pathologist.pk].is_away) == (False, True)
    assert (seats[deputy.pk].stands_in_for, seats[deputy.pk].specialty) == ("Paul Path", "pathology")
    assert agenda.forecast.is_quorate
    room.start()
    row = commands.set_attendance(room.meeting, deputy, present=True, by=room.chair, now=room.meeting_time)
    assert (row and row.specialty, agenda_of(room.meeting, room.chair).quorum.is_quorate) == ("pathology", True)


def test_without_a_deputy_of_the_seat_the_teams_deputy_comes_with_their_own_specialty(room: Room) -> None:
    _seat(room, room.pathologist, Specialty.PATHOLOGY)
    Absence.objects.create(user=room.pathologist, starts_on=date(2026, 11, 26))
    Deputy.objects.create(team=room.team, user=room.pathologist, deputy=room.nurse, starts_on=date(2026, 11, 1))
    agenda = agenda_of(room.meeting, room.chair)
    seat = next(seat for seat in agenda.seats if seat.user_id == room.nurse.pk)
    assert (seat.stands_in_for, seat.specialty) == ("Paul Path", "nursing")
    assert "Pathology" in agenda.forecast.missing_label
    Absence.objects.create(user=room.nurse, starts_on=date(2026, 11, 26))
    assert expected_people(room.meeting) == []


def test_conditional_quorum_is_configured_and_the_same_in_meeting_decision_and_minutes(room: Room) -> None:
    wanted = settings(quorum=["pathology"], quorum_when={"prrt": ["nuclear_medicine"]})
    commands.set_up_board(room.team, wanted, board=room.board, by=room.coordinator, now=room.now)
    decision = room.signed(Option.PRRT)
    said = "Nuclear medicine (PRRT question), Pathology"
    assert (decision.is_inquorate, decision.missing_specialties) == (True, said)
    assert agenda_of(room.meeting, room.chair).quorum.missing_label == said
    assert minutes_of(room.meeting, date(2026, 11, 26)).quorum.missing_label == said


def test_invitation_is_a_calendar_entry_without_patients_sent_once(room: Room) -> None:
    item = room.item()
    _seat(room, room.pathologist, Specialty.PATHOLOGY)
    assert commands.invite(room.meeting, by=room.coordinator, now=room.now) == 1
    assert commands.invite(room.meeting, by=room.coordinator, now=room.now) == 0
    assert commands.send_invitations(now=room.now) == (1, 0)
    assert commands.send_invitations(now=room.now) == (0, 0)
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (
        [room.pathologist.email],
        "NET board, Thu 26 Nov 2026, 14:00 (Europe/Berlin)",
    )
    name, text, kind = sent.attachments[0]
    event = Calendar.from_ical(text).walk("VEVENT")[0]
    assert (name, kind, str(event["uid"]).split("@")[0]) == (
        "meeting.ics",
        "text/calendar; method=REQUEST",
        f"meeting-{room.meeting.pk}",
    )
    assert event["dtstart"].dt.astimezone(UTC) == room.meeting.starts_at
    assert item.patient.name.split()[-1] not in sent.body + text + sent.subject


def test_who_was_invited_gets_the_new_date_and_that_it_is_off(room: Room) -> None:
    _seat(room, room.pathologist, Specialty.PATHOLOGY)
    commands.invite(room.meeting, by=room.coordinator, now=room.now)
    _move(room, date(2026, 11, 27))  # before the first left: only the second says something true
    commands.send_invitations(now=room.now)
    commands.cancel(room.meeting, reason="Patient Meyer died", by=room.coordinator, now=room.now)
    commands.send_invitations(now=room.now)
    events = [Calendar.from_ical(each.attachments[0][1]).walk("VEVENT")[0] for each in mail.outbox]
    assert [(event["sequence"], str(event["status"])) for event in events] == [(1, "CONFIRMED"), (2, "CANCELLED")]
    assert [each.subject.split(":")[0] for each in mail.outbox] == ["NET board, Fri 27 Nov 2026, 14", "Canceled"]
    assert "Meyer" not in "".join(each.body for each in mail.outbox)
    assert not InboxItem.objects.filter(title__contains="Meyer").exists()


def test_invitation_that_fails_waits_and_one_of_who_left_is_not_sent(room: Room, settings: Any) -> None:
    _seat(room, room.pathologist, Specialty.PATHOLOGY)
    commands.invite(room.meeting, by=room.coordinator, now=room.now)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert commands.send_invitations(now=room.now) == (0, 1)
    row = Invitation.objects.get()
    assert (row.status, row.attempts, row.next_attempt_at > room.now) == ("pending", 1, True)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    room.pathologist.memberships.update(ended_on=date(2026, 11, 20))
    assert commands.send_invitations(now=room.now + timedelta(days=1)) == (0, 0)
    assert (Invitation.objects.get().status, mail.outbox) == ("withdrawn", [])


def test_invitation_that_was_given_up_is_shown_and_sent_again(room: Room) -> None:
    _seat(room, room.pathologist, Specialty.PATHOLOGY)
    commands.invite(room.meeting, by=room.coordinator, now=room.now)
    Invitation.objects.update(status="failed", attempts=9, last_error="550 No such mailbox")
    again = reverse("inbox-invitation-again", args=[Invitation.objects.get().pk])
    with time_machine.travel(room.now, tick=False):
        client, stranger = _as(room.coordinator), _as(factories.person(factories.team(), Role.BOARD_COORDINATOR))
        page = client.get(reverse("undelivered")).content.decode()
        assert (again in page, "550 No such mailbox" in page) == (True, True)
        assert (stranger.post(again).status_code, client.post(again).status_code) == (404, 303)
        assert commands.send_invitations(now=room.now) == (1, 0)
        assert "550" not in client.get(reverse("undelivered")).content.decode()


def test_pages_move_add_cancel_invite_and_are_404_to_a_foreign_team(room: Room) -> None:
    room.item()
    client, meeting = _as(room.coordinator), room.meeting
    stranger = _as(factories.person(factories.team(), Role.BOARD_COORDINATOR, Role.ONCOLOGIST))
    urls = [reverse(name, args=[meeting.pk]) for name in ("meeting-move", "meeting-cancel", "meeting-ics")]
    urls.append(reverse("board-date-add", args=[room.board.pk]))
    assert [client.get(url).status_code for url in urls] == [200] * 4
    assert [stranger.get(url).status_code for url in urls] == [404] * 4
    posts = [reverse("meeting-invite", args=[meeting.pk]), reverse("meeting-reinstate", args=[meeting.pk])]
    posts.append(reverse("board-member", args=[room.board.pk]))
    assert [stranger.post(url).status_code for url in posts] == [404] * 3
    data = {"on": "2026-11-27", "at": "10:00", "reason": "Congress", "version": meeting.version}
    refused = client.post(urls[0], data | {"on": "2026-11-01", "room": "Room 4"})
    assert (refused.status_code, "Room 4" in refused.content.decode()) == (422, True)
    stale = client.post(urls[0], data | {"version": "77"})
    assert (stale.status_code, "Somebody changed this meeting" in stale.content.decode()) == (409, True)
    assert client.post(urls[0], data).status_code == 303
    assert client.post(posts[0]).status_code == 303
    assert "Put 1 case on the agenda of Thu 3 Dec" in client.get(urls[1]).content.decode()
    assert client.post(urls[1], {"reason": "Strike", "carry_over": "on"}).status_code == 303
    assert AgendaItem.objects.open().get().meeting.occurrence_on == date(2026, 12, 3)
    assert client.post(posts[1]).status_code == 303
    assert client.post(urls[3], {"on": "2026-12-07", "at": "08:00", "reason": "More"}).status_code == 303
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"meetings.move_meeting", "meetings.cancel", "meetings.reinstate", "meetings.add_meeting"} <= actions


def test_board_form_previews_without_saving_and_sets_members(room: Room) -> None:
    client, url = _as(room.coordinator), reverse("board-edit", args=[room.board.pk])
    form = client.get(url).context["form"]
    data = {name: value for name, value in form.initial.items() if value not in (None, False)}
    part = client.post(
        url, data | {"rhythm": "fourth", "weekday": "FR", "preview": "1"},
        headers={"HX-Request": "true", "HX-Request-Type": "partial"},
    ).content.decode()  # fmt: skip
    assert part.lstrip().startswith('<section class="card" id="dates"')
    assert "Christmas Day" in part
    assert "takes 17 empty meetings off" in part
    page = client.post(url, data | {"local_time": "15:00", "preview": "1"})
    room.board.refresh_from_db()
    assert (page.status_code, room.board.version, "Saving moves" in page.content.decode()) == (200, 1, True)
    member = reverse("board-member", args=[room.board.pk])
    assert client.post(member, {"person": room.pathologist.pk, "deputy": room.nurse.pk}).status_code == 303
    assert client.post(member, {"person": room.dietitian.pk}).status_code == 422
    row = room.board.members.get()
    assert (row.specialty, row.deputy) == ("pathology", room.nurse)
    gone = reverse("board-member-remove", args=[room.board.pk, room.pathologist.pk])
    assert client.post(gone).status_code == 303
    assert client.post(gone).status_code == 404
