"""Neuroendocrine tumors and other cancers: ICD-10-CM, ICD-10, ICD-O-3, SNOMED CT, and wording as the last resort."""

import re
from dataclasses import dataclass

from patients.fhir.rules.codes.systems import Tag

PRIMARY_SITES = [
    "pancreas",
    "jejunum_ileum",
    "duodenum_ampulla",
    "stomach",
    "appendix",
    "cecum_colon",
    "rectum",
    "lung",
    "thymus",
    "unknown",
    "other",
]
METASTATIC_SITES = [
    "liver",
    "lymph_nodes",
    "bone",
    "peritoneum",
    "lung",
    "brain",
    "adrenal",
    "ovary",
    "pleura",
    "skin",
    "other",
    "unknown",
]


@dataclass(frozen=True, slots=True)
class TumorCode:
    """What one code says. Empty fields: the code does not say."""

    meaning: str
    tag: Tag
    site: str = ""
    differentiation: str = ""
    grade: str = ""
    cell_type: str = ""
    syndrome: str = ""


V, P = Tag.V, Tag.P

ICD10CM_NET_PRIMARY = {
    "C7A.00": TumorCode("Malignant carcinoid tumor of unspecified site", V, "unknown"),
    "C7A.010": TumorCode("Malignant carcinoid tumor of the duodenum", V, "duodenum_ampulla"),
    "C7A.011": TumorCode("Malignant carcinoid tumor of the jejunum", V, "jejunum_ileum"),
    "C7A.012": TumorCode("Malignant carcinoid tumor of the ileum", V, "jejunum_ileum"),
    "C7A.019": TumorCode("Malignant carcinoid tumor of the small intestine, unspecified", V, "jejunum_ileum"),
    "C7A.020": TumorCode("Malignant carcinoid tumor of the appendix", V, "appendix"),
    "C7A.021": TumorCode("Malignant carcinoid tumor of the cecum", V, "cecum_colon"),
    "C7A.022": TumorCode("Malignant carcinoid tumor of the ascending colon", V, "cecum_colon"),
    "C7A.023": TumorCode("Malignant carcinoid tumor of the transverse colon", V, "cecum_colon"),
    "C7A.024": TumorCode("Malignant carcinoid tumor of the descending colon", V, "cecum_colon"),
    "C7A.025": TumorCode("Malignant carcinoid tumor of the sigmoid colon", V, "cecum_colon"),
    "C7A.026": TumorCode("Malignant carcinoid tumor of the rectum", V, "rectum"),
    "C7A.029": TumorCode("Malignant carcinoid tumor of the large intestine, unspecified", V, "cecum_colon"),
    "C7A.090": TumorCode("Malignant carcinoid tumor of the bronchus and lung", V, "lung"),
    "C7A.091": TumorCode("Malignant carcinoid tumor of the thymus", V, "thymus"),
    "C7A.092": TumorCode("Malignant carcinoid tumor of the stomach", V, "stomach"),
    "C7A.093": TumorCode("Malignant carcinoid tumor of the kidney", V, "other"),
    "C7A.094": TumorCode("Malignant carcinoid tumor of the foregut, unspecified", V, "other"),
    "C7A.095": TumorCode("Malignant carcinoid tumor of the midgut, unspecified", V, "other"),
    "C7A.096": TumorCode("Malignant carcinoid tumor of the hindgut, unspecified", V, "other"),
    "C7A.098": TumorCode("Malignant carcinoid tumor of other sites", V, "other"),
    "C7A.1": TumorCode("Malignant poorly differentiated neuroendocrine tumor", V, "", "poor"),
    "C7A.8": TumorCode("Other malignant neuroendocrine tumor", V),
    "C7A": TumorCode("Malignant neuroendocrine tumor", V),
    "D3A": TumorCode("Benign neuroendocrine tumor", P),
}
ICD10CM_NET_SECONDARY = {
    "C7B.00": TumorCode("Secondary carcinoid tumor, unspecified site", V, "unknown"),
    "C7B.01": TumorCode("Secondary carcinoid tumor of distant lymph nodes", V, "lymph_nodes"),
    "C7B.02": TumorCode("Secondary carcinoid tumor of liver", V, "liver"),
    "C7B.03": TumorCode("Secondary carcinoid tumor of bone", V, "bone"),
    "C7B.04": TumorCode("Secondary carcinoid tumor of peritoneum", V, "peritoneum"),
    "C7B.09": TumorCode("Secondary carcinoid tumor of other sites", V, "other"),
    "C7B.1": TumorCode("Secondary Merkel cell carcinoma", P, "other"),
    "C7B.8": TumorCode("Other secondary neuroendocrine tumor", V, "other"),
    "C7B": TumorCode("Secondary neuroendocrine tumor", V, "unknown"),
}
# WHO ICD-10 and its national editions have no C7A.
ICD10_NET = {"C25.4": TumorCode("Malignant neoplasm of endocrine pancreas", P, "pancreas")}
ICD_SYNDROMES = {"E34.0": "carcinoid", "E16.4": "gastrinoma"}

