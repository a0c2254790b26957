"""The sweep: raises what the ladder has reached, once, and sends what waits. PostgreSQL is the truth; whoever calls it
(Celery, a person, two of them at once, after two days of outage) changes nothing but the time of day.

A batch is one transaction: rows are claimed with `FOR UPDATE SKIP LOCKED`, reminders inserted with `ON CONFLICT DO
NOTHING` on (study, step, due date), inbox and outbox filled, one audit row written. Killed in between, nothing of the
batch exists; the next sweep does it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat
from django.urls import reverse

from careteam.audit.commands import record, seal
from careteam.audit.rules import Kind
from careteam.events.commands import announce_many, beat, settle_pending
from careteam.events.models import Event
from careteam.events.rules import EventKind
from careteam.notifications.commands import Message, deliver_pending, notify_many, withdraw
from careteam.notifications.models import InboxItem
from careteam.people.models import Absence, Deputy, Membership, Team
from careteam.people.rules import Permission, Role, permissions_of
from careteam.web.words import day
from patients.imaging.commands.base import REMINDER_KIND, REVIEW_KIND, review_key
from patients.imaging.models import ImagingStudy
from patients.imaging.queries.patient import limits_of
from patients.imaging.queries.worklist import overdue_reviews
from patients.imaging.rules import DEFAULT_INTERVAL, LONGEST_LEAD, LadderLimits, ReminderStep, StudyModality
from patients.protocol.queries import numbers
from patients.record.models import CareTeamMember

BATCH = 2000
MAIL_ROUNDS = 25  # of 200 mails each, so that a first flood does not hold the tick for ever
SEAL_ROUNDS = 50

# What a person reads in the inbox; the study's name follows.
TITLES = {
    ReminderStep.ORDER: "Order",
    ReminderStep.SCHEDULE: "Schedule",
    ReminderStep.DUE: "Due:",
    ReminderStep.AMBER: "Overdue, call:",
    ReminderStep.LETTER: "Overdue, letter to patient and GP:",
    ReminderStep.RED: "Overdue, decide:",
    ReminderStep.BOARD: "Long overdue, suggest for the board:",
}


@dataclass(frozen=True)
class SweepResult:
    """`due`: outstanding studies whose day has come; `created`: steps and review reminders raised by this sweep;
    `delivered` and `failed`: mails."""

    due: int
    created: int
    delivered: int
    failed: int


class _Claimed(NamedTuple):
    study_id: int
    patient_id: int
    due_on: date
    owner_id: int | None
    modality: str
    region: str
    step: str


@dataclass
class _Staff:
    """Who works in the team today."""

    members: set[int] = field(default_factory=set)
    coordinators: list[int] = field(default_factory=list)
    boards: list[int] = field(default_factory=list)
    leads: list[int] = field(default_factory=list)
    reviewers: set[int] = field(default_factory=set)
    absent: set[int] = field(default_factory=set)
    deputies: dict[int, int] = field(default_factory=dict)

    def present(self, person: int | None) -> int | None:
        """The person, or who stands in for them; None when nobody does."""
        if person is None or person not in self.members:
            return None
        if person not in self.absent:
            return person
        deputy = self.deputies.get(person)
        return deputy if deputy is not None and deputy not in self.absent else None


def _staff(team: Team, today: date) -> _Staff:
    staff = _Staff()
    for person, roles in Membership.objects.current().filter(team=team).order_by("pk").values_list("user_id", "roles"):
        staff.members.add(person)
        if Role.NURSE_COORDINATOR in roles:
            staff.coordinators.append(person)
        if Role.BOARD_COORDINATOR in roles:
            staff.boards.append(person)
        if Role.TEAM_LEAD in roles:
            staff.leads.append(person)
        if Permission.IMAGING_REVIEW in permissions_of(roles):
            staff.reviewers.add(person)
    staff.absent = set(Absence.objects.on(today).filter(user_id__in=staff.members).values_list("user_id", flat=True))
    rows = Deputy.objects.on(today).filter(team=team, deputy__is_active=True).order_by("-pk")
    staff.deputies = dict(rows.values_list("user_id", "deputy_id"))
    return staff


# `ran` counts the ladder's days: from the later of due date and confirmation of the plan, both in the team's own time.
# A study without a plan counts from the day it was entered: an imported order of long ago starts at "due", not at red.
# The offsets say in SQL what `rules.ladder` says in Python (compared by a test). Everything that must hold at this very
# moment (in care, alive, not merged, the plan running) is asked here again, whatever was true when the study was made.
_CLAIM = """
SELECT s.id, s.patient_id, s.due_on, s.owner_id, s.modality, s.region, c.step
FROM patients_imagingstudy s
JOIN patients_patient p ON p.id = s.patient_id
LEFT JOIN patients_surveillanceplan pl ON pl.id = s.plan_id
CROSS JOIN LATERAL (
    SELECT %(today)s::date
               - greatest(s.due_on, (coalesce(pl.confirmed_at, s.created_at) AT TIME ZONE %(zone)s)::date) AS ran,
           coalesce(pl.interval_days, %(default)s)::int AS days
) a
CROSS JOIN LATERAL (SELECT least(%(amber)s, a.days / 4) AS amber) b1
CROSS JOIN LATERAL (SELECT greatest(b1.amber, least(%(red)s, a.days / 2)) AS red) b2
CROSS JOIN LATERAL (SELECT least(%(letter)s, greatest(b1.amber + 1, (b1.amber + b2.red) / 2)) AS letter) b3
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN a.ran > greatest(b2.red, %(board)s) THEN 'board'
        WHEN a.ran > b2.red THEN 'red'
        WHEN a.ran > b3.letter THEN 'letter'
        WHEN a.ran > b1.amber THEN 'amber'
        WHEN a.ran >= 0 THEN 'due'
        WHEN a.ran >= (CASE WHEN a.days < 60 THEN -(a.days / 4) ELSE %(schedule)s END) THEN 'schedule'
        WHEN a.ran >= (CASE WHEN a.days < 60 THEN -(a.days / 2) ELSE %(order)s END) THEN 'order'
    END AS step
) c
WHERE s.team_id = %(team)s
  AND s.status IN ('planned', 'ordered', 'scheduled')
  AND s.error_at IS NULL
  AND s.due_on <= %(horizon)s
  AND p.enrollment_status = 'active' AND p.deceased_on IS NULL AND p.merged_into_id IS NULL
  AND (pl.id IS NULL OR (pl.stopped_on IS NULL AND pl.error_at IS NULL))
  AND c.step IS NOT NULL
  AND NOT (c.step = 'order' AND s.status <> 'planned')
  AND NOT (c.step NOT IN ('red', 'board') AND s.status = 'scheduled' AND s.scheduled_for >= %(now)s)
  AND NOT EXISTS (
      SELECT 1 FROM patients_reminder r WHERE r.study_id = s.id AND r.step = c.step AND r.due_on = s.due_on
  )
