"""Rows about palliative care: what the disciplines note, the strain of those who care, visits, the step into hospice,
the family after a death. Pure.

With dice of its own: what else happens to a patient stays as it was before there were these rows.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from careteam.cohort.histories.person import coordinator
from careteam.cohort.histories.profile import Profile
from careteam.cohort.histories.rows import Dice, History, Key, Person, Ref, Text, at, working_day
from careteam.cohort.histories.story import Story
from patients.record.rules import ECOG

NOTES: tuple[tuple[str, str, bool], ...] = (
    ("nurse_coordinator", "Calls himself when the diarrhea is bad. Prefers the phone before ten.", False),
    ("nurse_coordinator", "Stairs are hard now; bed on the ground floor was talked about.", False),
    ("dietitian", "Eats half of what he did. Sip feeds twice a day; enzymes with every meal explained.", False),
    ("chaplain", "Wants a visit before Christmas. A candle is enough, no prayers.", False),
    ("psycho_oncologist", "Sleeps badly since the scan. Worried about being a burden; wants to talk alone.", True),
    ("psycho_oncologist", "The couple does not talk about dying. She asked me to keep it that way for now.", True),
    ("palliative", "Pain in the right side better with the patch. Rescue dose twice a day.", False),
)
STRAINS = (
    "Up three times a night; her sister comes on weekends.",
    "Manages, but gave up the choir.",
    "Wants to know whom to call when it gets worse.",
)
COMFORT = "At home, without pain, with the windows open."
NIGHT = ("Hospice at home, nurse on call", "+49 30 5550 112")
CALL_DAYS, LETTER_DAYS, REMEMBRANCE_DAYS = 10, 28, 183


def write_palliative(story: Story, *, seed: int) -> None:
    """For patients whom the palliative team knows, or who are in hospice care; families of those who died lately."""
    dice = Dice(f"palliative:{seed}:{story.index}")
    history, profile, today = story.history, story.profile, story.today
    running = [
        Ref("line", n)
        for n, row in enumerate(history.of("line"))
        if row["modality"] == "hospice" and row["status"] == "active"
    ]
    known = bool(history.of("palliative")) or any(row["role"] == "palliative" for row in history.of("member"))
    if profile.died is not None:
        if known:
            _bereavement(history, profile.died, today)
        return
    if not profile.in_care or not (known or running):
        return
    _notes(dice, history, profile, today)
    if dice.chance(0.35):
        _strain(dice, history, today)
    if dice.chance(0.3):
        _visit(dice, history, today)
    if running:
        _started(history, running[-1], today)
    elif _is_frail(history) and dice.chance(0.5):
        _preparing(history, today)


def _is_frail(history: History) -> bool:
    """The last ECOG is 2 or more: for whom a step into hospice is believable."""
    seen = [row for row in history.of("measurement") if row["code"] == ECOG]
    return bool(seen) and max(seen, key=lambda row: row["taken_at"])["value"] >= 2


def _notes(dice: Dice, history: History, profile: Profile, today: date) -> None:
    for discipline, text, confidential in dice.sample(NOTES, dice.randint(0, 3)):
        on = max(profile.diagnosed, today - timedelta(days=dice.randint(1, 60)))
        words = text if profile.sex == "male" else text.replace("himself", "herself").replace(" he ", " she ")
        history.add(
            "note",
            discipline=discipline,
            author=coordinator(history) if discipline == "nurse_coordinator" else Person(discipline),
            written_at=at(on, dice.randint(8, 16)),
            text=words,
            is_confidential=confidential,
        )


def _who(history: History) -> str:
    people = [row for row in history.of("contact") if row["scope"] != "none"]
    return f"{people[0]['name']}, {people[0]['relation']}" if people else "The partner"


def _strain(dice: Dice, history: History, today: date) -> None:
    who, score = _who(history), dice.randint(3, 8)
    for back in (dice.randint(35, 80), dice.randint(2, 25)):
        history.add(
            "strain",
            asked_on=today - timedelta(days=back),
            who=who,
            score=max(0, min(10, score + (0 if back < 30 else dice.randint(-3, 0)))),
            note=dice.choice(STRAINS) if back < 30 else "",
        )


def _visit(dice: Dice, history: History, today: date) -> None:
    if not history.of("step"):  # who has no next step is the safety net's to find
        return
    on = working_day(today + timedelta(days=dice.randint(0, 20)))
    booked = history.add(
        "encounter",
        kind=dice.choice(("visit", "phone", "home visit")),
        starts_at=at(on, dice.randint(8, 15), dice.choice((0, 30))),
        with_whom="Palliative team",
        reason=dice.choice(("Symptoms", "Family talk", "Planning ahead")),
        status="booked",
    )
    history.add(
        "step",
        kind="visit",
        source_key=Key("visit", *booked),
        what="Visit of the palliative team",
        owner=Person("palliative"),
        owner_role="palliative",
        due_on=on,
        url=Text("/patients/{patient}/"),
        opened_at=at(today - timedelta(days=3)),
    )


def _preparing(history: History, today: date) -> None:
    """Half of it is filled in: the prognosis clause, the night and the code status are still open."""
    begun = today - timedelta(days=2)
    row = history.add(
        "transition",
        status="preparing",
        opened_at=at(begun, 11),
        comfort_goal=COMFORT,
        family_told=f"{_who(history)}, by Dr Brandt",
        equipment="Nursing bed ordered, comes on Thursday. Commode is there.",
        medication="Morphine drops 2.5 mg as needed; lanreotide 120 mg every 28 days goes on.",
        place="home",
    )
    history.add(
        "step",
        kind="care",
        source_key=Key("hospice", *row),
        what="Hospice: finish the transition",
        owner=None,
        owner_role="palliative",
        due_on=today,
        url=Text("/patients/{patient}/hospice/"),
        opened_at=at(begun, 11),
    )


def _started(history: History, line: Ref, today: date) -> None:
    values: dict[str, Any] = history.row(line)
    on = values["started_on"] or today
    history.add(
        "transition",
        status="started",
        opened_at=at(on - timedelta(days=4), 11),
        comfort_goal=COMFORT,
        prognosis_confirmed=True,
        prognosis_by="Dr Okafor",
        prognosis_on=on - timedelta(days=3),
        family_told=f"{_who(history)}, by Dr Brandt",
        equipment="Nursing bed, commode, pump.",
        medication="Octreotide goes on. Morphine 5 mg as needed, comfort kit in the fridge.",
        night_name=NIGHT[0],
        night_phone=NIGHT[1],
        place="home",
        service="Hospice at home North",
        starts_on=on,
        code_reviewed_on=on - timedelta(days=3),
        code_words="DNR and DNI, order in the kitchen drawer",
        line=line,
        finished_at=at(on, 12),
        finished_by=Person("palliative"),
    )


def _bereavement(history: History, died: date, today: date) -> None:
    """Call, letter and remembrance for those who may be told; what was due more than a month ago was done."""
    if (today - died).days > REMEMBRANCE_DAYS + 30:
        return
    for n, row in enumerate(history.of("contact")):
        if row["scope"] != "all":
            continue
        for kind, days in (("call", CALL_DAYS), ("letter", LETTER_DAYS), ("remembrance", REMEMBRANCE_DAYS)):
            due = died + timedelta(days=days)
            values: dict[str, Any] = {"contact": Ref("contact", n), "kind": kind, "due_on": due, "status": "open"}
            if (today - due).days > 14:
                values |= {
                    "status": "done",
                    "closed_at": at(working_day(due), 14),
                    "closed_by": Person("palliative"),
                    "note": "Talked for half an hour; group named." if kind == "call" else "",
                }
            history.add("bereavement", **values)
