"""Walks the code: shapes that every slice keeps."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import models

BASE = Path(__file__).resolve().parents[2]
APPS = ("careteam", "patients", "tumorboard")
# Tables without history: drafts are purged at signing, the rest are not clinical or have their own trail.
UNTRACKED = {
    "GoalsDraft",
    "PrivateNote",
    "ProjectorSession",
    "ExternalCenter",
    "ImportRun",
    "ImportLine",
    "GuidanceRaised",
    "MinutesPrint",
    "LetterPrint",
    "Invitation",
    "OpinionDraft",
    "ReferralDraft",
    "DecisionDraft",
}


def _modules(*endings: str) -> Iterator[ModuleType]:
    for app in APPS:
        package = importlib.import_module(app)
        for info in pkgutil.walk_packages(package.__path__, f"{app}."):
            parts = info.name.split(".")
            if any(part in endings for part in parts[2:]) and "migrations" not in parts and "management" not in parts:
                yield importlib.import_module(info.name)


def _public_functions(module: ModuleType) -> Iterator[tuple[str, Any]]:
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if not name.startswith("_") and function.__module__ == module.__name__:
            yield f"{module.__name__}.{name}", function


def test_transition_tables_are_total() -> None:
    """Every state of a machine has a row, and every target is a state of the same machine."""
    tables = 0
    for module in _modules("rules"):
        for name, table in vars(module).items():
            if not name.endswith("TRANSITIONS") or not isinstance(table, dict) or not table:
                continue
            states = type(next(iter(table)))
            assert set(table) == set(states), f"{module.__name__}.{name}"
            assert all(target in set(states) for targets in table.values() for target in targets)
            tables += 1
    assert tables >= 12


def test_rules_are_pure() -> None:
    """rules.py knows no ORM row, no clock and no settings."""
    for module in _modules("rules"):
        source = inspect.getsource(module)
        tree = ast.parse(source)
        imported = {
            name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names])
        }
        bad = [
            n
            for n in imported
            if n.startswith(("django.conf", "django.utils.timezone")) or (n.startswith(APPS) and n.endswith(".models"))
        ]
        assert bad == [], module.__name__


def test_commands_take_by_or_now_by_keyword() -> None:
    """A public command names who acts and when; neither can be forgotten or swapped."""
    wrong = []
    for module in _modules("commands"):
        for name, function in _public_functions(module):
            parameters = inspect.signature(function).parameters
            if "now" not in parameters:
                continue
            if parameters["now"].kind != inspect.Parameter.KEYWORD_ONLY:
                wrong.append(name)
            if "by" in parameters and parameters["by"].kind != inspect.Parameter.KEYWORD_ONLY:
                wrong.append(name)
    assert wrong == []


def test_clinical_tables_have_history() -> None:
    missing = []
    for app in ("patients", "tumorboard"):
        for model in apps.get_app_config(app).get_models():
            if model.__name__.endswith("Event") and hasattr(model, "pgh_tracked_model"):
                continue
            if model.__name__ not in UNTRACKED and not hasattr(model, "events"):
                missing.append(model.__name__)
    assert missing == []


def test_tables_have_no_default_ordering_and_no_save_override() -> None:
    for app in APPS:
        for model in apps.get_app_config(app).get_models():
            assert not model._meta.ordering, model
            if model.__module__.startswith(APPS):
                assert model.save == models.Model.save or "base_user" in model.save.__module__, model


def test_every_clinical_queryset_can_be_scoped() -> None:
    missing = [
        model.__name__
        for app in ("patients", "tumorboard")
        for model in apps.get_app_config(app).get_models()
        if any(field.name == "patient" for field in model._meta.fields)
        and not hasattr(model, "pgh_tracked_model")
        and model.__name__ not in {"PatientIdentifier", "NextStep"}
        and not hasattr(model._default_manager.all(), "visible_to")
    ]
    assert missing == []


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_templates_hold_no_inline_script_or_style() -> None:
    """The content security policy would refuse them; the page would be silently broken."""
    bad = []
    for path in (BASE / "templates").rglob("*.html"):
        if {"pdf", "paper", "sheet", "drawing"} & set(path.stem.split("_")):
            continue  # for WeasyPrint; `_drawing` writes its style for paper only
        text = path.read_text()
        patterns = (" style=", "<style", "hx-on", "javascript:", "onclick=", "js:")
        bad += [(path.relative_to(BASE).as_posix(), pattern) for pattern in patterns if pattern in text]
    assert bad == []


def test_test_files_mirror_no_skips() -> None:
    """A test that is skipped or expected to fail needs a reason and an end date; there is none now."""
    words = ("mark." + "skip", "mark." + "xfail", "skip" + "if", "pytest." + "skip")
    bad = [
        path.relative_to(BASE).as_posix()
        for path in (BASE / "tests").rglob("*.py")
        if any(word in path.read_text() for word in words)
    ]
    assert bad == []


def test_workflow_page_is_up_to_date_and_complete() -> None:
    from careteam.management.workflow import MACHINES, document

    assert (BASE / "docs" / "workflow.md").read_text() == document(), "Run: manage.py workflow_docs"
    drawn = [table for _, _, table in MACHINES]
    missing = [
        f"{module.__name__}.{name}"
        for module in _modules("rules")
        for name, table in vars(module).items()
        if name.endswith("TRANSITIONS") and table not in drawn
    ]
    assert missing == []


def test_every_scheduled_task_exists() -> None:
    """Beat rings by name: a bell without a task would be a reminder that never comes."""
    from careteam.celery import app

    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert scheduled - set(app.tasks) == set()
