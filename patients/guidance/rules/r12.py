"""R12: an embolization ahead, and something that an interventional radiologist would want to know first."""

from patients.guidance.rules.base import Finding, Hit, Matched, Rule, of_line, weighed
from patients.guidance.rules.facts import BILIRUBIN, ECOG, Snapshot

# Kind of flag: its words, and the number that it rests on ("" for none).
_CAUTIONS = {
    "portal_vein": ("Portal vein thrombosis", ""),
    "biliary_stent": ("Biliary stent or anastomosis", "tace.stent"),
    "ascites": ("Ascites", "tace.ascites"),
}


def _flags(s: Snapshot) -> list[Hit]:
    found = ((s.flag(kind), label, code) for kind, (label, code) in _CAUTIONS.items())
    return [
        Hit(Matched(label, flag.detail or "yes", flag.on), code)
        for flag, label, code in found
        if flag is not None and flag.state == "present"
    ]


def _values(s: Snapshot, kind: str) -> list[Hit]:
    hits = []
    bilirubin, ecog = s.labs.get(BILIRUBIN), s.labs.get(ECOG)
    if bilirubin is not None and bilirubin.value is not None:
        limit = f"{kind}.bilirubin"
        if bilirubin.value > s.numbers[limit].value:
            words = f"{bilirubin.words}, above {s.numbers[limit].words}"
            hits.append(Hit(Matched("Bilirubin", words, bilirubin.on), limit))
    if s.liver is not None and s.liver.burden is not None and s.liver.burden > s.numbers[f"{kind}.burden"].value:
        words = f"{s.liver.burden} % of the liver, above {s.numbers[f'{kind}.burden'].words}"
        hits.append(Hit(Matched("Burden", words, s.liver.on), f"{kind}.burden"))
    if kind == "tace" and ecog is not None and ecog.value is not None and ecog.value > s.numbers["tace.ecog"].value:
        hits.append(Hit(Matched("ECOG", ecog.words, ecog.on), "tace.ecog"))
    return hits


def _missing(s: Snapshot) -> list[str]:
    missing = []
    if s.lab(BILIRUBIN) is None:
        missing.append("bilirubin")
    if not s.was_asked("portal_vein"):
        missing.append("portal vein")
    if not s.was_asked("biliary_stent"):
        missing.append("biliary stent or anastomosis")
    if s.liver is None or s.liver.burden is None:
        missing.append("liver burden")
    return missing


def check(s: Snapshot) -> Finding | None:
    ahead = s.ahead("embolization")
    if not ahead:
        return None
    kind = "tare" if any(line.is_tare for line in ahead) else "tace"
    hits, missing = [*_flags(s), *_values(s, kind)], _missing(s)
    text = "" if hits else "Before embolization: not everything is known that speaks against it."
    return weighed(s, hits, about=[of_line(line) for line in ahead], missing=missing, missing_raises=True, text=text)


RULE = Rule(
    rule="R12",
    version=1,
    title="Before embolization",
    condition=(
        "Embolization proposed or planned, and portal vein thrombosis, stent or anastomosis, ascites, bilirubin, "
        "liver burden or ECOG above the limit, or one of them not known"
    ),
    text="Interventional radiology: mind what is listed.",
    source="Published cautions and series",
    tag="V2",
    limits="Portal vein thrombosis is a caution, no absolute contraindication. Anatomy is for the radiologist.",
    check=check,
    alternatives=(
        "Embolization of a smaller part",
        "Systemic therapy",
        "TAE instead of TARE, or the reverse",
        "Wait and correct",
    ),
    numbers=(
        "tace.bilirubin",
        "tace.burden",
        "tace.ecog",
        "tace.stent",
        "tace.ascites",
        "tare.bilirubin",
        "tare.burden",
    ),
)
