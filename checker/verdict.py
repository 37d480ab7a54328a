"""What a check found: plain data, read by reports/ and the command line, written by checker.check.

A verdict never says more than what was explored. ``holds``: every state within the stated bounds was visited.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Outcome(Enum):
    HOLDS = "holds"
    VIOLATED = "violated"
    INCONCLUSIVE = "inconclusive"
    VACUOUS = "vacuous"


class PropertyVerdict(Enum):
    HOLDS = "holds"  # always: in every state of a complete exploration
    VIOLATED = "violated"
    REACHED = "reached"  # sometimes
    UNREACHED = "unreached"
    UNKNOWN = "unknown"  # the exploration stopped before it could tell


@dataclass(frozen=True)
class Change:
    """One field of one actor that a step changed. Values are rendered in the model's own words."""

    actor: str
    field: str
    before: str
    after: str
    wiped: bool = False  # a crash reset it


@dataclass(frozen=True)
class SentMessage:
    """A message that a step put on a link, or received: its type's name, its fields in words, the two ends."""

    type: str
    fields: dict[str, Any]  # JSON-able: numbers, booleans, text, None, lists, dicts
    sender: str | None
    receiver: str | None  # None: broadcast

    def __str__(self) -> str:
        return f"{self.type}({', '.join(f'{name}={_plain(value)}' for name, value in self.fields.items())})"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)


@dataclass(frozen=True)
class PathStep:
    """One step of a path. ``number`` counts from 1."""

    number: int
    actor: str  # whose step; for a fault on a message, the receiver
    action: str  # method name, or "crash", "restart", "pause", "resume", "lose", "duplicate", "delay"
    fault: bool
    received: SentMessage | None  # the message handled, lost, repeated or delayed by this step
    late: bool  # the received message had been delayed past its connection's end
    sent: tuple[SentMessage, ...]
    changes: tuple[Change, ...]
    choices: tuple[str, ...]  # what each choose() picked, in words


@dataclass(frozen=True)
class Path:
    """A path from an initial state. ``states`` has one entry more than ``steps``: actor -> field -> text."""

    steps: tuple[PathStep, ...]
    states: tuple[dict[str, dict[str, str]], ...]
    replay: str  # the code that --replay takes


@dataclass(frozen=True)
class PropertyResult:
    name: str
    kind: str  # "always" | "sometimes" | "eventually"
    verdict: PropertyVerdict
    explanation: str = ""  # first line of the property's docstring
    reasons: tuple[str, ...] = ()  # the ensure() sentences that failed in the last state of the path
    path: Path | None = None  # counterexample of an always; witness of a sometimes, if it was asked for or costs little
    shortest: int | None = None  # length of a shortest path there; known also where the path was not asked for

    @property
    def steps(self) -> int | None:
        return self.shortest if self.path is None else len(self.path.steps)

    @property
    def faults(self) -> dict[str, int] | None:
        """How often each kind of fault occurs in the path."""
        if self.path is None:
            return None
        found: dict[str, int] = {}
        for step in self.path.steps:
            if step.fault:
                found[step.action] = found.get(step.action, 0) + 1
        return found


@dataclass(frozen=True)
class Explored:
    distinct_states: int
    transitions: int  # every successor generated, duplicates included; TLC's "generated" is this + initial states
    initial_states: int
    depth: int  # levels, as TLC counts: an initial state alone is depth 1
    complete: bool
    largest_level: int = 0


@dataclass
class Result:
    """The answer to one spec. ``problem`` is set when the model itself went wrong (a bound left, a missing handler)."""

    spec: str
    title: str
    outcome: Outcome
    properties: list[PropertyResult]
    explored: Explored
    bounds: dict[str, Any] = field(default_factory=dict)  # constants, link capacities
    faults: dict[str, int | str] = field(default_factory=dict)  # budget by fault name; "unlimited"
    fired: dict[str, int] = field(default_factory=dict)  # transitions by fault name
    never_ran: list[str] = field(default_factory=list)  # "Actor.action" that no reached state enabled
    one_sided: list[str] = field(default_factory=list)  # "Actor.method, line 7: `if` was never true"
    overridden: list[str] = field(default_factory=list)  # Settings that are not what the spec or the default says.
    not_modelled: list[str] = field(default_factory=list)
    why: list[str] = field(default_factory=list)  # sentences: why vacuous or inconclusive
    seconds: dict[str, float] = field(default_factory=dict)  # load, compile, explore
    memory_bytes: int = 0
    engine: str = "native"
    problem: str = ""  # a model error, in words, with the path in ``problem_path``
    problem_path: Path | None = None
