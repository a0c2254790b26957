"""What we measure: LOINC code, units, what is plausible in each. Pure.

The plausibility bounds are ours (tag D): wide limits beyond which a value is questioned as a wrong unit or a typing
error, not reference ranges. Codes: `model.md` 11 (V or P as marked there). Conversions: `clinical.md` 1.5 (P).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Unit:
    """A unit we accept (UCUM in `code`), `factor` times a value gives the measure's own unit."""

    code: str
    label: str
    factor: Decimal
    low: Decimal
    high: Decimal


@dataclass(frozen=True)
class Measure:
    """One kind of result. The first unit is the one we store."""

    code: str
    label: str
    category: str
    units: tuple[Unit, ...]

    @property
    def unit(self) -> Unit:
        return self.units[0]

    def unit_named(self, code: str) -> Unit | None:
        wanted = code.strip().lower()
        return next((unit for unit in self.units if wanted in {unit.code.lower(), unit.label.lower()}), None)


def _u(code: str, low: str, high: str, factor: str = "1", label: str = "") -> Unit:
    return Unit(code, label or code, Decimal(factor), Decimal(low), Decimal(high))


_LAB, _VITAL, _SURVEY = "laboratory", "vital-signs", "survey"
ECOG, KPS, WEIGHT, HEIGHT, CGA = "89247-1", "89243-0", "29463-7", "8302-2", "9811-1"
STOOLS = "stools"

_ALL = (
    Measure(ECOG, "ECOG", _SURVEY, (_u("{score}", "0", "5", label=""),)),
    Measure(KPS, "Karnofsky", _SURVEY, (_u("%", "0", "100"),)),
    Measure(WEIGHT, "Weight", _VITAL, (_u("kg", "20", "300"), _u("[lb_av]", "44", "660", "0.45359237", "lb"))),
    Measure(HEIGHT, "Height", _VITAL, (_u("cm", "80", "230"), _u("[in_i]", "32", "90", "2.54", "in"))),
    Measure(CGA, "Chromogranin A", _LAB, (_u("ng/mL", "1", "100000"), _u("ug/L", "1", "100000", "1", "µg/L"))),
    # No LOINC code that we have read: a code of our own.
    Measure(STOOLS, "Bowel movements", _SURVEY, (_u("/d", "0", "40"),)),
    Measure("1695-6", "5-HIAA, 24 h urine", _LAB, (_u("mg/(24.h)", "0.1", "2000", label="mg/24 h"),)),
    Measure("57371-7", "NSE", _LAB, (_u("ng/mL", "0.5", "5000"),)),
    Measure("33762-6", "NT-proBNP", _LAB, (_u("pg/mL", "1", "100000"), _u("ng/L", "1", "100000"))),
    Measure("718-7", "Hemoglobin", _LAB, (_u("g/dL", "2", "25"), _u("g/L", "26", "250", "0.1"))),
    Measure("6690-2", "WBC", _LAB, (_u("10*9/L", "0.05", "500", label="×10⁹/L"),)),
    Measure("751-8", "Neutrophils", _LAB, (_u("10*9/L", "0", "300", label="×10⁹/L"),)),
    Measure("777-3", "Platelets", _LAB, (_u("10*9/L", "1", "3000", label="×10⁹/L"),)),
    Measure(
        "2160-0", "Creatinine", _LAB, (_u("mg/dL", "0.1", "25"), _u("umol/L", "26", "2200", "0.0113122", "µmol/L"))
    ),
    Measure("1975-2", "Bilirubin", _LAB, (_u("mg/dL", "0.05", "60"), _u("umol/L", "1", "1000", "0.0584795", "µmol/L"))),
    Measure("1751-7", "Albumin", _LAB, (_u("g/dL", "0.8", "7"), _u("g/L", "8", "70", "0.1"))),
    Measure("1742-6", "ALT", _LAB, (_u("U/L", "1", "15000"),)),
    Measure("1920-8", "AST", _LAB, (_u("U/L", "1", "15000"),)),
    Measure("6768-6", "ALP", _LAB, (_u("U/L", "5", "8000"),)),
    Measure("2324-2", "GGT", _LAB, (_u("U/L", "1", "8000"),)),
    Measure("6301-6", "INR", _LAB, (_u("{INR}", "0.5", "20", label=""),)),
    Measure("2345-7", "Glucose", _LAB, (_u("mg/dL", "10", "1500"), _u("mmol/L", "0.5", "83", "18.016"))),
    Measure("4548-4", "HbA1c", _LAB, (_u("%", "2", "20"),)),
    Measure("3016-3", "TSH", _LAB, (_u("m[IU]/L", "0.001", "500", label="mIU/L"),)),
)
MEASURES: dict[str, Measure] = {measure.code: measure for measure in _ALL}


def converted(measure: Measure, value: Decimal, unit: str) -> tuple[Decimal, str]:
    """The value in the measure's own unit. Raises ValueError with a sentence for the person who typed it when the unit
    is not accepted or the value is not plausible in it (naming the unit in which it would be)."""
    chosen = measure.unit_named(unit) if unit else measure.unit
    if chosen is None:
        accepted = ", ".join(u.label or u.code for u in measure.units)
        raise ValueError(f"{measure.label} is entered in {accepted}, not in {unit}.")
    if not chosen.low <= value <= chosen.high:
        other = next((u for u in measure.units if u is not chosen and u.low <= value <= u.high), None)
        hint = f" Did you mean {other.label}?" if other else ""
        raise ValueError(
            f"{measure.label} {value.normalize():f} is not plausible in {chosen.label or 'this scale'}.{hint}"
        )
    return (value * chosen.factor).quantize(Decimal("0.000001")).normalize(), measure.unit.code
