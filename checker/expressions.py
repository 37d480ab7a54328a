"""Integer expressions in spec files and type bounds: ``records * 2 - 1`` over the spec's constants.

The subset is whole numbers, names, ``+ - * // %``, parentheses, ``min`` and ``max``. Nothing is executed: the syntax
tree is walked here, so a spec file cannot run code through a constant.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace

from checker.nearest import shown, suggestion
from checker.source import Place, SourceError, fail

TEXT_LENGTH_MAX = 200
VALUE_MAX = 2**31 - 1  # Every integer of a model fits 32 bits, so a bound beyond that is a mistake.

SUBSET = "whole numbers, names of constants, + - * // % , parentheses, min(...) and max(...) may be used"
FUNCTIONS: dict[str, Callable[..., int]] = {"min": min, "max": max}
OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.FloorDiv: lambda left, right: left // right,
    ast.Mod: lambda left, right: left % right,
}


def evaluate(text: int | str, names: Mapping[str, int], place: Place | None = None) -> int:
    """The value of ``text``. A ``SourceError`` points into ``place``, where the text stands, if that is given."""
    if isinstance(text, int):
        return _in_range(int(text), str(text), place)
    return _Evaluator(text, names, place).run()


def names_in(text: int | str) -> set[str]:
    """The constants an expression mentions; empty if it cannot be read (``evaluate`` says why)."""
    if isinstance(text, int):
        return set()
    try:
        tree = _parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return set()
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - set(FUNCTIONS)


def _parse(text: str) -> ast.expr:
    if len(text) > TEXT_LENGTH_MAX:
        raise ValueError("too long")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "1is" and the like: an error of ours says it better.
        return ast.parse(text.strip(), mode="eval").body


def _in_range(value: int, text: str, place: Place | None) -> int:
    if abs(value) > VALUE_MAX:
        raise fail("number-too-large", f"{shown(text)} is beyond {VALUE_MAX}, the largest number of a model", place)
    return value


class _Evaluator:
    def __init__(self, text: str, names: Mapping[str, int], place: Place | None) -> None:
        self.text = text.strip()
        self.names = names
        self.place = place

    def run(self) -> int:
        try:
            tree = _parse(self.text)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            raise self.refuse("is not an expression") from None
        return self.value(tree)

    def value(self, node: ast.expr) -> int:
        match node:
            case ast.Constant(value=int() as number) if not isinstance(number, bool):
                return _in_range(number, self.source(node), self.at(node))
            case ast.Name(id=name):
                return self.named(node, name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.value(operand)
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in OPERATORS:
                return self.operation(node, operator, self.value(left), self.value(right))
            case ast.Call(func=ast.Name(id=name), args=[_, _, *_] as arguments, keywords=[]) if name in FUNCTIONS:
                return FUNCTIONS[name](*(self.value(one) for one in arguments))
            case _:
                part = self.source(node)
                raise self.refuse(
                    "is not an expression" if part == self.text else f"may not contain {shown(part)}", node
                )

    def named(self, node: ast.expr, name: str) -> int:
        if name not in self.names:
            raise fail(
                "unknown-constant",
                f"there is no constant {shown(name)}",
                self.at(node),
                help=suggestion(name, self.names, "constants"),
            )
        return _in_range(int(self.names[name]), name, self.at(node))

    def operation(self, node: ast.expr, operator: ast.operator, left: int, right: int) -> int:
        if right == 0 and isinstance(operator, ast.FloorDiv | ast.Mod):
            raise fail("division-by-zero", f"{shown(self.source(node))} divides by zero", self.at(node))
        return _in_range(OPERATORS[type(operator)](left, right), self.source(node), self.at(node))

    def source(self, node: ast.expr) -> str:
        return ast.get_source_segment(self.text, node) or self.text

    def at(self, node: ast.expr) -> Place | None:
        """The part of the text, where the file shows the text as it is; the whole of it otherwise (quoted, folded)."""
        if self.place is None or self.place.width != len(self.text) or not self.text.isascii():
            return self.place
        width = (node.end_col_offset or node.col_offset + 1) - node.col_offset
        return replace(self.place, column=self.place.column + node.col_offset, width=width)

    def refuse(self, what: str, node: ast.expr | None = None) -> SourceError:
        place = self.place if node is None else self.at(node)
        return fail("expression", f"{shown(self.text)} {what}", place, help=SUBSET)
