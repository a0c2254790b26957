"""The page that the patient takes home: plain, in five languages, one sheet, nothing of what is the team's."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from careteam.audit.models import AuditEvent
from careteam.people.rules import Role
from careteam.web.pdf import pages_of
from patients.goals.models import GoalsConversation
from patients.goals.rules import Burden, Matter, Place
from patients.goals.rules import leaflet as words
from patients.goals.rules.leaflet import LANGUAGES, Told, hard_words, language_of, leaflet
from patients.goals.rules.said import Ability, Hope, Strength
from patients.record.models import PatientContact
from tests.factories import patient, person, team
from tests.factories.goals import conversation

TABLES = {
    "LABELS": set(Matter),
    "NOT_WANTED": set(Burden),
    "PLACES": set(Place) - {Place.UNDECIDED},
    "HOPES": set(Hope),
    "STRENGTHS": set(Strength),
    "ABILITIES": set(Ability),
}
# Level B1: what a person reads who has never been in a hospital before.
LONGEST = 12
FORBIDDEN = (
    "palliat", "prognos", "metasta", "therap", "code", "terminal", "diagnos", "oncolog", "resuscit", "réanimer",
    "reanim", "biops", "intervention", "symptom", "chronic", "survival", "statist",
)  # fmt: skip


def fixed(language: str) -> list[str]:
    tables = [words.SENTENCES, *(getattr(words, name) for name in TABLES)]
    return [texts[language] for table in tables for texts in table.values()]


@pytest.mark.parametrize("name", TABLES)
def test_every_choice_has_words_in_every_language(name: str) -> None:
    table = getattr(words, name)
    assert set(table) == TABLES[name]
    assert all(set(texts) == set(LANGUAGES) for texts in [*table.values(), *words.SENTENCES.values()])


@pytest.mark.parametrize("language", LANGUAGES)
def test_fixed_sentences_are_short_plain_and_without_abbreviations(language: str) -> None:
    for text in fixed(language):
        for sentence in re.split(r"[.!?]\s", text):
            assert len(sentence.split()) <= LONGEST, sentence
        assert not [word for word in FORBIDDEN if word in text.casefold()], text
        assert not re.search(r"\b[A-Z]{2,}\b|\d|%|\b\w+\.\w", text.replace("{}", "")), text


def test_long_words_are_rare_in_english() -> None:
    """A readability rule for the language most pages are in: words of four syllables and more."""
    text = " ".join(fixed("en")).replace("{}", "")
    long = [word for word in re.findall(r"[a-z]+", text.casefold()) if len(re.findall(r"[aeiouy]+", word)) >= 4]
    assert len(long) / len(text.split()) < 0.02, long


@pytest.mark.parametrize(
    ("asked", "spoken", "language"),
    [("", "de-AT", "de"), ("fr", "de", "fr"), ("xx", "tr", "en"), ("", "", "en"), ("", "ES", "es")],
)
def test_language_is_the_one_asked_for_then_the_patients_then_english(asked: str, spoken: str, language: str) -> None:
    assert language_of(asked, spoken) == language


def test_own_words_stay_as_they_were_said() -> None:
    page = leaflet(Told(date(2026, 11, 20), quote="Daheim will i sein, ned im Spital!", hopes=["good_days"]), "en")
    assert [part.words for part in page.parts if part.words] == ["“Daheim will i sein, ned im Spital!”"]
    assert page.opening == ("We talked on 20 November 2026.",)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("PRRT goes on, and 30 % live longer; prognosis open.", ["PRRT", "30 %", "prognos"]),
        ("We call you on Monday. I am there.", []),
        ("Your Ki67 and DNR", ["DNR"]),
    ],
)
def test_hard_words(text: str, found: list[str]) -> None:
    assert hard_words(text) == found


CLINICIANS = {
    "summary": "SUMMARY-ONLY-FOR-THE-TEAM",
    "recommendation": "RECOMMENDATION-ONLY",
    "prognosis_shared": "PROGNOSIS-ONLY",
    "understanding": "UNDERSTANDING-ONLY",
    "worries": "WORRIES-ONLY",
    "family_knows": "FAMILY-ONLY",
    "treatment_limits": "LIMITS-ONLY",
    "order_location": "ORDER-ONLY",
    "spiritual": "SPIRITUAL-ONLY",
    "strength": "PARAPHRASED-BY-THE-CLINICIAN",
}


def _signed() -> GoalsConversation:
    home = team()
    someone = patient(home, language="de")
    gerald = PatientContact.objects.create(patient=someone, name="Gerald Amara", relation="husband", scope="none")
    noor = PatientContact.objects.create(patient=someone, name="Noor Amara", relation="daughter", scope="all")
    return conversation(
        someone,
        person(home, Role.PALLIATIVE, name="Lena Brandt", title="Dr"),
        **CLINICIANS,
        present=[f"contact:{gerald.pk}", f"contact:{noor.pk}"],
        hopes="Noch einmal ans Meer",
        hopes_codes=["travel"],
        quoted=["hopes", "worries"],
        surprise="no",
        agreed="Sie bleiben daheim. Wir rufen am Montag an.",
        place_of_care="home",
    )


@pytest.mark.django_db
def test_page_says_what_the_patient_said_and_nothing_of_what_is_the_teams(client: Client) -> None:
    row = _signed()
    client.force_login(row.signed_by)
    whole = client.get(reverse("goals-summary", args=[row.patient_id, row.pk])).content.decode()
    page = whole.split("<article")[1]
    for said in ("Was Ihnen wichtig ist", "20. November 2026", "Noch einmal ans Meer", "Sie bleiben daheim.", "Noor"):
        assert said in page
    for hidden in (*CLINICIANS.values(), "DNR", "Gerald", "surprise", "Big picture"):
        assert hidden not in page
    assert "Gerald Amara must not read it." in whole.split("<article")[0]
    english = client.get(reverse("goals-summary", args=[row.patient_id, row.pk]) + "?language=en").content.decode()
    assert "What matters to you" in english
    assert "Noch einmal ans Meer" in english


@pytest.mark.django_db
def test_sheet_is_one_page_tells_nobody_else_and_is_noted_as_an_export(client: Client) -> None:
    row = _signed()
    client.force_login(row.signed_by)
    answer = client.get(reverse("goals-summary-pdf", args=[row.patient_id, row.pk]))
    assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (200, "application/pdf", "no-store")
    assert answer.content.startswith(b"%PDF")
    assert AuditEvent.objects.filter(kind="export", patient_ids=[row.patient_id]).exists()
    html = client.get(reverse("goals-summary", args=[row.patient_id, row.pk])).content.decode()
    assert "Gerald" not in html.split("<article")[1]


@pytest.mark.django_db
def test_whoever_hands_it_over_hears_that_the_page_names_somebody_excluded(client: Client) -> None:
    someone = patient(team())
    PatientContact.objects.create(patient=someone, name="Dr. Karl Berger", scope="none")
    row = conversation(
        someone, person(someone.team, Role.PALLIATIVE, title="Dr."), event="Karl’s wedding", participants="Karla"
    )
    client.force_login(row.signed_by)
    page = reverse("goals-summary", args=[row.patient_id, row.pk])
    text = client.get(page).content.decode()
    assert ("This page names Dr. Karl Berger." in text, "A newer conversation is signed" in text) == (True, False)
    conversation(someone, row.signed_by)
    assert "A newer conversation is signed" in client.get(page).content.decode()


def test_a_full_page_fits_one_sheet() -> None:
    from django.template.loader import render_to_string

    told = Told(
        date(2026, 11, 20),
        present=["Noor Amara, daughter", "Dr Lena Brandt"],
        quote="I want to be at home for the summer, in the garden, with the dog, and not in a hospital bed.",
        matters=list(Matter),
        hopes=["travel", "good_days", "grandchildren"],
        hopes_words="To see the sea once more, with all of them.",
        strength=["children", "faith", "nature"],
        strength_words="My choir.",
        abilities=["recognize", "eat"],
        abilities_words="To know who they are.",
        not_wanted=list(Burden),
        place="home",
        agreed="You stay at home. " * 12,
        again_on=date(2027, 1, 4),
    )
    for language in LANGUAGES:
        home = {"page": leaflet(told, language)}
        html = render_to_string(
            "patients/goals/paper.html",
            {"home": home, "patient": {"name": "Ada Amara"}, "conversation": {"signed_by": "Dr Lena Brandt"}},
        )
        assert len(pages_of(html, fit=1).pages) == 1, language
