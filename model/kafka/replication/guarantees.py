"""What a producer and the replicas of a partition promise, as predicates over a whole state.

The *leader* is the replica that the controller has elected, once it leads in the newest leader epoch; without a
controller each log is its partition's only one. While no replica leads there is nothing to read, and nothing is lost
that may come back.
"""

from checker.lang import ensure, predicate
from model.kafka.replication.controller import Controller
from model.kafka.replication.messages import NO_PRODUCER_ID, NO_RECORD, REMOVED, LogEntry, Record
from model.kafka.replication.producer import Outcome, Producer
from model.kafka.replication.replica import Replica


def leads_now(replica: Replica, controllers: tuple[Controller, ...]) -> bool:
    """The replica leads in the newest epoch."""
    return replica.leader == replica.broker and all(
        one.leader == replica.broker and one.leader_epoch == replica.leader_epoch for one in controllers
    )


def holds(log: tuple[LogEntry, ...], record: Record) -> bool:
    return any(one.batch.record == record and one.cleaned != REMOVED for one in log)


def first(log: tuple[LogEntry, ...], record: Record) -> int:
    """Where the record is for the first time, or the end of the log."""
    return min(
        (offset for offset, one in enumerate(log) if one.batch.record == record and one.cleaned != REMOVED),
        default=len(log),
    )


def agree(one: LogEntry, other: LogEntry) -> bool:
    """What one replica's cleaner has removed, another may still have."""
    removed = one.cleaned == REMOVED or other.cleaned == REMOVED
    return removed or (one.batch == other.batch and one.leader_epoch == other.leader_epoch)


def copies(replicas: tuple[Replica, ...], controllers: tuple[Controller, ...], record: Record) -> int:
    """How often the record is in the logs of the leaders."""
    return sum(
        sum(1 for one in replica.log if one.batch.record == record and one.cleaned != REMOVED)
        for replica in replicas
        if leads_now(replica, controllers)
    )


@predicate
def no_loss(
    producer: Producer, replicas: tuple[Replica, ...], controllers: tuple[Controller, ...], records: int
) -> bool:
    """Every acknowledged record is in the log of the leader (R1, R7)."""
    if any(leads_now(replica, controllers) for replica in replicas):
        for record in range(records):
            ensure(
                producer.outcome[record] != Outcome.ACKED or copies(replicas, controllers, record) > 0,
                f"record {record} was acknowledged and is not in the log of the leader",
            )
    return True


def latest(replica: Replica, record: Record) -> int:
    """The last record with this record's key, which a reader of the whole log takes for current."""
    found: int = NO_RECORD
    for one in replica.log:
        if one.cleaned != REMOVED and replica.keys[one.batch.record] == replica.keys[record]:
            found = one.batch.record
    return found


def is_deleted(replicas: tuple[Replica, ...], record: Record) -> bool:
    """It is a tombstone, or a later one of its key was written: a cleaner leaves its place."""
    for replica in replicas:
        for one in replica.log:
            later = one.batch.record
            if later >= record and replica.tombstones[later] and replica.keys[later] == replica.keys[record]:
                return True
    return False


@predicate
def latest_value(
    producer: Producer, replicas: tuple[Replica, ...], controllers: tuple[Controller, ...], records: int
) -> bool:
    """Who reads a compacted topic from its start finds for each key what was acknowledged last, or what came after it.

    Where that is a deletion, nothing.
    """
    for replica in replicas:
        if leads_now(replica, controllers):
            for record in range(records):
                last = latest(replica, record)
                ensure(
                    producer.outcome[record] != Outcome.ACKED or last == NO_RECORD or last >= record,
                    f"record {record} was acknowledged, and the last of its key in the log of leader {replica.broker}"
                    f" is record {last}, which is older",
                )
                ensure(
                    producer.outcome[record] != Outcome.ACKED or last != NO_RECORD or is_deleted(replicas, record),
                    f"record {record} was acknowledged, and there is nothing with its key in the log of leader"
                    f" {replica.broker}, although it was never deleted",
                )
    return True


@predicate
def no_duplicates(replicas: tuple[Replica, ...], controllers: tuple[Controller, ...], records: int) -> bool:
    """No record is in the leaders' logs twice (P1)."""
    for record in range(records):
        ensure(
            copies(replicas, controllers, record) <= 1,
            f"record {record} is in the log {copies(replicas, controllers, record)} times",
        )
    return True


