"""The goals of patients as of a day: for banner, board case, lists, the goals panel. Three queries for any number."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Concat, JSONObject, Trim

from patients.goals.models import GoalsConversation, GoalsDraft, GoalsPrompt, GoalsPromptReason, TradeOff
from patients.goals.rules import (
    LIVE_PROMPTS,
    CloseReason,
    CodeStatus,
    ConversationStatus,
    InformationPreference,
    Matter,
    Place,
    PromptReason,
    PromptStatus,
    age_in_words,
    event_passed,
    quoted,
    rank_of,
    review_due_on,
    trade_off_words,
)
from patients.protocol.models import ProtocolSignature
from patients.protocol.rules import NUMBERS
from patients.record.models import DiseaseStatus, NextStep, Patient
from patients.record.rules import ResponseCategory
from patients.wishes.models import CodeStatusReview, Wish
from patients.wishes.queries import CONFLICT_STEP
from patients.wishes.rules import LIMITING, WishKind, has_expired, limits_shown, mark_of, words_of

# The wishes that banner, board case and lists show.
_SHOWN = (WishKind.CODE_STATUS, WishKind.LIMIT, WishKind.PLACE_OF_CARE, WishKind.INFORMATION)


@dataclass(frozen=True)
class ReasonNow:
    reason: str
    since: date
    detail: str = ""

    @property
    def label(self) -> str:
        return str(PromptReason(self.reason).label)

    @property
    def words(self) -> str:
        """ "New progression", "Therapy line 3 or later (therapy line 7: PRRT)"."""
        return f"{self.label} ({self.detail.rstrip('.')})" if self.detail else self.label


@dataclass(frozen=True)
class PromptNow:
    """The live prompt of a patient: open, or waiting for its date."""

    prompt_id: int
    status: str
    raised_on: date
    ask_again_on: date | None
    version: int
    reasons: tuple[ReasonNow, ...]
    days_open: int
    close_reason: str = ""
    owner_id: int | None = None
    owner: str = ""

    @property
    def is_planned(self) -> bool:
        return self.close_reason == CloseReason.PLANNED

    @property
    def waits(self) -> str:
        """ "Planned with Dr. Brandt for 3 Dec 2026", "Patient declined to talk; ask again on 3 Mar 2027": what is said
        of a prompt that waits for its day, or of a planned one whose day has come. Empty when nothing was said."""
        if self.ask_again_on is None:
            return ""
        on = f"{self.ask_again_on.day} {self.ask_again_on:%b %Y}"
        if self.is_planned:
            return f"Planned with {self.owner} for {on}"
        why = "Patient declined to talk" if self.status == PromptStatus.DECLINED else "Deferred"
        return f"{why}; ask again on {on}"

    @property
    def is_open(self) -> bool:
        return self.status == PromptStatus.OPEN

    @property
    def is_about_decision(self) -> bool:
        """A signed decision of the board goes another way than the goals, and nobody has talked about it yet."""
        return any(reason.reason == PromptReason.DECISION for reason in self.reasons)

    @property
    def words(self) -> str:
        return ", ".join(reason.words for reason in self.reasons)

    @property
    def by_urgency(self) -> tuple[ReasonNow, ...]:
        """The reasons, the most urgent first; of the same urgency the oldest first."""
        return tuple(sorted(self.reasons, key=lambda reason: rank_of([reason.reason])))


@dataclass(frozen=True)
class DraftBy:
    """Somebody's unsigned draft: that it exists, never what it says."""

    author_id: int
    name: str
    saved_at: datetime


@dataclass(frozen=True)
class TradeOffNow:
    """Structured, for the plan check: burden code, amount in the burden's unit, acceptance code, condition. `said_on`:
    the day of an earlier conversation, which the one that counts did not touch."""

    burden: str
    more_than: int
    acceptance: str
    condition: str
    said_on: date | None = None

    @property
    def words(self) -> str:
        words = trade_off_words(self.burden, self.more_than, self.acceptance, self.condition)
        return f"{words} (said {self.said_on.day} {self.said_on:%b %Y})" if self.said_on else words


