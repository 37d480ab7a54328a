"""What a job with checkpoints is promised, as predicates over a whole state.

`delivered` counts the copies of a record that the reader of the output has or will get: printed, or visible in Kafka
at the reader's isolation level. A record is *due* if it is not below the offset at which the first attempt began, and
not of an aborted transaction.
"""

from checker.lang import ensure, predicate
from model.flink.clients import ConsumingApp, Loop, ProducingApp, Sending
from model.flink.job_manager import JobManager, JobStatus
from model.flink.kafka import Kafka, TransactionState
from model.flink.messages import (
    NO_CHECKPOINT,
    NO_EPOCH,
    Committable,
    Copies,
    EntryState,
    Epoch,
    Offset,
    Place,
    Record,
    Reset,
    StartFrom,
    Topic,
    TransactionalId,
    Value,
)  # fmt: skip
from model.flink.task import Phase, Sink, Task


def record_at(task: Task, offset: Offset) -> Record:
    return task.first_record + offset


def due(task: Task, offset: Offset) -> bool:
    """A spare attempt goes on with what another has begun, at offset 0. In a log some entries are no records."""
    begun = task.spare or (task.accepted_start is not None and task.accepted_start <= offset)
    return begun and offset not in task.aborted and offset not in task.no_records


def input_end(task: Task, kafka: Kafka) -> Offset:
    """Where the source waits: the end of its input, or the last stable offset of it."""
    topic = kafka.inputs[task.partition]
    return task.records if topic is None else readable_end(kafka, topic, task.partition in kafka.committed_sources)


def readable_end(kafka: Kafka, topic: Topic, committed: bool) -> Place:
    return min(
        (
            place
            for place in range(len(kafka.logs[topic]))
            if committed and kafka.logs[topic][place].state == EntryState.OPEN
        ),
        default=len(kafka.logs[topic]),
    )


def delivered(task: Task, kafka: Kafka, record: Record) -> Copies:
    return min(task.printed[record] + kafka.visible[record], 2)


def named(committables: tuple[Committable, ...], number: TransactionalId, epoch: Epoch) -> bool:
    return any(one.transactional_id == number and one.epoch == epoch for one in committables)


def in_open_transaction(task: Task, manager: JobManager, kafka: Kafka, record: Record) -> bool:
    """One that the task, or a restart from the latest checkpoint, will commit."""
    return any(
        record in kept.records and will_be_committed(number, task, manager, kafka)
        for number, kept in kafka.transactions.items()
    )


def will_be_committed(number: TransactionalId, task: Task, manager: JobManager, kafka: Kafka) -> bool:
    kept = kafka.transactions[number]
    state = manager.completed_states[task.subtask]
    return (
        (task.current == number and task.epoch == kept.epoch)
        or named(task.committables, number, kept.epoch)
        or (state is not None and named(state.committables, number, kept.epoch))
    )


def next_start(task: Task, manager: JobManager, kafka: Kafka) -> Offset:
    """Where the source would begin if the task failed now."""
    state = manager.completed_states[task.subtask]
    if state is not None and state.offset is not None:
        return state.offset
    if task.first_start is not None:
        return task.first_start
    known_as_new = manager.completed != NO_CHECKPOINT if task.finds_at_open else task.found_late
    if task.missing and task.new_from_earliest and known_as_new:
        return 0
    group_offset = kafka.group_offsets[task.partition]
    if task.start_from == StartFrom.GROUP_OFFSETS and group_offset is not None:
        return group_offset
    if task.start_from == StartFrom.CONNECTION:
        return task.seen
    latest = task.start_from == StartFrom.LATEST or (
        task.start_from == StartFrom.GROUP_OFFSETS and task.reset == Reset.LATEST
    )
    return input_end(task, kafka) if latest else 0


# --- End to end -----------------------------------------------------------------------------------------------------


