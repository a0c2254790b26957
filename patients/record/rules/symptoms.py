"""Symptoms, weight and performance over time (`clinical.md` 5.4, 5.3). Pure.

ESAS-r: nine named items and one other, each 0 to 10. None 0, mild 1–3, moderate 4–6, severe 7 and more (V). Total of
the nine, 0 to 90: better by at least 3, worse by at least 4 (V).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

ESAS_LABELS: dict[str, str] = {
    "pain": "Pain",
    "tiredness": "Tiredness",
    "drowsiness": "Drowsiness",
    "nausea": "Nausea",
    "appetite": "Lack of appetite",
    "breathlessness": "Shortness of breath",
    "depression": "Depression",
    "anxiety": "Anxiety",
    "wellbeing": "Wellbeing",
    "other": "Other problem",
}
ESAS_ITEMS = tuple(ESAS_LABELS)
NAMED_ITEMS = ESAS_ITEMS[:-1]
BETTER_BY, WORSE_BY = 3, 4
MODERATE, SEVERE = 4, 7


def severity(score: int | None) -> str:
    """ "none", "mild", "moderate", "severe"; empty when not answered."""
    if score is None:
        return ""
    if score >= SEVERE:
        return "severe"
    if score >= MODERATE:
        return "moderate"
    return "mild" if score else "none"


def esas_total(scores: Mapping[str, int | None]) -> int | None:
    """Sum of the nine named items, 0 to 90; None while one of them is not answered."""
    values = [scores.get(name) for name in NAMED_ITEMS]
    return None if None in values else sum(value for value in values if value is not None)


def total_change(now: int | None, before: int | None) -> str:
    """ "better", "worse" or "unchanged" against the total before; empty when one of them is missing."""
    if now is None or before is None:
        return ""
    if now <= before - BETTER_BY:
        return "better"
    return "worse" if now >= before + WORSE_BY else "unchanged"


def items_at_least(scores: Mapping[str, int | None], limit: int) -> tuple[str, ...]:
    """The items that reach the limit, worst first, then in the order of the form."""
    hit = [(name, value) for name in ESAS_ITEMS if (value := scores.get(name)) is not None and value >= limit]
    return tuple(name for name, _ in sorted(hit, key=lambda pair: -pair[1]))


@dataclass(frozen=True)
class WeightLoss:
    """Loss in percent against the weight about so many days earlier; negative is gain."""

    days: int
    percent: Decimal
    since: date
    kilograms: Decimal

    @property
    def months(self) -> int:
        """Three or six: how people say the span."""
        return round(self.days / 30)


def weight_loss(weights: Sequence[tuple[date, Decimal]], days: int, slack: int) -> WeightLoss | None:
    """Loss of the latest weight (kg) against the one nearest to `days` before it, `slack` days to either side. None
    without such a pair. `weights` in any order."""
    usable = sorted((on, value) for on, value in weights if value > 0)
    if len(usable) < 2:
        return None
    last_on, last = usable[-1]
    aim = last_on - timedelta(days=days)
    near = [(abs((on - aim).days), on, value) for on, value in usable[:-1] if abs((on - aim).days) <= slack]
    if not near:
        return None
    _, since, before = min(near)
    percent = ((before - last) * 100 / before).quantize(Decimal("0.1"))
    return WeightLoss(days, percent, since, before - last)


# Weight loss is read over about three and about six months (SPICT, `clinical.md` 5.3); few are weighed on the day.
LOSS_DAYS, SLACK_DAYS = (91, 183), 31


def losses_of(weights: Sequence[tuple[date, Decimal]]) -> tuple[WeightLoss, ...]:
    """Over about three and about six months, where there are weights to compare."""
    found = (weight_loss(weights, days, SLACK_DAYS) for days in LOSS_DAYS)
    return tuple(loss for loss in found if loss is not None)


def greatest_loss(weights: Sequence[tuple[date, Decimal]]) -> WeightLoss | None:
    """The larger of the two losses; None when nothing was lost or cannot be told."""
    lost = [loss for loss in losses_of(weights) if loss.percent > 0]
    return max(lost, key=lambda loss: loss.percent) if lost else None
