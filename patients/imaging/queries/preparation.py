"""The checklists of booked scans, for as many at once as a page shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from careteam.web.words import day
from patients.imaging.models import ImagingStudy
from patients.imaging.rules import NOT_YET_DONE, StudyModality
from patients.imaging.rules.preparation import Answers, Flag, PrepFacts, PrepItem, checklist
from patients.record.models import Allergy, ClinicalFlag, Comorbidity, Diagnosis, Medication
from patients.record.rules import AllergyKind, DrugClass, FlagKind, FlagState, Sex, Syndrome
from patients.treatment.models import Administration, TreatmentLine
from patients.treatment.queries import AHEAD_STATUSES, is_long_acting, judged, lab_values_of, limits_of, series
from patients.treatment.rules import CLEARANCE, CREATININE, RUNNING_STATUSES, AdministrationStatus, Modality

LOOK_BACK = timedelta(days=180)  # an injection before that says nothing about a scan to come
_FLAGS = (FlagKind.PREGNANCY, FlagKind.CLAUSTROPHOBIA, FlagKind.IMPLANT)


@dataclass(frozen=True)
class Preparation:
    """The checklist of one study."""

    items: tuple[PrepItem, ...]
    answers: Answers

    @property
    def open(self) -> tuple[PrepItem, ...]:
        return tuple(item for item in self.items if item.is_open)

    @property
    def has_conflict(self) -> bool:
        return any(item.state == "conflict" for item in self.items)

    @property
    def words(self) -> str:
        """`Contrast, Kidney function`: what is open."""
        return ", ".join(item.label for item in self.open)


def preparations_of(studies: Sequence[ImagingStudy], *, today: date) -> dict[int, Preparation]:
    """The checklist of each study that is not yet done, by its id (eight queries, one more where CgA waits, whatever
    their number). Studies come with `patient__team`."""
    waiting = [study for study in studies if study.status in NOT_YET_DONE]
    if not waiting:
        return {}
    record = _Record(sorted({study.patient_id for study in waiting}), today)
    if any(study.modality == StudyModality.CGA for study in waiting):
        record.know_gastrinomas()
    labs = lab_values_of({s.patient_id: s.patient for s in waiting}.values(), [CREATININE, CLEARANCE], on=today)
    limits = {team_id: limits_of(team_id) for team_id in {study.team_id for study in waiting}}
    found = {}
    for study in waiting:
        answers = Answers.read(study.preparation)
        facts = record.facts(study, labs.get(study.patient_id, {}), today)
        found[study.pk] = Preparation(checklist(facts, answers, limits[study.team_id]), answers)
    return found


H2 = "A02B"  # ATC: drugs against peptic ulcer and reflux, H2 blockers among them


class _Record:
    """What the records of these patients say."""

    def __init__(self, patients: list[int], today: date) -> None:
        self.patients, self.gastrinomas = patients, set[int]()

        def rows(model: Any, **conditions: Any) -> dict[int, list[Any]]:
            found: dict[int, list[Any]] = defaultdict(list)
            for row in model.objects.valid().filter(patient_id__in=patients, **conditions).order_by("pk"):
                found[row.patient_id].append(row)
            return found

        self.reactions = rows(Allergy, kind=AllergyKind.CONTRAST)
        self.drugs = rows(Medication, ended_on__isnull=True)
        self.illnesses = rows(Comorbidity, resolved_on__isnull=True)
        self.lines = rows(TreatmentLine, modality=Modality.SSA, status__in=RUNNING_STATUSES)
        self.flags: dict[tuple[int, str], ClinicalFlag] = {}
        flags = ClinicalFlag.objects.valid().filter(patient_id__in=patients, kind__in=_FLAGS)
        for flag in flags.order_by("asked_on", "pk"):
            self.flags[flag.patient_id, flag.kind] = flag
        self.doses: dict[int, list[Administration]] = defaultdict(list)
        doses = Administration.objects.valid().filter(patient_id__in=patients, line__modality=Modality.SSA)
        near = doses.filter(status=AdministrationStatus.GIVEN, given_on__gte=today - LOOK_BACK) | doses.filter(
            status__in=AHEAD_STATUSES, line__status__in=RUNNING_STATUSES
        )
        for dose in near.select_related("line").order_by("planned_on", "pk"):
            self.doses[dose.patient_id].append(dose)

    def know_gastrinomas(self) -> None:
        """Asked only where a drug against acid matters."""
        rows = Diagnosis.objects.valid().filter(patient_id__in=self.patients, syndrome=Syndrome.GASTRINOMA)
        self.gastrinomas = set(rows.values_list("patient_id", flat=True))

    def facts(self, study: ImagingStudy, labs: dict[str, Any], today: date) -> PrepFacts:
        patient = study.patient
        slot = patient.team.local_date(study.scheduled_for) if study.scheduled_for else study.due_on
        on = max(slot or today, today)
        drugs = self.drugs[patient.pk]
        sugar = [row for row in self.illnesses[patient.pk] if _is_diabetes(row)]
        return PrepFacts(
            modality=study.modality,
            region=study.region,
            on=on,
            age=patient.age(on),
            may_be_pregnant={Sex.FEMALE: True, Sex.MALE: False}.get(Sex(patient.sex)),
            reactions=tuple(_reaction(row) for row in self.reactions[patient.pk]),
            creatinine=labs.get(CREATININE),
            clearance=labs.get(CLEARANCE),
            judged=judged(),
            drugs=bool(drugs),
            metformin=next((_drug(row) for row in drugs if row.drug_class == DrugClass.METFORMIN), ""),
            acid=next((_drug(row) for row in drugs if row.drug_class == DrugClass.PPI or row.atc[:4] == H2), ""),
            gastrinoma=patient.pk in self.gastrinomas,
            diabetes=sugar[0].label if sugar else "",
            comorbidities=bool(self.illnesses[patient.pk]),
            pregnancy=self._flag(patient.pk, FlagKind.PREGNANCY),
            claustrophobia=self._flag(patient.pk, FlagKind.CLAUSTROPHOBIA),
            implant=self._flag(patient.pk, FlagKind.IMPLANT),
            on_analog=any(is_long_acting(line) for line in self.lines[patient.pk]),
            injections=tuple(series(self.doses[patient.pk])[1]),
            language=patient.language,
            interpreter=patient.interpreter,
            transport=patient.transport,
        )

    def _flag(self, patient_id: int, kind: FlagKind) -> Flag | None:
        row = self.flags.get((patient_id, kind))
        if row is None:
            return None
        return Flag(
            {FlagState.PRESENT: True, FlagState.ABSENT: False}.get(FlagState(row.state)), row.asked_on, row.detail
        )


def _reaction(row: Allergy) -> str:
    said = " ".join(part for part in (row.substance, row.reaction, row.severity) if part)
    on = row.asked_on or row.since
    return f"{said}, {day(on)}" if on else said


def _drug(row: Medication) -> str:
    said = f"{row.name} {row.dose}".strip()
    return f"{said}, asked {day(row.asked_on)}" if row.asked_on else said


def _is_diabetes(row: Comorbidity) -> bool:
    return "diabet" in row.label.lower() or row.icd10[:3] in {"E10", "E11", "E12", "E13", "E14"}
