"""Types of the actor language, resolved for one spec: every bound is a number.

A value of any type is, in the end, a fixed list of bounded integers, its *leaves*: that list is what the packed state
holds, what the compiled code computes with, and what canonical order and equality mean. ``to_leaves`` and
``from_leaves`` are the only translation between Python values and leaves.

Canonical: unused places (the payload of an absent optional, sequence slots past the length) hold each leaf's low
bound, so that equal values have equal leaves.
"""

from __future__ import annotations

import dataclasses
import itertools
import types as python_types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache, cached_property
from typing import Any

from checker.expressions import evaluate
from checker.lang import ActorId, Between, Each, MaxLen, Of, Storage
from checker.source import SourceError

SET_SIZE_MAX = 512  # possible elements of one set: it is stored as a bit mask
MAP_SIZE_MAX = 512
SEQUENCE_LENGTH_MAX = 1024
BOUND_MAX = 2**31 - 1  # So that sums and products of two stored integers fit 64 bits.


@dataclass(frozen=True)
class Leaf:
    """One stored integer, from ``low`` to ``high`` inclusive."""

    low: int
    high: int

    @property
    def bits(self) -> int:
        return (self.high - self.low).bit_length()


@dataclass(frozen=True)
class BoolType:
    def __str__(self) -> str:
        return "bool"


@dataclass(frozen=True)
class IntType:
    """``low`` and ``high`` are None for a local variable whose range is not known."""

    low: int | None
    high: int | None

    def __str__(self) -> str:
        return "int" if self.low is None else f"int {self.low}..{self.high}"


@dataclass(frozen=True)
class EnumType:
    cls: type[Enum]

    @cached_property
    def members(self) -> tuple[Enum, ...]:
        return tuple(self.cls)

    def __str__(self) -> str:
        return self.cls.__name__


@dataclass(frozen=True)
class IdType:
    """Instances ``low .. low + len(names) - 1``; instances of one class are numbered one after the other."""

    low: int
    names: tuple[str, ...]

    def __str__(self) -> str:
        return "ActorId"


@dataclass(frozen=True)
class NoneType:
    """The type of the literal ``None`` alone."""

    def __str__(self) -> str:
        return "None"


@dataclass(frozen=True)
class OptionalType:
    inner: Type

    def __str__(self) -> str:
        return f"{self.inner} | None"


@dataclass(frozen=True)
class StructType:
    """A struct or a message."""

    cls: type
    fields: tuple[tuple[str, Type], ...]

    def __hash__(self) -> int:
        return hash(self.cls)  # Not of all fields anew: types are keys of caches that are asked at every node.

    @property
    def name(self) -> str:
        return self.cls.__name__

    @cached_property
    def by_name(self) -> dict[str, Type]:
        return dict(self.fields)

    def __str__(self) -> str:
        return self.cls.__name__


@dataclass(frozen=True)
class SequenceType:
    item: Type
    length: int

    def __str__(self) -> str:
        return f"sequence of at most {self.length} {self.item}"


@dataclass(frozen=True)
class SetType:
    item: Type

    def __str__(self) -> str:
        return f"set of {self.item}"


@dataclass(frozen=True)
class MapType:
    key: Type
    value: Type

    def __str__(self) -> str:
        return f"map from {self.key} to {self.value}"


Type = BoolType | IntType | EnumType | IdType | NoneType | OptionalType | StructType | SequenceType | SetType | MapType

BOOL = BoolType()
INT = IntType(None, None)
NONE = NoneType()


