"""Reading conversations: panel and history, one conversation, its addenda, its retraction, the printed summary."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, render_page, toast, wants_fragment
from careteam.web.signing import password_status
from patients.goals import commands, policies
from patients.goals.forms import AddendumForm, RetractForm
from patients.goals.models import GoalsConversation, GoalsPrompt
from patients.goals.queries import conversations_of, goals_of
from patients.goals.rules import Acceptance, Burden, ConversationStatus, Matter
from patients.record.models import Patient, PatientContact
from patients.record.policies import why_not_edit
from patients.record.queries import readable_patient

# What somebody does not accept, in words for the page that the patient takes home.
NOT_WANTED = {
    Burden.HOSPITAL_NIGHTS: "Many nights in hospital for a treatment",
    Burden.WEEKLY_TRAVEL: "Long journeys every week",
    Burden.DAYS_IN_BED: "Many days in bed because of side effects",
    Burden.BIOPSIES: "More tissue samples (biopsies)",
    Burden.INTENSIVE_CARE: "Treatment on an intensive care unit",
}


def _conversation(request: SignedInRequest, patient_id: int, pk: int) -> tuple[Patient, GoalsConversation]:
    patient = readable_patient(request, patient_id)
    found = next((row for row in conversations_of(patient.pk) if row.pk == pk), None)
    if found is None:
        raise Http404("No such conversation of this patient.")
    return patient, found


@requires(Permission.PATIENT_VIEW)
@require_GET
def panel(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """As a fragment: the goals card of the patient page. As a page: that card with every version and prompt."""
    patient = readable_patient(request, patient_id)
    today = patient.team.local_date(timezone.now())
    goals = goals_of(patient.pk, today)
    context: dict[str, Any] = {
        "patient": patient,
        "today": today,
        "goals": goals,
        "proxy": PatientContact.objects.valid().filter(patient=patient, is_proxy=True).first(),
        "why_not": policies.why_not_document(patient, request.user),
        "mine": any(draft.author_id == request.user.pk for draft in goals.drafts),
        "others": [draft for draft in goals.drafts if draft.author_id != request.user.pk],
    }
    if not wants_fragment(request):
        context |= {
            "conversations": conversations_of(patient.pk),
            "prompts": GoalsPrompt.objects.filter(patient=patient)
            .select_related("answered_by", "owner")
            .prefetch_related("reasons")
            .order_by("-raised_on", "-pk"),
        }
    return render_page(request, "patients/goals/patient.html", context, fragment="panel")


@requires(Permission.PATIENT_VIEW)
@require_GET
def conversation(request: SignedInRequest, patient_id: int, pk: int) -> HttpResponse:
    """One signed conversation with its addenda. A retracted one shows its trace only: its text is another person's."""
    patient, found = _conversation(request, patient_id, pk)
    context = {
        "patient": patient,
        "today": patient.team.local_date(timezone.now()),
        "conversation": found,
        "trade_offs": found.trade_offs.all(),
        "retracted": found.status == ConversationStatus.RETRACTED,
        "why_not_addendum": policies.why_not_addendum(found, patient, request.user),
    }
    return render_page(request, "patients/goals/conversation.html", context)


@requires(Permission.PATIENT_VIEW)
@require_GET
def summary(request: SignedInRequest, patient_id: int, pk: int) -> HttpResponse:
    """One page for the patient, in plain words and large type: no codes, no figures, no surprise question."""
    patient, found = _conversation(request, patient_id, pk)
    if found.status == ConversationStatus.RETRACTED:
        raise Http404("This conversation belongs to another patient.")
    context = {
        "patient": patient,
        "conversation": found,
        "matters": [(code, Matter(code).label) for code in found.matters if code != Matter.EVENT or not found.event],
        "not_wanted": [
            NOT_WANTED[Burden(row.burden)]
            for row in found.trade_offs.all()
            if row.acceptance == Acceptance.NOT_ACCEPTED
        ],
        "today": patient.team.local_date(timezone.now()),
    }
    return render_page(request, "patients/goals/summary.html", context)


@requires(Permission.GOALS_SIGN)
@require_http_methods(["GET", "POST"])
def addendum(request: SignedInRequest, patient_id: int, pk: int) -> HttpResponse:
    """Adds a signed supplement; the signed text stays as it is."""
    patient, found = _conversation(request, patient_id, pk)
    if reasons := policies.why_not_addendum(found, patient, request.user):
        raise PermissionDenied(" ".join(reasons))
    form = AddendumForm(request.POST if request.method == "POST" else None, user=request.user)
    context = {
        "patient": patient,
        "conversation": found,
        "form": form,
        "today": patient.team.local_date(timezone.now()),
    }
    if request.method == "GET":
        return render_page(request, "patients/goals/addendum.html", context)
    status = password_status(request, form)
    if status == 200:
        try:
            commands.add_addendum(found, text=form.cleaned_data["text"], by=request.user, now=timezone.now())
        except ValidationError as error:
            add_errors(form, error)
            status = 422
    if status != 200:
        return render_page(request, "patients/goals/addendum.html", context, status=status)
    toast(request, "Addendum signed.")
    return redirect("goals-conversation", patient_id=patient.pk, pk=found.pk)


@requires(Permission.GOALS_SIGN)
@require_http_methods(["GET", "POST"])
def retract_page(request: SignedInRequest, patient_id: int, pk: int) -> HttpResponse:
    """Takes back a conversation that belongs to another patient."""
    patient, found = _conversation(request, patient_id, pk)
    if reasons := why_not_edit(patient, request.user, Permission.GOALS_SIGN):
        raise PermissionDenied(" ".join(reasons))
    form = RetractForm(request.POST if request.method == "POST" else None, user=request.user)
    context = {
        "patient": patient,
        "conversation": found,
        "form": form,
        "today": patient.team.local_date(timezone.now()),
    }
    if request.method == "GET":
        return render_page(request, "patients/goals/retract.html", context)
    status = password_status(request, form)
    if status == 200:
        try:
            commands.retract(found, reason=form.cleaned_data["reason"], by=request.user, now=timezone.now())
        except ValidationError as error:
            add_errors(form, error)
            status = 422
    if status != 200:
        return render_page(request, "patients/goals/retract.html", context, status=status)
    toast(request, "Retracted. The trace stays in the history.")
    return redirect("goals-panel", patient_id=patient.pk)
