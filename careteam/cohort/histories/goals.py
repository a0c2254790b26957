"""Rows about goals: conversations, trade-offs, what asks for one, referrals to the palliative team. Pure.

The reasons are those of `patients.goals.rules`, so that the first sweep over a new cohort finds nothing to raise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from careteam.cohort.histories.course import Course
from careteam.cohort.histories.person import responsible
from careteam.cohort.histories.profile import Profile
from careteam.cohort.histories.rows import Dice, History, Key, Person, Ref, Text, at, working_day
from patients.goals.rules import PROCEDURES, PromptReason, Voice, asks_for_step, inside, rank_of
from patients.record.rules import ESAS_LABELS, SEVERE, WEIGHT, greatest_loss, items_at_least
from patients.treatment.rules import CountedLine, number_lines

ADMISSION_DAYS, STAGE_IV_DAYS, REVIEW_DAYS, ANSWER_DAYS = 183, 60, 365, 30
LATE_LINE = 3  # therapy line from which goals are asked for
WEIGHT_PERCENT = 5
QUOTES = (
    "I want to be at home with my dog, not in a hospital bed.",
    "As long as I can work in the garden I will take the injections.",
    "I want to see my granddaughter start school.",
    "No more nights in hospital unless it really buys me time.",
    "Tell me straight, but not every number.",
    "I am not afraid of dying, I am afraid of lying there for months.",
    "I would take a lot for another summer at the lake.",
    "My wife must not be left alone with all this.",
)
EVENTS = (
    "wedding of the daughter",
    "golden wedding",
    "graduation",
    "trip to the sea",
    "birth of a grandchild",
    "retirement",
)
WORRIES = (
    "Pain at the end",
    "Being a burden to the family",
    "Losing the mind",
    "Diarrhea in public",
    "Money and the house",
)
STRENGTHS = ("Family", "Faith", "Music", "The garden", "Friends from the choir", "Work")
ABILITIES = ("To think clearly", "To eat together", "To walk to the shop", "To recognize my children")
SUMMARIES = (
    "Wants treatment as long as it leaves good weeks between. Time at home comes first.",
    "Hopes for time, accepts injections and tablets, no long stays. Family knows.",
    "Understands that the disease cannot be cured. Wants to decide step by step.",
    "Wants everything that offers a reasonable chance; to be asked again at each change.",
)
_BURDENS = ("hospital_nights", "weekly_travel", "days_in_bed", "biopsies", "intensive_care")


@dataclass
class _Reason:
    reason: str
    since: date
    source_key: object
    detail: str = ""


def write_goals(dice: Dice, history: History, profile: Profile, course: Course, lines: list[Ref], today: date) -> None:
    if profile.enrollment == "under_review":
        return
    until = profile.died or today
    days = (until - profile.diagnosed).days
    share = {"IV": 0.5, "III": 0.2}.get(profile.stage, 0.1) + 0.07 * len(course.treatments)
    if days > 40 and dice.chance(share):
        first = profile.diagnosed + timedelta(days=dice.randint(20, days - 5))
        second = first + timedelta(days=dice.randint(90, 500))
        if dice.chance(0.35) and second < until:
            old = talk(dice, history, first, status="superseded")
            talk(dice, history, second, supersedes=old)
        else:
            talk(dice, history, first)
    if profile.in_care:
        write_prompt(dice, history, profile, lines, today)
        write_steps(history, lines, today)
        _palliative(dice, history, profile, today)


# The quick choices that go with the words above.
_CODES = {
    "Pain at the end": "pain",
    "Being a burden to the family": "burden",
    "Losing the mind": "mind",
    "Diarrhea in public": "diarrhea",
    "Money and the house": "money",
    "Family": "children",
    "Faith": "faith",
    "Music": "music",
    "The garden": "nature",
    "Friends from the choir": "friends",
    "Work": "work",
    "To think clearly": "think",
    "To eat together": "eat",
    "To walk to the shop": "walk",
    "To recognize my children": "recognize",
    "Knows that it cannot be cured.": "cannot_cure",
}
_PLACES = {"Clinic room": "clinic", "At home": "home", "Ward 4B": "ward", "By phone": "phone"}


def _coded(values: dict[str, Any]) -> dict[str, Any]:
    """Quick choices as they would have been ticked beside these words."""
    coded: dict[str, Any] = {
        f"{name}_codes": [_CODES[values[name]]] if values[name] in _CODES else []
        for name in ("understanding", "worries", "strength", "abilities")
    }
    return coded | {
        "place_kind": _PLACES.get(values["place"], ""),
        "permission_given": "yes",
        "quoted": ["abilities"],
        "agreed": "We go on as we do now. We talk again when something changes.",
    }


def talk(dice: Dice, history: History, held: date, **wanted: object) -> Ref:
    """A signed conversation, with its structured trade-offs."""
    event = dice.chance(0.35)
    code = dice.pick({"full": 0.45, "dnr": 0.2, "dnr_dni": 0.1, "not_discussed": 0.25})
    dnr = code in {"dnr", "dnr_dni"}
    signer = Person("palliative") if dice.chance(0.7) else Person("oncologist", dice.randint(0, 1))
    values: dict[str, Any] = {
        "status": "signed",
        "held_on": held,
        "place": dice.choice(("Clinic room", "At home", "Ward 4B", "By phone")),
        "participants": dice.choice(("patient alone", "patient and spouse", "patient and daughter", "patient and son")),
        "capacity": "yes",
        "permission": "Agreed to talk about it today.",
        "understanding": dice.choice(("Knows that it cannot be cured.", "Hopes that the next treatment works.")),
        "information_preference": dice.pick({"full": 0.45, "big_picture": 0.4, "family_only": 0.08, "none_now": 0.07}),
        "matters": dice.sample(("home", "clear_head", "less_pain", "more_time", "independence", "family"), 2),
        "quote": dice.choice(QUOTES),
        "event": dice.choice(EVENTS) if event else "",
        "event_on": held + timedelta(days=dice.randint(40, 420)) if event else None,
        "worries": dice.choice(WORRIES),
        "strength": dice.choice(STRENGTHS),
        "abilities": dice.choice(ABILITIES),
        "code_status": code,
        "code_status_on": held if code != "not_discussed" else None,
        "place_of_care": dice.pick({"home": 0.6, "hospice": 0.15, "undecided": 0.25}),
        "place_of_death": dice.pick({"home": 0.4, "hospice": 0.2, "undecided": 0.4}) if dnr else "",
        "surprise": dice.chance(0.6),
        "summary": dice.choice(SUMMARIES),
        "recommendation": "Go on as now; talk again when the disease changes.",
        "next_review_on": held + timedelta(days=REVIEW_DAYS),
        "signed_by": signer,
        "signed_at": at(held, 16, dice.randint(0, 59)),
    }
    values |= {name: codes for name, codes in _coded(values).items() if name not in wanted}
    values |= wanted
    conversation = history.add("conversation", **values)
    for burden in dice.sample(_BURDENS, dice.randint(1, 3)):
        trade_off(
            history,
            conversation,
            burden,
            dice.choice((1, 2, 3)),
            dice.choice(("accepts", "good_reason", "not_accepted")),
        )
    return conversation


def trade_off(
    history: History, conversation: Ref, burden: str, more_than: int, acceptance: str, condition: str = ""
) -> None:
    amount = more_than * 30 if burden == "weekly_travel" else more_than
    history.add(
        "tradeoff",
        conversation=conversation,
        burden=burden,
        more_than=amount,
        acceptance=acceptance,
        condition=condition,
    )


def current_talk(history: History) -> Ref | None:
    found = [n for n, row in enumerate(history.of("conversation")) if row["status"] == "signed"]
    return Ref("conversation", found[-1]) if found else None


def reasons(history: History, profile: Profile, lines: list[Ref], today: date) -> list[_Reason]:
    """Everything that asks for a conversation now: news since the last one, and what the calendar asks."""
    current = current_talk(history)
    held = history.row(current)["held_on"] if current else None

    def news(on: date) -> bool:
        return held is None or on > held

    found: list[_Reason] = []
    assessed = [(n, row) for n, row in enumerate(history.of("status")) if row["category"] in {"CR", "PR", "SD", "PD"}]
    if assessed:
        n, last = max(assessed, key=lambda pair: (pair[1]["assessed_on"], pair[0]))
        if last["category"] == "PD" and news(last["assessed_on"]):
            found.append(_Reason("progression", last["assessed_on"], Key("status", "status", n)))
    found += _of_lines(history, lines, news, today)
    found += _of_ecog(history, current, news)
    found += _of_symptoms(history, news)
    found += _of_weight(history, current, news)
    found += _of_people(history, news)
    if profile.grade == "NEC" and profile.differentiation == "poor" and held is None:
        found.append(_Reason("nec", profile.diagnosed, "nec"))
    admissions = [(n, row) for n, row in enumerate(history.of("admission")) if row["unplanned"]]
    if admissions:
        n, last = max(admissions, key=lambda pair: pair[1]["admitted_on"])
        on = last["admitted_on"]
        if news(on) and (today - on).days <= ADMISSION_DAYS:
            nights = (last["discharged_on"] - on).days
            found.append(_Reason("admission", on, Key("admission", "admission", n), f"{nights} nights"))
    if current is None:
        staged = profile.diagnosed + timedelta(days=14)
        if profile.stage == "IV" and staged <= today - timedelta(days=STAGE_IV_DAYS):
            found.append(_Reason("stage_iv", staged, "stage_iv"))
        return found
    row = history.row(current)
    if row["next_review_on"] <= today:
        found.append(_Reason("review_due", row["next_review_on"], Key("review", *current)))
    if row["event_on"] is not None and row["event_on"] < today:
        found.append(_Reason("event_passed", row["event_on"], Key("event", *current), row["event"]))
    return found


_OPEN_LINES = frozenset({"proposed", "planned", "active", "on_hold"})


def _numbered(history: History, lines: list[Ref]) -> list[tuple[Ref, dict[str, Any], int | None]]:
    """The lines in order with the therapy line number each has, or would have once begun."""
    rows = [(ref, history.row(ref)) for ref in lines]
    rows.sort(key=lambda pair: pair[1]["started_on"] or pair[1]["planned_on"])
    numbers = number_lines([CountedLine(r["modality"], r["role"], r["start_reason"]) for _, r in rows])
    return [(ref, row, number.therapy) for (ref, row), number in zip(rows, numbers, strict=True)]


def _of_lines(history: History, lines: list[Ref], news: Any, today: date) -> list[_Reason]:
    found = []
    for ref, row, therapy in _numbered(history, lines):
        on = row["started_on"] or row["planned_on"]
        if row["status"] not in _OPEN_LINES or not news(on):
            continue
        label = f"{row['agent']} {row['dose']}".strip()
        if therapy is not None and therapy >= LATE_LINE:
            found.append(_Reason("therapy_line", min(on, today), Key("line", *ref), f"therapy line {therapy}: {label}"))
        if row["modality"] in PROCEDURES and row["status"] in {"proposed", "planned"}:
            found.append(_Reason("before_procedure", min(on, today), Key("procedure", *ref), label))
    return found


def _of_people(history: History, news: Any) -> list[_Reason]:
    """What somebody said: the last answer to the surprise question, a wish to talk, a decision that goes another way
    than the patient wants."""
    found = []
    answers = sorted(enumerate(history.of("surprise")), key=lambda pair: (pair[1]["asked_on"], pair[0]))
    if answers and answers[-1][1]["answer"] == "no" and news(answers[-1][1]["asked_on"]):
        n, last = answers[-1]
        found.append(_Reason("surprise", last["asked_on"], Key("surprise", "surprise", n)))
    for n, wish in enumerate(history.of("talkwish")):
        if news(wish["said_on"]):
            detail = f"{Voice(wish['voice']).label.lower()}: {wish['words']}"
            found.append(_Reason("wish", wish["said_on"], Key("wish", "talkwish", n), detail[:200]))
    for n, decision in enumerate(history.of("decision")):
        if decision.get("goal_check", {}).get("verdict") == "conflict":
            on = decision["signed_at"].date()
            found.append(_Reason("decision", on, Key("decision", "decision", n), decision["text"][:200]))
    return found


def _of_symptoms(history: History, news: Any) -> list[_Reason]:
    asked = list(enumerate(history.of("symptom")))
    if not asked:
        return []
    n, last = max(asked, key=lambda pair: (pair[1]["assessed_on"], pair[0]))
    severe = items_at_least({name: last.get(name) for name in ESAS_LABELS}, SEVERE)
    if not severe or not news(last["assessed_on"]):
        return []
    words = ", ".join(f"{ESAS_LABELS[name].lower()} {last[name]}" for name in severe)
    return [_Reason("symptoms", last["assessed_on"], Key("symptoms", "symptom", n), words)]


def _of_weight(history: History, current: Ref | None, news: Any) -> list[_Reason]:
    weights = [(r["taken_at"].date(), r["value"]) for r in history.of("measurement") if r["code"] == WEIGHT]
    lost = greatest_loss(weights)
    if lost is None or lost.percent < WEIGHT_PERCENT:
        return []
    on = max(on for on, _ in weights)
    if not news(on):
        return []
    key: object = Text("weight:{id}", *current) if current else "weight:0"
    return [_Reason("weight", on, key, f"{lost.percent.normalize():f} % lost")]


def _of_ecog(history: History, current: Ref | None, news: Any) -> list[_Reason]:
    values = [row for row in history.of("measurement") if row["code"] == "89247-1"]
    values.sort(key=lambda row: row["taken_at"])
    if not values:
        return []
    now, on = int(values[-1]["value"]), values[-1]["taken_at"].date()
    before = int(values[-2]["value"]) if len(values) > 1 else None
    rose = before is not None and now > before
    if not news(on) or not (rose or (now >= 2 and current is None)):
        return []
    key: object = Text(f"ecog:{now}:{{id}}", *current) if current else f"ecog:{now}:0"
    return [_Reason("ecog", on, key, f"ECOG {before} → {now}" if rose else f"ECOG {now}")]


def write_prompt(
    dice: Dice, history: History, profile: Profile, lines: list[Ref], today: date, *, state: str = ""
) -> None:
    """One prompt with all its reasons: open, put off, planned with the palliative team, or answered with a reason."""
    found = reasons(history, profile, lines, today)
    if not found:
        return
    state = state or dice.pick({"open": 0.3, "deferred": 0.12, "declined": 0.06, "closed": 0.52})
    if state != "planned" and any(reason.reason == "wish" for reason in found):
        state = "open"  # a wish waits only for the day that was planned
    owner = responsible(history)
    since = max(reason.since for reason in found)
    raised = max(min(since + timedelta(days=1), today), today - timedelta(days=dice.randint(12, 60)))
    later = today + timedelta(days=dice.randint(5, 60))
    planned = state == "planned"
    if planned:
        state, later = "deferred", working_day(today + timedelta(days=6))
    values: dict[str, Any] = {
        "status": state,
        "raised_on": raised,
        "owner": owner,
        "rank": rank_of(reason.reason for reason in found),
    }
    if state == "deferred":
        why = "planned" if planned else dice.choice(("too_ill", "no_privacy", "planned"))
        owner = Person("palliative") if why == "planned" else owner
        values |= {"ask_again_on": later, "close_reason": why, "owner": owner}
    elif state == "declined":
        values |= {
            "ask_again_on": later,
            "declined_until": later,
            "close_reason": "patient_declined",
            "close_note": "“Not today, please.”",
        }
    elif state == "closed":
        values |= {
            "close_reason": "already_discussed",
            "close_note": "Talked about at the last visit, see the letter.",
            "closed_at": at(raised, 12),
        }
    prompt = history.add("prompt", **values)
    for reason in found:
        history.add(
            "reason",
            prompt=prompt,
            reason=reason.reason,
            since=reason.since,
            detail=reason.detail,
            source_key=reason.source_key,
        )
    if state == "closed":
        return
    words = ", ".join(dict.fromkeys(inside(str(PromptReason(reason.reason).label)) for reason in found))
    history.add(
        "step",
        kind="goals",
        source_key=Key("prompt", *prompt),
        what=_what(state, values.get("close_reason", ""), words),
        owner=owner,
        owner_role=owner.role,
        due_on=raised + timedelta(days=ANSWER_DAYS) if state == "open" else later,
        url=Text("/patients/{patient}/goals/new/"),
        opened_at=at(raised),
    )


def _what(state: str, why: str, words: str) -> str:
    if state == "open":
        return f"Goals conversation: {words}"[:200]
    return "Goals conversation planned" if why == "planned" else "Ask again about goals"


def write_steps(history: History, lines: list[Ref], today: date) -> None:
    """What was said about goals before the open lines that ask for it: each of the three choices. While the prompt is
    open it is still to be said."""
    current = current_talk(history)
    prompts = [row for row in history.of("prompt") if row["status"] in {"open", "deferred", "declined"}]
    if (prompts and prompts[0]["status"] == "open") or not (prompts or current):
        return
    for ref, row, therapy in _numbered(history, lines):
        if row["status"] not in _OPEN_LINES or not asks_for_step(row["modality"], therapy, limit=LATE_LINE):
            continue
        if prompts:
            said = {"chosen_by": responsible(history), "chosen_at": at(today - timedelta(days=1), 10)}
            history.add("linegoals", line=ref, **said, **_choice(prompts[0]))
        elif current:
            history.add("linegoals", line=ref, **_documented(history, row, current, today))


def _documented(history: History, line: dict[str, Any], current: Ref, today: date) -> dict[str, Any]:
    """The signature of a later conversation settled it, or whoever began the line named the one there was."""
    talked = history.row(current)
    began = min(line["started_on"] or line["planned_on"], today)
    if talked["held_on"] >= began:
        by, chosen = talked["signed_by"], talked["signed_at"]
    else:
        by, chosen = responsible(history), at(began, 10)
    return {"choice": "documented", "conversation": current, "chosen_by": by, "chosen_at": chosen}


def _choice(asked: dict[str, Any]) -> dict[str, Any]:
    """What the line's page says where the prompt waits."""
    if asked["close_reason"] == "planned":
        return {"choice": "planned", "planned_on": asked["ask_again_on"], "planned_with": asked["owner"]}
    return {"choice": "deferred", "reason": asked["close_reason"], "ask_again_on": asked["ask_again_on"]}


