"""The coordinator's worklist."""

from __future__ import annotations

from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.rules import Permission
from careteam.web.paging import keyset_page, with_params
from careteam.web.parts import Tab
from careteam.web.responses import render_page
from patients.imaging.forms import CLOSE_CHOICES, ContactForm, FilterForm
from patients.imaging.models import ImagingStudy
from patients.imaging.policies import why_not_take
from patients.imaging.queries import (
    STOPPED,
    STOPPED_SORTS,
    TABS,
    Counts,
    WorkRow,
    absent_people,
    counts,
    ladder_of,
    limits_of,
    rows_of,
    sorts_of,
    stopped_plans,
    work,
)
from patients.imaging.queries.worklist import unowned
from patients.protocol.queries import numbers

PAGE = 50
FIGURES_SECONDS = 15  # how old the figures of the head line may be; the rows below are always of this moment


def _figures_key(teams: frozenset[int]) -> str:
    return f"imaging-figures:{'-'.join(map(str, sorted(teams)))}"


def _figures(teams: frozenset[int], **kwargs: Any) -> Counts:
    figures: Counts | None = cache.get(_figures_key(teams))
    if figures is None:
        figures = counts(teams, **kwargs)
        cache.set(_figures_key(teams), figures, FIGURES_SECONDS)
    return figures


def forget_figures(teams: frozenset[int]) -> None:
    """Whoever has just acted sees the head line of this moment."""
    cache.delete(_figures_key(teams))


def row_context(request: SignedInRequest, study: ImagingStudy, row: WorkRow, *, is_open: bool) -> dict[str, Any]:
    """One row, with its details when it is expanded."""
    context: dict[str, Any] = {
        "row": row,
        "study": study,
        "today": study.patient.team.local_date(timezone.now()),
        "is_open": is_open,
        "may_work": not why_not_take(study, request.user),
        "may_review": request.access.may(Permission.IMAGING_REVIEW, study.team_id),
        "may_report": request.access.may(Permission.IMAGING_REPORT, study.team_id),
    }
    if is_open:
        steps, contacts = ladder_of(study, now=timezone.now())
        context |= {
            "steps": steps,
            "contacts": contacts,
            "contact_form": ContactForm(auto_id=f"c{study.pk}_%s"),
            "close_choices": CLOSE_CHOICES,
        }
    return context


def one_row(request: SignedInRequest, study: ImagingStudy, *, is_open: bool) -> dict[str, Any]:
    """The context of a single row, as after an act on it."""
    now = timezone.now()
    today = study.patient.team.local_date(now)
    absent = absent_people([study.team_id], today)
    limits = limits_of(numbers(study.team_id))
    row = rows_of([study], today=today, now=now, absent=absent, limits=limits)[0]
    return row_context(request, study, row, is_open=is_open)


def _tabs(request: SignedInRequest, current: str, figures: Counts) -> list[Tab]:
    tabs = [
        Tab(
            label,
            with_params(request.GET, tab=key, open=None, sort=None),
            current=key == current,
            count=figures.of(key),
        )
        for key, label in TABS
    ]
    return [
        *tabs,
        Tab("Stopped", with_params(request.GET, tab=STOPPED, open=None, sort=None), current=current == STOPPED),
    ]


def _stopped(request: SignedInRequest, *, counted: Counts) -> HttpResponse:
    """Where imaging is off, and why."""
    page = keyset_page(stopped_plans(request.access.team_ids), sorts=STOPPED_SORTS, params=request.GET, size=PAGE)
    note_read(request, [plan.patient_id for plan in page.rows])
    context = {"page": page, "figures": counted, "tabs": _tabs(request, STOPPED, counted)}
    return render_page(request, "patients/imaging/stopped.html", context, fragment="list")


@requires(Permission.PATIENT_VIEW)
@require_safe
def imaging_worklist(request: SignedInRequest) -> HttpResponse:
    """One list, sorted by risk; filters and the expanded row are in the URL."""
    access = request.access
    home = access.home
    if home is None:
        raise Http404("You belong to no team.")
    teams = access.team_ids
    now = timezone.now()
    today, zone = home.local_date(now), ZoneInfo(home.time_zone)
    absent = absent_people(teams, today)
    limits = limits_of(numbers(home.pk))
    tab = request.GET.get("tab", "act")
    if tab == STOPPED:
        return _stopped(request, counted=_figures(teams, today=today, zone=zone, absent=absent, limits=limits))
    tab = tab if tab in dict(TABS) else "act"
    filters = FilterForm(request.GET, auto_id="f_%s")
    chosen = filters.cleaned_data if filters.is_valid() else {}
    found = work(teams, tab=tab, today=today, zone=zone, absent=absent, limits=limits)
    if chosen.get("modality"):
        found = found.filter(modality=chosen["modality"])
    if chosen.get("owner") == "nobody":
        found = found.filter(unowned(absent))
    elif chosen.get("owner") == "mine":
        found = found.filter(owner=request.user)
    sorts = sorts_of(tab, today=today, zone=zone, absent=absent, limits=limits)
    page = keyset_page(found, sorts=sorts, params=request.GET, size=PAGE)
    rows = rows_of(page.rows, today=today, now=now, absent=absent, limits=limits)
    note_read(request, [row.study.patient_id for row in rows])
    figures = _figures(teams, today=today, zone=zone, absent=absent, limits=limits)
    expanded = request.GET.get("open", "")
    shown = [row_context(request, row.study, row, is_open=str(row.study.pk) == expanded) for row in rows]
    by_risk = page.sort.key == "risk" and not page.descending
    groups = (
        [(group, list(members)) for group, members in groupby(shown, key=lambda item: item["row"].group)]
        if by_risk
        else [(("", ""), shown)]
    )
    context = {
        "page": page,
        "groups": groups,
        "figures": figures,
        "filters": filters,
        "keep": {"tab": tab} if tab != "act" else {},
        "today": today,
        "tabs": _tabs(request, tab, figures),
    }
    return render_page(request, "patients/imaging/worklist.html", context, fragment="list")
