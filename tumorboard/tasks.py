"""Celery tasks of the tumorboard app: keyword ids only, the clock is read here, one command each, safe to run twice."""

from celery import shared_task
from django.utils import timezone

from tumorboard.actions.commands import send_back_overdue
from tumorboard.ballots.commands import sweep_ballots
from tumorboard.boards.models import Board
from tumorboard.boards.rules import AHEAD
from tumorboard.letters.commands import make_print as make_letter_print
from tumorboard.letters.commands import waiting_prints as waiting_letters
from tumorboard.live.commands import purge_notes
from tumorboard.meetings.commands import freeze_at_cutoff, send_invitations, unfold_meetings
from tumorboard.meetings.commands.readiness import keep_readiness
from tumorboard.minutes.commands import make_print, waiting_prints
from tumorboard.opinions.commands import sweep_opinions
from tumorboard.suggestions.commands import reconcile


@shared_task(name="tumorboard.unfold")
def unfold() -> None:
    """Plans the meetings of every active board ahead; what is planned already stays. Old private notes go."""
    now = timezone.now()
    for board in Board.objects.filter(is_active=True).select_related("team").order_by("pk"):
        unfold_meetings(board, until=board.team.local_date(now) + AHEAD, by=None, now=now)
    purge_notes(now=now)


@shared_task(name="tumorboard.suggest")
def suggest() -> None:
    """Cases that come back to a board: what no event has suggested or taken back, and actions that are overdue."""
    now = timezone.now()
    reconcile(now=now)
    send_back_overdue(now=now)


@shared_task(name="tumorboard.print_minutes", soft_time_limit=300, time_limit=330)
def print_minutes(*, print_id: int) -> None:
    """Makes the PDF of one version of minutes. Called twice, one of the two does it."""
    make_print(print_id, now=timezone.now())


@shared_task(name="tumorboard.print_letter", soft_time_limit=60, time_limit=90)
def print_letter(*, print_id: int) -> None:
    """Makes the PDF of one letter about a decision. Called twice, one of the two does it."""
    make_letter_print(print_id, now=timezone.now())


@shared_task(name="tumorboard.print_waiting")
def print_waiting() -> None:
    """Takes up printouts that nobody works on: rung while the worker was away, or left behind by one that died."""
    now = timezone.now()
    for print_id in waiting_prints(now=now):
        print_minutes.delay(print_id=print_id)
    for print_id in waiting_letters(now=now):
        print_letter.delay(print_id=print_id)


@shared_task(name="tumorboard.readiness")
def readiness() -> None:
    """Asked every minute: open cases are compared with the record, what they lack is asked for by name."""
    keep_readiness(now=timezone.now())


@shared_task(name="tumorboard.freeze")
def freeze() -> None:
    """Agendas stand from their cut-off on."""
    freeze_at_cutoff(now=timezone.now())


@shared_task(name="tumorboard.invitations")
def invitations() -> None:
    """Sends the invitations that wait."""
    send_invitations(now=timezone.now())


@shared_task(name="tumorboard.ballots")
def ballots() -> None:
    """Asked every minute: e-votes are reminded of, end, go to a meeting; second opinions that nobody gave end."""
    now = timezone.now()
    sweep_ballots(now=now)
    sweep_opinions(now=now)
