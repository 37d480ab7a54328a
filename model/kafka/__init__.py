"""Kafka's processes as actors, and what they promise together. ``pipeline`` wires them from a user's settings."""

from model.kafka.application import Application
from model.kafka.consumer import Consumer
from model.kafka.guarantees import atomic, exactly_once, no_aborted_read, offsets_move_with_output
from model.kafka.offsets_partition import OffsetsPartition
from model.kafka.partition import PartitionLeader
from model.kafka.transaction_coordinator import TransactionCoordinator

__all__ = [
    "Application", "Consumer", "OffsetsPartition", "PartitionLeader", "TransactionCoordinator", "atomic", "exactly_once",
    "no_aborted_read", "offsets_move_with_output",
]  # fmt: skip
