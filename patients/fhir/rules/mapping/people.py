"""Patients and the people around them."""

from dataclasses import replace
from typing import Any

from patients.fhir.rules.codes.resource_types import label_of
from patients.fhir.rules.facts import (
    AddressFact,
    CareTeamFact,
    CareTeamMember,
    ContactFact,
    Fact,
    NameFact,
    PatientFact,
    ProviderFact,
    RelatedPersonFact,
    TelecomFact,
)
from patients.fhir.rules.keys import identifiers
from patients.fhir.rules.mapping.context import Context, human_name, name_in
from patients.fhir.rules.report import JsonObject
from patients.fhir.rules.values import concept, extension_value, obj, objects, status, text, texts, truth

_SEX = {
    "male": "male",
    "m": "male",
    "female": "female",
    "f": "female",
    "other": "other",
    "o": "other",
    "d": "other",
    "unknown": "unknown",
    "u": "unknown",
    "unk": "unknown",
}


def names(value: Any) -> tuple[NameFact, ...]:
    """All names that say something."""
    found = []
    for raw in objects(value):
        name = NameFact(
            use=text(raw.get("use"), 20).lower(),
            family=" ".join(texts(raw.get("family")))[:200],
            given=" ".join(texts(raw.get("given")))[:200],
            prefix=" ".join(texts(raw.get("prefix")))[:60],
            suffix=" ".join(texts(raw.get("suffix")))[:60],
            text=text(raw.get("text"), 200),
        )
        if name.text and not (name.family or name.given):
            family, comma, given = name.text.partition(",")
            if not comma:
                given, _, family = name.text.rpartition(" ")
            name = NameFact(use=name.use, family=family.strip(), given=given.strip(), text=name.text)
        if name.family or name.given:
            found.append(name)
    return tuple(found)


def telecom(value: Any) -> tuple[TelecomFact, ...]:
    """Ways to reach somebody, the preferred first."""
    found = [raw for raw in objects(value) if text(raw.get("value"))]
    found.sort(key=lambda raw: raw["rank"] if isinstance(raw.get("rank"), int) else 99)
    return tuple(
        TelecomFact(
            system=text(raw.get("system"), 20).lower() or ("email" if "@" in text(raw.get("value")) else "phone"),
            value=text(raw.get("value"), 200),
            use=text(raw.get("use"), 20).lower(),
        )
        for raw in found
        if text(raw.get("use")).lower() != "old"
    )


def addresses(value: Any) -> tuple[AddressFact, ...]:
    """Postal addresses; a bare text counts as one line."""
    found = []
    for raw in objects(value):
        address = AddressFact(
            lines=tuple(line[:200] for line in texts(raw.get("line"))),
            city=text(raw.get("city"), 100),
            state=text(raw.get("state"), 100),
            postal_code=text(raw.get("postalCode"), 20),
            country=text(raw.get("country"), 60),
            use=text(raw.get("use"), 20).lower(),
        )
        if not (address.lines or address.city) and text(raw.get("text")):
            address = replace(address, written=text(raw.get("text"), 500))
        if str(address):
            found.append(address)
    return tuple(found)


def _relation(value: Any) -> str:
    return ", ".join(dict.fromkeys(c.label for c in map(concept, objects(value)) if c.label))[:200] or text(value, 200)


def _contact(raw: JsonObject, part: str) -> ContactFact | None:
    name = human_name(obj(raw.get("name"))) or text(raw.get("name"), 200)
    reached = telecom(raw.get("telecom"))
    if not name and not reached:
        return None
    where = next(iter(addresses(raw.get("address"))), None)
    return ContactFact(
        name=name,
        relation=_relation(raw.get("relationship")),
        telecom=reached,
        address=str(where) if where else "",
        part=part,
        active=truth(raw.get("active")) is not False,
    )


def _language(resource: JsonObject) -> tuple[str, bool | None]:
    spoken = objects(resource.get("communication"))
    spoken.sort(key=lambda raw: truth(raw.get("preferred")) is not True)
    code = next(
        (found for raw in spoken if (found := concept(raw.get("language")).code() or text(raw.get("language")))), ""
    )
    needed = extension_value(resource, "patient-interpreterRequired", "us-core-interpreter-needed")
    if isinstance(needed, dict):  # us-core: a Coding yes (373066001) or no (373067005)
        needed = {"373066001": True, "373067005": False}.get(concept(needed).code())
    return code[:35], truth(needed)


