"""What we measure: LOINC code, accepted units, what is plausible in each. Pure.

Codes: `model.md` 11 (V or P as marked there). Each factor names its source and tag. The bounds are ours (tag D), no
reference ranges. There are two pairs: beyond `low`…`high` a value cannot be the result of a living person (an import
does not store it), beyond `ask_low`…`ask_high` a person who types it is asked once whether the unit is right. The
second pair is so narrow that a value typed in a unit eight or more times larger or smaller is always noticed.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

System = Literal["conventional", "si"]


@dataclass(frozen=True)
class Unit:
    """A unit we accept (UCUM in `code`): stored value = value × `factor` + `offset`. `digits` are decimals shown."""

    code: str
    label: str
    factor: Decimal
    low: Decimal
    high: Decimal
    ask_low: Decimal
    ask_high: Decimal
    digits: int = 1
    offset: Decimal = Decimal(0)
    si: bool = False
    source: str = "the same quantity in another decimal unit"
    tag: str = "D"
    also: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As people write it; empty for scores and ratios."""
        return self.label

    def spelled(self, text: str) -> bool:
        wanted = _folded(text)
        return wanted in {_folded(self.code), _folded(self.label), *map(_folded, self.also)}

    def stored(self, value: Decimal) -> Decimal:
        return value * self.factor + self.offset

    def of_stored(self, value: Decimal) -> Decimal:
        """The stored value in this unit, rounded to what is written of it; two digits at least of what lies below 1."""
        found = (value - self.offset) / self.factor
        places = max(self.digits, 1 - found.adjusted()) if 0 < abs(found) < 1 else self.digits
        return found.quantize(Decimal(1).scaleb(-min(places, 6)))


@dataclass(frozen=True)
class Measure:
    """One kind of result. The first unit is the one we store."""

    code: str
    label: str
    category: str
    units: tuple[Unit, ...]
    by_assay: bool = False
    ppi_matters: bool = False

    @property
    def unit(self) -> Unit:
        return self.units[0]

    @property
    def is_score(self) -> bool:
        """A scale with ends: nothing outside of it can be confirmed."""
        return self.category == "survey"

    def unit_named(self, code: str) -> Unit | None:
        return next((unit for unit in self.units if unit.spelled(code)), None)

    def preferred(self, system: str) -> Unit:
        """The unit in which a team of that preference reads the test."""
        if system == "si":
            return next((unit for unit in self.units if unit.si), self.unit)
        return self.unit


@dataclass(frozen=True)
class Question:
    """A value that is not what one expects in its unit. `others` are units in which it would be unremarkable."""

    sentence: str
    chosen: Unit
    others: tuple[Unit, ...]
    may_confirm: bool


def _folded(text: str) -> str:
    plain = text.strip().lower().replace("µ", "u").replace("μ", "u").replace("mcg", "ug").replace("⁹", "*9")
    for old, new in (("10^", "10*"), ("10e", "10*"), ("x10", "10"), ("×10", "10"), (" ", "")):
        plain = plain.replace(old, new)
    return plain


def _u(
    code: str,
    low: str,
    high: str,
    factor: str | Decimal = "1",
    label: str | None = None,
    *,
    ask: tuple[str, str] | None = None,
    digits: int = 1,
    offset: str = "0",
    si: bool = False,
    source: str = "",
    tag: str = "D",
    also: tuple[str, ...] = (),
) -> Unit:
    ask_low, ask_high = ask or (low, high)
    return Unit(
        code,
        code if label is None else label,
        Decimal(factor),
        Decimal(low),
        Decimal(high),
        Decimal(ask_low),
        Decimal(ask_high),
        digits,
        Decimal(offset),
        si,
        source or Unit.source,
        tag,
        also,
    )


def _per(value: str) -> Decimal:
    return Decimal(1) / Decimal(value)


