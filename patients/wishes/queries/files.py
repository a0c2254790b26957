"""Where stored files lie, which of them wait for the virus scan, whether the same one is here already."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db.models import Q

from patients.record.models import Patient
from patients.wishes.models import DocumentFile
from patients.wishes.rules import ScanState


def documents_folder() -> Path:
    """Outside of anything the web server serves; part of the backup."""
    return Path(settings.PRIVATE_ROOT) / "documents"


def path_of(file: DocumentFile) -> Path:
    return documents_folder() / file.stored


def same_file(sha256: str, patient: Patient) -> str:
    """Where the same file is already, in a sentence; empty when it is not. Another patient is not named."""
    rows = DocumentFile.objects.valid().filter(sha256=sha256, document__error_at__isnull=True)
    here = rows.filter(patient=patient).select_related("document").first()
    if here is not None:
        return f"The same file is here already, with “{here.document}”."
    if rows.exists():
        return (
            "The same file lies in the record of another patient. Check whose paper it is; "
            "mark it there as entered in error before you add it here."
        )
    return ""


def waiting_scans(*, now: datetime, limit: int = 50) -> list[int]:
    """Files whose scan is due, oldest first; without a scan command none."""
    if not settings.SCAN_COMMAND:
        return []
    due = Q(scan_after__isnull=True) | Q(scan_after__lte=now)
    rows = DocumentFile.objects.valid().filter(due, scan__in=[ScanState.WAITING, ScanState.FAILED, ScanState.UNSCANNED])
    return list(rows.order_by("pk").values_list("pk", flat=True)[:limit])
