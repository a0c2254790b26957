"""States of runs, source records and review items."""

from django.db.models import TextChoices


class RunStatus(TextChoices):
    """queued → running → done or failed; a run that died while running is taken up again."""

    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Finished"
    FAILED = "failed", "Failed"


R = RunStatus
RUN_TRANSITIONS: dict[RunStatus, frozenset[RunStatus]] = {
    R.QUEUED: frozenset({R.RUNNING, R.FAILED}),
    R.RUNNING: frozenset({R.RUNNING, R.DONE, R.FAILED}),
    R.DONE: frozenset(),
    R.FAILED: frozenset(),
}


class RecordStatus(TextChoices):
    """What became of a resource."""

    MAPPED = "mapped", "In the record"
    UNMAPPED = "unmapped", "Kept, no place yet"
    WAITING = "waiting", "Waiting for its patient"
    WITHDRAWN = "withdrawn", "Withdrawn by the source"


class Decision(TextChoices):
    """What a person decided about a difference."""

    OPEN = "open", "Open"
    ACCEPTED = "accepted", "Theirs taken"
    KEPT = "kept", "Ours kept"


D = Decision
REVIEW_TRANSITIONS: dict[Decision, frozenset[Decision]] = {
    D.OPEN: frozenset({D.ACCEPTED, D.KEPT}),
    D.ACCEPTED: frozenset(),
    D.KEPT: frozenset(),
}
