"""Order, minutes and quorum of an agenda. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from careteam.people.rules import Specialty
from tumorboard.meetings.rules.states import ItemStatus, Section
from tumorboard.referrals.rules import SHORT_KINDS, QuestionKind

OPEN_ITEMS = frozenset({ItemStatus.LISTED, ItemStatus.CURRENT})


@dataclass(frozen=True)
class Quorum:
    """Which specialties a decision needs, and which of them nobody in the room stands for."""

    required: tuple[Specialty, ...]
    missing: tuple[Specialty, ...]

    @property
    def is_quorate(self) -> bool:
        return not self.missing

    @property
    def missing_label(self) -> str:
        """`Pathology, Radiology`; empty when quorate."""
        return ", ".join(specialty.label for specialty in self.missing)


def required_specialties(
    standing: Iterable[str], *, question_kind: str = "", goals_prompt_open: bool = False
) -> tuple[Specialty, ...]:
    """The board's quorum, plus interventional radiology when a liver-directed question is asked and palliative
    medicine when a goals prompt is open (`clinical.md` 6). Sorted by name."""
    needed = {Specialty(value) for value in standing if value in Specialty.values}
    if question_kind == QuestionKind.LIVER_DIRECTED:
        needed.add(Specialty.INTERVENTIONAL_RADIOLOGY)
    if goals_prompt_open:
        needed.add(Specialty.PALLIATIVE)
    return tuple(sorted(needed, key=lambda specialty: specialty.label))


def quorum_of(required: Sequence[Specialty], present: Iterable[str]) -> Quorum:
    """Missing never blocks: it is shown, and stands with the decision."""
    there = set(present)
    return Quorum(tuple(required), tuple(specialty for specialty in required if specialty not in there))


def item_minutes(kind: str, *, full: int, routine: int) -> int:
    """Minutes on the agenda by the kind of the referral."""
    return routine if kind in SHORT_KINDS else full


def section_of(kind: str, *, is_sent_back: bool = False) -> Section:
    """Where a case stands when it is listed: by the kind of its referral, or among those that were sent back."""
    return Section.SENT_BACK if is_sent_back else Section(kind)


def moved(order: Sequence[int], item: int, steps: int) -> list[int]:
    """The ids in order after `item` went `steps` places down (negative: up); it stops at either end."""
    rest = [other for other in order if other != item]
    place = min(max(list(order).index(item) + steps, 0), len(rest))
    return [*rest[:place], item, *rest[place:]]


def next_in_order(order: Sequence[int], current: int | None, steps: int) -> int | None:
    """The id that is `steps` (1 or -1) from `current`; the first one when none is current; None at the ends."""
    if not order:
        return None
    if current is None or current not in order:
        return order[0] if steps > 0 else order[-1]
    place = list(order).index(current) + steps
    return order[place] if 0 <= place < len(order) else None
