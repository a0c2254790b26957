"""Answers that fit both kinds of visitor: htmx asks for a fragment, everyone else for the page.

One URL, one template, one context: `render_page` picks. After a POST, htmx gets what changed and an event that other
panels listen to; without htmx the same form is answered by a redirect.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails

from careteam.web.versions import StaleEdit

UNDO = re.compile(r"(?:^|\s)undo:(/\S*)")


def wants_fragment(request: HttpRequest) -> bool:
    """True for an htmx request that swaps a part of the page (not boosted, not the back button)."""
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and htmx.request_type == "partial"


def render_page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    fragment: str | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page, or its partial `template#fragment` when htmx asks for a part. Varies on what the answer depends on."""
    part = f"{template}#{fragment}" if fragment and wants_fragment(request) else template
    response = render(request, part, dict(context), status=status)
    patch_vary_headers(response, ("HX-Request", "HX-Request-Type"))
    return response


def invalid(
    request: HttpRequest, template: str, context: Mapping[str, Any], fragment: str | None = None
) -> HttpResponse:
    """422: the bound form again with its errors and everything that was typed."""
    return render_page(request, template, context, fragment=fragment, status=422)


def conflict(
    request: HttpRequest, template: str, context: Mapping[str, Any], fragment: str | None = None
) -> HttpResponse:
    """409: someone saved meanwhile. The context holds what `components/conflict.html` needs."""
    return render_page(request, template, context, fragment=fragment, status=409)


def add_errors(form: Any, error: ValidationError) -> None:
    """What a command refused, as errors of the form: beside the field when it has that field."""
    if hasattr(error, "error_dict"):
        for name, problems in error.error_dict.items():
            form.add_error(name if name in form.fields else None, problems)
    else:
        form.add_error(None, error.messages)


def form_answer(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    command: Callable[[dict[str, Any]], object],
    *,
    said: str,
    undo_url: str = "",
    events: tuple[str, ...] = (),
) -> HttpResponse:
    """One form, one command: a GET shows `context["form"]`, a POST calls the command with what was typed, says so and
    goes to `context["back"]`. What the form or the command refuses is answered with the form and everything typed;
    where somebody saved meanwhile that is said by a 409, and the form may be sent again."""
    form = context["form"]
    if request.method != "POST":
        return render_page(request, template, context)
    if not form.is_valid():
        return invalid(request, template, context)
    try:
        command(form.cleaned_data)
    except StaleEdit as stale:
        form.add_error(None, "Somebody changed this after you opened it. Look at it once more, then save again.")
        form.data = form.data.copy()
        form.data["version"] = stale.current.version  # type: ignore[attr-defined]
        return conflict(request, template, context)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, template, context)
    response = redirect_or_refresh(request, context["back"], events=events)
    toast(request, said, response=response, undo_url=undo_url)
    return response


def redirect_or_refresh(
    request: HttpRequest, url: str, *, events: Mapping[str, Any] | tuple[str, ...] = ()
) -> HttpResponse:
    """After a successful POST: without htmx a 303 to `url`.

    With htmx and `events`: 204, nothing is swapped and the panels that listen to the events fetch themselves again.
    With htmx and no events: the browser goes to `url`.
    """
    if not wants_fragment(request):
        return HttpResponseRedirect(url, status=303)
    response = HttpResponse(status=204)
    if events:
        return trigger(response, events)
    response["HX-Redirect"] = url
    return response


def trigger(response: HttpResponse, events: Mapping[str, Any] | tuple[str, ...]) -> HttpResponse:
    """Add client events to an answer, keeping those it already carries. Details must be free of patient data."""
    merged: dict[str, Any] = json.loads(response.get("HX-Trigger", "{}"))
    merged.update(events if isinstance(events, Mapping) else {name: {} for name in events})
    response["HX-Trigger"] = json.dumps(merged)
    return response


def toast(
    request: HttpRequest, text: str, *, response: HttpResponse | None = None, undo_url: str = "", kind: str = ""
) -> None:
    """Say what happened, with an undo button where there is a way back (a POST to `undo_url`).

    With an htmx fragment as `response` the toast travels in its header. Otherwise (a redirect, a full page) it waits
    in the session for the next page. `kind` is a color of `tag`, shown with its shape. Raises ValueError for an
    `undo_url` that is not a path of this site.
    """
    if undo_url and not re.fullmatch(r"/(?!/)\S*", undo_url):
        raise ValueError("undo_url must be a path of this site")
    if response is not None and wants_fragment(request) and "HX-Redirect" not in response:
        trigger(response, {"toast": {"text": text, "undo": undo_url, "kind": kind}})
        return
    tags = [kind] if kind else []
    if undo_url:
        tags.append(f"undo:{undo_url}")
    messages.info(request, text, extra_tags=" ".join(tags), fail_silently=True)


def kind(message: object) -> str:
    """The kind a message carries (`red`, `amb` …); empty when it has none."""
    tags = str(getattr(message, "extra_tags", "") or "").split()
    return tags[0] if tags and not tags[0].startswith("undo:") else ""


def undo_url(message: object) -> str:
    """The undo path a message carries; empty when it has none."""
    found = UNDO.search(str(getattr(message, "extra_tags", "") or ""))
    return found[1] if found else ""
