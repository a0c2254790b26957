"""How the outlook may be put into words, for the clinician who talks: best, typical and worst from the range of the
fitting groups; words that help and words that hurt. Our own wording. Pure.

Nothing here is computed for a person: the range is that of published medians, rounded as one would say it. No count
of months that runs down, no percentage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from patients.protocol.rules.prognosis import GroupFigure

_YEAR = 12
_SPOKEN_IN_YEARS = 2 * _YEAR


@dataclass(frozen=True)
class Spoken:
    """One of the three sentences, and what it is for."""

    case: str
    words: str
    why: str


@dataclass(frozen=True)
class Choice:
    """What to say, what rather not, and why."""

    use: str
    avoid: str
    why: str


CHOICES: tuple[Choice, ...] = (
    Choice(
        "People with an illness like yours",
        "You have … months",
        "A figure describes a group; said of one person it becomes a countdown.",
    ),
    Choice(
        "I hope for … and I worry that …",
        "There is nothing more we can do",
        "There is always something to do; hope and worry can stand side by side.",
    ),
    Choice(
        "Time could be as short as … or as long as …",
        "On average",
        "An average is heard as a date. A range says honestly how much is open.",
    ),
    Choice(
        "We can’t know exactly; let us prepare for both",
        "Nobody knows (and a change of subject)",
        "Uncertainty is an answer when it is followed by what to do with it.",
    ),
    Choice(
        "I wish it were different",
        "I am sorry, but",
        "“But” takes back what came before it.",
    ),
    Choice(
        "What you can do may stay as it is now, or become harder",
        "You will get worse",
        "Many fear losing abilities more than losing time; they can plan for it.",
    ),
    Choice(
        "The treatment no longer holds the tumor back",
        "You failed the treatment",
        "The treatment failed, not the patient.",
    ),
    Choice(
        "Care that eases what troubles you, all along",
        "Withdraw care; just palliative",
        "Care never ends, and palliative care stops no treatment.",
    ),
    Choice(
        "Would you like to hear numbers, or rather the big picture?",
        "The statistics say",
        "Permission first. What was not asked for cannot be taken back.",
    ),
)


def span_words(low: int, high: int) -> str:
    """A range of months as one would say it: "11 to 13 months", "2 to 3 years", "20 months to 3 years"."""
    if high < _SPOKEN_IN_YEARS:
        return f"{low} to {high} months"
    years = round(high / _YEAR)
    if low >= _SPOKEN_IN_YEARS - 2:
        return f"{round(low / _YEAR)} to {years} years"
    return f"{low} months to {years} years"


def spoken(figures: Sequence[GroupFigure]) -> tuple[Spoken, ...]:
    """Best, typical and worst, from the medians of these figures; nothing where none of them has a median."""
    medians = [figure.medians for figure in figures if figure.medians is not None]
    if not medians:
        return ()
    span = span_words(min(low for low, _ in medians), max(high for _, high in medians))
    return (
        Spoken(
            "Typical",
            "Most people in your situation live somewhere around this: in groups like yours the middle was "
            f"{span}. Half of the people lived longer, half shorter.",
            "Say where the middle of the groups lies, and in the same breath that it is a middle.",
        ),
        Spoken(
            "Best",
            "Some live much longer than that. I hope that you are one of them, and we do what we can for it.",
            "Hope has a place, and is said as hope.",
        ),
        Spoken(
            "Worst",
            "For some it goes faster than that. I would like us to be prepared for it too, so that nothing important "
            "waits too long.",
            "Prepares without taking hope away; leads to what must not wait.",
        ),
    )
