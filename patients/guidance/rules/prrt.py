"""The PRRT criteria of `clinical.md` 2.2, one row each. Unknown never passes; a stale lab is not met either. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from patients.guidance.rules.base import LabFact, Snapshot

HB, WBC, PLATELETS, CREATININE = "718-7", "6690-2", "777-3", "2160-0"
BILIRUBIN, ALT, AST, ALBUMIN, KPS, WEIGHT = "1975-2", "1742-6", "1920-8", "1751-7", "89243-0", "29463-7"
MET, REVIEW, NOT_MET, MISSING, STALE = "met", "review", "not_met", "missing", "stale"
NUMBERS = (
    "prrt.krenning",
    "prrt.krenning_review",
    "prrt.crcl",
    "prrt.crcl_stop",
    "prrt.hb",
    "prrt.wbc",
    "prrt.platelets",
    "prrt.bilirubin",
    "prrt.transaminases",
    "prrt.albumin",
    "prrt.kps",
    "prrt.lab_age",
)


@dataclass(frozen=True)
class Criterion:
    """One row: what was found, when, against which threshold. `unsigned`: judged by an unsigned P number, shown as
    "local, unsigned", and never raises a prompt."""

    name: str
    state: str
    value: str
    on: date | None
    threshold: str
    unsigned: bool = False

    @property
    def fails(self) -> bool:
        return self.state in {REVIEW, NOT_MET, STALE} and not self.unsigned


def _threshold(s: Snapshot, code: str, sign: str) -> str:
    number = s.numbers[code]
    return f"{sign} {number.value.normalize():f} {number.unit}"


def _stale(s: Snapshot, lab: LabFact) -> bool:
    return (s.on - lab.on).days > int(s.numbers["prrt.lab_age"].value)


def _lab(s: Snapshot, name: str, code: str, number: str, *, ratio: bool = False) -> Criterion:
    """At least the number; with `ratio` at most the number times the upper limit of normal."""
    threshold = _threshold(s, number, "≤" if ratio else "≥")
    lab = s.labs.get(code)
    if lab is None or lab.value is None:
        return Criterion(name, MISSING, lab.problem if lab else "", lab.on if lab else None, threshold)
    if ratio and not lab.uln:
        return Criterion(name, MISSING, f"{lab.words}, upper limit of normal not known", lab.on, threshold)
    if _stale(s, lab):
        return Criterion(name, STALE, lab.words, lab.on, threshold)
    limit = s.numbers[number].value
    met = lab.value <= limit * lab.uln if ratio and lab.uln else lab.value >= limit
    return Criterion(name, MET if met else NOT_MET, lab.words, lab.on, threshold, not s.numbers[number].settled)


def _uptake(s: Snapshot) -> Criterion:
    threshold = _threshold(s, "prrt.krenning", "≥")
    if s.krenning is None:
        return Criterion("Uptake", MISSING, "", s.uptake_on, threshold)
    state = NOT_MET
    if s.krenning >= s.numbers["prrt.krenning"].value:
        state = MET
    elif s.krenning >= s.numbers["prrt.krenning_review"].value:
        state = REVIEW
    words = f"Krenning {s.krenning}" + (f" on {s.uptake_modality}" if s.uptake_modality else "")
    return Criterion("Uptake", state, words, s.uptake_on, threshold)


def cockcroft_gault(*, age: int, weight: Decimal, creatinine: Decimal, female: bool) -> Decimal:
    """Creatinine clearance in mL/min: weight in kg, creatinine in mg/dL (Cockcroft-Gault, P)."""
    clearance = (140 - age) * weight / (72 * creatinine)
    return (clearance * Decimal("0.85") if female else clearance).quantize(Decimal(1))


def _clearance(s: Snapshot) -> Criterion:
    threshold = _threshold(s, "prrt.crcl", "≥")
    creatinine, weight = s.labs.get(CREATININE), s.labs.get(WEIGHT)
    needed = {
        "creatinine": creatinine.value if creatinine else None,
        "weight": weight.value if weight else None,
        "age": s.age,
        "sex": s.sex if s.sex in {"female", "male"} else None,
    }
    absent = [name for name, value in needed.items() if value is None]
    if absent or not creatinine or not weight or not creatinine.value or not weight.value or s.age is None:
        on = creatinine.on if creatinine else None
        return Criterion("Creatinine clearance", MISSING, f"needs {', '.join(absent or ['creatinine'])}", on, threshold)
    clearance = cockcroft_gault(age=s.age, weight=weight.value, creatinine=creatinine.value, female=s.sex == "female")
    words = f"{clearance} mL/min, Cockcroft-Gault"
    if _stale(s, creatinine):
        return Criterion("Creatinine clearance", STALE, words, creatinine.on, threshold)
    if clearance < s.numbers["prrt.crcl_stop"].value:
        stop = _threshold(s, "prrt.crcl_stop", "≥")
        return Criterion("Creatinine clearance", NOT_MET, words, creatinine.on, stop)
    state = MET if clearance >= s.numbers["prrt.crcl"].value else REVIEW
    return Criterion(
        "Creatinine clearance", state, words, creatinine.on, threshold, unsigned=not s.numbers["prrt.crcl"].settled
    )


def _karnofsky(s: Snapshot) -> Criterion:
    """Asked, never derived from ECOG (`model.md` 4)."""
    threshold = _threshold(s, "prrt.kps", "≥")
    kps = s.labs.get(KPS)
    if kps is None or kps.value is None:
        return Criterion("Karnofsky", MISSING, "", None, threshold)
    state = MET if kps.value >= s.numbers["prrt.kps"].value else NOT_MET
    return Criterion("Karnofsky", state, kps.words, kps.on, threshold)


def _pregnancy(s: Snapshot) -> Criterion | None:
    if s.sex == "male":
        return None
    flag = s.flags.get("pregnancy")
    if flag is None or flag.state == "unknown":
        return Criterion("Pregnancy", MISSING, "", flag.on if flag else None, "no")
    return Criterion("Pregnancy", MET if flag.state == "absent" else NOT_MET, flag.detail, flag.on, "no")


def _discordance(s: Snapshot) -> Criterion | None:
    if s.discordant is None:
        return None
    words = f"{s.discordant} lesion{'' if s.discordant == 1 else 's'}"
    return Criterion("FDG+ / SSTR− lesions", REVIEW if s.discordant else MET, words, s.uptake_on, "none")


def criteria(s: Snapshot) -> tuple[Criterion, ...]:
    """Every row that applies, in the order of `clinical.md` 2.2."""
    rows: list[Criterion | None] = [
        _uptake(s),
        _discordance(s),
        _clearance(s),
        _lab(s, "Hemoglobin", HB, "prrt.hb"),
        _lab(s, "White blood cells", WBC, "prrt.wbc"),
        _lab(s, "Platelets", PLATELETS, "prrt.platelets"),
        _lab(s, "Bilirubin", BILIRUBIN, "prrt.bilirubin", ratio=True),
        _lab(s, "ALT", ALT, "prrt.transaminases", ratio=True),
        _lab(s, "AST", AST, "prrt.transaminases", ratio=True),
        _lab(s, "Albumin", ALBUMIN, "prrt.albumin"),
        _karnofsky(s),
        _pregnancy(s),
    ]
    return tuple(row for row in rows if row is not None)
