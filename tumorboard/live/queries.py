"""What everybody in a meeting sees: which case is on, and that case from the record alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.db.models import OuterRef, Subquery

from patients.goals.queries import GoalsNow, LineStep, goals_of, steps_of
from patients.guidance.models import GuidanceAnswer
from patients.guidance.queries import to_discuss
from patients.imaging.models import ImagingStudy
from patients.record.models import DiseaseStatus, LiverAssessment, Measurement, Patient, ReceptorImaging
from patients.record.queries import PatientGrade, grade_of_patient, result_of
from patients.record.rules import MEASURES
from patients.response.queries import sums_of_studies
from patients.treatment.queries import LineRow, lines_of
from patients.trials.models import Trial
from patients.trials.queries import considered_for, open_trials
from tumorboard.actions.models import Action
from tumorboard.boards.rules import Quorum
from tumorboard.decisions.models import Decision
from tumorboard.decisions.queries import DecisionRow, decision_rows, decisions_of_patient
from tumorboard.live.models import DecisionDraft, PrivateNote, ProjectorSession
from tumorboard.live.rules import LABS, OVER, Clock, clock_of
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.meetings.queries import AgendaRow, quorum_for
from tumorboard.meetings.rules import OPEN_ITEMS, ItemStatus, MeetingKind, next_in_order
from tumorboard.readiness.queries import Wanted, wanted_of
from tumorboard.referrals.queries import material_of

if TYPE_CHECKING:
    from decimal import Decimal

    from careteam.people.models import User
    from tumorboard.referrals.models import ShownMaterial


@dataclass(frozen=True)
class LiveState:
    """Enough for a viewer to know whether to look again: the version rises with every change of the meeting."""

    meeting_id: int
    version: int
    item_id: int | None
    status: str
    case: str = ""  # changes when what stands before everybody changes: another case, its state, its draft

    @property
    def is_over(self) -> bool:
        return self.status in OVER

    def told(self) -> dict[str, Any]:
        """What the live channel says; no patient data."""
        return {"v": self.version, "item": self.item_id or 0, "case": self.case, "status": self.status}


@dataclass(frozen=True)
class LabRow:
    label: str
    value: Decimal | None
    text: str
    unit: str
    on: date | None
    outside: str

    @property
    def is_missing(self) -> bool:
        return self.value is None and not self.text


@dataclass(frozen=True)
class Deferral:
    """When and why the case was deferred last, and what became of what was asked for."""

    on: date
    reason: str
    wanted: tuple[Wanted, ...]


@dataclass(frozen=True)
class CaseCard:
    """A case as the board sees it; goals first. Every part may be empty, and then says so."""

    item: AgendaItem
    patient: Patient
    goals: GoalsNow
    goals_gap: str
    quote: str
    steps: tuple[LineStep, ...]  # what is done about goals before open lines
    grade: PatientGrade
    lines: tuple[LineRow, ...]
    responses: tuple[tuple[DiseaseStatus, str], ...]  # with the sum of diameters in words
    studies: tuple[ImagingStudy, ...]
    receptor: ReceptorImaging | None
    liver: LiverAssessment | None
    labs: tuple[LabRow, ...]
    earlier: tuple[DecisionRow, ...]
    quorum: Quorum
    guidance: tuple[GuidanceAnswer, ...]
    shown: tuple[ShownMaterial, ...]
    draft: Decision | None
    deferral: Deferral | None  # of the same referral, at an earlier meeting
    recorded: DecisionRow | None  # the draft, as it is shown
    actions: tuple[Action, ...]  # of the draft
    was_voted_on: bool  # an e-vote was held about it


def current_state(meeting: Meeting) -> LiveState:
    """How the meeting stands now. One query."""
    return states_of([meeting.pk])[meeting.pk]


def states_of(meeting_ids: Collection[int]) -> dict[int, LiveState]:
    """How these meetings stand now, by id; what does not exist is missing. One query."""
    on = AgendaItem.objects.filter(meeting=OuterRef("pk"), status=ItemStatus.CURRENT)
    rows = Meeting.objects.filter(pk__in=meeting_ids).values_list(
        "pk",
        "version",
        "status",
        Subquery(on.values("pk")[:1]),
        Subquery(on.values("version")[:1]),
        Subquery(on.values("decision__version")[:1]),
    )
    return {
        pk: LiveState(pk, version, item_id, status, f"{status}.{item_id or 0}.{changes or 0}.{draft or 0}")
        for pk, version, status, item_id, changes, draft in rows
    }


def states_by_topic(topics: Collection[str]) -> dict[str, LiveState]:
    """For the live channel: `meeting:5` as `Meeting.topic` names it."""
    states = states_of([int(topic.partition(":")[2]) for topic in topics])
    return {f"meeting:{pk}": state for pk, state in states.items()}


def case_of(item: AgendaItem, today: date) -> CaseCard:
    """The case card of the item (with meeting, board, team, patient, referral). A constant number of queries."""
    patient = item.patient
    goals = goals_of(patient.pk, today)
    statuses = DiseaseStatus.objects.valid().filter(patient=patient)
    studies = ImagingStudy.objects.valid().scans().filter(patient=patient, performed_on__isnull=False)
    receptors = ReceptorImaging.objects.valid().filter(patient=patient)
    livers = LiverAssessment.objects.valid().filter(patient=patient)
    drafts = Decision.objects.valid().filter(item=item)
    draft = drafts.select_related("recorded_by").first()
    sums = {f"study:{pk}": said for pk, said in sums_of_studies(patient).items()}
    return CaseCard(
        item=item,
        patient=patient,
        goals=goals,
        goals_gap=_gap(goals),
        quote=goals.quote.strip().strip('“”"').strip(),
        steps=steps_of(patient),
        grade=grade_of_patient(patient.pk),
        lines=tuple(reversed(lines_of(patient.pk, today))),
        responses=tuple((row, sums.get(row.study_key, "")) for row in statuses.order_by("-assessed_on", "-pk")[:4]),
        studies=tuple(studies.order_by("-performed_on", "-pk")[:3]),
        receptor=receptors.order_by("-imaged_on", "-pk").first(),
        liver=livers.order_by("-assessed_on", "-pk").first(),
        labs=_labs(patient),
        earlier=_earlier(decisions_of_patient(patient.pk), item.referral.earlier_id),
        quorum=quorum_for(item),
        guidance=tuple(to_discuss(patient.pk)),
        shown=tuple(material_of([item.referral_id])),
        draft=draft,
        deferral=_deferral_of(item),
        recorded=next(iter(decision_rows(drafts)), None) if draft else None,
        actions=_actions_of(draft),
        was_voted_on=AgendaItem.objects.filter(referral_id=item.referral_id, meeting__kind=MeetingKind.VOTE).exists(),
    )


def following(rows: Sequence[AgendaRow], item_id: int | None) -> AgendaRow | None:
    """The open case that Next puts on; None at the end."""
    open_rows = {row.item_id: row for row in rows if row.is_open}
    return open_rows.get(next_in_order(list(open_rows), item_id, 1) or 0)


def clock_now(meeting: Meeting, rows: Iterable[AgendaRow], item: AgendaItem | None, now: datetime) -> Clock:
    """Time on the case that is on and what is left of the meeting. No query."""
    on = item if item is not None and item.status == ItemStatus.CURRENT else None
    return clock_of(
        shown_at=on.shown_at or on.opened_at if on else None,
        minutes=on.minutes if on else 0,
        waiting=[row.minutes for row in rows if row.is_open and (on is None or row.item_id != on.pk)],
        length=meeting.length_minutes,
        ends_at=meeting.ends_at,
        now=now,
    )


def note_of(item_id: int, person: User) -> str:
    """What this person noted for themselves about the case; empty when nothing."""
    return PrivateNote.objects.filter(item_id=item_id, author=person).values_list("text", flat=True).first() or ""


def own_draft(item_id: int, person: User) -> DecisionDraft | None:
    """What this person typed about the case and did not record; None when nothing."""
    return DecisionDraft.objects.filter(item_id=item_id, author=person).exclude(content={}).first()


def trials_for(patient: Patient) -> list[Trial]:
    """The trials a board can name: those considered for the patient, then what recruits in the register."""
    considered = [each.row.trial for each in considered_for(patient.pk) if each.is_waiting]
    return list({trial.pk: trial for trial in [*considered, *open_trials(patient.team_id)]}.values())


def undo_of(item_id: int, person: User, version: int) -> DecisionDraft | None:
    """What an undo of this person's last recording puts back, while nobody has changed it since; None: nothing."""
    return DecisionDraft.objects.filter(item_id=item_id, author=person, undo_version=version).first()


