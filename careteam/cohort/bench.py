"""Measures pages, search and sweep on the database there is, through the whole stack but the web server.

Requests go through Django's test client: routing, middleware, sessions, access, queries, templates, audit. A page's
figure is the 95th percentile of its runs in milliseconds, with the number of its queries. Limits: the targets at
100,000 patients on two cores.
"""

from __future__ import annotations

import gc
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count
from django.test import Client
from django.urls import NoReverseMatch, reverse

from careteam.cohort.cast import CAST, FIRST_TEAM
from careteam.people.models import Team, User
from careteam.people.rules import Role
from careteam.workspace.reconciling.commands import begin, finish, next_batch
from patients.goals.commands import ask_many, raise_prompts
from patients.goals.commands.flood import LOT
from patients.goals.rules import FoundReason, PromptReason
from patients.imaging.commands import sweep
from patients.record.models import Diagnosis, Patient
from patients.treatment.models import TreatmentLine
from tumorboard.meetings.models import AgendaItem

if TYPE_CHECKING:
    from careteam.reconciler.models import ReconcilerRun
    from patients.record.models.patient import PatientQuerySet

PAGE, FRAGMENT, SEARCH, TICK, MEMORY, LOAD_RATE = 250, 100, 150, 60_000, 250, 167
FLAT = 1.25  # times the memory of one batch
RUNS = 20
MANY_LINES = 6


@dataclass(frozen=True)
class Result:
    """One figure. `ratio` to the limit is above 1 when the limit is missed. `cpu` is the mean processor time of one run
    in milliseconds, Python's and (on the same machine) the database's: what does not depend on who else is busy.
    `skipped` says why there is no figure."""

    name: str
    figure: float = 0.0
    unit: str = "ms"
    limit: float | None = None
    ratio: float | None = None
    p50: float | None = None
    cpu: float | None = None
    queries: int | None = None
    runs: int = 0
    skipped: str = ""


@dataclass(frozen=True)
class Page:
    """What to ask for. `url_name` with one id (or none) of `ids`; `role` is who asks."""

    name: str
    url_name: str
    role: Role
    limit: float = PAGE
    of: str = ""  # "patient", "long course" or "meeting": whose id the address holds
    query: str = ""
    fragment: bool = False
    posts: tuple[str, ...] = ()


