"""Pages of the record: panel, whole record, forms for every fact, enrollment, death."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.people.models import User
from careteam.people.queries import team_people
from careteam.people.rules import Permission
from careteam.web.parts import Difference
from careteam.web.responses import conflict, invalid, redirect_or_refresh, render_page, toast
from patients.record import commands, policies
from patients.record.forms import ENTRIES, DeathForm, EnrollmentForm, EntryForm, ErrorForm, PatientForm
from patients.record.models import ClinicalRow, Patient, StaleEdit
from patients.record.queries import overview, readable_patient, sections, trends_of
from patients.record.rules import EnrollmentStatus


def _add_errors(form: Any, error: ValidationError) -> None:
    """What a command refused, as errors of the form: beside the field when it has that field."""
    if hasattr(error, "error_dict"):
        for name, problems in error.error_dict.items():
            form.add_error(name if name in form.fields else None, problems)
    else:
        form.add_error(None, error.messages)


def _entry(kind: str) -> tuple[str, type[EntryForm]]:
    if kind not in ENTRIES:
        raise Http404("No such kind of entry.")
    return ENTRIES[kind]


def _form(
    form_class: type[EntryForm], request: SignedInRequest, patient: Patient, row: ClinicalRow | None
) -> EntryForm:
    today = patient.team.local_date(timezone.now())
    unbound = form_class(instance=row, today=today, patient=patient)
    form = form_class(chosen(request, unbound), instance=row, today=today, patient=patient)
    if "person" in form.fields:
        people = team_people(frozenset({patient.team_id}))
        form.fields["person"].queryset = User.objects.filter(pk__in=[p.pk for p in people])  # type: ignore[attr-defined]
    return form


def chosen(request: SignedInRequest, unbound: Any) -> QueryDict | None:
    """What was sent; after a conflict (`take_<field>=theirs`) with the saved value in the chosen fields."""
    if request.method != "POST":
        return None
    data = request.POST.copy()
    for name in unbound.fields:
        if data.get(f"take_{name}") == "theirs":
            value = unbound[name].value()
            data[name] = value.isoformat() if isinstance(value, date) else "" if value is None else str(value)
    return data


def differences(form: Any, base: Any, theirs: Any) -> list[Difference]:
    """One row per field that this person typed otherwise or that somebody else saved meanwhile."""

    def word(value: Any) -> str:
        return "" if value is None else str(value)

    rows = []
    for name in form.fields:
        if name == "version" or not hasattr(theirs, name):
            continue
        before, saved, typed = getattr(base, name, None), getattr(theirs, name), form.cleaned_data.get(name)
        if before == saved and before == typed:
            continue
        label = str(form.fields[name].label or name.replace("_", " ")).capitalize()
        rows.append(Difference(name, label, word(before), word(saved), word(typed)))
    return rows


@requires(Permission.PATIENT_VIEW)
@require_safe
def panel(request: SignedInRequest, patient_id: int) -> HttpResponse:
    patient = readable_patient(request, patient_id)
    context = {
        "patient": patient,
        "today": patient.team.local_date(timezone.now()),
        "trends": trends_of(patient.pk),
        "why_not_edit": policies.why_not_edit(patient, request.user),
    }
    return render_page(request, "patients/record/panel.html", context, fragment="panel")


@requires(Permission.PATIENT_VIEW)
@require_safe
def record_page(request: SignedInRequest, patient_id: int) -> HttpResponse:
    patient = readable_patient(request, patient_id)
    record = overview(patient.pk)
    context = {
        "patient": patient,
        "record": record,
        "sections": sections(record),
        "why_not_edit": policies.why_not_edit(patient, request.user),
    }
    return render_page(request, "patients/record/record.html", context)


@requires(Permission.PATIENT_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: SignedInRequest, patient_id: int, kind: str) -> HttpResponse:
    patient = readable_patient(request, patient_id)
    title, form_class = _entry(kind)
    form = _form(form_class, request, patient, None)
    context = {"patient": patient, "form": form, "title": f"Add: {title.lower()}", "kind": kind}
    if request.method != "POST":
        return render_page(request, "patients/record/form.html", context)
    if form.is_valid():
        try:
            commands.add_entry(patient, form_class._meta.model, form.values(), by=request.user, now=timezone.now())
        except ValidationError as error:
            _add_errors(form, error)
    if not form.is_valid() or form.errors:
        return invalid(request, "patients/record/form.html", context)
    toast(request, f"{title} saved")
    return redirect_or_refresh(request, reverse("patient", args=[patient.pk]))


@requires(Permission.PATIENT_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: SignedInRequest, patient_id: int, kind: str, pk: int) -> HttpResponse:
    patient = readable_patient(request, patient_id)
    title, form_class = _entry(kind)
    row = form_class._meta.model.objects.valid().filter(pk=pk, patient=patient).first()
    if row is None:
        raise Http404("No such entry in this record.")
    form = _form(form_class, request, patient, row)
    context = {"patient": patient, "form": form, "title": f"Correct: {title.lower()}", "kind": kind, "row": row}
    if request.method != "POST":
        return render_page(request, "patients/record/form.html", context)
    if form.is_valid():
        try:
            commands.change_entry(
                row,
                form.values(),
                version=form.cleaned_data.get("version") or 0,
                by=request.user,
                now=timezone.now(),
            )
        except StaleEdit as stale:
            return _conflict(request, context, form, stale.current)
        except ValidationError as error:
            _add_errors(form, error)
    if not form.is_valid() or form.errors:
        return invalid(request, "patients/record/form.html", context)
    toast(request, f"{title} corrected")
    return redirect_or_refresh(request, reverse("patient", args=[patient.pk]))


def _conflict(request: SignedInRequest, context: dict[str, Any], form: Any, current: Any) -> HttpResponse:
    """409: as opened, theirs and yours side by side; every typed value travels on in the page."""
    opened = form.cleaned_data.get("version") or 0
    base = current.events.filter(version=opened).order_by("-pgh_id").first()
    skipped = {"csrfmiddlewaretoken", "version"}
    typed = {name: value for name, value in form.data.items() if name not in skipped and not name.startswith("take_")}
    return conflict(
        request,
        "patients/record/form.html",
        {
            **context,
            "stale": True,
            "said": "Somebody saved this entry after you opened it. Nothing was overwritten.",
            "theirs_label": "Saved meanwhile",
            "rows": differences(form, base, current),
            "hidden": {**typed, "version": current.version},
            "action": request.path,
        },
    )


@requires(Permission.PATIENT_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def mark_error(request: SignedInRequest, patient_id: int, kind: str, pk: int) -> HttpResponse:
    patient = readable_patient(request, patient_id)
    title, form_class = _entry(kind)
    row = form_class._meta.model.objects.valid().filter(pk=pk, patient=patient).first()
    if row is None:
        raise Http404("No such entry in this record.")
    form = ErrorForm(request.POST or None)
    context = {"patient": patient, "form": form, "title": f"Entered in error: {title.lower()}", "danger": True}
    if request.method != "POST":
        return render_page(request, "patients/record/form.html", context)
    if form.is_valid():
        try:
            commands.enter_in_error(row, reason=form.cleaned_data["reason"], by=request.user, now=timezone.now())
        except ValidationError as error:
            _add_errors(form, error)
    if form.errors:
        return invalid(request, "patients/record/form.html", context)
    toast(request, f"{title} marked as entered in error")
    return redirect_or_refresh(request, reverse("record-page", args=[patient.pk]))


@requires(Permission.PATIENT_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def change_patient(request: SignedInRequest, patient_id: int) -> HttpResponse:
    patient = readable_patient(request, patient_id)
    today = patient.team.local_date(timezone.now())
    start = {"version": patient.version}
    unbound = PatientForm(instance=patient, today=today, initial=start)
    form = PatientForm(chosen(request, unbound), instance=patient, today=today, initial=start)
    context = {"patient": patient, "form": form, "title": "Who the patient is"}
    if request.method != "POST":
        return render_page(request, "patients/record/form.html", context)
    if form.is_valid():
        try:
            commands.change_patient(
                patient, form.values(), version=form.cleaned_data["version"], by=request.user, now=timezone.now()
            )
        except StaleEdit as stale:
            return _conflict(request, context, form, stale.current)
        except ValidationError as error:
            _add_errors(form, error)
    if form.errors:
        return invalid(request, "patients/record/form.html", context)
    toast(request, "Saved")
    return redirect_or_refresh(request, reverse("patient", args=[patient.pk]))


@requires(Permission.PATIENT_ENROLL)
@require_http_methods(["GET", "HEAD", "POST"])
def enroll(request: SignedInRequest, patient_id: int) -> HttpResponse:
    patient = readable_patient(request, patient_id)
    today = patient.team.local_date(timezone.now())
    form = EnrollmentForm(request.POST or None, initial={"status": EnrollmentStatus.ACTIVE, "on": today})
    context = {"patient": patient, "form": form, "title": "In or out of our care", "save": "Save"}
    if request.method != "POST":
        return render_page(request, "patients/record/form.html", context)
    if form.is_valid():
        values = form.cleaned_data
        try:
            commands.change_enrollment(
                patient,
                EnrollmentStatus(values["status"]),
                on=values["on"],
                by=request.user,
                now=timezone.now(),
                reason=values["reason"],
                scope=values["scope"],
                ask_again_on=values["ask_again_on"],
            )
        except ValidationError as error:
            _add_errors(form, error)
    if form.errors:
        return invalid(request, "patients/record/form.html", context)
    toast(request, "Saved")
    return redirect_or_refresh(request, reverse("patient", args=[patient.pk]))


@requires(Permission.PATIENT_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def death(request: SignedInRequest, patient_id: int) -> HttpResponse:
    patient = readable_patient(request, patient_id)
    form = DeathForm(request.POST or None)
    context = {"patient": patient, "form": form, "title": "Record a death", "danger": True}
    if request.method != "POST":
        return render_page(request, "patients/record/form.html", context)
    if form.is_valid():
        try:
            commands.record_death(
                patient,
                on=form.cleaned_data["on"],
                cause=form.cleaned_data["cause"],
                by=request.user,
                now=timezone.now(),
            )
        except ValidationError as error:
            _add_errors(form, error)
    if form.errors:
        return invalid(request, "patients/record/form.html", context)
    toast(request, "Recorded. Reminders and letters to the patient have stopped.")
    return redirect_or_refresh(request, reverse("patient", args=[patient.pk]))
