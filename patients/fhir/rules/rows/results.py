"""Measurements: one series per quantity, in one unit, and nothing that could be read as a tenfold."""

from decimal import Decimal

from patients.fhir.rules.codes.systems import LOINC
from patients.fhir.rules.facts import Measure, MeasurementFact
from patients.fhir.rules.rows.base import Rows, Sourced, precision
from patients.record.rules import MEASURES, converted
from patients.record.rules import Measure as Known

_PLACES = Decimal("0.000001")
_LIMIT = Decimal(10) ** 12
# One series per quantity: method variants of a LOINC code that mean the same number (P).
SAME_AS = {
    "3141-9": "29463-7",
    "26515-7": "777-3",
    "26464-8": "6690-2",
    "26499-4": "751-8",
    "38483-4": "2160-0",
    "34714-6": "6301-6",
    "15060-7": "57371-7",
    # amounts of substance, converted below like any other unit
    "59260-0": "718-7",
    "14682-9": "2160-0",
    "14631-6": "1975-2",
    "14749-6": "2345-7",
}
# Results without a LOINC code, by their whole name and no part of it: “urine creatinine” is another thing. A name that
# is wrong shows in the unit, which must be one of the measure's.
NAMED = {
    "chromogranin a": "9811-1",
    "cga": "9811-1",
    "hemoglobin": "718-7",
    "haemoglobin": "718-7",
    "hämoglobin": "718-7",
    "hgb": "718-7",
    "platelets": "777-3",
    "platelet count": "777-3",
    "thrombozyten": "777-3",
    "wbc": "6690-2",
    "leukocytes": "6690-2",
    "leukozyten": "6690-2",
    "neutrophils": "751-8",
    "absolute neutrophil count": "751-8",
    "anc": "751-8",
    "creatinine": "2160-0",
    "kreatinin": "2160-0",
    "bilirubin": "1975-2",
    "bilirubin, total": "1975-2",
    "total bilirubin": "1975-2",
    "albumin": "1751-7",
    "weight": "29463-7",
    "body weight": "29463-7",
    "height": "8302-2",
    "body height": "8302-2",
    "nt-probnp": "33762-6",
    "hba1c": "4548-4",
}
# Units that only files use, and what they are of a unit of the record.
_SCALED = {
    "/ul": ("10*9/L", Decimal("0.001")),
    "{cells}/ul": ("10*9/L", Decimal("0.001")),
    "cells/ul": ("10*9/L", Decimal("0.001")),
    "cells/mcl": ("10*9/L", Decimal("0.001")),
    "/mm3": ("10*9/L", Decimal("0.001")),
    "10*6/l": ("10*9/L", Decimal("0.001")),
    "g": ("kg", Decimal("0.001")),
    "[oz_av]": ("[lb_av]", Decimal("0.0625")),
    "m": ("cm", Decimal(100)),
}
# Hemoglobin as an amount of iron (monomer), as the Netherlands and parts of Germany report it: g/dL per mmol/L (P).
_HEMOGLOBIN = Decimal("1.6114")
_BY_MEASURE = {Measure.ECOG: "89247-1", Measure.KARNOFSKY: "89243-0"}
_CATEGORY = {
    Measure.LAB: "laboratory",
    Measure.MARKER: "laboratory",
    Measure.VITAL: "vital-signs",
    Measure.ECOG: "survey",
    Measure.KARNOFSKY: "survey",
    Measure.SURVEY: "survey",
    Measure.SOCIAL: "social-history",
    Measure.TUMOR_SIZE: "pathology",
    Measure.MITOSES: "pathology",
    Measure.KI67: "pathology",
    Measure.SSTR: "imaging",
}
# Spellings of one unit, as UCUM wants it.
_UNITS = {
    "10*3/ul": "10*9/L",
    "10^3/ul": "10*9/L",
    "10*3/mm3": "10*9/L",
    "10^9/l": "10*9/L",
    "10e9/l": "10*9/L",
    "x10^9/l": "10*9/L",
    "g/l": "g/L",
    "/nl": "10*9/L",
    "k/ul": "10*9/L",
    "thou/ul": "10*9/L",
    "iu/l": "U/L",
    "[iu]/l": "U/L",
    "mu/l": "m[IU]/L",
    "uiu/ml": "m[IU]/L",
    "u[iu]/ml": "m[IU]/L",
    "lb": "[lb_av]",
    "lbs": "[lb_av]",
    "[in_us]": "[in_i]",
    "in": "[in_i]",
    "mcg/l": "ug/L",
    "µg/l": "ug/L",
    "mg/24h": "mg/(24.h)",
    "mg/d": "mg/(24.h)",
    "{score}": "{score}",
    "1": "",
    "{inr}": "{INR}",
}


