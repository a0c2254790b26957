"""Example data that no one here wrote, read from beside the checkout (or FHIR_EXAMPLES). Where it is not there, the
bundles of these tests stand in, so that nothing is skipped."""

import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from patients.fhir.commands import import_sources
from patients.fhir.models import SourceRecord
from patients.fhir.rules.collecting import collect
from patients.record.models import Diagnosis, Measurement, Patient
from tests import factories
from tests.patients.fhir import bundles

EXAMPLES = Path(os.environ.get("FHIR_EXAMPLES") or Path(__file__).resolve().parents[4] / "shared" / "data" / "fhir")
FOLDERS = sorted(p for p in EXAMPLES.iterdir() if p.is_dir()) if EXAMPLES.is_dir() else []
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SOURCES: list[Any] = [pytest.param(folder, id=folder.name) for folder in FOLDERS] or [pytest.param(None, id="own")]


@pytest.fixture
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    found: Path | None = request.param
    if found is None:
        found = tmp_path / "own"
        found.mkdir()
        bundles.write(found / "net.json", bundles.bundle(*bundles.net_history()))
        bundles.write(found / "one.json", bundles.patient("other", id="p-2", birthDate="1970-01-01"))
    return found


@pytest.mark.django_db
@pytest.mark.parametrize("source", SOURCES, indirect=True)
def test_folder_imports_every_entry_keeps_it_and_is_unchanged_again(source: Path) -> None:
    team = factories.team()
    first = import_sources([source], team=team, by=None, now=NOW)
    assert sum(first.counts.values()) == first.read
    assert first.counts["refused"] == 0
    assert [line for line in first.lines if "could not be" in line.message] == []
    with collect([source]) as collection:
        kept = set(SourceRecord.objects.filter(team=team).values_list("content_hash", flat=True))
        assert {entry.key.content for entry in collection.used} == kept
    with CaptureQueriesContext(connection) as queries:
        second = import_sources([source], team=team, by=None, now=NOW)
    assert second.counts == Counter(unchanged=first.read)
    writes = [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert [sql.split('"')[1] for sql in writes] == ["careteam_auditevent"]


@pytest.mark.django_db
@pytest.mark.parametrize("source", SOURCES, indirect=True)
def test_folder_in_parts_gives_the_same_record(source: Path) -> None:
    """File by file, in the reverse order: references to what comes later resolve when it has come."""
    whole, parts = factories.team(), factories.team()
    files = sorted((p for p in source.rglob("*.json")), reverse=True)
    everything = files
    if len(files) > 40:  # single resources: some of them, without the patients, and then all
        files = [*[f for f in files if not f.name.startswith("Patient")][::25], source]
    elif sum(f.stat().st_size for f in files) > 5_000_000:
        everything = files = sorted(files, key=lambda f: f.stat().st_size)[:2]
    import_sources(everything, team=whole, by=None, now=NOW)
    for path in files:
        import_sources([path], team=parts, by=None, now=NOW)
    for model in (Patient, Measurement, Diagnosis):
        path = "team" if model is Patient else "patient__team"
        assert model._default_manager.filter(**{path: parts}).count() == (
            model._default_manager.filter(**{path: whole}).count()
        )
