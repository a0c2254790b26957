"""A scan or report that arrives closes its own loop."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from careteam.audit.models import AuditEvent
from careteam.events.models import Event
from careteam.people.models import Team, User
from careteam.people.rules import Role
from patients.fhir.commands import Outcome, import_sources
from patients.fhir.models import ImportedRow, ReviewItem
from patients.imaging import commands
from patients.imaging.models import ImagingStudy, Reminder, SurveillancePlan
from patients.imaging.rules import CloseReason
from patients.record.commands import change_enrollment
from patients.record.models import NextStep, Patient
from patients.record.rules import EnrollmentStatus
from tests import factories
from tests.patients.fhir import bundles

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
TODAY = date(2026, 11, 23)
SUBJECT = {"reference": "Patient/p-1"}
ACCESSION = {"type": {"coding": [{"code": "ACSN"}]}, "system": "https://ris.example", "value": "AC77"}


@pytest.fixture
def team() -> Team:
    return factories.team()


@pytest.fixture
def nurse(team: Team) -> User:
    return factories.person(team, Role.NURSE_COORDINATOR)


@pytest.fixture
def doctor(team: Team) -> User:
    return factories.person(team, Role.ONCOLOGIST)


def scan(on: date = TODAY, *, accession: bool = True, **changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "ImagingStudy",
        "id": "is-1",
        "status": "available",
        "subject": SUBJECT,
        "started": f"{on}T08:10:00Z",
        "identifier": [ACCESSION] if accession else [],
        "modality": [{"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "CT"}],
        "description": "CT abdomen and pelvis",
        **changes,
    }


def report(conclusion: str = "Stable disease.", on: date = TODAY, *, accession: bool = True, **changes: Any) -> Any:
    return {
        "resourceType": "DiagnosticReport",
        "id": "dr-1",
        "status": "final",
        "subject": SUBJECT,
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD"}]}],
        "code": {"text": "CT abdomen and pelvis"},
        "identifier": [ACCESSION] if accession else [],
        "effectiveDateTime": f"{on}",
        "conclusion": conclusion,
        **changes,
    }


def send(team: Team, tmp_path: Path, *resources: Any, mrn: str = "4711") -> Outcome:
    path = bundles.write(tmp_path / "b.json", bundles.bundle(bundles.patient(mrn), *resources))
    return import_sources([path], team=team, by=None, now=NOW)


def enrolled(team: Team, tmp_path: Path, doctor: User) -> Patient:
    send(team, tmp_path)
    patient = Patient.objects.get()
    change_enrollment(patient, EnrollmentStatus.ACTIVE, on=TODAY, by=doctor, now=NOW)
    factories.specimen(patient)
    return Patient.objects.get()


def open_step(study: ImagingStudy) -> str:
    return NextStep.objects.get(source_key=f"study:{study.pk}", closed_at=None).what


def test_a_report_closes_the_loop_of_the_study_it_answers_and_the_plan_goes_on(
    team: Team, tmp_path: Path, nurse: User, doctor: User
) -> None:
    patient = enrolled(team, tmp_path, doctor)
    plan = commands.start_plan(patient, modality="ct", anchor_on=TODAY - timedelta(200), by=nurse, now=NOW)
    study = commands.order(ImagingStudy.objects.get(), by=nurse, now=NOW)
    commands.sweep(now=NOW)
    send(team, tmp_path, scan())
    study.refresh_from_db()
    assert (study.status, study.performed_on, study.accession_number) == ("performed", TODAY, "AC77")
    assert study.report_due_on == date(2026, 11, 30)
    assert not Reminder.objects.filter(state="open").exists()
    send(team, tmp_path, scan(), report())
    study.refresh_from_db()
    assert (study.status, study.conclusion, study.review_due_on) == ("reported", "Stable disease.", date(2026, 11, 30))
    assert open_step(study) == "Review the report of CT"
    assert Event.objects.filter(kind="study.reported").count() == 1
    plan = SurveillancePlan.objects.get(pk=plan.pk)
    upcoming = ImagingStudy.objects.outstanding().get()
    assert (plan.anchor_on, upcoming.due_on) == (TODAY, TODAY + timedelta(plan.interval_days))
    assert ImagingStudy.objects.count() == 2
    # The same once more, and under another name: nothing changes.
    version = study.version
    assert send(team, tmp_path, scan(), report()).as_counts["unchanged"] == 3
    send(team, tmp_path, scan(), report(), report(id="dr-2"))
    study.refresh_from_db()
    assert (study.conclusion, study.version) == ("Stable disease.", version)
    assert ReviewItem.objects.count() == 0


def test_an_amended_report_must_be_read_again_and_a_withdrawn_one_leaves(
    team: Team, tmp_path: Path, nurse: User, doctor: User
) -> None:
    patient = enrolled(team, tmp_path, doctor)
    commands.add_study(patient, modality="ct", due_on=TODAY, by=nurse, now=NOW)
    send(team, tmp_path, scan(), report())
    study = ImagingStudy.objects.get()
    study = commands.review(study, response="SD", version=study.version, by=doctor, now=NOW, nothing_to_do=True)
    assert study.status == "acted_on"
    send(team, tmp_path, scan(), report("New lesion in segment 7.", status="amended"))
    study.refresh_from_db()
    assert (study.status, study.conclusion, study.reviewed_by) == ("reported", "New lesion in segment 7.", None)
    assert (study.amended_at, study.review_due_on) == (NOW, date(2026, 11, 30))
    assert ImagingStudy.pgh_event_model.objects.filter(pgh_obj_id=study.pk, conclusion="Stable disease.").exists()
    assert AuditEvent.objects.get(action="imaging.amend_report").details["before"] == "acted_on"
    # Withdrawn: what the clinician concluded stands until a clinician has seen that the report is gone.
    send(team, tmp_path, scan(), report("", status="entered-in-error"))
    study.refresh_from_db()
    assert (study.status, study.conclusion, study.response) == ("reported", "", "SD")
    commands.take_back_report(study, reason="The source withdrew it", by=doctor, now=NOW)
    assert open_step(study) == "Report of CT outstanding"


def test_an_own_report_is_not_overwritten(team: Team, tmp_path: Path, nurse: User, doctor: User) -> None:
    patient = enrolled(team, tmp_path, doctor)
    reader = factories.person(team, Role.RADIOLOGIST)
    study = commands.add_study(patient, modality="ct", due_on=TODAY, by=nurse, now=NOW)
    commands.change_links(study, accession_number="AC77", pacs_url="", center="", by=nurse, now=NOW)
    commands.record_report(study, report="", conclusion="Ours.", performed_on=TODAY, by=reader, now=NOW)
    send(team, tmp_path, report("Theirs."))
    study.refresh_from_db()
    assert (study.status, study.conclusion) == ("reported", "Ours.")
    assert ReviewItem.objects.get().theirs == "Theirs."
    assert ImagingStudy.objects.count() == 1


def test_a_report_reopens_a_study_closed_under_its_number_and_leaves_any_other_closed(
    team: Team, tmp_path: Path, nurse: User, doctor: User
) -> None:
    patient = enrolled(team, tmp_path, doctor)
    named = commands.add_study(patient, modality="ct", due_on=TODAY, by=nurse, now=NOW)
    named = commands.change_links(named, accession_number="AC77", pacs_url="", center="", by=nurse, now=NOW)
    named = commands.close_study(named, reason=CloseReason.PATIENT_DECLINED, by=nurse, now=NOW)
    other = commands.add_study(patient, modality="ct", due_on=TODAY, by=nurse, now=NOW)
    other = commands.close_study(other, reason=CloseReason.NOT_INDICATED, by=nurse, now=NOW)
    send(team, tmp_path, report())
    named.refresh_from_db()
    other.refresh_from_db()
    assert (named.status, named.close_reason, other.status) == ("reported", "", "closed")


def test_a_scan_for_another_reason_counts_for_the_plan_when_it_qualifies(
    team: Team, tmp_path: Path, nurse: User, doctor: User
) -> None:
    patient = enrolled(team, tmp_path, doctor)
    commands.start_plan(patient, modality="mri", anchor_on=TODAY - timedelta(100), by=nurse, now=NOW)
    due = ImagingStudy.objects.get().due_on
    head = scan(id="is-2", description="CT head", accession=False)
    send(team, tmp_path, head)
    assert ImagingStudy.objects.outstanding().get().due_on == due
    send(team, tmp_path, head, report(accession=False))
    plan = SurveillancePlan.objects.get()
    assert (plan.anchor_kind, plan.anchor_on) == ("scan", TODAY)
    assert ImagingStudy.objects.outstanding().get().due_on == TODAY + timedelta(plan.interval_days)
    arrived = ImagingStudy.objects.get(status="reported")
    assert (arrived.plan, arrived.review_due_on) == (None, date(2026, 11, 30))


def test_an_order_and_its_scan_that_come_as_two_rows_are_one_loop(team: Team, tmp_path: Path, doctor: User) -> None:
    enrolled(team, tmp_path, doctor)
    order = {
        "resourceType": "ServiceRequest",
        "id": "sr-1",
        "status": "active",
        "intent": "order",
        "subject": SUBJECT,
        "code": {"text": "CT abdomen and pelvis"},
        "authoredOn": "2026-11-20",
    }
    send(team, tmp_path, order)
    assert ImagingStudy.objects.outstanding().count() == 1
    send(team, tmp_path, order, scan())
    assert sorted(ImagingStudy.objects.values_list("status", "close_reason")) == [
        ("closed", "superseded"),
        ("performed", ""),
    ]


def test_nothing_starts_before_the_patient_is_in_care(team: Team, tmp_path: Path, doctor: User) -> None:
    send(team, tmp_path, scan(), report())
    patient, study = Patient.objects.get(), ImagingStudy.objects.get()
    assert (study.status, study.review_due_on) == ("reported", None)
    assert not NextStep.objects.filter(source_key__startswith="study:").exists()
    assert not Event.objects.filter(kind="study.reported").exists()
    change_enrollment(patient, EnrollmentStatus.ACTIVE, on=TODAY, by=doctor, now=NOW)
    commands.start_clocks(patient, by=None, now=NOW)
    study.refresh_from_db()
    assert study.review_due_on == date(2026, 11, 30)
    assert open_step(study).startswith("Review the report of CT")


def test_a_number_of_another_patients_study_is_said_and_moves_nothing_of_theirs(
    team: Team, tmp_path: Path, nurse: User, doctor: User
) -> None:
    enrolled(team, tmp_path, doctor)
    theirs = factories.study(factories.patient(team), due_on=TODAY, accession_number="AC77")
    outcome = send(team, tmp_path, report())
    theirs.refresh_from_db()
    assert theirs.status == "planned"
    assert [line.message for line in outcome.lines if "another patient's study" in line.message]
    assert ImportedRow.objects.filter(table="imagingstudy").count() == 1
