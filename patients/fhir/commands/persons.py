"""Which patient a Patient resource means, and writing their own row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from careteam.people.models import Team
from patients.fhir.commands.writing import SOURCE, Writer, fitted, plain
from patients.fhir.models import ImportedRow
from patients.fhir.rules.facts import PatientFact
from patients.fhir.rules.keys import Identifier
from patients.fhir.rules.persons import Person, name_words
from patients.fhir.rules.rows.base import day, precision
from patients.record.commands import record_death
from patients.record.models import Enrollment, NextStep, Patient, PatientIdentifier
from patients.record.rules import EnrollmentStatus, Sex, StepKind, search_key, sort_key

if TYPE_CHECKING:
    from careteam.people.models import User

_SECRET = frozenset({"R", "V"})
_CHUNK = 500


def owners(team: Team, identifiers: Iterable[Identifier]) -> dict[tuple[str, str], int]:
    """Patients of the team by (system, value) of these identifiers."""
    wanted = sorted({(i.system[:200], i.value[:120]) for i in identifiers})
    found: dict[tuple[str, str], int] = {}
    for start in range(0, len(wanted), _CHUNK):
        by_system: dict[str, list[str]] = defaultdict(list)
        for system, value in wanted[start : start + _CHUNK]:
            by_system[system].append(value)
        match = Q()
        for system, values in by_system.items():
            match |= Q(system=system, value__in=values)
        rows = PatientIdentifier.objects.filter(match, team=team).values_list("system", "value", "patient_id")
        found |= {(system, value): patient_id for system, value, patient_id in rows}
    return found


def surviving(patient: Patient) -> Patient:
    """The row that a merged patient was merged into."""
    return patient.merged_into if patient.merged_into_id and patient.merged_into else patient


def sketch(patient: Patient) -> Person:
    """What a patient's row says about who they are, for comparison with a resource."""
    birth = patient.birth_date.isoformat() if patient.birth_date else ""
    if birth and patient.birth_precision != "day":
        birth = birth[:4] if patient.birth_precision == "year" else birth[:7]
    return Person(frozenset(name_words(f"{patient.given_name} {patient.family_name}")), birth)


def values_of(fact: PatientFact, resource: dict[str, Any]) -> dict[str, Any]:
    """The patient's own row from what the resource says."""
    name = fact.name
    numbers = [i for i in fact.identifiers if i.kind == "MR"] or [
        i for i in fact.identifiers if i.kind not in ("SS", "DL")
    ]
    mrn = numbers[0].value if numbers else (fact.identifiers[0].value if fact.identifiers else "")
    family = (name.family or name.given or name.text) if name else ""
    phone = next((t.value for t in fact.telecom if t.system in ("phone", "sms")), "")
    email = next((t.value for t in fact.telecom if t.system == "email"), "")
    home = next((a for a in fact.addresses if a.use not in ("old", "billing")), None)
    security = [c.get("code") for c in (resource.get("meta") or {}).get("security") or [] if isinstance(c, dict)]
    values: dict[str, Any] = {
        "family_name": family or mrn or "Name not given",
        "given_name": name.given if name and name.family else "",
        "mrn": mrn,
        "birth_date": day(fact.birth),
        "birth_precision": precision(fact.birth),
        "sex": fact.sex if fact.sex in Sex.values else str(Sex.UNKNOWN),
        "phone": phone,
        "email": email,
        "address": str(home) if home else "",
        "country": home.country[:2].upper() if home and len(home.country) == 2 else "",
        "language": fact.language,
        "interpreter": fact.interpreter,
        "general_practitioner": fact.general_practitioner,
        "deceased_on": day(fact.died),
    }
    if any(code in _SECRET for code in security):
        values["is_confidential"] = True
    return fitted(Patient, values)


