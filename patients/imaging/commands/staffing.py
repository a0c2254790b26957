"""Who works in a team today, and whose a reached step is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from careteam.people.models import Absence, Deputy, Membership, Team
from careteam.people.rules import Permission, Role, permissions_of
from patients.imaging.rules import ReminderStep
from patients.record.models import CareTeamMember


@dataclass
class Staff:
    """Who works in the team today."""

    members: set[int] = field(default_factory=set)
    coordinators: list[int] = field(default_factory=list)
    boards: list[int] = field(default_factory=list)
    leads: list[int] = field(default_factory=list)
    reviewers: set[int] = field(default_factory=set)
    absent: set[int] = field(default_factory=set)
    deputies: dict[int, int] = field(default_factory=dict)

    def present(self, person: int | None) -> int | None:
        """The person, or who stands in for them; None when nobody does."""
        if person is None or person not in self.members:
            return None
        if person not in self.absent:
            return person
        deputy = self.deputies.get(person)
        return deputy if deputy in self.members and deputy not in self.absent else None

    @property
    def somebody(self) -> list[int]:
        """Who hears of what is nobody's: the coordinators, without any the leads, without these whoever works here."""
        return self.coordinators or self.leads or sorted(self.members)


def staff_of(team: Team, today: date) -> Staff:
    staff = Staff()
    for person, roles in Membership.objects.current().filter(team=team).order_by("pk").values_list("user_id", "roles"):
        staff.members.add(person)
        if Role.NURSE_COORDINATOR in roles:
            staff.coordinators.append(person)
        if Role.BOARD_COORDINATOR in roles:
            staff.boards.append(person)
        if Role.TEAM_LEAD in roles:
            staff.leads.append(person)
        if Permission.IMAGING_REVIEW in permissions_of(roles):
            staff.reviewers.add(person)
    staff.absent = set(Absence.objects.on(today).filter(user_id__in=staff.members).values_list("user_id", flat=True))
    rows = Deputy.objects.on(today).filter(team=team, deputy__is_active=True).order_by("-pk")
    staff.deputies = dict(rows.values_list("user_id", "deputy_id"))
    return staff


def responsible_of(patient_ids: Iterable[int]) -> dict[int, int]:
    rows = CareTeamMember.objects.valid().filter(
        patient_id__in=set(patient_ids), is_responsible=True, ended_on__isnull=True, person__is_active=True
    )
    return dict(rows.values_list("patient_id", "person_id"))


class Assignment(NamedTuple):
    queue: str
    assignee: int | None
    recipients: list[int]


def assign(step: str, owner_id: int | None, staff: Staff, responsible: int | None) -> Assignment:
    """Whose queue, who has it, who hears of it. Without a present owner it is every coordinator's."""
    owner = staff.present(owner_id)
    clinician = staff.present(responsible)
    nurses = [owner] if owner is not None else staff.somebody
    if step == ReminderStep.BOARD:
        return Assignment(Role.BOARD_COORDINATOR, None, staff.boards or staff.somebody)
    if step == ReminderStep.RED:
        deciders = [clinician] if clinician is not None else staff.somebody
        return Assignment(Role.ONCOLOGIST, clinician, [*deciders, *staff.leads])
    informed = [clinician] if step == ReminderStep.AMBER and clinician is not None else []
    return Assignment(Role.NURSE_COORDINATOR, owner, [*nurses, *informed])
