"""Transactions: who acts on a request, a marker or an answer of another transaction than the one that it takes it for.

A request says a producer id and an epoch, which before transaction version 2 name many transactions; a path knows which
transaction of which process each request was sent for. Nothing that is always so, and nothing that a later step makes
good by the protocol, is remarked: a late request that is refused, the record of a fenced process that gets its ABORT.
"""

from dataclasses import dataclass
from typing import Any

from checker.telling import Happening, Telling, World
from model.kafka.transactions.application import Application, Stage
from model.kafka.transactions.consumer import Consumer
from model.kafka.transactions.deposed_coordinator import DeposedCoordinator
from model.kafka.transactions.guarantees import deciding, in_work
from model.kafka.transactions.messages import (
    NO_EPOCH,
    AddOffsetsToTxnRequest,
    AddPartitionRequest,
    AddPartitionsToTxnRequest,
    EndTxnRequest,
    EndTxnResponse,
    Error,
    FetchResponse,
    InitProducerIdResponse,
    IsolationLevel,
    LogEntry,
    OffsetCommitRequest,
    OffsetFetchRequest,
    OffsetFetchResponse,
    ProduceRequest,
    ProduceResponse,
    ProducerId,
    TransactionalId,
    TransactionResult,
    TransactionState,
    TxnOffsetCommitRequest,
    WriteTxnMarkersRequest,
    WriteTxnMarkersResponse,
)
from model.kafka.transactions.offsets_partition import OffsetsPartition
from model.kafka.transactions.partition import PartitionLeader
from model.kafka.transactions.transaction_coordinator import (
    COMPLETE,
    PREPARED,
    TransactionCoordinator,
    TransactionMetadata,
)  # fmt: skip

FROM_CLIENT = (AddPartitionsToTxnRequest, AddOffsetsToTxnRequest, EndTxnRequest, ProduceRequest, TxnOffsetCommitRequest)
ADDING = (AddPartitionsToTxnRequest, AddOffsetsToTxnRequest, AddPartitionRequest)
VERBS = {TransactionResult.COMMIT: "committed", TransactionResult.ABORT: "aborted"}


@dataclass(frozen=True)
class Transaction:
    """One transaction of one life of a process, which no field of a request names."""

    client: str
    life: int
    number: int

    def __str__(self) -> str:
        return f"transaction {self.number} of {self.client}" + (f" (life {self.life + 1})" if self.life else "")


@dataclass(frozen=True)
class Decision:
    result: TransactionResult
    step: int
    asked_for: bool  # By EndTxn of its own process; or a timeout or a fence aborted it.

    def __str__(self) -> str:
        return f"{VERBS[self.result]} in step {self.step}"


@dataclass(frozen=True)
class Sent:
    """A request: the transaction that it was sent for, and the step in which that was."""

    transaction: Transaction
    step: int


def ended_by_last(log: list[LogEntry]) -> list[int]:
    """The offsets of the records that the marker at the end of the log decides."""
    found: list[int] = []
    for offset in reversed(range(len(log) - 1)):
        if log[offset].producer_id == log[-1].producer_id:
            if log[offset].record is None:
                break
            found.insert(0, offset)
    return found


