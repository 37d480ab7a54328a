"""The actor language: what a model file imports, and nothing else.

Everything here only marks or describes. An actor is ordinary Python: the reference semantics runs its methods as
they stand, the other engines read their syntax trees (``checker.frontend``). The verbs (``require``, ``choose``,
``send`` ...) speak to the step that is being executed, which the engine sets for the duration of one method call.

Nothing here judges whether a model is well formed: that is the front end's work, in one place.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, TypeVar, cast, dataclass_transform

__all__ = [
    "ActorId", "Below", "Between", "Counts", "Durable", "History", "MaxLen", "Of", "UpTo", "Volatile", "action",
    "actor", "anything", "broadcast", "choose", "each", "ensure", "ignore", "message", "on", "on_restart", "one_of",
    "predicate", "quiet", "replace", "require", "send", "struct", "suspected",
]  # fmt: skip

T = TypeVar("T")
C = TypeVar("C", bound=type)
F = TypeVar("F", bound=Callable[..., Any])


# --- Types ----------------------------------------------------------------------------------------------------------


class ActorId(int):
    """The identity of one actor instance; compares and hashes by identity, prints as the instance's name."""

    name: str

    def __new__(cls, value: int, name: str = "") -> ActorId:
        self = super().__new__(cls, value)
        self.name = name or f"actor{value}"
        return self

    def __repr__(self) -> str:
        return self.name

    __str__ = __repr__


@dataclass(frozen=True)
class Between:
    """Bounds of an integer, both inclusive: numbers or names of constants of the spec (``"records - 1"`` works)."""

    low: int | str
    high: int | str


def UpTo(high: int | str) -> Between:
    """An integer from 0 to ``high``, inclusive."""
    return Between(0, high)


def Below(end: int | str) -> Between:
    """An integer from 0 to ``end - 1``: an index into something of size ``end``."""
    return Between(0, f"{end} - 1" if isinstance(end, str) else end - 1)


@dataclass(frozen=True)
class MaxLen:
    """The greatest length of a sequence (``tuple[T, ...]``)."""

    length: int | str


@dataclass(frozen=True)
class Of:
    """Restricts an ``ActorId`` to the instances of one actor class, named as a string."""

    actor: str


@dataclass(frozen=True)
class Counts:
    """Marks a state field that counts how often a fault of the spec's `faults:` has happened, one that the actor plays
    itself (a timeout, a refused append): ``Annotated[int, UpTo(1), Counts("delivery_timeout")]``.

    A step that raises the field is that fault. It decides no verdict; it is told as a fault, and explanations ask what
    could have come without it.
    """

    fault: str


class Storage(enum.Enum):
    """What a crash does to a field, and who may read it."""

    DURABLE = "durable"
    VOLATILE = "volatile"
    HISTORY = "history"


Durable = Annotated[T, Storage.DURABLE]
Volatile = Annotated[T, Storage.VOLATILE]
History = Annotated[T, Storage.HISTORY]


@dataclass(frozen=True)
class Each:
    """Default of a map field: the same value for every key."""

    value: Any


def each(value: Any) -> Any:
    """Default of a map field (``dict[K, V]``): every key starts with ``value``."""
    return Each(value)


@dataclass(frozen=True)
class OneOf:
    """Default of a field that starts with any of several values; ``values=None`` means every value of its type."""

    values: tuple[Any, ...] | None


def one_of(*values: Any) -> Any:
    """A field that starts with any of ``values``: one initial state for each."""
    return OneOf(values)


def anything() -> Any:
    """A field that starts with any value of its type: one initial state for each."""
    return OneOf(None)


# --- Markers --------------------------------------------------------------------------------------------------------


def _tell_step(made: Any) -> None:
    """Inside a step, what is constructed must fit its declared bounds."""
    step = current_step.get(None)
    if step is not None:
        step.constructed(made)


def _record(cls: type, kind: str) -> type:
    cls.__post_init__ = _tell_step  # type: ignore[attr-defined]
    cls.__checker_kind__ = kind  # type: ignore[attr-defined]
    # What dataclass would write and compile for each class, once for all: a family of models has a hundred of them.
    cls.__eq__, cls.__hash__, cls.__repr__ = _record_eq, _record_hash, _record_repr  # type: ignore[assignment]
    return dataclass(frozen=True, eq=False, repr=False)(cls)


def _record_eq(self: Any, other: object) -> bool:
    return self.__dict__ == other.__dict__ if other.__class__ is self.__class__ else NotImplemented


def _record_hash(self: Any) -> int:
    return hash(tuple(self.__dict__.values()))


