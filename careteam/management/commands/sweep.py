"""`manage.py sweep [--at ISO8601] [--json]`: the reminder sweep that Celery runs, once."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from careteam.people.queries import is_demo_database
from patients.imaging.commands import sweep


class Command(BaseCommand):
    help = "Raises what the escalation ladder has reached and sends what waits: what Celery does every minute, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--at", metavar="ISO8601", help="as of this moment (a future one only in a demo database)")
        parser.add_argument("--json", action="store_true", help="print due, created, delivered, failed as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        at = self._moment(options["at"]) if options["at"] else now
        if at > now and not is_demo_database():
            raise CommandError("A sweep in the future would raise reminders too early: only in a demo database.")
        result = sweep(now=at)
        if options["json"]:
            self.stdout.write(json.dumps(asdict(result)))
        else:
            self.stdout.write(
                f"{result.due} due, {result.created} raised, {result.delivered} mails sent, {result.failed} failed"
            )

    @staticmethod
    def _moment(text: str) -> datetime:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise CommandError(f"{text!r} is no ISO 8601 time. Write it like 2026-11-23T09:00+01:00.") from error
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
