"""Goals of care: states, reasons to ask, ways to say it (`clinical.md` 5). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import TextChoices

from patients.wishes.rules import CodeStatus as CodeStatus
from patients.wishes.rules import InformationPreference as InformationPreference
from patients.wishes.rules import Place as Place
from patients.wishes.rules import ProcedureCodeStatus as ProcedureCodeStatus
from patients.wishes.rules import TreatmentLimit as TreatmentLimit


class ConversationStatus(TextChoices):
    SIGNED = "signed", "Signed"
    SUPERSEDED = "superseded", "Superseded"
    RETRACTED = "retracted", "Retracted: belongs to another patient"


# A draft is no row here: it lives in GoalsDraft, per author, untracked, and is purged at signing.
CONVERSATION_TRANSITIONS: dict[ConversationStatus, frozenset[ConversationStatus]] = {
    ConversationStatus.SIGNED: frozenset({ConversationStatus.SUPERSEDED, ConversationStatus.RETRACTED}),
    ConversationStatus.SUPERSEDED: frozenset({ConversationStatus.RETRACTED}),
    ConversationStatus.RETRACTED: frozenset(),
}


class PromptStatus(TextChoices):
    OPEN = "open", "Open"
    ANSWERED = "answered", "Answered"
    DEFERRED = "deferred", "Deferred"
    DECLINED = "declined", "Patient declined"
    CLOSED = "closed", "Closed"


P = PromptStatus
PROMPT_TRANSITIONS: dict[PromptStatus, frozenset[PromptStatus]] = {
    P.OPEN: frozenset({P.ANSWERED, P.DEFERRED, P.DECLINED, P.CLOSED}),
    P.DEFERRED: frozenset({P.OPEN, P.ANSWERED, P.DECLINED, P.CLOSED}),
    P.DECLINED: frozenset({P.OPEN, P.DEFERRED, P.ANSWERED, P.CLOSED}),
    P.ANSWERED: frozenset(),
    P.CLOSED: frozenset(),
}
LIVE_PROMPTS = frozenset({P.OPEN, P.DEFERRED, P.DECLINED})


class PromptReason(TextChoices):
    PROGRESSION = "progression", "New progression"
    THERAPY_LINE = "therapy_line", "Therapy line 3 or later"
    ECOG = "ecog", "ECOG 2 or more, or rising"
    NEC = "nec", "Neuroendocrine carcinoma"
    BEFORE_PROCEDURE = "before_procedure", "Before PRRT, embolization or surgery"
    ADMISSION = "admission", "Unplanned admission"
    STAGE_IV = "stage_iv", "Stage IV without a conversation"
    REVIEW_DUE = "review_due", "Review date reached"
    EVENT_PASSED = "event_passed", "Event passed, ask again"
    SURPRISE = "surprise", "Surprise question: no"
    SYMPTOMS = "symptoms", "Severe symptoms"
    WEIGHT = "weight", "Weight loss"
    WISH = "wish", "Wish of the patient or family"
    DECISION = "decision", "Decision and goals differ: talk again"
    PLANNED = "planned", "Conversation planned"


# What is answered first, in four steps: somebody asked for it or a plan goes another way; something is about to be
# done; the course has changed; the calendar.
RANK_OF_REASON: dict[PromptReason, int] = {
    PromptReason.WISH: 0,
    PromptReason.DECISION: 0,
    PromptReason.BEFORE_PROCEDURE: 1,
    PromptReason.THERAPY_LINE: 1,
    PromptReason.PLANNED: 1,
    PromptReason.PROGRESSION: 2,
    PromptReason.ADMISSION: 2,
    PromptReason.SYMPTOMS: 2,
    PromptReason.SURPRISE: 2,
    PromptReason.ECOG: 2,
    PromptReason.WEIGHT: 2,
    PromptReason.NEC: 2,
    PromptReason.STAGE_IV: 3,
    PromptReason.REVIEW_DUE: 3,
    PromptReason.EVENT_PASSED: 3,
}
# What happens on a day: a conversation held before that day, and written up later, is no answer to it.
HAPPENED = frozenset(
    {
        PromptReason.PROGRESSION,
        PromptReason.ECOG,
        PromptReason.ADMISSION,
        PromptReason.SYMPTOMS,
        PromptReason.WEIGHT,
        PromptReason.DECISION,
        PromptReason.WISH,
    }
)
LAST_RANK = max(RANK_OF_REASON.values())


def rank_of(reasons: Iterable[str]) -> int:
    """How early a prompt with these reasons is answered: 0 first. That of its most urgent reason."""
    return min((RANK_OF_REASON[PromptReason(reason)] for reason in reasons), default=LAST_RANK)


class CloseReason(TextChoices):
    ALREADY_DISCUSSED = "already_discussed", "Already discussed elsewhere"
    TOO_ILL = "too_ill", "Too ill today"
    NO_PRIVACY = "no_privacy", "No privacy or time today"
    INTERPRETER = "interpreter", "Interpreter not available"
    REFERRED = "referred", "Referred to the palliative team"
    PATIENT_DECLINED = "patient_declined", "Patient does not want to talk about it now"
    DECEASED = "deceased", "Patient died"
    LEFT_CARE = "left_care", "No longer in our care"
    PLANNED = "planned", "Conversation planned"
    WITHDRAWN = "withdrawn", "What asked for it was taken back"
    MERGED = "merged", "Record merged into another one"
    OTHER = "other", "Other"


# Why not today: these need a date to ask again. The others end the prompt.
NOT_TODAY = frozenset({CloseReason.TOO_ILL, CloseReason.NO_PRIVACY, CloseReason.INTERPRETER})
# What only the product itself writes.
BY_THE_PRODUCT = frozenset(
    {
        CloseReason.DECEASED,
        CloseReason.LEFT_CARE,
        CloseReason.REFERRED,
        CloseReason.PATIENT_DECLINED,
        CloseReason.PLANNED,
        CloseReason.WITHDRAWN,
        CloseReason.MERGED,
    }
)
# Nobody has answered what was closed for these reasons: its sources may be asked about again.
UNANSWERED = frozenset({CloseReason.DECEASED, CloseReason.LEFT_CARE, CloseReason.WITHDRAWN, CloseReason.MERGED})


class SurpriseAnswer(TextChoices):
    """Would the clinician be surprised if the patient died within a year? Between clinicians only."""

    YES = "yes", "Yes"
    NO = "no", "No"
    UNSURE = "unsure", "Not sure"


class Voice(TextChoices):
    """Who wishes to talk."""

    PATIENT = "patient", "The patient"
    FAMILY = "family", "The family"


class StepChoice(TextChoices):
    """What is done about goals when a treatment line is proposed or begun."""

    DOCUMENTED = "documented", "Conversation documented"
    PLANNED = "planned", "Conversation planned"
    DEFERRED = "deferred", "Not now"


# Why a conversation waits beside a line; each with a date to ask again.
STEP_REASONS = (
    CloseReason.TOO_ILL,
    CloseReason.NO_PRIVACY,
    CloseReason.INTERPRETER,
    CloseReason.PATIENT_DECLINED,
    CloseReason.OTHER,
)


class Matter(TextChoices):
    HOME = "home", "Being at home"
    CLEAR_HEAD = "clear_head", "A clear head"
    LESS_PAIN = "less_pain", "Less pain"
    MORE_TIME = "more_time", "More time"
    EVENT = "event", "An event to reach"
    INDEPENDENCE = "independence", "Independence"
    FAMILY = "family", "Family not burdened"


class EventOutcome(TextChoices):
    REACHED = "reached", "Reached"
    MISSED = "missed", "Missed"
    NO_LONGER = "no_longer", "No longer matters"


class Burden(TextChoices):
    """What more time may cost; compared with a modality's burden profile by the board."""

    HOSPITAL_NIGHTS = "hospital_nights", "Hospital nights for treatment"
    WEEKLY_TRAVEL = "weekly_travel", "Weekly travel"
    DAYS_IN_BED = "days_in_bed", "Days in bed from side effects"
    BIOPSIES = "biopsies", "Biopsies"
    INTENSIVE_CARE = "intensive_care", "Intensive care"


