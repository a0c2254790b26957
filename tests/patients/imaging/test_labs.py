"""Labs in the loop: results that arrive, are corrected, are taken back; what is asked twice; hospice."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from careteam.events.models import Event
from careteam.events.rules import EventKind
from careteam.people.models import Team, User
from careteam.people.rules import Role
from patients.imaging import commands
from patients.imaging.models import ImagingStudy, SurveillancePlan
from patients.imaging.rules import TESTS, StopReason
from patients.record.commands import add_entry, add_results, change_enrollment, change_entry, enter_in_error
from patients.record.models import ClinicalFlag, Measurement, NextStep, Patient
from patients.record.rules import EnrollmentStatus, FlagKind, FlagState
from tests import factories

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 23)


@pytest.fixture
def team() -> Team:
    return factories.team()


@pytest.fixture
def nurse(team: Team) -> User:
    return factories.person(team, Role.NURSE_COORDINATOR)


@pytest.fixture
def doctor(team: Team) -> User:
    return factories.person(team, Role.ONCOLOGIST)


@pytest.fixture
def patient(team: Team) -> Patient:
    """NET G2 with carcinoid syndrome, CgA raised 200 days ago."""
    patient = factories.patient(team)
    factories.diagnosis(patient, syndrome="carcinoid")
    factories.specimen(patient)
    factories.line(patient)
    measured(patient, "9811-1", 200, 300, reference_high=100)
    return patient


def at(days: int) -> datetime:
    return factories.NOW - timedelta(days)


def measured(patient: Patient, code: str, days: int, value: Any, **fields: Any) -> Measurement:
    """A result of so many days ago that nobody announced."""
    said = {"taken_at": at(days), "category": "laboratory", "unit": "ng/mL"} | fields
    return factories.measurement(patient, code, value, **said)


def enter(patient: Patient, by: User, now: datetime, *, days: int = 0, code: str = "9811-1", **fields: Any) -> Any:
    values = {"code": code, "label": "x", "taken_at": at(days), "value": 412, "unit": "ng/mL", "category": "laboratory"}
    return add_entry(patient, Measurement, values | fields, by=by, now=now)


def lab(patient: Patient, modality: str = "cga") -> ImagingStudy:
    return ImagingStudy.objects.outstanding().get(patient=patient, modality=modality)


def steps(patient: Patient, kind: str) -> list[str]:
    rows = NextStep.objects.filter(patient=patient, closed_at=None, source_key__startswith=f"{kind}:")
    return sorted(rows.values_list("what", flat=True))


@pytest.fixture
def settled(django_capture_on_commit_callbacks: Any) -> Any:
    return lambda: django_capture_on_commit_callbacks(execute=True)


def test_result_that_arrives_reports_the_lab_and_makes_the_next_due(
    patient: Patient, nurse: User, now: datetime, settled: Any
) -> None:
    commands.start_plan(patient, modality="cga", by=nurse, now=now)
    study = lab(patient)
    assert study.due_on == TODAY - timedelta(110)
    with settled():
        row = enter(patient, nurse, now, reference_high=100)
    study.refresh_from_db()
    assert (study.status, study.performed_on, study.measured) == ("reported", TODAY, [row.pk])
    assert study.conclusion == "Chromogranin A 412 ng/mL (ULN 100, high)"
    assert study.report == "Before: Chromogranin A 300 ng/mL on 7 May 2026."
    assert (study.is_quiet, study.review_due_on) == (False, TODAY + timedelta(7))
    assert lab(patient).due_on == TODAY + timedelta(90)
    assert steps(patient, "study") == ["Order CgA", "Review the result of CgA"]
    commands.receive_results(patient, by=None, now=now)  # the tick again: nothing twice
    assert ImagingStudy.objects.filter(patient=patient).count() == 2


def test_result_beside_the_plan_moves_its_date_and_nobody_reads_it(
    patient: Patient, nurse: User, now: datetime, settled: Any
) -> None:
    measured(patient, "9811-1", 60, 320)
    commands.start_plan(patient, modality="cga", by=nurse, now=now)
    study = lab(patient)
    assert study.due_on == TODAY + timedelta(30)
    with settled():
        enter(patient, nurse, now)
    study.refresh_from_db()
    assert (study.status, study.due_on) == ("planned", TODAY + timedelta(90))


def test_ordered_lab_is_answered_by_a_result_from_that_day_on(
    patient: Patient, nurse: User, now: datetime, settled: Any
) -> None:
    measured(patient, "9811-1", 60, 320)
    commands.start_plan(patient, modality="cga", by=nurse, now=now)
    commands.order(lab(patient), by=nurse, now=now)
    with settled():
        enter(patient, nurse, now)
    assert ImagingStudy.objects.get(patient=patient, status="reported").performed_on == TODAY


def test_result_entered_in_error_takes_its_report_back(
    patient: Patient, nurse: User, doctor: User, now: datetime, settled: Any
) -> None:
    commands.start_plan(patient, modality="cga", by=nurse, now=now)
    study = lab(patient)
    with settled():
        row = enter(patient, nurse, now)
    study.refresh_from_db()
    commands.review(study, response="", nothing_to_do=True, by=doctor, now=now, version=study.version)
    with settled():
        enter_in_error(row, reason="Another patient's", by=nurse, now=now)
    study.refresh_from_db()
    assert (study.status, study.performed_on, study.conclusion, study.measured) == ("planned", None, "", [])
    assert (study.reviewed_by, study.due_on) == (None, TODAY - timedelta(110))
    assert ImagingStudy.objects.outstanding().filter(patient=patient).count() == 1


def test_corrected_result_is_read_again(
    patient: Patient, nurse: User, doctor: User, now: datetime, settled: Any
) -> None:
    commands.start_plan(patient, modality="cga", by=nurse, now=now)
    study = lab(patient)
    with settled():
        row = enter(patient, nurse, now, value=90, reference_high=100)
    study.refresh_from_db()
    commands.review_at_once(study, version=study.version, by=doctor, now=now)
    study.refresh_from_db()
    assert (study.status, study.reviewed_by) == ("acted_on", doctor)
    with settled():
        change_entry(row, {"note": "hemolytic"}, version=row.version, by=nurse, now=now)
    study.refresh_from_db()
    assert study.status == "acted_on"
    row.refresh_from_db()
    with settled():
        change_entry(row, {"value": 900}, version=row.version, by=nurse, now=now)
    study.refresh_from_db()
    assert (study.status, study.is_quiet, study.reviewed_by) == ("reported", False, None)
    with pytest.raises(ValidationError, match="Open the result and review it there"):
        commands.review_at_once(study, version=study.version, by=doctor, now=now)


def test_panel_waits_for_all_of_its_tests(patient: Patient, nurse: User, now: datetime, settled: Any) -> None:
    factories.line(patient, "prrt", started_on=TODAY - timedelta(50), agent="177Lu-dotatate")
    commands.start_plan(patient, modality="prrt_labs", by=nurse, now=now)
    study = lab(patient, "prrt_labs")
    assert (study.due_on, study.plan.situation, study.plan.is_signed) == (TODAY - timedelta(8), "L5", True)  # type: ignore[union-attr]
    sheet = [
        {"code": code, "label": code, "taken_at": now, "value": 3, "category": "laboratory"}
        for code in TESTS["prrt_labs"]
    ]
    with settled():
        add_results(patient, sheet[:-1], by=nurse, now=now)
    study.refresh_from_db()
    assert study.status == "planned"
    with settled():
        add_results(patient, sheet, by=nurse, now=now)
    study.refresh_from_db()
    assert (study.status, len(study.measured)) == ("reported", len(TESTS["prrt_labs"]))
    assert Event.objects.filter(kind=EventKind.RESULTS).count() == 2  # one for each sheet, however many values


def test_panel_is_completed_by_what_is_drawn_again_on_the_next_days(
    patient: Patient, nurse: User, now: datetime, settled: Any
) -> None:
    factories.line(patient, "prrt", started_on=TODAY - timedelta(50), agent="177Lu-dotatate")
    commands.start_plan(patient, modality="prrt_labs", by=nurse, now=now)
    *first, clotted = TESTS["prrt_labs"]
    for code in first:
        measured(patient, code, 2, 3)
    with settled():
        enter(patient, nurse, now, code=clotted, value=3)
    study = ImagingStudy.objects.get(patient=patient, status="reported")
    assert (study.performed_on, len(study.measured)) == (TODAY, len(TESTS["prrt_labs"]))


def test_known_heart_disease_asks_for_nt_probnp_oftener(
    patient: Patient, nurse: User, now: datetime, settled: Any
) -> None:
    measured(patient, "33762-6", 100, 90)
    commands.start_plan(patient, modality="ntprobnp", by=nurse, now=now)
    assert lab(patient, "ntprobnp").due_on == TODAY + timedelta(265)
    values = {"kind": FlagKind.HEART_DISEASE, "state": FlagState.PRESENT, "asked_on": TODAY}
    with settled():
        flag = add_entry(patient, ClinicalFlag, values, by=nurse, now=now)
    assert lab(patient, "ntprobnp").due_on == TODAY - timedelta(9)
    with settled():
        enter_in_error(flag, reason="Another patient", by=nurse, now=now)
    assert lab(patient, "ntprobnp").due_on == TODAY + timedelta(265)


def test_results_outside_of_care_are_not_announced(team: Team, nurse: User, now: datetime, settled: Any) -> None:
    waiting = factories.patient(team, status=EnrollmentStatus.ON_HOLD)
    with settled():
        enter(waiting, nurse, now)
        factories.measurement(waiting)
    assert not Event.objects.filter(kind=EventKind.RESULTS).exists()
    assert commands.receive_results(waiting, by=None, now=now) == 0


def test_lab_with_a_new_result_wants_a_reason_that_is_kept(patient: Patient, nurse: User, now: datetime) -> None:
    measured(patient, "9811-1", 30, 412, unit="ng/mL")
    commands.start_plan(patient, modality="cga", by=nurse, now=now)
    study = lab(patient)
    said = "CgA was done 4 weeks ago (412 ng/mL, 24 Oct 2026). Say why it is asked for again."
    with pytest.raises(ValidationError) as refused:
        commands.order(study, by=nurse, now=now)
    assert refused.value.message_dict == {"early_reason": [said]}
    assert (
        commands.one_by_one(
            [commands.Pick(study, study.version)],
            lambda row, version: commands.order_picked(row, version, by=nurse, now=now),
        )[0].said
        == said
    )
    study = commands.order(study, by=nurse, now=now, early_reason="New flushes")
    assert (study.status, study.early_reason) == ("ordered", "New flushes")
    with pytest.raises(ValidationError):
        commands.add_study(patient, modality="cga", due_on=TODAY, by=nurse, now=now)


def test_record_asks_for_labs_once_somebody_watches_scans(patient: Patient, nurse: User, now: datetime) -> None:
    commands.start_plan(patient, modality="ct", by=nurse, now=now)
    asks = "Start the surveillance labs that the record asks for, or say why not: "
    assert steps(patient, "labs") == [f"{asks}CgA, 5-HIAA, NT-proBNP"]
    with pytest.raises(ValidationError, match="Say why"):
        commands.start_labs(patient, ["cga"], not_needed=["hiaa"], by=nurse, now=now)
    commands.start_labs(patient, ["cga"], not_needed=["hiaa"], reason="Diet impossible", by=nurse, now=now)
    assert steps(patient, "labs") == [f"{asks}NT-proBNP"]
    commands.start_labs(patient, ["ntprobnp"], by=nurse, now=now)
    assert steps(patient, "labs") == []
    declined = SurveillancePlan.objects.get(patient=patient, modality="hiaa")
    assert (declined.stop_reason, declined.override_reason) == (StopReason.NOT_NEEDED, "Diet impossible")
    assert lab(patient, "ntprobnp").due_on == TODAY  # never measured


def test_hospice_ends_routine_labs_and_their_step(patient: Patient, nurse: User, now: datetime) -> None:
    commands.start_plan(patient, modality="ct", by=nurse, now=now)
    commands.start_labs(patient, ["cga"], by=nurse, now=now)
    by_hand = commands.add_study(patient, modality="hiaa", due_on=TODAY, by=nurse, now=now)
    commands.stop_all(patient, StopReason.HOSPICE, by=None, now=now)
    commands.ask_labs(patient, now=now)
    assert not SurveillancePlan.objects.filter(patient=patient, stopped_on=None).exists()
    assert ImagingStudy.objects.get(patient=patient, modality="cga").close_reason == "hospice"
    assert steps(patient, "labs") == []
    by_hand.refresh_from_db()
    assert by_hand.status == "planned"  # what a symptom asked for stays


def test_labs_alone_do_not_answer_whether_scans_go_on(patient: Patient, nurse: User, now: datetime) -> None:
    commands.start_plan(patient, modality="cga", by=nurse, now=now)
    assert commands.ask_to_confirm(patient, by=None, now=now)
    assert steps(patient, "plan") == ["Start a surveillance plan, or say why none"]


def test_lab_has_no_response(patient: Patient, nurse: User, doctor: User, now: datetime, settled: Any) -> None:
    commands.start_plan(patient, modality="cga", by=nurse, now=now)
    study = lab(patient)
    with settled():
        enter(patient, nurse, now)
    study.refresh_from_db()
    with pytest.raises(ValidationError, match="no response by RECIST"):
        commands.review(study, response="PD", by=doctor, now=now, version=study.version)


def test_patient_taken_into_care_finds_results_that_came_before(
    patient: Patient, nurse: User, now: datetime, settled: Any
) -> None:
    commands.start_plan(patient, modality="cga", by=nurse, now=now)
    change_enrollment(patient, EnrollmentStatus.ON_HOLD, on=TODAY, reason="Abroad", by=nurse, now=now)
    measured(patient, "9811-1", 1, 280)
    patient.refresh_from_db()
    with settled():
        change_enrollment(patient, EnrollmentStatus.ACTIVE, on=TODAY, reason="Back", by=nurse, now=now)
    assert ImagingStudy.objects.get(patient=patient, status="reported").performed_on == TODAY - timedelta(1)
