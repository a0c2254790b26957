"""What a letter about a decision would say now, and which were written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.http import Http404

from careteam.web.words import NBSP, base_language, day
from patients.goals.queries import goals_summary
from patients.goals.rules import InformationPreference
from patients.letters.models import LetterHead
from patients.letters.queries import sender_of
from patients.letters.rules import (
    FALLBACK,
    Sheet,
    address_lines,
    fallback_words,
    is_gp,
    one_line,
    parts,
    sheet_from,
    unbroken,
)
from patients.record.models import Diagnosis, Patient, PatientContact
from patients.record.queries import grade_of_patient
from patients.record.rules import ContactScope
from tumorboard.actions.queries import actions_of_decisions
from tumorboard.decisions.models import Decision
from tumorboard.decisions.queries import DecisionRow, decision_row
from tumorboard.decisions.rules import ToldWhom
from tumorboard.letters.models import DecisionLetter
from tumorboard.letters.rules import Facts, Recommended, Step, to_gp, to_patient
from tumorboard.letters.rules.words import OPTIONS

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from careteam.people.models import User

ASKS_FIRST = frozenset({InformationPreference.FAMILY_ONLY, InformationPreference.NONE_NOW})


@dataclass(frozen=True)
class LetterDraft:
    """A letter as it would be written now. Whether it may be is the policy's to say. `wish` is what the patient said
    about information, where that speaks against a letter; `must_not_be_told` holds the GP only where they are meant."""

    decision: Decision
    row: DecisionRow
    whom: ToldWhom
    language: str
    wanted: str
    sender: str
    recipient: str
    subject: str
    body: str
    own_words: str
    lacks: tuple[str, ...]
    notes: tuple[str, ...]
    wish: str
    must_not_be_told: str
    is_patient_told: bool
    earlier: DecisionLetter | None

    @property
    def fallback(self) -> str:
        return fallback_words(self.wanted, self.language)


@dataclass(frozen=True)
class _Case:
    """What the letters of one decision rest on, read once for both."""

    row: DecisionRow
    today: date
    head: LetterHead | None
    contacts: list[PatientContact]
    diagnosis: str
    steps: list[Step]
    wish: str
    earlier: dict[str, DecisionLetter]


def _case(decision: Decision, now: datetime) -> _Case:
    patient = decision.patient
    today = patient.team.local_date(now)
    return _Case(
        row=decision_row(decision),
        today=today,
        head=LetterHead.objects.filter(team_id=patient.team_id).first(),
        contacts=list(PatientContact.objects.valid().filter(patient=patient).order_by("pk")),
        diagnosis=_diagnosis(patient),
        steps=_steps(decision.pk, today),
        wish=goals_summary([patient.pk], today)[patient.pk].information_preference,
        earlier={row.whom: row for row in letters_of(decision.pk).order_by("number")},
    )


def drafts_of(decision: Decision, *, by: User, now: datetime) -> list[LetterDraft]:
    """The letter to the patient and the one to the GP as they would be written now. A constant number of queries."""
    case = _case(decision, now)
    return [_draft(decision, case, whom, by=by) for whom in ToldWhom]


def draft_of(
    decision: Decision,
    whom: ToldWhom,
    *,
    by: User,
    now: datetime,
    own_words: str | None = None,
    recipient: str = "",
) -> LetterDraft:
    """One of them (decision with patient, team, meeting, board). `own_words` None: those of the version before."""
    return _draft(decision, _case(decision, now), whom, by=by, own_words=own_words, recipient=recipient)


def _draft(
    decision: Decision, case: _Case, whom: ToldWhom, *, by: User, own_words: str | None = None, recipient: str = ""
) -> LetterDraft:
    patient, row, head = decision.patient, case.row, case.head
    earlier = case.earlier.get(whom)
    own = (earlier.own_words if earlier else "") if own_words is None else own_words.replace("\r\n", "\n").strip()
    gp = one_line(patient.general_practitioner)
    closed = (each for each in case.contacts if each.scope == ContactScope.NONE)
    gp_closed = next((each.name for each in closed if is_gp(each.name, each.relation, gp)), "")
    wanted, language = _languages(patient, whom)
    told = row.patient_told
    facts = Facts(
        name=patient.name,
        born_on=patient.birth_date,
        diagnosis=case.diagnosis,
        board=f"{row.board_name}, by e-vote" if row.is_vote else row.board_name,
        decided_on=row.held_on,
        question=row.question,
        text=row.text,
        recommended=[
            Recommended(each.option, each.label, each.detail, each.intent, each.strength, each.condition, each.trial)
            for each in row.recommendations
        ],
        addenda=[each.text for each in row.addenda],
        steps=case.steps,
        told=f"on {day(told.on)} ({told.how.lower()})" if told else "",
        phone=unbroken(head.phone) if head else "",
        team=head.name if head else "",
        signature=str(by),
        own_words=own,
        may_tell_gp=not gp_closed and bool(gp),
        is_unchanged=row.is_unchanged,
    )
    subject, body = to_patient(facts, language) if whom is ToldWhom.PATIENT else to_gp(facts)
    asks_first = case.wish in ASKS_FIRST and whom is ToldWhom.PATIENT
    return LetterDraft(
        decision=decision,
        row=row,
        whom=whom,
        language=language,
        wanted=wanted if wanted != language else "",
        sender=sender_of(head),
        recipient=(recipient.strip() or _recipient(patient, whom, earlier)).replace("\r\n", "\n"),
        subject=subject[:300],
        body=body,
        own_words=own,
        lacks=tuple(_lacks(patient, whom, head, row, own)),
        notes=_notes(patient, whom, case),
        wish=InformationPreference(case.wish).label if asks_first else "",
        must_not_be_told=gp_closed,
        is_patient_told=told is not None,
        earlier=earlier,
    )


def _languages(patient: Patient, whom: ToldWhom) -> tuple[str, str]:
    """What the patient speaks, and in what the letter is written: theirs where it has words, else the team's, else
    English. A colleague reads English, as the board writes."""
    if whom is ToldWhom.GP:
        return "", FALLBACK
    wanted = base_language(patient.language)
    return wanted, next((each for each in (wanted, base_language(patient.team.language)) if each in OPTIONS), FALLBACK)


def letters_of(decision_id: int) -> QuerySet[DecisionLetter]:
    """Every version, the latest first, those that were not sent after all too."""
    rows: QuerySet[DecisionLetter] = DecisionLetter.objects.filter(decision_id=decision_id)
    return rows.select_related("created_by", "sent_by", "error_by", "printout").order_by("whom", "-number")


def visible_letter(user: User | AnonymousUser, letter_id: int) -> DecisionLetter:
    """The letter with patient, decision and printout, if the person may see the patient; else 404."""
    rows = DecisionLetter.objects.visible_to(user).select_related(
        "patient__team", "decision__item__meeting__board__team", "created_by", "sent_by", "error_by", "printout", "told"
    )
    letter: DecisionLetter | None = rows.filter(pk=letter_id).first()
    if letter is None:
        raise Http404("No such letter, or not yours to see.")
    return letter


def is_latest(letter: DecisionLetter) -> bool:
    newer = DecisionLetter.objects.valid().filter(decision_id=letter.decision_id, whom=letter.whom)
    return not newer.filter(number__gt=letter.number).exists()


def sheet_of(letter: DecisionLetter) -> Sheet:
    return sheet_from(
        sender=letter.sender,
        recipient=letter.recipient,
        on=letter.written_on,
        subject=letter.subject,
        body=letter.body,
        language=letter.language,
    )


def _steps(decision_id: int, today: date) -> list[Step]:
    return [
        Step(
            str(row.kind),
            row.what,
            row.owner,
            row.due_on,
            state="" if row.is_open else row.status_label.lower(),
            is_open=row.is_open,
        )
        for row in actions_of_decisions([decision_id], today)
    ]


def _diagnosis(patient: Patient) -> str:
    """`Pancreas, NET G2, Ki-67 8 %, stage IV`; what is not known is left out."""
    main = Diagnosis.objects.valid().filter(patient=patient, is_main=True).first()
    grade = grade_of_patient(patient.pk)
    ki67 = f"Ki-67 {grade.highest_ki67}{NBSP}%" if grade.highest_ki67 else ""
    stage = f"stage {main.get_stage_display()}" if main and main.stage else ""
    found = [str(main) if main else "", grade.highest.grade.label if grade.specimens else "", ki67, stage]
    return ", ".join(part for part in found if part)


def _recipient(patient: Patient, whom: ToldWhom, earlier: DecisionLetter | None) -> str:
    if whom is ToldWhom.GP:
        return earlier.recipient if earlier else "\n".join(parts(one_line(patient.general_practitioner)))
    return "\n".join([patient.name, *address_lines(patient.address)]) if patient.address.strip() else ""


def _lacks(patient: Patient, whom: ToldWhom, head: LetterHead | None, row: DecisionRow, own_words: str) -> list[str]:
    lacks = [] if head else ["A team lead enters the letterhead and the phone number first."]
    if whom is ToldWhom.GP:
        return [*lacks, *([] if patient.general_practitioner.strip() else ["Enter the GP in the record first."])]
    lacks += [] if patient.address.strip() else ["Enter the patient’s address in the record first."]
    if not row.recommendations and not row.is_unchanged and not own_words:
        lacks.append("Nothing coded was recommended: write in your own words what the board said.")
    return lacks


def _notes(patient: Patient, whom: ToldWhom, case: _Case) -> tuple[str, ...]:
    """Who may and who must not know, for whoever writes."""
    notes = []
    if case.wish and whom is ToldWhom.PATIENT:
        notes.append(f"Said about information: “{InformationPreference(case.wish).label}”.")
    for scope, said in ((ContactScope.ALL, "May be told"), (ContactScope.NONE, "Must not be told")):
        named = ", ".join(
            f"{each.name} ({each.relation})" if each.relation else each.name
            for each in case.contacts
            if each.scope == scope
        )
        if named:
            notes.append(f"{said}: {named}.")
    if whom is ToldWhom.PATIENT and patient.interpreter:
        notes.append("Uses an interpreter: a call with one may reach further than a letter.")
    return tuple(notes)
