"""From single drugs and procedures to treatment lines.

Sources state doses and orders, not lines. What is grouped here is a proposal that a person reviews, so every line says
why it was drawn as it was. Rules: one agent is one line while no gap exceeds ``GAP`` days; chemotherapy that starts
together (or is a known pair) is one regimen; procedures of one kind within ``GAP`` days are one line.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from patients.fhir.rules.codes.drugs import PARTNERS, REGIMENS
from patients.fhir.rules.dates import PartialDate
from patients.fhir.rules.facts import DrugFact, DrugSource, Modality, ProcedureFact

GAP = timedelta(days=90)
TOGETHER = timedelta(days=3)
PAIR = timedelta(days=14)  # capecitabine from day 1, temozolomide from day 10
STALE = timedelta(days=365)
# Given until further notice: an open order is believed for years, unless another treatment came after it.
_CONTINUOUS = frozenset({Modality.SSA, Modality.TARGETED, Modality.HORMONE, Modality.INTERFERON, Modality.SYMPTOM})
_REPLACES = frozenset({Modality.TARGETED, Modality.CHEMOTHERAPY, Modality.PRRT, Modality.IMMUNOTHERAPY})
_COMBINED = frozenset({Modality.CHEMOTHERAPY})
_ONGOING = frozenset({"active", "in-progress", "intended", "on-hold", "recorded"})


@dataclass(frozen=True, slots=True)
class Dose:
    """One thing given or done within a line, or an order for it. ``member`` is the caller's name of its source."""

    member: str
    fact: DrugFact | ProcedureFact
    on: PartialDate | None

    @property
    def given(self) -> bool:
        """Was it carried out (orders and statements are not)?"""
        if isinstance(self.fact, ProcedureFact):
            return self.fact.status in ("completed", "", "unknown")
        return self.fact.source == DrugSource.ADMINISTRATION and not self.fact.not_given


@dataclass(frozen=True, slots=True)
class LineProposal:
    """A treatment line as the sources suggest it. ``state``: planned, active, completed or stopped."""

    modality: Modality
    name: str
    agents: tuple[str, ...]
    start: PartialDate | None
    end: PartialDate | None
    state: str
    intent: str
    reason: str
    stop_reason: str
    why: str
    doses: tuple[Dose, ...]

    @property
    def members(self) -> tuple[str, ...]:
        """The sources of the line, each once."""
        return tuple(dict.fromkeys(dose.member for dose in self.doses))


@dataclass(slots=True)
class _Episode:
    modality: Modality
    agents: set[str]
    doses: list[Dose]
    reasons: list[str]

    @property
    def start(self) -> date | None:
        return min((dose.on.day for dose in self.doses if dose.on), default=None)

    @property
    def last(self) -> date | None:
        """The last day that the sources speak of."""
        return max((_until(dose) for dose in self.doses if dose.on), default=None)

    @property
    def open_ended(self) -> bool:
        return any(isinstance(dose.fact, DrugFact) and dose.fact.open_ended for dose in self.doses)


def _until(dose: Dose) -> date:
    if dose.fact.end:
        return dose.fact.end.last_day
    return dose.on.day if dose.on else date.min


def propose(
    drugs: Iterable[tuple[str, DrugFact]], procedures: Iterable[tuple[str, ProcedureFact]], *, today: date
) -> list[LineProposal]:
    """The lines, in order of their start; those without any date last. Facts that treat no tumor are passed over."""
    episodes: list[_Episode] = []
    supports: list[Dose] = []
    by_agent: dict[tuple[Modality, str], list[Dose]] = defaultdict(list)
    for member, drug in drugs:
        dose = Dose(member, drug, drug.start)
        if drug.supports:
            supports.append(dose)
        elif drug.modality and not drug.not_given:
            # PRRT is one series whatever the product is called
            name = "" if drug.modality == Modality.PRRT else " + ".join(drug.agents)
            by_agent[drug.modality, name].append(dose)
    for member, procedure in procedures:
        if procedure.modality:
            name = "" if procedure.modality != Modality.SURGERY else _surgery_day(procedure)
            by_agent[procedure.modality, name].append(Dose(member, procedure, procedure.start))
    for (modality, _name), doses in by_agent.items():
        episodes += _episodes(modality, doses)
    merged = _regimens(episodes)
    _attach(supports, merged)
    lines = [_line(episode, today, replaced=_replaced(episode, merged)) for episode in merged]
    return sorted(lines, key=lambda line: (line.start is None, line.start.day if line.start else date.max, line.name))


def _surgery_day(procedure: ProcedureFact) -> str:
    return procedure.start.day.isoformat() if procedure.start else procedure.label


def _episodes(modality: Modality, doses: Sequence[Dose]) -> list[_Episode]:
    """One agent's doses, cut where more than GAP passed without any."""
    dated = sorted(
        (dose for dose in doses if dose.on), key=lambda dose: (dose.on.day if dose.on else date.max, dose.member)
    )
    found: list[_Episode] = []
    for dose in dated:
        current = found[-1] if found else None
        if current is None or not _continues(current, dose):
            gap = (dose.on.day - current.last).days if current and current.last and dose.on else 0
            reason = f"new line after {gap} days without any entry (limit {GAP.days})" if current else ""
            current = _Episode(modality, set(), [], [reason] if reason else [])
            found.append(current)
        _take(current, dose)
    undated = [dose for dose in doses if not dose.on]
    if undated:
        home = found[-1] if found else _Episode(modality, set(), [], ["no date in the source"])
        if not found:
            found.append(home)
        for dose in undated:
            _take(home, dose)
    return found