def plain_unit(unit: str) -> str:
    """The unit as the record spells it."""
    return _UNITS.get(unit.strip().lower(), unit.strip())


def measurement(of: Sourced, fact: MeasurementFact, rows: Rows) -> None:
    """A result. One that is not plausible in its unit is not stored: it could be read as a tenfold."""
    if fact.on is None:
        rows.keep(of, "has no date; a result without one cannot be placed")
        return
    value, unit = fact.value, plain_unit(fact.unit)
    code, known = _series(fact)
    if value is not None and abs(value) >= _LIMIT:
        rows.keep(of, "has a number too large to be a result")
        return
    guessed = ""
    if value is not None and known:
        if not unit and known.category == "laboratory" and known.unit.label:
            guessed = f"Without a unit in the source, taken as {known.unit.label}."
            rows.warn(of, f"{fact.label} has no unit; taken as {known.unit.label}")
        try:
            value, unit = converted(known, *_scaled(known.code, value, unit))
        except ValueError as problem:
            rows.keep(of, str(problem))
            return
    remarks = ("Preliminary result." if fact.preliminary else "", guessed, fact.note)
    factor = value / fact.value if value is not None and fact.value else Decimal(1)
    rows.add(
        "Measurement",
        of,
        {
            "code": code if len(code) <= 20 else "",
            "label": known.label if known else fact.label,
            "taken_at": fact.on.moment(rows.zone),
            "taken_precision": precision(fact.on),
            "value": _places(value),
            "comparator": fact.comparator,
            "text": "" if value is not None else fact.wording,
            "unit": unit,
            "original_value": f"{fact.comparator}{fact.value}" if fact.value is not None else "",
            "original_unit": fact.unit,
            "reference_low": _places(fact.low * factor if fact.low is not None else None),
            "reference_high": _places(fact.high * factor if fact.high is not None else None),
            "interpretation": fact.interpretation,
            "assay": fact.method,
            "category": _CATEGORY.get(fact.measure, ""),
            "note": " ".join(part for part in remarks if part),
        },
        fact.part,
    )


def _series(fact: MeasurementFact) -> tuple[str, Known | None]:
    """The code under which a result is stored, and what the record knows of it."""
    if fact.measure in _BY_MEASURE:
        code = _BY_MEASURE[fact.measure]
        return code, MEASURES[code]
    if fact.code.system in (LOINC, ""):
        code = SAME_AS.get(fact.code.code, fact.code.code)
        if code in MEASURES:
            return code, MEASURES[code]
    named = MEASURES.get(NAMED.get(fact.label.strip().lower(), "")) if fact.code.system != LOINC else None
    if named and (fact.value is None or _fits(named, fact.value, plain_unit(fact.unit))):
        return named.code, named
    return fact.code.code, None


def _fits(known: Known, value: Decimal, unit: str) -> bool:
    """A name alone is weak: the unit must be there and be one of the measure's, and the value plausible in it."""
    try:
        converted(known, *_scaled(known.code, value, unit))
    except ValueError:
        return False
    return bool(unit)


def _scaled(code: str, value: Decimal, unit: str) -> tuple[Decimal, str]:
    if code == "718-7" and unit.lower() == "mmol/l":
        return value * _HEMOGLOBIN, "g/dL"
    into, factor = _SCALED.get(unit.lower(), (unit, Decimal(1)))
    return value * factor, into


def _places(value: Decimal | None) -> Decimal | None:
    return None if value is None or abs(value) >= _LIMIT else value.quantize(_PLACES)
