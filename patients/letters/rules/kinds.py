"""Which letters there are, whom they go to, what their texts may name. Pure."""

from __future__ import annotations

from django.db.models import TextChoices

MOST = 100  # letters of one run: one PDF that a printer and a reader can handle


class LetterKind(TextChoices):
    INVITATION = "invitation", "Invitation to a booked slot"
    REMINDER = "reminder", "Reminder of what is overdue"
    RECALL = "recall", "Time to arrange what is next"
    GP_NOTE = "gp_note", "Note to the GP about what is overdue"


TO_GP = frozenset({LetterKind.GP_NOTE})

PLACEHOLDERS: dict[str, str] = {
    "salutation": "greeting with the name, in the language of the text",
    "name": "the patient's name",
    "birth_date": "the patient's date of birth",
    "scan": "what kind of scan or test, in the language of the text",
    "due": "the day on which it is due",
    "date": "the day of the booked slot",
    "time": "the hour of the booked slot",
    "place": "where the booked slot is",
    "preparation": "what to bring and to tell us beforehand, as a list",
    "phone": "the team's phone number for patients",
    "team": "the name in the letterhead",
    "signature": "who writes the letter",
}
_BOOKED = frozenset({"date", "time", "place"})
# A letter that says nothing about whom to call, or an invitation without a place, sends nobody anywhere.
NEEDED: dict[LetterKind, frozenset[str]] = {
    LetterKind.INVITATION: frozenset({"salutation", "scan", "phone", "signature"}) | _BOOKED,
    LetterKind.REMINDER: frozenset({"salutation", "scan", "phone", "signature"}),
    LetterKind.RECALL: frozenset({"salutation", "scan", "phone", "signature"}),
    LetterKind.GP_NOTE: frozenset({"name", "birth_date", "scan", "due", "phone", "signature"}),
}
# Only a booked slot has a day, an hour, a place and a preparation.
NOT_KNOWN: dict[LetterKind, frozenset[str]] = {
    LetterKind.INVITATION: frozenset(),
    LetterKind.REMINDER: _BOOKED | {"preparation"},
    LetterKind.RECALL: _BOOKED | {"preparation"},
    LetterKind.GP_NOTE: _BOOKED | {"preparation"},
}
# Words of these come from our own vocabulary; a language without one must do without them.
WORDED = frozenset({"salutation", "scan", "preparation"})
