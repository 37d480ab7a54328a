"""How a path of a producer and its replicas is told: each replica's log, and what became of each record."""

from dataclasses import replace

from checker.telling import Happening, Telling, World
from checker.verdict import Log, Plumbing
from checker.verdict import LogEntry as Drawn
from model.kafka.replication.messages import REMOVED, LogEntry, ProduceRequest, ProduceResponse
from model.kafka.replication.producer import Outcome, Producer
from model.kafka.replication.remarks import Remarks
from model.kafka.replication.replica import Replica

SENT, IN_LOG, TOLD, READABLE = "sent", "in the log of", "told to the application", "below the high watermark of"
TOLD_AS = {Outcome.ACKED: "acknowledged", Outcome.FAILED: "failed", Outcome.PENDING: "nothing any more"}


def tell(telling: Telling) -> None:
    telling.records = [name_of(record) for record in range(telling.constants["records"])]
    plumbing = {"client", "attempt", "previous", "replica", "request"}
    if not telling.constants["holes"]:
        plumbing |= {"cleaned", "skipped"}
    # KIP-951 is of 3.7, and only of an answer that refuses; here it stands for the client's next metadata.
    plumbing |= {"ProduceResponse.leader"}
    if not all(one.checks_fetch_epoch for _, one in telling.worlds[0].of(Replica)):  # KIP-320
        plumbing |= {"current_leader_epoch", "FetchRequest.leader_epoch", "FetchResponse.leader_epoch"}
    telling.plumbing = Plumbing(frozenset(plumbing), -1, frozenset({"is_first"}))
    told_by_the_ledger = {"Replica.log"}
    telling.aside = frozenset(
        {*told_by_the_ledger, "Replica.parked", "Replica.fetch_epoch", "Producer.noticed", "Producer.started"}
    )
    telling.columns = [SENT, IN_LOG, READABLE, TOLD]
    telling.logs.append(drawn(telling.worlds[0]))
    remarks = Remarks(telling)
    for before, after, step in zip(telling.worlds, telling.worlds[1:], telling.happenings, strict=False):
        remarks.step(before, after, step)
        tell_producer(telling, before, after, step)
        tell_replicas(telling, before, after, step)
        telling.logs.append(drawn(after))


def name_of(record: int) -> str:
    return f"record {record}"


def tell_producer(telling: Telling, before: World, after: World, step: Happening) -> None:
    for to, message in step.sent:
        if isinstance(message, ProduceRequest):
            batch = message.batch
            numbered = f", producer {batch.producer_id}, epoch {batch.epoch}, sequence {batch.sequence}"
            text = f"to {to}{numbered if batch.sequence >= 0 else ''}"
            if message.request != batch.record:
                text += f", in the request of {name_of(message.request)}"
            telling.note(name_of(batch.record), SENT, text, step.number)
    for name, producer in after.of(Producer):
        for record, outcome in producer.outcome.items():
            if outcome != before.actors[name].outcome[record]:
                answer = step.received
                error = f": {answer.error.value}" if isinstance(answer, ProduceResponse) else ""
                text = TOLD_AS[outcome] + (error if outcome == Outcome.FAILED else "")
                telling.note(name_of(record), TOLD, text, step.number)


def tell_replicas(telling: Telling, before: World, after: World, step: Happening) -> None:
    for name, replica in after.of(Replica):
        old = before.actors[name]
        same = common(old.log, replica.log)
        for offset in range(same, len(old.log)):
            record = name_of(old.log[offset].batch.record)
            telling.note(record, IN_LOG, f"{name}: no more at offset {offset}", step.number)
        for offset in range(same, len(replica.log)):
            entry = replica.log[offset]
            if entry.cleaned == REMOVED:
                continue  # A hole: whose record was here, the follower never heard.
            text = f"{name} @ {offset}, leader epoch {entry.leader_epoch}"
            telling.note(name_of(entry.batch.record), IN_LOG, text, step.number)
        for offset in range(same):
            now = replica.log[offset]
            if now.cleaned != old.log[offset].cleaned:
                text = "removed by the cleaner" if now.cleaned == REMOVED else "to be removed after delete.retention.ms"
                telling.note(name_of(now.batch.record), IN_LOG, f"{name}: {text}, offset {offset}", step.number)
        for offset in range(old.high_watermark, min(replica.high_watermark, len(replica.log))):
            if replica.log[offset].cleaned != REMOVED:
                telling.note(name_of(replica.log[offset].batch.record), READABLE, f"{name} @ {offset}", step.number)


def common(old: tuple[LogEntry, ...], new: tuple[LogEntry, ...]) -> int:
    """How many entries the two logs share from the start."""
    same = 0
    while same < min(len(old), len(new)) and replace(old[same], cleaned=0) == replace(new[same], cleaned=0):
        same += 1
    return same


def drawn(world: World) -> list[Log]:
    replicas = world.of(Replica)
    several = len({replica.partition for _, replica in replicas}) > 1
    found = []
    for name, replica in replicas:
        entries = tuple(
            Drawn(
                offset,
                name_of(entry.batch.record),
                "record" if offset >= replica.log_start and entry.cleaned != REMOVED else "gone",
                name_of(entry.batch.record),
                f"leader epoch {entry.leader_epoch}",
            )
            for offset, entry in enumerate(replica.log)
        )
        role = " (leads)" if replica.leader == replica.broker else ""
        role = f" ({world.stopped[name]})" if name in world.stopped else role
        where = f"partition {replica.partition} on {name}{role}" if several else f"{name}{role}"
        found.append(Log(where, name, entries, (("high watermark", replica.high_watermark),)))
    return found
