"""Keeps the chases of cases as the record says: opened for what is red, ended when it is there, reminded of once more
before the due date. Whoever calls it (the tick, twice at once, after days of outage) changes nothing but the hour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q

from careteam.audit.commands import record
from careteam.audit.rules import Kind
from careteam.notifications.commands import notify_many
from careteam.people.models import User
from patients.protocol.queries import number
from patients.record.rules import EnrollmentStatus
from tumorboard.readiness.commands.telling import Standing, keep_told, message, standing
from tumorboard.readiness.models import Chase
from tumorboard.readiness.policies import ASKED_WHILE
from tumorboard.readiness.queries import CaseReadiness, Deadline, ItemRow, readiness_of
from tumorboard.readiness.rules import State, inbox_key
from tumorboard.referrals.models import Referral

NO_LONGER_ASKED = "No longer asked"


@transaction.atomic
def keep_up(cases: Sequence[tuple[Referral, Deadline]], *, team_id: int, today: date, now: datetime) -> int:
    """How many chases were opened, moved or ended. Cases of one team (referrals as `readiness_of` wants them); one that
    somebody else works on, or whose patient is not in care, is left alone."""
    ids = [referral.pk for referral, _ in cases if referral.patient.is_in_care]
    free = Referral.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
    locked = set(free.filter(pk__in=ids, status__in=ASKED_WHILE).order_by("pk").values_list("pk", flat=True))
    mine = [(referral, deadline) for referral, deadline in cases if referral.pk in locked]
    if not mine:
        return 0
    found = readiness_of(mine, team_id=team_id, today=today)
    chases: dict[int, list[Chase]] = defaultdict(list)
    for chase in Chase.objects.open().filter(referral_id__in=locked).select_related("owner").order_by("pk"):
        chases[chase.referral_id].append(chase)
    owners = User.objects.in_bulk({row.chaser_id for case in found.values() for row in case.reds if row.chaser_id})
    changed: dict[int, int] = {}
    for referral, _ in mine:
        before = standing(chases[referral.pk])
        count = _keep_case(found[referral.pk], chases[referral.pk], owners, now=now)
        if count:
            keep_told(referral, before, chases[referral.pk], by_id=None, now=now)
            changed[referral.patient_id] = count
    reminded = _remind([referral for referral, _ in mine], chases, team_id=team_id, today=today, now=now)
    if changed or reminded:
        record(
            "readiness.keep_up",
            by=None,
            now=now,
            patient_ids=sorted({*changed, *reminded}),
            team_id=team_id,
            kind=Kind.SYSTEM,
            details={"chases": sum(changed.values()), "reminded": len(reminded)},
        )
    return sum(changed.values())


@transaction.atomic
def let_go(*, now: datetime) -> int:
    """Ends the chases of referrals that ask nobody any more, and of patients who left our care. How many."""
    left = (
        Chase.objects.open()
        .exclude(
            Q(referral__status__in=ASKED_WHILE)
            & Q(patient__enrollment_status=EnrollmentStatus.ACTIVE, patient__deceased_on__isnull=True)
        )
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("referral__patient__team", "referral__board", "owner")
    )
    by_referral: dict[int, list[Chase]] = defaultdict(list)
    for chase in left.order_by("referral_id", "pk"):
        by_referral[chase.referral_id].append(chase)
    for group in by_referral.values():
        before = standing(group)
        for chase in group:
            end(chase, NO_LONGER_ASKED, now=now)
        keep_told(group[0].referral, before, [], by_id=None, now=now)
    count = sum(len(group) for group in by_referral.values())
    if count:
        record(
            "readiness.let_go",
            by=None,
            now=now,
            patient_ids=sorted({group[0].patient_id for group in by_referral.values()}),
            kind=Kind.SYSTEM,
            details={"chases": count},
        )
    return count


def end(chase: Chase, because: str, *, now: datetime) -> None:
    """Inside the transaction of a command that holds the referral, and audits."""
    chase.closed_at, chase.closed_because = now, because
    chase.save_version("closed_at", "closed_because")


def _keep_case(case: CaseReadiness, chases: list[Chase], owners: dict[int, User], *, now: datetime) -> int:
    """Opens, moves and ends the chases of one case; new ones are added to the list."""
    count = 0
    rows = {row.item: row for row in case.rows}
    known = {chase.item: chase for chase in chases if chase.item}  # what the board named otherwise ends by a person
    for item, chase in known.items():
        row = next((row for row in case.reds if row.item == item), None)
        if row is None:
            end(chase, _why_ended(rows.get(item)), now=now)  # type: ignore[call-overload]
            count += 1
        elif row.due_on is not None and (chase.due_on, chase.owner_id) != (row.due_on, row.chaser_id):
            chase.due_on, chase.owner = row.due_on, owners.get(row.chaser_id or 0)
            chase.reminded_at = None
            chase.save_version("due_on", "owner", "reminded_at")
            count += 1
    for row in case.reds:
        if row.item not in known and row.due_on is not None:
            chases.append(
                Chase.objects.create(
                    patient=case.referral.patient,
                    referral=case.referral,
                    item=row.item,
                    owner=owners.get(row.chaser_id or 0),
                    owner_role=row.found.role,
                    due_on=row.due_on,
                    opened_at=now,
                )
            )
            count += 1
    return count


def _why_ended(row: ItemRow | None) -> str:
    if row is None:
        return "No longer needed"
    if row.found.state == State.WAIVED:
        return "Waived"
    return "There now" if row.found.is_settled else "No longer red"


def _remind(
    referrals: Sequence[Referral], chases: dict[int, list[Chase]], *, team_id: int, today: date, now: datetime
) -> list[int]:
    """Once more to who was asked on an earlier day, when the due date is near; the patients it was about."""
    near = today + timedelta(days=number(team_id, "ready.remind").days)
    messages, patients = [], []
    for referral in referrals:
        groups: dict[str, list[Chase]] = defaultdict(list)
        for chase in chases[referral.pk]:
            if chase.closed_at is not None or chase.reminded_at is not None or chase.owner_id is None:
                continue
            if chase.due_on <= near and chase.opened_at.date() < now.date():
                groups[inbox_key(referral.pk, chase.owner_id, chase.due_on, again=True)].append(chase)
        for key, group in groups.items():
            messages.append(message(referral, group, key))
            patients.append(referral.patient_id)
            for chase in group:
                chase.reminded_at = now
                chase.save_version("reminded_at")
    notify_many(messages, now=now)
    return patients


__all__ = ["NO_LONGER_ASKED", "Standing", "end", "keep_up", "let_go"]