ORDER BY s.due_on, s.id
LIMIT %(limit)s
FOR UPDATE OF s SKIP LOCKED
"""

_RAISE = """
INSERT INTO patients_reminder (patient_id, team_id, study_id, step, due_on, queue, assignee_id, state, raised_at)
SELECT patient, %(team)s, study, step, due, queue, assignee, 'open', %(now)s
FROM unnest(%(patients)s::bigint[], %(studies)s::bigint[], %(steps)s::text[], %(dues)s::date[], %(queues)s::text[],
            %(assignees)s::bigint[]) AS t(patient, study, step, due, queue, assignee)
ON CONFLICT (study_id, step, due_on) DO NOTHING
RETURNING study_id
"""

# A higher step replaces the lower ones of the same study; one step per study stands open.
_SUPERSEDE = """
UPDATE patients_reminder r SET state = 'withdrawn', closed_at = %(now)s
FROM unnest(%(studies)s::bigint[], %(steps)s::text[], %(dues)s::date[]) AS t(study, step, due)
WHERE r.study_id = t.study AND r.state = 'open' AND (r.step <> t.step OR r.due_on <> t.due)
RETURNING r.study_id, r.step, r.due_on
"""

# What no longer holds, however it came about (a command withdraws at once; this is the net below it).
_WITHDRAW = """
UPDATE patients_reminder r SET state = 'withdrawn', closed_at = %(now)s
FROM patients_imagingstudy s, patients_patient p
WHERE r.team_id = %(team)s AND r.state = 'open' AND s.id = r.study_id AND p.id = s.patient_id
  AND (s.status NOT IN ('planned', 'ordered', 'scheduled') OR s.due_on <> r.due_on OR s.error_at IS NOT NULL
       OR p.enrollment_status <> 'active' OR p.deceased_on IS NOT NULL OR p.merged_into_id IS NOT NULL)
