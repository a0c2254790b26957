"""The patient's palliative page: what every discipline adds, strain of those who care, the family after a death."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.rules import Permission
from careteam.web.responses import form_answer, render_page, toast, wants_fragment
from patients.care.models import FamilyMember, InformationGiven
from patients.goals.policies import why_not_document
from patients.palliative import commands, policies, queries
from patients.palliative.forms import BereavementForm, NoteErrorForm, NoteForm, StrainForm
from patients.palliative.models import BereavementTask, CareNote
from patients.palliative.rules import BereavementStatus
from patients.record.models import ClinicalFlag, Patient
from patients.record.queries import readable_patient
from patients.record.rules import FlagKind

FORM = "patients/palliative/form.html"


@requires(Permission.PATIENT_VIEW)
@require_GET
def panel(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """As a fragment: what the palliative team was asked and answered, for the goals page. As a page: everything that
    palliative care knows of the patient, each discipline's notes on it."""
    patient = readable_patient(request, patient_id)
    today = patient.team.local_date(timezone.now())
    context: dict[str, Any] = {
        "patient": patient,
        "today": today,
        "referrals": queries.referrals_of(patient.pk),
        "why_not": why_not_document(patient, request.user),
    }
    if not wants_fragment(request):
        flags = ClinicalFlag.objects.valid().filter(patient=patient, kind=FlagKind.CRISIS_PLAN)
        context |= {
            "notes": queries.notes_of(patient.pk, patient.team_id, request.user),
            "why_not_note": policies.why_not_note(patient, request.user),
            "palliative": policies.is_palliative(request.user, patient.team_id),
            "strains": queries.strains_of(patient.pk),
            "strain_from": queries.points(patient.team_id).strain_from,
            "family": FamilyMember.objects.valid().filter(patient=patient).order_by("-noted_on", "-pk"),
            "leaflets": InformationGiven.objects.valid().filter(patient=patient).order_by("-noted_on", "-pk"),
            "drugs": queries.symptom_drugs(patient.pk),
            "crisis": flags.order_by("-asked_on", "-pk").first(),
            "transition": queries.transition_of(patient.pk),
            "hospice": queries.running_hospice(patient.pk),
            "why_not_hospice": policies.why_not_prepare_hospice(patient, request.user),
            "bereavement": queries.bereavement_of(patient.pk) if patient.is_deceased else [],
            "why_not_plan": policies.why_not_plan_bereavement(patient, request.user),
        }
    return render_page(request, "patients/palliative/patient.html", context, fragment="panel")


def _to_note(request: SignedInRequest, patient_id: int) -> Patient:
    patient = readable_patient(request, patient_id)
    if reasons := policies.why_not_note(patient, request.user):
        raise PermissionDenied(" ".join(reasons))
    return patient


def _note(patient: Patient, pk: int) -> CareNote:
    """A note of the patient or of a record merged into theirs."""
    mine = Q(patient=patient) | Q(patient__merged_into=patient)
    row: CareNote | None = CareNote.objects.filter(mine, pk=pk).select_related("author", "patient").first()
    if row is None:
        raise Http404("No such note of this patient.")
    return row


def _page(patient: Patient, form: Any, title: str, **more: Any) -> dict[str, Any]:
    return {
        "patient": patient,
        "form": form,
        "title": title,
        "today": patient.team.local_date(timezone.now()),
        "back": reverse("palliative-panel", args=[patient.pk]),
        **more,
    }


def _write_note(request: SignedInRequest, patient: Patient, about: CareNote | None) -> HttpResponse:
    seen = None
    if about is not None:
        seen = next((n for n in queries.notes_of(patient.pk, patient.team_id, request.user) if n.pk == about.pk), None)
        if reasons := policies.why_not_supplement(about, patient, request.user):
            raise PermissionDenied(" ".join(reasons))
    form = NoteForm(
        request.POST if request.method == "POST" else None,
        disciplines=policies.disciplines_of(request.user, patient.team_id),
        supplement=about is not None,
    )
    context = _page(patient, form, "Add to the note" if about is not None else "Add a note", about=seen)

    def act(values: dict[str, Any]) -> object:
        return commands.add_note(patient, supplements=about, by=request.user, now=timezone.now(), **values)

    return form_answer(request, FORM, context, act, said="Note added.")


