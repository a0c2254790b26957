"""R18 only points to the goals prompt, which is answered there, once (`model.md` 7)."""

from patients.guidance.rules.base import Finding, Matched, Rule
from patients.guidance.rules.facts import Snapshot


def check(s: Snapshot) -> Finding | None:
    if s.prompt_since is None:
        return None
    return Finding(tuple(Matched("Why", reason, s.prompt_since) for reason in s.prompt_reasons))


RULE = Rule(
    rule="R18",
    version=1,
    title="Goals of care",
    condition="A goals prompt is open (ECOG, therapy line, NEC, progression and more: see goals)",
    text="Goals-of-care conversation, and the palliative team. Answered at the goals prompt.",
    source="ASCO 2024 supports all advanced disease; triggers by design",
    tag="D",
    limits="Only points to the goals prompt, which is workflow and stays when decision support is off.",
    check=check,
    alternatives=("Conversation", "Reason and date to ask again", "Referral to the palliative team"),
    points_to="goals",
)
