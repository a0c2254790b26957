"""The texts that the product ships, by kind and language: (subject, body). A team's own text takes their place.

They say nothing about results, nothing about the disease, and whom to call. Sober, in short sentences.
"""

from __future__ import annotations

from patients.letters.rules.kinds import LetterKind

K = LetterKind
TEXTS: dict[tuple[LetterKind, str], tuple[str, str]] = {
    (K.INVITATION, "en"): (
        "Your appointment",
        """{salutation}

We have booked an appointment for you.

Examination: {scan}
Day: {date}
Time: {time}
Place: {place}

Please note:
{preparation}

If you cannot come, or have questions, please call us: {phone}. We will find another time.

With kind regards,
{signature}
{team}""",
    ),
    (K.INVITATION, "de"): (
        "Ihr Termin",
        """{salutation}

wir haben einen Termin für Sie vereinbart.

Untersuchung: {scan}
Tag: {date}
Uhrzeit: {time} Uhr
Ort: {place}

Bitte beachten Sie:
{preparation}

Wenn Sie nicht kommen können oder Fragen haben, rufen Sie uns bitte an: {phone}. Wir finden einen anderen Termin.

Mit freundlichen Grüßen
{signature}
{team}""",
    ),
    (K.INVITATION, "fr"): (
        "Votre rendez-vous",
        """{salutation}

Nous avons pris un rendez-vous pour vous.

Examen : {scan}
Jour : {date}
Heure : {time}
Lieu : {place}

À savoir :
{preparation}

Si vous ne pouvez pas venir, ou si vous avez des questions, appelez-nous : {phone}. Nous trouverons une autre date.

Cordialement,
{signature}
{team}""",
    ),
    (K.INVITATION, "es"): (
        "Su cita",
        """{salutation}

Hemos reservado una cita para usted.

Prueba: {scan}
Día: {date}
Hora: {time}
Lugar: {place}

Tenga en cuenta:
{preparation}

Si no puede venir o tiene preguntas, llámenos: {phone}. Buscaremos otra fecha.

Atentamente,
{signature}
{team}""",
    ),
    (K.INVITATION, "it"): (
        "Il Suo appuntamento",
        """{salutation}

abbiamo fissato un appuntamento per Lei.

Esame: {scan}
Giorno: {date}
Ora: {time}
Luogo: {place}

Da sapere:
{preparation}

Se non può venire o se ha domande, ci chiami: {phone}. Troveremo un’altra data.

Cordiali saluti,
{signature}
{team}""",
    ),
    (K.REMINDER, "en"): (
        "Please call us about your examination",
        """{salutation}

One of your regular examinations was due on {due}, and we have not seen it yet.

Examination: {scan}

Please call us, so that we can find a date together: {phone}.

- If you have had it somewhere else, tell us where. We will ask for the findings.
- If you do not want it, please tell us that too. You stay in our care.

Everybody whose examination is overdue gets this letter. It says nothing about your results.

With kind regards,
{signature}
{team}""",
    ),
    (K.REMINDER, "de"): (
        "Bitte rufen Sie uns wegen Ihrer Untersuchung an",
        """{salutation}

eine Ihrer regelmäßigen Untersuchungen war am {due} fällig, und wir haben sie noch nicht gesehen.

Untersuchung: {scan}

Bitte rufen Sie uns an, damit wir gemeinsam einen Termin finden: {phone}.

- Wenn die Untersuchung schon woanders gemacht wurde, sagen Sie uns, wo. Wir fordern die Befunde an.
- Wenn Sie die Untersuchung nicht möchten, sagen Sie uns auch das. Wir betreuen Sie weiter.

Diesen Brief bekommen alle, deren Untersuchung überfällig ist. Er sagt nichts über Ihre Befunde.

Mit freundlichen Grüßen
{signature}
{team}""",
    ),
    (K.REMINDER, "fr"): (
        "Merci de nous appeler au sujet de votre examen",
        """{salutation}

Un de vos examens réguliers était prévu pour le {due}. Nous ne l’avons pas encore reçu.

Examen : {scan}

Appelez-nous pour que nous trouvions une date ensemble : {phone}.

- Si l’examen a déjà été fait ailleurs, dites-nous où. Nous demanderons les résultats.
- Si vous ne souhaitez pas cet examen, dites-le-nous aussi. Nous continuons à vous suivre.

Toutes les personnes dont l’examen est en retard reçoivent cette lettre. Elle ne dit rien de vos résultats.

Cordialement,
{signature}
{team}""",
    ),
    (K.REMINDER, "es"): (
        "Llámenos, por favor, por su prueba",
        """{salutation}

Una de sus pruebas periódicas estaba prevista para el {due} y todavía no la hemos recibido.

Prueba: {scan}

Llámenos para que busquemos una fecha juntos: {phone}.

- Si ya le hicieron la prueba en otro lugar, díganos dónde. Pediremos los resultados.
- Si no desea la prueba, díganoslo también. Seguiremos atendiéndole.

Todas las personas con una prueba atrasada reciben esta carta. No dice nada de sus resultados.

Atentamente,
{signature}
{team}""",
    ),
    (K.REMINDER, "it"): (
        "Ci chiami, per favore, per il Suo esame",
        """{salutation}

uno dei Suoi esami periodici era previsto per {due} e non l’abbiamo ancora ricevuto.

Esame: {scan}

Ci chiami, così troviamo insieme una data: {phone}.

- Se ha già fatto l’esame altrove, ci dica dove. Chiederemo i risultati.
- Se non desidera l’esame, ci dica anche questo. Continueremo a seguirla.

Tutte le persone il cui esame è in ritardo ricevono questa lettera. Non dice nulla dei Suoi risultati.

Cordiali saluti,
{signature}
{team}""",
    ),
    (K.RECALL, "en"): (
        "Time to arrange your next examination",
        """{salutation}

It is time to arrange your next regular examination.

Examination: {scan}
Planned for about: {due}

Please call us, so that we can find a date together: {phone}.

Everybody whose next examination comes up gets this letter. It says nothing about the results of earlier ones.

With kind regards,
{signature}
{team}""",
    ),
    (K.RECALL, "de"): (
        "Zeit für Ihren nächsten Termin",
        """{salutation}

es ist Zeit, Ihre nächste regelmäßige Untersuchung zu vereinbaren.

Untersuchung: {scan}
Vorgesehen etwa für: {due}

Bitte rufen Sie uns an, damit wir gemeinsam einen Termin finden: {phone}.

Diesen Brief bekommen alle, deren nächste Untersuchung ansteht. Er sagt nichts über frühere Befunde.

Mit freundlichen Grüßen
{signature}
{team}""",
    ),
    (K.RECALL, "fr"): (
        "Votre prochain rendez-vous",
        """{salutation}

Il est temps de prendre rendez-vous pour votre prochain examen régulier.

Examen : {scan}
Prévu vers le : {due}

Appelez-nous pour que nous trouvions une date ensemble : {phone}.

Toutes les personnes dont le prochain examen approche reçoivent cette lettre. Elle ne dit rien des résultats précédents.

Cordialement,
{signature}
{team}""",
    ),
    (K.RECALL, "es"): (
        "Su próxima cita",
        """{salutation}

Es el momento de concertar su próxima prueba periódica.

Prueba: {scan}
Prevista hacia: {due}

Llámenos para que busquemos una fecha juntos: {phone}.

Todas las personas cuya próxima prueba se acerca reciben esta carta. No dice nada de los resultados anteriores.

Atentamente,
{signature}
{team}""",
    ),
    (K.RECALL, "it"): (
        "Il Suo prossimo appuntamento",
        """{salutation}

è il momento di fissare il Suo prossimo esame periodico.

Esame: {scan}
Previsto intorno a: {due}

Ci chiami, così troviamo insieme una data: {phone}.

Tutte le persone il cui prossimo esame si avvicina ricevono questa lettera. Non dice nulla dei risultati precedenti.

Cordiali saluti,
{signature}
{team}""",
    ),
    (K.GP_NOTE, "en"): (
        "{name}, born {birth_date}: examination overdue",
        """{salutation}

A regular examination of our patient {name}, born {birth_date}, is overdue. As far as we know it has not been done.

Examination: {scan}
Due on: {due}

If you see the patient, please ask them to call us: {phone}. If it was done elsewhere, or if there is a reason not to do it, please let us know.

This note says nothing about results.

With kind regards,
{signature}
{team}""",
    ),
    (K.GP_NOTE, "de"): (
        "{name}, geboren am {birth_date}: Untersuchung überfällig",
        """{salutation}

bei {name}, geboren am {birth_date}, ist eine regelmäßige Untersuchung überfällig. Nach unserer Kenntnis wurde sie noch nicht durchgeführt.

Untersuchung: {scan}
Fällig am: {due}

Bitte weisen Sie bei einem Kontakt darauf hin, uns anzurufen: {phone}. Wurde die Untersuchung anderswo durchgeführt oder spricht etwas dagegen, geben Sie uns bitte Bescheid.

Dieses Schreiben enthält keine Befunde.

Mit freundlichen kollegialen Grüßen
{signature}
{team}""",
    ),
    (K.GP_NOTE, "fr"): (
        "{name}, né(e) le {birth_date} : examen en retard",
        """{salutation}

Un examen régulier de {name}, né(e) le {birth_date}, est en retard. À notre connaissance, il n’a pas été réalisé.

Examen : {scan}
Prévu le : {due}

Si vous voyez cette personne, merci de lui demander de nous appeler : {phone}. Si l’examen a été fait ailleurs, ou s’il y a une raison de ne pas le faire, merci de nous en informer.

Cette lettre ne contient aucun résultat.

Avec nos salutations confraternelles,
{signature}
{team}""",
    ),
    (K.GP_NOTE, "es"): (
        "{name}, fecha de nacimiento {birth_date}: prueba atrasada",
        """{salutation}

Una prueba periódica de {name}, fecha de nacimiento {birth_date}, está atrasada. Según nuestros datos, no se ha realizado.

Prueba: {scan}
Prevista para: {due}

Si le atiende, pídale por favor que nos llame: {phone}. Si la prueba se hizo en otro lugar, o si hay un motivo para no hacerla, le rogamos que nos lo comunique.

Esta carta no contiene resultados.

Un saludo cordial,
{signature}
{team}""",
    ),
    (K.GP_NOTE, "it"): (
        "{name}, data di nascita {birth_date}: esame in ritardo",
        """{salutation}

un esame periodico di {name}, data di nascita {birth_date}, è in ritardo. Per quanto ci risulta non è stato eseguito.

Esame: {scan}
Previsto per: {due}

Alla prossima occasione, La preghiamo di chiedere alla persona di chiamarci: {phone}. Se l’esame è stato fatto altrove, o se c’è un motivo per non farlo, La preghiamo di informarci.

Questa lettera non contiene risultati.

Cordiali saluti,
{signature}
{team}""",
    ),
}
