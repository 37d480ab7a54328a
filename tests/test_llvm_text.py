"""What the builder writes is what LLVM understands by it: every instruction, compiled and run."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import pytest

from checker import llvm_text as ll
from checker.machine_code import target_machine

I1, I8, I64 = ll.IntType(1), ll.IntType(8), ll.IntType(64)
MASK = (1 << 64) - 1


def number(value: int) -> ll.Constant:
    return ll.Constant(I64, value)


def running(module: ll.Module, name: str, *arguments: int) -> int:
    parsed = llvm.parse_assembly(str(module))
    parsed.verify()
    machine = target_machine(0)
    parsed.triple = machine.triple
    engine = llvm.create_mcjit_compiler(parsed, machine)
    engine.finalize_object()
    kind = ctypes.CFUNCTYPE(ctypes.c_uint64, *[ctypes.c_uint64] * len(arguments))
    return int(kind(engine.get_function_address(name))(*arguments))


def of_two(make: Callable[[ll.IRBuilder, ll.Value, ll.Value], ll.Value]) -> ll.Module:
    """A module with ``f(a, b)``; narrower results are widened."""
    module = ll.Module("test")
    function = ll.Function(module, ll.FunctionType(I64, [I64, I64]), "f")
    builder = ll.IRBuilder(function.append_basic_block("entry"))
    answer = make(builder, *function.args)
    builder.ret(answer if answer.type is I64 else builder.zext(answer, I64))
    return module


def signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "sdiv": lambda a, b: abs(signed(a)) // signed(b) * (-1 if signed(a) < 0 else 1),
    "srem": lambda a, b: abs(signed(a)) % signed(b) * (-1 if signed(a) < 0 else 1),
    "udiv": lambda a, b: a // b,
    "urem": lambda a, b: a % b,
    "and_": lambda a, b: a & b,
    "or_": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "shl": lambda a, b: a << b,
    "lshr": lambda a, b: a >> b,
    "ashr": lambda a, b: signed(a) >> b,
}
COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip
PAIRS = [(7, 3), (3, 7), (5, 5), (MASK - 4, 3)]


@pytest.mark.parametrize("name", OPERATIONS)
def test_arithmetic(name: str) -> None:
    module = of_two(lambda builder, a, b: getattr(builder, name)(a, b))

    for a, b in PAIRS:
        assert running(module, "f", a, b) == OPERATIONS[name](a, b) & MASK


@pytest.mark.parametrize("operator", COMPARISONS)
def test_comparisons(operator: str) -> None:
    unsigned_ones = of_two(lambda builder, a, b: builder.icmp_unsigned(operator, a, b))
    signed_ones = of_two(lambda builder, a, b: builder.icmp_signed(operator, a, b))

    for a, b in PAIRS:
        assert running(unsigned_ones, "f", a, b) == COMPARISONS[operator](a, b)
        assert running(signed_ones, "f", a, b) == COMPARISONS[operator](signed(a), signed(b))


@pytest.mark.parametrize(
    ("name", "cases"),
    [
        ("sadd_with_overflow", [(2, 3, 5, 0), ((1 << 63) - 1, 1, 1 << 63, 1)]),
        ("ssub_with_overflow", [(2, 3, MASK, 0), (1 << 63, 1, (1 << 63) - 1, 1)]),
        ("smul_with_overflow", [(2, 3, 6, 0), (1 << 62, 2, 1 << 63, 1)]),
    ],
)
def test_overflow(name: str, cases: list[tuple[int, int, int, int]]) -> None:
    for place in (0, 1):
        module = of_two(lambda builder, a, b, at=place: builder.extract_value(getattr(builder, name)(a, b), at))
        for a, b, *answers in cases:
            assert running(module, "f", a, b) == answers[place]


def test_widths_choices_and_bits() -> None:
    def narrowed(builder: ll.IRBuilder, a: ll.Value, b: ll.Value) -> ll.Value:
        bits = builder.add(builder.ctpop(a), builder.cttz(b, ll.Constant(I1, 1)))
        larger = builder.select(builder.icmp_unsigned(">", a, b), a, b)
        return builder.add(bits, builder.zext(builder.trunc(larger, I8), I64))

    assert running(of_two(narrowed), "f", 0b1011, 0x108) == 3 + 3 + 0x08


def test_memory_blocks_and_calls() -> None:
    module = ll.Module("test")
    ll.GlobalVariable(module, I64, "start").initializer = ll.Constant(I64, None)
    helper = ll.Function(module, ll.FunctionType(I64, [I64.as_pointer(), I64]), "helper")
    helper.args[0].add_attribute("noalias")
    helper.linkage = "internal"
    builder = ll.IRBuilder(helper.append_basic_block("entry"))
    builder.ret(builder.load(builder.gep(helper.args[0], [helper.args[1]])))

    function = ll.Function(module, ll.FunctionType(I64, [I64]), "f")
    entry, loop, done = (function.append_basic_block(name) for name in ("entry", "loop", "done"))
    builder = ll.IRBuilder(entry)
    total = builder.load(module.globals["start"])
    builder.branch(loop)
    with builder.goto_block(entry):  # Before the branch that ends it.
        total = builder.add(total, number(1))
    builder.position_at_end(loop)
    array, words = builder.alloca(ll.ArrayType(I64, 3)), builder.alloca(I64, 2)
    for i in range(3):
        builder.store(number(10 * i), builder.gep(array, [number(0), number(i)]))
    for i in range(2):
        builder.store(number(100 * (i + 1)), builder.gep(words, [number(i)]))
    picked = builder.load(builder.gep(array, [number(0), function.args[0]]))
    total = builder.add(builder.add(total, picked), builder.call(helper, [words, number(1)]))
    wrong = function.append_basic_block("wrong")
    builder.cbranch(builder.icmp_signed("<", function.args[0], number(3)), done, wrong)
    builder.position_at_end(done)
    builder.ret(total)
    builder.position_at_end(wrong)
    builder.unreachable()

    assert running(module, "f", 2) == 1 + 20 + 200


def test_a_function_without_a_block_is_a_declaration() -> None:
    module = ll.Module("test")
    ll.Function(module, ll.FunctionType(I64, [I64.as_pointer()]), "elsewhere")

    assert 'declare i64 @"elsewhere"(ptr %a0)' in str(module)
    llvm.parse_assembly(str(module)).verify()


def test_equal_numbers_have_equal_types() -> None:
    """The code generator compares widths and types of values by identity."""
    values: list[Any] = [ll.Constant(ll.IntType(7), 1), ll.Constant(ll.IntType(7), 2)]

    assert values[0].type is values[1].type
    assert values[0].type.width == 7
