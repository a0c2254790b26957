"""What the reasons to ask are read from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from patients.goals.models import GoalsConversation, LineGoals
from patients.goals.queries.state import current_conversations
from patients.goals.rules import ConversationStatus, Facts, Limits, LineFact, StepChoice
from patients.protocol.queries import numbers
from patients.record.models import Admission, DiseaseStatus, Measurement, Patient, Specimen, SymptomAssessment
from patients.record.queries import grade_from
from patients.record.rules import ECOG, ESAS_LABELS, SEVERE, WEIGHT, ResponseCategory, greatest_loss, items_at_least
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


def line_facts(lines: Iterable[TreatmentLine], settled: Iterable[int] = ()) -> tuple[LineFact, ...]:
    """Open lines of one patient (of all that are valid) with the therapy line number they have, or would have when
    started as planned. `settled`: lines for which a conversation was named."""
    kept = [line for line in in_order(lines) if line.status not in ENDED_STATUSES or line.started_on or line.source]
    counted = [CountedLine(line.modality, line.role, line.start_reason) for line in kept]
    named = set(settled)
    return tuple(
        LineFact(
            line.pk,
            line.modality,
            line.label,
            line.status,
            line.started_on or line.planned_on or line.created_at.date(),
            number.therapy,
            line.pk in named,
        )
        for line, number in zip(kept, number_lines(counted), strict=True)
        if line.is_open
    )


def facts_for(patients: Sequence[Patient], today: date, *, admission_days: int) -> dict[int, Facts]:
    """What the reasons to ask are read from, for patients of one team (with it): the record as it is now, imports
    included. Ten queries for any number."""
    ids = [patient.pk for patient in patients]
    talks: dict[int, GoalsConversation] = {row.patient_id: row for row in current_conversations(ids)}
    responses = {
        row.patient_id: row
        for row in DiseaseStatus.objects.valid()
        .filter(patient_id__in=ids, category__in=_RESPONSES, assessed_on__lte=today)
        .order_by("patient_id", "-assessed_on", "-pk")
        .distinct("patient_id")
    }
    ecog = _latest_ecog(ids)
    admissions = _by_patient(
        Admission.objects.valid().filter(
            patient_id__in=ids,
            unplanned=True,
            admitted_on__lte=today,
            admitted_on__gte=today - timedelta(days=admission_days),
        )
    )
    specimens = _by_patient(Specimen.objects.valid().filter(patient_id__in=ids))
    lines = _by_patient(TreatmentLine.objects.valid().filter(patient_id__in=ids))
    named = LineGoals.objects.valid().filter(patient_id__in=ids, choice=StepChoice.DOCUMENTED)
    settled = set(named.exclude(conversation__status=ConversationStatus.RETRACTED).values_list("line_id", flat=True))
    asked = {
        row.patient_id: row
        for row in SymptomAssessment.objects.valid()
        .filter(patient_id__in=ids)
        .order_by("patient_id", "-assessed_on", "-pk")
        .distinct("patient_id")
    }
    weights = _weights(patients)
    return {
        patient.pk: Facts(
            **_talk(talks.get(patient.pk)),
            **_response(responses.get(patient.pk)),
            **_ecog(ecog.get(patient.pk, []), patient),
            **_grade(specimens.get(patient.pk, [])),
            **_admitted(admissions.get(patient.pk, [])),
            **_symptoms(asked.get(patient.pk)),
            **_loss(weights.get(patient.pk, [])),
            lines=line_facts(lines.get(patient.pk, []), settled),
        )
        for patient in patients
    }


def facts_of(patient: Patient, today: date) -> Facts:
    """`facts_for` one patient."""
    days = limits(patient.team_id).admission_days
    return facts_for([patient], today, admission_days=days)[patient.pk]


def _by_patient(rows: Iterable[Any]) -> Mapping[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.patient_id].append(row)
    return found


def _latest_ecog(ids: Iterable[int]) -> Mapping[int, list[tuple[Decimal, datetime]]]:
    """The last two readings of each, the latest first."""
    rows = (
        Measurement.objects.valid()
        .filter(patient_id__in=list(ids), code=ECOG, value__isnull=False)
        .annotate(
            place=Window(RowNumber(), partition_by=[F("patient_id")], order_by=[F("taken_at").desc(), F("pk").desc()])
        )
        .filter(place__lte=2)
        .order_by("patient_id", "place")
        .values_list("patient_id", "value", "taken_at")
    )
    found: dict[int, list[tuple[Decimal, datetime]]] = defaultdict(list)
    for patient_id, value, taken_at in rows:
        found[patient_id].append((value, taken_at))
    return found


def _weights(patients: Sequence[Patient]) -> Mapping[int, list[tuple[date, Decimal]]]:
    """Every weight in kilograms with the day where the team is, oldest first."""
    local = {patient.pk: patient.team.local_date for patient in patients}
    rows = Measurement.objects.valid().filter(patient_id__in=local, code=WEIGHT, value__isnull=False, unit="kg")
    found: dict[int, list[tuple[date, Decimal]]] = defaultdict(list)
    for patient_id, at, value in rows.order_by("taken_at", "pk").values_list("patient_id", "taken_at", "value"):
        if value:
            found[patient_id].append((local[patient_id](at), value))
    return found


def _talk(talk: GoalsConversation | None) -> dict[str, Any]:
    return {"held_on": talk.held_on, "conversation_id": talk.pk} if talk else {}


def _response(row: DiseaseStatus | None) -> dict[str, Any]:
    return {"response": row.category, "response_on": row.assessed_on, "response_id": row.pk} if row else {}


def _ecog(readings: Sequence[tuple[Decimal, datetime]], patient: Patient) -> dict[str, Any]:
    if not readings:
        return {}
    (value, at), before = readings[0], readings[1:]
    return {
        "ecog": int(value),
        "ecog_on": patient.team.local_date(at),
        "ecog_before": int(before[0][0]) if before else None,
    }


def _grade(specimens: list[Specimen]) -> dict[str, Any]:
    grade = grade_from(specimens)
    return {"is_nec": grade.is_nec, "nec_on": grade.highest_on}


def _admitted(rows: list[Admission]) -> dict[str, Any]:
    if not rows:
        return {}
    last = max(rows, key=lambda row: (row.admitted_on, row.pk))
    nights = (last.discharged_on - last.admitted_on).days if last.discharged_on else None
    return {"admitted_on": last.admitted_on, "admission_id": last.pk, "nights": nights, "admissions": len(rows)}


def _symptoms(asked: SymptomAssessment | None) -> dict[str, Any]:
    """Severe symptoms of the latest assessment."""
    severe = items_at_least(asked.scores, SEVERE) if asked else ()
    if asked is None or not severe:
        return {}
    words = ", ".join(f"{ESAS_LABELS[name].lower()} {asked.scores[name]}" for name in severe)
    return {"symptoms": words, "symptoms_on": asked.assessed_on, "symptoms_id": asked.pk}


def _loss(weights: list[tuple[date, Decimal]]) -> dict[str, Any]:
    lost = greatest_loss(weights)
    return {"weight_loss": lost.percent, "weight_on": weights[-1][0]} if lost else {}
