"""Machine code for the steps of one system: a function for each transition group, each handler and each predicate.

Everything is specialised to the spec: wiring, bounds and fault budgets are constants, unused features are not there.
The canonical order of ``System.groups`` and, inside a group, of messages and choices is the reference's own.

A method with ``choose`` runs once for every combination of picks: an odometer, exactly as in the reference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from checker import ir
from checker import llvm_text as ll
from checker.build import Built
from checker.frontend import many
from checker.lang import ActorId, OneOf, Storage
from checker.lower import I64, Code, Finished, Leaf, Slots, Value, constant, widths
from checker.search import Branch
from checker.system import DOWN, PAUSED, UP, Group, Layout, Link, System
from checker.types import BOOL, IdType, StructType, every_value, expand_default, leaves, size, to_leaves

Changes = dict[int, Leaf]  # number of a leaf -> what it becomes


@dataclass(frozen=True)
class Shared:
    """What all functions of one module have in common."""

    built: Built
    layout: Layout
    module: ll.Module
    counters: dict[Any, int]
    coverage: dict[Branch, int]  # the bit behind the counters that says it has happened
    handlers: dict[tuple[int, type], tuple[StructType, ll.Function]] = field(default_factory=dict)

    choices: dict[ir.Method, int] = field(default_factory=dict)

    def handler(self, receiver: int, struct: StructType) -> ll.Function:
        """The function of one receiver's handler; made when first asked for."""
        key = (receiver, struct.cls)
        if key not in self.handlers:
            pointer = I64.as_pointer()
            parts = [ll.IntType(width) for width in widths(struct)]
            kind = ll.FunctionType(I64, [pointer, pointer, I64, I64, pointer, pointer, *parts])
            function = ll.Function(self.module, kind, f"handle_{receiver}_{struct.name}")
            function.linkage = "internal"
            self.handlers[key] = (struct, function)
            HandlerCode(self, function, receiver, struct)
        return self.handlers[key][1]

    @property
    def system(self) -> System:
        return self.built.system


class StateCode(Code):
    """Code that reads a packed state."""

    def __init__(self, shared: Shared, function: ll.Function) -> None:
        super().__init__(function)
        self.shared = shared
        self.state: ll.Value = function.args[0]
        self._words: dict[int, ll.Value] = {}
        self._leaves: dict[int, Leaf] = {}
        self.main = self.block("main")
        self.at(self.main)

    def close_entry(self) -> None:
        with self.b.goto_block(self.entry):
            self.b.branch(self.main)

    def word(self, number: int) -> ll.Value:
        """A word of the state; loaded in the entry block, so that it is known everywhere."""
        if number not in self._words:
            with self.b.goto_block(self.entry):
                self._words[number] = self.b.load(self.b.gep(self.state, [ll.Constant(I64, number)]))
        return self._words[number]

    def leaf(self, number: int) -> Leaf:
        """A leaf of the state as it was before this step."""
        if number in self._leaves:
            return self._leaves[number]
        leaf = self.shared.layout.leaves[number]
        if leaf.bits == 0:
            return leaf.low
        width = max(64, leaf.bits)
        chunks = self.shared.layout.chunks[number]
        for one in chunks:
            self.word(one.word)
        with self.b.goto_block(self.entry):
            total: Leaf = 0
            for one in chunks:
                part: Leaf = self.a.right(self._words[one.word], one.shift)
                if one.shift + one.width < 64:
                    part = self.a.bit_and(part, (1 << one.width) - 1)
                total = self.a.bit_or(total, self.a.left(self.a.wide(part, width), one.offset, width))
            self._leaves[number] = self.a.add(total, leaf.low)
        return self._leaves[number]

    def wiring(self, name: str, actor: int | None) -> Value:
        assert actor is not None
        instance = self.shared.system.instances[actor]
        value = instance.wiring[name]
        return constant(instance.definition.wiring[name].type, value)

    def read_field(self, name: str, actor: int | None) -> Value:
        assert actor is not None
        start, end, one = self.shared.layout.fields[actor][name]
        return Value(one.type, tuple(self.leaf(i) for i in range(start, end)))


