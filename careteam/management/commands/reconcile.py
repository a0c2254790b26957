"""`manage.py reconcile [--team SLUG] [--json]`: holds every patient in care against what the plan demands, now."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from careteam.people.models import Team
from careteam.reconciler.models import ReconcilerFinding, ReconcilerRun
from careteam.workspace.reconciling.commands import reconcile

LISTED = 200


class Command(BaseCommand):
    help = "Mends what commands can mend, and lists what needs a person; exits with 1 when anything does."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--team", metavar="SLUG", help="one team only")
        parser.add_argument("--json", action="store_true", help="print patients, repaired, for_person by team as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        teams = Team.objects.order_by("pk")
        if options["team"]:
            teams = teams.filter(slug=options["team"])
            if not teams.exists():
                raise CommandError(f"There is no team {options['team']!r}.")
        runs = [reconcile(team, now=timezone.now(), again=True) for team in teams]
        if options["json"]:
            self.stdout.write(json.dumps([self._as_json(run) for run in runs]))
        else:
            for run in runs:
                self._tell(run)
        if any(run.for_person for run in runs):
            raise SystemExit(1)

    @staticmethod
    def _left(run: ReconcilerRun) -> list[ReconcilerFinding]:
        return list(run.findings.filter(for_person=True).order_by("pk")[:LISTED])

    def _as_json(self, run: ReconcilerRun) -> dict[str, Any]:
        left = [{"kind": row.kind, "patient": row.patient_id, "subject": row.subject} for row in self._left(run)]
        return {
            "team": run.team.slug,
            "patients": run.patients,
            "repaired": run.repaired,
            "for_person": run.for_person,
            "left": left,
        }

    def _tell(self, run: ReconcilerRun) -> None:
        self.stdout.write(
            f"{run.team.slug}: {run.patients} patients, {run.repaired} repaired, {run.for_person} for a person"
        )
        for row in self._left(run):
            self.stdout.write(f"  patient {row.patient_id}: {row.get_kind_display()} ({row.subject})")
