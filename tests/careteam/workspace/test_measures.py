"""Measures of goals and the last weeks of life: each computed by hand on a few patients, edges included."""

import csv
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from careteam.people.models import Team, User
from careteam.people.rules import Role
from careteam.web.sheets import cell
from careteam.workspace.measures import queries
from careteam.workspace.measures.queries import Group, Scope
from careteam.workspace.measures.queries.definitions import lines_reaching
from careteam.workspace.measures.rules import SHARES, By, Count, Measure, Took, group_code, widest
from patients.goals.models import GoalsConversation, GoalsPrompt
from patients.palliative.models import PalliativeReferral
from patients.protocol.models import ProtocolSignature
from patients.record.models import (
    Admission,
    DiseaseStatus,
    Encounter,
    Enrollment,
    Patient,
    PatientContact,
)
from patients.record.rules import EnrollmentStatus
from patients.treatment.models import Administration, TreatmentLine
from patients.treatment.queries import numbers_of
from patients.wishes.commands.holding import Origin, place
from patients.wishes.models import Wish, WishDocument
from patients.wishes.rules import Said, WishKind
from tests import factories
from tests.factories.board import Room

pytestmark = pytest.mark.django_db
SINCE, UNTIL, TODAY = date(2026, 1, 1), date(2026, 6, 30), date(2026, 11, 27)
DIED = date(2026, 4, 30)
M = Measure


