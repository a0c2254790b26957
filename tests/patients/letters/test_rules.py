"""Texts, placeholders, words in five languages."""

from __future__ import annotations

from datetime import date

import pytest

from careteam.web.words import language_name
from patients.imaging.rules import StudyModality
from patients.letters.rules import (
    PLACEHOLDERS,
    SHIPPED,
    TEXTS,
    LetterKind,
    blocks,
    date_words,
    direction,
    filled,
    named,
    preparation_words,
    problems,
    scan_words,
)
from patients.letters.rules.words import PREPARATION, SCANS


@pytest.mark.parametrize("language", SHIPPED)
@pytest.mark.parametrize("kind", LetterKind)
def test_every_shipped_text_is_usable_and_says_nothing_of_the_disease(kind: LetterKind, language: str) -> None:
    subject, body = TEXTS[kind, language]
    assert problems(kind, language, subject=subject, body=body) == {}
    words = (subject + body).lower()
    assert [word for word in ("tumor", "tumeur", "cancer", "krebs", "cáncer", "tumore", "net ") if word in words] == []
    assert filled(body, dict.fromkeys(PLACEHOLDERS, "x")).count("{") == 0


def test_every_language_has_every_word() -> None:
    for language in SHIPPED:
        assert set(SCANS[language]) == set(StudyModality.values)
        assert set(PREPARATION[language]) == set(PREPARATION["en"])


@pytest.mark.parametrize(
    ("kind", "language", "body", "said"),
    [
        ("recall", "en", "{salutation} {scan} {phone} {signature} {nickname}", "There is no {nickname}."),
        ("recall", "en", "{salutation} {scan} {phone} {signature} {", "A brace stands alone"),
        ("recall", "en", "{salutation} {scan} {phone} {signature} {date}", "Leave out {date}"),
        ("recall", "en", "{salutation} {scan} {signature}", "Say {phone} too"),
        ("invitation", "en", "{salutation} {scan} {phone} {signature} {date} {time}", "Say {place} too"),
        ("recall", "tr", "Sayın {name}, {scan} {phone} {signature}", "We have no words of this language for {scan}"),
        ("recall", "en", "{salutation.__class__} {scan} {phone} {signature}", "There is no {salutation.__class__}."),
        ("recall", "en", "  ", "Write the text."),
    ],
)
def test_a_text_that_cannot_be_used_says_why(kind: str, language: str, body: str, said: str) -> None:
    found = problems(LetterKind(kind), language, subject="Your scan", body=body)
    assert said in " ".join(found["body"])


def test_a_text_in_a_language_without_our_words_does_without_them() -> None:
    body = "Sayın {name}, lütfen bizi arayın: {phone}. {signature}"
    assert problems(LetterKind.REMINDER, "tr", subject="Randevunuz", body=body) == {}


def test_filling_replaces_once_and_runs_nothing() -> None:
    assert filled("{name} at {place}", {"name": "{place}", "place": "{0.__class__}"}) == "{place} at {0.__class__}"
    assert named("a { name } b {date}") == ["name", "date"]


def test_blocks_divide_paragraphs_and_lists() -> None:
    found = blocks("Dear A,\n\nScan: MRI\nDay: Monday\nNote:\n- one\n- two\n\nBye")
    assert [(block.is_list, block.lines) for block in found] == [
        (False, ("Dear A,",)),
        (False, ("Scan: MRI", "Day: Monday", "Note:")),
        (True, ("one", "two")),
        (False, ("Bye",)),
    ]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Tuesday, 1 December 2026"),
        ("de", "Dienstag, 1. Dezember 2026"),
        ("fr", "mardi 1er décembre 2026"),
        ("es", "martes, 1 de diciembre de 2026"),
        ("it", "martedì 1 dicembre 2026"),
        ("tr", "1 Aralık 2026"),
    ],
)
def test_days_are_said_in_the_language(language: str, words: str) -> None:
    assert date_words(date(2026, 12, 1), language) == words


def test_preparation_fits_the_scan_and_the_person() -> None:
    assert [line for line in preparation_words("mri", "en", sex="male") if "pregnant" in line] == []
    assert any("pacemaker" in line for line in preparation_words("mri", "en", sex="female"))
    assert any("lanreotide" in line for line in preparation_words("sstr_pet", "en", sex="female"))
    assert preparation_words("ct", "en", sex="male", extra=["interpreter"])[-1].startswith("If you need an interpreter")
    assert preparation_words("ct", "tr", sex="male") == ()
    assert scan_words("ct", "de") == "Computertomografie (CT)"


def test_directions_and_names() -> None:
    assert [direction(one) for one in ("ar", "he", "de-AT", "xx")] == ["rtl", "rtl", "ltr", "ltr"]
    assert [language_name(one) for one in ("tr", "pt-BR", "xx")] == ["Turkish", "Portuguese", "xx"]
