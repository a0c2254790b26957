"""The trail is append-only, sealed in batches, and every kind of tampering is found and named."""

import threading
from datetime import datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from careteam.audit.commands import record, seal
from careteam.audit.models import AuditEvent, AuditSeal
from careteam.audit.queries import verify
from careteam.people.rules import Role
from patients.record.models import Patient
from tests import factories

pytestmark = pytest.mark.django_db


def _rows(now: datetime, count: int) -> list[AuditEvent]:
    return [record(f"test.act{i}", by=None, now=now, patient_ids=[i], details={"n": i}) for i in range(count)]


def _tamper(sql: str, *params: object) -> None:
    """What somebody with the database password could do: switch the guards off and change a row."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(sql, params)
        cursor.execute("SET session_replication_role = DEFAULT")


def test_verify_proves_sealed_and_unsealed_rows(now: datetime) -> None:
    _rows(now, 5)
    assert seal(now=now, limit=3) == 3
    result = verify()
    assert (result.seals, result.sealed_rows, result.unsealed_rows, result.broken) == (1, 3, 2, "")
    assert seal(now=now) == 2
    assert seal(now=now) == 0
    assert verify().sealed_rows == 5


def test_verify_names_a_changed_row(now: datetime) -> None:
    rows = _rows(now, 4)
    seal(now=now)
    _tamper("UPDATE careteam_auditevent SET reason = 'changed' WHERE id = %s", rows[2].pk)
    assert (
        verify().broken == f"audit row {rows[2].pk} was changed after it was sealed (seal {AuditSeal.objects.get().pk})"
    )
    with pytest.raises(CommandError, match=f"audit row {rows[2].pk}"):
        call_command("verify_audit")


def test_verify_names_a_deleted_row(now: datetime) -> None:
    rows = _rows(now, 4)
    seal(now=now)
    _tamper("DELETE FROM careteam_auditevent WHERE id = %s", rows[1].pk)
    assert verify().broken == f"audit row {rows[1].pk} is missing (seal {AuditSeal.objects.get().pk})"


def test_verify_names_the_first_of_two_swapped_rows(now: datetime) -> None:
    rows = _rows(now, 4)
    seal(now=now)
    one, other = rows[1].pk, rows[2].pk
    for old, new in ((one, -1), (other, one), (-1, other)):
        _tamper("UPDATE careteam_auditevent SET id = %s WHERE id = %s", new, old)
    assert verify().broken == f"audit row {one} was changed after it was sealed (seal {AuditSeal.objects.get().pk})"


def test_verify_names_a_row_slipped_in_between(now: datetime) -> None:
    rows = _rows(now, 4)
    seal(now=now)
    _rows(now, 1)
    fresh = AuditEvent.objects.order_by("pk").last()
    assert fresh is not None
    held = AuditSeal.objects.get().pk
    _tamper("UPDATE careteam_auditevent SET id = %s, seal_id = %s WHERE id = %s", -rows[0].pk, held, fresh.pk)
    assert verify().broken == f"audit row {-rows[0].pk} names seal {held}, which does not hold it: it was slipped in"


def test_a_noted_head_proves_that_the_end_was_not_cut_off(now: datetime, capsys: pytest.CaptureFixture[str]) -> None:
    _rows(now, 2)
    seal(now=now)
    early = verify().head
    _rows(now, 2)
    seal(now=now)
    head = verify().head
    call_command("verify_audit", head=early)
    assert capsys.readouterr().out.splitlines()[-1] == f"Head: {head}"
    last = AuditSeal.objects.order_by("pk").last()
    assert last is not None
    _tamper("DELETE FROM careteam_auditevent WHERE seal_id = %s", last.pk)
    _tamper("DELETE FROM careteam_auditseal WHERE id = %s", last.pk)
    assert verify().broken == ""  # the rest is whole: only somebody who noted the head can tell
    assert verify(head=head).broken == f"the seal noted as {head[:16]}… is gone: the trail was cut or rewritten"
    assert verify(head=early).broken == ""


def test_verify_names_a_missing_seal(now: datetime) -> None:
    for _ in range(2):
        _rows(now, 2)
        seal(now=now)
    first, second = AuditSeal.objects.order_by("pk")
    _tamper("UPDATE careteam_auditevent SET seal_id = NULL WHERE seal_id = %s", first.pk)
    _tamper("DELETE FROM careteam_auditseal WHERE id = %s", first.pk)
    assert verify().broken == f"seal {second.pk} does not follow the seal before it: one is missing"


def test_verify_finds_a_rewritten_seal(now: datetime) -> None:
    rows = _rows(now, 2)
    seal(now=now)
    _tamper("UPDATE careteam_auditevent SET reason = 'x' WHERE id = %s", rows[0].pk)
    row = AuditEvent.objects.get(pk=rows[0].pk)
    _tamper("UPDATE careteam_auditevent SET digest = %s WHERE id = %s", row.computed_digest(), row.pk)
    only = AuditSeal.objects.get()
    _tamper(
        "UPDATE careteam_auditseal SET row_digests = %s WHERE id = %s",
        row.computed_digest() + bytes(only.row_digests)[32:],
        only.pk,
    )
    assert verify().broken == f"seal {only.pk} itself was changed"


def test_audit_rows_refuse_update_and_delete(now: datetime) -> None:
    row = _rows(now, 1)[0]
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEvent.objects.filter(pk=row.pk).update(reason="rewritten")
    with pytest.raises(DatabaseError, match="Cannot delete"), transaction.atomic():
        AuditEvent.objects.filter(pk=row.pk).delete()


def test_clinical_rows_leave_history_for_bulk_and_raw_sql() -> None:
    team = factories.team()
    patient = factories.patient(team)
    Patient.objects.filter(pk=patient.pk).update(phone="1")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE patients_patient SET phone = '2' WHERE id = %s", [patient.pk])
    labels = list(patient.events.order_by("pgh_id").values_list("pgh_label", "phone"))
    assert labels == [("insert", ""), ("update", "1"), ("update", "2")]
    factories.diagnosis(patient).delete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pgh_label FROM patients_diagnosisevent ORDER BY pgh_id")
        assert [row[0] for row in cursor.fetchall()] == ["insert", "delete"]


def _truncate_as_in_production(table: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL careteam.allow_truncate = 'off'")
        cursor.execute(f"TRUNCATE {table} CASCADE")


def test_history_refuses_change_and_truncate() -> None:
    patient = factories.patient(factories.team())
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        patient.events.update(phone="9")
    for table in (
        "patients_patient",
        "patients_patientevent",
        "careteam_auditevent",
        "patients_goalsconversationevent",
    ):
        with pytest.raises(DatabaseError, match="TRUNCATE"):
            _truncate_as_in_production(table)


@pytest.mark.django_db(transaction=True)
def test_seal_by_two_processes_at_once_seals_each_row_once(now: datetime) -> None:
    _rows(now, 50)
    sealed: list[int] = []

    def run() -> None:
        try:
            sealed.append(seal(now=now))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seal(now=now)
    assert sum(sealed) <= 50
    assert verify().sealed_rows == 50
    assert verify().broken == ""


def test_read_is_recorded_with_the_page(client, now: datetime) -> None:  # type: ignore[no-untyped-def]
    team = factories.team()
    patient = factories.patient(team)
    client.force_login(factories.person(team, Role.ONCOLOGIST))
    response = client.get(f"/patients/{patient.pk}/record/")
    assert response.status_code == 200
    row = AuditEvent.objects.get(kind="read")
    assert (row.action, row.patient_ids, row.team_id) == ("record-page", [patient.pk], team.pk)


@pytest.mark.django_db(transaction=True)
def test_verify_is_not_disturbed_by_what_is_sealed_beside_it(now: datetime) -> None:
    _rows(now, 2)
    seal(now=now)
    _rows(now, 3)
    sealed: list[int] = []

    def seal_elsewhere() -> None:
        sealed.append(seal(now=now))
        connection.close()

    def beside(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        if "careteam_auditseal" in sql and not sealed and not threading.current_thread().name.startswith("sealer"):
            thread = threading.Thread(target=seal_elsewhere, name="sealer")
            thread.start()
            thread.join()
        return answer

    with connection.execute_wrapper(beside):
        result = verify()
    assert sealed == [3]
    assert (result.sealed_rows, result.unsealed_rows, result.broken) == (2, 3, "")
    assert verify().sealed_rows == 5
