import json
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from careteam.audit.models import AuditEvent
from careteam.people.models import Team, User
from careteam.people.rules import Role
from patients.fhir.commands import work_off
from patients.fhir.commands.runs import private_folder, waiting_runs
from patients.fhir.models import ImportRun, ReviewItem, SourceRecord
from patients.record.models import Measurement, Patient
from tests import factories
from tests.patients.fhir import bundles

pytestmark = pytest.mark.django_db
NOW = factories.NOW


@pytest.fixture(autouse=True)
def _private(settings: Any, tmp_path: Any) -> None:
    settings.PRIVATE_ROOT = tmp_path
    settings.CELERY_BROKER_URL = "memory://"


@pytest.fixture
def team() -> Team:
    return factories.team()


@pytest.fixture
def coordinator(team: Team) -> User:
    return factories.person(team, Role.NURSE_COORDINATOR)


@pytest.fixture
def client(coordinator: User) -> Client:
    client = Client()
    client.force_login(coordinator)
    return client


def upload(client: Client, team: Team, *contents: object, **fields: Any) -> Any:
    files = [
        SimpleUploadedFile(f"f{n}.json", json.dumps(c).encode() if not isinstance(c, bytes) else c)
        for n, c in enumerate(contents)
    ]
    return client.post(reverse("import"), {"uploads": files, "team": team.pk, "namespace": "default", **fields})


def test_upload_queues_a_run_and_shows_it(client: Client, team: Team) -> None:
    response = upload(client, team, bundles.bundle(*bundles.net_history()), bundles.patient("2", id="x"))
    run = ImportRun.objects.get()
    assert (response.status_code, response["Location"]) == (303, reverse("import-run", args=[run.pk]))
    assert (run.status, run.file_names, run.team) == ("queued", ["f0.json", "f1.json"], team)
    assert waiting_runs(now=NOW) == [run.pk]
    page = client.get(response["Location"]).content.decode()
    assert "Waiting for the worker" in page


def test_upload_of_many_files_is_one_run(client: Client, team: Team) -> None:
    assert upload(client, team, *[bundles.patient(str(n), id=f"p{n}") for n in range(150)]).status_code == 303
    work_off(ImportRun.objects.get().pk, now=NOW)
    assert (ImportRun.objects.get().created, Patient.objects.count()) == (150, 150)


def test_worker_does_the_run_and_the_report_says_so(client: Client, team: Team) -> None:
    upload(client, team, bundles.bundle(*bundles.net_history()), b"{ broken")
    run = ImportRun.objects.get()
    assert work_off(run.pk, now=NOW) is True
    run.refresh_from_db()
    assert (run.status, run.created, run.unmapped, run.refused) == ("done", 25, 1, 1)
    assert run.patient_ids == [Patient.objects.get().pk]
    assert not (private_folder() / run.folder).exists()
    page = client.get(reverse("import-run", args=[run.pk])).content.decode()
    assert "Lindqvist, Ingrid Maria" in page
    assert "f1.json" in page
    assert work_off(run.pk, now=NOW) is False


def test_report_lines_are_filtered_by_severity(client: Client, team: Team) -> None:
    upload(client, team, bundles.bundle(*bundles.net_history()), b"{ broken")
    run = ImportRun.objects.get()
    work_off(run.pk, now=NOW)
    url = reverse("import-run", args=[run.pk])
    assert [line.severity for line in client.get(url, {"severity": "refused"}).context["page"].rows] == ["refused"]
    assert len(client.get(url, {"severity": "nonsense"}).context["page"].rows) == 2


def test_dry_run_reports_and_changes_nothing(client: Client, team: Team) -> None:
    upload(client, team, bundles.bundle(*bundles.net_history()), dry_run="on")
    run = ImportRun.objects.get()
    work_off(run.pk, now=NOW)
    run.refresh_from_db()
    assert (run.status, run.created, run.patient_ids) == ("done", 25, [])
    assert Patient.objects.count() == SourceRecord.objects.count() == 0
    assert "Tried out only" in client.get(reverse("import-run", args=[run.pk])).content.decode()


def test_upload_without_a_file_says_so_beside_the_field(client: Client, team: Team) -> None:
    response = client.post(reverse("import"), {"team": team.pk, "namespace": "a b"})
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"uploads", "namespace"}


def test_upload_into_another_team_is_no_choice(client: Client) -> None:
    response = upload(client, factories.team(), bundles.patient())
    assert (response.status_code, set(response.context["form"].errors)) == (422, {"team"})
    assert ImportRun.objects.count() == 0


