"""Bringing rows of the record to what the sources say, without touching what was edited here.

What an import wrote last stands in `ImportedRow.written`. A value that differs from it was edited here: then ours
stays, and a difference goes to the review list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, models, transaction

from patients.fhir.commands.studies import Studies
from patients.fhir.commands.wishes import without_contradictions
from patients.fhir.models import ImportedRow, ImportRun, ReviewItem
from patients.fhir.rules.rows import Row
from patients.imaging.models import ImagingStudy
from patients.record.commands import announce_results
from patients.record.models import (
    Admission,
    Allergy,
    CareTeamMember,
    Comorbidity,
    Diagnosis,
    DiseaseStatus,
    Encounter,
    GeneticResult,
    Measurement,
    Medication,
    Metastasis,
    Patient,
    PatientContact,
    ReceptorImaging,
    Specimen,
)
from patients.treatment.models import Administration, TreatmentLine
from patients.wishes.models import Wish, WishDocument

if TYPE_CHECKING:
    from careteam.people.models import User

SOURCE = "fhir"
TABLES: dict[str, Any] = {
    model.__name__: model
    for model in (
        Diagnosis,
        Metastasis,
        Specimen,
        ReceptorImaging,
        DiseaseStatus,
        GeneticResult,
        Measurement,
        Allergy,
        Medication,
        Comorbidity,
        Admission,
        Encounter,
        PatientContact,
        CareTeamMember,
        ImagingStudy,
        TreatmentLine,
        Administration,
        WishDocument,
        Wish,
    )
}
_BATCH = 500


def plain(value: Any) -> Any:
    """The JSON form by which two values are compared: moments in UTC, numbers without their zeros at the end."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, str) else value


def fitted(model: type[models.Model], values: dict[str, Any]) -> dict[str, Any]:
    """The values cut to what their columns hold."""
    found = {}
    for name, value in values.items():
        limit = getattr(model._meta.get_field(name), "max_length", None)
        found[name] = value[:limit].strip() if isinstance(value, str) and limit else value
    return found


def shown_value(model: type[models.Model], name: str, value: Any) -> str:
    """A value as a person reads it in the review list."""
    choices = dict(getattr(model._meta.get_field(name), "flatchoices", None) or [])
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(choices.get(value, plain(value)))


_SEVERAL_SOURCES = frozenset({"TreatmentLine", "Diagnosis", "Metastasis", "Comorbidity"})


