"""The team: who works here in which role, absences, closing an account; emergency access to another team's chart."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from careteam.access import commands, policies
from careteam.access.gate import SignedInRequest, requires, signed_in
from careteam.access.models import AccessGrant
from careteam.audit.commands import record
from careteam.notifications.commands import notify
from careteam.people.models import Absence, Deputy, Membership, Team, User
from careteam.people.queries import people_with_role, team_people
from careteam.people.rules import Permission, Role, Specialty
from careteam.web.responses import add_errors, invalid, redirect_or_refresh, render_page, toast
from patients.goals.models import GoalsPrompt
from patients.imaging.models import ImagingStudy, Reminder
from patients.record.models import CareTeamMember, NextStep, Patient, PatientIdentifier
from tumorboard.actions.models import Action


def home_team(request: SignedInRequest) -> Team:
    """The person's own team; 404 for who belongs to none."""
    if request.access.home is None:
        raise Http404("You belong to no team yet. Ask a team lead to add you.")
    return request.access.home


class RolesForm(forms.Form):
    roles = forms.MultipleChoiceField(choices=Role.choices, widget=forms.CheckboxSelectMultiple)
    specialty = forms.ChoiceField(choices=[("", "None"), *Specialty.choices], required=False)


class PersonForm(RolesForm):
    email = forms.EmailField(label="E-mail", max_length=200)
    title = forms.CharField(max_length=30, required=False)
    name = forms.CharField(max_length=120)
    field_order = ("email", "title", "name", "roles", "specialty")


