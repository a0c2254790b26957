"""Whatever happens to a bundle on the way here, reading it raises nothing."""

import copy
import json
import tempfile
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from patients.fhir.rules.collecting import Indexed, collect
from patients.fhir.rules.lines import propose
from patients.fhir.rules.mapping import Context, map_resource
from patients.fhir.rules.reading import Source, read
from patients.fhir.rules.references import Contained, patient_of, resolve
from patients.fhir.rules.report import JsonObject
from patients.fhir.rules.rows import Sourced, rows_of
from tests.patients.fhir import bundles

TODAY = date(2026, 11, 22)
HISTORY = bundles.bundle(*bundles.net_history(), *bundles.other_kinds())
TEXT = json.dumps(HISTORY)

strange = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False),
    st.sampled_from(
        ["", " ", "9" * 400, "3024-02-31", "0200", "#", "#x", "Patient/", "urn:uuid:", "?", "|", "\ud83d\ude00"]
    ),
    st.text(max_size=8),
    st.just([]),
    st.just({}),
    st.just([None]),
    st.just([[{}]]),
    st.just({"coding": "x"}),
    st.just({"coding": [None, 3, {"code": 5}]}),
    st.just({"reference": {}}),
    st.just({"reference": 7}),
    st.just({"value": {}}),
)


MARKS = st.sampled_from(["", "{", "}", '"', ",", "[", "]", "\\", "\x00"])


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key, item in value.items():
            found += places(item, (*path, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            found += places(item, (*path, position))
    return found


ALL = places(HISTORY)


def put(bundle: Any, path: tuple[Any, ...], value: Any, *, delete: bool) -> None:
    target = bundle
    try:
        for step in path[:-1]:
            target = target[step]
        if delete:
            del target[path[-1]]
        else:
            target[path[-1]] = value
    except (KeyError, IndexError, TypeError):
        return  # an earlier mutation took the place away


def digest(path: Path) -> None:
    """Everything that is pure: read, index, resolve, map, rows, lines."""
    with collect([path]) as collection:
        facts: list[Sourced] = []
        for entry in collection.used:
            resource = collection.load(entry)
            patient_of(entry, resource, collection)

            def follow(reference: Any, entry: Indexed = entry, resource: JsonObject = resource) -> JsonObject | None:
                target = resolve(reference, resource, entry, collection)
                if isinstance(target, Contained):
                    return target.resource
                return collection.load(target) if isinstance(target, Indexed) else None

            facts += [Sourced(entry.name, fact) for fact in map_resource(resource, Context(TODAY, follow)).facts]
        rows_of(facts, zone=ZoneInfo("Europe/Berlin"), today=TODAY)
        propose([], [], today=TODAY)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ALL), strange, st.booleans()), min_size=1, max_size=8))
def test_mutated_bundle_raises_nothing(changes: list[tuple[tuple[Any, ...], Any, bool]]) -> None:
    bundle = copy.deepcopy(HISTORY)
    for path, value, delete in changes:
        put(bundle, path, value, delete=delete)
    with tempfile.TemporaryDirectory() as folder:
        digest(bundles.write(Path(folder) / "f.json", json.dumps(bundle)))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(TEXT)),
            st.integers(0, 30),
            st.sampled_from(["", "{", "}", '"', ",", "[", "]", "\\", "\x00"]),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_damaged_text_raises_nothing(cuts: list[tuple[int, int, str]]) -> None:
    text = TEXT
    for at, length, instead in cuts:
        text = text[:at] + instead + text[at + length :]
    with tempfile.TemporaryDirectory() as folder:
        for name in ("f.json", "f.ndjson"):
            digest(bundles.write(Path(folder) / name, text))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_raise_nothing(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("f.json", "f.ndjson"):
            path = Path(folder) / name
            path.write_bytes(content)
            list(read(Source(path, name)))
