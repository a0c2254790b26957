"""Rows of several tables in one query: each table as an array of JSON, made into rows of its model again.

For pages that show a little of many tables: a round trip less per table. The instances are complete but for relations
(`row.owner_id` is there, `row.owner` would ask the database).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection, models
from django.db.models.functions import JSONObject

RowT = TypeVar("RowT", bound=models.Model)


def as_json(rows: models.QuerySet[Any], **more: str) -> ArraySubquery:
    """All columns of these rows as an array, in the order of the query set; `more` adds related ones by path."""
    columns = {field.attname: field.attname for field in rows.model._meta.concrete_fields}
    return ArraySubquery(rows.values_list(JSONObject(**columns, **more), flat=True))


_ANY_KEY = -(2**62)  # no row has it: stands in the statement where the key of the row comes


class Written:
    """A query of `as_json` columns for one row, written once for a process: putting nine tables into words costs four
    times what the database needs to answer. `build` makes the query set for a primary key; its shape must not depend on
    anything else."""

    def __init__(self, build: Callable[[int], models.QuerySet[Any, Any]]) -> None:
        self._build = build

    @cached_property
    def _statement(self) -> tuple[str, tuple[Any, ...], tuple[str, ...]]:
        query = self._build(_ANY_KEY).query
        sql, params = query.sql_with_params()
        return sql, tuple(params), tuple(query.annotation_select)

    def of(self, key: int) -> dict[str, list[dict[str, Any]]]:
        """The arrays by the name of their column (one query). Raises `LookupError` where there is no such row."""
        sql, params, names = self._statement
        with connection.cursor() as cursor:
            cursor.execute(sql, [key if param == _ANY_KEY else param for param in params])
            found = cursor.fetchone()
        if found is None:
            raise LookupError(f"no row {key}")
        return {name: [json.loads(each) for each in rows] for name, rows in zip(names, found, strict=True)}


def from_json(model: type[RowT], found: Iterable[Mapping[str, Any]]) -> list[RowT]:
    """The rows of `as_json`: dates, times and decimals as the model has them."""
    fields = [(field.attname, field) for field in model._meta.concrete_fields]
    return [
        model.from_db("default", [name for name, _ in fields], [_value(field, row[name]) for name, field in fields])
        for row in found
    ]


def _value(field: models.Field[Any, Any], value: Any) -> Any:
    if isinstance(field, models.JSONField) or value is None:
        return value
    if isinstance(field, models.ForeignKey):
        return field.target_field.to_python(value)
    return field.to_python(value)
