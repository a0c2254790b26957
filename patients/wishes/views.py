"""Wishes and documents of a patient: one page, a form for each act, the stored files, the review before a procedure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.audit.rules import Kind
from careteam.celery import call_worker
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, form_answer, invalid, redirect_or_refresh, render_page, toast
from careteam.web.stale import resolved, stale_answer
from patients.record.forms import ErrorForm
from patients.record.models import Patient, StaleEdit
from patients.record.queries import readable_patient, saved_meanwhile
from patients.treatment.models import TreatmentLine
from patients.wishes import commands, policies
from patients.wishes.forms import BothHoldForm, DocumentForm, EndForm, FileForm, ReviewForm, StateForm, WishForm
from patients.wishes.models import DocumentFile, Wish, WishDocument
from patients.wishes.queries import (
    conflicts_of,
    documents_of,
    history_of,
    holding,
    path_of,
    people_of,
    review_of,
)
from patients.wishes.rules import (
    DOCUMENT_TRANSITIONS,
    MANY,
    PROCEDURES,
    DocumentState,
    EndReason,
    ProcedureCodeStatus,
    SaidBy,
    ScanState,
    WishKind,
)

FORM = "patients/wishes/form.html"


def _back(patient: Patient, anchor: str = "") -> str:
    return reverse("wishes", args=[patient.pk]) + (f"#{anchor}" if anchor else "")


def _to_write(request: SignedInRequest, patient_id: int) -> Patient:
    """The patient, read and noted; 403 with the reason when the person may not write wishes here."""
    patient = readable_patient(request, patient_id)
    if reasons := policies.why_not_document(patient, request.user):
        raise PermissionDenied(" ".join(reasons))
    return patient


def _of(rows: QuerySet[Any], patient: Patient, pk: int) -> Any:
    return get_object_or_404(rows.filter(patient=patient), pk=pk)


@requires(Permission.PATIENT_VIEW)
@require_safe
def wishes_page(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """What holds now with age, author and source; contradictions; documents; people; history."""
    patient = readable_patient(request, patient_id)
    today = patient.team.local_date(timezone.now())
    held = holding(patient.pk, today)
    kinds = [(kind, [row for row in held if row.kind == kind]) for kind in WishKind]
    context = {
        "patient": patient,
        "today": today,
        "kinds": kinds,
        "many": [str(kind) for kind in MANY],
        "limited": any(row.limits for row in held),
        "conflicts": conflicts_of(patient.pk, today),
        "documents": documents_of(patient.pk),
        "people": people_of(patient.pk),
        "history": history_of(patient.pk),
        "why_not": policies.why_not_document(patient, request.user),
        "may_edit": request.access.may(Permission.PATIENT_EDIT, patient.team_id),
    }
    return render_page(request, "patients/wishes/page.html", context)


# --- wishes ----------------------------------------------------------------------------------------------------------


@requires(Permission.GOALS_DOCUMENT)
@require_http_methods(["GET", "HEAD", "POST"])
def wish_add(request: SignedInRequest, patient_id: int, kind: str) -> HttpResponse:
    """Says a wish, or another one in place of the one that holds. `?document=` names what it rests on."""
    if kind not in WishKind.values:
        raise Http404("No such kind of wish.")
    patient, of_kind = _to_write(request, patient_id), WishKind(kind)
    today = patient.team.local_date(timezone.now())
    rows = Wish.objects.holding().filter(patient=patient, kind=of_kind)
    held = None if of_kind in MANY else rows.first()

    def build(data: Any = None) -> WishForm:
        start = {"said_by": SaidBy.PATIENT} | _from_document(request, patient)
        return WishForm(data, instance=held, today=today, patient=patient, kind=of_kind, initial=start)

    if request.method == "POST":
        form = build(resolved(request.POST, build(), WishForm.start_of(held) if held else {}))
    else:
        form = build()
    lead = f"Now on record: {held.text}, since {held.since:%d %b %Y}. What you save here ends it." if held else ""
    context = {
        "patient": patient,
        "form": form,
        "title": f"Add: {of_kind.label.lower()}" if held is None else f"Change: {of_kind.label.lower()}",
        "lead": lead,
        "cancel_url": _back(patient),
    }
    if request.method != "POST":
        return render_page(request, FORM, context)
    if form.is_valid():
        values = form.cleaned_data
        try:
            commands.say(
                patient,
                form.said(),
                since=values["since"],
                until=values["valid_until"],
                said_by=values["said_by"],
                document=values["document"],
                origin=values["origin"],
                version=values.get("version") or 0,
                by=request.user,
                now=timezone.now(),
            )
        except StaleEdit as stale:
            return stale_answer(request, FORM, context, form, stale.current, saved_meanwhile)
        except ValidationError as error:
            add_errors(form, error)
    if form.errors:
        return invalid(request, FORM, context)
    toast(request, f"{of_kind.label} saved")
    return redirect_or_refresh(request, _back(patient))


def _from_document(request: SignedInRequest, patient: Patient) -> dict[str, Any]:
    """What a link from a document chooses beforehand: the document, and whose word it is."""
    given = request.GET.get("document", "")
    if not given.isdecimal() or len(given) > 18:
        return {}
    found = WishDocument.objects.valid().filter(patient=patient, pk=int(given)).first()
    return {"document": found.pk, "said_by": SaidBy.DOCUMENT} if found else {}


@requires(Permission.GOALS_DOCUMENT)
@require_http_methods(["GET", "HEAD", "POST"])
def wish_end(request: SignedInRequest, patient_id: int, pk: int) -> HttpResponse:
    """Ends a wish with a coded reason, without another in its place."""
    patient = _to_write(request, patient_id)
    wish: Wish = _of(Wish.objects.holding(), patient, pk)
    today = patient.team.local_date(timezone.now())
    form = EndForm(request.POST or None, initial={"version": wish.version, "on": today})
    context = {
        "patient": patient,
        "form": form,
        "title": f"End: {wish}"[:120],
        "lead": "It stays in the history. To say something else in its place, change it instead.",
        "cancel_url": _back(patient),
        "back": _back(patient),
        "save": "End it",
        "danger": True,
    }
    if wish.kind not in MANY:
        context["more_url"] = reverse("wish-add", args=[patient.pk, wish.kind])
        context["more"] = "Change it"
    if wish.conversation_id is None:
        context["error_url"] = reverse("wish-error", args=[patient.pk, wish.pk])

    def act(values: dict[str, Any]) -> object:
        return commands.end_wish(
            wish,
            reason=EndReason(values["reason"]),
            on=values["on"],
            note=values["note"],
            version=values["version"],
            by=request.user,
            now=timezone.now(),
        )

    return form_answer(request, FORM, context, act, said="Ended; it stays in the history")


@requires(Permission.GOALS_DOCUMENT)
@require_http_methods(["GET", "HEAD", "POST"])
def wish_error(request: SignedInRequest, patient_id: int, pk: int) -> HttpResponse:
    """Entered in error: a typing mistake. What it had ended holds again."""
    patient = _to_write(request, patient_id)
    wish: Wish = _of(Wish.objects.valid(), patient, pk)
    context = _error_context(patient, str(wish), request, "What it had ended holds again.")

    def act(values: dict[str, Any]) -> object:
        return commands.withdraw(wish, reason=values["reason"], by=request.user, now=timezone.now())

    return form_answer(request, FORM, context, act, said="Marked as entered in error")


def _error_context(patient: Patient, what: str, request: SignedInRequest, lead: str = "") -> dict[str, Any]:
    return {
        "patient": patient,
        "form": ErrorForm(request.POST or None),
        "title": f"Entered in error: {what}"[:120],
        "lead": lead,
        "danger": True,
        "cancel_url": _back(patient),
        "back": _back(patient),
    }


# --- contradictions --------------------------------------------------------------------------------------------------


@requires(Permission.GOALS_DOCUMENT)
@require_http_methods(["GET", "HEAD", "POST"])
def conflict_answer(request: SignedInRequest, patient_id: int, fingerprint: str) -> HttpResponse:
    """“Both hold, because …”."""
    patient = _to_write(request, patient_id)
    today = patient.team.local_date(timezone.now())
    found = next((row for row in conflicts_of(patient.pk, today) if row.conflict.fingerprint == fingerprint), None)
    if found is None:
        toast(request, "This contradiction is no longer there: one of its sides was changed.")
        return redirect_or_refresh(request, _back(patient))
    context = {
        "patient": patient,
        "form": BothHoldForm(request.POST or None),
        "title": found.conflict.title,
        "lead": "; ".join(side.says for side in found.sides),
        "cancel_url": _back(patient),
        "back": _back(patient),
    }

    def act(values: dict[str, Any]) -> object:
        return commands.answer_conflict(
            patient, fingerprint, because=values["because"], by=request.user, now=timezone.now()
        )

    return form_answer(request, FORM, context, act, said="Kept: both hold")


# --- documents -------------------------------------------------------------------------------------------------------


def _document_form(request: SignedInRequest, patient: Patient, row: WishDocument | None) -> DocumentForm:
    today = patient.team.local_date(timezone.now())

    def build(data: Any = None) -> DocumentForm:
        return DocumentForm(data, instance=row, today=today, patient=patient)

    if request.method != "POST":
        return build()
    return build(resolved(request.POST, build(), DocumentForm.start_of(row) if row else {}))


@requires(Permission.GOALS_DOCUMENT)
@require_http_methods(["GET", "HEAD", "POST"])
def document_add(request: SignedInRequest, patient_id: int) -> HttpResponse:
    patient = _to_write(request, patient_id)
    form = _document_form(request, patient, None)
    context = {
        "patient": patient,
        "form": form,
        "title": "Add a document",
        "lead": "What it says is compared with what is on record. The scan is added in the next step.",
        "cancel_url": _back(patient, "documents"),
    }
    if request.method != "POST":
        return render_page(request, FORM, context)
    if form.is_valid():
        try:
            row = commands.add_document(patient, form.values(), by=request.user, now=timezone.now())
        except ValidationError as error:
            add_errors(form, error)
    if form.errors:
        return invalid(request, FORM, context)
    toast(request, f"{row} saved")
    return redirect_or_refresh(request, reverse("wish-document", args=[patient.pk, row.pk]))


@requires(Permission.PATIENT_VIEW)
@require_safe
def document_page(request: SignedInRequest, patient_id: int, pk: int) -> HttpResponse:
    """One document: what it says, its files, the wishes that rest on it."""
    return _document_answer(request, readable_patient(request, patient_id), pk)


def _document_answer(
    request: SignedInRequest, patient: Patient, pk: int, problem: str = "", status: int = 200
) -> HttpResponse:
    today = patient.team.local_date(timezone.now())
    row = next((each for each in documents_of(patient.pk) if each.pk == pk), None)
    if row is None:
        raise Http404("No such document of this patient.")
    context = {
        "patient": patient,
        "today": today,
        "document": row,
        "rests": [wish for wish in holding(patient.pk, today) if wish.document_id == row.pk],
        "why_not": policies.why_not_document(patient, request.user),
        "problem": problem,
    }
    return render_page(request, "patients/wishes/document.html", context, status=status)


@requires(Permission.GOALS_DOCUMENT)
@require_http_methods(["GET", "HEAD", "POST"])
def document_change(request: SignedInRequest, patient_id: int, pk: int) -> HttpResponse:
    """Corrects what a document says; a stale save shows both versions and loses nothing."""
    patient = _to_write(request, patient_id)
    row: WishDocument = _of(WishDocument.objects.valid(), patient, pk)
    form = _document_form(request, patient, row)
    here = reverse("wish-document", args=[patient.pk, row.pk])
    context = {
        "patient": patient,
        "form": form,
        "title": f"Change: {row}",
        "cancel_url": here,
        "error_url": reverse("wish-document-error", args=[patient.pk, row.pk]),
    }
    if request.method != "POST":
        return render_page(request, FORM, context)
    if form.is_valid():
        version = form.cleaned_data.get("version") or 0
        try:
            commands.change_document(row, form.values(), version=version, by=request.user, now=timezone.now())
        except StaleEdit as stale:
            return stale_answer(request, FORM, context, form, stale.current, saved_meanwhile)
        except ValidationError as error:
            add_errors(form, error)
    if form.errors:
        return invalid(request, FORM, context)
    toast(request, f"{row} saved")
    return redirect_or_refresh(request, here)


@requires(Permission.GOALS_DOCUMENT)
@require_http_methods(["GET", "HEAD", "POST"])
def document_state(request: SignedInRequest, patient_id: int, pk: int) -> HttpResponse:
    """Revoked, replaced, or current again."""
    patient = _to_write(request, patient_id)
    row: WishDocument = _of(WishDocument.objects.valid(), patient, pk)
    ways = sorted(DOCUMENT_TRANSITIONS[DocumentState(row.state)], key=list(DocumentState).index)
    today = patient.team.local_date(timezone.now())
    start = {"version": row.version, "on": today, "to": ways[0] if len(ways) == 1 else None}
    here = reverse("wish-document", args=[patient.pk, row.pk])
    context = {
        "patient": patient,
        "form": StateForm(request.POST or None, initial=start, choices=ways),
        "title": f"{row}: no longer valid" if row.state == DocumentState.CURRENT else f"{row}: valid after all",
        "lead": "Wishes that rest on it are named as contradictions until somebody settles them.",
        "cancel_url": here,
        "back": here,
    }

    def act(values: dict[str, Any]) -> object:
        return commands.move_document(
            row,
            DocumentState(values["to"]),
            note=values["note"],
            on=values["on"],
            version=values["version"],
            by=request.user,
            now=timezone.now(),
        )

    return form_answer(request, FORM, context, act, said="Saved")


@requires(Permission.GOALS_DOCUMENT)
@require_http_methods(["GET", "HEAD", "POST"])
def document_error(request: SignedInRequest, patient_id: int, pk: int) -> HttpResponse:
    """It belongs to somebody else, or was never there."""
    patient = _to_write(request, patient_id)
    row: WishDocument = _of(WishDocument.objects.valid(), patient, pk)
    context = _error_context(patient, str(row), request, "Its files are handed to nobody any more.")

    def act(values: dict[str, Any]) -> object:
        return commands.document_in_error(row, reason=values["reason"], by=request.user, now=timezone.now())

    return form_answer(request, FORM, context, act, said="Marked as entered in error")


# --- stored files ----------------------------------------------------------------------------------------------------


@requires(Permission.GOALS_DOCUMENT)
@require_http_methods(["GET", "HEAD", "POST"])
def file_add(request: SignedInRequest, patient_id: int, pk: int) -> HttpResponse:
    """Adds the scan of a document."""
    patient = _to_write(request, patient_id)
    row: WishDocument = _of(WishDocument.objects.valid(), patient, pk)
    here = reverse("wish-document", args=[patient.pk, row.pk])
    form = FileForm(request.POST, request.FILES, request=request) if request.method == "POST" else None
    context: dict[str, Any] = {
        "patient": patient,
        "form": form or FileForm(request=request),
        "title": f"Add the scan: {row}",
        "cancel_url": here,
        "back": here,
        "multipart": True,
        "save": "Add",
    }

    def act(values: Mapping[str, Any]) -> object:
        kept = commands.add_file(row, values["scan"], by=request.user, now=timezone.now())
        if kept.scan == ScanState.WAITING:
            call_worker("patients.scan_file", file_id=kept.pk)
        return kept

    return form_answer(request, FORM, context, act, said="The scan is kept")


def _file(patient: Patient, pk: int) -> DocumentFile:
    found: DocumentFile = _of(DocumentFile.objects.select_related("document"), patient, pk)
    return found


@requires(Permission.PATIENT_VIEW)
@require_safe
def file_read(request: SignedInRequest, patient_id: int, pk: int) -> HttpResponseBase:
    """The stored file, as an attachment that a browser runs nothing of. It leaves the house: audited as an export."""
    patient = readable_patient(request, patient_id)
    file = _file(patient, pk)
    if reasons := policies.why_not_read_file(file):
        return _document_answer(request, patient, file.document_id, " ".join(reasons), 409)
    try:
        stream = path_of(file).open("rb")
    except OSError as missing:
        raise Http404("The file is not in its place. Ask the operator to restore it from the backup.") from missing
    note_read(request, [patient.pk], team_id=patient.team_id, kind=Kind.EXPORT)
    response = FileResponse(stream, as_attachment=True, filename=file.name, content_type="application/pdf")
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@requires(Permission.GOALS_DOCUMENT)
@require_http_methods(["GET", "HEAD", "POST"])
def file_error(request: SignedInRequest, patient_id: int, pk: int) -> HttpResponse:
    """Takes a file out of the record."""
    patient = _to_write(request, patient_id)
    file = _file(patient, pk)
    context = _error_context(patient, file.name, request, "Nobody gets the file any more.")

    def act(values: dict[str, Any]) -> object:
        return commands.file_in_error(file, reason=values["reason"], by=request.user, now=timezone.now())

    return form_answer(request, FORM, context, act, said="Marked as entered in error")


# --- before a procedure ----------------------------------------------------------------------------------------------


def _line(patient: Patient, line_id: int) -> TreatmentLine:
    line: TreatmentLine = _of(TreatmentLine.objects.valid(), patient, line_id)
    return line


@requires(Permission.PATIENT_VIEW)
@require_safe
def review_panel(request: SignedInRequest, patient_id: int, line_id: int) -> HttpResponse:
    """For the page of a treatment line: what holds during it; nothing when nothing is limited."""
    patient = readable_patient(request, patient_id)
    today = patient.team.local_date(timezone.now())
    line = _line(patient, line_id)
    context = {
        "patient": patient,
        "line": line,
        "today": today,
        "now": review_of(patient.pk, line.pk, today) if line.modality in PROCEDURES else None,
        "why_not": policies.why_not_document(patient, request.user),
    }
    return render_page(request, "patients/wishes/review.html", context, fragment="panel")


@requires(Permission.GOALS_DOCUMENT)
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: SignedInRequest, patient_id: int, line_id: int) -> HttpResponse:
    """Reviews code status and limits for one procedure."""
    patient = _to_write(request, patient_id)
    today = patient.team.local_date(timezone.now())
    line = _line(patient, line_id)
    shown = review_of(patient.pk, line.pk, today).shown
    here = reverse("line-page", args=[patient.pk, line.pk])
    context = {
        "patient": patient,
        "form": ReviewForm(request.POST or None, initial={"on": today, "said_by": SaidBy.PATIENT}),
        "title": f"Code status for this procedure: {line.label}"[:120],
        "lead": f"On record: {shown}" if shown else "Neither DNR or DNI nor a limit is on record.",
        "cancel_url": here,
        "back": here,
    }

    def act(values: dict[str, Any]) -> object:
        return commands.review_for_procedure(
            line,
            outcome=ProcedureCodeStatus(values["outcome"]),
            on=values["on"],
            said_by=values["said_by"],
            words=values["words"],
            by=request.user,
            now=timezone.now(),
        )

    return form_answer(request, FORM, context, act, said="Reviewed for this procedure")