def join(left: Type | None, right: Type | None) -> Type | None:
    """The least type that holds the values of both; None (no items at all) joins with anything.

    Raises ``TypeProblem`` where there is none.
    """
    if left is None or right is None or left == right:
        return left if right is None else right
    match left, right:
        case IntType(a, b), IntType(c, d):
            if a is None or b is None or c is None or d is None:
                return INT
            return IntType(min(a, c), max(b, d))
        case NoneType(), OptionalType():
            return right
        case OptionalType(), NoneType():
            return left
        case NoneType(), _:
            return OptionalType(right)
        case _, NoneType():
            return OptionalType(left)
        case OptionalType(inner), OptionalType(other):
            return OptionalType(_joined(inner, other))
        case OptionalType(inner), _:
            return OptionalType(_joined(inner, right))
        case _, OptionalType(inner):
            return OptionalType(_joined(left, inner))
        case SequenceType(a, n), SequenceType(b, m):
            return SequenceType(join(a, b), max(n, m))  # type: ignore[arg-type]
        case SetType(a), SetType(b):
            return SetType(join(a, b))  # type: ignore[arg-type]
        case IdType(a, names), IdType(b, others):
            low, high = min(a, b), max(a + len(names), b + len(others))
            known = {a + i: name for i, name in enumerate(names)} | {b + i: name for i, name in enumerate(others)}
            return IdType(low, tuple(known.get(i, f"actor{i}") for i in range(low, high)))
    raise TypeProblem("mixed-types", f"{left} and {right} do not mix")


def _joined(left: Type, right: Type) -> Type:
    found = join(left, right)
    assert found is not None
    return found


class TypeProblem(Exception):
    """An annotation that the language does not have; the front end adds the place."""

    def __init__(self, slug: str, message: str, help: str = "") -> None:
        super().__init__(message)
        self.slug, self.message, self.help = slug, message, help


def _unknown_type(annotation: Any) -> TypeProblem:
    name = getattr(annotation, "__name__", str(annotation))
    return TypeProblem(
        "unknown-type",
        f"{name} is not a type of the actor language",
        "use bool, a bounded int, an Enum, ActorId, T | None, a @struct, frozenset, a bounded tuple or a dict",
    )


# --- From annotations ---------------------------------------------------------------------------------------------


