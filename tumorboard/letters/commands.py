"""The only writers of letters about decisions and of their PDFs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Unpack

from django.db import transaction
from django.template.loader import render_to_string

from careteam.access.policies import insist
from careteam.audit.rules import Kind
from careteam.printing.commands import make, put_on_list, waiting
from careteam.web.pdf import pdf_of
from patients.record.commands import Act, record_about
from tumorboard.decisions.commands import tell, untell
from tumorboard.decisions.models import Decision
from tumorboard.decisions.queries import is_told
from tumorboard.decisions.rules import ToldHow, ToldWhom
from tumorboard.letters import policies
from tumorboard.letters.models import DecisionLetter, LetterPrint
from tumorboard.letters.queries import draft_of, sheet_of
from tumorboard.letters.rules import SentHow

if TYPE_CHECKING:
    from careteam.people.models import User

PAPER = "patients/letters/paper.html"


@transaction.atomic
def write_letter(
    decision: Decision,
    whom: ToldWhom,
    *,
    own_words: str = "",
    recipient: str = "",
    despite: str = "",
    reason: str = "",
    by: User,
    now: datetime,
) -> DecisionLetter:
    """Writes the next version of the letter as the record stands now, and puts its PDF on the workers' list.

    The decision is locked and everything is asked again. `recipient` is the GP's address, `despite` why the GP hears
    first or why against a wish, `reason` why there is another version. Raises `ValidationError` with every reason
    against it.
    """
    decision = (
        Decision.objects.select_for_update(of=("self",))
        .select_related("patient__team", "item__meeting__board__team", "item__referral")
        .get(pk=decision.pk)
    )
    draft = draft_of(decision, whom, by=by, now=now, own_words=own_words, recipient=recipient)
    insist(policies.why_not_write(draft, by, despite=despite, reason=reason))
    letter = DecisionLetter.objects.create(
        patient=decision.patient,
        decision=decision,
        whom=whom,
        number=draft.earlier.number + 1 if draft.earlier else 1,
        reason=reason.strip()[:250] if draft.earlier else "",
        language=draft.language,
        wanted_language=draft.wanted,
        sender=draft.sender,
        recipient=draft.recipient,
        subject=draft.subject,
        body=draft.body,
        own_words=draft.own_words,
        despite=despite.strip()[:250] if policies.asks_why(draft) else "",
        written_at=now,
        written_on=decision.patient.team.local_date(now),
        created_by=by,
    )
    put_on_list(LetterPrint(letter=letter), total=1, by=by, now=now)
    _audit("write", letter, by=by, now=now, reason=letter.reason, details={"despite": letter.despite})
    return letter


@transaction.atomic
def ask_print(letter: DecisionLetter, *, by: User, now: datetime) -> LetterPrint:
    """Puts the PDF on the workers' list again where it failed; asked twice it is made once."""
    insist(policies.why_not_print(letter))
    found = LetterPrint.objects.select_for_update().filter(letter=letter).first()
    printout = put_on_list(found or LetterPrint(letter=letter), total=1, by=by, now=now)
    _audit("ask_print", letter, by=by, now=now, kind=Kind.EXPORT)
    return printout


def waiting_prints(*, now: datetime) -> list[int]:
    """PDFs of letters that nobody works on."""
    return waiting(LetterPrint.objects.all(), now=now)


def make_print(print_id: int, *, now: datetime) -> bool:
    """Makes one PDF. False when another worker has it."""
    return make(LetterPrint.objects.select_related("letter"), print_id, _pdf, now=now)


def _pdf(printout: LetterPrint, tell_page: Callable[[int], Any]) -> bytes:
    sheet = sheet_of(printout.letter)
    is_large = printout.letter.whom == ToldWhom.PATIENT
    document = pdf_of(render_to_string(PAPER, {"sheets": [sheet], "first": sheet, "numbered": True, "large": is_large}))
    tell_page(1)
    return document


@transaction.atomic
def send_letter(letter: DecisionLetter, how: SentHow, *, on: date, by: User, now: datetime) -> DecisionLetter:
    """The letter left on that day. Whom it goes to was told by it, unless that was logged before."""
    row = _locked(letter)
    insist(policies.why_not_send(row, by, on=on, today=row.patient.team.local_date(now)))
    row.sent_on, row.sent_how, row.sent_by, row.sent_at = on, how, by, now
    whom = ToldWhom(row.whom)
    if not is_told(row.decision_id, whom):
        row.told = tell(row.decision, whom, how=ToldHow.LETTER, on=on, by=by, now=now, override_reason=row.despite)
    row.save_version("sent_on", "sent_how", "sent_by", "sent_at", "told")
    _audit("send", row, by=by, now=now, details={"how": str(how), "on": on.isoformat()})
    return row


@transaction.atomic
def take_back_letter(letter: DecisionLetter, *, reason: str, by: User, now: datetime) -> DecisionLetter:
    """The letter was not sent after all, with why; who was told by it was not told. The text stays."""
    row = _locked(letter)
    insist(policies.why_not_take_back(row, by, reason))
    row.error_at, row.error_by, row.error_reason = now, by, reason.strip()[:250]
    row.save_version("error_at", "error_by", "error_reason")
    if row.told is not None and row.told.error_at is None:
        untell(row.told, reason=f"Letter not sent: {reason.strip()}", by=by, now=now)
    _audit("take_back", row, by=by, now=now, reason=reason.strip())
    return row


def _locked(letter: DecisionLetter) -> DecisionLetter:
    row: DecisionLetter = DecisionLetter.objects.select_related(
        "patient__team", "decision__item__meeting__board__team", "told"
    ).lock(letter.pk)
    return row


def _audit(
    verb: str, letter: DecisionLetter, *, details: dict[str, object] | None = None, **about: Unpack[Act]
) -> None:
    details = {"whom": letter.whom, "number": letter.number} | (details or {})
    record_about(letter, f"board_letters.{verb}", details=details, **about)
