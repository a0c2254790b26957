"""The figures of the worklist's head line, kept for some seconds."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.cache import cache

from patients.imaging.queries.scope import Scope
from patients.imaging.queries.worklist import Counts, counts

FIGURES_SECONDS = 15  # how old they may be; the rows below are always of this moment


def _key(teams: Iterable[int]) -> str:
    return f"imaging-figures:{'-'.join(map(str, sorted(teams)))}"


def figures_of(teams: Iterable[int], scope: Scope) -> Counts:
    """Counted at most once in `FIGURES_SECONDS`."""
    figures: Counts | None = cache.get(_key(teams))
    if figures is None:
        figures = counts(scope)
        cache.set(_key(teams), figures, FIGURES_SECONDS)
    return figures


def forget_figures(teams: Iterable[int]) -> None:
    """Whoever has just acted sees the head line of this moment."""
    cache.delete(_key(teams))
