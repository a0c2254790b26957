"""What an audit row is made of and how rows are chained: pure."""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.db.models import TextChoices


class Kind(TextChoices):
    WRITE = "write", "Changed"
    READ = "read", "Seen"
    EXPORT = "export", "Exported"
    ACCESS = "access", "Access and sign-in"
    SYSTEM = "system", "System"


GENESIS = hashlib.sha256(b"careteam audit").digest()


def row_digest(fields: dict[str, Any]) -> bytes:
    """SHA-256 (32 bytes) over the canonical JSON of an audit row's own fields, its id excluded.

    Times are written in UTC with microseconds, so that a row read back from PostgreSQL gives the same bytes.
    """

    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        return str(value)

    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=plain)
    return hashlib.sha256(text.encode()).digest()


def chain_digest(previous: bytes, rows: Iterable[tuple[int, bytes]]) -> bytes:
    """SHA-256 over the previous seal's digest and every (id, row digest) of this batch, in order of id."""
    chain = hashlib.sha256(previous)
    for row_id, digest in rows:
        chain.update(row_id.to_bytes(8, "big"))
        chain.update(digest)
    return chain.digest()