# First match wins, so narrow ranges stand first. Codes without their dot.
ICD10_SITES = (
    ("C25", "pancreas"),
    ("C170", "duodenum_ampulla"),
    ("C241", "duodenum_ampulla"),
    ("C17", "jejunum_ileum"),
    ("C16", "stomach"),
    ("C181", "appendix"),
    ("C18", "cecum_colon"),
    ("C19", "rectum"),
    ("C20", "rectum"),
    ("C34", "lung"),
    ("C37", "thymus"),
    ("C80", "unknown"),
)
ICD10_SECONDARY_SITES = (
    ("C77", "lymph_nodes"),
    ("C780", "lung"),
    ("C782", "pleura"),
    ("C786", "peritoneum"),
    ("C787", "liver"),
    ("C792", "skin"),
    ("C793", "brain"),
    ("C795", "bone"),
    ("C796", "ovary"),
    ("C797", "adrenal"),
    ("C78", "other"),
    ("C79", "other"),
)

# ICD-O-3, four-digit type. All P until checked against the release.
MORPHOLOGY_NET = {
    "8240": TumorCode("Neuroendocrine tumor, grade 1", P, "", "well", "G1"),
    "8249": TumorCode("Neuroendocrine tumor, grade 2; atypical carcinoid", P, "", "well", "G2"),
    "8241": TumorCode("Enterochromaffin cell carcinoid", P, "", "well"),
    "8242": TumorCode("Enterochromaffin-like cell tumor", P, "", "well"),
    "8243": TumorCode("Goblet cell carcinoid", P),
    "8246": TumorCode("Neuroendocrine carcinoma", P, "", "poor"),
    "8013": TumorCode("Large cell neuroendocrine carcinoma", P, "", "poor", "", "large"),
    "8041": TumorCode("Small cell carcinoma", P, "", "poor", "", "small"),
    "8150": TumorCode("Pancreatic neuroendocrine tumor", P, "pancreas"),
    "8151": TumorCode("Insulinoma", P, "pancreas", "", "", "", "insulinoma"),
    "8152": TumorCode("Glucagonoma", P, "pancreas", "", "", "", "glucagonoma"),
    "8153": TumorCode("Gastrinoma", P, "", "", "", "", "gastrinoma"),
    "8155": TumorCode("VIPoma", P, "", "", "", "", "vipoma"),
    "8156": TumorCode("Somatostatinoma", P, "", "", "", "", "somatostatinoma"),
    "8154": TumorCode("Mixed endocrine and exocrine carcinoma", P, "", "mixed"),
    "8244": TumorCode("Mixed adenoneuroendocrine carcinoma", P, "", "mixed"),
}
SNOMED_NET = {
    "255046005": TumorCode("Neuroendocrine tumor (disorder)", P),
}
SNOMED_SYNDROMES = {"35868009": ("carcinoid", P)}

