"""What `make up` does to the database before its processes start."""

import contextlib
import os
from typing import Any

from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor

from careteam.people.models import User


class Command(BaseCommand):
    """Migrate; fill an empty database with the demo; name the demo's sign-ins."""

    help = (
        "Migrates, fills an empty database with the demo cohort (DEMO=0: leaves it empty), prints the demo's sign-ins."
    )
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Print little when there is little to do: this runs at every start."""
        executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
        if plan := executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write(f"Preparing the database ({len(plan)} migrations) ...")
            call_command("migrate", interactive=False, verbosity=0)
        if os.environ.get("DEMO", "1") == "0":
            return
        known = get_commands()
        if not User.objects.exists() and "create_demo" in known:
            call_command("create_demo", stdout=self.stdout, stderr=self.stderr)
        if "demo_signins" in known:
            with contextlib.suppress(CommandError):  # not a demo: nothing to tell
                call_command("demo_signins", stdout=self.stdout, stderr=self.stderr)
