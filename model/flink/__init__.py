"""Flink's checkpoints: a job manager, chains of tasks with their sources and sinks, Kafka as these see it, and
applications around a job."""

from model.flink.clients import ConsumingApp, ProducingApp
from model.flink.guarantees import (
    a_checkpoint_is_subsumed,
    a_job_has_failed,
    a_job_has_finished,
    a_restart_from_a_checkpoint,
    a_restart_without_state,
    a_zombie_writes,
    all_delivered,
    all_done_end_to_end,
    commits_only_completed,
    completed_transactions_survive,
    consistent_checkpoints,
    every_effect_end_to_end,
    exact_state,
    flushed_before_complete,
    group_offset_not_ahead,
    no_aborted_input,
    no_commit_refused,
    no_duplicates,
    no_duplicates_end_to_end,
    no_lingering_transaction,
    no_loss,
    no_loss_end_to_end,
    no_partition_unread,
    no_source_past_stable_offset,
    no_source_stuck,
    nothing_left_to_do,
    order_end_to_end,
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
    "ConsumingApp", "JobManager", "Kafka", "ProducingApp", "Task", "a_checkpoint_is_subsumed", "a_job_has_failed",
    "a_job_has_finished", "a_restart_from_a_checkpoint", "a_restart_without_state", "a_zombie_writes",
    "all_delivered", "all_done_end_to_end", "commits_only_completed", "completed_transactions_survive",
    "consistent_checkpoints", "every_effect_end_to_end", "exact_state", "flushed_before_complete",
    "group_offset_not_ahead", "no_aborted_input", "no_commit_refused", "no_duplicates", "no_duplicates_end_to_end",
    "no_lingering_transaction", "no_loss", "no_loss_end_to_end", "no_partition_unread",
    "no_source_past_stable_offset", "no_source_stuck", "nothing_left_to_do", "order_end_to_end",
    "pending_transactions_in_checkpoint", "pool_suffices", "regions_fail_alone", "restarts_beyond_attempts",
    "restarts_within_attempts", "restorable_after_cancel", "restorable_after_failure",
    "restores_offsets_of_checkpoint", "table_converges", "table_never_regresses", "unique_transactional_ids",
]  # fmt: skip