@dataclass
class Resolver:
    """Turns annotations into types. ``instances``: names of all, in order; ``classes``: class -> its range."""

    constants: Mapping[str, int]
    instances: tuple[str, ...]
    classes: Mapping[str, range]

    def __post_init__(self) -> None:
        self.structs: dict[type, StructType] = {}
        self._open: set[type] = set()

    def storage_of(self, annotation: Any) -> Storage | None:
        """The storage wrapper of a field's annotation; None for wiring."""
        for item in getattr(annotation, "__metadata__", ()):
            if isinstance(item, Storage):
                return item
        return None

    def resolve(self, annotation: Any) -> Type:
        try:
            return self._resolve(annotation)
        except (AttributeError, IndexError, TypeError, ValueError):  # A piece of Python that was not meant as a type.
            raise _unknown_type(annotation) from None

    def _resolve(self, annotation: Any) -> Type:
        if annotation is None or annotation is type(None):
            return NONE
        origin = typing.get_origin(annotation)
        if origin is typing.Annotated:
            return self._annotated(annotation)
        if origin in (typing.Union, python_types.UnionType):
            return self._union(typing.get_args(annotation))
        if origin is frozenset:
            return self._set(self.resolve(typing.get_args(annotation)[0]))
        if origin is dict:
            key, value = (self.resolve(one) for one in typing.get_args(annotation))
            count = size(key)
            if count is None or count > MAP_SIZE_MAX:
                raise TypeProblem("map-keys", f"the keys of a map must be few and finite, not {key}")
            return MapType(key, value)
        if origin is tuple:
            raise TypeProblem(
                "sequence-length",
                "a sequence needs a greatest length",
                "write Annotated[tuple[T, ...], MaxLen(n)] with a number or a constant of the spec",
            )
        return self._plain(annotation)

    def _plain(self, annotation: Any) -> Type:
        if annotation is bool:
            return BOOL
        if annotation is int:
            raise TypeProblem("unbounded-int", "an integer needs bounds", "write Annotated[int, UpTo(n)]")
        if annotation is ActorId:
            return IdType(0, self.instances)
        if isinstance(annotation, type) and issubclass(annotation, Enum):
            return EnumType(annotation)
        if getattr(annotation, "__checker_kind__", "") in ("struct", "message"):
            return self.struct(annotation)
        raise _unknown_type(annotation)

    def _annotated(self, annotation: Any) -> Type:
        base, *notes = typing.get_args(annotation)
        notes = [one for one in notes if not isinstance(one, Storage)]
        for note in notes:
            if isinstance(note, Between):
                low, high = self._number(note.low), self._number(note.high)
                if low > high:
                    raise TypeProblem("empty-range", f"the bounds {low}..{high} hold no integer")
                return IntType(low, high)
            if isinstance(note, MaxLen):
                item = self.resolve(typing.get_args(base)[0])
                length = self._number(note.length)
                if not 0 <= length <= SEQUENCE_LENGTH_MAX:
                    text = f"a sequence of at most {length} items; the length may be 0..{SEQUENCE_LENGTH_MAX}"
                    raise TypeProblem("sequence-length", text, "every item takes room in every state")
                return SequenceType(item, length)
            if isinstance(note, Of):
                if note.actor not in self.classes:
                    raise TypeProblem("unknown-actor-class", f"no actor of class {note.actor} in this spec")
                ids = self.classes[note.actor]
                return IdType(ids.start, tuple(self.instances[i] for i in ids))
        return self.resolve(base)

    def _union(self, options: tuple[Any, ...]) -> Type:
        rest = [one for one in options if one is not type(None)]
        if len(rest) != 1 or len(rest) == len(options):
            raise TypeProblem("union", "the only union is T | None", "use an Enum and a struct instead")
        return OptionalType(self.resolve(rest[0]))

    def _set(self, item: Type) -> SetType:
        count = size(item)
        if count is None or count > SET_SIZE_MAX:
            many = "not finitely many" if count is None else str(count)
            raise TypeProblem("set-size", f"a set of {item} has {many} possible elements; at most {SET_SIZE_MAX}")
        return SetType(item)

    def struct(self, cls: type) -> StructType:
        if cls not in self.structs:
            if cls in self._open:
                raise TypeProblem("recursive-struct", f"{cls.__name__} contains itself")
            self._open.add(cls)
            try:
                hints = typing.get_type_hints(cls, include_extras=True)
            except NameError as error:
                text = f"a field of {cls.__name__} has a type that is not known: {error.name}"
                raise TypeProblem("unknown-type", text) from None
            except Exception:  # Annotations are evaluated, and may be anything.
                raise TypeProblem("unknown-type", f"a field of {cls.__name__} has a type that is none") from None
            bare = [name for name, value in vars(cls).items() if _is_bare(name, value) and name not in hints]
            if bare:
                text = f"{cls.__name__}.{bare[0]} has no type, so it is not a field"
                raise TypeProblem("class-attribute", text, f"write `{bare[0]}: ... = ...`")
            names = [one.name for one in dataclasses.fields(cls)]
            self.structs[cls] = StructType(cls, tuple((name, self.resolve(hints[name])) for name in names))
        return self.structs[cls]

    def _number(self, bound: int | str) -> int:
        if isinstance(bound, int):
            if abs(bound) > BOUND_MAX:
                raise TypeProblem("number-too-large", f"the bound {bound} is beyond {BOUND_MAX}")
            return bound
        try:
            return evaluate(bound, self.constants)
        except SourceError as error:
            one = error.diagnostics[0]
            raise TypeProblem(one.slug, one.message, one.help) from None


def _is_bare(name: str, value: Any) -> bool:
    return (
        not name.startswith("__")
        and not callable(value)
        and not isinstance(value, (property, classmethod, staticmethod))
    )


# --- Finite types: an index for every value -----------------------------------------------------------------------


@cache
def size(type_: Type) -> int | None:
    """How many values the type has, if it is a scalar or made of a few scalars; None if not."""
    match type_:
        case BoolType():
            return 2
        case NoneType():
            return 1
        case IntType(low, high):
            return None if low is None or high is None else high - low + 1
        case EnumType():
            return len(type_.members)
        case IdType():
            return len(type_.names)
        case OptionalType(inner):
            inside = size(inner)
            return None if inside is None else inside + 1
        case StructType():
            total = 1
            for _, one in type_.fields:
                count = size(one)
                if count is None:
                    return None
                total *= count
            return total
        case _:
            return None


