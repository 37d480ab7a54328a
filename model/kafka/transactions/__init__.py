"""Kafka transactions: a read-process-write application, the coordinators, the partitions it writes, their readers."""

from model.kafka.transactions.application import Application
from model.kafka.transactions.consumer import Consumer
from model.kafka.transactions.deposed_coordinator import DeposedCoordinator
from model.kafka.transactions.guarantees import (
    a_batch_is_in_flight_behind_another,
    a_batch_is_sent_again,
    a_committed_record_is_withheld,
    a_fenced_instance_goes_on,
    a_producer_id_is_replaced,
    a_producer_is_fenced,
    a_working_transaction_timed_out,
    all_delivered,
    an_append_went_wrong,
    an_instance_gives_up,
    atomic,
    atomic_in_the_end,
    commits_are_final,
    committed_offset_monotonic,
    committed_offset_not_ahead,
    every_process_has_ended,
    exactly_once,
    fatal_only_if_fenced,
    markers_written_after_reload,
    never_aborts,
    no_abandoned_transaction_blocks_readers,
    no_aborted_read,
    no_double_update,
    no_duplicates,
    no_hanging_transaction,
    no_illegal_state,
    no_loss,
    no_older_coordinator_decides,
    no_sequence_gap,
    no_stuck_transaction,
    no_zombie_write,
    offsets_move_with_output,
    read_atomically,
    reads_below_last_stable_offset,
    sent_in_order,
    stable_fetch,
)  # fmt: skip
from model.kafka.transactions.offsets_partition import OffsetsPartition
from model.kafka.transactions.partition import PartitionLeader
from model.kafka.transactions.transaction_coordinator import TransactionCoordinator

__all__ = [
    "Application", "Consumer", "DeposedCoordinator", "OffsetsPartition", "PartitionLeader", "TransactionCoordinator",
    "a_batch_is_in_flight_behind_another", "a_batch_is_sent_again", "a_committed_record_is_withheld",
    "a_fenced_instance_goes_on", "a_producer_id_is_replaced", "a_producer_is_fenced", "a_working_transaction_timed_out",
    "all_delivered", "an_append_went_wrong", "an_instance_gives_up", "atomic", "atomic_in_the_end", "commits_are_final",
    "committed_offset_monotonic", "committed_offset_not_ahead", "every_process_has_ended", "exactly_once",
    "fatal_only_if_fenced", "markers_written_after_reload", "never_aborts", "no_abandoned_transaction_blocks_readers",
    "no_aborted_read", "no_double_update", "no_duplicates", "no_hanging_transaction", "no_illegal_state", "no_loss",
    "no_older_coordinator_decides", "no_sequence_gap", "no_stuck_transaction", "no_zombie_write",
    "offsets_move_with_output", "read_atomically", "reads_below_last_stable_offset", "sent_in_order", "stable_fetch",
]  # fmt: skip