BURDEN_UNIT: dict[str, str] = {
    Burden.HOSPITAL_NIGHTS: "nights",
    Burden.WEEKLY_TRAVEL: "min",
    Burden.DAYS_IN_BED: "days",
    Burden.BIOPSIES: "times",
    Burden.INTENSIVE_CARE: "days",
}


class Acceptance(TextChoices):
    ACCEPTS = "accepts", "Accepts"
    GOOD_REASON = "good_reason", "For a good reason"
    NOT_ACCEPTED = "not_accepted", "Not accepted"


# How many characters of one field can be signed; a draft keeps far more, so that nothing typed is lost.
FIELD_LIMIT = 20_000
DRAFT_LIMIT = 1_000_000


# --- reasons to ask --------------------------------------------------------------------------------------------------

# Treatments before which goals are asked for (`clinical.md` 5.3, D).
PROCEDURES = frozenset({"prrt", "embolization", "surgery"})
NOT_BEGUN = frozenset({"proposed", "planned"})


@dataclass(frozen=True)
class FoundReason:
    """One reason to ask. `source_key` names what it rests on: the same source is asked about once. `voice`: who wishes
    to talk; a wish does not wait for the date of a prompt that was put off (`wish_opens`)."""

    reason: PromptReason
    since: date
    source_key: str
    detail: str = ""
    voice: str = ""


