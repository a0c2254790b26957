"""Who belongs into the room of one meeting: standing members, and who takes the seat of a member who is away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from careteam.people.models import Deputy, Membership
from careteam.people.queries import absent_user_ids
from careteam.people.rules import Specialty
from tumorboard.boards.models import BoardMember
from tumorboard.meetings.models import Attendance, Meeting

if TYPE_CHECKING:
    from careteam.people.models import User


@dataclass(frozen=True)
class Seat:
    """One person on the attendance list; `since` is None for who is not (or no longer) there. `stands_in_for` names the
    member whose seat the person takes that day."""

    user_id: int
    name: str
    specialty: str
    specialty_label: str
    since: datetime | None
    is_standing: bool
    mode_label: str = ""
    is_away: bool = False
    stands_in_for: str = ""

    @property
    def is_expected(self) -> bool:
        """A standing member who is not away, or the deputy of one who is."""
        return (self.is_standing and not self.is_away) or bool(self.stands_in_for)


@dataclass(frozen=True)
class StandIn:
    """`person` takes the seat of `member` that day, and stands for `specialty`."""

    person: User
    member: User
    specialty: str


def stand_ins(team_id: int, on: date, members: Iterable[BoardMember], away: frozenset[int]) -> list[StandIn]:
    """For each member who is away that day: the deputy of the seat, who stands for the seat's specialty; without one
    (or when they are away too) the deputy that the team names, who stands for their own. Two queries at most."""
    gone = [member for member in members if member.user_id in away]
    if not gone:
        return []
    own = dict(Membership.objects.current().filter(team_id=team_id).values_list("user_id", "specialty"))
    in_team: dict[int, list[User]] = {}
    for row in Deputy.objects.on(on).filter(team_id=team_id).select_related("deputy").order_by("pk"):
        in_team.setdefault(row.user_id, []).append(row.deputy)
    found = []
    for member in gone:
        if member.deputy is not None and _comes(member.deputy, away, own):
            found.append(StandIn(member.deputy, member.user, member.specialty))
            continue
        named = next((person for person in in_team.get(member.user_id, []) if _comes(person, away, own)), None)
        if named is not None:
            found.append(StandIn(named, member.user, own[named.pk]))
    return found


def _comes(person: User, away: frozenset[int], own: dict[int, str]) -> bool:
    """Who still works in the team, may sign in, and is not away as well."""
    return person.is_active and person.pk in own and person.pk not in away


def day_of(meeting: Meeting) -> date:
    """The local day of the meeting."""
    return meeting.board.team.local_date(meeting.starts_at)


def active_members(board_id: int) -> list[BoardMember]:
    rows = BoardMember.objects.filter(board_id=board_id, user__is_active=True)
    return list(rows.select_related("user", "deputy").order_by("pk"))


def seats_of(meeting: Meeting) -> tuple[Seat, ...]:
    """Standing members, their deputies, the rest of the team, and whoever came: present first, then who is expected,
    then by name. Six queries at most."""
    came = {row.user_id: row for row in Attendance.objects.filter(meeting=meeting).select_related("user")}
    away = absent_user_ids(day_of(meeting))
    members = active_members(meeting.board_id)
    people: dict[int, tuple[str, str]] = {}
    for membership in Membership.objects.current().filter(team_id=meeting.board.team_id).select_related("user"):
        people[membership.user_id] = (str(membership.user), membership.specialty)
    standing = {member.user_id for member in members}
    for member in members:
        people[member.user_id] = (str(member.user), member.specialty)
    instead: dict[int, str] = {}
    for stand_in in stand_ins(meeting.board.team_id, day_of(meeting), members, away):
        instead[stand_in.person.pk] = str(stand_in.member)
        if stand_in.person.pk not in standing:  # who has a seat of their own keeps what they stand for
            people[stand_in.person.pk] = (str(stand_in.person), stand_in.specialty)
    for user_id, row in came.items():
        name, specialty = people.get(user_id, (str(row.user), row.specialty))
        people[user_id] = (name, row.specialty or specialty)
    seats = [
        Seat(
            user_id=user_id,
            name=name,
            specialty=specialty,
            specialty_label=Specialty(specialty).label if specialty in Specialty.values else "",
            since=came[user_id].joined_at if user_id in came and came[user_id].left_at is None else None,
            is_standing=user_id in standing,
            mode_label=came[user_id].get_mode_display() if user_id in came else "",
            is_away=user_id in away,
            stands_in_for=instead.get(user_id, ""),
        )
        for user_id, (name, specialty) in people.items()
    ]
    return tuple(sorted(seats, key=lambda seat: (seat.since is None, not seat.is_expected, seat.name, seat.user_id)))


def specialty_at(meeting: Meeting, person: User) -> str:
    """What the person stands for in this meeting: as a standing member, as the deputy of one who is away, else by
    membership of the team."""
    members = active_members(meeting.board_id)
    seat = next((member.specialty for member in members if member.user_id == person.pk), "")
    if seat:
        return seat
    on = day_of(meeting)
    for stand_in in stand_ins(meeting.board.team_id, on, members, absent_user_ids(on)):
        if stand_in.person.pk == person.pk:
            return stand_in.specialty
    membership = Membership.objects.current().filter(team_id=meeting.board.team_id, user=person).first()
    return membership.specialty if membership else ""


def expected_people(meeting: Meeting) -> list[User]:
    """Who is to be invited: members who are not away, the deputies of those who are, chair and scribe; each once."""
    away = absent_user_ids(day_of(meeting))
    members = active_members(meeting.board_id)
    people = [member.user for member in members if member.user_id not in away]
    people += [stand_in.person for stand_in in stand_ins(meeting.board.team_id, day_of(meeting), members, away)]
    people += [person for person in (meeting.chair, meeting.scribe) if person is not None and person.is_active]
    return list({person.pk: person for person in people}.values())
