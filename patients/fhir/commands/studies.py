"""Scans that arrive: each finds the study it answers, and moves it as far as the source says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from patients.fhir.models import ImportedRow
from patients.fhir.rules.rows import Row
from patients.imaging.commands import Arrival, close_answered, receive, start_clocks
from patients.imaging.models import ImagingStudy
from patients.imaging.queries import answered_by, is_somebody_elses
from patients.imaging.rules import StudyStatus
from patients.record.models import Patient

if TYPE_CHECKING:
    from careteam.people.models import User

TABLE = "ImagingStudy"
OTHERS_NUMBER = (
    "has the accession number of another patient's study here; imported for the patient it names, check which of them "
    "it belongs to"
)
# What the source may fill in where nothing stands; what a person entered is a difference for the review list.
_FILLED = ("performed_on", "conclusion", "accession_number")


class Studies:
    """The scans of one patient in one import. `warnings` are members with what a person should check."""

    def __init__(self, patient: Patient, *, by: User | None, now: datetime) -> None:
        self.patient, self.by, self.now = patient, by, now
        self.warnings: list[tuple[str, str]] = []
        self.touched = False

    def adopt(self, row: Row, record_ids: list[int], plain: Any) -> ImportedRow | None:
        """The existing study that a new row is, kept as its source from now on; None: it becomes a row of its own."""
        values = row.values
        if row.table != TABLE:
            return None
        if row.members and is_somebody_elses(self.patient, values["accession_number"]):
            self.warnings.append((row.members[0], OTHERS_NUMBER))
        if values["performed_on"] is None:
            return None
        study = answered_by(
            self.patient,
            modality=values["modality"],
            region=values["region"],
            on=values["performed_on"],
            accession_number=values["accession_number"],
        )
        if study is None or ImportedRow.objects.filter(table=TABLE.lower(), target_id=study.pk).exists():
            return None
        written = {name: plain(value) for name, value in values.items() if name not in _FILLED}
        written |= {name: None for name in _FILLED if getattr(study, name)}
        return ImportedRow.objects.create(
            team_id=self.patient.team_id,
            patient=self.patient,
            table=TABLE.lower(),
            target_id=study.pk,
            row_key=row.key,
            record_ids=record_ids,
            written=written | {"status": ""},
        )

    def receive(self, pairs: Sequence[tuple[Row, ImportedRow | None]]) -> None:
        """Moves every known study whose source moved on; before the values are compared, since a study that was made
        has other values than one that waits."""
        for row, found in pairs:
            if row.table != TABLE or found is None or row.values["performed_on"] is None:
                continue
            status, was = _rank(row.values["status"]), _rank(found.written.get("status", ""))
            text, wrote = row.values["conclusion"], found.written.get("conclusion") or ""
            if status == was and text == wrote:
                continue
            study = ImagingStudy.objects.select_related("patient__team").get(pk=found.target_id)
            ours_stands = bool(study.conclusion) and study.conclusion not in {wrote, text}
            if study.error_at is None and not ours_stands and not _was_read_long_ago(study):
                reported_at = row.values["reported_at"] if status == StudyStatus.REPORTED else None
                arrival = Arrival(row.values["performed_on"], reported_at, text, row.values["accession_number"])
                receive(study, arrival, by=self.by, now=self.now)
                self.touched = True
            found.written = {**found.written, "status": str(row.values["status"])}
            found.save(update_fields=["written"])

    def settle(self, made: Sequence[int]) -> None:
        """After everything is written: orders that a new scan answers close, clocks start, plans are recomputed."""
        rows = ImagingStudy.objects.filter(pk__in=made, performed_on__isnull=False).select_related("patient__team")
        for scan in rows.order_by("pk"):
            close_answered(scan, by=self.by, now=self.now)
        if made or self.touched:
            start_clocks(self.patient, by=self.by, now=self.now)


def _rank(status: str) -> str:
    """Reported and read long ago is the same for a source."""
    return str(StudyStatus.REPORTED) if status == StudyStatus.REVIEWED else str(status)


def _was_read_long_ago(study: ImagingStudy) -> bool:
    """It came as history: read by nobody here. A changed word in it is taken over, and asks nobody to read it."""
    return study.status in {StudyStatus.REVIEWED, StudyStatus.ACTED_ON} and study.reviewed_by_id is None
