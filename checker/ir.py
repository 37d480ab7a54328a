"""The typed intermediate form of actor methods and predicates: what the compiled engines read.

One tree per method and class; wiring stays symbolic (``Wiring``), so one tree serves every instance. Helpers are
inlined (``Inline``). Expressions have no side effects except ``Choose`` and what an ``Inline`` body does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from checker.actors import Function
from checker.types import BOOL, Type


@dataclass(frozen=True)
class Expr:
    type: Type


@dataclass(frozen=True)
class Const(Expr):
    value: Any


@dataclass(frozen=True)
class Wiring(Expr):
    """A wiring field of the actor itself, or (``actor`` given) of another actor that a predicate reads."""

    name: str
    actor: ActorRef | None = None


@dataclass(frozen=True)
class FieldRead(Expr):
    name: str
    actor: ActorRef | None = None


@dataclass(frozen=True)
class ActorRef:
    """An actor known when the code is made: a predicate's parameter, or a loop variable over a tuple of actors."""

    variable: str
    class_name: str


@dataclass(frozen=True)
class Local(Expr):
    name: str  # unique within the method


@dataclass(frozen=True)
class Not(Expr):
    value: Expr


@dataclass(frozen=True)
class Negative(Expr):
    value: Expr


@dataclass(frozen=True)
class Arithmetic(Expr):
    operator: str  # + - * // %
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Compare(Expr):
    operator: str  # < <= > >=, on integers
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Equal(Expr):
    left: Expr
    right: Expr


@dataclass(frozen=True)
class IsNone(Expr):
    value: Expr


@dataclass(frozen=True)
class Both(Expr):
    """``and``: the right side is evaluated only if the left is true."""

    left: Expr
    right: Expr


@dataclass(frozen=True)
class Either(Expr):
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Conditional(Expr):
    condition: Expr
    then: Expr
    otherwise: Expr


@dataclass(frozen=True)
class Member(Expr):
    item: Expr
    collection: Expr


@dataclass(frozen=True)
class SetOperation(Expr):
    operator: str  # | & - ^
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Subset(Expr):
    left: Expr
    right: Expr
    proper: bool


@dataclass(frozen=True)
class MakeSet(Expr):
    items: tuple[Expr, ...]


@dataclass(frozen=True)
class MakeSequence(Expr):
    items: tuple[Expr, ...]


@dataclass(frozen=True)
class Concatenate(Expr):
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Index(Expr):
    """An item of a sequence (Python's rules: negative counts from the end) or of a map."""

    base: Expr
    index: Expr


@dataclass(frozen=True)
class Slice(Expr):
    base: Expr
    start: Expr | None
    end: Expr | None


@dataclass(frozen=True)
class MakeStruct(Expr):
    values: tuple[Expr, ...]  # in field order


@dataclass(frozen=True)
class Attribute(Expr):
    base: Expr
    name: str


@dataclass(frozen=True)
class Replace(Expr):
    base: Expr
    changes: tuple[tuple[str, Expr], ...]


@dataclass(frozen=True)
class Length(Expr):
    collection: Expr


# --- Iteration ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Over:
    """Something to iterate. ``kind``: range (start, end), set, sequence, keys, values, items, enumerate, actors."""

    kind: str
    sources: tuple[Expr, ...] = ()
    reverse: bool = False
    actors: ActorsParameter | None = None


@dataclass(frozen=True)
class ActorsParameter:
    """A predicate's parameter of type ``tuple[Class, ...]``."""

    name: str
    class_name: str


@dataclass(frozen=True)
class Generator:
    """``for <names> in <over> if <conditions>``; several are nested."""

    names: tuple[str, ...]
    types: tuple[Type, ...]
    over: Over
    conditions: tuple[Expr, ...]


@dataclass(frozen=True)
class Fold(Expr):
    """``any``, ``all``, ``sum``, ``min``, ``max`` over generators."""

    kind: str
    generators: tuple[Generator, ...]
    body: Expr
    default: Expr | None = None  # of min and max


@dataclass(frozen=True)
class CollectSet(Expr):
    generators: tuple[Generator, ...]
    body: Expr


@dataclass(frozen=True)
class CollectSequence(Expr):
    generators: tuple[Generator, ...]
    body: Expr


@dataclass(frozen=True)
class Choose(Expr):
    generators: tuple[Generator, ...]
    body: Expr


@dataclass(frozen=True)
class Quiet(Expr):
    peer: Expr


@dataclass(frozen=True)
class Suspected(Expr):
    peer: Expr


@dataclass(frozen=True)
class Inline(Expr):
    """A call of a helper: parameters become locals, ``Return`` inside ends this body only."""

    function: Function
    parameters: tuple[tuple[str, Expr], ...]
    body: tuple[Stmt, ...]
    result: str  # the local that receives the returned value; "" if there is none


# --- Statements -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stmt:
    line: int


@dataclass(frozen=True)
class Assign(Stmt):
    name: str
    value: Expr


@dataclass(frozen=True)
class SetField(Stmt):
    name: str
    value: Expr


@dataclass(frozen=True)
class SetItem(Stmt):
    field: str
    key: Expr
    value: Expr


@dataclass(frozen=True)
class If(Stmt):
    condition: Expr
    then: tuple[Stmt, ...]
    otherwise: tuple[Stmt, ...]


@dataclass(frozen=True)
class For(Stmt):
    names: tuple[str, ...]
    over: Over
    body: tuple[Stmt, ...]


@dataclass(frozen=True)
class Break(Stmt):
    pass


@dataclass(frozen=True)
class Continue(Stmt):
    pass


@dataclass(frozen=True)
class Return(Stmt):
    value: Expr | None


@dataclass(frozen=True)
class Require(Stmt):
    condition: Expr


@dataclass(frozen=True)
class Assert(Stmt):
    condition: Expr


@dataclass(frozen=True)
class Ensure(Stmt):
    condition: Expr


@dataclass(frozen=True)
class Send(Stmt):
    to: Expr
    message: Expr


@dataclass(frozen=True)
class Broadcast(Stmt):
    message: Expr


@dataclass(frozen=True)
class Evaluate(Stmt):
    """An expression for its effect: a call of a helper."""

    value: Expr


@dataclass(frozen=True)
class Method:
    """A translated method or predicate. ``locals``: every local with its type, parameters included."""

    function: Function
    body: tuple[Stmt, ...]
    locals: dict[str, Type]

    @property
    def reads(self) -> frozenset[str]:
        """State fields of the actor that this method reads."""
        return frozenset(one.name for one in walk(self.body) if isinstance(one, FieldRead) and one.actor is None) | {
            one.field for one in walk(self.body) if isinstance(one, SetItem)
        }

    @property
    def writes(self) -> frozenset[str]:
        """State fields of the actor that this method may change."""
        found = {one.name for one in walk(self.body) if isinstance(one, SetField)}
        return frozenset(found | {one.field for one in walk(self.body) if isinstance(one, SetItem)})

    @property
    def guards(self) -> tuple[Expr, ...]:
        """The conditions of its ``require`` statements, in order."""
        return tuple(one.condition for one in walk(self.body) if isinstance(one, Require))


def walk(node: Any) -> Iterator[Any]:
    """Every statement, expression and generator below (and including) a node or a tuple of nodes."""
    if isinstance(node, tuple):
        for one in node:
            yield from walk(one)
    elif isinstance(node, (Expr, Stmt, Generator, Over)):
        yield node
        for one in fields(node):
            if one.name not in ("type", "types", "function"):
                yield from walk(getattr(node, one.name))


TRUE = Const(BOOL, True)
