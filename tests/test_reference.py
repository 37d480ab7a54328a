"""What the language and the faults mean, by examples: small worlds, their steps in words, and what is true after them.

A world is walked by the reference semantics. A step reads like "payer.pay", "bank takes Transfer(2)", "crash bank" or
"lose Transfer(2) to bank"; where `choose` was asked, " choosing 1" follows.
"""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checker import checking
from checker.build import build
from checker.options import Options
from checker.reference import Reference, Transition
from checker.spec import load
from checker.spec_file import SpecFile
from checker.types import show
from checker.verdict import Outcome, PropertyVerdict, Result

HEAD = """\
from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


@message
class Note:
    number: Count


@message
class Other:
    pass


"""
FINE = """

@predicate
def fine(limit: int) -> bool:
    return True
"""
TALK = """
@actor
class Sender:
    to: ActorId
    sent: Durable[Count] = 0

    @action
    def say(self) -> None:
        require(self.sent < 2)
        self.sent += 1
        send(self.to, Note(self.sent))

    @on(Note)
    def hear(self, note: Note) -> None:
        self.sent = 3


@actor
class Receiver:
    back: ActorId
    heard: Durable[Annotated[tuple[Count, ...], MaxLen(4)]] = ()
    last: Volatile[Count] = 0

    @on(Note)
    def hear(self, note: Note) -> None:
        self.heard += (note.number,)
        self.last = note.number

    @action
    def answer(self) -> None:
        require(self.last == 2)
        send(self.back, Note(3))
"""
TALKERS = "{sender: {is: Sender, to: receiver}, receiver: {is: Receiver, back: sender}}"

World = Callable[..., "Walk"]


class Walk:
    """A state, the steps that are possible in it, and the path so far."""

    def __init__(self, spec: SpecFile) -> None:
        self.spec = spec
        self.reference = Reference(build(spec).system)
        self.initial = self.reference.initial()
        self.state = self.initial[0]

    def transitions(self) -> dict[str, Transition]:
        return {self._told(one): one for one in self.reference.successors(self.state)}

    @property
    def steps(self) -> list[str]:
        return [self._told(one) for one in self.reference.successors(self.state)]

    def _told(self, one: Transition) -> str:
        actor, kind = self.reference.system.instances[one.actor].name, one.group.kind
        chosen = f" choosing {', '.join(map(show, one.chosen))}" if one.chosen else ""
        if kind == "action":
            assert one.group.function is not None
            return f"{actor}.{one.group.function.name}{chosen}"
        if one.received is None:
            return f"{kind} {actor}{chosen}"
        values = ", ".join(show(value) for value in vars(one.received).values())
        what = f"{type(one.received).__name__}({values})"
        late = " late" if one.receiver_link is not None and one.receiver_link.late else ""
        return f"{actor} takes {what}{late}{chosen}" if kind == "deliver" else f"{kind} {what} to {actor}"

    def do(self, *names: str) -> Walk:
        for name in names:
            found = self.transitions()
            assert name in found, f"{name} is not possible; possible: {', '.join(found)}"
            state = found[name].state
            assert state is not None, found[name].error
            self.state = state
        return self

    def error(self, name: str) -> str:
        """Why a step is an error of the model."""
        found = self.transitions()[name]
        assert found.state is None
        return found.error

    def __getitem__(self, path: str) -> Any:
        actor, name = path.split(".")
        number = next(i for i, one in enumerate(self.reference.system.instances) if one.name == actor)
        return self.reference.field_values(self.state, number)[name]

    def result(self) -> Result:
        answers = [checking.run(self.spec, Options(engine=engine)) for engine in ("reference", "native")]
        assert answers[0].outcome == answers[1].outcome
        assert answers[0].explored == answers[1].explored
        return answers[0]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    number = itertools.count()

    def make(module: str, actors: str = TALKERS, **keys: str) -> Walk:
        folder = tmp_path / str(next(number))
        folder.mkdir()
        predicates = "" if "@predicate" in module else FINE
        (folder / "world.py").write_text(HEAD + textwrap.dedent(module) + predicates)
        usual = {"title": "A world", "model": "./world.py", "constants": "{limit: 3}", "actors": actors}
        usual["check"] = "{always: [fine]}"
        usual["deadlock"] = "allow"
        text = "".join(f"{key}: {value}\n" for key, value in {**usual, **keys}.items())
        (folder / "spec.yaml").write_text(text)
        return Walk(load(str(folder / "spec.yaml")))

    return make


