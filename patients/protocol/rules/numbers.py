"""What the work is measured with: intervals, ladder, limits, doses. Values, ranges, units, sources, tags."""

from __future__ import annotations

from dataclasses import replace

from patients.protocol.rules.base import ProtocolNumber, ScanChoice, Tag
from patients.protocol.rules.base import number as _n

_S = "founding article"
# Situations S1 to S12 of surveillance: default interval in days with its range.
_SCANS: tuple[ProtocolNumber, ...] = (
    _n(
        "S1",
        "Stage IV G1–2, new or changed therapy, first year",
        "90",
        "d",
        "ASCO 2023 (stated for observation)",
        Tag.V,
        "84",
        "183",
    ),
    _n("S2", "G1–2 consistently stable", "180", "d", "ASCO 2023; ESMO; NCCN", Tag.V, "84", "365"),
    _n("S3", "NET G3", "90", "d", "2–3 months", Tag.P, "60", "92"),
    _n("S4", "NEC, any setting", "60", "d", "ESMO", Tag.V2, "56", "92"),
    _n("S5", "On everolimus or a TKI", "84", "d", "56–84 days", Tag.P, "56", "84"),
    _n("S6", "CAPTEM", "84", "d", "E2211: every 3 cycles", Tag.V2, "56", "92"),
    _n("S7", "During PRRT", "112", "d", "NETTER-2, NETTER-1: day 112, 168, then every 84", Tag.V, "84", "112"),
    _n("S8", "After the last PRRT dose", "90", "d", "NANETS: 1–3, then 3–6 months", Tag.P, "30", "183"),
    _n("S9", "After TAE / TACE", "35", "d", "4–6 weeks, then 3 months", Tag.P, "28", "92"),
    _n("S10a", "After TARE", "60", "d", "1–3 months; readable after 1–2 months", Tag.P, "30", "92"),
    _n("S10b", "After ablation", "35", "d", "1–3 months", Tag.P, "30", "92"),
    _n("S11", "After R0/R1 resection, G1–2", "180", "d", "ESMO: 6–12 months, lifelong", Tag.V2, "90", "365"),
    _n("S12", "After resection of liver metastases", "120", "d", "3–6 months", Tag.P, "90", "183"),
)
SURVEILLANCE: tuple[ProtocolNumber, ...] = (
    *(replace(situation, scan=ScanChoice.AS_BEFORE) for situation in _SCANS),
    _n("S13", "SSTR PET", "0", "d", "event-driven: ASCO 2023, AUC", Tag.V),
    _n("S14", "FDG PET", "0", "d", "event-driven", Tag.P),
    _n("S15", "Imaging off: hospice, declined, deceased, discharged", "0", "d", "design", Tag.D),
)

# The escalation ladder of model.md 6, in days after the due date (strictly greater).
LADDER: tuple[ProtocolNumber, ...] = (
    _n("ladder.order", "Order", "-28", "d", "design", Tag.D),
    _n("ladder.schedule", "Schedule", "-14", "d", "design", Tag.D),
    _n("ladder.due", "Due", "0", "d", "design", Tag.D),
    _n("ladder.amber", "Call; tell the responsible clinician", "14", "d", "design", Tag.D, "0", "14"),
    _n("ladder.letter", "Letter to patient and GP", "28", "d", "design", Tag.D, "0", "28"),
    _n("ladder.red", "Responsible clinician decides; team lead informed", "42", "d", "design", Tag.D, "0", "42"),
    _n("ladder.board", "Suggest for the next board", "56", "d", "design", Tag.D, "0", "56"),
)

# What a day over counts on the worklist, and when to stop calling.
WORKLIST: tuple[ProtocolNumber, ...] = (
    _n("stake.nec", "Worklist: a day over counts, NEC or MiNEN", "3", "×", "design", Tag.D, "1", "5"),
    _n("stake.unclassified", "Worklist: a day over counts, not classified", "3", "×", "design", Tag.D, "1", "5"),
    _n("stake.progression", "Worklist: a day over counts, after progression", "2", "×", "design", Tag.D, "1", "5"),
    _n("stake.g3", "Worklist: a day over counts, NET G3", "2", "×", "design", Tag.D, "1", "5"),
    _n("stake.extra", "Worklist: a day over counts, outside the plan", "2", "×", "design", Tag.D, "1", "5"),
    _n("contact.letter", "Unanswered attempts until a letter is next", "3", "attempts", "design", Tag.D, "2", "5"),
)

