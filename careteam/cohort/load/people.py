"""Who in the team stands for the roles that histories name."""

from __future__ import annotations

from datetime import date

from careteam.cohort.histories.care import CENTERS, TRIALS
from careteam.cohort.histories.preparation import SITE, SITE_NAME
from careteam.cohort.histories.rows import Person, TeamRow
from careteam.people.models import Membership, Team
from careteam.people.rules import Role
from patients.capacity.models import ImagingCapacity
from patients.letters.models import LetterHead
from patients.record.models import ExternalCenter
from patients.treatment.models import TreatmentSite
from patients.trials.models import Trial

MOST_NAMED = 3  # the highest n of a Person is one less


def people_of(team: Team) -> dict[Person, int]:
    """User ids by `Person`, in the order people came; a role that nobody holds is stood in for by the team's first
    person. Raises `ValueError` for a team without anybody."""
    by_role: dict[str, list[int]] = {}
    for user_id, roles in Membership.objects.current().filter(team=team).order_by("pk").values_list("user_id", "roles"):
        for role in roles:
            by_role.setdefault(role, []).append(user_id)
    if not by_role:
        raise ValueError(f"Nobody works in {team.name}: give the team people first.")
    anybody = next(iter(by_role.values()))
    return {
        Person(str(role), n): by_role.get(role, anybody)[n % len(by_role.get(role, anybody))]
        for role in Role
        for n in range(MOST_NAMED)
    }


# Invented trials under invented numbers: NCT999999xx are not given out.
_TRIALS = (
    (
        "NCT99999901",
        "Lutetium and CAPTEM in pancreatic NET",
        "2",
        "open",
        "Ki-67 up to 20 %, SSTR positive",
    ),
    ("NCT99999902", "Alpha emitter after lutetium, GEP-NET", "1-2", "open", "At least 12 months after PRRT"),
    ("NCT99999903", "Oral octreotide against depot, carcinoid syndrome", "3", "open", "At most three flushes a day"),
    ("NCT99999904", "Immunotherapy in NEC, second line", "2", "closed", "After platinum and etoposide"),
)
_CENTERS = ("University Hospital Westend", "Practice Dr Halvorsen", "Radiology Center South")


def team_rows_of(team: Team, people: dict[Person, int]) -> dict[TeamRow, int]:
    """The trials and centers of the team by place; what is missing is made."""
    nurse = people[Person("trial_nurse")]
    if not Trial.objects.filter(team=team).exists():
        Trial.objects.bulk_create(
            Trial(
                team=team,
                nct_number=number,
                title=title,
                phase=phase,
                status=status,
                contact_id=nurse,
                criteria=criteria,
            )
            for number, title, phase, status, criteria in _TRIALS
        )
    if not ExternalCenter.objects.filter(team=team).exists():
        ExternalCenter.objects.bulk_create(ExternalCenter(team=team, name=name) for name in _CENTERS)
    trials = list(Trial.objects.filter(team=team).order_by("pk").values_list("pk", flat=True))
    centers = list(ExternalCenter.objects.filter(team=team).order_by("pk").values_list("pk", flat=True))
    found = {TeamRow("trial", n): trials[n % len(trials)] for n in range(TRIALS)}
    return found | {TeamRow("center", n): centers[n % len(centers)] for n in range(CENTERS)}


def site_of(team: Team) -> TreatmentSite:
    """Where the team gives radionuclide treatment; made when it has no site yet."""
    site: TreatmentSite | None = TreatmentSite.objects.filter(team=team, is_active=True).order_by("pk").first()
    return site or TreatmentSite.objects.create(
        team=team,
        name=SITE_NAME,
        labs_days=SITE.labs,
        go_days=SITE.go,
        order_days=SITE.order,
        room_days=SITE.room,
        nadir_days=list(SITE.nadirs),
        per_day=2,
        per_week=5,
    )


def letter_head_of(team: Team) -> LetterHead:
    """Who writes the team's letters; made when nobody has entered it yet. A number that rings nowhere."""
    head, _ = LetterHead.objects.get_or_create(
        team=team,
        defaults={
            "name": "University Clinic, Department of Medicine II",
            "address": "Hafenweg 1\n10119 Berlin",
            "phone": "+49 30 555 0140",
        },
    )
    return head


PLACES = {"mri": (2, 2, 2, 2, 1, 0, 0), "ct": (3, 3, 3, 3, 2, 0, 0), "sstr_pet": (0, 1, 0, 1, 0, 0, 0)}


def places_of(team: Team) -> None:
    """How many scans the team can book a day, where nobody has said it yet."""
    if not ImagingCapacity.objects.filter(team=team).exists():
        ImagingCapacity.objects.bulk_create(
            ImagingCapacity(
                team=team, modality=modality, place="Site A", slots=list(slots), valid_from=date(2020, 1, 1)
            )
            for modality, slots in PLACES.items()
        )
