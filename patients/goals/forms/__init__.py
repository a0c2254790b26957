"""Forms of goals of care."""

from patients.goals.forms.advice import advice, excluded_present
from patients.goals.forms.answers import (
    AddendumForm,
    AnswerForm,
    RetractForm,
    SignForm,
)
from patients.goals.forms.conversation import ConversationForm
from patients.goals.forms.copying import what_still_holds
from patients.goals.forms.sections import SECTIONS, Section, SectionState, section_states
from patients.goals.forms.steps import CountForm, NotNowForm, PlanForm, WishForm

__all__ = [
    "SECTIONS",
    "AddendumForm",
    "AnswerForm",
    "ConversationForm",
    "CountForm",
    "NotNowForm",
    "PlanForm",
    "RetractForm",
    "Section",
    "SectionState",
    "SignForm",
    "WishForm",
    "advice",
    "excluded_present",
    "section_states",
    "what_still_holds",
]
