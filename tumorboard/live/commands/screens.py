"""Screens of a meeting, and what one person notes for themselves about its cases."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.audit.rules import Kind
from patients.record.commands import record_about
from tumorboard.live import policies
from tumorboard.live.models import DecisionDraft, PrivateNote, ProjectorSession
from tumorboard.live.queries import digest_of
from tumorboard.live.rules import NOTE_LENGTH, NOTES_KEPT, SCREEN_AFTER
from tumorboard.meetings.models import AgendaItem, Meeting

if TYPE_CHECKING:
    from careteam.people.models import User


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
    record_about(
        item,
        "live.save_note",
        by=by,
        now=now,
        team_id=item.meeting.board.team_id,
        details={"empty": not kept},
    )


@transaction.atomic
def purge_notes(*, now: datetime) -> int:
    """Removes private notes, and what was typed and never recorded, that nobody touched for 30 days; returns how
    many."""
    old = {"saved_at__lt": now - NOTES_KEPT}
    removed = PrivateNote.objects.filter(**old).delete()[0] + DecisionDraft.objects.filter(**old).delete()[0]
    if removed:
        record("live.purge_notes", by=None, now=now, kind=Kind.SYSTEM, details={"removed": removed})
    return removed
