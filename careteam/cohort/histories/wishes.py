"""Rows about wishes, as the signatures of the conversations would have written them. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from careteam.cohort.histories.person import responsible
from careteam.cohort.histories.profile import Profile
from careteam.cohort.histories.rows import Dice, History, Ref, Text, at
from patients.wishes.rules import MANY, ConflictKind, Spoken, WishKind

_ORIGINALS = ("On the refrigerator door", "With the daughter", "Green folder, bedside table", "With the GP, copy here")


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


def write_wishes(dice: Dice, history: History, profile: Profile, today: date, *, directed: bool) -> None:
    """One wish for each thing that a conversation spoke of; the newer ends the older. Beside them limits and papers;
    here and there two things that contradict each other, which somebody is asked to settle."""
    last = _from_talks(history)
    found = last.get((WishKind.CODE_STATUS, ""))
    if found is None or directed or any(kind == WishKind.LIMIT for kind, _ in last):
        return
    code = history.row(found)
    if code["code"] == "full":
        if profile.in_care and dice.chance(0.08):
            _limit(history, code, "no_icu", said=code["since"])
            _ask(history, ConflictKind.FULL_BUT_LIMITED, today)
        return
    for limit in dice.sample(("no_icu", "no_ventilation", "no_feeding_tube", "no_dialysis", "no_operation"), 2):
        _limit(history, code, limit, said=code["since"])
    if dice.chance(0.6):
        signed = code["since"] + timedelta(days=dice.randint(1, 20))
        if signed <= today:
            _paper(dice, history, code, signed)


def _limit(history: History, code: dict[str, Any], limit: str, *, said: date) -> None:
    row = {name: code[name] for name in ("conversation", "recorded_by", "recorded_at")}
    history.add("wish", kind="limit", code=limit, since=said, **row)


def _paper(dice: Dice, history: History, code: dict[str, Any], signed: date) -> None:
    history.add(
        "wishdocument",
        kind=dice.choice(("polst", "polst", "directive", "dnacpr")),
        signed_on=signed,
        signed_by="Patient",
        original_at=dice.choice(_ORIGINALS),
        seen_on=signed,
        seen_by=code["recorded_by"],
        code_status=code["code"],
    )


def _ask(history: History, kind: ConflictKind, today: date) -> None:
    owner = responsible(history)
    history.add(
        "step",
        kind="goals",
        source_key="wishes",
        what=f"Wishes contradict: {kind.label.lower()}",
        owner=owner,
        owner_role="palliative",
        due_on=today,
        url=Text("/patients/{patient}/wishes/"),
        opened_at=at(today),
    )


def _from_talks(history: History) -> dict[tuple[WishKind, str], Ref]:
    """The wishes of the conversations; which of each kind, and of each limit, is the last."""
    talks = [(n, row) for n, row in enumerate(history.of("conversation")) if row["status"] != "retracted"]
    last: dict[tuple[WishKind, str], Ref] = {}
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
            slot = (said.kind, said.code if said.kind in MANY else "")
            if (older := last.get(slot)) is not None:
                history.row(older).update(
                    ended_on=row["held_on"], end_reason="replaced", ended_by=row["signed_by"], replaced_by=wish
                )
            last[slot] = wish
    return last
