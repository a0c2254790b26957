"""In which order, in which section, for how long: what two coordinators may do at once. Each act says what it was made
on; where the other changed the agenda since, nothing is done and what they did is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from tumorboard.meetings import policies
from tumorboard.meetings.commands.cutoff import keep_lacks
from tumorboard.meetings.models import AgendaChange, AgendaItem, Availability, Meeting
from tumorboard.meetings.queries.program import cases_of, changes_since
from tumorboard.meetings.rules import SECTION_RANK, ChangeKind, MeetingStatus, Section, moved
from tumorboard.meetings.rules.order import OrderBy, proposed, restored

if TYPE_CHECKING:
    from careteam.people.models import User

_GAP = 10
UNDOABLE = (ChangeKind.MOVED, ChangeKind.ORDERED, ChangeKind.UNDONE)


class AgendaMoved(Exception):
    """Somebody else changed the agenda since the page was opened. Nothing was done; `changes` says what they did."""

    def __init__(self, changes: Sequence[AgendaChange]) -> None:
        super().__init__("The agenda was changed meanwhile.")
        self.changes = list(changes)


@transaction.atomic
def move_item(item: AgendaItem, steps: int, *, by: User, now: datetime, seen: int | None = None) -> list[int]:
    """Moves an open case `steps` places down the open cases of its section (negative: up); returns the ids of all open
    cases in their new order. Beyond either end it stays at the end. `seen` is the last change the person knew of;
    raises `AgendaMoved` when somebody else made another one since."""
    meeting = _locked(item.meeting_id, by=by, seen=seen)
    items = _open(meeting)
    row = next((each for each in items if each.pk == item.pk), None)
    if row is None:
        raise ValidationError("This case is no longer open on the agenda.")
    mates = [each.pk for each in items if each.section == row.section]
    after_mates = iter(moved(mates, row.pk, steps))
    after = [next(after_mates) if each.section == row.section else each.pk for each in items]
    return _arrange(meeting, items, after, ChangeKind.MOVED, by=by, now=now, item=row)


@transaction.atomic
def propose_order(meeting: Meeting, first: OrderBy, *, by: User, now: datetime, seen: int | None = None) -> list[int]:
    """Puts the open cases in the order that the rules propose; `undo_order` puts them back."""
    meeting = _locked(meeting.pk, by=by, seen=seen)
    items = _open(meeting)
    after = proposed(cases_of(meeting, items, today=meeting.board.team.local_date(now)), first)
    return _arrange(meeting, items, after, ChangeKind.ORDERED, by=by, now=now, note=f"by {first.label.lower()}")


@transaction.atomic
def undo_order(meeting: Meeting, *, by: User, now: datetime, seen: int | None = None) -> list[int]:
    """Puts back the order before the last change of it; what was listed since stays behind. Undoing again redoes."""
    meeting = _locked(meeting.pk, by=by, seen=seen)
    last = AgendaChange.objects.filter(meeting=meeting, kind__in=UNDOABLE).order_by("-pk").first()
    if last is None:
        raise ValidationError("The order has not been changed yet.")
    items = _open(meeting)
    sections = {row.pk: SECTION_RANK[row.section] for row in items}
    after = sorted(restored(last.before, [row.pk for row in items]), key=lambda pk: sections[pk])
    return _arrange(meeting, items, after, ChangeKind.UNDONE, by=by, now=now)


@transaction.atomic
def set_section(item: AgendaItem, section: Section, *, by: User, now: datetime, seen: int | None = None) -> AgendaItem:
    """Moves an open case to the end of another section of the agenda."""
    meeting = _locked(item.meeting_id, by=by, seen=seen)
    row = next((each for each in _open(meeting) if each.pk == item.pk), None)
    if row is None:
        raise ValidationError("This case is no longer open on the agenda.")
    if row.section == section:
        return row
    before = Section(row.section)
    row.section = section
    row.position = max(each.position for each in _open(meeting)) + _GAP
    row.save_version("section", "position")
    note = f"{before.label} → {section.label}"
    note_change(meeting, ChangeKind.SECTION, by=by, now=now, item=row, note=note)
    _audit("meetings.set_section", meeting, [row.patient_id], by=by, now=now, details={"item": row.pk, "note": note})
    return row


@transaction.atomic
def change_minutes(item: AgendaItem, minutes: int, *, by: User, now: datetime, seen: int | None = None) -> AgendaItem:
    """How long the case may take, 1 to 120 minutes."""
    if not 1 <= minutes <= 120:
        raise ValidationError("Choose 1 to 120 minutes.")
    meeting = _locked(item.meeting_id, by=by, seen=seen)
    item = AgendaItem.objects.lock_full(item.pk)
    before, item.minutes = item.minutes, minutes
    if before == minutes:
        return item
    item.save_version("minutes")
    note_change(meeting, ChangeKind.MINUTES, by=by, now=now, item=item, note=f"{before} → {minutes} min")
    details = {"item": item.pk, "before": before, "after": minutes}
    _audit("meetings.change_minutes", meeting, [item.patient_id], by=by, now=now, details=details)
    return item


@transaction.atomic
def set_availability(
    meeting: Meeting,
    person: User,
    *,
    comes_at: datetime | None,
    leaves_at: datetime | None,
    by: User,
    now: datetime,
) -> Availability | None:
    """From when to when somebody is at the meeting; neither: all the time (the row stays, empty)."""
    meeting = Meeting.objects.lock(meeting.pk)
    if person.pk != by.pk:
        insist(policies.why_not_prepare(meeting, by))
    insist(policies.why_not_attend(meeting, person, person))
    for at, field in ((comes_at, "comes"), (leaves_at, "leaves")):
        if at is not None and not meeting.starts_at <= at <= meeting.ends_at:
            raise ValidationError({field: "Choose a time within the meeting."})
    if comes_at and leaves_at and leaves_at <= comes_at:
        raise ValidationError({"leaves": "Leaves before coming."})
    row, _ = Availability.objects.update_or_create(
        meeting=meeting, user=person, defaults={"comes_at": comes_at, "leaves_at": leaves_at}
    )
    meeting.save_version()
    _audit("meetings.set_availability", meeting, [], by=by, now=now, details={"person": person.pk})
    return row


def note_change(
    meeting: Meeting,
    kind: ChangeKind,
    *,
    by: User | None,
    now: datetime,
    item: AgendaItem | None = None,
    before: Sequence[int] = (),
    after: Sequence[int] = (),
    note: str = "",
) -> None:
    """Keeps a change of the agenda (locked by the caller) for the others, and raises the meeting's version."""
    AgendaChange.objects.create(
        meeting=meeting,
        item=item,
        kind=kind,
        at=now,
        by=by,
        before=list(before),
        after=list(after),
        note=note[:200],
        is_late=policies.is_late(meeting, now),
    )
    meeting.save_version()


