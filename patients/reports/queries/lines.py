"""Treatment lines as marks: number, names, doses, title."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from django.urls import reverse

from careteam.web.words import day
from patients.reports.rules import LANE_OF_MODALITY, STYLE_OF_MODALITY, Lane, LineMark, Style
from patients.treatment.models import Administration, TreatmentLine
from patients.treatment.queries import NO_NUMBER, in_order, numbers_of
from patients.treatment.rules import (
    RUNNING_STATUSES,
    SWATCH,
    AdministrationStatus,
    LineNumber,
    LineRole,
    LineStatus,
    Modality,
)

AHEAD = frozenset({LineStatus.PROPOSED, LineStatus.PLANNED})
COUNTED = frozenset({Modality.PRRT, Modality.CHEMOTHERAPY, Modality.EMBOLIZATION})
_IN_PARENTHESES = re.compile(r"\(([A-Z][A-Za-z0-9-]{1,9})\)")  # Chemoembolization (TACE)
REGIMENS = {frozenset({"capecitabine", "temozolomide"}): "CAPTEM"}
SHORT_NAMES = {
    "cabozantinib": "Cabo",
    "everolimus": "Eve",
    "lanreotide": "Lan",
    "octreotide": "Oct",
    "sunitinib": "Sun",
}
SHORT_MODALITIES: dict[str, str] = {
    Modality.SURGERY: "Surgery",
    Modality.ABLATION: "Ablation",
    Modality.CHEMOTHERAPY: "Chemo",
    Modality.PRRT: "PRRT",
    Modality.TRIAL: "Trial",
}


def line_marks(patient_id: int, today: date) -> tuple[tuple[LineMark, ...], int, int]:
    """The lines, the therapy line reached, and how many lines have no date to be drawn at."""
    rows = in_order(TreatmentLine.objects.valid().filter(patient_id=patient_id))
    numbers = numbers_of(rows)
    doses: dict[int, list[Administration]] = defaultdict(list)
    given = Administration.objects.valid().filter(patient_id=patient_id, status=AdministrationStatus.GIVEN)
    for dose in given.order_by("given_on", "number", "pk").only("line_id", "given_on", "dose"):
        doses[dose.line_id].append(dose)
    marks = []
    undated = 0
    for row in rows:
        if row.status in AHEAD:
            marks.append(_line(row, numbers.get(row.pk, NO_NUMBER), row.planned_on or today, [], planned=True))
        elif row.started_on is not None:
            marks.append(_line(row, numbers.get(row.pk, NO_NUMBER), row.started_on, doses[row.pk], planned=False))
        else:
            undated += row.pk in numbers
    started = [numbers[row.pk].therapy_so_far for row in rows if row.pk in numbers and row.status not in AHEAD]
    return tuple(marks), max(started, default=0), undated


def _line(
    row: TreatmentLine, number: LineNumber, start: date, doses: Sequence[Administration], *, planned: bool
) -> LineMark:
    style = STYLE_OF_MODALITY.get(row.modality, Style.TICKS)
    label, short = _names(row, len(doses))
    days = tuple(dose.given_on for dose in doses if dose.given_on is not None)
    ongoing = row.status in RUNNING_STATUSES
    order = f"L{number.order}" if number.order else ""
    return LineMark(
        lane=LANE_OF_MODALITY.get(row.modality, Lane.OTHER),
        style=style,
        swatch=SWATCH.get(row.modality, "surg"),
        number=order,
        label=label,
        short=short,
        start=start,
        end=row.ended_on,
        ongoing=ongoing,
        planned=planned,
        title=_line_title(row, order, start, len(days), planned=planned),
        url=reverse("line-page", args=[row.patient_id, row.pk]),
        doses=() if style == Style.DAILY else days,
        levels=_levels(row, doses) if style == Style.DAILY else (),
        key=row.pk,
    )


def _names(row: TreatmentLine, given: int) -> tuple[str, str]:
    """What stands at the bar, and a shorter form: `CAPTEM ×9`, `CAPTEM`. An abbreviation in the name stands for it."""
    name = (row.agent or row.get_modality_display()).split(",")[0].strip()
    if abbreviation := _IN_PARENTHESES.search(name):
        name = abbreviation[1]
    name = REGIMENS.get(frozenset(re.findall(r"[a-z]{4,}", name.lower())), name)
    if row.modality == Modality.PRRT:
        name = SHORT_MODALITIES[Modality.PRRT]
    if row.role == LineRole.SYMPTOM_CONTROL and row.modality == Modality.SSA:
        return f"{name}, for symptoms", name
    times = f" ×{given}" if given > 1 and row.modality in COUNTED else ""
    known = SHORT_NAMES.get(name.split(" ")[0].lower())
    short = known or (name if times else SHORT_MODALITIES.get(row.modality, ""))
    return f"{name}{times}", "" if short == f"{name}{times}" else short


def _line_title(row: TreatmentLine, order: str, start: date, given: int, *, planned: bool) -> str:
    what = row.label if not order else f"{order}: {row.label}"
    if row.role == LineRole.SYMPTOM_CONTROL:
        what += ", for symptoms"
    if planned:
        return f"{what}, {row.get_status_display().lower()}{f' for {day(start)}' if row.planned_on else ''}"
    doses = f", {given} given" if given > 1 else ""
    if row.ended_on == start:
        return f"{what}, {day(start)}"
    if row.ended_on is not None:
        why = f", stopped: {row.get_end_reason_display().lower()}" if row.end_reason else ""
        return f"{what}{doses}, {day(start)} to {day(row.ended_on)}{why}"
    state = {LineStatus.ACTIVE: "ongoing", LineStatus.ON_HOLD: "on hold"}.get(LineStatus(row.status), "end not known")
    return f"{what}{doses}, since {day(start)}, {state}"


def _levels(row: TreatmentLine, doses: Sequence[Administration]) -> tuple[tuple[date, float], ...]:
    """Changes of a daily dose relative to the first that was recorded; empty when there was none."""
    known = [(dose.given_on, float(dose.dose)) for dose in doses if dose.given_on and dose.dose]
    if not known or row.started_on is None:
        return ()
    first = known[0][1]
    levels = [(row.started_on, 1.0)]
    for on, amount in known:
        if amount / first != levels[-1][1]:
            levels.append((on, amount / first))
    return tuple(levels) if len(levels) > 1 else ()
