"""Flink jobs: who goes on from a state, or ends a transaction, that does not fit what the output has got."""

from collections.abc import Callable
from dataclasses import dataclass

from checker.telling import Happening, Telling, World
from model.flink.clients import ConsumingApp, Loop, ProducingApp
from model.flink.guarantees import due
from model.flink.job_manager import JobManager, JobStatus
from model.flink.kafka import Kafka, TransactionState
from model.flink.messages import (
    NO_CHECKPOINT,
    AppFetchResponse,
    AppOffsetCommitRequest,
    AppPositionResponse,
    AppProduceRequest,
    CheckpointId,
    Committable,
    Deploy,
    EndTxnRequest,
    EndTxnResponse,
    EntryState,
    Epoch,
    Error,
    InitProducerIdRequest,
    NotifyCheckpointComplete,
    Offset,
    OffsetCommitRequest,
    PositionResponse,
    ProduceRequest,
    Record,
    SourceFetchRequest,
    SourceFetchResponse,
    TransactionalId,
    TriggerCheckpoint,
    Value,
)  # fmt: skip
from model.flink.task import Phase, Sink, Task

ENDED_BADLY = (JobStatus.CANCELED, JobStatus.FAILED, JobStatus.LOST)


@dataclass(frozen=True)
class PreCommitted:
    """A transaction that a snapshot holds: whose, for which checkpoint, and what it has written."""

    task: str
    checkpoint: CheckpointId
    records: frozenset[Record]
    step: int


