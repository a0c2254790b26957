"""Idle and absolute limits of a session. Polling does not keep a forgotten screen signed in."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils import timezone

from careteam.access.queries import limit_reached

BACKGROUND_HEADER = "X-Background"  # sent by everything that polls or streams
_REFRESH_SECONDS = 30  # how coarse the stored last activity is: one session write per half minute at most


class SessionLimitsMiddleware:
    """Signs a person out after SESSION_IDLE_SECONDS without an act of theirs, or SESSION_ABSOLUTE_SECONDS in all.

    A request with the header `X-Background: 1` (polling, live stream) is checked, but does not count as an act.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = int(timezone.now().timestamp())
            session = request.session
            session.setdefault("signed_in_at", now)
            acted = session.setdefault("acted_at", now)
            if limit_reached(session, now) or not request.user.is_active:
                return self._sign_out(request, idle=now - acted > settings.SESSION_IDLE_SECONDS)
            if request.headers.get(BACKGROUND_HEADER) != "1" and now - acted >= _REFRESH_SECONDS:
                session["acted_at"] = now
        return self.get_response(request)

    @staticmethod
    def _sign_out(request: HttpRequest, *, idle: bool) -> HttpResponse:
        logout(request)
        minutes = settings.SESSION_IDLE_SECONDS // 60
        messages.info(
            request,
            f"You were signed out after {minutes} minutes without activity."
            if idle
            else "Your session reached its longest duration. Please sign in again.",
        )
        target = resolve_url(settings.LOGIN_URL)
        if getattr(request, "htmx", False):
            response = HttpResponse(status=401)
            response["HX-Redirect"] = target
            return response
        suffix = f"?next={request.path}" if request.method == "GET" else ""
        return redirect(target + suffix)