@cache
def values(type_: Type) -> tuple[Any, ...]:
    """Every value of a finite type; the position of a value is its index."""
    match type_:
        case BoolType():
            return (False, True)
        case NoneType():
            return (None,)
        case IntType(low, high):
            assert low is not None and high is not None
            return tuple(range(low, high + 1))
        case EnumType():
            return type_.members
        case IdType(low, names):
            return tuple(ActorId(low + i, name) for i, name in enumerate(names))
        case OptionalType(inner):
            return (None, *values(inner))
        case StructType(cls, fields):
            combinations: list[tuple[Any, ...]] = [()]
            for _, one in fields:
                combinations = [(*head, value) for head in combinations for value in values(one)]
            return tuple(cls(*combination) for combination in combinations)
        case _:
            raise AssertionError(f"{type_} is not finite")


def every_value(type_: Type) -> Iterator[Any]:
    """Every value of a type whose values are many but may have to be enumerated once (initial states)."""
    match type_:
        case MapType(key, value):
            keys = values(key)
            for combination in itertools.product(tuple(every_value(value)), repeat=len(keys)):
                yield dict(zip(keys, combination, strict=True))
        case SetType(item):
            elements = values(item)
            for mask in range(1 << len(elements)):
                yield frozenset(one for i, one in enumerate(elements) if mask >> i & 1)
        case SequenceType(item, length):
            elements = tuple(every_value(item))
            for count in range(length + 1):
                yield from itertools.product(elements, repeat=count)
        case _:
            yield from values(type_)


@cache
def positions(type_: Type) -> dict[Any, int]:
    """Value -> index, for a finite type."""
    return {value: i for i, value in enumerate(values(type_))}


# --- Leaves ---------------------------------------------------------------------------------------------------------


@cache
def leaves(type_: Type) -> tuple[Leaf, ...]:
    """The bounded integers that a value of this type is stored as."""
    match type_:
        case BoolType():
            return (Leaf(0, 1),)
        case NoneType():
            return ()
        case IntType(low, high):
            assert low is not None and high is not None, "only bounded integers are stored"
            return (Leaf(low, high),)
        case EnumType():
            return (Leaf(0, len(type_.members) - 1),)
        case IdType(low, names):
            return (Leaf(low, low + len(names) - 1),)
        case OptionalType(inner):
            return (Leaf(0, 1), *leaves(inner))
        case StructType(_, fields):
            return tuple(leaf for _, one in fields for leaf in leaves(one))
        case SequenceType(item, length):
            return (Leaf(0, length), *(leaves(item) * length))
        case SetType(item):
            count = size(item)
            assert count is not None
            return (Leaf(0, (1 << count) - 1),)
        case MapType(key, value):
            count = size(key)
            assert count is not None
            return leaves(value) * count
    raise AssertionError(type_)


def blank(type_: Type) -> list[int]:
    """The leaves of an unused place."""
    return [leaf.low for leaf in leaves(type_)]


def to_leaves(type_: Type, value: Any) -> list[int]:
    """A value (already checked) as leaves."""
    out: list[int] = []
    _to_leaves(type_, value, out)
    return out


def _to_leaves(type_: Type, value: Any, out: list[int]) -> None:
    match type_:
        case BoolType() | IntType() | IdType():
            out.append(int(value))
        case NoneType():
            pass
        case EnumType():
            out.append(positions(type_)[value])
        case OptionalType(inner):
            if value is None:
                out.append(0)
                out.extend(blank(inner))
            else:
                out.append(1)
                _to_leaves(inner, value, out)
        case StructType(_, fields):
            for name, one in fields:
                _to_leaves(one, getattr(value, name), out)
        case SequenceType(item, length):
            out.append(len(value))
            for one in value:
                _to_leaves(item, one, out)
            out.extend(blank(item) * (length - len(value)))
        case SetType(item):
            index = positions(item)
            out.append(sum(1 << index[one] for one in value))
        case MapType(key, inner):
            for one in values(key):
                _to_leaves(inner, value[one], out)


