"""The ladder's overdue steps in SQL: what `rules.ladder` is in Python (tests compare them)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import DateField, ExpressionWrapper, F, Q, Value
from django.db.models.functions import Coalesce, Greatest, Least, TruncDate
from django.db.models.lookups import LessThan

from patients.imaging.rules import DEFAULT_INTERVAL, LadderLimits, ReminderStep, ladder

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


def past(step: ReminderStep, *, today: date, zone: ZoneInfo, limits: LadderLimits, shortest: int = 1) -> Q:
    """Studies past amber, letter or red today: the clock starts at the later of due date and confirmation, amber and
    red never exceed a quarter and half of the interval, the letter lies between. No interval is below `shortest`
    days."""
    interval = Coalesce(F("plan__interval_days"), Value(DEFAULT_INTERVAL))
    clock = Greatest(F("due_on"), TruncDate(Coalesce("plan__confirmed_at", "created_at"), tzinfo=zone))
    amber = Least(Value(limits.amber), interval / 4)
    red = Greatest(amber, Least(Value(limits.red), interval / 2))
    days: dict[ReminderStep, Any] = {
        ReminderStep.AMBER: amber,
        ReminderStep.LETTER: Least(Value(limits.letter), Greatest(amber + 1, (amber + red) / 2)),
        ReminderStep.RED: red,
    }
    # The clock never starts before the due date, and no step comes sooner than with the shortest interval. Said apart,
    # so that the index of due dates ends the search: what is a day over is not held against its plan one by one.
    least = {each.step: each.offset for each in ladder(min(shortest, DEFAULT_INTERVAL), limits)}[step]
    return Q(due_on__lte=today - timedelta(days=least)) & Q(
        LessThan(ExpressionWrapper(clock + days[step], output_field=DateField()), today)
    )
