"""The people and teams of the demo: every role, invented names, one password. Never in a real database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction

from careteam.audit.commands import record
from careteam.audit.rules import Kind
from careteam.people.models import Absence, Deputy, Membership, Team, User
from careteam.people.queries import is_demo_database
from careteam.people.rules import Role, Specialty, Units
from patients.imaging.models import SavedView
from patients.protocol.models import ProtocolRevision, ProtocolSignature
from patients.protocol.rules import NUMBERS, Tag
from patients.record.models import ExternalCenter
from patients.triage.models import SiteWording
from patients.triage.rules import WORDINGS
from tumorboard.boards.models import Board, BoardMember

DEMO_PASSWORD = "Demo-sign-in-2026"  # noqa: S105  (printed by `make up`, exists in demo databases only)
BOARD_NAME = "NET board"
FIRST_TEAM, SECOND_TEAM = "net", "north"


class NotADemo(Exception):
    """The database holds real teams, or people that the demo did not make. The message says what to do."""


@dataclass(frozen=True)
class Character:
    title: str
    name: str
    role: Role
    specialty: Specialty

    def email(self, slug: str) -> str:
        plain = self.name.lower().replace("’", "").split()
        return f"{plain[0]}.{plain[-1]}@{slug}.example.org"


R, S = Role, Specialty
CAST: dict[str, tuple[Character, ...]] = {
    FIRST_TEAM: (
        Character("Dr", "Ines Okafor", R.ONCOLOGIST, S.MEDICAL_ONCOLOGY),
        Character("Dr", "Samuel Adeyemi", R.ONCOLOGIST, S.MEDICAL_ONCOLOGY),
        Character("Dr", "Marguerite Leroux", R.SURGEON, S.HEPATOBILIARY_SURGERY),
        Character("Dr", "Anton Weiss", R.INTERVENTIONAL_RADIOLOGIST, S.INTERVENTIONAL_RADIOLOGY),
        Character("Dr", "Harold Vance", R.RADIOLOGIST, S.RADIOLOGY),
        Character("Dr", "Katarina Novak", R.NUCLEAR_MEDICINE, S.NUCLEAR_MEDICINE),
        Character("Dr", "Yusuf Rahimi", R.PATHOLOGIST, S.PATHOLOGY),
        Character("Dr", "Elena Petrova", R.ENDOCRINOLOGIST, S.ENDOCRINOLOGY),
        Character("Dr", "Owen Fairweather", R.HEPATOLOGIST, S.HEPATOLOGY),
        Character("", "Dana Whitcomb", R.NURSE_COORDINATOR, S.NURSING),
        Character("", "Rohan Sethi", R.NURSE_COORDINATOR, S.NURSING),
        Character("", "Noemi Castellanos", R.NURSE_COORDINATOR, S.NURSING),
        Character("", "Miriam Feld", R.BOARD_COORDINATOR, S.ADMINISTRATION),
        Character("Dr", "Lena Brandt", R.PALLIATIVE, S.PALLIATIVE),
        Character("", "Clara Jansen", R.DIETITIAN, S.NUTRITION),
        Character("Dr", "Theodor Marsh", R.PSYCHO_ONCOLOGIST, S.PSYCHO_ONCOLOGY),
        Character("Rev.", "Agnes Holm", R.CHAPLAIN, S.CHAPLAINCY),
        Character("", "Priya Nair", R.TRIAL_NURSE, S.RESEARCH),
        Character("Prof.", "Judith Steiner", R.TEAM_LEAD, S.MEDICAL_ONCOLOGY),
        Character("", "Viktor Lang", R.AUDITOR, S.ADMINISTRATION),
    ),
    SECOND_TEAM: (
        Character("Dr", "Mats Lindgren", R.ONCOLOGIST, S.MEDICAL_ONCOLOGY),
        Character("Dr", "Ruth Abendroth", R.SURGEON, S.HEPATOBILIARY_SURGERY),
        Character("Dr", "Paolo Ferri", R.INTERVENTIONAL_RADIOLOGIST, S.INTERVENTIONAL_RADIOLOGY),
        Character("Dr", "Greta Sommer", R.RADIOLOGIST, S.RADIOLOGY),
        Character("Dr", "Chidi Eze", R.NUCLEAR_MEDICINE, S.NUCLEAR_MEDICINE),
        Character("Dr", "Barbara Kline", R.PATHOLOGIST, S.PATHOLOGY),
        Character("Dr", "Farid Amini", R.ENDOCRINOLOGIST, S.ENDOCRINOLOGY),
        Character("Dr", "Sofie Vermeer", R.HEPATOLOGIST, S.HEPATOLOGY),
        Character("", "Karin Holst", R.NURSE_COORDINATOR, S.NURSING),
        Character("", "Edwin Pike", R.BOARD_COORDINATOR, S.ADMINISTRATION),
        Character("Dr", "Nadja Winter", R.PALLIATIVE, S.PALLIATIVE),
        Character("", "Lucie Marchand", R.DIETITIAN, S.NUTRITION),
        Character("Dr", "Ravi Menon", R.PSYCHO_ONCOLOGIST, S.PSYCHO_ONCOLOGY),
        Character("Rev.", "Jonas Kirch", R.CHAPLAIN, S.CHAPLAINCY),
        Character("", "Tanja Blum", R.TRIAL_NURSE, S.RESEARCH),
        Character("Prof.", "Ingrid Falk", R.TEAM_LEAD, S.MEDICAL_ONCOLOGY),
        Character("", "Otto Pauli", R.AUDITOR, S.ADMINISTRATION),
    ),
}
TEAM_UNITS = {FIRST_TEAM: Units.CONVENTIONAL, SECOND_TEAM: Units.SI}
TEAM_NAMES = {FIRST_TEAM: "NET team, St. Brigid", SECOND_TEAM: "NET team, Northern General"}
CENTERS = ("University Hospital Westend", "Practice Dr Halvorsen", "Radiology Center South")
QUORUM = (
    S.MEDICAL_ONCOLOGY,
    S.HEPATOBILIARY_SURGERY,
    S.RADIOLOGY,
    S.NUCLEAR_MEDICINE,
    S.PATHOLOGY,
    S.NURSING,
)
_AT_BOARD = frozenset(QUORUM) | {S.INTERVENTIONAL_RADIOLOGY, S.PALLIATIVE, S.ENDOCRINOLOGY, S.ADMINISTRATION}


@dataclass(frozen=True)
class SignIn:
    email: str
    password: str
    role: str
    team: str


def insist_on_demo() -> None:
    """Raises `NotADemo` unless this database was made for the demo."""
    if not is_demo_database():
        raise NotADemo(
            "This is no demo database: it has no teams, or teams that are not marked as demo. Nothing was done."
        )


def is_empty() -> bool:
    """Whether nobody works in this database yet."""
    return not (Team.objects.exists() or User.objects.exists())


@transaction.atomic
def create_teams(*, now: datetime) -> list[Team]:
    """Both demo teams with their people, boards, protocol and one absence. Raises `NotADemo` unless nobody is there."""
    if not is_empty():
        raise NotADemo("There are teams or people already: the demo is only made in an empty database.")
    password = make_password(DEMO_PASSWORD)  # one hash for all: forty would cost half a minute
    teams = []
    for slug, cast in CAST.items():
        team = Team.objects.create(
            slug=slug,
            name=TEAM_NAMES[slug],
            time_zone="Europe/Berlin",
            country="DE",
            is_demo=True,
            units=TEAM_UNITS[slug],
        )
        people = _hire(team, cast, password)
        _convene(team, cast, people)
        lead = people[cast.index(next(c for c in cast if c.role == R.TEAM_LEAD))]
        _sign_protocol(team, lead, now)
        _word_protocol(team, lead, now)
        _keep_views(team, people[cast.index(next(c for c in cast if c.role == R.NURSE_COORDINATOR))], now)
        ExternalCenter.objects.bulk_create(
            ExternalCenter(team=team, name=name, phone=f"+49 30 5550 20{n}") for n, name in enumerate(CENTERS)
        )
        record("cohort.create_team", by=None, now=now, subject=team, team_id=team.pk, kind=Kind.SYSTEM)
        teams.append(team)
    _send_away(teams[0], now)
    return teams


def _hire(team: Team, cast: tuple[Character, ...], password: str) -> list[User]:
    people = User.objects.bulk_create(
        User(email=c.email(team.slug), name=c.name, title=c.title, password=password) for c in cast
    )
    Membership.objects.bulk_create(
        Membership(
            user=person,
            team=team,
            roles=[str(character.role)],
            specialty=str(character.specialty),
            started_on=date(2020, 1, 1),
        )
        for person, character in zip(people, cast, strict=True)
    )
    return people


def _convene(team: Team, cast: tuple[Character, ...], people: list[User]) -> None:
    board = Board.objects.create(
        team=team,
        name=BOARD_NAME,
        rrule="FREQ=WEEKLY;BYDAY=TH",
        starts_on=date(2015, 1, 1),
        local_time=time(14, 0) if team.slug == FIRST_TEAM else time(15, 30),
        duration_minutes=75,
        place="Conference room 2, and by video",
        quorum=[str(s) for s in QUORUM],
    )
    BoardMember.objects.bulk_create(
        BoardMember(board=board, user=person, specialty=str(character.specialty))
        for person, character in zip(people, cast, strict=True)
        if character.specialty in _AT_BOARD and character.role not in {R.AUDITOR, R.TEAM_LEAD}
    )


def _sign_protocol(team: Team, lead: User, now: datetime) -> None:
    revision = ProtocolRevision.objects.create(
        team=team, number=1, reason="Signed for the demo", signed_by=lead, signed_at=now
    )
    ProtocolSignature.objects.bulk_create(
        ProtocolSignature(
            team=team,
            code=number.code,
            version=1,
            value=number.value,
            scan=number.scan,
            revision=revision,
            note=revision.reason,
            signed_by=lead,
            signed_at=now,
        )
        for number in NUMBERS.values()
    )


def _word_protocol(team: Team, lead: User, now: datetime) -> None:
    """The lead has signed the sentences of the symptom call as the product brings them."""
    SiteWording.objects.bulk_create(
        SiteWording(team=team, sign=sign, version=1, text=wording.text, signed_by=lead, signed_at=now)
        for sign, wording in WORDINGS.items()
        if wording.tag == Tag.P
    )


def _keep_views(team: Team, nurse: User, now: datetime) -> None:
    """Two views of the worklist: one the coordinator shares, one of her own."""
    SavedView.objects.bulk_create(
        SavedView(team=team, owner=nurse, name=name, query=query, is_shared=shared, created_at=now)
        for name, query, shared in (
            ("Without an owner", {"owner": "nobody"}, True),
            ("Calls for today", {"tried": "due", "sort": "try"}, False),
        )
    )


def _send_away(team: Team, now: datetime) -> None:
    """Rohan Sethi is away without a deputy; Dr Adeyemi, later this month, has one."""
    today = team.local_date(now)
    away = User.objects.get(email="rohan.sethi@net.example.org")
    Absence.objects.create(
        user=away, starts_on=today - timedelta(days=9), ends_on=today + timedelta(days=8), note="Leave"
    )
    second, first = (User.objects.get(email=f"{n}@net.example.org") for n in ("samuel.adeyemi", "ines.okafor"))
    Absence.objects.create(
        user=second, starts_on=today + timedelta(days=12), ends_on=today + timedelta(days=19), note="Congress"
    )
    Deputy.objects.create(team=team, user=second, deputy=first, starts_on=today)


def sign_ins() -> list[SignIn]:
    """One per role of the first team, then those of the second. Raises `NotADemo` elsewhere."""
    insist_on_demo()
    found = []
    for slug, cast in CAST.items():
        seen: set[Role] = set()
        present = set(User.objects.filter(memberships__team__slug=slug, is_active=True).values_list("email", flat=True))
        for character in cast:
            if character.role not in seen and character.email(slug) in present:
                seen.add(character.role)
                found.append(SignIn(character.email(slug), DEMO_PASSWORD, str(character.role), slug))
    return found
