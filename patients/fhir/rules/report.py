"""Report lines: what an import did not do, or did with a doubt, and what a person can do about it."""

from dataclasses import dataclass
from typing import Any, TypeAlias

from django.db.models import TextChoices

JsonObject: TypeAlias = dict[str, Any]


class Severity(TextChoices):
    """How much of an entry was lost to the record (never to us: what is unmapped is kept verbatim)."""

    REFUSED = "refused", "Refused"
    UNMAPPED = "unmapped", "Kept, not mapped"
    WARNING = "warning", "Warning"


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One line of the report. ``entry`` counts from 1 within the file; ``resource`` reads ``Type/id`` or ``Type``."""

    severity: Severity
    message: str
    file: str = ""
    entry: int | None = None
    resource: str = ""

    def __str__(self) -> str:
        where = self.file if self.entry is None else f"{self.file} entry {self.entry}"
        return " · ".join(part for part in (where, self.resource, f"{self.severity.label}: {self.message}") if part)


def shown(value: object, limit: int = 60) -> str:
    """A value from a file as it may appear in a message: one line, not longer than ``limit``."""
    text = " ".join(str(value).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
