"""The index of reports a person may open."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from careteam.access.gate import SignedInRequest, requires, signed_in
from careteam.people.rules import Permission
from careteam.web.responses import render_page
from careteam.web.states import states_context

PAGES = (
    ("audit", "Audit trail", "Who saw or changed what", Permission.AUDIT_VIEW),
    ("board-reports", "Board figures", "Cases, decisions, actions, concordance", Permission.REPORT_VIEW),
    (
        "goals-measures",
        "Goals and the last weeks of life",
        "Conversations in time, hospice, places",
        Permission.REPORT_VIEW,
    ),
    ("guidance-catalog", "Guidance catalog", "Every rule with its source and signature", Permission.PATIENT_VIEW),
    ("protocol-list", "Protocol numbers", "Intervals and limits, who signed them", Permission.PATIENT_VIEW),
    ("safety", "Safety net", "Who has no next step; what nobody reviewed, ended, minuted", Permission.PATIENT_VIEW),
    ("undelivered", "Reminders and e-mail", "Whether they run; mails to send again", Permission.IMAGING_SCHEDULE),
    ("downtime", "Downtime printout", "The worklists on paper, for when the system is down", Permission.PATIENT_VIEW),
)


@requires(Permission.REPORT_VIEW, Permission.AUDIT_VIEW)
@require_safe
def reports(request: SignedInRequest) -> HttpResponse:
    pages = [(reverse(name), title, what) for name, title, what, permission in PAGES if request.access.may(permission)]
    return render_page(request, "workspace/reports.html", {"pages": pages})


@signed_in("the parts of the interface, for those who build pages; shows nobody's data")
@require_safe
def components(request: SignedInRequest) -> HttpResponse:
    return render_page(request, "components/states.html", states_context())
