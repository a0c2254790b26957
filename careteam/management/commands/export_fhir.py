"""manage.py export_fhir --patient ID | --team SLUG [--out DIR]"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from careteam.people.models import Team
from patients.fhir.commands import export_bundles
from patients.record.models import Patient


class Command(BaseCommand):
    help = "Exports what is held as mCODE-shaped FHIR R4 bundles, one per patient: to a folder, or as ndjson."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--patient", type=int, metavar="ID")
        which.add_argument("--team", metavar="SLUG")
        parser.add_argument("--out", type=Path, metavar="DIR", help="one file per patient there instead of ndjson")

    def handle(self, *_args: Any, **options: Any) -> None:
        patients = self._patients(options).select_related("team")
        out: Path | None = options["out"]
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
        written = 0
        for patient, bundle in export_bundles(patients, by=None, now=timezone.now()):
            written += 1
            if out is None:
                self.stdout.write(json.dumps(bundle, ensure_ascii=False))
            else:
                path = out / f"patient-{patient.pk}.json"
                path.write_text(json.dumps(bundle, ensure_ascii=False, indent=1), encoding="utf-8")
        if out is not None:
            self.stdout.write(f"{written} bundles written to {out}")

    def _patients(self, options: dict[str, Any]) -> Any:
        if options["patient"] is not None:
            found = Patient.objects.unmerged().filter(pk=options["patient"])
            if not found:
                raise CommandError(f"There is no patient {options['patient']}.")
            return found
        team = Team.objects.filter(slug=options["team"]).first()
        if team is None:
            raise CommandError(f"There is no team “{options['team']}”.")
        return Patient.objects.unmerged().filter(team=team)
