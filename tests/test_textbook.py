"""The textbook models have the counts that TLC has: distinct states, generated states, depth.

Where the source has no published count for the very same steps, a breadth-first search of a few lines judges, written
here without any of the checker's code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from checker import checking
from checker.expectation import differences
from checker.options import Engine, Options
from checker.spec import load

SPECS = Path(__file__).parent.parent / "specs" / "textbook"

# Distinct and generated states and depth, from the manifest.json beside each module in tlaplus/Examples. (The depth
# of EWD840 there is 10, from a run with several workers, which makes it approximate; one worker says 9. The counts of
# two-phase commit beyond three resource managers are those of TLC on the same module.)
PUBLISHED = {
    "chameneos": (34534, 104697, 13),
    "chang_roberts": (137, 227, 10),
    "dining_philosophers": (67, 336, 29),
    "ewd840": (302, 2001, 9),
    "paxos": (3921, 23563, 17),
    "peterson": (42, 77, 11),
    "slush": (274678, 1621541, 43),
    "two_phase_commit_3": (288, 1146, 11),
    "two_phase_commit_5": (8832, 58146, 17),
    "two_phase_commit_7": (296448, 2744706, 23),
    "two_phase_commit_8": (1745408, 18507778, 26),
}
INITIAL_STATES = {"chameneos": 81, "chang_roberts": 8, "ewd840": 192}

LARGE = {"two_phase_commit_8", "two_phase_commit_9", "idempotent_producer", "idempotent_producer_large"}
SMALL_ENOUGH_FOR_THE_REFERENCE = [
    "alternating_bit_2",
    "alternating_bit_3",
    "chang_roberts",
    "die_hard",
    "die_hard_all",
    "dining_philosophers",
    "ewd840",
    "idempotent_producer_gaps_accepted",
    "idempotent_producer_no_duplicate_check",
    "idempotent_producer_tiny",
    "lamport_mutex_small",
    "peterson",
    "two_phase_commit_3",
]


def spec_names() -> list[object]:
    names = sorted(path.stem for path in SPECS.glob("*.yaml"))
    return [pytest.param(name, marks=pytest.mark.slow) if name in LARGE else name for name in names]


def check_as_expected(name: str, engine: Engine) -> None:
    spec = load(str(SPECS / f"{name}.yaml"))
    result = checking.run(spec, Options(engine=engine))
    assert differences(spec.expect, result) == []
    assert result.explored.initial_states == INITIAL_STATES.get(name, result.explored.initial_states)


@pytest.mark.parametrize("name", spec_names())
def test_spec_is_as_expected(name: str) -> None:
    check_as_expected(name, "auto")


@pytest.mark.parametrize("name", SMALL_ENOUGH_FOR_THE_REFERENCE)
def test_spec_is_as_expected_by_the_reference(name: str) -> None:
    check_as_expected(name, "reference")


@pytest.mark.parametrize("name", PUBLISHED)
def test_spec_pins_what_tlc_publishes(name: str) -> None:
    """So that nobody accepts another count: TLC's generated states are the transitions and the initial states."""
    distinct, generated, depth = PUBLISHED[name]

    expect = load(str(SPECS / f"{name}.yaml")).expect

    assert expect is not None
    assert (expect.distinct_states, expect.depth) == (distinct, depth)
    assert expect.transitions == generated - INITIAL_STATES.get(name, 1)


# --- Independent judges ---------------------------------------------------------------------------------------------

State = tuple[object, ...]
Counts = tuple[int, int, int]
Frames = tuple[tuple[int, int], ...]
Bag = tuple[int, ...]
Process = tuple[int, int, int, bool, bool]
Queue = tuple[tuple[str, int], ...]


def breadth_first(initial: Iterable[State], successors: Callable[..., Iterable[State]]) -> Counts:
    """Distinct states, transitions, levels."""
    level = list(initial)
    seen = set(level)
    transitions = depth = 0
    while level:
        depth += 1
        reached = [after for state in level for after in successors(*state)]
        transitions += len(reached)
        level = list(dict.fromkeys(after for after in reached if after not in seen))
        seen.update(level)
    return len(seen), transitions, depth


def pinned(name: str) -> Counts:
    expect = load(str(SPECS / f"{name}.yaml")).expect
    assert expect is not None
    assert expect.distinct_states is not None
    assert expect.transitions is not None
    assert expect.depth is not None
    return expect.distinct_states, expect.transitions, expect.depth


def test_die_hard_has_the_counts_of_a_plain_search() -> None:
    def steps(small: int, big: int) -> Iterator[State]:
        to_big, to_small = min(small, 5 - big), min(big, 3 - small)
        yield from ((3, big), (small, 5), (0, big), (small, 0))
        yield small - to_big, big + to_big
        yield small + to_small, big - to_small

    assert breadth_first([(0, 0)], steps) == pinned("die_hard_all")


