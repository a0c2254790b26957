"""Whom to see next: the facts behind the order, read for everybody the team may have to see in a fixed number of
queries, and put in order by the rule. The list is as long as the palliative work of a team, not as its patients, and
bounded (`RANKED`)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from careteam.web.svg import Sparkline, sparkline
from patients.goals.models import GoalsConversation, GoalsPrompt
from patients.goals.queries import GoalsNow, goals_summary
from patients.goals.rules import ConversationStatus, PromptStatus
from patients.palliative.models import CaregiverStrain, HospiceTransition, PalliativeReferral
from patients.palliative.queries.work import EcogTrend, PersonOnList, ecog_trends, people_on_list
from patients.palliative.rules import (
    CareFacts,
    HospiceStatus,
    PalliativeReferralStatus,
    Points,
    WhyNow,
    urgency,
    why_now,
)
from patients.protocol.queries import numbers
from patients.record.models import Encounter, NextStep, Patient, SymptomAssessment, among, in_care
from patients.record.rules import ESAS_LABELS, StepKind, items_at_least
from patients.record.rules.visits import AHEAD
from patients.treatment.models import TreatmentLine
from patients.treatment.rules import LineRole, LineStatus

if TYPE_CHECKING:
    from careteam.people.models import User

_NOT_BEGUN = (LineStatus.PROPOSED, LineStatus.PLANNED)
_BATCH = re.compile(r"(import|review):[0-9T:-]{1,30}")
SHOWN = 6  # assessments behind a curve of the list


def points(team_id: int | None) -> Points:
    """The configured points and limits of the team (one query); the catalog's without a team."""
    if team_id is None:
        return Points()
    found = numbers(team_id)

    def whole(code: str) -> int:
        return int(found[code].value)

    codes = ("severe", "hospice", "referral", "decision", "prompt", "strained", "distress", "ecog", "silent")
    return Points(
        **{code: whole(f"palliative.{code}") for code in codes},
        recent_days=whole("palliative.recent"),
        ahead_days=whole("palliative.ahead"),
        strain_from=whole("palliative.strain"),
        distress_from=whole("symptoms.distress"),
        severe_from=whole("symptoms.severe"),
        review_days=whole("goals.review"),
    )


@dataclass(frozen=True)
class Waiting:
    """Somebody on the list: why, how urgent, the facts behind it."""

    patient_id: int
    sort_key: str
    facts: CareFacts
    reasons: tuple[WhyNow, ...]

    @property
    def pk(self) -> int:
        return self.patient_id

    @property
    def points(self) -> int:
        return urgency(self.reasons)

    @property
    def since(self) -> date:
        """The oldest of the reasons that have a day; patients with the same points are seen in this order."""
        return min((reason.since for reason in self.reasons if reason.since), default=date.max)


def _scores(row: Mapping[str, Any]) -> dict[str, int | None]:
    return {name: row[name] for name in ESAS_LABELS}


Days = dict[int, date]
# How many of each kind are put in order; a team has far fewer. What lies beyond is younger (prompts, referrals) or
# older (symptoms, strain), and moves up as the others are answered. The page says when there are more.
RANKED = 500


def _days(rows: QuerySet[Any], day: str) -> Days:
    found = rows.order_by(day, "pk").values_list("patient_id", day)[:RANKED]
    return {patient_id: at.date() if isinstance(at, datetime) else at for patient_id, at in found}


def _candidates(user: User, p: Points, today: date, batch: str) -> tuple[Days, Days, Days, set[int]]:
    """Open prompts, referrals that wait, transitions in preparation (each with its day), and everybody who may be on
    the list: these, and who has severe symptoms or distress, or is cared for by somebody who is strained. With `batch`
    only those whose open prompt it raised."""
    since = today - timedelta(days=p.recent_days)
    open_prompts = GoalsPrompt.objects.visible_to(user).filter(in_care(), status=PromptStatus.OPEN)
    prompts = _days(open_prompts.filter(batch=batch) if batch else open_prompts, "raised_on")
    referrals = PalliativeReferral.objects.visible_to(user).valid()
    asked = _days(referrals.filter(in_care(), status=PalliativeReferralStatus.REQUESTED), "requested_at")
    steps = HospiceTransition.objects.visible_to(user).valid()
    preparing = _days(steps.filter(in_care(), status=HospiceStatus.PREPARING), "opened_at")
    if batch:
        return prompts, asked, preparing, set(prompts)
    severe = Q(distress__gte=p.distress_from)
    for name in ESAS_LABELS:
        severe |= Q(**{f"{name}__gte": p.severe_from})
    symptoms = SymptomAssessment.objects.visible_to(user).valid().filter(severe, in_care(), assessed_on__gte=since)
    strains = CaregiverStrain.objects.visible_to(user).valid().filter(in_care(), asked_on__gte=since)
    others = {
        *symptoms.order_by("-assessed_on", "-pk").values_list("patient_id", flat=True)[:RANKED],
        *strains.filter(score__gte=p.strain_from).order_by("-asked_on").values_list("patient_id", flat=True)[:RANKED],
    }
    return prompts, asked, preparing, others | set(prompts) | set(asked) | set(preparing)


