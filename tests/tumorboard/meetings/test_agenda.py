"""The agenda: listing, cut-off, order, deferral, withdrawal, the course of a meeting."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connections

from careteam.people.rules import Specialty
from patients.record.models import NextStep
from tests.factories.board import Room
from tumorboard.decisions.rules import Option
from tumorboard.meetings import commands
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.meetings.queries import agenda_of, boards_overview, next_meetings
from tumorboard.meetings.rules import (
    ITEM_TRANSITIONS,
    MEETING_TRANSITIONS,
    ItemStatus,
    MeetingStatus,
    moved,
    next_in_order,
)
from tumorboard.referrals.rules import DeferReason, QuestionKind, ReferralKind

pytestmark = pytest.mark.django_db


def _order(room: Room) -> list[int]:
    return list(AgendaItem.objects.filter(meeting=room.meeting).in_order().values_list("pk", flat=True))


def test_list_referral_puts_it_last_and_makes_the_presenter_next(room: Room) -> None:
    first, second = room.item(), room.item(kind=ReferralKind.PROTOCOL)
    assert _order(room) == [first.pk, second.pk]
    assert (first.minutes, second.minutes) == (10, 4)
    step = NextStep.objects.get(source_key=f"referral:{first.referral_id}", closed_at=None)
    assert (step.owner, step.what, step.due_on) == (
        room.chair,
        "NET board: present the case",
        room.meeting.occurrence_on,
    )


def test_list_referral_after_the_cutoff_needs_a_reason_that_is_kept(room: Room) -> None:
    late = room.meeting.cutoff_at + timedelta(minutes=1)
    referral = room.referral()
    with pytest.raises(ValidationError, match="The cut-off has passed"):
        commands.list_referral(referral, room.meeting, by=room.coordinator, now=late)
    item = commands.list_referral(
        referral, room.meeting, by=room.coordinator, now=late, after_cutoff_reason="Bleeding on everolimus"
    )
    assert item.after_cutoff_reason == "Bleeding on everolimus"


def test_list_referral_at_the_cutoff_needs_no_reason_and_keeps_none(room: Room) -> None:
    item = commands.list_referral(
        room.referral(), room.meeting, by=room.coordinator, now=room.meeting.cutoff_at, after_cutoff_reason="Asked"
    )
    assert item.after_cutoff_reason == ""


def test_list_referral_on_a_frozen_agenda_needs_a_reason(room: Room) -> None:
    commands.freeze(room.meeting, by=room.coordinator, now=room.now)
    with pytest.raises(ValidationError, match="The cut-off has passed"):
        commands.list_referral(room.referral(), room.meeting, by=room.coordinator, now=room.now)


def test_list_referral_is_for_those_who_prepare(room: Room) -> None:
    referral = room.referral()
    with pytest.raises(ValidationError, match="Only a board coordinator, the chair or the scribe"):
        commands.list_referral(referral, room.meeting, by=room.chair, now=room.now)
    commands.set_functions(room.meeting, chair=room.chair, scribe=None, by=room.coordinator, now=room.now)
    assert commands.list_referral(referral, room.meeting, by=room.chair, now=room.now).status == "listed"
    with pytest.raises(ValidationError, match="only a submitted one can be listed"):
        commands.list_referral(referral, room.meeting, by=room.coordinator, now=room.now)


@pytest.mark.parametrize(
    ("place", "steps", "expected"),
    [(0, 1, [1, 0, 2]), (2, -1, [0, 2, 1]), (0, -1, [0, 1, 2]), (2, 5, [0, 1, 2]), (0, 500, [1, 2, 0])],
)
def test_move_item_orders_the_agenda(room: Room, place: int, steps: int, expected: list[int]) -> None:
    items = [room.item().pk for _ in range(3)]
    commands.move_item(AgendaItem.objects.get(pk=items[place]), steps, by=room.coordinator, now=room.now)
    assert _order(room) == [items[index] for index in expected]


@pytest.mark.django_db(transaction=True)
def test_move_item_by_two_coordinators_at_once_loses_no_case(room: Room) -> None:
    items = [room.item().pk for _ in range(4)]

    def run(pk: int) -> None:
        try:
            commands.move_item(AgendaItem.objects.get(pk=pk), 2, by=room.coordinator, now=room.now)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, items[:2]))
    assert sorted(_order(room)) == items
    positions = list(AgendaItem.objects.values_list("position", flat=True))
    assert len(set(positions)) == 4


def test_defer_item_carries_the_referral_over_with_its_reason(room: Room) -> None:
    item = room.item()
    commands.defer_item(item, reason=DeferReason.MISSING_LABS, by=room.coordinator, now=room.now)
    agenda = agenda_of(room.meeting, room.coordinator)
    assert [(row.status, row.defer_reason) for row in agenda.rows] == [(ItemStatus.DEFERRED, "Labs missing")]
    assert [(row.id, row.carried_over) for row in agenda.waiting] == [(item.referral_id, "Labs missing")]
    second = Meeting.objects.select_related("board__team").get(board=room.board, occurrence_on="2026-12-03")
    commands.list_referral(item.referral, second, by=room.coordinator, now=room.now)
    assert agenda_of(second, room.coordinator).rows[0].carried_over == "Labs missing"


def test_withdraw_frees_the_place_on_the_agenda(room: Room) -> None:
    item = room.item()
    commands.withdraw(item.referral, reason="Patient's wish", by=room.nurse, now=room.now)
    item.refresh_from_db()
    assert (item.status, item.referral.status) == ("withdrawn", "withdrawn")


def test_step_item_walks_open_cases_and_stops_at_the_ends(room: Room) -> None:
    items = [room.item() for _ in range(3)]
    with pytest.raises(ValidationError, match="Start the meeting first"):
        commands.step_item(room.meeting, 1, by=room.chair, now=room.now)
    room.start()
    shown = []
    for steps in (1, 1, 1, 1, -1):
        item = commands.step_item(room.meeting, steps, by=room.chair, now=room.meeting_time)
        shown.append(item.pk if item else None)
    assert shown == [items[0].pk, items[1].pk, items[2].pk, items[2].pk, items[1].pk]
    assert AgendaItem.objects.filter(status="current").count() == 1


def test_show_item_refuses_a_case_of_another_agenda(room: Room) -> None:
    item = room.item()
    other = Room(room.now)
    other.item()
    other.start()
    with pytest.raises(ValidationError, match="another agenda"):
        commands.show_item(other.meeting, item, by=other.chair, now=room.now)


def test_every_change_raises_the_version_that_viewers_watch(room: Room) -> None:
    versions = [room.meeting.version]
    item = room.item()
    versions.append(room.meeting.version)
    room.start()
    versions.append(room.meeting.version)
    commands.show_item(room.meeting, item, by=room.chair, now=room.now)
    versions.append(room.meeting.version)
    room.record(item)
    versions.append(room.meeting.version)
    assert versions == sorted(set(versions))


def test_hold_defers_what_was_not_discussed_and_leaves_drafts_for_signature(room: Room) -> None:
    discussed, left = room.item(), room.item()
    room.start()
    commands.show_item(room.meeting, discussed, by=room.chair, now=room.meeting_time)
    room.record(discussed)
    commands.hold(room.meeting, by=room.chair, now=room.meeting_time)
    discussed.refresh_from_db()
    left.refresh_from_db()
    assert (discussed.status, left.status, left.defer_reason) == ("listed", "deferred", "no_time")
    assert room.meeting.status == "held"


def test_quorum_counts_specialties_in_the_room_and_conditional_ones(room: Room) -> None:
    room.item(question_kind=QuestionKind.LIVER_DIRECTED)
    prompted = room.patient()
    prompted.goalsprompts.create(status="open", raised_on=room.now.date())
    room.item(prompted)
    room.start()  # the chair is there: medical oncology
    commands.set_attendance(room.meeting, room.pathologist, present=True, by=room.chair, now=room.meeting_time)
    rows = agenda_of(room.meeting, room.chair).rows
    assert [row.quorum.missing_label for row in rows] == [
        "Interventional radiology (liver-directed question)",
        "Palliative medicine (open goals prompt)",
    ]
    commands.set_attendance(room.meeting, room.pathologist, present=False, by=room.chair, now=room.meeting_time)
    rows = agenda_of(room.meeting, room.chair).rows
    assert [[need.specialty for need in row.quorum.missing] for row in rows] == [
        [Specialty.INTERVENTIONAL_RADIOLOGY, Specialty.PATHOLOGY],
        [Specialty.PALLIATIVE, Specialty.PATHOLOGY],
    ]


def test_attendance_of_oneself_is_everybodys_of_others_who_runs(room: Room) -> None:
    commands.set_attendance(room.meeting, room.dietitian, present=True, by=room.dietitian, now=room.now)
    with pytest.raises(ValidationError, match="Only who runs the meeting"):
        commands.set_attendance(room.meeting, room.nurse, present=True, by=room.dietitian, now=room.now)
    stranger = Room(room.now).chair
    with pytest.raises(ValidationError, match="does not belong to the team"):
        commands.set_attendance(room.meeting, stranger, present=True, by=room.chair, now=room.now)


def test_next_meetings_counts_cases_mine_minutes_and_who_waits(room: Room) -> None:
    room.item()
    room.item(presenter=room.nurse, kind=ReferralKind.PROTOCOL)
    room.referral()
    (row,) = next_meetings(room.chair, room.now)
    assert (row.cases, row.mine, row.minutes, row.length, row.waiting) == (2, 1, 14, 60, 1)
    assert next_meetings(Room(room.now).chair, room.now)[0].cases == 0


def test_queries_of_agenda_and_boards_do_not_grow(room: Room, django_assert_num_queries: Any) -> None:
    room.item()
    agenda_of(room.meeting, room.coordinator)
    meeting = room.meeting
    with django_assert_num_queries(12):
        assert len(agenda_of(meeting, room.coordinator).rows) == 1
    for _ in range(2):
        room.item()
    room.referral()
    with django_assert_num_queries(12):
        assert len(agenda_of(meeting, room.coordinator).rows) == 3
    with django_assert_num_queries(4):
        boards_overview(room.coordinator, room.now)


@pytest.mark.parametrize("now_is", list(MeetingStatus))
def test_meeting_moves_only_along_its_table(room: Room, now_is: MeetingStatus) -> None:
    acts: dict[MeetingStatus, Any] = {
        MeetingStatus.FROZEN: lambda: commands.freeze(room.meeting, by=room.coordinator, now=room.now),
        MeetingStatus.RUNNING: lambda: commands.start(room.meeting, by=room.coordinator, now=room.now),
        MeetingStatus.HELD: lambda: commands.hold(room.meeting, by=room.coordinator, now=room.now),
        MeetingStatus.CANCELLED: lambda: commands.cancel(
            room.meeting, reason="Strike", by=room.coordinator, now=room.now
        ),
    }
    reached = set()
    for to, act in acts.items():
        Meeting.objects.filter(pk=room.meeting.pk).update(status=now_is)
        try:
            act()
        except ValidationError:
            continue
        reached.add(to)
    assert reached == {to for to in MEETING_TRANSITIONS[now_is] if to in acts}


@pytest.mark.parametrize("now_is", list(ItemStatus))
def test_item_moves_only_along_its_table(room: Room, now_is: ItemStatus) -> None:
    item = room.item()
    room.start()
    acts: dict[ItemStatus, Any] = {
        ItemStatus.CURRENT: lambda: commands.show_item(room.meeting, item, by=room.chair, now=room.now),
        ItemStatus.DEFERRED: lambda: commands.defer_item(item, reason=DeferReason.NO_TIME, by=room.chair, now=room.now),
        ItemStatus.DECIDED: lambda: commands.close_item(item, by=room.chair, now=room.now),
    }
    reached = set()
    for to, act in acts.items():
        AgendaItem.objects.filter(pk=item.pk).update(status=now_is, closed_at=None)
        item.referral.refresh_from_db()
        type(item.referral).objects.filter(pk=item.referral_id).update(status="listed")
        if now_is is to:
            continue
        try:
            act()
        except ValidationError:
            continue
        reached.add(to)
    assert reached == {to for to in ITEM_TRANSITIONS[now_is] if to in acts}


def test_rules_of_order() -> None:
    assert moved([1, 2, 3], 1, 1) == [2, 1, 3]
    assert moved([1, 2, 3], 3, -9) == [3, 1, 2]
    assert [next_in_order([1, 2, 3], current, 1) for current in (None, 1, 3)] == [1, 2, None]
    assert [next_in_order([1, 2, 3], current, -1) for current in (None, 1, 3)] == [3, None, 2]
    assert next_in_order([], None, 1) is None


def test_signed_cases_count_as_cases_of_the_meeting(room: Room, now: datetime) -> None:
    room.signed(Option.SURGERY)
    assert next_meetings(room.chair, now)[0].cases == 1
