"""Pages of the record."""

from patients.record.views.entries import add, change, mark_error
from patients.record.views.identity import change_patient, death, death_error, enroll
from patients.record.views.pages import identity_history, panel, record_page, row_history, series
from patients.record.views.results import sheet, symptoms, symptoms_answer

__all__ = [
    "add",
    "change",
    "change_patient",
    "death",
    "death_error",
    "enroll",
    "identity_history",
    "mark_error",
    "panel",
    "record_page",
    "row_history",
    "series",
    "sheet",
    "symptoms",
    "symptoms_answer",
]
