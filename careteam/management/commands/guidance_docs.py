"""`manage.py guidance_docs`: writes docs/guidance.md from the catalog of rules. A test compares."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from careteam.management.guidance import document


class Command(BaseCommand):
    help = "Writes docs/guidance.md: every rule, threshold and figure with its source."

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "guidance.md"
        path.write_text(document())
        self.stdout.write(f"Wrote {path.name}")
