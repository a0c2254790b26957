"""Drugs against neuroendocrine and other tumors: ATC, RxNorm ingredients, and names in several languages."""

import re
from dataclasses import dataclass

from patients.fhir.rules.codes.systems import Tag
from patients.fhir.rules.facts import Modality

M = Modality


@dataclass(frozen=True, slots=True)
class Agent:
    """One substance. ``names`` are matched as the beginning of a word: “octreotid” finds Octreotid and octreotide."""

    name: str
    modality: Modality
    atc: tuple[str, ...] = ()
    rxnorm: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    tag: Tag = Tag.P


AGENTS = (
    Agent(
        "lutetium oxodotreotide",
        M.PRRT,
        ("V10XX04",),
        (),
        ("lutetium", "177lu", "lu-177", "lu 177", "lutathera", "dotatate lu"),
    ),
    Agent(
        "octreotide", M.SSA, ("H01CB02",), ("7617",), ("octreotid", "sandostatin", "bynfezia", "mycapssa", "octréotid")
    ),
    Agent("lanreotide", M.SSA, ("H01CB03",), ("52442",), ("lanreotid", "lanréotid", "somatuline", "ipstyl")),
    Agent("pasireotide", M.SSA, ("H01CB05",), (), ("pasireotid", "signifor")),
    Agent("everolimus", M.TARGETED, ("L01EG02",), ("141704",), ("everolim", "évérolim", "afinitor", "votubia")),
    Agent("sunitinib", M.TARGETED, ("L01EX01",), ("357977",), ("sunitinib", "sutent")),
    Agent("cabozantinib", M.TARGETED, ("L01EX07",), ("1363268",), ("cabozantinib", "cabometyx", "cometriq")),
    Agent("surufatinib", M.TARGETED, (), (), ("surufatinib", "sulanda")),
    Agent("belzutifan", M.TARGETED, ("L01XX74",), (), ("belzutifan", "welireg")),
    Agent("bevacizumab", M.TARGETED, ("L01FG01",), ("253337",), ("bevacizumab", "avastin")),
    Agent(
        "temozolomide", M.CHEMOTHERAPY, ("L01AX03",), ("37776",), ("temozolomid", "témozolomid", "temodal", "temodar")
    ),
    Agent("capecitabine", M.CHEMOTHERAPY, ("L01BC06",), ("194000",), ("capecitabin", "capécitabin", "xeloda")),
    Agent("cisplatin", M.CHEMOTHERAPY, ("L01XA01",), ("2555",), ("cisplatin", "cisplatyn", "cisplatino")),
    Agent("carboplatin", M.CHEMOTHERAPY, ("L01XA02",), ("40048",), ("carboplatin", "paraplatin")),
    Agent("oxaliplatin", M.CHEMOTHERAPY, ("L01XA03",), ("32592",), ("oxaliplatin", "eloxatin")),
    Agent("etoposide", M.CHEMOTHERAPY, ("L01CB01",), ("4179",), ("etoposid", "étoposid", "vepesid", "etopophos")),
    Agent("irinotecan", M.CHEMOTHERAPY, ("L01CE02",), ("51499",), ("irinote", "camptosar", "onivyde")),
    Agent("topotecan", M.CHEMOTHERAPY, ("L01CE01",), ("57308",), ("topotecan", "hycamtin")),
    Agent(
        "fluorouracil",
        M.CHEMOTHERAPY,
        ("L01BC02",),
        ("4492",),
        ("fluorouracil", "5-fu", "fluoro-uracil", "fluorouracilo"),
    ),
    Agent("streptozocin", M.CHEMOTHERAPY, ("L01AD04",), ("10114",), ("streptozo", "zanosar")),
    Agent("dacarbazine", M.CHEMOTHERAPY, ("L01AX04",), ("3098",), ("dacarbazin",)),
    Agent("doxorubicin", M.CHEMOTHERAPY, ("L01DB01",), ("3639",), ("doxorubicin", "adriamycin", "caelyx", "doxil")),
    Agent(
        "paclitaxel", M.CHEMOTHERAPY, ("L01CD01",), ("56946",), ("paclitaxel", "taxol", "abraxane", "nab-paclitaxel")
    ),
    Agent("docetaxel", M.CHEMOTHERAPY, ("L01CD02",), ("72962",), ("docetaxel", "taxotere")),
    Agent("gemcitabine", M.CHEMOTHERAPY, ("L01BC05",), ("12574",), ("gemcitabin", "gemzar")),
    Agent("cyclophosphamide", M.CHEMOTHERAPY, ("L01AA01",), ("3002",), ("cyclophosphamid", "cytoxan", "endoxan")),
    Agent("vincristine", M.CHEMOTHERAPY, ("L01CA02",), ("11202",), ("vincristin",)),
    Agent("idarubicin", M.CHEMOTHERAPY, ("L01DB06",), ("5650",), ("idarubicin",)),
    Agent("epirubicin", M.CHEMOTHERAPY, ("L01DB03",), ("3995",), ("epirubicin",)),
    Agent("methotrexate", M.OTHER_SYSTEMIC, ("L01BA01",), (), ()),  # by L01 code only: the same name treats arthritis
    Agent("pemetrexed", M.CHEMOTHERAPY, ("L01BA04",), ("68446",), ("pemetrexed", "alimta")),
    Agent("mitomycin", M.CHEMOTHERAPY, ("L01DC03",), ("632",), ("mitomycin",)),
    Agent("trifluridine/tipiracil", M.CHEMOTHERAPY, ("L01BC59",), (), ("trifluridin", "lonsurf")),
    Agent("pembrolizumab", M.IMMUNOTHERAPY, ("L01FF02",), ("1547545",), ("pembrolizumab", "keytruda")),
    Agent("nivolumab", M.IMMUNOTHERAPY, ("L01FF01",), ("1597876",), ("nivolumab", "opdivo")),
    Agent("ipilimumab", M.IMMUNOTHERAPY, ("L01FX04",), ("1094833",), ("ipilimumab", "yervoy")),
    Agent("atezolizumab", M.IMMUNOTHERAPY, ("L01FF05",), ("1792776",), ("atezolizumab", "tecentriq")),
    Agent("durvalumab", M.IMMUNOTHERAPY, ("L01FF03",), ("1919503",), ("durvalumab", "imfinzi")),
    Agent(
        "interferon alfa",
        M.INTERFERON,
        ("L03AB05", "L03AB10", "L03AB11", "L03AB04"),
        ("5880",),
        ("interferon alfa", "interferon alpha", "interferon-alfa", "interferón alfa", "peginterferon alfa", "intron a"),
    ),
    Agent("trastuzumab", M.TARGETED, ("L01FD01",), ("224905",), ("trastuzumab", "herceptin")),
    Agent("gefitinib", M.TARGETED, ("L01EB01",), ("328134",), ("gefitinib", "iressa")),
    Agent("erlotinib", M.TARGETED, ("L01EB02",), ("337525",), ("erlotinib", "tarceva")),
    Agent("imatinib", M.TARGETED, ("L01EA01",), ("282388",), ("imatinib", "gle?evec")),
    Agent("sorafenib", M.TARGETED, ("L01EX02",), ("495881",), ("sorafenib", "nexavar")),
    Agent("lenvatinib", M.TARGETED, ("L01EX08",), ("1603296",), ("lenvatinib", "lenvima")),
    Agent("pazopanib", M.TARGETED, ("L01EX03",), ("714438",), ("pazopanib", "votrient")),
    Agent("palbociclib", M.TARGETED, ("L01EF01",), ("1601374",), ("palbociclib", "ibrance")),
    Agent("leuprolide", M.HORMONE, ("L02AE02",), ("42375",), ("leuprolid", "leuproreli", "lupron", "eligard")),
    Agent("goserelin", M.HORMONE, ("L02AE03",), ("50610",), ("goserelin", "zoladex")),
    Agent("tamoxifen", M.HORMONE, ("L02BA01",), ("10324",), ("tamoxifen", "nolvadex")),
    Agent("anastrozole", M.HORMONE, ("L02BG03",), ("84857",), ("anastrozol", "arimidex")),
    Agent("letrozole", M.HORMONE, ("L02BG04",), ("72965",), ("letrozol", "femara")),
    Agent("exemestane", M.HORMONE, ("L02BG06",), ("258494",), ("exemestan", "aromasin")),
    Agent("bicalutamide", M.HORMONE, ("L02BB03",), ("83008",), ("bicalutamid", "casodex")),
    Agent("enzalutamide", M.HORMONE, ("L02BB04",), ("1307298",), ("enzalutamid", "xtandi")),
    Agent("abiraterone", M.HORMONE, ("L02BX03",), ("1100072",), ("abirateron", "zytiga")),
    Agent("telotristat", M.SYMPTOM, ("A16AX15",), (), ("telotristat", "xermelo")),
)
BY_NAME = {agent.name: agent for agent in AGENTS}
BY_ATC = {code: agent for agent in AGENTS for code in agent.atc}
BY_RXNORM = {code: agent for agent in AGENTS for code in agent.rxnorm}
_NAMES = [(re.compile(r"(?<![a-zà-ÿ])(?:" + "|".join(agent.names) + ")"), agent) for agent in AGENTS if agent.names]

