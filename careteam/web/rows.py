"""Rows of several tables in one query: each table as an array of JSON, made into rows of its model again.

For pages that show a little of many tables: a round trip less per table. The instances are complete but for relations
(`row.owner_id` is there, `row.owner` would ask the database).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models.functions import JSONObject

RowT = TypeVar("RowT", bound=models.Model)


def as_json(rows: models.QuerySet[Any], **more: str) -> ArraySubquery:
    """All columns of these rows as an array, in the order of the query set; `more` adds related ones by path."""
    columns = {field.attname: field.attname for field in rows.model._meta.concrete_fields}
    return ArraySubquery(rows.values_list(JSONObject(**columns, **more), flat=True))


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
