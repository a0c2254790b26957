"""Whether bytes are a PDF that only shows something. Pure: works on anything that slices like bytes, a mapped file too.

What is refused: another kind of file behind the ending ".pdf", a truncated one, one that is locked, one that carries
scripts, programs to start, or other files. Names of a PDF may be written with `#` escapes, and its objects may be
packed; both are looked through.
"""

from __future__ import annotations

import re
import zlib
from typing import Any

HEAD = b"%PDF-"
_TAIL = 2048  # the end marker stands in the last bytes; some writers add a line or two behind it
_UNPACKED = 32 * 1024 * 1024  # bytes of packed objects that are looked through; more is refused
_PACKED = 2000  # how many packs

NOT_A_PDF = "This is not a PDF, whatever its name says. Scan the paper to PDF, or print the file to PDF."
CUT_OFF = "The PDF is cut off: its end is missing. Save or scan it once more."
LOCKED = "The PDF is locked with a password or rights: nobody can check it. Save it without, or scan the paper."
OPAQUE = "The PDF is packed in a way that cannot be checked. Print it to PDF again, or scan the paper."


def _name(word: str) -> re.Pattern[bytes]:
    """The name in a PDF, each letter plain or as `#xx`, and not as the beginning of a longer name."""
    letters = (f"(?:{re.escape(char)}|#(?i:{ord(char):02x}))" for char in word)
    return re.compile(("/" + "".join(letters) + "(?![A-Za-z0-9#])").encode())


_ENCRYPTED = _name("Encrypt")
_PACKS = _name("ObjStm")
_STREAM = re.compile(rb"stream\r?\n")
_FLATE = _name("FlateDecode")
_FILTER = _name("Filter")
_ACTIVE: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (_name("JavaScript"), "a script"),
    (_name("Launch"), "a program to start"),
    (_name("EmbeddedFile"), "another file"),
    (_name("EmbeddedFiles"), "another file"),
    (_name("RichMedia"), "a film or program"),
    (_name("ImportData"), "an import of data"),
)


def problems_of(data: Any) -> list[str]:
    """Why the file is not taken, in sentences; empty when it is a PDF that only shows something."""
    if bytes(data[: len(HEAD)]) != HEAD:
        return [NOT_A_PDF]
    if b"%%EOF" not in bytes(data[max(len(data) - _TAIL, 0) :]):
        return [CUT_OFF]
    if _ENCRYPTED.search(data):
        return [LOCKED]
    found = _active(data)
    left = _UNPACKED
    for number, pack in enumerate(_PACKS.finditer(data)):
        unpacked = _unpack(data, pack, left)
        if unpacked is None or number >= _PACKED:
            return [OPAQUE]
        left -= len(unpacked)
        found += _active(unpacked)
    words = ", ".join(dict.fromkeys(found))
    return (
        [f"The PDF contains {words}. Print it to PDF again, or scan the paper: only what shows is kept."]
        if found
        else []
    )


def _active(data: Any) -> list[str]:
    return [words for pattern, words in _ACTIVE if pattern.search(data)]


def _unpack(data: Any, pack: re.Match[bytes], left: int) -> bytes | None:
    """The objects of one pack; None when they cannot be read or are more than `left` bytes."""
    stream = _STREAM.search(data, pack.end(), pack.end() + 4096)
    if stream is None:
        return None
    # The dictionary begins before the name: from the object's own "obj" on.
    start = max(bytes(data[max(pack.start() - 4096, 0) : pack.start()]).rfind(b"obj"), 0)
    head = bytes(data[max(pack.start() - 4096, 0) + start : stream.start()])
    if not _FILTER.search(head):
        end = data.find(b"endstream", stream.end())
        return bytes(data[stream.end() : end]) if 0 <= end - stream.end() <= left else None
    if not _FLATE.search(head) or b"DecodeParms" in head:
        return None
    reader = zlib.decompressobj()
    try:
        unpacked = reader.decompress(bytes(data[stream.end() : stream.end() + left]), left + 1)
    except zlib.error:
        return None
    return unpacked if len(unpacked) <= left and reader.eof else None
