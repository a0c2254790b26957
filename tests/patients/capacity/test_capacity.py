"""Places for scans: what is booked of them, where one is free, who sets them up."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from careteam.people.models import Team, User
from careteam.people.rules import Role
from patients.capacity.commands import set_capacity
from patients.capacity.models import ImagingCapacity
from patients.capacity.queries import free_days_of, loads
from patients.capacity.rules import Pattern, days_of, loads_on, week_words
from patients.imaging.models import ImagingStudy
from tests import factories

MONDAY = date(2026, 12, 7)
BERLIN = ZoneInfo("Europe/Berlin")
WEEK = (2, 2, 2, 2, 1, 0, 0)
FORM = {f"day_{n}": number for n, number in enumerate(WEEK)}


def pattern(place: str = "Radiology", slots: tuple[int, ...] = WEEK, since: date = date(2026, 1, 1)) -> Pattern:
    return Pattern("mri", "MRI", place, slots, since)


@pytest.mark.parametrize(
    ("booked", "words", "kind"),
    [
        (0, "MRI 0 of 2", "grn"),
        (1, "MRI 1 of 2", "grn"),
        (2, "MRI 2 of 2, full", "amb"),
        (3, "MRI 3 of 2, overbooked", "red"),
    ],
)
def test_a_day_says_in_words_and_shape_how_full_it_is(booked: int, words: str, kind: str) -> None:
    (load,) = loads_on(MONDAY, [pattern()], {("mri", "radiology "): booked}, is_holiday=False)
    assert (load.words, load.kind) == (words, kind)


def test_a_holiday_has_no_places_and_names_what_is_booked_on_it() -> None:
    assert loads_on(MONDAY, [pattern()], {}, is_holiday=True) == []
    (load,) = loads_on(MONDAY, [pattern()], {("mri", ""): 1}, is_holiday=True)
    assert (load.words, load.kind) == ("MRI 1 of 0, no places on this day", "red")


def test_two_places_are_told_apart_and_a_third_is_named() -> None:
    booked = {("mri", "Radiology"): 1, ("mri", "radiology  2"): 2, ("mri", "Elsewhere"): 1, ("ct", "Radiology"): 9}
    found = loads_on(MONDAY, [pattern(), pattern("Radiology 2")], booked, is_holiday=False)
    assert [load.words for load in found] == [
        "MRI Radiology 1 of 2",
        "MRI Radiology 2 2 of 2, full",
        "MRI elsewhere 1 of 0, overbooked",
    ]


def test_the_row_that_began_last_counts() -> None:
    later = pattern(slots=(9, 9, 9, 9, 9, 0, 0), since=MONDAY)
    assert loads_on(MONDAY - timedelta(7), [later, pattern()], {}, is_holiday=False)[0].slots == 2
    assert loads_on(MONDAY, [later, pattern()], {}, is_holiday=False)[0].slots == 9


@pytest.mark.parametrize(
    ("slots", "words"),
    [
        ((3, 3, 3, 3, 2, 0, 0), "Mon–Thu 3, Fri 2"),
        ((0, 1, 0, 1, 0, 0, 0), "Tue 1, Thu 1"),
        ((4,) * 7, "Mon–Sun 4"),
        ((0,) * 7, "none"),
    ],
)
def test_a_week_is_said_in_spans_of_days(slots: tuple[int, ...], words: str) -> None:
    assert week_words(slots) == words


@pytest.mark.django_db
class TestBooked:
    @pytest.fixture
    def team(self) -> Team:
        return factories.team()

    @pytest.fixture
    def nurse(self, team: Team) -> User:
        return factories.person(team, Role.NURSE_COORDINATOR)

    @pytest.fixture
    def places(self, team: Team, nurse: User, now: datetime) -> ImagingCapacity:
        since = date(2026, 1, 1)
        return set_capacity(team, modality="mri", place="Radiology", slots=WEEK, valid_from=since, by=nurse, now=now)

    def slot(self, team: Team, at: datetime, **fields: object) -> ImagingStudy:
        values: dict[str, object] = {"modality": "mri", "status": "scheduled", "place": "Radiology"}
        return factories.study(factories.patient(team), scheduled_for=at, **(values | fields))

    def test_slots_count_on_the_teams_day_and_only_while_booked(self, team: Team, places: ImagingCapacity) -> None:
        self.slot(team, datetime(2026, 12, 7, 22, 30, tzinfo=UTC))  # Monday 23:30 in Berlin
        self.slot(team, datetime(2026, 12, 7, 23, 30, tzinfo=UTC))  # Tuesday
        self.slot(team, datetime(2026, 12, 8, 9, tzinfo=UTC), status="ordered")
        self.slot(team, datetime(2026, 12, 8, 9, tzinfo=UTC), modality="ct")
        self.slot(factories.team(), datetime(2026, 12, 8, 9, tzinfo=UTC))
        with CaptureQueriesContext(connection) as queries:
            found = loads([team.pk], days_of(MONDAY, 7), zone=BERLIN, country="DE")
        assert [[load.words for load in found[on]] for on in days_of(MONDAY, 3)] == [
            ["MRI 1 of 2"],
            ["MRI 1 of 2"],
            ["MRI 0 of 2"],
        ]
        assert len(queries) == 2
        assert loads([factories.team().pk], days_of(MONDAY, 7), zone=BERLIN, country="DE") == {}

    def test_the_booking_form_offers_the_next_days_with_a_free_place(
        self, team: Team, nurse: User, places: ImagingCapacity, client: Client, now: datetime
    ) -> None:
        study = factories.study(factories.patient(team), modality="mri", due_on=date(2026, 11, 20))
        for hour in (9, 10):
            self.slot(team, datetime(2026, 11, 24, hour, tzinfo=UTC))
        self.slot(team, datetime(2026, 11, 25, 9, tzinfo=UTC))
        free = free_days_of([study], now=now).of(study)  # Monday, 23 November
        assert [(load.on.day, load.free) for load in free] == [(25, 1), (26, 2), (27, 1), (30, 2), (1, 2), (2, 2)]
        client.force_login(nurse)
        url = reverse("free-places", args=[study.pk])
        assert url in client.get(reverse("study-schedule", args=[study.pk])).content.decode()
        part = client.get(url, headers={"HX-Request": "true", "HX-Request-Type": "partial"})
        assert ("Next free places" in part.content.decode(), "<html" in part.content.decode()) == (True, False)
        ct = factories.study(study.patient, modality="ct")
        answer = client.get(reverse("free-places", args=[ct.pk])).content.decode()
        assert "Nobody has said how many of these scans can be booked" in answer

    def test_many_are_put_on_free_days_of_which_none_is_given_twice_and_nothing_is_booked(
        self, team: Team, nurse: User, places: ImagingCapacity, client: Client, now: datetime
    ) -> None:
        for hour in (9, 10):
            self.slot(team, datetime(2026, 11, 24, hour, tzinfo=UTC))
        self.slot(team, datetime(2026, 11, 25, 9, tzinfo=UTC))
        due = [
            factories.study(factories.patient(team), modality="mri", due_on=date(2026, 11, 20 + n)) for n in (2, 0, 1)
        ]
        ct = factories.study(factories.patient(team), modality="ct")
        client.force_login(nurse)
        url, ids = reverse("bulk-schedule"), [f"{study.pk}-{study.version}" for study in (*due, ct)]
        third, first, second = (study.pk for study in due)
        typed = {"ids": ids, f"{second}-at": "2026-11-25T14:10", f"{ct.pk}-at": "soon", f"{ct.pk}-place": "Site C"}

        def shown(fill: str) -> dict[int, tuple[object, object]]:
            page = client.post(url, typed | {"fill": fill})
            assert page.status_code == 200
            return {row.pick.study.pk: tuple(row.form.initial.values()) for row in page.context["rows"]}

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("django.utils.timezone.now", lambda: now)  # Monday, 23 November
            opened = client.get(url, {"ids": ids})
            filled, one = shown("all"), shown(f"{third}:1")
        # The 25th has one place left, which somebody typed already.
        assert {pk: filled[pk][0] for pk in (first, second, third)} == {
            first: datetime(2026, 11, 26, 9),
            second: "2026-11-25T14:10",
            third: datetime(2026, 11, 26, 9),
        }
        assert (filled[first][1], filled[ct.pk]) == ("Radiology", ("soon", "Site C"))
        assert (one[third][0], one[first]) == (datetime(2026, 11, 27, 9), ("", ""))
        html = opened.content.decode()
        assert ("To ask or settle:" in html, "Nobody has said how many of these scans" in html) == (True, True)
        assert set(ImagingStudy.objects.filter(pk__in=[study.pk for study in due]).values_list("status")) == {
            ("planned",)
        }

    def test_places_are_set_up_by_coordinator_and_lead_and_not_overwritten_unseen(
        self, team: Team, nurse: User, client: Client, now: datetime
    ) -> None:
        client.force_login(nurse)
        form = {"modality": "mri", "place": "Radiology  2", "valid_from": "2026-11-23", **FORM}
        assert client.post(reverse("capacity-new"), {**form, "day_0": "-1"}).status_code == 422
        assert client.post(reverse("capacity-new"), {**form, "valid_until": "2026-11-01"}).status_code == 422
        assert client.post(reverse("capacity-new"), form).status_code == 303
        row = ImagingCapacity.objects.get()
        assert (row.place, tuple(row.slots)) == ("Radiology 2", WEEK)
        assert client.post(reverse("capacity-new"), form).status_code == 422  # begins on that day already
        change = reverse("capacity-change", args=[row.pk])
        assert client.post(change, {**form, "day_0": "5", "version": 1}).status_code == 303
        stale = client.post(change, {**form, "day_0": "7", "version": 1})
        assert (stale.status_code, ImagingCapacity.objects.get().slots[0]) == (409, 5)
        client.force_login(factories.person(team, Role.DIETITIAN))
        assert client.get(change).status_code == 403
        client.force_login(factories.person(factories.team(), Role.NURSE_COORDINATOR))
        assert client.get(change).status_code == 404

    def test_the_coming_weeks_show_what_is_booked_of_each_day(
        self, team: Team, nurse: User, places: ImagingCapacity, client: Client
    ) -> None:
        for hour in (9, 10, 11):
            self.slot(team, datetime(2026, 12, 8, hour, tzinfo=UTC))
        factories.site(team, per_day=2)
        client.force_login(nurse)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("django.utils.timezone.now", lambda: datetime(2026, 12, 7, 9, tzinfo=UTC))
            week = client.get(reverse("coming") + "?weeks=1").content.decode()
            by_day = client.get(reverse("coming") + "?weeks=1&view=list").content.decode()
            narrowed = client.get(reverse("coming") + "?weeks=1&owner=nobody").content.decode()
        assert ("MRI 3 of 2, overbooked" in week, "MRI 0 of 2" in week, "PRRT 0 of 2" in week) == (True, True, True)
        assert "MRI 3 of 2, overbooked" in by_day
        assert ("MRI 3 of 2, overbooked" in narrowed, "PRRT 0 of 2" in narrowed) == (True, False)
