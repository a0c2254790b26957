"""The only writers of e-votes. The meeting of a vote is locked first, then its ballot, then its case."""

from __future__ import annotations

import logging
import zoneinfo
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from celery.exceptions import SoftTimeLimitExceeded
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.urls import reverse

from careteam.access.policies import insist
from careteam.access.queries import access_of
from careteam.audit.commands import record
from careteam.notifications.commands import notify, withdraw
from careteam.people.rules import Permission
from patients.goals.queries import goals_of
from patients.protocol.queries import number
from patients.treatment.rules import Intent
from tumorboard.ballots import policies
from tumorboard.ballots.models import Ballot, Proposal, Vote
from tumorboard.ballots.queries import Tally, tally_of, to_ask
from tumorboard.ballots.rules import (
    LIVE_BALLOTS,
    MOST_PROPOSALS,
    BallotStatus,
    VoteChoice,
    specialty_label,
    voted_words,
)
from tumorboard.decisions.commands import Said
from tumorboard.decisions.rules import Option, wording
from tumorboard.live.commands import ActionAsked, record_case, sign_case
from tumorboard.meetings.commands import attend_by_vote, chair_vote, end_vote, open_vote, prolong_vote
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.meetings.rules import OPEN_ITEMS, ItemStatus
from tumorboard.referrals.commands import complete
from tumorboard.referrals.models import Referral

if TYPE_CHECKING:
    from careteam.people.models import User
    from tumorboard.decisions.models import Decision


log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Proposed:
    """One proposal. `text` empty: worded from options and detail."""

    options: tuple[Option, ...] = ()
    intent: str = ""
    detail: str = ""
    text: str = ""
    rationale: str = ""

    @property
    def words(self) -> str:
        return self.text.strip() or wording(self.options, detail=self.detail)


@transaction.atomic
def open_ballot(
    referral: Referral,
    proposals: Sequence[Proposed],
    *,
    why_urgent: str,
    closes_at: datetime,
    chair: User,
    by: User,
    now: datetime,
    question: str = "",
) -> Ballot:
    """Puts a waiting referral to the vote of the board's quorum until `closes_at`; its voters are told at once.
    `question` other than the referral's replaces it."""
    referral = (
        Referral.objects.select_for_update(of=("self",))
        .select_related("patient__team", "board__team", "presenter")
        .get(pk=referral.pk)
    )
    team = referral.board.team
    insist(policies.why_not_open(referral, by) or policies.why_not_elect(referral, team.local_date(now)))
    if not why_urgent.strip():
        raise ValidationError({"why_urgent": "Say why it cannot wait for the next meeting."})
    if closes_at <= now:
        raise ValidationError({"closes_on": "The vote would end in the past."})
    if not access_of(chair).may(Permission.BOARD_DECIDE, team.pk):
        raise ValidationError({"chair": f"{chair} has no role that signs decisions of this board."})
    if not proposals or not all(each.words for each in proposals):
        raise ValidationError("Choose what is proposed, or write it.")
    if len(proposals) > MOST_PROPOSALS:
        raise ValidationError(f"At most {MOST_PROPOSALS} proposals.")
    if question.strip() and question.strip() != referral.question:
        referral = complete(
            referral,
            question=question,
            hoped_for=referral.hoped_for,
            consent=referral.consent,
            external_referrer=referral.external_referrer,
            version=referral.version,
            by=by,
            now=now,
        )
    item = open_vote(referral, closes_at=closes_at, chair=chair, by=by, now=now)
    ballot = Ballot.objects.create(
        patient=referral.patient,
        item=item,
        why_urgent=why_urgent.strip()[:300],
        opened_by=by,
        opened_at=now,
        closes_at=closes_at,
        created_by=by,
    )
    for place, each in enumerate(proposals, start=1):
        if each.intent not in Intent.values:
            raise ValidationError("Choose an intent of the list.")
        Proposal.objects.create(
            patient=referral.patient,
            ballot=ballot,
            number=place,
            options=[str(option) for option in each.options],
            intent=each.intent,
            detail=each.detail.strip()[:200],
            text=each.words,
            rationale=each.rationale.strip(),
            created_by=by,
        )
    ballot = _read(ballot.pk)
    tally = tally_of(ballot, team.local_date(now))
    _ask(ballot, to_ask(tally.voters), f"your vote is asked for until {_moment(ballot)}", now=now)
    _audit("ballots.open_ballot", ballot, by=by, now=now, reason=ballot.why_urgent)
    return ballot


