"""The page of rules says what the catalog says."""

from __future__ import annotations

from pathlib import Path

from careteam.management.guidance import document
from patients.guidance.rules import RULES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guidance.md"


def test_guidance_page_is_up_to_date() -> None:
    assert PAGE.read_text() == document(), "Run: manage.py guidance_docs"


def test_guidance_page_has_a_row_for_every_rule() -> None:
    rows = [line.split(" | ") for line in document().splitlines() if line.startswith("| R")]
    assert [(cells[0], cells[1]) for cells in rows] == [(f"| {rule.rule}", str(rule.version)) for rule in RULES]
