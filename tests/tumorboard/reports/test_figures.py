"""What is counted, and that the lists are what was counted."""

from datetime import date, timedelta

import pytest

from careteam.people.models import User
from careteam.people.rules import Role
from patients.treatment.models import TreatmentLine
from tests import factories
from tests.factories.board import Room
from tumorboard.decisions.commands import settle, tell
from tumorboard.decisions.models import Decision, Recommendation
from tumorboard.decisions.rules import Option, RecommendationStatus, ToldHow, ToldWhom
from tumorboard.live.commands import sign_case
from tumorboard.meetings.commands import freeze, hold, list_referral, set_attendance, show_item
from tumorboard.meetings.models import AgendaItem
from tumorboard.referrals.rules import ReferralKind
from tumorboard.reports.queries import (
    Scope,
    figures,
    meetings_behind,
    patients_behind,
    presence_of,
    span_behind,
    trends_of,
    year_sheet,
)
from tumorboard.reports.rules import Concordance, FigureKey, SpanKey, period_of

pytestmark = pytest.mark.django_db
SINCE, UNTIL, TODAY = date(2026, 11, 1), date(2026, 11, 30), date(2026, 12, 20)


@pytest.fixture
def lead(room: Room) -> User:
    return factories.person(room.team, Role.TEAM_LEAD)


def scope(user: User, *, since: date = SINCE, until: date = UNTIL, board_id: int | None = None) -> Scope:
    return Scope.of(user, since=since, until=until, today=TODAY, board_id=board_id)


def test_figures_are_the_lengths_of_their_lists(room: Room, lead: User) -> None:
    done, deviated = room.signed(), room.signed(dissent="One vote for surgery")
    room.signed(Option.OBSERVATION)
    room.item()
    hold(room.meeting, by=room.chair, now=room.meeting_time)
    rows = {row.decision_id: row for row in Recommendation.objects.all()}
    settle(rows[done.pk], RecommendationStatus.IMPLEMENTED, by=room.nurse, now=room.now)
    settle(
        rows[deviated.pk], RecommendationStatus.NOT_IMPLEMENTED, reason="patient_choice", by=room.nurse, now=room.now
    )
    found = figures(scope(lead), new_patients=True)
    assert {key: count for key, count in found.counts.items() if count} == {
        FigureKey.PRESENTED: 4,
        FigureKey.CASES: 3,
        FigureKey.PROSPECTIVE: 3,
        FigureKey.DEFERRED: 1,
        FigureKey.LATE: 2,
        FigureKey.MEASURED: 1,
        FigureKey.LACKING: 1,
        FigureKey.SIGNED: 3,
        FigureKey.DISSENT: 1,
        FigureKey.ACTIONS: 3,
        FigureKey.ACTIONS_OPEN: 3,
        FigureKey.ACTIONS_OVERDUE: 3,
        FigureKey.RECOMMENDED: 3,
        FigureKey.ASSESSABLE: 2,
        FigureKey.IMPLEMENTED: 1,
        FigureKey.NOT_IMPLEMENTED: 1,
        FigureKey.DEVIATED: 1,
        FigureKey.UNSETTLED: 1,
    }
    assert (found.concordance, found.concordance.percent) == (Concordance(full=1, partial=0, discordant=1), 50.0)
    for key, count in found.counts.items():
        listed = patients_behind(lead, key, scope(lead))
        assert (len(listed.rows), listed.counted, listed.hidden) == (count, count, 0)
        if key.whole:
            assert len(patients_behind(lead, key, scope(lead), rest=True).rows) == found.counts[key.whole] - count
    for key, reasons in found.reasons.items():
        for reason in reasons:
            assert patients_behind(lead, key, scope(lead), why=reason.code).counted == reason.count
    assert [(reason.label, reason.count) for reason in found.reasons[FigureKey.DEFERRED]] == [("No time left", 1)]
    assert [(reason.label, reason.count) for reason in found.reasons[FigureKey.DEVIATED]] == [("Patient choice", 1)]


def test_figures_of_another_period_board_or_team_are_empty(room: Room, lead: User) -> None:
    room.signed()
    stranger = factories.person(factories.team(), Role.TEAM_LEAD)
    for asked in (
        scope(lead, since=date(2026, 12, 1), until=date(2026, 12, 31)),
        scope(lead, board_id=room.board.pk + 1),
        scope(stranger),
    ):
        assert set(figures(asked).counts.values()) == {0}


def test_a_patient_who_may_not_be_seen_is_counted_and_not_listed(room: Room, lead: User) -> None:
    decision = room.signed()
    decision.patient.team = factories.team()
    decision.patient.save()
    listed = patients_behind(lead, FigureKey.SIGNED, scope(lead))
    assert (listed.rows, listed.counted, listed.hidden) == ((), 1, 1)


def test_information_and_what_had_begun_are_not_prospective(room: Room, lead: User) -> None:
    room.start()
    asked = [room.item(), room.item(kind=ReferralKind.INFORMATION), room.item()]
    for item in asked:
        _sign(room, item)
    begun = Recommendation.objects.get(decision__item=asked[2])
    begun.line = factories.line(begun.patient, started_on=date(2026, 11, 20))
    begun.save()
    listed = patients_behind(lead, FigureKey.PROSPECTIVE, scope(lead))
    assert [row.patient_id for row in listed.rows] == [asked[0].patient_id]