def _palliative(dice: Dice, history: History, profile: Profile, today: date) -> None:
    involved = any(row["role"] == "palliative" for row in history.of("member"))
    if not (involved or dice.chance(0.05)):
        return
    requested = max(
        profile.diagnosed, today - timedelta(days=dice.randint(2, 12) if not involved else dice.randint(30, 600))
    )
    status = dice.pick({"requested": 0.5, "accepted": 0.5}) if not involved else "seen"
    question = dice.choice(
        ("Pain control, and time to talk about goals.", "Diarrhea and weight loss.", "Support for the family.")
    )
    values: dict[str, Any] = {
        "status": status,
        "question": question,
        "requested_by": responsible(history),
        "requested_at": at(requested, 11),
    }
    if status == "accepted":
        values |= {
            "answered_at": at(requested, 15),
            "visit_on": working_day(today + timedelta(days=dice.randint(1, 7))),
        }
    if status == "seen":
        values |= {
            "answered_at": at(requested + timedelta(days=3), 15),
            "visit_on": requested + timedelta(days=3),
            "answer": "Seen; stays in touch by phone.",
        }
    referral = history.add("palliative", **values)
    if status == "requested":
        history.add(
            "step",
            kind="visit",
            source_key=Key("palliative", *referral),
            what="Palliative team: answer the referral",
            owner=None,
            owner_role="palliative",
            due_on=requested,
            url=Text("/goals/referrals/{id}/", *referral),
            opened_at=at(requested, 11),
        )
