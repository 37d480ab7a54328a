"""The downstream consumer of one output partition: with read_committed, the application gets no record of an aborted
transaction.

Follows CompletedFetch.nextFetchedRecord of org.apache.kafka.clients.consumer.internals: the filter works in the
client, by producer id alone, from the list of aborted transactions in the fetch response.
Not modelled: its own offsets and failures (it never goes back), and the fetch request (NOTE(reader) in partition.py).
"""

from checker.lang import History, actor, each, on
from model.kafka.transactions.messages import (
    Copies,
    FetchResponse,
    IsolationLevel,
    OutputPartition,
    ProducerId,
    Record,
    TransactionResult,
)  # fmt: skip


@actor
class Consumer:
    partition: OutputPartition
    isolation_level: IsolationLevel
    filters_aborted: bool = True

    delivered: History[dict[Record, Copies]] = each(0)

    @on(FetchResponse)
    def poll(self, response: FetchResponse) -> None:
        aborted: frozenset[ProducerId] = frozenset()
        for offset, entry in enumerate(response.entries):
            if self.isolation_level == IsolationLevel.READ_COMMITTED and self.filters_aborted:
                # Each transaction enters the set once: an offset is one batch, and none starts before the response.
                aborted |= {t.producer_id for t in response.aborted_transactions if t.first_offset == offset}
                if entry.marker == TransactionResult.ABORT:
                    aborted -= {entry.producer_id}
            if entry.record is not None and entry.producer_id not in aborted:
                self.delivered[entry.record] = min(self.delivered[entry.record] + 1, 2)
