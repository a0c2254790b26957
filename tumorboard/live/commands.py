"""A case in the meeting: record what is said with its action, sign it; screens, private notes. One transaction each."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.audit.rules import Kind
from tumorboard.actions.commands import assign, change_action, put_in_force, take_back_action
from tumorboard.actions.models import Action
from tumorboard.actions.rules import ActionKind
from tumorboard.decisions.commands import Said, record_decision, sign_decision
from tumorboard.decisions.models import Decision, Recommendation
from tumorboard.live import policies
from tumorboard.live.models import PrivateNote, ProjectorSession
from tumorboard.live.queries import digest_of
from tumorboard.live.rules import NOTE_LENGTH, NOTES_KEPT, SCREEN_AFTER, first_action
from tumorboard.meetings.commands import close_item
from tumorboard.meetings.models import AgendaItem, Meeting

if TYPE_CHECKING:
    from careteam.people.models import User


@dataclass(frozen=True)
class ActionAsked:
    """The action of the form. `what` and `kind` empty: taken from the options."""

    owner: User
    due_on: date
    what: str = ""
    kind: str = ""


@transaction.atomic
def record_case(
    item: AgendaItem, said: Said, action: ActionAsked | None, *, by: User, now: datetime, version: int | None = None
) -> Decision:
    """Writes (or changes) the draft and its one action. `action=None`: none is needed, a former one is taken back.
    Raises `StaleEdit` when somebody else changed the draft meanwhile."""
    decision = record_decision(item, said, by=by, now=now, version=version)
    former = Action.objects.valid().open().filter(decision=decision).order_by("pk").first()
    if action is None:
        if former is not None:
            take_back_action(former, by=by, now=now)
        return decision
    kind, words, option = first_action(said.options)
    answers = Recommendation.objects.valid().filter(decision=decision, option=option).first() if option else None
    chosen = ActionKind(action.kind) if action.kind else kind
    what = action.what.strip() or words or decision.text
    if former is None:
        assign(
            decision.patient,
            what=what,
            owner=action.owner,
            due_on=action.due_on,
            kind=chosen,
            decision=decision,
            recommendation=answers,
            by=by,
            now=now,
        )
    else:
        change_action(
            former,
            what=what,
            owner=action.owner,
            due_on=action.due_on,
            kind=chosen,
            recommendation=answers,
            by=by,
            now=now,
        )
    return decision


@transaction.atomic
def sign_case(decision: Decision, *, by: User, now: datetime) -> Decision:
    """Signs the decision, closes the case and its referral's turn, puts its actions in force. The caller has asked
    for the password again."""
    Meeting.objects.select_for_update(of=("self",)).get(items__decision=decision)  # same order of locks everywhere
    signed = sign_decision(decision, by=by, now=now)
    close_item(signed.item, by=by, now=now)
    put_in_force(signed, by=by, now=now)
    return signed


@transaction.atomic
def sign_meeting(meeting: Meeting, *, by: User, now: datetime) -> int:
    """Signs every recorded decision of the meeting; returns how many. None of them is signed when one cannot be."""
    drafts = list(
        Decision.objects.valid().filter(item__meeting=meeting, signed_at__isnull=True).order_by("item__position", "pk")
    )
    for draft in drafts:
        sign_case(draft, by=by, now=now)
    if drafts:
        record(
            "live.sign_meeting",
            by=by,
            now=now,
            subject=meeting,
            patient_ids=[draft.patient_id for draft in drafts],
            team_id=meeting.board.team_id,
            details={"decisions": [draft.pk for draft in drafts]},
        )
    return len(drafts)


@transaction.atomic
def start_projector(meeting: Meeting, *, by: User, now: datetime) -> tuple[ProjectorSession, str]:
    """A screen that shows this meeting until it ends, and its token, which is told this once and stored nowhere."""
    meeting = Meeting.objects.lock(meeting.pk)
    insist(policies.why_not_project(meeting, by))
    token = secrets.token_urlsafe(32)
    screen = ProjectorSession.objects.create(
        meeting=meeting,
        token_digest=digest_of(token),
        started_by=by,
        started_at=now,
        ends_at=max(meeting.ends_at, now) + SCREEN_AFTER,
    )
    meeting.save_version()
    record(
        "live.start_projector",
        by=by,
        now=now,
        subject=meeting,
        team_id=meeting.board.team_id,
        kind=Kind.ACCESS,
        details={"projector": screen.pk},
    )
    return screen, token


@transaction.atomic
def end_projectors(meeting: Meeting, *, by: User, now: datetime) -> int:
    """Every projector of the meeting goes out; returns how many. None: nothing is written."""
    meeting = Meeting.objects.lock(meeting.pk)
    insist(policies.why_not_run(meeting, by))
    ended = ProjectorSession.objects.running(now).filter(meeting=meeting).update(ended_at=now)
    if ended:
        meeting.save_version()
        record(
            "live.end_projectors",
            by=by,
            now=now,
            subject=meeting,
            team_id=meeting.board.team_id,
            kind=Kind.ACCESS,
            details={"ended": ended},
        )
    return ended


@transaction.atomic
def save_note(item: AgendaItem, text: str, *, by: User, now: datetime) -> None:
    """What this person notes for themselves (up to 4,000 characters; empty: the note is gone). The audit row says that
    a note was saved, not what it says."""
    insist(policies.why_not_note(item, by))
    kept = text.strip()[:NOTE_LENGTH]
    if kept:
        PrivateNote.objects.update_or_create(item=item, author=by, defaults={"text": kept, "saved_at": now})
    else:
        PrivateNote.objects.filter(item=item, author=by).delete()
    record(
        "live.save_note",
        by=by,
        now=now,
        subject=item,
        patient_ids=[item.patient_id],
        team_id=item.meeting.board.team_id,
        details={"empty": not kept},
    )


@transaction.atomic
def purge_notes(*, now: datetime) -> int:
    """Removes private notes that nobody touched for 30 days; returns how many."""
    removed, _ = PrivateNote.objects.filter(saved_at__lt=now - NOTES_KEPT).delete()
    if removed:
        record("live.purge_notes", by=None, now=now, kind=Kind.SYSTEM, details={"removed": removed})
    return removed
