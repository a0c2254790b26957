"""The work itself closes what the board asked for, and opens it again when that is taken back: a line that starts, a
scan that is booked, a signed conversation, a referral, somebody who was told. A death cancels the rest.

A consumer looks at the row as it is now, so that an event heard late or twice does the same."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q
from django.urls import reverse

from careteam.events.commands import consumes
from careteam.events.models import Event
from careteam.events.rules import EventKind
from careteam.notifications.commands import notify
from patients.goals.models import GoalsConversation
from patients.imaging.models import ImagingStudy
from patients.imaging.rules import BOOKED, DONE
from patients.palliative.models import PalliativeReferral
from patients.palliative.rules import PalliativeReferralStatus
from patients.record.models import Patient, Specimen
from patients.treatment.models import TreatmentLine
from tumorboard.actions.commands import finish, reopen
from tumorboard.actions.models import Action
from tumorboard.actions.queries import asked_for, closed_by_source, since
from tumorboard.actions.rules import (
    TELLING,
    TELLS,
    ActionKind,
    ActionStatus,
    modalities_named,
    names_palliative,
    source_key,
)
from tumorboard.decisions.commands import reinstate, settle
from tumorboard.decisions.models import Recommendation, Told
from tumorboard.decisions.queries import decided_on
from tumorboard.decisions.rules import (
    DEVIATION_OF_END,
    UNSETTLED,
    DecisionStatus,
    DeviationReason,
    Option,
    RecommendationStatus,
    ToldWhom,
    option_of_line,
)
from tumorboard.referrals.models import Referral
from tumorboard.referrals.rules import ReferralStatus

_LONGEST = 120  # of what stands behind "closed by", so that the outcome stays one line


def _close(actions: Iterable[Action], source: str, *, outcome: str, now: datetime) -> None:
    for action in actions:
        finish(action, ActionStatus.DONE, by=None, now=now, outcome=outcome[:_LONGEST], source=source)


def _open_again(source: str, because: str, *, now: datetime) -> None:
    """Every action that this closed by itself is open again, unless the patient has died."""
    for action in closed_by_source(source):
        reopen(action, by=None, now=now, because=because)


def _carry_out(recommendation: Recommendation | None, *options: Option, now: datetime) -> None:
    """The recommendation of an action is implemented, where it is one of these and not settled yet."""
    if recommendation is not None and recommendation.option in options and recommendation.status in UNSETTLED:
        settle(recommendation, RecommendationStatus.IMPLEMENTED, by=None, now=now)


def _take_back(recommendation: Recommendation | None, *options: Option, because: str, now: datetime) -> None:
    implemented = RecommendationStatus.IMPLEMENTED
    if recommendation is not None and recommendation.option in options and recommendation.status == implemented:
        reinstate(recommendation, by=None, now=now, because=because)


@consumes(EventKind.LINE_STARTED)
def carry_out_recommendation(event: Event, *, now: datetime) -> None:
    """A line that starts on or after the day of a decision carries out the matching recommendation, and the one it was
    proposed from, and closes the action that starts it. What was running before a decision answers nothing."""
    line = TreatmentLine.objects.valid().select_related("patient__team").filter(pk=event.subject_id).first()
    option = option_of_line(line.modality, line.agent) if line else None
    if line is None or line.started_on is None:
        return
    matching = (
        Recommendation.objects.valid()
        .filter(
            Q(option=option or "") | Q(line=line),
            patient=line.patient,
            status__in=UNSETTLED,
            decision__status=DecisionStatus.SIGNED,
        )
        .select_related("decision__item__meeting__board__team")
        .order_by("pk")
    )
    for recommendation in matching:
        if line.started_on < decided_on(recommendation.decision):
            continue
        settle(recommendation, RecommendationStatus.IMPLEMENTED, by=None, now=now, line=line)
        starting = asked_for(line.patient_id, ActionKind.START_TREATMENT).filter(decision=recommendation.decision)
        _close(
            [action for action in starting if action.recommendation_id in {None, recommendation.pk}],
            source_key("line", line.pk),
            outcome=f"{line.label} started",
            now=now,
        )


@consumes(EventKind.LINE_ENDED)
def note_ended_line(event: Event, *, now: datetime) -> None:
    """A line that ends closes the action that stops it. One that never started was declined: the recommendation it came
    from is not implemented, for the reason of the line; its actions go with it."""
    line = TreatmentLine.objects.valid().filter(pk=event.subject_id).first()
    if line is None or line.ended_on is None:
        return
    if line.started_on is not None:
        stopping = asked_for(line.patient_id, ActionKind.STOP_TREATMENT)
        named = stopping.filter(what__icontains=line.agent or line.label)
        _close(named, source_key("line-end", line.pk), outcome=f"{line.label} ended", now=now)
        return
    reason = DEVIATION_OF_END.get(line.end_reason, DeviationReason.OTHER)
    note = line.end_note or (f"{line.label} was not started" if reason is DeviationReason.OTHER else "")
    proposed = Recommendation.objects.valid().filter(line=line, status__in=UNSETTLED)
    for recommendation in proposed.order_by("pk"):
        settle(
            recommendation, RecommendationStatus.NOT_IMPLEMENTED, by=None, now=now, reason=reason, note=note, line=line
        )


@consumes(EventKind.LINE_WITHDRAWN)
def take_back_line(event: Event, *, now: datetime) -> None:
    """A line that was entered in error answered nothing: recommendation and action are open again."""
    line = TreatmentLine.objects.filter(pk=event.subject_id or 0).first()
    if line is None or line.error_at is None:
        return
    because = f"{line.label} was entered in error"
    answered = Recommendation.objects.valid().filter(
        line=line, status__in=[RecommendationStatus.IMPLEMENTED, RecommendationStatus.NOT_IMPLEMENTED]
    )
    for recommendation in answered.filter(patient__deceased_on__isnull=True).order_by("pk"):
        reinstate(recommendation, by=None, now=now, because=because)
    _open_again(source_key("line", line.pk), because, now=now)
    _open_again(source_key("line-end", line.pk), because, now=now)


@consumes(EventKind.RECOMMENDATION)
def follow_recommendation(event: Event, *, now: datetime) -> None:
    """Who says what became of a recommendation says it of its actions too: the one that starts it is done; what was to
    follow from one that is not carried out is canceled with that word."""
    row = Recommendation.objects.valid().filter(pk=event.subject_id or 0).first()
    if row is None:
        return
    source = source_key("recommendation", row.pk)
    status = RecommendationStatus(row.status)
    if status is RecommendationStatus.OPEN:
        _open_again(source, "The recommendation is open again", now=now)
    ends = {
        RecommendationStatus.IMPLEMENTED: ActionStatus.DONE,
        RecommendationStatus.NOT_IMPLEMENTED: ActionStatus.CANCELLED,
        RecommendationStatus.SUPERSEDED: ActionStatus.CANCELLED,
    }
    if status in ends:
        said = ": ".join(part for part in (status.label, row.get_deviation_reason_display()) if part)
        actions = asked_for(row.patient_id).filter(recommendation=row).exclude(kind__in=TELLING)
        if ends[status] is ActionStatus.DONE:
            actions = actions.filter(kind=ActionKind.START_TREATMENT)
        for action in actions:
            finish(action, ends[status], by=None, now=now, outcome=said, source=source)


@consumes(EventKind.STUDY_BOOKING, EventKind.STUDY_REPORTED)
def follow_study(event: Event, *, now: datetime) -> None:
    """A scan or lab that is booked closes the action that orders one of its kind: the kind its words name, else any
    that was ordered since. A slot that falls away opens it again. The report carries the recommendation out."""
    study = ImagingStudy.objects.filter(pk=event.subject_id or 0).first()
    if study is None:
        return
    source = source_key("study", study.pk)
    if study.error_at is not None or study.status not in BOOKED:
        for action in closed_by_source(source):
            _take_back(action.recommendation, Option.IMAGING, because="The scan is not booked any more", now=now)
        _open_again(source, f"{study} is not booked any more", now=now)
        return
    kind = ActionKind.ORDER_LABS if study.is_lab else ActionKind.ORDER_IMAGING
    _close(
        [action for action in asked_for(study.patient_id, kind) if _answers(study, action)],
        source,
        outcome=f"{study} {'booked' if study.status not in DONE else 'done'}",
        now=now,
    )
    if study.status in DONE:
        for action in closed_by_source(source):
            _carry_out(action.recommendation, Option.IMAGING, now=now)


def _answers(study: ImagingStudy, action: Action) -> bool:
    """Whether this study is what the action asks for."""
    detail = action.recommendation.detail if action.recommendation else ""
    named = modalities_named(action.what) or modalities_named(detail)
    if named:
        return named == {study.modality}
    return study.ordered_at is not None and study.ordered_at >= since(action)


@consumes(EventKind.RECORD_CHANGED)
def follow_specimen(event: Event, *, now: datetime) -> None:
    """A specimen taken since the decision closes the action that arranges a biopsy; one in error opens it again."""
    if event.patient_id is None:
        return
    rows = Action.objects.valid().filter(patient_id=event.patient_id, closed_source__startswith="specimen:")
    for source in set(rows.values_list("closed_source", flat=True)):
        if not Specimen.objects.valid().filter(pk=source.partition(":")[2]).exists():
            for action in closed_by_source(source):
                _take_back(action.recommendation, Option.BIOPSY, because="The specimen was entered in error", now=now)
            _open_again(source, "The specimen was entered in error", now=now)
    for action in asked_for(event.patient_id, ActionKind.BIOPSY):
        day = decided_on(action.decision) if action.decision else action.patient.team.local_date(action.created_at)
        taken = Specimen.objects.valid().filter(patient_id=event.patient_id, taken_on__gte=day).order_by("pk").first()
        if taken is not None:
            _close([action], source_key("specimen", taken.pk), outcome="Specimen recorded", now=now)
            _carry_out(action.recommendation, Option.BIOPSY, now=now)


@consumes(EventKind.GOALS_SIGNED)
def close_goals_actions(event: Event, *, now: datetime) -> None:
    """A signed goals conversation is what an action of that kind asked for, unless it was held before the decision and
    only written up after it."""
    talk = GoalsConversation.objects.valid().filter(pk=event.subject_id or 0, retracted_at__isnull=True).first()
    if talk is not None:
        asked = [
            action
            for action in asked_for(talk.patient_id, ActionKind.GOALS)
            if action.decision is None or decided_on(action.decision) <= talk.held_on
        ]
        _close(asked, source_key("goals", talk.pk), outcome="Goals conversation signed", now=now)


@consumes(EventKind.GOALS_RETRACTED)
def open_goals_actions(event: Event, *, now: datetime) -> None:
    """A conversation that belongs to another patient answered nothing here."""
    if GoalsConversation.objects.filter(pk=event.subject_id or 0, retracted_at__isnull=False).exists():
        _open_again(source_key("goals", event.subject_id or 0), "The conversation was retracted", now=now)


@consumes(EventKind.PALLIATIVE)
def follow_palliative(event: Event, *, now: datetime) -> None:
    """A referral to the palliative team closes the action that asks for it; one that was declined opens it again. Seen
    is implemented."""
    referral = PalliativeReferral.objects.filter(pk=event.subject_id or 0).first()
    if referral is None:
        return
    source = source_key("palliative", referral.pk)
    if referral.error_at is not None or referral.status == PalliativeReferralStatus.DECLINED:
        _open_again(source, "The palliative team declined the referral", now=now)
        return
    asked = asked_for(referral.patient_id, ActionKind.PALLIATIVE, ActionKind.REFER)
    _close([action for action in asked if _asks_palliative(action)], source, outcome="Palliative team asked", now=now)
    if referral.status == PalliativeReferralStatus.SEEN:
        wanted = Recommendation.objects.valid().filter(
            patient_id=referral.patient_id,
            option=Option.WITH_PALLIATIVE,
            decision__status=DecisionStatus.SIGNED,
            decision__signed_at__lte=referral.answered_at or now,
        )
        for recommendation in wanted.order_by("pk"):
            _carry_out(recommendation, Option.WITH_PALLIATIVE, now=now)


@consumes(EventKind.HOSPICE)
def ask_whether_still_wanted(event: Event, *, now: datetime) -> None:
    """Hospice care closes no action by itself: their owners are asked whether they are still to be done."""
    for action in asked_for(event.patient_id or 0).exclude(kind__in=TELLING).select_related("owner"):
        if action.owner is not None:
            notify(
                [action.owner],
                key=f"hospice:{event.subject_id}:action:{action.pk}",
                kind="hospice",
                title="Hospice care began: is this action still to be done?",
                url=reverse("action-close", args=[action.pk]),
                now=now,
                patient_id=action.patient_id,
            )


def _asks_palliative(action: Action) -> bool:
    of_option = action.recommendation is not None and action.recommendation.option == Option.WITH_PALLIATIVE
    return action.kind == ActionKind.PALLIATIVE or of_option or names_palliative(action.what)


@consumes(EventKind.REFERRED)
def close_rediscussion(event: Event, *, now: datetime) -> None:
    """A referral to a board is what an action "discuss again" asked for."""
    referral = Referral.objects.valid().select_related("board").filter(pk=event.subject_id or 0).first()
    if referral is None or referral.status == ReferralStatus.WITHDRAWN:
        return
    asked = asked_for(referral.patient_id, ActionKind.REDISCUSS)
    _close(asked, source_key("referral", referral.pk), outcome=f"Referred to {referral.board.name}", now=now)


@consumes(EventKind.REFERRAL_WITHDRAWN)
def open_rediscussion(event: Event, *, now: datetime) -> None:
    """A referral that was withdrawn discusses nothing."""
    if Referral.objects.filter(pk=event.subject_id or 0, status=ReferralStatus.WITHDRAWN).exists():
        _open_again(source_key("referral", event.subject_id or 0), "The referral was withdrawn", now=now)


@consumes(EventKind.TOLD)
def close_telling(event: Event, *, now: datetime) -> None:
    """Who was told need not be told: the action of that decision is done."""
    told = Told.objects.valid().filter(pk=event.subject_id or 0).first()
    if told is None:
        return
    asked = asked_for(told.patient_id, TELLS[ToldWhom(told.whom)]).filter(decision_id=told.decision_id)
    _close(asked, source_key("told", told.pk), outcome=f"{told.get_whom_display()} told", now=now)


@consumes(EventKind.TOLD_WITHDRAWN)
def open_telling(event: Event, *, now: datetime) -> None:
    """It was logged by mistake: the action is open again."""
    if Told.objects.filter(pk=event.subject_id or 0, error_at__isnull=False).exists():
        _open_again(source_key("told", event.subject_id or 0), "Told was taken back", now=now)


@consumes(EventKind.DECEASED)
def cancel_actions_of_deceased(event: Event, *, now: datetime) -> None:
    """Nothing stays open for a patient who has died."""
    patient = Patient.objects.filter(pk=event.patient_id or 0).first()
    if patient is None or not patient.is_deceased:
        return
    source = source_key("death", patient.pk)
    for action in Action.objects.valid().open().filter(patient=patient).order_by("pk"):
        finish(action, ActionStatus.CANCELLED, by=None, now=now, outcome="Patient died", source=source)


@consumes(EventKind.DEATH_WITHDRAWN)
def open_actions_of_living(event: Event, *, now: datetime) -> None:
    """The death was recorded by mistake: actions that it canceled, or that its end of a line closed, are open again."""
    because, patient_id = "The death was recorded by mistake", event.patient_id or 0
    _open_again(source_key("death", patient_id), because, now=now)
    lines = TreatmentLine.objects.valid().open().filter(patient_id=patient_id).values_list("pk", flat=True)
    for line_id in lines:
        _open_again(source_key("line-end", line_id), because, now=now)
    unstarted = Recommendation.objects.valid().filter(
        line__in=list(lines),
        status=RecommendationStatus.NOT_IMPLEMENTED,
        deviation_reason=DeviationReason.DEATH,
        patient__deceased_on__isnull=True,
    )
    for recommendation in unstarted.order_by("pk"):
        reinstate(recommendation, by=None, now=now, because=because)
