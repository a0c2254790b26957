"""What each measure means in the tables. Said once: the number counts what the list shows.

A measure is a condition on one of six bases: stage IV, progressions, therapy lines, cases of boards, deaths, older
patients. Every base has the day `on` it belongs to.
"""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass, replace
from datetime import date, timedelta, tzinfo
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db.models import (
    Case,
    Count,
    DateField,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
    Window,
)
from django.db.models.functions import Coalesce, FirstValue, Least, TruncDate

from careteam.access.queries import access_of
from careteam.people.rules import Permission
from careteam.workspace.measures.rules import By, Limits, Measure, Took
from patients.goals.models import GoalsConversation, GoalsPrompt
from patients.goals.rules import CloseReason, ConversationStatus, PromptStatus
from patients.palliative.models import PalliativeReferral
from patients.palliative.rules import PalliativeReferralStatus
from patients.record.models import (
    Admission,
    Diagnosis,
    DiseaseStatus,
    Encounter,
    Enrollment,
    Patient,
    PatientContact,
    in_care,
)
from patients.record.rules import DeathCause, EnrollmentStatus, ResponseCategory, Sex, Stage
from patients.record.rules.visits import EMERGENCY, NOT_COMING
from patients.treatment.models import Administration, TreatmentLine
from patients.treatment.rules import (
    ENDED_STATUSES,
    RAISES_LINE_NUMBER,
    SYSTEMIC_OR_PRRT,
    AdministrationStatus,
    EndReason,
    LineRole,
    LineStatus,
    Modality,
)
from patients.wishes.models import Wish, WishDocument
from patients.wishes.rules import DocumentState, Place, WishKind
from tumorboard.meetings.rules import ItemStatus
from tumorboard.reports.queries import Scope as BoardScope
from tumorboard.reports.queries import cases_in

if TYPE_CHECKING:
    from careteam.access.queries import Access
    from careteam.people.models import User

_UTC = zoneinfo.ZoneInfo("UTC")
_FAR = date(9999, 12, 31)


@dataclass(frozen=True)
class Group:
    """Patients of one language, of one sex, who need an interpreter; `code` as `rules.group_code` gives it."""

    by: By
    code: str

    def condition(self, path: str) -> Q:
        """`path` is the way to the patient (`patient__`)."""
        if self.by is By.INTERPRETER:
            return Q(**{f"{path}interpreter": {"yes": True, "no": False}.get(self.code)})
        if self.by is By.SEX:
            return Q(**{f"{path}sex": self.code or Sex.UNKNOWN})
        if not self.code:
            return Q(**{f"{path}language": ""})
        longer = Q(**{f"{path}language__istartswith": f"{self.code}-"})
        return (
            Q(**{f"{path}language__iexact": self.code})
            | longer
            | Q(**{f"{path}language__istartswith": f"{self.code}_"})
        )


@dataclass(frozen=True)
class Scope:
    """Whose patients from when to when (days of the reader's home team, both included)."""

    teams: frozenset[int]
    since: date
    until: date
    today: date
    limits: Limits
    zone: tzinfo = _UTC

    @classmethod
    def of(cls, user: User, *, since: date, until: date, today: date, limits: Limits) -> Scope:
        """What the person may count."""
        access: Access = access_of(user)
        zone = zoneinfo.ZoneInfo(access.home.time_zone) if access.home else _UTC
        return cls(access.teams_where(Permission.REPORT_VIEW), since, until, today, limits, zone)

    def over(self, since: date, until: date) -> Scope:
        """The same in another period."""
        return replace(self, since=since, until=until)


def _plus(day: Any, days: int) -> ExpressionWrapper[Any]:
    """So many days after a date."""
    return ExpressionWrapper(day + Value(timedelta(days=days)), output_field=DateField())


def _between(after: Any, before: Any) -> Func:
    """Whole days between two dates."""
    return Func(after, before, template="(%(expressions)s)", arg_joiner=" - ", output_field=IntegerField())


