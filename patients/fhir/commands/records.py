"""Source records: is this resource known, has it changed, and keeping it as it came."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from careteam.people.models import Team
from patients.fhir.models import ImportRun, SourceRecord
from patients.fhir.rules.collecting import Collection, Indexed
from patients.fhir.rules.report import JsonObject
from patients.fhir.rules.states import RecordStatus

_CHUNK = 1000
_FIELDS = ("id", "resource_type", "key", "resource_id", "identifier", "content_hash", "status", "patient_id")


@dataclass(slots=True)
class Known:
    """What is in the table about one resource, without the resource."""

    id: int
    resource_type: str
    key: str
    resource_id: str
    identifier: str
    content_hash: str
    status: str
    patient_id: int | None

    @property
    def member(self) -> str:
        """The name of the record within its patient."""
        return f"{self.resource_type} {self.key}"


class Records:
    """The source records of one team and namespace that an import may meet."""

    def __init__(self, team: Team, namespace: str, collection: Collection) -> None:
        self.team, self.namespace, self.collection = team, namespace, collection
        self._by_key: dict[tuple[str, str], Known] = {}
        self._by_id: dict[tuple[str, str], list[Known]] = defaultdict(list)
        self._claimed: dict[int, Indexed] = {}
        self._load()

    def _load(self) -> None:
        keys: dict[str, set[str]] = defaultdict(set)
        ids: dict[str, set[str]] = defaultdict(set)
        for entry in self.collection.used:
            keys[entry.resource_type] |= {entry.key.own, entry.key.shared}
            if entry.key.resource_id:
                ids[entry.resource_type].add(entry.key.resource_id[:400])
        for column, wanted in (("key", keys), ("resource_id", ids)):
            for kind, values in wanted.items():
                ordered = sorted(values)
                for start in range(0, len(ordered), _CHUNK):
                    rows = self._rows(resource_type=kind, **{f"{column}__in": ordered[start : start + _CHUNK]})
                    for known in rows:
                        self._remember(known)

    def _rows(self, **conditions: object) -> Iterable[Known]:
        found = SourceRecord.objects.filter(team=self.team, namespace=self.namespace, **conditions)
        return (Known(*row) for row in found.values_list(*_FIELDS).iterator(chunk_size=_CHUNK))

    def _remember(self, known: Known) -> None:
        if (known.resource_type, known.key) not in self._by_key:
            self._by_key[known.resource_type, known.key] = known
            if known.resource_id:
                self._by_id[known.resource_type, known.resource_id].append(known)

    def known(self, entry: Indexed) -> Known | None:
        """The record of this resource: by identifier, else by id (unless both have identifiers, and others), else by
        content. A record is one resource's only."""
        kind, key = entry.resource_type, entry.key
        shared = (kind, key.identifier) in self.collection.shared_identifiers
        candidates = [self._by_key.get((kind, key.shared))] if key.identifier and key.resource_id else []
        own = self._by_key.get((kind, key.own))
        if own and (not shared or own.resource_id == key.resource_id):
            candidates.append(own)
        candidates += [
            found
            for found in self._by_id.get((kind, key.resource_id[:400]), [])
            if key.resource_id and not (found.identifier and key.identifier and found.identifier != key.identifier)
        ]
        for candidate in candidates:
            if candidate and self._claimed.setdefault(candidate.id, entry) is entry:
                return candidate
        return None

    def fresh_key(self, entry: Indexed) -> str:
        """A key for a new record that no other has."""
        key = self.collection.key_of(entry)
        if (entry.resource_type, key) in self._by_key:
            key = entry.key.shared if entry.key.identifier else f"{key[:400]}#{entry.key.content[:16]}"
        return key

    def added(self, record: SourceRecord) -> None:
        """Takes a new record in, so that the next entry does not get its key."""
        self._remember(Known(*(getattr(record, name) for name in _FIELDS)))


@dataclass(slots=True)
class Kept:
    """One resource on its way into the table. ``entry`` is None for one that lay there waiting."""

    member: str
    key: str
    resource: JsonObject
    entry: Indexed | None
    known: Known | None
    label: str = ""
    status: RecordStatus = RecordStatus.UNMAPPED
    because: str = ""
    waiting_for: str = ""
    failed: bool = False  # the database refused its row

    @property
    def is_changed(self) -> bool:
        """New, or with another content than last time."""
        return self.known is None or (self.entry is not None and self.known.content_hash != self.entry.key.content)


def save(
    kept: list[Kept], *, team: Team, namespace: str, patient_id: int | None, run: ImportRun | None
) -> dict[str, int]:
    """Writes new and changed records (and those whose state changed). Returns record ids by member."""
    ids = {item.member: item.known.id for item in kept if item.known}
    new = [item for item in kept if item.known is None and item.entry is not None]
    made = SourceRecord.objects.bulk_create(
        [
            SourceRecord(
                team=team,
                patient_id=patient_id,
                namespace=namespace,
                resource_type=item.entry.resource_type,
                key=item.key,
                resource_id=item.entry.key.resource_id[:400],
                identifier=item.entry.key.identifier[:520],
                content_hash=item.entry.key.content,
                status=item.status,
                label=item.label[:300],
                kept_because=item.because[:500],
                waiting_for=item.waiting_for[:520],
                resource=item.resource,
                first_run=run,
                last_run=run,
            )
            for item in new
            if item.entry is not None
        ],
        batch_size=500,
    )
    ids |= {item.member: record.pk for item, record in zip(new, made, strict=True)}
    _update([item for item in kept if item.known is not None], patient_id=patient_id, run=run)
    return ids


def _update(kept: list[Kept], *, patient_id: int | None, run: ImportRun | None) -> None:
    changed = [item for item in kept if item.known and (item.is_changed or item.known.patient_id != patient_id)]
    rows = SourceRecord.objects.in_bulk([item.known.id for item in changed if item.known])
    touched = []
    for item in changed:
        record = rows.get(item.known.id) if item.known else None
        if record is None:
            continue
        if item.entry is not None and item.is_changed:
            record.content_hash = item.entry.key.content
            record.resource_id = item.entry.key.resource_id[:400]
            record.identifier = item.entry.key.identifier[:520] or record.identifier
            record.resource = item.resource
        record.patient_id = patient_id
        record.last_run = run
        touched.append(record)
    fields = ["content_hash", "resource_id", "identifier", "resource", "patient", "last_run"]
    SourceRecord.objects.bulk_update(touched, fields, batch_size=200)


def settle(kept: list[Kept], ids: dict[str, int]) -> None:
    """Writes state, label and reason where they are not what they were: after it is known what got a row."""
    rows = SourceRecord.objects.defer("resource").in_bulk(list(ids.values()))
    touched = []
    for item in kept:
        record = rows.get(ids.get(item.member, 0))
        wanted = (str(item.status), item.label[:300], item.because[:500], item.waiting_for[:520])
        if record and (record.status, record.label, record.kept_because, record.waiting_for) != wanted:
            record.status, record.label, record.kept_because, record.waiting_for = wanted
            touched.append(record)
    SourceRecord.objects.bulk_update(touched, ["status", "label", "kept_because", "waiting_for"], batch_size=500)
