"""L-order, therapy line, best response of a line. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from patients.treatment.rules.codes import RAISES_LINE_NUMBER, SUPPORTIVE, SYSTEMIC_OR_PRRT, LineRole


@dataclass(frozen=True)
class CountedLine:
    """What the numbering needs of a line, in order of start."""

    modality: str
    role: str
    start_reason: str
    started: bool = True


@dataclass(frozen=True)
class LineNumber:
    """`order` is n of "Ln", None beside the lines; `therapy` is the therapy line, None for what does not count."""

    order: int | None
    therapy: int | None
    therapy_so_far: int


def number_lines(lines: Sequence[CountedLine]) -> list[LineNumber]:
    """L-order and therapy line of each line (`model.md` 4), lines given in order of start.

    Only antitumor systemic treatment and PRRT counts. The number rises at first treatment, progression, intolerance
    and relapse; a planned sequence keeps it (a first counted line always gets 1). Lines that only run beside (symptom
    control, supportive) get neither number; a line that never started gets no therapy number.
    """
    numbers: list[LineNumber] = []
    order = therapy = 0
    for line in lines:
        if line.role != LineRole.ANTITUMOR or line.modality in SUPPORTIVE:
            numbers.append(LineNumber(None, None, therapy))
            continue
        order += 1
        if line.modality not in SYSTEMIC_OR_PRRT or not line.started:
            numbers.append(LineNumber(order, None, therapy))
            continue
        if therapy == 0 or line.start_reason in RAISES_LINE_NUMBER:
            therapy += 1
        numbers.append(LineNumber(order, therapy, therapy))
    return numbers


_RANK = {"CR": 0, "PR": 1, "SD": 2, "NN": 2, "NE": 4, "PD": 3}


def best_of(categories: Sequence[str]) -> str:
    """The best response of several; not evaluable only when nothing else is known; empty for none."""
    return min(categories, key=lambda category: _RANK.get(category, 5), default="")
