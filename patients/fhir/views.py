"""Importing files, the report of an import, what it kept, and the list of differences."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.celery import call_worker
from careteam.people.rules import Permission
from careteam.web.paging import Sort, keyset_page
from careteam.web.responses import invalid, redirect_or_refresh, render_page, toast
from patients.fhir import policies
from patients.fhir.commands import decide, export_bundle, queue_import
from patients.fhir.forms import ImportForm, LineFilter
from patients.fhir.models import ImportLine, ImportRun, ReviewItem, SourceRecord
from patients.fhir.queries import kept_kinds, kept_records, open_differences, records_of, touched_patients
from patients.fhir.rules.states import Decision, RunStatus
from patients.record.models import Patient
from patients.record.queries import readable_patient

if TYPE_CHECKING:
    from careteam.people.models import Team

RUN_SORTS = (Sort("newest", "Newest", ("-id",)),)
LINE_SORTS = (Sort("order", "In order", ("id",)),)
KEPT_SORTS = (Sort("type", "Resource", ("resource_type", "label", "id")),)
REVIEW_SORTS = (Sort("newest", "Newest", ("-id",)),)
# Nobody took the run up for this long: say so.
SLOW = timedelta(seconds=20)


def _teams(request: SignedInRequest) -> list[Team]:
    allowed = request.access.teams_where(Permission.PATIENT_IMPORT)
    return [team for team in request.access.teams if team.pk in allowed]


@requires(Permission.PATIENT_IMPORT)
def imports(request: SignedInRequest) -> HttpResponse:
    """The upload form and the imports so far."""
    teams = _teams(request)
    form = ImportForm(request.POST or None, request.FILES or None, teams=teams)
    runs = ImportRun.objects.visible_to(request.user).select_related("by", "team")
    context = {"form": form, "page": keyset_page(runs, sorts=RUN_SORTS, params=request.GET, size=20)}
    if request.method != "POST":
        return render_page(request, "patients/fhir/imports.html", context)
    if not form.is_valid():
        return invalid(request, "patients/fhir/imports.html", context, fragment="form")
    try:
        run = queue_import(
            form.cleaned_data["uploads"],
            team=form.cleaned_data["team"],
            by=request.user,
            now=timezone.now(),
            namespace=form.cleaned_data["namespace"],
            dry_run=form.cleaned_data["dry_run"],
        )
    except ValidationError as problem:
        form.add_error(None, problem)
        return invalid(request, "patients/fhir/imports.html", context, fragment="form")
    _ring(request, run)
    return redirect_or_refresh(request, reverse("import-run", args=[run.pk]))


def _ring(request: SignedInRequest, run: ImportRun) -> None:
    """Tells the worker. When nobody hears, the run waits for the next tick."""
    if not call_worker("patients.import_run", run_id=run.pk):
        toast(request, "Queued. The worker cannot be reached now; the import starts by itself when it can.", kind="amb")


def _run(request: SignedInRequest, run_id: int) -> ImportRun:
    runs = ImportRun.objects.visible_to(request.user).select_related("team", "by")
    found: ImportRun = get_object_or_404(runs, pk=run_id)
    return found


def _progress(run: ImportRun) -> dict[str, object]:
    now = timezone.now()
    return {
        "run": run,
        "is_slow": run.status == RunStatus.QUEUED and run.created_at < now - SLOW,
        "is_bytes": run.phase.startswith("Reading") and run.total > 100_000,
        "share": 100 * run.done // run.total if run.total else 0,
    }


@require_safe
@requires(Permission.PATIENT_IMPORT)
def import_run(request: SignedInRequest, run_id: int) -> HttpResponse:
    """The report of one import; while it runs, its progress."""
    run = _run(request, run_id)
    lines = run.lines.all()
    kinds = sorted(set(lines.exclude(resource_type="").values_list("resource_type", flat=True).distinct()[:80]))
    chosen = LineFilter(request.GET, kinds=kinds)
    if chosen.chosen("severity"):
        lines = lines.filter(severity=chosen.chosen("severity"))
    if chosen.chosen("kind"):
        lines = lines.filter(resource_type=chosen.chosen("kind"))
    touched = touched_patients(run, request.user)
    if touched:
        note_read(request, [row.patient.pk for row in touched], team_id=run.team_id)
    page = keyset_page(ImportLine.objects.filter(pk__in=lines.values("pk")), sorts=LINE_SORTS, params=request.GET)
    context = {
        **_progress(run),
        "page": page,
        "filter": chosen,
        "touched": touched,
        "more_patients": len(run.patient_ids) - len(touched),
        "kept": kept_kinds(kept_records(run, request.user)),
    }
    return render_page(request, "patients/fhir/run.html", context, fragment="lines")


@require_safe
@requires(Permission.PATIENT_IMPORT)
def import_progress(request: SignedInRequest, run_id: int) -> HttpResponse:
    """What the progress bar asks for every two seconds; when the run is over, the page loads itself again."""
    run = _run(request, run_id)
    if not run.is_over:
        return render_page(request, "patients/fhir/run.html", _progress(run), fragment="state")
    response = HttpResponse(status=204)
    response["HX-Refresh"] = "true"
    return response


@require_safe
@requires(Permission.PATIENT_IMPORT)
def import_kept(request: SignedInRequest, run_id: int) -> HttpResponse:
    """Resources that this import kept without a place."""
    run = _run(request, run_id)
    records = kept_records(run, request.user)
    chosen = LineFilter.of_kinds(request.GET, [kind.resource_type for kind in kept_kinds(records)])
    if chosen.chosen("kind"):
        records = records.filter(resource_type=chosen.chosen("kind"))
    page = keyset_page(records, sorts=KEPT_SORTS, params=request.GET)
    note_read(request, {r.patient_id for r in page.rows if r.patient_id}, team_id=run.team_id)
    context = {"run": run, "page": page, "filter": chosen}
    return render_page(request, "patients/fhir/kept.html", context, fragment="rows")


@require_safe
@requires(Permission.PATIENT_VIEW)
def patient_sources(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """What imports brought about this patient that has no place in the record yet."""
    patient = readable_patient(request, patient_id)
    records = records_of(patient, request.user)
    chosen = LineFilter.of_kinds(request.GET, [kind.resource_type for kind in kept_kinds(records)])
    if chosen.chosen("kind"):
        records = records.filter(resource_type=chosen.chosen("kind"))
    page = keyset_page(records, sorts=KEPT_SORTS, params=request.GET)
    context = {"patient": patient, "page": page, "filter": chosen}
    return render_page(request, "patients/fhir/kept.html", context, fragment="rows")


@require_safe
@requires(Permission.PATIENT_EXPORT)
def patient_bundle(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """What we hold about the patient as a file for another center; the export itself is what the trail keeps."""
    patients = Patient.objects.visible_to(request.user).unmerged().select_related("team")
    patient: Patient = get_object_or_404(patients, pk=patient_id)
    now = timezone.now()
    try:
        bundle = export_bundle(patient, by=request.user, now=now)
    except ValidationError as refused:
        raise PermissionDenied(" ".join(refused.messages)) from refused
    response = HttpResponse(json.dumps(bundle, ensure_ascii=False, indent=1), content_type="application/fhir+json")
    # The name of the file says nothing about the person: downloads end up in strange places.
    day = patient.team.local_date(now).isoformat()
    response["Content-Disposition"] = f'attachment; filename="bundle-{patient.pk}-{day}.json"'
    return response


@require_safe
@requires(Permission.PATIENT_VIEW, Permission.PATIENT_IMPORT)
def source_record(request: SignedInRequest, record_id: int) -> HttpResponse:
    """One resource as it came, word for word."""
    records = SourceRecord.objects.visible_to(request.user).select_related("patient", "team", "last_run")
    found: SourceRecord = get_object_or_404(records, pk=record_id)
    if found.patient_id:
        note_read(request, [found.patient_id], team_id=found.team_id)
    context = {"record": found, "source": json.dumps(found.resource, ensure_ascii=False, indent=2)}
    return render_page(request, "patients/fhir/record.html", context)


@require_safe
@requires(Permission.PATIENT_EDIT, Permission.PATIENT_IMPORT)
def review(request: SignedInRequest) -> HttpResponse:
    """Differences between here and the sources, to be decided."""
    return _review_page(request)


def _review_page(request: SignedInRequest, errors: list[str] | None = None, *, status: int = 200) -> HttpResponse:
    page = keyset_page(open_differences(request.user), sorts=REVIEW_SORTS, params=request.GET)
    note_read(request, {item.patient_id for item in page.rows})
    rows = [(item, policies.why_not_decide(item, request.user)) for item in page.rows]
    context = {"page": page.with_rows(rows), "errors": errors or []}
    return render_page(request, "patients/fhir/review.html", context, fragment="rows", status=status)


@requires(Permission.PATIENT_EDIT)
@require_POST
def review_decide(request: SignedInRequest, item_id: int) -> HttpResponse:
    """Takes theirs or keeps ours."""
    found: ReviewItem = get_object_or_404(ReviewItem.objects.visible_to(request.user), pk=item_id)
    choice = request.POST.get("decision", "")
    if choice not in Decision.values:
        raise Http404("No such decision.")
    try:
        decide(found, Decision(choice), by=request.user, now=timezone.now())
    except ValidationError as problem:
        return _review_page(request, problem.messages, status=422)
    toast(request, "Theirs taken" if choice == Decision.ACCEPTED else "Ours kept")
    return redirect_or_refresh(request, reverse("import-review"))
