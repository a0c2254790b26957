"""The list of boards with who waits, setting one up, the calendar feed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from careteam.access.gate import SignedInRequest, public, requires
from careteam.audit.commands import note_read
from careteam.people.models import User
from careteam.people.rules import Permission
from careteam.web.parts import Difference
from careteam.web.responses import add_errors, conflict, invalid, redirect_or_refresh, render_page, toast
from patients.record.models import StaleEdit
from tumorboard.boards.forms import BoardForm
from tumorboard.boards.models import Board
from tumorboard.boards.queries import visible_board
from tumorboard.meetings.commands import set_up_board
from tumorboard.meetings.queries import (
    boards_overview,
    calendar_entries,
    listing_targets,
    meetings_of,
    past_meetings,
)
from tumorboard.meetings.rules import calendar_text
from tumorboard.referrals.queries import waiting

if TYPE_CHECKING:
    from careteam.people.models import Team

_FEED_SALT = "tumorboard.calendar"
_FORM = "tumorboard/boards/form.html"


def feed_token(user: User, board_id: int) -> str:
    """Opens the calendar of one board for one person; worth nothing once the person leaves the team."""
    return signing.dumps([user.pk, board_id], salt=_FEED_SALT)


def _feed_url(user: User, board_id: int) -> str:
    return settings.SITE_URL + reverse("calendar", args=[feed_token(user, board_id)])


@requires(Permission.PATIENT_VIEW)
@require_safe
def boards(request: SignedInRequest) -> HttpResponse:
    """Boards with their next meeting; referrals that wait for an agenda; past meetings."""
    now = timezone.now()
    queue = waiting(request.user)
    note_read(request, [row.patient_id for row in queue])
    targets = listing_targets(request.user, now)
    context = {
        "boards": [(row, _feed_url(request.user, row.id)) for row in boards_overview(request.user, now)],
        "queue": [(row, targets.get(row.board_id)) for row in queue],
        "past": past_meetings(request.user, now),
        "may_list": request.access.may(Permission.BOARD_AGENDA),
        "may_configure": request.access.may(Permission.BOARD_CONFIGURE),
        "today": request.access.home.local_date(now) if request.access.home else now.date(),
    }
    return render_page(request, "tumorboard/boards/list.html", context)


@requires(Permission.BOARD_CONFIGURE)
@require_http_methods(["GET", "POST"])
def board_create(request: SignedInRequest) -> HttpResponse:
    """A new board of the person's team."""
    team = next(team for team in request.access.teams if request.access.may(Permission.BOARD_CONFIGURE, team.pk))
    now = timezone.now()
    initial: dict[str, Any] = {"starts_on": team.local_date(now), "local_time": "14:00"}
    return _board_form(request, team, None, initial, title="New board")


@requires(Permission.BOARD_CONFIGURE)
@require_http_methods(["GET", "POST"])
def board_edit(request: SignedInRequest, board_id: int) -> HttpResponse:
    """Settings of a board; its planned meetings follow."""
    board = visible_board(request.user, board_id)
    if not request.access.may(Permission.BOARD_CONFIGURE, board.team_id):
        raise PermissionDenied("Your roles in this team do not include setting up its boards.")
    return _board_form(request, board.team, board, BoardForm.initial_of(board), title=board.name)


def _board_form(
    request: SignedInRequest, team: Team, board: Board | None, initial: dict[str, Any], *, title: str
) -> HttpResponse:
    now = timezone.now()
    form = BoardForm(request.POST if request.method == "POST" else None, initial=initial)
    context: dict[str, Any] = {
        "form": form,
        "board": board,
        "title": title,
        "coming": meetings_of(board.pk, since=now) if board else [],
        "today": team.local_date(now),
    }
    if request.method == "GET":
        return render_page(request, _FORM, context)
    if not form.is_valid():
        return invalid(request, _FORM, context)
    try:
        saved = set_up_board(
            team, form.settings(), board=board, version=form.cleaned_data["version"], by=request.user, now=now
        )
    except StaleEdit as stale:
        theirs = BoardForm.initial_of(stale.current)  # type: ignore[arg-type]
        rows = [
            Difference(name, str(field.label), _said(theirs[name]), _said(theirs[name]), _said(form[name].value()))
            for name, field in form.fields.items()
            if name != "version"
        ]
        changed = [row for row in rows if row.theirs != row.yours]
        return conflict(request, _FORM, context | {"differences": changed, "fresh_version": theirs["version"]})
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, _FORM, context)
    response = redirect_or_refresh(request, reverse("boards"))
    toast(request, f"Saved: {saved.name}", response=response)
    return response


def _said(value: Any) -> str:
    return ", ".join(str(each) for each in value) if isinstance(value, list) else str(value or "")


@public("calendar programs cannot sign in; the signed token names one person and one board, and no patient is in it")
@require_safe
def calendar_feed(request: HttpRequest, token: str) -> HttpResponse:  # noqa: ARG001  # Django's signature
    """The board's meetings as iCalendar, as long as the person of the token works in the team."""
    try:
        user_id, board_id = signing.loads(token, salt=_FEED_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise Http404("No such calendar.") from None
    user = User.objects.filter(pk=user_id, is_active=True).first()
    board = visible_board(user, board_id) if user is not None else None
    if board is None:
        raise Http404("No such calendar.")
    now = timezone.now()
    site = settings.SITE_URL.split("//")[-1].split("/")[0]
    text = calendar_text(board.name, calendar_entries(board, site=site, now=now), now=now)
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="board.ics"'
    response["Cache-Control"] = f"private, max-age={int(timedelta(minutes=15).total_seconds())}"
    return response
