"""Reading the record: the patient and the grade, the whole record in words, results, symptoms, history."""

from patients.record.queries.history import Version, saved_meanwhile, versions_of
from patients.record.queries.overview import EntryRow, Overview, overview, sections
from patients.record.queries.patients import (
    PatientGrade,
    grade_from,
    grade_of_patient,
    open_told_step,
    readable_patient,
    responsible_clinician,
)
from patients.record.queries.results import (
    Result,
    Series,
    SheetLine,
    Trend,
    not_comparable,
    result_of,
    series_of,
    sheet_of,
    spoken,
    takes_ppi,
    trends_of,
)
from patients.record.queries.symptoms import Course, SymptomsNow, kilograms, symptoms_of

__all__ = [
    "Course",
    "EntryRow",
    "Overview",
    "PatientGrade",
    "Result",
    "Series",
    "SheetLine",
    "SymptomsNow",
    "Trend",
    "Version",
    "grade_from",
    "grade_of_patient",
    "kilograms",
    "not_comparable",
    "open_told_step",
    "overview",
    "readable_patient",
    "responsible_clinician",
    "result_of",
    "saved_meanwhile",
    "sections",
    "series_of",
    "sheet_of",
    "spoken",
    "symptoms_of",
    "takes_ppi",
    "trends_of",
    "versions_of",
]
