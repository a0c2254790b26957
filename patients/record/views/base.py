"""What the pages of the record share."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse

from careteam.access.gate import SignedInRequest
from careteam.web.responses import conflict
from careteam.web.stale import conflict_context
from patients.record.queries import saved_meanwhile

FORM = "patients/record/form.html"


def add_errors(form: Any, error: ValidationError) -> None:
    """What a command refused, as errors of the form: beside the field when it has that field."""
    if hasattr(error, "error_dict"):
        for name, problems in error.error_dict.items():
            form.add_error(name if name in form.fields else None, problems)
    else:
        form.add_error(None, error.messages)


def stale(request: SignedInRequest, context: dict[str, Any], form: Any, current: Any) -> HttpResponse:
    """409: as opened, theirs and yours side by side, who saved meanwhile; every typed value travels on in the page."""
    saved = saved_meanwhile(current, form.cleaned_data.get("version") or 0)
    shown = conflict_context(
        request,
        form,
        base=form.start_of(saved.opened) if saved.opened is not None else None,
        theirs=form.start_of(current),
        version=current.version,
        who=saved.who,
        at=saved.at,
    )
    return conflict(request, FORM, context | shown)
