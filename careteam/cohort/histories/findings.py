"""Rows about findings: series of labs, markers, weight, ECOG; drugs, allergies, flags, admissions, visits. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from careteam.cohort.histories.course import Course
from careteam.cohort.histories.profile import Profile
from careteam.cohort.histories.rows import Dice, History, at, working_day

# code: label, unit, low, high, typical low, typical high, digits, category
LABS: dict[str, tuple[str, str, str, str, float, float, int]] = {
    "718-7": ("Hemoglobin", "g/dL", "12", "16", 10.2, 15.2, 1),
    "6690-2": ("White blood cells", "10*9/L", "4", "10", 3.4, 9.5, 1),
    "751-8": ("Neutrophils", "10*9/L", "1.8", "7.5", 1.9, 6.4, 1),
    "777-3": ("Platelets", "10*9/L", "150", "400", 118, 380, 0),
    "2160-0": ("Creatinine", "mg/dL", "0.6", "1.2", 0.6, 1.4, 2),
    "33914-3": ("eGFR", "mL/min/{1.73_m2}", "60", "120", 52, 104, 0),
    "1975-2": ("Bilirubin, total", "mg/dL", "0.2", "1.2", 0.3, 1.5, 1),
    "1751-7": ("Albumin", "g/dL", "3.5", "5.2", 3.1, 4.7, 1),
    "1742-6": ("ALT", "U/L", "7", "45", 12, 88, 0),
    "1920-8": ("AST", "U/L", "8", "40", 14, 80, 0),
    "6768-6": ("Alkaline phosphatase", "U/L", "40", "130", 55, 290, 0),
    "6301-6": ("INR", "1", "0.9", "1.2", 0.9, 1.2, 1),
    "2345-7": ("Glucose", "mg/dL", "70", "110", 78, 168, 0),
}
SHORT_PANEL = ("718-7", "6690-2", "777-3", "2160-0")
DRUGS = {
    "ppi": ("Pantoprazole", "A02BC02", "40 mg daily", 0.33),
    "metformin": ("Metformin", "A10BA02", "1,000 mg twice daily", 0.14),
    "anticoagulant": ("Apixaban", "B01AF02", "5 mg twice daily", 0.13),
    "steroid": ("Prednisolone", "H02AB06", "5 mg daily", 0.04),
    "cyp3a4": ("Clarithromycin", "J01FA09", "500 mg twice daily", 0.015),
    "other": ("Pancreatin", "A09AA02", "25,000 units with meals", 0.2),
}
COMORBIDITIES = (
    ("Hypertension", "I10", 0.38),
    ("Type 2 diabetes mellitus", "E11.9", 0.18),
    ("Coronary heart disease", "I25.1", 0.09),
    ("Chronic kidney disease, stage 3", "N18.3", 0.07),
    ("Atrial fibrillation", "I48.9", 0.08),
    ("Osteoporosis", "M81.0", 0.08),
    ("COPD", "J44.9", 0.05),
)


def measure(history: History, code: str, label: str, value: object, unit: str, on: date, **more: object) -> None:
    history.add(
        "measurement",
        code=code,
        label=label,
        value=Decimal(str(value)),
        unit=unit,
        taken_at=at(on, 8, 10),
        **({"category": "laboratory"} | more),
    )


def write_findings(
    dice: Dice, history: History, profile: Profile, course: Course, today: date, *, eventful: bool = True
) -> None:
    """`eventful`: admissions by chance."""
    if profile.enrollment == "under_review":
        return
    until = profile.died or today
    asked = max(profile.diagnosed, until - timedelta(days=dice.randint(3, 200)))
    _drugs(dice, history, profile, asked)
    _series(dice, history, profile, course, until)
    _panels(dice, history, course, until)
    _allergies(dice, history, asked)
    _flags(dice, history, profile, course, asked)
    if eventful:
        _events(dice, history, profile, until)
    if profile.in_care:
        _visits(dice, history, today)


def _drugs(dice: Dice, history: History, profile: Profile, asked: date) -> None:
    for label, icd10, share in COMORBIDITIES:
        if dice.chance(share):
            since = profile.diagnosed - timedelta(days=dice.randint(100, 4000))
            history.add("comorbidity", label=label, icd10=icd10, since=since)
    for kind, (name, atc, dose, share) in DRUGS.items():
        chance = {"ppi": 1.0} if profile.syndrome == "gastrinoma" else {}
        if dice.chance(chance.get(kind, share)):
            history.add(
                "medication",
                name=name,
                drug_class=kind,
                atc=atc,
                dose=dose,
                started_on=profile.diagnosed + timedelta(days=dice.randint(-900, 30)),
                asked_on=asked,
            )


def _series(dice: Dice, history: History, profile: Profile, course: Course, until: date) -> None:
    """CgA, 5-HIAA, weight, ECOG with each scan: they follow the tumor, with noise."""
    on_ppi = any(row["drug_class"] == "ppi" for row in history.of("medication"))
    secretes = profile.grade != "NEC" and dice.chance(0.8)
    factor = dice.between(1.2, 14, 2) if secretes else 0.6
    weight = dice.between(52, 96)
    assay = dice.choice(("Kryptor", "Cisbio ELISA"))
    scans = [scan for scan in course.scans if scan.on <= until][-12:]
    for n, scan in enumerate(scans):
        on = max(profile.diagnosed, scan.on - timedelta(days=dice.randint(0, 4)))
        if profile.grade != "NEC":
            cga = round(max(28.0, scan.total * factor * dice.between(0.8, 1.25, 2)))
            measure(
                history,
                "9811-1",
                "Chromogranin A",
                cga,
                "ng/mL",
                on,
                reference_high=Decimal(100),
                assay=assay,
                on_ppi=on_ppi,
            )
        else:
            nse = round(scan.total * dice.between(0.2, 0.6, 2), 1)
            measure(history, "15060-7", "Neuron-specific enolase", nse, "ng/mL", on, reference_high=Decimal("16.3"))
        if profile.syndrome == "carcinoid":
            hiaa = round(max(4.0, scan.total * factor / 28), 1)
            measure(history, "1695-6", "5-HIAA in 24 h urine", hiaa, "mg/(24.h)", on, reference_high=Decimal(9))
        weight = round(
            weight * (dice.between(0.945, 0.99, 3) if scan.response == "PD" else dice.between(0.985, 1.015, 3)), 1
        )
        measure(history, "29463-7", "Body weight", weight, "kg", on, category="vital-signs")
        late = n / max(1, len(scans) - 1) if len(course.treatments) > 2 else 0
        sick = 0.5 if profile.grade == "NEC" else 0.25
        ecog = dice.pick({0: 1.3 - late, 1: 0.5 + late * 0.5, 2: sick * late, 3: 0.2 * late * sick})
        measure(history, "89247-1", "ECOG performance status", ecog, "", on, category="survey")
    if profile.syndrome == "carcinoid" and dice.chance(0.8):
        on = max(profile.diagnosed, until - timedelta(days=dice.randint(20, 420)))
        probnp = dice.randint(60, 900)
        measure(history, "33762-6", "NT-proBNP", probnp, "pg/mL", on, reference_high=Decimal(125))


def _panels(dice: Dice, history: History, course: Course, until: date) -> None:
    running = course.present if course.treatments else None
    recent = running is not None and running.regimen.code in {"prrt", "captem", "platin", "folfiri"} and running.running
    last = until - timedelta(days=dice.randint(2, 18) if recent else dice.randint(3, 90))
    for code, (label, unit, low, high, least, most, digits) in LABS.items():
        value = dice.between(least, most, digits)
        measure(
            history,
            code,
            label,
            value if digits else round(value),
            unit,
            last,
            reference_low=Decimal(low),
            reference_high=Decimal(high),
        )
    for back in (1, 2):
        on = last - timedelta(days=back * dice.randint(35, 80))
        for code in SHORT_PANEL:
            label, unit, low, high, least, most, digits = LABS[code]
            value = dice.between(least, most, digits)
            measure(
                history,
                code,
                label,
                value if digits else round(value),
                unit,
                on,
                reference_low=Decimal(low),
                reference_high=Decimal(high),
            )


def _allergies(dice: Dice, history: History, asked: date) -> None:
    if dice.chance(0.07):
        history.add(
            "allergy",
            kind="contrast",
            substance="Iodinated contrast medium",
            reaction=dice.choice(("hives", "hives, facial swelling", "bronchospasm")),
            severity=dice.choice(("mild", "moderate", "severe")),
            since=date(asked.year - dice.randint(1, 8), 5, 12),
            asked_on=asked,
        )
    if dice.chance(0.1):
        substance, reaction = dice.choice((("Penicillin", "rash"), ("Metamizole", "hypotension"), ("Latex", "hives")))
        history.add("allergy", kind="drug", substance=substance, reaction=reaction, severity="moderate", asked_on=asked)


def _flags(dice: Dice, history: History, profile: Profile, course: Course, asked: date) -> None:
    def flag(kind: str, share: float, detail: str = "", *, ask: float = 0.7, **document: object) -> None:
        if dice.chance(ask):
            present = dice.chance(share)
            history.add(
                "flag",
                kind=kind,
                state="present" if present else "absent",
                detail=detail if present else "",
                asked_on=asked,
                **(document if present else {}),
            )

    flag("implant", 0.06, "pacemaker, MR conditional")
    flag("biliary_stent", 0.12 if profile.site == "pancreas" else 0.02, "plastic stent")
    flag("portal_vein", 0.05 if "liver" in profile.metastases else 0.01, "right branch, partial")
    flag("hbv", 0.03, "HBsAg positive", ask=0.5)
    if any(t.regimen.code == "captem" for t in course.treatments):
        flag("dpyd", 0.03, "heterozygous", ask=0.9)
    if profile.syndrome == "carcinoid":
        flag("heart_disease", 0.2, "tricuspid regurgitation, moderate", ask=0.9)
        flag(
            "crisis_plan",
            0.7,
            "octreotide at the bedside, anesthesia informed",
            ask=0.85,
            documented_on=asked,
            documented_by="Dr Elena Petrova",
            kept_at="anesthesia folder",
            review_on=asked + timedelta(days=365),
        )
    age = asked.year - profile.birth.year
    if profile.sex == "female" and age < 52:
        flag("pregnancy", 0.0, ask=0.9)


def _events(dice: Dice, history: History, profile: Profile, until: date) -> None:
    if dice.chance(0.22):
        admitted = max(profile.diagnosed, until - timedelta(days=dice.randint(6, 500)))
        left = min(admitted + timedelta(days=dice.randint(1, 9)), until)
        unplanned = dice.chance(0.7)
        reason = (
            "Bowel obstruction",
            "Cholangitis",
            "Diarrhea with dehydration",
            "Fever in neutropenia",
            "Pain crisis",
        )
        history.add(
            "admission",
            admitted_on=admitted,
            discharged_on=left,
            unplanned=unplanned,
            reason=dice.choice(reason) if unplanned else "Embolization",
            place="St. Brigid, ward 4B",
        )
    if profile.grade != "NEC" and profile.site in {"pancreas", "duodenum_ampulla"} and dice.chance(0.12):
        history.add(
            "genetic",
            origin="germline",
            gene="MEN1",
            result="no pathogenic variant" if dice.chance(0.7) else "pathogenic variant c.249_252del",
            tested_on=profile.diagnosed + timedelta(days=90),
        )


def _visits(dice: Dice, history: History, today: date) -> None:
    past = working_day(today - timedelta(days=dice.randint(7, 120)))
    if past <= today:
        history.add(
            "encounter",
            kind="visit",
            starts_at=at(past, 10),
            with_whom="NET clinic",
            reason="Follow-up",
            status="finished",
        )
    if dice.chance(0.6):
        coming = working_day(today + timedelta(days=dice.randint(0, 60)))
        history.add(
            "encounter",
            kind=dice.choice(("visit", "visit", "phone", "video")),
            starts_at=at(coming, dice.randint(7, 15), dice.choice((0, 30))),
            with_whom="NET clinic",
            reason=dice.choice(("Follow-up", "Injection", "Results of the scan", "Symptoms")),
            status="booked",
        )
