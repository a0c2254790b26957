"""What everybody in a meeting sees: which case is on, and that case from the record alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from patients.goals.queries import GoalsNow, goals_of
from patients.guidance.models import GuidanceAnswer
from patients.guidance.queries import to_discuss
from patients.imaging.models import ImagingStudy
from patients.record.models import DiseaseStatus, LiverAssessment, Measurement, Patient, ReceptorImaging
from patients.record.queries import PatientGrade, grade_of_patient, result_of
from patients.record.rules import MEASURES
from patients.response.queries import sums_of_studies
from patients.treatment.queries import LineRow, lines_of
from tumorboard.actions.models import Action
from tumorboard.decisions.models import Decision
from tumorboard.decisions.queries import DecisionRow, decisions_of_patient
from tumorboard.live.rules import LABS
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.meetings.queries import Agenda, quorum_for
from tumorboard.meetings.rules import ItemStatus, Quorum

if TYPE_CHECKING:
    from decimal import Decimal


@dataclass(frozen=True)
class LiveState:
    """Enough for a viewer to know whether to look again: the version rises with every change of the meeting."""

    meeting_id: int
    version: int
    item_id: int | None
    status: str


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
class CaseCard:
    """A case as the board sees it; goals first. Every part may be empty, and then says so."""

    item: AgendaItem
    patient: Patient
    goals: GoalsNow
    goals_gap: str
    quote: str
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
    draft: Decision | None
    draft_action: Action | None


def current_state(meeting: Meeting) -> LiveState:
    """One query; reads the meeting's row as `meeting` holds it."""
    item_id = (
        AgendaItem.objects.filter(meeting_id=meeting.pk, status=ItemStatus.CURRENT).values_list("pk", flat=True).first()
    )
    return LiveState(meeting.pk, meeting.version, item_id, meeting.status)


def case_of(item: AgendaItem, today: date) -> CaseCard:
    """The case card of the item (with meeting, board, team, patient, referral). A constant number of queries."""
    patient = item.patient
    goals = goals_of(patient.pk, today)
    statuses = DiseaseStatus.objects.valid().filter(patient=patient)
    studies = ImagingStudy.objects.valid().filter(patient=patient, performed_on__isnull=False)
    receptors = ReceptorImaging.objects.valid().filter(patient=patient)
    livers = LiverAssessment.objects.valid().filter(patient=patient)
    draft = Decision.objects.valid().filter(item=item).select_related("recorded_by").first()
    sums = {f"study:{pk}": said for pk, said in sums_of_studies(patient).items()}
    return CaseCard(
        item=item,
        patient=patient,
        goals=goals,
        goals_gap=_gap(goals),
        quote=goals.quote.strip().strip('“”"').strip(),
        grade=grade_of_patient(patient.pk),
        lines=tuple(reversed(lines_of(patient.pk, today))),
        responses=tuple((row, sums.get(row.study_key, "")) for row in statuses.order_by("-assessed_on", "-pk")[:4]),
        studies=tuple(studies.order_by("-performed_on", "-pk")[:3]),
        receptor=receptors.order_by("-imaged_on", "-pk").first(),
        liver=livers.order_by("-assessed_on", "-pk").first(),
        labs=_labs(patient),
        earlier=decisions_of_patient(patient.pk)[:3],
        quorum=quorum_for(item),
        guidance=tuple(to_discuss(patient.pk)),
        draft=draft,
        draft_action=_action_of(draft),
    )


def position_of(agenda: Agenda, item_id: int | None) -> tuple[int, int]:
    """`(3, 9)`: third of nine cases; `(0, 9)` when none is on."""
    numbers = {row.item_id: row.number for row in agenda.rows}
    return numbers.get(item_id or 0, 0), len(agenda.rows)


def _action_of(draft: Decision | None) -> Action | None:
    if draft is None:
        return None
    return Action.objects.valid().open().filter(decision=draft).select_related("owner").order_by("pk").first()


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
