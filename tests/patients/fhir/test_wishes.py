"""Wishes, papers, goals and proxies leave as PACIO ADI resources and come back; what stands here goes first."""

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from careteam.events.commands import settle_pending
from careteam.events.models import Event
from careteam.people.models import Team
from careteam.people.rules import Role
from patients.fhir.commands import import_sources
from patients.fhir.commands.exporting import export_bundle
from patients.fhir.models import ReviewItem, SourceRecord
from patients.fhir.rules.export.shape import resource_id
from patients.goals.models import GoalsConversation, GoalsDraft
from patients.record.models import NextStep, Patient, PatientContact
from patients.wishes.commands.holding import Origin, place, take_back
from patients.wishes.models import Wish, WishDocument
from patients.wishes.queries import CONFLICT_STEP
from patients.wishes.rules import Said, WishKind
from tests import factories
from tests.patients.fhir.test_export import validated
from tests.patients.fhir.test_shared_data import EXAMPLES, NOW

pytestmark = pytest.mark.django_db
ADI = "http://hl7.org/fhir/us/pacio-adi/StructureDefinition/"
SAID = date(2026, 10, 1)
WISHES = (
    Said(WishKind.CODE_STATUS, "dnr"),
    Said(WishKind.LIMIT, "no_icu"),
    Said(WishKind.LIMIT, "other", "No more blood tests on Sundays"),
    Said(WishKind.PLACE_OF_CARE, "home"),
    Said(WishKind.PLACE_OF_DEATH, "hospice"),
    Said(WishKind.INFORMATION, "big_picture"),
    Said(WishKind.SPIRITUAL, "", "Rosary by the bed"),
)


def patient_with_wishes(team: Team) -> Patient:
    patient = factories.patient(team)
    by = factories.person(team, Role.PALLIATIVE)
    for said in WISHES:
        place(patient, said, since=SAID, origin=Origin(by, NOW))
    place(patient, Said(WishKind.ORDER, "", "In the blue folder"), since=SAID, origin=Origin(by, NOW, said_by="proxy"))
    WishDocument.objects.create(
        patient=patient,
        kind="directive",
        title="Living will",
        signed_on=date(2025, 3, 1),
        valid_until=date(2030, 3, 1),
        original_at="Notary Brandl",
    )
    PatientContact.objects.create(
        patient=patient, name="Noor Gil", relation="daughter", scope="all", is_proxy=True, consent_on=SAID
    )
    PatientContact.objects.create(patient=patient, name="Tom Gil", relation="brother", scope="none")
    talk(patient, "signed", quote="At home with my dog.", event="Graduation", event_on=date(2026, 12, 12))
    return patient


def talk(patient: Patient, status: str, **fields: Any) -> GoalsConversation:
    by = factories.person(patient.team, Role.PALLIATIVE)
    if status == "retracted":
        fields |= {"retracted_at": NOW, "retracted_by": by, "retract_reason": "Belongs to Otto Lindqvist"}
    return GoalsConversation.objects.create(
        patient=patient,
        held_on=SAID,
        status=status,
        matters=["home"],
        summary="A summary of the conversation",
        worries="A worry told in confidence",
        signed_by=by,
        signed_at=NOW,
        **fields,
    )


def exported(patient: Patient) -> list[dict[str, Any]]:
    bundle = export_bundle(patient, by=None, now=NOW)
    validated(bundle)
    return [entry["resource"] for entry in bundle["entry"]]


def write(tmp_path: Path, resources: list[dict[str, Any]], name: str = "in.json") -> Path:
    path = tmp_path / name
    entries = [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in resources]
    path.write_text(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}))
    return path


def wishes_of(team: Team) -> set[tuple[Any, ...]]:
    rows = Wish.objects.holding().filter(patient__team=team)
    return set(rows.values_list("kind", "code", "words", "since", "valid_until", "said_by"))


