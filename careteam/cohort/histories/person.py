"""Rows about the person: identity, contacts, enrollment, the named care team. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from careteam.cohort.histories.names import FEMALE, MALE, record_number
from careteam.cohort.histories.profile import Profile
from careteam.cohort.histories.rows import Dice, History, Person
from patients.record.rules import search_key, sort_key

RELATIONS = {
    "female": ("wife", "daughter", "sister", "partner", "mother"),
    "male": ("husband", "son", "brother", "partner"),
}
PRACTICES = (
    "Dr Halvorsen, Lindenstraße practice",
    "Dr Amanda Reyes, Mill Lane Surgery",
    "Dr Piotr Zając, family medicine",
    "Dr Heike Brandl, Praxis am Markt",
    "Dr Louis Garnier, health center north",
)
STREETS = ("Lindenstraße", "Rosengasse", "Am Mühlbach", "Kastanienallee", "Hafenweg", "Bergstraße", "Schulgasse")
LANGUAGES = {"de": 0.74, "en": 0.08, "tr": 0.05, "pl": 0.05, "ro": 0.03, "ar": 0.03, "uk": 0.02}


def identifier_system(seed: int) -> str:
    """Where the record numbers of one seed come from; the loader counts them to know where to go on."""
    return f"urn:demo:st-brigid:{seed}"


def write_person(dice: Dice, history: History, profile: Profile, *, seed: int, index: int, today: date) -> None:
    number = record_number(seed, index)
    language = dice.pick(LANGUAGES)
    history.add(
        "patient",
        family_name=profile.family,
        given_name=profile.given,
        mrn=number,
        sort_key=sort_key(profile.family, profile.given),
        search_key=search_key(profile.family, profile.given, [number], profile.birth),
        birth_date=profile.birth,
        sex=profile.sex,
        phone=f"+49 30 5550 {dice.randint(1000, 9999)}",
        address=f"{dice.choice(STREETS)} {dice.randint(1, 120)}, 10{dice.randint(100, 999)} Berlin",
        country="DE",
        language=language,
        interpreter=language not in {"de", "en"} and dice.chance(0.7),
        transport=dice.choice(
            ("", "", "daughter drives", "taxi, needs prescription", "train, 90 minutes", "ambulance")
        ),
        general_practitioner=dice.choice(PRACTICES),
        deceased_on=profile.died,
        enrollment_status=profile.enrollment,
        source="import" if profile.enrollment == "under_review" else "",
    )
    history.add("identifier", system=identifier_system(seed), value=number, kind="MR")
    _enroll(dice, history, profile, today)
    _contacts(dice, history, profile)
    _care_team(dice, history, profile)


def _enroll(dice: Dice, history: History, profile: Profile, today: date) -> None:
    began = min(profile.diagnosed + timedelta(days=dice.randint(2, 30)), today)
    status = profile.enrollment
    if status == "under_review":
        history.add(
            "enrollment", status=status, started_on=today - timedelta(days=dice.randint(0, 6)), reason="Imported"
        )
        return
    changed = profile.died or max(began, today - timedelta(days=dice.randint(5, 300)))
    history.add(
        "enrollment",
        status="active",
        started_on=min(began, changed),
        ended_on=None if status == "active" else changed,
        reason="Referred to the NET team",
    )
    if status == "active":
        return
    reasons = {
        "on_hold": "Abroad for some months",
        "transferred": "Moved; care goes on at the university hospital",
        "discharged": "Free of disease; followed by the family doctor",
        "declined": "Does not want scans for now",
        "deceased": "Died",
    }
    history.add(
        "enrollment",
        status=status,
        started_on=changed,
        reason=reasons[status],
        scope="Surveillance imaging" if status == "declined" else "",
        ask_again_on=max(today, changed) + timedelta(days=dice.randint(30, 120)) if status == "declined" else None,
    )


def _contacts(dice: Dice, history: History, profile: Profile) -> None:
    if profile.enrollment == "under_review":
        return
    for n in range(dice.pick({0: 0.12, 1: 0.55, 2: 0.33})):
        sex = dice.choice(("female", "male"))
        proxy = n == 0 and dice.chance(0.55)
        history.add(
            "contact",
            name=f"{dice.choice(FEMALE if sex == 'female' else MALE)} {profile.family}",
            relation=dice.choice(RELATIONS[sex]),
            phone=f"+49 171 5550 {dice.randint(100, 999)}",
            scope="all" if proxy else dice.pick({"all": 0.45, "practical": 0.5, "none": 0.05}),
            consent_on=profile.diagnosed + timedelta(days=dice.randint(0, 40)),
            is_proxy=proxy,
            proxy_document_seen=proxy and dice.chance(0.7),
            is_emergency_contact=n == 0,
            is_caregiver=n == 0 and dice.chance(0.4),
        )


def _care_team(dice: Dice, history: History, profile: Profile) -> None:
    if profile.enrollment == "under_review":
        return
    lead = "endocrinologist" if profile.site in {"duodenum_ampulla", "stomach"} and dice.chance(0.5) else "oncologist"
    history.add(
        "member", role=lead, person=Person(lead, dice.randint(0, 1)), is_responsible=True, started_on=profile.diagnosed
    )
    history.add("member", role="nurse_coordinator", person=Person("nurse_coordinator", dice.choice((0, 0, 2))))
    if profile.stage == "IV" and dice.chance(0.45):
        history.add("member", role="palliative", person=Person("palliative"))
    if dice.chance(0.3):
        history.add("member", role="dietitian", person=Person("dietitian"))
    if dice.chance(0.15):
        history.add("member", role="psycho_oncologist", person=Person("psycho_oncologist"))


def responsible(history: History) -> Person:
    """Who decides for this patient."""
    found = next((row["person"] for row in history.of("member") if row.get("is_responsible")), None)
    return found or Person("oncologist")


def coordinator(history: History) -> Person:
    found = next((row["person"] for row in history.of("member") if row["role"] == "nurse_coordinator"), None)
    return found or Person("nurse_coordinator")
