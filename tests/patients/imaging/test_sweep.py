"""The sweep: exactly once, whatever happens around it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db import connection, connections, transaction

from careteam.audit.models import AuditEvent
from careteam.events.models import Event, Heartbeat
from careteam.notifications.models import Delivery, InboxItem
from careteam.people.models import Absence, Deputy, Team, User
from careteam.people.rules import Role
from patients.imaging import commands
from patients.imaging.commands import sweep as run_sweep
from patients.imaging.models import ImagingStudy, Reminder
from patients.imaging.rules import DEFAULT_LIMITS, highest_step
from patients.record.models import Patient
from patients.record.rules import EnrollmentStatus
from tests import factories

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture
def team() -> Team:
    return factories.team(time_zone="Europe/Berlin")


@pytest.fixture
def nurse(team: Team) -> User:
    return factories.person(team, Role.NURSE_COORDINATOR)


def due_study(team: Team, days: int, *, interval: int = 90, owner: User | None = None, **fields: Any) -> ImagingStudy:
    """A study whose due date lies so many days back, under a plan confirmed long ago."""
    patient = fields.pop("patient", None) or factories.patient(team)
    plan = factories.plan(patient, interval_days=interval, confirmed_at=fields.pop("confirmed_at", LONG_AGO))
    return factories.study(patient, plan=plan, due_on=TODAY - timedelta(days), owner=owner, **fields)


def raised() -> list[tuple[int, str, str]]:
    rows = Reminder.objects.order_by("study_id", "pk")
    return [(row.study_id, row.step, row.state) for row in rows]


@pytest.mark.django_db
class TestOnce:
    def test_sweep_raises_the_highest_step_once(self, team: Team, nurse: User) -> None:
        study = due_study(team, 43, owner=nurse)
        first = run_sweep(now=NOW)
        second = run_sweep(now=NOW + timedelta(minutes=1))
        assert (first.due, first.created, second.due, second.created) == (1, 1, 1, 0)
        assert raised() == [(study.pk, "red", "open")]

    @pytest.mark.parametrize("interval", [10, 35, 59, 60, 84, 90, 180])
    def test_sweep_counts_days_as_the_rules_do(self, team: Team, nurse: User, interval: int) -> None:
        studies = {days: due_study(team, days, interval=interval, owner=nurse) for days in range(-30, 61, 3)}
        run_sweep(now=NOW)
        found = {row.study_id: row.step for row in Reminder.objects.all()}
        expected = {}
        for days, study in studies.items():
            step = highest_step(due=TODAY - timedelta(days), today=TODAY, interval_days=interval, limits=DEFAULT_LIMITS)
            if step is not None:
                expected[study.pk] = str(step)
        assert found == expected

    def test_sweep_raises_each_step_as_its_day_comes(self, team: Team, nurse: User) -> None:
        study = due_study(team, -40, owner=nurse)
        for day in range(120):
            run_sweep(now=NOW + timedelta(days=day))
        steps = list(Reminder.objects.filter(study=study).order_by("pk").values_list("step", "state"))
        assert steps == [
            ("order", "withdrawn"),
            ("schedule", "withdrawn"),
            ("due", "withdrawn"),
            ("amber", "withdrawn"),
            ("letter", "withdrawn"),
            ("red", "withdrawn"),
            ("board", "open"),
        ]

    def test_sweep_after_two_days_of_outage_catches_up_without_a_flood(self, team: Team, nurse: User) -> None:
        for days in (14, 13):
            due_study(team, days, owner=nurse)
        run_sweep(now=NOW)
        before = Reminder.objects.count()
        assert run_sweep(now=NOW + timedelta(hours=48)).created == 2
        assert Reminder.objects.count() == before + 2
        assert sorted(step for _, step, state in raised() if state == "open") == ["amber", "amber"]

    def test_sweep_leaves_one_step_open_per_study(self, team: Team, nurse: User) -> None:
        due_study(team, 0, owner=nurse)
        run_sweep(now=NOW)
        run_sweep(now=NOW + timedelta(days=15))
        assert [state for _, _, state in raised()] == ["withdrawn", "open"]
        assert InboxItem.objects.open().filter(recipient=nurse).count() == 1

    def test_a_plan_confirmed_today_starts_its_clock_today(self, team: Team, nurse: User) -> None:
        study = due_study(team, 300, owner=nurse, confirmed_at=NOW)
        run_sweep(now=NOW)
        assert raised() == [(study.pk, "due", "open")]

    def test_a_study_without_a_plan_counts_from_the_day_it_was_entered(self, team: Team, nurse: User) -> None:
        study = factories.study(factories.patient(team), due_on=date(2010, 5, 1), created_at=NOW, source="fhir")
        run_sweep(now=NOW)
        assert raised() == [(study.pk, "due", "open")]

    def test_an_ordered_study_is_not_asked_to_be_ordered(self, team: Team, nurse: User) -> None:
        due_study(team, -20, owner=nurse, status="ordered")
        assert run_sweep(now=NOW).created == 0

    def test_a_booked_slot_answers_the_early_steps(self, team: Team, nurse: User) -> None:
        due_study(team, 20, owner=nurse, status="scheduled", scheduled_for=NOW + timedelta(days=2))
        assert run_sweep(now=NOW).created == 0
        assert run_sweep(now=NOW + timedelta(days=3)).created == 1

    def test_sweep_needs_the_same_number_of_queries_for_one_study_and_for_five(
        self, team: Team, nurse: User, django_assert_max_num_queries: Any
    ) -> None:
        from django.test.utils import CaptureQueriesContext

        counts = []
        for size in (1, 5):
            for _ in range(size):
                due_study(team, 20, owner=nurse)
            Delivery.objects.update(status="withdrawn")
            with CaptureQueriesContext(connection) as queries:
                commands.sweep(now=NOW)
            counts.append(len([q for q in queries if "delivery" not in q["sql"] and "inboxitem" not in q["sql"]]))
        mails = 4  # a mail's own audit row and savepoints
        assert counts[1] - counts[0] <= mails * 4


@pytest.mark.django_db
class TestWho:
    def test_the_owner_gets_the_step(self, team: Team, nurse: User) -> None:
        factories.person(team, Role.NURSE_COORDINATOR)
        due_study(team, 0, owner=nurse)
        run_sweep(now=NOW)
        reminder = Reminder.objects.get()
        assert (reminder.queue, reminder.assignee) == ("nurse_coordinator", nurse)
        assert list(InboxItem.objects.values_list("recipient_id", flat=True)) == [nurse.pk]

    def test_the_deputy_of_an_absent_owner_gets_it(self, team: Team, nurse: User) -> None:
        deputy = factories.person(team, Role.NURSE_COORDINATOR)
        Absence.objects.create(user=nurse, starts_on=TODAY)
        Deputy.objects.create(team=team, user=nurse, deputy=deputy, starts_on=TODAY)
        due_study(team, 0, owner=nurse)
        run_sweep(now=NOW)
        assert Reminder.objects.get().assignee == deputy
        assert InboxItem.objects.get().recipient == deputy

    def test_a_deputy_who_has_left_the_team_hears_nothing(self, team: Team, nurse: User) -> None:
        deputy = factories.person(factories.team(), Role.NURSE_COORDINATOR)
        Absence.objects.create(user=nurse, starts_on=TODAY)
        Deputy.objects.create(team=team, user=nurse, deputy=deputy, starts_on=TODAY)
        due_study(team, 0, owner=nurse)
        run_sweep(now=NOW)
        assert set(InboxItem.objects.values_list("recipient_id", flat=True)) == {nurse.pk}

    @pytest.mark.parametrize("days", [0, 20, 43, 57])
    def test_a_team_without_coordinator_and_lead_still_hears_of_it(self, days: int) -> None:
        team = factories.team()
        doctor = factories.person(team, Role.ONCOLOGIST)
        due_study(team, days)
        run_sweep(now=NOW)
        assert set(InboxItem.objects.values_list("recipient_id", flat=True)) == {doctor.pk}

    @pytest.mark.parametrize("case", ["nobody", "absent"])
    def test_without_a_present_owner_every_coordinator_gets_it(self, team: Team, nurse: User, case: str) -> None:
        other = factories.person(team, Role.NURSE_COORDINATOR)
        if case == "absent":
            Absence.objects.create(user=nurse, starts_on=TODAY)
        due_study(team, 0, owner=nurse if case == "absent" else None)
        run_sweep(now=NOW)
        assert Reminder.objects.get().assignee is None
        assert set(InboxItem.objects.values_list("recipient_id", flat=True)) == {nurse.pk, other.pk}

    def test_red_is_the_responsible_clinicians_and_the_lead_hears_of_it(self, team: Team, nurse: User) -> None:
        doctor = factories.person(team, Role.ONCOLOGIST)
        lead = factories.person(team, Role.TEAM_LEAD)
        study = due_study(team, 43, owner=nurse)
        factories.responsible(study.patient, doctor)
        run_sweep(now=NOW)
        reminder = Reminder.objects.get()
        assert (reminder.queue, reminder.assignee) == ("oncologist", doctor)
        assert set(InboxItem.objects.values_list("recipient_id", flat=True)) == {doctor.pk, lead.pk}

    def test_amber_tells_the_responsible_clinician_too(self, team: Team, nurse: User) -> None:
        doctor = factories.person(team, Role.ONCOLOGIST)
        study = due_study(team, 15, owner=nurse)
        factories.responsible(study.patient, doctor)
        run_sweep(now=NOW)
        assert Reminder.objects.get().assignee == nurse
        assert set(InboxItem.objects.values_list("recipient_id", flat=True)) == {nurse.pk, doctor.pk}

    def test_day_57_goes_to_the_board_coordinator_and_is_announced(self, team: Team, nurse: User) -> None:
        board = factories.person(team, Role.BOARD_COORDINATOR)
        study = due_study(team, 57, owner=nurse)
        run_sweep(now=NOW)
        assert Reminder.objects.get().queue == "board_coordinator"
        assert list(InboxItem.objects.values_list("recipient_id", flat=True)) == [board.pk]
        event = Event.objects.get(kind="study.overdue")
        assert (event.subject_id, event.patient_id, event.settled) == (study.pk, study.patient_id, True)

    def test_a_person_of_another_team_gets_nothing(self, team: Team, nurse: User) -> None:
        stranger = factories.person(factories.team(), Role.NURSE_COORDINATOR, Role.TEAM_LEAD)
        due_study(team, 43, owner=nurse)
        run_sweep(now=NOW)
        assert InboxItem.objects.filter(recipient=stranger).count() == 0


@pytest.mark.django_db
class TestSilence:
    @pytest.mark.parametrize("status", [s for s in EnrollmentStatus if s != EnrollmentStatus.ACTIVE])
    def test_nothing_is_raised_outside_our_care(self, team: Team, nurse: User, status: EnrollmentStatus) -> None:
        due_study(team, 43, owner=nurse, patient=factories.patient(team, status=status))
        assert run_sweep(now=NOW).created == 0

    def test_nothing_is_raised_after_death_whatever_the_enrollment_says(self, team: Team, nurse: User) -> None:
        due_study(team, 43, owner=nurse, patient=factories.patient(team, deceased_on=TODAY))
        result = run_sweep(now=NOW)
        assert (result.due, result.created) == (0, 0)

    def test_nothing_is_raised_for_a_stopped_plan(self, team: Team, nurse: User) -> None:
        study = due_study(team, 43, owner=nurse)
        assert study.plan is not None
        study.plan.stopped_on, study.plan.stop_reason = TODAY, "hospice"
        study.plan.save()
        assert run_sweep(now=NOW).created == 0

    def test_what_was_raised_is_taken_back_when_the_patient_died(self, team: Team, nurse: User) -> None:
        study = due_study(team, 43, owner=nurse)
        run_sweep(now=NOW)
        Patient.objects.filter(pk=study.patient_id).update(deceased_on=TODAY)
        run_sweep(now=NOW + timedelta(minutes=1))
        assert raised() == [(study.pk, "red", "withdrawn")]
        assert InboxItem.objects.open().count() == 0

    def test_no_mail_leaves_about_a_patient_who_died_meanwhile(self, team: Team, nurse: User, settings: Any) -> None:
        study = due_study(team, 43, owner=nurse)
        settings.EMAIL_BACKEND = "tests.patients.imaging.refusing.EmailBackend"
        assert run_sweep(now=NOW).failed == 1
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        Patient.objects.filter(pk=study.patient_id).update(deceased_on=TODAY)
        assert run_sweep(now=NOW + timedelta(hours=1)).delivered == 0
        assert mail.outbox == []

    def test_a_changed_due_date_withdraws_what_it_superseded(self, team: Team, nurse: User) -> None:
        study = due_study(team, 0, owner=nurse)
        run_sweep(now=NOW)
        ImagingStudy.objects.filter(pk=study.pk).update(due_on=TODAY + timedelta(5))
        run_sweep(now=NOW + timedelta(minutes=1))
        assert raised() == [(study.pk, "due", "withdrawn"), (study.pk, "schedule", "open")]

    def test_a_due_date_that_moves_and_comes_back_is_reminded_of_again(self, team: Team, nurse: User) -> None:
        study = due_study(team, 0, owner=nurse)
        run_sweep(now=NOW)
        for moved, minute in ((5, 1), (0, 2)):
            ImagingStudy.objects.filter(pk=study.pk).update(due_on=TODAY + timedelta(moved))
            run_sweep(now=NOW + timedelta(minutes=minute))
        assert raised() == [(study.pk, "due", "open"), (study.pk, "schedule", "withdrawn")]
        assert InboxItem.objects.open().get().key == f"reminder:{study.pk}:due:{TODAY.isoformat()}"

    def test_a_patient_who_returns_to_care_is_reminded_of_again(self, team: Team, nurse: User) -> None:
        study = due_study(team, 60, owner=nurse)
        run_sweep(now=NOW)
        InboxItem.objects.update(done_at=NOW)  # the reader had dealt with it before
        for status, minute in (("on_hold", 1), ("active", 2)):
            Patient.objects.filter(pk=study.patient_id).update(enrollment_status=status)
            run_sweep(now=NOW + timedelta(minutes=minute))
        assert raised() == [(study.pk, "board", "open")]
        assert InboxItem.objects.open().count() == 1

    def test_a_slot_that_falls_away_is_asked_for_again(self, team: Team, nurse: User) -> None:
        study = due_study(team, 20, owner=nurse, status="ordered")
        run_sweep(now=NOW)
        booked = commands.schedule(study, at=NOW + timedelta(days=1), place="CT 2", by=nurse, now=NOW)
        run_sweep(now=NOW + timedelta(hours=1))
        assert [state for _, _, state in raised()] == ["done"]
        commands.mark_no_show(booked, reason="Did not come", by=nurse, now=NOW + timedelta(days=2))
        run_sweep(now=NOW + timedelta(days=2))
        assert raised() == [(study.pk, "amber", "open")]
        assert InboxItem.objects.open().count() == 1

    def test_what_stands_open_under_a_stopped_plan_is_taken_back(self, team: Team, nurse: User) -> None:
        study = due_study(team, 43, owner=nurse)
        run_sweep(now=NOW)
        assert study.plan is not None
        type(study.plan).objects.update(stopped_on=TODAY, stop_reason="hospice")
        run_sweep(now=NOW + timedelta(minutes=1))
        assert raised() == [(study.pk, "red", "withdrawn")]


@pytest.mark.django_db
class TestTime:
    def test_a_clock_that_jumps_ahead_and_back_raises_nothing_twice_and_misses_nothing(
        self, team: Team, nurse: User
    ) -> None:
        study = due_study(team, 14, owner=nurse)  # amber tomorrow
        for days in (0, 3, 0, 1, 3, 40):
            run_sweep(now=NOW + timedelta(days=days))
        steps = list(Reminder.objects.order_by("pk").values_list("step", "state"))
        assert steps == [("due", "withdrawn"), ("amber", "withdrawn"), ("red", "open")]
        assert set(InboxItem.objects.open().values_list("key", flat=True)) == {
            f"reminder:{study.pk}:red:{study.due_on}"
        }

    def test_each_team_counts_in_its_own_date(self) -> None:
        auckland, honolulu = factories.team(time_zone="Pacific/Auckland"), factories.team(time_zone="Pacific/Honolulu")
        ahead, behind = due_study(auckland, -1), due_study(honolulu, -1)
        for team in (auckland, honolulu):
            factories.person(team, Role.NURSE_COORDINATOR)
        # 23 Nov, 12:00 UTC: 24 Nov 01:00 in Auckland, 23 Nov 02:00 in Honolulu.
        run_sweep(now=datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
        assert raised() == [(ahead.pk, "due", "open"), (behind.pk, "schedule", "open")]

    @pytest.mark.parametrize(
        ("zone", "day"),
        [
            ("Europe/London", date(2026, 10, 25)),
            ("America/New_York", date(2026, 11, 1)),
            ("Australia/Lord_Howe", date(2026, 10, 4)),
            ("Europe/London", date(2026, 3, 29)),
            ("America/New_York", date(2026, 3, 8)),
            ("Australia/Lord_Howe", date(2026, 4, 5)),
        ],
    )
    def test_a_day_of_changing_clocks_is_one_day(self, zone: str, day: date) -> None:
        team = factories.team(time_zone=zone)
        factories.person(team, Role.NURSE_COORDINATOR)
        patient = factories.patient(team)
        plan = factories.plan(patient, confirmed_at=LONG_AGO)
        factories.study(patient, plan=plan, due_on=day)
        for begins, hours in ((day, 3), (day + timedelta(1), 1)):  # around its midnight, and the one after it
            midnight = datetime(begins.year, begins.month, begins.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
            for half_hour in range(-2 * hours, 2 * hours + 1):
                commands.sweep(now=midnight + timedelta(minutes=30 * half_hour))
        steps = list(Reminder.objects.order_by("pk").values_list("step", flat=True))
        assert steps == ["schedule", "due"]
        due = Reminder.objects.get(step="due")
        assert team.local_date(due.raised_at) == day
        assert team.local_date(due.raised_at - timedelta(minutes=30)) == day - timedelta(1)

    def test_heartbeat_tells_when_the_sweep_came_through(self, team: Team, nurse: User) -> None:
        due_study(team, 0, owner=nurse)
        run_sweep(now=NOW)
        beat = Heartbeat.objects.get(name="sweep")
        assert (beat.at, beat.details) == (NOW, {"due": 1, "created": 1, "delivered": 1, "failed": 0})

    def test_the_sweep_is_audited_and_sealed(self, team: Team, nurse: User) -> None:
        study = due_study(team, 43, owner=nurse)
        run_sweep(now=NOW)
        event = AuditEvent.objects.get(action="imaging.sweep")
        assert (event.patient_ids, event.details) == ([study.patient_id], {"raised": {"red": 1}})
        assert AuditEvent.objects.filter(seal=None).count() == 0


@pytest.mark.django_db
class TestMail:
    def test_the_mail_carries_no_patient_data(self, team: Team, nurse: User) -> None:
        patient = factories.patient(team, family_name="Brightwater", given_name="Pavel", mrn="90-4471")
        due_study(team, 43, owner=nurse, patient=patient)
        run_sweep(now=NOW)
        message = mail.outbox[0]
        assert message.subject == "NET care team: something is waiting for you"
        assert message.body == (
            f"Hello {nurse},\n\nthere is a new item in your inbox:\nhttp://localhost:8000/inbox/\n\n"
            "This message carries no patient data. It is no emergency channel.\n"
        ).replace("http://localhost:8000", message.body.split("/inbox/")[0].rsplit("\n", 1)[-1])
        assert all(word not in str(message.message()) for word in ("Brightwater", "Pavel", "90-4471", "CT"))

    def test_the_message_id_stays_the_same_when_sending_is_repeated(self, team: Team, nurse: User) -> None:
        due_study(team, 43, owner=nurse)
        run_sweep(now=NOW)
        # A crash after the server took the mail and before the row was marked:
        Delivery.objects.update(status="pending", sent_at=None, leased_until=None, next_attempt_at=NOW)
        run_sweep(now=NOW + timedelta(minutes=10))
        ids = [message.extra_headers["Message-ID"] for message in mail.outbox]
        assert ids == [f"<urgent-{nurse.pk}-20261123T090000.000000@localhost>"] * 2


@pytest.mark.django_db
class TestReviews:
    def test_a_report_past_its_limit_reminds_once(self, team: Team, nurse: User) -> None:
        doctor = factories.person(team, Role.ONCOLOGIST)
        patient = factories.patient(team)
        factories.responsible(patient, doctor)
        factories.study(
            patient,
            status="reported",
            due_on=None,
            performed_on=TODAY - timedelta(12),
            reported_at=NOW - timedelta(days=9),
            review_due_on=TODAY - timedelta(2),
        )
        assert run_sweep(now=NOW).created == 1
        assert run_sweep(now=NOW + timedelta(days=1)).created == 0
        assert list(InboxItem.objects.values_list("recipient_id", "kind")) == [(doctor.pk, "imaging.review")]

    def test_a_report_within_its_limit_waits(self, team: Team, nurse: User) -> None:
        factories.study(
            factories.patient(team),
            status="reported",
            due_on=None,
            performed_on=TODAY,
            reported_at=NOW,
            review_due_on=TODAY,
        )
        assert run_sweep(now=NOW).created == 0

    def test_every_other_limit_reminds_once_and_is_taken_back_when_it_is_met(self, team: Team, nurse: User) -> None:
        doctor, reader = factories.person(team, Role.ONCOLOGIST), factories.person(team, Role.RADIOLOGIST)
        patient = factories.patient(team)
        factories.responsible(patient, doctor)
        made = {"due_on": None, "performed_on": TODAY - timedelta(30), "owner": nurse}
        awaited = factories.study(patient, status="performed", report_due_on=TODAY - timedelta(1), **made)
        decided = factories.study(
            patient,
            status="reviewed",
            response="PD",
            reviewed_by=doctor,
            reviewed_at=NOW - timedelta(days=15),
            decision_due_on=TODAY - timedelta(1),
            **made,
        )
        outside = factories.study(
            patient, status="acted_on", reviewed_by=doctor, reviewed_at=NOW, center="Elsewhere", **made
        )
        commands.request_images(outside, center="Elsewhere", on=TODAY - timedelta(15), by=nurse, now=NOW)
        assert (run_sweep(now=NOW).created, run_sweep(now=NOW + timedelta(hours=1)).created) == (3, 0)
        told = InboxItem.objects.open().order_by("key")
        assert list(told.values_list("recipient_id", "key")) == [
            (doctor.pk, f"decision:{decided.pk}:{TODAY - timedelta(1)}"),
            (nurse.pk, f"images:{outside.pk}:{TODAY - timedelta(15)}"),
            (nurse.pk, f"report:{awaited.pk}:{TODAY - timedelta(1)}"),
        ]
        commands.record_report(awaited, report="Stable.", by=reader, now=NOW)
        commands.act_on(decided, note="Board", by=doctor, now=NOW)
        commands.receive_images(outside, on=TODAY, by=nurse, now=NOW)
        assert not told.exists()

    def test_no_limit_is_raised_outside_our_care(self, team: Team, nurse: User) -> None:
        patient = factories.patient(team, status=EnrollmentStatus.UNDER_REVIEW)
        factories.study(
            patient, status="performed", due_on=None, performed_on=TODAY, report_due_on=TODAY - timedelta(1)
        )
        assert run_sweep(now=NOW).created == 0


def _in_threads(count: int) -> list[int]:
    results: list[int] = []
    barrier = threading.Barrier(count)

    def work() -> None:
        try:
            barrier.wait()
            results.append(run_sweep(now=NOW).created)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_four_sweeps_at_once_raise_everything_exactly_once() -> None:
    team = factories.team()
    nurse = factories.person(team, Role.NURSE_COORDINATOR)
    for _ in range(30):
        due_study(team, 43, owner=nurse)
    results = _in_threads(4)
    assert sum(results) == 30
    assert Reminder.objects.count() == 30
    assert InboxItem.objects.count() == 30
    # whoever came last may have found something urgent a moment after the first mail was written: it waits for the next
    run_sweep(now=NOW + timedelta(minutes=15))
    assert 1 <= len(mail.outbox) <= 2
    assert InboxItem.objects.filter(mail="urgent").count() == 30


@contextmanager
def failing(table: str, when: str = "true") -> Iterator[None]:
    """The database fails on inserts into the table: with the row's contents in its message, as it does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION test_fail() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE 'broken off by %', row_to_json(NEW); END $$;"
            f"CREATE TRIGGER test_fail BEFORE INSERT ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION test_fail()"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION test_fail CASCADE")


