"""What a read-process-write pipeline is promised, as predicates over a whole state.

A transaction is *decided* for good when its coordinator is past PrepareCommit/PrepareAbort: between Prepare and
Complete some partitions have their marker and others not, which readers may see (commitTransaction() does not wait for
it either).
A transaction is told by its records, or, where a spec says `transaction_identities`, by an identity of its own (T1 to
T14: the list of properties that a protocol of transactions is to have; T4 is `no_zombie_write`, T7
`no_hanging_transaction`, T9 `reads_below_last_stable_offset`, T11 `no_aborted_read`, T12 `offsets_move_with_output`).
Of its list for coordinators (C) and groups (G), C1 is an assertion where the coordinator appends, C4
`no_older_coordinator_decides`, C9 `no_illegal_state`, G1 a part of `a_commit_is_kept`, G2 `stable_fetch`, E2
`fatal_only_if_fenced`. C7 and C8 hold by construction: a producer id says whose it is, and markers go to the partitions
of the record that they follow.
`committed` of a partition counts the copies of a record that a read_committed reader gets or will get.
"""

from checker.lang import ensure, predicate
from model.kafka.transactions.application import ENDED, IN_FLIGHT, IN_RETRY, Application, Offsets, Stage
from model.kafka.transactions.consumer import Consumer
from model.kafka.transactions.messages import (
    ABORTED,
    BOTH,
    COMMITTED,
    NO_EPOCH,
    STOPPED,
    IsolationLevel,
    Position,
    ProducerId,
    Record,
    TopicPartition,
    TransactionState,
)
from model.kafka.transactions.offsets_partition import OffsetsPartition
from model.kafka.transactions.partition import PartitionLeader
from model.kafka.transactions.transaction_coordinator import TransactionCoordinator, TransactionMetadata

DECIDING = (TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT)
WORKING = (
    Stage.ADDING_PARTITIONS, Stage.ADDING_OFFSETS, Stage.SENDING_OFFSETS, Stage.PRODUCING, Stage.COMMITTING,
    Stage.COMMITTING_OFFSET,
)  # fmt: skip
HOLDING = (Stage.NOT_STARTED, Stage.PRE_COMMITTED)  # A checkpoint with a transaction that the process will commit.
OPEN = (TransactionState.ONGOING, TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT)


def deciding(coordinator: TransactionCoordinator) -> bool:
    return any(kept.state in DECIDING for kept in coordinator.state_log.values())


def is_open(kept: TransactionMetadata, producer_id: ProducerId, partition: TopicPartition) -> bool:
    return kept.producer_id == producer_id and kept.state in OPEN and partition in kept.partitions


def in_work(applications: tuple[Application, ...], record: Record) -> bool:
    return any(
        (one.stage in WORKING and one.position <= record)
        or (one.stage in HOLDING and one.checkpoint is not None and one.checkpoint.offset == record + 1)
        for one in applications
    )


def start_offset(applications: tuple[Application, ...], offsets: OffsetsPartition) -> Position:
    """Where a process that starts goes on: the committed offset, or the position of the checkpoint."""
    in_checkpoint = max((one.checkpoint.offset for one in applications if one.checkpoint is not None), default=0)
    return max(offsets.committed, in_checkpoint)


@predicate
def exactly_once(
    applications: tuple[Application, ...],
    coordinator: TransactionCoordinator,
    offsets: OffsetsPartition,
    partitions: tuple[PartitionLeader, ...],
    readers: tuple[Consumer, ...],
    records: int,
) -> bool:
    """No payment reaches its reader twice, and none is missing that nobody will process any more: `no_duplicates` and
    `no_loss` together."""
    for reader in readers:
        for record in range(records):
            ensure(
                reader.delivered[record] <= 1,
                f"the payment of order {record} is delivered from payments-{reader.partition} more than once",
            )
    if not deciding(coordinator):
        for leader in partitions:
            for record in range(records):
                ensure(
                    leader.committed[record] >= 1
                    or record >= start_offset(applications, offsets)
                    or in_work(applications, record),
                    f"the payment of order {record} is missing in payments-{leader.partition}, and the committed offset"
                    f" of orders is {start_offset(applications, offsets)}: nobody will process it again",
                )
    return True


