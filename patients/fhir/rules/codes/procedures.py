"""Procedures: what treats a tumor, what takes tissue, what only looks. SNOMED CT where read, wording otherwise."""

import re

from patients.fhir.rules.codes.systems import SNOMED, Tag
from patients.fhir.rules.facts import Modality

M, V, P = Modality, Tag.V, Tag.P

CODES: dict[tuple[str, str], tuple[Modality, Tag]] = {
    (SNOMED, "1217123003"): (M.RADIOTHERAPY, V),  # radiotherapy course of treatment, mCODE STU4
    (SNOMED, "108290001"): (M.RADIOTHERAPY, P),
    (SNOMED, "703423002"): (M.CHEMORADIATION, P),
    (SNOMED, "367336001"): (M.CHEMOTHERAPY, P),
    (SNOMED, "107963000"): (M.SURGERY, P),  # liver excision
    (SNOMED, "18027006"): (M.TRANSPLANT, P),  # transplantation of liver
}

# First hit wins: the narrow before the broad. Searched in displays and texts, lower case.
TREATMENTS = (
    (r"radio-?emboli[sz]|\btare\b|\bsirt\b|y-?90|yttrium|selective internal radi", M.TARE),
    (r"chemo-?emboli[sz]|\btace\b|deb-?tace|chimio-?emboli|quimio-?emboli|chemoembolisation", M.TACE),
    (r"(?:hepatic|liver|leber|h[ée]pati|tumou?r).{0,30}emboli[sz]|\btae\b|bland emboli|transarterial emboli", M.TAE),
    (
        r"radioaktiven? rezeptor|peptide receptor radio|\bprrt\b|lutetium|177 ?lu|lu-?177|radioligand|radiopeptid",
        M.PRRT,
    ),
    (r"liver transplant|transplantation of liver|lebertransplant|trasplante hep[áa]tico", M.TRANSPLANT),
    (r"combined chemotherapy and radi|chemo-?radi|radio-?chemo", M.CHEMORADIATION),
    (r"(?:radiofrequency|microwave|thermal) ablat|cryo-?ablat|thermoablation|irreversible electropor", M.ABLATION),
    (r"ablation of (?:\w+ ){0,3}(?:liver|tumou?r|lesion|metasta)|\brfa\b|\bmwa\b", M.ABLATION),
    (r"(?:liver|tumou?r|lesion|hepatic) ablation", M.ABLATION),
    (r"radiotherap|radiation therap|teletherap|brachytherap|external beam|stereotactic body|\bsbrt\b", M.RADIOTHERAPY),
    (r"bestrahlung|strahlentherap|radioth[ée]rap|radioterap", M.RADIOTHERAPY),
    (r"immunotherap", M.IMMUNOTHERAPY),
    (r"chemotherap|chemotherapie|quimioterap|chimioth[ée]rap", M.CHEMOTHERAPY),
)
# Operations that always treat a tumor, and those that do when the reason is one.
TUMOR_SURGERY = re.compile(
    r"metastasectom|debulk|cytoreducti|"
    r"(?:excision|resection|removal|enucleation) of (?:\w+ ){0,4}(?:tumou?r|neoplasm|metasta|cancer|carcino)|"
    r"tumou?r (?:resection|excision|nephrectomy)|whipple|pancreati?coduodenectom|pankreat(?:ik)?oduodenektom|"
    r"duodenopancreatectom|hepatectom|leberteilresektion|(?:resection|excision) of (?:\w+ ){0,3}liver|liver resection"
)
SURGERY = re.compile(
    r"resection|excision|ectomy\b|ektomie|resektion|exstirpation|operation|enucleat|lobectom|wedge|resecci[óo]n|r[ée]section|"
    r"ectom[ií]a|ectomie|surgical|surgery|chirurg"
)
# Which primary tumors an operation without a stated reason is likely to have been for.
OPERATED: tuple[tuple[str, frozenset[str]], ...] = (
    (r"pancrea|pankrea|whipple", frozenset({"pancreas", "duodenum_ampulla"})),
    (r"hemi-?[ck]ole[ck]tom|ileo-?[ckz]", frozenset({"jejunum_ileum", "appendix", "cecum_colon"})),
    (r"appende[ck]tom|appendice[ck]tom", frozenset({"appendix"})),
    (r"small (?:bowel|intestin)|\bile(?:um|al)|jejun|d[üu]nndarm|enterectom", frozenset({"jejunum_ileum"})),
    (r"duoden", frozenset({"duodenum_ampulla"})),
    (r"gastre[ck]tom|stomach|magenresektion", frozenset({"stomach"})),
    (r"proctectom|re[ck]tosigmoid|anterior resection|rektum", frozenset({"rectum"})),
    (r"\bcole[ck]tom|kolektom|sigmoid|colon", frozenset({"cecum_colon"})),
    (r"lobe[ck]tom|pneumone[ck]tom|\blung|lungen", frozenset({"lung"})),
    (r"thyme[ck]tom", frozenset({"thymus"})),
)
NOT_SURGERY = re.compile(
    r"biops|polypectom|suture|vasectom|tonsil|wisdom|tooth|cataract|catheter ablation|cardioversion"
)
BIOPSY = re.compile(
    r"biops|fine needle|punktion|aspiration procedure|bone marrow (?:sampling|aspirat)|lumbar puncture|sampling"
)
ENDOSCOPY = re.compile(
    r"endoscop|colonoscop|gastroscop|bronchoscop|enteroscop|koloskop|gastroskop|\bercp\b|\beus\b|polypectom"
)
ADMISSION = re.compile(r"\badmission\b|hospitali[sz]ation|aufnahme")
INTENTS = {
    "373808002": ("curative", V),
    "363676003": ("palliative", P),
    "373847000": ("neoadjuvant", P),
    "373846009": ("adjuvant", P),
    "399707004": ("supportive", P),
    "261004008": ("diagnostic", P),
}
_WORD_INTENTS = (
    (r"neo-?adjuvant", "neoadjuvant"),
    (r"adjuvant", "adjuvant"),
    (r"curativ|kurativ", "curative"),
    (r"palliativ|paliativ", "palliative"),
    (r"supportiv", "supportive"),
)


def intent_of(codes: list[str], words: str) -> str:
    """curative, palliative, neoadjuvant, adjuvant, supportive, diagnostic, or empty."""
    listed = next((INTENTS[code][0] for code in codes if code in INTENTS), "")
    return listed or next((name for pattern, name in _WORD_INTENTS if re.search(pattern, words)), "")


_WITHOUT = re.compile(r"\b(?:ohne|without|kein\w*|sin|sans)\b[^|:;,()]*")


def sites_operated(words: str) -> frozenset[str]:
    """The primary sites that an operation so called may have been for; empty when it is none on such an organ."""
    if not SURGERY.search(words) or NOT_SURGERY.search(words) or BIOPSY.search(words) or ENDOSCOPY.search(words):
        return frozenset()
    return next((sites for pattern, sites in OPERATED if re.search(pattern, words)), frozenset())


def treatment_of(codings: list[tuple[str, str]], words: str) -> Modality | None:
    """The liver-directed, radio- or systemic treatment that codes or words name; surgery is judged with its reason."""
    listed = next((CODES[key][0] for key in codings if key in CODES), None)
    said = _WITHOUT.sub("", words)  # “Ohne Verwendung von Chemotherapeutika”
    return listed or next((modality for pattern, modality in TREATMENTS if re.search(pattern, said)), None)
