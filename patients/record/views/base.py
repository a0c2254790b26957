"""What the pages of the record share."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from careteam.access.gate import SignedInRequest
from careteam.web.stale import stale_answer
from patients.record.queries import saved_meanwhile

FORM = "patients/record/form.html"


def stale(request: SignedInRequest, context: dict[str, Any], form: Any, current: Any) -> HttpResponse:
    return stale_answer(request, FORM, context, form, current, saved_meanwhile)
