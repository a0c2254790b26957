"""How far a printout is. Pure."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import TextChoices

GIVE_UP_AFTER = timedelta(minutes=10)  # a printout whose worker died is taken up again


class PrintState(TextChoices):
    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    MADE = "made", "Made"
    FAILED = "failed", "Failed"


PRINT_TRANSITIONS: dict[PrintState, frozenset[PrintState]] = {
    PrintState.WAITING: frozenset({PrintState.RUNNING}),
    PrintState.RUNNING: frozenset({PrintState.MADE, PrintState.FAILED, PrintState.RUNNING}),
    PrintState.MADE: frozenset({PrintState.WAITING}),
    PrintState.FAILED: frozenset({PrintState.WAITING}),
}
