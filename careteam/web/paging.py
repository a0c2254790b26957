"""Keyset paging: page 900 costs what page 1 costs, and a row that appears meanwhile shifts nothing.

The URL carries the id of one row (`after=` or `before=`) and a coded sort (`sort=-due`), never a value of the row. The
sort values are looked up again inside the same, already scoped queryset, so a forged id reveals nothing and an id that
is gone leads to the first page.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import F, Model, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.http import QueryDict

T = TypeVar("T")
U = TypeVar("U")
M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Stream:
    """A part of every band that an index holds in the wanted order, although the first of the columns after the band's
    is computed: within the part it never rises (or falls) along the others.

    `rest(value, back)` narrows the part to what can still follow (`back`: precede) a row with this value of that
    column, in a shape an index can serve.
    """

    condition: Q
    rest: Callable[[Any, bool], Q]


@dataclass(frozen=True)
class Sort:
    """One way to order a list.

    `columns` together must be unique per row (end with `id`); a leading minus turns one of them around. Unknown values
    (NULL) come last in both directions. `descending` is the direction of the first click.

    `bands`: where the first column is computed and takes few values, each of them with its condition. The list is then
    read value by value, each in the order of the other columns, which an index may serve; sorting by the computed
    column itself would compute it for every row before it shows fifty.

    `streams`: where the column after the band's is computed too. They share out the rows of a band; as many rows of
    each as the page may need are read along its index and put in order together, in one query.
    """

    key: str
    label: str
    columns: tuple[str, ...]
    descending: bool = False
    bands: tuple[tuple[Any, Q], ...] = ()
    streams: tuple[Stream, ...] = ()


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of rows and the links around it (`None`: there is no such page)."""

    rows: tuple[T, ...]
    sort: Sort
    sorts: tuple[Sort, ...]
    descending: bool
    params: QueryDict
    next_url: str | None
    previous_url: str | None

    def with_rows(self, rows: Iterable[U]) -> "Page[U]":
        """The same page with its rows turned into something else, in the same order."""
        return replace(self, rows=tuple(rows))  # type: ignore[arg-type, return-value]

    @property
    def is_first(self) -> bool:
        return self.previous_url is None


def with_params(params: QueryDict, **changes: str | None) -> str:
    """A relative URL (`?…`) with some parameters replaced (None removes one) and the place in the list forgotten."""
    query = params.copy()
    for name, value in {"after": None, "before": None, **changes}.items():
        query.pop(name, None)
        if value is not None:
            query[name] = value
    return f"?{query.urlencode()}"


def keyset_page(qs: QuerySet[M], *, sorts: Sequence[Sort], params: QueryDict, size: int = 50) -> Page[M]:
    """The page of `qs` that `params` (`sort`, `after`, `before`) ask for; the first of `sorts` is the default.

    One query on the first page, two on the others (with `bands` one for each that it has to look into), never a COUNT.
    Unknown sorts and cursors fall back to the default and the first page instead of raising. Raises ValueError for an
    empty `sorts` or a size below 1.
    """
    if not sorts or size < 1:
        raise ValueError("keyset_page needs at least one sort and a size of at least 1")
    sort, descending = _chosen(sorts, params.get("sort", ""))
    columns = [_Column.of(qs, name, flip=descending) for name in sort.columns]
    back = "before" in params
    cursor = params.get("before" if back else "after")
    anchor = _anchor(qs, columns, cursor) if cursor else None

    rows: list[M] = []
    more = False
    if anchor is not None:
        rows, more = _slice(qs, sort, columns, size, back=back, anchor=anchor)
        if back and not more and len(rows) < size:
            anchor = None  # the list has shrunk in front of us: show the whole first page
        elif not rows:
            anchor = None
    if anchor is None:
        back = False
        rows, more = _slice(qs, sort, columns, size, back=False)

    has_next = bool(rows) and (more or back)
    has_previous = bool(rows) and anchor is not None and (more or not back)
    return Page(
        rows=tuple(rows),
        sort=sort,
        sorts=tuple(sorts),
        descending=descending,
        params=params,
        next_url=with_params(params, after=str(rows[-1].pk)) if has_next else None,
        previous_url=with_params(params, before=str(rows[0].pk)) if has_previous else None,
    )


