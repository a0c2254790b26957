"""Palliative care beside every treatment (`model.md` 4: concurrent, never a line): states, the step into hospice, whom
to see next and why. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import TextChoices

from careteam.web.words import since


class PalliativeReferralStatus(TextChoices):
    REQUESTED = "requested", "Requested"
    ACCEPTED = "accepted", "Accepted"
    SEEN = "seen", "Seen"
    DECLINED = "declined", "Declined"


R = PalliativeReferralStatus
PALLIATIVE_REFERRAL_TRANSITIONS: dict[PalliativeReferralStatus, frozenset[PalliativeReferralStatus]] = {
    R.REQUESTED: frozenset({R.ACCEPTED, R.DECLINED}),
    R.ACCEPTED: frozenset({R.SEEN, R.DECLINED}),
    R.SEEN: frozenset(),
    R.DECLINED: frozenset(),
}


class HospiceStatus(TextChoices):
    PREPARING = "preparing", "Being prepared"
    STARTED = "started", "Started"
    ENDED = "ended", "Ended"
    CANCELLED = "cancelled", "Cancelled"


H = HospiceStatus
HOSPICE_TRANSITIONS: dict[HospiceStatus, frozenset[HospiceStatus]] = {
    H.PREPARING: frozenset({H.STARTED, H.CANCELLED}),
    H.STARTED: frozenset({H.ENDED}),
    H.ENDED: frozenset({H.STARTED}),  # the death that ended it was recorded by mistake
    H.CANCELLED: frozenset(),
}


class LineChoice(TextChoices):
    """What becomes of a running treatment line when hospice care begins. Nothing is chosen by itself."""

    CONTINUE = "continue", "Goes on"
    SYMPTOMS = "symptoms", "Goes on for symptoms only"
    STOP = "stop", "Stops that day"


class BereavementKind(TextChoices):
    CALL = "call", "Call"
    LETTER = "letter", "Letter"
    REMEMBRANCE = "remembrance", "Remembrance"


class BereavementStatus(TextChoices):
    OPEN = "open", "Open"
    DONE = "done", "Done"
    DECLINED = "declined", "Not done"


B = BereavementStatus
BEREAVEMENT_TRANSITIONS: dict[BereavementStatus, frozenset[BereavementStatus]] = {
    B.OPEN: frozenset({B.DONE, B.DECLINED}),
    B.DONE: frozenset({B.OPEN}),
    B.DECLINED: frozenset({B.OPEN}),
}

# How heavy caring is for the person who cares: our own question, no licensed instrument.
STRAIN_QUESTION = "How heavy is caring for them at the moment, from 0 (not at all) to 10 (more than I can bear)?"


# --- the step into hospice --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HospiceFacts:
    """What was filled in so far. `lines` are the running lines against the disease, by id; `choices` what becomes of
    them."""

    comfort_goal: str = ""
    prognosis_confirmed: bool = False
    prognosis_by: str = ""
    prognosis_on: date | None = None
    family_told: str = ""
    nobody_to_tell: bool = False
    equipment: str = ""
    medication: str = ""
    night_name: str = ""
    night_phone: str = ""
    place: str = ""
    service: str = ""
    starts_on: date | None = None
    code_reviewed_on: date | None = None
    lines: Mapping[int, str] | None = None
    choices: Mapping[int, str] | None = None


@dataclass(frozen=True)
class HospiceSection:
    key: str
    title: str
    lacks: str

    @property
    def is_done(self) -> bool:
        return not self.lacks


def hospice_sections(f: HospiceFacts, today: date) -> tuple[HospiceSection, ...]:
    """Every section in the order of the page, with what it still lacks (empty: complete)."""

    def section(key: str, title: str, *lacks: str) -> HospiceSection:
        return HospiceSection(key, title, "; ".join(lack for lack in lacks if lack))

    open_lines = [label for pk, label in (f.lines or {}).items() if not (f.choices or {}).get(pk)]
    early = f.starts_on is not None and f.starts_on > today
    return (
        section("goal", "Goal", "" if f.comfort_goal.strip() else "comfort as the goal, in a sentence"),
        section(
            "prognosis",
            "Prognosis",
            "" if f.prognosis_confirmed else "the clause is not confirmed",
            "" if f.prognosis_by.strip() else "the clinician who confirms it",
            "" if f.prognosis_on else "the day",
        ),
        section("family", "Family", "" if f.family_told.strip() or f.nobody_to_tell else "who was told"),
        section("equipment", "Equipment", "" if f.equipment.strip() else "what is there and what is ordered"),
        section("medication", "Medication at home", "" if f.medication.strip() else "what lies at home, and for what"),
        section(
            "night",
            "At night",
            "" if f.night_name.strip() else "who is called",
            "" if f.night_phone.strip() else "the number",
        ),
        section(
            "place",
            "Place and start",
            "" if f.place else "the place",
            "" if f.service.strip() else "the service",
            "" if f.starts_on else "the day it starts",
            "it starts later: finish on that day" if early else "",
        ),
        section("code", "Code status", "" if f.code_reviewed_on else "the day it was reviewed"),
        section(
            "lines",
            "Running treatment",
            *(f"what becomes of {label}" for label in open_lines),
        ),
    )


def prognosis_clause(jurisdiction: str, months: int) -> str:
    """The clause a clinician confirms, in the words of the place (`clinical.md` 5.3: comfort goal and six months)."""
    if jurisdiction == "us":
        return (
            f"Terminally ill: a medical prognosis of {months} months or less if the illness runs its normal course "
            "(42 CFR 418.22)."
        )
    return (
        f"Advanced illness that progresses; the treating team expects {months} months or less, and the goal is comfort."
    )


# --- whom to see next and why -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Points:
    """The configured points of each reason and the limits they are read with (`patients.protocol`)."""

    severe: int = 0
    hospice: int = 0
    referral: int = 0
    decision: int = 0
    prompt: int = 0
    strained: int = 0
    distress: int = 0
    ecog: int = 0
    silent: int = 0
    recent_days: int = 30
    ahead_days: int = 28
    strain_from: int = 7
    distress_from: int = 4
    severe_from: int = 7
    review_days: int = 365


@dataclass(frozen=True)
class CareFacts:
    """What the order of the palliative list is read from; None and empty: nothing of the kind."""

    severe: tuple[str, ...] = ()
    asked_on: date | None = None
    answered: bool = False
    distress: int | None = None
    hospice_since: date | None = None
    referral_since: date | None = None
    prompt_since: date | None = None
    prompt_words: str = ""
    decision: str = ""
    decision_on: date | None = None
    decision_known_on: date | None = None
    strain: int | None = None
    strain_who: str = ""
    ecog: int | None = None
    ecog_before: int | None = None
    talked_on: date | None = None


@dataclass(frozen=True)
class WhyNow:
    """One reason with its points; `code` is what the list is filtered by."""

    code: str
    words: str
    points: int
    since: date | None = None


REASONS: dict[str, str] = {
    "severe": "Severe symptom",
    "hospice": "Hospice transition unfinished",
    "referral": "Referral waits for an answer",
    "decision": "Decision ahead",
    "prompt": "Goals prompt open",
    "strained": "Caregiver strained",
    "distress": "Distress",
    "ecog": "ECOG rising",
    "silent": "No recent conversation",
}


def _days(begun: date, today: date) -> str:
    days = (today - begun).days
    return "today" if days < 1 else f"{days} day{'' if days == 1 else 's'}"


def why_now(f: CareFacts, p: Points, today: date) -> tuple[WhyNow, ...]:
    """Every reason to see this patient, most points first. The place in the list is the sum, nothing else: each reason
    names its points, and a team sets them in its protocol."""
    found: list[WhyNow] = []
    recent = f.asked_on is not None and (today - f.asked_on).days <= p.recent_days
    if recent and f.severe:
        done = ", something was done" if f.answered else ", nothing done yet"
        found.append(WhyNow("severe", f"Severe: {', '.join(f.severe)}{done}", p.severe, f.asked_on))
    if f.hospice_since is not None:
        words = f"Hospice transition unfinished, {_days(f.hospice_since, today)}"
        found.append(WhyNow("hospice", words, p.hospice, f.hospice_since))
    if f.referral_since is not None:
        words = f"Referral waits, {_days(f.referral_since, today)}"
        found.append(WhyNow("referral", words, p.referral, f.referral_since))
    if f.decision and f.decision_on is not None and f.decision_on <= today + timedelta(days=p.ahead_days):
        known = f.decision_known_on or today
        if f.talked_on is None or f.talked_on < known:
            found.append(WhyNow("decision", f"Ahead: {f.decision}, goals not asked since", p.decision, known))
    if f.prompt_since is not None:
        found.append(
            WhyNow("prompt", f"Prompt: {f.prompt_words}" if f.prompt_words else "Prompt open", p.prompt, f.prompt_since)
        )
    if f.strain is not None and f.strain >= p.strain_from:
        who = f" of {f.strain_who}" if f.strain_who else ""
        found.append(WhyNow("strained", f"Strain{who} {f.strain} of 10", p.strained))
    if recent and f.distress is not None and f.distress >= p.distress_from:
        found.append(WhyNow("distress", f"Distress {f.distress} of 10", p.distress, f.asked_on))
    if f.ecog is not None and f.ecog_before is not None and f.ecog > f.ecog_before:
        found.append(WhyNow("ecog", f"ECOG {f.ecog_before} → {f.ecog}", p.ecog))
    if f.talked_on is None:
        found.append(WhyNow("silent", "No conversation yet", p.silent))
    elif (today - f.talked_on).days > p.review_days:
        found.append(WhyNow("silent", f"Last conversation {since(f.talked_on, today)}", p.silent, f.talked_on))
    return tuple(sorted((each for each in found if each.points), key=lambda each: -each.points))


def urgency(reasons: tuple[WhyNow, ...]) -> int:
    """The place in the list: the sum of the points."""
    return sum(reason.points for reason in reasons)
