"""Are two Patient resources one person? Record numbers are reused in real files (and in published examples), so an
identifier alone never joins two people whose names and birth dates both disagree."""

import re
import unicodedata
from dataclasses import dataclass

from patients.fhir.rules.dates import dashed
from patients.fhir.rules.report import JsonObject
from patients.fhir.rules.values import objects, text, texts


@dataclass(frozen=True, slots=True)
class Person:
    """What two records of one person agree in: words of all names, folded, and the birth date as written."""

    names: frozenset[str] = frozenset()
    birth: str = ""

    def agrees_with(self, other: "Person") -> bool:
        """One birth date and a name in common (families change), or all names of one among those of the other (dates
        are mistyped, maiden names come and go)."""
        common = self.names & other.names
        one_birth = self.birth.startswith(other.birth) or other.birth.startswith(self.birth)
        if one_birth or not self.birth or not other.birth:
            return bool(common) or not self.names or not other.names
        return bool(common) and common in (self.names, other.names)


def name_words(name: str) -> set[str]:
    """The words of a name as ``Person`` compares them: “O'Brien-Kuhn96” is brien and kuhn."""
    return {folded(word) for word in re.findall(r"[^\W\d_]+", name) if len(word) > 1}


def folded(word: str) -> str:
    """Lower case without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(c))


def person(resource: JsonObject) -> Person:
    """The sketch of a Patient resource."""
    words: set[str] = set()
    for name in objects(resource.get("name")):
        parts = [*texts(name.get("family")), *texts(name.get("given"))] or texts(name.get("text"))
        words.update(*map(name_words, parts))
    return Person(frozenset(words), dashed(text(resource.get("birthDate"), 10)))
