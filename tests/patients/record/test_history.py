"""History of every field; two people on one form."""

import pytest
from django.test import Client

from careteam.people.rules import Role
from patients.record import commands
from patients.record.models import Patient
from patients.record.queries import versions_of
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def oncologist(client: Client):  # type: ignore[no-untyped-def]
    person = factories.person(factories.team(), Role.ONCOLOGIST, name="Ines Okafor")
    client.force_login(person)
    person.patient = factories.patient(person.memberships.get().team)  # type: ignore[attr-defined]
    return person


def _opened(**more: str) -> dict[str, str]:
    return {
        "differentiation": "well",
        "ki67": "8",
        "mitoses": "3",
        "site": "liver",
        "kind": "biopsy",
        "taken_on": "2024-03-01",
        "version": "1",
        "is_metastasis": "unknown",
        "necrosis": "unknown",
    } | more


def test_history_says_who_changed_which_field_from_what_to_what(client: Client, oncologist) -> None:  # type: ignore[no-untyped-def]
    row = factories.specimen(oncologist.patient)
    url = f"/patients/{oncologist.patient.pk}/record/specimen/{row.pk}/"
    assert client.post(url, _opened(ki67="12,5", site="liver segment IV")).status_code == 303
    latest = versions_of(row)[0]
    assert latest.who == "Ines Okafor"
    assert [(c.label, c.before, c.after) for c in latest.changes] == [
        ("Site", "liver", "liver segment IV"),
        ("Ki-67", "8", "12.5"),
    ]
    assert [version.label for version in versions_of(row)] == ["update", "insert"]
    page = client.get(f"{url}history/")
    assert (page.status_code, len(page.context["versions"])) == (200, 2)
    assert [len(version.changes) for version in versions_of(row, only="ki67")] == [1, 1]


def test_history_of_an_entry_in_error_stays_readable(client: Client, oncologist, now) -> None:  # type: ignore[no-untyped-def]
    row = factories.specimen(oncologist.patient)
    commands.enter_in_error(row, reason="Other patient", by=oncologist, now=now)
    page = client.get(f"/patients/{oncologist.patient.pk}/record/specimen/{row.pk}/history/").content.decode()
    assert "Other patient" in page
    assert "Ines Okafor" in page


def test_history_of_who_the_patient_is(client: Client, oncologist) -> None:  # type: ignore[no-untyped-def]
    url = f"/patients/{oncologist.patient.pk}/record/identity/"
    form = {"family_name": "Drăgan", "given_name": "Given", "sex": "unknown", "version": "1", "interpreter": "unknown"}
    client.post(url, form | {"birth_date": "1959-02-14"})
    changes = client.get(f"{url}history/").context["versions"][0].changes
    assert [(c.label, c.after) for c in changes] == [("Family name", "Drăgan")]


def test_history_of_a_foreign_patient_is_not_there(client: Client, oncologist) -> None:  # type: ignore[no-untyped-def]
    foreign = factories.patient(factories.team())
    row = factories.specimen(foreign)
    assert client.get(f"/patients/{foreign.pk}/record/specimen/{row.pk}/history/").status_code == 404
    assert client.get(f"/patients/{oncologist.patient.pk}/record/specimen/{row.pk}/history/").status_code == 404


def test_stale_save_shows_base_theirs_and_yours_in_words(client: Client, oncologist) -> None:  # type: ignore[no-untyped-def]
    row = factories.specimen(oncologist.patient)
    url = f"/patients/{oncologist.patient.pk}/record/specimen/{row.pk}/"
    assert client.post(url, _opened(differentiation="poor", cell_type="large")).status_code == 303
    stale = client.post(url, _opened(ki67="12"))
    assert stale.status_code == 409
    assert [(r.label, r.base, r.theirs, r.yours) for r in stale.context["rows"]] == [
        ("Differentiation", "Well differentiated", "Poorly differentiated", "Well differentiated"),
        ("Cell type", "", "Large cell", ""),
        ("Ki-67", "8", "8", "12"),
    ]
    assert stale.context["said"].startswith("Ines Okafor saved this at ")
    chosen = _opened(ki67="12", version="2", take_differentiation="theirs", take_cell_type="theirs", take_ki67="yours")
    assert client.post(url, chosen).status_code == 303
    row.refresh_from_db()
    assert (row.differentiation, row.cell_type, row.ki67) == ("poor", "large", 12)