_LAB, _VITAL, _SURVEY = "laboratory", "vital-signs", "survey"
_15 = "clinical laboratory conversion tables"
_TABLE = "molar mass; clinical laboratory conversion tables"
ECOG, KPS, WEIGHT, HEIGHT, CGA = "89247-1", "89243-0", "29463-7", "8302-2", "9811-1"
CGA_MOLES, CGA_UNITS, HIAA, NT_PROBNP, NSE = "25587-7", "30169-7", "1695-6", "33762-6", "57371-7"
HB, WBC, ANC, PLATELETS = "718-7", "6690-2", "751-8", "777-3"
CREATININE, BILIRUBIN, ALBUMIN, INR, EGFR = "2160-0", "1975-2", "1751-7", "6301-6", "33914-3"
ALT, AST = "1742-6", "1920-8"
_COUNT = ("10*3/uL", "10*3/mm3", "/nL", "K/uL", "thou/uL", "G/L")
_E9 = {"label": "×10⁹/L", "also": _COUNT}
_PER_UL = {"factor": "0.001", "label": "/µL", "digits": 0, "also": ("{cells}/uL", "/mm3")}
_UL = {"also": ("IU/L", "[IU]/L")}


def _cells(code: str, label: str, low: str, high: str, few: str, many: str) -> Measure:
    """A count: thousands per microliter are the same number as 10⁹ per liter."""
    low_ul, high_ul = str(Decimal(low) * 1000), str(Decimal(high) * 1000)
    each = (str(Decimal(few) * 1000), str(Decimal(many) * 1000))
    return Measure(
        code,
        label,
        _LAB,
        (
            _u("10*9/L", low, high, ask=(few, many), digits=1, **_E9),  # type: ignore[arg-type]
            _u("/uL", low_ul, high_ul, ask=each, **_PER_UL),  # type: ignore[arg-type]
        ),
    )


def _enzyme(code: str, label: str, low: str, high: str) -> Measure:
    return Measure(code, label, _LAB, (_u("U/L", low, high, digits=0, **_UL),))  # type: ignore[arg-type]


# What people tell by phone; without a LOINC code that we could check, so with names of our own (P).
PAIN, STOOLS, FLUSHES = "pain", "stools", "flushes"

