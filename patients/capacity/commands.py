"""The only writer of places for scans."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.people.models import Team
from patients.capacity import policies
from patients.capacity.models import ImagingCapacity
from patients.record.models import StaleEdit

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def set_capacity(
    team: Team,
    *,
    modality: str,
    place: str,
    slots: Sequence[int],
    valid_from: date,
    by: User,
    now: datetime,
    valid_until: date | None = None,
    row: ImagingCapacity | None = None,
    version: int | None = None,
) -> ImagingCapacity:
    """Adds places (Monday first), or changes `row`. Booked slots stay as they are: too many show as overbooked. Raises
    `StaleEdit` when the row is no longer in the `version` that the form was opened with."""
    insist([*policies.why_not_set_up(team, by), *policies.why_not_values(slots, valid_from, valid_until)])
    Team.objects.select_for_update().get(pk=team.pk)
    kept = ImagingCapacity(team=team) if row is None else ImagingCapacity.objects.select_for_update().get(pk=row.pk)
    if row is not None and version is not None and kept.version != version:
        raise StaleEdit(kept)
    place = " ".join(place.split())
    twins = ImagingCapacity.objects.filter(
        team=team, modality=modality, place__iexact=place, valid_from=valid_from
    ).exclude(pk=kept.pk)
    if twins.exists():
        raise ValidationError({"valid_from": "Places of this scan there begin on this day already: change those."})
    kept.modality, kept.place, kept.slots = modality, place, list(slots)
    kept.valid_from, kept.valid_until = valid_from, valid_until
    kept.version += 0 if row is None else 1
    kept.save()
    record("capacity.set", by=by, now=now, subject=kept, team_id=team.pk, details={"modality": modality})
    return kept
