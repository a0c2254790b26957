"""Idle and absolute limits; polling keeps nobody signed in."""

import time

import pytest
from django.conf import settings
from django.test import Client

from careteam.people.rules import Role
from tests import factories

pytestmark = pytest.mark.django_db


def _signed_in() -> Client:
    client = Client()
    client.force_login(factories.person(factories.team(), Role.ONCOLOGIST))
    assert client.get("/inbox/").status_code == 200
    return client


def _age(client: Client, **seconds: int) -> None:
    session = client.session
    for key, age in seconds.items():
        session[key] = int(time.time()) - age
    session.save()


def test_idle_session_ends_with_a_reason() -> None:
    client = _signed_in()
    _age(client, acted_at=settings.SESSION_IDLE_SECONDS + 5)
    response = client.get("/inbox/")
    assert (response.status_code, response["Location"]) == (302, "/accounts/login/?next=/inbox/")
    assert "without activity" in client.get(response["Location"]).content.decode()


def test_absolute_limit_ends_an_active_session() -> None:
    client = _signed_in()
    _age(client, signed_in_at=settings.SESSION_ABSOLUTE_SECONDS + 5)
    assert client.get("/inbox/").status_code == 302


def test_an_act_extends_the_session_and_polling_does_not() -> None:
    client = _signed_in()
    _age(client, acted_at=120)
    before = client.session["acted_at"]
    client.get("/inbox/", headers={"X-Background": "1"})
    assert client.session["acted_at"] == before
    client.get("/inbox/")
    assert client.session["acted_at"] > before


def test_polling_is_signed_out_too_and_sends_the_browser_to_sign_in() -> None:
    client = _signed_in()
    _age(client, acted_at=settings.SESSION_IDLE_SECONDS + 5)
    response = client.get("/inbox/", headers={"X-Background": "1", "HX-Request": "true"})
    assert (response.status_code, response["HX-Redirect"]) == (401, "/accounts/login/")


def test_deactivated_person_is_signed_out_at_the_next_request() -> None:
    client = Client()
    person = factories.person(factories.team(), Role.ONCOLOGIST)
    client.force_login(person)
    person.is_active, person.deactivated_at = False, factories.NOW
    person.save()
    assert client.get("/inbox/").status_code == 302


def test_sign_in_by_email_and_rate_limit() -> None:
    person = factories.person(factories.team(), Role.ONCOLOGIST)
    client = Client()
    form = {"login": person.email.upper(), "password": factories.PASSWORD}
    assert client.post("/accounts/login/", form).status_code == 302
    other = Client()
    for _ in range(5):
        other.post("/accounts/login/", form | {"password": "wrong"})
    blocked = other.post("/accounts/login/", form)
    assert (blocked.status_code, blocked.wsgi_request.user.is_authenticated) == (200, False)


def test_nobody_signs_up() -> None:
    response = Client().get("/accounts/signup/")
    assert b"password1" not in response.content
