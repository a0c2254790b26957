"""The course of one patient as marks for the drawing: thirteen queries, however long it is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.urls import reverse

from careteam.web.words import count
from patients.record.models import Diagnosis, Patient
from patients.reports.queries.care import care_marks, goals_marks, stay_marks
from patients.reports.queries.lines import line_marks
from patients.reports.queries.scans import scan_marks
from patients.reports.queries.values import curves_of
from patients.reports.rules import BoardMark, Course

__all__ = ["timeline_of"]


def timeline_of(patient: Patient, today: date, extra: Iterable[BoardMark] = ()) -> Course:
    """The course as of today. `extra` are the board's marks, which the roof collects. The patient: with its team."""
    diagnosis = (
        Diagnosis.objects.valid().filter(patient=patient, is_main=True).values_list("diagnosed_on", flat=True).first()
    )
    lines, therapy_line, undated = line_marks(patient.pk, today)
    scans, lost = scan_marks(patient, today)
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
        goals=goals_marks(patient.pk),
        board=tuple(extra),
        stays=stay_marks(patient.pk, today),
        care=care_marks(patient),
        curves=curves_of(patient),
        therapy_line=therapy_line,
        notes=tuple(notes),
        url=reverse("record-page", args=[patient.pk]),
    )