class People:
    """Creates and updates patients of one team within one import."""

    def __init__(self, team: Team, *, by: User | None, now: datetime) -> None:
        self.team, self.by, self.now = team, by, now
        self.today: date = team.local_date(now)

    def create(
        self, fact: PatientFact, resource: dict[str, Any], member: str, without: set[tuple[str, str]]
    ) -> Patient:
        """A new patient under review. `without`: identifiers that another patient holds."""
        values = values_of(fact, resource)
        free = [i for i in fact.identifiers if (i.system[:200], i.value[:120]) not in without]
        if fact.identifiers and not any(i.value[:80] == values["mrn"] for i in free):
            values["mrn"] = free[0].value[:80] if free else ""
        # nobody is asked to take the dead into care; a death without a date has no column, the enrollment says it
        status = EnrollmentStatus.DECEASED if fact.deceased else EnrollmentStatus.UNDER_REVIEW
        reason = "Imported; died" if fact.deceased else "Imported"
        patient = Patient.objects.create(
            team=self.team, enrollment_status=status, source=SOURCE, **values, **self._keys(values, free)
        )
        self._identify(patient, free)
        Enrollment.objects.create(
            patient=patient,
            team=self.team,
            status=status,
            started_on=self.today,
            reason=reason + (", date not stated by the source" if fact.deceased and fact.died is None else ""),
            created_by=self.by,
            source=SOURCE,
        )
        if not fact.deceased:
            NextStep.objects.create(
                patient=patient,
                team=self.team,
                kind=StepKind.REVIEW_IMPORT,
                source_key=f"import:{patient.pk}",
                what="Review the imported record, then take into care or discharge",
                owner_role="nurse_coordinator",
                due_on=self.today,
                url=f"/patients/{patient.pk}/",
                opened_at=self.now,
            )
        ImportedRow.objects.create(
            team=self.team,
            patient=patient,
            table="patient",
            target_id=patient.pk,
            row_key=f"{member}#",
            written={name: plain(value) for name, value in values.items()},
        )
        return patient

    def twin_of(self, patient: Patient) -> int | None:
        """Another patient of the team with the same name and birth date: perhaps the same person."""
        if patient.birth_date is None:
            return None
        same = Patient.objects.unmerged().filter(
            team=self.team, sort_key=patient.sort_key, birth_date=patient.birth_date
        )
        return same.exclude(pk=patient.pk).order_by("pk").values_list("pk", flat=True).first()

    def update(
        self, patient: Patient, fact: PatientFact, resource: dict[str, Any], member: str, writer: Writer
    ) -> None:
        """Brings the patient's own row up to date. A patient entered here first keeps every value: what the source says
        otherwise goes to the review list, what is empty here is filled."""
        values = values_of(fact, resource)
        values.pop("mrn")  # chosen once; all identifiers are kept beside it
        found = ImportedRow.objects.filter(table="patient", target_id=patient.pk).first()
        if found is not None and found.row_key != f"{member}#":
            return  # another source speaks for this person's row
        if found is None:
            ours = {name: plain(getattr(patient, name)) for name in values}
            found = ImportedRow.objects.create(
                team=self.team,
                patient=patient,
                table="patient",
                target_id=patient.pk,
                row_key=f"{member}#",
                # an empty field counts as ours to fill, a filled one as edited here
                written={name: value for name, value in ours.items() if value in ("", None, "unknown")}
                | {name: None for name, value in ours.items() if value not in ("", None, "unknown")},
            )
        died = values.pop("deceased_on")
        differing = {name: value for name, value in values.items() if plain(value) != found.written.get(name)}
        if writer.apply(patient, found, differing, member):
            numbers = list(patient.identifiers.values_list("value", flat=True))
            patient.sort_key = sort_key(patient.family_name, patient.given_name)
            patient.search_key = search_key(patient.family_name, patient.given_name, numbers, patient.birth_date)
            patient.save(update_fields=["sort_key", "search_key"])
        if died and patient.deceased_on is None and (patient.birth_date is None or died >= patient.birth_date):
            taken_back = Enrollment.objects.filter(patient=patient, status=EnrollmentStatus.DECEASED)
            if taken_back.filter(error_at__isnull=False).exists():
                writer.warnings.append((member, "says that the patient died; that was taken back here and is left out"))
                return
            record_death(patient, on=died, cause="", by=None, now=self.now)
            patient.refresh_from_db()

    def identify(self, patient: Patient, fact: PatientFact, taken: dict[tuple[str, str], int]) -> list[str]:
        """Adds the identifiers that are missing. Returns a sentence for each that somebody else has."""
        have = set(patient.identifiers.values_list("system", "value"))
        problems, fresh = [], []
        for identifier in fact.identifiers:
            key = (identifier.system[:200], identifier.value[:120])
            if key in have:
                continue
            if taken.get(key, patient.pk) != patient.pk:
                problems.append(f"has the identifier {key[1]} of another patient; left out, check whose it is")
            else:
                fresh.append(identifier)
                have.add(key)
        if fresh:
            self._identify(patient, fresh)
            numbers = [value for _system, value in have]
            patient.search_key = search_key(patient.family_name, patient.given_name, numbers, patient.birth_date)
            patient.save(update_fields=["search_key"])
        return problems

    def _identify(self, patient: Patient, identifiers: list[Identifier]) -> None:
        rows = {
            (i.system[:200], i.value[:120]): PatientIdentifier(
                patient=patient, team=self.team, system=i.system[:200], value=i.value[:120], kind=i.kind[:20]
            )
            for i in identifiers
        }
        PatientIdentifier.objects.bulk_create(rows.values())

    @staticmethod
    def _keys(values: dict[str, Any], identifiers: list[Identifier]) -> dict[str, str]:
        family, given = values["family_name"], values["given_name"]
        numbers = [i.value for i in identifiers]
        return {
            "sort_key": sort_key(family, given),
            "search_key": search_key(family, given, numbers, values["birth_date"]),
        }
