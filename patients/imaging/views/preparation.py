"""Booking a slot, and what is asked with it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, time
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.audit.rules import Kind
from careteam.people.rules import Permission
from careteam.web.pdf import PdfUnavailable, pdf_of
from careteam.web.responses import toast
from patients.imaging import commands
from patients.imaging.forms import PreparationForm, ScheduleForm
from patients.imaging.models import ImagingStudy
from patients.imaging.queries import preparations_of, readable_study, rows_of, scope_of
from patients.imaging.rules import StudyStatus
from patients.imaging.rules.preparation import Answers, suggested_contrast
from patients.imaging.views.labs import beside
from patients.imaging.views.studies import WORK, form_page

BOOK = "patients/imaging/book.html"
MORNING = time(9)


def _initial(study: ImagingStudy) -> dict[str, Any]:
    """What was answered before; else what region and record themselves say."""
    answers = asdict(Answers.read(study.preparation))
    answers["contrast"] = answers["contrast"] or suggested_contrast(study.modality, study.region)
    answers["language"] = answers["language"] or study.patient.language
    return answers


def _extra(study: ImagingStudy) -> dict[str, Any]:
    today = study.patient.team.local_date(timezone.now())
    return {"preparation": preparations_of([study], today=today).get(study.pk)}


def _offered(request: SignedInRequest, study: ImagingStudy) -> datetime | None:
    """The slot of the form: the booked one, on the day of an offer that was followed (`at`)."""
    zone = ZoneInfo(study.patient.team.time_zone)
    try:
        on = date.fromisoformat(request.GET.get("at", ""))
    except ValueError:
        return study.scheduled_for
    at = study.scheduled_for.astimezone(zone).time() if study.scheduled_for else MORNING
    return datetime.combine(on, at, zone)


@requires(*WORK)
@require_http_methods(["GET", "POST"])
def study_schedule(request: SignedInRequest, study_id: int) -> HttpResponse:
    """Books or moves the slot; the checklist is that of the day shown. Never refuses for an open point."""
    study = readable_study(request, study_id)
    study.scheduled_for = _offered(request, study)
    asked = beside(study, StudyStatus.PLANNED, StudyStatus.ORDERED)

    def act(study: ImagingStudy, data: dict[str, Any]) -> object:
        slot: dict[str, Any] = {"at": data["at"], "place": data["place"], "by": request.user, "now": timezone.now()}
        commands.schedule(
            study,
            **slot,
            early_reason=data.get("early_reason", ""),
            answers=Answers(**{name: data[name] for name in asdict(Answers()) if name in data}),
            version=data["version"],
        )
        others = commands.one_by_one(
            asked.picks(data), lambda row, version: commands.schedule_picked(row, version, **slot)
        )
        return f"Slot booked; with it {commands.summary(others, 'booked')}" if others else "Slot booked"

    return form_page(
        request,
        study,
        build=partial(ScheduleForm, modality=study.modality, **asked.fields),
        title=f"Schedule {study}",
        save="Book",
        said="Slot booked",
        act=act,
        initial={"at": study.scheduled_for, "place": study.place, **_initial(study)},
        template=BOOK,
        extra={
            **_extra(study),
            "books": True,
            "lead": asked.lead,
            "free_url": "" if study.is_lab else reverse("free-places", args=[study.pk]),
        },
    )


@requires(*WORK)
@require_http_methods(["GET", "POST"])
def study_prepare(request: SignedInRequest, study_id: int) -> HttpResponse:
    """What is still open about a booked scan is asked and kept."""
    study = readable_study(request, study_id)

    def act(study: ImagingStudy, data: dict[str, Any]) -> object:
        answers = Answers(**{name: data[name] for name in asdict(Answers()) if name in data})
        return commands.prepare(study, answers, by=request.user, now=timezone.now(), version=data["version"])

    return form_page(
        request,
        study,
        build=partial(PreparationForm, modality=study.modality),
        title=f"Prepare {study}",
        save="Save",
        said="Preparation saved",
        act=act,
        initial=_initial(study),
        template=BOOK,
        extra=_extra(study),
    )


@requires(Permission.PATIENT_VIEW)
@require_safe
def preparation_pdf(request: SignedInRequest, study_id: int) -> HttpResponse:
    """The checklist on one page, for the patient's file and the department; audited as an export."""
    study = readable_study(request, study_id)
    now, page = timezone.now(), reverse("study-page", args=[study_id])
    checklist = _extra(study)["preparation"]
    if checklist is None:
        toast(request, "Nothing is outstanding on this study: there is no preparation to print.", kind="amb")
        return HttpResponseRedirect(page, status=303)
    note_read(request, [study.patient_id], team_id=study.team_id, kind=Kind.EXPORT)
    scope = scope_of(study.patient.team, team_ids=[study.team_id], now=now)
    context = {
        "study": study,
        "patient": study.patient,
        "preparation": checklist,
        "row": rows_of([study], scope)[0],
        "by": request.user,
        "now": now,
    }
    try:
        document = pdf_of(render_to_string("patients/imaging/preparation_paper.html", context), fit=1)
    except PdfUnavailable as missing:
        toast(request, str(missing), kind="amb")
        return HttpResponseRedirect(page, status=303)
    response = HttpResponse(document, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="preparation-{study.pk}.pdf"'
    return response
