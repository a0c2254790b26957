"""The coming weeks: what stands in them, for whom, and recording a dose from there."""

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from careteam.audit.models import AuditEvent
from careteam.people.models import Team, User
from careteam.people.rules import Role
from careteam.workspace.coming import queries, rules
from patients.record.models import NextStep, Patient
from patients.treatment.models import Administration, PreparationStep, TreatmentLine, TreatmentSite
from patients.treatment.rules import Modality
from tests import factories
from tumorboard.boards.models import Board
from tumorboard.meetings.models import Meeting

Kind = rules.Kind
THURSDAY = date(2026, 11, 26)


def entry(on: date, kind: Kind = Kind.INJECTION, **fields: Any) -> rules.Entry:
    return rules.Entry(key=f"{kind}:{on}:{fields}", kind=kind, on=on, what="x", url="/", **fields)


class TestRules:
    @given(st.dates(date(2020, 1, 1), date(2035, 1, 1)), st.integers(1, 6))
    def test_window_is_whole_weeks_from_monday_and_holds_the_asked_day(self, asked: date, weeks: int) -> None:
        window = rules.window_of(asked.isoformat(), str(weeks), asked)
        assert (window.since.weekday(), len(window.days), window.until.weekday()) == (0, 7 * weeks, 6)
        assert window.since <= asked < window.since + timedelta(days=7)

    @pytest.mark.parametrize("asked", ["", "tomorrow", "2026-13-01", "1900-01-01", "9999-12-31", "0001-01-01"])
    def test_window_that_cannot_be_read_is_this_week(self, asked: str) -> None:
        window = rules.window_of(asked, "", THURSDAY)
        assert (window.since, window.weeks) == (date(2026, 11, 23), rules.DEFAULT_WEEKS)

    @pytest.mark.parametrize("weeks", ["0", "7", "-1", "x", "1000000"])
    def test_number_of_weeks_outside_one_to_six_is_the_default(self, weeks: str) -> None:
        assert rules.window_of("", weeks, THURSDAY).weeks == rules.DEFAULT_WEEKS

    def test_every_modality_has_exactly_one_kind(self) -> None:
        assert sorted(m for kind in Kind for m in rules.modalities_of(kind)) == sorted(Modality.values)

    def test_weekends_and_holidays_of_the_country_are_shaded_and_named(self) -> None:
        window = rules.window_of("2026-12-21", "1", THURSDAY)
        off = rules.holiday_names("DE", window.days)
        (week,) = rules.weeks_of(window, [], {}, today=date(2026, 12, 22), off=off)
        assert [day.css for day in week.days] == ["", "on", "", "", "off", "off", "off"]
        assert off == {date(2026, 12, 25): "Christmas Day", date(2026, 12, 26): "Second Day of Christmas"}
        assert rules.holiday_names("XX", window.days) == {}

    @given(st.lists(st.tuples(st.integers(0, 13), st.sampled_from(list(Kind))), max_size=60))
    def test_calendar_counts_everything_and_names_the_first(self, wanted: list[tuple[int, Kind]]) -> None:
        window = rules.window_of("2026-11-23", "2", THURSDAY)
        entries = [entry(window.since + timedelta(days=n), kind, patient=f"P{i}") for i, (n, kind) in enumerate(wanted)]
        counts = Counter((one.on, str(one.kind)) for one in entries)
        weeks = rules.weeks_of(window, entries, counts, today=THURSDAY, off={}, shown=2)
        cells = [cell for week in weeks for day in week.days for cell in day.cells]
        assert sum(cell.count for cell in cells) == len(wanted)
        assert all(len(cell.entries) == min(2, cell.count) and cell.more == max(0, cell.count - 2) for cell in cells)
        assert sum(number for week in weeks for _, number in week.counts) == len(wanted)

    def test_a_day_is_read_by_kind_then_hour_then_name(self) -> None:
        early, late = (datetime(2026, 11, 26, hour, tzinfo=UTC) for hour in (8, 15))
        rows = [
            entry(THURSDAY, Kind.SCAN, at=late, patient="A"),
            entry(THURSDAY, Kind.SCAN, at=early, patient="B"),
            entry(THURSDAY, patient="Z"),
            entry(THURSDAY, patient="C"),
        ]
        ((on, ordered),) = rules.by_day(rows)
        assert (on, [one.patient for one in ordered]) == (THURSDAY, ["C", "Z", "B", "A"])


