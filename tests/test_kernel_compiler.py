"""The translator against Python itself: the same source, the same numbers in, the same number out."""

from __future__ import annotations

import ctypes
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import pytest

from checker import kernel_loops
from checker.kernel_compiler import Intrinsic, NotInSubset, translate

LARGE, ODD = 3 << 40, -(0x61C8864E7A143579)  # Module constants of the sources below.
CONSTANTS: dict[str, object] = {"LARGE": LARGE, "ODD": ODD}

Compiled = Callable[..., int]


_engines: list[object] = []  # Owners of the compiled code.


def machine_code(source: str, constants: dict[str, object], level: int) -> Compiled:
    """The function `entry`."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    module = llvm.parse_assembly(translate(source, constants, "entry"))
    module.verify()
    machine = llvm.Target.from_default_triple().create_target_machine(opt=level)
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=level))
    builder.getModulePassManager().run(module, builder)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    arguments = source.split("def entry(")[1].split(")")[0].count("int")
    prototype = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * arguments)
    _engines.append(engine)
    return prototype(engine.get_function_address("entry"))


def wrapped(value: int) -> int:
    """As a signed 64-bit integer."""
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


def check(source: str, *, bits: int = 30) -> None:
    """The same results as Python, without and with optimisation, for small, middling and equal arguments."""
    if "def entry" not in source:
        source = f"def entry(a: int, b: int, c: int) -> int:\n    return {source}\n"
    namespace: dict[str, Any] = dict(CONSTANTS)
    exec(source, namespace)
    drawn = random.Random(source)
    for level in (0, 3):
        compiled = machine_code(source, CONSTANTS, level)
        for case in range(300):
            limit = 1 << (3 if case % 2 else bits)
            a, b, c = (drawn.randrange(-limit, limit) for _ in range(3))
            assert compiled(a, b, c) == wrapped(int(namespace["entry"](a, b, c))), (source, level, a, b, c)


@pytest.mark.parametrize(
    "expression",
    [
        "a + b - c",
        "a * b ^ c",
        "a & b | ~c",
        "-a + (-1)",
        "a + LARGE * 2 - ODD",
        "a // 7 + b // 8 * 3 + c // LARGE",
        "a % 7 + b % 8 * 3 + c % LARGE",
        "-a // (2 + 3) % 4",
        "a >> 3",
        "a >> (b & 127)",
        "a << 5",
        "(a & 255) << (b & 31)",
        "min(a, b) + max(a, b, c) - min(a, b, c, 0)",
        "(a < b) + 2 * (b <= c) + 4 * (a > c) + 8 * (a >= 0) + 16 * (a == b) + 32 * (b != c)",
        "(a < b <= c) + 2 * (a == b != c) + 4 * (0 < a < b < c)",
        "-(a < b) + (not a < b) * 2",
        "min(a < b, b < c) + ~(a < c)",
        "(a < b and b < c) + 2 * (a < b or b < c) + 4 * (a < b and b < c or c < a and not b < a)",
        "(a if a < b else b) + (1 if a < 0 or (b < 0 and c < 0) else 2 if c == 3 else 3)",
        "True + True + (False or a < b)",
        "(1 << 62) + (7 // 2) % 3 - (-7 >> 1) + (5 & 3) - -7 // 2",
    ],
)
def test_expression_is_as_in_python(expression: str) -> None:
    check(expression)


@pytest.mark.parametrize(
    "expression",
    ["a * b + c * b", "a * a * ODD", "(a << 20) + (b << 44) - c", "a << (b & 127)", "(a ^ LARGE) * ODD ^ b * LARGE"],
)
def test_arithmetic_wraps_around_at_64_bits(expression: str) -> None:
    check(expression, bits=62)


def test_comparisons_are_signed_at_full_width() -> None:
    check("(a < b) + 2 * (a <= b) + 4 * (a > b) + 8 * (min(a, c) == max(b, c)) + 16 * (a >> 61)", bits=63)


STATEMENTS = {
    "augmented and multiple assignment": """
    x = y = a
    x += b
    y -= c
    x ^= y
    x, y = y, x
    a, b, c = p, q, r = c, a, b
    x *= a - b
    x //= 3
    y <<= 2
    y >>= 1
    return x * 3 + y * 5 + p - r
""",
    "if, elif, else": """
    if a < b:
        x = 1
    elif a == b:
        x = 2
        if c < 0:
            return -x
    else:
        return 7
    pass
    return x + a
""",
    "a bool in a variable is a number": """
    x = a < b
    x += b < c
    return x * 10 + (x == 2)
""",
    "while with break and continue": """
    total, i = 0, a & 31
    while i > 0:
        i -= 1
        if i & 3 == b & 3:
            continue
        if total > 100:
            break
        total += i * (c & 7)
    return total * 64 + i
