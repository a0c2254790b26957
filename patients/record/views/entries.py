"""One fact of the record: add, correct, enter in error."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from careteam.access.gate import SignedInRequest, requires
from careteam.people.models import User
from careteam.people.queries import team_people
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, invalid, redirect_or_refresh, render_page, toast
from careteam.web.stale import resolved
from patients.record import commands
from patients.record.forms import ENTRIES, EntryForm, ErrorForm
from patients.record.models import ClinicalRow, Patient, StaleEdit
from patients.record.queries import readable_patient
from patients.record.views.base import FORM, stale

# What a link may choose beforehand: codes, never text.
PREFILLED = frozenset({"measure", "kind"})


def _entry(kind: str) -> tuple[str, type[EntryForm]]:
    if kind not in ENTRIES:
        raise Http404("No such kind of entry.")
    return ENTRIES[kind]


def _row(form_class: type[EntryForm], patient: Patient, pk: int) -> Any:
    row = form_class._meta.model.objects.valid().filter(pk=pk, patient=patient).first()
    if row is None:
        raise Http404("No such entry in this record.")
    return row


def _form(
    form_class: type[EntryForm], request: SignedInRequest, patient: Patient, row: ClinicalRow | None
) -> EntryForm:
    today = patient.team.local_date(timezone.now())
    start = {name: request.GET[name] for name in PREFILLED & request.GET.keys()}
    data = None
    if request.method == "POST":
        unbound = form_class(instance=row, today=today, patient=patient)
        data = resolved(request.POST, unbound, form_class.start_of(row) if row else {})
    form = form_class(data, instance=row, today=today, patient=patient, initial=start)
    if "person" in form.fields:
        people = team_people(frozenset({patient.team_id}))
        form.fields["person"].queryset = User.objects.filter(pk__in=[p.pk for p in people])  # type: ignore[attr-defined]
    return form


@requires(Permission.PATIENT_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: SignedInRequest, patient_id: int, kind: str) -> HttpResponse:
    patient = readable_patient(request, patient_id)
    title, form_class = _entry(kind)
    form = _form(form_class, request, patient, None)
    context = {"patient": patient, "form": form, "title": f"Add: {title.lower()}", "kind": kind}
    if request.method != "POST":
        return render_page(request, FORM, context)
    if form.is_valid():
        try:
            commands.add_entry(patient, form_class._meta.model, form.values(), by=request.user, now=timezone.now())
        except ValidationError as error:
            add_errors(form, error)
    if not form.is_valid() or form.errors:
        return invalid(request, FORM, context)
    toast(request, f"{title} saved")
    return redirect_or_refresh(request, reverse("patient", args=[patient.pk]))


@requires(Permission.PATIENT_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: SignedInRequest, patient_id: int, kind: str, pk: int) -> HttpResponse:
    patient = readable_patient(request, patient_id)
    title, form_class = _entry(kind)
    row = _row(form_class, patient, pk)
    form = _form(form_class, request, patient, row)
    context = {"patient": patient, "form": form, "title": f"Correct: {title.lower()}", "kind": kind, "row": row}
    if request.method != "POST":
        return render_page(request, FORM, context)
    if form.is_valid():
        try:
            commands.change_entry(
                row,
                form.values(),
                version=form.cleaned_data.get("version") or 0,
                by=request.user,
                now=timezone.now(),
            )
        except StaleEdit as problem:
            return stale(request, context, form, problem.current)
        except ValidationError as error:
            add_errors(form, error)
    if not form.is_valid() or form.errors:
        return invalid(request, FORM, context)
    toast(request, f"{title} corrected")
    return redirect_or_refresh(request, reverse("patient", args=[patient.pk]))


@requires(Permission.PATIENT_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def mark_error(request: SignedInRequest, patient_id: int, kind: str, pk: int) -> HttpResponse:
    patient = readable_patient(request, patient_id)
    title, form_class = _entry(kind)
    row = _row(form_class, patient, pk)
    form = ErrorForm(request.POST or None)
    context = {"patient": patient, "form": form, "title": f"Entered in error: {title.lower()}", "danger": True}
    if request.method != "POST":
        return render_page(request, FORM, context)
    if form.is_valid():
        try:
            commands.enter_in_error(row, reason=form.cleaned_data["reason"], by=request.user, now=timezone.now())
        except ValidationError as error:
            add_errors(form, error)
    if form.errors:
        return invalid(request, FORM, context)
    toast(request, f"{title} marked as entered in error")
    return redirect_or_refresh(request, reverse("record-page", args=[patient.pk]))
