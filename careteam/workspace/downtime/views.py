"""The page of printouts: see, fetch, make one now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.core.exceptions import BadRequest
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.audit.rules import Kind
from careteam.people.models import Team
from careteam.people.rules import Permission
from careteam.web.responses import redirect_or_refresh, render_page, toast
from careteam.workspace.downtime.commands import make_printout
from careteam.workspace.downtime.queries import Printout, printouts_of


@dataclass(frozen=True)
class TeamPrintouts:
    team: Team
    printouts: tuple[Printout, ...]


def _own_team(request: SignedInRequest, slug: str) -> Team:
    """A team whose patients the person may see; else 404."""
    return get_object_or_404(Team, slug=slug, pk__in=request.access.team_ids)


@requires(Permission.PATIENT_VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def printouts(request: SignedInRequest) -> HttpResponse:
    """The printouts of the person's teams. POST (`team`) makes today's anew."""
    now = timezone.now()
    if request.method == "POST":
        slug = request.POST.get("team", "").replace("\x00", "")
        if not slug:
            raise BadRequest("Which team?")
        made = make_printout(_own_team(request, slug), by=request.user, now=now)
        response = redirect_or_refresh(request, reverse("downtime"))
        toast(request, "Printout made" if made else "A printout is just being made", response=response)
        return response
    teams = [team for team in request.access.teams if team.pk in request.access.team_ids]
    lists = [TeamPrintouts(team, printouts_of(team)) for team in teams]
    return render_page(request, "workspace/downtime.html", {"lists": lists, "now": now})


@requires(Permission.PATIENT_VIEW)
@require_safe
def download(request: SignedInRequest, team: str, day: str) -> HttpResponseBase:
    """One printout as a file: an export of every patient in it."""
    owner = _own_team(request, team)
    try:
        on = date.fromisoformat(day)
    except ValueError as error:
        raise Http404("No such printout.") from error
    found = next((printout for printout in printouts_of(owner) if printout.on == on), None)
    if found is None:
        raise Http404("No such printout.")
    note_read(request, found.patient_ids, team_id=owner.pk, kind=Kind.EXPORT)
    name = f"downtime-{owner.slug}-{on.isoformat()}{found.path.suffix}"
    return FileResponse(found.path.open("rb"), as_attachment=True, filename=name)
