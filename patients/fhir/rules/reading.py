"""From files to entries. Whatever is wrong becomes a report line; what comes after it is still read."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from patients.fhir.rules.codes.resource_types import KNOWN
from patients.fhir.rules.json_stream import BrokenJsonError, JsonText
from patients.fhir.rules.report import JsonObject, ReportLine, Severity, shown
from patients.fhir.rules.values import obj, objects, text

_LINES = frozenset({".ndjson", ".jsonl"})
SUFFIXES = frozenset({".json", ".ndjson", ".jsonl", ".fhir"})
_CHUNK = 1 << 20
_BUNDLE_TYPES = frozenset(
    {"document", "message", "transaction", "transaction-response", "batch", "batch-response", "history", "searchset"}
    | {"collection", "subscription-notification"}
)
_ENTRY_KEYS = frozenset({"resource", "fullUrl", "request", "response", "search"})
_TYPE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")
_NESTED_DEPTH = 5


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read and the name it has in the report."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource with a type, as found: ``index`` counts from 1 within the file."""

    file: str
    index: int
    resource: JsonObject
    full_url: str = ""

    @property
    def resource_type(self) -> str:
        return str(self.resource["resourceType"])

    @property
    def resource_id(self) -> str:
        return str(self.resource.get("id") or "")


Read: TypeAlias = Entry | ReportLine


def sources(paths: list[Path]) -> Iterator[Source | ReportLine]:
    """The files behind these paths, folders walked in name order. What is not there or not JSON becomes a line."""
    for path in paths:
        if path.is_dir():
            inside = sorted(found for found in path.rglob("*") if found.is_file() and not found.name.startswith("."))
            readable = [found for found in inside if found.suffix.lower() in SUFFIXES]
            for found in inside:
                name = found.relative_to(path).as_posix()
                if found in readable:
                    yield Source(found, name)
                else:
                    yield ReportLine(Severity.WARNING, "is no JSON file by its name; skipped", name)
            if not readable:
                yield ReportLine(Severity.REFUSED, "holds no .json or .ndjson file; name the right folder", str(path))
        elif path.is_file():
            yield Source(path, path.name)
        else:
            yield ReportLine(Severity.REFUSED, "does not exist; check the path", str(path))


def read(source: Source) -> Iterator[Read]:
    """The entries of one file and what is wrong with it. Raises nothing."""
    try:
        encoding, remark = _encoding(source.path)
        if remark:
            yield ReportLine(Severity.REFUSED if not encoding else Severity.WARNING, remark, source.name)
        if encoding and source.path.suffix.lower() in _LINES:
            yield from _Reader(source.name).read_lines(source.path, encoding)
        elif encoding:
            yield from _Reader(source.name).read(JsonText(_chunks(source.path, encoding)))
    except OSError as problem:
        reason = problem.strerror or str(problem)
        yield ReportLine(Severity.REFUSED, f"cannot be opened: {reason}", source.name)


