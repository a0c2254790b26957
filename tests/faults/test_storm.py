"""Ten thousand reminders while everything dies: two beats, four sweeps at once, killed workers, a flushed, stopped and
restarted Redis, a database that crashes. Nothing is lost, nothing stands twice, no mail arrives a third time.

Longer: `FAULT_KILLS=200 FAULT_SEED=7 pytest -n 0 tests/faults/test_storm.py`.
"""

from __future__ import annotations

import os
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connections
from django.db.migrations.loader import MigrationLoader

from careteam import backups
from careteam.backups import Target
from careteam.settings import database
from tests.faults.site import MailServer, Site, until

REMINDERS = 10_000
URGENT = 150
COORDINATORS = 50
KILLS = int(os.environ.get("FAULT_KILLS", "10"))
SEED = int(os.environ.get("FAULT_SEED", "20261126"))

# 10,000 studies that fall due today, of 50 coordinators; 150 of them long since, each with a clinician of its own, who
# gets an urgent mail. The digest may leave at any hour. Each reminder takes a moment, so that faults come amid it.
POPULATE = f"""
import django; django.setup()
from datetime import UTC, date, datetime, timedelta
from django.db import connection
from careteam.cohort import scale
from careteam.notifications.models import MailPreference
from careteam.people.models import Membership, User
from careteam.people.rules import Role
from careteam.reconciler.models import ReconcilerRun
from patients.imaging.models import ImagingStudy
from patients.record.models import CareTeamMember
now = datetime.now(UTC)
team = scale._team()
scale.fill(team, {REMINDERS}, now=now)
today = team.local_date(now)
# Each worker that starts asks for the run of the night: ten thousand copies of one row would all be mended.
ReconcilerRun.objects.bulk_create(
    ReconcilerRun(team=team, on=today - timedelta(days), started_at=now, finished_at=now) for days in (0, 1)
)
for study in ImagingStudy.objects.order_by("pk")[:{URGENT}]:
    doctor = User.objects.create_user(f"doctor{{study.pk}}@example.org", None, name="Doctor")
    Membership.objects.create(user=doctor, team=team, roles=[str(Role.ONCOLOGIST)], started_on=date(2020, 1, 1))
    CareTeamMember.objects.create(patient_id=study.patient_id, person=doctor, is_responsible=True, role="oncologist")
    ImagingStudy.objects.filter(pk=study.pk).update(due_on=today - timedelta(43))
MailPreference.objects.bulk_create(
    MailPreference(user=user, digest_hour=0, quiet_from=0, quiet_until=0, on_days_off=True)
    for user in User.objects.all()
)
with connection.cursor() as cursor:
    cursor.execute("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
                   "'BEGIN PERFORM pg_sleep(0.0015); RETURN NEW; END'; "
                   "CREATE TRIGGER slow BEFORE INSERT ON patients_reminder FOR EACH ROW EXECUTE FUNCTION slow()")
    # Who claims a mail, and when; what failed is free again.
    cursor.execute("CREATE TABLE claim (mail bigint, at timestamptz DEFAULT clock_timestamp()); "
                   "CREATE FUNCTION claimed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                   "IF NEW.attempts > OLD.attempts THEN INSERT INTO claim (mail) VALUES (NEW.id); "
                   "ELSIF NEW.status = 'pending' AND NEW.leased_until IS NULL THEN "
                   "DELETE FROM claim WHERE mail = NEW.id; END IF; RETURN NEW; END $$; "
                   "CREATE TRIGGER claimed BEFORE UPDATE ON careteam_delivery FOR EACH ROW EXECUTE FUNCTION claimed()")
"""


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


def _copy_tables(folder: Path, address: str) -> None:
    """The test database put into another server as a backup of it: quicker than all migrations once more."""
    (folder / "private").mkdir()
    now, nothing, here = datetime.now(UTC), folder / "private", database(address)
    backups.write(folder / "tables.zip", Target.of(connections["default"].settings_dict), nothing, now=now)
    known = defaultdict(set)
    for app, name in MigrationLoader(None).disk_migrations:
        known[app].add(name)
    backups.restore(
        folder / "tables.zip", Target.of(here), nothing, now=now, replace=False, known=known, prepare=lambda _: None
    )


@pytest.fixture
def site(tmp_path: Path, mail: MailServer, db: None) -> Iterator[Site]:
    place = Site(tmp_path, mail.port)
    try:
        _copy_tables(tmp_path, place.started.database_url)
        place.run("-c", POPULATE)
        yield place
    finally:
        place.close()


