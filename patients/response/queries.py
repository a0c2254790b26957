"""A patient's lesions across studies, line by line: readings, sums, what follows from them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from careteam.web import words
from careteam.web.svg import Sparkline, sparkline
from patients.imaging.models import ImagingStudy
from patients.imaging.rules import StudyModality
from patients.record.rules import ResponseCategory
from patients.response.models import Lesion, LesionReading, ResponseAssessment
from patients.response.rules import Caveat, Followed, Judgment, LesionRole, Reading, judge, percent
from patients.treatment.models import TreatmentLine
from patients.treatment.queries import judged
from patients.treatment.rules import LineRole, Modality

if TYPE_CHECKING:
    from patients.record.models import Patient

LOCAL = frozenset({Modality.EMBOLIZATION, Modality.ABLATION})


@dataclass(frozen=True)
class Column:
    """One study of a series. `judgment` is computed again from today's readings; None at baseline, and with decision
    support off only its category is hidden (`category`)."""

    assessment: ResponseAssessment
    readings: Mapping[int, LesionReading]
    judgment: Judgment | None
    baseline: Decimal | None
    total: Decimal | None
    nadir: Decimal | None
    changed_modality: bool

    @property
    def study(self) -> ImagingStudy:
        return self.assessment.study

    @property
    def order(self) -> tuple[date, int]:
        return _order(self.study)

    @property
    def from_baseline(self) -> str:
        return said_change(self.total, self.baseline)

    @property
    def from_nadir(self) -> str:
        return said_change(self.total, self.nadir)

    @property
    def is_outdated(self) -> bool:
        """Earlier diameters were corrected after this one was confirmed, and the arithmetic now says otherwise."""
        computed = self.assessment.computed
        return bool(computed and self.judgment and judged() and computed != (self.judgment.category or ""))

    @property
    def is_overruled(self) -> bool:
        """The study says another response by now than the reader of the diameters: somebody reviewed it otherwise."""
        stated = self.study.response
        return bool(self.assessment.confirmed and stated and stated != self.assessment.confirmed)

    @property
    def caveats(self) -> list[str]:
        """What stood beside the arithmetic when the reader confirmed."""
        return [str(Caveat(code).label) for code in self.assessment.caveats if code in Caveat.values]

    @property
    def kind(self) -> str:
        """The color of the confirmed response."""
        return tag_of(self.assessment.confirmed)


def tag_of(category: str) -> str:
    """The kind of tag a response is drawn with."""
    return {"CR": "cr", "PR": "pr", "SD": "sd", "PD": "pd", "NN": "sd"}.get(category, "ne")


def _order(study: ImagingStudy) -> tuple[date, int]:
    return (study.performed_on or date.max, study.pk)


def is_known(lesion: Lesion, study: ImagingStudy) -> bool:
    """Whether the lesion had been named when this study was made, or on it."""
    return _order(lesion.found_in.study) <= _order(study)


def _change(value: Decimal | None, of: Decimal | None) -> Decimal | None:
    return None if value is None or of is None else percent(value, of)


@dataclass(frozen=True)
class Series:
    """The assessments of one treatment line (None: before any), oldest first; the first is its baseline."""

    line: TreatmentLine | None
    lesions: tuple[Lesion, ...]
    columns: tuple[Column, ...]

    @property
    def title(self) -> str:
        return str(self.line) if self.line else "Before treatment"

    @property
    def rows(self) -> list[tuple[Lesion, list[LesionReading | None]]]:
        """For the table: each lesion with its reading on every study."""
        return [(lesion, [column.readings.get(lesion.pk) for column in self.columns]) for lesion in self.lesions]

    @property
    def has_targets(self) -> bool:
        return any(lesion.role == LesionRole.TARGET for lesion in self.lesions)

    @property
    def curve(self) -> Sparkline:
        known = [(column.study.performed_on, column.total) for column in self.columns if column.total is not None]
        said = ", ".join(f"{words.num(mm)} mm {words.day(on)}" for on, mm in known)
        return sparkline([float(mm) for _, mm in known], label=f"Sum of diameters: {said}", width=160, height=36)

    @property
    def last(self) -> Column:
        return self.columns[-1]

    def before(self, study: ImagingStudy) -> tuple[Column, ...]:
        """The columns of earlier studies."""
        return tuple(column for column in self.columns if column.order < _order(study))

    def at(self, study: ImagingStudy) -> Column | None:
        return next((column for column in self.columns if column.study.pk == study.pk), None)


def series_of(patient: Patient) -> tuple[Series, ...]:
    """Every series of the patient, the latest first (four queries)."""
    rows = (
        ResponseAssessment.objects.valid()
        .filter(patient=patient)
        .select_related("study__reviewed_by", "line", "reader")
    )
    by_line: dict[int | None, list[ResponseAssessment]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: _order(row.study)):
        by_line[row.line_id].append(row)
    if not by_line:
        return ()
    lesions: dict[int | None, list[Lesion]] = defaultdict(list)
    for lesion in Lesion.objects.valid().filter(patient=patient).select_related("found_in__study"):
        lesions[lesion.found_in.line_id].append(lesion)
    readings: dict[int, dict[int, LesionReading]] = defaultdict(dict)
    for reading in LesionReading.objects.valid().filter(patient=patient):
        readings[reading.assessment_id][reading.lesion_id] = reading
    treated = lines_of_patient(patient)
    found = [
        build_series(line_id, assessments, lesions[line_id], readings, treated)
        for line_id, assessments in by_line.items()
    ]
    return tuple(sorted(found, key=lambda each: each.columns[0].order, reverse=True))


_ROLES = [LesionRole.TARGET, LesionRole.NON_TARGET, LesionRole.NEW]


def build_series(
    line_id: int | None,
    assessments: Sequence[ResponseAssessment],
    lesions: Iterable[Lesion],
    readings: Mapping[int, Mapping[int, LesionReading]],
    treated: Sequence[TreatmentLine],
) -> Series:
    """A series with its columns judged one after the other."""
    ordered = tuple(sorted(lesions, key=lambda lesion: (_ROLES.index(LesionRole(lesion.role)), lesion.number)))
    line = next((row for row in treated if row.pk == line_id), None)
    series = Series(line, ordered, ())
    for row in assessments:
        mine = dict(readings.get(row.pk, {}))
        read = {str(pk): reading.rule for pk, reading in mine.items()}
        judgment = judge_study(series, row.study, read, treated=treated)
        last = series.columns[-1] if series.columns else None
        target = judgment.target if judgment else None
        total, baseline, nadir = _start_sum(ordered, read), None, None
        if last is not None:
            total = target.total if target else None
            baseline, nadir = (target.baseline, target.nadir) if target else (None, None)
        column = Column(
            assessment=row,
            readings=mine,
            judgment=judgment,
            baseline=baseline,
            total=total,
            nadir=nadir,
            changed_modality=last is not None and last.study.modality != row.study.modality,
        )
        series = replace(series, columns=(*series.columns, column))
    return series


def _start_sum(lesions: Sequence[Lesion], read: Mapping[str, Reading]) -> Decimal | None:
    sizes = [read[str(each.pk)].size for each in lesions if each.role == LesionRole.TARGET and str(each.pk) in read]
    return sum((size for size in sizes if size is not None), Decimal(0)) if sizes else None


def judge_study(
    series: Series,
    study: ImagingStudy,
    readings: Mapping[str, Reading],
    *,
    treated: Sequence[TreatmentLine],
    added: Sequence[Followed] = (),
) -> Judgment | None:
    """What the readings (by lesion key) of this study mean against the earlier ones of the series. None for a
    baseline, and while nothing that is followed has been read."""
    earlier = series.before(study)
    if not earlier:
        return None
    known = [lesion for lesion in series.lesions if is_known(lesion, study)]
    followed = [Followed(LesionRole(lesion.role), lesion.rule) for lesion in known]
    past = [{str(pk): reading.rule for pk, reading in column.readings.items()} for column in earlier]
    last = earlier[-1].study
    first_pet = study.modality == StudyModality.SSTR_PET and all(
        column.study.modality != StudyModality.SSTR_PET for column in earlier
    )
    try:
        judgment = judge([*followed, *added], past[0], past[1:], readings, first_pet=first_pet)
    except ValueError:
        return None
    caveats = list(judgment.caveats)
    if last.modality != study.modality:
        caveats.insert(0, Caveat.MODALITY)
    if _ran(treated, {Modality.PRRT}, last, study):
        caveats.append(Caveat.RADIONUCLIDE)
    if _ran(treated, LOCAL, last, study):
        caveats.append(Caveat.LOCAL)
    return replace(judgment, caveats=tuple(caveats))


def _ran(lines: Iterable[TreatmentLine], modalities: Iterable[str], since: ImagingStudy, until: ImagingStudy) -> bool:
    """Whether such a treatment was given between two studies."""
    start, end = since.performed_on or date.min, until.performed_on or date.max
    return any(
        line.modality in modalities
        and line.started_on is not None
        and line.started_on <= end
        and (line.ended_on is None or line.ended_on >= start)
        for line in lines
    )


def lines_of_patient(patient: Patient) -> list[TreatmentLine]:
    """Antitumor lines, planned ones included, in order of their start."""
    rows = TreatmentLine.objects.valid().filter(patient=patient, role=LineRole.ANTITUMOR)
    return sorted(rows, key=lambda line: (line.started_on or line.planned_on or date.max, line.pk))


def default_line(lines: Sequence[TreatmentLine], on: date | None) -> TreatmentLine | None:
    """The line a scan of that day is read in: the one that had begun last; else the first one to come."""
    begun = [line for line in lines if line.started_on is not None and on is not None and line.started_on <= on]
    return begun[-1] if begun else (lines[0] if lines else None)


def series_in(patient: Patient, line: TreatmentLine | None) -> Series:
    """The series of that line; without columns when it has no baseline yet."""
    line_id = line.pk if line else None
    found = [each for each in series_of(patient) if (each.line.pk if each.line else None) == line_id]
    return found[0] if found else Series(line, (), ())


def shown_category(judgment: Judgment | None) -> ResponseCategory | None:
    """The computed category, where decision support is on."""
    return judgment.category if judgment is not None and judged() else None


def sums_of_studies(patient: Patient) -> dict[int, str]:
    """What the reader saw, in words, by study: "sum 58 mm, −12 % from baseline". For timeline and board; one query."""
    rows = ResponseAssessment.objects.valid().filter(patient=patient, sum_mm__isnull=False)
    said: dict[int, str] = {}
    for row in rows.order_by("is_baseline", "pk"):  # a scan that ends one line and begins the next: the response first
        parts = [f"sum {words.num(row.sum_mm)} mm"]
        if not row.is_baseline:
            parts.append(f"{said_change(row.sum_mm, row.baseline_mm)} from baseline")
            if row.nadir_mm != row.baseline_mm:
                parts.append(f"{said_change(row.sum_mm, row.nadir_mm) or 'again'} from nadir")
        said.setdefault(row.study_id, ", ".join(parts))
    return said


def said_change(value: Decimal | None, of: Decimal | None) -> str:
    """The change in words, "" without something to compare with."""
    change = _change(value, of)
    return "" if change is None else signed(change)


def signed(value: Decimal) -> str:
    """A change in percent with its sign: "+12 %", "−30.5 %", "0 %"."""
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return f"{sign}{words.num(abs(value))} %"
