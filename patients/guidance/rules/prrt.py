"""The PRRT criteria of `clinical.md` 2.2, one row each. Pure."""

from __future__ import annotations

from patients.guidance.rules.eligibility import (
    MET,
    MISSING,
    NOT_MET,
    REVIEW,
    STALE,
    Criterion,
    Eligibility,
    flag_row,
    is_stale,
    judged,
    lab_row,
    threshold,
)
from patients.guidance.rules.facts import (
    ALBUMIN,
    ALT,
    AST,
    BILIRUBIN,
    CREATININE,
    HB,
    INR,
    KPS,
    PLATELETS,
    WBC,
    WEIGHT,
    Snapshot,
)
from patients.record.rules import cockcroft_gault

LAB_AGE = "prrt.lab_age"
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
    "prrt.heart",
    "prrt.prior_tare",
)
LABELS = {
    "eu": "EU label: adults, unresectable or metastatic, progressive, G1–G2 only (text of April 2024).",
    "us": "US label: from 12 years, SSTR-positive GEP-NET; no limit of grade is stated.",
}
UNREAD = ("breastfeeding", "hydronephrosis", "uncontrolled syndrome")


def _uptake(s: Snapshot) -> Criterion:
    """Krenning 2 is a review by nuclear medicine, never eligible by itself."""
    needed = threshold(s, "prrt.krenning", "≥")
    if s.krenning is None:
        return Criterion("Uptake", MISSING, "", s.uptake_on, needed)
    state = NOT_MET
    if s.krenning >= s.numbers["prrt.krenning"].value and s.krenning > s.numbers["prrt.krenning_review"].value:
        state = MET
    elif s.krenning >= s.numbers["prrt.krenning_review"].value:
        state = REVIEW
    words = f"Krenning {s.krenning}" + (f" on {s.uptake_modality}" if s.uptake_modality else "")
    return Criterion("Uptake", state, words, s.uptake_on, needed)


def _clearance(s: Snapshot) -> Criterion:
    name, needed = "Creatinine clearance", threshold(s, "prrt.crcl", "≥")
    creatinine, weight = s.labs.get(CREATININE), s.labs.get(WEIGHT)
    facts = {
        "creatinine": creatinine.value if creatinine else None,
        "weight": weight.value if weight else None,
        "age": s.age,
        "sex": s.sex if s.sex in {"female", "male"} else None,
    }
    absent = [fact for fact, value in facts.items() if value is None]
    if absent or not creatinine or not weight or not creatinine.value or not weight.value or s.age is None:
        on = creatinine.on if creatinine else None
        return Criterion(name, MISSING, f"needs {', '.join(absent or ['creatinine'])}", on, needed, code="prrt.crcl")
    clearance = cockcroft_gault(age=s.age, weight=weight.value, creatinine=creatinine.value, female=s.sex == "female")
    words = f"{clearance} mL/min, Cockcroft-Gault"
    if is_stale(s, creatinine.on, LAB_AGE):
        return Criterion(name, STALE, words, creatinine.on, needed)
    if clearance < s.numbers["prrt.crcl_stop"].value:
        return Criterion(name, NOT_MET, words, creatinine.on, threshold(s, "prrt.crcl_stop", "≥"))
    state = MET if clearance >= s.numbers["prrt.crcl"].value else REVIEW
    return Criterion(name, state, words, creatinine.on, needed, *judged(s, "prrt.crcl", state))


def _albumin(s: Snapshot) -> Criterion:
    """Low albumin counts with a raised INR; with one known to be normal it is for review."""
    row = lab_row(s, "Albumin", ALBUMIN, "prrt.albumin", stale=LAB_AGE)
    inr = s.labs.get(INR)
    if row.state == NOT_MET and inr is not None and inr.value is not None and inr.uln and inr.value <= inr.uln:
        return Criterion(row.name, REVIEW, f"{row.value}, INR {inr.words}", row.on, row.threshold)
    return row