@dataclass(frozen=True)
class _Column:
    """A column in the direction of reading; `nullable` decides whether NULLs need a word in the SQL."""

    name: str
    descending: bool
    nullable: bool

    @classmethod
    def of(cls, qs: QuerySet[Any], name: str, *, flip: bool) -> "_Column":
        reverse = name.startswith("-")
        name = name.lstrip("-")
        return cls(name=name, descending=reverse != flip, nullable=_nullable(qs, name))

    def order(self, *, back: bool) -> OrderBy:
        # NULLS … is only written where NULLs can be: on other columns it would keep PostgreSQL from using the index.
        nulls: dict[str, bool] = {}
        if self.nullable:
            nulls = {"nulls_first": True} if back else {"nulls_last": True}
        return F(self.name).desc(**nulls) if self.descending != back else F(self.name).asc(**nulls)

    def same(self, value: object) -> Q:
        return Q(**{f"{self.name}__isnull": True}) if value is None else Q(**{self.name: value})

    def later(self, value: object, *, back: bool) -> Q | None:
        """Rows that come strictly later in the direction of reading; None when there cannot be any."""
        if value is None:
            return Q(**{f"{self.name}__isnull": False}) if back else None
        beyond = Q(**{f"{self.name}__{'lt' if self.descending != back else 'gt'}": value})
        return beyond | Q(**{f"{self.name}__isnull": True}) if self.nullable and not back else beyond

    def not_earlier(self, value: object, *, back: bool) -> Q | None:
        """The same including the value itself, in a shape an index can serve; None when it would not narrow."""
        if value is None or self.nullable:
            return None
        return Q(**{f"{self.name}__{'lte' if self.descending != back else 'gte'}": value})


def _chosen(sorts: Sequence[Sort], token: str) -> tuple[Sort, bool]:
    by_key = {sort.key: sort for sort in sorts}
    key = token.removeprefix("-")
    if key in by_key:
        return by_key[key], token.startswith("-")
    return sorts[0], sorts[0].descending


def _nullable(qs: QuerySet[Any], path: str) -> bool:
    """Whether a field path can be NULL; annotations always may."""
    if path in qs.query.annotations:
        return True
    meta = qs.model._meta
    for part in path.split("__"):
        try:
            field = meta.pk if part == "pk" else meta.get_field(part)
        except FieldDoesNotExist:
            return True
        if getattr(field, "null", True):
            return True
        if field is not None and field.is_relation and field.related_model is not None:
            meta = field.related_model._meta
    return False


def _anchor(qs: QuerySet[Any], columns: Sequence[_Column], cursor: str) -> tuple[Any, ...] | None:
    """The sort values of the cursor's row as they are now; None when the row is not (or no longer) in the list."""
    try:
        key = qs.model._meta.pk.to_python(cursor)
        return qs.order_by().filter(pk=key).values_list(*(column.name for column in columns)).first()
    except (ValidationError, OverflowError, ValueError):
        return None


def _beyond(columns: Sequence[_Column], anchor: Sequence[object], *, back: bool) -> Q:
    either = Q(pk__in=[])
    equal = Q()
    for column, value in zip(columns, anchor, strict=True):
        later = column.later(value, back=back)
        if later is not None:
            either |= equal & later
        equal &= column.same(value)
    narrow = columns[0].not_earlier(anchor[0], back=back)
    return either if narrow is None else narrow & either


def _slice(
    qs: QuerySet[M],
    sort: Sort,
    columns: Sequence[_Column],
    size: int,
    *,
    back: bool,
    anchor: Sequence[object] | None = None,
) -> tuple[list[M], bool]:
    """Up to `size` rows in the order of reading from the anchor on, and whether there are more."""
    found: list[M] = []
    for part, order, start in _parts(qs, sort, columns, back=back, anchor=anchor):
        rest = part if start is None else part.filter(_beyond(order, start, back=back))
        ordering = [column.order(back=back) for column in order]
        wanted = size + 1 - len(found)
        if sort.streams:
            along = ordering[1:]
            heads = [_stream(rest, stream, start, back=back).order_by(*along)[:wanted] for stream in sort.streams]
            rest = heads[0].union(*heads[1:], all=True)
        found += rest.order_by(*ordering)[:wanted]
        if len(found) > size:
            break
    rows = found[:size]
    return (rows[::-1] if back else rows), len(found) > size


def _stream(qs: QuerySet[M], stream: Stream, start: Sequence[object] | None, *, back: bool) -> QuerySet[M]:
    part = qs.filter(stream.condition)
    return part if start is None else part.filter(stream.rest(start[0], back))


def _parts(
    qs: QuerySet[M], sort: Sort, columns: Sequence[_Column], *, back: bool, anchor: Sequence[object] | None
) -> Iterator[tuple[QuerySet[M], Sequence[_Column], Sequence[object] | None]]:
    """What to read one after the other: a queryset, its order, and the values to begin behind (None: all of it)."""
    if not sort.bands:
        yield qs, columns, anchor
        return
    reverse = columns[0].descending != back
    bands = sort.bands[::-1] if reverse else sort.bands
    values = [value for value, _ in bands]
    if anchor is not None:
        at = values.index(anchor[0])
        yield qs.filter(bands[at][1]), columns[1:], anchor[1:]
        bands = bands[at + 1 :]
    for _, condition in bands:
        yield qs.filter(condition), columns[1:], None
