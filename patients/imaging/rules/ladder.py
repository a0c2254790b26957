"""The ladder of `model.md` 6: which step is reached when. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from patients.imaging.rules.codes import ReminderStep, StudyStatus
from patients.protocol.rules import NUMBERS


def _days(code: str) -> int:
    return int(NUMBERS[code].value)


@dataclass(frozen=True)
class LadderLimits:
    """Days after the due date (strictly greater; negative: before). Defaults are those of the catalog."""

    order: int = _days("ladder.order")
    schedule: int = _days("ladder.schedule")
    amber: int = _days("ladder.amber")
    letter: int = _days("ladder.letter")
    red: int = _days("ladder.red")
    board: int = _days("ladder.board")


DEFAULT_LIMITS = LadderLimits()
SHORT = 60  # intervals below this order and schedule at half and a quarter of the interval before
LONGEST_LEAD = max(-DEFAULT_LIMITS.order, (SHORT - 1) // 2)  # days before due on which a first step can lie
DEFAULT_INTERVAL = 90  # of a study without a plan: its ladder has the uncapped limits


@dataclass(frozen=True)
class LadderStep:
    """A step is reached when today is at least `offset` days after the start of the clock."""

    step: ReminderStep
    offset: int


def ladder(interval_days: int, limits: LadderLimits = DEFAULT_LIMITS) -> tuple[LadderStep, ...]:
    """Steps with their offset in days from the due date; a step is reached when `today - due >= offset`.

    Overdue steps are strict (`> 14` is day 15). For intervals under 60 days order and schedule come at half and a
    quarter of the interval before; amber and red never exceed 25 % and 50 % of the interval (`model.md` 6), and the
    steps between keep their order.
    """
    short = interval_days < SHORT
    order = -(interval_days // 2) if short else limits.order
    schedule = -(interval_days // 4) if short else limits.schedule
    amber = min(limits.amber, interval_days // 4)
    red = max(amber, min(limits.red, interval_days // 2))
    letter = min(limits.letter, max(amber + 1, (amber + red) // 2))
    return (
        LadderStep(ReminderStep.ORDER, order),
        LadderStep(ReminderStep.SCHEDULE, schedule),
        LadderStep(ReminderStep.DUE, 0),
        LadderStep(ReminderStep.AMBER, amber + 1),
        LadderStep(ReminderStep.LETTER, letter + 1),
        LadderStep(ReminderStep.RED, red + 1),
        LadderStep(ReminderStep.BOARD, max(red, limits.board) + 1),
    )


def highest_step(
    *, due: date, today: date, interval_days: int, limits: LadderLimits = DEFAULT_LIMITS
) -> ReminderStep | None:
    """The highest step reached today; None before the first. A first import raises only this one."""
    reached = [s.step for s in ladder(interval_days, limits) if (today - due).days >= s.offset]
    return reached[-1] if reached else None


def clock_start(due: date, confirmed: date | None) -> date:
    """The ladder counts from the later of due date and confirmation of the plan."""
    return due if confirmed is None else max(due, confirmed)


EARLY_STEPS = frozenset(
    {ReminderStep.ORDER, ReminderStep.SCHEDULE, ReminderStep.DUE, ReminderStep.AMBER, ReminderStep.LETTER}
)


def is_moot(step: ReminderStep, *, status: str, scheduled_for: datetime | None, now: datetime) -> bool:
    """Whether nothing remains to be done about a step: an ordered study needs no "order", and a slot that still lies
    ahead answers everything up to the letter (from red on a late slot is a clinician's decision)."""
    if step == ReminderStep.ORDER and status != StudyStatus.PLANNED:
        return True
    booked = status == StudyStatus.SCHEDULED and scheduled_for is not None and scheduled_for >= now
    return booked and step in EARLY_STEPS


@dataclass(frozen=True)
class Lateness:
    """How late a study is: what the worklist shows. `risk` sorts: 3 red, 2 amber, 1 due, 0 ahead; `for_board`: the
    last step of the ladder is reached."""

    days_over: int
    risk: int
    for_board: bool = False

    @property
    def kind(self) -> str:
        return {3: "red", 2: "amb"}.get(self.risk, "acc")

    @property
    def words(self) -> str:
        if self.days_over > 0:
            return f"{self.days_over} {'day' if self.days_over == 1 else 'days'} over"
        return "Due today" if self.days_over == 0 else f"Due in {-self.days_over} d"


def lateness(
    *,
    due: date,
    today: date,
    interval_days: int,
    confirmed: date | None = None,
    limits: LadderLimits = DEFAULT_LIMITS,
) -> Lateness:
    """Days over count from the due date; amber and red from the clock of the ladder."""
    ran = (today - clock_start(due, confirmed)).days
    offsets = {step.step: step.offset for step in ladder(interval_days, limits)}
    over = (today - due).days
    if ran >= offsets[ReminderStep.RED]:
        return Lateness(over, 3, for_board=ran >= offsets[ReminderStep.BOARD])
    if ran >= offsets[ReminderStep.AMBER]:
        return Lateness(over, 2)
    return Lateness(over, 1 if over >= 0 else 0)


def add_working_days(start: date, days: int) -> date:
    """The day so many working days (Monday to Friday) after `start`."""
    on = start
    while days > 0:
        on += timedelta(days=1)
        if on.weekday() < 5:
            days -= 1
    return on


def review_due(reported: date, *, urgent: bool, urgent_working_days: int, routine_days: int) -> date:
    """By when a report must be reviewed: 2 working days when discordant, a new lesion or progression, else 7 days."""
    return add_working_days(reported, urgent_working_days) if urgent else reported + timedelta(days=routine_days)