def test_stale_result_shows_its_value_and_unit(client: Client, oncologist) -> None:  # type: ignore[no-untyped-def]
    row = factories.measurement(oncologist.patient, "718-7", 10, unit="g/dL")
    url = f"/patients/{oncologist.patient.pk}/record/measurement/{row.pk}/"
    form = {"measure": "718-7", "amount": "104", "entered_unit": "g/L", "taken_on": "2026-11-23", "version": "1"}
    assert client.post(url, form | {"on_ppi": "unknown", "fasting": "unknown"}).status_code == 303
    stale = client.post(url, form | {"amount": "98"})
    rows = {r.field: (r.base, r.theirs, r.yours) for r in stale.context["rows"]}
    assert (stale.status_code, rows["amount"], rows["entered_unit"]) == (
        409,
        ("10", "104", "98"),
        ("g/dL", "g/L", "g/L"),
    )
    taken = client.post(url, form | {"amount": "98", "version": "2", "take_amount": "theirs"})
    row.refresh_from_db()
    assert (taken.status_code, row.original_value) == (303, "104")


def test_stale_identity_keeps_both(client: Client, oncologist) -> None:  # type: ignore[no-untyped-def]
    patient: Patient = oncologist.patient
    url = f"/patients/{patient.pk}/record/identity/"
    form = {
        "family_name": patient.family_name,
        "given_name": "Given",
        "birth_date": "1959-02-14",
        "sex": "unknown",
        "version": "1",
        "interpreter": "unknown",
    }
    assert client.post(url, form | {"phone": "1"}).status_code == 303
    stale = client.post(url, form | {"phone": "2"})
    assert [(r.label, r.base, r.theirs, r.yours) for r in stale.context["rows"]] == [("Phone", "", "1", "2")]


@pytest.mark.parametrize(
    ("kind", "form", "field", "message"),
    [
        ("specimen", {"ki67": "5"}, "differentiation", "Choose the differentiation. It decides between NET and NEC"),
        ("specimen", {"differentiation": "well", "ki67": "1,234"}, "ki67", "can be read as 1234"),
        ("specimen", {"differentiation": "well", "mixed_share": "40"}, "mixed_share", "Tick “Mixed (MiNEN)”"),
        ("diagnosis", {"net_status": "net", "stage": "IV"}, "stage_edition", "Name the edition"),
        ("receptorimaging", {"imaged_on": "2026-01-01", "krenning": "3"}, "modality", "Name the modality"),
        ("medication", {"name": "A", "drug_class": "ppi", "started_on": "2026-05-02", "ended_on": "2026-05-01"},
         "ended_on", "The end lies before the start."),
        ("admission", {"admitted_on": "2026-05-02", "discharged_on": "2026-05-01"}, "discharged_on", "before the adm"),
    ],
)  # fmt: skip
def test_bad_entry_is_told_beside_its_field(client: Client, oncologist, kind, form, field, message) -> None:  # type: ignore[no-untyped-def]
    response = client.post(f"/patients/{oncologist.patient.pk}/record/{kind}/new/", form)
    assert response.status_code == 422
    assert message in " ".join(response.context["form"].errors[field])


def test_specimen_without_differentiation_is_unclassified_by_choice(client: Client, oncologist) -> None:  # type: ignore[no-untyped-def]
    url = f"/patients/{oncologist.patient.pk}/record/specimen/new/"
    assert client.post(url, {"differentiation": "unstated", "ki67": "70"}).status_code == 303
    row = oncologist.patient.specimens.get()
    assert (row.differentiation, row.grade.words) == ("", "Unclassified")
    assert "Not in the report: unclassified" in client.get(url.replace("new/", f"{row.pk}/")).content.decode()
