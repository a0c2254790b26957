"""What every rule takes and gives: a typed snapshot of one patient in, a prompt (or none) out. Pure.

Guidance informs (`product.md`, safety rules): it never orders, blocks or ranks; alternatives stand in alphabetical
order. A threshold tagged P that the team has not signed never raises a prompt, nor does a rule whose own source is
tagged P (`model.md` 7): what they would have said is kept apart as "local, unsigned".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from patients.guidance.rules.facts import LineFact, Snapshot


@dataclass(frozen=True)
class Matched:
    """One input that the rule rests on, with its date. `key` is what makes it the same input where value and date do
    not: a planned line keeps its prompt answered when its date moves, and another line is another input."""

    label: str
    value: str
    on: date | None = None
    key: str = ""

    @property
    def identity(self) -> list[str]:
        return [self.label, self.key] if self.key else [self.label, self.value, str(self.on)]


def of_line(line: LineFact, label: str = "Line") -> Matched:
    return Matched(label, line.label, line.on, key=f"{line.line_id}:{line.label}:{line.started_on}")


@dataclass(frozen=True)
class Hit:
    """One reason to speak, and the number it rests on; "" rests on none."""

    matched: Matched
    code: str = ""


@dataclass(frozen=True)
class Finding:
    """What a rule's check gives; the rule adds id, version, source. `text` replaces the rule's own. `local` names the
    unsigned numbers without which there would be nothing to say."""

    matched: tuple[Matched, ...]
    missing: tuple[str, ...] = ()
    text: str = ""
    local: tuple[str, ...] = ()


def weighed(
    s: Snapshot,
    hits: Sequence[Hit],
    *,
    about: Sequence[Matched] = (),
    missing: Sequence[str] = (),
    missing_raises: bool = False,
    text: str = "",
) -> Finding | None:
    """A finding when something was hit. Where every hit rests on an unsigned number the finding is local; beside a
    settled one, an unsigned one is shown as such. `missing_raises`: what is not known is a reason to speak, too."""
    settled = [hit for hit in hits if not hit.code or s.numbers[hit.code].settled]
    unsigned = [hit for hit in hits if hit not in settled]
    if not hits and not (missing and missing_raises):
        return None
    if settled or (missing and missing_raises):
        shown = [replace(hit.matched, value=f"{hit.matched.value} (local, unsigned)".strip()) for hit in unsigned]
        return Finding((*about, *(hit.matched for hit in settled), *shown), tuple(missing), text)
    local = tuple(dict.fromkeys(hit.code for hit in unsigned))
    return Finding((*about, *(hit.matched for hit in unsigned)), tuple(missing), text, local)


@dataclass(frozen=True)
class Prompt:
    """What a clinician reads. `points_to` names where it is answered when not here ("goals"). `local` names the
    numbers or the rule that nobody signed for the team: such a prompt is not raised, only listed as unsigned."""

    rule: str
    version: int
    title: str
    text: str
    matched: tuple[Matched, ...]
    source: str
    tag: str
    limits: str = ""
    missing: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    points_to: str = ""
    local: tuple[str, ...] = ()

    @property
    def is_raised(self) -> bool:
        return not self.local

    @property
    def fingerprint(self) -> str:
        """Same inputs, same prompt: answered once. New inputs are a new prompt."""
        parts = [self.rule, self.version, [each.identity for each in self.matched], list(self.missing)]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True)
class Rule:
    """One rule of the catalog (`clinical.md` 4): what it looks at, what it says, on whose authority, and what it does
    not know. `numbers` are the configured numbers it compares with."""

    rule: str
    version: int
    title: str
    condition: str
    text: str
    source: str
    tag: str
    limits: str
    check: Callable[[Snapshot], Finding | None]
    alternatives: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    points_to: str = ""

    @property
    def options(self) -> tuple[str, ...]:
        """The alternatives in alphabetical order: never ranked."""
        return tuple(sorted(self.alternatives, key=str.lower))

    def is_signed(self, numbers: Mapping[str, object]) -> bool:
        """Whether the rule may speak for the team: its source was read, or this very version was signed there."""
        number = numbers.get(self.rule)
        settled = bool(getattr(number, "settled", False))
        return self.tag != "P" or (settled and getattr(number, "value", None) == self.version)

    def apply(self, snapshot: Snapshot) -> Prompt | None:
        """The prompt for this patient, or None where the rule has nothing to say."""
        finding = self.check(snapshot)
        if finding is None:
            return None
        own = () if self.is_signed(snapshot.numbers) else (self.rule,)
        return Prompt(
            rule=self.rule,
            version=self.version,
            title=self.title,
            text=finding.text or self.text,
            matched=finding.matched,
            source=self.source,
            tag=self.tag,
            limits=self.limits,
            missing=finding.missing,
            alternatives=self.options,
            points_to=self.points_to,
            local=(*own, *finding.local),
        )
