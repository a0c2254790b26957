"""Actions: states. Overdue is derived. Pure."""

from django.db.models import TextChoices


class ActionStatus(TextChoices):
    OPEN = "open", "Open"
    DONE = "done", "Done"
    DECLINED = "declined", "Declined"
    CANCELLED = "cancelled", "Cancelled"


A = ActionStatus
ACTION_TRANSITIONS: dict[ActionStatus, frozenset[ActionStatus]] = {
    A.OPEN: frozenset({A.DONE, A.DECLINED, A.CANCELLED}),
    A.DONE: frozenset({A.OPEN}),  # undo
    A.DECLINED: frozenset({A.OPEN}),
    A.CANCELLED: frozenset({A.OPEN}),
}


class ActionKind(TextChoices):
    START_TREATMENT = "start_treatment", "Start treatment"
    ORDER_IMAGING = "order_imaging", "Order imaging"
    ORDER_LABS = "order_labs", "Order labs"
    REFER = "refer", "Refer"
    BIOPSY = "biopsy", "Arrange biopsy"
    TELL_PATIENT = "tell_patient", "Tell the patient"
    TELL_GP = "tell_gp", "Tell the GP"
    GOALS = "goals", "Goals conversation"
    OTHER = "other", "Other"


# What a board does not have to talk about when it is late: somebody is told.
TELLING = frozenset({ActionKind.TELL_PATIENT, ActionKind.TELL_GP})


def step_key(action_id: int) -> str:
    """Under which an action stands among the patient's next steps."""
    return f"action:{action_id}"
