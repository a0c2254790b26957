"""Referring from the patient page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from careteam.access.gate import SignedInRequest, requires
from careteam.people.queries import team_people
from careteam.people.rules import Permission
from careteam.web.responses import (
    add_errors,
    conflict,
    invalid,
    redirect_or_refresh,
    render_page,
    toast,
)
from patients.guidance.queries import to_discuss
from patients.record.models import ExternalCenter
from patients.record.queries import readable_patient
from tumorboard.boards.queries import boards_of_team
from tumorboard.referrals import policies
from tumorboard.referrals.commands import AlreadyReferred, discard_draft, keep_draft, refer
from tumorboard.referrals.forms import ReferralForm
from tumorboard.referrals.queries import (
    destination,
    discussed_before,
    open_referrals,
    own_draft,
    showable_specimens,
    showable_studies,
    suggestion_for,
)
from tumorboard.referrals.rules import (
    QuestionKind,
    ReferralKind,
    Showable,
    Urgency,
    specimens_to_show,
    studies_to_show,
)

if TYPE_CHECKING:
    from patients.record.models import Patient

_TEMPLATE = "tumorboard/referrals/create.html"
_LISTS = ("studies", "specimens")


def _patient(request: SignedInRequest, patient_id: int) -> Patient:
    patient = readable_patient(request, patient_id)
    if not request.access.may(Permission.BOARD_REFER, patient.team_id):
        raise PermissionDenied("You may read this chart, not refer from it.")
    return patient


def _again(request: SignedInRequest, before: list[Any]) -> dict[str, Any]:
    """What a decision that is discussed again (`again`: its referral) fills in: kind, which one, which board."""
    row = next((each for each in before if str(each.pk) == request.GET.get("again")), None)
    if row is None:
        return {}
    return {
        "kind": ReferralKind.REDISCUSSION,
        "earlier": str(row.pk),
        "board": row.board_id,
        "question_kind": row.question_kind,
    }


@requires(Permission.BOARD_REFER)
@require_http_methods(["GET", "POST"])
def referral_create(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """The form with everything the record holds, or with the author's draft; a POST creates and submits in one, or
    keeps the draft (`act` draft)."""
    patient = _patient(request, patient_id)
    now = timezone.now()
    boards = boards_of_team(patient.team_id)
    marked = to_discuss(patient.pk)
    asked = next((row for row in marked if str(row.pk) == request.GET.get("guidance")), None)
    suggested = suggestion_for(patient, request.user, asked)
    studies, specimens, before = (
        showable_studies(patient.pk),
        showable_specimens(patient.pk),
        discussed_before(patient.pk),
    )
    is_fresh = asked is None and "again" not in request.GET
    draft = own_draft(patient.pk, request.user) if request.method == "GET" and is_fresh else None
    initial: dict[str, Any] = (
        {
            "board": boards[0].pk if boards else None,
            "question_kind": suggested.question_kind,
            "question": suggested.question,
            "urgency": suggested.urgency,
            "presenter": suggested.presenter.pk,
            "kind": ReferralKind.FULL,
            "consent": "",
            "studies": studies_to_show([Showable(row.pk, row.modality) for row in studies], suggested.question_kind),
            "specimens": specimens_to_show([Showable(row.pk, ki67=row.ki67) for row in specimens]),
            "earlier": str(before[0].pk) if before else "",
        }
        | _again(request, before)
        | (draft.content if draft else {})
    )
    options: dict[str, Any] = {
        "initial": initial,
        "boards": boards,
        "people": team_people(frozenset({patient.team_id})),
        "studies": studies,
        "specimens": specimens,
        "before": before,
        "centers": ExternalCenter.objects.filter(team_id=patient.team_id)
        .order_by("name")
        .values_list("name", flat=True),
    }
    existing = open_referrals(patient.pk)
    context: dict[str, Any] = {
        "patient": patient,
        "boards": boards,
        "existing": existing,
        "twins": _twins(existing),
        "marked": marked,
        "reasons": policies.why_not_refer(patient, request.user),
        "today": patient.team.local_date(now),
        "action": reverse("referral-create", args=[patient.pk]),
        "draft": draft,
        "destinations": [(board, destination(board.pk, now)) for board in boards[:5]],
    }
    if request.method == "GET":
        return render_page(request, _TEMPLATE, context | {"form": ReferralForm(**options)}, fragment="form")
    if request.POST.get("act") == "draft":
        return _keep(request, patient)
    form = ReferralForm(request.POST, **options)
    context["form"] = form
    if not form.is_valid():
        return invalid(request, _TEMPLATE, context, fragment="form")
    values = form.cleaned_data
    try:
        refer(
            patient,
            values["board"],
            question_kind=QuestionKind(values["question_kind"]),
            question=values["question"],
            urgency=Urgency(values["urgency"]),
            kind=ReferralKind(values["kind"]),
            presenter=values["presenter"],
            hoped_for=values["hoped_for"],
            consent=values["consent"],
            external_referrer=values["external_referrer"],
            late_reason=values["late_reason"],
            **form.material(),
            by=request.user,
            now=now,
        )
    except AlreadyReferred as already:
        return conflict(request, _TEMPLATE, context | {"already": already.existing}, fragment="form")
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, _TEMPLATE, context, fragment="form")
    response = redirect_or_refresh(request, f"/patients/{patient.pk}/")
    toast(request, f"Referred to {values['board'].name}", response=response)
    return response


def _keep(request: SignedInRequest, patient: Patient) -> HttpResponse:
    """While typing: 204, or the reason why not in the form's errors; by the button: back to the patient."""
    names = [name for name in ReferralForm.base_fields if name in request.POST or name in _LISTS]
    content = {name: request.POST.getlist(name) if name in _LISTS else request.POST.get(name, "") for name in names}
    try:
        keep_draft(patient, content, by=request.user, now=timezone.now())
    except ValidationError as error:
        return HttpResponse(" ".join(error.messages), status=422, content_type="text/plain; charset=utf-8")
    if "X-Background" in request.headers:
        return HttpResponse(status=204)
    toast(request, "Draft kept. Only you can read it.")
    return redirect_or_refresh(request, f"/patients/{patient.pk}/")


@requires(Permission.BOARD_REFER)
@require_POST
def referral_draft_discard(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """Throws the person's own draft away; the form starts anew from the record."""
    patient = _patient(request, patient_id)
    discard_draft(patient, by=request.user, now=timezone.now())
    toast(request, "Draft thrown away.")
    return redirect_or_refresh(request, reverse("referral-create", args=[patient.pk]))


def _centers(team_id: int) -> list[str]:
    """Hospitals and practices that the team knows: nobody types their names again."""
    return list(ExternalCenter.objects.filter(team_id=team_id).order_by("name").values_list("name", flat=True))


def _twins(existing: list[Any]) -> list[tuple[Any, Any]]:
    """Pairs of open referrals to the same board: one person, two records that were merged."""
    first: dict[int, Any] = {}
    pairs = []
    for row in existing:
        if row.board_id in first:
            pairs.append((first[row.board_id], row))
        first.setdefault(row.board_id, row)
    return pairs
