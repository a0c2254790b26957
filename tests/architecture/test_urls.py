"""Walks the URLconf: every address is gated, and answers each role as the access matrix says.

The matrix itself is generated into docs/access.md (`manage.py access_matrix`); a test compares the two.
"""

from __future__ import annotations

import re
from functools import cache

import pytest
from django.contrib.sessions.backends.cached_db import SessionStore
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import Client, RequestFactory
from django.urls import Resolver404, resolve, reverse

from careteam.access.matrix import Address, addresses, expected, matrix
from careteam.audit.models import AuditEvent
from careteam.people.models import User
from careteam.people.rules import Role, permissions_of
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


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES, ids=str)
def test_urls_answer_each_role_as_the_matrix_says(role: Role, samples: Samples) -> None:
    """Our own rows: 403 exactly where the matrix says no, never a 500, and no link to a page that would refuse."""
    client = Client(raise_request_exception=True)
    client.force_login(factories.person(samples.team, role))
    wrong, dead_ends = [], set()
    for address in OURS:
        if address.is_public:
            continue
        response = client.get(samples.url(address, foreign=False))
        status = response.status_code
        if (status == 403) != (expected(address, role) == "no") or status >= 500:
            wrong.append((address.name, status, expected(address, role)))
        if status == 200 and not response.streaming:
            links = _LINK.findall(response.content.decode(errors="ignore"))
            dead_ends |= {(address.name, name) for name in map(_name_of, links) if name in _closed_to(role)}
    assert wrong == []
    assert dead_ends == set()


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


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES, ids=str)
def test_urls_show_and_change_nothing_of_another_team(role: Role, samples: Samples) -> None:
    """Rows of another team do not exist: 404 (or 403, where the role may not even ask), read or written."""
    person = factories.person(samples.team, role)
    wrong = []
    for address in OURS:
        if not set(address.arguments) - WORDS:
            continue
        url = samples.url(address, foreign=True)
        for method in ("get", "post"):
            status = _outcome(url, method, person)
            if status not in {403, 404, 405}:
                wrong.append((address.name, method, status))
    assert wrong == []


@pytest.mark.django_db
def test_urls_that_show_a_patient_leave_a_read(samples: Samples) -> None:
    """Every page under a patient's address that answers 200 writes one read event naming the patient."""
    client = Client()
    client.force_login(factories.person(samples.team, *[role for role in Role if role != Role.AUDITOR]))
    silent = []
    for address in OURS:
        if not address.about_a_patient:
            continue
        before = AuditEvent.objects.filter(patient_ids__contains=[samples.patient.pk]).count()
        response = client.get(samples.url(address, foreign=False))
        after = AuditEvent.objects.filter(patient_ids__contains=[samples.patient.pk]).count()
        if response.status_code == 200 and after != before + 1:
            silent.append((address.name, after - before))
    assert silent == []


def test_matrix_in_the_docs_is_up_to_date() -> None:
    from pathlib import Path

    path = Path(__file__).resolve().parents[2] / "docs" / "access.md"
    assert path.read_text() == matrix(), "Run: manage.py access_matrix"


def test_addresses_have_names() -> None:
    assert [a.route for a in OURS if not a.name] == []
    assert isinstance(OURS[0], Address)
