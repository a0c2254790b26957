"""What boards deferred cases for, and what became of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from careteam.web.words import day
from tumorboard.readiness.models import Chase


@dataclass(frozen=True)
class Wanted:
    """`because` empty: still asked for, of whom, by when."""

    name: str
    because: str
    chaser: str
    due_on: date

    @property
    def words(self) -> str:
        """`SSTR PET: there now`, `Outside CT: Nora Nurse, by 3 Dec 2026`."""
        return f"{self.name}: {self.because.lower() or f'{self.chaser}, by {day(self.due_on)}'}"


def wanted_of(referral_ids: Collection[int]) -> dict[int, tuple[Wanted, ...]]:
    """By referral, in the order in which it was asked for. One query."""
    found: dict[int, list[Wanted]] = defaultdict(list)
    rows = Chase.objects.valid().filter(referral_id__in=referral_ids, is_wanted=True).select_related("owner")
    for row in rows.order_by("opened_at", "pk"):
        chaser = str(row.owner) if row.owner else row.get_owner_role_display()
        found[row.referral_id].append(Wanted(row.name, row.closed_because, chaser, row.due_on))
    return {referral_id: tuple(each) for referral_id, each in found.items()}
