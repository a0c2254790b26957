"""What a sweep and the worklist cost with a million patients: `manage.py bench sweep_scale --patients 1000000`.

A team of its own, whose patients are copies of one row by SQL: each with a diagnosis, a running plan of 90 days and an
outstanding study. Up to 10,000 studies fall due today and nobody has been reminded of them; the others are due within
the next 89 days, and what the ladder has reached of them was raised before, as on any day.

The sweep is held against the bare SQL that finds the same studies and inserts the same reminders and inbox rows: both
in turns, each in a transaction that is rolled back.
"""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection, models, transaction
from django.test import Client, override_settings
from django.urls import reverse

from careteam.cohort.bench import Result, client_of, milliseconds, peak_mib, percentile
from careteam.notifications.models import InboxItem
from careteam.people.models import Membership, Team, User
from careteam.people.rules import Role
from patients.imaging.commands import sweep
from patients.imaging.commands.raising import REACHED, WORK_MEM, reached_params
from patients.imaging.models import ImagingStudy, Reminder, SurveillancePlan
from patients.imaging.queries.patient import limits_of
from patients.protocol.queries import numbers
from patients.record.models import Diagnosis, Enrollment, Patient
from patients.record.rules import search_key, sort_key

NAME = "sweep_scale"
TEAM = "scale"
SMALL = 10_000
DUE = 10_000
OWNERS = 50
INTERVAL = 90
AT_ONCE = 100_000  # patients per statement
RUNS = 5
PAGES = 40
SWEEP_LIMIT, PAGE_LIMIT, MEMORY_LIMIT = 2.0, 1.5, 1.25  # times the bare SQL, the page and the memory at 10,000

_BARE = f"""
WITH raised AS (
    INSERT INTO patients_reminder (patient_id, team_id, study_id, step, due_on, queue, assignee_id, state, raised_at)
    SELECT s.patient_id, s.team_id, s.id, c.step, s.due_on, 'nurse_coordinator', s.owner_id, 'open', %(now)s
    {REACHED}
    ON CONFLICT DO NOTHING
    RETURNING study_id, patient_id, step, due_on, assignee_id
)
INSERT INTO careteam_inboxitem (recipient_id, key, kind, title, body, patient_id, url, raised_at, due_on, mail)
SELECT assignee_id, 'reminder:' || study_id || ':' || step || ':' || due_on, 'imaging.reminder',
       'Due: CT, abdomen, due ' || due_on, '', patient_id, '/imaging/studies/' || study_id || '/', %(now)s, due_on,
       'waiting'
FROM raised
ON CONFLICT DO NOTHING
"""  # noqa: S608  # constants of this package


@dataclass(frozen=True)
class _Size:
    """What was measured with so many patients."""

    patients: int
    page: float
    page_p50: float
    memory: float
    sweep: float
    bare: float
    created: int


def measure(patients: int, *, now: datetime) -> Iterator[Result]:
    """Fills the team up to 10,000 patients and measures, then up to `patients` and measures again."""
    small = _measured(min(SMALL, patients), now=now)
    large = _measured(patients, now=now) if patients > SMALL else small
    yield Result(f"{NAME}_sql", round(large.bare, 1), runs=RUNS)
    limit = SWEEP_LIMIT * large.bare
    yield Result(f"{NAME}_sweep", round(large.sweep, 1), "ms", round(limit, 1), _ratio(large.sweep, limit), runs=RUNS)
    yield Result(f"{NAME}_raised", large.created, "steps", runs=RUNS)
    yield Result(f"{NAME}_worklist_10000", round(small.page, 1), p50=round(small.page_p50, 1), runs=PAGES)
    limit = PAGE_LIMIT * small.page
    yield Result(
        f"{NAME}_worklist",
        round(large.page, 1),
        "ms",
        round(limit, 1),
        _ratio(large.page, limit),
        p50=round(large.page_p50, 1),
        runs=PAGES,
    )
    yield Result(f"{NAME}_memory_10000", round(small.memory, 1), "MiB", runs=RUNS)
    limit = MEMORY_LIMIT * small.memory
    yield Result(f"{NAME}_memory", round(large.memory, 1), "MiB", round(limit, 1), _ratio(large.memory, limit))


def _ratio(figure: float, limit: float) -> float:
    return round(figure / max(limit, 0.001), 3)