def freeze_at_cutoff(*, now: datetime) -> int:
    """Freezes the agendas whose cut-off has passed and whose meeting lies ahead; returns how many."""
    due = Meeting.objects.filter(status=MeetingStatus.PLANNED, cutoff_at__lte=now, starts_at__gt=now)
    return sum(_freeze(pk, now=now) for pk in list(due.order_by("pk").values_list("pk", flat=True)))


@transaction.atomic
def _freeze(meeting_id: int, *, now: datetime) -> bool:
    meeting = Meeting.objects.lock(meeting_id)
    if meeting.status != MeetingStatus.PLANNED or meeting.cutoff_at > now:
        return False
    insist(policies.why_not_move_meeting(meeting, MeetingStatus.FROZEN))
    meeting.status, meeting.frozen_at = MeetingStatus.FROZEN, now
    meeting.save_version("status", "frozen_at")
    keep_lacks(meeting, now=now)
    _audit("meetings.freeze", meeting, [], by=None, now=now, details={"because": "cut-off"})
    return True


def _locked(meeting_id: int, *, by: User, seen: int | None) -> Meeting:
    meeting = Meeting.objects.lock(meeting_id)
    insist(policies.why_not_prepare(meeting, by))
    if seen is not None:
        theirs = changes_since(meeting.pk, seen, by)
        if theirs:
            raise AgendaMoved(theirs)
    return meeting


def _open(meeting: Meeting) -> list[AgendaItem]:
    rows = AgendaItem.objects.open().filter(meeting=meeting).select_related("referral__presenter", "patient")
    return list(rows.in_order())


def _arrange(
    meeting: Meeting,
    items: list[AgendaItem],
    after: list[int],
    kind: ChangeKind,
    *,
    by: User,
    now: datetime,
    item: AgendaItem | None = None,
    note: str = "",
) -> list[int]:
    """Gives the open cases their places in the order `after`; one of another section keeps its section."""
    before = [row.pk for row in items]
    if after == before:
        return after
    rows = {row.pk: row for row in items}
    places = sorted(row.position for row in items)
    if len(set(places)) < len(places):  # two cases at one place (an import): number them anew
        places = [_GAP * number for number in range(1, len(places) + 1)]
    for row_id, place in zip(after, places, strict=True):
        if rows[row_id].position != place:
            rows[row_id].position = place
            rows[row_id].save_version("position")
    note_change(meeting, kind, by=by, now=now, item=item, before=before, after=after, note=note)
    details = {"before": before, "after": after}
    patients = [row.patient_id for row in items] if item is None else [item.patient_id]
    _audit(f"meetings.{_VERBS[kind]}", meeting, patients, by=by, now=now, details=details)
    return after


_VERBS = {ChangeKind.MOVED: "move_item", ChangeKind.ORDERED: "propose_order", ChangeKind.UNDONE: "undo_order"}


def _audit(
    action: str,
    meeting: Meeting,
    patient_ids: list[int],
    *,
    by: User | None,
    now: datetime,
    details: Mapping[str, object],
) -> None:
    record(
        action,
        by=by,
        now=now,
        subject=meeting,
        patient_ids=patient_ids,
        team_id=meeting.board.team_id,
        details=dict(details),
    )
