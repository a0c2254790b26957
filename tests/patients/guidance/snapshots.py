"""A snapshot of an invented patient to change one fact at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from patients.guidance.rules import FlagFact, LabFact, LineFact, NumberFact, Snapshot
from patients.protocol.rules import NUMBERS

TODAY = date(2026, 11, 23)
LAB_DAY = date(2026, 11, 16)

CATALOG = {
    code: NumberFact(number.value, number.unit, str(number.tag), not number.needs_signature, number.name)
    for code, number in NUMBERS.items()
}


def signed(*codes: str) -> dict[str, NumberFact]:
    return {**CATALOG, **{code: replace(CATALOG[code], settled=True) for code in codes}}


ALL_SIGNED = {code: replace(number, settled=True) for code, number in CATALOG.items()}


def lab(value: str | None, *, uln: str = "", on: date = LAB_DAY, problem: str = "") -> LabFact:
    return LabFact("lab", on, Decimal(value) if value else None, "", Decimal(uln) if uln else None, problem)


GOOD_LABS = {
    "718-7": lab("12"),
    "6690-2": lab("5"),
    "777-3": lab("200"),
    "2160-0": lab("0.9"),
    "29463-7": lab("70"),
    "1975-2": lab("0.6", uln="1.2"),
    "1742-6": lab("30", uln="40"),
    "1920-8": lab("30", uln="40"),
    "1751-7": lab("4"),
    "89243-0": lab("80"),
}


def line(modality: str, agent: str = "", status: str = "active", *, line_id: int = 1, **fields: Any) -> LineFact:
    values: dict[str, Any] = {"is_antitumor": True, "started_on": date(2026, 1, 12)}
    if status in {"proposed", "planned"}:
        values |= {"started_on": None, "planned_on": date(2026, 12, 10)}
    return LineFact(line_id, modality, agent, agent or modality, status, **(values | fields))


def snap(**fields: Any) -> Snapshot:
    """A 60-year-old man with a treated pancreatic NET G2, stage IV, known to the palliative team: no rule speaks."""
    values: dict[str, Any] = {
        "on": TODAY,
        "net_status": "net",
        "primary_site": "pancreas",
        "stage": "IV",
        "stage_on": date(2024, 3, 1),
        "syndrome": "nonfunctional",
        "grade": "NET G2",
        "grade_on": date(2024, 3, 1),
        "krenning": 3,
        "uptake_on": date(2026, 9, 1),
        "uptake_modality": "PET",
        "sstr_on": date(2026, 9, 1),
        "sstr_positive": True,
        "specimen_on": date(2024, 3, 1),
        "ki67": Decimal(8),
        "therapy_line": 1,
        "lines": (line("ssa", "Lanreotide"),),
        "labs": GOOD_LABS,
        "sex": "male",
        "age": 60,
        "palliative_on": date(2025, 1, 1),
        "numbers": CATALOG,
    }
    return Snapshot(**(values | fields))


PLAN = FlagFact("present", date(2026, 1, 1))
