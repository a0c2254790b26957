"""A row waits until a day, or comes back."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from careteam.access.gate import SignedInRequest, requires
from patients.imaging import commands
from patients.imaging.forms import SnoozeForm
from patients.imaging.models import ImagingStudy
from patients.imaging.policies import PLANNING
from patients.imaging.queries import readable_study
from patients.imaging.rules import SnoozeReason
from patients.imaging.views.studies import answer, form_page


@requires(*PLANNING)
@require_http_methods(["GET", "POST"])
def study_snooze(request: SignedInRequest, study_id: int) -> HttpResponse:
    """Hides the row until a day, with the reason; never from red on."""
    study = readable_study(request, study_id)

    def act(study: ImagingStudy, data: dict[str, Any]) -> object:
        return commands.snooze(
            study,
            until=data["until"],
            reason=SnoozeReason(data["reason"]),
            note=data["note"],
            by=request.user,
            now=timezone.now(),
            version=data["version"],
        )

    return form_page(
        request,
        study,
        build=SnoozeForm,
        title=f"Snooze {study}",
        save="Snooze",
        said="Snoozed",
        act=act,
        undo_url=reverse("study-unsnooze", args=[study.pk]),
    )


@requires(*PLANNING)
@require_POST
def study_unsnooze(request: SignedInRequest, study_id: int) -> HttpResponse:
    """The row comes back at once."""
    study = readable_study(request, study_id)
    try:
        commands.end_snooze(study, by=request.user, now=timezone.now())
    except ValidationError as error:
        return answer(request, study, " ".join(error.messages), kind="red")
    return answer(request, study, "Back on the list")
