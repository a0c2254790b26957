"""The page of one study."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission
from careteam.web.responses import render_page
from careteam.web.words import day
from patients.imaging import policies
from patients.imaging.forms import ContactForm
from patients.imaging.models import ImagingStudy
from patients.imaging.queries import center_of, hands_of, ladder_of, preparations_of, raised_of, readable_study, red_day
from patients.imaging.rules import MEASURED_ON, ReminderStep, StudyStatus
from patients.imaging.views.corrections import correction_of


@requires(Permission.PATIENT_VIEW)
@require_safe
def study_page(request: SignedInRequest, study_id: int) -> HttpResponse:
    """The study: state, ladder and what it raised, contacts, report, outside images, what may be done now."""
    study = readable_study(request, study_id)
    now = timezone.now()
    steps, contacts = ladder_of(study, now=now)
    patient = study.patient
    correction = correction_of(study)
    center = center_of(study)
    raised = raised_of(study)
    context = {
        "preparation": preparations_of([study], today=patient.team.local_date(now)).get(study.pk),
        "raised": raised,
        "for_board": any(each.reminder.step == ReminderStep.BOARD for each in raised),
        "hands": hands_of(study),
        "may_see_steps": not policies.why_not_acknowledge(raised[0].reminder, request.user) if raised else False,
        "center": center,
        "correction": correction,
        "may_correct": correction is not None and not correction.why_not(study, request.user, "-"),
        "may_link": not policies.why_not_change_links(study, request.user, ""),
        "may_chase": not policies.why_not_take(study, request.user, even_done=True)
        and study.status != StudyStatus.CLOSED,
        "study": study,
        "patient": patient,
        "today": patient.team.local_date(now),
        "steps": steps,
        "contacts": contacts,
        "contact_form": ContactForm(),
        "snoozes": study.snoozes.select_related("created_by", "ended_by").order_by("-pk"),
        "why_not_snooze": policies.why_not_wait(red_day(study), patient.team.local_date(now)),
        "may_work": not policies.why_not_take(study, request.user),
        "may_review": request.access.may(Permission.IMAGING_REVIEW, study.team_id),
        "may_report": request.access.may(Permission.IMAGING_REPORT, study.team_id),
        "may_assess": study.modality in MEASURED_ON and not policies.why_not_confirm_response(study, request.user, ""),
        "is_waiting": study.status in {StudyStatus.PLANNED, StudyStatus.ORDERED, StudyStatus.SCHEDULED},
        "pairs": _facts(study),
    }
    return render_page(request, "patients/imaging/study.html", context)


def _facts(study: ImagingStudy) -> list[tuple[str, object]]:
    plan = study.plan
    facts: list[tuple[str, object]] = [
        (
            "Why this date",
            (plan.why if plan else "Outside the plan") if study.due_on and not study.performed_on else "",
        ),
        ("Owner", study.owner or "nobody"),
        ("Asked again, because", study.early_reason),
        ("Place", study.place),
        ("Made at", study.center),
        ("Accession number", study.accession_number),
        (
            f"{study.words.report.capitalize()} due",
            day(study.report_due_on) if study.status == StudyStatus.PERFORMED else "",
        ),
        ("Reviewed by", study.reviewed_by),
        ("Decision due", day(study.decision_due_on) if study.status == StudyStatus.REVIEWED else ""),
        ("What followed", study.acted_note),
        ("Closed because", study.get_close_reason_display() if study.close_reason else ""),
    ]
    return [(label, value) for label, value in facts if value]
