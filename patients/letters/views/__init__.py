"""Letters on screen and on paper: one, many, the team's texts."""

from patients.letters.views.one import letter_not_sent, letter_page, letter_pdf, letter_write
from patients.letters.views.runs import letters, run_page, run_pdf, run_progress
from patients.letters.views.texts import (
    letter_head,
    letter_text,
    letter_text_end,
    letter_text_new,
    letter_text_use,
    letter_texts,
)

__all__ = [
    "letter_head",
    "letter_not_sent",
    "letter_page",
    "letter_pdf",
    "letter_text",
    "letter_text_end",
    "letter_text_new",
    "letter_text_use",
    "letter_texts",
    "letter_write",
    "letters",
    "run_page",
    "run_pdf",
    "run_progress",
]
