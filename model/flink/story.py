"""How a path of a job is told: the input partitions with the source's place, the output topic, and each record's fate.

The output topic is put together from what Kafka accepts: a record of a ProduceRequest that is answered without error,
and a marker when a transaction that had records ends.
"""

from checker.telling import Happening, Telling, World
from checker.verdict import Log, LogEntry, Plumbing
from model.flink.channels import Coordinator, Join, SourceTask
from model.flink.job_manager import JobManager
from model.flink.kafka import Kafka, TransactionState
from model.flink.messages import (
    EntryState,
    Error,
    Offset,
    Partition,
    ProduceRequest,
    ProduceResponse,
    Record,
    TransactionalId,
)  # fmt: skip
from model.flink.remarks import Remarks
from model.flink.task import Phase, Sink, Task

PROCESSED, STATE, CHECKPOINT = "processed", "in the state", "in a complete checkpoint"
OUTPUT, DELIVERED, GROUP_OFFSET = "in the output", "delivered", "group offset past it"


def tell(telling: Telling) -> None:
    first = telling.worlds[0]
    telling.aside = frozenset({"Task.reported", "Task.parallelism", "JobManager.commanded"})
    telling.plumbing = Plumbing(frozenset({"sender"}), -1, frozenset({"others", "spare"}))
    if first.of(Task):
        JobStory(telling).tell()
    elif first.of(Join):
        tell_channels(telling)


