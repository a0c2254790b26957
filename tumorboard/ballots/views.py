"""E-votes: open one, see it fill beside the case, vote, close it."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.queries import team_people
from careteam.people.rules import Permission
from careteam.web.responses import (
    add_errors,
    form_answer,
    invalid,
    redirect_or_refresh,
    render_page,
    toast,
    wants_fragment,
)
from careteam.web.signing import password_status
from patients.protocol.queries import number
from tumorboard.ballots import commands, policies
from tumorboard.ballots.forms import AcceptForm, ExtendForm, OpenForm, ProposalForm, ReturnForm, VoteForm
from tumorboard.ballots.queries import ballot_rows, ballots_of_referral, deciders, tally_of, visible_ballot
from tumorboard.ballots.rules import MOST_PROPOSALS, BallotStatus
from tumorboard.boards.rules import local_moment
from tumorboard.decisions.rules import ACTION_DUE, Option, labels_of
from tumorboard.goalcheck.queries import check_of
from tumorboard.live.queries import case_of, note_of
from tumorboard.meetings.queries import next_open_meeting
from tumorboard.meetings.queries.readiness import visible_referral

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.forms import Form
    from django.http import HttpResponse

    from tumorboard.ballots.models import Ballot
    from tumorboard.ballots.queries import Tally
    from tumorboard.referrals.models import Referral

_PAGE, _OPEN, _CLOSE = (f"tumorboard/ballots/{name}.html" for name in ("ballot", "open", "close"))
_FORM = "tumorboard/form.html"
_PREFIXES = tuple(f"p{place}" for place in range(1, MOST_PROPOSALS + 1))


@requires(Permission.PATIENT_VIEW)
@require_safe
def ballots(request: SignedInRequest) -> HttpResponse:
    """Live e-votes of the person's boards, then those that are over; the fragment holds the live ones."""
    rows = ballot_rows(request.user)
    now = timezone.now()
    note_read(request, [row.patient_id for row in rows])
    context = {
        "rows": rows,
        "live": [row for row in rows if row.is_live],
        "today": request.access.home.local_date(now) if request.access.home else now.date(),
    }
    return render_page(request, "tumorboard/ballots/list.html", context, fragment="live")


@requires(Permission.BOARD_DECIDE, Permission.BOARD_AGENDA)
@require_http_methods(["GET", "POST"])
def ballot_open(request: SignedInRequest, referral_id: int) -> HttpResponse:
    """Question, up to three proposals, why it cannot wait, until when."""
    referral = visible_referral(request.user, referral_id)
    team = referral.board.team
    access = request.access
    if not (access.may(Permission.BOARD_DECIDE, team.pk) or access.may(Permission.BOARD_AGENDA, team.pk)):
        raise PermissionDenied("Your roles at this board do not include opening an e-vote.")
    note_read(request, [referral.patient_id], team_id=team.pk)
    now = timezone.now()
    reasons = policies.why_not_open(referral, request.user)
    reasons = reasons or policies.why_not_elect(referral, team.local_date(now))
    data = request.POST if request.method == "POST" else None
    coming = next_open_meeting(referral.board_id, now)
    form = OpenForm(data, initial=_first_values(request, referral, now), deciders=deciders(referral.board))
    proposals = [ProposalForm(data, prefix=prefix) for prefix in _PREFIXES]
    context: dict[str, Any] = {
        "form": form,
        "proposals": proposals,
        "referral": referral,
        "patient": referral.patient,
        "reasons": reasons,
        "coming": coming,
        "today": team.local_date(now),
        "back": reverse("boards"),
    }
    if request.method == "GET":
        return render_page(request, _OPEN, context)
    if reasons or not all([form.is_valid(), *(each.is_valid() for each in proposals)]):
        return invalid(request, _OPEN, context)
    values = form.cleaned_data
    try:
        opened = commands.open_ballot(
            referral,
            [each.proposed() for each in proposals if not each.is_blank],
            why_urgent=values["why_urgent"],
            closes_at=local_moment(values["closes_on"], values["closes_at"], team.time_zone),
            chair=values["chair"],
            question=values["question"],
            by=request.user,
            now=now,
        )
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, _OPEN, context)
    response = redirect_or_refresh(request, reverse("ballot", args=[opened.item.meeting_id]))
    toast(request, "E-vote opened; its voters were told", response=response)
    return response


def _first_values(request: SignedInRequest, referral: Referral, now: datetime) -> dict[str, Any]:
    team = referral.board.team
    ends = now + timedelta(hours=float(number(team.pk, "vote.hours").value))
    local = timezone.localtime(ends).replace(minute=0, second=0, microsecond=0)
    coming = next_open_meeting(referral.board_id, now)
    may_close = request.access.may(Permission.BOARD_DECIDE, team.pk)
    return {
        "question": referral.question,
        "why_urgent": referral.late_reason,
        "closes_on": local.date(),
        "closes_at": f"{local:%H:%M}",
        "chair": (coming.chair_id if coming else None) or (request.user.pk if may_close else None),
    }


