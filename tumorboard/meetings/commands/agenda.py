"""What stands on an agenda, in which order, and which case is on. The meeting is locked first, then the case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Unpack

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.urls import reverse

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.notifications.commands import notify
from patients.record.commands import Act, record_about
from tumorboard.meetings import policies
from tumorboard.meetings.commands.order import note_change
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.meetings.rules import ChangeKind, ItemStatus, item_minutes, next_in_order, section_of
from tumorboard.readiness.commands import want
from tumorboard.readiness.rules import Item
from tumorboard.referrals import commands as referrals
from tumorboard.referrals.models import Referral
from tumorboard.referrals.rules import DeferReason

if TYPE_CHECKING:
    from careteam.people.models import User
    from tumorboard.boards.models import Board

_GAP = 10  # between two positions: an insertion renumbers nobody


@transaction.atomic
def list_referral(
    referral: Referral, meeting: Meeting, *, by: User, now: datetime, after_cutoff_reason: str = ""
) -> AgendaItem:
    """Puts a submitted referral at the end of the agenda. After the cut-off it needs a reason, which is shown."""
    meeting = Meeting.objects.lock(meeting.pk)
    referral = Referral.objects.select_for_update(of=("self",)).select_related("patient").get(pk=referral.pk)
    insist(policies.why_not_list(referral, meeting, by, now=now, reason=after_cutoff_reason))
    late = after_cutoff_reason.strip()[:200] if policies.is_late(meeting, now) else ""
    item = place(referral, meeting, reason=late, by=by, now=now)
    if late and meeting.chair is not None and meeting.chair_id != by.pk:
        notify(
            [meeting.chair],
            key=f"referral:{referral.pk}:taken:{meeting.pk}",
            kind="referral",
            title=f"{meeting.board.name}: a case was listed after the cut-off"[:200],
            url=reverse("meeting", args=[meeting.pk]),
            now=now,
            patient_id=referral.patient_id,
        )
    return item


def place(
    referral: Referral, meeting: Meeting, *, by: User | None, now: datetime, reason: str = "", minutes: int = 0
) -> AgendaItem:
    """Puts a submitted referral at the end of the agenda, for commands that hold the lock of the meeting and have asked
    who may. `minutes` 0: as the board takes for its kind."""
    last = AgendaItem.objects.filter(meeting=meeting).aggregate(last=Max("position"))["last"] or 0
    item = AgendaItem.objects.create(
        patient=referral.patient,
        meeting=meeting,
        referral=referral,
        section=section_of(referral.kind, is_sent_back=referral.suggestions.exists()),
        position=last + _GAP,
        minutes=minutes or minutes_for(meeting.board, referral),
        listed_at=now,
        after_cutoff_reason=reason,
        created_by=by,
    )
    referrals.mark_listed(
        referral,
        on=meeting.board.team.local_date(meeting.starts_at),
        url=reverse("meeting", args=[meeting.pk]),
        is_vote=meeting.is_vote,
        by=by,
        now=now,
    )
    note_change(meeting, ChangeKind.LISTED, by=by, now=now, item=item)
    _audit("meetings.list_referral", item, meeting, by=by, now=now, reason=reason)
    return item


def minutes_for(board: Board, referral: Referral) -> int:
    """How long the board takes for a referral of this kind."""
    return item_minutes(
        referral.kind,
        full=board.minutes_full,
        routine=board.minutes_routine,
        information=board.minutes_information,
        rediscussion=board.minutes_rediscussion,
    )


@dataclass(frozen=True)
class Missing:
    """What a case is deferred for: items of its readiness, and in words what no field of the record holds (`owner` sees
    to that), all by `due_on`."""

    due_on: date
    items: tuple[Item, ...] = ()
    texts: tuple[str, ...] = ()
    owner: User | None = None

    @property
    def names(self) -> list[str]:
        return [*(str(item.label) for item in self.items), *self.texts]


@transaction.atomic
def defer_item(
    item: AgendaItem, *, reason: DeferReason, by: User, now: datetime, missing: Missing | None = None
) -> AgendaItem:
    """Takes the case off this agenda with a coded reason; its referral waits for another one, carried over. Somebody is
    asked for each thing that is missing; it stands on the referral until it is there."""
    meeting = Meeting.objects.lock(item.meeting_id)
    insist(policies.why_not_run(meeting, by))
    item = AgendaItem.objects.lock_full(item.pk)
    item.missing = [name[:200] for name in missing.names] if missing else []
    defer_locked(item, meeting, reason=reason, by=by, now=now)
    if missing and missing.names:
        want(
            item.referral,
            missing.items,
            missing.texts,
            owner=missing.owner,
            due_on=missing.due_on,
            by=by,
            now=now,
        )
    note_change(meeting, ChangeKind.DEFERRED, by=by, now=now, item=item, note=reason.label)
    return item


def defer_locked(item: AgendaItem, meeting: Meeting, *, reason: DeferReason, by: User | None, now: datetime) -> None:
    """The deferral itself, for commands that hold both locks."""
    item.defer_reason, item.closed_at = reason, now
    _move(item, ItemStatus.DEFERRED, "defer_reason", "closed_at", "missing", now=now)
    referrals.mark_deferred(item.referral, reason=reason, by=by, now=now)
    _audit("meetings.defer_item", item, meeting, by=by, now=now, details={"reason": str(reason)})


@transaction.atomic
def show_item(meeting: Meeting, item: AgendaItem | None, *, by: User, now: datetime) -> AgendaItem | None:
    """Puts a case before everybody (None: takes it off). The case that was on goes back to the open ones."""
    meeting = Meeting.objects.lock(meeting.pk)
    insist(policies.why_not_show(meeting, by))
    shown: AgendaItem | None = AgendaItem.objects.filter(meeting=meeting, status=ItemStatus.CURRENT).first()
    if shown is not None and item is not None and shown.pk == item.pk:
        return shown
    if shown is not None:
        _move(AgendaItem.objects.lock_full(shown.pk), ItemStatus.LISTED, now=now)
    opened = None
    if item is not None:
        opened = AgendaItem.objects.lock_full(item.pk)
        if opened.meeting_id != meeting.pk:
            raise ValidationError("This case stands on another agenda.")
        opened.opened_at, opened.shown_at = opened.opened_at or now, now
        _move(opened, ItemStatus.CURRENT, "opened_at", "shown_at", now=now)
    meeting.save_version()
    record(
        "meetings.show_item",
        by=by,
        now=now,
        subject=opened or meeting,
        patient_ids=[opened.patient_id] if opened else [],
        team_id=meeting.board.team_id,
        details={"meeting": meeting.pk},
    )
    return opened


@transaction.atomic
def step_item(meeting: Meeting, steps: int, *, by: User, now: datetime) -> AgendaItem | None:
    """Shows the next open case (`steps` 1) or the previous one (-1); the same one at either end, None without cases."""
    meeting = Meeting.objects.lock(meeting.pk)
    items = list(AgendaItem.objects.open().filter(meeting=meeting).in_order())
    shown = next((item.pk for item in items if item.status == ItemStatus.CURRENT), None)
    wanted = next_in_order([item.pk for item in items], shown, steps) or shown
    return show_item(meeting, next((item for item in items if item.pk == wanted), None), by=by, now=now)


@transaction.atomic
def close_item(item: AgendaItem, *, by: User, now: datetime) -> AgendaItem:
    """The decision is signed: the case is decided, its referral discussed. Called by `live.commands.sign_case`, which
    checks who may sign."""
    meeting = Meeting.objects.lock(item.meeting_id)
    item = AgendaItem.objects.lock_full(item.pk)
    item.closed_at = now
    _move(item, ItemStatus.DECIDED, "closed_at", now=now)
    referrals.mark_discussed(item.referral, by=by, now=now)
    meeting.save_version()
    _audit("meetings.close_item", item, meeting, by=by, now=now)
    return item


@transaction.atomic
def withdraw(referral: Referral, *, reason: str, by: User | None, now: datetime) -> Referral:
    """Withdraws a referral wherever it stands, and frees its place on the agenda. `by=None`: the patient died."""
    item = AgendaItem.objects.open().filter(referral=referral).first()
    if item is None:
        return referrals.withdraw(referral, reason=reason, by=by, now=now)
    meeting = Meeting.objects.lock(item.meeting_id)
    item = AgendaItem.objects.lock_full(item.pk)
    withdrawn = referrals.withdraw(referral, reason=reason, by=by, now=now)
    item.closed_at = now
    _move(item, ItemStatus.WITHDRAWN, "closed_at", now=now)
    note_change(meeting, ChangeKind.WITHDRAWN, by=by, now=now, item=item)
    _audit("meetings.withdraw", item, meeting, by=by, now=now, reason=reason)
    return withdrawn


@transaction.atomic
def merge(first: Referral, second: Referral, *, by: User, now: datetime) -> Referral:
    """Two open referrals of one person to one board become one, which is returned: the one whose meeting comes sooner,
    else the one that stands on an agenda, else the older. The other's place on an agenda is freed; nothing is lost."""
    items = {row.referral_id: row for row in AgendaItem.objects.open().filter(referral__in=[first, second])}
    locked = {pk: Meeting.objects.lock(pk) for pk in sorted({item.meeting_id for item in items.values()})}

    def rank(referral: Referral) -> tuple[bool, datetime, int]:
        item = items.get(referral.pk)
        return item is None, locked[item.meeting_id].starts_at if item else now, referral.pk

    keep, other = sorted((first, second), key=rank)
    kept = referrals.absorb(keep, other, by=by, now=now)
    if other.pk in items:
        item, meeting = AgendaItem.objects.lock_full(items[other.pk].pk), locked[items[other.pk].meeting_id]
        item.closed_at = now
        _move(item, ItemStatus.WITHDRAWN, "closed_at", now=now)
        meeting.save_version()
        _audit("meetings.merge", item, meeting, by=by, now=now, details={"into": kept.pk})
    return kept


def _move(item: AgendaItem, to: ItemStatus, *fields: str, now: datetime) -> None:
    """The one place where the state of a case on an agenda changes. What was on is on no longer: its time is counted,
    also that of a case that is shown again."""
    insist(policies.why_not_move_item(item, to))
    if item.status == ItemStatus.CURRENT and item.shown_at is not None:
        item.seconds_on = (item.seconds_on or 0) + max(0, round((now - item.shown_at).total_seconds()))
        fields = (*fields, "seconds_on")
    item.status = to
    item.save_version("status", *fields)


def _audit(
    action: str, item: AgendaItem, meeting: Meeting, *, details: dict[str, object] | None = None, **about: Unpack[Act]
) -> None:
    details = {"meeting": meeting.pk} | (details or {})
    record_about(item, action, team_id=meeting.board.team_id, details=details, **about)