_WORD_SYNDROMES = (
    (r"insulin[oó]m", "insulinoma"),
    (r"gastrin[oó]m|zollinger", "gastrinoma"),
    (r"vip[oó]m|verner", "vipoma"),
    (r"glu[ck]agon[oó]m", "glucagonoma"),
    (r"somatostatin[oó]m", "somatostatinoma"),
)
NET_WORDS = re.compile(
    r"neuro-?\s?endo[ck]rin|[ck]ar[ck]inoid|\bcarcino[iï]de|karzinoid|\b(?:p|gep-?|si-?)?nets?\s?g[123]\b|"
    r"\bgep-?ne[ntc]\b|\bpnet\b|\bminen\b|\bmanec\b|" + "|".join(pattern for pattern, _name in _WORD_SYNDROMES)
)
# As an abbreviation in capitals: “NET des Ileums”, “pNET”. “NEC” also means “not elsewhere classified”.
NET_ABBREVIATION = re.compile(r"\b(?:p|si-?|GEP-?|SI-?)?NE[TN]s?\b")
NOT_NET_WORDS = re.compile(
    r"primitive neuro|peripheral neuro|\bnon-?neuro|without neuroendocrine|merkel|medullary thyroid|"
    r"ph(?:a|e|ae)ochromo|paragangliom|neuroblastom"
)
SMALL_CELL_LUNG = re.compile(
    r"small[- ]cell (?:carcinoma|cancer) of (?:the )?lung|small[- ]cell lung|\bsclc\b|kleinzellig"
)
POOR_WORDS = re.compile(
    r"poorly[- ]differentiated|undifferentiated neuro|schlecht differenziert|"
    r"neuroendo[ck]rine?s? (?:[ck]arcinoma|karzinom)|"
    r"\bgep-?nec\b|\bnec\b|small cell neuro|large cell neuro|carcinoma neuroendocrin|carcinome neuroendocrin"
)
WELL_WORDS = re.compile(
    # a “tumor” with a grade, not a “carcinoma”, is the well differentiated one (WHO 2019)
    r"neuroendo[ck]rin(?:e|er)? tumou?r,? ?(?:of [\w ]{3,30},? )?(?:g|grade|grad) ?[123]\b|\bnet\b.{0,25}\bg ?[123]\b|"
    r"well[- ]differentiated|gut differenziert|bien diff?[ée]renci|typical carcinoid|carcinoid tumor|"
    r"ben differenziat"
)
MIXED_WORDS = re.compile(r"\bmi?xed neuro|\bminen\b|\bmanec\b|mixed adenoneuro|gemischt")
GRADE_WORDS = re.compile(r"\b(?:net|tumou?r|grade|grad|grado)?[ ,]*\bg ?([123])\b|\bgrade ([123])\b")

