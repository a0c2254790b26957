"""Referral: states, kinds, and what the record suggests to ask. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import TextChoices

from careteam.people.rules import Role
from patients.imaging.rules import StudyModality


class ReferralStatus(TextChoices):
    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Submitted"
    LISTED = "listed", "Listed"
    DISCUSSED = "discussed", "Discussed"
    CLOSED = "closed", "Closed"
    WITHDRAWN = "withdrawn", "Withdrawn"


S = ReferralStatus
REFERRAL_TRANSITIONS: dict[ReferralStatus, frozenset[ReferralStatus]] = {
    S.DRAFT: frozenset({S.SUBMITTED, S.WITHDRAWN}),
    S.SUBMITTED: frozenset({S.LISTED, S.WITHDRAWN}),
    S.LISTED: frozenset({S.DISCUSSED, S.SUBMITTED, S.WITHDRAWN}),  # back to submitted = deferred, coded reason
    S.DISCUSSED: frozenset({S.CLOSED}),
    S.CLOSED: frozenset(),
    S.WITHDRAWN: frozenset(),
}
OPEN_REFERRALS = frozenset({S.DRAFT, S.SUBMITTED, S.LISTED})


class ReferralKind(TextChoices):
    FULL = "full", "Full discussion"
    PROTOCOL = "protocol", "Protocol: listed and recorded"
    INFORMATION = "information", "Information"
    REDISCUSSION = "rediscussion", "Re-discussion"


class Urgency(TextChoices):
    ROUTINE = "routine", "Routine"
    SOON = "soon", "Next meeting"
    URGENT = "urgent", "Urgent"


class QuestionKind(TextChoices):
    NEXT_LINE = "next_line", "Next treatment"
    PROGRESSION = "progression", "Progression: what next"
    PRRT = "prrt", "PRRT suitable?"
    LIVER_DIRECTED = "liver_directed", "Liver-directed treatment?"
    SURGERY = "surgery", "Surgery or debulking?"
    PATHOLOGY = "pathology", "Pathology or grade"
    IMAGING = "imaging", "Imaging finding"
    SYMPTOMS = "symptoms", "Symptom control"
    OTHER = "other", "Other"


class ShownStatus(TextChoices):
    """What became of a study or specimen that the board is to see."""

    ASKED = "asked", "Asked for"
    UP = "up", "Ready to show"
    UNAVAILABLE = "unavailable", "Cannot be shown"


class DeferReason(TextChoices):
    MISSING_IMAGING = "missing_imaging", "Imaging missing"
    MISSING_PATHOLOGY = "missing_pathology", "Pathology missing"
    MISSING_LABS = "missing_labs", "Labs missing"
    PRESENTER_ABSENT = "presenter_absent", "Presenter absent"
    SPECIALTY_ABSENT = "specialty_absent", "Needed specialty absent"
    NO_TIME = "no_time", "No time left"
    PATIENT_WISH = "patient_wish", "Patient's wish"
    MEETING_CANCELLED = "meeting_cancelled", "Meeting cancelled"
    VOTE = "vote", "E-vote: to be discussed"
    OTHER = "other", "Other"


# What a person may give as the reason; the others follow from what happened.
DEFERRED_BY_HAND = [(value, label) for value, label in DeferReason.choices if value != DeferReason.VOTE]


def asked_of(modality: str) -> Role:
    """Who puts it up: nuclear medicine what it images, radiology the other studies, pathology specimens (empty)."""
    if not modality:
        return Role.PATHOLOGIST
    return Role.NUCLEAR_MEDICINE if modality in _OF_NUCLEAR_MEDICINE else Role.RADIOLOGIST


_OF_NUCLEAR_MEDICINE = frozenset({StudyModality.SSTR_PET, StudyModality.FDG_PET, StudyModality.SCINTIGRAPHY})
_READ_AT_BOARDS = (
    frozenset({StudyModality.CT, StudyModality.MRI}),
    frozenset({StudyModality.SSTR_PET}),
    frozenset({StudyModality.FDG_PET}),
)


@dataclass(frozen=True)
class Showable:
    """A study (with modality) or a specimen (with Ki-67 in percent) that a board could be shown; newest first in a
    list."""

    id: int
    modality: str = ""
    ki67: Decimal | None = None


def studies_to_show(studies: Sequence[Showable], kind: str) -> list[int]:
    """The latest CT or MRI, SSTR PET and FDG PET; for a question about progression also the CT or MRI before, which it
    is compared with."""
    chosen: list[int] = []
    for modalities in _READ_AT_BOARDS:
        found = [study.id for study in studies if study.modality in modalities]
        compared = kind == QuestionKind.PROGRESSION and StudyModality.CT in modalities
        chosen += found[: 2 if compared else 1]
    return chosen


def specimens_to_show(specimens: Sequence[Showable]) -> list[int]:
    """The latest specimen, and the one with the highest Ki-67 where that is another: the grade rests on it."""
    if not specimens:
        return []
    highest = max(specimens, key=lambda specimen: specimen.ki67 if specimen.ki67 is not None else Decimal(-1))
    return list(dict.fromkeys([specimens[0].id, highest.id]))


def joined_questions(first: str, second: str) -> str:
    """Both questions, one below the other; one that the other holds already is not repeated."""
    if second.strip() in first:
        return first
    return second if first.strip() in second else f"{first}\n{second}"


URGENCY_ORDER: dict[str, int] = {Urgency.URGENT: 0, Urgency.SOON: 1, Urgency.ROUTINE: 2}
SHORT_KINDS = frozenset({ReferralKind.PROTOCOL, ReferralKind.INFORMATION})  # listed with the board's routine minutes


@dataclass(frozen=True)
class CaseFacts:
    """What the record knows when somebody refers; every field may be empty."""

    progressed_on: date | None = None
    current_line: str = ""
    primary: str = ""


def guessed_kind(facts: CaseFacts) -> QuestionKind:
    """The kind of question the record suggests: progression when the latest response is progression."""
    return QuestionKind.PROGRESSION if facts.progressed_on else QuestionKind.NEXT_LINE


def guessed_question(facts: CaseFacts) -> str:
    """A first sentence for the question, made of what the record holds; the person who refers changes it freely."""
    on = f" on {facts.current_line}" if facts.current_line else ""
    if facts.progressed_on:
        when = f"{facts.progressed_on.day} {facts.progressed_on:%b %Y}"
        return f"Progression{on}, {when}: which treatment next?"
    return f"{facts.primary or 'Neuroendocrine tumor'}{on}: which treatment next?"


# What a guidance rule asks the board about; every other rule asks for the next treatment.
KIND_OF_RULE: dict[str, QuestionKind] = {
    "R03": QuestionKind.PRRT,
    "R04": QuestionKind.PRRT,
    "R05": QuestionKind.PRRT,
    "R07": QuestionKind.PROGRESSION,
    "R10": QuestionKind.PRRT,
    "R11": QuestionKind.SURGERY,
    "R12": QuestionKind.LIVER_DIRECTED,
    "R13": QuestionKind.LIVER_DIRECTED,
    "R15": QuestionKind.SYMPTOMS,
    "R16": QuestionKind.SYMPTOMS,
    "R21": QuestionKind.PATHOLOGY,
    "R22": QuestionKind.LIVER_DIRECTED,
}


def question_of_guidance(title: str, inputs: str) -> str:
    """The first sentence of a question that comes from a guidance prompt: what the rule is about, and its inputs."""
    return f"{title} ({inputs})?" if inputs else f"{title}?"


def guessed_urgency(facts: CaseFacts) -> Urgency:
    return Urgency.SOON if facts.progressed_on else Urgency.ROUTINE


def step_key(referral_id: int) -> str:
    """Under which a referral stands among the patient's next steps."""
    return f"referral:{referral_id}"
