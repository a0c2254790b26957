"""The course of one patient as marks for the drawing: nine queries, however long it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.urls import reverse

from careteam.people.models import Team
from careteam.web.words import count, day
from patients.goals.queries import live_prompt, timeline_marks
from patients.imaging.models import ImagingStudy
from patients.imaging.rules import DONE, NOT_YET_DONE, StudyModality, StudyStatus
from patients.record.models import Admission, Diagnosis, DiseaseStatus, Measurement, Patient, ReceptorImaging
from patients.record.rules import CGA, MEASURES, WEIGHT, ResponseCategory
from patients.reports.rules import (
    LANE_OF_MODALITY,
    STYLE_OF_MODALITY,
    BoardMark,
    Course,
    Curve,
    GoalsMark,
    Lane,
    LineMark,
    Point,
    ScanMark,
    StayMark,
    Style,
    Uptake,
)
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
SCAN_LANES: dict[str, Lane] = {
    StudyModality.CT: Lane.SCANS,
    StudyModality.MRI: Lane.SCANS,
    StudyModality.SSTR_PET: Lane.PET,
    StudyModality.SCINTIGRAPHY: Lane.PET,
    StudyModality.FDG_PET: Lane.PET,
}
UPTAKES: dict[str, Uptake] = {
    StudyModality.SSTR_PET: Uptake.RECEPTOR,
    StudyModality.SCINTIGRAPHY: Uptake.RECEPTOR,
    StudyModality.FDG_PET: Uptake.GLUCOSE,
}
SCAN_NOTES: dict[str, str] = {StudyModality.ULTRASOUND: "US", StudyModality.ECHO: "echo", StudyModality.XRAY: "X-ray"}

# What is drawn as a curve: label, codes (LOINC). A marker that spans a decade or more gets a logarithmic axis.
CURVES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("CgA", (CGA,)),
    ("5-HIAA", ("1695-6",)),
    ("NSE", ("57371-7", "15060-7")),
    ("Weight", (WEIGHT,)),
)
DECADE = 10


def timeline_of(patient: Patient, today: date, extra: Iterable[BoardMark] = ()) -> Course:
    """The course as of today. `extra` are the board's marks, which the roof collects. The patient: with its team."""
    diagnosis = (
        Diagnosis.objects.valid().filter(patient=patient, is_main=True).values_list("diagnosed_on", flat=True).first()
    )
    lines, therapy_line, undated = _lines(patient.pk, today)
    scans, lost = _scans(patient, today)
    notes = []
    if undated:
        notes.append(f"{count(undated, 'treatment line', 'treatment lines')} without a date: not drawn.")
    if lost:
        notes.append(f"{count(lost, 'scan', 'scans')} without a date: not drawn.")
    return Course(
        name=patient.name,
        diagnosed_on=diagnosis,
        died_on=patient.deceased_on,
        lines=lines,
        scans=scans,
        goals=_goals(patient.pk),
        board=tuple(extra),
        stays=_stays(patient.pk, today),
        curves=_curves(patient),
        therapy_line=therapy_line,
        notes=tuple(notes),
    )


def _lines(patient_id: int, today: date) -> tuple[tuple[LineMark, ...], int, int]:
    """The lines, the therapy line reached, and how many lines have no date to be drawn at."""
    rows = in_order(TreatmentLine.objects.valid().filter(patient_id=patient_id))
    numbers = numbers_of(rows)
    doses: dict[int, list[Administration]] = defaultdict(list)
    given = Administration.objects.valid().filter(patient_id=patient_id, status=AdministrationStatus.GIVEN)
    for dose in given.order_by("given_on", "number", "pk"):
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
    )


def _names(row: TreatmentLine, given: int) -> tuple[str, str]:
    """What stands at the bar, and a shorter form: `CAPTEM ×9`, `CAPTEM`."""
    name = (row.agent or row.get_modality_display()).split(",")[0].strip()
    if row.modality == Modality.PRRT:
        name = SHORT_MODALITIES[Modality.PRRT]
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


