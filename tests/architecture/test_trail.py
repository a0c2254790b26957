"""Whoever changes something leaves a row in the audit trail: every public command that takes `by` reaches `record`,
read from the code, call by call."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

BASE = Path(__file__).resolve().parents[2]
WRITES = {"record", "record_about"}
# Parts of another command, in its transaction: that one audits for them.
INSIDE_ANOTHER = {
    "careteam.printing.commands.put_on_list",
    "patients.fhir.commands.runs.start_run",  # the import audits when it ends
    "patients.imaging.commands.base.finish_reminders",
    "patients.imaging.commands.base.finish_step",
    "patients.treatment.commands.preparation.prepare",
    "tumorboard.ballots.commands.telling.tell_result",
    "tumorboard.live.commands.drafts.after_recording",
    "tumorboard.live.commands.drafts.back_to_draft",
    "tumorboard.meetings.commands.order.note_change",
}


@dataclass
class Source:
    """A module of commands: its functions and classes, and where imported names come from."""

    functions: dict[str, ast.FunctionDef | ast.ClassDef] = field(default_factory=dict)
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)


@cache
def sources() -> dict[str, Source]:
    found = {}
    for app in ("careteam", "patients", "tumorboard"):
        for path in (BASE / app).rglob("*.py"):
            parts = path.relative_to(BASE).with_suffix("").parts
            if "commands" not in parts or "management" in parts:
                continue
            source = Source()
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    source.functions.setdefault(node.name, node)
                elif isinstance(node, ast.ImportFrom):
                    source.imported |= {
                        alias.asname or alias.name: (node.module or "", alias.name) for alias in node.names
                    }
            found[".".join(part for part in parts if part != "__init__")] = source
    return found


def leaves_a_row(module: str, name: str, seen: set[tuple[str, str]]) -> bool:
    source = sources().get(module)
    if source is None or (module, name) in seen:
        return False
    seen.add((module, name))
    function = source.functions.get(name)
    if function is None:  # a package hands on what its modules have
        origin = source.imported.get(name)
        return origin is not None and leaves_a_row(*origin, seen)
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            where, what = source.imported.get(node.id, (module, node.id))
            if (what in WRITES and where != module) or leaves_a_row(where, what, seen):
                return True
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in source.imported:
            if leaves_a_row(".".join(source.imported[node.value.id]), node.attr, seen):
                return True
    return False


def commands_of_persons() -> list[tuple[str, str]]:
    return [
        (module, name)
        for module, source in sources().items()
        for name, function in source.functions.items()
        if isinstance(function, ast.FunctionDef)
        and not name.startswith("_")
        and module != "careteam.audit.commands"
        and {"by", "now"} <= {argument.arg for argument in function.args.kwonlyargs}
    ]


def test_every_command_of_a_person_leaves_an_audit_row() -> None:
    asked = commands_of_persons()
    assert len(asked) > 250
    silent = {f"{module}.{name}" for module, name in asked if not leaves_a_row(module, name, set())}
    assert silent == INSIDE_ANOTHER
