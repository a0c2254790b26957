"""Draws docs/treatment.md: what each modality asks and checks, read from the plans themselves."""

from __future__ import annotations

from patients.protocol.rules import NUMBERS
from patients.treatment.rules import LAB_SETS, PLANS, SUPPORTIVE, VARIANTS, Modality, Plan

_WORDS = {
    "agent": "drug, regimen or procedure",
    "role": "antitumor or symptom control",
    "intent": "intent",
    "dose": "dose",
    "planned_count": "number",
    "interval_days": "interval",
    "site": "where",
    "trial_number": "NCT number",
    "place": "site",
}
_HEAD = """# Treatment

Each kind of treatment has its own form and its own plan. A plan is a typed dataclass in `patients/treatment/rules/plans/`; the form asks its fields and nothing else, and the same rules answer beside the field and in the command. This page is written by `manage.py treatment_docs` from those classes; a test compares.

Palliative care is not in the table: it is concurrent involvement, never a line. Why a line starts is asked of every line that can have a number.

## Modalities

| modality | the form asks | suggested | labs before each dose | looked at |
| --- | --- | --- | --- | --- |
"""
_FOOT = """
## What surrounds a dose

| what | how |
| --- | --- |
| a dose | given, held, moved, left out or canceled, with a coded reason; what follows a moved dose moves along |
| amount | converted to the unit of the drug (mCi to GBq, g to mg); an implausible one is asked about with the conversion beside it |
| labs | the latest value up to the day, judged ok, below, above, stale or missing; stale and missing never pass. Giving all the same asks for a sentence, which is kept with the labs as they were |
| dose level | another dose from a day on, with its reason; every level stays readable |
| toxicity | CTCAE v5 term and grade with what the grade means, since, resolved; entered in error with a reason |
| PRRT modification | the published table over recorded toxicities and grades computed from labs: a prompt with inputs, dates, source, tag, alternatives and what is missing |
| washout | long-acting injections too near before a PRRT dose, with the choices: leave out and give after the dose, bridge, move the dose when it was given already, ask the physician. The choice is recorded and both series are dated again |
| preparation | per site, backwards from the dose: labs, pregnancy test, go / no-go, isotope order, room, radiation advice; nadir labs after it. Each is a next step of the patient. Full days and weeks of a site are named |
| prior authorization | not needed, requested, approved or denied, reference, valid until |

With decision support off nothing is judged: labs show value and date only, and the modification table is silent.
"""


def _asks(plan: type[Plan]) -> str:
    columns = [plan.labels.get(name, _WORDS[name]).lower() for name in plan.columns]
    return "; ".join([*columns, *(ask.label.lower() for ask in plan.asks().values())]) or "nothing more"


def _suggested(plan: type[Plan]) -> str:
    found = [NUMBERS[code] for code in (plan.count, plan.interval, *dict.fromkeys(plan.dose.values())) if code]
    found += [NUMBERS[ask.number] for ask in plan.asks().values() if ask.number]
    return "; ".join(f"{n.name}: {n.value.normalize():f} {n.unit} ({n.tag})" for n in found) or "–"


def _labs(plan: type[Plan]) -> str:
    labs = LAB_SETS.get(plan.labs)
    if labs is None:
        return "–"
    parts = []
    for need in labs.needs:
        limit = NUMBERS.get(need.limit)
        sign = "≤" if need.at_most else "≥"
        parts.append(
            f"{need.label} {sign} {limit.value.normalize():f} {limit.unit} ({limit.tag})" if limit else need.label
        )
    age = NUMBERS[labs.age]
    return f"{'; '.join(parts)}; at most {age.value.normalize():f} {age.unit} old ({age.tag})"


def document() -> str:
    """The page as it must be."""
    rows = []
    for modality in Modality:
        plans = [PLANS[modality], *(variant.plan for variant in VARIANTS if variant.modality == modality)]
        for plan in dict.fromkeys(plans):
            role = " (no line number)" if modality in SUPPORTIVE else ""
            first = plan.name if plan.name == modality.label else f"{modality.label}: {plan.name}"
            checks = "; ".join(plan.checks) or "–"
            rows.append(f"| {first}{role} | {_asks(plan)} | {_suggested(plan)} | {_labs(plan)} | {checks} |")
    return _HEAD + "\n".join(rows) + "\n" + _FOOT
