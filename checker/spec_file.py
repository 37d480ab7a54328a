"""What a spec file says, as data: the answer of ``checker.spec.load``, and all that later stages need of the file."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from checker.source import Place
from checker.yaml_document import Key, KeyPath, YamlDocument

FAULT_KINDS = ("crash", "pause", "lose", "duplicate", "delay")
PREMISES = ("version", "connector", "without", "fixes", "proposed")  # Of a pipeline, besides its settings.
Budget = int | Literal["unlimited"]


@dataclass(frozen=True)
class ActorEntry:
    """One line of ``actors:``. ``count`` is ``None`` for a single actor, else the size of the group."""

    name: str
    class_name: str
    count: int | None
    wiring: dict[str, Any]  # As written: the field's type decides what a word means.

    @property
    def instances(self) -> tuple[str, ...]:
        if self.count is None:
            return (self.name,)
        return tuple(f"{self.name}-{number}" for number in range(1, self.count + 1))


@dataclass(frozen=True)
class LinkRule:
    """What is different on the links to and from some actors; ``None`` means any actor, or no difference."""

    to: str | None
    sender: str | None
    kind: str | None
    capacity: int | None
    when_full: str | None
    reliable: bool | None = None


@dataclass(frozen=True)
class Network:
    kind: str = "fifo"
    capacity: int = 4
    when_full: str = "error"
    links: tuple[LinkRule, ...] = ()


@dataclass(frozen=True)
class PredicateUse:
    """A predicate of the model, with the arguments that the spec binds by name."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """``no_aborted_read(consumer=ledger)``: unique within one list of a spec."""
        inside = ", ".join(f"{name}={_argument(value)}" for name, value in self.arguments.items())
        return f"{self.name}({inside})" if inside else self.name


def _argument(value: Any) -> str:
    return f"[{', '.join(map(_argument, value))}]" if isinstance(value, list) else str(value)


@dataclass(frozen=True)
class Check:
    always: tuple[PredicateUse, ...] = ()
    sometimes: tuple[PredicateUse, ...] = ()
    final: tuple[PredicateUse, ...] = ()


@dataclass(frozen=True)
class Expect:
    """The pinned outcome; ``None`` is not compared."""

    verdict: str
    violates: str | None = None
    steps: int | None = None
    distinct_states: int | None = None
    transitions: int | None = None
    depth: int | None = None


@dataclass(frozen=True)
class Limits:
    states: int | None = None
    seconds: float | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True)
class Setting:
    """One line of ``show``: a setting as it takes effect, where it comes from, and the rule that decided; what a word
    means that is the spec's own."""

    name: str
    value: str
    origin: str
    rule: str = ""
    meaning: str = ""


@dataclass(frozen=True)
class SpecFile:
    """A spec that is well formed. ``module`` is where classes and predicates are looked up; ``pipeline`` names the
    module that translated the user's own words (``checker.spec.words_of`` has them), and is None in the wired form.
    """

    path: str
    title: str
    follows: str | None
    version: str | None
    model: str
    module: types.ModuleType
    constants: dict[str, int]
    actors: dict[str, ActorEntry]
    network: Network
    faults: dict[str, Budget | dict[str, Budget]]  # Budgets of 0 are left out: such a fault is not promised.
    check: Check
    deadlock: Literal["report", "allow"]
    expect: Expect | None
    limits: Limits
    not_modelled: tuple[str, ...]
    bounds: dict[str, Any]
    document: YamlDocument = field(repr=False)
    fixed: str | None = None  # The file of another spec, in which what is broken here is kept.
    overrides: tuple[str, ...] = ()  # With which it was loaded.
    about: str = ""  # What its author says of it, in the comment at its head.
    pipeline: str | None = None
    fault_meanings: Mapping[str, str] = field(default_factory=dict, repr=False)  # Of faults that its actors play.
    summary: str = ""  # What the user's own words describe; "" in the wired form.
    settings: tuple[Setting, ...] = field(default=(), repr=False)  # As they take effect; none in the wired form.
    origins: Mapping[KeyPath, KeyPath] = field(default_factory=dict, repr=False)

    def place(self, path: str | Sequence[Key]) -> Place:
        """Where a value of the wired form stands: ``place("actors.rm.tm")``, ``place(("check", "always", 0))``.

        In the pipeline form this is the user's own line that it came from; where unknown, the ``model:`` line.
        """
        return self._placed(self._split(path), self.document.place)

    def key_place(self, path: str | Sequence[Key]) -> Place:
        """Where the key of a value stands."""
        return self._placed(self._split(path), self.document.key_place)

    def _placed(self, path: KeyPath, locate: Callable[[Sequence[Key]], Place]) -> Place:
        if self.pipeline is None:
            return locate(path)
        for length in range(len(path), 0, -1):
            if path[:length] in self.origins:
                return locate(self.origins[path[:length]])
        return locate(path) if path and self.document.find(path[:1]) is not None else locate(("model",))

    def _split(self, path: str | Sequence[Key]) -> KeyPath:
        """A dotted path by the keys that exist; keys may have dots in them themselves (``group.id``)."""
        if not isinstance(path, str):
            return tuple(path)
        known, rest = self.document.split(path.split("."))
        return (*known, *rest)
