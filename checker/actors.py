"""Actor classes as data: fields with their types and storage, methods with their roles and syntax trees.

This is the first half of the front end: it reads declarations. Bodies are the business of ``checker.frontend``.
"""

from __future__ import annotations

import ast
import enum
import inspect
import sys
import typing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from types import ModuleType
from typing import Any, Final, TypeGuard

from checker import lang
from checker.lang import Ignored, Marker, OneOf, Storage
from checker.nearest import suggestion
from checker.source import Diagnostic, Place
from checker.types import BoolType, IntType, MapType, Resolver, Type, TypeProblem, expand_default, misfit


@dataclass(frozen=True)
class Function:
    """A method or module-level function."""

    name: str
    kind: str  # "action" | "on" | "on_restart" | "helper" | "predicate" | "function"
    python: Callable[..., Any]
    file: str
    message: type | None = None  # of a handler
    owner: str = ""  # the actor class
    tree: ast.FunctionDef | None = None  # if it was made from another function's, and stands in no file

    @cached_property
    def node(self) -> ast.FunctionDef:
        """Its syntax tree. Found when it is asked for: a run whose machine code is on the disk reads no source."""
        return self.tree or _definition(self.python)

    @property
    def qualified(self) -> str:
        return f"{self.owner}.{self.name}" if self.owner else self.name

    @cached_property
    def own(self) -> frozenset[str]:
        """Names it assigns anywhere, other than parameters: to Python they are local everywhere in it."""
        return frozenset(_assigned_names(self.node.body)) - {one.arg for one in self.node.args.args}

    def place(self, node: ast.AST | None = None) -> Place:
        return place_of(self.file, self.node if node is None else node)


def _assigned_names(body: Sequence[ast.stmt]) -> Iterator[str]:
    for statement in body:
        targets: list[ast.expr] = []
        match statement:
            case ast.Assign():
                targets = statement.targets
            case ast.AnnAssign() | ast.AugAssign():
                targets = [statement.target]
            case ast.For():
                targets = [statement.target]
                yield from _assigned_names([*statement.body, *statement.orelse])
            case ast.If():
                yield from _assigned_names([*statement.body, *statement.orelse])
        yield from (one.id for target in targets for one in ast.walk(target) if _is_stored(one))


