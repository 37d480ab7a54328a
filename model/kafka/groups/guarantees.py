"""What consumers in a group are promised, or not, as predicates over a whole state.

A record is *eligible* from where auto.offset.reset=latest first put a consumer of the group (otherwise from the first
record on; in a partition that is added later always). It is *in hand* while a process has it from poll() and its effect
is still to come. Effects are counted where they happen: calls and produced records at the process that caused them,
rows at the store.
"""

from checker.lang import ensure, predicate
from model.kafka.groups.consumer import Consumer, Effect, Stage
from model.kafka.groups.coordinator import GroupCoordinator
from model.kafka.groups.input_partition import InputPartition
from model.kafka.groups.messages import NO_GENERATION, InputRecord, OffsetReset, Record
from model.kafka.groups.store import ExternalStore


def effects(consumers: tuple[Consumer, ...], stores: tuple[ExternalStore, ...], record: InputRecord) -> int:
    return sum(one.effects[record] for one in consumers) + sum(one.effects[record] for one in stores)


def eligible(consumers: tuple[Consumer, ...], leader: InputPartition, record: Record) -> bool:
    if record >= leader.initial + leader.appended:
        return False
    return leader.added_later or any(started_below(one, leader, record) for one in consumers)


def started_below(consumer: Consumer, leader: InputPartition, record: Record) -> bool:
    first = consumer.first[leader.partition]
    return consumer.reset != OffsetReset.LATEST or (first is not None and first <= record)


def in_hand(consumer: Consumer, record: InputRecord) -> bool:
    position = consumer.position[record.partition]
    between = position is not None and consumer.processed[record.partition] <= record.offset < position
    return between or record in consumer.queue


def will_reach(consumer: Consumer, record: InputRecord) -> bool:
    position = consumer.position[record.partition]
    return position is not None and position <= record.offset


def still_to_come(
    consumers: tuple[Consumer, ...],
    stores: tuple[ExternalStore, ...],
    coordinator: GroupCoordinator,
    leader: InputPartition,
    record: InputRecord,
) -> bool:
    """Somebody will read on to it, or the next owner starts at or below it."""
    if record.offset < leader.log_start:
        return False
    if any(will_reach(one, record) for one in consumers):
        return True
    if any(one.effect == Effect.STORE_WITH_OFFSET for one in consumers):
        return all(one.offset[record.partition] <= record.offset for one in stores)
    committed = coordinator.committed[record.partition]
    if committed is None or committed < leader.log_start:
        return all(one.reset != OffsetReset.LATEST for one in consumers)
    return committed <= record.offset


@predicate
def no_loss(
    consumers: tuple[Consumer, ...],
    stores: tuple[ExternalStore, ...],
    coordinator: GroupCoordinator,
    leaders: tuple[InputPartition, ...],
    records: int,
) -> bool:
    """At least once: every eligible record has had its effect, is in hand, or will be delivered to somebody yet."""
    for leader in leaders:
        for offset in range(records):
            record = InputRecord(leader.partition, offset)
            ensure(
                not eligible(consumers, leader, offset)
                or effects(consumers, stores, record) > 0
                or any(in_hand(one, record) for one in consumers)
                or still_to_come(consumers, stores, coordinator, leader, record),
                f"record {offset} of partition {leader.partition} has had no effect, no process has it in hand, and"
                f" nobody will read it again: the committed offset is {coordinator.committed[leader.partition]}",
            )
    return True


@predicate
def no_duplicates(
    consumers: tuple[Consumer, ...],
    stores: tuple[ExternalStore, ...],
    leaders: tuple[InputPartition, ...],
    records: int,
) -> bool:
    """At most once: no record has its effect twice."""
    for leader in leaders:
        for offset in range(records):
            ensure(
                effects(consumers, stores, InputRecord(leader.partition, offset)) <= 1,
                f"record {offset} of partition {leader.partition} has had its effect more than once",
            )
    return True


@predicate
def committed_offset_not_ahead(
    consumers: tuple[Consumer, ...],
    stores: tuple[ExternalStore, ...],
    coordinator: GroupCoordinator,
    leaders: tuple[InputPartition, ...],
    records: int,
) -> bool:
    """No committed offset is past an eligible record that has had no effect: a crash now would lose it."""
    for leader in leaders:
        committed = coordinator.committed[leader.partition]
        for offset in range(records):
            ensure(
                committed is None
                or offset >= committed
                or not eligible(consumers, leader, offset)
                or effects(consumers, stores, InputRecord(leader.partition, offset)) > 0,
                f"partition {leader.partition}: the committed offset is {committed}, and record {offset} has had no"
                " effect yet",
            )
    return True


