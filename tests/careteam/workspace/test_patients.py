"""Patient list and search: scoped, sorted, paged, forgiving; queries do not grow with rows."""

from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from careteam.audit.models import AuditEvent
from careteam.people.rules import Role
from tests import factories

pytestmark = pytest.mark.django_db


def _client(team, role: Role = Role.NURSE_COORDINATOR) -> Client:  # type: ignore[no-untyped-def]
    client = Client()
    client.force_login(factories.person(team, role))
    return client


def _names(response) -> list[str]:  # type: ignore[no-untyped-def]
    return [row.name for row in response.context["page"].rows]


def test_list_shows_own_patients_in_care_by_name() -> None:
    team = factories.team()
    for family, status in (("Özdemir", "active"), ("Adams", "active"), ("Baker", "under_review")):
        factories.patient(team, family_name=family, given_name="A", status=status)
    factories.patient(factories.team(), family_name="Foreign")
    client = _client(team)
    assert _names(client.get("/patients/")) == ["A Adams", "A Özdemir"]
    assert _names(client.get("/patients/?status=under_review")) == ["A Baker"]
    assert _names(client.get("/patients/?status=all&sort=-name")) == ["A Özdemir", "A Baker", "A Adams"]
    assert _names(client.get("/patients/?status=nonsense&site=nonsense&after=abc&sort=nonsense")) != []


def test_list_says_not_a_net_diagnosis() -> None:
    team = factories.team()
    factories.diagnosis(factories.patient(team), net_status="not_net", primary_site="other", label="Breast cancer")
    assert "Not a NET diagnosis" in _client(team).get("/patients/").content.decode()


@pytest.mark.parametrize("url", ["/", "/patients/", "/inbox/", "/team/"])
def test_list_pages_cost_the_same_at_one_and_three_rows(url: str) -> None:
    team = factories.team()
    client = _client(team)

    def cost() -> int:
        client.get(url)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(url).status_code == 200
        return len(queries)

    def add() -> None:
        patient = factories.patient(team)
        factories.diagnosis(patient)
        factories.specimen(patient)
        factories.line(patient)
        factories.study(patient)

    add()
    one = cost()
    add()
    add()
    assert cost() == one


@pytest.mark.parametrize(
    ("typed", "hit"),
    [
        ("achterberg", True),
        ("ACHTER", True),
        ("rosalind acht", True),
        ("achtreberg", True),  # two letters swapped
        ("90-4471-082", True),
        ("904471082", True),
        ("1959-02-14", True),
        ("14.02.1959", True),
        ("zz", False),
        ("a", False),
        ("%", False),
        ("achter\x00berg", True),
        ("\x00", False),
    ],
)
def test_search_finds_by_name_number_and_birth_date(typed: str, hit: bool) -> None:
    team = factories.team()
    factories.patient(
        team, family_name="Achterberg", given_name="Rosalind", mrn="90-4471-082", birth_date=date(1959, 2, 14)
    )
    factories.patient(team, family_name="Meyer", given_name="Otto", birth_date=date(1970, 1, 1))
    response = _client(team).post("/search/", {"q": typed})
    assert [row.name for row in response.context["results"]] == (["Rosalind Achterberg"] if hit else [])


def test_search_is_scoped_posted_and_recorded() -> None:
    team = factories.team()
    mine = factories.patient(team, family_name="Drăgan")
    factories.patient(factories.team(), family_name="Drăgan")
    client = _client(team)
    assert client.get("/search/?q=dragan").status_code == 405
    response = client.post("/search/", {"q": "dragan"}, headers={"HX-Request": "true"})
    assert [row.patient.pk for row in response.context["results"]] == [mine.pk]
    row = AuditEvent.objects.get(action="search")
    assert (row.patient_ids, "dragan" in str(row.details)) == ([mine.pk], False)


def test_auditor_sees_the_trail_and_no_patient() -> None:
    team = factories.team()
    patient = factories.patient(team)
    _client(team).get(f"/patients/{patient.pk}/record/")
    auditor = _client(team, Role.AUDITOR)
    assert auditor.get(f"/patients/{patient.pk}/").status_code == 403
    page = auditor.get(f"/reports/audit/?patient={patient.pk}&kind=read")
    assert [row.action for row in page.context["page"].rows] == ["record-page"]
    assert auditor.get("/reports/audit/?patient=x&person=99999&since=banana").status_code == 200