@predicate
def no_duplicates(readers: tuple[Consumer, ...], records: int) -> bool:
    """No payment reaches its reader twice."""
    for reader in readers:
        for record in range(records):
            ensure(
                reader.delivered[record] <= 1,
                f"the payment of order {record} is delivered from payments-{reader.partition} more than once",
            )
    return True


@predicate
def no_loss(
    applications: tuple[Application, ...],
    coordinator: TransactionCoordinator,
    offsets: OffsetsPartition,
    partitions: tuple[PartitionLeader, ...],
    records: int,
) -> bool:
    """No payment is missing that nobody will make any more: the committed offset is past its order, and nobody has it
    in work."""
    if not deciding(coordinator):
        for leader in partitions:
            for record in range(records):
                ensure(
                    leader.committed[record] >= 1
                    or record >= start_offset(applications, offsets)
                    or in_work(applications, record),
                    f"the payment of order {record} is missing in payments-{leader.partition}, and the committed offset"
                    f" of orders is {start_offset(applications, offsets)}: nobody will process it again",
                )
    return True


@predicate
def atomic(coordinator: TransactionCoordinator, partitions: tuple[PartitionLeader, ...], records: int) -> bool:
    """What one transaction writes is committed to all of its partitions or to none."""
    if not deciding(coordinator):
        for leader in partitions:
            for other in partitions:
                for record in range(records):
                    if other.committed[record] == 0:
                        ensure(
                            leader.committed[record] == 0,
                            f"order {record}: its payment is committed in payments-{leader.partition}, and not in"
                            f" payments-{other.partition}",
                        )
                    else:
                        ensure(
                            leader.committed[record] <= other.committed[record],
                            f"order {record}: its payment is committed twice in payments-{leader.partition}, and once"
                            f" in payments-{other.partition}",
                        )
    return True


@predicate
def atomic_in_the_end(
    coordinator: TransactionCoordinator, partitions: tuple[PartitionLeader, ...], records: int
) -> bool:
    """When no transaction is open, what one of them wrote is committed to all of its partitions or to none.

    Weaker than `atomic` where a coordinator forgets a decision: its client may still decide the same again.
    """
    if not any(kept.state in OPEN for kept in coordinator.state_log.values()):
        for leader in partitions:
            for other in partitions:
                for record in range(records):
                    if other.committed[record] == 0:
                        ensure(
                            leader.committed[record] == 0,
                            f"order {record}: its payment is committed in payments-{leader.partition}, and not in"
                            f" payments-{other.partition}, and its transaction is over",
                        )
                    else:
                        ensure(
                            leader.committed[record] <= other.committed[record],
                            f"order {record}: its payment is committed twice in payments-{leader.partition}, and once"
                            f" in payments-{other.partition}, and its transaction is over",
                        )
    return True


@predicate
def commits_are_final(
    applications: tuple[Application, ...],
    coordinator: TransactionCoordinator,
    partitions: tuple[PartitionLeader, ...],
) -> bool:
    """What commitTransaction() has confirmed is committed, when no transaction is open."""
    if not any(kept.state in OPEN for kept in coordinator.state_log.values()):
        for one in applications:
            for record in one.confirmed:
                for leader in partitions:
                    ensure(
                        leader.committed[record] > 0,
                        f"{one.me} was told that the transaction of order {record} is committed, but payments-"
                        f"{leader.partition} has aborted it",
                    )
    return True


@predicate
def an_append_went_wrong(coordinator: TransactionCoordinator) -> bool:
    """An append to the transaction state log was refused, timed out, or reached a part of the replicas."""
    return coordinator.refused + coordinator.timed_out + coordinator.unreplicated > 0