def test_wishes_and_proxy_come_back_in_another_team_as_they_left(tmp_path: Path) -> None:
    here, there = factories.team(), factories.team()
    patient = patient_with_wishes(here)
    path = write(tmp_path, exported(patient))
    first = import_sources([path], team=there, by=None, now=NOW)
    assert [line.message for line in first.lines if line.severity == "warning"] == []
    assert len(wishes_of(here)) == len(WISHES) + 1
    assert wishes_of(there) == wishes_of(here)
    assert set(Wish.objects.filter(patient__team=there).values_list("origin", "source")) == {
        ("imported, confirm with the patient", "fhir")
    }
    paper = WishDocument.objects.get(patient__team=there)
    assert (paper.kind, paper.title, paper.signed_on, paper.valid_until, paper.state, paper.seen_on) == (
        *("directive", "Living will", date(2025, 3, 1), date(2030, 3, 1), "current"),
        None,
    )
    contacts = PatientContact.objects.filter(patient__team=there).order_by("name")
    assert [(row.name, row.relation, row.scope, row.is_proxy, row.consent_on) for row in contacts] == [
        ("Noor Gil", "daughter", "all", True, SAID),
        ("Tom Gil", "brother", "none", False, None),
    ]
    kept = SourceRecord.objects.filter(team=there).exclude(status="mapped")
    assert set(kept.values_list("resource_type", flat=True)) == {"Goal", "Composition"}
    with CaptureQueriesContext(connection) as queries:
        second = import_sources([path], team=there, by=None, now=NOW)
    assert second.counts == Counter(unchanged=first.read)
    writes = [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert [sql.split('"')[1] for sql in writes] == ["careteam_auditevent"]


def test_the_plan_names_what_holds_and_the_goals_carry_their_dates() -> None:
    resources = exported(patient_with_wishes(factories.team()))
    goals = [one for one in resources if one["resourceType"] == "Goal"]
    assert [one["description"]["text"] for one in goals] == ["Being at home", "Graduation", "At home with my dog."]
    assert goals[1]["target"] == [{"dueDate": "2026-12-12"}]
    plan = next(one for one in resources if one["resourceType"] == "Composition")
    sections = {section["code"]["coding"][0]["code"]: len(section["entry"]) for section in plan["section"]}
    assert sections == {"81335-2": 1, "81338-6": 6, "81336-0": 5, "42348-3": 1}
    ids = {f"{one['resourceType']}/{one['id']}" for one in resources}
    assert {entry["reference"] for section in plan["section"] for entry in section["entry"]} <= ids


def test_what_was_retracted_says_nothing_but_that_and_drafts_never_leave() -> None:
    team = factories.team()
    patient = factories.patient(team)
    by = factories.person(team, Role.PALLIATIVE)
    gone = talk(patient, "retracted", quote="Words of somebody else")
    wish = place(
        patient,
        Said(WishKind.SPIRITUAL, "", "Faith of somebody else"),
        since=SAID,
        origin=Origin(by, NOW, conversation_id=gone.pk),
    )
    take_back(wish, reason="Wrong patient", by=by, now=NOW)
    GoalsDraft.objects.create(patient=patient, author=by, content={"summary": "Typed so far"}, saved_at=NOW)
    resources = exported(patient)
    states = {one["resourceType"]: one.get("lifecycleStatus", one.get("status")) for one in resources[1:]}
    assert states == {"Goal": "entered-in-error", "Observation": "entered-in-error"}
    for words in ("somebody else", "Typed so far", "Otto", "summary", "confidence"):
        assert words not in json.dumps(resources)


def test_what_was_ended_leaves_marked_and_holds_nowhere(tmp_path: Path) -> None:
    """Who got it while it held learns that it ended; nobody takes it for what holds, and the plan leaves it out."""
    here, there = factories.team(), factories.team()
    patient = factories.patient(here)
    by = factories.person(here, Role.PALLIATIVE)
    rows = [
        place(patient, Said(WishKind.LIMIT, code), since=SAID, origin=Origin(by, NOW))
        for code in ("no_icu", "no_dialysis", "no_transfusion")
    ]
    import_sources([write(tmp_path, exported(patient))], team=there, by=None, now=NOW)
    for row, reason in zip(rows, ("changed_mind", "never_said"), strict=False):
        row.ended_on, row.end_reason = date(2026, 11, 1), reason
        row.save()
    resources = exported(patient)
    found = {one["id"]: one for one in resources if one["resourceType"] == "Observation"}
    ended, never, _ = (found[resource_id("wish", row.pk)] for row in rows)
    assert ended["effectivePeriod"] == {"start": "2026-10-01", "end": "2026-11-01"}
    assert [one["valueCode"] for one in ended["modifierExtension"]] == ["changed_mind"]
    assert (never["status"], "valueCodeableConcept" in never) == ("entered-in-error", False)
    plan = next(one for one in resources if one["resourceType"] == "Composition")
    assert [len(section["entry"]) for section in plan["section"]] == [1]
    import_sources([write(tmp_path, resources)], team=there, by=None, now=NOW)
    asked = ReviewItem.objects.filter(team=there, theirs="withdrawn by the source")
    assert asked.count() == 2  # both stand there since the first import: a person decides
    fresh = factories.team()
    import_sources([write(tmp_path, resources)], team=fresh, by=None, now=NOW)
    assert [code for _, code, *_ in wishes_of(fresh)] == ["no_transfusion"]
    assert SourceRecord.objects.filter(team=fresh, kept_because__startswith="was ended where").count() == 1


def test_what_is_said_here_goes_before_what_a_file_says(tmp_path: Path) -> None:
    here, there = factories.team(), factories.team()
    resources = exported(patient_with_wishes(here))
    mrn = Patient.objects.get(team=here).mrn
    ours = factories.patient(there, mrn=mrn)
    by = factories.person(there, Role.PALLIATIVE)
    place(ours, Said(WishKind.CODE_STATUS, "full"), since=date(2026, 1, 1), origin=Origin(by, NOW))
    place(ours, Said(WishKind.PLACE_OF_DEATH, "hospice"), since=date(2026, 1, 1), origin=Origin(by, NOW))
    over = place(ours, Said(WishKind.LIMIT, "no_icu"), since=date(2026, 1, 1), origin=Origin(by, NOW))
    over.ended_on, over.end_reason = SAID, "changed_mind"
    over.save()
    PatientContact.objects.create(patient=ours, name="Ida Gil", is_proxy=True)
    path = write(tmp_path, resources)
    for _ in range(2):
        import_sources([path], team=there, by=None, now=NOW)
        assert Patient.objects.filter(team=there).count() == 1
        held = {(row.kind, row.code) for row in Wish.objects.holding().filter(patient=ours)}
        assert ("code_status", "full") in held
        assert ("limit", "no_icu") not in held
        assert ("spiritual", "") in held
        assert [row.name for row in PatientContact.objects.filter(patient=ours, is_proxy=True)] == ["Ida Gil"]
    because = set(SourceRecord.objects.filter(team=there, status="unmapped").values_list("kept_because", flat=True))
    assert {
        "here it is “Full”, said on 1 Jan 2026; ask the patient, then record it",
        "stands here already, said on 1 Jan 2026",
        "“No intensive care” was ended here on 1 Oct 2026; ask the patient, then record it",
        "names another health care agent; here it is Ida Gil: ask the patient",
    } <= because


def test_imported_contacts_that_contradict_are_asked_about(tmp_path: Path) -> None:
    here, there = factories.team(), factories.team()
    source = factories.patient(here)
    PatientContact.objects.create(patient=source, name="Tom Gil", relation="brother", scope="none", is_proxy=True)
    ours, other = factories.patient(there, mrn=source.mrn), factories.patient(there)
    path = write(tmp_path, exported(source))
    import_sources([path], team=there, by=None, now=NOW)
    (event,) = Event.objects.filter(kind="imported")
    assert event.payload["wishes"] == [ours.pk]
    settle_pending(now=NOW)
    steps = NextStep.objects.filter(source_key=CONFLICT_STEP, closed_at__isnull=True)
    assert [step.patient_id for step in steps] == [ours.pk]
    assert not NextStep.objects.filter(patient=other).exists()


def _adi(kind: str, pk: str, profile: str, /, **content: Any) -> dict[str, Any]:
    return {"resourceType": kind, "id": pk, "meta": {"profile": [ADI + profile]}, **content}


def _observation(name: str, code: str, words: str, subject: dict[str, str]) -> dict[str, Any]:
    return _adi(
        "Observation",
        name,
        "ADI-PersonalInterventionPreference",
        status="final",
        code={"coding": [{"system": "http://loinc.org", "code": code}]},
        subject=subject,
        valueString=words,
        effectiveDateTime="2016-05-18T22:33:22Z",
    )


def like_pacio() -> list[dict[str, Any]]:
    """In the shape of the published examples, for where these are not there."""
    subject = {"reference": "Patient/one"}
    role = {"coding": [{"system": "http://loinc.org", "code": "75783-1"}]}
    agent = {"reference": "RelatedPerson/agent"}
    acd = {"system": "http://terminology.hl7.org/CodeSystem/consentcategorycodes", "code": "acd"}
    living_will = {"coding": [{"system": "http://loinc.org", "code": "86533-7"}]}
    return [
        {"resourceType": "Patient", "id": "one", "name": [{"family": "Own", "given": ["Betsy"]}], "gender": "female"},
        _adi("RelatedPerson", "agent", "ADI-Participant", patient=subject, name=[{"text": "Charles Johnson"}]),
        _adi(
            "Consent",
            "consent",
            "ADI-ParticipantConsent",
            status="active",
            category=[{"coding": [acd]}],
            patient=subject,
            dateTime="2020-08-03",
            provision={"type": "permit", "actor": [{"role": role, "reference": agent}]},
        ),
        _adi("DocumentReference", "will", "ADI-DocumentReference", status="current", type=living_will, subject=subject),
        _observation("place", "75780-7", "At home, if possible.", subject),
        _observation("cpr", "75779-9", "I want my healthcare agent to decide for me.", subject),
    ]


def test_published_examples_of_advance_directives(tmp_path: Path) -> None:
    """Agents and papers have a home; of what is said in words only what cannot be misread. Nothing is a code status."""
    folder = EXAMPLES / "pacio-adi"
    source = folder if folder.is_dir() else write(tmp_path, like_pacio())
    team = factories.team()
    import_sources([source], team=team, by=None, now=NOW)
    proxies = PatientContact.objects.filter(patient__team=team, is_proxy=True)
    assert "Charles Johnson" in {row.name for row in proxies}
    assert {row.consent_on for row in proxies} == {date(2020, 8, 3)}
    assert not Wish.objects.filter(patient__team=team, kind__in=[WishKind.CODE_STATUS, WishKind.LIMIT]).exists()
    place = Wish.objects.get(patient__team=team, kind=WishKind.PLACE_OF_DEATH)
    assert (place.code, place.since) == ("", date(2016, 5, 18))
    assert "At home" in place.words
    papers = WishDocument.objects.filter(patient__team=team)
    assert {(row.kind, row.seen_on) for row in papers} == {("directive", None)}
    because = SourceRecord.objects.filter(team=team, resource_type="Observation", status="unmapped")
    assert all("clinician" in row.kept_because or "different things" in row.kept_because for row in because)
    assert because.filter(resource__code__coding__0__code="75779-9").exists()


def test_a_consent_that_denies_makes_nobody_a_proxy(tmp_path: Path) -> None:
    resources = like_pacio()
    next(one for one in resources if one["resourceType"] == "Consent")["provision"]["type"] = "deny"
    team = factories.team()
    import_sources([write(tmp_path, resources)], team=team, by=None, now=NOW)
    assert not PatientContact.objects.filter(patient__team=team, is_proxy=True).exists()
    kept = SourceRecord.objects.get(team=team, resource_type="Consent")
    assert (kept.status, "ask the patient who must not be told" in kept.kept_because) == ("unmapped", True)


def test_two_statements_of_one_day_are_left_to_a_person(tmp_path: Path) -> None:
    subject = {"reference": "Patient/one"}
    resources = [*like_pacio(), _observation("other", "75780-7", "In the mountains.", subject)]
    team = factories.team()
    import_sources([write(tmp_path, resources)], team=team, by=None, now=NOW)
    assert not Wish.objects.filter(patient__team=team).exists()
    kept = SourceRecord.objects.filter(team=team, kept_because__contains="several different things")
    assert kept.count() == 2


def test_a_plan_that_comes_alone_is_a_paper_and_beside_its_document_the_same(tmp_path: Path) -> None:
    subject = {"reference": "Patient/one"}
    kind = {"coding": [{"system": "http://loinc.org", "code": "81334-5"}]}
    plan = _adi("Composition", "plan", "ADI-PACPComposition", status="final", type=kind, subject=subject)
    plan |= {"date": "2021-03-29T14:25:34-05:00", "title": "Personal advance care plan"}
    beside = _adi("DocumentReference", "pacp", "ADI-DocumentReference", status="current", type=kind, subject=subject)
    beside |= {"description": "Personal Advance Care Plan"}
    alone, twice = factories.team(), factories.team()
    import_sources([write(tmp_path, [*like_pacio(), plan])], team=alone, by=None, now=NOW)
    import_sources([write(tmp_path, [*like_pacio(), plan, beside])], team=twice, by=None, now=NOW)
    papers = WishDocument.objects.filter(title__iexact=plan["title"])
    assert list(papers.filter(patient__team=alone).values_list("signed_on", "seen_on")) == [(date(2021, 3, 29), None)]
    assert papers.filter(patient__team=twice).count() == 1