def test_ten_thousand_reminders_in_a_storm(site: Site, mail: MailServer) -> None:
    rng = random.Random(SEED)  # noqa: S311  # which faults come when
    everything = ("beat1", "beat2", "worker1", "worker2")

    def raised() -> int:
        return site.ask("SELECT count(*) FROM patients_reminder WHERE state = 'open'")

    def sweeping() -> bool:
        active = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()"
        return site.ask(f"{active} AND query LIKE '%INSERT INTO patients_reminder%'") > 0

    def soon() -> None:
        time.sleep(rng.uniform(0.05, 0.8))

    site.start(*everything)
    faults = [site.flush_redis, site.crash_postgres, site.restart_redis, lambda: site.kill("worker1")]
    kills = KILLS
    for number in range(KILLS + len(faults)):
        until(lambda: sweeping() or raised() == REMINDERS)
        soon()
        if faults and number % 3 == 2:
            assert raised() < REMINDERS, "the storm was over before it began"
            faults.pop(0)()
        elif site.kill_child(rng):
            kills -= 1
        site.start(*everything)  # as `make up` and docker start again what has ended
    assert (faults, kills <= KILLS // 2) == ([], True)
    site.ask("DROP FUNCTION slow CASCADE")
    until(lambda: raised() == REMINDERS)

    # Its mail: amid it, a worker dies now and then.
    for _ in range(5):
        before = mail.taken.total()
        until(lambda: mail.taken.total() > before + 5 or site.ask(_WAITING) == 0)  # noqa: B023
        site.kill_child(rng)
        site.start(*everything)

    def settled() -> bool:
        # The five minutes of a lease and the waits of what failed pass in a moment; what was claimed this very moment
        # keeps its lease, for somebody is sending it.
        site.ask(
            "UPDATE careteam_delivery SET leased_until = leased_until - interval '10 min', "
            "next_attempt_at = next_attempt_at - interval '10 min' WHERE status = 'pending' AND attempts > 0 "
            "AND (leased_until IS NULL OR leased_until < now() + interval '295 s')"
        )
        time.sleep(0.5)
        return site.ask(_WAITING) == 0

    until(settled)
    site.run("manage.py", "sweep")  # what comes after finds nothing more
    for name in everything:
        site.kill(name)

    # In the app: every reminder once, every inbox row once, each told by the audit trail once.
    assert raised() == REMINDERS
    assert site.ask("SELECT count(DISTINCT study_id) FROM patients_reminder WHERE state = 'open'") == REMINDERS
    inbox = "SELECT count({}) FROM careteam_inboxitem WHERE key LIKE 'reminder:%' AND withdrawn_at IS NULL"
    assert site.ask(inbox.format("*")) == REMINDERS
    assert site.ask(inbox.format("DISTINCT key")) == REMINDERS
    swept = "FROM careteam_auditevent WHERE action = 'imaging.sweep'"
    assert site.ask(f"SELECT sum(cardinality(patient_ids)) {swept}") == REMINDERS
    site.run("manage.py", "verify_audit")

    # By mail: one to each person, at most twice the same; what was given up is marked so, and the rest arrived.
    mails = URGENT + COORDINATORS
    assert site.ask("SELECT count(*) FROM careteam_delivery") == mails
    assert site.ask("SELECT count(*) FROM careteam_delivery WHERE status NOT IN ('sent', 'failed')") == 0
    sent = site.ask("SELECT count(*) FROM careteam_delivery WHERE status = 'sent'")
    assert sent >= mails - 3
    assert len(mail.taken) >= sent
    assert max(mail.taken.values()) <= 2
    again = "SELECT count(*) FROM claim a JOIN claim b ON a.mail = b.mail AND b.at > a.at"
    assert site.ask(f"{again} AND b.at < a.at + interval '4 s'") == 0, "two were sending the same mail"
    # Twice only what a death left in doubt: each sweep that died was sending one mail, the crash cut off four.
    assert mail.taken.total() - len(mail.taken) <= KILLS + 5 + 2 + 4
    assert site.ask("SELECT count(*) FROM careteam_auditevent WHERE action = 'notifications.mail_sent'") == sent


_WAITING = "SELECT count(*) FROM careteam_delivery WHERE status = 'pending'"