@predicate
def all_or_nothing(replicas: tuple[Replica, ...], controllers: tuple[Controller, ...], records: int) -> bool:
    """Whoever reads finds all of the application's records or none of them."""
    for record in range(records):
        ensure(
            copies(replicas, controllers, record) > 0 or copies(replicas, controllers, 0) == 0 or record == 0,
            f"record 0 can be read, and record {record} cannot",
        )
    return True


@predicate
def order(replicas: tuple[Replica, ...], controllers: tuple[Controller, ...], records: int) -> bool:
    """The records of one producer are in the leader's log in the order in which it sent them (P2), first copies."""
    for replica in replicas:
        if leads_now(replica, controllers):
            for later in range(records):
                for earlier in range(later):
                    ensure(
                        not holds(replica.log, earlier)
                        or not holds(replica.log, later)
                        or first(replica.log, earlier) < first(replica.log, later),
                        f"record {later} is at offset {first(replica.log, later)}, before record {earlier}, which was"
                        f" sent earlier and is at offset {first(replica.log, earlier)}",
                    )
    return True


@predicate
def no_gaps(replicas: tuple[Replica, ...], controllers: tuple[Controller, ...]) -> bool:
    """An idempotent producer's sequences are in the leader's log without a gap from 0 on (P2')."""
    for replica in replicas:
        if leads_now(replica, controllers):
            for offset, one in enumerate(replica.log):
                ensure(
                    one.batch.producer_id == NO_PRODUCER_ID
                    or one.batch.sequence == 0
                    or any(
                        other.batch.producer_id == one.batch.producer_id
                        and other.batch.epoch == one.batch.epoch
                        and other.batch.sequence == one.batch.sequence - 1
                        for other in replica.log[:offset]
                    ),
                    f"offset {offset} holds sequence {one.batch.sequence}, and the one before it is missing: its record"
                    " can never be written in its place",
                )
    return True


@predicate
def consistent_replicas(replicas: tuple[Replica, ...]) -> bool:
    """Two logs that have a batch of one leader epoch at one offset agree up to there (R2, log matching)."""
    for one in replicas:
        for other in replicas:
            if one.broker < other.broker:
                for offset in range(min(len(one.log), len(other.log))):
                    if one.log[offset].leader_epoch == other.log[offset].leader_epoch:
                        for earlier in range(offset + 1):
                            ensure(
                                agree(one.log[earlier], other.log[earlier]),
                                f"offset {earlier} holds record {one.log[earlier].batch.record} on broker {one.broker}"
                                f" and record {other.log[earlier].batch.record} on broker {other.broker}, although"
                                f" both have a batch of epoch {one.log[offset].leader_epoch} at offset {offset}",
                            )
    return True


@predicate
def same_below_high_watermark(replicas: tuple[Replica, ...]) -> bool:
    """What two replicas both take for committed is the same (R8: a reader gets one record at one offset)."""
    for one in replicas:
        for other in replicas:
            if one.broker < other.broker:
                for offset in range(min(one.high_watermark, other.high_watermark)):
                    ensure(
                        agree(one.log[offset], other.log[offset]),
                        f"offset {offset} is below both high watermarks and holds record"
                        f" {one.log[offset].batch.record} on broker {one.broker} and record"
                        f" {other.log[offset].batch.record} on broker {other.broker}",
                    )
    return True


@predicate
def high_watermark_is_replicated(replicas: tuple[Replica, ...], controllers: tuple[Controller, ...]) -> bool:
    """Every member of the ISR has what is below the leader's high watermark (R3, R4)."""
    for leader in replicas:
        for controller in controllers:
            if leads_now(leader, controllers):
                for member in replicas:
                    if controller.in_sync[member.broker]:
                        for offset in range(leader.high_watermark):
                            ensure(
                                offset < len(member.log) and agree(member.log[offset], leader.log[offset]),
                                f"offset {offset} is below the high watermark of leader {leader.broker}, and"
                                f" broker {member.broker} of the ISR does not have it",
                            )
    return True


@predicate
def committed_is_kept(replicas: tuple[Replica, ...], controllers: tuple[Controller, ...]) -> bool:
    """What was below a leader's high watermark is in the log of each later leader (R1, CommittedDurable).

    Acknowledged or not: a consumer may have read it.
    """
    for leader in replicas:
        if leads_now(leader, controllers):
            for before in replicas:
                for offset in range(len(before.exposed)):
                    ensure(
                        offset < len(leader.log) and agree(leader.log[offset], before.exposed[offset]),
                        f"offset {offset} was below the high watermark when broker {before.broker} led, with record"
                        f" {before.exposed[offset].batch.record}, and leader {leader.broker} does not have it",
                    )
    return True


