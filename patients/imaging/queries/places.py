"""Where the scans of some teams are booked and made: a filter of the worklist."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Q

from patients.imaging.models import ImagingStudy
from patients.imaging.rules import StudyStatus

SECONDS = 60  # how late a new place may join the filter
MOST = 60
NO_SLOT, OUTSIDE = "none", "outside"


@dataclass(frozen=True)
class Place:
    """One place in every way that it is written."""

    name: str
    spellings: tuple[str, ...]


def places_of(teams: Iterable[int]) -> Mapping[str, Place]:
    """By a code for addresses and saved views: places are typed by hand, so case and spaces do not make two of one."""
    ids = sorted(teams)
    key = f"imaging-places:{'-'.join(map(str, ids))}"
    found: Mapping[str, Place] | None = cache.get(key)
    if found is None:
        rows = ImagingStudy.objects.valid().filter(
            team_id__in=ids, status__in=[StudyStatus.SCHEDULED, StudyStatus.PERFORMED]
        )
        written: dict[str, list[str]] = defaultdict(list)
        for place in rows.exclude(place="").order_by().values_list("place", flat=True).distinct()[: 4 * MOST]:
            written[" ".join(place.casefold().split())].append(place)
        known = sorted(written.items())[:MOST]
        found = {_code(name): Place(min(places), tuple(places)) for name, places in known}
        cache.set(key, found, SECONDS)
    return found


def _code(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:10]


def at_place(code: str, places: Mapping[str, Place]) -> Q:
    """Studies of a choice of the filter; what is unknown filters nothing."""
    if code == NO_SLOT:
        return ~Q(status=StudyStatus.SCHEDULED)
    if code == OUTSIDE:
        return ~Q(center="")
    return Q(place__in=places[code].spellings) if code in places else Q()