PAGES: tuple[Page, ...] = (
    Page("workspace", "home", Role.NURSE_COORDINATOR),
    Page("workspace_oncologist", "home", Role.ONCOLOGIST),
    Page("inbox", "inbox", Role.NURSE_COORDINATOR),
    Page("patient_list", "patients", Role.ONCOLOGIST),
    Page("patient_list_sorted", "patients", Role.ONCOLOGIST, query="?sort=born"),
    Page("patient_list_filtered", "patients", Role.ONCOLOGIST, query="?site=pancreas"),
    Page("patient_list_without_step", "patients", Role.NURSE_COORDINATOR, query="?step=none"),
    Page("patient_page", "patient", Role.ONCOLOGIST, of="patient"),
    Page("panel_timeline", "timeline-panel", Role.ONCOLOGIST, FRAGMENT, "patient", fragment=True),
    Page("panel_timeline_long", "timeline-panel", Role.ONCOLOGIST, FRAGMENT, "long course", fragment=True),
    Page("panel_treatment", "treatment-panel", Role.ONCOLOGIST, FRAGMENT, "patient", fragment=True),
    Page("panel_imaging", "imaging-panel", Role.ONCOLOGIST, FRAGMENT, "patient", fragment=True),
    Page("panel_record", "record-panel", Role.ONCOLOGIST, FRAGMENT, "patient", fragment=True),
    Page("panel_goals", "goals-panel", Role.PALLIATIVE, FRAGMENT, "patient", fragment=True),
    Page("panel_guidance", "guidance-panel", Role.ONCOLOGIST, FRAGMENT, "patient", fragment=True),
    Page("panel_symptoms", "symptoms-panel", Role.NURSE_COORDINATOR, FRAGMENT, "patient", fragment=True),
    Page("panel_care", "care-panel", Role.NURSE_COORDINATOR, FRAGMENT, "patient", fragment=True),
    Page("panel_function", "function-panel", Role.ONCOLOGIST, FRAGMENT, "patient", fragment=True),
    Page("panel_board", "board-panel", Role.ONCOLOGIST, FRAGMENT, "patient", fragment=True),
    Page(
        "search",
        "search",
        Role.NURSE_COORDINATOR,
        SEARCH,
        fragment=True,
        posts=(
            "achterberg",
            "solvang henrik",
            "novak",
            "kowalczik",
            "90-4471",
            "szimanska",
            "marchetti g",
            "müller",
            "zz",
        ),
    ),
    Page("imaging_worklist", "imaging-worklist", Role.NURSE_COORDINATOR),
    Page("coming", "coming", Role.NURSE_COORDINATOR),
    Page("clinic", "clinic", Role.NURSE_COORDINATOR),
    Page("goals_list", "goals", Role.PALLIATIVE),
    Page("goals_hospice", "goals", Role.PALLIATIVE, query="?show=hospice"),
    Page("goals_visits", "goals", Role.PALLIATIVE, query="?show=visits"),
    Page("palliative_page", "palliative-panel", Role.PALLIATIVE, of="patient"),
    Page("boards", "boards", Role.BOARD_COORDINATOR),
    Page("meeting", "meeting", Role.BOARD_COORDINATOR, of="meeting"),
    Page("live_case", "live", Role.ONCOLOGIST, of="meeting"),
    Page("actions", "actions", Role.ONCOLOGIST),
    Page("board_reports", "board-reports", Role.TEAM_LEAD),
    Page("board_trends", "board-trends", Role.TEAM_LEAD),
    Page("board_year", "board-year", Role.TEAM_LEAD),
    Page("goals_measures", "goals-measures", Role.TEAM_LEAD),
    Page("goals_measure_months", "goals-measure-months", Role.TEAM_LEAD),
    Page("goals_measure_groups", "goals-measure-groups", Role.TEAM_LEAD),
    Page("reports", "reports", Role.TEAM_LEAD),
    Page("audit", "audit", Role.AUDITOR),
)
FLOOD = 10_000
NAMES = (*(page.name for page in PAGES), "sweep_first", "sweep", "reconcile", "goals_flood", "memory")


