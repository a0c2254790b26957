"""Recording a decision while it is spoken."""

from tumorboard.live.forms.decision import DecisionForm
from tumorboard.live.forms.opened import Choices, form_of, start_of
from tumorboard.live.forms.typed import TypingForm, as_data, typed_in, typed_words

__all__ = [
    "Choices",
    "DecisionForm",
    "TypingForm",
    "as_data",
    "form_of",
    "start_of",
    "typed_in",
    "typed_words",
]
