"""The list of boards with who waits, setting one up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
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
    listing_targets,
    meetings_of,
    past_meetings,
)
from tumorboard.referrals.queries import waiting

if TYPE_CHECKING:
    from careteam.people.models import Team

_FORM = "tumorboard/boards/form.html"


@requires(Permission.PATIENT_VIEW)
@require_safe
def boards(request: SignedInRequest) -> HttpResponse:
    """Boards with their next meeting; referrals that wait for an agenda; past meetings."""
    now = timezone.now()
    queue = waiting(request.user)
    note_read(request, [row.patient_id for row in queue])
    targets = listing_targets(request.user, now)
    context = {
        "boards": boards_overview(request.user, now),
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
