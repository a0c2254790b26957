"""No sequence of events and answers leaves a prompt in two states at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from careteam.people.models import User
from careteam.people.rules import Role
from patients.goals import commands
from patients.goals.commands import Chosen
from patients.goals.consumers import ask_where_needed
from patients.goals.models import GoalsConversation, GoalsPrompt
from patients.goals.rules import LIVE_PROMPTS, CloseReason, FoundReason, PromptReason, StepChoice, SurpriseAnswer, Voice
from patients.record.commands import change_enrollment, record_death
from patients.record.models import NextStep, Patient
from patients.record.rules import EnrollmentStatus
from tests.effort import EFFORT
from tests.factories import line, patient, person, team
from tests.factories.goals import conversation

pytestmark = pytest.mark.django_db
STEPS = (
    "progression",
    "admission",
    "surprise_no",
    "surprise_yes",
    "wish_patient",
    "wish_family",
    "defer",
    "decline",
    "plan",
    "close",
    "sign",
    "retract",
    "step_documented",
    "step_planned",
    "step_not_now",
    "decision",
    "decision_taken_back",
    "leave",
    "return",
    "merge",
    "review",
    "die",
)


class Story:
    """One person's story; each step is what a command would be given, refused or not."""

    def __init__(self, now: datetime) -> None:
        self.now, self.count = now, 0
        self.team = team()
        self.doctor: User = person(self.team, Role.ONCOLOGIST)
        self.palliative: User = person(self.team, Role.PALLIATIVE)
        self.patient: Patient = patient(self.team)
        self.line = line(self.patient, "prrt", agent="177Lu-dotatate", status="planned", started_on=None)
        self.quiet_until: date | None = None

    @property
    def today(self) -> date:
        return self.team.local_date(self.now)

    def live(self) -> GoalsPrompt | None:
        return GoalsPrompt.objects.filter(patient=self.patient, status__in=LIVE_PROMPTS).first()

    def do(self, what: str, days: int) -> None:
        """The step, `days` after the one before."""
        self.now += timedelta(days=days)
        self.count += 1
        self.patient.refresh_from_db()
        try:
            with transaction.atomic():
                getattr(self, what)()
        except ValidationError:
            pass  # refused in words; nothing may have changed

    def _raise(self, reason: PromptReason) -> None:
        found = FoundReason(reason, self.today, f"{reason}:{self.count}")
        commands.raise_prompts({self.patient.pk: [found]}, now=self.now)

    def progression(self) -> None:
        self._raise(PromptReason.PROGRESSION)

    def admission(self) -> None:
        self._raise(PromptReason.ADMISSION)

    def decision(self) -> None:
        found = FoundReason(PromptReason.DECISION, self.today, "decision:1")
        commands.raise_prompts({self.patient.pk: [found]}, owner=self.palliative, now=self.now)

    def decision_taken_back(self) -> None:
        commands.drop_reason(self.patient.pk, PromptReason.DECISION, "decision:1", now=self.now)

    def surprise_no(self) -> None:
        commands.answer_surprise(self.patient, SurpriseAnswer.NO, by=self.doctor, now=self.now)

    def surprise_yes(self) -> None:
        commands.answer_surprise(self.patient, SurpriseAnswer.YES, by=self.doctor, now=self.now)

    def _wish(self, voice: Voice) -> None:
        commands.note_wish(
            self.patient, voice=voice, words="Let us talk.", said_on=self.today, by=self.doctor, now=self.now
        )

    def wish_patient(self) -> None:
        self._wish(Voice.PATIENT)
        self.quiet_until = None

    def wish_family(self) -> None:
        self._wish(Voice.FAMILY)

    def defer(self) -> None:
        if (prompt := self.live()) is not None:
            until = self.today + timedelta(days=10)
            commands.defer(prompt, reason=CloseReason.TOO_ILL, until=until, by=self.doctor, now=self.now)

    def decline(self) -> None:
        until = self.today + timedelta(days=90)
        commands.decline(self.patient, until=until, by=self.doctor, now=self.now)
        self.quiet_until = until

    def plan(self) -> None:
        on = self.today + timedelta(days=self.count % 5)
        commands.plan_conversation(self.patient, on=on, with_whom=self.palliative, by=self.doctor, now=self.now)

    def close(self) -> None:
        if (prompt := self.live()) is not None:
            commands.close_prompt(prompt, reason=CloseReason.ALREADY_DISCUSSED, by=self.doctor, now=self.now)
            self.quiet_until = None

    def sign(self) -> None:
        held = self.today.isoformat()
        conversation(self.patient, self.palliative, now=self.now, held_on=held, event="", event_on="")
        self.signed_while = self.quiet_until
        self.quiet_until = None

    def retract(self) -> None:
        talk = GoalsConversation.objects.filter(patient=self.patient, status="signed").first()
        if talk is not None:
            commands.retract(talk, reason="It belongs to another patient.", by=self.palliative, now=self.now)

    def _choose(self, chosen: Chosen) -> None:
        commands.choose_for_line(self.line, chosen, by=self.doctor, now=self.now)

    def step_documented(self) -> None:
        talk = GoalsConversation.objects.filter(patient=self.patient, status="signed").first()
        self._choose(Chosen(StepChoice.DOCUMENTED, conversation_id=talk.pk if talk else None))

    def step_planned(self) -> None:
        on = self.today + timedelta(days=4)
        self._choose(Chosen(StepChoice.PLANNED, on=on, with_whom=self.palliative))

    def step_not_now(self) -> None:
        on = self.today + timedelta(days=20)
        self._choose(Chosen(StepChoice.DEFERRED, reason=CloseReason.NO_PRIVACY, on=on))

    def _enroll(self, status: EnrollmentStatus) -> None:
        change_enrollment(self.patient, status, on=self.today, by=None, now=self.now, reason="Moved away")

    def leave(self) -> None:
        self._enroll(EnrollmentStatus.ON_HOLD)
        commands.close_prompts_for_good(self.patient.pk, reason=CloseReason.LEFT_CARE, note="", now=self.now)

    def return_(self) -> None:
        self._enroll(EnrollmentStatus.ACTIVE)
        ask_where_needed(self.patient.pk, now=self.now)

    def merge(self) -> None:
        """Another record of the same person, in which somebody asked too, is merged into this one."""
        other = patient(self.team)
        found = FoundReason(PromptReason.ECOG, self.today, f"ecog:{self.count}")
        commands.raise_prompts({other.pk: [found]}, now=self.now)
        Patient.objects.filter(pk=other.pk).update(merged_into=self.patient)
        other.refresh_from_db()
        commands.follow_merge(other, now=self.now)

    def review(self) -> None:
        commands.review_prompts(now=self.now)

    def die(self) -> None:
        record_death(self.patient, on=self.today, cause="", by=None, now=self.now)
        commands.close_prompts_for_good(self.patient.pk, reason=CloseReason.DECEASED, note="", now=self.now)

    def check(self, what: str) -> None:
        """What holds after every step."""
        self.patient.refresh_from_db()
        prompts = list(GoalsPrompt.objects.filter(patient__team=self.team))
        live = [prompt for prompt in prompts if prompt.status in LIVE_PROMPTS]
        assert len(live) <= 1, what
        assert all(prompt.patient_id == self.patient.pk for prompt in live), what
        if not self.patient.is_in_care:
            assert live == [], what
        for prompt in prompts:
            steps = NextStep.objects.filter(source_key=f"prompt:{prompt.pk}", closed_at=None).count()
            is_live = prompt.status in LIVE_PROMPTS
            assert (steps, prompt.answered_by_id is not None and is_live, prompt.closed_at is not None) == (
                int(is_live),
                False,
                not is_live,
            ), (what, prompt.status)
            assert prompt.reasons.exists(), what
        if self.quiet_until is not None and self.today < self.quiet_until:
            assert [prompt.status for prompt in live] in ([], ["declined"]), (what, self.quiet_until)


def _act(story: Story, what: str, days: int) -> None:
    act: Callable[..., Any] = story.do
    act("return_" if what == "return" else what, days)
    story.check(what)


@settings(max_examples=20 * EFFORT, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.sampled_from((0, 0, 1, 11, 91))), min_size=4, max_size=14))
@example(steps=[("progression", 0), ("decline", 0), ("leave", 1), ("return", 1), ("admission", 0), ("review", 91)])
@example(steps=[("progression", 0), ("decline", 0), ("plan", 1), ("wish_family", 1), ("wish_patient", 1), ("plan", 0)])
@example(steps=[("decision", 0), ("plan", 0), ("decision_taken_back", 1), ("decision", 1), ("sign", 0), ("retract", 1)])
@example(steps=[("progression", 0), ("decline", 0), ("merge", 1), ("merge", 1), ("close", 0), ("die", 1)])
def test_no_sequence_leaves_a_prompt_in_two_states(now: datetime, steps: list[tuple[str, int]]) -> None:
    with transaction.atomic():
        story = Story(now)
        for what, days in steps:
            _act(story, what, days)
        transaction.set_rollback(True)