RETURNING r.study_id, r.step, r.due_on
"""

# Asked once more right before mails go: nobody is written to about a patient who died or left.
_SILENCE_MAIL = """
UPDATE careteam_delivery d SET status = 'withdrawn', leased_until = NULL
FROM careteam_inboxitem i, patients_patient p
WHERE d.status = 'pending' AND i.id = d.item_id AND p.id = i.patient_id AND i.kind LIKE 'imaging.%%'
  AND (p.enrollment_status <> 'active' OR p.deceased_on IS NOT NULL OR p.merged_into_id IS NOT NULL)
"""


def _rows(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall()) if cursor.description else []


def sweep(*, now: datetime) -> SweepResult:
    """Raises every step that is reached and not yet raised, reminds of overdue reviews, takes back what no longer
    holds; then mails, left-over events, audit seals, heartbeat. Safe at any time, in any number at once."""
    due = created = 0
    for team in Team.objects.filter(pk__in=ImagingStudy.objects.order_by().values("team_id").distinct()):
        today = team.local_date(now)
        limits = limits_of(numbers(team.pk))
        staff = _staff(team, today)
        _take_back(team, now=now)
        while batch := _raise_batch(team, today, limits, staff, now=now):
            created += batch.raised
        created += _remind_reviews(team, today, staff, now=now)
        due += _due(team, today)
    delivered, failed = _deliver(now=now)
    settle_pending(now=now)
    for _ in range(SEAL_ROUNDS):
        if seal(now=now) == 0:
            break
    result = SweepResult(due=due, created=created, delivered=delivered, failed=failed)
    beat("sweep", now=now, details={"due": due, "created": created, "delivered": delivered, "failed": failed})
    return result


def _due(team: Team, today: date) -> int:
    return (
        ImagingStudy.objects.valid()
        .due(today)
        .filter(
            team=team,
            patient__enrollment_status="active",
            patient__deceased_on__isnull=True,
            patient__merged_into__isnull=True,
        )
        .count()
    )


def _key(study_id: int, step: str, due_on: date) -> str:
    return f"reminder:{study_id}:{step}:{due_on.isoformat()}"


@transaction.atomic
def _take_back(team: Team, *, now: datetime) -> int:
    rows = _rows(_WITHDRAW, {"team": team.pk, "now": now})
    if rows:
        withdraw(keys=[_key(*row) for row in rows], now=now)
    return len(rows)


@dataclass(frozen=True)
class _Batch:
    claimed: int
    raised: int

    def __bool__(self) -> bool:
        return self.claimed > 0


@transaction.atomic
def _raise_batch(team: Team, today: date, limits: LadderLimits, staff: _Staff, *, now: datetime) -> _Batch:
    rows = _rows(
        _CLAIM,
        {
            "team": team.pk,
            "today": today,
            "now": now,
            "zone": team.time_zone,
            "default": DEFAULT_INTERVAL,
            "horizon": date.fromordinal(today.toordinal() + max(LONGEST_LEAD, -limits.order)),
            "limit": BATCH,
            "order": limits.order,
            "schedule": limits.schedule,
            "amber": limits.amber,
            "letter": limits.letter,
            "red": limits.red,
            "board": limits.board,
        },
    )
    claimed = [_Claimed(*row) for row in rows]
    if not claimed:
        return _Batch(0, 0)
    responsible = _responsible(row.patient_id for row in claimed)
    assigned = {row.study_id: _assign(row, staff, responsible.get(row.patient_id)) for row in claimed}
    arrays = {
        "studies": [row.study_id for row in claimed],
        "steps": [row.step for row in claimed],
        "dues": [row.due_on for row in claimed],
    }
    raised = {
        study_id
        for (study_id,) in _rows(
            _RAISE,
            arrays
            | {
                "team": team.pk,
                "now": now,
                "patients": [row.patient_id for row in claimed],
                "queues": [assigned[row.study_id].queue for row in claimed],
                "assignees": [assigned[row.study_id].assignee for row in claimed],
            },
        )
    }
    lower = _rows(_SUPERSEDE, arrays | {"now": now})
    if lower:
        withdraw(keys=[_key(*row) for row in lower], now=now)
    fresh = [row for row in claimed if row.study_id in raised]
    notify_many((_message(row, person) for row in fresh for person in assigned[row.study_id].recipients), now=now)
    announce_many(
        Event(
            kind=str(EventKind.STUDY_OVERDUE),
            at=now,
            team_id=team.pk,
            patient_id=row.patient_id,
            subject_id=row.study_id,
            payload={"due_on": row.due_on.isoformat()},
        )
        for row in fresh
        if row.step == ReminderStep.BOARD
    )
    steps: dict[str, int] = defaultdict(int)
    for row in fresh:
        steps[row.step] += 1
    if fresh:
        record(
            "imaging.sweep",
            by=None,
            now=now,
            patient_ids=[row.patient_id for row in fresh],
            team_id=team.pk,
            kind=Kind.SYSTEM,
            details={"raised": dict(steps)},
        )
    return _Batch(len(claimed), len(fresh))


def _responsible(patient_ids: Iterable[int]) -> dict[int, int]:
    rows = CareTeamMember.objects.valid().filter(
        patient_id__in=set(patient_ids), is_responsible=True, ended_on__isnull=True, person__is_active=True
    )
    return dict(rows.values_list("patient_id", "person_id"))


class _Assignment(NamedTuple):
    queue: str
    assignee: int | None
    recipients: list[int]


def _assign(row: _Claimed, staff: _Staff, responsible: int | None) -> _Assignment:
    """Whose queue, who has it, who hears of it. Without a present owner it is every coordinator's."""
    owner = staff.present(row.owner_id)
    clinician = staff.present(responsible)
    nurses = [owner] if owner is not None else staff.coordinators
    if row.step == ReminderStep.BOARD:
        return _Assignment(Role.BOARD_COORDINATOR, None, staff.boards or staff.coordinators or staff.leads)
    if row.step == ReminderStep.RED:
        deciders = [clinician] if clinician is not None else staff.coordinators
        return _Assignment(Role.ONCOLOGIST, clinician, [*deciders, *staff.leads])
    informed = [clinician] if row.step == ReminderStep.AMBER and clinician is not None else []
    return _Assignment(Role.NURSE_COORDINATOR, owner, [*(nurses or staff.leads), *informed])


