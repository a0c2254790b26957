"""Who is asked and told about an e-vote, each under a key that withdraws it again."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.urls import reverse

from careteam.notifications.commands import notify
from tumorboard.ballots.models import Ballot
from tumorboard.ballots.queries import Tally

if TYPE_CHECKING:
    from careteam.people.models import User


def moment(ballot: Ballot) -> str:
    """`24 Nov, 14:00` in the team's time."""
    team = ballot.item.meeting.board.team
    local = ballot.closes_at.astimezone(zoneinfo.ZoneInfo(team.time_zone))
    return f"{local:%d %b, %H:%M}"


def key_of(ballot: Ballot, what: str) -> str:
    return f"ballot:{ballot.pk}:{what}"


def asking_keys(ballot: Ballot, people: Iterable[int]) -> list[str]:
    return [key_of(ballot, f"{what}:{person}") for person in people for what in ("ask", "reminder")]


def ask(ballot: Ballot, people: Iterable[User], words: str, *, now: datetime, again: str = "ask") -> None:
    """Asks each person once under a key of their own: it goes from their inbox when they vote. `ballot.asked` keeps
    whom."""
    asked = {person.pk: person for person in people}
    for person in asked.values():
        tell(ballot, [person], what=f"{again}:{person.pk}", words=words, now=now)
    ballot.asked = sorted({*ballot.asked, *asked})
    ballot.save_version("asked")


def tell(ballot: Ballot, people: Iterable[User], *, what: str, words: str, now: datetime) -> None:
    """Inbox and mail at once: board and time only."""
    notify(
        list(people),
        key=key_of(ballot, what),
        kind="ballot",
        title=f"{ballot.item.meeting.board.name}: {words}"[:200],
        url=reverse("ballot", args=[ballot.item.meeting_id]),
        now=now,
        patient_id=ballot.patient_id,
        is_urgent=True,
    )


def tell_result(ballot: Ballot, tally: Tally, what: str, url: str, *, by: User | None, now: datetime) -> None:
    """Who voted, presented or opened it learns what came of it."""
    presenter = ballot.item.referral.presenter
    people = [*(vote.voter for vote in tally.votes), ballot.opened_by, *([presenter] if presenter else [])]
    notify(
        list({person.pk: person for person in people if by is None or person.pk != by.pk}.values()),
        key=key_of(ballot, "result"),
        kind="ballot",
        title=f"{ballot.item.meeting.board.name}: e-vote {what}"[:200],
        url=url,
        now=now,
        patient_id=ballot.patient_id,
    )
