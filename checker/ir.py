"""The typed intermediate form of actor methods and predicates: what the compiled engines read.

One tree per method and class; wiring stays symbolic (``Wiring``), so one tree serves every instance. Helpers are
inlined (``Inline``). Expressions have no side effects except ``Choose`` and what an ``Inline`` body does.

Nodes compare by identity: nothing compares trees, and making fifty classes with generated comparison costs 50 ms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from checker.actors import Function
from checker.types import BOOL, Type


@dataclass(frozen=True, eq=False, repr=False)
class Expr:
    type: Type


@dataclass(frozen=True, eq=False, repr=False)
class Const(Expr):
    value: Any


@dataclass(frozen=True, eq=False, repr=False)
class Wiring(Expr):
    """A wiring field of the actor itself, or (``actor`` given) of another actor that a predicate reads."""

    name: str
    actor: ActorRef | None = None


@dataclass(frozen=True, eq=False, repr=False)
class FieldRead(Expr):
    name: str
    actor: ActorRef | None = None


@dataclass(frozen=True)
class ActorRef:
    """An actor known when the code is made: a predicate's parameter, or a loop variable over a tuple of actors."""

    variable: str
    class_name: str


@dataclass(frozen=True, eq=False, repr=False)
class Local(Expr):
    name: str  # unique within the method


@dataclass(frozen=True, eq=False, repr=False)
class Not(Expr):
    value: Expr


@dataclass(frozen=True, eq=False, repr=False)
class Negative(Expr):
    value: Expr


@dataclass(frozen=True, eq=False, repr=False)
class Arithmetic(Expr):
    operator: str  # + - * // %
    left: Expr
    right: Expr


