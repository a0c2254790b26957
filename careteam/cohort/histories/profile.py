"""Who a patient is and which tumor they have: shares of sites, grades, syndromes as a referral center sees them. Pure.

The shares are ours: they make a cohort in which every situation occurs, they are no epidemiology.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from careteam.cohort.histories.names import person_name
from careteam.cohort.histories.rows import Dice

SITES = {
    "jejunum_ileum": 0.37,
    "pancreas": 0.32,
    "lung": 0.08,
    "unknown": 0.055,
    "rectum": 0.05,
    "cecum_colon": 0.04,
    "stomach": 0.03,
    "duodenum_ampulla": 0.03,
    "appendix": 0.02,
    "thymus": 0.005,
}
# G1, G2, G3, NEC
GRADES = {
    "jejunum_ileum": (0.52, 0.42, 0.04, 0.02),
    "pancreas": (0.24, 0.55, 0.13, 0.08),
    "lung": (0.34, 0.54, 0.0, 0.12),
    "unknown": (0.25, 0.45, 0.12, 0.18),
    "rectum": (0.30, 0.45, 0.10, 0.15),
    "cecum_colon": (0.20, 0.35, 0.10, 0.35),
    "stomach": (0.35, 0.35, 0.10, 0.20),
    "duodenum_ampulla": (0.40, 0.40, 0.10, 0.10),
    "appendix": (0.60, 0.30, 0.05, 0.05),
    "thymus": (0.10, 0.60, 0.0, 0.30),
}
SYNDROMES: dict[str, dict[str, float]] = {
    "jejunum_ileum": {"carcinoid": 0.36, "nonfunctional": 0.64},
    "pancreas": {
        "nonfunctional": 0.82,
        "gastrinoma": 0.06,
        "insulinoma": 0.05,
        "vipoma": 0.03,
        "glucagonoma": 0.02,
        "acth": 0.01,
        "somatostatinoma": 0.005,
        "pthrp": 0.005,
    },
    "duodenum_ampulla": {"nonfunctional": 0.8, "gastrinoma": 0.2},
    "lung": {"nonfunctional": 0.9, "carcinoid": 0.06, "acth": 0.04},
    "appendix": {"nonfunctional": 0.95, "carcinoid": 0.05},
    "cecum_colon": {"nonfunctional": 0.88, "carcinoid": 0.12},
}
DETAIL: dict[str, tuple[str, ...]] = {
    "jejunum_ileum": ("terminal ileum", "distal ileum", "mid ileum", "jejunum", "ileum, multifocal"),
    "pancreas": ("tail", "body", "head", "uncinate process", "body and tail"),
    "lung": ("right lower lobe", "left upper lobe", "middle lobe, central", "right upper lobe"),
    "rectum": ("8 cm from the anal verge", "lower rectum", "mid rectum"),
    "cecum_colon": ("cecum", "ascending colon", "sigmoid"),
    "stomach": ("gastric type 3, corpus", "gastric type 1, fundus", "gastric type 2"),
    "duodenum_ampulla": ("duodenal bulb", "ampulla", "second part"),
    "appendix": ("tip", "base"),
    "unknown": ("",),
    "thymus": ("",),
    "other": ("",),
}
ICD10: dict[str, str] = {
    "jejunum_ileum": "C7A.012",
    "pancreas": "C7A.098",
    "lung": "C7A.090",
    "unknown": "C7A.00",
    "rectum": "C7A.026",
    "cecum_colon": "C7A.021",
    "stomach": "C7A.092",
    "duodenum_ampulla": "C7A.010",
    "appendix": "C7A.020",
    "thymus": "C7A.091",
}
MORPHOLOGY = {"G1": "8240/3", "G2": "8249/3", "G3": "8249/3", "NEC": "8246/3"}


@dataclass
class Profile:
    """The fixed facts of one patient. `grade` is G1, G2, G3 or NEC: what the histology amounts to, never stored."""

    sex: str
    given: str
    family: str
    birth: date
    site: str
    detail: str
    grade: str
    ki67: Decimal
    mitoses: Decimal
    syndrome: str
    stage: str
    diagnosed: date
    metastases: tuple[str, ...]
    liver_pattern: int
    liver_burden: int
    receptor: bool
    krenning: int
    enrollment: str = "active"
    died: date | None = None
    differentiation: str = ""
    cell_type: str = ""

    def __post_init__(self) -> None:
        if not self.differentiation:
            self.differentiation = "poor" if self.grade == "NEC" else "well"

    @property
    def functional(self) -> bool:
        return self.syndrome != "nonfunctional"

    @property
    def in_care(self) -> bool:
        return self.enrollment == "active" and self.died is None


@dataclass(frozen=True)
class Wish:
    """What a directed patient must be, everything else is left to chance: fields of `Profile` and of the course."""

    name: tuple[str, str] = ("", "")
    age: int = 0
    years: float = 0  # since diagnosis
    profile: Mapping[str, object] = field(default_factory=dict)
    treatments: tuple[str, ...] = ()  # agents, in order; the last one is the present one
    last_days: int = 0  # how long the present one has run
    scan_due_in: int | None = None  # days from today to the next scan
    no_plan: bool = False  # nothing planned after the last scan


def indices(dice: Dice, grade: str) -> tuple[Decimal, Decimal]:
    """Ki-67 in percent and mitoses per 2 mm² that amount to the grade, at least by Ki-67."""
    if grade == "G1":
        return Decimal(dice.choice(("1", "1", "2", "2", "2.5"))), Decimal(dice.choice(("0", "1", "1")))
    if grade == "G2":
        ki67 = Decimal(dice.choice(("3", "4", "5", "5", "6", "8", "8", "10", "12", "14", "15", "18", "20")))
        return ki67, Decimal(dice.randint(1, 9))
    if grade == "G3":
        return Decimal(dice.choice(("22", "25", "28", "30", "35", "40", "50"))), Decimal(dice.randint(8, 32))
    return Decimal(dice.choice(("45", "60", "70", "75", "80", "90"))), Decimal(dice.randint(22, 70))


def _since_diagnosis(dice: Dice, grade: str) -> int:
    """Days: years for well-differentiated tumors, months for carcinoma."""
    if grade == "NEC":
        return dice.span(270, 30, 900)
    if grade == "G3":
        return dice.span(600, 45, 2200)
    return dice.span(1500, 60, 5200)


def _enrollment(dice: Dice, grade: str) -> str:
    dead = 0.06 if grade == "NEC" else 0.025
    return str(
        dice.pick(
            {
                "active": 1 - dead - 0.085,
                "on_hold": 0.025,
                "declined": 0.02,
                "transferred": 0.02,
                "discharged": 0.01,
                "under_review": 0.01,
                "deceased": dead,
            }
        )
    )


def _spread(dice: Dice, site: str, stage: str) -> tuple[str, ...]:
    if stage != "IV":
        return ("lymph_nodes",) if stage == "III" else ()
    found = [
        name
        for name, share in (
            ("liver", 0.9),
            ("lymph_nodes", 0.6),
            ("bone", 0.16),
            ("peritoneum", 0.2 if site == "jejunum_ileum" else 0.08),
            ("lung", 0.06),
        )
        if dice.chance(share)
    ]
    return tuple(found) if set(found) - {"lymph_nodes"} else ("liver", *found)


def _stage(dice: Dice, grade: str) -> str:
    iv = 0.93 if grade in {"G3", "NEC"} else 0.84
    return str(dice.pick({"IV": iv, "III": (1 - iv) * 0.6, "II": (1 - iv) * 0.3, "I": (1 - iv) * 0.1}))


def profile_of(dice: Dice, today: date, wish: Wish | None = None, *, named: bool = False) -> Profile:
    """Draws a patient; what the wish names is as it says, its name only when `named`."""
    wish = wish or Wish()
    sex = str(wish.profile.get("sex") or dice.choice(("female", "male")))
    given, family = person_name(dice, sex)
    if named and wish.name[0]:
        given, family = wish.name
    site = str(wish.profile.get("site") or dice.pick(SITES))
    grade = str(wish.profile.get("grade") or dice.pick(dict(zip(("G1", "G2", "G3", "NEC"), GRADES[site], strict=True))))
    ki67, mitoses = indices(dice, grade)
    stage = str(wish.profile.get("stage") or _stage(dice, grade))
    days = int(wish.years * 365.25) or _since_diagnosis(dice, grade)
    diagnosed = today - timedelta(days=days)
    enrollment = _enrollment(dice, grade)
    age = wish.age or int(min(88, max(24, dice.gauss(64, 12)))) + days // 730
    birth = today - timedelta(days=int(age * 365.25) + dice.randint(1, 360))
    metastases = _spread(dice, site, stage)
    pattern = dice.pick({1: 0.12, 2: 0.33, 3: 0.55})
    burden = {1: dice.randint(1, 10), 2: dice.randint(8, 40), 3: dice.randint(18, 70)}[pattern]
    positive = dice.chance({"G1": 0.97, "G2": 0.92, "G3": 0.62, "NEC": 0.18}[grade])
    krenning = dice.pick({4: 0.45, 3: 0.45, 2: 0.10}) if positive else dice.pick({0: 0.3, 1: 0.7})
    syndrome = dice.pick(SYNDROMES.get(site, {"nonfunctional": 1})) if grade in {"G1", "G2"} else "nonfunctional"
    if syndrome == "carcinoid" and "liver" not in metastases:
        syndrome = "nonfunctional"
    values: dict[str, object] = {
        "sex": sex,
        "given": given,
        "family": family,
        "birth": birth,
        "site": site,
        "detail": dice.choice(DETAIL[site]),
        "grade": grade,
        "ki67": ki67,
        "mitoses": mitoses,
        "syndrome": syndrome,
        "stage": stage,
        "diagnosed": diagnosed,
        "metastases": metastases,
        "liver_pattern": pattern,
        "liver_burden": burden,
        "receptor": positive,
        "krenning": krenning,
        "enrollment": enrollment,
        "cell_type": dice.choice(("small", "large")) if grade == "NEC" else "",
    }
    if wish.profile or wish.name[0]:
        values["enrollment"] = "active"
    values |= dict(wish.profile)
    profile = Profile(**values)  # type: ignore[arg-type]
    if profile.enrollment == "deceased" and profile.died is None:
        profile.died = today - timedelta(days=dice.randint(1, max(2, min(500, days - 30))))
    return profile
