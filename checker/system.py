"""One spec, resolved: actor instances with their wiring, links, fault budgets, properties, transition groups.

Engine-neutral: both engines read this and nothing else of the spec. The order of ``System.groups`` is the canonical
order of successors: actions by instance, deliveries by link, recoveries, then faults. Replay codes count in it, and
the shortest path that is shown is the least one in it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from checker import lang
from checker.actors import ActorClass, Field, Function
from checker.lang import ActorId
from checker.types import Leaf, Resolver, SetType, StructType, Type, from_leaves, leaves, size, to_leaves

UP, DOWN, PAUSED = 0, 1, 2
MASK_SIZE_MAX = 512  # a `set` link whose messages have at most this many values is stored as a bit mask


@dataclass(frozen=True)
class Instance:
    """One actor of the spec."""

    id: ActorId
    group: str  # the name in the spec; instances of `count: n` are group-1 .. group-n
    definition: ActorClass
    wiring: dict[str, Any]

    @property
    def name(self) -> str:
        return self.id.name


@dataclass(frozen=True)
class Link:
    """Messages on their way. ``receiver`` None: broadcast. ``sender`` None: from anyone (bag, set, late)."""

    number: int
    kind: str  # "fifo" | "bag" | "set"
    sender: int | None
    receiver: int | None
    capacity: int
    wait: bool  # a step that would send into a full link is not enabled (otherwise: a model error)
    messages: tuple[StructType, ...]
    late: bool = False  # messages delayed past their connection's end
    reliable: bool = False  # faults on messages spare it

    @cached_property
    def tag_bits(self) -> int:
        return len(self.messages).bit_length()

    @cached_property
    def payload_bits(self) -> int:
        return max(sum(leaf.bits for leaf in leaves(one)) for one in self.messages)

    @cached_property
    def tags(self) -> dict[type, int]:
        """Message class -> tag; tag 0 is the empty slot."""
        return {one.cls: i + 1 for i, one in enumerate(self.messages)}

    @cached_property
    def mask_size(self) -> int:
        """Number of possible messages if this is stored as a mask; 0 if it is stored as slots."""
        if self.kind != "set":
            return 0
        counts = [size(one) for one in self.messages]
        total = sum(count or MASK_SIZE_MAX + 1 for count in counts)
        return total if total <= MASK_SIZE_MAX else 0

    @cached_property
    def mask_start(self) -> dict[type, int]:
        """Message class -> index of its first value in the mask."""
        starts, at = {}, 0
        for one in self.messages:
            starts[one.cls] = at
            at += size(one) or 0
        return starts

    @property
    def leaves(self) -> list[Leaf]:
        if self.mask_size:
            return [Leaf(0, (1 << self.mask_size) - 1)]
        return [Leaf(0, (1 << (self.tag_bits + self.payload_bits)) - 1)] * self.capacity

    def encode(self, message: Any) -> int:
        """The message as one integer: tag above, then its leaves, first leaf highest. Never 0."""
        tag = self.tags[type(message)]
        struct = self.messages[tag - 1]
        code = 0
        for leaf, value in zip(leaves(struct), to_leaves(struct, message), strict=True):
            code = code << leaf.bits | (value - leaf.low)
        return tag << self.payload_bits | code

    def decode(self, code: int) -> Any:
        struct = self.messages[(code >> self.payload_bits) - 1]
        numbers = []
        for leaf in reversed(leaves(struct)):
            numbers.append((code & ((1 << leaf.bits) - 1)) + leaf.low)
            code >>= leaf.bits
        return from_leaves(struct, reversed(numbers))


@dataclass(frozen=True)
class Budget:
    """How often one kind of fault may happen to some targets in one run; ``limit`` None: unlimited."""

    number: int
    kind: str  # "crash" | "pause" | "lose" | "duplicate" | "delay"
    target: str  # as in the spec; "" = any
    limit: int | None
    instances: frozenset[int] = frozenset()  # crash, pause
    messages: frozenset[type] | None = None  # lose, duplicate, delay; None = any

    @property
    def name(self) -> str:
        return f"{self.kind} {self.target}".strip()

    def covers(self, message: type) -> bool:
        return self.messages is None or message in self.messages


@dataclass(frozen=True)
class Group:
    """A transition group: the steps of one action, one link's deliveries, one kind of fault on one target."""

    number: int
    kind: str  # "action" | "deliver" | "restart" | "resume" | a fault kind
    instance: int | None = None
    link: Link | None = None
    function: Function | None = None
    budget: Budget | None = None

    @property
    def fault(self) -> bool:
        return self.budget is not None


