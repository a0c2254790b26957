"""`manage.py bench`: figures with their limits, and clear words where there is none."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from careteam.cohort import faults, scale
from careteam.cohort.bench import NAMES, PAGES, Bench, Page, counted, load_result, memory_mib, percentile
from careteam.notifications.models import InboxItem
from careteam.people.models import Team
from careteam.people.rules import Role
from patients.imaging.commands import sweep
from patients.imaging.models import Reminder
from patients.record.models import NextStep, Patient
from tests.factories import team


def bench(*args: str) -> Any:
    out = StringIO()
    call_command("bench", *args, "--json", stdout=out, stderr=StringIO())
    return json.loads(out.getvalue())


def test_percentile_is_the_nearest_rank() -> None:
    values = [float(n) for n in range(20, 0, -1)]
    assert (percentile(values, 95), percentile(values, 50), percentile([7.0], 95)) == (19.0, 10.0, 7.0)


def test_load_result_compares_with_a_hundred_thousand_in_ten_minutes() -> None:
    slow, fast = load_result(835, 10), load_result(3340, 10)
    assert (slow.figure, slow.ratio, fast.ratio) == (83.5, 2.0, 0.5)


def test_memory_is_that_of_this_process() -> None:
    assert 20 < memory_mib() < 4000


@pytest.mark.django_db
def test_counted_counts_the_queries_of_the_block() -> None:
    with counted() as count:
        Team.objects.count()
        Team.objects.count()
    Team.objects.count()
    assert count == [2]


@pytest.mark.django_db
def test_bench_measures_a_page_a_fragment_and_search() -> None:
    names = ["patient_list", "panel_timeline_long", "panel_treatment", "search", "memory"]
    results = bench(*names, "--patients", "12", "--runs", "2")
    assert [one["name"] for one in results] == ["seed", *names]
    assert [one["skipped"] for one in results] == [""] * 6
    assert [one["unit"] for one in results] == ["patients/s", "ms", "ms", "ms", "ms", "MiB"]
    assert [one["limit"] for one in results[1:]] == [250, 100, 100, 150, 250]
    for one in results[1:]:
        assert one["patients"] == 12
        assert one["ratio"] == pytest.approx(one["figure"] / one["limit"], abs=0.01)
    assert [one["runs"] for one in results[1:5]] == [2, 2, 2, 2]
    assert min(one["queries"] for one in results[1:4]) > 0
    assert all(one["cpu"] > 0 for one in results[1:4])


@pytest.mark.django_db
def test_bench_fills_up_only_what_is_missing() -> None:
    bench("memory", "--patients", "5")
    assert [one["name"] for one in bench("memory", "--patients", "5")] == ["memory"]
    assert Patient.objects.filter(team__slug="net").count() == 5


@pytest.mark.django_db
def test_bench_says_when_a_page_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    bench("memory", "--patients", "1")
    gone = Page("gone", "no-such-page", Role.ONCOLOGIST)
    monkeypatch.setattr("careteam.cohort.bench.PAGES", (gone,))
    (result,) = Bench(Team.objects.get(slug="net").created_at).run(["gone"])
    assert (result.skipped, result.ratio) == ("No page is called 'no-such-page' here.", None)


@pytest.mark.django_db
def test_scale_holds_the_sweep_against_bare_sql_that_raises_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SMALL": 40, "DUE": 20, "OWNERS": 3, "RUNS": 1, "PAGES": 2}.items():
        monkeypatch.setattr(f"careteam.cohort.scale.{name}", value)
    found = {one["name"].removeprefix("sweep_scale_"): one for one in bench("sweep_scale", "--patients", "200")}
    assert list(found) == ["sql", "sweep", "raised", "worklist_10000", "worklist", "memory_10000", "memory"]
    assert found["raised"]["figure"] == 20
    assert Patient.objects.filter(team__slug="scale").count() == 200
    assert Reminder.objects.filter(raised_at__gt=timezone.now()).count() == 0, "rolled back"
    assert Reminder.objects.filter(state="open").count() > 40, "raised before, as on any day"
    for name in ("sweep", "worklist", "memory"):
        assert found[name]["ratio"] == pytest.approx(found[name]["figure"] / found[name]["limit"], rel=0.1)


@pytest.mark.django_db
def test_bare_sql_inserts_what_the_sweep_inserts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"DUE": 12, "OWNERS": 3}.items():
        monkeypatch.setattr(f"careteam.cohort.scale.{name}", value)
    now, made = timezone.now(), []
    crew = scale._team()
    scale.fill(crew, 60, now=now)
    for act in (lambda: sweep(now=now), lambda: scale.bare_sweep(crew, now=now)):
        with transaction.atomic():
            act()
            reminders = Reminder.objects.filter(step="due").values_list("study_id", "step", "due_on", "assignee_id")
            inbox = InboxItem.objects.filter(key__contains=":due:").values_list(
                "recipient_id", "key", "patient_id", "url"
            )
            made.append((sorted(reminders), sorted(inbox)))
            transaction.set_rollback(True)
    assert made[0] == made[1]
    assert len(made[0][0]) == 12


def test_storms_have_seeds_of_their_own_and_the_first_that_does_damage_ends_them(tmp_path: Path) -> None:
    with pytest.raises(faults.NoStorm, match="an image carries no tests"):
        next(faults.storms(1, base=tmp_path))
    storm = tmp_path / faults.STORM
    storm.parent.mkdir(parents=True)
    storm.write_text(
        "import os\n"
        "def test_storm():\n"
        "    assert os.environ['FAULT_KILLS'] == '9' and 'DATABASE_URL' not in os.environ\n"
        "    assert os.environ['FAULT_SEED'] != '8', 'a mail was lost'\n"
    )
    survived = []
    with pytest.raises(faults.Damage, match=r"^FAULT_SEED=8 FAULT_KILLS=9 pytest .*\n(.*\n)*.*a mail was lost"):
        survived += [storm.name for storm in faults.storms(3, seed=8, kills=9, base=tmp_path)]
    survived += [result.name for result in faults.storms(1, seed=7, kills=9, base=tmp_path)]
    assert survived == ["faults_7"]


@pytest.mark.django_db
def test_bench_reconciles_the_team_twice_in_the_memory_of_a_batch() -> None:
    bench("memory", "--patients", "8")
    NextStep.objects.filter(patient__team__slug="net").delete()
    found = {one["name"]: one for one in bench("reconcile")}
    assert list(found) == [
        "reconcile_first", "reconcile_first_mended", "reconcile", "reconcile_mended", "reconcile_memory",
    ]  # fmt: skip
    assert found["reconcile_first_mended"]["figure"] > 0
    assert found["reconcile_mended"]["figure"] == 0
    assert found["reconcile"]["unit"] == "ms/1,000"
    assert found["reconcile_memory"]["ratio"] < 1


@pytest.mark.django_db
def test_bench_names_what_it_does_not_know() -> None:
    with pytest.raises(CommandError, match=r"^Not measured here: lunch\. Known: workspace, "):
        bench("lunch")


@pytest.mark.django_db
def test_bench_refuses_outside_a_demo() -> None:
    team()
    with pytest.raises(CommandError, match="no demo database"):
        bench("memory")


def test_every_page_is_measured_once() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert {page.limit for page in PAGES} == {250, 100, 150}
