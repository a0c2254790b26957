"""Letters about a decision: how one is sent, and how its text is made. Pure."""

from __future__ import annotations

from django.db.models import TextChoices

from tumorboard.letters.rules.building import Facts, Recommended, Step, figures_in, to_gp, to_patient

__all__ = ["Facts", "Recommended", "SentHow", "Step", "figures_in", "to_gp", "to_patient"]


class SentHow(TextChoices):
    POST = "post", "Post"
    HANDED = "handed", "Handed over"
    PORTAL = "portal", "Patient portal"
    SECURE = "secure", "Secure e-mail"
    FAX = "fax", "Fax"
