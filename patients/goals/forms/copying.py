"""What may be taken over from the last conversation into a new one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from patients.goals.models import GoalsConversation

# What is true until said otherwise; quotes, worries and hopes were said on one day and are asked again.
_HOLDS = (
    "information_preference",
    "matters",
    "strength_codes",
    "strength",
    "abilities_codes",
    "abilities",
    "limits_codes",
    "treatment_limits",
    "order_location",
    "family_knows_code",
    "family_knows",
    "place_of_care",
    "place_of_death",
    "spiritual",
    "interpreter",
)


def what_still_holds(content: Mapping[str, Any], last: GoalsConversation, today: date) -> dict[str, Any]:
    """The draft's content with its empty fields filled from the last conversation, where that may still hold. Quotes,
    code status and a passed event are never copied: they are asked. A text that was the patient's own words stays
    marked as such."""
    merged = dict(content)
    taken = [name for name in _HOLDS if not merged.get(name) and getattr(last, name)]
    for name in taken:
        merged[name] = getattr(last, name)
    merged["quoted"] = [*(merged.get("quoted") or []), *(name for name in taken if name in last.quoted)]
    if not merged.get("event") and last.event and (last.event_on is None or last.event_on >= today):
        merged["event"] = last.event
        merged["event_on"] = last.event_on.isoformat() if last.event_on else ""
    for row in last.trade_offs.all():
        if not merged.get(f"{row.burden}_acceptance"):
            merged[f"{row.burden}_more"] = str(row.more_than)
            merged[f"{row.burden}_acceptance"] = row.acceptance
            merged[f"{row.burden}_condition"] = row.condition
    return merged
