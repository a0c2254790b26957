"""Having the conversation: the form, its draft, signing it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from careteam.access.gate import SignedInRequest, requires
from careteam.access.policies import insist
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, invalid, render_page, toast, trigger
from careteam.web.signing import password_status
from patients.goals import commands, policies
from patients.goals.commands.signing import TradeOffEntry
from patients.goals.forms import SECTIONS, ConversationForm, SignForm, advice, section_states, what_still_holds
from patients.goals.models import GoalsConversation, GoalsDraft, TradeOff
from patients.goals.queries import (
    conversations_of,
    current_conversations,
    goals_of,
    limits,
    lines_of,
    other_drafts,
    own_draft,
    people_of,
)
from patients.goals.rules import FIELD_LIMIT, event_passed
from patients.goals.views.shared import patient_to_document, quietly
from patients.record.models import Patient, PatientContact, StaleEdit
from patients.record.policies import why_not_edit

FORM = "patients/goals/form.html"
SIGN = "patients/goals/sign.html"


def _tab(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("tab", ""))
    except ValueError:
        return uuid4()


def _version(request: HttpRequest) -> int:
    value = request.POST.get("version", "")
    return int(value) if value.isdecimal() and len(value) < 10 else 0


def _too_long(content: dict[str, Any]) -> list[str]:
    """Fields that are saved, but too long to be signed."""
    form = ConversationForm()
    return [
        f"“{form.fields[name].label}” has {len(text):,} characters; {FIELD_LIMIT:,} can be signed."
        for name, text in content.items()
        if isinstance(text, str) and len(text) > FIELD_LIMIT
    ]


def _someone_elses(request: SignedInRequest) -> str:
    """Why the text that was sent is not kept as this person's: it was typed while somebody else was signed in."""
    author = request.POST.get("author", "")
    if not author or author == str(request.user.pk):
        return ""
    return f"This was written by somebody else than {request.user}. Not saved: who wrote it signs in and keeps it."


def _is_short(request: HttpRequest) -> bool:
    """Whether the few questions of a short conversation come first; it is the same form over the same draft."""
    return (request.GET.get("length") or request.POST.get("length")) == "short"


def _to_form(patient: Patient, *, short: bool) -> HttpResponse:
    return redirect(reverse("goals-new", args=[patient.pk]) + ("?length=short" if short else ""))


def _progress(content: Mapping[str, Any]) -> dict[str, Any]:
    states = section_states(content)
    return {"sections": states, "filled": sum(state.has_content for state in states), "total": len(SECTIONS)}


# Fields of the fold "interpreter, capacity, who speaks": it is open once one of them says something.
_FOLDED = ("interpreter_used", "interpreter_kind", "interpreter", "capacity", "capacity_judged_by", "proxy_speaks")


def _form_context(patient: Patient, request: SignedInRequest, form: ConversationForm, **more: Any) -> dict[str, Any]:
    now = timezone.now()
    today = patient.team.local_date(now)
    goals = goals_of(patient.pk, today)
    last = current_conversations([patient.pk]).prefetch_related("trade_offs").select_related("signed_by").first()
    versions = GoalsConversation.objects.filter(patient=patient).count()
    draft: GoalsDraft | None = more.pop("draft", None)
    content = draft.content if draft else {}
    is_short = _is_short(request)
    return {
        "patient": patient,
        "today": today,
        "form": form,
        "draft": draft,
        "tab": more.pop("tab", None) or uuid4(),
        "version": more.pop("version", draft.version if draft else 0),
        "first": [section for section in SECTIONS if section.is_short or not is_short],
        "rest": [section for section in SECTIONS if is_short and not section.is_short],
        **_progress(content),
        "advice": advice(content, form.people),
        "opens_setup": any(content.get(name) for name in _FOLDED) or any(name in form.errors for name in _FOLDED),
        "may_read_prognosis": request.access.may(Permission.GUIDANCE_ANSWER, patient.team_id),
        "ask_again_on": today + timedelta(days=limits(patient.team_id).ask_again_days),
        "goals": goals,
        "others": [each for each in goals.drafts if each.author_id != request.user.pk],
        "last": last,
        "last_number": versions,
        "earlier_event_passed": last is not None and event_passed(last.event_on, today),
        "contacts": PatientContact.objects.valid().filter(patient=patient).order_by("pk"),
        "too_long": _too_long(content),
        "why_not_sign": policies.why_not_sign(patient, request.user, held_on=today, current=None, today=today),
        **more,
    }


