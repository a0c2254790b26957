"""How a prompt is answered. Pure."""

from __future__ import annotations

from django.db.models import TextChoices


class Answer(TextChoices):
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    DISCUSS = "discuss", "Discuss at board"
    NOT_APPLICABLE = "not_applicable", "Not applicable"
