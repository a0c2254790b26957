"""Who was there: by specialty (CoC 2.5) and by person."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from careteam.people.rules import Specialty
from tumorboard.boards.models import BoardMember
from tumorboard.meetings.models import Attendance, Meeting
from tumorboard.meetings.rules import MeetingStatus
from tumorboard.reports.queries.definitions import Scope, meetings_in
from tumorboard.reports.rules import share


@dataclass(frozen=True)
class Attended:
    """At how many of the meetings. `is_needed`: the quorum of a board asks for it; `code` is a specialty or the id of a
    person."""

    code: str
    label: str
    count: int
    of: int
    detail: str = ""
    is_needed: bool = False

    @property
    def percent(self) -> float | None:
        return share(self.count, self.of)


@dataclass(frozen=True)
class Presence:
    """`held`: meetings that took place; `known`: those of which anybody wrote down who was there, which all shares are
    of."""

    held: int
    known: int
    cancelled: int
    specialties: tuple[Attended, ...]
    people: tuple[Attended, ...]


def held_in(scope: Scope) -> QuerySet[Meeting]:
    return meetings_in(scope).filter(status=MeetingStatus.HELD)


def known_in(scope: Scope) -> QuerySet[Meeting]:
    """Held meetings with a list of who was there."""
    return held_in(scope).filter(Exists(Attendance.objects.filter(meeting=OuterRef("pk"))))


def attended_by(scope: Scope, *, specialty: str = "", person_id: int | None = None) -> QuerySet[Meeting]:
    """Of these, the meetings at which the specialty or the person was there at any time."""
    there = Attendance.objects.filter(meeting=OuterRef("pk"))
    there = there.filter(user_id=person_id) if person_id else there.filter(specialty=specialty)
    return known_in(scope).filter(Exists(there))


def who_of(scope: Scope, *, specialty: str = "", person_id: int | None = None) -> str | None:
    """Whose attendance it is, in words; empty for nobody in particular, None for a person who has nothing to do with
    these boards."""
    if specialty:
        return str(Specialty(specialty).label)
    if person_id is None:
        return ""
    member = (
        BoardMember.objects.filter(user_id=person_id, board__team_id__in=scope.teams).select_related("user").first()
    )
    if member is not None:
        return str(member.user)
    came = Attendance.objects.filter(user_id=person_id, meeting__board__team_id__in=scope.teams).select_related("user")
    row = came.first()
    return str(row.user) if row else None


def presence_of(scope: Scope) -> Presence:
    """Five queries. A member counts against the known meetings of the boards they belong to, somebody else who came
    against those of the boards they came to."""
    by_board = {
        board_id: (held, cancelled)
        for board_id, held, cancelled in meetings_in(scope)
        .order_by()
        .values_list("board_id")
        .annotate(
            held=Count("pk", filter=Q(status=MeetingStatus.HELD)),
            cancelled=Count("pk", filter=Q(status=MeetingStatus.CANCELLED)),
        )
    }
    known = dict(known_in(scope).order_by().values_list("board_id").annotate(many=Count("pk")))
    came = Attendance.objects.filter(meeting__in=known_in(scope).order_by().values("pk"))
    total = sum(known.values())
    members = list(
        BoardMember.objects.filter(board__team_id__in=scope.teams, board_id__in=by_board).select_related(
            "user", "board"
        )
    )
    needed = {specialty for member in members for specialty in member.board.quorum}
    return Presence(
        held=sum(held for held, _ in by_board.values()),
        known=total,
        cancelled=sum(cancelled for _, cancelled in by_board.values()),
        specialties=_specialties(came, needed | {member.specialty for member in members}, needed, total),
        people=_people(came, members, known),
    )


def _specialties(came: QuerySet[Attendance], wanted: set[str], needed: set[str], total: int) -> tuple[Attended, ...]:
    counts = dict(
        came.exclude(specialty="").values_list("specialty").annotate(many=Count("meeting", distinct=True)).order_by()
    )
    rows = [
        Attended(str(value), str(Specialty(value).label), counts.get(value, 0), total, is_needed=value in needed)
        for value in (wanted | set(counts)) & set(Specialty.values)
    ]
    return tuple(sorted(rows, key=lambda row: (not row.is_needed, row.label)))


def _people(came: QuerySet[Attendance], members: list[BoardMember], known: dict[int, int]) -> tuple[Attended, ...]:
    names = {member.user_id: str(member.user) for member in members}
    specialties = {member.user_id: str(member.get_specialty_display()) for member in members}
    boards: dict[int, set[int]] = {}
    for member in members:
        boards.setdefault(member.user_id, set()).add(member.board_id)
    counts: dict[int, int] = {}
    for row in (
        came.values_list("user_id", "user__title", "user__name", "specialty", "meeting__board_id")
        .annotate(many=Count("pk"))
        .order_by()
    ):
        user_id, title, name, specialty, board_id, many = row
        counts[user_id] = counts.get(user_id, 0) + many
        names.setdefault(user_id, f"{title} {name}".strip())
        if specialty in Specialty.values:
            specialties.setdefault(user_id, str(Specialty(specialty).label))
        boards.setdefault(user_id, set()).add(board_id)
    rows = [
        Attended(
            str(user_id),
            name,
            counts.get(user_id, 0),
            sum(known.get(board_id, 0) for board_id in boards[user_id]),
            specialties.get(user_id, ""),
        )
        for user_id, name in names.items()
    ]
    return tuple(sorted(rows, key=lambda row: (row.detail, row.label)))
