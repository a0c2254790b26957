"""Results through the pages: any unit, unusual values asked about once, the sheet of a day, one test over time."""

from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from careteam.audit.models import AuditEvent
from careteam.events.models import Event
from careteam.people.rules import Role
from patients.record.models import Measurement
from patients.record.queries import series_of, trends_of
from tests import factories

pytestmark = pytest.mark.django_db
DAY = "2026-11-02"


@pytest.fixture
def nurse(client: Client):  # type: ignore[no-untyped-def]
    person = factories.person(factories.team(), Role.NURSE_COORDINATOR)
    client.force_login(person)
    person.patient = factories.patient(person.memberships.get().team)  # type: ignore[attr-defined]
    return person


def _url(person, tail: str) -> str:  # type: ignore[no-untyped-def]
    return f"/patients/{person.patient.pk}/record/{tail}"


def _stored() -> tuple[object, ...]:
    row = Measurement.objects.get()
    return row.value, row.unit, row.original_value, row.original_unit


def _cga(patient, value: int, month: int, assay: str = "Kryptor", **more: object) -> Measurement:  # type: ignore[no-untyped-def]
    at = datetime(2026, month, 3, 12, tzinfo=UTC)
    return factories.measurement(patient, "9811-1", D(value), unit="ng/mL", taken_at=at, assay=assay, **more)


@pytest.mark.parametrize(
    ("sure", "stored"),
    [("g/dL", (D(12), "g/dL", "12", "g/dL")), ("g/L", (D("1.2"), "g/dL", "12", "g/L"))],
)
def test_unusual_result_is_asked_about_and_one_click_stores_either(client: Client, nurse, sure, stored) -> None:  # type: ignore[no-untyped-def]
    form = {"measure": "718-7", "amount": "12", "entered_unit": "g/L", "taken_on": DAY, "note": "after transfusion"}
    asked = client.post(_url(nurse, "measurement/new/"), form)
    text = asked.content.decode()
    assert asked.status_code == 422
    assert "Hemoglobin 12 is not plausible in g/L. Did you mean g/dL or mmol/L?" in text
    assert [(a.words, a.unit) for a in asked.context["form"].asked] == [
        ("12 g/dL", "g/dL"),
        ("12 mmol/L", "mmol/L"),
        ("12 g/L", "g/L"),
    ]
    assert ('value="12"' in text, "after transfusion" in text, Measurement.objects.count()) == (True, True, 0)
    assert client.post(_url(nurse, "measurement/new/"), form | {"sure": sure}).status_code == 303
    assert _stored() == stored


@pytest.mark.parametrize(
    ("amount", "stored"),
    [
        ("10,4", (D("10.4"), "g/dL", "10.4", "g/dL")),
        ("104 g/L", (D("10.4"), "g/dL", "104", "g/L")),
        ("6.5 mmol/L", (D("10.4741"), "g/dL", "6.5", "mmol/L")),
    ],
)
def test_result_is_read_as_typed(client: Client, nurse, amount, stored) -> None:  # type: ignore[no-untyped-def]
    form = {"measure": "718-7", "amount": amount, "taken_on": DAY}
    assert client.post(_url(nurse, "measurement/new/"), form).status_code == 303
    assert _stored() == stored


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"measure": "777-3", "amount": "1,234"}, "1,234 can be read as 1234 or as 1.234"),
        ({"measure": "777-3", "amount": "🙂"}, "Write a number such as 12.5."),
        ({"measure": "777-3", "amount": "9" * 30}, "too large to be a result"),
        ({"measure": "777-3", "amount": "210 furlongs"}, "Platelets is entered in ×10⁹/L, /µL, not in furlongs."),
        ({"measure": "89247-1", "amount": "7"}, "ECOG 7 is not plausible in this scale."),
        ({"measure": "718-7", "amount": "-4"}, "Hemoglobin -4 is not plausible in g/dL."),
        ({"measure": "718-7", "amount": "10", "taken_on": "2030-01-01"}, "This date lies in the future."),
        ({"measure": "718-7", "amount": "10", "note": "x" * 100_000}, "at most 20000 characters"),
    ],
)
def test_bad_result_gets_a_sentence_and_stays(client: Client, nurse, form, message) -> None:  # type: ignore[no-untyped-def]
    response = client.post(_url(nurse, "measurement/new/"), {"taken_on": DAY} | form)
    text = response.content.decode()
    assert response.status_code == 422
    assert message in text
    assert form["amount"] in text
    assert Measurement.objects.count() == 0


def test_score_outside_of_its_scale_cannot_be_confirmed(client: Client, nurse) -> None:  # type: ignore[no-untyped-def]
    form = {"measure": "89247-1", "amount": "7", "taken_on": DAY, "sure": "{score}"}
    assert client.post(_url(nurse, "measurement/new/"), form).status_code == 422
    assert Measurement.objects.count() == 0


def test_below_the_limit_of_detection_keeps_its_sign(client: Client, nurse) -> None:  # type: ignore[no-untyped-def]
    client.post(_url(nurse, "measurement/new/"), {"measure": "9811-1", "amount": "<20", "taken_on": DAY})
    row = Measurement.objects.get()
    assert (row.comparator, row.value) == ("<", D(20))
    page = client.get(_url(nurse, f"measurement/{row.pk}/")).content.decode()
    assert 'value="&lt;20"' in page


def test_sheet_stores_several_results_at_once(client: Client, nurse) -> None:  # type: ignore[no-untyped-def]
    form = {"taken_on": DAY, "718-7": "104 g/L", "777-3": "210", "9811-1": "180", "assay": "Kryptor", "on_ppi": "on"}
    assert client.post(_url(nurse, "labs/"), form).status_code == 303
    rows = {row.code: row for row in Measurement.objects.all()}
    assert {code: row.value for code, row in rows.items()} == {"718-7": D("10.4"), "777-3": D(210), "9811-1": D(180)}
    assert (rows["9811-1"].assay, rows["9811-1"].on_ppi, rows["718-7"].on_ppi) == ("Kryptor", True, None)
    assert [e.action for e in AuditEvent.objects.filter(kind="write")] == ["record.add_results"]


