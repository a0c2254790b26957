"""Who comes on a day; booking a visit; saying that the patient came."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import BadRequest, ValidationError
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.rules import Permission
from careteam.web.parts import Tab
from careteam.web.responses import invalid, redirect_or_refresh, render_page, toast, wants_fragment
from careteam.workspace.clinic import rules
from careteam.workspace.clinic.forms import BookForm, ClinicFilter, CloseVisitForm
from careteam.workspace.clinic.queries import ClinicDay, who_comes
from careteam.workspace.coming.rules import holiday_names
from patients.record.commands.visits import book_visit, close_visit
from patients.record.models import Encounter, StaleEdit
from patients.record.policies import why_not_book_visit
from patients.record.queries import readable_patient
from patients.record.rules.visits import VisitKind, VisitStatus
from patients.treatment.models import TreatmentSite


@requires(Permission.PATIENT_VIEW)
@require_safe
def clinic(request: SignedInRequest) -> HttpResponse:
    """One day (`on`), everybody or those with something open of one kind (`open`), of one clinic or site."""
    access = request.access
    home = access.home
    now = timezone.now()
    today = home.local_date(now) if home else now.date()
    on = rules.day_of(request.GET.get("on", ""), today)
    wanted = request.GET.get("open", "")
    wanted = wanted if wanted in rules.Open.values else ""
    sites = TreatmentSite.objects.filter(team_id__in=access.team_ids, is_active=True).order_by("name", "pk")
    chosen = ClinicFilter(request.GET, sites=sites)
    kept = chosen.chosen
    zone = ZoneInfo(home.time_zone if home else "UTC")
    page = request.GET.get("page", "")
    day = who_comes(
        ClinicDay(request.user, access.team_ids, zone, on, today, kept.get("clinic", ""), kept.get("site", "")),
        wanted=wanted,
        page=int(page) if page.isdecimal() and len(page) < 6 else 1,  # more pages than people live
    )
    note_read(request, sorted(comer.row.patient.pk for comer in day.comers))
    off = holiday_names(home.country, [on]) if home else {}

    def here(**changed: str) -> str:
        return "?" + urlencode({"on": on.isoformat(), **kept, **changed})

    narrowed = {"open": wanted} if wanted else {}
    context: dict[str, Any] = {
        "today": today,
        "on": on,
        "holiday": off.get(on, ""),
        "here": here(**narrowed, page=str(day.page)),
        "previous": here(on=rules.working_day(on, -1).isoformat()),
        "this_day": here(on=today.isoformat()),
        "following": here(on=rules.working_day(on, 1).isoformat()),
        "week": [(each, here(on=each.on.isoformat(), **narrowed)) for each in day.week],
        "day": day,
        "earlier": here(**narrowed, page=str(day.page - 1)) if day.page > 1 else "",
        "later": here(**narrowed, page=str(day.page + 1)) if day.page < day.pages else "",
        "filter": chosen,
        "keep": {"on": on.isoformat(), **narrowed},
        "tabs": [
            Tab("All", here(), current=not wanted, count=day.everybody),
            *(
                Tab(str(count.kind.label), here(open=count.kind), current=wanted == count.kind, count=count.number)
                for count in day.counts
            ),
        ],
        "may_close": access.may(Permission.PATIENT_EDIT),
    }
    return render_page(request, "workspace/clinic.html", context, fragment="day")


def _visit(request: SignedInRequest, visit_id: int) -> Encounter:
    rows = Encounter.objects.valid().visible_to(request.user).select_related("patient__team")
    visit: Encounter | None = rows.filter(pk=visit_id).first()
    if visit is None:
        raise Http404("No such visit, or not yours to see.")
    note_read(request, [visit.patient_id], team_id=visit.patient.team_id)
    return visit


def _closed(request: SignedInRequest, visit: Encounter, to: VisitStatus, version: int | None) -> HttpResponse:
    """Moves the visit; a refusal is said in a toast. The day's list fetches itself again."""
    day = visit.patient.team.local_date(visit.starts_at)
    events = ("visitChanged",) if wants_fragment(request) else ()
    response = redirect_or_refresh(request, reverse("clinic") + "?" + urlencode({"on": day.isoformat()}), events=events)
    try:
        close_visit(visit, to, by=request.user, now=timezone.now(), version=version)
    except StaleEdit:
        toast(request, "Somebody changed this visit meanwhile. Look at it again.", response=response, kind="red")
    except ValidationError as error:
        toast(request, " ".join(error.messages), response=response, kind="red")
    else:
        undo = "" if to is VisitStatus.BOOKED else reverse("visit-reopen", args=[visit.pk])
        toast(request, f"Visit: {to.label.lower()}", response=response, undo_url=undo)
    return response


@requires(Permission.PATIENT_EDIT)
@require_POST
def visit_close(request: SignedInRequest, visit_id: int) -> HttpResponse:
    """The patient came, did not come, or the visit was canceled; the toast takes it back."""
    visit = _visit(request, visit_id)
    form = CloseVisitForm(request.POST)
    if not form.is_valid():
        raise BadRequest("What became of the visit?")
    return _closed(request, visit, VisitStatus(form.cleaned_data["to"]), form.cleaned_data["version"])


@requires(Permission.PATIENT_EDIT)
@require_POST
def visit_reopen(request: SignedInRequest, visit_id: int) -> HttpResponse:
    """Undo of closing: the visit is booked again."""
    return _closed(request, _visit(request, visit_id), VisitStatus.BOOKED, None)


@requires(Permission.PATIENT_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def visit_book(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """A small form on the patient: what, when, with whom, what for."""
    patient = readable_patient(request, patient_id)
    form = BookForm(request.POST if request.method == "POST" else None, initial={"kind": VisitKind.VISIT})
    context = {
        "patient": patient,
        "form": form,
        "title": "Book a visit",
        "save": "Book",
        "why_not": why_not_book_visit(patient, request.user),
        "back": reverse("patient", args=[patient.pk]),
    }
    if request.method != "POST":
        return render_page(request, "workspace/visit.html", context)
    if not form.is_valid():
        return invalid(request, "workspace/visit.html", context)
    try:
        book_visit(
            patient,
            kind=VisitKind(form.cleaned_data["kind"]),
            at=form.cleaned_data["at"],
            with_whom=form.cleaned_data["with_whom"],
            reason=form.cleaned_data["reason"],
            by=request.user,
            now=timezone.now(),
        )
    except ValidationError as error:
        form.add_error("at" if "past" in " ".join(error.messages) else None, error.messages)
        return invalid(request, "workspace/visit.html", context)
    response = redirect_or_refresh(request, reverse("patient", args=[patient.pk]))
    toast(request, "Visit booked", response=response)
    return response
