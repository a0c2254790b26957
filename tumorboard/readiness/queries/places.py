"""Where each item is mended: the page of the record on which somebody enters what is missing."""

from __future__ import annotations

from collections.abc import Callable

from django.urls import reverse

from patients.record.rules import ECOG
from tumorboard.readiness.rules import CaseFacts, Found, Item, State


def _of_diagnosis(patient_id: int, f: CaseFacts) -> str:
    if f.diagnosis_id:
        return reverse("record-change", args=[patient_id, "diagnosis", f.diagnosis_id])
    return reverse("record-add", args=[patient_id, "diagnosis"])


def _of_specimen(patient_id: int, f: CaseFacts) -> str:
    if f.specimen_id:
        return reverse("record-change", args=[patient_id, "specimen", f.specimen_id])
    return reverse("record-add", args=[patient_id, "specimen"])


def _of_scan(patient_id: int, f: CaseFacts) -> str:
    if f.scan_ahead:
        return reverse("study-page", args=[f.scan_ahead.study_id])
    return reverse("study-create", args=[patient_id])


def _of_sstr(patient_id: int, f: CaseFacts) -> str:
    if f.sstr_ahead:
        return reverse("study-page", args=[f.sstr_ahead.study_id])
    return reverse("study-create", args=[patient_id])


def _of_lines(patient_id: int, f: CaseFacts) -> str:
    unexplained = (line for line in f.snapshot.lines if line.was_given and not line.is_running and not line.end_reason)
    line = next(unexplained, None)
    if line is not None:
        return reverse("line-page", args=[patient_id, line.line_id])
    return reverse("line-start", args=[patient_id])


def _entry(kind: str, query: str = "") -> Callable[[int, CaseFacts], str]:
    return lambda patient_id, _: reverse("record-add", args=[patient_id, kind]) + query


def _page(name: str) -> Callable[[int, CaseFacts], str]:
    return lambda patient_id, _: reverse(name, args=[patient_id])


_PLACES: dict[Item, Callable[[int, CaseFacts], str]] = {
    Item.GOALS: _page("goals-new"),
    Item.ECOG: _entry("measurement", f"?measure={ECOG}"),
    Item.PRIMARY: _of_diagnosis,
    Item.FUNCTION: _of_diagnosis,
    Item.DIFFERENTIATION: _of_specimen,
    Item.GRADE: _of_specimen,
    Item.SCAN: _of_scan,
    Item.RESPONSE: _entry("diseasestatus"),
    Item.LIVER: _entry("liverassessment"),
    Item.SSTR: _of_sstr,
    Item.FDG: _page("study-create"),
    Item.MARROW: _page("record-labs"),
    Item.KIDNEY: _page("record-labs"),
    Item.LIVER_LABS: _page("record-labs"),
    Item.MARKERS: _page("record-labs"),
    Item.LINES: _of_lines,
    Item.COMORBIDITY: _entry("comorbidity"),
    Item.HEART: _entry("clinicalflag", "?kind=heart_disease"),
    Item.SYMPTOMS: _entry("symptomassessment"),
    Item.TRIALS: _page("trial-consider"),
    Item.PALLIATIVE: _page("palliative-refer"),
}


def place_of(found: Found, facts: CaseFacts, *, referral_id: int, patient_id: int) -> str:
    """The address; empty where nothing is to be mended."""
    if found.state == State.PRESENT:
        return ""
    if found.item is Item.SCAN and found.state == State.PARTIAL and facts.scan:
        return reverse("study-page", args=[facts.scan.study_id])
    if found.item is Item.SSTR and found.state == State.PARTIAL:
        return reverse("record-add", args=[patient_id, "receptorimaging"])
    if found.item in _PLACES:
        return _PLACES[found.item](patient_id, facts)
    return reverse("referral-complete", args=[referral_id])
