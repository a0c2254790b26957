"""The safety net: four lists whose goal is zero, and the acts that mend a row where it stands."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.rules import Permission
from careteam.web.paging import Sort, keyset_page
from careteam.web.parts import Tab
from careteam.web.responses import add_errors, invalid, redirect_or_refresh, render_page, toast
from careteam.workspace.safety.commands import put_back
from careteam.workspace.safety.forms import DoneForm, NetFilter, StepForm
from careteam.workspace.safety.queries.lists import (
    QUERIES,
    Asked,
    asked_by,
    counted,
    history,
    last_runs,
    remembered_counts,
    waiting_reports,
)
from careteam.workspace.safety.queries.rows import page_rows
from careteam.workspace.safety.rules import CAP, EMPTY, Net
from patients.record.commands import finish_step, set_step
from patients.record.models import NextStep, Patient
from patients.record.policies import why_not_finish_step, why_not_set_step
from patients.record.queries import readable_patient, responsible_clinician

PAGE_SIZE = 50
SORTS: dict[str, tuple[Sort, ...]] = {
    Net.STEPS: (Sort("name", "Patient", ("sort_key", "id")),),
    Net.REPORTS: (
        Sort("since", "Since", ("review_due_on", "id")),
        Sort("name", "Patient", ("patient__sort_key", "id")),
    ),
    Net.LINES: (Sort("since", "Since", ("since", "id")), Sort("name", "Patient", ("patient__sort_key", "id"))),
    Net.MEETINGS: (Sort("since", "Since", ("ends_at", "id")),),
    Net.NIGHT: (Sort("name", "Patient", ("patient__sort_key", "id")),),
}
RELATED: dict[str, tuple[str, ...]] = {
    Net.STEPS: ("team",),
    Net.REPORTS: ("patient__team",),
    Net.LINES: ("patient__team",),
    Net.MEETINGS: ("board__team", "chair", "scribe"),
    Net.NIGHT: ("patient__team", "run"),
}


def _opened(request: SignedInRequest) -> int:
    value = request.GET.get("open", "")
    return int(value) if value.isdecimal() and len(value) < 19 else 0


@requires(Permission.PATIENT_VIEW)
@require_safe
def safety(request: SignedInRequest) -> HttpResponse:
    """One of the four lists (`list`), narrowed by responsible clinician and clinic."""
    chosen = NetFilter(request.GET)
    kept = chosen.chosen
    asked = asked_by(request.user, timezone.now(), whose=kept.get("owner", ""), where=kept.get("clinic", ""))
    net = request.GET.get("list", "")
    net = net if net in Net.values else str(Net.STEPS)
    found = QUERIES[net](asked).select_related(*RELATED[net])
    page = keyset_page(found, sorts=SORTS[net], params=request.GET, size=PAGE_SIZE)
    rows = page_rows(net, page.rows, asked, _opened(request))
    note_read(request, [row.patient.patient.pk for row in rows if row.patient is not None])
    numbers = remembered_counts(asked) | {net: counted(found)}

    def here(**changed: str) -> str:
        return "?" + urlencode({"list": net, **kept, **changed})

    return render_page(
        request,
        "workspace/safety/lists.html",
        {
            "today": asked.today(asked.teams[0]) if asked.teams else asked.now.date(),
            "net": net,
            "title": Net(net).label,
            "here": here(),
            "page": page,
            "rows": [(row, _form_of(row, asked)) for row in rows],
            "tabs": [Tab(str(each.label), here(list=each), current=each == net, count=numbers[each]) for each in Net],
            "count": numbers[net],
            "cap": CAP,
            "goal": EMPTY[net],
            "runs": last_runs(asked.teams),
            "nights": history(asked.teams) if net == Net.NIGHT else (),
            "many_teams": len(asked.teams) > 1,
            "waiting": waiting_reports(asked) if net == Net.REPORTS else 0,
            "filter": chosen,
            "keep": {"list": net},
            "may_edit": request.access.may(Permission.PATIENT_EDIT),
        },
        fragment="lists",
    )


def _form_of(row: Any, asked: Asked) -> StepForm | None:
    if not row.is_open or row.patient is None:
        return None
    return _step_form(row.patient.patient, asked)


def _step_form(patient: Patient, asked: Asked) -> StepForm:
    """The form with what can be guessed: the responsible clinician (else whoever asks), a week from today."""
    owner = responsible_clinician(patient.pk) or asked.user
    today = asked.today(patient.team)
    return StepForm(team=patient.team, initial={"owner": owner.pk, "due_on": today.fromordinal(today.toordinal() + 7)})


@requires(Permission.PATIENT_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def step_set(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """What comes next for a patient, who does it, by when: in the row of the list, or as a page of its own."""
    patient = readable_patient(request, patient_id)
    now = timezone.now()
    form = _step_form(patient, asked_by(request.user, now))
    today = patient.team.local_date(now)
    context: dict[str, Any] = {
        "patient": patient,
        "form": form,
        "why_not": why_not_set_step(patient, request.user, due_on=None, today=today),
    }
    if request.method != "POST":
        return render_page(request, "workspace/safety/step_set.html", context, fragment="form")
    form = context["form"] = StepForm(request.POST, team=patient.team)
    if not form.is_valid():
        return invalid(request, "workspace/safety/step_set.html", context, fragment="form")
    try:
        set_step(patient, by=request.user, now=now, **form.cleaned_data)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, "workspace/safety/step_set.html", context, fragment="form")
    response = redirect_or_refresh(request, reverse("safety"), events=("safetyChanged",))
    toast(request, "Next step set", response=response)
    return response


@requires(Permission.PATIENT_EDIT)
@require_POST
def steps_back(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """One click: what is open anyway gets its steps back, steps whose work is over close."""
    patient = readable_patient(request, patient_id)
    response = redirect_or_refresh(request, reverse("safety"), events=("safetyChanged",))
    try:
        keys = put_back(patient, by=request.user, now=timezone.now())
    except ValidationError as error:
        toast(request, " ".join(error.messages), response=response, kind="red")
    else:
        toast(request, "Back on the list" if keys else "Nothing was missing any more", response=response)
    return response


def _step(request: SignedInRequest, next_step_id: int) -> NextStep:
    visible = Patient.objects.visible_to(request.user)
    step = (
        NextStep.objects.filter(pk=next_step_id, patient__in=visible).select_related("patient__team", "owner").first()
    )
    if step is None:
        raise Http404("No such step, or not yours to see.")
    note_read(request, [step.patient_id], team_id=step.team_id)
    return step


@requires(Permission.PATIENT_VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def own_step(request: SignedInRequest, next_step_id: int) -> HttpResponse:
    """A step that a person set: what, who, by when; done, with a word on what came of it, and what comes after."""
    step, now = _step(request, next_step_id), timezone.now()
    form = DoneForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {
        "step": step,
        "patient": step.patient,
        "form": form,
        "today": step.patient.team.local_date(now),
        "why_not": why_not_finish_step(step, request.user),
    }
    if request.method != "POST":
        return render_page(request, "workspace/safety/own_step.html", context)
    if not form.is_valid():
        return invalid(request, "workspace/safety/own_step.html", context)
    try:
        finish_step(step, note=form.cleaned_data["note"], by=request.user, now=now)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, "workspace/safety/own_step.html", context)
    after = NextStep.objects.filter(patient_id=step.patient_id, closed_at__isnull=True).exists()
    name = "patient" if after else "step-set"
    toast(request, "Done" if after else "Done. Nothing comes next for this patient now: set what does.")
    return redirect_or_refresh(request, reverse(name, args=[step.patient_id]))
