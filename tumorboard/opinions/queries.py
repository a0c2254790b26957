"""Second opinions: asked here, asked of us, from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import F, Q
from django.http import Http404

from careteam.access.queries import access_of
from careteam.people.models import Membership, Team, User
from careteam.people.rules import ROLE_PERMISSIONS, Permission, Role
from patients.care.models import SecondOpinion
from tumorboard.decisions.models import Decision
from tumorboard.decisions.rules import DecisionStatus, Option, option_choices
from tumorboard.opinions.models import CaseOpinion, Opinion, OpinionDraft
from tumorboard.opinions.rules import LIVE_OPINIONS, MARKS
from tumorboard.referrals.models import Referral
from tumorboard.referrals.rules import OPEN_REFERRALS

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

_RELATED = (
    "patient__team",
    "team",
    "referral__board",
    "referral__presenter",
    "decision__item__meeting__board__team",
    "asked_by",
    "assigned_to",
    "assigned_by",
    "ended_by",
    "grant",
)


@dataclass(frozen=True)
class OpinionRow:
    """One question to another team. `may_name`: this reader may know whose it is."""

    row: Opinion
    may_name: bool

    @property
    def mark(self) -> str:
        return MARKS[self.row.status]

    @property
    def options(self) -> tuple[str, ...]:
        """Labels of what is recommended, in the order of every screen."""
        return tuple(label for value, label in option_choices() if value in self.row.options)


@dataclass(frozen=True)
class OutsideRow:
    """One question to an external center. `link_id` None: not said to belong to this case."""

    row: SecondOpinion
    link_id: int | None

    @property
    def is_open(self) -> bool:
        return self.row.received_on is None


def visible_opinion(user: User | AnonymousUser, opinion_id: int) -> Opinion:
    """The opinion with everything around it, if the person is of the asking team, assigns in the asked one, or answers;
    else 404."""
    row: Opinion | None = (
        Opinion.objects.valid().visible_to(user).select_related(*_RELATED).filter(pk=opinion_id).first()
    )
    if row is None:
        raise Http404("No such second opinion, or not yours to see.")
    return row


def may_name(opinion: Opinion, user: User) -> bool:
    """Whose it is, is for the asking team, and for who answers while the chart is open to them."""
    access = access_of(user)
    own = access.may(Permission.PATIENT_VIEW, opinion.patient.team_id)
    return own or (opinion.assigned_to_id == user.pk and opinion.patient_id in access.granted_patient_ids)


def as_row(opinion: Opinion, user: User) -> OpinionRow:
    return OpinionRow(opinion, may_name(opinion, user))


def opinions_asked(user: User, *, limit: int = 40) -> tuple[OpinionRow, ...]:
    """Of the person's own patients: open ones first, the one that ends first on top. One query."""
    teams = access_of(user).teams_where(Permission.PATIENT_VIEW)
    return _rows(Opinion.objects.filter(patient__team_id__in=teams), user, limit)


def opinions_to_answer(user: User, *, limit: int = 40) -> tuple[OpinionRow, ...]:
    """Asked of the person's teams, where they assign, or of the person. One query."""
    access = access_of(user)
    assigning = access.teams_where(Permission.TEAM_MANAGE) | access.teams_where(Permission.BOARD_AGENDA)
    return _rows(Opinion.objects.filter(Q(team_id__in=assigning) | Q(assigned_to=user)), user, limit)


def _rows(rows: QuerySet[Opinion], user: User, limit: int) -> tuple[OpinionRow, ...]:
    ordered = (
        rows.filter(error_at__isnull=True)
        .select_related(*_RELATED)
        .annotate(is_live=Q(status__in=LIVE_OPINIONS))
        .order_by("-is_live", F("answered_at").desc(nulls_last=True), "until", "pk")
    )
    return tuple(as_row(row, user) for row in ordered[:limit])


def opinions_of_patient(patient_id: int, user: User) -> tuple[OpinionRow, ...]:
    rows = Opinion.objects.valid().filter(patient_id=patient_id).select_related(*_RELATED)
    return tuple(as_row(row, user) for row in rows.order_by("-asked_at", "-pk"))


def outside_of_patient(patient_id: int, referral_id: int | None) -> tuple[OutsideRow, ...]:
    """Second opinions asked for at external centers, those of this case first. Two queries."""
    rows = SecondOpinion.objects.valid().filter(patient_id=patient_id).select_related("center")
    linked = (
        dict(
            CaseOpinion.objects.valid()
            .filter(patient_id=patient_id, referral_id=referral_id)
            .values_list("outside_id", "pk")
        )
        if referral_id
        else {}
    )
    found = [OutsideRow(row, linked.get(row.pk)) for row in rows.order_by("-noted_on", "-pk")]
    return tuple(sorted(found, key=lambda each: each.link_id is None))


def other_teams(team_id: int) -> list[Team]:
    return list(Team.objects.exclude(pk=team_id).order_by("name", "pk"))


def readers_of(team: Team) -> list[User]:
    """Who of the asked team could answer: clinicians, by name."""
    roles = [role for role in Role if Permission.BOARD_REFER in ROLE_PERMISSIONS[role] and role not in _NO_CLINICIAN]
    people = Membership.objects.current().filter(team=team).with_role(*roles).values("user_id")
    return list(User.objects.filter(pk__in=people, is_active=True).order_by("name", "pk"))


_NO_CLINICIAN = frozenset({Role.BOARD_COORDINATOR, Role.NURSE_COORDINATOR, Role.TEAM_LEAD})


def assigners_of(team: Team) -> list[User]:
    """Who receives a question to the team: its leads and board coordinators."""
    people = Membership.objects.current().filter(team=team).with_role(Role.TEAM_LEAD, Role.BOARD_COORDINATOR)
    return list(User.objects.filter(pk__in=people.values("user_id"), is_active=True).order_by("name", "pk"))


def cases_to_ask_about(patient_id: int) -> tuple[list[Referral], list[Decision]]:
    """Open referrals, and the last signed decisions."""
    referrals = Referral.objects.valid().filter(patient_id=patient_id, status__in=OPEN_REFERRALS)
    decisions = (
        Decision.objects.valid()
        .filter(patient_id=patient_id, status=DecisionStatus.SIGNED)
        .select_related("item__meeting__board__team", "item__referral")
    )
    return (
        list(referrals.select_related("board").order_by("-pk")),
        list(decisions.order_by("-signed_at", "-pk")[:5]),
    )


def draft_of(opinion: Opinion, user: User) -> OpinionDraft | None:
    row: OpinionDraft | None = OpinionDraft.objects.filter(opinion=opinion, author=user).first()
    return row


def known_options(values: list[str]) -> list[str]:
    return [value for value in values if value in Option.values]
