"""An urgent case by e-vote: opened, filled by specialty, closed by its chair or its deadline, then followed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction

from careteam.audit.models import AuditEvent
from careteam.events.commands import settle_pending
from careteam.notifications.models import InboxItem
from careteam.people.models import Absence
from careteam.people.rules import Role, Specialty
from patients.record.commands import record_death
from patients.record.models import NextStep
from tests import factories
from tests.factories.board import Room
from tests.tumorboard.ballots.conftest import opened
from tumorboard.actions.models import Action
from tumorboard.ballots.commands import Proposed, accept, cast_vote, extend, return_to_meeting, sweep_ballots
from tumorboard.ballots.models import Ballot, Vote
from tumorboard.ballots.queries import tally_of
from tumorboard.ballots.rules import VoteChoice
from tumorboard.decisions.models import Decision
from tumorboard.decisions.queries import decided_on, decision_row
from tumorboard.decisions.rules import Option
from tumorboard.live.commands import ActionAsked
from tumorboard.meetings.commands import unfold_meetings
from tumorboard.meetings.models import AgendaItem, Attendance, Meeting
from tumorboard.meetings.queries import next_meetings, past_meetings
from tumorboard.minutes.commands import sign_minutes
from tumorboard.minutes.queries import minutes_of
from tumorboard.referrals.models import Referral
from tumorboard.reports.queries.attendance import held_in
from tumorboard.reports.queries.definitions import CASES, Scope, cases_in
from tumorboard.reports.rules import FigureKey

pytestmark = pytest.mark.django_db
AGREE, DISAGREE, DISCUSS, ABSTAIN = VoteChoice


def vote(room: Room, ballot: Ballot, person: Any, choice: VoteChoice = AGREE, **more: Any) -> Vote:
    asked = {"proposal": 1 if choice is AGREE else 0, "now": room.now + timedelta(hours=1)} | more
    return cast_vote(ballot, choice, by=person, **asked)


def agreed(room: Room, ballot: Ballot) -> None:
    for person in (room.chair, room.pathologist):
        vote(room, ballot, person)


def accepted(room: Room, ballot: Ballot, **more: Any) -> Decision:
    action = ActionAsked(owner=room.nurse, due_on=date(2026, 11, 25))
    return accept(ballot, 1, **({"action": action, "by": room.chair, "now": room.now + timedelta(hours=2)} | more))


def state(ballot: Ballot) -> str:
    return str(Ballot.objects.get(pk=ballot.pk).status)


def test_opening_asks_the_members_at_once_and_says_no_name(seats: Room, urgent: Referral, ballot: Ballot) -> None:
    asked = InboxItem.objects.filter(kind="ballot").order_by("recipient__name")
    assert [row.recipient for row in asked] == [seats.chair, seats.pathologist]  # the deputy's member is there
    assert {row.title for row in asked} == {"NET board: your vote is asked for until 24 Nov, 10:00"}
    assert {row.mail for row in asked} == {"at_once"}
    urgent.refresh_from_db()
    assert urgent.status == "listed"
    assert ballot.item.meeting.is_vote


def test_a_vote_is_no_date_of_the_board(seats: Room, ballot: Ballot) -> None:
    [coming] = next_meetings(seats.chair, seats.now + timedelta(hours=1))
    assert coming.id == seats.meeting.pk
    thursday = opened(seats, seats.referral(), ends=seats.meeting.starts_at + timedelta(days=8))
    assert thursday.item.meeting.occurrence_on == date(2026, 11, 23)
    before = Meeting.objects.sessions().count()
    assert unfold_meetings(seats.board, until=date(2026, 12, 3), by=None, now=seats.now) == 0
    assert Meeting.objects.sessions().count() == before
    agreed(seats, ballot)
    accepted(seats, ballot)
    assert list(past_meetings(seats.chair, seats.now + timedelta(days=1))) == []


def test_deputy_votes_when_told_or_not_and_the_specialty_counts_once(seats: Room, ballot: Ballot) -> None:
    vote(seats, ballot, seats.chair)
    vote(seats, ballot, seats.deputy)
    tally = tally_of(ballot, date(2026, 11, 23))
    assert (tally.count.filled, tally.count.needed, tally.count.quorum.missing_label) == (1, 2, "Pathology")
    assert {row.specialty for row in Attendance.objects.filter(meeting=ballot.item.meeting)} == {"medical_oncology"}
    assert tally.seats[1].waiting == ("Paul Path",)


def test_deputy_is_asked_while_the_member_is_away(seats: Room, urgent: Referral) -> None:
    Absence.objects.create(user=seats.chair, starts_on=date(2026, 11, 20), ends_on=date(2026, 11, 30))
    ballot = opened(seats, urgent)
    asked = set(InboxItem.objects.filter(kind="ballot").values_list("recipient__name", flat=True))
    assert asked == {"Dora Deputy", "Paul Path"}
    vote(seats, ballot, seats.deputy)
    vote(seats, ballot, seats.pathologist)
    decision = accepted(seats, ballot, by=seats.deputy)
    assert Meeting.objects.get(items__decision=decision).chair == seats.deputy


def test_a_specialty_without_a_seat_is_voted_for_by_the_team_or_refused(seats: Room, urgent: Referral) -> None:
    seats.board.quorum = [Specialty.MEDICAL_ONCOLOGY, Specialty.NURSING]
    seats.board.save()
    ballot = opened(seats, urgent)
    assert {voter.person.name for voter in tally_of(ballot, date(2026, 11, 23)).voters} == {
        "Ines Okafor",
        "Dora Deputy",
        "Nora Nurse",
    }
    seats.board.quorum = [Specialty.RADIOLOGY]
    seats.board.save()
    with pytest.raises(ValidationError) as refused:
        opened(seats, seats.referral())
    assert refused.value.messages == ["Nobody at this board stands for Radiology. Add a member, or list the case."]


def test_a_vote_may_change_until_the_end_and_leaves_the_inbox(seats: Room, ballot: Ballot) -> None:
    vote(seats, ballot, seats.pathologist, DISAGREE, comment="No histology")
    assert InboxItem.objects.open().filter(recipient=seats.pathologist, kind="ballot").count() == 0
    assert InboxItem.objects.filter(recipient=seats.chair, title="NET board: a vote objects").count() == 1
    changed = vote(seats, ballot, seats.pathologist)
    assert (changed.version, Vote.objects.count(), changed.proposal_id is not None) == (2, 1, True)
    vote(seats, ballot, seats.chair)
    assert InboxItem.objects.filter(recipient=seats.chair, title="NET board: the vote has its quorum").count() == 1
    with pytest.raises(ValidationError) as late:
        vote(seats, ballot, seats.pathologist, DISCUSS, now=ballot.closes_at)
    assert late.value.messages == ["Voting has ended. What you wrote is kept below."]


def test_who_abstains_does_not_count(seats: Room, ballot: Ballot) -> None:
    vote(seats, ballot, seats.pathologist)
    vote(seats, ballot, seats.pathologist, ABSTAIN)
    assert tally_of(ballot, date(2026, 11, 23)).count.filled == 0
    assert Attendance.objects.get(user=seats.pathologist).left_at == seats.now + timedelta(hours=1)


@pytest.mark.parametrize(
    ("choice", "comment", "proposal", "said"),
    [
        (DISAGREE, " ", 0, "Say why you disagree: the chair answers it."),
        (AGREE, "", 2, "Choose the proposal you agree with."),
    ],
)
def test_a_vote_that_says_too_little(
    seats: Room, ballot: Ballot, choice: VoteChoice, comment: str, proposal: int, said: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        vote(seats, ballot, seats.pathologist, choice, comment=comment, proposal=proposal)
    assert refused.value.messages == [said]


def test_accepted_is_a_signed_decision_like_any_other(seats: Room, urgent: Referral, ballot: Ballot) -> None:
    agreed(seats, ballot)
    decision = accepted(seats, ballot)
    row = decision_row(decision)
    assert (row.is_signed, row.is_vote, row.text, row.is_inquorate) == (
        True,
        True,
        "Radiotherapy: T8, 5 × 4 Gy.",
        False,
    )
    assert [(each.option, each.detail) for each in row.recommendations] == [("radiotherapy", "T8, 5 × 4 Gy")]
    assert row.rationale == (
        "By e-vote: 2 of 2 specialties voted, 2 agree. Why it could not wait: Leg weakness since yesterday"
    )
    assert (Action.objects.get().owner, decided_on(decision)) == (seats.nurse, date(2026, 11, 23))
    urgent.refresh_from_db()
    assert (urgent.status, state(ballot)) == ("discussed", "accepted")
    assert NextStep.objects.filter(source_key=f"told:{decision.pk}", closed_at=None).count() == 1
    meeting = Meeting.objects.get(items__decision=decision)
    minutes = minutes_of(meeting, date(2026, 11, 23))
    assert (minutes.is_final, [each.name for each in minutes.attended]) == (True, ["Ines Okafor", "Paul Path"])
    assert sign_minutes(meeting, by=seats.chair, now=seats.now + timedelta(hours=3)).number == 1
    november = Scope.of(seats.coordinator, since=date(2026, 11, 1), until=date(2026, 11, 30), today=date(2026, 11, 24))
    assert (cases_in(november).filter(CASES[FigureKey.QUORATE]).count(), held_in(november).count()) == (1, 0)
    told = InboxItem.objects.open().filter(kind="ballot").values_list("recipient__name", "title")
    assert set(told) == {
        ("Cora Board", "NET board: e-vote accepted"),
        ("Paul Path", "NET board: e-vote accepted"),
    }


def test_one_objection_is_answered_and_stands_in_the_decision(seats: Room, ballot: Ballot) -> None:
    vote(seats, ballot, seats.chair)
    vote(seats, ballot, seats.pathologist)
    vote(seats, ballot, seats.deputy, DISCUSS, comment="Surgery first?")
    with pytest.raises(ValidationError) as half:
        accepted(seats, ballot, note="Surgeon asked: no")
    assert half.value.messages == ["1 of 2 specialties agree with this proposal: not more than half."]
    vote(seats, ballot, seats.deputy)
    objector = factories.person(seats.team, Role.SURGEON, name="Sven", specialty=Specialty.NURSING)
    seats.board.quorum = [*seats.board.quorum, Specialty.NURSING]
    seats.board.save()
    ballot = Ballot.objects.get(pk=ballot.pk)
    vote(seats, ballot, objector, DISAGREE, comment="Too weak for it")
    with pytest.raises(ValidationError) as silent:
        accepted(seats, ballot)
    assert silent.value.messages == [
        "Not everybody agrees. Say how their reasons were answered, or send the case to a meeting."
    ]
    decision = accepted(seats, ballot, note="Seen together: fit enough")
    assert decision.dissent == "Sven (Nursing) disagrees: Too weak for it"
    assert decision.rationale.splitlines()[-1] == "The chair on the reasons against it: Seen together: fit enough"


def test_only_the_chair_closes(seats: Room, ballot: Ballot) -> None:
    agreed(seats, ballot)
    for person, said in (
        (seats.deputy, "Ines Okafor chairs this vote, and closes it."),
        (seats.coordinator, "Only who may decide at this board closes an e-vote."),
    ):
        with pytest.raises(ValidationError) as refused:
            accepted(seats, ballot, by=person)
        assert refused.value.messages == [said]
    accepted(seats, ballot)
    with pytest.raises(ValidationError) as twice:
        accepted(seats, ballot)
    assert twice.value.messages == ["The e-vote is over: accepted."]
    assert Decision.objects.count() == 1


def test_votes_stand_when_the_vote_is_over(seats: Room, ballot: Ballot) -> None:
    agreed(seats, ballot)
    accepted(seats, ballot)
    with pytest.raises(DatabaseError), transaction.atomic():
        Vote.objects.update(comment="I never said that")


def test_the_deadline_leaves_what_everybody_agrees_with_to_the_chair(seats: Room, ballot: Ballot) -> None:
    agreed(seats, ballot)
    end = ballot.closes_at
    assert (sweep_ballots(now=end - timedelta(hours=3)), sweep_ballots(now=end - timedelta(hours=3))) == (1, 0)
    assert (sweep_ballots(now=end), sweep_ballots(now=end), state(ballot)) == (1, 0, "ended")
    sign = InboxItem.objects.open().get(title="NET board: the vote has ended, sign its decision")
    assert sign.recipient == seats.chair
    assert (sweep_ballots(now=end + timedelta(hours=23)), state(ballot)) == (0, "ended")
    assert (sweep_ballots(now=end + timedelta(hours=24)), state(ballot)) == (1, "returned")
    assert AgendaItem.objects.open().get(patient=ballot.patient).meeting == seats.meeting


def test_inquorate_at_the_deadline_goes_to_the_next_meeting_with_its_votes(seats: Room, ballot: Ballot) -> None:
    vote(seats, ballot, seats.chair)
    assert (sweep_ballots(now=ballot.closes_at), state(ballot)) == (1, "returned")
    ballot.refresh_from_db()
    assert ballot.close_note == "Inquorate at its end: nobody voted for Pathology."
    item = AgendaItem.objects.open().get(patient=ballot.patient)
    assert (item.meeting, item.referral.defer_reason) == (seats.meeting, "vote")
    assert InboxItem.objects.open().filter(recipient=seats.pathologist, kind="ballot").count() == 0
    assert AuditEvent.objects.filter(action="ballots.returned", actor=None).count() == 1


def test_who_has_not_voted_is_reminded_once_with_their_deputies(seats: Room, ballot: Ballot) -> None:
    vote(seats, ballot, seats.pathologist)
    at = ballot.closes_at - timedelta(hours=4)
    assert (sweep_ballots(now=at - timedelta(minutes=1)), sweep_ballots(now=at), sweep_ballots(now=at)) == (0, 1, 0)
    told = InboxItem.objects.filter(title="NET board: the vote ends 24 Nov, 10:00").values_list("recipient__name")
    assert sorted(name for (name,) in told) == ["Dora Deputy", "Ines Okafor"]


def test_extended_once_with_a_reason(seats: Room, ballot: Ballot) -> None:
    later = ballot.closes_at + timedelta(hours=12)
    asked: dict[str, Any] = {"by": seats.chair, "now": seats.now + timedelta(hours=2)}
    extended = extend(ballot, closes_at=later, reason="Pathologist back at noon", **asked)
    assert (extended.closes_at, Meeting.objects.get(items__ballot=ballot).ends_at) == (later, later)
    assert sweep_ballots(now=ballot.closes_at) == 0
    with pytest.raises(ValidationError) as twice:
        extend(ballot, closes_at=later + timedelta(hours=1), reason="Again", **asked)
    assert twice.value.messages == ["The vote was extended once already. Close it, or send the case to a meeting."]
    assert (sweep_ballots(now=later), state(ballot)) == (1, "returned")


def test_the_chair_sends_it_to_a_meeting(seats: Room, ballot: Ballot) -> None:
    agreed(seats, ballot)
    placed = return_to_meeting(ballot, note="Surgery wants to see the MRI", by=seats.chair, now=seats.now)
    assert placed is not None
    assert (placed.meeting, state(ballot)) == (seats.meeting, "returned")


def test_a_death_ends_the_vote(seats: Room, ballot: Ballot) -> None:
    record_death(ballot.patient, on=date(2026, 11, 23), cause="NET", by=seats.chair, now=seats.now)
    settle_pending(now=seats.now)
    sweep_ballots(now=seats.now)
    assert (state(ballot), Meeting.objects.get(items__ballot=ballot).status) == ("withdrawn", "held")
    assert InboxItem.objects.open().filter(kind="ballot").count() == 0
    assert AgendaItem.objects.open().filter(patient=ballot.patient).count() == 0


def test_one_of_several_proposals_needs_more_than_half(seats: Room, urgent: Referral) -> None:
    two = (Proposed(options=(Option.RADIOTHERAPY,)), Proposed(options=(Option.SURGERY,)))
    ballot = opened(seats, urgent, *two)
    vote(seats, ballot, seats.chair, proposal=2)
    vote(seats, ballot, seats.pathologist, proposal=1)
    assert sweep_ballots(now=ballot.closes_at) == 1
    assert state(ballot) == "returned"
