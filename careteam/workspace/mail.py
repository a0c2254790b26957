"""One's own wishes for e-mail, and the mails that could not be sent."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires, signed_in
from careteam.audit.commands import note_read
from careteam.events.models import Heartbeat
from careteam.notifications.commands import send_again, set_mail_preference
from careteam.notifications.models import Delivery, MailPreference
from careteam.notifications.rules import DEFAULT_HOURS, DeliveryStatus, MailKind
from careteam.people.models import Membership, Team
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, invalid, redirect_or_refresh, render_page, toast
from careteam.workspace.shell import JOBS, stale_jobs, stuck_teams
from patients.imaging.models import ImagingStudy
from tumorboard.meetings.commands import send_invitation_again
from tumorboard.meetings.models import Invitation

SHOWN = 100
HOURS = [(hour, f"{hour:02}:00") for hour in range(24)]


class MailForm(forms.Form):
    kinds = forms.MultipleChoiceField(
        label="In the daily mail", choices=MailKind.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    digest_hour = forms.TypedChoiceField(label="It leaves at", choices=HOURS, coerce=int)
    quiet_from = forms.TypedChoiceField(label="Quiet from", choices=HOURS, coerce=int)
    quiet_until = forms.TypedChoiceField(label="Quiet until", choices=HOURS, coerce=int)
    on_days_off = forms.BooleanField(label="Also on weekends and public holidays", required=False)


@signed_in("one's own wishes for e-mail")
@require_http_methods(["GET", "HEAD", "POST"])
def mail_preferences(request: SignedInRequest) -> HttpResponse:
    now, home = timezone.now(), reverse("home")
    wish = MailPreference.objects.filter(user=request.user).first()
    hours = wish.hours if wish else DEFAULT_HOURS
    muted = set(wish.muted) if wish else set()
    form = MailForm(
        request.POST or None,
        initial={
            "kinds": [kind for kind in MailKind.values if kind not in muted],
            "digest_hour": hours.digest_hour,
            "quiet_from": hours.quiet_from,
            "quiet_until": hours.quiet_until,
            "on_days_off": hours.on_days_off,
        },
    )
    context = {
        "form": form,
        "title": "E-mail and quiet hours",
        "lead": "Your inbox always has everything. One mail a day says how much is open; red scans, urgent reports and "
        "emergency access are mailed at once, and cannot be switched off. No mail carries patient data.",
        "save": "Save",
        "back": home,
    }
    if request.method != "POST":
        return render_page(request, "workspace/form.html", context)
    if not form.is_valid():
        return invalid(request, "workspace/form.html", context)
    values = form.cleaned_data
    try:
        set_mail_preference(muted=set(MailKind.values) - set(values.pop("kinds")), by=request.user, now=now, **values)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, "workspace/form.html", context)
    response = redirect_or_refresh(request, home)
    toast(request, "Saved", response=response)
    return response


def _given_up(request: SignedInRequest) -> QuerySet[Delivery]:
    """Mails to people of the reader's teams that were given up."""
    people = Membership.objects.current().filter(team_id__in=request.access.team_ids).values("user_id")
    return Delivery.objects.filter(recipient__in=people, status=DeliveryStatus.FAILED).select_related("recipient")


def _invitations(request: SignedInRequest, now: datetime) -> QuerySet[Invitation]:
    """Invitations to meetings of the reader's teams that were given up."""
    rows = Invitation.objects.given_up(now).filter(meeting__board__team_id__in=request.access.team_ids)
    return rows.select_related("user", "meeting__board")


def _waiting(request: SignedInRequest) -> int:
    """Mails to people of the reader's teams that failed and are tried again."""
    people = Membership.objects.current().filter(team_id__in=request.access.team_ids).values("user_id")
    return Delivery.objects.filter(
        recipient__in=people, status=DeliveryStatus.PENDING, attempts__gt=0, leased_until=None
    ).count()


def _stuck(
    request: SignedInRequest, sweep: Heartbeat | None, now: datetime
) -> list[tuple[Team, datetime, list[ImagingStudy]]]:
    """The reader's teams whose reminders stand still, and the scans that cannot be reminded of."""
    teams = {team.pk: team for team in request.access.teams}
    details = sweep.details if sweep else {}
    found = stuck_teams(details.get("stuck", {}), teams, now)
    named = [pk for row in found for pk in row.studies]
    studies = list(ImagingStudy.objects.visible_to(request.user).filter(pk__in=named).select_related("patient"))
    if studies:
        note_read(request, [study.patient_id for study in studies])
    return [
        (teams[row.team_id], row.since, [study for study in studies if study.team_id == row.team_id]) for row in found
    ]


@requires(Permission.IMAGING_SCHEDULE, Permission.BOARD_AGENDA)
@require_safe
def undelivered(request: SignedInRequest) -> HttpResponse:
    """Whether reminders and mail run, and the mails that were given up."""
    now, home = timezone.now(), request.access.home
    rows = {beat.name: beat for beat in Heartbeat.objects.filter(name__in=JOBS)}
    beats = {name: beat.at for name, beat in rows.items()}
    stale = stale_jobs(beats, now)
    words = {
        "sweep": "Reminders",
        "mail": "E-mail",
        "beat": "The clock that rings for both",
        "reconciler": "The nightly check",
    }
    return render_page(
        request,
        "workspace/undelivered.html",
        {
            "today": home.local_date(now) if home else now.date(),
            "jobs": [(words[name], beats.get(name), name in stale) for name in JOBS],
            "stuck": _stuck(request, rows.get("sweep"), now),
            "waiting": _waiting(request),
            "rows": list(_given_up(request).order_by("pk")[:SHOWN]),
            "invitations": list(_invitations(request, now).order_by("meeting__starts_at", "pk")[:SHOWN]),
        },
        fragment="rows",
    )


@requires(Permission.IMAGING_SCHEDULE, Permission.BOARD_AGENDA)
@require_POST
def mail_again(request: SignedInRequest, pk: int) -> HttpResponse:
    delivery = _given_up(request).filter(pk=pk).first()
    if delivery is None:
        raise Http404("No mail that was given up.")
    send_again(delivery, by=request.user, now=timezone.now())
    response = redirect_or_refresh(request, reverse("undelivered"), events=("mailChanged",))
    toast(request, "It leaves with the next round", response=response)
    return response


@requires(Permission.IMAGING_SCHEDULE, Permission.BOARD_AGENDA)
@require_POST
def invitation_again(request: SignedInRequest, pk: int) -> HttpResponse:
    now = timezone.now()
    invitation = _invitations(request, now).filter(pk=pk).first()
    if invitation is None:
        raise Http404("No invitation that was given up.")
    send_invitation_again(invitation, by=request.user, now=now)
    response = redirect_or_refresh(request, reverse("undelivered"), events=("mailChanged",))
    toast(request, "It leaves with the next round", response=response)
    return response
