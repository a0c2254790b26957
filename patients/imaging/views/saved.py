"""Saved views of the worklist."""

from __future__ import annotations

from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, invalid, render_page, toast
from patients.imaging import commands
from patients.imaging.forms import SORT_KEYS, TAB_KEYS, ViewForm, coded, filter_form
from patients.imaging.models import SavedView
from patients.imaging.policies import may_share_views

FORM = "patients/imaging/view_form.html"


def _to(view: SavedView) -> HttpResponse:
    return HttpResponseRedirect(
        f"{reverse('imaging-worklist')}?{urlencode({**view.query, 'view': view.pk})}", status=303
    )


def _mine(request: SignedInRequest, view_id: int) -> SavedView:
    """One's own view, removed or not (else 404)."""
    return get_object_or_404(SavedView, pk=view_id, owner=request.user, team_id__in=request.access.team_ids)


@requires(Permission.PATIENT_VIEW)
@require_http_methods(["GET", "POST"])
def view_save(request: SignedInRequest) -> HttpResponse:
    """Keeps the present filters (`query`, the coded part of the address) under a name."""
    data = request.POST if request.method == "POST" else request.GET
    params = QueryDict(data.get("query", "")[:500])
    query = coded(params, filter_form(params, request.access.team_ids), tabs=TAB_KEYS, sorts=SORT_KEYS)
    home = request.access.home
    form = ViewForm(
        request.POST if request.method == "POST" else None,
        may_share=home is not None and may_share_views(request.user, home.pk),
    )
    context = {"form": form, "query": urlencode(query), "title": "Save this view", "save": "Save view"}
    if request.method == "GET" or home is None:
        return render_page(request, FORM, context)
    if not form.is_valid():
        return invalid(request, FORM, context)
    try:
        view = commands.save_view(home, query=query, **form.cleaned_data, by=request.user, now=timezone.now())
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, FORM, context)
    toast(request, "View saved", undo_url=reverse("imaging-view-remove", args=[view.pk]))
    return _to(view)


@requires(Permission.PATIENT_VIEW)
@require_http_methods(["GET", "POST"])
def view_change(request: SignedInRequest, view_id: int) -> HttpResponse:
    """Renames, shares, makes it the default of its owner."""
    view = _mine(request, view_id)
    start = {"name": view.name, "is_default": view.is_default, "is_shared": view.is_shared}
    may_share = view.is_shared or may_share_views(request.user, view.team_id)
    form = ViewForm(request.POST if request.method == "POST" else None, initial=start, may_share=may_share)
    context = {"form": form, "view": view, "title": "Change the view", "save": "Save"}
    if request.method == "GET":
        return render_page(request, FORM, context)
    if not form.is_valid():
        return invalid(request, FORM, context)
    try:
        view = commands.change_view(
            view, **{"is_shared": view.is_shared, **form.cleaned_data}, by=request.user, now=timezone.now()
        )
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, FORM, context)
    toast(request, "View changed")
    return _to(view)


@requires(Permission.PATIENT_VIEW)
@require_POST
def view_default(request: SignedInRequest, view_id: int) -> HttpResponse:
    """The worklist opens with this view from now on, a colleague's too."""
    seen = SavedView.objects.kept().filter(Q(owner=request.user) | Q(is_shared=True))
    view = get_object_or_404(seen.select_related("team"), pk=view_id, team_id__in=request.access.team_ids)
    try:
        view = commands.adopt_view(view, by=request.user, now=timezone.now())
    except ValidationError as error:
        toast(request, " ".join(error.messages), kind="red")
        return HttpResponseRedirect(f"{reverse('imaging-worklist')}?tab=act", status=303)
    toast(request, f"Your worklist opens with “{view.name}”")
    return _to(view)


@requires(Permission.PATIENT_VIEW)
@require_POST
def view_remove(request: SignedInRequest, view_id: int) -> HttpResponse:
    """Takes the view away; undo brings it back."""
    view = commands.remove_view(_mine(request, view_id), by=request.user, now=timezone.now())
    toast(request, "View removed", undo_url=reverse("imaging-view-restore", args=[view.pk]))
    return HttpResponseRedirect(f"{reverse('imaging-worklist')}?tab=act", status=303)


@requires(Permission.PATIENT_VIEW)
@require_POST
def view_restore(request: SignedInRequest, view_id: int) -> HttpResponse:
    """Undo of removing."""
    view = _mine(request, view_id)
    try:
        view = commands.restore_view(view, by=request.user, now=timezone.now())
    except ValidationError as error:
        toast(request, " ".join(error.messages), kind="red")
        return HttpResponseRedirect(f"{reverse('imaging-worklist')}?tab=act", status=303)
    toast(request, "View is back")
    return _to(view)