def _encoding(path: Path) -> tuple[str, str]:
    """The encoding and a remark; no encoding means that the file is refused."""
    with path.open("rb") as stream:
        head = stream.read(_CHUNK)
        if not head.strip():
            return "", "is empty; ask for the file again"
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16", ""
        if head.startswith((b"\x1f\x8b", b"PK\x03\x04")):
            return "", "is a compressed archive; unpack it and import what is inside"
        if b"\x00" in head[:4]:
            return ("utf-16-le" if head[1:2] == b"\x00" else "utf-16-be"), "has no mark of its encoding; read as UTF-16"
        if head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<"):
            return "", "is XML or HTML; only FHIR in JSON can be read, ask the source for JSON"
        decoder = codecs.getincrementaldecoder("utf-8")()
        chunk = head
        try:
            while chunk:
                decoder.decode(chunk)
                chunk = stream.read(_CHUNK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "latin-1", "is not UTF-8; read as Latin-1, check names with accents"
    return "utf-8-sig", ""


def _chunks(path: Path, encoding: str) -> Iterator[str]:
    with path.open(encoding=encoding, errors="replace", newline="") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


class _Reader:
    """Reads the top-level values of one file, one after the other."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.count = 0

    def line(self, severity: Severity, message: str, resource: str = "", *, entry: bool = True) -> ReportLine:
        return ReportLine(severity, message, self.name, self.count if entry and self.count else None, resource)

    def read_lines(self, path: Path, encoding: str) -> Iterator[Read]:
        """ndjson: each line stands for itself, so that a broken one ends where it ends."""
        with path.open(encoding=encoding, errors="replace") as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    yield from self.read(JsonText(iter([line]), line=number))

    def read(self, cursor: JsonText) -> Iterator[Read]:
        while mark := cursor.peek():
            before = self.count
            try:
                if mark == "{":
                    yield from self._object(cursor)
                elif mark == "[":
                    yield self.line(Severity.WARNING, "is a bare list of resources; read as a collection", entry=False)
                    yield from self._array(cursor, bundle=False)
                else:
                    cursor.value()
                    self.count += 1
                    yield self.line(Severity.REFUSED, "is not a FHIR resource; a resource is an object in { }")
            except BrokenJsonError as problem:
                if self.count == before:
                    self.count += 1
                yield self.line(Severity.REFUSED, _broken(problem))
                if not cursor.next_line("{"):  # ndjson: the next line is a resource of its own
                    return
            if cursor.peek() == ",":  # values joined by commas without a list around them
                cursor.take(",")

    def _object(self, cursor: JsonText) -> Iterator[Read]:
        """One top-level object: the entries of a bundle are handed out while it is being read."""
        cursor.take("{")
        held: JsonObject = {}
        streamed = False
        start = self.count
        while cursor.peek() != "}":
            key = cursor.key()
            kind = held.get("resourceType")
            if key == "entry" and cursor.peek() == "[" and kind in (None, "Bundle"):
                kept: list[Any] | None = [] if kind is None else None
                before = self.count
                yield from self._array(cursor, bundle=True, kept=kept)
                # without a type so far, entries tell a bundle from a List by what they hold
                streamed = kept is None or (not kept and self.count > before)
                if not streamed:
                    held["entry"] = kept
            else:
                held[key] = cursor.value()
            if cursor.peek() == ",":
                cursor.take(",")
            elif cursor.peek() != "}":
                cursor.take("}")
        cursor.take("}")
        yield from self._finish(held, streamed=streamed, start=start)

    def _finish(self, held: JsonObject, *, streamed: bool, start: int) -> Iterator[Read]:
        kind = text(held.get("resourceType"))
        if not streamed and kind != "Bundle":
            yield from self.entry(held, "")
            return
        bundle_type = text(held.get("type"))
        if kind != "Bundle":
            yield self.line(
                Severity.WARNING, "has entries but does not say that it is a Bundle; read as one", entry=False
            )
        elif bundle_type not in _BUNDLE_TYPES:
            message = (
                f"has the bundle type {shown(bundle_type or 'none')!r}, which FHIR does not know; read all the same"
            )
            yield self.line(Severity.WARNING, message, entry=False)
        if any(text(link.get("relation")) == "next" for link in objects(held.get("link"))):
            total = text(held.get("total"), 12)
            message = f"is one page of a longer answer{f' ({total} in all)' if total else ''}; import its next page too"
            yield self.line(Severity.WARNING, message, entry=False)
        if not streamed:
            entries = held.get("entry")
            if entries not in (None, []) and not isinstance(entries, list):
                yield self.line(Severity.WARNING, "has one entry outside a list; read all the same", entry=False)
            for element in objects(entries):
                yield from self.element(element)
        if self.count == start:
            yield self.line(Severity.WARNING, "is a bundle without entries; nothing to import", entry=False)

    def _array(self, cursor: JsonText, *, bundle: bool, kept: list[Any] | None = None) -> Iterator[Read]:
        cursor.take("[")
        while (mark := cursor.peek()) != "]":
            if not mark:
                raise cursor.error("the list is not closed: the file is cut off", end_of_file=True)
            try:
                element = cursor.value()
            except BrokenJsonError as problem:
                self.count += 1
                yield self.line(Severity.REFUSED, _broken(problem))
                if not cursor.skip():
                    if not cursor.peek():
                        raise cursor.error("nothing after this entry can be read", end_of_file=True) from problem
                    continue
            else:
                if kept is not None and not (isinstance(element, dict) and _ENTRY_KEYS & element.keys()):
                    kept.append(element)
                elif bundle:
                    yield from self.element(element)
                else:
                    yield from self.entry(element, "")
            if cursor.peek() == ",":
                cursor.take(",")
            elif cursor.peek() != "]":
                cursor.take("]")
        cursor.take("]")

    def element(self, element: Any, depth: int = 0) -> Iterator[Read]:
        """One element of Bundle.entry."""
        if not isinstance(element, dict):
            self.count += 1
            yield self.line(Severity.REFUSED, "is not an object; an entry looks like {“resource”: {…}}")
            return
        resource = element.get("resource")
        request = obj(element.get("request"))
        if resource is None:
            self.count += 1
            target = text(request.get("url"), 200)
            if text(request.get("method")).upper() == "DELETE":
                message = "asks to delete; deletions are not followed, mark the thing as entered in error by hand"
                yield self.line(Severity.WARNING, message, target)
            elif "resourceType" in element:
                self.count -= 1
                yield from self.entry(element, "", depth)
            elif "response" in element:
                yield self.line(Severity.WARNING, "is a server's answer without a resource; skipped")
            else:
                yield self.line(Severity.REFUSED, "has no resource; ask the source for the complete bundle", target)
            return
        url = text(request.get("url"), 400)
        if isinstance(resource, dict) and not resource.get("id") and text(request.get("method")).upper() == "PUT":
            kind, _, rest = url.partition("/")
            if kind == resource.get("resourceType") and rest and "?" not in rest:
                resource["id"] = rest.partition("/")[0]
        yield from self.entry(resource, text(element.get("fullUrl"), 400), depth)

    def entry(self, resource: Any, full_url: str, depth: int = 0) -> Iterator[Read]:
        """One resource, or the entries of a bundle inside a bundle."""
        self.count += 1
        if not isinstance(resource, dict):
            yield self.line(Severity.REFUSED, "is not a FHIR resource; a resource is an object in { }")
            return
        kind = resource.get("resourceType")
        if kind in (None, ""):
            yield self.line(Severity.REFUSED, "has no resourceType; it cannot be told what it is")
            return
        if not isinstance(kind, str) or not _TYPE_NAME.fullmatch(kind):
            yield self.line(Severity.REFUSED, f"has the resourceType {shown(kind)!r}, which cannot be one")
            return
        given = resource.get("id")
        if given is not None and not isinstance(given, str):
            if text(given):
                resource["id"] = text(given)
                yield self.line(Severity.WARNING, "has an id that is not a text; read as one", f"{kind}/{text(given)}")
            else:
                del resource["id"]
                yield self.line(Severity.WARNING, "has an id that cannot be read; taken as having none", kind)
        if isinstance(given, str) and len(given) > 200:
            del resource["id"]
            yield self.line(Severity.WARNING, "has an id of more than 200 characters; taken as having none", kind)
        if kind == "Bundle":
            yield from self._nested(resource, depth)
            return
        name = f"{kind}/{resource['id']}" if resource.get("id") else kind
        if kind == "OperationOutcome":
            issue = next((text(i.get("diagnostics"), 200) for i in objects(resource.get("issue"))), "")
            yield self.line(Severity.WARNING, f"is a message of the server: {issue or 'no text'}; skipped", name)
            return
        if kind not in KNOWN:
            message = f"{shown(kind)!r} is not a FHIR resource type; kept as it is, correct the type in the source"
            yield self.line(Severity.WARNING, message, name)
        yield Entry(self.name, self.count, resource, full_url)

    def _nested(self, resource: JsonObject, depth: int) -> Iterator[Read]:
        if depth >= _NESTED_DEPTH:
            yield self.line(Severity.REFUSED, f"lies more than {_NESTED_DEPTH} bundles deep; import it by itself")
            return
        for element in objects(resource.get("entry")):
            yield from self.element(element, depth + 1)


def _broken(problem: BrokenJsonError) -> str:
    if problem.end_of_file:
        return f"is cut off: {problem.reason} (line {problem.line}, column {problem.column}); ask for the file again"
    return f"is not valid JSON: {problem.reason} (line {problem.line}, column {problem.column}); skipped"
