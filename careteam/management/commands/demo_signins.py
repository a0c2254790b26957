"""`manage.py demo_signins`: who can sign in to the demo."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from careteam.cohort.cast import NotADemo, sign_ins


class Command(BaseCommand):
    """Prints `email password role team`, one line each."""

    help = "The demo's sign-ins, one per role and the second team's. Refuses outside a demo database."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="as a list of objects")

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuses outside a demo database."""
        try:
            found = sign_ins()
        except NotADemo as refusal:
            raise CommandError(str(refusal)) from None
        if options["json"]:
            self.stdout.write(json.dumps([asdict(one) for one in found], indent=1))
            return
        width = max((len(one.email) for one in found), default=0)
        for one in found:
            self.stdout.write(f"{one.email:{width}}  {one.password}  {one.role:26}  {one.team}")