def _measured(patients: int, *, now: datetime) -> _Size:
    team = _team()
    fill(team, patients, now=now)

    def bare() -> None:
        bare_sweep(team, now=now)

    created: list[int] = []
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend"):
        _undone(bare)  # both once unmeasured
        memory = peak_mib(lambda: _undone(lambda: created.append(sweep(now=now).created)))
        swept, plain = [], []
        for _ in range(RUNS):
            plain.append(_undone(bare))
            swept.append(_undone(lambda: sweep(now=now)))
    _vacuum()
    client = client_of(User.objects.get(email=_email(0)))
    pages = _pages(client)
    return _Size(
        patients,
        percentile(pages, 95),
        statistics.median(pages),
        memory,
        statistics.median(swept),
        statistics.median(plain),
        created[0],
    )


def bare_sweep(team: Team, *, now: datetime) -> None:
    """The statement that a sweep is held against. Called in a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(WORK_MEM)
        cursor.execute(_BARE, reached_params(team, team.local_date(now), limits_of(numbers(team.pk)), now=now))


def _pages(client: Client) -> list[float]:
    address = reverse("imaging-worklist")

    def ask() -> None:
        status = client.get(address).status_code
        if status != 200:
            raise RuntimeError(f"{address} answered {status}.")

    ask()
    ask()
    return [milliseconds(ask) for _ in range(PAGES)]


def _undone(act: Callable[[], object]) -> float:
    """Milliseconds of `act`; what it wrote is rolled back."""
    gc.collect()
    with transaction.atomic():
        took = milliseconds(act)
        transaction.set_rollback(True)
    return took


def _email(number: int) -> str:
    return f"scale{number}@{TEAM}.example.org"


def _team() -> Team:
    team = Team.objects.filter(slug=TEAM).first()
    if team is None:
        with transaction.atomic():
            team = Team.objects.create(slug=TEAM, name="Scale", is_demo=True)
            for number in range(OWNERS):
                user = User.objects.create_user(_email(number), None, name=f"Coordinator {number}")
                Membership.objects.create(
                    user=user, team=team, roles=[str(Role.NURSE_COORDINATOR)], started_on=date(2020, 1, 1)
                )
    return team


def fill(team: Team, patients: int, *, now: datetime) -> int:
    """Brings the team to so many patients; returns how many there are. Rests the history triggers, as every load."""
    there = Patient.objects.filter(team=team).count()
    if there == 0:
        _template(team, now)
        there = 1
    while there < patients:
        step = min(AT_ONCE, patients - there)
        with transaction.atomic():
            _copy(team, there, step, today=team.local_date(now))
        there += step
    _vacuum()
    return there


def _vacuum() -> None:
    if not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE) " + ", ".join(_table(model) for model in _TABLES))


_TABLES: tuple[type[models.Model], ...] = (
    Patient,
    Enrollment,
    Diagnosis,
    SurveillancePlan,
    ImagingStudy,
    Reminder,
    InboxItem,
)


def _table(model: type[models.Model]) -> str:
    return f'"{model._meta.db_table}"'


def _template(team: Team, now: datetime) -> None:
    """The first patient; all others are its copies."""
    today, owner = team.local_date(now), User.objects.get(email=_email(0))
    long_ago = datetime(2024, 1, 1, tzinfo=UTC)
    patient = Patient.objects.create(
        team=team,
        family_name="Scale",
        given_name="0",
        mrn="S0",
        birth_date=date(1960, 1, 1),
        sort_key=sort_key("Scale", "0"),
        search_key=search_key("Scale", "0", ["S0"], date(1960, 1, 1)),
        enrollment_status="active",
    )
    Enrollment.objects.create(patient=patient, team=team, status="active", started_on=date(2024, 1, 1))
    Diagnosis.objects.create(
        patient=patient, net_status="net", primary_site="pancreas", stage="IV", stage_edition="AJCC 8", is_main=True
    )
    plan = SurveillancePlan.objects.create(
        patient=patient,
        situation="S1",
        modality="ct",
        interval_days=INTERVAL,
        anchor_on=today - timedelta(INTERVAL),
        anchor_kind="scan",
        why="90 days after the last CT",
        confirmed_at=long_ago,
    )
    study = ImagingStudy.objects.create(
        patient=patient, team=team, plan=plan, modality="ct", region="abdomen", due_on=today, owner=owner
    )
    far = today + timedelta(INTERVAL)
    Reminder.objects.create(
        patient=patient, team=team, study=study, step="order", due_on=far, queue="", state="withdrawn", raised_at=now
    )
    InboxItem.objects.create(
        recipient=owner, key="scale", kind="imaging.reminder", title="Order CT", patient=patient, url="/", raised_at=now
    )


def _copy(team: Team, first: int, count: int, *, today: date) -> None:
    """Patients `first` … `first + count - 1` (n), each with what belongs to it. Which days: see the module."""
    owners = list(Membership.objects.filter(team=team).order_by("user_id").values_list("user_id", flat=True))
    base: dict[type[models.Model], int] = {}
    template: dict[type[models.Model], int] = {}
    for model in _TABLES:
        rows: models.QuerySet[Any, Any] = models.QuerySet(model).order_by("pk").values_list("pk", flat=True)
        base[model] = rows.reverse()[0]
        mine = {"team": team} if model is Patient else {"patient__team": team}
        template[model] = rows.filter(**mine)[0]
    ids = {model: f"({base[model]} + n - {first - 1})" for model in _TABLES}
    patient, study = ids[Patient], ids[ImagingStudy]
    owner = f"(%(owners)s::bigint[])[1 + n %% {len(owners)}]"
    due = f"(CASE WHEN n < {DUE} THEN %(today)s::date ELSE %(today)s::date + (1 + n %% {INTERVAL - 1})::int END)"
    reached = f"(CASE WHEN {due} <= %(today)s::date + 14 THEN 'schedule' ELSE 'order' END)"
    # By now ordered where "schedule" was raised.
    status = f"(CASE WHEN n >= {DUE} AND {due} <= %(today)s::date + 14 THEN 'ordered' ELSE 'planned' END)"
    known = f"n >= {DUE} AND {due} <= %(today)s::date + 28"
    own: dict[type[models.Model], dict[str, str]] = {
        Patient: {
            "mrn": "'S' || n",
            "given_name": "n::text",
            "sort_key": "'scale, ' || n",
            "search_key": "'scale s' || n",
        },
        Enrollment: {"patient_id": patient},
        Diagnosis: {"patient_id": patient},
        SurveillancePlan: {"patient_id": patient},
        ImagingStudy: {
            "patient_id": patient,
            "plan_id": ids[SurveillancePlan],
            "owner_id": owner,
            "due_on": due,
            "status": status,
        },
        Reminder: {
            "patient_id": patient,
            "study_id": study,
            "step": reached,
            "due_on": due,
            "queue": "'nurse_coordinator'",
            "assignee_id": owner,
            "state": "'open'",
        },
        InboxItem: {
            "patient_id": patient,
            "recipient_id": owner,
            "key": f"'reminder:' || {study} || ':' || {reached} || ':' || {due}",
            "due_on": due,
        },
    }
    with connection.cursor() as cursor, _at_rest(cursor):
        for model in _TABLES:
            columns = [str(field.column) for field in model._meta.concrete_fields]
            values = {column: f't."{column}"' for column in columns} | {"id": ids[model]} | own[model]
            only = f" WHERE {known}" if model in {Reminder, InboxItem} else ""
            cursor.execute(
                f"INSERT INTO {_table(model)} ({', '.join(columns)}) "  # noqa: S608
                f"SELECT {', '.join(values[column] for column in columns)} FROM {_table(model)} t "
                f"JOIN generate_series(%(first)s::bigint, %(last)s::bigint) n ON t.id = %(template)s{only}",
                {
                    "owners": owners,
                    "today": today,
                    "first": first,
                    "last": first + count - 1,
                    "template": template[model],
                },
            )
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence(%s, 'id'), max(id)) FROM {_table(model)}",  # noqa: S608
                [_table(model)],
            )


@contextmanager
def _at_rest(cursor: Any) -> Iterator[None]:
    """The tables' own triggers rest until the transaction ends; foreign keys and checks hold."""
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for model in _TABLES:
        cursor.execute(f"ALTER TABLE {_table(model)} DISABLE TRIGGER USER")
    yield
    for model in _TABLES:
        cursor.execute(f"ALTER TABLE {_table(model)} ENABLE TRIGGER USER")
    cursor.execute("SET CONSTRAINTS ALL DEFERRED")
