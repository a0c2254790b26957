"""Reaching into a resource that may not be what it says: every function takes anything and never raises.

R4 is the reference; DSTU2, STU3 and R5 spellings are understood where they only differ in shape.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from patients.fhir.rules.codes.systems import system_of
from patients.fhir.rules.report import JsonObject

_LONGEST = 4000


def text(value: Any, limit: int = _LONGEST) -> str:
    """A string, trimmed; numbers are spelled out; anything else is empty."""
    if isinstance(value, str):
        return value.strip()[:limit]
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return ""
    try:
        return str(value)
    except ValueError:  # an integer beyond the digits Python prints
        return ""


def items(value: Any) -> list[Any]:
    """A list of what is there: a lone value counts as a list of one, null as none."""
    if isinstance(value, list):
        return [item for item in value if item is not None]
    return [] if value is None else [value]


def objects(value: Any) -> list[JsonObject]:
    """The objects among ``items``."""
    return [item for item in items(value) if isinstance(item, dict)]


def obj(value: Any) -> JsonObject:
    """The first object, or an empty one."""
    return next(iter(objects(value)), {})


def texts(value: Any) -> list[str]:
    """The non-empty strings among ``items``."""
    return [found for found in (text(item) for item in items(value)) if found]


def number(value: Any) -> Decimal | None:
    """A finite number, also when written as a string ("7,5" and "7.5"); None otherwise."""
    if isinstance(value, bool):
        return None
    spelled = text(value).replace(",", ".") if isinstance(value, str) else text(value)
    try:
        found = Decimal(spelled)
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found.adjusted()) < 30 else None


def truth(value: Any) -> bool | None:
    """True or false, also as a string; None otherwise."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(text(value).lower())


@dataclass(frozen=True, slots=True)
class Coding:
    """One code; ``system`` is a short name of ``codes.systems`` or the URI as it came."""

    system: str
    code: str
    display: str = ""


@dataclass(frozen=True, slots=True)
class Concept:
    """A CodeableConcept: its codes and its text, either may be missing."""

    codings: tuple[Coding, ...] = ()
    text: str = ""

    def __bool__(self) -> bool:
        return bool(self.codings or self.text)

    @property
    def label(self) -> str:
        """What a person reads: the text, else a display, else a code."""
        return self.text or next((c.display for c in self.codings if c.display), "") or self.code()

    @property
    def words(self) -> str:
        """All text of it in lower case, for the search of last resort."""
        return " | ".join(dict.fromkeys([self.text, *(c.display for c in self.codings)])).lower()

    def code(self, system: str = "") -> str:
        """The first code of that system (of any, when none is asked)."""
        return next((c.code for c in self.codings if c.code and system in ("", c.system)), "")

    def codes(self, *systems: str) -> list[str]:
        """All codes of these systems."""
        return [c.code for c in self.codings if c.code and c.system in systems]


def coding(value: Any) -> Coding | None:
    """A Coding, or a bare code string."""
    if isinstance(value, dict):
        found = Coding(system_of(text(value.get("system"))), text(value.get("code"), 200), text(value.get("display")))
        return found if found.code or found.display else None
    return Coding("", text(value, 200)) if text(value) else None


def concept(value: Any) -> Concept:
    """A CodeableConcept, CodeableReference, Coding, list of them (joined), or plain string."""
    if isinstance(value, list):
        parts = [concept(item) for item in value]
        return Concept(
            tuple(c for part in parts for c in part.codings), next((part.text for part in parts if part.text), "")
        )
    if not isinstance(value, dict):
        return Concept((), text(value))
    if "concept" in value:
        return concept(value["concept"])
    if "coding" not in value and "code" in value:
        one = coding(value)
        return Concept((one,) if one else (), text(value.get("text")))
    return Concept(tuple(c for c in map(coding, items(value.get("coding"))) if c), text(value.get("text")))


def status(value: Any) -> str:
    """A status code in lower case: from a plain string (R4 codes, DSTU2) or a CodeableConcept."""
    if isinstance(value, str):
        return value.strip().lower()
    found = concept(value)
    return (found.code() or found.text).lower()


def choice(resource: JsonObject, name: str) -> tuple[str, Any]:
    """A choice element: ``("Quantity", {...})`` for ``valueQuantity``; ``("", …)`` for a bare name or nothing."""
    for key, value in resource.items():
        if isinstance(key, str) and key.startswith(name) and value is not None:
            kind = key[len(name) :]
            if kind[:1].isupper():
                return kind, value
    return "", resource.get(name)


def extensions(resource: Any, *endings: str) -> Iterator[JsonObject]:
    """The extensions whose URL ends with one of these."""
    for extension in objects(obj(resource).get("extension")):
        if text(extension.get("url")).rstrip("/").endswith(endings):
            yield extension


def extension_value(resource: Any, *endings: str) -> Any:
    """The value of the first such extension, or None."""
    return next((choice(extension, "value")[1] for extension in extensions(resource, *endings)), None)


def profiles(resource: JsonObject) -> str:
    """The declared profiles as one lower-case string."""
    return " ".join(texts(obj(resource.get("meta")).get("profile"))).lower()
