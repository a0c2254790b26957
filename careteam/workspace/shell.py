"""What every page carries: navigation with counts, notices, the person's view settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Func, IntegerField, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from careteam.access.gate import SignedInRequest, signed_in
from careteam.access.queries import Access, access_of
from careteam.events.models import Heartbeat
from careteam.notifications.models import InboxItem
from careteam.people.models import User
from careteam.people.rules import Permission, Theme
from careteam.web.responses import toast
from patients.goals.models import GoalsPrompt
from patients.goals.rules import PromptStatus
from patients.imaging.models import ImagingStudy
from patients.record.models import in_care

if TYPE_CHECKING:
    from datetime import date

STALE_AFTER_SECONDS = 10 * 60  # the sweep ticks every minute; ten without one is a fault worth a banner
JOBS = ("sweep", "mail", "beat", "reconciler")
NIGHTLY = {"reconciler": timedelta(hours=36)}  # jobs of the night: how long without one is a fault
COUNT_CAP = 99
WORKSPACE_PAGES = frozenset({"", "coming", "clinic", "safety"})  # what the first entry of the rail stands for


@dataclass(frozen=True)
class NavItem:
    key: str
    label: str
    url: str
    icon: str
    count: str = ""
    current: bool = False


@dataclass(frozen=True)
class Notice:
    text: str
    strong: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Shell:
    user_name: str = ""
    role_label: str = ""
    team_name: str = ""
    nav: tuple[NavItem, ...] = ()
    notices: tuple[Notice, ...] = ()
    theme: str = ""
    view: str = ""
    shortcuts_on: bool = False
    search_url: str = ""
    is_demo: bool = False
    sign_out_url: str = ""
    preferences_url: str = ""
    team_url: str = ""
    mail_url: str = ""
    calendars_url: str = ""
    password_url: str = ""
    second_factor_url: str = ""


def _capped(count: int) -> str:
    if not count:
        return ""
    return f"{COUNT_CAP}+" if count > COUNT_CAP else str(count)


@dataclass(frozen=True)
class _Pulse:
    """What the frame asks the database: open work behind the rail's entries, when each recurring job came through."""

    counts: dict[str, str]
    beats: dict[str, datetime]
    stuck: dict[str, Any]


def _pulse(user: User, access: Access, today: date) -> _Pulse:
    """Counted up to 99, three short index scans in one query."""
    teams = access.team_ids
    top = COUNT_CAP + 1
    studies = ImagingStudy.objects.valid().filter(in_care(), team_id__in=teams).due(today)
    prompts = GoalsPrompt.objects.filter(in_care(), patient__team_id__in=teams, status=PromptStatus.OPEN)
    inbox = InboxItem.objects.open().filter(recipient=user)
    asked = {"inbox": inbox} | ({"imaging": studies, "goals": prompts} if teams else {})
    found = User.objects.values_list(
        *(_Length(ArraySubquery(rows.order_by().values("pk")[:top])) for rows in asked.values()),
        *(Subquery(Heartbeat.objects.filter(name=name).values("at")[:1]) for name in JOBS),
        Subquery(Heartbeat.objects.filter(name="sweep").values("details__stuck")[:1]),
    ).get(pk=user.pk)
    counts, ats, stuck = found[: len(asked)], found[len(asked) : -1], found[-1]
    beats = {name: at for name, at in zip(JOBS, ats, strict=True) if at is not None}
    return _Pulse(dict(zip(asked, map(_capped, counts), strict=True)), beats, stuck or {})


class _Length(Func):
    """How many elements an array has."""

    function = "CARDINALITY"
    output_field = IntegerField()


def _nav(request: HttpRequest, access: Access, counts: dict[str, str]) -> tuple[NavItem, ...]:
    sees_patients = access.may(Permission.PATIENT_VIEW)
    entries = [("workspace", "Workspace", reverse("home"))]
    if sees_patients:
        entries += [
            ("patients", "Patients", reverse("patients")),
            ("imaging", "Imaging", reverse("imaging-worklist")),
            ("goals", "Goals", reverse("goals")),
            ("boards", "Boards", reverse("boards")),
        ]
    entries.append(("inbox", "Inbox", reverse("inbox")))
    if access.may(Permission.REPORT_VIEW) or access.may(Permission.AUDIT_VIEW):
        entries.append(("reports", "Reports", reverse("reports")))
    here = request.path.split("/")[1]
    is_workspace = here in WORKSPACE_PAGES
    return tuple(
        NavItem(
            key,
            label,
            url,
            key,
            counts.get(key, ""),
            current=is_workspace if key == "workspace" else here == url.split("/")[1],
        )
        for key, label, url in entries
    )


def stale_jobs(beats: Mapping[str, datetime], now: datetime) -> list[str]:
    """Recurring jobs that did not come through for ten minutes (of those of the night: 36 hours), or never did. A
    heartbeat of the future is that of a clock that was wrong, and tells nothing."""
    grace = timedelta(seconds=STALE_AFTER_SECONDS)

    def is_fresh(name: str) -> bool:
        if name not in beats:
            return name in NIGHTLY  # counted from the installation, whose heartbeat a migration leaves
        return now - NIGHTLY.get(name, grace) <= beats[name] <= now + grace

    return [name for name in JOBS if not is_fresh(name)]


@dataclass(frozen=True)
class Stuck:
    """A team whose sweep fails since then; `studies`: only these cannot be reminded of."""

    team_id: int
    since: datetime
    studies: tuple[int, ...]