class PredicateCode(StateCode):
    """A predicate: 1 or 0, or 2 if it is itself wrong in this state."""

    def __init__(self, shared: Shared, function: ll.Function, number: int) -> None:
        super().__init__(shared, function)
        method, self.property = shared.built.predicates[number], shared.system.properties[number]
        self.local_types = method.locals
        self.assigned = method.assigned
        for name, value in self.property.arguments.items():
            if isinstance(value, ActorId):
                self.actors[name] = int(value)
        self.truth = self.slot()
        self.b.store(ll.Constant(I64, 1), self.truth)
        result, end = Slots(self, BOOL), self.block("answer")
        result.store(Value(BOOL, (0,)))
        self.returns.append((end, result))
        with self.part(end):
            self.statements(method.body)
        self.at(end)
        self.b.ret(self.a.wide(self.a.bit_and(self.b.load(self.truth), result.load().one), 64))
        self.at(self.failed)
        self.b.ret(ll.Constant(I64, 2))
        self.close_entry()

    def actors_of(self, parameter: str) -> Sequence[int]:
        return [int(one) for one in self.property.arguments[parameter]]


class GroupCode(StateCode):
    """One transition group: ``n' = f(state, out, n, capacity, counters)``, negative for an error of the model."""

    def __init__(self, shared: Shared, function: ll.Function, group: Group | None) -> None:
        super().__init__(shared, function)
        _, self.out, number, self.capacity, self.counters, self.coverage = function.args[:6]
        if group is not None:
            self.group = group
        self.me = -1
        self.count = self.slot()
        self.b.store(number, self.count)
        self.done = self.block("done")
        self.written: dict[int, ll.Value] = {}  # leaf -> slot, inside one body
        self.covers: dict[int, ll.Value] = {}  # word of coverage bits -> slot, inside one body
        self.depth: ll.Value | None = None
        self.picks = 0
        try:
            self._generate()
            if self.b.block is not self.done:
                self.jump(self.done)
        except Finished:
            pass
        self.at(self.done)
        self.b.ret(self.b.load(self.count))
        self.at(self.failed)
        self.b.ret(ll.Constant(I64, -1))
        self.close_entry()

    @property
    def system(self) -> System:
        return self.shared.system

    # --- Leaves that a step changes ---------------------------------------------------------------------------------

    def change(self, number: int) -> ll.Value:
        """The slot of a leaf that this body may change; filled with what it was at the head of the body."""
        if number not in self.written:
            leaf = self.shared.layout.leaves[number]
            slot = self.slot(max(64, leaf.bits))
            self.written[number] = slot
            before = self.leaf(number)
            with self.b.goto_block(self.head):
                value = self.a.wide(before, slot.type.pointee.width)
                self.b.store(value, slot)
            self.holding[slot] = before
        return self.written[number]

    def now(self, number: int) -> Leaf:
        return self.read(self.written[number]) if number in self.written else self.leaf(number)

    def put(self, number: int, leaf: Leaf) -> None:
        self.write(self.change(number), leaf)

    def passed(self, node: ir.If, outcome: bool) -> None:
        bit = self.shared.coverage[node.where, node.line, outcome]
        word = bit // 64
        if word not in self.covers:
            slot = self.covers[word] = self.slot()
            with self.b.goto_block(self.head):
                self.b.store(ll.Constant(I64, 0), slot)
            self.holding[slot] = 0
        self.write(self.covers[word], self.a.bit_or(self.read(self.covers[word]), 1 << bit % 64))

    def put_all(self, changes: Changes) -> None:
        for number, leaf in changes.items():
            self.put(number, leaf)

    def read_field(self, name: str, actor: int | None) -> Value:
        if actor is None and name in self.field_slots:
            return self.field_slots[name].load()
        return super().read_field(name, self.me if actor is None else actor)

    def wiring(self, name: str, actor: int | None) -> Value:
        return super().wiring(name, self.me if actor is None else actor)

    # --- Bodies -----------------------------------------------------------------------------------------------------

    def body(self, counter: int, act: Callable[[], None], following: ll.Block, choices: int = 0) -> None:
        """One step from here: ``act``, then the successor is written. Continues at ``following`` in any case.

        With choices the step is repeated until the odometer has seen every combination.
        """
        self.written, self.field_slots, self.bound, self.slots, self.covers = {}, {}, {}, {}, {}
        self.head, inside = self.block("head"), self.block("body")
        after = self.block("after") if choices else following
        self.disabled = after
        self.arriving[after] = {}  # Behind a body no slot of it is read again.
        if choices:
            self._start_odometer(choices)
        self.jump(self.head)
        self.at(inside)
        try:
            if choices:
                assert self.depth is not None
                self.b.store(ll.Constant(I64, 0), self.depth)
            act()
            self._emit(counter)
            self.jump(after)
        except Finished:
            pass
        with self.b.goto_block(self.head):
            self.b.branch(inside)
        if choices:
            self.at(after)
            self._advance_odometer(following)
        self.at(following)

    def _start_odometer(self, choices: int) -> None:
        kind = ll.ArrayType(I64, choices)
        self.plan, self.options = self.b.alloca(kind), self.b.alloca(kind)
        self.depth, self.known = self.slot(), self.slot()
        self.b.store(ll.Constant(I64, 0), self.known)
        self.chooser = self._choose

    def _choose(self, count: Leaf) -> Leaf:
        """What this ``choose`` picks in this round: 0 when it is met anew."""
        assert self.depth is not None
        self.disable_unless(self.a.lt(0, count))
        zero = ll.Constant(I64, 0)
        depth = self.b.load(self.depth)
        place = self.b.gep(self.plan, [zero, depth])
        anew = self.b.icmp_unsigned(">=", depth, self.b.load(self.known))
        picked = self.b.select(anew, zero, self.b.load(place))
        self.b.store(picked, place)
        self.b.store(self.a.wide(count, 64), self.b.gep(self.options, [zero, depth]))
        following = self.b.add(depth, ll.Constant(I64, 1))
        self.b.store(following, self.depth)
        return picked

    def _advance_odometer(self, following: ll.Block) -> None:
        """The last pick that has another option goes on; those behind it are forgotten."""
        assert self.depth is not None
        zero, one = ll.Constant(I64, 0), ll.Constant(I64, 1)
        loop, test, step = self.block("odometer"), self.block("last"), self.block("again")
        position = self.slot()
        self.b.store(self.b.load(self.depth), position)
        self.go(loop)
        self.at_loop(loop)
        here = self.b.load(position)
        self.fork(self.b.icmp_unsigned("==", here, zero), following, test)
        self.at(test)
        last = self.b.sub(here, one)
        self.b.store(last, position)
        place = self.b.gep(self.plan, [zero, last])
        raised = self.b.add(self.b.load(place), one)
        more = self.b.icmp_unsigned("<", raised, self.b.load(self.b.gep(self.options, [zero, last])))
        self.fork(more, step, loop)
        self.at(step)
        self.b.store(raised, place)
        self.b.store(here, self.known)
        self.go(self.head)

    def _emit(self, counter: int) -> None:
        """Write the successor, if there is room, and count it."""
        self._keep_calm()
        number = self.b.load(self.count)
        write, end = self.block("write"), self.block("written")
        self.fork(self.b.icmp_signed("<", number, self.capacity), write, end)
        self.at(write)
        words = self.shared.layout.words
        base = self.b.mul(number, ll.Constant(I64, words))
        for i, word in enumerate(self._packed({number: self.read(slot) for number, slot in self.written.items()})):
            target = self.b.gep(self.out, [self.b.add(base, ll.Constant(I64, i))])
            self.b.store(word, target)
        self.go(end)
        self.at(end)
        self.b.store(self.b.add(number, ll.Constant(I64, 1)), self.count)
        place = self.b.gep(self.counters, [ll.Constant(I64, counter)])
        self.b.store(self.b.add(self.b.load(place), ll.Constant(I64, 1)), place)
        for bits, slot in self.covers.items():
            place = self.b.gep(self.coverage, [ll.Constant(I64, bits)])
            self.b.store(self.a.wide(self.a.bit_or(self.b.load(place), self.read(slot)), 64), place)

    def _keep_calm(self) -> None:
        """No successor by a fault that the actor plays itself, where none is to happen any more."""
        calm = self.shared.layout.calm
        if calm is None or self.me < 0:
            return
        for start, end, _ in self.shared.layout.counting(self.me):
            changed = [number for number in range(start, end) if number in self.written]
            before: Leaf = 0
            after: Leaf = 0
            for number in changed:
                before, after = self.a.add(before, self.leaf(number)), self.a.add(after, self.now(number))
            if changed:
                raised = self.a.lt(before, after)
                self.disable_unless(self.a.negate(self.a.both(self.a.eq(self.leaf(calm), 1), raised)))

    def _packed(self, changes: dict[int, Leaf]) -> list[ll.Value]:
        """The words of the state with some leaves changed."""
        layout = self.shared.layout
        cleared: dict[int, int] = {}
        parts: dict[int, Leaf] = {}
        for number, leaf in changes.items():
            code = self.a.sub(leaf, layout.leaves[number].low)
            for one in layout.chunks[number]:
                part = self.a.narrow(self.a.right(code, one.offset))
                if one.width < layout.leaves[number].bits - one.offset:
                    part = self.a.bit_and(part, (1 << one.width) - 1)
                cleared[one.word] = cleared.get(one.word, 0) | ((1 << one.width) - 1) << one.shift
                parts[one.word] = self.a.bit_or(parts.get(one.word, 0), self.a.left(part, one.shift))
        words = []
        for i in range(layout.words):
            if i not in parts:
                words.append(self.word(i))
                continue
            kept = self.a.bit_and(self.word(i), ~cleared[i] & ((1 << 64) - 1))
            words.append(self.a.wide(self.a.bit_or(kept, parts[i]), 64))
        return words

    def method(self, method: ir.Method, me: int) -> None:
        """The statements of a method of actor ``me``; continues behind them."""
        self.me = me
        self.local_types = method.locals
        self.assigned = method.assigned
        self.field_slots = {}
        for name in sorted(method.writes):
            start, end, one = self.shared.layout.fields[me][name]
            slots = Slots.__new__(Slots)
            slots.code, slots.type, slots.slots = self, one.type, [self.change(i) for i in range(start, end)]
            self.field_slots[name] = slots
        end_block = self.block("method_end")
        self.returns = [(end_block, None)]
        with self.part(end_block):
            self.statements(method.body)
        self.at(end_block)
        self.field_slots = {}

    def run(self, method: ir.Method, me: int, counter: int, following: ll.Block, prepare: Callable[[], None]) -> None:
        known = self.shared.choices  # Asked once for each instance and link.
        choices = known[method] = known[method] if method in known else choice_count(method)

        def act() -> None:
            prepare()
            self.method(method, me)

        self.body(counter, act, following, choices)

    # --- The kinds of groups ----------------------------------------------------------------------------------------

    def _generate(self) -> None:
        group = self.group
        if group.kind == "action":
            assert group.instance is not None and group.function is not None
            self._only_if(self.status_is(group.instance, UP))
            owner = self.system.instances[group.instance].definition.name
            method = self.shared.built.methods[owner, group.function.name]
            self.run(method, group.instance, self._counter(), self.done, lambda: None)
        elif group.kind == "deliver":
            assert group.link is not None
            self._messages(group.link, self._deliver)
        elif group.kind in ("restart", "resume"):
            self._recover()
        elif group.kind in ("crash", "pause"):
            self._only_if(self._affordable())
            self._stop()
        else:
            assert group.link is not None
            self._only_if(self._affordable())
            self._messages(group.link, self._message_fault)

    def _only_if(self, condition: Any) -> None:
        self._leave_if(self.a.negate(condition), self.done)

    def _counter(self, receiver: int | None = None, message: type | None = None) -> int:
        return self.shared.counters[self.group.number, receiver, message]

    def status_is(self, instance: int, status: int) -> Any:
        at = self.shared.layout.status.get(instance)
        return status == UP if at is None else self.a.eq(self.leaf(at), status)

    def _affordable(self) -> Any:
        assert self.group.budget is not None
        at = self.shared.layout.budgets.get(self.group.budget.number)
        return True if at is None else self.a.lt(self.leaf(at), self.group.budget.limit or 0)

    def _pay(self) -> None:
        assert self.group.budget is not None
        at = self.shared.layout.budgets.get(self.group.budget.number)
        if at is not None:
            self.put(at, self.a.add(self.leaf(at), 1))

    def _recover(self) -> None:
        me = self.group.instance
        assert me is not None
        restart = self.group.kind == "restart"
        self._only_if(self.status_is(me, DOWN if restart else PAUSED))
        definition = self.system.instances[me].definition
        at = self.shared.layout.status[me]
        if restart and definition.restart is not None:
            method = self.shared.built.methods[definition.name, definition.restart.name]
            self.run(method, me, self._counter(), self.done, lambda: self.put(at, UP))
        else:
            self.body(self._counter(), lambda: self.put(at, UP), self.done)

    def _stop(self) -> None:
        me = self.group.instance
        assert me is not None
        crash = self.group.kind == "crash"
        going = self.a.negate(self.status_is(me, DOWN)) if crash else self.status_is(me, UP)
        self._only_if(going)

        def act() -> None:
            self._pay()
            self.put(self.shared.layout.status[me], DOWN if crash else PAUSED)
            if crash:
                self._forget(me)

        self.body(self._counter(), act, self.done)

    def _forget(self, me: int) -> None:
        for start, _, one in self.shared.layout.fields[me].values():
            if one.storage is not Storage.VOLATILE:
                continue
            default = one.default
            if isinstance(default, OneOf):
                default = default.values[0] if default.values else next(every_value(one.type))
            for i, leaf in enumerate(to_leaves(one.type, expand_default(one.type, default))):
                self.put(start + i, leaf)
        for link in self.system.links_to.get(me, ()):
            if link.kind == "fifo" or link.late:
                for i in range(*self.shared.layout.links[link.number]):
                    self.put(i, 0)

    # --- Messages ---------------------------------------------------------------------------------------------------

    def _messages(
        self, link: Link, visit: Callable[[Link, StructType, Value, Callable[[], Changes], ll.Block], None]
    ) -> None:
        """Visit each message that can be taken now: its type, its fields, and how to remove it."""
        if link.mask_size:
            self._mask_messages(link, visit)
        elif link.kind == "fifo":
            self._slot_message(link, 0, None, visit, self.done)
        else:
            self._slot_loop(link, visit)

    def _slots(self, link: Link) -> list[int]:
        return list(range(*self.shared.layout.links[link.number]))

    def _slot_loop(self, link: Link, visit: Callable[..., None]) -> None:
        """Bags and sets in slots: one round for each slot unlike the one before; equal ones stand together."""
        numbers = self._slots(link)
        width = max(64, link.tag_bits + link.payload_bits)
        array = ll.ArrayType(ll.IntType(width), len(numbers))
        codes = self.b.alloca(array)
        zero, one = ll.Constant(I64, 0), ll.Constant(I64, 1)
        for i, number in enumerate(numbers):
            self.b.store(self.a.wide(self.leaf(number), width), self.b.gep(codes, [zero, ll.Constant(I64, i)]))
        position, before = self.slot(), self.slot(width)
        self.b.store(zero, position)
        self.b.store(ll.Constant(ll.IntType(width), 0), before)
        loop, inside, following = self.block("slots"), self.block("slot"), self.block("slot_next")
        self.go(loop)
        self.at_loop(loop)
        here = self.b.load(position)
        more = self.b.icmp_unsigned("<", here, ll.Constant(I64, len(numbers)))
        self.fork(more, inside, self.done)
        self.at(inside)
        code = self.b.load(self.b.gep(codes, [zero, here]))
        skip = self.a.either(self.a.eq(code, 0), self.a.eq(code, self.b.load(before)))
        self.b.store(code, before)
        self._leave_if(skip, following)
        self._slot_message(link, here, code, visit, following)
        self.at(following)
        self.b.store(self.b.add(self.b.load(position), one), position)
        self.go(loop)
        raise Finished

    def _slot_message(
        self, link: Link, position: Any, code: Any, visit: Callable[..., None], following: ll.Block
    ) -> None:
        """Dispatch on the type of the message in one slot. Every path ends at ``following``."""
        numbers = self._slots(link)
        if code is None:
            code = self.leaf(numbers[0])
            self._leave_if(self.a.eq(code, 0), following)

        def remove() -> Changes:
            codes: list[Leaf] = [self.leaf(number) for number in numbers]
            changes: Changes = {}
            for i, number in enumerate(numbers):
                behind = codes[i + 1] if i + 1 < len(codes) else 0
                gone = True if isinstance(position, int) else self.a.le(position, i)
                changes[number] = self.a.select(gone, behind, codes[i])
            return changes

        tag = self.a.right(code, link.payload_bits)
        for struct in link.messages:
            matches, other = self.a.eq(tag, link.tags[struct.cls]), self.block("other_type")
            self._leave_if(self.a.negate(matches), other)
            visit(link, struct, self._decode(struct, code), remove, following)
            self.at(other)
        self.b.unreachable()
        if following is self.done:
            raise Finished

    def _decode(self, struct: StructType, code: Leaf) -> Value:
        offset, out = 0, []
        for leaf, width in zip(reversed(leaves(struct)), reversed(widths(struct)), strict=True):
            part: Leaf = self.a.right(code, offset)
            part = self.a.bit_and(part, (1 << leaf.bits) - 1)
            part = part if isinstance(part, int) else self.a.wide(part, width)
            out.append(self.a.add(part, leaf.low))
            offset += leaf.bits
        return Value(struct, tuple(reversed(out)))

    def _mask_messages(self, link: Link, visit: Callable[..., None]) -> None:
        """Sets stored as a mask: one round for each message that is there, by type and then by index."""
        number = self._slots(link)[0]
        width = max(64, link.mask_size)
        kind = ll.IntType(width)
        for struct in link.messages:
            base, count = link.mask_start[struct.cls], size(struct) or 0
            rest, loop, inside, end = self.slot(width), self.block("mask"), self.block("bit"), self.block("mask_end")
            part = self.a.bit_and(self.a.right(self.leaf(number), base), (1 << count) - 1)
            self.b.store(self.a.wide(part, width), rest)
            self.go(loop)
            self.at_loop(loop)
            left = self.b.load(rest)
            self.fork(self.b.icmp_unsigned("==", left, ll.Constant(kind, 0)), end, inside)
            self.at(inside)
            place = self.b.cttz(left, ll.Constant(ll.IntType(1), 1))
            self.b.store(self.b.and_(left, self.b.sub(left, ll.Constant(kind, 1))), rest)
            index = self.a.narrow(place)

            def remove(place: Any = place, base: int = base) -> Changes:
                bit = self.a.left(1, self.a.add(place, base), width)
                return {number: self.a.bit_and(self.leaf(number), self.a.bit_xor(bit, (1 << width) - 1))}

            visit(link, struct, self.at_index(struct, index), remove, loop)
            self.at(end)

    def _deliver(
        self, link: Link, struct: StructType, message: Value, remove: Callable[[], Changes], following: ll.Block
    ) -> None:
        """Every receiver takes the message; ends at ``following``."""
        for receiver in self.system.hearers(link, struct.cls):
            behind = self.block("delivered")
            self._leave_if(self.a.negate(self.status_is(receiver, UP)), behind)
            changes = {} if link.kind == "set" else remove()
            counter = self._counter(receiver, struct.cls)
            if self.system.handler(receiver, struct.cls) is None:
                self.body(counter, partial(self.put_all, changes), behind)
            else:
                self._hand_over(receiver, struct, message, changes, counter)
                self.go(behind)
                self.at(behind)
        self.go(following)

    def _hand_over(self, receiver: int, struct: StructType, message: Value, changes: Changes, counter: int) -> None:
        """Call the handler's function, which is shared by all links, on the state without the message."""
        state = self.state
        if changes:
            words = self._packed(changes)
            state = self.b.alloca(I64, len(words))
            for i, word in enumerate(words):
                self.b.store(word, self.b.gep(state, [ll.Constant(I64, i)]))
        parts = [self.a.wide(leaf, width) for leaf, width in zip(message.leaves, widths(struct), strict=True)]
        number = self.b.load(self.count)
        place = self.b.gep(self.counters, [ll.Constant(I64, counter)])
        function = self.shared.handler(receiver, struct)
        number = self.b.call(function, [state, self.out, number, self.capacity, place, self.coverage, *parts])
        self.fail_if(self.a.lt(number, 0))
        self.b.store(number, self.count)

    def _message_fault(
        self, link: Link, struct: StructType, message: Value, remove: Callable[[], Changes], following: ll.Block
    ) -> None:
        budget = self.group.budget
        assert budget is not None
        if not budget.covers(struct.cls):
            self.go(following)
            return
        behind = self.block("hit")

        def act() -> None:
            self._pay()
            if self.group.kind == "duplicate":
                self._repeat(link, message)
                return
            self.put_all(remove())
            if self.group.kind == "delay":
                assert link.receiver is not None
                late = self.system.late_link(link.receiver)
                assert late is not None
                self.insert(late, message, self._disable)

        self.body(self._counter(), act, behind)
        self.go(following)

    def _disable(self) -> None:
        assert self.disabled is not None
        self.go(self.disabled)
        raise Finished

    def _repeat(self, link: Link, message: Value) -> None:
        numbers = self._slots(link)
        self.disable_unless(self.a.eq(self.leaf(numbers[-1]), 0))
        if link.kind != "fifo":
            self.insert(link, message, self._disable)
            return
        codes = [self.leaf(number) for number in numbers]
        for number, code in zip(numbers[1:], codes[:-1], strict=True):
            self.put(number, code)

    # --- Sending ----------------------------------------------------------------------------------------------------

    def encode(self, link: Link, message: Value) -> Leaf:
        struct = message.type
        assert isinstance(struct, StructType)
        bits = link.tag_bits + link.payload_bits
        code: Leaf = link.tags[struct.cls]
        spare = link.payload_bits - sum(leaf.bits for leaf in leaves(struct))
        code = code << spare if isinstance(code, int) else code
        for leaf, value in zip(leaves(struct), message.leaves, strict=True):
            part = self.a.sub(value, leaf.low)
            part = part if isinstance(part, int) else self.a.wide(part, max(64, bits))
            code = self.a.bit_or(self.a.left(code, leaf.bits, max(64, bits)), part)
        return code

    def insert(self, link: Link, message: Value, full: Callable[[], None]) -> None:
        """Put a message on a link as it is now; ``full`` says what happens if there is no room."""
        a, numbers = self.a, self._slots(link)
        for number in numbers:
            self.change(number)
        if link.mask_size:
            struct = message.type
            assert isinstance(struct, StructType)
            place, _ = self.index(message, struct)
            bit = a.left(1, a.add(place, link.mask_start[struct.cls]), max(64, link.mask_size))
            self.put(numbers[0], a.bit_or(self.now(numbers[0]), bit))
            return
        code = self.encode(link, message)
        if link.kind == "fifo":
            self.branch(a.ne(self.now(numbers[-1]), 0), full)
            before: Any = True
            for number in numbers:
                old = self.now(number)
                empty = a.eq(old, 0)
                self.put(number, a.select(a.both(empty, before), code, old))
                before = a.negate(empty)
            return
        if link.kind == "set":
            there: Any = False
            for number in numbers:
                there = a.either(there, a.eq(self.now(number), code))
            self.branch(a.negate(there), lambda: self._insert_sorted(numbers, code, full))
            return
        self._insert_sorted(numbers, code, full)

    def _insert_sorted(self, numbers: list[int], code: Leaf, full: Callable[[], None]) -> None:
        """Greatest first, empty slots last."""
        self.branch(self.a.ne(self.now(numbers[-1]), 0), full)
        for number in numbers:
            old = self.now(number)
            larger = self.a.above(code, old)
            self.put(number, self.a.select(larger, code, old))
            code = self.a.select(larger, old, code)

    def send(self, to: Value, message: Value) -> None:
        struct = message.type
        assert isinstance(struct, StructType)
        if isinstance(to.one, int):
            self._send_to(to.one, message)
            return
        end = self.block("sent")
        for receiver in self._peers(to):
            link = self.system.link_between(self.me, receiver)
            if link is None or struct.cls not in link.tags:
                continue
            other = self.block("other_receiver")
            inside = self.block("receiver")
            self.fork(self.a.eq(to.one, receiver), inside, other)
            self.at(inside)
            with self.part(end):
                self._send_to(receiver, message)
            self.at(other)
        self.go(self.failed)
        self.at(end)

    def _peers(self, to: Value) -> Sequence[int]:
        if isinstance(to.one, int):
            return [to.one]
        assert isinstance(to.type, IdType)
        return range(to.type.low, to.type.low + len(to.type.names))

    def _send_to(self, receiver: int, message: Value) -> None:
        struct = message.type
        assert isinstance(struct, StructType)
        link = self.system.link_between(self.me, receiver)
        if link is None or struct.cls not in link.tags:
            self.fail_if(True)
        assert link is not None
        at = self.shared.layout.status.get(receiver)
        up: Any = True
        if link.kind == "fifo" and at is not None and receiver in self.system.crashable:
            up = self.a.ne(self.now(at), DOWN)
        chosen = link
        for number in self._slots(link):
            self.change(number)
        self.branch(up, lambda: self.insert(chosen, message, self._full(chosen)))

    def _full(self, link: Link) -> Callable[[], None]:
        return self._disable if link.wait else lambda: self.fail_if(True)

    def broadcast(self, message: Value) -> None:
        struct = message.type
        assert isinstance(struct, StructType)
        link = self.system.broadcast_link
        if link is None or struct.cls not in link.tags:
            self.fail_if(True)
        assert link is not None
        self.insert(link, message, self._full(link))

    def quiet(self, peer: Value) -> Any:
        found: Any = True
        for one in self._peers(peer):
            here: Any = True
            for link in (self.system.link_between(self.me, one), self.system.link_between(one, self.me)):
                if link is not None:
                    here = self.a.both(here, self.a.eq(self.now(self._slots(link)[0]), 0))
            found = self.a.both(found, self.a.either(here, self.a.ne(peer.one, one)))
        return found

    def suspected(self, peer: Value) -> Any:
        found: Any = False
        for one in self._peers(peer):
            at = self.shared.layout.status.get(one)
            if at is not None:
                down = self.a.ne(self.now(at), UP)
                found = self.a.either(found, self.a.both(down, self.a.eq(peer.one, one)))
        return found


