"""What a case is complete with: the minimum dataset of `clinical.md` 6 (D), item by item. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import TextChoices

from careteam.people.rules import Role


class Item(TextChoices):
    """In the order in which a case is read. The values are stored with waivers and chases."""

    GOALS = "goals", "Goals of the patient"
    QUESTION = "question", "Question for the board"
    REFERRER = "referrer", "Referrer"
    CONSENT = "consent", "Patient agrees to the discussion"
    ECOG = "ecog", "ECOG"
    PRIMARY = "primary", "Primary and stage"
    DIFFERENTIATION = "differentiation", "Differentiation"
    GRADE = "grade", "Grade and Ki-67"
    FUNCTION = "function", "Functional status"
    SCAN = "scan", "CT or MRI"
    RESPONSE = "response", "Last response"
    LIVER = "liver", "Liver type and burden"
    SSTR = "sstr", "SSTR PET"
    FDG = "fdg", "FDG PET"
    MARROW = "marrow", "Blood counts"
    KIDNEY = "kidney", "Kidney function"
    LIVER_LABS = "liver_labs", "Liver function"
    MARKERS = "markers", "Markers"
    LINES = "lines", "Treatment lines"
    COMORBIDITY = "comorbidity", "Comorbidity"
    HEART = "heart", "Carcinoid heart disease"
    SYMPTOMS = "symptoms", "Symptoms"
    TRIALS = "trials", "Trials considered"
    PALLIATIVE = "palliative", "Palliative contact"


# Without these nobody can decide: missing they are red, and somebody is asked for them by name. All others are shown.
ESSENTIAL = frozenset(
    {
        Item.GOALS,
        Item.QUESTION,
        Item.REFERRER,
        Item.CONSENT,
        Item.ECOG,
        Item.PRIMARY,
        Item.DIFFERENTIATION,
        Item.GRADE,
        Item.SCAN,
        Item.SSTR,
        Item.MARKERS,
    }
)
ORGANS = frozenset({Item.MARROW, Item.KIDNEY, Item.LIVER_LABS})  # essential when PRRT or embolization is asked
OF_THE_REFERRAL = frozenset({Item.QUESTION, Item.REFERRER, Item.CONSENT})  # all that "for information" needs

CHASERS: dict[Item, Role] = {
    Item.GOALS: Role.ONCOLOGIST,
    Item.ECOG: Role.ONCOLOGIST,
    Item.DIFFERENTIATION: Role.PATHOLOGIST,
    Item.GRADE: Role.PATHOLOGIST,
    Item.LIVER: Role.RADIOLOGIST,
    Item.RESPONSE: Role.RADIOLOGIST,
    Item.LINES: Role.ONCOLOGIST,
    Item.HEART: Role.ONCOLOGIST,
    Item.TRIALS: Role.TRIAL_NURSE,
    Item.PALLIATIVE: Role.ONCOLOGIST,
}


class State(TextChoices):
    """One state each: nothing is both there and missing."""

    PRESENT = "present", "There"
    WAIVED = "waived", "Waived"
    PARTIAL = "partial", "Incomplete"
    STALE = "stale", "Too old"
    MISSING = "missing", "Missing"


class Color(TextChoices):
    RED = "red", "Red"
    AMBER = "amb", "Amber"
    GREEN = "grn", "Green"


SETTLED = frozenset({State.PRESENT, State.WAIVED})


@dataclass(frozen=True)
class Found:
    """What the record says of one item. `limit`: the age it may have, in words with its tag; `unsigned`: that number is
    prior knowledge which nobody signed for the team. `role`: who is asked for it. `was`: what it would be without its
    waiver. `is_wanted`: the board deferred the case for it."""

    item: Item
    state: State
    words: str = ""
    on: date | None = None
    limit: str = ""
    unsigned: bool = False
    is_essential: bool = False
    role: Role = Role.NURSE_COORDINATOR
    was: State | None = None
    is_wanted: bool = False

    @property
    def color(self) -> Color:
        """Red is what the board cannot decide without. Too old by an unsigned number is no alarm (`model.md` 7)."""
        if self.state in SETTLED:
            return Color.GREEN
        if self.is_wanted:
            return Color.RED
        gone = self.state == State.MISSING or (self.state == State.STALE and not self.unsigned)
        return Color.RED if gone and self.is_essential else Color.AMBER

    @property
    def is_red(self) -> bool:
        return self.color is Color.RED

    @property
    def is_settled(self) -> bool:
        return self.state in SETTLED

    @property
    def word(self) -> str:
        return str(State(self.state).label)

    @property
    def name(self) -> str:
        return str(self.item.label)


@dataclass(frozen=True)
class Completeness:
    """Is everything there: the items that apply to the case, in their order."""

    items: tuple[Found, ...]

    @property
    def color(self) -> Color:
        colors = {each.color for each in self.items}
        return next((color for color in (Color.RED, Color.AMBER) if color in colors), Color.GREEN)

    @property
    def reds(self) -> tuple[Found, ...]:
        return tuple(each for each in self.items if each.is_red)

    @property
    def ambers(self) -> tuple[Found, ...]:
        return tuple(each for each in self.items if each.color is Color.AMBER)

    @property
    def settled(self) -> int:
        return sum(each.is_settled for each in self.items)

    @property
    def is_ready(self) -> bool:
        """Nothing that the board cannot decide without is open; what counts for the share of a meeting."""
        return not self.reds
