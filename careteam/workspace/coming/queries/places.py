"""How much of each day's places is booked: scans by kind and place, PRRT doses at the team's sites."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from careteam.web.holidays import is_day_off
from careteam.workspace.coming.queries.scope import Scope
from careteam.workspace.coming.rules import Kind
from patients.capacity.queries import loads
from patients.capacity.rules import Load
from patients.treatment.models import TreatmentSite


def places(scope: Scope, counts: Mapping[tuple[date, str], int], country: str) -> dict[date, list[Load]]:
    """By day from today on, what is booked of what there is (a slot that was used is none any more). Of scans
    everything is counted, whatever the filters narrow; PRRT doses are those counted already, so that a narrowed week
    says nothing about them. Three queries at most."""
    days = [on for on in scope.window.days if on >= scope.today]
    found: dict[date, list[Load]] = {}
    if not days:
        return found
    if scope.wants(Kind.SCAN) and not scope.modality:
        found = loads(scope.team_ids, days, zone=scope.zone, country=country)
    if scope.wants(Kind.PRRT) and not (scope.owner or scope.modality or scope.site):
        sites = TreatmentSite.objects.filter(team_id__in=scope.team_ids, is_active=True)
        limits = list(sites.values_list("per_day", flat=True))
        if limits and all(limits):  # a site without a limit takes any number
            for on in days:
                booked = counts.get((on, Kind.PRRT), 0)
                is_off = is_day_off(on, country)
                if booked or not is_off:
                    load = Load(on, "PRRT", booked, 0 if is_off else sum(limits), is_closed=is_off)
                    found.setdefault(on, []).append(load)
    return found
