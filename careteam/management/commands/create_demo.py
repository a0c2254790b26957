"""`manage.py create_demo`: the demo's teams, people and patients in an empty database."""

import time
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from careteam.cohort.between import ask_north_of_demo, follow_decisions_of_demo, open_vote_of_demo
from careteam.cohort.cast import FIRST_TEAM, SECOND_TEAM, NotADemo, create_teams, insist_on_demo, is_empty
from careteam.cohort.load.cohort import load_cohort
from careteam.cohort.load.requests import bring_request
from careteam.cohort.papers import keep_paper_of_demo
from careteam.people.models import Team
from patients.imaging.commands import suggest_pets
from patients.record.models import Patient
from tumorboard.meetings.models import Meeting
from tumorboard.meetings.rules import MeetingStatus
from tumorboard.minutes.commands import sign_minutes

NORTH_PATIENTS = 20
SUGGESTED = 30
MINUTED = 8


class Command(BaseCommand):
    """Makes the demo once; in a demo database that is there already it only fills up the first team."""

    requires_system_checks = ()
    help = "Creates the demo: two teams, people of every role, a synthetic cohort. Only in an empty or demo database."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--patients", type=int, default=200, help="patients of the first team (200)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuses in a database with real teams or people."""
        began = time.monotonic()
        try:
            # All or nothing: a half-made demo would look like somebody's data at the next start.
            with transaction.atomic():
                made = self._create(timezone.now(), options["patients"])
        except NotADemo as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"Demo: {made} invented patients in {time.monotonic() - began:.0f} s.")

    def _create(self, now: datetime, patients: int) -> int:
        if is_empty():
            create_teams(now=now)
        insist_on_demo()
        made = 0
        for team in Team.objects.order_by("pk"):
            first = team.slug == FIRST_TEAM
            wanted = patients if first else min(NORTH_PATIENTS, patients)
            made += load_cohort(team, patients=wanted, seed=1 if first else 2, now=now).made
            # What events ask for by themselves, for those who come first: enough to look at, quick to make.
            for patient in (
                Patient.objects.in_care().filter(team=team).select_related("team").order_by("pk")[:SUGGESTED]
            ):
                suggest_pets(patient, by=None, now=now)
        first_team = Team.objects.get(slug=FIRST_TEAM)
        open_vote_of_demo(first_team, now=now)
        follow_decisions_of_demo(first_team, now=now)
        ask_north_of_demo(first_team, Team.objects.get(slug=SECOND_TEAM), now=now)
        bring_request(first_team, now=now)
        keep_paper_of_demo(first_team, now=now)
        for team in Team.objects.order_by("pk"):
            _sign_minutes(team)
        return made


def _sign_minutes(team: Team) -> None:
    """The chairs signed the minutes of the last weeks, a day after the meeting; those of the last one are still to be
    signed, and of a meeting with an unsigned decision."""
    held = Meeting.objects.sessions().filter(board__team=team, status=MeetingStatus.HELD, held_at__isnull=False)
    for meeting in reversed(held.select_related("chair").order_by("-starts_at", "-pk")[1 : MINUTED + 1]):
        if meeting.chair is not None and meeting.held_at is not None:
            with suppress(ValidationError):
                sign_minutes(meeting, by=meeting.chair, now=meeting.held_at + timedelta(days=1))
