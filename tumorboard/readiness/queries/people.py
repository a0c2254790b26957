"""Who is asked: for each role and patient a person who works here today, or who stands in for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from careteam.people.models import Deputy, Membership
from careteam.people.queries import absent_user_ids
from careteam.people.rules import Role
from patients.record.models import CareTeamMember

# Who else is asked where a team has nobody of the role.
_ELSE: dict[str, tuple[Role, ...]] = {
    Role.ONCOLOGIST: (Role.ENDOCRINOLOGIST, Role.SURGEON),
    Role.PALLIATIVE: (Role.ONCOLOGIST,),
    Role.NUCLEAR_MEDICINE: (Role.RADIOLOGIST,),
}
_LAST = (Role.NURSE_COORDINATOR, Role.BOARD_COORDINATOR, Role.TEAM_LEAD)


@dataclass(frozen=True)
class Person:
    id: int
    name: str


@dataclass(frozen=True)
class Chasers:
    """Who works in the team on the day, and who cares for which patient."""

    names: Mapping[int, str] = field(default_factory=dict)
    by_role: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    absent: frozenset[int] = frozenset()
    deputies: Mapping[int, int] = field(default_factory=dict)
    of_patient: Mapping[tuple[int, str], int] = field(default_factory=dict)
    responsible: Mapping[int, int] = field(default_factory=dict)

    def person(self, user_id: int | None) -> Person | None:
        """The person, if they work in the team."""
        name = self.names.get(user_id or 0)
        return Person(user_id or 0, name) if name else None

    def present(self, user_id: int | None) -> Person | None:
        """The person, or who stands in for them today; None when nobody does."""
        if user_id in self.absent:
            user_id = self.deputies.get(user_id or 0)
        return self.person(user_id) if user_id not in self.absent else None

    def asked_for(self, role: str, patient_id: int) -> Person | None:
        """Who has the role for the patient, else anybody of the role, else of one that does it in their place."""
        for each in dict.fromkeys([role, *_ELSE.get(role, ()), *_LAST]):
            named = [self.of_patient.get((patient_id, each)), *self.by_role.get(each, ())]
            if each == Role.ONCOLOGIST:
                named.insert(0, self.responsible.get(patient_id))
            found = next((person for user_id in named if (person := self.present(user_id))), None)
            if found is not None:
                return found
        return None


def chasers_of(team_id: int, patient_ids: Iterable[int], today: date) -> Chasers:
    """Four queries, whatever the number of patients."""
    names: dict[int, str] = {}
    by_role: dict[str, list[int]] = {}
    working = Membership.objects.current().filter(team_id=team_id).select_related("user").order_by("user__name", "pk")
    for row in working:
        names[row.user_id] = str(row.user)
        for role in row.roles:
            by_role.setdefault(role, []).append(row.user_id)
    deputies = Deputy.objects.on(today).filter(team_id=team_id, deputy__is_active=True).order_by("-pk")
    of_patient: dict[tuple[int, str], int] = {}
    responsible: dict[int, int] = {}
    members = CareTeamMember.objects.valid().filter(
        patient_id__in=set(patient_ids), ended_on__isnull=True, person__is_active=True
    )
    for member in members.order_by("-pk"):
        if member.person_id is None:
            continue
        of_patient[member.patient_id, member.role] = member.person_id
        if member.is_responsible:
            responsible[member.patient_id] = member.person_id
    return Chasers(
        names=names,
        by_role={role: tuple(people) for role, people in by_role.items()},
        absent=absent_user_ids(today),
        deputies=dict(deputies.values_list("user_id", "deputy_id")),
        of_patient=of_patient,
        responsible=responsible,
    )
