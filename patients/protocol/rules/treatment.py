"""What treatment is given by: usual doses, labs before a dose, CTCAE grades, PRRT courses. Values, ranges, sources."""

from __future__ import annotations

from patients.protocol.rules.base import ProtocolNumber, Tag
from patients.protocol.rules.base import number as _n

# What is usually given; the range is what is stored without asking back (wide, ours): beyond it a dose is questioned
# as a wrong unit or a typing error (`clinical.md` 2.1, 2.2).
DOSES: tuple[ProtocolNumber, ...] = (
    _n("dose.octreotide_lar", "Octreotide LAR, usual dose", "30", "mg", "PROMID", Tag.V2, "10", "60"),
    _n("dose.octreotide", "Octreotide short-acting, usual dose", "0.1", "mg", "local practice", Tag.P, "0.05", "0.5"),
    _n("dose.lanreotide", "Lanreotide, usual dose", "120", "mg", "CLARINET; label", Tag.V, "60", "180"),
    _n("dose.everolimus", "Everolimus, usual dose", "10", "mg", "label", Tag.V, "2.5", "10"),
    _n("dose.sunitinib", "Sunitinib, usual dose", "37.5", "mg", "label", Tag.P, "12.5", "50"),
    _n("dose.cabozantinib", "Cabozantinib, usual dose", "60", "mg", "label: 60, 40, 20", Tag.V, "20", "60"),
    _n("dose.prrt", "PRRT, activity per dose", "7.4", "GBq", "label: 200 mCi", Tag.V, "1.8", "8.2"),
    _n("dose.prrt_reduced", "PRRT, reduced activity per dose", "3.7", "GBq", "AJR 2023", Tag.P, "1.8", "5.6"),
    _n("dose.capecitabine", "Capecitabine, per dose", "750", "mg/m²", "E2211", Tag.V2, "300", "1250"),
    _n("dose.temozolomide", "Temozolomide, per day", "200", "mg/m²", "E2211", Tag.V2, "75", "200"),
    _n("dose.cisplatin", "Cisplatin, per cycle", "80", "mg/m²", "published schedule", Tag.V, "25", "100"),
    _n("dose.carboplatin", "Carboplatin, per cycle", "5", "AUC", "ENETS", Tag.P, "2", "7"),
    _n("dose.etoposide", "Etoposide, per day", "100", "mg/m²", "published schedule", Tag.V, "50", "150"),
    _n("dose.telotristat", "Telotristat, three times a day", "250", "mg", "label", Tag.V, "250", "500"),
    _n("dose.interferon", "Interferon alfa, three times a week", "5", "MU", "local practice", Tag.P, "1", "10"),
)

# Labs before a dose: how old at most, and from which value on (`clinical.md` 2.1). Guidance holds those of PRRT and
# of liver-directed treatment.
LABS: tuple[ProtocolNumber, ...] = (
    _n("lab.chemo_age", "Chemotherapy: age of labs, at most", "3", "d", "CBC on day 1", Tag.P, "1", "7"),
    _n("lab.chemo_anc", "Chemotherapy: neutrophils", "1.5", "×10⁹/L", "E2211", Tag.P, "1", "1.5"),
    _n("lab.chemo_platelets", "Chemotherapy: platelets", "100", "×10⁹/L", "E2211", Tag.P, "75", "100"),
    _n(
        "lab.cisplatin_clearance",
        "Cisplatin: creatinine clearance",
        "60",
        "mL/min",
        "local practice",
        Tag.P,
        "50",
        "60",
    ),
    _n("lab.capecitabine_clearance", "Capecitabine: creatinine clearance", "30", "mL/min", "label", Tag.P, "30", "50"),
    _n("lab.liver_age", "Embolization: age of labs, at most", "28", "d", "local practice", Tag.P, "7", "28"),
)

# CTCAE v5 grades that a lab alone gives (`clinical.md` 2.2).
_CTCAE = "CTCAE v5"
CTCAE: tuple[ProtocolNumber, ...] = (
    _n("ctcae.platelets.2", "Platelets, grade 2 below", "75", "×10⁹/L", _CTCAE, Tag.P),
    _n("ctcae.platelets.3", "Platelets, grade 3 below", "50", "×10⁹/L", _CTCAE, Tag.P),
    _n("ctcae.platelets.4", "Platelets, grade 4 below", "25", "×10⁹/L", _CTCAE, Tag.P),
    _n("ctcae.neutrophils.3", "Neutrophils, grade 3 below", "1", "×10⁹/L", _CTCAE, Tag.P),
    _n("ctcae.neutrophils.4", "Neutrophils, grade 4 below", "0.5", "×10⁹/L", _CTCAE, Tag.P),
    _n("ctcae.hemoglobin.2", "Hemoglobin, grade 2 below", "10", "g/dL", _CTCAE, Tag.P),
    _n("ctcae.hemoglobin.3", "Hemoglobin, grade 3 below", "8", "g/dL", _CTCAE, Tag.P),
)

# The table of PRRT modifications and the SSA washout (`clinical.md` 2.2).
_AJR = "AJR 2023, PMC10133840"
COURSE: tuple[ProtocolNumber, ...] = (
    _n("prrt.hold_platelets", "PRRT: hold from platelets of grade", "2", "grade", _AJR, Tag.V2, "2", "3"),
    _n("prrt.hold_marrow", "PRRT: hold from anemia or neutropenia of grade", "3", "grade", _AJR, Tag.V2, "2", "3"),
    _n("prrt.max_delay", "PRRT: a delay this long stops it for good", "112", "d", _AJR, Tag.V2, "56", "112"),
    _n(
        "washout.long",
        "Long-acting analog before a PRRT dose, at least",
        "28",
        "d",
        "label: ≥ 4 weeks",
        Tag.V,
        "28",
        "42",
    ),
    _n("washout.short", "Short-acting octreotide before a PRRT dose, at least", "24", "h", "label", Tag.V, "24", "48"),
    _n("washout.after_from", "Octreotide LAR after a PRRT dose, from", "4", "h", "label: 4–24 h", Tag.V, "4", "4"),
    _n("site.labs", "PRRT site: labs before the dose", "14", "d", "design", Tag.D, "3", "28"),
    _n("site.go", "PRRT site: go / no-go before the dose", "10", "d", "design", Tag.D, "2", "28"),
    _n("site.order", "PRRT site: isotope ordered before the dose", "7", "d", "design", Tag.D, "1", "28"),
    _n("site.room", "PRRT site: room booked before the dose", "14", "d", "design", Tag.D, "0", "90"),
    _n("site.nadir", "PRRT site: nadir labs after the dose", "35", "d", "platelet nadir 5.1 weeks", Tag.V, "14", "56"),
    _n("washout.after_to", "Octreotide LAR after a PRRT dose, until", "24", "h", "label: 4–24 h", Tag.V, "24", "24"),
)
