"""The only writers of second opinions. Whoever answers reads this one chart, until the day that was said."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from careteam.access.commands import close_chart, open_chart
from careteam.access.policies import insist
from careteam.access.rules import GrantKind
from careteam.notifications.commands import notify, withdraw
from careteam.web.rounds import stopping_no_other
from patients.care.models import SecondOpinion
from patients.protocol.queries import number
from patients.record.commands import close_step, open_step, record_about
from patients.record.queries import responsible_clinician
from patients.record.rules import StepKind
from tumorboard.decisions.rules import Option
from tumorboard.opinions import policies
from tumorboard.opinions.models import CaseOpinion, Opinion, OpinionDraft
from tumorboard.opinions.queries import assigners_of
from tumorboard.opinions.rules import LIVE_OPINIONS, OpinionStatus, step_key

if TYPE_CHECKING:
    from careteam.people.models import Team, User
    from patients.record.models import Patient
    from tumorboard.decisions.models import Decision
    from tumorboard.referrals.models import Referral

log = logging.getLogger(__name__)


@transaction.atomic
def ask_team(
    patient: Patient,
    team: Team,
    *,
    question: str,
    until: datetime,
    agreed: bool,
    by: User,
    now: datetime,
    referral: Referral | None = None,
    decision: Decision | None = None,
) -> Opinion:
    """Asks another team about this patient, in connection with a case of the board. Nobody there reads the chart yet:
    its lead or board coordinator says who will. `agreed`: the patient does."""
    insist(policies.why_not_ask(patient, by, team) + policies.why_not_until(patient.team_id, until, now))
    if not question.strip():
        raise ValidationError({"question": "Write what is asked."})
    if not agreed:
        raise ValidationError({"agreed": "Ask the patient first: another team will read the chart."})
    if any(row is not None and row.patient_id != patient.pk for row in (referral, decision)):
        raise ValidationError("This case belongs to another patient.")
    opinion = Opinion.objects.create(
        patient=patient,
        team=team,
        referral=referral or (decision.item.referral if decision else None),
        decision=decision,
        question=question.strip(),
        asked_by=by,
        asked_at=now,
        until=until,
        created_by=by,
    )
    open_step(
        patient,
        kind=StepKind.REFERRAL,
        source_key=step_key(opinion.pk),
        what=f"Second opinion of {team}",
        owner=by,
        due_on=patient.team.local_date(until),
        url=_url(opinion),
        now=now,
    )
    _tell(assigners_of(team), opinion, "ask", f"{patient.team} asks for a second opinion: who answers?", now=now)
    record_about(opinion, "opinions.ask_team", by=by, now=now, details={"team": team.pk})
    return opinion


@transaction.atomic
def assign_opinion(opinion: Opinion, person: User, *, by: User, now: datetime) -> Opinion:
    """Opens this one chart to this one person until the day that was said; whoever had it before reads it no more."""
    opinion = _locked(opinion)
    insist(policies.why_not_assign(opinion, by, person, now=now))
    if opinion.assigned_to_id == person.pk:
        return opinion
    former = opinion.assigned_to
    _close_grant(opinion, by=by, now=now)
    opinion.assigned_to, opinion.assigned_by, opinion.assigned_at = person, by, now
    _open_grant(opinion, by=by, now=now)
    fields = ("assigned_to", "assigned_by", "assigned_at", "grant")
    if opinion.status == OpinionStatus.ASSIGNED:
        opinion.save_version(*fields)
    else:
        _move(opinion, OpinionStatus.ASSIGNED, *fields)
    withdraw(keys=[_key(opinion, "ask")], now=now)
    if former is not None:
        withdraw(keys=[_key(opinion, f"assigned:{former.pk}")], now=now)
    _tell([person], opinion, f"assigned:{person.pk}", f"{opinion.patient.team} asks for your second opinion", now=now)
    record_about(opinion, "opinions.assign_opinion", by=by, now=now, details={"person": person.pk})
    return opinion


@transaction.atomic
def keep_draft(opinion: Opinion, *, text: str, options: Iterable[str], by: User, now: datetime) -> OpinionDraft:
    """Keeps what the person has typed, also when the time is over. Untracked; the audit row says that, not what."""
    if opinion.assigned_to_id != by.pk:
        raise ValidationError("This was not assigned to you.")
    draft, _ = OpinionDraft.objects.update_or_create(
        opinion=opinion, author=by, defaults={"text": text, "options": list(options), "saved_at": now}
    )
    record_about(opinion, "opinions.keep_draft", by=by, now=now)
    return draft


@transaction.atomic
def answer(opinion: Opinion, *, text: str, options: Iterable[Option] = (), by: User, now: datetime) -> Opinion:
    """The signed answer; the caller has asked for the password again. From here on it stands, and the chart is closed
    to who answered."""
    opinion = _locked(opinion)
    insist(policies.why_not_answer(opinion, by, now=now))
    if not text.strip():
        raise ValidationError({"text": "Write the answer."})
    _close_grant(opinion, by=by, now=now)
    opinion.answer, opinion.options, opinion.answered_at = text.strip(), [str(each) for each in options], now
    _move(opinion, OpinionStatus.ANSWERED, "answer", "options", "answered_at")
    OpinionDraft.objects.filter(opinion=opinion).delete()
    _settle(opinion, because="Answered", now=now)
    _tell(_askers(opinion), opinion, "answer", f"{opinion.team} has answered: second opinion", now=now)
    record_about(opinion, "opinions.answer", by=by, now=now)
    return opinion


@transaction.atomic
def decline(opinion: Opinion, *, reason: str, by: User, now: datetime) -> Opinion:
    """The team that was asked does not answer, and says why."""
    opinion = _locked(opinion)
    insist(policies.why_not_decline(opinion, by, reason=reason, now=now))
    _end(opinion, OpinionStatus.DECLINED, reason, by=by, now=now)
    _tell(_askers(opinion), opinion, "declined", f"{opinion.team} declines: second opinion", now=now)
    record_about(opinion, "opinions.decline", by=by, now=now, reason=reason)
    return opinion


@transaction.atomic
def revoke_opinion(opinion: Opinion, *, reason: str, by: User, now: datetime) -> Opinion:
    """The asking team takes it back: from this moment nobody there reads the chart."""
    opinion = _locked(opinion)
    insist(policies.why_not_revoke(opinion, by, reason=reason, now=now))
    _end(opinion, OpinionStatus.REVOKED, reason, by=by, now=now)
    if opinion.assigned_to is not None:
        _tell([opinion.assigned_to], opinion, "revoked", "A second opinion is no longer asked for", now=now)
    record_about(opinion, "opinions.revoke_opinion", by=by, now=now, reason=reason)
    return opinion


@transaction.atomic
def extend_opinion(opinion: Opinion, *, until: datetime, by: User, now: datetime) -> Opinion:
    """A later day. One whose time was over is open again, for whom it was assigned to."""
    opinion = _locked(opinion)
    insist(policies.why_not_extend(opinion, by, until=until, now=now))
    before, opinion.until, opinion.reminded_at = opinion.until, until, None
    fields = ["until", "reminded_at"]
    if opinion.assigned_to is not None:
        _close_grant(opinion, by=by, now=now)
        _open_grant(opinion, by=by, now=now)
        fields.append("grant")
    if opinion.status == OpinionStatus.EXPIRED:
        opinion.ended_at, opinion.end_reason = None, ""
        back = OpinionStatus.ASSIGNED if opinion.assigned_to else OpinionStatus.ASKED
        _move(opinion, back, *fields, "ended_at", "end_reason")
        open_to = [opinion.assigned_to] if opinion.assigned_to else assigners_of(opinion.team)
        _tell(open_to, opinion, f"again:{until:%Y%m%d}", "A second opinion may be given after all", now=now)
    else:
        opinion.save_version(*fields)
    open_step(
        opinion.patient,
        kind=StepKind.REFERRAL,
        source_key=step_key(opinion.pk),
        what=f"Second opinion of {opinion.team}",
        owner=opinion.asked_by,
        due_on=opinion.patient.team.local_date(until),
        url=_url(opinion),
        now=now,
    )
    record_about(opinion, "opinions.extend_opinion", by=by, now=now, details={"before": before.isoformat()})
    return opinion


@transaction.atomic
def link_outside(referral: Referral, outside: SecondOpinion, *, by: User, now: datetime) -> CaseOpinion:
    """Says that a question to an external center belongs to this case; saying it twice changes nothing."""
    insist(policies.why_not_link(referral.patient, by))
    if outside.patient_id != referral.patient_id:
        raise ValidationError("This second opinion belongs to another patient.")
    there: CaseOpinion | None = CaseOpinion.objects.valid().filter(referral=referral, outside=outside).first()
    if there is not None:
        return there
    link = CaseOpinion.objects.create(patient=referral.patient, referral=referral, outside=outside, created_by=by)
    record_about(link, "opinions.link_outside", by=by, now=now, team_id=referral.board.team_id)
    return link


def sweep_opinions(*, now: datetime) -> int:
    """What time does: a reminder before the end; at the end the chart is closed already, and both teams are told.
    Returns how many changed; run twice it changes nothing more."""
    changed = 0
    for opinion_id in list(Opinion.objects.valid().live().order_by("pk").values_list("pk", flat=True)):
        with stopping_no_other(log, f"second opinion {opinion_id} is stuck"):
            changed += _sweep_one(opinion_id, now=now)
    return changed


@transaction.atomic
def _sweep_one(opinion_id: int, *, now: datetime) -> bool:
    opinion = _locked_by_id(opinion_id)
    if opinion.status not in LIVE_OPINIONS:
        return False
    if now >= opinion.until:
        opinion.ended_at, opinion.end_reason = now, "Nobody answered in time"
        _move(opinion, OpinionStatus.EXPIRED, "ended_at", "end_reason")
        _take_back(opinion, now=now)
        _tell(_askers(opinion), opinion, f"over:{opinion.until:%Y%m%d}", _over(opinion), now=now)
        record_about(opinion, "opinions.expire", by=None, now=now)
        return True
    before = timedelta(days=float(number(opinion.patient.team_id, "opinion.reminder").value))
    if opinion.reminded_at is None and now >= opinion.until - before:
        opinion.reminded_at = now
        opinion.save_version("reminded_at")
        late = [opinion.assigned_to] if opinion.assigned_to else assigners_of(opinion.team)
        _tell(late, opinion, f"reminder:{opinion.until:%Y%m%d}", "A second opinion is due soon", now=now)
        record_about(opinion, "opinions.remind", by=None, now=now)
        return True
    return False


def _over(opinion: Opinion) -> str:
    return f"{opinion.team}: no second opinion in time. Extend it, or ask elsewhere"


def _end(opinion: Opinion, to: OpinionStatus, reason: str, *, by: User, now: datetime) -> None:
    _close_grant(opinion, by=by, now=now)
    opinion.ended_at, opinion.ended_by, opinion.end_reason = now, by, reason.strip()[:300]
    _move(opinion, to, "ended_at", "ended_by", "end_reason")
    _settle(opinion, because=to.label, now=now)


def _settle(opinion: Opinion, *, because: str, now: datetime) -> None:
    close_step(opinion.patient, source_key=step_key(opinion.pk), because=because, now=now)
    _take_back(opinion, now=now)


def _take_back(opinion: Opinion, *, now: datetime) -> None:
    """Nobody of the asked team has this in their inbox any more."""
    whats = ["ask", f"reminder:{opinion.until:%Y%m%d}", f"again:{opinion.until:%Y%m%d}"]
    whats += [f"assigned:{opinion.assigned_to_id}"] if opinion.assigned_to_id else []
    withdraw(keys=[_key(opinion, what) for what in whats], now=now)


def _open_grant(opinion: Opinion, *, by: User, now: datetime) -> None:
    if opinion.assigned_to is None:
        raise ValueError("A chart is opened to a person.")
    opinion.grant = open_chart(
        opinion.patient,
        person=opinion.assigned_to,
        kind=GrantKind.SECOND_OPINION,
        reason=f"Second opinion {opinion.pk}",
        ends_at=opinion.until,
        team_id=opinion.patient.team_id,
        granted_by=opinion.asked_by,
        by=by,
        now=now,
    )


def _close_grant(opinion: Opinion, *, by: User, now: datetime) -> None:
    if opinion.grant is not None:
        close_chart(opinion.grant, team_id=opinion.patient.team_id, by=by, now=now)


def _move(opinion: Opinion, to: OpinionStatus, *fields: str) -> None:
    insist(policies.why_not_move(opinion, to))
    opinion.status = to
    opinion.save_version("status", *fields)


def _locked(opinion: Opinion) -> Opinion:
    return _locked_by_id(opinion.pk)


def _locked_by_id(opinion_id: int) -> Opinion:
    row: Opinion = (
        Opinion.objects.select_for_update(of=("self",))
        .select_related(
            "patient__team", "team", "asked_by", "assigned_to", "grant", "referral__presenter", "decision__item"
        )
        .get(pk=opinion_id)
    )
    return row


def _askers(opinion: Opinion) -> list[User]:
    """Who asked, who presents the case, who is responsible for the patient."""
    presenter = opinion.referral.presenter if opinion.referral else None
    people = [opinion.asked_by, presenter, responsible_clinician(opinion.patient_id)]
    return list({person.pk: person for person in people if person is not None}.values())


def _key(opinion: Opinion, what: str) -> str:
    return f"opinion:{opinion.pk}:{what}"


def _url(opinion: Opinion) -> str:
    return reverse("opinion", args=[opinion.pk])


def _tell(people: Iterable[User], opinion: Opinion, what: str, title: str, *, now: datetime) -> None:
    """Names teams, and no patient: who was asked may not know yet whose it is."""
    notify(
        list(people),
        key=_key(opinion, what),
        kind="opinion",
        title=title[:200],
        url=_url(opinion),
        now=now,
        due_on=opinion.patient.team.local_date(opinion.until),
    )
