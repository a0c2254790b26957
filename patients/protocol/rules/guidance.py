"""What guidance compares with (`clinical.md` 1.5, 1.6, 2, 4), and the rules themselves as something that is signed.

A caution or a rule that is no number has the value 1 (a caution) or its version: what is signed is that it holds here.
"""

from __future__ import annotations

from patients.protocol.rules.base import ProtocolNumber, Tag
from patients.protocol.rules.base import number as _n
from patients.record.rules import ALBI_CUTOFFS

# The criteria of PRRT (`clinical.md` 2.2).
PRRT: tuple[ProtocolNumber, ...] = (
    _n(
        "prrt.krenning",
        "PRRT: uptake that meets the criterion",
        "3",
        "Krenning",
        "common practice: > 2",
        Tag.V2,
        "2",
        "4",
    ),
    _n("prrt.krenning_review", "PRRT: uptake to be reviewed", "2", "Krenning", "EU label; NETTER-1", Tag.V, "2", "2"),
    _n("prrt.crcl", "PRRT: creatinine clearance", "50", "mL/min", "Cockcroft-Gault", Tag.P, "40", "60"),
    _n(
        "prrt.crcl_stop",
        "PRRT: creatinine clearance below which not met",
        "40",
        "mL/min",
        "published criteria",
        Tag.V2,
        "30",
        "50",
    ),
    _n("prrt.hb", "PRRT: hemoglobin", "8", "g/dL", "published criteria", Tag.V2, "8", "10"),
    _n("prrt.wbc", "PRRT: white blood cells", "2", "×10⁹/L", "published criteria", Tag.V2, "2", "3"),
    _n("prrt.platelets", "PRRT: platelets", "75", "×10⁹/L", "published criteria", Tag.V2, "70", "100"),
    _n("prrt.bilirubin", "PRRT: bilirubin, at most", "3", "× ULN", "published criteria", Tag.V2, "1.5", "3"),
    _n("prrt.transaminases", "PRRT: ALT and AST, at most", "3", "× ULN", "published criteria", Tag.V2, "2.5", "5"),
    _n("prrt.albumin", "PRRT: albumin", "3", "g/dL", "published criteria", Tag.V2, "2.5", "3.5"),
    _n("prrt.kps", "PRRT: Karnofsky", "60", "%", "NETTER-1", Tag.V, "50", "70"),
    _n("prrt.heart", "PRRT: carcinoid heart disease is for review", "1", "caution", "prior knowledge", Tag.P),
    _n("prrt.prior_tare", "PRRT: earlier TARE is for review", "1", "caution", "prior knowledge", Tag.P),
    _n("prrt.lab_age", "PRRT: age of labs, at most", "28", "d", "SmPC: within 2–4 weeks", Tag.V, "14", "28"),
)

# Liver-directed treatment (`clinical.md` 1.3, 2.3). The burden above which embolization does worse is an upper limit.
LIVER: tuple[ProtocolNumber, ...] = (
    _n("tace.bilirubin", "TAE / TACE: bilirubin, at most", "2", "mg/dL", "prior knowledge", Tag.P, "1.5", "3"),
    _n(
        "tace.burden",
        "TAE / TACE: liver replaced, at most",
        "75",
        "%",
        "embolization does better below",
        Tag.V,
        "50",
        "75",
    ),
    _n("tace.ecog", "TAE / TACE: ECOG, at most", "2", "ECOG", "prior knowledge", Tag.P, "1", "2"),
    _n(
        "tace.stent",
        "Embolization: biliary stent or anastomosis is a caution",
        "1",
        "caution",
        "prior knowledge",
        Tag.P,
    ),
    _n("tace.ascites", "Embolization: ascites is a caution", "1", "caution", "prior knowledge", Tag.P),
    _n("tare.bilirubin", "TARE: bilirubin, at most", "2", "mg/dL", "published contraindications", Tag.V2, "1.5", "2"),
    _n("tare.burden", "TARE: liver replaced, review above", "50", "%", "late hepatotoxicity series", Tag.V, "30", "50"),
    _n(
        "tare.burden_stop",
        "TARE: liver replaced, not met above",
        "70",
        "%",
        "published contraindications",
        Tag.V2,
        "60",
        "75",
    ),
    _n("tare.anc", "TARE: neutrophils", "1.5", "×10⁹/L", "published contraindications", Tag.V2, "1", "2"),
    _n(
        "tare.chemotherapy",
        "TARE: days since chemotherapy",
        "28",
        "d",
        "published contraindications",
        Tag.V2,
        "14",
        "42",
    ),
    _n("tare.lung_dose", "TARE: lung dose per session, at most", "30", "Gy", "prior knowledge", Tag.P, "20", "30"),
    _n("tare.lab_age", "TARE: age of labs, at most", "28", "d", "as for PRRT", Tag.D, "7", "28"),
    _n("surgery.type2", "City of Hope type 2: removable beyond", "70", "%", "City of Hope 2023", Tag.V),
    _n("albi.grade1", "ALBI grade 1, at most", str(ALBI_CUTOFFS[0]), "score", "prior knowledge", Tag.P),
    _n("albi.grade2", "ALBI grade 2, at most", str(ALBI_CUTOFFS[1]), "score", "prior knowledge", Tag.P),
    _n(
        "surgery.debulking",
        "Debulking: removable part of the liver tumor",
        "70",
        "%",
        "ASCO 2023: > 70–90 %",
        Tag.V,
        "70",
        "90",
    ),
)

