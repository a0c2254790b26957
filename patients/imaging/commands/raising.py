"""What the ladder has reached is raised, what no longer holds is taken back: set by set, in SQL.

A batch is one transaction: rows are claimed with `FOR UPDATE SKIP LOCKED`, reminders inserted with `ON CONFLICT DO
NOTHING` on (study, step, due date), inbox and outbox filled, one audit row written. Killed in between, nothing of the
batch exists; the next sweep does it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.urls import reverse

from careteam.audit.commands import record
from careteam.audit.rules import Kind
from careteam.events.commands import announce_many
from careteam.events.models import Event
from careteam.events.rules import EventKind
from careteam.notifications.commands import Message, notify_many, withdraw
from careteam.people.models import Team
from careteam.web.words import day
from patients.imaging.commands.base import REMINDER_KIND
from patients.imaging.commands.staffing import Staff, assign, responsible_of
from patients.imaging.rules import DEFAULT_INTERVAL, LONGEST_LEAD, LadderLimits, ReminderStep, StudyModality

BATCH = 2000

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


class Claimed(NamedTuple):
    study_id: int
    patient_id: int
    due_on: date
    owner_id: int | None
    modality: str
    region: str
    step: str


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


def sql_rows(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall()) if cursor.description else []


def _key(study_id: int, step: str, due_on: date) -> str:
    return f"reminder:{study_id}:{step}:{due_on.isoformat()}"


@transaction.atomic
def take_back(team: Team, *, now: datetime) -> int:
    rows = sql_rows(_WITHDRAW, {"team": team.pk, "now": now})
    if rows:
        withdraw(keys=[_key(*row) for row in rows], now=now)
    return len(rows)


@dataclass(frozen=True)
class Batch:
    claimed: int
    raised: int

    def __bool__(self) -> bool:
        return self.claimed > 0


@transaction.atomic
def raise_batch(team: Team, today: date, limits: LadderLimits, staff: Staff, *, now: datetime) -> Batch:
    rows = sql_rows(
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
    claimed = [Claimed(*row) for row in rows]
    if not claimed:
        return Batch(0, 0)
    responsible = responsible_of(row.patient_id for row in claimed)
    assigned = {row.study_id: assign(row.step, row.owner_id, staff, responsible.get(row.patient_id)) for row in claimed}
    arrays = {
        "studies": [row.study_id for row in claimed],
        "steps": [row.step for row in claimed],
        "dues": [row.due_on for row in claimed],
    }
    raised = {
        study_id
        for (study_id,) in sql_rows(
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
    lower = sql_rows(_SUPERSEDE, arrays | {"now": now})
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
    return Batch(len(claimed), len(fresh))


def _message(row: Claimed, person: int) -> Message:
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
        is_urgent=row.step == ReminderStep.RED,
    )
