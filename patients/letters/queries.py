"""What letters are made of: texts in use, a draft for a study, whose letter is due, what was written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, OuterRef, QuerySet

from careteam.people.models import Team
from careteam.web.words import base_language, language_name
from patients.goals.queries import goals_summary
from patients.goals.rules import InformationPreference
from patients.imaging.models import ContactAttempt, ImagingStudy
from patients.imaging.queries import past, scope_of, work
from patients.imaging.rules import ContactOutcome, ReminderStep, StudyStatus
from patients.letters.models import LetterHead, LetterSent, LetterText
from patients.letters.rules import (
    FALLBACK,
    SHIPPED,
    TEXTS,
    TO_GP,
    LetterKind,
    address_lines,
    born_words,
    date_words,
    fallback_words,
    filled,
    is_gp,
    one_line,
    parts,
    preparation_words,
    salutation,
    scan_words,
    unbroken,
)
from patients.record.models import Patient, PatientContact, in_care
from patients.record.rules import ContactScope

if TYPE_CHECKING:
    from careteam.people.models import User

Texts = Mapping[tuple[str, str], "TextInUse"]
_SPOKE = (ContactOutcome.REACHED, ContactOutcome.BOOKED, ContactOutcome.DECLINED)


@dataclass(frozen=True)
class TextInUse:
    """The text of a kind in a language that letters are written with; `number` 0 is the shipped one."""

    kind: LetterKind
    language: str
    subject: str
    body: str
    number: int = 0
    activated_by: str = ""
    activated_at: datetime | None = None


def texts_in_use(team_id: int) -> dict[tuple[str, str], TextInUse]:
    """By (kind, language): the team's own text where a lead activated one, else the shipped one. One query."""
    found = {
        (str(kind), language): TextInUse(kind, language, subject, body)
        for (kind, language), (subject, body) in TEXTS.items()
    }
    rows = LetterText.objects.filter(team_id=team_id, activated_at__isnull=False, ended_at__isnull=True)
    for row in rows.select_related("activated_by"):
        found[row.kind, row.language] = TextInUse(
            LetterKind(row.kind),
            row.language,
            row.subject,
            row.body,
            row.number,
            str(row.activated_by),
            row.activated_at,
        )
    return found


def sender_of(head: LetterHead | None) -> str:
    """The letterhead, a line each; empty where a lead has entered none."""
    return "\n".join([head.name, *address_lines(head.address), head.phone]) if head else ""


def text_for(texts: Texts, kind: LetterKind, *wanted: str) -> TextInUse:
    """The first wanted language that has a text of this kind, else English, which always has."""
    for language in wanted:
        if (kind, base_language(language)) in texts:
            return texts[kind, base_language(language)]
    return texts[kind, FALLBACK]


@dataclass(frozen=True)
class Draft:
    """A letter as it would be written now. `fallback` says that the patient's language has no text; `notes` are for
    staff; `written_on` is the day of an earlier letter of this kind. Whether it may go out is the policy's to say."""

    study: ImagingStudy
    kind: LetterKind
    language: str
    wanted: str
    text_number: int
    sender: str
    recipient: str
    subject: str
    body: str
    fallback: str = ""
    notes: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    must_not_be_told: tuple[str, ...] = ()
    is_patient_told: bool = True
    written_on: date | None = None
    is_written: bool = False


@dataclass
class _Facts:
    """What drafts of many studies rest on, read at once."""

    heads: dict[int, LetterHead]
    texts: dict[int, dict[tuple[str, str], TextInUse]]
    not_told: dict[int, list[PatientContact]]
    told: set[int]
    preferences: dict[int, str]
    written: dict[tuple[int, str], list[LetterSent]] = field(default_factory=lambda: defaultdict(list))


def _facts(studies: Sequence[ImagingStudy], on: date) -> _Facts:
    teams = {study.team_id for study in studies}
    patients = {study.patient_id for study in studies}
    ids = [study.pk for study in studies]
    facts = _Facts(
        heads={head.team_id: head for head in LetterHead.objects.filter(team_id__in=teams)},
        texts={team_id: texts_in_use(team_id) for team_id in teams},
        not_told=defaultdict(list),
        told=set(
            ContactAttempt.objects.valid()
            .filter(study_id__in=ids, outcome__in=_SPOKE)
            .values_list("study_id", flat=True)
        ),
        preferences={key: goals.information_preference for key, goals in goals_summary(patients, on).items()},
    )
    for row in PatientContact.objects.valid().filter(patient_id__in=patients, scope=ContactScope.NONE):
        facts.not_told[row.patient_id].append(row)
    for letter in LetterSent.objects.valid().filter(study_id__in=ids).order_by("sent_at", "pk"):
        facts.written[letter.study_id, letter.kind].append(letter)
        if letter.kind not in TO_GP:
            facts.told.add(letter.study_id)
    return facts


