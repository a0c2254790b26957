"""Second opinions of another team: states. Pure."""

from __future__ import annotations

from django.db.models import TextChoices


class OpinionStatus(TextChoices):
    ASKED = "asked", "Asked"
    ASSIGNED = "assigned", "Being read"
    ANSWERED = "answered", "Answered"
    DECLINED = "declined", "Declined"
    REVOKED = "revoked", "Taken back"
    EXPIRED = "expired", "Time is over"


O = OpinionStatus  # noqa: E741  # as the other tables name theirs
OPINION_TRANSITIONS: dict[OpinionStatus, frozenset[OpinionStatus]] = {
    O.ASKED: frozenset({O.ASSIGNED, O.DECLINED, O.REVOKED, O.EXPIRED}),
    O.ASSIGNED: frozenset({O.ANSWERED, O.DECLINED, O.REVOKED, O.EXPIRED}),
    O.ANSWERED: frozenset(),
    O.DECLINED: frozenset(),
    O.REVOKED: frozenset(),
    O.EXPIRED: frozenset({O.ASKED, O.ASSIGNED}),  # extended
}
LIVE_OPINIONS = frozenset({O.ASKED, O.ASSIGNED})
MARKS: dict[str, str] = {
    O.ASKED: "acc",
    O.ASSIGNED: "acc",
    O.ANSWERED: "grn",
    O.DECLINED: "amb",
    O.REVOKED: "bar",
    O.EXPIRED: "amb",
}


def step_key(opinion_id: int) -> str:
    """Under which the open question stands among the patient's next steps."""
    return f"opinion:{opinion_id}"
