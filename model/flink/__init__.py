"""Flink's checkpoints: a job manager, chains of tasks with their sources and sinks, and Kafka as these see it."""

from model.flink.guarantees import (
    a_checkpoint_is_subsumed,
    a_job_has_failed,
    a_job_has_finished,
    a_restart_from_a_checkpoint,
    a_restart_without_state,
    a_zombie_writes,
    all_delivered,
    commits_only_completed,
    completed_transactions_survive,
    consistent_checkpoints,
    exact_state,
    flushed_before_complete,
    group_offset_not_ahead,
    no_aborted_input,
    no_commit_refused,
    no_duplicates,
    no_lingering_transaction,
    no_loss,
    no_partition_unread,
    nothing_left_to_do,
    pending_transactions_in_checkpoint,
    pool_suffices,
    regions_fail_alone,
    restarts_beyond_attempts,
    restarts_within_attempts,
    restorable_after_cancel,
    restorable_after_failure,
    restores_offsets_of_checkpoint,
    table_converges,
    table_never_regresses,
    unique_transactional_ids,
)  # fmt: skip
from model.flink.job_manager import JobManager
from model.flink.kafka import Kafka
from model.flink.task import Task

__all__ = [
    "JobManager", "Kafka", "Task", "a_checkpoint_is_subsumed", "a_job_has_failed", "a_job_has_finished",
    "a_restart_from_a_checkpoint", "a_restart_without_state", "a_zombie_writes", "all_delivered",
    "commits_only_completed", "completed_transactions_survive", "consistent_checkpoints", "exact_state",
    "flushed_before_complete", "group_offset_not_ahead", "no_aborted_input", "no_commit_refused", "no_duplicates",
    "no_lingering_transaction", "no_loss", "no_partition_unread", "nothing_left_to_do",
    "pending_transactions_in_checkpoint", "pool_suffices", "regions_fail_alone", "restarts_beyond_attempts",
    "restarts_within_attempts", "restorable_after_cancel", "restorable_after_failure",
    "restores_offsets_of_checkpoint", "table_converges", "table_never_regresses", "unique_transactional_ids",
]  # fmt: skip
