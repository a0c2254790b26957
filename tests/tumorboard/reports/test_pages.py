"""The pages: who opens them, what they link, what the sheet of numbers holds."""

import csv
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from careteam.people.rules import Role
from tests import factories
from tests.factories.board import Room
from tumorboard.reports.rules import FigureKey, SpanKey

pytestmark = pytest.mark.django_db


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_lists_behind_figures_are_not_for_auditors(room: Room) -> None:
    room.signed()
    client = client_of(factories.person(room.team, Role.AUDITOR))
    page = client.get(reverse("board-reports"))
    assert page.status_code == 200
    assert "/boards/reports/signed/" not in page.text
    assert client.get(reverse("board-report-list", args=[FigureKey.SIGNED])).status_code == 403


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("nothing/", 404),
        ("deferred/?why=no_time", 200),
        ("deferred/?why=rain", 404),
        ("meetings/?specialty=radiology&side=rest", 200),
        ("meetings/?specialty=astrology", 404),
        ("meetings/?person=999999", 404),
        ("?period=range&since=2026-11-30&until=2026-11-01", 200),
        ("?period=nonsense&board=999999", 200),
        ("trends/?period=2026-Q4", 200),
        ("year/?year=2026", 200),
        ("year/?year=1066", 404),
    ],
)
def test_addresses_of_figures(room: Room, path: str, status: int) -> None:
    assert client_of(room.chair).get(f"{reverse('board-reports')}{path}").status_code == status


def test_every_figure_has_its_list(room: Room, subtests: Any) -> None:
    room.signed()
    client = client_of(room.chair)
    for key in (*FigureKey, *SpanKey):
        with subtests.test(str(key)):
            assert client.get(reverse("board-report-list", args=[key])).status_code == 200


def test_days_the_wrong_way_round_are_said_and_kept(room: Room) -> None:
    page = client_of(room.chair).get(
        reverse("board-reports"), {"period": "range", "since": "2026-11-30", "until": "2026-11-01"}
    )
    assert "The first day lies after the last one." in page.text
    assert 'value="2026-11-30"' in page.text


def test_the_sheet_of_numbers_names_nobody(room: Room) -> None:
    decision = room.signed(dissent="Free words of the board")
    answer = client_of(room.chair).get(reverse("board-reports-csv"), {"period": "2026-11", "board": room.board.pk})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(answer.text.splitlines()))
    signed = [row for row in rows if row["part"] == "figure" and row["code"] == "dissent"]
    assert [(row["period"], row["count"], row["of"], row["percent"]) for row in signed] == [
        ("2026-11-01/2026-11-30", "1", "1", "100.0")
    ]
    assert len([row for row in rows if row["part"] == "month" and row["code"] == "prospective"]) == 12
    for word in (decision.patient.family_name, "Free words", str(room.chair)):
        assert word not in answer.text


def _count(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        client.get(url)
    return len(asked)


def test_pages_ask_the_same_for_one_case_and_for_three(room: Room) -> None:
    client = client_of(room.chair)
    pages = ["board-reports", "board-trends", "board-year"]
    urls = [*map(reverse, pages), reverse("board-report-list", args=[FigureKey.SIGNED])]
    room.signed()
    for url in urls:
        client.get(url)
    before = [_count(client, url) for url in urls]
    room.signed()
    room.signed()
    assert [_count(client, url) for url in urls] == before


def test_the_year_is_printed(room: Room) -> None:
    room.signed()
    paper = client_of(room.chair).get(reverse("board-year-pdf"), {"board": room.board.pk, "year": 2026})
    assert (paper.status_code, paper["Content-Type"], paper.content[:5]) == (200, "application/pdf", b"%PDF-")
