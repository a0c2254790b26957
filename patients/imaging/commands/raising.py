"""What the ladder has reached is raised, what no longer holds is taken back: set by set, in SQL.

What is to be raised is looked for once; each batch of it is one transaction: rows are claimed with `FOR UPDATE SKIP
LOCKED` and asked again, reminders inserted with `ON CONFLICT` on (study, step, due date), the inbox filled, one audit
row written. Killed in between, nothing of the batch exists; the next sweep does it. A row that cannot be raised stops
neither its batch nor its team (`isolating`).
"""

from __future__ import annotations

from collections import defaultdict
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
from patients.imaging.commands.isolating import isolating
from patients.imaging.commands.staffing import Staff, assign, responsible_of
from patients.imaging.rules import DEFAULT_INTERVAL, LONGEST_LEAD, LadderLimits, ReminderStep, StudyModality
from patients.record.models import IN_CARE_SQL

BATCH = 2000
AT_ONCE = 20_000  # looked for at once: what a sweep holds in memory, however much is due
STEPS = [str(step) for step in ReminderStep]

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
# The slot is asked for apart, so that the index of outstanding studies answers for all that have none.
# A step whose reminder was taken back (the due date moved and came back, the patient returned to care) and that is
# reached again opens again. What a higher step has answered or still asks does not go down, whatever the clock says.
# A snooze quiets what comes before amber: nobody can snooze what tells a clinician.
REACHED = """
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
  AND :in_care
  AND (pl.id IS NULL OR (pl.stopped_on IS NULL AND pl.error_at IS NULL))
  AND c.step IS NOT NULL
  AND NOT (c.step = 'order' AND s.status <> 'planned')
  AND (c.step IN ('order', 'schedule', 'due') AND s.snoozed_until > %(today)s) IS NOT TRUE
  AND NOT (s.status = 'scheduled' AND c.step NOT IN ('red', 'board') AND EXISTS (
      SELECT 1 FROM patients_imagingstudy slot
      WHERE slot.id = s.id AND slot.team_id = %(team)s AND slot.status = 'scheduled' AND slot.scheduled_for >= %(now)s
  ))
  AND NOT EXISTS (
      SELECT 1 FROM patients_reminder r
      WHERE r.study_id = s.id AND r.due_on = s.due_on AND r.state <> 'withdrawn'
        AND array_position(%(steps)s::text[], r.step::text) >= array_position(%(steps)s::text[], c.step)
  )
""".replace(":in_care", IN_CARE_SQL)
# All of it is looked through whatever the limit: said so, or the planner hopes to be done after a few.
_FIND = f"SELECT id FROM (SELECT s.id, s.due_on {REACHED} OFFSET 0) f ORDER BY due_on, id LIMIT %(limit)s"  # noqa: S608
_CLAIM = f"""
SELECT s.id, s.patient_id, s.due_on, s.owner_id, s.modality, s.region, c.step {REACHED}
  AND s.id = ANY(%(ids)s::bigint[])
ORDER BY s.due_on, s.id
FOR UPDATE OF s SKIP LOCKED
"""

_RAISE = """
INSERT INTO patients_reminder (patient_id, team_id, study_id, step, due_on, queue, assignee_id, state, raised_at)
SELECT patient, %(team)s, study, step, due, queue, assignee, 'open', %(now)s
FROM unnest(%(patients)s::bigint[], %(studies)s::bigint[], %(steps)s::text[], %(dues)s::date[], %(queues)s::text[],
            %(assignees)s::bigint[]) AS t(patient, study, step, due, queue, assignee)
ON CONFLICT (study_id, step, due_on) DO UPDATE
SET state = 'open', raised_at = excluded.raised_at, closed_at = NULL, closed_by_id = NULL, queue = excluded.queue,
    assignee_id = excluded.assignee_id
WHERE patients_reminder.state = 'withdrawn'
RETURNING study_id
"""

