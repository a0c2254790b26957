"""The rows that were picked on the worklist for one act on all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from patients.imaging.models import ImagingStudy

if TYPE_CHECKING:
    from careteam.people.models import User

LIMIT = 100  # studies per act
_PICK = re.compile(r"(\d{1,18})-(\d{1,9})")


@dataclass(frozen=True)
class Pick:
    """A study as it stood on the list that the person saw."""

    study: ImagingStudy
    version: int


def picked(values: Iterable[str], user: User) -> list[Pick]:
    """The studies of `<id>-<version>` that this person may see, in the order of the list. What is not theirs is not
    there; at most one more than `LIMIT`, so that the caller can refuse too many."""
    versions: dict[int, int] = {}
    for value in values:
        found = _PICK.fullmatch(value)
        if found is not None:
            versions.setdefault(int(found[1]), int(found[2]))
    rows = ImagingStudy.objects.valid().visible_to(user).filter(pk__in=list(versions)[: LIMIT + 1])
    studies = {study.pk: study for study in rows.select_related("patient__team", "plan", "owner")}
    return [Pick(studies[pk], version) for pk, version in versions.items() if pk in studies]


def why_not_these(picks: list[Pick]) -> str:
    """Why no act can begin with these; empty: it can."""
    if not picks:
        return "Select at least one study of yours first."
    return f"Select at most {LIMIT} studies at a time." if len(picks) > LIMIT else ""
