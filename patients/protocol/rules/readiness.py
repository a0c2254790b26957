"""The readiness gate of the board: how old a value may be on the day of the meeting, and when it is chased. Pure."""

from __future__ import annotations

from patients.protocol.rules.base import ProtocolNumber, Tag
from patients.protocol.rules.base import number as _n

# `clinical.md` 6 names the values, not their ages: D where no source says one. Labs before PRRT, embolization and the
# age of SSTR imaging are numbers of guidance ("prrt.lab_age", "tare.lab_age", "sstr.age"): one number, one place.
READINESS: tuple[ProtocolNumber, ...] = (
    _n("ready.ecog_age", "Board case: ECOG at most this old", "56", "d", "design", Tag.D, "14", "120"),
    _n("ready.scan_age", "Board case: CT or MRI at most this old", "120", "d", "design", Tag.D, "42", "183"),
    _n(
        "ready.marker_age",
        "Board case: markers at most this old",
        "183",
        "d",
        "3–6 months, with the scan",
        Tag.P,
        "90",
        "183",
    ),
    _n("ready.lab_age", "Board case: labs at most this old, other questions", "90", "d", "design", Tag.D, "14", "183"),
    _n("ready.symptom_age", "Board case: symptoms asked within", "56", "d", "design", Tag.D, "14", "120"),
    _n("ready.lead", "Board case: complete this long before the cut-off", "1", "d", "design", Tag.D, "0", "7"),
    _n("ready.remind", "Board case: reminded again before that", "2", "d", "design", Tag.D, "1", "7"),
)
