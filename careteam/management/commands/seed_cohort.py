"""`manage.py seed_cohort`: synthetic patients for a demo team, as many as wanted."""

import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from careteam.cohort.cast import NotADemo, create_teams, insist_on_demo, is_empty
from careteam.cohort.load.cohort import load_cohort
from careteam.people.models import Team

_WIDTH = 32


class Progress:
    """A bar on a terminal, a line every tenth elsewhere; says how fast it goes."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._tenth = -1

    def __call__(self, done: int, total: int) -> None:
        rate = done / max(time.monotonic() - self._began, 0.001)
        left = (total - done) / rate
        text = f"{done:,} of {total:,} patients, {rate:,.0f} a second, {left:,.0f} s left"
        if sys.stderr.isatty():
            filled = _WIDTH * done // total
            sys.stderr.write(f"\r[{'#' * filled}{'.' * (_WIDTH - filled)}] {text} ")
            sys.stderr.write("\n" if done == total else "")
        elif done * 10 // total > self._tenth:
            self._tenth = done * 10 // total
            sys.stderr.write(text + "\n")
        sys.stderr.flush()


class Command(BaseCommand):
    """Brings a demo team to so many patients of this seed; running it again goes on after those that are there."""

    requires_system_checks = ()
    help = "Synthetic NET patients for a demo team: deterministic by seed. Refuses outside a demo database."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--team", required=True, metavar="SLUG")
        parser.add_argument("--patients", type=int, default=200, metavar="N", help="how many there shall be (200)")
        parser.add_argument("--seed", type=int, default=1, metavar="S")

    def handle(self, *args: Any, **options: Any) -> None:
        """In a completely empty database the demo teams are made first."""
        now, began = timezone.now(), time.monotonic()
        try:
            if is_empty():
                create_teams(now=now)
            insist_on_demo()
            team = Team.objects.filter(slug=options["team"]).first()
            if team is None:
                known = ", ".join(Team.objects.order_by("slug").values_list("slug", flat=True))
                raise CommandError(f"There is no team {options['team']!r}. There are: {known}.")
            loaded = load_cohort(team, patients=options["patients"], seed=options["seed"], now=now, progress=Progress())
        except (NotADemo, ValueError) as refusal:
            raise CommandError(str(refusal)) from None
        took = time.monotonic() - began
        if not loaded.made:
            self.stdout.write(f"{loaded.before:,} patients of seed {options['seed']} are there already: nothing to do.")
            return
        history = "" if loaded.with_history else " without history (audited)"
        self.stdout.write(f"{loaded.made:,} patients, {loaded.rows:,} rows{history} in {took:.1f} s.")
