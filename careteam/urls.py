"""Every address of the product; the slices' own addresses are in their app's urls.py."""

from django.urls import URLPattern, URLResolver, include, path

from careteam.workspace import (
    audit,
    function,
    health,
    home,
    inbox,
    mail,
    patients,
    people,
    reports,
    shell,
    summary,
    timeline,
    units,
)
from careteam.workspace.calendar import views as calendar
from careteam.workspace.clinic import views as clinic
from careteam.workspace.coming import views as coming
from careteam.workspace.downtime import views as downtime
from careteam.workspace.safety import views as safety

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("accounts/", include("allauth.urls")),
    path("preferences/", shell.preferences, name="preferences"),
    path("search/", patients.search, name="search"),
    path("patients/", patients.patient_list, name="patients"),
    path("patients/<int:patient_id>/", patients.patient_page, name="patient"),
    path("patients/<int:patient_id>/history/", audit.patient_history, name="patient-history"),
    path("patients/<int:patient_id>/timeline/", timeline.timeline_panel, name="timeline-panel"),
    path("patients/<int:patient_id>/function/", function.function_panel, name="function-panel"),
    path("patients/<int:patient_id>/summary/", summary.patient_summary, name="patient-summary"),
    path("coming/", coming.coming_weeks, name="coming"),
    path("coming/doses/<int:dose_id>/given/", coming.coming_given, name="coming-given"),
    path("clinic/", clinic.clinic, name="clinic"),
    path("clinic/visits/<int:visit_id>/close/", clinic.visit_close, name="visit-close"),
    path("clinic/visits/<int:visit_id>/reopen/", clinic.visit_reopen, name="visit-reopen"),
    path("patients/<int:patient_id>/visits/new/", clinic.visit_book, name="visit-book"),
    path("safety/", safety.safety, name="safety"),
    path("safety/patients/<int:patient_id>/step/", safety.step_set, name="step-set"),
    path("safety/patients/<int:patient_id>/back/", safety.steps_back, name="steps-back"),
    path("safety/steps/<int:next_step_id>/", safety.own_step, name="own-step"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/<int:pk>/", inbox.open_item, name="inbox-open"),
    path("inbox/<int:pk>/done/", inbox.done, name="inbox-done"),
    path("inbox/<int:pk>/undo/", inbox.undo, name="inbox-undo"),
    path("inbox/undelivered/", mail.undelivered, name="undelivered"),
    path("inbox/undelivered/<int:pk>/again/", mail.mail_again, name="inbox-mail-again"),
    path("preferences/calendars/", calendar.calendar_links, name="calendar-links"),
    path("preferences/calendars/<int:feed_id>/renew/", calendar.calendar_renew, name="calendar-renew"),
    path("preferences/calendars/<int:feed_id>/revoke/", calendar.calendar_revoke, name="calendar-revoke"),
    path("calendar/<str:token>.ics", calendar.calendar_feed, name="calendar"),
    path("preferences/mail/", mail.mail_preferences, name="mail-preferences"),
    path("team/", people.team_page, name="team"),
    path("team/add/", people.add_person, name="person-add"),
    path("team/units/", units.team_units, name="team-units"),
    path("team/<int:person_id>/roles/", people.change_roles, name="person-roles"),
    path("team/<int:person_id>/absence/", people.absence, name="person-absence"),
    path("team/<int:person_id>/close/", people.deactivate, name="person-deactivate"),
    path("emergency/", people.emergency, name="emergency"),
    path("reports/", reports.reports, name="reports"),
    path("reference/components/", reports.components, name="components"),
    path("reports/audit/", audit.audit_page, name="audit"),
    path("reports/downtime/", downtime.printouts, name="downtime"),
    path("reports/downtime/<slug:team>/<slug:day>/", downtime.download, name="downtime-file"),
    path("", include("patients.urls")),
    path("", include("tumorboard.urls")),
]