def _context(request: SignedInRequest, ballot: Ballot, now: datetime) -> dict[str, Any]:
    """The vote and what this person may do about it."""
    meeting = ballot.item.meeting
    team = meeting.board.team
    today = team.local_date(now)
    tally = tally_of(ballot, today)
    mine = tally.vote_of(request.user)
    context: dict[str, Any] = {
        "ballot": ballot,
        "meeting": meeting,
        "item": ballot.item,
        "patient": ballot.item.patient,
        "tally": tally,
        "voter": tally.voter(request.user),
        "mine": mine,
        "today": today,
        "why_not_vote": policies.why_not_vote(ballot, request.user, now=now, tally=tally),
        "may_steer": not policies.why_not_steer(ballot, request.user, now=now),
        "is_live": ballot.status in {BallotStatus.OPEN, BallotStatus.ENDED},
        "is_over_time": now >= ballot.closes_at,
        "decision": getattr(ballot.item, "decision", None) if ballot.status == BallotStatus.ACCEPTED else None,
    }
    if not context["why_not_vote"]:
        initial = {}
        if mine is not None:
            number_ = mine.proposal.number if mine.proposal else 0
            initial = {"vote": VoteForm.value_of(mine.choice, number_), "comment": mine.comment}
        context["form"] = VoteForm(
            request.POST if request.method == "POST" else None,
            initial=initial,
            proposals=[each for each, _ in tally.proposals],
        )
    return context


def _with_card(request: SignedInRequest, ballot: Ballot, context: dict[str, Any]) -> dict[str, Any]:
    return context | {"card": case_of(ballot.item, context["today"]), "note": note_of(ballot.item_id, request.user)}


