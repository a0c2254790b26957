"""Writing wishes: a newer one ends the older of its kind; taken back, the older one holds again. History is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Max

from patients.record.commands.trail import record_about
from patients.record.models import Patient
from patients.wishes.models import Wish, WishDocument
from patients.wishes.rules import MANY, EndReason, Said, SaidBy, TreatmentLimit

if TYPE_CHECKING:
    from careteam.people.models import User


@dataclass(frozen=True)
class Origin:
    """Where a wish was written down, and on whose word. `by=None` is an import or the system."""

    by: User | None
    now: datetime
    said_by: str = SaidBy.PATIENT
    conversation_id: int | None = None
    document: WishDocument | None = None
    words: str = ""
    source: str = ""


def rows_of_slot(patient_id: int, said: Said) -> Any:
    """The wishes that the same kind (for limits: the same limit) has had, errors left out."""
    rows = Wish.objects.valid().filter(patient_id=patient_id, kind=said.kind)
    return rows.filter(code=said.code) if said.kind in MANY else rows


def _holding(patient_id: int, said: Said, origin: Origin) -> Wish | None:
    """The wish that this one is held against. Limits in words stand beside each other, but what a conversation says in
    words is newer than what the conversation before it said."""
    rows = rows_of_slot(patient_id, said).holding()
    if said.kind in MANY and said.code == TreatmentLimit.OTHER:
        rows = rows.filter(conversation__isnull=False) if origin.conversation_id is not None else rows.none()
    found: Wish | None = rows.select_for_update(of=("self",)).order_by("-since", "-pk").first()
    return found


def end(wish: Wish, on: date, reason: EndReason, *, by: User | None, note: str = "", newer: Wish | None = None) -> None:
    wish.ended_on, wish.end_reason, wish.ended_by = max(on, wish.since), reason, by
    wish.end_note, wish.replaced_by = note, newer
    wish.save_version("ended_on", "end_reason", "ended_by", "end_note", "replaced_by")


def place(patient: Patient, said: Said, *, since: date, until: date | None = None, origin: Origin) -> Wish:
    """Writes one wish beside the others, in the transaction of a command that locked the patient and audits. It ends
    the one that held, unless that one was said later: then the new row is history from the start."""
    held = _holding(patient.pk, said, origin)
    is_newer = held is None or held.since <= since
    values: dict[str, Any] = {
        "patient": patient,
        "kind": said.kind,
        "code": said.code,
        "words": said.words,
        "since": since,
        "valid_until": until,
        "said_by": origin.said_by,
        "conversation_id": origin.conversation_id,
        "document": origin.document,
        "origin": origin.words,
        "source": origin.source,
        "recorded_by": origin.by,
        "recorded_at": origin.now,
        "created_by": origin.by,
    }
    # Versions rise along the kind, not the row: a form opened on an older wish never passes for one of today.
    before = rows_of_slot(patient.pk, said).aggregate(last=Max("version"))["last"] or 0
    wish: Wish
    if held is not None and is_newer:
        end(held, since, EndReason.REPLACED, by=origin.by)  # first, so that never two hold
        wish = Wish.objects.create(**values, version=before + 3)
        held.replaced_by = wish
        held.save_version("replaced_by")
        return wish
    values["version"] = before + 1
    wish = Wish.objects.create(**values) if held is None else _behind(held, values)
    return wish


def _behind(held: Wish, values: Mapping[str, Any]) -> Wish:
    """A wish that was said before the one that holds: ended from the start, and ending what was said before it."""
    since, by = values["since"], values["recorded_by"]
    wish: Wish = Wish.objects.create(
        **values, ended_on=held.since, end_reason=EndReason.REPLACED, ended_by=by, replaced_by=held
    )
    for older in Wish.objects.valid().filter(replaced_by=held, since__lte=since).exclude(pk=wish.pk):
        end(older, since, EndReason.REPLACED, by=older.ended_by, newer=wish)
    return wish


def take_back(wish: Wish, *, reason: str, by: User, now: datetime) -> None:
    """Marks a wish as entered in error. What it had ended holds again, or was ended by what came after."""
    newer = wish.replaced_by if wish.end_reason == EndReason.REPLACED else None
    wish.error_at, wish.error_by, wish.error_reason = now, by, reason
    wish.save_version("error_at", "error_by", "error_reason")
    older = list(
        Wish.objects.valid().filter(replaced_by=wish).select_for_update(of=("self",)).order_by("-since", "-pk")
    )
    for row in older:
        if newer is not None:
            end(row, newer.since, EndReason.REPLACED, by=row.ended_by, newer=newer)
        else:
            _hold_again(row)
    record_about(wish, "wishes.error", by=by, now=now, reason=reason, details={"holds_again": [r.pk for r in older]})


def _hold_again(wish: Wish) -> None:
    wish.ended_on = wish.ended_by = wish.replaced_by = None
    wish.end_reason, wish.end_note = "", ""
    wish.save_version("ended_on", "ended_by", "end_reason", "end_note", "replaced_by")


def rows_of_conversation(conversation_id: int) -> Iterable[Wish]:
    """What one conversation said, newest first, errors left out."""
    rows = Wish.objects.valid().filter(conversation_id=conversation_id)
    return rows.select_related("patient", "replaced_by").select_for_update(of=("self",)).order_by("-since", "-pk")
