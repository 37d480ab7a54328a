"""From the intermediate form to LLVM: values, expressions and statements of one step.

A value is its type and its leaves; a leaf is a Python integer where it is known now, else an LLVM integer. Folding in
Python keeps the generated code small: unrolled loops index sequences by constants, wiring disappears. Collections have
small bounds, so loops are unrolled and dynamic indexing is a chain of selects; there is no memory but local slots that
LLVM turns into registers.

What the reference decides by raising an exception is a branch here: to ``disabled`` (a guard), or to ``failed`` (an
error of the model, which the reference then finds again and words).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from checker import ir
from checker import llvm_text as ll
from checker.types import (
    BOOL,
    INT,
    BoolType,
    EnumType,
    IdType,
    IntType,
    MapType,
    NoneType,
    OptionalType,
    SequenceType,
    SetType,
    StructType,
    Type,
    join,
    leaves,
    positions,
    size,
    to_leaves,
    values,
)

I1 = ll.IntType(1)
I64 = ll.IntType(64)
Leaf = Any  # int | ll.Value
Bit = Any  # bool | ll.Value of type i1


@dataclass(frozen=True)
class Value:
    type: Type
    leaves: tuple[Leaf, ...]

    @property
    def one(self) -> Leaf:
        return self.leaves[0]


def domain(item: Type | None) -> int:
    """Number of possible elements of a set, or keys of a map."""
    return 0 if item is None else size(item) or 0


@cache
def widths(type_: Type | None) -> tuple[int, ...]:
    """Bits of the registers that hold the leaves of a type: 64, or more for large sets."""
    match type_:
        case None | NoneType():
            return ()
        case OptionalType(inner):
            return (64, *widths(inner))
        case StructType(_, fields):
            return tuple(one for _, part in fields for one in widths(part))
        case SequenceType(item, length):
            return (64, *(widths(item) * length))
        case SetType(item):
            return (max(64, domain(item)),)
        case MapType(key, value):
            return widths(value) * domain(key)
    return (64,)


@cache
def blanks(type_: Type | None) -> tuple[int, ...]:
    """The leaves of an unused place; like ``types.blank``, but also for integers without bounds."""
    match type_:
        case None | NoneType():
            return ()
        case IntType(low, _):
            return (low or 0,)
        case OptionalType(inner):
            return (0, *blanks(inner))
        case StructType(_, fields):
            return tuple(one for _, part in fields for one in blanks(part))
        case SequenceType(item, length):
            return (0, *(blanks(item) * length))
        case MapType(key, value):
            return blanks(value) * domain(key)
        case SetType():
            return (0,)
    return tuple(leaf.low for leaf in leaves(type_))


def constant(type_: Type, value: Any) -> Value:
    """A Python value as a value whose leaves are all known."""
    match type_:
        case IntType():
            return Value(type_, (int(value),))
        case SequenceType(item, _):
            exact = SequenceType(item, len(value))
            inside = tuple(leaf for one in value for leaf in constant(item, one).leaves)
            return Value(exact, (len(value), *inside))
        case OptionalType(inner):
            if value is None:
                return Value(type_, (0, *blanks(inner)))
            present = constant(inner, value)
            return Value(OptionalType(present.type), (1, *present.leaves))
    return Value(type_, tuple(to_leaves(type_, value)))


class Arithmetic:
    """Integer operations that fold what is known."""

    def __init__(self, builder: ll.IRBuilder) -> None:
        self.b = builder

    def wide(self, leaf: Leaf, width: int) -> ll.Value:
        """As an LLVM value of so many bits."""
        if isinstance(leaf, int):
            return ll.Constant(ll.IntType(width), int(leaf) & ((1 << width) - 1))
        value: ll.Value = leaf
        have = value.type.width
        if have == width:
            return value
        kind = ll.IntType(width)
        return self.b.zext(value, kind) if have < width else self.b.trunc(value, kind)

    @staticmethod
    def width_of(*parts: Leaf) -> int:
        width = 64
        for one in parts:
            if not isinstance(one, int) and one.type.width > width:
                width = one.type.width
        return width

    def _binary(self, fold: Callable[[int, int], int], emit: str, a: Leaf, b: Leaf) -> Leaf:
        if isinstance(a, int) and isinstance(b, int):
            return fold(a, b)
        width = self.width_of(a, b)
        return getattr(self.b, emit)(self.wide(a, width), self.wide(b, width))

    def add(self, a: Leaf, b: Leaf) -> Leaf:
        if isinstance(b, int) and b == 0:
            return a
        return b if isinstance(a, int) and a == 0 else self._binary(lambda x, y: x + y, "add", a, b)

    def sub(self, a: Leaf, b: Leaf) -> Leaf:
        return a if isinstance(b, int) and b == 0 else self._binary(lambda x, y: x - y, "sub", a, b)

    def mul(self, a: Leaf, b: Leaf) -> Leaf:
        if isinstance(b, int) and b == 1:
            return a
        return self._binary(lambda x, y: x * y, "mul", a, b)

    def bit_and(self, a: Leaf, b: Leaf) -> Leaf:
        if (isinstance(a, int) and a == 0) or (isinstance(b, int) and b == 0):
            return 0
        return self._binary(lambda x, y: x & y, "and_", a, b)

    def bit_or(self, a: Leaf, b: Leaf) -> Leaf:
        if isinstance(b, int) and b == 0:
            return a
        return b if isinstance(a, int) and a == 0 else self._binary(lambda x, y: x | y, "or_", a, b)

    def bit_xor(self, a: Leaf, b: Leaf) -> Leaf:
        return self._binary(lambda x, y: x ^ y, "xor", a, b)

    def left(self, a: Leaf, by: Leaf, width: int = 64) -> Leaf:
        if isinstance(a, int) and isinstance(by, int):
            return a << by
        if isinstance(by, int) and by == 0 and self.width_of(a) >= width:
            return a
        width = max(width, self.width_of(a))
        return self.b.shl(self.wide(a, width), self.wide(by, width))

    def right(self, a: Leaf, by: Leaf) -> Leaf:
        if isinstance(a, int) and isinstance(by, int):
            return a >> by
        if isinstance(by, int) and by == 0:
            return a
        width = self.width_of(a)
        return self.b.lshr(self.wide(a, width), self.wide(by, width))

    def narrow(self, leaf: Leaf) -> Leaf:
        """To 64 bits."""
        return leaf if isinstance(leaf, int) else self.wide(leaf, 64)

    def floor_div(self, a: Leaf, b: Leaf) -> Leaf:
        if isinstance(a, int) and isinstance(b, int):
            return a // b
        x, y = self.wide(a, 64), self.wide(b, 64)
        quotient, rest = self.b.sdiv(x, y), self.b.srem(x, y)
        down = self.both(self.ne(rest, 0), self.lt(self.b.xor(rest, y), 0))
        return self.sub(quotient, self.number(down))

    def modulo(self, a: Leaf, b: Leaf) -> Leaf:
        if isinstance(a, int) and isinstance(b, int):
            return a % b
        x, y = self.wide(a, 64), self.wide(b, 64)
        rest = self.b.srem(x, y)
        off = self.both(self.ne(rest, 0), self.lt(self.b.xor(rest, y), 0))
        return self.add(rest, self.select(off, y, 0))

    # Conditions: Python booleans where known, else i1.

    def _compare(self, fold: Callable[[int, int], bool], operator: str, a: Leaf, b: Leaf, signed: bool = True) -> Bit:
        if isinstance(a, int) and isinstance(b, int):
            return fold(a, b)
        width = self.width_of(a, b)
        emit = self.b.icmp_signed if signed else self.b.icmp_unsigned
        return emit(operator, self.wide(a, width), self.wide(b, width))

    def eq(self, a: Leaf, b: Leaf) -> Bit:
        return self._compare(lambda x, y: x == y, "==", a, b)

    def ne(self, a: Leaf, b: Leaf) -> Bit:
        return self._compare(lambda x, y: x != y, "!=", a, b)

    def lt(self, a: Leaf, b: Leaf) -> Bit:
        return self._compare(lambda x, y: x < y, "<", a, b)

    def le(self, a: Leaf, b: Leaf) -> Bit:
        return self._compare(lambda x, y: x <= y, "<=", a, b)

    def above(self, a: Leaf, b: Leaf) -> Bit:
        """Unsigned greater."""
        return self._compare(lambda x, y: x > y, ">", a, b, signed=False)

    def both(self, a: Bit, b: Bit) -> Bit:
        if isinstance(a, bool):
            return b if a else False
        if isinstance(b, bool):
            return a if b else False
        return self.b.and_(a, b)

    def either(self, a: Bit, b: Bit) -> Bit:
        if isinstance(a, bool):
            return True if a else b
        if isinstance(b, bool):
            return True if b else a
        return self.b.or_(a, b)

    def negate(self, a: Bit) -> Bit:
        return not a if isinstance(a, bool) else self.b.xor(a, ll.Constant(I1, 1))

    def bit(self, leaf: Leaf) -> Bit:
        """A boolean's leaf as a condition."""
        return bool(leaf) if isinstance(leaf, int) else self.ne(leaf, 0)

    def number(self, bit: Bit) -> Leaf:
        return int(bit) if isinstance(bit, bool) else self.b.zext(bit, I64)

    def select(self, condition: Bit, a: Leaf, b: Leaf) -> Leaf:
        if isinstance(condition, bool):
            return a if condition else b
        if isinstance(a, int) and isinstance(b, int) and a == b:
            return a
        if a is b:
            return a
        width = self.width_of(a, b)
        return self.b.select(condition, self.wide(a, width), self.wide(b, width))

    def select_all(self, condition: Bit, a: Sequence[Leaf], b: Sequence[Leaf]) -> tuple[Leaf, ...]:
        return tuple(self.select(condition, x, y) for x, y in zip(a, b, strict=True))


