"""The only writers of the import's tables; and, through them, of the record."""

from patients.fhir.commands.exporting import adds_to_export, export_bundle, export_bundles
from patients.fhir.commands.importing import BusyError, import_sources
from patients.fhir.commands.outcome import KINDS, Outcome
from patients.fhir.commands.reviewing import decide
from patients.fhir.commands.runs import (
    ENDED_EARLY,
    LiveProgress,
    fail,
    finish,
    give_up_lost,
    queue_import,
    start_run,
    waiting_runs,
    work_off,
)

__all__ = [
    "ENDED_EARLY",
    "KINDS",
    "BusyError",
    "LiveProgress",
    "Outcome",
    "adds_to_export",
    "decide",
    "export_bundle",
    "export_bundles",
    "fail",
    "finish",
    "give_up_lost",
    "import_sources",
    "queue_import",
    "start_run",
    "waiting_runs",
    "work_off",
]
