"""What a plan is: typed fields, how each is asked, how it is kept as JSON. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, ClassVar, Self


class Kind(StrEnum):
    CHOICE = "choice"
    SEVERAL = "several"
    WHOLE = "whole"
    NUMBER = "number"
    TEXT = "text"
    YES = "yes"
    DAY = "day"


def unsaid(value: object) -> bool:
    """Nothing was answered; a zero is an answer."""
    return value is None or value is False or value in ("", ())


@dataclass(frozen=True)
class Ask:
    """How one field of a plan is asked. `low` and `high` are bounds of the scale itself (a percentage, a count);
    clinical limits come from the protocol by `number`, a code whose value is the suggestion and whose range the
    bounds."""

    label: str
    kind: Kind
    choices: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    low: Decimal | None = None
    high: Decimal | None = None
    hint: str = ""
    number: str = ""

    def words(self, value: Any) -> str:
        """The value as a person reads it."""
        if unsaid(value):
            return ""
        if self.kind == Kind.YES:
            return "yes"
        names = dict(self.choices)
        if self.kind == Kind.SEVERAL:
            return ", ".join(names.get(part, part) for part in value)
        if self.kind == Kind.CHOICE:
            return names.get(value, str(value))
        if self.kind == Kind.DAY:
            return f"{value.day} {value:%b %Y}"
        text = f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
        return f"{text} {self.unit}".strip()


def _ask(kind: Kind, default: object, label: str, **more: Any) -> Any:
    for bound in ("low", "high"):
        if bound in more:
            more[bound] = Decimal(str(more[bound]))
    return field(default=default, metadata={"ask": Ask(label, kind, **more)})


def choice(label: str, *choices: tuple[str, str], **more: Any) -> Any:
    return _ask(Kind.CHOICE, "", label, choices=choices, **more)


def several(label: str, *choices: tuple[str, str], **more: Any) -> Any:
    return _ask(Kind.SEVERAL, (), label, choices=choices, **more)


def whole(label: str, **more: Any) -> Any:
    return _ask(Kind.WHOLE, None, label, **more)


def number(label: str, **more: Any) -> Any:
    return _ask(Kind.NUMBER, None, label, **more)


def text(label: str, **more: Any) -> Any:
    return _ask(Kind.TEXT, "", label, **more)


def yes(label: str, **more: Any) -> Any:
    return _ask(Kind.YES, False, label, **more)


def day(label: str, **more: Any) -> Any:
    return _ask(Kind.DAY, None, label, **more)


def _read(ask: Ask, value: Any) -> Any:
    """A value from JSON (or a form) in its type; what cannot be read is left out."""
    try:
        match ask.kind:
            case Kind.WHOLE:
                return None if value in (None, "") else int(value)
            case Kind.NUMBER:
                return None if value in (None, "") else Decimal(str(value))
            case Kind.DAY:
                return value if isinstance(value, date) or not value else date.fromisoformat(str(value))
            case Kind.YES:
                return bool(value)
            case Kind.SEVERAL:
                return tuple(str(part) for part in value or ())
            case _:
                return str(value or "").strip()
    except (ValueError, InvalidOperation, TypeError):
        return () if ask.kind == Kind.SEVERAL else None


def _write(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True)
class Plan:
    """What only this modality needs. Columns of the line that it uses (agent, dose …) are named in `columns`, in the
    order in which they are asked, with `labels` where it has words of its own."""

    name: ClassVar[str] = ""
    columns: ClassVar[tuple[str, ...]] = ()
    labels: ClassVar[Mapping[str, str]] = {}
    agents: ClassVar[tuple[str, ...]] = ()
    doses: ClassVar[tuple[str, ...]] = ()
    interval: ClassVar[str] = ""  # protocol codes of what is suggested, and of the range
    count: ClassVar[str] = ""
    dose: ClassVar[Mapping[str, str]] = {}  # word in the agent → protocol code of the usual dose
    required: ClassVar[tuple[str, ...]] = ()
    criteria: ClassVar[str] = ""  # table of eligibility that guidance offers by address
    labs: ClassVar[str] = ""  # key of the labs that are looked at before each dose
    checks: ClassVar[tuple[str, ...]] = ()  # what is computed and shown, for the table of modalities

    @classmethod
    def asks(cls) -> dict[str, Ask]:
        return {item.name: item.metadata["ask"] for item in fields(cls) if "ask" in item.metadata}

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """The plan from its JSON. Keys that it does not know are left alone, values it cannot read are empty."""
        values = {name: _read(ask, data[name]) for name, ask in cls.asks().items() if name in data}
        known: dict[str, Field[Any]] = {item.name: item for item in fields(cls)}
        return cls(**{name: known[name].default if value is None else value for name, value in values.items()})

    def written(self) -> dict[str, Any]:
        """JSON of what was answered."""
        answers = {name: getattr(self, name) for name in self.asks()}
        return {name: _write(value) for name, value in answers.items() if not unsaid(value)}

    def facts(self) -> list[tuple[str, str]]:
        """(label, words) of what was answered."""
        found = [(ask.label, ask.words(getattr(self, name))) for name, ask in self.asks().items()]
        return [(label, words) for label, words in found if words]

    def problems(self) -> dict[str, str]:
        """What is wrong, by field, in sentences. Bounds and choices; the modality adds its own."""
        found: dict[str, str] = {}
        for name, ask in self.asks().items():
            value = getattr(self, name)
            if name in self.required and value in (None, "", ()):
                found[name] = f"{ask.label}: this treatment needs it."
            if isinstance(value, int | Decimal) and not isinstance(value, bool):
                if ask.low is not None and value < ask.low:
                    found[name] = f"{ask.label}: at least {ask.low.normalize():f} {ask.unit}".strip() + "."
                if ask.high is not None and value > ask.high:
                    found[name] = f"{ask.label}: at most {ask.high.normalize():f} {ask.unit}".strip() + "."
            chosen = value if ask.kind == Kind.SEVERAL else (value,) if ask.kind == Kind.CHOICE and value else ()
            if any(part not in dict(ask.choices) for part in chosen):
                found[name] = f"{ask.label}: choose one of the answers."
        return found

    def dose_words(self) -> str:
        """The dose in words where the plan holds it and not the line's `dose`."""
        return ""

    @classmethod
    def dose_code(cls, agent: str) -> str:
        """The protocol code of the usual dose of this agent; "" where there is none."""
        low = agent.lower()
        return next((code for word, code in cls.dose.items() if word in low), "")
