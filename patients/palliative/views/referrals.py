"""Asking the palliative team, and its answer."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.rules import Permission
from careteam.web.responses import form_answer
from patients.goals.queries import goals_of
from patients.palliative import commands, policies
from patients.palliative.forms import ReferForm, ReferralAnswerForm
from patients.palliative.models import PalliativeReferral
from patients.palliative.rules import PALLIATIVE_REFERRAL_TRANSITIONS, PalliativeReferralStatus
from patients.palliative.views.shared import patient_to_document
from patients.record.models import Patient


@requires(Permission.GOALS_DOCUMENT)
@require_http_methods(["GET", "POST"])
def refer_page(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """Asks the palliative team to see the patient."""
    patient = patient_to_document(request, patient_id)
    today = patient.team.local_date(timezone.now())
    goals = goals_of(patient.pk, today)
    form = ReferForm(request.POST if request.method == "POST" else None, has_prompt=goals.prompt is not None)
    back = reverse("goals-panel", args=[patient.pk])
    context = {"patient": patient, "today": today, "form": form, "goals": goals, "back": back}

    def act(values: dict[str, Any]) -> object:
        return commands.refer(
            patient,
            question=values["question"],
            answers_prompt=values.get("answers_prompt", False),
            by=request.user,
            now=timezone.now(),
        )

    return form_answer(request, "patients/palliative/refer.html", context, act, said="The palliative team was asked.")


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
        "back": reverse("goals"),
    }

    def act(values: dict[str, Any]) -> object:
        return commands.answer_referral(
            referral,
            PalliativeReferralStatus(values["status"]),
            answer=values["answer"],
            visit_on=values["visit_on"],
            by=request.user,
            now=now,
            version=values["version"],
        )

    return form_answer(request, "patients/palliative/referral.html", context, act, said="Answer sent.")
