"""What every rule takes and gives: a typed snapshot of one patient in, a prompt (or none) out. Pure.

Guidance informs (`product.md`, safety rules): it never orders, blocks or ranks; alternatives stand in alphabetical
order. A threshold tagged P that the team has not signed never raises a prompt (`model.md` 7).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

SYSTEMIC = frozenset({"ssa", "targeted", "prrt", "chemotherapy", "interferon", "immunotherapy", "trial", "other"})
PROCEDURES = frozenset({"prrt", "embolization", "surgery", "ablation"})
AHEAD = frozenset({"proposed", "planned"})
RUNNING = frozenset({"active", "on_hold"})


@dataclass(frozen=True)
class NumberFact:
    """A configured number as it holds for the patient's team; unsettled: tagged P and not signed there."""

    value: Decimal
    unit: str
    tag: str
    settled: bool


@dataclass(frozen=True)
class LineFact:
    line_id: int
    modality: str
    agent: str
    label: str
    status: str
    is_antitumor: bool
    started_on: date | None = None
    planned_on: date | None = None

    @property
    def is_ahead(self) -> bool:
        return self.status in AHEAD

    @property
    def is_open(self) -> bool:
        return self.status in AHEAD | RUNNING

    @property
    def on(self) -> date | None:
        return self.started_on or self.planned_on


@dataclass(frozen=True)
class LabFact:
    """The latest value in the measure's own unit; `problem` says why it cannot be used. `uln` is in the same unit."""

    label: str
    on: date
    value: Decimal | None
    unit: str = ""
    uln: Decimal | None = None
    problem: str = ""

    @property
    def words(self) -> str:
        return f"{self.value.normalize():f} {self.unit}".strip() if self.value is not None else self.problem


@dataclass(frozen=True)
class FlagFact:
    state: str  # present, absent, unknown
    on: date
    detail: str = ""


@dataclass(frozen=True)
class Snapshot:
    """The patient on a day, as far as the rules read it. Anything unknown is empty or None, and never counts as met."""

    on: date
    net_status: str = ""
    primary_site: str = ""
    stage: str = ""
    stage_on: date | None = None
    syndrome: str = ""
    grade: str = ""
    grade_on: date | None = None
    grade_conflicts: tuple[str, ...] = ()
    grade_missing: tuple[str, ...] = ()
    krenning: int | None = None
    uptake_on: date | None = None
    uptake_modality: str = ""
    sstr_positive: bool | None = None
    discordant: int | None = None
    lines: tuple[LineFact, ...] = ()
    therapy_line: int = 0
    response: str = ""
    response_on: date | None = None
    labs: Mapping[str, LabFact] = field(default_factory=dict)
    sex: str = ""
    age: int | None = None
    flags: Mapping[str, FlagFact] = field(default_factory=dict)
    echo_on: date | None = None
    palliative_on: date | None = None
    code_status: str = ""
    code_status_on: date | None = None
    treatment_limits: str = ""
    prompt_since: date | None = None
    prompt_reasons: tuple[str, ...] = ()
    numbers: Mapping[str, NumberFact] = field(default_factory=dict)

    def open_lines(self, *modalities: str) -> tuple[LineFact, ...]:
        return tuple(line for line in self.lines if line.is_open and (not modalities or line.modality in modalities))

    def procedures_ahead(self) -> tuple[LineFact, ...]:
        return tuple(line for line in self.lines if line.is_ahead and line.modality in PROCEDURES)


@dataclass(frozen=True)
class Matched:
    """One input that the rule rests on, with its date."""

    label: str
    value: str
    on: date | None = None


@dataclass(frozen=True)
class Prompt:
    """What a clinician reads. `unsigned`: the rule's own source is tagged P. `points_to` names where it is answered
    when not here ("goals")."""

    rule: str
    version: int
    title: str
    text: str
    matched: tuple[Matched, ...]
    source: str
    tag: str
    missing: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    points_to: str = ""

    @property
    def unsigned(self) -> bool:
        return self.tag == "P"

    @property
    def fingerprint(self) -> str:
        """Same inputs, same prompt: answered once. New inputs are a new prompt."""
        parts = [self.rule, self.version, [(m.label, m.value, str(m.on)) for m in self.matched], list(self.missing)]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True)
class Finding:
    """What a rule's check gives; the rule adds id, version, source. `text` replaces the rule's own."""

    matched: tuple[Matched, ...]
    missing: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Rule:
    """One rule of the catalog (`clinical.md` 4): what it looks at, what it says, on whose authority."""

    rule: str
    version: int
    title: str
    condition: str
    text: str
    source: str
    tag: str
    check: Callable[[Snapshot], Finding | None]
    alternatives: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    points_to: str = ""

    @property
    def options(self) -> tuple[str, ...]:
        """The alternatives in alphabetical order: never ranked."""
        return tuple(sorted(self.alternatives, key=str.lower))

    def apply(self, snapshot: Snapshot) -> Prompt | None:
        """The prompt for this patient, or None where the rule has nothing to say."""
        finding = self.check(snapshot)
        if finding is None:
            return None
        return Prompt(
            rule=self.rule,
            version=self.version,
            title=self.title,
            text=finding.text or self.text,
            matched=finding.matched,
            source=self.source,
            tag=self.tag,
            missing=finding.missing,
            alternatives=self.options,
            points_to=self.points_to,
        )
