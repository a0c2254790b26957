"""Patient list, search and the patient page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django import forms
from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.rules import Permission
from careteam.web.paging import Sort, keyset_page
from careteam.web.responses import render_page
from careteam.workspace.timeline import coded_range, coded_view
from patients.record.models import Diagnosis, NextStep, Patient, Specimen
from patients.record.queries import PatientGrade, grade_from, readable_patient
from patients.record.rules import EnrollmentStatus, NetStatus, PrimarySite, plain_form
from patients.treatment.models import TreatmentLine
from patients.treatment.rules import LineRole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from patients.record.models.patient import PatientQuerySet

SORTS = (
    Sort("name", "Patient", ("sort_key", "id")),
    Sort("mrn", "MRN", ("mrn", "id")),
    Sort("born", "Born", ("birth_date", "id")),
)
SEARCH_LIMIT = 8
PAGE_SIZE = 50
FEW = 1000  # patients without a next step that are looked up by id


@dataclass(frozen=True)
class PatientRow:
    """One patient as lists show them. `primary` reads "Not a NET diagnosis" where an import brought another cancer."""

    patient: Patient
    age: int | None
    primary: str
    is_net: bool
    stage: str
    grade: PatientGrade | None
    line: str
    next_what: str
    next_due: date | None
    next_owner: str

    @property
    def url(self) -> str:
        return reverse("patient", args=[self.patient.pk])

    @property
    def name(self) -> str:
        return self.patient.name

    @property
    def mrn(self) -> str:
        return self.patient.mrn

    @property
    def detail(self) -> str:
        """The one-line summary under a name: "67 F · Pancreas, NET G2"."""
        sex = self.patient.get_sex_display()[:1] if self.patient.sex in {"female", "male"} else ""
        who = " ".join(part for part in (str(self.age) if self.age is not None else "", sex) if part)
        tumor = ", ".join(part for part in (self.primary, self.grade.highest.grade.label if self.grade else "") if part)
        return " · ".join(part for part in (who, tumor) if part)


def rows_for(patients: Sequence[Patient], today: date) -> list[PatientRow]:
    """Rows in the given order; four queries whatever their number."""
    ids = [patient.pk for patient in patients]
    diagnoses = {row.patient_id: row for row in Diagnosis.objects.valid().filter(patient_id__in=ids, is_main=True)}
    specimens: dict[int, list[Specimen]] = {}
    for specimen in Specimen.objects.valid().filter(patient_id__in=ids):
        specimens.setdefault(specimen.patient_id, []).append(specimen)
    lines: dict[int, TreatmentLine] = {}
    for running in TreatmentLine.objects.running().filter(patient_id__in=ids).order_by("started_on", "pk"):
        if running.role == LineRole.ANTITUMOR or running.patient_id not in lines:
            lines[running.patient_id] = running
    steps: dict[int, NextStep] = {}
    open_steps = NextStep.objects.filter(patient_id__in=ids, closed_at__isnull=True).select_related("owner")
    for waiting in open_steps.order_by(F("due_on").asc(nulls_last=True), "pk"):
        steps.setdefault(waiting.patient_id, waiting)
    rows = []
    for patient in patients:
        diagnosis, line, step = diagnoses.get(patient.pk), lines.get(patient.pk), steps.get(patient.pk)
        is_net = diagnosis is not None and diagnosis.net_status == NetStatus.NET
        if diagnosis is None:
            primary = ""
        elif diagnosis.net_status == NetStatus.NOT_NET:
            primary = "Not a NET diagnosis"
        else:
            primary = diagnosis.get_primary_site_display() or diagnosis.label
        rows.append(
            PatientRow(
                patient=patient,
                age=patient.age(today),
                primary=primary,
                is_net=is_net,
                stage=f"{diagnosis.stage} {diagnosis.stage_detail}".strip() if diagnosis else "",
                grade=grade_from(specimens[patient.pk]) if patient.pk in specimens else None,
                line=line.label if line else "",
                next_what=step.what if step else "",
                next_due=step.due_on if step else None,
                next_owner=str(step.owner) if step and step.owner else "",
            )
        )
    return rows


class PatientFilter(forms.Form):
    """Coded filters kept in the URL; an unknown value filters nothing."""

    status = forms.ChoiceField(
        required=False,
        choices=[("", "In care"), *EnrollmentStatus.choices[:1], *EnrollmentStatus.choices[2:], ("all", "All")],
    )
    site = forms.ChoiceField(required=False, label="Primary", choices=[("", "Any primary"), *PrimarySite.choices])
    step = forms.ChoiceField(
        required=False, label="Next step", choices=[("", "Any"), ("none", "No next step"), ("late", "Overdue")]
    )


def _filtered(patients: PatientQuerySet, chosen: PatientFilter, today: date) -> PatientQuerySet:
    chosen.is_valid()
    values = chosen.cleaned_data
    status = values.get("status") or EnrollmentStatus.ACTIVE
    if status == EnrollmentStatus.ACTIVE:
        patients = patients.in_care()
    elif status != "all":
        patients = patients.filter(enrollment_status=status)
    if values.get("site"):
        patients = patients.filter(
            pk__in=Diagnosis.objects.valid().filter(primary_site=values["site"], is_main=True).values("patient_id")
        )
    if values.get("step") == "none":
        few = ids_without_step(patients, FEW + 1)
        # Many: whoever walks the names meets a pageful soon.
        patients = patients.filter(pk__in=few) if len(few) <= FEW else patients.filter(~_HAS_STEP)
    elif values.get("step") == "late":
        open_steps = NextStep.objects.filter(closed_at__isnull=True)
        patients = patients.filter(pk__in=open_steps.filter(due_on__lt=today).values("patient_id"))
    return patients


_HAS_STEP = Exists(NextStep.objects.filter(patient_id=OuterRef("pk"), closed_at__isnull=True))


def ids_without_step(patients: QuerySet[Patient], limit: int) -> list[int]:
    """Those without an open next step, `limit` at most, in no order.

    Unordered, so that two indexes answer by being read side by side: in the order of names the database would look up
    everybody one by one, and longest of all when nobody is missing anything.
    """
    return list(patients.filter(~_HAS_STEP).order_by().values_list("pk", flat=True)[:limit])


@requires(Permission.PATIENT_VIEW)
@require_safe
def patient_list(request: SignedInRequest) -> HttpResponse:
    home = request.access.home
    today = home.local_date(timezone.now()) if home else timezone.now().date()
    chosen = PatientFilter(request.GET)
    patients = _filtered(Patient.objects.visible_to(request.user).unmerged(), chosen, today)
    page = keyset_page(patients, sorts=SORTS, params=request.GET, size=PAGE_SIZE)
    note_read(request, [patient.pk for patient in page.rows])
    return render_page(
        request,
        "workspace/patients.html",
        {
            "page": page.with_rows(rows_for(page.rows, today)),
            "filter": chosen,
            "today": today,
            "may_import": request.access.may(Permission.PATIENT_IMPORT),
        },
        fragment="rows",
    )


def found(request: SignedInRequest, words: str, limit: int) -> list[Patient]:
    """Patients that match name, identifier or birth date, best first; forgiving of typing errors and accents.

    Exact word beginnings and numbers come first, then trigram similarity (`word_similarity_threshold` in the
    settings). Two index scans at most.
    """
    text = plain_form(words)
    if len(text) < 2:
        return []
    patients = Patient.objects.visible_to(request.user).unmerged().select_related("team")
    condition = Q()
    for word in text.split()[:5]:
        compact = re.sub(r"[^0-9a-z]", "", word)
        part = Q(search_key__contains=word)
        if compact and compact != word and any(c.isdigit() for c in compact):
            part |= Q(search_key__contains=compact)
        condition &= part
    # Ordered by an expression, not the column: else PostgreSQL walks the whole team by name instead of using the
    # trigram index.
    hits = list(patients.filter(condition).order_by(Concat("sort_key", Value("")), "pk")[:limit])
    if len(hits) < limit and len(text) >= 4:
        similar = (
            patients.filter(search_key__trigram_word_similar=text)
            .exclude(pk__in=[hit.pk for hit in hits])
            .annotate(likeness=TrigramWordSimilarity(text, "search_key"))
            .order_by("-likeness", "sort_key", "pk")
        )
        hits += list(similar[: limit - len(hits)])
    return hits


@requires(Permission.PATIENT_VIEW)
@require_POST
def search(request: SignedInRequest) -> HttpResponse:
    """By POST: what is typed never stands in a URL."""
    words = request.POST.get("q", "").replace("\x00", "").strip()[:100]  # PostgreSQL refuses NUL
    whole = not request.htmx
    limit = PAGE_SIZE if whole else SEARCH_LIMIT
    hits = found(request, words, limit + 1)
    home = request.access.home
    today = home.local_date(timezone.now()) if home else timezone.now().date()
    rows = rows_for(hits[:limit], today)
    note_read(request, [row.patient.pk for row in rows])
    context = {"q": words, "results": rows, "more": len(hits) > limit, "today": today}
    template = "workspace/search.html" if whole else "components/search_results.html"
    return render_page(request, template, context)


@requires(Permission.PATIENT_VIEW)
@require_safe
def patient_page(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """The banner at once; the panels of the slices load themselves. `range` and `view` are for the timeline."""
    patient = readable_patient(request, patient_id)
    kept = {"range": coded_range(request.GET.get("range", "")), "view": coded_view(request.GET.get("view", ""))}
    query = urlencode({name: value for name, value in kept.items() if value})
    return render_page(
        request,
        "workspace/patient.html",
        {
            "patient": patient,
            "today": patient.team.local_date(timezone.now()),
            "drawn": f"?{query}" if query else "",
            "wide": [("timeline-panel", "Timeline"), ("treatment-panel", "Treatment lines")],
            "panels": [
                ("imaging-panel", "Imaging"),
                ("response-panel", "Response"),
                ("record-panel", "Labs and findings"),
                ("board-panel", "Board"),
            ],
            "side": [
                ("goals-panel", "Goals of care"),
                ("symptoms-panel", "Symptoms and weight"),
                ("care-panel", "Care around treatment"),
                ("function-panel", "Function and heart screening"),
                ("guidance-panel", "Guidance"),
            ],
        },
    )
