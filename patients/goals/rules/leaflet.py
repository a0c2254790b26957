"""The page that a patient takes home after a conversation: fixed sentences in plain words (level B1), five languages.
No codes, no abbreviations, no figures, nothing about the outlook. Own words stay as they were said. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.utils import translation
from django.utils.dateformat import format as formatted

from patients.goals.rules import Burden, Matter, Place, quoted
from patients.goals.rules.said import Ability, Hope, Strength

LANGUAGES = ("en", "de", "fr", "es", "it")
_DATES = {"en": "j F Y", "de": "j. F Y", "fr": "j F Y", "es": r"j \d\e F \d\e Y", "it": "j F Y"}

SENTENCES: dict[str, dict[str, str]] = {
    "title": {
        "en": "What matters to you",
        "de": "Was Ihnen wichtig ist",
        "fr": "Ce qui compte pour vous",
        "es": "Lo que le importa",
        "it": "Ciò che conta per Lei",
    },
    "talked": {
        "en": "We talked on {}.",
        "de": "Wir haben am {} gesprochen.",
        "fr": "Nous avons parlé le {}.",
        "es": "Hablamos el {}.",
        "it": "Abbiamo parlato il {}.",
    },
    "present": {
        "en": "Who was there: {}.",
        "de": "Dabei waren: {}.",
        "fr": "Étaient présents : {}.",
        "es": "Estaban presentes: {}.",
        "it": "Erano presenti: {}.",
    },
    "words": {
        "en": "In your words",
        "de": "In Ihren Worten",
        "fr": "Avec vos mots",
        "es": "Con sus palabras",
        "it": "Con le Sue parole",
    },
    "matters": {
        "en": "What is most important to you",
        "de": "Was Ihnen am wichtigsten ist",
        "fr": "Ce qui est le plus important pour vous",
        "es": "Lo más importante para usted",
        "it": "La cosa più importante per Lei",
    },
    "hopes": {
        "en": "What you hope for",
        "de": "Was Sie hoffen",
        "fr": "Ce que vous espérez",
        "es": "Lo que usted espera",
        "it": "Che cosa spera",
    },
    "strength": {
        "en": "What gives you strength",
        "de": "Was Ihnen Kraft gibt",
        "fr": "Ce qui vous donne de la force",
        "es": "Lo que le da fuerza",
        "it": "Che cosa Le dà forza",
    },
    "abilities": {
        "en": "What you want to be able to do",
        "de": "Was Sie weiter können möchten",
        "fr": "Ce que vous voulez pouvoir faire",
        "es": "Lo que quiere poder hacer",
        "it": "Che cosa vuole poter fare",
    },
    "not_wanted": {
        "en": "What you do not want",
        "de": "Was Sie nicht möchten",
        "fr": "Ce que vous ne voulez pas",
        "es": "Lo que usted no quiere",
        "it": "Che cosa non vuole",
    },
    "place": {
        "en": "Where you want to be cared for",
        "de": "Wo Sie betreut werden möchten",
        "fr": "Où vous voulez être soigné",
        "es": "Dónde quiere recibir cuidados",
        "it": "Dove vuole essere assistito",
    },
    "agreed": {
        "en": "What we agreed",
        "de": "Was wir vereinbart haben",
        "fr": "Ce que nous avons décidé ensemble",
        "es": "Lo que acordamos",
        "it": "Che cosa abbiamo deciso insieme",
    },
    "again": {
        "en": "We talk again on {}.",
        "de": "Wir sprechen am {} wieder miteinander.",
        "fr": "Nous reparlons le {}.",
        "es": "Hablamos otra vez el {}.",
        "it": "Ne riparliamo il {}.",
    },
    "change": {
        "en": "You can change your mind at any time. Tell us, and we talk again.",
        "de": "Sie können Ihre Meinung jederzeit ändern. Sagen Sie es uns, dann sprechen wir wieder.",
        "fr": "Vous pouvez changer d’avis à tout moment. Dites-le nous, et nous reparlons.",
        "es": "Puede cambiar de opinión en cualquier momento. Díganoslo y hablamos otra vez.",
        "it": "Può cambiare idea in ogni momento. Ce lo dica, e ne riparliamo.",
    },
    "yours": {
        "en": "This page is yours. You decide who reads it.",
        "de": "Dieses Blatt gehört Ihnen. Sie entscheiden, wer es liest.",
        "fr": "Cette page est à vous. Vous décidez qui la lit.",
        "es": "Esta hoja es suya. Usted decide quién la lee.",
        "it": "Questo foglio è Suo. Decide Lei chi lo legge.",
    },
}

LABELS: dict[str, dict[str, str]] = {
    Matter.HOME: {
        "en": "Being at home",
        "de": "Zu Hause sein",
        "fr": "Être à la maison",
        "es": "Estar en casa",
        "it": "Essere a casa",
    },
    Matter.CLEAR_HEAD: {
        "en": "A clear head",
        "de": "Ein klarer Kopf",
        "fr": "Garder l’esprit clair",
        "es": "Tener la mente clara",
        "it": "Una mente lucida",
    },
    Matter.LESS_PAIN: {
        "en": "Less pain",
        "de": "Weniger Schmerzen",
        "fr": "Moins de douleur",
        "es": "Menos dolor",
        "it": "Meno dolore",
    },
    Matter.MORE_TIME: {
        "en": "More time",
        "de": "Mehr Zeit",
        "fr": "Plus de temps",
        "es": "Más tiempo",
        "it": "Più tempo",
    },
    Matter.EVENT: {
        "en": "A day that you want to be there for",
        "de": "Ein Tag, den Sie erleben möchten",
        "fr": "Un jour que vous voulez vivre",
        "es": "Un día que quiere vivir",
        "it": "Un giorno che vuole vivere",
    },
    Matter.INDEPENDENCE: {
        "en": "Doing things yourself",
        "de": "Selbst zurechtkommen",
        "fr": "Faire les choses vous-même",
        "es": "Valerse por sí mismo",
        "it": "Fare le cose da solo",
    },
    Matter.FAMILY: {
        "en": "That your family does not carry too much",
        "de": "Dass Ihre Familie nicht zu viel trägt",
        "fr": "Que votre famille ne porte pas trop",
        "es": "Que su familia no cargue con demasiado",
        "it": "Che la Sua famiglia non porti troppo peso",
    },
}

NOT_WANTED: dict[str, dict[str, str]] = {
    Burden.HOSPITAL_NIGHTS: {
        "en": "Many nights in hospital for a treatment",
        "de": "Viele Nächte im Krankenhaus für eine Behandlung",
        "fr": "Beaucoup de nuits à l’hôpital pour un traitement",
        "es": "Muchas noches en el hospital por un tratamiento",
        "it": "Molte notti in ospedale per una cura",
    },
    Burden.WEEKLY_TRAVEL: {
        "en": "Long journeys every week",
        "de": "Lange Fahrten jede Woche",
        "fr": "De longs trajets chaque semaine",
        "es": "Viajes largos cada semana",
        "it": "Lunghi viaggi ogni settimana",
    },
    Burden.DAYS_IN_BED: {
        "en": "Many days in bed because of a treatment",
        "de": "Viele Tage im Bett wegen einer Behandlung",
        "fr": "Beaucoup de jours au lit à cause d’un traitement",
        "es": "Muchos días en cama por un tratamiento",
        "it": "Molti giorni a letto per una cura",
    },
    Burden.BIOPSIES: {
        "en": "More samples taken from your body",
        "de": "Weitere Gewebeproben aus Ihrem Körper",
        "fr": "D’autres prélèvements dans votre corps",
        "es": "Más muestras tomadas de su cuerpo",
        "it": "Altri prelievi dal Suo corpo",
    },
    Burden.INTENSIVE_CARE: {
        "en": "Treatment with machines in intensive care",
        "de": "Behandlung mit Maschinen auf der Intensivstation",
        "fr": "Un traitement avec des machines en réanimation",
        "es": "Tratamiento con máquinas en cuidados intensivos",
        "it": "Cure con le macchine in terapia intensiva",
    },
}

PLACES: dict[str, dict[str, str]] = {
    Place.HOME: {"en": "At home", "de": "Zu Hause", "fr": "À la maison", "es": "En casa", "it": "A casa"},
    Place.HOSPICE: {
        "en": "In a hospice",
        "de": "In einem Hospiz",
        "fr": "Dans une maison de soins",
        "es": "En una casa de cuidados",
        "it": "In un hospice",
    },
    Place.HOSPITAL: {
        "en": "In a hospital",
        "de": "In einem Krankenhaus",
        "fr": "À l’hôpital",
        "es": "En un hospital",
        "it": "In ospedale",
    },
    Place.NURSING_HOME: {
        "en": "In a nursing home",
        "de": "In einem Pflegeheim",
        "fr": "Dans une maison de retraite",
        "es": "En una residencia",
        "it": "In una casa di riposo",
    },
}

HOPES: dict[str, dict[str, str]] = {
    Hope.TIME: LABELS[Matter.MORE_TIME],
    Hope.GOOD_DAYS: {
        "en": "Good days",
        "de": "Gute Tage",
        "fr": "De bons jours",
        "es": "Días buenos",
        "it": "Giorni buoni",
    },
    Hope.GRANDCHILDREN: {
        "en": "To see your grandchildren grow",
        "de": "Ihre Enkel aufwachsen sehen",
        "fr": "Voir grandir vos petits-enfants",
        "es": "Ver crecer a sus nietos",
        "it": "Veder crescere i Suoi nipoti",
    },
    Hope.TRAVEL: {
        "en": "To travel once more",
        "de": "Noch einmal reisen",
        "fr": "Voyager encore une fois",
        "es": "Viajar otra vez",
        "it": "Viaggiare ancora una volta",
    },
    Hope.WORK: {
        "en": "To work again",
        "de": "Wieder arbeiten",
        "fr": "Travailler de nouveau",
        "es": "Volver a trabajar",
        "it": "Tornare a lavorare",
    },
    Hope.EVERYDAY: {
        "en": "An ordinary day",
        "de": "Ein ganz normaler Tag",
        "fr": "Un jour tout simple",
        "es": "Un día normal",
        "it": "Un giorno normale",
    },
    Hope.NEW_TREATMENT: {
        "en": "A new treatment",
        "de": "Eine neue Behandlung",
        "fr": "Un nouveau traitement",
        "es": "Un tratamiento nuevo",
        "it": "Una nuova cura",
    },
    Hope.STABLE: {
        "en": "That the next scan shows no change",
        "de": "Dass die nächste Untersuchung nichts Neues zeigt",
        "fr": "Que le prochain examen ne montre rien de nouveau",
        "es": "Que la próxima prueba no muestre cambios",
        "it": "Che il prossimo esame non mostri cambiamenti",
    },
    Hope.PEACE: {
        "en": "To make peace with somebody",
        "de": "Sich mit jemandem versöhnen",
        "fr": "Faire la paix avec quelqu’un",
        "es": "Hacer las paces con alguien",
        "it": "Fare pace con qualcuno",
    },
    Hope.CALM_DEATH: {
        "en": "To be calm and without pain at the end",
        "de": "Am Ende ruhig und ohne Schmerzen sein",
        "fr": "Être calme et sans douleur à la fin",
        "es": "Estar en calma y sin dolor al final",
        "it": "Essere sereno e senza dolore alla fine",
    },
}

STRENGTHS: dict[str, dict[str, str]] = {
    Strength.PARTNER: {
        "en": "Your partner",
        "de": "Ihr Partner oder Ihre Partnerin",
        "fr": "Votre compagne ou compagnon",
        "es": "Su pareja",
        "it": "Il Suo compagno o la Sua compagna",
    },
    Strength.CHILDREN: {
        "en": "Your children",
        "de": "Ihre Kinder",
        "fr": "Vos enfants",
        "es": "Sus hijos",
        "it": "I Suoi figli",
    },
    Strength.GRANDCHILDREN: {
        "en": "Your grandchildren",
        "de": "Ihre Enkel",
        "fr": "Vos petits-enfants",
        "es": "Sus nietos",
        "it": "I Suoi nipoti",
    },
    Strength.FRIENDS: {
        "en": "Your friends",
        "de": "Ihre Freunde",
        "fr": "Vos amis",
        "es": "Sus amigos",
        "it": "I Suoi amici",
    },
    Strength.FAITH: {"en": "Your faith", "de": "Ihr Glaube", "fr": "Votre foi", "es": "Su fe", "it": "La Sua fede"},
    Strength.WORK: {
        "en": "Your work",
        "de": "Ihre Arbeit",
        "fr": "Votre travail",
        "es": "Su trabajo",
        "it": "Il Suo lavoro",
    },
    Strength.NATURE: {
        "en": "The garden and nature",
        "de": "Garten und Natur",
        "fr": "Le jardin et la nature",
        "es": "El jardín y la naturaleza",
        "it": "Il giardino e la natura",
    },
    Strength.ANIMALS: {"en": "Animals", "de": "Tiere", "fr": "Les animaux", "es": "Los animales", "it": "Gli animali"},
    Strength.MUSIC: {
        "en": "Music, books, handwork",
        "de": "Musik, Bücher, Handarbeit",
        "fr": "La musique, les livres, les travaux manuels",
        "es": "La música, los libros, las manualidades",
        "it": "La musica, i libri, i lavori manuali",
    },
    Strength.HUMOR: {"en": "Laughing", "de": "Lachen", "fr": "Le rire", "es": "La risa", "it": "Le risate"},
    Strength.OTHERS_ILL: {
        "en": "Others with the same illness",
        "de": "Andere mit der gleichen Krankheit",
        "fr": "Les autres malades comme vous",
        "es": "Otras personas con la misma enfermedad",
        "it": "Altri con la stessa malattia",
    },
    Strength.TEAM: {
        "en": "The people who treat you",
        "de": "Die Menschen, die Sie behandeln",
        "fr": "Les personnes qui vous soignent",
        "es": "Las personas que le tratan",
        "it": "Le persone che La curano",
    },
}

ABILITIES: dict[str, dict[str, str]] = {
    Ability.RECOGNIZE: {
        "en": "Know your family",
        "de": "Ihre Familie erkennen",
        "fr": "Reconnaître votre famille",
        "es": "Reconocer a su familia",
        "it": "Riconoscere la Sua famiglia",
    },
    Ability.THINK: {
        "en": "Think clearly",
        "de": "Klar denken",
        "fr": "Penser clairement",
        "es": "Pensar con claridad",
        "it": "Pensare con chiarezza",
    },
    Ability.TALK: {
        "en": "Talk with others",
        "de": "Mit anderen sprechen",
        "fr": "Parler avec les autres",
        "es": "Hablar con otros",
        "it": "Parlare con gli altri",
    },
    Ability.EAT: {
        "en": "Eat with others",
        "de": "Mit anderen essen",
        "fr": "Manger avec les autres",
        "es": "Comer con otros",
        "it": "Mangiare con gli altri",
    },
    Ability.TOILET: {
        "en": "Go to the toilet alone",
        "de": "Allein zur Toilette gehen",
        "fr": "Aller seul aux toilettes",
        "es": "Ir solo al baño",
        "it": "Andare in bagno da solo",
    },
    Ability.WASH: {
        "en": "Wash and dress alone",
        "de": "Sich allein waschen und anziehen",
        "fr": "Vous laver et vous habiller seul",
        "es": "Lavarse y vestirse solo",
        "it": "Lavarsi e vestirsi da solo",
    },
    Ability.WALK: {"en": "Walk", "de": "Gehen", "fr": "Marcher", "es": "Caminar", "it": "Camminare"},
    Ability.GO_OUT: {
        "en": "Leave the house without looking for a toilet",
        "de": "Aus dem Haus gehen, ohne eine Toilette zu suchen",
        "fr": "Sortir sans chercher des toilettes",
        "es": "Salir de casa sin buscar un baño",
        "it": "Uscire di casa senza cercare un bagno",
    },
    Ability.HOME: {
        "en": "Live at home",
        "de": "Zu Hause leben",
        "fr": "Vivre à la maison",
        "es": "Vivir en casa",
        "it": "Vivere a casa",
    },
    Ability.WORK: {"en": "Work", "de": "Arbeiten", "fr": "Travailler", "es": "Trabajar", "it": "Lavorare"},
    Ability.TRAVEL: {"en": "Travel", "de": "Reisen", "fr": "Voyager", "es": "Viajar", "it": "Viaggiare"},
    Ability.CARE: {
        "en": "Look after somebody",
        "de": "Für jemanden da sein",
        "fr": "Prendre soin de quelqu’un",
        "es": "Cuidar de alguien",
        "it": "Prendersi cura di qualcuno",
    },
}

_OUTLOOK = re.compile(
    r"prognos|surviv|life expectancy|palliativ|\d+\s*(?:%|percent)|months? (?:left|to live)", re.IGNORECASE
)
_ABBREVIATION = re.compile(r"\b(?:[A-Z]{2,}[0-9]*|[A-Z]+[0-9]+)\b")


@dataclass(frozen=True)
class Part:
    """One part of the page: heading, items of a list, words that were said."""

    heading: str
    items: tuple[str, ...] = ()
    words: str = ""
    text: str = ""


@dataclass(frozen=True)
class Leaflet:
    language: str
    title: str
    opening: tuple[str, ...]
    parts: tuple[Part, ...]
    closing: tuple[str, ...]


@dataclass(frozen=True)
class Told:
    """What of a conversation may stand on the page. Texts are the patient's own words, or written for them."""

    held_on: date
    present: Sequence[str] = ()
    quote: str = ""
    matters: Sequence[str] = ()
    event: str = ""
    event_on: date | None = None
    hopes: Sequence[str] = ()
    hopes_words: str = ""
    strength: Sequence[str] = ()
    strength_words: str = ""
    abilities: Sequence[str] = ()
    abilities_words: str = ""
    not_wanted: Sequence[str] = field(default=())
    place: str = ""
    agreed: str = ""
    again_on: date | None = None


