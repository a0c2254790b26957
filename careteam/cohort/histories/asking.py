"""Rows about what people say outside a conversation: the surprise question, a wish to talk. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from careteam.cohort.histories.profile import Profile
from careteam.cohort.histories.rows import Dice, History, Person

_WISHES: tuple[tuple[str, str], ...] = (
    ("patient", "“I would like to know where this is going before I book the summer.”"),
    ("patient", "Asked the nurse whether somebody has time to talk about what comes after this treatment."),
    ("patient", "“Can we talk without looking at the scans for once?”"),
    ("family", "The daughter called: the nights are getting hard, she asks what to expect."),
    ("family", "The husband wants to know what to do if it gets worse on a weekend."),
)


def write_asking(dice: Dice, history: History, profile: Profile, today: date) -> None:
    """For some of those with disseminated disease: one clinician's answer or two, now and then a wish to talk."""
    days = (today - profile.diagnosed).days
    if not profile.in_care or profile.stage != "IV" or days < 60:
        return
    if dice.chance(0.18):
        asked = today - timedelta(days=dice.randint(2, min(days - 30, 500)))
        answer = dice.pick({"yes": 0.5, "no": 0.35, "unsure": 0.15})
        earlier = asked - timedelta(days=dice.randint(120, 400))
        if answer == "no" and earlier > profile.diagnosed:
            surprise(history, "yes", earlier, Person("oncologist"))
        surprise(history, answer, asked, Person(dice.choice(("oncologist", "palliative"))))
    if dice.chance(0.05):
        voice, words = dice.choice(_WISHES)
        talk_wish(history, voice, words, today - timedelta(days=dice.randint(1, 25)), Person("nurse_coordinator"))


def surprise(history: History, answer: str, asked: date, by: Person) -> None:
    """Would the clinician be surprised by this death within a year?"""
    history.add("surprise", asked_on=asked, answer=answer, created_by=by)


def talk_wish(history: History, voice: str, words: str, said: date, by: Person) -> None:
    history.add("talkwish", voice=voice, words=words, said_on=said, created_by=by)
