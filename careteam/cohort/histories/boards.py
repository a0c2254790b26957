"""Rows about the board: referrals, agenda, decisions, what is recommended, done, told. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from careteam.cohort.histories.course import Course, Scan, Treatment
from careteam.cohort.histories.person import responsible
from careteam.cohort.histories.profile import Profile
from careteam.cohort.histories.rows import Dice, History, Key, MeetingAt, Person, Ref, Text, TheBoard, at
from patients.goals.rules import age_in_words
from patients.protocol.rules import BURDEN_WORDS, NUMBERS, burden_code
from tumorboard.decisions.rules import OPTION_OF_MODALITY, Option, labels_of, wording
from tumorboard.goalcheck.rules import Accepted, Figure, findings_for, overall

WEEKS_BACK, WEEKS_AHEAD = 260, 3
ALWAYS_BELOW = 300  # patients with a lower index come to the board as in a real team ...
SHARE_ABOVE = 0.02  # ... of the others few do: a weekly meeting holds a dozen cases however large the cohort
_THURSDAY = 3
DEFERRED = ("no_time", "missing_imaging", "specialty_absent")
LACKED = (["sstr"], ["goals", "markers"], ["ecog"])
RATIONALE = (
    "Liver-dominant, slowly growing; organ function allows it.",
    "SSTR-positive throughout; no discordant lesion.",
    "Alternatives named to the patient: observation with a scan in three months.",
    "Symptoms lead; the least burdensome option was preferred.",
)

# How firmly, on which condition, on what evidence; and what was thought of instead.
TERMS = {
    "prrt": ("recommended", "if the SSTR PET shows no discordant lesion", "NETTER-1"),
    "ssa": ("strong", "", "CLARINET"),
    "targeted": ("recommended", "", "RADIANT-4, CABINET"),
    "embolization": ("consider", "if bilirubin stays normal", ""),
    "chemotherapy": ("consider", "", ""),
}
NOT_CHOSEN = {
    "prrt": ("surgery", "Both lobes; no R0 to be reached."),
    "embolization": ("prrt", "Low uptake in the liver."),
    "targeted": ("chemotherapy", "Ki-67 low, no quick growth."),
}


def board_day(today: date, week: int) -> date:
    """The board's Thursday: week 0 is the next one after today."""
    ahead = (_THURSDAY - today.weekday()) % 7 or 7
    return today + timedelta(days=ahead + 7 * week)


