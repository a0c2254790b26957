"""Imaging: DICOM modalities, and the tracers and words that tell one PET from another."""

import re

# code → label. “sstr_pet” and “fdg_pet” are told apart by tracer words, never by the modality code alone.
KINDS = {
    "ct": "CT",
    "mri": "MRI",
    "sstr_pet": "SSTR PET",
    "fdg_pet": "FDG PET",
    "pet": "PET, tracer not stated",
    "sstr_spect": "SSTR scintigraphy",
    "nm": "Nuclear medicine",
    "us": "Ultrasound",
    "echo": "Echocardiography",
    "xray": "X-ray",
    "mammography": "Mammography",
    "angiography": "Angiography",
    "endoscopy": "Endoscopy",
    "other": "Other imaging",
}
DICOM_KINDS = {
    "CT": "ct",
    "MR": "mri",
    "PT": "pet",
    "NM": "nm",
    "ST": "nm",
    "US": "us",
    "IVUS": "us",
    "EC": "echo",
    "DX": "xray",
    "CR": "xray",
    "RF": "xray",
    "DR": "xray",
    "MG": "mammography",
    "XA": "angiography",
    "ES": "endoscopy",
}
# SNOMED CT and LOINC codings carry words; first hit wins. DSTU2 to R5 files name the modality in many ways.
WORDS = (
    (
        r"dotatat|dotato[ck]|dotanoc|sstr|somatostatin.{0,25}(?:pet|positron)|68 ?ga|ga-?68|gallium ?68|64 ?cu|cu-?64",
        "sstr_pet",
    ),
    (r"octreos?can|somatostatin.{0,25}(?:scinti|spect|scan)|tektrotyd", "sstr_spect"),
    (r"fdg|fluorodeoxyglucose|deoxyglucose", "fdg_pet"),
    (r"echocardiogra|echokardio|herzecho", "echo"),
    (r"\bpet\b|positron", "pet"),
    (r"mammogra|mammographie", "mammography"),
    (r"magnetic resonance|\bmri?\b|\bmrt\b|\bmrcp\b|\birm\b|resonancia", "mri"),
    (r"computed tomograph|computerized tomograph|\bct\b|computertomogra|tomograf[ií]a|scanner|\btac\b", "ct"),
    (r"ultraso|sonogra|[ée]chograph|ecograf", "us"),
    (r"scintigra|szintigra|\bspect\b|radionuclide|bone scan", "nm"),
    (r"x-?ray|radiograph|r[öo]ntgen|radiograf|plain (?:chest|film)", "xray"),
    (r"angiogra", "angiography"),
)
IMAGING_WORDS = re.compile("|".join(pattern for pattern, _kind in WORDS) + r"|imaging|radiolog")
NOT_IMAGING_WORDS = re.compile(r"guid(?:ance|ed)|biops|endoscop")


def kind_of(dicom: list[str], words: str) -> str:
    """The kind of study. A tracer named in words decides between PETs; a PET/CT is a PET."""
    named = next((kind for pattern, kind in WORDS if re.search(pattern, words)), "")
    by_code = [DICOM_KINDS[code.upper()] for code in dicom if code.upper() in DICOM_KINDS]
    if named in ("sstr_pet", "fdg_pet", "sstr_spect", "echo") and (
        not by_code or set(by_code) & {"pet", "nm", "us", "echo", "ct"}
    ):
        return named
    for kind in ("pet", "nm"):  # the CT of a PET/CT is not the study
        if kind in by_code:
            return kind
    return next(iter(by_code), named or "other")
