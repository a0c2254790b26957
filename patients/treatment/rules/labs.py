"""Labs before a dose: what is needed, how old it may be, and what the patient's own values say. Pure.

Informs, never blocks. A value that is missing, or older than allowed, has not passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.db.models import TextChoices

HEMOGLOBIN, WBC, NEUTROPHILS, PLATELETS = "718-7", "6690-2", "751-8", "777-3"
CREATININE, BILIRUBIN, ALBUMIN, ALT, AST, INR = "2160-0", "1975-2", "1751-7", "1742-6", "1920-8", "6301-6"
CLEARANCE = "clearance"  # computed (Cockcroft-Gault): drawn as creatinine, and the weight is needed


@dataclass(frozen=True)
class Limit:
    """A number of the protocol as it holds for the team. `settled`: read in a source, ours, or signed."""

    value: Decimal
    unit: str
    source: str
    tag: str
    settled: bool


@dataclass(frozen=True)
class LabValue:
    """The latest value on a day, in the measure's own unit; `problem` says why there is no number. `said`: value and
    unit as the team reads them."""

    code: str
    label: str
    on: date
    value: Decimal | None
    unit: str = ""
    uln: Decimal | None = None
    lln: Decimal | None = None
    problem: str = ""
    said: str = ""

    @property
    def words(self) -> str:
        if self.value is None:
            return self.problem
        return self.said or f"{self.value.normalize():f} {self.unit}".strip()


@dataclass(frozen=True)
class LabNeed:
    """One lab. Without `limit` it only has to be there; `at_most` turns the comparison; `times_uln` multiplies the
    limit with the upper limit of normal."""

    code: str
    label: str
    limit: str = ""
    at_most: bool = False
    times_uln: bool = False

    @property
    def drawn(self) -> str:
        """The code of what is drawn for it."""
        return CREATININE if self.code == CLEARANCE else self.code


@dataclass(frozen=True)
class LabSet:
    """The labs of a modality. `age` is the protocol code of how old they may be."""

    name: str
    age: str
    needs: tuple[LabNeed, ...]


_RENAL = LabNeed(CREATININE, "Creatinine")
_CLEARANCE = LabNeed(CLEARANCE, "Creatinine clearance")
_CHEMO = (
    LabNeed(NEUTROPHILS, "Neutrophils", "lab.chemo_anc"),
    LabNeed(PLATELETS, "Platelets", "lab.chemo_platelets"),
    LabNeed(HEMOGLOBIN, "Hemoglobin"),
    _RENAL,
    LabNeed(BILIRUBIN, "Bilirubin"),
)
LAB_SETS: dict[str, LabSet] = {
    "prrt": LabSet(
        "PRRT",
        "prrt.lab_age",
        (
            LabNeed(PLATELETS, "Platelets", "prrt.platelets"),
            LabNeed(WBC, "White blood cells", "prrt.wbc"),
            LabNeed(HEMOGLOBIN, "Hemoglobin", "prrt.hb"),
            _RENAL,
            LabNeed(BILIRUBIN, "Bilirubin", "prrt.bilirubin", at_most=True, times_uln=True),
            LabNeed(ALT, "ALT", "prrt.transaminases", at_most=True, times_uln=True),
            LabNeed(ALBUMIN, "Albumin", "prrt.albumin"),
        ),
    ),
    "chemo": LabSet("Chemotherapy", "lab.chemo_age", _CHEMO),
    "captem": LabSet("CAPTEM", "lab.chemo_age", (*_CHEMO, replace(_CLEARANCE, limit="lab.capecitabine_clearance"))),
    "cisplatin": LabSet("Cisplatin", "lab.chemo_age", (*_CHEMO, replace(_CLEARANCE, limit="lab.cisplatin_clearance"))),
    "tae": LabSet(
        "Embolization",
        "lab.liver_age",
        (
            LabNeed(BILIRUBIN, "Bilirubin", "tace.bilirubin", at_most=True),
            LabNeed(ALBUMIN, "Albumin"),
            LabNeed(INR, "INR"),
            _RENAL,
            LabNeed(PLATELETS, "Platelets"),
        ),
    ),
    "tare": LabSet(
        "TARE",
        "tare.lab_age",
        (
            LabNeed(BILIRUBIN, "Bilirubin", "tare.bilirubin", at_most=True),
            LabNeed(NEUTROPHILS, "Neutrophils", "tare.anc"),
            LabNeed(ALBUMIN, "Albumin"),
            LabNeed(INR, "INR"),
        ),
    ),
}


class Verdict(TextChoices):
    OK = "ok", "ok"
    BELOW = "below", "below"
    ABOVE = "above", "above"
    STALE = "stale", "stale"
    MISSING = "missing", "missing"


@dataclass(frozen=True)
class LabCheck:
    """One lab beside one dose. `unsigned`: the limit that decided is local and unsigned."""

    label: str
    verdict: str
    value: str = ""
    on: date | None = None
    needed: str = ""
    unsigned: bool = False

    @property
    def passed(self) -> bool:
        return self.verdict == Verdict.OK

    @property
    def against(self) -> bool:
        """Giving in spite of it asks for a sentence. An unsigned limit asks nothing; what is missing always does."""
        return not self.passed and not self.unsigned

    @property
    def words(self) -> str:
        """ "Platelets 68 ×10⁹/L of 3 Nov 2026: below" """
        on = f" of {self.on.day} {self.on:%b %Y}" if self.on else ""
        value = f" {self.value}" if self.value else ""
        return f"{self.label}{value}{on}: {Verdict(self.verdict).label}"

    def written(self) -> dict[str, str]:
        on = self.on.isoformat() if self.on else ""
        return {"label": self.label, "verdict": self.verdict, "value": self.value, "on": on, "needed": self.needed}


def _needed(need: LabNeed, limit: Limit | None, age: Limit) -> str:
    parts = []
    if limit is not None:
        parts.append(f"{'≤' if need.at_most else '≥'} {limit.value.normalize():f} {limit.unit}")
    parts.append(f"at most {age.value.normalize():f} {age.unit} old")
    return ", ".join(parts)


def check_labs(
    labs: LabSet, values: Mapping[str, LabValue], limits: Mapping[str, Limit], *, on: date
) -> tuple[LabCheck, ...]:
    """The verdict on every lab of the set for a dose on that day, in the order of the set.

    A value taken after the day does not count. Unknown upper limits of normal leave a ratio missing.
    """
    age = limits[labs.age]
    return tuple(_check(need, values.get(need.code), limits.get(need.limit), age, on) for need in labs.needs)


def _check(need: LabNeed, lab: LabValue | None, limit: Limit | None, age: Limit, on: date) -> LabCheck:
    needed = _needed(need, limit, age)
    if lab is None or lab.value is None or lab.on > on:
        return LabCheck(need.label, Verdict.MISSING, lab.words if lab and lab.on <= on else "", None, needed)
    if (on - lab.on).days > age.value:
        return LabCheck(need.label, Verdict.STALE, lab.words, lab.on, needed, unsigned=not age.settled)
    if limit is None:
        return LabCheck(need.label, Verdict.OK, lab.words, lab.on, needed)
    bound = limit.value
    if need.times_uln:
        if not lab.uln:
            return LabCheck(need.label, Verdict.MISSING, f"{lab.words}, normal range not known", lab.on, needed)
        bound *= lab.uln
    fails = lab.value > bound if need.at_most else lab.value < bound
    verdict = (Verdict.ABOVE if need.at_most else Verdict.BELOW) if fails else Verdict.OK
    return LabCheck(need.label, verdict, lab.words, lab.on, needed, unsigned=fails and not limit.settled)
