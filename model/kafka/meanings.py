"""What the words of a spec mean that are neither Kafka's nor Flink's: a clause for each value that an answer shows.

Kafka's settings explain themselves to who knows Kafka; what an application does with it has no words but those of
``forms``. The forms' descriptions say what a word is about, these what the value at hand says of the application.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from model.kafka.config import written

Words = Mapping[str, Mapping[str, str] | str]

WORDS: Words = {  # A text for all values has a place for the value.
    # --- An application ---
    "instances": {"1": "one process", "2": "two processes at the same time"},
    "offsets": {
        "transaction": "the input's offset is committed in the transaction that writes the output",
        "after": "the input's offset is committed by commitSync() after the output's transaction",
        "before": "the input's offset is committed by commitSync() before the output's transaction",
        "checkpoint": "the input's offset is in a checkpoint, with the transaction to be committed, as in Flink",
    },
    "records_per_transaction": "input records that one transaction takes: up to {}",
    "awaits_sends": {
        "true": "it waits for the futures of its sends before it calls commitTransaction()",
        "false": "it calls commitTransaction() without waiting for the futures of its sends",
    },
    "local_store": {
        "none": "no state on the disk of the process",
        "trusted": "a process that starts goes on with the state that it finds on its disk",
        "wiped": "a process that starts fills its state anew from the committed part of the changelog",
    },
    "subscription": {
        "assign": "assign(): the partitions are its own, no rebalance takes one",
        "subscribe": "subscribe(): a rebalance may take a partition from a live process",
    },
    "group_metadata": {
        "true": "sendOffsetsToTransaction() is given groupMetadata(), so that an old generation is fenced",
        "false": "sendOffsetsToTransaction() is given the group.id alone: no generation is fenced",
    },
    "commits": {
        "never": "the loop itself calls no commit",
        "sync": "the loop calls commitSync(), and waits for the answer",
        "async": "the loop calls commitAsync(), and goes on before the answer",
    },
    "processing": {
        "before_commit": "a record is processed before its offset is committed",
        "after_commit": "a record is processed after its offset was committed",
        "worker": "a record is processed in a thread beside poll()",
    },
    "workers": "threads that process records: {}",
    "effect": {
        "call": "processing a record has its effect again each time",
        "keyed_call": "the receiver has the effect once for each idempotency key",
        "upsert": "processing a record writes a row under one key",
        "store_with_offset": "processing writes the row and its offset in one transaction of the store",
    },
    "compares_offset": {
        "true": "the store refuses a record whose offset is not the next",
        "false": "the store takes a record whatever its offset",
    },
    "flushes": {
        "true": "the loop calls flush() of its producer before it commits",
        "false": "the loop commits without flush() of its producer",
    },
    "on_exception": {
        "close": "when processing throws, the process closes its consumer and ends",
        "continue": "when processing throws, the record is logged and skipped",
        "retry": "when processing throws, the same record is processed again",
        "dead_letter": "when processing throws, the record is written to another topic",
    },
    "commit_every": "a commit follows every {}. batch that poll() returned",
    "commits_on_revocation": {
        "true": "onPartitionsRevoked() calls commitSync()",
        "false": "onPartitionsRevoked() commits nothing",
    },
    "waits_for_worker": {
        "true": "onPartitionsRevoked() waits until the worker is done",
        "false": "onPartitionsRevoked() does not wait for the worker",
    },
    "failed_commit": {
        "ignore": "a commitAsync() that failed is forgotten",
        "resend": "a commitAsync() that failed is sent again as it was",
    },
    "client": {
        "java": "the Java client of this version",
        "librdkafka": "librdkafka, not the Java client",
        "0.8": "the high-level consumer of Kafka 0.8",
    },
    "client_version": "of librdkafka",
    "stores_offset": {
        "on_delivery": "a record's offset is stored for the commit when it is handed out (enable.auto.offset.store)",
        "after_processing": "a record's offset is stored for the commit when it is done, by offsets_store()",
        "contiguous": "only an offset below which every record is done is stored for the commit",
    },
    "records": "what it writes: {}",
    "keys": "the keys of its records, in their order",
    "deletes": "which of its records, from 0 on, are tombstones",
    "on_failed_send": {
        "give up": "a record whose send failed is not sent again by the application",
        "resend": "the application sends a record again whose send failed",
        "resend elsewhere": "the application sends a record again whose send failed, to another partition",
        "restart": "after a failed send: another producer, and all that is not acknowledged is sent again",
    },
    "seeks_after_abort": {
        "true": "after abortTransaction() it seeks to the committed offset",
        "false": "after abortTransaction() it reads on where it stood",
    },
    "reprocesses_after_abort": {
        "true": "after abortTransaction() it processes again what it has in hand",
        "false": "after abortTransaction() it fetches its records again",
    },
    "after_commit_timeout": {
        "retry": "after a TimeoutException it calls commitTransaction() of the same producer again",
        "resume": "after a TimeoutException of commitTransaction(): a new producer, from the committed offset",
        "reprocess": "after a TimeoutException of commitTransaction(): a new producer, the same records again",
        "go_on": "after a TimeoutException of commitTransaction(): a new producer, the next records",
    },
    "when_fenced": {
        "stop": "after a ProducerFencedException the process ends",
        "start again": "after a ProducerFencedException: a new producer, from the committed offset",
    },
    "new_transactional_id": {
        "never": "a process that starts again has the transactional.id that it had",
        "at_restart": "a process that starts again has another transactional.id",
    },
    # --- A topic ---
    "present": "records that are there before anybody reads: {}",
    "committed": "offsets that the group had committed before, by partition",
    "added_partitions": "partitions that are added while the group runs: {}",
    "assignment": "the brokers of its replicas, the preferred leader first",
    "created": {
        "before": "the topic is there from the start",
        "on first use": "clients may know its leader before the leader does",
    },
    # --- The whole ---
    "grain": {"log": "one log stands for all replicas", "replicas": "each replica has its log"},
    "moments": "steps of a coordinator that are told apart",
    "transaction_identities": {"true": "each transaction is told apart from every other", "false": ""},
    "epoch_max": "the greatest producer epoch here; 32767 in Kafka",
}


Line = tuple[str, str, str, str, str]  # As ``effective_settings`` has it: name, value, origin, no rule, the meaning.


def meaning(word: str, value: Any, words: Words = WORDS) -> str:
    """The clause, or nothing for a word that needs none."""
    found = words.get(word, "")
    return found.format(written(value)) if isinstance(found, str) else found.get(written(value), "")


def lines(prefix: str, form: BaseModel, words: Words = WORDS, but: tuple[str, ...] = ()) -> Iterator[Line]:
    """What somebody has given of a form, in words that have a meaning here."""
    for word in type(form).model_fields:
        value = getattr(form, word)
        if word in form.model_fields_set and word not in but and (said := meaning(word, value, words)):
            yield f"{prefix}{word}", written(value), "given", "", said