# A higher step replaces the lower ones of the same study; one step per study stands open.
_SUPERSEDE = """
UPDATE patients_reminder r SET state = 'withdrawn', closed_at = %(now)s
FROM unnest(%(studies)s::bigint[], %(steps)s::text[], %(dues)s::date[]) AS t(study, step, due)
WHERE r.study_id = t.study AND r.state = 'open' AND (r.step <> t.step OR r.due_on <> t.due)
RETURNING r.study_id, r.step, r.due_on
"""

# What no longer holds, however it came about (a command withdraws at once; this is the net below it). What somebody is
# working on is left to them.
_WITHDRAW = """
UPDATE patients_reminder r SET state = 'withdrawn', closed_at = %(now)s
FROM (
    SELECT o.id FROM patients_reminder o
    WHERE o.team_id = %(team)s AND o.state = 'open' AND NOT EXISTS (
        SELECT 1 FROM patients_imagingstudy s
        JOIN patients_patient p ON p.id = s.patient_id
        LEFT JOIN patients_surveillanceplan pl ON pl.id = s.plan_id
        WHERE s.id = o.study_id AND s.due_on = o.due_on
          AND s.status IN ('planned', 'ordered', 'scheduled') AND s.error_at IS NULL
          AND :in_care
          AND (pl.id IS NULL OR (pl.stopped_on IS NULL AND pl.error_at IS NULL))
    )
    ORDER BY o.id FOR UPDATE SKIP LOCKED
) gone
WHERE r.id = gone.id
RETURNING r.study_id, r.step, r.due_on
""".replace(":in_care", IN_CARE_SQL)


# Hundreds of thousands of studies may be outstanding: their plans and reminders are joined in memory, not one by one.
WORK_MEM = "SET LOCAL work_mem = '64MB'"


def sql_rows(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall()) if cursor.description else []


def _key(study_id: int, step: str, due_on: date) -> str:
    return f"reminder:{study_id}:{step}:{due_on.isoformat()}"


@transaction.atomic
def take_back(team: Team, *, now: datetime) -> int:
    sql_rows(WORK_MEM, {})
    rows = sql_rows(_WITHDRAW, {"team": team.pk, "now": now})
    if rows:
        withdraw(keys=[_key(*row) for row in rows], now=now)
        announce_many(
            Event(kind=str(EventKind.STUDY_ANSWERED), at=now, team_id=team.pk, subject_id=study_id)
            for study_id, step, _ in rows
            if step == ReminderStep.BOARD
        )
    return len(rows)


def reached_params(team: Team, today: date, limits: LadderLimits, *, now: datetime) -> dict[str, Any]:
    """What `REACHED` is asked with."""
    return {
        "team": team.pk,
        "today": today,
        "now": now,
        "zone": team.time_zone,
        "default": DEFAULT_INTERVAL,
        "horizon": date.fromordinal(today.toordinal() + max(LONGEST_LEAD, -limits.order)),
        "limit": AT_ONCE,
        "steps": STEPS,
        "order": limits.order,
        "schedule": limits.schedule,
        "amber": limits.amber,
        "letter": limits.letter,
        "red": limits.red,
        "board": limits.board,
    }


def raise_reached(
    team: Team, today: date, limits: LadderLimits, staff: Staff, *, now: datetime
) -> tuple[int, list[int]]:
    """Raises whatever the ladder has reached: how many steps, and the studies that could not be raised."""
    params = reached_params(team, today, limits, now=now)
    total = 0
    while True:
        with transaction.atomic():
            sql_rows(WORK_MEM, {})
            found = [study_id for (study_id,) in sql_rows(_FIND, params)]
        raised = 0
        stuck: list[int] = []
        for start in range(0, len(found), BATCH):
            done, left = isolating(
                found[start : start + BATCH],
                lambda ids: _raise_batch(team, params | {"ids": ids}, staff, now=now),
                spare=len(stuck),
            )
            raised += done
            stuck += left
        total += raised
        if len(found) < AT_ONCE or not raised:
            return total, stuck


@transaction.atomic
def _raise_batch(team: Team, params: dict[str, Any], staff: Staff, *, now: datetime) -> int:
    claimed = [Claimed(*row) for row in sql_rows(_CLAIM, params)]
    if not claimed:
        return 0
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
    return len(fresh)


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
        again=True,  # its reminder has just opened
    )
