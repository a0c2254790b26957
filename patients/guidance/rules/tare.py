"""What is asked before radioembolization (`model.md` 4, `clinical.md` 2.3), one row each. Pure."""

from __future__ import annotations

from decimal import Decimal

from patients.guidance.rules.eligibility import (
    MET,
    MISSING,
    NO_LIMIT,
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
    value_row,
)
from patients.guidance.rules.facts import ALBUMIN, ANC, BILIRUBIN, INR, Snapshot
from patients.record.rules import BILIRUBIN_UMOL_PER_MG_DL, albi

LAB_AGE = "tare.lab_age"
NUMBERS = (
    "tare.bilirubin",
    "tare.burden",
    "tare.burden_stop",
    "tare.anc",
    "tare.chemotherapy",
    "tare.lung_dose",
    "tare.lab_age",
    "tace.stent",
    "tace.ascites",
    "albi.grade1",
    "albi.grade2",
)
UNREAD = ("shunt to stomach or bowel on mapping",)


def _albi(s: Snapshot) -> Criterion:
    """Computed from bilirubin and albumin; the cutoffs of its grades are prior knowledge."""
    bilirubin, albumin = s.labs.get(BILIRUBIN), s.labs.get(ALBUMIN)
    needed = "grade 1"
    if bilirubin is None or albumin is None or bilirubin.value is None or albumin.value is None:
        absent = [n for n, lab in (("bilirubin", bilirubin), ("albumin", albumin)) if lab is None or lab.value is None]
        return Criterion("ALBI", MISSING, f"needs {' and '.join(absent)}", None, needed)
    cutoffs = (s.numbers["albi.grade1"].value, s.numbers["albi.grade2"].value)
    umol = bilirubin.value * BILIRUBIN_UMOL_PER_MG_DL
    score = albi(bilirubin_umol=umol, albumin_g_l=albumin.value * 10, cutoffs=cutoffs)
    on = min(bilirubin.on, albumin.on)
    words = f"{score.value}, grade {score.grade}".replace("-", "−")
    if is_stale(s, on, LAB_AGE):
        return Criterion("ALBI", STALE, words, on, needed)
    state = {1: MET, 2: REVIEW, 3: NOT_MET}[score.grade]
    code = "albi.grade1" if score.grade == 1 else "albi.grade2"
    return Criterion("ALBI", state, words, on, needed, *judged(s, code, state))


def _burden(s: Snapshot) -> Criterion:
    name, needed = "Liver burden", threshold(s, "tare.burden", "≤")
    if s.liver is None or s.liver.burden is None:
        return Criterion(name, MISSING, "", None, needed)
    state = MET
    if s.liver.burden > s.numbers["tare.burden_stop"].value:
        state, needed = NOT_MET, threshold(s, "tare.burden_stop", "≤")
    elif s.liver.burden > s.numbers["tare.burden"].value:
        state = REVIEW
    return Criterion(name, state, f"{s.liver.burden} %", s.liver.on, needed)


def _prior_prrt(s: Snapshot) -> Criterion:
    given = [line for line in s.lines if line.modality == "prrt" and line.was_given]
    if not given:
        return Criterion("Earlier PRRT", MET, "none recorded", None, "none")
    return Criterion("Earlier PRRT", REVIEW, given[-1].label, given[-1].on, "none")


def _chemotherapy(s: Snapshot) -> Criterion:
    name, needed = "Chemotherapy", f"none for {s.numbers['tare.chemotherapy'].words}"
    given = [line for line in s.lines if line.modality == "chemotherapy" and line.was_given]
    if not given:
        return Criterion(name, MET, "none recorded", None, needed)
    last = given[-1]
    if last.is_running:
        return Criterion(name, REVIEW, f"{last.label} runs", last.on, needed)
    days = s.days_since(last.ended_on)
    if days is None:
        return Criterion(name, MISSING, f"{last.label}: end not recorded", last.on, needed)
    state = MET if days >= s.numbers["tare.chemotherapy"].value else REVIEW
    return Criterion(name, state, f"{last.label}, ended {days} days ago", last.ended_on, needed)


def _lung(s: Snapshot) -> Criterion:
    """The dose to the lungs as planned; where only the shunt of the mapping is known, that, without a verdict."""
    name, code = "Lung dose", "tare.lung_dose"
    needed = f"{threshold(s, code, '≤')} per session"
    plans = [line.plan for line in s.open_lines("embolization") if line.is_tare]
    dose = next((plan["lung_dose"] for plan in plans if plan.get("lung_dose") not in {None, ""}), None)
    if dose is not None:
        state = MET if Decimal(str(dose)) <= s.numbers[code].value else REVIEW
        return Criterion(name, state, f"{dose} Gy", None, needed, *judged(s, code, state))
    unsigned = not s.numbers[code].settled
    shunt = next((plan["lung_shunt"] for plan in plans if plan.get("lung_shunt") not in {None, ""}), None)
    if shunt is None:
        return Criterion(name, MISSING, "", None, needed, unsigned, code)
    return Criterion(name, NO_LIMIT, f"lung shunt {shunt} %, dose not entered", None, needed, unsigned, code)


def _portal_vein(s: Snapshot) -> Criterion:
    """No limit: thrombosis is where TARE is rather preferred to other embolization (P)."""
    flag = s.flag("portal_vein")
    if flag is None or flag.state == "unknown":
        return Criterion("Portal vein thrombosis", MISSING, "", flag.on if flag else None, "to be known")
    words = "no" if flag.state == "absent" else flag.detail or "yes"
    return Criterion("Portal vein thrombosis", NO_LIMIT, words, flag.on, "to be known")


def criteria(s: Snapshot) -> tuple[Criterion, ...]:
    """The full panel that TARE asks for, in the order of `model.md` 4, then what `clinical.md` 2.3 adds."""
    return (
        lab_row(s, "Bilirubin", BILIRUBIN, "tare.bilirubin", stale=LAB_AGE, at_most=True),
        value_row(s, "Albumin", ALBUMIN, stale=LAB_AGE),
        _albi(s),
        value_row(s, "INR", INR, stale=LAB_AGE),
        lab_row(s, "Neutrophils", ANC, "tare.anc", stale=LAB_AGE),
        flag_row(s, "Ascites", "ascites", "tace.ascites"),
        _prior_prrt(s),
        _lung(s),
        _burden(s),
        _chemotherapy(s),
        _portal_vein(s),
        flag_row(s, "Biliary stent or anastomosis", "biliary_stent", "tace.stent"),
    )


def eligibility(s: Snapshot) -> Eligibility:
    return Eligibility(
        "tare",
        "TARE criteria",
        criteria(s),
        unread=UNREAD,
        note="Late hepatotoxicity is reported with a large burden, and fatal cases after PRRT.",
    )
