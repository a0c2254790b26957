"""Sends nonsense through every form of every page: each answer is an answer, never a crash.

The forms are read off the pages as a browser sees them, so a new form is tried without being named here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from careteam.access.matrix import addresses
from careteam.people.rules import Role
from tests import factories
from tests.architecture.samples import Samples

NONSENSE = {
    "100 kB of emoji": "\N{PILL}\N{ZERO WIDTH JOINER}é" * 12_500,
    "a NUL": "before\x00after",
    "a number that is none": "9" * 40,
    "somebody else's row": "2147483646",
    "markup": "<script>alert(1)</script>{{ 7|add:1 }}",
}
# Pages of libraries, and those that end the session of the walk.
LEFT_OUT = frozenset({"preferences"})
KEPT = frozenset({"csrfmiddlewaretoken", "version"})


@dataclass
class Form:
    action: str = ""
    names: dict[str, str] = field(default_factory=dict)


class Forms(HTMLParser):
    """The forms of a page that post: where to, and the names of their fields with the value they start with."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form" and (given.get("method") or "").lower() == "post":
            self._open = Form(given.get("action") or "")
            self.found.append(self._open)
        elif tag in {"input", "select", "textarea", "button"} and self._open is not None and given.get("name"):
            if given.get("type") != "file":
                self._open.names[str(given["name"])] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


@pytest.mark.django_db
def test_every_form_answers_nonsense_with_an_answer(samples: Samples) -> None:
    """The kinds of nonsense are dealt out over the fields, another way in each form."""
    client = Client(raise_request_exception=False)
    client.force_login(factories.person(samples.team, *(role for role in Role if role != Role.AUDITOR)))
    kinds = list(NONSENSE.values())
    tried: set[tuple[str, tuple[str, ...]]] = set()
    crashed: list[tuple[str, int]] = []
    for address in addresses():
        if address.is_foreign_code or address.is_public or address.name in LEFT_OUT:
            continue
        here = samples.url(address, foreign=False)
        page = client.get(here)
        if page.status_code != 200 or "html" not in page.headers.get("Content-Type", ""):
            continue
        reader = Forms()
        reader.feed(page.content.decode())
        for form in reader.found:
            url = form.action or here
            key = (url, tuple(sorted(form.names)))
            if key in tried or url.startswith("/accounts/"):
                continue
            tried.add(key)
            data: dict[str, Any] = {
                name: value if name in KEPT or value in {"on", "1"} else kinds[(place + len(tried)) % len(kinds)]
                for place, (name, value) in enumerate(form.names.items())
            }
            answer = client.post(url, data)
            if answer.status_code >= 500:
                crashed.append((url, answer.status_code))
    assert crashed == []
    assert len(tried) > 50
