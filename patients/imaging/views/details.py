"""Beside a study: its numbers and links, outside images, a step that somebody has seen."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission
from patients.imaging import commands
from patients.imaging.forms import AcknowledgeForm, ImagesForm, LinksForm
from patients.imaging.models import ImagingStudy, Reminder
from patients.imaging.queries import center_of, readable_study
from patients.imaging.views.studies import WORK, answer, at_once, form_page

SEES = (*WORK, Permission.IMAGING_REPORT, Permission.IMAGING_REVIEW, Permission.BOARD_AGENDA)


@requires(*WORK, Permission.IMAGING_REPORT)
@require_http_methods(["GET", "POST"])
def study_links(request: SignedInRequest, study_id: int) -> HttpResponse:
    """Accession number and the link into the picture archive."""
    study = readable_study(request, study_id)

    def act(study: ImagingStudy, data: dict[str, Any]) -> object:
        version = data.pop("version")
        return commands.change_links(study, **data, by=request.user, now=timezone.now(), version=version)

    return form_page(
        request,
        study,
        build=LinksForm,
        title=f"Numbers and links of {study}",
        save="Save",
        said="Saved",
        act=act,
        initial={"accession_number": study.accession_number, "pacs_url": study.pacs_url, "center": study.center},
    )


@requires(*WORK)
@require_http_methods(["GET", "POST"])
def study_images(request: SignedInRequest, study_id: int) -> HttpResponse:
    """The images of an outside scan are asked for, or asked for again."""
    study = readable_study(request, study_id)
    center = center_of(study)

    def act(study: ImagingStudy, data: dict[str, Any]) -> object:
        version = data.pop("version")
        return commands.request_images(study, **data, by=request.user, now=timezone.now(), version=version)

    return form_page(
        request,
        study,
        build=ImagesForm,
        title=f"Ask for the images of {study}",
        save="Images asked for",
        said="Images asked for",
        act=act,
        initial={
            "center": study.center,
            "contact": center.contact if center else "",
            "phone": center.phone if center else "",
            "on": study.patient.team.local_date(timezone.now()),
        },
    )


@requires(*WORK)
@require_POST
def study_images_here(request: SignedInRequest, study_id: int) -> HttpResponse:
    """The images came today; undo takes it back."""
    now = timezone.now()

    def act(study: ImagingStudy) -> object:
        return commands.receive_images(study, on=study.patient.team.local_date(now), by=request.user, now=now)

    return at_once(request, study_id, act, "Images are here", undo_url=reverse("study-images-undo", args=[study_id]))


@requires(*WORK)
@require_POST
def study_images_undo(request: SignedInRequest, study_id: int) -> HttpResponse:
    """Takes back that images came, else that they were asked for."""
    now = timezone.now()
    return at_once(request, study_id, lambda study: commands.undo_images(study, by=request.user, now=now), "Taken back")


def _step(request: SignedInRequest, reminder_id: int) -> tuple[Reminder, ImagingStudy]:
    row = get_object_or_404(Reminder.objects.visible_to(request.user), pk=reminder_id)
    return row, readable_study(request, row.study_id)


@requires(*SEES)
@require_POST
def step_acknowledge(request: SignedInRequest, reminder_id: int) -> HttpResponse:
    """The person has seen the step; undo takes it back."""
    row, study = _step(request, reminder_id)
    form = AcknowledgeForm(request.POST)
    note = form.cleaned_data["note"] if form.is_valid() else ""
    try:
        commands.acknowledge(row, note=note, by=request.user, now=timezone.now())
    except ValidationError as error:
        return answer(request, study, " ".join(error.messages), kind="red")
    return answer(request, study, "Acknowledged", undo_url=reverse("step-undo", args=[row.pk]))


@requires(*SEES)
@require_POST
def step_undo(request: SignedInRequest, reminder_id: int) -> HttpResponse:
    """Whoever acknowledged the step takes it back."""
    row, study = _step(request, reminder_id)
    try:
        commands.undo_acknowledge(row, by=request.user, now=timezone.now())
    except ValidationError as error:
        return answer(request, study, " ".join(error.messages), kind="red")
    return answer(request, study, "Taken back")