def drafts(
    studies: Sequence[ImagingStudy],
    kinds: Sequence[LetterKind],
    *,
    by: User,
    now: datetime,
    language: str = "",
    gp_address: str = "",
) -> list[Draft]:
    """A draft of each kind for each study (loaded with `patient__team`), in their order. The number of queries does not
    depend on how many there are. `language` is another one than the patient's; `gp_address` where the GP's letter goes.
    """
    if not studies:
        return []
    facts = _facts(studies, studies[0].patient.team.local_date(now))
    return [
        _draft(study, kind, facts, by=by, now=now, language=language, gp_address=gp_address)
        for study in studies
        for kind in kinds
    ]


def _draft(
    study: ImagingStudy, kind: LetterKind, facts: _Facts, *, by: User, now: datetime, language: str, gp_address: str
) -> Draft:
    patient, team = study.patient, study.patient.team
    texts = facts.texts[study.team_id]
    wanted = "" if kind in TO_GP else base_language(patient.language)
    text = text_for(texts, kind, language, wanted, team.language)
    head = facts.heads.get(study.team_id)
    values, lacks = _values(study, kind, text.language, head, by)
    earlier = facts.written[study.pk, kind]
    about = study.scheduled_for if kind is LetterKind.INVITATION else None
    gp = one_line(patient.general_practitioner)
    if kind in TO_GP:
        recipient = gp_address or (earlier[-1].recipient if earlier else "\n".join(parts(gp)))
    else:
        recipient = "\n".join([patient.name, *address_lines(patient.address)]) if patient.address.strip() else ""
        lacks += [] if recipient else ["Enter the patient's address in the record first."]
    return Draft(
        study=study,
        kind=kind,
        language=text.language,
        wanted=wanted if wanted != text.language else "",
        text_number=text.number,
        sender=sender_of(head),
        recipient=recipient.strip(),
        subject=filled(text.subject, values),
        body=filled(text.body, values),
        fallback=_fallback(kind, wanted, language, text.language),
        notes=_notes(study, kind, facts),
        lacks=tuple(lacks),
        must_not_be_told=tuple(row.name for row in facts.not_told[patient.pk] if is_gp(row.name, row.relation, gp)),
        is_patient_told=study.pk in facts.told,
        written_on=earlier[-1].sent_on if earlier else None,
        is_written=any(row.sent_on == team.local_date(now) and row.slot == about for row in earlier),
    )


def _values(
    study: ImagingStudy, kind: LetterKind, language: str, head: LetterHead | None, by: User
) -> tuple[dict[str, str], list[str]]:
    """A value for every placeholder, and what the record or the team lacks for this letter."""
    patient = study.patient
    zone = ZoneInfo(patient.team.time_zone)
    slot = study.scheduled_for.astimezone(zone) if study.scheduled_for else None
    extra = [
        *(["interpreter"] if patient.interpreter else []),
        *(["transport"] if patient.transport.strip() else []),
    ]
    values = {
        "salutation": salutation(kind, language, patient.name),
        "name": patient.name,
        "birth_date": born_words(patient.birth_date, language) if patient.birth_date else "",
        "scan": scan_words(study.modality, language),
        "due": date_words(study.due_on, language) if study.due_on else "",
        "date": date_words(slot.date(), language) if slot else "",
        "time": f"{slot:%H:%M}" if slot else "",
        "place": study.place,
        "phone": unbroken(head.phone) if head else "",
        "team": head.name if head else "",
        "signature": str(by),
    }
    values = {name: value if name == "phone" else one_line(value) for name, value in values.items()}
    values["preparation"] = "\n".join(
        f"- {line}" for line in preparation_words(study.modality, language, sex=patient.sex, extra=extra)
    )
    lacks = []
    if head is None:
        lacks.append("A team lead enters the letterhead and the phone number first.")
    if kind is LetterKind.INVITATION and not study.place.strip():
        lacks.append("Enter the place of the slot first.")
    if kind in TO_GP:
        lacks += [] if patient.general_practitioner.strip() else ["Enter the GP in the record first."]
        lacks += [] if patient.birth_date else ["Enter the date of birth in the record first."]
    return values, lacks


def _fallback(kind: LetterKind, wanted: str, chosen: str, used: str) -> str:
    return "" if kind in TO_GP or base_language(chosen) == used else fallback_words(wanted, used)


def _notes(study: ImagingStudy, kind: LetterKind, facts: _Facts) -> tuple[str, ...]:
    patient = study.patient
    notes = []
    if patient.interpreter and kind not in TO_GP:
        notes.append("Uses an interpreter: a call with one may reach further than a letter.")
    told = [f"{row.name} ({row.relation})" if row.relation else row.name for row in facts.not_told[patient.pk]]
    if told:
        notes.append(f"Must not be told: {', '.join(told)}. Mark the envelope as personal.")
    wish = facts.preferences.get(patient.pk, "")
    if wish in {InformationPreference.FAMILY_ONLY, InformationPreference.NONE_NOW}:
        label = InformationPreference(wish).label
        notes.append(f"Said about information: “{label}”. The letter says nothing about results; a call may be kinder.")
    return tuple(notes)


