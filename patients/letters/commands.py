"""The only writers of letters: one, many in a run, not sent after all; the team's head and texts."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.people.models import Team
from careteam.web.words import language_name
from patients.imaging.commands import finish_step, log_contact, reopen_reminders, withdraw_contact
from patients.imaging.models import ImagingStudy
from patients.imaging.rules import ContactKind, ContactOutcome, ReminderStep
from patients.letters import policies
from patients.letters.models import LetterHead, LetterRun, LetterSent, LetterText
from patients.letters.queries import drafts, latest_text
from patients.letters.rules import MOST, TO_GP, LetterKind
from patients.record.models import Patient, StaleEdit

if TYPE_CHECKING:
    from careteam.people.models import User

log = logging.getLogger(__name__)


@transaction.atomic
def write_letter(
    study: ImagingStudy,
    kind: LetterKind,
    *,
    by: User,
    now: datetime,
    language: str = "",
    gp_address: str = "",
    despite: str = "",
    run: LetterRun | None = None,
) -> LetterSent:
    """Writes a letter about an outstanding study: the record of it, and for the patient's letters a contact attempt.

    Patient and study are locked and everything is asked again: a death that was recorded a moment ago stops it. The
    patient's language is used where a text exists, unless `language` says otherwise. `despite` is why the GP hears
    before the patient. Raises `ValidationError` with every reason against it.
    """
    Patient.objects.select_for_update(of=("self",)).get(pk=study.patient_id)
    locked = ImagingStudy.objects.select_for_update(of=("self",)).select_related("patient__team", "plan")
    study = locked.get(pk=study.pk)
    draft = drafts([study], [kind], by=by, now=now, language=language, gp_address=gp_address)[0]
    insist(policies.why_not_write(draft, by, now=now, despite=despite))
    contact = None
    if kind not in TO_GP:
        contact = log_contact(
            study,
            kind=ContactKind.LETTER,
            outcome=ContactOutcome.SENT,
            note=f"{kind.label}, {language_name(draft.language)}",
            by=by,
            now=now,
        )
    if kind is LetterKind.REMINDER:
        finish_step(study, ReminderStep.LETTER, by=by, now=now)
    letter = LetterSent.objects.create(
        patient_id=study.patient_id,
        study=study,
        kind=kind,
        language=draft.language,
        wanted_language=draft.wanted,
        text_number=draft.text_number,
        sender=draft.sender,
        recipient=draft.recipient,
        subject=draft.subject,
        body=draft.body,
        slot=study.scheduled_for if kind is LetterKind.INVITATION else None,
        despite=despite.strip() if kind in TO_GP and not draft.is_patient_told else "",
        sent_at=now,
        sent_on=study.patient.team.local_date(now),
        created_by=by,
        run=run,
        contact=contact,
    )
    _audit("write", letter, by=by, now=now, kind=str(kind), language=draft.language)
    return letter


def _audit(verb: str, letter: LetterSent, *, by: User, now: datetime, reason: str = "", **details: Any) -> None:
    record(
        f"letters.{verb}",
        by=by,
        now=now,
        subject=letter,
        patient_ids=[letter.patient_id],
        team_id=letter.study.team_id,
        reason=reason,
        details=details,
    )


@transaction.atomic
def start_run(team: Team, study_ids: Sequence[int], *, gp: bool = False, by: User, now: datetime) -> LetterRun:
    """Asks for the letter that fits each study of the team now, with `gp` also for the note to the GP where a reminder
    goes out. `work_off` writes them. At most `MOST` studies. Raises `ValidationError` for none or too many."""
    ids = list(dict.fromkeys(study_ids))
    if not ids:
        raise ValidationError("Choose at least one row.")
    if len(ids) > MOST:
        raise ValidationError(f"Choose at most {MOST} rows at a time; the others stay in the list.")
    rows = ImagingStudy.objects.valid().select_related("patient__team", "plan").filter(pk__in=ids, team=team)
    asked = []
    for study in rows.order_by("patient_id", "pk"):
        kind = policies.fitting(study, now)
        asked.append([study.pk, str(kind)])
        if gp and kind is LetterKind.REMINDER:
            asked.append([study.pk, str(LetterKind.GP_NOTE)])
    if not asked:
        raise ValidationError("Choose at least one row of your team.")
    run = LetterRun.objects.create(team=team, made_by=by, made_at=now, asked=asked)
    record("letters.run", by=by, now=now, subject=run, team_id=team.pk, details={"asked": len(asked)})
    return run


def waiting_runs() -> list[int]:
    """Runs that are not written to their end: just asked for, or left behind by a worker that died."""
    return list(LetterRun.objects.filter(finished_at=None).order_by("pk").values_list("pk", flat=True))


def work_off(run_id: int, *, now: datetime) -> int:
    """Writes what is left of a run, each letter in its own transaction: whoever stops it loses nothing, whoever goes on
    begins behind the last one. What cannot be written is kept in the run with why. Returns how many were tried."""
    tried = 0
    while write_next(run_id, now=now):
        tried += 1
    return tried


@transaction.atomic
def write_next(run_id: int, *, now: datetime) -> bool:
    """The next letter of a run; False when there is none."""
    run = LetterRun.objects.select_for_update(of=("self",)).select_related("made_by").get(pk=run_id)
    if run.finished_at is not None:
        return False
    study_id, kind = run.asked[run.done]
    try:
        with transaction.atomic():
            study = ImagingStudy.objects.valid().get(pk=study_id)
            write_letter(study, LetterKind(kind), by=run.made_by, now=now, run=run)
    except ValidationError as error:
        run.failed.append({"study": study_id, "kind": kind, "why": " ".join(error.messages)})
    except Exception:
        log.exception("letter %s of study %s in run %s", kind, study_id, run_id)
        run.failed.append({"study": study_id, "kind": kind, "why": "A fault of the program. Write it by itself."})
    run.done += 1
    if run.done == len(run.asked):
        run.finished_at = now
    run.save(update_fields=["failed", "done", "finished_at"])
    return True


@transaction.atomic
def take_back_letter(
    letter: LetterSent, *, reason: str, by: User, now: datetime, version: int | None = None
) -> LetterSent:
    """The letter was not sent after all, with why; its contact attempt is taken back with it. The text stays."""
    row: LetterSent = LetterSent.objects.select_related("patient__team", "study", "contact").lock(
        letter.pk, version=version
    )
    insist(policies.why_not_take_back(row, by, reason))
    row.error_at, row.error_by, row.error_reason = now, by, reason.strip()
    row.save_version("error_at", "error_by", "error_reason")
    if row.kind == LetterKind.REMINDER:
        reopen_reminders(row.study)
    if row.contact is not None:
        withdraw_contact(row.contact, reason=f"Letter not sent: {reason.strip()}", by=by, now=now)
    _audit("take_back", row, by=by, now=now, reason=reason.strip())
    return row


@transaction.atomic
def save_head(
    team: Team, values: Mapping[str, str], *, by: User, now: datetime, version: int | None = None
) -> LetterHead:
    """The team's letterhead. `version` 0 or None: there was none when the form was opened. Raises `StaleEdit`."""
    insist(policies.why_not_word(team, by))
    Team.objects.select_for_update().get(pk=team.pk)
    row = LetterHead.objects.filter(team=team).first() or LetterHead(team=team, version=0)
    if row.version != (version or 0):
        raise StaleEdit(row)
    for name, value in values.items():
        setattr(row, name, value.strip())
    row.version += 1
    row.save()
    record("letters.save_head", by=by, now=now, subject=row, team_id=team.pk)
    return row


