"""Many prompts at once: raised lot by lot, told once to everybody whom they fall to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.db import transaction
from django.db.models import Count
from django.urls import reverse

from careteam.notifications.commands import Message, notify_many, withdraw
from careteam.people.queries import people_with_role
from careteam.people.rules import Role
from patients.goals.commands.prompts import raise_prompts
from patients.goals.models import GoalsPrompt
from patients.goals.queries import facts_for, limits
from patients.goals.rules import PromptStatus, reasons_now
from patients.record.models import Patient

if TYPE_CHECKING:
    from careteam.people.models import Team, User

LOT = 500  # patients of one transaction
FLOOD = 20  # prompts of one day of which somebody is told; fewer stand in the list like any


@transaction.atomic
def ask_many(
    patient_ids: Iterable[int], *, team: Team, batch: str, said: str, now: datetime, by: User | None = None
) -> int:
    """Reads the records of these patients of the team as they are now and asks where they call for it; tells once what
    `batch` has raised so far, `said` is what that was ("the import of 24 Nov 2026"). A constant number of queries, safe
    to be done again: what was asked is not asked twice. Returns how many patients have something new."""
    patients = list(
        Patient.objects.in_care().filter(pk__in=list(patient_ids), team=team).select_related("team").order_by("pk")
    )
    today, rules = team.local_date(now), limits(team.pk)
    facts = facts_for(patients, today, admission_days=rules.admission_days)
    found = {patient.pk: reasons_now(facts[patient.pk], rules, today) for patient in patients}
    raised = raise_prompts(found, by=by, batch=batch, now=now)
    if raised:
        tell_of_batch(team, batch=batch, said=said, now=now)
    return raised


def tell_of_batch(team: Team, *, batch: str, said: str, now: datetime) -> int:
    """One message to each owner of open prompts of the batch, with how many there are; those of nobody fall to the
    coordinators. Told again with the new number as the batch grows, never one message per patient. How many people."""
    counts: dict[int | None, int] = dict(
        GoalsPrompt.objects.filter(batch=batch, patient__team=team, status=PromptStatus.OPEN)
        .values_list("owner_id")
        .annotate(prompts=Count("pk"))
    )
    unowned = counts.pop(None, 0)
    per_person: dict[int, int] = {owner: count for owner, count in counts.items() if owner is not None}
    coordinators = {person.pk for person in people_with_role(team, Role.NURSE_COORDINATOR)} if unowned else set()
    for person_id in coordinators:
        per_person[person_id] = per_person.get(person_id, 0) + unowned
    key = f"goals-batch:{team.pk}:{batch}"
    withdraw(keys=[key], now=now)
    url = f"{reverse('goals')}?{urlencode({'batch': batch})}"
    messages = [
        Message(
            recipient_id=person_id,
            key=key,
            kind="goals",
            title=f"{'1 goals prompt' if count == 1 else f'{count} goals prompts'} raised by {said}: yours to answer",
            url=url if person_id in coordinators else f"{url}&mine=1",
            again=True,
        )
        for person_id, count in sorted(per_person.items())
    ]
    notify_many(messages, now=now)
    return len(messages)
