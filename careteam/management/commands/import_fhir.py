"""manage.py import_fhir PATH… --team SLUG [--namespace NS] [--dry-run] [--json]"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from careteam.people.models import Team
from patients.fhir.commands import (
    ENDED_EARLY,
    BusyError,
    LiveProgress,
    Outcome,
    fail,
    finish,
    import_sources,
    start_run,
)
from patients.fhir.policies import why_not_namespace
from patients.fhir.rules.report import ReportLine, Severity

_SHOWN = 200


class Command(BaseCommand):
    help = "Imports FHIR R4 bundles, single resources and ndjson. Running it twice changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files or folders")
        parser.add_argument("--team", required=True, metavar="SLUG", help="the team that will own the patients")
        parser.add_argument("--namespace", default="default", metavar="NS", help="whose ids these are; one per source")
        parser.add_argument("--dry-run", action="store_true", help="do everything, then roll it back")
        parser.add_argument("--json", action="store_true", help="counts and lines as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        team = Team.objects.filter(slug=options["team"]).first()
        if team is None:
            known = ", ".join(Team.objects.order_by("slug").values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no team “{options['team']}”. Teams: {known}.")
        reasons = why_not_namespace(options["namespace"])
        if reasons:
            raise CommandError(" ".join(reasons))
        outcome = self._run(team, options)
        if options["json"]:
            self.stdout.write(json.dumps({**outcome.as_counts, "lines": [as_json(line) for line in outcome.lines]}))
        else:
            self._print(outcome, dry_run=options["dry_run"])
        if not outcome.read:
            raise CommandError("Nothing could be read.")

    def _run(self, team: Team, options: dict[str, Any]) -> Outcome:
        now = timezone.now()
        paths, namespace = options["paths"], options["namespace"]
        show = None if options["json"] else self._progress
        if options["dry_run"]:
            return self._import(paths, team=team, by=None, now=now, namespace=namespace, dry_run=True, progress=show)
        run = start_run(team=team, by=None, now=now, namespace=namespace, names=[path.resolve().name for path in paths])
        try:
            with LiveProgress(run.pk) as live:

                def progress(phase: str, done: int, total: int) -> None:
                    live.show(phase, done, total)
                    if show:
                        show(phase, done, total)

                outcome = self._import(
                    paths, team=team, by=None, now=now, namespace=namespace, run=run, progress=progress
                )
        except BaseException:
            fail(run, ENDED_EARLY)
            raise
        finish(run, outcome)
        return outcome

    def _import(self, paths: list[Path], **options: Any) -> Outcome:
        try:
            return import_sources(paths, **options)
        except BusyError as problem:
            raise CommandError("Another import into this team is running; try again when it is done.") from problem

    def _progress(self, phase: str, done: int, total: int) -> None:
        if self.stderr.isatty():
            share = 100 * done // total if total else 100
            self.stderr.write(f"\r\033[K{share:3d} % {phase}", ending="\n" if done >= total else "")
            self.stderr.flush()

    def _print(self, outcome: Outcome, *, dry_run: bool) -> None:
        counts = outcome.as_counts
        what = "Tried out (nothing was changed)" if dry_run else "Imported"
        self.stdout.write(f"{what}: {outcome.read} entries from {len(outcome.files)} files.")
        new, touched = len(outcome.new_patient_ids), len(outcome.patient_ids)
        self.stdout.write(f"  patients   {touched} touched, {new} of them new (under review)")
        for kind, said in (
            ("created", "new, now in the record"),
            ("updated", "changed in the source, brought up to date"),
            ("unchanged", "as before"),
            ("unmapped", "kept as they are: no place in the record yet"),
            ("refused", "refused, see below"),
        ):
            self.stdout.write(f"  {kind:10} {counts[kind]} {said}")
        if outcome.rows:
            rows = ", ".join(f"{number} {table}" for table, number in sorted(outcome.rows.items()))
            self.stdout.write(f"  rows       {rows}")
        self._lines("Refused", [line for line in outcome.lines if line.severity == Severity.REFUSED])
        self._lines("Warnings", [line for line in outcome.lines if line.severity == Severity.WARNING])
        kept = Counter(line.message for line in outcome.lines if line.severity == Severity.UNMAPPED)
        if kept:
            self.stdout.write("\nKept, not mapped:")
            for message, number in kept.most_common():
                self.stdout.write(f"  {number:5d} × {message}")

    def _lines(self, title: str, lines: list[ReportLine]) -> None:
        if lines:
            self.stdout.write(f"\n{title}:")
            for line in lines[:_SHOWN]:
                self.stdout.write(f"  {line}")
            if len(lines) > _SHOWN:
                self.stdout.write(f"  … and {len(lines) - _SHOWN} more (--json lists all)")


def as_json(line: ReportLine) -> dict[str, Any]:
    """A report line for programs."""
    return {
        "severity": str(line.severity),
        "file": line.file,
        "entry": line.entry,
        "resource": line.resource,
        "message": line.message,
    }
