"""What a patient wants, the papers that say so, and who speaks for them."""

from dataclasses import dataclass

from patients.fhir.rules.dates import PartialDate


@dataclass(frozen=True, slots=True, kw_only=True)
class WishFact:
    """One wish. ``kind`` and ``code`` are those of ``patients.wishes``; ``code`` is empty for words only."""

    kind: str
    code: str
    words: str
    since: PartialDate | None
    until: PartialDate | None = None
    said_by: str = "patient"


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectiveFact:
    """A paper: its kind as in ``patients.wishes``, what it is called, where it came from. What it says is not known.
    ``is_plan``: it came as the plan itself, which may stand in the same files as a document too."""

    kind: str
    title: str
    origin: str
    signed: PartialDate | None = None
    until: PartialDate | None = None
    is_current: bool = True
    is_plan: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFact:
    """Who may decide for the patient, or be told: ``person`` is the reference to them. ``scope`` is empty where the
    consent does not speak of telling."""

    person: str
    is_proxy: bool
    scope: str = ""
    since: PartialDate | None = None
    part: str = ""