def _decisions(ids: Collection[int], p: Points, today: date) -> dict[int, tuple[date, str, date]]:
    """The next decision of each: a date before a board, a line that is planned; (day, words, known since)."""
    until = today + timedelta(days=p.ahead_days)
    found: dict[int, tuple[date, str, date]] = {}
    steps = NextStep.objects.filter(
        patient_id__in=among(ids), kind=StepKind.REFERRAL, closed_at__isnull=True, due_on__range=(today, until)
    ).values_list("patient_id", "due_on", "what", "opened_at")
    for patient_id, on, what, at in steps:
        if on is not None:
            found[patient_id] = min(found.get(patient_id, (on, what, at.date())), (on, what, at.date()))
    lines = TreatmentLine.objects.valid().filter(
        patient_id__in=among(ids), role=LineRole.ANTITUMOR, status__in=_NOT_BEGUN, planned_on__range=(today, until)
    )
    for line in lines:
        one = (line.planned_on or today, f"{line.label} planned", line.created_at.date())
        found[line.patient_id] = min(found.get(line.patient_id, one), one)
    return found


def batch_words(user: User, batch: str) -> str:
    """ "the import of 23 Nov 2026": what raised these prompts at once; empty where the person may see none of them."""
    if not _BATCH.fullmatch(batch):
        return ""
    rows = GoalsPrompt.objects.visible_to(user).filter(batch=batch).order_by("raised_on")
    on = rows.values_list("raised_on", flat=True).first()
    return f"the {batch.partition(':')[0]} of {on.day} {on:%b %Y}" if on else ""


def waiting_list(user: User, team_id: int | None, today: date, *, batch: str = "") -> list[Waiting]:
    """Everybody with a reason to be seen, most points first; a fixed number of queries. `batch`: only those whose open
    prompt was raised by it."""
    p = points(team_id)
    prompts, asked, preparing, ids = _candidates(user, p, today, batch)
    if not ids:
        return []
    latest = {
        row["patient_id"]: row
        for row in SymptomAssessment.objects.valid()
        .filter(patient_id__in=among(ids))
        .order_by("patient_id", "-assessed_on", "-pk")
        .distinct("patient_id")
        .values("patient_id", "assessed_on", "answered_at", "distress", *ESAS_LABELS)
    }
    strains = {
        row.patient_id: row
        for row in CaregiverStrain.objects.valid()
        .filter(patient_id__in=among(ids), asked_on__gte=today - timedelta(days=p.recent_days))
        .order_by("patient_id", "-asked_on", "-pk")
        .distinct("patient_id")
    }
    talked = dict(
        GoalsConversation.objects.filter(patient_id__in=among(ids), status=ConversationStatus.SIGNED).values_list(
            "patient_id", "held_on"
        )
    )
    ecog, decisions = ecog_trends(ids), _decisions(ids, p, today)
    found = []
    for patient_id, sort_key in Patient.objects.filter(pk__in=among(ids)).values_list("pk", "sort_key"):
        on, what, known = decisions.get(patient_id, (None, "", None))
        facts = CareFacts(
            **_said(latest.get(patient_id), strains.get(patient_id), ecog.get(patient_id), p),
            hospice_since=preparing.get(patient_id),
            referral_since=asked.get(patient_id),
            prompt_since=prompts.get(patient_id),
            decision=what,
            decision_on=on,
            decision_known_on=known,
            talked_on=talked.get(patient_id),
        )
        if reasons := why_now(facts, p, today):
            found.append(Waiting(patient_id, sort_key, facts, reasons))
    return sorted(found, key=lambda row: (-row.points, row.since, row.patient_id))


def _said(
    latest: Mapping[str, Any] | None, strain: CaregiverStrain | None, ecog: EcogTrend | None, p: Points
) -> dict[str, Any]:
    """The facts that patients and those who care for them gave, and ECOG."""
    facts: dict[str, Any] = {}
    if latest is not None:
        names = items_at_least(_scores(latest), p.severe_from)
        facts |= {
            "severe": tuple(f"{ESAS_LABELS[name].lower()} {latest[name]}" for name in names),
            "asked_on": latest["assessed_on"],
            "answered": latest["answered_at"] is not None,
            "distress": latest["distress"],
        }
    if strain is not None:
        facts |= {"strain": strain.score, "strain_who": strain.who}
    if ecog is not None:
        facts |= {"ecog": ecog.now, "ecog_before": ecog.before}
    return facts


