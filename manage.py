#!/usr/bin/env python3
"""Django's command line. Without DATABASE_URL or REDIS_URL it uses, and may start, this checkout's own servers."""

import atexit
import os
import sys
from pathlib import Path

BASE = Path(__file__).resolve().parent

# Commands that touch neither the database nor Redis.
SERVERLESS = frozenset(
    {"check", "collectstatic", "compilemessages", "diffsettings", "findstatic", "help", "makemessages", "version"}
)


def needs_servers(argv: list[str]) -> bool:
    """Whether the command line may touch the database or Redis."""
    if len(argv) < 2 or argv[1].startswith("-") or argv[1] in SERVERLESS:
        return "--database" in argv
    return not {"-h", "--help"} & set(argv)


def use_servers() -> None:
    """Put the addresses of the embedded servers into the environment where none are given, for as long as we run."""
    missing = [name for name in ("DATABASE_URL", "REDIS_URL") if not os.environ.get(name)]
    if not missing:
        return
    from careteam import servers

    parts = tuple({"DATABASE_URL": servers.POSTGRES, "REDIS_URL": servers.VALKEY}[name] for name in missing)
    try:
        lease = servers.Lease(BASE / ".local", parts=parts)
    except servers.ServerError as error:
        sys.exit(str(error))
    atexit.register(lease.release)
    given = {
        "DATABASE_URL": lease.started.database_url,
        "REDIS_URL": lease.started.redis_url,
    }
    os.environ.update({name: given[name] for name in missing})


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "careteam.settings")
    if needs_servers(sys.argv):
        use_servers()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