@predicate
def reads_agree(replicas: tuple[Replica, ...]) -> bool:
    """Whoever reads an offset finds the record that anybody has found there before (R8).

    What was below the high watermark of one leader, and what is or was below that of another, are the same as far as
    both go. A deposed leader that does not know it yet is read too.
    """
    for before in replicas:
        for now in replicas:
            for offset in range(min(len(before.exposed), len(now.exposed))):
                ensure(
                    agree(before.exposed[offset], now.exposed[offset]),
                    f"offset {offset} was read as record {before.exposed[offset].batch.record} from broker"
                    f" {before.broker} and as record {now.exposed[offset].batch.record} from broker {now.broker}",
                )
            readable = now.high_watermark if now.leader == now.broker else 0
            for offset in range(min(len(before.exposed), readable)):
                ensure(
                    agree(before.exposed[offset], now.log[offset]),
                    f"offset {offset} was read as record {before.exposed[offset].batch.record} from broker"
                    f" {before.broker} and is record {now.log[offset].batch.record} on broker {now.broker}",
                )
    return True


@predicate
def leader_knows_isr(replicas: tuple[Replica, ...], controllers: tuple[Controller, ...]) -> bool:
    """Whoever is in the controller's ISR is in the maximal ISR by which the leader commits (R5): it may be elected."""
    for leader in replicas:
        for controller in controllers:
            if leads_now(leader, controllers):
                for member in replicas:
                    known = leader.in_sync[member.broker]
                    known = known or (leader.pending == member.broker and leader.counts_pending)
                    ensure(
                        known or not controller.in_sync[member.broker],
                        f"broker {member.broker} is in the ISR, and leader {leader.broker} commits without it",
                    )
    return True


@predicate
def eligible_have_committed(replicas: tuple[Replica, ...], controllers: tuple[Controller, ...]) -> bool:
    """Every eligible leader replica has what is below the leader's high watermark (R4 for the ELR)."""
    for leader in replicas:
        for controller in controllers:
            if leads_now(leader, controllers):
                for member in replicas:
                    if controller.eligible[member.broker]:
                        for offset in range(leader.high_watermark):
                            ensure(
                                offset < len(member.log) and agree(member.log[offset], leader.log[offset]),
                                f"offset {offset} is below the high watermark of leader {leader.broker}, and eligible"
                                f" leader replica {member.broker} does not have it",
                            )
    return True


@predicate
def acknowledged_by_min_isr(replicas: tuple[Replica, ...]) -> bool:
    """At the moment of each acknowledgement to acks=all the maximal ISR had min.insync.replicas members (R9)."""
    for leader in replicas:
        ensure(
            leader.fewest_at_ack >= leader.min_insync_replicas,
            f"broker {leader.broker} has acknowledged a record with {leader.fewest_at_ack} in its maximal ISR, and"
            f" min.insync.replicas is {leader.min_insync_replicas}",
        )
    return True


@predicate
def epochs_increase(replicas: tuple[Replica, ...]) -> bool:
    """The leader epochs in a log never go down (R10): an epoch is one stretch of it, told by its start and end."""
    for replica in replicas:
        for offset in range(1, len(replica.log)):
            ensure(
                replica.log[offset - 1].leader_epoch <= replica.log[offset].leader_epoch,
                f"broker {replica.broker} has a batch of epoch {replica.log[offset].leader_epoch} at offset {offset},"
                f" behind one of epoch {replica.log[offset - 1].leader_epoch}",
            )
    return True


@predicate
def sequences_are_unique(replicas: tuple[Replica, ...], controllers: tuple[Controller, ...]) -> bool:
    """No two batches in the leader's log share producer id, epoch and sequence (P1')."""
    for replica in replicas:
        if leads_now(replica, controllers):
            for offset, one in enumerate(replica.log):
                for other in replica.log[:offset]:
                    ensure(
                        one.batch.producer_id == NO_PRODUCER_ID
                        or one.batch.producer_id != other.batch.producer_id
                        or one.batch.epoch != other.batch.epoch
                        or one.batch.sequence != other.batch.sequence,
                        f"sequence {one.batch.sequence} of epoch {one.batch.epoch} is in the log twice, as record"
                        f" {other.batch.record} and as record {one.batch.record}",
                    )
    return True