def _take(episode: _Episode, dose: Dose) -> None:
    episode.doses.append(dose)
    if isinstance(dose.fact, DrugFact):
        episode.agents.update(dose.fact.agents)


def _continues(episode: _Episode, dose: Dose) -> bool:
    if episode.last is None or dose.on is None:
        return True
    # an order without an end bridges any gap to doses given under it, not to another order years later
    if episode.open_ended and dose.given:
        return True
    return dose.on.day - episode.last <= GAP


def _regimens(episodes: list[_Episode]) -> list[_Episode]:
    """Chemotherapy given together becomes one line."""
    result: list[_Episode] = []
    for episode in sorted(episodes, key=lambda e: (e.start or date.max, sorted(e.agents))):
        partner = next((other for other in result if _together(other, episode)), None)
        if partner is None:
            result.append(episode)
            continue
        partner.reasons.append(f"{' + '.join(sorted(episode.agents))} joined: given together")
        partner.agents |= episode.agents
        partner.doses += episode.doses
    return result


def _together(one: _Episode, other: _Episode) -> bool:
    if one.start is None or other.start is None or not one.agents or not other.agents:
        return False
    apart = abs(other.start - one.start)
    pair = any(
        one.agents & members and other.agents & members and not other.agents <= one.agents for members in PARTNERS
    )
    if pair and (apart <= PAIR or (one.last is not None and other.start <= one.last)):
        return True
    return one.modality in _COMBINED and other.modality in _COMBINED and apart <= TOGETHER


def _attach(supports: list[Dose], episodes: list[_Episode]) -> None:
    for dose in supports:
        home = next(
            (
                e
                for e in episodes
                if (e.modality in _COMBINED and dose.on and e.start and abs(dose.on.day - e.start) <= PAIR)
                or (e.modality in _COMBINED and dose.on and e.start and e.last and e.start <= dose.on.day <= e.last)
            ),
            None,
        )
        if home:
            home.doses.append(dose)


def _name(episode: _Episode) -> str:
    if episode.modality == Modality.PRRT:
        return "PRRT" + (f" ({', '.join(sorted(episode.agents))})" if episode.agents else "")
    if not episode.agents:
        return episode.doses[0].fact.label[:120]
    named = next((name for name, members in REGIMENS if members <= episode.agents), "")
    rest = sorted(episode.agents - next((members for name, members in REGIMENS if name == named), frozenset()))
    return " + ".join([named, *rest] if named else rest)[:120]


def _replaced(episode: _Episode, episodes: list[_Episode]) -> bool:
    """Did another treatment of the tumor start after this one? An analog goes on beside any."""
    if episode.modality not in _REPLACES or episode.start is None:
        return False
    return any(e.modality in _REPLACES and e.start and e.start > episode.start for e in episodes)


def _line(episode: _Episode, today: date, *, replaced: bool) -> LineProposal:
    doses = tuple(sorted(episode.doses, key=lambda d: (d.on is None, d.on.day if d.on else date.max, d.member)))
    start = min((dose.on for dose in doses if dose.on), key=lambda on: on.day, default=None)
    state, end, remark = _state(episode, doses, today, replaced=replaced)
    facts = [dose.fact for dose in doses]
    reasons = [*episode.reasons, *([remark] if remark else [])]
    sources = len({dose.member for dose in doses})
    return LineProposal(
        modality=episode.modality,
        name=_name(episode),
        agents=tuple(sorted(episode.agents)),
        start=start,
        end=end,
        state=state,
        intent=next((fact.intent for fact in facts if fact.intent), ""),
        reason=next((fact.reason for fact in facts if fact.reason), ""),
        stop_reason=next((f.stop_reason for f in reversed(facts) if isinstance(f, DrugFact) and f.stop_reason), ""),
        why="; ".join([f"from {sources} imported {'entry' if sources == 1 else 'entries'}", *reasons]),
        doses=doses,
    )


def _state(
    episode: _Episode, doses: tuple[Dose, ...], today: date, *, replaced: bool
) -> tuple[str, PartialDate | None, str]:
    """State, last day and a remark."""
    ends = [dose.fact.end or dose.on for dose in doses if dose.fact.end or dose.on]
    last = max((end for end in ends if end), key=lambda end: end.last_day, default=None)
    if last and last.day > today and all(dose.on is None or dose.on.day > today for dose in doses):
        return "planned", None, ""
    statuses = {dose.fact.status for dose in doses}
    if all(isinstance(dose.fact, ProcedureFact) for dose in doses):
        return ("active", None, "") if statuses == {"in-progress"} else ("completed", last, "")
    if "stopped" in statuses and not statuses & _ONGOING:
        return "stopped", last, ""
    if episode.open_ended and statuses & _ONGOING:
        return _still_called_active(episode, last, today, replaced=replaced)
    recent = last is not None and today - last.last_day <= GAP
    unfinished = not statuses <= {"completed", "stopped"}
    # doses are “completed” one by one; the series may go on
    goes_on = any(dose.given for dose in doses) and episode.modality != Modality.SURGERY
    return ("active", None, "") if recent and (unfinished or goes_on) else ("completed", last, "")


def _still_called_active(
    episode: _Episode, last: PartialDate | None, today: date, *, replaced: bool
) -> tuple[str, PartialDate | None, str]:
    """Sources forget to end orders: one is believed for a year, or for years where the drug is given for years."""
    if last is None or today - last.last_day <= STALE:
        return "active", None, ""
    if episode.modality in _CONTINUOUS and not replaced:
        return "active", None, f"the source calls it active, its last entry is of {last}: confirm that it goes on"
    return "completed", last, f"the source still calls it active, but its last entry is of {last}: taken as ended"
