from pathlib import Path

import pytest

from patients.fhir.rules.collecting import Collection, Indexed, collect
from patients.fhir.rules.keys import content_hash, main_identifier, source_key
from patients.fhir.rules.keys import identifiers as identifiers_of
from patients.fhir.rules.persons import person
from patients.fhir.rules.references import Contained, Elsewhere, patient_of, resolve
from patients.fhir.rules.report import JsonObject
from tests.patients.fhir import bundles


def collected(tmp_path: Path, *contents: object) -> Collection:
    return collect([bundles.write(tmp_path / f"{n}.json", content) for n, content in enumerate(contents)])


def meant(tmp_path: Path, reference: object, *, full_url: str = "urn:uuid:p-1", **changes: object) -> str:
    resource = bundles.observation("718-7", 1, subject=reference, **changes)  # type: ignore[arg-type]
    content = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": full_url, "resource": bundles.patient()}, {"resource": resource}],
    }
    with collected(tmp_path, content) as collection:
        target = patient_of(collection.entries[1], resource, collection)
        if isinstance(target, Indexed):
            return target.name
        return f"elsewhere {target.resource_type}/{target.resource_id}" if isinstance(target, Elsewhere) else "nobody"


@pytest.mark.parametrize(
    "reference",
    [
        {"reference": "urn:uuid:p-1"},
        {"reference": "Patient/p-1"},
        {"reference": "Patient/p-1/_history/3"},
        {"reference": "https://server.example/fhir/Patient/p-1"},
        {"reference": f"Patient?identifier={bundles.MRN}|4711"},
        {"reference": f"Patient?identifier={bundles.MRN}%7C4711"},
        {"reference": "Patient?identifier=4711"},
        {"reference": "Patient?_id=p-1"},
        {"identifier": {"system": bundles.MRN, "value": "4711"}},
        {"type": "Patient", "identifier": {"system": bundles.MRN, "value": "4711"}},
        {"reference": {"reference": "Patient/p-1"}},
        [{"reference": "Patient/p-1"}],
        "Patient/p-1",
    ],
)
def test_reference_finds_the_patient_however_it_is_written(tmp_path: Path, reference: object) -> None:
    assert meant(tmp_path, reference) == "Patient/p-1"


def test_full_url_of_a_server_resolves_relative_references_beside_it(tmp_path: Path) -> None:
    base = "https://server.example/fhir"
    assert meant(tmp_path, {"reference": "Patient/x"}, full_url=f"{base}/Patient/x") == "elsewhere Patient/x"
    assert meant(tmp_path, {"reference": f"{base}/Patient/x"}, full_url=f"{base}/Patient/x") == "Patient/p-1"


def test_patient_is_named_by_the_encounter_when_the_resource_names_none(tmp_path: Path) -> None:
    visit = {"resourceType": "Encounter", "id": "e", "subject": {"reference": "Patient/p-1"}}
    resource = bundles.observation("718-7", 1, subject=None, encounter={"reference": "Encounter/e"})
    with collected(tmp_path, bundles.bundle(bundles.patient(), visit, resource)) as collection:
        target = patient_of(collection.entries[2], resource, collection)
        assert isinstance(target, Indexed)
        assert target.name == "Patient/p-1"


def test_circle_of_references_ends(tmp_path: Path) -> None:
    one: JsonObject = {"resourceType": "Encounter", "id": "1", "encounter": {"reference": "Encounter/2"}}
    two: JsonObject = {"resourceType": "Encounter", "id": "2", "encounter": {"reference": "Encounter/1"}}
    with collected(tmp_path, bundles.bundle(one, two)) as collection:
        assert patient_of(collection.entries[0], one, collection) is None


def test_contained_resource_is_found_by_its_mark(tmp_path: Path) -> None:
    drug = {"resourceType": "Medication", "id": "m", "code": {"text": "Everolimus"}}
    resource = bundles.observation("718-7", 1, contained=[drug])
    with collected(tmp_path, bundles.bundle(resource)) as collection:
        found = resolve({"reference": "#m"}, resource, collection.entries[0], collection)
        assert found == Contained(drug)


