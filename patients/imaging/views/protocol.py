"""Changing and signing the team's protocol of situations, with what it moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from careteam.access.gate import SignedInRequest, requires
from careteam.people.models import Team
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, conflict, invalid, redirect_or_refresh, render_page, toast
from careteam.web.signing import PasswordForm, password_status
from careteam.web.stale import conflict_context, resolved
from patients.imaging.queries.protocol import moves
from patients.protocol.commands import sign_numbers
from patients.protocol.forms import SituationsForm
from patients.protocol.queries import NumberChange, TeamNumber, last_revision, numbers, signing_team
from patients.record.models import StaleEdit

FORM = "patients/imaging/protocol_form.html"
PREVIEW = "patients/imaging/protocol_sign.html"
Held = Mapping[str, TeamNumber]
_OF_THE_PAGE = frozenset({"csrfmiddlewaretoken", "password", "step"})


@requires(Permission.PROTOCOL_SIGN)
@require_http_methods(["GET", "POST"])
def protocol_change(request: SignedInRequest) -> HttpResponse:
    """Three steps on one address: the form (with the catalog's values where `defaults` is asked), what signing it would
    move, signing it with the password. Everything typed travels along."""
    team = signing_team(request.access)
    if team is None:
        raise Http404("You belong to no team.")
    held, last = numbers(team.pk), last_revision(team.pk)
    version = last.number if last else 0
    context: dict[str, Any] = {"team": team, "last": last}
    if request.method != "POST":
        defaults = request.GET.get("defaults") == "1"
        form = SituationsForm(held=held, version=version, defaults=defaults)
        return render_page(request, FORM, {**context, "form": form, "defaults": defaults})
    data: QueryDict = request.POST
    if any(name.startswith("take_") for name in data):  # the answer to a stale save
        blank = SituationsForm(held=held, version=version)
        data = resolved(data, blank, blank.start_of(held))
    form = SituationsForm(data, held=held, version=version)
    context["form"] = form
    if data.get("step") == "back":
        form.is_valid()
        return render_page(request, FORM, context)
    if not form.is_valid():
        return invalid(request, FORM, context)
    if form.cleaned_data["version"] != version:
        return _stale(request, team, form, held, context)
    return _preview_or_sign(request, team, form, held, context)


def _preview_or_sign(
    request: SignedInRequest,
    team: Team,
    form: SituationsForm,
    held: dict[str, TeamNumber] | Any,
    context: dict[str, Any],
) -> HttpResponse:
    now = timezone.now()
    signs = request.POST.get("step") == "sign"
    signing = PasswordForm(request.POST if signs else None, user=request.user)
    status = password_status(request, signing) if signs else 200
    if signs and status == 200:
        try:
            revision = sign_numbers(
                team,
                form.choices,
                reason=form.cleaned_data["reason"],
                version=form.cleaned_data["version"],
                by=request.user,
                now=now,
            )
        except StaleEdit:
            return _stale(request, team, form, numbers(team.pk), context)
        except ValidationError as error:
            add_errors(form, error)
            return invalid(request, FORM, context)
        response = redirect_or_refresh(request, reverse("protocol-list"))
        toast(request, f"Protocol {revision} signed. Dates follow within minutes.", response=response)
        return response
    changes = [NumberChange(held[code], _after(held[code], choice)) for code, choice in form.choices.items()]
    days = {code: int(choice.value) for code, choice in form.choices.items() if choice.value > 0}
    data: Any = form.data
    shown = {
        **context,
        "signing": signing,
        "changed": [change for change in changes if change.is_moved or change.is_other_scan],
        "kept": [change.code for change in changes if not (change.is_moved or change.is_other_scan)],
        "moves": moves(team.pk, days, today=team.local_date(now)),
        "reason": form.cleaned_data["reason"],
        "hidden": {name: values for name, values in data.lists() if name not in _OF_THE_PAGE and "take_" not in name},
    }
    return render_page(request, PREVIEW, shown, status=status)


def _after(before: TeamNumber, choice: Any) -> TeamNumber:
    return TeamNumber(before.definition, choice.value, version=before.version + 1, chosen_scan=choice.scan)


def _stale(
    request: SignedInRequest, team: Team, form: SituationsForm, held: Held, context: dict[str, Any]
) -> HttpResponse:
    """409: somebody signed after the form was opened; theirs, yours, and what stood there."""
    newest = last_revision(team.pk)
    opened = numbers(team.pk, revision=form.cleaned_data["version"])
    more = conflict_context(
        request,
        form,
        base=form.start_of(opened),
        theirs=form.start_of(held),
        version=newest.number if newest else 0,
        who=str(newest.signed_by) if newest else "",
        at=newest.signed_at if newest else None,
    )
    more["hidden_lists"].pop("step", None)
    more["hidden_lists"].pop("password", None)
    return conflict(request, FORM, {**context, **more})
