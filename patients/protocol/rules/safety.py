"""The safety net: after how long something counts as fallen through. Pure."""

from __future__ import annotations

from patients.protocol.rules.base import ProtocolNumber, Tag
from patients.protocol.rules.base import number as _n

SAFETY: tuple[ProtocolNumber, ...] = (
    _n("safety.line_silent", "Running line: no dose, visit or call for", "120", "d", "design", Tag.D, "42", "365"),
    _n("safety.line_overlap", "Newer line started: the older still runs after", "28", "d", "design", Tag.D, "7", "90"),
    _n("safety.line_start", "Planned line: start passed by", "7", "d", "design", Tag.D, "1", "42"),
    _n("safety.minutes", "Meeting over: decisions signed within", "2", "working d", "design", Tag.D, "1", "10"),
)