@pytest.fixture
def team() -> Team:
    return factories.team()


@pytest.fixture
def nurse(team: Team) -> User:
    return factories.person(team, Role.NURSE_COORDINATOR)


@pytest.fixture
def today(team: Team) -> date:
    return team.local_date(timezone.now())


def dose(patient: Patient, on: date, *, modality: str = "ssa", number: int = 1, **fields: Any) -> Administration:
    line = fields.pop("line", None) or factories.line(patient, modality, dose="120 mg", interval_days=28)
    return Administration.objects.create(patient=patient, line=line, number=number, planned_on=on, **fields)


def page(person: User, query: str = "") -> Any:
    client = Client()
    client.force_login(person)
    return client.get(f"/coming/{query}")


def listed(person: User, query: str = "") -> list[tuple[str, str]]:
    context = page(person, f"?view=list&weeks=6{query}").context
    return [(one.kind, one.title) for _, _, entries, _ in context["days"] for one in entries]


@pytest.mark.django_db
class TestPage:
    def test_everything_dated_stands_in_its_week(self, team: Team, nurse: User, today: date) -> None:
        monday = rules.monday(today) + timedelta(days=7)
        names = ("Abel", "Braun", "Cole", "Dietz", "Egger")
        abel, braun, cole, dietz, egger = (factories.patient(team, family_name=name, given_name="") for name in names)
        dose(abel, monday)
        dose(braun, monday, modality="prrt")
        factories.line(cole, "surgery", agent="Debulking", status="planned", started_on=None, planned_on=monday)
        factories.line(dietz, "targeted", agent="Everolimus", status="planned", started_on=None, planned_on=monday)
        at = datetime(monday.year, monday.month, monday.day, 9, tzinfo=UTC)
        factories.study(egger, status="scheduled", scheduled_for=at, owner=nurse)
        board = Board.objects.create(
            team=team, name="NET board", rrule="FREQ=WEEKLY", starts_on=monday, local_time=at.time()
        )
        Meeting.objects.create(
            board=board, starts_at=at, ends_at=at + timedelta(hours=1), cutoff_at=at, occurrence_on=monday
        )
        expected = [
            ("injection", "Abel"), ("prrt", "Braun"), ("procedure", "Cole"), ("start", "Dietz"), ("scan", "Egger"),
            ("meeting", "NET board"),
        ]  # fmt: skip
        assert listed(nurse) == expected
        week = page(nurse, f"?from={monday}&weeks=1").context["weeks"][0]
        assert [(cell.kind, cell.count) for cell in week.days[0].cells] == [(kind, 1) for kind, _ in expected]
        assert [day.count for day in week.days[1:]] == [0] * 6

    def test_nobody_out_of_care_of_another_team_or_with_an_ended_line(
        self, team: Team, nurse: User, today: date
    ) -> None:
        dose(factories.patient(team, status="transferred"), today)
        dose(factories.patient(team, deceased_on=today), today)
        dose(factories.patient(factories.team()), today)
        ended = factories.line(
            factories.patient(team), status="stopped", ended_on=today, end_reason="toxicity", interval_days=28
        )
        dose(ended.patient, today, line=ended)
        dose(factories.patient(team), today, status="cancelled")
        assert listed(nurse) == []

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("", ["Abel", "Braun"]),
            ("&kind=prrt", ["Braun"]),
            ("&modality=ssa", ["Abel"]),
            ("&site=pancreas", ["Abel"]),
            ("&owner=nobody", ["Braun"]),
            ("&owner=ME", ["Abel"]),
            ("&kind=nonsense&modality=nonsense&site=nonsense&owner=99999999", ["Abel", "Braun"]),
        ],
    )
    def test_filters_stand_in_the_address(
        self, team: Team, nurse: User, today: date, query: str, names: list[str]
    ) -> None:
        abel, braun = (factories.patient(team, family_name=name, given_name="") for name in ("Abel", "Braun"))
        factories.diagnosis(abel)
        first = dose(abel, today + timedelta(days=1))
        dose(braun, today + timedelta(days=1), modality="prrt")
        NextStep.objects.create(
            patient=abel, team=team, kind="administration", source_key=f"line:{first.line_id}", what="Dose",
            owner=nurse, opened_at=timezone.now(),
        )  # fmt: skip
        assert [name for _, name in listed(nurse, query.replace("ME", str(nurse.pk)))] == names

    def test_what_nobody_recorded_stands_on_top_and_once(self, team: Team, nurse: User, today: date) -> None:
        monday = rules.monday(today)
        late = dose(factories.patient(team, family_name="Late", given_name=""), monday - timedelta(days=20))
        factories.line(
            factories.patient(team), "surgery", agent="Debulking", status="planned", started_on=None,
            planned_on=monday - timedelta(days=2),
        )  # fmt: skip
        context = page(nurse, "?view=list").context
        assert [(one.key, (today - one.on).days) for one in context["overdue"]] == [
            (f"dose:{late.pk}", (today - late.planned_on).days),
            (f"line:{TreatmentLine.objects.get(modality='surgery').pk}", (today - monday).days + 2),
        ]
        assert context["days"] == []

    def test_held_doses_and_those_of_a_line_on_hold_stand_apart(self, team: Team, nurse: User, today: date) -> None:
        held = dose(factories.patient(team), today, status="held", reason="Platelets 60")
        paused = factories.line(factories.patient(team), status="on_hold", interval_days=28)
        waiting = dose(paused.patient, today + timedelta(days=1), line=paused)
        context = page(nurse, "?view=list").context
        assert [(one.key, one.note) for one in context["held"]] == [
            (f"dose:{held.pk}", "held: Platelets 60"),
            (f"dose:{waiting.pk}", "line on hold"),
        ]
        assert (context["days"], context["overdue"]) == ([], ())

    def test_steps_before_a_dose_stand_in_the_weeks_and_on_top_when_late(
        self, team: Team, nurse: User, today: date
    ) -> None:
        site = TreatmentSite.objects.create(team=team, name="Site A", labs_days=7, go_days=5, order_days=5, room_days=3)
        row = dose(
            factories.patient(team, family_name="Prrt", given_name=""), today + timedelta(days=9), modality="prrt"
        )
        late, ahead, done = (
            PreparationStep.objects.create(
                patient=row.patient, dose=row, site=site, kind=kind, due_on=today + timedelta(days=days)
            )
            for kind, days in (("labs", -1), ("go", 1), ("order", 2))
        )
        PreparationStep.objects.filter(pk=done.pk).update(outcome="done", done_on=today)
        context = page(nurse, "?view=list&weeks=6&kind=preparation").context
        assert [(one.key, one.late_word) for one in context["overdue"]] == [(f"step:{late.pk}", "still open")]
        shown = [one for _, _, entries, _ in context["days"] for one in entries]
        assert [(one.key, one.short, one.url) for one in shown] == [
            (f"step:{ahead.pk}", "Go / no-go by, dose 1", f"/patients/{row.patient_id}/preparation/{ahead.pk}/"),
        ]

    def test_number_of_queries_does_not_depend_on_the_number_of_rows(
        self, team: Team, nurse: User, today: date
    ) -> None:
        def fill(rows: int) -> None:
            for _ in range(rows):
                dose(factories.patient(team), today)
                dose(factories.patient(team), today - timedelta(days=9))
                dose(factories.patient(team), today, status="held", reason="Fever")
                factories.study(factories.patient(team), status="scheduled", scheduled_for=timezone.now())

        def count(view: str) -> int:
            client = Client()
            client.force_login(nurse)
            with CaptureQueriesContext(connection) as context:
                assert client.get(f"/coming/?view={view}").status_code == 200
            return len(context)

        fill(1)
        one = (count("week"), count("list"))
        fill(2)
        assert (count("week"), count("list")) == one
        assert max(one) <= 28

    def test_beyond_the_limit_days_are_counted_and_the_first_are_named(
        self, team: Team, nurse: User, today: date, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _ in range(4):
            dose(factories.patient(team), today)
        scope = queries.Scope(
            user=nurse, team_ids=frozenset({team.pk}), zone=timezone.get_default_timezone(),  # type: ignore[arg-type]
            today=today, window=rules.window_of("", "1", today), limit=3,
        )  # fmt: skip
        found = queries.coming(scope)
        assert (len(found.entries), found.counts, found.is_cut) == (3, {(today, "injection"): 4}, True)

    def test_every_patient_shown_is_noted_as_read(self, team: Team, nurse: User, today: date) -> None:
        late, coming = factories.patient(team), factories.patient(team)
        dose(late, today - timedelta(days=30))
        dose(coming, today)
        page(nurse)
        assert AuditEvent.objects.filter(kind="read").latest("pk").patient_ids == sorted([late.pk, coming.pk])


def give(person: User, given_dose: Administration, *, on: object, version: int = 1, htmx: bool = False) -> Any:
    client = Client()
    client.force_login(person)
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"} if htmx else {}
    data = {"on": str(on), "version": version, "back": "?view=list"}
    return client.post(f"/coming/doses/{given_dose.pk}/given/", data, headers=headers)


@pytest.mark.django_db
class TestGiven:
    def test_two_clicks_record_a_dose_and_the_list_stays(self, team: Team, nurse: User, today: date) -> None:
        row = dose(factories.patient(team), today, dose=120, dose_unit="mg")
        html = page(nurse, "?view=list").content.decode()
        assert html.count("Given…</summary>") == 1
        answer = give(nurse, row, on=today)
        assert (answer.status_code, answer["Location"]) == (303, "/coming/?view=list")
        row.refresh_from_db()
        assert (row.status, row.given_on, row.dose, row.dose_unit) == ("given", today, 120, "mg")
        shown = page(nurse, "?view=list").context["days"]
        assert [one.is_done for _, _, entries, _ in shown for one in entries if one.dose_id == row.pk] == [True]

    def test_with_htmx_the_list_fetches_itself_again(self, team: Team, nurse: User, today: date) -> None:
        answer = give(nurse, dose(factories.patient(team), today), on=today, htmx=True)
        assert (answer.status_code, "lineChanged" in answer["HX-Trigger"]) == (204, True)

    def test_a_refusal_says_why_in_its_place(self, team: Team, nurse: User, today: date) -> None:
        row = dose(factories.patient(team), today)
        answer = give(nurse, row, on=today + timedelta(days=1), htmx=True)
        assert answer.status_code == 422
        assert "The day lies in the future." in answer.content.decode()
        assert give(nurse, row, on="soon").status_code == 422
        row.refresh_from_db()
        assert row.status == "planned"

    def test_somebody_else_was_faster(self, team: Team, nurse: User, today: date) -> None:
        row = dose(factories.patient(team), today)
        answer = give(nurse, row, on=today, version=7)
        assert (answer.status_code, "meanwhile" in answer.content.decode()) == (409, True)

    def test_who_may_not_record_gets_no_button_and_no_way(self, team: Team, today: date) -> None:
        dietitian = factories.person(team, Role.DIETITIAN)
        row = dose(factories.patient(team), today)
        assert "Given…" not in page(dietitian, "?view=list").content.decode()
        assert give(dietitian, row, on=today).status_code == 403

    def test_a_dose_of_another_team_is_not_there(self, nurse: User, today: date) -> None:
        assert give(nurse, dose(factories.patient(factories.team()), today), on=today).status_code == 404


@pytest.mark.django_db
def test_a_held_dose_reads_held(team: Team, nurse: User, today: date) -> None:
    patient = factories.patient(team)
    row = dose(patient, today - timedelta(days=3))
    Administration.objects.filter(pk=row.pk).update(status="held", reason="Fever")
    client = Client()
    client.force_login(nurse)
    answer = client.get("/coming/")
    assert [entry.note for entry in answer.context["held"]] == ["held: Fever"]
    html = answer.content.decode()
    assert "not recorded" not in html
    assert re.search(r"</svg>\s*Held</span>", html)