def _karnofsky(s: Snapshot) -> Criterion:
    """Asked, never derived from ECOG (`model.md` 4)."""
    needed = threshold(s, "prrt.kps", "≥")
    kps = s.labs.get(KPS)
    if kps is None or kps.value is None:
        return Criterion("Karnofsky", MISSING, "", None, needed)
    state = MET if kps.value >= s.numbers["prrt.kps"].value else NOT_MET
    return Criterion("Karnofsky", state, kps.words, kps.on, needed)


def _pregnancy(s: Snapshot) -> Criterion | None:
    if s.sex == "male":
        return None
    flag = s.flags.get("pregnancy")
    if flag is None or flag.state == "unknown":
        return Criterion("Pregnancy", MISSING, "", flag.on if flag else None, "no")
    return Criterion("Pregnancy", MET if flag.state == "absent" else NOT_MET, flag.detail, flag.on, "no")


def _discordance(s: Snapshot) -> Criterion | None:
    """Asked of everybody whose tumor may hold FDG-avid parts: high G2 and above (S14); else shown where known."""
    name = "FDG+ / SSTR− lesions"
    if s.discordant is None:
        high = s.ki67 is not None and s.ki67 >= s.numbers["netter2.low"].value
        return Criterion(name, MISSING, "no FDG PET", None, "none") if high else None
    words = f"{s.discordant} lesion{'' if s.discordant == 1 else 's'}"
    return Criterion(name, REVIEW if s.discordant else MET, words, s.uptake_on, "none")


def _grade(s: Snapshot) -> Criterion | None:
    """The EU label stops at G2; the US label names no grade."""
    if s.jurisdiction != "eu":
        return None
    state = MET if s.grade in {"NET G1", "NET G2"} else REVIEW
    if s.grade in {"", "unclassified", "ungraded"}:
        return Criterion("Grade", MISSING, s.grade, s.grade_on, "G1–G2, EU label")
    return Criterion("Grade", state, s.grade, s.grade_on, "G1–G2, EU label")


def _heart(s: Snapshot) -> Criterion | None:
    if s.syndrome != "carcinoid" and "heart_disease" not in s.flags:
        return None
    return flag_row(s, "Carcinoid heart disease", "heart_disease", "prrt.heart")


def _prior_tare(s: Snapshot) -> Criterion:
    given = [line for line in s.lines if line.is_tare and line.was_given]
    if not given:
        return Criterion("Earlier TARE", MET, "none recorded", None, "none", code="prrt.prior_tare")
    unsigned = not s.numbers["prrt.prior_tare"].settled
    return Criterion("Earlier TARE", REVIEW, given[-1].label, given[-1].on, "none", unsigned, "prrt.prior_tare")


def criteria(s: Snapshot) -> tuple[Criterion, ...]:
    """Every row that applies, in the order of `clinical.md` 2.2."""
    rows: list[Criterion | None] = [
        _uptake(s),
        _discordance(s),
        _grade(s),
        _clearance(s),
        lab_row(s, "Hemoglobin", HB, "prrt.hb", stale=LAB_AGE),
        lab_row(s, "White blood cells", WBC, "prrt.wbc", stale=LAB_AGE),
        lab_row(s, "Platelets", PLATELETS, "prrt.platelets", stale=LAB_AGE),
        lab_row(s, "Bilirubin", BILIRUBIN, "prrt.bilirubin", stale=LAB_AGE, at_most=True, times_uln=True),
        lab_row(s, "ALT", ALT, "prrt.transaminases", stale=LAB_AGE, at_most=True, times_uln=True),
        lab_row(s, "AST", AST, "prrt.transaminases", stale=LAB_AGE, at_most=True, times_uln=True),
        _albumin(s),
        _karnofsky(s),
        _pregnancy(s),
        _heart(s),
        _prior_tare(s),
    ]
    return tuple(row for row in rows if row is not None)


def eligibility(s: Snapshot) -> Eligibility:
    return Eligibility(
        "prrt",
        "PRRT criteria",
        criteria(s),
        label=LABELS.get(s.jurisdiction, ""),
        unread=UNREAD,
        note="Karnofsky is asked, never derived from ECOG. Krenning 2 is reviewed by nuclear medicine.",
    )