@predicate
def no_loss(tasks: tuple[Task, ...], managers: tuple[JobManager, ...], kafka: Kafka) -> bool:
    """No due record is missing in the output while nobody is left that would process it.

    A running task (or one whose bounded input has ended) is past it, has it neither in work nor in an open transaction,
    and would not read it again if it failed now.
    """
    for task in tasks:
        for manager in managers:
            finished = task.phase == Phase.FINISHED and task.bounded
            if (
                manager.me == task.job_manager
                and task.sink != Sink.UPSERT
                and (finished or task.phase == Phase.RUNNING)
            ):
                start = next_start(task, manager, kafka)
                for offset in range(task.records):
                    record = record_at(task, offset)
                    ensure(
                        not due(task, offset)
                        or delivered(task, kafka, record) > 0
                        or in_open_transaction(task, manager, kafka, record)
                        or (not finished and (offset >= task.position or record in task.unacked or offset >= start)),
                        f"record {record} is not in the output, and the task is past it (position {task.position}); "
                        f"a restart would begin at offset {start}: nobody will process it again",
                    )
    return True


@predicate
def no_partition_unread(tasks: tuple[Task, ...], kafka: Kafka) -> bool:
    """A partition that exists is read by a running job, or will be found by it."""
    for task in tasks:
        ensure(
            task.phase != Phase.RUNNING or not task.unlisted or task.discovers or task.partition not in kafka.existing,
            f"partition {task.partition} has been added, and {task.me} never looks for new partitions: it is not read",
        )
    return True


@predicate
def no_duplicates(tasks: tuple[Task, ...], kafka: Kafka) -> bool:
    """No record's result reaches the reader of the output twice."""
    for task in tasks:
        for offset in range(task.records):
            record = record_at(task, offset)
            ensure(delivered(task, kafka, record) <= 1, f"the result of record {record} is in the output twice")
    return True


@predicate
def all_delivered(tasks: tuple[Task, ...], kafka: Kafka) -> bool:
    """The result of every due record has reached the reader."""
    return all(
        delivered(task, kafka, record_at(task, offset)) > 0
        or (task.accepted_start is not None and not due(task, offset))
        for task in tasks
        for offset in range(task.records)
    )


# --- From where it begins, through one job or two, to where it ends --------------------------------------------------


def is_an_end(task: Task, kafka: Kafka) -> bool:
    """No application and no other job here reads what it writes."""
    return kafka.outputs[task.partition] is None


def effects(value: Value, task: Task, kafka: Kafka) -> Copies:
    """How often a record has had its effect in the last job: in its output, or in its state if that is printed."""
    found = 0
    topic = kafka.inputs[task.partition]
    for offset in range(task.records if topic is None else len(kafka.logs[topic])):
        says = offset if topic is None else kafka.logs[topic][offset].value
        if says == value:
            if task.sink == Sink.PRINT or task.sink == Sink.UPSERT:
                found += task.applied[offset]
            else:
                found += kafka.visible[record_at(task, offset)]
    return min(found, 2)


@predicate
def no_duplicates_end_to_end(
    tasks: tuple[Task, ...], kafka: Kafka, consumers: tuple[ConsumingApp, ...], values: int
) -> bool:
    """No record that was to be sent once has its effect twice at the other end, whoever repeated it.

    The other end is the ledger of each consuming application, and what becomes of it in a job whose output nobody here
    consumes: what a reader of its topic gets, or the state of the job if it prints.
    """
    for value in range(values):
        for app in consumers:
            ensure(app.ledger[value] <= 1, f"record {value} was to be sent once, and has its effect twice at {app.me}")
        for task in tasks:
            ensure(
                not is_an_end(task, kafka) or effects(value, task, kafka) <= 1,
                f"record {value} was to be sent once, and has its effect twice at {task.me}",
            )
    return True


