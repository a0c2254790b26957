"""Referrals and decisions as resources: a ServiceRequest for the question; a ClinicalImpression and a CarePlan for the
answer, with a ServiceRequest per recommendation and a Task per action.

The plan is shaped after the German tumor conference: what kind of conference, its day, the tumor, one activity per
recommendation with its code, state and whether the patient wished otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from patients.fhir.rules.export import coding, concept, filled, instant, reference, resource_id, start
from patients.fhir.rules.report import JsonObject
from tumorboard.decisions.rules import DeviationReason, Option
from tumorboard.fhir.rules import codes
from tumorboard.referrals.rules import QuestionKind, ReferralKind, ReferralStatus, Urgency

if TYPE_CHECKING:
    from tumorboard.actions.queries import ActionRow
    from tumorboard.decisions.queries import DecisionRow, RecommendationRow


@dataclass(frozen=True)
class Asking:
    """A referral. `shown`: kind of resource, table and key of what the board is to see."""

    id: int
    status: ReferralStatus
    kind: ReferralKind
    question_kind: QuestionKind
    question: str
    hoped_for: str
    urgency: Urgency
    asked_at: datetime | None
    asked_by: str
    board_name: str
    shown: tuple[tuple[str, str, int], ...] = ()


@dataclass(frozen=True)
class Linked:
    """What the resources of one patient refer to: the patient, and the main diagnosis where there is one."""

    subject: JsonObject
    diagnosis_id: int | None = None

    @property
    def tumor(self) -> list[JsonObject]:
        return [reference("Condition", resource_id("diagnosis", self.diagnosis_id))] if self.diagnosis_id else []


def referral_request(row: Asking, linked: Linked) -> JsonObject:
    """The question to the board."""
    return filled(
        **start("ServiceRequest", "referral", row.id),
        status=codes.REFERRAL_STATUS[row.status],
        intent="order",
        category=[concept(coding(codes.BOARD_REQUEST, codes.TUMOR_BOARD, "Tumor board discussion"))],
        priority=codes.PRIORITY[row.urgency],
        code=concept(coding(codes.BOARD_REQUEST, row.kind, row.kind.label), text=f"Tumor board: {row.board_name}"),
        subject=linked.subject,
        authoredOn=instant(row.asked_at) if row.asked_at else "",
        requester={"display": row.asked_by} if row.asked_by else {},
        performer=[{"display": row.board_name}],
        reasonCode=[concept(coding(codes.QUESTION, row.question_kind, row.question_kind.label), text=row.question)],
        reasonReference=linked.tumor,
        supportingInfo=[reference(kind, resource_id(table, pk)) for kind, table, pk in row.shown],
        note=[{"text": f"Hoped for: {row.hoped_for}"}] if row.hoped_for else [],
    )


def decision_resources(
    row: DecisionRow,
    actions: tuple[ActionRow, ...],
    linked: Linked,
    *,
    referral_id: int,
    planning: tuple[str, str],
) -> list[JsonObject]:
    """The plan of one signed decision, the impression behind it, then what follows. Raises `ValueError` for a draft."""
    if row.signed_at is None:
        raise ValueError("A draft is not part of the record and is not exported.")
    signed = instant(row.signed_at)
    plan_id = resource_id("decision", row.id)
    asked = reference("ServiceRequest", resource_id("referral", referral_id))
    impression = _impression(row, linked, asked, signed)
    requests = [_request(each, row, linked, plan_id, signed) for each in row.recommendations]
    tasks = [_task(action, linked, plan_id) for action in actions]
    plan = filled(
        **_plan_start(row.id),
        identifier=[{"system": codes.DECISION, "value": str(row.id)}],
        status="active" if any(each.is_open for each in row.recommendations) else "completed",
        intent="plan",
        category=[concept(coding(codes.MII_PLANNING, *planning))],
        title=f"{row.board_name}, {row.held_on.isoformat()}",
        description=row.text,
        subject=linked.subject,
        created=row.held_on.isoformat(),
        author={"display": row.signed_by},
        addresses=linked.tumor,
        supportingInfo=[reference("ClinicalImpression", impression["id"]), asked],
        activity=[
            *({"detail": _detail(each, linked)} for each in row.recommendations),
            *({"reference": reference("Task", task["id"])} for task in tasks),
        ],
        note=_notes(row),
    )
    return [plan, impression, *requests, *tasks]


def _plan_start(decision_id: int) -> JsonObject:
    return {**start("CarePlan", "decision", decision_id), "meta": {"profile": [codes.CONFERENCE]}}


def _notes(row: DecisionRow) -> list[JsonObject]:
    said = [
        row.rationale,
        *(f"Not {each.label}: {each.reason}" for each in row.alternatives),
        row.dissent and f"Dissent: {row.dissent}",
        *(added.text for added in row.addenda),
    ]
    return [{"text": note} for note in said if note]


def _impression(row: DecisionRow, linked: Linked, asked: JsonObject, signed: str) -> JsonObject:
    """How the board saw the case: the question, what was found, what it concluded."""
    findings: list[JsonObject] = [filled(itemReference=tumor, basis=row.rationale) for tumor in linked.tumor]
    if not findings and row.rationale:
        findings.append({"itemCodeableConcept": concept(text=row.rationale)})
    findings += [
        filled(
            itemCodeableConcept=concept(text=f"Conflict with the patient's goals: {conflict.words}"),
            basis=row.goals_conflict_note,
        )
        for conflict in (row.goal_check.conflicts if row.goal_check else ())
    ]
    if row.is_inquorate:
        findings.append({"itemCodeableConcept": concept(text=f"Inquorate, missing: {row.missing_specialties}")})
    return filled(
        **start("ClinicalImpression", "decision", row.id),
        status="completed",
        code=concept(coding(codes.OUTCOME, row.outcome, row.outcome.label), text="Tumor board decision"),
        description=row.question,
        subject=linked.subject,
        effectiveDateTime=row.held_on.isoformat(),
        date=signed,
        assessor={"display": row.signed_by},
        problem=linked.tumor,
        investigation=[{"code": concept(text="Question to the board"), "item": [asked]}],
        summary=row.text,
        finding=findings,
        note=[{"text": f"Dissent: {row.dissent}"}] if row.dissent else [],
    )


def _code(each: RecommendationRow) -> JsonObject:
    code, words = codes.THERAPY.get(Option(each.option), codes.OTHER_THERAPY)
    return concept(
        coding(codes.MII_THERAPY, code, words),
        coding(codes.OPTION, each.option, each.label),
        text=f"{each.label}: {each.detail}" if each.detail else each.label,
    )


def _terms(each: RecommendationRow) -> str:
    """How firmly, on which condition, in which trial, on what evidence; empty where the board said nothing of it."""
    said = (each.strength, each.condition, each.trial, each.evidence and f"Evidence: {each.evidence}")
    return "; ".join(part for part in said if part)


def _reason(each: RecommendationRow) -> JsonObject:
    """Why it was not done as recommended; in the German profile, whether the patient wished otherwise."""
    reason = codes.REASON_CODES.get(each.deviation, "")
    if not reason:
        return {}
    wished = reason == DeviationReason.PATIENT_CHOICE
    return concept(
        coding(codes.MII_WISH, "J" if wished else "N", "ja" if wished else "nein"),
        coding(codes.DEVIATION, reason, each.deviation),
        text=each.deviation,
    )


def _detail(each: RecommendationRow, linked: Linked) -> JsonObject:
    return filled(
        code=_code(each),
        reasonReference=linked.tumor,
        status=codes.ACTIVITY_STATUS[each.status],
        statusReason=_reason(each),
        description=_terms(each),
    )


def _request(each: RecommendationRow, row: DecisionRow, linked: Linked, plan_id: str, signed: str) -> JsonObject:
    reason = codes.REASON_CODES.get(each.deviation, "")
    return filled(
        **start("ServiceRequest", "recommendation", each.id),
        basedOn=[reference("CarePlan", plan_id)],
        status=codes.REQUEST_STATUS[each.status],
        intent="proposal",
        code=concept(coding(codes.OPTION, each.option, each.label), text=each.label),
        subject=linked.subject,
        authoredOn=signed,
        requester={"display": row.signed_by},
        reasonCode=[concept(coding(codes.DEVIATION, reason, each.deviation))] if reason else [],
        reasonReference=linked.tumor,
        asNeededCodeableConcept=concept(text=each.condition) if each.condition else {},
        note=[{"text": text} for text in (each.detail, _terms(each)) if text],
    )


def _task(action: ActionRow, linked: Linked, plan_id: str) -> JsonObject:
    return filled(
        **start("Task", "action", action.id),
        basedOn=[reference("CarePlan", plan_id)],
        status=codes.TASK_STATUS[action.status],
        intent="order",
        description=action.what,
        for_=linked.subject,
        owner={"display": action.owner},
        restriction={"period": {"end": action.due_on.isoformat()}},
        note=[{"text": action.outcome}] if action.outcome else [],
    )
