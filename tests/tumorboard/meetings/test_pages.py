"""Boards, agenda and referral pages: who gets in, what they show, what they refuse."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from careteam.access.commands import set_membership
from careteam.people.rules import Role
from tests import factories
from tests.factories.board import Room
from tumorboard.boards.models import Board
from tumorboard.decisions.rules import Option
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.referrals.models import Referral
from tumorboard.reports.rules import FigureKey

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


def _as(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _pages(room: Room) -> list[str]:
    decision = room.signed(Option.PRRT)
    item = room.item()
    action = decision.actions.get()
    return [
        reverse("meeting", args=[room.meeting.pk]),
        reverse("live", args=[room.meeting.pk]),
        reverse("live-poll", args=[room.meeting.pk]),
        reverse("meeting-minutes", args=[room.meeting.pk]),
        reverse("decision", args=[decision.pk]),
        reverse("decision-sign", args=[decision.pk]),
        reverse("decision-addendum", args=[decision.pk]),
        reverse("decision-told", args=[decision.pk, "patient"]),
        reverse("decision-record", args=[item.pk]),
        reverse("item-defer", args=[item.pk]),
        reverse("action-close", args=[action.pk]),
        reverse("action-create", args=[decision.pk]),
        reverse("recommendation-settle", args=[decision.recommendations.get().pk]),
        reverse("referral-create", args=[item.patient_id]),
        reverse("referral-withdraw", args=[item.referral_id]),
        reverse("board-panel", args=[item.patient_id]),
    ]


def test_every_page_answers_our_team_and_is_404_to_a_foreign_one(room: Room) -> None:
    pages = _pages(room)
    ours, theirs = _as(room.chair), _as(factories.person(factories.team(), Role.ONCOLOGIST, Role.BOARD_COORDINATOR))
    own = {url: ours.get(url).status_code for url in pages}
    poll = reverse("live-poll", args=[room.meeting.pk])  # says which part to fetch, and shows nothing
    assert own == dict.fromkeys(pages, 200) | {poll: 204}
    foreign = {url: theirs.get(url).status_code for url in pages}
    assert foreign == dict.fromkeys(pages, 404)


def test_pages_of_a_role_without_the_right_are_403(room: Room) -> None:
    decision = room.signed()
    item = room.item()
    client = _as(room.dietitian)
    urls = [
        reverse("referral-create", args=[item.patient_id]),
        reverse("item-defer", args=[item.pk]),
        reverse("decision-sign", args=[decision.pk]),
        reverse("board-create"),
        reverse("board-edit", args=[room.board.pk]),
        reverse("board-reports"),
    ]
    assert {url: client.get(url).status_code for url in urls} == dict.fromkeys(urls, 403)
    assert _as(factories.person(room.team, Role.AUDITOR)).get(reverse("boards")).status_code == 403


def test_referral_form_is_filled_and_one_post_submits(room: Room) -> None:
    patient = room.patient()
    client, url = _as(room.nurse), reverse("referral-create", args=[patient.pk])
    form = client.get(url).context["form"]
    data = {name: value for name, value in form.initial.items() if value is not None}
    assert (data["board"], data["presenter"]) == (room.board.pk, room.chair.pk)
    answer = client.post(url, data)
    assert (answer.status_code, answer["Location"]) == (303, f"/patients/{patient.pk}/")
    again = client.post(url, data)
    assert (again.status_code, Referral.objects.count()) == (409, 1)
    assert reverse("referral-withdraw", args=[Referral.objects.get().pk]) in again.content.decode()


def test_referral_form_keeps_what_was_typed_when_something_is_missing(room: Room) -> None:
    patient = room.patient()
    answer = _as(room.nurse).post(
        reverse("referral-create", args=[patient.pk]), {"board": room.board.pk, "hoped_for": "A quiet winter"}
    )
    assert answer.status_code == 422
    assert "A quiet winter" in answer.content.decode()


def test_boards_list_puts_a_waiting_case_on_the_next_agenda(room: Room) -> None:
    referral = room.referral()
    # The page reads the real clock; the meeting that follows it is another one than in the fixture's week.
    client = _as(room.coordinator)
    page = client.get(reverse("boards"))
    ((row, target),) = page.context["queue"]
    assert (row.id, target.board_id) == (referral.pk, room.board.pk)
    answer = client.post(reverse("referral-list", args=[referral.pk]), {"meeting": target.pk, "back": "boards"})
    assert (answer.status_code, answer["Location"]) == (303, reverse("boards"))
    assert AgendaItem.objects.get().meeting == target


def test_agenda_moves_by_button_with_and_without_htmx(room: Room) -> None:
    first, second = room.item(), room.item()
    client, url = _as(room.coordinator), reverse("item-move", args=[second.pk])
    part = client.post(url, {"steps": "-1"}, headers=HTMX)
    assert part.status_code == 200
    assert part.content.decode().lstrip().startswith("<section")
    assert client.post(url, {"steps": "1"}).status_code == 303
    assert client.post(url, {"steps": "x"}).status_code == 422
    order = list(AgendaItem.objects.in_order().values_list("pk", flat=True))
    assert order == [first.pk, second.pk]


def test_late_listing_from_the_page_asks_for_the_reason(room: Room) -> None:
    meeting = room.meeting
    Meeting.objects.filter(pk=meeting.pk).update(cutoff_at=room.now - timedelta(days=3650))
    referral, client = room.referral(), _as(room.coordinator)
    url = reverse("referral-list", args=[referral.pk])
    refused = client.post(url, {"meeting": meeting.pk})
    assert refused.status_code == 422
    assert "The cut-off has passed" in refused.content.decode()
    assert client.post(url, {"meeting": meeting.pk, "reason": "Bleeding"}).status_code == 303


def test_board_form_saves_and_shows_a_stale_save(room: Room) -> None:
    client, url = _as(room.coordinator), reverse("board-edit", args=[room.board.pk])
    data = {
        "name": "NET board", "rhythm": "weekly", "weekday": "TH", "starts_on": "2026-01-01", "local_time": "15:00",
        "duration_minutes": "90", "cutoff_hours": "26", "minutes_full": "10", "minutes_routine": "4",
        "quorum": ["pathology"], "skip_holidays": "on", "is_active": "on", "version": "1", "exceptions": "2026-12-03",
    }  # fmt: skip
    assert client.post(url, data).status_code == 303
    board = Board.objects.get()
    assert (board.duration_minutes, board.quorum, board.version) == (90, ["pathology"], 2)
    assert Meeting.objects.get(occurrence_on="2026-12-03").status == "cancelled"
    stale = client.post(url, data | {"place": "Room 9"})
    assert stale.status_code == 409
    assert "Room 9" in stale.content.decode()
    assert client.post(url, data | {"version": "2", "exceptions": "Christmas"}).status_code == 422
    assert client.post(url, data | {"version": "2", "rhythm": "custom", "custom_rule": "often"}).status_code == 422


def test_board_is_created_with_its_meetings(room: Room) -> None:
    data = {
        "name": "Second board", "rhythm": "first", "weekday": "MO", "starts_on": "2026-01-01", "local_time": "08:00",
        "duration_minutes": "45", "cutoff_hours": "24", "minutes_full": "10", "minutes_routine": "4",
        "is_active": "on",
    }  # fmt: skip
    assert _as(room.coordinator).post(reverse("board-create"), data).status_code == 303
    board = Board.objects.get(name="Second board")
    assert (board.rrule, board.meetings.count() > 0) == ("FREQ=MONTHLY;BYDAY=+1MO", True)


def test_board_names_are_unique_and_the_form_says_so(room: Room) -> None:
    data = {
        "name": "NET board", "rhythm": "first", "weekday": "MO", "starts_on": "2026-01-01", "local_time": "08:00",
        "duration_minutes": "45", "cutoff_hours": "24", "minutes_full": "10", "minutes_routine": "4",
    }  # fmt: skip
    answer = _as(room.coordinator).post(reverse("board-create"), data)
    assert answer.status_code == 422
    assert "already has a board of this name" in answer.content.decode()


def test_panel_is_a_fragment_for_htmx_and_a_page_otherwise(room: Room) -> None:
    decision = room.signed()
    client, url = _as(room.nurse), reverse("board-panel", args=[decision.patient_id])
    part = client.get(url, headers=HTMX).content.decode()
    assert part.startswith('<section class="card" id="board"')
    assert "Patient not told" in part
    assert client.get(url).content.decode().startswith("<!doctype html>")


def test_actions_page_filters_and_undo(room: Room) -> None:
    action = room.signed(Option.IMAGING).actions.get()
    client = _as(room.nurse)
    page = client.get(reverse("actions"))
    assert [row.id for row in page.context["page"].rows] == [action.pk]
    assert client.post(reverse("action-close", args=[action.pk]), {"to": "done"}).status_code == 303
    assert client.get(reverse("actions")).context["page"].rows == ()
    closed = client.get(reverse("actions"), {"whose": "team", "state": "closed"})
    assert [row.word for row in closed.context["page"].rows] == ["Done"]
    assert client.post(reverse("action-reopen", args=[action.pk])).status_code == 303
    declined = client.post(reverse("action-close", args=[action.pk]), {"to": "declined"})
    assert declined.status_code == 422


def test_queries_of_pages_do_not_grow_with_rows(room: Room) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = _as(room.chair)
    patient = room.patient()
    urls = [
        reverse("boards"),
        reverse("meeting", args=[room.meeting.pk]),
        reverse("live", args=[room.meeting.pk]),
        reverse("actions") + "?whose=team",
        reverse("board-panel", args=[patient.pk]),
        reverse("meeting-minutes", args=[room.meeting.pk]),
        reverse("board-reports"),
        reverse("board-report-list", args=[FigureKey.SIGNED]),
    ]

    def count() -> dict[str, int]:
        counts = {}
        for url in urls:
            client.get(url)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(url).status_code == 200
            # The session comes from the cache, or from its table once in a while.
            counts[url] = len([query for query in queries if "django_session" not in query["sql"]])
        return counts

    def more() -> None:
        room.signed(patient=patient)
        room.item()
        room.referral()

    more()
    one = count()
    more()
    more()
    assert count() == one


def test_scribe_may_write_and_not_sign(room: Room) -> None:
    from tumorboard.meetings.commands import set_functions

    item = room.item()
    set_functions(room.meeting, chair=room.chair, scribe=room.nurse, by=room.coordinator, now=room.now)
    room.start()
    client = _as(room.nurse)
    data = {"options": [Option.PRRT], "owner": room.nurse.pk, "due_on": "2026-12-10", "version": 0}
    assert client.post(reverse("decision-record", args=[item.pk]), data).status_code == 303
    assert client.get(reverse("meeting-sign", args=[room.meeting.pk])).status_code == 403


def test_chair_must_be_able_to_sign(room: Room) -> None:
    url = reverse("meeting-functions", args=[room.meeting.pk])
    answer = _as(room.coordinator).post(url, {"chair": room.nurse.pk})
    assert answer.status_code == 422
    assert "no role that signs" in answer.content.decode()
    set_membership(
        room.team, room.nurse, roles=[Role.SURGEON], by=factories.person(room.team, Role.TEAM_LEAD), now=room.now
    )
    assert _as(room.coordinator).post(url, {"chair": room.nurse.pk}).status_code == 303
