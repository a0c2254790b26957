import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from careteam.people.models import Team
from patients.fhir.commands import import_sources, start_run, waiting_runs, work_off
from patients.fhir.commands.runs import LiveProgress
from patients.fhir.models import ImportRun
from patients.record.models import Patient
from tests import factories
from tests.patients.fhir import bundles

NOW = factories.NOW


ROWS = (
    "12 Administration, 1 Admission, 1 Allergy, 1 Comorbidity, 1 Diagnosis, 1 ImagingStudy, 4 Measurement, "
    "1 Medication, 1 Metastasis, 1 PatientContact, 1 Specimen, 4 TreatmentLine"
)
CUT_OFF = "is cut off: the file ends where a value should stand (line 1, column 35); ask for the file again"


def import_fhir(*paths: Path, **options: Any) -> str:
    out = StringIO()
    call_command("import_fhir", *map(str, paths), stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    bundles.write(tmp_path / "net.json", bundles.bundle(*bundles.net_history()))
    bundles.write(tmp_path / "broken.json", '{"resourceType": "Patient", "id": ')
    return tmp_path


@pytest.mark.django_db
def test_command_prints_counts_and_reasons(folder: Path) -> None:
    team = factories.team()
    assert import_fhir(folder, team=team.slug).splitlines() == [
        "Imported: 26 entries from 2 files.",
        "  patients   1 touched, 1 of them new (under review)",
        "  created    25 new, now in the record",
        "  updated    0 changed in the source, brought up to date",
        "  unchanged  0 as before",
        "  unmapped   1 kept as they are: no place in the record yet",
        "  refused    1 refused, see below",
        f"  rows       {ROWS}",
        "",
        "Refused:",
        f"  broken.json entry 1 · Refused: {CUT_OFF}",
        "",
        "Kept, not mapped:",
        "      1 × Immunization: Influenza: there is no place for it yet",
    ]
    run = ImportRun.objects.get()
    assert (run.status, run.created, run.lines.count()) == ("done", 25, 2)


@pytest.mark.django_db
def test_command_as_json_has_the_five_counts_and_lines(folder: Path) -> None:
    team = factories.team()
    first = json.loads(import_fhir(folder, team=team.slug, json=True))
    assert list(first) == ["created", "updated", "unchanged", "unmapped", "refused", "lines"]
    assert [line["severity"] for line in first["lines"]] == ["refused", "unmapped"]
    second = json.loads(import_fhir(folder, team=team.slug, json=True))
    assert {kind: second[kind] for kind in list(second)[:5]} == {
        "created": 0, "updated": 0, "unchanged": 26, "unmapped": 0, "refused": 1,
    }  # fmt: skip


@pytest.mark.django_db
def test_dry_run_of_the_command_leaves_no_row(folder: Path) -> None:
    team = factories.team()
    assert import_fhir(folder, team=team.slug, dry_run=True).startswith("Tried out (nothing was changed): 26 entries")
    assert Patient.objects.count() == ImportRun.objects.count() == 0


@pytest.mark.django_db
def test_command_fails_only_when_nothing_could_be_read(folder: Path) -> None:
    team = factories.team()
    with pytest.raises(CommandError, match="Nothing could be read"):
        import_fhir(folder / "broken.json", team=team.slug)
    with pytest.raises(CommandError, match="Nothing could be read"):
        import_fhir(folder / "nowhere", team=team.slug)


@pytest.mark.django_db
def test_command_names_the_teams_there_are(folder: Path) -> None:
    factories.team("north")
    with pytest.raises(CommandError, match=r"There is no team “net”\. Teams: north\."):
        import_fhir(folder, team="net")


@pytest.mark.django_db
def test_namespace_with_spaces_is_refused(folder: Path) -> None:
    with pytest.raises(CommandError, match="Name the source with letters"):
        import_fhir(folder, team=factories.team().slug, namespace="a b")


@pytest.mark.django_db
def test_export_command_names_what_is_missing() -> None:
    with pytest.raises(CommandError, match="There is no patient 1"):
        call_command("export_fhir", patient=1)
    with pytest.raises(CommandError, match="There is no team"):
        call_command("export_fhir", team="nowhere")


@pytest.mark.django_db(transaction=True)
def test_progress_is_seen_by_others_while_the_import_runs(folder: Path) -> None:
    team = factories.team()
    run = start_run(team=team, by=None, now=NOW, namespace="default", names=["net.json"])
    other = connection.copy()
    seen: list[tuple[str, int, int]] = []

    def look() -> tuple[str, int, int]:
        with other.cursor() as cursor:
            cursor.execute("SELECT phase, done, total FROM patients_importrun WHERE id = %s", [run.pk])
            found: tuple[str, int, int] = cursor.fetchone()
            return found

    try:
        with LiveProgress(run.pk) as live:

            def show(phase: str, done: int, total: int) -> None:
                live.show(phase, done, total)
                seen.append(look())

            import_sources([folder], team=team, by=None, now=NOW, dry_run=True, progress=show)
    finally:
        other.close()
    assert [phase for phase, _done, _total in seen] == [
        "Reading broken.json",
        "Reading net.json",
        "Writing the record",
    ]
    assert seen[-1][1:] == (26, 26)


@pytest.mark.django_db(transaction=True)
def test_run_left_behind_is_taken_up_again(folder: Path, settings: Any) -> None:
    settings.PRIVATE_ROOT = folder / "private"
    stored = folder / "private" / "imports" / "7"
    stored.mkdir(parents=True)
    bundles.write(stored / "0000.json", bundles.bundle(*bundles.net_history()))
    run = start_run(team=factories.team(), by=None, now=NOW, namespace="default", names=["net.json"])
    ImportRun.objects.update(folder="7", alive_at=NOW.replace(year=2020))
    assert waiting_runs(now=NOW) == [run.pk]
    assert work_off(run.pk, now=NOW) is True
    assert waiting_runs(now=NOW) == []
    run.refresh_from_db()
    assert (run.status, run.created) == ("done", 25)


@pytest.mark.django_db
def test_run_of_a_killed_command_is_given_up(folder: Path) -> None:
    from patients.fhir.commands import ENDED_EARLY, give_up_lost

    run = start_run(team=factories.team(), by=None, now=NOW, namespace="default", names=["net.json"])
    assert give_up_lost(now=NOW.replace(year=2020)) == 0
    assert give_up_lost(now=NOW.replace(year=2099)) == 1
    run.refresh_from_db()
    assert (run.status, run.error) == ("failed", ENDED_EARLY)


@pytest.mark.django_db(transaction=True)
def test_two_imports_into_one_team_do_not_meet(folder: Path, settings: Any) -> None:
    settings.PRIVATE_ROOT = folder / "private"
    (folder / "private" / "imports" / "1").mkdir(parents=True)
    bundles.write(folder / "private" / "imports" / "1" / "0000.json", bundles.patient())
    team: Team = factories.team()
    run = start_run(team=team, by=None, now=NOW, namespace="default", names=["net.json"])
    ImportRun.objects.update(folder="1", status="queued")
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [7_301_620, team.pk])
        assert work_off(run.pk, now=NOW) is False
        run.refresh_from_db()
        assert (run.status, run.phase) == ("queued", "Waiting: another import of the team is running")
    finally:
        other.close()
    assert work_off(run.pk, now=NOW) is True
