"""One partition of the input topic: a record is readable from the moment it is in the log until retention deletes it.

Follows KafkaApis.handleFetchRequest, Partition.fetchOffsetForTimestamp and UnifiedLog.deleteOldSegments in 3.9. A fetch
that finds no record waits (fetch.min.bytes, the fetch purgatory); fetch.max.wait.ms is left out, since an empty answer
changes nothing at a consumer that may call poll() again while it waits.
Not modelled: replicas (every record is below the high watermark, and this leader neither fails nor truncates),
transactions in the input, batches: what a consumer does not hand out of a response it fetches again.
"""

from typing import Annotated

from checker.lang import Counts, Durable, UpTo, Volatile, action, actor, choose, each, on, require, send
from model.kafka.groups.messages import (
    Error,
    FetchRequest,
    FetchResponse,
    ListOffsetsRequest,
    ListOffsetsResponse,
    Member,
    MetadataUpdate,
    OffsetReset,
    Partition,
    Position,
)  # fmt: skip


@actor
class InputPartition:
    partition: Partition
    records: Position  # How many it ever gets.
    initial: Position  # How many of them are there from the start.
    deletions: Annotated[int, UpTo(1)] = 0  # How often retention deletes records.
    added_later: bool = False  # It is created while the group runs.
    consumers: tuple[Member, ...] = ()  # Whose metadata will show it then.

    exists: Durable[bool] = False
    appended: Durable[Position] = 0  # Beyond `initial`.
    log_start: Durable[Annotated[Position, Counts("retention")]] = 0
    waiting: Volatile[dict[Member, Position | None]] = each(None)  # Fetches that found nothing.

    @action
    def create(self) -> None:
        """The topic gets one partition more: a producer may know of it before any consumer does."""
        require(self.added_later and not self.exists)
        self.exists = True
        for consumer in self.consumers:
            send(consumer, MetadataUpdate(self.partition))

    @action
    def append(self) -> None:
        """A record of the outside world is acknowledged."""
        require(self.end() < self.records)
        require(self.exists or not self.added_later)
        self.appended += 1
        for consumer, offset in self.waiting.items():
            if offset is not None:
                self.waiting[consumer] = None
                self.answer(consumer, offset)

    @action
    def delete_records(self) -> None:
        """retention.ms or retention.bytes: segments go from the front, read or not."""
        require(self.deletions > 0 and self.log_start == 0)
        self.log_start = choose(range(1, self.end() + 1))  # A fetch that waits does so at the end: it stays in range.

    @on(FetchRequest)
    def fetch(self, request: FetchRequest) -> None:
        self.waiting[request.consumer] = None  # One fetch at a time: the older one's poll() is over.
        if request.offset == self.end():
            self.waiting[request.consumer] = request.offset
        else:
            self.answer(request.consumer, request.offset)

    @on(ListOffsetsRequest)
    def list_offsets(self, request: ListOffsetsRequest) -> None:
        offset = self.log_start if request.timestamp == OffsetReset.EARLIEST else self.end()
        send(request.consumer, ListOffsetsResponse(self.partition, offset))

    def answer(self, consumer: Member, offset: Position) -> None:
        error = Error.NONE if offset >= self.log_start else Error.OFFSET_OUT_OF_RANGE
        send(consumer, FetchResponse(self.partition, offset, self.end(), error))

    def end(self) -> Position:
        return self.initial + self.appended