class Finished(Exception):
    """The current block has ended (return, break, a guard that cannot hold): nothing follows."""


class Slots:
    """Stack slots for the leaves of one value."""

    def __init__(self, code: Code, type_: Type) -> None:
        self.code, self.type = code, type_
        self.slots = [code.slot(width) for width in widths(type_)]

    def store(self, value: Value) -> None:
        for slot, leaf in zip(self.slots, value.leaves, strict=True):
            self.code.write(slot, leaf)

    def load(self) -> Value:
        return Value(self.type, tuple(self.code.read(slot) for slot in self.slots))


class Code(ABC):
    """Generates the body of one LLVM function. ``context`` knows the state: fields, links, statuses."""

    def __init__(self, function: ll.Function) -> None:
        self.function = function
        self.entry = function.append_basic_block("entry")
        self.b = ll.IRBuilder(self.entry)
        self.a = Arithmetic(self.b)
        self.failed = function.append_basic_block("failed")
        self.disabled: ll.Block | None = None
        self.bound: dict[str, Value] = {}
        self.slots: dict[str, Slots] = {}
        self.local_types: dict[str, Type] = {}
        self.assigned: frozenset[str] = frozenset()
        self.actors: dict[str, int] = {}
        self.holding: dict[ll.Value, Leaf] = {}  # by slot
        self.arriving: dict[ll.Block, dict[ll.Value, Leaf]] = {self.failed: {}}  # what is known there is not asked
        self.returns: list[tuple[ll.Block, Slots | None]] = []
        self.loops: list[tuple[ll.Block, ll.Block]] = []  # (continue, break)
        self.field_slots: dict[str, Slots] = {}
        self.truth: Any = None  # of a predicate
        self.chooser: Callable[[Leaf], Leaf] | None = None

    # --- Blocks and slots -------------------------------------------------------------------------------------------

    def slot(self, width: int = 64) -> ll.Value:
        """A slot on the stack; LLVM makes a register of it."""
        return self.b.alloca(ll.IntType(width))

    def block(self, name: str) -> ll.Block:
        return self.function.append_basic_block(name)

    def jump(self, target: ll.Block) -> None:
        if not self.b.block.is_terminated:
            self.go(target)

    # Control flow only goes forward here, loops being unrolled, so what each slot holds is known at most places, often
    # as a number: `self.stage = X` followed by `if self.stage == X` costs nothing. `holding` says it for this place,
    # `arriving` for the blocks that were jumped to: what all jumps agree on.

    def write(self, slot: ll.Value, leaf: Leaf) -> None:
        wide = self.a.wide(leaf, slot.type.pointee.width)
        self.b.store(wide, slot)
        self.holding[slot] = leaf if isinstance(leaf, int) else wide

    def read(self, slot: ll.Value) -> Leaf:
        if slot not in self.holding:
            self.holding[slot] = self.b.load(slot)
        return self.holding[slot]

    def go(self, target: ll.Block) -> None:
        self._arrive(target)
        self.b.branch(target)

    def fork(self, condition: ll.Value, yes: ll.Block, no: ll.Block) -> None:
        self._arrive(yes)
        self._arrive(no)
        self.b.cbranch(condition, yes, no)

    def _arrive(self, target: ll.Block) -> None:
        before = self.arriving.get(target)
        if before is None:
            self.arriving[target] = dict(self.holding)
        else:
            here = self.holding.get  # Values are equal if they are the same one.
            self.arriving[target] = {slot: leaf for slot, leaf in before.items() if here(slot) == leaf}

    def at(self, block: ll.Block) -> None:
        """Continue at a block that nothing will jump to any more."""
        self.b.position_at_end(block)
        self.holding = self.arriving.pop(block, {})

    def at_loop(self, block: ll.Block) -> None:
        """Continue at a block that will be jumped to again."""
        self.b.position_at_end(block)
        self.holding = {}

    def fail_if(self, condition: Bit) -> None:
        self._leave_if(condition, self.failed)

    def disable_unless(self, condition: Bit) -> None:
        assert self.disabled is not None
        self._leave_if(self.a.negate(condition), self.disabled)

    def _leave_if(self, condition: Bit, target: ll.Block) -> None:
        if isinstance(condition, bool):
            if condition:
                self.go(target)
                raise Finished
            return
        going_on = self.block("on")
        self.fork(condition, target, going_on)
        self.at(going_on)

    @contextmanager
    def part(self, then: ll.Block) -> Iterator[None]:
        """Code that ends by itself or continues at ``then``."""
        try:
            yield
        except Finished:
            pass
        else:
            self.jump(then)

    def branch(self, condition: Bit, yes: Callable[[], None], no: Callable[[], None] | None = None) -> None:
        """``if``: both parts continue behind it. Raises ``Finished`` if neither does."""
        if isinstance(condition, bool):
            part = yes if condition else no
            if part is not None:
                part()
            return
        then, otherwise, end = self.block("then"), self.block("else"), self.block("end")
        self.fork(condition, then, otherwise)
        alive = False
        for block, part in ((then, yes), (otherwise, no)):
            self.at(block)
            try:
                if part is not None:
                    part()
                alive = True
                self.jump(end)
            except Finished:
                pass
        self.at(end)
        if not alive:
            self.b.unreachable()
            raise Finished

    # --- Coercion ---------------------------------------------------------------------------------------------------

    def coerce(self, value: Value, target: Type, check: bool = False, valid: Bit = True) -> Value:
        """The same value in another type. ``check``: what does not fit is an error of the model, if ``valid``."""
        if value.type == target:
            return value
        a = self.a
        match value.type, target:
            case IntType(low, high), IntType(floor, ceiling):
                if check and floor is not None and ceiling is not None:
                    if low is None or high is None or low < floor:
                        self.fail_if(a.both(valid, a.lt(value.one, floor)))
                    if low is None or high is None or high > ceiling:
                        self.fail_if(a.both(valid, a.lt(ceiling, value.one)))
                return Value(target, value.leaves)
            case IdType(low, names), IdType(floor, others):
                if check and not (floor <= low and low + len(names) <= floor + len(others)):
                    self.fail_if(a.both(valid, a.lt(value.one, floor)))
                    self.fail_if(a.both(valid, a.le(floor + len(others), value.one)))
                return Value(target, value.leaves)
            case NoneType(), OptionalType(inner):
                return Value(target, (0, *blanks(inner)))
            case OptionalType(inner), OptionalType(other):
                present = a.bit(value.one)
                inside = self.coerce(Value(inner, value.leaves[1:]), other, check, a.both(valid, present))
                kept = (
                    inside.leaves
                    if blanks(inner) == blanks(other)
                    else a.select_all(present, inside.leaves, blanks(other))
                )
                return Value(target, (value.one, *kept))
            case OptionalType(inner), _:
                present = a.bit(value.one)
                self.fail_if(a.both(valid, a.negate(present)))
                return self.coerce(Value(inner, value.leaves[1:]), target, check, valid)
            case _, OptionalType(inner):
                return Value(target, (1, *self.coerce(value, inner, check, valid).leaves))
            case SequenceType(), SequenceType():
                return self._coerce_sequence(value, target, check, valid)
            case SetType(item), SetType(other):
                return self._coerce_set(value, item, other, check, valid)
        raise AssertionError(f"{value.type} is not {target}")

    def item(self, value: Value, position: int) -> Value:
        """A slot of a sequence, by known position."""
        assert isinstance(value.type, SequenceType)
        width = len(widths(value.type.item))
        return Value(value.type.item, value.leaves[1 + position * width : 1 + (position + 1) * width])

    def _coerce_sequence(self, value: Value, target: SequenceType, check: bool, valid: Bit) -> Value:
        assert isinstance(value.type, SequenceType)
        a, length = self.a, value.one
        if value.type.length > target.length and check:
            self.fail_if(a.both(valid, a.lt(target.length, length)))
        same = value.type.item is None or blanks(value.type.item) == blanks(target.item)
        out: list[Leaf] = [length]
        for position in range(target.length):
            if position >= value.type.length:
                out.extend(blanks(target.item))
                continue
            used = a.lt(position, length)
            one = self.coerce(self.item(value, position), target.item, check, a.both(valid, used))
            out.extend(one.leaves if same else a.select_all(used, one.leaves, blanks(target.item)))
        return Value(target, tuple(out))

    def _coerce_set(self, value: Value, item: Type | None, other: Type, check: bool, valid: Bit) -> Value:
        target = SetType(other)
        if item is None:
            return Value(target, (0,))
        a, mask, index = self.a, value.one, positions(other)
        pairs = [(i, index[one]) for i, one in enumerate(values(item)) if one in index]
        lost = sum(1 << i for i, one in enumerate(values(item)) if one not in index)
        if check and lost:
            self.fail_if(a.both(valid, a.ne(a.bit_and(mask, lost), 0)))
        width = widths(target)[0]
        offsets = {to - at for at, to in pairs}
        kept: Leaf = a.bit_and(mask, sum(1 << at for at, _ in pairs)) if lost else mask
        if len(offsets) <= 1:
            by = offsets.pop() if offsets else 0
            moved = a.left(kept, by, width) if by >= 0 else a.right(kept, -by)
        else:
            moved = 0
            for at, to in pairs:
                moved = a.bit_or(moved, a.left(a.bit_and(a.right(kept, at), 1), to, width))
        return Value(target, (moved if isinstance(moved, int) else a.wide(moved, width),))

    # --- Indexes of finite values -----------------------------------------------------------------------------------

    def index(self, value: Value, target: Type) -> tuple[Leaf, Bit]:
        """The index of a value among the values of a finite type, and whether it is one of them."""
        a = self.a
        match value.type, target:
            case OptionalType(inner), OptionalType(other):
                inside, fits = self.index(Value(inner, value.leaves[1:]), other)
                present = a.bit(value.one)
                return a.select(present, a.add(inside, 1), 0), a.either(a.negate(present), fits)
            case NoneType(), OptionalType():
                return 0, True
            case OptionalType(inner), _:
                inside, fits = self.index(Value(inner, value.leaves[1:]), target)
                return inside, a.both(a.bit(value.one), fits)
            case _, OptionalType(inner):
                inside, fits = self.index(value, inner)
                return a.add(inside, 1), fits
            case NoneType(), NoneType():
                return 0, True
            case StructType(_, fields), StructType():
                total: Leaf = 0
                fits = True
                at = 0
                for _, part in fields:
                    count = len(widths(part))
                    one, fit = self.index(Value(part, value.leaves[at : at + count]), part)
                    total, fits, at = a.add(a.mul(total, size(part) or 1), one), a.both(fits, fit), at + count
                return total, fits
        low, count = leaves(target)[0].low, size(target) or 0
        place = a.sub(value.one, low)
        if isinstance(value.type, IntType | IdType) and value.type != target:
            floor, ceiling = _range(value.type)
            inside = (
                True
                if floor is not None and low <= floor and (ceiling or 0) < low + count
                else a.both(a.le(0, place), a.lt(place, count))
            )
            return place, inside
        return place, True

    def at_index(self, type_: Type, place: Leaf) -> Value:
        """The value of a finite type with this index."""
        a = self.a
        match type_:
            case NoneType():
                return Value(type_, ())
            case OptionalType(inner):
                present = a.ne(place, 0)
                inside = self.at_index(inner, a.select(present, a.sub(place, 1), 0))
                return Value(type_, (a.number(present), *a.select_all(present, inside.leaves, blanks(inner))))
            case StructType(_, fields):
                parts: list[tuple[Leaf, ...]] = []
                for _, part in reversed(fields):
                    count = size(part) or 1
                    parts.insert(0, self.at_index(part, self._unsigned("urem", place, count)).leaves)
                    place = self._unsigned("udiv", place, count)
                return Value(type_, tuple(leaf for part in parts for leaf in part))
        return Value(type_, (a.add(place, leaves(type_)[0].low),))

    def _unsigned(self, operator: str, a: Leaf, b: int) -> Leaf:
        if isinstance(a, int):
            return a // b if operator == "udiv" else a % b
        return getattr(self.b, operator)(a, ll.Constant(I64, b))

    # --- Reading and writing ----------------------------------------------------------------------------------------

    @abstractmethod
    def read_field(self, name: str, actor: int | None) -> Value:
        """A state field: of the running actor as it is now, or of another actor."""

    @abstractmethod
    def wiring(self, name: str, actor: int | None) -> Value:
        """A wiring field of the running actor, or of another."""

    # What only a step does (the front end refuses it in a predicate), and what only a predicate has.

    def send(self, to: Value, message: Value) -> None:
        raise AssertionError("a predicate sends nothing")

    def broadcast(self, message: Value) -> None:
        raise AssertionError("a predicate sends nothing")

    def quiet(self, peer: Value) -> Bit:
        raise AssertionError("a predicate has no peer")

    def suspected(self, peer: Value) -> Bit:
        raise AssertionError("a predicate has no peer")

    def bind(self, name: str, value: Value) -> None:
        """Give a local its value: directly if nothing assigns to it again, else in a slot."""
        if not name:
            return
        if name in self.assigned:
            self.store_local(name, value)
        else:
            self.bound[name] = value

    def store_local(self, name: str, value: Value) -> None:
        if name not in self.slots:
            self.slots[name] = Slots(self, self.local_types[name])
        self.slots[name].store(self.coerce(value, self.slots[name].type))

    # --- Expressions ------------------------------------------------------------------------------------------------

    def condition(self, node: ir.Expr) -> Bit:
        return self.a.bit(self.value(node).one)

    def value(self, node: ir.Expr) -> Value:
        method = getattr(self, f"_{type(node).__name__}")
        found: Value = method(node)
        return found

    def _truth(self, bit: Bit) -> Value:
        return Value(BOOL, (self.a.number(bit),))

    def _Const(self, node: ir.Const) -> Value:
        return constant(node.type, node.value)

    def _Wiring(self, node: ir.Wiring) -> Value:
        return self.wiring(node.name, None if node.actor is None else self.actors[node.actor.variable])

    def _FieldRead(self, node: ir.FieldRead) -> Value:
        return self.read_field(node.name, None if node.actor is None else self.actors[node.actor.variable])

    def _Local(self, node: ir.Local) -> Value:
        if node.name in self.bound:
            return self.bound[node.name]
        if node.name not in self.slots:
            self.slots[node.name] = Slots(self, self.local_types[node.name])
        return self.slots[node.name].load()

    def _Not(self, node: ir.Not) -> Value:
        return self._truth(self.a.negate(self.condition(node.value)))

    def _Negative(self, node: ir.Negative) -> Value:
        return Value(node.type, (self.a.sub(0, self.value(node.value).one),))

    def _Arithmetic(self, node: ir.Arithmetic) -> Value:
        left, right = self.value(node.left).one, self.value(node.right).one
        if node.operator in ("//", "%"):
            self.fail_if(self.a.eq(right, 0))
        a = self.a
        if _may_overflow(node):
            return Value(node.type, (self._within_64_bits(node.operator, left, right),))
        emit = {"+": a.add, "-": a.sub, "*": a.mul, "//": a.floor_div, "%": a.modulo}[node.operator]
        return Value(node.type, (emit(left, right),))

    def _within_64_bits(self, operator: str, left: Leaf, right: Leaf) -> Leaf:
        """Numbers without bounds could leave the machine's: never silently."""
        x, y = self.a.wide(left, 64), self.a.wide(right, 64)
        emit = {"+": self.b.sadd_with_overflow, "-": self.b.ssub_with_overflow, "*": self.b.smul_with_overflow}
        both = emit[operator](x, y)
        self.fail_if(self.b.extract_value(both, 1))
        return self.b.extract_value(both, 0)

    def _Compare(self, node: ir.Compare) -> Value:
        left, right = self.value(node.left).one, self.value(node.right).one
        if node.operator in (">", ">="):
            left, right = right, left
        return self._truth(self.a.lt(left, right) if node.operator in ("<", ">") else self.a.le(left, right))

    def equal(self, left: Value, right: Value) -> Bit:
        shared = join(left.type, right.type)
        if shared is None:
            return True
        same: Bit = True
        for x, y in zip(self.coerce(left, shared).leaves, self.coerce(right, shared).leaves, strict=True):
            same = self.a.both(same, self.a.eq(x, y))
        return same

    def _Equal(self, node: ir.Equal) -> Value:
        return self._truth(self.equal(self.value(node.left), self.value(node.right)))

    def _Extreme(self, node: ir.Extreme) -> Value:
        found, *others = (self.value(one).one for one in node.values)
        for one in others:
            better = self.a.lt(one, found) if node.kind == "min" else self.a.lt(found, one)
            found = self.a.select(better, one, found)
        return Value(node.type, (found,))

    def _Absolute(self, node: ir.Absolute) -> Value:
        value = self.value(node.value).one
        return Value(node.type, (self.a.select(self.a.lt(value, 0), self.a.sub(0, value), value),))

    def _IsNone(self, node: ir.IsNone) -> Value:
        value = self.value(node.value)
        if isinstance(value.type, OptionalType):
            return self._truth(self.a.negate(self.a.bit(value.one)))
        return self._truth(isinstance(value.type, NoneType))

    def _Both(self, node: ir.Both) -> Value:
        left = self.condition(node.left)
        if isinstance(left, bool):
            return self.value(node.right) if left else self._truth(False)
        if not can_fail(node.right):
            return self._truth(self.a.both(left, self.condition(node.right)))
        return self._lazily(BOOL, left, lambda: self.value(node.right), lambda: self._truth(False))

    def _Either(self, node: ir.Either) -> Value:
        left = self.condition(node.left)
        if isinstance(left, bool):
            return self._truth(True) if left else self.value(node.right)
        if not can_fail(node.right):
            return self._truth(self.a.either(left, self.condition(node.right)))
        return self._lazily(BOOL, left, lambda: self._truth(True), lambda: self.value(node.right))

    def _lazily(self, type_: Type, condition: Bit, yes: Callable[[], Value], no: Callable[[], Value]) -> Value:
        """One of two values; the other is not evaluated."""
        if isinstance(condition, bool):
            return self.coerce(yes() if condition else no(), type_)
        result = Slots(self, type_)
        self.branch(
            condition,
            lambda: result.store(self.coerce(yes(), type_)),
            lambda: result.store(self.coerce(no(), type_)),
        )
        return result.load()

    def _Conditional(self, node: ir.Conditional) -> Value:
        condition = self.condition(node.condition)
        if isinstance(condition, bool):
            return self.coerce(self.value(node.then if condition else node.otherwise), node.type)
        if can_fail(node.then) or can_fail(node.otherwise):
            return self._lazily(node.type, condition, lambda: self.value(node.then), lambda: self.value(node.otherwise))
        yes = self.coerce(self.value(node.then), node.type)
        no = self.coerce(self.value(node.otherwise), node.type)
        return Value(node.type, self.a.select_all(condition, yes.leaves, no.leaves))

    def _Member(self, node: ir.Member) -> Value:
        item, collection = self.value(node.item), self.value(node.collection)
        a = self.a
        match collection.type:
            case SetType(None):
                return self._truth(False)
            case SetType(inner):
                place, fits = self.index(item, inner)
                place = a.select(fits, place, 0)
                return self._truth(a.both(fits, a.ne(a.bit_and(a.right(collection.one, place), 1), 0)))
            case MapType(key, _):
                return self._truth(self.index(item, key)[1])
        assert isinstance(collection.type, SequenceType)
        found: Bit = False
        for position in range(collection.type.length):
            here = a.both(a.lt(position, collection.one), self.equal(self.item(collection, position), item))
            found = a.either(found, here)
        return self._truth(found)

    def _SetOperation(self, node: ir.SetOperation) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        target = join(left.type, right.type)
        assert isinstance(target, SetType)
        a = self.a
        x, y = self.coerce(left, target).one, self.coerce(right, target).one
        if node.operator == "-":
            every = (1 << domain(target.item)) - 1
            y = a.bit_xor(y, every)
            return Value(target, (a.bit_and(x, y),))
        emit = {"|": a.bit_or, "&": a.bit_and, "^": a.bit_xor}[node.operator]
        return Value(target, (emit(x, y),))

    def _Subset(self, node: ir.Subset) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        target = join(left.type, right.type)
        assert target is not None
        a = self.a
        x, y = self.coerce(left, target).one, self.coerce(right, target).one
        inside = a.eq(a.bit_and(x, y), x)
        return self._truth(a.both(inside, a.ne(x, y)) if node.proper else inside)

    def _MakeSet(self, node: ir.MakeSet) -> Value:
        assert isinstance(node.type, SetType)
        mask: Leaf = 0
        for one in node.items:
            mask = self.a.bit_or(mask, self._element(self.value(one), node.type))
        return Value(node.type, (mask,))

    def _element(self, item: Value, type_: SetType) -> Leaf:
        place, fits = self.index(item, type_.item)
        self.fail_if(self.a.negate(fits))
        return self.a.left(1, place, widths(type_)[0])

    def _MakeSequence(self, node: ir.MakeSequence) -> Value:
        assert isinstance(node.type, SequenceType)
        out: list[Leaf] = [len(node.items)]
        for one in node.items:
            out.extend(self.coerce(self.value(one), node.type.item).leaves)
        return Value(node.type, tuple(out))

    def _Concatenate(self, node: ir.Concatenate) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        assert isinstance(left.type, SequenceType) and isinstance(right.type, SequenceType)
        item = join(left.type.item, right.type.item)
        target = SequenceType(item, left.type.length + right.type.length)  # type: ignore[arg-type]
        a = self.a
        wide = SequenceType(item, left.type.length)  # type: ignore[arg-type]
        first, second = self.coerce(left, wide), self.coerce(right, SequenceType(item, right.type.length))  # type: ignore[arg-type]
        out: list[Leaf] = [a.add(first.one, second.one)]
        for position in range(target.length):
            inside = self.item(first, position).leaves if position < wide.length else blanks(item)
            # Where the left side ends before, an item of the right side stands here, if it has so many.
            for offset in range(min(position + 1, right.type.length)):
                begins = a.eq(first.one, position - offset)
                inside = a.select_all(begins, self.item(second, offset).leaves, inside)
            out.extend(inside)
        return Value(target, tuple(out))

    def _Index(self, node: ir.Index) -> Value:
        base, index = self.value(node.base), self.value(node.index)
        a = self.a
        if isinstance(base.type, MapType):
            place, fits = self.index(index, base.type.key)
            self.fail_if(a.negate(fits))
            width = len(widths(base.type.value))
            parts = [base.leaves[i * width : (i + 1) * width] for i in range(domain(base.type.key))]
            return Value(base.type.value, self._picked(parts, place))
        assert isinstance(base.type, SequenceType)
        length, place = base.one, index.one
        place = a.select(a.lt(place, 0), a.add(place, length), place)
        self.fail_if(a.either(a.lt(place, 0), a.le(length, place)))
        parts = [self.item(base, i).leaves for i in range(base.type.length)]
        if not parts or (isinstance(place, int) and place >= len(parts)):  # It has been refused above.
            self.b.branch(self.failed)
            raise Finished
        return Value(base.type.item, self._picked(parts, place))

    def _picked(self, parts: Sequence[tuple[Leaf, ...]], place: Leaf) -> tuple[Leaf, ...]:
        if isinstance(place, int):
            return parts[place]
        found = parts[0]
        for i, one in enumerate(parts[1:], 1):
            found = self.a.select_all(self.a.eq(place, i), one, found)
        return found

    def _Slice(self, node: ir.Slice) -> Value:
        base = self.value(node.base)
        assert isinstance(base.type, SequenceType)
        a, length = self.a, base.one
        start = self._clamped(0 if node.start is None else self.value(node.start).one, length)
        end = length if node.end is None else self._clamped(self.value(node.end).one, length)
        count = a.select(a.lt(start, end), a.sub(end, start), 0)
        parts = [self.item(base, i).leaves for i in range(base.type.length)]
        empty = blanks(base.type.item)
        out: list[Leaf] = [count]
        for position in range(base.type.length):
            if isinstance(start, int):
                inside = parts[start + position] if start + position < len(parts) else empty
            else:
                inside = empty
                for source in range(position, len(parts)):
                    inside = a.select_all(a.eq(start, source - position), parts[source], inside)
            out.extend(a.select_all(a.lt(position, count), inside, empty))
        return Value(base.type, tuple(out))

    def _clamped(self, place: Leaf, length: Leaf) -> Leaf:
        a = self.a
        if isinstance(place, int) and place == 0:
            return 0
        place = a.select(a.lt(place, 0), a.add(place, length), place)
        place = a.select(a.lt(place, 0), 0, place)
        return a.select(a.lt(length, place), length, place)

    def _MakeStruct(self, node: ir.MakeStruct) -> Value:
        assert isinstance(node.type, StructType)
        out: list[Leaf] = []
        given = [self.value(one) for one in node.values]  # All are known before any is checked.
        for one, (_, type_) in zip(given, node.type.fields, strict=True):
            out.extend(self.coerce(one, type_, check=True).leaves)
        return Value(node.type, tuple(out))

    def _where(self, struct: StructType, name: str) -> tuple[int, int]:
        at = 0
        for field, type_ in struct.fields:
            count = len(widths(type_))
            if field == name:
                return at, at + count
            at += count
        raise AssertionError(name)

    def _Attribute(self, node: ir.Attribute) -> Value:
        base = self.value(node.base)
        if isinstance(base.type, OptionalType):
            self.fail_if(self.a.negate(self.a.bit(base.one)))
            base = Value(base.type.inner, base.leaves[1:])
        elif isinstance(base.type, NoneType):
            self.fail_if(True)
        if not node.name:
            return base
        assert isinstance(base.type, StructType)
        start, end = self._where(base.type, node.name)
        return Value(base.type.by_name[node.name], base.leaves[start:end])

    def _Replace(self, node: ir.Replace) -> Value:
        base = self.value(node.base)
        assert isinstance(base.type, StructType)
        out = list(base.leaves)
        given = [(name, self.value(one)) for name, one in node.changes]
        for name, one in given:
            start, end = self._where(base.type, name)
            out[start:end] = self.coerce(one, base.type.by_name[name], check=True).leaves
        return Value(base.type, tuple(out))

    def _Length(self, node: ir.Length) -> Value:
        value = self.value(node.collection)
        if isinstance(value.type, SetType):
            if isinstance(value.one, int):
                return Value(node.type, (value.one.bit_count(),))
            return Value(node.type, (self.a.narrow(self.b.ctpop(value.one)),))
        return Value(node.type, (value.one,))

    # --- Iteration --------------------------------------------------------------------------------------------------

    def items(self, over: ir.Over) -> list[tuple[Bit, tuple[Value, ...] | int]]:
        """Every item there may be, in order: whether it is there, and its values (an actor: its number)."""
        a = self.a
        if over.kind == "actors":
            assert over.actors is not None
            return [(True, one) for one in self.actors_of(over.actors.name)]
        sources = [self.value(one) for one in over.sources]
        found: list[tuple[Bit, tuple[Value, ...] | int]] = []
        base = sources[0]
        if over.kind == "range":
            found = self._range_items(sources[0], sources[1])
        elif over.kind == "set":
            assert isinstance(base.type, SetType)
            if base.type.item is not None:
                for i, one in enumerate(values(base.type.item)):
                    there = a.ne(a.bit_and(a.right(base.one, i), 1), 0)
                    found.append((there, (constant(base.type.item, one),)))
        elif over.kind in ("sequence", "enumerate"):
            assert isinstance(base.type, SequenceType)
            for i in range(base.type.length):
                number = Value(IntType(i, i), (i,))
                one_item = self.item(base, i)
                found.append((a.lt(i, base.one), (one_item,) if over.kind == "sequence" else (number, one_item)))
        else:
            assert isinstance(base.type, MapType)
            width = len(widths(base.type.value))
            for i, one in enumerate(values(base.type.key)):
                key = constant(base.type.key, one)
                value = Value(base.type.value, base.leaves[i * width : (i + 1) * width])
                found.append((True, {"keys": (key,), "values": (value,)}.get(over.kind, (key, value))))
        if over.reverse:
            found.reverse()
        return [(there, one) for there, one in found if there is not False]

    def _range_items(self, start: Value, end: Value) -> list[tuple[Bit, tuple[Value, ...] | int]]:
        low = start.one if isinstance(start.one, int) else _range(start.type)[0]
        high = end.one if isinstance(end.one, int) else _range(end.type)[1]
        assert low is not None and high is not None, "refused by the front end"
        found: list[tuple[Bit, tuple[Value, ...] | int]] = []
        for i in range(low, high):
            there = self.a.both(self.a.le(start.one, i), self.a.lt(i, end.one))
            found.append((there, (Value(IntType(i, i), (i,)),)))
        return found

    def actors_of(self, parameter: str) -> Sequence[int]:
        raise AssertionError("a step has no parameter that stands for several actors")

    def bind_item(self, names: Sequence[str], item: tuple[Value, ...] | int) -> None:
        if isinstance(item, int):
            self.actors[names[0]] = item
            return
        for name, value in zip(names, item, strict=True):
            self.bind(name, value)

    def each(self, generators: Sequence[ir.Generator], visit: Callable[[Bit], None], there: Bit = True) -> None:
        """Visit every combination of items, in order, with the condition under which it exists."""
        if not generators:
            visit(there)
            return
        first, rest = generators[0], generators[1:]
        for valid, item in self.items(first.over):
            self.bind_item(first.names, item)
            now = self.a.both(there, valid)
            for one in first.conditions:
                if now is False:
                    break
                now = self._guarded(now, one)
            if now is False:
                continue
            if rest and any(can_fail(one) for one in rest[0].over.sources) and not isinstance(now, bool):
                # What the inner collection is may not even be asked where the outer item does not exist.
                self.branch(now, lambda: self.each(rest, visit, True))
            else:
                self.each(rest, visit, now)

    def _guarded(self, there: Bit, condition: ir.Expr) -> Bit:
        """``there and condition``, the latter not evaluated otherwise if that could go wrong."""
        if isinstance(there, bool) or not can_fail(condition):
            return self.a.both(there, self.condition(condition))
        found = self._lazily(BOOL, there, lambda: self.value(condition), lambda: self._truth(False))
        return self.a.bit(found.one)

    def _under(self, there: Bit, node: ir.Expr, act: Callable[[Value], None]) -> None:
        """Evaluate and act only where the item exists."""
        self.branch(there, lambda: act(self.value(node)))

    def _Fold(self, node: ir.Fold) -> Value:
        if node.kind in ("any", "all"):
            return self._fold_truth(node)
        return self._fold_sum(node) if node.kind == "sum" else self._fold_extreme(node)

    def _fold_truth(self, node: ir.Fold) -> Value:
        """``any``; ``all`` is not any not."""
        a, negated = self.a, node.kind == "all"
        if not careful(node):
            found: list[Bit] = [False]

            def look(there: Bit) -> None:
                here = self.condition(node.body)
                found[0] = a.either(found[0], a.both(there, a.negate(here) if negated else here))

            self.each(node.generators, look)
            return self._truth(a.negate(found[0]) if negated else found[0])
        result = Slots(self, BOOL)
        result.store(self._truth(False))

        def look_lazily(there: Bit) -> None:
            undecided = a.negate(a.bit(result.load().one))
            self._under(
                a.both(there, undecided),
                node.body,
                lambda value: result.store(self._truth(a.negate(a.bit(value.one)) if negated else a.bit(value.one))),
            )

        self.each(node.generators, look_lazily)
        answer = a.bit(result.load().one)
        return self._truth(a.negate(answer) if negated else answer)

    def _fold_sum(self, node: ir.Fold) -> Value:
        a = self.a
        if not careful(node):
            total: list[Leaf] = [0]

            def count(there: Bit) -> None:
                total[0] = a.add(total[0], a.select(there, self.value(node.body).one, 0))

            self.each(node.generators, count)
            return Value(node.type, (total[0],))
        result = self.slot()
        self.b.store(ll.Constant(I64, 0), result)

        def count_lazily(there: Bit) -> None:
            def add(value: Value) -> None:
                self.b.store(a.wide(a.add(self.b.load(result), value.one), 64), result)

            self._under(there, node.body, add)

        self.each(node.generators, count_lazily)
        return Value(node.type, (self.b.load(result),))

    def _fold_extreme(self, node: ir.Fold) -> Value:
        a = self.a
        best, any_found = self.slot(), self.slot()
        self.b.store(ll.Constant(I64, 0), best)
        self.b.store(ll.Constant(I64, 0), any_found)

        def compare(there: Bit) -> None:
            def keep(value: Value) -> None:
                old = self.b.load(best)
                better = a.lt(value.one, old) if node.kind == "min" else a.lt(old, value.one)
                first = a.eq(self.b.load(any_found), 0)
                self.b.store(a.wide(a.select(a.either(first, better), value.one, old), 64), best)
                self.b.store(ll.Constant(I64, 1), any_found)

            self._under(there, node.body, keep)

        self.each(node.generators, compare)
        found = a.ne(self.b.load(any_found), 0)
        if node.default is None:
            self.fail_if(a.negate(found))
            return Value(node.type, (self.b.load(best),))
        default = self.coerce(self.value(node.default), node.type)
        inside = self.coerce(Value(node.body.type, (self.b.load(best),)), node.type)
        return Value(node.type, a.select_all(found, inside.leaves, default.leaves))

    def _CollectSet(self, node: ir.CollectSet) -> Value:
        assert isinstance(node.type, SetType)
        type_, a = node.type, self.a
        width = widths(type_)[0]
        mask = self.slot(width)
        self.b.store(ll.Constant(ll.IntType(width), 0), mask)

        def put(there: Bit) -> None:
            def add(value: Value) -> None:
                element = self._element(value, type_)
                self.b.store(a.wide(a.bit_or(self.b.load(mask), element), width), mask)

            self._under(there, node.body, add)

        self.each(node.generators, put)
        return Value(type_, (self.b.load(mask),))

    def _CollectSequence(self, node: ir.CollectSequence) -> Value:
        assert isinstance(node.type, SequenceType)
        type_, a = node.type, self.a
        result = Slots(self, type_)
        result.store(Value(type_, blanks(type_)))
        width = len(widths(type_.item))

        def put(there: Bit) -> None:
            def append(value: Value) -> None:
                one = self.coerce(value, type_.item)
                length = self.read(result.slots[0])
                for i in range(type_.length):
                    here = a.eq(length, i)
                    for slot, leaf in zip(result.slots[1 + i * width : 1 + (i + 1) * width], one.leaves, strict=True):
                        self.write(slot, a.select(here, leaf, self.read(slot)))
                self.write(result.slots[0], a.add(length, 1))

            self._under(there, node.body, append)

        self.each(node.generators, put)
        return result.load()

    def _Choose(self, node: ir.Choose) -> Value:
        """Count the options, let the odometer pick one, find it again."""
        assert self.chooser is not None
        a = self.a
        simple = self._simple_choice(node)
        if simple is not None:
            return simple
        inner = (source for one in node.generators[1:] for source in one.over.sources)
        options = self._options_behind_branches(node) if any(map(can_fail, inner)) else self._options(node)
        count: Leaf = 0
        places = []
        for there, _ in options:
            places.append(count)
            count = a.add(count, a.number(there))
        picked = self.chooser(count)
        if not options:
            raise Finished
        type_ = options[0][1].type
        for _, one in options[1:]:
            shared = join(type_, one.type)
            assert shared is not None
            type_ = shared
        found = self.coerce(options[0][1], type_).leaves
        for (there, one), place in zip(options[1:], places[1:], strict=True):
            found = a.select_all(a.both(there, a.eq(place, picked)), self.coerce(one, type_).leaves, found)
        return Value(type_, found)

    def _options(self, node: ir.Choose) -> list[tuple[Bit, Value]]:
        options: list[tuple[Bit, Value]] = []

        def note(there: Bit) -> None:
            options.append((there, self._option(node, there)))

        self.each(node.generators, note)
        return options

    def _option(self, node: ir.Choose, there: Bit) -> Value:
        if isinstance(there, bool) or not can_fail(node.body):
            return self.value(node.body)
        type_ = node.body.type
        return self._lazily(type_, there, lambda: self.value(node.body), lambda: self._blank(type_))

    def _options_behind_branches(self, node: ir.Choose) -> list[tuple[Bit, Value]]:
        """The same where an inner collection is only asked behind a branch: each option waits in slots of its own."""
        waiting: list[tuple[ll.Value, Slots]] = []
        head, listing = self.block("options"), self.block("listing")
        self.go(head)
        self.at(head)
        self._arrive(listing)
        self.at(listing)

        def note(there: Bit) -> None:
            flag, slots = self.slot(), Slots(self, node.body.type)
            waiting.append((flag, slots))
            slots.store(self.coerce(self._option(node, there), slots.type))
            self.write(flag, self.a.number(there))

        try:
            self.each(node.generators, note)
        finally:
            with self.b.goto_block(head):
                for flag, _ in waiting:
                    self.b.store(ll.Constant(I64, 0), flag)
                self.b.branch(listing)
        return [(self.a.bit(self.read(flag)), slots.load()) for flag, slots in waiting]

    def _blank(self, type_: Type) -> Value:
        return Value(type_, blanks(type_))

    def _simple_choice(self, node: ir.Choose) -> Value | None:
        """A whole range: no need to list it."""
        generator = node.generators[0]
        plain = len(node.generators) == 1 and not generator.conditions and isinstance(node.body, ir.Local)
        if not plain or generator.over.kind != "range" or generator.over.reverse:
            return None
        assert self.chooser is not None
        start, end = (self.value(one).one for one in generator.over.sources)
        a = self.a
        picked = self.chooser(a.select(a.lt(start, end), a.sub(end, start), 0))
        return Value(node.type, (a.add(start, picked),))

    def _Quiet(self, node: ir.Quiet) -> Value:
        return self._truth(self.quiet(self.value(node.peer)))

    def _Suspected(self, node: ir.Suspected) -> Value:
        return self._truth(self.suspected(self.value(node.peer)))

    def _Inline(self, node: ir.Inline) -> Value:
        for name, one in node.parameters:
            self.bind(name, self.value(one))
        result = Slots(self, self.local_types[node.result]) if node.result else None
        end = self.block("returned")
        self.returns.append((end, result))
        loops, self.loops = self.loops, []
        with self.part(end):
            self.statements(node.body)
        self.returns.pop()
        self.loops = loops
        self.at(end)
        return result.load() if result is not None else Value(node.type, ())

    # --- Statements -------------------------------------------------------------------------------------------------

    def statements(self, body: Sequence[ir.Stmt]) -> None:
        for one in body:
            getattr(self, f"_{type(one).__name__}")(one)

    def _Assign(self, node: ir.Assign) -> None:
        value = self.value(node.value)
        if node.declared is not None:
            value = self.coerce(value, node.declared, check=True)
        self.store_local(node.name, value)

    def _SetField(self, node: ir.SetField) -> None:
        slots = self.field_slots[node.name]
        slots.store(self.coerce(self.value(node.value), slots.type, check=True))

    def _SetItem(self, node: ir.SetItem) -> None:
        slots = self.field_slots[node.field]
        assert isinstance(slots.type, MapType)
        value = self.value(node.value)  # Python evaluates the value before the key.
        place, fits = self.index(self.value(node.key), slots.type.key)
        self.fail_if(self.a.negate(fits))
        checked = self.coerce(value, slots.type.value, check=True)
        width = len(checked.leaves)
        for i in range(domain(slots.type.key)):
            here = self.a.eq(place, i)
            if here is False:
                continue
            for slot, leaf in zip(slots.slots[i * width : (i + 1) * width], checked.leaves, strict=True):
                self.write(slot, leaf if here is True else self.a.select(here, leaf, self.read(slot)))

    def _If(self, node: ir.If) -> None:
        def part(outcome: bool) -> None:
            self.passed(node, outcome)
            self.statements(node.then if outcome else node.otherwise)

        self.branch(self.condition(node.condition), lambda: part(True), lambda: part(False))

    def passed(self, node: ir.If, outcome: bool) -> None:  # noqa: B027 - in a predicate nothing is to be done.
        """Coverage: the step being made has come this way."""

    def _For(self, node: ir.For) -> None:
        items = self.items(node.over)  # May be an error for certain; then there is no loop.
        end = self.block("loop_end")
        for there, item in items:
            following, inside = self.block("next"), self.block("item")
            if isinstance(there, bool):
                self.go(inside)
            else:
                self.fork(there, inside, following)
            self.at(inside)
            self.loops.append((following, end))
            self.bind_item(node.names, item)
            with self.part(following):
                self.statements(node.body)
            self.loops.pop()
            self.at(following)
        self.go(end)
        self.at(end)

    def _Break(self, node: ir.Break) -> None:
        self.go(self.loops[-1][1])
        raise Finished

    def _Continue(self, node: ir.Continue) -> None:
        self.go(self.loops[-1][0])
        raise Finished

    def _Return(self, node: ir.Return) -> None:
        target, result = self.returns[-1]
        if node.value is not None and result is not None:
            result.store(self.coerce(self.value(node.value), result.type))
        elif node.value is not None:
            self.value(node.value)
        self.go(target)
        raise Finished

    def _Require(self, node: ir.Require) -> None:
        self.disable_unless(self.condition(node.condition))

    def _Assert(self, node: ir.Assert) -> None:
        self.fail_if(self.a.negate(self.condition(node.condition)))

    def _Ensure(self, node: ir.Ensure) -> None:
        holds = self.a.number(self.condition(node.condition))
        self.b.store(self.a.wide(self.a.bit_and(self.b.load(self.truth), holds), 64), self.truth)

    def _Send(self, node: ir.Send) -> None:
        to = self.value(node.to)
        self.send(to, self.value(node.message))

    def _Broadcast(self, node: ir.Broadcast) -> None:
        self.broadcast(self.value(node.message))

    def _Evaluate(self, node: ir.Evaluate) -> None:
        self.value(node.value)


