"""Surveillance by labs and markers: intervals, and how soon a test is too soon (`clinical.md` 1.6, 2.2, 3.3)."""

from __future__ import annotations

from patients.protocol.rules.base import ProtocolNumber, Tag
from patients.protocol.rules.base import number as _n

_AFTER = "published follow-up after PRRT: 1, 3, 6, 12 months, then yearly"
# Situations L1 to L6: what asks for a lab, and how often, in days.
LAB_INTERVALS: tuple[ProtocolNumber, ...] = (
    _n("L1", "CgA, raised at baseline", "90", "d", "prior knowledge: 3–6 months, with the scan", Tag.P, "90", "183"),
    _n("L2", "5-HIAA, carcinoid syndrome", "90", "d", "prior knowledge: 3–6 months", Tag.P, "90", "183"),
    _n("L3", "NSE, NEC or NET G3", "60", "d", "prior knowledge: with the scans", Tag.P, "56", "92"),
    _n("L4", "NT-proBNP, carcinoid syndrome", "365", "d", "prior knowledge: 12 months", Tag.P, "183", "365"),
    _n(
        "L4.heart",
        "NT-proBNP, known carcinoid heart disease",
        "91",
        "d",
        "prior knowledge: every 3–6 months",
        Tag.P,
        "91",
        "183",
    ),
    _n("L5", "Labs during PRRT", "42", "d", "published follow-up: every 4–6 weeks", Tag.V2, "28", "42"),
    _n("L6", "Labs after the last PRRT dose: first", "30", "d", _AFTER, Tag.V2, "28", "42"),
    _n("L6.second", "Labs after the last PRRT dose: second", "91", "d", _AFTER, Tag.V2, "77", "105"),
    _n("L6.third", "Labs after the last PRRT dose: third", "183", "d", _AFTER, Tag.V2, "154", "197"),
    _n("L6.fourth", "Labs after the last PRRT dose: fourth", "365", "d", _AFTER, Tag.V2, "330", "395"),
    _n("L6.next", "Labs after the last PRRT dose: then every", "365", "d", _AFTER, Tag.V2, "330", "395"),
)

# A result newer than this is named before the same is asked for again: half of the shortest interval of the source.
_HALF = "design: half of the shortest interval"
REPEATS: tuple[ProtocolNumber, ...] = (
    _n("again.cga", "CgA: said to be new for", "45", "d", _HALF, Tag.D, "14", "90"),
    _n("again.hiaa", "5-HIAA: said to be new for", "45", "d", _HALF, Tag.D, "14", "90"),
    _n("again.nse", "NSE: said to be new for", "28", "d", _HALF, Tag.D, "14", "56"),
    _n("again.ntprobnp", "NT-proBNP: said to be new for", "91", "d", _HALF, Tag.D, "30", "183"),
    _n("again.prrt_labs", "PRRT labs: said to be new for", "14", "d", _HALF, Tag.D, "7", "28"),
    _n("again.scan", "A scan of the same kind: said to be new for", "28", "d", _HALF, Tag.D, "14", "56"),
    _n("labs.together", "Labs due within this time are drawn together", "14", "d", "design", Tag.D, "0", "28"),
)
