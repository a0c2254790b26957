"""Actions: mine, the team's, a patient's. A draft's actions are not in force and appear nowhere but in the draft."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db.models import Q
from django.http import Http404

from careteam.access.queries import access_of
from careteam.people.models import Deputy
from careteam.people.queries import absent_user_ids
from careteam.people.rules import Permission
from tumorboard.actions.models import Action, ActionQuerySet
from tumorboard.actions.rules import TELLING, ActionKind, ActionStatus
from tumorboard.decisions.models import Decision, Recommendation, Told
from tumorboard.decisions.queries import decided_on
from tumorboard.decisions.rules import UNSETTLED, DecisionStatus, ToldWhom

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from careteam.people.models import User


@dataclass(frozen=True)
class ActionRow:
    """One action. `held_back`: it starts treatment, and nobody has told the patient yet."""

    id: int
    patient_id: int
    patient_name: str
    birth_date: date | None
    sex: str
    kind: ActionKind
    kind_label: str
    what: str
    owner_id: int
    owner: str
    due_on: date
    days_over: int
    status: ActionStatus
    status_label: str
    outcome: str
    decision_id: int | None
    board_name: str
    decided_on: date | None
    held_back: bool

    @property
    def is_open(self) -> bool:
        return self.status is ActionStatus.OPEN

    @property
    def is_overdue(self) -> bool:
        return self.is_open and self.days_over > 0

    @property
    def mark(self) -> str:
        """Color of the state; a word stands beside it."""
        if self.status is ActionStatus.DONE:
            return "grn"
        if self.status is not ActionStatus.OPEN:
            return "bar"
        return "red" if self.days_over > 0 else "amb" if self.days_over == 0 else "acc"

    @property
    def word(self) -> str:
        if not self.is_open:
            return self.status_label
        return "Overdue" if self.days_over > 0 else "Due" if self.days_over == 0 else "Open"


def in_force() -> Q:
    """Actions without a decision, or of a signed one."""
    return Q(decision__isnull=True) | Q(decision__status=DecisionStatus.SIGNED)


def actions_of(user: User, on: date, *, limit: int = 50) -> tuple[ActionRow, ...]:
    """The person's open actions, most overdue first. Two queries."""
    mine = _for_the_living(_visible(user).open()).filter(in_force(), owner=user)
    return action_rows(mine.order_by("due_on", "pk")[:limit], on)


def _for_the_living(rows: ActionQuerySet) -> ActionQuerySet:
    """Nothing is asked for somebody who died, even before the consumer of the death has cancelled it."""
    living: ActionQuerySet = rows.filter(patient__deceased_on__isnull=True)
    return living


def actions_of_team(
    user: User, on: date, *, whose: str = "mine", state: str = "open", kind: str = ""
) -> QuerySet[Action]:
    """The queryset behind the list page. `whose`: mine (with those of absent people for whom I stand in today), away
    (nobody is there to do it: the owner is absent or has left) or team; `state`: open, overdue or closed."""
    rows = _visible(user).filter(in_force())
    if whose == "mine":
        rows = rows.filter(Q(owner=user) | _stood_in_for(user, on))
    elif whose == "away":
        rows = rows.filter(Q(owner_id__in=absent_user_ids(on)) | Q(owner__is_active=False))
    if kind:
        rows = rows.filter(kind=kind)
    if state == "closed":
        return rows.exclude(status=ActionStatus.OPEN)
    return _for_the_living(rows.overdue(on) if state == "overdue" else rows.open())


def unattended(user: User, on: date) -> int:
    """How many open actions of the person's teams belong to somebody who is away or has left."""
    return actions_of_team(user, on, whose="away").count()


def _stood_in_for(user: User, on: date) -> Q:
    """What belongs to somebody who is away today and whose deputy this person is, in the team of the deputy."""
    found = Q(pk__in=[])
    absent = absent_user_ids(on)
    for row in Deputy.objects.on(on).filter(deputy=user, user_id__in=absent):
        found |= Q(owner_id=row.user_id, patient__team_id=row.team_id)
    return found


def actions_of_patient(patient_id: int, on: date) -> tuple[ActionRow, ...]:
    """Actions in force: open ones first by due date, then closed ones. Two queries."""
    rows = action_rows(Action.objects.valid().filter(in_force(), patient_id=patient_id).order_by("due_on", "pk"), on)
    return tuple(sorted(rows, key=lambda row: not row.is_open))


def actions_of_decisions(decision_ids: list[int], on: date) -> tuple[ActionRow, ...]:
    """Every action of these decisions, drafts' too, by due date."""
    return action_rows(Action.objects.valid().filter(decision_id__in=decision_ids).order_by("due_on", "pk"), on)


