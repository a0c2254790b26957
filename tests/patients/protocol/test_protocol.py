"""Configured numbers: looked up, signed, withdrawn, shown."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from careteam.audit.models import AuditEvent
from careteam.people.models import Team, User
from careteam.people.rules import Role
from patients.protocol.commands import sign_number, withdraw_signature
from patients.protocol.models import ProtocolSignature
from patients.protocol.queries import number, numbers
from patients.protocol.rules import BURDENS, NUMBERS, SITUATIONS, Tag
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    return factories.team()


@pytest.fixture
def lead(team: Team) -> User:
    return factories.person(team, Role.TEAM_LEAD)


def test_number_of_a_primary_source_needs_no_signature(team: Team) -> None:
    found = number(team.pk, "S1")
    assert (found.days, found.is_signed, found.is_settled) == (90, False, True)


def test_number_of_prior_knowledge_is_local_and_unsigned(team: Team) -> None:
    assert number(team.pk, "S5").is_settled is False


def test_sign_number_holds_for_the_team_only(team: Team, lead: User, now: datetime) -> None:
    sign_number(team, "S5", value=Decimal(70), by=lead, now=now, note="Our scanner")
    found = number(team.pk, "S5")
    assert (found.days, found.version, found.signed_by, found.is_settled) == (70, 1, str(lead), True)
    assert number(factories.team().pk, "S5").is_settled is False
    assert AuditEvent.objects.get(action="protocol.sign_numbers").details == {"S5": {"value": "70", "before": None}}


def test_sign_number_again_is_the_next_version(team: Team, lead: User, now: datetime) -> None:
    sign_number(team, "S5", value=Decimal(70), by=lead, now=now)
    second = sign_number(team, "S5", value=Decimal(84), by=lead, now=now)
    assert (second.version, number(team.pk, "S5").days) == (2, 84)
    withdraw_signature(second, reason="Too long", by=lead, now=now)
    assert number(team.pk, "S5").days == 70


@pytest.mark.parametrize(
    ("code", "value", "sentence"),
    [
        ("S5", Decimal(100), "Choose a value from 56 to 84 d, the range of the source."),
        ("ladder.order", Decimal(-10), "Only -28 d can be signed here."),
        ("nonsense", Decimal(1), "This number is not in the catalog."),
    ],
)
def test_sign_number_stays_within_the_range_of_the_source(
    team: Team, lead: User, now: datetime, code: str, value: Decimal, sentence: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        sign_number(team, code, value=value, by=lead, now=now)
    assert refused.value.messages == [sentence]


def test_sign_number_is_for_the_team_lead(team: Team, now: datetime) -> None:
    doctor = factories.person(team, Role.ONCOLOGIST)
    with pytest.raises(ValidationError) as refused:
        sign_number(team, "S5", value=Decimal(84), by=doctor, now=now)
    assert refused.value.messages == ["Only a team lead signs the team's numbers."]


def test_numbers_reads_the_whole_catalog_in_one_query(team: Team, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert list(numbers(team.pk)) == list(NUMBERS)


@pytest.mark.parametrize("found", NUMBERS.values(), ids=lambda found: found.code)
def test_every_number_has_unit_source_tag_and_lies_in_its_range(found: Any) -> None:
    assert found.unit
    assert found.source
    assert found.tag in Tag
    if found.low is not None:
        assert found.low <= found.value <= found.high


def test_page_lists_every_number_and_lets_the_lead_sign(team: Team, lead: User) -> None:
    client = Client()
    client.force_login(lead)
    html = client.get(reverse("protocol-list")).content.decode()
    assert html.count('<th scope="row" class="n">') == len(NUMBERS) - len(BURDENS)
    assert html.count('aria-label="Sign ') == len(NUMBERS) - len(SITUATIONS) - len(BURDENS)
    assert "Local, unsigned" in html
    url, typed = reverse("protocol-sign", args=["S5"]), {"value": "84", "note": ""}
    assert client.post(url, typed).status_code == 422
    assert client.post(url, typed | {"password": factories.PASSWORD}).status_code == 303
    assert ProtocolSignature.objects.get().code == "S5"


def test_page_refuses_a_value_outside_the_range_beside_its_field(team: Team, lead: User) -> None:
    client = Client()
    client.force_login(lead)
    answer = client.post(
        reverse("protocol-sign", args=["S5"]), {"value": "840", "note": "typed", "password": factories.PASSWORD}
    )
    assert answer.status_code == 422
    assert "Choose a value from 56 to 84 d, the range of the source." in answer.content.decode()


def test_page_for_others_is_for_reading(team: Team) -> None:
    client = Client()
    client.force_login(factories.person(team, Role.ONCOLOGIST))
    assert client.get(reverse("protocol-list")).status_code == 200
    assert client.get(reverse("protocol-sign", args=["S5"])).status_code == 403
