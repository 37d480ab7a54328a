"""Where plain Python leaves open, or means otherwise, what the language defines: settled before the reference runs it.

- Sets are iterated in canonical order; Python's order depends on hashes, for enum members even on the process.
- A set display or comprehension is a frozenset.
- A loop iterates over what was there when it began, and a map that is read as a whole is a copy: values never change.
- A local with an annotation is checked against it, as a field is.
- Each outcome of an ``if`` is noted, for the report on what never happened.

Each function is compiled again from its rewritten syntax tree under its own file name and lines, so that breakpoints
and tracebacks are where the user expects them.
"""

from __future__ import annotations
import __future__

import ast
import copy
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any

from checker import lang
from checker.actors import Function, function_of

EACH, COPY, CHECKED, FROZENSET, PASSED = "__each__", "__copy__", "__checked__", "__frozenset__", "__passed__"
ORDERED = frozenset({"range", "enumerate", "reversed"})  # Calls whose result has an order of its own.

Check = Callable[[Any, str, Any], Any]  # (value, the local's name, annotation) -> value


class Instrumented:
    """The rewritten functions of one system. ``each`` orders what is iterated, ``check`` judges annotated locals."""

    def __init__(self, each: Callable[[Iterable[Any]], Iterable[Any]], check: Check) -> None:
        self._names = {EACH: each, COPY: _copied, CHECKED: check, FROZENSET: frozenset, PASSED: _passed}
        self._functions: dict[Any, FunctionType] = {}
        self._globals: dict[int, dict[str, Any]] = {}

    def function(self, one: Function, maps: frozenset[str] = frozenset()) -> FunctionType:
        """The function as the reference runs it. ``maps``: fields of its actor that are maps."""
        found = self._functions.get(one.python)
        if found is None:
            names = self._names_of(one.python.__globals__)
            node = _Rewriter(maps, one.qualified).visit(copy.deepcopy(one.node))
            module = ast.fix_missing_locations(ast.Module([node], []))
            flags = __future__.annotations.compiler_flag
            made: dict[str, Any] = {}
            exec(compile(module, one.file, "exec", flags=flags, dont_inherit=True), names, made)
            found = self._functions[one.python] = made[one.node.name]
            self._rewrite_called(found, names)
        return found

    def _names_of(self, original: dict[str, Any]) -> dict[str, Any]:
        if id(original) not in self._globals:
            self._globals[id(original)] = {**original, **self._names}
        return self._globals[id(original)]

    def _rewrite_called(self, function: FunctionType, names: dict[str, Any]) -> None:
        """Module-level functions that it names are rewritten too, those of other modules with names of their own."""
        for name in _names_in(function.__code__):
            called = names.get(name)
            if isinstance(called, FunctionType) and called.__module__ != lang.__name__:
                if called not in self._functions.values():
                    names[name] = self.function(function_of(called, "function"))


def _names_in(code: Any) -> set[str]:
    """Global names of a function, comprehensions inside it included."""
    inner = [_names_in(one) for one in code.co_consts if hasattr(one, "co_names")]
    return set(code.co_names).union(*inner)


def _passed(branch: tuple[str, int, bool]) -> None:
    lang.current_step.get().passed(branch)


def _copied(value: Any) -> Any:
    return dict(value) if isinstance(value, dict) else value


def _call(name: str, place: ast.AST, *arguments: ast.expr) -> ast.Call:
    function = ast.copy_location(ast.Name(name, ast.Load()), place)
    return ast.copy_location(ast.Call(function, list(arguments), []), place)


class _Rewriter(ast.NodeTransformer):
    def __init__(self, maps: frozenset[str], where: str) -> None:
        self.maps = maps
        self.where = where
        self.declared: dict[str, ast.expr] = {}
        self.depth = 0

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.depth += 1
        if self.depth == 1:
            node.decorator_list = []
            for one in ast.walk(node):
                if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
                    self.declared.setdefault(one.target.id, one.annotation)
            node.args.defaults, node.args.kw_defaults = [], []
        self.generic_visit(node)
        self.depth -= 1
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        node.iter = self._each(node.iter)
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, self._noted(node, True))
        node.orelse.insert(0, self._noted(node, False))
        return node

    def _noted(self, node: ast.If, outcome: bool) -> ast.stmt:
        values = (self.where, node.lineno, outcome)
        parts: list[ast.expr] = [ast.copy_location(ast.Constant(one), node) for one in values]
        branch = ast.copy_location(ast.Tuple(parts, ast.Load()), node)
        return ast.copy_location(ast.Expr(_call(PASSED, node, branch)), node)

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.iter = self._each(node.iter)
        return node

    def _each(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ORDERED:
            return node
        return _call(EACH, node, node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        plain = len(node.args) == 1 and not isinstance(node.args[0], ast.GeneratorExp)
        if isinstance(node.func, ast.Name) and node.func.id == "tuple" and plain:
            node.args = [self._each(node.args[0])]
        elif isinstance(node.func, ast.Name) and node.func.id == "set":
            node.func = ast.copy_location(ast.Name(FROZENSET, ast.Load()), node.func)
        return node

    def visit_Set(self, node: ast.Set) -> ast.AST:
        self.generic_visit(node)
        return _call(FROZENSET, node, node)

    def visit_SetComp(self, node: ast.SetComp) -> ast.AST:
        self.generic_visit(node)
        return _call(FROZENSET, node, node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """``self.map[key]`` is the map's own item, not one of a copy."""
        if self._is_map(node.value):
            node.slice = self.visit(node.slice)
            return node
        return self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        node.left = self.visit(node.left)
        node.comparators = [one if self._is_map(one) else self.visit(one) for one in node.comparators]
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and self._is_map(node):
            return _call(COPY, node, node)
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if not isinstance(node.target, ast.Name) or node.value is None:
            return self.generic_visit(node)
        return self._checked(node, node.target, self.visit(node.value))

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        self.generic_visit(node)
        target = node.targets[0]
        if len(node.targets) == 1 and isinstance(target, ast.Name) and target.id in self.declared:
            return self._checked(node, target, node.value)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.target, ast.Name) or node.target.id not in self.declared:
            return node
        old = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
        return self._checked(node, node.target, ast.copy_location(ast.BinOp(old, node.op, node.value), node))

    def _checked(self, node: ast.stmt, target: ast.Name, value: ast.expr) -> ast.stmt:
        name = ast.copy_location(ast.Constant(target.id), node)
        annotation = copy.deepcopy(self.declared[target.id])
        return ast.copy_location(ast.Assign([target], _call(CHECKED, node, value, name, annotation)), node)

    def _is_map(self, node: ast.AST) -> bool:
        own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
        return own and isinstance(node, ast.Attribute) and node.attr in self.maps
