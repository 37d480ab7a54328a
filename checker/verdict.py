"""What a check found: plain data, read by reports/ and the command line, written by checker.checking.

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
    aside: bool = False  # bookkeeping of the model, beside a ledger that tells what came of it: a short story skips it


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
    fault: bool  # done by the checker, out of a budget
    received: SentMessage | None  # the message handled, lost, repeated or delayed by this step
    late: bool  # the received message had been delayed past its connection's end
    sent: tuple[SentMessage, ...]
    changes: tuple[Change, ...]
    choices: tuple[str, ...]  # what each choose() picked, in words
    played: str = ""  # of a fault that the model plays itself: its name in the spec's `faults:`
    gone: tuple[SentMessage, ...] = ()  # what was on its way to the actor and went with its connections: it crashed
    refused: tuple[int, ...] = ()  # places in ``sent`` of what reached nobody: its receiver was down
    says: str = ""  # what it is, in the model's words for a reader who has not seen the model
    remark: str = ""  # what the values do not tell and a reader has to see: "accepted, but of the transaction before"

    @property
    def is_fault(self) -> bool:
        """Something done to the system. A fault that shows when an actor starts again is a part of its crash: power
        that fails stops a broker and takes the end of its log, which is one fault, not two."""
        return self.fault or (bool(self.played) and not self.ends_a_crash)

    @property
    def ends_a_crash(self) -> bool:
        """Whether the model plays a fault in the restart: then the crash before it was of that kind."""
        return bool(self.played) and self.action == "restart"


@dataclass(frozen=True)
class LogEntry:
    """One place of a log, as people draw it. All texts are in the model's own words."""

    offset: int
    text: str  # "order 0"; of a control record "COMMIT" or "ABORT"
    kind: str = "record"  # "record" | "marker" (a control record) | "gone" (truncated, or deleted by retention)
    record: str = ""  # which row of the ledger this is a copy of; "" for none
    transaction: str = ""  # what it was written under: "producer 0, epoch 1", or "leader epoch 2"; "" for neither
    state: str = ""  # of its transaction as this log shows it: "open" | "committed" | "aborted"; "" outside one


@dataclass(frozen=True)
class Log:
    """A partition, or a replica of one, in one state of a path. Entries by rising offset; offsets may have gaps."""

    name: str  # "payments-0"
    actor: str  # whose state shows it
    entries: tuple[LogEntry, ...] = ()
    marks: tuple[tuple[str, int], ...] = ()  # ("high watermark", 2): the mark stands before the entry of that offset


@dataclass(frozen=True)
class LedgerEvent:
    """Something that happened to one record in a step of the path; 0 for what was so from the start."""

    record: str  # "order 0"
    column: str  # one of the ledger's columns
    text: str  # "payments-0 @ 1, epoch 0"
    step: int


@dataclass(frozen=True)
class Ledger:
    """What became of each record: rows are ``records``, cells are events, oldest first."""

    records: tuple[str, ...]
    columns: tuple[str, ...]  # "produced", "acknowledged", "in the log", "committed", "read by ledger" ...
    events: tuple[LedgerEvent, ...]


@dataclass(frozen=True)
class Plumbing:
    """What of its messages a model needs and a short story leaves out."""

    fields: frozenset[str] = frozenset()  # They tell one copy or connection from another, say.
    none: int | None = None  # The number that stands for "none" in a field: a field that has none says nothing.
    unless: frozenset[str] = frozenset()  # Left out where there is nothing in them, or they say no.
    names: dict[str, dict[int, str]] = field(default_factory=dict)  # By field: what its numbers are called.

    def hides(self, name: Any, value: Any) -> bool:
        """``name`` is a field's, or its message's type and it: "FetchRequest.leader_epoch"."""
        nothing = value is None or value is False or value in ([], {})
        if name in self.fields or (name in self.unless and nothing):
            return True
        return self.none is not None and value == self.none and not isinstance(value, bool)

    def named(self, name: Any, value: Any) -> Any:
        """The value of a field by its names, one or several."""
        names = self.names.get(name, {})
        if isinstance(value, list):
            return [self.named(name, one) for one in value]
        return names.get(value, value) if isinstance(value, int) and not isinstance(value, bool) else value


NO_PLUMBING = Plumbing()


