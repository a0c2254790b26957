"""Assessing a study: what is saved, what the record and the people learn, and how it is taken back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from careteam.audit.models import AuditEvent
from careteam.events.models import Event
from careteam.notifications.models import InboxItem
from careteam.people.models import Team, User
from careteam.people.rules import Role
from patients.goals.models import GoalsPrompt
from patients.imaging.commands import review
from patients.imaging.models import ImagingStudy
from patients.record.models import DiseaseStatus, Patient, StaleEdit
from patients.response import commands
from patients.response.commands import Entry, NewLesion
from patients.response.models import Lesion, LesionReading, ResponseAssessment
from patients.response.queries import series_in, series_of
from patients.response.rules import LesionRole, Reading, Seen
from patients.treatment.models import TreatmentLine
from tests import factories
from tests.factories.board import Room
from tests.factories.scans import scan

pytestmark = pytest.mark.django_db(transaction=False)
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
D = Decimal


def target(mm: str, organ: str = "liver", *, node: bool = False) -> NewLesion:
    return NewLesion(LesionRole.TARGET, organ, Reading(Seen.MEASURED, D(mm)), is_node=node, field=f"size_{organ}")


def baseline(patient: Patient, line: TreatmentLine | None, by: User, *sizes: str, month: int = 1) -> ResponseAssessment:
    organs = ["liver", "liver", "lung", "lung", "bone"]
    added = [target(mm, organ) for mm, organ in zip(sizes, organs, strict=False)]
    return commands.confirm(scan(patient, month), line=line, entry=Entry({}, added), version=0, by=by, now=NOW)


def follow(
    study: ImagingStudy, line: TreatmentLine | None, by: User, confirmed: str, *sizes: str, **more: object
) -> ResponseAssessment:
    """Reads the targets in their order; "" is not evaluable."""
    lesions = [lesion for lesion in series_in(study.patient, line).lesions if lesion.role == "target"]
    readings = {
        lesion.pk: Reading(Seen.MEASURED, D(mm)) if mm else Reading(Seen.NOT_EVALUABLE)
        for lesion, mm in zip(lesions, sizes, strict=True)
    }
    entry = Entry(readings, confirmed=confirmed, **more)
    version = (
        ResponseAssessment.objects.valid().filter(study=study, line=line).values_list("version", flat=True).first()
    )
    return commands.confirm(study, line=line, entry=entry, version=version or 0, by=by, now=NOW)


def test_confirm_first_study_of_a_line_is_its_baseline(patient: Patient, line: TreatmentLine, reader: User) -> None:
    row = baseline(patient, line, reader, "60", "40")
    assert (row.is_baseline, row.sum_mm, row.computed, row.confirmed) == (True, D(100), "", "")
    assert [lesion.code for lesion in series_of(patient)[0].lesions] == ["T1", "T2"]
    assert not DiseaseStatus.objects.filter(patient=patient).exists()
    assert AuditEvent.objects.filter(action="response.confirm", patient_ids=[patient.pk]).count() == 1


def test_confirm_writes_study_status_and_responses_of_the_line(
    patient: Patient, line: TreatmentLine, reader: User
) -> None:
    baseline(patient, line, reader, "60", "40")
    study = scan(patient, 4)
    row = follow(study, line, reader, "PR", "40", "30")
    study.refresh_from_db()
    line.refresh_from_db()
    status = DiseaseStatus.objects.valid().get(patient=patient)
    assert (row.computed, row.sum_mm, row.nadir_mm) == ("PR", D(70), D(100))
    assert (study.response, study.status) == ("PR", "reported")
    assert (status.category, status.method, status.study_key) == ("PR", "recist", f"study:{study.pk}")
    assert (line.best_response, line.last_response) == ("PR", "PR")


def test_confirm_progression_from_nadir_below_the_baseline(patient: Patient, line: TreatmentLine, reader: User) -> None:
    baseline(patient, line, reader, "60", "40")
    follow(scan(patient, 3), line, reader, "PR", "25", "15")
    row = follow(scan(patient, 6), line, reader, "PD", "32", "18")
    assert (row.computed, row.baseline_mm, row.nadir_mm, row.sum_mm) == ("PD", D(100), D(40), D(50))
    line.refresh_from_db()
    assert (line.best_response, line.last_response) == ("PR", "PD")


def test_confirm_another_response_than_calculated_needs_a_reason(
    patient: Patient, line: TreatmentLine, reader: User
) -> None:
    baseline(patient, line, reader, "60", "40")
    study = scan(patient, 3)
    with pytest.raises(ValidationError) as refused:
        follow(study, line, reader, "SD", "40", "30")
    assert refused.value.message_dict == {"reason": ["The diameters say PR: say why you read it otherwise."]}
    row = follow(study, line, reader, "SD", "40", "30", reason="Margins blurred by motion")
    assert (row.computed, row.confirmed, row.reason) == ("PR", "SD", "Margins blurred by motion")


def test_confirm_without_decision_support_keeps_sums_and_asks_no_reason(
    patient: Patient, line: TreatmentLine, reader: User, settings: object
) -> None:
    settings.DECISION_SUPPORT_ENABLED = False
    baseline(patient, line, reader, "60", "40")
    row = follow(scan(patient, 3), line, reader, "SD", "40", "30")
    assert (row.computed, row.confirmed, row.sum_mm) == ("", "SD", D(70))


def test_baseline_targets_that_cannot_be_are_refused_beside_their_field(
    patient: Patient, line: TreatmentLine, reader: User
) -> None:
    study = scan(patient, 1)
    added = [target("9", "liver"), target("12", "node", node=True)]
    with pytest.raises(ValidationError) as refused:
        commands.confirm(study, line=line, entry=Entry({}, added), version=0, by=reader, now=NOW)
    assert refused.value.message_dict == {
        "size_liver": ["Too small for a target: longest diameter of at least 10 mm."],
        "size_node": ["Too small for a target: short axis of at least 15 mm."],
    }
    assert not Lesion.objects.exists()


def test_progression_proposes_referral_and_goals_and_taking_it_back_withdraws_both(
    team: Team, patient: Patient, line: TreatmentLine, reader: User, django_capture_on_commit_callbacks: object
) -> None:
    Room(now=NOW, team=team)
    baseline(patient, line, reader, "60", "40")
    study = scan(patient, 4)
    with django_capture_on_commit_callbacks(execute=True):
        row = follow(study, line, reader, "PD", "80", "45")
    asked = InboxItem.objects.open().filter(kind="suggestion", patient_id=patient.pk)
    assert [item.title for item in asked] == ["Progression: refer to the board?"]
    prompt = GoalsPrompt.objects.get(patient=patient)
    assert list(prompt.reasons.values_list("reason", flat=True)) == ["progression"]
    with django_capture_on_commit_callbacks(execute=True):
        commands.take_back(row, reason="Diameters of another patient", by=reader, now=NOW)
    prompt.refresh_from_db()
    study.refresh_from_db()
    line.refresh_from_db()
    assert not asked.all().exists()
    assert (prompt.status, study.response, line.last_response) == ("closed", "", "")
    status = DiseaseStatus.objects.get(patient=patient)
    assert status.error_reason == "Diameters of another patient"
    assert not LesionReading.objects.valid().filter(assessment=row).exists()


def test_review_after_the_assessment_repeats_nothing(
    team: Team, patient: Patient, line: TreatmentLine, reader: User
) -> None:
    baseline(patient, line, reader, "60", "40")
    study = scan(patient, 4)
    follow(study, line, reader, "PD", "80", "45")
    study.refresh_from_db()
    doctor = factories.person(team, Role.ONCOLOGIST)
    review(study, response="PD", by=doctor, now=NOW, version=study.version)
    assert DiseaseStatus.objects.filter(patient=patient).count() == 1
    assert Event.objects.filter(kind="progression", patient_id=patient.pk).count() == 1


def test_baseline_cannot_be_taken_back_while_others_rest_on_it(
    patient: Patient, line: TreatmentLine, reader: User
) -> None:
    first = baseline(patient, line, reader, "60", "40")
    second = follow(scan(patient, 4), line, reader, "SD", "60", "40")
    with pytest.raises(ValidationError, match="rest on this baseline"):
        commands.take_back(first, reason="Wrong line", by=reader, now=NOW)
    commands.take_back(second, reason="Wrong line", by=reader, now=NOW)
    commands.take_back(first, reason="Wrong line", by=reader, now=NOW)
    assert series_of(patient) == ()


def test_correcting_an_earlier_study_marks_the_later_one(patient: Patient, line: TreatmentLine, reader: User) -> None:
    baseline(patient, line, reader, "60", "40")
    middle = scan(patient, 3)
    follow(middle, line, reader, "SD", "60", "40")
    follow(scan(patient, 6), line, reader, "SD", "60", "44")
    follow(middle, line, reader, "PR", "40", "30")
    column = series_of(patient)[0].last
    assert (column.is_outdated, column.assessment.computed, str(column.judgment and column.judgment.category)) == (
        True,
        "SD",
        "PD",
    )


def test_stale_correction_changes_nothing(patient: Patient, line: TreatmentLine, reader: User) -> None:
    row = baseline(patient, line, reader, "60", "40")
    entry = Entry({lesion.pk: Reading(Seen.MEASURED, D(50)) for lesion in Lesion.objects.all()})
    with pytest.raises(StaleEdit):
        commands.confirm(row.study, line=line, entry=entry, version=row.version + 1, by=reader, now=NOW)
    assert series_of(patient)[0].last.total == D(100)


def test_each_line_has_its_own_baseline(patient: Patient, line: TreatmentLine, reader: User) -> None:
    baseline(patient, line, reader, "60", "40")
    study = scan(patient, 4)
    follow(study, line, reader, "PD", "80", "45")
    second = factories.line(
        patient,
        "targeted",
        agent="Everolimus",
        start_reason="progression",
        status="planned",
        started_on=None,
        planned_on=date(2026, 5, 2),
    )
    row = commands.confirm(
        study, line=second, entry=Entry({}, [target("80"), target("45")]), version=0, by=reader, now=NOW
    )
    assert (row.is_baseline, row.sum_mm) == (True, D(125))
    assert [len(series.columns) for series in series_of(patient)] == [1, 2]
    study.refresh_from_db()
    assert study.response == "PD"


def test_caveats_name_other_modality_radionuclide_and_first_pet(patient: Patient, reader: User) -> None:
    prrt = factories.line(patient, "prrt", agent="177Lu-dotatate", started_on=date(2026, 1, 12))
    baseline(patient, prrt, reader, "60", "40")
    pet = scan(patient, 5, modality="sstr_pet")
    lesions = series_in(patient, prrt).lesions
    entry = Entry(
        {lesion.pk: Reading(Seen.MEASURED, D(mm)) for lesion, mm in zip(lesions, ("60", "40"), strict=True)},
        [NewLesion(LesionRole.NEW, "bone", Reading(Seen.PRESENT))],
        confirmed="SD",
    )
    row = commands.confirm(pet, line=prrt, entry=entry, version=0, by=reader, now=NOW)
    assert (row.computed, row.caveats) == ("", ["modality", "first_pet", "prrt"])


def test_new_lesion_on_ct_is_progression(patient: Patient, line: TreatmentLine, reader: User) -> None:
    baseline(patient, line, reader, "60", "40")
    row = follow(
        scan(patient, 5),
        line,
        reader,
        "PD",
        "30",
        "20",
        added=[NewLesion(LesionRole.NEW, "bone", Reading(Seen.PRESENT))],
    )
    assert row.computed == "PD"


@pytest.mark.parametrize("role", [Role.NURSE_COORDINATOR, Role.PALLIATIVE])
def test_who_does_not_read_scans_cannot_confirm(team: Team, patient: Patient, line: TreatmentLine, role: Role) -> None:
    with pytest.raises(ValidationError, match="Your roles"):
        baseline(patient, line, factories.person(team, role), "60", "40")


def test_a_study_before_the_baseline_is_refused(patient: Patient, line: TreatmentLine, reader: User) -> None:
    baseline(patient, line, reader, "60", "40", month=3)
    with pytest.raises(ValidationError, match="The baseline of this line is of 20 Mar 2026"):
        baseline(patient, line, reader, "60", month=2)
