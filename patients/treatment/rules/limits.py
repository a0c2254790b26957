"""What of a draft does not fit, by field, in sentences. The numbers come from the protocol's catalog. Pure."""

from __future__ import annotations

from dataclasses import replace

from patients.protocol.rules import NUMBERS
from patients.treatment.rules.amounts import Usual, Weighed, weigh
from patients.treatment.rules.drafts import LineDraft
from patients.treatment.rules.plans import out_of_range, plan_class, why_not_trial_number

_RANGES = {
    code: (number.low, number.high, number.name)
    for code, number in NUMBERS.items()
    if number.low is not None and number.high is not None
}
MOST_DOSES = 60  # of a modality whose number of doses no source bounds: a typing error beyond it


def usual_for(modality: str, agent: str) -> Usual | None:
    """What is usual for the agent; None where the protocol says nothing."""
    code = plan_class(modality, agent).dose_code(agent)
    if code not in _RANGES:
        return None
    low, high, name = _RANGES[code]
    return Usual(name.partition(",")[0], NUMBERS[code].unit, low, high)


def weighed(draft: LineDraft) -> Weighed:
    """The draft's dose in the unit of its agent, with what is asked about it."""
    return weigh(draft.dose, usual_for(draft.modality, draft.agent))


def settled(draft: LineDraft) -> LineDraft:
    """The draft as it is stored: dose in its agent's unit, NCT number in capitals, answers of the plan only."""
    plan = plan_class(draft.modality, draft.agent)
    answers = plan.read(draft.plan).written()
    if draft.symptom_led_imaging:
        answers["symptom_led_imaging"] = True
    if draft.plan.get("dose_confirmed"):
        answers["dose_confirmed"] = True
    if "place" in plan.columns and draft.plan.get("place"):
        answers["place"] = int(draft.plan["place"])
    text = weighed(draft).text
    if text != draft.dose.strip():
        answers["dose_typed"] = draft.dose.strip()
    return replace(draft, dose=text, trial_number=draft.trial_number.strip().upper(), plan=answers)


def draft_problems(draft: LineDraft) -> dict[str, str]:
    """{field: sentence}; fields of the plan begin with `plan_`. Empty: nothing to say."""
    plan = plan_class(draft.modality, draft.agent)
    answers = plan.read(draft.plan)
    columns = {"planned_count": draft.planned_count, "interval_days": draft.interval_days}
    values = {**{name: getattr(answers, name) for name in plan.asks()}, **columns}
    problems = {**answers.problems(), **out_of_range(plan, values, _RANGES)}
    found = {name if name in columns else f"plan_{name}": sentence for name, sentence in problems.items()}
    if draft.interval_days is not None and draft.interval_days < 1:
        found["interval_days"] = "Doses lie at least one day apart."
    if draft.planned_count is not None and not 1 <= draft.planned_count <= MOST_DOSES:
        found["planned_count"] = f"Plan between 1 and {MOST_DOSES} doses."
    dose = weighed(draft)
    if dose.question and (dose.final or not draft.plan.get("dose_confirmed")):
        found["dose"] = dose.question
    if "trial_number" in plan.columns and (sentence := why_not_trial_number(draft.trial_number)):
        found["trial_number"] = sentence
    return found
