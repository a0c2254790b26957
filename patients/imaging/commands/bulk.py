"""One act on many studies: each in its own transaction with its own audit row, each answered by itself.

Doing it twice does nothing twice: what is so already answers "already". What somebody changed since the list was opened
is left alone and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction

from careteam.access.policies import insist
from patients.imaging import policies
from patients.imaging.commands.base import audit, lock, refresh_step
from patients.imaging.commands.snoozes import snooze
from patients.imaging.commands.studies import close_study, hand_over, order, schedule, take_back_order
from patients.imaging.models import ImagingStudy
from patients.imaging.queries.picks import Pick
from patients.imaging.rules import CloseReason, SnoozeReason, StudyStatus
from patients.record.models import StaleEdit

if TYPE_CHECKING:
    from careteam.people.models import User


class AlreadySo(Exception):
    """Nothing was to be done; the argument says how it stands."""


@dataclass(frozen=True)
class Answer:
    """What became of one study. `state`: done, same (nothing was to be done) or refused, with why in `said`.
    `errors`: the same by field of a form. `study` is the row after the act, `owner_before` whose it was."""

    study: ImagingStudy
    state: str
    said: str = ""
    errors: tuple[tuple[str, str], ...] = ()
    owner_before: int | None = None

    @property
    def undo(self) -> list[int]:
        """[study, version after the act, owner before or 0]."""
        return [self.study.pk, self.study.version, self.owner_before or 0]


def one_by_one(picks: Iterable[Pick], act: Callable[[ImagingStudy, int], ImagingStudy]) -> list[Answer]:
    """Runs `act` (a command of this module, bound to its arguments) on each; none stops the others."""
    answers = []
    for pick in picks:
        before = pick.study.owner_id
        try:
            answers.append(Answer(act(pick.study, pick.version), "done", owner_before=before))
        except AlreadySo as so:
            answers.append(Answer(pick.study, "same", str(so)))
        except StaleEdit as stale:
            current = stale.current
            said = _meanwhile(current) if isinstance(current, ImagingStudy) else "somebody changed it meanwhile"
            answers.append(Answer(pick.study, "refused", said))
        except ValidationError as error:
            answers.append(Answer(pick.study, "refused", " ".join(error.messages), errors=_by_field(error)))
    return answers


def _by_field(error: ValidationError) -> tuple[tuple[str, str], ...]:
    if not hasattr(error, "error_dict"):
        return tuple(("", message) for message in error.messages)
    return tuple((field, message) for field, messages in error.message_dict.items() for message in messages)


def _meanwhile(current: ImagingStudy) -> str:
    if current.status == StudyStatus.CLOSED:
        return "somebody closed it meanwhile"
    return f"somebody changed it meanwhile; it is {current.get_status_display().lower()}"


def summary(answers: Sequence[Answer], verb: str) -> str:
    """ "12 ordered, 1 already, 1 not: somebody closed it meanwhile"."""
    by = {state: [answer for answer in answers if answer.state == state] for state in ("done", "same", "refused")}
    parts = [f"{len(by['done'])} {verb}"]
    if by["same"]:
        parts.append(f"{len(by['same'])} already")
    if by["refused"]:
        reasons = {answer.said for answer in by["refused"]}
        why = f": {reasons.pop()}" if len(reasons) == 1 else ""
        parts.append(f"{len(by['refused'])} not{why}")
    return ", ".join(parts)


@transaction.atomic
def order_picked(study: ImagingStudy, version: int, *, by: User, now: datetime) -> ImagingStudy:
    """Orders what is planned; never turns a booked study back to ordered."""
    current = lock(study)
    if current.status == StudyStatus.ORDERED:
        raise AlreadySo("ordered already")
    if current.status != StudyStatus.PLANNED:
        raise StaleEdit(current)
    return order(current, by=by, now=now, version=version)


@transaction.atomic
def assign_picked(study: ImagingStudy, version: int, *, to: User, by: User, now: datetime) -> ImagingStudy:
    current = lock(study)
    if current.owner_id == to.pk:
        raise AlreadySo(f"{to}’s already")
    return hand_over(current, to=to, by=by, now=now, version=version)


@transaction.atomic
def close_picked(study: ImagingStudy, version: int, *, reason: CloseReason, by: User, now: datetime) -> ImagingStudy:
    current = lock(study)
    if current.status == StudyStatus.CLOSED and current.close_reason == reason:
        raise AlreadySo("closed already")
    return close_study(current, reason=reason, by=by, now=now, version=version)


@transaction.atomic
def snooze_picked(
    study: ImagingStudy, version: int, *, until: date, reason: SnoozeReason, note: str, by: User, now: datetime
) -> ImagingStudy:
    current = lock(study)
    if current.snoozed_until == until and current.version != version:
        raise AlreadySo("snoozed already")
    return snooze(current, until=until, reason=reason, note=note, by=by, now=now, version=version)


@transaction.atomic
def schedule_picked(
    study: ImagingStudy, version: int, *, at: datetime, place: str, by: User, now: datetime
) -> ImagingStudy:
    current = lock(study)
    if (current.status, current.scheduled_for, current.place) == (StudyStatus.SCHEDULED, at, place.strip()):
        raise AlreadySo("booked already")
    return schedule(current, at=at, place=place, by=by, now=now, version=version)


def unorder_picked(study: ImagingStudy, version: int, *, by: User, now: datetime) -> ImagingStudy:
    """Undo of `order_picked`, as long as nothing else happened."""
    if study.status == StudyStatus.PLANNED:
        raise AlreadySo("not ordered")
    return take_back_order(study, by=by, now=now, version=version)


@transaction.atomic
def unassign_picked(study: ImagingStudy, version: int, *, to: User | None, by: User, now: datetime) -> ImagingStudy:
    """Undo of `assign_picked`: back to whom it belonged, or to nobody, as long as nothing else happened."""
    current = lock(study)
    if current.owner_id == (to.pk if to else None):
        raise AlreadySo("given back already")
    if to is not None:
        return hand_over(current, to=to, by=by, now=now, version=version)
    if current.version != version:
        raise StaleEdit(current)
    insist(policies.why_not_take(current, by))
    before, current.owner = current.owner_id, None
    current.save_version("owner")
    current.reminders.filter(state="open").update(assignee=None)
    audit("release", current, by=by, now=now, before=before, to=None)
    refresh_step(current, now=now)
    return current
