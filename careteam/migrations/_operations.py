"""Changing many tables at once.

Django renders the whole model graph anew after each operation; with history tables that made a first `migrate` take two
minutes. One operation that creates all tables of an app and then their triggers takes a second, and so does one that
holds everything a later migration changes.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import AddConstraint, AddField, AddIndex, CreateModel, RunPython
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState, StateApps
from django.db.migrations.utils import resolve_relation

Key = tuple[str, str]  # app and model, in small letters


class AppsWhenRead:
    """The models of a state, rendered when somebody reads them: the executor asks every state for its `apps`, and most
    migrations go by without one."""

    def __init__(self, models: dict[Key, ModelState], real_apps: set[str]) -> None:
        self._models, self._real_apps = models, real_apps
        self._rendered: StateApps | None = None

    def clone(self) -> "AppsWhenRead | StateApps":
        if self._rendered is not None:
            return self._rendered.clone()
        return AppsWhenRead({key: model.clone() for key, model in self._models.items()}, self._real_apps)

    def __getattr__(self, name: str) -> Any:
        if self._rendered is None:
            self._rendered = StateApps(list(self._real_apps), self._models)
        return getattr(self._rendered, name)


class CreateTables(Operation):
    """Creates the models in the given order (a model after those it points to), then the triggers they carry."""

    reversible = True

    def __init__(self, models: list[CreateModel]) -> None:
        self.models = models

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return (type(self).__name__, [], {"models": self.models})

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        state.__dict__.pop("apps", None)  # rendered once, when it is next needed
        for model in self.models:
            model.state_forwards(app_label, state)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for operation in self.models:
            operation.database_forwards(app_label, schema_editor, from_state, to_state)
        for operation in self.models:
            model = to_state.apps.get_model(app_label, operation.name)
            for trigger in getattr(model._meta, "triggers", []):
                schema_editor.execute(trigger.install_sql, params=None)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for operation in reversed(self.models):
            operation.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return f"Create {len(self.models)} tables with their triggers"


def _around(state: ProjectState, keys: set[Key]) -> ProjectState:
    """A state with these models and what they point to, directly or not: enough to change their tables."""
    found: dict[Key, ModelState] = {}
    waiting = [key for key in keys if key in state.models]
    while waiting:
        key = waiting.pop()
        if key in found:
            continue
        found[key] = model = state.models[key]
        pointed = [field.remote_field for field in model.fields.values() if field.remote_field]
        ends = [end for remote in pointed for end in (remote.model, getattr(remote, "through", None)) if end]
        bases = [base for base in model.bases if isinstance(base, str)]
        waiting += [resolve_relation(end, *key) for end in (*ends, *bases)]
    return ProjectState({key: model.clone() for key, model in found.items()}, state.real_apps)


class Together(Operation):
    """What `makemigrations` wrote for one migration, as one operation: the models it touches are rendered once, after
    the last of them. Made for additions: no two of them may touch the same column, and none the key of a table."""

    reversible = True

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.operations = list(operations)
        self.created = {op.name_lower for op in self.operations if isinstance(op, CreateModel)}

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return (type(self).__name__, [self.operations], {})

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        state.__dict__.pop("apps", None)
        for operation in self.operations:
            operation.state_forwards(app_label, state)
        state.__dict__["apps"] = AppsWhenRead(state.models, state.real_apps)

    def _touched(self, app_label: str) -> set[Key]:
        names = {getattr(op, "model_name", None) or getattr(op, "name", None) for op in self.operations}
        return {(app_label, name.lower()) for name in names if name}

    def _is_of_new_table(self, operation: Operation) -> bool:
        return getattr(operation, "model_name", "").lower() in self.created

    def _on_the_database(self) -> Iterator[Operation]:
        """A table is created from the state at the end: its later columns, indexes and constraints come with it."""
        for operation in self.operations:
            comes_with = isinstance(operation, AddField | AddIndex | AddConstraint)
            if not (comes_with and self._is_of_new_table(operation)):
                yield operation

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        touched = self._touched(app_label)
        before, after = _around(from_state, touched), _around(to_state, touched)
        for operation in self._on_the_database():
            states = (from_state, to_state) if isinstance(operation, RunPython) else (before, after)
            operation.database_forwards(app_label, schema_editor, *states)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for operation in reversed(list(self._on_the_database())):
            if not self._is_of_new_table(operation):  # triggers go with their table
                operation.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return f"{len(self.operations)} changes at once"
