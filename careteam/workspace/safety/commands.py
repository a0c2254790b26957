"""Puts back on the list what is open anyway: the same acts by a person's click and by the nightly reconciler."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.urls import reverse

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.workspace.safety.queries.behind import Behind, open_without_step
from careteam.workspace.safety.queries.truth import stale_steps
from patients.imaging.commands.base import refresh_step as refresh_study
from patients.record.commands import close_step
from patients.record.models import Patient
from patients.record.policies import why_not_edit
from patients.treatment.commands.steps import refresh_step as refresh_line
from tumorboard.actions.commands import refresh_step as refresh_action
from tumorboard.meetings.models import AgendaItem
from tumorboard.referrals.commands import refresh_step as refresh_referral

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def put_back(patient: Patient, *, by: User | None, now: datetime) -> tuple[str, ...]:
    """Opens the next steps that are missing, closes those whose work is over. Returns the keys of both; without any,
    nothing is written. `by=None` is the reconciler."""
    patient = Patient.objects.select_for_update(of=("self",)).select_related("team").get(pk=patient.pk)
    if by is not None:
        insist(why_not_edit(patient, by))
    if not patient.is_in_care:
        return ()
    found = open_without_step([patient.pk]).get(patient.pk, Behind())
    opened = _reopen(found, now=now)
    closed = [step.source_key for step in stale_steps(patient.team_id, patient_ids=[patient.pk])]
    for key in closed:
        close_step(patient, source_key=key, because="Its work is over", now=now)
    if opened or closed:
        record(
            "safety.put_back",
            by=by,
            now=now,
            subject=patient,
            patient_ids=[patient.pk],
            team_id=patient.team_id,
            details={"reopened": opened, "closed": closed},
        )
    return (*opened, *closed)


def _reopen(found: Behind, *, now: datetime) -> list[str]:
    for study in found.studies:
        refresh_study(study, now=now)
    for line in found.lines:
        refresh_line(line, now=now)
    for referral in found.referrals:
        refresh_referral(referral, **_meeting(referral), now=now)
    for action in found.actions:
        refresh_action(action, now=now)
    return list(found.row_keys())


def _meeting(referral: Any) -> dict[str, Any]:
    """Day and page of the meeting on whose agenda the referral stands; nothing for one that waits."""
    item = AgendaItem.objects.valid().open().filter(referral=referral).select_related("meeting__board__team").first()
    if item is None:
        return {}
    meeting = item.meeting
    on = meeting.board.team.local_date(meeting.starts_at)
    return {"on": on, "url": reverse("meeting", args=[meeting.pk])}
