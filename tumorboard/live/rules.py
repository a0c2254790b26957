"""What the action after a decision is, before anybody typed it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tumorboard.actions.rules import ActionKind
from tumorboard.decisions.rules import TREATMENT_OPTIONS, Option, option_choices
from tumorboard.meetings.rules import MeetingStatus

SCREEN_AFTER = timedelta(hours=6)  # a projector of a meeting that nobody ends goes out so long after its planned end
NOTES_KEPT = timedelta(days=30)  # private notes, from when they were last saved
NOTE_LENGTH = 4000
DRAFT_LIMIT = 100_000  # characters of all fields of a decision together
ACTIONS_MOST = 8  # of one decision; more are assigned on its page
OVER = frozenset({MeetingStatus.HELD, MeetingStatus.CANCELLED})  # nothing changes on the screens any more

# What the blood, the liver and the kidneys say when a treatment is chosen; LOINC, in the order of the table.
LABS: tuple[str, ...] = (
    "718-7",  # hemoglobin
    "6690-2",  # WBC
    "751-8",  # neutrophils
    "777-3",  # platelets
    "2160-0",  # creatinine
    "1975-2",  # bilirubin
    "1751-7",  # albumin
    "6301-6",  # INR
    "9811-1",  # chromogranin A
    "1695-6",  # 5-HIAA
)

_KIND_OF_OPTION: dict[str, ActionKind] = {
    Option.IMAGING: ActionKind.ORDER_IMAGING,
    Option.BIOPSY: ActionKind.BIOPSY,
    Option.WITH_PALLIATIVE: ActionKind.REFER,
}
_NO_LINE = frozenset({Option.OBSERVATION, Option.BEST_SUPPORTIVE_CARE})


@dataclass(frozen=True)
class Clock:
    """Time on the case that is on, and what is left of the meeting. `left` and `behind` in minutes; `left` is negative
    past the end, `behind` is what the open cases need beyond it."""

    seconds: int | None
    minutes: int
    left: int
    behind: int

    @property
    def is_over(self) -> bool:
        return self.seconds is not None and self.seconds > self.minutes * 60

    @property
    def words(self) -> str:
        """`04:12`; empty without a case."""
        return "" if self.seconds is None else f"{self.seconds // 60:02}:{self.seconds % 60:02}"


def clock_of(
    *, shown_at: datetime | None, minutes: int, waiting: Iterable[int], length: int, ends_at: datetime, now: datetime
) -> Clock:
    """`minutes` of the case that is on (0: none), `waiting` those of the other open cases, `length` of the meeting:
    one that was started early has no more than that left."""
    seconds = None if shown_at is None else max(0, int((now - shown_at).total_seconds()))
    left = min(int((ends_at - now).total_seconds() // 60), length)
    needed = sum(waiting) + max(0, minutes - (seconds or 0) // 60)
    return Clock(seconds, minutes, left, max(0, needed - max(left, 0)))


def first_action(options: Iterable[str]) -> tuple[ActionKind, str, Option | None]:
    """Kind, words and option of the action that these options ask for: treatment before tests before palliative
    care. Without options: `(OTHER, "", None)`."""
    chosen = set(options)
    ordered = [(Option(value), label) for value, label in option_choices() if value in chosen]
    for option, label in ordered:
        if option in TREATMENT_OPTIONS and option not in _NO_LINE:
            return ActionKind.START_TREATMENT, f"Start {label}", option
    for option, label in ordered:
        if option in {Option.IMAGING, Option.BIOPSY}:
            return _KIND_OF_OPTION[option], f"Arrange: {label.lower()}", option
    if Option.WITH_PALLIATIVE in chosen and len(chosen) == 1:
        return ActionKind.REFER, "Refer to palliative care", Option.WITH_PALLIATIVE
    if ordered:
        option, label = ordered[0]
        return ActionKind.OTHER, f"Carry out: {label.lower()}", option
    return ActionKind.OTHER, "", None
