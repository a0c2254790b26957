"""What contradicts, what a PDF may contain."""

from __future__ import annotations

import zlib
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.wishes.rules import (
    CODES,
    NOT_A_PDF,
    CodeStatus,
    ContactFact,
    DocumentFact,
    Said,
    Spoken,
    TreatmentLimit,
    WishFact,
    WishKind,
    conflicts_in,
    limits_shown,
    problems,
    problems_of,
    words_of,
)
from patients.wishes.rules.pdf import CUT_OFF, LOCKED, OPAQUE

ON = date(2026, 11, 21)
FULL = WishFact(1, "code_status", "full", "Code status: Full", date(2026, 11, 1), "Dr Brandt")
NO_ICU = WishFact(2, "limit", "no_icu", "Treatment limits: No intensive care", date(2026, 10, 1), "Ana Whitcomb")
NO_DIALYSIS = WishFact(3, "limit", "no_dialysis", "Treatment limits: No dialysis", date(2026, 10, 1))
NO_ADMISSION = WishFact(4, "limit", "no_admission", "Treatment limits: No hospital admission", date(2026, 10, 1))
IN_HOSPITAL = WishFact(5, "place_of_death", "hospital", "Preferred place of death: Hospital", date(2026, 10, 1))
POLST = DocumentFact(7, "POLST", "current", date(2026, 9, 1), None, "dnr")
NOOR = ContactFact(11, "Noor", "all", is_proxy=True, document_seen=True)


def kinds(
    wishes: tuple[WishFact, ...] = (),
    documents: tuple[DocumentFact, ...] = (),
    contacts: tuple[ContactFact, ...] = (),
) -> list[str]:
    return [str(each.kind) for each in conflicts_in(wishes, documents, contacts, ON)]


@pytest.mark.parametrize(
    ("wishes", "documents", "contacts", "expected"),
    [
        ((FULL, NO_ICU), (), (), ["full_but_limited"]),
        ((FULL, NO_DIALYSIS), (), (), []),
        ((NO_ADMISSION, IN_HOSPITAL), (), (), ["admission"]),
        (
            (FULL,),
            (DocumentFact(8, "ReSPECT", "current", None, None, "", ("no_ventilation",)),),
            (),
            ["full_but_limited"],
        ),
        ((FULL,), (POLST,), (), ["order_differs"]),
        ((FULL,), (DocumentFact(7, "POLST", "revoked", None, None, "dnr"),), (), []),
        ((FULL,), (DocumentFact(7, "POLST", "current", None, ON - timedelta(days=1), "dnr"),), (), []),
        ((), (POLST, DocumentFact(8, "DNACPR", "current", None, None, "dnr_dni")), (), ["orders_differ"]),
        ((), (POLST,), (), ["only_on_paper"]),
        (
            (NO_ICU,),
            (DocumentFact(8, "MOLST", "current", None, None, "", ("no_icu", "no_dialysis")),),
            (),
            ["only_on_paper"],
        ),
        ((NO_ICU,), (DocumentFact(8, "MOLST", "current", None, None, "", ("no_icu",)),), (), []),
        ((), (), (ContactFact(1, "Jan", "none", is_proxy=True, document_seen=True),), ["excluded_proxy"]),
        ((), (), (ContactFact(1, "Jan", "none", is_emergency=True),), ["excluded_contact"]),
        ((), (), (NOOR, ContactFact(12, "Ben", "all", is_proxy=True, document_seen=True)), ["two_proxies"]),
        ((), (), (ContactFact(12, "Ben", "all", is_proxy=True),), ["proxy_unseen"]),
        (
            (),
            (DocumentFact(5, "Proxy", "current", None, None, proxy_id=12),),
            (ContactFact(12, "Ben", "all", True),),
            [],
        ),
        ((WishFact(1, "information", "family_only", "Tell my family", ON),), (), (), ["nobody_to_tell"]),
        ((WishFact(1, "information", "family_only", "Tell my family", ON),), (), (NOOR,), []),
        ((WishFact(1, "information", "full", "Everything", ON),), (), (), []),
    ],
)
def test_what_contradicts(
    wishes: tuple[WishFact, ...],
    documents: tuple[DocumentFact, ...],
    contacts: tuple[ContactFact, ...],
    expected: list[str],
) -> None:
    assert kinds(wishes, documents, contacts) == expected


def test_dying_at_home_after_care_in_a_hospice_is_no_contradiction() -> None:
    home = WishFact(1, "place_of_death", "home", "At home", ON)
    assert kinds((home, WishFact(2, "place_of_care", "hospice", "Hospice", ON))) == []


@pytest.mark.parametrize(
    ("paper", "says"),
    [
        (DocumentFact(7, "POLST", "revoked", None, None, "dnr"), "POLST: revoked"),
        (DocumentFact(7, "POLST", "current", None, ON - timedelta(days=1), "dnr"), "POLST: expired"),
    ],
)
def test_a_wish_outlives_its_document(paper: DocumentFact, says: str) -> None:
    dnr = WishFact(1, "code_status", "dnr", "Code status: DNR", ON, document_id=7)
    (found,) = conflicts_in((dnr,), (paper,), (), ON)
    assert (str(found.kind), found.sides[1].says) == ("rests_on_ended", says)


def test_both_sides_are_named_with_day_and_author() -> None:
    (found,) = conflicts_in((FULL, NO_ICU), (), (), ON)
    assert [(side.says, side.on, side.by) for side in found.sides] == [
        ("Code status: Full", date(2026, 11, 1), "Dr Brandt"),
        ("Treatment limits: No intensive care", date(2026, 10, 1), "Ana Whitcomb"),
    ]


