"""What a version of Kafka does differently in transactions: each change is a named switch of the actors, and this table
is the only place that says which version has it.

A switch is off before `since` and on from then on. Sources: sections 12 and 13 of Kafka's own history are the KIPs and
issues named in each row; the actors say which method they follow. A row of transaction version 2 (KIP-890 part 2) also
needs that feature level, which new clusters have since 4.0 and `features: {transaction.version: 1}` takes away.
"""

from dataclasses import dataclass
from typing import Any

from model.kafka import config

ACTORS = ("application", "coordinator", "leader", "offsets", "reader")
PARTITIONS = ("leader", "offsets")  # Output partitions and the group's offsets partition check alike.


@dataclass(frozen=True)
class Change:
    since: str
    source: str
    what: str
    switch: str  # The wiring field of the actors below.
    actors: tuple[str, ...]
    transaction_version: int = 0  # The feature level that it needs.
    off: bool = False  # The switch is what this change took away.


CHANGES = (
    Change("2.5", "KIP-447, KAFKA-9365", "TxnOffsetCommit names member and generation, and an old one is refused",
           "checks_generation", ("offsets",)),
    Change("2.5", "KIP-447, KAFKA-9346", "OffsetFetch can ask for stable offsets, and the consumer does",
           "serves_stable_offsets", ("offsets",)),
    Change("2.5", "KAFKA-9807", "a read_committed fetch reads the high watermark once",
           "reads_high_watermark_once", ("leader",)),
    Change("3.5", "KAFKA-14561, KIP-890", "a leader asks the coordinator before a transaction starts on its partition",
           "verification", PARTITIONS),
    Change("3.6", "KAFKA-14884", "a marker between the coordinator's answer and the append invalidates the answer",
           "checks_guard", PARTITIONS),
    Change("4.0", "KIP-890", "EndTxn bumps the producer epoch and tells the client: an epoch is one transaction",
           "bumps_epoch_at_end", ("coordinator",), transaction_version=2),
    Change("4.0", "KIP-890", "a leader adds its partition to the transaction at the first batch",
           "adds_partitions", PARTITIONS, transaction_version=2),
    Change("4.0", "KIP-890", "the client sends no AddPartitionsToTxn and no AddOffsetsToTxn",
           "adds_partitions", ("application",), transaction_version=2, off=True),
    Change("4.0", "KAFKA-18575", "the marker of a transaction leaves the guard of the next one alone",
           "previous_marker_spares_guard", PARTITIONS, transaction_version=2),
    Change("4.0.1", "KAFKA-19367", "a fence bumps the epoch once, in memory, and the abort that follows not again",
           "fence_bumps_once", ("coordinator",), transaction_version=2),
    Change("4.2", "KIP-1228, KAFKA-19446", "a marker must be of a newer epoch than the partition's entry",
           "checks_marker_epoch_strictly", PARTITIONS, transaction_version=2),
    Change("4.2", "KAFKA-19999", "a marker that is repeated when its transaction has ended is answered with success",
           "accepts_marker_again", PARTITIONS, transaction_version=2),
)  # fmt: skip


def switches(version: str, level: int) -> dict[str, dict[str, Any]]:
    """The protocol generation of a version with this transaction version: the wiring of each kind of actor."""
    wiring: dict[str, dict[str, Any]] = {actor: {} for actor in ACTORS}
    for change in CHANGES:
        made = config.at_least(version, change.since) and level >= change.transaction_version
        for actor in change.actors:
            wiring[actor][change.switch] = made != change.off
    return wiring
