"""What consumers in a group are promised, or not, as predicates over a whole state.

A record is *eligible* from the offset that the group had committed before, or from where auto.offset.reset=latest or
by_duration first put one of its consumers (otherwise from the first record on; always in a partition that is added
while it runs). It is
*in hand* while a process has it from poll() and its effect is still to come. Effects are counted where they happen:
calls and produced records at the process that caused them, rows at the store.
"""

from checker.lang import ensure, predicate
from model.kafka.groups.consumer import Consumer
from model.kafka.groups.coordinator import GroupCoordinator
from model.kafka.groups.input_partition import InputPartition
from model.kafka.groups.messages import InputRecord, OffsetReset, Position, Record
from model.kafka.groups.profiles import Effect
from model.kafka.groups.states import GroupProtocol, GroupState, Stage
from model.kafka.groups.store import ExternalStore


def effects(consumers: tuple[Consumer, ...], stores: tuple[ExternalStore, ...], record: InputRecord) -> int:
    return sum(one.effects[record] for one in consumers) + sum(one.effects[record] for one in stores)


def eligible(
    consumers: tuple[Consumer, ...], coordinator: GroupCoordinator, leader: InputPartition, record: Record
) -> bool:
    if record >= leader.initial + leader.appended:
        return False
    before = committed_before(coordinator, leader)
    if before is not None:
        return before <= record
    if leader.added_later:
        return any(one.found_while_running for one in consumers)
    return any(started_below(one, leader, record) for one in consumers)


def committed_before(coordinator: GroupCoordinator, leader: InputPartition) -> Position | None:
    before: Position | None = None
    for partition, offset in enumerate(coordinator.committed_before):
        if partition == leader.partition:
            before = offset
    return before


def committed_offset(coordinator: GroupCoordinator, leader: InputPartition) -> Position | None:
    return coordinator.committed[leader.partition] if coordinator.loaded else committed_before(coordinator, leader)


def started_below(consumer: Consumer, leader: InputPartition, record: Record) -> bool:
    first = consumer.first[leader.partition]
    moving = consumer.reset in (OffsetReset.LATEST, OffsetReset.BY_DURATION)
    return not moving or (first is not None and first <= record)


def in_hand(consumer: Consumer, record: InputRecord) -> bool:
    position = consumer.position[record.partition]
    between = position is not None and consumer.processed[record.partition] <= record.offset < position
    return between or record in consumer.queue


def will_reach(consumer: Consumer, record: InputRecord) -> bool:
    position = consumer.position[record.partition]
    return position is not None and position <= record.offset


def will_be_put(consumer: Consumer, leader: InputPartition, record: Record) -> bool:
    """by_duration: the leader's answer is on its way, and what gets too old meanwhile changes it no more."""
    told = leader.listed[consumer.me]
    asks = consumer.stage == Stage.RESETTING_OFFSETS or leader.partition in consumer.unresolved
    return asks and told is not None and told <= record


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
    if any(will_reach(one, record) or will_be_put(one, leader, record.offset) for one in consumers):
        return True
    if any(one.effect == Effect.STORE_WITH_OFFSET for one in consumers):
        return all(one.offset[record.partition] <= record.offset for one in stores)
    committed = committed_offset(coordinator, leader)
    if committed is None or committed < leader.log_start:
        return all(reset_reaches(one, leader, record.offset) for one in consumers)
    return committed <= record.offset


