"""The quick registry of triggers knows what the library's own would, and refuses the same."""

import pgtrigger
import pytest
from pgtrigger import registry

from careteam.audit.models import AuditSeal
from careteam.audit.registry import NotedRegistry


def trigger(name: str) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(name=name, when=pgtrigger.Before, operation=pgtrigger.Delete, func="RETURN OLD;")


def test_what_is_noted_is_what_reading_all_of_it_gives() -> None:
    known = registry._registry
    assert isinstance(known, NotedRegistry)
    assert len(known) > 300
    assert known.by_db_table == {(model._meta.db_table, each.name): each for model, each in known.values()}
    assert known.pg_function_names == {each.get_pgid(model) for model, each in known.values()}


def test_a_name_that_is_taken_is_refused_and_free_again_once_it_left() -> None:
    first, second = trigger("only_here"), trigger("only_here")
    first.register(AuditSeal)
    try:
        second.func = "RETURN NULL;"
        with pytest.raises(KeyError, match="already used"):
            second.register(AuditSeal)
    finally:
        first.unregister(AuditSeal)
    second.register(AuditSeal)
    second.unregister(AuditSeal)
