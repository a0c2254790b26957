"""What the board is to see: asked of radiology, nuclear medicine and pathology, and settled by them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from careteam.notifications.commands import notify, withdraw
from careteam.people.queries import people_with_role
from patients.record.commands import record_about
from tumorboard.referrals import policies
from tumorboard.referrals.models import Referral, ShownMaterial
from tumorboard.referrals.rules import ShownStatus, asked_of

if TYPE_CHECKING:
    from careteam.people.models import User
    from patients.imaging.models import ImagingStudy
    from patients.record.models import Specimen


def choose_material(
    referral: Referral, studies: Iterable[ImagingStudy], specimens: Iterable[Specimen], *, by: User
) -> None:
    """Writes what is to be shown with a new referral, in the transaction of the command that made it."""
    for study in studies:
        ShownMaterial.objects.create(patient=referral.patient, referral=referral, study=study, created_by=by)
    for specimen in specimens:
        ShownMaterial.objects.create(patient=referral.patient, referral=referral, specimen=specimen, created_by=by)


def ask_for_material(referral: Referral, *, on: date, url: str, now: datetime) -> int:
    """The referral stands on an agenda: whoever reads such studies or specimens is asked to put them up, one message
    for a meeting (`url`), however many cases. Called inside the caller's transaction, which audits."""
    open_rows = referral.shown.filter(status=ShownStatus.ASKED, error_at__isnull=True).select_related("study")
    roles = {asked_of(row.study.modality if row.study else "") for row in open_rows}
    made = 0
    for role in sorted(roles):
        made += notify(
            people_with_role(referral.board.team, role),
            key=f"shown:{url}:{role}",
            kind="referral",
            title=f"{referral.board.name}: images and slides to put up"[:200],
            url=url,
            now=now,
            due_on=on,
        )
    return made


@transaction.atomic
def settle_material(
    row: ShownMaterial, status: ShownStatus, *, note: str = "", by: User, now: datetime
) -> ShownMaterial:
    """Ready to show; cannot be shown, with the reason; or asked for again (undo)."""
    row = ShownMaterial.objects.select_related("referral__board", "patient").lock(row.pk)
    insist(policies.why_not_settle(row, status, by, note))
    if row.status == status and row.note == note.strip():
        return row
    row.status, row.note = status, note.strip()[:200] if status == ShownStatus.UNAVAILABLE else ""
    is_open = status == ShownStatus.ASKED
    row.settled_at, row.settled_by = (None, None) if is_open else (now, by)
    row.save_version("status", "note", "settled_at", "settled_by")
    record_about(
        row,
        "referrals.settle_material",
        by=by,
        now=now,
        team_id=row.referral.board.team_id,
        reason=row.note,
        details={"status": str(status)},
    )
    return row


def nothing_to_put_up(url: str, *, now: datetime) -> None:
    """The meeting is over or off: nobody is asked for it any more. Takes what `ask_for_material` was given."""
    roles = {asked_of(modality) for modality in ("", "ct", "sstr_pet")}
    withdraw(keys=[f"shown:{url}:{role}" for role in roles], now=now)