def test_unreachable_worker_is_said_and_the_run_stands_queued(
    client: Client, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    from careteam.celery import app

    monkeypatch.setitem(app.conf, "broker_url", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(app, "send_task", _unreachable)
    response = upload(client, team, bundles.patient())
    assert "The worker cannot be reached now" in client.get(response["Location"]).content.decode()
    assert ImportRun.objects.get().status == "queued"


def _unreachable(*_args: object, **_kwargs: object) -> None:
    raise ConnectionError


def test_progress_fragment_ends_with_a_reload(client: Client, team: Team) -> None:
    upload(client, team, bundles.patient())
    run = ImportRun.objects.get()
    url = reverse("import-progress", args=[run.pk])
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    assert 'hx-trigger="every 2s"' in client.get(url, headers=headers).content.decode()
    work_off(run.pk, now=NOW)
    response = client.get(url, headers=headers)
    assert (response.status_code, response["HX-Refresh"]) == (204, "true")


def test_kept_resource_is_shown_word_for_word_and_the_read_is_noted(client: Client, team: Team) -> None:
    upload(client, team, bundles.bundle(*bundles.net_history()))
    run = ImportRun.objects.get()
    work_off(run.pk, now=NOW)
    kept = client.get(reverse("import-kept", args=[run.pk])).context["page"].rows
    assert [record.label for record in kept] == ["Immunization: Influenza"]
    response = client.get(reverse("import-source", args=[kept[0].pk]))
    assert json.loads(response.context["source"]) == kept[0].resource
    assert AuditEvent.objects.filter(action="import-source").get().patient_ids == [Patient.objects.get().pk]


def test_what_has_no_place_is_listed_with_the_patient(client: Client, team: Team) -> None:
    upload(client, team, bundles.bundle(*bundles.net_history()))
    work_off(ImportRun.objects.get().pk, now=NOW)
    url = reverse("patient-sources", args=[Patient.objects.get().pk])
    assert [record.label for record in client.get(url).context["page"].rows] == ["Immunization: Influenza"]
    assert list(client.get(url, {"kind": "Goal"}).context["page"].rows) != []
    stranger = Client()
    stranger.force_login(factories.person(factories.team(), Role.ONCOLOGIST))
    assert stranger.get(url).status_code == 404


def test_other_teams_see_neither_run_nor_resource(client: Client, team: Team) -> None:
    upload(client, team, bundles.patient())
    run = ImportRun.objects.get()
    work_off(run.pk, now=NOW)
    stranger = Client()
    stranger.force_login(factories.person(factories.team(), Role.NURSE_COORDINATOR))
    record = SourceRecord.objects.get()
    for url in (
        reverse("import-run", args=[run.pk]),
        reverse("import-kept", args=[run.pk]),
        reverse("import-source", args=[record.pk]),
    ):
        assert stranger.get(url).status_code == 404


def test_difference_is_decided_once(client: Client, team: Team, coordinator: User) -> None:
    upload(client, team, bundles.patient())
    work_off(ImportRun.objects.get().pk, now=NOW)
    Patient.objects.update(phone="ours", email="ours@example.org")
    changed = bundles.patient()
    changed["telecom"][0]["value"], changed["telecom"][1]["value"] = "theirs", "theirs@example.org"
    upload(client, team, changed)
    work_off(ImportRun.objects.latest("pk").pk, now=NOW)
    phone, email = ReviewItem.objects.order_by("-field")
    for item, decision in ((phone, "accepted"), (email, "kept")):
        response = client.post(reverse("import-review-decide", args=[item.pk]), {"decision": decision})
        assert response.status_code == 303
    patient = Patient.objects.get()
    assert (patient.phone, patient.email) == ("theirs", "ours@example.org")
    phone.refresh_from_db()
    assert (phone.decision, phone.decided_by) == ("accepted", coordinator)
    again = client.post(reverse("import-review-decide", args=[phone.pk]), {"decision": "kept"})
    assert again.status_code == 422
    assert "decided already" in again.content.decode()


def test_withdrawn_row_is_marked_by_the_person_who_accepts(client: Client, team: Team, coordinator: User) -> None:
    upload(client, team, bundles.bundle(bundles.patient(), bundles.observation("718-7", 13, "g/dL")))
    work_off(ImportRun.objects.get().pk, now=NOW)
    gone = bundles.observation("718-7", 13, "g/dL", status="entered-in-error")
    upload(client, team, bundles.bundle(bundles.patient(), gone))
    work_off(ImportRun.objects.latest("pk").pk, now=NOW)
    client.post(reverse("import-review-decide", args=[ReviewItem.objects.get().pk]), {"decision": "accepted"})
    assert Measurement.objects.get().error_by == coordinator


def test_review_list_shows_dates_and_choices_in_words(client: Client, team: Team) -> None:
    upload(client, team, bundles.patient())
    work_off(ImportRun.objects.get().pk, now=NOW)
    Patient.objects.update(sex="male", birth_date=date(1958, 3, 15))
    upload(client, team, bundles.patient(gender="other", birthDate="1958-03-13"))
    work_off(ImportRun.objects.latest("pk").pk, now=NOW)
    page = client.get(reverse("import-review")).content.decode()
    assert "Male" in page
    assert "Other" in page


def test_list_of_runs_needs_as_many_queries_for_one_as_for_three(
    client: Client, team: Team, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    numbers = []
    for _ in range(3):
        upload(client, team, bundles.patient())
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("import"))
        numbers.append(len(queries))
    assert numbers[1] == numbers[2]
