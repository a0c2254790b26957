"""Lines and doses through their commands."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from careteam.audit.models import AuditEvent
from careteam.events.models import Event
from careteam.people.models import User
from careteam.people.rules import Role
from patients.record.commands import change_enrollment, record_death
from patients.record.models import DiseaseStatus, NextStep, Patient, StaleEdit
from patients.record.rules import EnrollmentStatus
from patients.treatment import commands
from patients.treatment.models import Administration, TreatmentLine
from patients.treatment.queries import current_line, lines_of, therapy_lines
from patients.treatment.rules import EndReason, LineDraft, LineStatus
from tests import factories

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 23)
LANREOTIDE = LineDraft("ssa", "Lanreotide", start_reason="first", dose="120 mg", interval_days=28)
PRRT = LineDraft(
    "prrt", "177Lu-dotatate", start_reason="progression", dose="7.4 GBq", interval_days=56, planned_count=4
)


@pytest.fixture
def oncologist() -> User:
    return factories.person(factories.team(), Role.ONCOLOGIST)


@pytest.fixture
def patient(oncologist: User) -> Patient:
    return factories.patient(oncologist.memberships.get().team)


def doses(line: TreatmentLine) -> list[tuple[int, str, date]]:
    rows = Administration.objects.filter(line=line).order_by("number")
    return [(dose.number, dose.status, dose.planned_on) for dose in rows]


def steps(patient: Patient) -> list[tuple[str, str, date | None]]:
    rows = NextStep.objects.filter(patient=patient, closed_at=None).order_by("source_key")
    return [(step.source_key, step.what, step.due_on) for step in rows]


def test_begin_line_lays_out_the_whole_course(patient: Patient, oncologist: User, now: datetime) -> None:
    line = commands.begin_line(patient, PRRT, on=TODAY, by=oncologist, now=now)
    assert line.status == "active"
    assert doses(line) == [(n + 1, "planned", TODAY + timedelta(56 * n)) for n in range(4)]
    assert steps(patient) == [(f"line:{line.pk}", "177Lu-dotatate 7.4 GBq, dose 1 of 4", TODAY)]


def test_begin_line_announces_the_start_with_its_therapy_line(
    patient: Patient, oncologist: User, now: datetime
) -> None:
    commands.begin_line(patient, LANREOTIDE, on=TODAY - timedelta(200), by=oncologist, now=now)
    commands.begin_line(patient, PRRT, on=TODAY, by=oncologist, now=now)
    event = Event.objects.filter(kind="line.started").latest("pk")
    assert event.payload == {
        "modality": "prrt",
        "agent": "177Lu-dotatate",
        "role": "antitumor",
        "therapy_line": 2,
        "reason": "progression",
    }


def test_begin_line_on_a_day_to_come_plans_it(patient: Patient, oncologist: User, now: datetime) -> None:
    line = commands.begin_line(patient, LANREOTIDE, on=TODAY + timedelta(7), by=oncologist, now=now)
    assert (line.status, line.started_on, line.planned_on) == ("planned", None, TODAY + timedelta(7))
    assert doses(line) == []
    assert steps(patient) == [(f"line:{line.pk}", "Start Lanreotide 120 mg", TODAY + timedelta(7))]


def test_begin_line_ends_what_it_replaces(patient: Patient, oncologist: User, now: datetime) -> None:
    first = commands.begin_line(patient, LANREOTIDE, on=TODAY - timedelta(200), by=oncologist, now=now)
    commands.begin_line(patient, PRRT, on=TODAY, ends={first.pk: "progression"}, by=oncologist, now=now)
    first.refresh_from_db()
    assert (first.status, first.ended_on, first.end_reason) == ("stopped", TODAY, "progression")
    assert {status for _, status, _ in doses(first)} == {"cancelled"}


def test_begin_line_keeps_the_analog_for_symptoms_in_its_rhythm(
    patient: Patient, oncologist: User, now: datetime
) -> None:
    first = commands.begin_line(patient, LANREOTIDE, on=TODAY - timedelta(20), by=oncologist, now=now)
    commands.begin_line(patient, PRRT, on=TODAY, ends={first.pk: "symptoms"}, by=oncologist, now=now)
    rows = lines_of(patient.pk, TODAY)
    assert [(row.line.modality, row.line.role, row.number.therapy) for row in rows] == [
        ("ssa", "antitumor", 1),
        ("prrt", "antitumor", 2),
        ("ssa", "symptom_control", None),
    ]
    assert doses(rows[2].line)[0][2] == TODAY + timedelta(8)


def test_begin_line_completes_surgery_the_same_day(patient: Patient, oncologist: User, now: datetime) -> None:
    draft = LineDraft("surgery", "Liver resection", start_reason="first")
    line = commands.begin_line(patient, draft, on=TODAY, by=oncologist, now=now)
    assert (line.status, line.started_on, line.ended_on, line.end_reason) == ("completed", TODAY, TODAY, "completed")


@pytest.mark.parametrize(
    ("draft", "sentence"),
    [
        (LineDraft("ssa", start_reason="first"), "Name the drug, regimen or procedure."),
        (LineDraft("ssa", "Lanreotide"), "Say why it starts: the therapy line number follows from it."),
        (LineDraft("nonsense", "X", start_reason="first"), "Choose what kind of treatment it is."),
    ],
)
def test_begin_line_refuses_an_incomplete_draft(
    patient: Patient, oncologist: User, now: datetime, draft: LineDraft, sentence: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        commands.begin_line(patient, draft, on=TODAY, by=oncologist, now=now)
    assert refused.value.messages == [sentence]
    assert TreatmentLine.objects.count() == 0


def test_begin_line_refuses_a_second_line_of_the_same_drug(patient: Patient, oncologist: User, now: datetime) -> None:
    commands.begin_line(patient, LANREOTIDE, on=TODAY, by=oncologist, now=now)
    with pytest.raises(ValidationError) as refused:
        commands.begin_line(patient, LANREOTIDE, on=TODAY, by=oncologist, now=now)
    assert refused.value.messages == ["Lanreotide is running already; end that line first."]


def test_begin_line_needs_the_right_role_in_the_patients_team(patient: Patient, now: datetime) -> None:
    nurse = factories.person(patient.team, Role.NURSE_COORDINATOR)
    stranger = factories.person(factories.team(), Role.ONCOLOGIST)
    for person in (nurse, stranger):
        with pytest.raises(ValidationError) as refused:
            commands.begin_line(patient, LANREOTIDE, on=TODAY, by=person, now=now)
        assert refused.value.messages == ["Your roles in the patient's team do not include this change."]


def test_begin_line_waits_until_the_patient_is_in_care(oncologist: User, now: datetime) -> None:
    patient = factories.patient(oncologist.memberships.get().team, status=EnrollmentStatus.UNDER_REVIEW)
    with pytest.raises(ValidationError) as refused:
        commands.begin_line(patient, LANREOTIDE, on=TODAY, by=oncologist, now=now)
    assert refused.value.messages == ["Take the patient into care first: treatment is planned for patients in care."]


def test_line_walks_from_proposal_to_end(patient: Patient, oncologist: User, now: datetime) -> None:
    line = commands.propose_line(patient, PRRT, by=oncologist, now=now)
    line = commands.plan_line(line, planned_on=TODAY, by=oncologist, now=now)
    line = commands.start_line(line, on=TODAY, by=oncologist, now=now)
    line = commands.hold_line(line, reason="Platelets 60", by=oncologist, now=now)
    line = commands.resume_line(line, by=oncologist, now=now)
    line = commands.end_line(line, on=TODAY, reason=EndReason.TOXICITY, by=oncologist, now=now)
    assert line.status == "stopped"
    assert list(TreatmentLine.pgh_event_model.objects.order_by("pgh_id").values_list("status", flat=True)) == [
        "proposed",
        "planned",
        "active",
        "on_hold",
        "active",
        "stopped",
    ]
    assert list(AuditEvent.objects.order_by("pk").values_list("action", flat=True)) == [
        "treatment.propose_line",
        "treatment.plan_line",
        "treatment.start_line",
        "treatment.hold_line",
        "treatment.resume_line",
        "treatment.end_line",
    ]
    assert steps(patient) == []


def test_line_that_ended_stays_ended(patient: Patient, oncologist: User, now: datetime) -> None:
    line = commands.begin_line(patient, LANREOTIDE, on=TODAY, by=oncologist, now=now)
    line = commands.end_line(line, on=TODAY, reason=EndReason.PATIENT_CHOICE, by=oncologist, now=now)
    with pytest.raises(ValidationError) as refused:
        commands.resume_line(line, by=oncologist, now=now)
    assert refused.value.messages == ["Only a line on hold can be resumed."]


def test_end_line_refuses_an_end_before_its_start(patient: Patient, oncologist: User, now: datetime) -> None:
    line = commands.begin_line(patient, LANREOTIDE, on=TODAY, by=oncologist, now=now)
    with pytest.raises(ValidationError) as refused:
        commands.end_line(line, on=TODAY - timedelta(1), reason=EndReason.TOXICITY, by=oncologist, now=now)
    assert refused.value.messages == ["The end lies before the start, 23 Nov 2026."]


def test_enter_in_error_keeps_the_row_and_renumbers(patient: Patient, oncologist: User, now: datetime) -> None:
    wrong = commands.begin_line(patient, LANREOTIDE, on=TODAY - timedelta(9), by=oncologist, now=now)
    commands.begin_line(patient, PRRT, on=TODAY, by=oncologist, now=now)
    wrong = commands.enter_in_error(wrong, reason="Other patient", by=oncologist, now=now)
    assert (wrong.status, wrong.error_reason) == (LineStatus.ERROR, "Other patient")
    assert [(row.l_label, row.number.therapy) for row in lines_of(patient.pk, TODAY)] == [("L1", 1)]


def test_correct_line_refuses_a_stale_form(patient: Patient, oncologist: User, now: datetime) -> None:
    line = commands.begin_line(patient, LANREOTIDE, on=TODAY, by=oncologist, now=now)
    opened = line.version
    commands.correct_line(line, {"dose": "90 mg"}, version=opened, by=oncologist, now=now)
    with pytest.raises(StaleEdit) as stale:
        commands.correct_line(line, {"dose": "60 mg"}, version=opened, by=oncologist, now=now)
    assert stale.value.current.dose == "90 mg"


def test_correct_line_settles_an_imported_line(patient: Patient, oncologist: User, now: datetime) -> None:
    line = factories.line(patient, needs_review=True, source="fhir")
    line = commands.correct_line(line, {"agent": "Octreotide LAR"}, version=1, by=oncologist, now=now)
    assert (line.agent, line.needs_review) == ("Octreotide LAR", False)


def test_confirm_import_is_done_once(patient: Patient, oncologist: User, now: datetime) -> None:
    line = factories.line(patient, needs_review=True, source="fhir")
    commands.confirm_import(line, by=oncologist, now=now)
    commands.confirm_import(line, by=oncologist, now=now)
    line.refresh_from_db()
    assert (line.needs_review, line.version) == (False, 2)
    assert AuditEvent.objects.filter(action="treatment.confirm_import").count() == 1


def test_give_administration_late_moves_what_follows(patient: Patient, oncologist: User, now: datetime) -> None:
    line = commands.begin_line(patient, PRRT, on=TODAY - timedelta(10), by=oncologist, now=now)
    second = Administration.objects.get(line=line, number=2)
    assert second.planned_on == TODAY + timedelta(46)
    later = now + timedelta(days=60)
    commands.give_administration(second, on=TODAY + timedelta(53), despite="Labs on paper", by=oncologist, now=later)
    assert doses(line) == [
        (2, "given", TODAY + timedelta(46)),
        (3, "planned", TODAY + timedelta(109)),
        (4, "planned", TODAY + timedelta(165)),
    ]


def test_give_administration_plans_the_next_dose_of_an_open_line(
    patient: Patient, oncologist: User, now: datetime
) -> None:
    line = commands.begin_line(patient, LANREOTIDE, on=TODAY, by=oncologist, now=now)
    first = Administration.objects.get(line=line, number=1)
    commands.give_administration(first, on=TODAY, by=oncologist, now=now)
    assert doses(line) == [(1, "given", TODAY), *((n + 1, "planned", TODAY + timedelta(28 * n)) for n in (1, 2, 3))]
    assert steps(patient) == [(f"line:{line.pk}", "Lanreotide 120 mg, dose 2", TODAY + timedelta(28))]


def test_give_administration_needs_a_day_that_has_come(patient: Patient, oncologist: User, now: datetime) -> None:
    line = commands.begin_line(patient, LANREOTIDE, on=TODAY, by=oncologist, now=now)
    first = Administration.objects.get(line=line, number=1)
    with pytest.raises(ValidationError) as refused:
        commands.give_administration(first, on=TODAY + timedelta(1), by=oncologist, now=now)
    assert refused.value.messages == ["The day lies in the future."]


def test_delay_administration_moves_what_follows_and_keeps_the_old_date(
    patient: Patient, oncologist: User, now: datetime
) -> None:
    line = commands.begin_line(patient, PRRT, on=TODAY, by=oncologist, now=now)
    first = Administration.objects.get(line=line, number=1)
    first = commands.delay_administration(first, to=TODAY + timedelta(7), reason="Platelets", by=oncologist, now=now)
    assert (first.moved_from, first.planned_on) == (TODAY, TODAY + timedelta(7))
    assert [on for _, _, on in doses(line)] == [TODAY + timedelta(7 + 56 * n) for n in range(4)]


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (commands.hold_administration, "held"),
        (commands.skip_administration, "skipped"),
        (commands.cancel_administration, "cancelled"),
    ],
)
def test_setting_a_dose_aside_needs_a_reason(
    patient: Patient, oncologist: User, now: datetime, command: object, status: str
) -> None:
    line = commands.begin_line(patient, PRRT, on=TODAY, by=oncologist, now=now)
    first = Administration.objects.get(line=line, number=1)
    with pytest.raises(ValidationError):
        command(first, reason=" ", by=oncologist, now=now)  # type: ignore[operator]
    command(first, reason="Fever", by=oncologist, now=now)  # type: ignore[operator]
    assert doses(line)[0] == (1, status, TODAY)


def test_all_doses_given_asks_to_complete_the_line(patient: Patient, oncologist: User, now: datetime) -> None:
    draft = LineDraft("chemotherapy", "CAPTEM", start_reason="first", interval_days=28, planned_count=1)
    line = commands.begin_line(patient, draft, on=TODAY, by=oncologist, now=now)
    cycle = Administration.objects.get(line=line)
    commands.give_administration(cycle, on=TODAY, despite="Labs on paper", by=oncologist, now=now)
    assert steps(patient) == [(f"line:{line.pk}", "All doses of CAPTEM given: complete the line", None)]


def test_death_ends_every_line_and_cancels_every_dose(
    patient: Patient, oncologist: User, now: datetime, django_capture_on_commit_callbacks: object
) -> None:
    line = commands.begin_line(patient, PRRT, on=TODAY - timedelta(30), by=oncologist, now=now)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        record_death(patient, on=TODAY - timedelta(1), cause="Progression", by=oncologist, now=now)
    line.refresh_from_db()
    assert (line.status, line.ended_on, line.end_reason) == ("stopped", TODAY - timedelta(1), "death")
    assert {status for _, status, _ in doses(line)} == {"cancelled"}
    assert steps(patient) == []


def test_steps_of_lines_stand_open_only_in_care(
    patient: Patient, oncologist: User, now: datetime, django_capture_on_commit_callbacks: object
) -> None:
    line = commands.begin_line(patient, LANREOTIDE, on=TODAY, by=oncologist, now=now)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        change_enrollment(patient, EnrollmentStatus.ON_HOLD, on=TODAY, by=oncologist, now=now)
    assert steps(patient) == []
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        change_enrollment(patient, EnrollmentStatus.ACTIVE, on=TODAY, by=oncologist, now=now)
    assert [key for key, _, _ in steps(patient) if key.startswith("line:")] == [f"line:{line.pk}"]


def test_note_response_writes_best_and_last_of_the_running_line(
    patient: Patient, oncologist: User, now: datetime
) -> None:
    line = commands.begin_line(patient, LANREOTIDE, on=TODAY - timedelta(300), by=oncologist, now=now)
    for days, category in ((400, "PD"), (200, "PR"), (100, "SD"), (10, "PD")):
        DiseaseStatus.objects.create(
            patient=patient, assessed_on=TODAY - timedelta(days), category=category, method="recist"
        )
    assert commands.note_response(patient, by=oncologist, now=now) == 1
    line.refresh_from_db()
    assert (line.best_response, line.last_response) == ("PR", "PD")
    row = current_line(patient.pk, TODAY)
    assert row is not None
    assert row.best is not None
    assert row.last is not None
    assert (row.best.on, row.last.on) == (TODAY - timedelta(200), TODAY - timedelta(10))


def test_therapy_lines_counts_for_many_patients_in_one_query(
    patient: Patient, oncologist: User, now: datetime, django_assert_num_queries: object
) -> None:
    other = factories.patient(patient.team)
    factories.line(patient)
    factories.line(patient, "targeted", agent="Everolimus", start_reason="progression", started_on=TODAY)
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert therapy_lines([patient.pk, other.pk]) == {patient.pk: 2, other.pk: 0}


def test_lines_of_reads_any_number_of_lines_in_four_queries(
    patient: Patient, oncologist: User, now: datetime, django_assert_num_queries: object
) -> None:
    for count in (1, 3):
        for _ in range(count):
            factories.line(patient)
        with django_assert_num_queries(4):  # type: ignore[operator]
            lines_of(patient.pk, TODAY)
