"""Figures."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from careteam.people.rules import Role
from tests import factories
from tests.factories.board import Room
from tumorboard.decisions.commands import settle
from tumorboard.decisions.models import Recommendation
from tumorboard.decisions.rules import Option, RecommendationStatus
from tumorboard.meetings.commands import hold
from tumorboard.reports.queries import figures, patients_behind
from tumorboard.reports.rules import Concordance, FigureKey

pytestmark = pytest.mark.django_db
SINCE, UNTIL, TODAY = date(2026, 11, 1), date(2026, 11, 30), date(2026, 12, 20)


def test_figures_are_the_lengths_of_their_lists(room: Room) -> None:
    lead = factories.person(room.team, Role.TEAM_LEAD)
    done, deviated = room.signed(), room.signed()
    room.signed(Option.OBSERVATION)
    room.item()
    hold(room.meeting, by=room.chair, now=room.meeting_time)
    rows = {row.decision_id: row for row in Recommendation.objects.all()}
    settle(rows[done.pk], RecommendationStatus.IMPLEMENTED, by=room.nurse, now=room.now)
    settle(
        rows[deviated.pk], RecommendationStatus.NOT_IMPLEMENTED, reason="patient_choice", by=room.nurse, now=room.now
    )
    found = figures(lead, since=SINCE, until=UNTIL, today=TODAY)
    counts = {figure.key: figure.count for _, group in found.groups for figure in group}
    assert counts == {
        FigureKey.DISCUSSED: 3,
        FigureKey.DEFERRED: 1,
        FigureKey.SIGNED: 3,
        FigureKey.INQUORATE: 3,
        FigureKey.GOALS_KNOWN: 0,
        FigureKey.NOT_TOLD: 3,
        FigureKey.ACTIONS_OPEN: 3,
        FigureKey.ACTIONS_OVERDUE: 3,
        FigureKey.ACTIONS_DONE: 0,
        FigureKey.IMPLEMENTED: 1,
        FigureKey.PARTLY: 0,
        FigureKey.NOT_IMPLEMENTED: 1,
        FigureKey.UNSETTLED: 1,
    }
    assert found.concordance == Concordance(full=1, partial=0, discordant=1)
    assert (found.concordance.percent, found.reasons) == (50.0, (("Patient choice", 1),))
    for key, count in counts.items():
        assert len(patients_behind(lead, key, since=SINCE, until=UNTIL, today=TODAY)) == count


def test_figures_of_another_period_or_team_are_empty(room: Room) -> None:
    lead = factories.person(room.team, Role.TEAM_LEAD)
    room.signed()
    stranger = factories.person(factories.team(), Role.TEAM_LEAD)
    for user, since in ((lead, date(2026, 12, 1)), (stranger, SINCE)):
        found = figures(user, since=since, until=date(2026, 12, 31), today=TODAY)
        assert {figure.count for _, group in found.groups for figure in group} == {0}
        assert found.concordance.percent is None


def test_lists_behind_figures_are_not_for_auditors(room: Room) -> None:
    auditor = factories.person(room.team, Role.AUDITOR)
    client = Client()
    client.force_login(auditor)
    assert client.get(reverse("board-reports")).status_code == 200
    assert client.get(reverse("board-report-list", args=[FigureKey.SIGNED])).status_code == 403
    client.force_login(room.chair)
    assert client.get(reverse("board-report-list", args=["nothing"])).status_code == 404


def test_every_figure_page_opens(room: Room, subtests: Any) -> None:
    room.signed()
    client = Client()
    client.force_login(room.chair)
    for key in FigureKey:
        with subtests.test(str(key)):
            assert client.get(reverse("board-report-list", args=[key])).status_code == 200
