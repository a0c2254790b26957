"""Walks the URLconf: every address is gated, and answers each role as the access matrix says.

The matrix itself is generated into docs/access.md (`manage.py access_matrix`); a test compares the two.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, cast

import pytest
from django.contrib.sessions.backends.cached_db import SessionStore
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.test import Client, RequestFactory
from django.urls import Resolver404, resolve, reverse

from careteam.access.matrix import Address, addresses, expected, matrix
from careteam.access.queries import Access
from careteam.people.models import User
from careteam.people.rules import Permission, Role, permissions_of
from careteam.workspace import shell
from careteam.workspace.shell import Shell
from tests import factories
from tests.architecture.samples import Samples

# Arguments that are words; all others name a row of some team.
WORDS = {
    "act",
    "code", "day", "figure", "kind", "language", "letter_kind", "measure",
    "part", "rule", "sign", "token", "treatment", "whom",
}  # fmt: skip
# Pages ask for rights, never for a role: of roles with the same rights the first speaks for all.
RIGHTS = {permissions_of([role]): role for role in reversed(Role)}
ROLES = [role for role in Role if role in RIGHTS.values()]
OURS = [address for address in addresses() if not address.is_foreign_code]


def test_urls_every_view_says_who_may_open_it() -> None:
    ungated = [address.name for address in OURS if not address.is_gated]
    assert ungated == []


def test_urls_every_open_view_gives_a_reason() -> None:
    assert [address.name for address in OURS if not address.permissions and not address.open_because] == []


def test_urls_public_pages_are_these_few() -> None:
    assert {address.name for address in OURS if address.is_public} == {"healthz", "readyz", "calendar"}


@pytest.mark.django_db
def test_urls_signed_out_are_sent_to_sign_in(samples: Samples) -> None:
    client = Client()
    for address in OURS:
        if address.is_public:
            continue
        url = samples.url(address, foreign=False)
        response = client.get(url)
        if response.status_code == 405:
            response = client.post(url)
        assert (address.name, response.status_code) == (address.name, 302)
        assert response["Location"].startswith(reverse("account_login"))


@dataclass(frozen=True)
class Asked(Access):
    """A person's access that keeps what a page asked of it: each right and each role with the answer."""

    asked: ClassVar[dict[Permission | Role, bool]] = {}
    listens: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "permissions", {team: Rights(held) for team, held in self.permissions.items()})
        object.__setattr__(self, "roles", {team: Roles(held) for team, held in self.roles.items()})


def _heard(what: object, *, found: bool) -> bool:
    if Asked.listens:
        Asked.asked[cast("Permission | Role", what)] = found
    return found


class Rights(frozenset[Permission]):
    """Rights that say which of them were asked for. Who reads all of them has asked for each."""

    def __contains__(self, right: object) -> bool:
        return _heard(right, found=super().__contains__(right))

    def __iter__(self) -> Iterator[Permission]:
        return (right for right in Permission if right in self)


class Roles(tuple[str, ...]):
    """The same of roles."""

    __slots__ = ()

    def __contains__(self, role: object) -> bool:
        return _heard(role, found=super().__contains__(role))

    def __iter__(self) -> Iterator[str]:
        return (str(role) for role in Role if role in self)


@dataclass(frozen=True)
class Shown:
    """What an address answered to one role, and what it had asked about that role."""

    asked: Mapping[Permission | Role, bool]
    status: int
    links: frozenset[str]

    def holds_for(self, role: Role) -> bool:
        """A page that asks nothing else and is told the same shows the same."""
        held = {*permissions_of([role]), role}
        return all((each in held) is answer for each, answer in self.asked.items())


def _noticing(ask: Callable[[], tuple[int, list[str]]]) -> Shown:
    """What is answered (a status and links), with what was asked about the role meanwhile."""
    Asked.asked.clear()
    status, links = ask()
    return Shown(dict(Asked.asked), status, frozenset(map(_name_of, links)))


def _unheard(build: Callable[[HttpRequest], Shell]) -> Callable[[HttpRequest], Shell]:
    """What the frame asks (menu, notices) is the same around every page, and says nothing about this one."""

    def built(request: HttpRequest) -> Shell:
        Asked.listens = False
        try:
            return build(request)
        finally:
            Asked.listens = True

    return built


