"""Small frozen shapes that views and queries hand to the components."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["", "plain", "count", "red", "amb", "grn", "acc", "bar", "pd", "pr", "cr", "sd", "ne"]


@dataclass(frozen=True)
class Tab:
    """One tab: a link to the same page with another coded filter."""

    label: str
    url: str
    current: bool = False
    count: int | str | None = None


@dataclass(frozen=True)
class Difference:
    """One row of a stale save. Values are already in words; `field` names the form field the choice is for."""

    field: str
    label: str
    base: str
    theirs: str
    yours: str

    @property
    def changed(self) -> bool:
        """Both sides differ, so someone has to choose."""
        return self.theirs != self.yours