# Words of a site, in the languages of example files; first hit wins.
SITE_WORDS = (
    (r"pancrea|pankrea|p[áa]ncrea|bauchspeichel", "pancreas"),
    (r"duoden|ampull|papilla", "duodenum_ampulla"),
    (
        r"jejun|\bile[ua]|small (?:bowel|intestin)|midgut|d[üu]nndarm|intestino delgado|intestin gr[êe]le|yeyuno",
        "jejunum_ileum",
    ),
    (r"append[ie]|blinddarm", "appendix"),
    (r"stomach|gastric|magen|est[óo]mago|estomac|stomaco", "stomach"),
    (r"rectum|rectal|rekt|recto", "rectum"),
    (r"cecum|caecum|col[oó]n|colic|large intestin|sigmoid|dickdarm", "cecum_colon"),
    (r"lung|bronch|pulmon|lunge|polmon|poumon", "lung"),
    (r"thym(?!o?us gland)|timo\b", "thymus"),
    (r"unknown primary|unspecified site|unbekannt", "unknown"),
)
METASTATIC_WORDS = (
    (r"liver|hepat|leber|h[ií]gado|foie|fegato", "liver"),
    (r"lymph|nod[ea]|lymphknoten|ganglio|linfono", "lymph_nodes"),
    (r"bone|osse|skelet|knochen|hueso|\bos\b|spine|vertebr", "bone"),
    (r"periton|mesenter|omentum", "peritoneum"),
    (r"lung|pulmon|lunge|polmon|poumon", "lung"),
    (r"brain|cerebr|gehirn|hirn", "brain"),
    (r"adrenal|nebenniere", "adrenal"),
    (r"ovar", "ovary"),
    (r"pleura", "pleura"),
    (r"skin|cutane|haut\b", "skin"),
)
SECONDARY_WORDS = re.compile(
    r"secondary (?:malignant|neuroendocrine|carcinoid|cancer|tumou?r|neoplasm)|metasta|sekund[äa]re b[öo]sartige|"
    r"neoplasia (?:maligna )?secundaria|filia"
)
CANCER_WORDS = re.compile(
    r"malignan|cancer|carcinom|[ck]arzinom|\bkrebs|b[öo]sartig|sarcom|lymphom|leu[ck][aä]?emi|melanom|myelom|blastom|"
    r"gliom|neoplasm of|maligna|mali[gn]+e|c[áa]ncer|tumore|tumeur|carcinoid|neuroendo[ck]rin|mesotheliom|"
    r"germ cell tumor|insulinoma|gastrinoma|glucagonoma|vipoma|somatostatinoma"
)
NOT_CANCER_WORDS = re.compile(
    r"rule[- ]out|ausschluss|verdacht auf|"
    r"history of|family history|h/o |screening|suspected|suspicion|at risk|risk of|fear of|benign|polyp|"
    r"carcinoid syndrome|karzinoid-?\s?syndrom|carcinoid heart|premalignant|precancer|exposure to|no evidence|in situ|"
    r"anamnese|encounter for|leukemoid|malignant hypertension|malignant hyperthermia|hypertension|associated with"
)
# Says that there is a cancer, not which.
BARE_CANCER = re.compile(
    r"(?:(?:primary|metastatic|malignant|unspecified) ?)*(?:neoplastic disease|neoplasm|cancer|tumou?r|carcinoma)?"
    r"(?: of (?:unknown|unspecified) (?:origin|site|primary))?(?: \((?:disorder|morphologic abnormality)\))?"
)
_CANCER_ICD = re.compile(r"C(?:[0-6]\d|7[0-6A]|8[0-9]|9[0-7]|4A)|D3A")
_SECONDARY_ICD = re.compile(r"C(?:7[7-9]|7B)")


def syndrome_in(words: str) -> str:
    """The functional syndrome that words name, or empty."""
    if re.search(
        r"carcinoid syndrome|karzinoid-?\s?syndrom|carcinoid heart|s[ií]ndrome carcinoide|syndrome carcino", words
    ):
        return "carcinoid"
    return next((name for pattern, name in _WORD_SYNDROMES if re.search(pattern, words)), "")


def icd_class(code: str) -> str:
    """``primary``, ``secondary`` or empty for an ICD-10 code of any edition."""
    bare = code.upper().replace(".", "")
    if _SECONDARY_ICD.match(bare):
        return "secondary"
    return "primary" if _CANCER_ICD.match(bare) else ""


def by_prefix(code: str, table: tuple[tuple[str, str], ...]) -> str:
    """The first entry whose prefix the code (dots removed) starts with, or empty."""
    bare = code.upper().replace(".", "")
    return next((value for prefix, value in table if bare.startswith(prefix)), "")


def by_icd(code: str, table: dict[str, TumorCode]) -> TumorCode | None:
    """The longest entry that the code falls under: C7A.0121 is C7A.012."""
    bare = code.upper().replace(".", "")
    found = [key for key in table if bare.startswith(key.replace(".", ""))]
    return table[max(found, key=len)] if found else None


def by_words(words: str, table: tuple[tuple[str, str], ...]) -> str:
    """The first entry whose pattern stands in the words, or empty."""
    return next((value for pattern, value in table if re.search(pattern, words)), "")


def morphology(code: str) -> tuple[str, str]:
    """Type and behavior of an ICD-O-3 code in any spelling: 8240/3, M8240/3, 82403, 80463/3 → ("8240", "3")."""
    match = re.match(r"M?[- ]?(\d{4})(\d*)(?:/(\d))?", code.strip().upper())
    return (match[1], match[3] or match[2][-1:]) if match else ("", "")
