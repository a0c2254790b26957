"""What people decide about a missing value: the board does without it, or somebody else is asked."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Unpack

from django.core.exceptions import ValidationError
from django.db import transaction

from careteam.access.policies import insist
from patients.record.commands import Act, record_about
from tumorboard.readiness import policies
from tumorboard.readiness.commands.chasing import end
from tumorboard.readiness.commands.telling import keep_told, standing
from tumorboard.readiness.models import Chase, Waiver
from tumorboard.readiness.rules import Item
from tumorboard.referrals.models import Referral

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def waive(referral: Referral, item: Item, *, reason: str, by: User, now: datetime) -> Waiver:
    """The board may decide without the value; who was asked for it is asked no more. Waived already: that waiver."""
    referral = locked(referral)
    insist(policies.why_not_waive(referral, by, reason=reason))
    there: Waiver | None = Waiver.objects.standing().filter(referral=referral, item=item).first()
    if there is not None:
        return there
    waiver = Waiver.objects.create(
        patient=referral.patient,
        referral=referral,
        item=item,
        reason=reason.strip()[:250],
        waived_by=by,
        waived_at=now,
        created_by=by,
    )
    chases = open_chases(referral)
    before = standing(chases)
    for chase in chases:
        if chase.item == item:
            end(chase, "Waived", now=now)
    keep_told(referral, before, chases, by_id=by.pk, now=now)
    _audit("readiness.waive", referral, item, by=by, now=now, reason=waiver.reason)
    return waiver


@transaction.atomic
def take_back_waiver(waiver: Waiver, *, by: User, now: datetime) -> Waiver:
    """The value is wanted after all; the next sweep asks for it again. Twice changes nothing."""
    referral = locked(waiver.referral)
    insist(policies.why_not_waive(referral, by))
    waiver = Waiver.objects.lock(waiver.pk)
    if waiver.ended_at is None:
        waiver.ended_at, waiver.ended_by = now, by
        waiver.save_version("ended_at", "ended_by")
        _audit("readiness.take_back_waiver", referral, Item(waiver.item), by=by, now=now)
    return waiver


@transaction.atomic
def assign(referral: Referral, item: Item, *, owner: User, role: str, due_on: date, by: User, now: datetime) -> Chase:
    """Another person is asked for the value (`role` and `due_on` for one that nobody was asked for yet)."""
    referral = locked(referral)
    insist(policies.why_not_assign(referral, by, owner=owner))
    if Waiver.objects.standing().filter(referral=referral, item=item).exists():
        raise ValidationError("The value is waived. Take the waiver back first.")
    chases = open_chases(referral)
    before = standing(chases)
    chase = next((each for each in chases if each.item == item), None)
    if chase is None:
        chase = Chase.objects.create(
            patient=referral.patient,
            referral=referral,
            item=item,
            owner=owner,
            owner_role=role,
            is_assigned=True,
            due_on=due_on,
            opened_at=now,
            created_by=by,
        )
        chases.append(chase)
    elif chase.owner_id != owner.pk:
        chase.owner, chase.is_assigned, chase.reminded_at = owner, True, None
        chase.save_version("owner", "is_assigned", "reminded_at")
    else:
        return chase
    keep_told(referral, before, chases, by_id=by.pk, now=now)
    _audit("readiness.assign", referral, item, by=by, now=now, details={"owner": owner.pk})
    return chase


def locked(referral: Referral) -> Referral:
    """The referral with patient, board and teams, locked until the transaction ends."""
    row: Referral = (
        Referral.objects.select_for_update(of=("self",))
        .select_related("patient__team", "board__team")
        .get(pk=referral.pk)
    )
    return row


def open_chases(referral: Referral) -> list[Chase]:
    return list(Chase.objects.open().filter(referral=referral).select_related("owner").order_by("pk"))


def _audit(
    action: str, referral: Referral, item: Item, *, details: dict[str, object] | None = None, **about: Unpack[Act]
) -> None:
    details = {"item": str(item)} | (details or {})
    record_about(referral, action, team_id=referral.board.team_id, details=details, **about)
