"""From the syntax trees of methods and predicates to the typed intermediate form.

Everything that is not expressly allowed is refused by file, line and column, with a hint at what to write instead.
All mistakes of a spec's actors are gathered before anything stops. Soundness of the other engines rests on two rules
checked here: ``require`` comes before the first change, and history fields never influence an action.
"""

from __future__ import annotations

import ast
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from functools import cache
from types import FunctionType, SimpleNamespace
from typing import Any

from checker import ir, lang, nearest
from checker.actors import ActorClass, Collector, Function, function_of, markers, signature_problem
from checker.lang import ActorId, Storage
from checker.source import Diagnostic, Place
from checker.types import (
    BOOL,
    INT,
    NONE,
    SET_SIZE_MAX,
    BoolType,
    EnumType,
    IdType,
    IntType,
    MapType,
    NoneType,
    OptionalType,
    Resolver,
    SequenceType,
    SetType,
    StructType,
    Type,
    TypeProblem,
    join,
    size,
)

PASSES_MAX = 10  # until the types of locals are stable
NUMBER_MAX = 2**62  # Machine code computes with 64 bits; what might leave them is checked as it runs.
ROUNDS_MAX = 1024  # of one loop: loops are unrolled
SEQUENCE_SIZE_MAX = 512  # of a sequence inside a method
INLINE_DEPTH_MAX = 12
ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "//", ast.Mod: "%"}
COMPARISON = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
SET_OPERATORS = {ast.BitOr: "|", ast.BitAnd: "&", ast.Sub: "-", ast.BitXor: "^"}
HINTS = {
    "While": "use `for` over a bounded collection",
    "Try": "steps do not fail: test the condition with `if`",
    "With": "nothing to manage inside a step",
    "Lambda": "write the condition in place, or a helper method",
    "Raise": "use `assert` for what must not happen, `require` for what must hold first",
    "Delete": "assign an empty value instead",
    "Global": "state lives in the actor's fields",
    "Nonlocal": "state lives in the actor's fields",
    "Import": "import at the head of the module",
    "ImportFrom": "import at the head of the module",
    "Match": "use if/elif/else",
    "ListComp": "use tuple(... for ...)",
    "List": "sequences are tuples: (a, b)",
    "Dict": "a map field starts with each(value); change one item with self.map[key] = value",
    "DictComp": "change the items of a map one by one",
    "Yield": "a step is one method that returns",
    "Await": "send a message and handle the answer in an @on handler",
    "FunctionDef": "write a helper method of the actor, or a module-level function",
    "ClassDef": "declare classes at module level",
    "NamedExpr": "assign in a statement of its own",
    "Assign": "one target in each assignment",
    "For": "a `for` has no `else` here",
    "Starred": "name the items",
    "GeneratorExp": "put it inside any, all, sum, min, max, len, tuple, frozenset or choose",
    "JoinedStr": "texts belong in the second argument of ensure()",
}
METHOD_HINTS = {
    "append": "sequences are immutable: self.log = self.log + (item,)",
    "add": "sets are immutable: self.pending |= {item}",
    "remove": "sets are immutable: self.pending -= {item}",
    "discard": "sets are immutable: self.pending -= {item}",
    "pop": "sequences are immutable: self.queue = self.queue[1:]",
    "update": "change the items of a map one by one",
    "get": "a map has every key: use self.map[key]",
    "count": "use sum(1 for one in sequence if one == value)",
    "index": "use min(i for i, one in enumerate(sequence) if one == value)",
}


def suggestion(name: str, known: Iterable[str], what: str = "known here") -> str:
    return nearest.suggestion(name, known, what)


