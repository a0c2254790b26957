"""The sweep: raises what the ladder has reached, once, and sends what waits. PostgreSQL is the truth; whoever calls it
(Celery, a person, two of them at once, after two days of outage) changes nothing but the time of day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from careteam.audit.commands import seal
from careteam.events.commands import beat, settle_pending
from careteam.notifications.outbox import deliver_pending, has_failing_mail, make_digests
from careteam.people.models import Team
from patients.imaging.commands.late_reviews import remind_reviews
from patients.imaging.commands.raising import raise_batch, sql_rows, take_back
from patients.imaging.commands.staffing import staff_of
from patients.imaging.models import ImagingStudy
from patients.imaging.queries.patient import limits_of
from patients.protocol.queries import numbers

MAIL_ROUNDS = 25  # of 200 mails each, so that a first flood does not hold the tick for ever
SEAL_ROUNDS = 50

# Asked once more right before mails go: nobody is written to about a patient who died or left.
_SILENCE_MAIL = """
UPDATE careteam_delivery d SET status = 'withdrawn', leased_until = NULL
FROM careteam_inboxitem i, patients_patient p
WHERE d.status = 'pending' AND i.id = d.item_id AND p.id = i.patient_id AND i.kind LIKE 'imaging.%%'
  AND (p.enrollment_status <> 'active' OR p.deceased_on IS NOT NULL OR p.merged_into_id IS NOT NULL)
"""


@dataclass(frozen=True)
class SweepResult:
    """`due`: outstanding studies whose day has come; `created`: steps and review reminders raised by this sweep;
    `delivered` and `failed`: mails."""

    due: int
    created: int
    delivered: int
    failed: int


def sweep(*, now: datetime) -> SweepResult:
    """Raises every step that is reached and not yet raised, reminds of overdue reviews, takes back what no longer
    holds; then mails, left-over events, audit seals, heartbeat. Safe at any time, in any number at once."""
    due = created = 0
    for team in Team.objects.filter(pk__in=ImagingStudy.objects.order_by().values("team_id").distinct()):
        today = team.local_date(now)
        limits = limits_of(numbers(team.pk))
        staff = staff_of(team, today)
        take_back(team, now=now)
        while batch := raise_batch(team, today, limits, staff, now=now):
            created += batch.raised
        created += remind_reviews(team, today, staff, now=now)
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


def _deliver(*, now: datetime) -> tuple[int, int]:
    delivered = failed = 0
    make_digests(now=now)
    for _ in range(MAIL_ROUNDS):
        sql_rows(_SILENCE_MAIL, {})
        sent, not_sent = deliver_pending(now=now)
        delivered, failed = delivered + sent, failed + not_sent
        if sent + not_sent == 0:
            break
    if delivered or not has_failing_mail():
        beat("mail", now=now)
    return delivered, failed
