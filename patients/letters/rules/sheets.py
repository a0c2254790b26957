"""A letter as the paper shows it, whoever writes it: addresses as lines, the text as paragraphs and lists. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from careteam.web.words import NBSP
from patients.letters.rules.filling import Block, blocks
from patients.letters.rules.words import date_words, direction

_GP_WORDS = frozenset({"gp", "general practitioner", "family doctor", "family physician", "primary care physician"})
_TITLES = frozenset({"dr", "prof", "md"})


@dataclass(frozen=True)
class Sheet:
    """`sender` begins with a name and ends with a phone number."""

    sender: tuple[str, ...]
    recipient: tuple[str, ...]
    date: str
    subject: str
    blocks: tuple[Block, ...]
    lang: str
    dir: str


def sheet_from(*, sender: str, recipient: str, on: date, subject: str, body: str, language: str) -> Sheet:
    return Sheet(
        tuple(sender.split("\n")),
        tuple(recipient.split("\n")),
        date_words(on, language),
        subject,
        blocks(body),
        language,
        direction(language),
    )


def unbroken(phone: str) -> str:
    """A number that no line end divides."""
    return NBSP.join(phone.split())


def parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def address_lines(address: str) -> list[str]:
    """Lines of an address; one that was typed in one line is divided at its commas."""
    lines = [line.strip() for line in address.splitlines() if line.strip()]
    return parts(lines[0]) if len(lines) == 1 else lines


def is_gp(name: str, relation: str, gp: str) -> bool:
    """Whether a contact is the GP: by relation, or by a name that stands in the GP's line."""
    names = [part for part in name.casefold().replace(".", " ").split() if part not in _TITLES]
    words = gp.casefold().replace(",", " ").replace(".", " ").split()
    return relation.strip().casefold() in _GP_WORDS or (bool(names) and all(part in words for part in names))
