"""What is done about goals before treatment lines, for the line's page, the treatment panel and the board."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from patients.goals.models import LineGoals, SurpriseQuestion
from patients.goals.queries.facts import limits, line_facts
from patients.goals.queries.state import current_conversations
from patients.goals.rules import ConversationStatus, LineFact, StepChoice, asks_for_step, inside
from patients.record.models import Patient
from patients.treatment.models import TreatmentLine


@dataclass(frozen=True)
class LineStep:
    """One open line that asks for the step, and what was chosen. `talked_on`: a conversation was held since then."""

    line_id: int
    label: str
    therapy: int | None
    row: LineGoals | None
    talked_on: date | None = None

    @property
    def is_open(self) -> bool:
        """Nobody has said anything yet, or the conversation that was named is retracted."""
        return self.row is None or (
            self.row.conversation is not None and self.row.conversation.status == ConversationStatus.RETRACTED
        )

    @property
    def words(self) -> str:
        """ "Conversation of 3 Nov 2026", "Planned with Dr. Brandt for 3 Dec 2026", "Not now: too ill today, ask again
        on 1 Dec 2026"."""
        row = self.row
        if self.is_open or row is None:
            return "Nobody has said yet what is done about goals"
        if row.conversation is not None:
            return f"Conversation of {_day(row.conversation.held_on)}"
        since = f"; talked on {_day(self.talked_on)}" if self.talked_on else ""
        if row.choice == StepChoice.PLANNED:
            return f"Planned with {row.planned_with} for {_day(row.planned_on)}{since}"
        return f"Not now: {inside(row.get_reason_display())}, ask again on {_day(row.ask_again_on)}{since}"

    @property
    def state(self) -> str:
        """The choice in a word or two."""
        return "Not said" if self.is_open or self.row is None else str(StepChoice(self.row.choice).label)

    @property
    def mark(self) -> str:
        """Color of the state; the words stand beside it."""
        if self.is_open:
            return "amb"
        settled = self.talked_on or (self.row is not None and self.row.choice == StepChoice.DOCUMENTED)
        return "grn" if settled else "acc"


def _day(on: date | None) -> str:
    return f"{on.day} {on:%b %Y}" if on else "no date"


def steps_for(patients: Iterable[Patient]) -> dict[int, tuple[LineStep, ...]]:
    """The steps of every open line that asks for one, by patient (with team). Three queries and one per team."""
    people = {patient.pk: patient for patient in patients}
    if not people:
        return {}
    lines: dict[int, list[TreatmentLine]] = defaultdict(list)
    for line in TreatmentLine.objects.valid().filter(patient_id__in=people):
        lines[line.patient_id].append(line)
    rows = {
        row.line_id: row
        for row in LineGoals.objects.valid()
        .filter(patient_id__in=people)
        .select_related("conversation", "planned_with", "chosen_by")
    }
    talks = dict(current_conversations(list(people)).values_list("patient_id", "held_on"))
    late = {team_id: limits(team_id).line for team_id in {patient.team_id for patient in people.values()}}
    return {
        patient_id: tuple(
            _step(fact, rows.get(fact.line_id), talks.get(patient_id), patient)
            for fact in line_facts(lines[patient_id])
            if asks_for_step(fact.modality, fact.therapy, limit=late[patient.team_id]) or fact.line_id in rows
        )
        for patient_id, patient in people.items()
    }


def _step(fact: LineFact, row: LineGoals | None, held_on: date | None, patient: Patient) -> LineStep:
    talked = row is not None and held_on is not None and held_on >= patient.team.local_date(row.chosen_at)
    return LineStep(fact.line_id, fact.label, fact.therapy, row, held_on if talked else None)


def steps_of(patient: Patient) -> tuple[LineStep, ...]:
    """`steps_for` one patient."""
    return steps_for([patient])[patient.pk]


def step_of(line: TreatmentLine, patient: Patient) -> LineStep | None:
    """The step of this line; None where none is asked for (also once the line has ended and nothing was said)."""
    found = next((step for step in steps_of(patient) if step.line_id == line.pk), None)
    if found is not None:
        return found
    row = (
        LineGoals.objects.valid().filter(line=line).select_related("conversation", "planned_with", "chosen_by").first()
    )
    return LineStep(line.pk, line.label, None, row) if row else None


def latest_surprise(patient_id: int) -> SurpriseQuestion | None:
    """For clinicians only: never for the patient, the projector or print."""
    return (
        SurpriseQuestion.objects.valid()
        .filter(patient_id=patient_id)
        .select_related("created_by")
        .order_by("-asked_on", "-pk")
        .first()
    )
