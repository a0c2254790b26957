"""`manage.py verify_audit`: proves the audit trail unbroken, or names the first broken row."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from careteam.audit.queries import verify


class Command(BaseCommand):
    help = "Proves the audit trail unbroken, or names the first broken row (exit status 1)."

    def handle(self, *args: Any, **options: Any) -> None:
        result = verify()
        if result.broken:
            raise CommandError(f"BROKEN: {result.broken}")
        self.stdout.write(
            f"Unbroken: {result.sealed_rows} rows in {result.seals} seals, {result.unsealed_rows} not sealed yet."
        )
