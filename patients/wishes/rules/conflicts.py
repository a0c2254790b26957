"""Contradictions between what is on record of a patient's wishes: named, never settled by the product. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.db.models import TextChoices

from patients.record.rules import ContactScope
from patients.wishes.rules.codes import (
    CodeStatus,
    DocumentState,
    InformationPreference,
    Place,
    TreatmentLimit,
    WishKind,
    label_of,
)
from patients.wishes.rules.holding import has_expired


class ConflictKind(TextChoices):
    FULL_BUT_LIMITED = "full_but_limited", "Full code, and a limit that excludes it"
    ORDER_DIFFERS = "order_differs", "Code status and a signed order differ"
    ORDERS_DIFFER = "orders_differ", "Two documents say different things"
    ONLY_ON_PAPER = "only_on_paper", "A document says it, and no wish on record does"
    EXCLUDED_PROXY = "excluded_proxy", "The proxy must not be told"
    EXCLUDED_CONTACT = "excluded_contact", "The emergency contact must not be told"
    TWO_PROXIES = "two_proxies", "Two proxies, and no word on who decides first"
    PROXY_UNSEEN = "proxy_unseen", "A proxy whose document nobody has seen"
    RESTS_ON_ENDED = "rests_on_ended", "A wish rests on a document that is no longer valid"
    ADMISSION = "admission", "No hospital admission, and cared for in hospital"
    NOBODY_TO_TELL = "nobody_to_tell", "Only the family is to be told, and nobody may be told"


# Worth a look, but nothing contradicts.
NOTICES = frozenset({ConflictKind.PROXY_UNSEEN})
# Full resuscitation cannot be done without these.
NEEDED_FOR_FULL = frozenset({TreatmentLimit.NO_INTENSIVE_CARE, TreatmentLimit.NO_VENTILATION})
PLACES = frozenset({WishKind.PLACE_OF_CARE, WishKind.PLACE_OF_DEATH})


@dataclass(frozen=True)
class WishFact:
    pk: int
    kind: str
    code: str
    text: str
    since: date
    by: str = ""
    document_id: int | None = None


@dataclass(frozen=True)
class DocumentFact:
    pk: int
    name: str
    state: str
    signed_on: date | None
    valid_until: date | None
    code_status: str = ""
    limits: tuple[str, ...] = ()
    by: str = ""
    proxy_id: int | None = None

    def holds(self, on: date) -> bool:
        return self.state == DocumentState.CURRENT and not has_expired(self.valid_until, on)


@dataclass(frozen=True)
class ContactFact:
    pk: int
    name: str
    scope: str
    is_proxy: bool = False
    document_seen: bool = False
    is_emergency: bool = False
    on: date | None = None


@dataclass(frozen=True)
class Side:
    """One side of a contradiction: which row says what, since when, by whom. `table`: wish, document, contact."""

    table: str
    pk: int
    says: str
    on: date | None = None
    by: str = ""


@dataclass(frozen=True)
class Conflict:
    kind: ConflictKind
    sides: tuple[Side, ...]

    @property
    def is_notice(self) -> bool:
        return self.kind in NOTICES

    @property
    def title(self) -> str:
        return str(self.kind.label)

    @property
    def words(self) -> str:
        """ "Full code, and a limit that excludes it: Full; No intensive care"."""
        return f"{self.title}: {'; '.join(side.says for side in self.sides)}"

    @property
    def fingerprint(self) -> str:
        """Of what both sides say: an answer holds until one of them says something else."""
        said = [[side.table, side.pk, side.says, side.on.isoformat() if side.on else ""] for side in self.sides]
        return hashlib.sha256(json.dumps([self.kind, *said]).encode()).hexdigest()


def conflicts_in(
    wishes: tuple[WishFact, ...], documents: tuple[DocumentFact, ...], contacts: tuple[ContactFact, ...], on: date
) -> tuple[Conflict, ...]:
    """Every contradiction of that day: among the wishes that hold, the documents, the people around the patient."""
    valid = tuple(each for each in documents if each.holds(on))
    return (
        *_full_but_limited(wishes, valid),
        *_admission(wishes),
        *_orders(wishes, valid),
        *_only_on_paper(wishes, valid),
        *_rests_on_ended(wishes, documents, on),
        *_people(contacts, valid),
        *_nobody_to_tell(wishes, contacts),
    )


def _wish(fact: WishFact) -> Side:
    return Side("wish", fact.pk, fact.text, fact.since, fact.by)


def _code(wishes: tuple[WishFact, ...]) -> WishFact | None:
    return next((each for each in wishes if each.kind == WishKind.CODE_STATUS), None)


def _document(fact: DocumentFact, says: str) -> Side:
    return Side("document", fact.pk, f"{fact.name}: {says}", fact.signed_on, fact.by)


def _full_but_limited(wishes: tuple[WishFact, ...], valid: tuple[DocumentFact, ...]) -> Iterator[Conflict]:
    code = _code(wishes)
    if code is None or code.code != CodeStatus.FULL:
        return
    for each in wishes:
        if each.kind == WishKind.LIMIT and each.code in NEEDED_FOR_FULL:
            yield Conflict(ConflictKind.FULL_BUT_LIMITED, (_wish(code), _wish(each)))
    for paper in valid:
        for limit in paper.limits:
            if limit in NEEDED_FOR_FULL:
                says = _document(paper, label_of(WishKind.LIMIT, limit))
                yield Conflict(ConflictKind.FULL_BUT_LIMITED, (_wish(code), says))


def _admission(wishes: tuple[WishFact, ...]) -> Iterator[Conflict]:
    limit = next((each for each in wishes if each.code == TreatmentLimit.NO_ADMISSION), None)
    for each in wishes:
        if limit is not None and each.kind in PLACES and each.code == Place.HOSPITAL:
            yield Conflict(ConflictKind.ADMISSION, (_wish(limit), _wish(each)))


def _orders(wishes: tuple[WishFact, ...], valid: tuple[DocumentFact, ...]) -> Iterator[Conflict]:
    code = _code(wishes)
    ordered = [each for each in valid if each.code_status not in {"", CodeStatus.NOT_DISCUSSED}]
    for paper in ordered:
        if code is not None and paper.code_status != code.code:
            says = _document(paper, label_of(WishKind.CODE_STATUS, paper.code_status))
            yield Conflict(ConflictKind.ORDER_DIFFERS, (_wish(code), says))
    for number, paper in enumerate(ordered):
        for other in ordered[number + 1 :]:
            if other.code_status != paper.code_status:
                sides = (_document(each, label_of(WishKind.CODE_STATUS, each.code_status)) for each in (paper, other))
                yield Conflict(ConflictKind.ORDERS_DIFFER, tuple(sides))


def _only_on_paper(wishes: tuple[WishFact, ...], valid: tuple[DocumentFact, ...]) -> Iterator[Conflict]:
    """What banner and board do not know, because they read wishes. What contradicts already is not named twice."""
    code, limits = _code(wishes), {each.code for each in wishes if each.kind == WishKind.LIMIT}
    if code is not None and code.code == CodeStatus.FULL:
        limits |= NEEDED_FOR_FULL
    codes = {each.code_status for each in valid} - {"", CodeStatus.NOT_DISCUSSED}
    for paper in valid:
        said = (
            [label_of(WishKind.CODE_STATUS, paper.code_status)] if code is None and codes == {paper.code_status} else []
        )
        said += [label_of(WishKind.LIMIT, limit) for limit in paper.limits if limit not in limits]
        if said:
            yield Conflict(ConflictKind.ONLY_ON_PAPER, (_document(paper, "; ".join(said)),))


def _rests_on_ended(wishes: tuple[WishFact, ...], documents: tuple[DocumentFact, ...], on: date) -> Iterator[Conflict]:
    ended = {each.pk: each for each in documents if not each.holds(on)}
    for each in wishes:
        paper = ended.get(each.document_id or 0)
        if paper is not None:
            expired = paper.state == DocumentState.CURRENT
            says = "expired" if expired else DocumentState(paper.state).label.lower()
            yield Conflict(ConflictKind.RESTS_ON_ENDED, (_wish(each), _document(paper, says)))


def _people(contacts: tuple[ContactFact, ...], valid: tuple[DocumentFact, ...]) -> Iterator[Conflict]:
    proxies = [each for each in contacts if each.is_proxy]
    for each in contacts:
        if each.scope != ContactScope.NONE:
            continue
        excluded = Side("contact", each.pk, f"{each.name} must not be told", each.on)
        if each.is_proxy:
            yield Conflict(ConflictKind.EXCLUDED_PROXY, (Side("contact", each.pk, f"{each.name} is proxy"), excluded))
        if each.is_emergency:
            called = Side("contact", each.pk, f"{each.name} is called in an emergency")
            yield Conflict(ConflictKind.EXCLUDED_CONTACT, (called, excluded))
    if len(proxies) > 1:
        sides = (Side("contact", each.pk, f"{each.name} is proxy", each.on) for each in proxies)
        yield Conflict(ConflictKind.TWO_PROXIES, tuple(sides))
    papers = {each.proxy_id for each in valid}
    for each in proxies:
        if not each.document_seen and each.pk not in papers:
            side = Side("contact", each.pk, f"{each.name} is proxy, document not seen", each.on)
            yield Conflict(ConflictKind.PROXY_UNSEEN, (side,))


def _nobody_to_tell(wishes: tuple[WishFact, ...], contacts: tuple[ContactFact, ...]) -> Iterator[Conflict]:
    for each in wishes:
        if each.kind == WishKind.INFORMATION and each.code == InformationPreference.FAMILY_ONLY:
            if not any(contact.scope == ContactScope.ALL for contact in contacts):
                nobody = Side("contact", 0, "Nobody is on record who may be told everything")
                yield Conflict(ConflictKind.NOBODY_TO_TELL, (_wish(each), nobody))
