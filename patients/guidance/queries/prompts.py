"""What of the prompts is open, answered, or waits for a signature; the tables of criteria; what the team made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.db.models import Count, QuerySet

from patients.guidance.models import GuidanceAnswer, GuidanceRaised
from patients.guidance.queries.snapshot import snapshot
from patients.guidance.rules import Prompt, Snapshot, evaluate, prrt, tare
from patients.guidance.rules.answers import Answer
from patients.guidance.rules.eligibility import Eligibility
from patients.record.models import Patient
from patients.record.rules import EnrollmentStatus

TABLES = {"prrt": prrt.eligibility, "tare": tare.eligibility}


@dataclass(frozen=True)
class Answered:
    prompt: Prompt
    answer: GuidanceAnswer


@dataclass(frozen=True)
class Local:
    """A prompt that is not raised, and the numbers or the rule that nobody signed for the team."""

    prompt: Prompt
    unsigned: tuple[str, ...]


@dataclass(frozen=True)
class GuidanceNow:
    """What the panel shows. Switched off, nothing is computed and everything is empty; so it is while an import waits
    for review (`model.md` 2). `past` are answers to prompts that no longer apply."""

    enabled: bool
    under_review: bool = False
    open: tuple[Prompt, ...] = ()
    local: tuple[Local, ...] = ()
    answered: tuple[Answered, ...] = ()
    past: tuple[GuidanceAnswer, ...] = ()
    tables: tuple[Eligibility, ...] = ()


def is_enabled() -> bool:
    """Whether this site has decision support switched on (`DECISION_SUPPORT_ENABLED`)."""
    return bool(settings.DECISION_SUPPORT_ENABLED)


def _asked_about(facts: Snapshot) -> list[str]:
    """Treatments that are proposed, planned or running and have a table of criteria."""
    asked = ["prrt"] if facts.open_lines("prrt") else []
    return asked + (["tare"] if any(line.is_tare for line in facts.open_lines("embolization")) else [])


def answers_of(patient_id: int) -> list[GuidanceAnswer]:
    """Every answer that stands, newest first."""
    return list(
        GuidanceAnswer.objects.standing()
        .filter(patient_id=patient_id)
        .select_related("answered_by")
        .order_by("-answered_at", "-pk")
    )


def guidance_of(patient: Patient, on: date) -> GuidanceNow:
    """The prompts for the patient, those that were answered apart; nothing for somebody who died."""
    if not is_enabled():
        return GuidanceNow(enabled=False)
    if patient.enrollment_status == EnrollmentStatus.UNDER_REVIEW:
        return GuidanceNow(enabled=True, under_review=True)
    given = answers_of(patient.pk)
    if patient.is_deceased:
        return GuidanceNow(enabled=True, past=tuple(given))
    facts = snapshot(patient, on)
    by_prompt = {(row.rule, row.fingerprint): row for row in given}
    still, local, done = [], [], []
    for prompt in evaluate(facts):
        answer = by_prompt.pop((prompt.rule, prompt.fingerprint), None)
        if not prompt.is_raised:
            local.append(Local(prompt, tuple(facts.numbers[code].name for code in prompt.local)))
        elif answer is None:
            still.append(prompt)
        else:
            done.append(Answered(prompt, answer))
    return GuidanceNow(
        enabled=True,
        open=tuple(still),
        local=tuple(local),
        answered=tuple(done),
        past=tuple(by_prompt.values()),
        tables=tuple(TABLES[kind](facts) for kind in _asked_about(facts)),
    )


def eligibility_of(patient: Patient, kind: str, on: date) -> Eligibility | None:
    """The table of one treatment, whether it is asked about or not; None where nothing is computed: switched off,
    under review, deceased, another cancer. Raises `KeyError` for a treatment without a table."""
    table = TABLES[kind]
    if not _is_judged(patient):
        return None
    facts = snapshot(patient, on)
    return None if facts.net_status == "not_net" else table(facts)


def _is_judged(patient: Patient) -> bool:
    return is_enabled() and not patient.is_deceased and patient.enrollment_status != EnrollmentStatus.UNDER_REVIEW


def tables_of(patient: Patient, facts: Snapshot, kinds: Iterable[str]) -> tuple[Eligibility, ...]:
    """The tables of these treatments from a snapshot that was read already; empty where nothing is computed."""
    if not _is_judged(patient) or facts.net_status == "not_net":
        return ()
    return tuple(TABLES[kind](facts) for kind in kinds)


def prompt_for(patient: Patient, rule: str, on: date) -> Prompt | None:
    """The rule's prompt as it is raised now, answered or not."""
    if not is_enabled() or patient.is_deceased or patient.enrollment_status == EnrollmentStatus.UNDER_REVIEW:
        return None
    return next((each for each in evaluate(snapshot(patient, on)) if each.rule == rule and each.is_raised), None)


def not_noted(patient_id: int, prompts: tuple[Prompt, ...]) -> list[Prompt]:
    """Those that were never shown before with these inputs (one query)."""
    if not prompts:
        return []
    known = set(GuidanceRaised.objects.filter(patient_id=patient_id).values_list("rule", "fingerprint"))
    return [prompt for prompt in prompts if (prompt.rule, prompt.fingerprint) not in known]


def to_discuss(patient_id: int) -> list[GuidanceAnswer]:
    """What clinicians marked "discuss at board", newest first: for the referral and the board case. Nothing while
    decision support is switched off."""
    return [row for row in answers_of(patient_id) if row.answer == Answer.DISCUSS] if is_enabled() else []


def answers_for(team_ids: frozenset[int]) -> QuerySet[GuidanceAnswer]:
    """Answers that stand, of the teams' own patients; unordered."""
    rows: QuerySet[GuidanceAnswer] = (
        GuidanceAnswer.objects.standing()
        .filter(patient__team_id__in=team_ids)
        .select_related("patient__team", "answered_by")
    )
    return rows


@dataclass(frozen=True)
class Use:
    """How often a rule spoke to the team, and what was answered. Counted per patient and inputs."""

    raised: int = 0
    acknowledged: int = 0
    discuss: int = 0
    not_applicable: int = 0


def use_of_rules(team_id: int) -> Mapping[str, Use]:
    """By rule, for the team's own patients (two queries)."""
    raised = dict(
        GuidanceRaised.objects.filter(patient__team_id=team_id)
        .values_list("rule")
        .annotate(many=Count("pk"))
        .order_by("rule")
    )
    answers: dict[str, dict[str, int]] = {}
    rows = (
        GuidanceAnswer.objects.standing()
        .filter(patient__team_id=team_id)
        .values_list("rule", "answer")
        .annotate(many=Count("pk"))
        .order_by("rule", "answer")
    )
    for rule, answer, many in rows:
        answers.setdefault(rule, {})[answer] = many
    return {rule: Use(raised.get(rule, 0), **answers.get(rule, {})) for rule in {*raised, *answers}}