@dataclass(frozen=True)
class Path:
    """A path from an initial state. ``states`` has one entry more than ``steps``: actor -> field -> text."""

    steps: tuple[PathStep, ...]
    states: tuple[dict[str, dict[str, str]], ...]
    replay: str  # the code that --replay takes
    logs: tuple[tuple[Log, ...], ...] = ()  # of each state, as the model's story draws them; () if it has none
    ledger: Ledger | None = None
    plumbing: Plumbing = NO_PLUMBING
    # The states once more as plain data, for programs: actor -> field -> value as ``checker.values`` writes it; under
    # "network" the messages on each link. () in a path that was not narrated.
    values: tuple[dict[str, dict[str, Any]], ...] = ()


@dataclass(frozen=True)
class Parting:
    """Where a path goes otherwise under another spec (``checker.parting``)."""

    other: str  # "BRK-02_fixed.yaml", or in words what is otherwise
    step: int  # The first that is not as there; 0: the other spec can go all of it, or there is a ``problem``.
    taken: bool = True  # The other spec takes this step, with other effects; else it cannot.
    sends: tuple[SentMessage, ...] = ()  # there and not here
    withholds: tuple[SentMessage, ...] = ()  # here and not there
    changes: tuple[Change, ...] = ()  # as they are there; before and after are the same where it changes only here
    title: str = ""  # of the other spec
    problem: str = ""  # why the two cannot be compared
    differs: tuple[str, ...] = ()  # in what the two specs differ: "version: 3.9 -> 4.0"

    def is_early(self, path: Path) -> bool:
        """Before anything has befallen the path: the other spec differs in more than what goes wrong."""
        return self.step < min((step.number for step in path.steps if step.is_fault), default=0)

    def acts_in(self, path: Path) -> int | None:
        """The step that is worth pointing at."""
        return self.step if self.step and not self.is_early(path) else None


@dataclass(frozen=True)
class Diagnosis:
    """Why a guarantee is broken, computed on the state graph (``checker.explain`` defines each term).

    A part that was not computed is None, and ``not_computed`` says why in a sentence.
    """

    # The last step before which the guarantee would still have been kept without further faults, whatever happened
    # next. Always a fault. None as well if no fault is needed at all: then ``fewest_faults`` is empty. (It may be empty
    # beside a pivot too: the fault decided on this path, and a longer one needs none.)
    pivot: int | None = None
    # The step after which, without further faults, no continuation keeps the guarantee for good any more. 0: there was
    # none from the start.
    no_return: int | None = None
    matters: tuple[int, ...] = ()  # The steps that a short story tells; the others only carry on as usual.
    fewest_faults: dict[str, int] | None = None  # by budget ("delay EndTxnRequest"): least sum, then fewest steps
    fewest_path: Path | None = None  # a shortest path with just these; None if the path shown is one
    not_computed: tuple[str, ...] = ()
    brief: bool = False  # Asked in passing, and given up early: a report goes further.
    parting: Parting | None = None  # From a spec in which it is kept, where one is known.


@dataclass(frozen=True)
class PropertyResult:
    name: str
    kind: str  # "always" | "sometimes" | "eventually"
    verdict: PropertyVerdict
    explanation: str = ""  # first line of the property's docstring
    reasons: tuple[str, ...] = ()  # the ensure() sentences that failed in the last state of the path
    # Counterexample of an always, a shortest one. Witness of a sometimes, if it was asked for or costs little: a
    # shortest one on which a fault happens, if there is one near by, else a shortest.
    path: Path | None = None
    shortest: int | None = None  # length of a shortest path there; known also where the path was not asked for
    diagnosis: Diagnosis | None = None  # of a violated guarantee

    @property
    def steps(self) -> int | None:
        """Of a shortest path there."""
        return len(self.path.steps) if self.path is not None and self.shortest is None else self.shortest

    @property
    def faults(self) -> dict[str, int] | None:
        """How often each kind of fault occurs in the path."""
        if self.path is None:
            return None
        found: dict[str, int] = {}
        for step in self.path.steps:
            name = step.played or (step.action if step.fault else "")
            if name:
                found[name] = found.get(name, 0) + 1
        return found


@dataclass(frozen=True)
class Explored:
    distinct_states: int
    transitions: int  # every successor generated, duplicates included; TLC's "generated" is this + initial states
    initial_states: int
    depth: int  # levels, as TLC counts: an initial state alone is depth 1
    complete: bool
    largest_level: int = 0


# --- What would have helped -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tried:
    """One change of a spec: ``--set key=value``. ``now``: what holds without it, and where that comes from."""

    key: str
    now: str
    value: str
    note: str = ""
    states: int = 0
    gives_up: str = ""  # What it costs: a guarantee that was kept without it, or a clause of the model.
    as_with: str = ""  # ``key=value`` of the change that it comes to, in the machine or by a default of a version.
    parts: int = 0  # The step of the spec's path that is the first to go otherwise with it; 0: not known.


