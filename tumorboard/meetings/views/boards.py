"""The list of boards with who waits, setting one up, its dates and its members."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.models import Membership, User
from careteam.people.queries import team_people
from careteam.people.rules import Permission
from careteam.web.parts import Difference
from careteam.web.responses import (
    add_errors,
    conflict,
    invalid,
    redirect_or_refresh,
    render_page,
    toast,
    wants_fragment,
)
from patients.record.models import StaleEdit
from tumorboard.boards.commands import remove_member, set_member
from tumorboard.boards.forms import BoardForm, MemberForm
from tumorboard.boards.models import Board
from tumorboard.boards.queries import members_of, visible_board
from tumorboard.boards.rules import in_words
from tumorboard.meetings.commands import set_up_board
from tumorboard.meetings.queries import (
    boards_overview,
    change_of,
    dates_of,
    listing_targets,
    preview_of,
)
from tumorboard.meetings.views.answers import act, refused
from tumorboard.referrals.queries import waiting

if TYPE_CHECKING:
    from datetime import datetime

    from careteam.people.models import Team

_FORM = "tumorboard/boards/form.html"


@requires(Permission.PATIENT_VIEW)
@require_safe
def boards(request: SignedInRequest) -> HttpResponse:
    """Boards with their next meeting; referrals that wait for an agenda. Past meetings are fetched."""
    now = timezone.now()
    queue = waiting(request.user)
    note_read(request, [row.patient_id for row in queue])
    targets = listing_targets(request.user, now)
    context = {
        "boards": boards_overview(request.user, now),
        "queue": [(row, targets.get(row.board_id)) for row in queue],
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


def _own_board(request: SignedInRequest, board_id: int) -> Board:
    board = visible_board(request.user, board_id)
    if not request.access.may(Permission.BOARD_CONFIGURE, board.team_id):
        raise PermissionDenied("Your roles in this team do not include setting up its boards.")
    return board


@requires(Permission.BOARD_CONFIGURE)
@require_http_methods(["GET", "POST"])
def board_edit(request: SignedInRequest, board_id: int) -> HttpResponse:
    """Settings of a board; its planned meetings follow. `preview` saves nothing, and shows what would."""
    board = _own_board(request, board_id)
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
        "team": team,
        "today": team.local_date(now),
    }
    is_preview = "preview" in request.POST
    if is_preview and wants_fragment(request):
        return render_page(request, _FORM, context | _dates(form, team, board, now), fragment="dates")
    context |= _dates(form, team, board, now)
    if board is not None:
        context |= {"members": members_of(board.pk), "member_form": _member_form(board)}
    if request.method == "GET" or (is_preview and form.is_valid()):
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
    response = redirect_or_refresh(request, reverse("board-edit", args=[saved.pk]))
    toast(request, f"Saved: {saved.name}", response=response)
    return response


def _dates(form: BoardForm, team: Team, board: Board | None, now: datetime) -> dict[str, Any]:
    """The dates beside the form: those of the board as it is, or those that the form would give."""
    if not form.is_bound:
        if board is not None:
            return {"rows": dates_of(board, now), "rhythm": in_words(board.rrule)}
        form = BoardForm({name: form[name].value() for name in form.fields} | {"name": "x"})
    if not form.is_valid():
        return {"unclear": True}
    would = Board(team=team, pk=board.pk if board else None, **asdict(form.settings()))
    shown: dict[str, Any] = {"coming": preview_of(would, now), "rhythm": in_words(would.rrule)}
    return shown | ({"change": change_of(board, would, now)} if board else {})


def _said(value: Any) -> str:
    return ", ".join(str(each) for each in value) if isinstance(value, list) else str(value or "")


def _member_form(board: Board, data: Any = None) -> MemberForm:
    specialties = dict(Membership.objects.current().filter(team_id=board.team_id).values_list("user_id", "specialty"))
    return MemberForm(data, people=team_people(frozenset({board.team_id})), specialties=specialties)


@requires(Permission.BOARD_CONFIGURE)
@require_POST
def board_member(request: SignedInRequest, board_id: int) -> HttpResponse:
    """A standing member: a new one, or another specialty or deputy of one."""
    board = _own_board(request, board_id)
    back = reverse("board-edit", args=[board.pk])
    form = _member_form(board, request.POST)
    if not form.is_valid():
        reasons = [str(message) for messages in form.errors.values() for message in messages]
        return refused(request, reasons, back=back)
    values = form.cleaned_data
    return act(
        request,
        lambda: set_member(
            board,
            values["person"],
            specialty=values["specialty"],
            deputy=values["deputy"],
            by=request.user,
            now=timezone.now(),
        ),
        back=back,
        said=f"Member: {values['person']}",
    )


@requires(Permission.BOARD_CONFIGURE)
@require_POST
def board_member_remove(request: SignedInRequest, board_id: int, person_id: int) -> HttpResponse:
    """No standing member any more; what they did stays."""
    board = _own_board(request, board_id)
    person = User.objects.filter(pk=person_id, boards__board=board).first()
    if person is None:
        raise Http404("No such member of this board.")
    return act(
        request,
        lambda: remove_member(board, person, by=request.user, now=timezone.now()),
        back=reverse("board-edit", args=[board.pk]),
        said=f"No member any more: {person}",
    )
