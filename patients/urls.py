"""Addresses of the patients app. A view is imported here and nowhere else."""

from django.urls import URLPattern, path

from patients.record import views as record

urlpatterns: list[URLPattern] = [
    path("patients/<int:patient_id>/record/", record.record_page, name="record-page"),
    path("patients/<int:patient_id>/record/panel/", record.panel, name="record-panel"),
    path("patients/<int:patient_id>/record/identity/", record.change_patient, name="patient-change"),
    path("patients/<int:patient_id>/record/enrollment/", record.enroll, name="patient-enroll"),
    path("patients/<int:patient_id>/record/death/", record.death, name="patient-death"),
    path("patients/<int:patient_id>/record/<slug:kind>/new/", record.add, name="record-add"),
    path("patients/<int:patient_id>/record/<slug:kind>/<int:pk>/", record.change, name="record-change"),
    path("patients/<int:patient_id>/record/<slug:kind>/<int:pk>/error/", record.mark_error, name="record-error"),
]
