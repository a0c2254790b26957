"""The guidance panel, its answers, and the catalog of rules."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission
from careteam.web.responses import invalid, render_page, toast
from patients.guidance import commands
from patients.guidance.forms import AnswerForm
from patients.guidance.queries import guidance_of, is_enabled, prompt_for
from patients.guidance.rules import BY_ID, RULES
from patients.protocol.queries import numbers
from patients.record.policies import why_not_edit
from patients.record.queries import readable_patient


@requires(Permission.PATIENT_VIEW)
@require_GET
def panel(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """The prompts for this patient: a fragment for the patient page, a page of its own otherwise."""
    patient = readable_patient(request, patient_id)
    today = patient.team.local_date(timezone.now())
    context = {
        "patient": patient,
        "today": today,
        "guidance": guidance_of(patient, today),
        "may_answer": not why_not_edit(patient, request.user, Permission.GUIDANCE_ANSWER),
    }
    return render_page(request, "patients/guidance/patient.html", context, fragment="panel")


@requires(Permission.GUIDANCE_ANSWER)
@require_http_methods(["GET", "POST"])
def answer(request: SignedInRequest, patient_id: int, rule: str) -> HttpResponse:
    """Acknowledge, discuss at the board, or not applicable with a reason."""
    patient = readable_patient(request, patient_id)
    if reasons := why_not_edit(patient, request.user, Permission.GUIDANCE_ANSWER):
        raise PermissionDenied(" ".join(reasons))
    if rule not in BY_ID:
        raise Http404("No such rule.")
    now = timezone.now()
    today = patient.team.local_date(now)
    prompt = prompt_for(patient, rule, today)
    if prompt is None:
        toast(request, "This prompt does not apply any more.")
        return redirect("guidance-panel", patient_id=patient.pk)
    form = AnswerForm(request.POST if request.method == "POST" else None, initial={"fingerprint": prompt.fingerprint})
    template = "patients/guidance/answer.html"
    context = {"patient": patient, "today": today, "prompt": prompt, "form": form}
    if request.method == "GET":
        return render_page(request, template, context)
    if not form.is_valid():
        return invalid(request, template, context)
    try:
        commands.answer_prompt(
            patient,
            rule=rule,
            fingerprint=form.cleaned_data["fingerprint"],
            answer=form.cleaned_data["answer"],
            reason=form.cleaned_data["reason"],
            by=request.user,
            now=now,
        )
    except ValidationError as error:
        for message in error.messages:
            form.add_error(None, message)
        return invalid(request, template, context)
    toast(request, "Answer kept.")
    return redirect("guidance-panel", patient_id=patient.pk)


@requires(Permission.PATIENT_VIEW, Permission.REPORT_VIEW)
@require_GET
def catalog(request: SignedInRequest) -> HttpResponse:
    """Every rule with its condition, source, tag and version, and the numbers it compares with."""
    home = request.access.home
    found = numbers(home.pk) if home else {}
    rows = [(rule, [found[code] for code in rule.numbers if code in found]) for rule in RULES]
    return render_page(request, "patients/guidance/catalog.html", {"rows": rows, "enabled": is_enabled()})