@predicate
def no_loss_end_to_end(
    tasks: tuple[Task, ...],
    managers: tuple[JobManager, ...],
    kafka: Kafka,
    producers: tuple[ProducingApp, ...],
    consumers: tuple[ConsumingApp, ...],
    values: int,
) -> bool:
    """What the producing application takes for delivered has its effect at the other end when nothing is left to do.

    A record that a consumer or a job cannot read yet, behind the last stable offset, is not lost, nor is one in a
    transaction that its task, or a restart, will commit.
    """
    if everything_is_done(tasks, managers, kafka, producers, consumers):
        for value in range(values):
            if len(kafka.processes) == 0 or any(value in app.acknowledged for app in producers):
                for app in consumers:
                    ensure(
                        app.ledger[value] > 0 or is_waiting(value, tasks, managers, kafka),
                        f"record {value} was taken for delivered, nothing is left to do, and it has had no effect at "
                        f"{app.me}",
                    )
                for task in tasks:
                    ensure(
                        not is_an_end(task, kafka)
                        or effects(value, task, kafka) > 0
                        or is_waiting(value, tasks, managers, kafka),
                        f"record {value} was taken for delivered, nothing is left to do, and it has had no effect at "
                        f"{task.me}",
                    )
    return True


@predicate
def order_end_to_end(consumers: tuple[ConsumingApp, ...]) -> bool:
    """Records of one application have their first effects in the order in which it sent them."""
    for app in consumers:
        ensure(not app.out_of_order, f"{app.me} has processed a record after one that was sent later")
    return True


@predicate
def all_done_end_to_end(
    tasks: tuple[Task, ...],
    managers: tuple[JobManager, ...],
    kafka: Kafka,
    producers: tuple[ProducingApp, ...],
    consumers: tuple[ConsumingApp, ...],
) -> bool:
    """Every piece has done what it had to do: each record sent, the logs read to their ends, checkpoints used up."""
    return everything_is_done(tasks, managers, kafka, producers, consumers)


@predicate
def every_effect_end_to_end(
    tasks: tuple[Task, ...], kafka: Kafka, consumers: tuple[ConsumingApp, ...], values: int
) -> bool:
    """Every record has had its effect at the other end."""
    return all(
        all(app.ledger[value] > 0 for app in consumers)
        and all(not is_an_end(task, kafka) or effects(value, task, kafka) > 0 for task in tasks)
        for value in range(values)
    )


@predicate
def no_source_past_stable_offset(tasks: tuple[Task, ...], kafka: Kafka) -> bool:
    """No source with read_committed is past a record of a transaction that is still open, and may be committed."""
    for task in tasks:
        topic = kafka.inputs[task.partition]
        if topic is not None and task.phase == Phase.RUNNING and task.partition in kafka.committed_sources:
            end = readable_end(kafka, topic, True)
            ensure(
                task.position <= end,
                f"{task.me} is at offset {task.position}, and the transaction of offset {end} is still open",
            )
    return True


@predicate
def no_source_stuck(tasks: tuple[Task, ...], managers: tuple[JobManager, ...], kafka: Kafka) -> bool:
    """No source waits at the last stable offset for a transaction that no job is going to end.

    Its job has failed or was cancelled, and nobody is going to submit it again; or its task runs, and does not know it.
    The source, and every other reader with read_committed, goes on when transaction.timeout.ms has passed.
    """
    for task in tasks:
        topic = kafka.inputs[task.partition]
        if topic is not None and task.phase == Phase.RUNNING and task.partition in kafka.committed_sources:
            end = readable_end(kafka, topic, True)
            if task.position == end and end < len(kafka.logs[topic]):
                number = kafka.logs[topic][end].transactional_id
                ensure(
                    number is None or any(will_be_ended(number, one, managers, kafka) for one in tasks),
                    f"{task.me} waits at offset {end} for a transaction that no job is going to end",
                )
    return True


def will_be_ended(number: TransactionalId, task: Task, managers: tuple[JobManager, ...], kafka: Kafka) -> bool:
    """By this task: it knows it, or starts again and aborts what it finds."""
    kept = kafka.transactions[number]
    knows = (task.current == number and task.epoch == kept.epoch) or named(task.committables, number, kept.epoch)
    mine = task.sink == Sink.TRANSACTIONS and kafka.outputs[task.partition] is not None
    begins = task.phase != Phase.RUNNING or task.epoch == NO_EPOCH
    return mine and any(
        manager.me == task.job_manager
        and (
            (manager.status == JobStatus.RUNNING and (knows or begins))
            or (manager.status != JobStatus.RUNNING and manager.commanded < len(manager.commands))
        )
        for manager in managers
    )


