"""What a patient reads of a recommendation: plain words (level B1), five languages, no codes, no figures. Pure."""

from __future__ import annotations

from tumorboard.actions.rules import ActionKind as K
from tumorboard.decisions.rules import Option as O

OPTIONS: dict[str, dict[str, str]] = {
    "en": {
        O.ABLATION: "a treatment that destroys a tumor with heat or cold (ablation)",
        O.BIOPSY: "a tissue sample, or a second look at an earlier sample (biopsy)",
        O.BEST_SUPPORTIVE_CARE: "care that eases what troubles you, without treatment against the tumor itself",
        O.CHEMOTHERAPY: "medicines that stop cells from growing (chemotherapy)",
        O.EMBOLIZATION: "a treatment in the blood vessels of the liver that cuts off the blood supply of tumors "
        "(embolization)",
        O.IMAGING: "another scan, to see more clearly",
        O.OBSERVATION: "no new treatment now, but regular check-ups",
        O.PRRT: "a radioactive medicine that goes to the tumor cells through the blood (PRRT)",
        O.RADIOTHERAPY: "radiation from outside the body (radiotherapy)",
        O.SSA: "injections that slow down the tumor and its hormones (somatostatin analog)",
        O.SURGERY: "an operation",
        O.TARE: "tiny radioactive beads that reach the liver through a blood vessel (radioembolization)",
        O.TARGETED: "tablets that slow down the growth of the tumor (targeted treatment)",
        O.TRIAL: "to talk with you about taking part in a clinical study",
        O.WITH_PALLIATIVE: "in addition, help from the team for symptoms and quality of life (palliative care)",
    },
    "de": {
        O.ABLATION: "eine Behandlung, die einen Tumor mit Hitze oder Kälte zerstört (Ablation)",
        O.BIOPSY: "eine Gewebeprobe, oder ein zweiter Blick auf eine frühere Probe (Biopsie)",
        O.BEST_SUPPORTIVE_CARE: "eine Behandlung, die Ihre Beschwerden lindert, ohne den Tumor selbst zu bekämpfen",
        O.CHEMOTHERAPY: "Medikamente, die das Wachstum von Zellen hemmen (Chemotherapie)",
        O.EMBOLIZATION: "eine Behandlung in den Blutgefäßen der Leber, die Tumoren die Blutversorgung nimmt "
        "(Embolisation)",
        O.IMAGING: "eine weitere Untersuchung mit Bildern, um genauer zu sehen",
        O.OBSERVATION: "jetzt keine neue Behandlung, aber regelmäßige Kontrollen",
        O.PRRT: "ein radioaktives Medikament, das über das Blut zu den Tumorzellen gelangt (PRRT)",
        O.RADIOTHERAPY: "eine Bestrahlung von außen (Strahlentherapie)",
        O.SSA: "Spritzen, die den Tumor und seine Hormone bremsen (Somatostatin-Analogon)",
        O.SURGERY: "eine Operation",
        O.TARE: "winzige radioaktive Kügelchen, die über ein Blutgefäß in die Leber gelangen (Radioembolisation)",
        O.TARGETED: "Tabletten, die das Wachstum des Tumors bremsen (zielgerichtete Behandlung)",
        O.TRIAL: "mit Ihnen über die Teilnahme an einer klinischen Studie zu sprechen",
        O.WITH_PALLIATIVE: "dazu Hilfe durch das Team für Beschwerden und Lebensqualität (Palliativmedizin)",
    },
    "fr": {
        O.ABLATION: "un traitement qui détruit une tumeur par la chaleur ou le froid (ablation)",
        O.BIOPSY: "un prélèvement de tissu, ou un second examen d’un prélèvement antérieur (biopsie)",
        O.BEST_SUPPORTIVE_CARE: "des soins qui soulagent ce qui vous gêne, sans traitement contre la tumeur elle-même",
        O.CHEMOTHERAPY: "des médicaments qui freinent la croissance des cellules (chimiothérapie)",
        O.EMBOLIZATION: "un traitement dans les vaisseaux du foie qui coupe l’apport de sang aux tumeurs "
        "(embolisation)",
        O.IMAGING: "un autre examen d’imagerie, pour y voir plus clair",
        O.OBSERVATION: "pas de nouveau traitement maintenant, mais des contrôles réguliers",
        O.PRRT: "un médicament radioactif qui atteint les cellules tumorales par le sang (PRRT)",
        O.RADIOTHERAPY: "des rayons venant de l’extérieur du corps (radiothérapie)",
        O.SSA: "des injections qui freinent la tumeur et ses hormones (analogue de la somatostatine)",
        O.SURGERY: "une opération",
        O.TARE: "de minuscules billes radioactives qui atteignent le foie par un vaisseau (radioembolisation)",
        O.TARGETED: "des comprimés qui freinent la croissance de la tumeur (traitement ciblé)",
        O.TRIAL: "de parler avec vous d’une participation à une étude clinique",
        O.WITH_PALLIATIVE: "en plus, l’aide de l’équipe pour les symptômes et la qualité de vie (soins palliatifs)",
    },
    "es": {
        O.ABLATION: "un tratamiento que destruye un tumor con calor o frío (ablación)",
        O.BIOPSY: "una muestra de tejido, o una segunda revisión de una muestra anterior (biopsia)",
        O.BEST_SUPPORTIVE_CARE: "cuidados que alivian lo que le molesta, sin tratamiento contra el propio tumor",
        O.CHEMOTHERAPY: "medicamentos que frenan el crecimiento de las células (quimioterapia)",
        O.EMBOLIZATION: "un tratamiento en los vasos del hígado que corta el riego de sangre de los tumores "
        "(embolización)",
        O.IMAGING: "otra prueba de imagen, para ver con más claridad",
        O.OBSERVATION: "ningún tratamiento nuevo por ahora, pero controles regulares",
        O.PRRT: "un medicamento radiactivo que llega a las células del tumor por la sangre (PRRT)",
        O.RADIOTHERAPY: "radiación desde fuera del cuerpo (radioterapia)",
        O.SSA: "inyecciones que frenan el tumor y sus hormonas (análogo de la somatostatina)",
        O.SURGERY: "una operación",
        O.TARE: "pequeñas esferas radiactivas que llegan al hígado por un vaso (radioembolización)",
        O.TARGETED: "comprimidos que frenan el crecimiento del tumor (tratamiento dirigido)",
        O.TRIAL: "hablar con usted sobre la participación en un estudio clínico",
        O.WITH_PALLIATIVE: "además, la ayuda del equipo de síntomas y calidad de vida (cuidados paliativos)",
    },
    "it": {
        O.ABLATION: "un trattamento che distrugge un tumore con il calore o il freddo (ablazione)",
        O.BIOPSY: "un prelievo di tessuto, o un secondo esame di un prelievo precedente (biopsia)",
        O.BEST_SUPPORTIVE_CARE: "cure che alleviano ciò che Le dà disturbo, senza trattamento contro il tumore stesso",
        O.CHEMOTHERAPY: "medicine che frenano la crescita delle cellule (chemioterapia)",
        O.EMBOLIZATION: "un trattamento nei vasi del fegato che toglie il sangue ai tumori (embolizzazione)",
        O.IMAGING: "un altro esame con immagini, per vedere meglio",
        O.OBSERVATION: "nessun nuovo trattamento per ora, ma controlli regolari",
        O.PRRT: "una medicina radioattiva che raggiunge le cellule del tumore attraverso il sangue (PRRT)",
        O.RADIOTHERAPY: "radiazioni dall’esterno del corpo (radioterapia)",
        O.SSA: "iniezioni che frenano il tumore e i suoi ormoni (analogo della somatostatina)",
        O.SURGERY: "un’operazione",
        O.TARE: "piccole sfere radioattive che raggiungono il fegato attraverso un vaso (radioembolizzazione)",
        O.TARGETED: "compresse che frenano la crescita del tumore (terapia mirata)",
        O.TRIAL: "parlare con Lei della partecipazione a uno studio clinico",
        O.WITH_PALLIATIVE: "inoltre, l’aiuto dell’équipe per i sintomi e la qualità della vita (cure palliative)",
    },
}

