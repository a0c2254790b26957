"""The entries about one patient: mapped, written, kept, counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from careteam.events.commands import announce
from careteam.events.rules import EventKind
from patients.fhir.commands.records import Kept, Known, save, settle
from patients.fhir.commands.shared import Group, Shared
from patients.fhir.commands.wishes import CONTRADICTING
from patients.fhir.commands.writing import Writer
from patients.fhir.models import SourceRecord
from patients.fhir.rules.collecting import Indexed
from patients.fhir.rules.facts import Fact, PatientFact, ProviderFact
from patients.fhir.rules.mapping import Context, map_resource
from patients.fhir.rules.mapping.requests import asks_a_board
from patients.fhir.rules.references import Contained, Elsewhere, resolve
from patients.fhir.rules.report import JsonObject, Severity
from patients.fhir.rules.rows import Rows, Sourced, rows_of
from patients.fhir.rules.states import RecordStatus
from patients.record.models import Patient


class PatientImport:
    """The entries about one patient (or about nobody), mapped together with what was imported before."""

    def __init__(self, job: Shared, group: Group) -> None:
        self.job, self.group = job, group
        self.kept: dict[str, Kept] = {}
        self.facts: list[Sourced] = []
        self.remarks: list[tuple[str, str]] = []
        self.numbers: dict[int, str] = {}

    def work(self) -> None:
        """Map, find or create the patient, write rows, keep the resources."""
        job, group = self.job, self.group
        for entry in group.all:
            self._take(entry)
        for entry in group.all:
            self._map_entry(entry)
        patient = self._patient()
        made: Rows | None = None
        if patient is not None:
            self._earlier(patient)
            made = rows_of(self.facts, zone=job.zone, today=job.today)
            self._states(made)
        else:
            self._without_patient()
        ids = save(
            list(self.kept.values()),
            team=job.team,
            namespace=job.namespace,
            patient_id=patient.pk if patient else None,
            run=job.run,
        )
        for member, pk in ids.items():
            if self.kept[member].known is None:
                job.records.added(_stub(self.kept[member], pk, patient))
        if patient is not None and made is not None:
            self._rows(patient, made, ids)
            job.outcome.patient_ids.add(patient.pk)
        settle([kept for kept in self.kept.values() if kept.known or kept.failed], ids)
        if patient is not None:
            self._tell_boards(patient, ids)
        self._count()

    def _take(self, entry: Indexed) -> None:
        known = self.job.known[entry.number]
        key = known.key if known else self.job.records.fresh_key(entry)
        member = f"{entry.resource_type} {key}"
        self.numbers[entry.number] = member
        self.kept[member] = Kept(member, key, self.job.collection.load(entry), entry, known)

    def _map_entry(self, entry: Indexed) -> None:
        kept = self.kept[self.numbers[entry.number]]
        resource, collection = kept.resource, self.job.collection

        def follow(reference: Any) -> JsonObject | None:
            target = resolve(reference, resource, entry, collection)
            if isinstance(target, Contained):
                return target.resource
            if isinstance(target, Indexed):
                return collection.load(target)
            return self._stored(target) if isinstance(target, Elsewhere) else None

        def member(reference: str) -> str:
            target = resolve(reference, resource, entry, collection)
            if isinstance(target, Indexed):
                return self.numbers.get(target.number, "")
            return ""

        self._map(kept, follow, member)

    def _map(self, kept: Kept, follow: Callable[[Any], JsonObject | None], member: Callable[[str], str]) -> None:
        try:
            mapped = map_resource(kept.resource, Context(self.job.today, follow))
        except Exception as problem:  # noqa: BLE001 — one strange resource must not stop the others
            kept.label = kept.resource.get("resourceType", "")
            kept.because = f"could not be understood ({type(problem).__name__}); please send it to support"
            return
        kept.label, kept.because = mapped.label, mapped.kept_because
        if mapped.withdrawn:
            kept.status = RecordStatus.WITHDRAWN
        self.remarks += [(kept.member, warning) for warning in mapped.warnings if warning != mapped.kept_because]
        for fact in mapped.facts:
            links = {reference: member(reference) for reference in _references(fact)}
            self.facts.append(Sourced(kept.member, fact, links))

    def _stored(self, target: Elsewhere) -> JsonObject | None:
        """A resource of an earlier import."""
        if not target.resource_id:
            return None
        rows = SourceRecord.objects.filter(
            team=self.job.team, namespace=self.job.namespace, resource_id=target.resource_id
        )
        found = (rows.filter(resource_type=target.resource_type) if target.resource_type else rows).first()
        return found.resource if found else None

    def _patient(self) -> Patient | None:
        """The patient of the group, created when new. None for resources about nobody, or waiting."""
        job, group = self.job, self.group
        if group.patient_id is not None:
            return Patient.objects.select_for_update().get(pk=group.patient_id)
        for entry in group.persons:
            member = self.numbers[entry.number]
            fact = next((s.fact for s in self.facts if s.member == member and isinstance(s.fact, PatientFact)), None)
            if fact is None:
                continue
            taken = set(job.owners)
            patient = job.people.create(fact, self.kept[member].resource, member, taken)
            keys = {(i.system[:200], i.value[:120]) for i in fact.identifiers}
            job.owners |= dict.fromkeys(keys - taken, patient.pk)
            job.outcome.new_patient_ids.add(patient.pk)
            group.patient_id = patient.pk
            twin = job.people.twin_of(patient)
            if twin is not None:
                message = (
                    f"has the name and birth date of patient {twin} under other numbers; merge them if they are one"
                )
                self.remarks.append((member, message))
            return patient
        return None

    def _earlier(self, patient: Patient) -> None:
        """What was imported about this patient before and is not in these files, and what was waiting."""
        have = {kept.known.id for kept in self.kept.values() if kept.known}
        rows = SourceRecord.objects.filter(patient=patient).exclude(pk__in=have)
        stored = [*rows, *self.group.waiting]
        by_name: dict[str, SourceRecord] = {}
        for found in stored:
            by_name[f"{found.resource_type}/{found.resource_id}"] = found
            by_name[f"urn:uuid:{found.resource_id}"] = found
        for found in stored:
            known = Known(
                found.pk,
                found.resource_type,
                found.key,
                found.resource_id,
                found.identifier,
                found.content_hash,
                found.status,
                found.patient_id,
            )
            # another namespace may use the same keys for other things
            member = known.member if found.namespace == self.job.namespace else f"{found.namespace} {known.member}"
            kept = self.kept[member] = Kept(member, found.key, found.resource, None, known)

            def follow(reference: Any, resource: JsonObject = found.resource) -> JsonObject | None:
                return self._follow_stored(reference, resource, by_name)

            def name(reference: str) -> str:
                target = by_name.get(_relative(reference))
                return f"{target.resource_type} {target.key}" if target else ""

            remarks = len(self.remarks)
            self._map(kept, follow, name)
            del self.remarks[remarks:]  # said when it came

    def _follow_stored(
        self, reference: Any, resource: JsonObject, by_name: dict[str, SourceRecord]
    ) -> JsonObject | None:
        written = reference.get("reference") if isinstance(reference, dict) else reference
        if not isinstance(written, str):
            return None
        if written.startswith("#"):
            inner = [c for c in resource.get("contained") or [] if isinstance(c, dict) and c.get("id") == written[1:]]
            return inner[0] if inner else None
        found = by_name.get(_relative(written))
        if found is not None:
            return found.resource  # type: ignore[no-any-return]
        kind, _, resource_id = _relative(written).rpartition("/")
        return self._stored(Elsewhere(kind.rpartition("/")[2], resource_id.removeprefix("urn:uuid:"), "", written))

    def _states(self, made: Rows) -> None:
        """What has a row is mapped; what has none says why."""
        mapped = {member for row in made.rows for member in row.members}
        mapped |= {s.member for s in self.facts if isinstance(s.fact, PatientFact)}
        for member, kept in self.kept.items():
            if kept.status == RecordStatus.WITHDRAWN:
                continue
            kept.status = RecordStatus.MAPPED if member in mapped else RecordStatus.UNMAPPED
            kept.because = "" if member in mapped else made.reasons.get(member, kept.because)
            if member not in mapped and not kept.because:
                kept.because = "says nothing that has a place yet"

    def _rows(self, patient: Patient, made: Rows, ids: dict[str, int]) -> None:
        job = self.job
        writer = Writer(patient, job.run, job.by, job.now, ids)
        if patient.pk not in job.outcome.new_patient_ids or len(self.group.persons) > 1:
            self._persons(patient, writer)
        writer.write(made.rows)
        for member, reason in writer.failures.items():
            if member in self.kept:
                kept = self.kept[member]
                kept.status, kept.because, kept.failed = RecordStatus.UNMAPPED, reason, True
        self.remarks += [*made.warnings, *writer.warnings]
        job.outcome.rows.update(writer.touched)
        if any(writer.touched.get(table) for table in CONTRADICTING):
            job.outcome.wishes_patient_ids.add(patient.pk)

    def _tell_boards(self, patient: Patient, ids: dict[str, int]) -> None:
        """What asks a board is said upward, where boards are: what is new, changed, or has found its patient now."""
        asking = [
            ids[member]
            for member, kept in self.kept.items()
            if member in ids
            and (kept.is_changed or (kept.known and kept.known.status == RecordStatus.WAITING))
            and asks_a_board(kept.resource)
        ]
        if asking:
            announce(
                EventKind.BOARD_ASKED,
                now=self.job.now,
                team_id=patient.team_id,
                patient_id=patient.pk,
                payload={"records": sorted(asking)},
            )

    def _without_patient(self) -> None:
        """Resources about nobody are kept for those that refer to them, or until their patient comes."""
        about = {s.member for s in self.facts if not isinstance(s.fact, ProviderFact)}
        for member, kept in self.kept.items():
            if kept.status == RecordStatus.WITHDRAWN:
                continue
            if self.group.waiting_for:
                kept.status, kept.waiting_for = RecordStatus.WAITING, self.group.waiting_for
                kept.because = self.group.because
            elif self.group.because:
                kept.because = self.group.because
            elif member in about:
                kept.because = "names no patient; ask the source for the whole record"
            else:
                kept.because = kept.because or "kept for the names that others refer to"

    def _persons(self, patient: Patient, writer: Writer) -> None:
        for entry in self.group.persons:
            member = self.numbers[entry.number]
            if not self.kept[member].is_changed:
                continue
            fact = next((s.fact for s in self.facts if s.member == member and isinstance(s.fact, PatientFact)), None)
            if fact is not None:
                self.job.people.update(patient, fact, self.kept[member].resource, member, writer)
                problems = self.job.people.identify(patient, fact, self.job.owners)
                self.remarks += [(member, problem) for problem in problems]

    def _count(self) -> None:
        outcome, group = self.job.outcome, self.group
        remarks: dict[str, list[str]] = defaultdict(list)
        for member, remark in self.remarks:
            if remark not in remarks[member]:
                remarks[member].append(remark)
        for kept in self.kept.values():
            entry = kept.entry
            if entry is None:
                continue
            moved = kept.known is not None and kept.known.status == RecordStatus.WAITING and not group.waiting_for
            if not kept.is_changed and not moved:
                outcome.counts["unchanged"] += 1
                continue
            for remark in remarks[kept.member]:
                outcome.say(entry.line(Severity.WARNING, remark))
            if kept.status == RecordStatus.MAPPED:
                outcome.counts["updated" if kept.known and not moved else "created"] += 1
            else:
                outcome.counts["unmapped"] += 1
                outcome.say(entry.line(Severity.UNMAPPED, f"{kept.label}: {kept.because}"))


def _references(fact: Fact) -> list[str]:
    named = [getattr(fact, "specimen", ""), getattr(fact, "person", ""), *getattr(fact, "studies", ())]
    return [reference for reference in named if reference]


def _relative(reference: str) -> str:
    if reference.startswith("urn:"):
        return reference
    return "/".join(reference.partition("/_history/")[0].split("/")[-2:])


def _stub(kept: Kept, pk: int, patient: Patient | None) -> SourceRecord:
    entry = kept.entry
    return SourceRecord(
        pk=pk,
        resource_type=kept.resource["resourceType"],
        key=kept.key,
        resource_id=entry.key.resource_id[:400] if entry else "",
        identifier=entry.key.identifier if entry else "",
        content_hash=entry.key.content if entry else "",
        status=kept.status,
        patient=patient,
    )
