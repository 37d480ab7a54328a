"""The state graph seen through a few of its fields: one class for all states that agree in them.

Every explored state is looked at once. With the native engine its successors come from the machine code and its class
is a few bits of its words, so a million states take some seconds; which step each successor is follows from the
counters of the machine code and the canonical order of steps, and is asked of the reference where that leaves it open.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field

from checker.build import Built, branches_of
from checker.grouping import Part, masks_of
from checker.machine_code import is_cached
from checker.native import NativeEngine
from checker.options import Options
from checker.reference import ModelError, Reference, State, Transition
from checker.search import BROKEN_PREDICATE, CounterKey, Exploration, ReferenceEngine, counter_keys, explore
from checker.system import Link, System

REFERENCE_FIRST_STATES = 200  # As in checker.checking: below that, code generation takes longer than the answer.

# A kind of step: its transition group, whose step it is, and the message it is about.
Label = tuple[int, int, type | None]


@dataclass
class StateClass:
    """The states that agree in the parts asked for."""

    first: State  # the one met first, breadth-first
    depth: int  # its distance from an initial state
    states: int = 0  # 0: only seen as a successor, beyond the limit of the exploration
    inner: int = 0  # transitions that stay in the class
    events: int = 0  # of any of its states: a violated `always`, a reached `sometimes`, by the property's number
    errors: bool = False  # one of its states has a step that is an error of the model: it leads nowhere else here


@dataclass
class Quotient:
    """``edges`` counts transitions between different classes by kind of step; of None if kinds were not asked for."""

    classes: list[StateClass] = field(default_factory=list)
    initial: set[int] = field(default_factory=set)
    edges: dict[tuple[int, int], dict[Label | None, int]] = field(default_factory=dict)
    states: int = 0
    complete: bool = False
    stopped: str = ""  # as in search.Exploration; "problem" if the model itself went wrong
    # The class of a state, given its depth too: one beyond the limit of the exploration makes a class of its own.
    class_of: Callable[[State, int], int] = lambda _state, _depth: 0


def quotient(
    built: Built,
    reference: Reference,
    parts: Sequence[Part] | None,
    options: Options,
    memory: int,
    *,
    kinds: bool = True,
) -> Quotient:
    """Explore up to ``options.states`` and gather the classes by these parts; None: each state is its own class.

    The classes are numbered as met, breadth-first: the same for both engines. One worker explores, for that order. What
    is cut off is whole levels, so that it does not depend on how far an engine got in its last slice of time.
    """
    limit = options.states
    if options.engine == "reference" or (options.engine == "auto" and not is_cached(built, reference.layout)):
        first = limit if options.engine == "reference" else min(REFERENCE_FIRST_STATES, limit or REFERENCE_FIRST_STATES)
        small = ReferenceEngine(reference, branches_of(built))
        found = _explored(small, built.system, first, options, memory)
        if options.engine == "reference" or first == limit or found.stopped != "states":
            return _Gathering(reference, parts, kinds, found, limit).by_reference(small)
    engine = NativeEngine(built, reference.layout, 1, memory)
    try:
        found = _explored(engine, built.system, limit, options, memory)
        return _Gathering(reference, parts, kinds, found, limit).by_machine_code(engine)
    finally:
        engine.close()


def _explored(
    engine: ReferenceEngine | NativeEngine, system: System, limit: int | None, options: Options, memory: int
) -> Exploration:
    beyond = None if limit is None else limit + 1  # To know that there are more than the limit.
    asked = Options(states=beyond, seconds=options.seconds, keep_going=True)
    return explore(engine, system, asked, memory, lambda *_: None)


class _Gathering:
    def __init__(
        self,
        reference: Reference,
        parts: Sequence[Part] | None,
        kinds: bool,
        exploration: Exploration,
        limit: int | None,
    ) -> None:
        self.reference, self.kinds = reference, kinds
        self.layout = reference.layout
        self.parts = parts
        self.masks = None if parts is None else masks_of(self.layout, parts)
        self.sizes = list(exploration.levels)
        while limit is not None and len(self.sizes) > 1 and sum(self.sizes) > limit:
            self.sizes.pop()
        whole = exploration.complete and len(self.sizes) == len(exploration.levels)
        stopped = "problem" if exploration.problem is not None else exploration.stopped
        self.found = Quotient(complete=whole, stopped="" if whole else stopped or "states")
        self.numbers: dict[Hashable, int] = {}
        self._by_counters: dict[bytes, list[Label] | None] = {}

    def new(self, key: Hashable, first: State, depth: int) -> int:
        number = self.numbers[key] = len(self.found.classes)
        self.found.classes.append(StateClass(first, depth))
        return number

    def count(self, source: int, target: int, label: Label | None) -> None:
        kinds = self.found.edges.setdefault((source, target), {})
        kinds[label] = kinds.get(label, 0) + 1

    def finish(self, key_of: Callable[[State], Hashable]) -> Quotient:
        self.found.initial = {self.numbers[key_of(state)] for state in self.reference.initial()}

        def class_of(state: State, depth: int) -> int:
            key = key_of(state)
            known = self.numbers.get(key)
            return self.new(key, state, depth) if known is None else known

        self.found.class_of = class_of
        return self.found

    # --- By the reference -------------------------------------------------------------------------------------------

    def by_reference(self, engine: ReferenceEngine) -> Quotient:
        for depth, level in enumerate(engine.levels[: len(self.sizes)]):
            for state in level:
                self._state(state, depth)
        return self.finish(self._key)

    def _key(self, state: State) -> Hashable:
        if self.parts is None:
            return state
        return tuple(state[leaf] for part in self.parts for leaf in part.leaves)

    def _state(self, state: State, depth: int) -> None:
        key = self._key(state)
        source = self.numbers.get(key)
        if source is None:
            source = self.new(key, state, depth)
        here = self.found.classes[source]
        here.states += 1
        here.events |= self._events(state)
        self.found.states += 1
        following = self.reference.successors(state)
        here.errors |= any(one.error for one in following)
        for one in following if not any(one.error for one in following) else ():
            assert one.state is not None
            key = self._key(one.state)
            target = self.numbers.get(key)
            if target is None:
                target = self.new(key, one.state, depth + 1)
            if target == source:
                here.inner += 1
            else:
                self.count(source, target, label_of(one) if self.kinds else None)

    def _events(self, state: State) -> int:
        events = 0
        for bit, one in enumerate(self.reference.system.properties):
            if one.kind == "final":
                continue
            try:
                if self.reference.evaluate(one, state)[0] == one.wanted:
                    events |= 1 << bit
            except ModelError:
                return 1 << BROKEN_PREDICATE
        return events

    # --- By machine code --------------------------------------------------------------------------------------------

    def by_machine_code(self, engine: NativeEngine) -> Quotient:
        width = self.layout.words
        rows = engine.rows()
        walk = engine.walk()
        bounds = _ends(self.sizes)
        depth, end = next(bounds)
        for row, source_key in enumerate(self._keys(rows, len(rows) // width)):
            while row == end:
                depth, end = next(bounds)
            if end < 0:
                break  # The rest belongs to levels that are cut off.
            source = self.numbers.get(source_key)
            if source is None:
                source = self.new(source_key, self._unpacked(rows, row), depth)
            here = self.found.classes[source]
            here.states += 1
            events = walk.events(row)
            # As the reference says it: of a state that a predicate fails on, nothing else is known.
            here.events |= events if not events >> BROKEN_PREDICATE & 1 else 1 << BROKEN_PREDICATE
            self.found.states += 1
            count = walk.successors(row)
            if count < 0:
                here.errors = True
                continue
            out = walk.out
            keys = list(self._keys(out, count))
            leaving = [at for at, key in enumerate(keys) if key != source_key]
            here.inner += count - len(leaving)
            if not leaving:
                continue
            labels = self._labels(walk.counted(row), rows, row, count) if self.kinds else None
            for at in leaving:
                target = self.numbers.get(keys[at])
                if target is None:
                    target = self.new(keys[at], self._unpacked(out, at), depth + 1)
                self.count(source, target, labels[at] if labels is not None else None)
        return self.finish(lambda state: next(self._keys(self._packed(state), 1)))

    def _packed(self, state: State) -> memoryview:
        words = self.layout.pack(state)
        return memoryview((ctypes.c_uint64 * len(words))(*words)).cast("B").cast("Q")

    def _unpacked(self, words: memoryview, row: int) -> State:
        width = self.layout.words
        return self.layout.unpack(tuple(words[row * width : (row + 1) * width]))

    def _keys(self, words: memoryview, rows: int) -> Iterator[Hashable]:
        """What tells the classes of so many packed states apart."""
        width = self.layout.words
        end = rows * width
        if self.masks is None:
            return iter([tuple(words[at : at + width]) for at in range(0, end, width)])
        if len(self.masks) == 1:
            word, mask = self.masks[0]
            return iter([one & mask for one in words[word:end:width]]) if rows else iter(())
        columns = [[one & mask for one in words[word:end:width]] for word, mask in self.masks] if rows else []
        return zip(*columns, strict=True)

    def _labels(self, counters: bytes, rows: memoryview, row: int, count: int) -> list[Label]:
        if counters not in self._by_counters:
            self._by_counters[counters] = _in_canonical_order(self.reference.system, counters)
        known = self._by_counters[counters]
        if known is None:
            known = [label_of(one) for one in self.reference.successors(self._unpacked(rows, row))]
        assert len(known) == count, "both engines have the same successors"
        return known


def label_of(one: Transition) -> Label:
    return (one.group.number, one.actor, None if one.received is None else type(one.received))


def _ends(sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The depth of each level with the row after its last; then an end that no row is."""
    end = 0
    for depth, size in enumerate(sizes):
        end += size
        yield depth, end
    yield len(sizes), -1