def from_leaves(type_: Type, source: Iterator[int]) -> Any:
    """The inverse of ``to_leaves``; takes as many integers from ``source`` as the type has leaves."""
    match type_:
        case BoolType():
            return bool(next(source))
        case NoneType():
            return None
        case IntType():
            return next(source)
        case EnumType():
            return type_.members[next(source)]
        case IdType(low, names):
            number = next(source)
            return ActorId(number, names[number - low])
        case OptionalType(inner):
            present = next(source)
            value = from_leaves(inner, source)
            return value if present else None
        case StructType(cls, fields):
            return cls(*[from_leaves(one, source) for _, one in fields])
        case SequenceType(item, length):
            count = next(source)
            return tuple([from_leaves(item, source) for _ in range(length)][:count])
        case SetType(item):
            mask = next(source)
            return frozenset(value for i, value in enumerate(values(item)) if mask >> i & 1)
        case MapType(key, inner):
            return {one: from_leaves(inner, source) for one in values(key)}


# --- Checking and defaults ------------------------------------------------------------------------------------------


def misfit(type_: Type, value: Any) -> str:
    """Why ``value`` is not of the type, as the end of a sentence ("... is {value}, {misfit}"); empty if it fits."""
    match type_:
        case BoolType():
            return "" if isinstance(value, bool) else "not a bool"
        case NoneType():
            return "" if value is None else "not None"
        case IntType(low, high):
            if not isinstance(value, int) or isinstance(value, (bool, ActorId)):
                return "not an integer"
            return "" if low is None or high is None or low <= value <= high else f"outside {low}..{high}"
        case EnumType(cls):
            return "" if isinstance(value, cls) else f"not a {cls.__name__}"
        case IdType(low, names):
            fits = isinstance(value, ActorId) and low <= value < low + len(names)
            return "" if fits else f"not one of {', '.join(names)}"
        case OptionalType(inner):
            return "" if value is None else misfit(inner, value)
        case StructType(cls, fields):
            if not isinstance(value, cls):
                return f"not a {cls.__name__}"
            problems = ((name, misfit(one, getattr(value, name))) for name, one in fields)
            return next((f"its {name} is {problem}" for name, problem in problems if problem), "")
        case SequenceType(item, length):
            if not isinstance(value, tuple):
                return "not a tuple"
            if len(value) > length:
                return f"longer than {length}"
            return next((problem for problem in (misfit(item, one) for one in value) if problem), "")
        case SetType(item):
            if not isinstance(value, frozenset):
                return "not a frozenset"
            return next(
                (f"with an element {problem}" for problem in (misfit(item, one) for one in value) if problem), ""
            )
        case MapType(key, inner):
            if not isinstance(value, dict) or set(value) != set(values(key)):
                return f"not a map with every {key} as a key"
            return next((problem for problem in (misfit(inner, one) for one in value.values()) if problem), "")


def expand_default(type_: Type, default: Any) -> Any:
    """A field's default as written in the class, with ``each(v)`` spread over the keys."""
    if isinstance(default, Each) and isinstance(type_, MapType):
        return {key: expand_default(type_.value, default.value) for key in values(type_.key)}
    return default


def show(value: Any) -> str:
    """A value in the model's own words: enum members without their class, actors by name, sets sorted."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(map(show, value), key=_natural)) + "}"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(show, value)) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{show(key)}: {show(one)}" for key, one in value.items()) + "}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        inside = ", ".join(f"{one.name}={show(getattr(value, one.name))}" for one in dataclasses.fields(value))
        return f"{type(value).__name__}({inside})"
    return str(value)


def _natural(text: str) -> tuple[int, str]:
    return (len(text), text)


def plain(value: Any, render: Callable[[Any], Any] = lambda one: one) -> Any:
    """A value as JSON-able data: enum members and actors as their names."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, ActorId):
        return value.name
    if isinstance(value, frozenset):
        return [plain(one) for one in sorted(value, key=show)]
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {show(key): plain(one) for key, one in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    return render(value)