def letters_due(team: Team, *, now: datetime) -> QuerySet[ImagingStudy]:
    """Studies past the letter step without a letter to the patient since they were due: nobody has booked a slot that
    lies ahead, the patient lives and is in our care. The longest overdue first."""
    scope = scope_of(team, team_ids=[team.pk], now=now)
    step = past(ReminderStep.LETTER, today=scope.today, zone=scope.zone, limits=scope.limits, shortest=scope.shortest)
    written = LetterSent.objects.valid().filter(
        study_id=OuterRef("pk"), kind=LetterKind.REMINDER, sent_on__gte=OuterRef("due_on")
    )
    found: QuerySet[ImagingStudy] = (
        work(scope, "act")
        .filter(step, ~Exists(written))
        .exclude(status=StudyStatus.SCHEDULED, scheduled_for__gte=now)
        .order_by("due_on", "pk")
    )
    return found


def for_letters(rows: QuerySet[ImagingStudy]) -> QuerySet[ImagingStudy]:
    """Whole rows with what a draft reads."""
    keys = rows.values("pk")
    return ImagingStudy.objects.filter(pk__in=keys).select_related("patient__team", "plan").order_by("due_on", "pk")


def excluded_gp(patients: Sequence[Patient]) -> dict[int, str]:
    """By patient: the GP, where the record says that they must not be told (one query)."""
    gps = {patient.pk: one_line(patient.general_practitioner) for patient in patients}
    rows = PatientContact.objects.valid().filter(patient_id__in=gps, scope=ContactScope.NONE).order_by("-pk")
    return {row.patient_id: row.name for row in rows if is_gp(row.name, row.relation, gps[row.patient_id])}


def printable(rows: QuerySet[LetterSent]) -> list[LetterSent]:
    """Letters that may leave the printer now: not taken back, of a patient who lives and is in our care, to nobody
    who must not be told (any more). Two queries."""
    found = list(rows.filter(in_care(), error_at__isnull=True).select_related("patient__team", "study").order_by("pk"))
    closed = excluded_gp([letter.patient for letter in found if letter.kind in TO_GP])
    return [letter for letter in found if letter.kind not in TO_GP or letter.patient_id not in closed]


def letters_of(study: ImagingStudy) -> list[LetterSent]:
    """Every letter about a study, newest first, those that were not sent after all too."""
    rows = LetterSent.objects.filter(study=study).select_related("created_by", "error_by")
    return list(rows.order_by("-sent_at", "-pk"))


@dataclass(frozen=True)
class TextRow:
    """One text in the list of a team's texts: what is used, and the newest version where it waits for a lead."""

    used: TextInUse | None
    waiting: LetterText | None
    kind: LetterKind
    language: str

    @property
    def language_name(self) -> str:
        return language_name(self.language)


def text_rows(team_id: int) -> list[TextRow]:
    """All texts of a team, by kind, the shipped languages first. Two queries."""
    used = texts_in_use(team_id)
    latest: dict[tuple[str, str], LetterText] = {}
    for row in LetterText.objects.filter(team_id=team_id).order_by("number").select_related("written_by"):
        latest[row.kind, row.language] = row
    keys = {*used, *(key for key, row in latest.items() if row.activated_at is None)}
    order = {language: n for n, language in enumerate(SHIPPED)}
    kinds = {str(kind): n for n, kind in enumerate(LetterKind)}
    return [
        TextRow(used.get((kind, language)), _waiting(latest.get((kind, language))), LetterKind(kind), language)
        for kind, language in sorted(keys, key=lambda key: (kinds[key[0]], order.get(key[1], 99), key[1]))
    ]


def _waiting(row: LetterText | None) -> LetterText | None:
    return row if row is not None and row.activated_at is None else None


def latest_text(team_id: int, kind: LetterKind, language: str) -> LetterText | None:
    """The newest version that was saved, in use or not."""
    rows = LetterText.objects.filter(team_id=team_id, kind=kind, language=language)
    return rows.select_related("written_by", "activated_by").order_by(F("number").desc()).first()


def example(
    text_subject: str, text_body: str, kind: LetterKind, language: str, head: LetterHead | None, by: User, on: date
) -> tuple[str, str]:
    """A text filled with an invented patient: (subject, body)."""
    name = "Alex Example"
    values = {
        "salutation": salutation(kind, language, name),
        "name": name,
        "birth_date": born_words(date(1960, 5, 4), language),
        "scan": scan_words("mri", language),
        "due": date_words(on, language),
        "date": date_words(on, language),
        "time": "10:30",
        "place": "Radiology 2",
        "preparation": "\n".join(f"- {line}" for line in preparation_words("mri", language, sex="")),
        "phone": unbroken(head.phone) if head else "…",
        "team": head.name if head else "…",
        "signature": str(by),
    }
    return filled(text_subject, values), filled(text_body, values)
