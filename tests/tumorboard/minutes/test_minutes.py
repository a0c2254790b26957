"""Minutes: assembled while the meeting runs, signed by its chair, never changed, made into a PDF by a worker."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from careteam.audit.models import AuditEvent
from careteam.people.rules import Role
from careteam.printing.rules import GIVE_UP_AFTER, PrintState
from tests import factories
from tests.factories.board import Room
from tumorboard.decisions.commands import add_addendum
from tumorboard.decisions.rules import Option
from tumorboard.meetings.commands import hold
from tumorboard.meetings.models import Meeting
from tumorboard.minutes.commands import ask_print, make_print, sign_minutes, waiting_prints
from tumorboard.minutes.models import MinutesPrint, SignedMinutes
from tumorboard.minutes.queries import content_of, minutes_of

pytestmark = pytest.mark.django_db
TODAY = date(2026, 12, 20)


def test_minutes_hold_attendance_cases_decisions_and_deferrals(room: Room) -> None:
    decision = room.signed(Option.PRRT, dissent="Surgery would rather wait")
    left = room.item()
    assert minutes_of(room.meeting, TODAY).is_final is False
    hold(room.meeting, by=room.chair, now=room.meeting_time)
    minutes = minutes_of(room.meeting, TODAY)
    assert [(each.name, each.specialty) for each in minutes.attended] == [("Ines Okafor", "Medical oncology")]
    assert [case.row.item_id for case in minutes.cases] == [decision.item_id, left.pk]
    first = minutes.cases[0]
    assert first.decision is not None
    assert (first.decision.text, first.decision.dissent, [each.what for each in first.actions]) == (
        "PRRT.",
        "Surgery would rather wait",
        ["Start PRRT"],
    )
    assert (minutes.cases[1].row.defer_reason, minutes.is_final) == ("No time left", True)


def test_minutes_as_pdf_are_an_audited_export(room: Room) -> None:
    decision = room.signed()
    client = Client()
    client.force_login(room.nurse)
    answer = client.get(reverse("meeting-minutes-pdf", args=[room.meeting.pk]))
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer.content[:5] == b"%PDF-"
    event = AuditEvent.objects.filter(kind="export").latest("pk")
    assert event.patient_ids == [decision.patient_id]


def _held(room: Room) -> SignedMinutes:
    """A held meeting with one decision, its minutes signed by the chair."""
    room.signed(Option.PRRT, dissent="Surgery would rather wait")
    hold(room.meeting, by=room.chair, now=room.meeting_time)
    return sign_minutes(room.meeting, by=room.chair, now=room.meeting_time)


def test_minutes_are_signed_when_everything_in_them_is(room: Room) -> None:
    item = room.item()
    room.start()
    room.record(item)
    with pytest.raises(ValidationError, match=r"End the meeting first\..*Sign the decisions first"):
        sign_minutes(room.meeting, by=room.chair, now=room.meeting_time)
    assert not SignedMinutes.objects.exists()


def test_signed_minutes_stay_word_for_word_and_signing_twice_is_refused(room: Room) -> None:
    signed = _held(room)
    assert "Surgery would rather wait" in signed.text.cases[0].html
    with pytest.raises(ValidationError, match="Nothing has changed since version 1"):
        sign_minutes(room.meeting, by=room.chair, now=room.meeting_time)
    for statement in ("UPDATE tumorboard_signedminutes SET number = 9", "DELETE FROM tumorboard_signedminutes"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_minutes_keep_the_time_of_the_team_wherever_they_are_signed(room: Room) -> None:
    room.signed()
    hold(room.meeting, by=room.chair, now=room.meeting_time)
    minutes = minutes_of(room.meeting, TODAY)
    with timezone.override("Asia/Tokyo"):
        there = content_of(minutes)
    assert there == content_of(minutes)
    assert f"{timezone.localtime(room.meeting_time, ZoneInfo(room.team.time_zone)):%H:%M}" in there.cases[0].html


def test_an_addendum_makes_the_next_version_with_its_reason(room: Room) -> None:
    first = _held(room)
    decision = room.meeting.items.get().decision
    add_addendum(decision, text="Pathology was reviewed.", by=room.chair, now=room.meeting_time)
    with pytest.raises(ValidationError, match="Say why there is another version"):
        sign_minutes(room.meeting, by=room.chair, now=room.meeting_time)
    second = sign_minutes(room.meeting, by=room.chair, now=room.meeting_time, reason="Addendum of pathology")
    first.refresh_from_db()
    assert (second.number, "Pathology was reviewed." in second.text.cases[0].html) == (2, True)
    assert "Pathology was reviewed." not in first.text.cases[0].html


def test_only_the_chair_of_the_meeting_signs(room: Room) -> None:
    room.signed()
    hold(room.meeting, by=room.chair, now=room.meeting_time)
    meeting = room.meeting
    meeting.chair = room.chair
    meeting.save()
    surgeon = factories.person(room.team, Role.SURGEON)
    with pytest.raises(ValidationError, match="Ines Okafor chaired the meeting"):
        sign_minutes(room.meeting, by=surgeon, now=room.meeting_time)


def test_a_worker_makes_the_pdf_once_and_a_dead_one_is_replaced(room: Room) -> None:
    signed = _held(room)
    printout = ask_print(signed, by=room.chair, now=room.now)
    assert ask_print(signed, by=room.nurse, now=room.now).pk == printout.pk
    assert waiting_prints(now=room.now) == [printout.pk]
    MinutesPrint.objects.update(state=PrintState.RUNNING, taken_at=room.now)  # taken, then killed
    assert (make_print(printout.pk, now=room.now), waiting_prints(now=room.now)) == (False, [])
    later = room.now + GIVE_UP_AFTER + timedelta(seconds=1)
    assert waiting_prints(now=later) == [printout.pk]
    assert make_print(printout.pk, now=later) is True
    printout.refresh_from_db()
    assert (printout.state, printout.done, bytes(printout.pdf)[:5]) == ("made", 1, b"%PDF-")
    assert waiting_prints(now=later) == []


def test_pages_from_signing_to_the_pdf_and_the_extract(room: Room, client: Client) -> None:
    decision = room.signed()
    other = room.signed(Option.OBSERVATION)
    hold(room.meeting, by=room.chair, now=room.meeting_time)
    client.force_login(room.chair)
    extract = reverse("minutes-extract", args=[decision.pk])
    assert client.get(extract).status_code == 404  # nobody has signed
    url = reverse("minutes-sign", args=[room.meeting.pk])
    assert client.post(url, {"password": "wrong"}).status_code == 422
    assert client.post(url, {"password": factories.PASSWORD}).status_code == 303
    signed = SignedMinutes.objects.get()
    page = reverse("minutes-version", args=[signed.pk])
    assert decision.patient.name in client.get(page).content.decode()
    assert client.get(reverse("minutes-pdf", args=[signed.pk])).status_code == 404
    assert client.post(reverse("minutes-print", args=[signed.pk])).status_code == 303
    assert "0 of 2 cases" in client.get(page).content.decode()
    make_print(MinutesPrint.objects.get().pk, now=room.now)
    assert client.get(reverse("minutes-pdf", args=[signed.pk])).content[:5] == b"%PDF-"
    assert client.get(extract)["Content-Type"] == "application/pdf"
    event = AuditEvent.objects.filter(kind="export").latest("pk")
    assert (event.patient_ids, other.patient_id in event.patient_ids) == ([decision.patient_id], False)
    client.force_login(factories.person(factories.team(), Role.ONCOLOGIST))
    assert [client.get(each).status_code for each in (page, extract)] == [404, 404]


def test_past_meetings_say_whose_minutes_are_signed(room: Room, client: Client) -> None:
    _held(room)
    with time_machine.travel(room.meeting_time + timedelta(days=1), tick=False):
        client.force_login(room.nurse)
        page = client.get(reverse("meetings-past")).content.decode()
        assert ("version 1, signed" in page, "not signed" in page) == (True, False)
        client.force_login(factories.person(factories.team(), Role.ONCOLOGIST))
        assert "No meeting has been held yet" in client.get(reverse("meetings-past")).content.decode()


def test_safety_net_asks_for_minutes_once_a_board_signs_them_here(room: Room, client: Client) -> None:
    def missing() -> list[str]:
        return [row.why for row, _ in client.get("/safety/?list=meetings").context["rows"]]

    later = room.meeting.starts_at + timedelta(days=7)
    Meeting.objects.filter(board=room.board, starts_at=later).update(status="held", held_at=later)
    with time_machine.travel(later + timedelta(days=20), tick=False):
        client.force_login(room.coordinator)
        assert missing() == []
        _held(room)
        assert missing() == ["Minutes not signed"]