@dataclass
class Writer:
    """Writes the rows of one patient. `failures` are members whose row the database refused, with the reason."""

    patient: Patient
    run: ImportRun | None
    by: User | None
    now: datetime
    record_ids: dict[str, int]
    failures: dict[str, str] = field(default_factory=dict)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    touched: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def write(self, rows: Sequence[Row]) -> None:
        """Updates first (a main diagnosis gives way before another takes its place), then inserts, then what the
        sources no longer say."""
        known = list(ImportedRow.objects.filter(patient=self.patient).exclude(table="patient"))
        studies = Studies(self.patient, by=self.by, now=self.now)
        pairs = self._match(rows, known)
        pairs = [(row, found or studies.adopt(row, self._ids(row), plain)) for row, found in pairs]
        studies.receive(pairs)
        updates = [(row, found) for row, found in pairs if found is not None]
        inserts, against = without_contradictions(self.patient, [row for row, found in pairs if found is None])
        self.failures |= against
        parents = self._update(updates)
        if any(row.table == "Diagnosis" and row.values.get("is_main") for row in inserts):
            self._make_room_for_main(inserts)
        parents |= self._insert([(row, {}) for row in inserts])
        studies.settle([parents[id(row)] for row in inserts if row.table == "ImagingStudy" and id(row) in parents])
        self.warnings += studies.warnings
        children = [(child, parents[id(row)]) for row, _found in pairs if id(row) in parents for child in row.children]
        child_pairs = [(child, line, self._named(child, known)) for child, line in children]
        self._update([(child, found) for child, _line, found in child_pairs if found])
        self._insert(self._numbered([(child, line) for child, line, found in child_pairs if found is None]))
        said = {found.pk for _row, found in pairs if found} | {found.pk for _c, _l, found in child_pairs if found}
        self._withdrawn([found for found in known if found.pk not in said])
        if self.touched.get("Measurement"):
            measured = [row.values for row in rows if row.table == "Measurement"]
            said_of = [(values["code"], values.get("category", "")) for values in measured]
            announce_results(self.patient, said_of, now=self.now)

    # --- finding ---------------------------------------------------------------------------------------------

    def _named(self, row: Row, known: Sequence[ImportedRow]) -> ImportedRow | None:
        return next((k for k in known if k.table == row.table.lower() and k.row_key == row.key), None)

    def _match(self, rows: Sequence[Row], known: Sequence[ImportedRow]) -> list[tuple[Row, ImportedRow | None]]:
        by_key = {(found.table, found.row_key): found for found in known}
        taken: set[int] = set()
        result: list[tuple[Row, ImportedRow | None]] = []
        for row in rows:
            found = by_key.get((row.table.lower(), row.key))
            if found is not None and found.pk not in taken:
                taken.add(found.pk)
            else:
                found = None
            result.append((row, found))
        for position, (row, found) in enumerate(result):
            if found is None and row.table in _SEVERAL_SOURCES:  # such a row grows: known by any of its sources
                mine = {self.record_ids[m] for m in row.members if m in self.record_ids}
                same = (k for k in known if k.table == row.table.lower() and k.pk not in taken)
                other = next((k for k in same if mine & set(k.record_ids)), None)
                if other is not None:
                    taken.add(other.pk)
                    result[position] = (row, other)
        return result

    def _ids(self, row: Row) -> list[int]:
        return [self.record_ids[member] for member in row.members if member in self.record_ids]

    # --- updating --------------------------------------------------------------------------------------------

    def _update(self, pairs: Sequence[tuple[Row, ImportedRow]]) -> dict[int, int]:
        """Brings existing rows up to date. Returns the target of every row by the row's identity."""
        targets = {id(row): found.target_id for row, found in pairs}
        changed: dict[str, list[tuple[Row, ImportedRow, dict[str, Any]]]] = defaultdict(list)
        for row, found in pairs:
            values = fitted(TABLES[row.table], row.values)
            differing = {n: v for n, v in values.items() if plain(v) != found.written.get(n) and n not in row.settled}
            if differing or found.record_ids != self._ids(row) or found.row_key != row.key:
                changed[row.table].append((row, found, differing))
        for table, group in changed.items():
            locked = TABLES[table].objects.select_for_update(of=("self",))
            rows = locked.in_bulk([found.target_id for _row, found, _new in group])
            group.sort(key=lambda item: bool(item[2].get("is_main")))
            for row, found, differing in group:
                target = rows.get(found.target_id)
                if target is None:
                    continue
                found.row_key, found.record_ids = row.key, self._ids(row)
                self.apply(target, found, differing, row.members[0] if row.members else "")
        return targets

    def apply(self, target: Any, found: ImportedRow, differing: dict[str, Any], member: str) -> bool:
        """Takes over what nobody edited here; puts the rest on the review list. True when the row changed."""
        if getattr(target, "error_at", None) is not None:
            if differing:
                self.warnings.append((member, "was marked as entered in error here; the source's change is left out"))
            return False
        take: dict[str, Any] = {}
        for name, theirs in differing.items():
            ours, wrote = plain(getattr(target, name)), found.written.get(name)
            if ours == plain(theirs):
                pass
            elif ours == wrote or name not in found.written:
                take[name] = theirs
            else:
                self._review(target, found, name, theirs)
        before = dict(found.written)
        if take:
            previous = {name: getattr(target, name) for name in take}
            for name, value in take.items():
                setattr(target, name, value)
            try:
                with transaction.atomic():
                    target.version += 1
                    target.save(update_fields=[*take, "version"])
            except DatabaseError as problem:
                for name, value in previous.items():
                    setattr(target, name, value)
                self.failures[member] = _reason(problem)
                return False
            self.touched[target._meta.object_name] += 1
        found.written = before | {name: plain(value) for name, value in differing.items()}
        found.save(update_fields=["written", "row_key", "record_ids"])
        return bool(take)

    def _review(self, target: Any, found: ImportedRow, name: str, theirs: Any) -> None:
        model = type(target)
        label = f"{model._meta.verbose_name} {target}: {model._meta.get_field(name).verbose_name}"
        ReviewItem.objects.update_or_create(
            imported_row=found,
            field=name,
            decision="open",
            defaults={
                "team_id": self.patient.team_id,
                "patient": self.patient,
                "run": self.run,
                "label": label[:160],
                "ours": shown_value(model, name, getattr(target, name)),
                "theirs": shown_value(model, name, theirs),
                "theirs_value": plain(theirs),
                "created_at": self.now,
            },
        )

    def _withdrawn(self, gone: Sequence[ImportedRow]) -> None:
        """The source took a row back. Nothing is removed here: a person decides."""
        for found in gone:
            model = TABLES[_proper(found.table)]
            target = model.objects.filter(pk=found.target_id).first()
            if target is None or getattr(target, "error_at", None) is not None:
                continue
            if ReviewItem.objects.filter(imported_row=found, field="").exists():
                continue
            ReviewItem.objects.create(
                team_id=self.patient.team_id,
                patient=self.patient,
                run=self.run,
                imported_row=found,
                field="",
                label=f"{model._meta.verbose_name} {target}"[:160],
                ours="stands in the record",
                theirs="withdrawn by the source",
                created_at=self.now,
            )

    # --- inserting -------------------------------------------------------------------------------------------

    def _make_room_for_main(self, inserts: list[Row]) -> None:
        """Somebody here chose a main diagnosis: an imported one stands beside it."""
        if Diagnosis.objects.valid().filter(patient=self.patient, is_main=True).exists():
            for row in inserts:
                if row.table == "Diagnosis":
                    row.values["is_main"] = False

    def _numbered(self, doses: list[tuple[Row, int]]) -> list[tuple[Row, dict[str, Any]]]:
        """Doses with the next free numbers of their lines: numbers given once stay."""
        lines = {line for _row, line in doses}
        last = dict(
            Administration.objects.filter(line__in=lines).values_list("line").annotate(last=models.Max("number"))
        )
        numbered = []
        for row, line in doses:
            last[line] = last.get(line, 0) + 1
            numbered.append((row, {"line_id": line, "number": last[line]}))
        return numbered

    def _insert(self, pairs: Sequence[tuple[Row, dict[str, Any]]]) -> dict[int, int]:
        """New rows, in batches; when a batch is refused, one by one, so that one bad row stops only itself."""
        by_table: dict[str, list[tuple[Row, dict[str, Any]]]] = defaultdict(list)
        for row, extra in pairs:
            by_table[row.table].append((row, extra))
        targets: dict[int, int] = {}
        for table, group in by_table.items():
            for start in range(0, len(group), _BATCH):
                targets |= self._insert_batch(table, group[start : start + _BATCH])
        return targets

    def _insert_batch(self, table: str, group: list[tuple[Row, dict[str, Any]]]) -> dict[int, int]:
        try:
            with transaction.atomic():
                return self._create(table, group)
        except (DatabaseError, ValueError, OverflowError) as problem:
            if len(group) == 1:
                for member in group[0][0].members:
                    self.failures[member] = _reason(problem)
                return {}
        targets: dict[int, int] = {}
        for item in group:
            targets |= self._insert_batch(table, [item])
        return targets

    def _create(self, table: str, group: list[tuple[Row, dict[str, Any]]]) -> dict[int, int]:
        model = TABLES[table]
        shared: dict[str, Any] = {"patient": self.patient, "created_by": self.by, "source": SOURCE}
        if table == "ImagingStudy":
            shared["team_id"] = self.patient.team_id
        if table == "Wish":
            shared |= {"recorded_at": self.now, "recorded_by": self.by}
        values = [fitted(model, row.values) for row, _extra in group]
        made = model.objects.bulk_create(
            [model(**shared, **own, **extra) for own, (_row, extra) in zip(values, group, strict=True)]
        )
        ImportedRow.objects.bulk_create(
            [
                ImportedRow(
                    team_id=self.patient.team_id,
                    patient=self.patient,
                    table=table.lower(),
                    target_id=target.pk,
                    row_key=row.key,
                    record_ids=self._ids(row),
                    written={name: plain(value) for name, value in own.items()},
                )
                for target, own, (row, _extra) in zip(made, values, group, strict=True)
            ]
        )
        self.touched[table] += len(made)
        return {id(row): target.pk for target, (row, _extra) in zip(made, group, strict=True)}


def _proper(table: str) -> str:
    return next(name for name in TABLES if name.lower() == table)


def _reason(problem: Exception) -> str:
    first = str(problem).strip().partition("\n")[0]
    return f"could not be stored: {first[:200]}"
