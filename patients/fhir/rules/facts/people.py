"""People and those beside them: the patient, contacts, care team, providers."""

from dataclasses import dataclass

from patients.fhir.rules.dates import PartialDate
from patients.fhir.rules.keys import Identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class NameFact:
    """One name of a person."""

    use: str
    family: str
    given: str
    prefix: str = ""
    suffix: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TelecomFact:
    """Phone, e-mail or another way to reach somebody; ``system`` as in FHIR."""

    system: str
    value: str
    use: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressFact:
    """A postal address; ``written`` when it came as one text instead of parts."""

    lines: tuple[str, ...] = ()
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    use: str = ""
    written: str = ""

    def __str__(self) -> str:
        place = " ".join(part for part in (self.postal_code, self.city) if part)
        return self.written or ", ".join(part for part in (*self.lines, place, self.state, self.country) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactFact:
    """A person beside the patient: from Patient.contact or RelatedPerson."""

    name: str
    relation: str
    telecom: tuple[TelecomFact, ...] = ()
    address: str = ""
    part: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientFact:
    """A person. ``birth`` may be no more than a year; ``sex`` is FHIR's administrative gender."""

    identifiers: tuple[Identifier, ...]
    names: tuple[NameFact, ...]
    birth: PartialDate | None
    sex: str  # male, female, other, unknown
    birth_sex: str  # male, female, unknown, or empty when not stated
    telecom: tuple[TelecomFact, ...] = ()
    addresses: tuple[AddressFact, ...] = ()
    language: str = ""  # BCP 47
    interpreter: bool | None = None
    deceased: bool = False
    died: PartialDate | None = None
    contacts: tuple[ContactFact, ...] = ()
    general_practitioner: str = ""
    organization: str = ""
    active: bool = True

    @property
    def name(self) -> NameFact | None:
        """The name to show: official, then usual, then whatever is not old or maiden."""
        order = {"official": 0, "usual": 1, "": 2, "nickname": 4, "maiden": 5, "old": 6}
        return min(self.names, key=lambda n: (order.get(n.use, 3), self.names.index(n)), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CareTeamMember:
    """One member, by name and role."""

    name: str
    role: str
    reference: str
    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CareTeamFact:
    """The people of a CareTeam."""

    name: str
    members: tuple[CareTeamMember, ...]
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedPersonFact:
    """A RelatedPerson; ``agent`` when a consent names them as healthcare agent."""

    contact: ContactFact


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFact:
    """A practitioner or an organization, kept for names in references."""

    name: str
    kind: str
    telecom: tuple[TelecomFact, ...] = ()
    specialty: str = ""
    address: str = ""
