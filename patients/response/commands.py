"""The only writers of response assessments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.web.words import num
from patients.imaging.commands import confirm_response, take_back_response
from patients.imaging.models import ImagingStudy
from patients.record.models import Patient, StaleEdit
from patients.record.rules import ResponseCategory
from patients.response import policies
from patients.response.models import Lesion, LesionReading, ResponseAssessment
from patients.response.queries import Series, is_known, judge_study, lines_of_patient, series_in, shown_category
from patients.response.rules import Followed, Judgment, LesionRole, Reading, total, why_not_targets
from patients.response.rules import Lesion as LesionRule
from patients.treatment.models import TreatmentLine

if TYPE_CHECKING:
    from careteam.people.models import User


@dataclass(frozen=True)
class NewLesion:
    """A lesion named on this study. `field` is where the form shows what is wrong with it."""

    role: LesionRole
    organ: str
    reading: Reading
    site: str = ""
    is_node: bool = False
    field: str = ""


@dataclass(frozen=True)
class Entry:
    """What the reader entered: readings of known lesions by their id, lesions named for the first time, and (after
    baseline) the confirmed response, with a reason where it differs from the arithmetic."""

    readings: Mapping[int, Reading]
    added: Sequence[NewLesion] = field(default_factory=tuple)
    confirmed: str = ""
    reason: str = ""
    note: str = ""


@transaction.atomic
def confirm(
    study: ImagingStudy, *, line: TreatmentLine | None, entry: Entry, version: int, by: User, now: datetime
) -> ResponseAssessment:
    """Saves what a reader measured and confirmed, for the first time (`version` 0) or as a correction. The first study
    of a line is its baseline; after it the confirmed response becomes the study's and the record's.

    Raises `StaleEdit` when somebody saved this assessment meanwhile, ValidationError by field for what is missing.
    """
    patient = Patient.objects.select_for_update(of=("self",)).select_related("team").get(pk=study.patient_id)
    study = ImagingStudy.objects.select_related("patient__team").get(pk=study.pk)
    insist(policies.why_not_assess(study, by))
    series = series_in(patient, line)
    insist(policies.why_not_in_series(series, study))
    before = series.at(study)
    _insist_fresh(before.assessment if before else None, version)
    is_baseline = not series.before(study)
    _insist_complete(series, study, entry, is_baseline=is_baseline)
    row = before.assessment if before else ResponseAssessment(patient=patient, study=study, line=line, created_by=by)
    row.is_baseline, row.read_at, row.reader = is_baseline, now, by
    row.confirmed = "" if is_baseline else entry.confirmed
    row.reason, row.note = entry.reason.strip(), entry.note.strip()
    judgment = judge_entry(series, study, entry, patient)
    category = shown_category(judgment)
    row.computed = category or ""
    if category is not None and category != entry.confirmed and not row.reason:
        raise ValidationError({"reason": f"The diameters say {category}: say why you read it otherwise."})
    row.caveats = [str(caveat) for caveat in judgment.caveats] if judgment else []
    _put_sums(row, judgment, series, entry)
    row.save() if before is None else row.save_version()
    _write(row, series, entry, by=by)
    record(
        "response.confirm",
        by=by,
        now=now,
        subject=row,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        reason=row.reason,
        details={"study": study.pk, "computed": row.computed, "confirmed": row.confirmed, "sum_mm": str(row.sum_mm)},
    )
    if not is_baseline:
        confirm_response(study, response=row.confirmed, by=by, now=now, note=_in_words(row))
    return row


def _insist_fresh(current: ResponseAssessment | None, version: int) -> None:
    if current is not None and current.version != version:
        raise StaleEdit(current)
    if current is None and version:
        raise ValidationError("This assessment was taken back meanwhile. Open the study again.")


def _insist_complete(series: Series, study: ImagingStudy, entry: Entry, *, is_baseline: bool) -> None:
    problems: dict[str, str] = {}
    for lesion in series.lesions:
        if is_known(lesion, study) and lesion.pk not in entry.readings:
            problems[f"mm_{lesion.pk}" if lesion.role == LesionRole.TARGET else f"seen_{lesion.pk}"] = (
                f"{lesion.code}: enter what was seen."
            )
    if not is_baseline and entry.confirmed not in ResponseCategory.values:
        problems["confirmed"] = "Confirm the response."
    if is_baseline:
        problems |= _wrong_targets(series, entry)
    if problems:
        raise ValidationError(problems)
    if is_baseline and not (series.lesions or entry.added):
        raise ValidationError("Enter the lesions to follow.")


def _wrong_targets(series: Series, entry: Entry) -> dict[str, str]:
    """What forbids targets of the baseline, by the form's field."""
    known = [
        (lesion.rule, entry.readings[lesion.pk].mm or Decimal(0), f"mm_{lesion.pk}")
        for lesion in series.lesions
        if lesion.role == LesionRole.TARGET and lesion.pk in entry.readings
    ]
    added = [
        (_rule(each, n), each.reading.mm or Decimal(0), each.field)
        for n, each in enumerate(entry.added)
        if each.role == LesionRole.TARGET
    ]
    where = {lesion.key: name for lesion, _, name in (*known, *added)}
    reasons = why_not_targets([(lesion, mm) for lesion, mm, _ in (*known, *added)])
    return {where.get(key) or "__all__": said for key, said in reasons.items()}


def _rule(each: NewLesion, n: int) -> LesionRule:
    return LesionRule(f"added{n}", each.organ, each.is_node)