def _outcome(url: str, method: str, person: User) -> int:
    """The status a view answers with, asked without the page around a 404 (that page is tested elsewhere)."""
    view, args, kwargs = resolve(url)
    request = getattr(RequestFactory(), method)(url)
    request.user, request.htmx, request.session = person, False, SessionStore()
    try:
        return int(view(request, *args, **kwargs).status_code)
    except Http404:
        return 404
    except PermissionDenied:
        return 403


def _page(client: Client, url: str) -> tuple[int, list[str]]:
    """The status, and the links of the page itself: those of the frame are looked at once for each role."""
    response = client.get(url)
    if response.status_code != 200 or response.streaming:
        return response.status_code, []
    head, _, main = response.content.decode(errors="ignore").partition("<main")
    return 200, _LINK.findall(main or head)


@pytest.mark.django_db
def test_urls_answer_each_role_as_the_matrix_says(samples: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own rows: 403 exactly where the matrix says no, never a 500, and no link to a page that would refuse. A page
    is opened anew for each role that would answer differently what the page has asked about the roles before."""
    monkeypatch.setattr("careteam.access.queries.Access", Asked)
    monkeypatch.setattr(shell, "_build", _unheard(shell._build))
    opened: dict[str, list[Shown]] = defaultdict(list)
    wrong, dead_ends = [], set()
    for role in ROLES:
        client = Client(raise_request_exception=True)
        person = factories.person(samples.team, role)
        client.force_login(person)
        frame = _LINK.findall(client.get("/").content.decode().partition("<main")[0])
        dead_ends |= {(str(role), "frame", name) for name in map(_name_of, frame) if name in _closed_to(role)}
        for address in OURS:
            if address.is_public:
                continue
            shown = next((each for each in opened[address.name] if each.holds_for(role)), None)
            if shown is None:
                url, closed = samples.url(address, foreign=False), expected(address, role) == "no"
                shown = _noticing(lambda: (_outcome(url, "get", person), []) if closed else _page(client, url))  # noqa: B023
                opened[address.name].append(shown)
            if (shown.status == 403) != (expected(address, role) == "no") or shown.status >= 500:
                wrong.append((str(role), address.name, shown.status, expected(address, role)))
            dead_ends |= {(str(role), address.name, name) for name in shown.links if name in _closed_to(role)}
    assert wrong == []
    assert dead_ends == set()
    assert all(opened[address.name] for address in OURS if not address.is_public)


_LINK = re.compile(r'<a [^>]*?href="(/[^"#?]*)')


@cache
def _name_of(path: str) -> str:
    """The name of the address behind a link; empty for what is no page of ours."""
    try:
        return resolve(path).url_name or ""
    except Resolver404:
        return ""


@cache
def _closed_to(role: Role) -> frozenset[str]:
    return frozenset(address.name for address in OURS if not address.is_public and expected(address, role) == "no")


@pytest.mark.django_db
def test_urls_show_and_change_nothing_of_another_team(samples: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of another team do not exist: 404 (or 403, where the role may not even ask), read or written."""
    monkeypatch.setattr("careteam.access.queries.Access", Asked)
    opened: dict[tuple[str, str], list[Shown]] = defaultdict(list)
    wrong = []
    for role in ROLES:
        person = factories.person(samples.team, role)
        for address in OURS:
            if not set(address.arguments) - WORDS:
                continue
            url = samples.url(address, foreign=True)
            for method in ("get", "post"):
                known = opened[address.name, method]
                shown = next((each for each in known if each.holds_for(role)), None)
                if shown is None:
                    shown = _noticing(lambda: (_outcome(url, method, person), []))  # noqa: B023
                    known.append(shown)
                if shown.status not in {403, 404, 405}:
                    wrong.append((str(role), address.name, method, shown.status))
    assert wrong == []


def test_matrix_in_the_docs_is_up_to_date() -> None:
    from pathlib import Path

    path = Path(__file__).resolve().parents[2] / "docs" / "access.md"
    assert path.read_text() == matrix(), "Run: manage.py access_matrix"


def test_addresses_have_names() -> None:
    assert [a.route for a in OURS if not a.name] == []
    assert isinstance(OURS[0], Address)
