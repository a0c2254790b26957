"""What an imported resource asks of a board."""

from __future__ import annotations

from dataclasses import dataclass

from patients.fhir.rules.mapping.context import notes
from patients.fhir.rules.report import JsonObject
from patients.fhir.rules.values import choice, concept, obj, objects, status, text
from tumorboard.fhir.rules.codes import QUESTION, URGENCY
from tumorboard.referrals.rules import QuestionKind
from tumorboard.suggestions.rules import Asked

# P: states of R4, and those of DSTU2 and STU3, in which nobody asks any longer.
_OVER = {
    "revoked": "The source withdrew it",
    "cancelled": "The source withdrew it",
    "rejected": "The source withdrew it",
    "entered-in-error": "The source says that it was entered in error",
    "completed": "Settled where it came from",
    "failed": "The source withdrew it",
}


@dataclass(frozen=True)
class Request:
    """`over`: why it no longer asks; empty while it does. `by`: the reference of who asks, where it has no name."""

    asked: Asked
    over: str
    by: JsonObject


def request_of(resource: JsonObject) -> Request:
    """Of a ServiceRequest or a Task (and their names in older FHIR). Raises nothing for strange content."""
    reason = concept(resource.get("reasonCode") or resource.get("reason"))
    kind = reason.code(QUESTION)
    who = next(
        (obj(resource.get(name)) for name in ("requester", "orderer", "author", "owner") if obj(resource.get(name))), {}
    )
    who = obj(who.get("agent")) or who  # STU3
    return Request(
        Asked(
            question=_question(resource),
            referrer=text(who.get("display"), 160),
            question_kind=kind if kind in QuestionKind.values else "",
            urgency=str(URGENCY.get(status(resource.get("priority")), "")),
        ),
        over=_OVER.get(status(resource.get("status")), ""),
        by=who,
    )


def _question(resource: JsonObject) -> str:
    """The reason for asking, else the remarks, the description, an input of a task, at last the name of the order."""
    reasons = [concept(raw).label for name in ("reasonCode", "reason") for raw in objects(resource.get(name))]
    inputs = [text(choice(raw, "value")[1]) for raw in objects(resource.get("input"))]
    found = (
        "\n".join(dict.fromkeys(part for part in reasons if part)),
        notes(resource),
        text(resource.get("patientInstruction")),
        text(resource.get("description")),
        "\n".join(part for part in inputs if part),
        concept(resource.get("code")).label,
    )
    return next((each for each in found if each), "The request names no question.")