def _stale(request: SignedInRequest, patient: Patient, content: dict[str, Any], newer: GoalsDraft) -> HttpResponse:
    """409: the typed text stays in the form; what differs in the newer draft stands beside it."""
    today = patient.team.local_date(timezone.now())
    people = people_of(patient.pk, today, author=request.user)
    form = ConversationForm.bound(content, today=today, people=people)
    form.full_clean()
    form.errors.clear()
    differs = [
        (form.fields[name].label, newer.content.get(name) or "", value or "")
        for name, value in content.items()
        if (newer.content.get(name) or "") != (value or "")
    ]
    context = _form_context(
        patient, request, form, draft=None, stale=newer, differs=differs, tab=_tab(request), version=_version(request)
    )
    return render_page(request, FORM, context, status=409)


@requires(Permission.GOALS_DOCUMENT)
@require_http_methods(["GET", "POST"])
def new(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """The conversation form over the author's own draft; every POST keeps what was typed first."""
    patient = patient_to_document(request, patient_id)
    now = timezone.now()
    today = patient.team.local_date(now)
    people = people_of(patient.pk, today, author=request.user)
    if commands.follow_merged_draft(patient, by=request.user, now=now) is not None:
        toast(request, "Your draft came along from the record that was merged into this one.")
    if request.method == "GET":
        draft = own_draft(patient.pk, request.user)
        initial = {"held_on": today, **({k: v for k, v in draft.content.items() if v} if draft else {})}
        form = ConversationForm(initial=initial, today=today, people=people)
        return render_page(request, FORM, _form_context(patient, request, form, draft=draft))
    content = ConversationForm.typed(request.POST)
    act = request.POST.get("do", "sign")
    if act == "copy" and (last := current_conversations([patient.pk]).prefetch_related("trade_offs").first()):
        content = what_still_holds(content, last, today)
    try:
        insist([sentence] if (sentence := _someone_elses(request)) else [])
        saved = commands.save_draft(
            patient,
            content,
            tab=_tab(request),
            version=_version(request),
            by=request.user,
            now=now,
            overwrite=act == "overwrite",
        )
    except StaleEdit as stale:
        return _stale(request, patient, content, stale.current)  # type: ignore[arg-type]
    except ValidationError as error:
        form = ConversationForm.bound(content, today=today, people=people)
        form.full_clean()
        add_errors(form, error)
        return invalid(request, FORM, _form_context(patient, request, form, tab=_tab(request)))
    if act in {"copy", "overwrite", "stay", "short", "long"}:
        return _to_form(patient, short=act == "short" or (act != "long" and _is_short(request)))
    if act == "draft":
        toast(request, "Draft kept. Only you can read it.")
        return redirect("goals-panel", patient_id=patient.pk)
    form = ConversationForm.bound(content, today=today, people=people)
    if not form.is_valid():
        return invalid(request, FORM, _form_context(patient, request, form, draft=saved, tab=_tab(request)))
    return redirect("goals-sign", patient_id=patient.pk)


@requires(Permission.GOALS_DOCUMENT)
@require_POST
def draft(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """Saves while typing; answers with the line that says so (and the progress of the sections)."""
    patient = quietly(request, patient_id)
    now = timezone.now()
    content = ConversationForm.typed(request.POST)
    people = people_of(patient.pk, patient.team.local_date(now), author=request.user)
    before = own_draft(patient.pk, request.user)
    context: dict[str, Any] = {
        "patient": patient,
        "today": patient.team.local_date(now),
        **_progress(content),
        "advice": advice(content, people),
        "others": other_drafts(patient.pk, request.user),
        "version": _version(request),
        "too_long": _too_long(content),
        "swap_sections": True,
    }
    status = 200
    try:
        insist([sentence] if (sentence := _someone_elses(request)) else [])
        saved = commands.save_draft(
            patient, content, tab=_tab(request), version=_version(request), by=request.user, now=now
        )
        context |= {"draft": saved, "version": saved.version if saved else 0}
    except StaleEdit as stale:
        context["stale"] = stale.current
        status = 409
    except ValidationError as error:
        context["problems"] = error.messages
        status = 422
    response = render(request, f"{FORM}#saved", context, status=status)
    # What may be said of the outlook depends on how much they want to know: what shows it looks again.
    if status == 200 and content["information_preference"] != (before.content if before else {}).get(
        "information_preference", ""
    ):
        trigger(response, ("informationChosen",))
    return response


@requires(Permission.GOALS_DOCUMENT)
@require_POST
def again(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """A new version: a draft that begins with what still holds of the last one. A draft that exists is gone on with."""
    patient = patient_to_document(request, patient_id)
    now = timezone.now()
    today = patient.team.local_date(now)
    last = current_conversations([patient.pk]).prefetch_related("trade_offs").first()
    if own_draft(patient.pk, request.user) is not None:
        toast(request, "You have a draft already. “Copy what still holds” fills what is empty in it.", kind="amb")
    elif last is not None:
        content = ConversationForm.typed(QueryDict()) | {"held_on": today.isoformat()}
        commands.save_draft(
            patient, what_still_holds(content, last, today), tab=uuid4(), version=0, by=request.user, now=now
        )
        toast(request, "A new version begins with what still holds. Quotes and code status are asked again.")
    return _to_form(patient, short=False)


@requires(Permission.GOALS_DOCUMENT)
@require_POST
def discard(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """Throws the person's own draft away."""
    patient = patient_to_document(request, patient_id)
    commands.discard_draft(patient, by=request.user, now=timezone.now())
    toast(request, "Draft thrown away.")
    return redirect("goals-panel", patient_id=patient.pk)


@requires(Permission.GOALS_SIGN)
@require_http_methods(["GET", "POST"])
def sign_page(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """The draft as it will stand for good, and the password. What is signed is what is shown."""
    patient = patient_to_document(request, patient_id)
    if reasons := why_not_edit(patient, request.user, Permission.GOALS_SIGN):
        raise PermissionDenied(" ".join(reasons))
    now = timezone.now()
    today = patient.team.local_date(now)
    draft = own_draft(patient.pk, request.user)
    posted = request.method == "POST"
    if draft is None:
        return _signed_already(request, patient)
    people = people_of(patient.pk, today, author=request.user)
    form = ConversationForm.bound(draft.content, today=today, people=people)
    if not form.is_valid():
        if posted:
            return invalid(request, FORM, _form_context(patient, request, form, draft=draft))
        return redirect("goals-new", patient_id=patient.pk)
    signing = SignForm(
        request.POST if posted else None,
        user=request.user,
        initial={"version": draft.version, "submission": draft.submission},
    )
    preview = _preview(patient, form, request)
    context = {
        "patient": patient,
        "today": today,
        "draft": draft,
        "conversation": preview,
        "lines": lines_of(preview, [_trade_off(entry) for entry in form.trade_offs], today=today),
        "signing": signing,
        "advice": advice(draft.content, people),
        "others": other_drafts(patient.pk, request.user),
        "supersedes": GoalsConversation.objects.filter(patient=patient, status="signed").first(),
    }
    if not posted:
        return render_page(request, SIGN, context)
    status = password_status(request, signing)
    if status != 200:
        return render_page(request, SIGN, context, status=status)
    try:
        conversation = commands.sign(
            patient,
            values=form.values,
            trade_offs=form.trade_offs,
            submission=signing.cleaned_data["submission"],
            version=signing.cleaned_data["version"],
            by=request.user,
            now=now,
        )
    except StaleEdit as stale:
        context |= {
            "stale": stale.current,
            "signing": SignForm(user=request.user, initial={"version": draft.version, "submission": draft.submission}),
        }
        return render_page(request, SIGN, context, status=409)
    except ValidationError as error:
        add_errors(signing, error)
        return render_page(request, SIGN, context, status=422)
    still = goals_of(patient.pk, today).prompt
    later = f" What happened after the talk is still asked for: {still.words}." if still else ""
    toast(request, f"Signed. The whole team sees it now.{later}", kind="amb" if later else "")
    return redirect("goals-conversation", patient_id=patient.pk, pk=conversation.pk)


def _signed_already(request: SignedInRequest, patient: Patient) -> HttpResponse:
    """The second click of a double submit, or a sign page left open: to what was signed, else to the form."""
    submission = request.POST.get("submission", "")
    signed = next((c for c in conversations_of(patient.pk) if submission and str(c.submission) == submission), None)
    if signed is not None and signed.signed_by_id == request.user.pk:
        return redirect("goals-conversation", patient_id=patient.pk, pk=signed.pk)
    toast(request, "There is no draft to sign: it was signed or thrown away elsewhere.", kind="amb")
    return redirect(reverse("goals-panel", args=[patient.pk]))


def _preview(patient: Patient, form: ConversationForm, request: SignedInRequest) -> GoalsConversation:
    return GoalsConversation(patient=patient, signed_by=request.user, **form.values)


def _trade_off(entry: TradeOffEntry) -> TradeOff:
    return TradeOff(
        burden=entry.burden, more_than=entry.more_than, acceptance=entry.acceptance, condition=entry.condition
    )