# --- Crashes --------------------------------------------------------------------------------------------------------


def test_crash_forgets_what_is_volatile_and_keeps_what_is_durable(world: World) -> None:
    walk = world(TALK, faults="{crash: {receiver: 1}}").do("sender.say", "receiver takes Note(1)")
    assert (walk["receiver.heard"], walk["receiver.last"]) == ((1,), 1)

    walk.do("crash receiver")

    assert (walk["receiver.heard"], walk["receiver.last"]) == ((1,), 0)


def test_crash_drops_what_is_on_its_way_to_the_actor(world: World) -> None:
    walk = world(TALK, faults="{crash: {receiver: 1}}").do("sender.say", "crash receiver", "restart receiver")

    assert walk.steps == ["sender.say"]


def test_crash_keeps_what_the_actor_has_sent(world: World) -> None:
    walk = world(TALK, faults="{crash: {receiver: 1}}")
    walk.do("sender.say", "receiver takes Note(1)", "sender.say", "receiver takes Note(2)", "receiver.answer")

    walk.do("crash receiver")

    assert "sender takes Note(3)" in walk.steps


def test_crash_keeps_what_waits_in_an_unordered_network(world: World) -> None:
    """A bag or a set has no connection that could break."""
    for kind in ("bag", "set"):
        walk = world(TALK, network=kind, faults="{crash: {receiver: 1}}")

        walk.do("sender.say", "crash receiver", "restart receiver")

        assert "receiver takes Note(1)" in walk.steps


def test_message_to_a_crashed_actor_vanishes(world: World) -> None:
    walk = world(TALK, faults="{crash: {receiver: 1}}").do("crash receiver", "sender.say", "restart receiver")

    assert walk["sender.sent"] == 1
    assert walk.steps == ["sender.say"]


def test_crashed_actor_takes_no_step_until_it_restarts(world: World) -> None:
    walk = world(TALK, network="bag", faults="{crash: {receiver: 1}}")

    walk.do("sender.say", "crash receiver")

    assert walk.steps == ["sender.say", "restart receiver"]


def test_restart_runs_the_recovery_hook_on_what_is_left(world: World) -> None:
    walk = world(
        """
        @actor
        class Machine:
            me: ActorId
            kept: Durable[Count] = 0
            lost: Volatile[Count] = 0

            @action
            def work(self) -> None:
                require(self.kept == 0)
                self.kept = 2
                self.lost = 2

            @on(Other)
            def wake(self, _: Other) -> None:
                pass

            @on_restart
            def recover(self) -> None:
                self.lost = self.kept + self.lost
                self.kept = choose(range(2))
                send(self.me, Other())
        """,
        "{machine: {is: Machine}}",
        faults="{crash: 1}",
    ).do("machine.work", "crash machine")

    assert walk.steps == ["restart machine choosing 0", "restart machine choosing 1"]
    walk.do("restart machine choosing 1")
    assert (walk["machine.kept"], walk["machine.lost"]) == (1, 2)
    assert walk.steps == ["machine takes Other()"]


def test_crash_budget_is_spent_by_all_its_targets_together(world: World) -> None:
    walk = world(TALK, faults="{crash: 1}")

    assert [one for one in walk.steps if "crash" in one] == ["crash sender", "crash receiver"]
    assert [one for one in walk.do("crash sender").steps if "crash" in one] == []


