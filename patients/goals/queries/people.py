"""Who may have been at a conversation: the patient's people and those who treat them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from careteam.people.models import User
from patients.record.models import CareTeamMember, PatientContact
from patients.record.rules import ContactScope


@dataclass(frozen=True)
class Somebody:
    """A person of the record as they are picked (`contact:17`, `user:4`) and written. `is_excluded`: must not be told
    anything."""

    key: str
    name: str
    label: str
    is_excluded: bool = False

    @property
    def pick(self) -> str:
        """As it stands beside the box that picks them."""
        return f"{self.label} (must not be told)" if self.is_excluded else self.label


def people_of(patient_id: int, on: date, *, author: User | None = None) -> tuple[Somebody, ...]:
    """Contacts first, then the care team of that day and whoever writes: two queries."""
    found: dict[str, Somebody] = {}
    for contact in PatientContact.objects.valid().filter(patient_id=patient_id).order_by("pk"):
        label = f"{contact.name}, {contact.relation}" if contact.relation else contact.name
        is_excluded = contact.scope == ContactScope.NONE
        found[f"contact:{contact.pk}"] = Somebody(f"contact:{contact.pk}", contact.name, label, is_excluded)
    if author is not None:
        found[f"user:{author.pk}"] = Somebody(f"user:{author.pk}", str(author), str(author))
    members = (
        CareTeamMember.objects.valid()
        .filter(Q(ended_on__isnull=True) | Q(ended_on__gte=on), patient_id=patient_id)
        .select_related("person")
        .order_by("role", "pk")
    )
    for member in members:
        key = f"user:{member.person_id}" if member.person_id else f"member:{member.pk}"
        name = str(member.person or member.name)
        found.setdefault(key, Somebody(key, name, f"{name}, {member.get_role_display().lower()}"))
    return tuple(found.values())
