"""Answers: kept, taken back, counted, taken to the board; what was raised; the catalog; everything off."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from careteam.audit.models import AuditEvent
from careteam.people.models import Team
from careteam.people.rules import Role
from patients.guidance.commands import answer_prompt, note_raised, take_back
from patients.guidance.models import GuidanceAnswer, GuidanceRaised
from patients.guidance.queries import Use, guidance_of, use_of_rules
from patients.protocol.commands import sign_number
from patients.protocol.rules import NUMBERS
from patients.record.models import Patient, ReceptorImaging
from tests.factories import NOW, diagnosis, line, patient, person, specimen, team
from tests.factories.board import Room

pytestmark = pytest.mark.django_db


@pytest.fixture
def room(now: datetime, db: None) -> Room:
    return Room(now)


TODAY = NOW.date()
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


def treated(home: Team | None = None, **fields: Any) -> Patient:
    """SSTR-negative NET G2, stage IV, on lanreotide: R03 and R17 speak."""
    someone = patient(home or team(), sex="male", **fields)
    diagnosis(someone)
    specimen(someone)
    line(someone)
    ReceptorImaging.objects.create(patient=someone, imaged_on=date(2026, 9, 1), krenning=1, modality="pet")
    return someone


def answered(
    someone: Patient, by: Any, now: datetime, answer: str = "acknowledged", rule: str = "R03"
) -> GuidanceAnswer:
    found = next(each for each in guidance_of(someone, TODAY).open if each.rule == rule)
    reason = "Lung primary" if answer == "not_applicable" else ""
    return answer_prompt(
        someone, rule=rule, fingerprint=found.fingerprint, answer=answer, reason=reason, by=by, now=now
    )


def test_answer_taken_back_opens_the_prompt_again_and_stays_in_the_history(now: datetime) -> None:
    home = team()
    someone, oncologist = treated(home), person(home)
    given = answered(someone, oncologist, now)
    take_back(given, by=oncologist, now=now)
    assert [each.rule for each in guidance_of(someone, TODAY).open] == ["R03", "R17"]
    given.refresh_from_db()
    assert (given.withdrawn_by, given.withdrawn_at, given.version) == (oncologist, now, 2)
    assert given.events.count() == 2  # type: ignore[attr-defined]
    event = AuditEvent.objects.get(action="guidance.take_back")
    assert (event.patient_ids, event.details["after"]) == ([someone.pk], {"R03 PRRT uptake": "answer taken back"})
    again = answered(someone, oncologist, now, "discuss")
    assert (again.pk == given.pk, again.answer) == (False, "discuss")


def test_answer_is_taken_back_once_and_by_those_who_may_answer(now: datetime) -> None:
    home = team()
    someone, oncologist = treated(home), person(home)
    given = answered(someone, oncologist, now)
    with pytest.raises(ValidationError, match="do not include this change"):
        take_back(given, by=person(home, Role.NURSE_COORDINATOR), now=now)
    take_back(given, by=oncologist, now=now)
    with pytest.raises(ValidationError, match="taken back already"):
        take_back(given, by=oncologist, now=now)


def test_database_knows_who_took_an_answer_back(now: datetime) -> None:
    home = team()
    given = answered(treated(home), person(home), now)
    with pytest.raises(IntegrityError, match="guidance_withdrawn_has_who"), transaction.atomic():
        GuidanceAnswer.objects.filter(pk=given.pk).update(withdrawn_at=now)


def test_answer_is_shown_with_its_prompt_and_raised_again_by_new_inputs_only(now: datetime) -> None:
    home = team()
    someone, oncologist = treated(home), person(home)
    answered(someone, oncologist, now, "not_applicable")
    specimen(someone, site="pancreas")  # no input of R03
    shown = guidance_of(someone, TODAY)
    assert [(each.prompt.rule, each.answer.reason) for each in shown.answered] == [("R03", "Lung primary")]
    ReceptorImaging.objects.create(patient=someone, imaged_on=date(2026, 11, 1), krenning=0, modality="pet")
    after = guidance_of(someone, TODAY)
    assert ([each.rule for each in after.open], after.answered) == (["R03", "R17"], ())
    assert [each.inputs_words for each in after.past] == ["Uptake: Krenning 1 on PET, 1 Sep 2026"]


def test_dismissal_stands_in_the_history_of_the_patient(client: Client, now: datetime) -> None:
    home = team()
    someone, oncologist = treated(home), person(home)
    answered(someone, oncologist, now, "not_applicable")
    client.force_login(oncologist)
    page = client.get(reverse("patient-history", args=[someone.pk])).content.decode()
    assert "R03 PRRT uptake: Not applicable" in page
    assert "Lung primary" in page


def test_panel_notes_once_what_it_raised(client: Client) -> None:
    home = team()
    someone = treated(home)
    client.force_login(person(home, Role.NURSE_COORDINATOR))
    for _ in range(2):
        client.get(reverse("guidance-panel", args=[someone.pk]))
    assert sorted(GuidanceRaised.objects.values_list("rule", flat=True)) == ["R03", "R17"]
    ReceptorImaging.objects.create(patient=someone, imaged_on=date(2026, 11, 1), krenning=0, modality="pet")
    client.get(reverse("guidance-panel", args=[someone.pk]))
    assert sorted(GuidanceRaised.objects.values_list("rule", flat=True)) == ["R03", "R03", "R17"]


def test_note_raised_twice_at_once_is_no_error(now: datetime) -> None:
    someone = treated()
    prompts = guidance_of(someone, TODAY).open
    for _ in range(2):
        note_raised(someone, prompts, now=now)
    assert GuidanceRaised.objects.count() == 2


def test_use_of_rules_counts_the_team_s_own_patients(now: datetime) -> None:
    home, other = team(), team()
    oncologist, stranger = person(home), person(other)
    for number, answer in enumerate(("not_applicable", "discuss", "acknowledged")):
        someone = treated(home)
        note_raised(someone, guidance_of(someone, TODAY).open, now=now)
        given = answered(someone, oncologist, now, answer)
        if number == 2:
            take_back(given, by=oncologist, now=now)
    answered(treated(other), stranger, now, "not_applicable")
    assert use_of_rules(home.pk) == {"R03": Use(3, 0, 1, 1), "R17": Use(3, 0, 0, 0)}


def test_discuss_at_board_leads_to_the_referral_with_its_question(client: Client, room: Room) -> None:
    someone = treated(room.team)
    client.force_login(room.chair)
    found = guidance_of(someone, TODAY).open[0]
    where = reverse("guidance-answer", args=[someone.pk, "R03"])
    sent = client.post(where, {"answer": "discuss", "fingerprint": found.fingerprint})
    given = GuidanceAnswer.objects.get()
    assert sent["Location"] == f"{reverse('referral-create', args=[someone.pk])}?guidance={given.pk}"
    form = client.get(sent["Location"]).context["form"]
    assert (form.initial["question_kind"], form.initial["question"]) == (
        "prrt",
        "PRRT uptake (Uptake: Krenning 1 on PET, 1 Sep 2026)?",
    )
    # Somebody else's answer, or a word, fills in nothing.
    plain = client.get(reverse("referral-create", args=[someone.pk])).context["form"].initial["question"]
    for wrong in ("999999", "x"):
        url = f"{reverse('referral-create', args=[someone.pk])}?guidance={wrong}"
        assert client.get(url).context["form"].initial["question"] == plain


def test_case_shows_what_was_marked_for_the_board(room: Room, settings: Any) -> None:
    from tumorboard.live.queries import case_of

    someone = treated(room.team)
    item = room.item(someone)
    given = answered(someone, room.chair, room.now, "discuss")
    answered(someone, room.chair, room.now, "acknowledged", "R17")
    assert case_of(item, TODAY).guidance == (given,)
    settings.DECISION_SUPPORT_ENABLED = False
    assert case_of(item, TODAY).guidance == ()


def test_open_referral_is_named_and_needs_no_other(client: Client, room: Room) -> None:
    someone = treated(room.team)
    room.referral(someone)
    answered(someone, room.chair, room.now, "discuss")
    client.force_login(room.chair)
    page = client.get(reverse("referral-create", args=[someone.pk])).content.decode()
    assert "Its case shows what was marked for the board: R03 PRRT uptake." in page


def test_undo_by_the_toast_and_of_another_team(client: Client, now: datetime) -> None:
    home = team()
    someone, oncologist = treated(home), person(home)
    given = answered(someone, oncologist, now)
    client.force_login(person(team()))
    assert client.post(reverse("guidance-undo", args=[given.pk])).status_code == 404
    client.force_login(oncologist)
    assert client.get(reverse("guidance-undo", args=[given.pk])).status_code == 405
    done = client.post(reverse("guidance-undo", args=[given.pk]))
    assert (done.status_code, done["Location"]) == (303, reverse("guidance-panel", args=[someone.pk]))
    again = client.post(reverse("guidance-undo", args=[given.pk]), headers=PART)
    assert (again.status_code, GuidanceAnswer.objects.standing().count()) == (204, 0)


def test_list_of_answers_names_the_patients_and_is_filtered(client: Client, now: datetime) -> None:
    home = team()
    oncologist = person(home)
    answered(treated(home, family_name="Marlowe"), oncologist, now, "not_applicable")
    answered(treated(home, family_name="Quillon"), oncologist, now, "acknowledged", "R17")
    answered(treated(family_name="Foreign"), person(Team.objects.latest("pk")), now)
    client.force_login(oncologist)
    page = client.get(reverse("guidance-answers")).content.decode()
    assert ("Marlowe" in page, "Quillon" in page, "Foreign" in page) == (True, True, False)
    url = reverse("guidance-answers")
    page = client.get(f"{url}?rule=R03&answer=not_applicable").content.decode()
    assert ("Marlowe" in page, "Quillon" in page) == (True, False)
    assert AuditEvent.objects.filter(action="guidance-answers", kind="read").count() == 2


def test_list_of_answers_asks_as_often_for_three_rows_as_for_one(client: Client, now: datetime) -> None:
    home = team()
    oncologist = person(home)
    client.force_login(oncologist)
    client.get(reverse("guidance-answers"))  # who the person is, is looked up once
    counts = []
    for many in (1, 2):
        for _ in range(many):
            answered(treated(home), oncologist, now)
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("guidance-answers"))
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_catalog_says_who_signed_what_and_how_often_a_rule_spoke(client: Client, now: datetime) -> None:
    home = team()
    lead = person(home, Role.TEAM_LEAD, name="Judith Sample")
    sign_number(home, "R21", value=NUMBERS["R21"].value, by=lead, now=now)
    sign_number(home, "carcinoid.echo", value=NUMBERS["carcinoid.echo"].value, by=lead, now=now)
    someone = treated(home)
    note_raised(someone, guidance_of(someone, TODAY).open, now=now)
    answered(someone, person(home), now, "not_applicable")
    client.force_login(lead)
    context = client.get(reverse("guidance-catalog")).context
    rows = {row.rule.rule: row for row in context["rows"]}
    assert len(rows) == 24
    assert (rows["R21"].own.is_signed, rows["R19"].own.is_signed) == (True, False)
    assert (rows["R14"].is_settled, rows["R21"].is_settled, rows["R17"].is_settled) == (True, False, True)
    assert (rows["R03"].use.raised, rows["R03"].use.not_applicable) == (1, 1)
    page = client.get(reverse("guidance-catalog")).content.decode()
    assert "signed by Judith Sample, 23 Nov 2026" in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("tag=P", ["R19", "R21"]),
        ("tag=D", ["R18", "R24"]),
        ("used=raised", ["R03", "R17"]),
        ("used=dismissed", ["R03"]),
        ("tag=P&signed=settled", []),
        ("tag=nonsense&used=nonsense", [f"R{number:02d}" for number in range(1, 25)]),
    ],
)
def test_catalog_is_filtered(client: Client, now: datetime, query: str, expected: list[str]) -> None:
    home = team()
    someone = treated(home)
    note_raised(someone, guidance_of(someone, TODAY).open, now=now)
    answered(someone, person(home), now, "not_applicable")
    client.force_login(person(home))
    rows = client.get(f"{reverse('guidance-catalog')}?{query}").context["rows"]
    assert [row.rule.rule for row in rows] == expected


def test_unsigned_threshold_raises_nothing_but_is_listed_until_a_lead_signs(client: Client, now: datetime) -> None:
    home = team()
    someone = patient(home, sex="male")
    diagnosis(someone, stage="II")
    specimen(someone, differentiation="")
    client.force_login(person(home))
    panel = client.get(reverse("guidance-panel", args=[someone.pk]))
    assert ([p.rule for p in panel.context["guidance"].open], "1 rule local, unsigned" in panel.content.decode()) == (
        [],
        True,
    )
    assert [row.unsigned for row in panel.context["guidance"].local] == [("Rule R21: pathology",)]
    assert GuidanceRaised.objects.count() == 0
    sign_number(home, "R21", value=NUMBERS["R21"].value, by=person(home, Role.TEAM_LEAD), now=now)
    panel = client.get(reverse("guidance-panel", args=[someone.pk]))
    assert [p.rule for p in panel.context["guidance"].open] == ["R21"]


def test_nothing_is_applied_before_an_import_is_reviewed(client: Client) -> None:
    home = team()
    someone = treated(home, status="under_review")
    client.force_login(person(home))
    page = client.get(reverse("guidance-panel", args=[someone.pk])).content.decode()
    assert "No rule is applied before somebody has reviewed the import" in page
    table = client.get(reverse("guidance-eligibility", args=[someone.pk, "prrt"]))
    assert table.context["table"] is None


@pytest.mark.parametrize("treatment", ["prrt", "tare"])
def test_table_of_criteria_is_a_fragment_with_the_patient_s_own_values(client: Client, treatment: str) -> None:
    home = team()
    someone = treated(home)
    client.force_login(person(home))
    part = client.get(reverse("guidance-eligibility", args=[someone.pk, treatment]), headers=PART).content.decode()
    assert part.startswith("<section")
    assert f'id="eligibility-{treatment}"' in part
    words = {"prrt": ("Krenning 1 on PET", "Not met", "1 Sep 2026"), "tare": ("Lung dose", "Missing", "none recorded")}
    assert [word for word in words[treatment] if word not in part] == []
    whole = client.get(reverse("guidance-eligibility", args=[someone.pk, treatment])).content.decode()
    assert whole.lstrip().startswith("<!doctype html>")


def test_table_of_criteria_exists_for_two_treatments_and_own_patients(client: Client) -> None:
    someone = treated()
    client.force_login(person(someone.team))
    assert client.get(reverse("guidance-eligibility", args=[someone.pk, "surgery"])).status_code == 404
    client.force_login(person(team()))
    assert client.get(reverse("guidance-eligibility", args=[someone.pk, "prrt"])).status_code == 404


def test_everything_is_off_with_the_switch_but_goals_prompts_stay(client: Client, settings: Any, now: datetime) -> None:
    from tests.factories.goals import prompt

    home = team()
    someone, oncologist = treated(home), person(home)
    line(someone, "prrt", agent="177Lu-dotatate", status="planned", started_on=None, planned_on=date(2026, 12, 10))
    given = answered(someone, oncologist, now, "discuss")
    prompt(someone)
    client.force_login(oncologist)
    settings.DECISION_SUPPORT_ENABLED = False
    for name, args in (("guidance-panel", []), ("guidance-eligibility", ["prrt"]), ("guidance-eligibility", ["tare"])):
        page = client.get(reverse(name, args=[someone.pk, *args]), headers=PART).content.decode()
        assert "Decision support is switched off at this site. Nothing is computed." in page
        assert [word for word in ("Krenning", "R03", "R17", "Not met", "Met", "Review") if word in page] == []
    assert GuidanceRaised.objects.count() == 0
    assert client.get(reverse("guidance-answer", args=[someone.pk, "R17"])).status_code == 302
    refer = client.get(f"{reverse('referral-create', args=[someone.pk])}?guidance={given.pk}")
    assert refer.context["marked"] == []
    assert "PRRT uptake" not in refer.context["form"].initial["question"]
    assert "not applied to anybody" in client.get(reverse("guidance-catalog")).content.decode()
    goals = client.get(reverse("goals-panel", args=[someone.pk])).content.decode()
    assert "New progression" in goals