def test_budget_for_each_target_is_spent_apart(world: World) -> None:
    walk = world(TALK, faults="{crash: {sender: 1, receiver: 1}}").do("crash sender")

    assert [one for one in walk.steps if "crash" in one] == ["crash receiver"]


def test_unlimited_fault_has_no_end_and_no_counter(world: World) -> None:
    """A counter would make the states infinite."""
    walk = world(TALK, faults="{crash: {sender: unlimited}}")

    for _ in range(5):
        before = walk.state
        walk.do("crash sender", "restart sender")
        assert walk.state == before


# --- Pauses ---------------------------------------------------------------------------------------------------------


def test_paused_actor_keeps_everything_and_goes_on_later(world: World) -> None:
    walk = world(TALK, faults="{pause: {receiver: 1}}").do("sender.say", "receiver takes Note(1)", "sender.say")

    walk.do("pause receiver")

    assert walk["receiver.last"] == 1
    assert walk.steps == ["resume receiver"]
    assert walk.do("resume receiver").steps == ["receiver takes Note(2)"]


def test_messages_to_a_paused_actor_wait(world: World) -> None:
    walk = world(TALK, faults="{pause: {receiver: 1}}").do("pause receiver", "sender.say", "resume receiver")

    assert "receiver takes Note(1)" in walk.steps


def test_paused_actor_can_still_crash(world: World) -> None:
    walk = world(TALK, faults="{pause: {receiver: 1}, crash: {receiver: 1}}").do("pause receiver", "crash receiver")

    assert [one for one in walk.steps if "receiver" in one] == ["restart receiver"]


WATCH = """
@actor
class Watcher:
    peer: ActorId
    quiet: Durable[bool] = True
    suspects: Durable[bool] = False

    @action
    def look(self) -> None:
        self.quiet = quiet(self.peer)
        self.suspects = suspected(self.peer)

    @action
    def ask(self) -> None:
        send(self.peer, Other())

    @on(Note)
    def hear(self, note: Note) -> None:
        pass


@actor
class Peer:
    watcher: ActorId

    @on(Other)
    def answer(self, _: Other) -> None:
        send(self.watcher, Note(1))
"""
WATCHERS = "{watcher: {is: Watcher, peer: peer}, peer: {is: Peer, watcher: watcher}}"


def test_actor_is_suspected_while_it_is_down_or_paused(world: World) -> None:
    walk = world(WATCH, WATCHERS, faults="{crash: {peer: 1}, pause: {peer: 1}}").do("watcher.look")
    assert not walk["watcher.suspects"]
    assert walk.do("pause peer", "watcher.look")["watcher.suspects"]
    assert not walk.do("resume peer", "watcher.look")["watcher.suspects"]
    assert walk.do("crash peer", "watcher.look")["watcher.suspects"]
    assert not walk.do("restart peer", "watcher.look")["watcher.suspects"]


def test_connection_is_quiet_when_nothing_is_on_its_way_in_either_direction(world: World) -> None:
    walk = world(WATCH, WATCHERS).do("watcher.look")
    assert walk["watcher.quiet"]
    assert not walk.do("watcher.ask", "watcher.look")["watcher.quiet"]
    assert not walk.do("peer takes Other()", "watcher.look")["watcher.quiet"]
    assert walk.do("watcher takes Note(1)", "watcher.look")["watcher.quiet"]


def test_late_messages_do_not_disturb_the_quiet(world: World) -> None:
    """They are no longer on the present connection: that is what a request timeout cannot know."""
    walk = world(WATCH, WATCHERS, faults="{delay: 1}").do("watcher.ask", "delay Other() to peer", "watcher.look")

    assert walk["watcher.quiet"]
    assert "peer takes Other() late" in walk.steps


# --- Links ----------------------------------------------------------------------------------------------------------


def test_fifo_link_keeps_the_order(world: World) -> None:
    walk = world(TALK).do("sender.say", "sender.say")
    assert walk.steps == ["receiver takes Note(1)"]

    walk.do("receiver takes Note(1)", "receiver takes Note(2)")

    assert walk["receiver.heard"] == (1, 2)


