"""Who is who, who is here, who stands in."""

from datetime import date

from careteam.people.models import Absence, Deputy, Membership, Team, User
from careteam.people.rules import Role


def display_name(user: User) -> str:
    return str(user)


def is_demo_database() -> bool:
    """Whether this database was created for the demo: it has teams and every one of them is a demo team."""
    flags = set(Team.objects.values_list("is_demo", flat=True))
    return flags == {True}


def people_with_role(team: Team, *roles: Role) -> list[User]:
    """Active people who hold one of the roles in the team, by name."""
    return list(
        User.objects.filter(
            pk__in=Membership.objects.current().filter(team=team).with_role(*roles).values("user_id")
        ).order_by("name", "pk")
    )


def team_people(team_ids: frozenset[int]) -> list[User]:
    """Everybody who currently works in one of the teams, by name."""
    return list(
        User.objects.filter(
            pk__in=Membership.objects.current().filter(team_id__in=team_ids).values("user_id")
        ).order_by("name", "pk")
    )


def absent_user_ids(on: date) -> frozenset[int]:
    return frozenset(Absence.objects.on(on).values_list("user_id", flat=True))


def deputies_of(user: User, team: Team, on: date) -> list[User]:
    """Active deputies of the person in the team on the day."""
    return list(
        User.objects.filter(
            pk__in=Deputy.objects.on(on).filter(user=user, team=team).values("deputy_id"), is_active=True
        ).order_by("pk")
    )
