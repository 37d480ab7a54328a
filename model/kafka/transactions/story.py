"""How a path of a read-process-write pipeline is told: output partitions as logs, and what became of each order.

``PartitionLeader.log`` keeps only what somebody still needs; here the whole log is put together again from the appends:
a record stays in it until its transaction has a marker, and a marker is answered in the step that appends it.
"""

from checker.telling import Happening, Telling, World
from checker.verdict import Log, Plumbing
from checker.verdict import LogEntry as Drawn
from model.kafka.transactions.application import ENDED, Application
from model.kafka.transactions.consumer import Consumer
from model.kafka.transactions.messages import (
    Error,
    FetchResponse,
    LogEntry,
    ProduceRequest,
    ProduceResponse,
    TransactionResult,
    WriteTxnMarkersResponse,
)
from model.kafka.transactions.offsets_partition import OffsetsPartition
from model.kafka.transactions.partition import PartitionLeader
from model.kafka.transactions.remarks import Remarks, ended_by_last
from model.kafka.transactions.transaction_coordinator import TransactionCoordinator

SENT, IN_LOG, ACKNOWLEDGED = "sent", "in the log", "acknowledged"
PLUMBING = frozenset({
    "client", "correlation", "attempt", "transactional_id", "uplink", "number", "connection", "behind", "transaction",
    "version_2",
})  # fmt: skip
DECIDED, READ, INPUT_OFFSET = "decided", "read", "committed offset of orders past it"

UNLESS = frozenset({"marker", "record", "aborted_transactions"})

# An actor's log is only what somebody still has to read: that it gets shorter is not news. What is being verified is in
# the messages.
ASIDE = frozenset(
    {
        "PartitionLeader.log", "PartitionLeader.waiting", "PartitionLeader.verified", "OffsetsPartition.waiting",
        "OffsetsPartition.verified", "PartitionLeader.guard", "PartitionLeader.given", "OffsetsPartition.guard",
        "Application.correlation", "Application.produced", "Application.attempt",
    }
)  # fmt: skip


def tell(telling: Telling) -> None:
    records = telling.constants["records"]
    telling.records = [order(record) for record in range(records)]
    telling.plumbing = Plumbing(
        PLUMBING, -1, UNLESS, {"partition": partitions(telling), "partitions": partitions(telling)}
    )
    telling.aside = ASIDE | ({"TransactionCoordinator.cache"} if cache_is_log(telling) else set())
    telling.columns = [SENT, IN_LOG, ACKNOWLEDGED, DECIDED, READ, INPUT_OFFSET]
    logs: dict[str, list[LogEntry]] = {name: [] for name, _ in telling.worlds[0].of(PartitionLeader)}
    telling.logs.append(drawn(telling.worlds[0], logs, records))
    remarks = Remarks(telling)
    for before, after, step in zip(telling.worlds, telling.worlds[1:], telling.happenings, strict=False):
        tell_client(telling, step)
        grown = tell_appends(telling, before, after, step, logs)
        remarks.step(before, after, step, logs, grown)
        tell_readers(telling, before, after, step)
        tell_offsets(telling, before, after, step)
        telling.logs.append(drawn(after, logs, records))


def partitions(telling: Telling) -> dict[int, str]:
    """The numbers of topic partitions, as a coordinator has them."""
    first = telling.worlds[0]
    found = {one.partition: name for name, one in first.of(PartitionLeader)}
    return found | {one.partition: f"__{name}" for name, one in first.of(OffsetsPartition)}


def cache_is_log(telling: Telling) -> bool:
    """The coordinator's memory says nothing that its log does not: no fence in between, nothing lost."""
    return all(
        name in world.stopped or one.cache == one.state_log
        for world in telling.worlds
        for name, one in world.of(TransactionCoordinator)
    )


def order(record: int) -> str:
    return f"order {record}"


# --- The ledger -------------------------------------------------------------------------------------------------------


def tell_client(telling: Telling, step: Happening) -> None:
    for to, message in step.sent:
        if isinstance(message, ProduceRequest):
            batch = message.batch
            text = f"to {to} by {step.actor}, producer {batch.producer_id}, epoch {batch.epoch}"
            telling.note(order(batch.record), SENT, text, step.number)
    answer = step.received
    if isinstance(answer, ProduceResponse) and step.action == "acknowledged":
        record = record_of(telling, step, answer)
        if record is not None:
            text = f"payments-{answer.partition}" if answer.error == Error.NONE else f"no: {answer.error.value}"
            telling.note(order(record), ACKNOWLEDGED, text, step.number)