@pytest.mark.parametrize("capacity", [2, 3])
def test_alternating_bit_has_the_counts_of_a_plain_search(capacity: int) -> None:
    def steps(
        frames: Frames, acks: tuple[int, ...], bit: int, acked: int, sent: int, seen_bit: int, received: int
    ) -> Iterator[State]:
        if len(frames) < capacity:
            for datum, flipped in [(0, 1 - bit), (1, 1 - bit)] if acked == bit else [(sent, bit)]:
                yield (*frames, (flipped, datum)), acks, flipped, acked, datum, seen_bit, received
        if len(acks) < capacity:
            yield frames, (*acks, seen_bit), bit, acked, sent, seen_bit, received
        if frames:
            yield frames[1:], acks, bit, acked, sent, *frames[0]
            yield frames[1:], acks, bit, acked, sent, seen_bit, received
        if acks:
            yield frames, acks[1:], bit, acks[0], sent, seen_bit, received
            yield frames, acks[1:], bit, acked, sent, seen_bit, received

    initial = [((), (), 0, 0, sent, 0, received) for sent in (0, 1) for received in (0, 1)]

    assert breadth_first(initial, steps) == pinned(f"alternating_bit_{capacity}")


@pytest.mark.parametrize(
    ("name", "records", "retries", "in_flight", "capacity"),
    [("idempotent_producer_tiny", 2, 1, 1, 2), ("idempotent_producer_small", 3, 1, 2, 2)],
)
def test_idempotent_producer_has_the_counts_of_a_plain_search(
    name: str, records: int, retries: int, in_flight: int, capacity: int
) -> None:
    """Bags as counts for each sequence number, the correct broker's log as its length."""
    def add(bag: Bag, at: int, amount: int = 1) -> Bag:
        return (*bag[:at], bag[at] + amount, *bag[at + 1 :])

    def steps(
        sent: int, pending: frozenset[int], tries: Bag, asked: Bag, ok: Bag, err: Bag, log: int
    ) -> Iterator[State]:
        may_ask, may_answer = sum(asked) < capacity, sum(ok) + sum(err) < capacity
        if sent < records and may_ask and len(pending) < in_flight:
            yield sent + 1, pending | {sent}, tries, add(asked, sent), ok, err, log
        for s in range(records):
            may_resend = s in pending and tries[s] < retries and may_ask
            if may_resend:
                yield sent, pending, add(tries, s), add(asked, s), ok, err, log
            bags = [asked, ok, err]
            for which, room in enumerate((may_ask, may_answer, may_answer)):
                if bags[which][s]:
                    for amount in (-1, 1) if room else (-1,):  # Lost, repeated.
                        changed = [*bags[:which], add(bags[which], s, amount), *bags[which + 1 :]]
                        yield sent, pending, tries, *changed, log
            if asked[s] and may_answer:
                taken = add(asked, s, -1)
                if s <= log:
                    yield sent, pending, tries, taken, add(ok, s), err, max(log, s + 1)
                else:
                    yield sent, pending, tries, taken, ok, add(err, s), log
            if ok[s] and s in pending:
                yield sent, pending - {s}, add(tries, s, -tries[s]), asked, add(ok, s, -1), err, log
            if err[s] and may_resend:
                yield sent, pending, add(tries, s), add(asked, s), ok, add(err, s, -1), log

    none = (0,) * records

    assert breadth_first([(0, frozenset(), none, none, none, none, 0)], steps) == pinned(name)


def test_lamport_mutex_has_the_counts_of_a_plain_search() -> None:
    """Two processes, clocks up to 6. A process: clock, its request, the other's request, acknowledged, critical."""

    def steps(processes: tuple[Process, Process], queues: tuple[Queue, Queue]) -> Iterator[State]:
        """``queues[i]`` is what process i has yet to receive."""
        for me in (0, 1):
            clock, mine, theirs, acked, critical = processes[me]

            def after(
                process: Process, inbox: Queue, *sent: tuple[str, int], me: int = me
            ) -> tuple[tuple[Process, ...], tuple[Queue, ...]]:
                outbox = queues[1 - me] + sent
                changed = (process, processes[1]) if me == 0 else (processes[0], process)
                return changed, (inbox, outbox) if me == 0 else (outbox, inbox)

            if not mine:
                yield after((clock, clock, theirs, False, critical), queues[me], ("request", clock))
            first = not theirs or mine < theirs or (mine == theirs and me == 0)
            if mine and acked and first:
                yield after((clock, mine, theirs, acked, True), queues[me])
            if critical:
                yield after((clock, 0, theirs, False, False), queues[me], ("release", 0))
            if queues[me]:
                (kind, value), rest = queues[me][0], queues[me][1:]
                later = max(clock, value) + 1
                if kind == "request" and later <= 6:
                    yield after((later, mine, value, acked, critical), rest, ("acknowledgement", 0))
                elif kind == "acknowledgement":
                    yield after((clock, mine, theirs, True, critical), rest)
                elif kind == "release":
                    yield after((clock, mine, 0, acked, critical), rest)

    start = (1, 0, 0, False, False)

    assert breadth_first([((start, start), ((), ()))], steps) == pinned("lamport_mutex_small")
