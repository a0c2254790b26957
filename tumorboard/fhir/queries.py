"""Reading a decision as FHIR resources, for the export."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from tumorboard.actions.queries import ActionRow, actions_of_decisions
from tumorboard.decisions.queries import DecisionRow, decisions_of_patient
from tumorboard.fhir.rules import OUTCOME_SYSTEM, REASON_SYSTEM, REQUEST_STATUS, SYSTEM, TASK_STATUS

if TYPE_CHECKING:
    from patients.record.models import Patient

Resource = dict[str, Any]


def board_resources(patient: Patient, today: date) -> list[Resource]:
    """CarePlan, ServiceRequest and Task resources of the patient's signed decisions, latest decision first.

    References are relative (`Patient/<id>`); ids are stable between exports.
    """
    decisions = decisions_of_patient(patient.pk)
    actions: dict[int, list[ActionRow]] = {}
    for action in actions_of_decisions([row.id for row in decisions], today):
        actions.setdefault(action.decision_id or 0, []).append(action)
    resources: list[Resource] = []
    for row in decisions:
        resources += decision_resources(row, tuple(actions.get(row.id, ())))
    return resources


def decision_resources(row: DecisionRow, actions: tuple[ActionRow, ...]) -> list[Resource]:
    """The CarePlan of one signed decision, then what it refers to. Raises `ValueError` for a draft."""
    if row.signed_at is None:
        raise ValueError("A draft is not part of the record and is not exported.")
    subject = {"reference": f"Patient/{row.patient_id}"}
    requests: list[Resource] = []
    for each in row.recommendations:
        request: Resource = {
            "resourceType": "ServiceRequest",
            "id": f"recommendation-{each.id}",
            "status": REQUEST_STATUS[each.status],
            "intent": "proposal",
            "subject": subject,
            "authoredOn": row.signed_at.isoformat(),
            "code": {"coding": [{"system": SYSTEM, "code": each.option, "display": each.label}], "text": each.label},
            "requester": {"display": row.signed_by},
        }
        if each.condition:
            request["asNeededCodeableConcept"] = {"text": each.condition}
        if each.trial:
            request["supportingInfo"] = [{"display": each.trial}]
        strength = f"Strength: {each.strength.lower()}" if each.strength else ""
        evidence = f"Evidence: {each.evidence}" if each.evidence else ""
        if notes := [note for note in (each.detail, strength, evidence) if note]:
            request["note"] = [{"text": note} for note in notes]
        if each.deviation:
            request["reasonCode"] = [{"coding": [{"system": REASON_SYSTEM, "display": each.deviation}]}]
        requests.append(request)
    tasks: list[Resource] = [
        {
            "resourceType": "Task",
            "id": f"action-{action.id}",
            "status": TASK_STATUS[action.status],
            "intent": "order",
            "description": action.what,
            "for": subject,
            "owner": {"display": action.owner},
            "restriction": {"period": {"end": action.due_on.isoformat()}},
        }
        for action in actions
    ]
    notes = [
        row.rationale,
        *(f"Not {each.label}: {each.reason}" for each in row.alternatives),
        row.dissent and f"Dissent: {row.dissent}",
        *(added.text for added in row.addenda),
    ]
    plan: Resource = {
        "resourceType": "CarePlan",
        "id": f"decision-{row.id}",
        "status": "active" if any(each.is_open for each in row.recommendations) else "completed",
        "intent": "proposal",
        "title": f"{row.board_name}, {row.held_on.isoformat()}",
        "category": [{"coding": [{"system": OUTCOME_SYSTEM, "code": row.outcome, "display": row.outcome.label}]}],
        "description": row.text,
        "subject": subject,
        "created": row.signed_at.isoformat(),
        "author": {"display": row.signed_by},
        "activity": [
            {"reference": {"reference": f"{each['resourceType']}/{each['id']}"}} for each in [*requests, *tasks]
        ],
        "note": [{"text": note} for note in notes if note],
    }
    return [{key: value for key, value in plan.items() if value != []}, *requests, *tasks]
