"""The only writers of decisions, recommendations and who was told.

A decision with its action is recorded and signed by `live.commands`, which calls these in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.events.commands import announce
from careteam.events.rules import EventKind
from patients.record.commands import close_step, open_step
from patients.record.models import StaleEdit
from patients.record.rules import StepKind
from patients.treatment.commands import propose_line
from patients.treatment.rules import Intent, LineDraft
from tumorboard.decisions import policies
from tumorboard.decisions.models import Alternative, Decision, DecisionAddendum, Recommendation, Told
from tumorboard.decisions.queries import decided_on, is_told, running_now, start_reason_for
from tumorboard.decisions.rules import (
    MODALITY_OF_OPTION,
    TELL_GP_WITHIN,
    TELL_PATIENT_WITHIN,
    DecisionStatus,
    DeviationReason,
    Option,
    Outcome,
    RecommendationStatus,
    ToldHow,
    ToldWhom,
    agent_named,
    labels_of,
    no_change_wording,
    told_gp_key,
    told_key,
    wording,
)
from tumorboard.goalcheck.queries import check_of
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.meetings.queries import quorum_for
from tumorboard.referrals.commands import close as close_referral
from tumorboard.suggestions.commands import suggest, take_back_source
from tumorboard.suggestions.rules import SuggestionKind, deviation_question, recommendation_key

if TYPE_CHECKING:
    from careteam.people.models import User
    from patients.treatment.models import TreatmentLine
    from patients.trials.models import Trial


@dataclass(frozen=True)
class Terms:
    """On which terms one option is recommended; everything may be left open. `trial` belongs to the option trial."""

    strength: str = ""
    condition: str = ""
    evidence: str = ""
    trial: Trial | None = None


_SETTLED = ("status", "deviation_reason", "deviation_note", "line", "settled_at", "superseded_by")


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
    record(
        "decisions.record_decision",
        by=by,
        now=now,
        subject=decision,
        patient_ids=[decision.patient_id],
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
    decision = _locked(decision)
    insist(policies.why_not_take_back(decision, by))
    if version is not None and decision.version != version:
        raise StaleEdit(decision)
    recommended = Recommendation.objects.valid().filter(decision=decision)
    for row in [decision, *recommended, *Alternative.objects.valid().filter(decision=decision)]:
        _strike(row, by=by, now=now)
    meeting.save_version()
    _audit("decisions.take_back_decision", decision, decision, by=by, now=now)
    return decision


@transaction.atomic
def sign_decision(decision: Decision, *, by: User, now: datetime) -> Decision:
    """Draft → signed: from here on nothing in it changes. The patient's next step is to be told.

    The caller has asked for the password again; `live.commands.sign_case` also closes the case.
    """
    decision = _locked(decision)
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
    _audit("decisions.sign_decision", decision, decision, by=by, now=now)
    return decision


@transaction.atomic
def add_addendum(decision: Decision, *, text: str, by: User, now: datetime) -> DecisionAddendum:
    """Adds a signed sentence to a signed decision."""
    decision = _locked(decision)
    insist(policies.why_not_add(decision, by))
    if not text.strip():
        raise ValidationError({"text": "Write what is added."})
    addendum = DecisionAddendum.objects.create(
        patient=decision.patient, decision=decision, text=text.strip(), signed_by=by, signed_at=now, created_by=by
    )
    _audit("decisions.add_addendum", addendum, decision, by=by, now=now)
    return addendum


@transaction.atomic
def tell(
    decision: Decision,
    whom: ToldWhom,
    *,
    how: ToldHow,
    on: date,
    by: User,
    now: datetime,
    override_reason: str = "",
) -> Told:
    """Logs that the patient, or the GP, was told. The patient first, or with a reason. When both know (or no GP is
    on record), the referral is closed."""
    decision = _locked(decision)
    patient = decision.patient
    insist(
        policies.why_not_tell(
            decision, whom, by, on=on, today=patient.team.local_date(now), override_reason=override_reason
        )
    )
    told = Told.objects.create(
        patient=patient,
        decision=decision,
        whom=whom,
        how=how,
        told_on=on,
        told_by=by,
        override_reason=override_reason.strip() if whom is ToldWhom.GP else "",
        created_by=by,
    )
    known = set(Told.objects.valid().filter(decision=decision).values_list("whom", flat=True))
    if ToldWhom.PATIENT in known:
        close_step(patient, source_key=told_key(decision.pk), because="Patient told", now=now)
    if known == set(ToldWhom.values) or (ToldWhom.PATIENT in known and not patient.general_practitioner.strip()):
        close_step(patient, source_key=told_gp_key(decision.pk), because="GP told", now=now)
        close_referral(decision.item.referral, by=by, now=now)
    elif ToldWhom.PATIENT in known:
        open_step(
            patient,
            kind=StepKind.TOLD,
            source_key=told_gp_key(decision.pk),
            what="Tell the GP what the board decided",
            owner=decision.item.referral.presenter or by,
            due_on=on + TELL_GP_WITHIN,
            url=reverse("decision", args=[decision.pk]),
            now=now,
        )
    _audit("decisions.tell", told, decision, by=by, now=now, reason=told.override_reason)
    _announce(EventKind.TOLD, told, now=now, whom=str(whom), decision=decision.pk)
    return told


@transaction.atomic
def untell(told: Told, *, reason: str, by: User, now: datetime) -> Told:
    """Nobody was told after all: the row stays as entered in error, the duty to tell is open again."""
    row: Told = Told.objects.select_related("patient__team").lock(told.pk)
    decision = _locked(row.decision)
    insist(policies.why_not_untell(row, by, reason=reason))
    row.error_at, row.error_by, row.error_reason = now, by, reason.strip()[:250]
    row.save_version("error_at", "error_by", "error_reason")
    key = told_key(decision.pk) if row.whom == ToldWhom.PATIENT else told_gp_key(decision.pk)
    what = "patient" if row.whom == ToldWhom.PATIENT else "GP"
    if not decision.patient.is_deceased:
        open_step(
            decision.patient,
            kind=StepKind.TOLD,
            source_key=key,
            what=f"Tell the {what} what the board decided",
            owner=decision.item.referral.presenter or by,
            due_on=decision.patient.team.local_date(now) + TELL_PATIENT_WITHIN,
            url=reverse("decision", args=[decision.pk]),
            now=now,
        )
    _audit("decisions.untell", row, decision, by=by, now=now, reason=reason.strip())
    _announce(EventKind.TOLD_WITHDRAWN, row, now=now, whom=row.whom, decision=decision.pk)
    return row


@transaction.atomic
def settle(
    recommendation: Recommendation,
    to: RecommendationStatus,
    *,
    by: User | None,
    now: datetime,
    reason: str = "",
    note: str = "",
    line: TreatmentLine | None = None,
    superseded_by: Decision | None = None,
) -> Recommendation:
    """What became of a recommendation; a deviation carries one reason of the coded list. `by=None`: the started
    treatment line answers it. Announces `RECOMMENDATION`, which closes its actions."""
    recommendation = (
        Recommendation.objects.select_for_update(of=("self",))
        .select_related("decision__item__meeting__board__team", "patient__team")
        .get(pk=recommendation.pk)
    )
    insist(policies.why_not_settle(recommendation, to, by, reason=reason, note=note))
    deviates = to in {RecommendationStatus.PARTLY, RecommendationStatus.NOT_IMPLEMENTED}
    recommendation.status = to
    recommendation.deviation_reason = DeviationReason(reason) if deviates else ""
    recommendation.deviation_note = note.strip()
    recommendation.line = line or recommendation.line
    recommendation.settled_at, recommendation.superseded_by = now, superseded_by
    recommendation.save_version(*_SETTLED)
    _audit(
        "decisions.settle",
        recommendation,
        recommendation.decision,
        by=by,
        now=now,
        details={"to": str(to), "reason": reason, "line": line.pk if line else None},
    )
    key = recommendation_key(recommendation.pk)
    take_back_source(key, because=f"The recommendation is {to.label.lower()}", now=now)
    if deviates and reason != DeviationReason.DEATH:
        _send_back(recommendation, now=now)
    _announce(EventKind.RECOMMENDATION, recommendation, now=now, to=str(to))
    return recommendation


@transaction.atomic
def reinstate(recommendation: Recommendation, *, by: User | None, now: datetime, because: str = "") -> Recommendation:
    """Open again: undo of `settle`, or (`by=None`) what answered it was entered in error. A suggestion for the next
    agenda that rested on it is taken back."""
    recommendation = (
        Recommendation.objects.select_for_update(of=("self",))
        .select_related("decision__item__meeting__board__team", "patient__team")
        .get(pk=recommendation.pk)
    )
    insist(policies.why_not_reinstate(recommendation, by))
    recommendation.status = RecommendationStatus.OPEN
    recommendation.deviation_reason = recommendation.deviation_note = ""
    recommendation.settled_at = recommendation.superseded_by = None
    recommendation.save_version(*_SETTLED)
    take_back_source(recommendation_key(recommendation.pk), because="The recommendation is open again", now=now)
    _audit("decisions.reinstate", recommendation, recommendation.decision, by=by, now=now, reason=because)
    _announce(EventKind.RECOMMENDATION, recommendation, now=now, to="open")
    return recommendation


def _send_back(recommendation: Recommendation, *, now: datetime) -> None:
    """What was not, or only in part, carried out is suggested for the next agenda of the board that recommended it."""
    decision = recommendation.decision
    suggest(
        recommendation.patient,
        kind=SuggestionKind.DEVIATION,
        source_key=recommendation_key(recommendation.pk),
        question=deviation_question(
            recommendation.detail or recommendation.get_option_display(),
            decided_on(decision),
            recommendation.get_deviation_reason_display(),
            in_part=recommendation.status == RecommendationStatus.PARTLY,
        ),
        url=reverse("decision", args=[decision.pk]),
        board=decision.item.meeting.board,
        now=now,
    )


@transaction.atomic
def propose_from(recommendation: Recommendation, *, by: User, now: datetime, despite: str = "") -> TreatmentLine:
    """Makes a proposed treatment line of a signed recommendation and links the two. What the board did not say (the
    drug among several, the day) is completed on the line; why it starts is read from the record and can be corrected.
    Starting the line carries the recommendation out, declining it says why not. `despite` is why it is prepared before
    the patient was told."""
    recommendation = (
        Recommendation.objects.select_for_update(of=("self",))
        .select_related("decision__item__meeting__board__team", "patient__team", "line", "trial")
        .get(pk=recommendation.pk)
    )
    insist(policies.why_not_propose(recommendation, by, despite=despite))
    decision, patient = recommendation.decision, recommendation.patient
    option = Option(recommendation.option)
    board = decision.item.meeting.board
    what = ", ".join(part for part in (recommendation.detail or option.label, recommendation.condition) if part)
    said = f"{board.name}, {decided_on(decision):%d %b %Y}: {what}"
    before = despite.strip() if not is_told(decision.pk, ToldWhom.PATIENT) else ""
    if before:
        said = f"{said}\nPrepared before the patient was told: {before}"
    draft = LineDraft(
        modality=MODALITY_OF_OPTION[option],
        agent=agent_named(option, recommendation.detail, decision.text),
        intent=recommendation.intent,
        start_reason=start_reason_for(patient.pk),
        trial_number=recommendation.trial.nct_number if recommendation.trial else "",
        notes=said,
    )
    line = propose_line(patient, draft, by=by, now=now)
    recommendation.line = line
    recommendation.save_version("line")
    _audit("decisions.propose_from", recommendation, decision, by=by, now=now, reason=before, details={"line": line.pk})
    return line


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


def _announce(kind: EventKind, row: Recommendation | Told, *, now: datetime, **payload: Any) -> None:
    announce(
        kind,
        now=now,
        team_id=row.patient.team_id,
        patient_id=row.patient_id,
        subject_id=row.pk,
        payload=payload,
    )


def _locked(decision: Decision) -> Decision:
    row: Decision = (
        Decision.objects.select_for_update(of=("self",))
        .select_related(
            "patient__team", "item__meeting__board__team", "item__referral__presenter", "item__referral__board"
        )
        .get(pk=decision.pk)
    )
    return row


def _audit(
    action: str,
    subject: Decision | DecisionAddendum | Recommendation | Told,
    decision: Decision,
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
        subject=subject,
        patient_ids=[decision.patient_id],
        team_id=decision.item.meeting.board.team_id,
        reason=reason,
        details=details or {},
    )