def _scans(patient: Patient, today: date) -> tuple[tuple[ScanMark, ...], int]:
    """Studies, receptor findings and judgments of response; how many studies have no date."""
    studies = list(
        ImagingStudy.objects.valid()
        .filter(patient=patient)
        .exclude(status=StudyStatus.CLOSED)
        .defer("report", "conclusion")
        .order_by("performed_on", "pk")
    )
    statuses = list(DiseaseStatus.objects.valid().filter(patient=patient).order_by("assessed_on", "pk"))
    findings = list(ReceptorImaging.objects.valid().filter(patient=patient).order_by("imaged_on", "pk"))
    by_key = {row.study_key: row for row in statuses if row.study_key}
    by_day = {row.assessed_on: row for row in statuses if not row.study_key}
    notes = {(finding.imaged_on, _uptake(finding)): finding for finding in findings}
    used: set[int] = set()
    marks: list[ScanMark] = []
    lost = 0
    baseline = True
    last_modality = ""
    for study in studies:
        if study.status in NOT_YET_DONE:
            marks.append(_planned(study, patient.team, today))
            continue
        if study.performed_on is None or study.status not in DONE:
            lost += 1
            continue
        lane = SCAN_LANES.get(study.modality, Lane.OTHER_SCANS)
        judged = by_key.get(f"study:{study.pk}") or (by_day.get(study.performed_on) if lane == Lane.SCANS else None)
        if judged is not None:
            used.add(judged.pk)
        response = study.response or (judged.category if judged else "")
        uptake = UPTAKES.get(study.modality)
        finding = notes.pop((study.performed_on, uptake), None) if uptake else None
        changed = lane == Lane.SCANS and bool(response) and last_modality not in {"", study.modality}
        marks.append(_done(study, lane, response, finding, baseline=baseline and lane == Lane.SCANS, changed=changed))
        if lane == Lane.SCANS:
            baseline = False
            last_modality = study.modality if response else last_modality
    imaging = reverse("imaging-panel", args=[patient.pk])
    record = reverse("record-page", args=[patient.pk])
    for finding in notes.values():
        note = _finding(finding)
        kind = "FDG PET" if _uptake(finding) == Uptake.GLUCOSE else "Receptor imaging"
        marks.append(
            ScanMark(
                Lane.PET,
                finding.imaged_on,
                "",
                f"{kind} {day(finding.imaged_on)}{f': {note}' if note else ''}",
                imaging,
                uptake=_uptake(finding),
                note=note,
            )
        )
    marks += [
        ScanMark(
            Lane.SCANS,
            row.assessed_on,
            row.category,
            f"{row.get_category_display()} {day(row.assessed_on)}, {row.get_method_display()}",
            record,
            is_scan=False,
        )
        for row in statuses
        if row.pk not in used
    ]
    return tuple(marks), lost


def _uptake(finding: ReceptorImaging) -> Uptake:
    is_receptor = finding.positive is not None or finding.krenning is not None or bool(finding.tracer)
    return Uptake.RECEPTOR if is_receptor or finding.fdg_avid is None else Uptake.GLUCOSE


def _finding(finding: ReceptorImaging) -> str:
    """In a word or two: Krenning score, positive or negative, avid or not."""
    if finding.krenning is not None:
        return f"Kr {finding.krenning}"
    if finding.positive is not None:
        return "positive" if finding.positive else "negative"
    return {True: "avid", False: "not avid", None: ""}[finding.fdg_avid]


def _planned(study: ImagingStudy, team: Team, today: date) -> ScanMark:
    on = team.local_date(study.scheduled_for) if study.scheduled_for else (study.due_on or today)
    what = study.get_modality_display()
    late = on < today
    state = "booked for" if study.scheduled_for else ("overdue since" if late else "due")
    lane = SCAN_LANES.get(study.modality, Lane.OTHER_SCANS)
    return ScanMark(
        lane,
        on,
        "",
        f"{what} {state} {day(on)}",
        reverse("imaging-panel", args=[study.patient_id]),
        planned=True,
        letters="late" if late else "due",
        note="late" if late else "due",
    )


