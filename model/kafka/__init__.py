"""Kafka's processes as actors, and what they promise together. ``pipeline`` wires them from a user's settings."""

from model.kafka.application import Application
from model.kafka.consumer import Consumer
from model.kafka.guarantees import (
    a_producer_is_fenced,
    all_delivered,
    atomic,
    every_process_has_ended,
    exactly_once,
    markers_written_after_reload,
    no_aborted_read,
    no_hanging_transaction,
    no_zombie_write,
    offsets_move_with_output,
    reads_below_last_stable_offset,
)  # fmt: skip
from model.kafka.offsets_partition import OffsetsPartition
from model.kafka.partition import PartitionLeader
from model.kafka.transaction_coordinator import TransactionCoordinator

__all__ = [
    "Application", "Consumer", "OffsetsPartition", "PartitionLeader", "TransactionCoordinator", "a_producer_is_fenced",
    "all_delivered", "atomic", "every_process_has_ended", "exactly_once", "markers_written_after_reload",
    "no_aborted_read", "no_hanging_transaction",
    "no_zombie_write", "offsets_move_with_output", "reads_below_last_stable_offset",
]  # fmt: skip
