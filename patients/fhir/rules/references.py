"""Whom a reference means: in the same file, in another file of the import, or in what is already known."""

from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qs, unquote

from patients.fhir.rules.collecting import Collection, Indexed, contained_id
from patients.fhir.rules.report import JsonObject
from patients.fhir.rules.values import obj, objects, text

# Where a resource names the patient it is about, in the order of trust.
_PATIENT_FIELDS = ("subject", "patient", "individual", "beneficiary", "for", "candidate")


@dataclass(frozen=True, slots=True)
class Contained:
    """Inside the referring resource itself."""

    resource: JsonObject


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Not in the files: what is known to look it up by."""

    resource_type: str
    resource_id: str
    identifier: str  # "system|value"
    written: str


Target: TypeAlias = Indexed | Contained | Elsewhere


def resolve(reference: Any, resource: JsonObject, entry: Indexed, collection: Collection) -> Target | None:
    """What a Reference element (or a bare string, or a CodeableReference) means; None when it says nothing."""
    if isinstance(reference, dict) and isinstance(reference.get("reference"), dict):
        reference = reference["reference"]  # R5 CodeableReference
    if isinstance(reference, list):
        reference = next(iter(reference), None)
    raw = obj(reference)
    written = text(reference, 1000) if isinstance(reference, str) else text(raw.get("reference"), 1000)
    identifier = raw.get("identifier")
    kind = text(raw.get("type"), 64).rpartition("/")[2]
    if written.startswith("#"):
        return _contained(written[1:], resource) or Elsewhere(kind, "", "", written)
    logical = _identifier(identifier)
    found: Target | None = None
    if written:
        found = _written(written, entry, collection)
    if logical and (found is None or isinstance(found, Elsewhere)):
        kinds = [kind] if kind else ["Patient", "Practitioner", "Organization", "Specimen", "Encounter"]
        for candidate in kinds:
            match = _nearest(collection.by_identifier.get((candidate, logical), []), entry)
            if match:
                return match
        known = found if isinstance(found, Elsewhere) else None
        return Elsewhere(
            kind or (known.resource_type if known else ""), known.resource_id if known else "", logical, written
        )
    return found


def _identifier(value: Any) -> str:
    raw = obj(value)
    system, found = text(raw.get("system"), 300), text(raw.get("value"), 200)
    return f"{system}|{found}" if found else ""


def _contained(name: str, resource: JsonObject) -> Contained | None:
    for inner in objects(resource.get("contained")):
        if name and text(inner.get("id")).removeprefix("#") == name:
            return Contained(inner)
    return None


def _written(written: str, entry: Indexed, collection: Collection) -> Target:
    path, _, query = written.partition("?")
    if query:
        return _conditional(path, query, written, entry, collection)
    path = path.partition("#")[0].partition("|")[0].partition("/_history/")[0].rstrip("/")
    same_url = _nearest(collection.by_url.get(path, []), entry)
    if same_url:
        return same_url
    if path.startswith(("urn:uuid:", "urn:oid:")):
        bare = path.partition(":")[2].partition(":")[2]
        named = [e for (_kind, rid), found in _by_bare_id(collection, bare) if rid == bare for e in found]
        return _nearest(named, entry) or Elsewhere("", bare, "", written)
    parts = path.split("/")
    kind, resource_id = (parts[-2], parts[-1]) if len(parts) > 1 else ("", parts[-1])
    base = entry.full_url.rsplit("/", 2)[0] if entry.full_url.startswith("http") else ""
    if base and not path.startswith("http"):
        beside = _nearest(collection.by_url.get(f"{base}/{path}", []), entry)
        if beside:
            return beside
    return _nearest(collection.by_id.get((kind, resource_id), []), entry) or Elsewhere(kind, resource_id, "", written)


def _by_bare_id(collection: Collection, bare: str) -> list[tuple[tuple[str, str], list[Indexed]]]:
    kinds = (
        "Patient",
        "Practitioner",
        "Organization",
        "Encounter",
        "Condition",
        "Observation",
        "Medication",
        "Specimen",
    )
    return [((kind, bare), collection.by_id.get((kind, bare), [])) for kind in kinds]


def _conditional(kind: str, query: str, written: str, entry: Indexed, collection: Collection) -> Target:
    kind = kind.rsplit("/", 1)[-1]
    terms = parse_qs(query, keep_blank_values=False)
    for value in terms.get("identifier", []):
        token = unquote(value)
        match = _nearest(collection.by_identifier.get((kind, token), []), entry)
        if match is None and "|" not in token:  # no system given: the value alone, if only one thing has it
            named = [
                e
                for (k, i), found in collection.by_identifier.items()
                if k == kind and i.endswith(f"|{token}")
                for e in found
            ]
            match = named[0] if len({e.number for e in named}) == 1 else None
        return match or Elsewhere(kind, "", token, written)
    for value in terms.get("_id", []):
        return _nearest(collection.by_id.get((kind, value), []), entry) or Elsewhere(kind, value, "", written)
    return Elsewhere(kind, "", "", written)


def _nearest(found: list[Indexed], entry: Indexed) -> Indexed | None:
    """Of several, the one in the same file; a copy gives way to the one that is used."""
    chosen = next((e for e in found if e.file == entry.file), next(iter(found), None))
    return chosen.same_as or chosen if chosen else None


def patient_reference(resource: JsonObject) -> Any:
    """The element that names the patient, or None."""
    for name in _PATIENT_FIELDS:
        if resource.get(name):
            return resource[name]
    for participant in objects(resource.get("participant")):
        actor = participant.get("actor")
        if "Patient" in text(obj(actor).get("reference")) or text(obj(actor).get("type")) == "Patient":
            return actor
    return None


def context_reference(resource: JsonObject) -> Any:
    """The encounter, or the thing a provenance is about: the patient may be named there."""
    for name in ("encounter", "context", "target", "focus", "request"):
        if isinstance(resource.get(name), dict | list) and resource[name]:
            return resource[name]
    return None


def patient_of(entry: Indexed, resource: JsonObject, collection: Collection, depth: int = 0) -> Target | None:
    """The patient a resource is about: itself, named, or named by its encounter. None when it names none."""
    if entry.resource_type == "Patient":
        return entry
    named = patient_reference(resource)
    if named is not None:
        target = resolve(named, resource, entry, collection)
        if isinstance(target, Contained):
            name = contained_id(entry, text(target.resource.get("id")))
            return _nearest(collection.by_id.get(("Patient", name), []), entry)
        if isinstance(target, Indexed) and target.resource_type != "Patient":
            return None if depth > 2 else patient_of(target, collection.load(target), collection, depth + 1)
        return target
    around = resolve(context_reference(resource), resource, entry, collection)
    if isinstance(around, Indexed) and around is not entry and depth < 3:
        return patient_of(around, collection.load(around), collection, depth + 1)
    return None