class Refused(Exception):
    """One mistake; the statement that holds it is given up, the rest is still read."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic


class Silent(Exception):
    """The statement reads a local whose own assignment was refused: that has been said."""


@dataclass(frozen=True)
class ActorVariable:
    """A name that stands for an actor in a predicate."""

    ref: ir.ActorRef
    definition: ActorClass


@dataclass(frozen=True)
class ActorsVariable:
    parameter: ir.ActorsParameter
    definition: ActorClass


@dataclass
class Scope:
    """The names of one function body (an inlined call has its own)."""

    function: Function
    prefix: str
    names: dict[str, str] = field(default_factory=dict)  # name in the source -> unique local
    actors: dict[str, ActorVariable | ActorsVariable] = field(default_factory=dict)
    result: str = ""
    sure: set[str] = field(default_factory=set)  # names that have a value on every way to here
    silent: set[str] = field(default_factory=set)  # locals whose own assignment was refused
    loops: set[str] = field(default_factory=set)  # variables of the `for` statements around
    own: frozenset[str] = frozenset()  # names it assigns anywhere: to Python they are local everywhere in it
    jumped: ast.AST | None = None  # a change on a way that left a loop's round or the function early

    def __post_init__(self) -> None:
        self.own = self.function.own


class Translator:
    """Translates the methods of one actor class, or predicates (``definition`` None).

    ``settled``: wiring that is the same for all instances of the class. An `if` that it decides has one branch here:
    what a version or a setting switches off is neither translated nor judged. Without it, everything is.
    """

    def __init__(
        self,
        resolver: Resolver,
        classes: dict[str, ActorClass],
        definition: ActorClass | None,
        settled: Mapping[str, Any] | None = None,
    ) -> None:
        self.resolver = resolver
        self.classes = classes
        self.definition = definition
        self.settled = SimpleNamespace(**(settled or {}))
        self.diagnostics: list[Diagnostic] = []
        self.locals: dict[str, Type | None] = {}
        self.declared: dict[str, Type] = {}  # locals with an annotation: it holds for every assignment
        self.assigned_at: dict[str, tuple[Function, ast.AST]] = {}
        self.widened = False
        self.scopes: list[Scope] = []
        self.calls = 0
        self.changed_at: ast.AST | None = None  # first change on the way here, for late-guard
        self.history_allowed = False
        self.pure = False  # inside a helper that computes a history value
        self.root: Function | None = None

    # --- Errors -----------------------------------------------------------------------------------------------------

    @property
    def scope(self) -> Scope:
        return self.scopes[-1]

    def refuse(
        self, slug: str, message: str, node: ast.AST, help: str = "", related: tuple[tuple[str, Place], ...] = ()
    ) -> Refused:
        function = self.scope.function
        return Refused(Diagnostic(slug, message, function.place(node), function.qualified, help, related))

    def not_in_subset(self, node: ast.AST) -> Refused:
        if isinstance(node, ast.Expr):
            node = node.value
        if isinstance(node, ast.Call):
            node = node.func
        kind = type(node).__name__
        words = ast.unparse(node).split("\n")[0]
        words = words if len(words) <= 50 else words[:47] + "..."
        return self.refuse(
            "outside-subset", f"`{words}` ({kind}) is not part of the actor language", node, HINTS.get(kind, "")
        )

    def not_a_value(self, value: Any, node: ast.AST) -> Refused:
        if isinstance(value, type) or callable(value):
            what = "class" if isinstance(value, type) else "function"
            return self.refuse("constant", f"{value.__name__} is a {what}, not a value", node)
        return self.refuse(
            "constant", f"{value!r} is not a value of the actor language", node,
            "use whole numbers, True, False, None, Enum members and tuples of those",
        )  # fmt: skip

    def joined(self, left: Type | None, right: Type | None, node: ast.AST) -> Type | None:
        try:
            return join(left, right)
        except TypeProblem as problem:
            raise self.refuse(problem.slug, problem.message, node) from None

    # --- Functions --------------------------------------------------------------------------------------------------

    def method(self, function: Function, message: StructType | None = None) -> ir.Method:
        """An action, handler or recovery hook. Types of locals are widened until they no longer change."""
        self.root = function
        self.locals = {}
        for attempt in range(PASSES_MAX):
            self.diagnostics, before = self.diagnostics[: self._mark(attempt)], dict(self.locals)
            self.widened, self.calls, self.changed_at, self.declared = False, 0, None, {}
            scope = Scope(function, "")
            if message is not None:
                name = function.node.args.args[1].arg
                scope.names[name] = name
                scope.sure.add(name)
                self.locals[name] = message
            self.scopes = [scope]
            body = self.block(function.node.body)
            if self.locals == before:
                break
            self._widen(before, attempt)
        return ir.Method(function, body, {name: one for name, one in self.locals.items() if one is not None})

    def _mark(self, attempt: int) -> int:
        if attempt == 0:
            self._start = len(self.diagnostics)
        return self._start

    def _widen(self, before: dict[str, Type | None], attempt: int) -> None:
        """From the third pass on, an integer that still grows has no known bounds; what else grows is refused."""
        growing = [name for name, one in self.locals.items() if before.get(name) != one]
        for name in growing if attempt >= 2 else ():
            self.locals[name] = _without_bounds(before.get(name), self.locals[name])
        if attempt < PASSES_MAX - 1:
            return
        for name in growing:
            function, node = self.assigned_at.get(name, (self.root, None))
            assert function is not None
            self.diagnostics.append(
                Diagnostic(
                    "growing-local", "this grows with every round of a loop, and nobody knows how far",
                    function.place(node), function.qualified, "give it a bounded type: `log: Log = ...`",
                )
            )  # fmt: skip

    def predicate(self, function: Function, arguments: dict[str, Any]) -> ir.Method:
        """A predicate whose parameters are bound to actors, tuples of actors, or constants."""
        self.root, self.locals = function, {}
        for attempt in range(PASSES_MAX):
            self.diagnostics, before = self.diagnostics[: self._mark(attempt)], dict(self.locals)
            self.calls, self.changed_at, self.declared = 0, None, {}
            scope = Scope(function, "")
            self.scopes = [scope]
            hints = typing.get_type_hints(function.python, include_extras=True)
            prologue: list[ir.Stmt] = []
            for parameter in function.node.args.args:
                self._bind(scope, parameter.arg, hints.get(parameter.arg), arguments.get(parameter.arg), prologue)
            body = (*prologue, *self.block(function.node.body))
            if self.locals == before:
                break
            self._widen(before, attempt)
        return ir.Method(function, body, {name: one for name, one in self.locals.items() if one is not None})

    def _bind(self, scope: Scope, name: str, hint: Any, value: Any, prologue: list[ir.Stmt]) -> None:
        if isinstance(hint, type) and hint.__name__ in self.classes and not isinstance(value, int):
            scope.actors[name] = ActorVariable(ir.ActorRef(name, hint.__name__), self.classes[hint.__name__])
        elif typing.get_origin(hint) is tuple:
            cls = typing.get_args(hint)[0]
            if getattr(cls, "__checker_kind__", "") == "actor":
                if cls.__name__ not in self.classes:  # The spec has none: nothing is iterated, and it has its types.
                    self.classes = {**self.classes, cls.__name__: Collector(self.resolver).actor(cls)}
                scope.actors[name] = ActorsVariable(ir.ActorsParameter(name, cls.__name__), self.classes[cls.__name__])
                return
        elif isinstance(hint, type) and getattr(hint, "__checker_kind__", "") == "actor":
            scope.actors[name] = ActorVariable(ir.ActorRef(name, hint.__name__), self.classes[hint.__name__])
        else:
            scope.names[name] = name
            scope.sure.add(name)
            constant = self.constant(value, self.scope.function.node)
            self.locals[name] = constant.type
            prologue.append(ir.Assign(self.scope.function.node.lineno, name, constant))

    # --- Statements -------------------------------------------------------------------------------------------------

    def block(self, statements: Sequence[ast.stmt]) -> tuple[ir.Stmt, ...]:
        found: list[ir.Stmt] = []
        for one in statements:
            try:
                found.extend(self.statement(one))
            except Silent:
                self.silence(one)
            except Refused as refused:
                self.diagnostics.append(refused.diagnostic)
                self.silence(one)
            except TypeProblem as problem:
                self.diagnostics.append(self.refuse(problem.slug, problem.message, one, problem.help).diagnostic)
                self.silence(one)
        return tuple(found)

    def silence(self, statement: ast.stmt) -> None:
        """One mistake, one error: nothing more is said of locals that a refused statement should have assigned."""
        for one in ast.walk(statement):
            if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store) and one.id not in self.scope.sure:
                self.scope.silent.add(one.id)

    def statement(self, node: ast.stmt) -> Iterator[ir.Stmt]:
        match node:
            case ast.Pass():
                pass
            case ast.Expr(value=ast.Constant(value=str())):
                pass  # A docstring.
            case ast.Expr(value=ast.Call(func=ast.Name(id="breakpoint"), args=[], keywords=[])):
                pass  # For the reference: nothing happens there that the machine code would have to do.
            case ast.Expr(value=ast.Call() as call):
                yield from self.call_statement(call)
            case ast.Assign(targets=[target], value=value):
                yield self.assign(node, target, value)
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=ast.expr() as value):
                yield self.declare(node, name, annotation, value)
            case ast.AugAssign(target=ast.Subscript(slice=key) as target) if _calls(key):
                self.calls += 1  # The key is evaluated once, before the value: it may do something.
                name = f"key_{self.calls}"
                place = ast.copy_location(ast.Name(name, ast.Store()), key)
                yield self.assign(node, place, key)
                once = ast.Subscript(target.value, ast.copy_location(ast.Name(name, ast.Load()), key), ast.Store())
                again = ast.AugAssign(ast.copy_location(once, target), node.op, node.value)
                yield from self.statement(ast.copy_location(again, node))
            case ast.AugAssign(target=target, op=op, value=value):
                load = ast.copy_location(ast.parse(ast.unparse(target), mode="eval").body, target)
                for inner in ast.walk(load):
                    ast.copy_location(inner, target)
                combined = ast.copy_location(ast.BinOp(load, op, value), node)
                yield self.assign(node, target, combined)
            case ast.If():
                yield self.conditional(node)
            case ast.For(target=target, iter=over, body=body, orelse=[]):
                yield self.loop(node, target, over, body)
            case ast.Break() | ast.Continue():
                self.scope.jumped = self.scope.jumped or self.changed_at
                yield ir.Break(node.lineno) if isinstance(node, ast.Break) else ir.Continue(node.lineno)
            case ast.Return(value=value):
                yield self.returned(node, value)
            case ast.Assert(test=test):
                yield ir.Assert(node.lineno, self.condition(test))
            case _:
                raise self.not_in_subset(node)

    def call_statement(self, call: ast.Call) -> Iterator[ir.Stmt]:
        verb = self.verb(call)
        line = call.lineno
        if verb in ("require", "ensure", "send", "broadcast"):
            wanted = {"require": 1, "ensure": 2, "send": 2, "broadcast": 1}[verb]
            if len(call.args) != wanted or call.keywords:
                raise self.refuse("verb-arguments", f"{verb}() takes {wanted} argument{'s' * (wanted > 1)}", call)
        if verb == "require":
            self.only_in_actors("require", call)
            if self.changed_at is not None:
                raise self.refuse(
                    "late-guard", "`require` after the action has already changed something", call,
                    "move it above the first change; a guard is decided on the state before",
                    (("the first change is here", self.scope.function.place(self.changed_at)),),
                )  # fmt: skip
            self.effect(call)
            yield ir.Require(line, self.condition(call.args[0]))
        elif verb == "ensure":
            if self.definition is not None:
                raise self.refuse("ensure-in-actor", "ensure() belongs in a predicate", call, "use require() or assert")
            self.reason(call.args[1])
            yield ir.Ensure(line, self.condition(call.args[0]))
        elif verb == "send":
            self.only_in_actors("send", call)
            to = self.unwrapped(self.expression(call.args[0]), call.args[0])
            if not isinstance(to.type, IdType):
                raise self.refuse(
                    "send-target", f"the first argument of send() is {to.type}, not an actor", call.args[0]
                )
            message = self.message(call.args[1])
            self.change(call)
            yield ir.Send(line, to, message)
        elif verb == "broadcast":
            self.only_in_actors("broadcast", call)
            message = self.message(call.args[0])
            self.change(call)
            yield ir.Broadcast(line, message)
        else:
            yield ir.Evaluate(line, self.expression(call))

    def only_in_actors(self, verb: str, node: ast.AST) -> None:
        if self.definition is None:
            raise self.refuse("verb-in-predicate", f"{verb}() belongs in an actor, not in a predicate", node)
        if verb in ("send", "broadcast") and self.scope.function.kind == "function":
            text = f"{verb}() belongs in a method: a module-level function is nobody's"
            raise self.refuse("verb-in-function", text, node, "make it a helper method of the actor")

    def reason(self, node: ast.expr) -> None:
        """The text of an ensure is only ever run by the reference, but its names must exist."""
        if not isinstance(node, (ast.Constant, ast.JoinedStr)) or (
            isinstance(node, ast.Constant) and not isinstance(node.value, str)
        ):
            raise self.refuse(
                "ensure-reason", "the second argument of ensure() is a text", node, 'write f"record {r} ..."'
            )
        for one in node.values if isinstance(node, ast.JoinedStr) else ():
            if isinstance(one, ast.FormattedValue):
                self.expression(one.value)

    def message(self, node: ast.expr) -> ir.Expr:
        made = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        found = self.expression(node) if made else None
        if found is None or not isinstance(found, ir.MakeStruct) or not _is_message(found.type):
            raise self.refuse(
                "send-message",
                "the message is not constructed here",
                node,
                "write send(to, MessageType(...)) in one piece",
            )
        return found

    def effect(self, node: ast.AST) -> None:
        """A history value may flow into the helper that computes it, so nothing there may happen because of it."""
        if self.pure:
            raise self.refuse(
                "history-effect", "a helper that computes a History value cannot do anything else", node,
                "call it in a statement of its own, without History values",
            )  # fmt: skip

    def change(self, node: ast.AST) -> None:
        self.effect(node)
        if self.changed_at is None:
            self.changed_at = node

    def assign(self, node: ast.stmt, target: ast.expr, value: ast.expr) -> ir.Stmt:
        match target:
            case ast.Name(id=name):
                if name in self.scope.actors:
                    raise self.refuse("actor-variable", f"{name} stands for an actor and cannot be assigned", target)
                if name in self.scope.loops:
                    raise self.refuse(
                        "loop-variable", f"{name} is the variable of a loop and cannot be assigned", target,
                        "use another name for the changed value",
                    )  # fmt: skip
                expression = self.expression(value)
                declared = self.declared.get(self.scope.names.get(name, ""))
                if declared is not None:
                    self.fits(expression, declared, value, name)
                unique = self.declare_local(name, declared or expression.type, target)
                return ir.Assign(node.lineno, unique, expression, declared)
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                field_ = self.writable(name, target)
                expression = self.stored(value, field_)
                self.fits(expression, field_.type, value, f"{self.owner}.{name}")
                self.change(target)
                return ir.SetField(node.lineno, name, expression)
            case ast.Subscript(value=ast.Attribute(value=ast.Name(id="self"), attr=name), slice=key):
                field_ = self.writable(name, target)
                if not isinstance(field_.type, MapType):
                    raise self.refuse(
                        "item-assignment", f"{name} is a {field_.type}: its items cannot be assigned", target,
                        "build a new value and assign the field",
                    )  # fmt: skip
                index = self.expression(key)
                self.fits(index, field_.type.key, key, f"the key of {self.owner}.{name}")
                expression = self.stored(value, field_)
                self.fits(expression, field_.type.value, value, f"an item of {self.owner}.{name}")
                self.change(target)
                return ir.SetItem(node.lineno, name, index, expression)
        raise self.refuse("assign-target", f"`{ast.unparse(target)}` cannot be assigned to", target)

    @property
    def owner(self) -> str:
        return self.definition.name if self.definition else "the predicate"

    def stored(self, value: ast.expr, field_: Any) -> ir.Expr:
        """The value of an assignment to a field; history may flow into history."""
        before, self.history_allowed = self.history_allowed, field_.storage is Storage.HISTORY
        try:
            return self.expression(value)
        finally:
            self.history_allowed = before

    def writable(self, name: str, node: ast.AST) -> Any:
        if self.definition is None:
            raise self.refuse("predicate-writes", "a predicate cannot change anything", node)
        if name in self.definition.wiring:
            raise self.refuse(
                "assign-wiring", f"{name} is wiring: it never changes", node, "make it Durable or Volatile"
            )
        if name not in self.definition.state:
            raise self.unknown_field(self.definition, name, node)
        return self.definition.state[name]

    def unknown_field(self, definition: ActorClass, name: str, node: ast.AST) -> Refused:
        known = [*definition.wiring, *definition.state, *definition.helpers]
        return self.refuse("unknown-field", f"{definition.name} has no field {name}", node, suggestion(name, known))

    def fits(self, expression: ir.Expr, wanted: Type, node: ast.AST, what: str) -> None:
        if not assignable(expression.type, wanted):
            raise self.refuse("wrong-type", f"{what} is {wanted}; this is {expression.type}", node)

    def declare_local(self, name: str, type_: Type, node: ast.AST) -> str:
        unique = self.scope.names.get(name)
        if unique is None:
            unique = f"{self.scope.prefix}{name}"
            self.scope.names[name] = unique
        self.locals[unique] = self.joined(self.locals.get(unique), type_, node)
        self.assigned_at.setdefault(unique, (self.scope.function, node))
        self.scope.sure.add(name)
        return unique

    def declare(self, node: ast.stmt, name: str, annotation: ast.expr, value: ast.expr) -> ir.Stmt:
        try:
            hint = eval(
                compile(ast.Expression(annotation), "<annotation>", "eval"), self.scope.function.python.__globals__
            )
        except Exception:
            raise self.refuse("unknown-type", f"`{ast.unparse(annotation)}` is not a type", annotation) from None
        expression = self.expression(value)
        type_: Type = INT if hint is int else self.resolver.resolve(hint)
        if not assignable(expression.type, type_):
            raise self.refuse("wrong-type", f"{name} is {type_}; this is {expression.type}", value)
        unique = self.scope.names.get(name, "")
        if unique and self.declared.get(unique) != type_:
            text = f"{name} has another type already" if unique in self.declared else f"{name} has a value already"
            raise self.refuse("late-type", text, node, "give the type once, where the local gets its first value")
        unique = unique or f"{self.scope.prefix}{name}"
        self.declared[unique] = self.locals[unique] = type_
        return ir.Assign(node.lineno, self.declare_local(name, type_, node), expression, type_)

    def conditional(self, node: ast.If) -> ir.Stmt:
        condition = self.condition(node.test)
        decided = self.decided(node.test)
        if decided is not None:
            taken = node.body if decided else node.orelse
            before = self.changed_at
            block = self.block(taken)
            if _ends(taken):
                self.changed_at = before
            where = self.scope.function.qualified
            return ir.If(node.lineno, where, condition, block if decided else (), () if decided else block)
        before, sure = self.changed_at, set(self.scope.sure)
        then = self.block(node.body)
        after_then, self.changed_at = self.changed_at, before
        sure_then, self.scope.sure = self.scope.sure, sure
        otherwise = self.block(node.orelse)
        if _ends(node.orelse):
            self.scope.sure = sure_then
        elif not _ends(node.body):
            self.scope.sure &= sure_then
        if not _ends(node.body):
            self.changed_at = self.changed_at or after_then
        if node.orelse and _ends(node.orelse):
            self.changed_at = before if _ends(node.body) else after_then
        return ir.If(node.lineno, self.scope.function.qualified, condition, then, otherwise)

    def decided(self, test: ast.expr, function: Function | None = None) -> bool | None:
        """What a condition is in every instance, by its wiring alone; None if that does not say. It stands in this
        scope, or in a helper, ``function``.
        """
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                found = self.decided(inner, function)
                return None if found is None else not found
            case ast.BoolOp(op=operator, values=parts):
                every = [self.decided(one, function) for one in parts]
                stops = isinstance(operator, ast.Or)  # What ends the chain, whatever the others are.
                if stops in every:
                    return stops
                return None if None in every else not stops
            case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=name)) if self.definition is not None:
                if function is not None:
                    return None  # One call deep: that ends, whatever calls what.
                helper = self.definition.helpers.get(name)
                last = helper.node.body[-1] if helper is not None else None
                short = helper is not None and len(helper.node.body) == 1 + (ast.get_docstring(helper.node) is not None)
                if short and isinstance(last, ast.Return) and last.value is not None:
                    return self.decided(last.value, helper)
                return None
        if self.definition is None or not self._is_settled(test, function):
            return None
        where = function or self.scope.function
        code = compile(ast.Expression(test), where.file, "eval")
        return bool(eval(code, {**where.python.__globals__, "self": self.settled}))

    def _is_settled(self, node: ast.AST, function: Function | None) -> bool:
        """Constants, members of enums, wiring with one value, and comparisons of those."""
        names = (function or self.scope.function).python.__globals__
        local = set(self.scope.names) if function is None else {one.arg for one in function.node.args.args}
        match node:
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                return hasattr(self.settled, name)
            case ast.Attribute(value=ast.Name(id=name)):
                known = names.get(name)
                return name not in local and isinstance(known, type) and issubclass(known, Enum)
            case ast.Name(id=name):
                return name not in local and isinstance(names.get(name), int | tuple)
            case ast.Compare(left=left, comparators=right):
                return all(self._is_settled(one, function) for one in (left, *right))
            case ast.Tuple(elts=items):
                return all(self._is_settled(one, function) for one in items)
            case ast.Constant():
                return True
        return False

    def loop(self, node: ast.For, target: ast.expr, over: ast.expr, body: Sequence[ast.stmt]) -> ir.Stmt:
        bound = {one.id for one in ast.walk(target) if isinstance(one, ast.Name)} - {"_"}
        for name in sorted(bound & (self.scope.names.keys() | self.scope.actors.keys())):
            raise self.refuse(
                "loop-variable", f"{name} has a value already, which the loop would overwrite", target,
                "use another name for the variable of the loop",
            )  # fmt: skip
        with self.loop_names(target):
            names, iterated = self.iterate(target, over)
            self.scope.loops |= bound
            before, sure, jumped = self.changed_at, set(self.scope.sure), self.scope.jumped
            self.scope.jumped = None
            inside = self.block(body)
            self.changed_at = self.changed_at or self.scope.jumped
            if self.changed_at is not before:  # The second round comes after the changes of the first.
                self.scope.sure = set(sure)
                inside = self.block(body)
            self.scope.sure, self.scope.jumped = sure, jumped or self.scope.jumped
            self.scope.loops -= bound
        return ir.For(node.lineno, names, iterated, inside)

    def returned(self, node: ast.Return, value: ast.expr | None) -> ir.Stmt:
        self.scope.jumped = self.scope.jumped or self.changed_at
        if value is None and self.scope.result:
            raise self.refuse("no-return-value", "this returns nothing, and the caller needs a value", node)
        if value is None or (isinstance(value, ast.Constant) and value.value is None and not self.scope.result):
            return ir.Return(node.lineno, None)
        if self.root is not None and len(self.scopes) == 1 and self.root.kind == "predicate":
            return ir.Return(node.lineno, self.condition(value))
        if not self.scope.result:
            raise self.refuse("return-value", "a step returns nothing", node)
        expression = self.expression(value)
        result = self.scope.result
        self.locals[result] = self.joined(self.locals.get(result), expression.type, node)
        return ir.Return(node.lineno, expression)

    # --- Iteration --------------------------------------------------------------------------------------------------

    @contextmanager
    def block_names(self) -> Iterator[None]:
        """Names bound by a loop or generator end with it."""
        scope = self.scope
        actors, names, sure = dict(scope.actors), dict(scope.names), set(scope.sure)
        try:
            yield
        finally:
            scope.actors, scope.names, scope.sure = actors, names, sure

    @contextmanager
    def loop_names(self, target: ast.expr) -> Iterator[None]:
        """The variable of a ``for`` statement ends with it; locals assigned inside stay."""
        bound = {one.id for one in ast.walk(target) if isinstance(one, ast.Name)}
        actors = dict(self.scope.actors)
        before = {name: self.scope.names.get(name) for name in bound}
        try:
            yield
        finally:
            self.scope.actors = actors
            for name, unique in before.items():
                if unique is None:
                    self.scope.names.pop(name, None)
                    self.scope.sure.discard(name)
                else:
                    self.scope.names[name] = unique

    def iterate(self, target: ast.expr, node: ast.expr) -> tuple[tuple[str, ...], ir.Over]:
        over, item_types = self.over(node)
        if None in item_types:
            raise self.refuse("always-empty", f"`{ast.unparse(node)}` is always empty", node)
        if many(over) > ROUNDS_MAX:
            text = f"this has up to {many(over)} rounds; at most {ROUNDS_MAX}"
            raise self.refuse("long-loop", text, node, "give what it iterates smaller bounds")
        targets = [target] if isinstance(target, ast.Name) else list(getattr(target, "elts", ()))
        if not targets or not all(isinstance(one, ast.Name) for one in targets) or len(targets) != len(item_types):
            raise self.refuse("loop-target", f"`{ast.unparse(target)}` does not fit what is iterated", target)
        names = []
        for one, type_ in zip(targets, item_types, strict=True):
            assert isinstance(one, ast.Name)
            if over.kind == "actors":
                assert over.actors is not None
                unique = f"{self.scope.prefix}{one.id}"
                definition = self.classes[over.actors.class_name]
                self.scope.actors[one.id] = ActorVariable(ir.ActorRef(unique, definition.name), definition)
                names.append(unique)
            elif one.id == "_":
                names.append("")
            else:
                names.append(self.fresh(one.id, type_))
        return tuple(names), over

    def fresh(self, name: str, type_: Type) -> str:
        """A loop variable: a local of its own, so that another loop may use the name for something else."""
        self.calls += 1
        unique = f"{self.scope.prefix}{name}.{self.calls}"
        self.scope.names[name] = unique
        self.scope.sure.add(name)
        try:
            self.locals[unique] = join(self.locals.get(unique), type_)
        except TypeProblem:  # Another pass numbered its loops differently.
            self.locals[unique] = type_
        return unique

    def over(self, node: ast.expr) -> tuple[ir.Over, tuple[Type, ...]]:
        match node:
            case ast.Name(id=name) if isinstance(self.scope.actors.get(name), ActorsVariable):
                variable = self.scope.actors[name]
                assert isinstance(variable, ActorsVariable)
                return ir.Over("actors", actors=variable.parameter), (NONE,)
            case ast.Call(func=ast.Name(id="range"), args=[_] | [_, _] as bounds, keywords=[]):
                numbers = [self.integer(one) for one in bounds]
                start = numbers[0] if len(numbers) == 2 else ir.Const(IntType(0, 0), 0)
                return self._range(start, numbers[-1], node)
            case ast.Call(func=ast.Name(id="range")):
                raise self.refuse(
                    "range", "a range has an end, or a start and an end", node, "for a step, compute: 2 * i"
                )
            case ast.Call(func=ast.Name(id="reversed"), args=[inner], keywords=[]):
                found, types = self.over(inner)
                if found.kind not in ("range", "sequence"):
                    raise self.refuse("reversed", "only a range or a sequence can be reversed", node)
                return ir.Over(found.kind, found.sources, not found.reverse), types
            case ast.Call(func=ast.Name(id="enumerate"), args=[inner], keywords=[]):
                base = self.expression(inner)
                if not isinstance(base.type, SequenceType):
                    raise self.refuse("enumerate", f"only a sequence can be enumerated, not {base.type}", inner)
                return ir.Over("enumerate", (base,)), (IntType(0, max(0, base.type.length - 1)), base.type.item)
            case ast.Call(
                func=ast.Attribute(value=inner, attr="items" | "keys" | "values" as kind), args=[], keywords=[]
            ):
                base = self.expression(inner)
                if not isinstance(base.type, MapType):
                    raise self.refuse("not-a-map", f".{kind}() needs a map, not {base.type}", node)
                types = {"keys": (base.type.key,), "values": (base.type.value,)}.get(
                    kind, (base.type.key, base.type.value)
                )
                return ir.Over(kind, (base,)), types
            case ast.Name(id=name) if isinstance(self.global_value(name), type) and issubclass(
                self.global_value(name), Enum
            ):
                members = tuple(ir.Const(EnumType(self.global_value(name)), one) for one in self.global_value(name))
                type_ = EnumType(self.global_value(name))
                return ir.Over("sequence", (ir.MakeSequence(SequenceType(type_, len(members)), members),)), (type_,)
        base = self.expression(node)
        match base.type:
            case SetType(item):
                return ir.Over("set", (base,)), (item,)
            case SequenceType(item, _):
                return ir.Over("sequence", (base,)), (item,)
            case MapType(key, _):
                return ir.Over("keys", (base,)), (key,)
        raise self.refuse(
            "not-iterable", f"{base.type} cannot be iterated", node, "use range, a set, a sequence or a map"
        )

    def _range(self, start: ir.Expr, end: ir.Expr, node: ast.AST) -> tuple[ir.Over, tuple[Type, ...]]:
        low, high = bounds(start)[0], bounds(end)[1]
        if low is None or high is None:
            raise self.refuse(
                "unbounded-range", "this range has no known bounds", node,
                "give the local a bounded type: `count: Count = ...`",
            )  # fmt: skip
        return ir.Over("range", (start, end)), (IntType(low, max(low, high - 1)),)

    def generators(self, clauses: Sequence[ast.comprehension]) -> tuple[ir.Generator, ...]:
        found = []
        for i, clause in enumerate(clauses):
            names, over = self.iterate(clause.target, clause.iter)
            if i == 0:  # Python: all other variables are this expression's own from here on, and have no value yet.
                later = (one.target for one in clauses[1:])
                self.scope.sure -= {one.id for target in later for one in ast.walk(target) if isinstance(one, ast.Name)}
                self.scope.sure |= {one.id for one in ast.walk(clause.target) if isinstance(one, ast.Name)}
            conditions = tuple(self.condition(one) for one in clause.ifs)
            types = tuple(self.locals.get(name) or NONE for name in names)
            found.append(ir.Generator(names, types, over, conditions))
        return tuple(found)

    # --- Expressions ------------------------------------------------------------------------------------------------

    def condition(self, node: ast.expr) -> ir.Expr:
        found = self.expression(node)
        if not isinstance(found.type, BoolType):
            raise self.refuse(
                "not-a-condition", f"this is {found.type}, not a condition", node,
                "compare it: `x != 0`, `len(s) > 0`, `x is not None`",
            )  # fmt: skip
        return found

    def integer(self, node: ast.expr) -> ir.Expr:
        found = self.unwrapped(self.expression(node), node)
        if not isinstance(found.type, IntType):
            raise self.refuse("not-an-integer", f"this is {found.type}, not an integer", node)
        return found

    def unwrapped(self, expression: ir.Expr, node: ast.AST) -> ir.Expr:
        """An optional used as its inside: an error of the model if it is None then."""
        if isinstance(expression.type, OptionalType):
            return ir.Attribute(expression.type.inner, expression, "")
        return expression

    def expression(self, node: ast.expr) -> ir.Expr:
        match node:
            case ast.Constant(value=value):
                return self.constant(value, node)
            case ast.Name(id=name):
                return self.name(node, name)
            case ast.Attribute():
                return self.attribute(node)
            case ast.BoolOp(op=op, values=parts):
                found = self.condition(parts[0])
                for one in parts[1:]:
                    make = ir.Both if isinstance(op, ast.And) else ir.Either
                    found = make(BOOL, found, self.condition(one))
                return found
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return ir.Not(BOOL, self.condition(inner))
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                number = self.integer(inner)
                low, high = bounds(number)
                negative = INT if low is None or high is None else IntType(-high, -low)
                return (
                    ir.Const(negative, -number.value) if isinstance(number, ir.Const) else ir.Negative(negative, number)
                )
            case ast.BinOp():
                return self.binary(node)
            case ast.Compare():
                return self.comparison(node)
            case ast.IfExp(test=test, body=then, orelse=otherwise):
                condition, yes, no = self.condition(test), self.expression(then), self.expression(otherwise)
                type_ = self.joined(yes.type, no.type, node)
                assert type_ is not None
                return ir.Conditional(type_, condition, yes, no)
            case ast.Call():
                return self.call(node)
            case ast.Subscript():
                return self.subscript(node)
            case ast.Tuple(elts=items):
                return self.sequence(items, node)
            case ast.Set(elts=items):
                values = tuple(self.expression(one) for one in items)
                return ir.MakeSet(self.set_type([one.type for one in values], node), values)
            case ast.SetComp(elt=body, generators=clauses):
                return self.collect_set(body, clauses, node)
        raise self.not_in_subset(node)

    def constant(self, value: Any, node: ast.AST) -> ir.Expr:
        if isinstance(value, bool):
            return ir.Const(BOOL, value)
        if value is None:
            return ir.Const(NONE, None)
        if isinstance(value, ActorId):
            return ir.Const(IdType(int(value), (value.name,)), value)
        if isinstance(value, Enum):
            return ir.Const(EnumType(type(value)), value)
        if isinstance(value, int) and abs(value) <= NUMBER_MAX:
            return ir.Const(IntType(value, value), value)
        if isinstance(value, int):
            raise self.refuse("large-number", f"{value} does not fit 64 bits", node)
        if isinstance(value, tuple):
            items = tuple(self.constant(one, node) for one in value)
            return ir.MakeSequence(self.sequence_type(items, node), items)
        if isinstance(value, frozenset):
            items = tuple(self.constant(one, node) for one in sorted(value, key=repr))
            return ir.MakeSet(self.set_type([one.type for one in items], node), items)
        if is_dataclass(value) and getattr(type(value), "__checker_kind__", "") == "struct":
            struct = self.resolver.struct(type(value))
            parts = tuple(self.constant(getattr(value, one.name), node) for one in fields(value))
            return ir.MakeStruct(struct, parts)
        raise self.not_a_value(value, node)

    def global_value(self, name: str) -> Any:
        if name in self.scope.own:
            return None
        return self.scope.function.python.__globals__.get(name)

    def name(self, node: ast.Name, name: str) -> ir.Expr:
        unique = self.scope.names.get(name)
        if name in self.scope.sure and unique is not None:
            type_ = self.locals.get(unique)
            assert type_ is not None
            return ir.Local(type_, unique)
        if name in self.scope.silent:
            raise Silent
        if unique is not None or name in self.scope.own:
            raise self.refuse(
                "unset-local", f"{name} has no value on some way to here", node,
                "assign it before that `if` or `for`",
            )  # fmt: skip
        if name in self.scope.actors:
            raise self.refuse("actor-as-value", f"{name} stands for an actor: read one of its fields", node)
        if name == "self":
            raise self.refuse(
                "bare-self", "self cannot be used as a value", node, "for its own id declare `me: ActorId`"
            )
        scope = self.scope.function.python.__globals__
        if name in scope:
            return self.constant(scope[name], node)
        values = (one for one, value in scope.items() if isinstance(value, (int, tuple, Enum)) and one[0] != "_")
        known = [*(one for one in self.scope.names if one in self.scope.sure), *self.scope.actors, *values]
        raise self.refuse("unknown-name", f"{name} is not known here", node, suggestion(name, known) if known else "")

    def attribute(self, node: ast.Attribute) -> ir.Expr:
        match node.value:
            case ast.Name(id="self") if "self" not in self.scope.names:
                return self.own_field(node, node.attr)
            case ast.Name(id=name) if name in self.scope.actors:
                return self.other_field(node, name)
            case ast.Name(id=name) if name not in self.scope.names:
                value = self.global_value(name)
                if isinstance(value, type) and issubclass(value, Enum):
                    if node.attr not in value.__members__:
                        help = suggestion(node.attr, value.__members__)
                        raise self.refuse("unknown-member", f"{name} has no member {node.attr}", node, help)
                    return ir.Const(EnumType(value), value[node.attr])
                if value is not None and hasattr(value, "__file__") and hasattr(value, node.attr):
                    return self.constant(getattr(value, node.attr), node)
        base = self.unwrapped(self.expression(node.value), node)
        if not isinstance(base.type, StructType):
            help = METHOD_HINTS.get(node.attr, "")
            if isinstance(base.type, IdType):
                help = "an actor knows only its own fields: ask by a message"
            raise self.refuse("no-attribute", f"{base.type} has no attribute {node.attr}", node, help)
        if node.attr not in base.type.by_name:
            help = suggestion(node.attr, base.type.by_name)
            raise self.refuse("unknown-attribute", f"{base.type.name} has no field {node.attr}", node, help)
        return ir.Attribute(base.type.by_name[node.attr], base, node.attr)

    def own_field(self, node: ast.Attribute, name: str) -> ir.Expr:
        definition = self.definition
        if definition is None:
            raise self.refuse("unknown-name", "there is no self in a predicate", node)
        if name in definition.wiring:
            return ir.Wiring(definition.wiring[name].type, name)
        if name not in definition.state:
            raise self.unknown_field(definition, name, node)
        one = definition.state[name]
        if one.storage is Storage.HISTORY and not self.history_allowed:
            raise self.refuse(
                "history-read", f"{name} is History: an action may update it, never read it", node,
                "make it Durable or Volatile if the protocol itself knows it",
            )  # fmt: skip
        return ir.FieldRead(one.type, name)

    def other_field(self, node: ast.Attribute, name: str) -> ir.Expr:
        variable = self.scope.actors[name]
        if isinstance(variable, ActorsVariable):
            raise self.refuse("actors-as-one", f"{name} is a tuple of actors", node, f"write `for one in {name}`")
        definition = variable.definition
        if node.attr in definition.wiring:
            return ir.Wiring(definition.wiring[node.attr].type, node.attr, variable.ref)
        if node.attr not in definition.state:
            raise self.unknown_field(definition, node.attr, node)
        return ir.FieldRead(definition.state[node.attr].type, node.attr, variable.ref)

    def binary(self, node: ast.BinOp) -> ir.Expr:
        left = self.unwrapped(self.expression(node.left), node.left)
        right = self.unwrapped(self.expression(node.right), node.right)
        if isinstance(left.type, SetType) and isinstance(right.type, SetType) and type(node.op) in SET_OPERATORS:
            type_ = self.joined(left.type, right.type, node)
            assert type_ is not None
            kind = SET_OPERATORS[type(node.op)]
            return ir.SetOperation(left.type if kind == "-" else type_, kind, left, right)
        if (
            isinstance(left.type, SequenceType)
            and isinstance(right.type, SequenceType)
            and isinstance(node.op, ast.Add)
        ):
            item = self.joined(left.type.item, right.type.item, node)
            return ir.Concatenate(self.sequence_of(item, left.type.length + right.type.length, node), left, right)
        if isinstance(left.type, IntType) and isinstance(right.type, IntType) and type(node.op) in ARITHMETIC:
            kind = ARITHMETIC[type(node.op)]
            type_ = _arithmetic_type(kind, left, right)
            known = None not in bounds(left) + bounds(right)
            if type_ == INT and known and kind in ("+", "-", "*"):
                raise self.refuse(
                    "number-range", "the result may not fit 64 bits", node, "smaller bounds, or fewer factors at once"
                )
            return ir.Arithmetic(type_, kind, left, right)
        symbol = ast.unparse(ast.BinOp(ast.Name("x"), node.op, ast.Name("y")))[2:-2]
        raise self.refuse("operator", f"`{symbol}` does not apply to {left.type} and {right.type}", node)

    def comparison(self, node: ast.Compare) -> ir.Expr:
        parts = [node.left, *node.comparators]
        found: ir.Expr | None = None
        for left, operator, right in zip(parts, node.ops, parts[1:], strict=False):
            one = self.compare(left, operator, right, node)
            found = one if found is None else ir.Both(BOOL, found, one)
        assert found is not None
        return found

    def compare(self, left_node: ast.expr, operator: ast.cmpop, right_node: ast.expr, node: ast.AST) -> ir.Expr:
        if isinstance(operator, (ast.Is, ast.IsNot)):
            if not (isinstance(right_node, ast.Constant) and right_node.value is None):
                raise self.refuse("is", "`is` compares only with None", node, "use ==")
            test: ir.Expr = ir.IsNone(BOOL, self.expression(left_node))
            return ir.Not(BOOL, test) if isinstance(operator, ast.IsNot) else test
        left = self.expression(left_node)
        if isinstance(operator, (ast.In, ast.NotIn)):
            test = self.member(left, right_node, node)
            return ir.Not(BOOL, test) if isinstance(operator, ast.NotIn) else test
        right = self.expression(right_node)
        if isinstance(operator, (ast.Eq, ast.NotEq)):
            self.joined(left.type, right.type, node)
            test = ir.Equal(BOOL, left, right)
            return ir.Not(BOOL, test) if isinstance(operator, ast.NotEq) else test
        if isinstance(left.type, SetType) and isinstance(right.type, SetType):
            self.joined(left.type, right.type, node)
            small, large = (left, right) if isinstance(operator, (ast.Lt, ast.LtE)) else (right, left)
            return ir.Subset(BOOL, small, large, isinstance(operator, (ast.Lt, ast.Gt)))
        left, right = self.unwrapped(left, left_node), self.unwrapped(right, right_node)
        if isinstance(left.type, IntType) and isinstance(right.type, IntType):
            return ir.Compare(BOOL, COMPARISON[type(operator)], left, right)
        raise self.refuse("comparison", f"{left.type} and {right.type} have no order", node)

    def member(self, item: ir.Expr, node: ast.expr, whole: ast.AST) -> ir.Expr:
        collection = self.expression(node)
        match collection.type:
            case SetType(one) | SequenceType(one, _) | MapType(one, _):
                self.joined(item.type, one, whole)
                return ir.Member(BOOL, item, collection)
        raise self.refuse("not-a-collection", f"`in` needs a set, a sequence or a map, not {collection.type}", node)

    def subscript(self, node: ast.Subscript) -> ir.Expr:
        base = self.unwrapped(self.expression(node.value), node.value)
        if isinstance(base.type, MapType):
            key = self.expression(node.slice)
            self.fits(key, base.type.key, node.slice, "the key")
            return ir.Index(base.type.value, base, key)
        if not isinstance(base.type, SequenceType):
            raise self.refuse("subscript", f"{base.type} has no items", node)
        if isinstance(node.slice, ast.Slice):
            if node.slice.step is not None:
                raise self.refuse("slice-step", "a slice has no step here", node)
            start = self.integer(node.slice.lower) if node.slice.lower else None
            end = self.integer(node.slice.upper) if node.slice.upper else None
            return ir.Slice(base.type, base, start, end)
        index = self.integer(node.slice)
        if base.type.item is None:
            raise self.refuse("always-empty", f"`{ast.unparse(node.value)}` is always empty", node)
        return ir.Index(base.type.item, base, index)

    def sequence(self, items: Sequence[ast.expr], node: ast.AST) -> ir.Expr:
        values = tuple(self.expression(one) for one in items)
        return ir.MakeSequence(self.sequence_type(values, node), values)

    def sequence_type(self, items: Sequence[ir.Expr], node: ast.AST) -> SequenceType:
        type_: Type | None = None
        for one in items:
            type_ = self.joined(type_, one.type, node)
        return SequenceType(type_, len(items))  # type: ignore[arg-type]

    def set_type(self, items: Sequence[Type], node: ast.AST) -> SetType:
        type_: Type | None = None
        for one in items:
            type_ = self.joined(type_, one, node)
        count = 0 if type_ is None else size(type_)
        if count is None:
            raise self.refuse(
                "set-elements",
                f"a set of {type_} has no known bounds",
                node,
                "give the local a bounded type: `n: Count = ...`",
            )
        if count > SET_SIZE_MAX:
            raise self.refuse(
                "set-size",
                f"a set of {type_} has {count} possible elements; at most {SET_SIZE_MAX}",
                node,
                "give the local a narrower type: `n: Count = ...`",
            )
        return SetType(type_)  # type: ignore[arg-type]

    # --- Calls ------------------------------------------------------------------------------------------------------

    def verb(self, call: ast.Call) -> str:
        """The language's verb that is called, by identity, so that an alias works and a namesake does not."""
        if isinstance(call.func, ast.Name) and call.func.id not in self.scope.names:
            value = self.global_value(call.func.id)
            if isinstance(value, FunctionType) and value.__module__ == lang.__name__:
                return value.__name__
        return ""

    def call(self, node: ast.Call) -> ir.Expr:
        verb = self.verb(node)
        if verb:
            return self.verb_expression(verb, node)
        match node.func:
            case ast.Attribute(value=ast.Name(id="self"), attr=name) if self.definition is not None:
                if name not in self.definition.helpers:
                    known = self.definition.helpers
                    steps = {one.name for one in (*self.definition.actions, *self.definition.handlers.values())}
                    help = suggestion(name, known)
                    if name in steps:
                        help = "a step cannot call another step; let both call a helper method"
                    raise self.refuse("unknown-helper", f"{self.owner} has no helper method {name}", node, help)
                return self.inline(self.definition.helpers[name], node, skip=1)
            case ast.Name(id=name):
                return self.named_call(node, name)
            case ast.Attribute(attr=name):
                help = METHOD_HINTS.get(name, "")
                raise self.refuse(
                    "method-call", f"`{ast.unparse(node.func)}()` is not part of the actor language", node, help
                )
        raise self.not_in_subset(node)

    def verb_expression(self, verb: str, node: ast.Call) -> ir.Expr:
        if verb == "replace":
            return self.replaced(node)
        if verb in ("require", "ensure", "send", "broadcast"):
            raise self.refuse("verb-as-value", f"{verb}() is a statement of its own", node)
        if verb not in ("choose", "quiet", "suspected"):
            raise self.refuse("verb-in-body", f"{verb}() has no place inside a method", node)
        self.only_in_actors(verb, node)
        if len(node.args) != 1 or node.keywords:
            raise self.refuse("verb-arguments", f"{verb}() takes 1 argument", node)
        argument = node.args[0]
        if verb == "choose":
            self.effect(node)
            if self.history_allowed:
                text = "what is chosen cannot depend on History"
                raise self.refuse("history-read", text, node, "choose into a local first")
            return self.chosen(argument, node)
        peer = self.unwrapped(self.expression(argument), argument)
        if not isinstance(peer.type, IdType):
            raise self.refuse("not-an-actor", f"{verb}() asks about an actor, not {peer.type}", argument)
        return ir.Quiet(BOOL, peer) if verb == "quiet" else ir.Suspected(BOOL, peer)

    def chosen(self, argument: ast.expr, node: ast.AST) -> ir.Expr:
        with self.block_names():
            if isinstance(argument, ast.GeneratorExp):
                generators = self.generators(argument.generators)
                body = self.expression(argument.elt)
                return ir.Choose(body.type, generators, body)
            name = f"{self.scope.prefix}chosen{self.calls}"
            self.calls += 1
            over, types = self.over(argument)
            if None in types:
                raise self.refuse("always-empty", f"`{ast.unparse(argument)}` is always empty", argument)
            if len(types) != 1 or over.kind == "actors":
                raise self.refuse("choose", "choose() takes a collection of single values", node)
            self.locals[name] = self.joined(self.locals.get(name), types[0], node)
            generator = ir.Generator((name,), types, over, ())
            return ir.Choose(types[0], (generator,), ir.Local(types[0], name))

    def replaced(self, node: ast.Call) -> ir.Expr:
        if len(node.args) != 1:
            raise self.refuse("verb-arguments", "replace() takes a struct and field=value", node)
        base = self.unwrapped(self.expression(node.args[0]), node)
        if not isinstance(base.type, StructType):
            raise self.refuse("not-a-struct", f"replace() needs a struct, not {base.type}", node)
        changes = []
        for one in node.keywords:
            if one.arg not in base.type.by_name:
                help = suggestion(str(one.arg), base.type.by_name)
                raise self.refuse("unknown-attribute", f"{base.type.name} has no field {one.arg}", node, help)
            value = self.expression(one.value)
            self.fits(value, base.type.by_name[one.arg], one.value, f"{base.type.name}.{one.arg}")
            changes.append((one.arg, value))
        return ir.Replace(base.type, base, tuple(changes))

    def named_call(self, node: ast.Call, name: str) -> ir.Expr:
        if name in self.scope.own or name in self.scope.names:
            raise self.refuse("not-a-function", f"{name} is a local here, not a function", node, "give it another name")
        value = self.global_value(name)
        if name in ("any", "all", "sum", "min", "max", "len", "tuple", "frozenset", "set", "abs") and value is None:
            return self.built_in(name, node)
        if getattr(value, "__checker_kind__", "") in ("struct", "message"):
            return self.construct(value, node)
        if isinstance(value, FunctionType):
            if any(one.kind == "predicate" for one in markers(value)) and self.definition is not None:
                raise self.refuse("predicate-call", f"{name} is a predicate: an action cannot ask it", node)
            return self.inline(function_of(value, "function"), node, skip=0)
        if name in ("range", "enumerate", "reversed") and value is None:
            raise self.refuse("range", f"{name}() stands where something is iterated, and is no value", node)
        names = self.scope.function.python.__globals__
        known = [
            one for one, what in names.items() if isinstance(what, FunctionType) and what.__module__ != lang.__name__
        ]
        help = suggestion(name, [*known, "any", "all", "sum", "min", "max", "len", "tuple", "frozenset", "range"])
        raise self.refuse("unknown-function", f"{name}() is not known here", node, help)

    def construct(self, cls: type, node: ast.Call) -> ir.Expr:
        struct = self.resolver.struct(cls)
        names = [name for name, _ in struct.fields]
        given: dict[str, ast.expr] = {}
        if len(node.args) > len(names):
            raise self.refuse("too-many-values", f"{struct.name} has {len(names)} fields, not {len(node.args)}", node)
        for name, one in zip(names, node.args, strict=False):
            given[name] = one
        for keyword in node.keywords:
            if keyword.arg not in names:
                raise self.refuse(
                    "unknown-attribute",
                    f"{struct.name} has no field {keyword.arg}",
                    node,
                    suggestion(str(keyword.arg), names),
                )
            given[keyword.arg] = keyword.value
        values = []
        for name, type_ in struct.fields:
            if name in given:
                value = self.expression(given[name])
                self.fits(value, type_, given[name], f"{struct.name}.{name}")
                values.append(value)
                continue
            default = next(one.default for one in fields(cls) if one.name == name)
            if default.__class__.__name__ == "_MISSING_TYPE":
                raise self.refuse("missing-value", f"{struct.name} needs a value for {name}", node)
            values.append(self.constant(default, node))
        return ir.MakeStruct(struct, tuple(values))

    def inline(self, function: Function, node: ast.Call, skip: int) -> ir.Expr:
        if any(one.function.python is function.python for one in self.scopes):
            raise self.refuse("recursion", f"{function.name} calls itself", node, "use a bounded `for`")
        if len(self.scopes) > INLINE_DEPTH_MAX:
            raise self.refuse("deep-call", f"helpers call each other more than {INLINE_DEPTH_MAX} deep", node)
        parameters = function.node.args.args[skip:]
        if node.keywords or len(node.args) != len(parameters) or function.node.args.vararg or function.node.args.kwarg:
            raise self.refuse(
                "helper-arguments", f"{function.name} takes {len(parameters)} arguments, given by position", node
            )
        self.calls += 1
        prefix = f"{self.scope.prefix}{function.name}{self.calls}."
        scope = Scope(function, prefix)
        returns = _returns_something(function.node)
        nothing = isinstance(function.node.returns, ast.Constant) and function.node.returns.value is None
        scope.result = f"{prefix}result" if returns and not nothing else ""
        bound = []
        for parameter, argument in zip(parameters, node.args, strict=True):
            if isinstance(argument, ast.Name) and argument.id in self.scope.actors:
                scope.actors[parameter.arg] = self.scope.actors[argument.id]
                continue
            value = self.expression(argument)
            unique = f"{prefix}{parameter.arg}"
            scope.names[parameter.arg] = unique
            scope.sure.add(parameter.arg)
            self.locals[unique] = self.joined(self.locals.get(unique), value.type, argument)
            bound.append((unique, value))
        if scope.result and not _returns(function.node.body):
            raise self.refuse(
                "no-return-value", f"{function.name} may end without returning a value", node,
                "end it with `return ...`",
            )  # fmt: skip
        mistakes = len(self.diagnostics)
        problem = signature_problem(function) if function.kind == "function" else None
        if problem is not None:  # Those of an actor have been told with its declarations.
            self.diagnostics.append(problem)
        self.scopes.append(scope)
        outer, self.pure = self.pure, self.pure or self.history_allowed
        try:
            body = self.block(function.node.body)
        finally:
            self.scopes.pop()
            self.pure = outer
        self.changed_at = self.changed_at or scope.jumped
        type_ = self.locals.get(scope.result) if scope.result else NONE
        if type_ is None and len(self.diagnostics) > mistakes:
            raise Silent
        if type_ is None:
            raise self.refuse("return-value", f"{function.name} returns no value", node)
        return ir.Inline(type_, function, tuple(bound), body, scope.result)

    def built_in(self, name: str, node: ast.Call) -> ir.Expr:
        with self.block_names():
            match name, node.args:
                case "any" | "all" | "sum" | "min" | "max", [ast.GeneratorExp(elt=body, generators=clauses)]:
                    return self.fold(name, body, clauses, node)
                case "any" | "all" | "sum" | "min" | "max", [single]:
                    element = ast.copy_location(ast.Name("each_one", ast.Load()), single)
                    clause = ast.comprehension(
                        ast.copy_location(ast.Name("each_one", ast.Store()), single), single, [], 0
                    )
                    return self.fold(name, element, [clause], node)
                case "min" | "max", [_, _, *_]:
                    values = tuple(self.integer(one) for one in node.args)
                    return ir.Extreme(_extreme_type(name, values), name, values)
                case "abs", [single]:
                    value = self.integer(single)
                    low, high = bounds(value)
                    known = low is not None and high is not None
                    return ir.Absolute(IntType(0, max(abs(low or 0), abs(high or 0))) if known else INT, value)
                case "len", [single]:
                    return self.length(single, node)
                case "frozenset" | "set" | "tuple", []:
                    empty: Type = SequenceType(None, 0) if name == "tuple" else SetType(None)  # type: ignore[arg-type]
                    return ir.MakeSequence(empty, ()) if name == "tuple" else ir.MakeSet(empty, ())
                case "frozenset" | "set", [ast.GeneratorExp(elt=body, generators=clauses)]:
                    return self.collect_set(body, clauses, node)
                case "frozenset" | "set", [ast.Set() | ast.SetComp() as inner]:
                    return self.expression(inner)
                case "frozenset" | "set", [single]:
                    name_ = ast.copy_location(ast.Name("each_one", ast.Load()), single)
                    clause = ast.comprehension(
                        ast.copy_location(ast.Name("each_one", ast.Store()), single), single, [], 0
                    )
                    return self.collect_set(name_, [clause], node)
                case "tuple", [ast.GeneratorExp(elt=body, generators=clauses)]:
                    return self.collect_sequence(body, clauses, node)
                case "tuple", [single]:
                    name_ = ast.copy_location(ast.Name("each_one", ast.Load()), single)
                    clause = ast.comprehension(
                        ast.copy_location(ast.Name("each_one", ast.Store()), single), single, [], 0
                    )
                    return self.collect_sequence(name_, [clause], node)
        raise self.refuse("built-in", f"`{ast.unparse(node)}` is not a use of {name}() that is known here", node)

    def length(self, node: ast.expr, whole: ast.AST) -> ir.Expr:
        base = self.unwrapped(self.expression(node), node)
        match base.type:
            case SequenceType(_, length):
                return ir.Length(IntType(0, length), base)
            case SetType(item):
                return ir.Length(IntType(0, 0 if item is None else size(item)), base)
            case MapType(key, _):
                return ir.Const(IntType(size(key), size(key)), size(key))
        raise self.refuse("length", f"{base.type} has no length", whole)

    def fold(self, kind: str, body: ast.expr, clauses: Sequence[ast.comprehension], node: ast.Call) -> ir.Expr:
        default = None
        for keyword in node.keywords:
            if keyword.arg != "default" or kind not in ("min", "max"):
                raise self.refuse("built-in", f"{kind}() has no argument {keyword.arg} here", node)
            default = self.expression(keyword.value)
        generators = self.generators(clauses)
        count = 1
        for one in generators:
            count *= many(one.over)
        if kind in ("any", "all"):
            return ir.Fold(BOOL, kind, generators, self.condition(body))
        value = self.expression(body)
        if isinstance(value.type, BoolType) and kind == "sum":
            value = ir.Conditional(IntType(0, 1), value, ir.Const(IntType(1, 1), 1), ir.Const(IntType(0, 0), 0))
        value = self.unwrapped(value, body)
        if not isinstance(value.type, IntType):
            raise self.refuse("not-an-integer", f"{kind}() needs integers, not {value.type}", body)
        low, high = bounds(value)
        if kind == "sum":
            known = low is not None and high is not None
            type_: Type | None = IntType(min(0, (low or 0) * count), max(0, (high or 0) * count)) if known else INT
        else:
            type_ = self.joined(value.type, default.type if default else None, node)
        assert type_ is not None
        return ir.Fold(type_, kind, generators, value, default)

    def collect_set(self, body: ast.expr, clauses: Sequence[ast.comprehension], node: ast.AST) -> ir.Expr:
        with self.block_names():
            generators = self.generators(clauses)
            value = self.expression(body)
            return ir.CollectSet(self.set_type([value.type], node), generators, value)

    def collect_sequence(self, body: ast.expr, clauses: Sequence[ast.comprehension], node: ast.AST) -> ir.Expr:
        generators = self.generators(clauses)
        value = self.expression(body)
        length = 1
        for one in generators:
            length *= many(one.over)
        return ir.CollectSequence(self.sequence_of(value.type, length, node), generators, value)

    def sequence_of(self, item: Type | None, length: int, node: ast.AST) -> SequenceType:
        if length > SEQUENCE_SIZE_MAX:
            text = f"this sequence can have {length} items; at most {SEQUENCE_SIZE_MAX}"
            raise self.refuse("long-sequence", text, node, "give what it is made of smaller bounds")
        return SequenceType(item, length)  # type: ignore[arg-type]


