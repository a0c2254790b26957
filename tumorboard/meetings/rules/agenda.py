"""Order and minutes of an agenda. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tumorboard.meetings.rules.states import ItemStatus, Section
from tumorboard.referrals.rules import SHORT_KINDS, ReferralKind

OPEN_ITEMS = frozenset({ItemStatus.LISTED, ItemStatus.CURRENT})


def item_minutes(
    kind: str, *, full: int, routine: int, information: int | None = None, rediscussion: int | None = None
) -> int:
    """Minutes on the agenda by the kind of the referral; information as routine and re-discussion as full unless the
    board says otherwise."""
    own = {ReferralKind.INFORMATION: information, ReferralKind.REDISCUSSION: rediscussion}.get(ReferralKind(kind))
    return own or (routine if kind in SHORT_KINDS else full)


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
