"""`manage.py verify_audit`: proves the audit trail unbroken, or names the first broken row."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from careteam.audit.queries import verify


class Command(BaseCommand):
    help = "Proves the audit trail unbroken, or names the first broken row (exit status 1)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--head", default="", metavar="DIGEST", help="a head noted earlier, which must still be there"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        result = verify(head=options["head"].strip().lower())
        if result.broken:
            raise CommandError(f"BROKEN: {result.broken}")
        self.stdout.write(
            f"Unbroken: {result.sealed_rows} rows in {result.seals} seals, {result.unsealed_rows} not sealed yet."
        )
        if result.head:
            self.stdout.write(f"Head: {result.head}")