@requires(Permission.CARE_DOCUMENT)
@require_http_methods(["GET", "POST"])
def note_new(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """What one discipline adds to the page."""
    return _write_note(request, _to_note(request, patient_id), None)


@requires(Permission.CARE_DOCUMENT)
@require_http_methods(["GET", "POST"])
def note_add(request: SignedInRequest, patient_id: int, note_id: int) -> HttpResponse:
    """A supplement: what was written stays as it is."""
    patient = _to_note(request, patient_id)
    return _write_note(request, patient, _note(patient, note_id))


@requires(Permission.CARE_DOCUMENT)
@require_http_methods(["GET", "POST"])
def note_error(request: SignedInRequest, patient_id: int, note_id: int) -> HttpResponse:
    """Entered in error, with the reason."""
    patient = _to_note(request, patient_id)
    row = _note(patient, note_id)
    form = NoteErrorForm(request.POST if request.method == "POST" else None, initial={"version": row.version})
    context = _page(patient, form, "Entered in error: note", danger=True)

    def act(values: dict[str, Any]) -> object:
        return commands.note_in_error(row, by=request.user, now=timezone.now(), **values)

    return form_answer(request, FORM, context, act, said="Marked as entered in error.")


@requires(Permission.CARE_DOCUMENT)
@require_http_methods(["GET", "POST"])
def strain(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """How heavy caring is: our own question, with its day."""
    patient = _to_note(request, patient_id)
    today = patient.team.local_date(timezone.now())
    form = StrainForm(request.POST if request.method == "POST" else None, today=today)

    def act(values: dict[str, Any]) -> object:
        return commands.add_strain(patient, by=request.user, now=timezone.now(), **values)

    return form_answer(request, FORM, _page(patient, form, "Ask those who care"), act, said="Saved.")


@requires(Permission.CARE_DOCUMENT)
@require_POST
def bereavement_plan(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """Plans call, letter and remembrance for those who may be told; nothing is planned twice."""
    patient = readable_patient(request, patient_id)
    try:
        made = commands.plan_bereavement(patient, by=request.user, now=timezone.now())
    except ValidationError as error:
        toast(request, " ".join(error.messages), kind="red")
    else:
        toast(request, f"{len(made)} planned." if made else "Nothing new: nobody else may be told, or all is planned.")
    return redirect("palliative-panel", patient_id=patient.pk)


@requires(Permission.CARE_DOCUMENT)
@require_http_methods(["GET", "POST"])
def bereavement_answer(request: SignedInRequest, task_id: int) -> HttpResponse:
    """One call, letter or remembrance: done, or not done with the reason."""
    rows = BereavementTask.objects.visible_to(request.user).valid().filter(pk=task_id)
    task = rows.select_related("contact", "patient__team").first()
    if task is None:
        raise Http404("Nothing of the kind, or not yours to see.")
    patient = task.patient
    note_read(request, [patient.pk], team_id=patient.team_id)
    form = BereavementForm(request.POST if request.method == "POST" else None, initial={"version": task.version})
    title = f"{task.get_kind_display()}: {task.contact}"
    why_not = policies.why_not_plan_bereavement(patient, request.user)
    back = f"{reverse('goals')}?show=bereavement"
    context = _page(patient, form, title, task=task, back=back, why_not=why_not)

    def act(values: dict[str, Any]) -> object:
        return commands.answer_bereavement(
            task,
            BereavementStatus(values["status"]),
            note=values["note"],
            version=values["version"],
            by=request.user,
            now=timezone.now(),
        )

    return form_answer(request, FORM, context, act, said="Saved.")
