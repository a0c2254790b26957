"""What the reasons to ask are read from."""

from __future__ import annotations

from datetime import date
from typing import Any

from patients.goals.queries.state import current_conversations
from patients.goals.rules import Facts, Limits, LineFact
from patients.protocol.queries import numbers
from patients.record.models import Admission, DiseaseStatus, Measurement, Patient, SymptomAssessment
from patients.record.queries import grade_of_patient, kilograms
from patients.record.rules import ECOG, ESAS_LABELS, SEVERE, ResponseCategory, greatest_loss, items_at_least
from patients.treatment.models import TreatmentLine
from patients.treatment.queries import in_order
from patients.treatment.rules import ENDED_STATUSES, CountedLine, number_lines

_RESPONSES = (ResponseCategory.CR, ResponseCategory.PR, ResponseCategory.SD, ResponseCategory.PD)


def limits(team_id: int) -> Limits:
    """The team's numbers for the reasons to ask (one query)."""
    found = numbers(team_id)
    return Limits(
        line=found["goals.line"].days,
        ecog=found["goals.ecog"].days,
        admission_days=found["goals.admission"].days,
        stage4_days=found["goals.stage4"].days,
        review_days=found["goals.review"].days,
        answer_days=found["goals.answer"].days,
        ask_again_days=found["goals.ask_again"].days,
        weight_percent=found["weight.loss"].value,
    )


def _lines(patient_id: int) -> tuple[LineFact, ...]:
    """Open lines with the therapy line number they have, or would have when started as planned."""
    lines = [
        line
        for line in in_order(TreatmentLine.objects.valid().filter(patient_id=patient_id))
        if line.status not in ENDED_STATUSES or line.started_on or line.source
    ]
    counted = [CountedLine(line.modality, line.role, line.start_reason) for line in lines]
    return tuple(
        LineFact(
            line.pk,
            line.modality,
            line.label,
            line.status,
            line.started_on or line.planned_on or line.created_at.date(),
            number.therapy,
        )
        for line, number in zip(lines, number_lines(counted), strict=True)
        if line.is_open
    )


def facts_of(patient: Patient, today: date) -> Facts:
    """What the reasons to ask are read from (eight queries): the record as it is now, imports included."""
    talk = current_conversations([patient.pk]).first()
    response = (
        DiseaseStatus.objects.valid()
        .filter(patient=patient, category__in=_RESPONSES, assessed_on__lte=today)
        .order_by("-assessed_on", "-pk")
        .first()
    )
    ecog = list(
        Measurement.objects.valid()
        .filter(patient=patient, code=ECOG, value__isnull=False)
        .order_by("-taken_at", "-pk")
        .values_list("value", "taken_at")[:2]
    )
    admission = (
        Admission.objects.valid()
        .filter(patient=patient, unplanned=True, admitted_on__lte=today)
        .order_by("-admitted_on", "-pk")
        .first()
    )
    grade = grade_of_patient(patient.pk)
    nights = None
    if admission is not None and admission.discharged_on is not None:
        nights = (admission.discharged_on - admission.admitted_on).days
    return Facts(
        held_on=talk.held_on if talk else None,
        conversation_id=talk.pk if talk else 0,
        response=response.category if response else "",
        response_on=response.assessed_on if response else None,
        response_id=response.pk if response else 0,
        ecog=int(ecog[0][0]) if ecog else None,
        ecog_on=patient.team.local_date(ecog[0][1]) if ecog else None,
        ecog_before=int(ecog[1][0]) if len(ecog) > 1 else None,
        is_nec=grade.is_nec,
        nec_on=grade.highest_on,
        admitted_on=admission.admitted_on if admission else None,
        admission_id=admission.pk if admission else 0,
        nights=nights,
        lines=_lines(patient.pk),
        **_symptoms(patient),
    )


def _symptoms(patient: Patient) -> dict[str, Any]:
    """Severe symptoms of the latest assessment and the loss of weight, two queries."""
    facts: dict[str, Any] = {}
    asked = SymptomAssessment.objects.valid().filter(patient=patient).order_by("-assessed_on", "-pk").first()
    if asked is not None and (severe := items_at_least(asked.scores, SEVERE)):
        words = ", ".join(f"{ESAS_LABELS[name].lower()} {asked.scores[name]}" for name in severe)
        facts |= {"symptoms": words, "symptoms_on": asked.assessed_on, "symptoms_id": asked.pk}
    weights = kilograms(patient)
    if lost := greatest_loss(weights):
        facts |= {"weight_loss": lost.percent, "weight_on": weights[-1][0]}
    return facts
