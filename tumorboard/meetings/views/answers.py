"""Small acts of a meeting page: one command, then back to where it was, or the sentence why not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.shortcuts import render

from careteam.web.responses import redirect_or_refresh, toast

if TYPE_CHECKING:
    from django.http import HttpResponse

    from careteam.access.gate import SignedInRequest


def act(
    request: SignedInRequest, command: Callable[[], object], *, back: str, said: str = "", undo_url: str = ""
) -> HttpResponse:
    """Runs the command; then to `back` with a toast, or 422 with every reason and the way back."""
    try:
        command()
    except ValidationError as error:
        return refused(request, error.messages, back=back)
    response = redirect_or_refresh(request, back)
    if said:
        toast(request, said, response=response, undo_url=undo_url)
    return response


def refused(request: SignedInRequest, reasons: list[str], *, back: str, status: int = 422) -> HttpResponse:
    return render(request, "tumorboard/refused.html", {"reasons": reasons, "back": back}, status=status)
