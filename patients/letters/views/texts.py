"""The team's letterhead and texts: see, preview, change, put into use."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.people.models import Team
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, conflict, invalid, redirect_or_refresh, render_page, toast
from careteam.web.stale import resolved, stale_answer
from careteam.web.words import language_name
from patients.letters import commands, policies
from patients.letters.forms import HeadForm, NewTextForm, TextForm
from patients.letters.models import LetterHead, LetterText
from patients.letters.queries import example, latest_text, text_rows, texts_in_use
from patients.letters.rules import PLACEHOLDERS, LetterKind, blocks, direction, languages
from patients.record.models import StaleEdit
from patients.record.queries import saved_meanwhile

LIST, TEXT, HEAD = "patients/letters/texts.html", "patients/letters/text.html", "patients/letters/head.html"


def _team(request: SignedInRequest) -> Team:
    """The team whose letters are shown: where the person leads, else the home team."""
    led = request.access.teams_where(Permission.TEAM_MANAGE)
    team = next((team for team in request.access.teams if team.pk in led), request.access.home)
    if team is None:
        raise Http404("You belong to no team.")
    return team


@requires(Permission.PATIENT_VIEW, Permission.TEAM_MANAGE)
@require_safe
def letter_texts(request: SignedInRequest) -> HttpResponse:
    """Letterhead and texts of the team, by kind and language."""
    team = _team(request)
    context = {
        "team": team,
        "head": LetterHead.objects.filter(team=team).first(),
        "rows": text_rows(team.pk),
        "may_word": not policies.why_not_word(team, request.user),
        "new": NewTextForm(auto_id="n_%s"),
    }
    return render_page(request, LIST, context)


@requires(Permission.TEAM_MANAGE)
@require_safe
def letter_text_new(request: SignedInRequest) -> HttpResponse:
    """Leads to the text of the chosen kind and language."""
    form = NewTextForm(request.GET)
    if not form.is_valid():
        return HttpResponseRedirect(reverse("letter-texts"))
    data = form.cleaned_data
    return HttpResponseRedirect(reverse("letter-text", args=[data["kind"], data["language"]]))


def _asked(kind: str, language: str) -> tuple[LetterKind, str]:
    if kind not in LetterKind.values or language not in dict(languages()):
        raise Http404("No such letter.")
    return LetterKind(kind), language


@requires(Permission.TEAM_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def letter_text(request: SignedInRequest, letter_kind: str, language: str) -> HttpResponse:
    """One text with its preview. POST shows the preview of what was typed (`preview`), or saves a new version."""
    of, language = _asked(letter_kind, language)
    team = _team(request)
    now = timezone.now()
    latest, used = latest_text(team.pk, of, language), texts_in_use(team.pk).get((of, language))
    waiting = latest if latest is not None and latest.activated_at is None else None
    begin: Any = waiting or used
    initial: dict[str, Any] = {
        "subject": begin.subject if begin else "",
        "body": begin.body if begin else "",
        "number": latest.number if latest else 0,
    }
    form = TextForm(request.POST or None, initial=initial)
    context: dict[str, Any] = {
        "team": team,
        "kind": of,
        "language": language,
        "language_name": language_name(language),
        "dir": direction(language),
        "latest": latest,
        "used": used,
        "waiting": waiting,
        "running": latest if latest is not None and latest.activated_at and not latest.ended_at else None,
        "placeholders": PLACEHOLDERS,
        "form": form,
    }
    head = LetterHead.objects.filter(team=team).first()

    def shown(subject: str, body: str) -> None:
        if subject and body and not policies.text_problems(of, language, subject=subject, body=body):
            said = example(subject, body, of, language, head, request.user, team.local_date(now))
            context.update(preview=said[0], blocks=blocks(said[1]))

    if request.method != "POST":
        shown(initial["subject"], initial["body"])
        return render_page(request, TEXT, context)
    if not form.is_valid():
        return invalid(request, TEXT, context)
    data = form.cleaned_data
    shown(data["subject"], data["body"])
    if "preview" in request.POST:
        for name, reasons in policies.text_problems(of, language, subject=data["subject"], body=data["body"]).items():
            form.add_error(name, reasons)
        return invalid(request, TEXT, context) if form.errors else render_page(request, TEXT, context)
    try:
        commands.save_text(team, of, language, by=request.user, now=now, **data)
    except StaleEdit as stale:
        theirs: Any = stale.current
        form = TextForm({**request.POST.dict(), "number": str(theirs.number)})
        form.is_valid()
        form.add_error(
            None, f"{theirs.written_by} saved version {theirs.number} meanwhile. It stands below; yours too."
        )
        return conflict(request, TEXT, {**context, "form": form, "theirs": theirs})
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, TEXT, context)
    response = redirect_or_refresh(request, reverse("letter-text", args=[letter_kind, language]))
    toast(request, "Saved. Read the preview, then put it into use.", response=response)
    return response


def _act(request: SignedInRequest, text_id: int, verb: str) -> HttpResponse:
    text = get_object_or_404(LetterText, pk=text_id, team=_team(request))
    act, said = {
        "use": (commands.activate_text, "In use from now on"),
        "end": (commands.end_text, "Not used any more"),
    }[verb]
    kind = ""
    try:
        act(text, by=request.user, now=timezone.now())
    except ValidationError as error:
        said, kind = " ".join(error.messages), "red"
    response = redirect_or_refresh(request, reverse("letter-text", args=[text.kind, text.language]))
    toast(request, said, response=response, kind=kind)
    return response


@requires(Permission.TEAM_MANAGE)
@require_POST
def letter_text_use(request: SignedInRequest, text_id: int) -> HttpResponse:
    """Puts the saved version into use."""
    return _act(request, text_id, "use")


@requires(Permission.TEAM_MANAGE)
@require_POST
def letter_text_end(request: SignedInRequest, text_id: int) -> HttpResponse:
    """Takes the team's version out of use."""
    return _act(request, text_id, "end")


@requires(Permission.TEAM_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def letter_head(request: SignedInRequest) -> HttpResponse:
    """The letterhead and the phone number for patients."""
    team = _team(request)
    head = LetterHead.objects.filter(team=team).first()
    start = HeadForm.start_of(head) if head else {"name": team.name, "version": 0}
    data: Any = None
    if request.method == "POST":
        data = resolved(request.POST, HeadForm(), start)
    form = HeadForm(data, initial=start)
    context = {"team": team, "form": form}
    if request.method != "POST":
        return render_page(request, HEAD, context)
    if not form.is_valid():
        return invalid(request, HEAD, context)
    values = {name: value for name, value in form.cleaned_data.items() if name != "version"}
    version = form.cleaned_data["version"]
    try:
        commands.save_head(team, values, version=version, by=request.user, now=timezone.now())
    except StaleEdit as stale:
        return stale_answer(request, HEAD, context, form, stale.current, saved_meanwhile)
    response = redirect_or_refresh(request, reverse("letter-texts"))
    toast(request, "Letterhead saved", response=response)
    return response
