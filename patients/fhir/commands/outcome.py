"""What came of an import: counted by entry, with a line for everything that a person should know."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from patients.fhir.rules.report import ReportLine, Severity

KINDS = ("created", "updated", "unchanged", "unmapped", "refused")


@dataclass
class Outcome:
    """Every entry is counted once; ``refused`` counts the refused lines (entries and whole files)."""

    counts: Counter[str] = field(default_factory=Counter)
    lines: list[ReportLine] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    patient_ids: set[int] = field(default_factory=set)
    new_patient_ids: set[int] = field(default_factory=set)
    wishes_patient_ids: set[int] = field(default_factory=set)  # whose contacts, wishes or documents changed
    rows: Counter[str] = field(default_factory=Counter)
    read: int = 0

    def say(self, line: ReportLine) -> None:
        """Adds a line; a refused one counts."""
        self.lines.append(line)
        if line.severity == Severity.REFUSED:
            self.counts["refused"] += 1

    @property
    def as_counts(self) -> dict[str, int]:
        """The five counts in their fixed order."""
        return {kind: self.counts[kind] for kind in KINDS}
