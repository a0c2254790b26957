"""The palliative workspace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar

from django.http import HttpResponse, QueryDict
from django.utils import timezone
from django.views.decorators.http import require_GET

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.rules import Permission
from careteam.web.paging import Page, Sort, keyset_page, with_params
from careteam.web.parts import Tab
from careteam.web.responses import render_page
from patients.goals.rules import PromptReason
from patients.palliative import queries
from patients.palliative.forms import PromptFilter, SeeFilter
from patients.palliative.rules import REASONS

T = TypeVar("T")
SIZE = 50
URGENT = Sort("urgent", "Why now", ("points",), descending=True)
NAME = Sort("name", "Patient", ("name",))
BY_NAME = Sort("name", "Patient", ("patient__sort_key", "id"))
AGAIN = Sort("again", "Ask again", ("ask_again_on", "id"))
OLDEST = Sort("raised", "Open since", ("raised_on", "id"))
ASKED = Sort("asked", "Asked", ("requested_at", "id"))
LATEST = Sort("asked", "Asked", ("requested_at", "id"), descending=True)
VISIT = Sort("visit", "Visit", ("visit_on", "id"))
DUE = Sort("due", "Due", ("due_on", "id"))
BY_DAY = Sort("day", "Day", ("on",))
VISIT_DAYS = 28  # how far ahead the list of visits looks


def _turned(rows: Sequence[T], sort: Sort, *, descending: bool) -> list[T]:
    return list(rows) if descending == sort.descending else list(reversed(rows))


def listed(rows: Sequence[T], *, sorts: Sequence[Sort], params: QueryDict, key: Callable[[T], int]) -> Page[T]:
    """A page of a list that is in memory already, by the same links as `keyset_page`: the id of a row, which is looked
    up again; one that is gone leads to the first page. The rows stand as the first click on the chosen sort shows
    them."""
    token = params.get("sort", "")
    sort = next((each for each in sorts if each.key == token.removeprefix("-")), sorts[0])
    descending = token.startswith("-") if sort.key == token.removeprefix("-") else sort.descending
    ordered = _turned(rows, sort, descending=descending)
    back = "before" in params
    cursor = params.get("before" if back else "after", "")
    at = next((n for n, row in enumerate(ordered) if str(key(row)) == cursor), None)
    first = 0 if at is None else max(0, at - SIZE) if back else at + 1
    first = 0 if first >= len(ordered) else first
    shown = ordered[first : first + SIZE]
    return Page(
        rows=tuple(shown),
        sort=sort,
        sorts=tuple(sorts),
        descending=descending,
        params=params,
        next_url=with_params(params, after=str(key(shown[-1]))) if first + SIZE < len(ordered) else None,
        previous_url=with_params(params, before=str(key(shown[0]))) if first else None,
    )


@dataclass(frozen=True)
class Shown:
    """One tab: its page of rows, its filters, how many there are where only the tab itself can count."""

    page: Any
    form: Any = None
    filtered: bool = False
    count: int | None = None
    more: bool = False  # than are put in order
    place: str = ""  # "51 to 100 of 258" of a list that has several pages


def _place(page: Page[T], rows: Sequence[T]) -> str:
    """Where in the whole list the page stands; empty when the page is the list."""
    if len(page.rows) == len(rows):
        return ""
    ordered = _turned(rows, page.sort, descending=page.descending)
    first = ordered.index(page.rows[0])
    return f"{first + 1} to {first + len(page.rows)} of {len(rows)}"


def _mine(params: QueryDict) -> bool:
    return params.get("mine") in {"on", "1", "true"}


def _see(request: SignedInRequest, today: date) -> Shown:
    home, params = request.access.home, request.GET
    batch = params.get("batch", "")
    raised_by = queries.batch_words(request.user, batch)
    rows = queries.waiting_list(request.user, home.pk if home else None, today, batch=batch if raised_by else "")
    why, count = params.get("why", ""), len(rows)
    if why in REASONS:
        rows = [row for row in rows if any(reason.code == why for reason in row.reasons)]
    if _mine(params):
        own = queries.owned_by(request.user, [row.patient_id for row in rows])
        rows = [row for row in rows if row.patient_id in own]
    if params.get("sort", "").removeprefix("-") == NAME.key:
        rows = sorted(rows, key=lambda row: (row.sort_key, row.patient_id))
    page = listed(rows, sorts=(URGENT, NAME), params=params, key=lambda row: row.patient_id)
    zone = home.time_zone if home else "UTC"
    shown = page.with_rows(queries.care_rows(page.rows, today, zone))
    filtered = why in REASONS or _mine(params) or bool(raised_by)
    form = SeeFilter(params, batch=(batch, raised_by))
    return Shown(shown, form, filtered, count, count >= queries.RANKED, _place(page, rows))


def _waiting(request: SignedInRequest, today: date) -> Shown:
    params = request.GET
    reason = params.get("reason", "")
    reason = reason if reason in PromptReason.values else ""
    found = queries.prompts_waiting(request.user, reason=reason, mine=_mine(params))
    page = keyset_page(found, sorts=(AGAIN, BY_NAME, OLDEST), params=params, size=SIZE)
    return Shown(
        page.with_rows(queries.prompt_rows(page.rows, today)), PromptFilter(params), bool(reason or _mine(params))
    )


def _referrals(request: SignedInRequest, today: date) -> Shown:
    page = keyset_page(queries.referrals_for(request.user), sorts=(ASKED, VISIT), params=request.GET, size=SIZE)
    return Shown(page.with_rows(queries.referral_rows(page.rows, today)))


def _answered(request: SignedInRequest, today: date) -> Shown:
    found = queries.referrals_for(request.user, answered=True)
    page = keyset_page(found, sorts=(LATEST,), params=request.GET, size=SIZE)
    return Shown(page.with_rows(queries.referral_rows(page.rows, today)))


def _visits(request: SignedInRequest, today: date) -> Shown:
    home = request.access.home
    zone = home.time_zone if home else "UTC"
    visits = queries.palliative_visits(request.user, zone, today, today + timedelta(days=VISIT_DAYS))
    page = listed(visits, sorts=(BY_DAY,), params=request.GET, key=lambda visit: visit.pk)
    return Shown(page.with_rows(queries.visit_rows(page.rows, today)), count=len(visits), place=_place(page, visits))


def _hospice(request: SignedInRequest, today: date) -> Shown:
    stays = queries.hospice_stays(request.user)
    page = listed(stays, sorts=(BY_DAY,), params=request.GET, key=lambda stay: stay.pk)
    return Shown(page.with_rows(queries.hospice_rows(page.rows, today)), place=_place(page, stays))


def _bereavement(request: SignedInRequest, today: date) -> Shown:
    page = keyset_page(queries.bereavement_for(request.user), sorts=(DUE, BY_NAME), params=request.GET, size=SIZE)
    return Shown(page.with_rows(queries.bereavement_rows(page.rows, today)))


SHOWS: dict[str, tuple[str, Callable[[SignedInRequest, date], Shown]]] = {
    "see": ("To see", _see),
    "waiting": ("Ask again later", _waiting),
    "referrals": ("Referrals", _referrals),
    "visits": ("Visits planned", _visits),
    "hospice": ("Hospice", _hospice),
    "bereavement": ("Bereavement", _bereavement),
    "answered": ("Answered referrals", _answered),
}


@requires(Permission.PATIENT_VIEW)
@require_GET
def workspace(request: SignedInRequest) -> HttpResponse:
    """Whom to see next and why; what waits for a day; referrals, visits, hospice, bereavement."""
    home = request.access.home
    now = timezone.now()
    today = home.local_date(now) if home else now.date()
    show = request.GET.get("show", "see")
    show = show if show in SHOWS else "see"
    shown = SHOWS[show][1](request, today)
    note_read(request, [row.person.patient_id for row in shown.page.rows])
    counts = queries.work_counts(request.user)
    tabs = [
        Tab(
            label,
            with_params(request.GET, show=key, sort=None, reason=None, mine=None, why=None, batch=None),
            current=key == show,
            count=shown.count if key == show and shown.count is not None else getattr(counts, key, None),
        )
        for key, (label, _) in SHOWS.items()
    ]
    context = {
        "page": shown.page,
        "show": show,
        "tabs": tabs,
        "form": shown.form,
        "keep": {"show": show} if show != "see" else {},
        "filtered": shown.filtered,
        "today": today,
        "counts": counts,
        "more": shown.more,
        "place": shown.place,
        "may_talk": request.access.may(Permission.GOALS_DOCUMENT),
    }
    return render_page(request, "patients/palliative/workspace.html", context, fragment="rows")
