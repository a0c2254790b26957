"""A decision from draft to signature, and its addenda."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from careteam.access.policies import insist
from patients.record.commands import open_step, record_about
from patients.record.models import StaleEdit
from patients.record.rules import StepKind
from patients.treatment.rules import Intent
from tumorboard.decisions import policies
from tumorboard.decisions.commands.base import audit, locked
from tumorboard.decisions.commands.goals import take_back, talk_again
from tumorboard.decisions.models import Alternative, Decision, DecisionAddendum, Recommendation
from tumorboard.decisions.queries import running_now
from tumorboard.decisions.rules import (
    TELL_PATIENT_WITHIN,
    DecisionStatus,
    Option,
    Outcome,
    labels_of,
    no_change_wording,
    told_key,
    wording,
)
from tumorboard.goalcheck.queries import check_of
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.meetings.queries import quorum_for

if TYPE_CHECKING:
    from careteam.people.models import User
    from patients.trials.models import Trial


@dataclass(frozen=True)
class Terms:
    """On which terms one option is recommended; everything may be left open. `trial` belongs to the option trial."""

    strength: str = ""
    condition: str = ""
    evidence: str = ""
    trial: Trial | None = None


@dataclass(frozen=True)
class Said:
    """What was decided. `text` empty: it is worded from the options, or says that the present plan continues.
    `details` ("4 cycles") and `terms` by option; `against`: why an option that was considered is not recommended."""

    options: tuple[Option, ...] = ()
    text: str = ""
    outcome: Outcome = Outcome.RECOMMENDED
    intent: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    terms: Mapping[str, Terms] = field(default_factory=dict)
    against: Mapping[str, str] = field(default_factory=dict)
    rationale: str = ""
    dissent: str = ""
    goals_seen: bool = False
    goals_conflict_note: str = ""


@transaction.atomic
def record_decision(item: AgendaItem, said: Said, *, by: User, now: datetime, version: int | None = None) -> Decision:
    """Writes the draft, or changes it, with the quorum of this moment. Raises `StaleEdit` when `version` (0: the form
    was opened before any draft) is no longer the draft's."""
    meeting = Meeting.objects.select_for_update(of=("self",)).get(pk=item.meeting_id)
    item = (
        AgendaItem.objects.select_for_update(of=("self",))
        .select_related("meeting__board__team", "patient", "referral")
        .get(pk=item.pk)
    )
    insist([*policies.why_not_record(item, by), *policies.why_not_say(said.outcome, said.options, said.against)])
    text = said.text.strip() or _worded(item, said)
    if not text:
        raise ValidationError("Choose what is recommended, or write the decision.")
    if said.intent not in Intent.values:
        raise ValidationError({"intent": "Choose an intent of the list."})
    decision = Decision.objects.select_for_update(of=("self",)).filter(item=item).first()
    stands = decision is not None and decision.error_at is None
    if decision is not None and stands and version is not None and decision.version != version:
        raise StaleEdit(decision)
    quorum = quorum_for(item)
    if decision is None:
        decision = Decision(patient=item.patient, item=item, created_by=by, version=0)
    # A draft that was taken back is written anew; the history keeps both.
    decision.error_at, decision.error_by, decision.error_reason = None, None, ""
    decision.outcome = said.outcome
    decision.text, decision.rationale, decision.dissent = text, said.rationale, said.dissent
    decision.goals_seen, decision.goals_conflict_note = said.goals_seen, said.goals_conflict_note
    decision.is_inquorate, decision.missing_specialties = not quorum.is_quorate, quorum.missing_label[:250]
    decision.recorded_by, decision.recorded_at = by, now
    decision.goal_check = _checked(item, said.options, now=now)
    decision.save_version()
    _recommend(decision, said, by=by, now=now)
    _weigh(decision, said.against, by=by, now=now)
    meeting.save_version()  # screens that show it look again
    record_about(
        decision,
        "decisions.record_decision",
        by=by,
        now=now,
        team_id=item.meeting.board.team_id,
        details={
            "outcome": str(said.outcome),
            "options": sorted(str(option) for option in said.options),
            "version": decision.version,
        },
    )
    return decision


@transaction.atomic
def take_back_decision(decision: Decision, *, by: User, now: datetime, version: int | None = None) -> Decision:
    """The draft is gone from the case as if nothing had been recorded; the history keeps it. `live.commands` takes its
    actions back. Raises `StaleEdit` when somebody changed it after `version`."""
    meeting = Meeting.objects.select_for_update(of=("self",)).get(pk=decision.item.meeting_id)
    decision = locked(decision)
    insist(policies.why_not_take_back(decision, by))
    if version is not None and decision.version != version:
        raise StaleEdit(decision)
    recommended = Recommendation.objects.valid().filter(decision=decision)
    for row in [decision, *recommended, *Alternative.objects.valid().filter(decision=decision)]:
        _strike(row, by=by, now=now)
    meeting.save_version()
    audit("decisions.take_back_decision", decision, decision, by=by, now=now)
    return decision


