"""Studies, receptor findings and judgments of response as marks."""

from __future__ import annotations

from datetime import date

from django.urls import reverse

from careteam.people.models import Team
from careteam.web.words import day
from patients.imaging.models import ImagingStudy
from patients.imaging.rules import DONE, NOT_YET_DONE, StudyModality, StudyStatus
from patients.record.models import DiseaseStatus, Patient, ReceptorImaging
from patients.record.rules import ResponseCategory
from patients.reports.rules import Lane, ScanMark, Uptake
from patients.response.queries import sums_of_studies

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


def scan_marks(patient: Patient, today: date) -> tuple[tuple[ScanMark, ...], int]:
    """Studies, receptor findings and judgments of response; how many studies have no date."""
    studies = list(
        ImagingStudy.objects.valid()
        .scans()  # labs are curves
        .filter(patient=patient)
        .exclude(status=StudyStatus.CLOSED)
        .only("patient_id", "modality", "status", "due_on", "scheduled_for", "performed_on", "response")
        .order_by("performed_on", "pk")
    )
    judged = DiseaseStatus.objects.valid().filter(patient=patient).order_by("assessed_on", "pk")
    statuses = list(judged.only("assessed_on", "category", "method", "study_key"))
    seen = ReceptorImaging.objects.valid().filter(patient=patient).order_by("imaged_on", "pk")
    findings = list(seen.only("imaged_on", "tracer", "positive", "krenning", "fdg_avid"))
    sums = sums_of_studies(patient)
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
        status = by_key.get(f"study:{study.pk}") or (by_day.get(study.performed_on) if lane == Lane.SCANS else None)
        if status is not None:
            used.add(status.pk)
        response = study.response or (status.category if status else "")
        uptake = UPTAKES.get(study.modality)
        finding = notes.pop((study.performed_on, uptake), None) if uptake else None
        changed = lane == Lane.SCANS and bool(response) and last_modality not in {"", study.modality}
        first = baseline and lane == Lane.SCANS
        said = sums.get(study.pk, "")
        marks.append(_done(study, lane, response, finding, said=said, baseline=first, changed=changed))
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
        reverse("study-page", args=[study.pk]),
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
    said: str,
    baseline: bool,
    changed: bool,
) -> ScanMark:
    parts = []
    note = _finding(finding) if finding else SCAN_NOTES.get(study.modality, "")
    if response:
        parts.append(str(ResponseCategory(response).label).lower())
    elif lane == Lane.SCANS and baseline:
        parts.append("baseline")
    elif study.status == StudyStatus.PERFORMED:
        parts.append("no report yet")
    elif lane == Lane.SCANS:
        parts.append("no response recorded")
    if finding is not None and note:
        parts.append(note)
    if said:
        parts.append(said)
    if changed:
        parts.append("change of modality")
    if lane != Lane.SCANS and response == ResponseCategory.PD:
        note = response
    what = f"{study.get_modality_display()} {day(study.performed_on)}"
    return ScanMark(
        lane,
        study.performed_on or date.min,
        response,
        f"{what}: {', '.join(parts)}" if parts else what,
        reverse("study-page", args=[study.pk]),
        letters="BL" if baseline and not response else "",
        uptake=UPTAKES.get(study.modality),
        note=note,
    )
