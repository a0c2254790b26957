"""Who may do what: permissions as an enum, roles as plain sets of them. Nothing else grants anything."""

from enum import StrEnum

from django.db.models import TextChoices


class Permission(StrEnum):
    """One right. A person has it in a team when one of their roles there holds it."""

    PATIENT_VIEW = "patient.view"
    PATIENT_EDIT = "patient.edit"
    PATIENT_IMPORT = "patient.import"
    PATIENT_EXPORT = "patient.export"
    PATIENT_ENROLL = "patient.enroll"
    TREATMENT_EDIT = "treatment.edit"
    ADMINISTRATION_RECORD = "administration.record"
    HOSPICE_START = "hospice.start"
    IMAGING_PLAN = "imaging.plan"
    IMAGING_SCHEDULE = "imaging.schedule"
    IMAGING_REPORT = "imaging.report"
    IMAGING_REVIEW = "imaging.review"
    GOALS_DOCUMENT = "goals.document"
    GOALS_SIGN = "goals.sign"
    GUIDANCE_ANSWER = "guidance.answer"
    BOARD_REFER = "board.refer"
    BOARD_AGENDA = "board.agenda"
    BOARD_DECIDE = "board.decide"
    BOARD_CONFIGURE = "board.configure"
    ACTION_UPDATE = "action.update"
    CARE_DOCUMENT = "care.document"
    TRIAL_MANAGE = "trial.manage"
    PROTOCOL_SIGN = "protocol.sign"
    REPORT_VIEW = "report.view"
    TEAM_MANAGE = "team.manage"
    AUDIT_VIEW = "audit.view"
    EMERGENCY_ACCESS = "access.emergency"


class Role(TextChoices):
    """The fixed list of roles in a team; `specialty` is a separate field, it is what a quorum counts."""

    ONCOLOGIST = "oncologist", "Oncologist"
    SURGEON = "surgeon", "Surgeon"
    INTERVENTIONAL_RADIOLOGIST = "interventional_radiologist", "Interventional radiologist"
    RADIOLOGIST = "radiologist", "Radiologist"
    NUCLEAR_MEDICINE = "nuclear_medicine", "Nuclear medicine"
    PATHOLOGIST = "pathologist", "Pathologist"
    ENDOCRINOLOGIST = "endocrinologist", "Endocrinologist / gastroenterologist"
    HEPATOLOGIST = "hepatologist", "Hepatologist"
    NURSE_COORDINATOR = "nurse_coordinator", "Nurse coordinator"
    BOARD_COORDINATOR = "board_coordinator", "Board coordinator"
    PALLIATIVE = "palliative", "Palliative clinician"
    DIETITIAN = "dietitian", "Dietitian"
    PSYCHO_ONCOLOGIST = "psycho_oncologist", "Psycho-oncologist"
    CHAPLAIN = "chaplain", "Chaplain"
    TRIAL_NURSE = "trial_nurse", "Trial nurse"
    TEAM_LEAD = "team_lead", "Team lead"
    AUDITOR = "auditor", "Auditor"


