"""Fields of many rows in one statement."""

from datetime import date

import pytest
from django.db import DataError, connection
from django.test.utils import CaptureQueriesContext

from patients.goals.models import GoalsPrompt
from patients.record.commands.bulk import save_all
from tests import factories

pytestmark = pytest.mark.django_db


def test_save_all_writes_each_row_its_own_values_and_only_the_named_fields() -> None:
    home = factories.team()
    owner = factories.person(home)
    rows = [GoalsPrompt.objects.create(patient=factories.patient(home), raised_on=date(2026, 11, 1)) for _ in range(3)]
    rows[0].ask_again_on, rows[0].rank, rows[0].owner = date(2026, 12, 1), 0, owner
    rows[1].close_note, rows[1].rank = "Said: “later”, then\nleft", 2
    rows[2].raised_on = date(2020, 1, 1)
    with CaptureQueriesContext(connection) as captured:
        save_all(rows, "ask_again_on", "close_note", "rank", "owner")
    assert len(captured) == 1
    kept = GoalsPrompt.objects.order_by("pk").values_list("ask_again_on", "close_note", "rank", "owner_id", "raised_on")
    raised = date(2026, 11, 1)
    assert list(kept) == [
        (date(2026, 12, 1), "", 0, owner.pk, raised),
        (None, "Said: “later”, then\nleft", 2, None, raised),
        (None, "", 3, None, raised),
    ]


def test_save_all_refuses_what_is_too_long_and_needs_no_rows() -> None:
    save_all([], "status")
    row = GoalsPrompt.objects.create(patient=factories.patient(factories.team()), raised_on=date(2026, 11, 1))
    row.close_reason = "x" * 40
    with pytest.raises(DataError):
        save_all([row], "close_reason")
