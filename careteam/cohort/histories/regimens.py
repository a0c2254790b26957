"""Treatments as the histories use them: dose, rhythm, how long they last, what they do. Pure.

Doses and rhythms: `clinical.md` 2. Durations and shares are ours, near the trials' medians, so that lines change at a
believable pace; nothing of this is shown as a fact about a treatment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from careteam.cohort.histories.profile import Profile
from careteam.cohort.histories.rows import Dice


@dataclass(frozen=True)
class Regimen:
    """`cycle` days between doses (0: daily drug, or once); `count` doses of a finite treatment; `mean` days that a
    running one lasts, or that its effect lasts after a finite one."""

    code: str
    modality: str
    agent: str
    dose: str
    mean: int
    cycle: int = 0
    count: int = 0
    amount: str = ""
    unit: str = ""
    best: Mapping[str, float] = field(default_factory=lambda: {"SD": 0.85, "PD": 0.1, "PR": 0.05})
    toxicities: tuple[tuple[str, int], ...] = ()  # term and the highest grade it usually reaches
    toxic: float = 0.0  # share that stops for toxicity
    intent: str = "disease_control"

    @property
    def finite(self) -> bool:
        return self.count > 0

    @property
    def treatment_days(self) -> int:
        """From the first to the last dose of a finite treatment."""
        return max(0, (self.count - 1) * self.cycle)


_SSA_EVENTS = (("Steatorrhea", 2), ("Cholelithiasis", 2), ("Hyperglycemia", 2), ("Injection site reaction", 1))
_TKI_EVENTS = (("Hypertension", 3), ("Palmar-plantar erythrodysesthesia", 2), ("Diarrhea", 2), ("Fatigue", 2))

REGIMENS: dict[str, Regimen] = {
    r.code: r
    for r in (
        Regimen(
            "lanreotide", "ssa", "Lanreotide", "120 mg every 4 weeks", 820, 28, 0, "120", "mg", toxicities=_SSA_EVENTS
        ),
        Regimen(
            "octreotide", "ssa", "Octreotide LAR", "30 mg every 4 weeks", 780, 28, 0, "30", "mg", toxicities=_SSA_EVENTS
        ),
        Regimen(
            "everolimus",
            "targeted",
            "Everolimus",
            "10 mg daily",
            340,
            best={"SD": 0.8, "PD": 0.12, "PR": 0.08},
            toxicities=(("Mucositis oral", 2), ("Pneumonitis", 2), ("Hyperglycemia", 3), ("Rash", 2), ("Diarrhea", 2)),
            toxic=0.24,
        ),
        Regimen(
            "sunitinib",
            "targeted",
            "Sunitinib",
            "37.5 mg daily",
            320,
            best={"SD": 0.74, "PD": 0.14, "PR": 0.12},
            toxicities=_TKI_EVENTS,
            toxic=0.25,
        ),
        Regimen(
            "cabozantinib",
            "targeted",
            "Cabozantinib",
            "60 mg daily",
            300,
            best={"SD": 0.74, "PD": 0.12, "PR": 0.14},
            toxicities=_TKI_EVENTS,
            toxic=0.3,
        ),
        Regimen(
            "prrt",
            "prrt",
            "177Lu-dotatate",
            "7.4 GBq every 8 weeks",
            640,
            56,
            4,
            "7.4",
            "GBq",
            best={"SD": 0.66, "PR": 0.27, "PD": 0.07},
            toxicities=(
                ("Platelet count decreased", 2),
                ("Nausea", 2),
                ("Anemia", 2),
                ("Lymphocyte count decreased", 3),
            ),
            toxic=0.07,
        ),
        Regimen(
            "prrt2",
            "prrt",
            "177Lu-dotatate, re-treatment",
            "7.4 GBq every 8 weeks",
            240,
            56,
            2,
            "7.4",
            "GBq",
            best={"SD": 1},
            toxicities=(("Platelet count decreased", 1),),
        ),
        Regimen(
            "captem",
            "chemotherapy",
            "Capecitabine + temozolomide",
            "750 mg/m² twice daily d1–14, 200 mg/m² d10–14",
            290,
            28,
            8,
            "1",
            "cycle",
            best={"PR": 0.36, "SD": 0.5, "PD": 0.14},
            toxicities=(
                ("Neutrophil count decreased", 3),
                ("Platelet count decreased", 2),
                ("Nausea", 2),
                ("Fatigue", 2),
            ),
            toxic=0.1,
        ),
        Regimen(
            "platin",
            "chemotherapy",
            "Carboplatin + etoposide",
            "AUC 5 d1, 100 mg/m² d1–3",
            110,
            21,
            6,
            "1",
            "cycle",
            best={"PR": 0.48, "SD": 0.27, "PD": 0.25},
            toxicities=(("Neutrophil count decreased", 4), ("Febrile neutropenia", 3), ("Anemia", 3), ("Alopecia", 2)),
            toxic=0.08,
            intent="palliative",
        ),
        Regimen(
            "folfiri",
            "chemotherapy",
            "FOLFIRI",
            "every 2 weeks",
            90,
            14,
            8,
            "1",
            "cycle",
            best={"SD": 0.45, "PD": 0.37, "PR": 0.18},
            toxicities=(("Diarrhea", 3), ("Neutrophil count decreased", 3), ("Fatigue", 2)),
            toxic=0.12,
            intent="palliative",
        ),
        Regimen(
            "tae",
            "embolization",
            "Bland embolization (TAE)",
            "two sessions, right then left lobe",
            400,
            38,
            2,
            "1",
            "session",
            best={"PR": 0.46, "SD": 0.48, "PD": 0.06},
            toxicities=(("Abdominal pain", 3), ("ALT increased", 3), ("Fever", 1)),
            intent="cytoreductive",
        ),
        Regimen(
            "tace",
            "embolization",
            "Chemoembolization (TACE)",
            "two sessions, right then left lobe",
            400,
            38,
            2,
            "1",
            "session",
            best={"PR": 0.46, "SD": 0.48, "PD": 0.06},
            toxicities=(("Abdominal pain", 3), ("ALT increased", 3), ("Nausea", 2)),
            intent="cytoreductive",
        ),
        Regimen(
            "tare",
            "embolization",
            "TARE (Y-90)",
            "one session, right lobe",
            400,
            38,
            1,
            "1",
            "session",
            best={"PR": 0.3, "SD": 0.6, "PD": 0.1},
            toxicities=(("Fatigue", 2), ("Abdominal pain", 2)),
            intent="cytoreductive",
        ),
        Regimen(
            "ablation",
            "ablation",
            "Microwave ablation",
            "single session",
            420,
            0,
            1,
            best={"CR": 0.2, "SD": 0.7, "PD": 0.1},
            intent="cytoreductive",
        ),
        Regimen(
            "surgery",
            "surgery",
            "Resection of the primary",
            "",
            700,
            0,
            1,
            best={"CR": 0.2, "SD": 0.8},
            toxicities=(("Wound infection", 2), ("Ileus", 2)),
            intent="cytoreductive",
        ),
        Regimen(
            "trial", "trial", "Trial medication", "per protocol", 260, best={"SD": 0.7, "PD": 0.2, "PR": 0.1}, toxic=0.1
        ),
        Regimen("observation", "observation", "Observation", "", 420),
        Regimen("bsc", "bsc", "Best supportive care", "", 400, intent="palliative"),
        Regimen("hospice", "hospice", "Hospice", "", 400, intent="palliative"),
    )
}
CABOZANTINIB_SINCE = date(2025, 4, 1)
PRRT_SINCE = date(2013, 1, 1)

_NEXT: dict[str, dict[str, float]] = {
    "pancreas": {
        "everolimus": 3,
        "prrt": 3,
        "captem": 2.5,
        "sunitinib": 1.5,
        "tace": 1.5,
        "cabozantinib": 1.5,
        "ablation": 0.4,
    },
    "lung": {"everolimus": 5, "prrt": 2, "captem": 1.5, "tae": 1, "cabozantinib": 1.5, "trial": 0.4},
}
_NEXT_GUT = {"prrt": 5, "everolimus": 2, "tae": 2, "cabozantinib": 1.2, "trial": 0.3, "ablation": 0.3}


def first_treatments(dice: Dice, profile: Profile) -> list[str]:
    """What a patient of this kind is usually given first."""
    if profile.grade == "NEC":
        return ["platin"]
    if profile.stage != "IV":
        return ["surgery"]
    ssa = dice.choice(("lanreotide", "lanreotide", "octreotide"))
    if profile.syndrome == "insulinoma":  # an analog may worsen hypoglycemia
        return ["surgery", "everolimus"] if dice.chance(0.6) else ["everolimus"]
    if profile.grade == "G3":
        return [dice.pick({"captem": 0.6, "prrt": 0.25 if profile.krenning >= 3 else 0.0, ssa: 0.15})]
    operated = {"jejunum_ileum": 0.5, "pancreas": 0.22, "appendix": 0.9, "cecum_colon": 0.5}.get(profile.site, 0.1)
    if not profile.receptor:
        return [
            dice.pick({"everolimus": 0.6, "captem": 0.4 if profile.site == "pancreas" else 0.1, "observation": 0.2})
        ]
    return ["surgery", ssa] if dice.chance(operated) else [ssa]


def next_treatment(dice: Dice, profile: Profile, used: list[str], on: date) -> str:
    """What follows after progression or intolerance; nothing twice but an embolization."""
    if profile.grade == "NEC":
        if "folfiri" not in used:
            return "folfiri" if dice.chance(0.75) else "bsc"
        return str(dice.pick({"bsc": 0.6, "hospice": 0.4}))
    if len(used) >= 6 and dice.chance(0.2):
        return str(dice.pick({"bsc": 0.7, "hospice": 0.3}))
    weights = dict(_NEXT.get(profile.site, _NEXT_GUT))
    if profile.krenning < 3 or on < PRRT_SINCE:
        weights.pop("prrt", None)
    if on < CABOZANTINIB_SINCE or not set(used) & {"everolimus", "sunitinib", "captem", "prrt", "platin"}:
        weights.pop("cabozantinib", None)
    if "liver" not in profile.metastases:
        for code in ("tae", "tace", "ablation"):
            weights.pop(code, None)
    if profile.liver_pattern == 3:
        weights.pop("ablation", None)
    for code in set(used) - {"tae", "tace"}:
        weights.pop(code, None)
    for code in ("tae", "tace"):
        if used.count(code) >= 2 or (used and used[-1] == code):
            weights.pop(code, None)
    return str(dice.pick(weights)) if weights else "bsc"


def surveillance(regimen: Regimen, profile: Profile, days: int, *, finished: bool) -> tuple[str, int]:
    """Situation code of the protocol and its interval in days, `days` after the start of the treatment (or, once it
    is finished, after its last dose)."""
    if profile.grade == "NEC" or not profile.differentiation:
        return "S4", 60
    if regimen.code in {"everolimus", "sunitinib", "cabozantinib", "trial"} or (
        regimen.code == "captem" and not finished
    ):
        return ("S6" if regimen.code == "captem" else "S5"), 84
    if profile.grade == "G3":
        return "S3", 90
    if regimen.modality == "prrt":
        return ("S8", 90 if days < 365 else 180) if finished else ("S7", 112)
    if regimen.code in {"tae", "tace"}:
        return "S9", 35 if days < 40 else 90
    if regimen.code in {"tare", "ablation"}:
        situation, first = ("S10a", 60) if regimen.code == "tare" else ("S10b", 35)
        return situation, first if days < first + 5 else 90
    if regimen.code == "surgery":
        return ("S12", 120) if profile.stage == "IV" else ("S11", 180)
    return ("S1", 90) if days < 365 else ("S2", 180)
