"""Reading: the panel, the whole record, one test over time, the history of a row."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission
from careteam.web.responses import render_page
from patients.record import policies
from patients.record.forms import ENTRIES
from patients.record.queries import overview, readable_patient, sections, series_of, trends_of, versions_of
from patients.record.rules import MEASURES


@requires(Permission.PATIENT_VIEW)
@require_safe
def panel(request: SignedInRequest, patient_id: int) -> HttpResponse:
    patient = readable_patient(request, patient_id)
    context = {
        "patient": patient,
        "today": patient.team.local_date(timezone.now()),
        "trends": trends_of(patient),
        "why_not_edit": policies.why_not_edit(patient, request.user),
    }
    return render_page(request, "patients/record/panel.html", context, fragment="panel")


@requires(Permission.PATIENT_VIEW)
@require_safe
def record_page(request: SignedInRequest, patient_id: int) -> HttpResponse:
    patient = readable_patient(request, patient_id)
    record = overview(patient)
    context = {
        "patient": patient,
        "today": patient.team.local_date(timezone.now()),
        "record": record,
        "sections": sections(record),
        "why_not_edit": policies.why_not_edit(patient, request.user),
    }
    return render_page(request, "patients/record/record.html", context)


@requires(Permission.PATIENT_VIEW)
@require_safe
def series(request: SignedInRequest, patient_id: int, code: str) -> HttpResponse:
    """Every result of one test, in the team's unit and as it was entered; what cannot be compared says so."""
    patient = readable_patient(request, patient_id)
    today = patient.team.local_date(timezone.now())
    found = series_of(patient, code, today)
    if found is None:
        raise Http404("No result of this test.")
    context = {
        "patient": patient,
        "today": today,
        "series": found,
        "known": code in MEASURES,
        "why_not_edit": policies.why_not_edit(patient, request.user),
    }
    return render_page(request, "patients/record/series.html", context)


@requires(Permission.PATIENT_VIEW)
@require_safe
def row_history(request: SignedInRequest, patient_id: int, kind: str, pk: int) -> HttpResponse:
    """Who saved this entry, when, and what each save changed; also of one that was entered in error."""
    patient = readable_patient(request, patient_id)
    if kind not in ENTRIES:
        raise Http404("No such kind of entry.")
    title, form_class = ENTRIES[kind]
    row = form_class._meta.model.objects.filter(pk=pk, patient=patient).first()
    if row is None:
        raise Http404("No such entry in this record.")
    context = {
        "patient": patient,
        "title": title,
        "what": str(row),
        "row": row,
        "kind": kind,
        "versions": versions_of(row),
        "today": patient.team.local_date(timezone.now()),
        "why_not_edit": policies.why_not_edit(patient, request.user) or row.error_at,
    }
    return render_page(request, "patients/record/history.html", context)


@requires(Permission.PATIENT_VIEW)
@require_safe
def identity_history(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """Who changed the name, the address or anything else of who the patient is."""
    patient = readable_patient(request, patient_id)
    context = {
        "patient": patient,
        "title": "Who the patient is",
        "what": "",
        "versions": versions_of(patient),
        "today": patient.team.local_date(timezone.now()),
        "why_not_edit": policies.why_not_edit(patient, request.user),
    }
    return render_page(request, "patients/record/history.html", context)
