"""`manage.py downtime_print`."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from careteam.people.models import Team
from careteam.workspace.downtime.commands import make_printout


class Command(BaseCommand):
    """Writes the worklists of one team, or of every team, for when the system is down."""

    help = "Writes each team's worklists as PDF (HTML where the PDF engine is missing) for when the system is down."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--team", help="slug of one team; default: every team")
        parser.add_argument("--out", type=Path, help="another folder than the private one; nothing is dropped there")

    def handle(self, *args: Any, **options: Any) -> None:
        teams = Team.objects.order_by("pk")
        if options["team"]:
            teams = teams.filter(slug=options["team"])
            if not teams:
                known = ", ".join(Team.objects.order_by("slug").values_list("slug", flat=True))
                raise CommandError(f"No team {options['team']!r}. There are: {known}.")
        for team in teams:
            folder = options["out"] / team.slug if options["out"] else None
            try:
                made = make_printout(team, by=None, now=timezone.now(), folder=folder)
            except OSError as error:
                raise CommandError(f"The printout of {team.slug} could not be written: {error}") from error
            if made is None:
                self.stdout.write(f"{team.slug}: another process is just making it.")
            else:
                self.stdout.write(f"{made.path}: {len(made.patient_ids)} patients, {made.kilobytes} kB.")
