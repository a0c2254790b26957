"""The palliative workspace."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.rules import Permission
from careteam.web.paging import Sort, keyset_page, with_params
from careteam.web.parts import Tab
from careteam.web.responses import render_page
from patients.goals.rules import PromptReason
from patients.palliative.forms import PromptFilter
from patients.palliative.queries import prompt_rows, prompts_for, referral_rows, referrals_for, work_counts

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
    return render_page(request, "patients/palliative/workspace.html", context, fragment="rows")