def wish_opens(status: str, voice: str) -> bool:
    """Whether a wish opens a prompt that waits for its date. The family may ask at any time, but a patient who
    declined is asked before the date only when it is the patient who wishes to talk."""
    return bool(voice) and (status == PromptStatus.DEFERRED or (status == PromptStatus.DECLINED and voice == "patient"))


@dataclass(frozen=True)
class Limits:
    """The configured numbers (`patients.protocol`): therapy line, ECOG grade, days."""

    line: int
    ecog: int
    admission_days: int
    stage4_days: int
    review_days: int
    answer_days: int
    ask_again_days: int
    weight_percent: Decimal = Decimal(5)


@dataclass(frozen=True)
class LineFact:
    """An open line. `therapy` is the therapy line number it has, or would have once started; None when uncounted.
    `settled`: a conversation was named for it."""

    line_id: int
    modality: str
    label: str
    status: str
    on: date
    therapy: int | None
    settled: bool = False


@dataclass(frozen=True)
class Facts:
    """What the reasons are read from; `held_on` is the date of the last conversation that counts, if any."""

    held_on: date | None = None
    conversation_id: int = 0
    response: str = ""
    response_on: date | None = None
    response_id: int = 0
    ecog: int | None = None
    ecog_on: date | None = None
    ecog_before: int | None = None
    is_nec: bool = False
    nec_on: date | None = None
    admitted_on: date | None = None
    admission_id: int = 0
    admissions: int = 0
    nights: int | None = None
    lines: tuple[LineFact, ...] = ()
    symptoms: str = ""
    symptoms_on: date | None = None
    symptoms_id: int = 0
    weight_loss: Decimal | None = None
    weight_on: date | None = None


def _after(held_on: date | None, on: date) -> bool:
    """Whether something of that day is news since the last conversation."""
    return held_on is None or on > held_on


def ecog_asks(ecog: int, before: int | None, *, limit: int, talked: bool) -> bool:
    """ECOG at or above the limit, or risen. Once a conversation exists, only a rise asks again: an unchanged ECOG 2
    at every visit is no news."""
    if before is not None and ecog > before:
        return True
    return ecog >= limit and not talked


def _therapy_line(facts: Facts, limits: Limits, today: date) -> list[FoundReason]:
    return [
        FoundReason(
            PromptReason.THERAPY_LINE,
            min(line.on, today),
            f"line:{line.line_id}",
            f"therapy line {line.therapy}: {line.label}",
        )
        for line in facts.lines
        if line.therapy is not None
        and line.therapy >= limits.line
        and not line.settled
        and _after(facts.held_on, line.on)
    ]


def _procedure(facts: Facts, today: date) -> list[FoundReason]:
    return [
        FoundReason(PromptReason.BEFORE_PROCEDURE, min(line.on, today), f"procedure:{line.line_id}", line.label)
        for line in facts.lines
        if line.modality in PROCEDURES
        and (line.status in NOT_BEGUN or line.on >= today)
        and not line.settled
        and _after(facts.held_on, line.on)
    ]


def _ecog(facts: Facts, limits: Limits) -> list[FoundReason]:
    if facts.ecog is None or facts.ecog_on is None or not _after(facts.held_on, facts.ecog_on):
        return []
    if not ecog_asks(facts.ecog, facts.ecog_before, limit=limits.ecog, talked=facts.held_on is not None):
        return []
    rose = facts.ecog_before is not None and facts.ecog > facts.ecog_before
    detail = f"ECOG {facts.ecog_before} → {facts.ecog}" if rose else f"ECOG {facts.ecog}"
    return [FoundReason(PromptReason.ECOG, facts.ecog_on, f"ecog:{facts.ecog}:{facts.conversation_id}", detail)]


