"""The agenda as a program: sections, clock times, who is needed when, what was changed since the cut-off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from careteam.people.rules import Specialty
from careteam.web.words import clock
from patients.protocol.queries import number
from tumorboard.boards.models import BoardMember
from tumorboard.meetings.models import AgendaChange, AgendaItem, Availability, Meeting
from tumorboard.meetings.queries.agenda import AgendaRow
from tumorboard.meetings.queries.readiness import meeting_readiness
from tumorboard.meetings.rules import OPEN_ITEMS, Section
from tumorboard.meetings.rules.order import NEEDED_FOR, Case, Window, absent_at, clock_times, minutes_taken

if TYPE_CHECKING:
    from careteam.people.models import User

SHOWN_CHANGES = 30


@dataclass(frozen=True)
class ProgramRow:
    """A case with its clock time. `absent`: who of those it needs is not there then; `limits`: their times."""

    row: AgendaRow
    at: datetime | None
    needed: str
    limits: str
    absent: str
    changed: bool
    wants: str = ""  # what the patient wants, in one line

    @property
    def is_standby(self) -> bool:
        return self.row.section == Section.STANDBY


@dataclass(frozen=True)
class ProgramSection:
    code: str
    label: str
    minutes: int
    rows: tuple[ProgramRow, ...]


@dataclass(frozen=True)
class Program:
    """The whole agenda in sections. `seen` is the last change it knows of; `limit` the cases a meeting should have at
    most."""

    sections: tuple[ProgramSection, ...]
    minutes: int
    length: int
    cases: int
    limit: int
    seen: int
    late_changes: tuple[AgendaChange, ...]
    windows: tuple[tuple[str, str], ...]
    may_undo: bool

    @property
    def over(self) -> int:
        return max(self.minutes - self.length, 0)

    @property
    def left(self) -> int:
        return max(self.length - self.minutes, 0)

    @property
    def is_crowded(self) -> bool:
        return self.cases > self.limit


def program_of(meeting: Meeting, rows: Sequence[AgendaRow], wants: Mapping[int, str] | None = None) -> Program:
    """The rows of the agenda as a program; five queries whatever their number. `wants`: of `wants_of`."""
    changes = list(AgendaChange.objects.filter(meeting=meeting).select_related("by", "item__patient").order_by("-pk"))
    windows = _windows(meeting)
    named = _by_specialty(meeting)
    cases = {row.item_id: _case(row, windows, named) for row in rows}
    shown = [cases[row.item_id] for row in rows if row.status in OPEN_ITEMS or row.decision_id]
    times = clock_times(meeting.starts_at, shown)
    late = [change for change in changes if change.is_late]
    touched = {change.item_id for change in late}
    sections: dict[str, list[ProgramRow]] = defaultdict(list)
    for row in rows:
        case, at = cases[row.item_id], times.get(row.item_id)
        absent = absent_at(case, at) if row.is_open else []
        sections[row.section].append(
            ProgramRow(
                row=row,
                at=at,
                needed=Specialty(case.needed).label if case.needed else "",
                limits=", ".join(_limit(name, window) for name, window in case.windows),
                absent="; ".join(absent),
                changed=row.item_id in touched,
                wants=(wants or {}).get(row.patient_id, ""),
            )
        )
    return Program(
        sections=tuple(
            ProgramSection(
                code=str(section),
                label=section.label,
                minutes=sum(each.row.minutes for each in sections[section] if each.row.item_id in times),
                rows=tuple(sections[section]),
            )
            for section in Section
            if sections[section]
        ),
        minutes=minutes_taken(shown),
        length=meeting.length_minutes,
        cases=len(shown),
        limit=int(number(meeting.board.team_id, "board.cases").value),
        seen=changes[0].pk if changes else 0,
        late_changes=tuple(late[:SHOWN_CHANGES]),
        windows=tuple((name, _limit("", window).strip()) for name, window in windows.values()),
        may_undo=any(change.before for change in changes),
    )


def cases_of(meeting: Meeting, items: Sequence[AgendaItem], *, today: date) -> list[Case]:
    """Open cases (with referral) as the rules of the order see them, as ready as the record makes them today."""
    found = meeting_readiness(meeting, today).cases
    unready = {case.referral.pk: 2 if case.reds else 1 for case in found if not case.is_ready}
    windows, named = _windows(meeting), _by_specialty(meeting)
    return [
        Case(
            id=item.pk,
            section=item.section,
            urgency=item.referral.urgency,
            since=item.referral.submitted_at or item.listed_at,
            minutes=item.minutes,
            needed=NEEDED_FOR.get(item.referral.question_kind, ""),
            readiness=unready.get(item.referral_id, 0),
            windows=_needed_windows(item.referral.question_kind, item.referral.presenter_id, windows, named),
        )
        for item in items
    ]


def changes_since(meeting_id: int, seen: int, by: User) -> list[AgendaChange]:
    """What others did to the agenda after the change `seen`, oldest first."""
    rows = AgendaChange.objects.filter(meeting_id=meeting_id, pk__gt=seen).exclude(by=by)
    return list(rows.select_related("by", "item__patient").order_by("pk"))


def _windows(meeting: Meeting) -> dict[int, tuple[str, Window]]:
    rows = Availability.objects.filter(meeting=meeting).select_related("user").order_by("user__name", "user_id")
    return {
        row.user_id: (str(row.user), Window(row.comes_at, row.leaves_at))
        for row in rows
        if row.comes_at is not None or row.leaves_at is not None
    }


def _by_specialty(meeting: Meeting) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for member in BoardMember.objects.filter(board_id=meeting.board_id, user__is_active=True):
        found[member.specialty].append(member.user_id)
    return found


def _needed_windows(
    question_kind: str, presenter_id: int | None, windows: dict[int, tuple[str, Window]], named: dict[str, list[int]]
) -> tuple[tuple[str, Window], ...]:
    """The windows of who presents, and of the needed specialty where nobody of it is there all the time."""
    found = [windows[presenter_id]] if presenter_id in windows else []
    people = named.get(NEEDED_FOR.get(question_kind, ""), [])
    if people and all(person in windows for person in people):
        last = max(people, key=lambda person: _until(windows[person][1]))
        if last != presenter_id:
            found.append(windows[last])
    return tuple(found)


def _until(window: Window) -> float:
    return window.leaves_at.timestamp() if window.leaves_at else float("inf")


def _case(row: AgendaRow, windows: dict[int, tuple[str, Window]], named: dict[str, list[int]]) -> Case:
    return Case(
        id=row.item_id,
        section=row.section,
        urgency=row.urgency,
        since=row.since,
        minutes=row.minutes,
        needed=NEEDED_FOR.get(row.question_code, ""),
        windows=_needed_windows(row.question_code, row.presenter_id, windows, named),
    )


def _limit(name: str, window: Window) -> str:
    words = [name] if name else []
    if window.comes_at is not None:
        words.append(f"from {clock(window.comes_at)}")
    if window.leaves_at is not None:
        words.append(f"until {clock(window.leaves_at)}")
    return " ".join(words)
