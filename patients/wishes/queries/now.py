"""What a patient wants as of a day, and what contradicts: for the page, the emergency sheet, the next step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.urls import reverse

from careteam.web.words import day, since
from patients.record.models import PatientContact
from patients.record.rules import ContactScope
from patients.wishes.models import CodeStatusReview, DocumentFile, Wish, WishConflictAnswer, WishDocument
from patients.wishes.rules import (
    LIMITING,
    Conflict,
    ContactFact,
    DocumentFact,
    WishFact,
    WishKind,
    conflicts_in,
    has_expired,
    limits_shown,
    mark_of,
    said_by_words,
)

CONFLICT_STEP = "wishes"  # source key of the next step while a contradiction is open


@dataclass(frozen=True)
class WishNow:
    """One wish with its age, author and source, in words. `mark` is a badge's kind and word, when there is one."""

    pk: int
    kind: str
    code: str
    text: str
    since: date
    age: str
    said_by: str
    source: str
    source_url: str
    recorded_by: str
    valid_until: date | None
    expired: bool
    limits: bool
    version: int
    is_signed: bool
    document_id: int | None

    @property
    def label(self) -> str:
        """What kind of wish it is."""
        return str(WishKind(self.kind).label)

    @property
    def by(self) -> str:
        """Who wrote it down and where: "Dr L. Brandt, conversation of 20 Nov 2026"."""
        return ", ".join(part for part in (self.recorded_by, self.source) if part)


def wish_now(wish: Wish, today: date) -> WishNow:
    """Wants `conversation`, `document` and `recorded_by` at hand."""
    source, url = wish.origin or ("imported" if wish.source else ""), ""
    if wish.conversation is not None:
        source = f"conversation of {day(wish.conversation.held_on)}"
        url = reverse("goals-conversation", args=[wish.patient_id, wish.conversation.pk])
    elif wish.document is not None:
        source, url = str(wish.document), reverse("wish-document", args=[wish.patient_id, wish.document_id])
    limits = wish.code in LIMITING if wish.kind == WishKind.CODE_STATUS else wish.kind == WishKind.LIMIT
    return WishNow(
        pk=wish.pk,
        kind=wish.kind,
        code=wish.code,
        text=wish.text,
        since=wish.since,
        age=since(wish.since, today),
        said_by=said_by_words(wish.said_by),
        source=source,
        source_url=url,
        recorded_by=str(wish.recorded_by) if wish.recorded_by else "",
        valid_until=wish.valid_until,
        expired=has_expired(wish.valid_until, today),
        limits=limits,
        version=wish.version,
        is_signed=wish.conversation_id is not None,
        document_id=wish.document_id,
    )


def _with_sources(wishes: QuerySet[Wish]) -> QuerySet[Wish]:
    return wishes.select_related("recorded_by", "conversation", "document")


def holding(patient_id: int, today: date) -> list[WishNow]:
    """The wishes that hold, in the order of the kinds, limits by age (one query)."""
    order = list(WishKind)
    rows = _with_sources(Wish.objects.holding().filter(patient_id=patient_id)).order_by("since", "pk")
    return sorted((wish_now(row, today) for row in rows), key=lambda wish: order.index(WishKind(wish.kind)))


def history_of(patient_id: int) -> list[Wish]:
    """Every wish that no longer holds, latest end first; those entered in error too (one query)."""
    rows = Wish.objects.filter(patient_id=patient_id).exclude(ended_on__isnull=True, error_at__isnull=True)
    rows = rows.select_related("recorded_by", "ended_by", "error_by", "replaced_by", "conversation", "document")
    return list(rows.order_by("-ended_on", "-pk"))


def documents_of(patient_id: int) -> list[WishDocument]:
    """Every document with its files (`valid_files`), current ones first (two queries)."""
    files = DocumentFile.objects.valid().select_related("added_by").order_by("-pk")
    rows = WishDocument.objects.valid().filter(patient_id=patient_id).select_related("seen_by", "proxy", "created_by")
    return list(rows.prefetch_related(Prefetch("files", files, to_attr="valid_files")).order_by("state", "-signed_on"))


@dataclass(frozen=True)
class SideNow:
    table: str
    says: str
    on: date | None
    by: str
    url: str


@dataclass(frozen=True)
class ConflictNow:
    """A contradiction with both sides and where each is changed; `answer` once somebody said why both hold."""

    conflict: Conflict
    sides: tuple[SideNow, ...]
    answer: WishConflictAnswer | None

    @property
    def is_open(self) -> bool:
        return self.answer is None and not self.conflict.is_notice