def owned_by(user: User, ids: Iterable[int]) -> set[int]:
    """Those of the patients for whom something open is the person's own."""
    steps = NextStep.objects.filter(owner=user, closed_at__isnull=True, patient_id__in=among(ids))
    return set(steps.values_list("patient_id", flat=True))


# --- the rows that are shown ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Curve:
    """One symptom of the list: the latest score, how bad, its small curve (None with one score)."""

    label: str
    score: int
    kind: str
    spark: Sparkline | None


@dataclass(frozen=True)
class CareRow:
    person: PersonOnList
    points: int
    reasons: tuple[WhyNow, ...]
    curves: tuple[Curve, ...]
    asked_on: date | None
    distress: int | None
    ecog: EcogTrend | None
    talked_on: date | None
    goals: GoalsNow
    coming: tuple[tuple[date, str], ...] = field(default=())
    contact: PalliativeReferral | None = None


def _curves(rows: list[SymptomAssessment], severe_from: int) -> tuple[Curve, ...]:
    """The two worst symptoms of the latest assessment; `rows` oldest first."""
    if not rows:
        return ()
    worst = items_at_least(rows[-1].scores, 1)[:2]
    found = []
    for name in worst:
        values = [float(score) for row in rows if (score := row.scores[name]) is not None]
        label = rows[-1].other_name if name == "other" and rows[-1].other_name else ESAS_LABELS[name]
        spark = sparkline(values, label=f"{label}, last {len(values)} times") if len(values) > 1 else None
        score = rows[-1].scores[name] or 0
        found.append(Curve(label, score, "red" if score >= severe_from else "amb" if score >= 4 else "", spark))
    return tuple(found)


def _next_visits(ids: Collection[int], today: date, zone: str) -> dict[int, tuple[date, str]]:
    begin = datetime.combine(today, time(0), ZoneInfo(zone))
    rows = (
        Encounter.objects.valid()
        .filter(patient_id__in=among(ids), starts_at__gte=begin, status__in=[str(status) for status in AHEAD])
        .order_by("patient_id", "starts_at", "pk")
        .distinct("patient_id")
    )
    return {
        row.patient_id: (row.starts_at.astimezone(ZoneInfo(zone)).date(), row.reason or row.with_whom or row.kind)
        for row in rows
    }


def care_rows(waiting: Iterable[Waiting], today: date, zone: str, severe_from: int = 7) -> list[CareRow]:
    """What the list shows of these patients; a fixed number of queries."""
    found = list(waiting)
    ids = [row.patient_id for row in found]
    people, goals = people_on_list(ids, today), goals_summary(ids, today)
    asked: dict[int, list[SymptomAssessment]] = {}
    for row in (
        SymptomAssessment.objects.valid()
        .filter(patient_id__in=among(ids))
        .annotate(
            place=Window(
                RowNumber(), partition_by=[F("patient_id")], order_by=[F("assessed_on").desc(), F("pk").desc()]
            )
        )
        .filter(place__lte=SHOWN)
        .order_by("patient_id", "-place")
    ):
        asked.setdefault(row.patient_id, []).append(row)
    contact = {
        row.patient_id: row
        for row in PalliativeReferral.objects.valid()
        .filter(patient_id__in=among(ids))
        .exclude(status=PalliativeReferralStatus.DECLINED)
        .order_by("patient_id", "-pk")
        .distinct("patient_id")
    }
    visits = _next_visits(ids, today, zone)
    rows = []
    for each in found:
        facts, patient_id = each.facts, each.patient_id
        decision = [(facts.decision_on, facts.decision)] if facts.decision and facts.decision_on else []
        coming = tuple(sorted([*decision, *([visits[patient_id]] if patient_id in visits else [])]))
        goals_now = goals[patient_id]
        reasons = each.reasons
        if goals_now.prompt is not None:
            words = f"Prompt: {', '.join(reason.label for reason in goals_now.prompt.reasons)}"
            reasons = tuple(replace(r, words=words) if r.code == "prompt" else r for r in reasons)
        trend = EcogTrend(facts.ecog, None, facts.ecog_before) if facts.ecog is not None else None
        rows.append(
            CareRow(
                person=people[patient_id],
                points=each.points,
                reasons=reasons,
                curves=_curves(asked.get(patient_id, []), severe_from),
                asked_on=facts.asked_on,
                distress=facts.distress,
                ecog=trend,
                talked_on=facts.talked_on,
                goals=goals_now,
                coming=coming,
                contact=contact.get(patient_id),
            )
        )
    return rows