P = Permission
_READ = frozenset({P.PATIENT_VIEW, P.EMERGENCY_ACCESS})
_CLINICIAN = _READ | {
    P.PATIENT_EDIT,
    P.BOARD_REFER,
    P.ACTION_UPDATE,
    P.GUIDANCE_ANSWER,
    P.GOALS_DOCUMENT,
    P.GOALS_SIGN,
    P.CARE_DOCUMENT,
}
_PHYSICIAN = _CLINICIAN | {
    P.TREATMENT_EDIT,
    P.ADMINISTRATION_RECORD,
    P.HOSPICE_START,
    P.IMAGING_PLAN,
    P.IMAGING_REVIEW,
    P.BOARD_DECIDE,
    P.PATIENT_ENROLL,
}
_SUPPORT = _READ | {P.PATIENT_EDIT, P.GOALS_DOCUMENT, P.ACTION_UPDATE, P.CARE_DOCUMENT}

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ONCOLOGIST: _PHYSICIAN | {P.REPORT_VIEW, P.TRIAL_MANAGE},
    Role.SURGEON: _PHYSICIAN,
    Role.INTERVENTIONAL_RADIOLOGIST: _PHYSICIAN | {P.IMAGING_REPORT},
    Role.RADIOLOGIST: _CLINICIAN | {P.IMAGING_REPORT, P.IMAGING_REVIEW},
    Role.NUCLEAR_MEDICINE: _PHYSICIAN | {P.IMAGING_REPORT},
    Role.PATHOLOGIST: _CLINICIAN,
    Role.ENDOCRINOLOGIST: _PHYSICIAN,
    Role.HEPATOLOGIST: _PHYSICIAN,
    Role.NURSE_COORDINATOR: _SUPPORT
    | {
        P.PATIENT_IMPORT,
        P.PATIENT_EXPORT,
        P.PATIENT_ENROLL,
        P.ADMINISTRATION_RECORD,
        P.IMAGING_PLAN,
        P.IMAGING_SCHEDULE,
        P.BOARD_REFER,
        P.REPORT_VIEW,
    },
    Role.BOARD_COORDINATOR: _READ
    | {P.PATIENT_IMPORT, P.BOARD_REFER, P.BOARD_AGENDA, P.BOARD_CONFIGURE, P.ACTION_UPDATE, P.REPORT_VIEW},
    Role.PALLIATIVE: _CLINICIAN | {P.ADMINISTRATION_RECORD, P.HOSPICE_START},
    Role.DIETITIAN: _SUPPORT,
    Role.PSYCHO_ONCOLOGIST: _SUPPORT | {P.GOALS_SIGN},
    Role.CHAPLAIN: _READ | {P.GOALS_DOCUMENT, P.CARE_DOCUMENT},
    Role.TRIAL_NURSE: _SUPPORT | {P.ADMINISTRATION_RECORD, P.IMAGING_SCHEDULE, P.TRIAL_MANAGE},
    Role.TEAM_LEAD: frozenset(set(Permission) - {P.BOARD_DECIDE, P.GOALS_SIGN, P.IMAGING_REVIEW}),
    Role.AUDITOR: frozenset({P.AUDIT_VIEW, P.REPORT_VIEW}),
}


class Specialty(TextChoices):
    """What a quorum counts (model: separate from the role)."""

    MEDICAL_ONCOLOGY = "medical_oncology", "Medical oncology"
    HEPATOBILIARY_SURGERY = "hepatobiliary_surgery", "Hepatobiliary surgery"
    INTERVENTIONAL_RADIOLOGY = "interventional_radiology", "Interventional radiology"
    RADIOLOGY = "radiology", "Radiology"
    NUCLEAR_MEDICINE = "nuclear_medicine", "Nuclear medicine"
    PATHOLOGY = "pathology", "Pathology"
    ENDOCRINOLOGY = "endocrinology", "Endocrinology"
    GASTROENTEROLOGY = "gastroenterology", "Gastroenterology"
    HEPATOLOGY = "hepatology", "Hepatology"
    PALLIATIVE = "palliative", "Palliative medicine"
    NURSING = "nursing", "Nursing"
    NUTRITION = "nutrition", "Nutrition"
    PSYCHO_ONCOLOGY = "psycho_oncology", "Psycho-oncology"
    CHAPLAINCY = "chaplaincy", "Chaplaincy"
    RESEARCH = "research", "Clinical research"
    ADMINISTRATION = "administration", "Administration"


class Units(TextChoices):
    CONVENTIONAL = "conventional", "Conventional (mg/dL, g/dL)"
    SI = "si", "SI (µmol/L, g/L)"


class Jurisdiction(TextChoices):
    EU = "eu", "European Union"
    US = "us", "United States"


class Theme(TextChoices):
    SYSTEM = "", "As the system"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


def permissions_of(roles: list[str]) -> frozenset[Permission]:
    """The union of what the roles hold; an unknown role (a removed one in an old row) grants nothing."""
    known = [ROLE_PERMISSIONS[Role(role)] for role in roles if role in Role.values]
    return frozenset().union(*known)
