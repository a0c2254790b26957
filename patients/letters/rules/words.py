"""What a letter says about scans, days and people in each language that we can write. Pure.

Greetings use the full name: the record knows a sex, not a form of address. What to bring and to tell us is asked of
everybody who gets that kind of scan; it gives no instruction that only the department can give.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.utils import translation
from django.utils.dateformat import format as formatted

from careteam.web.words import language_info, language_name
from patients.imaging.rules import StudyModality, is_lab
from patients.letters.rules.kinds import TO_GP, LetterKind

SHIPPED = ("en", "de", "fr", "es", "it")
FALLBACK = "en"
# A team may word its letters in these; days are said in them, greetings and scans are the text's own.
OTHERS = (
    "ar", "bg", "bs", "cs", "da", "el", "fa", "fi", "he", "hr", "hu", "lt", "lv", "mk",
    "nb", "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sr", "sv", "tr", "uk", "ur", "vi",
)  # fmt: skip

SCANS: dict[str, dict[str, str]] = {
    "en": {
        "ct": "CT scan",
        "mri": "MRI scan",
        "sstr_pet": "PET scan (somatostatin receptor PET)",
        "fdg_pet": "PET scan (FDG PET)",
        "us": "ultrasound scan",
        "echo": "heart ultrasound (echocardiography)",
        "scintigraphy": "scintigraphy",
        "xray": "X-ray",
        "cga": "blood test (chromogranin A)",
        "hiaa": "urine or blood test (5-HIAA)",
        "nse": "blood test (NSE)",
        "ntprobnp": "blood test (NT-proBNP)",
        "prrt_labs": "blood test (blood count, kidneys, liver)",
        "other": "scan",
    },
    "de": {
        "ct": "Computertomografie (CT)",
        "mri": "Magnetresonanztomografie (MRT)",
        "sstr_pet": "PET-Untersuchung (Somatostatinrezeptor-PET)",
        "fdg_pet": "PET-Untersuchung (FDG-PET)",
        "us": "Ultraschalluntersuchung",
        "echo": "Herzultraschall (Echokardiografie)",
        "scintigraphy": "Szintigrafie",
        "xray": "Röntgenuntersuchung",
        "cga": "Blutuntersuchung (Chromogranin A)",
        "hiaa": "Urin- oder Blutuntersuchung (5-HIES)",
        "nse": "Blutuntersuchung (NSE)",
        "ntprobnp": "Blutuntersuchung (NT-proBNP)",
        "prrt_labs": "Blutuntersuchung (Blutbild, Nieren, Leber)",
        "other": "bildgebende Untersuchung",
    },
    "fr": {
        "ct": "scanner (TDM)",
        "mri": "IRM",
        "sstr_pet": "TEP (récepteurs de la somatostatine)",
        "fdg_pet": "TEP au FDG",
        "us": "échographie",
        "echo": "échographie du cœur (échocardiographie)",
        "scintigraphy": "scintigraphie",
        "xray": "radiographie",
        "cga": "prise de sang (chromogranine A)",
        "hiaa": "analyse d’urine ou de sang (5-HIAA)",
        "nse": "prise de sang (NSE)",
        "ntprobnp": "prise de sang (NT-proBNP)",
        "prrt_labs": "prise de sang (numération, reins, foie)",
        "other": "examen d’imagerie",
    },
    "es": {
        "ct": "tomografía computarizada (TC)",
        "mri": "resonancia magnética (RM)",
        "sstr_pet": "PET (receptores de somatostatina)",
        "fdg_pet": "PET con FDG",
        "us": "ecografía",
        "echo": "ecografía del corazón (ecocardiografía)",
        "scintigraphy": "gammagrafía",
        "xray": "radiografía",
        "cga": "análisis de sangre (cromogranina A)",
        "hiaa": "análisis de orina o de sangre (5-HIAA)",
        "nse": "análisis de sangre (NSE)",
        "ntprobnp": "análisis de sangre (NT-proBNP)",
        "prrt_labs": "análisis de sangre (hemograma, riñones, hígado)",
        "other": "prueba de imagen",
    },
    "it": {
        "ct": "tomografia computerizzata (TC)",
        "mri": "risonanza magnetica (RM)",
        "sstr_pet": "PET (recettori della somatostatina)",
        "fdg_pet": "PET con FDG",
        "us": "ecografia",
        "echo": "ecografia del cuore (ecocardiografia)",
        "scintigraphy": "scintigrafia",
        "xray": "radiografia",
        "cga": "esame del sangue (cromogranina A)",
        "hiaa": "esame delle urine o del sangue (5-HIAA)",
        "nse": "esame del sangue (NSE)",
        "ntprobnp": "esame del sangue (NT-proBNP)",
        "prrt_labs": "esame del sangue (emocromo, reni, fegato)",
        "other": "esame di imaging",
    },
}

PREPARATION: dict[str, dict[str, str]] = {
    "en": {
        "bring": "Please bring this letter, and images from other hospitals if you have any.",
        "letter": "Please bring this letter.",
        "acid": "Call us beforehand if you take medicines against stomach acid. Do not stop them on your own.",
        "diet": "Call us some days beforehand: we tell you what not to eat before this test.",
        "contrast": "Call us beforehand if you have ever reacted to a contrast agent or have a kidney disease.",
        "metformin": "Call us beforehand if you take metformin.",
        "diabetes": "Call us beforehand if you have diabetes: meals and medicines must fit the time of the scan.",
        "implants": "Call us beforehand if you have a pacemaker, an implant or any other metal in your body.",
        "narrow": "Tell us if narrow spaces frighten you. We can help.",
        "injection": "Call us beforehand if you get injections of lanreotide or octreotide: "
        "the day of the injection must fit the scan.",
        "pregnant": "Call us beforehand if you are or could be pregnant, or if you are breastfeeding.",
        "interpreter": "If you need an interpreter, tell us when you call.",
        "transport": "If you cannot come by yourself, tell us when you call.",
    },
    "de": {
        "letter": "Bitte bringen Sie diesen Brief mit.",
        "acid": "Rufen Sie uns vorher an, wenn Sie Medikamente gegen Magensäure einnehmen. Setzen Sie sie nicht von "
        "sich aus ab.",
        "diet": "Rufen Sie uns einige Tage vorher an: Wir sagen Ihnen, was Sie vor dieser Untersuchung nicht essen "
        "sollten.",
        "bring": "Bitte bringen Sie diesen Brief mit, und Aufnahmen aus anderen Häusern, falls Sie welche haben.",
        "contrast": "Rufen Sie uns vorher an, wenn Sie schon einmal auf ein Kontrastmittel reagiert haben oder eine "
        "Nierenerkrankung haben.",
        "metformin": "Rufen Sie uns vorher an, wenn Sie Metformin einnehmen.",
        "diabetes": "Rufen Sie uns vorher an, wenn Sie Diabetes haben: Mahlzeiten und Medikamente müssen zur Uhrzeit "
        "der Untersuchung passen.",
        "implants": "Rufen Sie uns vorher an, wenn Sie einen Herzschrittmacher, ein Implantat oder anderes Metall im "
        "Körper haben.",
        "narrow": "Sagen Sie uns, wenn enge Räume Ihnen Angst machen. Wir können helfen.",
        "injection": "Rufen Sie uns vorher an, wenn Sie Spritzen mit Lanreotid oder Octreotid bekommen: Der Tag der "
        "Spritze muss zur Untersuchung passen.",
        "pregnant": "Rufen Sie uns vorher an, wenn Sie schwanger sind oder sein könnten oder wenn Sie stillen.",
        "interpreter": "Wenn Sie eine Dolmetscherin oder einen Dolmetscher brauchen, sagen Sie es uns am Telefon.",
        "transport": "Wenn Sie nicht allein kommen können, sagen Sie es uns am Telefon.",
    },
    "fr": {
        "letter": "Merci d’apporter cette lettre.",
        "acid": "Appelez-nous avant si vous prenez des médicaments contre l’acidité de l’estomac. Ne les arrêtez pas "
        "de vous-même.",
        "diet": "Appelez-nous quelques jours avant : nous vous dirons ce qu’il ne faut pas manger avant cet examen.",
        "bring": "Merci d’apporter cette lettre, ainsi que les images d’autres hôpitaux si vous en avez.",
        "contrast": "Appelez-nous avant si vous avez déjà réagi à un produit de contraste ou si vous avez une maladie "
        "des reins.",
        "metformin": "Appelez-nous avant si vous prenez de la metformine.",
        "diabetes": "Appelez-nous avant si vous êtes diabétique : repas et médicaments doivent s’accorder avec l’heure "
        "de l’examen.",
        "implants": "Appelez-nous avant si vous portez un stimulateur cardiaque, un implant ou tout autre objet "
        "métallique dans le corps.",
        "narrow": "Dites-nous si les espaces étroits vous font peur. Nous pouvons vous aider.",
        "injection": "Appelez-nous avant si vous recevez des injections de lanréotide ou d’octréotide : le jour de "
        "l’injection doit s’accorder avec l’examen.",
        "pregnant": "Appelez-nous avant si vous êtes enceinte ou pourriez l’être, ou si vous allaitez.",
        "interpreter": "Si vous avez besoin d’un interprète, dites-le-nous au téléphone.",
        "transport": "Si vous ne pouvez pas venir par vos propres moyens, dites-le-nous au téléphone.",
    },
    "es": {
        "letter": "Traiga esta carta.",
        "acid": "Llámenos antes si toma medicamentos contra la acidez del estómago. No los deje por su cuenta.",
        "diet": "Llámenos unos días antes: le diremos qué no debe comer antes de esta prueba.",
        "bring": "Traiga esta carta y las imágenes de otros hospitales, si las tiene.",
        "contrast": "Llámenos antes si alguna vez ha tenido una reacción a un medio de contraste o si tiene una "
        "enfermedad de los riñones.",
        "metformin": "Llámenos antes si toma metformina.",
        "diabetes": "Llámenos antes si tiene diabetes: las comidas y los medicamentos deben ajustarse a la hora de la "
        "prueba.",
        "implants": "Llámenos antes si lleva un marcapasos, un implante u otro metal en el cuerpo.",
        "narrow": "Díganos si los espacios estrechos le dan miedo. Podemos ayudarle.",
        "injection": "Llámenos antes si recibe inyecciones de lanreotida u octreotida: el día de la inyección debe "
        "ajustarse a la prueba.",
        "pregnant": "Llámenos antes si está o pudiera estar embarazada, o si está dando el pecho.",
        "interpreter": "Si necesita un intérprete, díganoslo por teléfono.",
        "transport": "Si no puede venir por su cuenta, díganoslo por teléfono.",
    },
    "it": {
        "letter": "Porti con sé questa lettera.",
        "acid": "Ci chiami prima se prende medicine contro l’acidità di stomaco. Non le sospenda di Sua iniziativa.",
        "diet": "Ci chiami qualche giorno prima: Le diremo che cosa non mangiare prima di questo esame.",
        "bring": "Porti con sé questa lettera e le immagini di altri ospedali, se ne ha.",
        "contrast": "Ci chiami prima se ha già avuto una reazione a un mezzo di contrasto o se ha una malattia dei "
        "reni.",
        "metformin": "Ci chiami prima se prende metformina.",
        "diabetes": "Ci chiami prima se ha il diabete: pasti e farmaci devono adattarsi all’ora dell’esame.",
        "implants": "Ci chiami prima se ha un pacemaker, un impianto o altro metallo nel corpo.",
        "narrow": "Ci dica se gli spazi stretti Le fanno paura. Possiamo aiutarla.",
        "injection": "Ci chiami prima se riceve iniezioni di lanreotide o octreotide: il giorno dell’iniezione deve "
        "adattarsi all’esame.",
        "pregnant": "Ci chiami prima se è o potrebbe essere incinta, o se allatta.",
        "interpreter": "Se ha bisogno di un interprete, ce lo dica al telefono.",
        "transport": "Se non può venire con i propri mezzi, ce lo dica al telefono.",
    },
}
_ASKED: dict[str, tuple[str, ...]] = {
    StudyModality.CT: ("contrast", "metformin", "pregnant"),
    StudyModality.MRI: ("contrast", "implants", "narrow", "pregnant"),
    StudyModality.SSTR_PET: ("injection", "contrast", "pregnant", "narrow"),
    StudyModality.FDG_PET: ("diabetes", "contrast", "pregnant", "narrow"),
    StudyModality.SCINTIGRAPHY: ("injection", "pregnant"),
    StudyModality.XRAY: ("pregnant",),
    StudyModality.CGA: ("acid",),
    StudyModality.HIAA: ("diet",),
}
_TO_PATIENT = {
    "en": "Dear {},",
    "de": "Guten Tag {},",
    "fr": "Bonjour {},",
    "es": "Buenos días, {}:",
    "it": "Gentile {},",
}
_TO_COLLEAGUE = {
    "en": "Dear colleague,",
    "de": "Sehr geehrte Kollegin, sehr geehrter Kollege,",
    "fr": "Chère consœur, cher confrère,",
    "es": "Estimada colega, estimado colega:",
    "it": "Gentile collega,",
}
_DATES = {"en": "l, j F Y", "de": "l, j. F Y", "fr": "l j F Y", "es": r"l, j \d\e F \d\e Y", "it": "l j F Y"}
_BORN = {"de": "d.m.Y", "fr": "d/m/Y", "es": "d/m/Y", "it": "d/m/Y"}


def direction(language: str) -> str:
    """`rtl` for languages written from right to left."""
    return "rtl" if language_info(language).get("bidi") else "ltr"


def languages() -> list[tuple[str, str]]:
    """Languages that a team may write its texts in, by name; the shipped ones first."""
    others = sorted(((code, language_name(code)) for code in OTHERS), key=lambda pair: pair[1])
    return [(code, language_name(code)) for code in SHIPPED] + others


def fallback_words(wanted: str, used: str) -> str:
    """Which language a letter does without; empty where it is in the wanted one, or none is known."""
    if not wanted or wanted == used:
        return ""
    return f"No {language_name(wanted)} text exists; {language_name(used)} is used."


def salutation(kind: LetterKind, language: str, name: str) -> str:
    """The greeting line; empty in a language of which we have no words."""
    if kind in TO_GP:
        return _TO_COLLEAGUE.get(language, "")
    return _TO_PATIENT.get(language, "").format(name) if language in _TO_PATIENT else ""


def scan_words(modality: str, language: str) -> str:
    known = SCANS.get(language, {})
    return known.get(modality, known.get(StudyModality.OTHER, ""))


def preparation_words(modality: str, language: str, *, sex: str, extra: Iterable[str] = ()) -> tuple[str, ...]:
    """What to bring and to tell us before this kind of scan, a sentence each. `extra` are further codes."""
    known = PREPARATION.get(language, {})
    codes = ["letter" if is_lab(modality) else "bring", *_ASKED.get(modality, ()), *extra]
    return tuple(known[code] for code in codes if code in known and not (code == "pregnant" and sex == "male"))


def date_words(on: date, language: str) -> str:
    """`Thursday, 3 December 2026` in the language of the letter."""
    with translation.override(language if language_info(language) else FALLBACK):
        words = formatted(on, _DATES.get(language, "j F Y"))
    if language == "it":
        return words.lower()  # Django capitalizes what Italian does not
    return words.replace(" 1 ", " 1er ", 1) if language == "fr" and on.day == 1 else words


def born_words(on: date, language: str) -> str:
    """A date of birth: digits where the language writes them so, else with the month as a word."""
    with translation.override(language if language_info(language) else FALLBACK):
        return formatted(on, _BORN.get(language, "j F Y"))
