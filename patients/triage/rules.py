"""The two-minute call: what is asked, what of it alarms, what the site's protocol says to it. Pure.

Thresholds come from `patients.protocol`; the sentences below are what a site starts with, until its lead words them for
the team. No sentence holds a dose.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import TextChoices

from patients.protocol.rules import Tag

NO_EMERGENCY_CHANNEL = (
    "This form is no emergency channel: nobody is alarmed by saving it. In an emergency the patient calls the "
    "emergency number, and you call the clinician."
)


class Sign(TextChoices):
    """What a call can bring up, the most urgent first."""

    FEVER = "fever", "Fever on chemotherapy"
    CONFUSION = "confusion", "Confusion or unusual drowsiness"
    HYPOGLYCEMIA = "hypoglycemia", "Low blood sugar"
    JAUNDICE = "jaundice", "Jaundice"
    MANY_STOOLS = "many_stools", "Very frequent stools"
    PAIN = "pain", "Severe pain"
    STOOLS = "stools", "Frequent stools"
    FLUSHING = "flushing", "More flushing than usual"
    OTHER = "other", "Something else"


class Urgency(TextChoices):
    """Who acts on a call, and how soon."""

    NONE = "none", "Nothing to do"
    FOLLOW = "follow", "Nurse calls back"
    TASK = "task", "Nurse calls back soon"
    RED = "red", "Clinician, today"


class Caller(TextChoices):
    PATIENT = "patient", "The patient"
    FAMILY = "family", "Family or caregiver"
    CLINICIAN = "clinician", "GP or home care"


class ScanAnswer(TextChoices):
    ORDERED = "ordered", "Ordered"
    NOT_NEEDED = "not_needed", "Not needed"


URGENCY: dict[Sign, Urgency] = {
    Sign.FEVER: Urgency.RED,
    Sign.CONFUSION: Urgency.RED,
    Sign.HYPOGLYCEMIA: Urgency.RED,
    Sign.JAUNDICE: Urgency.RED,
    Sign.MANY_STOOLS: Urgency.RED,
    Sign.PAIN: Urgency.TASK,
    Sign.STOOLS: Urgency.FOLLOW,
    Sign.FLUSHING: Urgency.FOLLOW,
    Sign.OTHER: Urgency.FOLLOW,
}
# Severe symptoms are a reason to talk about goals (`clinical.md` 5.3, SPICT: persistent symptoms).
SEVERE = frozenset({Sign.PAIN})


@dataclass(frozen=True)
class Wording:
    """What the site's protocol says to a sign; `tag` as in `patients.protocol` (P stays "local, unsigned")."""

    sign: Sign
    text: str
    source: str
    tag: Tag


_WORDINGS = (
    Wording(
        Sign.FEVER,
        "Tell the oncologist now, while the caller is on the line. Nobody reachable: emergency department.",
        "design, to be worded by the site",
        Tag.P,
    ),
    Wording(
        Sign.CONFUSION,
        "Tell the oncologist now. The patient is not left alone and does not drive.",
        "design, to be worded by the site",
        Tag.P,
    ),
    Wording(
        Sign.HYPOGLYCEMIA,
        "Follow the site's plan for low blood sugar and tell the endocrinologist now. The patient is not left alone.",
        "design, to be worded by the site",
        Tag.P,
    ),
    Wording(
        Sign.JAUNDICE,
        "Tell the oncologist today: the bile ducts and the liver have to be looked at.",
        "design, to be worded by the site",
        Tag.P,
    ),
    Wording(Sign.MANY_STOOLS, "Tell the oncologist today; ask how much the patient drinks.", "CTCAE v5", Tag.P),
    Wording(Sign.PAIN, "A nurse calls back within one working day.", "ESAS-r: severe from 7", Tag.D),
)
WORDINGS: dict[Sign, Wording] = {wording.sign: wording for wording in _WORDINGS}


@dataclass(frozen=True)
class Answers:
    """What the caller says. None: not asked."""

    stools: int | None = None
    flushes: int | None = None
    pain: int | None = None
    more_flushing: bool = False
    fever: bool = False
    jaundice: bool = False
    confusion: bool = False
    hypoglycemia: bool = False
    other: str = ""


@dataclass(frozen=True)
class Limits:
    """The team's thresholds. None: unsigned (tag P), so it raises nothing."""

    pain: int
    stools: int
    many_stools: int | None


def signs_of(answers: Answers, limits: Limits) -> tuple[Sign, ...]:
    """What of the answers asks for somebody, the most urgent first."""
    many = limits.many_stools is not None and answers.stools is not None and answers.stools >= limits.many_stools
    found = {
        Sign.FEVER: answers.fever,
        Sign.CONFUSION: answers.confusion,
        Sign.HYPOGLYCEMIA: answers.hypoglycemia,
        Sign.JAUNDICE: answers.jaundice,
        Sign.MANY_STOOLS: many,
        Sign.PAIN: answers.pain is not None and answers.pain >= limits.pain,
        Sign.STOOLS: not many and answers.stools is not None and answers.stools >= limits.stools,
        Sign.FLUSHING: answers.more_flushing,
        Sign.OTHER: bool(answers.other.strip()),
    }
    return tuple(sign for sign in Sign if found[sign])


def urgency_of(signs: tuple[Sign, ...]) -> Urgency:
    """The most urgent of them."""
    ranks = list(Urgency)
    return max((URGENCY[sign] for sign in signs), key=ranks.index, default=Urgency.NONE)