""",
    "while True ends by break or return": """
    i = a & 15
    while True:
        i += 1
        if i % 7 == b & 7:
            found = i
            break
        if i > 40:
            return -i
    return found
""",
    "a variable assigned before every break": """
    while True:
        if a < b:
            x = 1
            break
        x = 2
        if b < c:
            break
        a, b = b, a + 1
        if a > c:
            return 9
    return x
""",
    "for over range": """
    total = 0
    for i in range(a & 15):
        for j in range(b & 7, c & 31):
            if j == i:
                continue
            total += i * j
            if total > 500:
                break
        total ^= i
    return total
""",
    "the body of a for may change its variable and its bounds": """
    total, i, end = 0, -5, a & 15
    for i in range(b & 3, end):
        end = 3
        total = total * 3 + i
        i *= 2
        total += i
    return total * 100 + i
""",
    "for over an empty range leaves its variable alone": """
    i = 77
    for i in range(5, a & 7):
        pass
    return i
""",
}


@pytest.mark.parametrize("body", STATEMENTS.values(), ids=STATEMENTS.keys())
def test_statement_is_as_in_python(body: str) -> None:
    check(f'def entry(a: int, b: int, c: int) -> int:\n    """Text."""\n{body}')


def test_functions_call_each_other() -> None:
    check("""
def is_less(a: int, b: int) -> bool:
    if a == 3:
        return True
    return a < b and not is_odd(a)

def is_odd(a: int) -> bool:
    return a & 1 == 1

def power(a: int, n: int) -> int:
    return 1 if n <= 0 else a * power(a, n - 1)

def as_number(a: int) -> int:
    return a < 0

def unused(a: str) -> None:
    print(a)

def entry(a: int, b: int, c: int) -> int:
    unused = power(c & 3, b & 7) + is_odd(a) + (2 if is_less(b, a) else 3) + as_number(c)
    return unused + is_less(a, is_odd(b))
""")


def test_conditions_stop_calling_when_they_are_decided() -> None:
    """Calls with side effects: `put` writes to memory, in the order and as often as Python would."""
    written: list[int] = []

    def put(value: int) -> int:
        written.append(value)
        return value

    callback = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(put)
    address = ctypes.cast(callback, ctypes.c_void_p).value
    source = """
def entry(function: int, a: int, b: int, c: int) -> int:
    x = call(function, a) < call(function, b) < call(function, c)
    y = call(function, 10 + a) > 10 and call(function, 20 + b) > 20 or call(function, 30 + c) > 30
    z = call(function, 40) if a < b else call(function, 50)
    p, q = call(function, 60) + call(function, 70), min(call(function, 80), call(function, 90))
    for i in range(call(function, 3)):
        call(function, i)
    return x + 2 * y + 4 * z + p + q
