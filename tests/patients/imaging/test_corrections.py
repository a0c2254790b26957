"""What was entered by mistake is taken back: scans, reports, closings."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from careteam.audit.models import AuditEvent
from careteam.events.models import Event
from careteam.people.models import Team, User
from careteam.people.rules import Role
from patients.imaging import commands
from patients.imaging.models import ImagingStudy, SurveillancePlan
from patients.imaging.rules import STUDY_CORRECTIONS, STUDY_TRANSITIONS, CloseReason, StudyStatus
from patients.record.models import DiseaseStatus, NextStep, Patient
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
def radiologist(team: Team) -> User:
    return factories.person(team, Role.RADIOLOGIST)


@pytest.fixture
def patient(team: Team) -> Patient:
    patient = factories.patient(team)
    factories.specimen(patient)
    return patient


def planned(patient: Patient, nurse: User, now: datetime) -> ImagingStudy:
    commands.start_plan(patient, modality="ct", anchor_on=TODAY - timedelta(100), by=nurse, now=now)
    return waiting(patient)


def waiting(patient: Patient) -> ImagingStudy:
    found: ImagingStudy = ImagingStudy.objects.outstanding().get(patient=patient)
    return found


def test_corrections_are_total_and_never_an_ordinary_way() -> None:
    assert set(STUDY_CORRECTIONS) == set(StudyStatus)
    assert all(not STUDY_CORRECTIONS[state] & STUDY_TRANSITIONS[state] for state in StudyStatus)


def test_a_scan_that_was_not_made_returns_to_its_slot_and_the_plan_counts_from_before(
    patient: Patient, nurse: User, now: datetime
) -> None:
    study = planned(patient, nurse, now)
    due = study.due_on
    study = commands.schedule(study, at=now + timedelta(days=1), place="Site A", by=nurse, now=now)
    study = commands.record_performed(study, on=TODAY, by=nurse, now=now)
    assert waiting(patient).pk != study.pk
    back = commands.take_back_performed(study, reason="Other patient", by=nurse, now=now)
    assert waiting(patient) == back
    assert (back.status, back.place, back.performed_on, back.due_on) == ("scheduled", "Site A", None, due)
    plan = SurveillancePlan.objects.get(stopped_on=None)
    assert plan.anchor_on == TODAY - timedelta(100)
    event = AuditEvent.objects.get(action="imaging.take_back_performed")
    assert (event.reason, event.details["on"]) == ("Other patient", TODAY.isoformat())


def test_a_report_on_the_wrong_study_leaves_with_its_response_and_review(
    patient: Patient, nurse: User, radiologist: User, doctor: User, now: datetime
) -> None:
    study = planned(patient, nurse, now)
    study = commands.record_report(study, report="Text", response="PD", performed_on=TODAY, by=radiologist, now=now)
    study = commands.review(study, response="PD", version=study.version, by=doctor, now=now)
    assert study.decision_due_on == TODAY + timedelta(14)
    with pytest.raises(ValidationError, match="Say what was wrong"):
        commands.take_back_report(study, reason=" ", by=doctor, now=now)
    study = commands.take_back_report(study, reason="Belongs to the MRI", by=doctor, now=now)
    assert (study.status, study.report, study.response, study.reviewed_by, study.decision_due_on) == (
        "performed",
        "",
        "",
        None,
        None,
    )
    assert not DiseaseStatus.objects.valid().exists()
    assert Event.objects.filter(kind="progression.withdrawn").count() == 1
    assert NextStep.objects.get(source_key=f"study:{study.pk}", closed_at=None).owner_role == "radiologist"
    assert ImagingStudy.pgh_event_model.objects.filter(pgh_obj_id=study.pk, report="Text").exists()


def test_a_study_closed_by_mistake_takes_its_place_again(patient: Patient, nurse: User, now: datetime) -> None:
    study = commands.order(planned(patient, nurse, now), by=nurse, now=now)
    due = study.due_on
    study = commands.close_study(study, reason=CloseReason.NOT_INDICATED, by=nurse, now=now)
    assert waiting(patient).due_on > TODAY
    study = commands.reopen_study(study, reason="Wrong row", by=nurse, now=now)
    assert waiting(patient) == study
    assert (study.status, study.due_on, study.close_reason) == ("ordered", due, "")
    plan = SurveillancePlan.objects.get(stopped_on=None)
    assert plan.anchor_on + timedelta(plan.interval_days) == due


def test_a_closed_study_stays_closed_once_the_next_has_begun(patient: Patient, nurse: User, now: datetime) -> None:
    study = commands.close_study(planned(patient, nurse, now), reason=CloseReason.PATIENT_DECLINED, by=nurse, now=now)
    commands.order(waiting(patient), by=nurse, now=now)
    with pytest.raises(ValidationError, match="ordered or booked already"):
        commands.reopen_study(study, reason="Wrong row", by=nurse, now=now)


def test_correction_is_offered_by_state_and_keeps_the_reason(
    client: Client, patient: Patient, nurse: User, now: datetime
) -> None:
    study = planned(patient, nurse, now)
    commands.close_study(study, reason=CloseReason.NOT_INDICATED, by=nurse, now=now)
    study.refresh_from_db()
    client.force_login(nurse)
    page = client.get(reverse("study-page", args=[study.pk])).content.decode()
    assert "Closed by mistake…" in page
    url = reverse("study-correct", args=[study.pk])
    assert client.post(url, {"version": study.version, "reason": ""}).status_code == 422
    assert client.post(url, {"version": study.version - 1, "reason": "Wrong row"}).status_code == 409
    assert client.post(url, {"version": study.version, "reason": "Wrong row"}).status_code == 303
    assert waiting(patient).pk == study.pk