@predicate
def a_working_transaction_timed_out(coordinator: TransactionCoordinator) -> bool:
    """transaction.timeout.ms has passed for a process that was at work."""
    return coordinator.timeouts > 0


@predicate
def offsets_move_with_output(
    coordinator: TransactionCoordinator,
    offsets: OffsetsPartition,
    partitions: tuple[PartitionLeader, ...],
    records: int,
) -> bool:
    """The committed offset of the input is past a record if and only if the payment made from it is committed."""
    if not deciding(coordinator):
        for leader in partitions:
            for record in range(records):
                if record < offsets.committed:
                    ensure(
                        leader.committed[record] > 0,
                        f"the committed offset of orders is {offsets.committed}, past order {record}, and its payment"
                        f" is not committed in payments-{leader.partition}",
                    )
                else:
                    ensure(
                        leader.committed[record] == 0,
                        f"the payment of order {record} is committed in payments-{leader.partition}, and the committed"
                        f" offset of orders is {offsets.committed}, not past it",
                    )
    return True


@predicate
def committed_offset_not_ahead(
    coordinator: TransactionCoordinator,
    offsets: OffsetsPartition,
    partitions: tuple[PartitionLeader, ...],
    records: int,
) -> bool:
    """The committed offset is not past an order whose payment is not committed: who starts there would skip it."""
    if not deciding(coordinator):
        for leader in partitions:
            for record in range(records):
                ensure(
                    record >= offsets.committed or leader.committed[record] > 0,
                    f"the committed offset of orders is {offsets.committed}, and the payment of order {record} is not"
                    f" committed in payments-{leader.partition}",
                )
    return True


@predicate
def committed_offset_monotonic(offsets: OffsetsPartition) -> bool:
    """The committed offset never moves back."""
    ensure(not offsets.moved_back, f"the committed offset of orders has moved back to {offsets.committed}")
    return True


@predicate
def stable_fetch(offsets: OffsetsPartition) -> bool:
    """Nobody is given an offset that a transactional commit, pending at that moment, moves forward afterwards."""
    ensure(
        not offsets.gave_old_offset,
        f"a process was given an offset below {offsets.committed}, which was pending in the log at that time",
    )
    return True


@predicate
def no_double_update(applications: tuple[Application, ...], records: int) -> bool:
    """No order is applied twice to the local store of a process."""
    for one in applications:
        for record in range(records):
            ensure(one.store[record] <= 1, f"order {record} is applied more than once to a local store")
    return True


@predicate
def no_aborted_read(partitions: tuple[PartitionLeader, ...], readers: tuple[Consumer, ...], records: int) -> bool:
    """No reader keeps a record of a transaction that was aborted."""
    for leader in partitions:
        for reader in readers:
            if leader.partition == reader.partition and not any(e.in_transaction for e in leader.producers.values()):
                for record in range(records):
                    if leader.committed[record] == 0:
                        ensure(
                            reader.delivered[record] == 0,
                            f"the payment of order {record} is delivered from payments-{reader.partition}, and it is"
                            " not committed there",
                        )
                    else:
                        ensure(
                            reader.delivered[record] <= leader.committed[record],
                            f"the payment of order {record} is delivered twice from payments-{reader.partition}, and it"
                            " is committed once",
                        )
    return True


@predicate
def reads_below_last_stable_offset(
    partitions: tuple[PartitionLeader, ...], readers: tuple[Consumer, ...], records: int
) -> bool:
    """No reader is given a record before the marker that commits it is in the log."""
    for leader in partitions:
        for reader in readers:
            if leader.partition == reader.partition:
                for record in range(records):
                    ensure(
                        reader.delivered[record] <= leader.committed[record],
                        f"the payment of order {record} is delivered from payments-{reader.partition} before it is"
                        " committed",
                    )
    return True


