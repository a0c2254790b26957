"""Everything that lies in the files of one import: a small index in memory, the resources themselves on disk.

Files refer to each other in any order, so nothing can be mapped before all of them were seen.
"""

import json
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from patients.fhir.rules.keys import SourceKey, content_hash, identifiers, source_key
from patients.fhir.rules.persons import Person, person
from patients.fhir.rules.reading import Entry, Source, read, sources
from patients.fhir.rules.report import JsonObject, ReportLine, Severity
from patients.fhir.rules.values import obj, objects, text


@dataclass(slots=True, eq=False)
class Indexed:
    """One resource of the import: where it stands, who it is, whom it is about."""

    number: int
    file: str
    index: int
    resource_type: str
    resource_id: str
    full_url: str
    key: SourceKey
    updated: tuple[str, str]  # meta.lastUpdated and versionId: later wins
    offset: int
    length: int
    person: Person | None = None  # of a Patient
    same_as: "Indexed | None" = None  # the copy that is used instead of this one
    refused: bool = False

    @property
    def name(self) -> str:
        """``Type/id`` as the report shows it."""
        return f"{self.resource_type}/{self.resource_id}" if self.resource_id else self.resource_type

    def line(self, severity: Severity, message: str) -> ReportLine:
        """A report line about this entry."""
        return ReportLine(severity, message, self.file, self.index, self.name)


def contained_id(entry: "Entry | Indexed", name: str) -> str:
    """The id by which a contained resource is known: that of its container, and its own."""
    return f"{entry.resource_id or entry.full_url or entry.index}#{name.removeprefix('#')}"[:200]


Progress = Callable[[str, int, int], None]