_ALL = (
    Measure(ECOG, "ECOG", _SURVEY, (_u("{score}", "0", "5", label="", digits=0, also=("1",)),)),
    Measure(KPS, "Karnofsky", _SURVEY, (_u("%", "0", "100", digits=0),)),
    Measure(
        WEIGHT,
        "Weight",
        _VITAL,
        (
            _u("kg", "20", "300", ask=("30", "200")),
            _u("[lb_av]", "44", "660", "0.45359237", "lb", source="international pound", also=("lbs",)),
            _u("g", "20000", "300000", "0.001", digits=0),
        ),
    ),
    Measure(
        HEIGHT,
        "Height",
        _VITAL,
        (
            _u("cm", "80", "230", ask=("120", "220"), digits=0),
            _u("m", "0.8", "2.3", "100", digits=2),
            _u("[in_i]", "32", "90", "2.54", "in", source="international inch"),
        ),
    ),
    Measure(
        CGA,
        "Chromogranin A",
        _LAB,
        (_u("ng/mL", "1", "100000", digits=0), _u("ug/L", "1", "100000", "1", "µg/L", digits=0, si=True)),
        by_assay=True,
        ppi_matters=True,
    ),
    Measure(
        CGA_MOLES,
        "Chromogranin A, molar",
        _LAB,
        (
            _u("nmol/L", "0.1", "5000", ask=("0.1", "90")),
            _u("pmol/L", "100", "5000000", "0.001", ask=("100", "90000"), digits=0),
        ),
        by_assay=True,
        ppi_matters=True,
    ),
    Measure(
        CGA_UNITS,
        "Chromogranin A, units",
        _LAB,
        (_u("U/L", "1", "100000", digits=0),),
        by_assay=True,
        ppi_matters=True,
    ),
    Measure(
        HIAA,
        "5-HIAA, 24 h urine",
        _LAB,
        (
            _u("mg/(24.h)", "0.1", "2000", label="mg/24 h", also=("mg/24h", "mg/d")),
            _u(
                "umol/(24.h)",
                "0.5",
                "10500",
                _per("5.23"),
                "µmol/24 h",
                si=True,
                source=_15,
                tag="P",
                also=("umol/24h", "umol/d"),
            ),
        ),
        by_assay=True,
    ),
    Measure(NSE, "NSE", _LAB, (_u("ng/mL", "0.5", "5000"), _u("ug/L", "0.5", "5000", label="µg/L", si=True))),
    Measure(
        NT_PROBNP,
        "NT-proBNP",
        _LAB,
        (
            _u("pg/mL", "1", "100000", digits=0),
            _u("ng/L", "1", "100000", digits=0, si=True, source=_15, tag="P"),
        ),
    ),
    Measure(
        HB,
        "Hemoglobin",
        _LAB,
        (
            _u("g/dL", "2", "25", ask=("4", "22")),
            _u("g/L", "26", "250", "0.1", ask=("40", "220"), digits=0, si=True, source=_15, tag="P"),
            _u("mmol/L", "1.2", "15.6", "1.6114", ask=("2.5", "13.7"), source=_TABLE, tag="P"),
        ),
    ),
    _cells(WBC, "WBC", "0.05", "500", "0.2", "150"),
    _cells(ANC, "Neutrophils", "0", "300", "0.1", "99"),
    _cells(PLATELETS, "Platelets", "1", "3000", "5", "1500"),
    Measure(
        CREATININE,
        "Creatinine",
        _LAB,
        (
            _u("mg/dL", "0.1", "25", ask=("0.2", "15"), digits=2),
            _u(
                "umol/L",
                "26",
                "2200",
                _per("88.4"),
                "µmol/L",
                ask=("26", "1300"),
                digits=0,
                si=True,
                source=_TABLE,
                tag="P",
            ),
        ),
    ),
    Measure(
        EGFR,
        "eGFR",
        _LAB,
        (_u("mL/min/{1.73_m2}", "1", "200", label="mL/min/1.73 m²", digits=0, also=("mL/min/1.73m2",)),),
    ),
    Measure(
        BILIRUBIN,
        "Bilirubin",
        _LAB,
        (
            _u("mg/dL", "0.05", "60", ask=("0.1", "3")),
            _u(
                "umol/L",
                "1",
                "1000",
                _per("17.1"),
                "µmol/L",
                ask=("3.1", "500"),
                digits=0,
                si=True,
                source=_15,
                tag="P",
            ),
        ),
    ),
    Measure(
        ALBUMIN,
        "Albumin",
        _LAB,
        (
            _u("g/dL", "0.8", "7", ask=("1", "6.5")),
            _u("g/L", "8", "70", "0.1", ask=("10", "65"), digits=0, si=True, source=_15, tag="P"),
        ),
    ),
    _enzyme(ALT, "ALT", "1", "15000"),
    _enzyme(AST, "AST", "1", "15000"),
    _enzyme("6768-6", "ALP", "5", "8000"),
    _enzyme("2324-2", "GGT", "1", "8000"),
    Measure(INR, "INR", _LAB, (_u("{INR}", "0.5", "20", ask=("0.7", "10"), label="", also=("1",)),)),
    Measure(
        "2345-7",
        "Glucose",
        _LAB,
        (
            _u("mg/dL", "10", "1500", ask=("36", "1000"), digits=0),
            _u("mmol/L", "0.5", "83", "18.016", ask=("1.5", "35"), si=True, source=_TABLE, tag="P"),
        ),
    ),
    Measure(
        "4548-4",
        "HbA1c",
        _LAB,
        (
            _u("%", "2", "20", ask=("3", "18")),
            _u(
                "mmol/mol",
                "0.5",
                "195",
                "0.09148",
                offset="2.152",
                ask=("19", "190"),
                digits=0,
                si=True,
                source="IFCC and NGSP master equation",
                tag="P",
            ),
        ),
    ),
    Measure("3016-3", "TSH", _LAB, (_u("m[IU]/L", "0.001", "500", label="mIU/L", digits=2, also=("mU/L", "uIU/mL")),)),
    Measure(STOOLS, "Bowel movements", _SURVEY, (_u("/d", "0", "40", digits=0),)),
    Measure(FLUSHES, "Flushes", _SURVEY, (_u("/d", "0", "100", digits=0),)),
    Measure(PAIN, "Pain", _SURVEY, (_u("{score}", "0", "10", label="", digits=0),)),
)
MEASURES: dict[str, Measure] = {measure.code: measure for measure in _ALL}


