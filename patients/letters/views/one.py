"""One letter: choose and read it, write it, print it, say that it was not sent."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, conflict, invalid, redirect_or_refresh, render_page, toast
from careteam.web.words import language_name
from patients.imaging.models import ImagingStudy
from patients.imaging.queries import readable_study
from patients.letters import commands, policies
from patients.letters.forms import ChooseForm, TakeBackForm, WriteForm
from patients.letters.models import LetterSent
from patients.letters.queries import drafts, excluded_gp, letters_of, printable, texts_in_use
from patients.letters.rules import LetterKind, blocks, direction
from patients.letters.views.paper import pdf_answer, sheet_of
from patients.record.models import StaleEdit

WRITE, PAGE, NOT_SENT = (
    "patients/letters/write.html",
    "patients/letters/letter.html",
    "patients/letters/not_sent.html",
)


def _asked(request: SignedInRequest, study: ImagingStudy) -> tuple[ChooseForm, LetterKind, str]:
    """Kind and language in the URL; without them the kind that fits, in the patient's language."""
    now = timezone.now()
    fits = [kind for kind in LetterKind if not policies.why_not_kind(study, kind, now)]
    texts = texts_in_use(study.team_id)
    start = str(fits[0] if fits else LetterKind.REMINDER)
    given = request.GET.get("kind", start)
    kind = LetterKind(given if given in LetterKind.values else start)
    own = sorted({(language, language_name(language)) for of, language in texts if of == kind}, key=lambda one: one[1])
    language = request.GET.get("language", "")
    language = language if language in dict(own) else ""
    return ChooseForm(auto_id="c_%s", initial={"kind": kind, "language": language}, own=own), kind, language


@requires(*policies.RIGHTS)
@require_http_methods(["GET", "HEAD", "POST"])
def letter_write(request: SignedInRequest, study_id: int) -> HttpResponse:
    """The letter as it would go out, with what speaks against it; POST writes it."""
    study = readable_study(request, study_id)
    choose, kind, language = _asked(request, study)
    now = timezone.now()
    draft = drafts([study], [kind], by=request.user, now=now, language=language)[0]
    posted = request.POST if request.method == "POST" else None
    form = WriteForm(posted, kind=kind, initial={"gp_address": draft.recipient})
    reasons = policies.why_not_write(draft, request.user, now=now, despite="asked below")
    context: dict[str, Any] = {
        "study": study,
        "patient": study.patient,
        "today": study.patient.team.local_date(now),
        "choose": choose,
        "form": form,
        "draft": draft,
        "blocks": blocks(draft.body),
        "dir": direction(draft.language),
        "language": language_name(draft.language),
        "why_not": reasons,
        "tell_first": "" if draft.is_patient_told else policies.TELL_FIRST,
        "letters": letters_of(study),
    }
    if posted is None:
        return render_page(request, WRITE, context)
    if not form.is_valid():
        return invalid(request, WRITE, context)
    try:
        letter = commands.write_letter(study, kind, language=language, by=request.user, now=now, **form.cleaned_data)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, WRITE, {**context, "why_not": []})
    response = redirect_or_refresh(request, reverse("letter", args=[letter.pk]))
    toast(request, "Letter written: print it now", response=response)
    return response


def readable_letter(request: SignedInRequest, letter_id: int) -> LetterSent:
    """The letter, if this person may see its patient (else 404), and the read is noted."""
    rows = LetterSent.objects.visible_to(request.user)
    letter: LetterSent | None = (
        rows.select_related("patient__team", "study", "created_by", "error_by", "run").filter(pk=letter_id).first()
    )
    if letter is None:
        raise Http404("No such letter, or not yours to see.")
    note_read(request, [letter.patient_id], team_id=letter.study.team_id)
    return letter


@requires(Permission.PATIENT_VIEW)
@require_safe
def letter_page(request: SignedInRequest, letter_id: int) -> HttpResponse:
    """A letter as it was written."""
    letter = readable_letter(request, letter_id)
    context = {
        "letter": letter,
        "patient": letter.patient,
        "study": letter.study,
        "today": letter.patient.team.local_date(timezone.now()),
        "sheet": sheet_of(letter),
        "language": language_name(letter.language),
        "wanted": language_name(letter.wanted_language) if letter.wanted_language else "",
        "why_not_print": policies.why_not_print(letter, excluded_gp([letter.patient])),
        "may_take_back": not policies.why_not_take_back(letter, request.user, "asked on the next page"),
    }
    return render_page(request, PAGE, context)


@requires(Permission.PATIENT_VIEW)
@require_safe
def letter_pdf(request: SignedInRequest, letter_id: int) -> HttpResponse:
    """The letter on paper. Asked again: a patient who died since gets none."""
    letter = readable_letter(request, letter_id)
    found = printable(LetterSent.objects.filter(pk=letter.pk))
    back = reverse("letter", args=[letter.pk])
    return pdf_answer(request, found, name=f"letter-{letter.pk}", back=back)


@requires(*policies.RIGHTS)
@require_http_methods(["GET", "HEAD", "POST"])
def letter_not_sent(request: SignedInRequest, letter_id: int) -> HttpResponse:
    """The letter was not sent after all: why. Its contact attempt goes with it."""
    letter = readable_letter(request, letter_id)
    form = TakeBackForm(request.POST or None, initial={"version": letter.version})
    context = {
        "letter": letter,
        "patient": letter.patient,
        "form": form,
        "why_not": policies.why_not_take_back(letter, request.user, "asked below"),
    }
    if request.method != "POST":
        return render_page(request, NOT_SENT, context)
    if not form.is_valid():
        return invalid(request, NOT_SENT, context)
    data = form.cleaned_data
    try:
        commands.take_back_letter(
            letter, reason=data["reason"], version=data["version"], by=request.user, now=timezone.now()
        )
    except StaleEdit as stale:
        current: Any = stale.current
        form.add_error(None, f"Somebody marked this letter meanwhile: {current.error_reason or 'look again'}.")
        return conflict(request, NOT_SENT, context)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, NOT_SENT, context)
    response = redirect_or_refresh(request, reverse("study-page", args=[letter.study_id]))
    toast(request, "Marked as not sent", response=response)
    return response
