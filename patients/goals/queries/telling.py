"""A conversation as it is read: line by line in the order of the talk; and what two versions say differently."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from careteam.web.words import day
from patients.goals.models import GoalsConversation, TradeOff
from patients.goals.rules import event_passed
from patients.goals.rules.said import words_of


@dataclass(frozen=True)
class Line:
    """One line: what it is about, the text, whether it is the patient's own words, a mark beside it."""

    key: str
    label: str
    text: str
    said: bool = False
    note: str = ""


@dataclass(frozen=True)
class Difference:
    """One line in two versions; empty where that version says nothing about it."""

    label: str
    before: str
    after: str

    @property
    def kind(self) -> str:
        if self.before == self.after:
            return "unchanged"
        return "changed" if self.before and self.after else "added" if self.after else "removed"


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _setup(row: GoalsConversation) -> Iterable[Line]:
    where = ", ".join(part for part in (row.get_place_kind_display(), row.place) if part)
    yield Line("held_on", "Day", _joined(day(row.held_on), where))
    yield Line("participants", "Who was there", row.participants)
    used = {True: "Yes", False: "No", None: ""}[row.interpreter_used]
    yield Line("interpreter", "Interpreter", _joined(used, row.get_interpreter_kind_display(), row.interpreter))
    judged = f"judged by {row.capacity_judged_by}" if row.capacity_judged_by else ""
    yield Line("capacity", "Has capacity", _joined(row.get_capacity_display(), judged))
    yield Line("proxy_speaks", "Who speaks", "The proxy spoke for the patient" if row.proxy_speaks else "")
    yield Line("permission_given", "May we talk", row.get_permission_given_display())
    yield _words(row, "permission", "Permission")


def _words(row: GoalsConversation, name: str, label: str) -> Line:
    return Line(name, label, getattr(row, name), said=name in row.quoted)


def _matter(row: GoalsConversation, name: str, label: str) -> Iterable[Line]:
    """Quick choices, then the words."""
    codes = words_of(f"{name}_codes", getattr(row, f"{name}_codes"))
    yield Line(f"{name}_codes", label, codes)
    yield _words(row, name, f"{label}, in words" if codes else label)


def _explored(row: GoalsConversation, today: date | None) -> Iterable[Line]:
    yield from _matter(row, "understanding", "Understanding")
    yield Line("information_preference", "Wants to know", row.get_information_preference_display() or "Not asked")
    yield Line("prognosis_framing", "Spoken of", words_of("prognosis_framing", row.prognosis_framing))
    yield Line("prognosis_shared", "Shared", row.prognosis_shared)
    yield Line("matters", "Matters most", row.matters_words or "–")
    event = ", ".join(part for part in (row.event, day(row.event_on) if row.event_on else "") if part)
    passed = today is not None and event_passed(row.event_on, today)
    yield Line("event", "Event to reach", event, note="event passed, ask again" if passed else "")
    yield Line("earlier_event", "Earlier event", row.get_earlier_event_display())
    yield from _matter(row, "worries", "Worries")
    yield from _matter(row, "strength", "Strength")
    yield from _matter(row, "abilities", "Abilities")


def _decided(row: GoalsConversation, trade_offs: Iterable[TradeOff]) -> Iterable[Line]:
    for each in sorted(trade_offs, key=lambda trade: trade.burden):
        yield Line(f"trade:{each.burden}", "Trade-off", each.words)
    yield Line("family_knows_code", "Family knows", row.get_family_knows_code_display())
    yield _words(row, "family_knows", "Family")
    yield from _matter(row, "hopes", "Hopes")
    procedure = row.get_code_status_procedure_display().lower()
    yield Line(
        "code_status",
        "Code status",
        "; ".join(
            part for part in (row.get_code_status_display(), procedure and f"during a procedure: {procedure}") if part
        ),
    )
    yield Line("limits_codes", "Not wanted", words_of("limits_codes", row.limits_codes))
    yield Line("treatment_limits", "Limits", row.treatment_limits)
    yield Line("order_location", "Signed order", row.order_location)
    yield Line("place_of_care", "Place of care", row.get_place_of_care_display())
    yield Line("place_of_death", "Place of death", row.get_place_of_death_display())
    yield Line("spiritual", "Faith", row.spiritual)
    yield Line("recommendation", "Recommendation", row.recommendation)
    yield Line("agreed", "Agreed", row.agreed)
    yield Line("summary", "Summary", row.summary)
    surprise = {True: "yes", False: "no", None: ""}[row.surprise]
    yield Line("surprise", "Would death within a year surprise", surprise)
    yield Line("next_review_on", "Talk again on", day(row.next_review_on) if row.next_review_on else "")


def _all(row: GoalsConversation, trade_offs: Iterable[TradeOff], today: date | None) -> list[Line]:
    return [*_setup(row), *_explored(row, today), *_decided(row, trade_offs)]


def lines_of(row: GoalsConversation, trade_offs: Iterable[TradeOff], *, today: date | None = None) -> list[Line]:
    """Every line with content; the quote stands above them and is none of them."""
    return [line for line in _all(row, trade_offs, today) if line.text]


def _with_quotes(line: Line) -> str:
    return f"“{line.text}”" if line.said and line.text else line.text


def differences(before: GoalsConversation, after: GoalsConversation) -> list[Difference]:
    """Line by line what either version says, in the order of the talk. Wants trade-offs and addenda fetched."""
    old, new = (_all(row, row.trade_offs.all(), None) for row in (before, after))
    texts = [{line.key: _with_quotes(line) for line in lines} for lines in (old, new)]
    labels = {line.key: line.label for line in [*old, *new]}
    order = [line.key for line in new]
    order[order.index("family_knows_code") : order.index("family_knows_code")] = [
        line.key for line in old if line.key not in texts[1]
    ]
    found = [Difference("In their own words", before.quote, after.quote)]
    found += [Difference(labels[key], texts[0].get(key, ""), texts[1].get(key, "")) for key in order]
    said = ["\n".join(each.text for each in row.addenda.all()) for row in (before, after)]
    found.append(Difference("Addenda", *said))
    return [each for each in found if each.before or each.after]
