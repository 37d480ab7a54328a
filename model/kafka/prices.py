"""What a change gives up that the states of a model do not show: time, throughput, availability, a weaker promise.

A guarantee that a change breaks is found by checking it (``checker.remedy``); this is for the rest, and for guarantees
that a spec's model has no predicate for. One clause each, by setting or word and the value that is tried. What is not
here costs nothing that a reader would have to be told.
"""

from __future__ import annotations

from typing import Any

from checker.spec_forms import Cost

Price = tuple[Cost, str]  # The clause says what is given up; of what costs nothing it is a remark.

NOTHING: Price = (Cost.FREE, "")
AT_MOST_ONCE = (Cost.GUARANTEE, "gives up at-least-once: a crash between commit and effect skips the record")
ABORTED_READ = (Cost.GUARANTEE, "gives up isolation: records of transactions that are aborted are read")
TRANSACTIONAL_STORE = (Cost.ASKS, "asks for a store that takes the record and its offset in one transaction of its own")

PRICES: dict[tuple[str, Any], Price] = {
    # --- Producer ---
    ("acks", "all"): (Cost.LATENCY, "gives up latency: a send is answered when every replica in sync has it"),
    ("acks", "1"): (Cost.GUARANTEE, "gives up durability: what only the leader has is acknowledged"),
    ("acks", "0"): (Cost.GUARANTEE, "gives up the acknowledgement: nobody learns what became of a send"),
    ("enable.idempotence", False): (Cost.GUARANTEE, "gives up deduplication: a repeated batch is written again"),
    ("max.in.flight.requests.per.connection", 1): (Cost.THROUGHPUT, "gives up throughput: one request at a time"),
    ("retries", 0): (Cost.AVAILABILITY, "gives up availability: the first error ends a send"),
    # --- Consumer ---
    ("isolation.level", "read_uncommitted"): ABORTED_READ,
    ("isolation.level", "read_committed"): (
        Cost.LATENCY, "gives up latency: a reader waits for the end of each transaction, also of one that hangs",
    ),
    ("auto.offset.reset", "latest"): (Cost.GUARANTEE, "gives up records: what was written before is not read"),
    ("auto.offset.reset", "none"): (Cost.AVAILABILITY, "gives up availability: poll() throws where no offset is"),
    # --- Topics and brokers ---
    ("unclean.leader.election.enable", False): (
        Cost.AVAILABILITY, "gives up availability: without a live member of its ISR a partition has no leader",
    ),
    ("unclean.leader.election.enable", True): (
        Cost.GUARANTEE, "gives up durability: a replica that lacks acknowledged records may lead",
    ),
    ("auto.leader.rebalance.enable", False): (
        Cost.THROUGHPUT, "gives up balance: after a restart the lead stays where it is",
    ),
    ("controlled.shutdown.enable", False): (Cost.AVAILABILITY, "gives up availability: a stop is like a crash"),
    ("transaction.partition.verification.enable", False): (
        Cost.GUARANTEE, "gives up KIP-890's check: a late request may open a transaction that nobody ends",
    ),
    # --- What an application does ---
    ("offsets", "after"): (Cost.GUARANTEE, "gives up atomicity: output and offset are not committed together"),
    ("offsets", "before"): AT_MOST_ONCE,
    ("offsets", "checkpoint"): (Cost.ASKS, "asks for checkpoints with offset and transaction, as in Flink"),
    ("awaits_sends", True): (Cost.LATENCY, "gives up latency: it waits for its sends before it commits"),
    ("local_store", "none"): (Cost.ASKS, "asks for a process without a store of its own"),
    ("local_store", "wiped"): (Cost.AVAILABILITY, "gives up availability: the store is filled anew at each start"),
    ("commits", "sync"): (Cost.LATENCY, "gives up latency: the loop waits for each commit"),
    ("commits", "never"): (Cost.ASKS, "asks for somebody else that commits"),
    ("processing", "after_commit"): AT_MOST_ONCE,
    ("processing", "worker"): (Cost.ASKS, "asks for a thread beside poll(), and for commits of what that has done"),
    ("effect", "keyed_call"): (Cost.ASKS, "asks for a receiver that knows an idempotency key again"),
    ("effect", "upsert"): (Cost.ASKS, "asks for an effect that is a write under one key"),
    ("effect", "store_with_offset"): TRANSACTIONAL_STORE,
    ("compares_offset", True): (Cost.ASKS, "asks for a store with compare-and-set on the offset"),
    ("flushes", True): (Cost.LATENCY, "gives up latency: the loop waits until the output is acknowledged"),
    ("on_exception", "close"): (Cost.AVAILABILITY, "gives up availability: a record that throws ends the consumer"),
    ("on_exception", "retry"): (Cost.AVAILABILITY, "gives up availability: a record that throws stops its partition"),
    ("on_exception", "continue"): (Cost.GUARANTEE, "gives up at-least-once: a record that throws is skipped"),
    ("on_exception", "dead_letter"): (Cost.ASKS, "asks for a topic, and for somebody who looks at what is in it"),
    ("waits_for_worker", True): (Cost.LATENCY, "gives up latency: a rebalance waits for the worker"),
    ("on_failed_send", "give up"): (Cost.AVAILABILITY, "gives up availability: a send that failed is not repeated"),
    ("on_failed_send", "resend"): (Cost.GUARANTEE, "gives up deduplication: what was written after all is there twice"),
    ("on_failed_send", "resend elsewhere"): (Cost.GUARANTEE, "gives up order and deduplication: another partition"),
    ("on_failed_send", "restart"): (Cost.GUARANTEE, "gives up deduplication: a new producer id knows no batch"),
    ("when_fenced", "stop"): (Cost.AVAILABILITY, "gives up availability: a process that was fenced ends"),
    ("group_metadata", False): (Cost.GUARANTEE, "gives up a fence: a member of an old generation may commit"),
    ("new_transactional_id", "at_restart"): (
        Cost.GUARANTEE, "gives up fencing: nobody ends what the process before has left open, until it times out",
    ),
}  # fmt: skip


def of_setting(name: str, now: Any, value: Any) -> Price:
    """``now``: the value that holds, where the price is of more or less of something."""
    if name == "min.insync.replicas" and isinstance(now, int):
        if value > now:
            return Cost.AVAILABILITY, f"gives up availability: no writes with fewer than {value} replicas in sync"
        return Cost.GUARANTEE, f"gives up durability: {value} in sync may be all that have an acknowledged record"
    return PRICES.get((name, value), NOTHING) if isinstance(value, str | bool | int) else NOTHING


def of_auto_commit(value: bool, commits: str, reads_transactionally: bool) -> Price:
    """Whoever switches it off has to commit; whoever switches it on commits what poll() has returned."""
    if value or commits != "never" or reads_transactionally:
        return NOTHING
    return Cost.GUARANTEE, "gives up commits: nobody else commits here, so that a restart reads everything again"
