"""The snapshot that the rules read: a fixed number of queries, whatever the length of the history and the number of
patients."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from careteam.people.models import Team
from patients.goals.queries import GoalsNow, goals_summary
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
from patients.palliative.models import PalliativeReferral
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
    Specimen,
)
from patients.record.queries import PatientGrade, grade_from
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


def _labs(teams: Mapping[int, Team], on: date) -> dict[int, dict[str, list[LabFact]]]:
    """By patient: the last two values of each lab that the rules read, newest first, one query."""
    latest = Window(
        RowNumber(), partition_by=[F("patient_id"), F("code")], order_by=[F("taken_at").desc(), F("pk").desc()]
    )
    rows = (
        Measurement.objects.valid()
        .filter(patient_id__in=teams, code__in=_LABS, taken_at__date__lte=on)
        .annotate(place=latest)
        .filter(place__lte=2)
        .order_by("-taken_at", "-pk")
    )
    labs: dict[int, dict[str, list[LabFact]]] = defaultdict(dict)
    for row in rows:
        series = labs[row.patient_id].setdefault(_SAME.get(row.code, row.code), [])
        series.append(_lab(row, teams[row.patient_id]))
    return labs


def _grouped(rows: Iterable[Any]) -> dict[int, list[Any]]:
    """Rows by patient, in their order."""
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.patient_id].append(row)
    return found


def _line_facts(rows: Sequence[TreatmentLine]) -> tuple[tuple[LineFact, ...], int]:
    """The lines in order and the therapy line reached."""
    ordered = in_order(rows)
    reached = max((number.therapy_so_far for number in numbers_of(ordered).values()), default=0)
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
        for line in ordered
    )
    return facts, reached


def _palliative(teams: Mapping[int, Team]) -> dict[int, date]:
    """Since when the palliative team knows each patient: a referral that was not declined, or a named person."""
    members = CareTeamMember.objects.valid().filter(patient_id__in=teams, role="palliative", ended_on__isnull=True)
    known = {
        row.patient_id: row.started_on or row.created_at.date()
        for row in members.order_by("patient_id", "pk").distinct("patient_id")
    }
    asked = PalliativeReferral.objects.filter(patient_id__in=teams).exclude(status="declined")
    for row in asked.order_by("patient_id", "pk").distinct("patient_id"):
        known[row.patient_id] = teams[row.patient_id].local_date(row.requested_at)
    return known


def _drugs(ids: Iterable[int], on: date) -> dict[int, tuple[DrugFact, ...]]:
    rows = (
        Medication.objects.valid()
        .filter(Q(ended_on__isnull=True) | Q(ended_on__gt=on), patient_id__in=ids, drug_class__in=_MATTERS)
        .order_by("name", "pk")
    )
    return {
        patient_id: tuple(DrugFact(row.name, row.drug_class, row.asked_on or row.started_on) for row in each)
        for patient_id, each in _grouped(rows).items()
    }


def _liver(rows: Sequence[LiverAssessment]) -> tuple[LiverFact | None, FlagFact | None]:
    """The latest assessment, and the latest that says something about ascites; `rows` newest first."""
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


def _livers(ids: Iterable[int], on: date) -> dict[int, list[LiverAssessment]]:
    newest = Window(RowNumber(), partition_by=[F("patient_id")], order_by=[F("assessed_on").desc(), F("pk").desc()])
    rows = LiverAssessment.objects.valid().filter(patient_id__in=ids, assessed_on__lte=on).annotate(place=newest)
    return _grouped(rows.filter(place__lte=ASSESSMENTS).order_by("-assessed_on", "-pk"))


def _flags(ids: Iterable[int]) -> dict[int, dict[str, FlagFact]]:
    rows = ClinicalFlag.objects.valid().filter(patient_id__in=ids)
    found: dict[int, dict[str, FlagFact]] = defaultdict(dict)
    for row in rows.order_by("patient_id", "kind", "-asked_on", "-pk").distinct("patient_id", "kind"):
        found[row.patient_id][row.kind] = FlagFact(row.state, row.asked_on, row.detail)
    return found


def _done(ids: Iterable[int], on: date) -> dict[int, dict[str, date]]:
    """The last echocardiography and SSTR PET of each that were performed, one query."""
    rows = (
        ImagingStudy.objects.valid()
        .filter(
            patient_id__in=ids,
            modality__in=(StudyModality.ECHO, StudyModality.SSTR_PET),
            status__in=DONE,
            performed_on__lte=on,
        )
        .order_by("patient_id", "modality", "-performed_on", "-pk")
        .distinct("patient_id", "modality")
    )
    found: dict[int, dict[str, date]] = defaultdict(dict)
    for row in rows:
        if row.performed_on is not None:
            found[row.patient_id][row.modality] = row.performed_on
    return found


@dataclass(frozen=True)
class _Receptors:
    """The latest scored scan gives the score, the latest PET of all the age of SSTR imaging."""

    scored: ReceptorImaging | None
    positive: bool | None
    sstr_on: date | None
    discordant: int | None
    netpet: str


def _receptors(scans: Sequence[ReceptorImaging], found: Mapping[str, NumberFact], pet_on: date | None) -> _Receptors:
    """`scans` newest first."""
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


def _numbers(team_ids: Iterable[int]) -> dict[int, dict[str, NumberFact]]:
    """By team, one query each: patients of one page are of one team, as a rule."""
    return {
        team_id: {
            code: NumberFact(
                each.value, each.definition.unit, str(each.definition.tag), each.is_settled, each.definition.name
            )
            for code, each in numbers(team_id).items()
        }
        for team_id in sorted(set(team_ids))
    }


@dataclass(frozen=True)
class _Read:
    """What was read of all patients at once, by patient id."""

    numbers: Mapping[int, dict[str, NumberFact]]  # by team id
    diagnoses: Mapping[int, Diagnosis]
    grades: Mapping[int, PatientGrade]
    responses: Mapping[int, DiseaseStatus]
    done: Mapping[int, dict[str, date]]
    scans: Mapping[int, list[ReceptorImaging]]
    goals: Mapping[int, GoalsNow]
    lines: Mapping[int, list[TreatmentLine]]
    livers: Mapping[int, list[LiverAssessment]]
    labs: Mapping[int, dict[str, list[LabFact]]]
    sites: Mapping[int, set[str]]
    flags: Mapping[int, dict[str, FlagFact]]
    drugs: Mapping[int, tuple[DrugFact, ...]]
    palliative: Mapping[int, date] = field(default_factory=dict)


def _read(patients: Sequence[Patient], on: date, goals: Mapping[int, GoalsNow] | None) -> _Read:
    teams = {patient.pk: patient.team for patient in patients}
    ids = sorted(teams)
    main = Diagnosis.objects.valid().filter(patient_id__in=ids, is_main=True)
    status = DiseaseStatus.objects.valid().filter(patient_id__in=ids, category__in=_RESPONSES, assessed_on__lte=on)
    receptors = ReceptorImaging.objects.valid().filter(patient_id__in=ids, imaged_on__lte=on)
    sites: dict[int, set[str]] = defaultdict(set)
    found = Metastasis.objects.valid().filter(patient_id__in=ids).values_list("patient_id", "site")
    for patient_id, site in found.distinct():
        sites[patient_id].add(site)
    return _Read(
        numbers=_numbers(team.pk for team in teams.values()),
        diagnoses={row.patient_id: row for row in main},
        grades={
            patient_id: grade_from(rows)
            for patient_id, rows in _grouped(Specimen.objects.valid().filter(patient_id__in=ids)).items()
        },
        responses={
            row.patient_id: row for row in status.order_by("patient_id", "-assessed_on", "-pk").distinct("patient_id")
        },
        done=_done(ids, on),
        scans=_grouped(receptors.order_by("-imaged_on", "-pk")),
        goals=goals if goals is not None else goals_summary(ids, on),
        lines=_grouped(TreatmentLine.objects.valid().filter(patient_id__in=ids)),
        livers=_livers(ids, on),
        labs=_labs(teams, on),
        sites=sites,
        flags=_flags(ids),
        drugs=_drugs(ids, on),
        palliative=_palliative(teams),
    )


def snapshot(patient: Patient, on: date) -> Snapshot:
    """The patient as the rules see them on the day; seventeen queries, whatever the length of the history."""
    return snapshots([patient], on)[patient.pk]


def snapshots(
    patients: Sequence[Patient], on: date, *, goals: Mapping[int, GoalsNow] | None = None
) -> dict[int, Snapshot]:
    """By patient id (patients with their team): as many queries for sixty as for one. `goals` of that day, where the
    caller has read them."""
    if not patients:
        return {}
    read = _read(patients, on, goals)
    return {patient.pk: _snapshot(patient, on, read) for patient in patients}


def _snapshot(patient: Patient, on: date, read: _Read) -> Snapshot:
    found = read.numbers[patient.team_id]
    diagnosis = read.diagnoses.get(patient.pk)
    grade = read.grades.get(patient.pk) or grade_from([])
    response = read.responses.get(patient.pk)
    done = read.done.get(patient.pk, {})
    receptors = _receptors(read.scans.get(patient.pk, ()), found, done.get(StudyModality.SSTR_PET))
    scored = receptors.scored
    goals = read.goals[patient.pk]
    prompt = goals.prompt if goals.prompt is not None and goals.prompt.is_open else None
    lines, reached = _line_facts(read.lines.get(patient.pk, ()))
    liver, ascites = _liver(read.livers.get(patient.pk, ()))
    labs = read.labs.get(patient.pk, {})
    return Snapshot(
        on=on,
        jurisdiction=patient.team.jurisdiction,
        net_status=diagnosis.net_status if diagnosis else "",
        primary_site=diagnosis.primary_site if diagnosis else "",
        stage=diagnosis.stage if diagnosis else "",
        stage_on=(diagnosis.staged_on or diagnosis.diagnosed_on) if diagnosis else None,
        syndrome=diagnosis.syndrome if diagnosis else "",
        metastases=frozenset(read.sites.get(patient.pk, ())),
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
        flags=read.flags.get(patient.pk, {}) | ({"ascites": ascites} if ascites else {}),
        drugs=read.drugs.get(patient.pk, ()),
        echo_on=done.get(StudyModality.ECHO),
        palliative_on=read.palliative.get(patient.pk),
        code_status=goals.code_status,
        code_status_on=goals.code_status_on,
        treatment_limits=goals.treatment_limits,
        reviewed_lines=goals.reviewed_lines,
        prompt_since=prompt.raised_on if prompt else None,
        prompt_reasons=tuple(reason.words for reason in prompt.reasons) if prompt else (),
        numbers=found,
    )
