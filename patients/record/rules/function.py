"""Scores computed from the record: liver, kidney, heart screening (`clinical.md` 1.5, 1.6). Pure.

Points and cutoffs are definitions of the scores, tagged in the docstrings; nothing here decides anything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

ALBI_CUTOFFS = (Decimal("-2.60"), Decimal("-1.39"))
BILIRUBIN_UMOL_PER_MG_DL = Decimal("17.1")


@dataclass(frozen=True)
class Albi:
    value: Decimal
    grade: int


def albi(*, bilirubin_umol: Decimal, albumin_g_l: Decimal, cutoffs: tuple[Decimal, Decimal] = ALBI_CUTOFFS) -> Albi:
    """Albumin-bilirubin score: 0.66·log10(bilirubin µmol/L) − 0.085·albumin g/L (formula V); grade 1 up to −2.60, 2 up
    to −1.39, else 3 (P; `cutoffs` where a team signed others). Raises ValueError unless both are positive."""
    if bilirubin_umol <= 0 or albumin_g_l <= 0:
        raise ValueError("Bilirubin and albumin must be above zero.")
    score = Decimal(str(0.66 * math.log10(float(bilirubin_umol)))) - Decimal("0.085") * albumin_g_l
    grade = 1 if score <= cutoffs[0] else 2 if score <= cutoffs[1] else 3
    return Albi(score.quantize(Decimal("0.001"), ROUND_HALF_UP), grade)


@dataclass(frozen=True)
class ChildPugh:
    points: int
    letter: str


ASCITES = {"none": 1, "mild": 2, "moderate": 3}
ENCEPHALOPATHY = {"none": 1, "1-2": 2, "3-4": 3}


def child_pugh(
    *, bilirubin_mg_dl: Decimal, albumin_g_dl: Decimal, inr: Decimal, ascites: str, encephalopathy: str
) -> ChildPugh:
    """Built for cirrhosis, shown with that caption (all P). 1, 2, 3 points for bilirubin < 2, 2–3, > 3 mg/dL; albumin
    > 3.5, 2.8–3.5, < 2.8 g/dL; INR < 1.7, 1.7–2.3, > 2.3; ascites none, mild, moderate or more; encephalopathy none,
    1–2, 3–4. A is 5–6, B 7–9, C 10–15. Raises KeyError for an unknown word."""
    points = (
        (1 if bilirubin_mg_dl < 2 else 2 if bilirubin_mg_dl <= 3 else 3)
        + (1 if albumin_g_dl > Decimal("3.5") else 2 if albumin_g_dl >= Decimal("2.8") else 3)
        + (1 if inr < Decimal("1.7") else 2 if inr <= Decimal("2.3") else 3)
        + ASCITES[ascites]
        + ENCEPHALOPATHY[encephalopathy]
    )
    return ChildPugh(points, "A" if points <= 6 else "B" if points <= 9 else "C")


def cockcroft_gault(*, age: int, weight: Decimal, creatinine: Decimal, female: bool) -> Decimal:
    """Creatinine clearance in mL/min: weight in kg, creatinine in mg/dL (Cockcroft-Gault, P)."""
    clearance = (140 - age) * weight / (72 * creatinine)
    return (clearance * Decimal("0.85") if female else clearance).quantize(Decimal(1))


@dataclass(frozen=True)
class HeartFacts:
    """What screening for carcinoid heart disease rests on. `raised_on`: day of the latest 5-HIAA above its limit."""

    carcinoid: bool
    raised_on: date | None
    known: bool
    probnp_on: date | None
    probnp_high: bool | None
    echo_on: date | None
    surgery: str = ""


@dataclass(frozen=True)
class HeartScreening:
    """Whether screening is called for, why, and when each part is due. `late`: due today or earlier."""

    why: str
    echo_due_on: date | None
    probnp_due_on: date | None
    late: bool
    notes: tuple[str, ...] = ()

    @property
    def called_for(self) -> bool:
        return bool(self.why)


NEVER_CLEARS = "A normal NT-proBNP does not replace the echo: it misses about half of those affected."


def heart_screening(facts: HeartFacts, *, every_days: int, known_every_days: int, today: date) -> HeartScreening:
    """NT-proBNP and echo at baseline, then every `every_days` (`known_every_days` once heart disease is known), and
    before liver surgery, for carcinoid syndrome or a raised 5-HIAA (`clinical.md` 1.6). A normal NT-proBNP never moves
    the echo: its sensitivity is 46 %."""
    reasons = []
    if facts.known:
        reasons.append("carcinoid heart disease is known")
    if facts.carcinoid:
        reasons.append("carcinoid syndrome")
    if facts.raised_on is not None:
        reasons.append("raised 5-HIAA")
    if not reasons:
        return HeartScreening("", None, None, late=False)
    every = timedelta(days=known_every_days if facts.known else every_days)
    echo_due = facts.echo_on + every if facts.echo_on else today
    probnp_due = facts.probnp_on + every if facts.probnp_on else today
    notes = []
    if facts.surgery and (facts.echo_on is None or today - facts.echo_on > timedelta(days=every_days)):
        reasons.append(f"before {facts.surgery}")
        echo_due = min(echo_due, today)
    if facts.probnp_high is False:
        notes.append(NEVER_CLEARS)
    return HeartScreening(
        ", ".join(reasons), echo_due, probnp_due, late=echo_due <= today or probnp_due <= today, notes=tuple(notes)
    )
