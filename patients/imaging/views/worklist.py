"""The coordinator's worklist."""

from __future__ import annotations

from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.models import User
from careteam.people.rules import Permission
from careteam.web.paging import keyset_page, with_params
from careteam.web.parts import Tab
from careteam.web.responses import render_page, wants_fragment
from patients.imaging.forms import (
    CLOSE_CHOICES,
    SORT_KEYS,
    TAB_KEYS,
    ContactForm,
    SnoozeForm,
    ViewForm,
    coded,
    filter_form,
)
from patients.imaging.models import ImagingStudy
from patients.imaging.policies import PLANNING, may_share_views, why_not_take, why_not_wait
from patients.imaging.queries import (
    STOPPED,
    STOPPED_SORTS,
    TABS,
    Counts,
    WorkRow,
    figures_of,
    ladder_of,
    narrowed,
    places_of,
    red_day,
    rows_of,
    scope_of,
    sorts_of,
    stopped_plans,
    views_of,
    work,
)
from patients.imaging.rules import NOT_YET_DONE

PAGE = 50


def row_context(request: SignedInRequest, study: ImagingStudy, row: WorkRow, *, opened: str = "") -> dict[str, Any]:
    """One row, with its details when it is expanded. `opened`: "" (closed), "1", or the part that takes focus
    ("contact", "snooze")."""
    context: dict[str, Any] = {
        "row": row,
        "study": study,
        "today": study.patient.team.local_date(timezone.now()),
        "is_open": bool(opened),
        "may_work": not why_not_take(study, request.user),
        "may_review": request.access.may(Permission.IMAGING_REVIEW, study.team_id),
        "may_report": request.access.may(Permission.IMAGING_REPORT, study.team_id),
    }
    context["may_pick"] = context["may_work"] and study.status in NOT_YET_DONE
    if opened:
        steps, contacts = ladder_of(study, now=timezone.now())
        contact = ContactForm(auto_id=f"c{study.pk}_%s", initial={"kind": _next_kind(row)})
        snooze = SnoozeForm(auto_id=f"z{study.pk}_%s", initial={"version": study.version})
        _focus(contact if opened == "contact" else snooze if opened == "snooze" else None)
        context |= {
            "steps": steps,
            "contacts": contacts,
            "contact_form": contact,
            "snooze_form": snooze,
            "why_not_snooze": why_not_wait(red_day(study), context["today"]),
            "close_choices": CLOSE_CHOICES,
        }
    return context


def _next_kind(row: WorkRow) -> str:
    return "letter" if row.attempts.is_letter_next else "phone"


def _focus(form: Any) -> None:
    if form is not None:
        name = "note" if "kind" in form.fields else "until"
        form.fields[name].widget.attrs["data-focus"] = ""


def one_row(request: SignedInRequest, study: ImagingStudy, *, opened: str = "") -> dict[str, Any]:
    """The context of a single row, as after an act on it."""
    scope = scope_of(study.patient.team, team_ids=[study.team_id], now=timezone.now())
    return row_context(request, study, rows_of([study], scope)[0], opened=opened)


def _tabs(request: SignedInRequest, current: str, figures: Counts) -> list[Tab]:
    forget: dict[str, str | None] = {"open": None, "sort": None, "view": None}
    tabs = [
        Tab(
            label,
            with_params(request.GET, tab=key, **forget),
            current=key == current,
            count=figures.of(key),
        )
        for key, label in TABS
    ]
    return [*tabs, Tab("Stopped", with_params(request.GET, tab=STOPPED, **forget), current=current == STOPPED)]


def _stopped(request: SignedInRequest, *, counted: Counts) -> HttpResponse:
    """Where imaging is off, and why."""
    page = keyset_page(stopped_plans(request.access.team_ids), sorts=STOPPED_SORTS, params=request.GET, size=PAGE)
    note_read(request, [plan.patient_id for plan in page.rows])
    context = {"page": page, "figures": counted, "tabs": _tabs(request, STOPPED, counted)}
    return render_page(request, "patients/imaging/stopped.html", context, fragment="list")


@requires(Permission.PATIENT_VIEW)
@require_safe
def imaging_worklist(request: SignedInRequest) -> HttpResponse:
    """One list, sorted by risk; filters and the expanded row are in the URL. Without any, a person's default view."""
    access, home = request.access, request.access.home
    if home is None:
        raise Http404("You belong to no team.")
    views = views_of(request.user, access.team_ids)
    default = next((view for view in views if view.is_default and view.owner_id == request.user.pk), None)
    if default is not None and not request.GET and not wants_fragment(request):
        return HttpResponseRedirect(f"?{urlencode({**default.query, 'view': default.pk})}")
    scope = scope_of(home, team_ids=access.team_ids, now=timezone.now())
    figures = figures_of(access.team_ids, scope)
    tab = request.GET.get("tab", "act")
    if tab == STOPPED:
        return _stopped(request, counted=figures)
    tab = tab if tab in dict(TABS) else "act"
    filters = filter_form(request.GET, access.team_ids)
    query = coded(request.GET, filters, tabs=TAB_KEYS, sorts=SORT_KEYS)
    found = narrowed(work(scope, tab), scope, filters.cleaned_data, request.user.pk, places_of(access.team_ids))
    page = keyset_page(found, sorts=sorts_of(scope, tab), params=request.GET, size=PAGE)
    rows = rows_of(page.rows, scope)
    note_read(request, [row.study.patient_id for row in rows])
    expanded = request.GET.get("open", "")
    shown = [row_context(request, row.study, row, opened="1" if str(row.study.pk) == expanded else "") for row in rows]
    by_risk = page.sort.key == "risk" and not page.descending
    groups = (
        [(group, list(members)) for group, members in groupby(shown, key=lambda item: item["row"].group)]
        if by_risk
        else [(("", ""), shown)]
    )
    may_share = may_share_views(request.user, home.pk)
    context = {
        "page": page,
        "groups": groups,
        "figures": figures,
        "filters": filters,
        "is_filtered": bool(set(query) - {"tab", "sort"}),
        "keep": {"tab": tab} if tab != "act" else {},
        "today": scope.today,
        "tab": tab,
        "tabs": _tabs(request, tab, figures),
        "may_pick": tab not in {"report", "review"} and any(access.may(right, home.pk) for right in PLANNING),
        "query": urlencode(query),
        "views": _chips(views, request.user, query),
        "view_form": ViewForm(auto_id="v_%s", may_share=may_share),
    }
    return render_page(request, "patients/imaging/worklist.html", context, fragment="list")


def _chips(views: list[Any], user: User, query: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "view": view,
            "url": f"?{urlencode({**view.query, 'view': view.pk})}",
            "is_mine": view.owner_id == user.pk,
            "is_default": view.is_default and view.owner_id == user.pk,
            "current": view.query == query,
        }
        for view in views
    ]