# --- Types of expressions -------------------------------------------------------------------------------------------


def bounds(expression: ir.Expr) -> tuple[int | None, int | None]:
    type_ = expression.type
    return (type_.low, type_.high) if isinstance(type_, IntType) else (None, None)


def _arithmetic_type(operator: str, left: ir.Expr, right: ir.Expr) -> IntType:
    (a, b), (c, d) = bounds(left), bounds(right)
    if operator in ("%", "//") and c is not None and c > 0 and d is not None:
        if operator == "%":
            return IntType(0, d - 1)
        if a is not None and b is not None:
            return IntType(min(a // c, a // d), max(b // c, b // d))
    if a is None or b is None or c is None or d is None or operator in ("%", "//"):
        return INT
    if operator == "+":
        low, high = a + c, b + d
    elif operator == "-":
        low, high = a - d, b - c
    else:
        products = (a * c, a * d, b * c, b * d)
        low, high = min(products), max(products)
    return IntType(low, high) if low >= -NUMBER_MAX and high <= NUMBER_MAX else INT


def _extreme_type(kind: str, given: Sequence[ir.Expr]) -> IntType:
    least = min if kind == "min" else max
    lows, highs = zip(*map(bounds, given), strict=True)
    return INT if None in lows or None in highs else IntType(least(lows), least(highs))


def _without_bounds(before: Type | None, now: Type | None) -> Type | None:
    """The type with those integers that have changed since as unbounded ones."""
    match before, now:
        case IntType(), IntType() if before != now:
            return INT
        case OptionalType(inner), OptionalType(other):
            return OptionalType(_without_bounds(inner, other) or NONE)
        case SequenceType(inner, _), SequenceType(other, length):
            return SequenceType(_without_bounds(inner, other), length)  # type: ignore[arg-type]
    return now


def _calls(node: ast.AST) -> bool:
    return any(isinstance(one, ast.Call) for one in ast.walk(node))


def many(over: ir.Over) -> int:
    """The greatest number of items."""
    if over.kind == "range":
        low, high = bounds(over.sources[0])[0], bounds(over.sources[1])[1]
        return max(0, (high or 0) - (low or 0))
    if over.kind == "actors":
        return 64
    match over.sources[0].type:
        case SequenceType(_, length):
            return length
        case SetType(item):
            return 0 if item is None else size(item) or 0
        case MapType(key, _):
            return size(key) or 0
    return 0


def assignable(given: Type, wanted: Type) -> bool:
    """Whether a value of one type may be stored in a place of the other, ranges aside: those are checked as it runs."""
    match given, wanted:
        case IntType(), IntType():
            return True
        case IdType(), IdType():
            return True
        case NoneType(), OptionalType():
            return True
        case OptionalType(inner), OptionalType(other):
            return assignable(inner, other)
        case OptionalType(inner), _:
            return assignable(inner, wanted)
        case _, OptionalType(inner):
            return assignable(given, inner)
        case SequenceType(item, _), SequenceType(other, _):
            return item is None or assignable(item, other)
        case SetType(item), SetType(other):
            return item is None or assignable(item, other)
    return given == wanted


def _is_message(type_: Type) -> bool:
    return isinstance(type_, StructType) and getattr(type_.cls, "__checker_kind__", "") == "message"


def _ends(body: Sequence[ast.stmt], how: tuple[type, ...] = (ast.Return, ast.Break, ast.Continue)) -> bool:
    """Whether nothing behind these statements is reached through them."""
    last = body[-1] if body else None
    if isinstance(last, ast.If):
        return _ends(last.body, how) and _ends(last.orelse, how)
    return isinstance(last, how)


def _returns(body: Sequence[ast.stmt]) -> bool:
    return _ends(body, (ast.Return,))


@cache
def _returns_something(node: ast.FunctionDef) -> bool:
    return any(isinstance(one, ast.Return) and one.value is not None for one in ast.walk(node))
