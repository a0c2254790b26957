"""Addresses of the patients app. A view is imported here and nowhere else."""

from django.urls import URLPattern, path

from patients.fhir import views as fhir
from patients.goals import views as goals
from patients.protocol import views as protocol
from patients.record import views as record
from patients.treatment import views as treatment

urlpatterns: list[URLPattern] = [
    path("patients/import/", fhir.imports, name="import"),
    path("patients/import/<int:run_id>/", fhir.import_run, name="import-run"),
    path("patients/import/<int:run_id>/progress/", fhir.import_progress, name="import-progress"),
    path("patients/import/<int:run_id>/kept/", fhir.import_kept, name="import-kept"),
    path("patients/import/sources/<int:record_id>/", fhir.source_record, name="import-source"),
    path("patients/review/", fhir.review, name="import-review"),
    path("patients/review/<int:item_id>/", fhir.review_decide, name="import-review-decide"),
    path("patients/<int:patient_id>/record/", record.record_page, name="record-page"),
    path("patients/<int:patient_id>/record/panel/", record.panel, name="record-panel"),
    path("patients/<int:patient_id>/record/identity/", record.change_patient, name="patient-change"),
    path("patients/<int:patient_id>/record/enrollment/", record.enroll, name="patient-enroll"),
    path("patients/<int:patient_id>/record/death/", record.death, name="patient-death"),
    path("patients/<int:patient_id>/record/<slug:kind>/new/", record.add, name="record-add"),
    path("patients/<int:patient_id>/record/<slug:kind>/<int:pk>/", record.change, name="record-change"),
    path("patients/<int:patient_id>/record/<slug:kind>/<int:pk>/error/", record.mark_error, name="record-error"),
    path("patients/<int:patient_id>/treatment/", treatment.treatment_panel, name="treatment-panel"),
    path("patients/<int:patient_id>/treatment/new/", treatment.line_start, name="line-start"),
    path("patients/<int:patient_id>/treatment/<int:line_id>/", treatment.line_page, name="line-page"),
    path("patients/<int:patient_id>/treatment/<int:line_id>/plan/", treatment.line_plan, name="line-plan"),
    path("patients/<int:patient_id>/treatment/<int:line_id>/start/", treatment.line_begin, name="line-begin"),
    path("patients/<int:patient_id>/treatment/<int:line_id>/hold/", treatment.line_hold, name="line-hold"),
    path("patients/<int:patient_id>/treatment/<int:line_id>/resume/", treatment.line_resume, name="line-resume"),
    path("patients/<int:patient_id>/treatment/<int:line_id>/end/", treatment.line_end, name="line-end"),
    path("patients/<int:patient_id>/treatment/<int:line_id>/correct/", treatment.line_correct, name="line-correct"),
    path("patients/<int:patient_id>/treatment/<int:line_id>/error/", treatment.line_error, name="line-error"),
    path("patients/<int:patient_id>/treatment/<int:line_id>/confirm/", treatment.line_confirm, name="line-confirm"),
    path("patients/<int:patient_id>/doses/<int:dose_id>/", treatment.dose_record, name="dose-record"),
    path("imaging/protocol/", protocol.protocol_list, name="protocol-list"),
    path("imaging/protocol/<str:code>/", protocol.protocol_sign, name="protocol-sign"),
    path("goals/", goals.workspace, name="goals"),
    path("goals/referrals/<int:pk>/", goals.answer_referral_page, name="palliative-answer"),
    path("patients/<int:patient_id>/goals/", goals.panel, name="goals-panel"),
    path("patients/<int:patient_id>/goals/new/", goals.new, name="goals-new"),
    path("patients/<int:patient_id>/goals/draft/", goals.draft, name="goals-draft"),
    path("patients/<int:patient_id>/goals/draft/discard/", goals.discard, name="goals-discard"),
    path("patients/<int:patient_id>/goals/sign/", goals.sign_page, name="goals-sign"),
    path("patients/<int:patient_id>/goals/answer/", goals.answer, name="goals-answer"),
    path("patients/<int:patient_id>/goals/palliative/", goals.refer_page, name="palliative-refer"),
    path("patients/<int:patient_id>/goals/<int:pk>/", goals.conversation, name="goals-conversation"),
    path("patients/<int:patient_id>/goals/<int:pk>/addendum/", goals.addendum, name="goals-addendum"),
    path("patients/<int:patient_id>/goals/<int:pk>/retract/", goals.retract_page, name="goals-retract"),
    path("patients/<int:patient_id>/goals/<int:pk>/summary/", goals.summary, name="goals-summary"),
]