def _ours(scope: Scope, path: str) -> Q:
    """Active, or active until they died."""
    active = Enrollment.objects.valid().filter(patient_id=OuterRef(f"{path}pk"), status=EnrollmentStatus.ACTIVE)
    state = f"{path}enrollment_status"
    died = Q(Q(**{state: EnrollmentStatus.DECEASED}), Exists(active))
    return Q(
        Q(**{state: EnrollmentStatus.ACTIVE}) | died,
        **{f"{path}team_id__in": scope.teams, f"{path}merged_into__isnull": True},
    )


def _talks(**when: Any) -> QuerySet[GoalsConversation]:
    """Signed conversations of the patient of the row; not those that were retracted."""
    rows: QuerySet[GoalsConversation] = GoalsConversation.objects.valid().filter(
        patient_id=OuterRef("patient_id"),
        status__in=[ConversationStatus.SIGNED, ConversationStatus.SUPERSEDED],
        **when,
    )
    return rows.order_by("held_on", "pk")


def _first(rows: QuerySet[Any], column: str) -> Subquery:
    return Subquery(rows.values(column)[:1], output_field=DateField())


def _stage4(scope: Scope) -> QuerySet[Any]:
    on = Coalesce("staged_on", "diagnosed_on")
    rows = Diagnosis.objects.valid().filter(_ours(scope, "patient__"), is_main=True, stage=Stage.IV)
    found: QuerySet[Any] = (
        rows.annotate(on=on)
        .filter(on__range=(scope.since, scope.until))
        .annotate(
            talk_on=_first(
                _talks(held_on__gte=OuterRef("on"), held_on__lte=_plus(OuterRef("on"), scope.limits.stage4)), "held_on"
            )
        )
    )
    return found


def _progressions(scope: Scope) -> QuerySet[Any]:
    earlier = DiseaseStatus.objects.valid().filter(
        patient_id=OuterRef("patient_id"),
        category=ResponseCategory.PD,
        assessed_on=OuterRef("assessed_on"),
        pk__lt=OuterRef("pk"),
    )
    rows = DiseaseStatus.objects.valid().filter(
        _ours(scope, "patient__"),
        ~Exists(earlier),  # imaging and the clinician may both have written it
        category=ResponseCategory.PD,
        assessed_on__range=(scope.since, scope.until),
    )
    found: QuerySet[Any] = rows.annotate(on=F("assessed_on")).annotate(
        talk_on=_first(
            _talks(held_on__gte=OuterRef("on"), held_on__lte=_plus(OuterRef("on"), scope.limits.progression)), "held_on"
        )
    )
    return found


def lines_reaching(number: int, *, patients: QuerySet[Any]) -> QuerySet[TreatmentLine]:
    """The lines of these patients (a query of their ids) with which the therapy line number is reached: `number_lines`
    in SQL."""
    begun = ~Q(status__in=[LineStatus.PROPOSED, LineStatus.PLANNED])
    began = ~Q(status__in=list(ENDED_STATUSES)) | Q(started_on__isnull=False) | ~Q(source="")
    order = [
        Coalesce("started_on", Value(_FAR)).asc(),
        Coalesce("planned_on", "ended_on", Value(_FAR)).asc(),
        F("pk").asc(),
    ]

    def over(expression: Any) -> Window:
        return Window(expression, partition_by=[F("patient_id")], order_by=order)

    rises = Case(When(start_reason__in=list(RAISES_LINE_NUMBER), then=1), default=0, output_field=IntegerField())
    counted = TreatmentLine.objects.valid().filter(
        begun,
        began,
        patient_id__in=patients,
        role=LineRole.ANTITUMOR,
        modality__in=list(SYSTEMIC_OR_PRRT),
        error_at__isnull=True,
    )
    rows: QuerySet[TreatmentLine] = (
        counted.annotate(rises=rises)
        .annotate(
            risen=over(Sum("rises")),
            first_rises=over(FirstValue("rises")),
            first_id=over(FirstValue("pk")),
        )
        # A first counted line always gets 1, whatever its reason.
        .filter(Q(risen=number - 1 + F("first_rises")), Q(rises=1) | Q(pk=F("first_id")))
    )
    return rows


