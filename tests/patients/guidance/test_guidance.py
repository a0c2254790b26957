"""From the record to the panel: snapshot, answers, switch, access."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from careteam.audit.models import AuditEvent
from careteam.people.rules import Role
from patients.guidance.commands import answer_prompt
from patients.guidance.models import GuidanceAnswer
from patients.guidance.queries import guidance_of, snapshot, to_discuss
from patients.guidance.rules import DrugFact, FlagFact, LiverFact
from patients.record.models import LiverAssessment, Medication, Metastasis, Patient, ReceptorImaging
from tests.factories import NOW, diagnosis, line, measurement, patient, person, specimen, study, team
from tests.factories.goals import conversation, prompt

pytestmark = pytest.mark.django_db
QUERIES = 17  # of the snapshot, whatever the length of the history
TODAY = NOW.date()


def treated(home: Any = None) -> Patient:
    """SSTR-negative NET G2, stage IV, on lanreotide: R03 and R17 speak."""
    someone = patient(home or team(), sex="male")
    diagnosis(someone)
    specimen(someone)
    line(someone)
    ReceptorImaging.objects.create(patient=someone, imaged_on=date(2026, 9, 1), krenning=1, modality="pet")
    return someone


def test_snapshot_reads_the_record() -> None:
    home = team()
    someone = treated(home)
    measurement(someone, "718-7", 120, unit="g/L", taken_at=datetime(2026, 11, 1, 9, tzinfo=UTC))
    measurement(someone, "718-7", 90, unit="g/L", taken_at=datetime(2026, 10, 1, 9, tzinfo=UTC))
    measurement(someone, "26515-7", 200, unit="10*9/L", taken_at=datetime(2026, 11, 2, 9, tzinfo=UTC))
    measurement(someone, "1751-7", 38, unit="g/dL")
    measurement(someone, "1975-2", 10, unit="umol/L", reference_high=21)
    measurement(someone, "9811-1", 300, unit="ng/mL", assay="Kryptor", on_ppi=True, reference_high=100)
    measurement(someone, "9811-1", 200, unit="ng/mL", assay="Kryptor", taken_at=datetime(2026, 8, 1, 9, tzinfo=UTC))
    measurement(someone, "6301-6", Decimal("1.1"), unit="1")
    measurement(someone, "33914-3", 55, unit="mL/min/{1.73_m2}")
    Medication.objects.create(patient=someone, name="Apixaban", drug_class="anticoagulant", asked_on=TODAY)
    Medication.objects.create(patient=someone, name="Bevacizumab", drug_class="vegf", ended_on=date(2026, 1, 1))
    Medication.objects.create(patient=someone, name="Pancreatin", drug_class="other")
    Metastasis.objects.create(patient=someone, site="liver")
    LiverAssessment.objects.create(patient=someone, assessed_on=date(2026, 5, 1), burden_percent=20)
    LiverAssessment.objects.create(
        patient=someone, assessed_on=date(2026, 9, 1), burden_percent=35, scheme="frilling", pattern=2
    )
    study(someone, modality="echo", status="performed", performed_on=date(2026, 4, 1), due_on=None)
    study(someone, modality="sstr_pet", status="performed", performed_on=date(2026, 10, 1), due_on=None)
    conversation(someone, person(home, Role.PALLIATIVE))
    facts = snapshot(someone, TODAY)
    assert [(each.value, each.assay, each.on_ppi) for each in facts.cga] == [
        (Decimal(300), "Kryptor", True),
        (Decimal(200), "Kryptor", None),
    ]
    assert (facts.labs["33914-3"].words, facts.labs["6301-6"].words) == ("55 mL/min/1.73 m²", "1.1")
    assert facts.drugs == (DrugFact("Apixaban", "anticoagulant", TODAY),)
    assert (facts.metastases, facts.liver) == ({"liver"}, LiverFact(date(2026, 9, 1), "frilling", 2, 35))
    assert (facts.echo_on, facts.sstr_on, facts.ki67) == (date(2026, 4, 1), date(2026, 10, 1), Decimal(8))
    assert (facts.jurisdiction, facts.specimen_on) == ("eu", date(2024, 3, 1))
    assert (facts.grade, facts.krenning, facts.sstr_positive, facts.therapy_line, facts.code_status) == (
        "NET G2",
        1,
        False,
        1,
        "dnr",
    )
    assert (facts.labs["718-7"].value, facts.labs["718-7"].on) == (Decimal(12), date(2026, 11, 1))
    assert facts.labs["777-3"].value == Decimal(200)
    assert facts.labs["1751-7"].problem == "Albumin 38 is not plausible in g/dL. Did you mean g/L?"
    bilirubin = facts.labs["1975-2"]
    assert bilirubin.uln is not None
    assert (bilirubin.value, round(bilirubin.uln, 4)) == (Decimal("0.584795"), Decimal("1.2281"))


def test_snapshot_needs_no_more_queries_for_a_long_history() -> None:
    def queries(someone: Patient) -> int:
        someone = Patient.objects.select_related("team").get(pk=someone.pk)
        with CaptureQueriesContext(connection) as captured:
            snapshot(someone, TODAY)
        return len(captured)

    short, long = treated(), treated()
    for number in range(5):
        measurement(long, "718-7", 12, unit="g/dL")
        line(
            long,
            "targeted",
            agent="Everolimus",
            status="stopped",
            ended_on=date(2026, 2, number + 1),
            end_reason="toxicity",
        )
        specimen(long)
        ReceptorImaging.objects.create(patient=long, imaged_on=date(2026, 3, number + 1), krenning=2)
        Metastasis.objects.create(patient=long, site="liver")
        Medication.objects.create(patient=long, name="Pantoprazole", drug_class="ppi")
    assert queries(short) == queries(long)
    assert queries(long) == QUERIES


def test_guidance_of_shows_what_is_open_and_what_was_answered(now: datetime) -> None:
    home = team()
    someone, oncologist = treated(home), person(home)
    found = guidance_of(someone, TODAY)
    assert [each.rule for each in found.open] == ["R03", "R17"]
    first = found.open[0]
    given = answer_prompt(someone, rule="R03", fingerprint=first.fingerprint, answer="discuss", by=oncologist, now=now)
    assert given.matched == {"inputs": [["Uptake", "Krenning 1 on PET", "2026-09-01"]], "missing": []}
    after = guidance_of(someone, TODAY)
    assert ([each.rule for each in after.open], [each.prompt.rule for each in after.answered]) == (["R17"], ["R03"])
    assert to_discuss(someone.pk) == [given]
    assert AuditEvent.objects.get(action="guidance.answer_prompt").details["rule"] == "R03"
    # a new scan with the same finding is a new prompt
    ReceptorImaging.objects.create(patient=someone, imaged_on=date(2026, 11, 1), krenning=1, modality="pet")
    assert [each.rule for each in guidance_of(someone, TODAY).open] == ["R03", "R17"]


def test_answer_is_kept_once(now: datetime) -> None:
    home = team()
    someone, oncologist = treated(home), person(home)
    fingerprint = guidance_of(someone, TODAY).open[0].fingerprint
    for answer in ("acknowledged", "discuss"):
        answer_prompt(someone, rule="R03", fingerprint=fingerprint, answer=answer, by=oncologist, now=now)
    assert [row.answer for row in GuidanceAnswer.objects.all()] == ["acknowledged"]


@pytest.mark.parametrize(
    ("rule", "answer", "reason", "role", "message"),
    [
        ("R03", "not_applicable", "", Role.ONCOLOGIST, "Say why it does not apply"),
        ("R03", "agreed", "", Role.ONCOLOGIST, "Choose an answer"),
        ("R03", "acknowledged", "", Role.NURSE_COORDINATOR, "do not include this change"),
        ("R08", "acknowledged", "", Role.ONCOLOGIST, "have changed since"),
        ("R18", "acknowledged", "", Role.ONCOLOGIST, "answered at the goals prompt"),
    ],
)
def test_answer_is_refused_with_a_reason(
    now: datetime, rule: str, answer: str, reason: str, role: Role, message: str
) -> None:
    home = team()
    someone = treated(home)
    prompt(someone)
    shown = {each.rule: each.fingerprint for each in guidance_of(someone, TODAY).open}
    with pytest.raises(ValidationError, match=message):
        answer_prompt(
            someone,
            rule=rule,
            fingerprint=shown.get(rule, "0" * 64),
            answer=answer,
            reason=reason,
            by=person(home, role),
            now=now,
        )


def test_switched_off_computes_nothing(settings: Any, client: Client) -> None:
    settings.DECISION_SUPPORT_ENABLED = False
    home = team()
    someone = treated(home)
    with CaptureQueriesContext(connection) as captured:
        found = guidance_of(someone, TODAY)
    assert (found.enabled, found.open, found.tables, len(captured)) == (False, (), (), 0)
    client.force_login(person(home))
    page = client.get(
        reverse("guidance-panel", args=[someone.pk]), headers={"HX-Request": "true", "HX-Request-Type": "partial"}
    )
    assert "Decision support is switched off at this site. Nothing is computed." in page.content.decode()
    assert client.get(reverse("guidance-answer", args=[someone.pk, "R03"])).status_code == 302


def test_nothing_is_said_about_the_deceased() -> None:
    someone = treated()
    someone.deceased_on = date(2026, 11, 1)
    assert guidance_of(someone, TODAY).open == ()


def test_panel_answer_and_catalog_in_the_browser(client: Client) -> None:
    home = team()
    someone = treated(home)
    client.force_login(person(home))
    panel = client.get(reverse("guidance-panel", args=[someone.pk])).content.decode()
    for words in ("PRRT uptake criterion not met.", "R03 v1", "Krenning 1 on PET", "EU label (V)", "alphabetical"):
        assert words in panel
    where = reverse("guidance-answer", args=[someone.pk, "R03"])
    fingerprint = guidance_of(someone, TODAY).open[0].fingerprint
    assert client.get(where).status_code == 200
    empty = client.post(where, {"answer": "not_applicable", "fingerprint": fingerprint})
    assert (empty.status_code, "Say why it does not apply." in empty.content.decode()) == (422, True)
    stale = client.post(where, {"answer": "acknowledged", "fingerprint": "0" * 64})
    assert (stale.status_code, "Read it again." in stale.content.decode()) == (422, True)
    kept = client.post(where, {"answer": "not_applicable", "reason": "Lung primary", "fingerprint": fingerprint})
    assert (kept.status_code, GuidanceAnswer.objects.get().reason) == (302, "Lung primary")
    assert client.get(reverse("guidance-answer", args=[someone.pk, "R99"])).status_code == 404
    catalog = client.get(reverse("guidance-catalog")).content.decode()
    assert "<b>local, unsigned</b>: raises nothing" in catalog


def test_prrt_table_stands_in_the_panel_once_prrt_is_asked(client: Client) -> None:
    home = team()
    someone = treated(home)
    line(someone, "prrt", agent="177Lu-dotatate", status="planned", started_on=None, planned_on=date(2026, 12, 10))
    client.force_login(person(home))
    panel = client.get(reverse("guidance-panel", args=[someone.pk])).content.decode()
    assert "PRRT criteria; unknown never passes" in panel
    assert "EU label: adults, unresectable or metastatic, progressive, G1–G2 only" in panel
    assert "Not met" in panel


@pytest.mark.parametrize("name", ["guidance-panel", "guidance-answer"])
def test_foreign_team_finds_nothing(client: Client, name: str) -> None:
    someone = treated()
    client.force_login(person(team()))
    args = [someone.pk, "R03"] if name == "guidance-answer" else [someone.pk]
    assert client.get(reverse(name, args=args)).status_code == 404


def test_answer_needs_the_right(client: Client) -> None:
    home = team()
    someone = treated(home)
    client.force_login(person(home, Role.NURSE_COORDINATOR))
    assert client.get(reverse("guidance-answer", args=[someone.pk, "R03"])).status_code == 403
    assert client.get(reverse("guidance-panel", args=[someone.pk])).status_code == 200


@pytest.mark.django_db
def test_ascites_is_read_from_the_latest_look_at_the_liver_that_says_so() -> None:
    someone = patient(team())
    on = date(2026, 9, 1)
    assert snapshot(someone, on).flag("ascites") is None
    LiverAssessment.objects.create(patient=someone, assessed_on=date(2026, 5, 1), ascites="none")
    assert snapshot(someone, on).flag("ascites") == FlagFact("absent", date(2026, 5, 1))
    LiverAssessment.objects.create(patient=someone, assessed_on=date(2026, 7, 1), ascites="mild")
    LiverAssessment.objects.create(patient=someone, assessed_on=date(2026, 8, 1), burden_percent=30)
    assert snapshot(someone, on).flag("ascites") == FlagFact("present", date(2026, 7, 1), "mild")
    assert snapshot(someone, on).liver == LiverFact(date(2026, 8, 1), burden=30)
