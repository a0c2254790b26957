"""JSON read piece by piece, so that a bundle of any size needs memory for one entry only, and one broken entry
does not hide the ones after it."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

_SPACE = re.compile(r"[ \t\n\r\ufeff]*")
_STRUCTURE = re.compile(r'["{}\[\]]')
_STRING_END = re.compile(r'(?:[^"\\]++|\\.)*+"', re.DOTALL)
_NEXT_ENTRY = re.compile(r',\s*(?=\{\s*"(?:fullUrl|resource|request|response|search)"\s*:)')
_SCALAR_END = re.compile(r"[,\]}\n]")
_NUMBER_TAIL = re.compile(r"[0-9.eE+-]{0,3}")
_CLOSERS = {"{": "}", "[": "]"}
_MARGIN = 64  # an error this near the end of what was read so far may only be the cut of the chunk
_NEEDS_CLEANING = re.compile(r"\\u(?:0000|[dD][89a-fA-F])|[\ud800-\udfff\x00]")
_UNSTORABLE = re.compile("[\ud800-\udfff]")


class BrokenJsonError(ValueError):
    """Not JSON at this place. ``line`` and ``column`` count from 1."""

    def __init__(self, reason: str, line: int, column: int, *, end_of_file: bool = False) -> None:
        super().__init__(f"{reason} (line {line}, column {column})")
        self.reason, self.line, self.column, self.end_of_file = reason, line, column, end_of_file


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


DECODER = json.JSONDecoder(strict=False, parse_float=_finite, parse_constant=lambda _name: None)


def storable(value: Any) -> Any:
    """The value without what a database refuses: NUL characters and halves of surrogate pairs in strings."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value.replace("\x00", ""))
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item) for item in value]
    return value


class JsonText:
    """A cursor over text that arrives in chunks; only what is not yet read is held."""

    def __init__(self, chunks: Iterator[str], line: int = 1) -> None:
        self._chunks = chunks
        self._buffer = ""
        self._at = 0
        self._line, self._column = line, 1  # of the buffer's first character
        self._done = False

    def _more(self, wanted: int = 1) -> bool:
        """Appends at least ``wanted`` characters if the text has them; False at its end."""
        parts: list[str] = []
        got = 0
        while got < wanted and not self._done:
            chunk = next(self._chunks, None)
            if chunk is None:
                self._done = True
            else:
                parts.append(chunk)
                got += len(chunk)
        if got:
            self._forget()
            self._buffer += "".join(parts)
        return got > 0

    def _forget(self) -> None:
        self._line, self._column = self._place(self._at)
        self._buffer = self._buffer[self._at :]
        self._at = 0

    def _place(self, position: int) -> tuple[int, int]:
        newlines = self._buffer.count("\n", 0, position)
        if not newlines:
            return self._line, self._column + position
        return self._line + newlines, position - self._buffer.rfind("\n", 0, position)

    def error(self, reason: str, *, end_of_file: bool = False) -> BrokenJsonError:
        """The error for the place where the cursor stands."""
        return BrokenJsonError(reason, *self._place(self._at), end_of_file=end_of_file)

    def peek(self) -> str:
        """The next character that is no white space; empty at the end of the text."""
        while True:
            match = _SPACE.match(self._buffer, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                return ""

    def take(self, expected: str) -> None:
        """Steps over one character. Raises BrokenJsonError when another one stands there."""
        found = self.peek()
        if found != expected:
            what = repr(found) if found else "the end of the file"
            raise self.error(f"expected {expected!r}, found {what}", end_of_file=not found)
        self._at += 1

    def key(self) -> str:
        """An object's key and its colon. Raises BrokenJsonError."""
        if self.peek() != '"':
            raise self.error("expected a property name in double quotes", end_of_file=not self.peek())
        while True:
            try:
                name, end = DECODER.raw_decode(self._buffer, self._at)
            except ValueError as problem:
                if not self._more(65_536):
                    raise self.error("a property name does not end", end_of_file=True) from problem
                continue
            self._at = end
            self.take(":")
            return str(storable(name))

    def value(self) -> Any:
        """The next value. Raises BrokenJsonError; the cursor then still stands before it, for ``skip``."""
        if not self.peek():
            raise self.error("the file ends where a value should stand", end_of_file=True)
        wanted = 65_536
        while True:
            try:
                value, end = DECODER.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as problem:
                unended = problem.msg.startswith("Unterminated")
                perhaps_cut = unended or problem.pos >= len(self._buffer) - _MARGIN
                if perhaps_cut and self._more(wanted):
                    wanted *= 2  # read on, doubling, so that a long entry is not tried too often
                    continue
                raise BrokenJsonError(
                    problem.msg[0].lower() + problem.msg[1:],
                    *self._place(problem.pos),
                    end_of_file=perhaps_cut and (unended or problem.pos >= len(self._buffer.rstrip())),
                ) from problem
            except RecursionError as problem:
                raise self.error("nested too deeply to be read") from problem
            except ValueError as problem:  # an integer of thousands of digits
                raise self.error(f"a number cannot be read: {problem}") from problem
            if _NUMBER_TAIL.fullmatch(self._buffer, end) and self._more(wanted):
                continue  # a number may go on in the next chunk
            cleaning = _NEEDS_CLEANING.search(self._buffer, self._at, end)
            self._at = end
            return storable(value) if cleaning else value

    def next_line(self, mark: str) -> bool:
        """Steps to the next line whose first character is ``mark``; False when there is none."""
        pattern = re.compile(r"\n(?=" + re.escape(mark) + ")")
        match = pattern.search(self._buffer, self._at)
        while match is None and self._more(1 << 20):
            match = pattern.search(self._buffer, self._at)
        self._at = match.end() if match else len(self._buffer)
        return match is not None

    def skip(self) -> bool:
        """Steps over a value that cannot be read. True: the cursor stands behind it, by its brackets. False: the
        brackets do not match; the cursor then stands before the next thing that looks like a bundle entry, or at
        the end of the text."""
        if self.peek() not in ("{", "[", '"'):
            return self._skip_scalar()
        closers: list[str] = []
        position = self._at
        while True:
            match = _STRUCTURE.search(self._buffer, position)
            mark = match.group() if match else ""
            if match and mark == '"':
                match = _STRING_END.match(self._buffer, match.end())
            if match is None:  # the chunk ends here, perhaps inside a string
                position = (len(self._buffer) if not mark else self._buffer.index('"', position)) - self._at
                if not self._more(1 << 20):
                    return self._resynchronise()
                continue
            position = match.end()
            if mark in _CLOSERS:
                closers.append(_CLOSERS[mark])
            elif mark != '"' and (not closers or closers.pop() != mark):
                return self._resynchronise()
            if not closers:
                self._at = position
                return True

    def _skip_scalar(self) -> bool:
        match = _SCALAR_END.search(self._buffer, self._at)
        while match is None and self._more():
            match = _SCALAR_END.search(self._buffer, self._at)
        self._at = match.start() if match else len(self._buffer)
        return match is not None

    def _resynchronise(self) -> bool:
        match = _NEXT_ENTRY.search(self._buffer, self._at + 1)
        while match is None and self._more(1 << 20):
            match = _NEXT_ENTRY.search(self._buffer, self._at + 1)
        self._at = match.end() if match else len(self._buffer)
        return False