class JobStory:
    """A job of one task for each input partition."""

    def __init__(self, telling: Telling) -> None:
        self.telling = telling
        # One for each partition: a second is the spare that takes over from a zombie.
        first: dict[Partition, tuple[str, Task]] = {}
        for name, task in telling.worlds[0].of(Task):
            first.setdefault(task.partition, (name, task))
        self.tasks = list(first.values())
        ((_, self.kafka),) = telling.worlds[0].of(Kafka)
        self.output: list[LogEntry] = []

    def tell(self) -> None:
        telling = self.telling
        telling.records = [
            self.name_of(task.first_record + offset) for _, task in self.tasks for offset in range(task.records)
        ]
        telling.columns = [PROCESSED, STATE, CHECKPOINT, OUTPUT, DELIVERED, GROUP_OFFSET]
        if not any(
            task.sink in (Sink.KAFKA, Sink.TRANSACTIONS) for _, task in self.tasks
        ):  # What prints writes no log.
            telling.columns.remove(OUTPUT)
        telling.logs.append(self.drawn(telling.worlds[0]))
        remarks = Remarks(telling, self.name_of)
        for before, after, step in zip(telling.worlds, telling.worlds[1:], telling.happenings, strict=False):
            remarks.step(before, after, step)
            self.tell_tasks(before, after, step)
            self.tell_checkpoints(before, after, step)
            self.tell_output(before, after, step)
            self.tell_group(before, after, step)
            telling.logs.append(self.drawn(after))

    def name_of(self, record: Record) -> str:
        partition, offset = divmod(record, self.kafka.stride)
        return f"record {offset} of partition {partition}" if len(self.tasks) > 1 else f"record {offset}"

    def note(self, record: Record, column: str, text: str, step: Happening) -> None:
        self.telling.note(self.name_of(record), column, text, step.number)

    def tell_tasks(self, before: World, after: World, step: Happening) -> None:
        for name, task in after.of(Task):
            old = before.actors[name]
            for offset, copies in task.applied.items():
                if copies == old.applied[offset]:
                    continue
                record = task.first_record + offset
                if step.actor == name and step.action == "process":
                    self.note(record, STATE, f"counted {times(copies)}", step)
                else:
                    why = "restored" if step.action == "deploy" else "forgotten"
                    self.note(record, STATE, f"{why}: counted {times(copies)}", step)
            if step.actor == name and step.action == "process":
                self.note(task.first_record + old.position, PROCESSED, f"by {name}", step)
            for record, copies in task.printed.items():
                if copies > old.printed[record]:
                    self.note(record, DELIVERED, f"printed{' again' if copies > 1 else ''}", step)

    def tell_checkpoints(self, before: World, after: World, step: Happening) -> None:
        for name, manager in after.of(JobManager):
            old = before.actors[name]
            if manager.completed == old.completed or manager.completed < old.completed:
                continue
            for _, task in self.tasks:
                if task.job_manager != manager.me:
                    continue
                state = manager.completed_states[task.subtask]
                for offset in range(0 if state is None or state.offset is None else state.offset):
                    text = f"checkpoint {manager.completed} goes on behind it"
                    self.note(task.first_record + offset, CHECKPOINT, text, step)

    def tell_output(self, before: World, after: World, step: Happening) -> None:
        for name, kafka in after.of(Kafka):
            old = before.actors[name]
            request = step.received
            if step.actor == name and isinstance(request, ProduceRequest) and accepted(step):
                number, text = request.transactional_id, ""
                if number is not None:
                    text = written_under(number, request.epoch)
                record = self.name_of(request.record)
                topic = kafka.outputs[request.record // kafka.stride]
                if topic is not None and topic in kafka.inputs:  # What another job reads is drawn as its input.
                    offset = len(kafka.logs[topic]) - 1
                else:
                    offset = len(self.output)
                    state = "" if number is None else "open"
                    self.output.append(LogEntry(offset, record, "record", record, text, state))
                self.note(request.record, OUTPUT, f"@ {offset}{', ' if text else ''}{text}", step)
            for number, kept in kafka.transactions.items():
                was = old.transactions[number]
                if was.records and not kept.records and was.state == TransactionState.ONGOING:
                    committed = kept.state == TransactionState.COMPLETE_COMMIT
                    self.end(written_under(number, was.epoch), committed, sorted(was.records), step)
            for record, copies in kafka.visible.items():
                if copies > old.visible[record]:
                    self.note(record, DELIVERED, f"readable in Kafka{' again' if copies > 1 else ''}", step)

    def end(self, transaction: str, committed: bool, records: list[Record], step: Happening) -> None:
        state = "committed" if committed else "aborted"
        self.output = [
            LogEntry(one.offset, one.text, one.kind, one.record, one.transaction, state)
            if one.transaction == transaction and one.state == "open"
            else one
            for one in self.output
        ]
        if any(one.transaction == transaction for one in self.output):
            marker = "COMMIT" if committed else "ABORT"
            self.output.append(LogEntry(len(self.output), marker, "marker", "", transaction))
        for record in records:
            self.note(record, OUTPUT, f"{state} ({transaction})", step)

    def tell_group(self, before: World, after: World, step: Happening) -> None:
        for name, kafka in after.of(Kafka):
            for _, task in self.tasks:
                was = before.actors[name].group_offsets[task.partition] or 0
                now = kafka.group_offsets[task.partition] or 0
                text = f"{'' if now > was else 'no more: '}{was} -> {now}"
                for offset in range(min(was, now), min(max(was, now), task.records)):
                    self.note(task.first_record + offset, GROUP_OFFSET, text, step)

    def drawn(self, world: World) -> list[Log]:
        found = []
        for owner, task in self.tasks:
            entries = tuple(self.input_entry(world, task, offset) for offset in range(task.records))
            if task.fetches:
                entries = tuple(one for _, kafka in world.of(Kafka) for one in self.input_log(kafka, task))
            marks = [
                (f"position of {name}", one.position)
                for name, one in world.of(Task)
                if one.partition == task.partition and one.phase == Phase.RUNNING and world.stopped.get(name) != "down"
            ]
            for _, manager in world.of(JobManager):
                state = manager.completed_states[task.subtask] if task.job_manager == manager.me else None
                if state is not None and state.offset is not None:
                    marks.append((f"checkpoint {manager.completed}", state.offset))
            for _, kafka in world.of(Kafka):
                group = kafka.group_offsets[task.partition]
                if group is not None:
                    marks.append(("group offset", group))
            found.append(Log(f"input-{task.partition}", owner, entries, tuple(marks)))
        if any(
            task.sink in (Sink.KAFKA, Sink.TRANSACTIONS)
            and (kafka.outputs[task.partition] is None or kafka.outputs[task.partition] not in kafka.inputs)
            for _, task in self.tasks
            for _, kafka in world.of(Kafka)
        ):
            for name, _ in world.of(Kafka):
                found.append(Log("output", name, tuple(self.output), (("end", len(self.output)),)))
        return found

    def input_log(self, kafka: Kafka, task: Task) -> list[LogEntry]:
        """What applications, or a job before this one, have written so far."""
        found = []
        topic = kafka.inputs[task.partition]
        for offset, one in enumerate(() if topic is None else kafka.logs[topic]):
            if one.value is None:
                found.append(LogEntry(offset, "end of transaction", "marker"))
            else:
                state = "" if one.state == EntryState.READABLE else one.state.name.lower()
                record = self.name_of(task.first_record + offset)
                found.append(LogEntry(offset, f"value {one.value}", "record", record, "", state))
        return found

    def input_entry(self, world: World, task: Task, offset: Offset) -> LogEntry:
        gone = any(offset < kafka.log_starts[task.partition] for _, kafka in world.of(Kafka))
        state = "aborted" if offset in task.aborted else ""
        record = self.name_of(task.first_record + offset)
        return LogEntry(offset, f"record {offset}", "gone" if gone else "record", record, "", state)


def times(copies: int) -> str:
    return ("not at all", "once", "more than once")[copies]


def written_under(number: TransactionalId, epoch: int) -> str:
    return f"transactional id {number}, epoch {epoch}"


def accepted(step: Happening) -> bool:
    return any(isinstance(sent, ProduceResponse) and sent.error == Error.NONE for _, sent in step.sent)


# --- flink.channels ---------------------------------------------------------------------------------------------------


def tell_channels(telling: Telling) -> None:
    """A join of several channels: what matters is what it counts, and what a checkpoint holds."""
    first = telling.worlds[0]
    for _, source in first.of(SourceTask):
        telling.records += [channel_record(source, offset) for offset in range(source.records)]
    telling.columns = [STATE, CHECKPOINT]
    for before, after, step in zip(telling.worlds, telling.worlds[1:], telling.happenings, strict=False):
        names = {source.channel * source.records + offset: channel_record(source, offset)
                 for _, source in first.of(SourceTask) for offset in range(source.records)}  # fmt: skip
        for name, join in after.of(Join):
            for record, copies in join.counted.items():
                if copies != before.actors[name].counted[record]:
                    telling.note(names[record], STATE, f"counted {times(copies)}", step.number)
        for name, coordinator in after.of(Coordinator):
            cut = coordinator.latest
            if cut is not None and cut != before.actors[name].latest:
                for record, copies in cut.join.counted.items():
                    flying = cut.join.in_flight.count(record)
                    channel, offset = divmod(record, len(names) // len(first.of(SourceTask)))
                    start = cut.offsets[channel] or 0
                    again = ", and read again after a restart" if offset >= start else ""
                    held = f"counted {times(copies)}" + (f", {flying} in flight" if flying else "")
                    telling.note(names[record], CHECKPOINT, f"{held}{again}", step.number)
        telling.logs.append(channels_drawn(after))
    telling.logs.insert(0, channels_drawn(first))


def channel_record(source: SourceTask, offset: Offset) -> str:
    return f"record {offset} of channel {source.channel}"


def channels_drawn(world: World) -> list[Log]:
    found = []
    for name, source in world.of(SourceTask):
        entries = tuple(
            LogEntry(offset, f"record {offset}", "record", channel_record(source, offset))
            for offset in range(source.records)
        )
        marks = [(f"position of {name}", source.offset)] if source.attempt else []
        for _, coordinator in world.of(Coordinator):
            cut = coordinator.latest
            if cut is not None:
                marks.append(("latest checkpoint", cut.offsets[source.channel] or 0))
        found.append(Log(f"channel {source.channel}", name, entries, tuple(marks)))
    return found
