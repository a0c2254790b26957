"""Rules of letters. Pure: no tables, no clock, no settings."""

from patients.letters.rules.filling import Block, blocks, filled, named, one_line, problems
from patients.letters.rules.kinds import MOST, NEEDED, NOT_KNOWN, PLACEHOLDERS, TO_GP, LetterKind
from patients.letters.rules.sheets import Sheet, address_lines, is_gp, parts, sheet_from, unbroken
from patients.letters.rules.texts import TEXTS
from patients.letters.rules.words import (
    FALLBACK,
    SHIPPED,
    born_words,
    date_words,
    direction,
    fallback_words,
    languages,
    preparation_words,
    salutation,
    scan_words,
)

__all__ = [
    "FALLBACK",
    "MOST",
    "NEEDED",
    "NOT_KNOWN",
    "PLACEHOLDERS",
    "SHIPPED",
    "TEXTS",
    "TO_GP",
    "Block",
    "LetterKind",
    "Sheet",
    "address_lines",
    "blocks",
    "born_words",
    "date_words",
    "direction",
    "fallback_words",
    "filled",
    "is_gp",
    "languages",
    "named",
    "one_line",
    "parts",
    "preparation_words",
    "problems",
    "salutation",
    "scan_words",
    "sheet_from",
    "unbroken",
]