def _range(type_: Type) -> tuple[int | None, int | None]:
    match type_:
        case IntType(low, high):
            return low, high
        case IdType(low, names):
            return low, low + len(names) - 1
    return None, None


def careful(node: ir.Fold) -> bool:
    """Whether a fold must be computed item by item behind branches, because evaluating too much could go wrong."""
    inner = (source for one in node.generators[1:] for source in one.over.sources)
    return can_fail(node.body) or any(map(can_fail, inner))


def _may_overflow(node: ir.Arithmetic) -> bool:
    return node.operator in "+-*" and node.type == INT


def can_fail(node: ir.Expr) -> bool:
    """Whether evaluating it may be an error of the model, branch, or run a helper: then it is not evaluated in vain."""
    known: bool | None = node.__dict__.get("_can_fail")  # Asked at every use, of every part: kept with the node.
    if known is None:
        known = _fails_itself(node) or any(can_fail(one) for one in ir.children(node))
        node.__dict__["_can_fail"] = known
    return known


def _fails_itself(node: Any) -> bool:
    match node:
        case ir.Index() | ir.Inline() | ir.Choose() | ir.MakeStruct() | ir.Replace() | ir.MakeSet() | ir.CollectSet():
            return True
        case ir.Attribute(base=base) if isinstance(base.type, OptionalType | NoneType):
            return True
        case ir.Arithmetic(operator="//" | "%"):
            return True
        case ir.Arithmetic() if _may_overflow(node):
            return True
        case ir.Fold(kind="min" | "max", default=None):
            return True
    return False


__all__ = ["BoolType", "Code", "EnumType", "Finished", "Slots", "Value", "blanks", "constant", "widths"]
