import codecs
import json
from pathlib import Path

import pytest

from patients.fhir.rules.reading import Entry, Source, read, sources
from patients.fhir.rules.report import ReportLine, Severity
from tests.patients.fhir import bundles

DELETE = "asks to delete; deletions are not followed, mark the thing as entered in error by hand"


def of(path: Path) -> tuple[list[str], list[str]]:
    """Names of the entries, and the report lines as text."""
    found = list(read(Source(path, path.name)))
    entries = [item for item in found if isinstance(item, Entry)]
    lines = [item for item in found if isinstance(item, ReportLine)]
    return [f"{e.index}:{e.resource_type}/{e.resource_id}" for e in entries], [str(line) for line in lines]


def read_text(tmp_path: Path, content: object, name: str = "f.json") -> tuple[list[str], list[str]]:
    return of(bundles.write(tmp_path / name, content))


@pytest.mark.parametrize("kind", ["collection", "transaction", "batch", "searchset", "document", "history", "message"])
def test_bundle_of_every_type_gives_its_entries(tmp_path: Path, kind: str) -> None:
    found = read_text(tmp_path, bundles.bundle(bundles.patient(), bundles.condition(), kind=kind))
    assert found == (["1:Patient/p-1", "2:Condition/c-1"], [])


def test_unknown_bundle_type_is_read_with_a_warning(tmp_path: Path) -> None:
    entries, lines = read_text(tmp_path, bundles.bundle(bundles.patient(), kind="heap"))
    assert entries == ["1:Patient/p-1"]
    assert [line.partition(": ")[2] for line in lines] == [
        "has the bundle type 'heap', which FHIR does not know; read all the same"
    ]


def test_single_resource_is_one_entry(tmp_path: Path) -> None:
    assert read_text(tmp_path, bundles.patient()) == (["1:Patient/p-1"], [])


def test_list_resource_keeps_its_entries_even_when_the_type_comes_last(tmp_path: Path) -> None:
    content = {"id": "l", "entry": [{"item": {"reference": "Patient/p-1"}}], "resourceType": "List"}
    [entry] = list(read(Source(bundles.write(tmp_path / "l.json", content), "l.json")))
    assert isinstance(entry, Entry)
    assert entry.resource == content


def test_bundle_whose_type_comes_last_is_read(tmp_path: Path) -> None:
    content = {"entry": [{"resource": bundles.patient()}], "type": "collection", "resourceType": "Bundle"}
    assert read_text(tmp_path, content) == (["1:Patient/p-1"], [])


def test_ndjson_skips_only_the_broken_line(tmp_path: Path) -> None:
    lines = [json.dumps(bundles.patient()), '{"resourceType": "Patient", "id": "half', json.dumps(bundles.condition())]
    entries, report = read_text(tmp_path, "\n".join(lines), "f.ndjson")
    assert entries == ["1:Patient/p-1", "3:Condition/c-1"]
    assert [line.split("Refused: ")[0] for line in report] == ["f.ndjson entry 2 · "]


def test_broken_entry_is_skipped_by_its_brackets(tmp_path: Path) -> None:
    text = json.dumps(bundles.bundle(bundles.patient(), bundles.condition(), bundles.patient("2", id="p-2")))
    entries, report = read_text(tmp_path, text.replace('"C7A.012"', "C7A.012"))
    assert entries == ["1:Patient/p-1", "3:Patient/p-2"]
    assert len(report) == 1
    assert "entry 2 · Refused: is not valid JSON: expecting value (line 1, column" in report[0]


def test_entry_without_its_closing_bracket_does_not_hide_the_next(tmp_path: Path) -> None:
    text = json.dumps(bundles.bundle(bundles.patient(), bundles.condition(), bundles.patient("2", id="p-2")))
    broken = text.replace('"onsetDateTime": "2021-05", ', '"onsetDateTime": {"2021-05", ')
    entries, report = read_text(tmp_path, broken)
    assert entries == ["1:Patient/p-1", "3:Patient/p-2"]
    assert [line[:30] for line in report] == ["f.json entry 2 · Refused: is n"]


def test_cut_off_file_gives_what_came_before(tmp_path: Path) -> None:
    text = json.dumps(bundles.bundle(bundles.patient(), bundles.condition()))
    entries, report = read_text(tmp_path, text[:-60])
    assert entries == ["1:Patient/p-1"]
    assert "is cut off" in report[0]
    assert "ask for the file again" in report[0]


def test_trailing_comma_is_forgiven(tmp_path: Path) -> None:
    text = json.dumps(bundles.bundle(bundles.patient()))[:-2] + ",]}"
    assert read_text(tmp_path, text) == (["1:Patient/p-1"], [])


def test_nested_bundle_gives_its_entries(tmp_path: Path) -> None:
    inner = bundles.bundle(bundles.patient(), bundles.condition()) | {"id": "inner"}
    entries, report = read_text(tmp_path, bundles.bundle(inner, bundles.patient("2", id="p-2")))
    assert [e.partition(":")[2] for e in entries] == ["Patient/p-1", "Condition/c-1", "Patient/p-2"]
    assert report == []


