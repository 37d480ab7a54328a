"""The job manager: a job goes on from its latest completed checkpoint, whatever became of the checkpoints after it.

Follows CheckpointCoordinator (triggerCheckpoint, receiveAcknowledgeMessage, completePendingCheckpoint,
abortPendingCheckpoints), CheckpointFailureManager, CompletedCheckpointStore, SchedulerBase.restoreState,
FixedDelay-, FailureRate- and ExponentialDelayRestartBackoffTimeStrategy and RestartPipelinedRegionFailoverStrategy.
Completion is the step of the last acknowledgement: a crash between the two looks like one before it.
The delay before a restart is left out: what can happen meanwhile can happen anyway. That an interval passes in which
failures are forgotten is an event, with a budget. `commands` are the user's, with the words of the command line, in
their order, each at any time. A task manager that is paused is given up; the next attempt runs in a spare slot, and may
find the first one awake beside it. What a given-up attempt says is not listened to.
A task does not report that it runs, so `trigger` does not wait for that as CheckpointCoordinator does: a task that is
told while it is being deployed takes the snapshot as soon as it runs, as if it had been told then. More than in Flink
can happen only to the checkpoint: pending for longer, it may expire or fall with a failed deployment.
Not modelled: min-pause (only thins out triggers), operator coordinators (one partition, so one split, which is in the
state of its reader from the first deployment on), ambiguous writes to the store.
"""

from enum import Enum
from typing import Annotated

from checker.lang import (
    ActorId,
    Below,
    Counts,
    Durable,
    History,
    Of,
    UpTo,
    Volatile,
    action,
    actor,
    choose,
    each,
    on,
    on_restart,
    quiet,
    replace,
    require,
    send,
    struct,
    suspected,
)  # fmt: skip
from model.flink.messages import (
    NO_CHECKPOINT,
    AcknowledgeCheckpoint,
    Cancel,
    CheckpointId,
    DeclineCheckpoint,
    Deploy,
    NotifyCheckpointComplete,
    Parallelism,
    Snapshot,
    Subtask,
    TaskFailed,
    TaskFinished,
    TaskState,
    TriggerCheckpoint,
    Vertex,
)  # fmt: skip

State = Annotated[int, Below("(checkpoints + 1) * subtasks")]  # checkpoint * subtasks + subtask


class JobStatus(Enum):
    CREATED = "not submitted yet"
    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    CANCELED = "CANCELED"
    FAILED = "FAILED"
    LOST = "forgotten by a job manager without high availability"


class Command(Enum):
    """What a user types: `flink ...`."""

    RUN = "run"
    RUN_WITH_ONE = "run -p 1"  # A submission with parallelism 1.
    RUN_FROM_CHECKPOINT = "run -s checkpoint"
    RUN_FROM_SAVEPOINT = "run -s savepoint"
    CANCEL = "cancel"
    SAVEPOINT = "savepoint"
    STOP = "stop"


@struct
class PendingCheckpoint:
    kind: Snapshot
    acknowledged: frozenset[Subtask] = frozenset()


