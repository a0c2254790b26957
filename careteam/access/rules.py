"""Why somebody outside the team may see a patient."""

from django.db.models import TextChoices


class GrantKind(TextChoices):
    SHARED = "shared", "Shared care"
    SECOND_OPINION = "second_opinion", "Second opinion"
    EMERGENCY = "emergency", "Emergency access"


# Emergency access lasts this long and is shown to the team lead; a site may shorten it.
EMERGENCY_HOURS = 4