def test_bag_delivers_each_message_once_in_any_order(world: World) -> None:
    walk = world(TALK, network="bag").do("sender.say", "sender.say")
    assert sorted(walk.steps) == ["receiver takes Note(1)", "receiver takes Note(2)"]

    walk.do("receiver takes Note(2)", "receiver takes Note(1)")

    assert walk["receiver.heard"] == (2, 1)
    assert not [one for one in walk.steps if "takes" in one]


def test_equal_messages_in_a_bag_are_one_step_also_with_a_map_in_them(world: World) -> None:
    walk = world(
        """
        @message
        class Ballot:
            votes: dict[Count, bool]


        @actor
        class Voter:
            me: ActorId
            votes: Durable[dict[Count, bool]] = each(False)
            counted: Durable[Count] = 0

            @action
            def vote(self) -> None:
                send(self.me, Ballot(self.votes))

            @on(Ballot)
            def count(self, ballot: Ballot) -> None:
                self.counted += 1
        """,
        "{voter: {is: Voter}}",
        network="bag",
    ).do("voter.vote", "voter.vote")

    assert len([one for one in walk.steps if "takes" in one]) == 1


def test_set_delivers_a_message_any_number_of_times(world: World) -> None:
    walk = world(TALK, network="set").do("sender.say")

    walk.do("receiver takes Note(1)", "receiver takes Note(1)", "receiver takes Note(1)")

    assert walk["receiver.heard"] == (1, 1, 1)


def test_equal_messages_in_a_set_are_one(world: World) -> None:
    walk = world(TALK, network="set", faults="{crash: {sender: unlimited}, lose: 1}").do("sender.say")
    walk.do("lose Note(1) to receiver")

    assert "receiver takes Note(1)" not in walk.steps


def test_broadcast_is_heard_by_everyone_who_handles_it(world: World) -> None:
    walk = world(
        """
        @actor
        class Crier:
            done: Durable[bool] = False

            @action
            def cry(self) -> None:
                require(not self.done)
                self.done = True
                broadcast(Note(2))


        @actor
        class Listener:
            heard: Durable[Count] = 0

            @on(Note)
            def hear(self, note: Note) -> None:
                self.heard = note.number
        """,
        "{crier: {is: Crier}, listener: {is: Listener, count: 2}}",
        network="set",
    ).do("crier.cry")

    assert walk.steps == ["listener-1 takes Note(2)", "listener-2 takes Note(2)"]


FLOOD = """
@actor
class Flood:
    to: ActorId
    other: ActorId

    @action
    def pour(self) -> None:
        send(self.to, Note(1))
        send(self.other, Note(1))


@actor
class Drain:
    @on(Note)
    def take(self, note: Note) -> None:
        pass
"""
FLOODED = "{flood: {is: Flood, to: first, other: second}, first: {is: Drain}, second: {is: Drain}}"


def test_sending_into_a_full_link_is_an_error_of_the_model(world: World) -> None:
    walk = world(FLOOD, FLOODED, network="{kind: fifo, capacity: 1}").do("flood.pour")

    assert walk.error("flood.pour") == "the link flood -> first is full (1) when Note(number=1) is sent (in Flood.pour)"


def test_sender_may_be_made_to_wait_until_there_is_room(world: World) -> None:
    """The whole step waits: a step is indivisible."""
    walk = world(FLOOD, FLOODED, network="{kind: fifo, capacity: 1, when_full: wait}").do("flood.pour")
    assert "flood.pour" not in walk.steps
    assert "flood.pour" not in walk.do("first takes Note(1)").steps
    assert "flood.pour" in walk.do("second takes Note(1)").steps


def test_rule_for_one_receiver_goes_before_the_rule_for_all(world: World) -> None:
    walk = world(FLOOD, FLOODED, network="{kind: fifo, capacity: 1, links: [{to: first, kind: set}]}").do("flood.pour")

    assert walk.error("flood.pour").startswith("the link flood -> second is full")