def _sign(room: Room, item: AgendaItem) -> Decision:
    return sign_case(room.record(item), by=room.chair, now=room.meeting_time)


def test_readiness_is_kept_as_it_was_when_the_agenda_froze(room: Room, lead: User) -> None:
    before = room.item()
    freeze(room.meeting, by=room.coordinator, now=room.now)
    before.refresh_from_db()
    assert before.lacked_at_cutoff is not None
    assert "goals" in before.lacked_at_cutoff
    late = list_referral(
        room.referral(), room.meeting, by=room.coordinator, now=room.now, after_cutoff_reason="Bilirubin rises"
    )
    room.start()
    late.refresh_from_db()
    assert late.lacked_at_cutoff is None
    found = figures(scope(lead))
    assert (found.counts[FigureKey.MEASURED], found.counts[FigureKey.READY]) == (1, 0)
    assert "Goals of the patient" in {reason.label for reason in found.reasons[FigureKey.LACKING]}


def test_a_meeting_that_nobody_froze_keeps_it_at_its_start(room: Room) -> None:
    item = room.item()
    room.start()
    item.refresh_from_db()
    assert item.lacked_at_cutoff


def test_minutes_count_every_showing_of_a_case(room: Room, lead: User) -> None:
    item, other = room.item(), room.item()
    meeting, at = room.start(), room.meeting_time
    for shown, minutes in ((item, 0), (other, 2), (item, 5), (None, 9)):
        show_item(meeting, shown, by=room.chair, now=at + timedelta(minutes=minutes))
    _sign(room, item)
    item.refresh_from_db()
    assert item.seconds_on == (2 + 4) * 60
    spans = {span.key: span for span in figures(scope(lead)).spans}
    assert (spans[SpanKey.MINUTES].cases, spans[SpanKey.MINUTES].median) == (1, 6.0)
    assert [row.detail for row in span_behind(lead, SpanKey.MINUTES, scope(lead)).rows] == ["6 min"]


def test_days_run_from_referral_to_discussion_to_communication_to_start(room: Room, lead: User) -> None:
    decision, later = room.signed(), room.meeting_time + timedelta(days=4)
    tell(decision, ToldWhom.PATIENT, how=ToldHow.VISIT, on=date(2026, 11, 29), by=room.chair, now=later)
    row = Recommendation.objects.get()
    row.line = factories.line(row.patient, started_on=date(2026, 12, 9))
    row.save()
    referred = room.team.local_date(decision.item.referral.submitted_at or room.now)
    held = date(2026, 11, 26)
    medians = {span.key: span.median for span in figures(scope(lead)).spans}
    assert medians == {
        SpanKey.MINUTES: None,
        SpanKey.TO_DISCUSSION: (held - referred).days,
        SpanKey.TO_TOLD: 3,
        SpanKey.TO_START: 10,
        SpanKey.WHOLE: (date(2026, 12, 9) - referred).days,
    }
    assert TreatmentLine.objects.count() == 1
    assert [row.detail for row in span_behind(lead, SpanKey.TO_START, scope(lead)).rows] == ["10 days"]


def test_trends_stand_in_the_month_of_the_meeting(room: Room, lead: User) -> None:
    room.signed()
    trends = {trend.key: trend for trend in trends_of(scope(lead, since=date(2026, 1, 1), until=date(2026, 12, 31)))}
    prospective = trends[FigureKey.PROSPECTIVE]
    assert [(point.month, point.count, point.of) for point in prospective.points if point.of] == [
        (date(2026, 11, 1), 1, 1)
    ]
    assert prospective.chart.verdict == "No control limits: they need 8 months with cases, 1 month has any."


def test_attendance_is_counted_by_specialty_and_by_person(room: Room, lead: User) -> None:
    room.start()
    set_attendance(room.meeting, room.pathologist, present=True, by=room.coordinator, now=room.meeting_time)
    hold(room.meeting, by=room.chair, now=room.meeting_time)
    presence = presence_of(scope(lead))
    assert (presence.held, presence.known, presence.cancelled) == (1, 1, 0)
    assert {(row.label, row.count, row.of) for row in presence.specialties} == {
        ("Medical oncology", 1, 1),
        ("Pathology", 1, 1),
    }
    assert {(row.label, row.count) for row in presence.people} == {("Ines Okafor", 1), ("Paul Path", 1)}
    assert len(meetings_behind(scope(lead), specialty="pathology")) == 1
    assert len(meetings_behind(scope(lead), specialty="radiology")) == 0
    assert len(meetings_behind(scope(lead), specialty="radiology", rest=True)) == 1
    assert len(meetings_behind(scope(lead), person_id=room.pathologist.pk)) == 1


def test_the_year_is_held_against_the_standards(room: Room, lead: User) -> None:
    room.signed()
    period = period_of("2026", TODAY)
    assert period is not None
    asked = scope(lead, since=period.since, until=period.until, board_id=room.board.pk)
    sheet = year_sheet(room.board, period, asked)
    assert {(row.name, row.count, row.of, row.against.value, row.is_met) for row in sheet.standards} == {
        ("Discussed before treatment", 1, 1, 80.0, True),
        ("New patients discussed", 0, 0, 15.0, None),
        ("Implemented", 0, 0, 79.4, None),
        ("New patients", 0, None, 80.0, False),
    }
    assert [(row.month.month, row.cases) for row in sheet.months if row.cases] == [(11, 1)]
