"""A store outside Kafka: with the offset in the same transaction as the result, and compared when it is written, no
record is applied twice, whoever the writer is.

Follows the contract of KafkaConsumer's "Storing Offsets Outside Kafka". A row is the last record written under its key.
Not modelled: failures of the store; what it has done it answers.
"""

from checker.lang import Durable, History, actor, each, on, send
from model.kafka.groups.messages import (
    Copies,
    InputRecord,
    Partition,
    Position,
    Record,
    StoreRead,
    StoreReadResult,
    StoreWrite,
    StoreWriteResult,
)  # fmt: skip


@actor
class ExternalStore:
    keeps_offset: bool
    compares_offset: bool = False
    knows_keys: bool = False  # It does a record once: the writer gives an idempotency key, its partition and offset.

    offset: Durable[dict[Partition, Position]] = each(0)  # The next record to apply.
    row: Durable[dict[Partition, Record | None]] = each(None)  # The last one that was written, all under one key.
    done: Durable[frozenset[InputRecord]] = frozenset()
    effects: History[dict[InputRecord, Copies]] = each(0)

    @on(StoreRead)
    def read(self, request: StoreRead) -> None:
        send(request.reader, StoreReadResult(tuple(offset for offset in self.offset.values())))

    @on(StoreWrite)
    def write(self, request: StoreWrite) -> None:
        applied = not self.compares_offset or self.offset[request.partition] == request.record
        record = InputRecord(request.partition, request.record)
        if applied and record not in self.done:
            self.done |= {record} if self.knows_keys else frozenset()
            self.effects[record] = min(self.effects[record] + 1, 2)
            self.row[request.partition] = request.record
            if self.keeps_offset:
                self.offset[request.partition] = request.record + 1
        send(request.writer, StoreWriteResult(request.partition, request.record, applied))