@predicate
def read_atomically(readers: tuple[Consumer, ...], records: int) -> bool:
    """A reader of all output partitions is given the payments of one order at once: Kafka promises no such thing."""
    for reader in readers:
        for other in readers:
            for record in range(records):
                ensure(
                    reader.delivered[record] <= other.delivered[record],
                    f"order {record}: its payment is delivered from payments-{reader.partition}, and not yet from"
                    f" payments-{other.partition}",
                )
    return True


@predicate
def no_abandoned_transaction_blocks_readers(
    applications: tuple[Application, ...], partitions: tuple[PartitionLeader, ...], transactional_ids: int
) -> bool:
    """No reader waits for the end of a transaction whose transactional id nobody uses any more."""
    for leader in partitions:
        for producer_id, entry in leader.producers.items():
            ensure(
                not entry.in_transaction
                or any(
                    one.transactional_id + one.incarnation == producer_id % transactional_ids for one in applications
                ),
                f"readers of payments-{leader.partition} wait for a transaction that nobody but its timeout will end",
            )
    return True


@predicate
def no_zombie_write(partitions: tuple[PartitionLeader, ...]) -> bool:
    """No record becomes readable in a transaction of a newer instance than the one that wrote it."""
    for leader in partitions:
        ensure(
            not leader.zombie_committed,
            f"payments-{leader.partition}: a record of an older instance is committed by a newer one's transaction",
        )
    return True


@predicate
def no_hanging_transaction(
    coordinator: TransactionCoordinator,
    offsets: OffsetsPartition,
    partitions: tuple[PartitionLeader, ...],
    transactional_ids: int,
) -> bool:
    """A partition has a transaction open only if the coordinator has it open too, with this partition in it."""
    for leader in partitions:
        for producer_id, entry in leader.producers.items():
            kept = coordinator.state_log[producer_id % transactional_ids]
            ensure(
                not entry.in_transaction or is_open(kept, producer_id, leader.partition),
                f"payments-{leader.partition} has a transaction of epoch {entry.epoch} open that the coordinator will"
                " never end: readers stop",
            )
    for producer_id, pending in offsets.producers.items():
        kept = coordinator.state_log[producer_id % transactional_ids]
        ensure(
            pending.pending is None or is_open(kept, producer_id, offsets.partition),
            f"the offsets partition has a transaction of epoch {pending.epoch} open that the coordinator will never"
            " end: nobody gets an offset",
        )
    return True


@predicate
def no_stuck_transaction(coordinator: TransactionCoordinator) -> bool:
    """Every transaction can still be ended.

    In Prepare, its coordinator is still writing markers; Ongoing, its epoch can be bumped by a fence; and no transition
    is pending whose append has failed.
    """
    for key, metadata in coordinator.cache.items():
        writing = len(coordinator.unmarked[key]) > 0 or coordinator.lag[key] > 0
        ensure(
            metadata.state not in DECIDING or writing,
            f"the transaction of producer id {metadata.producer_id} stays in Prepare at epoch {metadata.epoch}: its"
            " coordinator counts no more markers, and answers CONCURRENT_TRANSACTIONS to everybody",
        )
        ensure(
            coordinator.pending_state[key] not in DECIDING or coordinator.lag[key] > 0,
            f"the transaction of producer id {metadata.producer_id} waits for an append that has failed: its"
            " coordinator answers CONCURRENT_TRANSACTIONS to everybody",
        )
        ensure(
            metadata.state != TransactionState.ONGOING
            or metadata.epoch < coordinator.epoch_max
            or coordinator.recovers_at_epoch_max
            or coordinator.pending_state[key] is not None,
            f"the transaction of producer id {metadata.producer_id} is Ongoing at epoch {metadata.epoch}, the greatest"
            " there is: no fence and no timeout can end it",
        )
    return True


