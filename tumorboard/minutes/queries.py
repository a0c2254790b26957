"""Minutes as they stand, as they were signed, and what became of them since."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.utils import timezone

from tumorboard.actions.queries import ActionRow, actions_of_decisions
from tumorboard.boards.rules import Quorum
from tumorboard.decisions.queries import DecisionRow, decisions_of_meeting
from tumorboard.meetings.models import Attendance, Meeting
from tumorboard.meetings.queries import AgendaRow, agenda_rows, quorum_of_meeting
from tumorboard.minutes.models import SignedMinutes
from tumorboard.minutes.rules import CaseText, Content

_HEAD, _CASE = "tumorboard/minutes/_head.html", "tumorboard/minutes/_case.html"


@dataclass(frozen=True)
class Attended:
    name: str
    specialty: str
    joined_at: datetime
    left_at: datetime | None


@dataclass(frozen=True)
class MinutesCase:
    row: AgendaRow
    decision: DecisionRow | None
    actions: tuple[ActionRow, ...]

    @property
    def waits_for_signature(self) -> bool:
        return self.decision is not None and not self.decision.is_signed and not self.decision.has_lapsed


@dataclass(frozen=True)
class Minutes:
    """What the minutes say. `is_final`: the meeting was held and every decision is signed."""

    meeting: Meeting
    on: date
    attended: tuple[Attended, ...]
    quorum: Quorum
    cases: tuple[MinutesCase, ...]
    is_final: bool


def minutes_of(meeting: Meeting, today: date) -> Minutes:
    """The minutes as they stand; the quorum counts who attended at any time. A constant number of queries."""
    people = list(
        Attendance.objects.filter(meeting=meeting).select_related("user").order_by("specialty", "user__name", "pk")
    )
    came = frozenset(row.specialty for row in people if row.specialty)
    rows = agenda_rows(meeting, came)
    decisions = {row.item_id: row for row in decisions_of_meeting(meeting.pk)}
    actions: dict[int, list[ActionRow]] = {}
    for action in actions_of_decisions([row.id for row in decisions.values()], today):
        actions.setdefault(action.decision_id or 0, []).append(action)
    cases = []
    for row in rows:
        decision = decisions.get(row.item_id)
        cases.append(MinutesCase(row, decision, tuple(actions.get(decision.id, ())) if decision else ()))
    return Minutes(
        meeting=meeting,
        on=meeting.board.team.local_date(meeting.starts_at),
        attended=tuple(
            Attended(str(row.user), row.get_specialty_display(), row.joined_at, row.left_at) for row in people
        ),
        quorum=quorum_of_meeting(meeting, [row.quorum for row in rows if row.decision_id], came),
        cases=tuple(cases),
        is_final=meeting.status == "held" and not any(case.waits_for_signature for case in cases),
    )


def content_of(minutes: Minutes) -> Content:
    """What a signature would cover: the minutes word for word, without what goes on changing (how far an action is).
    Times are those of the board's team, whoever asks."""
    shown = {"minutes": minutes, "meeting": minutes.meeting, "is_frozen": True}
    with at_home(minutes.meeting):
        return Content(
            head=render_to_string(_HEAD, shown),
            cases=tuple(
                CaseText(case.row.patient_id, case.row.item_id, render_to_string(_CASE, shown | {"case": case}))
                for case in minutes.cases
            ),
        )


def at_home(meeting: Meeting) -> AbstractContextManager[None]:
    """Within it, times are written as the clock of the board's team shows them: a worker knows no person's."""
    return timezone.override(ZoneInfo(meeting.board.team.time_zone))


def versions_of(meeting_id: int) -> list[SignedMinutes]:
    """The signed versions, latest first (one query)."""
    rows = SignedMinutes.objects.filter(meeting_id=meeting_id).select_related("signed_by", "printout")
    return list(rows.order_by("-number"))


def latest_of(meeting_ids: Iterable[int]) -> dict[int, SignedMinutes]:
    """The latest version of each meeting that has one (one query, without the text)."""
    rows = SignedMinutes.objects.filter(meeting_id__in=list(meeting_ids)).defer("content").select_related("signed_by")
    return {row.meeting_id: row for row in rows.order_by("meeting_id", "number")}


def extract_of(item_id: int, meeting_id: int) -> tuple[SignedMinutes, CaseText] | None:
    """What the latest signed minutes say of one case; None while nobody has signed them."""
    row = SignedMinutes.objects.filter(meeting_id=meeting_id).select_related("signed_by").order_by("-number").first()
    found = [case for case in row.text.cases if case.item_id == item_id] if row else []
    return (row, found[0]) if row and found else None
