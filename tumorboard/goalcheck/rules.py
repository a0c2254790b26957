"""Does what the board recommends cost more than the patient said they accept? (`model.md` 8). Pure.

Three answers, and no guess: a figure that nobody signed, a burden that nobody asked about and an option without a
profile "cannot be told". The check informs; the chair answers a conflict with a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import TextChoices

from careteam.web.words import num
from patients.goals.rules import Acceptance, Burden, TreatmentLimit, trade_off_words


class Verdict(TextChoices):
    CONFLICT = "conflict", "Conflict"
    UNKNOWN = "unknown", "Cannot tell"
    CLEAR = "clear", "No conflict"


# A burden of the conversation, and under which key the protocol holds what an option asks of it.
KEY_OF_BURDEN: dict[str, str] = {
    Burden.HOSPITAL_NIGHTS: "nights",
    Burden.DAYS_IN_BED: "bed",
    Burden.INTENSIVE_CARE: "icu",
    Burden.BIOPSIES: "biopsies",
    Burden.WEEKLY_TRAVEL: "visits",
}
# What a limit rules out: by option, or where an option usually asks for more than none of a burden.
OPTION_OF_LIMIT: dict[str, str] = {
    TreatmentLimit.NO_OPERATION: "surgery",
    TreatmentLimit.NO_CHEMOTHERAPY: "chemotherapy",
}
BURDEN_OF_LIMIT: dict[str, str] = {TreatmentLimit.NO_INTENSIVE_CARE: "icu", TreatmentLimit.NO_ADMISSION: "nights"}
# Before these, recorded limits and code status are reviewed with the patient.
PROCEDURES = frozenset({"ablation", "biopsy", "embolization", "prrt", "surgery", "tare"})
# A companion or a question, not a treatment: nothing is held against it.
UNCHECKED = frozenset({"with_palliative"})


@dataclass(frozen=True)
class Accepted:
    """One trade-off: what the patient would and would not go through. `more_than` in the burden's unit."""

    burden: str
    more_than: int
    acceptance: str
    condition: str = ""

    @property
    def words(self) -> str:
        return trade_off_words(self.burden, self.more_than, self.acceptance, self.condition)


@dataclass(frozen=True)
class Figure:
    """What an option usually asks, in words and as a number. `is_signed`: the team stands by it."""

    value: Decimal
    words: str
    is_signed: bool

    @property
    def asks(self) -> str:
        """ "3 nights in hospital", "1 visit a week"."""
        several, space, rest = self.words.partition(" ")
        one = f"{several[:-3]}y" if several.endswith("ies") else several.removesuffix("s")
        return f"{num(self.value)} {one if self.value == 1 else several}{space}{rest}"


@dataclass(frozen=True)
class Finding:
    """One option held against one trade-off."""

    option: str
    verdict: Verdict
    words: str


Profile = Mapping[str, Figure]  # by key of the burden


def findings_for(option: str, label: str, profile: Profile, accepted: Iterable[Accepted]) -> tuple[Finding, ...]:
    """The option against each trade-off, in their order; empty for a companion."""
    if option in UNCHECKED:
        return ()
    return tuple(Finding(option, *_compare(label, profile.get(KEY_OF_BURDEN[each.burden]), each)) for each in accepted)


def limit_findings(option: str, label: str, profile: Profile, limits: Iterable[str]) -> tuple[Finding, ...]:
    """The option against each limit (a code of `TreatmentLimit`) that names an option or a burden."""
    if option in UNCHECKED:
        return ()
    found = []
    for limit in limits:
        said = f"Said: {TreatmentLimit(limit).label.lower()}."
        if limit in OPTION_OF_LIMIT:
            if option == OPTION_OF_LIMIT[limit]:
                found.append(Finding(option, Verdict.CONFLICT, f"{label}. {said}"))
        elif limit in BURDEN_OF_LIMIT:
            found.append(Finding(option, *_limited(label, profile.get(BURDEN_OF_LIMIT[limit]), said)))
    return tuple(found)


def _limited(label: str, figure: Figure | None, said: str) -> tuple[Verdict, str]:
    if figure is None:
        return Verdict.UNKNOWN, f"{label}: no profile says what it asks. {said}"
    asks = f"{label}: {figure.asks}"
    if not figure.is_signed:
        return Verdict.UNKNOWN, f"{asks}, a figure that the team has not signed. {said}"
    return Verdict.CONFLICT if figure.value else Verdict.CLEAR, f"{asks}. {said}"


def limits_finding(option: str, label: str, limits: str) -> Finding | None:
    """Code status, and limits that name neither option nor burden: before a procedure somebody has to read them."""
    if option not in PROCEDURES or not limits:
        return None
    return Finding(option, Verdict.UNKNOWN, f"{label}: limits are on record ({limits}). Review them for it.")


def overall(findings: Iterable[Finding], *, asked: bool) -> Verdict:
    """The weightiest answer. `asked`: trade-offs are on record; without them nothing can be told."""
    verdicts = {finding.verdict for finding in findings}
    if Verdict.CONFLICT in verdicts:
        return Verdict.CONFLICT
    return Verdict.CLEAR if asked and Verdict.UNKNOWN not in verdicts else Verdict.UNKNOWN


def _compare(label: str, figure: Figure | None, said: Accepted) -> tuple[Verdict, str]:
    if said.acceptance == Acceptance.ACCEPTS:
        return Verdict.CLEAR, f"{label}: {said.words}."
    if figure is None:
        return Verdict.UNKNOWN, f"{label}: no profile says what it asks. Said: {said.words}."
    asks = f"{label}: {figure.asks}"
    if not figure.is_signed:
        return Verdict.UNKNOWN, f"{asks}, a figure that the team has not signed. Said: {said.words}."
    if said.burden == Burden.WEEKLY_TRAVEL:  # the profile counts visits; how long the way takes is not on record
        verdict = Verdict.UNKNOWN if figure.value else Verdict.CLEAR
        return verdict, f"{asks}; ask how long the way takes. Said: {said.words}." if figure.value else f"{asks}."
    if figure.value <= said.more_than:
        return Verdict.CLEAR, f"{asks}. Said: {said.words}."
    if said.acceptance == Acceptance.GOOD_REASON:
        return Verdict.UNKNOWN, f"{asks}; is the reason good enough? Said: {said.words}."
    return Verdict.CONFLICT, f"{asks}. Said: {said.words}."
