"""The gate in front of every view. A view without one of these decorators fails the architecture test."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils import timezone

from careteam.access.queries import Access, access_of
from careteam.people.models import User
from careteam.people.rules import Permission

Params = ParamSpec("Params")
View = Callable[Concatenate[HttpRequest, Params], HttpResponseBase]


class SignedInRequest(HttpRequest):
    """For type hints only: what a gated view receives."""

    user: User
    access: Access
    htmx: Any


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    if getattr(request, "htmx", False):
        response = HttpResponse(status=401)
        response["HX-Redirect"] = resolve_url(settings.LOGIN_URL)
        return response
    return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")


def requires(*permissions: Permission) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Signed in, and holding at least one of the permissions in at least one team, else 403.

    The view narrows it to the patient's team by its policy; a patient that the person may not see is a 404.
    """

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def gated(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _to_sign_in(request)
            access = access_of(request.user)
            if permissions and not any(access.may(permission) for permission in permissions):
                raise PermissionDenied("Your roles do not include this page.")
            request.access = access  # type: ignore[attr-defined]
            with timezone.override(zoneinfo.ZoneInfo(access.home.time_zone) if access.home else None):
                return view(request, *args, **kwargs)

        gated.required_permissions = permissions  # type: ignore[attr-defined]
        return gated

    return decorate


def signed_in(reason: str) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """For pages that every signed-in person has (their own inbox, preferences); `reason` says why that is right."""

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        gated = requires()(view)
        gated.open_because = reason  # type: ignore[attr-defined]
        return gated

    return decorate


def public(reason: str) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """For the few pages that need no sign-in; `reason` says why. They show no data of any patient."""

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        view.open_because = reason  # type: ignore[attr-defined]
        view.is_public = True  # type: ignore[attr-defined]
        return view

    return decorate
