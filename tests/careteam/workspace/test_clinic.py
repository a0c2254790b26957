"""Who comes on a day, what is open for each, and visits from booking to the patient's coming."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from careteam.audit.models import AuditEvent
from careteam.people.models import Team, User
from careteam.people.rules import Role
from careteam.workspace.clinic import queries, rules
from careteam.workspace.clinic.rules import Open
from patients.goals.models import GoalsDraft, GoalsPrompt, GoalsPromptReason
from patients.record.models import Encounter, NextStep, Patient
from patients.record.rules.visits import VISIT_TRANSITIONS, VisitStatus, visit_status
from patients.treatment.models import Administration
from patients.wishes.commands import review_for_procedure
from tests import factories
from tests.factories.wishes import wish
from tumorboard.actions.models import Action

pytestmark = pytest.mark.django_db
FRIDAY = date(2026, 11, 27)


@pytest.fixture
def team() -> Team:
    return factories.team(time_zone="UTC")


@pytest.fixture
def nurse(team: Team) -> User:
    return factories.person(team, Role.NURSE_COORDINATOR)


@pytest.fixture
def oncologist(team: Team) -> User:
    return factories.person(team, Role.ONCOLOGIST)


@pytest.fixture
def today(team: Team) -> date:
    return team.local_date(timezone.now())


def visit(patient: Patient, on: date, hour: int = 10, **fields: Any) -> Encounter:
    at = datetime.combine(on, time(hour), timezone.get_default_timezone())
    values: dict[str, Any] = {"kind": "visit", "status": "booked", "reason": "Follow-up"}
    return Encounter.objects.create(patient=patient, starts_at=at, **(values | fields))


def client_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page(person: User, query: str = "") -> Any:
    return client_of(person).get(f"/clinic/{query}")


def comers(person: User, query: str = "") -> list[str]:
    return [comer.row.name for comer in page(person, query).context["day"].comers]


class TestDay:
    def test_working_days_skip_weekends_and_what_is_closed(self) -> None:
        assert rules.working_day(FRIDAY, 1) == date(2026, 11, 30)
        assert rules.working_day(date(2026, 11, 30), -1) == FRIDAY
        assert rules.working_day(FRIDAY, 1, [date(2026, 11, 30)]) == date(2026, 12, 1)

    @pytest.mark.parametrize("asked", ["", "soon", "2026-02-30", "0001-01-01", "9999-12-31"])
    def test_a_day_that_cannot_be_read_is_today(self, asked: str) -> None:
        assert rules.day_of(asked, FRIDAY) == FRIDAY

    def test_visits_doses_starts_and_scans_in_the_order_of_their_hours(
        self, team: Team, nurse: User, today: date
    ) -> None:
        a, b, c, d = (factories.patient(team, family_name=name, given_name="") for name in "ABCD")
        visit(a, today, hour=14)
        line = factories.line(b, dose="120 mg", interval_days=28)
        Administration.objects.create(patient=b, line=line, number=2, planned_on=today)
        at = datetime.combine(today, time(8), timezone.get_default_timezone())
        factories.study(c, status="scheduled", scheduled_for=at)
        visit(c, today, hour=16)
        factories.line(d, "surgery", agent="Debulking", status="planned", started_on=None, planned_on=today)
        shown = page(nurse).context["day"].comers
        assert [(comer.row.name, [reason.what for reason in comer.reasons]) for comer in shown] == [
            ("C", ["CT chest, abdomen, pelvis", "Visit, Follow-up"]),
            ("A", ["Visit, Follow-up"]),
            ("B", ["Lanreotide 120 mg, dose 2"]),
            ("D", ["Debulking"]),
        ]

    def test_only_that_day_only_those_in_care_only_who_comes(self, team: Team, nurse: User, today: date) -> None:
        visit(factories.patient(team), today + timedelta(days=1))
        visit(factories.patient(team), today, status="cancelled")
        visit(factories.patient(team), today, status="noshow")
        visit(factories.patient(team, status="discharged"), today)
        visit(factories.patient(factories.team()), today)
        visit(factories.patient(team), today, error_at=timezone.now(), error_by=nurse, error_reason="Wrong patient")
        assert comers(nurse) == []
        visit(factories.patient(team, family_name="Import", given_name=""), today, kind="appointment", status="pending")
        assert comers(nurse) == ["Import"]

    def test_every_patient_shown_is_noted_as_read(self, team: Team, nurse: User, today: date) -> None:
        one = visit(factories.patient(team), today).patient_id
        page(nurse)
        assert AuditEvent.objects.filter(kind="read").latest("pk").patient_ids == [one]


class TestOpen:
    def test_what_is_open_is_countable(self, team: Team, oncologist: User, today: date) -> None:
        patients = [factories.patient(team, family_name=name, given_name="") for name in "ABC"]
        for patient in patients:
            visit(patient, today)
        for patient in patients[:2]:
            prompt = GoalsPrompt.objects.create(patient=patient, raised_on=today)
            GoalsPromptReason.objects.create(prompt=prompt, reason="progression", since=today)
        context = page(oncologist).context
        assert [count.words for count in context["day"].counts] == ["2 of 3 come with an open goals prompt"]
        assert comers(oncologist, "?open=goals") == ["A", "B"]
        assert comers(oncologist, "?open=nonsense") == ["A", "B", "C"]
        assert rules.Count(Open.SCAN, 1, 9).words == "1 of 9 comes with a scan to review"

    def test_each_kind_with_its_page(self, team: Team, oncologist: User, nurse: User, today: date) -> None:
        patient = factories.patient(team)
        visit(patient, today)
        study = factories.study(
            patient, status="reported", performed_on=today, reported_at=timezone.now(), report="x", due_on=None
        )
        GoalsDraft.objects.create(patient=patient, author=oncologist, saved_at=timezone.now())
        due = Action.objects.create(patient=patient, what="Order labs", owner=nurse, due_on=today, kind="order_labs")
        Action.objects.create(patient=patient, what="Later", owner=nurse, due_on=today + timedelta(days=1))
        NextStep.objects.create(
            patient=patient, team=team, kind="told", source_key="told:1", what="Tell the patient", url="/x/",
            opened_at=timezone.now(),
        )  # fmt: skip
        (comer,) = page(oncologist).context["day"].comers
        assert [(item.kind, item.url) for item in comer.items] == [
            (Open.SCAN, reverse("study-review", args=[study.pk])),
            (Open.TOLD, "/x/"),
            (Open.ACTION, reverse("action-close", args=[due.pk])),
            (Open.DRAFT, reverse("goals-new", args=[patient.pk])),
        ]
        (seen,) = page(nurse).context["day"].comers
        assert [item.kind for item in seen.items] == [Open.SCAN, Open.TOLD, Open.ACTION]

    def test_code_status_is_reviewed_before_the_procedure_of_the_day(
        self, team: Team, oncologist: User, today: date
    ) -> None:
        patient = factories.patient(team)
        line = factories.line(patient, "embolization", status="planned", started_on=None, planned_on=today)
        assert page(oncologist).context["day"].comers[0].items == ()
        wish(patient, oncologist, now=timezone.now(), since=today - timedelta(days=7))
        answer = page(oncologist)
        assert [(item.kind, item.url) for item in answer.context["day"].comers[0].items] == [
            (Open.CODE, reverse("review-new", args=[patient.pk, line.pk]))
        ]
        assert "DNR" in answer.context["day"].comers[0].items[0].what
        assert "1 of 1 comes with a code status to review before the procedure" in answer.content.decode()
        reader = factories.person(team, Role.BOARD_COORDINATOR)
        assert page(reader).context["day"].comers[0].items == ()  # reviews are not theirs to write
        review_for_procedure(line, outcome="stays", on=today, by=oncologist, now=timezone.now())
        assert page(oncologist).context["day"].comers[0].items == ()

    def test_reasons_to_talk_stand_by_urgency_and_the_first_is_marked(
        self, team: Team, nurse: User, today: date
    ) -> None:
        patient = factories.patient(team)
        visit(patient, today)
        prompt = GoalsPrompt.objects.create(patient=patient, raised_on=today)
        for days, reason in ((90, "review_due"), (30, "progression"), (1, "wish")):
            GoalsPromptReason.objects.create(
                prompt=prompt, reason=reason, since=today - timedelta(days=days), source_key=reason
            )
        html = page(nurse).content.decode()
        assert "<b>Wish of the patient or family</b>, New progression, Review date reached" in html

    def test_labs_of_the_days_prrt_are_missing_or_too_old(self, team: Team, nurse: User, today: date) -> None:
        patient = factories.patient(team)
        line = factories.line(patient, "prrt", agent="177Lu-dotatate", planned_count=4)
        Administration.objects.create(patient=patient, line=line, number=2, planned_on=today)
        now = timezone.now()
        for code in ("718-7", "6690-2", "777-3", "2160-0", "1975-2", "1742-6"):
            factories.measurement(patient, code, 5, taken_at=now - timedelta(days=3))
        factories.measurement(patient, "1751-7", 4, taken_at=now - timedelta(days=60))
        (comer,) = page(nurse).context["day"].comers
        assert [(item.kind, item.what) for item in comer.items] == [(Open.LABS, "Albumin within 28 days")]
        factories.measurement(patient, "1751-7", 4, taken_at=now)
        assert page(nurse).context["day"].comers[0].items == ()

    def test_labs_are_asked_for_every_treatment_that_needs_them(self, team: Team, nurse: User, today: date) -> None:
        chemo, injection = factories.patient(team, family_name="A"), factories.patient(team, family_name="B")
        for patient, line in (
            (chemo, factories.line(chemo, "chemotherapy", agent="CAPTEM")),
            (injection, factories.line(injection, "targeted", agent="Everolimus")),
        ):
            Administration.objects.create(patient=patient, line=line, number=2, planned_on=today)
        for code in ("751-8", "777-3", "718-7", "2160-0"):
            factories.measurement(chemo, code, 5, taken_at=timezone.now())
        first, second = page(nurse).context["day"].comers
        assert [item.kind for item in first.items] == [Open.LABS]
        assert first.items[0].what.startswith("Bilirubin within ")
        assert second.items == ()

    def test_severe_symptoms_distress_and_calls_are_open_until_answered(
        self, team: Team, nurse: User, today: date
    ) -> None:
        patient = factories.patient(team)
        visit(patient, today)
        for key in ("symptoms:1", "call:2", "care:psychosocial", "care:nutrition"):
            NextStep.objects.create(
                patient=patient, team=team, kind="care", source_key=key, what=key, url="/x/", opened_at=timezone.now()
            )
        (comer,) = page(nurse).context["day"].comers
        assert [(item.kind, item.what) for item in comer.items] == [
            (Open.SYMPTOM, "symptoms:1"),
            (Open.SYMPTOM, "call:2"),
            (Open.SYMPTOM, "care:psychosocial"),
        ]

    def test_number_of_queries_does_not_depend_on_how_many_come(
        self, team: Team, oncologist: User, today: date
    ) -> None:
        def fill(rows: int) -> None:
            for _ in range(rows):
                patient = factories.patient(team)
                visit(patient, today)
                line = factories.line(patient, "prrt", agent="177Lu-dotatate")
                Administration.objects.create(patient=patient, line=line, number=1, planned_on=today)
                factories.study(patient, status="reported", performed_on=today, due_on=None)
                GoalsPrompt.objects.create(patient=patient, raised_on=today)
                Action.objects.create(patient=patient, what="x", owner=oncologist, due_on=today)

        def count() -> int:
            client = client_of(oncologist)
            with CaptureQueriesContext(connection) as context:
                assert client.get("/clinic/").status_code == 200
            return len(context)

        fill(1)
        one = count()
        fill(2)
        assert count() == one
        assert one <= 34


class TestMany:
    def test_a_long_day_is_paged_and_counted_whole(
        self, team: Team, nurse: User, today: date, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(queries, "PAGE", 2)
        for name in "ABCDE":
            patient = factories.patient(team, family_name=name, given_name="")
            visit(patient, today)
            visit(patient, today, hour=15)  # two appointments, one row
            GoalsPrompt.objects.create(patient=patient, raised_on=today)
        first = page(nurse).context
        assert (first["day"].everybody, first["day"].matching, first["day"].pages) == (5, 5, 3)
        assert [count.words for count in first["day"].counts] == ["5 of 5 come with an open goals prompt"]
        assert comers(nurse) == ["A", "B"]
        assert comers(nurse, first["later"]) == ["C", "D"]
        assert comers(nurse, "?page=3") == comers(nurse, "?page=77") == ["E"]
        assert comers(nurse, "?page=x") == ["A", "B"]
        html = page(nurse, "?page=2").content.decode()
        assert "3 to 4 of 5" in html
        assert [len(comer.reasons) for comer in first["day"].comers] == [2, 2]

    def test_a_day_of_too_many_asks_for_a_clinic(
        self, team: Team, nurse: User, today: date, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(queries, "MANY", 2)
        for hour, name in ((9, "A"), (10, "B"), (11, "C")):
            visit(factories.patient(team, family_name=name, given_name=""), today, hour=hour)
        answer = page(nurse, "?open=goals")
        assert answer.context["day"].is_cut
        assert [comer.row.name for comer in answer.context["day"].comers] == ["A", "B"]
        assert "More than 2 people come" in answer.content.decode()
        assert not page(nurse, "?clinic=nuclear").context["day"].is_cut

    def test_the_week_counts_people_and_turns_to_each_day(self, team: Team, nurse: User) -> None:
        for patient, days in ((factories.patient(team), (0, 0, 1)), (factories.patient(team), (0, 6))):
            for offset in days:
                visit(patient, date(2026, 11, 23) + timedelta(days=offset))
        with time_machine.travel("2026-11-25T09:00Z", tick=False):
            context = page(nurse).context
        assert [each.count for each, _url in context["week"]] == [2, 1, 0, 0, 0, 0, 1]
        assert [each.on.day for each, _url in context["week"] if each.is_today or each.is_shown] == [25]
        assert context["week"][6][1] == "?on=2026-11-29"

    @pytest.mark.parametrize(
        ("clinic", "names"),
        [
            ("", ["A", "B", "C", "D", "E"]),
            ("visit", ["A"]),
            ("imaging", ["B"]),
            ("day", ["C"]),
            ("nuclear", ["D"]),
            ("procedure", ["E"]),
            ("moon", ["A", "B", "C", "D", "E"]),
        ],
    )
    def test_one_clinic_is_asked_for(self, team: Team, nurse: User, today: date, clinic: str, names: list[str]) -> None:
        a, b, c, d, e = (factories.patient(team, family_name=name, given_name="") for name in "ABCDE")
        visit(a, today, hour=1)
        at = datetime.combine(today, time(2), timezone.get_default_timezone())
        factories.study(b, status="scheduled", scheduled_for=at)
        for patient, modality in ((c, "ssa"), (d, "prrt")):
            line = factories.line(patient, modality)
            Administration.objects.create(patient=patient, line=line, number=2, planned_on=today)
        factories.line(e, "embolization", status="planned", started_on=None, planned_on=today)
        assert comers(nurse, f"?clinic={clinic}") == names

    def test_a_site_has_its_own_doses(self, team: Team, nurse: User, today: date) -> None:
        here, there = factories.site(team, name="Here"), factories.site(team, name="There")
        visit(factories.patient(team), today)
        for name, site in (("A", here), ("B", there)):
            patient = factories.patient(team, family_name=name, given_name="")
            line = factories.line(patient, "prrt", plan={"place": site.pk})
            Administration.objects.create(patient=patient, line=line, number=1, planned_on=today)
        assert comers(nurse, f"?site={here.pk}") == ["A"]
        foreign = factories.site(factories.team())
        assert len(comers(nurse, f"?site={foreign.pk}")) == 3  # not a site of theirs: filters nothing


def book(person: User, patient: Patient, **data: Any) -> Any:
    values = {"kind": "phone", "at": "2031-03-04T10:30", "with_whom": "Dr Okafor", "reason": "Results"}
    return client_of(person).post(reverse("visit-book", args=[patient.pk]), values | data)


def close(person: User, row: Encounter, to: str, version: int = 1) -> Any:
    return client_of(person).post(reverse("visit-close", args=[row.pk]), {"to": to, "version": version}, follow=True)


def said(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


class TestVisits:
    def test_booking_writes_the_visit_and_the_next_step(self, team: Team, nurse: User) -> None:
        patient = factories.patient(team)
        assert book(nurse, patient).status_code == 303
        row, step = Encounter.objects.get(), NextStep.objects.get()
        assert (row.kind, row.status, row.with_whom, row.starts_at.isoformat()) == (
            "phone", "booked", "Dr Okafor", "2031-03-04T10:30:00+00:00",
        )  # fmt: skip
        assert (step.what, step.due_on, step.owner, step.source_key) == (
            "Phone call: Results", date(2031, 3, 4), nurse, f"visit:{row.pk}",
        )  # fmt: skip
        assert comers(nurse, "?on=2031-03-04") == []  # too far ahead to be turned to

    def test_the_form_stands_on_the_patient_and_keeps_what_was_typed(self, team: Team, nurse: User) -> None:
        patient = factories.patient(team)
        html = client_of(nurse).get(reverse("patient", args=[patient.pk])).content.decode()
        assert html.count(reverse("visit-book", args=[patient.pk])) == 1
        for data, sentence in (
            ({"at": "tomorrow"}, "Enter a valid date/time."),
            ({"at": "2020-01-01T10:00"}, "The moment lies in the past."),
            ({"kind": "telepathy"}, "Select a valid choice."),
            ({"reason": "x" * 251}, "at most 250 characters"),
        ):
            answer = book(nurse, patient, with_whom="Dr Kept", **data)
            assert answer.status_code == 422
            assert [word for word in (sentence, "Dr Kept") if word not in answer.content.decode()] == []
        assert Encounter.objects.count() == 0

    def test_nobody_books_for_the_dead_or_without_the_right(self, team: Team, nurse: User, today: date) -> None:
        dead = factories.patient(team, deceased_on=today)
        assert book(nurse, dead).status_code == 422
        board = factories.person(team, Role.BOARD_COORDINATOR)
        assert book(board, factories.patient(team)).status_code == 403
        assert book(nurse, factories.patient(factories.team())).status_code == 404

    @pytest.mark.parametrize(("to", "word"), [("fulfilled", "came"), ("noshow", "did not come")])
    def test_one_click_says_what_became_of_it_and_one_takes_it_back(
        self, team: Team, nurse: User, today: date, to: str, word: str
    ) -> None:
        row = visit(factories.patient(team), today)
        NextStep.objects.create(
            patient=row.patient, team=team, kind="visit", source_key=f"visit:{row.pk}", what="Visit",
            opened_at=timezone.now(),
        )  # fmt: skip
        assert said(close(nurse, row, to)) == [f"Visit: {word}"]
        row.refresh_from_db()
        assert (row.status, row.version, NextStep.objects.filter(closed_at=None).count()) == (to, 2, 0)
        client_of(nurse).post(reverse("visit-reopen", args=[row.pk]))
        row.refresh_from_db()
        assert (row.status, NextStep.objects.filter(closed_at=None).count()) == ("booked", 1)

    def test_refusals_are_sentences(self, team: Team, nurse: User, today: date) -> None:
        tomorrow = visit(factories.patient(team), today + timedelta(days=1))
        assert said(close(nurse, tomorrow, "fulfilled")) == ["The day of the visit has not come yet."]
        seen = visit(factories.patient(team), today, status="fulfilled")
        assert said(close(nurse, seen, "noshow")) == ["Already noted: came."]
        assert said(close(nurse, visit(factories.patient(team), today), "fulfilled", version=9)) == [
            "Somebody changed this visit meanwhile. Look at it again."
        ]
        assert close(nurse, tomorrow, "booked").status_code == 400

    def test_imported_states_are_read_as_ours(self) -> None:
        assert [visit_status(stored) for stored in ("", "pending", "noshow", "finished", "arrived")] == [
            VisitStatus.BOOKED, VisitStatus.BOOKED, VisitStatus.NO_SHOW, VisitStatus.CAME, VisitStatus.BOOKED,
        ]  # fmt: skip
        assert set(VISIT_TRANSITIONS) == set(VisitStatus)