@transaction.atomic
def cast_vote(
    ballot: Ballot, choice: VoteChoice, *, by: User, now: datetime, proposal: int = 0, comment: str = ""
) -> Vote:
    """Votes, or votes anew, for the specialty the person stands for. Once every needed specialty has voted, and at each
    objection, the chair is told."""
    ballot = _locked(ballot)
    meeting, team = ballot.item.meeting, ballot.item.meeting.board.team
    before = tally_of(ballot, team.local_date(now))
    insist(policies.why_not_vote(ballot, by, now=now, tally=before))
    chosen = {each.number: each for each, _ in before.proposals}
    insist(policies.why_not_choice(choice, proposal, comment, proposals=set(chosen)))
    voter = before.voter(by)
    if voter is None:
        raise ValueError("A voter has a specialty.")
    vote = Vote.objects.select_for_update().filter(ballot=ballot, voter=by).first()
    vote = vote or Vote(patient=ballot.patient, ballot=ballot, voter=by, created_by=by, version=0)
    vote.specialty, vote.choice, vote.comment, vote.voted_at = voter.specialty, choice, comment.strip(), now
    vote.proposal = chosen[proposal] if choice is VoteChoice.AGREE else None
    vote.save_version()
    counts = choice is not VoteChoice.ABSTAIN
    attend_by_vote(meeting, by, specialty=voter.specialty, counts=counts, by=by, now=now)
    withdraw(keys=_asking_keys(ballot, [by.pk]), now=now)
    after = tally_of(ballot, team.local_date(now))
    if meeting.chair is not None:
        if after.count.quorum.is_quorate and not before.count.quorum.is_quorate:
            _tell(ballot, [meeting.chair], what="full", words="the vote has its quorum", now=now)
        elif after.count.object_ - before.count.object_:
            _tell(ballot, [meeting.chair], what=f"against:{by.pk}", words="a vote objects", now=now)
    _audit("ballots.cast_vote", ballot, by=by, now=now, details={"choice": str(choice), "version": vote.version})
    return vote


@transaction.atomic
def accept(
    ballot: Ballot,
    proposal: int,
    *,
    action: ActionAsked | None,
    by: User,
    now: datetime,
    note: str = "",
    goals_conflict_note: str = "",
) -> Decision:
    """The proposal becomes a signed decision like any other: recorded and signed by the chair in one act. The caller
    has asked for the password again. Who objected or abstained stands in it."""
    ballot = _locked(ballot)
    meeting = ballot.item.meeting
    today = meeting.board.team.local_date(now)
    tally = tally_of(ballot, today)
    insist(policies.why_not_accept(ballot, proposal, by, tally=tally, note=note, now=now))
    if meeting.chair_id != by.pk:
        chair_vote(meeting, chair=by, by=by, now=now)
    chosen = next(each for each, _ in tally.proposals if each.number == proposal)
    options = tuple(Option(value) for value in chosen.options)
    said = Said(
        options=options,
        text=chosen.text,
        intent=chosen.intent,
        details={options[0]: chosen.detail} if len(options) == 1 and chosen.detail else {},
        rationale=_rationale(ballot, chosen, tally, note),
        dissent=_dissent(tally),
        goals_seen=goals_of(ballot.patient_id, today).exists,
        goals_conflict_note=goals_conflict_note,
    )
    item = AgendaItem.objects.get(pk=ballot.item_id)
    decision = sign_case(record_case(item, said, action, by=by, now=now), by=by, now=now)
    ballot.accepted = chosen
    _close(ballot, BallotStatus.ACCEPTED, note=note, by=by, now=now)
    end_vote(_read(ballot.pk).item, by=by, now=now)
    _tell_result(ballot, tally, "accepted", reverse("decision", args=[decision.pk]), by=by, now=now)
    return decision


@transaction.atomic
def return_to_meeting(ballot: Ballot, *, note: str, by: User, now: datetime) -> AgendaItem | None:
    """The chair lets the board discuss it: the case goes to the next meeting that takes cases, with its votes. Returns
    its place there; None: it waits for an agenda."""
    ballot = _locked(ballot)
    insist(policies.why_not_return(ballot, by, note=note, now=now))
    return _return(ballot, note=note.strip(), by=by, now=now)


@transaction.atomic
def extend(ballot: Ballot, *, closes_at: datetime, reason: str, by: User, now: datetime) -> Ballot:
    """A later end, once, with a reason; who has not voted is reminded of the new one."""
    ballot = _locked(ballot)
    insist(policies.why_not_extend(ballot, by, closes_at=closes_at, reason=reason, now=now))
    ballot.closes_at, ballot.reminded_at = closes_at, None
    ballot.extended_at, ballot.extended_by, ballot.extend_reason = now, by, reason.strip()[:300]
    ballot.save_version("closes_at", "reminded_at", "extended_at", "extended_by", "extend_reason")
    prolong_vote(ballot.item.meeting, closes_at=closes_at, by=by, now=now)
    withdraw(keys=_asking_keys(ballot, ballot.asked), now=now)
    tally = tally_of(ballot, ballot.item.meeting.board.team.local_date(now))
    waiting = to_ask(tally.voters, missing=tally.count.quorum.missing)
    _ask(ballot, waiting, f"the vote was extended to {_moment(ballot)}", now=now)
    _audit("ballots.extend", ballot, by=by, now=now, reason=reason)
    return ballot


