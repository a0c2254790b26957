"""Saved views of the worklist: coded filters under a name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from patients.imaging import policies
from patients.imaging.models import SavedView

if TYPE_CHECKING:
    from careteam.people.models import Team, User


def _audit(verb: str, view: SavedView, *, by: User, now: datetime, **details: Any) -> None:
    record(f"imaging.{verb}", by=by, now=now, subject=view, team_id=view.team_id, details=details)


def _lock(view: SavedView, by: User) -> SavedView:
    locked = SavedView.objects.select_for_update().get(pk=view.pk)
    insist(policies.why_not_change_view(locked, by))
    return locked


def _taken(owner: User, team_id: int, name: str, *, but: int | None = None) -> bool:
    rows = SavedView.objects.kept().filter(owner=owner, team_id=team_id, name=name.strip()[:60])
    return (rows.exclude(pk=but) if but is not None else rows).exists()


def _no_other_default(owner_id: int) -> None:
    for other in SavedView.objects.select_for_update().kept().filter(owner_id=owner_id, is_default=True):
        other.is_default = False
        other.save(update_fields=["is_default"])


@transaction.atomic
def save_view(
    team: Team,
    *,
    name: str,
    query: Mapping[str, str],
    is_default: bool = False,
    is_shared: bool = False,
    by: User,
    now: datetime,
) -> SavedView:
    """Keeps filters under a name. `query` is coded (`forms.coded` has dropped what the page does not know)."""
    taken = _taken(by, team.pk, name)
    insist(policies.why_not_save_view(by, team.pk, name=name, shared=is_shared, taken=taken))
    if is_default:
        _no_other_default(by.pk)
    view = SavedView.objects.create(
        team=team,
        owner=by,
        name=name.strip()[:60],
        query=dict(query),
        is_default=is_default,
        is_shared=is_shared,
        created_at=now,
    )
    _audit("save_view", view, by=by, now=now, query=view.query)
    return view


@transaction.atomic
def change_view(view: SavedView, *, name: str, is_default: bool, is_shared: bool, by: User, now: datetime) -> SavedView:
    """Renames, shares, makes it the one the worklist opens with."""
    view = _lock(view, by)
    taken = _taken(by, view.team_id, name, but=view.pk)
    insist(
        policies.why_not_save_view(by, view.team_id, name=name, shared=is_shared and not view.is_shared, taken=taken)
    )
    if is_default and not view.is_default:
        _no_other_default(by.pk)
    view.name, view.is_default, view.is_shared = name.strip()[:60], is_default, is_shared
    view.save(update_fields=["name", "is_default", "is_shared"])
    _audit("change_view", view, by=by, now=now, is_default=is_default, is_shared=is_shared)
    return view


@transaction.atomic
def adopt_view(view: SavedView, *, by: User, now: datetime) -> SavedView:
    """Opens one's worklist with these filters. A colleague's view is kept as one's own: it stays when they remove
    theirs. Returns one's own view; twice changes nothing."""
    mine = SavedView.objects.kept().filter(owner=by, team_id=view.team_id)
    own = view if view.owner_id == by.pk else mine.filter(query=view.query).order_by("pk").first()
    if own is not None:
        return change_view(own, name=own.name, is_default=True, is_shared=own.is_shared, by=by, now=now)
    insist([] if view.is_shared and view.removed_at is None else ["Nobody shares this view any more."])
    names = [view.name, *(f"{view.name[:50]} {number}" for number in range(2, 100))]
    name = next(name for name in names if not _taken(by, view.team_id, name))
    return save_view(view.team, name=name, query=view.query, is_default=True, by=by, now=now)


@transaction.atomic
def remove_view(view: SavedView, *, by: User, now: datetime) -> SavedView:
    """Takes it from every list; `restore_view` brings it back. Twice changes nothing."""
    view = _lock(view, by)
    if view.removed_at is None:
        view.removed_at = now
        view.save(update_fields=["removed_at"])
        _audit("remove_view", view, by=by, now=now)
    return view


@transaction.atomic
def restore_view(view: SavedView, *, by: User, now: datetime) -> SavedView:
    """Undo of `remove_view`. Raises `ValidationError` when the name was given to another view meanwhile."""
    view = _lock(view, by)
    if view.removed_at is not None:
        taken = _taken(by, view.team_id, view.name, but=view.pk)
        insist(policies.why_not_save_view(by, view.team_id, name=view.name, shared=False, taken=taken))
        if view.is_default:
            _no_other_default(by.pk)
        view.removed_at = None
        view.save(update_fields=["removed_at"])
        _audit("restore_view", view, by=by, now=now)
    return view
