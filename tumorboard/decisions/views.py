"""What happens to a decision after the meeting: addendum, told, what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.rules import Permission
from careteam.web.responses import form_answer, invalid, redirect_or_refresh, render_page, toast
from patients.goals.queries import asked_because
from tumorboard.decisions.commands import add_addendum, propose_from, reinstate, settle, tell, untell
from tumorboard.decisions.commands.goals import differs_key
from tumorboard.decisions.forms import AddendumForm, ProposeForm, SettleForm, TakeBackForm, ToldForm, ToldGpForm
from tumorboard.decisions.models import Recommendation, Told
from tumorboard.decisions.policies import TELL_FIRST, why_not_propose
from tumorboard.decisions.queries import is_told, visible_decision
from tumorboard.decisions.rules import Option, RecommendationStatus, ToldHow, ToldWhom, labels_of
from tumorboard.goalcheck.queries import check_of
from tumorboard.meetings.queries import visible_item

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.forms import Form
    from django.http import HttpResponse

    from tumorboard.decisions.models import Decision

_FORM = "tumorboard/form.html"


@requires(Permission.PATIENT_VIEW)
@require_safe
def goal_check(request: SignedInRequest, item_id: int) -> HttpResponse:
    """What is ticked in the form of a case (`options`, codes) against what the patient accepts, while it is spoken."""
    item = visible_item(request.user, item_id)
    team = item.meeting.board.team
    note_read(request, [item.patient_id], team_id=team.pk)
    chosen = [Option(code) for code in request.GET.getlist("options") if code in Option.values]
    check = check_of(item.patient_id, labels_of(chosen), team_id=team.pk, today=team.local_date(timezone.now()))
    context = {
        "item": item,
        "patient": item.patient,
        "check": check,
        "back": reverse("live", args=[item.meeting_id]),
    }
    return render_page(request, "tumorboard/decisions/goal_check.html", context, fragment="check")


def _open(request: SignedInRequest, decision_id: int, permission: Permission) -> Decision:
    decision = visible_decision(request.user, decision_id)
    note_read(request, [decision.patient_id], team_id=decision.patient.team_id)
    if not request.access.may(permission, decision.patient.team_id):
        raise PermissionDenied("Your roles in the patient's team do not include this.")
    return decision


def _form_page(
    request: SignedInRequest,
    decision: Decision,
    form: Form,
    command: Callable[[dict[str, Any]], object],
    *,
    title: str,
    save: str,
    said: str,
    undo_url: str = "",
    note: str = "",
) -> HttpResponse:
    back = reverse("decision", args=[decision.pk])
    context = {
        "form": form,
        "back": back,
        "title": title,
        "lead": decision.text,
        "save": save,
        "patient": decision.patient,
        "note": note,
    }
    return form_answer(request, _FORM, context, command, said=said, undo_url=undo_url)


@requires(Permission.BOARD_DECIDE)
@require_http_methods(["GET", "POST"])
def decision_addendum(request: SignedInRequest, decision_id: int) -> HttpResponse:
    """A signed sentence more."""
    decision = _open(request, decision_id, Permission.BOARD_DECIDE)
    return _form_page(
        request,
        decision,
        AddendumForm(
            request.POST if request.method == "POST" else None,
            differs=bool(asked_because(decision.patient_id, differs_key(decision.pk))),
        ),
        lambda values: add_addendum(
            decision,
            text=values["text"],
            settles_goals=values.get("settles_goals", False),
            by=request.user,
            now=timezone.now(),
        ),
        title="Add to the decision",
        save="Add, signed by you",
        said="Added",
    )


@requires(Permission.ACTION_UPDATE)
@require_http_methods(["GET", "POST"])
def decision_told(request: SignedInRequest, decision_id: int, whom: str) -> HttpResponse:
    """Logs that the patient, or the GP, was told."""
    if whom not in ToldWhom.values:
        raise Http404("Nobody of that kind is told.")
    to = ToldWhom(whom)
    decision = _open(request, decision_id, Permission.ACTION_UPDATE)
    now = timezone.now()
    initial = {"told_on": decision.patient.team.local_date(now), "how": ToldHow.VISIT}
    form_class = ToldForm if to is ToldWhom.PATIENT else ToldGpForm
    return _form_page(
        request,
        decision,
        form_class(request.POST if request.method == "POST" else None, initial=initial),
        lambda values: tell(
            decision,
            to,
            how=ToldHow(values["how"]),
            on=values["told_on"],
            override_reason=values.get("override_reason", ""),
            by=request.user,
            now=now,
        ),
        title=f"{to.label} told",
        save="Log",
        said=f"{to.label} told: logged",
    )


@requires(Permission.ACTION_UPDATE)
@require_http_methods(["GET", "POST"])
def recommendation_settle(request: SignedInRequest, recommendation_id: int) -> HttpResponse:
    """Implemented, partly, not, superseded; a deviation with its coded reason."""
    recommendation, decision = _recommendation(request, recommendation_id, Permission.ACTION_UPDATE)
    return _form_page(
        request,
        decision,
        SettleForm(request.POST if request.method == "POST" else None),
        lambda values: settle(
            recommendation,
            RecommendationStatus(values["to"]),
            reason=values["reason"],
            note=values["note"],
            by=request.user,
            now=timezone.now(),
        ),
        title=str(recommendation),
        save="Save",
        said="Saved",
        undo_url=reverse("recommendation-reopen", args=[recommendation.pk]),
    )


@requires(Permission.ACTION_UPDATE)
@require_POST
def recommendation_reopen(request: SignedInRequest, recommendation_id: int) -> HttpResponse:
    """Undo of what became of it."""
    recommendation, decision = _recommendation(request, recommendation_id, Permission.ACTION_UPDATE)
    response = redirect_or_refresh(request, reverse("decision", args=[decision.pk]), events=("boardChanged",))
    try:
        reinstate(recommendation, by=request.user, now=timezone.now())
    except ValidationError as error:
        toast(request, " ".join(error.messages), response=response, kind="red")
        return response
    toast(request, "Recommendation open again", response=response)
    return response


@requires(Permission.ACTION_UPDATE)
@require_http_methods(["GET", "POST"])
def told_take_back(request: SignedInRequest, told_id: int) -> HttpResponse:
    """Nobody was told after all: why."""
    told = Told.objects.valid().visible_to(request.user).select_related("patient__team").filter(pk=told_id).first()
    if told is None:
        raise Http404("No such entry, or not yours to see.")
    decision = _open(request, told.decision_id, Permission.ACTION_UPDATE)
    return _form_page(
        request,
        decision,
        TakeBackForm(request.POST if request.method == "POST" else None),
        lambda values: untell(told, reason=values["reason"], by=request.user, now=timezone.now()),
        title=f"{told.get_whom_display()} not told after all",
        save="Take back",
        said="Taken back",
    )


def _recommendation(
    request: SignedInRequest, recommendation_id: int, permission: Permission
) -> tuple[Recommendation, Decision]:
    rows = Recommendation.objects.valid().visible_to(request.user).select_related("decision", "patient__team", "line")
    recommendation: Recommendation | None = rows.filter(pk=recommendation_id).first()
    if recommendation is None:
        raise Http404("No such recommendation, or not yours to see.")
    return recommendation, _open(request, recommendation.decision_id, permission)


@requires(Permission.TREATMENT_EDIT)
@require_http_methods(["GET", "POST"])
def recommendation_propose(request: SignedInRequest, recommendation_id: int) -> HttpResponse:
    """The recommendation becomes a proposed treatment line, whose page opens: one click when the patient was told, a
    form with the reason before."""
    recommendation, decision = _recommendation(request, recommendation_id, Permission.TREATMENT_EDIT)
    back = reverse("decision", args=[decision.pk])
    form = ProposeForm(request.POST if "despite" in request.POST else None)
    asks = not is_told(decision.pk, ToldWhom.PATIENT) and not why_not_propose(
        recommendation, request.user, despite="asked below"
    )
    if asks and not form.is_valid():
        context = {
            "form": form,
            "back": back,
            "title": f"Propose line: {recommendation}",
            "lead": decision.text,
            "note": TELL_FIRST,
            "note_url": back,
            "save": "Propose line",
            "patient": decision.patient,
        }
        return invalid(request, _FORM, context) if form.is_bound else render_page(request, _FORM, context)
    if request.method != "POST":
        return redirect_or_refresh(request, back)
    despite = form.cleaned_data["despite"] if form.is_valid() else ""
    try:
        line = propose_from(recommendation, by=request.user, now=timezone.now(), despite=despite)
    except ValidationError as error:
        response = redirect_or_refresh(request, reverse("decision", args=[decision.pk]))
        toast(request, " ".join(error.messages), response=response, kind="red")
        return response
    # What is done about goals is asked first, where such a line asks for it; else that page leads on to the line.
    response = redirect_or_refresh(request, f"{reverse('line-goals', args=[line.patient_id, line.pk])}?after=line")
    toast(request, "Line proposed: plan it, correct it, or decline it", response=response)
    return response