def _lines(scope: Scope) -> QuerySet[Any]:
    within = (scope.since, scope.until)
    begun = TreatmentLine.objects.valid().filter(_ours(scope, "patient__"), started_on__range=within)
    reached = lines_reaching(scope.limits.line, patients=begun.values("patient_id"))
    rows = TreatmentLine.objects.filter(pk__in=reached.values("pk"), started_on__range=within)
    found: QuerySet[Any] = rows.annotate(on=F("started_on")).annotate(
        talk_on=Subquery(
            _talks(held_on__lte=OuterRef("on"), held_on__gte=_plus(OuterRef("on"), -scope.limits.review))
            .order_by("-held_on")
            .values("held_on")[:1],
            output_field=DateField(),
        )
    )
    return found


def _cases(scope: Scope) -> QuerySet[Any]:
    boards = BoardScope(scope.teams, scope.since, scope.until, scope.today, None, scope.zone)
    progressed = DiseaseStatus.objects.valid().filter(
        patient_id=OuterRef("patient_id"),
        category=ResponseCategory.PD,
        assessed_on__gt=OuterRef("talk_on"),
        assessed_on__lte=OuterRef("on"),
    )
    known = _talks(held_on__lte=OuterRef("on"), signed_at__lte=OuterRef("meeting__ends_at"))
    found: QuerySet[Any] = (
        cases_in(boards)
        .filter(status=ItemStatus.DECIDED)
        .annotate(on=F("day"))
        .annotate(talk_on=Subquery(known.order_by("-held_on", "-pk").values("held_on")[:1], output_field=DateField()))
        .annotate(progressed=Exists(progressed), took=_between(F("on"), F("talk_on")))
    )
    return found


def _therapy(scope: Scope) -> tuple[Exists, Exists]:
    """A dose in the last days of life; a line without doses (tablets) that ran in them."""
    modalities = SYSTEMIC_OR_PRRT if scope.limits.ssa_counts else SYSTEMIC_OR_PRRT - {Modality.SSA}
    first = _plus(OuterRef("deceased_on"), -scope.limits.therapy)
    doses = Administration.objects.valid().filter(
        patient_id=OuterRef("pk"),
        status=AdministrationStatus.GIVEN,
        given_on__gte=first,
        given_on__lte=OuterRef("deceased_on"),
        line__error_at__isnull=True,
        line__role=LineRole.ANTITUMOR,
        line__modality__in=list(modalities),
    )
    ran = TreatmentLine.objects.valid().filter(
        Q(ended_on__isnull=True) | Q(ended_on__gte=first),
        ~Exists(Administration.objects.valid().filter(line_id=OuterRef("pk"))),
        patient_id=OuterRef("pk"),
        role=LineRole.ANTITUMOR,
        modality__in=list(modalities),
        started_on__lte=OuterRef("deceased_on"),
    )
    return Exists(doses), Exists(ran.exclude(status__in=[LineStatus.PROPOSED, LineStatus.PLANNED]))


