"""`manage.py treatment_docs`: writes docs/treatment.md from the plans of the modalities. A test compares."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from careteam.management.modalities import document


class Command(BaseCommand):
    help = "Writes docs/treatment.md: each modality with its form, plan and checks."

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "treatment.md"
        path.write_text(document())
        self.stdout.write(f"Wrote {path.name}")
