"""The snapshot that the rules read, and what of their prompts is still open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings

from patients.goals.models import PalliativeReferral
from patients.goals.queries import goals_of
from patients.guidance.models import GuidanceAnswer
from patients.guidance.rules import FlagFact, LabFact, LineFact, NumberFact, Prompt, Snapshot, evaluate
from patients.guidance.rules.prrt import MET, Criterion, criteria
from patients.imaging.models import ImagingStudy
from patients.imaging.rules import DONE, StudyModality
from patients.protocol.queries import numbers
from patients.record.models import (
    CareTeamMember,
    ClinicalFlag,
    Diagnosis,
    DiseaseStatus,
    Measurement,
    Patient,
    ReceptorImaging,
)
from patients.record.queries import grade_of_patient
from patients.record.rules import MEASURES, ResponseCategory, converted
from patients.treatment.models import TreatmentLine
from patients.treatment.queries import in_order, numbers_of
from patients.treatment.rules import LineRole

# Other codes under which the same result is sent (`model.md` 11).
_SAME = {"26464-8": "6690-2", "26515-7": "777-3", "38483-4": "2160-0", "3141-9": "29463-7"}
_LABS = ("718-7", "6690-2", "777-3", "2160-0", "1975-2", "1742-6", "1920-8", "1751-7", "89243-0", "29463-7")
_RESPONSES = (ResponseCategory.CR, ResponseCategory.PR, ResponseCategory.SD, ResponseCategory.PD)


def _lab(row: Measurement, on: date) -> LabFact:
    measure = MEASURES[_SAME.get(row.code, row.code)]
    if row.value is None or row.comparator:
        return LabFact(measure.label, on, None, problem=f"{row.comparator}{row.value or row.text}, not a plain number")
    try:
        value, _ = converted(measure, row.value, row.unit)
        limit = row.reference_high
        unit = measure.unit_named(row.unit) if row.unit else measure.unit
        uln = limit * unit.factor if limit and unit else None
    except ValueError as problem:
        return LabFact(measure.label, on, None, problem=str(problem))
    return LabFact(measure.label, on, value, measure.unit.label or measure.unit.code, uln)


def _labs(patient: Patient, on: date) -> dict[str, LabFact]:
    """The latest value of each lab that the rules read, one query."""
    rows = (
        Measurement.objects.valid()
        .filter(patient=patient, code__in=[*_LABS, *_SAME], taken_at__date__lte=on)
        .order_by("code", "-taken_at", "-pk")
        .distinct("code")
    )
    labs: dict[str, LabFact] = {}
    for row in rows:
        fact = _lab(row, patient.team.local_date(row.taken_at))
        code = _SAME.get(row.code, row.code)
        if code not in labs or labs[code].on < fact.on:
            labs[code] = fact
    return labs


def _lines(patient: Patient) -> tuple[tuple[LineFact, ...], int]:
    """The lines in order and the therapy line reached, one query."""
    rows = in_order(TreatmentLine.objects.valid().filter(patient=patient))
    reached = max((number.therapy_so_far for number in numbers_of(rows).values()), default=0)
    facts = tuple(
        LineFact(
            line.pk,
            line.modality,
            line.agent,
            line.label,
            line.status,
            line.role == LineRole.ANTITUMOR,
            line.started_on,
            line.planned_on,
        )
        for line in rows
    )
    return facts, reached


def _palliative_on(patient: Patient) -> date | None:
    """Since when the palliative team knows the patient: a referral that was not declined, or a named person."""
    asked = PalliativeReferral.objects.filter(patient=patient).exclude(status="declined").order_by("pk").first()
    if asked is not None:
        return patient.team.local_date(asked.requested_at)
    member = CareTeamMember.objects.valid().filter(patient=patient, role="palliative", ended_on__isnull=True).first()
    return (member.started_on or member.created_at.date()) if member is not None else None


def snapshot(patient: Patient, on: date) -> Snapshot:
    """The patient as the rules see them on the day; fifteen queries at most, whatever the length of the history."""
    diagnosis = Diagnosis.objects.valid().filter(patient=patient, is_main=True).first()
    grade = grade_of_patient(patient.pk)
    uptake = ReceptorImaging.objects.valid().filter(patient=patient).order_by("-imaged_on", "-pk").first()
    response = (
        DiseaseStatus.objects.valid()
        .filter(patient=patient, category__in=_RESPONSES, assessed_on__lte=on)
        .order_by("-assessed_on", "-pk")
        .first()
    )
    flags = {
        row.kind: FlagFact(row.state, row.asked_on, row.detail)
        for row in ClinicalFlag.objects.valid()
        .filter(patient=patient)
        .order_by("kind", "-asked_on", "-pk")
        .distinct("kind")
    }
    echo = (
        ImagingStudy.objects.filter(
            patient=patient, modality=StudyModality.ECHO, status__in=DONE, performed_on__isnull=False
        )
        .order_by("-performed_on")
        .first()
    )
    goals = goals_of(patient.pk, on)
    prompt = goals.prompt if goals.prompt is not None and goals.prompt.is_open else None
    lines, reached = _lines(patient)
    positive = None
    if uptake is not None:
        positive = uptake.positive if uptake.positive is not None or uptake.krenning is None else uptake.krenning >= 2
    return Snapshot(
        on=on,
        net_status=diagnosis.net_status if diagnosis else "",
        primary_site=diagnosis.primary_site if diagnosis else "",
        stage=diagnosis.stage if diagnosis else "",
        stage_on=(diagnosis.staged_on or diagnosis.diagnosed_on) if diagnosis else None,
        syndrome=diagnosis.syndrome if diagnosis else "",
        grade=str(grade.highest.grade),
        grade_on=grade.highest_on,
        grade_conflicts=grade.highest.conflicts,
        grade_missing=grade.highest.missing,
        krenning=uptake.krenning if uptake else None,
        uptake_on=uptake.imaged_on if uptake else None,
        uptake_modality=uptake.get_modality_display() if uptake and uptake.modality else "",
        sstr_positive=positive,
        discordant=uptake.discordant_lesions if uptake else None,
        lines=lines,
        therapy_line=reached,
        response=response.category if response else "",
        response_on=response.assessed_on if response else None,
        labs=_labs(patient, on),
        sex=patient.sex,
        age=patient.age(on),
        flags=flags,
        echo_on=echo.performed_on if echo else None,
        palliative_on=_palliative_on(patient),
        code_status=goals.code_status,
        code_status_on=goals.code_status_on,
        treatment_limits=goals.treatment_limits,
        prompt_since=prompt.raised_on if prompt else None,
        prompt_reasons=tuple(reason.words for reason in prompt.reasons) if prompt else (),
        numbers={
            code: NumberFact(found.value, found.definition.unit, str(found.definition.tag), found.is_settled)
            for code, found in numbers(patient.team_id).items()
        },
    )


@dataclass(frozen=True)
class Answered:
    prompt: Prompt
    answer: GuidanceAnswer


@dataclass(frozen=True)
class GuidanceNow:
    """What the panel shows. Switched off, nothing is computed and everything is empty."""

    enabled: bool
    open: tuple[Prompt, ...] = ()
    answered: tuple[Answered, ...] = ()
    prrt: tuple[Criterion, ...] = ()

    @property
    def prrt_met(self) -> int:
        return sum(row.state == MET for row in self.prrt)


def is_enabled() -> bool:
    """Whether this site has decision support switched on (`DECISION_SUPPORT_ENABLED`)."""
    return bool(settings.DECISION_SUPPORT_ENABLED)


def guidance_of(patient: Patient, on: date) -> GuidanceNow:
    """The prompts for the patient, those that were answered apart; nothing for somebody who died."""
    if not is_enabled():
        return GuidanceNow(enabled=False)
    if patient.is_deceased:
        return GuidanceNow(enabled=True)
    facts = snapshot(patient, on)
    answers: dict[tuple[str, str], Any] = {
        (row.rule, row.fingerprint): row
        for row in GuidanceAnswer.objects.filter(patient=patient).select_related("answered_by")
    }
    still, done = [], []
    for prompt in evaluate(facts):
        answer = answers.get((prompt.rule, prompt.fingerprint))
        if answer is None:
            still.append(prompt)
        else:
            done.append(Answered(prompt, answer))
    table = criteria(facts) if facts.open_lines("prrt") else ()
    return GuidanceNow(enabled=True, open=tuple(still), answered=tuple(done), prrt=table)


def prompt_for(patient: Patient, rule: str, on: date) -> Prompt | None:
    """The rule's prompt as it is now, answered or not."""
    if not is_enabled() or patient.is_deceased:
        return None
    return next((prompt for prompt in evaluate(snapshot(patient, on)) if prompt.rule == rule), None)


def to_discuss(patient_id: int) -> list[GuidanceAnswer]:
    """What clinicians marked "discuss at board", newest first: for the board case."""
    return list(
        GuidanceAnswer.objects.filter(patient_id=patient_id, answer="discuss")
        .select_related("answered_by")
        .order_by("-answered_at")
    )