@predicate
def producer_epochs_increase(replicas: tuple[Replica, ...]) -> bool:
    """The epochs of one producer never go down in a log (P6): behind a bump, a batch of before is fenced."""
    for replica in replicas:
        for offset, one in enumerate(replica.log):
            for other in replica.log[:offset]:
                ensure(
                    one.batch.producer_id == NO_PRODUCER_ID
                    or one.batch.producer_id != other.batch.producer_id
                    or other.batch.epoch <= one.batch.epoch,
                    f"record {one.batch.record} is in the log under epoch {one.batch.epoch}, behind record"
                    f" {other.batch.record} of epoch {other.batch.epoch}",
                )
    return True


@predicate
def integrity(replicas: tuple[Replica, ...], partitions: int) -> bool:
    """What is in a log was sent to this partition (P3): a checksum does not say for which topic a batch was made."""
    for replica in replicas:
        for offset, one in enumerate(replica.log):
            ensure(
                one.batch.record % partitions == replica.partition,
                f"offset {offset} of partition {replica.partition} holds record {one.batch.record}, which was sent to"
                f" partition {one.batch.record % partitions}",
            )
    return True


@predicate
def no_phantom(producer: Producer, replicas: tuple[Replica, ...]) -> bool:
    """What is in a log, the client has closed a batch of and handed to its network (P4)."""
    for replica in replicas:
        for offset, one in enumerate(replica.log):
            ensure(
                producer.drained[one.batch.record],
                f"offset {offset} on broker {replica.broker} holds record {one.batch.record}, and no batch with it was"
                " ever sent",
            )
    return True


@predicate
def duplicates_are_copies(replicas: tuple[Replica, ...]) -> bool:
    """What a leader answers as a copy of a batch it has, is one (P5): producer id, epoch and sequence tell all."""
    for replica in replicas:
        ensure(
            replica.mistaken is None,
            f"broker {replica.broker} has answered record {replica.mistaken} as a copy of another record",
        )
    return True


def remembers(replica: Replica, offset: int) -> bool:
    """A batch that is sent again is found in the producer state: UnifiedLog.analyzeAndValidateProducerState."""
    batch = replica.log[offset].batch
    newer = tuple(
        later
        for later in range(offset + 1, len(replica.log))
        if replica.log[later].batch.producer_id == batch.producer_id
    )
    return (
        offset >= replica.forgotten
        and len(newer) < replica.remembered_batches
        and all(later >= replica.snapshot and replica.log[later].batch.epoch == batch.epoch for later in newer)
    )


@predicate
def windows_agree(replicas: tuple[Replica, ...]) -> bool:
    """Replicas with the same log know the same batches again (P7): a diagnostic, for Kafka does not promise it.

    A snapshot has one batch of each producer, so what was reloaded knows less than what was there from the beginning.
    """
    for one in replicas:
        for other in replicas:
            if one.log == other.log:
                for offset, entry in enumerate(one.log):
                    ensure(
                        entry.batch.producer_id == NO_PRODUCER_ID
                        or not remembers(one, offset)
                        or remembers(other, offset),
                        f"broker {one.broker} knows record {entry.batch.record} again if it is sent again, and broker"
                        f" {other.broker}, which has the same log, does not",
                    )
    return True


@predicate
def refused_is_absent(
    producer: Producer, replicas: tuple[Replica, ...], controllers: tuple[Controller, ...], records: int
) -> bool:
    """A record whose send failed with an error that says that nothing was appended is not in the log (P8).

    That error speaks of the last request with the record: an earlier one whose answer was lost may have been appended.
    """
    for replica in replicas:
        if leads_now(replica, controllers):
            for record in range(records):
                ensure(
                    producer.outcome[record] != Outcome.FAILED
                    or not producer.refused[record]
                    or not holds(replica.log, record),
                    f"the send of record {record} failed with an error that rules an append out, and the record is in"
                    " the log",
                )
    return True


@predicate
def acknowledged_on_all_replicas(producer: Producer, replicas: tuple[Replica, ...], records: int) -> bool:
    """Every acknowledged record is in the log of every replica: Kafka promises it of the ISR only."""
    for record in range(records):
        for replica in replicas:
            ensure(
                producer.outcome[record] != Outcome.ACKED or holds(replica.log, record),
                f"record {record} was acknowledged, and broker {replica.broker} does not have it",
            )
    return True