def stuck_teams(stuck: Mapping[str, Any], team_ids: Iterable[int] | None, now: datetime) -> list[Stuck]:
    """Teams (all when None) whose reminders stand still for ten minutes or more, as the sweep's heartbeat tells it."""
    rows = [
        Stuck(int(team), datetime.fromisoformat(row["since"]), tuple(row["studies"])) for team, row in stuck.items()
    ]
    mine = None if team_ids is None else set(team_ids)
    oldest = now - timedelta(seconds=STALE_AFTER_SECONDS)
    return [row for row in rows if row.since <= oldest and (mine is None or row.team_id in mine)]


def _stuck_notices(stuck: Mapping[str, Any], access: Access) -> list[Notice]:
    notices = []
    names = {team.pk: team.name for team in access.teams}
    for row in stuck_teams(stuck, access.team_ids, timezone.now()):
        since = moment_of(row.since, access)
        if row.studies:
            text = f"since {since}, {names[row.team_id]}. Reports, Reminders and e-mail, names them; tell the operator."
            notices.append(Notice(text, "Some scans are not reminded of", "red"))
        else:
            text = f"since {since}, {names[row.team_id]}. Work from the lists, and tell the operator."
            notices.append(Notice(text, "Reminders stopped", "red"))
    return notices


def _stopped(beats: Mapping[str, datetime], access: Access) -> list[Notice]:
    """What everybody is told when reminders or mails stand still. A clock that stopped while somebody else rings (the
    operator's watchdog) is a fault too, but nobody misses anything."""
    stale = stale_jobs(beats, timezone.now())
    since = {name: moment_of(at, access) for name, at in beats.items()}
    if "sweep" in stale:
        when = f"since {since['sweep']}" if "sweep" in since else "they never ran"
        return [Notice(f"{when}. Work from the lists, and tell the operator.", "Reminders stopped", "red")]
    notices = []
    if "mail" in stale and "mail" in since:
        notices.append(
            Notice(f"since {since['mail']}. Look into the inbox, and tell the operator.", "E-mails stopped", "red")
        )
    if "beat" in stale and "beat" in since:
        notices.append(
            Notice(f"since {since['beat']}; the watchdog rings instead. Tell the operator.", "Clock stopped", "amb")
        )
    if "reconciler" in stale:
        text = f"last on {since['reconciler']}. Look into the safety net yourself, and tell the operator."
        notices.append(Notice(text, "The nightly check is missing", "amb"))
    return notices


def moment_of(at: datetime, access: Access) -> str:
    """A moment where the person's team is."""
    zone = ZoneInfo(access.home.time_zone) if access.home else UTC
    return f"{at.astimezone(zone):%-d %b, %H:%M}"


def _notices(access: Access, pulse: _Pulse) -> tuple[Notice, ...]:
    notices = []
    if any(team.is_demo for team in access.teams):
        notices.append(Notice("Every person here is invented.", "Demo data."))
    if access.emergency_patient_ids:
        notices.append(Notice("The owning team is told what you open.", "Emergency access in force.", "amb"))
    return (*notices, *_stopped(pulse.beats, access), *_stuck_notices(pulse.stuck, access))


def _build(request: HttpRequest) -> Shell:
    user = getattr(request, "user", None)
    asked = request.GET.get("view", request.session.get("view", "") if hasattr(request, "session") else "")
    view = "projector" if asked == "projector" else ""
    if not isinstance(user, User):
        return Shell(view=view)
    access = access_of(user)
    home = access.home
    today = home.local_date(timezone.now()) if home else timezone.now().date()
    pulse = _pulse(user, access, today)
    return Shell(
        user_name=str(user),
        role_label=access.role_label,
        team_name=home.name if home else "No team",
        nav=_nav(request, access, pulse.counts),
        notices=_notices(access, pulse),
        theme=user.theme,
        view=view,
        shortcuts_on=user.shortcuts_on,
        search_url=reverse("search"),
        is_demo=bool(home and home.is_demo),
        sign_out_url=reverse("account_logout"),
        preferences_url=reverse("preferences"),
        team_url=reverse("team"),
        mail_url=reverse("mail-preferences"),
        calendars_url=reverse("calendar-links"),
        password_url=reverse("account_change_password"),
        second_factor_url=reverse("mfa_index"),
    )


def shell(request: HttpRequest) -> dict[str, object]:
    """Context processor; computed only when a template asks (a fragment does not pay for it)."""
    return {"shell": SimpleLazyObject(lambda: _build(request)), "decision_support": settings.DECISION_SUPPORT_ENABLED}


@require_POST
@signed_in("how the pages look is each person's own choice")
def preferences(request: SignedInRequest) -> HttpResponse:
    """Theme and single-key shortcuts. POST only; unknown values are ignored."""
    user = request.user
    changed = []
    if request.POST.get("theme") in Theme.values:
        user.theme = request.POST["theme"]
        changed.append("theme")
    if request.POST.get("shortcuts") in {"on", "off"}:
        user.shortcuts_on = request.POST["shortcuts"] == "on"
        changed.append("shortcuts_on")
    if request.POST.get("view") in {"", "projector"}:
        request.session["view"] = request.POST["view"]
    if changed:
        user.save(update_fields=changed)
        toast(request, "Saved")
    back = request.POST.get("next", "/")
    # a browser takes “/\host” for “//host”: Django knows all the spellings
    ours = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return redirect(back if ours else "/")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001  # Django's signature
    return render(
        request,
        "403.html",
        {"reason": "This page was open too long. Go back, reload it and send again; what you typed is still there."},
        status=403,
    )
