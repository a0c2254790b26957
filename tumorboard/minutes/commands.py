"""The only writers of signed minutes and of their printouts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.template.loader import render_to_string

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.audit.rules import Kind
from careteam.printing.commands import make, put_on_list, waiting
from careteam.printing.rules import PrintState
from careteam.web.pdf import joined_pdf_of
from tumorboard.meetings.models import Meeting
from tumorboard.minutes import policies
from tumorboard.minutes.models import MinutesPrint, SignedMinutes
from tumorboard.minutes.queries import at_home, content_of, minutes_of
from tumorboard.minutes.rules import CASES_AT_ONCE

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
    printout = put_on_list(printout or MinutesPrint(minutes=signed), total=len(signed.content["cases"]), by=by, now=now)
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
    """Printouts that nobody works on."""
    return waiting(MinutesPrint.objects.all(), now=now)


def make_print(print_id: int, *, now: datetime) -> bool:
    """Makes one PDF, lot by lot; the page reads how far it is. False when another worker has it."""
    return make(
        MinutesPrint.objects.select_related("minutes__meeting__board__team", "minutes__signed_by"),
        print_id,
        lambda row, tell: pdf_of_version(row.minutes, tell=tell),
        now=now,
    )


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
    with at_home(meeting):
        return joined_pdf_of(parts, tell=lambda done: tell(min(done * CASES_AT_ONCE, len(text.cases))))
