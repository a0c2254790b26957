"""`manage.py workflow_docs`: draws docs/workflow.md from the transition tables. A test compares."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from careteam.management.workflow import document


class Command(BaseCommand):
    help = "Writes docs/workflow.md: every state machine as a Mermaid diagram."

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "workflow.md"
        path.write_text(document())
        self.stdout.write(f"Wrote {path.name}")
