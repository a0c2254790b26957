"""Places for scans: the list, one row of it, and free days while a slot is booked."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.people.models import Team
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, invalid, redirect_or_refresh, render_page, toast
from careteam.web.stale import resolved, stale_answer
from patients.capacity import commands, policies
from patients.capacity.forms import CapacityForm
from patients.capacity.models import ImagingCapacity
from patients.capacity.queries import capacities_of, free_days_of
from patients.imaging.policies import PLANNING
from patients.imaging.queries import readable_study
from patients.record.models import StaleEdit
from patients.record.queries import saved_meanwhile

LIST, ROW, FREE = "patients/capacity/list.html", "patients/capacity/row.html", "patients/capacity/free.html"


def _team(request: SignedInRequest) -> Team:
    """The team whose places are shown: where the person may set them up, else the home team."""
    access = request.access
    for right in policies.RIGHTS:
        for team in access.teams:
            if team.pk in access.teams_where(right):
                return team
    if access.home is None:
        raise Http404("You belong to no team.")
    return access.home


@requires(Permission.PATIENT_VIEW, *policies.RIGHTS)
@require_safe
def capacity_list(request: SignedInRequest) -> HttpResponse:
    """How many scans can be booked, by kind, place and weekday."""
    team = _team(request)
    context = {
        "team": team,
        "rows": capacities_of(team),
        "today": team.local_date(timezone.now()),
        "may_set_up": not policies.why_not_set_up(team, request.user),
    }
    return render_page(request, LIST, context)


@requires(*policies.RIGHTS)
@require_http_methods(["GET", "HEAD", "POST"])
def capacity_new(request: SignedInRequest) -> HttpResponse:
    """Adds places."""
    return _row(request, _team(request), None)


@requires(*policies.RIGHTS)
@require_http_methods(["GET", "HEAD", "POST"])
def capacity_change(request: SignedInRequest, capacity_id: int) -> HttpResponse:
    """Changes places."""
    team = _team(request)
    return _row(request, team, get_object_or_404(ImagingCapacity, pk=capacity_id, team=team))


def _row(request: SignedInRequest, team: Team, row: ImagingCapacity | None) -> HttpResponse:
    now = timezone.now()
    start = CapacityForm.start_of(row) if row else {"valid_from": team.local_date(now)}
    data: Any = None
    if request.method == "POST":
        data = resolved(request.POST, CapacityForm(), start) if row else request.POST
    form = CapacityForm(data, initial=start)
    context = {"team": team, "row": row, "form": form}
    if request.method != "POST":
        return render_page(request, ROW, context)
    if not form.is_valid():
        return invalid(request, ROW, context)
    said = form.cleaned_data
    try:
        commands.set_capacity(
            team,
            modality=said["modality"],
            place=said["place"],
            slots=form.slots,
            valid_from=said["valid_from"],
            valid_until=said["valid_until"],
            row=row,
            version=said["version"],
            by=request.user,
            now=now,
        )
    except StaleEdit as stale:
        return stale_answer(request, ROW, context, form, stale.current, saved_meanwhile)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, ROW, context)
    response = redirect_or_refresh(request, reverse("capacity"))
    toast(request, "Places saved", response=response)
    return response


@requires(*PLANNING)
@require_safe
def free_places(request: SignedInRequest, study_id: int) -> HttpResponse:
    """The next days with a free place for this scan; the booking form loads it as a part."""
    study = readable_study(request, study_id)
    team = study.patient.team
    now = timezone.now()
    free = free_days_of([study], now=now)
    context = {
        "study": study,
        "patient": study.patient,
        "today": team.local_date(now),
        "free": free.of(study),
        "is_set_up": free.is_set_up(study),
    }
    return render_page(request, FREE, context, fragment="free")
