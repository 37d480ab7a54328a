"""What a version of Kafka does differently in transactions: each change is a named switch of the actors, and this table
is the only place that says which version has it.

A switch is off before `since` and on from then on. A row of transaction version 2 (KIP-890 part 2) also needs that
feature level, which new clusters have since 4.0 and `features: {transaction.version: 1}` takes away. Levels 0 and 1
(1 needs the metadata version of 4.0; 3.9 has 0) differ in the records of the state log alone.
"""

from dataclasses import dataclass
from typing import Any

from model.kafka import config

ACTORS = ("application", "coordinator", "leader", "offsets", "reader", "deposed")
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
    until: str = ""  # Taken back in this version.
    backports: tuple[str, ...] = ()  # The patches that brought it to earlier lines.

    def is_in(self, version: str) -> bool:
        lines = [one for one in self.backports if config.line(one) == config.line(version)]
        made = any(config.at_least(version, one) for one in [self.since, *lines])
        return made and not (self.until and config.at_least(version, self.until))


CHANGES = (
    Change("0.11.0.2", "KAFKA-6119", "a transaction that times out is fenced: its epoch is bumped before it is aborted",
           "fences_on_timeout", ("coordinator",)),
    Change("2.5", "KIP-360", "after an abortable error the client asks for its next epoch",
           "bumps_epoch", ("application",)),
    Change("2.5", "KAFKA-9144", "a marker counts as activity of its producer id: its entry does not expire behind it",
           "marker_is_activity", ("leader",)),
    Change("2.5", "KIP-360", "INVALID_PRODUCER_ID_MAPPING is abortable: the client asks for its next epoch and goes on",
           "mapping_error_is_fatal", ("application",), off=True, until="4.0"),  # KAFKA-18019
    Change("2.5", "KIP-447, KAFKA-9365", "TxnOffsetCommit names member and generation, and an old one is refused",
           "checks_generation", ("offsets",)),
    Change("2.5", "KIP-447, KAFKA-9346", "OffsetFetch can ask for stable offsets, and the consumer does",
           "serves_stable_offsets", ("offsets",)),
    Change("2.5", "KAFKA-9807", "a read_committed fetch reads the high watermark once",
           "reads_high_watermark_once", ("leader",)),
    Change("2.6", "KAFKA-9666", "a fence whose append failed has bumped the epoch: the next attempt does not again",
           "remembers_failed_fence", ("coordinator",)),
    Change("3.5", "KAFKA-14561, KIP-890", "a leader asks the coordinator before a transaction starts on its partition",
           "verification", PARTITIONS),
    Change("3.6", "KAFKA-14884", "a marker between the coordinator's answer and the append invalidates the answer",
           "checks_guard", PARTITIONS),
    Change("3.6", "KAFKA-14920", "a batch does not overtake one of a lower sequence that is still to be verified",
           "checks_lowest_sequence", ("leader",)),
    Change("3.7.1", "KAFKA-16386", "a verification that is lost is COORDINATOR_LOAD_IN_PROGRESS to TxnOffsetCommit",
           "retries_network_error", ("offsets",)),
    Change("3.8", "KAFKA-16352", "what answers a marker of an earlier term leaves the completion of this one alone",
           "drops_own_markers_only", ("coordinator",)),
    Change("4.0", "KIP-890", "EndTxn bumps the producer epoch and tells the client: an epoch is one transaction",
           "bumps_epoch_at_end", ("coordinator", "deposed"), transaction_version=2),
    Change("4.0", "KIP-890", "a leader adds its partition to the transaction at the first batch",
           "adds_partitions", PARTITIONS, transaction_version=2),
    Change("4.0", "KIP-890", "the client sends no AddPartitionsToTxn and no AddOffsetsToTxn",
           "adds_partitions", ("application",), transaction_version=2, off=True),
    Change("4.0", "KAFKA-18227", "a client that hears of version 2 asks for its next epoch before it uses it",
           "bumps_at_upgrade", ("application",), transaction_version=2),
    Change("4.0", "KAFKA-18575", "the marker of a transaction leaves the guard of the next one alone",
           "previous_marker_spares_guard", PARTITIONS, transaction_version=2),
    Change("4.0", "KAFKA-18660", "EndTxn that uses up the epochs answers with the next producer id and epoch 0",
           "tells_next_producer_id", ("coordinator",), transaction_version=2),
    Change("4.0.1", "KAFKA-19367", "a fence bumps the epoch once, in memory, and the abort that follows not again",
           "fence_bumps_once", ("coordinator",), transaction_version=2),
    Change("4.1", "KAFKA-18202", "without state of a producer, its first batch must have sequence 0",
           "expects_first_sequence", ("leader",), transaction_version=2),
    Change("4.1.1", "KAFKA-19690", "a batch of an old epoch is told so, whether it was verified or not",
           "checks_epoch_first", PARTITIONS, backports=("3.9.2", "4.0.2")),
    Change("4.2", "KIP-1228, KAFKA-19446", "a marker must be of a newer epoch than the partition's entry",
           "checks_marker_epoch_strictly", PARTITIONS, transaction_version=2),
    Change("4.2", "KAFKA-19999", "a marker that is repeated when its transaction has ended is answered with success",
           "accepts_marker_again", PARTITIONS, transaction_version=2),
    Change("4.3", "KAFKA-20310", "the state log keeps previousProducerId and nextProducerId",
           "persists_next_producer_id", ("coordinator",), transaction_version=2),
    Change("4.3", "KAFKA-20090", "a transaction at the greatest epoch can be fenced at that epoch",
           "recovers_at_epoch_max", ("coordinator",)),
    Change("4.3", "KAFKA-20090, #21506", "a fence that uses up the epochs replaces the producer id",
           "replaces_id_at_fence", ("coordinator",), transaction_version=2),
    Change("4.3", "KAFKA-20090", "and its partitions accept the marker",
           "accepts_marker_at_epoch_max", PARTITIONS, transaction_version=2),
)  # fmt: skip


def switches(version: str, level: int) -> dict[str, dict[str, Any]]:
    """The protocol generation of a version with this transaction version: the wiring of each kind of actor."""
    wiring: dict[str, dict[str, Any]] = {actor: {} for actor in ACTORS}
    for change in CHANGES:
        made = change.is_in(version) and level >= change.transaction_version
        for actor in change.actors:
            wiring[actor][change.switch] = made != change.off
    return wiring