@transaction.atomic
def save_text(
    team: Team,
    kind: LetterKind,
    language: str,
    *,
    subject: str,
    body: str,
    by: User,
    now: datetime,
    number: int | None = None,
) -> LetterText:
    """A new version of a text, not used until it is activated. `number` is the version that the form was opened with
    (0: none yet); raises `StaleEdit` when somebody saved another one since, `ValidationError` by field for a text that
    cannot be used."""
    insist(policies.why_not_word(team, by))
    Team.objects.select_for_update().get(pk=team.pk)
    latest = latest_text(team.pk, kind, language)
    if number is not None and latest is not None and latest.number != number:
        raise StaleEdit(latest)
    subject, body = subject.strip(), body.replace("\r\n", "\n").strip()
    wrong = policies.text_problems(kind, language, subject=subject, body=body)
    if wrong:
        raise ValidationError({name: [*reasons] for name, reasons in wrong.items()})
    highest = LetterText.objects.filter(team=team, kind=kind, language=language).aggregate(n=Max("number"))["n"] or 0
    row = LetterText.objects.create(
        team=team,
        kind=kind,
        language=language,
        number=highest + 1,
        subject=subject,
        body=body,
        written_by=by,
        written_at=now,
    )
    _audit_text("save_text", row, by=by, now=now)
    return row


@transaction.atomic
def activate_text(text: LetterText, *, by: User, now: datetime) -> LetterText:
    """From now on letters of this kind and language use this version; the one before ends."""
    row = LetterText.objects.select_for_update().select_related("team").get(pk=text.pk)
    insist(policies.why_not_word(row.team, by))
    latest = latest_text(row.team_id, LetterKind(row.kind), row.language)
    insist([] if latest is not None and latest.pk == row.pk else ["Somebody saved a newer version. Look at that one."])
    insist(["This version was used before. Save it anew."] if row.activated_at is not None else [])
    _end(row, now)
    row.activated_by, row.activated_at = by, now
    row.save(update_fields=["activated_by", "activated_at"])
    _audit_text("activate_text", row, by=by, now=now)
    return row


@transaction.atomic
def end_text(text: LetterText, *, by: User, now: datetime) -> LetterText:
    """The team's text is used no more: the shipped one is, or the fallback where none exists."""
    row = LetterText.objects.select_for_update().select_related("team").get(pk=text.pk)
    insist(policies.why_not_word(row.team, by))
    insist([] if row.activated_at is not None and row.ended_at is None else ["This version is not in use."])
    _end(row, now)
    row.refresh_from_db()
    _audit_text("end_text", row, by=by, now=now)
    return row


def _end(row: LetterText, now: datetime) -> None:
    running = LetterText.objects.filter(team_id=row.team_id, kind=row.kind, language=row.language)
    running.filter(activated_at__isnull=False, ended_at__isnull=True).update(ended_at=now)


def _audit_text(verb: str, row: LetterText, *, by: User, now: datetime) -> None:
    details = {"kind": row.kind, "language": row.language, "number": row.number}
    record(f"letters.{verb}", by=by, now=now, subject=row, team_id=row.team_id, details=details)
