"""Random models for the engines to agree on: actor files, as text, and a spec for each.

Everything that is written here is meant to be accepted by the front end, and to go wrong now and then as it runs: an
index outside, a division by zero, a value that leaves its bounds, a full link, ``None`` where something is needed.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
HEAD = '''\
"""A random model."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import (
    ActorId, Below, Between, Durable, History, MaxLen, Of, UpTo, Volatile, action, actor, anything, broadcast, choose,
    each, ensure, ignore, message, on, on_restart, one_of, predicate, quiet, replace, require, send, struct, suspected,
)

'''


@functools.cache
def _below(end: int) -> st.SearchStrategy[int]:
    return st.integers(0, end - 1)


@dataclass(frozen=True)
class Kind:
    """A type of the actor language: its annotation, and what is inside."""

    tag: str  # bool, int, enum, id, option, struct, set, sequence, map
    text: str
    low: int = 0  # of an integer
    high: int = 0  # of an integer; of a sequence, its length
    inside: tuple[Kind, ...] = ()
    names: tuple[str, ...] = ()  # members, or fields

    @property
    def size(self) -> int:
        """How many values; 0 if they are not counted (sequences, sets, maps)."""
        if self.tag == "bool":
            return 2
        if self.tag == "int":
            return self.high - self.low + 1
        if self.tag == "enum":
            return len(self.names)
        if self.tag == "id":
            return 6
        if self.tag == "option":
            return self.inside[0].size and self.inside[0].size + 1
        if self.tag == "struct":
            total = 1
            for one in self.inside:
                total *= one.size
            return total
        return 0

    @property
    def startable(self) -> bool:
        """Whether a value can be written in a class body: an actor has no name there."""
        if self.tag == "id":
            return False
        return self.tag not in ("struct", "map") or all(
            one.startable for one in self.inside[-1 if self.tag == "map" else 0 :]
        )


BOOL = Kind("bool", "bool")


@dataclass(frozen=True)
class Path:
    """Something that can be read by name."""

    text: str
    kind: Kind
    tight: bool = True  # The front end knows the bounds of its integers.


@dataclass
class Helper:
    name: str
    parameters: tuple[Kind, ...]
    result: Kind | None
    pure: bool = True  # changes nothing: may stand in a guard


@dataclass
class ActorText:
    name: str
    group: str
    count: int
    wiring: list[Path] = field(default_factory=list)
    wired: dict[str, str] = field(default_factory=dict)  # in the spec
    fields: list[Path] = field(default_factory=list)
    history: list[Path] = field(default_factory=list)
    helpers: list[Helper] = field(default_factory=list)
    receives: dict[str, bool] = field(default_factory=dict)  # message -> handled (else ignored)
    targets: dict[str, str] = field(default_factory=dict)  # wiring of one actor -> its class
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Model:
    """Two files."""

    module: str
    spec: str


class Writer:
    """Writes one model. Earlier alternatives are the simpler ones: hypothesis shrinks towards them."""

    def __init__(self, below: Callable[[int], int]) -> None:
        self._below = below
        self.lines: list[str] = []
        self.ints: list[Kind] = []
        self.scalars: list[Kind] = []
        self.structs: list[Kind] = []
        self.messages: list[Kind] = []
        self.actors: list[ActorText] = []
        self.sent: set[str] = set()
        self.counter = 0
        self.network = "fifo"
        self.wild = False
        # Of the method that is being written:
        self.me: ActorText | None = None
        self.locals: list[Path] = []
        self.choices = 0
        self.history_allowed = False
        self.helpers: list[Helper] = []
        self.in_predicate = False
        self.changed = False
        self.assignable: list[Path] = []
        self.loops = 0

    # --- Drawing ----------------------------------------------------------------------------------------------------

    def below(self, end: int) -> int:
        return 0 if end <= 1 else self._below(end)

    def chance(self, percent: int) -> bool:
        return self.below(100) >= 100 - percent

    def pick(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]

    def fresh(self, stem: str) -> str:
        self.counter += 1
        return f"{stem}{self.counter}"

    # --- Types ------------------------------------------------------------------------------------------------------

    def declare_types(self) -> None:
        for name in ("Small", "Signed", "Tiny")[: 1 + self.below(3)]:
            low = (0, -2, 1)[("Small", "Signed", "Tiny").index(name)]
            high = low + 1 + self.below(3)
            if low == 0:
                bounds = self.pick([f"UpTo({high})", f'UpTo("limit + {high - 2}")', f"Below({high + 1})"])
            else:
                bounds = f"Between({low}, {high})"
            self.lines.append(f"{name} = Annotated[int, {bounds}]")
            self.ints.append(Kind("int", name, low, high))
        colour = Kind("enum", "Colour", names=("RED", "GREEN", "BLUE")[: 2 + self.below(2)])
        self.lines += ["", "", "class Colour(enum.Enum):", *(f"    {one} = {i}" for i, one in enumerate(colour.names))]
        self.scalars = [*self.ints, BOOL, colour]
        if self.chance(60):
            fields = [self.kind(1) for _ in range(1 + self.below(3))]
            self.structs.append(self.record("struct", "Pair", fields))

    def record(self, marker: str, name: str, fields: Sequence[Kind]) -> Kind:
        names = tuple(f"{name.lower()}_{letter}" for letter in "abcd"[: len(fields)])
        self.lines += ["", "", f"@{marker}", f"class {name}:"]
        self.lines += [f"    {one}: {kind.text}" for one, kind in zip(names, fields, strict=True)] or ["    pass"]
        return (
            Kind(marker, name, inside=tuple(fields), names=names)
            if marker == "message"
            else Kind("struct", name, inside=tuple(fields), names=names)
        )

    def scalar(self) -> Kind:
        return self.pick([*self.scalars, *([Kind("id", "ActorId")] if self.chance(30) else [])])

    def element(self) -> Kind:
        """Of a set, or key of a map."""
        one = self.pick([*self.scalars, Kind("id", "ActorId")])
        if self.chance(15):
            one = Kind("option", f"{one.text} | None", inside=(one,))
        small = [each for each in self.structs if 0 < each.size <= 130]
        return self.pick(small) if small and self.chance(15) else one

    def kind(self, depth: int = 2) -> Kind:
        which = self.below(10)
        if which < 4 or depth == 0:
            return self.scalar()
        if which == 4:
            inner = self.scalar() if depth < 2 or not self.structs else self.pick([self.scalar(), *self.structs])
            return Kind("option", f"{inner.text} | None", inside=(inner,))
        if which <= 6:
            item = self.element()
            return Kind("set", f"frozenset[{item.text}]", inside=(item,))
        if which <= 8 or depth < 2:
            item = self.pick([self.scalar(), self.element(), *self.structs])
            length = 1 + self.below(3)
            return Kind(
                "sequence", f"Annotated[tuple[{item.text}, ...], MaxLen({length})]", high=length, inside=(item,)
            )
        if self.structs and self.chance(50):
            return self.pick(self.structs)
        key, value = self.element(), self.kind(1)
        if key.size > 12:
            key = BOOL
        return Kind("map", f"dict[{key.text}, {value.text}]", inside=(key, value))

    def start(self, kind: Kind) -> str:
        """A value for a class body."""
        if kind.tag == "bool":
            return self.pick(["False", "True"])
        if kind.tag == "int":
            return str(kind.low + self.below(kind.high - kind.low + 1))
        if kind.tag == "enum":
            return f"{kind.text}.{self.pick(kind.names)}"
        if kind.tag == "option":
            return self.start(kind.inside[0]) if kind.inside[0].startable and self.chance(40) else "None"
        if kind.tag == "struct":
            return f"{kind.text}({', '.join(map(self.start, kind.inside))})"
        if kind.tag == "set":
            item = kind.inside[0]
            return f"frozenset({{{self.start(item)}}})" if item.startable and self.chance(50) else "frozenset()"
        if kind.tag == "sequence":
            item = kind.inside[0]
            return f"({self.start(item)},)" if item.startable and self.chance(50) else "()"
        return f"each({self.start(kind.inside[1])})"

    # --- Reading ----------------------------------------------------------------------------------------------------

    def paths(self) -> Iterator[Path]:
        yield from self.locals
        if self.me is not None:
            yield from self.me.fields
            if self.history_allowed:
                yield from self.me.history
            yield from self.me.wiring

    def readable(self, wanted: Callable[[Kind], bool], tight: bool = False) -> list[Path]:
        """Paths of such a kind, a struct's fields included."""
        found = []
        for one in self.paths():
            if tight and not one.tight:
                continue
            if wanted(one.kind):
                found.append(one)
            if one.kind.tag in ("struct", "message"):
                for name, kind in zip(one.kind.names, one.kind.inside, strict=True):
                    if wanted(kind):
                        found.append(Path(f"{one.text}.{name}", kind))
        return found

    @contextmanager
    def scope(self) -> Iterator[None]:
        before, assignable = list(self.locals), list(self.assignable)
        try:
            yield
        finally:
            self.locals, self.assignable = before, assignable

    # --- Expressions ------------------------------------------------------------------------------------------------

    def expression(self, kind: Kind, depth: int = 2, tight: bool = False) -> str:
        same = self.readable(lambda one: one == kind, tight)
        if same and (depth <= 0 or self.chance(35)):
            return self.pick(same).text
        if depth > 0 and self.chance(8):
            condition = self.condition(depth - 1)
            then, otherwise = self.expression(kind, depth - 1, tight), self.expression(kind, depth - 1, tight)
            return f"({then} if {condition} else {otherwise})"
        if depth > 0 and kind.tag != "int" and self.chance(10):
            inside = self.item_of(lambda one: one == kind, depth)
            if inside:
                return inside
        if depth > 0 and self.chance(8):
            called = self.call(lambda one: one == kind)
            if called and not tight:
                return called
        return self.by_tag(kind, depth, tight)

    def by_tag(self, kind: Kind, depth: int, tight: bool) -> str:
        if kind.tag == "bool":
            return self.condition(depth)
        if kind.tag == "int":
            return self.fitting(kind, depth, tight)
        if kind.tag == "enum":
            return f"{kind.text}.{self.pick(kind.names)}"
        if kind.tag == "id":
            return self.identity(depth)
        if kind.tag == "option":
            return "None" if self.chance(30) else self.expression(kind.inside[0], depth - 1, tight)
        if kind.tag == "struct":
            return self.construction(kind, depth)
        if kind.tag == "set":
            return self.set_of(kind, depth)
        if kind.tag == "sequence":
            return self.sequence_of(kind, depth)
        raise AssertionError(kind)

    def construction(self, kind: Kind, depth: int) -> str:
        whole = self.readable(lambda one: one == kind)
        if whole and kind.names and depth > 0 and self.chance(30):
            at = self.below(len(kind.names))
            return f"replace({self.pick(whole).text}, {kind.names[at]}={self.expression(kind.inside[at], depth - 1)})"
        values = [self.expression(one, depth - 1) for one in kind.inside]
        if values and self.chance(20):
            values[-1] = f"{kind.names[-1]}={values[-1]}"
        return f"{kind.text}({', '.join(values)})"

    def identity(self, depth: int) -> str:
        options = [one.text for one in self.readable(lambda one: one.tag == "id")]
        if self.me is not None:
            for one in self.me.wiring:
                if one.kind.tag == "sequence":
                    options += [f"{one.text}[0]", f"{one.text}[-1]"]
                    if depth > 0 and self.may_choose():
                        options.append(f"choose({one.text})")
        if not options or (depth > 0 and self.chance(10)):
            known = self.readable(lambda one: one.tag == "option" and one.inside[0].tag == "id")
            options += [one.text for one in known]
        found = self.pick(options) if options else "NOBODY"
        self.choices += found.startswith("choose")
        return found

    def fitting(self, kind: Kind, depth: int, tight: bool) -> str:
        """An integer for a place with bounds; seldom one that may not fit."""
        if depth <= 0 or self.chance(30):
            return str(kind.low + self.below(kind.high - kind.low + 1))
        text = self.integer(depth, tight)
        if self.wild and self.chance(40):
            return text
        how = self.below(3)
        if how == 0:
            return f"min(max({text}, {kind.low}), {kind.high})"
        if how == 1:
            return f"({text}) % {kind.high - kind.low + 1} + {kind.low}"
        known = [one for one in self.readable(lambda one: one == kind, tight) if one.tight]
        return self.pick(known).text if known else str(kind.low)

    def integer(self, depth: int, tight: bool = False) -> str:
        known = self.readable(lambda one: one.tag == "int", tight)
        which = self.below(13) if depth > 0 else self.below(3)
        if which <= 2 or (which == 12 and not self.may_choose()):
            return self.pick(known).text if known and which else str(self.below(7) - 2)
        if which == 3:
            return f"{self.integer(depth - 1, tight)} {self.pick('+-*')} {self.integer(0, tight)}"
        if which == 4:
            return f"({self.integer(depth - 1, tight)}) {self.pick(['+', '-'])} ({self.integer(depth - 1, tight)})"
        if which == 5:
            collection = self.collection()
            return f"len({collection[0]})" if collection else "0"
        if which == 6:
            return self.item_of(lambda one: one.tag == "int", depth) or "1"
        if which == 7:
            left, right = self.integer(depth - 1, tight), self.integer(depth - 1, tight)
            return self.pick([f"min({left}, {right})", f"max({left}, {right})", f"abs({left})", f"-({right})"])
        if which == 8:
            condition = self.condition(depth - 1)
            return f"({self.integer(depth - 1, tight)} if {condition} else {self.integer(depth - 1, tight)})"
        if which == 9:
            return self.fold(depth, tight)
        if which == 10:
            divisor = self.pick(["2", "3", "1"]) if tight or self.chance(50) else f"({self.integer(depth - 1)})"
            return f"({self.integer(depth - 1, tight)}) {self.pick(['//', '%'])} {divisor}"
        if which == 11:
            called = None if tight else self.call(lambda one: one.tag == "int")
            options = self.readable(lambda one: one.tag == "option" and one.inside[0].tag == "int", tight)
            return called or (self.pick(options).text if options else "2")
        return self.chosen(lambda one: one.tag == "int", depth) or "1"

    def fold(self, depth: int, tight: bool) -> str:
        default = self.integer(0, tight)
        with self.scope():
            clauses = self.clauses(depth)
            body = self.integer(depth - 1, tight)
            which = self.below(4)
            if which == 0:
                return f"sum({body} {clauses})"
            if which == 1:
                return f"sum({self.condition(depth - 1)} {clauses})"
            if which == 2:
                return f"{self.pick(['min', 'max'])}(({body} {clauses}), default={default})"
            return f"{self.pick(['min', 'max'])}({body} {clauses})" if self.wild else "3"

    def condition(self, depth: int) -> str:
        known = self.readable(lambda one: one.tag == "bool")
        which = self.below(13) if depth > 0 else self.below(2)
        if which <= 1:
            if known and which:
                return self.pick(known).text
            return f"{self.integer(0)} {self.pick(['==', '<', '<=', '!=', '>', '>='])} {self.integer(0)}"
        if which == 2:
            return (
                f"{self.integer(depth - 1)} {self.pick(['==', '<', '<=', '!=', '>', '>='])} {self.integer(depth - 1)}"
            )
        if which == 3:
            return f"(not {self.condition(depth - 1)})"
        if which == 4:
            return f"({self.condition(depth - 1)} {self.pick(['and', 'or'])} {self.condition(depth - 1)})"
        if which == 5:
            kind = self.pick([one.kind for one in self.paths() if one.kind.tag not in ("map", "message")] or [BOOL])
            if kind.tag == "sequence" and kind.inside[0].tag == "id" and not kind.high:
                kind = BOOL
            left, right = self.expression(kind, depth - 1), self.expression(kind, depth - 1)
            return f"({left}) {self.pick(['==', '!='])} ({right})"
        if which == 6:
            known = self.readable(lambda one: one.tag in ("set", "sequence", "map"))
            if known:
                one = self.pick(known)
                item = self.expression(one.kind.inside[0], depth - 1)
                return f"(({item}) {self.pick(['in', 'not in'])} {one.text})"
        if which == 7:
            known = self.readable(lambda one: one.tag == "option")
            if known:
                return f"{self.pick(known).text} {self.pick(['is', 'is not'])} None"
        if which in (8, 9):
            with self.scope():
                clauses = self.clauses(depth)
                return f"{self.pick(['any', 'all'])}({self.condition(depth - 1)} {clauses})"
        if which == 10:
            known = self.readable(lambda one: one.tag == "set")
            if known:
                one = self.pick(known)
                return f"{one.text} {self.pick(['<=', '<', '>=', '>'])} {self.expression(one.kind, depth - 1)}"
        if which == 11 and not self.in_predicate:
            verb = self.pick(["suspected", "quiet"]) if self.network == "fifo" else "suspected"
            target = self.identity(0)
            return f"{verb}({target})" if target != "NOBODY" else "True"
        called = self.call(lambda one: one == BOOL)
        return called or f"{self.integer(0)} <= {self.integer(0)} < {self.integer(0)}"

    def call(self, wanted: Callable[[Kind], bool]) -> str | None:
        able = [one for one in self.helpers if one.result is not None and wanted(one.result)]
        return self.call_of(self.pick(able)) if able else None

    def call_of(self, one: Helper) -> str:
        self.changed = self.changed or not one.pure
        return f"{one.name}({', '.join(self.expression(kind, 1) for kind in one.parameters)})"

    def item_of(self, wanted: Callable[[Kind], bool], depth: int) -> str | None:
        """An item of a sequence or map."""
        known = self.readable(lambda one: one.tag in ("sequence", "map") and wanted(one.inside[-1]))
        if not known:
            return None
        one = self.pick(known)
        if one.kind.tag == "map":
            return f"{one.text}[{self.expression(one.kind.inside[0], depth - 1)}]"
        index = self.pick(["0", "-1", "1", self.integer(depth - 1)])
        return f"{one.text}[{index}]"

    def collection(self) -> tuple[str, Kind] | None:
        known = self.readable(lambda one: one.tag in ("set", "sequence", "map"))
        if not known:
            return None
        one = self.pick(known)
        if one.kind.tag == "sequence" and self.chance(25):
            return self.sliced(one.text), one.kind
        return one.text, one.kind

    def sliced(self, text: str) -> str:
        return text + self.pick(
            ["[1:]", "[:-1]", f"[{self.integer(1)}:]", f"[:{self.integer(1)}]", "[-2:]", "[0:1]", "[1:3]"]
        )

    def clauses(self, depth: int) -> str:
        text = self.clause(depth)
        if self.chance(20):
            text += " " + self.clause(depth - 1, new=True)
        return text

    def clause(self, depth: int, *, new: bool = False) -> str:
        """``for ... in ...``; the variables of an inner clause are new: Python knows them from the beginning."""
        names, over = self.iterated(
            depth, lambda: self.fresh("e") if new or self.chance(50) else self.pick(["x", "y", "z"])
        )
        condition = f" if {self.condition(depth - 1)}" if self.chance(35) else ""
        return f"for {names} in {over}{condition}"

    def iterated(self, depth: int, name: Callable[[], str]) -> tuple[str, str]:
        """Something to iterate, and names for its items, which are locals from here on."""
        which = self.below(8)
        collection = self.collection()
        if which <= 1 or collection is None:
            return self.iterated_range(name)
        if which == 2:
            colour = next(one for one in self.scalars if one.tag == "enum")
            return self.bound(name, [colour]), "Colour"
        if which == 3:
            kind = self.scalar()
            if kind.tag == "id" and not self.readable(lambda one: one.tag == "id"):
                kind = BOOL
            items = [self.expression(kind, depth - 1, True) for _ in range(1 + self.below(2))]
            return self.bound(name, [kind]), f"({', '.join(items)},)"
        text, kind = collection
        if kind.tag == "map":
            form = self.below(4)
            if form == 0:
                return self.bound(name, [kind.inside[0]]), self.pick([text, f"{text}.keys()"])
            if form == 1:
                return self.bound(name, [kind.inside[1]]), f"{text}.values()"
            return self.bound(name, [kind.inside[0], kind.inside[1]]), f"{text}.items()"
        if kind.tag == "sequence":
            form = self.below(4)
            if form == 1:
                return self.bound(name, [Kind("int", "int", 0, kind.high), kind.inside[0]]), f"enumerate({text})"
            if form == 2:
                return self.bound(name, [kind.inside[0]]), f"reversed({text})"
        elif self.chance(30):
            text = self.set_of(kind, 1).replace("frozenset()", text)
        return self.bound(name, [kind.inside[0]]), text

    def iterated_range(self, name: Callable[[], str]) -> tuple[str, str]:
        known = [one.text for one in self.readable(lambda one: one.tag == "int", tight=True) if one.tight]
        end = self.pick(["2", "3", *known])
        text = self.pick([f"range({end})", f"range({self.pick(['-1', '1', *known])}, {end})"])
        text = f"reversed({text})" if self.chance(25) else text
        return self.bound(name, [Kind("int", "int", -3, 5)]), text

    def bound(self, name: Callable[[], str], kinds: Sequence[Kind]) -> str:
        names: list[str] = []
        for kind in kinds:
            one = name()
            while one in names:
                one = self.fresh("e")
            names.append(one)
            self.locals = [each for each in self.locals if each.text != one]
            self.locals.append(Path(one, kind))
        return ", ".join(names)

    def may_choose(self) -> bool:
        return not (self.in_predicate or self.history_allowed) and self.choices < 2 and self.loops == 0

    def chosen(self, wanted: Callable[[Kind], bool], depth: int) -> str | None:
        """``choose`` over something whose items are wanted."""
        if not self.may_choose():
            return None
        self.choices += 1
        self.changed = True  # A helper that chooses cannot compute a history value.
        options = [
            one.text for one in self.readable(lambda one: one.tag in ("set", "sequence") and wanted(one.inside[0]))
        ]
        if wanted(self.ints[0]):
            options += ["range(2)", f"range(0, {self.pick(['2', *self.tight_ints()])})"]
        if wanted(BOOL):
            options.append("(False, True)")
        enum = next(one for one in self.scalars if one.tag == "enum")
        if wanted(enum):
            options.append("Colour")
        keys = [one.text for one in self.readable(lambda one: one.tag == "map" and wanted(one.inside[0]))]
        options += keys
        if depth > 0 and self.chance(50):
            with self.scope():
                clauses = self.clauses(depth)
                kind = next((one for one in (*self.ints, BOOL, enum) if wanted(one)), None)
                if kind is not None:
                    return f"choose({self.expression(kind, depth - 1, True)} {clauses})"
        return f"choose({self.pick(options)})" if options else None

    def tight_ints(self) -> list[str]:
        return [one.text for one in self.readable(lambda one: one.tag == "int", tight=True) if one.tight]

    def set_of(self, kind: Kind, depth: int) -> str:
        item = kind.inside[0]
        known = self.readable(lambda one: one == kind)
        which = self.below(6)
        if which <= 1 and known and depth > 0:
            operator = self.pick(["|", "-", "&", "^"])
            return f"({self.pick(known).text} {operator} {self.set_of(kind, depth - 1)})"
        if which == 2 and depth > 0:
            with self.scope():
                clauses = self.clauses(depth)
                return self.pick(["frozenset({})", "{{{}}}"]).format(
                    f"{self.expression(item, depth - 1, True)} {clauses}"
                )
        if which == 3 and known:
            return self.pick(known).text
        if which == 4:
            return "frozenset()"
        if item.tag == "id" and not self.readable(lambda one: one.tag == "id"):
            return "frozenset()"
        items = [self.expression(item, depth - 1, True) for _ in range(1 + self.below(2))]
        return f"{{{', '.join(items)}}}"

    def sequence_of(self, kind: Kind, depth: int) -> str:
        item = kind.inside[0]
        known = self.readable(lambda one: one == kind)
        which = self.below(6)
        if which <= 1 and known and depth > 0:
            one = self.pick(known).text
            return self.pick(
                [f"({one} + ({self.expression(item, depth - 1)},))", f"(({self.expression(item, depth - 1)},) + {one})"]
            )
        if which == 2 and known:
            return self.sliced(self.pick(known).text)
        if which == 3 and depth > 0:
            with self.scope():
                clauses = self.clauses(depth)
                return f"tuple({self.expression(item, depth - 1)} {clauses})"
        if which == 4:
            return "()"
        if item.tag == "id" and not self.readable(lambda one: one.tag == "id"):
            return "()"
        return f"({self.expression(item, depth - 1)},)"

    # --- Statements -------------------------------------------------------------------------------------------------

    def block(self, count: int, depth: int, indent: str, *, ends: bool = True) -> list[str]:
        with self.scope():
            found: list[str] = []
            for _ in range(count):
                found += self.statement(depth, indent)
            if ends and self.chance(10):
                found.append(indent + self.ending())
            return found or [f"{indent}pass"]

    def ending(self) -> str:
        return self.pick(["break", "continue"]) if self.loops and self.chance(60) else self.early_return()

    def early_return(self) -> str:
        return "pass" if self.result is not None else "return"

    result: Kind | None = None

    def statement(self, depth: int, indent: str) -> list[str]:
        which = self.below(14)
        if which <= 3:
            return [indent + self.field_change()]
        if which == 4:
            return self.map_change(indent)
        if which <= 6:
            return [indent + self.local_change()]
        if which == 7 and not self.in_predicate and self.me is not None:
            return [indent + self.sending()]
        if which in (8, 9) and depth > 0:
            return self.branching(depth, indent)
        if which in (10, 11) and depth > 0:
            return self.looping(depth, indent)
        if which == 12:
            if self.wild and self.chance(40):
                return [f"{indent}assert {self.condition(1)}"]
            doers = [one for one in self.helpers if one.result is None]
            if doers and not self.in_predicate:
                return [indent + self.call_of(self.pick(doers))]
        return [indent + self.field_change()]

    def field_change(self) -> str:
        if self.me is None or self.in_predicate:
            return self.local_change()
        able = [*self.me.fields, *self.me.history]
        if not able:
            return self.local_change()
        one = self.pick(able)
        self.changed = True
        self.history_allowed = one in self.me.history
        every, self.helpers = self.helpers, [one for one in self.helpers if one.pure or not self.history_allowed]
        try:
            if one.kind.tag == "map":
                return self.map_store(one)
            if self.chance(35):
                if one.kind.tag == "int":
                    return (
                        f"{one.text} {self.pick(['+=', '-=', '*='])} {self.integer(1)}"
                        if self.wild
                        else (f"{one.text} = ({one.text} + 1) % {one.kind.high - one.kind.low + 1} + {one.kind.low}")
                    )
                if one.kind.tag == "set":
                    return f"{one.text} {self.pick(['|=', '-=', '&=', '^='])} {self.set_of(one.kind, 1)}"
                if one.kind.tag == "sequence":
                    if self.wild:
                        return f"{one.text} += ({self.expression(one.kind.inside[0], 1)},)"
                    return f"{one.text} = ({one.text} + ({self.expression(one.kind.inside[0], 1)},))[-{one.kind.high}:]"
            return f"{one.text} = {self.expression(one.kind, 2)}"
        finally:
            self.history_allowed, self.helpers = False, every

    def map_store(self, one: Path) -> str:
        self.changed = True
        key, value = one.kind.inside
        before, self.history_allowed = self.history_allowed, False
        target = f"{one.text}[{self.expression(key, 1)}]"
        self.history_allowed = before
        if value.tag == "set" and self.chance(30):
            return f"{target} |= {self.set_of(value, 1)}"
        return f"{target} = {self.expression(value, 2)}"

    def map_change(self, indent: str) -> list[str]:
        maps = [] if self.me is None or self.in_predicate else [one for one in self.me.fields if one.kind.tag == "map"]
        return [indent + (self.map_store(self.pick(maps)) if maps else self.local_change())]

    def local_change(self) -> str:
        if self.assignable and self.chance(40):
            one = self.pick(self.assignable)
            if one.kind.tag == "int" and self.chance(50):
                return f"{one.text} {self.pick(['+=', '-='])} {self.integer(1)}"
            return f"{one.text} = {self.expression(one.kind, 2)}"
        kind = self.scalar() if self.chance(60) else self.kind(1)
        if not self.writable_kind(kind):
            kind = BOOL
        chosen = (
            self.chosen(lambda one: one == kind or (one.tag == "int" and kind.tag == "int"), 1)
            if self.chance(35)
            else None
        )
        text = chosen or self.expression(kind, 2)
        name = self.fresh("v")
        annotated = kind.tag in ("set", "sequence", "option") or self.chance(15)
        made = Path(name, kind, tight=annotated or kind.tag != "int")
        self.locals.append(made)
        self.assignable.append(made)
        return f"{name}: {kind.text} = {text}" if annotated else f"{name} = {text}"

    def writable_kind(self, kind: Kind) -> bool:
        """Whether some value of it can be written here without an actor's name."""
        if kind.tag == "id":
            return bool(self.readable(lambda one: one.tag == "id"))
        if kind.tag == "struct":
            return all(map(self.writable_kind, kind.inside))
        return kind.tag != "map"

    def branching(self, depth: int, indent: str) -> list[str]:
        found = [f"{indent}if {self.condition(2)}:", *self.block(1 + self.below(2), depth - 1, indent + "    ")]
        if self.chance(25):
            found += [f"{indent}elif {self.condition(1)}:", *self.block(1, depth - 1, indent + "    ")]
        if self.chance(40):
            found += [f"{indent}else:", *self.block(1 + self.below(2), depth - 1, indent + "    ")]
        return found

    def looping(self, depth: int, indent: str) -> list[str]:
        with self.scope():
            names, over = self.iterated(1, lambda: self.fresh("i"))
            self.loops += 1
            body = self.block(1 + self.below(2), depth - 1, indent + "    ")
            self.loops -= 1
        return [f"{indent}for {names} in {over}:", *body]

    def sending(self) -> str:
        assert self.me is not None
        options: list[tuple[str, Kind]] = []
        for one in self.messages:
            handled = [each for each in self.actors if one.text in each.receives]
            if not handled:
                continue
            for name, cls in self.me.targets.items():
                if any(each.name == cls and one.text in each.receives for each in self.actors):
                    options.append((f"self.{name}", one))
            options += [(each.text, one) for each in self.locals if each.kind.tag == "id"]
            if len(handled) == len(self.actors) or self.wild:
                options += [(f"{each.text}[0]", one) for each in self.me.wiring if each.kind.tag == "sequence"]
            options += [
                (each.text, one)
                for each in self.me.fields
                if self.wild and each.kind.tag == "option" and each.kind.inside[0].tag == "id"
            ]
            if self.network == "set":
                options.append(("", one))
        if not options:
            return "pass"
        to, kind = self.pick(options)
        self.changed = True
        self.sent.add(kind.text)
        made = f"{kind.text}({', '.join(self.expression(one, 1) for one in kind.inside)})"
        return f"send({to}, {made})" if to else f"broadcast({made})"

    # --- Methods ----------------------------------------------------------------------------------------------------

    def begin(self, me: ActorText | None, locals: Iterable[Path] = (), *, result: Kind | None = None) -> None:
        self.me, self.locals, self.choices, self.loops = me, list(locals), 0, 0
        self.assignable, self.result, self.changed = [], result, False
        self.history_allowed = False

    def method_body(self, count: int) -> list[str]:
        indent = "        "
        found = []
        every, self.helpers = self.helpers, [one for one in self.helpers if one.pure]  # Guards come first.
        if self.chance(30):
            found.append(indent + self.local_change())
        for _ in range(self.pick([0, 1, 1, 2])):
            weaker = self.pick([" or True", "", f" or {self.condition(1)}"])
            found.append(f"{indent}require({self.condition(2)}{weaker})")
        self.helpers = every
        for _ in range(1 + self.below(count)):
            found += self.statement(2, indent)
        return found

    def write_helpers(self, me: ActorText) -> None:
        self.helpers = list(self.functions)
        for _ in range(self.below(3)):
            kinds = tuple(self.scalar() for _ in range(self.below(3)))
            result = self.pick([None, BOOL, *self.ints, self.scalar()])
            name = self.fresh("helper")
            parameters = [Path(f"p{i}", kind, tight=kind.tag != "int") for i, kind in enumerate(kinds)]
            self.begin(me, parameters, result=result)
            if result is not None and not self.writable_kind(result):
                result = BOOL
            signature = "".join(f", {one.text}: {one.kind.text}" for one in parameters)
            me.lines += ["", f"    def {name}(self{signature}) -> {result.text if result else 'None'}:"]
            self.choices = 1  # At most one choice in a helper: it may be called several times.
            body: list[str] = []
            for _ in range(self.below(3)):
                body += self.statement(1, "        ")
            if result is not None:
                if self.chance(50):
                    body += [f"        if {self.condition(1)}:", f"            return {self.expression(result, 1)}"]
                if self.chance(25):
                    with self.scope():
                        names, over = self.iterated(1, lambda: self.fresh("i"))
                        body += [f"        for {names} in {over}:", f"            if {self.condition(1)}:"]
                        body += [f"                return {self.expression(result, 1)}"]
                body.append(f"        return {self.expression(result, 2)}")
            me.lines += body or ["        pass"]
            self.helpers.append(Helper(f"self.{name}", kinds, result, pure=not self.changed))

    functions: Sequence[Helper] = ()

    def write_functions(self) -> None:
        if self.chance(40):
            self.helpers = []
            kind = self.pick(self.ints)
            self.begin(None, [Path("p", kind, tight=False), Path("q", BOOL)], result=kind)
            self.in_predicate = True  # Pure.
            self.lines += ["", "", f"def pure(p: {kind.text}, q: bool) -> {kind.text}:"]
            if self.chance(50):
                self.lines += [f"    if {self.condition(1)}:", f"        return {self.expression(kind, 1)}"]
            self.lines.append(f"    return {self.expression(kind, 2)}")
            self.in_predicate = False
            self.functions = [Helper("pure", (kind, BOOL), kind)]

    def write_actor(self, me: ActorText) -> None:
        me.lines += ["", "", "@actor", f"class {me.name}:"]
        me.lines += [f"    {one.text.removeprefix('self.')}: {one.kind.text}" for one in me.wiring]
        for number in range(1 + self.below(4)):
            kind = self.kind()
            if not kind.startable:
                kind = BOOL
            storage = self.pick(["Durable", "Durable", "Volatile", "History"])
            one = Path(f"self.f{number}", kind)
            (me.history if storage == "History" else me.fields).append(one)
            me.lines.append(f"    f{number}: {storage}[{kind.text}] = {self.initial(kind)}")
        for name, handled in me.receives.items():
            if not handled:
                me.lines.append(f'    _drop_{name.lower()} = ignore({name}, because="it is random")')
        self.write_helpers(me)
        for _ in range(1 + self.below(2)):
            self.begin(me)
            me.lines += ["", "    @action", f"    def {self.fresh('act')}(self) -> None:", *self.method_body(4)]
        for kind in self.messages:
            if me.receives.get(kind.text):
                self.begin(me, [Path("m", kind)])
                name = self.fresh("take")
                me.lines += [
                    "",
                    f"    @on({kind.text})",
                    f"    def {name}(self, m: {kind.text}) -> None:",
                    *self.method_body(3),
                ]
        if self.chance(25):
            self.begin(me)
            me.lines += ["", "    @on_restart", "    def recover(self) -> None:", *self.method_body(2)]

    def initial(self, kind: Kind) -> str:
        if kind.tag in ("bool", "int", "enum") and self.chance(15):
            return "anything()" if self.chance(50) else f"one_of({self.start(kind)}, {self.start(kind)})"
        return self.start(kind)

    def write_predicate(self, name: str) -> None:
        cls = self.pick(self.actors)
        every = cls.count > 1 or self.chance(50)
        self.helpers, self.in_predicate = list(self.functions), True
        body: list[str] = []
        readable = [Path(one.text.replace("self.", "a."), one.kind) for one in (*cls.fields, *cls.history, *cls.wiring)]
        limit = Path("limit", Kind("int", "int", 2, 2))
        self.begin(None, [limit])
        self.lines += [
            "",
            "",
            "@predicate",
            f"def {name}({f'xs: tuple[{cls.name}, ...]' if every else f'a: {cls.name}'}, limit: int) -> bool:",
        ]
        if every:
            self.locals = [*readable, limit]
            which = self.below(3)
            if which == 0:
                body.append("    for a in xs:")
                body.append(f'        ensure({self.condition(2)}, f"about {{limit}}")')
                body.append("    return True")
            elif which == 1:
                body.append(f"    return {self.pick(['any', 'all'])}({self.condition(2)} for a in xs)")
            else:
                body.append("    total = 0")
                body.append("    for a in xs:")
                body.append(f"        total += {self.integer(2)}")
                body.append(f"    return total {self.pick(['<', '==', '!='])} {self.below(4)}")
        else:
            self.locals = [*readable, limit]
            for _ in range(self.below(2)):
                body.append(f"    {self.local_change()}")
            if self.chance(50):
                body.append(f'    ensure({self.condition(2)}, f"about {{a.f0}}")')
            body.append(f"    return {self.condition(2)}")
        self.lines += body
        self.in_predicate = False

    # --- The whole --------------------------------------------------------------------------------------------------

    def write(self) -> Model:
        self.wild = self.chance(60)
        self.network = self.pick(["fifo", "bag", "set"])
        self.declare_types()
        for number in range(self.below(3)):
            fields = [self.kind(1) for _ in range(self.below(3))]
            self.messages.append(self.record("message", ("Ping", "Pong")[number], fields))
        self.write_functions()
        names = ["Alpha", "Beta"][: 1 + self.below(2)]
        self.actors = [ActorText(one, one.lower(), 1 + self.below(2)) for one in names]
        for one in self.messages:
            for me in self.actors:
                if self.chance(70):
                    me.receives[one.text] = self.chance(80)
        for me in self.actors:
            self.wire(me)
        for me in self.actors:
            self.write_actor(me)
        for me in self.actors:
            self.lines += me.lines
        predicates = [f"claim{i}" for i in range(1 + self.below(3))]
        for name in predicates:
            self.write_predicate(name)
        return Model(HEAD + "\n".join(self.lines) + "\n", self.spec(predicates))

    def wire(self, me: ActorText) -> None:
        identity = Kind("id", "ActorId")
        me.wiring.append(Path("self.me", identity))
        me.targets["me"] = me.name
        if self.chance(50):
            other = self.pick(self.actors)
            text = self.pick(["ActorId", f'Annotated[ActorId, Of("{other.name}")]'])
            me.wiring.append(Path("self.peer", Kind("id", "ActorId") if text == "ActorId" else Kind("id", text)))
            me.targets["peer"] = other.name
            me.wired["peer"] = (
                other.group if other.count == 1 else self.pick([f"{other.group}[0]", f"{other.group}[(index + 1) % 2]"])
            )
        if self.chance(40):
            other = self.pick(self.actors)
            me.wiring.append(Path("self.group", Kind("sequence", "tuple[ActorId, ...]", inside=(identity,))))
            me.wired["group"] = other.group if other.count > 1 else f"[{other.group}]"
        if self.chance(30):
            me.wiring.append(Path("self.index", Kind("int", "int", 0, 1)))
        if self.chance(30):
            me.wiring.append(Path("self.number", Kind("int", "int", 0, 3)))
            me.wired["number"] = self.pick(["1", "limit", "index + 1"])

    def spec(self, predicates: Sequence[str]) -> str:
        lines = ["title: A random model", "model: ./random_model.py", "constants: {limit: 2}", "actors:"]
        for me in self.actors:
            count = f", count: {me.count}" if me.count > 1 else ""
            wiring = "".join(
                f", {name}: {value if value.startswith('[') else chr(34) + value + chr(34)}"
                for name, value in me.wired.items()
            )
            lines.append(f"  {me.group}: {{is: {me.name}{count}{wiring}}}")
        when_full = self.pick(["error", "wait"])
        lines.append(f"network: {{kind: {self.network}, capacity: {1 + self.below(3)}, when_full: {when_full}}}")
        lines.append(f"faults: {{{', '.join(self.faults())}}}")
        kinds = ["always", "sometimes", "final"]
        uses: dict[str, list[str]] = {}
        for i, one in enumerate(predicates):
            uses.setdefault(kinds[i] if self.chance(50) else self.pick(kinds[:2]), []).append(one)
        if "always" not in uses and "sometimes" not in uses:
            uses["always"] = uses.pop("final")
        lines.append("check:")
        lines += [f"  {kind}: [{', '.join(names)}]" for kind, names in uses.items()]
        lines.append(f"deadlock: {self.pick(['report', 'allow'])}")
        return "\n".join(lines) + "\n"

    def faults(self) -> Iterator[str]:
        for kind in ("crash", "pause"):
            if self.chance(35):
                target = self.pick(self.actors).group
                budget = self.pick(["1", "2", "unlimited"])
                yield self.pick([f"{kind}: {budget}", f"{kind}: {{{target}: {budget}}}"])
        kinds = (
            ["lose", "duplicate", "delay"]
            if self.network == "fifo"
            else ["lose", "duplicate"][: 2 - (self.network == "set")]
        )
        for kind in kinds if self.sent else []:
            if self.chance(30):
                budget = self.pick(["1", "2", *(["unlimited"] if kind == "lose" else [])])
                yield self.pick([f"{kind}: {budget}", f"{kind}: {{{self.pick(sorted(self.sent))}: {budget}}}"])


@st.composite
def small_models(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Model:
    """Every decision drawn by hypothesis: what fails shrinks well, but few of these are large."""
    return Writer(lambda end: draw(_below(end))).write()


def model_of(seed: int) -> Model:
    return Writer(random.Random(seed).randrange).write()


models = st.one_of(small_models(), st.integers(0, 2**32 - 1).map(model_of))
