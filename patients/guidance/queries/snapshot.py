"""The snapshot that the rules read: a fixed number of queries, whatever the length of the history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from careteam.people.models import Team
from patients.goals.models import PalliativeReferral
from patients.goals.queries import goals_of
from patients.guidance.rules import DrugFact, FlagFact, LabFact, LineFact, LiverFact, NumberFact, Snapshot
from patients.guidance.rules.facts import (
    ALBUMIN,
    ALT,
    ANC,
    AST,
    BILIRUBIN,
    CGA,
    CREATININE,
    ECOG,
    EGFR,
    HB,
    INR,
    KPS,
    PLATELETS,
    STOOLS,
    WBC,
    WEIGHT,
)
from patients.imaging.models import ImagingStudy
from patients.imaging.rules import DONE, StudyModality
from patients.protocol.queries import numbers
from patients.record.models import (
    CareTeamMember,
    ClinicalFlag,
    Diagnosis,
    DiseaseStatus,
    LiverAssessment,
    Measurement,
    Medication,
    Metastasis,
    Patient,
    ReceptorImaging,
)
from patients.record.queries import grade_of_patient
from patients.record.rules import MEASURES, Ascites, DrugClass, ResponseCategory, UptakeModality, converted, in_both
from patients.treatment.models import TreatmentLine
from patients.treatment.queries import in_order, numbers_of
from patients.treatment.rules import LineRole

ASSESSMENTS = 10  # of the liver looked at, newest first: ascites may have been asked before the latest one

# Other codes under which the same result is sent (`model.md` 11).
_SAME = {"26464-8": WBC, "26515-7": PLATELETS, "38483-4": CREATININE, "3141-9": WEIGHT, "33914-3": EGFR}
_LABS = (
    *(HB, WBC, ANC, PLATELETS, CREATININE, EGFR, BILIRUBIN, ALT, AST, ALBUMIN, INR, KPS, ECOG, WEIGHT, CGA, STOOLS),
    *_SAME,
)
_RESPONSES = (ResponseCategory.CR, ResponseCategory.PR, ResponseCategory.SD, ResponseCategory.PD)
_MATTERS = (DrugClass.PPI, DrugClass.METFORMIN, DrugClass.ANTICOAGULANT, DrugClass.VEGF)


def _lab(row: Measurement, team: Team) -> LabFact:
    code, on = _SAME.get(row.code, row.code), team.local_date(row.taken_at)
    measure = MEASURES.get(code)
    assay, on_ppi = row.assay, row.on_ppi
    if row.value is None or row.comparator:
        problem = f"{row.comparator}{row.value or row.text}, not a plain number"
        return LabFact(measure.label if measure else row.label, on, None, problem=problem)
    if measure is None:  # a code we do not convert: as it was sent
        return LabFact(
            row.label,
            on,
            row.value,
            row.unit.partition("{")[0].rstrip("/"),
            row.reference_high,
            assay=assay,
            on_ppi=on_ppi,
        )
    sent = "" if row.unit == "1" else row.unit  # UCUM writes "no unit" as 1
    try:
        value, _ = converted(measure, row.value, sent)
        limit = row.reference_high
        unit = measure.unit_named(sent) if sent else measure.unit
        uln = limit * unit.factor if limit and unit else None
    except ValueError as problem:
        return LabFact(measure.label, on, None, problem=str(problem))
    unit_name = _plain(measure.unit.label or measure.unit.code)
    said = in_both(code, value, team.units)
    return LabFact(measure.label, on, value, unit_name, uln, assay=assay, on_ppi=on_ppi, said=said)


def _plain(unit: str) -> str:
    """UCUM annotations ({score}, {INR}) are no unit that anybody writes."""
    return "" if unit.startswith("{") else unit


def _labs(patient: Patient, on: date) -> dict[str, list[LabFact]]:
    """The last two values of each lab that the rules read, newest first, one query."""
    rows = (
        Measurement.objects.valid()
        .filter(patient=patient, code__in=_LABS, taken_at__date__lte=on)
        .annotate(place=Window(RowNumber(), partition_by=[F("code")], order_by=[F("taken_at").desc(), F("pk").desc()]))
        .filter(place__lte=2)
        .order_by("-taken_at", "-pk")
    )
    labs: dict[str, list[LabFact]] = {}
    for row in rows:
        labs.setdefault(_SAME.get(row.code, row.code), []).append(_lab(row, patient.team))
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
            line.ended_on,
            line.end_reason,
            line.plan,
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


def _drugs(patient: Patient, on: date) -> tuple[DrugFact, ...]:
    rows = (
        Medication.objects.valid()
        .filter(Q(ended_on__isnull=True) | Q(ended_on__gt=on), patient=patient, drug_class__in=_MATTERS)
        .order_by("name", "pk")
    )
    return tuple(DrugFact(row.name, row.drug_class, row.asked_on or row.started_on) for row in rows)


def _liver(patient: Patient, on: date) -> tuple[LiverFact | None, FlagFact | None]:
    """The latest assessment, and the latest that says something about ascites."""
    rows = list(
        LiverAssessment.objects.valid()
        .filter(patient=patient, assessed_on__lte=on)
        .order_by("-assessed_on", "-pk")[:ASSESSMENTS]
    )
    latest = rows[0] if rows else None
    asked = next((row for row in rows if row.ascites), None)
    return (
        LiverFact(latest.assessed_on, latest.scheme, latest.pattern, latest.burden_percent) if latest else None,
        FlagFact(
            "absent" if asked.ascites == Ascites.NONE else "present",
            asked.assessed_on,
            "" if asked.ascites == Ascites.NONE else asked.get_ascites_display().lower(),
        )
        if asked
        else None,
    )


def _flags(patient: Patient) -> dict[str, FlagFact]:
    rows = ClinicalFlag.objects.valid().filter(patient=patient).order_by("kind", "-asked_on", "-pk").distinct("kind")
    return {row.kind: FlagFact(row.state, row.asked_on, row.detail) for row in rows}


def _done(patient: Patient, on: date) -> Mapping[str, date]:
    """The last echocardiography and SSTR PET that were performed, one query."""
    rows = (
        ImagingStudy.objects.valid()
        .filter(
            patient=patient,
            modality__in=(StudyModality.ECHO, StudyModality.SSTR_PET),
            status__in=DONE,
            performed_on__lte=on,
        )
        .order_by("modality", "-performed_on", "-pk")
        .distinct("modality")
    )
    return {row.modality: row.performed_on for row in rows if row.performed_on is not None}


@dataclass(frozen=True)
class _Receptors:
    """The latest scored scan gives the score, the latest PET of all the age of SSTR imaging."""

    scored: ReceptorImaging | None
    positive: bool | None
    sstr_on: date | None
    discordant: int | None
    netpet: str


def _receptors(patient: Patient, on: date, found: Mapping[str, NumberFact], pet_on: date | None) -> _Receptors:
    scans = list(
        ReceptorImaging.objects.valid().filter(patient=patient, imaged_on__lte=on).order_by("-imaged_on", "-pk")
    )
    scored = next((scan for scan in scans if scan.krenning is not None), scans[0] if scans else None)
    positive = scored.positive if scored else None
    if positive is None and scored is not None and scored.krenning is not None:
        positive = scored.krenning >= found["prrt.krenning_review"].value
    days = [scan.imaged_on for scan in scans if scan.modality in {UptakeModality.PET, ""}]
    return _Receptors(
        scored,
        positive,
        max([*days, *([pet_on] if pet_on else [])], default=None),
        next((scan.discordant_lesions for scan in scans if scan.discordant_lesions is not None), None),
        next((scan.netpet for scan in scans if scan.netpet), ""),
    )


def snapshot(patient: Patient, on: date) -> Snapshot:
    """The patient as the rules see them on the day; seventeen queries, whatever the length of the history."""
    found = {
        code: NumberFact(
            each.value, each.definition.unit, str(each.definition.tag), each.is_settled, each.definition.name
        )
        for code, each in numbers(patient.team_id).items()
    }
    diagnosis = Diagnosis.objects.valid().filter(patient=patient, is_main=True).first()
    grade = grade_of_patient(patient.pk)
    response = (
        DiseaseStatus.objects.valid()
        .filter(patient=patient, category__in=_RESPONSES, assessed_on__lte=on)
        .order_by("-assessed_on", "-pk")
        .first()
    )
    done = _done(patient, on)
    receptors = _receptors(patient, on, found, done.get(StudyModality.SSTR_PET))
    scored = receptors.scored
    goals = goals_of(patient.pk, on)
    prompt = goals.prompt if goals.prompt is not None and goals.prompt.is_open else None
    lines, reached = _lines(patient)
    liver, ascites = _liver(patient, on)
    labs = _labs(patient, on)
    return Snapshot(
        on=on,
        jurisdiction=patient.team.jurisdiction,
        net_status=diagnosis.net_status if diagnosis else "",
        primary_site=diagnosis.primary_site if diagnosis else "",
        stage=diagnosis.stage if diagnosis else "",
        stage_on=(diagnosis.staged_on or diagnosis.diagnosed_on) if diagnosis else None,
        syndrome=diagnosis.syndrome if diagnosis else "",
        metastases=frozenset(
            Metastasis.objects.valid().filter(patient=patient).values_list("site", flat=True).distinct()
        ),
        liver=liver,
        grade=str(grade.highest.grade),
        grade_on=grade.highest_on,
        grade_conflicts=grade.highest.conflicts,
        grade_missing=grade.highest.missing,
        ki67=Decimal(grade.highest_ki67) if grade.highest_ki67 else None,
        specimen_on=grade.latest_on,
        krenning=scored.krenning if scored else None,
        uptake_on=scored.imaged_on if scored else None,
        uptake_modality=scored.get_modality_display() if scored and scored.modality else "",
        sstr_on=receptors.sstr_on,
        sstr_positive=receptors.positive,
        discordant=receptors.discordant,
        netpet=receptors.netpet,
        lines=lines,
        therapy_line=reached,
        response=response.category if response else "",
        response_on=response.assessed_on if response else None,
        labs={code: series[0] for code, series in labs.items()},
        cga=tuple(labs.get(CGA, [])[:2]),
        sex=patient.sex,
        age=patient.age(on),
        flags=_flags(patient) | ({"ascites": ascites} if ascites else {}),
        drugs=_drugs(patient, on),
        echo_on=done.get(StudyModality.ECHO),
        palliative_on=_palliative_on(patient),
        code_status=goals.code_status,
        code_status_on=goals.code_status_on,
        treatment_limits=goals.treatment_limits,
        prompt_since=prompt.raised_on if prompt else None,
        prompt_reasons=tuple(reason.words for reason in prompt.reasons) if prompt else (),
        numbers=found,
    )
