"""`load_cohort`: how many are there, who is next, batch after batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from careteam.audit.commands import record
from careteam.audit.rules import Kind
from careteam.cohort.cast import insist_on_demo
from careteam.cohort.histories.person import identifier_system
from careteam.cohort.load.batches import Order, Sheets, batches, make, make_beside
from careteam.cohort.load.meetings import board_of, meetings_of
from careteam.cohort.load.people import letter_head_of, people_of, places_of, site_of, team_rows_of
from careteam.cohort.load.tables import HISTORY, TABLES, history_statement
from careteam.people.models import Team
from patients.record.models import PatientIdentifier

BATCH = 400
WITH_HISTORY_UP_TO = 2_000  # more than this at once is a first load: its history would double its time
MOST = 1_000_000
MOST_ROWS = 250  # of one table for one patient, to reserve keys


@dataclass(frozen=True)
class Loaded:
    """`before` were there; `with_history` says whether the insertion of those made is in the history tables."""

    before: int
    made: int
    rows: int
    with_history: bool


def load_cohort(
    team: Team,
    *,
    patients: int,
    seed: int,
    now: datetime,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    with_history_up_to: int = WITH_HISTORY_UP_TO,
) -> Loaded:
    """Brings the seed's patients of this team to `patients`, going on after those that are there.

    Raises `NotADemo` outside a demo database and `ValueError` for a number that cannot be. Each batch is a transaction
    of its own: an interrupted load is continued by the next one. The history triggers rest meanwhile (a row at a time
    they cost twenty times the rows themselves); small loads write the same history rows set by set, large ones none.
    One audit row says what was made and which of the two it was.
    """
    insist_on_demo()
    if not 0 <= patients <= MOST:
        raise ValueError(f"The number of patients is 0 to {MOST:,}.")
    before = PatientIdentifier.objects.filter(team=team, system=identifier_system(seed)).count()
    wanted = max(0, patients - before)
    with_history = wanted <= with_history_up_to
    if not wanted:
        return Loaded(before, 0, 0, with_history)
    with transaction.atomic():
        order = _order(team, seed, wanted, now)
        record(
            "cohort.seed",
            by=None,
            now=now,
            team_id=team.pk,
            kind=Kind.SYSTEM,
            reason="" if with_history else "First load: no history written",
            details={"seed": seed, "first": before, "patients": wanted, "history": with_history},
        )
    rows = made = 0
    ranges = list(batches(before, wanted, BATCH))
    for sheets in (make if with_history else make_beside)(order, ranges):
        with transaction.atomic(), connection.cursor() as cursor, _at_rest(cursor):
            _copy(cursor, sheets, with_history=with_history)
        rows += sheets.rows
        made += sheets.patients
        progress(made, wanted)
    _give_back(order, wanted)
    with connection.cursor() as cursor:
        # VACUUM lets indexes answer alone, which large lists rely on; it wants to be outside of any transaction.
        verb = "ANALYZE " if connection.in_atomic_block else "VACUUM (ANALYZE) "
        cursor.execute(verb + ", ".join(_tables()))
    return Loaded(before, made, rows, with_history)


def _order(team: Team, seed: int, wanted: int, now: datetime) -> Order:
    today = team.local_date(now)
    people = people_of(team)
    board = board_of(team)
    meetings = meetings_of(board, people, today=today)
    letter_head_of(team)
    places_of(team)
    site, team_rows = site_of(team).pk, team_rows_of(team, people)
    return Order(seed, today, team.pk, board.pk, site, people, meetings, team_rows, _reserve(wanted))


def _tables() -> list[str]:
    return [f'"{model._meta.db_table}"' for model in TABLES.values()]


def _reserve(patients: int) -> dict[str, int]:
    """Takes enough consecutive keys of every table for the whole load and returns the first of each. Nobody else takes
    any meanwhile: the tables are locked until the transaction ends."""
    bases = {}
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join(_tables())} IN SHARE ROW EXCLUSIVE MODE")
        for table in TABLES:
            cursor.execute(
                "SELECT nextval(s), setval(s, currval(s) + %s) FROM pg_get_serial_sequence(%s, 'id') AS s",
                [patients * MOST_ROWS - 1, f'"{TABLES[table]._meta.db_table}"'],
            )
            bases[table] = cursor.fetchone()[0]
    return bases


def _give_back(order: Order, patients: int) -> None:
    """Returns the keys that were not needed, where nobody else has taken one since."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join(_tables())} IN SHARE ROW EXCLUSIVE MODE")
        for table, model in TABLES.items():
            cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [f'"{model._meta.db_table}"'])
            sequence = cursor.fetchone()[0]
            cursor.execute(f"SELECT last_value FROM {sequence}")  # noqa: S608
            if cursor.fetchone()[0] == order.bases[table] + patients * MOST_ROWS - 1:
                cursor.execute(
                    f'SELECT setval(%s, greatest(max(id), %s), true) FROM "{model._meta.db_table}"',  # noqa: S608
                    [sequence, order.bases[table]],
                )


def _copy(cursor: CursorWrapper, sheets: Sheets, *, with_history: bool) -> None:
    for part in sheets.parts:
        with cursor.copy(part.statement) as copy:
            copy.write(part.text)
        if with_history and part.table in HISTORY:
            cursor.execute(history_statement(part.table), [part.first, part.last])


@contextmanager
def _at_rest(cursor: CursorWrapper) -> Iterator[None]:
    """The tables' own triggers rest until the transaction ends, and nobody else writes to them (ALTER TABLE locks).
    Foreign keys and checks hold as ever."""
    # What is still to be checked is checked now: ALTER TABLE refuses while a check is pending.
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    for table in _tables():
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in _tables():
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    cursor.execute("SET CONSTRAINTS ALL DEFERRED")