def action_rows(actions: QuerySet[Action], on: date) -> tuple[ActionRow, ...]:
    """The actions of the queryset in its order. Two queries whatever their number."""
    rows = list(actions.select_related("patient", "owner", "decision__item__meeting__board__team"))
    told = set(
        Told.objects.valid()
        .filter(decision_id__in=[row.decision_id for row in rows if row.decision_id], whom=ToldWhom.PATIENT)
        .values_list("decision_id", flat=True)
    )
    return tuple(_row(row, on, told) for row in rows)


def long_overdue(team_id: int, due_before: date) -> QuerySet[Action]:
    """Open actions of signed decisions about the team's living patients that were due before that day, without those
    that only tell somebody; with decision, meeting, board and owner."""
    rows: QuerySet[Action] = _for_the_living(Action.objects.valid().open()).filter(
        patient__team_id=team_id, decision__status=DecisionStatus.SIGNED, due_on__lt=due_before
    )
    return (
        rows.exclude(kind__in=TELLING)
        .select_related("patient__team", "owner", "decision__item__meeting__board__team")
        .order_by("due_on", "pk")
    )


def asked_for(patient_id: int, *kinds: ActionKind) -> QuerySet[Action]:
    """Open actions in force of the patient, of these kinds (none named: of any), the oldest first; with decision,
    meeting, board and recommendation."""
    rows = Action.objects.valid().open().filter(in_force(), patient_id=patient_id)
    rows = rows.filter(kind__in=kinds) if kinds else rows
    return _with_decision(rows).order_by("pk")


def closed_by_source(source: str) -> QuerySet[Action]:
    """What this closed by itself, of patients who live."""
    rows = Action.objects.valid().filter(closed_source=source, patient__deceased_on__isnull=True)
    return _with_decision(rows).order_by("pk")


def since(action: Action) -> datetime:
    """From when on the action (with its decision) is in force."""
    signed: datetime | None = action.decision.signed_at if action.decision else None
    created: datetime = action.created_at
    return signed or created


def _with_decision(rows: QuerySet[Action]) -> QuerySet[Action]:
    return rows.select_related("patient__team", "recommendation", "decision__item__meeting__board__team")


def earlier_open(decision: Decision) -> list[Recommendation]:
    """What decisions signed before this one recommended for the patient (with decision, meeting, board) and nobody
    has carried out or settled: this one may supersede it. One query, none while it is a draft."""
    if decision.signed_at is None:
        return []
    rows = (
        Recommendation.objects.valid()
        .filter(
            patient_id=decision.patient_id,
            status__in=UNSETTLED,
            decision__status=DecisionStatus.SIGNED,
        )
        .filter(
            Q(decision__signed_at__lt=decision.signed_at)
            | Q(decision__signed_at=decision.signed_at, decision_id__lt=decision.pk)
        )
        .select_related("decision__item__meeting__board__team", "line")
    )
    return list(rows.order_by("decision__signed_at", "pk"))


def visible_action(user: User | AnonymousUser, action_id: int) -> Action:
    """The action, if the person may see its patient; else 404."""
    rows = Action.objects.valid().visible_to(user).select_related("patient__team", "owner", "decision")
    action: Action | None = rows.filter(pk=action_id).first()
    if action is None:
        raise Http404("No such action, or not yours to see.")
    return action


def _visible(user: User) -> ActionQuerySet:
    teams = access_of(user).teams_where(Permission.PATIENT_VIEW)
    rows: ActionQuerySet = Action.objects.valid().filter(patient__team_id__in=teams)
    return rows


def _row(row: Action, on: date, told: set[int]) -> ActionRow:
    meeting = row.decision.item.meeting if row.decision_id and row.decision else None
    starts = row.kind == ActionKind.START_TREATMENT and row.decision_id is not None
    return ActionRow(
        id=row.pk,
        patient_id=row.patient_id,
        patient_name=row.patient.name,
        birth_date=row.patient.birth_date,
        sex=row.patient.get_sex_display(),
        kind=ActionKind(row.kind),
        kind_label=row.get_kind_display(),
        what=row.what,
        owner_id=row.owner_id,
        owner=str(row.owner),
        due_on=row.due_on,
        days_over=(on - row.due_on).days,
        status=ActionStatus(row.status),
        status_label=row.get_status_display(),
        outcome=row.outcome,
        decision_id=row.decision_id,
        board_name=meeting.board.name if meeting else "",
        decided_on=decided_on(row.decision) if row.decision else None,
        held_back=starts and row.status == ActionStatus.OPEN and row.decision_id not in told,
    )
