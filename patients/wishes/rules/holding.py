"""What a wish says, how long it holds, which other one it ends. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from patients.wishes.rules.codes import CODES, LIMITING, MANY, CodeStatus, SaidBy, TreatmentLimit, WishKind, label_of


@dataclass(frozen=True)
class Said:
    """One wish as somebody says it. `code` is one of the kind's `CODES` (empty: in words only)."""

    kind: WishKind
    code: str = ""
    words: str = ""


@dataclass(frozen=True)
class Spoken:
    """What a conversation says of wishes. Empty means that it was not spoken of: what held before goes on.

    `limits` are codes of `TreatmentLimit`; `limit_words` what was said of limits in own words.
    """

    code_status: str = ""
    procedure: str = ""
    limits: tuple[str, ...] = ()
    limit_words: str = ""
    place_of_care: str = ""
    place_of_death: str = ""
    information: str = ""
    order: str = ""
    spiritual: str = ""

    def wishes(self) -> Iterator[Said]:
        if self.code_status and self.code_status != CodeStatus.NOT_DISCUSSED:
            yield Said(WishKind.CODE_STATUS, self.code_status)
        if self.procedure:
            yield Said(WishKind.PROCEDURE, self.procedure)
        for code in dict.fromkeys(self.limits):
            if code != TreatmentLimit.OTHER:
                yield Said(WishKind.LIMIT, code)
        if self.limit_words.strip():
            yield Said(WishKind.LIMIT, TreatmentLimit.OTHER, self.limit_words.strip())
        if self.place_of_care:
            yield Said(WishKind.PLACE_OF_CARE, self.place_of_care)
        if self.place_of_death:
            yield Said(WishKind.PLACE_OF_DEATH, self.place_of_death)
        if self.information:
            yield Said(WishKind.INFORMATION, self.information)
        if self.order.strip():
            yield Said(WishKind.ORDER, "", self.order.strip())
        if self.spiritual.strip():
            yield Said(WishKind.SPIRITUAL, "", self.spiritual.strip())


def words_of(kind: str, code: str, words: str) -> str:
    """ "DNR", "No intensive care: not even for a night", "Rosary by the bed"."""
    label = "" if code == TreatmentLimit.OTHER and kind == WishKind.LIMIT else label_of(kind, code)
    return ": ".join(part for part in (label, words.strip()) if part)


def has_expired(valid_until: date | None, on: date) -> bool:
    """The last day it holds is `valid_until` itself."""
    return valid_until is not None and valid_until < on


def problems(said: Said, *, since: date, until: date | None, today: date, born: date | None) -> list[str]:
    """Why a wish cannot be recorded so, in sentences."""
    found = []
    codes = CODES.get(said.kind)
    if codes is not None and said.code not in codes.values:
        found.append("Choose what is wished.")
    elif said.kind == WishKind.CODE_STATUS and said.code == CodeStatus.NOT_DISCUSSED:
        found.append("“Not discussed” is no wish. End the present one if it no longer holds.")
    if (codes is None or said.code == TreatmentLimit.OTHER) and not said.words.strip():
        found.append("Say it in words.")
    if since > today:
        found.append("The day it was said lies in the future.")
    if born is not None and since < born:
        found.append("The day it was said lies before the birth date.")
    if until is not None and until < since:
        found.append("It cannot end before it was said.")
    return found


def same_slot(kind: str, code: str, other_kind: str, other_code: str) -> bool:
    """Whether the newer of two wishes ends the older: the same kind; for limits the same limit. Limits in words stand
    beside each other."""
    if kind != other_kind:
        return False
    return kind not in MANY or (code == other_code and code != TreatmentLimit.OTHER)


def said_by_words(said_by: str) -> str:
    """ "said by the patient"."""
    return "from a document" if said_by == SaidBy.DOCUMENT else f"said by {SaidBy(said_by).label.lower()}"


def limits_shown(code_status: str, limits: Iterable[str]) -> str:
    """Code status and limits in one line, as they are reviewed before a procedure; empty when nothing is limited."""
    code = label_of(WishKind.CODE_STATUS, code_status) if code_status in LIMITING else ""
    return "; ".join(part for part in (code, *limits) if part)


def mark_of(shown: str) -> str:
    """By which a review knows whether what it reviewed is still what is on record."""
    return hashlib.sha256(shown.encode()).hexdigest()
