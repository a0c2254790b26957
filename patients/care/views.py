"""Care around the treatment: one panel on the patient page, one page with every part, a form for each."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.people.models import User
from careteam.people.queries import team_people
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, invalid, redirect_or_refresh, render_page, toast
from careteam.web.stale import resolved, stale_answer
from patients.care import commands, policies
from patients.care.forms import FORMS, CareForm
from patients.care.queries import TABLES, care_now, rows_of, sections_of
from patients.care.rules import CARE_KINDS, OPINION, CareKind
from patients.record.forms import ErrorForm
from patients.record.models import Patient, StaleEdit
from patients.record.queries import readable_patient, saved_meanwhile
from patients.triage.queries import calls_of
from patients.trials.queries import considered_for

FORM = "patients/care/form.html"


@requires(Permission.PATIENT_VIEW)
@require_safe
def care_panel(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """The latest of every part, for the patient page."""
    patient = readable_patient(request, patient_id)
    today = patient.team.local_date(timezone.now())
    context = {
        "patient": patient,
        "today": today,
        "care": care_now(patient, today),
        "why_not": policies.why_not_document(patient, request.user),
    }
    return render_page(request, "patients/care/panel.html", context, fragment="panel")


@requires(Permission.PATIENT_VIEW)
@require_safe
def care_page(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """Every part with every row."""
    patient = readable_patient(request, patient_id)
    today = patient.team.local_date(timezone.now())
    context = {
        "patient": patient,
        "today": today,
        "sections": sections_of(patient, today),
        "calls": calls_of(patient.pk, 20),
        "trials": considered_for(patient.pk),
        "why_not": policies.why_not_document(patient, request.user),
        "opinion": OPINION,
        "may_export": request.access.may(Permission.PATIENT_EXPORT, patient.team_id),
    }
    return render_page(request, "patients/care/page.html", context)


def _kind(key: str) -> CareKind:
    if key not in CARE_KINDS:
        raise Http404("No such part of the care.")
    return CARE_KINDS[key]


def _row(patient: Patient, key: str, pk: int) -> Any:
    row = next((each for each in rows_of(key, patient.pk) if each.pk == pk), None)
    if row is None:
        raise Http404("No such entry for this patient.")
    return row


def _form(request: SignedInRequest, patient: Patient, key: str, row: Any = None) -> CareForm:
    today = patient.team.local_date(timezone.now())
    make = FORMS[key]

    def build(data: Any = None) -> CareForm:
        form = make(data, instance=row, today=today, patient=patient)
        if "owner" in form.fields:
            people = [person.pk for person in team_people(frozenset({patient.team_id}))]
            form.fields["owner"].queryset = User.objects.filter(pk__in=people)  # type: ignore[attr-defined]
        return form

    if request.method != "POST":
        return build()
    return build(resolved(request.POST, build(), make.start_of(row) if row else {}))


def _context(patient: Patient, kind: CareKind, form: CareForm, user: User, title: str) -> dict[str, Any]:
    return {
        "patient": patient,
        "form": form,
        "title": title,
        "owner": f"next step: {kind.owner.label.lower()}",
        "why_not": policies.why_not_document(patient, user),
        "cancel_url": f"{reverse('care-page', args=[patient.pk])}#{kind.key}",
    }


def _done(request: SignedInRequest, patient: Patient, kind: CareKind, said: str) -> HttpResponse:
    toast(request, said)
    return redirect_or_refresh(request, f"{reverse('care-page', args=[patient.pk])}#{kind.key}")


@requires(Permission.CARE_DOCUMENT)
@require_http_methods(["GET", "HEAD", "POST"])
def care_add(request: SignedInRequest, patient_id: int, part: str) -> HttpResponse:
    """Adds one row to a part."""
    kind = _kind(part)
    patient = readable_patient(request, patient_id)
    form = _form(request, patient, part)
    context = _context(patient, kind, form, request.user, f"Add: {kind.title.lower()}")
    if request.method != "POST":
        return render_page(request, FORM, context)
    if form.is_valid():
        try:
            commands.add(patient, part, form.values(), by=request.user, now=timezone.now())
        except ValidationError as error:
            add_errors(form, error)
    if form.errors:
        return invalid(request, FORM, context)
    return _done(request, patient, kind, f"{kind.title} saved")


@requires(Permission.CARE_DOCUMENT)
@require_http_methods(["GET", "HEAD", "POST"])
def care_change(request: SignedInRequest, patient_id: int, part: str, row_id: int) -> HttpResponse:
    """Corrects or carries on one row; a stale save shows both versions and loses nothing."""
    kind = _kind(part)
    patient = readable_patient(request, patient_id)
    row = _row(patient, part, row_id)
    form = _form(request, patient, part, row)
    context = _context(patient, kind, form, request.user, f"Change: {kind.title.lower()}")
    context["error_url"] = reverse("care-error", args=[patient.pk, part, row.pk])
    if request.method != "POST":
        return render_page(request, FORM, context)
    if form.is_valid():
        version = form.cleaned_data.get("version") or 0
        try:
            commands.change(row, part, form.values(), version=version, by=request.user, now=timezone.now())
        except StaleEdit as stale:
            return stale_answer(request, FORM, context, form, stale.current, saved_meanwhile)
        except ValidationError as error:
            add_errors(form, error)
    if form.errors:
        return invalid(request, FORM, context)
    return _done(request, patient, kind, f"{kind.title} saved")


@requires(Permission.CARE_DOCUMENT)
@require_http_methods(["GET", "HEAD", "POST"])
def care_error(request: SignedInRequest, patient_id: int, part: str, row_id: int) -> HttpResponse:
    """Entered in error, with the reason."""
    kind = _kind(part)
    patient = readable_patient(request, patient_id)
    row = TABLES[part].objects.valid().filter(patient=patient, pk=_row(patient, part, row_id).pk).get()
    form = ErrorForm(request.POST or None)
    context = {
        "patient": patient,
        "form": form,
        "title": f"Entered in error: {kind.title.lower()}",
        "danger": True,
        "cancel_url": f"{reverse('care-page', args=[patient.pk])}#{kind.key}",
    }
    if request.method != "POST":
        return render_page(request, FORM, context)
    if form.is_valid():
        try:
            commands.withdraw(row, part, reason=form.cleaned_data["reason"], by=request.user, now=timezone.now())
        except ValidationError as error:
            add_errors(form, error)
    if form.errors:
        return invalid(request, FORM, context)
    return _done(request, patient, kind, "Marked as entered in error")