def test_reference_prefers_its_own_file(tmp_path: Path) -> None:
    first, second = bundles.patient("1"), bundles.patient("2")
    resource = bundles.observation("718-7", 1)
    with collected(tmp_path, bundles.bundle(first), bundles.bundle(second, resource)) as collection:
        target = patient_of(collection.entries[2], resource, collection)
        assert isinstance(target, Indexed)
        assert (target.file, target.key.identifier) == ("1.json", f"{bundles.MRN}|2")


def test_copies_of_one_resource_are_one_and_the_newest_counts(tmp_path: Path) -> None:
    old = bundles.patient(meta={"lastUpdated": "2024-01-01T00:00:00Z"}, birthDate="1958-03-13")
    new = bundles.patient(meta={"lastUpdated": "2025-01-01T00:00:00Z"})
    with collected(tmp_path, new, old) as collection:
        assert [entry.file for entry in collection.used] == ["0.json"]
        assert [line.message for line in collection.lines] == [
            "comes twice with different content; 0.json entry 1 is used (newer, or read later)"
        ]


def test_one_order_number_on_two_results_keeps_them_apart(tmp_path: Path) -> None:
    order = [{"system": "urn:orders", "value": "77"}]
    one = bundles.observation("718-7", 13, identifier=order)
    two = bundles.observation("777-3", 200, identifier=order)
    with collected(tmp_path, bundles.bundle(one, two)) as collection:
        assert len({collection.key_of(entry) for entry in collection.used}) == 2


def test_hash_ignores_what_says_nothing() -> None:
    plain = bundles.observation("718-7", 13)
    dressed = dict(reversed(plain.items())) | {
        "meta": {"versionId": "7", "lastUpdated": "2026-01-01T00:00:00Z"},
        "text": {"status": "generated", "div": "<div>13</div>"},
        "valueQuantity": dict(plain["valueQuantity"], value=13.0),
    }
    assert content_hash(dressed) == content_hash(plain)
    assert content_hash(plain | {"status": "amended"}) != content_hash(plain)
    assert content_hash(plain | {"meta": {"profile": ["x"]}}) != content_hash(plain)


def test_key_is_identifier_then_id_then_full_url_then_content() -> None:
    named = bundles.patient()
    bare: JsonObject = {"resourceType": "Basic"}
    assert source_key(named, "", "h").own == f"identifier:{bundles.MRN}|4711"
    assert source_key({"resourceType": "Basic", "id": "7"}, "", "h").own == "id:7"
    assert source_key(bare, "urn:uuid:1-2", "h").own == "id:1-2"
    assert source_key(bare, "", "h").own == "content:h"


def test_record_number_comes_before_other_identifiers_and_old_ones_last() -> None:
    resource = {
        "identifier": [
            {"system": "urn:old", "value": "0", "use": "old", "type": {"coding": [{"code": "MR"}]}},
            {"system": "urn:ssn", "value": "1", "type": {"coding": [{"code": "SS"}]}},
            {"system": "urn:mrn", "value": "2", "type": {"coding": [{"code": "MR"}]}},
            {"value": "no system"},
        ]
    }
    assert str(main_identifier(identifiers_of(resource))) == "urn:mrn|2"


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"name": [{"family": "Berg", "given": ["Ingrid"]}]}, True),  # married
        ({"birthDate": "1958-03-15"}, True),  # mistyped
        ({"birthDate": "1958"}, True),
        ({"birthDate": "1990-01-01", "name": [{"family": "Lindqvist", "given": ["Eva"]}]}, False),  # the daughter
        ({"name": [{"family": "Okafor", "given": ["Chidi"]}]}, False),
    ],
)
def test_people_agree_in_birth_and_a_name_or_in_all_names(changes: JsonObject, same: bool) -> None:
    one, other = person(bundles.patient()), person(bundles.patient(**changes))
    assert (one.agrees_with(other), other.agrees_with(one)) == (same, same)
