"""How a path of a consumer group is told: the input partitions with everybody's place in them, and what became of each
record.
"""

from checker.telling import Happening, Telling, World
from checker.verdict import Log, Plumbing
from checker.verdict import LogEntry as Drawn
from model.kafka.groups.consumer import Consumer
from model.kafka.groups.coordinator import GroupCoordinator
from model.kafka.groups.guarantees import committed_offset
from model.kafka.groups.input_partition import InputPartition
from model.kafka.groups.messages import FetchResponse, InputRecord
from model.kafka.groups.remarks import Remarks
from model.kafka.groups.store import ExternalStore

APPENDED, HANDED_OUT, EFFECT, COMMITTED = "appended", "handed out by poll()", "effect", "committed offset past it"

UNLESS = frozenset({"instance", "awaited"})


def tell(telling: Telling) -> None:
    first = telling.worlds[0]
    several = len(first.of(InputPartition)) > 1
    telling.records = [
        name_of(InputRecord(leader.partition, offset), several)
        for _, leader in first.of(InputPartition)
        for offset in range(leader.records)
    ]
    told_by_the_arrow = {"member", "consumer", "reader", "writer"}
    telling.aside = frozenset(
        {"Consumer.connection", "Consumer.fetching", "GroupCoordinator.joins", "GroupCoordinator.partitions_seen"}
    )
    telling.plumbing = Plumbing(frozenset({*told_by_the_arrow, "connection", "partitions_seen"}), -1, UNLESS)
    telling.columns = [APPENDED, HANDED_OUT, EFFECT, COMMITTED]
    for _, leader in first.of(InputPartition):
        for offset in range(leader.initial):
            telling.note(name_of(InputRecord(leader.partition, offset), several), APPENDED, "from the start", 0)
    telling.logs.append(drawn(first, several))
    remarks = Remarks(telling)
    for before, after, step in zip(telling.worlds, telling.worlds[1:], telling.happenings, strict=False):
        remarks.step(before, after, step)
        tell_partitions(telling, before, after, step, several)
        tell_positions(telling, before, after, step, several)
        tell_effects(telling, before, after, step, several)
        telling.logs.append(drawn(after, several))


def name_of(record: InputRecord, several: bool) -> str:
    return f"record {record.offset} of partition {record.partition}" if several else f"record {record.offset}"


def end(leader: InputPartition) -> int:
    return leader.initial + leader.appended


def tell_partitions(telling: Telling, before: World, after: World, step: Happening, several: bool) -> None:
    coordinators = after.of(GroupCoordinator)
    for name, leader in after.of(InputPartition):
        old = before.actors[name]
        for offset in range(end(old), end(leader)):
            telling.note(name_of(InputRecord(leader.partition, offset), several), APPENDED, "", step.number)
        for offset in range(old.log_start, leader.log_start):
            record = name_of(InputRecord(leader.partition, offset), several)
            telling.note(record, APPENDED, "deleted by retention", step.number)
        for one, coordinator in coordinators:
            was = committed_offset(before.actors[one], old) or 0
            now = committed_offset(coordinator, leader) or 0
            for offset in range(min(was, now), min(max(was, now), leader.records)):
                text = f"{'' if now > was else 'no more: '}{was} -> {now}"
                telling.note(name_of(InputRecord(leader.partition, offset), several), COMMITTED, text, step.number)


def tell_positions(telling: Telling, before: World, after: World, step: Happening, several: bool) -> None:
    """poll() hands out what a fetch has brought: what is between the position before and after."""
    if not isinstance(step.received, FetchResponse):
        return
    for name, consumer in after.of(Consumer):
        if step.actor != name:
            continue
        for partition, position in consumer.position.items():
            was = before.actors[name].position[partition]
            if was is not None and position is not None:
                for offset in range(was, position):
                    record = name_of(InputRecord(partition, offset), several)
                    telling.note(record, HANDED_OUT, f"to {name}", step.number)


def tell_effects(telling: Telling, before: World, after: World, step: Happening, several: bool) -> None:
    for name, one in [*after.of(Consumer), *after.of(ExternalStore)]:
        for record, copies in one.effects.items():
            if copies > before.actors[name].effects[record]:
                told = [event for event in telling.events if event.record == name_of(record, several)]
                again = " again" if any(event.column == EFFECT for event in told) else ""
                where = f"in {name}" if isinstance(one, ExternalStore) else f"by {name}"
                telling.note(name_of(record, several), EFFECT, f"{where}{again}", step.number)


def drawn(world: World, several: bool) -> list[Log]:
    found = []
    for name, leader in world.of(InputPartition):
        entries = tuple(
            Drawn(
                offset,
                f"record {offset}",
                "record" if offset >= leader.log_start else "gone",
                name_of(InputRecord(leader.partition, offset), several),
            )
            for offset in range(end(leader))
        )
        marks: list[tuple[str, int]] = []
        for _, coordinator in world.of(GroupCoordinator):
            committed = committed_offset(coordinator, leader)
            if committed is not None:
                marks.append(("committed offset", committed))
        for consumer_name, consumer in world.of(Consumer):
            position = consumer.position[leader.partition]
            if position is not None:
                marks.append((f"position of {consumer_name}", position))
        for store_name, store in world.of(ExternalStore):
            if store.keeps_offset:
                marks.append((f"offset in {store_name}", store.offset[leader.partition]))
        found.append(Log(name, name, entries, tuple(marks)))
    return found