@dataclass(frozen=True)
class GoalsNow:
    """The goals of one patient as of a day. `exists` is False where no conversation was signed (or all retracted).

    Code status, limits, place and information preference are the wishes that hold (`patients.wishes`), whatever they
    were recorded with: a later talk that did not touch them does not erase them. `reviewed_lines` are
    treatment lines for which exactly this was reviewed, `contradiction` is the open question between two of them.
    `limits` are codes of
    `TreatmentLimit`, `limit_words` says each in words, `treatment_limits` all of them.
    """

    patient_id: int
    exists: bool = False
    conversation_id: int = 0
    held_on: date | None = None
    signed_by: str = ""
    age_months: int | None = None
    age_words: str = ""
    quote: str = ""
    summary: str = ""
    matters: tuple[str, ...] = ()
    information_preference: str = ""
    code_status: str = ""
    code_status_on: date | None = None
    code_status_expired: bool = False
    treatment_limits: str = ""
    limits: tuple[str, ...] = ()
    limit_words: tuple[str, ...] = ()
    place_of_care: str = ""
    event: str = ""
    event_on: date | None = None
    event_passed: bool = False
    review_on: date | None = None
    review_due: bool = False
    progressed_on: date | None = None  # the last progression, whether before or after the conversation
    before_progression: bool = False
    trade_offs: tuple[TradeOffNow, ...] = ()
    prompt: PromptNow | None = None
    drafts: tuple[DraftBy, ...] = field(default=())
    reviewed_lines: frozenset[int] = frozenset()
    contradiction: str = ""

    @property
    def progression_words(self) -> str:
        """ "before the last progression" or "after" it; empty where nothing has progressed so far."""
        if not self.exists or self.progressed_on is None:
            return ""
        return f"{'before' if self.before_progression else 'after'} the last progression"

    @property
    def draft_by(self) -> tuple[str, ...]:
        return tuple(draft.name for draft in self.drafts)

    @property
    def matters_words(self) -> str:
        return "; ".join(Matter(code).label for code in self.matters)

    @property
    def information_words(self) -> str:
        return str(InformationPreference(self.information_preference).label) if self.information_preference else ""

    @property
    def code_status_words(self) -> str:
        """ "DNR", "Full", or empty when it was never discussed."""
        return str(CodeStatus(self.code_status).label) if self.code_status else ""

    @property
    def has_limits(self) -> bool:
        """DNR, DNI or recorded treatment limits: to be reviewed before a procedure."""
        return bool(self.treatment_limits) or self.code_status in LIMITING

    def limits_beside(self, codes: Collection[str]) -> str:
        """The limits in words without those of these codes."""
        return "; ".join(words for code, words in zip(self.limits, self.limit_words, strict=True) if code not in codes)

    @property
    def wishes_words(self) -> str:
        """ "Code status DNR, 20 Nov 2026; No intensive care": what holds even where no conversation is signed (an
        order, a wish by phone, a talk that was retracted). Empty where nothing does."""
        said = ""
        if self.code_status not in {"", CodeStatus.NOT_DISCUSSED}:
            on = f", {self.code_status_on.day} {self.code_status_on:%b %Y}" if self.code_status_on else ""
            said = f"Code status {self.code_status_words}{on}"
            said += ", expired, ask again" if self.code_status_expired else ""
        return "; ".join(part for part in (said, *self.limit_words) if part)

    @property
    def headline(self) -> str:
        """For the banner: what matters first, in two words."""
        if not self.exists:
            return ""
        if self.matters:
            return "; ".join(Matter(code).label for code in self.matters[:2])
        return "Recorded"

    @property
    def place_words(self) -> str:
        return str(Place(self.place_of_care).label) if self.place_of_care else ""


def _person(path: str) -> Trim:
    return Trim(Concat(f"{path}__title", Value(" "), f"{path}__name"))


def current_conversations(patient_ids: Iterable[int]) -> QuerySet[GoalsConversation]:
    """The conversation that counts per patient: the signed one; where that was retracted, the latest before it."""
    return (
        GoalsConversation.objects.filter(patient_id__in=patient_ids)
        .exclude(status=ConversationStatus.RETRACTED)
        .order_by("patient_id", "status", "-held_on", "-pk")  # "signed" sorts before "superseded"
        .distinct("patient_id")
    )


