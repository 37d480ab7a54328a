"""Actor classes as data: fields with their types and storage, methods with their roles and syntax trees.

This is the first half of the front end: it reads declarations. Bodies are the business of ``checker.frontend``.
"""

from __future__ import annotations

import ast
import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any

from checker.lang import Ignored, Marker, OneOf, Storage
from checker.source import Diagnostic, Place
from checker.types import Resolver, Type, TypeProblem, expand_default, misfit


@dataclass(frozen=True)
class Function:
    """A method or module-level function with its syntax tree."""

    name: str
    kind: str  # "action" | "on" | "on_restart" | "helper" | "predicate" | "function"
    python: Callable[..., Any]
    node: ast.FunctionDef
    file: str
    message: type | None = None  # of a handler
    owner: str = ""  # the actor class

    @property
    def qualified(self) -> str:
        return f"{self.owner}.{self.name}" if self.owner else self.name

    def place(self, node: ast.AST | None = None) -> Place:
        return place_of(self.file, self.node if node is None else node)


@dataclass(frozen=True)
class Field:
    """``storage`` is None for wiring. ``default`` is ``MISSING`` where there is none."""

    name: str
    type: Type
    storage: Storage | None
    default: Any
    place: Place


MISSING = object()


@dataclass
class ActorClass:
    """One actor class, with types resolved for one spec."""

    name: str
    cls: type
    file: str
    wiring: dict[str, Field] = field(default_factory=dict)
    state: dict[str, Field] = field(default_factory=dict)
    actions: list[Function] = field(default_factory=list)
    handlers: dict[type, Function] = field(default_factory=dict)
    ignored: dict[type, str] = field(default_factory=dict)
    restart: Function | None = None
    helpers: dict[str, Function] = field(default_factory=dict)

    def receives(self, message: type) -> bool:
        return message in self.handlers or message in self.ignored


def place_of(file: str, node: ast.AST) -> Place:
    line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
    end = getattr(node, "end_col_offset", column + 1)
    if getattr(node, "end_lineno", line) != line or isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        end = column + 1
    if isinstance(node, ast.FunctionDef):  # Point at the name, not at the decorators.
        column, end = column + 4, column + 4 + len(node.name)
    elif isinstance(node, ast.ClassDef):
        column, end = column + 6, column + 6 + len(node.name)
    return Place(file, line, column + 1, max(1, end - column))


@cache
def module_tree(file: str) -> ast.Module:
    with open(file, encoding="utf-8") as handle:
        return ast.parse(handle.read(), file)


@cache
def _definitions(file: str) -> dict[tuple[str, int], ast.AST]:
    found: dict[tuple[str, int], ast.AST] = {}
    for node in ast.walk(module_tree(file)):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            lines = [node.lineno, *(one.lineno for one in node.decorator_list)]
            for line in lines:
                found[node.name, line] = node
    return found


def function_of(python: Callable[..., Any], kind: str, owner: str = "", message: type | None = None) -> Function:
    """The function's syntax tree, found by name and first line."""
    code = python.__code__
    node = _definitions(code.co_filename).get((code.co_name, code.co_firstlineno))
    assert isinstance(node, ast.FunctionDef), f"no source for {python}"
    return Function(code.co_name, kind, python, node, code.co_filename, message, owner)


def markers(python: Any) -> list[Marker]:
    return list(getattr(python, "__checker_markers__", ()))


