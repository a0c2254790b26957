"""What stands here of a patient's wishes goes before what a file says: an import ends, replaces, revives none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from careteam.web.words import day
from patients.fhir.rules.rows import Row
from patients.record.models import Patient, PatientContact
from patients.wishes.models import Wish
from patients.wishes.rules import MANY, TreatmentLimit

if TYPE_CHECKING:
    from datetime import date

# What can contradict what else stands here of a patient's wishes.
CONTRADICTING = ("PatientContact", "Wish", "WishDocument")


def without_contradictions(patient: Patient, rows: Sequence[Row]) -> tuple[list[Row], dict[str, str]]:
    """The new rows that may be written, and for the members of the others why not. Two queries at most."""
    reasons: dict[str, str] = {}
    ours = (
        list(Wish.objects.valid().filter(patient=patient).order_by("-since", "-pk"))
        if any(row.table == "Wish" for row in rows)
        else []
    )
    proxies = (
        list(PatientContact.objects.valid().filter(patient=patient, is_proxy=True))
        if any(row.values.get("is_proxy") for row in rows)
        else []
    )
    kept = []
    for row in rows:
        why = _why_not(row, ours) if row.table == "Wish" else ""
        if row.table == "PatientContact" and row.values.get("is_proxy") and proxies:
            row.values["is_proxy"] = False
            for member in row.members[1:]:
                reasons[member] = f"names another health care agent; here it is {proxies[0]}: ask the patient"
        if why:
            reasons |= dict.fromkeys(row.members, why)
        else:
            kept.append(row)
    return kept, reasons


def _why_not(row: Row, ours: Sequence[Wish]) -> str:
    values = row.values
    for wish in ours:
        if not _same_slot(values, wish):
            continue
        if wish.ended_on is None and (wish.code, wish.words) == (values["code"], values["words"]):
            return f"stands here already, said on {day(wish.since)}"
        if wish.ended_on is None:
            return f"here it is “{wish.text}”, said on {day(wish.since)}; ask the patient, then record it"
        if _ended_after(wish, values["since"]):
            return f"“{wish.text}” was ended here on {day(wish.ended_on)}; ask the patient, then record it"
    return ""


def _ended_after(wish: Wish, since: date) -> bool:
    return bool(wish.ended_on and wish.ended_on >= since)


def _same_slot(values: dict[str, Any], wish: Wish) -> bool:
    if values["kind"] != wish.kind:
        return False
    if wish.kind not in MANY:
        return True
    same_words = values["code"] != TreatmentLimit.OTHER or values["words"] == wish.words
    return bool(values["code"] == wish.code and same_words)