def digest_of(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def screen_of(token: str, meeting_id: int, now: datetime) -> ProjectorSession | None:
    """The projector that holds this token, while it may show this meeting: it runs, the meeting is not over, and who
    started it may still see the meeting."""
    screens = ProjectorSession.objects.running(now).select_related("started_by", "meeting__board__team")
    screen = screens.filter(token_digest=digest_of(token), meeting_id=meeting_id).first()
    if screen is None or not Meeting.objects.visible_to(screen.started_by).filter(pk=meeting_id).exists():
        return None
    return screen


def screens_of(meeting: Meeting, now: datetime) -> list[ProjectorSession]:
    """Projectors that show this meeting now, oldest first."""
    return list(
        ProjectorSession.objects.running(now).filter(meeting=meeting).select_related("started_by").order_by("pk")
    )


@dataclass(frozen=True)
class TakenOff:
    """The case that was on until it was withdrawn (the patient died, the question is settled)."""

    patient_name: str
    at: datetime
    reason: str


def taken_off(meeting: Meeting) -> TakenOff | None:
    """What everybody was looking at, when it was withdrawn while it was discussed and nothing came after it."""
    last = (
        AgendaItem.objects.filter(meeting=meeting, opened_at__isnull=False)
        .select_related("patient", "referral")
        .order_by("-opened_at", "-pk")
        .first()
    )
    if last is None or last.status != ItemStatus.WITHDRAWN or last.closed_at is None:
        return None
    return TakenOff(last.patient.name, last.closed_at, last.referral.withdraw_reason)


def meanwhile(item_id: int, state: LiveState) -> str:
    """What somebody who is typing about this case has to know now, as a sentence."""
    item = AgendaItem.objects.filter(pk=item_id, meeting_id=state.meeting_id).select_related("referral").first()
    if item is None:
        return ""
    if item.status == ItemStatus.WITHDRAWN:
        return f"This case was taken off the agenda: {item.referral.withdraw_reason}."
    if item.status not in OPEN_ITEMS:
        return f"This case is {item.get_status_display().lower()}."
    if item.pk != state.item_id:
        return "The chair moved on."
    draft = Decision.objects.valid().filter(item=item).select_related("recorded_by").first()
    return f"{draft.recorded_by} recorded meanwhile." if draft is not None else ""


def position_of(rows: Sequence[AgendaRow], item_id: int | None) -> tuple[int, int]:
    """`(3, 9)`: third of nine cases; `(0, 9)` when none is on."""
    numbers = {row.item_id: row.number for row in rows}
    return numbers.get(item_id or 0, 0), len(rows)


def _actions_of(draft: Decision | None) -> tuple[Action, ...]:
    """The open actions of the draft; the first is the one that follows from its options."""
    if draft is None:
        return ()
    return tuple(Action.objects.valid().open().filter(decision=draft).select_related("owner").order_by("pk"))


def _deferral_of(item: AgendaItem) -> Deferral | None:
    """Two queries, one where it was never deferred."""
    rows = AgendaItem.objects.valid().filter(referral_id=item.referral_id, status=ItemStatus.DEFERRED)
    last = rows.select_related("meeting").order_by("-closed_at", "-pk").first()
    if last is None or last.closed_at is None:
        return None
    on = item.meeting.board.team.local_date(last.closed_at)
    return Deferral(on, last.get_defer_reason_display(), wanted_of([item.referral_id]).get(item.referral_id, ()))


def _earlier(decisions: tuple[DecisionRow, ...], again_id: int | None) -> tuple[DecisionRow, ...]:
    """What is discussed again first, then the latest; three in all."""
    return tuple(sorted(decisions, key=lambda row: row.referral_id != again_id))[:3]


def _gap(goals: GoalsNow) -> str:
    """What the board has to know about the goals before it uses them; empty when they are fresh."""
    if not goals.exists:
        return "No goals conversation on record"
    if goals.before_progression:
        return f"{goals.age_words}, before progression"
    if goals.event_passed:
        return "Event passed, ask again"
    return "Review date reached" if goals.review_due else ""


def _labs(patient: Patient) -> tuple[LabRow, ...]:
    latest = {
        row.code: row
        for row in Measurement.objects.valid()
        .filter(patient=patient, code__in=LABS)
        .order_by("code", "-taken_at", "-pk")
        .distinct("code")
    }
    return tuple(_lab(patient, code, latest.get(code)) for code in LABS)


def _lab(patient: Patient, code: str, row: Measurement | None) -> LabRow:
    if row is None:
        return LabRow(MEASURES[code].label, None, "", "", None, "")
    shown = result_of(row, patient.team.units)
    return LabRow(
        label=MEASURES[code].label,
        value=shown.value,
        text=shown.text,
        unit=shown.unit,
        on=patient.team.local_date(row.taken_at),
        outside=shown.reading if shown.value is not None else "",
    )
