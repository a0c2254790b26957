"""One meeting, four browsers: the chair, the scribe, a surgeon far away, the projector."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import time as clock

import pytest
import redis
from django.conf import settings
from django.core.cache import cache
from playwright.sync_api import Page, expect

from careteam.people.models import User
from careteam.people.rules import Role, Specialty
from tests import factories
from tests.journeys.conftest import Visit
from tumorboard.boards.models import Board
from tumorboard.decisions.models import Decision
from tumorboard.meetings.commands import hold, list_referral, start, withdraw
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.referrals.commands import refer
from tumorboard.referrals.models import Referral
from tumorboard.referrals.rules import QuestionKind

pytestmark = pytest.mark.browser
NAMES = ("Ada Firstcase", "Bea Secondcase", "Cyd Thirdcase")


def _forget_everything() -> None:
    """What a flushed Redis means for this test alone: its keys are gone, and its web server is no longer subscribed."""
    client = cache._cache.get_client(write=True)  # type: ignore[attr-defined]
    if keys := list(client.scan_iter(match=f"{cache.key_prefix}:*", count=1000)):
        client.delete(*keys)
    bell = redis.Redis.from_url(settings.PUBSUB_URL)
    for each in bell.client_list(_type="pubsub"):
        if each["name"].startswith(cache.key_prefix):
            bell.client_kill_filter(_id=each["id"])


@pytest.mark.django_db(transaction=True)
def test_everybody_sees_what_the_chair_puts_on(visit: Visit, colleague: Callable[..., User]) -> None:
    now = datetime.now(UTC)
    team = factories.team(slug="net", name="NET team", is_demo=True)
    chair = colleague(team, Role.ONCOLOGIST, name="Ines Okafor", specialty=Specialty.MEDICAL_ONCOLOGY)
    office = colleague(team, Role.BOARD_COORDINATOR, name="Nora Scribe")
    surgeon = colleague(team, Role.SURGEON, name="Sam Far", specialty=Specialty.HEPATOBILIARY_SURGERY)
    board = Board.objects.create(
        team=team,
        name="NET board",
        rrule="FREQ=WEEKLY;BYDAY=TH",
        starts_on=now.date(),
        local_time=clock(14),
        quorum=[Specialty.MEDICAL_ONCOLOGY, Specialty.HEPATOBILIARY_SURGERY],
    )
    meeting = Meeting.objects.create(
        board=board,
        occurrence_on=now.date(),
        starts_at=now,
        ends_at=now + timedelta(hours=1),
        cutoff_at=now,
        scribe=office,
    )
    for name in NAMES:
        given, family = name.split()
        patient = factories.patient(team, given_name=given, family_name=family)
        referral = refer(patient, board, question_kind=QuestionKind.PRRT, question="PRRT now?", by=chair, now=now)
        list_referral(referral, meeting, by=office, now=now, after_cutoff_reason="Today")
    start(meeting, by=chair, now=now)
    address = f"/boards/meetings/{meeting.pk}/live/"

    at_chair, at_scribe, far_away, wall = visit(chair), visit(office), visit(surgeon), visit(chair)
    everybody = (at_chair, at_scribe, far_away, wall)
    for page in everybody:
        page.goto(address)
    # A first connection that fails is tried again.
    far_away.route("**/live/stream/", lambda route: route.abort())
    far_away.reload()
    expect(far_away.locator("#live-lost")).to_be_visible(timeout=20_000)
    far_away.unroute("**/live/stream/")
    expect(far_away.locator("#live-lost")).to_be_hidden(timeout=20_000)
    # What the page asks for while it signs out is refused, and must not lead the wall to the sign-in page.
    wall.evaluate("addEventListener('submit', () => htmx.trigger(document.getElementById('poller'), 'look'))")
    wall.get_by_role("button", name="Projector here").click()
    wall.wait_for_url("**/projector/")

    def all_see(text: str, pages: tuple[Page, ...] = everybody) -> None:
        for page in pages:
            expect(page.locator("#case")).to_contain_text(text, timeout=20_000)

    def all_on(name: str, pages: tuple[Page, ...] = everybody) -> None:
        """Not merely on the agenda: in the patient's banner."""
        for page in pages:
            expect(page.locator("#case h1").first).to_have_text(name, timeout=20_000)

    # Somebody joins from far away: the quorum of everybody changes.
    at_chair.keyboard.press("n")
    all_on(NAMES[0])
    expect(at_chair.locator("#live-quorum")).to_contain_text("Inquorate for this decision")
    far_away.get_by_role("button", name="Remote").click()
    expect(at_chair.locator("#live-agenda")).to_contain_text("Hepatobiliary surgery, remote", timeout=20_000)
    expect(at_chair.locator("#live-quorum")).to_have_text("Quorate")
    expect(wall.locator("#case")).to_contain_text("Quorate")
    assert wall.locator("form").count() == 0
    for page in everybody:  # it was the channel that told them, not the poll that stands in for it
        expect(page.locator("#live-lost")).to_be_hidden(timeout=20_000)

    # Chair and scribe write at once, while Redis forgets everything: each keeps what they typed, both are recorded.
    at_scribe.locator("#id_rationale").press_sequentially("Receptors everywhere")
    expect(at_chair.locator("#live-say")).to_have_text("Nora Scribe is typing in Reasoning")
    _forget_everything()
    at_chair.get_by_role("checkbox", name="PRRT", exact=True).check()
    at_chair.get_by_role("button", name="Record", exact=True).click()
    expect(at_scribe.locator("#poller")).to_contain_text("Ines Okafor recorded meanwhile", timeout=20_000)
    expect(at_scribe.locator("#id_rationale")).to_have_value("Receptors everywhere")
    at_scribe.get_by_role("button", name="Record", exact=True).click()
    all_see("Receptors everywhere", (wall, far_away))
    decision = Decision.objects.get()
    assert (decision.text, decision.rationale) == ("PRRT.", "Receptors everywhere")

    # What comes next was fetched while they talked: once it is said to be on, it is there without the server.
    second = AgendaItem.objects.get(patient__family_name="Secondcase")
    expect(far_away.locator("#case")).to_have_attribute("data-ready", str(second.pk), timeout=20_000)
    far_away.route(f"**{address}", lambda route: route.abort())
    said = json.dumps({"v": 10_000, "item": second.pk, "case": "another", "of": 1})
    with far_away.expect_event("requestfailed", lambda request: request.url.endswith(address)):
        far_away.evaluate("data => document.dispatchEvent(new CustomEvent('look', {detail: {data}}))", said)
    all_on(NAMES[1], (far_away,))
    far_away.unroute(f"**{address}")
    all_on(NAMES[0], (far_away,))  # and what the server says holds: the chair has not gone on
    at_chair.keyboard.press("n")
    all_on(NAMES[1])

    # The surgeon's line is cut, the chair goes on; when it is back so is the case that is on.
    far_away.context.set_offline(True)
    at_chair.keyboard.press("n")
    all_on(NAMES[2], (at_chair, at_scribe, wall))
    far_away.context.set_offline(False)
    all_on(NAMES[2])

    # The patient dies while being discussed: the case says so at once. Then the meeting ends, and the wall goes out.
    withdraw(Referral.objects.get(patient__family_name="Thirdcase"), reason="Patient died", by=None, now=now)
    all_see("was taken off the agenda")
    hold(Meeting.objects.get(), by=chair, now=now)
    all_see("The meeting is over", (at_chair, at_scribe, far_away))
    wall.wait_for_url(re.compile("/accounts/login/"))