# Joins a regimen but is none.
SUPPORTING = re.compile(r"(?<![a-z])(?:l(?:evo)?leucovorin|leucovorin|folinic|folinate|calciumfolinat|mesna)")
SUPPORTING_ATC = ("V03AF",)

# ATC classes for drugs not listed above.
ATC_CLASSES = (
    ("L01F", M.IMMUNOTHERAPY),
    ("L01E", M.TARGETED),
    ("L01", M.CHEMOTHERAPY),
    ("L02", M.HORMONE),
    ("V10XX", M.PRRT),
    ("V10", M.OTHER_SYSTEMIC),
    ("H01CB", M.SSA),
)
# Endings of international names that only antitumor drugs have.
ENDINGS = (
    (re.compile(r"\b([a-z]{3,}(?:platin|taxel|rubicin|tabine|trexed))\b"), M.CHEMOTHERAPY),
    (re.compile(r"\b([a-z]{3,}(?:tinib|ciclib|parib|lisib|zomib|rafenib|metinib))\b"), M.TARGETED),
)
_NOT_ANTITUMOR = frozenset(
    {"tofacitinib", "baricitinib", "upadacitinib", "emtricitabine", "ritlecitinib", "deucravacitinib"}
)


# Combinations with a name of their own. First match wins; every agent must be there.
REGIMENS = (
    ("FOLFIRINOX", frozenset({"fluorouracil", "irinotecan", "oxaliplatin"})),
    ("FOLFOX", frozenset({"fluorouracil", "oxaliplatin"})),
    ("FOLFIRI", frozenset({"fluorouracil", "irinotecan"})),
    ("CAPOX", frozenset({"capecitabine", "oxaliplatin"})),
    ("CAPTEM", frozenset({"capecitabine", "temozolomide"})),
    ("cisplatin + etoposide", frozenset({"cisplatin", "etoposide"})),
    ("carboplatin + etoposide", frozenset({"carboplatin", "etoposide"})),
    ("streptozocin + fluorouracil", frozenset({"streptozocin", "fluorouracil"})),
    ("temozolomide + bevacizumab", frozenset({"temozolomide", "bevacizumab"})),
)
# Pairs whose starts may lie up to two weeks apart (capecitabine day 1, temozolomide day 10).
PARTNERS = tuple(members for _name, members in REGIMENS)


def agents_in(atc: list[str], rxnorm: list[str], words: str) -> list[tuple[str, Modality]]:
    """The antitumor (or telotristat) agents that codes name, else those the words name. In the order of the table."""
    listed = {BY_ATC[code].name for code in atc if code in BY_ATC}
    listed |= {BY_RXNORM[code].name for code in rxnorm if code in BY_RXNORM}
    if not listed:
        listed = {agent.name for pattern, agent in _NAMES if pattern.search(words)}
    if not listed:
        listed = {
            name for regimen, members in REGIMENS if regimen.isupper() and regimen.lower() in words for name in members
        }
    if listed:
        return [(agent.name, agent.modality) for agent in AGENTS if agent.name in listed]
    for pattern, modality in ENDINGS:
        found = pattern.search(words)
        if found and found[1] not in _NOT_ANTITUMOR:
            return [(found[1], modality)]
    for prefix, modality in ATC_CLASSES:
        if any(code.startswith(prefix) for code in atc):
            return [(words.split(" | ", maxsplit=1)[0][:80] or atc[0], modality)]
    return []