# What fits one meeting, and when an undone action sends its case back to the board.
_COC = "CoC standard 2.5 (2020)"
_FOLLOWED = "published follow-up of 771 recommendations that could be assessed"
BOARD: tuple[ProtocolNumber, ...] = (
    _n("board.cases", "Meeting: warn above", "12", "cases", "design", Tag.D, "4", "60"),
    _n(
        "board.action_overdue",
        "Action not done: suggest for the board after",
        "14",
        "d",
        "design",
        Tag.D,
        "1",
        "90",
    ),
    # What the figures of a board are held against.
    _n("board.prospective", "Cases discussed before treatment: at least", "80", "%", _COC, Tag.P, "50", "100"),
    _n("board.presented", "New patients of a year discussed: at least", "15", "%", _COC, Tag.V, "15", "100"),
    _n("board.new_patients", "New patients of a year: at least", "80", "patients", "ENETS center of excellence", Tag.V),
    _n("board.concordance", "Recommendations implemented, elsewhere", "79.4", "%", _FOLLOWED, Tag.V),
    _n("board.partial", "Partly implemented, elsewhere", "12.8", "%", _FOLLOWED, Tag.V),
    _n("board.discordant", "Not implemented, elsewhere", "7.8", "%", _FOLLOWED, Tag.V),
    _n("board.patient_choice", "Patient's choice among the reasons, elsewhere", "28.3", "%", _FOLLOWED, Tag.V),
    _n("opinion.days", "Second opinion of another team: open for", "14", "d", "design", Tag.D, "1", "60"),
    _n("opinion.longest", "Second opinion of another team: at most", "60", "d", "design", Tag.D, "1", "180"),
    _n("opinion.reminder", "Second opinion of another team: reminder", "3", "d", "design", Tag.D, "1", "14"),
    _n("vote.hours", "E-vote: ends after", "24", "h", "design", Tag.D, "1", "168"),
    _n("vote.reminder", "E-vote: reminder before its end", "4", "h", "design", Tag.D, "1", "48"),
    _n(
        "vote.sign",
        "E-vote: chair signs after its end, else a meeting",
        "24",
        "h",
        "design",
        Tag.D,
        "1",
        "168",
    ),
)

LIMITS: tuple[ProtocolNumber, ...] = (
    _n("imaging.window", "A scan this early satisfies the plan", "14", "d", "design", Tag.D, "0", "28"),
    _n(
        "review.urgent",
        "Review of a report with progression or discordance",
        "2",
        "working d",
        "design",
        Tag.D,
        "1",
        "5",
    ),
    _n("review.routine", "Review of any other report", "7", "d", "design", Tag.D, "1", "14"),
    _n("arrival.history", "A scan this old when it arrives starts no clock", "90", "d", "design", Tag.D, "30", "180"),
    _n("images.chase", "From asking for outside images to asking again", "14", "d", "design", Tag.D, "5", "28"),
    _n("decision.after_pd", "From progression to a decision", "14", "d", "design", Tag.D, "1", "28"),
    _n("goals.stage4", "Stage IV without a goals conversation", "60", "d", "design", Tag.D, "14", "90"),
    _n(
        "goals.review",
        "Review of a goals conversation",
        "365",
        "d",
        "1-year window used in practice",
        Tag.V,
        "30",
        "365",
    ),
    _n(
        "goals.ask_again",
        "Ask again after the patient declined, at the earliest",
        "90",
        "d",
        "design",
        Tag.D,
        "90",
        "365",
    ),
    _n("goals.answer", "From a goals prompt to its answer", "30", "d", "internal measure: 30 days", Tag.D, "7", "60"),
    _n("goals.admission", "How long an unplanned admission asks for goals", "183", "d", "SPICT: 6 months", Tag.V),
    _n("goals.line", "Therapy line that asks for goals", "3", "line", "design", Tag.D, "2", "4"),
    _n(
        "symptoms.severe",
        "ESAS item that makes a task for the nurse",
        "7",
        "of 10",
        "published: 7 or more is severe",
        Tag.V,
        "6",
        "8",
    ),
    _n(
        "carcinoid.known",
        "Known carcinoid heart disease: echocardiography, every",
        "183",
        "d",
        "prior knowledge: 3–6 months",
        Tag.P,
        "90",
        "183",
    ),
    _n("symptoms.answer", "From severe symptoms to the nurse's call", "1", "working d", "design", Tag.D, "1", "2"),
    _n("symptoms.distress", "Distress that asks for a psychosocial referral", "4", "of 10", "NCCN", Tag.V2, "3", "5"),
    _n("weight.loss", "Weight loss over three to six months that asks for goals", "5", "%", "SPICT", Tag.V, "5", "10"),
    _n("goals.ecog", "ECOG that asks for goals", "2", "ECOG", "design", Tag.D, "2", "3"),
)

