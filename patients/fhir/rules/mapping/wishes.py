"""Wishes, advance documents, consents, shaped after PACIO Advance Directive Interoperability.

What is coded is taken over; so are two statements in words that have a place of their own. Everything else that is said
in words is for a clinician to read: a sentence about resuscitation is no code status.
"""

from patients.fhir.rules.codes import own
from patients.fhir.rules.codes.systems import LOINC
from patients.fhir.rules.facts import AgentFact, DirectiveFact, Fact, WishFact
from patients.fhir.rules.mapping.context import Context
from patients.fhir.rules.report import JsonObject
from patients.fhir.rules.values import choice, coding, concept, extension_value, obj, objects, status, text
from patients.record.rules import ContactScope
from patients.wishes.rules import CODES, DocumentKind, SaidBy, WishKind

# Read in the examples of PACIO ADI: the two that are said in words and mean one thing.
_IN_WORDS = {"75780-7": WishKind.PLACE_OF_DEATH, "75775-7": WishKind.SPIRITUAL}
_PRIMARY_AGENT = "75783-1"
_DOCUMENTS = {
    "42348-3": DocumentKind.DIRECTIVE,
    "86533-7": DocumentKind.DIRECTIVE,
    "81334-5": DocumentKind.DIRECTIVE,
}
OVER = "was ended where it was said; what holds now is asked of the patient"
FOR_A_CLINICIAN = "wishes and directives are entered by a clinician in a goals conversation; use this as its source"


def preference(resource: JsonObject, ctx: Context) -> list[Fact]:
    """An Observation of what somebody wants; nothing for what is only words."""
    since, _ = ctx.span(resource, "effective")
    _, value = choice(resource, "value")
    until = ctx.date(extension_value(resource, own.VALID_UNTIL), "valid until")
    said_by = text(extension_value(resource, own.SAID_BY))
    said_by = said_by if said_by in SaidBy.values else str(SaidBy.PATIENT)
    if isinstance(value, dict):
        found = concept(value)
        named = next((each.code for each in found.codings if each.system == own.WISH), "")
        kind, _, code = named.partition(".")
        codes = CODES.get(kind)
        words = text(value.get("text"), 2000)
        if kind in WishKind.values and (code in codes.values if codes else not code and words):
            fact = WishFact(kind=kind, code=code, words=words, since=since, until=until, said_by=said_by)
            return [fact]
        return []
    code = next((each for each in concept(resource.get("code")).codes(LOINC) if each in _IN_WORDS), "")
    if not code or not isinstance(value, str) or not value.strip():
        return []
    return [WishFact(kind=_IN_WORDS[code], code="", words=text(value, 2000), since=since, said_by=said_by)]


def is_over(resource: JsonObject, ctx: Context) -> bool:
    """Whether what somebody wanted was ended where it was said: marked so by us, or a period that is over."""
    marks = {text(each.get("url")) for each in objects(resource.get("modifierExtension"))}
    _, end = Context(ctx.today).span(resource, "effective")  # what cannot be read of it is said by `preference`
    return own.ENDED in marks or (end is not None and end.last_day <= ctx.today)


def consent(resource: JsonObject, ctx: Context) -> list[Fact]:
    """Who decides for the patient, or may be told. Alternates are named in the consent, which is kept."""
    if status(resource.get("status")) not in ("active", ""):
        ctx.warn(f"its status is “{status(resource.get('status'))}”: it does not hold")
        return []
    since = ctx.date(resource.get("dateTime"), "dateTime")
    provision = obj(resource.get("provision"))
    scopes = [each.code for raw in objects(provision.get("action")) for each in concept(raw).codings]
    scope = next((code for code in scopes if code in ContactScope.values), "")
    if not scope and text(provision.get("type")) == "deny":
        # Who is refused here is no agent. Whether they may be told nothing at all, the resource does not say.
        ctx.warn("it denies what it names: ask the patient who must not be told")
        return []
    facts: list[Fact] = []
    for number, actor in enumerate(objects(provision.get("actor"))):
        person = text(obj(actor.get("reference")).get("reference"), 300)
        is_proxy = _PRIMARY_AGENT in concept(actor.get("role")).codes(LOINC)
        if person and (is_proxy or scope):
            facts.append(AgentFact(person=person, is_proxy=is_proxy, scope=scope, since=since, part=f"actor-{number}"))
    return facts


def document(resource: JsonObject, ctx: Context) -> list[Fact]:
    """An advance document by its type. Its bytes stay in the kept resource."""
    types = concept(resource.get("type"))
    named = next((each.code for each in types.codings if each.system == own.DOCUMENT), "")
    kind = named or next((_DOCUMENTS[code] for code in types.codes(LOINC) if code in _DOCUMENTS), "")
    if kind not in DocumentKind.values:
        return []
    start, end = ctx.period(obj(resource.get("context")).get("period"), "period")
    where = ctx.name_of(resource.get("custodian")) or ctx.name_of(resource.get("authenticator"))
    return [
        DirectiveFact(
            kind=str(kind),
            title=text(resource.get("description"), 120),
            origin=where,
            signed=start,
            until=end,
            is_current=status(resource.get("status")) in ("current", ""),
        )
    ]


def plan(resource: JsonObject, ctx: Context) -> list[Fact]:
    """A personal advance care plan that comes as a document of its own. What it lists is imported by itself; the paper
    is named, so that nobody reads that there is none."""
    if not set(concept(resource.get("type")).codes(LOINC)) & _DOCUMENTS.keys() or is_our_plan(resource):
        return []
    return [
        DirectiveFact(
            kind=str(DocumentKind.DIRECTIVE),
            title=text(resource.get("title"), 120),
            origin=ctx.name_of(resource.get("custodian")),
            signed=ctx.date(resource.get("date"), "date", future=False),
            is_current=status(resource.get("status")) in ("final", "amended", ""),
            is_plan=True,
        )
    ]


def is_our_plan(resource: JsonObject) -> bool:
    """Our own list of what holds, which comes back with all that it lists."""
    named = [each for raw in objects(resource.get("category")) for each in concept(raw).codings]
    return any((each.system, each.code) == (own.DOCUMENT, own.PLAN) for each in named)


def is_consent_about_wishes(resource: JsonObject) -> bool:
    """Whether a consent is about who decides or who may be told."""
    codes = {found.code for raw in objects(resource.get("category")) if (found := coding(raw)) is not None}
    codes |= {each.code for raw in objects(resource.get("category")) for each in concept(raw).codings}
    return bool(codes & {"acd", own.TELLING_CODE})
