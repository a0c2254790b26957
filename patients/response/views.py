"""Assess the response of a study; the patient's lesions across studies."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, conflict, invalid, redirect_or_refresh, render_page, toast
from careteam.web.stale import resolved, stale_answer
from patients.imaging.models import ImagingStudy
from patients.imaging.queries import readable_study
from patients.record.models import StaleEdit
from patients.record.queries import readable_patient, saved_meanwhile
from patients.response import commands, policies
from patients.response.forms import ORGANS, AssessmentForm, ErrorForm, LesionForm
from patients.response.models import Lesion
from patients.response.queries import (
    Series,
    default_line,
    lines_of_patient,
    series_in,
    series_of,
    shown_category,
    signed,
)
from patients.response.rules import Caveat, Judgment
from patients.treatment.models import TreatmentLine
from patients.treatment.queries import judged

PAGE = "patients/response/assess.html"
READS = (Permission.IMAGING_REPORT, Permission.IMAGING_REVIEW)


def _line(request: SignedInRequest, study: ImagingStudy, lines: list[TreatmentLine]) -> TreatmentLine | None:
    """The line named in the address; else the one the study was read in, else the one that ran on its day."""
    asked = request.GET.get("line", "")
    if asked == "none":
        return None
    if asked:
        found = next((line for line in lines if str(line.pk) == asked), None)
        if found is None:
            raise Http404("No such line of treatment.")
        return found
    read_in = next((each for each in series_of(study.patient) if each.at(study) is not None), None)
    return read_in.line if read_in else default_line(lines, study.performed_on)


def _context(request: SignedInRequest, study: ImagingStudy, form: AssessmentForm) -> dict[str, Any]:
    series = form.series
    earlier = series.before(study)
    return {
        "study": study,
        "patient": study.patient,
        "series": series,
        "form": form,
        "organs": ORGANS,
        "shown": [earlier[0], earlier[-1]] if len(earlier) > 1 else earlier,
        "lines": lines_of_patient(study.patient),
        "why_not": [*policies.why_not_assess(study, request.user), *policies.why_not_in_series(series, study)],
        "query": f"line={series.line.pk if series.line else 'none'}",
    }


def _live(form: AssessmentForm) -> dict[str, Any]:
    """Sums and category of what is in the form now."""
    entry = form.entry()
    judgment = commands.judge_entry(form.series, form.study, entry, form.study.patient)
    target = judgment.target if judgment else None
    changes = [("From baseline", target.from_baseline), ("From nadir", target.from_nadir)] if target else []
    return {
        "form": form,
        "is_complete": form.is_complete,
        "judgment": judgment,
        "changes": [(label, signed(change)) for label, change in changes if change is not None],
        "decision_support": judged(),
        "category": shown_category(judgment) if form.is_complete else None,
        "caveats": _caveats(judgment) if form.is_complete else [],
        "start": commands.baseline_sum(form.series, entry) if form.is_baseline else None,
        "read": len(entry.readings),
    }


def _caveats(judgment: Judgment | None) -> list[str]:
    return [str(Caveat(caveat).label) for caveat in judgment.caveats] if judgment else []


def _bound(request: SignedInRequest, study: ImagingStudy, series: Series) -> AssessmentForm:
    unbound = AssessmentForm(series=series, study=study)
    theirs = AssessmentForm.start_of(unbound.row) if unbound.row else {}
    form = AssessmentForm(resolved(request.POST, unbound, theirs), series=series, study=study)
    form.full_clean()
    return form


@requires(*READS)
@require_http_methods(["GET", "HEAD", "POST"])
def assess(request: SignedInRequest, study_id: int) -> HttpResponse:
    """Diameters of this study beside the last ones, and the response that the reader confirms."""
    study = readable_study(request, study_id)
    series = series_in(study.patient, _line(request, study, lines_of_patient(study.patient)))
    if request.method != "POST":
        form = AssessmentForm(series=series, study=study)
        context = _context(request, study, form)
        if form.row is not None:  # a correction starts from what is saved
            saved = AssessmentForm(form.initial, series=series, study=study)
            saved.full_clean()
            context |= _live(saved) | {"form": form}
        return render_page(request, PAGE, context)
    form = _bound(request, study, series)
    context = _context(request, study, form)
    if form.errors:
        return invalid(request, PAGE, context | _live(form))
    try:
        row = commands.confirm(
            study,
            line=series.line,
            entry=form.entry(),
            version=form.cleaned_data["version"],
            by=request.user,
            now=timezone.now(),
        )
    except StaleEdit as stale:
        if not form.cleaned_data["version"]:  # two first readings: the other one's lesions are not in this form
            current: Any = stale.current
            form.add_error(None, f"{current.reader} saved this study meanwhile. Open it in another tab to compare.")
            return conflict(request, PAGE, context | _live(form))
        return stale_answer(request, PAGE, context, form, stale.current, saved_meanwhile)
    except ValidationError as error:
        live = _live(form)
        add_errors(form, error)
        return invalid(request, PAGE, context | live)
    toast(request, "Baseline saved" if row.is_baseline else f"Response confirmed: {row.confirmed}")
    return redirect_or_refresh(request, reverse("response-panel", args=[study.patient_id]))


@requires(*READS)
@require_POST
def preview(request: SignedInRequest, study_id: int) -> HttpResponse:
    """Sums, changes and category of what was typed so far; saves nothing."""
    study = readable_study(request, study_id)
    series = series_in(study.patient, _line(request, study, lines_of_patient(study.patient)))
    response = render(request, f"{PAGE}#live", _live(_bound(request, study, series)) | {"study": study})
    patch_vary_headers(response, ("HX-Request", "HX-Request-Type"))
    return response


@requires(*READS)
@require_http_methods(["GET", "HEAD", "POST"])
def take_back(request: SignedInRequest, study_id: int) -> HttpResponse:
    """The assessment was entered in error: it and what it wrote are taken back."""
    study = readable_study(request, study_id)
    series = series_in(study.patient, _line(request, study, lines_of_patient(study.patient)))
    column = series.at(study)
    if column is None:
        raise Http404("This study was not assessed in this line.")
    form = ErrorForm(request.POST or None)
    context = {
        "study": study,
        "patient": study.patient,
        "form": form,
        "today": study.patient.team.local_date(timezone.now()),
        "title": f"Take back: {column.assessment} of {study}",
        "save": "Entered in error",
    }
    if request.method != "POST":
        return render_page(request, "patients/imaging/form.html", context)
    if form.is_valid():
        try:
            commands.take_back(
                column.assessment, reason=form.cleaned_data["reason"], by=request.user, now=timezone.now()
            )
        except ValidationError as error:
            add_errors(form, error)
    if form.errors:
        return invalid(request, "patients/imaging/form.html", context)
    toast(request, "Assessment taken back")
    return redirect_or_refresh(request, reverse("response-panel", args=[study.patient_id]))


@requires(Permission.PATIENT_VIEW)
@require_safe
def panel(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """Lesions across studies: sums, changes, responses; the panel of the patient page and a page of its own."""
    patient = readable_patient(request, patient_id)
    found = series_of(patient)
    context = {
        "patient": patient,
        "found": found,
        "decision_support": judged(),
        "to_read": policies.next_to_read(patient, found),
        "may_read": any(request.access.may(right, patient.team_id) for right in READS),
        "today": patient.team.local_date(timezone.now()),
    }
    return render_page(request, "patients/response/panel.html", context, fragment="panel")


@requires(*READS)
@require_http_methods(["GET", "HEAD", "POST"])
def describe(request: SignedInRequest, lesion_id: int) -> HttpResponse:
    """Corrects organ and place of a lesion."""
    visible = Lesion.objects.visible_to(request.user).valid().select_related("found_in__study", "found_in__line")
    lesion: Lesion = get_object_or_404(visible, pk=lesion_id)
    patient = readable_patient(request, lesion.patient_id)
    template = "patients/response/lesion.html"
    context: dict[str, Any] = {"lesion": lesion, "patient": patient, "organs": ORGANS}
    start = LesionForm.start_of(lesion)
    if request.method != "POST":
        return render_page(
            request, template, context | {"form": LesionForm(initial=start | {"version": lesion.version})}
        )
    form = LesionForm(resolved(request.POST, LesionForm(), start))
    context["form"] = form
    if not form.is_valid():
        return invalid(request, template, context)
    try:
        commands.describe(lesion, by=request.user, now=timezone.now(), **form.cleaned_data)
    except StaleEdit as stale:
        return stale_answer(request, template, context, form, stale.current, saved_meanwhile)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, template, context)
    toast(request, "Lesion described")
    return redirect_or_refresh(request, reverse("response-panel", args=[patient.pk]))
