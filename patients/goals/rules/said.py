"""What patients with neuroendocrine tumors say in such a conversation, as quick choices beside their own words. Pure.

A choice saves typing and can be counted; it never replaces the words. A text may be marked as the
patient's own words and is then shown as a quote.
"""

from __future__ import annotations

from django.db.models import TextChoices

from patients.wishes.rules import TreatmentLimit


class PlaceKind(TextChoices):
    CLINIC = "clinic", "Clinic"
    WARD = "ward", "Ward"
    HOME = "home", "At home"
    VIDEO = "video", "By video"
    PHONE = "phone", "By phone"
    OTHER = "other", "Elsewhere"


class InterpreterKind(TextChoices):
    PRESENT = "present", "Professional, in the room"
    REMOTE = "remote", "Professional, by phone or video"
    STAFF = "staff", "Somebody of the staff"
    FAMILY = "family", "Somebody of the family"


class Capacity(TextChoices):
    YES = "yes", "Yes"
    NO = "no", "No"
    FLUCTUATING = "fluctuating", "Comes and goes"


class PermissionGiven(TextChoices):
    YES = "yes", "Yes"
    PARTLY = "partly", "Only some of it"
    NOT_TODAY = "not_today", "Not today"


class Understanding(TextChoices):
    CANNOT_CURE = "cannot_cure", "It cannot be cured"
    HELD_BACK = "held_back", "It can be held back for a time"
    GROWING = "growing", "It is growing again"
    SLOW_KIND = "slow_kind", "It is the slow kind"
    CHANGED = "changed", "It has become faster"
    EXPECTS_CURE = "expects_cure", "Expects to be cured"
    TIME_SHORT = "time_short", "Time may be short"
    UNSURE = "unsure", "Not sure where things stand"
    LOOKS_AWAY = "looks_away", "Would rather not look at it"


class Framing(TextChoices):
    """How the outlook was put: what time, what ability, or what cannot be known (`clinical.md` 5.1)."""

    TIME = "time", "Time"
    FUNCTION = "function", "What will be possible"
    UNCERTAINTY = "uncertainty", "What nobody can know"


class Worry(TextChoices):
    PAIN = "pain", "Pain"
    DIARRHEA = "diarrhea", "Diarrhea in public"
    FLUSHING = "flushing", "Flushing that others see"
    BREATH = "breath", "Not getting enough air"
    WASTING = "wasting", "Wasting away"
    MIND = "mind", "Losing a clear head"
    DEPENDENT = "dependent", "Needing help with everything"
    BURDEN = "burden", "Being a burden to the family"
    LEFT_BEHIND = "left_behind", "Those who stay behind"
    ALONE = "alone", "Being alone"
    MONEY = "money", "Money"
    WORK = "work", "Work"
    SIDE_EFFECTS = "side_effects", "What treatment does to me"
    SCANS = "scans", "Waiting for the next scan"
    DYING = "dying", "Dying itself"


class Strength(TextChoices):
    PARTNER = "partner", "Husband, wife, partner"
    CHILDREN = "children", "Children"
    GRANDCHILDREN = "grandchildren", "Grandchildren"
    FRIENDS = "friends", "Friends"
    FAITH = "faith", "Faith"
    WORK = "work", "Work"
    NATURE = "nature", "Garden, nature"
    ANIMALS = "animals", "Animals"
    MUSIC = "music", "Music, books, handwork"
    HUMOR = "humor", "Humor"
    OTHERS_ILL = "others_ill", "Others with the same illness"
    TEAM = "team", "The people who treat me"


class Ability(TextChoices):
    RECOGNIZE = "recognize", "Recognize my family"
    THINK = "think", "Think clearly"
    TALK = "talk", "Talk with others"
    EAT = "eat", "Eat with others"
    TOILET = "toilet", "Go to the toilet alone"
    WASH = "wash", "Wash and dress alone"
    WALK = "walk", "Walk"
    GO_OUT = "go_out", "Leave the house without looking for a toilet"
    HOME = "home", "Live at home"
    WORK = "work", "Work"
    TRAVEL = "travel", "Travel"
    CARE = "care", "Look after somebody"


class Hope(TextChoices):
    TIME = "time", "More time"
    GOOD_DAYS = "good_days", "Good days, however many"
    GRANDCHILDREN = "grandchildren", "See the grandchildren grow"
    TRAVEL = "travel", "Travel once more"
    WORK = "work", "Work again"
    EVERYDAY = "everyday", "An ordinary day"
    NEW_TREATMENT = "new_treatment", "A new treatment"
    STABLE = "stable", "That the next scan is stable"
    PEACE = "peace", "Make peace with somebody"
    CALM_DEATH = "calm_death", "To die calmly, without pain"


class FamilyKnows(TextChoices):
    ALL = "all", "Everything"
    PART = "part", "Part of it"
    NOTHING = "nothing", "Nothing yet"
    NOT_WANTED = "not_wanted", "Should not know"
    NOBODY = "nobody", "There is no family"


class QuotableText(TextChoices):
    """Texts of the conversation that may be the patient's own words. The values are the names of the fields."""

    PERMISSION = "permission", "Permission"
    UNDERSTANDING = "understanding", "Understanding"
    HOPES = "hopes", "Hopes"
    WORRIES = "worries", "Worries"
    STRENGTH = "strength", "Strength"
    ABILITIES = "abilities", "Abilities"
    FAMILY_KNOWS = "family_knows", "What the family knows"


# Every text in own words, also those that are never a quote.
TEXTS = frozenset({*QuotableText.values, "quote", "prognosis_shared", "recommendation", "agreed", "summary"}) | {
    "participants",
    "treatment_limits",
    "spiritual",
}
CODES: dict[str, type[TextChoices]] = {
    "understanding_codes": Understanding,
    "prognosis_framing": Framing,
    "hopes_codes": Hope,
    "worries_codes": Worry,
    "strength_codes": Strength,
    "abilities_codes": Ability,
    "limits_codes": TreatmentLimit,
}


def words_of(field: str, codes: list[str]) -> str:
    """Quick choices in words: "Pain; Money"."""
    return "; ".join(str(CODES[field](code).label) for code in codes)
