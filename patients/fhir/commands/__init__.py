"""The only writers of the import's tables; and, through them, of the record."""

from patients.fhir.commands.exporting import export_bundle, export_bundles
from patients.fhir.commands.importing import BusyError, import_sources
from patients.fhir.commands.outcome import KINDS, Outcome
from patients.fhir.commands.reviewing import decide
from patients.fhir.commands.runs import fail, finish, queue_import, start_run, waiting_runs, work_off

__all__ = [
    "KINDS",
    "BusyError",
    "Outcome",
    "decide",
    "export_bundle",
    "export_bundles",
    "fail",
    "finish",
    "import_sources",
    "queue_import",
    "start_run",
    "waiting_runs",
    "work_off",
]