def _is_stored(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


@dataclass(frozen=True)
class Field:
    """``storage`` is None for wiring. ``default`` is ``MISSING`` where there is none."""

    name: str
    type: Type
    storage: Storage | None
    default: Any
    place: Place
    counts: str = ""  # The fault whose occurrences it counts (``lang.Counts``).


class Missing(enum.Enum):
    """What stands where there is no value."""

    MISSING = enum.auto()


MISSING: Final = Missing.MISSING


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
    """Functions and classes by name and each line they may be said to begin in. Expressions hold none: only statements
    are gone through."""
    found: dict[tuple[str, int], ast.AST] = {}
    todo: list[ast.AST] = list(module_tree(file).body)
    while todo:
        node = todo.pop()
        todo += [one for one in ast.iter_child_nodes(node) if not isinstance(one, ast.expr)]
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            lines = [node.lineno, *(one.lineno for one in node.decorator_list)]
            for line in lines:
                found[node.name, line] = node
    return found


def function_of(python: Callable[..., Any], kind: str, owner: str = "", message: type | None = None) -> Function:
    return Function(python.__code__.co_name, kind, python, python.__code__.co_filename, message, owner)


def _definition(python: Callable[..., Any]) -> ast.FunctionDef:
    """The function's syntax tree, found by name and first line."""
    code = python.__code__
    node = _definitions(code.co_filename).get((code.co_name, code.co_firstlineno))
    assert isinstance(node, ast.FunctionDef), f"no source for {python}"
    return node


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
        names = vars(sys.modules[found.cls.__module__])
        self._methods_read: set[str] = set()
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                name = statement.target.id
                place = place_of(found.file, statement)
                if name in found.wiring or name in found.state:
                    self.report("defined-twice", f"{name} is declared twice", place, inside=f"{found.name}.{name}")
                    continue
                try:
                    one = self._field(found, name, evaluated(statement.annotation, names), place)
                except TypeProblem as problem:
                    self.report(problem.slug, problem.message, place, inside=f"{found.name}.{name}", help=problem.help)
                    continue
                (found.wiring if one.storage is None else found.state)[name] = one
            elif isinstance(statement, ast.Assign):
                value = getattr(found.cls, getattr(statement.targets[0], "id", ""), None)
                place = place_of(found.file, statement)
                if isinstance(value, Ignored):
                    self._check_message(value.message, place, found.name)
                    found.ignored[value.message] = value.because
                else:
                    self.report(
                        "class-attribute", "a class-level value without a type", place,
                        inside=found.name, help="annotate it as a field, or move the constant to the module",
                    )  # fmt: skip
            elif isinstance(statement, ast.FunctionDef):
                self._check_decorators(found, statement, names)
            elif not _is_nothing(statement):
                self.report(
                    "class-body", f"`{ast.unparse(statement).splitlines()[0]}` has no place in an actor",
                    place_of(found.file, statement), inside=found.name, help="an actor has fields and methods",
                )  # fmt: skip

    def _check_decorators(self, found: ActorClass, node: ast.FunctionDef, names: dict[str, Any]) -> None:
        """Only the language's own markers: any other would change what runs."""
        inside = f"{found.name}.{node.name}"
        if node.name in self._methods_read:
            text = f"{node.name} is defined twice: only the second would count"
            self.report("defined-twice", text, place_of(found.file, node), inside=inside)
        self._methods_read.add(node.name)
        for one in node.decorator_list:
            called = one.func if isinstance(one, ast.Call) else one
            marker = names.get(called.id) if isinstance(called, ast.Name) else None
            if isinstance(one, ast.Call) == (marker is lang.on) and marker in (lang.action, lang.on, lang.on_restart):
                continue
            place = place_of(found.file, one)
            if marker is lang.on:
                text, help = "@on needs the message type that it handles", "write @on(MessageType)"
            elif isinstance(one, ast.Call) and marker in (lang.action, lang.on_restart):
                text, help = f"@{ast.unparse(one)}: this marker takes nothing", f"write @{ast.unparse(called)}"
            else:
                text = f"@{ast.unparse(one)} is not a marker of an actor's method"
                help = "@action, @on(MessageType), @on_restart, or none for a helper"
            self.report("decorator", text, place, inside=inside, help=help)

    def _check_message(self, message: Any, place: Place, inside: str) -> bool:
        if getattr(message, "__checker_kind__", "") == "message":
            return True
        name = getattr(message, "__name__", repr(message))
        self.report("not-a-message", f"{name} is not a @message class", place, inside=inside)
        return False

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
        return Field(name, type_, storage, default, place, self._counts(name, type_, storage, annotation))

    def _counts(self, name: str, type_: Type, storage: lang.Storage | None, annotation: Any) -> str:
        fault = next((one.fault for one in typing.get_args(annotation) if isinstance(one, lang.Counts)), "")
        number = type_.value if isinstance(type_, MapType) else type_
        if fault and (storage is None or not isinstance(number, IntType | BoolType)):
            text = f"{name} cannot count a fault: that takes a state field with a number, or a map of numbers"
            raise TypeProblem("counts", text, 'write Volatile[Annotated[int, UpTo(n), Counts("...")]]')
        return fault

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
            if not inspect.isfunction(python) or inspect.iscoroutinefunction(python):
                continue  # What else stands in the class has been refused by now.
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
        given = one.node.args
        plain = not (given.vararg or given.kwarg or given.kwonlyargs or given.posonlyargs)
        if wanted is not None and (len(given.args) != wanted or not plain):
            takes = "self alone" if wanted == 1 else "self and the message"
            self.report("parameters", f"{one.qualified} must take {takes}", one.place(), inside=one.qualified)
            return
        problem = signature_problem(one)
        if problem is not None:
            self.diagnostics.append(problem)
        if one.kind == "action":
            found.actions.append(one)
        elif one.kind == "on_restart":
            if found.restart is not None:
                text = f"{found.restart.name} runs at a restart already"
                self.report(
                    "two-handlers", text, one.place(), inside=one.qualified, help="write one @on_restart method"
                )
            found.restart = one
        elif one.kind == "on":
            assert one.message is not None
            if not self._check_message(one.message, one.place(), one.qualified):
                return
            parameter = given.args[1]
            annotation = parameter.annotation
            if annotation is not None and _meaning(annotation, one) is not one.message:
                self.report(
                    "handler-type", f"@on({one.message.__name__}), and {parameter.arg} is {ast.unparse(annotation)}",
                    one.place(parameter), inside=one.qualified, help="name the same message in both places",
                )  # fmt: skip
            if one.message in found.ignored:
                text = f"{one.message.__name__} is both handled and ignored"
                self.report("two-handlers", text, one.place(), inside=one.qualified)
            if one.message in found.handlers:
                self.report(
                    "two-handlers", f"two handlers for {one.message.__name__}", one.place(), inside=one.qualified
                )
            found.handlers[one.message] = one
        else:
            found.helpers[one.name] = one


def _is_nothing(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def _meaning(annotation: ast.expr, one: Function) -> Any:
    try:
        return evaluated(annotation, one.python.__globals__)
    except TypeProblem:
        return None


def evaluated(annotation: ast.expr, names: dict[str, Any]) -> Any:
    """What an annotation means in its module. Raises ``TypeProblem``."""
    try:
        found = eval(compile(ast.Expression(annotation), "<annotation>", "eval"), names)
        return eval(found, names) if isinstance(found, str) else found
    except NameError as error:
        types = [name for name, value in names.items() if isinstance(value, type) or hasattr(value, "__metadata__")]
        help = suggestion(error.name or "", types, "types")
        raise TypeProblem("unknown-type", f"there is no type {error.name}", help) from None
    except Exception:
        raise TypeProblem("unknown-type", f"`{ast.unparse(annotation)}` is not a type") from None


def signature_problem(one: Function) -> Diagnostic | None:
    """Everything that is called says what it takes and gives, and has no values of its own for what is not given."""
    given = one.node.args
    parameters = given.args[1:] if one.owner and given.args else given.args
    bare = next((each for each in parameters if each.annotation is None), None)
    if bare is not None:
        text = f"{bare.arg} of {one.name} has no type"
        return Diagnostic("missing-annotation", text, one.place(bare), one.qualified, f"write `{bare.arg}: ...`")
    if one.node.returns is None:
        text = f"{one.name} does not say what it returns"
        return Diagnostic("missing-annotation", text, one.place(), one.qualified, "write `-> None`, or the type")
    odd = [*given.defaults, *(each for each in given.kw_defaults if each is not None)]
    if odd:
        text = f"{one.name} has a parameter with a default value"
        return Diagnostic(
            "default-value", text, one.place(odd[0]), one.qualified, "give every argument where it is called"
        )
    return None


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