@requires(Permission.PATIENT_VIEW)
@require_safe
def ballot(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """The case as in a meeting, the proposals, the votes; the fragment is how far it is filled."""
    row = visible_ballot(request.user, meeting_id)
    note_read(request, [row.patient_id], team_id=row.patient.team_id)
    context = _context(request, row, timezone.now())
    if wants_fragment(request):
        return render_page(request, _PAGE, context, fragment="tally")
    return render_page(request, _PAGE, _with_card(request, row, context))


@requires(Permission.PATIENT_VIEW)
@require_http_methods(["POST"])
def ballot_vote(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """Votes, or votes anew; what was refused stays in the form."""
    row = visible_ballot(request.user, meeting_id)
    note_read(request, [row.patient_id], team_id=row.patient.team_id)
    now = timezone.now()
    context = _context(request, row, now)
    form = context.get("form")
    if form is None:
        kept = {"reasons": context["why_not_vote"], "kept": request.POST.get("comment", "")}
        return invalid(request, _PAGE, _with_card(request, row, context | kept))
    try:
        if form.is_valid():
            choice, proposal = form.chosen()
            commands.cast_vote(
                row, choice, proposal=proposal, comment=form.cleaned_data["comment"], by=request.user, now=now
            )
            response = redirect_or_refresh(request, reverse("ballot", args=[meeting_id]))
            toast(request, "Your vote stands; you may change it until the vote ends", response=response)
            return response
    except ValidationError as error:
        add_errors(form, error)
    return invalid(request, _PAGE, _with_card(request, row, context))


@requires(Permission.BOARD_DECIDE)
@require_http_methods(["GET", "POST"])
def ballot_accept(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """The chair accepts a proposal: it is recorded and signed, the password is asked again."""
    row = _steered(request, meeting_id)
    now = timezone.now()
    today = row.item.meeting.board.team.local_date(now)
    tally = tally_of(row, today)
    form = _accept_form(request, row, tally, now)
    context = {
        "form": form,
        "ballot": row,
        "tally": tally,
        "patient": row.item.patient,
        "meeting": row.item.meeting,
        "today": today,
        "checks": _checks(row, tally, now),
        "reasons": policies.why_not_steer(row, request.user, now=now) + _none_passes(tally),
        "back": reverse("ballot", args=[meeting_id]),
    }
    if request.method == "GET":
        return render_page(request, _CLOSE, context)
    if context["reasons"]:
        return invalid(request, _CLOSE, context)
    status = password_status(request, form)
    if status != 200:
        return render_page(request, _CLOSE, context, status=status)
    values = form.cleaned_data
    try:
        decision = commands.accept(
            row,
            values["proposal"],
            action=form.action(),
            note=values.get("note", ""),
            goals_conflict_note=values["goals_conflict_note"],
            by=request.user,
            now=now,
        )
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, _CLOSE, context)
    response = redirect_or_refresh(request, reverse("decision", args=[decision.pk]))
    toast(request, "Accepted and signed", response=response)
    return response


def _accept_form(request: SignedInRequest, row: Ballot, tally: Tally, now: datetime) -> AcceptForm:
    team = row.item.meeting.board.team
    owner = row.item.referral.presenter or request.user
    best = max(tally.proposals, key=lambda pair: pair[1])[0]
    form = AcceptForm(
        request.POST if request.method == "POST" else None,
        user=request.user,
        proposals=[each for each, _ in tally.proposals],
        people=team_people(frozenset({team.pk})),
        initial={"proposal": best.number, "owner": owner.pk, "due_on": team.local_date(now) + ACTION_DUE},
    )
    if not tally.count.is_contested:
        del form.fields["note"]
    return form


def _checks(row: Ballot, tally: Tally, now: datetime) -> list[Any]:
    """Each proposal against what the patient accepts."""
    team = row.item.meeting.board.team
    today = team.local_date(now)
    found = []
    for each, _ in tally.proposals:
        options = labels_of([Option(code) for code in each.options])
        check = check_of(row.patient_id, options, team_id=team.pk, today=today)
        if check is not None:
            found.append((each, check))
    return found


def _none_passes(tally: Tally) -> list[str]:
    """Why no proposal at all could be accepted; empty when one can."""
    each = [tally.count.why_not_accept(proposal.number) for proposal, _ in tally.proposals]
    return [] if any(not reasons for reasons in each) else list(dict.fromkeys(chain.from_iterable(each)))


@requires(Permission.BOARD_DECIDE)
@require_http_methods(["GET", "POST"])
def ballot_return(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """The chair lets the board discuss the case in a meeting."""
    row = _steered(request, meeting_id)
    now = timezone.now()
    coming = next_open_meeting(row.item.meeting.board_id, now)
    where = f"It goes onto the agenda of {timezone.localtime(coming.starts_at):%d %b %Y}" if coming else ""
    return _form_page(
        request,
        row,
        ReturnForm(request.POST if request.method == "POST" else None),
        lambda values: commands.return_to_meeting(row, note=values["note"], by=request.user, now=now),
        title="Discuss it in a meeting",
        lead=f"{where or 'It waits for an agenda'}; the votes stand on its case card.",
        save="End the vote",
        said="The case goes to a meeting",
    )


@requires(Permission.BOARD_DECIDE)
@require_http_methods(["GET", "POST"])
def ballot_extend(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """A later end, once."""
    row = _steered(request, meeting_id)
    team = row.item.meeting.board.team
    later = timezone.localtime(row.closes_at) + timedelta(hours=float(number(team.pk, "vote.hours").value))
    return _form_page(
        request,
        row,
        ExtendForm(
            request.POST if request.method == "POST" else None,
            initial={"closes_on": later.date(), "closes_at": f"{later:%H:%M}"},
        ),
        lambda values: commands.extend(
            row,
            closes_at=local_moment(values["closes_on"], values["closes_at"], team.time_zone),
            reason=values["reason"],
            by=request.user,
            now=timezone.now(),
        ),
        title="Extend the vote",
        lead="Once only. Who has not voted is told.",
        save="Extend",
        said="Extended",
    )


@requires(Permission.PATIENT_VIEW)
@require_safe
def ballot_panel(request: SignedInRequest, referral_id: int) -> HttpResponse:
    """What was voted about a referral, for its case card in the meeting."""
    referral = visible_referral(request.user, referral_id)
    note_read(request, [referral.patient_id], team_id=referral.patient.team_id)
    today = referral.board.team.local_date(timezone.now())
    context = {
        "patient": referral.patient,
        "voted": [(row, tally_of(row, today)) for row in ballots_of_referral(referral.pk)],
        "today": today,
    }
    return render_page(request, "tumorboard/ballots/panel.html", context, fragment="panel")


def _steered(request: SignedInRequest, meeting_id: int) -> Ballot:
    row = visible_ballot(request.user, meeting_id)
    note_read(request, [row.patient_id], team_id=row.patient.team_id)
    if not request.access.may(Permission.BOARD_DECIDE, row.item.meeting.board.team_id):
        raise PermissionDenied("Your roles at this board do not include closing an e-vote.")
    return row


def _form_page(
    request: SignedInRequest,
    row: Ballot,
    form: Form,
    command: Callable[[dict[str, Any]], object],
    *,
    title: str,
    lead: str,
    save: str,
    said: str,
) -> HttpResponse:
    back = reverse("ballot", args=[row.item.meeting_id])
    context = {
        "form": form,
        "back": back,
        "title": title,
        "lead": lead,
        "save": save,
        "patient": row.item.patient,
        "reasons": policies.why_not_steer(row, request.user, now=timezone.now()),
    }
    return form_answer(request, _FORM, context, command, said=said)
