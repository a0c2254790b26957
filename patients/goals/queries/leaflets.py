"""What of a conversation the patient takes home, and who may read it too."""

from __future__ import annotations

import re
from dataclasses import dataclass

from patients.goals.models import GoalsConversation
from patients.goals.rules import Acceptance
from patients.goals.rules.leaflet import Leaflet, Told, leaflet
from patients.record.models import PatientContact
from patients.record.rules import ContactScope


@dataclass(frozen=True)
class TakenHome:
    """The page and, for whoever hands it over: who may read it, who must not, who of those the page names."""

    page: Leaflet
    may_read: tuple[str, ...]
    dates_only: tuple[str, ...]
    must_not: tuple[str, ...]
    named: tuple[str, ...]


def _own(row: GoalsConversation, name: str) -> str:
    """Only what was marked as the patient's own words; what the clinician wrote about them stays with the team."""
    text: str = getattr(row, name)
    return text if name in row.quoted else ""


def _named_in(texts: str, name: str) -> bool:
    """Whether the words name the person, by the whole name or by the first: "Karl", "Karl’s", not "Karla"."""
    first = next((part for part in name.split() if len(part) > 2 and not part.endswith(".")), name)  # no "Dr"
    return any(re.search(rf"(?<!\w){re.escape(each)}(?!\w)", texts, re.IGNORECASE) for each in (name, first))


def taken_home(row: GoalsConversation, language: str) -> TakenHome:
    """One query for the contacts; wants trade-offs fetched. Left out whatever the team wrote for itself: the surprise
    question, what was shared of the outlook, code status, summary. Excluded persons are not named."""
    contacts = list(PatientContact.objects.valid().filter(patient_id=row.patient_id).order_by("pk"))

    def named(scope: ContactScope) -> tuple[str, ...]:
        return tuple(each.name for each in contacts if each.scope == scope)

    must_not = named(ContactScope.NONE)
    present = [part.strip() for part in row.participants.split(";") if part.strip()]
    told = Told(
        held_on=row.held_on,
        present=[who for who in present if not any(name.casefold() in who.casefold() for name in must_not)],
        quote=row.quote,
        matters=row.matters,
        event=row.event,
        event_on=row.event_on,
        hopes=row.hopes_codes,
        hopes_words=_own(row, "hopes"),
        strength=row.strength_codes,
        strength_words=_own(row, "strength"),
        abilities=row.abilities_codes,
        abilities_words=_own(row, "abilities"),
        not_wanted=[each.burden for each in row.trade_offs.all() if each.acceptance == Acceptance.NOT_ACCEPTED],
        place=row.place_of_care,
        agreed=row.agreed,
        again_on=row.next_review_on,
    )
    texts = " ".join(
        (
            *told.present,
            told.quote,
            told.event,
            told.hopes_words,
            told.strength_words,
            told.abilities_words,
            told.agreed,
        )
    )
    return TakenHome(
        leaflet(told, language),
        named(ContactScope.ALL),
        named(ContactScope.PRACTICAL),
        must_not,
        tuple(name for name in must_not if _named_in(texts, name)),
    )
