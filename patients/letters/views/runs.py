"""The letters that are due, and many at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.celery import call_worker
from careteam.people.models import Team
from careteam.people.rules import Permission
from careteam.web.responses import invalid, redirect_or_refresh, render_page, wants_fragment
from careteam.web.words import language_name
from patients.imaging.models import ImagingStudy
from patients.letters import commands, policies
from patients.letters.models import LetterRun, LetterSent
from patients.letters.queries import Draft, drafts, excluded_gp, for_letters, letters_due, printable
from patients.letters.rules import MOST, LetterKind
from patients.letters.views.paper import pdf_answer

DUE, RUN = "patients/letters/due.html", "patients/letters/run.html"
NO_NOTE = "Only with the reminder of an overdue scan."
SLOW = timedelta(seconds=10)  # after that the page says that nobody has begun


def _team(request: SignedInRequest) -> Team:
    """The team in which the person works on scans, the home team first."""
    for right in policies.RIGHTS:
        working = request.access.teams_where(right)
        if request.access.home is not None and request.access.home.pk in working:
            return request.access.home
        for team in request.access.teams:
            if team.pk in working:
                return team
    raise Http404("You belong to no team.")


@requires(*policies.RIGHTS)
@require_http_methods(["GET", "HEAD", "POST"])
def letters(request: SignedInRequest) -> HttpResponse:
    """Whose letter is due by the ladder, or the rows that were picked elsewhere (`study`, several). POST (the same;
    `gp`) asks for them as one run."""
    team = _team(request)
    picked = _ids(request.GET.getlist("study"))
    if request.method == "POST":
        ids = _ids(request.POST.getlist("study"))
        try:
            run = commands.start_run(team, ids, gp=bool(request.POST.get("gp")), by=request.user, now=timezone.now())
        except ValidationError as error:
            return invalid(request, DUE, {**_due(request, team, picked), "errors": error.messages})
        response = redirect_or_refresh(request, reverse("letter-run", args=[run.pk]))
        call_worker("patients.letter_run", run_id=run.pk)
        return response
    return render_page(request, DUE, _due(request, team, picked))


def _ids(values: list[str]) -> list[int]:
    return [int(value) for value in values if value.isascii() and value.isdigit() and len(value) < 19]


def _due(request: SignedInRequest, team: Team, picked: list[int]) -> dict[str, Any]:
    now = timezone.now()
    found: QuerySet[ImagingStudy]
    if picked:
        found = ImagingStudy.objects.valid().visible_to(request.user).filter(team=team, pk__in=picked[: MOST + 1])
    else:
        found = letters_due(team, now=now)
    studies = list(for_letters(found[:MOST]))
    note_read(request, [study.patient_id for study in studies], team_id=team.pk)
    kinds = {study.pk: policies.fitting(study, now) for study in studies}
    fitting: dict[int, Draft] = {}
    for kind in set(kinds.values()):
        of_kind = [study for study in studies if kinds[study.pk] is kind]
        fitting |= {draft.study.pk: draft for draft in drafts(of_kind, [kind], by=request.user, now=now)}
    reminded = [study for study in studies if kinds[study.pk] is LetterKind.REMINDER]
    notes = {draft.study.pk: draft for draft in drafts(reminded, [LetterKind.GP_NOTE], by=request.user, now=now)}
    rows = []
    for study in studies:
        letter, note = fitting[study.pk], notes.get(study.pk)
        why_not = policies.why_not_write(letter, request.user, now=now)
        # The patient's letter goes out in the same run: that tells the patient.
        told = "" if why_not else "told by this run"
        gp = policies.why_not_write(note, request.user, now=now, despite=told) if note else [NO_NOTE]
        rows.append((study, letter, language_name(letter.language), why_not, gp))
    return {
        "team": team,
        "today": team.local_date(now),
        "rows": rows,
        "picked": picked,
        "ready": sum(not why_not for _, _, _, why_not, _ in rows),
        "total": found.count(),
        "most": MOST,
        "runs": LetterRun.objects.filter(team=team).select_related("made_by").order_by("-pk")[:5],
    }


def _run(request: SignedInRequest, letter_run_id: int) -> LetterRun:
    rows = LetterRun.objects.visible_to(request.user).select_related("team", "made_by")
    run: LetterRun = get_object_or_404(rows, pk=letter_run_id)
    return run


@requires(Permission.PATIENT_VIEW)
@require_safe
def run_progress(request: SignedInRequest, letter_run_id: int) -> HttpResponse:
    """How many are written; the page asks every second. When the run is done, the whole page is."""
    run = _run(request, letter_run_id)
    if run.finished_at is not None or not wants_fragment(request):
        return redirect_or_refresh(request, reverse("letter-run", args=[run.pk]), events=())
    return render_page(request, RUN, _state(run), fragment="state")


def _state(run: LetterRun) -> dict[str, Any]:
    now = timezone.now()
    return {
        "run": run,
        "today": run.team.local_date(now),
        "total": len(run.asked),
        "is_slow": not run.done and now - run.made_at > SLOW,
    }


@requires(Permission.PATIENT_VIEW)
@require_safe
def run_page(request: SignedInRequest, letter_run_id: int) -> HttpResponse:
    """What a run wrote, what it could not and why; while it is being written, how far it is."""
    run = _run(request, letter_run_id)
    if run.finished_at is None:
        return render_page(request, RUN, _state(run))
    written = list(run.letters.visible_to(request.user).select_related("patient__team", "study").order_by("pk"))
    studies = (
        ImagingStudy.objects.visible_to(request.user)
        .select_related("patient")
        .in_bulk({row["study"] for row in run.failed})
    )
    failed = [
        (studies[row["study"]], LetterKind(row["kind"]).label, row["why"])
        for row in run.failed
        if row["study"] in studies
    ]
    ids = {letter.patient_id for letter in written} | {study.patient_id for study in studies.values()}
    note_read(request, sorted(ids), team_id=run.team_id)
    closed = excluded_gp([letter.patient for letter in written])
    rows = [(letter, language_name(letter.language), policies.why_not_print(letter, closed)) for letter in written]
    context = {
        "run": run,
        "rows": rows,
        "failed": failed,
        "ready": sum(not why_not for _, _, why_not in rows),
        "today": run.team.local_date(timezone.now()),
    }
    return render_page(request, RUN, context)


@requires(Permission.PATIENT_VIEW)
@require_safe
def run_pdf(request: SignedInRequest, letter_run_id: int) -> HttpResponse:
    """All letters of a run that may be printed now, as one file."""
    run = _run(request, letter_run_id)
    rows = LetterSent.objects.visible_to(request.user).filter(run=run)
    found = printable(rows)
    return pdf_answer(request, found, name=f"letters-{run.pk}", back=reverse("letter-run", args=[run.pk]))
