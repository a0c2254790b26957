"""`load_cohort`: how many are there, who is next, batch after batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction

from careteam.audit.commands import record
from careteam.audit.rules import Kind
from careteam.cohort.cast import insist_on_demo
from careteam.cohort.histories import History, history_of
from careteam.cohort.histories.person import identifier_system
from careteam.cohort.load.meetings import Meetings
from careteam.cohort.load.people import People
from careteam.cohort.load.tables import TABLES, Encoder, Sheet
from careteam.people.models import Team
from patients.record.models import PatientIdentifier

BATCH = 400
WITH_HISTORY_UP_TO = 2_000  # more than this at once is a first load: the history triggers would double its time
MOST = 1_000_000


@dataclass(frozen=True)
class Loaded:
    """`first` is the index of the first patient made now; `with_history` whether their insertion is in the history."""

    before: int
    made: int
    rows: int
    with_history: bool

    @property
    def first(self) -> int:
        return self.before


def load_cohort(
    team: Team,
    *,
    patients: int,
    seed: int,
    now: datetime,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Loaded:
    """Brings the seed's patients of this team to `patients`, going on after those that are there.

    Raises `NotADemo` outside a demo database and `ValueError` for a number that cannot be. Each batch is a transaction
    of its own: an interrupted load is continued by the next one. One audit row says what was made, and whether the
    history triggers were bypassed for it.
    """
    insist_on_demo()
    if not 0 <= patients <= MOST:
        raise ValueError(f"The number of patients is 0 to {MOST:,}.")
    before = PatientIdentifier.objects.filter(team=team, system=identifier_system(seed)).count()
    wanted = max(0, patients - before)
    with_history = wanted <= WITH_HISTORY_UP_TO
    if not wanted:
        return Loaded(before, 0, 0, with_history)
    today = team.local_date(now)
    people, meetings = People(team), Meetings(team, now=now)
    with transaction.atomic():
        record(
            "cohort.seed",
            by=None,
            now=now,
            team_id=team.pk,
            kind=Kind.SYSTEM,
            reason="" if with_history else "First load: history triggers bypassed",
            details={"seed": seed, "first": before, "patients": wanted, "history_bypassed": not with_history},
        )
    rows = made = 0
    while made < wanted:
        size = min(BATCH, wanted - made)
        rows += _load_batch(team, seed, before + made, size, today, people, meetings, with_history=with_history)
        made += size
        progress(made, wanted)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return Loaded(before, made, rows, with_history)


def _load_batch(
    team: Team,
    seed: int,
    first: int,
    size: int,
    today: date,
    people: People,
    meetings: Meetings,
    *,
    with_history: bool,
) -> int:
    histories = [history_of(seed, index, today) for index in range(first, first + size)]
    with transaction.atomic(), _history(on=with_history):
        return _write(team, histories, people, meetings)


def _write(team: Team, histories: list[History], people: People, meetings: Meetings) -> int:
    rows = {table: [row for history in histories for row in history.of(table)] for table in TABLES}
    ids = {table: _reserve(table, len(found)) for table, found in rows.items() if found}
    encode = Encoder(ids, people.find, meetings.find)
    sheets = {table: Sheet(table, rows[table], team_id=team.pk) for table in ids}
    lines: dict[str, list[str]] = {table: [] for table in ids}
    start = dict.fromkeys(TABLES, 0)
    for history in histories:
        encode.start = start
        encode.patient_id = ids["patient"][start["patient"]]
        for table, found in history.rows.items():
            sheet, out, own, offset = sheets[table], lines[table], ids[table], start[table]
            for n, row in enumerate(found):
                out.append(sheet.line(row, own[offset + n], encode))
        start = {table: offset + len(history.of(table)) for table, offset in start.items()}
    with connection.cursor() as cursor:
        for table in ids:
            with cursor.copy(sheets[table].statement) as copy:
                copy.write("\n".join(lines[table]) + "\n")
    return sum(len(found) for found in lines.values())


def _reserve(table: str, count: int) -> list[int]:
    """Keys for so many rows, from the table's own sequence."""
    name = TABLES[table]._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(nextval(pg_get_serial_sequence(%s, 'id'))) FROM generate_series(1, %s)", [f'"{name}"', count]
        )
        return list(cursor.fetchone()[0])


@contextmanager
def _history(*, on: bool) -> Iterator[None]:
    """Without history: the tables' own triggers rest until the transaction ends. Foreign keys are checked as ever."""
    if on:
        yield
        return
    tables = [f'"{model._meta.db_table}"' for model in TABLES.values()]
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        # What is still to be checked is checked now: ALTER TABLE refuses while a check is pending.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
