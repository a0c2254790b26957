"""How the form of a decision grows: its fields are named after options, alternatives and actions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from tumorboard.decisions.rules import option_choices
from tumorboard.live.rules import ACTIONS_MOST

TERMS = ("detail", "strength", "condition", "evidence")
ROW = re.compile(r"(?:what|kind|owner|due)_([an][0-9]{1,18})")


@dataclass(frozen=True)
class Shape:
    """Which fields a form has besides the fixed ones: terms for each option, a reason for each alternative, one action
    for each row (`a17` the action 17, `n1` a new one)."""

    options: tuple[str, ...] = ()
    considered: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()

    @classmethod
    def of(cls, initial: Mapping[str, Any], data: QueryDict | None, *, another: bool = False) -> Shape:
        """What stands recorded and what was sent, together; `another`: and one row more."""
        sent = data or QueryDict()
        options = [*initial.get("options", ()), *sent.getlist("options")]
        considered = [*initial.get("considered", ()), *sent.getlist("considered")]
        rows = list(dict.fromkeys(match[1] for name in [*initial, *sent] if (match := ROW.fullmatch(name))))
        if another and len(rows) < ACTIONS_MOST - 1:
            rows.append(f"n{max((int(row[1:]) for row in rows if row[0] == 'n'), default=0) + 1}")
        order = [value for value, _ in option_choices()]
        return cls(
            tuple(value for value in order if value in options),
            tuple(value for value in order if value in considered),
            tuple(rows[: ACTIONS_MOST - 1]),
        )
