"""Which published figures belong to a stratum, and when none is shown. Nothing is computed for a person. Pure.

Display rules of `clinical.md` 7 and `model.md` 7: clinicians only, always with population, years and source; hidden
when the patient wants no numbers, or wants to know nothing now, or wants only the family told.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import date

from patients.guidance.rules.facts import Snapshot
from patients.protocol.rules.prognosis import FIGURES, GroupFigure

HIDDEN_BY = frozenset({"none_now", "family_only", "big_picture"})
_UNKNOWN = frozenset({"", "unclassified", "ungraded"})


@dataclass(frozen=True)
class Stratum:
    """One thing the figures were chosen by, with its day."""

    label: str
    value: str
    on: date | None = None


@dataclass(frozen=True)
class GroupFigures:
    """What is shown. `missing` names what would choose a stratum; without it nothing is shown, since unstratified
    figures mislead. `unsigned` counts figures of the stratum that nobody signed."""

    strata: tuple[Stratum, ...]
    figures: tuple[GroupFigure, ...] = ()
    missing: tuple[str, ...] = ()
    unsigned: int = 0


def fits(figure: GroupFigure, s: Snapshot) -> bool:
    if figure.grades and s.grade not in figure.grades:
        return False
    if figure.stages and s.stage not in figure.stages:
        return False
    if figure.sites and s.primary_site not in figure.sites:
        return False
    if figure.netpet and s.netpet[:2] not in figure.netpet:
        return False
    return not figure.liver or "liver" in s.metastases


def figures_for(s: Snapshot, settled: Container[str]) -> GroupFigures:
    """The figures of the stratum; `settled` holds the codes that need no signature or have it."""
    strata = [
        Stratum("Differentiation and grade", s.grade, s.grade_on),
        Stratum("Stage", s.stage, s.stage_on),
        Stratum("Primary", s.primary_site.replace("_", " / ")),
        Stratum("Metastases", ", ".join(sorted(site.replace("_", " ") for site in s.metastases))),
        Stratum("NETPET", s.netpet),
    ]
    missing: list[str] = []
    if s.grade in _UNKNOWN:
        missing += s.grade_missing or ("grade",)
    if not s.stage:
        missing.append("stage")
    if missing:
        return GroupFigures(tuple(strata), missing=tuple(missing))
    found = [figure for figure in FIGURES if fits(figure, s)]
    shown = tuple(figure for figure in found if figure.code in settled)
    return GroupFigures(tuple(strata), shown, unsigned=len(found) - len(shown))
