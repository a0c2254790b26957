"""Is it the same thing as last time? Source keys and content hashes."""

import hashlib
import json
from dataclasses import dataclass

from patients.fhir.rules.report import JsonObject
from patients.fhir.rules.values import obj, objects, text

_PASSING_USES = frozenset({"old", "temp", "secondary"})


@dataclass(frozen=True, slots=True, order=True)
class Identifier:
    """A business identifier: system and value, both given."""

    system: str
    value: str
    use: str = ""
    kind: str = ""  # v2-0203 code: MR, SS, DL, …

    def __str__(self) -> str:
        return f"{self.system}|{self.value}"


def identifiers(resource: JsonObject) -> tuple[Identifier, ...]:
    """The identifiers with system and value; without a system, the assigner or the kind stands for it."""
    found = []
    for raw in objects(resource.get("identifier")):
        kind = next((text(c.get("code"), 40) for c in objects(obj(raw.get("type")).get("coding"))), "")
        assigner = text(obj(raw.get("assigner")).get("display"), 200)
        system = text(raw.get("system"), 300) or assigner or (f"type:{kind}" if kind else "")
        value = text(raw.get("value"), 200)
        if value and system:
            found.append(Identifier(system, value, text(raw.get("use"), 20).lower(), kind.upper()))
    return tuple(dict.fromkeys(found))


def main_identifier(found: tuple[Identifier, ...]) -> Identifier | None:
    """The one that stands for the thing: a medical record number first, passing ones (old, temporary) last."""
    return min(found, key=lambda i: (i.use in _PASSING_USES, i.kind != "MR", found.index(i)), default=None)


def _canonical(value: object) -> object:
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items() if key != "text" or not _is_narrative(item)}
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)  # 70 and 70.0 are one weight
    return value


def _is_narrative(value: object) -> bool:
    return isinstance(value, dict) and "div" in value


def content_hash(resource: JsonObject) -> str:
    """SHA-256 over what the resource says: key order, narrative, meta.versionId and meta.lastUpdated do not count."""
    said = dict(resource)
    meta = {k: v for k, v in obj(resource.get("meta")).items() if k not in ("versionId", "lastUpdated", "source")}
    if meta:
        said["meta"] = meta
    else:
        said.pop("meta", None)
    spelled = json.dumps(_canonical(said), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(spelled.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SourceKey:
    """Who a resource is, within its team and namespace: identifier, else id, else content."""

    resource_type: str
    identifier: str  # "system|value", or empty
    resource_id: str  # the id, or the URL that stands for it, or empty
    content: str  # content hash

    @property
    def own(self) -> str:
        """The key under which the resource is stored when nothing else claims it."""
        if self.identifier:
            return _bounded(f"identifier:{self.identifier}")
        return _bounded(f"id:{self.resource_id}") if self.resource_id else f"content:{self.content}"

    @property
    def shared(self) -> str:
        """The key when several resources carry one identifier (a panel's order number): identifier and id."""
        return _bounded(f"identifier+id:{self.identifier}#{self.resource_id}")


def _bounded(key: str) -> str:
    """An index takes no key of any length: long ones are told apart by their hash."""
    spelled = key.encode()
    return key if len(spelled) <= 500 else f"{key[:80]}…{hashlib.sha256(spelled).hexdigest()}"


def source_key(resource: JsonObject, full_url: str, digest: str) -> SourceKey:
    """The key of a resource as it stands in a file. A bundle's fullUrl stands for a missing id."""
    chosen = main_identifier(identifiers(resource))
    resource_id = text(resource.get("id"), 200) or full_url.removeprefix("urn:uuid:")
    return SourceKey(str(resource["resourceType"]), str(chosen) if chosen else "", resource_id, digest)
