"""What stands behind a next step. The table of next steps is written by every slice in the transaction of its own work;
here it is held against the rows themselves, in SQL, for a whole team or for the patients that are asked about."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import connection

from patients.goals.rules import LIVE_PROMPTS
from patients.imaging.rules import DONE, LABS, NOT_YET_DONE, StudyStatus
from patients.palliative.commands.referrals import OPEN_REFERRALS as OPEN_PALLIATIVE
from patients.record.models import IN_CARE_SQL
from patients.record.rules.visits import AHEAD
from patients.treatment.rules import OPEN_STATUSES
from patients.trials.rules import WAITING
from tumorboard.actions.rules import ActionStatus
from tumorboard.referrals.rules import OPEN_REFERRALS

# A step is stale when the row it names is closed, gone, or asks for nothing any more. What is not listed (a part of the
# care around treatment, a washout) names no single row, and is believed.
_STALE = """
SELECT n.id, n.patient_id, n.source_key
FROM patients_nextstep n
JOIN patients_patient p ON p.id = n.patient_id
CROSS JOIN LATERAL (
    SELECT split_part(n.source_key, ':', 1) AS kind,
           CASE WHEN split_part(n.source_key, ':', 2) ~ '^[0-9]{1,18}$'
                THEN split_part(n.source_key, ':', 2)::bigint END AS ref
) k
WHERE n.closed_at IS NULL AND n.team_id = %(team)s
  AND :in_care
  AND :scope
  AND CASE k.kind
      WHEN 'study' THEN NOT EXISTS (SELECT 1 FROM patients_imagingstudy s
          WHERE s.id = k.ref AND s.patient_id = n.patient_id AND s.error_at IS NULL AND s.status = ANY(%(study)s))
      WHEN 'plan' THEN EXISTS (SELECT 1 FROM patients_surveillanceplan s
          WHERE s.patient_id = n.patient_id AND s.stopped_on IS NULL AND s.error_at IS NULL
            AND NOT s.modality = ANY(%(labs)s))
      WHEN 'interval' THEN NOT EXISTS (SELECT 1 FROM patients_surveillanceplan s
          WHERE s.id = k.ref AND s.stopped_on IS NULL AND s.error_at IS NULL AND NOT s.is_signed)
      WHEN 'line' THEN NOT EXISTS (SELECT 1 FROM patients_treatmentline l
          WHERE l.id = k.ref AND l.status = ANY(%(line)s))
      WHEN 'prepare' THEN NOT EXISTS (SELECT 1 FROM patients_preparationstep s
          WHERE s.id = k.ref AND s.error_at IS NULL AND s.outcome = '')
      WHEN 'visit' THEN NOT EXISTS (SELECT 1 FROM patients_encounter e
          WHERE e.id = k.ref AND e.error_at IS NULL AND e.status = ANY(%(visit)s))
      WHEN 'prompt' THEN NOT EXISTS (SELECT 1 FROM patients_goalsprompt g
          WHERE g.id = k.ref AND g.error_at IS NULL AND g.status = ANY(%(prompt)s))
      WHEN 'palliative' THEN NOT EXISTS (SELECT 1 FROM patients_palliativereferral g
          WHERE g.id = k.ref AND g.error_at IS NULL AND g.status = ANY(%(palliative)s))
      WHEN 'wish-file' THEN NOT EXISTS (SELECT 1 FROM patients_documentfile f
          WHERE f.id = k.ref AND f.error_at IS NULL AND f.scan = 'infected')
      WHEN 'call' THEN NOT EXISTS (SELECT 1 FROM patients_symptomcall c
          WHERE c.id = k.ref AND c.error_at IS NULL AND c.closed_at IS NULL)
      WHEN 'early-scan' THEN NOT EXISTS (SELECT 1 FROM patients_symptomcall c
          WHERE c.id = k.ref AND c.error_at IS NULL AND c.scan_answer = '')
      WHEN 'trial' THEN NOT EXISTS (SELECT 1 FROM patients_trialconsideration c
          WHERE c.id = k.ref AND c.error_at IS NULL AND c.outcome = ANY(%(trial)s))
      WHEN 'referral' THEN NOT EXISTS (SELECT 1 FROM tumorboard_referral r
          WHERE r.id = k.ref AND r.error_at IS NULL AND r.status = ANY(%(referral)s))
      WHEN 'action' THEN NOT EXISTS (SELECT 1 FROM tumorboard_action a
          WHERE a.id = k.ref AND a.error_at IS NULL AND a.status = %(action)s)
      WHEN 'told' THEN EXISTS (SELECT 1 FROM tumorboard_told t
          WHERE t.decision_id = k.ref AND t.error_at IS NULL AND t.whom = 'patient')
      WHEN 'told-gp' THEN EXISTS (SELECT 1 FROM tumorboard_told t
          WHERE t.decision_id = k.ref AND t.error_at IS NULL AND t.whom = 'gp')
      ELSE false
  END
ORDER BY n.patient_id, n.id
LIMIT %(limit)s
""".replace(":in_care", IN_CARE_SQL)
_OPEN: dict[str, Any] = {
    "labs": [*map(str, LABS)],
    "study": [*map(str, NOT_YET_DONE | DONE - {StudyStatus.ACTED_ON})],
    "line": [*map(str, OPEN_STATUSES)],
    "visit": [*map(str, AHEAD)],
    "prompt": [*map(str, LIVE_PROMPTS)],
    "palliative": [*map(str, OPEN_PALLIATIVE)],
    "trial": [*map(str, WAITING)],
    "referral": [*map(str, OPEN_REFERRALS)],
    "action": str(ActionStatus.OPEN),
}
NO_LIMIT = 2_000_000_000


@dataclass(frozen=True)
class StaleStep:
    id: int
    patient_id: int
    source_key: str


def stale_steps(
    team_id: int,
    *,
    after: int = 0,
    until: int | None = None,
    patient_ids: Collection[int] | None = None,
    limit: int = NO_LIMIT,
) -> list[StaleStep]:
    """Open steps of patients in care whose work is over: of patients with `after` < id ≤ `until`, or of
    `patient_ids`. One query."""
    scope, params = scoped("n.patient_id", after, until, patient_ids)
    return [
        StaleStep(*row)
        for row in rows_of(_STALE.replace(":scope", scope), {**_OPEN, **params, "team": team_id, "limit": limit})
    ]


def scoped(
    column: str, after: int, until: int | None, patient_ids: Collection[int] | None
) -> tuple[str, dict[str, Any]]:
    """A condition on a column of patient ids, and its parameters."""
    if patient_ids is not None:
        return f"{column} = ANY(%(patients)s)", {"patients": list(patient_ids)}
    if until is None:
        return "true", {}
    return f"{column} > %(after)s AND {column} <= %(until)s", {"after": after, "until": until}


def rows_of(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def stale_only(team_id: int, *, patient_ids: Collection[int] | None = None, limit: int = NO_LIMIT) -> list[int]:
    """Patients whose every open step is stale: the table says that something comes next, and nothing does."""
    stale = stale_steps(team_id, patient_ids=patient_ids, limit=limit)
    if not stale:
        return []
    sql = """
        SELECT patient_id FROM patients_nextstep
        WHERE closed_at IS NULL AND patient_id = ANY(%(patients)s) GROUP BY patient_id
        HAVING bool_and(id = ANY(%(steps)s)) ORDER BY patient_id
    """
    found = rows_of(sql, {"patients": [s.patient_id for s in stale], "steps": [s.id for s in stale]})
    return [row[0] for row in found]