@predicate
def committed_offset_monotonic(coordinator: GroupCoordinator) -> bool:
    """No commit puts a partition's committed offset below an earlier one."""
    ensure(not coordinator.rewound, "a commit has put the committed offset below an earlier one")
    return True


@predicate
def fenced_commit_inert(coordinator: GroupCoordinator) -> bool:
    """A commit that is not of a member of the generation in force changes nothing (assign() may, in an empty group)."""
    ensure(not coordinator.fenced_commit_applied, "the commit of a member that is fenced off has been applied")
    return True


@predicate
def single_owner(
    consumers: tuple[Consumer, ...], coordinator: GroupCoordinator, leaders: tuple[InputPartition, ...]
) -> bool:
    """No two members of the generation in force have the same partition.

    A process that has lost its membership and does not know it yet may believe to have it: what it does then is the
    matter of no_duplicates and fenced_commit_inert.
    """
    for leader in leaders:
        for one in consumers:
            for other in consumers:
                ensure(
                    one.me == other.me or not (owns(one, coordinator, leader) and owns(other, coordinator, leader)),
                    f"{one.me} and {other.me} both own partition {leader.partition} in generation"
                    f" {coordinator.generation}",
                )
    return True


def owns(consumer: Consumer, coordinator: GroupCoordinator, leader: InputPartition) -> bool:
    current = consumer.generation == coordinator.generation and consumer.me in coordinator.members
    return current and not consumer.fenced and leader.partition in consumer.assigned


@predicate
def no_silent_gap(consumers: tuple[Consumer, ...]) -> bool:
    """auto.offset.reset never moves a position that somebody had past records."""
    for consumer in consumers:
        ensure(not consumer.jumped, f"auto.offset.reset has moved {consumer.me} past records that it had not read")
    return True


@predicate
def store_cas(stores: tuple[ExternalStore, ...], leaders: tuple[InputPartition, ...], records: int) -> bool:
    """The store's offset is behind exactly the records that are in it, each of them once."""
    for store in stores:
        for leader in leaders:
            for offset in range(records):
                count = store.effects[InputRecord(leader.partition, offset)]
                ensure(
                    count == (1 if offset < store.offset[leader.partition] else 0),
                    f"record {offset} of partition {leader.partition} is in the store {count} times, and the store's"
                    f" offset is {store.offset[leader.partition]}",
                )
    return True


@predicate
def idempotent_converge(
    consumers: tuple[Consumer, ...],
    stores: tuple[ExternalStore, ...],
    coordinator: GroupCoordinator,
    leaders: tuple[InputPartition, ...],
) -> bool:
    """When everything is committed and nobody has anything in hand, the row that all records of a partition write to is
    as the last record left it."""
    for store in stores:
        for leader in leaders:
            row = store.row[leader.partition]
            busy = any(at_work(one) for one in consumers)
            ensure(
                busy or coordinator.committed[leader.partition] != leader.records or row == leader.records - 1,
                f"every record of partition {leader.partition} is committed, and the row is that of record {row}, not"
                f" of the last one",
            )
    return True


def at_work(consumer: Consumer) -> bool:
    return consumer.stage in (Stage.PROCESSING, Stage.WRITING)


@predicate
def all_processed(
    consumers: tuple[Consumer, ...],
    stores: tuple[ExternalStore, ...],
    leaders: tuple[InputPartition, ...],
    records: int,
) -> bool:
    """Every record of every partition has had its effect."""
    return all(
        effects(consumers, stores, InputRecord(leader.partition, offset)) > 0
        for leader in leaders
        for offset in range(records)
    )


@predicate
def all_committed(coordinator: GroupCoordinator, leaders: tuple[InputPartition, ...]) -> bool:
    """The committed offsets are at the end of their partitions."""
    return all(coordinator.committed[leader.partition] == leader.records for leader in leaders)


@predicate
def every_process_is_idle(consumers: tuple[Consumer, ...]) -> bool:
    """Nothing is left to do: each process waits in poll(), or has ended."""
    return all(one.stage in (Stage.POLLING, Stage.CLOSED, Stage.FAILED) for one in consumers)


@predicate
def a_process_is_fenced(consumers: tuple[Consumer, ...]) -> bool:
    """A process that was started again under the same group.instance.id has stopped its predecessor."""
    return any(one.stage == Stage.FAILED for one in consumers)


@predicate
def a_member_is_lost(consumers: tuple[Consumer, ...]) -> bool:
    """A process has learnt that it is no member any more, while it has records in hand."""
    return any(one.generation == NO_GENERATION and at_work(one) for one in consumers)
