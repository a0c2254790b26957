"""The parts of the conversation in the order in which people talk, and how far each has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from patients.goals.rules import Burden


@dataclass(frozen=True)
class Section:
    """One part of the conversation: anchor (also the name of its template), title, the fields it holds, what may be
    asked, the key after "s" that jumps there. Any field of `main` with content makes it done."""

    anchor: str
    title: str
    fields: tuple[str, ...]
    main: tuple[str, ...]
    key: str
    phrase: str = ""
    is_short: bool = False

    @property
    def template(self) -> str:
        return f"patients/goals/sections/{self.anchor}.html"


def _trade_offs(*parts: str) -> tuple[str, ...]:
    return tuple(f"{burden}_{part}" for burden in Burden for part in parts)


SECTIONS = (
    Section(
        "setup",
        "Set up and permission",
        (
            *("held_on", "place_kind", "place", "present", "participants", "interpreter_used", "interpreter_kind"),
            *("interpreter", "capacity", "capacity_judged_by", "proxy_speaks", "permission_given", "permission"),
        ),
        ("permission_given", "permission"),
        "s",
        "May we talk about what lies ahead, and about what matters to you?",
    ),
    Section(
        "understanding",
        "Understanding",
        ("understanding_codes", "understanding"),
        ("understanding_codes", "understanding"),
        "u",
        "What do you understand of where things stand?",
    ),
    Section(
        "information",
        "Information wanted and shared",
        ("information_preference", "prognosis_framing", "prognosis_shared"),
        ("information_preference",),
        "i",
        "How much would you like to know about what lies ahead?",
        is_short=True,
    ),
    Section(
        "matters",
        "What matters most",
        ("matters", "quote", "event", "event_on", "earlier_event"),
        ("matters", "quote"),
        "m",
        "If your health gets worse, what is most important to you?",
        is_short=True,
    ),
    Section(
        "worries",
        "Worries",
        ("worries_codes", "worries"),
        ("worries_codes", "worries"),
        "w",
        "What are you most afraid of?",
        is_short=True,
    ),
    Section(
        "strength",
        "Strength and abilities",
        ("strength_codes", "strength", "abilities_codes", "abilities"),
        ("strength_codes", "strength", "abilities_codes", "abilities"),
        "g",
        "What carries you? What could you not imagine living without?",
    ),
    Section(
        "tradeoffs",
        "Trade-offs",
        _trade_offs("more", "acceptance", "condition"),
        _trade_offs("acceptance"),
        "t",
        "What would you go through for more time, and what not?",
        is_short=True,
    ),
    Section(
        "family",
        "Family and who is told",
        ("family_knows_code", "family_knows"),
        ("family_knows_code", "family_knows"),
        "f",
        "How much does your family know of this?",
    ),
    Section(
        "hopes",
        "Hopes",
        ("hopes_codes", "hopes"),
        ("hopes_codes", "hopes"),
        "h",
        "What do you hope for?",
    ),
    Section(
        "code",
        "Code status and limits",
        ("code_status", "code_status_procedure", "limits_codes", "treatment_limits", "order_location"),
        ("code_status",),
        "c",
        "What should we never do to you?",
        is_short=True,
    ),
    Section(
        "places",
        "Place and faith",
        ("place_of_care", "place_of_death", "spiritual"),
        ("place_of_care", "place_of_death", "spiritual"),
        "p",
        "Where would you like to be looked after?",
    ),
    Section(
        "summary",
        "Recommendation and what was agreed",
        ("recommendation", "agreed", "summary", "next_review_on", "surprise"),
        ("summary",),
        "a",
        "I heard that … I suggest that … Is that how you see it?",
        is_short=True,
    ),
)


@dataclass(frozen=True)
class SectionState:
    section: Section
    state: str  # "done", "begun" or "–"

    @property
    def has_content(self) -> bool:
        return self.state != "–"


def section_states(content: Mapping[str, Any]) -> list[SectionState]:
    """How far each section has come; the preset date of the talk alone does not count as content."""
    states = []
    for section in SECTIONS:
        is_done = any(content.get(name) for name in section.main)
        is_begun = any(content.get(name) for name in section.fields if name != "held_on")
        states.append(SectionState(section, "done" if is_done else "begun" if is_begun else "–"))
    return states
