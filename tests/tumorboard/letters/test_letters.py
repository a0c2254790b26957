"""Letters about a decision: plain for the patient, clinical for the GP, never to whom none may go."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import InternalError, ProgrammingError, transaction
from django.test import Client
from django.urls import reverse

from careteam.audit.models import AuditEvent
from careteam.people.rules import Role
from careteam.printing.rules import GIVE_UP_AFTER
from patients.letters.commands import save_head
from patients.record.models import NextStep, Patient, PatientContact
from tests import factories
from tests.factories.board import Room
from tests.factories.goals import conversation
from tumorboard.actions.commands import assign
from tumorboard.actions.models import Action
from tumorboard.actions.rules import ActionKind
from tumorboard.decisions.commands import Terms, add_addendum
from tumorboard.decisions.models import Decision, Told
from tumorboard.decisions.rules import Option, ToldWhom
from tumorboard.letters.commands import make_print, send_letter, take_back_letter, waiting_prints, write_letter
from tumorboard.letters.models import DecisionLetter, LetterPrint
from tumorboard.letters.queries import draft_of
from tumorboard.letters.rules import SentHow, figures_in, words
from tumorboard.referrals.models import Referral

LATER = datetime(2026, 11, 30, 9, tzinfo=UTC)  # the Monday after the meeting
MONDAY = date(2026, 11, 30)
HEAD = {"name": "Clinic South", "address": "Street 1\n10115 Berlin", "phone": "+49 30 555 01"}
PATIENT, GP = ToldWhom.PATIENT, ToldWhom.GP


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(LATER):
        yield


class TestWords:
    @pytest.mark.parametrize("language", ["en", "de", "fr", "es", "it"])
    def test_every_option_and_step_has_plain_words_in_every_language(self, language: str) -> None:
        own_words = {ActionKind.OTHER, ActionKind.TELL_PATIENT}
        assert set(words.OPTIONS[language]) == set(Option)
        assert set(words.STEPS[language]) == set(ActionKind) - own_words
        texts = (words.SUBJECTS, words.OPENING, words.THEY_SAY, words.CONDITION, words.UNCHANGED, words.NEXT)
        more = (words.CHOICE, words.CALL, words.BY, words.REGARDS, words.DATE_FORMATS)
        assert [text for text in (*texts, *more) if language not in text] == []

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("The chance is 40 %.", True),
            ("40 Prozent sprechen an", True),
            ("Your prognosis is good", True),
            ("La esperanza de vida", True),
            ("Please come on 4 December at 10:30, room 240.", False),
            ("", False),
        ],
    )
    def test_figures_about_prognosis_are_seen(self, text: str, found: bool) -> None:
        assert figures_in(text) is found


@pytest.fixture
def case(room: Room) -> Decision:
    lead = factories.person(room.team, Role.TEAM_LEAD)
    save_head(room.team, HEAD, by=lead, now=room.now)
    patient = room.patient(
        given_name="Rosa", family_name="Adler", language="de", address="Weg 2, 10117 Berlin",
        general_practitioner="Dr. Anna Brandl, Hauptstr. 3, 10119 Berlin", birth_date=date(1960, 5, 4),
    )  # fmt: skip
    return room.signed(Option.PRRT, Option.WITH_PALLIATIVE, patient=patient, details={Option.PRRT: "4 cycles"})


def write(room: Room, decision: Decision, whom: ToldWhom = PATIENT, **fields: Any) -> DecisionLetter:
    return write_letter(decision, whom, by=room.chair, now=LATER, **fields)


@pytest.mark.django_db
class TestText:
    def test_the_patients_letter_is_plain_in_their_language_without_codes_and_figures(
        self, room: Room, case: Decision
    ) -> None:
        letter = write(room, case, own_words="Wir rufen Sie am Montag an.")
        assert (letter.language, letter.subject) == ("de", "Was das Tumorboard empfiehlt")
        assert letter.body.split("\n\n") == [
            "Guten Tag Rosa Adler,",
            words.OPENING["de"].format(date="Donnerstag, 26. November 2026"),
            "\n".join(
                [
                    "Das empfehlen sie:",
                    "- ein radioaktives Medikament, das über das Blut zu den Tumorzellen gelangt (PRRT)",
                    "- dazu Hilfe durch das Team für Beschwerden und Lebensqualität (Palliativmedizin)",
                ]
            ),
            "Wir rufen Sie am Montag an.",
            "So geht es weiter:\n- Wir bereiten die Behandlung mit Ihnen vor (bis 10.\xa0Dezember\xa02026)",
            words.CHOICE["de"],
            words.CALL["de"].format(phone="+49\xa030\xa0555\xa001"),
            "Mit freundlichen Grüßen\nInes Okafor\nClinic South",
        ]
        assert letter.recipient == "Rosa Adler\nWeg 2\n10117 Berlin"

    def test_a_language_without_words_falls_back_and_says_so(self, room: Room, case: Decision) -> None:
        Patient.objects.filter(pk=case.patient_id).update(language="tr")
        case.patient.refresh_from_db()
        draft = draft_of(case, PATIENT, by=room.chair, now=LATER)
        assert (draft.language, draft.fallback) == ("en", "No Turkish text exists; English is used.")

    def test_the_gps_letter_is_clinical_with_owners_and_days_and_without_dissent(self, room: Room) -> None:
        patient = room.patient(general_practitioner="Dr. Brandl", birth_date=date(1960, 5, 4))
        terms = {Option.PRRT: Terms(strength="strong", condition="if SSTR PET positive")}
        said: dict[str, Any] = {"details": {Option.PRRT: "4 cycles"}, "intent": "disease_control", "terms": terms}
        decision = room.signed(patient=patient, dissent="Surgery first", **said)
        add_addendum(decision, text="Creatinine first.", by=room.chair, now=room.meeting_time)
        room.told(decision)
        body = draft_of(decision, GP, by=room.chair, now=LATER, own_words="Please check creatinine.").body
        assert body.split("\n\n")[3:9] == [
            "Question: PRRT now?",
            "Decision: PRRT (if SSTR PET positive).",
            "Recommended:\n- PRRT; 4 cycles; intent: disease control; strongly recommended; if SSTR PET positive",
            "Added since:\n- Creatinine first.",
            "Please check creatinine.",
            "What follows:\n- Start PRRT: Nora Nurse, by 10 December 2026",
        ]
        assert words.CONDITION["en"] in draft_of(decision, PATIENT, by=room.chair, now=LATER).body
        assert ("The patient was told on 26 Nov 2026 (in person)." in body, "Surgery first" in body) == (True, False)

    def test_no_change_is_said_as_such(self, room: Room, case: Decision) -> None:
        same = room.signed(Option.OBSERVATION, patient=case.patient)
        Decision.objects.filter(pk=same.pk).update(outcome="no_change")
        same.recommendations.update(error_at=LATER, error_by=room.chair, error_reason="None")
        same.refresh_from_db()
        draft = draft_of(same, PATIENT, by=room.chair, now=LATER)
        assert (words.UNCHANGED["de"] in draft.body, draft.lacks) == (True, ())


@pytest.mark.django_db
class TestWhoMayGetOne:
    def test_the_gp_waits_for_the_patient_or_takes_a_reason_that_is_kept(self, room: Room, case: Decision) -> None:
        with pytest.raises(ValidationError, match="The patient hears it first"):
            write(room, case, GP)
        letter = write(room, case, GP, despite="Pneumonia, treated by the GP")
        assert "has not been told yet: please let us speak with the patient first" in letter.body
        sent = send_letter(letter, SentHow.FAX, on=MONDAY, by=room.chair, now=LATER)
        told = Told.objects.get()
        assert (sent.told, told.whom, told.how, told.override_reason) == (told, "gp", "letter", letter.despite)

    def test_a_gp_who_must_not_be_told_gets_none(self, room: Room, case: Decision) -> None:
        PatientContact.objects.create(patient=case.patient, name="Dr. Anna Brandl", scope="none")
        room.told(case)
        assert not NextStep.objects.filter(source_key=f"told-gp:{case.pk}", closed_at=None).exists()
        with pytest.raises(ValidationError, match="The GP must not be told"):
            room.told(case, GP)
        with pytest.raises(ValidationError, match=r"must not be told: the record says so of Dr\. Anna Brandl"):
            write(room, case, GP)
        assert "Hausarzt" not in write(room, case).body

    def test_a_gp_who_must_not_be_told_since_gets_none_that_was_written(
        self, room: Room, case: Decision, client: Client
    ) -> None:
        room.told(case)
        letter = write(room, case, GP)
        LetterPrint.objects.update(state="made", pdf=b"%PDF-")
        PatientContact.objects.create(patient=case.patient, name="Dr. Anna Brandl", scope="none")
        client.force_login(room.chair)
        assert client.get(reverse("decision-letter-pdf", args=[letter.pk])).status_code == 409
        with pytest.raises(ValidationError, match="The GP must not be told"):
            send_letter(letter, SentHow.FAX, on=MONDAY, by=room.chair, now=LATER)

    def test_a_wish_about_information_is_shown_and_takes_a_reason(self, room: Room, case: Decision) -> None:
        conversation(case.patient, room.chair, information_preference="none_now")
        draft = draft_of(case, PATIENT, by=room.chair, now=LATER)
        assert (draft.wish, draft.notes) == ("Not now", ("Said about information: “Not now”.",))
        with pytest.raises(ValidationError, match=r"said about information: “Not now”\. Say why"):
            write(room, case)
        assert write(room, case, despite="Asked for it today").despite == "Asked for it today"

    def test_who_died_gets_no_letter_and_no_print(self, room: Room, case: Decision, client: Client) -> None:
        letter = write(room, case)
        LetterPrint.objects.update(state="made", pdf=b"%PDF-")
        client.force_login(room.chair)
        pdf = reverse("decision-letter-pdf", args=[letter.pk])
        assert client.get(pdf).status_code == 200
        Patient.objects.filter(pk=case.patient_id).update(deceased_on=MONDAY)
        assert client.get(pdf).status_code == 409
        for act in (
            lambda: write(room, case, reason="Again"),
            lambda: send_letter(letter, SentHow.POST, on=MONDAY, by=room.chair, now=LATER),
        ):
            with pytest.raises(ValidationError, match="The patient has died"):
                act()

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            ({"address": ""}, "Enter the patient’s address"),
            ({"own": "The chance is 40 %"}, "figures and words about prognosis"),
        ],
    )
    def test_what_is_missing_or_does_not_belong_is_said(
        self, room: Room, case: Decision, change: dict[str, str], why: str
    ) -> None:
        own = change.pop("own", "")
        if change:
            Patient.objects.filter(pk=case.patient_id).update(**change)
        with pytest.raises(ValidationError, match=why):
            write(room, case, own_words=own)


@pytest.mark.django_db
class TestLife:
    def test_a_written_letter_never_changes_and_a_correction_is_the_next_version(
        self, room: Room, case: Decision
    ) -> None:
        first = write(room, case, own_words="Wir rufen an.")
        with pytest.raises((InternalError, ProgrammingError), match="was written"), transaction.atomic():
            DecisionLetter.objects.filter(pk=first.pk).update(body="x")
        with pytest.raises(ValidationError, match="Say why there is another version"):
            write(room, case)
        second = write(room, case, own_words="Wir rufen am Dienstag an.", reason="Another day")
        assert (second.number, second.reason) == (2, "Another day")
        with pytest.raises(ValidationError, match="There is a newer version"):
            send_letter(first, SentHow.POST, on=MONDAY, by=room.chair, now=LATER)

    def test_sending_tells_by_letter_and_taking_back_untells(self, room: Room, case: Decision) -> None:
        letter = write(room, case)
        send_letter(letter, SentHow.POST, on=MONDAY, by=room.nurse, now=LATER)
        told = Told.objects.get()
        assert (told.whom, told.how, told.told_on, told.told_by) == ("patient", "letter", MONDAY, room.nurse)
        steps = NextStep.objects.filter(closed_at=None, kind="told").values_list("source_key", flat=True)
        assert list(steps) == [f"told-gp:{case.pk}"]
        with pytest.raises(ValidationError, match="It was sent already"):
            send_letter(letter, SentHow.POST, on=MONDAY, by=room.nurse, now=LATER)
        take_back_letter(letter, reason="Came back", by=room.nurse, now=LATER)
        told.refresh_from_db()
        assert (told.error_reason, set(steps.all())) == (
            "Letter not sent: Came back", {f"told:{case.pk}", f"told-gp:{case.pk}"},
        )  # fmt: skip
        assert AuditEvent.objects.filter(action__startswith="board_letters.").count() == 3

    def test_a_letter_after_a_talk_tells_nobody_twice_and_the_gps_closes_the_referral(
        self, room: Room, case: Decision
    ) -> None:
        room.told(case)
        for whom in (PATIENT, GP):
            send_letter(write(room, case, whom), SentHow.POST, on=MONDAY, by=room.chair, now=LATER)
        assert list(Told.objects.order_by("pk").values_list("whom", "how")) == [("patient", "visit"), ("gp", "letter")]
        assert Referral.objects.get().status == "closed"

    def test_a_dead_workers_pdf_is_taken_up_again(self, room: Room, case: Decision) -> None:
        printout = write(room, case).printout
        assert waiting_prints(now=LATER) == [printout.pk]
        LetterPrint.objects.update(state="running", taken_at=LATER)
        assert (waiting_prints(now=LATER), make_print(printout.pk, now=LATER)) == ([], False)
        later = LATER + GIVE_UP_AFTER + timedelta(seconds=1)
        assert (make_print(printout.pk, now=later), waiting_prints(now=later)) == (True, [])
        printout.refresh_from_db()
        assert (printout.done, bytes(printout.pdf)[:5]) == (1, b"%PDF-")


@pytest.mark.django_db
class TestPages:
    def test_from_the_decision_to_the_download(self, room: Room, case: Decision, client: Client) -> None:
        assign(
            case.patient, what="MRI", owner=room.nurse, due_on=date(2026, 12, 4), kind=ActionKind.ORDER_IMAGING,
            decision=case, by=room.chair, now=LATER,
        )  # fmt: skip
        client.force_login(room.nurse)
        assert (
            reverse("decision-letters", args=[case.pk])
            in client.get(reverse("decision", args=[case.pk])).content.decode()
        )
        panel = client.get(reverse("decision-letters", args=[case.pk])).content.decode()
        url = reverse("decision-letter-write", args=[case.pk, "patient"])
        assert (panel.count(url), panel.count("The patient hears it first")) == (1, 1)
        preview = client.post(url, {"own_words": "Bis bald.", "preview": "1"})
        assert (preview.status_code, "Bis bald." in preview.content.decode(), DecisionLetter.objects.count()) == (
            200,
            True,
            0,
        )
        refused = client.post(url, {"own_words": "40 % leben"})
        assert (refused.status_code, "40 % leben" in refused.content.decode()) == (422, True)
        answer = client.post(url, {"own_words": "Bis bald."})
        letter = DecisionLetter.objects.get()
        page = reverse("decision-letter", args=[letter.pk])
        pdf = reverse("decision-letter-pdf", args=[letter.pk])
        assert (answer["Location"], client.get(pdf).status_code) == (page, 404)
        assert "Making the PDF" in client.get(page).content.decode()
        LetterPrint.objects.update(state="made", pdf=b"%PDF-")
        file = client.get(pdf)
        assert file["Content-Disposition"] == f'attachment; filename="letter-{case.pk}-patient-v1.pdf"'
        assert AuditEvent.objects.filter(kind="export", patient_ids=[case.patient_id]).exists()
        sent = reverse("decision-letter-sent", args=[letter.pk])
        assert client.post(sent, {"sent_on": MONDAY, "how": "post"}).status_code == 303
        assert (
            "sent 30 Nov, post, Nora Nurse" in client.get(reverse("decision-letters", args=[case.pk])).content.decode()
        )
        assert Action.objects.filter(kind="order_imaging", status="open").count() == 1

    def test_the_panel_costs_the_same_with_more_letters(
        self, room: Room, case: Decision, client: Client, django_assert_num_queries: Any
    ) -> None:
        client.force_login(room.nurse)
        url = reverse("decision-letters", args=[case.pk])
        write(room, case)
        client.get(url)
        with django_assert_num_queries(30, exact=False) as counted:
            client.get(url)
        for reason in ("Again", "Once more"):
            write(room, case, reason=reason)
        with django_assert_num_queries(len(counted)):
            client.get(url)
