"""Referring from the patient page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from careteam.access.gate import SignedInRequest, requires
from careteam.people.queries import team_people
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, conflict, invalid, redirect_or_refresh, render_page, toast
from patients.guidance.queries import to_discuss
from patients.record.queries import readable_patient
from tumorboard.boards.queries import boards_of_team
from tumorboard.referrals import policies
from tumorboard.referrals.commands import AlreadyReferred, refer
from tumorboard.referrals.forms import ReferralForm
from tumorboard.referrals.queries import open_referrals, suggestion_for
from tumorboard.referrals.rules import QuestionKind, ReferralKind, Urgency

if TYPE_CHECKING:
    from django.http import HttpResponse

_TEMPLATE = "tumorboard/referrals/create.html"


@requires(Permission.BOARD_REFER)
@require_http_methods(["GET", "POST"])
def referral_create(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """The form with everything the record holds; a POST creates and submits in one."""
    patient = readable_patient(request, patient_id)
    if not request.access.may(Permission.BOARD_REFER, patient.team_id):
        raise PermissionDenied("You may read this chart, not refer from it.")
    boards = boards_of_team(patient.team_id)
    marked = to_discuss(patient.pk)
    asked = next((row for row in marked if str(row.pk) == request.GET.get("guidance")), None)
    suggested = suggestion_for(patient, request.user, asked)
    people = team_people(frozenset({patient.team_id}))
    initial: dict[str, Any] = {
        "board": boards[0].pk if boards else None,
        "question_kind": suggested.question_kind,
        "question": suggested.question,
        "urgency": suggested.urgency,
        "presenter": suggested.presenter.pk,
        "kind": ReferralKind.FULL,
        "consent": "",
    }
    context: dict[str, Any] = {
        "patient": patient,
        "boards": boards,
        "existing": open_referrals(patient.pk),
        "marked": marked,
        "reasons": policies.why_not_refer(patient, request.user),
        "today": patient.team.local_date(timezone.now()),
        "action": reverse("referral-create", args=[patient.pk]),
    }
    if request.method == "GET":
        form = ReferralForm(initial=initial, boards=boards, people=people)
        return render_page(request, _TEMPLATE, context | {"form": form}, fragment="form")
    form = ReferralForm(request.POST, initial=initial, boards=boards, people=people)
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
            by=request.user,
            now=timezone.now(),
        )
    except AlreadyReferred as already:
        return conflict(request, _TEMPLATE, context | {"already": already.existing}, fragment="form")
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, _TEMPLATE, context, fragment="form")
    response = redirect_or_refresh(request, f"/patients/{patient.pk}/")
    toast(request, f"Referred to {values['board'].name}", response=response)
    return response