@transaction.atomic
def sign_decision(decision: Decision, *, by: User, now: datetime) -> Decision:
    """Draft → signed: from here on nothing in it changes. The patient's next step is to be told.

    The caller has asked for the password again; `live.commands.sign_case` also closes the case.
    """
    decision = locked(decision)
    # A conversation may have been signed since it was recorded: what is signed was held against today's goals.
    options = Recommendation.objects.valid().filter(decision=decision).values_list("option", flat=True)
    decision.goal_check = _checked(decision.item, [Option(option) for option in options], now=now)
    insist(policies.why_not_sign(decision, by))
    decision.status, decision.signed_by, decision.signed_at = DecisionStatus.SIGNED, by, now
    decision.save_version("status", "signed_by", "signed_at", "goal_check")
    patient = decision.patient
    open_step(
        patient,
        kind=StepKind.TOLD,
        source_key=told_key(decision.pk),
        what="Tell the patient what the board decided",
        owner=decision.item.referral.presenter or by,
        due_on=patient.team.local_date(now) + TELL_PATIENT_WITHIN,
        url=reverse("decision", args=[decision.pk]),
        now=now,
    )
    talk_again(decision, by=by, now=now)
    audit("decisions.sign_decision", decision, decision, by=by, now=now)
    return decision


@transaction.atomic
def add_addendum(
    decision: Decision, *, text: str, by: User, now: datetime, settles_goals: bool = False
) -> DecisionAddendum:
    """Adds a signed sentence to a signed decision. `settles_goals`: with it the plan no longer differs from what the
    patient wants, and nobody has to talk again because of it."""
    decision = locked(decision)
    insist(policies.why_not_add(decision, by))
    if not text.strip():
        raise ValidationError({"text": "Write what is added."})
    addendum = DecisionAddendum.objects.create(
        patient=decision.patient, decision=decision, text=text.strip(), signed_by=by, signed_at=now, created_by=by
    )
    if settles_goals:
        take_back(decision, by=by, now=now)
    audit("decisions.add_addendum", addendum, decision, by=by, now=now)
    return addendum


def _recommend(decision: Decision, said: Said, *, by: User, now: datetime) -> None:
    """The draft's options as rows: new ones created, dropped ones entered in error (no row is deleted)."""
    rows = {row.option: row for row in Recommendation.objects.valid().filter(decision=decision)}
    for option in dict.fromkeys(said.options):
        terms = said.terms.get(option, Terms())
        _keep_row(
            Recommendation,
            decision,
            rows.pop(str(option), None),
            {
                "option": str(option),
                "detail": said.details.get(option, "")[:200],
                "intent": said.intent if option is not Option.WITH_PALLIATIVE else "",
                "strength": terms.strength,
                "condition": terms.condition.strip()[:200],
                "evidence": terms.evidence.strip()[:200],
                "trial": terms.trial if option is Option.TRIAL else None,
            },
            by=by,
        )
    for row in rows.values():
        _strike(row, by=by, now=now)


def _weigh(decision: Decision, against: Mapping[str, str], *, by: User, now: datetime) -> None:
    """What was considered and is not recommended, the same way."""
    rows = {row.option: row for row in Alternative.objects.valid().filter(decision=decision)}
    for option, reason in against.items():
        values = {"option": str(option), "reason": reason.strip()[:250]}
        _keep_row(Alternative, decision, rows.pop(str(option), None), values, by=by)
    for row in rows.values():
        _strike(row, by=by, now=now)


def _keep_row(
    model: type[Recommendation | Alternative],
    decision: Decision,
    row: Recommendation | Alternative | None,
    values: Mapping[str, Any],
    *,
    by: User,
) -> None:
    """The row with these values: a new one, or the one that stands, changed where it differs."""
    if row is None:
        model.objects.create(patient_id=decision.patient_id, decision=decision, created_by=by, **values)
        return
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    if changed:
        row.save_version(*changed)


def _strike(row: Decision | Recommendation | Alternative, *, by: User, now: datetime) -> None:
    row.error_at, row.error_by, row.error_reason = now, by, "Taken back before the signature"
    row.save_version("error_at", "error_by", "error_reason")


def _worded(item: AgendaItem, said: Said) -> str:
    if said.outcome == Outcome.NO_CHANGE:
        return no_change_wording(running_now(item.patient_id))
    return wording(said.options, conditions={option: terms.condition for option, terms in said.terms.items()})


def _checked(item: AgendaItem, options: Iterable[Option], *, now: datetime) -> dict[str, Any]:
    team = item.meeting.board.team
    check = check_of(item.patient_id, labels_of(options), team_id=team.pk, today=team.local_date(now))
    return check.kept if check else {}
