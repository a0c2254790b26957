"""Treatment lines of a patient as they are read: in order, numbered, with response and doses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from careteam.people.models import User
from patients.record.models import DiseaseStatus
from patients.treatment.models import Administration, AdverseEvent, TreatmentLine
from patients.treatment.rules import (
    ENDED_STATUSES,
    RUNNING_STATUSES,
    SWATCH,
    AdministrationStatus,
    CountedLine,
    LineNumber,
    LineRole,
    LineStatus,
    best_of,
    duration_words,
    number_lines,
)

NO_NUMBER = LineNumber(None, None, 0)


@dataclass(frozen=True)
class Response:
    """A response with the day it was read; `on` is None when a source only said the category."""

    category: str
    on: date | None = None

    @property
    def kind(self) -> str:
        """The badge of the stylesheet."""
        return {"CR": "cr", "PR": "pr", "SD": "sd", "PD": "pd", "NN": "sd"}.get(self.category, "ne")

    @property
    def word(self) -> str:
        return {"NN": "non-CR / non-PD"}.get(self.category, self.category)


@dataclass(frozen=True)
class LineRow:
    """One row of the treatment table."""

    line: TreatmentLine
    number: LineNumber
    duration: str
    best: Response | None
    last: Response | None
    toxicity: str
    given: int
    next_dose: Administration | None

    @property
    def l_label(self) -> str:
        return f"L{self.number.order}" if self.number.order else ""

    @property
    def swatch(self) -> str:
        return SWATCH.get(self.line.modality, "surg")

    @property
    def therapy_note(self) -> str:
        """Why the therapy line is what it is, in a word or two."""
        if self.number.therapy is not None:
            return self.line.get_start_reason_display().lower() if self.line.start_reason else ""
        if self.number.order is None:
            return "beside the lines"
        return f"stays {self.number.therapy_so_far}" if self.number.therapy_so_far else "not counted"

    @property
    def is_running(self) -> bool:
        return self.line.status in RUNNING_STATUSES

    @property
    def is_ahead(self) -> bool:
        return self.line.status in {LineStatus.PROPOSED, LineStatus.PLANNED}


def in_order(lines: Iterable[TreatmentLine]) -> list[TreatmentLine]:
    """By start; what has not started comes last, by plan; then by id."""
    far = date.max
    return sorted(lines, key=lambda line: (line.started_on or far, line.planned_on or line.ended_on or far, line.pk))


def numbers_of(lines: Iterable[TreatmentLine]) -> dict[int, LineNumber]:
    """L-order and therapy line by line id. Rows entered in error and plans that never began get none."""
    counted = [
        line
        for line in in_order(lines)
        if line.status != LineStatus.ERROR and (line.status not in ENDED_STATUSES or line.started_on or line.source)
    ]
    numbers = number_lines(
        [
            CountedLine(
                modality=line.modality,
                role=line.role,
                start_reason=line.start_reason,
                started=line.status not in {LineStatus.PROPOSED, LineStatus.PLANNED},
            )
            for line in counted
        ]
    )
    return {line.pk: number for line, number in zip(counted, numbers, strict=True)}


def lines_of(patient_id: int, today: date) -> tuple[LineRow, ...]:
    """Every line of the patient that was not entered in error, oldest first (four queries)."""
    lines = in_order(TreatmentLine.objects.valid().filter(patient_id=patient_id))
    numbers = numbers_of(lines)
    statuses = list(
        DiseaseStatus.objects.valid()
        .filter(patient_id=patient_id)
        .order_by("assessed_on", "pk")
        .values_list("assessed_on", "category")
    )
    events: dict[int, list[AdverseEvent]] = defaultdict(list)
    for event in (
        AdverseEvent.objects.valid().filter(patient_id=patient_id, line__isnull=False).order_by("-grade", "term")
    ):
        if event.line_id is not None:
            events[event.line_id].append(event)
    doses: dict[int, list[Administration]] = defaultdict(list)
    for dose in Administration.objects.valid().filter(patient_id=patient_id).order_by("planned_on", "number", "pk"):
        doses[dose.line_id].append(dose)
    return tuple(
        _row(line, numbers.get(line.pk, NO_NUMBER), statuses, events[line.pk], doses[line.pk], today) for line in lines
    )


def _row(
    line: TreatmentLine,
    number: LineNumber,
    statuses: Sequence[tuple[date, str]],
    events: Sequence[AdverseEvent],
    doses: Sequence[Administration],
    today: date,
) -> LineRow:
    end = line.ended_on or today
    best, last = _responses(line, statuses, end) if number.order else (None, None)
    return LineRow(
        line=line,
        number=number,
        duration=duration_words(line.started_on, end),
        best=best,
        last=last,
        toxicity=", ".join(f"{event.term} G{event.grade}" for event in events[:2]),
        given=sum(dose.status == AdministrationStatus.GIVEN for dose in doses),
        next_dose=next((dose for dose in doses if dose.status == AdministrationStatus.PLANNED), None),
    )


def _responses(
    line: TreatmentLine, statuses: Sequence[tuple[date, str]], end: date
) -> tuple[Response | None, Response | None]:
    """Best and last response within the line, from its start (its own baseline) to its end; else what was imported."""
    within = [
        Response(category, on)
        for on, category in statuses
        if line.started_on is not None and line.started_on < on <= end
    ]
    best = last = None
    if within:
        last = within[-1]
        top = best_of([response.category for response in within])
        best = next(response for response in within if response.category == top)
    if best is None and line.best_response:
        best = Response(line.best_response)
    if last is None and line.last_response:
        last = Response(line.last_response)
    return best, last


def current_line(patient_id: int, today: date) -> LineRow | None:
    """The running antitumor line that started last; None when the patient is on none."""
    return current_of(lines_of(patient_id, today))


def current_of(rows: Sequence[LineRow]) -> LineRow | None:
    """The same among rows that were read already."""
    running = [row for row in rows if row.is_running and row.line.role == LineRole.ANTITUMOR]
    return running[-1] if running else None


def therapy_lines(patient_ids: Iterable[int]) -> Mapping[int, int]:
    """Therapy line reached by each patient (0: none yet), in one query."""
    grouped: dict[int, list[TreatmentLine]] = defaultdict(list)
    ids = list(patient_ids)
    for line in TreatmentLine.objects.valid().filter(patient_id__in=ids):
        grouped[line.patient_id].append(line)
    reached: dict[int, int] = {}
    for patient_id in ids:
        found = [number.therapy_so_far for number in numbers_of(grouped[patient_id]).values()]
        reached[patient_id] = max(found, default=0)
    return reached


@dataclass(frozen=True)
class HistoryStep:
    """One state that a line had: when, what changed, by whom (empty: an import or the system)."""

    at: datetime
    what: str
    by: str


_SHOWN = (
    "status",
    "agent",
    "dose",
    "modality",
    "role",
    "start_reason",
    "started_on",
    "ended_on",
    "end_reason",
    "planned_on",
    "interval_days",
    "planned_count",
    "site",
    "best_response",
    "last_response",
    "needs_review",
)


def line_history(line: TreatmentLine) -> tuple[HistoryStep, ...]:
    """Every state the row had, newest first, from the history the database keeps: when, by whom, what changed."""
    model = TreatmentLine.pgh_event_model  # type: ignore[attr-defined]
    events = list(model.objects.filter(pgh_obj_id=line.pk).select_related("pgh_context").order_by("pgh_id"))
    who = {event.pgh_id: event.pgh_context.metadata.get("user") for event in events if event.pgh_context is not None}
    names = {person.pk: str(person) for person in User.objects.filter(pk__in=filter(None, who.values()))}
    steps: list[HistoryStep] = []
    before: dict[str, Any] = {}
    labels = dict(LineStatus.choices)
    for event in events:
        values = {name: getattr(event, name) for name in _SHOWN}
        changed = [name for name in _SHOWN if before.get(name) != values[name]] if before else []
        what = labels.get(values["status"], values["status"])
        others = [name.replace("_", " ") for name in changed if name != "status"]
        if before and "status" not in changed:
            what = "Corrected" if others else "Saved"
        if others:
            what = f"{what}: {', '.join(others)}"
        by = names.get(who.get(event.pgh_id) or 0, "")
        steps.append(HistoryStep(event.pgh_created_at, what, by))
        before = values
    return tuple(steps[::-1])