@predicate
def fatal_only_if_fenced(applications: tuple[Application, ...], coordinator: TransactionCoordinator) -> bool:
    """A process meets a fatal error only if another instance has its transactional id, or is asking for it."""
    for one in applications:
        asked = any(other.stage == Stage.INITIALIZING for other in applications)
        ensure(
            coordinator.holder[one.transactional_id] != one.me or asked or one.stage != Stage.FATAL_ERROR,
            f"{one.me} was stopped by a fatal error, and nobody else has its transactional id",
        )
    return True


@predicate
def no_illegal_state(coordinator: TransactionCoordinator) -> bool:
    """The coordinator takes no branch that its own code holds for impossible (IllegalStateException)."""
    ensure(not coordinator.illegal_state, "the coordinator threw an IllegalStateException: UNKNOWN_SERVER_ERROR, fatal")
    return True


@predicate
def no_older_coordinator_decides(partitions: tuple[PartitionLeader, ...]) -> bool:
    """A partition that has a marker of one coordinator epoch takes none of an earlier one from the same producer id."""
    for leader in partitions:
        for producer_id, entry in leader.producers.items():
            newest = leader.newest_coordinator_epoch[producer_id]
            ensure(
                entry.coordinator_epoch == NO_EPOCH or entry.coordinator_epoch == newest,
                f"payments-{leader.partition} has appended a marker of coordinator epoch {entry.coordinator_epoch}"
                f" after one of {newest}",
            )
    return True


@predicate
def cache_is_from_log(coordinator: TransactionCoordinator) -> bool:
    """While nothing is pending, what the coordinator knows is what its log says (C2); while down, nothing."""
    for key, known in coordinator.cache.items():
        kept = coordinator.state_log[key]
        ensure(
            known.epoch == NO_EPOCH
            or coordinator.pending_state[key] is not None
            or (
                known.producer_id == kept.producer_id
                and known.epoch == kept.epoch
                and known.state == kept.state
                and known.partitions == kept.partitions
            ),
            f"the coordinator takes producer id {known.producer_id}, epoch {known.epoch} for {known.state}, and its log"
            f" has producer id {kept.producer_id}, epoch {kept.epoch}, {kept.state}",
        )
    return True


@predicate
def no_fenced_request_served(coordinator: TransactionCoordinator) -> bool:
    """No request of an epoch below the one in the log adds to a transaction or ends it (C3)."""
    ensure(not coordinator.served_fenced, "a request of a producer epoch that is fenced has changed a transaction")
    return True


@predicate
def epochs_within_budget(applications: tuple[Application, ...], coordinator: TransactionCoordinator) -> bool:
    """No client is given the greatest epoch (C5): that one is kept for the fence that ends its last transaction."""
    for one in applications:
        ensure(
            one.epoch < coordinator.epoch_max,
            f"{one.me} has epoch {one.epoch}, the greatest there is: its transaction cannot be fenced by a higher one",
        )
    return True


@predicate
def one_instance_per_epoch(applications: tuple[Application, ...]) -> bool:
    """No two processes have the same producer id and epoch (C6): whoever is given an epoch fences who had the last."""
    for one in applications:
        for other in applications:
            ensure(
                one.me == other.me
                or one.epoch == NO_EPOCH
                or one.producer_id != other.producer_id
                or one.epoch != other.epoch,
                f"{one.me} and {other.me} both have epoch {one.epoch} of producer id {one.producer_id}",
            )
    return True


@predicate
def generation_fence(offsets: OffsetsPartition) -> bool:
    """No transaction commits offsets of an older generation of the group (G3); who names none is not asked."""
    ensure(not offsets.took_old_generation, "TxnOffsetCommit of an older generation was accepted")
    return True


@predicate
def no_sequence_gap(partitions: tuple[PartitionLeader, ...]) -> bool:
    """In each partition the sequences of a producer epoch begin at 0 and have no gap (P2'): nothing overtakes."""
    for leader in partitions:
        for producer_id, entry in leader.producers.items():
            last = max(entry.sequences, default=-1)
            ensure(
                len(entry.sequences) == last + 1,
                f"payments-{leader.partition} has sequence {last} of producer id {producer_id}, and not all before it:"
                " what is missing is refused with OUT_OF_ORDER_SEQUENCE_NUMBER from now on",
            )
    return True