def stuck() -> dict[str, Any]:
    found: dict[str, Any] = Heartbeat.objects.get(name="sweep").details.get("stuck", {})
    return found


@pytest.mark.django_db(transaction=True)
def test_a_sweep_broken_off_in_its_batch_leaves_nothing_and_the_next_does_it(caplog: Any) -> None:
    team = factories.team()
    nurse = factories.person(team, Role.NURSE_COORDINATOR)
    study = due_study(team, 43, owner=nurse, region="Brightwater")
    with failing("careteam_inboxitem"):  # between the reminder and its inbox row
        assert run_sweep(now=NOW).created == 0
        assert (Reminder.objects.count(), InboxItem.objects.count()) == (0, 0)
        run_sweep(now=NOW + timedelta(minutes=1))
    assert stuck() == {str(team.pk): {"since": NOW.isoformat(), "studies": [study.pk]}}
    assert "Brightwater" not in caplog.text
    assert run_sweep(now=NOW + timedelta(minutes=2)).created == 1
    assert (Reminder.objects.count(), InboxItem.objects.count()) == (1, 1)
    assert stuck() == {}


@pytest.mark.django_db(transaction=True)
def test_one_study_that_cannot_be_raised_stops_no_other() -> None:
    team = factories.team()
    nurse = factories.person(team, Role.NURSE_COORDINATOR)
    studies = [due_study(team, 20 + number, owner=nurse) for number in range(9)]
    poison = studies[4]
    with failing("patients_reminder", f"NEW.study_id = {poison.pk}"):
        assert run_sweep(now=NOW).created == 8
        assert run_sweep(now=NOW).created == 0
    assert set(Reminder.objects.values_list("study_id", flat=True)) == {s.pk for s in studies} - {poison.pk}
    assert stuck()[str(team.pk)]["studies"] == [poison.pk]
    assert AuditEvent.objects.filter(seal=None).count() == 0, "what comes after went on"


@pytest.mark.django_db(transaction=True)
def test_one_team_that_fails_stops_no_other_and_is_told(client: Any) -> None:
    broken, whole = factories.team(time_zone="Europe/Nowhere"), factories.team()
    for team in (broken, whole):
        due_study(team, 43, owner=factories.person(team, Role.NURSE_COORDINATOR))
    assert run_sweep(now=NOW).created == 1
    assert stuck() == {str(broken.pk): {"since": NOW.isoformat(), "studies": []}}
    Team.objects.filter(pk=broken.pk).update(time_zone="Europe/Berlin")
    assert run_sweep(now=NOW).created == 1


@pytest.mark.django_db(transaction=True)
def test_a_sweep_skips_a_study_that_somebody_is_working_on() -> None:
    team = factories.team()
    nurse = factories.person(team, Role.NURSE_COORDINATOR)
    study = due_study(team, 43, owner=nurse)
    with transaction.atomic():
        ImagingStudy.objects.select_for_update().get(pk=study.pk)
        assert _in_threads(1) == [0]
    assert run_sweep(now=NOW).created == 1
