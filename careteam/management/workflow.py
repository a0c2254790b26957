"""Every state machine of the product as Markdown with Mermaid, read off the transition tables in the slices' rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from careteam.printing.rules import PRINT_TRANSITIONS
from patients.care.rules import PATHWAY_TRANSITIONS
from patients.fhir.rules.states import REVIEW_TRANSITIONS, RUN_TRANSITIONS
from patients.goals.rules import (
    CONVERSATION_TRANSITIONS,
    PROMPT_TRANSITIONS,
)
from patients.imaging.rules import STUDY_TRANSITIONS
from patients.palliative.rules import (
    BEREAVEMENT_TRANSITIONS,
    HOSPICE_TRANSITIONS,
    PALLIATIVE_REFERRAL_TRANSITIONS,
)
from patients.record.rules import ENROLLMENT_TRANSITIONS
from patients.record.rules.visits import VISIT_TRANSITIONS
from patients.treatment.rules import ADMINISTRATION_TRANSITIONS, LINE_TRANSITIONS
from patients.trials.rules import OUTCOME_TRANSITIONS
from patients.wishes.rules import DOCUMENT_TRANSITIONS, SCAN_TRANSITIONS
from tumorboard.actions.rules import ACTION_TRANSITIONS
from tumorboard.ballots.rules import BALLOT_TRANSITIONS
from tumorboard.decisions.rules import DECISION_TRANSITIONS, RECOMMENDATION_TRANSITIONS
from tumorboard.meetings.rules import ITEM_TRANSITIONS, MEETING_TRANSITIONS
from tumorboard.opinions.rules import OPINION_TRANSITIONS
from tumorboard.referrals.rules import REFERRAL_TRANSITIONS
from tumorboard.suggestions.rules import SUGGESTION_TRANSITIONS

MACHINES: tuple[tuple[str, str, Mapping[Any, Any]], ...] = (
    (
        "Enrollment",
        "Whether the patient is in our care. Lists, plans and ladders count *in care* only.",
        ENROLLMENT_TRANSITIONS,
    ),
    ("Visit", "The words of FHIR's Appointment, as bookings arrive. Back to booked is undo.", VISIT_TRANSITIONS),
    ("Treatment line", "A stop needs a coded reason; an error needs a sentence.", LINE_TRANSITIONS),
    ("Administration", "One dose or procedure. A delay is a moved date with its reason.", ADMINISTRATION_TRANSITIONS),
    ("Imaging study", "Due, amber and red are derived from the due date, never stored.", STUDY_TRANSITIONS),
    (
        "Goals conversation",
        "A draft is no row here: it is its author's alone until it is signed.",
        CONVERSATION_TRANSITIONS,
    ),
    ("Goals prompt", "One live prompt per patient, carrying all its reasons.", PROMPT_TRANSITIONS),
    ("Palliative referral", "Concurrent involvement, never a treatment line.", PALLIATIVE_REFERRAL_TRANSITIONS),
    ("Step into hospice", "Prepared in any order; finishing it starts the hospice line.", HOSPICE_TRANSITIONS),
    ("Bereavement follow-up", "For the family, never to the patient. Back to open is undo.", BEREAVEMENT_TRANSITIONS),
    ("Referral", "Back to submitted means deferred, with a coded reason.", REFERRAL_TRANSITIONS),
    (
        "Agenda suggestion",
        "What sends a case back to a board. Files nothing; what holds again is suggested anew.",
        SUGGESTION_TRANSITIONS,
    ),
    ("Meeting", "", MEETING_TRANSITIONS),
    ("Agenda item", "", ITEM_TRANSITIONS),
    (
        "E-vote",
        "Ended: everybody agrees, the chair signs. What is not settled is discussed in a meeting.",
        BALLOT_TRANSITIONS,
    ),
    ("Second opinion of another team", "Back to asked or being read means extended.", OPINION_TRANSITIONS),
    ("Decision", "Corrections of a signed decision are addenda.", DECISION_TRANSITIONS),
    ("Recommendation", "Followed until done or consciously not done.", RECOMMENDATION_TRANSITIONS),
    ("Action", "Overdue is derived. Back to open is undo.", ACTION_TRANSITIONS),
    (
        "PDF of minutes and letters",
        "Running to running: a worker died, another took it up. What is printed was signed or written and stays.",
        PRINT_TRANSITIONS,
    ),
    ("Trial considered", "“Considered, because …”: every state has its reason.", OUTCOME_TRANSITIONS),
    ("Psychosocial care", "Started by a distress score or by a person; one live per patient.", PATHWAY_TRANSITIONS),
    ("Document of a patient", "Back to current: it was ended by mistake.", DOCUMENT_TRANSITIONS),
    (
        "Virus scan of a stored file",
        "Waiting, failed and infected files are handed to nobody.",
        SCAN_TRANSITIONS,
    ),
    ("Import", "", RUN_TRANSITIONS),
    ("Difference after an import", "What was edited here stands until somebody decides.", REVIEW_TRANSITIONS),
)


def _diagram(table: Mapping[Any, Any]) -> list[str]:
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f'    state "{state.label}" as {state.name}' for state in table]
    lines.append(f"    [*] --> {next(iter(table)).name}")
    for state, targets in table.items():
        order: list[Any] = list(table)
        lines += [f"    {state.name} --> {target.name}" for target in sorted(targets, key=order.index)]
        if not targets:
            lines.append(f"    {state.name} --> [*]")
    return [*lines, "```"]


def document() -> str:
    """The whole page."""
    lines = ["# States", "", "Generated by `manage.py workflow_docs` from the transition tables; a test compares.", ""]
    for title, note, table in MACHINES:
        lines += [f"## {title}", "", *([note, ""] if note else []), *_diagram(table), ""]
    return "\n".join(lines)