@dataclass
class Remedies:
    """Which changes of one thing keep the guarantee that a spec breaks, within the spec's bounds and faults."""

    spec: str
    title: str
    broken: str | None  # The guarantee; None if nothing is broken.
    outcome: Outcome
    has_goals: bool = True  # Some goal tells a pipeline that stands still from one that works.
    kept: list[Tried] = field(default_factory=list)  # Every guarantee of the spec holds; what gives nothing up first.
    others_broken: list[Tried] = field(default_factory=list)  # Another one breaks first.
    vacuous: list[Tried] = field(default_factory=list)  # It holds because less happens: a goal is out of reach, say.
    broken_still: list[Tried] = field(default_factory=list)
    undecided: list[Tried] = field(default_factory=list)  # Too large, or the model goes wrong.
    unchanged: list[Tried] = field(default_factory=list)  # The same machine as without it, or as with another change.
    refused: list[Tried] = field(default_factory=list)  # Kafka, Flink or the model does not take it.
    not_judged: list[Tried] = field(default_factory=list)  # Not tried: the model cannot tell one value from another.
    seconds: float = 0.0


# --- The answer -------------------------------------------------------------------------------------------------------


@dataclass
class Result:
    """The answer to one spec. ``problem`` is set when the model itself went wrong (a bound left, a missing handler)."""

    spec: str
    title: str
    outcome: Outcome
    properties: list[PropertyResult]
    explored: Explored
    about: str = ""  # What the spec's author says of it.
    summary: str = ""  # What it describes, in the model's words.
    bounds: dict[str, Any] = field(default_factory=dict)  # constants, link capacities
    faults: dict[str, int | str] = field(default_factory=dict)  # budget by fault name; "unlimited"
    played: dict[str, str] = field(default_factory=dict)  # Faults of the spec that the model's actors play: how often.
    uncounted: list[str] = field(default_factory=list)  # Of those, what no actor counts: no explanation knows of them.
    fault_meanings: dict[str, str] = field(default_factory=dict)  # What those are, in the model's words.
    fired: dict[str, int] = field(default_factory=dict)  # transitions by fault name
    never_ran: list[str] = field(default_factory=list)  # "Actor.action" that no reached state enabled
    one_sided: list[str] = field(default_factory=list)  # "Actor.method, line 7: `if` was never true"
    overridden: list[str] = field(default_factory=list)  # Settings that are not what the spec or the default says.
    premises: dict[str, str] = field(default_factory=dict)  # Version of a pipeline; mechanisms it takes out or adds.
    settings: list[tuple[str, str, str]] = field(default_factory=list)  # In effect: name, value, where it comes from.
    meanings: dict[str, str] = field(default_factory=dict)  # Of those that are words of a spec only, by name: a clause.
    not_modelled: list[str] = field(default_factory=list)
    why: list[str] = field(default_factory=list)  # sentences: why vacuous or inconclusive
    seconds: dict[str, float] = field(default_factory=dict)  # load, compile, explore
    memory_bytes: int = 0
    engine: str = "native"
    problem: str = ""  # a model error, in words, with the path in ``problem_path``
    problem_path: Path | None = None
    remedies: Remedies | None = None  # Where they were asked for.


# --- How many faults it takes -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LeastFaults:
    """A multiset of faults none of which can be left out, and a shortest path with exactly these."""

    faults: dict[str, int]  # by budget; those that are not needed are not named
    steps: int
    replay: str | None  # None: of a `sometimes`, whose path was not looked for


@dataclass(frozen=True)
class PropertyFrontier:
    """``survives``: the greatest budgets within which an `always` holds; with one more of any kind it breaks, or the
    spec allows no more. Empty if it breaks without faults, and if the exploration was not complete.
    """

    name: str
    kind: str  # "always" | "sometimes"
    explanation: str
    least: tuple[LeastFaults, ...]  # that break an `always`, or by which a `sometimes` is reached; fewest first
    survives: tuple[dict[str, int], ...]


@dataclass(frozen=True)
class Frontier:
    """For each property, where the line runs between faults that it survives and faults that break it."""

    spec: str
    title: str
    faults: dict[str, int]  # what the spec allows
    properties: tuple[PropertyFrontier, ...]
    explored: Explored
    uncounted: tuple[str, ...] = ()  # Faults that the model plays itself: these are allowed in every row.
    why: tuple[str, ...] = ()  # sentences: what the answer does not cover; empty if it is complete
    seconds: dict[str, float] = field(default_factory=dict)
    engine: str = "native"

    @property
    def broken(self) -> bool:
        return any(one.kind == "always" and one.least for one in self.properties)
