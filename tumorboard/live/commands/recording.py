"""A case in the meeting: record what is said with its actions, take it back, sign it. One transaction each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from careteam.audit.commands import record
from tumorboard.actions.commands import assign, change_action, put_in_force, take_back_action
from tumorboard.actions.models import Action
from tumorboard.actions.rules import ActionKind
from tumorboard.decisions.commands import Said, record_decision, sign_decision, take_back_decision
from tumorboard.decisions.models import Decision, Recommendation
from tumorboard.live.commands.drafts import after_recording, back_to_draft
from tumorboard.live.rules import first_action
from tumorboard.meetings.commands import close_item
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.meetings.rules import ItemStatus

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from careteam.people.models import User


@dataclass(frozen=True)
class ActionAsked:
    """An action of the form. `what` and `kind` empty: for the first taken from the options, any other is left out, or
    taken back when it stands (`id`, of the same draft)."""

    owner: User
    due_on: date
    what: str = ""
    kind: str = ""
    id: int | None = None

    @property
    def is_blank(self) -> bool:
        return not self.what.strip() and not self.kind


@transaction.atomic
def record_case(
    item: AgendaItem,
    said: Said,
    action: ActionAsked | None,
    more: Sequence[ActionAsked] = (),
    *,
    by: User,
    now: datetime,
    version: int | None = None,
    before: Mapping[str, Any] | None = None,
) -> Decision:
    """Writes (or changes) the draft with its actions: the one that follows from the options (None: none is needed, a
    former one is taken back) and `more`. What the person typed so far is recorded now and no draft any more; `before`
    (form values) is what an undo puts back. Raises `StaleEdit` when somebody else changed the draft meanwhile."""
    decision = record_decision(item, said, by=by, now=now, version=version)
    others = {each.id for each in more if each.id}
    former = _actions(decision).exclude(pk__in=others).order_by("pk").first()
    if action is None:
        if former is not None:
            take_back_action(former, by=by, now=now)
    else:
        kind, words, option = first_action(said.options)
        answers = Recommendation.objects.valid().filter(decision=decision, option=option).first() if option else None
        chosen = ActionKind(action.kind) if action.kind else kind
        _ask(decision, former, action, action.what.strip() or words or decision.text, chosen, answers, by=by, now=now)
    for each in more:
        standing = _actions(decision).filter(pk=each.id).first() if each.id else None
        if not each.is_blank:
            kind = ActionKind(each.kind or ActionKind.OTHER)
            _ask(decision, standing, each, each.what.strip() or str(kind.label), kind, None, by=by, now=now)
        elif standing is not None:
            take_back_action(standing, by=by, now=now)
    after_recording(item, before or {}, decision.version, by=by, now=now)
    return decision


def _actions(decision: Decision) -> QuerySet[Action]:
    return Action.objects.valid().open().filter(decision=decision)


def _ask(
    decision: Decision,
    standing: Action | None,
    asked: ActionAsked,
    what: str,
    kind: ActionKind,
    answers: Recommendation | None,
    *,
    by: User,
    now: datetime,
) -> None:
    values: dict[str, Any] = {
        "what": what,
        "owner": asked.owner,
        "due_on": asked.due_on,
        "kind": kind,
        "recommendation": answers,
        "by": by,
        "now": now,
    }
    if standing is None:
        assign(decision.patient, decision=decision, **values)
    else:
        change_action(standing, **values)


@transaction.atomic
def put_back_case(
    item: AgendaItem,
    said: Said,
    action: ActionAsked | None,
    more: Sequence[ActionAsked],
    undone: Mapping[str, Any],
    *,
    by: User,
    now: datetime,
    version: int,
) -> Decision:
    """Undo: records what stood there before; `undone` (form values) is what this person finds in the form again."""
    decision = record_case(item, said, action, more, by=by, now=now, version=version)
    back_to_draft(item, undone, by=by, now=now)
    return decision


@transaction.atomic
def take_back_case(
    decision: Decision, content: Mapping[str, Any], *, by: User, now: datetime, version: int | None = None
) -> Decision:
    """Nothing is recorded about the case any more: draft, recommendations and actions are taken back. `content` (form
    values) is what this person finds in the form again. Refused once it is signed."""
    taken = take_back_decision(decision, by=by, now=now, version=version)
    for action in _actions(taken).order_by("pk"):
        take_back_action(action, by=by, now=now)
    back_to_draft(taken.item, content, by=by, now=now)
    return taken


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
    """Signs every recorded decision of the meeting whose case was not deferred or withdrawn since; returns how many (0:
    another signature was faster). None of them is signed when one cannot be."""
    meeting = Meeting.objects.lock(meeting.pk)
    drafts = list(
        Decision.objects.valid()
        .filter(item__meeting=meeting, signed_at__isnull=True)
        .exclude(item__status__in=(ItemStatus.DEFERRED, ItemStatus.WITHDRAWN))
        .order_by("item__position", "pk")
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