def sweep_ballots(*, now: datetime) -> int:
    """What time does to e-votes, each in a transaction of its own: reminders before the end; at the end what everybody
    agrees with waits for the chair's signature, everything else goes to a meeting, and so does what the chair does not
    sign in time; a case that was withdrawn ends its vote. Run twice, or by two at once, it changes nothing more.
    Returns how many ballots changed."""
    changed = 0
    for ballot_id in list(Ballot.objects.valid().live().order_by("pk").values_list("pk", flat=True)):
        try:
            changed += _sweep_one(ballot_id, now=now)
        except SoftTimeLimitExceeded:
            raise
        except Exception as error:
            if not connection.is_usable():
                raise
            # Without the traceback: errors may quote rows.
            log.error("e-vote %s is stuck: %s", ballot_id, type(error).__name__)  # noqa: TRY400
    return changed


@transaction.atomic
def _sweep_one(ballot_id: int, *, now: datetime) -> bool:
    ballot = _locked_by_id(ballot_id)
    meeting, team_id = ballot.item.meeting, ballot.item.meeting.board.team_id
    if ballot.status not in LIVE_BALLOTS:
        return False
    if ballot.item.status not in OPEN_ITEMS:
        gone = ballot.item.status == ItemStatus.WITHDRAWN
        _close(ballot, BallotStatus.WITHDRAWN if gone else BallotStatus.RETURNED, note="", by=None, now=now)
        end_vote(ballot.item, by=None, now=now)
        return True
    if ballot.status == BallotStatus.ENDED:
        if now < ballot.closes_at + _hours(team_id, "vote.sign"):
            return False
        _return(ballot, note="The chair did not sign in time.", by=None, now=now)
        return True
    today = meeting.board.team.local_date(now)
    if now >= ballot.closes_at:
        tally = tally_of(ballot, today)
        if not tally.count.carried:
            _return(ballot, note=_why_returned(tally), by=None, now=now)
            return True
        _end(ballot, now=now)
        return True
    if ballot.reminded_at is None and now >= ballot.closes_at - _hours(team_id, "vote.reminder"):
        _remind(ballot, tally_of(ballot, today), now=now)
        return True
    return False


def _end(ballot: Ballot, *, now: datetime) -> None:
    """Everybody agrees: the chair signs."""
    _move(ballot, BallotStatus.ENDED)
    meeting = ballot.item.meeting
    withdraw(keys=_asking_keys(ballot, ballot.asked), now=now)
    if meeting.chair is not None:
        _tell(ballot, [meeting.chair], what="sign", words="the vote has ended, sign its decision", now=now)
    meeting.save_version()
    _audit("ballots.end", ballot, by=None, now=now)


def _remind(ballot: Ballot, tally: Tally, *, now: datetime) -> None:
    ballot.reminded_at = now
    ballot.save_version("reminded_at")
    late = to_ask(tally.voters, missing=tally.count.quorum.missing)
    chair = ballot.item.meeting.chair
    _ask(ballot, [*late, *([chair] if chair else [])], f"the vote ends {_moment(ballot)}", now=now, again="reminder")
    _audit("ballots.remind", ballot, by=None, now=now, details={"people": [person.pk for person in late]})


def _return(ballot: Ballot, *, note: str, by: User | None, now: datetime) -> AgendaItem | None:
    tally = tally_of(ballot, ballot.item.meeting.board.team.local_date(now))
    _close(ballot, BallotStatus.RETURNED, note=note, by=by, now=now)
    placed = end_vote(ballot.item, by=by, now=now)
    url = reverse("meeting", args=[placed.meeting_id]) if placed else reverse("boards")
    _tell_result(ballot, tally, "is discussed in a meeting", url, by=by, now=now)
    return placed


def _close(ballot: Ballot, to: BallotStatus, *, note: str, by: User | None, now: datetime) -> None:
    ballot.closed_at, ballot.closed_by, ballot.close_note = now, by, note.strip()
    _move(ballot, to, "closed_at", "closed_by", "close_note", "accepted")
    chairs = [_key(ballot, what) for what in ("full", "sign", *(f"against:{person}" for person in ballot.asked))]
    withdraw(keys=[*_asking_keys(ballot, ballot.asked), *chairs], now=now)
    _audit(f"ballots.{to}", ballot, by=by, now=now, reason=ballot.close_note)


def _move(ballot: Ballot, to: BallotStatus, *fields: str) -> None:
    insist(policies.why_not_move(ballot, to))
    ballot.status = to
    ballot.save_version("status", *fields)


