"""Rows about wishes, as the signatures of the conversations would have written them. Pure."""

from __future__ import annotations

from typing import Any

from careteam.cohort.histories.rows import History, Ref
from patients.wishes.rules import Spoken, WishKind


def _spoken(row: dict[str, Any]) -> Spoken:
    return Spoken(
        code_status=row.get("code_status", ""),
        procedure=row.get("code_status_procedure", ""),
        limits=tuple(row.get("limits_codes", ())),
        limit_words=row.get("treatment_limits", ""),
        place_of_care=row.get("place_of_care", ""),
        place_of_death=row.get("place_of_death", ""),
        information=row.get("information_preference", ""),
        order=row.get("order_location", ""),
        spiritual=row.get("spiritual", ""),
    )


def write_wishes(history: History) -> None:
    """One wish for each thing that a conversation spoke of; the newer ends the older."""
    talks = [(n, row) for n, row in enumerate(history.of("conversation")) if row["status"] != "retracted"]
    last: dict[WishKind, Ref] = {}
    for n, row in sorted(talks, key=lambda pair: (pair[1]["held_on"], pair[0])):
        for said in _spoken(row).wishes():
            wish = history.add(
                "wish",
                kind=said.kind,
                code=said.code,
                words=said.words,
                since=row["held_on"],
                conversation=Ref("conversation", n),
                recorded_by=row["signed_by"],
                recorded_at=row["signed_at"],
            )
            if (older := last.get(said.kind)) is not None:
                history.row(older).update(
                    ended_on=row["held_on"], end_reason="replaced", ended_by=row["signed_by"], replaced_by=wish
                )
            last[said.kind] = wish
