"""What a change of a job gives up that its states do not show; for applications and clients ``model.kafka.prices``."""

from __future__ import annotations

from typing import Any

from checker.spec_forms import Cost
from model.flink.config import folded
from model.kafka.prices import NOTHING, Price

_AT_LEAST_ONCE = (Cost.GUARANTEE, "gives up exactly-once: a restart sends again what a checkpoint lacks")
_NOTHING_PROMISED = (Cost.GUARANTEE, "gives up at-least-once: what a producer has not sent yet is lost with its task")
_EXACTLY_ONCE = (Cost.LATENCY, "gives up latency: results can be read when their checkpoint is complete")
_LATEST = (Cost.HOLLOW, "what is there when the job starts is not read")
_OFF = (Cost.HOLLOW, "the first failure ends the job: what it has lost by then, nobody asks")

_PRICES: dict[tuple[str, str], Price] = {
    **{
        (name, value): price
        for name in ("setDeliveryGuarantee", "Semantic", "sink.delivery-guarantee")
        for value, price in (
            ("at-least-once", _AT_LEAST_ONCE), ("none", _NOTHING_PROMISED), ("exactly-once", _EXACTLY_ONCE),
        )
    },
    ("execution.checkpointing.mode", "at-least-once"): (
        Cost.GUARANTEE, "gives up exactly-once: an operator with several inputs counts records twice after a restart",
    ),
    **{("restart-strategy.type", one): _OFF for one in ("off", "disable")},
    **{("restart-strategy", one): _OFF for one in ("none", "off", "disable")},
    ("jobmanager.execution.failover-strategy", "full"): (
        Cost.AVAILABILITY, "gives up availability: one failure restarts every task",
    ),
    **{
        (name, one): (Cost.ASKS, f"asks for {shown}")
        for name in ("high-availability.type", "high-availability")
        for one, shown in (("zookeeper", "ZooKeeper"), ("kubernetes", "Kubernetes"))
    },
    **{
        (name, "retain-on-cancellation"): (Cost.ASKS, "asks for somebody who deletes checkpoints")
        for name in (
            "execution.checkpointing.externalized-checkpoint-retention",
            "execution.checkpointing.externalized-checkpoint-mode",
        )
    },
    ("setStartingOffsets", "latest"): _LATEST,
    ("setStartingOffsets", "committedoffsets(latest)"): _LATEST,
    ("setStartFrom", "latest"): _LATEST,
    ("scan.startup.mode", "latest-offset"): _LATEST,
    ("setBounded", "true"): (Cost.HOLLOW, "the job reads what is there, and ends"),
    ("auto.offset.reset", "latest"): _LATEST,
    ("isolation.level", "read-uncommitted"): (
        Cost.GUARANTEE, "gives up isolation: records of transactions that are aborted are read",
    ),
}  # fmt: skip


def of_setting(name: str, now: str, value: Any) -> Price:
    """``now``: what holds without the change. From NONE, at-least-once gives up nothing."""
    found = _PRICES.get((name, folded(value)), NOTHING)
    return NOTHING if found is _AT_LEAST_ONCE and folded(now.split(" ")[0]) == "none" else found
