"""Headers that every page carries."""

from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from careteam.web.middleware import PERMISSIONS_POLICY, NoStoreMiddleware


def answer(path: str, **headers: str) -> HttpResponse:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(headers=headers)

    response = NoStoreMiddleware(view)(RequestFactory().get(path))
    assert isinstance(response, HttpResponse)
    return response


def test_pages_are_never_stored() -> None:
    response = answer("/patients/1/")
    assert (response["Cache-Control"], response["Permissions-Policy"]) == ("no-store", PERMISSIONS_POLICY)


def test_static_files_keep_their_own_caching() -> None:
    assert "Cache-Control" not in answer("/static/css/app.css")


def test_a_view_may_know_better() -> None:
    assert answer("/calendar/x.ics", **{"Cache-Control": "private"})["Cache-Control"] == "private"