@pytest.fixture(autouse=True)
def _calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine keeps what a free one counts on every look; here nothing takes long unless a test says so."""
    monkeypatch.setattr("careteam.workspace.measures.views.SLOW", 3600)


@pytest.fixture
def team() -> Team:
    return factories.team(time_zone="UTC")


@pytest.fixture
def lead(team: Team) -> User:
    return factories.person(team, Role.TEAM_LEAD)


def scope(user: User, *, since: date = SINCE, until: date = UNTIL, today: date = TODAY) -> Scope:
    team_id = user.memberships.get().team_id
    return Scope.of(user, since=since, until=until, today=today, limits=queries.limits_of(team_id))


def counts(user: User, *measures: Measure, **asked: Any) -> list[int]:
    found = queries.figures(scope(user, **asked)).counts
    return [found[measure] for measure in measures]


def talk(patient: Patient, on: date, status: str = "signed", **fields: Any) -> GoalsConversation:
    signed = datetime.combine(on, time(16), UTC)
    by = patient.team.memberships.first().user  # type: ignore[union-attr]
    if status == "retracted":
        fields |= {"retracted_at": signed, "retracted_by": by, "retract_reason": "Another patient's"}
    return GoalsConversation.objects.create(
        patient=patient, held_on=on, status=status, summary="Said.", signed_by=by, signed_at=signed, **fields
    )


def dead(team: Team, on: date = DIED, cause: str = "cancer", **fields: Any) -> Patient:
    """Somebody who was active until they died."""
    patient = factories.patient(team, status=EnrollmentStatus.DECEASED, deceased_on=on, death_cause=cause, **fields)
    Enrollment.objects.filter(patient=patient).update(started_on=on)
    Enrollment.objects.create(
        patient=patient, team=team, status=EnrollmentStatus.ACTIVE, started_on=date(2024, 1, 1), ended_on=on
    )
    return patient


def stay(patient: Patient, since: date, until: date | None = None, **fields: Any) -> TreatmentLine:
    """Hospice care."""
    values = {"agent": "", "role": "supportive", "status": "stopped", "start_reason": "", "started_on": since}
    values |= {"ended_on": until or patient.deceased_on, "end_reason": "death" if until is None else "other"}
    return factories.line(patient, "hospice", **(values | fields))


# --- conversations in time --------------------------------------------------------------------------------------------


def test_the_sixtieth_day_after_stage_iv_is_in_time_the_next_is_not(team: Team, lead: User) -> None:
    staged = date(2026, 2, 1)
    for days, status in ((0, "signed"), (60, "superseded"), (61, "signed"), (-1, "signed"), (5, "retracted")):
        patient = factories.patient(team)
        factories.diagnosis(patient, stage="IV", staged_on=staged)
        talk(patient, staged + timedelta(days=days), status)
    # Without a date of staging the diagnosis counts; stage III, and what lies outside of the period, do not.
    for fields in (
        {"diagnosed_on": staged, "staged_on": None},
        {"stage": "III", "staged_on": staged},
        {"staged_on": date(2026, 7, 1)},
    ):
        factories.diagnosis(factories.patient(team), **({"stage": "IV"} | fields))
    assert counts(lead, M.STAGE4, M.STAGE4_TALKED, M.STAGE4_AHEAD) == [6, 2, 0]


def test_who_is_not_ours_is_not_counted(team: Team, lead: User) -> None:
    staged = {"stage": "IV", "staged_on": date(2026, 2, 1)}
    for status in EnrollmentStatus:
        factories.diagnosis(factories.patient(team, status=status), **staged)  # deceased: was never active
    factories.diagnosis(dead(team, date(2026, 2, 20)), **staged)
    factories.diagnosis(factories.patient(factories.team()), **staged)
    kept = factories.patient(team)
    factories.diagnosis(factories.patient(team, merged_into=kept), **staged)
    assert counts(lead, M.STAGE4, M.STAGE4_TALKED) == [2, 0]


def test_a_window_that_is_not_over_is_counted_apart(team: Team, lead: User) -> None:
    for staged in (date(2026, 5, 1), date(2026, 5, 2)):
        patient = factories.patient(team)
        factories.diagnosis(patient, stage="IV", staged_on=staged)
        talk(patient, staged)
        DiseaseStatus.objects.create(patient=patient, assessed_on=staged, category="PD", method="imaging")
    found = counts(lead, M.STAGE4, M.STAGE4_TALKED, M.STAGE4_AHEAD, today=date(2026, 6, 30))
    assert found == [1, 1, 1]
    found = counts(lead, M.PROGRESSION, M.PROGRESSION_TALKED, M.PROGRESSION_AHEAD, today=date(2026, 5, 31))
    assert found == [1, 1, 1]


def test_a_progression_counts_once_a_day_and_patient(team: Team, lead: User) -> None:
    on = date(2026, 3, 1)
    patient = factories.patient(team)
    for method in ("imaging", "clinical"):
        DiseaseStatus.objects.create(patient=patient, assessed_on=on, category="PD", method=method)
    talk(patient, on + timedelta(days=30))
    DiseaseStatus.objects.create(patient=patient, assessed_on=on - timedelta(days=1), category="PD", method="imaging")
    DiseaseStatus.objects.create(patient=patient, assessed_on=on, category="SD", method="imaging")
    assert counts(lead, M.PROGRESSION, M.PROGRESSION_TALKED) == [2, 1]


def _third_line(team: Team, start: date) -> Patient:
    patient = factories.patient(team)
    common: dict[str, Any] = {"status": "stopped", "end_reason": "progression"}
    factories.line(patient, started_on=date(2024, 1, 1), ended_on=date(2025, 1, 1), **common)
    factories.line(
        patient, "targeted", started_on=date(2025, 2, 1), ended_on=start, start_reason="progression", **common
    )
    factories.line(patient, "prrt", started_on=start, start_reason="intolerance")
    factories.line(patient, "chemotherapy", started_on=start + timedelta(days=40), start_reason="progression")
    return patient


def test_a_conversation_before_the_third_line_is_of_its_day_or_the_year_before(team: Team, lead: User) -> None:
    start = date(2026, 4, 1)
    for days in (0, -365, -366, 1):
        talk(_third_line(team, start), start + timedelta(days=days))
    assert counts(lead, M.LINE, M.LINE_TALKED) == [4, 2]


@pytest.mark.parametrize("first", ["first", "planned", "patient_choice"])
def test_lines_that_reach_a_number_are_those_of_the_numbering(team: Team, first: str) -> None:
    patient = factories.patient(team)
    rows: list[tuple[str, dict[str, Any]]] = [
        ("surgery", {"start_reason": "first"}),
        ("ssa", {"role": "symptom_control", "start_reason": "symptom_control"}),
        ("ssa", {"start_reason": first}),
        ("ssa", {"start_reason": "planned"}),
        ("embolization", {"start_reason": "progression"}),
        ("targeted", {"start_reason": "progression", "status": "entered_in_error"}),
        ("chemotherapy", {"start_reason": "progression"}),
        ("prrt", {"start_reason": "relapse"}),
        ("targeted", {"start_reason": "intolerance", "status": "planned", "started_on": None}),
    ]
    for n, (modality, fields) in enumerate(rows):
        factories.line(patient, modality, **({"started_on": date(2025, 1 + n, 1)} | fields))
    numbers = numbers_of(TreatmentLine.objects.filter(patient=patient))
    for wanted in (1, 2, 3, 4):
        reached = list(lines_reaching(wanted, patients=Patient.objects.values("pk")).values_list("pk", flat=True))
        assert reached == [pk for pk, number in sorted(numbers.items()) if number.therapy == wanted][:1]


# --- the board --------------------------------------------------------------------------------------------------------


def test_age_of_the_goals_at_the_board(now: datetime) -> None:
    room = Room(now)
    held = room.team.local_date(room.meeting_time)
    lead = factories.person(room.team, Role.TEAM_LEAD)
    for days in (183, 184, None):
        patient = room.signed().patient
        if days is not None:
            talk(patient, held - timedelta(days=days))
    DiseaseStatus.objects.create(
        patient=GoalsConversation.objects.earliest("held_on").patient,
        assessed_on=held - timedelta(days=1),
        category="PD",
        method="imaging",
    )
    asked = scope(lead, since=date(2026, 11, 1), until=date(2026, 11, 30), today=date(2026, 12, 20))
    found = queries.figures(asked)
    assert [found.counts[key] for key in (M.BOARD, M.BOARD_RECENT, M.BOARD_OLD, M.BOARD_NONE)] == [3, 1, 1, 1]
    age = next(span for span in found.spans if span.took is Took.BOARD_AGE)
    assert (age.cases, age.median) == (2, 183.5)
    assert [row.detail for row in queries.took_behind(lead, Took.BOARD_AGE, asked).rows] == ["184 days", "183 days"]


# --- the last weeks of life -------------------------------------------------------------------------------------------


def test_unknown_causes_are_listed_apart(team: Team, lead: User) -> None:
    for cause in ("cancer", "treatment", "other", "unknown", ""):
        stay(dead(team, cause=cause), DIED)
    dead(team, on=UNTIL + timedelta(days=1))
    measures = (M.DEATH, M.CANCER, M.CAUSE_OTHER, M.CAUSE_UNKNOWN, M.HOSPICE, M.HOSPICE_SHORT)
    assert counts(lead, *measures) == [5, 1, 2, 2, 1, 1]


def _dose(patient: Patient, before: int, modality: str = "chemotherapy", **fields: Any) -> None:
    line = factories.line(
        patient, modality, **({"ended_on": patient.deceased_on, "status": "stopped", "end_reason": "death"} | fields)
    )
    given = DIED - timedelta(days=before)
    Administration.objects.create(
        patient=patient, line=line, number=1, status="given", planned_on=given, given_on=given
    )


def test_therapy_in_the_last_fourteen_days(team: Team, lead: User) -> None:
    for before in (0, 14, 15):
        _dose(dead(team), before)
    _dose(dead(team), 3, "ssa")
    _dose(dead(team), 3, "chemotherapy", role="symptom_control")
    _dose(dead(team, cause="other"), 3)
    tablets = {"status": "stopped", "started_on": date(2026, 1, 1), "end_reason": "death"}
    factories.line(dead(team), "targeted", ended_on=DIED - timedelta(days=14), **tablets)
    factories.line(dead(team), "targeted", ended_on=DIED - timedelta(days=15), **tablets)
    assert counts(lead, M.CANCER, M.THERAPY) == [7, 3]
    ProtocolSignature.objects.create(
        team=team, code="measure.ssa", version=1, value=1, signed_by=lead, signed_at=factories.NOW
    )
    assert counts(lead, M.CANCER, M.THERAPY) == [7, 4]


def test_intensive_care_in_the_last_thirty_days(team: Team, lead: User) -> None:
    def admitted(**days: int | None) -> None:
        dates = {name: None if n is None else DIED - timedelta(days=n) for name, n in days.items()}
        Admission.objects.create(patient=dead(team), **dates)

    admitted(admitted_on=40, icu_from=40, icu_until=30, discharged_on=20)
    admitted(admitted_on=40, icu_from=40, icu_until=31, discharged_on=20)
    admitted(admitted_on=40, icu_from=38, icu_until=None, discharged_on=31)
    admitted(admitted_on=40, icu_from=38, icu_until=None, discharged_on=None)
    admitted(admitted_on=3, icu_from=None, icu_until=None, discharged_on=0)
    assert counts(lead, M.INTENSIVE) == [2]


def test_more_than_one_emergency_visit(team: Team, lead: User) -> None:
    def visited(*days: int, **fields: Any) -> None:
        patient = dead(team)
        for before in days:
            at = datetime.combine(DIED - timedelta(days=before), time(3), UTC)
            Encounter.objects.create(patient=patient, **({"kind": "emergency", "starts_at": at} | fields))

    visited(0, 30)
    visited(1, 31)
    visited(5)
    visited(5, 6, kind="visit")
    visited(5, 6, status="cancelled")
    assert counts(lead, M.EMERGENCY) == [1]


def test_days_in_hospice(team: Team, lead: User) -> None:
    for days in (2, 3, 7, 8):
        stay(dead(team), DIED - timedelta(days=days))
    left = dead(team)
    stay(left, DIED - timedelta(days=60), DIED - timedelta(days=59))
    back = dead(team)
    stay(back, DIED - timedelta(days=60), DIED - timedelta(days=58))
    stay(back, DIED - timedelta(days=1))
    dead(team)
    stay(dead(team), DIED - timedelta(days=1), status="entered_in_error")
    found = counts(lead, M.CANCER, M.NO_HOSPICE, M.HOSPICE, M.HOSPICE_SHORT, M.HOSPICE_LONG, M.HOSPICE_LEFT)
    assert found == [8, 2, 6, 2, 1, 1]
    details = {row.detail.split(";")[0] for row in queries.patients_behind(lead, M.HOSPICE_LEFT, scope(lead)).rows}
    assert details == {"hospice 1 day, left again"}


def test_seen_by_the_palliative_team_before_death(team: Team, lead: User) -> None:
    for status, days in (("seen", 0), ("seen", 90), ("accepted", 5), ("seen", -1)):
        PalliativeReferral.objects.create(
            patient=dead(team),
            status=status,
            question="Pain",
            requested_by=lead,
            requested_at=factories.NOW,
            visit_on=DIED - timedelta(days=days),
        )
    found = queries.figures(scope(lead))
    assert found.counts[M.PALLIATIVE] == 2
    span = next(span for span in found.spans if span.took is Took.PALLIATIVE_DAYS)
    assert (span.cases, span.median) == (2, 45.0)


def test_preferred_place_is_the_last_word_before_death(team: Team, lead: User) -> None:
    def said(died: str, *wanted: str, since: date = SINCE) -> Wish | None:
        patient, wish = dead(team, death_place=died), None
        for n, want in enumerate(wanted):
            wish = place(
                patient,
                Said(WishKind.PLACE_OF_DEATH, want),
                since=since + timedelta(days=n),
                origin=Origin(lead, factories.NOW),
            )
        return wish

    said("home", "hospice", "home")
    said("hospital", "home")
    said("home", "home", "undecided")
    said("", "home")
    said("home")
    said("home", "home", since=DIED + timedelta(days=1))
    said("home", "home", since=DIED)
    gone = said("home", "home")
    assert gone is not None
    gone.ended_on, gone.end_reason = DIED, "changed_mind"
    gone.save()
    assert counts(lead, M.PLACE_KNOWN, M.PLACE_COMPARED, M.PLACE_MET) == [4, 3, 2]


def test_older_patients_have_a_plan_or_declined(team: Team, lead: User) -> None:
    born = date(1961, 6, 30)  # 65 on the last day of the period
    people = [factories.patient(team, birth_date=born) for _ in range(5)]
    factories.patient(team, birth_date=born + timedelta(days=1))
    dead(team, birth_date=born)
    talk(people[0], UNTIL)
    PatientContact.objects.create(patient=people[1], name="Noor", is_proxy=True)
    GoalsPrompt.objects.create(patient=people[2], raised_on=SINCE, status="declined", ask_again_on=date(2027, 1, 1))
    WishDocument.objects.create(patient=people[3], kind="directive")
    assert counts(lead, M.OLDER, M.OLDER_PLANNED) == [5, 4]


# --- groups, lists, pages ---------------------------------------------------------------------------------------------


def test_groups_by_language_add_up_and_small_ones_show_no_share(team: Team, lead: User) -> None:
    for n in range(24):
        language = "de-AT" if n < 11 else "de" if n < 12 else "tr" if n < 22 else ""
        patient = factories.patient(team, language=language, interpreter=language == "tr" or None)
        factories.diagnosis(patient, stage="IV", staged_on=date(2026, 2, 1))
        if n % 4 == 0:
            talk(patient, date(2026, 2, 2))
    found = queries.compare(scope(lead))[By.LANGUAGE]
    assert [column.label for column in found.columns] == ["German", "Turkish", "Not stated"]
    row = next(row for row in found.rows if row.measure is M.STAGE4_TALKED)
    assert [(cell.count.count, cell.count.of, cell.count.is_small) for cell in row.cells] == [
        (3, 12, False),
        (3, 10, False),
        (0, 2, True),
    ]
    assert (row.total.count, row.total.of, round(row.gap or 0)) == (6, 24, 5)
    for one in row.cells:
        listed = queries.patients_behind(lead, M.STAGE4_TALKED, scope(lead), group=Group(By.LANGUAGE, one.column.code))
        assert listed.counted == one.count.count
    needed = queries.compare(scope(lead))[By.INTERPRETER]
    assert [column.label for column in needed.columns] == ["Interpreter needed", "Not asked"]


def test_codes_of_groups() -> None:
    assert [group_code(By.INTERPRETER, value) for value in (True, False, None)] == ["yes", "no", ""]
    assert [group_code(By.LANGUAGE, value) for value in ("pt_BR", "", None)] == ["pt", "", ""]
    assert [group_code(By.SEX, value) for value in ("female", "unknown")] == ["female", ""]
    assert widest([Count(M.DEATH, 1, 2, 1), Count(M.DEATH, 9, 10, 20)]) is None


def test_every_list_is_as_long_as_its_number(team: Team, lead: User) -> None:
    patient = dead(team, death_place="home")
    stay(patient, DIED - timedelta(days=2))
    factories.diagnosis(patient, stage="IV", staged_on=date(2026, 2, 1))
    talk(_third_line(team, date(2026, 4, 1)), date(2026, 3, 1), place_of_death="home")
    found = queries.figures(scope(lead))
    for measure, number in found.counts.items():
        listed = queries.patients_behind(lead, measure, scope(lead))
        assert (len(listed.rows), listed.counted, listed.hidden) == (number, number, 0)
        if measure.whole:
            rest = queries.patients_behind(lead, measure, scope(lead), rest=True)
            assert rest.counted == found.counts[measure.whole] - number


def test_months_add_up_to_the_period(team: Team, lead: User) -> None:
    for month in (1, 2, 2, 6):
        stay(dead(team, date(2026, month, 28)), date(2026, month, 27))
    trends = {trend.key: trend for trend in queries.trends_of(scope(lead))}
    points = trends[M.HOSPICE_SHORT].points
    assert [(point.count, point.of) for point in points] == [(1, 1), (2, 2), (0, 0), (0, 0), (0, 0), (1, 1)]
    assert M.OLDER_PLANNED not in trends


def _client(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


PERIOD = "?period=range&since=2026-01-01&until=2026-06-30"


def test_lists_are_not_for_auditors_and_name_only_who_may_be_seen(team: Team) -> None:
    dead(team, family_name="Ellingsen")
    client = _client(factories.person(team, Role.AUDITOR))
    page = client.get(reverse("goals-measures") + PERIOD)
    assert page.status_code == 200
    assert "/reports/goals/deaths/" not in page.text
    assert client.get(reverse("goals-measure-list", args=[M.DEATH])).status_code == 403
    assert (
        "Ellingsen"
        in _client(factories.person(team, Role.ONCOLOGIST))
        .get(reverse("goals-measure-list", args=[M.DEATH]) + PERIOD)
        .text
    )


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("nothing/", 404),
        ("deaths/?by=shoes", 404),
        ("deaths/?by=language&group=%27%3B", 200),
        ("stage-iv-talked/?side=rest&by=sex&group=female", 200),
        ("hospice-days/", 200),
        ("?period=nonsense", 200),
        ("months/?period=range&since=2026-06-01&until=2026-01-01", 200),
        ("groups/?period=2026", 200),
    ],
)
def test_addresses_of_measures(lead: User, path: str, status: int) -> None:
    assert _client(lead).get(reverse("goals-measures") + path).status_code == status


@pytest.mark.parametrize("page", ["goals-measures", "goals-measure-months", "goals-measure-groups"])
def test_what_took_long_to_count_is_kept_and_says_so(
    client: Client, lead: User, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    client.force_login(lead)

    def is_kept(**query: str) -> bool:
        return "Counted at" in client.get(reverse(page), query).content.decode()

    assert [is_kept(), is_kept()] == [False, False], "what is quick is counted on every look"
    monkeypatch.setattr("careteam.workspace.measures.views.SLOW", 0)
    assert [is_kept(), is_kept()] == [False, True]
    assert not is_kept(period="range", since="2026-01-01", until="2026-03-31"), "another question"


def test_the_sheet_has_definitions_and_no_formula(team: Team, lead: User) -> None:
    for _ in range(10):
        factories.diagnosis(
            factories.patient(team, language="=1+1", family_name="Ellingsen"), stage="IV", staged_on=date(2026, 2, 1)
        )
    answer = _client(lead).get(reverse("goals-measures-csv") + PERIOD)
    rows = list(csv.DictReader(answer.text.splitlines()))
    stage = next(row for row in rows if row["part"] == "figure" and row["code"] == M.STAGE4_TALKED)
    assert (stage["count"], stage["of"], stage["percent"], stage["tag"]) == ("0", "10", "0.0", "D")
    assert "60 days" in stage["counts"]
    grouped = next(row for row in rows if row["part"] == "by language" and row["code"] == M.STAGE4_TALKED)
    assert (grouped["group"], grouped["of"]) == ("'=1+1", "10")
    assert {row["code"] for row in rows if row["part"] == "figure"} >= {str(measure) for measure in SHARES}
    assert "Ellingsen" not in answer.text
    assert [cell(value) for value in ("-1", "@x", "a", -1, 0.5)] == ["'-1", "'@x", "a", -1, 0.5]


def _asked(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url).status_code == 200
    return len(asked)


def test_pages_ask_the_same_for_one_patient_and_for_three(team: Team, lead: User) -> None:
    client = _client(lead)
    names = ("goals-measures", "goals-measure-months", "goals-measure-groups", "goals-measures-csv")
    urls = [*map(reverse, names), *(reverse("goals-measure-list", args=[key]) for key in (M.DEATH, M.STAGE4, M.LINE))]
    urls = [url + PERIOD for url in urls]

    def more() -> None:
        stay(dead(team), DIED)
        patient = _third_line(team, date(2026, 4, 1))
        factories.diagnosis(patient, stage="IV", staged_on=date(2026, 2, 1))

    more()
    for url in urls:
        client.get(url)
    before = [_asked(client, url) for url in urls]
    more()
    more()
    assert [_asked(client, url) for url in urls] == before
