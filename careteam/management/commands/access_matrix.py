"""`manage.py access_matrix`: writes docs/access.md from the URLconf."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from careteam.access.matrix import matrix


class Command(BaseCommand):
    help = "Writes docs/access.md: every address and the roles that may open it."

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "access.md"
        path.write_text(matrix())
        self.stdout.write(f"Wrote {path.name}")
