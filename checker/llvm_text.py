"""LLVM's assembly language, written as text as it is made.

The few classes of ``llvmlite.ir`` that code generation needs, under their names and with their signatures. An
instruction is one line, written once; what later instructions know of it is its type and its name. Names are numbers,
so nothing is compared to keep them apart; types and constants exist once. Nothing is checked here but that a block ends
once and that nothing is written behind its end: LLVM's own parser and verifier read every line of it.

Pointers know what they point at, although in LLVM's text all of them are ``ptr``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NoReturn


class Type:
    """Compared by identity: equal types are made once."""

    __slots__ = ("_pointer", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._pointer: PointerType | None = None

    def as_pointer(self) -> PointerType:
        if self._pointer is None:
            self._pointer = PointerType(self)
        return self._pointer

    def __str__(self) -> str:
        return self.text


class IntType(Type):
    __slots__ = ("constants", "width")
    _made: Final[dict[int, IntType]] = {}

    def __new__(cls, width: int) -> IntType:
        one = cls._made.get(width)
        if one is None:
            one = cls._made[width] = super().__new__(cls)
            Type.__init__(one, f"i{width}")
            one.width = width
            one.constants = {}
        return one

    def __init__(self, width: int) -> None:
        """Made in ``__new__``, once for each width."""

    width: int
    constants: dict[int, Constant]


class PointerType(Type):
    __slots__ = ("pointee",)

    def __init__(self, pointee: Type) -> None:
        super().__init__("ptr")
        self.pointee = pointee


class ArrayType(Type):
    __slots__ = ("element",)

    def __init__(self, element: Type, count: int) -> None:
        super().__init__(f"[{count} x {element.text}]")
        self.element = element


class FunctionType(Type):
    __slots__ = ("args", "return_type")

    def __init__(self, return_type: Type, args: Sequence[Type]) -> None:
        super().__init__(f"{return_type.text} ({', '.join(one.text for one in args)})")
        self.return_type, self.args = return_type, tuple(args)


class _PairType(Type):
    """What arithmetic with overflow returns: a number, and whether it is wrong."""

    __slots__ = ("elements",)

    def __init__(self, number: Type) -> None:
        super().__init__(f"{{ {number.text}, i1 }}")
        self.elements = (number, _I1)


class Value:
    """An operand: ``text`` is how instructions call it. Compared by identity."""

    __slots__ = ("text", "type")
    type: Any
    text: str

    def __init__(self, type_: Type, text: str) -> None:
        self.type, self.text = type_, text


class Constant(Value):
    """A number; or zeros for ``None``."""

    __slots__ = ()

    def __new__(cls, type_: Type, value: int | None) -> Constant:
        if value is None or not isinstance(type_, IntType):
            one = super().__new__(cls)
            one.type, one.text = type_, "zeroinitializer"
            return one
        known = type_.constants.get(value)
        if known is None:
            known = type_.constants[value] = super().__new__(cls)
            known.type, known.text = type_, str(int(value))
        return known

    def __init__(self, type_: Type, value: int | None) -> None:
        """Made in ``__new__``, once for each number."""


class Argument(Value):
    __slots__ = ("attributes",)

    def __init__(self, type_: Type, text: str) -> None:
        super().__init__(type_, text)
        self.attributes = ""

    def add_attribute(self, name: str) -> None:
        self.attributes += f" {name}"


class Block:
    """Instructions, and the one that ends them."""

    __slots__ = ("end", "function", "lines", "name")

    def __init__(self, function: Function, name: str) -> None:
        self.function, self.name = function, name
        self.lines: list[str] = []
        self.end: str | None = None

    @property
    def is_terminated(self) -> bool:
        return self.end is not None


class GlobalVariable(Value):
    __slots__ = ("initializer",)

    def __init__(self, module: Module, type_: Type, name: str) -> None:
        super().__init__(type_.as_pointer(), f'@"{name}"')
        self.initializer: Constant | None = None
        module.globals[name] = self

    def __str__(self) -> str:
        kind = self.type.pointee.text
        if self.initializer is None:
            return f"{self.text} = external global {kind}"
        return f"{self.text} = global {kind} {self.initializer.text}"


class Function(Value):
    """A definition; a declaration as long as it has no block."""

    __slots__ = ("args", "blocks", "ftype", "linkage", "module", "names", "slots")

    def __init__(self, module: Module, ftype: FunctionType, name: str) -> None:
        super().__init__(ftype.as_pointer(), f'@"{name}"')
        self.module, self.ftype = module, ftype
        self.args = tuple(Argument(one, f"%a{i}") for i, one in enumerate(ftype.args))
        self.blocks: list[Block] = []
        self.slots: list[str] = []  # Stack memory.
        self.linkage = ""
        self.names = 0  # How many have been given.
        module.globals[name] = self

    def append_basic_block(self, name: str = "") -> Block:
        self.names += 1
        block = Block(self, f"{name}.{self.names}")
        self.blocks.append(block)
        return block

    def __str__(self) -> str:
        given = ", ".join(f"{one.type.text}{one.attributes} {one.text}" for one in self.args)
        head = f"{self.linkage} {self.ftype.return_type.text} {self.text}({given})".lstrip()
        if not self.blocks:
            return f"declare {head}"
        lines = [f"define {head} {{"]
        for number, block in enumerate(self.blocks):
            lines.append(f"{block.name}:")
            if number == 0:
                lines += self.slots
            lines += block.lines
            if block.end is None:
                raise ValueError(f"the block {block.name} of {self.text} has no end")
            lines.append(block.end)
        lines.append("}")
        return "\n".join(lines)


class Module:
    def __init__(self, name: str = "") -> None:
        self.name = name
        self.globals: dict[str, Function | GlobalVariable] = {}
        self.intrinsics: dict[str, str] = {}  # Name -> declaration.

    def __str__(self) -> str:
        return "\n".join([f"; {self.name}", *map(str, self.globals.values()), *self.intrinsics.values(), ""])


_I1: Final = IntType(1)
_SIGNED: Final = {"==": "eq", "!=": "ne", "<": "slt", "<=": "sle", ">": "sgt", ">=": "sge"}
_UNSIGNED: Final = {"==": "eq", "!=": "ne", "<": "ult", "<=": "ule", ">": "ugt", ">=": "uge"}
_PAIRS: Final[dict[Type, _PairType]] = {}


def _closed(line: str) -> NoReturn:
    raise ValueError(f"behind the end of a block: {line}")


def _binary(operator: str) -> Callable[[IRBuilder, Value, Value], Value]:
    def emit(self: IRBuilder, a: Value, b: Value) -> Value:
        function, kind = self.function, a.type
        function.names = number = function.names + 1
        name = f"%v{number}"
        self.emit(f"  {name} = {operator} {kind.text} {a.text}, {b.text}")
        return Value(kind, name)

    return emit


def _overflowing(operator: str) -> Callable[[IRBuilder, Value, Value], Value]:
    def emit(self: IRBuilder, a: Value, b: Value) -> Value:
        kind = a.type
        if kind not in _PAIRS:
            _PAIRS[kind] = _PairType(kind)
        return self._intrinsic(f"{operator}.with.overflow", _PAIRS[kind], a, b)

    return emit


class IRBuilder:
    """Writes instructions at the end of a block, before the instruction that ends it."""

    __slots__ = ("block", "emit", "function")

    def __init__(self, block: Block) -> None:
        self.function = block.function
        self.position_at_end(block)

    def position_at_end(self, block: Block) -> None:
        self.block = block
        self.emit: Callable[[str], None] = block.lines.append if block.end is None else _closed

    @contextmanager
    def goto_block(self, block: Block) -> Iterator[None]:
        """In another block for a while; if that has its end already, before it."""
        before = self.block
        self.block, self.emit = block, block.lines.append
        try:
            yield
        finally:
            self.position_at_end(before)

    def _named(self, type_: Type, instruction: str) -> Value:
        function = self.function
        function.names = number = function.names + 1
        name = f"%v{number}"
        self.emit(f"  {name} = {instruction}")
        return Value(type_, name)

    # Arithmetic.

    add, sub, mul = _binary("add"), _binary("sub"), _binary("mul")
    sdiv, srem, udiv, urem = _binary("sdiv"), _binary("srem"), _binary("udiv"), _binary("urem")
    and_, or_, xor = _binary("and"), _binary("or"), _binary("xor")
    shl, lshr, ashr = _binary("shl"), _binary("lshr"), _binary("ashr")
    sadd_with_overflow, ssub_with_overflow = _overflowing("sadd"), _overflowing("ssub")
    smul_with_overflow = _overflowing("smul")

    def icmp_signed(self, operator: str, a: Value, b: Value) -> Value:
        return self._named(_I1, f"icmp {_SIGNED[operator]} {a.type.text} {a.text}, {b.text}")

    def icmp_unsigned(self, operator: str, a: Value, b: Value) -> Value:
        return self._named(_I1, f"icmp {_UNSIGNED[operator]} {a.type.text} {a.text}, {b.text}")

    def select(self, condition: Value, a: Value, b: Value) -> Value:
        kind = a.type.text
        return self._named(a.type, f"select i1 {condition.text}, {kind} {a.text}, {kind} {b.text}")

    def zext(self, value: Value, type_: Type) -> Value:
        if value.type is type_:
            return value
        return self._named(type_, f"zext {value.type.text} {value.text} to {type_.text}")

    def trunc(self, value: Value, type_: Type) -> Value:
        if value.type is type_:
            return value
        return self._named(type_, f"trunc {value.type.text} {value.text} to {type_.text}")

    def cttz(self, value: Value, zero_is_poison: Value) -> Value:
        return self._intrinsic("cttz", value.type, value, zero_is_poison)

    def ctpop(self, value: Value) -> Value:
        return self._intrinsic("ctpop", value.type, value)

    def _intrinsic(self, name: str, result: Type, *arguments: Value) -> Value:
        name = f"@llvm.{name}.{arguments[0].type.text}"
        known = self.function.module.intrinsics
        if name not in known:
            known[name] = f"declare {result.text} {name}({', '.join(one.type.text for one in arguments)})"
        given = ", ".join(f"{one.type.text} {one.text}" for one in arguments)
        return self._named(result, f"call {result.text} {name}({given})")

    def extract_value(self, pair: Value, index: int) -> Value:
        return self._named(pair.type.elements[index], f"extractvalue {pair.type.text} {pair.text}, {index}")

    # Memory.

    def alloca(self, type_: Type, size: int | None = None) -> Value:
        """At the head of the function, wherever the builder is: there LLVM looks for what can live in registers."""
        function = self.function
        function.names = number = function.names + 1
        name = f"%v{number}"
        function.slots.append(f"  {name} = alloca {type_.text}" + (f", i32 {size}" if size is not None else ""))
        return Value(type_.as_pointer(), name)

    def load(self, pointer: Value) -> Value:
        kind = pointer.type.pointee
        return self._named(kind, f"load {kind.text}, ptr {pointer.text}")

    def store(self, value: Value, pointer: Value) -> None:
        self.emit(f"  store {value.type.text} {value.text}, ptr {pointer.text}")

    def gep(self, pointer: Value, indices: Sequence[Value]) -> Value:
        source = inside = pointer.type.pointee
        for _ in indices[1:]:
            inside = inside.element
        places = ", ".join(f"{one.type.text} {one.text}" for one in indices)
        return self._named(inside.as_pointer(), f"getelementptr {source.text}, ptr {pointer.text}, {places}")

    # Control.

    def call(self, function: Function, arguments: Sequence[Value]) -> Value:
        kind = function.ftype.return_type
        given = ", ".join(f"{one.type.text} {one.text}" for one in arguments)
        return self._named(kind, f"call {kind.text} {function.text}({given})")

    def _finish(self, line: str) -> None:
        if self.block.end is not None:
            _closed(line)
        self.block.end = line
        self.emit = _closed

    def branch(self, target: Block) -> None:
        self._finish(f"  br label %{target.name}")

    def cbranch(self, condition: Value, yes: Block, no: Block) -> None:
        self._finish(f"  br i1 {condition.text}, label %{yes.name}, label %{no.name}")

    def ret(self, value: Value) -> None:
        self._finish(f"  ret {value.type.text} {value.text}")

    def unreachable(self) -> None:
        self._finish("  unreachable")
