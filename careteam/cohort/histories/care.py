"""Rows about the care around the treatment: nutrition, calls, drainage, family, trials. Pure.

Chance of its own, so that what the other rows hold does not depend on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from careteam.cohort.histories.findings import measure
from careteam.cohort.histories.profile import Profile
from careteam.cohort.histories.rows import Dice, History, Key, Person, Ref, TeamRow, Text, at, working_day

TRIALS = 4  # so many stand in the register of a demo team, the last one closed
CENTERS = 3
LEAFLETS = (
    ("leaflet", "Living with a neuroendocrine tumor"),
    ("leaflet", "Eating with carcinoid syndrome"),
    ("leaflet", "After lutetium: radiation at home"),
    ("leaflet", "Pancreatic enzymes, step by step"),
    ("group", "NET support group, first Tuesday"),
    ("website", "Film: somatostatin analogs at home"),
)
ROLES = ("mother of two", "volunteer fire brigade", "cares for a father with dementia", "choir", "runs a bakery")
SUPPORT = ("Group for children of patients", "Talk with psycho-oncology offered", "Social worker informed", "")
CONSIDERED = (
    ("considered", "progression on the analog, SSTR positive"),
    ("screening", "second progression, wants to try something new"),
    ("not_eligible", "creatinine clearance too low"),
    ("declined", "too many visits; wants time at home"),
    ("considered", "NET G3, no standard second line"),
)


def write_care(dice: Dice, history: History, profile: Profile, today: date) -> None:
    """Steps only for those who have some already: who was forgotten stays forgotten."""
    if profile.enrollment == "under_review":
        return
    until = profile.died or today
    known = (until - profile.diagnosed).days
    asks = profile.in_care and bool(history.of("step"))
    _genetics(history)
    if known > 30:
        _nutrition(dice, history, profile, until, asks=asks)
        _people(dice, history, until)
    if profile.stage == "IV" and known > 120:
        _psychosocial(dice, history, until, asks=asks)
        _drainage(dice, history, profile, until, asks=asks)
        _trial(dice, history, until, asks=asks)
        _opinion(dice, history, until, asks=asks)
    if profile.in_care:
        _call(dice, history, profile, today, asks=asks)


def _step(
    history: History, source: Key | str, what: str, owner: Person | None, role: str, due: date, part: str, today: date
) -> None:
    history.add(
        "step",
        kind="care",
        source_key=source,
        what=what,
        owner=owner,
        owner_role=role,
        due_on=due,
        url=Text("/patients/{patient}/" + part),
        opened_at=at(min(due, today) - timedelta(days=1)),
    )


def _genetics(history: History) -> None:
    """A variant is classed, and says what follows for the family."""
    for row in history.of("genetic"):
        if row["origin"] == "germline" and "c.249_252del" in row["result"]:
            row |= {
                "variant": "c.249_252del",
                "result": "pathogenic variant",
                "pathogenic": True,
                "significance": "pathogenic",
                "consequence": "MEN1: yearly calcium and pituitary; family counseling offered",
            }


def _nutrition(dice: Dice, history: History, profile: Profile, until: date, *, asks: bool) -> None:
    if not dice.chance(0.45 if profile.stage == "IV" else 0.15):
        return
    carcinoid = profile.syndrome == "carcinoid"
    loss = dice.pick({0: 0.5, 1: 0.5}) and dice.between(2.5, 11)
    seen = working_day(until - timedelta(days=dice.randint(3, 28)))
    seen = min(seen, until)
    again = working_day(seen + timedelta(days=dice.randint(35, 90))) if asks and dice.chance(0.7) else None
    history.add(
        "nutrition",
        noted_on=seen,
        follow_up_on=again,
        weight_loss_percent=Decimal(str(loss)) if loss else None,
        loss_months=dice.randint(3, 6) if loss else None,
        bmi=Decimal(str(dice.between(18.2, 31))),
        intake=dice.pick({"usual": 0.5, "three_quarters": 0.3, "half": 0.15, "little": 0.05}),
        tool="nrs2002",
        score=dice.pick({0: 0.2, 1: 0.3, 2: 0.25, 3: 0.2, 4: 0.05}),
        enzymes=dice.pick({"taken": 0.4, "not_needed": 0.4, "": 0.2}),
        niacin=dice.pick({"taken": 0.4, "low": 0.3, "not_needed": 0.3}) if carcinoid else "",
        b12=dice.pick({"not_needed": 0.5, "taken": 0.3, "low": 0.1, "": 0.1}),
        carcinoid_diet=carcinoid and dice.chance(0.8),
        alcohol=dice.pick({"none": 0.5, "some": 0.45, "daily": 0.05}),
        created_by=Person("dietitian"),
    )
    if again is not None and again >= until:
        _step(history, "care:nutrition", "Nutrition: see again", None, "dietitian", again, "care/", until)


def _people(dice: Dice, history: History, until: date) -> None:
    noted = until - timedelta(days=dice.randint(5, 28))
    if dice.chance(0.35):
        history.add(
            "social",
            noted_on=noted,
            work=dice.pick({"retired": 0.45, "working": 0.2, "reduced": 0.15, "sick_leave": 0.15, "at_home": 0.05}),
            roles=dice.choice(ROLES),
            money_worries=dice.chance(0.2),
            created_by=Person("nurse_coordinator"),
        )
    for _ in range(dice.pick({0: 0.6, 1: 0.25, 2: 0.15})):
        child = dice.chance(0.4)
        history.add(
            "family",
            noted_on=noted,
            relation=dice.choice(("daughter", "son", "grandchild") if child else ("wife", "husband", "sister")),
            age_band=dice.choice(("under_6", "school", "teenager")) if child else dice.choice(("adult", "older")),
            is_caregiver=not child and dice.chance(0.8),
            support=dice.choice(SUPPORT),
            created_by=Person("chaplain"),
        )
    for _ in range(dice.pick({0: 0.5, 1: 0.35, 2: 0.15})):
        kind, title = dice.choice(LEAFLETS)
        history.add(
            "information",
            noted_on=noted,
            kind=kind,
            title=title,
            language=history.of("patient")[0]["language"],
            created_by=Person("nurse_coordinator"),
        )
    if dice.chance(0.15):
        history.add(
            "questionnaire",
            noted_on=noted,
            instrument="ginet21",
            edition="2006",
            scores={"Endocrine": dice.randint(0, 70), "GI": dice.randint(0, 60), "Worries": dice.randint(10, 80)},
            created_by=Person("nurse_coordinator"),
        )


def _psychosocial(dice: Dice, history: History, until: date, *, asks: bool) -> None:
    if not dice.chance(0.16):
        return
    state = dice.pick({"to_offer": 0.25, "accepted": 0.25, "seen": 0.3, "declined": 0.2}) if asks else "ended"
    noted = until - timedelta(days=dice.randint(1, 5) if state in {"to_offer", "accepted"} else dice.randint(6, 28))
    distress = dice.randint(4, 9)
    history.add(
        "psychosocial",
        noted_on=noted,
        state=state,
        distress=distress,
        owner=Person("psycho_oncologist") if state in {"accepted", "seen"} else None,
    )
    due = noted + timedelta(days=7)
    if state == "to_offer":
        what = f"Offer psycho-oncology: distress {distress} of 10"
        _step(history, "care:psychosocial", what, None, "nurse_coordinator", due, "care/", until)
    elif state == "accepted":
        owner = Person("psycho_oncologist")
        what = "Psycho-oncology: see the patient"
        _step(history, "care:psychosocial", what, owner, owner.role, due, "care/", until)


def _drainage_days(dice: Dice, until: date) -> Iterator[date]:
    on = until - timedelta(days=dice.randint(2, 9))
    for _ in range(dice.randint(2, 6)):
        yield on
        on -= timedelta(days=dice.randint(10, 21))


def _drainage(dice: Dice, history: History, profile: Profile, until: date, *, asks: bool) -> None:
    if not dice.chance(0.12 if "peritoneum" in profile.metastases or profile.liver_burden > 50 else 0.01):
        return
    drain = dice.chance(0.25)
    days = [on for on in _drainage_days(dice, until) if on > profile.diagnosed]
    for n, on in enumerate(days):
        due = working_day(on + timedelta(days=14)) if n == 0 and asks else None
        history.add(
            "drainage",
            noted_on=on,
            follow_up_on=due,
            kind="ascites",
            volume_ml=dice.randint(18, 62) * 100,
            site="left lower quadrant",
            permanent_drain=drain,
            created_by=Person("nurse_coordinator"),
        )
        if due is not None:
            role = "nurse_coordinator"
            _step(history, "care:drainage", "Drainage due: ascites", None, role, due, "care/", until)


def _trial(dice: Dice, history: History, until: date, *, asks: bool) -> None:
    if not dice.chance(0.1):
        return
    outcome, because = dice.choice(CONSIDERED)
    considered = until - timedelta(days=dice.randint(1, 10))
    trial = TeamRow("trial", dice.randint(0, TRIALS - 2))
    row: Ref = history.add(
        "consideration",
        trial=trial,
        considered_on=considered,
        outcome=outcome if asks else "not_eligible",
        because=because,
        created_by=Person("oncologist"),
    )
    if asks and outcome in {"considered", "screening"}:
        verb = "Screening" if outcome == "screening" else "Check eligibility"
        due = considered + timedelta(days=14)
        owner = Person("trial_nurse")
        what = f"{verb}: trial considered"
        _step(history, Key("trial", *row), what, owner, owner.role, due, "trials/", until)


def _opinion(dice: Dice, history: History, until: date, *, asks: bool) -> None:
    if not dice.chance(0.04):
        return
    sent = until - timedelta(days=dice.randint(4, 40))
    waiting = asks and dice.chance(0.5)
    expected = working_day(sent + timedelta(days=21))
    row = history.add(
        "opinion",
        noted_on=sent,
        follow_up_on=expected,
        center=TeamRow("center", dice.randint(0, CENTERS - 1)),
        question=dice.choice(("Transplant?", "PRRT again?", "Is the liver resectable?")),
        sent="Summary as PDF, FHIR bundle, images on disc",
        received_on=None if waiting else min(until, sent + timedelta(days=dice.randint(3, 18))),
        answer="" if waiting else "Agrees with the board; would look again after the next scan.",
        created_by=Person("oncologist"),
    )
    if waiting:
        what = "Second opinion: ask for the reply"
        _step(history, Key("care:opinion", *row), what, None, "nurse_coordinator", expected, "care/", until)


def _call(dice: Dice, history: History, profile: Profile, today: date, *, asks: bool) -> None:
    if not dice.chance(0.2):
        return
    carcinoid = profile.syndrome == "carcinoid"
    stools = dice.randint(3, 8) if carcinoid else dice.randint(0, 4)
    pain = dice.pick({1: 0.3, 3: 0.3, 5: 0.25, 8: 0.15})
    fever = not carcinoid and dice.chance(0.08)
    signs = [*(["fever"] if fever else []), *(["pain"] if pain >= 7 else []), *(["stools"] if stools >= 4 else [])]
    urgency = "red" if fever else "task" if pain >= 7 else "follow" if stools >= 4 else "none"
    on = max(profile.diagnosed, working_day(today - timedelta(days=dice.randint(3, 40))))
    on = min(on, today)
    is_open = asks and urgency != "none" and dice.chance(0.35)
    on = today if is_open else on
    moment = at(on, 7, dice.randint(0, 30))
    nurse = Person("nurse_coordinator")
    done = urgency != "none" and not is_open
    row = history.add(
        "call",
        called_at=moment,
        caller=dice.pick({"patient": 0.7, "family": 0.25, "clinician": 0.05}),
        stools_per_day=stools,
        pain=pain,
        fever_on_chemotherapy=fever,
        signs=signs,
        urgency=urgency,
        outcome="Oncologist told, patient comes in today" if fever and done else "Agreed what to do" if done else "",
        closed_at=moment if done else None,
        closed_by=nurse if done else None,
        created_by=nurse,
    )
    for code, label, value, unit in (("stools", "Stools", stools, "/d"), ("pain", "Pain", pain, "{score}")):
        measure(history, code, label, value, unit, on, category="survey")
    if is_open:
        words = {"fever": "Fever on chemotherapy", "pain": "Severe pain", "stools": "Frequent stools"}
        head = "Red flag by phone" if fever else "Call back"
        what = f"{head}: {', '.join(words[sign] for sign in signs)}"
        role = "oncologist" if fever else "nurse_coordinator"
        _step(history, Key("call", *row), what, None, role, today, "care/", today)