def _in_canonical_order(system: System, counters: bytes) -> list[Label] | None:
    """Which steps a state has, in their order, from how many of each kind; None where the order is not settled so."""
    by_group: dict[int, list[tuple[CounterKey, int]]] = {}
    for key, number in zip(counter_keys(system), memoryview(counters).cast("Q"), strict=False):
        if number:
            by_group.setdefault(key[0], []).append((key, number))
    found: list[Label] = []
    for number, kinds in sorted(by_group.items()):
        group = system.groups[number]
        link = group.link
        if group.kind == "deliver":
            assert link is not None
            if link.receiver is None and (len(kinds) > 1 or kinds[0][1] > 1):
                return None  # Message by message, each to all of its hearers.
            if not _rising(link):
                kinds.reverse()
            found += [(number, key[1] or 0, key[2]) for key, times in kinds for _ in range(times)]
            continue
        message, actor = None, group.instance
        if link is not None and group.budget is not None:
            struck = [one.cls for one in link.messages if group.budget.covers(one.cls)]
            if len(struck) > 1:
                return None
            message, actor = struck[0], link.receiver
        found += [(number, actor or 0, message)] * kinds[0][1]
    return found


def _rising(link: Link) -> bool:
    """Messages come by type as declared from a mask; from slots the other way round, or there is one only (fifo)."""
    return link.mask_size > 0
