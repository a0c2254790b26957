"""`manage.py bench`: the figures of docs/performance.md."""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from careteam.cohort import audience, faults, scale
from careteam.cohort.bench import NAMES, RUNS, Bench, Result, load_result, population
from careteam.cohort.cast import FIRST_TEAM, NotADemo, create_teams, insist_on_demo, is_empty
from careteam.cohort.load.cohort import load_cohort
from careteam.people.models import Team


class Command(BaseCommand):
    """Measures; `--patients` makes the demo team that large first."""

    help = (
        "Measures pages, search, sweep and memory in a demo database. With --patients the demo team is filled up to "
        f"that number first. Names: {', '.join(NAMES)}. "
        f"{scale.NAME}: a sweep held against the bare SQL, worklist and memory, in a team of its own. "
        f"{audience.NAME}: a meeting with {audience.VIEWERS} viewers on a web server of its own. "
        f"{faults.NAME}: the storm of the test suite again and again (--runs), each time with another seed (--seed)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="*", help="what to measure (everything)")
        parser.add_argument("--patients", type=int, metavar="N", help="fill the demo team up to so many patients first")
        parser.add_argument("--runs", type=int, default=RUNS, help=f"requests of each page ({RUNS})")
        parser.add_argument("--seed", type=int, default=faults.SEED, help="of the first storm")
        parser.add_argument("--json", action="store_true", help="as a list of objects")

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuses outside a demo database: measuring reads patients, and every read is audited."""
        known = (*NAMES, scale.NAME, audience.NAME, faults.NAME)
        unknown = set(options["name"]) - set(known)
        if unknown:
            raise CommandError(f"Not measured here: {', '.join(sorted(unknown))}. Known: {', '.join(known)}.")
        if options["name"] == [faults.NAME]:
            self._faults(max(1, options["runs"]), options["seed"], as_json=options["json"])
            return
        if faults.NAME in options["name"]:
            raise CommandError(f"{faults.NAME} is measured alone: it brings servers of its own.")
        if options["name"] == [scale.NAME]:
            self._scale(options["patients"] or scale.SMALL, as_json=options["json"])
            return
        if options["name"] == [audience.NAME]:
            self._alone(audience.measure(now=timezone.now()), as_json=options["json"])
            return
        if {scale.NAME, audience.NAME} & set(options["name"]):
            raise CommandError(f"{scale.NAME} and {audience.NAME} are measured alone: each fills a team of its own.")
        try:
            results = self._prepare(options["patients"])
        except (NotADemo, ValueError) as refusal:
            raise CommandError(str(refusal)) from None
        patients = population()
        if not options["json"]:
            self.stdout.write(
                f"{patients:,} patients\n{'':28}{'p95':>10} {'limit':>9} {'ratio':>6} {'p50':>8} {'cpu':>8} queries"
            )
            for result in results:
                self._print(result)
        for result in Bench(timezone.now(), runs=max(1, options["runs"])).run(options["name"]):
            results.append(result)
            if not options["json"]:
                self._print(result)
        if options["json"]:
            self.stdout.write(json.dumps([{**asdict(one), "patients": patients} for one in results], indent=1))

    def _alone(self, measured: Iterator[Result], *, as_json: bool) -> None:
        if is_empty():
            create_teams(now=timezone.now())
        try:
            insist_on_demo()
        except NotADemo as refusal:
            raise CommandError(str(refusal)) from None
        results = []
        for result in measured:
            results.append(result)
            if not as_json:
                self._print(result)
        if as_json:
            self.stdout.write(json.dumps([asdict(one) for one in results], indent=1))

    def _scale(self, patients: int, *, as_json: bool) -> None:
        """A team of its own with so many patients; `--patients` is its size."""
        now = timezone.now()
        if is_empty():
            create_teams(now=now)
        try:
            insist_on_demo()
        except NotADemo as refusal:
            raise CommandError(str(refusal)) from None
        sys.stderr.write(f"Filling the team {scale.TEAM!r} up to {patients:,} patients ...\n")
        results = []
        for result in scale.measure(patients, now=now):
            results.append(result)
            if not as_json:
                self._print(result)
        if as_json:
            self.stdout.write(json.dumps([{**asdict(one), "patients": patients} for one in results], indent=1))

    def _faults(self, runs: int, seed: int, *, as_json: bool) -> None:
        """Storm after storm; exits with an error after the first that was not survived."""
        results = []
        try:
            for result in faults.storms(runs, seed=seed):
                results.append(result)
                if not as_json:
                    self._print(result)
        except faults.NoStorm as why:
            raise CommandError(str(why)) from None
        except faults.Damage as damage:
            raise CommandError(f"A storm was not survived. The same one again: {damage}") from None
        if as_json:
            self.stdout.write(json.dumps([asdict(one) for one in results], indent=1))

    def _prepare(self, patients: int | None) -> list[Result]:
        now = timezone.now()
        if is_empty():
            create_teams(now=now)
        insist_on_demo()
        team = Team.objects.filter(slug=FIRST_TEAM).first()
        if team is None:
            raise NotADemo(f"There is no team {FIRST_TEAM!r} to measure.")
        missing = 0 if patients is None else patients - population()
        if missing <= 0:
            return []
        began = time.monotonic()
        sys.stderr.write(f"Making {missing:,} patients ...\n")
        there = load_cohort(team, patients=0, seed=1, now=now).before
        load_cohort(team, patients=there + missing, seed=1, now=now)
        return [load_result(missing, time.monotonic() - began)]

    def _print(self, result: Result) -> None:
        if result.skipped:
            self.stdout.write(f"{result.name:28}{'-':>10}   {result.skipped}")
            return
        p50 = "" if result.p50 is None else f"{result.p50:,.1f}"
        cpu = "" if result.cpu is None else f"{result.cpu:,.1f}"
        queries = "" if result.queries is None else str(result.queries)
        limit = "" if result.limit is None else f"{result.limit:,}"
        ratio = "" if result.ratio is None else str(result.ratio)
        self.stdout.write(
            f"{result.name:28}{result.figure:>10,.1f} {limit:>9} {ratio:>6} {p50:>8} {cpu:>8} {queries:>7}"
            f"  {result.unit if result.unit != 'ms' else ''}".rstrip()
        )
        self.stdout.flush()