@dataclass(frozen=True)
class Property:
    """A predicate with its arguments bound. ``kind``: "always" | "sometimes" | "final" | "premise", which belongs to
    the `always` of the same name and is true in a state that puts it to the test (``checker.premise``)."""

    name: str
    kind: str
    function: Function
    arguments: dict[str, Any]  # parameter -> constant | ActorId (one actor) | tuple of ActorId

    @property
    def wanted(self) -> bool:
        """Whether the search looks for a state in which it is true, not for one in which it is false."""
        return self.kind in ("sometimes", "premise")


@dataclass
class System:
    """What is explored."""

    title: str
    constants: dict[str, int]
    instances: list[Instance]
    classes: dict[str, ActorClass]
    resolver: Resolver
    links: list[Link] = field(default_factory=list)
    budgets: list[Budget] = field(default_factory=list)
    properties: list[Property] = field(default_factory=list)
    report_deadlock: bool = True

    @cached_property
    def crashable(self) -> frozenset[int]:
        return frozenset(i for one in self.budgets if one.kind == "crash" for i in one.instances)

    @cached_property
    def pausable(self) -> frozenset[int]:
        return frozenset(i for one in self.budgets if one.kind == "pause" for i in one.instances)

    @cached_property
    def played_faults(self) -> frozenset[str]:
        """The faults that actors play themselves, and count."""
        fields = (field for one in self.instances for field in one.definition.state.values())
        return frozenset(field.counts for field in fields if field.counts)

    @cached_property
    def stoppable(self) -> list[int]:
        """Instances with a status: up, down or paused."""
        return sorted(self.crashable | self.pausable)

    @cached_property
    def links_to(self) -> dict[int | None, list[Link]]:
        found: dict[int | None, list[Link]] = {}
        for link in self.links:
            found.setdefault(link.receiver, []).append(link)
        return found

    def link_between(self, sender: int, receiver: int) -> Link | None:
        """The link on which ``send`` from one to the other travels."""
        for link in self.links_to.get(receiver, ()):
            if not link.late and link.sender in (None, sender):
                return link
        return None

    @cached_property
    def broadcast_link(self) -> Link | None:
        return next(iter(self.links_to.get(None, ())), None)

    def late_link(self, receiver: int) -> Link | None:
        return next((link for link in self.links_to.get(receiver, ()) if link.late), None)

    @cached_property
    def groups(self) -> list[Group]:
        return [Group(number, *rest) for number, rest in enumerate(self._groups())]

    def _groups(self) -> Iterator[tuple[Any, ...]]:
        for i, instance in enumerate(self.instances):
            for function in instance.definition.actions:
                yield ("action", i, None, function)
        for link in self.links:
            yield ("deliver", link.receiver, link)
        for i in self.stoppable:
            if i in self.crashable:
                yield ("restart", i)
            if i in self.pausable:
                yield ("resume", i)
        for budget in self.budgets:
            if budget.kind in ("crash", "pause"):
                for i in sorted(budget.instances):
                    yield (budget.kind, i, None, None, budget)
            else:
                for link in self.links:
                    if fault_applies(budget, link):
                        yield (budget.kind, link.receiver, link, None, budget)

    def handler(self, receiver: int, message: type) -> Function | None:
        """The handler; None: the receiver ignores the message."""
        return self.instances[receiver].definition.handlers.get(message)

    def hearers(self, link: Link, message: type) -> list[int]:
        """Instances that can receive this message from this link, in order."""
        if link.receiver is not None:
            return [link.receiver]
        return [i for i, one in enumerate(self.instances) if message in one.definition.handlers]


def fault_applies(budget: Budget, link: Link) -> bool:
    """Whether this fault can hit this link at all. What is already late is not hit again: it may stay away for ever."""
    if link.reliable or not any(budget.covers(one.cls) for one in link.messages):
        return False
    if budget.kind == "delay":
        return link.kind == "fifo" and not link.late
    if budget.kind == "duplicate":
        return link.kind != "set" and not link.late
    return not link.late


@dataclass(frozen=True)
class Chunk:
    """``width`` bits at ``shift`` of a word hold bits ``offset`` .. of a leaf's code (value minus low bound)."""

    word: int
    shift: int
    width: int
    offset: int