class Remarks:
    """Walks along a path beside its story."""

    def __init__(self, telling: Telling, name_of: Callable[[Record], str]) -> None:
        self.telling = telling
        self.name_of = name_of
        self.origins = telling.origins()
        last = telling.worlds[-1]
        self.kafka = next(name for name, _ in last.of(Kafka))
        # In the end: what has been given out more than once, and what never will be.
        self.twice = {record for record in self.records(last) if self.given_out(last, record) > 1}
        self.lost = {record for record in self.records(last) if self.is_lost(last, record)}
        self.state_lost = any(
            one.phase == Phase.RUNNING
            and any(one.applied[offset] == 0 and due(one, offset) for offset in range(one.position))
            for _, one in last.of(Task)
        )
        self.lingering = {
            number for number, kept in last.actors[self.kafka].transactions.items()
            if kept.state == TransactionState.ONGOING and not reachable(last, number, kept.epoch)
        }  # fmt: skip
        self.given_up = {name for name, one in last.of(JobManager) if one.status == JobStatus.FAILED}
        self.done: dict[tuple[str, Value], int] = {}  # By consuming application: the step in which it did it first.
        self.left: set[TransactionalId] = set()
        self.last_step = len(telling.happenings)
        self.emitted: dict[Record, int] = {}  # The step in which it was emitted first,
        self.shown: dict[Record, tuple[str, int]] = {}  # and where and when a reader got it first.
        self.precommitted: dict[tuple[TransactionalId, Epoch], PreCommitted] = {}
        self.aborted: dict[tuple[TransactionalId, Epoch], int] = {}
        self.aborted_in: dict[Record, int] = {}
        self.complete: dict[tuple[str, CheckpointId], int] = {}  # By job manager and checkpoint.
        self.triggered: dict[tuple[str, CheckpointId], int] = {}
        self.deployed: dict[str, int] = {}  # By job manager: the step of the latest failover.
        self.restored: dict[str, Deploy] = {}  # By task.

    def records(self, world: World) -> list[Record]:
        return sorted({one.first_record + offset for _, one in world.of(Task) for offset in range(one.records)})

    def given_out(self, world: World, record: Record) -> int:
        kafka = world.actors[self.kafka]
        printed = sum(one.printed[record] for _, one in world.of(Task))
        return int(kafka.visible[record] + printed)

    def is_lost(self, world: World, record: Record) -> bool:
        """No reader has it, no transaction that can still be committed, and no task that is to come to it."""
        kafka = world.actors[self.kafka]
        mine = [one for _, one in world.of(Task) if 0 <= record - one.first_record < one.records]
        if self.given_out(world, record) > 0 or any(one.sink == Sink.UPSERT for one in mine):
            return False
        for number, kept in kafka.transactions.items():
            if (
                kept.state == TransactionState.ONGOING
                and record in kept.records
                and reachable(world, number, kept.epoch)
            ):
                return False
        if any(record in one.unacked or record in one.buffer for one in mine):
            return False
        if not any(one.fetches or due(one, record - one.first_record) for one in mine):
            return False
        runs = [one for one in mine if one.phase in (Phase.RUNNING, Phase.FINISHED)]
        offset = record - mine[0].first_record
        behind = any(one.phase == Phase.FINISHED or one.position > offset for one in runs)
        for _, manager in world.of(JobManager):
            for one in mine:
                state = manager.completed_states[one.subtask] if one.job_manager == manager.me else None
                behind = behind or (state is not None and state.offset is not None and state.offset > offset)
        return behind

    # --- The walk -----------------------------------------------------------------------------------------------------

    def step(self, before: World, after: World, step: Happening) -> None:
        if step.fault and step.action in ("lose", "delay", "duplicate", "crash"):
            return
        for name, task in after.of(Task):
            if name == step.actor:
                self.task(before, after, name, before.actors[name], task, step)
        for name, manager in after.of(JobManager):
            if name == step.actor:
                self.manager(after, name, before.actors[name], manager, step)
        for name, app in after.of(ConsumingApp):
            if name == step.actor:
                self.consumer(name, before.actors[name], app, step)
        for name, producer in after.of(ProducingApp):
            if name == step.actor:
                self.producer(before.actors[name], producer, step)
        for name, kafka in after.of(Kafka):
            if name == step.actor:
                self.logs(before, before.actors[name], kafka, step)
                self.broker(before, before.actors[name], kafka, step)

    def remark(self, step: Happening, text: str) -> None:
        self.telling.remark(step.number, text)

    def names(self, records: list[Record]) -> str:
        return " and ".join(self.name_of(one) for one in records)

    # --- A task -------------------------------------------------------------------------------------------------------

    def task(self, before: World, after: World, name: str, old: Task, new: Task, step: Happening) -> None:
        if isinstance(step.received, Deploy):
            self.restored[name] = step.received
        if new.phase == Phase.RUNNING and (old.phase != Phase.RUNNING or (old.unlisted and not new.unlisted)):
            self.began(name, new, step)
        if isinstance(step.received, PositionResponse) and old.restored is not None and new.unlisted:
            self.remark(step, f"forgets offset {old.restored} of its state: the metadata do not list the partition")
        if step.action == "process":
            self.processed(old, new, step)
        if isinstance(step.received, TriggerCheckpoint):
            self.snapshot(before, name, old, new, step)
        if isinstance(step.received, NotifyCheckpointComplete):
            self.forgotten(old, new, step)
        if isinstance(step.received, EndTxnResponse):
            self.ended(after, old, new, step)
        if step.action == "expire_batch" and not new.send_failed:
            dropped = sorted((old.buffer - new.buffer) & self.lost)
            if dropped:
                self.remark(step, f"{self.names(dropped)} is dropped, and no write or flush says so")
        if new.phase == Phase.FINISHED and old.phase != Phase.FINISHED:
            left = [record for record in sorted(self.lost) if 0 <= record - old.first_record < old.position]
            if left and old.sink == Sink.TRANSACTIONS:
                self.remark(step, f"ends, and nobody will commit {self.names(left)}")
        if new.pool_was_empty and not old.pool_was_empty:
            self.remark(
                step, "there is no transactional.id left in its pool: each is that of a pre-committed transaction"
            )

    def began(self, name: str, new: Task, step: Happening) -> None:
        """Where an attempt goes on, beside what earlier ones have given out."""
        deploy = self.restored.get(name)
        kept = deploy is not None and deploy.state is not None
        where = f"restored from checkpoint {deploy.checkpoint}" if kept and deploy is not None else "without state"
        mine = range(new.first_record + new.position, new.first_record + new.records)
        again = [record for record in mine if record in self.emitted and record in self.twice]
        if again:
            emitted = " and ".join(
                f"{self.name_of(record)}, emitted in step {self.emitted[record]}" for record in again
            )
            self.remark(step, f"goes on at offset {new.position} ({where}), before {emitted}")
        skipped = [
            record for record in range(new.first_record, new.first_record + new.position)
            if record in self.lost and (record in self.aborted_in or record not in self.emitted)
        ]  # fmt: skip
        if skipped:
            why = [
                f"aborted in step {self.aborted_in[record]}" if record in self.aborted_in else "never emitted"
                for record in skipped
            ]
            text = f"goes on at offset {new.position} ({where}), behind {self.names(skipped)}"
            self.remark(step, f"{text} ({', '.join(dict.fromkeys(why))})")

    def processed(self, old: Task, new: Task, step: Happening) -> None:
        record = new.first_record + old.position
        self.emitted.setdefault(record, step.number)
        if new.reads_aborted and old.position in new.aborted:
            self.remark(step, f"takes {self.name_of(record)}, whose transaction was aborted: it reads uncommitted")
        if new.applied[old.position] > 1 and new.applied[old.position] > old.applied[old.position]:
            self.remark(step, f"counts {self.name_of(record)} a second time in its state")
        for one, copies in new.printed.items():
            if copies > old.printed[one]:
                self.show(one, "printed", step)
        if new.regressed and not old.regressed:
            self.remark(step, f"the row goes from {old.table} back to {new.table}, which readers see")

    def show(self, record: Record, how: str, step: Happening) -> None:
        where, first = self.shown.setdefault(record, (how, step.number))
        if first != step.number:
            self.remark(step, f"{self.name_of(record)} is {how} a second time (first {where} in step {first})")

    def snapshot(self, before: World, name: str, old: Task, new: Task, step: Happening) -> None:
        checkpoint = step.received.checkpoint
        transactions = before.actors[self.kafka].transactions
        for one in new.committables:
            key = (one.transactional_id, one.epoch)
            if one not in old.committables:
                records = transactions[one.transactional_id].records
                self.precommitted[key] = PreCommitted(name, checkpoint, records, step.number)
        waiting = sorted((old.unacked | old.buffer) & self.lost)
        if new.uploads[checkpoint] is not None and old.uploads[checkpoint] is None and waiting:
            text = f"takes its snapshot for checkpoint {checkpoint} behind {self.names(waiting)}"
            self.remark(step, f"{text}, which Kafka has not acknowledged")

    def forgotten(self, old: Task, new: Task, step: Happening) -> None:
        """A notification is of one checkpoint; those before it may have got none."""
        asked = {message.transactional_id for _, message in step.sent if isinstance(message, EndTxnRequest)}
        for one in old.committables:
            found = self.precommitted.get((one.transactional_id, one.epoch))
            gone = one not in new.committables and one.transactional_id not in asked
            if gone and found is not None and found.records & self.lost:
                what = self.names(sorted(found.records & self.lost))
                self.remark(
                    step, f"forgets the transaction of checkpoint {one.checkpoint}, with {what} in it, uncommitted"
                )

    def ended(self, after: World, old: Task, new: Task, step: Happening) -> None:
        """KafkaCommitter drops what Kafka refuses; harmless where the commit has been there before."""
        error = step.received.error
        if error == Error.NONE or not old.committables or not old.committing:
            return
        one = old.committables[0]
        kafka = after.actors[self.kafka]
        if (one in new.committables and new.phase != Phase.FAILED) or kafka.committed_epochs[
            one.transactional_id
        ] == one.epoch:
            return
        found = self.precommitted.get((one.transactional_id, one.epoch))
        records = [] if found is None else sorted(found.records & self.lost)
        what = f", with {self.names(records)} in it" if records else ""
        aborted = self.aborted.get((one.transactional_id, one.epoch))
        why = f": it was aborted in step {aborted}" if aborted is not None else ""
        if records or aborted is not None or (new.commit_refused and not old.commit_refused):
            what = what or (", which has no records" if one.empty else "")
            text = f"gives up the commit of checkpoint {one.checkpoint} ({error.value}){what}{why}"
            self.remark(step, text)

    # --- The job manager ----------------------------------------------------------------------------------------------

    def manager(self, after: World, name: str, old: JobManager, new: JobManager, step: Happening) -> None:
        for checkpoint, pending in new.pending.items():
            if pending is not None and old.pending[checkpoint] is None:
                self.triggered[name, checkpoint] = step.number
        if new.promised != old.promised and new.promised != NO_CHECKPOINT:
            self.completed(after, name, new, step)
        for subtask in sorted(new.restarted_with_another - old.restarted_with_another):
            also = next(task for task, one in after.of(Task) if one.job_manager == new.me and one.subtask == subtask)
            sent = self.origins.get(step.number, 0)
            whose = f" as {self.telling.happenings[sent - 1].actor} has" if sent else ""
            self.remark(step, f"restarts {also}, which has not failed{whose}")
        deploys = [message for _, message in step.sent if isinstance(message, Deploy)]
        if deploys:
            self.deployed[name] = step.number
        without = any(one.state is None for one in deploys) and old.promised != NO_CHECKPOINT
        if old.completed != NO_CHECKPOINT and new.completed == NO_CHECKPOINT and new.status in ENDED_BADLY:
            self.remark(step, f"the job ends, and checkpoint {old.completed} is deleted with it: {new.status.value}")
        elif new.status == JobStatus.FAILED and old.status != JobStatus.FAILED and name in self.given_up:
            self.remark(step, f"gives the job up after {old.restarts} restart{'s' if old.restarts != 1 else ''}")
        if without and (self.twice or self.lost or self.state_lost):
            since = self.complete.get((name, old.promised))
            self.remark(
                step, f"starts without state: checkpoint {old.promised}, complete since step {since}, is not used"
            )

    def completed(self, after: World, name: str, new: JobManager, step: Happening) -> None:
        checkpoint = new.promised
        self.complete[name, checkpoint] = step.number
        began, again = self.triggered.get((name, checkpoint), 0), self.deployed.get(name, 0)
        if began < again:
            text = f"completes checkpoint {checkpoint}, triggered in step {began}, before the failover of step {again}"
            self.remark(step, text)
        for task_name, task in after.of(Task):
            state = new.promised_states[task.subtask] if task.job_manager == new.me else None
            behind = 0 if state is None or state.offset is None else state.offset
            waiting = sorted(
                record for record in task.unacked | task.buffer if 0 <= record - task.first_record < behind
            )  # fmt: skip
            if waiting:
                text = f"completes checkpoint {checkpoint}, whose offset for {task_name} is {behind}, and Kafka has not"
                self.remark(step, f"{text} acknowledged {self.names(waiting)}")
        for state in new.promised_states.values():
            for one in () if state is None else state.committables:
                aborted = self.aborted.get((one.transactional_id, one.epoch))
                if aborted is not None:
                    text = f"completes checkpoint {checkpoint}, whose transaction (transactional id"
                    self.remark(
                        step, f"{text} {one.transactional_id}, epoch {one.epoch}) was aborted in step {aborted}"
                    )

    # --- Applications -------------------------------------------------------------------------------------------------

    def never(self, value: Value) -> bool:
        """No consuming application has done anything with it, or is about to."""
        apps = [one for _, one in self.telling.worlds[-1].of(ConsumingApp)]
        return bool(apps) and all(one.ledger[value] == 0 and one.in_hand != value for one in apps)

    def consumer(self, name: str, old: ConsumingApp, new: ConsumingApp, step: Happening) -> None:
        for value, copies in new.ledger.items():
            if copies == old.ledger[value]:
                continue
            first = self.done.setdefault((name, value), step.number)
            if first != step.number:
                self.remark(step, f"value {value} has its effect a second time (first in step {first})")
        if isinstance(step.received, AppPositionResponse) and new.phase != old.phase:
            log = self.telling.worlds[-1].actors[self.kafka].logs[self.topic(new)]
            seen = log[: new.position]
            passed = [one.value for one in seen if one.value is not None and self.never(one.value)]
            again = [
                one.value for one in log[new.position :]
                if one.value is not None and (name, one.value) in self.done and new.position < len(log)
                and self.telling.worlds[-1].actors[name].ledger[one.value] > 1
            ]  # fmt: skip
            if passed:
                self.remark(step, f"begins at {new.position}, behind value {' and '.join(map(str, passed))}")
            if again:
                told = " and ".join(f"value {value}, done in step {self.done[name, value]}" for value in again)
                self.remark(step, f"begins at {new.position}, before {told}")
            if new.phase == Loop.FAILED:
                self.remark(step, "has no offset to begin at, and poll() throws")

    def topic(self, app: ConsumingApp) -> int:
        kafka = self.telling.worlds[-1].actors[self.kafka]
        found: int = kafka.reader_topics[app.number]
        return found

    def producer(self, old: ProducingApp, new: ProducingApp, step: Happening) -> None:
        for value in sorted(new.acknowledged - old.acknowledged):
            logs = self.telling.worlds[-1].actors[self.kafka].logs.values()
            if step.number in self.origins.values() and not any(one.value == value for log in logs for one in log):
                acks = "" if new.answered else ", with acks=0"
                self.remark(step, f"takes value {value} for delivered{acks}: no log gets it")

    def logs(self, before: World, old: Kafka, new: Kafka, step: Happening) -> None:
        """What stands in the logs between applications and jobs, and who is given what of it."""
        last = self.telling.worlds[-1].actors[self.kafka]
        request = step.received
        for topic, log in new.logs.items():
            for place in range(len(old.logs[topic]), len(log)):
                value = log[place].value
                good = [
                    other for other in range(place)
                    if value is not None and log[other].value == value
                    and last.logs[topic][other].state != EntryState.ABORTED
                ]  # fmt: skip
                if (
                    good
                    and isinstance(request, AppProduceRequest)
                    and last.logs[topic][place].state != EntryState.ABORTED
                ):
                    self.remark(step, f"appends value {value} a second time (@ {place}; it is @ {good[0]})")
        for _, message in step.sent:
            if isinstance(message, SourceFetchResponse) and message.is_record:
                for partition, source in enumerate(new.inputs):
                    asked = old.source_waits[partition]
                    asks = isinstance(request, SourceFetchRequest) and request.partition == partition
                    waits = asked == message.offset and new.source_waits[partition] is None
                    if source is not None and (waits or (asks and request.offset == message.offset)):
                        self.uncommitted(source, message.offset, new, step)
            if isinstance(message, AppFetchResponse) and message.value is not None:
                for reader, topic in enumerate(new.reader_topics):
                    if message.place < len(new.logs[topic]) and new.readers[reader] == self.receiver(
                        before, step, message
                    ):
                        self.uncommitted(topic, message.place, new, step)
        if isinstance(request, AppOffsetCommitRequest):
            for reader, topic in enumerate(new.reader_topics):
                was, now = old.reader_offsets[reader] or 0, new.reader_offsets[reader] or 0
                passed = [
                    one.value for one in new.logs[topic][was:now]
                    if one.value is not None and self.never(one.value) and one.state != EntryState.ABORTED
                ]  # fmt: skip
                if passed:
                    text = f"the offset of the group moves to {now}: value {' and '.join(map(str, passed))}"
                    self.remark(step, f"{text} has had no effect, and never will")

    def receiver(self, world: World, step: Happening, message: AppFetchResponse) -> object:
        name = next(to for to, one in step.sent if one is message)
        assert name is not None
        return world.actors[name].me

    def uncommitted(self, topic: int, place: int, new: Kafka, step: Happening) -> None:
        """read_uncommitted: what is aborted later, or has been, is given out all the same."""
        last = self.telling.worlds[-1].actors[self.kafka].logs[topic][place]
        if last.state == EntryState.ABORTED:
            state = "is aborted" if new.logs[topic][place].state == EntryState.ABORTED else "is open, and aborted later"
            self.remark(step, f"gives out value {last.value} (@ {place}), whose transaction {state}")

    # --- Kafka --------------------------------------------------------------------------------------------------------

    def broker(self, before: World, old: Kafka, new: Kafka, step: Happening) -> None:
        for number, kept in new.transactions.items():
            was = old.transactions[number]
            ended = was.state == TransactionState.ONGOING and not kept.records
            if ended and kept.state != TransactionState.COMPLETE_COMMIT:
                self.abort(before, number, was.epoch, was.records, step)
        for record, copies in new.visible.items():
            if copies > old.visible[record]:
                self.show(record, "readable", step)
        request = step.received
        if isinstance(request, ProduceRequest) and request.transactional_id in self.lingering - self.left:
            late = request.transactional_id
            assert late is not None
            kept = new.transactions[late]
            if kept.records != old.transactions[late].records:
                sent = self.origins[step.number]
                who = next(name for name, one in before.of(Task) if one.me == request.sender)
                if not reachable(before, late, kept.epoch):
                    self.left.add(late)
                    text = f"opens a transaction of transactional id {late} with {self.name_of(request.record)}"
                    self.remark(step, f"{text}, which {who} sent in step {sent} and has no more: nobody will end it")
        if isinstance(request, InitProducerIdRequest):
            for number in sorted(self.lingering - self.left):
                kept = new.transactions[number]
                if kept.state == TransactionState.ONGOING and not reachable(before, number, kept.epoch):
                    self.left.add(number)
                    what = self.names(sorted(kept.records))
                    text = f"does not look at transactional id {number}, which has a transaction open with {what}"
                    self.remark(step, f"{text}: nobody will end it")
        if isinstance(request, OffsetCommitRequest):
            there = [one.position for _, one in before.of(Task) if one.partition == request.partition]
            if request.offset > max(there, default=request.offset) and step.number == self.last_step:
                self.remark(step, f"the group offset moves to {request.offset}, and the job has got to {max(there)}")
            first = min(
                (one.first_record for _, one in before.of(Task) if one.partition == request.partition), default=0
            )
            was_at: Offset = old.group_offsets[request.partition] or 0
            passed = [first + offset for offset in range(was_at, request.offset) if first + offset in self.lost]
            if passed:
                self.remark(step, f"the group offset moves past {self.names(passed)}, which no reader has got")

    def abort(
        self, before: World, number: TransactionalId, epoch: Epoch, records: frozenset[Record], step: Happening
    ) -> None:
        self.aborted[number, epoch] = step.number
        for record in records:
            self.aborted_in[record] = step.number
        found = self.precommitted.get((number, epoch))
        lost = sorted(records & self.lost)
        if found is not None:
            done = [when for (_, checkpoint), when in self.complete.items() if checkpoint == found.checkpoint]
            since = f"complete since step {done[-1]}" if done else "not complete yet"
            if lost or done:
                what = self.names(lost or sorted(records)) or "nothing"
                text = f"aborts {what}, pre-committed in step {found.step} for checkpoint {found.checkpoint}"
                self.remark(step, f"{text}, which is {since}")
            return
        if isinstance(step.received, InitProducerIdRequest):
            senders = {one.me: one for _, one in before.of(Task)}
            sender = senders[step.received.sender]
            for name, one in before.of(Task):
                works = one.phase == Phase.RUNNING and one.current == number and one.epoch == epoch
                if works and one.job_manager != sender.job_manager and name not in before.stopped:
                    self.remark(step, f"fences {name}, which is of another job and writes under this transactional.id")


def reachable(world: World, number: TransactionalId, epoch: Epoch) -> bool:
    """Whether anybody may still commit a transaction: who writes in it, or has it, or will restore it."""
    for _, one in world.of(Task):
        if (one.current == number and one.epoch == epoch and one.phase == Phase.RUNNING) or holds(
            one.committables, number, epoch
        ):
            return True
        if any(state is not None and holds(state.committables, number, epoch) for state in one.uploads.values()):
            return True
    for _, manager in world.of(JobManager):
        for states in (manager.completed_states, manager.savepoint_states, manager.acknowledged_states):
            if any(state is not None and holds(state.committables, number, epoch) for state in states.values()):
                return True
    return False


def holds(committables: tuple[Committable, ...], number: TransactionalId, epoch: Epoch) -> bool:
    return any(one.transactional_id == number and one.epoch == epoch for one in committables)
