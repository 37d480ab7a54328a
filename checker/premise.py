"""Does a guarantee that holds say anything? Each `always` predicate has a companion that is true in a state in which it
was put to the test.

A guarantee holds without saying anything if no state meets its conditions: an ``ensure`` behind an ``if`` that is never
true, or in a loop over nothing; or if the first alternative of every ``ensure(a or b)`` is always true ("it is not due,
or it is delivered", and nothing is ever due). By convention the first alternative is the condition. This is antecedent
failure, the plainest kind of vacuity (Beatty and Bryant, Formally Verifying a Microprocessor Using a Simulation
Methodology, DAC 1994; Beer, Ben-David, Eisner and Rodeh, Efficient Detection of Vacuity in ACTL Formulas, CAV 1997).

The companion is the predicate's own syntax tree with its conclusions taken out, so both engines run it like any other
predicate, and the search looks for a state in which it is true. None is made where there is nothing to find out: an
``ensure`` of one alternative that every state reaches.
"""

from __future__ import annotations

import ast
import copy
import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import FunctionType
from typing import Any, TypeVar

from checker import lang
from checker.actors import Function

_Node = TypeVar("_Node", bound=ast.AST)
TESTED, UNTESTED = ast.Constant(True), ast.Constant(False)


def premise_of(predicate: Function, arguments: Mapping[str, Any]) -> Function | None:
    """A predicate that is true in a state which puts this one to the test; None if every state does, or none can."""
    maker = _Maker(predicate.python.__globals__, arguments)
    body = maker.block(predicate.node.body)
    if maker.surely_tested(body) or _is_empty(predicate.node.body):
        return None
    node = copy.copy(predicate.node)
    node.body = body
    original = predicate.python
    assert isinstance(original, FunctionType)
    return replace(predicate, python=twin_of(original), tree=node)


def twin_of(original: FunctionType) -> FunctionType:
    """A function of its own, for what is compiled from a tree is found by its function."""
    python = FunctionType(original.__code__, original.__globals__, original.__name__)
    functools.update_wrapper(python, original)
    return python


class _Maker:
    def __init__(self, names: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
        self.names = names
        self.arguments = arguments

    # --- Statements -------------------------------------------------------------------------------------------------

    def block(self, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        return [self.statement(one) for one in body]

    def statement(self, node: ast.stmt) -> ast.stmt:
        if isinstance(node, (ast.If, ast.For)):
            made = copy.copy(node)
            made.body, made.orelse = self.block(node.body), self.block(node.orelse)
            return made
        if isinstance(node, ast.Return) and node.value is not None:
            return _at(node, ast.Return(self.expression(node.value)))
        condition = self.ensured(node)
        if condition is None:
            return node
        first = self.expression(condition)
        answer = _at(node, ast.Return(TESTED))
        return answer if first is TESTED else _at(node, ast.If(first, [answer], []))

    def ensured(self, node: ast.stmt) -> ast.expr | None:
        """The condition of an ``ensure``."""
        call = node.value if isinstance(node, ast.Expr) else None
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.args:
            return call.args[0] if self.names.get(call.func.id) is lang.ensure else None
        return None

    # --- Expressions ------------------------------------------------------------------------------------------------

    def expression(self, node: ast.expr) -> ast.expr:
        """Whether it takes more than its conditions to make this true: an expression that is true if so."""
        match node:
            case ast.Constant(value=bool(value)):
                return UNTESTED if value else TESTED
            case ast.BoolOp(op=ast.Or()):
                return _at(node, ast.UnaryOp(ast.Not(), node.values[0]))
            case ast.BoolOp(op=ast.And()):
                return self.any_of(node, [self.expression(one) for one in node.values])
            case ast.UnaryOp(op=ast.Not(), operand=ast.BoolOp(op=ast.And()) as inner):
                return inner.values[0]
            case ast.UnaryOp(ast.Not(), ast.Call(func=ast.Name(id="any"), args=[ast.GeneratorExp() as inside])):
                negated = _at(inside.elt, ast.UnaryOp(ast.Not(), inside.elt))
                return self.some(node, inside, self.expression(negated))
            case ast.Call(func=ast.Name(id="all"), args=[ast.GeneratorExp() as inside]):
                return self.some(node, inside, self.expression(inside.elt))
        return TESTED

    def any_of(self, place: ast.expr, some: list[ast.expr]) -> ast.expr:
        return TESTED if TESTED in some else _at(place, ast.BoolOp(ast.Or(), some))

    def some(self, place: ast.expr, inside: ast.GeneratorExp, element: ast.expr) -> ast.expr:
        plain = all(not one.ifs and self.surely_entered(one.iter) for one in inside.generators)
        if element is TESTED and plain:
            return TESTED
        generator = _at(inside, ast.GeneratorExp(element, inside.generators))
        return _at(place, ast.Call(_at(place, ast.Name("any", ast.Load())), [generator], []))

    # --- What every state meets ---------------------------------------------------------------------------------------

    def surely_tested(self, body: Sequence[ast.stmt]) -> bool:
        for node in body:
            if isinstance(node, ast.Return):
                return node.value is TESTED
            if isinstance(node, ast.For) and self.surely_entered(node.iter) and self.surely_tested(node.body):
                return True
            if isinstance(node, ast.If) and self.surely_tested(node.body) and self.surely_tested(node.orelse):
                return True
        return False

    def surely_entered(self, over: ast.expr) -> bool:
        """A loop over actors, or as often as a constant says."""
        match over:
            case ast.Name(id=name):
                return isinstance(self.arguments.get(name), tuple) and len(self.arguments[name]) > 0
            case ast.Call(func=ast.Name(id="range"), args=[ast.Name(id=name)]):
                return isinstance(self.arguments.get(name), int) and self.arguments[name] > 0
        return False


def _is_empty(body: Sequence[ast.stmt]) -> bool:
    """``return True``, and a docstring."""
    last = body[-1]
    plain = isinstance(last, ast.Return) and isinstance(last.value, ast.Constant)
    return plain and all(isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant) for one in body[:-1])


def _at(place: ast.AST, made: _Node) -> _Node:
    return ast.fix_missing_locations(ast.copy_location(made, place))


__all__ = ["premise_of"]
