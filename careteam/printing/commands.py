"""Asking for a printout, and making it in a worker. The slice whose document it is audits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import Q

from careteam.printing.models import Printout
from careteam.printing.rules import GIVE_UP_AFTER, PrintState
from careteam.web.pdf import PdfUnavailable

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from careteam.people.models import User

PrintoutT = TypeVar("PrintoutT", bound=Printout)


def put_on_list(printout: PrintoutT, *, total: int, by: User, now: datetime) -> PrintoutT:
    """Puts a new printout, or one that failed, on the workers' list; one that waits or is made stays as it is. Ringing
    is up to the caller, the next minute finds it anyway."""
    if printout.pk is not None and printout.state != PrintState.FAILED:
        return printout
    printout.asked_by, printout.asked_at, printout.problem = by, now, ""
    printout.state, printout.done, printout.total = PrintState.WAITING, 0, total
    printout.save()
    return printout


def waiting(rows: QuerySet[PrintoutT], *, now: datetime) -> list[int]:
    """Printouts that nobody works on: asked for, or left behind by a worker that died."""
    return list(rows.filter(_free(now)).order_by("asked_at", "pk").values_list("pk", flat=True))


def make(
    every: QuerySet[PrintoutT],
    print_id: int,
    pdf_of: Callable[[PrintoutT, Callable[[int], Any]], bytes],
    *,
    now: datetime,
) -> bool:
    """Makes one PDF; `pdf_of` gets the row and a function that is told how many parts are laid out. False when another
    worker has it. A failure is kept in words and can be asked for again."""
    mine = every.filter(pk=print_id)
    if not mine.filter(_free(now)).update(state=PrintState.RUNNING, taken_at=now, done=0):
        return False
    rows = mine.filter(state=PrintState.RUNNING, taken_at=now)
    printout = mine.get()
    try:
        pdf = pdf_of(printout, lambda done: rows.update(done=done))
    except PdfUnavailable as missing:
        rows.update(state=PrintState.FAILED, problem=str(missing)[:300])
        return True
    rows.update(state=PrintState.MADE, pdf=pdf, done=printout.total)
    return True


def _free(now: datetime) -> Q:
    return Q(state=PrintState.WAITING) | Q(state=PrintState.RUNNING, taken_at__lt=now - GIVE_UP_AFTER)