@dataclass
class Bench:
    """Measures against the demo's first team, signed in as its people."""

    now: datetime
    runs: int = RUNS
    _clients: dict[Role, Client] = field(default_factory=dict)
    _ids: dict[str, list[int]] = field(default_factory=dict)

    def run(self, names: list[str]) -> Iterator[Result]:
        """The named measurements (all, when none is named), in their order."""
        for page in PAGES:
            if not names or page.name in names:
                yield self._page(page)
        if not names or {"sweep_first", "sweep"} & set(names):
            yield from self._sweeps()
        if not names or "reconcile" in names:
            yield from self._reconciler()
        if not names or "goals_flood" in names:
            yield from self._goals_flood()
        if not names or "memory" in names:
            yield _within("memory", memory_mib(), MEMORY, unit="MiB")

    def _page(self, page: Page) -> Result:
        ids = self._of(page.of)
        if page.of and not ids:
            return Result(page.name, skipped=f"There is no {page.of} to show.")
        try:
            addresses = [reverse(page.url_name, args=[one]) for one in ids] if page.of else [reverse(page.url_name)]
        except NoReverseMatch:
            return Result(page.name, skipped=f"No page is called {page.url_name!r} here.")
        client = self._client(page.role)
        words = page.posts or ("",)

        def ask(n: int) -> int:
            address = addresses[n % len(addresses)]
            headers = {"HX-Request": "true", "HX-Request-Type": "partial"} if page.fragment else {}
            if page.posts:
                return client.post(address, {"q": words[n % len(words)]}, headers=headers).status_code
            return client.get(address + page.query, headers=headers).status_code

        with counted() as count:
            status = ask(0)
        if status != 200:
            return Result(page.name, skipped=f"{addresses[0]} answered {status}.")
        before = cpumilliseconds()
        took = [milliseconds(partial(ask, n)) for n in range(self.runs)]
        cpu = round((cpumilliseconds() - before) / self.runs, 1)
        p50 = statistics.median(took)
        return _within(page.name, percentile(took, 95), page.limit, p50=p50, cpu=cpu, queries=count[0], runs=self.runs)

    def _sweeps(self) -> Iterator[Result]:
        """The first sweep raises what nobody has raised yet; the next ones are what runs every minute."""
        yield _within("sweep_first", milliseconds(lambda: sweep(now=self.now)), TICK, runs=1)
        with counted() as count:
            sweep(now=self.now)
        took = [milliseconds(lambda: sweep(now=self.now)) for _ in range(3)]
        yield _within("sweep", max(took), TICK, p50=statistics.median(took), queries=count[0], runs=3)

    def _reconciler(self) -> Iterator[Result]:
        """One run that mends what there is to mend, and one more that finds the team in order. Milliseconds are per
        1,000 patients; memory is the most of the whole run, held against that of its first batch."""
        team = Team.objects.get(slug=FIRST_TEAM)
        for name in ("reconcile_first", "reconcile"):
            gc.collect()
            run = begin(team, now=self.now, again=True)
            began, before = time.perf_counter(), cpumilliseconds()
            batch = peak_mib(lambda: next_batch(run.pk, team, now=self.now))  # noqa: B023
            rest = peak_mib(lambda: _until_done(run, team, now=self.now))  # noqa: B023
            thousands = max(run.patients, 1) / 1000
            took = (time.perf_counter() - began) * 1000 / thousands
            cpu = round((cpumilliseconds() - before) / thousands, 1)
            yield Result(name, round(took, 1), "ms/1,000", cpu=cpu, runs=1)
            yield Result(f"{name}_mended", run.repaired, "rows", runs=1)
        yield _within("reconcile_memory", max(rest, batch), FLAT * batch, unit="MiB")

    def _goals_flood(self) -> Iterator[Result]:
        """10,000 patients at once with a reason to ask: every one raised, then all of their records read as after an
        import, lot by lot. Rolled back."""
        team = Team.objects.get(slug=FIRST_TEAM)
        ids = list(Patient.objects.in_care().filter(team=team).order_by("pk").values_list("pk", flat=True)[:FLOOD])
        lots = [ids[start : start + LOT] for start in range(0, len(ids), LOT)]
        since = team.local_date(self.now)

        def raise_lot(lot: list[int]) -> int:
            reason = FoundReason(PromptReason.REVIEW_DUE, since, "bench")
            return raise_prompts(dict.fromkeys(lot, (reason,)), batch="bench", now=self.now)

        def read_lot(lot: list[int]) -> int:
            return ask_many(lot, team=team, batch="bench", said="a measurement", now=self.now)

        acts: dict[str, Callable[[list[int]], int]] = {"goals_flood": raise_lot, "goals_flood_read": read_lot}
        for name, act in acts.items():
            with transaction.atomic(), counted() as count:
                began = time.perf_counter()
                raised = sum(act(lot) for lot in lots)
                took = (time.perf_counter() - began) * 1000
                transaction.set_rollback(True)
            yield _within(name, took, TICK, queries=count[0], runs=len(ids))
            yield Result(f"{name}_raised", raised, "prompts", runs=len(lots))

    def _of(self, kind: str) -> list[int]:
        if kind and kind not in self._ids:
            patients = Patient.objects.in_care().filter(team__slug=FIRST_TEAM)
            if kind == "long course":
                self._ids[kind] = _longest(patients)
            elif kind == "patient":
                every = max(1, patients.count() // self.runs)
                self._ids[kind] = list(patients.order_by("pk").values_list("pk", flat=True)[::every])
            else:
                listed = AgendaItem.objects.filter(
                    meeting__starts_at__gt=self.now, meeting__board__team__slug=FIRST_TEAM
                )
                self._ids[kind] = list(listed.order_by("meeting__starts_at").values_list("meeting_id", flat=True)[:1])
        return self._ids.get(kind, [])

    def _client(self, role: Role) -> Client:
        if role not in self._clients:
            character = next(one for one in CAST[FIRST_TEAM] if one.role == role)
            self._clients[role] = client_of(User.objects.get(email=character.email(FIRST_TEAM)))
        return self._clients[role]


def _until_done(run: ReconcilerRun, team: Team, *, now: datetime) -> None:
    while next_batch(run.pk, team, now=now):
        pass
    finish(run, team, now=now)


def client_of(person: User) -> Client:
    """Django's test client, signed in as the person."""
    host = next((host for host in settings.ALLOWED_HOSTS if "*" not in host), "testserver")
    client = Client(headers={"host": host.lstrip(".")})
    client.force_login(person, backend="careteam.people.backends.ActivePeopleBackend")
    return client


def _longest(patients: PatientQuerySet) -> list[int]:
    """The three patients with many lines who have been ill longest: fifteen years and more in a cohort of thousands."""
    lines = TreatmentLine.objects.valid().filter(patient__in=patients).values("patient_id")
    many = lines.annotate(lines=Count("pk")).filter(lines__gte=MANY_LINES).values("patient_id")
    main = Diagnosis.objects.valid().filter(is_main=True, diagnosed_on__isnull=False, patient_id__in=many)
    return list(main.order_by("diagnosed_on", "pk").values_list("patient_id", flat=True)[:3])


def load_result(made: int, seconds: float) -> Result:
    """How fast patients were made; the limit is 100,000 in ten minutes."""
    rate = made / max(seconds, 0.001)
    return Result("seed", round(rate, 1), "patients/s", LOAD_RATE, round(LOAD_RATE / rate, 3), runs=made)


def population() -> int:
    """Patients of the team that is measured."""
    team = Team.objects.filter(slug=FIRST_TEAM).first()
    return Patient.objects.filter(team=team).count() if team else 0


def percentile(values: list[float], share: int) -> float:
    """The value that `share` percent of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


def cpumilliseconds() -> float:
    """Processor time that this process and its database session have used; the latter where `/proc` shows it."""
    spent = time.process_time() * 1000
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    if connection.settings_dict["HOST"].startswith("/") and backend.exists():  # a socket: the same machine
        fields = backend.read_text().rpartition(")")[2].split()
        spent += (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")
    return spent


def memory_mib() -> float:
    """Resident memory of this process in MiB; where the kernel does not tell, the most it ever was."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024) if sys.platform == "darwin" else peak / 1024


def peak_mib(act: Callable[[], object]) -> float:
    """The most memory this process had during `act`, in MiB; after it where the kernel does not tell."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")  # begins the peak anew
    act()
    status = Path("/proc/self/status")
    if clear.exists() and status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return memory_mib()


@contextmanager
def counted() -> Iterator[list[int]]:
    """Counts the queries of the block, in a list of one."""
    count = [0]

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        count[0] += 1
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield count


def milliseconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def _within(name: str, figure: float, limit: float, *, unit: str = "ms", **more: Any) -> Result:
    p50 = more.pop("p50", None)
    return Result(
        name,
        round(figure, 1),
        unit,
        round(limit, 1),
        round(figure / limit, 3),
        p50=None if p50 is None else round(p50, 1),
        **more,
    )