def everything_is_done(
    tasks: tuple[Task, ...],
    managers: tuple[JobManager, ...],
    kafka: Kafka,
    producers: tuple[ProducingApp, ...],
    consumers: tuple[ConsumingApp, ...],
) -> bool:
    return (
        all(manager.status == JobStatus.RUNNING for manager in managers)
        and jobs_are_done(tasks, managers, kafka)
        and all(
            any(
                other.first_value == app.first_value
                and other.phase == Sending.READY
                and other.position == app.first_value + app.records
                for other in producers  # Itself, or who has taken over from it.
            )
            for app in producers
        )
        and all(
            app.phase == Loop.FAILED or (app.phase == Loop.POLLING and app.position == end_of_reader(app, kafka))
            for app in consumers
        )
    )


def end_of_reader(app: ConsumingApp, kafka: Kafka) -> Place:
    """Where a consumer waits: the end of its topic, or the last stable offset."""
    topic = kafka.reader_topics[app.number]
    return readable_end(kafka, topic, app.number in kafka.committed_readers)


def is_waiting(value: Value, tasks: tuple[Task, ...], managers: tuple[JobManager, ...], kafka: Kafka) -> bool:
    """In a log behind a transaction that is open, or in a transaction that is going to be committed."""
    return any(
        any(
            kafka.logs[topic][place].value == value
            and (
                kafka.logs[topic][place].state == EntryState.READABLE
                or (
                    kafka.logs[topic][place].state == EntryState.OPEN
                    and any(
                        number == kafka.logs[topic][place].transactional_id
                        and manager.me == task.job_manager
                        and will_be_committed(number, task, manager, kafka)
                        for number in kafka.transactions
                        for task in tasks
                        for manager in managers
                    )
                )
            )
            for place in range(readable_end(kafka, topic, True), len(kafka.logs[topic]))
        )
        for topic in kafka.logs
    ) or any(
        is_an_end(task, kafka)
        and manager.me == task.job_manager
        and any(
            content_is(value, task, offset, kafka)
            and in_open_transaction(task, manager, kafka, record_at(task, offset))
            for offset in range(task.records)
        )
        for task in tasks
        for manager in managers
    )


def content_is(value: Value, task: Task, offset: Offset, kafka: Kafka) -> bool:
    topic = kafka.inputs[task.partition]
    if topic is None:
        return offset == value
    return offset < len(kafka.logs[topic]) and kafka.logs[topic][offset].value == value


# --- Checkpoints ----------------------------------------------------------------------------------------------------


@predicate
def consistent_checkpoints(tasks: tuple[Task, ...], managers: tuple[JobManager, ...]) -> bool:
    """The state in a completed checkpoint counts each record before its source offset once, and no other."""
    for task in tasks:
        for manager in managers:
            state = manager.promised_states[task.subtask]
            if manager.me == task.job_manager and state is not None and manager.has_spares == task.spare:
                for offset in range(task.records):
                    before = state.offset is not None and offset < state.offset
                    ensure(
                        state.applied[offset] == (1 if before and due(task, offset) else 0),
                        f"checkpoint {manager.promised}: record {record_at(task, offset)} counts "
                        f"{state.applied[offset]} in the state, and the source is at offset {state.offset}",
                    )
    return True


@predicate
def exact_state(tasks: tuple[Task, ...]) -> bool:
    """The state of a running task counts each record that was ever due before its position once, and no other."""
    for task in tasks:
        if task.phase == Phase.RUNNING:
            for offset in range(task.records):
                ensure(
                    task.applied[offset] == (1 if offset < task.position and due(task, offset) else 0),
                    f"record {record_at(task, offset)} counts {task.applied[offset]} in the running state, "
                    f"and the source is at offset {task.position}",
                )
    return True


@predicate
def restores_offsets_of_checkpoint(tasks: tuple[Task, ...]) -> bool:
    """A task that is given the state of a checkpoint begins at the offset in it, whatever the group's offset is."""
    for task in tasks:
        if task.phase == Phase.RUNNING and task.restored_at is not None:
            ensure(
                task.started_at == task.restored_at,
                f"the source began at offset {task.started_at}, and its checkpoint says {task.restored_at}",
            )
    return True