def test_an_answer_holds_until_one_side_says_something_else() -> None:
    (before,) = conflicts_in((FULL, NO_ICU), (), (), ON)
    (same,) = conflicts_in((FULL, NO_ICU, NO_DIALYSIS), (POLST,), (), ON)[:1]
    later = WishFact(9, "limit", "no_icu", NO_ICU.text, ON)
    (other,) = conflicts_in((FULL, later), (), (), ON)
    assert before.fingerprint == same.fingerprint != other.fingerprint


def test_what_was_not_spoken_of_is_no_wish() -> None:
    assert list(Spoken(code_status="not_discussed", limit_words="  ").wishes()) == []
    assert [said.code for said in Spoken(limits=("no_icu", "no_icu", "other"), limit_words="x").wishes()] == [
        "no_icu",
        "other",
    ]


def test_words_of_a_wish() -> None:
    assert words_of("limit", "other", "No helicopter") == "No helicopter"
    assert words_of("limit", "no_icu", "not for a night") == "No intensive care: not for a night"
    assert words_of("code_status", "dnr", "") == "DNR"
    assert limits_shown("full", []) == ""
    assert limits_shown("dnr", ["No dialysis"]) == "DNR; No dialysis"


@pytest.mark.parametrize(
    ("said", "since", "until", "expected"),
    [
        (Said(WishKind.CODE_STATUS, "dnr"), ON, None, []),
        (Said(WishKind.CODE_STATUS, "nonsense"), ON, None, ["Choose what is wished."]),
        (Said(WishKind.LIMIT, "other"), ON, None, ["Say it in words."]),
        (Said(WishKind.SPIRITUAL), ON, None, ["Say it in words."]),
        (Said(WishKind.CODE_STATUS, "dnr"), ON + timedelta(days=1), None, ["The day it was said lies in the future."]),
        (
            Said(WishKind.CODE_STATUS, "dnr"),
            date(1930, 1, 1),
            None,
            ["The day it was said lies before the birth date."],
        ),
        (Said(WishKind.CODE_STATUS, "dnr"), ON, date(2026, 1, 1), ["It cannot end before it was said."]),
    ],
)
def test_problems_of_a_wish(said: Said, since: date, until: date | None, expected: list[str]) -> None:
    assert problems(said, since=since, until=until, today=ON, born=date(1950, 1, 1)) == expected


def test_every_limit_but_the_code_status_is_coded() -> None:
    assert CODES[WishKind.LIMIT] is TreatmentLimit
    assert CodeStatus.NOT_DISCUSSED in CODES[WishKind.CODE_STATUS]


# --- PDF -------------------------------------------------------------------------------------------------------------


def pdf(*objects: bytes, end: bytes = b"%%EOF\n") -> bytes:
    return b"%PDF-1.7\n" + b"\n".join(objects) + b"\ntrailer<</Root 1 0 R>>\n" + end


def packed(inner: bytes, *, filters: bytes = b"/Filter /FlateDecode") -> bytes:
    body = zlib.compress(inner)
    return b"5 0 obj <</Type /ObjStm /N 1 %s /Length %d>>\nstream\n%s\nendstream endobj" % (filters, len(body), body)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (pdf(b"1 0 obj <</Type /Catalog /OpenAction [3 0 R /Fit]>> endobj"), ""),
        (pdf(packed(b"<</Type /Page>>")), ""),
        (b"MZ\x90\x00" + pdf(), NOT_A_PDF),
        (b"\x7fELF", NOT_A_PDF),
        (b"", NOT_A_PDF),
        (b"PK\x03\x04" + pdf(), NOT_A_PDF),
        (pdf(end=b""), CUT_OFF),
        (pdf(b"trailer <</Encrypt 9 0 R>>"), LOCKED),
        (pdf(b"1 0 obj <</S /JavaScript /JS (app.alert(1))>>"), "a script"),
        (pdf(b"1 0 obj <</S /J#61vaScript /JS (x)>>"), "a script"),
        (pdf(b"1 0 obj <</S /#4C#61unch /F (cmd.exe)>>"), "a program to start"),
        (pdf(b"1 0 obj <</Type /EmbeddedFile>>"), "another file"),
        (pdf(b"<</Names <</EmbeddedFiles 4 0 R>>>>"), "another file"),
        (pdf(packed(b"<</S /JavaScript /JS (x)>>")), "a script"),
        (pdf(packed(b"<</S /JavaScript>>", filters=b"/Filter /LZWDecode")), OPAQUE),
        (pdf(b"5 0 obj <</Type /ObjStm /Filter /FlateDecode>>\nstream\nnot zlib\nendstream"), OPAQUE),
        (pdf(b"5 0 obj <</Type /ObjStm>>\nstream\n<</S /Launch>>\nendstream"), "a program to start"),
    ],
)
def test_what_a_pdf_may_contain(data: bytes, said: str) -> None:
    found = problems_of(data)
    assert bool(found) == bool(said)
    assert said in " ".join(found)


def test_a_pack_that_unfolds_without_end_is_refused() -> None:
    assert problems_of(pdf(packed(b"\0" * (33 * 1024 * 1024)))) == [OPAQUE]


@given(st.binary(max_size=400))
def test_no_bytes_break_the_check(data: bytes) -> None:
    assert isinstance(problems_of(data), list)
    assert isinstance(problems_of(pdf(b"/ObjStm", data)), list)
