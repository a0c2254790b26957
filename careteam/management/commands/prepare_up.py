"""What `make up` does to the database before its processes start."""

import os
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from careteam.people.models import Team, User
from careteam.people.queries import is_demo_database
from patients.imaging.commands import sweep


class Command(BaseCommand):
    """Migrate; fill an empty database with the demo; catch up on reminders; name the demo's sign-ins."""

    help = (
        "Migrates, fills an empty database with the demo cohort (DEMO=0: leaves it empty), sweeps once, prints the "
        "demo's sign-ins."
    )
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Print little when there is little to do: this runs at every start."""
        executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
        if plan := executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write(f"Preparing the database ({len(plan)} migrations) ...")
            call_command("migrate", interactive=False, verbosity=0)
        wants_demo = os.environ.get("DEMO", "1") != "0"
        if wants_demo and (not User.objects.exists() or _unfinished_demo()):
            self.stdout.write("Inventing the demo's patients ...")
            call_command("create_demo", stdout=self.stdout, stderr=self.stderr)
        # The first page must not say that reminders stopped only because the clock has not ticked yet.
        sweep(now=timezone.now())
        if wants_demo and is_demo_database():
            self.stdout.write("\nSign in to the demo as (e-mail, password, role, team):\n")
            call_command("demo_signins", stdout=self.stdout, stderr=self.stderr)


def _unfinished_demo() -> bool:
    """Whether an earlier first start was killed between the demo's people and its patients."""
    return is_demo_database() and Team.objects.exclude(patients__isnull=False).exists()