def judge_entry(series: Series, study: ImagingStudy, entry: Entry, patient: Patient) -> Judgment | None:
    """What the entered diameters mean, before anything is saved; None for a baseline."""
    readings = {str(pk): reading for pk, reading in entry.readings.items()}
    readings |= {f"added{n}": each.reading for n, each in enumerate(entry.added)}
    followed = [Followed(each.role, _rule(each, n)) for n, each in enumerate(entry.added)]
    return judge_study(series, study, readings, treated=lines_of_patient(patient), added=followed)


def _put_sums(row: ResponseAssessment, judgment: Judgment | None, series: Series, entry: Entry) -> None:
    """The sums (mm) as the reader saw them."""
    if not row.is_baseline:
        target = judgment.target if judgment else None
        row.sum_mm = target.total if target else None
        row.baseline_mm, row.nadir_mm = (target.baseline, target.nadir) if target else (None, None)
        return
    row.sum_mm = baseline_sum(series, entry)
    row.baseline_mm = row.nadir_mm = row.sum_mm


def baseline_sum(series: Series, entry: Entry) -> Decimal | None:
    """The sum of the targets as entered for a baseline, mm; None without targets."""
    known = {lesion.pk for lesion in series.lesions if lesion.role == LesionRole.TARGET}
    read = [reading for pk, reading in entry.readings.items() if pk in known]
    read += [each.reading for each in entry.added if each.role == LesionRole.TARGET]
    return total(size for each in read if (size := each.size) is not None) if read else None


def _write(row: ResponseAssessment, series: Series, entry: Entry, *, by: User) -> None:
    """Lesions and readings of the assessment: new ones created, changed ones saved, the rest left as it is."""
    known = {lesion.pk: lesion for lesion in series.lesions}
    former = {reading.lesion_id: reading for reading in LesionReading.objects.valid().filter(assessment=row)}
    for lesion_id, reading in entry.readings.items():
        if lesion_id not in known:
            continue
        old = former.get(lesion_id)
        if old is None:
            _add_reading(row, known[lesion_id], reading, by)
        elif (old.seen, old.mm) != (reading.seen, reading.mm):
            old.seen, old.mm = reading.seen, reading.mm
            old.save_version("seen", "mm")
    highest = Counter[str]()
    for lesion in series.lesions:
        highest[lesion.role] = max(highest[lesion.role], lesion.number)
    for each in entry.added:
        highest[each.role] += 1
        lesion = Lesion.objects.create(
            patient_id=row.patient_id,
            found_in=row,
            role=each.role,
            number=highest[each.role],
            organ=each.organ.strip(),
            site=each.site.strip(),
            is_node=each.is_node,
            created_by=by,
        )
        _add_reading(row, lesion, each.reading, by)


def _add_reading(row: ResponseAssessment, lesion: Lesion, reading: Reading, by: User) -> None:
    LesionReading.objects.create(
        patient_id=row.patient_id, assessment=row, lesion=lesion, seen=reading.seen, mm=reading.mm, created_by=by
    )


@transaction.atomic
def describe(lesion: Lesion, *, organ: str, site: str, is_node: bool, version: int, by: User, now: datetime) -> Lesion:
    """Corrects what a lesion is called: organ, where in it, whether it is a node. Its readings stay; where the
    arithmetic says otherwise from then on, the assessments concerned ask to be read again.

    Raises `StaleEdit` when somebody described it meanwhile, ValidationError by field.
    """
    patient = Patient.objects.select_for_update(of=("self",)).select_related("team").get(pk=lesion.patient_id)
    locked: Lesion = Lesion.objects.select_related("found_in__study__patient__team", "found_in__line").lock(
        lesion.pk, version=version
    )
    described = LesionRule(str(locked.pk), organ.strip(), is_node)
    problems = policies.why_not_describe(locked, series_in(patient, locked.found_in.line), by, described)
    if problems:
        raise ValidationError(problems)
    before = str(locked)
    locked.organ, locked.site, locked.is_node = organ.strip(), site.strip(), is_node
    locked.save_version("organ", "site", "is_node")
    record(
        "response.describe",
        by=by,
        now=now,
        subject=locked,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        details={"from": before, "to": str(locked), "is_node": is_node},
    )
    return locked


def _in_words(row: ResponseAssessment) -> str:
    """What the record's status says of it: sum, and why the reader differs."""
    parts = [f"Sum of target diameters {num(row.sum_mm)} mm" if row.sum_mm is not None else "", row.reason, row.note]
    return ". ".join(part.rstrip(".") for part in parts if part)


@transaction.atomic
def take_back(assessment: ResponseAssessment, *, reason: str, by: User, now: datetime) -> ResponseAssessment:
    """The assessment was wrong (another patient, another series): it, its readings and the lesions first named in it
    are entered in error, and what it wrote into the study and the record is taken back. The row keeps its history."""
    patient = Patient.objects.select_for_update(of=("self",)).select_related("team").get(pk=assessment.patient_id)
    row: ResponseAssessment = ResponseAssessment.objects.select_related("study__patient__team", "line").lock(
        assessment.pk
    )
    if row.error_at is not None:
        return row
    insist(policies.why_not_take_back(row, series_in(patient, row.line), by, reason))
    readings = LesionReading.objects.valid().filter(assessment=row)
    lesions = Lesion.objects.valid().filter(found_in=row)
    for each in (row, *readings, *lesions):
        each.error_at, each.error_by, each.error_reason = now, by, reason.strip()
        each.save_version("error_at", "error_by", "error_reason")
    record(
        "response.take_back",
        by=by,
        now=now,
        subject=row,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        reason=reason.strip(),
        details={"study": row.study_id, "confirmed": row.confirmed},
    )
    if row.confirmed and not ResponseAssessment.objects.valid().filter(study=row.study).exclude(confirmed="").exists():
        take_back_response(row.study, reason=reason, by=by, now=now)
    return row
