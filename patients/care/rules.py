"""Care around the treatment: what is kept, whose it is, and the arithmetic of weight. Pure.

Screening tools and questionnaires are named, with the score that was read off the paper; their items are not in the
product, because most of them need a license (MUST: BAPEN; NRS-2002: ESPEN; PG-SGA and EORTC QLQ: registration).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import TextChoices

from careteam.people.rules import Role


@dataclass(frozen=True)
class CareKind:
    """One part of the care: its key in addresses, its heading, whose queue its next step goes to."""

    key: str
    title: str
    owner: Role
    step: str
    empty: str


NUTRITION, DRAINAGE, QUESTIONNAIRE, PSYCHOSOCIAL = "nutrition", "drainage", "questionnaire", "psychosocial"
SOCIAL, FAMILY, INFORMATION, OPINION, CRISIS = "social", "family", "information", "opinion", "crisis"
_KINDS = (
    CareKind(NUTRITION, "Nutrition", Role.DIETITIAN, "Nutrition: see again", "Nobody has screened nutrition yet."),
    CareKind(DRAINAGE, "Drainage", Role.NURSE_COORDINATOR, "Drainage due", "No ascites or pleural drainage."),
    CareKind(
        PSYCHOSOCIAL,
        "Psychosocial care",
        Role.PSYCHO_ONCOLOGIST,
        "Psycho-oncology: see the patient",
        "Distress from the configured score on starts this by itself.",
    ),
    CareKind(
        CRISIS,
        "Carcinoid crisis plan",
        Role.NURSE_COORDINATOR,
        "Review the carcinoid crisis plan",
        "Nobody has said whether there is one.",
    ),
    CareKind(
        QUESTIONNAIRE,
        "Quality of life",
        Role.NURSE_COORDINATOR,
        "Quality of life: hand out the questionnaire",
        "No questionnaire on record.",
    ),
    CareKind(SOCIAL, "Work and roles", Role.NURSE_COORDINATOR, "Work and roles: ask again", "Not asked yet."),
    CareKind(FAMILY, "Caregivers and children", Role.CHAPLAIN, "Family: ask again", "Nobody named yet."),
    CareKind(
        INFORMATION,
        "Leaflets and groups",
        Role.NURSE_COORDINATOR,
        "Leaflets and groups: ask again",
        "Nothing handed out yet.",
    ),
    CareKind(
        OPINION,
        "Second opinions elsewhere",
        Role.NURSE_COORDINATOR,
        "Second opinion: ask for the reply",
        "None asked for.",
    ),
)
CARE_KINDS: dict[str, CareKind] = {kind.key: kind for kind in _KINDS}


class Intake(TextChoices):
    USUAL = "usual", "As usual"
    THREE_QUARTERS = "three_quarters", "About three quarters"
    HALF = "half", "Half or less"
    LITTLE = "little", "Almost nothing"


class ScreeningTool(TextChoices):
    MUST = "must", "MUST"
    NRS2002 = "nrs2002", "NRS-2002"
    MST = "mst", "MST"
    PG_SGA = "pg_sga", "PG-SGA short form"


class Supplement(TextChoices):
    """Where a vitamin or the enzymes stand."""

    NOT_NEEDED = "not_needed", "Checked, not needed"
    LOW = "low", "Low, to be started"
    TAKEN = "taken", "Taken"


class Alcohol(TextChoices):
    NONE = "none", "None"
    SOME = "some", "Occasionally"
    DAILY = "daily", "Daily"


class DrainageKind(TextChoices):
    ASCITES = "ascites", "Ascites"
    PLEURAL_RIGHT = "pleural_right", "Pleural, right"
    PLEURAL_LEFT = "pleural_left", "Pleural, left"


class Instrument(TextChoices):
    """Named only: the items are licensed by their owners."""

    GINET21 = "ginet21", "EORTC QLQ-GINET21"
    C30 = "c30", "EORTC QLQ-C30"
    NORFOLK = "norfolk", "Norfolk QOL-NET"
    FACT_G = "fact_g", "FACT-G"
    EQ5D = "eq5d", "EQ-5D-5L"


class Pathway(TextChoices):
    """Psychosocial care from the distress to the visit."""

    TO_OFFER = "to_offer", "To be offered"
    ACCEPTED = "accepted", "Accepted, referred"
    DECLINED = "declined", "Declined"
    SEEN = "seen", "In psycho-oncology"
    ENDED = "ended", "Ended"


PATHWAY_TRANSITIONS: dict[Pathway, frozenset[Pathway]] = {
    Pathway.TO_OFFER: frozenset({Pathway.ACCEPTED, Pathway.DECLINED}),
    Pathway.ACCEPTED: frozenset({Pathway.SEEN, Pathway.DECLINED, Pathway.ENDED}),
    Pathway.DECLINED: frozenset({Pathway.ACCEPTED, Pathway.ENDED}),
    Pathway.SEEN: frozenset({Pathway.ENDED}),
    Pathway.ENDED: frozenset(),
}
LIVE_PATHWAYS = frozenset({Pathway.TO_OFFER, Pathway.ACCEPTED, Pathway.DECLINED, Pathway.SEEN})


class Work(TextChoices):
    WORKING = "working", "Working"
    REDUCED = "reduced", "Working less"
    SICK_LEAVE = "sick_leave", "On sick leave"
    RETIRED_EARLY = "retired_early", "Retired because of the illness"
    RETIRED = "retired", "Retired"
    AT_HOME = "at_home", "At home"
    IN_EDUCATION = "in_education", "In education"


class AgeBand(TextChoices):
    UNDER_6 = "under_6", "Under 6"
    SCHOOL = "school", "6 to 12"
    TEENAGER = "teenager", "13 to 17"
    ADULT = "adult", "Adult"
    OLDER = "older", "65 and over"


class Handed(TextChoices):
    LEAFLET = "leaflet", "Leaflet"
    GROUP = "group", "Support group"
    WEBSITE = "website", "Website or film"


def body_mass_index(weight_kg: Decimal, height_cm: Decimal) -> Decimal:
    """kg/m², one decimal."""
    return (weight_kg * 10_000 / (height_cm * height_cm)).quantize(Decimal("0.1"))


def nutrition_risks(
    *, loss_percent: Decimal | None, bmi: Decimal | None, intake: str, loss_limit: Decimal, bmi_limit: Decimal
) -> tuple[str, ...]:
    """Why nutrition is at risk, in words; empty when nothing says so. Limits are those of the team."""
    reasons = []
    if loss_percent is not None and loss_percent >= loss_limit:
        reasons.append(f"weight loss {loss_percent:f} %")
    if bmi is not None and bmi < bmi_limit:
        reasons.append(f"BMI {bmi:f}")
    if intake in {Intake.HALF, Intake.LITTLE}:
        reasons.append(f"eats {'half or less' if intake == Intake.HALF else 'almost nothing'}")
    return tuple(reasons)


def read_scores(typed: str) -> dict[str, float]:
    """Scores as people write them, "Endocrine 33; GI 21.5", one scale each. Raises ValueError with a sentence: without
    a number, twice the same scale, or outside 0 to 100 (what the scales of these questionnaires are transformed to)."""
    scores: dict[str, float] = {}
    for part in (piece.strip() for line in typed.splitlines() for piece in line.split(";")):
        if not part:
            continue
        name, _, number = part.replace(":", " ").replace("=", " ").rpartition(" ")
        name = " ".join(name.split())
        try:
            value = float(number.replace(",", "."))
        except ValueError:
            raise ValueError(f"“{part[:60]}” has no number. Write the scale, then its score: Endocrine 33.") from None
        if not name:
            raise ValueError(f"Which scale has the score {number}? Write its name first.")
        if name in scores:
            raise ValueError(f"“{name[:60]}” stands there twice.")
        if not 0 <= value <= 100:
            raise ValueError(f"{name[:60]} {number}: these scales run from 0 to 100.")
        scores[name[:80]] = value
    return scores


def score_words(scores: Mapping[str, float], between: str = "; ") -> str:
    """The scores as `read_scores` reads them."""
    return between.join(f"{name} {value:g}" for name, value in scores.items())