def is_laboratory(code: str, category: str = "") -> bool:
    """Whether a result comes from the laboratory; `category` decides for a code that we do not know."""
    return MEASURES[code].category == _LAB if code in MEASURES else category == _LAB


# Markers whose rise means tumor, and what a sheet of labs asks for, in the order of the sheet.
SHEET = tuple(measure for measure in _ALL if measure.category == _LAB and measure.code not in {CGA_MOLES, CGA_UNITS})
_PLACES = Decimal("0.000001")


def plain(value: Decimal) -> str:
    """Digits without an exponent and without zeros behind."""
    return f"{value.normalize():f}" if value else "0"


def converted(measure: Measure, value: Decimal, unit: str, *, sure: bool = False) -> tuple[Decimal, str]:
    """The value in the measure's own unit. Raises ValueError with a sentence for the person who typed it when the unit
    is not accepted or the value is not possible in it (naming the unit in which it would be). `sure`: a person has
    confirmed value and unit; below zero, and outside of a scale, nothing can be confirmed."""
    chosen = measure.unit_named(unit) if unit else measure.unit
    if chosen is None:
        accepted = ", ".join(u.name or u.code for u in measure.units)
        raise ValueError(f"{measure.label} is entered in {accepted}, not in {unit}.")
    if not chosen.low <= value <= chosen.high and (not sure or measure.is_score or value < 0):
        raise ValueError(
            _doubt(measure, value, chosen, "not plausible", [u.low <= value <= u.high for u in measure.units])
        )
    return chosen.stored(value).quantize(_PLACES).normalize(), measure.unit.code


def _doubt(measure: Measure, value: Decimal, chosen: Unit, word: str, fits: list[bool]) -> str:
    others = [u for u, fit in zip(measure.units, fits, strict=True) if fit and u is not chosen]
    hint = f" Did you mean {' or '.join(u.name for u in others)}?" if others else ""
    return f"{measure.label} {plain(value)} is {word} in {chosen.name or 'this scale'}.{hint}"


def question(measure: Measure, value: Decimal, unit: str) -> Question | None:
    """What to ask before such a value is stored; None when it is unremarkable. Raises ValueError for a unit that is
    not accepted."""
    chosen = measure.unit_named(unit) if unit else measure.unit
    if chosen is None:
        converted(measure, value, unit)
        raise AssertionError("an unknown unit converts")
    if chosen.ask_low <= value <= chosen.ask_high:
        return None
    fits = [u.ask_low <= value <= u.ask_high for u in measure.units]
    word = "unusual" if chosen.low <= value <= chosen.high else "not plausible"
    may = not measure.is_score and value >= 0
    return Question(
        _doubt(measure, value, chosen, word, fits),
        chosen,
        tuple(u for u, fit in zip(measure.units, fits, strict=True) if fit and u is not chosen),
        may,
    )


def in_preferred(
    code: str, value: Decimal, unit: str, system: str, *, original: str = "", original_unit: str = ""
) -> tuple[Decimal, str]:
    """A stored value with the unit in which a team reads it, as people write it. What was entered in that very unit is
    given back as it was entered. Unknown tests and units stay as they are stored."""
    measure = MEASURES.get(code)
    if measure is None or (unit and measure.unit_named(unit) is not measure.unit):
        known = measure.unit_named(unit) if measure else None
        return value, known.name if known else unit
    wanted = measure.preferred(system)
    if original and original_unit and wanted.spelled(original_unit):
        try:
            return Decimal(original), wanted.name
        except ArithmeticError:
            pass  # an import's wording
    if wanted is measure.unit:
        return value, wanted.name
    return wanted.of_stored(value), wanted.name


def in_both(code: str, value: Decimal, system: str) -> str:
    """A value in the test's first unit, which thresholds are written in, with the team's unit beside it where that is
    another one: "9.1 g/dL (91 g/L)"."""
    measure = MEASURES[code]
    own = f"{plain(value)} {measure.unit.name}".strip()
    shown, unit = in_preferred(code, value, measure.unit.code, system)
    return own if unit == measure.unit.name else f"{own} ({plain(shown)} {unit})"
