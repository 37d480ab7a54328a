"""One partition of the input topic: a record is readable from the moment it is in the log until retention deletes it.

Follows KafkaApis.handleFetchRequest, Partition.fetchOffsetForTimestamp and UnifiedLog.deleteOldSegments in 3.9. A fetch
that finds no record waits (fetch.min.bytes, the fetch purgatory); fetch.max.wait.ms is left out, since an empty answer
changes nothing at a consumer that may call poll() again while it waits.
For auto.offset.reset=by_duration the records that are too old are a prefix of the log, of any length when the group
starts; those that come later are young until `outlive_duration`. A client whose ListOffsets finds none that is young
asks again every request.timeout.ms (OffsetFetcher.resetPositionsAsync): here it is told when one has come.
Not modelled: replicas (every record is below the high watermark, and this leader neither fails nor truncates),
transactions in the input, batches: what a consumer does not hand out of a response it fetches again.
"""

from typing import Annotated

from checker.lang import Counts, Durable, History, UpTo, Volatile, action, actor, choose, each, on, require, send
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
    agings: Annotated[int, UpTo(1)] = 0  # How often records get older than the duration of auto.offset.reset.

    exists: Durable[bool] = False
    appended: Durable[Position] = 0  # Beyond `initial`.
    log_start: Durable[Annotated[Position, Counts("retention")]] = 0
    first_young: Durable[Position | None] = None  # Unknown before the first request that asks for it.
    aged: Durable[Annotated[int, UpTo(1), Counts("reset_duration")]] = 0
    waiting: Volatile[dict[Member, Position | None]] = each(None)  # Fetches that found nothing.
    resetting: Volatile[frozenset[Member]] = frozenset()  # Who found no record that is young.
    listed: History[dict[Member, Position | None]] = each(None)  # What it has told a member of the first young record.

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
        for member in self.resetting:
            self.tell(member, self.end() - 1)
        self.resetting = frozenset()

    @action
    def outlive_duration(self) -> None:
        """The duration of auto.offset.reset passes for records that were young."""
        require(self.aged < self.agings)
        first = self.first_young
        self.first_young = choose(range(1 if first is None else first + 1, self.end() + 1))
        self.aged += 1

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
        if request.timestamp == OffsetReset.BY_DURATION:
            self.list_offset_of_first_young(request.consumer)
        else:
            offset = self.log_start if request.timestamp == OffsetReset.EARLIEST else self.end()
            send(request.consumer, ListOffsetsResponse(self.partition, offset))

    def list_offset_of_first_young(self, consumer: Member) -> None:
        known = self.first_young
        first = choose(range(self.initial + 1)) if known is None else known
        self.first_young = first
        offset = max(self.log_start, first)
        if offset < self.end():
            self.tell(consumer, offset)
        else:
            self.resetting |= {consumer}
            send(consumer, ListOffsetsResponse(self.partition, None))

    def tell(self, consumer: Member, offset: Position) -> None:
        self.listed[consumer] = offset
        send(consumer, ListOffsetsResponse(self.partition, offset))

    def answer(self, consumer: Member, offset: Position) -> None:
        error = Error.NONE if offset >= self.log_start else Error.OFFSET_OUT_OF_RANGE
        send(consumer, FetchResponse(self.partition, offset, self.end(), error))

    def end(self) -> Position:
        return self.initial + self.appended