def conflicts_of(patient_id: int, today: date) -> list[ConflictNow]:
    """Every contradiction and notice, open ones first (four queries)."""
    wishes = Wish.objects.holding().filter(patient_id=patient_id).select_related("recorded_by").order_by("since", "pk")
    papers = WishDocument.objects.valid().filter(patient_id=patient_id).select_related("seen_by").order_by("pk")
    people = PatientContact.objects.valid().filter(patient_id=patient_id).order_by("pk")
    found = conflicts_in(
        tuple(_wish_fact(row) for row in wishes),
        tuple(_document_fact(row) for row in papers),
        tuple(_contact_fact(row) for row in people),
        today,
    )
    if not found:
        return []
    answers = {
        (row.conflict, row.fingerprint): row
        for row in WishConflictAnswer.objects.valid().filter(patient_id=patient_id).select_related("answered_by")
    }
    rows = [ConflictNow(each, _sides(patient_id, each), answers.get((each.kind, each.fingerprint))) for each in found]
    return sorted(rows, key=lambda row: (not row.is_open, row.conflict.is_notice))


def _sides(patient_id: int, conflict: Conflict) -> tuple[SideNow, ...]:
    return tuple(
        SideNow(side.table, side.says, side.on, side.by, _place(patient_id, side.table, side.pk))
        for side in conflict.sides
    )


def _place(patient_id: int, table: str, pk: int) -> str:
    """Where a side is changed."""
    if table == "wish":
        return reverse("wish-end", args=[patient_id, pk])
    if table == "document":
        return reverse("wish-document", args=[patient_id, pk])
    if not pk:
        return reverse("record-add", args=[patient_id, "patientcontact"])
    return reverse("record-change", args=[patient_id, "patientcontact", pk])


def _wish_fact(row: Wish) -> WishFact:
    by = str(row.recorded_by) if row.recorded_by else ""
    return WishFact(row.pk, row.kind, row.code, f"{row.get_kind_display()}: {row.text}", row.since, by, row.document_id)


def _document_fact(row: WishDocument) -> DocumentFact:
    by = f"seen by {row.seen_by}" if row.seen_by else ""
    return DocumentFact(
        row.pk,
        str(row),
        row.state,
        row.signed_on,
        row.valid_until,
        row.code_status,
        tuple(row.limits),
        by,
        row.proxy_id,
    )


def _contact_fact(row: PatientContact) -> ContactFact:
    return ContactFact(
        row.pk,
        row.name,
        row.scope,
        row.is_proxy,
        row.proxy_document_seen,
        row.is_emergency_contact,
        row.consent_on,
    )


@dataclass(frozen=True)
class People:
    """Who may be told what, who decides, who must not be told. Nobody of `excluded` is ever somebody to call."""

    told: tuple[PatientContact, ...]
    practical: tuple[PatientContact, ...]
    excluded: tuple[PatientContact, ...]
    proxies: tuple[PatientContact, ...]
    emergency: tuple[PatientContact, ...]

    @property
    def anybody(self) -> bool:
        return bool(self.told or self.practical or self.excluded)


def people_of(patient_id: int) -> People:
    """The people around a patient by what they may know (one query)."""
    rows = list(PatientContact.objects.valid().filter(patient_id=patient_id).order_by("pk"))
    # Also where an import brought the same person once more: the row that says no goes first.
    closed = {row.name.casefold() for row in rows if row.scope == ContactScope.NONE}
    open_to = [row for row in rows if row.name.casefold() not in closed]
    return People(
        told=tuple(row for row in open_to if row.scope == ContactScope.ALL),
        practical=tuple(row for row in open_to if row.scope == ContactScope.PRACTICAL),
        excluded=tuple(row for row in rows if row.scope == ContactScope.NONE),
        proxies=tuple(row for row in open_to if row.is_proxy),
        emergency=tuple(row for row in open_to if row.is_emergency_contact),
    )


def shown_limits(wishes: Iterable[WishNow]) -> str:
    """DNR, DNI and limits in one line, as they are reviewed for a procedure."""
    rows = list(wishes)
    code = next((row.code for row in rows if row.kind == WishKind.CODE_STATUS), "")
    return limits_shown(code, (row.text for row in rows if row.kind == WishKind.LIMIT))


@dataclass(frozen=True)
class ReviewNow:
    """What was reviewed for one procedure; `stands` while the same is still on record."""

    review: CodeStatusReview | None
    shown: str
    stands: bool
    earlier: tuple[CodeStatusReview, ...]


def review_of(patient_id: int, line_id: int, today: date) -> ReviewNow:
    """The reviews of code status for one treatment line (two queries)."""
    shown = shown_limits(holding(patient_id, today))
    rows: list[Any] = list(
        CodeStatusReview.objects.valid()
        .filter(patient_id=patient_id, line_id=line_id)
        .select_related("reviewed_by")
        .order_by("-reviewed_on", "-pk")
    )
    latest = rows[0] if rows else None
    return ReviewNow(latest, shown, latest is not None and latest.reviewed == mark_of(shown), tuple(rows[1:]))
