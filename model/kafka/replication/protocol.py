"""What a version of Kafka does differently in replication and in the idempotent producer: each change is a named switch
of the actors, and this table is the only place that says which version has it.

The wiring field has the class's value until `since` and `value` from then on, the last row that applies winning.
"""

from dataclasses import dataclass
from typing import Any

from model.kafka import config


@dataclass(frozen=True)
class Change:
    since: str
    source: str
    what: str
    actor: str
    switch: str
    value: Any
    backports: tuple[str, ...] = ()  # The patches that brought it to earlier lines.

    def is_in(self, version: str) -> bool:
        lines = [one for one in self.backports if config.line(one) == config.line(version)]
        return any(config.at_least(version, one) for one in [self.since, *lines])


BEFORE: dict[str, dict[str, Any]] = {  # 0.11
    "producer": {"bumps_epoch": False, "frees_early": False},
    "replica": {
        "truncation": "LEADER_EPOCH", "checks_fetch_epoch": False, "checks_epoch_start": False,
        "holds_back_below_min_isr": False, "coalesces_metadata": False, "remembered_batches": 1,
        "unknown_producer": "OUT_OF_ORDER", "state_outlives_records": False,
    },
    "controller": {"eligible_leader_replicas": False, "checks_last_known_leader": False, "notices_bounce": False},
}  # fmt: skip

CHANGES = (
    Change("1.0", "KAFKA-5494", "a leader remembers five batches of each producer", "replica", "remembered_batches", 5),
    Change("1.0", "KAFKA-5793", "a leader without state of a producer says so", "replica", "unknown_producer",
           "UNKNOWN_PRODUCER_ID"),
    Change("2.0", "KIP-279", "a follower truncates until its last epoch is one that the leader knows", "replica",
           "truncation", "LARGEST_COMMON_EPOCH"),
    Change("2.0.1", "KAFKA-7128", "a follower enters the ISR only with the start of the leader's epoch", "replica",
           "checks_epoch_start", True),
    Change("2.1", "KIP-320", "a leader answers followers of its own epoch only", "replica", "checks_fetch_epoch", True),
    Change("2.2", "KIP-380", "a broker that stops and starts again within its session is noticed", "controller",
           "notices_bounce", True),
    Change("2.5", "KIP-360", "an idempotent producer that is in doubt bumps its epoch and keeps its id", "producer",
           "bumps_epoch", True),
    Change("2.5", "KIP-360", "without state of a producer any sequence is accepted", "replica", "unknown_producer",
           "ACCEPTED"),
    Change("2.5", "KAFKA-7190", "retention leaves the producer state in memory", "replica", "state_outlives_records",
           True),
    Change("2.7", "KIP-595", "a fetch carries its last epoch, and its answer where the logs diverge", "replica",
           "truncation", "ON_FETCH"),
    Change("2.8", "KAFKA-9628", "what the network writes is the pooled buffer of a batch, not a copy of it", "producer",
           "frees_early", True),
    Change("3.7", "KAFKA-15583", "the high watermark stays while the ISR is below min.insync.replicas", "replica",
           "holds_back_below_min_isr", True),
    Change("4.0", "KIP-500", "brokers publish what they have read of the metadata log at once", "replica",
           "coalesces_metadata", True),
    Change("4.1", "KAFKA-19522", "the last known leader is elected only if it is alive", "controller",
           "checks_last_known_leader", True),
    Change("4.1.2", "KAFKA-19012", "the buffer of a batch that expires in flight stays with its request", "producer",
           "frees_early", False, backports=("3.9.2", "4.0.2")),
)  # fmt: skip

FIXES = {  # What no release known here has: (actor, field, value).
    "KAFKA-15591": ("replica", "unknown_producer", "ACCEPTED_UNLESS_EMPTY"),
    "expired_batch_marked": ("producer", "marks_first_attempts", True),
    "follower_offsets_reset": ("replica", "keeps_follower_offsets", False),
    "coordinated_compaction": ("replica", "coordinates_compaction", True),
}
MECHANISMS = {  # What `without` takes away.
    "leader_epochs": ("replica", "truncation", "HIGH_WATERMARK"),
    "batch_window": ("replica", "remembered_batches", 1),
    "batch_history": ("replica", "remembered_batches", 0),
    "single_metadata_changes": ("replica", "coalesces_metadata", True),
    "whole_metadata_deltas": ("replica", "coalesces_metadata", False),
    "maximal_isr": ("replica", "counts_pending", False),
    "min_isr_after_append": ("replica", "checks_min_isr_after_append", False),
    "held_high_watermark": ("replica", "holds_back_below_min_isr", False),
    "epoch_check": ("replica", "checks_producer_epoch", False),
    "checksum": ("replica", "checks_checksum", False),
}


def switches(version: str, fixes: list[str], without: list[str]) -> dict[str, dict[str, Any]]:
    """The wiring of each kind of actor."""
    wiring = {actor: dict(fields) for actor, fields in BEFORE.items()}
    for change in CHANGES:
        if change.is_in(version):
            wiring[change.actor][change.switch] = change.value
    for actor, field, value in [FIXES[one] for one in fixes] + [MECHANISMS[one] for one in without]:
        wiring[actor][field] = value
    return wiring
