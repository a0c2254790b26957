"""The kinds of events. Strings are stored: rename a member, never its value."""

from django.db.models import TextChoices


class EventKind(TextChoices):
    PROGRESSION = "progression", "Disease progression recorded"
    PROGRESSION_WITHDRAWN = "progression.withdrawn", "Disease progression taken back"
    LINE_PROPOSED = "line.proposed", "Treatment line proposed"
    LINE_STARTED = "line.started", "Treatment line started"
    LINE_ENDED = "line.ended", "Treatment line ended"
    HOSPICE = "hospice", "Hospice care began"
    BSC_CONFIRMED = "bsc.confirmed", "Best supportive care: symptom-led imaging confirmed"
    DECEASED = "deceased", "Patient died"
    ENROLLMENT = "enrollment", "Enrollment changed"
    ECOG = "ecog", "Performance status recorded"
    ADMISSION = "admission", "Unplanned admission recorded"
    STUDY_REPORTED = "study.reported", "Imaging study reported"
    STUDY_REVIEWED = "study.reviewed", "Imaging study reviewed"
    STUDY_OVERDUE = "study.overdue", "Imaging study long overdue"
    STUDY_ANSWERED = "study.answered", "Long overdue study booked, done, closed or moved"
    REFERRED = "referred", "Patient referred to a board"
    GOALS_SIGNED = "goals.signed", "Goals conversation signed"
    SYMPTOMS = "symptoms", "Symptoms asked"
    WEIGHT = "weight", "Weight recorded"
    CALL = "symptom.call", "Symptoms told by phone"
    PROTOCOL_SIGNED = "protocol.signed", "Numbers of a team signed"
    PLAN_STALE = "plan.stale", "A surveillance plan is to be computed again"
    RECORD_CHANGED = "record.changed", "Diagnosis, grade or status changed"