# --- Faults of messages ---------------------------------------------------------------------------------------------


def test_only_the_first_message_of_a_fifo_link_can_be_hit(world: World) -> None:
    walk = world(TALK, faults="{lose: 1, duplicate: 1, delay: 1}").do("sender.say", "sender.say")

    hit = [one for one in walk.steps if "takes" not in one]

    assert hit == ["lose Note(1) to receiver", "duplicate Note(1) to receiver", "delay Note(1) to receiver"]


def test_every_message_of_a_bag_can_be_lost(world: World) -> None:
    walk = world(TALK, network="bag", faults="{lose: 1}").do("sender.say", "sender.say", "lose Note(2) to receiver")

    assert walk.steps == ["receiver takes Note(1)"]


def test_duplicate_arrives_twice_and_in_place(world: World) -> None:
    walk = world(TALK, faults="{duplicate: 1}").do("sender.say", "sender.say", "duplicate Note(1) to receiver")

    walk.do("receiver takes Note(1)", "receiver takes Note(1)", "receiver takes Note(2)")

    assert walk["receiver.heard"] == (1, 1, 2)


def test_full_link_cannot_hold_a_duplicate(world: World) -> None:
    """A fault that has no room does not happen; it is no error of the model."""
    walk = world(TALK, network="{kind: fifo, capacity: 1}", faults="{duplicate: 1}").do("sender.say")

    assert "duplicate Note(1) to receiver" not in walk.steps


def test_late_message_arrives_after_those_that_were_sent_behind_it(world: World) -> None:
    walk = world(TALK, faults="{delay: 1}").do("sender.say", "delay Note(1) to receiver", "sender.say")

    walk.do("receiver takes Note(2)", "receiver takes Note(1) late")

    assert walk["receiver.heard"] == (2, 1)


def test_late_message_outlives_the_sender(world: World) -> None:
    """That is the zombie's request: its connection has ended, and it still arrives."""
    walk = world(TALK, faults="{delay: 1, crash: {sender: 1}}").do("sender.say", "delay Note(1) to receiver")

    walk.do("crash sender", "restart sender")

    assert "receiver takes Note(1) late" in walk.steps


def test_late_message_does_not_outlive_its_receiver(world: World) -> None:
    walk = world(TALK, faults="{delay: 1, crash: {receiver: 1}}").do("sender.say", "delay Note(1) to receiver")

    walk.do("crash receiver", "restart receiver")

    assert not [one for one in walk.steps if "late" in one]


def test_budget_of_one_message_type_leaves_others_alone(world: World) -> None:
    walk = world(WATCH, WATCHERS, faults="{lose: {Note: 1}}").do("watcher.ask")
    assert not [one for one in walk.steps if "lose" in one]
    assert "lose Note(1) to watcher" in walk.do("peer takes Other()").steps


# --- Messages that are dropped, deferred or unexpected --------------------------------------------------------------


def test_ignored_message_is_received_and_changes_nothing(world: World) -> None:
    walk = world(
        FLOOD.replace(
            "    @on(Note)\n    def take(self, note: Note) -> None:\n        pass\n",
            '    _drop = ignore(Note, because="drained")\n',
        ),
        FLOODED,
        network="{kind: fifo, capacity: 1}",
    )
    before = walk.state

    walk.do("flood.pour", "first takes Note(1)", "second takes Note(1)")

    assert walk.state == before


def test_message_waits_while_its_handler_requires_something_else(world: World) -> None:
    walk = world(
        """
        @actor
        class Desk:
            me: ActorId
            opened: Durable[bool] = False
            served: Durable[Count] = 0

            @action
            def ask(self) -> None:
                require(self.served == 0)
                send(self.me, Note(2))

            @action
            def open(self) -> None:
                require(not self.opened)
                self.opened = True

            @on(Note)
            def serve(self, note: Note) -> None:
                require(self.opened)
                self.served = note.number
        """,
        "{desk: {is: Desk}}",
    ).do("desk.ask")

    assert "desk takes Note(2)" not in walk.steps
    assert walk.do("desk.open", "desk takes Note(2)")["desk.served"] == 2


