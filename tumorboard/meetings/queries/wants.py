"""What each patient of an agenda wants, in one line: first on the agenda as on the case card."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from patients.goals.queries import GoalsNow, LineStep, goals_summary, steps_for
from patients.record.models import Patient


def wants_of(patient_ids: Iterable[int], on: date) -> dict[int, str]:
    """The goals of these patients as of that day, with their age, unsigned drafts and the goals step of open lines; a
    constant number of queries."""
    ids = sorted(set(patient_ids))
    goals = goals_summary(ids, on)
    steps = steps_for(Patient.objects.filter(pk__in=ids).select_related("team"))
    return {each: _words(goals[each], steps.get(each, ())) for each in ids}


def _words(goals: GoalsNow, steps: Iterable[LineStep]) -> str:
    parts = []
    if goals.exists:
        said = goals.quote or goals.summary
        said = said if len(said) <= 120 else f"{said[:119].rstrip()}…"
        gap = ", before the last progression" if goals.before_progression else ""
        gap += ", event passed, ask again" if goals.event_passed else ""
        parts.append(f"{said} ({goals.age_words}{gap})")
    elif goals.wishes_words:
        parts += [goals.wishes_words, "no goals conversation"]
    else:
        parts.append("nobody has documented what the patient wants")
    parts += [f"unsigned draft of {name}, ask" for name in goals.draft_by]
    parts += [f"before {step.label}: {step.words[:1].lower()}{step.words[1:]}" for step in steps]
    return "; ".join(parts)