@predicate
def flushed_before_complete(tasks: tuple[Task, ...], managers: tuple[JobManager, ...]) -> bool:
    """No record before the offset of a completed checkpoint is only in the memory of a producer."""
    for task in tasks:
        for manager in managers:
            state = manager.promised_states[task.subtask]
            given_up = task.spare != (task.subtask in manager.on_spare)
            if manager.me == task.job_manager and not given_up and state is not None and state.offset is not None:
                for offset in range(task.records):
                    ensure(
                        offset >= state.offset or record_at(task, offset) not in task.unacked,
                        f"checkpoint {manager.promised} is complete with the source at offset {state.offset}, and "
                        f"record {record_at(task, offset)} is still in the producer's memory",
                    )
    return True


# --- Transactions ---------------------------------------------------------------------------------------------------


@predicate
def commits_only_completed(tasks: tuple[Task, ...], managers: tuple[JobManager, ...]) -> bool:
    """EndTxn(commit) is sent only for a checkpoint that is complete, or was subsumed by a complete one."""
    for task in tasks:
        for manager in managers:
            if manager.me == task.job_manager and task.committing:
                for one in task.committables:
                    ensure(
                        one.checkpoint > task.notified or one.checkpoint <= manager.promised,
                        f"the transaction of checkpoint {one.checkpoint} is being committed, and the latest completed "
                        f"checkpoint is {manager.promised}",
                    )
    return True


@predicate
def pending_transactions_in_checkpoint(tasks: tuple[Task, ...], managers: tuple[JobManager, ...], kafka: Kafka) -> bool:
    """A record before the latest completed checkpoint is delivered, or in a transaction that the checkpoint names.

    So a restart can commit it. Records that are in no transaction are no concern of this guarantee. A record may also
    be in a transaction of an earlier attempt, which nobody will commit.
    """
    for task in tasks:
        for manager in managers:
            state = manager.promised_states[task.subtask]
            if manager.me == task.job_manager and state is not None and state.offset is not None:
                for offset in range(task.records):
                    record = record_at(task, offset)
                    held = any(record in kept.records for kept in kafka.transactions.values())
                    ensure(
                        offset >= state.offset
                        or not held
                        or delivered(task, kafka, record) > 0
                        or any(
                            record in kept.records and named(state.committables, number, kept.epoch)
                            for number, kept in kafka.transactions.items()
                        ),
                        f"record {record} is before checkpoint {manager.promised} and in a transaction, but in none "
                        f"that the checkpoint names",
                    )
    return True


@predicate
def completed_transactions_survive(tasks: tuple[Task, ...], managers: tuple[JobManager, ...], kafka: Kafka) -> bool:
    """Nobody aborts a transaction that a completed checkpoint has pre-committed.

    Neither a timeout of the coordinator, nor initTransactions() of another producer with its transactional id.
    """
    for task in tasks:
        for manager in managers:
            state = manager.promised_states[task.subtask]
            if manager.me == task.job_manager and state is not None:
                for one in state.committables:
                    kept = kafka.transactions[one.transactional_id]
                    ensure(
                        one.empty
                        or kafka.committed_epochs[one.transactional_id] >= one.epoch
                        or (kept.epoch == one.epoch and kept.state == TransactionState.ONGOING),
                        f"the transaction {one.transactional_id} (epoch {one.epoch}) that checkpoint {one.checkpoint} "
                        f"pre-committed is gone without a commit: {kept.state}, epoch {kept.epoch}",
                    )
    return True