def test_send_to_nobody_is_an_error_of_the_model(world: World) -> None:
    walk = world(
        """
        @actor
        class Machine:
            friend: Durable[ActorId | None] = None

            @action
            def call(self) -> None:
                send(self.friend, Other())

            @on(Other)
            def hear(self, _: Other) -> None:
                pass
        """,
        "{machine: {is: Machine}}",
    )

    assert walk.error("machine.call") == "send to None (in Machine.call)"


# --- Steps ----------------------------------------------------------------------------------------------------------


def machine(body: str, fields: str = "number: Durable[Count] = 0") -> str:
    """One actor with these fields and methods."""
    inside = textwrap.indent(f"{textwrap.dedent(fields).strip()}\n\n{textwrap.dedent(body).strip()}", "    ")
    return f"@actor\nclass Machine:\n{inside}\n"


ONE = "{machine: {is: Machine}}"


def test_choose_makes_one_successor_for_each_option(world: World) -> None:
    walk = world(
        machine("""
            @action
            def pick(self) -> None:
                first = choose(range(2))
                self.number = first + choose({2, 1}) if first == 1 else 0
        """),
        ONE,
    )

    assert walk.steps == ["machine.pick choosing 0", "machine.pick choosing 1, 1", "machine.pick choosing 1, 2"]


def test_choose_from_nothing_is_no_step(world: World) -> None:
    walk = world(machine("@action\ndef pick(self) -> None:\n    self.number = choose(range(self.number))"), ONE)

    assert walk.steps == []


def test_options_and_loops_go_through_a_set_in_the_order_of_its_values(world: World) -> None:
    """Python's own order depends on hashes, those of enum members even on the process."""
    walk = world(
        "class Colour(enum.Enum):\n    RED = 9\n    GREEN = 1\n    BLUE = 5\n\n\n"
        + machine(
            """
            @action
            def pick(self) -> None:
                self.first = choose(self.colours)

            @action
            def list(self) -> None:
                for one in self.colours:
                    self.listed = (self.listed + (one,))[-3:]

            @action
            def count(self) -> None:
                self.numbers = tuple(one for one in {2, -3, 0, -1})
            """,
            """
            colours: Durable[frozenset[Colour]] = frozenset({Colour.BLUE, Colour.GREEN, Colour.RED})
            first: Durable[Colour] = Colour.RED
            listed: Durable[Annotated[tuple[Colour, ...], MaxLen(3)]] = ()
            numbers: Durable[Annotated[tuple[Annotated[int, Between(-3, 3)], ...], MaxLen(4)]] = ()
            """,
        ),
        ONE,
    )

    assert walk.steps[:3] == [f"machine.pick choosing {one}" for one in ("RED", "GREEN", "BLUE")]
    assert show(walk.do("machine.list")["machine.listed"]) == "(RED, GREEN, BLUE)"
    assert walk.do("machine.count")["machine.numbers"] == (-3, -1, 0, 2)


def test_loop_sees_what_was_there_when_it_began(world: World) -> None:
    """Also that of a map whose items the loop changes, and a map in a local is not the field."""
    walk = world(
        machine(
            """
            @action
            def shift(self) -> None:
                before = self.table
                for key, value in self.table.items():
                    self.table[not key] = value
                self.same = before[True] == self.table[False]
            """,
            "table: Durable[dict[bool, Count]] = each(1)\nsame: Durable[bool] = False",
        ).replace("each(1)", "{False: 1, True: 2}"),
        ONE,
    ).do("machine.shift")

    assert walk["machine.table"] == {False: 2, True: 1}
    assert walk["machine.same"]


def test_guard_that_fails_leaves_no_step(world: World) -> None:
    walk = world(machine("@action\ndef go(self) -> None:\n    require(self.number > 0)\n    self.number = 0"), ONE)

    assert walk.steps == []