# What refines a situation: later steps of a series, how long a first year lasts.
SERIES: tuple[ProtocolNumber, ...] = (
    _n(
        "S7.second",
        "During PRRT: second scan after the first dose",
        "168",
        "d",
        "NETTER-2, NETTER-1",
        Tag.V,
        "140",
        "196",
    ),
    _n("S7.next", "During PRRT: every further scan", "84", "d", "NETTER-2, NETTER-1", Tag.V, "56", "112"),
    _n("first_year", "A therapy counts as new or changed for", "365", "d", _S, Tag.S, "180", "365"),
    _n(
        "S12.first",
        "After resection of liver metastases: the closer interval lasts",
        "730",
        "d",
        "prior knowledge",
        Tag.P,
        "365",
        "1095",
    ),
    _n("S13.routine", "SSTR PET without an event, every", "365", "d", "routine 12–24 months", Tag.P, "365", "730"),
    _n("pet.event", "Progression or an unclear scan asks for a PET for", "90", "d", "design", Tag.D, "28", "183"),
    _n("pet.before", "A PET answers a progression so long after it", "30", "d", "prior knowledge", Tag.P, "14", "60"),
    _n("pet.high_g2", "High G2, FDG PET: Ki-67 from", "10", "%", "prior knowledge", Tag.P, "10", "15"),
    _n("study.report", "From scan to report", "5", "working d", "design", Tag.D, "1", "10"),
)

# What a scan is prepared by. No number of `clinical.md`: practice differs between departments (P), or it is ours (D).
_LOCAL = "local practice of the radiology department"
PREPARATION: tuple[ProtocolNumber, ...] = (
    _n("prep.lab_age", "Contrast: creatinine at most this old at the scan", "28", "d", _LOCAL, Tag.P, "7", "90"),
    _n("prep.clearance", "Contrast: ask radiology below this clearance", "30", "mL/min", _LOCAL, Tag.P, "30", "60"),
    _n(
        "prep.ssa",
        "SSTR PET: days after a long-acting analog, at least",
        "28",
        "d",
        "local practice of the nuclear medicine department: before the next injection",
        Tag.P,
        "14",
        "42",
    ),
    _n(
        "prep.pregnancy_age", "Pregnancy: asked at most this long before the scan", "7", "d", "design", Tag.D, "1", "14"
    ),
    _n("prep.pregnancy_from", "Pregnancy is asked from this age", "12", "y", "design", Tag.D, "10", "15"),
    _n("prep.pregnancy_to", "Pregnancy is asked up to this age", "55", "y", "design", Tag.D, "50", "60"),
    _n("prep.ppi", "CgA: PPI paused before the sample", "14", "d", "PPI off for 2 weeks", Tag.V, "7", "28"),
    _n("prep.diet", "5-HIAA: diet before the sample", "3", "d", "prior knowledge: 3 days", Tag.P, "2", "5"),
    _n("prep.lead", "Preparation complete before the slot", "3", "d", "design", Tag.D, "1", "10"),
)

# How doses of a line are laid out when the line says nothing else (`clinical.md` 2).
TREATMENT: tuple[ProtocolNumber, ...] = (
    _n("ssa.interval", "Octreotide LAR or lanreotide, every", "28", "d", "PROMID, CLARINET", Tag.V2, "14", "56"),
    _n("prrt.interval", "PRRT, every", "56", "d", "label: every 8 weeks ± 1", Tag.V, "49", "112"),
    _n("prrt.count", "PRRT, doses", "4", "doses", "label", Tag.V, "1", "8"),
    _n("captem.interval", "CAPTEM, cycle", "28", "d", "E2211", Tag.P, "28", "42"),
    _n("platinum.interval", "Platinum and etoposide, cycle", "21", "d", "published schedule", Tag.V, "21", "28"),
    _n("platinum.count", "Platinum and etoposide, cycles", "6", "cycles", "usual practice", Tag.P, "1", "8"),
    _n("captem.count", "CAPTEM, cycles", "13", "cycles", "E2211: up to 13", Tag.P, "1", "26"),
    _n("tare.interval", "TARE, sessions apart", "35", "d", "local practice", Tag.P, "28", "84"),
    _n("embolization.count", "Embolization, sessions", "2", "sessions", "lobar, staged", Tag.P, "1", "6"),
    _n("embolization.interval", "Embolization, sessions apart", "35", "d", "4–6 weeks", Tag.P, "28", "84"),
)

# RECIST 1.1: definitions, not choices of a team; without a range only their own value can stand.
_RECIST = "RECIST 1.1, Eisenhauer 2009"
RECIST: tuple[ProtocolNumber, ...] = (
    _n("recist.measurable", "Target, not a node: longest diameter at least", "10", "mm", _RECIST, Tag.V2),
    _n("recist.node.measurable", "Target node: short axis at least", "15", "mm", _RECIST, Tag.V2),
    _n("recist.node.normal", "Node of normal size: short axis below", "10", "mm", _RECIST, Tag.V2),
    _n("recist.targets", "Targets at most", "5", "lesions", _RECIST, Tag.V2),
    _n("recist.targets.organ", "Targets per organ at most", "2", "lesions", _RECIST, Tag.V2),
    _n("recist.shrinking", "Partial response: below the baseline by at least", "30", "%", _RECIST, Tag.V2),
    _n("recist.growing", "Progression: above the nadir by at least", "20", "%", _RECIST, Tag.V2),
    _n("recist.growing.mm", "Progression: and by at least", "5", "mm", _RECIST, Tag.V2),
    _n("recist.too_small", "Seen but too small to measure counts", "5", "mm", _RECIST, Tag.V2),
)
