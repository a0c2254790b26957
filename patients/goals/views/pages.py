"""Reading conversations: panel and history, one conversation, its addenda, its retraction, the printed summary."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.audit.rules import Kind
from careteam.people.rules import Permission
from careteam.web.pdf import PdfUnavailable, pdf_of
from careteam.web.responses import add_errors, render_page, toast, wants_fragment
from careteam.web.signing import password_status
from careteam.web.words import language_name
from patients.goals import commands, policies
from patients.goals.forms import AddendumForm, RetractForm
from patients.goals.models import GoalsConversation, GoalsPrompt
from patients.goals.queries import conversations_of, differences, goals_of, lines_of, taken_home
from patients.goals.rules import ConversationStatus
from patients.goals.rules.leaflet import LANGUAGES, is_unwritten, language_of
from patients.record.models import Patient, PatientContact
from patients.record.policies import why_not_edit
from patients.record.queries import readable_patient


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
        "proxy": PatientContact.objects.valid().filter(patient=patient, is_proxy=True).exclude(scope="none").first(),
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
    today = patient.team.local_date(timezone.now())
    context = {
        "patient": patient,
        "today": today,
        "conversation": found,
        "lines": lines_of(found, found.trade_offs.all(), today=today),
        "retracted": found.status == ConversationStatus.RETRACTED,
        "why_not_addendum": policies.why_not_addendum(found, patient, request.user),
        "why_not_document": policies.why_not_document(patient, request.user),
    }
    return render_page(request, "patients/goals/conversation.html", context)


@requires(Permission.PATIENT_VIEW)
@require_GET
def compare(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """What two versions say differently, word by word; without a choice the newest against the one before. What was
    retracted belongs to somebody else and is not compared."""
    patient = readable_patient(request, patient_id)
    rows = [row for row in conversations_of(patient.pk) if row.status != ConversationStatus.RETRACTED]
    by_pk = {str(row.pk): row for row in rows}
    after = by_pk.get(request.GET.get("to", ""), rows[0] if rows else None)
    older = [row for row in rows if after is not None and row.number < after.number]
    before = by_pk.get(request.GET.get("from", ""), older[0] if older else None)
    found = differences(before, after) if before is not None and after is not None else []
    context = {
        "patient": patient,
        "today": patient.team.local_date(timezone.now()),
        "rows": rows,
        "before": before,
        "after": after,
        "changed": [each for each in found if each.kind != "unchanged"],
        "unchanged": [each for each in found if each.kind == "unchanged"],
        "withheld": any(key in request.GET and request.GET[key] not in by_pk for key in ("from", "to")),
    }
    return render_page(request, "patients/goals/compare.html", context)


def _taken_home(request: SignedInRequest, patient_id: int, pk: int) -> dict[str, Any]:
    patient, found = _conversation(request, patient_id, pk)
    if found.status == ConversationStatus.RETRACTED:
        raise Http404("This conversation belongs to another patient.")
    language = language_of(request.GET.get("language", ""), patient.language)
    return {
        "patient": patient,
        "conversation": found,
        "home": taken_home(found, language),
        "languages": [(code, language_name(code)) for code in LANGUAGES],
        "unwritten": language_name(patient.language) if is_unwritten(patient.language) else "",
        "today": patient.team.local_date(timezone.now()),
    }


@requires(Permission.PATIENT_VIEW)
@require_GET
def summary(request: SignedInRequest, patient_id: int, pk: int) -> HttpResponse:
    """One page for the patient, in plain words, large type and their language: no codes, no figures."""
    return render_page(request, "patients/goals/summary.html", _taken_home(request, patient_id, pk))


@requires(Permission.PATIENT_VIEW)
@require_GET
def summary_pdf(request: SignedInRequest, patient_id: int, pk: int) -> HttpResponse:
    """The same page as a PDF; 503 with the page itself where this machine makes none."""
    context = _taken_home(request, patient_id, pk)
    patient = context["patient"]
    note_read(request, [patient.pk], team_id=patient.team_id, kind=Kind.EXPORT)
    try:
        document = pdf_of(render_to_string("patients/goals/paper.html", context), fit=1)
    except PdfUnavailable as missing:
        return render_page(request, "patients/goals/summary.html", context | {"missing": str(missing)}, status=503)
    response = HttpResponse(document, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="what-matters-{patient.pk}.pdf"'
    response["Cache-Control"] = "no-store"
    return response


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
