"""Second opinions: ask, receive, answer; what others said, for the case card."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, invalid, redirect_or_refresh, render_page, toast
from careteam.web.signing import password_status
from patients.care.models import SecondOpinion
from patients.care.rules import OPINION
from patients.protocol.queries import number
from patients.record.queries import readable_patient
from tumorboard.boards.rules import local_moment
from tumorboard.decisions.models import Decision
from tumorboard.decisions.rules import Option
from tumorboard.meetings.queries.readiness import visible_referral
from tumorboard.opinions import commands, policies
from tumorboard.opinions.forms import AnswerForm, AskForm, AssignForm, ReasonForm, UntilForm
from tumorboard.opinions.queries import (
    as_row,
    cases_to_ask_about,
    draft_of,
    known_options,
    opinions_asked,
    opinions_of_patient,
    opinions_to_answer,
    other_teams,
    outside_of_patient,
    readers_of,
    visible_opinion,
)
from tumorboard.opinions.rules import LIVE_OPINIONS, OpinionStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.forms import Form
    from django.http import HttpResponse

    from careteam.people.models import Team
    from tumorboard.opinions.models import Opinion

_FORM, _PAGE = "tumorboard/form.html", "tumorboard/opinions/opinion.html"
READS = (Permission.PATIENT_VIEW, Permission.TEAM_MANAGE)


@requires(*READS)
@require_safe
def opinions(request: SignedInRequest) -> HttpResponse:
    """What was asked of us, and what we asked others."""
    now = timezone.now()
    ours, theirs = opinions_asked(request.user), opinions_to_answer(request.user)
    note_read(request, [each.row.patient_id for each in [*ours, *theirs]])
    context = {
        "ours": ours,
        "theirs": theirs,
        "today": request.access.home.local_date(now) if request.access.home else now.date(),
    }
    return render_page(request, "tumorboard/opinions/list.html", context)


@requires(*policies.ASKING)
@require_http_methods(["GET", "POST"])
def opinion_ask(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """Which team, what, until when; `about` names a referral (`r5`) or a decision (`d5`)."""
    patient = readable_patient(request, patient_id)
    if not any(request.access.may(permission, patient.team_id) for permission in policies.ASKING):
        raise PermissionDenied("You may read this chart, not open it to another team.")
    now = timezone.now()
    team = patient.team
    referrals, decisions = cases_to_ask_about(patient.pk)
    teams = other_teams(team.pk)
    first = f"r{referrals[0].pk}" if referrals else f"d{decisions[0].pk}" if decisions else ""
    about = request.GET.get("about", first)
    asked = next((row.question for row in referrals if f"r{row.pk}" == about), "")
    form = AskForm(
        request.POST if request.method == "POST" else None,
        initial={
            "team": teams[0].pk if teams else None,
            "question": asked,
            "about": about,
            "until_on": team.local_date(now) + timedelta(days=int(number(team.pk, "opinion.days").value)),
        },
        teams=teams,
        referrals=referrals,
        decisions=decisions,
    )
    back = f"/patients/{patient.pk}/"
    context = {
        "form": form,
        "patient": patient,
        "title": "Ask another team",
        "lead": "One clinician of that team, named by its lead, reads this chart and no other, until the day below.",
        "reasons": policies.why_not_ask(patient, request.user) + ([] if teams else ["No other team works here."]),
        "save": "Ask",
        "back": back,
    }
    if request.method == "GET":
        return render_page(request, _FORM, context)
    if context["reasons"] or not form.is_valid():
        return invalid(request, _FORM, context)
    values, case = form.cleaned_data, form.case()
    is_decision = isinstance(case, Decision)
    try:
        opinion = commands.ask_team(
            patient,
            values["team"],
            question=values["question"],
            until=_end_of(values["until_on"], team),
            agreed=values["agreed"],
            referral=None if is_decision else case,  # type: ignore[arg-type]
            decision=case if is_decision else None,  # type: ignore[arg-type]
            by=request.user,
            now=now,
        )
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, _FORM, context)
    response = redirect_or_refresh(request, reverse("opinion", args=[opinion.pk]))
    toast(request, f"{opinion.team} was asked", response=response)
    return response


def _end_of(on: Any, team: Team) -> datetime:
    """The end of that local day."""
    return local_moment(on + timedelta(days=1), time(0, 0), team.time_zone)


def _opened(request: SignedInRequest, opinion_id: int) -> Opinion:
    row = visible_opinion(request.user, opinion_id)
    note_read(request, [row.patient_id], team_id=row.patient.team_id)
    return row


def _context(request: SignedInRequest, row: Opinion, now: datetime) -> dict[str, Any]:
    access, team_id = request.access, row.patient.team_id
    shown = as_row(row, request.user)
    is_live = row.status in LIVE_OPINIONS
    context: dict[str, Any] = {
        "opinion": row,
        "shown": shown,
        "patient": row.patient if shown.may_name else None,
        "in_team": access.may(Permission.PATIENT_VIEW, team_id),
        "is_expert": row.assigned_to_id == request.user.pk,
        "is_live": is_live,
        "today": (access.home or row.team).local_date(now),
        "may_revoke": is_live and any(access.may(permission, team_id) for permission in policies.ASKING),
        "may_extend": (is_live or row.status == OpinionStatus.EXPIRED)
        and any(access.may(permission, team_id) for permission in policies.ASKING),
        "may_decline": not policies.why_not_decline(row, request.user, reason="x", now=now),
        "why_not_answer": policies.why_not_answer(row, request.user, now=now),
    }
    if not policies.why_not_assign(row, request.user, now=now):
        initial = {"person": row.assigned_to_id} if row.assigned_to_id else {}
        context["assign_form"] = AssignForm(people=readers_of(row.team), initial=initial)
    if not context["why_not_answer"]:
        draft = draft_of(row, request.user)
        initial_answer = {"text": draft.text, "options": known_options(draft.options)} if draft else {}
        context |= {"form": AnswerForm(user=request.user, initial=initial_answer), "draft": draft}
    return context


@requires(*READS)
@require_safe
def opinion(request: SignedInRequest, opinion_id: int) -> HttpResponse:
    """What is asked; for who answers the way to the chart and the form; for who asked the answer."""
    row = _opened(request, opinion_id)
    return render_page(request, _PAGE, _context(request, row, timezone.now()))


@requires(*policies.ASSIGNING)
@require_POST
def opinion_assign(request: SignedInRequest, opinion_id: int) -> HttpResponse:
    """Who of the asked team reads and answers."""
    row = _opened(request, opinion_id)
    now = timezone.now()
    form = AssignForm(request.POST, people=readers_of(row.team))
    try:
        if form.is_valid():
            commands.assign_opinion(row, form.cleaned_data["person"], by=request.user, now=now)
            response = redirect_or_refresh(request, reverse("opinion", args=[row.pk]))
            toast(request, f"{form.cleaned_data['person']} was asked", response=response)
            return response
    except ValidationError as error:
        add_errors(form, error)
    return invalid(request, _PAGE, _context(request, row, now) | {"assign_form": form})


@requires(Permission.PATIENT_VIEW)
@require_POST
def opinion_answer(request: SignedInRequest, opinion_id: int) -> HttpResponse:
    """Signs the answer, or keeps it as a draft (`act` draft). What comes too late is kept and shown."""
    row = _opened(request, opinion_id)
    now = timezone.now()
    reasons = policies.why_not_answer(row, request.user, now=now)
    is_expert = row.assigned_to_id == request.user.pk
    text, options = request.POST.get("text", "")[:8000], known_options(request.POST.getlist("options"))
    form = AnswerForm(request.POST, user=request.user)
    context = _context(request, row, now) | {"form": form}
    if is_expert and row.status != OpinionStatus.ANSWERED and (reasons or request.POST.get("act") == "draft"):
        commands.keep_draft(row, text=text, options=options, by=request.user, now=now)
    if reasons:
        return invalid(request, _PAGE, context | {"form": None, "reasons": reasons, "kept": text})
    if request.POST.get("act") == "draft":
        response = redirect_or_refresh(request, reverse("opinion", args=[row.pk]))
        toast(request, "Draft kept", response=response)
        return response
    status = password_status(request, form)
    if status != 200:
        return render_page(request, _PAGE, context, status=status)
    try:
        commands.answer(row, text=text, options=[Option(value) for value in options], by=request.user, now=now)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, _PAGE, context)
    response = redirect_or_refresh(request, reverse("opinion", args=[row.pk]))
    toast(request, "Signed; the team that asked was told", response=response)
    return response


@requires(*READS)
@require_http_methods(["GET", "POST"])
def opinion_decline(request: SignedInRequest, opinion_id: int) -> HttpResponse:
    """The team that was asked does not answer."""
    row = _opened(request, opinion_id)
    return _small_form(
        request,
        row,
        ReasonForm(request.POST if request.method == "POST" else None),
        lambda values, now: commands.decline(row, reason=values["reason"], by=request.user, now=now),
        title="Decline",
        save="Decline",
        said="Declined",
    )


@requires(*policies.ASKING)
@require_http_methods(["GET", "POST"])
def opinion_revoke(request: SignedInRequest, opinion_id: int) -> HttpResponse:
    """The team that asked takes it back."""
    row = _opened(request, opinion_id)
    return _small_form(
        request,
        row,
        ReasonForm(request.POST if request.method == "POST" else None),
        lambda values, now: commands.revoke_opinion(row, reason=values["reason"], by=request.user, now=now),
        title="Take the question back",
        save="Take back",
        said="Taken back; nobody there reads the chart any more",
    )


@requires(*policies.ASKING)
@require_http_methods(["GET", "POST"])
def opinion_extend(request: SignedInRequest, opinion_id: int) -> HttpResponse:
    """A later day."""
    row = _opened(request, opinion_id)
    team = row.patient.team
    days = timedelta(days=int(number(team.pk, "opinion.days").value))
    return _small_form(
        request,
        row,
        UntilForm(
            request.POST if request.method == "POST" else None,
            initial={"until_on": team.local_date(timezone.now()) + days},
        ),
        lambda values, now: commands.extend_opinion(
            row, until=_end_of(values["until_on"], team), by=request.user, now=now
        ),
        title="Extend",
        save="Extend",
        said="Extended",
    )


def _small_form(
    request: SignedInRequest,
    row: Opinion,
    form: Form,
    command: Callable[[dict[str, Any], datetime], object],
    *,
    title: str,
    save: str,
    said: str,
) -> HttpResponse:
    now = timezone.now()
    back = reverse("opinion", args=[row.pk])
    shown = as_row(row, request.user)
    context = {
        "form": form,
        "back": back,
        "title": title,
        "lead": row.question,
        "save": save,
        "patient": row.patient if shown.may_name else None,
    }
    if request.method == "GET":
        return render_page(request, _FORM, context)
    if not form.is_valid():
        return invalid(request, _FORM, context)
    try:
        command(form.cleaned_data, now)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, _FORM, context)
    response = redirect_or_refresh(request, back)
    toast(request, said, response=response)
    return response


@requires(Permission.PATIENT_VIEW)
@require_safe
def opinion_panel(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """What other teams and external centers say about a patient, for the case card (`referral`), decision and chart."""
    patient = readable_patient(request, patient_id)
    access = request.access
    asked = request.GET.get("referral", "")
    referral_id = int(asked[:18]) if asked.isdecimal() else None
    context = {
        "patient": patient,
        "teams": opinions_of_patient(patient.pk, request.user),
        "outside": outside_of_patient(patient.pk, referral_id),
        "referral_id": referral_id,
        "part": OPINION,
        "today": patient.team.local_date(timezone.now()),
        "may_ask": any(access.may(permission, patient.team_id) for permission in policies.ASKING),
        "may_link": referral_id is not None and access.may(Permission.BOARD_REFER, patient.team_id),
        "may_export": access.may(Permission.PATIENT_EXPORT, patient.team_id),
        "may_document": access.may(Permission.CARE_DOCUMENT, patient.team_id),
        "in_team": access.may(Permission.PATIENT_VIEW, patient.team_id),
    }
    return render_page(request, "tumorboard/opinions/panel.html", context, fragment="panel")


@requires(Permission.BOARD_REFER)
@require_POST
def opinion_link(request: SignedInRequest, referral_id: int) -> HttpResponse:
    """A question to an external center belongs to this case."""
    referral = visible_referral(request.user, referral_id)
    note_read(request, [referral.patient_id], team_id=referral.patient.team_id)
    asked = request.POST.get("outside", "")
    rows = SecondOpinion.objects.valid().filter(patient_id=referral.patient_id)
    outside = rows.filter(pk=int(asked[:18])).first() if asked.isdecimal() else None
    if outside is None:
        raise Http404("No such second opinion of this patient.")
    back = f"{reverse('opinion-panel', args=[referral.patient_id])}?referral={referral.pk}"
    try:
        commands.link_outside(referral, outside, by=request.user, now=timezone.now())
    except ValidationError as error:
        response = redirect_or_refresh(request, back, events=("opinionsChanged",))
        toast(request, " ".join(error.messages), response=response, kind="red")
        return response
    response = redirect_or_refresh(request, back, events=("opinionsChanged",))
    toast(request, "Belongs to this case", response=response)
    return response
