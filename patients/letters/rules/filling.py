"""The small language of letter texts: `{name}` and nothing else. Nothing in a text is ever run. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from patients.letters.rules.kinds import NEEDED, NOT_KNOWN, PLACEHOLDERS, WORDED, LetterKind
from patients.letters.rules.words import SHIPPED

_PLACEHOLDER = re.compile(r"\{([^{}\n]*)\}")
LINE = "- "  # begins a line of a list


def named(text: str) -> list[str]:
    """What the text names in braces, in order, as it stands there."""
    return [name.strip() for name in _PLACEHOLDER.findall(text)]


def problems(kind: LetterKind, language: str, *, subject: str, body: str) -> dict[str, list[str]]:
    """Why a text cannot be used, by field; empty when it can."""
    found: dict[str, list[str]] = {}
    for field, text in (("subject", subject), ("body", body)):
        reasons = _of_one(kind, language, text)
        if reasons:
            found[field] = reasons
    missing = sorted(NEEDED[kind] - (WORDED if language not in SHIPPED else frozenset()) - set(named(subject + body)))
    if missing:
        found.setdefault("body", []).append(f"Say {_listed(missing)} too: {kind.label.lower()} needs it.")
    return found


def _of_one(kind: LetterKind, language: str, text: str) -> list[str]:
    if not text.strip():
        return ["Write the text."]
    reasons = []
    names = named(text)
    unknown = sorted({name for name in names if name not in PLACEHOLDERS})
    if unknown:
        reasons.append(f"There is no {_listed(unknown)}. Use {_listed(sorted(PLACEHOLDERS))}.")
    if "{" in _PLACEHOLDER.sub("", text) or "}" in _PLACEHOLDER.sub("", text):
        reasons.append("A brace stands alone: write each placeholder as one word in braces, like {date}.")
    empty = sorted(set(names) & NOT_KNOWN[kind])
    if empty:
        reasons.append(f"Leave out {_listed(empty)}: only a booked scan has it.")
    unworded = sorted(set(names) & WORDED) if language not in SHIPPED else []
    if unworded:
        reasons.append(f"We have no words of this language for {_listed(unworded)}: write them out instead.")
    return reasons


def _listed(names: list[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders replaced, once: a value that holds braces stays as it is. Raises KeyError for a
    placeholder without a value, which `problems` has refused before."""
    return _PLACEHOLDER.sub(lambda found: values[found[1].strip()], text).strip()


@dataclass(frozen=True)
class Block:
    """A paragraph (lines) or a list (items) of a letter."""

    lines: tuple[str, ...]
    is_list: bool


def blocks(text: str) -> tuple[Block, ...]:
    """The text as paragraphs, divided by empty lines, and lists, whose lines begin with a hyphen and a space."""
    found: list[Block] = []
    for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip()):
        run: list[str] = []
        of_list = False
        for line in (each.strip() for each in part.split("\n")):
            if run and line.startswith(LINE) != of_list:
                found.append(Block(tuple(run), of_list))
                run = []
            of_list = line.startswith(LINE)
            run.append(line.removeprefix(LINE))
        if any(run):
            found.append(Block(tuple(run), of_list))
    return tuple(found)


def one_line(value: str) -> str:
    """A value that stands inside a sentence: no line of its own may become a list or a paragraph."""
    return " ".join(value.split())