@dataclass(frozen=True, eq=False, repr=False)
class Extreme(Expr):
    """``min`` or ``max`` of several integers."""

    kind: str
    values: tuple[Expr, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Absolute(Expr):
    value: Expr


@dataclass(frozen=True, eq=False, repr=False)
class Compare(Expr):
    operator: str  # < <= > >=, on integers
    left: Expr
    right: Expr


@dataclass(frozen=True, eq=False, repr=False)
class Equal(Expr):
    left: Expr
    right: Expr


@dataclass(frozen=True, eq=False, repr=False)
class IsNone(Expr):
    value: Expr


@dataclass(frozen=True, eq=False, repr=False)
class Both(Expr):
    """``and``: the right side is evaluated only if the left is true."""

    left: Expr
    right: Expr


@dataclass(frozen=True, eq=False, repr=False)
class Either(Expr):
    left: Expr
    right: Expr


@dataclass(frozen=True, eq=False, repr=False)
class Conditional(Expr):
    condition: Expr
    then: Expr
    otherwise: Expr


@dataclass(frozen=True, eq=False, repr=False)
class Member(Expr):
    item: Expr
    collection: Expr


@dataclass(frozen=True, eq=False, repr=False)
class SetOperation(Expr):
    operator: str  # | & - ^
    left: Expr
    right: Expr


@dataclass(frozen=True, eq=False, repr=False)
class Subset(Expr):
    left: Expr
    right: Expr
    proper: bool


@dataclass(frozen=True, eq=False, repr=False)
class MakeSet(Expr):
    items: tuple[Expr, ...]


@dataclass(frozen=True, eq=False, repr=False)
class MakeSequence(Expr):
    items: tuple[Expr, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Concatenate(Expr):
    left: Expr
    right: Expr


@dataclass(frozen=True, eq=False, repr=False)
class Index(Expr):
    """An item of a sequence (Python's rules: negative counts from the end) or of a map."""

    base: Expr
    index: Expr


@dataclass(frozen=True, eq=False, repr=False)
class Slice(Expr):
    base: Expr
    start: Expr | None
    end: Expr | None


@dataclass(frozen=True, eq=False, repr=False)
class MakeStruct(Expr):
    values: tuple[Expr, ...]  # in field order


@dataclass(frozen=True, eq=False, repr=False)
class Attribute(Expr):
    base: Expr
    name: str


@dataclass(frozen=True, eq=False, repr=False)
class Replace(Expr):
    base: Expr
    changes: tuple[tuple[str, Expr], ...]


@dataclass(frozen=True, eq=False, repr=False)
class Length(Expr):
    collection: Expr


# --- Iteration ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
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


@dataclass(frozen=True, eq=False, repr=False)
class Generator:
    """``for <names> in <over> if <conditions>``; several are nested."""

    names: tuple[str, ...]
    types: tuple[Type, ...]
    over: Over
    conditions: tuple[Expr, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Fold(Expr):
    """``any``, ``all``, ``sum``, ``min``, ``max`` over generators."""

    kind: str
    generators: tuple[Generator, ...]
    body: Expr
    default: Expr | None = None  # of min and max


@dataclass(frozen=True, eq=False, repr=False)
class CollectSet(Expr):
    generators: tuple[Generator, ...]
    body: Expr


@dataclass(frozen=True, eq=False, repr=False)
class CollectSequence(Expr):
    generators: tuple[Generator, ...]
    body: Expr


@dataclass(frozen=True, eq=False, repr=False)
class Choose(Expr):
    generators: tuple[Generator, ...]
    body: Expr


@dataclass(frozen=True, eq=False, repr=False)
class Quiet(Expr):
    peer: Expr


@dataclass(frozen=True, eq=False, repr=False)
class Suspected(Expr):
    peer: Expr


@dataclass(frozen=True, eq=False, repr=False)
class Inline(Expr):
    """A call of a helper: parameters become locals, ``Return`` inside ends this body only."""

    function: Function
    parameters: tuple[tuple[str, Expr], ...]
    body: tuple[Stmt, ...]
    result: str  # the local that receives the returned value; "" if there is none


# --- Statements -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Stmt:
    line: int


@dataclass(frozen=True, eq=False, repr=False)
class Assign(Stmt):
    name: str
    value: Expr
    declared: Type | None = None  # an annotated local: the value is checked, as that of a field is


@dataclass(frozen=True, eq=False, repr=False)
class SetField(Stmt):
    name: str
    value: Expr


@dataclass(frozen=True, eq=False, repr=False)
class SetItem(Stmt):
    field: str
    key: Expr
    value: Expr


@dataclass(frozen=True, eq=False, repr=False)
class If(Stmt):
    where: str  # the method or function it stands in; with the line, its name in the coverage report
    condition: Expr
    then: tuple[Stmt, ...]
    otherwise: tuple[Stmt, ...]


@dataclass(frozen=True, eq=False, repr=False)
class For(Stmt):
    names: tuple[str, ...]
    over: Over
    body: tuple[Stmt, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Break(Stmt):
    pass


@dataclass(frozen=True, eq=False, repr=False)
class Continue(Stmt):
    pass


@dataclass(frozen=True, eq=False, repr=False)
class Return(Stmt):
    value: Expr | None


@dataclass(frozen=True, eq=False, repr=False)
class Require(Stmt):
    condition: Expr


@dataclass(frozen=True, eq=False, repr=False)
class Assert(Stmt):
    condition: Expr


@dataclass(frozen=True, eq=False, repr=False)
class Ensure(Stmt):
    condition: Expr


@dataclass(frozen=True, eq=False, repr=False)
class Send(Stmt):
    to: Expr
    message: Expr


@dataclass(frozen=True, eq=False, repr=False)
class Broadcast(Stmt):
    message: Expr


@dataclass(frozen=True, eq=False, repr=False)
class Evaluate(Stmt):
    """An expression for its effect: a call of a helper."""

    value: Expr


@dataclass(frozen=True, eq=False, repr=False)
class Method:
    """A translated method or predicate. ``locals``: every local with its type, parameters included."""

    function: Function
    body: tuple[Stmt, ...]
    locals: dict[str, Type]

    @cached_property
    def nodes(self) -> tuple[Any, ...]:
        """All of the body, in source order."""
        return tuple(walk(self.body))

    @cached_property
    def reads(self) -> frozenset[str]:
        """State fields of the actor that this method reads."""
        return frozenset(one.name for one in self.nodes if isinstance(one, FieldRead) and one.actor is None) | {
            one.field for one in self.nodes if isinstance(one, SetItem)
        }

    @cached_property
    def writes(self) -> frozenset[str]:
        """State fields of the actor that this method may change."""
        found = {one.name for one in self.nodes if isinstance(one, SetField)}
        return frozenset(found | {one.field for one in self.nodes if isinstance(one, SetItem)})

    @cached_property
    def branches(self) -> tuple[tuple[str, int], ...]:
        """Every ``if`` of the method and of what it calls, by function and line."""
        return tuple(dict.fromkeys((one.where, one.line) for one in self.nodes if isinstance(one, If)))

    @cached_property
    def size(self) -> int:
        """Number of nodes."""
        return len(self.nodes)

    @cached_property
    def assigned(self) -> frozenset[str]:
        """Locals that a statement assigns to."""
        return frozenset(one.name for one in self.nodes if isinstance(one, Assign))

    @cached_property
    def guards(self) -> tuple[Expr, ...]:
        """The conditions of its ``require`` statements, in order."""
        return tuple(one.condition for one in self.nodes if isinstance(one, Require))


_children: dict[type, tuple[str, ...]] = {}  # Fields that hold nodes, last first, of each class met.


def walk(node: Any) -> Iterator[Any]:
    """Every statement, expression and generator below (and including) a node or a tuple of nodes, in source order."""
    left = [node]
    while left:
        one = left.pop()
        if isinstance(one, tuple):
            left.extend(reversed(one))
        elif isinstance(one, (Expr, Stmt, Generator, Over)):
            yield one
            for name in _parts(type(one)):
                left.append(getattr(one, name))


def _parts(kind: type) -> tuple[str, ...]:
    names = _children.get(kind)
    if names is None:
        found = [each.name for each in fields(kind) if each.name not in ("type", "types", "function")]
        names = _children[kind] = tuple(reversed(found))
    return names


def children(node: Any) -> Iterator[Any]:
    """The nodes right below a node."""
    left = [getattr(node, name) for name in _parts(type(node))]
    while left:
        one = left.pop()
        if isinstance(one, tuple):
            left.extend(one)
        elif isinstance(one, (Expr, Stmt, Generator, Over)):
            yield one


TRUE = Const(BOOL, True)
