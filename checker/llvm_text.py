"""LLVM's textual form, written directly: what the code generator uses of ``llvmlite.ir``, under the same names.

Making LLVM's input is what a first run of a spec waits for, and most of that was llvmlite's bookkeeping: names made
unique, references formatted anew at each use (specs/txn.yaml: 2.4 s, now 0.8 s). Here a value is its type and the text
that refers to it, and an instruction is a line. Nothing is checked: LLVM's parser does that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

SIGNED = {"==": "eq", "!=": "ne", "<": "slt", "<=": "sle", ">": "sgt", ">=": "sge"}
UNSIGNED = {"==": "eq", "!=": "ne", "<": "ult", "<=": "ule", ">": "ugt", ">=": "uge"}


class Type:
    """Equal types are the same object, but for pointers, which know what they point to and LLVM does not."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text

    def as_pointer(self) -> PointerType:
        return PointerType(self)


class IntType(Type):
    __slots__ = ("width",)
    width: int
    _made: dict[int, IntType] = {}

    def __new__(cls, width: int) -> IntType:
        found = cls._made.get(width)
        if found is None:
            found = cls._made[width] = object.__new__(cls)
            found.text, found.width = f"i{width}", width
        return found

    def __init__(self, width: int) -> None:
        """Made once."""


class PointerType(Type):
    __slots__ = ("pointee",)

    def __init__(self, pointee: Type) -> None:
        super().__init__("ptr")
        self.pointee = pointee


class ArrayType(Type):
    __slots__ = ("element",)

    def __init__(self, element: Type, count: int) -> None:
        super().__init__(f"[{count} x {element}]")
        self.element = element


class FunctionType(Type):
    __slots__ = ("args", "return_type")

    def __init__(self, return_type: Type, args: Sequence[Type]) -> None:
        super().__init__(f"{return_type} ({', '.join(map(str, args))})")
        self.return_type, self.args = return_type, tuple(args)


class Value:
    __slots__ = ("ref", "type")

    def __init__(self, type_: Type, ref: str) -> None:
        self.type: Any = type_
        self.ref = ref


class Constant(Value):
    __slots__ = ()

    def __init__(self, type_: Type, value: int | None) -> None:
        super().__init__(type_, "zeroinitializer" if value is None else str(int(value)))


class Argument(Value):
    __slots__ = ("attributes",)

    def __init__(self, type_: Type, ref: str) -> None:
        super().__init__(type_, ref)
        self.attributes: list[str] = []

    def add_attribute(self, name: str) -> None:
        self.attributes.append(name)


class Block:
    __slots__ = ("function", "instructions", "is_terminated", "label")

    def __init__(self, function: Function, label: str) -> None:
        self.function, self.label = function, label
        self.instructions: list[str] = []
        self.is_terminated = False


class Module:
    def __init__(self, name: str) -> None:
        self.name = name
        self.globals: dict[str, GlobalVariable] = {}
        self.functions: list[Function] = []
        self.declared: dict[str, str] = {}  # Intrinsics.

    def __str__(self) -> str:
        parts = [*self.globals.values(), *self.functions]
        return "\n".join([f"; {self.name}", *self.declared.values(), *map(str, parts), ""])


class GlobalVariable(Value):
    __slots__ = ("initializer",)

    def __init__(self, module: Module, type_: Type, name: str) -> None:
        super().__init__(type_.as_pointer(), f"@{name}")
        self.initializer: Constant | None = None
        module.globals[name] = self

    def __str__(self) -> str:
        assert self.initializer is not None
        return f"{self.ref} = global {self.type.pointee} {self.initializer.ref}"


