"""For the load balancer and the person on call: is the process up, can it work, does the sweep run."""

from __future__ import annotations

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from careteam.access.gate import public
from careteam.events.models import Heartbeat
from careteam.workspace.shell import JOBS, stale_jobs, stuck_teams


@public("a load balancer has no account; answers one word")
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    return HttpResponse("ok", content_type="text/plain")


@public("monitoring has no account; says which part is down, nothing about patients")
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """200 when database and Redis answer, sweep, mail and beat are fresh, and no team's reminders stand still; 503 with
    the failing parts otherwise."""
    parts: dict[str, str] = {}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        parts["database"] = "ok"
        now = timezone.now()
        beats = {beat.name: beat for beat in Heartbeat.objects.filter(name__in=JOBS)}
        stale = stale_jobs({name: beat.at for name, beat in beats.items()}, now)
        parts |= {name: "stale" if name in stale else "ok" for name in JOBS}
        stuck = beats["sweep"].details.get("stuck", {}) if "sweep" in beats else {}
        parts["teams"] = "stuck" if stuck_teams(stuck, None, now) else "ok"
    except DatabaseError:
        parts["database"] = "down"
    try:
        cache.set("readyz", "1", 10)
        parts["redis"] = "ok" if cache.get("readyz") == "1" else "down"
    except Exception:  # noqa: BLE001  # any failure of the cache client means: down
        parts["redis"] = "down"
    ready = all(state == "ok" for state in parts.values())
    return JsonResponse({"ready": ready, **parts}, status=200 if ready else 503)
