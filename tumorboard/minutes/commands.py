"""The only writers of signed minutes and of their printouts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.audit.rules import Kind
from careteam.web.pdf import PdfUnavailable, joined_pdf_of
from tumorboard.meetings.models import Meeting
from tumorboard.minutes import policies
from tumorboard.minutes.models import MinutesPrint, SignedMinutes
from tumorboard.minutes.queries import content_of, minutes_of
from tumorboard.minutes.rules import CASES_AT_ONCE, GIVE_UP_AFTER, PrintState

if TYPE_CHECKING:
    from careteam.people.models import User

PAPER = "tumorboard/minutes/paper.html"


@transaction.atomic
def sign_minutes(meeting: Meeting, *, by: User, now: datetime, reason: str = "") -> SignedMinutes:
    """Signs the minutes as they stand now, as the next version. The caller has asked for the password again. Raises
    `ValidationError` with every reason why not: not held, unsigned decisions, nothing new, no reason given."""
    meeting = Meeting.objects.lock(meeting.pk)
    minutes = minutes_of(meeting, meeting.board.team.local_date(now))
    last = SignedMinutes.objects.filter(meeting=meeting).order_by("-number").first()
    content = content_of(minutes)
    insist([*policies.why_not_sign(minutes, by), *policies.why_not_sign_again(last, content.kept, reason)])
    signed = SignedMinutes.objects.create(
        meeting=meeting,
        number=last.number + 1 if last else 1,
        content=content.kept,
        patient_ids=[case.patient_id for case in content.cases],
        reason=reason.strip()[:500] if last else "",
        signed_by=by,
        signed_at=now,
    )
    record(
        "minutes.sign_minutes",
        by=by,
        now=now,
        subject=signed,
        patient_ids=signed.patient_ids,
        team_id=meeting.board.team_id,
        reason=signed.reason,
        details={"meeting": meeting.pk, "version": signed.number},
    )
    return signed


@transaction.atomic
def ask_print(signed: SignedMinutes, *, by: User, now: datetime) -> MinutesPrint:
    """Puts the PDF of a version on the workers' list; asked twice it is made once. Ringing is up to the caller, the
    next minute finds it anyway."""
    printout = MinutesPrint.objects.select_for_update().filter(minutes=signed).first()
    if printout is not None and printout.state != PrintState.FAILED:
        return printout
    printout = printout or MinutesPrint(minutes=signed)
    printout.asked_by, printout.asked_at, printout.problem = by, now, ""
    printout.state, printout.done, printout.total = PrintState.WAITING, 0, len(signed.content["cases"])
    printout.save()
    record(
        "minutes.ask_print",
        by=by,
        now=now,
        subject=signed,
        patient_ids=signed.patient_ids,
        team_id=signed.meeting.board.team_id,
        kind=Kind.EXPORT,
    )
    return printout


def waiting_prints(*, now: datetime) -> list[int]:
    """Printouts that nobody works on: asked for, or left behind by a worker that died."""
    dead = Q(state=PrintState.RUNNING, taken_at__lt=now - GIVE_UP_AFTER)
    rows = MinutesPrint.objects.filter(Q(state=PrintState.WAITING) | dead)
    return list(rows.order_by("asked_at", "pk").values_list("pk", flat=True))


def make_print(print_id: int, *, now: datetime) -> bool:
    """Makes one PDF, lot by lot; the page reads how far it is. False when another worker has it. A failure is kept in
    words and can be asked for again."""
    if not _take(print_id, now=now):
        return False
    printout = MinutesPrint.objects.select_related("minutes__meeting__board__team", "minutes__signed_by").get(
        pk=print_id
    )
    rows = MinutesPrint.objects.filter(pk=print_id, state=PrintState.RUNNING, taken_at=now)
    try:
        pdf = pdf_of_version(printout.minutes, tell=lambda done: rows.update(done=done))
    except PdfUnavailable as missing:
        rows.update(state=PrintState.FAILED, problem=str(missing)[:300])
        return True
    rows.update(state=PrintState.MADE, pdf=pdf, done=printout.total)
    return True


def pdf_of_version(signed: SignedMinutes, *, tell: Callable[[int], Any] = lambda _: None) -> bytes:
    """The signed version on paper. `tell` hears after each lot how many cases are laid out. Raises
    `PdfUnavailable`."""
    text = signed.text
    lots = [text.cases[at : at + CASES_AT_ONCE] for at in range(0, max(len(text.cases), 1), CASES_AT_ONCE)]
    meeting = signed.meeting
    shared = {"meeting": meeting, "signed": signed, "on": meeting.board.team.local_date(meeting.starts_at)}
    parts = (
        render_to_string(PAPER, shared | {"head": text.head if number == 0 else "", "cases": lot})
        for number, lot in enumerate(lots)
    )
    return joined_pdf_of(parts, tell=lambda done: tell(min(done * CASES_AT_ONCE, len(text.cases))))


def _take(print_id: int, *, now: datetime) -> bool:
    free = Q(state=PrintState.WAITING) | Q(state=PrintState.RUNNING, taken_at__lt=now - GIVE_UP_AFTER)
    return bool(MinutesPrint.objects.filter(free, pk=print_id).update(state=PrintState.RUNNING, taken_at=now, done=0))
