"""What the form says to whoever fills it: never an error, nothing is blocked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from patients.goals.queries import Somebody
from patients.goals.rules import InformationPreference
from patients.goals.rules.leaflet import hard_words
from patients.goals.rules.said import Capacity, InterpreterKind, PermissionGiven

_TOLD_NOTHING = {
    InformationPreference.NONE_NOW: "They want to know nothing now",
    InformationPreference.FAMILY_ONLY: "They want only the family told",
}


def excluded_present(content: Mapping[str, Any], people: Sequence[Somebody]) -> list[str]:
    """Names of persons who must not be told anything and were picked, or are named among the others."""
    picked, others = content.get("present") or (), str(content.get("participants") or "").casefold()
    return [each.name for each in people if each.is_excluded and (each.key in picked or each.name.casefold() in others)]


def advice(content: Mapping[str, Any], people: Sequence[Somebody]) -> list[str]:
    """Sentences about what was chosen, in the order of the form."""
    said = [
        f"{name} must not be told, says the record. Was it the patient’s wish that {name} is here? "
        "Then change that in the record first."
        for name in excluded_present(content, people)
    ]
    if content.get("interpreter_kind") == InterpreterKind.FAMILY:
        said.append(
            "Somebody of the family interprets: what is hard to say is often left out. Ask a professional interpreter "
            "for what is decided."
        )
    capacity = content.get("capacity")
    if capacity in {Capacity.NO, Capacity.FLUCTUATING} and not content.get("capacity_judged_by"):
        said.append("Say who judged that the patient’s capacity is missing or comes and goes.")
    if capacity == Capacity.NO and not content.get("proxy_speaks"):
        said.append("Without capacity somebody speaks for the patient: is the proxy here?")
    if content.get("permission_given") == PermissionGiven.NOT_TODAY:
        said.append("Not today: stop here. Below, under “They declined today”, you set the day to ask again.")
    preference = content.get("information_preference")
    if preference in _TOLD_NOTHING and (content.get("prognosis_framing") or content.get("prognosis_shared")):
        said.append(f"{_TOLD_NOTHING[preference]}, and yet something about the outlook was shared: is that right?")
    if words := hard_words(str(content.get("agreed") or "")):
        said.append(
            f"“What we agreed” is printed for the patient: {', '.join(f'“{word}”' for word in words[:3])} in plainer "
            "words?"
        )
    return said
