"""For auditors and leads: who saw or changed what; and the history of one patient."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.models import AuditSeal
from careteam.audit.queries import trail
from careteam.audit.rules import Kind
from careteam.people.models import User
from careteam.people.queries import team_people
from careteam.people.rules import Permission
from careteam.web.paging import Sort, keyset_page
from careteam.web.responses import render_page
from patients.record.queries import readable_patient

SORTS = (Sort("at", "When", ("at", "id"), descending=True),)


class AuditFilter(forms.Form):
    person = forms.ModelChoiceField(queryset=User.objects.none(), required=False, empty_label="Anybody")
    kind = forms.ChoiceField(required=False, choices=[("", "Anything"), *Kind.choices])
    patient = forms.IntegerField(required=False, label="Patient number", min_value=1, max_value=2**62)
    since = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))


def _at(day: Any, *, days: int = 0) -> datetime | None:
    return datetime.combine(day + timedelta(days=days), time(0), tzinfo=UTC) if day else None


@requires(Permission.AUDIT_VIEW)
@require_safe
def audit_page(request: SignedInRequest) -> HttpResponse:
    teams = request.access.teams_where(Permission.AUDIT_VIEW)
    chosen = AuditFilter(request.GET)
    chosen.fields["person"].queryset = User.objects.filter(  # type: ignore[attr-defined]
        pk__in=[person.pk for person in team_people(teams)]
    )
    chosen.is_valid()
    values = chosen.cleaned_data
    rows = trail(
        team_ids=teams,
        patient_id=values.get("patient"),
        actor=values.get("person"),
        kind=values.get("kind", ""),
        since=_at(values.get("since")),
        until=_at(values.get("until"), days=1),
    )
    page = keyset_page(rows, sorts=SORTS, params=request.GET, size=100)
    now = timezone.now()
    home = request.access.home
    return render_page(
        request,
        "workspace/audit.html",
        {
            "page": page,
            "filter": chosen,
            "today": home.local_date(now) if home else now.date(),
            "seal": AuditSeal.objects.order_by("-pk").only("sealed_at").first(),
        },
        fragment="rows",
    )


@requires(Permission.PATIENT_VIEW)
@require_safe
def patient_history(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """Who opened or changed this record: open to everybody who may see the patient."""
    patient = readable_patient(request, patient_id)
    rows = trail(team_ids=frozenset({patient.team_id}), patient_id=patient.pk)
    if request.GET.get("show") != "all":
        rows = rows.exclude(kind=Kind.READ)
    page = keyset_page(rows, sorts=SORTS, params=request.GET, size=100)
    return render_page(
        request,
        "workspace/history.html",
        {
            "patient": patient,
            "page": page,
            "today": patient.team.local_date(timezone.now()),
            "everything": request.GET.get("show") == "all",
        },
        fragment="rows",
    )
