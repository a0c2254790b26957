"""One study from order to the act that follows from its report."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from careteam.audit.models import AuditEvent
from careteam.events.models import Event
from careteam.people.models import Team, User
from careteam.people.rules import Role
from patients.imaging import commands
from patients.imaging.models import ContactAttempt, ImagingStudy, Reminder
from patients.imaging.rules import STUDY_TRANSITIONS, CloseReason, ContactKind, ContactOutcome, StudyStatus
from patients.record.models import DiseaseStatus, NextStep, StaleEdit
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
def radiologist(team: Team) -> User:
    return factories.person(team, Role.RADIOLOGIST)


@pytest.fixture
def doctor(team: Team) -> User:
    return factories.person(team, Role.ONCOLOGIST)


@pytest.fixture
def study(team: Team) -> ImagingStudy:
    patient = factories.patient(team)
    return factories.study(
        patient, region="liver", due_on=TODAY - timedelta(20), created_at=datetime(2026, 1, 1, tzinfo=UTC)
    )


def step(study: ImagingStudy) -> tuple[str, date | None, str] | None:
    row = NextStep.objects.filter(source_key=f"study:{study.pk}", closed_at=None).first()
    return (row.what, row.due_on, row.owner_role) if row else None


def reported(study: ImagingStudy, radiologist: User, now: datetime, response: str = "SD") -> ImagingStudy:
    return commands.record_report(
        study, report="Text", conclusion="Stable.", response=response, performed_on=TODAY, by=radiologist, now=now
    )


def test_transitions_are_total() -> None:
    assert set(STUDY_TRANSITIONS) == set(StudyStatus)


def test_study_walks_its_whole_way(
    study: ImagingStudy, nurse: User, radiologist: User, doctor: User, now: datetime
) -> None:
    study = commands.order(study, by=nurse, now=now)
    study = commands.schedule(study, at=now + timedelta(days=2), place="Site A", by=nurse, now=now)
    study = commands.record_performed(study, on=TODAY + timedelta(2), by=nurse, now=now + timedelta(days=2))
    study = commands.record_report(study, report="Text", response="SD", by=radiologist, now=now + timedelta(days=3))
    study = commands.review(study, response="SD", version=study.version, by=doctor, now=now + timedelta(days=4))
    study = commands.act_on(study, note="Goes on", by=doctor, now=now + timedelta(days=4))
    assert list(ImagingStudy.pgh_event_model.objects.order_by("pgh_id").values_list("status", flat=True)) == [
        "planned",
        "ordered",
        "scheduled",
        "performed",
        "reported",
        "reviewed",
        "acted_on",
    ]
    assert list(
        AuditEvent.objects.filter(action__startswith="imaging.").order_by("pk").values_list("action", flat=True)
    ) == [
        "imaging.order",
        "imaging.schedule",
        "imaging.record_performed",
        "imaging.record_report",
        "imaging.review",
        "imaging.act_on",
    ]
    assert step(study) is None


def test_each_state_opens_its_next_step(study: ImagingStudy, nurse: User, radiologist: User, now: datetime) -> None:
    study = commands.order(study, by=nurse, now=now)
    assert step(study) == ("Schedule CT, liver", TODAY - timedelta(20), "nurse_coordinator")
    study = commands.schedule(study, at=now + timedelta(days=2), place="Site A", by=nurse, now=now)
    assert step(study) == ("CT, liver, 25 Nov 2026, 10:00, Site A", TODAY + timedelta(2), "nurse_coordinator")
    study = commands.record_performed(study, on=TODAY, by=nurse, now=now)
    assert step(study) == ("Report of CT, liver outstanding", date(2026, 11, 30), "radiologist")
    study = reported(study, radiologist, now)
    assert step(study) == ("Review the report of CT, liver", TODAY + timedelta(7), "oncologist")


@pytest.mark.parametrize("command", [commands.mark_no_show, commands.cancel_slot])
def test_a_lost_slot_returns_the_study_to_the_list(
    study: ImagingStudy, nurse: User, now: datetime, command: object
) -> None:
    study = commands.schedule(study, at=now + timedelta(days=2), place="Site A", by=nurse, now=now)
    study = command(study, reason="Snow", by=nurse, now=now)  # type: ignore[operator]
    assert (study.status, study.scheduled_for, study.place) == ("ordered", None, "")


def test_schedule_refuses_a_slot_in_the_past(study: ImagingStudy, nurse: User, now: datetime) -> None:
    with pytest.raises(ValidationError) as refused:
        commands.schedule(study, at=now - timedelta(hours=1), place="", by=nurse, now=now)
    assert set(refused.value.error_dict) == {"at"}


def test_ordering_closes_the_reminder_and_empties_the_inbox(study: ImagingStudy, nurse: User, now: datetime) -> None:
    commands.sweep(now=now)
    commands.order(study, by=nurse, now=now)
    reminder = Reminder.objects.get()
    assert (reminder.state, reminder.closed_by) == ("done", nurse)
    assert nurse.inbox.open().count() == 0


def test_record_performed_refuses_a_day_to_come(study: ImagingStudy, nurse: User, now: datetime) -> None:
    with pytest.raises(ValidationError) as refused:
        commands.record_performed(study, on=TODAY + timedelta(1), by=nurse, now=now)
    assert refused.value.messages == ["The day lies in the future."]


@pytest.mark.parametrize(
    ("response", "urgent", "limit"),
    [("SD", False, date(2026, 11, 30)), ("SD", True, date(2026, 11, 25)), ("PD", False, date(2026, 11, 25))],
)
def test_a_report_says_by_when_it_must_be_reviewed(
    study: ImagingStudy, radiologist: User, now: datetime, response: str, urgent: bool, limit: date
) -> None:
    study = commands.record_report(
        study, report="Text", response=response, is_urgent=urgent, performed_on=TODAY, by=radiologist, now=now
    )
    assert study.review_due_on == limit
    assert Event.objects.filter(kind="study.reported").count() == 1


def test_a_report_needs_words_and_the_right_role(
    study: ImagingStudy, radiologist: User, nurse: User, now: datetime
) -> None:
    study = commands.record_performed(study, on=TODAY, by=nurse, now=now)
    with pytest.raises(ValidationError) as refused:
        commands.record_report(study, report=" ", by=radiologist, now=now)
    assert refused.value.messages == ["Enter the report or its conclusion."]
    with pytest.raises(ValidationError) as refused:
        commands.record_report(study, report="Text", by=nurse, now=now)
    assert refused.value.messages == ["Your roles in the patient's team do not include this change."]


def test_review_writes_the_response_into_the_record(
    study: ImagingStudy, radiologist: User, doctor: User, now: datetime
) -> None:
    study = reported(study, radiologist, now, "PR")
    study = commands.review(study, response="PR", version=study.version, by=doctor, now=now)
    status = DiseaseStatus.objects.get()
    assert (status.category, status.assessed_on, status.method, status.study_key, status.assessed_by) == (
        "PR",
        TODAY,
        "recist",
        f"study:{study.pk}",
        doctor,
    )
    assert (study.reviewed_by, study.status) == (doctor, "reviewed")
    assert Event.objects.filter(kind="progression").count() == 0


def test_review_of_progression_announces_it_and_starts_the_clock_to_a_decision(
    study: ImagingStudy, radiologist: User, doctor: User, now: datetime
) -> None:
    study = reported(study, radiologist, now, "PD")
    study = commands.review(study, response="PD", version=study.version, by=doctor, now=now)
    event = Event.objects.get(kind="progression")
    assert event.payload == {"study": study.pk, "response": "PD", "on": "2026-11-23"}
    assert step(study) == ("Decide after progression", TODAY + timedelta(14), "oncologist")


def test_review_of_progression_cannot_be_waved_through(
    study: ImagingStudy, radiologist: User, doctor: User, now: datetime
) -> None:
    study = reported(study, radiologist, now, "PD")
    with pytest.raises(ValidationError) as refused:
        commands.review(study, response="PD", nothing_to_do=True, version=study.version, by=doctor, now=now)
    assert refused.value.messages == ["Progression asks for a decision: say what follows when it is made."]


def test_review_without_consequence_closes_the_loop(
    study: ImagingStudy, radiologist: User, doctor: User, now: datetime
) -> None:
    study = reported(study, radiologist, now)
    study = commands.review(study, response="SD", nothing_to_do=True, version=study.version, by=doctor, now=now)
    assert (study.status, study.acted_note) == ("acted_on", "Nothing to change; surveillance goes on")
    assert step(study) is None


def test_review_needs_the_version_that_was_read(
    study: ImagingStudy, radiologist: User, doctor: User, now: datetime
) -> None:
    study = reported(study, radiologist, now)
    with pytest.raises(StaleEdit):
        commands.review(study, response="SD", version=study.version - 1, by=doctor, now=now)


def test_a_coordinator_cannot_review(study: ImagingStudy, radiologist: User, nurse: User, now: datetime) -> None:
    study = reported(study, radiologist, now)
    with pytest.raises(ValidationError) as refused:
        commands.review(study, response="SD", version=study.version, by=nurse, now=now)
    assert refused.value.messages == ["Your roles in the patient's team do not include this change."]


def test_close_study_goes_on_with_the_plan_one_interval_later(team: Team, nurse: User, now: datetime) -> None:
    patient = factories.patient(team)
    plan = factories.plan(patient)
    study = factories.study(patient, plan=plan, due_on=TODAY)
    study = commands.close_study(study, reason=CloseReason.DONE_ELSEWHERE, by=nurse, now=now)
    following = ImagingStudy.objects.outstanding().get(patient=patient)
    assert (study.status, study.close_reason) == ("closed", "done_elsewhere")
    assert following.due_on == TODAY + timedelta(90)
    plan.refresh_from_db()
    assert plan.why == "90 days after 23 Nov 2026; the scan before was closed: done elsewhere"


def test_take_and_release_move_the_owner(study: ImagingStudy, nurse: User, now: datetime) -> None:
    study = commands.take(study, by=nurse, now=now)
    assert study.owner == nurse
    study = commands.release(study, to=None, by=nurse, now=now)
    assert study.owner is None


def test_hand_over_goes_to_a_colleague_of_the_team_only(study: ImagingStudy, nurse: User, now: datetime) -> None:
    stranger = factories.person(factories.team(), Role.NURSE_COORDINATOR, name="Stranger")
    with pytest.raises(ValidationError) as refused:
        commands.hand_over(study, to=stranger, by=nurse, now=now)
    assert refused.value.messages == ["Stranger does not work in the patient's team."]


def test_contact_is_logged_and_can_be_taken_back(study: ImagingStudy, nurse: User, now: datetime) -> None:
    attempt = commands.log_contact(study, kind=ContactKind.PHONE, outcome=ContactOutcome.NO_ANSWER, by=nurse, now=now)
    commands.undo_contact(attempt, by=nurse, now=now)
    commands.undo_contact(attempt, by=nurse, now=now)
    assert ContactAttempt.objects.valid().count() == 0
    assert AuditEvent.objects.filter(action="imaging.undo_contact").count() == 1


def test_nobody_is_called_after_death(team: Team, nurse: User, now: datetime) -> None:
    study = factories.study(factories.patient(team, deceased_on=TODAY))
    with pytest.raises(ValidationError) as refused:
        commands.log_contact(study, kind=ContactKind.PHONE, outcome=ContactOutcome.REACHED, by=nurse, now=now)
    assert refused.value.messages == ["The patient has died."]