@predicate
def sent_in_order(partitions: tuple[PartitionLeader, ...]) -> bool:
    """What one transaction writes to a partition is there once, in the order in which it was sent (P1', P2)."""
    for leader in partitions:
        for i, entry in enumerate(leader.log):
            for j, other in enumerate(leader.log):
                ensure(
                    i >= j
                    or entry.record is None
                    or other.record is None
                    or entry.producer_id != other.producer_id
                    or entry.epoch != other.epoch
                    or entry.record < other.record
                    or any(
                        i < k and k < j and between.marker is not None and between.producer_id == entry.producer_id
                        for k, between in enumerate(leader.log)
                    ),
                    f"payments-{leader.partition}: the payment of order {entry.record} is before that of order"
                    f" {other.record} in one transaction",
                )
    return True


# --- T1 to T14 of transactions that are told apart (`transaction_identities`) -----------------------------------------
#
# By record, a transaction that is torn and its repetition that makes up for it look like one that is whole.


@predicate
def a_commit_is_kept(
    applications: tuple[Application, ...],
    coordinator: TransactionCoordinator,
    partitions: tuple[PartitionLeader, ...],
    offsets: OffsetsPartition,
) -> bool:
    """T1: a transaction whose commit was confirmed is aborted nowhere, and committed everywhere when none is open."""
    none_open = not any(kept.state in OPEN for kept in coordinator.state_log.values())
    for one in applications:
        for transaction, told in one.told.items():
            for leader in partitions:
                ensure(
                    told != COMMITTED
                    or leader.outcome[transaction] == COMMITTED
                    or (leader.outcome[transaction] == 0 and not none_open),
                    f"{one.me} was told that its transaction {transaction} is committed, and payments-"
                    f"{leader.partition} has aborted it, or never saw its end",
                )
            ensure(
                told != COMMITTED
                or one.offsets != Offsets.TRANSACTION
                or offsets.outcome[transaction] == COMMITTED
                or (offsets.outcome[transaction] == 0 and not none_open),
                f"{one.me} was told that its transaction {transaction} is committed, and the offsets partition has"
                " aborted its offset, or never saw its end",
            )
    return True


@predicate
def an_abort_is_kept(
    applications: tuple[Application, ...], partitions: tuple[PartitionLeader, ...], offsets: OffsetsPartition
) -> bool:
    """T2: a transaction whose abort was confirmed, or whose process never asked for a commit, is never committed."""
    for one in applications:
        for transaction, told in one.told.items():
            aborted = told in (ABORTED, STOPPED)
            for leader in partitions:
                ensure(
                    not aborted or leader.outcome[transaction] in (0, ABORTED),
                    f"the transaction {transaction} of {one.me} is aborted, as far as {one.me} knows, and payments-"
                    f"{leader.partition} has committed a record of it",
                )
            ensure(
                not aborted or offsets.outcome[transaction] in (0, ABORTED),
                f"the transaction {transaction} of {one.me} is aborted, as far as {one.me} knows, and its offset is"
                " committed",
            )
    return True


@predicate
def one_outcome(partitions: tuple[PartitionLeader, ...], offsets: OffsetsPartition) -> bool:
    """T3: what belongs to one transaction is committed everywhere or aborted everywhere, its offset included."""
    for transaction in offsets.outcome.keys():
        in_offsets = offsets.outcome[transaction]
        committed = any(one.outcome[transaction] in (COMMITTED, BOTH) for one in partitions)
        aborted = any(one.outcome[transaction] in (ABORTED, BOTH) for one in partitions)
        ensure(
            not (committed or in_offsets in (COMMITTED, BOTH)) or not (aborted or in_offsets in (ABORTED, BOTH)),
            f"transaction {transaction} is committed in one place and aborted in another",
        )
    return True


