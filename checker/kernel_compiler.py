"""Translates functions written in a small subset of Python into LLVM's intermediate representation.

The subset: functions of 64-bit signed integers with local variables, `if`, `while`, `for ... in range`, `break`,
`continue`, `return`, arithmetic, comparisons, conditions, `min`, `max`, calls of each other and of `Intrinsic`s, and
integer constants of the module. Anything else is a `NotInSubset`, never a guess. What is accepted means what it means
in Python, but for three things: arithmetic wraps around at 64 bits; a shift by a negative number counts as one by a
very large number; and a function that is declared `int` and returns a `bool` returns 0 or 1.

Every local variable becomes a cell on the stack; LLVM turns cells into registers.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from llvmlite import ir

WORD: Final = ir.IntType(64)
BIT: Final = ir.IntType(1)  # What comparisons have as their result.

_ARITHMETIC: Final[dict[type[ast.operator], tuple[Callable[[int, int], int], str]]] = {
    ast.Add: (operator.add, "add"),
    ast.Sub: (operator.sub, "sub"),
    ast.Mult: (operator.mul, "mul"),
    ast.BitAnd: (operator.and_, "and_"),
    ast.BitOr: (operator.or_, "or_"),
    ast.BitXor: (operator.xor, "xor"),
    ast.LShift: (operator.lshift, "shl"),
    ast.RShift: (operator.rshift, "ashr"),
    ast.FloorDiv: (operator.floordiv, "sdiv"),
    ast.Mod: (operator.mod, "srem"),
}
_COMPARISONS: Final[dict[type[ast.cmpop], str]] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


class NotInSubset(Exception):
    """The source uses something that has no translation."""


@dataclass(frozen=True)
class Intrinsic:
    """A function of so many integers whose instructions are given by `emit(builder, *values)`."""

    arguments: int
    emit: Callable[..., Any]

    def __call__(self, *arguments: int) -> int:
        raise TypeError("an intrinsic exists in machine code only")


def translate(source: str, constants: Mapping[str, object], entry: str) -> str:
    """LLVM assembly of the function `entry` of a module, given by its source, and of all functions it calls.

    `constants` tells what the names of the module stand for, other than its functions: integers and intrinsics.
    """
    functions = {each.name: each for each in ast.parse(source).body if isinstance(each, ast.FunctionDef)}
    module = _Module(functions, constants)
    module.function(entry).linkage = ""
    while module.pending:
        _Function(module, *module.pending.pop())
    return str(module.llvm)


class _Module:
    """All functions that have been called so far."""

    def __init__(self, functions: Mapping[str, ast.FunctionDef], constants: Mapping[str, object]) -> None:
        self.functions = functions
        self.constants = constants
        self.llvm = ir.Module()
        self.pending: list[tuple[ast.FunctionDef, ir.Function]] = []  # Called, but not translated yet.
        self._known: dict[str, ir.Function] = {}

    def function(self, name: str) -> ir.Function:
        if name not in self._known:
            node = self.functions[name]
            given = node.args
            if node.decorator_list or given.posonlyargs or given.kwonlyargs or given.vararg or given.kwarg:
                raise _refusal(node, "a decorator or a parameter of a special kind")
            if given.defaults or any(_type(each.annotation) != WORD for each in given.args):
                raise _refusal(node, "a parameter that is not a plain `int`")
            kind = ir.FunctionType(_type(node.returns), [WORD] * len(given.args))
            function = ir.Function(self.llvm, kind, name)
            function.linkage = "internal"
            self._known[name] = function
            self.pending.append((node, function))
        return self._known[name]


class _Function:
    """Translates one function, as soon as it is made."""

    def __init__(self, module: _Module, node: ast.FunctionDef, function: ir.Function) -> None:
        self._module = module
        self._llvm = function
        self._entry_builder = ir.IRBuilder(function.append_basic_block("entry"))
        parameters = [each.arg for each in node.args.args]
        stored = [each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)]
        self._cells = {name: self._entry_builder.alloca(WORD, name=name) for name in dict.fromkeys(parameters + stored)}
        begin = function.append_basic_block("begin")
        self._builder = ir.IRBuilder(begin)
        # Names that have a value wherever control has come from. None: control does not get here.
        self._assigned: frozenset[str] | None = frozenset()
        self._loops: list[_Loop] = []
        for parameter, value in zip(parameters, function.args, strict=True):
            self._assign(parameter, value)
        body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
        self._block(body)
        if self._assigned is not None:
            raise _refusal(node, "an end without `return`")
        self._entry_builder.branch(begin)

    # Statements.

    def _block(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            if self._assigned is None:
                raise _refusal(statement, "a statement that is never reached")
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=targets, value=ast.Tuple(elts=elements)):
                values = [self._number(each) for each in elements]  # All, before the first is stored.
                for target in targets:
                    if not isinstance(target, ast.Tuple) or len(target.elts) != len(values):
                        raise _refusal(target, "a target that does not match its values")
                    for each, value in zip(target.elts, values, strict=True):
                        self._assign(_name(each), value)
            case ast.Assign(targets=targets, value=expression):
                value = self._number(expression)
                for target in targets:
                    self._assign(_name(target), value)
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=expression):
                self._assign(name, self._operate(node, op, self._read(node, name), self._number(expression)))
            case ast.Expr(value=ast.Call() as call):
                self._value(call)
            case ast.Pass():
                pass
            case ast.Return(value=ast.expr() as expression):
                returns_bit = self._llvm.ftype.return_type == BIT
                self._builder.ret(self._condition(expression) if returns_bit else self._number(expression))
                self._assigned = None
            case ast.If(test=test, body=body, orelse=orelse):
                self._if(test, body, orelse)
            case ast.While(test=test, body=body, orelse=[]):
                self._while(test, body)
            case ast.For(
                target=ast.Name(id=name),
                iter=ast.Call(func=ast.Name(id="range"), args=[_] | [_, _] as bounds, keywords=[]),
                body=body,
                orelse=[],
            ) if self._is_builtin("range"):
                self._for(name, bounds, body)
            case ast.Break() | ast.Continue() if self._loops:
                loop = self._loops[-1]
                if isinstance(node, ast.Break):
                    loop.assigned_at_end = _both(loop.assigned_at_end, self._assigned)
                self._builder.branch(loop.end if isinstance(node, ast.Break) else loop.next)
                self._assigned = None
            case _:
                raise _refusal(node, "this statement")

    def _if(self, test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt]) -> None:
        then, otherwise, end = (self._llvm.append_basic_block(name) for name in ("then", "else", "end"))
        self._builder.cbranch(self._condition(test), then, otherwise)
        before, after = self._assigned, None
        for block, statements in ((then, body), (otherwise, orelse)):
            self._builder.position_at_end(block)
            self._assigned = before
            self._block(statements)
            if self._assigned is not None:
                self._builder.branch(end)
            after = _both(after, self._assigned)
        self._continue_at(end, after)

    def _while(self, test: ast.expr, body: list[ast.stmt]) -> None:
        loop = _Loop(self._llvm.append_basic_block("while"), self._llvm.append_basic_block("end"))
        inside = self._llvm.append_basic_block("body")
        self._builder.branch(loop.next)
        self._builder.position_at_end(loop.next)
        if isinstance(test, ast.Constant) and test.value is True:
            self._builder.branch(inside)
        else:
            self._builder.cbranch(self._condition(test), inside, loop.end)
            loop.assigned_at_end = self._assigned
        self._loop_body(loop, inside, body)
        self._continue_at(loop.end, loop.assigned_at_end)

    def _for(self, name: str, bounds: list[ast.expr], body: list[ast.stmt]) -> None:
        """The counter is a cell of its own, so that assignments to the variable do not change the iteration."""
        values = [WORD(0), *(self._number(each) for each in bounds)][-2:]
        counter = self._entry_builder.alloca(WORD)
        self._builder.store(values[0], counter)
        test, inside = self._llvm.append_basic_block("for"), self._llvm.append_basic_block("body")
        loop = _Loop(self._llvm.append_basic_block("next"), self._llvm.append_basic_block("end"), self._assigned)
        self._builder.branch(test)
        self._builder.position_at_end(test)
        self._builder.cbranch(
            self._builder.icmp_signed("<", self._builder.load(counter, typ=WORD), values[1]), inside, loop.end
        )
        self._builder.position_at_end(loop.next)
        # It was less than the end, so it does not wrap around.
        following = self._builder.add(self._builder.load(counter, typ=WORD), WORD(1), flags=["nsw"])
        self._builder.store(following, counter)
        self._builder.branch(test)
        self._builder.position_at_end(inside)
        self._assign(name, self._builder.load(counter, typ=WORD))
        self._loop_body(loop, inside, body)
        self._continue_at(loop.end, loop.assigned_at_end)

    def _loop_body(self, loop: _Loop, inside: ir.Block, body: list[ast.stmt]) -> None:
        self._builder.position_at_end(inside)
        self._loops.append(loop)
        self._block(body)
        self._loops.pop()
        if self._assigned is not None:
            self._builder.branch(loop.next)

    def _continue_at(self, block: ir.Block, assigned: frozenset[str] | None) -> None:
        self._builder.position_at_end(block)
        self._assigned = assigned
        if assigned is None:
            self._builder.unreachable()

    def _assign(self, name: str, value: ir.Value) -> None:
        self._builder.store(value, self._cells[name])
        assert self._assigned is not None
        self._assigned |= {name}

    # Expressions.

    def _number(self, node: ast.expr) -> ir.Value:
        return self._as_number(self._value(node))

    def _as_number(self, value: ir.Value) -> ir.Value:
        if value.type != BIT:
            return value
        return WORD(value.constant) if isinstance(value, ir.Constant) else self._builder.zext(value, WORD)

    def _condition(self, node: ast.expr) -> ir.Value:
        value = self._value(node)
        if value.type != BIT:
            raise _refusal(node, "a number as a condition")
        return value

    def _value(self, node: ast.expr) -> ir.Value:
        """A BIT where Python has a bool, a WORD where it has an int."""
        match node:
            case ast.Constant(value=bool() as value):
                return BIT(int(value))
            case ast.Constant(value=int() as value):
                return _constant(node, value)
            case ast.Name(id=name):
                return self._read(node, name)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self._builder.not_(self._condition(operand))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._operate(node, ast.Sub(), WORD(0), self._number(operand))
            case ast.UnaryOp(op=ast.Invert(), operand=operand):
                return self._operate(node, ast.BitXor(), WORD(-1), self._number(operand))
            case ast.BinOp(left=left, op=op, right=right):
                return self._operate(node, op, self._number(left), self._number(right))
            case ast.Compare():
                return self._compare(node)
            case ast.BoolOp(op=op, values=values):
                return self._until(isinstance(op, ast.Or), [partial(self._condition, each) for each in values])
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self._choose(self._condition(test), body, orelse)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(node, name, arguments)
        raise _refusal(node, "this expression")

    def _read(self, node: ast.AST, name: str) -> ir.Value:
        if name in self._cells:
            if name not in (self._assigned or ()):
                raise _refusal(node, f"{name}, which may have no value here")
            return self._builder.load(self._cells[name], typ=WORD)
        value = self._module.constants.get(name)
        if name in self._module.functions or type(value) is not int:
            raise _refusal(node, f"{name}, which is no number")
        return _constant(node, value)

    def _operate(self, node: ast.AST, op: ast.operator, left: ir.Value, right: ir.Value) -> ir.Value:
        if type(op) not in _ARITHMETIC:
            raise _refusal(node, "this operator")
        compute, instruction = _ARITHMETIC[type(op)]
        divides, shifts = isinstance(op, ast.FloorDiv | ast.Mod), isinstance(op, ast.LShift | ast.RShift)
        if divides and not (isinstance(right, ir.Constant) and right.constant > 0):
            raise _refusal(node, "a division by what is not known to be positive")
        if shifts and isinstance(right, ir.Constant) and not 0 <= right.constant < 64:
            raise _refusal(node, "a shift by this many bits")
        if isinstance(left, ir.Constant) and isinstance(right, ir.Constant):
            return _constant(node, compute(left.constant, right.constant))
        emit = getattr(self._builder, instruction)
        if divides:  # LLVM rounds towards zero, Python down.
            rest = self._builder.srem(left, right)
            is_below = self._builder.icmp_signed("<", rest, WORD(0))
            if isinstance(op, ast.Mod):
                return self._builder.add(rest, self._builder.select(is_below, right, WORD(0)))
            return self._builder.sub(emit(left, right), self._builder.zext(is_below, WORD))
        if shifts and not isinstance(right, ir.Constant):  # 64 bits and more LLVM leaves open.
            is_small = self._builder.icmp_unsigned("<", right, WORD(64))
            if isinstance(op, ast.RShift):
                return emit(left, self._builder.select(is_small, right, WORD(63)))
            return self._builder.select(is_small, emit(left, right), WORD(0))
        return emit(left, right)

    def _compare(self, node: ast.Compare) -> ir.Value:
        left = self._number(node.left)

        def test(op: ast.cmpop, operand: ast.expr) -> ir.Value:
            nonlocal left
            if type(op) not in _COMPARISONS:
                raise _refusal(node, "this comparison")
            right = self._number(operand)
            result = self._builder.icmp_signed(_COMPARISONS[type(op)], left, right)
            left = right
            return result

        pairs = zip(node.ops, node.comparators, strict=True)
        return self._until(False, [partial(test, op, operand) for op, operand in pairs])

    def _until(self, stop: bool, tests: Sequence[_Test]) -> ir.Value:
        """Make the tests one after the other until one has the result `stop`; the result of the last one made."""
        if len(tests) == 1:
            return tests[0]()
        end = self._llvm.append_basic_block("end")
        incoming = []
        for test in tests[:-1]:
            value, following = test(), self._llvm.append_basic_block("following")
            incoming.append((BIT(int(stop)), self._builder.block))
            self._builder.cbranch(value, *((end, following) if stop else (following, end)))
            self._builder.position_at_end(following)
        value = tests[-1]()
        incoming.append((value, self._builder.block))
        return self._join(end, incoming)

    def _choose(self, condition: ir.Value, body: ast.expr, orelse: ast.expr) -> ir.Value:
        then, otherwise, end = (self._llvm.append_basic_block(name) for name in ("then", "else", "end"))
        self._builder.cbranch(condition, then, otherwise)
        incoming = []
        for block, node in ((then, body), (otherwise, orelse)):
            self._builder.position_at_end(block)
            incoming.append((self._value(node), self._builder.block))
        if incoming[0][0].type != incoming[1][0].type:
            raise _refusal(body, "a choice between a number and a bool")
        return self._join(end, incoming)

    def _join(self, end: ir.Block, incoming: Sequence[tuple[ir.Value, ir.Block]]) -> ir.Value:
        self._builder.branch(end)
        for _, block in incoming[:-1]:
            if not block.is_terminated:
                ir.IRBuilder(block).branch(end)
        self._builder.position_at_end(end)
        phi = self._builder.phi(incoming[0][0].type)
        for value, block in incoming:
            phi.add_incoming(value, block)
        return phi

    def _call(self, node: ast.AST, name: str, arguments: list[ast.expr]) -> ir.Value:
        values = [self._number(each) for each in arguments]
        if name in self._cells:
            raise _refusal(node, "a call of a number")
        if name in self._module.functions:
            function = self._module.function(name)
            if len(values) != len(function.args):
                raise _refusal(node, "a call with too many or too few arguments")
            return self._builder.call(function, values)
        known = self._module.constants.get(name)
        if isinstance(known, Intrinsic):
            if len(values) != known.arguments:
                raise _refusal(node, "a call with too many or too few arguments")
            return known.emit(self._builder, *values)
        if not (self._is_builtin(name) and name in ("min", "max") and len(values) >= 2):
            raise _refusal(node, "this call")
        best = values[0]
        for value in values[1:]:
            is_better = self._builder.icmp_signed("<" if name == "min" else ">", value, best)
            best = self._builder.select(is_better, value, best)
        return best

    def _is_builtin(self, name: str) -> bool:
        return not (name in self._cells or name in self._module.functions or name in self._module.constants)


@dataclass
class _Loop:
    next: ir.Block  # Where `continue` goes,
    end: ir.Block  # and `break`.
    assigned_at_end: frozenset[str] | None = None


_Test = Callable[[], ir.Value]  # Emits instructions; the result is a BIT.


def _both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    """What is assigned where two ways meet."""
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _type(annotation: ast.expr | None) -> ir.Type:
    match annotation:
        case ast.Name(id="int"):
            return WORD
        case ast.Name(id="bool"):
            return BIT
        case _:
            raise NotInSubset("a parameter or result that is neither `int` nor `bool`")


def _name(target: ast.expr) -> str:
    if not isinstance(target, ast.Name):
        raise _refusal(target, "a target that is no variable")
    return target.id


def _constant(node: ast.AST, value: int) -> ir.Constant:
    if not -(1 << 63) <= value < 1 << 63:
        raise _refusal(node, "a constant beyond 64 bits")
    return WORD(value)


def _refusal(node: ast.AST, what: str) -> NotInSubset:
    return NotInSubset(f"line {getattr(node, 'lineno', '?')}: {what}: {ast.unparse(node).splitlines()[0]}")
