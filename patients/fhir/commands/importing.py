"""An import: everything in the files, patient by patient, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.events.commands import announce_many
from careteam.events.models import Event
from careteam.events.rules import EventKind
from careteam.people.models import Team
from patients.fhir.commands.one_patient import PatientImport
from patients.fhir.commands.outcome import Outcome
from patients.fhir.commands.persons import owners, sketch, surviving
from patients.fhir.commands.shared import Group, Shared
from patients.fhir.models import ImportRun, SourceRecord
from patients.fhir.policies import why_not_import
from patients.fhir.rules.collecting import Indexed, collect
from patients.fhir.rules.keys import Identifier, identifiers
from patients.fhir.rules.reading import Source
from patients.fhir.rules.references import Elsewhere, patient_of
from patients.fhir.rules.report import JsonObject, Severity
from patients.fhir.rules.states import RecordStatus
from patients.record.models import Patient

if TYPE_CHECKING:
    from careteam.people.models import User

Progress = Callable[[str, int, int], None]
_LOCK = 7_301_620  # advisory lock space: one import per team at a time


LOT = 500  # patients of one event of the import


class BusyError(Exception):
    """Another import into this team is running."""


def import_sources(
    paths: Iterable[Path | Source],
    *,
    team: Team,
    by: User | None,
    now: datetime,
    namespace: str = "default",
    dry_run: bool = False,
    run: ImportRun | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Imports files and folders into a team. `by=None` is an operator at the command line.

    A second run changes nothing. `dry_run` does everything and rolls it back. `progress(phase, done, total)` is called
    after each file and each patient. Raises BusyError when another import into the team is running, ValidationError
    when the person may not import.
    """
    insist(why_not_import(team, by, namespace) if by is not None else [])
    with _only_one(team), collect(paths, _reading(progress)) as collection:
        job = Job(collection, team=team, by=by, now=now, namespace=namespace, run=run)
        with transaction.atomic() if dry_run else _no_transaction():
            job.work(progress)
            if dry_run:
                transaction.set_rollback(True)
        return job.outcome


@contextmanager
def _only_one(team: Team) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK, team.pk])
        if not cursor.fetchone()[0]:
            raise BusyError
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK, team.pk])


@contextmanager
def _no_transaction() -> Iterator[None]:
    yield


def _reading(progress: Progress | None) -> Progress | None:
    if progress is None:
        return None
    return lambda name, done, total: progress(f"Reading {name}", done, total)


