"""`make restore`."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.management import get_commands
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, connections, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from careteam import backups
from careteam.audit.commands import record
from careteam.audit.rules import Kind


class Command(BaseCommand):
    """Puts a backup in place, after proving it."""

    help = "Restores a backup beside the database, proves it, and only then puts it in place."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--replace", action="store_true", help="also when the database is in use; it is kept")

    def handle(self, *args: Any, **options: Any) -> None:
        """The restored database is migrated to this version and its audit trail verified before it is put in place."""
        now = timezone.now()
        file: Path = options["file"]
        loader = MigrationLoader(None)
        known: dict[str, set[str]] = {}
        for app, name in [*loader.disk_migrations, *(key for key in loader.replacements)]:
            known.setdefault(app, set()).add(name)
        database = backups.Target.of(connection.settings_dict)
        _disconnect()
        try:
            manifest = backups.read(file)
            former = backups.restore(
                file,
                database,
                Path(settings.PRIVATE_ROOT),
                now=now,
                replace=options["replace"],
                known=known,
                prepare=self._prepare,
            )
        except (backups.BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        cache.clear()  # it speaks of the data of before
        with transaction.atomic():
            record("restore", by=None, now=now, kind=Kind.SYSTEM, details={"file": file.name, "of": manifest.created})
        rows, tables = sum(manifest.rows.values()), len(manifest.rows)
        self.stdout.write(f"Restored the backup of {manifest.created}: {rows:,} rows in {tables} tables, all compared.")
        if former:
            self.stdout.write(f"The former database is kept as {former}. Drop it when it is no longer needed.")

    def _prepare(self, restored: backups.Target) -> None:
        backups.manage(restored, "migrate", "--noinput", "--verbosity", "0")
        if "verify_audit" in get_commands():
            backups.manage(restored, "verify_audit")


def _disconnect() -> None:
    """Let go of the database: one that somebody is connected to cannot be renamed."""
    connections.close_all()
    if close_pool := getattr(connection, "close_pool", None):
        close_pool()