def _message(row: _Claimed, person: int) -> Message:
    scan = StudyModality(row.modality).label
    name = f"{scan}, {row.region}" if row.region else scan
    return Message(
        recipient_id=person,
        key=_key(row.study_id, row.step, row.due_on),
        kind=REMINDER_KIND,
        title=f"{TITLES[ReminderStep(row.step)]} {name}, due {day(row.due_on)}",
        url=reverse("study-page", args=[row.study_id]),
        patient_id=row.patient_id,
        due_on=row.due_on,
    )


@transaction.atomic
def _remind_reviews(team: Team, today: date, staff: _Staff, *, now: datetime) -> int:
    """One reminder for each report past its review limit: to the responsible clinician, else to leads and
    coordinators. Once per report and limit."""
    key = Concat(Value("review:"), Cast("pk", CharField()), Value(":"), Cast("review_due_on", CharField()))
    late = (
        overdue_reviews([team.pk], today)
        .annotate(inbox_key=key)
        .filter(~Exists(InboxItem.objects.filter(key=OuterRef("inbox_key"))))
        .order_by("review_due_on", "pk")
    )
    studies = list(late.select_for_update(of=("self",), skip_locked=True)[:BATCH])
    if not studies:
        return 0
    responsible = _responsible(study.patient_id for study in studies)
    messages = []
    for study in studies:
        clinician = staff.present(responsible.get(study.patient_id))
        people = [clinician] if clinician is not None else [*staff.leads, *staff.coordinators]
        messages += [
            Message(
                recipient_id=person,
                key=review_key(study.pk, study.review_due_on or today),
                kind=REVIEW_KIND,
                title=f"Review overdue: {study}, limit {day(study.review_due_on)}",
                url=reverse("study-review", args=[study.pk]),
                patient_id=study.patient_id,
                due_on=study.review_due_on,
            )
            for person in people
        ]
    if notify_many(messages, now=now) == 0:
        return 0
    record(
        "imaging.remind_reviews",
        by=None,
        now=now,
        patient_ids=[study.patient_id for study in studies],
        team_id=team.pk,
        kind=Kind.SYSTEM,
        details={"studies": len(studies)},
    )
    return len(studies)


def _deliver(*, now: datetime) -> tuple[int, int]:
    delivered = failed = 0
    for _ in range(MAIL_ROUNDS):
        _rows(_SILENCE_MAIL, {})
        sent, not_sent = deliver_pending(now=now)
        delivered, failed = delivered + sent, failed + not_sent
        if sent + not_sent == 0:
            break
    return delivered, failed
