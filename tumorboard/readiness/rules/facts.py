"""What the readiness of a case is judged from: the snapshot that guidance reads, and what it does not need. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from patients.guidance.rules import Snapshot
from patients.record.rules import MetastaticSiteCode
from tumorboard.referrals.rules import QuestionKind, ReferralKind

_PHASES = re.compile(r"phas|dynamic|arterial|gadox|primovist|eovist", re.IGNORECASE)


@dataclass(frozen=True)
class Scan:
    """A scan that was done; `is_read`: its report is here."""

    study_id: int
    on: date
    words: str
    is_read: bool

    @property
    def names_phases(self) -> bool:
        return bool(_PHASES.search(self.words))


@dataclass(frozen=True)
class Ahead:
    """A scan that is planned, ordered or booked; `on` is the day it is booked for."""

    study_id: int
    on: date | None

    @property
    def words(self) -> str:
        return f"booked for {self.on.day} {self.on:%b}" if self.on else "planned, not booked"


@dataclass(frozen=True)
class CaseFacts:
    """One case on the day of its meeting (`snapshot.on`). Anything unknown is empty or None."""

    snapshot: Snapshot
    question: str = ""
    question_kind: str = QuestionKind.OTHER
    kind: str = ReferralKind.FULL
    referrer: str = ""
    consent: bool | None = None
    stage_edition: str = ""
    diagnosis_id: int | None = None
    differentiation: str = ""
    specimen_id: int | None = None
    scan: Scan | None = None
    scan_ahead: Ahead | None = None
    sstr_ahead: Ahead | None = None
    fdg: Scan | None = None
    marker_on: date | None = None
    marker: str = ""
    goals_on: date | None = None
    goals_review_on: date | None = None
    goals_before_progression: bool = False
    goals_event_passed: bool = False
    comorbidities: int = 0
    symptoms_on: date | None = None
    trials_open: bool = False
    trials_considered: int = 0

    @property
    def asks_prrt(self) -> bool:
        """The question is PRRT, or a PRRT line waits to start."""
        return self.question_kind == QuestionKind.PRRT or bool(self.snapshot.ahead("prrt"))

    @property
    def asks_embolization(self) -> bool:
        return self.question_kind == QuestionKind.LIVER_DIRECTED or bool(self.snapshot.ahead("embolization"))

    @property
    def has_liver_disease(self) -> bool:
        return MetastaticSiteCode.LIVER in self.snapshot.metastases or self.asks_embolization