def _conversations(patient_ids: list[int]) -> QuerySet[GoalsConversation]:
    progressed = (
        DiseaseStatus.objects.valid()
        .filter(patient_id=OuterRef("patient_id"), category=ResponseCategory.PD)
        .order_by("-assessed_on", "-pk")
    )
    # A later talk that did not touch a burden does not erase what was said of it.
    trade_offs = (
        TradeOff.objects.valid()
        .filter(patient_id=OuterRef("patient_id"))
        .exclude(conversation__status=ConversationStatus.RETRACTED)
        .order_by("burden", "-conversation__held_on", "-pk")
        .distinct("burden")
    )
    review_days = ProtocolSignature.objects.filter(
        team_id=OuterRef("patient__team_id"), code="goals.review", withdrawn_at__isnull=True
    ).order_by("-version")
    return (
        current_conversations(patient_ids)
        .annotate(
            progressed_on=Subquery(progressed.values("assessed_on")[:1]),
            offs=ArraySubquery(
                trade_offs.values_list(
                    JSONObject(
                        burden="burden",
                        more_than="more_than",
                        acceptance="acceptance",
                        condition="condition",
                        said="conversation__held_on",
                    ),
                    flat=True,
                )
            ),
            signer=_person("signed_by"),
            review_days=Subquery(review_days.values("value")[:1]),
        )
        .defer("permission", "understanding", "prognosis_shared", "worries", "strength", "hopes")
    )


def prompt_now(prompt: GoalsPrompt, on: date) -> PromptNow:
    """The prompt with its reasons; wants the annotation of `with_reasons`."""
    why: list[Mapping[str, str]] = prompt.why  # type: ignore[attr-defined]
    seen: dict[tuple[str, str], ReasonNow] = {}
    for row in why:
        reason = ReasonNow(row["reason"], date.fromisoformat(row["since"]), row["detail"])
        seen.setdefault((reason.reason, reason.detail), reason)
    return PromptNow(
        prompt_id=prompt.pk,
        status=prompt.status,
        raised_on=prompt.raised_on,
        ask_again_on=prompt.ask_again_on,
        version=prompt.version,
        reasons=tuple(seen.values()),
        days_open=max((on - prompt.raised_on).days, 0),
        close_reason=prompt.close_reason,
        owner_id=prompt.owner_id,
        owner=prompt.owner_name or "",  # type: ignore[attr-defined]
    )


def with_reasons(prompts: QuerySet[GoalsPrompt]) -> QuerySet[GoalsPrompt]:
    """Adds the reasons (`why`) in the same query, for `prompt_now`."""
    reasons = GoalsPromptReason.objects.filter(prompt_id=OuterRef("pk")).order_by("since", "pk")
    return prompts.annotate(
        owner_name=_person("owner"),
        why=ArraySubquery(reasons.values_list(JSONObject(reason="reason", since="since", detail="detail"), flat=True)),
    )


def _trade_off(row: Mapping[str, Any], held_on: date) -> TradeOffNow:
    said = date.fromisoformat(row["said"])
    found = {name: row[name] for name in ("burden", "more_than", "acceptance", "condition")}
    return TradeOffNow(**found, said_on=None if said == held_on else said)


def _goals(row: Any, on: date) -> dict[str, Any]:
    review_days = int(row.review_days or NUMBERS["goals.review"].value)
    review_on = review_due_on(row.held_on, row.next_review_on, review_days)
    months = (on.year - row.held_on.year) * 12 + on.month - row.held_on.month - (on.day < row.held_on.day)
    return {
        "exists": True,
        "conversation_id": row.pk,
        "held_on": row.held_on,
        "signed_by": row.signer,
        "age_months": max(months, 0),
        "age_words": age_in_words(row.held_on, on),
        "quote": quoted(row.quote),
        "summary": row.summary,
        "matters": tuple(row.matters),
        "event": row.event,
        "event_on": row.event_on,
        "event_passed": event_passed(row.event_on, on),
        "review_on": review_on,
        "review_due": review_on <= on,
        "progressed_on": row.progressed_on,
        "before_progression": row.progressed_on is not None and row.progressed_on > row.held_on,
        "trade_offs": tuple(_trade_off(each, row.held_on) for each in row.offs),
    }