class Job(Shared):
    """One import from beginning to end."""

    def work(self, progress: Progress | None) -> None:
        """Everything, in order; one audit event at the end."""
        for line in self.collection.lines:
            self.outcome.say(line)
        self.outcome.counts["unchanged"] += self.collection.repeats
        groups = self._groups()
        total = sum(len(group.all) for group in groups)
        done = 0
        for group in groups:
            with transaction.atomic():
                self._write(group)
            done += len(group.all)
            if progress:
                progress("Writing the record", done, total)
        record(
            "fhir.import_sources",
            by=self.by,
            now=self.now,
            subject=self.run,
            patient_ids=self.outcome.patient_ids,
            team_id=self.team.pk,
            details={**self.outcome.as_counts, "files": len(self.outcome.files), "namespace": self.namespace},
        )
        self._announce()

    def _announce(self) -> None:
        """What the import brought for patients in care is told upward in lots, which the ticks take up."""
        on = self.team.local_date(self.now)
        ids = sorted(self.outcome.patient_ids - self.outcome.new_patient_ids)
        batch = f"import:{self.run.pk}" if self.run else f"import:{self.now:%Y-%m-%dT%H:%M:%S}"
        announce_many(
            Event(
                kind=str(EventKind.IMPORTED),
                at=self.now,
                team_id=self.team.pk,
                payload={
                    "patients": (lot := ids[start : start + LOT]),
                    "wishes": [each for each in lot if each in self.outcome.wishes_patient_ids],
                    "batch": batch,
                    "said": f"the import of {on.day} {on:%b %Y}",
                },
            )
            for start in range(0, len(ids), LOT)
        )

    # --- who is who ------------------------------------------------------------------------------------------

    def _groups(self) -> list[Group]:
        """Entries by patient: those known here, new ones, those waiting for a patient, and those about nobody."""
        persons = [entry for entry in self.collection.used if entry.resource_type == "Patient"]
        person_ids = {entry.number: identifiers(self.collection.load(entry)) for entry in persons}
        self.owners = owners(self.team, (i for found in person_ids.values() for i in found))
        groups: dict[Any, Group] = {}
        home: dict[int, Group] = {}
        by_identifier: dict[str, Group] = {}
        for entry in persons:
            group = self._group_of_person(entry, person_ids[entry.number], groups, by_identifier)
            if group is not None:
                group.persons.append(entry)
                home[entry.number] = group
        refused = {e.number for e in persons if e.number not in home}
        refused |= {e.number for e in self.collection.entries if e.refused}
        others = [entry for entry in self.collection.used if entry.resource_type != "Patient"]
        targets = {entry.number: patient_of(entry, self.collection.load(entry), self.collection) for entry in others}
        elsewhere = self._elsewhere([t for t in targets.values() if isinstance(t, Elsewhere)])
        for entry in others:
            target = targets[entry.number]
            key: Any
            if isinstance(target, Indexed) and target.number in home:
                home[target.number].entries.append(entry)
                continue
            if isinstance(target, Indexed) and (target.number in refused or target.refused):
                key, fresh = "refused", Group(because="its patient was refused, see the report")
            elif isinstance(target, Elsewhere) and (known := _known_here(target, elsewhere)):
                key, fresh = known, Group(patient_id=known)
            elif isinstance(target, Elsewhere) and target.resource_type in ("", "Patient") and _waiting_name(target):
                name = _waiting_name(target)
                because = f"its patient {name} is not known here; import the patient, then it is attached by itself"
                key, fresh = f"waiting {name}", Group(waiting_for=name, because=because)
            else:
                key, fresh = "nobody", Group()
            groups.setdefault(key, fresh).entries.append(entry)
        self._attach_waiting(home)
        return list(groups.values())

    def _group_of_person(
        self, entry: Indexed, found: tuple[Identifier, ...], groups: dict[Any, Group], by_identifier: dict[str, Group]
    ) -> Group | None:
        known = self.known[entry.number]
        candidates = {known.patient_id} if known and known.patient_id else set()
        if not candidates:
            held = [(i.system[:200], i.value[:120]) for i in found]
            candidates = {self.owners[key] for key in held if key in self.owners}
        rows = Patient.objects.filter(pk__in=candidates).select_related("merged_into")
        patients = {patient.pk: patient for patient in map(surviving, rows)}
        agreeing = [p for p in patients.values() if entry.person is None or entry.person.agrees_with(sketch(p))]
        if known and known.patient_id and not agreeing:
            message = (
                "is known under another name and birth date here; not imported, so that no record is overwritten. "
                "Import it with a namespace of its own, or correct the source"
            )
            self.outcome.say(entry.line(Severity.REFUSED, message))
            return None
        if len(agreeing) > 1:
            message = "has identifiers of two patients here; merge them first, then import again"
            self.outcome.say(entry.line(Severity.REFUSED, message))
            return None
        if agreeing:
            return groups.setdefault(agreeing[0].pk, Group(patient_id=agreeing[0].pk))
        if patients:
            message = (
                "has an identifier of a patient here with another name and birth date; imported as a new patient "
                "without it, check which of them it belongs to"
            )
            self.outcome.say(entry.line(Severity.WARNING, message))
        shared = self.collection.shared_identifiers
        names = [str(i) for i in found if ("Patient", str(i)) not in shared]
        for name in names:
            group = by_identifier.get(name)
            if group and entry.person and group.persons[0].person and entry.person.agrees_with(group.persons[0].person):
                return group
        group = groups.setdefault(f"new {entry.number}", Group())
        for name in names:
            by_identifier.setdefault(name, group)
        return group

    def _elsewhere(self, targets: list[Elsewhere]) -> dict[str, int]:
        """Patients known here by what references outside the files say."""
        ids = {t.resource_id for t in targets if t.resource_id}
        found: dict[str, int] = {}
        rows = SourceRecord.objects.filter(
            team=self.team,
            namespace=self.namespace,
            resource_type="Patient",
            resource_id__in=ids,
            patient__isnull=False,
        ).values_list("resource_id", "patient_id")
        found |= {f"Patient/{resource_id}": patient_id for resource_id, patient_id in rows if patient_id}
        tokens = [i for t in targets if t.identifier for i in identifiers(_as_resource(t.identifier))]
        found |= {f"{system}|{value}": patient for (system, value), patient in owners(self.team, tokens).items()}
        return found

    def _attach_waiting(self, home: dict[int, Group]) -> None:
        """Resources that came before their patient did."""
        names: dict[str, Group] = {}
        for number, group in home.items():
            entry = self.collection.entries[number]
            names[f"Patient/{entry.key.resource_id}"] = group
            for identifier in identifiers(self.collection.load(entry)):
                names.setdefault(str(identifier), group)
        if not names:
            return
        rows = SourceRecord.objects.filter(team=self.team, namespace=self.namespace, waiting_for__in=list(names))
        for waiting in rows:
            names[waiting.waiting_for].waiting.append(waiting)

    # --- one patient -----------------------------------------------------------------------------------------

    def _write(self, group: Group) -> None:
        changed = [entry for entry in group.all if self._is_changed(entry, group)]
        if not changed and not group.waiting:
            self.outcome.counts["unchanged"] += len(group.all)
            return
        PatientImport(self, group).work()

    def _is_changed(self, entry: Indexed, group: Group) -> bool:
        known = self.known[entry.number]
        return (
            known is None
            or known.content_hash != entry.key.content
            or (known.status == RecordStatus.WAITING and not group.waiting_for)
        )


def _known_here(target: Elsewhere, elsewhere: dict[str, int]) -> int | None:
    return elsewhere.get(f"Patient/{target.resource_id}") or elsewhere.get(target.identifier)


def _waiting_name(target: Elsewhere) -> str:
    return f"Patient/{target.resource_id}" if target.resource_id else target.identifier


def _as_resource(token: str) -> JsonObject:
    system, _, value = token.partition("|")
    return {"identifier": [{"system": system, "value": value}]}
