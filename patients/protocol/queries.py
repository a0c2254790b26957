"""What a number is for one team: the catalog's value, or the one the team signed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Q

from careteam.access.queries import Access
from careteam.people.models import Team
from careteam.people.rules import Permission
from patients.protocol.models import ProtocolRevision, ProtocolSignature
from patients.protocol.rules import NUMBERS, ProtocolNumber, ScanChoice


@dataclass(frozen=True)
class TeamNumber:
    """A configured number as it holds for one team. `version` 0: nobody has signed."""

    definition: ProtocolNumber
    value: Decimal
    version: int = 0
    signed_by: str = ""
    signed_at: datetime | None = None
    note: str = ""
    chosen_scan: str = ""

    @property
    def scan(self) -> str:
        """The `ScanChoice` that holds, empty where the number is no interval of a scan."""
        return self.chosen_scan or self.definition.scan

    @property
    def scan_words(self) -> str:
        return str(ScanChoice(self.scan).label) if self.scan else ""

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
        return self.value != self.definition.value or self.scan != self.definition.scan


_SHOWN = ("code", "version", "value", "scan", "note", "signed_at", "signed_by__title", "signed_by__name")


def numbers(team_id: int, *, revision: int | None = None) -> Mapping[str, TeamNumber]:
    """Every number of the catalog for the team, in the catalog's order (one query). With `revision`: as they stood when
    that version of the team's protocol was signed (0: before the first)."""
    signed: dict[str, ProtocolSignature] = {}
    rows = ProtocolSignature.objects.filter(team_id=team_id).select_related("signed_by")
    if revision is None:
        rows = rows.filter(withdrawn_at__isnull=True)
    else:  # what was signed before there were versions stands before the first
        rows = rows.filter(Q(revision__isnull=True) | Q(revision__number__lte=revision))
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
        row.value.normalize() if row.value else Decimal(0),
        version=row.version,
        signed_by=str(row.signed_by),
        signed_at=row.signed_at,
        note=row.note,
        chosen_scan=row.scan,
    )


def signing_team(access: Access) -> Team | None:
    """The team whose numbers a person is shown: where they may sign, else their home team."""
    signing = access.teams_where(Permission.PROTOCOL_SIGN)
    return next((team for team in access.teams if team.pk in signing), access.home)


def last_revision(team_id: int) -> ProtocolRevision | None:
    """The version of the team's protocol that was signed last."""
    return ProtocolRevision.objects.filter(team_id=team_id).select_related("signed_by").order_by("-number").first()


@dataclass(frozen=True)
class NumberChange:
    """One number that a version signed: before and after."""

    before: TeamNumber
    after: TeamNumber

    @property
    def code(self) -> str:
        return self.after.code

    @property
    def is_moved(self) -> bool:
        return self.before.value != self.after.value

    @property
    def is_other_scan(self) -> bool:
        return self.before.scan != self.after.scan


@dataclass(frozen=True)
class RevisionRow:
    """A version of the team's protocol with what it changed and what it signed as it stood."""

    revision: ProtocolRevision
    changed: tuple[NumberChange, ...]
    kept: tuple[str, ...]


def revisions(team_id: int) -> tuple[RevisionRow, ...]:
    """Every version of the team's protocol, newest first, each with its differences (two queries)."""
    found = list(ProtocolRevision.objects.filter(team_id=team_id).select_related("signed_by").order_by("number"))
    signed: dict[int, list[ProtocolSignature]] = defaultdict(list)
    now = {code: TeamNumber(definition, definition.value) for code, definition in NUMBERS.items()}
    rows = ProtocolSignature.objects.filter(team_id=team_id).select_related("signed_by").order_by("version")
    for row in rows.only(*_SHOWN, "revision_id"):
        if row.code not in NUMBERS:
            continue
        if row.revision_id is None:
            now[row.code] = _team_number(NUMBERS[row.code], row)
        else:
            signed[row.revision_id].append(row)
    shown = []
    for revision in found:
        changes = []
        for row in signed[revision.pk]:
            after = _team_number(NUMBERS[row.code], row)
            changes.append(NumberChange(now[row.code], after))
            now[row.code] = after
        moved = tuple(change for change in changes if change.is_moved or change.is_other_scan)
        kept = tuple(change.code for change in changes if change not in moved)
        shown.append(RevisionRow(revision, moved, kept))
    return tuple(reversed(shown))
