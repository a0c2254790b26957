"""Palliative care: what makes a patient urgent, how far ahead the list looks, hospice, bereavement. Pure."""

from __future__ import annotations

from patients.protocol.rules.base import ProtocolNumber, Tag
from patients.protocol.rules.base import number as _n


def _points(code: str, name: str, value: str) -> ProtocolNumber:
    """What one reason adds to the order of the palliative list; 0 leaves it out."""
    return _n(f"palliative.{code}", f"Palliative list: {name}", value, "points", "design", Tag.D, "0", "100")


PALLIATIVE: tuple[ProtocolNumber, ...] = (
    _points("severe", "severe symptom", "40"),
    _points("hospice", "hospice transition unfinished", "35"),
    _points("referral", "referral that waits for an answer", "30"),
    _points("decision", "decision ahead and no conversation since it was planned", "25"),
    _points("prompt", "open goals prompt", "20"),
    _points("strained", "caregiver strained", "15"),
    _points("distress", "distress", "15"),
    _points("ecog", "ECOG rising", "15"),
    _points("silent", "no conversation on record, or one that is due for review", "10"),
    _n("palliative.recent", "How long symptoms count as present", "30", "d", "design", Tag.D, "7", "90"),
    _n("palliative.ahead", "How far ahead a decision counts", "28", "d", "design", Tag.D, "7", "90"),
    _n("palliative.strain", "Caregiver strain that asks for help", "7", "of 10", "design", Tag.D, "4", "9"),
    _n("hospice.prognosis", "Hospice: expected prognosis at most", "6", "mo", "42 CFR 418.22", Tag.V),
    _n("bereavement.call", "After a death: call", "10", "d", "design", Tag.D, "3", "30"),
    _n("bereavement.letter", "After a death: letter", "28", "d", "design", Tag.D, "7", "90"),
    _n("bereavement.remembrance", "After a death: remembrance", "183", "d", "design", Tag.D, "90", "400"),
)
