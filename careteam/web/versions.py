"""What a form says that was opened before somebody else saved."""

from __future__ import annotations

from django.db import models


class StaleEdit(Exception):
    """Somebody saved the row after this form was opened. Nothing was changed; `current` is the row as it is now."""

    def __init__(self, current: models.Model) -> None:
        super().__init__("The row was changed meanwhile.")
        self.current = current