# Thresholds of single rules (`clinical.md` 1.6, 2.1, 3.3, 4).
THRESHOLDS: tuple[ProtocolNumber, ...] = (
    _n(
        "carcinoid.echo",
        "Carcinoid syndrome: echocardiography, every",
        "365",
        "d",
        "prior knowledge",
        Tag.P,
        "180",
        "730",
    ),
    _n("sstr.age", "Before PRRT: age of SSTR imaging, at most", "365", "d", "prior knowledge", Tag.P, "180", "365"),
    _n("netter2.low", "NETTER-2: Ki-67 from", "10", "%", "NETTER-2", Tag.V),
    _n("netter2.high", "NETTER-2: Ki-67 to", "55", "%", "NETTER-2", Tag.V),
    _n("telotristat.stools", "Telotristat: bowel movements a day, from", "4", "/d", "label", Tag.V, "3", "4"),
    _n(
        "cytotoxic.ecog",
        "Cytotoxic treatment: ECOG from which benefit is uncertain",
        "3",
        "ECOG",
        "prior knowledge",
        Tag.P,
        "2",
        "3",
    ),
    _n(
        "cga.egfr",
        "Chromogranin A: eGFR below which it misleads",
        "60",
        "mL/min/1.73 m²",
        "prior knowledge",
        Tag.P,
        "30",
        "60",
    ),
    _n(
        "pathology.age",
        "Repeat pathology: last specimen older than",
        "730",
        "d",
        "prior knowledge",
        Tag.P,
        "365",
        "1825",
    ),
    _n("pathology.rapid", "Repeat pathology: progression within", "183", "d", "prior knowledge", Tag.P, "90", "183"),
    _n("hold.cabozantinib", "Cabozantinib: hold before surgery", "21", "d", "FDA label", Tag.V, "21", "42"),
    _n("hold.cabozantinib_after", "Cabozantinib: hold after surgery", "14", "d", "FDA label", Tag.V, "14", "42"),
    _n("hold.vegf", "Procedure: any other VEGF inhibitor is a caution", "1", "caution", "prior knowledge", Tag.P),
    _n("hold.anticoagulant", "Procedure: an anticoagulant is a caution", "1", "caution", "prior knowledge", Tag.P),
    _n("hold.metformin", "Contrast: metformin is a caution", "1", "caution", "prior knowledge", Tag.P),
)


def _rule(rule: str, version: int, title: str, source: str, tag: Tag) -> ProtocolNumber:
    return _n(rule, f"Rule {rule}: {title}", str(version), "version", source, tag)


# Each rule in its present version (`patients.guidance.rules` holds them; a test compares). A rule whose own source is
# tagged P says nothing until this version is signed.
RULES: tuple[ProtocolNumber, ...] = (
    _rule("R01", 1, "first line of NEC", "ENETS 2023", Tag.V),
    _rule("R02", 1, "NEC after platinum", "ENETS 2023", Tag.V),
    _rule("R03", 1, "PRRT uptake", "EU label", Tag.V),
    _rule("R04", 1, "SSTR imaging before PRRT", "ASCO 2023", Tag.V),
    _rule("R05", 2, "PRRT criteria", "US and EU label, NETTER-1, published criteria", Tag.V2),
    _rule("R06", 1, "first line", "ASCO 2023", Tag.V),
    _rule("R07", 1, "progression on a somatostatin analog", "ASCO 2023", Tag.V),
    _rule("R08", 1, "sunitinib label", "FDA and EU label", Tag.V),
    _rule("R09", 1, "cabozantinib label", "FDA label 26 Mar 2025", Tag.V2),
    _rule("R10", 1, "high G2 and G3", "NETTER-2", Tag.V),
    _rule("R11", 1, "surgical review", "ASCO 2023; founding article", Tag.V),
    _rule("R12", 1, "before embolization", "Published cautions and series", Tag.V2),
    _rule("R13", 1, "DEB-TACE", "RETNET", Tag.V2),
    _rule("R14", 2, "carcinoid and a procedure", "Carcinoid heart disease and crisis literature", Tag.V),
    _rule("R15", 1, "analog stopped, syndrome remains", "ASCO 2023", Tag.V),
    _rule("R16", 1, "diarrhea on an analog", "Telotristat label", Tag.V),
    _rule("R17", 1, "palliative care", "ASCO 2024", Tag.V),
    _rule("R18", 1, "goals of care", "ASCO 2024 supports all advanced disease; triggers by design", Tag.D),
    _rule("R19", 1, "cytotoxic treatment and performance status", "Prior knowledge", Tag.P),
    _rule("R20", 1, "chromogranin A", "Published confounders", Tag.V),
    _rule("R21", 2, "pathology", "Prior knowledge", Tag.P),
    _rule("R22", 1, "TARE and PRRT", "Late hepatotoxicity after both", Tag.V),
    _rule(
        "R23", 1, "drugs and running lines before a procedure", "Cabozantinib label; the rest prior knowledge", Tag.V
    ),
    _rule("R24", 3, "code status before a procedure", "design", Tag.D),
)
