"""The step into hospice: one page, saved while it is filled in; finished, not taken, or left again. And its sheet."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, form_answer, invalid, render_page, toast, wants_fragment
from careteam.web.stale import joined, resolved, stale_answer
from patients.goals.queries import goals_of
from patients.palliative import commands, policies, queries
from patients.palliative.forms import CancelForm, HospiceForm, LeaveForm
from patients.palliative.models import HospiceTransition
from patients.palliative.rules import HospiceStatus, hospice_sections, prognosis_clause
from patients.protocol.queries import number
from patients.record.models import Patient, StaleEdit
from patients.record.queries import readable_patient, saved_meanwhile
from patients.treatment.rules import EndReason
from patients.wishes.queries import conflicts_of, holding
from patients.wishes.rules import WishKind

PAGE = "patients/palliative/hospice.html"
FORM = "patients/palliative/form.html"


def _form(patient: Patient, row: HospiceTransition, data: Any = None) -> HospiceForm:
    today = patient.team.local_date(timezone.now())
    lines, excluded = queries.running_antitumor(patient.pk), queries.must_not_be_told(patient.pk)
    form = HospiceForm(data, lines=lines, excluded=excluded, today=today)
    form.initial = form.start_of(row) | {"version": row.version}
    return form


def _context(request: SignedInRequest, patient: Patient, row: HospiceTransition | None, form: Any) -> dict[str, Any]:
    today = patient.team.local_date(timezone.now())
    sections = hospice_sections(queries.facts_of_transition(row), today) if row is not None else ()
    months = int(number(patient.team_id, "hospice.prognosis").value)
    running = queries.running_hospice(patient.pk)
    agreed = queries.agreed_of(patient.pk) if running is not None else None
    return {
        "patient": patient,
        "today": today,
        "goals": goals_of(patient.pk, today),
        "row": row,
        "preparing": row is not None and row.status == HospiceStatus.PREPARING,
        "form": form,
        "opened": form.opened(row) if form is not None and row is not None else "",
        "sections": sections,
        "lacks": {section.key: section.lacks for section in sections},
        "done": sum(section.is_done for section in sections),
        "clause": prognosis_clause(patient.team.jurisdiction, months),
        "told": queries.may_be_told(patient.pk),
        "excluded": queries.must_not_be_told(patient.pk),
        "drugs": queries.symptom_drugs(patient.pk),
        "running": running,
        "changes": agreed is not None and agreed.status == HospiceStatus.STARTED,
        "why_not": policies.why_not_prepare_hospice(patient, request.user),
        "may_finish": request.access.may(Permission.HOSPICE_START, patient.team_id),
    }


@requires(Permission.PATIENT_VIEW)
@require_GET
def hospice(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """The step as it stands: the form for those who fill it in, what was written for everybody else."""
    patient = readable_patient(request, patient_id)
    row = queries.transition_of(patient.pk)
    open_for_me = (
        row is not None
        and row.status == HospiceStatus.PREPARING
        and not policies.why_not_change_hospice(row, patient, request.user)
    )
    form = _form(patient, row) if row is not None and open_for_me else None
    return render_page(request, PAGE, _context(request, patient, row, form))


@requires(Permission.PATIENT_VIEW)
@require_GET
def sheet(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """One page for the home: whom to call at night, what is there, what goes on. Printed from the browser."""
    patient = readable_patient(request, patient_id)
    row = queries.agreed_of(patient.pk)
    context = _context(request, patient, row, None)
    # What was written in the step grows old at the bedside: what holds today goes before it.
    wishes = holding(patient.pk, context["today"])
    held = next((each for each in wishes if each.kind == WishKind.CODE_STATUS), None)
    reviewed = row.code_reviewed_on if row is not None else None
    written = re.split(r"[,;.]", row.code_words)[0].strip() if row is not None else ""
    context |= {
        "held": held,
        "is_changed": held is not None and held.text != written and (reviewed is None or held.since > reviewed),
        "limits": [each.text for each in wishes if each.kind == WishKind.LIMIT],
        "not_to_call": queries.excluded_in(row.night_name, context["excluded"]) if row is not None else "",
        "unsettled": any(each.is_open for each in conflicts_of(patient.pk, context["today"])),
    }
    return render_page(request, "patients/palliative/sheet.html", context)


def _prepared(request: SignedInRequest, patient_id: int) -> tuple[Patient, HospiceTransition | None]:
    patient = readable_patient(request, patient_id)
    if reasons := policies.why_not_prepare_hospice(patient, request.user):
        raise PermissionDenied(" ".join(reasons))
    row = queries.transition_of(patient.pk)
    return patient, row if row is not None and row.status == HospiceStatus.PREPARING else None


def _keep(
    request: SignedInRequest, patient: Patient, row: HospiceTransition
) -> tuple[HospiceTransition, HospiceForm, HttpResponse | None]:
    """Saves what was sent. Two people's changes are joined field by field; only what both changed is asked back. The
    answer is None when it was saved."""
    data = resolved(request.POST, _form(patient, row), _form(patient, row).start_of(row))
    form = _form(patient, row, data)
    context = _context(request, patient, row, form)
    if not form.is_valid():
        return row, form, invalid(request, PAGE, context)
    version = form.cleaned_data["version"]
    try:
        if version != row.version:
            chosen, both = joined(form, data, form.start_of(row))
            if both:
                return row, form, stale_answer(request, PAGE, context, form, row, saved_meanwhile)
            form = _form(patient, row, chosen)
            if not form.is_valid():
                return row, form, invalid(request, PAGE, _context(request, patient, row, form))
            version = row.version
        saved = commands.save_hospice(row, form.values(), version=version, by=request.user, now=timezone.now())
    except StaleEdit as stale:
        return row, form, stale_answer(request, PAGE, context, form, stale.current, saved_meanwhile)
    except ValidationError as error:
        add_errors(form, error)
        return row, form, invalid(request, PAGE, context)
    return saved, form, None


@requires(Permission.CARE_DOCUMENT)
@require_POST
def save(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """Opens the step, or keeps what was filled in; while typing the answer is only how far it is."""
    patient, row = _prepared(request, patient_id)
    if row is None:
        commands.prepare_hospice(patient, by=request.user, now=timezone.now())
        return redirect("hospice", patient_id=patient.pk)
    if "version" not in request.POST:
        return redirect("hospice", patient_id=patient.pk)
    kept, form, answer = _keep(request, patient, row)
    if wants_fragment(request):
        context = _context(request, patient, kept, form) | {"saved": answer is None, "refused": answer is not None}
        if answer is not None:  # the browser keeps its old version: saving by hand shows both
            context |= {"version": form.data.get("version"), "opened": request.POST.get("opened", "")}
        status = answer.status_code if answer is not None else 200
        return render_page(request, PAGE, context, fragment="state", status=status)
    if answer is not None:
        return answer
    toast(request, "Kept. Anybody who documents care can go on.")
    return redirect("hospice", patient_id=patient.pk)


@requires(Permission.HOSPICE_START)
@require_POST
def finish(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """Saves what was sent and, when nothing lacks, starts hospice care."""
    patient, row = _prepared(request, patient_id)
    if row is None:
        return redirect("hospice", patient_id=patient.pk)
    kept, form, answer = _keep(request, patient, row)
    if answer is not None:
        return answer
    context = _context(request, patient, kept, form)
    try:
        commands.finish_hospice(kept, by=request.user, now=timezone.now())
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, PAGE, context)
    told = "the coordinator was told, and the board where a case waits"
    began = f"Hospice care began. Surveillance imaging is off; {told}."
    toast(request, "Changed. Print the new sheet for the home." if context["changes"] else began)
    return redirect("hospice", patient_id=patient.pk)


@requires(Permission.CARE_DOCUMENT)
@require_http_methods(["GET", "POST"])
def cancel(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """The step is not taken, with the reason; what was written stays in the history."""
    patient, row = _prepared(request, patient_id)
    if row is None:
        return redirect("hospice", patient_id=patient.pk)
    form = CancelForm(request.POST if request.method == "POST" else None, initial={"version": row.version})
    context = {
        "patient": patient,
        "form": form,
        "title": "Not into hospice now",
        "danger": True,
        "back": reverse("hospice", args=[patient.pk]),
    }

    def act(values: dict[str, Any]) -> object:
        return commands.cancel_hospice(row, by=request.user, now=timezone.now(), **values)

    return form_answer(request, FORM, context, act, said="Cancelled.")


@requires(Permission.HOSPICE_START)
@require_http_methods(["GET", "POST"])
def leave(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """Hospice care ends while the patient lives; surveillance asks whether its plan holds again."""
    patient = readable_patient(request, patient_id)
    today = patient.team.local_date(timezone.now())
    form = LeaveForm(request.POST if request.method == "POST" else None, today=today)
    context = {
        "patient": patient,
        "form": form,
        "title": "Leaving hospice care",
        "lead": "Surveillance imaging does not start by itself: a clinician is asked whether its plan holds again.",
        "back": reverse("hospice", args=[patient.pk]),
    }

    def act(values: dict[str, Any]) -> object:
        return commands.leave_hospice(
            patient,
            on=values["on"],
            end=EndReason(values["end"]),
            reason=values["reason"],
            by=request.user,
            now=timezone.now(),
        )

    return form_answer(request, FORM, context, act, said="Hospice care ended.")