# What happens next, by the kind of action. An action of another kind is said in the writer's own words.
STEPS: dict[str, dict[str, str]] = {
    "en": {
        K.START_TREATMENT: "We prepare the treatment with you",
        K.STOP_TREATMENT: "We talk with you about ending a treatment",
        K.ORDER_IMAGING: "We make an appointment for a scan",
        K.ORDER_LABS: "We arrange a blood or urine test",
        K.REFER: "We ask another department to see you",
        K.PALLIATIVE: "The palliative care team gets in touch with you",
        K.REDISCUSS: "The tumor board talks about you again",
        K.BIOPSY: "We arrange the tissue sample",
        K.GOALS: "We would like to talk with you about what matters most to you",
        K.TELL_GP: "We inform your family doctor",
    },
    "de": {
        K.START_TREATMENT: "Wir bereiten die Behandlung mit Ihnen vor",
        K.STOP_TREATMENT: "Wir sprechen mit Ihnen darüber, eine Behandlung zu beenden",
        K.ORDER_IMAGING: "Wir vereinbaren einen Termin für eine Untersuchung mit Bildern",
        K.ORDER_LABS: "Wir vereinbaren eine Blut- oder Urinuntersuchung",
        K.REFER: "Wir bitten eine andere Abteilung, Sie zu sehen",
        K.PALLIATIVE: "Das Palliativteam meldet sich bei Ihnen",
        K.REDISCUSS: "Das Tumorboard bespricht Ihre Situation noch einmal",
        K.BIOPSY: "Wir bereiten die Gewebeprobe vor",
        K.GOALS: "Wir möchten mit Ihnen darüber sprechen, was Ihnen am wichtigsten ist",
        K.TELL_GP: "Wir informieren Ihre Hausärztin oder Ihren Hausarzt",
    },
    "fr": {
        K.START_TREATMENT: "Nous préparons le traitement avec vous",
        K.STOP_TREATMENT: "Nous parlons avec vous de l’arrêt d’un traitement",
        K.ORDER_IMAGING: "Nous prenons un rendez-vous pour un examen d’imagerie",
        K.ORDER_LABS: "Nous organisons une analyse de sang ou d’urine",
        K.REFER: "Nous demandons à un autre service de vous voir",
        K.PALLIATIVE: "L’équipe de soins palliatifs vous contacte",
        K.REDISCUSS: "La réunion de spécialistes parle de nouveau de votre situation",
        K.BIOPSY: "Nous organisons le prélèvement de tissu",
        K.GOALS: "Nous aimerions parler avec vous de ce qui compte le plus pour vous",
        K.TELL_GP: "Nous informons votre médecin traitant",
    },
    "es": {
        K.START_TREATMENT: "Preparamos el tratamiento con usted",
        K.STOP_TREATMENT: "Hablamos con usted sobre terminar un tratamiento",
        K.ORDER_IMAGING: "Pedimos una cita para una prueba de imagen",
        K.ORDER_LABS: "Organizamos un análisis de sangre o de orina",
        K.REFER: "Pedimos a otro servicio que le vea",
        K.PALLIATIVE: "El equipo de cuidados paliativos se pone en contacto con usted",
        K.REDISCUSS: "El comité de tumores habla otra vez de su situación",
        K.BIOPSY: "Organizamos la muestra de tejido",
        K.GOALS: "Nos gustaría hablar con usted de lo que más le importa",
        K.TELL_GP: "Informamos a su médico de cabecera",
    },
    "it": {
        K.START_TREATMENT: "Prepariamo il trattamento con Lei",
        K.STOP_TREATMENT: "Parliamo con Lei della fine di un trattamento",
        K.ORDER_IMAGING: "Fissiamo un appuntamento per un esame con immagini",
        K.ORDER_LABS: "Organizziamo un esame del sangue o delle urine",
        K.REFER: "Chiediamo a un altro reparto di visitarla",
        K.PALLIATIVE: "L’équipe di cure palliative si mette in contatto con Lei",
        K.REDISCUSS: "La riunione degli specialisti parla di nuovo della Sua situazione",
        K.BIOPSY: "Organizziamo il prelievo di tessuto",
        K.GOALS: "Vorremmo parlare con Lei di ciò che per Lei conta di più",
        K.TELL_GP: "Informiamo il Suo medico di famiglia",
    },
}
BY = {"en": "by {}", "de": "bis {}", "fr": "d’ici au {}", "es": "antes del {}", "it": "entro {}"}
DATE_FORMATS = {"en": "j F Y", "de": "j. F Y", "fr": "j F Y", "es": r"j \d\e F \d\e Y", "it": "j F Y"}
SUBJECTS = {
    "en": "What the tumor board recommends",
    "de": "Was das Tumorboard empfiehlt",
    "fr": "Ce que recommande la réunion de spécialistes",
    "es": "Lo que recomienda el comité de tumores",
    "it": "Che cosa raccomanda la riunione degli specialisti",
}
# Paragraphs of the letter to the patient: who talked, what they say, on which condition, what follows, whose choice it
# is, whom to call, the end.
OPENING = {
    "en": "On {date}, specialists from several departments talked about your situation. "
    "Such a meeting is called a tumor board.",
    "de": "am {date} haben Fachleute aus mehreren Abteilungen über Ihre Situation gesprochen. "
    "Ein solches Treffen heißt Tumorboard.",
    "fr": "Le {date}, des spécialistes de plusieurs services ont parlé de votre situation. "
    "C’est ce qu’on appelle une réunion de concertation.",
    "es": "El {date}, especialistas de varios servicios hablaron de su situación. "
    "Esta reunión se llama comité de tumores.",
    "it": "il {date} specialisti di più reparti hanno parlato della Sua situazione. "
    "È una riunione chiamata tumor board.",
}
THEY_SAY = {
    "en": "This is what they recommend:",
    "de": "Das empfehlen sie:",
    "fr": "Voici ce qu’ils recommandent :",
    "es": "Esto es lo que recomiendan:",
    "it": "Ecco che cosa raccomandano:",
}
UNCHANGED = {
    "en": "They recommend to go on as before.",
    "de": "Sie empfehlen, so weiterzumachen wie bisher.",
    "fr": "Ils recommandent de continuer comme avant.",
    "es": "Recomiendan seguir como hasta ahora.",
    "it": "Raccomandano di continuare come finora.",
}
CONDITION = {
    "en": "Part of this depends on something that has to be clear first. We explain to you what that is.",
    "de": "Ein Teil davon hängt von etwas ab, das zuerst geklärt werden muss. Wir erklären Ihnen, was das ist.",
    "fr": "Une partie dépend d’un point qui doit d’abord être éclairci. Nous vous expliquons lequel.",
    "es": "Una parte depende de algo que antes tiene que aclararse. Le explicamos qué es.",
    "it": "Una parte dipende da qualcosa che prima deve essere chiarito. Le spieghiamo di che cosa si tratta.",
}
NEXT = {
    "en": "What happens next:",
    "de": "So geht es weiter:",
    "fr": "La suite :",
    "es": "Lo que sigue:",
    "it": "Che cosa succede ora:",
}
CHOICE = {
    "en": "A recommendation is not a decision. You decide, together with your doctors. You may take time to think, ask "
    "every question, or ask for a second opinion.",
    "de": "Eine Empfehlung ist keine Entscheidung. Sie entscheiden, gemeinsam mit Ihren Ärztinnen und Ärzten. Sie "
    "dürfen sich Zeit nehmen, jede Frage stellen oder eine zweite Meinung einholen.",
    "fr": "Une recommandation n’est pas une décision. C’est vous qui décidez, avec vos médecins. Vous pouvez prendre "
    "le temps de réfléchir, poser toutes vos questions ou demander un deuxième avis.",
    "es": "Una recomendación no es una decisión. Usted decide, junto con sus médicos. Puede tomarse tiempo para "
    "pensar, hacer todas las preguntas o pedir una segunda opinión.",
    "it": "Una raccomandazione non è una decisione. È Lei a decidere, insieme ai Suoi medici. Può prendersi il tempo "
    "per riflettere, fare ogni domanda o chiedere un secondo parere.",
}
CALL = {
    "en": "Please call us if you have questions, or if you want to talk about it soon: {phone}. You are welcome to "
    "bring somebody you trust.",
    "de": "Bitte rufen Sie uns an, wenn Sie Fragen haben oder bald darüber sprechen möchten: {phone}. Bringen Sie gern "
    "jemanden mit, dem Sie vertrauen.",
    "fr": "Appelez-nous si vous avez des questions ou si vous souhaitez en parler bientôt : {phone}. Vous pouvez venir "
    "avec une personne de confiance.",
    "es": "Llámenos si tiene preguntas o si quiere hablar pronto de ello: {phone}. Puede venir con una persona de "
    "confianza.",
    "it": "Ci chiami se ha domande o se desidera parlarne presto: {phone}. Può venire con una persona di fiducia.",
}
REGARDS = {
    "en": "With kind regards,",
    "de": "Mit freundlichen Grüßen",
    "fr": "Cordialement,",
    "es": "Atentamente,",
    "it": "Cordiali saluti,",
}
