"""Writing fields of many rows in one statement."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, models


def save_all(rows: Sequence[models.Model], *names: str) -> None:
    """Writes the named fields of these rows of one model. One statement of a fixed text, whatever their number: values
    go as arrays, where `bulk_update` builds an expression for every row and field. Triggers fire as for any update.
    Scalar fields only; locking, versions and audit are the caller's."""
    if not rows:
        return
    meta = type(rows[0])._meta
    fields = [meta.pk, *(meta.get_field(name) for name in names)]
    quoted = [connection.ops.quote_name(field.column) for field in fields]  # type: ignore[union-attr, arg-type]
    arrays = ", ".join(f"%s::{_base_type(field)}[]" for field in fields)  # type: ignore[arg-type]
    sets = ", ".join(f"{column} = t.{column}" for column in quoted[1:])
    table = connection.ops.quote_name(meta.db_table)
    statement = (
        f"UPDATE {table} AS r SET {sets} FROM unnest({arrays}) AS t({', '.join(quoted)}) "  # noqa: S608
        f"WHERE r.{quoted[0]} = t.{quoted[0]}"
    )
    values = [
        [field.get_db_prep_save(getattr(row, field.attname), connection) for row in rows]  # type: ignore[union-attr]
        for field in fields
    ]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _base_type(field: models.Field[object, object]) -> str:
    """The type without its length: a cast to varchar(10) would cut what is too long instead of refusing it."""
    return str(field.db_type(connection)).partition("(")[0]