def patient(resource: JsonObject, ctx: Context) -> list[Fact]:
    """A Patient. A birth date that cannot be is left out with a warning; the person is imported."""
    birth = ctx.date(resource.get("birthDate"), "birthDate", future=False)
    died_raw = resource.get("deceasedDateTime") or resource.get("deceased")
    deceased = truth(resource.get("deceasedBoolean")) or truth(died_raw) or False
    died = (
        ctx.date(died_raw, "deceasedDateTime", future=False)
        if isinstance(died_raw, str) and truth(died_raw) is None
        else None
    )
    if birth and died and died.last_day < birth.day:
        ctx.warn(f"died ({died}) before the birth date ({birth}); the date of death is left out, correct one of them")
        died = None
        deceased = True
    if birth and not died and ctx.today.year - birth.day.year > 120 and not deceased:
        ctx.warn(f"is older than 120 years by the birth date {birth}; check it")
    found = names(resource.get("name"))
    if not found:
        ctx.warn("has no name; the identifier stands in for it, complete it")
    gender = _SEX.get(text(resource.get("gender")).lower(), "")
    if text(resource.get("gender")) and not gender:
        ctx.warn(f"gender “{text(resource.get('gender'), 30)}” is not one FHIR knows; taken as unknown")
    at_birth = extension_value(resource, "us-core-birthsex", "birthsex", "patient-birthsex")
    at_birth = at_birth if isinstance(at_birth, str) else concept(at_birth).code()
    language, interpreter = _language(resource)
    contacts = [
        contact
        for number, raw in enumerate(objects(resource.get("contact")))
        if (contact := _contact(raw, f"contact-{number}")) is not None
    ]
    links = objects(resource.get("link"))
    replaced: JsonObject = next((raw for raw in links if text(raw.get("type")) in ("replaced-by", "replace")), {})
    successor = text(obj(replaced.get("other")).get("reference"), 300)
    if successor:
        ctx.warn(f"was merged into {successor} by the source; merge the two here as well")
    return [
        PatientFact(
            identifiers=identifiers(resource),
            names=found,
            birth=birth,
            sex=gender or "unknown",
            birth_sex={"m": "male", "f": "female", "unk": "unknown"}.get(text(at_birth).lower(), ""),
            telecom=telecom(resource.get("telecom")),
            addresses=addresses(resource.get("address")),
            language=language,
            interpreter=interpreter,
            deceased=deceased or died is not None,
            died=died,
            contacts=tuple(contacts),
            general_practitioner=ctx.name_of(
                next(iter(objects(resource.get("generalPractitioner") or resource.get("careProvider"))), None)
            ),
            organization=ctx.name_of(resource.get("managingOrganization")),
            active=truth(resource.get("active")) is not False,
        )
    ]


def related_person(resource: JsonObject, ctx: Context) -> list[Fact]:
    """A RelatedPerson with a name or a phone number."""
    contact = _contact(resource, "")
    if contact is None:
        ctx.warn("has neither a name nor a way to be reached; kept as it is")
        return []
    return [RelatedPersonFact(contact=contact)]


def provider(resource: JsonObject, ctx: Context) -> list[Fact]:
    """A Practitioner, PractitionerRole or Organization."""
    name = name_in(resource) or ctx.name_of(resource.get("practitioner")) or ctx.name_of(resource.get("organization"))
    if not name:
        return []
    where = next(iter(addresses(resource.get("address"))), None)
    return [
        ProviderFact(
            name=name,
            kind=label_of(str(resource.get("resourceType"))),
            telecom=telecom(resource.get("telecom")),
            specialty=_relation(resource.get("specialty")),
            address=str(where) if where else "",
        )
    ]


def care_team(resource: JsonObject, ctx: Context) -> list[Fact]:
    """The named members of a CareTeam; the patient as a member is left out."""
    members = []
    for number, raw in enumerate(objects(resource.get("participant"))):
        member = obj(raw.get("member"))
        reference = text(member.get("reference"), 300)
        name = ctx.name_of(member)
        if name and not reference.startswith("Patient/"):
            role = concept(raw.get("role")).label[:200]
            members.append(CareTeamMember(name=name, role=role, reference=reference, part=f"participant-{number}"))
    if not members:
        return []
    name = text(resource.get("name"), 200)
    return [CareTeamFact(name=name, members=tuple(members), status=status(resource.get("status")))]
