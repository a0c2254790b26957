"""The units in which a team reads results."""

from __future__ import annotations

from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from careteam.access import commands
from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission, Units
from careteam.web.responses import add_errors, invalid, redirect_or_refresh, render_page, toast
from careteam.workspace.people import home_team
from patients.record.rules import MEASURES, in_preferred, plain


class UnitsForm(forms.Form):
    units = forms.ChoiceField(label="Results are read in", choices=Units.choices, widget=forms.RadioSelect)


# Tests whose units differ, each with a value that everybody knows how to read.
EXAMPLES = {"718-7": "9.1", "2160-0": "1.1", "1975-2": "0.8", "1751-7": "3.8", "2345-7": "104"}


@requires(Permission.TEAM_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def team_units(request: SignedInRequest) -> HttpResponse:
    """The units in which the team reads results, with examples."""
    team = home_team(request)
    form = UnitsForm(request.POST or None, initial={"units": team.units})
    if request.method == "POST" and form.is_valid():
        try:
            commands.choose_units(team, Units(form.cleaned_data["units"]), by=request.user, now=timezone.now())
        except ValidationError as error:
            add_errors(form, error)
        else:
            toast(request, "Results are shown in the new units")
            return redirect_or_refresh(request, reverse("team"))
    context = {"form": form, "team": team, "systems": list(Units), "examples": _examples()}
    if form.errors:
        return invalid(request, "workspace/units.html", context)
    return render_page(request, "workspace/units.html", context)


def _examples() -> list[tuple[str, list[str]]]:
    def read(code: str, value: str, system: Units) -> str:
        shown, unit = in_preferred(code, Decimal(value), "", system)
        return f"{plain(shown)} {unit}"

    return [(MEASURES[code].label, [read(code, value, system) for system in Units]) for code, value in EXAMPLES.items()]