def _locked(ballot: Ballot) -> Ballot:
    return _locked_by_id(ballot.pk)


def _locked_by_id(ballot_id: int) -> Ballot:
    """Meeting, then ballot, in the order of every command about a meeting."""
    Meeting.objects.select_for_update(of=("self",)).get(items__ballot=ballot_id)
    Ballot.objects.lock(ballot_id)
    return _read(ballot_id)


def _read(ballot_id: int) -> Ballot:
    row: Ballot = Ballot.objects.select_related(
        "item__meeting__board__team",
        "item__meeting__chair",
        "item__referral__presenter",
        "item__referral__board",
        "item__patient",
        "patient",
        "opened_by",
    ).get(pk=ballot_id)
    return row


def _hours(team_id: int, code: str) -> timedelta:
    return timedelta(hours=float(number(team_id, code).value))


def _moment(ballot: Ballot) -> str:
    """`24 Nov, 14:00` in the team's time."""
    team = ballot.item.meeting.board.team
    local = ballot.closes_at.astimezone(zoneinfo.ZoneInfo(team.time_zone))
    return f"{local:%d %b, %H:%M}"


def _rationale(ballot: Ballot, chosen: Proposal, tally: Tally, note: str) -> str:
    abstained = ", ".join(f"{vote.voter} ({specialty_label(vote.specialty)})" for vote in tally.abstentions)
    parts = [
        chosen.rationale,
        f"By e-vote: {voted_words(tally.count, chosen.number)}. Why it could not wait: {ballot.why_urgent}",
        f"Abstained, conflict of interest: {abstained}" if abstained else "",
        f"The chair on the reasons against it: {note.strip()}" if note.strip() else "",
    ]
    return "\n".join(part for part in parts if part)


def _dissent(tally: Tally) -> str:
    """Who objected and why, as the decision and the minutes keep it."""
    verbs = {VoteChoice.DISAGREE: "disagrees", VoteChoice.DISCUSS: "asks to discuss it in a meeting"}
    return "\n".join(
        f"{vote.voter} ({specialty_label(vote.specialty)}) {verbs[VoteChoice(vote.choice)]}"
        f"{': ' + vote.comment if vote.comment else ''}"
        for vote in tally.objections
    )


def _why_returned(tally: Tally) -> str:
    if not tally.count.quorum.is_quorate:
        return f"Inquorate at its end: nobody voted for {tally.count.quorum.missing_label}."
    return "Not everybody agreed, and the chair had not answered it at the end."


def _key(ballot: Ballot, what: str) -> str:
    return f"ballot:{ballot.pk}:{what}"


def _asking_keys(ballot: Ballot, people: Iterable[int]) -> list[str]:
    return [_key(ballot, f"{what}:{person}") for person in people for what in ("ask", "reminder")]


def _ask(ballot: Ballot, people: Iterable[User], words: str, *, now: datetime, again: str = "ask") -> None:
    """Asks each person once under a key of their own: it goes from their inbox when they vote. `ballot.asked` keeps
    whom."""
    asked = {person.pk: person for person in people}
    for person in asked.values():
        _tell(ballot, [person], what=f"{again}:{person.pk}", words=words, now=now)
    ballot.asked = sorted({*ballot.asked, *asked})
    ballot.save_version("asked")


def _tell(ballot: Ballot, people: Iterable[User], *, what: str, words: str, now: datetime) -> None:
    """Inbox and mail at once: board and time only."""
    notify(
        list(people),
        key=_key(ballot, what),
        kind="ballot",
        title=f"{ballot.item.meeting.board.name}: {words}"[:200],
        url=reverse("ballot", args=[ballot.item.meeting_id]),
        now=now,
        patient_id=ballot.patient_id,
        is_urgent=True,
    )


def _tell_result(ballot: Ballot, tally: Tally, what: str, url: str, *, by: User | None, now: datetime) -> None:
    """Who voted, presented or opened it learns what came of it."""
    presenter = ballot.item.referral.presenter
    people = [*(vote.voter for vote in tally.votes), ballot.opened_by, *([presenter] if presenter else [])]
    notify(
        list({person.pk: person for person in people if by is None or person.pk != by.pk}.values()),
        key=_key(ballot, "result"),
        kind="ballot",
        title=f"{ballot.item.meeting.board.name}: e-vote {what}"[:200],
        url=url,
        now=now,
        patient_id=ballot.patient_id,
    )


def _audit(
    action: str,
    ballot: Ballot,
    *,
    by: User | None,
    now: datetime,
    reason: str = "",
    details: dict[str, object] | None = None,
) -> None:
    record(
        action,
        by=by,
        now=now,
        subject=ballot,
        patient_ids=[ballot.patient_id],
        team_id=ballot.item.meeting.board.team_id,
        reason=reason,
        details=details or {},
    )
