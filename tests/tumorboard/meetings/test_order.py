"""Order, sections, minutes and clock times of an agenda; two coordinators at once; what is printed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from careteam.audit.models import AuditEvent
from careteam.notifications.models import InboxItem
from careteam.people.rules import Specialty
from tests.factories.board import Room
from tumorboard.boards.models import BoardMember
from tumorboard.meetings import commands
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.meetings.queries import agenda_of, next_meetings, program_of
from tumorboard.meetings.rules import Section
from tumorboard.meetings.rules.order import (
    Case,
    OrderBy,
    Window,
    absent_at,
    clock_times,
    minutes_taken,
    proposed,
    restored,
)
from tumorboard.referrals.rules import QuestionKind, ReferralKind, Urgency

START = datetime(2026, 11, 26, 14, tzinfo=UTC)
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


def case(number: int, **fields: Any) -> Case:
    start = {"section": "full", "urgency": "routine", "since": START - timedelta(days=10 - number), "minutes": 10}
    return Case(**({"id": number} | start | fields))


def until(minute: int) -> tuple[tuple[str, Window], ...]:
    return (("Dr Weiss", Window(leaves_at=START + timedelta(minutes=minute))),)


class TestRules:
    def test_the_clock_runs_by_minutes_and_standby_waits(self) -> None:
        cases = [case(1), case(2, minutes=4), case(3), case(4, section="standby", minutes=30)]
        assert list(clock_times(START, cases).values()) == [
            START,
            START + timedelta(minutes=10),
            START + timedelta(minutes=14),
            None,
        ]
        assert minutes_taken(cases) == 24
        moved = clock_times(START + timedelta(hours=2), cases)  # a meeting that moves takes its program along
        assert moved[2] == START + timedelta(hours=2, minutes=10)

    def test_proposed_keeps_sections_and_puts_urgent_first(self) -> None:
        cases = [
            case(1, section="information", urgency="urgent"),
            case(2),
            case(3, urgency="urgent"),
            case(4, urgency="soon", section="standby"),
            case(5, section="sent_back"),
            case(6, urgency="soon"),
        ]
        assert proposed(cases) == [5, 3, 6, 2, 1, 4]

    def test_proposed_by_who_leaves_and_by_specialist(self) -> None:
        liver, nuclear = str(Specialty.INTERVENTIONAL_RADIOLOGY), str(Specialty.NUCLEAR_MEDICINE)
        cases = [
            case(1, needed=liver),
            case(2, needed=nuclear, urgency="soon"),
            case(3, needed=liver, windows=until(20)),
            case(4, needed=nuclear, readiness=2),
            case(5, needed=nuclear, readiness=0),
            case(6, urgency="urgent"),
        ]
        assert proposed(cases, OrderBy.LEAVING)[0] == 3
        assert proposed(cases, OrderBy.SPECIALIST) == [2, 5, 4, 3, 1, 6]  # nobody needed: last
        assert proposed(cases)[:2] == [6, 2]
        assert proposed(list(reversed(cases))) == proposed(cases)

    def test_who_is_gone_or_not_there_yet_is_said(self) -> None:
        leaving = case(1, windows=until(15))
        assert absent_at(leaving, START) == []
        assert absent_at(leaving, START + timedelta(minutes=10)) == ["Dr Weiss leaves before"]
        coming = case(1, windows=(("Dr Weiss", Window(comes_at=START + timedelta(minutes=5))),))
        assert absent_at(coming, START) == ["Dr Weiss comes later"]
        assert absent_at(coming, None) == []

    def test_restored_forgets_who_left_and_keeps_who_came(self) -> None:
        assert restored([3, 1, 2], [1, 2, 4]) == [1, 2, 4]
        assert restored([3, 1, 2], [1, 5, 2, 3]) == [3, 1, 2, 5]


def order(room: Room) -> list[int]:
    return list(AgendaItem.objects.open().filter(meeting=room.meeting).in_order().values_list("pk", flat=True))


def program(room: Room) -> Any:
    meeting = room.meeting
    return program_of(meeting, agenda_of(meeting, room.coordinator).rows)


@pytest.mark.django_db
class TestOrdering:
    def test_a_case_stays_in_its_section_and_changes_it_by_hand(self, room: Room) -> None:
        first, second = room.item().pk, room.item().pk
        info = room.item(kind=ReferralKind.INFORMATION)
        assert order(room) == [first, second, info.pk]
        commands.move_item(info, -1, by=room.coordinator, now=room.now)
        assert order(room) == [first, second, info.pk]
        assert not AuditEvent.objects.filter(action="meetings.move_item").exists()
        item = AgendaItem.objects.get(pk=first)
        commands.set_section(item, Section.STANDBY, by=room.coordinator, now=room.now)
        assert order(room) == [second, info.pk, first]
        shown = program(room)
        assert [section.label for section in shown.sections] == ["Full discussion", "Information", "Standby"]
        assert (shown.minutes, shown.sections[-1].rows[0].at) == (14, None)
        assert next_meetings(room.chair, room.now)[0].minutes == 14

    def test_a_proposal_is_undone_and_the_undo_too(self, room: Room) -> None:
        routine, urgent = room.item().pk, room.item(urgency=Urgency.URGENT).pk
        commands.propose_order(room.meeting, OrderBy.URGENCY, by=room.coordinator, now=room.now)
        assert order(room) == [urgent, routine]
        commands.undo_order(room.meeting, by=room.coordinator, now=room.now)
        assert order(room) == [routine, urgent]
        commands.undo_order(room.meeting, by=room.coordinator, now=room.now)
        assert order(room) == [urgent, routine]

    def test_two_at_once_lose_nothing_and_hear_of_each_other(self, room: Room) -> None:
        first, second, third = (room.item() for _ in range(3))
        other, mine = Client(), Client()
        other.force_login(room.coordinator)
        scribe = room.nurse
        commands.set_functions(room.meeting, chair=room.chair, scribe=scribe, by=room.coordinator, now=room.now)
        mine.force_login(scribe)
        seen = program(room).seen
        page = mine.get(reverse("meeting", args=[room.meeting.pk])).content.decode()
        assert f'name="seen" value="{seen}"' in page
        url = reverse("item-move", args=[third.pk])
        assert other.post(url, {"steps": "-1", "seen": seen}).status_code == 303
        answer = mine.post(reverse("item-move", args=[first.pk]), {"steps": "2", "seen": seen}, headers=HTMX)
        said = answer.content.decode()
        assert answer.status_code == 409
        assert f"Cora Board: {third.patient.name} moved" in said
        assert order(room) == [first.pk, third.pk, second.pk]
        now_seen = program(room).seen
        assert 'name="steps" value="2"' in said
        assert f'name="seen" value="{now_seen}"' in said
        again = mine.post(reverse("item-move", args=[first.pk]), {"steps": "2", "seen": now_seen}, headers=HTMX)
        assert again.status_code == 200
        assert order(room) == [third.pk, second.pk, first.pk]
        # One's own changes are no conflict, and neither is somebody who joins.
        assert (
            mine.post(reverse("item-minutes", args=[first.pk]), {"minutes": "6", "seen": now_seen}).status_code == 303
        )

    def test_pages_refuse_nonsense_strangers_and_readers(self, room: Room) -> None:
        item = room.item()
        reader = Client()
        reader.force_login(room.dietitian)
        client = Client()
        client.force_login(room.coordinator)
        for url, bad in (
            (reverse("item-move", args=[item.pk]), {"steps": "x"}),
            (reverse("item-section", args=[item.pk]), {"section": "x"}),
            (reverse("item-minutes", args=[item.pk]), {"minutes": "500"}),
            (reverse("meeting-order", args=[room.meeting.pk]), {"first": "x"}),
            (reverse("meeting-order-undo", args=[room.meeting.pk]), {}),
        ):
            # Listing is no change of order, so there is nothing to undo either.
            assert client.post(url, bad).status_code == 422, url
            assert reader.post(url, bad).status_code == 403, url
        stranger = Room(room.now).coordinator
        client.force_login(stranger)
        for name in ("meeting-order", "meeting-availability", "meeting-agenda-pdf", "meeting-invitation-pdf"):
            url = reverse(name, args=[room.meeting.pk])
            assert (client.get(url) if "pdf" in name else client.post(url)).status_code == 404

    def test_the_cutoff_freezes_and_what_changes_after_it_is_seen(self, room: Room) -> None:
        first, second = room.item(), room.item()
        meeting = room.meeting
        assert commands.freeze_at_cutoff(now=meeting.cutoff_at - timedelta(minutes=1)) == 0
        after = meeting.cutoff_at + timedelta(minutes=1)
        assert commands.freeze_at_cutoff(now=after) == 1
        assert commands.freeze_at_cutoff(now=after) == 0
        assert room.meeting.status == "frozen"
        assert program(room).late_changes == ()
        commands.move_item(second, -1, by=room.coordinator, now=after)
        shown = program(room)
        assert [(change.by, change.item_id) for change in shown.late_changes] == [(room.coordinator, second.pk)]
        assert [row.changed for row in shown.sections[0].rows] == [True, False]
        # The frozen meeting is moved: its program goes along, in the same order.
        later = timedelta(days=1, hours=1)
        Meeting.objects.filter(pk=meeting.pk).update(
            starts_at=meeting.starts_at + later, ends_at=meeting.ends_at + later
        )
        rows = program(room).sections[0].rows
        assert [(row.row.item_id, row.at) for row in rows] == [
            (second.pk, meeting.starts_at + later),
            (first.pk, meeting.starts_at + later + timedelta(minutes=10)),
        ]

    def test_sixty_cases_in_sixty_minutes_warn_and_cost_no_more(
        self, room: Room, django_assert_max_num_queries: Any
    ) -> None:
        first = room.item()
        for number in range(2, 61):
            patient = room.patient()
            referral = room.referral(patient)
            row = AgendaItem.objects.create(
                patient=patient, meeting=room.meeting, referral=referral, position=number * 10, listed_at=room.now
            )
        client = Client()
        client.force_login(room.coordinator)
        url = reverse("meeting", args=[room.meeting.pk])
        client.get(url)
        with django_assert_max_num_queries(69):
            page = client.get(url).content.decode()
        assert "540 minutes over" in page
        assert "60 cases: more than 12 are too many" in page
        commands.move_item(row, -59, by=room.coordinator, now=room.now)
        assert order(room)[:2] == [row.pk, first.pk]

    def test_who_leaves_early_is_respected_and_said(self, room: Room) -> None:
        surgeon = room.pathologist
        BoardMember.objects.create(board=room.board, user=surgeon, specialty=Specialty.PATHOLOGY)
        other = room.item()
        needs = room.item(question_kind=QuestionKind.PATHOLOGY)
        client = Client()
        client.force_login(surgeon)
        url = reverse("meeting-availability", args=[room.meeting.pk])
        assert client.post(url, {"person": room.chair.pk, "leaves": "14:15"}).status_code == 422  # for oneself only
        assert client.post(url, {"person": surgeon.pk, "leaves": "19:00"}).status_code == 422
        assert client.post(url, {"person": surgeon.pk, "leaves": "14:15"}).status_code == 303
        rows = program(room).sections[0].rows
        assert [row.absent for row in rows] == ["", "Paul Path leaves before"]
        assert rows[1].needed == "Pathology"
        commands.propose_order(room.meeting, OrderBy.LEAVING, by=room.coordinator, now=room.now)
        assert order(room) == [needs.pk, other.pk]
        assert [row.absent for row in program(room).sections[0].rows] == ["", ""]
        with pytest.raises(ValidationError, match="Leaves before coming"):
            commands.set_availability(
                room.meeting,
                surgeon,
                comes_at=room.meeting.starts_at + timedelta(minutes=30),
                leaves_at=room.meeting.starts_at + timedelta(minutes=20),
                by=surgeon,
                now=room.now,
            )


@pytest.mark.django_db
def test_the_agenda_on_paper_names_cases_and_the_invitation_nobody(room: Room) -> None:
    item = room.item(question="Is PRRT possible?")
    client = Client()
    client.force_login(room.dietitian)
    said = {}
    for name in ("agenda", "invitation"):
        answer = client.get(reverse(f"meeting-{name}-pdf", args=[room.meeting.pk]))
        assert (answer.content[:5], answer["Cache-Control"]) == (b"%PDF-", "no-store")
        shown = {key: answer.context[key] for key in ("meeting", "program", "on", "url")}
        said[name] = render_to_string(f"tumorboard/meetings/{name}_pdf.html", shown)
    assert item.patient.name in said["agenda"]
    assert "Is PRRT possible?" in said["agenda"]
    for secret in (item.patient.name, "PRRT", item.patient.name.split()[-1]):
        assert secret not in said["invitation"]
    assert reverse("meeting", args=[room.meeting.pk]) in said["invitation"]
    assert AuditEvent.objects.filter(kind="export", patient_ids=[item.patient_id]).count() == 1


@pytest.mark.django_db
def test_the_agenda_is_sent_as_a_link_once_per_change(room: Room) -> None:
    item = room.item(presenter=room.nurse)
    BoardMember.objects.create(board=room.board, user=room.chair, specialty=Specialty.MEDICAL_ONCOLOGY)
    client = Client()
    client.force_login(room.coordinator)
    url = reverse("meeting-send", args=[room.meeting.pk])
    assert client.post(url).status_code == 303
    client.post(url)
    sent = InboxItem.objects.filter(kind="agenda")
    assert set(sent.values_list("recipient_id", "title", "patient_id", "body")) == {
        (person.pk, "Agenda of NET board, 26 Nov 2026", None, "") for person in (room.nurse, room.chair)
    }
    commands.change_minutes(item, 5, by=room.coordinator, now=room.now)
    client.post(url)
    assert sent.count() == 4
    client.force_login(room.dietitian)
    assert client.post(url).status_code == 403
