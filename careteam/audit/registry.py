"""pgtrigger's registry reads all of itself for each trigger that joins; a thousand of ours took half of a start.

The same questions ("is this name taken on the table, this function in the schema?") are answered here from what was
noted when a trigger joined. What is refused stays the library's code.
"""

from __future__ import annotations

from typing import Any

import pgtrigger
from pgtrigger import registry

Known = tuple[Any, pgtrigger.Trigger]  # a class of Model; pgtrigger's own hints say an instance


class NotedRegistry(registry._Registry):  # noqa: SLF001  # the library offers no other place
    """A registry that keeps by name what the library's derives anew at each look."""

    def __init__(self, known: dict[str, Known]) -> None:
        self._by_table: dict[tuple[str, str | None], pgtrigger.Trigger] = {}
        self._functions: set[str] = set()
        super().__init__(known)

    @property
    def by_db_table(self) -> dict[tuple[str, str | None], pgtrigger.Trigger]:
        return self._by_table

    @property
    def pg_function_names(self) -> set[str]:
        return self._functions

    def __setitem__(self, key: str, value: Known) -> None:
        super().__setitem__(key, value)  # type: ignore[no-untyped-call]
        model, trigger = value
        self._by_table[model._meta.db_table, trigger.name] = trigger
        self._functions.add(trigger.get_pgid(model))

    def __delitem__(self, key: str) -> None:
        model, trigger = self.data[key]
        super().__delitem__(key)  # type: ignore[no-untyped-call]
        del self._by_table[model._meta.db_table, trigger.name]
        self._functions.discard(trigger.get_pgid(model))


def note_triggers() -> None:
    """Put the quick registry in place of the library's, with all that is in it. Once, before models are defined."""
    if not isinstance(registry._registry, NotedRegistry):  # noqa: SLF001
        registry._registry = NotedRegistry(registry._registry.data)  # noqa: SLF001
