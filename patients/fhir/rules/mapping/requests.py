"""Does a resource ask for a discussion at a tumor board? What it asks is read above, where boards are known."""

import re
from collections.abc import Iterator

from patients.fhir.rules.codes.own import BOARD_REQUEST
from patients.fhir.rules.report import JsonObject
from patients.fhir.rules.values import Concept, concept

ASKS_A_BOARD = "asks a tumor board; offered to the coordinator of ours, who files it or not"
_KINDS = frozenset({"ServiceRequest", "Task", "ReferralRequest", "ProcedureRequest"})
# P: names of such orders in English, German, French and Spanish hospitals; no code for them is agreed upon.
_WORDS = re.compile(
    r"\b(?:tumou?r|cancer|oncolog\w*|multidisciplinary|interdisciplinary)[ -]?(?:\w+[ -])?"
    r"(?:board|conference|case conference|team meeting|mdt)\b"
    r"|\bmdt (?:meeting|discussion|review)\b|tumor-?konferenz|tumorboard"
    r"|r[eé]union de concertation pluridisciplinaire|comit[eé] de tumores",
    re.IGNORECASE,
)


def asks_a_board(resource: JsonObject) -> bool:
    """By our own code, else by the words of its code, category or order detail."""
    if resource.get("resourceType") not in _KINDS:
        return False
    return any(
        any(c.system == BOARD_REQUEST for c in part.codings) or _WORDS.search(part.words) for part in _said(resource)
    )


def _said(resource: JsonObject) -> Iterator[Concept]:
    for name in ("code", "category", "orderDetail", "serviceRequested", "performerType", "type"):
        raw = resource.get(name)
        yield from (concept(each) for each in (raw if isinstance(raw, list) else [raw]))