def test_history_is_kept_through_a_crash(world: World) -> None:
    """It belongs to the one who watches, not to the actor."""
    walk = world(
        machine(
            "@action\ndef go(self) -> None:\n    require(self.number == 0)\n    self.seen += 1\n    self.number = 1",
            "number: Volatile[Count] = 0\nseen: History[Count] = 0",
        ),
        ONE,
        faults="{crash: 1}",
    ).do("machine.go", "crash machine")

    assert (walk["machine.number"], walk["machine.seen"]) == (0, 1)


# --- Errors of the model --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("self.number = 4", "Machine.number would be 4, outside 0..3"),
        ("self.number -= 1", "Machine.number would be -1, outside 0..3"),
        ("self.log = (1, 2, 3)", "Machine.log would be (1, 2, 3), longer than 2"),
        ("self.table[True] = 9", "table[True] would be 9, outside 0..3"),
        ("self.number = self.log[0]", "IndexError: tuple index out of range"),
        ("self.number = 1 // self.number", "ZeroDivisionError: integer division or modulo by zero"),
        ("self.number = max(one for one in self.log)", "ValueError: max() "),
        ("self.number = self.maybe + 1", "TypeError: unsupported operand type(s) for +: 'NoneType' and 'int'"),
        ("self.number = self.pair.first", "AttributeError: 'NoneType' object has no attribute 'first'"),
        ("assert self.number > 0", "AssertionError: the assertion is false"),
        ("self.pair = Pair(5)", "Pair(first=5) cannot be made: its first is outside 0..3"),
        ("self.pair = replace(Pair(1), first=-1)", "Pair(first=-1) cannot be made: its first is outside 0..3"),
        ("small: Count = self.number + 7", "small would be 7, outside 0..3"),
        ("self.some = {self.number + 8}", "Machine.some would be {8}, with an element outside 0..3"),
    ],
)
def test_what_goes_wrong_in_a_step_is_an_error_of_the_model(world: World, statement: str, error: str) -> None:
    walk = world(
        "@struct\nclass Pair:\n    first: Count\n\n\n"
        + machine(
            f"@action\ndef go(self) -> None:\n    {statement}",
            """
            number: Durable[Count] = 0
            log: Durable[Annotated[tuple[Count, ...], MaxLen(2)]] = ()
            table: Durable[dict[bool, Count]] = each(0)
            maybe: Durable[Count | None] = None
            pair: Durable[Pair | None] = None
            some: Durable[frozenset[Count]] = frozenset()
            """,
        ),
        ONE,
    )

    assert walk.error("machine.go").startswith(error)
    result = walk.result()
    assert result.outcome is Outcome.INCONCLUSIVE
    assert result.problem.startswith(error)


def test_what_is_not_evaluated_cannot_go_wrong(world: World) -> None:
    walk = world(
        machine(
            """
            @action
            def go(self) -> None:
                require(len(self.log) == 0 or self.log[0] == 1)
                self.number = self.log[0] if len(self.log) > 0 else 2
                self.number = sum(1 // one for one in self.log) + self.number
            """,
            "number: Durable[Count] = 0\nlog: Durable[Annotated[tuple[Count, ...], MaxLen(2)]] = ()",
        ),
        ONE,
    ).do("machine.go")

    assert walk["machine.number"] == 2
    assert walk.result().outcome is Outcome.HOLDS


def test_predicate_that_goes_wrong_is_an_error_of_the_model(world: World) -> None:
    predicate = "\n\n@predicate\ndef fine(machine: Machine) -> bool:\n    return 1 // machine.number > 0\n"
    walk = world(machine("@action\ndef go(self) -> None:\n    self.number = 0") + predicate, ONE)

    result = walk.result()

    assert result.outcome is Outcome.INCONCLUSIVE
    assert result.problem.startswith("the predicate fine fails: ZeroDivisionError")