def _record_repr(self: Any) -> str:
    return f"{self.__class__.__qualname__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"


@dataclass_transform(frozen_default=True)
def struct(cls: C) -> C:
    """A small immutable record; change a copy with ``replace(value, field=...)``."""
    return cast(C, _record(cls, "struct"))


@dataclass_transform(frozen_default=True)
def message(cls: C) -> C:
    """A message type: like a struct, and it may be sent."""
    return cast(C, _record(cls, "message"))


def actor(cls: C) -> C:
    """An actor class: a state machine whose methods are single, indivisible steps."""
    cls.__checker_kind__ = "actor"  # type: ignore[attr-defined]
    return cls


@dataclass(frozen=True)
class Marker:
    """What a method or function is for; read by the front end."""

    kind: str
    argument: Any = None


def _mark(function: F, marker: Marker) -> F:
    function.__dict__.setdefault("__checker_markers__", []).append(marker)
    return function


def action(method: F) -> F:
    """A step that the actor may take whenever its ``require`` guards hold."""
    return _mark(method, Marker("action"))


def on(message_type: type) -> Callable[[F], F]:
    """A handler: the step that receives one message of this type. A failing ``require`` leaves the message waiting."""
    return lambda method: _mark(method, Marker("on", message_type))


def on_restart(method: F) -> F:
    """The recovery hook: runs inside the restart step, after volatile fields have been reset."""
    return _mark(method, Marker("on_restart"))


def predicate(function: F) -> F:
    """A property of a whole state, for ``check:`` in a spec.

    Parameters are bound by type: an actor class means its only instance, ``tuple[Class, ...]`` all its instances, an
    integer the constant of that name. It is true if it returns true and no ``ensure`` in it failed.
    """
    return _mark(function, Marker("predicate"))


@dataclass(frozen=True)
class Ignored:
    """A message type that an actor receives and drops on purpose."""

    message: type
    because: str


def ignore(message_type: type, *, because: str) -> Ignored:
    """Class-level declaration (any attribute name): this actor drops such messages; ``because`` says why."""
    return Ignored(message_type, because)


# --- Verbs ----------------------------------------------------------------------------------------------------------


class Step(Protocol):
    """What the verbs need from the engine that is executing a method."""

    def require(self, condition: bool) -> None: ...
    def choose(self, options: Iterable[Any]) -> Any: ...
    def send(self, to: ActorId, message: Any) -> None: ...
    def broadcast(self, message: Any) -> None: ...
    def quiet(self, peer: ActorId) -> bool: ...
    def suspected(self, peer: ActorId) -> bool: ...
    def ensure(self, condition: bool, reason: str) -> None: ...
    def constructed(self, made: Any) -> None: ...
    def passed(self, branch: tuple[str, int, bool]) -> None: ...


current_step: ContextVar[Step] = ContextVar("current_step")


def require(condition: bool) -> None:
    """Guard: the step is possible only if ``condition`` holds. Comes before the step's first change."""
    current_step.get().require(condition)


def choose(options: Iterable[T]) -> T:
    """Branch: one successor for each option; none means that the step is not possible.

    Unlike TLA+'s CHOOSE, which picks one fixed element, this explores all of them (TLA+: existential quantification).
    """
    return current_step.get().choose(options)  # type: ignore[no-any-return]


def send(to: ActorId, message: Any) -> None:
    """Put a message on the link to another actor (or to oneself: a task to be done later)."""
    current_step.get().send(to, message)


def broadcast(message: Any) -> None:
    """Put a message on a ``set`` network where every actor that handles its type can read it, any number of times."""
    current_step.get().broadcast(message)


def quiet(peer: ActorId) -> bool:
    """Nothing is in flight between this actor and ``peer``, in either direction, on their present connection.

    The idiom for a request timeout that is longer than any answer takes: ``require(quiet(self.leader))`` before a
    retry. Messages delayed past their connection's end do not count. Needs ``fifo`` links.
    """
    return current_step.get().quiet(peer)


def suspected(peer: ActorId) -> bool:
    """``peer`` is down or paused at this moment: others believe it to be dead (it may yet wake up)."""
    return current_step.get().suspected(peer)


def ensure(condition: bool, reason: str) -> None:
    """In a predicate: one named conjunct. ``reason`` says, with values, what is wrong when it fails."""
    current_step.get().ensure(condition, reason)


def replace(value: T, **changes: Any) -> T:
    """A copy of a struct with some fields changed."""
    return dataclasses.replace(value, **changes)  # type: ignore[type-var]