def day_words(on: date, language: str) -> str:
    """ "3 October 2026" in that language."""
    with translation.override(language):
        return formatted(on, _DATES[language])


def language_of(asked: str, spoken: str) -> str:
    """The language of the fixed sentences: the one asked for, else the patient's, else English."""
    return next((code for code in (asked, spoken.partition("-")[0].lower()) if code in LANGUAGES), "en")


def is_unwritten(spoken: str) -> bool:
    """Whether the patient speaks a language that the fixed sentences do not have."""
    return bool(spoken) and spoken.partition("-")[0].lower() not in LANGUAGES


def leaflet(told: Told, language: str) -> Leaflet:
    """The page in that language (one of `LANGUAGES`); parts without content are left out."""

    def say(key: str, *values: str) -> str:
        return SENTENCES[key][language].format(*values)

    def items(labels: dict[str, dict[str, str]], codes: Iterable[str]) -> tuple[str, ...]:
        return tuple(labels[code][language] for code in codes if code in labels)

    event = told.event and ", ".join(
        part for part in (told.event, day_words(told.event_on, language) if told.event_on else "") if part
    )
    matters = items(LABELS, [code for code in told.matters if code != Matter.EVENT or not event])
    parts = [
        Part(say("words"), words=quoted(told.quote)),
        Part(say("matters"), (*matters, event) if event else matters),
        Part(say("hopes"), items(HOPES, told.hopes), quoted(told.hopes_words)),
        Part(say("strength"), items(STRENGTHS, told.strength), quoted(told.strength_words)),
        Part(say("abilities"), items(ABILITIES, told.abilities), quoted(told.abilities_words)),
        Part(say("not_wanted"), items(NOT_WANTED, told.not_wanted)),
        Part(say("place"), items(PLACES, [told.place])),
        Part(say("agreed"), text=told.agreed),
    ]
    opening = [say("talked", day_words(told.held_on, language))]
    if told.present:
        opening.append(say("present", ", ".join(told.present)))
    closing = [say("again", day_words(told.again_on, language))] if told.again_on else []
    return Leaflet(
        language,
        say("title"),
        tuple(opening),
        tuple(part for part in parts if part.items or part.words or part.text),
        (*closing, say("change"), say("yours")),
    )


def hard_words(text: str) -> list[str]:
    """What in a text for the patient needs plainer words: abbreviations, and talk of the outlook."""
    found = [*_ABBREVIATION.findall(text), *(hit.group(0) for hit in _OUTLOOK.finditer(text))]
    return list(dict.fromkeys(found))
