"""`make backup`."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.utils import timezone

from careteam import backups
from careteam.audit.commands import record
from careteam.audit.rules import Kind


class Command(BaseCommand):
    """Writes everything a site would miss into one file."""

    help = "Writes the database and the private files into one file that proves itself at restore."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--file", type=Path, help="default: .local/backups/careteam-<time>.zip")

    def handle(self, *args: Any, **options: Any) -> None:
        """Taking all patients' data away is an export: it leaves an audit row with the file's checksum."""
        now = timezone.now()
        file: Path = options["file"] or settings.BASE_DIR / ".local" / "backups" / f"careteam-{now:%Y%m%d-%H%M%S}.zip"
        try:
            manifest = backups.write(
                file, backups.Target.of(connection.settings_dict), Path(settings.PRIVATE_ROOT), now=now
            )
        except (backups.BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        with transaction.atomic():
            checksum = manifest.sha256[backups.DUMP]
            record("backup", by=None, now=now, kind=Kind.EXPORT, details={"file": file.name, "sha256": checksum})
        size = file.stat().st_size / 1e6
        rows, tables = sum(manifest.rows.values()), len(manifest.rows)
        self.stdout.write(f"{file}: {size:,.1f} MB, {rows:,} rows in {tables} tables.")