@dataclass
class Collection:
    """The entries of all files. A context manager: leaving it frees the disk."""

    entries: list[Indexed] = field(default_factory=list)
    lines: list[ReportLine] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    by_url: dict[str, list[Indexed]] = field(default_factory=lambda: defaultdict(list))
    by_id: dict[tuple[str, str], list[Indexed]] = field(default_factory=lambda: defaultdict(list))
    by_identifier: dict[tuple[str, str], list[Indexed]] = field(default_factory=lambda: defaultdict(list))
    shared_identifiers: set[tuple[str, str]] = field(default_factory=set)
    repeats: int = 0

    def __post_init__(self) -> None:
        self._spool = tempfile.TemporaryFile()  # noqa: SIM115 — closed by __exit__
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, at: TracebackType | None
    ) -> None:
        self._spool.close()

    @property
    def used(self) -> list[Indexed]:
        """The entries without the copies of others."""
        return [entry for entry in self.entries if entry.same_as is None and not entry.refused]

    def load(self, entry: Indexed) -> JsonObject:
        """The resource itself."""
        self._spool.seek(entry.offset)
        loaded = json.loads(self._spool.read(entry.length))
        return loaded if isinstance(loaded, dict) else {}

    def add(self, entry: Entry) -> None:
        """Takes one entry in, and the patients contained in it. Raises nothing for strange content; a resource too deep
        to be kept becomes a line."""
        resource = entry.resource
        for inner in objects(resource.get("contained")):
            if inner.get("resourceType") == "Patient" and text(inner.get("id")):
                named = {**inner, "id": contained_id(entry, text(inner["id"]))}
                self.add(Entry(entry.file, entry.index, named))
        try:
            digest = content_hash(resource)
            spelled = json.dumps(resource, separators=(",", ":")).encode()
        except (RecursionError, ValueError):
            message = "is nested too deeply to be kept; ask the source for a plain version"
            name = f"{entry.resource_type}/{entry.resource_id}" if entry.resource_id else entry.resource_type
            self.lines.append(ReportLine(Severity.REFUSED, message, entry.file, entry.index, name))
            return
        meta = obj(resource.get("meta"))
        indexed = Indexed(
            number=len(self.entries),
            file=entry.file,
            index=entry.index,
            resource_type=entry.resource_type,
            resource_id=entry.resource_id,
            full_url=entry.full_url,
            key=source_key(resource, entry.full_url, digest),
            updated=(text(meta.get("lastUpdated"), 40), text(meta.get("versionId"), 40).zfill(12)),
            offset=self._end,
            length=len(spelled),
            person=person(resource) if entry.resource_type == "Patient" else None,
        )
        self._spool.seek(self._end)
        self._end += self._spool.write(spelled)
        self.entries.append(indexed)
        if entry.full_url:
            self.by_url[entry.full_url].append(indexed)
        if indexed.resource_id:
            self.by_id[indexed.resource_type, indexed.resource_id].append(indexed)
        for identifier in identifiers(resource):
            self.by_identifier[indexed.resource_type, str(identifier)].append(indexed)

    def settle(self) -> None:
        """After the last entry: several copies of one resource become one, the newest. Several resources under one
        identifier are told apart by their ids."""
        same: dict[tuple[str, str], list[Indexed]] = defaultdict(list)
        carriers: dict[tuple[str, str], list[Indexed]] = defaultdict(list)
        for entry in self.entries:
            if entry.key.identifier:
                carriers[entry.resource_type, entry.key.identifier].append(entry)
        self.shared_identifiers = {key for key, found in carriers.items() if self._several(found)}
        for entry in self.entries:
            same[entry.resource_type, self.key_of(entry)].append(entry)
        for copies in same.values():
            if len(copies) > 1:
                self._choose(copies)

    def _several(self, carriers: list[Indexed]) -> bool:
        """Do these carriers of one identifier stand for several things? One order number on several results: yes.
        One person under several ids: no, unless they are different people."""
        if len({carrier.key.resource_id for carrier in carriers} - {""}) < 2:
            return False
        first = carriers[0].person
        if first is None:
            return True
        others = [c for c in carriers[1:] if c.person and not first.agrees_with(c.person)]
        for other in others:
            message = (
                f"has the identifier of {carriers[0].name} but another name and birth date; "
                "imported as a different patient without that identifier, check which of them it belongs to"
            )
            self.lines.append(other.line(Severity.WARNING, message))
        return bool(others)

    def _choose(self, copies: list[Indexed]) -> None:
        # newest first; among equals the last read, so that the order of the files decides the same way each time
        used = max(copies, key=lambda entry: (entry.updated, entry.number))
        for copy in copies:
            if copy is used:
                continue
            if used.person and copy.person and not used.person.agrees_with(copy.person):
                copy.refused = True
                message = (
                    f"has the id of a patient in {used.file} entry {used.index} but another name and birth date; "
                    "import each source by itself with its own namespace"
                )
                self.lines.append(copy.line(Severity.REFUSED, message))
                continue
            copy.same_as = used
            self.repeats += 1
            if copy.key.content != used.key.content:
                where = f"entry {used.index}" if used.file == copy.file else f"{used.file} entry {used.index}"
                message = f"comes twice with different content; {where} is used (newer, or read later)"
                self.lines.append(copy.line(Severity.WARNING, message))

    def key_of(self, entry: Indexed) -> str:
        """The source key of an entry, told apart from others under the same identifier."""
        shared = (entry.resource_type, entry.key.identifier) in self.shared_identifiers
        return entry.key.shared if shared and entry.key.resource_id else entry.key.own


def collect(paths: Iterable[Path | Source], progress: Progress | None = None) -> Collection:
    """Reads all files below these paths into a Collection. ``progress(file, bytes read, all)`` after each file."""
    collection = Collection()
    found: list[Source] = []
    for path in paths:
        if isinstance(path, Source):
            found.append(path)
            continue
        for item in sources([path]):
            if isinstance(item, Source):
                found.append(item)
            else:
                collection.lines.append(item)
    sizes = [source.path.stat().st_size if source.path.exists() else 0 for source in found]
    done = 0
    for source, size in zip(found, sizes, strict=True):
        collection.files.append(source.name)
        for read_item in read(source):
            if isinstance(read_item, Entry):
                collection.add(read_item)
            else:
                collection.lines.append(read_item)
        done += size
        if progress:
            progress(source.name, done, sum(sizes))
    collection.settle()
    return collection