"""
    compiled = machine_code(source, {"call": kernel_loops.call_check}, 3)
    namespace: dict[str, Any] = {"call": lambda _function, value: put(value)}
    exec(source, namespace)
    for a, b, c in ((a, b, c) for a in range(3) for b in range(3) for c in range(3)):
        results = []
        for function in (compiled, namespace["entry"]):
            written.clear()
            results.append((function(address, a, b, c), tuple(written)))
        assert results[0] == results[1]


def test_constants_may_be_given_another_value() -> None:
    source = "def entry(a: int) -> int:\n    return a // (8 * WORDS) if WORDS > 1 else a\n"

    assert [machine_code(source, {"WORDS": words}, 3)(100) for words in (1, 2, 3)] == [100, 6, 4]


REFUSED = [
    ("return a / b", "this operator"),
    ("return a ** 2", "this operator"),
    ("return a // b", "not known to be positive"),
    ("return a % -3", "not known to be positive"),
    ("return a // 0", "not known to be positive"),
    ("return a << 64", "a shift by this many bits"),
    ("return a >> -1", "a shift by this many bits"),
    ("return a + (1 << 63)", "a constant beyond 64 bits"),
    ("return 0xFFFFFFFFFFFFFFFF", "a constant beyond 64 bits"),
    ("return HUGE", "a constant beyond 64 bits"),
    ("return 1.5", "this expression"),
    ("return 'a'", "this expression"),
    ("return None", "this expression"),
    ("return +a", "this expression"),
    ("return a and b", "a number as a condition"),
    ("return a or 1", "a number as a condition"),
    ("return not a", "a number as a condition"),
    ("return 1 if a else 2", "a number as a condition"),
    ("if a:\n        return 1\n    return 2", "a number as a condition"),
    ("while a:\n        return 1\n    return 2", "a number as a condition"),
    ("return 1 if a < b else False", "a choice between a number and a bool"),
    ("return a is b", "this comparison"),
    ("return a in (b, c)", "this comparison"),
    ("return a < b in (b, c)", "this comparison"),
    ("return [a][0]", "this expression"),
    ("return (d := a)", "this expression"),
    ("return sum(i for i in range(a))", "this expression"),
    ("return abs(a)", "this call"),
    ("return min(a)", "this call"),
    ("return min(a, b, key=None)", "this expression"),
    ("return min(*a)", "this expression"),
    ("return a(b)", "a call of a number"),
    ("return LARGE(b)", "this call"),
    ("return helper()", "too many or too few arguments"),
    ("return helper(a, b)", "too many or too few arguments"),
    ("return one()", "too many or too few arguments"),
    ("return helper", "which is no number"),
    ("return one", "which is no number"),
    ("return YES", "which is no number"),
    ("return unknown", "which is no number"),
    ("return odd_helper(a)", "a parameter that is not a plain `int`"),
    ("return typeless_helper(a)", "neither `int` nor `bool`"),
    ("return bad_bool(a)", "a number as a condition"),
    ("return decorated(a)", "a decorator"),
    ("return star(a)", "a parameter of a special kind"),
    ("return no_return(a)", "an end without `return`"),
    ("return LARGE\n    return 2", "never reached"),
    ("while True:\n        pass\n    return 2", "never reached"),
    ("return", "this statement"),
    ("a", "this statement"),
    ("assert a < b", "this statement"),
    ("global LARGE", "this statement"),
    ("del a", "this statement"),
    ("x: int = 1", "this statement"),
    ("def inner() -> int:\n        return 1\n    return inner()", "this statement"),
    ("try:\n        return 1\n    finally:\n        pass", "this statement"),
    ("while a < b:\n        a += 1\n    else:\n        b = 1\n    return b", "this statement"),
    ("for i in range(a):\n        b += i\n    else:\n        b = 1\n    return b", "this statement"),
    ("for i in range(a, b, 2):\n        c += i\n    return c", "this statement"),
    ("for i in (1, 2):\n        c += i\n    return c", "this statement"),
    ("for i, j in range(3):\n        c += i\n    return c", "this statement"),
    ("range = 3\n    for i in range(a):\n        c += i\n    return c", "this statement"),
    ("a[0] = b\n    return a", "no variable"),
    ("a.x = b\n    return a", "no variable"),
    ("a.x += b\n    return a", "this statement"),
    ("x, y = a\n    return x", "no variable"),
    ("x = a, b\n    return x", "does not match"),
    ("x, y = a, b, c\n    return x", "does not match"),
    ("x, *y = a, b\n    return x", "no variable"),
    ("(x, y), z = (a, b), c\n    return x", "this expression"),
    ("return x\n    x = 1", "x, which may have no value"),
    ("x += 1\n    return x", "x, which may have no value"),
    ("if a < b:\n        x = 1\n    return x", "x, which may have no value"),
    ("while a < b:\n        x = 1\n        a += 1\n    return x", "x, which may have no value"),
    ("for i in range(a):\n        pass\n    return i", "i, which may have no value"),
    ("while True:\n        if a < b:\n            break\n        x = 1\n    return x", "x, which may have no value"),
    ("LARGE += 1\n    return LARGE", "LARGE, which may have no value"),
]

HELPERS = """
def helper(a: int) -> int:
    return a

def odd_helper(a: int = 0) -> int:
    return a

def typeless_helper(a):
    return a

def bad_bool(a: int) -> bool:
    return a

@staticmethod
def decorated(a: int) -> int:
    return a

def star(*a: int) -> int:
    return 1

def no_return(a: int) -> int:
    while a < 3:
        return a
"""


@pytest.mark.parametrize(("body", "reason"), REFUSED, ids=[body.replace("\n", ";") for body, _ in REFUSED])
def test_what_is_outside_the_subset_is_refused(body: str, reason: str) -> None:
    constants = {**CONSTANTS, "HUGE": 1 << 63, "YES": True, "one": Intrinsic(1, lambda builder, value: value)}

    with pytest.raises(NotInSubset) as refused:
        translate(f"{HELPERS}\ndef entry(a: int, b: int, c: int) -> int:\n    {body}\n", constants, "entry")

    assert reason in str(refused.value)


def test_every_function_of_the_loops_is_compiled() -> None:
    """What nobody calls would escape the checks above."""
    source = Path(kernel_loops.__file__).read_text()
    text = translate(source, vars(kernel_loops), "checker_kernel")

    names = [name for name in re.findall(r"^def (\w+)", source, re.MULTILINE) if not name.startswith("_")]
    assert [name for name in names if f'@"{name}"(' not in text] == []