def _deaths(scope: Scope) -> QuerySet[Any]:
    died, limits = OuterRef("deceased_on"), scope.limits
    icu_first = _plus(died, -limits.icu)
    intensive = Admission.objects.valid().filter(
        Q(icu_until__gte=icu_first)
        | Q(icu_until__isnull=True, discharged_on__gte=icu_first)
        | Q(icu_until__isnull=True, discharged_on__isnull=True),
        patient_id=OuterRef("pk"),
        icu_from__lte=died,
    )
    visits = (
        Encounter.objects.valid()
        .filter(patient_id=OuterRef("pk"), kind=EMERGENCY)
        .exclude(status__in=list(NOT_COMING))
        .annotate(day=TruncDate("starts_at", tzinfo=scope.zone))
        .filter(day__gte=_plus(died, -limits.emergency), day__lte=died)
        .order_by()
        .values("patient_id")
        .annotate(many=Count("pk"))
        .values("many")
    )
    hospice = (
        TreatmentLine.objects.valid()
        .filter(Q(started_on__lte=died) | Q(started_on__isnull=True), patient_id=OuterRef("pk"))
        .filter(modality=Modality.HOSPICE)
        .exclude(status__in=[LineStatus.PROPOSED, LineStatus.PLANNED])
        .exclude(started_on__isnull=True, source="")
    )
    stays = (
        hospice.filter(started_on__isnull=False)
        .order_by()
        .values("patient_id")
        .annotate(days=Sum(_between(Least(Coalesce("ended_on", died), died), F("started_on"))))
        .values("days")
    )
    there = hospice.filter(Q(ended_on__isnull=True) | Q(ended_on__gte=died) | Q(end_reason=EndReason.DEATH))
    seen = (
        PalliativeReferral.objects.valid()
        .filter(patient_id=OuterRef("pk"), status=PalliativeReferralStatus.SEEN, visit_on__lte=died)
        .order_by()
        .values("patient_id")
        .annotate(first=Min("visit_on"))
        .values("first")
    )
    wanted = (
        Wish.objects.valid()
        .filter(Q(ended_on__isnull=True) | Q(ended_on__gt=died), patient_id=OuterRef("pk"), since__lte=died)
        .filter(kind=WishKind.PLACE_OF_DEATH)
        .order_by("-since", "-pk")
    )
    by_dose, by_line = _therapy(scope)
    rows = Patient.objects.filter(_ours(scope, ""), deceased_on__range=(scope.since, scope.until))
    return rows.annotate(
        on=F("deceased_on"),
        by_dose=by_dose,
        by_line=by_line,
        intensive=Exists(intensive),
        visits=Coalesce(Subquery(visits, output_field=IntegerField()), 0),
        hospice=Exists(hospice),
        hospice_days=Subquery(stays, output_field=IntegerField()),
        in_hospice=Exists(there),
        seen_on=Subquery(seen, output_field=DateField()),
        preferred=Coalesce(Subquery(wanted.values("code")[:1]), Value("")),
    )


def _older(scope: Scope) -> QuerySet[Any]:
    last = min(scope.until, scope.today)
    declined = GoalsPrompt.objects.valid().filter(
        Q(status=PromptStatus.DECLINED) | Q(close_reason=CloseReason.PATIENT_DECLINED), patient_id=OuterRef("pk")
    )
    talks = GoalsConversation.objects.valid().filter(
        patient_id=OuterRef("pk"),
        status__in=[ConversationStatus.SIGNED, ConversationStatus.SUPERSEDED],
        held_on__lte=last,
    )
    proxies = PatientContact.objects.valid().filter(patient_id=OuterRef("pk"), is_proxy=True)
    papers = WishDocument.objects.valid().filter(patient_id=OuterRef("pk"), state=DocumentState.CURRENT)
    rows = Patient.objects.filter(
        in_care(""), team_id__in=scope.teams, birth_date__lte=_years_before(last, scope.limits.age)
    )
    return rows.annotate(
        on=Value(last, output_field=DateField()),
        talked=Exists(talks),
        has_proxy=Exists(proxies),
        has_document=Exists(papers),
        declined=Exists(declined),
    )


