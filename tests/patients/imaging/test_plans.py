"""Plans: started by a person, recomputed by what happens, stopped with a reason."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from careteam.audit.models import AuditEvent
from careteam.people.models import Team, User
from careteam.people.rules import Role
from patients.imaging import commands
from patients.imaging.models import ImagingStudy, Reminder, SurveillancePlan
from patients.imaging.rules import CloseReason, StopReason
from patients.protocol.commands import sign_number
from patients.record.commands import change_enrollment, record_death
from patients.record.models import NextStep, Patient
from patients.record.rules import EnrollmentStatus
from patients.treatment import commands as treatment
from patients.treatment.rules import EndReason, LineDraft
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
    """NET G2, stage IV, on lanreotide since January, last CT 30 days ago."""
    patient = factories.patient(team)
    factories.diagnosis(patient)
    factories.specimen(patient)
    factories.line(patient)
    scanned(patient, 30)
    return patient


def scanned(patient: Patient, days: int, **fields: Any) -> ImagingStudy:
    """A CT performed so many days ago."""
    values: dict[str, Any] = {"status": "performed", "due_on": None, "performed_on": TODAY - timedelta(days)}
    return factories.study(patient, **(values | fields))


def start(patient: Patient, by: User, now: datetime, **fields: Any) -> SurveillancePlan:
    return commands.start_plan(patient, **({"modality": "ct", "region": "liver", "by": by, "now": now} | fields))


def waiting(patient: Patient) -> ImagingStudy:
    return ImagingStudy.objects.outstanding().get(patient=patient)


def steps(patient: Patient) -> list[tuple[str, str, date | None]]:
    rows = NextStep.objects.filter(patient=patient, closed_at=None).order_by("source_key")
    return [(row.source_key, row.what, row.due_on) for row in rows]


def test_start_plan_makes_the_next_study_due_and_says_why(patient: Patient, nurse: User, now: datetime) -> None:
    plan = start(patient, nurse, now)
    study = waiting(patient)
    assert (plan.situation, plan.interval_days, plan.anchor_on) == ("S1", 90, TODAY - timedelta(30))
    assert plan.why == "90 days after CT of 24 Oct 2026, S1: stage IV G2, first year of L1 Lanreotide"
    assert (study.due_on, study.status, study.owner) == (TODAY + timedelta(60), "planned", nurse)
    assert steps(patient) == [(f"study:{study.pk}", "Order CT, liver", TODAY + timedelta(60))]


def test_start_plan_of_an_unclassified_tumor_is_strict_and_provisional(team: Team, nurse: User, now: datetime) -> None:
    patient = factories.patient(team)
    factories.specimen(patient, differentiation="")
    scanned(patient, 30)
    plan = start(patient, nurse, now)
    assert (plan.situation, plan.interval_days, plan.is_provisional) == ("S4", 60, True)


def test_start_plan_with_an_own_interval_needs_a_reason(patient: Patient, nurse: User, now: datetime) -> None:
    with pytest.raises(ValidationError) as refused:
        start(patient, nurse, now, interval_days=45)
    assert refused.value.messages == ["Say why this patient's interval differs."]
    plan = start(patient, nurse, now, interval_days=45, override_reason="Rapid growth")
    assert plan.interval_days == 45
    assert waiting(patient).due_on == TODAY + timedelta(15)


def test_start_plan_without_a_date_to_count_from_asks_for_one(team: Team, nurse: User, now: datetime) -> None:
    patient = factories.patient(team)
    with pytest.raises(ValidationError) as refused:
        start(patient, nurse, now)
    assert set(refused.value.error_dict) == {"anchor_on"}
    start(patient, nurse, now, anchor_on=TODAY)
    assert waiting(patient).due_on == TODAY + timedelta(60)


def test_start_plan_replaces_the_running_one(patient: Patient, nurse: User, now: datetime) -> None:
    first = start(patient, nurse, now)
    start(patient, nurse, now, interval_days=45, override_reason="Rapid growth")
    first.refresh_from_db()
    assert (first.stopped_on, first.stop_reason) == (TODAY, "replaced")
    assert waiting(patient).due_on == TODAY + timedelta(15)


def test_start_plan_needs_the_patient_in_care(team: Team, nurse: User, now: datetime) -> None:
    patient = factories.patient(team, status=EnrollmentStatus.UNDER_REVIEW)
    with pytest.raises(ValidationError) as refused:
        start(patient, nurse, now, anchor_on=TODAY)
    assert refused.value.messages == [
        "Take the patient into care first: nothing is asked for patients outside our care."
    ]


def test_a_new_line_recomputes_the_date(
    patient: Patient, nurse: User, doctor: User, now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    start(patient, nurse, now)
    draft = LineDraft("targeted", "Everolimus", start_reason="progression")
    with django_capture_on_commit_callbacks(execute=True):
        treatment.begin_line(patient, draft, on=TODAY, by=doctor, now=now)
    plan = SurveillancePlan.objects.get(patient=patient)
    assert (plan.situation, plan.interval_days) == ("S5", 84)
    assert plan.why == "84 days after CT of 24 Oct 2026, S5: stage IV G2, L2 Everolimus is a targeted drug"
    assert waiting(patient).due_on == TODAY + timedelta(54)


def test_replan_without_a_change_writes_nothing(patient: Patient, nurse: User, now: datetime) -> None:
    plan = start(patient, nurse, now)
    audited = AuditEvent.objects.count()
    assert commands.replan(patient, by=None, now=now + timedelta(days=1)) == 0
    plan.refresh_from_db()
    assert (plan.version, AuditEvent.objects.count()) == (1, audited)


def test_replan_does_not_reset_the_clock_of_what_is_late_and_stays_late(
    patient: Patient, nurse: User, now: datetime
) -> None:
    plan = start(patient, nurse, now)
    later = now + timedelta(days=80)  # 20 days over
    factories.specimen(patient, differentiation="poor", taken_on=TODAY)
    commands.replan(patient, by=None, now=later)
    plan.refresh_from_db()
    assert (plan.situation, plan.confirmed_at) == ("S4", now)


def test_replan_that_moves_a_date_starts_the_clock_anew(patient: Patient, nurse: User, now: datetime) -> None:
    plan = start(patient, nurse, now)
    later = now + timedelta(days=50)
    factories.specimen(patient, differentiation="poor", taken_on=TODAY)
    commands.replan(patient, by=None, now=later)
    plan.refresh_from_db()
    assert (waiting(patient).due_on, plan.confirmed_at) == (TODAY + timedelta(30), later)


def test_replan_withdraws_reminders_of_the_old_date(patient: Patient, nurse: User, now: datetime) -> None:
    start(patient, nurse, now)
    commands.sweep(now=now + timedelta(days=35))
    assert Reminder.objects.get().state == "open"
    scanned(patient, 1)
    commands.replan(patient, by=None, now=now + timedelta(days=36))
    assert Reminder.objects.get().state == "withdrawn"
    assert waiting(patient).due_on == TODAY + timedelta(89)


def test_a_performed_scan_makes_the_next_due_an_interval_later(patient: Patient, nurse: User, now: datetime) -> None:
    start(patient, nurse, now)
    first = waiting(patient)
    commands.record_performed(first, on=TODAY + timedelta(40), by=nurse, now=now + timedelta(days=40))
    following = waiting(patient)
    assert following.pk != first.pk
    assert following.due_on == TODAY + timedelta(40 + 90)
    assert following.owner == nurse


def test_an_incidental_scan_in_the_window_answers_an_ordered_study(
    patient: Patient, nurse: User, now: datetime
) -> None:
    start(patient, nurse, now)
    first = commands.order(waiting(patient), by=nurse, now=now)
    extra = commands.add_study(patient, modality="mri", region="liver", due_on=TODAY, by=nurse, now=now)
    commands.record_performed(extra, on=TODAY + timedelta(50), by=nurse, now=now + timedelta(days=50))
    first.refresh_from_db()
    assert (first.status, first.close_reason) == ("closed", "superseded")
    assert waiting(patient).due_on == TODAY + timedelta(50 + 90)


def test_an_early_scan_outside_the_window_moves_the_ordered_study(patient: Patient, nurse: User, now: datetime) -> None:
    start(patient, nurse, now)
    first = commands.order(waiting(patient), by=nurse, now=now)
    extra = commands.add_study(patient, modality="mri", region="liver", due_on=TODAY, by=nurse, now=now)
    commands.record_performed(extra, on=TODAY, by=nurse, now=now)
    first.refresh_from_db()
    assert (first.status, first.due_on) == ("ordered", TODAY + timedelta(90))


def test_two_modalities_in_parallel_are_each_answered_by_their_own(
    patient: Patient, nurse: User, now: datetime
) -> None:
    """CT of the trunk and MRI of the liver: neither answers the other; an early or missed scan moves its plan alone."""
    patient.treatmentlines.update(started_on=TODAY)
    scanned(patient, 10, modality="mri", region="liver")
    trunk = start(patient, nurse, now, region="chest, abdomen, pelvis")
    assert trunk.anchor_on == TODAY - timedelta(10)  # alone, it is answered by the MRI
    liver = start(patient, nurse, now, modality="mri", region="liver")

    def due() -> dict[str, date | None]:
        rows = ImagingStudy.objects.outstanding().filter(patient=patient)
        return {row.modality: row.due_on for row in rows}

    trunk.refresh_from_db()
    assert trunk.why == "90 days after CT of 24 Oct 2026, S1: stage IV G2, first year of L1 Lanreotide"
    assert due() == {"ct": TODAY + timedelta(60), "mri": TODAY + timedelta(80)}
    # Within the window before its date an MRI answers the MRI plan; the CT, overdue by then, stays overdue.
    mri = ImagingStudy.objects.outstanding().get(plan=liver)
    commands.record_performed(mri, on=TODAY + timedelta(70), by=nurse, now=now + timedelta(days=70))
    assert due() == {"ct": TODAY + timedelta(60), "mri": TODAY + timedelta(160)}
    # A missed CT, closed without a scan, asks again an interval later; the MRI stands.
    ct = ImagingStudy.objects.outstanding().get(plan=trunk)
    commands.close_study(ct, reason=CloseReason.NOT_INDICATED, by=nurse, now=now + timedelta(days=70))
    assert due() == {"ct": TODAY + timedelta(160), "mri": TODAY + timedelta(160)}
    # An early CT outside of the window moves the CT alone.
    extra = commands.add_study(patient, modality="ct", region="abdomen", due_on=TODAY, by=nurse, now=now)
    commands.record_performed(extra, on=TODAY + timedelta(100), by=nurse, now=now + timedelta(days=100))
    assert due() == {"ct": TODAY + timedelta(190), "mri": TODAY + timedelta(160)}
    # Without the MRI plan, an MRI answers the CT plan again.
    commands.stop_plan(liver, reason=StopReason.SYMPTOM_LED, by=nurse, now=now + timedelta(days=110))
    scanned(patient, -120, modality="mri", region="liver")
    commands.replan(patient, by=None, now=now + timedelta(days=121))
    assert due() == {"ct": TODAY + timedelta(210)}


def test_ct_and_receptor_imaging_run_side_by_side(patient: Patient, nurse: User, now: datetime) -> None:
    scanned(patient, 100, modality="sstr_pet", region="whole body")
    start(patient, nurse, now)
    pet = start(patient, nurse, now, modality="sstr_pet", region="whole body")
    assert (pet.situation, pet.anchor_on, pet.interval_days) == ("S13", TODAY - timedelta(100), 365)
    scanned(patient, 1)
    commands.replan(patient, by=None, now=now)
    rows = ImagingStudy.objects.outstanding().filter(patient=patient)
    assert {row.modality: row.due_on for row in rows} == {
        "ct": TODAY + timedelta(89),
        "sstr_pet": TODAY + timedelta(265),
    }


def test_a_scan_of_the_head_answers_nothing(patient: Patient, nurse: User, now: datetime) -> None:
    start(patient, nurse, now)
    extra = commands.add_study(patient, modality="ct", region="head", due_on=TODAY, by=nurse, now=now)
    commands.record_performed(extra, on=TODAY, by=nurse, now=now)
    assert waiting(patient).due_on == TODAY + timedelta(60)


def test_stop_plan_closes_what_is_outstanding_with_the_reason(patient: Patient, nurse: User, now: datetime) -> None:
    plan = start(patient, nurse, now)
    study = waiting(patient)
    commands.stop_plan(plan, reason=StopReason.DECLINED, ask_again_on=TODAY + timedelta(90), by=nurse, now=now)
    study.refresh_from_db()
    assert (study.status, study.close_reason) == ("closed", "patient_declined")
    assert steps(patient) == [(f"plan:{patient.pk}", "Ask again about surveillance imaging", TODAY + timedelta(90))]


def test_stop_plan_for_a_patient_who_declined_needs_a_date_to_ask_again(
    patient: Patient, nurse: User, now: datetime
) -> None:
    plan = start(patient, nurse, now)
    with pytest.raises(ValidationError) as refused:
        commands.stop_plan(plan, reason=StopReason.DECLINED, by=nurse, now=now)
    assert refused.value.messages == ["Choose a date to ask again."]


def test_hospice_stops_surveillance_and_nothing_else(
    patient: Patient, nurse: User, doctor: User, now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    start(patient, nurse, now)
    extra = commands.add_study(patient, modality="us", region="abdomen", due_on=TODAY, by=nurse, now=now)
    with django_capture_on_commit_callbacks(execute=True):
        treatment.begin_line(patient, LineDraft("hospice"), on=TODAY, by=doctor, now=now)
    plan = SurveillancePlan.objects.get(patient=patient)
    assert plan.stop_reason == "hospice"
    assert [study.pk for study in ImagingStudy.objects.outstanding().filter(patient=patient)] == [extra.pk]
    assert patient.treatmentlines.get(modality="ssa").status == "active"
    with pytest.raises(ValidationError) as refused:
        start(patient, nurse, now)
    assert refused.value.messages == ["Hospice care: surveillance imaging is off. End that line first."]


def test_leaving_hospice_asks_whether_imaging_resumes(
    patient: Patient, nurse: User, doctor: User, now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    start(patient, nurse, now)
    with django_capture_on_commit_callbacks(execute=True):
        line = treatment.begin_line(patient, LineDraft("hospice"), on=TODAY, by=doctor, now=now)
    with django_capture_on_commit_callbacks(execute=True):
        treatment.end_line(line, on=TODAY, reason=EndReason.PATIENT_CHOICE, by=doctor, now=now)
    assert steps(patient) == [(f"plan:{patient.pk}", "Confirm surveillance imaging again", None)]


@pytest.mark.parametrize("confirmed", [True, False])
def test_best_supportive_care_stops_imaging_only_when_confirmed(
    patient: Patient, nurse: User, doctor: User, now: datetime, django_capture_on_commit_callbacks: Any, confirmed: bool
) -> None:
    plan = start(patient, nurse, now)
    with django_capture_on_commit_callbacks(execute=True):
        treatment.begin_line(patient, LineDraft("bsc", symptom_led_imaging=confirmed), on=TODAY, by=doctor, now=now)
    plan.refresh_from_db()
    assert plan.stop_reason == ("symptom_led" if confirmed else "")


def test_death_closes_everything_and_silences_the_ladder(
    patient: Patient, nurse: User, doctor: User, now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    start(patient, nurse, now)
    commands.sweep(now=now + timedelta(days=110))
    with django_capture_on_commit_callbacks(execute=True):
        record_death(patient, on=TODAY + timedelta(110), cause="", by=doctor, now=now + timedelta(days=111))
    assert SurveillancePlan.objects.get(patient=patient).stop_reason == "deceased"
    assert ImagingStudy.objects.outstanding().filter(patient=patient).count() == 0
    assert [row.state for row in Reminder.objects.all()] == ["withdrawn"]
    assert steps(patient) == []


@pytest.mark.parametrize(
    ("status", "reason"), [("transferred", "transferred"), ("discharged", "discharged"), ("declined", "declined")]
)
def test_leaving_our_care_stops_with_the_reason_and_coming_back_is_confirmed_by_a_person(
    patient: Patient, nurse: User, now: datetime, django_capture_on_commit_callbacks: Any, status: str, reason: str
) -> None:
    start(patient, nurse, now)
    with django_capture_on_commit_callbacks(execute=True):
        change_enrollment(
            patient,
            EnrollmentStatus(status),
            on=TODAY,
            reason="Moved",
            ask_again_on=TODAY + timedelta(99),
            by=nurse,
            now=now,
        )
    assert SurveillancePlan.objects.get(patient=patient).stop_reason == reason
    with django_capture_on_commit_callbacks(execute=True):
        change_enrollment(patient, EnrollmentStatus.ACTIVE, on=TODAY, by=nurse, now=now)
    assert ImagingStudy.objects.outstanding().filter(patient=patient).count() == 0
    assert (f"plan:{patient.pk}", "Confirm surveillance imaging again", None) in steps(patient)


def test_on_hold_pauses_and_in_care_goes_on(
    patient: Patient, nurse: User, now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    start(patient, nurse, now)
    with django_capture_on_commit_callbacks(execute=True):
        change_enrollment(patient, EnrollmentStatus.ON_HOLD, on=TODAY, by=nurse, now=now)
    assert steps(patient) == []
    assert SurveillancePlan.objects.get(patient=patient).stopped_on is None
    with django_capture_on_commit_callbacks(execute=True):
        change_enrollment(patient, EnrollmentStatus.ACTIVE, on=TODAY, by=nurse, now=now)
    assert (f"study:{waiting(patient).pk}", "Order CT, liver", TODAY + timedelta(60)) in steps(patient)


def test_an_imported_patient_taken_into_care_is_asked_about_not_started(
    team: Team, nurse: User, now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    patient = factories.patient(team, status=EnrollmentStatus.UNDER_REVIEW)
    scanned(patient, 300)
    with django_capture_on_commit_callbacks(execute=True):
        change_enrollment(patient, EnrollmentStatus.ACTIVE, on=TODAY, by=nurse, now=now)
    assert SurveillancePlan.objects.count() == 0
    assert steps(patient) == [(f"plan:{patient.pk}", "Start a surveillance plan, or say why none", None)]


def test_an_unsigned_interval_asks_for_confirmation(patient: Patient, nurse: User, doctor: User, now: datetime) -> None:
    factories.line(
        patient, "targeted", agent="Everolimus", start_reason="progression", started_on=TODAY - timedelta(60)
    )
    factories.responsible(patient, doctor)
    plan = start(patient, nurse, now)
    assert plan.is_signed is False
    key = f"interval:{plan.pk}"
    step = NextStep.objects.get(source_key=key, closed_at=None)
    assert (step.what, step.owner) == ("Confirm interval: 84 days, S5, local and unsigned", doctor)
    commands.confirm_interval(plan, by=doctor, now=now)
    assert NextStep.objects.filter(source_key=key, closed_at=None).count() == 0
    commands.replan(patient, by=None, now=now)
    plan.refresh_from_db()
    assert plan.is_signed is True


def test_a_signed_interval_of_the_team_is_used(patient: Patient, nurse: User, team: Team, now: datetime) -> None:
    sign_number(team, "S1", value=100, by=factories.person(team, Role.TEAM_LEAD), now=now)  # type: ignore[arg-type]
    plan = start(patient, nurse, now)
    assert (plan.interval_days, plan.is_signed) == (100, True)
