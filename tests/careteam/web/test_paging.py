"""Keyset paging over a real table with ties and NULLs."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import pytest
from django.db import transaction
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from careteam.people.models import User
from careteam.web.paging import Page, Sort, keyset_page, with_params

NAME = Sort("name", "Name", ("name", "id"))
LEFT = Sort("left", "Left", ("deactivated_at", "id"), descending=True)
MIXED = Sort("mixed", "Mixed", ("name", "-deactivated_at", "id"))
SORTS = (NAME, LEFT, MIXED)

pytestmark = pytest.mark.django_db


def people(rows: Sequence[tuple[str, int | None]]) -> QuerySet[User]:
    made = User.objects.bulk_create(
        User(
            email=f"p{index}@paging.example",
            name=name,
            deactivated_at=None if day is None else dt.datetime(2026, 1, 1 + day, tzinfo=dt.UTC),
        )
        for index, (name, day) in enumerate(rows)
    )
    return User.objects.filter(pk__in=[user.pk for user in made])


def turn(qs: QuerySet[User], url: str, size: int) -> Page[User]:
    return keyset_page(qs, sorts=SORTS, params=QueryDict(url.removeprefix("?")), size=size)


def expected(qs: QuerySet[User], sort: Sort, *, descending: bool) -> list[int]:
    """The same order by Python: unknown last in either direction."""
    rows = list(qs)
    for column in reversed(sort.columns):
        name, down = column.lstrip("-"), column.startswith("-") != descending
        known = [row for row in rows if getattr(row, name) is not None]
        known.sort(key=lambda row, name=name: getattr(row, name), reverse=down)  # type: ignore[misc]
        rows = known + [row for row in rows if getattr(row, name) is None]
    return [row.pk for row in rows]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.integers(0, 2)), max_size=12),
    size=st.integers(1, 5),
    sort=st.sampled_from(SORTS),
    descending=st.booleans(),
)
def test_walking_forth_and_back_visits_every_row_once(
    rows: list[tuple[str, int | None]], size: int, sort: Sort, descending: bool
) -> None:
    with transaction.atomic():
        qs = people(rows)
        pages = [turn(qs, f"?sort={'-' if descending else ''}{sort.key}", size)]
        while pages[-1].next_url:
            pages.append(turn(qs, pages[-1].next_url, size))
        forth = [[user.pk for user in page.rows] for page in pages]
        assert [pk for page in forth for pk in page] == expected(qs, sort, descending=descending)
        assert all(len(page) == size for page in forth[:-1])

        back = [pages[-1]]
        while back[-1].previous_url:
            back.append(turn(qs, back[-1].previous_url, size))
        assert [[user.pk for user in page.rows] for page in reversed(back)] == forth
        transaction.set_rollback(True)


BANDED = Sort(
    "band", "Band", ("band", "deactivated_at", "id"), bands=((1, Q(name="b")), (2, Q(name="c")), (3, Q(name="a")))
)
BAND = Case(*(When(condition, then=Value(band)) for band, condition in BANDED.bands), output_field=IntegerField())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.integers(0, 2)), max_size=12),
    size=st.integers(1, 5),
    descending=st.booleans(),
)
def test_a_list_read_band_by_band_is_the_sorted_list(
    rows: list[tuple[str, int | None]], size: int, descending: bool
) -> None:
    with transaction.atomic():
        qs = people(rows).annotate(band=BAND)
        plain = replace(BANDED, bands=())

        def walk(sort: Sort, *, back: bool = False) -> list[list[int]]:
            url, pages = f"?sort={'-' if descending else ''}band", []
            while url:
                pages.append(keyset_page(qs, sorts=[sort], params=QueryDict(url.removeprefix("?")), size=size))
                url = pages[-1].next_url or ""
            if back:
                pages = pages[-1:]
                while url := pages[-1].previous_url or "":
                    pages.append(keyset_page(qs, sorts=[sort], params=QueryDict(url.removeprefix("?")), size=size))
                pages.reverse()
            return [[user.pk for user in page.rows] for page in pages]

        assert walk(BANDED) == walk(plain)
        assert walk(BANDED, back=True) == walk(BANDED)
        transaction.set_rollback(True)


def test_the_url_holds_ids_and_codes_only() -> None:
    page = turn(people([("Achterberg", 1), ("Brandt", 2)]), "?state=open", 1)
    assert page.next_url == f"?state=open&after={page.rows[0].pk}"


@pytest.mark.parametrize("cursor", ["0", "x", "-1", "99999999999999999999999", "1;drop", ""])
def test_a_cursor_from_nowhere_leads_to_the_first_page(cursor: str) -> None:
    qs = people([("a", None), ("b", None)])
    assert [user.name for user in turn(qs, f"?after={cursor}", 5).rows] == ["a", "b"]
    assert turn(qs, f"?before={cursor}", 5).is_first


def test_a_row_outside_the_list_is_no_cursor() -> None:
    """A foreign id must not reveal where its row would stand."""
    qs = people([("a", None), ("m", None), ("z", None)])
    hidden = qs.get(name="m")
    page = turn(qs.exclude(pk=hidden.pk), f"?after={hidden.pk}", 5)
    assert [user.name for user in page.rows] == ["a", "z"]


def test_a_cursor_on_the_last_row_leads_to_the_first_page() -> None:
    qs = people([("a", None), ("b", None)])
    assert [user.name for user in turn(qs, f"?after={qs.get(name='b').pk}", 5).rows] == ["a", "b"]


def test_back_to_a_list_that_became_shorter_shows_a_full_first_page() -> None:
    qs = people([("b", None), ("c", None), ("d", None)])
    page = turn(qs, f"?before={qs.get(name='c').pk}", 2)
    assert [user.name for user in page.rows] == ["b", "c"]
    assert page.is_first


def test_an_unknown_sort_is_the_default_one() -> None:
    page = turn(people([("a", None)]), "?sort=-password", 5)
    assert (page.sort, page.descending) == (NAME, False)


def test_a_sort_may_start_descending() -> None:
    page = keyset_page(people([("a", 1), ("b", 2)]), sorts=(LEFT,), params=QueryDict(""), size=5)
    assert [user.name for user in page.rows] == ["b", "a"]


@pytest.mark.parametrize("rows", [3, 30])
def test_queries_do_not_grow_with_the_list(rows: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    qs = people([("a", None)] * rows)
    with django_assert_num_queries(1):
        first = turn(qs, "", 2)
    assert first.next_url is not None
    with django_assert_num_queries(2):
        turn(qs, first.next_url, 2)


def test_with_rows_keeps_the_links() -> None:
    page = turn(people([("a", None), ("b", None)]), "", 1)
    named = page.with_rows(user.name for user in page.rows)
    assert (named.rows, named.next_url) == (("a",), page.next_url)


def test_nulls_are_named_only_where_they_can_be(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    """On other columns the word would keep PostgreSQL from reading the index backwards."""
    with django_assert_num_queries(2) as queries:
        turn(User.objects.all(), "?sort=-name", 5)
        turn(User.objects.all(), "?sort=-left", 5)
    orders = [query["sql"].split("ORDER BY")[1].split("LIMIT")[0].strip() for query in queries.captured_queries]
    assert orders == [
        '"careteam_user"."name" DESC, "careteam_user"."id" DESC',
        '"careteam_user"."deactivated_at" DESC NULLS LAST, "careteam_user"."id" DESC',
    ]


@pytest.mark.parametrize(("sorts", "size"), [((), 5), (SORTS, 0)])
def test_paging_without_a_sort_or_a_size_is_a_bug(sorts: tuple[Sort, ...], size: int) -> None:
    with pytest.raises(ValueError, match="at least one sort"):
        keyset_page(User.objects.all(), sorts=sorts, params=QueryDict(""), size=size)


def test_with_params_replaces_and_forgets_the_place() -> None:
    assert with_params(QueryDict("a=1&after=7&sort=due"), sort="-due", a=None) == "?sort=-due"
