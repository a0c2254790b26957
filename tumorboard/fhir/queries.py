"""Reading a patient's referrals and decisions as FHIR resources, for the export."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from patients.fhir.rules.export import patient_id, reference
from patients.fhir.rules.report import JsonObject
from patients.record.models import Diagnosis
from patients.treatment.models import TreatmentLine
from patients.treatment.rules import LineRole
from tumorboard.actions.queries import ActionRow, actions_of_decisions
from tumorboard.decisions.models import Decision
from tumorboard.decisions.queries import decisions_of_patient
from tumorboard.fhir.rules import Asking, Linked, decision_resources, planning_of, referral_request
from tumorboard.referrals.models import Referral, ShownMaterial
from tumorboard.referrals.rules import QuestionKind, ReferralKind, ReferralStatus, Urgency

if TYPE_CHECKING:
    from patients.record.models import Patient


def board_resources(patient: Patient, today: date) -> list[JsonObject]:
    """The questions to boards, then of each signed decision (latest first) CarePlan, ClinicalImpression,
    ServiceRequests and Tasks. Ids are those of the export, the same every time. A constant number of queries."""
    diagnosis = Diagnosis.objects.valid().filter(patient=patient, is_main=True).first()
    linked = Linked(reference("Patient", patient_id(patient.pk)), diagnosis.pk if diagnosis else None)
    resources = [referral_request(row, linked) for row in _referrals(patient)]
    decisions = decisions_of_patient(patient.pk)
    ids = [row.id for row in decisions]
    actions: dict[int, list[ActionRow]] = {}
    for action in actions_of_decisions(ids, today):
        actions.setdefault(action.decision_id or 0, []).append(action)
    asked_in = dict(Decision.objects.filter(pk__in=ids).values_list("pk", "item__referral_id"))
    lines = _begun(patient)
    for row in decisions:
        resources += decision_resources(
            row,
            tuple(actions.get(row.id, ())),
            linked,
            referral_id=asked_in[row.id],
            planning=planning_of(modality for on, modality in lines if on < row.held_on),
        )
    return resources


def _referrals(patient: Patient) -> list[Asking]:
    """Those that were submitted, the oldest first."""
    rows = (
        Referral.objects.valid()
        .filter(patient=patient, submitted_at__isnull=False)
        .select_related("board", "submitted_by")
        .order_by("submitted_at", "pk")
    )
    shown: dict[int, list[tuple[str, str, int]]] = {}
    # Of a study that is not performed yet, or that says nothing, the export holds no ImagingStudy.
    material = ShownMaterial.objects.valid().filter(referral__patient=patient).select_related("study").order_by("pk")
    for each in material:
        if each.specimen_id:
            shown.setdefault(each.referral_id, []).append(("Specimen", "specimen", each.specimen_id))
        elif each.study and each.study.performed_on and each.study.status != "closed":
            shown.setdefault(each.referral_id, []).append(("ImagingStudy", "study", each.study.pk))
    return [
        Asking(
            id=row.pk,
            status=ReferralStatus(row.status),
            kind=ReferralKind(row.kind),
            question_kind=QuestionKind(row.question_kind),
            question=row.question,
            hoped_for=row.hoped_for,
            urgency=Urgency(row.urgency),
            asked_at=row.submitted_at,
            asked_by=row.external_referrer or str(row.submitted_by or ""),
            board_name=row.board.name,
            shown=tuple(shown.get(row.pk, ())),
        )
        for row in rows
    ]


def _begun(patient: Patient) -> list[tuple[date, str]]:
    """When each antitumor line began, and what it was; the oldest first."""
    rows = TreatmentLine.objects.valid().filter(patient=patient, role=LineRole.ANTITUMOR, started_on__isnull=False)
    return list(rows.order_by("started_on", "pk").values_list("started_on", "modality"))
