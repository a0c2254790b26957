"""The snapshot: what the rules know of a patient on a day. Built by `queries`, plain values, pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from patients.wishes.rules import PROCEDURES

SYSTEMIC = frozenset({"ssa", "targeted", "prrt", "chemotherapy", "interferon", "immunotherapy", "trial", "other"})
AHEAD = frozenset({"proposed", "planned"})
RUNNING = frozenset({"active", "on_hold"})
ENDED = frozenset({"completed", "stopped"})
NEC = frozenset({"NEC", "NEC small cell", "NEC large cell"})
GEP = frozenset({"pancreas", "jejunum_ileum", "duodenum_ampulla", "stomach", "appendix", "cecum_colon", "rectum"})
HB, WBC, ANC, PLATELETS, CREATININE, EGFR = "718-7", "6690-2", "751-8", "777-3", "2160-0", "33914-3"
BILIRUBIN, ALT, AST, ALBUMIN, INR = "1975-2", "1742-6", "1920-8", "1751-7", "6301-6"
ECOG, KPS, WEIGHT, CGA, STOOLS = "89247-1", "89243-0", "29463-7", "9811-1", "stools"
_PLATINUM = re.compile(r"cisplatin|carboplatin|\bplatinum", re.IGNORECASE)
_TARE = re.compile(r"\btare\b|\by-?90\b|\bsirt\b|radioemboli", re.IGNORECASE)
_DEB = re.compile(r"\bdeb\b|drug-eluting bead", re.IGNORECASE)
_VEGF = re.compile(r"cabozantinib|sunitinib|axitinib|pazopanib|lenvatinib|surufatinib|bevacizumab", re.IGNORECASE)


# Where the plan of an embolization answers the same question as a flag (`patients.treatment`).
_IN_PLAN: dict[str, tuple[str, dict[str, str]]] = {
    "portal_vein": ("portal_vein", {"open": "absent", "branch": "present", "main": "present"}),
    "biliary_stent": (
        "biliary",
        {"intact": "absent", "stent": "present", "anastomosis": "present", "sphincterotomy": "present"},
    ),
}


@dataclass(frozen=True)
class NumberFact:
    """A configured number as it holds for the patient's team; unsettled: tagged P and not signed there."""

    value: Decimal
    unit: str
    tag: str
    settled: bool
    name: str = ""

    @property
    def words(self) -> str:
        return f"{self.value.normalize():f} {self.unit}".strip()


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
    ended_on: date | None = None
    end_reason: str = ""
    plan: Mapping[str, object] = field(default_factory=dict)

    @property
    def is_ahead(self) -> bool:
        return self.status in AHEAD

    @property
    def is_running(self) -> bool:
        return self.status in RUNNING

    @property
    def is_open(self) -> bool:
        return self.status in AHEAD | RUNNING

    @property
    def was_given(self) -> bool:
        """It began: whatever became of it later. An imported end without a start counts, a plan that was dropped does
        not."""
        return (
            self.is_running or self.status == "completed" or (self.status == "stopped" and self.started_on is not None)
        )

    @property
    def on(self) -> date | None:
        return self.started_on or self.planned_on

    @property
    def is_systemic(self) -> bool:
        return self.is_antitumor and self.modality in SYSTEMIC

    @property
    def is_platinum(self) -> bool:
        return self.modality == "chemotherapy" and bool(_PLATINUM.search(self.agent))

    @property
    def is_tare(self) -> bool:
        return self.modality == "embolization" and bool(_TARE.search(self.agent))

    @property
    def is_deb(self) -> bool:
        return self.modality == "embolization" and bool(_DEB.search(self.agent))

    @property
    def is_vegf(self) -> bool:
        return bool(_VEGF.search(self.agent))

    def is_drug(self, name: str) -> bool:
        return name in self.agent.lower()


@dataclass(frozen=True)
class LabFact:
    """The latest value in the measure's own unit; `problem` says why it cannot be used. `uln` is in the same unit."""

    label: str
    on: date
    value: Decimal | None
    unit: str = ""
    uln: Decimal | None = None
    problem: str = ""
    assay: str = ""
    on_ppi: bool | None = None
    said: str = ""

    @property
    def words(self) -> str:
        """As the team reads it."""
        if self.value is None:
            return self.problem
        return self.said or f"{self.value.normalize():f} {self.unit}".strip()


