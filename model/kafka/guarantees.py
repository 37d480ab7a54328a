"""What a read-process-write pipeline is promised, as predicates over a whole state.

A transaction is *decided* for good when its coordinator is past PrepareCommit/PrepareAbort: between Prepare and Complete some
partitions have their marker and others not, which readers may see (commitTransaction() does not wait for it either).
`committed` of a partition counts the copies of a record that a read_committed reader gets or will get.
"""

from checker.lang import ensure, predicate
from model.kafka.consumer import Consumer
from model.kafka.messages import TransactionState
from model.kafka.offsets_partition import OffsetsPartition
from model.kafka.partition import PartitionLeader
from model.kafka.transaction_coordinator import TransactionCoordinator

DECIDING = (TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT)
OPEN = (TransactionState.ONGOING, TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT)


def deciding(coordinator: TransactionCoordinator) -> bool:
    return any(kept.state in DECIDING for kept in coordinator.state_log.values())


@predicate
def exactly_once(
    coordinator: TransactionCoordinator,
    offsets: OffsetsPartition,
    partitions: tuple[PartitionLeader, ...],
    readers: tuple[Consumer, ...],
    records: int,
) -> bool:
    """No payment reaches its reader twice, and none is missing once the input's offset has moved past its order."""
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
                    leader.committed[record] >= 1 or record >= offsets.committed,
                    f"the payment of order {record} is missing in payments-{leader.partition}, and the committed offset of"
                    f" orders is {offsets.committed}: nobody will process it again",
                )
    return True


@predicate
def atomic(coordinator: TransactionCoordinator, partitions: tuple[PartitionLeader, ...], records: int) -> bool:
    """What one transaction writes is committed to all of its partitions or to none."""
    if not deciding(coordinator):
        for leader in partitions:
            for other in partitions:
                for record in range(records):
                    ensure(
                        leader.committed[record] <= other.committed[record],
                        f"order {record}: its payment is committed {leader.committed[record]} times in payments-"
                        f"{leader.partition}, but {other.committed[record]} times in payments-{other.partition}",
                    )
    return True


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
                ensure(
                    (leader.committed[record] > 0) == (record < offsets.committed),
                    f"order {record}: its payment is committed {leader.committed[record]} times in payments-"
                    f"{leader.partition}, and the committed offset of orders is {offsets.committed}",
                )
    return True


@predicate
def no_aborted_read(partitions: tuple[PartitionLeader, ...], reader: Consumer, records: int) -> bool:
    """No reader is given a record of a transaction that is then aborted."""
    for leader in partitions:
        if leader.partition == reader.partition and not any(e.in_transaction for e in leader.producers.values()):
            for record in range(records):
                ensure(
                    reader.delivered[record] <= leader.committed[record],
                    f"the payment of order {record} is delivered from payments-{reader.partition} {reader.delivered[record]}"
                    f" times, and committed {leader.committed[record]} times",
                )
    return True