def _done(
    study: ImagingStudy,
    lane: Lane,
    response: str,
    finding: ReceptorImaging | None,
    *,
    baseline: bool,
    changed: bool,
) -> ScanMark:
    said = []
    note = _finding(finding) if finding else SCAN_NOTES.get(study.modality, "")
    if response:
        said.append(str(ResponseCategory(response).label).lower())
    elif lane == Lane.SCANS and baseline:
        said.append("baseline")
    elif study.status == StudyStatus.PERFORMED:
        said.append("no report yet")
    elif lane == Lane.SCANS:
        said.append("no response recorded")
    if finding is not None and note:
        said.append(note)
    if changed:
        said.append("change of modality")
    if lane != Lane.SCANS and response == ResponseCategory.PD:
        note = response
    what = f"{study.get_modality_display()} {day(study.performed_on)}"
    return ScanMark(
        lane,
        study.performed_on or date.min,
        response,
        f"{what}: {', '.join(said)}" if said else what,
        reverse("imaging-panel", args=[study.patient_id]),
        letters="BL" if baseline and not response else "",
        uptake=UPTAKES.get(study.modality),
        note=note,
    )


def _goals(patient_id: int) -> tuple[GoalsMark, ...]:
    marks = []
    for index, talk in enumerate(timeline_marks(patient_id)):
        marks.append(
            GoalsMark(
                talk.held_on,
                "first conversation" if index == 0 else talk.label,
                f"Goals conversation {day(talk.held_on)}: {talk.label}",
                reverse("goals-conversation", args=[patient_id, talk.conversation_id]),
            )
        )
    prompt = live_prompt(patient_id)
    if prompt is not None:
        waits = f", ask again {day(prompt.ask_again_on)}" if prompt.ask_again_on else ""
        url = reverse("goals-panel", args=[patient_id])
        title = f"Goals prompt {prompt.get_status_display().lower()} since {day(prompt.raised_on)}{waits}"
        marks.append(GoalsMark(prompt.raised_on, "", title, url, prompt=True))
    return tuple(marks)


def _stays(patient_id: int, today: date) -> tuple[StayMark, ...]:
    url = reverse("record-page", args=[patient_id])
    marks = []
    for stay in Admission.objects.valid().filter(patient_id=patient_id).order_by("admitted_on", "pk"):
        kind = {True: "Unplanned admission", False: "Planned admission", None: "Admission"}[stay.unplanned]
        until = f" to {day(stay.discharged_on)}" if stay.discharged_on else ", still in hospital or end not known"
        nights = ((stay.discharged_on or today) - stay.admitted_on).days
        label = count(nights, "night", "nights") if stay.discharged_on and nights > 0 else ""
        why = f": {stay.reason}" if stay.reason else ""
        marks.append(
            StayMark(stay.admitted_on, stay.discharged_on, label, f"{kind} {day(stay.admitted_on)}{until}{why}", url)
        )
    return tuple(marks)


@dataclass(frozen=True)
class _Value:
    on: date
    value: float
    unit: str
    assay: str
    limit: float | None


def _curves(patient: Patient) -> tuple[Curve, ...]:
    """Markers and weight, each in the unit of its latest value; values in other units stand in the record only."""
    codes = {code: label for label, codes in CURVES for code in codes}
    series: dict[str, list[_Value]] = defaultdict(list)
    rows = (
        Measurement.objects.valid()
        .filter(patient=patient, code__in=codes, value__isnull=False)
        .order_by("taken_at", "pk")
        .values_list("code", "taken_at", "value", "unit", "assay", "reference_high")
    )
    for code, at, value, unit, assay, high in rows:
        limit = float(high) if high is not None else None
        series[codes[code]].append(_Value(patient.team.local_date(at), float(value), unit, assay, limit))
    url = reverse("record-page", args=[patient.pk])
    curves = []
    for label, known in CURVES:
        values = series.get(label)
        if not values:
            continue
        unit = values[-1].unit
        same = [value for value in values if value.unit == unit]
        is_marker = WEIGHT not in known
        spread = [value.value for value in same if value.value > 0]
        limit = next((value.limit for value in reversed(same) if value.limit is not None), None) if is_marker else None
        curves.append(
            Curve(
                label,
                _unit_words(known[0], unit),
                tuple(Point(value.on, value.value, value.assay) for value in same),
                url,
                limit=limit,
                log=is_marker and bool(spread) and max(spread) >= DECADE * min(spread),
            )
        )
    return tuple(curves)


def _unit_words(code: str, unit: str) -> str:
    """The unit as people write it: UCUM `mg/(24.h)` reads mg/24 h."""
    known = MEASURES[code].unit_named(unit) if code in MEASURES else None
    return (known.label or known.code) if known else unit.strip("{}")
