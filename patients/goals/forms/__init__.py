"""Forms of goals of care."""

from patients.goals.forms.answers import (
    AddendumForm,
    AnswerForm,
    RetractForm,
    SignForm,
)
from patients.goals.forms.conversation import (
    SECTIONS,
    ConversationForm,
    Section,
    SectionState,
    section_states,
    what_still_holds,
)

__all__ = [
    "SECTIONS",
    "AddendumForm",
    "AnswerForm",
    "ConversationForm",
    "RetractForm",
    "Section",
    "SectionState",
    "SignForm",
    "section_states",
    "what_still_holds",
]
