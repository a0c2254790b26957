"""What figures of goals and of the last weeks of life are counted by (`clinical.md` 5.5). Pure."""

from __future__ import annotations

from patients.protocol.rules.base import ProtocolNumber, Tag
from patients.protocol.rules.base import number as _n

MEASURES: tuple[ProtocolNumber, ...] = (
    _n("measure.board_age", "Goals at the board: recent up to", "183", "d", "design", Tag.D, "30", "365"),
    _n("measure.therapy", "Systemic cancer therapy before death: within", "14", "d", "MIPS 453, NQF 0210", Tag.V),
    _n(
        "measure.ssa",
        "Somatostatin analogs count as therapy before death (1: they do)",
        "0",
        "of 1",
        "for the site to decide",
        Tag.D,
        "0",
        "1",
    ),
    _n("measure.icu", "Intensive care before death: within", "30", "d", "NQF 0213", Tag.V),
    _n("measure.emergency", "Emergency visits before death: within", "30", "d", "NQF 0211", Tag.P, "30", "30"),
    _n(
        "measure.emergency_visits",
        "Emergency visits before death: more than",
        "1",
        "visit",
        "NQF 0211",
        Tag.P,
        "1",
        "1",
    ),
    _n("measure.hospice_short", "Hospice before death: short below", "3", "d", "MIPS 457, NQF 0216", Tag.V),
    _n("measure.hospice_long", "Hospice before death: long above", "7", "d", "QOPI", Tag.P, "7", "7"),
    _n("measure.age", "Plan or surrogate documented: from the age of", "65", "y", "MIPS 047, NQF 0326", Tag.V),
    _n("measure.small", "Figures of smaller groups are not shown: below", "10", "patients", "design", Tag.D, "5", "30"),
)
