"""CTCAE v5: common terms, what a grade means, the grade that a lab value alone gives. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from patients.treatment.rules.labs import HEMOGLOBIN, NEUTROPHILS, PLATELETS, LabValue, Limit

VERSION = "5.0"
# The wording that CTCAE uses for every term; a term with numbers has its own below.
GRADES: dict[int, str] = {
    1: "mild, no treatment needed",
    2: "moderate, limits what one usually does",
    3: "severe, limits self-care or needs a hospital",
    4: "life-threatening",
    5: "death",
}
PLATELET_TERM, NEUTROPHIL_TERM, ANEMIA_TERM = "Platelet count decreased", "Neutrophil count decreased", "Anemia"
RENAL_TERMS = frozenset({"Creatinine increased", "Chronic kidney disease", "Acute kidney injury", "Proteinuria"})
HEPATIC_TERMS = frozenset(
    {"ALT increased", "AST increased", "Blood bilirubin increased", "Hepatic failure", "GGT increased"}
)
TERMS: tuple[str, ...] = tuple(
    sorted(
        {
            PLATELET_TERM,
            NEUTROPHIL_TERM,
            ANEMIA_TERM,
            *RENAL_TERMS,
            *HEPATIC_TERMS,
            "Abdominal pain",
            "Alopecia",
            "Anorexia",
            "Bradycardia",
            "Cholelithiasis",
            "Constipation",
            "Depression",
            "Diarrhea",
            "Fatigue",
            "Febrile neutropenia",
            "Fever",
            "Hearing impaired",
            "Hepatic infection",
            "Hyperglycemia",
            "Hypertension",
            "Hypothyroidism",
            "Injection site reaction",
            "Left ventricular systolic dysfunction",
            "Lung infection",
            "Lymphocyte count decreased",
            "Mucositis oral",
            "Myelodysplastic syndrome",
            "Nausea",
            "Palmar-plantar erythrodysesthesia syndrome",
            "Paresthesia",
            "Peripheral sensory neuropathy",
            "Pneumonitis",
            "Rash",
            "Steatorrhea",
            "Thromboembolic event",
            "Vomiting",
            "Weight loss",
        }
    )
)


@dataclass(frozen=True)
class LabTerm:
    """A term whose grade a lab gives: protocol codes by grade."""

    term: str
    code: str
    grades: Mapping[int, str]


LAB_TERMS: tuple[LabTerm, ...] = (
    LabTerm(PLATELET_TERM, PLATELETS, {2: "ctcae.platelets.2", 3: "ctcae.platelets.3", 4: "ctcae.platelets.4"}),
    LabTerm(NEUTROPHIL_TERM, NEUTROPHILS, {3: "ctcae.neutrophils.3", 4: "ctcae.neutrophils.4"}),
    LabTerm(ANEMIA_TERM, HEMOGLOBIN, {2: "ctcae.hemoglobin.2", 3: "ctcae.hemoglobin.3"}),
)


def meaning(term: str, grade: int, limits: Mapping[str, Limit]) -> str:
    """What the grade means for this term, with the protocol's number where one decides."""
    known = next((row for row in LAB_TERMS if row.term == term), None)
    code = known.grades.get(grade, "") if known else ""
    if code in limits:
        limit = limits[code]
        unsigned = "" if limit.settled else ", local, unsigned"
        return f"below {limit.value.normalize():f} {limit.unit}{unsigned}"
    return GRADES[grade]


@dataclass(frozen=True)
class LabGrade:
    """The grade of a lab, 0 for none; `lowest` is the lowest grade that its numbers can tell apart."""

    term: str
    grade: int
    lab: LabValue
    unsigned: bool


def grade_of_lab(term: LabTerm, lab: LabValue, limits: Mapping[str, Limit]) -> LabGrade | None:
    """The highest grade whose limit the value falls below; 1 below the lab's own normal range; None without value."""
    if lab.value is None:
        return None
    for grade in sorted(term.grades, reverse=True):
        limit = limits[term.grades[grade]]
        if lab.value < limit.value:
            return LabGrade(term.term, grade, lab, not limit.settled)
    low = lab.lln is not None and lab.value < lab.lln
    return LabGrade(term.term, 1 if low else 0, lab, unsigned=False)