def test_bare_list_is_read_with_a_warning(tmp_path: Path) -> None:
    entries, report = read_text(tmp_path, [bundles.patient(), bundles.condition()])
    assert entries == ["1:Patient/p-1", "2:Condition/c-1"]
    assert report == ["f.json · Warning: is a bare list of resources; read as a collection"]


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (7, "f.json entry 1 · Refused: is not an object; an entry looks like {“resource”: {…}}"),
        ({}, "f.json entry 1 · Refused: has no resource; ask the source for the complete bundle"),
        (
            {"request": {"method": "DELETE", "url": "Patient/9"}},
            f"f.json entry 1 · Patient/9 · Warning: {DELETE}",
        ),
        ({"response": {"status": "201"}}, "f.json entry 1 · Warning: is a server's answer without a resource; skipped"),
        ({"resource": [1]}, "f.json entry 1 · Refused: is not a FHIR resource; a resource is an object in { }"),
        ({"resource": {"id": "x"}}, "f.json entry 1 · Refused: has no resourceType; it cannot be told what it is"),
        (
            {"resource": {"resourceType": 5}},
            "f.json entry 1 · Refused: has the resourceType '5', which cannot be one",
        ),
        (
            {"resource": {"resourceType": "OperationOutcome", "issue": [{"diagnostics": "too many"}]}},
            "f.json entry 1 · OperationOutcome · Warning: is a message of the server: too many; skipped",
        ),
    ],
)
def test_entry_that_is_none_has_a_line_of_its_own(tmp_path: Path, entry: object, line: str) -> None:
    content = {"resourceType": "Bundle", "type": "batch", "entry": [entry, {"resource": bundles.patient()}]}
    assert read_text(tmp_path, content) == (["2:Patient/p-1"], [line])


def test_unknown_resource_type_is_kept_with_a_warning(tmp_path: Path) -> None:
    entries, report = read_text(tmp_path, {"resourceType": "Pateint", "id": "1"})
    assert entries == ["1:Pateint/1"]
    assert "'Pateint' is not a FHIR resource type" in report[0]


def test_ids_that_are_no_text_are_read(tmp_path: Path) -> None:
    entries, report = read_text(tmp_path, bundles.patient(id=42))
    assert entries == ["1:Patient/42"]
    assert report == ["f.json entry 1 · Patient/42 · Warning: has an id that is not a text; read as one"]


def test_put_names_the_missing_id(tmp_path: Path) -> None:
    resource = bundles.patient()
    del resource["id"]
    content = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{"resource": resource, "request": {"method": "PUT", "url": "Patient/77"}}],
    }
    assert read_text(tmp_path, content) == (["1:Patient/77"], [])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"  \n ", "is empty"),
        (b"<Patient xmlns='http://hl7.org/fhir'/>", "is XML or HTML"),
        (b"\x1f\x8b\x08\x00", "is a compressed archive"),
        (b"PK\x03\x04zip", "is a compressed archive"),
        (b'"hello"', "is not a FHIR resource"),
        (b"17", "is not a FHIR resource"),
        (b"hello", "is not valid JSON"),
        (b'{"resourceType": "Bundle", "type": "batch"}', "is a bundle without entries"),
    ],
)
def test_file_that_is_no_fhir_is_one_clear_line(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "f.json"
    path.write_bytes(content)
    entries, report = of(path)
    assert entries == []
    assert [words in line for line in report] == [True]


@pytest.mark.parametrize(
    ("raw", "remarks"),
    [
        (codecs.BOM_UTF8 + json.dumps(bundles.patient()).encode(), 0),
        (json.dumps(bundles.patient()).encode("utf-16"), 0),
        (json.dumps(bundles.patient()).encode("utf-16-le"), 1),
        (json.dumps(bundles.patient(), ensure_ascii=False).encode("latin-1"), 1),
    ],
)
def test_encodings_are_recognized(tmp_path: Path, raw: bytes, remarks: int) -> None:
    path = tmp_path / "f.json"
    path.write_bytes(raw)
    found = list(read(Source(path, "f.json")))
    [entry] = [item for item in found if isinstance(item, Entry)]
    assert entry.resource["name"][0]["family"] == "Ødegård"
    assert [item.severity for item in found if isinstance(item, ReportLine)] == [Severity.WARNING] * remarks


def test_folder_is_walked_in_name_order_and_names_what_it_skips(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("b.json", "a.ndjson", "sub/Ä.json", "README.md", ".hidden.json"):
        bundles.write(tmp_path / name, bundles.patient())
    found = list(sources([tmp_path]))
    assert [item.name for item in found if isinstance(item, Source)] == ["a.ndjson", "b.json", "sub/Ä.json"]
    assert [str(item) for item in found if isinstance(item, ReportLine)] == [
        "README.md · Warning: is no JSON file by its name; skipped"
    ]


def test_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    [line] = list(sources([tmp_path / "nowhere"]))
    assert isinstance(line, ReportLine)
    assert (line.severity, line.message) == (Severity.REFUSED, "does not exist; check the path")
