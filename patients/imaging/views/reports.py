"""The report of a study: entered, reviewed by name from the opened page, acted on."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission
from patients.imaging import commands
from patients.imaging.forms import ActForm, ReportForm, ReviewForm
from patients.imaging.models import ImagingStudy
from patients.imaging.queries import readable_study
from patients.imaging.rules import StudyStatus
from patients.imaging.views.studies import form_page

SEEN = "imaging.report.seen"  # salt of the proof that this person had this version of the report on the screen


@requires(Permission.IMAGING_REPORT)
@require_http_methods(["GET", "POST"])
def study_report(request: SignedInRequest, study_id: int) -> HttpResponse:
    """Enters the report."""
    study = readable_study(request, study_id)

    def build(*args: Any, **kwargs: Any) -> ReportForm:
        return ReportForm(*args, performed_on=study.performed_on, is_lab=study.is_lab, **kwargs)

    def act(study: ImagingStudy, data: dict[str, Any]) -> object:
        return commands.record_report(
            study,
            report=data["report"],
            conclusion=data["conclusion"],
            response=data.get("response", ""),
            is_urgent=data["is_urgent"],
            performed_on=data.get("performed_on"),
            by=request.user,
            now=timezone.now(),
            version=data["version"],
        )

    return form_page(
        request,
        study,
        build=build,
        title=f"{study.words.report.capitalize()} of {study}",
        save=f"Save {study.words.report}",
        said=f"{study.words.report.capitalize()} saved",
        act=act,
        initial={"response": study.response},
    )


def _proof(study: ImagingStudy, request: SignedInRequest) -> str:
    return signing.dumps([study.pk, study.version, request.user.pk], salt=SEEN)


def _insist_seen(study: ImagingStudy, token: str, version: int, request: SignedInRequest) -> None:
    try:
        seen = signing.loads(token, salt=SEEN)
    except signing.BadSignature:
        seen = None
    if seen != [study.pk, version, request.user.pk]:
        raise ValidationError("Open the report and review it there.")


@requires(Permission.PATIENT_VIEW)
@require_http_methods(["GET", "POST"])
def study_review(request: SignedInRequest, study_id: int) -> HttpResponse:
    """The opened report with the review below it: only from here, by name.

    Next steps and reminders link here for everybody; who does not review is led to the study.
    """
    study = readable_study(request, study_id)
    if not request.access.may(Permission.IMAGING_REVIEW, study.team_id):
        if request.method == "GET":
            return redirect("study-page", study.pk)
        raise PermissionDenied("Your roles do not include the review of reports.")

    def act(study: ImagingStudy, data: dict[str, Any]) -> object:
        _insist_seen(study, data["seen"], data["version"], request)
        return commands.review(
            study,
            response=data.get("response", ""),
            note=data["note"],
            nothing_to_do=data["nothing_to_do"],
            by=request.user,
            now=timezone.now(),
            version=data["version"],
        )

    return form_page(
        request,
        study,
        build=partial(ReviewForm, is_lab=study.is_lab),
        title=f"Review {study}",
        save=f"Reviewed, {request.user}",
        said=f"{study.words.report.capitalize()} reviewed",
        act=act,
        initial={"seen": _proof(study, request), "response": study.response},
        template="patients/imaging/review.html",
        extra={"may_save": study.status == StudyStatus.REPORTED},
    )


@requires(Permission.IMAGING_REVIEW)
@require_http_methods(["GET", "POST"])
def study_act(request: SignedInRequest, study_id: int) -> HttpResponse:
    """What followed from the report."""
    study = readable_study(request, study_id)

    def act(study: ImagingStudy, data: dict[str, Any]) -> object:
        return commands.act_on(study, note=data["note"], by=request.user, now=timezone.now(), version=data["version"])

    return form_page(
        request, study, build=ActForm, title=f"What followed from {study}", save="Save", said="Loop closed", act=act
    )
