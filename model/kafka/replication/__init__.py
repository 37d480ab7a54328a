"""Kafka producers and replication: an application that writes, the replicas of what it writes, their controller."""

from model.kafka.replication.controller import Controller
from model.kafka.replication.guarantees import (
    a_copy_is_recognised,
    a_record_is_absent,
    acknowledged_at_last,
    acknowledged_by_min_isr,
    acknowledged_on_all_replicas,
    all_acknowledged,
    all_decided,
    all_or_nothing,
    another_leader,
    committed_is_kept,
    consistent_replicas,
    duplicates_are_copies,
    eligible_have_committed,
    epoch_was_bumped,
    epochs_increase,
    failed_is_absent,
    gap_is_known,
    high_watermark_is_replicated,
    integrity,
    isr_is_full_again,
    leader_is_alive,
    leader_knows_isr,
    no_duplicates,
    no_gaps,
    no_loss,
    no_phantom,
    nothing_failed,
    one_writer_per_epoch,
    order,
    producer_epochs_increase,
    reads_agree,
    refused_is_absent,
    same_below_high_watermark,
    sequences_are_unique,
    windows_agree,
)
from model.kafka.replication.producer import Producer
from model.kafka.replication.replica import Replica

__all__ = [
    "Controller", "Producer", "Replica", "a_copy_is_recognised", "a_record_is_absent", "acknowledged_at_last",
    "acknowledged_by_min_isr", "acknowledged_on_all_replicas", "all_acknowledged", "all_decided", "all_or_nothing",
    "another_leader", "committed_is_kept", "consistent_replicas", "duplicates_are_copies", "eligible_have_committed",
    "epoch_was_bumped", "epochs_increase", "failed_is_absent", "gap_is_known", "high_watermark_is_replicated",
    "integrity", "isr_is_full_again", "leader_is_alive", "leader_knows_isr", "no_duplicates", "no_gaps", "no_loss",
    "no_phantom", "nothing_failed", "one_writer_per_epoch", "order", "producer_epochs_increase", "reads_agree",
    "refused_is_absent", "same_below_high_watermark", "sequences_are_unique", "windows_agree",
]  # fmt: skip