class AbsenceForm(forms.Form):
    starts_on = forms.DateField(label="First day", widget=forms.DateInput(attrs={"type": "date"}))
    ends_on = forms.DateField(label="Last day", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    deputy = forms.ModelChoiceField(queryset=User.objects.none(), required=False, empty_label="Nobody")


class DeactivateForm(forms.Form):
    successor = forms.ModelChoiceField(
        label="Who takes over", queryset=User.objects.none(), required=False, empty_label="Nobody"
    )


class EmergencyForm(forms.Form):
    mrn = forms.CharField(label="MRN, exactly", max_length=120)
    reason = forms.CharField(
        label="Why you need this chart now", max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )


@signed_in("everybody sees who works in their own team")
@require_safe
def team_page(request: SignedInRequest) -> HttpResponse:
    team = home_team(request)
    today = team.local_date(timezone.now())
    members = list(Membership.objects.current().filter(team=team).select_related("user").order_by("user__name", "pk"))
    away = {row.user_id: row for row in Absence.objects.on(today).filter(user_id__in=[m.user_id for m in members])}
    deputies = {row.user_id: row.deputy for row in Deputy.objects.on(today).filter(team=team).select_related("deputy")}
    return render_page(
        request,
        "workspace/team.html",
        {
            "team": team,
            "today": today,
            "members": [(m, away.get(m.user_id), deputies.get(m.user_id)) for m in members],
            "may_manage": request.access.may(Permission.TEAM_MANAGE, team.pk),
            "may_emergency": request.access.may(Permission.EMERGENCY_ACCESS),
            "grants": AccessGrant.objects.in_force(timezone.now())
            .filter(patient__team=team)
            .select_related("user", "patient")
            .order_by("-starts_at")
            if request.access.may(Permission.TEAM_MANAGE, team.pk)
            else (),
        },
    )


def _page(request: SignedInRequest, form: Any, title: str, lead: str = "", save: str = "Save") -> HttpResponse:
    context = {"form": form, "title": title, "lead": lead, "save": save}
    if form.errors:
        return invalid(request, "workspace/form.html", context)
    return render_page(request, "workspace/form.html", context)


def _people_choice(form: Any, name: str, people: list[User], but: User | None = None) -> None:
    form.fields[name].queryset = User.objects.filter(pk__in=[p.pk for p in people if p != but]).order_by("name")


@requires(Permission.TEAM_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def add_person(request: SignedInRequest) -> HttpResponse:
    team = home_team(request)
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values, now = form.cleaned_data, timezone.now()
        try:
            with transaction.atomic():
                person = User.objects.filter(email__iexact=values["email"]).first() or User.objects.create_user(
                    values["email"], None, name=values["name"], title=values["title"]
                )
                commands.set_membership(
                    team, person, roles=values["roles"], specialty=values["specialty"], by=request.user, now=now
                )
        except ValidationError as error:
            add_errors(form, error)
        else:
            toast(request, "Added. The person sets a password with “Forgot your password?”.")
            return redirect_or_refresh(request, reverse("team"))
    return _page(request, form, "Add a person", "They sign in by e-mail; the first password is set by the reset link.")


def _member(request: SignedInRequest, person_id: int) -> Membership:
    membership = (
        Membership.objects.current().filter(team=home_team(request), user_id=person_id).select_related("user").first()
    )
    if membership is None:
        raise Http404("Nobody of that number works in this team.")
    return membership


@requires(Permission.TEAM_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def change_roles(request: SignedInRequest, person_id: int) -> HttpResponse:
    membership = _member(request, person_id)
    start = {"roles": membership.roles, "specialty": membership.specialty}
    form = RolesForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            commands.set_membership(
                membership.team, membership.user, by=request.user, now=timezone.now(), **form.cleaned_data
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            toast(request, "Roles saved")
            return redirect_or_refresh(request, reverse("team"))
    return _page(request, form, f"Roles of {membership.user}")


@signed_in("everybody records their own absence; a lead anybody's")
@require_http_methods(["GET", "HEAD", "POST"])
def absence(request: SignedInRequest, person_id: int) -> HttpResponse:
    membership = _member(request, person_id)
    if person_id != request.user.pk and policies.why_not_manage(membership.team, request.user):
        raise Http404("Only a team lead records somebody else's absence.")
    form = AbsenceForm(request.POST or None)
    _people_choice(form, "deputy", team_people(frozenset({membership.team_id})), membership.user)
    if request.method == "POST" and form.is_valid():
        try:
            commands.set_absence(
                membership.user, team=membership.team, by=request.user, now=timezone.now(), **form.cleaned_data
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            toast(request, "Absence saved")
            return redirect_or_refresh(request, reverse("team"))
    return _page(request, form, f"Absence of {membership.user}", "Reminders go to the deputy meanwhile.")


OWNED = (
    (NextStep, "owner", {"closed_at__isnull": True}),
    (ImagingStudy, "owner", {"status__in": ["planned", "ordered", "scheduled", "reported"]}),
    (Reminder, "assignee", {"state": "open"}),
    (GoalsPrompt, "owner", {"status__in": ["open", "deferred", "declined"]}),
    (Action, "owner", {"status": "open"}),
    (CareTeamMember, "person", {"ended_on__isnull": True, "error_at__isnull": True}),
)


def owned_by(person: User) -> int:
    """How many open things the person owns, over all slices."""
    return sum(model.objects.filter(**{field: person}, **still).count() for model, field, still in OWNED)


@transaction.atomic
def hand_over_and_deactivate(person: User, *, successor: User | None, by: User, now: Any) -> None:
    """Moves everything open to the successor, then closes the account: one transaction, one audit row for the move."""
    if successor is not None:
        moved = {
            model._meta.label_lower: model.objects.filter(**{field: person}, **still).update(**{field: successor})
            for model, field, still in OWNED
        }
        record("people.hand_over", by=by, now=now, subject=person, details={"to": successor.pk, "moved": moved})
    commands.deactivate(person, successor=successor, owned=owned_by(person), by=by, now=now)


@requires(Permission.TEAM_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def deactivate(request: SignedInRequest, person_id: int) -> HttpResponse:
    membership = _member(request, person_id)
    form = DeactivateForm(request.POST or None)
    _people_choice(form, "successor", team_people(frozenset({membership.team_id})), membership.user)
    count = owned_by(membership.user)
    if request.method == "POST" and form.is_valid():
        try:
            hand_over_and_deactivate(
                membership.user, successor=form.cleaned_data["successor"], by=request.user, now=timezone.now()
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            toast(request, "Account closed, work handed over")
            return redirect_or_refresh(request, reverse("team"))
    lead = f"{count} open items are handed over." if count else "This person owns nothing that is open."
    return _page(request, form, f"Close the account of {membership.user}", lead, "Close the account")


@requires(Permission.EMERGENCY_ACCESS)
@require_http_methods(["GET", "HEAD", "POST"])
def emergency(request: SignedInRequest) -> HttpResponse:
    """Break-glass by exact MRN: no browsing of other teams' patients; the owning leads are told at once."""
    form = EmergencyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        mrn, now = form.cleaned_data["mrn"].strip(), timezone.now()
        found = Patient.objects.filter(
            pk__in=PatientIdentifier.objects.filter(value=mrn).values("patient_id"), merged_into__isnull=True
        ).select_related("team")
        patients = list(found[:2])
        if len(patients) != 1:
            form.add_error("mrn", "No single patient has exactly this MRN. Check it; partial numbers are not searched.")
        else:
            try:
                with transaction.atomic():
                    grant = commands.open_in_emergency(
                        patients[0],
                        reason=form.cleaned_data["reason"],
                        team_id=patients[0].team_id,
                        by=request.user,
                        now=now,
                    )
                    notify(
                        people_with_role(patients[0].team, Role.TEAM_LEAD, Role.AUDITOR),
                        key=f"emergency:{grant.pk}",
                        kind="emergency",
                        title="Emergency access to a chart of your team",
                        body=grant.reason,
                        url=reverse("audit"),
                        is_urgent=True,
                        now=now,
                    )
            except ValidationError as error:
                add_errors(form, error)
            else:
                return redirect_or_refresh(request, reverse("patient", args=[patients[0].pk]))
    return _page(
        request,
        form,
        "Emergency access",
        "Read access to a chart of another team for four hours. The owning team's leads are told at once.",
        "Open the chart",
    )