class Collector:
    """Reads actor classes and predicates of one model module. Mistakes are gathered in ``diagnostics``."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        self.diagnostics: list[Diagnostic] = []

    def report(self, slug: str, message: str, place: Place, *, inside: str = "", help: str = "") -> None:
        self.diagnostics.append(Diagnostic(slug, message, place, inside, help))

    def actor(self, cls: type) -> ActorClass:
        file = inspect.getsourcefile(cls) or "<unknown>"
        node = next(
            one for one in ast.walk(module_tree(file)) if isinstance(one, ast.ClassDef) and one.name == cls.__name__
        )
        found = ActorClass(cls.__name__, cls, file)
        if node.bases or node.keywords:
            self.report(
                "inheritance", f"actor {cls.__name__} inherits from another class", place_of(file, node),
                help="an actor stands alone: share code through module-level functions",
            )  # fmt: skip
        self._fields(found, node)
        self._methods(found)
        return found

    def _fields(self, found: ActorClass, node: ast.ClassDef) -> None:
        hints = typing.get_type_hints(found.cls, include_extras=True)
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                name = statement.target.id
                place = place_of(found.file, statement)
                try:
                    one = self._field(found, name, hints[name], place)
                except TypeProblem as problem:
                    self.report(problem.slug, problem.message, place, inside=f"{found.name}.{name}", help=problem.help)
                    continue
                (found.wiring if one.storage is None else found.state)[name] = one
            elif isinstance(statement, ast.Assign):
                value = getattr(found.cls, getattr(statement.targets[0], "id", ""), None)
                if isinstance(value, Ignored):
                    found.ignored[value.message] = value.because
                else:
                    self.report(
                        "class-attribute", "a class-level value without a type", place_of(found.file, statement),
                        inside=found.name, help="annotate it as a field, or move the constant to the module",
                    )  # fmt: skip

    def _field(self, found: ActorClass, name: str, annotation: Any, place: Place) -> Field:
        storage = self.resolver.storage_of(annotation)
        default = found.cls.__dict__.get(name, MISSING)
        if storage is None:
            type_ = self._wiring_type(annotation)
        else:
            type_ = self.resolver.resolve(annotation)
            if default is MISSING:
                raise TypeProblem("no-initial-value", f"{name} has no initial value", "write `= value` behind the type")
            default = expand_default(type_, default)
            options = default.values if isinstance(default, OneOf) else (default,)
            for option in options or ():
                problem = misfit(type_, option)
                if problem:
                    raise TypeProblem("initial-value", f"the initial value of {name} is {option!r}, {problem}")
        return Field(name, type_, storage, default, place)

    def _wiring_type(self, annotation: Any) -> Type:
        """Wiring may be a plain ``int`` or an unbounded tuple of ids: it is a constant, so it needs no bounds."""
        from checker.types import INT, SequenceType

        if annotation is int:
            return INT
        if typing.get_origin(annotation) is tuple:
            item = typing.get_args(annotation)[0]
            return SequenceType(self._wiring_type(item), len(self.resolver.instances) + 64)
        return self.resolver.resolve(annotation)

    def _methods(self, found: ActorClass) -> None:
        for name, python in vars(found.cls).items():
            if not inspect.isfunction(python):
                continue
            if python.__code__.co_filename != found.file:
                continue
            marks = markers(python)
            if len(marks) > 1:
                one = function_of(python, "helper", found.name)
                self.report("two-markers", f"{name} has more than one marker", one.place(), inside=one.qualified)
                continue
            kind = marks[0].kind if marks else "helper"
            message = marks[0].argument if kind == "on" else None
            one = function_of(python, kind, found.name, message)
            self._sort_in(found, one)

    def _sort_in(self, found: ActorClass, one: Function) -> None:
        wanted = {"action": 1, "on_restart": 1, "on": 2}.get(one.kind)
        if wanted is not None and len(one.node.args.args) != wanted:
            takes = "self alone" if wanted == 1 else "self and the message"
            self.report("parameters", f"{one.qualified} must take {takes}", one.place(), inside=one.qualified)
            return
        if one.kind == "action":
            found.actions.append(one)
        elif one.kind == "on_restart":
            found.restart = one
        elif one.kind == "on":
            assert one.message is not None
            if getattr(one.message, "__checker_kind__", "") != "message":
                self.report(
                    "not-a-message", f"{one.message!r} is not a @message class", one.place(), inside=one.qualified
                )
                return
            if one.message in found.handlers:
                self.report(
                    "two-handlers", f"two handlers for {one.message.__name__}", one.place(), inside=one.qualified
                )
            found.handlers[one.message] = one
        else:
            found.helpers[one.name] = one


def predicates_of(module: ModuleType) -> dict[str, Function]:
    """Every ``@predicate`` reachable as a name of the module."""
    found: dict[str, Function] = {}
    for name, value in vars(module).items():
        if inspect.isfunction(value) and any(one.kind == "predicate" for one in markers(value)):
            found[name] = function_of(value, "predicate")
    return found


def actors_of(module: ModuleType) -> dict[str, type]:
    """Every ``@actor`` class reachable as a name of the module."""
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and getattr(value, "__checker_kind__", "") == "actor"
    }