@predicate
def markers_follow_the_decision(
    coordinator: TransactionCoordinator, partitions: tuple[PartitionLeader, ...], offsets: OffsetsPartition
) -> bool:
    """T5: a transaction is decided once, and no marker says anything else, or comes before that is committed."""
    for transaction, decision in coordinator.decided.items():
        ensure(decision != BOTH, f"transaction {transaction} is decided twice, and differently")
        for leader in partitions:
            ensure(
                leader.outcome[transaction] in (0, decision),
                f"payments-{leader.partition} has a marker for transaction {transaction} that nobody has decided",
            )
        ensure(
            offsets.outcome[transaction] in (0, decision),
            f"the offsets partition has a marker for transaction {transaction} that nobody has decided",
        )
    return True


@predicate
def complete_means_marked(
    coordinator: TransactionCoordinator,
    partitions: tuple[PartitionLeader, ...],
    offsets: OffsetsPartition,
) -> bool:
    """T6: when a transaction is in CompleteCommit or CompleteAbort, no partition has it open."""
    for kept in coordinator.state_log.values():
        complete = kept.state in (TransactionState.COMPLETE_COMMIT, TransactionState.COMPLETE_ABORT)
        for leader in partitions:
            for producer_id, entry in leader.producers.items():
                ensure(
                    not complete or producer_id != kept.producer_id or not entry.in_transaction,
                    f"the transaction of producer id {producer_id} is complete, and payments-{leader.partition} has it"
                    " open",
                )
        for producer_id, pending in offsets.producers.items():
            ensure(
                not complete or producer_id != kept.producer_id or pending.pending is None,
                f"the transaction of producer id {producer_id} is complete, and its offset still pending",
            )
    return True


@predicate
def commits_only_what_is_acknowledged(applications: tuple[Application, ...]) -> bool:
    """T8: a process asks for the commit of a transaction only if each of its sends was acknowledged."""
    for one in applications:
        ensure(
            one.stage != Stage.COMMITTING or one.unacknowledged == 0,
            f"{one.me} commits a transaction although one of its sends has failed",
        )
    return True


@predicate
def position_below_last_stable_offset(partitions: tuple[PartitionLeader, ...]) -> bool:
    """T10: a reader with read_committed has nothing at or above the last stable offset."""
    for leader in partitions:
        ensure(
            leader.isolation_level != IsolationLevel.READ_COMMITTED or leader.given == 0,
            f"the reader of payments-{leader.partition} has {leader.given} entries from the last stable offset on",
        )
    return True


@predicate
def an_epoch_is_one_transaction(partitions: tuple[PartitionLeader, ...]) -> bool:
    """T13, of transaction version 2: no two transactions have records under one producer id and epoch."""
    for leader in partitions:
        for entry in leader.log:
            for other_leader in partitions:
                for other in other_leader.log:
                    ensure(
                        entry.record is None
                        or other.record is None
                        or entry.producer_id != other.producer_id
                        or entry.epoch != other.epoch
                        or entry.transaction == other.transaction,
                        f"producer id {entry.producer_id} with epoch {entry.epoch} has records of two transactions,"
                        f" {entry.transaction} and {other.transaction}",
                    )
    return True


@predicate
def no_mixed_versions(partitions: tuple[PartitionLeader, ...]) -> bool:
    """No producer epoch has records of a transaction of version 2 and of one before it."""
    for leader in partitions:
        for entry in leader.log:
            for other in leader.log:
                ensure(
                    entry.record is None
                    or other.record is None
                    or entry.producer_id != other.producer_id
                    or entry.epoch != other.epoch
                    or entry.version_2 == other.version_2,
                    f"payments-{leader.partition}: the transaction of epoch {entry.epoch} is of version 2, and has a"
                    " record of the last one before the upgrade",
                )
    return True


