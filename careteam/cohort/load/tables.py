"""Which table a history's rows go to, and how a value is written for COPY."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models.fields import NOT_PROVIDED

from careteam.cohort.histories.rows import (
    Json,
    Key,
    MeetingAt,
    Person,
    Ref,
    ReminderKey,
    TeamRow,
    Text,
    TheBoard,
    TheSite,
)
from careteam.cohort.load.batches import Order
from careteam.notifications.models import InboxItem
from patients.care.models import (
    Drainage,
    FamilyMember,
    InformationGiven,
    NutritionReview,
    PsychosocialCare,
    Questionnaire,
    SecondOpinion,
    SocialSituation,
)
from patients.goals.models import (
    GoalsAddendum,
    GoalsConversation,
    GoalsDraft,
    GoalsPrompt,
    GoalsPromptReason,
    LineGoals,
    SurpriseQuestion,
    TalkWish,
    TradeOff,
)
from patients.imaging.models import ContactAttempt, ImagingStudy, Reminder, StudySnooze, SurveillancePlan
from patients.palliative.models import (
    BereavementTask,
    CaregiverStrain,
    CareNote,
    HospiceTransition,
    PalliativeReferral,
)
from patients.record.models import (
    Admission,
    Allergy,
    CareTeamMember,
    ClinicalFlag,
    Comorbidity,
    Diagnosis,
    DiseaseStatus,
    Encounter,
    Enrollment,
    GeneticResult,
    LiverAssessment,
    Measurement,
    Medication,
    Metastasis,
    NextStep,
    Patient,
    PatientContact,
    PatientIdentifier,
    ReceptorImaging,
    Specimen,
    SymptomAssessment,
)
from patients.response.models import Lesion, LesionReading, ResponseAssessment
from patients.treatment.models import (
    Administration,
    AdverseEvent,
    Authorization,
    DoseCheck,
    PreparationStep,
    TreatmentLine,
)
from patients.triage.models import SymptomCall
from patients.trials.models import TrialConsideration
from patients.wishes.models import Wish, WishDocument
from tumorboard.actions.models import Action
from tumorboard.decisions.models import Alternative, Decision, Recommendation, Told
from tumorboard.meetings.models import AgendaItem
from tumorboard.readiness.models import Waiver
from tumorboard.referrals.models import Referral

# In the order in which rows may refer to each other.
TABLES: dict[str, type[models.Model]] = {
    "patient": Patient,
    "identifier": PatientIdentifier,
    "enrollment": Enrollment,
    "contact": PatientContact,
    "member": CareTeamMember,
    "diagnosis": Diagnosis,
    "metastasis": Metastasis,
    "liver": LiverAssessment,
    "specimen": Specimen,
    "receptor": ReceptorImaging,
    "status": DiseaseStatus,
    "genetic": GeneticResult,
    "measurement": Measurement,
    "symptom": SymptomAssessment,
    "allergy": Allergy,
    "medication": Medication,
    "comorbidity": Comorbidity,
    "flag": ClinicalFlag,
    "admission": Admission,
    "encounter": Encounter,
    "line": TreatmentLine,
    "administration": Administration,
    "adverse": AdverseEvent,
    "check": DoseCheck,
    "authorization": Authorization,
    "preparation": PreparationStep,
    "plan": SurveillancePlan,
    "study": ImagingStudy,
    "assessment": ResponseAssessment,
    "lesion": Lesion,
    "reading": LesionReading,
    "reminder": Reminder,
    "attempt": ContactAttempt,
    "snooze": StudySnooze,
    "nutrition": NutritionReview,
    "drainage": Drainage,
    "questionnaire": Questionnaire,
    "psychosocial": PsychosocialCare,
    "social": SocialSituation,
    "family": FamilyMember,
    "information": InformationGiven,
    "opinion": SecondOpinion,
    "call": SymptomCall,
    "consideration": TrialConsideration,
    "conversation": GoalsConversation,
    "tradeoff": TradeOff,
    "addendum": GoalsAddendum,
    "wishdocument": WishDocument,
    "wish": Wish,
    "draft": GoalsDraft,
    "surprise": SurpriseQuestion,
    "talkwish": TalkWish,
    "prompt": GoalsPrompt,
    "reason": GoalsPromptReason,
    "linegoals": LineGoals,
    "palliative": PalliativeReferral,
    "note": CareNote,
    "strain": CaregiverStrain,
    "transition": HospiceTransition,
    "bereavement": BereavementTask,
    "referral": Referral,
    "waiver": Waiver,
    "item": AgendaItem,
    "decision": Decision,
    "recommendation": Recommendation,
    "alternative": Alternative,
    "action": Action,
    "told": Told,
    "step": NextStep,
    "inbox": InboxItem,
}
# The history tables of these, by the same names.
HISTORY: dict[str, type[models.Model]] = {
    table: event
    for table, model in TABLES.items()
    for event in apps.get_models()
    if getattr(event, "pgh_tracked_model", None) is model
}
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
NULL = r"\N"
_UNSAID = object()


@functools.lru_cache(maxsize=20_000)  # most texts of a cohort are the same few thousand
def _text(value: str) -> str:
    return value.translate(_ESCAPES)


class _Writers(dict[type, Callable[[Any], str]]):
    """How each type of value is written; what is not listed (an enum member) is written as its text."""

    def __missing__(self, kind: type) -> Callable[[Any], str]:
        return lambda value: _text(str(value))


def _array(values: Iterable[object]) -> str:
    quoted = ('"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
    return _text("{" + ",".join(quoted) + "}")


def _json(value: object, known: Callable[[object], object] = lambda part: part) -> str:
    """`known` says what a symbol of a history stands for."""

    def shown(part: object) -> object:
        if isinstance(part, dict):
            return {name: shown(inner) for name, inner in part.items()}
        return known(part)

    return _text(json.dumps(shown(value), ensure_ascii=False))


_PLAIN = _Writers(
    {
        str: _text,
        int: str,
        float: str,
        Decimal: str,
        bool: lambda value: "t" if value else "f",
        type(None): lambda _: NULL,
        date: date.isoformat,
        datetime: datetime.isoformat,
        list: _array,
        tuple: _array,
        dict: _json,
        Json: _json,
    }
)


class Encoder:
    """Turns values into COPY's text format. `start` says, table by table, which key the present patient's rows begin
    with."""

    def __init__(self, order: Order) -> None:
        self.start = dict(order.bases)
        self.patient_id = 0
        self.site_id = order.site_id
        people, meetings, team_rows = order.people, order.meetings, order.team_rows
        self.write = _Writers(
            {
                **_PLAIN,
                Ref: lambda ref: str(self.start[ref.table] + ref.n),
                Key: lambda key: f"{key.name}:{self.start[key.table] + key.n}",
                Text: self._worded,
                Person: lambda person: str(people[person]),
                MeetingAt: lambda meeting: str(meetings[meeting.week]),
                TheBoard: lambda _: str(order.board_id),
                TeamRow: lambda row: str(team_rows[row]),
                TheSite: lambda _: str(order.site_id),
                dict: lambda value: _json(value, self._known),
                ReminderKey: lambda key: f"reminder:{self.start['study'] + key.n}:{key.step}:{key.due.isoformat()}",
            }
        )

    def _known(self, part: object) -> object:
        if isinstance(part, TheSite):
            return self.site_id
        return self.start[part.table] + part.n if isinstance(part, Ref) else part

    def _worded(self, text: Text) -> str:
        other = self.start[text.table] + text.n if text.table else 0
        return text.template.format(patient=self.patient_id, id=other)


class Sheet:
    """One table of one batch: the columns that its rows use, the rest at its defaults."""

    def __init__(self, table: str, rows: Iterable[Mapping[str, object]], order: Order) -> None:
        model = TABLES[table]
        meta = model._meta
        fields = {field.name: field for field in meta.concrete_fields}
        self.keys = sorted(set().union(*rows))
        self.has_patient = "patient" in fields
        fixed: dict[str, str] = {}
        for field in meta.concrete_fields:
            if field.name in self.keys or field.primary_key or field.name == "patient":
                continue
            if field.name == "team":
                fixed[field.name] = str(order.team_id)
            elif field.db_default is not NOT_PROVIDED:
                continue
            else:
                fixed[field.name] = _fixed(_default(field))
        self._cells = [(key, _fixed(_default(fields[key]))) for key in self.keys]
        self.suffix = "".join("\t" + value for value in fixed.values())
        names = ["id", *(["patient"] if self.has_patient else []), *self.keys, *fixed]
        named = ", ".join(f'"{fields[name].column}"' for name in names)
        self.statement = f'COPY "{meta.db_table}" ({named}) FROM STDIN'

    def line(self, row: Mapping[str, Any], row_id: int, encode: Encoder) -> str:
        write = encode.write
        cells = [
            write[type(value)](value) if (value := row.get(key, _UNSAID)) is not _UNSAID else default
            for key, default in self._cells
        ]
        head = f"{row_id}\t{encode.patient_id}\t" if self.has_patient else f"{row_id}\t"
        return head + "\t".join(cells) + self.suffix


def _default(field: models.Field[Any, Any]) -> object:
    """What a row that says nothing about the field holds."""
    if field.has_default():
        return field.get_default()
    return None if field.null else ""


def _fixed(value: object) -> str:
    return _PLAIN[type(value)](value)


def history_statement(table: str) -> str:
    """The INSERT that copies rows with ids between two parameters into the history, as the insert trigger would."""
    meta, event = TABLES[table]._meta, HISTORY[table]._meta
    columns = [
        field.column for field in meta.concrete_fields if field.column in {f.column for f in event.concrete_fields}
    ]
    named = ", ".join(f'"{column}"' for column in columns)
    return (
        f'INSERT INTO "{event.db_table}" ({named}, pgh_created_at, pgh_label, pgh_obj_id) '  # noqa: S608
        f"SELECT {named}, now(), 'insert', id FROM \"{meta.db_table}\" WHERE id BETWEEN %s AND %s"
    )
