"""What stands beside a study: its numbers and links, the images of another hospital, a step somebody has seen."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.urls import reverse

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.notifications.models import InboxItem
from careteam.people.rules import Role
from patients.imaging import policies
from patients.imaging.commands.base import audit, lock, withdraw_late
from patients.imaging.models import ImagingStudy, Reminder
from patients.protocol.queries import number
from patients.record.commands import close_step, open_step
from patients.record.models import ExternalCenter
from patients.record.rules import StepKind

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def change_links(
    study: ImagingStudy,
    *,
    accession_number: str,
    pacs_url: str,
    center: str,
    by: User,
    now: datetime,
    version: int | None = None,
) -> ImagingStudy:
    """Accession number, link into the picture archive (http or https), and where the scan was made."""
    study = lock(study, version)
    insist(policies.why_not_change_links(study, by, pacs_url))
    wanted = (accession_number.strip(), pacs_url.strip(), center.strip())
    if wanted != (study.accession_number, study.pacs_url, study.center):
        before = study.accession_number
        study.accession_number, study.pacs_url, study.center = wanted
        study.save_version("accession_number", "pacs_url", "center")
        audit("change_links", study, by=by, now=now, before=before, after=study.accession_number)
    return study


@transaction.atomic
def request_images(
    study: ImagingStudy,
    *,
    center: str,
    contact: str = "",
    phone: str = "",
    on: date,
    by: User,
    now: datetime,
    version: int | None = None,
) -> ImagingStudy:
    """The images of an outside scan were asked for; asked again moves the date. Whom to chase is kept with the center,
    for the next patient too. Opens the step that chases them."""
    study = lock(study, version)
    insist(policies.why_not_request_images(study, by, center, on=on, today=study.patient.team.local_date(now)))
    row, _ = ExternalCenter.objects.get_or_create(team_id=study.team_id, name=center.strip())
    contact, phone = contact.strip() or row.contact, phone.strip() or row.phone
    if (contact, phone) != (row.contact, row.phone):
        row.contact, row.phone = contact, phone
        row.save(update_fields=["contact", "phone"])
    withdraw_late([study], now=now, kinds=("images",))
    study.center, study.images_requested_on, study.images_received_on = row.name, on, None
    study.save_version("center", "images_requested_on", "images_received_on")
    audit("request_images", study, by=by, now=now, on=on.isoformat(), center=row.pk)
    refresh_chase(study, now=now)
    return study


@transaction.atomic
def receive_images(
    study: ImagingStudy, *, on: date, by: User, now: datetime, version: int | None = None
) -> ImagingStudy:
    """The images are here; nobody is chased any more."""
    study = lock(study, version)
    insist(policies.why_not_receive_images(study, by, on=on, today=study.patient.team.local_date(now)))
    study.images_received_on = on
    study.save_version("images_received_on")
    withdraw_late([study], now=now, kinds=("images",))
    audit("receive_images", study, by=by, now=now, on=on.isoformat())
    refresh_chase(study, now=now)
    return study


@transaction.atomic
def undo_images(study: ImagingStudy, *, by: User, now: datetime) -> ImagingStudy:
    """Takes back the last act: the receipt, else the request. With neither, nothing changes."""
    study = lock(study)
    insist(policies.why_not_take(study, by, even_done=True))
    if study.images_received_on is not None:
        study.images_received_on = None
    elif study.images_requested_on is not None:
        withdraw_late([study], now=now, kinds=("images",))
        study.images_requested_on = None
    else:
        return study
    study.save_version("images_requested_on", "images_received_on")
    audit("undo_images", study, by=by, now=now)
    refresh_chase(study, now=now)
    return study


def images_key(study: ImagingStudy) -> str:
    """The source key of the step that chases outside images."""
    return f"images:{study.pk}"


def refresh_chase(study: ImagingStudy, *, now: datetime) -> None:
    """Opens, moves or closes the step that chases outside images."""
    patient, asked = study.patient, study.images_requested_on
    if asked is None or study.images_received_on is not None or not patient.is_in_care:
        close_step(patient, source_key=images_key(study), because="Images settled", now=now)
        return
    open_step(
        patient,
        kind=StepKind.STUDY,
        source_key=images_key(study),
        what=f"Images of {study} from {study.center}: here, or ask again",
        now=now,
        owner=study.owner,
        owner_role=Role.NURSE_COORDINATOR,
        due_on=asked + timedelta(days=number(study.team_id, "images.chase").days),
        url=reverse("study-page", args=[study.pk]),
    )


@transaction.atomic
def acknowledge(reminder: Reminder, *, by: User, now: datetime, note: str = "") -> Reminder:
    """The person has seen the step and stands for it; it leaves their own inbox, and stays on the ladder until the
    study is done. The first acknowledgment stands."""
    row = _lock_step(reminder)
    insist(policies.why_not_acknowledge(row, by))
    if row.acknowledged_at is None:
        row.acknowledged_at, row.acknowledged_by, row.acknowledged_note = now, by, note.strip()[:250]
        row.save(update_fields=["acknowledged_at", "acknowledged_by", "acknowledged_note"])
        InboxItem.objects.open().filter(recipient=by, key=row.key).update(done_at=now)
        _audit_step("acknowledge", row, by=by, now=now, reason=note)
    return row


@transaction.atomic
def undo_acknowledge(reminder: Reminder, *, by: User, now: datetime) -> Reminder:
    """Whoever acknowledged a step takes it back."""
    row = _lock_step(reminder)
    insist(policies.why_not_undo_acknowledge(row, by))
    row.acknowledged_at, row.acknowledged_by, row.acknowledged_note = None, None, ""
    row.save(update_fields=["acknowledged_at", "acknowledged_by", "acknowledged_note"])
    InboxItem.objects.filter(recipient=by, key=row.key, withdrawn_at=None).update(done_at=None)
    _audit_step("undo_acknowledge", row, by=by, now=now)
    return row


def _lock_step(reminder: Reminder) -> Reminder:
    rows = Reminder.objects.select_for_update(of=("self",)).select_related("study__patient__team")
    found: Reminder = rows.get(pk=reminder.pk)
    return found


def _audit_step(verb: str, row: Reminder, *, by: User, now: datetime, reason: str = "") -> None:
    record(
        f"imaging.{verb}",
        by=by,
        now=now,
        subject=row.study,
        patient_ids=[row.patient_id],
        team_id=row.team_id,
        reason=reason.strip(),
        details={"step": row.step, "due": row.due_on.isoformat()},
    )
