"""Rows about the last weeks of those who died: why and where, hospice, hospital, the palliative team. Pure.

The shares are ours: they make every measure of the last weeks occur, they are no epidemiology.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from careteam.cohort.histories.person import responsible
from careteam.cohort.histories.profile import Profile
from careteam.cohort.histories.rows import Dice, History, at

# Words, what they count as, how often.
_CAUSES: dict[tuple[str, str], float] = {
    ("Neuroendocrine tumor, progression", "cancer"): 0.5,
    ("Liver failure from metastases", "cancer"): 0.24,
    ("Sepsis during treatment", "treatment"): 0.04,
    ("Myocardial infarction", "other"): 0.1,
    ("Found dead at home", "unknown"): 0.05,
    ("", ""): 0.07,  # nobody has said yet
}
_HOSPICE = 0.45


def write_last_days(dice: Dice, history: History, profile: Profile) -> None:
    """Nothing for the living."""
    if profile.died is None:
        return
    died, patient = profile.died, history.of("patient")[0]
    words, coded = dice.pick(_CAUSES)
    patient |= {"cause_of_death": words, "death_cause": coded}
    hospice = _hospice(dice, history, died) if coded == "cancer" else False
    hospital = not hospice and dice.chance(0.45)
    if dice.chance(0.85):
        homes = {"home": 0.5, "hospice": 0.42, "nursing_home": 0.08}
        alone = {"home": 0.75, "nursing_home": 0.2, "other": 0.05}
        patient["death_place"] = "hospital" if hospital else dice.pick(homes if hospice else alone)
    if hospital:
        _hospital(dice, history, profile, died)
    _emergencies(dice, history, profile, died)
    if dice.chance(0.7 if hospice else 0.35):
        _palliative(dice, history, profile, died)


def _hospice(dice: Dice, history: History, died: date) -> bool:
    """Whether there was hospice care; what else ran had ended before it began."""
    lines = history.of("line")
    if any(line["modality"] == "hospice" for line in lines):
        return True
    given = [row["given_on"] for row in history.of("administration") if row.get("given_on")]
    begun = [line["started_on"] for line in lines if line["started_on"]]
    earliest = max([*given, *begun], default=died - timedelta(days=90)) + timedelta(days=1)
    since = max(earliest, died - timedelta(days=dice.pick({1: 0.12, 2: 0.1, 5: 0.2, 12: 0.28, 25: 0.2, 48: 0.1})))
    if since > died or not dice.chance(_HOSPICE):
        return False
    for line in lines:
        if line["ended_on"] == died and line["role"] == "antitumor" and line["started_on"] < since:
            line |= {"ended_on": since, "end_reason": "clinician_choice", "status": "stopped"}
    history.add(
        "line",
        modality="hospice",
        agent="",
        role="supportive",
        intent="palliative",
        start_reason="",
        status="stopped",
        planned_on=since,
        started_on=since,
        ended_on=died,
        end_reason="death",
        site=dice.choice(("Hospice St. Klara", "Hospice service north, at home")),
        plan={"setting": dice.choice(("home", "inpatient"))},
    )
    return True


def _hospital(dice: Dice, history: History, profile: Profile, died: date) -> None:
    admitted = max(profile.diagnosed, died - timedelta(days=dice.randint(1, 16)))
    stay: dict[str, Any] = {
        "admitted_on": admitted,
        "discharged_on": died,
        "unplanned": True,
        "reason": dice.choice(("Sepsis", "Liver failure", "Bowel obstruction", "Pneumonia")),
        "place": "St. Brigid, ward 4B",
    }
    if dice.chance(0.3):
        stay |= {"icu_from": admitted, "icu_until": min(died, admitted + timedelta(days=dice.randint(0, 6)))}
    history.add("admission", **stay)


def _emergencies(dice: Dice, history: History, profile: Profile, died: date) -> None:
    for _ in range(dice.pick({0: 0.6, 1: 0.25, 2: 0.11, 3: 0.04})):
        on = died - timedelta(days=dice.randint(2, 40))
        if on > profile.diagnosed:
            history.add(
                "encounter",
                kind="emergency",
                starts_at=at(on, dice.randint(1, 22), 10),
                with_whom="St. Brigid, emergency department",
                reason=dice.choice(("Pain", "Vomiting", "Fever", "Shortness of breath")),
                status="finished",
            )


def _palliative(dice: Dice, history: History, profile: Profile, died: date) -> None:
    seen = max(profile.diagnosed, died - timedelta(days=dice.span(70, 1, 400)))
    asked = max(profile.diagnosed, seen - timedelta(days=dice.randint(1, 9)))
    history.add(
        "palliative",
        status="seen",
        question="Symptoms and support at home",
        requested_by=responsible(history),
        requested_at=at(asked, 11),
        answered_at=at(seen, 15),
        answer="Seen; visits go on.",
        visit_on=seen,
    )