def _admission(facts: Facts, limits: Limits, today: date) -> list[FoundReason]:
    on = facts.admitted_on
    if on is None or not _after(facts.held_on, on) or (today - on).days > limits.admission_days:
        return []
    nights = "" if facts.nights is None else f"{facts.nights} night{'' if facts.nights == 1 else 's'}"
    often = f"{facts.admissions} in 6 months" if facts.admissions > 1 else ""
    detail = ", ".join(part for part in (often, nights) if part)
    return [FoundReason(PromptReason.ADMISSION, on, f"admission:{facts.admission_id}", detail)]


def _weight(facts: Facts, limits: Limits) -> list[FoundReason]:
    """Asked once between two conversations: every weighing of a loss that goes on would be no news."""
    if facts.weight_loss is None or facts.weight_on is None or facts.weight_loss < limits.weight_percent:
        return []
    if not _after(facts.held_on, facts.weight_on):
        return []
    detail = f"{facts.weight_loss.normalize():f} % lost"
    return [FoundReason(PromptReason.WEIGHT, facts.weight_on, f"weight:{facts.conversation_id}", detail)]


def asks_for_step(modality: str, therapy: int | None, *, limit: int) -> bool:
    """Whether proposing or beginning such a line asks what is done about goals: a late therapy line or a procedure."""
    return modality in PROCEDURES or (therapy is not None and therapy >= limit)


def reasons_now(facts: Facts, limits: Limits, today: date) -> tuple[FoundReason, ...]:
    """Every reason from the work that is news since the last conversation (`clinical.md` 5.3), in order of the enum.

    The latest response counts: a progression that has since turned stable does not ask.
    """
    found: list[FoundReason] = []
    if facts.response == "PD" and facts.response_on and _after(facts.held_on, facts.response_on):
        found.append(FoundReason(PromptReason.PROGRESSION, facts.response_on, f"status:{facts.response_id}"))
    found += _therapy_line(facts, limits, today)
    found += _ecog(facts, limits)
    if facts.is_nec and facts.held_on is None:
        found.append(FoundReason(PromptReason.NEC, facts.nec_on or today, "nec"))
    found += _procedure(facts, today)
    found += _admission(facts, limits, today)
    if facts.symptoms and facts.symptoms_on and _after(facts.held_on, facts.symptoms_on):
        source = f"symptoms:{facts.symptoms_id}"
        found.append(FoundReason(PromptReason.SYMPTOMS, facts.symptoms_on, source, facts.symptoms))
    found += _weight(facts, limits)
    return tuple(found)


def event_passed(event_on: date | None, on: date) -> bool:
    """A dated goal of yesterday or earlier: "event passed, ask again"."""
    return event_on is not None and event_on < on


def review_due_on(held_on: date, next_review_on: date | None, review_days: int) -> date:
    """The date named in the conversation, else the configured interval after it."""
    return next_review_on or held_on + timedelta(days=review_days)


def age_in_words(held_on: date, on: date) -> str:
    """ "11 months old", the age that stands beside every goal; days and weeks while it is young."""
    days = (on - held_on).days
    months = (on.year - held_on.year) * 12 + on.month - held_on.month - (on.day < held_on.day)
    if days < 1:
        return "of today"
    if days < 14:
        return f"{days} day{'' if days == 1 else 's'} old"
    if months < 2:
        return f"{days // 7} weeks old"
    return f"{months} months old"


def trade_off_words(burden: str, more_than: int, acceptance: str, condition: str = "") -> str:
    """ "Hospital nights for treatment, > 1, not accepted": as the plan check and the board case say it. The unit is
    named where the burden's own words do not."""
    unit = f" {BURDEN_UNIT[burden]}" if burden in {Burden.WEEKLY_TRAVEL, Burden.INTENSIVE_CARE} else ""
    words = f"{Burden(burden).label}, > {more_than}{unit}, {Acceptance(acceptance).label.lower()}"
    return f"{words}, {condition}" if condition else words


def inside(label: str) -> str:
    """A label in the middle of a sentence: "New progression" becomes "new progression", "ECOG 2" stays."""
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


def quoted(words: str) -> str:
    """The patient's words between quotation marks, unless they were typed with them."""
    return words if not words or words[0] in "“\"„«‘'" else f"“{words}”"
