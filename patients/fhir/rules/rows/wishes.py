"""Wishes, papers and who speaks for the patient. All of it is marked: imported, to be confirmed with the patient."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from patients.fhir.rules.facts import AgentFact, DirectiveFact, WishFact
from patients.fhir.rules.rows.base import Rows, Sourced, day
from patients.wishes.rules import MANY, DocumentState

CONFIRM = "imported, confirm with the patient"
TWO = "the source says several different things of this; ask the patient"


def wishes(facts: Sequence[Sourced], rows: Rows) -> None:
    """One row for each kind (for limits: each limit). Where a source says two different things of the same day, none
    is taken: a person asks."""
    slots: dict[tuple[str, str], list[tuple[Sourced, WishFact]]] = defaultdict(list)
    for of in facts:
        fact = of.fact
        if not isinstance(fact, WishFact):
            continue
        since = day(fact.since)
        if since is None or since > rows.today:
            rows.keep(of, "has no date" if since is None else "lies in the future")
            continue
        many = fact.kind in MANY
        slots[
            (fact.kind, f"{fact.code}:{fact.words}" if many and fact.code == "other" else fact.code if many else "")
        ].append((of, fact))
    for found in slots.values():
        latest = max(day(fact.since) or rows.today for _, fact in found)
        newest = [(of, fact) for of, fact in found if day(fact.since) == latest]
        if len({(fact.code, fact.words) for _, fact in newest}) > 1:
            for of, _ in found:
                rows.keep(of, TWO)
            continue
        of, fact = newest[0]
        for other, _ in found:
            rows.keep(other, "an older statement, or the same again; the newest is taken")
        rows.add(
            "Wish",
            of,
            {
                "kind": fact.kind,
                "code": fact.code,
                "words": fact.words,
                "since": latest,
                "valid_until": day(fact.until),
                "said_by": fact.said_by,
                "origin": CONFIRM,
            },
        )


def documents(facts: Sequence[Sourced], rows: Rows) -> None:
    """Papers. Nobody here has seen them yet. A plan that the files hold as a document too is one paper."""
    titles = {of.fact.title.casefold() for of in facts if isinstance(of.fact, DirectiveFact) and not of.fact.is_plan}
    for of in facts:
        fact = of.fact
        if not isinstance(fact, DirectiveFact):
            continue
        if not fact.is_current:
            rows.keep(of, "is no longer current, says the source")
            continue
        if fact.is_plan and fact.title.casefold() in titles:
            rows.keep(of, "is named by a document of these files")
            continue
        signed, until = day(fact.signed), day(fact.until)
        rows.add(
            "WishDocument",
            of,
            {
                "kind": fact.kind,
                "title": fact.title,
                "signed_on": signed,
                "valid_until": None if signed and until and until < signed else until,
                "original_at": f"{fact.origin} ({CONFIRM})" if fact.origin else CONFIRM,
                "state": str(DocumentState.CURRENT),
            },
        )


def agents(facts: Sequence[Sourced], rows: Rows) -> None:
    """Puts on the rows of contacts what consents say of them. A consent about somebody who has no row is kept."""
    contacts = {
        member: at for at, row in enumerate(rows.rows) if row.table == "PatientContact" for member in row.members
    }
    for of in facts:
        fact = of.fact
        if not isinstance(fact, AgentFact):
            continue
        at = contacts.get(of.links.get(fact.person, ""))
        if at is None:
            rows.keep(of, "names somebody who is not in the files")
            continue
        row = rows.rows[at]
        said: dict[str, Any] = {"is_proxy": True} if fact.is_proxy else {}
        if fact.scope:
            said |= {"scope": fact.scope}
        if fact.since:
            said |= {"consent_on": day(fact.since)}
        members = row.members if of.member in row.members else (*row.members, of.member)
        rows.rows[at] = replace(row, values=row.values | said, members=members)
