"""Rows around doses: plans, labs looked at, preparation, authorization. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from careteam.cohort.histories.course import Treatment
from careteam.cohort.histories.profile import Profile
from careteam.cohort.histories.rows import Dice, History, Json, Key, Person, Ref, Text, TheSite, at
from patients.treatment.rules import OWNER, LeadTimes, PreparationKind, lay_out

SITE_NAME = "Nuclear medicine, Site A"
SITE = LeadTimes(labs=14, go=10, order=7, room=14, nadirs=(35,))
_WORDS = {kind.value: kind.label.removesuffix(" by") for kind in PreparationKind}
_LABS = (
    ("Platelets", "×10⁹/L", 112, 240, 0, "≥ 75 ×10⁹/L"),
    ("White blood cells", "×10⁹/L", 3.1, 7.5, 1, "≥ 2 ×10⁹/L"),
    ("Hemoglobin", "g/dL", 10.4, 14.1, 1, "≥ 8 g/dL"),
    ("Creatinine", "mg/dL", 0.7, 1.2, 2, ""),
    ("Albumin", "g/dL", 3.5, 4.5, 1, "≥ 3 g/dL"),
)


def plan_of(dice: Dice, treatment: Treatment, agent: str) -> dict[str, Any]:
    """What the modality's own plan says, as its JSON."""
    regimen = treatment.regimen
    plan: dict[str, Any] = {}
    match regimen.modality:
        case "prrt":
            again = {"course": "retreatment", "prior_activity": "29.6", "last_benefit": "stable"}
            course = again if regimen.code == "prrt2" else {"course": "first"}
            plan = {**course, "amino_acids": "lysine_arginine", "place": TheSite()}
        case "embolization":
            drug = {"drug": "doxorubicin"} if "TACE" in agent else {}
            vein = dice.pick({"open": 0.9, "branch": 0.1})
            plan = {"target": "both", "portal_vein": vein, "biliary": dice.pick({"intact": 0.9, "stent": 0.1}), **drug}
        case "surgery":
            done = {} if treatment.ahead else {"residual": dice.pick({"R0": 0.6, "R1": 0.25, "R2": 0.15})}
            plan = {"approach": dice.pick({"open": 0.6, "laparoscopic": 0.4}), **done}
        case "ablation":
            plan = {"approach": "percutaneous", "lesions": dice.randint(1, 3), "largest": dice.randint(9, 28)}
        case "chemotherapy" if regimen.code == "captem":
            plan = {"capecitabine": "750", "temozolomide": "200", "dpyd": "normal"}
        case "chemotherapy" if regimen.code == "platin":
            plan = {"carboplatin": "5", "etoposide": "100"}
        case "ssa":
            plan = {"route": "deep_sc" if regimen.code == "lanreotide" else "im", "given_by": "clinic"}
        case "targeted":
            plan = {"schedule": "once_daily"}
        case "trial":
            plan = {"arm": "A", "consented_on": (treatment.start - timedelta(days=6)).isoformat()}
        case "observation":
            plan = {"why": "low_volume"}
        case "hospice":
            plan = {"setting": dice.pick({"home": 0.7, "inpatient": 0.3})}
    return plan


def write_preparation(
    dice: Dice, history: History, profile: Profile, treatment: Treatment, line: Ref, today: date
) -> None:
    """What surrounds the doses of a line."""
    modality = treatment.regimen.modality
    doses = [
        (Ref("administration", n), row) for n, row in enumerate(history.of("administration")) if row["line"] == line
    ]
    if modality in {"prrt", "chemotherapy"}:
        for ref, row in [pair for pair in doses if pair[1]["status"] == "given"][-2:]:
            _check(dice, history, ref, row)
    if modality != "prrt":
        return
    _authorize(dice, history, treatment, line, today)
    planned = next((pair for pair in doses if pair[1]["status"] == "planned"), None)
    if planned is None or not treatment.running:
        return
    ref, row = planned
    agent = history.row(line)["agent"]
    for step in lay_out(row["planned_on"], SITE, pregnancy=profile.sex != "male"):
        _step(dice, history, profile, ref, row, step.kind, step.due, line, agent, today)


def _check(dice: Dice, history: History, ref: Ref, row: dict[str, Any]) -> None:
    taken = row["given_on"] - timedelta(days=dice.randint(1, 3))
    low = dice.chance(0.06)
    results = []
    for label, unit, least, most, digits, needed in _LABS:
        value: float = dice.between(least, most, digits)
        below = low and label == "Platelets"
        value = dice.randint(66, 74) if below else value
        words = f"{value:g} {unit}"
        age = f"{needed}, at most 28 d old" if needed else "at most 28 d old"
        verdict = "below" if below else "ok"
        results.append({"label": label, "verdict": verdict, "value": words, "on": taken.isoformat(), "needed": age})
    history.add(
        "check",
        dose=ref,
        checked_on=row["given_on"],
        results=Json(results),
        despite="Stable on repeat, agreed with hematology." if low else "",
    )


def _authorize(dice: Dice, history: History, treatment: Treatment, line: Ref, today: date) -> None:
    asked = min(today, treatment.start) - timedelta(days=dice.randint(3, 20))
    status = dice.pick(
        {"requested": 0.7, "not_needed": 0.3} if treatment.ahead else {"approved": 0.8, "not_needed": 0.2}
    )
    approved = status == "approved"
    history.add(
        "authorization",
        line=line,
        status=status,
        status_on=asked,
        reference=f"PA-{dice.randint(10_000, 99_999)}" if approved else "",
        valid_until=asked + timedelta(days=365) if approved else None,
    )


def _step(
    dice: Dice,
    history: History,
    profile: Profile,
    dose: Ref,
    row: dict[str, Any],
    kind: str,
    due: date,
    line: Ref,
    agent: str,
    today: date,
) -> None:
    done = due < today - timedelta(days=1)
    role = str(OWNER[kind])
    ref = history.add(
        "preparation",
        dose=dose,
        site=TheSite(),
        kind=kind,
        due_on=due,
        owner_role=role,
        outcome="done" if done else "",
        done_on=due - timedelta(days=dice.randint(0, 2)) if done else None,
        done_by=Person(role) if done else None,
    )
    if done or not profile.in_care:
        return
    history.add(
        "step",
        kind="administration",
        source_key=Key("prepare", *ref),
        what=f"{_WORDS[kind]}, dose {row['number']} of {agent} at {SITE_NAME}"[:200],
        owner_role=role,
        due_on=due,
        url=Text("/patients/{patient}/treatment/{id}/", *line),
        opened_at=at(today - timedelta(days=20)),
    )