class Function(Value):
    """Without a block it is a declaration."""

    __slots__ = ("args", "blocks", "kind", "linkage", "module", "numbers")

    def __init__(self, module: Module, kind: FunctionType, name: str) -> None:
        super().__init__(kind.as_pointer(), f'@"{name}"')
        self.module, self.kind = module, kind
        self.args = tuple(Argument(one, f"%a{i}") for i, one in enumerate(kind.args))
        self.blocks: list[Block] = []
        self.linkage = ""
        self.numbers = 0  # Names given so far.
        module.functions.append(self)

    def append_basic_block(self, name: str) -> Block:
        self.numbers += 1
        block = Block(self, f"{name}.{self.numbers}")
        self.blocks.append(block)
        return block

    def __str__(self) -> str:
        given = ", ".join(" ".join([one.type.text, *one.attributes, one.ref]) for one in self.args)
        if not self.blocks:
            return f"declare {self.kind.return_type} {self.ref}({given})"
        lines = [f"define {self.linkage} {self.kind.return_type} {self.ref}({given}) {{"]
        for block in self.blocks:
            lines.append(f"{block.label}:")
            lines += block.instructions
        lines.append("}")
        return "\n".join(lines)


class IRBuilder:
    """Writes instructions at the end of a block, or before everything in it."""

    def __init__(self, block: Block) -> None:
        self.function = block.function
        self.block = block
        self._at: int | None = None  # Among the block's instructions; None: at its end.

    # --- Where --------------------------------------------------------------------------------------------------------

    def position_at_end(self, block: Block) -> None:
        self.block, self._at = block, None

    def position_at_start(self, block: Block) -> None:
        self.block, self._at = block, 0

    @contextmanager
    def goto_block(self, block: Block) -> Iterator[None]:
        """Write at the end of another block, before the instruction that ends it, and come back."""
        before = self.block
        self.block, self._at = block, len(block.instructions) - 1 if block.is_terminated else None
        try:
            yield
        finally:
            self.position_at_end(before)

    def _line(self, text: str) -> None:
        if self._at is None:
            self.block.instructions.append(text)
        else:
            self.block.instructions.insert(self._at, text)
            self._at += 1

    def _value(self, type_: Type, text: str) -> Value:
        self.function.numbers = number = self.function.numbers + 1
        ref = f"%v{number}"
        self._line(f"{ref} = {text}")
        return Value(type_, ref)

    def _end(self, text: str) -> None:
        self._line(text)
        self.block.is_terminated = True

    # --- Numbers ------------------------------------------------------------------------------------------------------

    def _binary(self, operation: str, a: Value, b: Value) -> Value:
        return self._value(a.type, f"{operation} {a.type.text} {a.ref}, {b.ref}")

    def add(self, a: Value, b: Value) -> Value:
        return self._binary("add", a, b)

    def sub(self, a: Value, b: Value) -> Value:
        return self._binary("sub", a, b)

    def mul(self, a: Value, b: Value) -> Value:
        return self._binary("mul", a, b)

    def sdiv(self, a: Value, b: Value) -> Value:
        return self._binary("sdiv", a, b)

    def srem(self, a: Value, b: Value) -> Value:
        return self._binary("srem", a, b)

    def udiv(self, a: Value, b: Value) -> Value:
        return self._binary("udiv", a, b)

    def urem(self, a: Value, b: Value) -> Value:
        return self._binary("urem", a, b)

    def and_(self, a: Value, b: Value) -> Value:
        return self._binary("and", a, b)

    def or_(self, a: Value, b: Value) -> Value:
        return self._binary("or", a, b)

    def xor(self, a: Value, b: Value) -> Value:
        return self._binary("xor", a, b)

    def shl(self, a: Value, b: Value) -> Value:
        return self._binary("shl", a, b)

    def lshr(self, a: Value, b: Value) -> Value:
        return self._binary("lshr", a, b)

    def icmp_signed(self, operator: str, a: Value, b: Value) -> Value:
        return self._value(_BIT, f"icmp {SIGNED[operator]} {a.type.text} {a.ref}, {b.ref}")

    def icmp_unsigned(self, operator: str, a: Value, b: Value) -> Value:
        return self._value(_BIT, f"icmp {UNSIGNED[operator]} {a.type.text} {a.ref}, {b.ref}")

    def zext(self, value: Value, to: Type) -> Value:
        return self._value(to, f"zext {value.type.text} {value.ref} to {to.text}")

    def trunc(self, value: Value, to: Type) -> Value:
        return self._value(to, f"trunc {value.type.text} {value.ref} to {to.text}")

    def select(self, condition: Value, yes: Value, no: Value) -> Value:
        kind = yes.type.text
        return self._value(yes.type, f"select i1 {condition.ref}, {kind} {yes.ref}, {kind} {no.ref}")

    def ctpop(self, value: Value) -> Value:
        return self._intrinsic("ctpop", value.type, [value], value.type)

    def cttz(self, value: Value, undefined_at_zero: Value) -> Value:
        return self._intrinsic("cttz", value.type, [value, undefined_at_zero], value.type)

    def sadd_with_overflow(self, a: Value, b: Value) -> Value:
        return self._with_overflow("sadd", a, b)

    def ssub_with_overflow(self, a: Value, b: Value) -> Value:
        return self._with_overflow("ssub", a, b)

    def smul_with_overflow(self, a: Value, b: Value) -> Value:
        return self._with_overflow("smul", a, b)

    def extract_value(self, pair: Value, place: int) -> Value:
        """Of a result with overflow: the number, and whether it is wrong."""
        kind = pair.type.element if place == 0 else _BIT
        return self._value(kind, f"extractvalue {pair.type.text} {pair.ref}, {place}")

    def _with_overflow(self, operation: str, a: Value, b: Value) -> Value:
        return self._intrinsic(f"{operation}.with.overflow", _Pair(a.type), [a, b], a.type)

    def _intrinsic(self, name: str, returns: Type, arguments: Sequence[Value], of: Type) -> Value:
        full = f"@llvm.{name}.{of.text}"
        kinds = ", ".join(one.type.text for one in arguments)
        self.function.module.declared[full] = f"declare {returns.text} {full}({kinds})"
        given = ", ".join([f"{one.type.text} {one.ref}" for one in arguments])
        return self._value(returns, f"call {returns.text} {full}({given})")

    # --- Memory -------------------------------------------------------------------------------------------------------

    def alloca(self, type_: Type, count: int | None = None) -> Value:
        size = "" if count is None else f", i32 {count}"
        return self._value(type_.as_pointer(), f"alloca {type_.text}{size}")

    def load(self, place: Value) -> Value:
        kind = place.type.pointee
        return self._value(kind, f"load {kind.text}, ptr {place.ref}")

    def store(self, value: Value, place: Value) -> None:
        self._line(f"store {value.type.text} {value.ref}, ptr {place.ref}")

    def gep(self, place: Value, indices: Sequence[Value]) -> Value:
        kind = place.type.pointee
        inside = kind.element if len(indices) > 1 else kind
        given = ", ".join([f"{one.type.text} {one.ref}" for one in indices])
        return self._value(inside.as_pointer(), f"getelementptr {kind.text}, ptr {place.ref}, {given}")

    # --- Control ------------------------------------------------------------------------------------------------------

    def call(self, function: Function, arguments: Sequence[Value]) -> Value:
        returns = function.kind.return_type
        given = ", ".join([f"{one.type.text} {one.ref}" for one in arguments])
        return self._value(returns, f"call {returns.text} {function.ref}({given})")

    def branch(self, target: Block) -> None:
        self._end(f"br label %{target.label}")

    def cbranch(self, condition: Value, yes: Block, no: Block) -> None:
        self._end(f"br i1 {condition.ref}, label %{yes.label}, label %{no.label}")

    def ret(self, value: Value) -> None:
        self._end(f"ret {value.type.text} {value.ref}")

    def unreachable(self) -> None:
        self._end("unreachable")


class _Pair(Type):
    """What arithmetic with overflow gives."""

    __slots__ = ("element",)

    def __init__(self, element: Type) -> None:
        super().__init__(f"{{{element}, i1}}")
        self.element = element


_BIT = IntType(1)
