"""From an imported patient to a followed board decision, as people would do it, on the running product."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from careteam.audit.queries import verify
from careteam.notifications.models import InboxItem, MailPreference
from careteam.people.models import User
from careteam.people.rules import Role, Specialty
from patients.goals.models import GoalsConversation
from patients.imaging.models import Reminder
from patients.record.models import Patient
from tests import factories
from tests.journeys.bundles import write_folder
from tests.journeys.conftest import Visit
from tumorboard.actions.models import Action
from tumorboard.boards.models import Board
from tumorboard.decisions.models import Decision
from tumorboard.meetings.commands import unfold_meetings

pytestmark = pytest.mark.browser


def _wait(done: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if done():
            return
        time.sleep(0.3)
    pytest.fail(f"{what} did not happen within {seconds:.0f} s")


def _save(page: Page, name: str = "Save") -> None:
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_load_state("networkidle")
    problems = page.locator("main .box.red").all_inner_texts()
    assert problems == [], f"{page.url}: {problems}"


@pytest.mark.django_db(transaction=True)
def test_from_imported_patient_to_followed_decision(  # one story, told in one go
    visit: Visit, colleague: Callable[..., User], worker_and_beat: object, mail_folder: Path, tmp_path: Path
) -> None:
    team = factories.team(slug="net", name="NET team", is_demo=True)
    coordinator = colleague(team, Role.NURSE_COORDINATOR, name="Dana Whitcomb")
    # The story is told at any hour of any day: no quiet hours.
    MailPreference.objects.create(user=coordinator, digest_hour=0, quiet_from=0, quiet_until=0, on_days_off=True)
    oncologist = colleague(team, Role.ONCOLOGIST, name="Ines Okafor", specialty=Specialty.MEDICAL_ONCOLOGY)
    office = colleague(team, Role.BOARD_COORDINATOR, name="Miriam Feld")
    palliative = colleague(team, Role.PALLIATIVE, name="Lena Brandt", specialty=Specialty.PALLIATIVE)
    today = team.local_date(datetime.now(UTC))
    board = Board.objects.create(
        team=team,
        name="NET board",
        rrule="FREQ=WEEKLY;BYDAY=" + ["MO", "TU", "WE", "TH", "FR", "SA", "SU"][(today + timedelta(days=2)).weekday()],
        starts_on=today - timedelta(days=7),
        local_time=clock(14),
        skip_holidays=False,
    )
    unfold_meetings(board, until=today + timedelta(days=14), by=None, now=datetime.now(UTC))

    # The nurse coordinator imports a folder of bundles and takes the NET patient into care.
    nurse = visit(coordinator, through_form=True)
    nurse.get_by_role("link", name="Patients").click()
    nurse.get_by_role("link", name="Import", exact=True).click()
    nurse.set_input_files("input[type=file]", [str(path) for path in write_folder(tmp_path)])
    _save(nurse, "Import")
    nurse.wait_for_url(re.compile(r"/patients/import/\d+/"))
    expect(nurse.get_by_role("heading", name="Result")).to_be_visible(timeout=90_000)
    nurse.get_by_role("link", name="Journey, Ada").click()
    expect(nurse.get_by_text("Imported, under review")).to_be_visible()
    nurse.get_by_role("link", name="Review and take into care").click()
    _save(nurse)
    expect(nurse.get_by_text("Imported, under review")).to_have_count(0)
    patient = Patient.objects.get(mrn="JRN-0001")
    assert patient.is_in_care

    # The oncologist finds the patient by keyboard, sees the record, starts a line, refers to the board.
    doctor = visit(oncologist)
    doctor.keyboard.press("/")
    doctor.keyboard.type("journey")
    doctor.locator("#find-results a").first.click()
    expect(doctor.locator(".pb")).to_contain_text("ECOG")
    expect(doctor.locator("#record")).to_contain_text("ECOG")
    doctor.get_by_role("button", name="Add", exact=True).click()
    doctor.get_by_role("link", name="Treatment line", exact=True).click()
    with doctor.expect_response(lambda answer: answer.request.method == "POST"):
        doctor.select_option("#id_modality", "targeted")
    doctor.wait_for_load_state("networkidle")
    expect(doctor.get_by_label("Drug")).to_be_visible()
    doctor.fill("input[name=agent]", "Everolimus")
    doctor.select_option("[name=start_reason]", "progression")
    doctor.fill("input[name=dose]", "10 mg daily")
    doctor.fill("input[name=on]", (today - timedelta(days=100)).isoformat())
    _save(doctor)
    expect(doctor.locator(".pb")).to_contain_text("Everolimus")
    clicks = 0
    doctor.get_by_role("link", name="Refer to board", exact=True).click()
    clicks += 1
    doctor.fill("textarea[name=question]", "PRRT after progression under everolimus?")
    _save(doctor, "Refer")
    clicks += 1
    doctor.wait_for_url(f"**/patients/{patient.pk}/")
    assert clicks <= 4, "refer a patient to a board in at most four clicks"

    # The coordinator starts surveillance: the next scan is due already, since the line began 100 days ago.
    nurse.goto(f"/patients/{patient.pk}/imaging/plan/")
    nurse.get_by_label("CT", exact=True).check()
    nurse.locator("form button.p").click()
    nurse.wait_for_url(f"**/patients/{patient.pk}/")

    # The board coordinator puts the referral on the agenda of the next meeting.
    agenda = visit(office)
    agenda.get_by_role("link", name="Boards").click()
    agenda.get_by_role("button", name="List").first.click()
    agenda.locator("a[href*='/boards/meetings/']").first.click()
    expect(agenda.locator("#agenda")).to_contain_text("Ada Journey")

    # At the meeting the decision and one action with owner and due date are recorded, then signed.
    agenda.get_by_role("button", name="Start meeting", exact=True).click()
    expect(agenda.get_by_role("button", name="Start meeting", exact=True)).to_have_count(0, timeout=20_000)
    meeting_url = agenda.url
    doctor.goto(re.sub(r"/(live/)?$", "/live/", meeting_url.split("live/")[0]))
    doctor.keyboard.press("n")
    expect(doctor.locator("#case")).to_contain_text("What the patient wants")
    doctor.get_by_role("checkbox", name="PRRT", exact=True).check()
    doctor.locator("#decision-form button.p").click()
    _wait(Decision.objects.exists, "the decision")
    doctor.goto(f"/boards/decisions/{Decision.objects.get().pk}/sign/")
    doctor.fill("input[name=password]", factories.PASSWORD)
    doctor.locator("main form button.p").click()
    _wait(Decision.objects.filter(status="signed").exists, "the signature of the decision")
    action = Action.objects.get()
    assert action.owner == oncologist
    assert action.due_on > today

    # The sweep raises the reminder: in the coordinator's inbox and by mail, without patient data.
    _wait(lambda: Reminder.objects.filter(patient=patient).exists(), "the reminder")
    _wait(lambda: InboxItem.objects.filter(recipient=coordinator, patient=patient).exists(), "the inbox item")
    nurse.goto("/inbox/")
    expect(nurse.locator("#inbox")).to_contain_text("Ada Journey")

    def mailed() -> list[str]:
        texts = [path.read_text() for path in mail_folder.iterdir()]
        return [text for text in texts if coordinator.email in text]

    _wait(lambda: bool(mailed()), "the mail")
    assert all("Journey" not in text and "JRN" not in text for text in mailed())

    # The palliative clinician documents and signs a goals conversation.
    talk = visit(palliative)
    talk.goto(f"/patients/{patient.pk}/goals/new/")
    talk.fill("[name=quote]", "I want to be at home for the summer.")
    talk.fill("[name=summary]", "Time at home matters most; treatment is welcome if nights in hospital are few.")
    expect(talk.locator("#saved")).to_contain_text("Saved")
    expect(talk.locator("#saved")).to_contain_text("visible to you only")
    talk.locator("#s-sign button.p, #s-sign a.p").first.click()
    talk.fill("input[name=password]", factories.PASSWORD)
    _save(talk, "Sign")
    _wait(lambda: GoalsConversation.objects.filter(patient=patient, status="signed").exists(), "the signature")

    # The oncologist's workspace shows what is theirs to do next.
    doctor.goto("/")
    expect(doctor.locator("#worklist")).to_contain_text("Ada Journey")
    expect(doctor.locator("#worklist")).to_contain_text(action.what)
    doctor.goto(f"/patients/{patient.pk}/")
    expect(doctor.get_by_text("I want to be at home for the summer.").first).to_be_visible()
    assert verify().broken == ""
    assert Reminder.objects.filter(patient=patient).count() == 1, "exactly once"
