"""One audit row for each request that showed somebody's data, written before the answer leaves."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from careteam.audit.commands import record
from careteam.audit.rules import Kind


def _team_id(request: HttpRequest) -> int | None:
    noted: int | None = getattr(request, "read_team_id", None)
    access = getattr(request, "access", None)
    return noted or (access.home.pk if access is not None and access.home else None)


class ReadAuditMiddleware:
    """If the row cannot be written the request fails: nothing is shown that is not recorded."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        patients = getattr(request, "patients_read", None)
        if patients and (response.status_code < 400 or response.status_code in {409, 422}):
            match = request.resolver_match
            record(
                getattr(request, "read_what", "") or (match.view_name if match else "page"),
                by=request.user if request.user.is_authenticated else None,
                now=timezone.now(),
                patient_ids=patients,
                team_id=_team_id(request),
                kind=getattr(request, "read_kind", Kind.READ),
                details={"url": request.path, "method": request.method},
            )
        return response
