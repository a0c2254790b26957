"""Labs of surveillance: what the record asks for, ordering one with what is due together, a result seen at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, invalid, redirect_or_refresh, render_page, toast
from careteam.web.words import day
from patients.imaging import commands, policies
from patients.imaging.forms import LabsForm, OrderForm, VersionForm
from patients.imaging.models import ImagingStudy
from patients.imaging.queries import readable_study
from patients.imaging.queries.labs import LabOffer, Repeat, drawn_together, lab_offers, repeat_of
from patients.imaging.rules import StudyStatus
from patients.imaging.views.studies import WORK, answer, at_once, form_page
from patients.record.models import StaleEdit
from patients.record.queries import readable_patient

FORM = "patients/imaging/labs.html"


def choices_of(offers: tuple[LabOffer, ...]) -> list[tuple[str, str]]:
    """The offers as check boxes: what, how often, when next, why."""
    return [(offer.modality, offer.words) for offer in offers]


@requires(Permission.IMAGING_PLAN)
@require_http_methods(["GET", "POST"])
def plan_labs(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """The labs that the record asks for and nobody looks after: started, or not needed with the reason."""
    patient = readable_patient(request, patient_id)
    now = timezone.now()
    today = patient.team.local_date(now)
    offers = lab_offers(patient, today=today)
    form = LabsForm(request.POST or None, labs=choices_of(offers))
    context: dict[str, Any] = {
        "patient": patient,
        "today": today,
        "offers": offers,
        "form": form,
        "why_not": policies.why_not_plan(patient, request.user),
    }
    if request.method == "GET" or not offers:
        return render_page(request, FORM, context)
    if not form.is_valid():
        return invalid(request, FORM, context)
    try:
        started = commands.start_labs(
            patient,
            form.cleaned_data["labs"],
            not_needed=form.not_needed,
            reason=form.cleaned_data["reason"],
            by=request.user,
            now=now,
        )
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, FORM, context)
    response = redirect_or_refresh(request, reverse("patient", args=[patient.pk]))
    names = ", ".join(str(plan.get_modality_display()) for plan in started)
    toast(request, f"Started: {names}" if names else "Kept: not needed", response=response)
    return response


@dataclass(frozen=True)
class Beside:
    """What is asked when a lab is ordered or booked: why again, and what is drawn with it."""

    repeat: Repeat | None
    others: tuple[ImagingStudy, ...]

    @property
    def lead(self) -> str:
        return f"{self.repeat.words}. It counts as new for {self.repeat.days} days." if self.repeat else ""

    @property
    def fields(self) -> dict[str, Any]:
        """For the form (`again`, `together`)."""
        labels = [
            (str(row.pk), f"{row}, due {day(row.due_on)}, {row.get_status_display().lower()}") for row in self.others
        ]
        return {"again": self.repeat is not None, "together": labels}

    def picks(self, data: dict[str, Any]) -> list[commands.Pick]:
        """The others that were left ticked."""
        wanted = set(data.get("together", []))
        return [commands.Pick(row, row.version) for row in self.others if str(row.pk) in wanted]


def beside(study: ImagingStudy, *statuses: str) -> Beside:
    """Nothing is asked about a scan. `statuses`: what the others must be for the act."""
    if not study.is_lab:
        return Beside(None, ())
    today = study.patient.team.local_date(timezone.now())
    asked = study.ordered_at is not None or bool(study.early_reason)
    repeat = None if asked else repeat_of(study.patient, study.modality, today=today)
    others = tuple(row for row in drawn_together(study, today=today) if row.status in statuses)
    return Beside(repeat, others)


@requires(*WORK)
@require_http_methods(["GET", "POST"])
def study_order(request: SignedInRequest, study_id: int) -> HttpResponse:
    """The request has gone out. A scan needs no more than the button; a lab is ordered with what is due together, and
    says why where its last result is new."""
    study = readable_study(request, study_id)
    asked = beside(study, StudyStatus.PLANNED)
    now = timezone.now()
    if request.method == "POST" and not study.is_lab:
        return at_once(request, study_id, lambda row: commands.order(row, by=request.user, now=now), "Ordered")

    def act(study: ImagingStudy, data: dict[str, Any]) -> object:
        reason = data.get("early_reason", "")
        commands.order(study, by=request.user, now=now, version=data["version"], early_reason=reason)
        others = commands.one_by_one(
            asked.picks(data), lambda row, version: commands.order_picked(row, version, by=request.user, now=now)
        )
        return f"Ordered; with it {commands.summary(others, 'ordered')}" if others else "Ordered"

    return form_page(
        request,
        study,
        build=partial(OrderForm, **asked.fields),
        title=f"Order {study}",
        save="Order",
        said="Ordered",
        act=act,
        extra={"lead": asked.lead},
    )


@requires(Permission.IMAGING_REVIEW)
@require_POST
def study_seen(request: SignedInRequest, study_id: int) -> HttpResponse:
    """A result within its reference range, read where it stands: reviewed by name, nothing changes."""
    study = readable_study(request, study_id)
    form = VersionForm(request.POST)
    try:
        version = form.cleaned_data["version"] if form.is_valid() else 0
        commands.review_at_once(study, version=version, by=request.user, now=timezone.now())
    except StaleEdit:
        return answer(request, study, "The result was changed meanwhile: open it", kind="red")
    except ValidationError as error:
        return answer(request, study, " ".join(error.messages), kind="red")
    return answer(request, study, f"{study.get_modality_display()} of {day(study.performed_on)} reviewed")
