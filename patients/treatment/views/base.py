"""What the pages of treatment share."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from careteam.web.responses import redirect_or_refresh, toast
from patients.record.models import Patient
from patients.treatment.models import TreatmentLine

FORM = "patients/treatment/form.html"


def line_of(patient: Patient, line_id: int) -> TreatmentLine:
    rows = TreatmentLine.objects.select_related("patient__team", "created_by", "error_by")
    line: TreatmentLine = get_object_or_404(rows, pk=line_id, patient=patient)
    return line


def to_patient(request: HttpRequest, patient: Patient, said: str) -> HttpResponse:
    response = redirect_or_refresh(
        request, reverse("treatment-panel", args=[patient.pk]), events=("lineChanged", "studyChanged")
    )
    toast(request, said, response=response)
    return response


def to_line(request: HttpRequest, line: TreatmentLine, said: str) -> HttpResponse:
    response = redirect_or_refresh(
        request, reverse("line-page", args=[line.patient_id, line.pk]), events=("lineChanged",)
    )
    toast(request, said, response=response)
    return response
