"""The step into hospice of one patient: what was filled in, what runs, whom to call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from patients.palliative.models import HospiceTransition
from patients.palliative.rules import HospiceFacts, HospiceStatus
from patients.record.models import Medication, PatientContact
from patients.treatment.models import TreatmentLine
from patients.treatment.rules import LineRole, Modality
from patients.wishes.queries import people_of


def running_hospice(patient_id: int) -> TreatmentLine | None:
    rows = TreatmentLine.objects.valid().running().filter(patient_id=patient_id, modality=Modality.HOSPICE)
    found: TreatmentLine | None = rows.order_by("started_on", "pk").first()
    return found


def running_antitumor(patient_id: int) -> list[TreatmentLine]:
    """Running lines against the disease, by start: each is asked about when hospice begins."""
    rows = TreatmentLine.objects.valid().running().filter(patient_id=patient_id, role=LineRole.ANTITUMOR)
    return list(rows.exclude(modality=Modality.HOSPICE).order_by("started_on", "pk"))


def symptom_drugs(patient_id: int) -> list[str]:
    """What goes on for symptoms: running lines beside the numbered ones, and the drugs of the medication list."""
    lines = TreatmentLine.objects.valid().running().filter(patient_id=patient_id).exclude(role=LineRole.ANTITUMOR)
    words = [row.label for row in lines.exclude(modality=Modality.HOSPICE)]
    drugs = Medication.objects.valid().filter(patient_id=patient_id, ended_on__isnull=True).order_by("name", "pk")
    return words + [f"{row.name}{f', {row.dose}' if row.dose else ''}" for row in drugs]


def may_be_told(patient_id: int) -> list[PatientContact]:
    """Who may be told everything."""
    return list(people_of(patient_id).told)


def must_not_be_told(patient_id: int) -> list[PatientContact]:
    return list(people_of(patient_id).excluded)


def excluded_in(text: str, people: Iterable[PatientContact]) -> str:
    """The first of these people whom the text names; empty when it names none."""
    said = text.casefold()
    return next((person.name for person in people if person.name.casefold() in said), "")


def transition_of(patient_id: int) -> HospiceTransition | None:
    """The one in preparation, else the latest that was started or ended; cancelled ones are history."""
    rows = HospiceTransition.objects.valid().filter(patient_id=patient_id).select_related("finished_by", "line")
    found: HospiceTransition | None = rows.filter(status=HospiceStatus.PREPARING).first()
    return found or rows.exclude(status=HospiceStatus.CANCELLED).order_by("-pk").first()


def agreed_of(patient_id: int) -> HospiceTransition | None:
    """What holds at the bedside: what was agreed last while hospice care runs, whatever is being changed; else as
    `transition_of`."""
    rows = HospiceTransition.objects.valid().filter(patient_id=patient_id, status=HospiceStatus.STARTED)
    return rows.select_related("finished_by", "line").order_by("-pk").first() or transition_of(patient_id)


def facts_of_transition(row: HospiceTransition, lines: Mapping[int, str] | None = None) -> HospiceFacts:
    """As the rule of what is still lacking reads it. `lines`: the running lines against the disease, by id; without
    them they are read, in one query, while the step is being prepared."""
    if lines is None and row.status == HospiceStatus.PREPARING:
        lines = {line.pk: line.label for line in running_antitumor(row.patient_id)}
    return HospiceFacts(
        comfort_goal=row.comfort_goal,
        prognosis_confirmed=row.prognosis_confirmed,
        prognosis_by=row.prognosis_by,
        prognosis_on=row.prognosis_on,
        family_told=row.family_told,
        nobody_to_tell=row.nobody_to_tell,
        equipment=row.equipment,
        medication=row.medication,
        night_name=row.night_name,
        night_phone=row.night_phone,
        place=row.place,
        service=row.service,
        starts_on=row.starts_on,
        code_reviewed_on=row.code_reviewed_on,
        lines=lines or {},
        choices={int(pk): choice for pk, choice in row.choices.items()},
    )
