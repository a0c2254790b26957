"""Letters about a decision: how far they are, write one, read it, its PDF, sent, not sent after all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.audit.rules import Kind
from careteam.celery import call_worker
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, form_answer, invalid, redirect_or_refresh, render_page, toast
from careteam.web.words import language_name
from patients.letters.rules import blocks, direction
from tumorboard.decisions.queries import visible_decision
from tumorboard.decisions.rules import ToldWhom
from tumorboard.letters import commands, policies
from tumorboard.letters.forms import NotSentForm, SentForm, WriteForm
from tumorboard.letters.queries import draft_of, drafts_of, letters_of, sheet_of, visible_letter
from tumorboard.letters.rules import SentHow

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.forms import Form

    from tumorboard.decisions.models import Decision
    from tumorboard.letters.models import DecisionLetter, LetterPrint

_PANEL, _WRITE, _PAGE = (f"tumorboard/letters/{name}.html" for name in ("panel", "write", "letter"))
_FORM = "tumorboard/form.html"


def _decision(request: SignedInRequest, decision_id: int) -> Decision:
    decision = visible_decision(request.user, decision_id)
    note_read(request, [decision.patient_id], team_id=decision.patient.team_id)
    return decision


@requires(Permission.PATIENT_VIEW)
@require_safe
def decision_letters(request: SignedInRequest, decision_id: int) -> HttpResponse:
    """The letters of a decision, and why one cannot be written now."""
    decision = _decision(request, decision_id)
    now = timezone.now()
    may_write = request.access.may(Permission.ACTION_UPDATE, decision.patient.team_id)
    rows = list(letters_of(decision.pk))
    drafts = drafts_of(decision, by=request.user, now=now) if may_write else []
    context = {
        "decision": decision,
        "patient": decision.patient,
        "today": decision.patient.team.local_date(now),
        "rows": rows,
        "may_write": may_write,
        "offers": [
            (draft, [*policies.why_not_begin(draft, request.user), *draft.lacks], policies.asks_why(draft))
            for draft in drafts
        ],
    }
    return render_page(request, _PANEL, context, fragment="panel")


@requires(Permission.ACTION_UPDATE)
@require_http_methods(["GET", "HEAD", "POST"])
def decision_letter_write(request: SignedInRequest, decision_id: int, whom: str) -> HttpResponse:
    """The letter as it would go out; `preview` shows it with what was typed, a POST without writes it."""
    if whom not in ToldWhom.values:
        raise Http404("Nobody of that kind gets a letter.")
    decision = _decision(request, decision_id)
    if not request.access.may(Permission.ACTION_UPDATE, decision.patient.team_id):
        raise PermissionDenied(policies.RIGHT)
    now = timezone.now()
    to = ToldWhom(whom)
    posted = request.POST if request.method == "POST" else None
    typed = {"own_words": posted.get("own_words", ""), "recipient": posted.get("recipient", "")} if posted else {}
    draft = draft_of(decision, to, by=request.user, now=now, **typed)
    asks_why = policies.asks_why(draft)
    form = WriteForm(
        posted,
        whom=to,
        language=language_name(draft.language),
        asks_why=asks_why,
        is_first=draft.earlier is None,
        initial={"own_words": draft.own_words, "recipient": draft.recipient},
    )
    context: dict[str, Any] = {
        "decision": draft.row,
        "patient": decision.patient,
        "today": decision.patient.team.local_date(now),
        "draft": draft,
        "form": form,
        "blocks": blocks(draft.body),
        "dir": direction(draft.language),
        "language": language_name(draft.language),
        "why_not": policies.why_not_begin(draft, request.user),
        "is_patient": to is ToldWhom.PATIENT,
    }
    if posted is None:
        return render_page(request, _WRITE, context)
    if not form.is_valid():
        return invalid(request, _WRITE, context)
    if "preview" in posted:
        return render_page(request, _WRITE, context)
    try:
        letter = commands.write_letter(decision, to, by=request.user, now=now, **form.cleaned_data)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, _WRITE, context)
    _ring(letter.printout)
    response = redirect_or_refresh(request, reverse("decision-letter", args=[letter.pk]))
    toast(request, "Letter written", response=response)
    return response


def _ring(printout: LetterPrint) -> None:
    call_worker("tumorboard.print_letter", print_id=printout.pk)


def _letter(request: SignedInRequest, board_letter_id: int, kind: Kind = Kind.READ) -> DecisionLetter:
    letter = visible_letter(request.user, board_letter_id)
    note_read(request, [letter.patient_id], team_id=letter.patient.team_id, kind=kind)
    return letter


def _own(request: SignedInRequest, board_letter_id: int) -> DecisionLetter:
    letter = _letter(request, board_letter_id)
    if not request.access.may(Permission.ACTION_UPDATE, letter.patient.team_id):
        raise PermissionDenied(policies.RIGHT)
    return letter


@requires(Permission.PATIENT_VIEW)
@require_safe
def decision_letter(request: SignedInRequest, board_letter_id: int) -> HttpResponse:
    """A letter as it was written; how far its PDF is."""
    letter = _letter(request, board_letter_id)
    today = letter.patient.team.local_date(timezone.now())
    why_not_send = policies.why_not_send(letter, request.user, on=today, today=today)
    context = {
        "letter": letter,
        "patient": letter.patient,
        "today": today,
        "sheet": sheet_of(letter),
        "printout": getattr(letter, "printout", None),
        "language": language_name(letter.language),
        "wanted": language_name(letter.wanted_language) if letter.wanted_language else "",
        "why_not_print": policies.why_not_print(letter),
        "why_not_send": [] if letter.sent_on else why_not_send,
        "may_send": not why_not_send,
        "may_update": request.access.may(Permission.ACTION_UPDATE, letter.patient.team_id),
    }
    return render_page(request, _PAGE, context, fragment="printout")


@requires(Permission.ACTION_UPDATE)
@require_POST
def decision_letter_print(request: SignedInRequest, board_letter_id: int) -> HttpResponse:
    """Asks for the PDF again, where it failed."""
    letter = _own(request, board_letter_id)
    response = redirect_or_refresh(request, reverse("decision-letter", args=[letter.pk]))
    try:
        _ring(commands.ask_print(letter, by=request.user, now=timezone.now()))
    except ValidationError as error:
        toast(request, " ".join(error.messages), response=response, kind="red")
    return response


@requires(Permission.PATIENT_VIEW)
@require_safe
def decision_letter_pdf(request: SignedInRequest, board_letter_id: int) -> HttpResponse:
    """The PDF as a download; 404 before it is made. Asked again: a patient who died since gets no letter."""
    letter = _letter(request, board_letter_id, Kind.EXPORT)
    reasons = policies.why_not_print(letter)
    back = reverse("decision-letter", args=[letter.pk])
    if reasons:
        return render(request, "tumorboard/refused.html", {"reasons": reasons, "back": back}, status=409)
    printout = getattr(letter, "printout", None)
    if printout is None or not printout.is_made:
        raise Http404("This PDF has not been made yet.")
    response = HttpResponse(bytes(printout.pdf), content_type="application/pdf")
    name = f"letter-{letter.decision_id}-{letter.whom}-v{letter.number}"
    response["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    response["Cache-Control"] = "no-store"
    return response


def _form_page(
    request: SignedInRequest,
    letter: DecisionLetter,
    form: Form,
    command: Callable[[dict[str, Any]], object],
    *,
    said: str,
    **words: Any,
) -> HttpResponse:
    back = reverse("decision-letter", args=[letter.pk])
    context = {"form": form, "patient": letter.patient, "lead": letter.subject, "back": back} | words
    return form_answer(request, _FORM, context, command, said=said)


@requires(Permission.ACTION_UPDATE)
@require_http_methods(["GET", "HEAD", "POST"])
def decision_letter_sent(request: SignedInRequest, board_letter_id: int) -> HttpResponse:
    """It left: when, how. That tells whom it goes to."""
    letter = _own(request, board_letter_id)
    now = timezone.now()
    today = letter.patient.team.local_date(now)
    return _form_page(
        request,
        letter,
        SentForm(request.POST or None, initial={"sent_on": today, "how": SentHow.POST}),
        lambda values: commands.send_letter(
            letter, SentHow(values["how"]), on=values["sent_on"], by=request.user, now=now
        ),
        title=f"{letter}: sent",
        note="Logged as told by letter too, unless that was logged before.",
        save="Log as sent",
        said="Sent: logged",
    )


@requires(Permission.ACTION_UPDATE)
@require_http_methods(["GET", "HEAD", "POST"])
def decision_letter_not_sent(request: SignedInRequest, board_letter_id: int) -> HttpResponse:
    """The letter was not sent after all: why."""
    letter = _own(request, board_letter_id)
    return _form_page(
        request,
        letter,
        NotSentForm(request.POST or None),
        lambda values: commands.take_back_letter(letter, reason=values["reason"], by=request.user, now=timezone.now()),
        title=f"{letter}: not sent after all",
        save="Mark as not sent",
        is_danger=True,
        said="Marked as not sent",
    )