class Layout:
    """Where everything is: first as a flat tuple of leaves (the reference state), then as bits in 64-bit words."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.leaves: list[Leaf] = []
        self.names: list[str] = []
        self.fields: list[dict[str, tuple[int, int, Field]]] = []
        for instance in system.instances:
            here: dict[str, tuple[int, int, Field]] = {}
            for one in instance.definition.state.values():
                here[one.name] = (*self._add(leaves(one.type), f"{instance.name}.{one.name}"), one)
            self.fields.append(here)
        self.status = {
            i: self._add([Leaf(0, 2 if i in system.pausable else 1)], f"{system.instances[i].name} status")[0]
            for i in system.stoppable
        }
        self.links = [self._add(link.leaves, f"link {link.number}") for link in system.links]
        # 1: the actors play no fault any more (``lang.Counts``). Never so in a run; explanations ask what follows then.
        self.calm = self._add([Leaf(0, 1)], "calm")[0] if system.played_faults else None
        self.budgets = {
            one.number: self._add([Leaf(0, one.limit)], f"budget {one.name}")[0]
            for one in system.budgets
            if one.limit is not None
        }
        self.chunks: list[tuple[Chunk, ...]] = []
        self.words = 0
        self._place()

    def counting(self, instance: int) -> list[tuple[int, int, str]]:
        """The leaves of each field of an actor that counts a fault, from .. to, with the fault's name."""
        return [(start, end, one.counts) for start, end, one in self.fields[instance].values() if one.counts]

    def _add(self, group: list[Leaf] | tuple[Leaf, ...], name: str) -> tuple[int, int]:
        start = len(self.leaves)
        self.leaves.extend(group)
        self.names.extend([name] * len(group))
        return start, len(self.leaves)

    def _place(self) -> None:
        """First fit, widest first; a leaf wider than a word is cut into pieces of 64 bits. No piece crosses a word."""
        pieces: list[tuple[int, int, int]] = []  # (width, leaf, offset)
        for number, leaf in enumerate(self.leaves):
            for offset in range(0, leaf.bits, 64):
                pieces.append((min(64, leaf.bits - offset), number, offset))
        free: list[int] = []
        placed: list[list[Chunk]] = [[] for _ in self.leaves]
        for width, number, offset in sorted(pieces, key=lambda one: (-one[0], one[1], one[2])):
            word = next((i for i, room in enumerate(free) if room >= width), len(free))
            if word == len(free):
                free.append(64)
            placed[number].append(Chunk(word, 64 - free[word], width, offset))
            free[word] -= width
        self.chunks = [tuple(one) for one in placed]
        self.words = max(1, len(free))

    @property
    def bits(self) -> int:
        return sum(leaf.bits for leaf in self.leaves)

    def pack(self, state: tuple[int, ...]) -> tuple[int, ...]:
        words = [0] * self.words
        for leaf, chunks, value in zip(self.leaves, self.chunks, state, strict=True):
            code = value - leaf.low
            for one in chunks:
                words[one.word] |= (code >> one.offset & ((1 << one.width) - 1)) << one.shift
        return tuple(words)

    def unpack(self, words: tuple[int, ...]) -> tuple[int, ...]:
        state = []
        for leaf, chunks in zip(self.leaves, self.chunks, strict=True):
            code = 0
            for one in chunks:
                code |= (words[one.word] >> one.shift & ((1 << one.width) - 1)) << one.offset
            state.append(code + leaf.low)
        return tuple(state)


@dataclass(frozen=True)
class Sending:
    """One ``send`` or ``broadcast`` of a class: the message type, and the wiring field it goes to if that is plain."""

    message: type
    wiring: str | None  # `send(self.<wiring>, ...)`
    broadcast: bool
    function: Function
    node: ast.Call


def sendings(definition: ActorClass) -> Iterator[Sending]:
    """Every send in an actor class, from its syntax tree. A send whose message is not constructed in place is
    refused by the front end, so it cannot be missed here."""
    methods = [*definition.actions, *definition.handlers.values(), *definition.helpers.values()]
    for function in [*methods, *([definition.restart] if definition.restart else [])]:
        names = function.python.__globals__
        if not any(names.get(one) in (lang.send, lang.broadcast) for one in function.python.__code__.co_names):
            continue
        for node in ast.walk(function.node):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            verb = names.get(node.func.id)
            if verb is not lang.send and verb is not lang.broadcast:
                continue
            made = node.args[-1] if node.args else None
            if not (isinstance(made, ast.Call) and isinstance(made.func, ast.Name)):
                continue
            message = names.get(made.func.id)
            if not isinstance(message, type) or getattr(message, "__checker_kind__", "") != "message":
                continue
            yield Sending(message, _plain_wiring(definition, node), verb is lang.broadcast, function, node)


def _plain_wiring(definition: ActorClass, node: ast.Call) -> str | None:
    to = node.args[0]
    if isinstance(to, ast.Attribute) and isinstance(to.value, ast.Name) and to.value.id == "self":
        return to.attr if to.attr in definition.wiring else None
    return None


def state_types(system: System) -> Iterator[tuple[str, Type]]:
    for instance in system.instances:
        for one in instance.definition.state.values():
            yield f"{instance.name}.{one.name}", one.type


__all__ = [
    "DOWN",
    "PAUSED",
    "UP",
    "Budget",
    "Chunk",
    "Group",
    "Instance",
    "Layout",
    "Link",
    "Property",
    "Sending",
    "SetType",
    "System",
    "fault_applies",
    "sendings",
    "state_types",
]
