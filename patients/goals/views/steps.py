"""The goals step of a treatment line, planning a conversation, the surprise question, a wish to talk."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission
from careteam.web.responses import (
    add_errors,
    form_answer,
    invalid,
    redirect_or_refresh,
    render_page,
    toast,
    wants_fragment,
)
from patients.goals import commands, policies
from patients.goals.commands import Chosen
from patients.goals.forms import CountForm, NotNowForm, PlanForm, WishForm
from patients.goals.queries import goals_of, latest_surprise, limits, live_prompt, step_of, steps_of
from patients.goals.rules import StepChoice, SurpriseAnswer, Voice
from patients.goals.views.shared import patient_to_document
from patients.record.models import Patient, StaleEdit
from patients.record.policies import why_not_edit
from patients.record.queries import readable_patient
from patients.treatment.models import TreatmentLine

_CHANGED = "Somebody chose something else while you were writing. Yours is kept below; look again."


def _line(patient: Patient, line_id: int) -> TreatmentLine:
    line: TreatmentLine | None = TreatmentLine.objects.filter(pk=line_id, patient=patient).first()
    if line is None:
        raise Http404("No such line of this patient.")
    line.patient = patient
    return line


def _forms(request: SignedInRequest, patient: Patient, context: dict[str, Any]) -> dict[str, Any]:
    """The three answers as forms, each bound when it is the one that was sent."""
    row, goals = context["row"], context["goals"]
    sent = request.POST.get("choice", "") if request.method == "POST" else ""
    version = {"version": row.version if row else 0}
    waiting = goals.prompt if goals.prompt and not goals.prompt.is_open else None
    data = {choice: request.POST if sent == choice else None for choice in StepChoice}
    rules = limits(patient.team_id)
    return {
        StepChoice.DOCUMENTED: CountForm(
            data[StepChoice.DOCUMENTED], initial=version | {"conversation": goals.conversation_id}
        ),
        StepChoice.PLANNED: PlanForm(
            data[StepChoice.PLANNED],
            team=patient.team,
            me=request.user,
            prefix="p",
            initial=version
            | ({"on": waiting.ask_again_on, "with_whom": waiting.owner_id} if waiting and waiting.is_planned else {}),
        ),
        StepChoice.DEFERRED: NotNowForm(
            data[StepChoice.DEFERRED],
            first=context["today"] + timedelta(days=rules.ask_again_days),
            prefix="d",
            initial=version
            | (
                {"reason": waiting.close_reason, "ask_again_on": waiting.ask_again_on}
                if waiting and not waiting.is_planned
                else {}
            ),
        ),
    }


def _chosen(choice: StepChoice, form: Any) -> Chosen:
    values = form.cleaned_data
    if choice == StepChoice.DOCUMENTED:
        return Chosen(choice, conversation_id=values["conversation"])
    if choice == StepChoice.PLANNED:
        return Chosen(choice, on=values["on"], with_whom=form.person, note=values["note"])
    return Chosen(choice, on=values["ask_again_on"], reason=values["reason"], note=values["note"])


@requires(Permission.PATIENT_VIEW)
@require_http_methods(["GET", "POST"])
def line_goals(request: SignedInRequest, patient_id: int, line_id: int) -> HttpResponse:
    """What is done about goals before this line, beside what the patient wants. As a fragment: the card of the line's
    page. With `after` (a line was just proposed, planned or started) it is asked only where it is still open, of
    somebody who may say; else the way leads on to the line, or (`after=patient`) to the patient."""
    patient = readable_patient(request, patient_id)
    line = _line(patient, line_id)
    today = patient.team.local_date(timezone.now())
    step = step_of(line, patient)
    why_not = policies.why_not_ask(patient, request.user)
    after = request.GET.get("after", "")
    if after and request.method == "GET" and (step is None or not step.is_open or why_not):
        if after == "patient":
            return redirect("patient", patient_id=patient.pk)
        return redirect("line-page", patient_id=patient.pk, line_id=line.pk)
    goals = goals_of(patient.pk, today)
    context: dict[str, Any] = {
        "patient": patient,
        "line": line,
        "today": today,
        "step": step,
        "row": step.row if step else None,
        "goals": goals,
        "after": after,
        "is_here": "here" in request.GET or not wants_fragment(request),  # the card needs no link to its own page
        "why_not": why_not,
        "why_not_count": policies.why_not_count(goals),
    }
    template = "patients/goals/line.html"
    if wants_fragment(request) and request.method == "GET":
        return render_page(request, template, context, fragment="card")
    if why_not and request.method == "POST":
        raise PermissionDenied(" ".join(why_not))
    forms = _forms(request, patient, context)
    context |= {f"form_{choice}": form for choice, form in forms.items()}
    if request.method == "GET":
        return render_page(request, template, context)
    return _choose(request, line, forms, context)


def _choose(
    request: SignedInRequest, line: TreatmentLine, forms: dict[str, Any], context: dict[str, Any]
) -> HttpResponse:
    """The one of the three that was sent."""
    template, sent = "patients/goals/line.html", request.POST.get("choice", "")
    if sent not in StepChoice.values:
        return invalid(request, template, context | {"problem": "Choose one of the three."})
    form = forms[sent]
    if not form.is_valid():
        return invalid(request, template, context)
    try:
        commands.choose_for_line(
            line,
            _chosen(StepChoice(sent), form),
            by=request.user,
            now=timezone.now(),
            version=form.cleaned_data["version"] or 0,
        )
    except StaleEdit as stale:
        data = request.POST.copy()
        data[form.add_prefix("version")] = str(getattr(stale.current, "version", 0))
        form.data = data
        form.add_error(None, _CHANGED)
        return render_page(request, template, context | {"step": step_of(line, line.patient)}, status=409)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, template, context)
    response = redirect_or_refresh(request, reverse("line-page", args=[line.patient_id, line.pk]))
    toast(request, "Kept with the line.", response=response)
    return response


@requires(Permission.PATIENT_VIEW)
@require_GET
def goals_of_lines(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """Every open line that asks what is done about goals, and what was said. A fragment of the treatment panel."""
    patient = readable_patient(request, patient_id)
    context = {"patient": patient, "steps": steps_of(patient)}
    return render_page(request, "patients/goals/lines.html", context, fragment="steps")


@requires(Permission.GOALS_DOCUMENT)
@require_http_methods(["GET", "POST"])
def plan(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """Plans the conversation: the open prompt waits until then, under that person."""
    patient = patient_to_document(request, patient_id)
    today = patient.team.local_date(timezone.now())
    prompt = live_prompt(patient.pk)
    form = PlanForm(
        request.POST if request.method == "POST" else None,
        team=patient.team,
        me=request.user,
        initial={"version": prompt.version if prompt else None},
    )
    template = "patients/goals/plan.html"
    context = {"patient": patient, "today": today, "form": form, "goals": goals_of(patient.pk, today)}
    if request.method == "GET":
        return render_page(request, template, context)
    if not form.is_valid():
        return invalid(request, template, context)
    try:
        commands.plan_conversation(
            patient,
            on=form.cleaned_data["on"],
            with_whom=form.person,
            note=form.cleaned_data["note"],
            by=request.user,
            now=timezone.now(),
            version=form.cleaned_data["version"],
        )
    except StaleEdit as stale:
        data = request.POST.copy()
        data["version"] = str(stale.current.version if stale.current.pk else "")  # type: ignore[attr-defined]
        form.data = data
        form.add_error(None, "Somebody answered this prompt while you were writing. Yours is kept; look again.")
        return render_page(request, template, context, status=409)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, template, context)
    toast(request, "Planned. The prompt waits until then.")
    return redirect("goals-panel", patient_id=patient.pk)


def _answer_surprise(patient: Patient, request: SignedInRequest) -> str:
    """Why the answer was not kept, as a sentence; empty: it was."""
    answer = request.POST.get("answer", "")
    if answer not in SurpriseAnswer.values:
        return "Choose yes, no or not sure."
    try:
        commands.answer_surprise(patient, SurpriseAnswer(answer), by=request.user, now=timezone.now())
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


@requires(Permission.GOALS_DOCUMENT)
@require_http_methods(["GET", "POST"])
def surprise(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """The surprise question, answered with one click; between clinicians, on no print and no projector."""
    patient = patient_to_document(request, patient_id)
    template = "patients/goals/surprise.html"
    context: dict[str, Any] = {"patient": patient, "today": patient.team.local_date(timezone.now())}
    if request.method == "POST":
        if problem := _answer_surprise(patient, request):
            context |= {"problem": problem, "latest": latest_surprise(patient.pk)}
            return invalid(request, template, context, fragment="surprise")
        if not wants_fragment(request):
            toast(request, "Answered.")
            return redirect("goals-panel", patient_id=patient.pk)
    context |= {"latest": latest_surprise(patient.pk), "why_not": policies.why_not_ask(patient, request.user)}
    return render_page(request, template, context, fragment="surprise")


@requires(Permission.PATIENT_VIEW)
@require_http_methods(["GET", "POST"])
def wish(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """The patient or the family wishes to talk: noted by anybody of the care team."""
    patient = readable_patient(request, patient_id)
    if reasons := why_not_edit(patient, request.user, Permission.PATIENT_VIEW):
        raise PermissionDenied(" ".join(reasons))
    today = patient.team.local_date(timezone.now())
    form = WishForm(request.POST if request.method == "POST" else None, initial={"said_on": today})
    context = {
        "patient": patient,
        "today": today,
        "form": form,
        "goals": goals_of(patient.pk, today),
        "back": reverse("goals-panel", args=[patient.pk]),
    }
    return form_answer(
        request,
        "patients/goals/wish.html",
        context,
        lambda values: commands.note_wish(
            patient,
            voice=Voice(values["voice"]),
            words=values["words"],
            said_on=values["said_on"],
            by=request.user,
            now=timezone.now(),
        ),
        said="Noted. It asks for a conversation now.",
    )