@predicate
def no_lingering_transaction(tasks: tuple[Task, ...], managers: tuple[JobManager, ...], kafka: Kafka) -> bool:
    """While every task runs, each open transaction is one that some task still knows.

    Any other holds up read_committed readers at the last stable offset, until transaction.timeout.ms ends it.
    """
    if any(manager.status == JobStatus.RUNNING for manager in managers) and all(
        manager.me != task.job_manager
        or task.subtask >= manager.parallelism
        or (task.phase == Phase.RUNNING and (task.sink != Sink.TRANSACTIONS or task.epoch != NO_EPOCH))
        for task in tasks
        for manager in managers
    ):
        for number, kept in kafka.transactions.items():
            known = any(
                (task.current == number and task.epoch == kept.epoch) or named(task.committables, number, kept.epoch)
                for task in tasks
            )
            ensure(
                kept.state != TransactionState.ONGOING or known,
                f"transaction {number} (epoch {kept.epoch}) is open, and no running task knows it: readers wait for "
                "transaction.timeout.ms",
            )
    return True


@predicate
def unique_transactional_ids(tasks: tuple[Task, ...]) -> bool:
    """No two running writers have the same transactional id."""
    for task in tasks:
        for other in tasks:
            ensure(
                task.me == other.me
                or task.epoch == NO_EPOCH
                or other.epoch == NO_EPOCH
                or task.current != other.current,
                f"{task.me} and {other.me} both write with transactional id {task.current}",
            )
    return True


@predicate
def pool_suffices(tasks: tuple[Task, ...]) -> bool:
    """No snapshot fails because every producer of the pool has a transaction that is to be committed."""
    for task in tasks:
        ensure(not task.pool_was_empty, f"{task.me} has no producer left for its next transaction: the snapshot fails")
    return True


@predicate
def no_commit_refused(tasks: tuple[Task, ...]) -> bool:
    """No EndTxn(commit) is answered with an error that ends it: PRODUCER_FENCED, INVALID_TXN_STATE."""
    for task in tasks:
        ensure(not task.commit_refused, f"{task.me} was refused a commit, logged it and went on")
    return True


@predicate
def no_aborted_input(tasks: tuple[Task, ...]) -> bool:
    """No record of an aborted transaction of the input is counted in the state."""
    for task in tasks:
        for offset in task.aborted:
            ensure(task.applied[offset] == 0, f"record {record_at(task, offset)} was aborted, and is in the state")
    return True


# --- Offsets, restarts, retention -----------------------------------------------------------------------------------


@predicate
def group_offset_not_ahead(tasks: tuple[Task, ...], managers: tuple[JobManager, ...], kafka: Kafka) -> bool:
    """The group's committed offset is at most that of the latest completed checkpoint."""
    for task in tasks:
        for manager in managers:
            if manager.me == task.job_manager:
                group_offset = kafka.group_offsets[task.partition]
                state = manager.promised_states[task.subtask]
                reached = 0
                if state is not None and state.offset is not None:
                    reached = state.offset
                ensure(
                    group_offset is None or group_offset <= reached,
                    f"the group's offset of partition {task.partition} is {group_offset}, and the latest completed "
                    f"checkpoint is at {reached}",
                )
    return True


@predicate
def restarts_within_attempts(managers: tuple[JobManager, ...]) -> bool:
    """A job restarts by itself at most as often as its restart strategy says."""
    for manager in managers:
        ensure(
            manager.restart_attempts is None or manager.ever_restarted <= manager.restart_attempts,
            f"{manager.ever_restarted} restarts, and the strategy allows {manager.restart_attempts}",
        )
    return True


@predicate
def regions_fail_alone(managers: tuple[JobManager, ...]) -> bool:
    """A failure in one pipelined region restarts no task of another."""
    for manager in managers:
        ensure(
            len(manager.restarted_with_another) == 0,
            f"subtasks {manager.restarted_with_another} were restarted although another one had failed",
        )
    return True


@predicate
def restorable_after_cancel(managers: tuple[JobManager, ...]) -> bool:
    """A job that was cancelled after a checkpoint has left one that a submission can name."""
    for manager in managers:
        ensure(
            manager.status != JobStatus.CANCELED
            or manager.promised == NO_CHECKPOINT
            or manager.completed != NO_CHECKPOINT,
            f"the job is cancelled, and checkpoint {manager.promised} is gone",
        )
    return True


