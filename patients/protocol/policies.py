"""Who signs a number, and which values a signature may carry."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from careteam.access.policies import lacks
from careteam.people.rules import Permission
from patients.protocol.rules import NUMBERS, ScanChoice

if TYPE_CHECKING:
    from careteam.people.models import Team, User


def why_not_sign(team: Team, user: User) -> list[str]:
    return lacks(user, Permission.PROTOCOL_SIGN, team.pk, "Only a team lead signs the team's numbers.")


def why_not_value(code: str, value: Decimal) -> list[str]:
    """The value must lie inside the range of the source; without a range only the catalog's value can be signed."""
    definition = NUMBERS.get(code)
    if definition is None:
        return ["This number is not in the catalog."]
    low = definition.low if definition.low is not None else definition.value
    high = definition.high if definition.high is not None else definition.value
    if not low <= value <= high:
        if low == high:
            return [f"Only {low:f} {definition.unit} can be signed here."]
        return [f"Choose a value from {low:f} to {high:f} {definition.unit}, the range of the source."]
    return []


def why_not_scan(code: str, scan: str) -> list[str]:
    """Only the interval of a cross-sectional scan says which scan."""
    definition = NUMBERS.get(code)
    if not scan or (definition is not None and definition.scan and scan in ScanChoice.values):
        return []
    return ["Choose a scan of the list." if definition and definition.scan else "This situation has no choice of scan."]
