"""Pages, fragments, redirects and toasts."""

import json
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.contrib.messages.storage.base import BaseStorage, Message
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from careteam.web import responses

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}
BOOSTED = {"HX-Request": "true", "HX-Boosted": "true", "HX-Request-Type": "full"}
BACK = {"HX-History-Restore-Request": "true"}


class Kept(BaseStorage):
    """Messages in memory: what the session would keep."""

    def _get(self, *args: Any, **kwargs: Any) -> tuple[list[Message], bool]:
        return [], True

    def _store(self, messages: list[Message], response: HttpResponse, *args: Any, **kwargs: Any) -> list[Message]:
        return []


def asked(headers: dict[str, str] | None = None) -> HttpRequest:
    request = RequestFactory().get("/", headers=headers or {})
    request.htmx = HtmxDetails(request)  # type: ignore[attr-defined]
    request._messages = Kept(request)  # type: ignore[attr-defined]
    return request


@pytest.mark.parametrize(("headers", "wants"), [({}, False), (PARTIAL, True), (BOOSTED, False), (BACK, False)])
def test_fragment_only_for_a_partial_swap(headers: dict[str, str], wants: bool) -> None:
    assert responses.wants_fragment(asked(headers)) is wants


def test_redirect_without_htmx() -> None:
    response = responses.redirect_or_refresh(asked(), "/imaging/", events=("imagingChanged",))
    assert (response.status_code, response["Location"]) == (303, "/imaging/")


def test_htmx_with_events_swaps_nothing_and_announces_them() -> None:
    response = responses.redirect_or_refresh(asked(PARTIAL), "/imaging/", events=("imagingChanged", "closeDialog"))
    assert response.status_code == 204
    assert json.loads(response["HX-Trigger"]) == {"imagingChanged": {}, "closeDialog": {}}


def test_htmx_without_events_goes_to_the_page() -> None:
    response = responses.redirect_or_refresh(asked(PARTIAL), "/imaging/")
    assert (response.status_code, response["HX-Redirect"]) == (204, "/imaging/")


def test_trigger_keeps_earlier_events() -> None:
    response = responses.trigger(HttpResponse(), ("a",))
    assert json.loads(responses.trigger(response, {"b": {"id": 3}})["HX-Trigger"]) == {"a": {}, "b": {"id": 3}}


def test_toast_travels_with_a_fragment() -> None:
    request, response = asked(PARTIAL), HttpResponse(status=204)
    responses.toast(request, "Kontakt – done", undo_url="/undo/7/", response=response)
    assert json.loads(response["HX-Trigger"]) == {"toast": {"text": "Kontakt – done", "undo": "/undo/7/", "kind": ""}}
    assert response["HX-Trigger"].isascii()
    assert list(get_messages(request)) == []


@pytest.mark.parametrize("headers", [{}, BOOSTED])
def test_toast_waits_for_the_next_page_otherwise(headers: dict[str, str]) -> None:
    request, response = asked(headers), HttpResponse()
    responses.toast(request, "Contact logged", undo_url="/undo/7/", kind="amb", response=response)
    assert [(str(kept), responses.undo_url(kept)) for kept in get_messages(request)] == [("Contact logged", "/undo/7/")]
    assert "HX-Trigger" not in response


def test_toast_before_a_client_redirect_waits_for_the_next_page() -> None:
    request = asked(PARTIAL)
    response = responses.redirect_or_refresh(request, "/imaging/")
    responses.toast(request, "Contact logged", response=response)
    assert [str(kept) for kept in get_messages(request)] == ["Contact logged"]


@pytest.mark.parametrize("url", ["https://elsewhere.example/", "//elsewhere.example/", "undo/", "/a b"])
def test_toast_refuses_a_foreign_undo(url: str) -> None:
    with pytest.raises(ValueError, match="path of this site"):
        responses.toast(asked(), "x", undo_url=url)


def test_undo_url_of_a_plain_message_is_empty() -> None:
    assert responses.undo_url(Message(20, "x", extra_tags="amb")) == ""