def _beside(ids: list[int]) -> QuerySet[Patient, Any]:
    """What stands beside the conversation, in one query: the wishes that hold and who has a draft."""
    wishes = Wish.objects.holding().filter(patient_id=OuterRef("pk"), kind__in=_SHOWN).order_by("since", "pk")
    drafts = GoalsDraft.objects.filter(patient_id=OuterRef("pk")).order_by("started_at", "pk")
    reviews = CodeStatusReview.objects.valid().filter(patient_id=OuterRef("pk")).order_by("line_id", "-pk")
    settle = NextStep.objects.filter(patient_id=OuterRef("pk"), source_key=CONFLICT_STEP, closed_at__isnull=True)
    return Patient.objects.filter(pk__in=ids).values(
        "pk",
        reviews=ArraySubquery(reviews.values_list(JSONObject(line="line_id", mark="reviewed"), flat=True)),
        contradiction=Subquery(settle.values("what")[:1]),
        wishes=ArraySubquery(
            wishes.values_list(
                JSONObject(kind="kind", code="code", words="words", since="since", until="valid_until"), flat=True
            )
        ),
        drafts=ArraySubquery(
            drafts.values_list(JSONObject(author="author_id", name=_person("author"), at="saved_at"), flat=True)
        ),
    )


def _drafts(beside: Mapping[int, Mapping[str, Any]], patient_id: int) -> tuple[DraftBy, ...]:
    rows = beside[patient_id]["drafts"] if patient_id in beside else ()
    return tuple(DraftBy(row["author"], row["name"], datetime.fromisoformat(row["at"])) for row in rows)


def _wishes(beside: Mapping[int, Mapping[str, Any]], patient_id: int, on: date) -> dict[str, Any]:
    """Code status, limits, place and information as they hold, whatever they were recorded with."""
    rows = beside[patient_id]["wishes"] if patient_id in beside else ()
    of_kind: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        of_kind.setdefault(row["kind"], []).append(row)
    code = next(iter(of_kind.get(WishKind.CODE_STATUS, ())), None)
    limits = of_kind.get(WishKind.LIMIT, [])
    until = date.fromisoformat(code["until"]) if code and code["until"] else None
    in_words = tuple(words_of(row["kind"], row["code"], row["words"]) for row in limits)
    mark = mark_of(limits_shown(code["code"] if code else "", in_words))
    kept = beside.get(patient_id, {})
    return {
        "reviewed_lines": frozenset(row["line"] for row in kept.get("reviews", ()) if row["mark"] == mark),
        "contradiction": kept.get("contradiction") or "",
        "information_preference": _code(of_kind, WishKind.INFORMATION),
        "code_status": code["code"] if code else "",
        "code_status_on": date.fromisoformat(code["since"]) if code else None,
        "code_status_expired": has_expired(until, on),
        "treatment_limits": "; ".join(in_words),
        "limits": tuple(row["code"] for row in limits),
        "limit_words": in_words,
        "place_of_care": _code(of_kind, WishKind.PLACE_OF_CARE),
    }


def _code(of_kind: Mapping[str, list[Mapping[str, str]]], kind: WishKind) -> str:
    rows = of_kind.get(kind)
    return rows[0]["code"] if rows else ""


def goals_summary(patient_ids: Iterable[int], on: date) -> dict[int, GoalsNow]:
    """The goals of these patients, one entry for each id; three queries however many there are."""
    ids = sorted(set(patient_ids))
    if not ids:
        return {}
    talks = {row.patient_id: _goals(row, on) for row in _conversations(ids)}
    live = with_reasons(GoalsPrompt.objects.filter(patient_id__in=ids, status__in=LIVE_PROMPTS))
    prompts = {row.patient_id: prompt_now(row, on) for row in live}
    beside = {row["pk"]: row for row in _beside(ids)}
    return {
        each: GoalsNow(
            patient_id=each,
            prompt=prompts.get(each),
            drafts=_drafts(beside, each),
            **_wishes(beside, each, on),
            **talks.get(each, {}),
        )
        for each in ids
    }


def goals_of(patient_id: int, on: date) -> GoalsNow:
    """The goals of one patient as of a day: three queries."""
    return goals_summary([patient_id], on)[patient_id]
