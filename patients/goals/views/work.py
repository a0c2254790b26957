"""The palliative workspace and the answers to referrals."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.rules import Permission
from careteam.web.paging import Sort, keyset_page, with_params
from careteam.web.parts import Tab
from careteam.web.responses import add_errors, invalid, render_page, toast
from patients.goals import commands, policies
from patients.goals.forms import PromptFilter, ReferralAnswerForm
from patients.goals.models import PalliativeReferral
from patients.goals.queries import goals_of, prompt_rows, prompts_for, referral_rows, referrals_for, work_counts
from patients.goals.rules import PALLIATIVE_REFERRAL_TRANSITIONS, PalliativeReferralStatus, PromptReason
from patients.record.models import Patient, StaleEdit

OLDEST = Sort("raised", "Open since", ("raised_on", "id"))
BY_NAME = Sort("name", "Patient", ("patient__sort_key", "id"))
AGAIN = Sort("again", "Ask again", ("ask_again_on", "id"))
ASKED = Sort("asked", "Asked", ("requested_at", "id"))
VISIT = Sort("visit", "Visit", ("visit_on", "id"))
SHOWS = ("prompts", "waiting", "referrals", "answered")


@requires(Permission.PATIENT_VIEW)
@require_GET
def workspace(request: SignedInRequest) -> HttpResponse:
    """Whom to see next and why: open prompts, those that wait for a date, referrals."""
    home = request.access.home
    now = timezone.now()
    today = home.local_date(now) if home else now.date()
    show = request.GET.get("show", "prompts")
    show = show if show in SHOWS else "prompts"
    form = PromptFilter(request.GET)
    reason = request.GET.get("reason", "")
    reason = reason if reason in PromptReason.values else ""
    mine = request.GET.get("mine") in {"on", "1", "true"}
    page: Any
    sorts: tuple[Sort, ...]
    if show in {"prompts", "waiting"}:
        found = prompts_for(request.user, waiting=show == "waiting", reason=reason, mine=mine)
        sorts = (AGAIN, BY_NAME, OLDEST) if show == "waiting" else (OLDEST, BY_NAME)
        prompts = keyset_page(found, sorts=sorts, params=request.GET, size=50)
        page = prompts.with_rows(prompt_rows(prompts.rows, today))
    else:
        asked = referrals_for(request.user, answered=show == "answered")
        sorts = (
            (Sort("asked", "Asked", ("requested_at", "id"), descending=True),) if show == "answered" else (ASKED, VISIT)
        )
        referrals = keyset_page(asked, sorts=sorts, params=request.GET, size=50)
        page = referrals.with_rows(referral_rows(referrals.rows, today))
    note_read(request, [row.person.patient_id for row in page.rows])
    counts = work_counts(request.user)
    labels = {
        "prompts": ("To see", counts.prompts),
        "waiting": ("Ask again later", counts.waiting),
        "referrals": ("Referrals", counts.referrals),
        "answered": ("Answered referrals", None),
    }
    tabs = [
        Tab(
            label,
            with_params(request.GET, show=key, sort=None, reason=None, mine=None),
            current=key == show,
            count=count,
        )
        for key, (label, count) in labels.items()
    ]
    context = {
        "page": page,
        "show": show,
        "tabs": tabs,
        "form": form,
        "keep": {"show": show} if show != "prompts" else {},
        "filtered": bool(reason or mine),
        "today": today,
        "counts": counts,
    }
    return render_page(request, "patients/goals/workspace.html", context, fragment="rows")


@requires(Permission.PATIENT_VIEW)
@require_http_methods(["GET", "POST"])
def answer_referral_page(request: SignedInRequest, pk: int) -> HttpResponse:
    """One referral: what is asked, and the palliative team's answer. All who see the patient read it."""
    referral = PalliativeReferral.objects.visible_to(request.user).filter(pk=pk).select_related("requested_by").first()
    if referral is None:
        raise Http404("No such referral, or not yours to see.")
    patient = Patient.objects.select_related("team").get(pk=referral.patient_id)
    note_read(request, [patient.pk], team_id=patient.team_id)
    now = timezone.now()
    today = patient.team.local_date(now)
    possible = PALLIATIVE_REFERRAL_TRANSITIONS[PalliativeReferralStatus(referral.status)]
    form = ReferralAnswerForm(
        request.POST if request.method == "POST" else None,
        possible=possible,
        initial={"version": referral.version, "visit_on": referral.visit_on},
    )
    answers = policies.is_palliative(request.user, patient.team_id) or request.access.may(
        Permission.TEAM_MANAGE, patient.team_id
    )
    context = {
        "patient": patient,
        "referral": referral,
        "form": form,
        "today": today,
        "goals": goals_of(patient.pk, today),
        "may_answer": bool(possible) and answers,
        "answers": answers,
    }
    template = "patients/goals/referral.html"
    if request.method == "GET":
        return render_page(request, template, context)
    if not form.is_valid():
        return invalid(request, template, context)
    data = form.cleaned_data
    try:
        commands.answer_referral(
            referral,
            PalliativeReferralStatus(data["status"]),
            answer=data["answer"],
            visit_on=data["visit_on"],
            by=request.user,
            now=now,
            version=data["version"],
        )
    except StaleEdit:
        form.add_error(None, "Somebody answered this referral while you were writing. Your text is kept; look again.")
        return render_page(request, template, context, status=409)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, template, context)
    toast(request, "Answer sent.")
    return redirect("goals")
