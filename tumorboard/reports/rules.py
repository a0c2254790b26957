"""Figures of a board over a period: what each counts, in words. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import TextChoices


class FigureKey(TextChoices):
    """Each figure is a list of patients; the page shows how long the list is."""

    DISCUSSED = "discussed", "Cases discussed"
    DEFERRED = "deferred", "Cases deferred"
    SIGNED = "signed", "Decisions signed"
    INQUORATE = "inquorate", "Decided without quorum"
    GOALS_KNOWN = "goals-known", "Goals on the screen"
    NOT_TOLD = "not-told", "Patient not told yet"
    ACTIONS_OPEN = "actions-open", "Actions open"
    ACTIONS_OVERDUE = "actions-overdue", "Actions overdue"
    ACTIONS_DONE = "actions-done", "Actions done"
    IMPLEMENTED = "implemented", "Implemented"
    PARTLY = "partly", "Partly implemented"
    NOT_IMPLEMENTED = "not-implemented", "Not implemented"
    UNSETTLED = "unsettled", "Not settled yet"


class Period(TextChoices):
    MONTH = "30", "30 days"
    QUARTER = "90", "90 days"
    YEAR = "365", "12 months"


@dataclass(frozen=True)
class Concordance:
    """Full, partial and discordant recommendations; superseded and unsettled ones are not assessable
    (`clinical.md` 6)."""

    full: int
    partial: int
    discordant: int

    @property
    def assessable(self) -> int:
        return self.full + self.partial + self.discordant

    @property
    def percent(self) -> float | None:
        """Full of assessable, in percent; None when nothing can be assessed."""
        return 100 * self.full / self.assessable if self.assessable else None
