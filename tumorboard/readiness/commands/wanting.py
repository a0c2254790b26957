"""What a board deferred a case for: somebody is asked for each of it, and it stands on the case until it is there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.people.models import User
from careteam.people.rules import Role
from patients.record.commands import record_about
from tumorboard.readiness import policies
from tumorboard.readiness.commands.chasing import end
from tumorboard.readiness.commands.telling import keep_told, standing
from tumorboard.readiness.commands.waiving import locked, open_chases
from tumorboard.readiness.models import Chase
from tumorboard.readiness.queries import Deadline, chasers_of, readiness_of
from tumorboard.readiness.rules import WHERE_MET, Item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tumorboard.referrals.models import Referral


@transaction.atomic
def want(
    referral: Referral,
    items: Iterable[Item],
    texts: Iterable[str],
    *,
    owner: User | None,
    due_on: date,
    by: User,
    now: datetime,
) -> list[Chase]:
    """Asks for each item that is not settled (who is asked for it anyway), and for each of `texts`, which no field of
    the record holds (`owner`), by that day. The caller has checked that this person may defer the case. Asked for
    already: that chase, which is now wanted by the board."""
    referral = locked(referral)
    insist(policies.why_not_want(referral))
    today = referral.board.team.local_date(now)
    if due_on < today:
        raise ValidationError({"due_on": "The day by which it is needed lies in the past."})
    chases = open_chases(referral)
    before = standing(chases)
    wanted = [*_ask_items(referral, list(items), chases, due_on=due_on, today=today, by=by, now=now)]
    known = {chase.text: chase for chase in chases if chase.text}
    for text in dict.fromkeys(each.strip()[:200] for each in texts if each.strip()):
        chase = known.get(text) or Chase(
            text=text, owner=owner, owner_role=Role.NURSE_COORDINATOR, is_assigned=owner is not None
        )
        wanted.append(_wanted(referral, chase, due_on=due_on, by=by, now=now))
    chases += [chase for chase in wanted if chase not in chases]
    if wanted:
        keep_told(referral, before, chases, by_id=by.pk, now=now)
        record_about(
            referral,
            "readiness.want",
            by=by,
            now=now,
            team_id=referral.board.team_id,
            details={"chases": [chase.pk for chase in wanted], "due_on": due_on.isoformat()},
        )
    return wanted


@transaction.atomic
def settle_chase(chase: Chase, *, is_there: bool, by: User, now: datetime) -> Chase:
    """Somebody says that what the board named is there, or no longer needed; what a field holds ends by itself. Said
    twice, the first word stands."""
    referral = locked(chase.referral)
    chase = Chase.objects.lock(chase.pk)
    if chase.closed_at is not None:
        return chase
    insist(policies.why_not_settle(chase, referral, by))
    chases = open_chases(referral)
    before = standing(chases)
    end(chase, WHERE_MET if is_there else "No longer needed", now=now)
    keep_told(referral, before, [each for each in chases if each.pk != chase.pk], by_id=by.pk, now=now)
    record(
        "readiness.settle_chase",
        by=by,
        now=now,
        subject=chase,
        patient_ids=[referral.patient_id],
        team_id=referral.board.team_id,
        details={"is_there": is_there},
    )
    return chase


def _ask_items(
    referral: Referral,
    items: Sequence[Item],
    chases: Sequence[Chase],
    *,
    due_on: date,
    today: date,
    by: User,
    now: datetime,
) -> Iterable[Chase]:
    if not items:
        return
    team_id = referral.board.team_id
    case = readiness_of([(referral, Deadline(due_on, None))], team_id=team_id, today=today)[referral.pk]
    chasers = chasers_of(team_id, {referral.patient_id}, today)
    rows = {row.item: row for row in case.rows if not row.found.is_settled}
    known = {chase.item: chase for chase in chases if chase.item}
    for item in items:
        if item in known:
            yield _wanted(referral, known[item], due_on=due_on, by=by, now=now)
        elif item in rows:
            role = rows[item].found.role
            person = chasers.asked_for(role, referral.patient_id)
            owner = User.objects.get(pk=person.id) if person else None
            yield _wanted(referral, Chase(item=item, owner=owner, owner_role=role), due_on=due_on, by=by, now=now)


def _wanted(referral: Referral, chase: Chase, *, due_on: date, by: User, now: datetime) -> Chase:
    """Written as wanted by that day."""
    chase.is_wanted, chase.due_on, chase.reminded_at = True, due_on, None
    if chase.pk is not None:
        chase.save_version("is_wanted", "due_on", "reminded_at")
        return chase
    chase.patient, chase.referral, chase.opened_at, chase.created_by = referral.patient, referral, now, by
    chase.save()
    return chase
