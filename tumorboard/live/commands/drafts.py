"""What one person has typed about a case and not recorded: kept for them alone, on whatever device they go on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction

from careteam.access.policies import insist
from patients.record.commands import record_about
from tumorboard.live import policies
from tumorboard.live.models import DecisionDraft
from tumorboard.live.rules import DRAFT_LIMIT
from tumorboard.meetings.models import AgendaItem

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def keep_decision_draft(item: AgendaItem, content: Mapping[str, Any], *, by: User, now: datetime) -> DecisionDraft:
    """Keeps what was typed (form values), valid or not; the last save counts. Also when the case was closed meanwhile:
    who typed does not lose it. Raises ValidationError for more text than a decision could ever hold."""
    insist(policies.why_not_note(item, by))
    if sum(len(str(value)) for value in content.values()) > DRAFT_LIMIT:
        raise ValidationError("This is more text than a draft can hold. It was not saved.")
    draft = _draft(item, by)
    if draft.pk is not None and draft.content == content:
        return draft
    draft.content, draft.saved_at = dict(content), now
    draft.save()
    _audit("live.keep_decision_draft", item, by=by, now=now)
    return draft


@transaction.atomic
def discard_decision_draft(item: AgendaItem, *, by: User, now: datetime) -> bool:
    """Throws away what this person typed; False when there was nothing."""
    emptied = DecisionDraft.objects.filter(item=item, author=by).exclude(content={}).update(content={}, saved_at=now)
    if emptied:
        _audit("live.discard_decision_draft", item, by=by, now=now)
    return bool(emptied)


def after_recording(item: AgendaItem, before: Mapping[str, Any], version: int, *, by: User, now: datetime) -> None:
    """Inside the transaction of a command that recorded, and audits: what was typed is recorded, and `before` is what
    an undo of that version puts back."""
    draft = _draft(item, by)
    draft.content, draft.undo, draft.undo_version, draft.saved_at = {}, dict(before), version, now
    draft.save()


def back_to_draft(item: AgendaItem, content: Mapping[str, Any], *, by: User, now: datetime) -> None:
    """Inside the transaction of a command that took a recording back, and audits: the person finds it in the form."""
    draft = _draft(item, by)
    draft.content, draft.undo, draft.undo_version, draft.saved_at = dict(content), {}, None, now
    draft.save()


def _draft(item: AgendaItem, by: User) -> DecisionDraft:
    """The person's row, locked, or a new one; two saves of one person come one after the other."""
    AgendaItem.objects.select_for_update(of=("self",), no_key=True).get(pk=item.pk)
    return DecisionDraft.objects.filter(item=item, author=by).first() or DecisionDraft(item=item, author=by)


def _audit(action: str, item: AgendaItem, *, by: User, now: datetime) -> None:
    record_about(item, action, by=by, now=now, team_id=item.meeting.board.team_id)
