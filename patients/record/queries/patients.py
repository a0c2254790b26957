"""The patient of a request, their grade over all specimens, who decides for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.http import Http404

from careteam.audit.commands import note_read
from patients.record.models import CareTeamMember, NextStep, Patient, Specimen
from patients.record.rules import NEC_GRADES, UNTOLD, Grade, GradeResult, StepKind

if TYPE_CHECKING:
    from django.http import HttpRequest

    from careteam.people.models import User


def readable_patient(request: HttpRequest, patient_id: int) -> Patient:
    """The patient, if this person may see them (else 404, never 403), and the read is noted for the audit trail.

    A merged patient is read through: the surviving row is returned.
    """
    patients = Patient.objects.visible_to(request.user).select_related("team")
    patient = patients.filter(pk=patient_id).first()
    if patient is not None and patient.merged_into_id is not None:
        patient = patients.filter(pk=patient.merged_into_id).first()
    if patient is None:
        raise Http404("No such patient, or not yours to see.")
    note_read(request, [patient.pk], team_id=patient.team_id)
    return patient


@dataclass(frozen=True)
class PatientGrade:
    """Grade over all specimens: the highest counts, the latest is shown beside it when it differs."""

    highest: GradeResult
    highest_on: date | None
    highest_ki67: str
    highest_site: str
    latest: GradeResult
    latest_on: date | None
    specimens: int
    conflicts: tuple[str, ...] = ()

    @property
    def is_nec(self) -> bool:
        return self.highest.grade in NEC_GRADES


def grade_from(specimens: list[Specimen]) -> PatientGrade:
    """Highest and latest grade of these specimens (valid ones of one patient). Without any: unclassified."""
    if not specimens:
        none = GradeResult(Grade.UNCLASSIFIED, missing=("specimen",))
        return PatientGrade(none, None, "", "", none, None, 0)
    graded = [(specimen, specimen.grade) for specimen in specimens]
    oldest = date.min
    top, top_grade = max(graded, key=lambda pair: (pair[1].severity, pair[0].taken_on or oldest))
    last, last_grade = max(graded, key=lambda pair: (pair[0].taken_on or oldest, pair[0].pk or 0))
    return PatientGrade(
        top_grade,
        top.taken_on,
        f"{top.ki67.normalize():f}" if top.ki67 is not None else "",
        top.site,
        last_grade,
        last.taken_on,
        len(specimens),
        _conflicts(specimens, top_grade),
    )


def _conflicts(specimens: list[Specimen], highest: GradeResult) -> tuple[str, ...]:
    """What a pathologist should look at: within the specimen of the highest grade, and between specimens."""
    found = {specimen.differentiation for specimen in specimens} - {""}
    between = ("Specimens disagree: one well, one poorly differentiated.",) if len(found) > 1 else ()
    return (*highest.conflicts, *between)


def grade_of_patient(patient_id: int) -> PatientGrade:
    return grade_from(list(Specimen.objects.valid().filter(patient_id=patient_id)))


def open_told_step(patient_id: int) -> NextStep | None:
    """The oldest open duty to tell the patient what a board decided, with its owner; None: nothing to tell."""
    rows = NextStep.objects.filter(patient_id=patient_id, closed_at=None, kind=StepKind.TOLD)
    return rows.filter(source_key__startswith=UNTOLD).select_related("owner").order_by("opened_at", "pk").first()


def responsible_clinician(patient_id: int) -> User | None:
    """The named person who decides when something is red; None when nobody is named or the person left."""
    member = (
        CareTeamMember.objects.valid()
        .filter(patient_id=patient_id, is_responsible=True, ended_on__isnull=True, person__is_active=True)
        .select_related("person")
        .first()
    )
    return member.person if member else None
