"""A chase as the person who is asked meets it: one next step, and one message for each case and due date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.urls import reverse

from careteam.notifications.commands import Message, notify_many, withdraw
from careteam.web.words import day
from patients.record.commands import close_step, open_step
from patients.record.rules import StepKind
from tumorboard.readiness.models import Chase
from tumorboard.readiness.rules import inbox_key, listed, step_key
from tumorboard.referrals.models import Referral

KIND = "readiness"


@dataclass(frozen=True)
class Standing:
    """An open chase at one moment, as far as somebody is told of it."""

    item: str
    owner_id: int | None
    owner_role: str
    due_on: date

    @property
    def holder(self) -> int | str:
        return self.owner_id or self.owner_role


def standing(chases: Iterable[Chase]) -> list[Standing]:
    return [Standing(chase.name, chase.owner_id, chase.owner_role, chase.due_on) for chase in chases]


def keep_told(
    referral: Referral, before: Iterable[Standing], chases: Iterable[Chase], *, by_id: int | None, now: datetime
) -> None:
    """Brings steps and messages from `before` to the open `chases` (with owner). Inside the caller's transaction, which
    audits. `by_id` knows already what they did themselves."""
    left = list(before)
    opened = [chase for chase in chases if chase.closed_at is None]
    _keep_steps(referral, left, opened, now=now)
    asked = {inbox_key(referral.pk, one.owner_id, one.due_on) for one in left if one.owner_id}
    groups: dict[str, list[Chase]] = {}
    for chase in opened:
        if chase.owner_id is not None:
            groups.setdefault(inbox_key(referral.pk, chase.owner_id, chase.due_on), []).append(chase)
    withdraw(keys=[key for one in asked - groups.keys() for key in (one, f"{one}:again")], now=now)
    known = {(one.item, one.owner_id, one.due_on) for one in left}
    messages = []
    for key, group in groups.items():
        is_news = any((chase.name, chase.owner_id, chase.due_on) not in known for chase in group)
        if is_news and group[0].owner_id != by_id:
            messages.append(message(referral, group, key, again=True))
    notify_many(messages, now=now)


def message(referral: Referral, chases: list[Chase], key: str, *, again: bool = False) -> Message:
    """To the owner of these chases, who all have the same due date."""
    first = chases[0]
    return Message(
        recipient_id=first.owner_id or 0,
        key=key,
        kind=KIND,
        title=f"{referral.board.name}: complete the case by {day(first.due_on)}",
        body=", ".join(chase.name for chase in chases),
        url=reverse("case-readiness", args=[referral.pk]),
        patient_id=referral.patient_id,
        due_on=first.due_on,
        again=again,
    )


def _keep_steps(referral: Referral, before: list[Standing], chases: list[Chase], *, now: datetime) -> None:
    groups: dict[int | str, list[Chase]] = {}
    for chase in chases:
        groups.setdefault(chase.owner_id or chase.owner_role, []).append(chase)
    for holder in {one.holder for one in before} - groups.keys():
        close_step(referral.patient, source_key=step_key(referral.pk, holder), because="Nothing is missing", now=now)
    for holder, group in groups.items():
        first = group[0]
        open_step(
            referral.patient,
            kind=StepKind.REFERRAL,
            source_key=step_key(referral.pk, holder),
            what=f"{referral.board.name}: {listed([chase.name for chase in group])}",
            owner=first.owner,
            owner_role="" if first.owner_id else first.owner_role,
            due_on=min(chase.due_on for chase in group),
            url=reverse("case-readiness", args=[referral.pk]),
            now=now,
        )
