"""Kafka consumer groups: a group coordinator, consumers with the applications around them, the partitions they read,
and the world that their work has effects on.
"""

from model.kafka.groups.consumer import Consumer
from model.kafka.groups.coordinator import GroupCoordinator
from model.kafka.groups.guarantees import (
    a_commit_beside_members,
    a_commit_while_preparing,
    a_process_has_failed,
    a_zombie_works,
    all_committed,
    all_processed,
    both_own_a_partition,
    committed_offset_monotonic,
    committed_offset_not_ahead,
    every_process_is_idle,
    fenced_commit_inert,
    idempotent_converge,
    no_commit_refused,
    no_duplicates,
    no_loss,
    no_silent_gap,
    none_throws,
    nothing_delivered,
    offset_durable,
    single_owner,
    something_delivered,
    store_cas,
    stored_offset_is_assigned,
)
from model.kafka.groups.input_partition import InputPartition
from model.kafka.groups.store import ExternalStore

__all__ = [
    "Consumer",
    "ExternalStore",
    "GroupCoordinator",
    "InputPartition",
    "a_commit_beside_members",
    "a_commit_while_preparing",
    "a_process_has_failed",
    "a_zombie_works",
    "all_committed",
    "all_processed",
    "both_own_a_partition",
    "committed_offset_monotonic",
    "committed_offset_not_ahead",
    "every_process_is_idle",
    "fenced_commit_inert",
    "idempotent_converge",
    "no_commit_refused",
    "no_duplicates",
    "no_loss",
    "no_silent_gap",
    "none_throws",
    "nothing_delivered",
    "offset_durable",
    "single_owner",
    "something_delivered",
    "store_cas",
    "stored_offset_is_assigned",
]
