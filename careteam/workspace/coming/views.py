"""The coming weeks as a calendar and as a list; recording a dose without leaving them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.queries import team_people
from careteam.people.rules import Permission
from careteam.web.parts import Tab
from careteam.web.responses import (
    add_errors,
    conflict,
    invalid,
    redirect_or_refresh,
    render_page,
    toast,
    wants_fragment,
)
from careteam.workspace.coming import rules
from careteam.workspace.coming.forms import ComingFilter, GivenForm
from careteam.workspace.coming.queries import FEW, LIMIT, Scope, coming, places
from patients.record.models import StaleEdit
from patients.treatment.commands import give_administration
from patients.treatment.models import Administration

VIEWS = {"week": "Calendar", "list": "List"}
SOON = 7  # days ahead in which a dose can be recorded from the list


@requires(Permission.PATIENT_VIEW)
@require_safe
def coming_weeks(request: SignedInRequest) -> HttpResponse:
    """The weeks from `from` on. Filters, view and window stand in the URL."""
    access = request.access
    home = access.home
    now = timezone.now()
    today = home.local_date(now) if home else now.date()
    asked = {"weeks": str(rules.DEFAULT_WEEKS), **request.GET.dict()}
    chosen = ComingFilter(asked, me=request.user, people=team_people(access.team_ids))
    values = chosen.chosen
    window = rules.window_of(request.GET.get("from", ""), values.pop("weeks", ""), today)
    view = request.GET.get("view") if request.GET.get("view") in VIEWS else "week"
    scope = Scope(
        user=request.user,
        team_ids=access.team_ids,
        zone=ZoneInfo(home.time_zone if home else "UTC"),
        today=today,
        window=window,
        kind=values.get("kind", ""),
        owner=values.get("owner", ""),
        modality=values.get("modality", ""),
        site=values.get("site", ""),
    )
    found = coming(scope)
    note_read(request, sorted(found.patient_ids))
    kept = {**values, "weeks": str(window.weeks)}

    def here(**changed: str) -> str:
        return "?" + urlencode({**kept, "view": str(view), "from": window.since.isoformat(), **changed})

    step = rules.WEEK * window.weeks
    # What is overdue stands on top; the list does not say it twice.
    late = {entry.key for entry in found.overdue}
    context: dict[str, Any] = {
        "today": today,
        "window": window,
        "view": view,
        "here": here(),
        "as_list": here(view="list"),
        "tabs": [Tab(label, here(view=key), current=view == key) for key, label in VIEWS.items()],
        "filter": chosen,
        "keep": {"view": view, "from": window.since.isoformat()},
        "previous": here(**{"from": (window.since - step).isoformat()}),
        "this_week": here(**{"from": rules.monday(today).isoformat()}),
        "following": here(**{"from": (window.since + step).isoformat()}),
        "overdue": found.overdue,
        "held": found.held,
        "total": sum(found.counts.values()),
        "is_cut": found.is_cut,
        "limit": LIMIT,
        "few": FEW,
        "soon": today + timedelta(days=SOON),
        "late": late,
    }
    off = rules.holiday_names(home.country, window.days) if home else {}
    booked = places(scope, found.counts, home.country if home else "")
    if view == "week":
        context["weeks"] = rules.weeks_of(window, found.entries, found.counts, today=today, off=off, loads=booked)
    else:
        rows = [entry for entry in found.entries if entry.key not in late]
        context["days"] = [(on, off.get(on, ""), entries, booked.get(on, [])) for on, entries in rules.by_day(rows)]
    return render_page(request, "workspace/coming.html", context, fragment="weeks")


@requires(Permission.ADMINISTRATION_RECORD)
@require_POST
def coming_given(request: SignedInRequest, dose_id: int) -> HttpResponse:
    """Records a dose as given, as planned in amount. What needs more words has its own page."""
    rows = (
        Administration.objects.valid().visible_to(request.user).select_related("line__patient__team", "patient__team")
    )
    dose: Administration | None = rows.filter(pk=dose_id).first()
    if dose is None:
        raise Http404("No such dose, or not yours to see.")
    note_read(request, [dose.patient_id], team_id=dose.patient.team_id)
    back = request.POST.get("back", "")
    form = GivenForm(request.POST)
    context: dict[str, Any] = {
        "dose": dose,
        "form": form,
        "back": back if back.startswith("?") else "",
        "full": reverse("dose-record", args=[dose.patient_id, dose.pk]),
    }
    if not form.is_valid():
        return invalid(request, "workspace/coming_given.html", context, fragment="cell")
    try:
        give_administration(
            dose,
            on=form.cleaned_data["on"],
            amount=dose.dose,
            unit=dose.dose_unit,
            version=form.cleaned_data["version"],
            by=request.user,
            now=timezone.now(),
        )
    except StaleEdit:
        form.add_error(None, "Somebody recorded or moved this dose meanwhile.")
        return conflict(request, "workspace/coming_given.html", context, fragment="cell")
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, "workspace/coming_given.html", context, fragment="cell")
    events = ("lineChanged",) if wants_fragment(request) else ()
    response = redirect_or_refresh(request, reverse("coming") + str(context["back"]), events=events)
    toast(request, f"{dose.line.label}, dose {dose.number}: given", response=response)
    return response
