"""Making a printout."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

from django.db import connection, transaction
from django.template.loader import render_to_string

from careteam.audit.commands import record
from careteam.audit.rules import Kind
from careteam.people.models import Team, User
from careteam.web.pdf import PdfUnavailable, pdf_of
from careteam.workspace.downtime.queries import Printout, folder_of, printouts_of, sheet_of
from careteam.workspace.downtime.rules import outdated

_LOCK = 7_301_560  # advisory lock, with the team's id: two beats make one printout


def make_printout(team: Team, *, by: User | None, now: datetime, folder: Path | None = None) -> Printout | None:
    """Writes today's worklists of the team, as PDF or (without the PDF engine) HTML, over an earlier one of the day,
    and drops what is older than the last fourteen. None when another process is just doing it.

    `folder` is another place to write to. The names of the files say nothing about people; only the operator's account
    may read them. Raises OSError when the folder cannot be written (nothing is recorded then).
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_LOCK, team.pk % 2**31])
            if not cursor.fetchone()[0]:
                return None
        sheet = sheet_of(team, now)
        html = render_to_string("workspace/downtime_sheet.html", {"sheet": sheet, "now": now})
        try:
            content, form = pdf_of(html), "pdf"
        except PdfUnavailable:
            content, form = html.encode(), "html"
        ids = sorted(sheet.patient_ids)
        record(
            "downtime.print",
            by=by,
            now=now,
            subject=team,
            patient_ids=ids,
            team_id=team.pk,
            kind=Kind.EXPORT,
            details={"form": form, "patients": len(ids), "day": sheet.today.isoformat()},
        )
        place = folder or folder_of(team)
        name = sheet.today.isoformat()
        note = json.dumps({"form": form, "made_at": now.isoformat(), "patient_ids": ids})
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(place / f"{name}.{form}", content)
        _write(place / f"{name}.json", note.encode())
        (place / f"{name}.{'html' if form == 'pdf' else 'pdf'}").unlink(missing_ok=True)
    if folder is None:
        _drop_old(team)
    return Printout(team.slug, sheet.today, place / f"{name}.{form}", now, tuple(ids))


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, readable for nobody else."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123  # mode at birth
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)


def _drop_old(team: Team) -> None:
    kept = {printout.on: printout for printout in printouts_of(team)}
    for on in outdated(kept):
        kept[on].path.unlink(missing_ok=True)
        kept[on].path.with_suffix(".json").unlink(missing_ok=True)