@predicate
def restorable_after_failure(managers: tuple[JobManager, ...]) -> bool:
    """A job that failed for good after a checkpoint has left one that a submission can name."""
    for manager in managers:
        ensure(
            manager.status != JobStatus.FAILED
            or manager.promised == NO_CHECKPOINT
            or manager.completed != NO_CHECKPOINT,
            f"the job has failed, and checkpoint {manager.promised} is gone",
        )
    return True


@predicate
def table_never_regresses(tasks: tuple[Task, ...]) -> bool:
    """Whoever reads the table never sees an older value after a newer one."""
    for task in tasks:
        ensure(not task.regressed, f"the row fell back to {task.table} while records were replayed")
    return True


@predicate
def table_converges(tasks: tuple[Task, ...]) -> bool:
    """When a task has processed everything, the row has the value of an undisturbed run."""
    for task in tasks:
        ensure(
            task.phase != Phase.RUNNING or task.position < task.records or task.table == task.records,
            f"all {task.records} records are processed, and the row says {task.table}",
        )
    return True


# --- Reached, and final ---------------------------------------------------------------------------------------------


@predicate
def nothing_left_to_do(tasks: tuple[Task, ...], managers: tuple[JobManager, ...], kafka: Kafka) -> bool:
    """Every job has ended, or has processed its input and used up its checkpoints."""
    return jobs_are_done(tasks, managers, kafka)


def jobs_are_done(tasks: tuple[Task, ...], managers: tuple[JobManager, ...], kafka: Kafka) -> bool:
    return all(
        manager.status not in (JobStatus.CREATED, JobStatus.RUNNING)
        or all(
            task.job_manager != manager.me
            or task.subtask >= manager.parallelism
            or task.spare != (task.subtask in manager.on_spare)
            or task.phase == Phase.FINISHED
            or (
                task.phase == Phase.RUNNING
                and (task.position == input_end(task, kafka) or task.last_checkpoint != NO_CHECKPOINT)
                and len(task.unacked) == 0
                and not task.committing
                and (not manager.checkpointing or manager.counter == manager.checkpoints)
            )
            for task in tasks
        )
        for manager in managers
    )


@predicate
def a_restart_from_a_checkpoint(tasks: tuple[Task, ...]) -> bool:
    """Some task has gone on from the state of a checkpoint."""
    return any(task.phase == Phase.RUNNING and task.restored_at is not None for task in tasks)


@predicate
def a_restart_without_state(tasks: tuple[Task, ...], managers: tuple[JobManager, ...]) -> bool:
    """Some task runs again from the very beginning."""
    return any(task.phase == Phase.RUNNING and task.restored_at is None for task in tasks) and any(
        manager.restarts > 0 for manager in managers
    )


@predicate
def a_job_has_failed(managers: tuple[JobManager, ...]) -> bool:
    """A job is FAILED: its restarts are used up."""
    return any(manager.status == JobStatus.FAILED for manager in managers)


@predicate
def a_zombie_writes(tasks: tuple[Task, ...], managers: tuple[JobManager, ...]) -> bool:
    """Two attempts of a subtask run: one that the job manager has given up, and its successor."""
    return any(
        task.phase == Phase.RUNNING
        and not task.spare
        and any(manager.me == task.job_manager and task.subtask in manager.on_spare for manager in managers)
        and any(other.spare and other.subtask == task.subtask and other.phase == Phase.RUNNING for other in tasks)
        for task in tasks
    )


@predicate
def restarts_beyond_attempts(managers: tuple[JobManager, ...]) -> bool:
    """A job has restarted more often than the limit of its strategy: failures far apart do not add up."""
    return any(
        manager.restart_attempts is not None and manager.ever_restarted > manager.restart_attempts
        for manager in managers
    )


@predicate
def a_job_has_finished(managers: tuple[JobManager, ...]) -> bool:
    """A job is FINISHED."""
    return any(manager.status == JobStatus.FINISHED for manager in managers)


@predicate
def a_checkpoint_is_subsumed(managers: tuple[JobManager, ...]) -> bool:
    """A pending checkpoint was given up because a later one is complete."""
    return any(manager.subsumed for manager in managers)