@predicate
def one_writer_per_epoch(replicas: tuple[Replica, ...]) -> bool:
    """No two replicas lead in the same leader epoch (R6)."""
    for one in replicas:
        for other in replicas:
            ensure(
                one.broker >= other.broker
                or one.partition != other.partition
                or one.leader != one.broker
                or other.leader != other.broker
                or one.leader_epoch != other.leader_epoch,
                f"brokers {one.broker} and {other.broker} both lead in epoch {one.leader_epoch}",
            )
    return True


@predicate
def leader_is_alive(controllers: tuple[Controller, ...]) -> bool:
    """The controller never leaves the partition to a broker that it has fenced (L5)."""
    for controller in controllers:
        for broker, fenced in controller.fenced.items():
            ensure(controller.leader != broker or not fenced, f"broker {broker} is fenced and leads the partition")
    return True


@predicate
def nothing_failed(producer: Producer, records: int) -> bool:
    """No send fails: whatever went wrong was retried until it went well."""
    for record in range(records):
        ensure(producer.outcome[record] != Outcome.FAILED, f"the send of record {record} failed")
    return True


@predicate
def gap_is_known(producer: Producer, replicas: tuple[Replica, ...], records: int) -> bool:
    """A client that sends a batch again whose predecessor nobody will send any more knows of the gap (L1)."""
    for record in range(records):
        flight = producer.flights[record]
        waits = flight.retried and flight.batch.sequence > 0 and producer.unresolved[0] <= 0
        for replica in replicas:
            ensure(
                not waits
                or any(one.batch.sequence == flight.batch.sequence - 1 for one in replica.log)
                or any(
                    producer.flights[other].batch.sequence == flight.batch.sequence - 1
                    for other in producer.queue + producer.in_flight
                )
                or producer.outcome[record] != Outcome.PENDING,
                f"record {record} is sent again with sequence {flight.batch.sequence}, the one before it has expired,"
                " and the client has not marked the gap",
            )
    return True


@predicate
def failed_is_absent(
    producer: Producer, replicas: tuple[Replica, ...], controllers: tuple[Controller, ...], records: int
) -> bool:
    """A record whose send failed is not in the leader's log."""
    for replica in replicas:
        if leads_now(replica, controllers):
            for record in range(records):
                ensure(
                    producer.outcome[record] != Outcome.FAILED or not holds(replica.log, record),
                    f"the send of record {record} failed, and the record is in the log",
                )
    return True


@predicate
def all_acknowledged(producer: Producer, records: int) -> bool:
    """Every record is acknowledged."""
    return all(producer.outcome[record] == Outcome.ACKED for record in range(records))


@predicate
def all_decided(producer: Producer, records: int) -> bool:
    """The application knows of every record whether its send went well or failed."""
    return all(producer.outcome[record] != Outcome.PENDING for record in range(records))


@predicate
def a_record_is_absent(producer: Producer, replicas: tuple[Replica, ...], records: int) -> bool:
    """A record whose send failed is in no log."""
    return any(
        producer.outcome[record] == Outcome.FAILED and not any(holds(one.log, record) for one in replicas)
        for record in range(records)
    )


@predicate
def epoch_was_bumped(producer: Producer) -> bool:
    """The client has gone on under another producer epoch or id."""
    return producer.epoch > 0 or producer.producer_id > 0


@predicate
def a_copy_is_recognised(replicas: tuple[Replica, ...]) -> bool:
    """A leader has answered a batch as the copy of one that it has: `duplicates_are_copies` says something."""
    return any(one.recognised for one in replicas)


@predicate
def a_tombstone_is_removed(replicas: tuple[Replica, ...]) -> bool:
    """A cleaner has removed a tombstone."""
    return any(
        one.cleaned == REMOVED and replica.tombstones[one.batch.record] for replica in replicas for one in replica.log
    )


@predicate
def another_leader(controllers: tuple[Controller, ...]) -> bool:
    """Another broker than the first leads."""
    return any(one.leader is not None and one.leader != 1 for one in controllers)


@predicate
def isr_is_full_again(controllers: tuple[Controller, ...]) -> bool:
    """After an election, every replica is in the ISR."""
    return all(one.leader_epoch > 0 and all(one.in_sync.values()) for one in controllers)


@predicate
def acknowledged_at_last(producer: Producer, controllers: tuple[Controller, ...], records: int) -> bool:
    """Every record is acknowledged after another broker was elected."""
    elected = all(one.leader_epoch > 0 for one in controllers)
    return elected and all(producer.outcome[record] == Outcome.ACKED for record in range(records))