def test_sheet_sent_twice_stores_once(client: Client, nurse) -> None:  # type: ignore[no-untyped-def]
    form = {"taken_on": DAY, "718-7": "10.4"}
    client.post(_url(nurse, "labs/"), form)
    client.post(_url(nurse, "labs/"), form)
    assert Measurement.objects.count() == 1


def test_sheet_asks_about_each_unusual_value_and_keeps_the_answers(client: Client, nurse) -> None:  # type: ignore[no-untyped-def]
    form = {"taken_on": DAY, "718-7": "104", "1975-2": "17", "777-3": "210"}
    asked = client.post(_url(nurse, "labs/"), form)
    assert asked.status_code == 422
    assert set(asked.context["form"].asked) == {"718-7", "1975-2"}
    second = client.post(_url(nurse, "labs/"), form | {"sure_718-7": "g/L"})
    assert 'name="sure_718-7" value="g/L"' in second.content.decode()
    assert Measurement.objects.count() == 0
    assert client.post(_url(nurse, "labs/"), form | {"sure_718-7": "g/L", "sure_1975-2": "umol/L"}).status_code == 303
    assert set(Measurement.objects.values_list("code", "original_unit")) == {
        ("718-7", "g/L"),
        ("1975-2", "umol/L"),
        ("777-3", "10*9/L"),
    }


def test_empty_sheet_and_reversed_dates_are_told(client: Client, nurse) -> None:  # type: ignore[no-untyped-def]
    assert "Enter at least one value." in client.post(_url(nurse, "labs/"), {"taken_on": DAY}).content.decode()
    late = client.post(_url(nurse, "labs/"), {"taken_on": "2030-01-01", "718-7": "10"}).content.decode()
    assert "This date lies in the future." in late


def test_sheet_says_what_it_was_last_time_and_when(client: Client, nurse) -> None:  # type: ignore[no-untyped-def]
    factories.measurement(
        nurse.patient, "1695-6", D(8), unit="mg/(24.h)", taken_at=datetime(2026, 10, 1, 12, tzinfo=UTC)
    )
    line = next(row for row in client.get(_url(nurse, "labs/")).context["form"].lines if row.measure.code == "1695-6")
    assert (line.last_on, line.last.text) == (date(2026, 10, 1), "8")


def test_weight_and_ecog_are_announced(client: Client, nurse) -> None:  # type: ignore[no-untyped-def]
    for code, amount in (("29463-7", "72"), ("89247-1", "1")):
        client.post(_url(nurse, "measurement/new/"), {"measure": code, "amount": amount, "taken_on": DAY})
    assert list(Event.objects.order_by("pk").values_list("kind", flat=True)) == ["weight", "ecog"]


def test_team_that_reads_si_sees_and_types_si(client: Client) -> None:
    team = factories.team(units="si")
    client.force_login(factories.person(team, Role.NURSE_COORDINATOR))
    patient = factories.patient(team)
    factories.measurement(patient, "2160-0", D("1.0"), unit="mg/dL", reference_high=D("1.2"))
    factories.measurement(
        patient, "718-7", D("10.4"), unit="g/dL", original_value="104", original_unit="g/L", reference_low=D(12)
    )
    trends = {trend.label: trend for trend in trends_of(patient)}
    creatinine, blood = trends["Creatinine"].latest, trends["Hemoglobin"].latest
    assert (creatinine.text, creatinine.unit, creatinine.reference) == ("88", "µmol/L", "ULN 106")
    assert (blood.text, blood.unit, blood.reading, blood.entered) == ("104", "g/L", "Low", "")
    client.post(f"/patients/{patient.pk}/record/labs/", {"taken_on": DAY, "2160-0": "100"})
    assert Measurement.objects.order_by("pk").last().original_unit == "umol/L"  # type: ignore[union-attr]


def test_chromogranin_is_not_compared_across_assays_or_on_a_ppi(nurse) -> None:  # type: ignore[no-untyped-def]
    for month, (value, assay, ppi) in enumerate(
        [(100, "Kryptor", False), (150, "Kryptor", False), (400, "ELISA", False), (800, "ELISA", True)], start=1
    ):
        _cga(nurse.patient, value, month, assay, on_ppi=ppi)
    series = series_of(nurse.patient, "9811-1", datetime(2026, 11, 23, tzinfo=UTC).date())
    assert series is not None
    assert [(r.beside, r.change) for r in series.results] == [
        ("PPI started", ""),
        ("other assay", ""),
        ("", "+50 %"),
        ("", ""),
    ]
    assert series.plot is not None
    assert [dot.old for dot in series.plot.dots] == [True, True, True, False]
    trend = trends_of(nurse.patient)[0]
    assert (trend.values, trend.broken) == ((800.0,), "PPI started")


def test_series_page_marks_what_cannot_be_compared_and_costs_the_same(client: Client, nurse) -> None:  # type: ignore[no-untyped-def]
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(_url(nurse, "results/9811-1/")).status_code == 200
        return len(queries)

    _cga(nurse.patient, 100, 1)
    cost()
    one = cost()
    _cga(nurse.patient, 120, 2)
    _cga(nurse.patient, 300, 3, "ELISA")
    assert cost() == one
    assert "not comparable: other assay" in client.get(_url(nurse, "results/9811-1/")).content.decode()
    assert client.get(_url(nurse, "results/718-7/")).status_code == 404