# --- Initial states -------------------------------------------------------------------------------------------------


def test_every_initial_value_that_is_left_open_is_a_state_of_its_own(world: World) -> None:
    walk = world(
        machine(
            "@action\ndef go(self) -> None:\n    self.any = 0",
            """
            any: Durable[Count] = anything()
            one: Durable[Count] = one_of(1, 3)
            table: Durable[dict[bool, Count]] = each(2)
            flags: Durable[dict[bool, bool]] = anything()
            """,
        ),
        ONE,
    )

    assert len(walk.initial) == 4 * 2 * 1 * 4
    assert len(set(walk.initial)) == len(walk.initial)
    assert walk["machine.table"] == {False: 2, True: 2}


# --- Endings --------------------------------------------------------------------------------------------------------

ONCE = machine("@action\ndef go(self) -> None:\n    require(self.number < 1)\n    self.number = 1")
DONE = """

@predicate
def fine(machine: Machine) -> bool:
    return True


@predicate
def done(machine: Machine) -> bool:
    return machine.number == 1


@predicate
def undone(machine: Machine) -> bool:
    return machine.number == 0


@predicate
def broken(machine: Machine) -> bool:
    return 1 // (machine.number - 1) > 0
"""


def deadlock(walk: Walk) -> PropertyVerdict:
    return next(one.verdict for one in walk.result().properties if one.name == "deadlock")


def test_state_in_which_nothing_can_happen_is_a_deadlock(world: World) -> None:
    assert deadlock(world(ONCE, ONE, deadlock="report")) is PropertyVerdict.VIOLATED


def test_state_in_which_only_faults_can_happen_is_a_deadlock(world: World) -> None:
    """Nobody can rely on a fault."""
    walk = world(ONCE, ONE, deadlock="report", faults="{pause: unlimited}")

    result = walk.result()

    assert [one.steps for one in result.properties if one.name == "deadlock"] == [1]


def test_restart_is_no_fault(world: World) -> None:
    """An actor that is down comes back, sooner or later."""
    module = machine(
        "@action\ndef go(self) -> None:\n    require(not self.gone)\n    self.gone = True",
        "gone: Volatile[bool] = False",
    )
    walk = world(module, ONE, deadlock="report", faults="{crash: unlimited}")
    assert walk.do("crash machine").steps == ["restart machine"]

    result = walk.result()

    assert [len(one.path.steps) for one in result.properties if one.name == "deadlock" and one.path] == [1]


def test_state_that_is_declared_final_is_no_deadlock(world: World) -> None:
    walk = world(ONCE + DONE, ONE, deadlock="report", check="{always: [fine], final: [done]}")
    assert deadlock(walk) is PropertyVerdict.HOLDS

    walk = world(ONCE + DONE, ONE, deadlock="report", check="{always: [fine], final: [done, undone]}")
    assert deadlock(walk) is PropertyVerdict.VIOLATED


def test_final_predicate_that_goes_wrong_declares_nothing_final(world: World) -> None:
    walk = world(ONCE + DONE, ONE, deadlock="report", check="{always: [fine], final: [broken]}")

    assert deadlock(walk) is PropertyVerdict.VIOLATED


def test_what_is_never_reached_makes_the_answer_vacuous(world: World) -> None:
    walk = world(ONCE + DONE, ONE, check="{sometimes: [done]}")
    assert walk.result().outcome is Outcome.HOLDS

    module = ONCE.replace("require(self.number < 1)", "require(self.number > 1)")
    walk = world(module + DONE, ONE, check="{sometimes: [done]}")
    assert walk.result().outcome is Outcome.VACUOUS


def test_fault_that_cannot_happen_makes_the_answer_vacuous(world: World) -> None:
    walk = world(WATCH, WATCHERS, network="{kind: fifo, capacity: 1, when_full: wait}", faults="{duplicate: 1}")

    result = walk.result()

    assert result.outcome is Outcome.VACUOUS
    assert result.why == ["the fault duplicate never happened"]
