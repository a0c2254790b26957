"""By when a missing value is asked for, and under which keys. Pure."""

from __future__ import annotations

from datetime import date, timedelta

WHERE_MET = "There now"


def due_date(*, cutoff_on: date, meeting_on: date, lead_days: int, today: date, before: date | None = None) -> date:
    """The day by which it is wanted: `lead_days` before the cut-off. Where that has passed, the date that stands
    (`before`) or, for what is asked for the first time, today; never after the meeting."""
    wanted = cutoff_on - timedelta(days=lead_days)
    if wanted >= today:
        return wanted
    return min(before if before is not None else today, meeting_on)


def step_key(referral_id: int, owner: int | str) -> str:
    """Under which the patient's next step stands: one for each person who is asked, whatever the number of values."""
    return f"ready:{referral_id}:{owner}"


def inbox_key(referral_id: int, owner_id: int, due_on: date, *, again: bool = False) -> str:
    """Once per case, person and due date; `again`: the reminder shortly before it."""
    return f"ready:{referral_id}:{owner_id}:{due_on.isoformat()}{':again' if again else ''}"


def listed(names: list[str], most: int = 3) -> str:
    """`SSTR PET, ECOG, Markers +2`."""
    more = f" +{len(names) - most}" if len(names) > most else ""
    return ", ".join(names[:most]) + more
