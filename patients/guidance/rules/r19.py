"""R19: cytotoxic treatment ahead of somebody who is mostly in bed or chair."""

from patients.guidance.rules.base import Finding, Hit, Matched, Rule, of_line, weighed
from patients.guidance.rules.facts import ECOG, Snapshot


def check(s: Snapshot) -> Finding | None:
    ahead, ecog = s.ahead("chemotherapy"), s.labs.get(ECOG)
    if not ahead or ecog is None or ecog.value is None or ecog.value < s.numbers["cytotoxic.ecog"].value:
        return None
    missing = () if s.code_status else ("goals: no conversation with a code status",)
    hit = Hit(Matched("ECOG", ecog.words, ecog.on), "cytotoxic.ecog")
    return weighed(s, [hit], about=[of_line(line) for line in ahead], missing=missing)


RULE = Rule(
    rule="R19",
    version=1,
    title="Cytotoxic treatment and performance status",
    condition="Chemotherapy proposed or planned, ECOG at or above the limit",
    text="Benefit is uncertain at this performance status; confirm the goals.",
    source="Prior knowledge",
    tag="P",
    limits="A low performance status caused by the tumor itself may improve with treatment.",
    check=check,
    alternatives=("Best supportive care", "Chemotherapy as the goals ask for", "Palliative team first", "Reduced dose"),
    numbers=("cytotoxic.ecog",),
)