@actor
class JobManager:
    me: ActorId
    tasks: tuple[Annotated[ActorId, Of("Task")], ...]  # By subtask.
    subtasks: Annotated[int, UpTo(8)]
    has_spares: bool = False  # As many slots again in `tasks`, for subtasks whose task managers are given up.
    checkpoints: CheckpointId  # So many in one run.
    checkpointing: bool = True
    max_concurrent_checkpoints: Annotated[int, UpTo(8)] = 1
    tolerable_failed_checkpoints: Annotated[int, UpTo(8)] = 0
    restart_attempts: Annotated[int, UpTo(8)] | None = None  # None: as often as it takes.
    failure_intervals: Annotated[int, UpTo(3)] = 0  # How often an interval passes that makes it forget failures.
    forgets_all: bool = False  # exponential-delay: a quiet reset-backoff-threshold. Else failure-rate: the oldest one.
    region_failover: bool = True
    high_availability: bool = False
    checkpoint_directory: bool = False  # Checkpoints are files; else they are in the job manager's memory.
    retained_on_cancellation: bool = False
    retained_on_failure: bool = False
    savepoints_count: bool = False  # Until 1.14 a savepoint is like a checkpoint: for recovery, and for commits.
    checkpoints_after_tasks_finish: bool = True
    notifies_source: bool = True
    checkpoint_timeouts: Annotated[int, UpTo(3)] = 0  # How often execution.checkpointing.timeout passes.
    aborts_pending_on_failover: bool = True
    commands: tuple[Command, ...]

    status: Durable[JobStatus] = JobStatus.CREATED
    parallelism: Durable[Parallelism] = 0
    commanded: Durable[Annotated[int, UpTo(8)]] = 0
    on_spare: Durable[frozenset[Subtask]] = frozenset()  # The job manager has given their first attempts up.
    counter: Durable[CheckpointId] = NO_CHECKPOINT  # CheckpointIDCounter
    completed: Durable[CheckpointId] = NO_CHECKPOINT  # CompletedCheckpointStore, or what is retained of it.
    completed_states: Durable[dict[Subtask, TaskState | None]] = each(None)
    completed_finished: Durable[frozenset[Subtask]] = frozenset()  # FullyFinishedOperatorState: they do not run again.
    savepoint: Durable[CheckpointId] = NO_CHECKPOINT
    savepoint_states: Durable[dict[Subtask, TaskState | None]] = each(None)
    savepoint_finished: Durable[frozenset[Subtask]] = frozenset()
    timeouts: Durable[Annotated[int, UpTo(3), Counts("checkpoint_timeout")]] = 0
    intervals: Durable[Annotated[int, UpTo(3), Counts("failure_interval")]] = 0
    pending: Volatile[dict[CheckpointId, PendingCheckpoint | None]] = each(None)
    acknowledged_states: Volatile[dict[State, TaskState | None]] = each(None)
    restarts: Volatile[Annotated[int, UpTo(8)]] = 0
    failed_checkpoints: Volatile[Annotated[int, UpTo(8)]] = 0
    finished: Volatile[frozenset[Subtask]] = frozenset()
    stopping: Volatile[bool] = False
    stopped: Volatile[bool] = False  # The savepoint of `flink stop` is complete.

    promised: History[CheckpointId] = NO_CHECKPOINT  # The latest that was ever complete, in any submission.
    promised_states: History[dict[Subtask, TaskState | None]] = each(None)
    ever_restarted: History[Annotated[int, UpTo(8)]] = 0
    restarted_with_another: History[frozenset[Subtask]] = frozenset()
    subsumed: History[bool] = False

    # --- The user ---

    @action
    def run(self) -> None:
        """A new job, with an empty store: nobody looks for an older one's checkpoints."""
        one = self.next_is(Command.RUN_WITH_ONE)
        require((one or self.next_is(Command.RUN)) and self.idle())
        self.commanded += 1
        self.parallelism = 1 if one else self.subtasks
        self.counter = NO_CHECKPOINT
        self.forget_completed()
        self.begin()

    @action
    def run_from_checkpoint(self) -> None:
        require(self.next_is(Command.RUN_FROM_CHECKPOINT) and self.idle() and self.completed != NO_CHECKPOINT)
        self.commanded += 1
        self.counter = self.completed
        self.begin()

    @action
    def run_from_savepoint(self) -> None:
        require(self.next_is(Command.RUN_FROM_SAVEPOINT) and self.idle() and self.savepoint != NO_CHECKPOINT)
        self.commanded += 1
        self.counter = self.savepoint
        self.completed = self.savepoint
        for subtask in self.completed_states:
            self.completed_states[subtask] = self.savepoint_states[subtask]
        self.completed_finished = self.savepoint_finished
        self.begin()

    @action
    def cancel(self) -> None:
        require(self.next_is(Command.CANCEL) and self.status == JobStatus.RUNNING)
        self.commanded += 1
        self.end(JobStatus.CANCELED, self.retained_on_cancellation)

    @action
    def take_savepoint(self) -> None:
        require(self.next_is(Command.SAVEPOINT) and self.can_trigger())
        self.commanded += 1
        self.start_checkpoint(Snapshot.SAVEPOINT)

    @action
    def stop(self) -> None:
        """The scheduler of checkpoints is stopped first; pending ones are aborted."""
        require(self.next_is(Command.STOP) and self.can_trigger())
        self.commanded += 1
        self.stopping = True
        self.abort_pending(self.checkpoints)
        self.start_checkpoint(Snapshot.STOP)

    # --- Checkpoints ---

    @action
    def trigger(self) -> None:
        require(self.checkpointing and not self.stopping and self.can_trigger())
        require(sum(1 for one in self.pending.values() if one is not None) < self.max_concurrent_checkpoints)
        self.start_checkpoint(Snapshot.CHECKPOINT)

    @on(AcknowledgeCheckpoint)
    def acknowledge(self, message: AcknowledgeCheckpoint) -> None:
        pending = self.pending[message.checkpoint]
        if pending is None:
            return  # Late: the checkpoint is complete, expired, subsumed, or of before a failover.
        self.acknowledged_states[message.checkpoint * self.subtasks + message.subtask] = message.state
        acknowledged = pending.acknowledged | {message.subtask}
        self.pending[message.checkpoint] = replace(pending, acknowledged=acknowledged)
        if len(acknowledged | self.finished) == self.parallelism:
            self.complete(message.checkpoint, pending.kind)

    @action
    def expire_checkpoint(self) -> None:
        """CHECKPOINT_EXPIRED: the sinks keep what they have pre-committed for it."""
        require(self.timeouts < self.checkpoint_timeouts)
        checkpoint = choose(self.pending)
        require(self.pending[checkpoint] is not None)
        self.timeouts += 1
        self.checkpoint_failed(checkpoint)

    @on(DeclineCheckpoint)
    def declined(self, message: DeclineCheckpoint) -> None:
        """CHECKPOINT_ASYNC_EXCEPTION: counted like a timeout. One that is not pending any more has been counted."""
        if self.pending[message.checkpoint] is not None:
            self.checkpoint_failed(message.checkpoint)

    def checkpoint_failed(self, checkpoint: CheckpointId) -> None:
        """CheckpointFailureManager: beyond the tolerable number in a row the whole job fails over."""
        self.discard(checkpoint)
        if self.failed_checkpoints == self.tolerable_failed_checkpoints:
            self.fail_over(None)
        else:
            self.failed_checkpoints += 1

    # --- Failures ---

    @on(TaskFailed)
    def task_failed(self, message: TaskFailed) -> None:
        """The loss of a task manager is no failure of a task that has finished there."""
        known = message.spare == (message.subtask in self.on_spare)  # Else an attempt that was given up.
        if known and message.subtask < self.parallelism and message.subtask not in self.finished:
            self.fail_over(message.subtask)

    @action
    def miss_heartbeats(self) -> None:
        """heartbeat.timeout: the task manager is given up, although it may wake up and go on for a while."""
        require(self.has_spares and self.status == JobStatus.RUNNING)
        subtask = choose(range(self.subtasks))
        require(suspected(self.tasks[subtask]) and subtask < self.parallelism)
        require(subtask not in self.on_spare and subtask not in self.finished)
        self.on_spare |= {subtask}
        self.fail_over(subtask)

    @action
    def forget_failure(self) -> None:
        """The oldest failure is too long ago for failure-rate; or the job has been running undisturbed for long."""
        require(self.intervals < self.failure_intervals and self.restarts > 0)
        self.intervals += 1
        self.restarts = 0 if self.forgets_all else self.restarts - 1

    @on(TaskFinished)
    def task_finished(self, message: TaskFinished) -> None:
        if self.status == JobStatus.RUNNING and message.spare == (message.subtask in self.on_spare):
            self.finished |= {message.subtask}
            if len(self.finished) == self.parallelism:
                self.end(JobStatus.FINISHED, False)

    @on_restart
    def take_over(self) -> None:
        """With high availability the job is recovered from the store, and its restarts are counted anew."""
        if self.status == JobStatus.RUNNING:
            if self.high_availability:
                self.finished = self.completed_finished
                for subtask in range(self.parallelism):
                    self.deploy(subtask)
            else:
                self.end(JobStatus.LOST, True)

    # --- Helpers ---

    def next_is(self, command: Command) -> bool:
        return self.commanded < len(self.commands) and self.commands[self.commanded] == command

    def idle(self) -> bool:
        """There is no job, and nothing on its way from or to the tasks of an earlier one: those have another JobID."""
        return self.status != JobStatus.RUNNING and all(quiet(one) and not suspected(one) for one in self.tasks)

    def can_trigger(self) -> bool:
        runs = self.status == JobStatus.RUNNING and self.counter < self.checkpoints
        return runs and (len(self.finished) == 0 or self.checkpoints_after_tasks_finish)

    def at(self, subtask: Subtask) -> ActorId:
        return self.tasks[subtask + (self.subtasks if subtask in self.on_spare else 0)]

    def begin(self) -> None:
        self.status = JobStatus.RUNNING
        self.restarts = 0
        self.failed_checkpoints = 0
        self.finished = self.completed_finished
        self.stopping = False
        self.stopped = False
        for subtask in range(self.parallelism):
            self.deploy(subtask)

    def deploy(self, subtask: Subtask) -> None:
        """A subtask whose end is in the checkpoint has nothing left to do."""
        if subtask not in self.completed_finished:
            self.finished -= {subtask}
            send(self.at(subtask), Deploy(self.completed_states[subtask], self.completed, self.parallelism))

    def end(self, status: JobStatus, retained: bool) -> None:
        self.status = status
        self.abort_pending(self.checkpoints)
        for task in self.tasks:
            if status != JobStatus.FINISHED:
                send(task, Cancel())
        if not (retained and self.checkpoint_directory):
            self.forget_completed()

    def forget_completed(self) -> None:
        self.completed = NO_CHECKPOINT
        for subtask in self.completed_states:
            self.completed_states[subtask] = None
        self.completed_finished = frozenset()

    def start_checkpoint(self, kind: Snapshot) -> None:
        self.counter += 1
        self.pending[self.counter] = PendingCheckpoint(kind)
        for subtask in range(self.parallelism):
            if subtask not in self.finished:
                send(self.at(subtask), TriggerCheckpoint(self.counter, kind))

    def complete(self, checkpoint: CheckpointId, kind: Snapshot) -> None:
        """addCheckpointAndSubsumeOldest is the point of no return; notifications go out once, and may be lost."""
        recovers = kind == Snapshot.CHECKPOINT or self.savepoints_count
        ended: frozenset[Subtask] = frozenset()  # Before the barrier, so without a state in it.
        for subtask in self.completed_states:
            state = self.acknowledged_states[checkpoint * self.subtasks + subtask]
            if state is None and subtask in self.finished:
                ended |= {subtask}
            if recovers:
                self.completed_states[subtask] = state
            if kind != Snapshot.CHECKPOINT:
                self.savepoint_states[subtask] = state
            if recovers or kind == Snapshot.STOP:
                self.promised_states[subtask] = state
        if recovers:
            self.completed = checkpoint
            self.completed_finished = ended
            self.failed_checkpoints = 0
        if kind != Snapshot.CHECKPOINT:
            self.savepoint = checkpoint
            self.savepoint_finished = ended
        self.stopped = kind == Snapshot.STOP
        self.discard(checkpoint)
        if recovers:
            self.subsume_older(checkpoint)
        if recovers or kind == Snapshot.STOP:
            self.promised = checkpoint
            self.notify_complete(checkpoint)

    def subsume_older(self, checkpoint: CheckpointId) -> None:
        for older in self.pending:
            one = self.pending[older]
            if older < checkpoint and one is not None and one.kind == Snapshot.CHECKPOINT:
                self.subsumed = True
                self.discard(older)

    def notify_complete(self, checkpoint: CheckpointId) -> None:
        """An RPC to each task: source and sink get theirs in either order."""
        first = Vertex.SINK
        if self.notifies_source:
            first = choose((Vertex.SOURCE, Vertex.SINK))
        for subtask in range(self.parallelism):
            if subtask not in self.finished:
                send(self.at(subtask), NotifyCheckpointComplete(checkpoint, first))
                if self.notifies_source:
                    second = Vertex.SINK if first == Vertex.SOURCE else Vertex.SOURCE
                    send(self.at(subtask), NotifyCheckpointComplete(checkpoint, second))

    def discard(self, checkpoint: CheckpointId) -> None:
        self.pending[checkpoint] = None
        for subtask in self.completed_states:
            self.acknowledged_states[checkpoint * self.subtasks + subtask] = None

    def abort_pending(self, up_to: CheckpointId) -> None:
        for checkpoint in self.pending:
            if checkpoint <= up_to:
                self.discard(checkpoint)

    def fail_over(self, failed: Subtask | None) -> None:
        """Every pending checkpoint is aborted first: a late acknowledgement must not complete it."""
        if self.status != JobStatus.RUNNING:
            return
        if (self.stopped and not self.savepoints_count) or self.restart_attempts == self.restarts:
            # StopWithSavepointStoppingException is not recoverable: what has committed is not in the store.
            self.end(JobStatus.FAILED, self.retained_on_failure)
            return
        if self.aborts_pending_on_failover:
            self.abort_pending(self.checkpoints)
        self.stopping = False
        if self.restart_attempts is not None:
            self.restarts += 1
            self.ever_restarted += 1
        for subtask in range(self.parallelism):
            if failed is None or failed == subtask or not self.region_failover:
                if failed is not None and failed != subtask:
                    self.restarted_with_another |= {subtask}
                self.deploy(subtask)