@predicate
def decided_before_answered(applications: tuple[Application, ...], coordinator: TransactionCoordinator) -> bool:
    """T14: EndTxn is answered with success only when the decision on this very transaction is in the state log."""
    for one in applications:
        for transaction, told in one.told.items():
            ensure(
                told not in (COMMITTED, ABORTED) or coordinator.decided[transaction] in (told, BOTH),
                f"{one.me} was told that its transaction {transaction} has ended, and that is not in the state log",
            )
    return True


@predicate
def never_aborts(applications: tuple[Application, ...]) -> bool:
    """No transaction is aborted: for a run without faults."""
    for one in applications:
        ensure(one.stage != Stage.ABORTING, f"{one.me} has to abort a transaction that nothing was wrong with")
    return True


@predicate
def all_delivered(readers: tuple[Consumer, ...], records: int) -> bool:
    """Every payment has reached its reader."""
    return all(all(reader.delivered[record] > 0 for record in range(records)) for reader in readers)


@predicate
def a_committed_record_is_withheld(partitions: tuple[PartitionLeader, ...], readers: tuple[Consumer, ...]) -> bool:
    """A reader has not got a committed record, because an older transaction of its partition is open."""
    return any(
        leader.partition == reader.partition
        and any(leader.committed[record] > reader.delivered[record] for record in leader.committed.keys())
        and any(entry.in_transaction for entry in leader.producers.values())
        for leader in partitions
        for reader in readers
    )


@predicate
def a_producer_is_fenced(applications: tuple[Application, ...]) -> bool:
    """An instance has found out that a newer one has its transactional id."""
    return any(one.stage == Stage.FATAL_ERROR for one in applications)


@predicate
def a_fenced_instance_goes_on(applications: tuple[Application, ...], coordinator: TransactionCoordinator) -> bool:
    """An instance has begun another transaction with the epoch by which a newer instance had it fenced."""
    return any(
        one.correlation > 1
        and coordinator.last_epoch[one.transactional_id] == one.epoch - 1
        and any(other.stage == Stage.INITIALIZING for other in applications)
        for one in applications
    )


@predicate
def an_instance_gives_up(applications: tuple[Application, ...]) -> bool:
    """An instance has begun as many transactions as it may, and none of the last ones was committed."""
    return any(one.stage == Stage.GAVE_UP for one in applications)


@predicate
def a_producer_id_is_replaced(coordinator: TransactionCoordinator, transactional_ids: int) -> bool:
    """A transactional id has got another producer id: the epochs of the first are used up, or it had expired."""
    return any(kept.producer_id >= transactional_ids for kept in coordinator.state_log.values())


@predicate
def markers_written_after_reload(coordinator: TransactionCoordinator) -> bool:
    """A coordinator that took over has sent the COMMIT markers of a transaction that its predecessor had decided."""
    return coordinator.finished_for_predecessor


@predicate
def a_batch_is_in_flight_behind_another(applications: tuple[Application, ...]) -> bool:
    """A process waits for the answers to two batches of one partition."""
    return any(
        any(
            one.status[slot] in IN_FLIGHT and one.status[slot - 1] in IN_FLIGHT
            for slot in one.status.keys() if slot % one.batches > 0
        )
        for one in applications
    )  # fmt: skip


@predicate
def a_batch_is_sent_again(applications: tuple[Application, ...]) -> bool:
    """A process has a batch that waits to be sent again, behind one that is in flight."""
    return any(any(status == IN_RETRY for status in one.status.values()) for one in applications)


@predicate
def a_client_has_switched(applications: tuple[Application, ...]) -> bool:
    """A process that began before the upgrade has begun a transaction of version 2."""
    return any(one.version_2 > 0 for one in applications)


@predicate
def every_process_has_ended(applications: tuple[Application, ...]) -> bool:
    """Nothing is left to do: each instance has processed everything, was fenced, has no partition, or never started."""
    return all(one.stage in ENDED for one in applications)
