"""A death ends the e-vote at once; the minute would find it too."""

from __future__ import annotations

from datetime import datetime

from careteam.events.commands import consumes
from careteam.events.models import Event
from careteam.events.rules import EventKind
from tumorboard.ballots.commands import sweep_ballots


@consumes(EventKind.DECEASED)
def end_ballots_of_deceased(event: Event, *, now: datetime) -> None:  # noqa: ARG001
    """The referral was withdrawn by then (`meetings.consumers` comes first)."""
    sweep_ballots(now=now)
