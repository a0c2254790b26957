"""Small pieces of resources."""

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from patients.fhir.rules.codes.own import BASE
from patients.fhir.rules.codes.systems import URI
from patients.fhir.rules.report import JsonObject

MCODE = "http://hl7.org/fhir/us/mcode/StructureDefinition/"
_HL7 = "http://terminology.hl7.org/CodeSystem/"
_NAMES = uuid.uuid5(uuid.NAMESPACE_URL, BASE)


def resource_id(table: str, pk: int) -> str:
    """The id of a row's resource: the same in every export."""
    return str(uuid.uuid5(_NAMES, f"{table}:{pk}"))


def patient_id(pk: int) -> str:
    """The id of a patient's resource."""
    return resource_id("patient", pk)


def start(kind: str, table: str, pk: int, profile: str = "") -> JsonObject:
    """A resource with its id, and its mCODE profile when it has one."""
    made: JsonObject = {"resourceType": kind, "id": resource_id(table, pk)}
    if profile:
        made["meta"] = {"profile": [MCODE + profile]}
    return made


def reference(kind: str, target: str, display: str = "") -> JsonObject:
    """A relative reference."""
    return {"reference": f"{kind}/{target}"} | ({"display": display} if display else {})


def coding(system: str, code: str, display: str = "") -> JsonObject:
    """A Coding; ``system`` is a short name of ``codes.systems`` or a URI."""
    return {"system": URI.get(system, system), "code": code} | ({"display": display} if display else {})


def concept(*codings: JsonObject, text: str = "") -> JsonObject:
    """A CodeableConcept; empty when there is nothing to say."""
    return ({"coding": list(codings)} if codings else {}) | ({"text": text} if text else {})


def hl7(system: str, code: str) -> JsonObject:
    """A concept of one of HL7's own code systems."""
    return concept(coding(_HL7 + system, code))


def partial(day: date | None, precision: str) -> str:
    """A date no more precise than it is known."""
    if day is None:
        return ""
    return {"year": f"{day:%Y}", "month": f"{day:%Y-%m}"}.get(precision, day.isoformat())


def instant(moment: datetime) -> str:
    """A moment with its zone, whole seconds when it has no parts of one."""
    return moment.isoformat(timespec="microseconds" if moment.microsecond else "seconds")


def number(value: Decimal) -> int | float:
    """A JSON number."""
    return int(value) if value == value.to_integral_value() else float(value)


def quantity(value: Decimal, unit: str, comparator: str = "") -> JsonObject:
    """A Quantity in UCUM."""
    made: JsonObject = {"value": number(value)}
    if comparator:
        made["comparator"] = comparator
    return made | ({"unit": unit, "system": URI["ucum"], "code": unit} if unit else {})


def filled(**elements: Any) -> JsonObject:
    """Only the elements that say something (false and 0 do)."""
    return {name.rstrip("_"): value for name, value in elements.items() if value not in (None, "", [], {}, ())}


def extension(url: str, **value: Any) -> JsonObject:
    """A simple extension."""
    return {"url": url, **value}
