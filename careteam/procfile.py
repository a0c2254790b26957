"""The processes of the product, read from `Procfile`: the one place where their command lines stand.

`make up` runs all of them; a container runs one: `python -m careteam.procfile web`.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

PATH = Path(__file__).resolve().parent.parent / "Procfile"
RELEASE = "release"  # runs once before the others: the migrations

_LINE = re.compile(r"^([\w-]+):[ \t]*(.+)$", re.MULTILINE)
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


def commands(env: Mapping[str, str], text: str | None = None) -> dict[str, list[str]]:
    """Name and command line of every process, `${NAME}` and `${NAME:-default}` filled in from `env`.

    As in a shell, a default also stands in for an empty value. Raises `KeyError` for a variable that has neither.
    """

    def fill(match: re.Match[str]) -> str:
        name, default = match[1], match[2]
        value = env.get(name) or default
        if value is None:
            raise KeyError(name)
        return value

    source = PATH.read_text() if text is None else text
    return {name: [_VARIABLE.sub(fill, word) for word in shlex.split(line)] for name, line in _LINE.findall(source)}


def main(argv: list[str]) -> None:
    """Become the named process."""
    known = commands(os.environ)
    if len(argv) != 1 or argv[0] not in known:
        sys.exit(f"Usage: python -m careteam.procfile {'|'.join(known)}")
    line = known[argv[0]]
    os.execvp(line[0], line)


if __name__ == "__main__":
    main(sys.argv[1:])