def record_of(telling: Telling, step: Happening, answer: ProduceResponse) -> int | None:
    """The record that a ProduceResponse is about: it names the request by its transaction and its attempt."""
    for earlier in reversed(telling.happenings[: step.number]):
        for _, sent in earlier.sent:
            if isinstance(sent, ProduceRequest) and earlier.actor == step.actor:
                batch = sent.batch
                same = (batch.producer_id, batch.epoch, batch.correlation, batch.attempt, batch.number)
                asked = (answer.producer_id, answer.epoch, answer.correlation, answer.attempt, answer.number)
                if same == asked:
                    return int(batch.record)
    return None


def tell_appends(
    telling: Telling, before: World, after: World, step: Happening, logs: dict[str, list[LogEntry]]
) -> dict[str, LogEntry]:
    """What the step appends, by leader."""
    grown: dict[str, LogEntry] = {}
    for name, leader in after.of(PartitionLeader):
        log = logs[name]
        entry = appended(before.actors[name], leader, step if step.actor == name else None)
        log += [] if entry is None else [entry]
        assert tuple(log[len(log) - len(leader.log) :]) == leader.log, f"the log of {name} was not put together rightly"
        if entry is None:
            continue
        grown[name] = entry
        if entry.record is not None:
            text = f"{name} @ {len(log) - 1}, producer {entry.producer_id}, epoch {entry.epoch}"
            telling.note(order(entry.record), IN_LOG, text, step.number)
            continue
        verb = "committed" if entry.marker == TransactionResult.COMMIT else "aborted"
        for offset in ended_by_last(log):
            record = log[offset].record
            assert record is not None
            text = f"{verb} in {name} by the marker @ {len(log) - 1}, epoch {entry.epoch}"
            telling.note(order(record), DECIDED, text, step.number)
    return grown


def appended(before: PartitionLeader, after: PartitionLeader, step: Happening | None) -> LogEntry | None:
    """What one step has appended to a log; at most one batch."""
    if step is not None:
        for _, sent in step.sent:
            if isinstance(sent, WriteTxnMarkersResponse) and sent.error == Error.NONE:
                marker = sent.marker
                return LogEntry(marker.producer_id, marker.epoch, None, marker.result, 0, 0)
    return after.log[-1] if len(after.log) > len(before.log) else None


def tell_readers(telling: Telling, before: World, after: World, step: Happening) -> None:
    if not isinstance(step.received, FetchResponse):
        return
    for name, reader in after.of(Consumer):
        for record, copies in reader.delivered.items():
            if copies > before.actors[name].delivered[record]:
                again = " again" if copies > 1 else ""
                text = f"{name} gets it{again} from payments-{reader.partition}"
                telling.note(order(record), READ, text, step.number)


def tell_offsets(telling: Telling, before: World, after: World, step: Happening) -> None:
    for name, offsets in after.of(OffsetsPartition):
        old, new = before.actors[name].committed, offsets.committed
        for record in range(old, new):
            telling.note(order(record), INPUT_OFFSET, f"{old} -> {new}", step.number)
        for record in range(new, old):
            telling.note(order(record), INPUT_OFFSET, f"no more: {old} -> {new}", step.number)


# --- The logs ---------------------------------------------------------------------------------------------------------


def drawn(world: World, logs: dict[str, list[LogEntry]], records: int) -> list[Log]:
    return [
        input_log(world, records),
        *(output_log(name, leader, logs[name]) for name, leader in world.of(PartitionLeader)),
    ]


def input_log(world: World, records: int) -> Log:
    """The input partition never changes; what moves in it are the committed offset and the positions."""
    entries = tuple(Drawn(record, order(record), record=order(record)) for record in range(records))
    marks = [("committed offset", offsets.committed) for _, offsets in world.of(OffsetsPartition)]
    for name, one in world.of(Application):
        if one.stage not in ENDED:
            marks.append((f"position of {name}", one.position))
    owner = next((name for name, _ in world.of(OffsetsPartition)), "")
    return Log("orders-0", owner, entries, tuple(marks))


def output_log(name: str, leader: PartitionLeader, log: list[LogEntry]) -> Log:
    high_watermark = len(log) - leader.unreplicated
    entries, stable = [], high_watermark
    for offset, entry in enumerate(log):
        later = [one for one in log[offset + 1 :] if one.producer_id == entry.producer_id and one.marker is not None]
        transaction = f"producer {entry.producer_id}, epoch {entry.epoch}"
        if entry.record is None:
            assert entry.marker is not None
            entries.append(Drawn(offset, entry.marker.value, "marker", "", transaction))
            continue
        state = "open"
        if later:
            state = "committed" if later[0].marker == TransactionResult.COMMIT else "aborted"
        readable = any(one is later[0] for one in log[:high_watermark]) if later else False
        stable = stable if readable else min(stable, offset)
        entries.append(Drawn(offset, order(entry.record), "record", order(entry.record), transaction, state))
    marks = [("last stable offset", stable), ("high watermark", high_watermark)]
    return Log(name, name, tuple(entries), tuple(marks))