def week_after(today: date, day: date) -> int:
    """The first board on the day or later."""
    return -((board_day(today, 0) - day).days // 7)


def write_boards(
    dice: Dice,
    history: History,
    profile: Profile,
    course: Course,
    lines: list[Ref],
    index: int,
    today: date,
    *,
    before: date | None = None,
) -> None:
    """`before`: only what the board said of progressions before that day, all of them."""
    if profile.enrollment == "under_review" or not (index < ALWAYS_BELOW or dice.chance(SHARE_ABOVE)):
        return
    position = (index % 89) * 10 + 10
    seen: set[int] = set()
    scans = course.progressions[-3:] if before is None else [s for s in course.progressions if s.on < before]
    for scan in scans:
        week = week_after(today, scan.on + timedelta(days=4))
        if not -WEEKS_BACK <= week <= 0 or week in seen or (week == 0 and not profile.in_care):
            continue
        seen.add(week)
        following = next(
            ((n, t) for n, t in enumerate(course.treatments) if t.start > scan.on and t.role == "antitumor"), None
        )
        if week == 0:
            _listed(history, course, scan, position, today)
        else:
            _decided(dice, history, profile, lines, following, scan, week, position, today)
    if before is None and profile.in_care and 0 not in seen and dice.chance(0.03):
        waiting(dice, history, listed=dice.chance(0.6), position=position, today=today)


def _question(course: Course, scan: Scan) -> str:
    on = course.treatments[scan.treatment].regimen.agent if scan.treatment >= 0 else "treatment"
    return f"Progression on {on}, {scan.on.day} {scan.on:%b %Y}: which treatment next?"


def _refer(history: History, question: str, kind: str, submitted: date, status: str, **more: object) -> Ref:
    presenter = responsible(history)
    return history.add(
        "referral",
        board=TheBoard(),
        status=status,
        question_kind=kind,
        question=question,
        presenter=presenter,
        consent=True,
        submitted_by=presenter,
        submitted_at=at(submitted, 10),
        **more,
    )


def _listed(history: History, course: Course, scan: Scan, position: int, today: date) -> Ref:
    submitted = min(scan.on + timedelta(days=3), today)
    referral = _refer(history, _question(course, scan), "progression", submitted, "listed", urgency="soon")
    _on_agenda(history, referral, position, today, minutes=10)
    return referral


def _on_agenda(history: History, referral: Ref, position: int, today: date, *, minutes: int) -> None:
    presenter = responsible(history)
    history.add(
        "item",
        meeting=MeetingAt(0),
        referral=referral,
        status="listed",
        position=position,
        minutes=minutes,
        listed_at=at(today - timedelta(days=1), 14),
    )
    history.add(
        "step",
        kind="referral",
        source_key=Key("referral", *referral),
        what="NET board: present the case",
        owner=presenter,
        owner_role=presenter.role,
        due_on=board_day(today, 0),
        url=Text("/boards/"),
        opened_at=at(today - timedelta(days=1), 14),
    )


def waiting(dice: Dice, history: History, *, listed: bool, position: int, today: date, **more: object) -> Ref:
    """A case without progression: listed for the next meeting, or not on an agenda yet."""
    kind, question = dice.choice(
        (
            ("liver_directed", "Liver-dominant disease, carcinoid symptoms: embolization?"),
            ("surgery", "Is debulking of more than 70 % possible?"),
            ("imaging", "New focus on SSTR PET without correlate on CT: what does it mean?"),
            ("symptoms", "Diarrhea five times a day on lanreotide: what next?"),
        )
    )
    submitted = today - timedelta(days=dice.randint(1, 8))
    values: dict[str, Any] = {"question": question, "kind": kind, "urgency": dice.choice(("routine", "soon"))} | more
    question, kind = values.pop("question"), values.pop("kind")
    referral = _refer(history, question, kind, submitted, "listed" if listed else "submitted", **values)
    if listed:
        _on_agenda(history, referral, position, today, minutes=dice.choice((4, 10)))
    else:
        history.add(
            "step",
            kind="referral",
            source_key=Key("referral", *referral),
            what="NET board: put on an agenda",
            owner=None,
            owner_role="board_coordinator",
            due_on=board_day(today, 0),
            url=Text("/boards/"),
            opened_at=at(submitted, 10),
        )
    return referral


def _decided(
    dice: Dice,
    history: History,
    profile: Profile,
    lines: list[Ref],
    following: tuple[int, Treatment] | None,
    scan: Scan,
    week: int,
    position: int,
    today: date,
) -> None:
    option = str(OPTION_OF_MODALITY.get(following[1].regimen.modality, "observation")) if following else "bsc"
    detail = following[1].regimen.agent if following else ""
    told = profile.died is None and (week < -1 or dice.chance(0.5))
    gp = told and (week < -1 or dice.chance(0.4))
    deviated = ""
    if following is None or dice.chance(0.08):
        deviated = (
            "death"
            if profile.died
            else dice.choice(("patient_choice", "comorbidity_ps", "toxicity_lab", "access_funding"))
        )
    begun = following is not None and not following[1].ahead
    recent = week >= -4 and not begun and profile.in_care
    decide(
        dice,
        history,
        week=week,
        position=position,
        today=today,
        question=f"Progression on CT of {scan.on.day} {scan.on:%b %Y}: which treatment next?",
        option=option,
        detail=detail,
        line=lines[following[0]] if following and not deviated else None,
        status="open" if recent else "not_implemented" if deviated else "implemented" if begun else "superseded",
        deviation="" if recent else deviated,
        told_patient=told,
        told_gp=gp,
        in_care=profile.in_care,
        # The minutes of two meetings ago are not closed: what the safety net is for.
        draft=week in {-2, -3} and recent,
    )


def decide(
    dice: Dice,
    history: History,
    *,
    week: int,
    position: int,
    today: date,
    question: str,
    option: str,
    detail: str,
    line: Ref | None,
    status: str,
    deviation: str = "",
    told_patient: bool,
    told_gp: bool,
    in_care: bool,
    what: str = "",
    action_kind: str = "start_treatment",
    draft: bool = False,
) -> Ref:
    """A case of a past meeting with everything that follows from it; from a draft that nobody signed, nothing does."""
    day = board_day(today, week)
    palliative = dice.chance(0.15)
    closed = told_patient and told_gp and not draft
    mark = week * 31 + position // 10 * 7  # varies from case to case without a throw of the dice
    put_off = mark % 11 == 0 and week > -WEEKS_BACK
    submitted = day - timedelta(days=13 if put_off else 6)
    referral = _refer(history, question, "progression", submitted, "closed" if closed else "discussed")
    opened = at(day, 13, position % 50)
    if put_off:
        _deferred_before(history, referral, week, position, today, DEFERRED[mark % len(DEFERRED)])
    item = history.add(
        "item",
        meeting=MeetingAt(week),
        referral=referral,
        status="decided",
        position=position,
        minutes=10,
        listed_at=at(day - timedelta(days=5), 10),
        opened_at=opened,
        closed_at=opened + timedelta(minutes=6),
        seconds_on=150 + mark * 37 % 11 * 30,
        lacked_at_cutoff=LACKED[mark % len(LACKED)] if mark % 10 < (4 if week < -40 else 2) else [],
        after_cutoff_reason="Bilirubin is rising" if mark % 19 == 0 else "",
    )
    options = [option, "with_palliative"] if palliative else [option]
    signed = opened + timedelta(minutes=5)
    decision = history.add(
        "decision",
        item=item,
        status="draft" if draft else "signed",
        text=wording(options, detail=detail) or "Observation.",
        rationale=dice.choice(RATIONALE),
        goals_seen=mark % 9 != 0,
        dissent="Surgery would resect first." if mark % 17 == 0 else "",
        is_inquorate=mark % 13 == 0,
        missing_specialties="Pathology" if mark % 13 == 0 else "",
        recorded_by=Person("board_coordinator"),
        recorded_at=opened + timedelta(minutes=3),
        signed_by=None if draft else Person("oncologist"),
        signed_at=None if draft else signed,
    )
    settled = status in {"implemented", "not_implemented", "superseded", "partly"}
    strength, condition, evidence = TERMS.get(option, ("", "", ""))
    recommendation = history.add(
        "recommendation",
        decision=decision,
        option=option,
        detail=detail,
        intent="disease_control",
        strength=strength,
        condition=condition,
        evidence=evidence,
        status=status,
        deviation_reason=deviation,
        deviation_note="See the letter." if deviation else "",
        line=line,
        settled_at=at(min(day + timedelta(days=20), today), 12) if settled else None,
    )
    if option in NOT_CHOSEN:
        other, reason = NOT_CHOSEN[option]
        history.add("alternative", decision=decision, option=other, reason=reason)
    if draft:
        return decision
    if palliative:
        history.add(
            "recommendation",
            decision=decision,
            option="with_palliative",
            status="implemented",
            settled_at=at(min(day + timedelta(days=9), today), 12),
        )
    _action(
        dice, history, decision, recommendation, day, today, done=settled, in_care=in_care, what=what, kind=action_kind
    )
    _tell(dice, history, decision, day, today, patient=told_patient, gp=told_gp, in_care=in_care)
    return decision


def differs(history: History, decision: Ref, conversation: Ref, *, note: str) -> None:
    """The signed decision held against the conversation, as the check keeps it: it costs more than the patient accepts,
    and the chair says why it was recommended nevertheless. Whoever tells the patient hears that they talk again."""
    row, talked = history.row(decision), history.row(conversation)
    said = [
        Accepted(each["burden"], each["more_than"], each["acceptance"], each["condition"])
        for each in history.of("tradeoff")
        if each["conversation"] == conversation
    ]
    options = [Option(each["option"]) for each in history.of("recommendation") if each["decision"] == decision]
    findings = [
        finding
        for option, label in labels_of(options).items()
        for finding in findings_for(option, label, _figures(option), said)
    ]
    row["goals_seen"], row["goals_conflict_note"] = True, note
    row["goal_check"] = {
        "verdict": str(overall(findings, asked=bool(said))),
        "conversation": conversation,
        "said": age_in_words(talked["held_on"], row["signed_at"].date()),
        "findings": [{"option": each.option, "verdict": str(each.verdict), "words": each.words} for each in findings],
    }
    history.add(
        "inbox",
        recipient=responsible(history),
        key=Key("goals-decision", *decision),
        kind="goals",
        title="A decision and the patient's goals differ: talk again",
        url=Text("/boards/decisions/{id}/", *decision),
        raised_at=row["signed_at"],
    )


def _figures(option: str) -> dict[str, Figure]:
    """What the option usually asks, by the protocol that the demo's teams have signed."""
    return {
        burden: Figure(NUMBERS[code].value, words, is_signed=True)
        for burden, (words, _, _) in BURDEN_WORDS.items()
        if (code := burden_code(option, burden)) in NUMBERS
    }


def _deferred_before(history: History, referral: Ref, week: int, position: int, today: date, reason: str) -> None:
    """The case stood on the agenda a week earlier, and was put off."""
    before = board_day(today, week - 1)
    history.add(
        "item",
        meeting=MeetingAt(week - 1),
        referral=referral,
        status="deferred",
        position=position,
        minutes=10,
        listed_at=at(before - timedelta(days=2), 10),
        closed_at=at(before, 14),
        defer_reason=reason,
        lacked_at_cutoff=["scan"] if reason == "missing_imaging" else [],
        missing=["CT or MRI"] if reason == "missing_imaging" else [],
    )


def _action(
    dice: Dice,
    history: History,
    decision: Ref,
    recommendation: Ref,
    day: date,
    today: date,
    *,
    done: bool,
    in_care: bool,
    what: str,
    kind: str,
) -> None:
    row = history.row(recommendation)
    owner = responsible(history)
    due = day + timedelta(days=dice.choice((7, 14)))
    subject = row["detail"] or Option(row["option"]).label
    declined = row["status"] == "not_implemented"
    values: dict[str, Any] = {
        "decision": decision,
        "recommendation": recommendation,
        "kind": kind,
        "what": what or f"Start {subject}",
        "owner": owner,
        "due_on": due,
        "status": ("declined" if declined else "done") if done else "open",
    }
    if done:
        values |= {
            "closed_at": at(min(due + timedelta(days=dice.randint(-5, 4)), today), 15),
            "closed_by": owner,
            "outcome": "Not done, see the recommendation" if declined else "",
        }
    action = history.add("action", **values)
    if not done and in_care:
        history.add(
            "step",
            kind="action",
            source_key=Key("action", *action),
            what=values["what"],
            owner=owner,
            owner_role=owner.role,
            due_on=due,
            url=Text("/boards/actions/{id}/", *action),
            opened_at=at(day, 14),
        )
        history.add(
            "inbox",
            recipient=owner,
            key=Key("action", *action),
            kind="action",
            title="The board assigned you an action",
            url=Text("/boards/actions/"),
            raised_at=at(day, 14),
            due_on=due,
        )


def _tell(
    dice: Dice, history: History, decision: Ref, day: date, today: date, *, patient: bool, gp: bool, in_care: bool
) -> None:
    teller = responsible(history)
    spoken = min(day + timedelta(days=dice.randint(1, 4)), today)
    if patient:
        history.add(
            "told",
            decision=decision,
            whom="patient",
            how=dice.choice(("visit", "phone")),
            told_on=spoken,
            told_by=teller,
        )
    if gp:
        written = min(spoken + timedelta(days=2), today)
        history.add(
            "told", decision=decision, whom="gp", how="letter", told_on=written, told_by=Person("board_coordinator")
        )
    if in_care and not (patient and gp):
        key, whom = ("told-gp", "GP") if patient else ("told", "patient")
        history.add(
            "step",
            kind="told",
            source_key=Key(key, *decision),
            what=f"Tell the {whom} what the board decided",
            owner=teller,
            owner_role=teller.role,
            due_on=(spoken if patient else day) + timedelta(days=5),
            url=Text("/boards/decisions/{id}/", *decision),
            opened_at=at(day, 14),
        )