def _years_before(day: date, years: int) -> date:
    """Who was born on this day or before has reached the age; 29 February counts on 1 March."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, month=2, day=28)


_TALKED = Q(talk_on__isnull=False)
_CANCER = Q(death_cause=DeathCause.CANCER)
_KNOWN = ~Q(preferred__in=["", Place.UNDECIDED])
M = Measure


@dataclass(frozen=True)
class Base:
    """Rows with the measures that count them. `path` is the way to the patient; `day` what the rows are sorted by."""

    rows: partial[QuerySet[Any]]
    conditions: dict[Measure, Q]
    path: str = "patient__"


def bases(scope: Scope) -> tuple[Base, ...]:
    """Each base with its measures. Rows are asked for when somebody reads them."""
    limits = scope.limits
    over4 = Q(on__lte=scope.today - timedelta(days=limits.stage4))
    over_pd = Q(on__lte=scope.today - timedelta(days=limits.progression))
    hospice = _CANCER & Q(hospice=True)
    compared = _KNOWN & ~Q(death_place="")
    return (
        Base(
            partial(_stage4, scope),
            {M.STAGE4: over4, M.STAGE4_TALKED: over4 & _TALKED, M.STAGE4_AHEAD: ~over4},
        ),
        Base(
            partial(_progressions, scope),
            {M.PROGRESSION: over_pd, M.PROGRESSION_TALKED: over_pd & _TALKED, M.PROGRESSION_AHEAD: ~over_pd},
        ),
        Base(partial(_lines, scope), {M.LINE: Q(), M.LINE_TALKED: _TALKED}),
        Base(
            partial(_cases, scope),
            {
                M.BOARD: Q(),
                M.BOARD_RECENT: Q(took__lte=limits.board),
                M.BOARD_OLD: _TALKED & Q(progressed=True),
                M.BOARD_NONE: ~_TALKED,
            },
        ),
        Base(
            partial(_deaths, scope),
            {
                M.DEATH: Q(),
                M.CANCER: _CANCER,
                M.CAUSE_OTHER: Q(death_cause__in=[DeathCause.OTHER, DeathCause.TREATMENT]),
                M.CAUSE_UNKNOWN: Q(death_cause__in=["", DeathCause.UNKNOWN]),
                M.THERAPY: _CANCER & (Q(by_dose=True) | Q(by_line=True)),
                M.INTENSIVE: _CANCER & Q(intensive=True),
                M.EMERGENCY: _CANCER & Q(visits__gt=limits.visits),
                M.NO_HOSPICE: _CANCER & Q(hospice=False),
                M.HOSPICE: hospice,
                M.HOSPICE_SHORT: hospice & Q(hospice_days__lt=limits.hospice_short),
                M.HOSPICE_LONG: hospice & Q(hospice_days__gt=limits.hospice_long),
                M.HOSPICE_LEFT: hospice & Q(in_hospice=False),
                M.PALLIATIVE: Q(seen_on__isnull=False),
                M.PLACE_KNOWN: _KNOWN,
                M.PLACE_COMPARED: compared,
                M.PLACE_MET: compared & Q(preferred=F("death_place")),
            },
            path="",
        ),
        Base(
            partial(_older, scope),
            {
                M.OLDER: Q(),
                M.OLDER_PLANNED: Q(talked=True) | Q(has_proxy=True) | Q(has_document=True) | Q(declined=True),
            },
            path="",
        ),
    )


def base_of(measure: Measure, scope: Scope) -> Base:
    return next(base for base in bases(scope) if measure in base.conditions)


def listed(measure: Measure, scope: Scope, *, rest: bool = False, group: Group | None = None) -> QuerySet[Any]:
    """The rows that a measure counts; with `rest` those of its whole that it does not count."""
    base = base_of(measure, scope)
    rows = base.rows()
    if group is not None:
        rows = rows.filter(group.condition(base.path))
    part = rows.filter(base.conditions[measure])
    if rest and measure.whole is not None:
        return rows.filter(base.conditions[measure.whole]).exclude(pk__in=part.values("pk"))
    return part


def took_rows(took: Took, scope: Scope) -> QuerySet[Any]:
    """The cases of which it is known how long it took, each with its `took` in days, the longest first."""
    rows = listed(took.of, scope)
    if took is Took.HOSPICE_DAYS:
        rows = rows.filter(hospice_days__isnull=False).annotate(took=F("hospice_days"))
    elif took is Took.PALLIATIVE_DAYS:
        rows = rows.filter(seen_on__isnull=False).annotate(took=_between(F("on"), F("seen_on")))
    else:
        rows = rows.filter(talk_on__isnull=False)
    return rows.order_by("-took", "pk")
