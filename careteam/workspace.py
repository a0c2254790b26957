"""The roof: pages composed from all apps."""

from django.http import HttpRequest, HttpResponse

from careteam.access.gate import signed_in


def shell(request: HttpRequest) -> dict[str, object]:
    return {"shell": {}}


@signed_in("everybody has a workspace")
def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse("workspace")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return HttpResponse(status=403)