def reset_reaches(consumer: Consumer, leader: InputPartition, record: Record) -> bool:
    young = leader.first_young is None or leader.first_young <= record
    return consumer.reset != OffsetReset.LATEST and (consumer.reset != OffsetReset.BY_DURATION or young)


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
                not eligible(consumers, coordinator, leader, offset)
                or effects(consumers, stores, record) > 0
                or any(in_hand(one, record) for one in consumers)
                or still_to_come(consumers, stores, coordinator, leader, record),
                f"record {offset} of partition {leader.partition} has had no effect, no process has it in hand, and"
                f" nobody will read it again: the committed offset is {committed_offset(coordinator, leader)}",
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
        committed = committed_offset(coordinator, leader)
        for offset in range(records):
            ensure(
                committed is None
                or offset >= committed
                or not eligible(consumers, coordinator, leader, offset)
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
def stored_offset_is_assigned(consumers: tuple[Consumer, ...], leaders: tuple[InputPartition, ...]) -> bool:
    """No process keeps an offset to be committed for a partition that it does not have."""
    for consumer in consumers:
        for leader in leaders:
            stored = consumer.stored[leader.partition]
            ensure(
                stored is None or leader.partition in consumer.assigned,
                f"{consumer.me} keeps offset {stored} of partition {leader.partition}, which it does not have",
            )
    return True


@predicate
def no_commit_refused(coordinator: GroupCoordinator) -> bool:
    """No commit of a member is refused while the partitions are assigned to it."""
    ensure(not coordinator.owner_refused, "the commit of a member that has the partitions is refused")
    return True


@predicate
def single_owner(
    consumers: tuple[Consumer, ...], coordinator: GroupCoordinator, leaders: tuple[InputPartition, ...]
) -> bool:
    """No two members of the generation in force have the same partition (KIP-848: in the coordinator's books).

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
    if coordinator.protocol == GroupProtocol.CONSUMER:
        return leader.partition in coordinator.assigned[consumer.me] | coordinator.revoking[consumer.me]
    current = consumer.generation == coordinator.generation and consumer.me in coordinator.members
    return current and not consumer.fenced and leader.partition in consumer.assigned


@predicate
def no_silent_gap(consumers: tuple[Consumer, ...]) -> bool:
    """auto.offset.reset never moves a position that somebody had past records."""
    for consumer in consumers:
        ensure(not consumer.jumped, f"auto.offset.reset has moved {consumer.me} past records that it had not read")
    return True


@predicate
def delivery_from_commit(consumers: tuple[Consumer, ...], leaders: tuple[InputPartition, ...]) -> bool:
    """The first record that a process hands out of a partition it was assigned is at the committed offset.

    Or where auto.offset.reset has put it, if there is none in range, or the store of its application: what the process
    was told after the assignment, and never where it or another process stood before.
    """
    for consumer in consumers:
        for leader in leaders:
            told = consumer.told[leader.partition]
            begun = consumer.begun[leader.partition]
            ensure(
                begun is None or begun == told or consumer.position[leader.partition] is None,
                f"{consumer.me} begins partition {leader.partition} at {begun}, and was told {told}",
            )
    return True


@predicate
def reset_only_when_needed(
    consumers: tuple[Consumer, ...], coordinator: GroupCoordinator, leaders: tuple[InputPartition, ...]
) -> bool:
    """auto.offset.reset decides where there is no committed offset, or it is out of range, and nowhere else.

    An offset that was acknowledged, and is gone without having expired, was there: what the policy decides then is not
    what the application was promised.
    """
    for consumer in consumers:
        resetting = consumer.stage == Stage.RESETTING_OFFSETS
        for leader in leaders:
            ensure(
                not resetting
                or leader.partition not in consumer.assigned
                or consumer.position[leader.partition] is not None
                or leader.partition not in coordinator.denied[consumer.me],
                f"auto.offset.reset decides where {consumer.me} begins partition {leader.partition}, of which offset"
                f" {coordinator.acknowledged[leader.partition]} was committed and acknowledged",
            )
        ensure(
            not resetting or any(lacks_position(consumer, leader) for leader in leaders),
            f"auto.offset.reset moves {consumer.me}, whose positions are all in range",
        )
    return True


def lacks_position(consumer: Consumer, leader: InputPartition) -> bool:
    position = consumer.position[leader.partition]
    return leader.partition in consumer.assigned and (position is None or position < leader.log_start)


@predicate
def no_gap(
    consumers: tuple[Consumer, ...],
    coordinator: GroupCoordinator,
    leaders: tuple[InputPartition, ...],
    records: int,
) -> bool:
    """Whoever hands out a record: every eligible record before it in its partition was handed out before, to somebody.

    Not: was processed. auto.offset.reset and an offset that was committed ahead make gaps; repeated records do not.
    """
    for leader in leaders:
        for offset in range(records):
            later = any(
                record.partition == leader.partition and record.offset > offset
                for one in consumers
                for record in one.handed
            )
            ensure(
                not later
                or not eligible(consumers, coordinator, leader, offset)
                or any(InputRecord(leader.partition, offset) in one.handed for one in consumers),
                f"record {offset} of partition {leader.partition} was handed out to nobody, and a later one was",
            )
    return True


@predicate
def none_throws(
    consumers: tuple[Consumer, ...], coordinator: GroupCoordinator, leaders: tuple[InputPartition, ...]
) -> bool:
    """With auto.offset.reset=none nobody reads from a position that was not committed or stored by the group itself."""
    for consumer in consumers:
        for leader in leaders:
            position = consumer.position[leader.partition]
            ensure(
                consumer.reset != OffsetReset.NONE
                or position is None
                or coordinator.acknowledged[leader.partition] is not None
                or consumer.effect == Effect.STORE_WITH_OFFSET,
                f"{consumer.me} reads partition {leader.partition} from {position}, and no offset was ever committed",
            )
    return True


@predicate
def offset_durable(coordinator: GroupCoordinator, leaders: tuple[InputPartition, ...]) -> bool:
    """An acknowledged commit is what every later fetch of the offset returns, until another commit or its expiry."""
    for leader in leaders:
        acknowledged = coordinator.acknowledged[leader.partition]
        committed = coordinator.committed[leader.partition]
        ensure(
            committed == acknowledged,
            f"partition {leader.partition}: offset {acknowledged} is committed and acknowledged, and now {committed}",
        )
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
def no_stale_read(stores: tuple[ExternalStore, ...], leaders: tuple[InputPartition, ...], records: int) -> bool:
    """Who reads a row never finds an older record in it than one that was there before."""
    for store in stores:
        for leader in leaders:
            row = store.row[leader.partition]
            for offset in range(records):
                ensure(
                    store.effects[InputRecord(leader.partition, offset)] == 0 or (row is not None and row >= offset),
                    f"the row of partition {leader.partition} was that of record {offset}, and now is that of {row}",
                )
    return True


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
def nothing_delivered(
    consumers: tuple[Consumer, ...],
    stores: tuple[ExternalStore, ...],
    leaders: tuple[InputPartition, ...],
    records: int,
) -> bool:
    """No record has had an effect."""
    return all(
        effects(consumers, stores, InputRecord(leader.partition, offset)) == 0
        for leader in leaders
        for offset in range(records)
    )


@predicate
def something_delivered(
    consumers: tuple[Consumer, ...],
    stores: tuple[ExternalStore, ...],
    leaders: tuple[InputPartition, ...],
    records: int,
) -> bool:
    """A record has had its effect."""
    return any(
        effects(consumers, stores, InputRecord(leader.partition, offset)) > 0
        for leader in leaders
        for offset in range(records)
    )


@predicate
def a_process_has_failed(consumers: tuple[Consumer, ...]) -> bool:
    """poll() has thrown: no offset to start from, or fenced by a process with the same group.instance.id."""
    return any(one.stage == Stage.FAILED for one in consumers)


@predicate
def a_zombie_works(consumers: tuple[Consumer, ...], coordinator: GroupCoordinator) -> bool:
    """A member of an older generation still works on records."""
    return any(
        at_work(one)
        and one.subscribes
        and (one.me not in coordinator.members or one.generation < coordinator.generation)
        for one in consumers
    )


@predicate
def a_successor_works(consumers: tuple[Consumer, ...], coordinator: GroupCoordinator) -> bool:
    """A process works on a record under a group.instance.id that a process which has closed had before."""
    return any(
        one.stage == Stage.CLOSED and at_work(other) and one.instance is not None and one.instance == other.instance
        for one in consumers
        for other in consumers
        if other.me in coordinator.members
    )


@predicate
def a_commit_while_preparing(consumers: tuple[Consumer, ...], coordinator: GroupCoordinator) -> bool:
    """A member of the generation in force waits for its commit while the next one is prepared."""
    return coordinator.state == GroupState.PREPARING_REBALANCE and any(
        one.stage == Stage.COMMITTING and one.generation == coordinator.generation for one in consumers
    )


@predicate
def a_commit_beside_members(consumers: tuple[Consumer, ...], coordinator: GroupCoordinator) -> bool:
    """A process with assign() waits for its commit while the group has members."""
    return coordinator.state == GroupState.STABLE and any(
        one.stage == Stage.COMMITTING and not one.subscribes for one in consumers
    )


@predicate
def both_own_a_partition(consumers: tuple[Consumer, ...]) -> bool:
    """Each process has a partition to read from."""
    return all(any(position is not None for position in one.position.values()) for one in consumers)