class HandlerCode(GroupCode):
    """One handler of one receiver: like a group, but the message is given, and ``counters`` is the one to use."""

    def __init__(self, shared: Shared, function: ll.Function, receiver: int, struct: StructType) -> None:
        self.receiver, self.struct = receiver, struct
        super().__init__(shared, function, None)

    def _generate(self) -> None:
        handler = self.system.handler(self.receiver, self.struct.cls)
        assert handler is not None
        method = self.shared.built.methods[self.system.instances[self.receiver].definition.name, handler.name]
        parameter = method.function.node.args.args[1].arg
        message = Value(self.struct, tuple(self.function.args[6:]))

        def prepare() -> None:
            self.local_types = method.locals
            self.assigned = method.assigned
            self.bind(parameter, message)

        self.run(method, self.receiver, 0, self.done, prepare)


def choice_count(method: ir.Method) -> int:
    """An upper bound of how many ``choose`` one run can meet: one in a loop counts once for each round."""

    def count(node: Any, rounds: int) -> int:
        total = 0
        for one in node if isinstance(node, tuple) else (node,):
            if isinstance(one, ir.Choose):
                total += rounds
            if isinstance(one, (ir.Expr, ir.Stmt, ir.Generator, ir.Over)):
                inner = rounds
                if isinstance(one, ir.For):
                    inner = rounds * max(1, many(one.over))
                elif isinstance(one, (ir.Fold, ir.CollectSet, ir.CollectSequence, ir.Choose)):
                    for generator in one.generators:
                        inner *= max(1, many(generator.over))
                for name in one.__dataclass_fields__:
                    if name not in ("type", "types", "function", "parameters"):
                        total += count(getattr(one, name), inner)
                    elif name == "parameters":
                        total += sum(count(value, inner) for _, value in getattr(one, name))
            elif isinstance(one, tuple):
                total += count(one, rounds)
        return total

    return count(method.body, 1)
