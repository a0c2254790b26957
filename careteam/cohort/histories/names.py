"""Invented names of many origins. None is meant to be anybody."""

from __future__ import annotations

from careteam.cohort.histories.rows import Dice

_FEMALE = """
Adaeze Agnieszka Alba Amara Anneliese Anouk Astrid Aurélie Ayşe Beatrix Bronwyn Camille Carmela Chiara Clémence
Constança Dagny Delphine Dilnoza Dorothea Eilidh Eleonora Elif Emese Esperança Eszter Fatoumata Femke Filiz Frieda
Galina Gerda Giulia Grażyna Gudrun Halina Hedwig Helga Henriette Hiroko Ifeoma Ileana Inés Ingeborg Irena Isolde
Ivana Jadwiga Jelena Johanna Joséphine Kateřina Kerstin Khadija Lavinia Leonie Ljubica Lourdes Ludmila Magdaléna
Maïté Małgorzata Marisol Mathilde Mirela Mwende Nadezhda Nilufar Noor Oksana Ottoline Paloma Philippa Ragnhild
Ramona Renske Rosalind Ruxandra Saoirse Sibylle Signe Sigrid Siobhán Solveig Sunniva Svetlana Tamsin Thandiwe Theda
Tuuli Ulrike Valentina Veronika Vesna Wilhelmina Winifred Xiulan Yasemin Yevgenia Yolanda Zdenka Zofia Zsófia
"""
_MALE = """
Abel Adalbert Alistair Amadou Andrzej Ansel Aurelio Bartholomäus Benedikt Björn Bogdan Bohdan Caspian Cătălin
Cillian Constantin Cornelius Damján Darragh Dieudonné Dragan Edvard Egon Eirik Emeka Enver Ezekiel Fabrice Ferenc
Finnian Florin François Gábor Gaspard Gideon Giuseppe Grégoire Gustaf Håkon Hamish Haruki Henrik Horst Ignacio Ilya
Ingmar István Jarosław Jean-Baptiste Joaquín Jörg Jürgen Kazimierz Keita Kwabena Lars Lázaro Leopold Lorcan Ludvík
Magnus Mariusz Matthäus Mehmet Mihai Mikkel Milan Mustafa Nikolai Njáll Oisín Olaf Ondřej Orhan Osvaldo Pavel Pelle
Przemysław Radu Rafał Ramón Reinhold Rudolf Salvatore Sándor Sebastião Serhiy Siegfried Stellan Szymon Tadeusz
Thaddäus Thibault Tobias Tomáš Torbjörn Ulf Vasile Viggo Vítězslav Wendelin Wiebe Xavier Yannick Zoltán Zygmunt
"""
_FAMILY = """
Abara Achterberg Adeleke Alvestad Anand Arkwright Aubert Auclair Aydın Bächler Baptiste Barańska Bergqvist Birkeland
Björnsdóttir Blankenship Böhringer Bosković Brâncoveanu Brightwater Bruun Buczek Çelik Černý Chatterley Chevalier
Chukwu Clairmont Costache Crespo Dąbrowska Delacroix Demir Diallo Dobrescu Doležal Drăgan Dubois Dvořák Eberhart
Ellingsen Engström Erdoğan Fairbanks Farkas Fernández Ferreira-Lund Fitzgibbon Fjeldstad Fournier Frühauf Gagnon
Gallagher Ganzorig García Georgescu Gilchrist Goossens Grünwald Gustavsson Guðmundsson Hajdú Halloran Hartmann
Haugland Hawthorne Hernández Höfler Horváth Hovland Ibáñez Iliescu Ionescu Ivanova Jankowska Jansen Járóka Jørgensen
Kaczmarek Kaminski Karlsson Kjærgaard Kobayashi Kovač Kowalczyk Krüger Kruszewska Kučera Küçük Lachance Laitinen
Langlois Larsson Lefebvre Leroy Lindqvist Löwenstein Ludwig Łukasik Macháček MacLeod Mäkinen Mancini Marchetti Mbeki
Mendonça Mészáros Moldovan Moreau Müller Muñoz Nagy Nakamura Ndiaye Németh Nguyen Nieminen Novotná Nowak Núñez
O’Sullivan Oduya Ødegaard Okonjo Olufemi Opoku Ørsted Ostrowski Özdemir Papadakis Park Pelletier Petrescu Pfeiffer
Piątek Popović Procházka Quigley Quintero Rădulescu Ramírez Rautio Renquist Richter Rosenbaum Różycki Sánchez
Sandoval Schäfer Schönfeld Şahin Sedláček Sepúlveda Şimşek Sjöberg Słowik Solvang Sørensen Stančić Steenkamp
Štěpánek Strömberg Świątek Székely Szymańska Takács Tamási Thibodeaux Thorne Tómasson Tremblay Ugarte Uzun Vance
Vandenberghe Varga Vasilescu Větrovský Villanueva Virtanen Vogelsang Wąsik Weißenborn Wiśniewska Wójcik Yılmaz
Yamamoto Zajac Zapletal Ženíšek Żeromska Zieliński Zimmermann Zwolle
"""

FEMALE, MALE, FAMILY = (tuple(names.split()) for names in (_FEMALE, _MALE, _FAMILY))
_PRIME = 999_999_937


def person_name(dice: Dice, sex: str) -> tuple[str, str]:
    """Given and family name; one in nine has two family names, one in eight two given names."""
    pool = FEMALE if sex == "female" else MALE
    given = dice.choice(pool)
    if dice.chance(0.12):
        given = f"{given} {dice.choice(pool)}"
    family = dice.choice(FAMILY)
    if dice.chance(0.11) and "-" not in family:
        family = f"{family}-{dice.choice(FAMILY)}"
    return given, family


def record_number(seed: int, index: int) -> str:
    """`90-4471-082`: unique for every index below a million within a seed, and between the first 900 seeds."""
    number = ((seed % 900) * 1_000_003 + index + 1) * 48_271 % _PRIME
    digits = f"{number:09d}"
    return f"{digits[:2]}-{digits[2:6]}-{digits[6:]}"