class Remarks:
    """Walks along a path beside its story."""

    def __init__(self, telling: Telling) -> None:
        self.telling = telling
        self.origins = telling.origins()
        self.names = {one.me: name for name, one in telling.worlds[0].of(Application)}
        self.partitions = {name: one.partition for name, one in telling.worlds[0].of(PartitionLeader)}
        self.lives = {name: 0 for name, _ in telling.worlds[0].of(Application)}
        self.sent: dict[tuple[int, Any], Transaction] = {}
        self.producers: dict[tuple[str, ProducerId, int], Transaction] = {}  # The latest with this id and epoch.
        self.verifying: dict[str, Sent] = {}  # By leader: what the batch or offset that waits there is of.
        self.open: dict[TransactionalId, Sent] = {}  # The transaction that the coordinator has, or had last.
        self.decided: dict[Transaction, Decision] = {}
        self.last_decided: dict[TransactionalId, Transaction] = {}
        self.markers: dict[int, Transaction] = {}  # By the step that sent it: what a marker is to end.
        self.written: dict[str, list[Sent | None]] = {}  # By leader: the transaction of each entry of its log.
        self.ended: set[tuple[str, Transaction]] = set()  # Whose marker a partition has.
        self.pending: dict[tuple[str, ProducerId], Sent | None] = {}
        self.granted: dict[tuple[ProducerId, int], tuple[str, int, int]] = {}  # Client, life, step.
        self.read: dict[
            tuple[str, int], tuple[int, int]
        ] = {}  # By reader and record: where it got it first, step, offset.
        self.given: dict[int, tuple[str, int]] = {}  # By the step that sent a FetchResponse: leader, first offset.
        self.repeated: set[tuple[str, int]] = set()  # Appended although a committed copy is there: leader, offset.
        self.uncommitted: dict[tuple[str, int], Happening] = {}  # Given out with read_uncommitted, and not decided yet.
        self.in_memory = False  # It is said once that the coordinator has a transaction in memory alone.
        self.memory: dict[TransactionalId, TransactionMetadata] = {}  # Of the coordinator, when it crashed.
        self.crashed: dict[str, int] = {}  # The step of the latest crash.
        self.fences: dict[TransactionalId, Sent] = {}  # What an epoch was raised for, and when.
        self.applied: dict[tuple[str, int], int] = {}  # By process and record: the step that applied it to its store.
        self.unstable: dict[str, Happening] = {}  # By application: the step that gave it an offset that was to move.
        self.fetched: dict[str, int] = {}  # By application: the step that gave it an offset.
        self.refused: dict[Transaction, dict[str, tuple[int, str]]] = {}  # By what was sent: who refused it, and how.

    # --- The walk -----------------------------------------------------------------------------------------------------

    def step(
        self, before: World, after: World, step: Happening, logs: dict[str, list[LogEntry]], grown: dict[str, LogEntry]
    ) -> None:
        """``logs`` are whole, with what this step appends to them: ``grown``."""
        if step.fault and step.action == "crash":
            self.crashed[step.actor] = step.number
            if step.actor in self.lives:
                self.lives[step.actor] += 1
            for _, coordinator in before.of(TransactionCoordinator):
                self.memory = dict(coordinator.cache)
        if step.fault and step.action in ("lose", "delay", "duplicate"):
            return
        for name, one in after.of(Application):
            if name == step.actor:
                self.application(name, before.actors[name], one, step)
                self.renamed(after, name, before.actors[name], one, step)
                self.stores(name, before.actors[name], one, step)
                self.stop(after, name, before.actors[name], one, step)
        for name, one in after.of(TransactionCoordinator):
            if name == step.actor:
                self.coordinator(before, name, before.actors[name], one, step)
        for name, one in after.of(DeposedCoordinator):
            if name == step.actor:
                self.deposed(one, step)
        for name, one in after.of(PartitionLeader):
            if name == step.actor:
                self.leader(after, name, before.actors[name], one, step, logs[name], grown.get(name))
        for name, one in after.of(OffsetsPartition):
            if name == step.actor:
                self.offsets(after, name, before.actors[name], one, step)
        for name, one in after.of(Consumer):
            if name == step.actor:
                self.reader(name, before.actors[name], one, step, logs)

    def remark(self, step: Happening, text: str) -> None:
        self.telling.remark(step.number, text)

    def request(self, step: Happening) -> Sent | None:
        """What the request that a step handles was sent for."""
        sent = self.origins.get(step.number, 0)
        transaction = self.sent.get((sent, step.received))
        return None if transaction is None else Sent(transaction, sent)

    def over(self, world: World, transaction: Transaction) -> bool:
        """Its process has gone on to another one."""
        client = world.actors[transaction.client]
        return bool(self.lives[transaction.client] == transaction.life and client.correlation > transaction.number)

    # --- The application ----------------------------------------------------------------------------------------------

    def application(self, name: str, old: Application, new: Application, step: Happening) -> None:
        if isinstance(step.received, ProduceResponse):
            self.hear(name, old, step.received, step)
        refused = isinstance(step.received, EndTxnResponse) and step.received.error != Error.NONE
        if refused and old.stage == Stage.COMMITTING and (new.position > old.position or new.stage == Stage.DONE):
            last = self.producers.get((name, old.producer_id, old.epoch))
            decision = None if last is None else self.decided.get(last)
            fenced = [one.step for one in self.fences.values() if one.transaction == last]
            if decision is not None and decision.result == TransactionResult.ABORT:
                self.remark(
                    step, f"goes on ({step.received.error.value}) as if {last} were committed: it was {decision}"
                )
            elif decision is None and fenced:
                text = f"goes on ({step.received.error.value}) as if {last} were committed"
                self.remark(step, f"{text}: its epoch was raised in step {fenced[-1]}, to abort it")
        if isinstance(step.received, OffsetFetchResponse) and step.received.error == Error.NONE:
            self.fetched[name] = self.origins[step.number]
        if step.action in ("expire_batch", "expire_unsent_batch") and not new.failed:
            now = Transaction(name, self.lives[name], old.correlation)
            self.refused.setdefault(now, {})[f"order {old.position}"] = (step.number, "delivery.timeout.ms")
        for to, message in step.sent:
            if not isinstance(message, FROM_CLIENT):
                continue
            request: Any = message
            if isinstance(message, ProduceRequest):
                request = message.batch
            elif isinstance(message, TxnOffsetCommitRequest):
                request = message.commit
            key = (name, request.producer_id, request.epoch)
            transaction = Transaction(name, self.lives[name], request.correlation)
            if request.correlation == 0:  # A commit from what a checkpoint holds: of an earlier life.
                transaction = self.producers.get(key, transaction)
            self.producers[key] = transaction
            self.sent[step.number, message] = transaction
            if (
                isinstance(message, EndTxnRequest)
                and message.result == TransactionResult.COMMIT
                and step.action != "retry"
            ):
                for what, (where, how) in self.refused.get(transaction, {}).items():
                    self.remark(step, f"asks for the commit, although {what} has failed ({how}, step {where})")
            assert to is not None

    def hear(self, name: str, old: Application, answer: ProduceResponse, step: Happening) -> None:
        """A send that fails, where the client goes on as if it had not."""
        now = Transaction(name, self.lives[name], answer.correlation)
        what = f"order {old.position + answer.number} to payments-{answer.partition}"
        failed = answer.error not in (
            Error.NONE, Error.NOT_ENOUGH_REPLICAS, Error.NOT_LEADER_OR_FOLLOWER, Error.OUT_OF_ORDER_SEQUENCE_NUMBER,
        )  # fmt: skip
        if failed:
            self.refused.setdefault(now, {})[what] = (step.number, answer.error.value)
        elif answer.error == Error.NONE:
            self.refused.get(now, {}).pop(what, None)

    def stores(self, name: str, old: Application, new: Application, step: Happening) -> None:
        for record, copies in new.store.items():
            if copies > old.store[record]:
                earlier = self.applied.setdefault((name, record), step.number)
                if copies > 1 and earlier != step.number:
                    self.remark(step, f"applies order {record} to its store, which has it since step {earlier}")

    def renamed(self, after: World, name: str, old: Application, new: Application, step: Happening) -> None:
        """Only an InitProducerId of the same transactional.id ends what a process before has left open."""
        for _, coordinator in after.of(TransactionCoordinator):
            key = old.transactional_id + old.incarnation
            left = self.open.get(key)
            if new.incarnation > old.incarnation and left is not None and left.transaction.client == name:
                if coordinator.state_log[key].state == TransactionState.ONGOING:
                    text = f"comes back under another transactional.id: {left.transaction} stays open"
                    self.remark(step, f"{text}, and nothing but its timeout ends it")

    def stop(self, after: World, name: str, old: Application, new: Application, step: Happening) -> None:
        """A fatal error: that another instance has its transactional.id. The remark is for whoever says so wrongly."""
        stops = new.stage in (Stage.FATAL_ERROR, Stage.CLOSING) and old.stage != new.stage
        error = getattr(step.received, "error", Error.NONE)
        others = [one for _, one in after.of(Application) if one.me != new.me]
        if not stops or error == Error.NONE or any(one.stage == Stage.INITIALIZING for one in others):
            return
        for _, coordinator in after.of(TransactionCoordinator):
            if coordinator.holder[new.transactional_id] == new.me and self.origins[step.number]:
                present = Transaction(name, self.lives[name], old.correlation)
                fate = f"; {present} was {self.decided[present]}" if present in self.decided else ""
                self.telling.remark(
                    self.origins[step.number],
                    f"answers {error.value}, which ends {name} in step {step.number}, and nobody else has its"
                    f" transactional.id{fate}",
                )

    # --- The coordinator ----------------------------------------------------------------------------------------------

    def coordinator(
        self, before: World, name: str, old: TransactionCoordinator, new: TransactionCoordinator, step: Happening
    ) -> None:
        request = step.received
        sent = self.request(step)
        if isinstance(request, AddPartitionRequest):
            sent = self.verifying.get(self.leader_of(before, request.partition))
        for key in new.state_log.keys():
            was, now = old.cache[key], new.cache[key]
            own = request is not None and hasattr(request, "producer_id") and new.key(request.producer_id) == key
            if own and isinstance(request, ADDING) and now != was:
                self.added(before, new, key, was.state == TransactionState.ONGOING, sent, request, step)
            self.decision(key, old, new, step, sent if own and isinstance(request, EndTxnRequest) else None)
            self.fenced(key, old, new, step)
            if step.action == "load_transactions" or step.action == "restart":
                self.reload(key, old, new, step)
            if new.completion_dropped[key] and not old.completion_dropped[key]:
                epoch = request.marker.coordinator_epoch
                text = f"an answer to a marker of coordinator epoch {epoch}, and its own is {new.coordinator_epoch}: it"
                self.remark(step, f"{text} stops counting the markers of the transaction, which will not be complete")
            stuck = new.pending_state[key] in PREPARED and old.pending_state[key] is None and new.lag[key] == 0
            if stuck and new.cache[key].state == TransactionState.ONGOING:
                assert new.pending_state[key] is not None
                state = new.pending_state[key].value  # type: ignore[union-attr]
                self.remark(step, f"the append was refused, and its pendingState stays {state}: it serves nothing more")
        if new.served_fenced and not old.served_fenced:
            logged = old.state_log[new.key(request.producer_id)].epoch
            self.remark(
                step, f"accepted, though the sender is fenced: its epoch is {request.epoch}, the log's {logged}"
            )
        if new.illegal_state and not old.illegal_state:
            greatest = max(kept.epoch for kept in old.cache.values()) == new.epoch_max
            why = f" (the producer epoch is {new.epoch_max}, the greatest there is)" if greatest else ""
            self.remark(step, f"an exception, for what Kafka's code holds to be impossible{why}")
        if isinstance(request, WriteTxnMarkersResponse) and request.error != Error.NONE:
            self.given_up(old, new, request, step)
        for to, message in step.sent:
            if isinstance(message, WriteTxnMarkersRequest):
                last = self.last_decided.get(new.key(message.marker.producer_id))
                if last is not None:
                    self.markers[step.number] = last
            if isinstance(message, InitProducerIdResponse) and message.error == Error.NONE:
                assert to is not None
                self.grant(before, to, message.producer_id, message.epoch, step)
            if isinstance(message, EndTxnResponse) and isinstance(request, EndTxnRequest):
                if message.error == Error.NONE and sent is not None:
                    self.confirmed(sent, request.result, step)
                    self.taken_for_a_retry(sent, message, step)
        assert name

    def given_up(
        self,
        old: TransactionCoordinator,
        new: TransactionCoordinator,
        response: WriteTxnMarkersResponse,
        step: Happening,
    ) -> None:
        """A refused marker is taken for one of a transaction that is over: nobody sends it again, or the others."""
        key = new.key(response.marker.producer_id)
        if old.unmarked[key] and not new.unmarked[key] and new.cache[key].state in PREPARED:
            text = f"a marker is refused with {response.error.value}: it gives up, and {self.last_decided.get(key)}"
            self.remark(step, f"{text} stays in {new.cache[key].state.value}")

    def leader_of(self, world: World, partition: int) -> str:
        everybody = [*world.of(PartitionLeader), *world.of(OffsetsPartition)]
        return next(name for name, one in everybody if one.partition == partition)

    def added(
        self,
        before: World,
        new: TransactionCoordinator,
        key: TransactionalId,
        ongoing: bool,
        sent: Sent | None,
        request: Any,
        step: Happening,
    ) -> None:
        """A partition enters a transaction, or opens one."""
        if sent is None:
            return
        present = self.open.get(key)
        if ongoing and present is not None and present.transaction != sent.transaction:
            self.remark(
                step,
                f"accepted (epoch {request.epoch}): it was sent in step {sent.step} for {sent.transaction}, and the"
                f" open one is {present.transaction} (since step {present.step})",
            )
        elif not ongoing:
            self.open[key] = Sent(sent.transaction, step.number)
            if new.state_log[key].state != TransactionState.ONGOING and not self.in_memory:
                self.in_memory = True
                self.remark(
                    step, f"opens {sent.transaction} in memory alone: its log has {new.state_log[key].state.value}"
                )
            if self.over(before, sent.transaction):
                self.remark(
                    step,
                    f"opens a transaction (epoch {request.epoch}): the request was sent in step {sent.step} for"
                    f" {sent.transaction}, which {self.fate(sent.transaction)}",
                )

    def fenced(
        self, key: TransactionalId, old: TransactionCoordinator, new: TransactionCoordinator, step: Happening
    ) -> None:
        """A fence raises the epoch once, however often its append is tried, and cannot where there is none left."""
        if endless(new, key) and not endless(old, key):
            text = f"a transaction is Ongoing at epoch {new.epoch_max}, the greatest there is"
            self.remark(step, f"{text}: no fence and no timeout can end it")
        present = self.open.get(key)
        fence = new.pending_state[key] == TransactionState.PREPARE_EPOCH_FENCE
        was, now = old.cache[key].epoch, new.cache[key].epoch
        if present is None or not fence or now <= was or step.action == "restart":
            return
        earlier = self.fences.get(key)
        if earlier is not None and earlier.transaction == present.transaction:
            text = f"raises the epoch again, {was} -> {now}: step {earlier.step} did for the same {present.transaction}"
            self.remark(step, text)
        else:
            self.fences[key] = Sent(present.transaction, step.number)

    def fate(self, transaction: Transaction) -> str:
        decision = self.decided.get(transaction)
        return "its process has left" if decision is None else f"was {decision}"

    def decision(
        self,
        key: TransactionalId,
        old: TransactionCoordinator,
        new: TransactionCoordinator,
        step: Happening,
        sent: Sent | None,
    ) -> None:
        """PrepareCommit or PrepareAbort enters the log (or Complete at once, where no partition is to be told)."""
        was, now = old.state_log[key].state, new.state_log[key].state
        entered = now in PREPARED and (was != now or old.state_log[key].epoch != new.state_log[key].epoch)
        at_once = now in COMPLETE and was not in (*PREPARED, *COMPLETE)
        if not (entered or at_once) or step.action in ("load_transactions", "restart"):
            return
        commit = now in (TransactionState.PREPARE_COMMIT, TransactionState.COMPLETE_COMMIT)
        result = TransactionResult.COMMIT if commit else TransactionResult.ABORT
        present = self.open.get(key) if old.cache[key].state == TransactionState.ONGOING else None
        if present is None:
            if sent is not None:  # An abort of nothing: what its markers will end is the one that was asked to end.
                self.last_decided[key] = sent.transaction
            return
        if sent is not None and sent.transaction != present.transaction:
            self.remark(
                step,
                f"{result.value} accepted (epoch {old.cache[key].epoch} = {old.cache[key].epoch}): it was sent in step"
                f" {sent.step} for {sent.transaction}, and ends {present.transaction} (open since step {present.step})",
            )
        earlier = self.decided.get(present.transaction)
        if earlier is not None and earlier.result != result:
            self.remark(step, f"{present.transaction} was {earlier} already, and is {VERBS[result]} now")
        if commit:
            self.incomplete(key, present.transaction, new, step)
        self.decided[present.transaction] = Decision(
            result, step.number, sent is not None and sent.transaction == present.transaction
        )
        self.last_decided[key] = present.transaction

    def incomplete(
        self, key: TransactionalId, transaction: Transaction, new: TransactionCoordinator, step: Happening
    ) -> None:
        """A COMMIT that does not go wherever the transaction has written."""
        for leader, entries in self.written.items():
            partition = self.partitions[leader]
            has = any(one is not None and one.transaction == transaction for one in entries)
            if has and partition not in new.state_log[key].partitions and (leader, transaction) not in self.ended:
                self.remark(
                    step, f"commits {transaction}, and not in {leader}, which has records of it and is not told"
                )

    def taken_for_a_retry(self, sent: Sent, answer: EndTxnResponse, step: Happening) -> None:
        """Transaction version 2 gives a client that repeats its EndTxn its next epoch; one that was fenced has none."""
        decision = self.decided.get(sent.transaction)
        if answer.epoch != NO_EPOCH and decision is not None and not decision.asked_for and decision.step < step.number:
            self.remark(
                step,
                f"takes the EndTxn of {sent.transaction} for a repeated one and gives it epoch {answer.epoch}, by which"
                f" it was fenced in step {decision.step}",
            )

    def confirmed(self, sent: Sent, result: TransactionResult, step: Happening) -> None:
        """NONE is an answer about the transaction that was asked about, whatever the coordinator took it for."""
        decision = self.decided.get(sent.transaction)
        if result == TransactionResult.COMMIT and (decision is None or decision.result != result):
            what = "was never decided" if decision is None else f"was {decision}"
            self.remark(
                step, f"answers NONE to the COMMIT of {sent.transaction} (sent in step {sent.step}), which {what}"
            )

    def reload(
        self, key: TransactionalId, old: TransactionCoordinator, new: TransactionCoordinator, step: Happening
    ) -> None:
        """What a coordinator that starts does not find: its predecessor's log or memory had it."""
        was, now = old.state_log[key], new.state_log[key]
        known = self.last_decided.get(key)
        if was.state in PREPARED and now.state == TransactionState.ONGOING:
            what = (
                f"{was.state.value} of {known}, which was {self.decided[known]}"
                if known in self.decided
                else was.state.value
            )
            self.remark(step, f"loads the log of a replica that does not have {what}: the transaction is Ongoing again")
        loaded = new.cache[key]
        memory = self.memory.get(key)
        if memory is not None and memory.state == TransactionState.ONGOING and was.state != TransactionState.ONGOING:
            if was.state not in PREPARED and key in self.open:
                present = self.open[key]
                text = f"knows nothing of {present.transaction}, Ongoing since step {present.step}"
                self.remark(step, f"{text}: that was in memory alone")
        if now.epoch != NO_EPOCH and loaded.epoch == NO_EPOCH:
            self.remark(step, f"loads nothing of a transactional.id that the log has, with epoch {now.epoch}")
        if was.state in PREPARED and now.state in COMPLETE and len(was.partitions) > 0:
            self.remark(step, f"takes {was.state.value} of {known} for complete, and sends no markers again")
        if now.state in PREPARED and new.lag[key] > 0 and len(new.unmarked[key]) > 0:
            text = f"sends the markers of {now.state.value}, which a replica of the log does not have yet"
            self.remark(step, f"{text}: it can still be lost")

    def grant(self, before: World, client: str, producer_id: ProducerId, epoch: int, step: Happening) -> None:
        holder = self.granted.get((producer_id, epoch))
        if holder is not None and holder[:2] != (client, self.lives[client]):
            whom = holder[0] if holder[0] != client else f"{client} before its crash"
            self.remark(
                step,
                f"gives {client} producer id {producer_id} with epoch {epoch}, which {whom} got in step {holder[2]}",
            )
        self.granted[producer_id, epoch] = (client, self.lives[client], step.number)
        assert before

    def deposed(self, one: DeposedCoordinator, step: Happening) -> None:
        sent = self.request(step)
        for _, message in step.sent:
            if isinstance(message, EndTxnResponse) and message.error == Error.NONE and sent is not None:
                self.confirmed(sent, step.received.result, step)
        assert one

    # --- A partition leader -------------------------------------------------------------------------------------------

    def leader(
        self,
        after: World,
        name: str,
        old: PartitionLeader,
        new: PartitionLeader,
        step: Happening,
        log: list[LogEntry],
        entry: LogEntry | None,
    ) -> None:
        sent = self.request(step) if isinstance(step.received, ProduceRequest) else self.verifying.get(name)
        if new.waiting is not None and isinstance(step.received, ProduceRequest) and new.waiting != old.waiting:
            if sent is not None:
                self.verifying[name] = sent
        written = self.written.setdefault(name, [])
        if entry is not None and entry.record is not None:
            self.appended(after, name, old, step, log, sent)
            written.append(sent)
        elif entry is not None:
            self.marked(name, old, new, step, log)
            written.append(None)
        for _, message in step.sent:
            if isinstance(message, FetchResponse):
                first = len(log) - (entry is not None) - len(old.log) + old.given
                self.given[step.number] = (name, first)
                self.give(name, old, step, log, range(first, first + len(message.entries)))

    def give(self, name: str, old: PartitionLeader, step: Happening, log: list[LogEntry], offsets: range) -> None:
        """read_committed ends before the first record of an open transaction; the other level, where it may."""
        for offset in offsets:
            entry = log[offset]
            if entry.record is None or self.outcome(log, offset) is not None:
                continue
            what = f"gives out order {entry.record} (@ {offset}) while its transaction is open"
            if old.isolation_level == IsolationLevel.READ_COMMITTED:
                self.remark(step, f"{what}, to a reader with read_committed")
            else:
                self.uncommitted[name, offset] = Happening(step.number, name, what)

    def belongs(self, world: World, partition: int, entry: LogEntry | Any, transaction: Transaction) -> bool:
        """The coordinator has this very transaction open, with this partition in it, which has no marker yet."""
        for _, one in world.of(TransactionCoordinator):
            key = one.key(entry.producer_id)
            present = self.open.get(key)
            if present is None or present.transaction != transaction:
                return False
            for kept in (one.cache[key], one.state_log[key]):
                if kept.producer_id != entry.producer_id or partition not in kept.partitions:
                    continue
                if kept.state == TransactionState.ONGOING:
                    return True
                if kept.state in PREPARED and (partition in one.unmarked[key] or one.lag[key] > 0):
                    return True
                if kept.state in PREPARED and world.stopped:  # Its markers come when it is loaded.
                    return True
        return False

    def misplaced(self, world: World, name: str, partition: int, entry: Any, sent: Sent, step: Happening) -> None:
        """What is written belongs to a transaction that the coordinator does not have open here."""
        transaction = sent.transaction
        if self.belongs(world, partition, entry, transaction) and (name, transaction) not in self.ended:
            return
        for _, one in world.of(TransactionCoordinator):
            key = one.key(entry.producer_id)
            present = self.open.get(key)
            ongoing = one.cache[key].state == TransactionState.ONGOING and present is not None
            decision = self.decided.get(transaction)
            what = "which the coordinator does not have open" if decision is None else f"which was {decision}"
            text = f"appended under epoch {entry.epoch}: it was sent in step {sent.step} for {transaction}, {what}"
            if ongoing and present is not None and present.transaction != transaction:
                text += f"; open is {present.transaction}"
            self.remark(step, text)

    def appended(
        self, after: World, name: str, old: PartitionLeader, step: Happening, log: list[LogEntry], sent: Sent | None
    ) -> None:
        entry = log[-1]
        if sent is not None:
            self.misplaced(after, name, old.partition, entry, sent, step)
        state = old.producers[entry.producer_id]
        batch = step.received.batch if isinstance(step.received, ProduceRequest) else old.waiting
        assert batch is not None
        same = state.epoch == entry.epoch
        last = max(state.sequences, default=-1) if same else -1
        if batch.sequence > last + 1:
            what = f"the last one here is {last}" if last >= 0 else "there is none before it here"
            self.remark(step, f"appended with sequence {batch.sequence}, and {what}")
        for offset, other in enumerate(log[:-1]):
            if other.record != entry.record:
                if other.record is not None and entry.record is not None and other.record > entry.record:
                    if self.outcome(log, offset) is None and self.of(name, offset) == sent and sent is not None:
                        self.remark(step, f"appended behind order {other.record}, which was sent after it")
                continue
            result = self.outcome(log, offset)
            if result == TransactionResult.COMMIT:
                self.repeated.add((name, len(log) - 1))
                self.remark(step, f"appended again: a committed copy of order {entry.record} is @ {offset}")
            elif result is None and other.producer_id == entry.producer_id:
                self.remark(
                    step, f"appended again: a copy of order {entry.record} is @ {offset}, and a COMMIT takes both"
                )

    def of(self, name: str, offset: int) -> Sent | None:
        return self.written[name][offset]

    def outcome(self, log: list[LogEntry], offset: int) -> TransactionResult | None:
        """The marker that decides the record at an offset, if it has one."""
        later = (one.marker for one in log[offset + 1 :] if one.producer_id == log[offset].producer_id and one.marker)
        return next(later, None)

    def marked(
        self, name: str, old: PartitionLeader, new: PartitionLeader, step: Happening, log: list[LogEntry]
    ) -> None:
        """A marker ends whatever its producer has open here."""
        marker = step.received.marker
        meant = self.markers.get(self.origins[step.number])
        for offset in ended_by_last(log):
            sent = self.written[name][offset]
            if sent is not None and meant is not None and sent.transaction != meant:
                verb = "commits" if marker.result == TransactionResult.COMMIT else "aborts"
                self.remark(
                    step,
                    f"the marker of {meant} ({self.decided.get(meant)}) {verb} order {log[offset].record} @ {offset},"
                    f" which was sent in step {sent.step} for {sent.transaction}",
                )
            if marker.result == TransactionResult.COMMIT:
                self.committed_again(name, log, offset, sent, step)
            given = self.uncommitted.get((name, offset))
            if given is not None and marker.result == TransactionResult.ABORT:
                self.telling.remark(given.number, f"{given.action}; it is aborted in step {step.number}")
        waiting = self.verifying.get(name)
        if old.guard and not new.guard and waiting is not None and meant is not None and waiting.transaction != meant:
            text = f"the marker of {meant} takes the verification of what waits here, which is of {waiting.transaction}"
            self.remark(step, text)
        newest = old.newest_coordinator_epoch[marker.producer_id]
        if marker.coordinator_epoch < newest:
            text = f"the marker is of coordinator epoch {marker.coordinator_epoch}"
            self.remark(step, f"{text}, and one of epoch {newest} has been written here")
        if meant is not None:
            self.ended.add((name, meant))
        assert new

    def committed_again(self, name: str, log: list[LogEntry], offset: int, sent: Sent | None, step: Happening) -> None:
        """Of two copies that are both committed, the one that is committed later; its append may have been in order."""
        record = log[offset].record
        for other, entry in enumerate(log[:-1]):
            first = other != offset and entry.record == record and self.outcome(log[:-1], other)
            if first == TransactionResult.COMMIT and (name, offset) not in self.repeated:
                self.remark(step, f"commits a second copy of order {record} (@ {offset}; the other one is @ {other})")
                for copy in (sent, self.written[name][other]):
                    given = None if copy is None else self.unstable.get(copy.transaction.client)
                    if given is not None:
                        self.telling.remarks.setdefault(given.number, f"{given.action}, which is committed later")

    # --- The offsets partition ----------------------------------------------------------------------------------------

    def offsets(self, after: World, name: str, old: OffsetsPartition, new: OffsetsPartition, step: Happening) -> None:
        sent = self.request(step) if isinstance(step.received, TxnOffsetCommitRequest) else self.verifying.get(name)
        if new.waiting is not None and isinstance(step.received, TxnOffsetCommitRequest) and new.waiting != old.waiting:
            if sent is not None:
                self.verifying[name] = sent
        commit = step.received.commit if isinstance(step.received, TxnOffsetCommitRequest) else old.waiting
        written = commit is not None and new.producers[commit.producer_id].pending is not None
        if written and new.producers != old.producers and step.action != "write_marker" and sent is not None:
            assert commit is not None
            self.pending[name, commit.producer_id] = sent
            self.misplaced(after, name, new.partition, commit, sent, step)
            if new.took_old_generation and not old.took_old_generation:
                text = f"accepted, though the generation is {commit.generation}: the group is in {new.generation}"
                self.remark(step, text)
        if isinstance(step.received, OffsetFetchRequest):
            self.offset_given(name, old, step)
        if isinstance(step.received, WriteTxnMarkersRequest):
            self.offset_marked(name, old, new, step)
        self.moved(after, old, new, step)

    def offset_given(self, name: str, old: OffsetsPartition, step: Happening) -> None:
        for client, answer in step.sent:
            for producer_id, entry in old.producers.items():
                sent = self.pending.get((name, producer_id))
                pending = entry.pending
                if answer.error != Error.NONE or pending is None or sent is None or pending.offset <= old.committed:
                    continue
                text = (
                    f"gives {client} offset {old.committed}, while {pending.offset} is pending for {sent.transaction}"
                )
                assert client is not None
                self.unstable[client] = Happening(step.number, name, text)

    def offset_marked(self, name: str, old: OffsetsPartition, new: OffsetsPartition, step: Happening) -> None:
        marker = step.received.marker
        pending = old.producers[marker.producer_id].pending
        if pending is None or new.producers == old.producers:
            return
        meant = self.markers.get(self.origins[step.number])
        sent = self.pending.get((name, marker.producer_id))
        if sent is not None and meant is not None and sent.transaction != meant:
            verb = "commits" if marker.result == TransactionResult.COMMIT else "aborts"
            self.remark(
                step,
                f"the marker of {meant} ({self.decided.get(meant)}) {verb} the offset {pending.offset}, which was sent"
                f" in step {sent.step} for {sent.transaction}",
            )
        if new.gave_old_offset and not old.gave_old_offset:
            told = [f"{one} in step {number}" for one, number in self.fetched.items()]
            text = f"the offset moves to {new.committed}, and was pending when {old.committed} was given out"
            self.remark(step, text + (f" (to {', '.join(told)})" if told else ""))
        if meant is not None:
            self.ended.add((name, meant))

    def moved(self, after: World, old: OffsetsPartition, new: OffsetsPartition, step: Happening) -> None:
        if new.moved_back and not old.moved_back:
            self.remark(step, f"the committed offset moves back, from {old.committed} to {new.committed}")
        last = self.telling.worlds[-1]
        applications = tuple(one for _, one in last.of(Application))
        if any(deciding(one) for _, one in last.of(TransactionCoordinator)):
            return
        for record in range(old.committed, new.committed):
            missing = [
                f"payments-{leader.partition}"
                for name, leader in after.of(PartitionLeader)
                if leader.committed[record] == 0 and last.actors[name].committed[record] == 0
            ]
            if missing and not in_work(applications, record):
                when = "never" if isinstance(step.received, OffsetCommitRequest) else "not"
                self.remark(
                    step,
                    f"the committed offset moves past order {record}, whose payment is {when} committed in"
                    f" {' and '.join(missing)}",
                )

    # --- A reader -----------------------------------------------------------------------------------------------------

    def reader(self, name: str, old: Consumer, new: Consumer, step: Happening, logs: dict[str, list[LogEntry]]) -> None:
        if not isinstance(step.received, FetchResponse):
            return
        leader, first = self.given[self.origins[step.number]]
        log = logs[leader]
        for offset in range(first, first + len(step.received.entries)):
            record = log[offset].record
            if record is None or new.delivered[record] == old.delivered[record]:
                continue
            earlier, place = self.read.setdefault((name, record), (step.number, offset))
            if place != offset:
                before = f"@ {place} as well" if earlier == step.number else f"first @ {place}, in step {earlier}"
                self.remark(step, f"gets order {record} a second time (@ {offset}; {before})")
            result = self.outcome(log, offset)
            if result == TransactionResult.ABORT:
                level = new.isolation_level.value
                self.remark(step, f"gets order {record} (@ {offset}) as {level}, and its transaction is aborted")


def endless(coordinator: TransactionCoordinator, key: TransactionalId) -> bool:
    kept = coordinator.cache[key]
    last = kept.state == TransactionState.ONGOING and kept.epoch == coordinator.epoch_max
    return last and coordinator.pending_state[key] is None and not coordinator.recovers_at_epoch_max