@dataclass(frozen=True)
class FlagFact:
    state: str  # present, absent, unknown
    on: date | None
    detail: str = ""


@dataclass(frozen=True)
class DrugFact:
    """A drug taken now, in the words of the record."""

    name: str
    drug_class: str
    on: date | None = None


@dataclass(frozen=True)
class LiverFact:
    """The latest assessment of the liver: the pattern number means nothing without its scheme."""

    on: date
    scheme: str = ""
    pattern: int | None = None
    burden: int | None = None


@dataclass(frozen=True)
class Snapshot:
    """The patient on a day, as far as the rules read it. Anything unknown is empty or None, and never counts as met."""

    on: date
    jurisdiction: str = ""  # eu, us
    net_status: str = ""
    primary_site: str = ""
    stage: str = ""
    stage_on: date | None = None
    syndrome: str = ""
    metastases: frozenset[str] = frozenset()
    liver: LiverFact | None = None
    grade: str = ""
    grade_on: date | None = None
    grade_conflicts: tuple[str, ...] = ()
    grade_missing: tuple[str, ...] = ()
    ki67: Decimal | None = None
    specimen_on: date | None = None
    krenning: int | None = None
    uptake_on: date | None = None
    uptake_modality: str = ""
    sstr_on: date | None = None
    sstr_positive: bool | None = None
    discordant: int | None = None
    netpet: str = ""
    lines: tuple[LineFact, ...] = ()
    therapy_line: int = 0
    response: str = ""
    response_on: date | None = None
    labs: Mapping[str, LabFact] = field(default_factory=dict)
    cga: tuple[LabFact, ...] = ()
    sex: str = ""
    age: int | None = None
    flags: Mapping[str, FlagFact] = field(default_factory=dict)
    drugs: tuple[DrugFact, ...] = ()
    echo_on: date | None = None
    palliative_on: date | None = None
    code_status: str = ""
    code_status_on: date | None = None
    treatment_limits: str = ""
    reviewed_lines: frozenset[int] = frozenset()  # code status was reviewed for these, as it is on record
    prompt_since: date | None = None
    prompt_reasons: tuple[str, ...] = ()
    numbers: Mapping[str, NumberFact] = field(default_factory=dict)

    @property
    def is_nec(self) -> bool:
        return self.grade in NEC

    def lab(self, code: str) -> Decimal | None:
        found = self.labs.get(code)
        return found.value if found else None

    def flag(self, kind: str) -> FlagFact | None:
        """The flag of the record, or what the plan of an open embolization says of it; "present" wins, since either may
        be older."""
        known = self.flags.get(kind)
        field_name, states = _IN_PLAN.get(kind, ("", {}))
        for line in self.open_lines("embolization"):
            word = str(line.plan.get(field_name, ""))
            if states.get(word) == "present" and (known is None or known.state != "present"):
                return FlagFact("present", None, f"{word.replace('_', ' ')}, by the plan")
            if states.get(word) == "absent" and (known is None or known.state == "unknown"):
                known = FlagFact("absent", None, f"{word}, by the plan")
        return known

    def has_flag(self, kind: str) -> bool:
        found = self.flag(kind)
        return found is not None and found.state == "present"

    def was_asked(self, kind: str) -> bool:
        """Asked and answered; "asked, not known" is not known."""
        found = self.flag(kind)
        return found is not None and found.state != "unknown"

    def open_lines(self, *modalities: str) -> tuple[LineFact, ...]:
        return tuple(line for line in self.lines if line.is_open and (not modalities or line.modality in modalities))

    def ahead(self, *modalities: str) -> tuple[LineFact, ...]:
        return tuple(line for line in self.lines if line.is_ahead and (not modalities or line.modality in modalities))

    def procedures_ahead(self) -> tuple[LineFact, ...]:
        return self.ahead(*PROCEDURES)

    def days_since(self, day: date | None) -> int | None:
        return (self.on - day).days if day is not None else None
