"""Fills the arguments of any address with the id of a real row, of our team or of another one. An argument that
nobody knows fails loudly: a new address brings its sample."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.urls import reverse

from careteam.access.matrix import Address
from careteam.calendars.commands import make_feed
from careteam.calendars.rules import FeedKind
from careteam.people.models import Team
from careteam.people.rules import Role
from patients.capacity.models import ImagingCapacity
from patients.care.models import Drainage
from patients.fhir.models import ImportedRow, ImportRun, ReviewItem, SourceRecord
from patients.goals.models import GoalsConversation
from patients.guidance.models import GuidanceAnswer
from patients.imaging.models import ContactAttempt, Reminder, SavedView
from patients.letters.models import LetterRun, LetterSent, LetterText
from patients.palliative.models import BereavementTask, CareNote, PalliativeReferral
from patients.record.models import Encounter, NextStep, SymptomAssessment
from patients.response.models import Lesion, ResponseAssessment
from patients.treatment.models import Administration, AdverseEvent, PreparationStep
from patients.triage.models import SymptomCall
from patients.trials.models import TrialConsideration
from patients.wishes.models import DocumentFile, Wish, WishDocument
from tests import factories
from tumorboard.actions.models import Action
from tumorboard.ballots.models import Ballot, Proposal
from tumorboard.boards.models import Board
from tumorboard.decisions.models import Decision, Recommendation, Told
from tumorboard.letters.models import DecisionLetter
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.minutes.models import SignedMinutes
from tumorboard.opinions.models import Opinion
from tumorboard.readiness.models import Chase, Waiver
from tumorboard.referrals.models import Referral, ShownMaterial
from tumorboard.suggestions.models import AgendaSuggestion

NOW = factories.NOW
DAY = date(2026, 11, 20)


class World:
    """One team with one row of everything."""

    def __init__(self) -> None:
        self.team: Team = factories.team()
        self.person = factories.person(self.team, Role.SURGEON)
        self.patient = factories.patient(self.team)
        factories.diagnosis(self.patient)
        self.specimen = factories.specimen(self.patient)
        self.measurement = factories.measurement(self.patient)
        self.line = factories.line(self.patient)
        self.dose = Administration.objects.create(patient=self.patient, line=self.line, number=1, planned_on=DAY)
        self.visit = Encounter.objects.create(patient=self.patient, kind="visit", starts_at=NOW, status="booked")
        self.toxicity = AdverseEvent.objects.create(
            patient=self.patient, line=self.line, term="Nausea", grade=1, noticed_on=DAY
        )
        self.site = factories.site(self.team)
        self.step = PreparationStep.objects.create(
            patient=self.patient, dose=self.dose, site=self.site, kind="labs", due_on=DAY
        )
        self.next_step = NextStep.objects.create(
            patient=self.patient,
            team=self.team,
            kind="visit",
            source_key="own:sample",
            what="Call",
            owner=self.person,
            due_on=DAY,
            opened_at=NOW,
        )
        self.feed, _ = make_feed(FeedKind.PERSON, name="Mine", by=self.person, now=NOW)
        self.plan = factories.plan(self.patient)
        self.study = factories.study(self.patient, plan=self.plan)
        self.contact = ContactAttempt.objects.create(
            patient=self.patient, study=self.study, at=NOW, kind="phone", outcome="no_answer"
        )
        self.capacity = ImagingCapacity.objects.create(
            team=self.team, modality="mri", place="Radiology", slots=[1] * 7, valid_from=DAY
        )
        self.letter_run = LetterRun.objects.create(team=self.team, made_by=self.person, made_at=NOW, finished_at=NOW)
        self.letter = LetterSent.objects.create(
            patient=self.patient,
            study=self.study,
            kind="reminder",
            language="en",
            sender="Clinic",
            recipient="Street 1",
            subject="Please call",
            body="Please call us.",
            sent_at=NOW,
            sent_on=DAY,
            created_by=self.person,
            run=self.letter_run,
        )
        self.letter_text = LetterText.objects.create(
            team=self.team,
            kind="recall",
            language="tr",
            number=1,
            subject="x",
            body="x",
            written_by=self.person,
            written_at=NOW,
        )
        self.reminder = Reminder.objects.create(
            patient=self.patient,
            team=self.study.team,
            study=self.study,
            step="due",
            due_on=DAY,
            queue="nurse_coordinator",
            raised_at=NOW,
        )
        self.view = SavedView.objects.create(
            team=self.team, owner=self.person, name="Mine", query={"owner": "mine"}, created_at=NOW
        )
        self.conversation = GoalsConversation.objects.create(
            patient=self.patient, held_on=DAY, summary="Home first", signed_by=self.person, signed_at=NOW
        )
        self.wish = Wish.objects.create(
            patient=self.patient, kind="code_status", code="dnr", since=DAY, recorded_at=NOW, recorded_by=self.person
        )
        self.document = WishDocument.objects.create(patient=self.patient, kind="polst", code_status="full")
        self.file = DocumentFile.objects.create(
            patient=self.patient,
            document=self.document,
            stored=f"sample-{self.patient.pk}.pdf",
            name="polst.pdf",
            size=1,
            sha256="0" * 64,
            added_by=self.person,
            added_at=NOW,
        )
        self.palliative = PalliativeReferral.objects.create(
            patient=self.patient, question="Pain", requested_by=self.person, requested_at=NOW
        )
        self.note = CareNote.objects.create(
            patient=self.patient, discipline="dietitian", author=self.person, written_at=NOW, text="Eats little"
        )
        daughter = factories.contact(self.patient)
        self.bereavement = BereavementTask.objects.create(
            patient=self.patient, contact=daughter, kind="call", due_on=DAY
        )
        self.answer = GuidanceAnswer.objects.create(
            patient=self.patient,
            rule="R17",
            rule_version=1,
            fingerprint="0" * 64,
            answer="acknowledged",
            answered_by=self.person,
            answered_at=NOW,
        )
        self.measurement = factories.measurement(self.patient)
        self.symptoms = SymptomAssessment.objects.create(patient=self.patient, assessed_on=DAY, pain=8)
        self.board = Board.objects.create(
            team=self.team, name="NET board", rrule="FREQ=WEEKLY;BYDAY=TH", starts_on=DAY, local_time=time(14)
        )
        start = datetime(2026, 11, 26, 13, tzinfo=UTC)
        self.meeting = Meeting.objects.create(
            board=self.board, starts_at=start, ends_at=start + timedelta(hours=1), cutoff_at=start, occurrence_on=DAY
        )
        self.referral = Referral.objects.create(
            patient=self.patient,
            board=self.board,
            status="listed",
            question_kind="prrt",
            question="PRRT?",
            submitted_by=self.person,
            submitted_at=NOW,
        )
        self.waiver = Waiver.objects.create(
            patient=self.patient,
            referral=self.referral,
            item="consent",
            reason="Asked by phone",
            waived_by=self.person,
            waived_at=NOW,
        )
        self.chase = Chase.objects.create(
            patient=self.patient,
            referral=self.referral,
            text="CT from outside",
            is_wanted=True,
            owner_role="nurse_coordinator",
            due_on=DAY,
            opened_at=NOW,
        )
        self.shown = ShownMaterial.objects.create(patient=self.patient, referral=self.referral, study=self.study)
        self.item = AgendaItem.objects.create(
            patient=self.patient, meeting=self.meeting, referral=self.referral, position=10, listed_at=NOW
        )
        self.vote_meeting = Meeting.objects.create(
            board=self.board,
            kind="vote",
            status="running",
            starts_at=NOW,
            ends_at=NOW + timedelta(days=1),
            cutoff_at=NOW,
            occurrence_on=DAY,
            chair=self.person,
        )
        voted = AgendaItem.objects.create(
            patient=self.patient,
            meeting=self.vote_meeting,
            referral=self.referral,
            position=10,
            listed_at=NOW,
            status="deferred",
        )
        self.ballot = Ballot.objects.create(
            patient=self.patient,
            item=voted,
            why_urgent="Cord compression",
            opened_by=self.person,
            opened_at=NOW,
            closes_at=NOW + timedelta(days=1),
        )
        Proposal.objects.create(patient=self.patient, ballot=self.ballot, number=1, options=["prrt"], text="PRRT")
        self.decision = Decision.objects.create(
            patient=self.patient, item=self.item, text="PRRT", recorded_by=self.person, recorded_at=NOW
        )
        self.minutes = SignedMinutes.objects.create(
            meeting=self.meeting, number=1, content={"head": "", "cases": []}, signed_by=self.person, signed_at=NOW
        )
        self.opinion = Opinion.objects.create(
            patient=self.patient,
            team=factories.team(),
            question="Surgery?",
            asked_by=self.person,
            asked_at=NOW,
            until=NOW + timedelta(days=14),
        )
        self.recommendation = Recommendation.objects.create(patient=self.patient, decision=self.decision, option="prrt")
        self.action = Action.objects.create(
            patient=self.patient, decision=self.decision, what="Order labs", owner=self.person, due_on=DAY
        )
        self.told = Told.objects.create(
            patient=self.patient, decision=self.decision, whom="patient", how="visit", told_on=DAY, told_by=self.person
        )
        self.board_letter = DecisionLetter.objects.create(
            patient=self.patient,
            decision=self.decision,
            whom="patient",
            number=1,
            language="en",
            sender="Clinic",
            recipient="Street 1",
            subject="What the tumor board recommends",
            body="An operation.",
            written_at=NOW,
            written_on=DAY,
            created_by=self.person,
        )
        self.suggestion = AgendaSuggestion.objects.create(
            patient=self.patient,
            board=self.board,
            kind="study",
            source_key=f"study:{self.study.pk}",
            study=self.study,
            due_on=self.study.due_on,
            question="How does surveillance go on?",
            url=reverse("study-page", args=[self.study.pk]),
            raised_at=NOW,
        )
        self.call = SymptomCall.objects.create(
            patient=self.patient, called_at=NOW, signs=["pain"], urgency="task", wants_scan=True
        )
        self.trial = factories.trial(self.team)
        self.consideration = TrialConsideration.objects.create(
            patient=self.patient, trial=self.trial, considered_on=DAY, because="SSTR positive"
        )
        self.drainage = Drainage.objects.create(patient=self.patient, noted_on=DAY, volume_ml=4000)
        self.assessment = ResponseAssessment.objects.create(
            patient=self.patient, study=self.study, line=self.line, is_baseline=True, read_at=NOW, reader=self.person
        )
        self.lesion = Lesion.objects.create(
            patient=self.patient, found_in=self.assessment, role="target", number=1, organ="liver"
        )
        self.run = ImportRun.objects.create(team=self.team, namespace="test", created_at=NOW)
        self.source = SourceRecord.objects.create(
            team=self.team,
            patient=self.patient,
            namespace="test",
            resource_type="Specimen",
            key="x",
            content_hash="0" * 64,
            status="mapped",
            resource={},
            first_run=self.run,
            last_run=self.run,
        )
        self.imported = ImportedRow.objects.create(
            team=self.team,
            patient=self.patient,
            table="specimen",
            target_id=self.specimen.pk,
            row_key="x",
            record_ids=[self.source.pk],
            written={"site": "liver"},
        )
        self.review = ReviewItem.objects.create(
            team=self.team,
            patient=self.patient,
            run=self.run,
            imported_row=self.imported,
            field="site",
            label="Site",
            created_at=NOW,
        )


class Samples:
    def __init__(self) -> None:
        self.ours, self.theirs = World(), World()

    @property
    def team(self) -> Team:
        return self.ours.team

    @property
    def patient(self) -> Any:
        return self.ours.patient

    def url(self, address: Address, *, foreign: bool) -> str:
        world = self.theirs if foreign else self.ours
        return reverse(address.name, kwargs={name: self._value(address, name, world) for name in address.arguments})

    @staticmethod
    def _value(address: Address, name: str, world: World) -> Any:
        rows: dict[str, Any] = {
            "patient_id": world.patient,
            "person_id": world.person,
            "owner_id": world.person,
            "study_id": world.study,
            "contact_id": world.contact,
            "lesion_id": world.lesion,
            "capacity_id": world.capacity,
            "letter_id": world.letter,
            "board_letter_id": world.board_letter,
            "told_id": world.told,
            "letter_run_id": world.letter_run,
            "text_id": world.letter_text,
            "reminder_id": world.reminder,
            "view_id": world.view,
            "line_id": world.line,
            "dose_id": world.dose,
            "injection_id": world.dose,
            "event_id": world.toxicity,
            "site_id": world.site,
            "step_id": world.step,
            "next_step_id": world.next_step,
            "plan_id": world.plan,
            "board_id": world.board,
            "meeting_id": world.vote_meeting if address.name.startswith("ballot") else world.meeting,
            "suggestion_id": world.suggestion,
            "referral_id": world.referral,
            "shown_id": world.shown,
            "waiver_id": world.waiver,
            "chase_id": world.chase,
            "item_id": world.review if address.name.startswith("import") else world.item,
            "decision_id": world.decision,
            "minutes_id": world.minutes,
            "opinion_id": world.opinion,
            "recommendation_id": world.recommendation,
            "visit_id": world.visit,
            "action_id": world.action,
            "run_id": world.run,
            "record_id": world.source,
            "call_id": world.call,
            "trial_id": world.trial,
            "consideration_id": world.consideration,
            "row_id": world.drainage,
            "feed_id": world.feed,
            "note_id": world.note,
            "task_id": world.bereavement,
        }
        if name == "kind" and address.name == "wish-add":
            return "code_status"
        by_page: dict[str, Any] = {
            "wish": world.document
            if address.name.startswith(("wish-document", "wish-file-add"))
            else world.file
            if address.name.startswith("wish-file")
            else world.wish,
            "goals": world.conversation,
            "palliative": world.palliative,
            "guidance": world.answer,
            "record": world.specimen,
            "symptoms": world.symptoms,
        }
        words = {
            "kind": "specimen",
            "letter_kind": "reminder",
            "language": "de",
            "code": "S3",
            "whom": "patient",
            "item_code": "ecog",
            "role_code": "dietitian",
            "figure": "signed",
            "measure": "stage-iv-talked",
            "token": "x",
            "rule": "R03",
            "fingerprint": "0" * 64,
            "treatment": "prrt",
            "day": DAY,
            "part": "drainage",
            "sign": "fever",
            "modality": "sstr_pet",
            "act": "snooze",
        }
        if name in rows:
            return rows[name].pk
        if address.name == "record-series":
            return world.measurement.code
        if name == "team":
            return world.team.slug
        if name in words:
            return words[name]
        if name == "pk" and address.name.split("-")[0] in by_page:
            return by_page[address.name.split("-")[0]].pk
        if name == "pk" and address.name.startswith("inbox"):
            return 999_999  # one's own messages only: nobody else's id is ever right
        raise AssertionError(f"{address.name} takes {name}: give it a sample in tests/architecture/samples.py")
