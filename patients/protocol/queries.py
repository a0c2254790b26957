"""What a number is for one team: the catalog's value, or the one the team signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from patients.protocol.models import ProtocolSignature
from patients.protocol.rules import NUMBERS, ProtocolNumber


@dataclass(frozen=True)
class TeamNumber:
    """A configured number as it holds for one team. `version` 0: nobody has signed."""

    definition: ProtocolNumber
    value: Decimal
    version: int = 0
    signed_by: str = ""
    signed_at: datetime | None = None
    note: str = ""

    @property
    def code(self) -> str:
        return self.definition.code

    @property
    def is_signed(self) -> bool:
        return self.version > 0

    @property
    def is_settled(self) -> bool:
        """May be relied on: read in a source, our own design, or signed for this team. An unsigned P number shows as
        "local, unsigned" and never raises a prompt."""
        return self.is_signed or not self.definition.needs_signature

    @property
    def days(self) -> int:
        """The value as whole days (every interval of the catalog is)."""
        return int(self.value)

    @property
    def is_changed(self) -> bool:
        return self.value != self.definition.value


_SHOWN = ("code", "version", "value", "note", "signed_at", "signed_by__title", "signed_by__name")


def numbers(team_id: int) -> Mapping[str, TeamNumber]:
    """Every number of the catalog for the team, in the catalog's order (one query)."""
    signed: dict[str, ProtocolSignature] = {}
    rows = ProtocolSignature.objects.filter(team_id=team_id, withdrawn_at__isnull=True).select_related("signed_by")
    # Some two hundred rows for every panel that reads a number: no more columns than it shows.
    for row in rows.only(*_SHOWN).order_by("version"):
        signed[row.code] = row
    return {code: _team_number(definition, signed.get(code)) for code, definition in NUMBERS.items()}


def number(team_id: int, code: str) -> TeamNumber:
    """One number for the team. Raises `KeyError` for a code that is not in the catalog."""
    definition = NUMBERS[code]
    row = (
        ProtocolSignature.objects.filter(team_id=team_id, code=code, withdrawn_at__isnull=True)
        .select_related("signed_by")
        .order_by("-version")
        .first()
    )
    return _team_number(definition, row)


def _team_number(definition: ProtocolNumber, row: ProtocolSignature | None) -> TeamNumber:
    if row is None:
        return TeamNumber(definition, definition.value)
    return TeamNumber(
        definition,
        row.value.normalize() if row.value else row.value,
        version=row.version,
        signed_by=str(row.signed_by),
        signed_at=row.signed_at,
        note=row.note,
    )
