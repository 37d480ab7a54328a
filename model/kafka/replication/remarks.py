"""Replication: who acknowledges, cuts, elects or shows what the rest of the replicas does not bear out."""

from dataclasses import dataclass

from checker.telling import Happening, Telling, World
from model.kafka.replication.controller import Controller
from model.kafka.replication.guarantees import agree, holds
from model.kafka.replication.messages import (
    NO_EPOCH,
    NO_OFFSET,
    NO_PRODUCER_ID,
    NO_RECORD,
    REMOVED,
    Error,
    FetchRequest,
    LogEntry,
    OffsetForLeaderEpochRequest,
    ProduceRequest,
    ProduceResponse,
)
from model.kafka.replication.producer import DEFINITE, Outcome, Producer
from model.kafka.replication.replica import Replica

UNKNOWN = (Error.UNKNOWN_PRODUCER_ID, Error.OUT_OF_ORDER_SEQUENCE_NUMBER)


@dataclass(frozen=True)
class Shown:
    """An entry below the high watermark of a leader."""

    entry: LogEntry
    broker: str
    step: int


class Remarks:
    """Walks along a path beside its story."""

    def __init__(self, telling: Telling) -> None:
        self.telling = telling
        self.origins = telling.origins()
        last = telling.worlds[-1]
        self.lost = {record for record in range(telling.constants["records"]) if self.is_lost(last, record)}
        self.failed = {
            record for _, one in last.of(Producer) for record, told in one.outcome.items() if told == Outcome.FAILED
        }
        self.acknowledged: dict[int, int] = {}  # By record: the step in which the application was told.
        self.shown: dict[tuple[int, int], Shown] = {}  # By partition and offset.
        self.answers: dict[int, str] = {}  # By the step that tells the end of an epoch: what is wrong with it.

    def is_lost(self, world: World, record: int) -> bool:
        """It was acknowledged, and neither the newest leader nor, without one, anybody has it."""
        told = any(one.outcome[record] == Outcome.ACKED for _, one in world.of(Producer))
        replicas = world.of(Replica)
        leaders = [one for _, one in replicas if one.leader == one.broker]
        newest = max((one.leader_epoch for one in leaders), default=None)
        leaders = [one for one in leaders if one.leader_epoch == newest] or [one for _, one in replicas]
        return told and not any(holds(one.log, record) for one in leaders)

    # --- The walk -----------------------------------------------------------------------------------------------------

    def step(self, before: World, after: World, step: Happening) -> None:
        if step.fault and step.action in ("lose", "delay", "duplicate", "crash"):
            return
        for name, controller in after.of(Controller):
            if name == step.actor:
                self.election(before.actors[name], controller, step)
                self.admission(after, before.actors[name], controller, step)
        for name, replica in after.of(Replica):
            if name == step.actor:
                self.replica(after, name, before.actors[name], replica, step)
        for name, producer in after.of(Producer):
            if name == step.actor:
                self.producer(after, before.actors[name], producer, step)

    def remark(self, step: Happening, text: str) -> None:
        self.telling.remark(step.number, text)

    def peers(self, world: World, replica: Replica) -> list[tuple[str, Replica]]:
        return [
            (name, one) for name, one in world.of(Replica)
            if one.partition == replica.partition and one.broker != replica.broker
        ]  # fmt: skip

    def what(self, partition: int, offset: int, entry: LogEntry) -> str:
        """Why an entry is not to be missed; "" if it may be."""
        record = entry.batch.record
        if record in self.acknowledged:
            return f"record {record} @ {offset}, which was acknowledged in step {self.acknowledged[record]}"
        shown = self.shown.get((partition, offset))
        if shown is not None and agree(shown.entry, entry):
            return (
                f"record {record} @ {offset}, which was below the high watermark of {shown.broker} in step {shown.step}"
            )
        return ""

    # --- The producer -------------------------------------------------------------------------------------------------

    def producer(self, after: World, old: Producer, new: Producer, step: Happening) -> None:
        for record, outcome in new.outcome.items():
            if outcome == Outcome.ACKED and old.outcome[record] != Outcome.ACKED:
                self.acknowledged[record] = step.number
                if record in self.lost and not isinstance(step.received, ProduceResponse):
                    have = [name for name, one in after.of(Replica) if holds(one.log, record)]
                    where = f"{' and '.join(have)} alone" if have else "no broker"
                    self.remark(step, f"takes record {record} for written, with acks={new.acks.value}: {where} has it")

        same = old.producer_id == new.producer_id and old.epoch == new.epoch and step.action != "crash"
        for partition, sequence in new.next_sequence.items():
            if same and sequence < old.next_sequence[partition] and new.idempotent:
                text = f"goes back to sequence {sequence}, and keeps producer id {new.producer_id}, epoch {new.epoch}"
                self.remark(step, text)

    # --- The controller -----------------------------------------------------------------------------------------------

    def election(self, old: Controller, new: Controller, step: Happening) -> None:
        elected = new.leader
        if elected is None or (elected == old.leader and new.leader_epoch == old.leader_epoch):
            return
        if new.fenced[elected]:
            self.remark(step, f"elects broker {elected}, which is fenced")
        if not old.in_sync[elected] and not old.eligible[elected]:
            isr = ", ".join(str(one) for one in sorted(old.isr())) or "nobody"
            self.remark(step, f"elects broker {elected}, which is not in the ISR ({isr})")

    def admission(self, after: World, old: Controller, new: Controller, step: Happening) -> None:
        """The ISR grows by a broker that the leader does not count."""
        leaders = [
            one for _, one in after.of(Replica)
            if one.broker == new.leader and one.leader == new.leader and one.leader_epoch == new.leader_epoch
            and one.peers == tuple(new.brokers)
        ]  # fmt: skip
        for broker, inside in new.in_sync.items():
            if not inside or old.in_sync[broker] or broker == new.leader:
                continue
            for leader in leaders:
                if broker not in counting(leader):
                    self.remark(step, f"takes broker {broker} into the ISR, and the leader does not count it")

    # --- A replica ----------------------------------------------------------------------------------------------------

    def replica(self, after: World, name: str, old: Replica, new: Replica, step: Happening) -> None:
        self.cut(after, old, new, step)
        self.appended(after, old, new, step)
        if new.leader == new.broker and (old.leader != new.broker or old.leader_epoch < new.leader_epoch):
            if all(one.leader_epoch == new.leader_epoch for _, one in after.of(Controller)):  # Else it is one no more.
                self.led(new, step)
        if new.leader == new.broker:
            self.followed(after, old, new, step)
            self.counted(after, old, new, step)
            self.showed(after, name, old, new, step)
            self.answered(after, new, step)
        self.cleaned(after, old, new, step)
        if new.fewest_at_ack < old.fewest_at_ack and new.fewest_at_ack < new.min_insync_replicas:
            self.remark(
                step,
                f"acknowledges to acks=all with {new.fewest_at_ack} in the maximal ISR: min.insync.replicas is"
                f" {new.min_insync_replicas}",
            )

    def cut(self, after: World, old: Replica, new: Replica, step: Happening) -> None:
        """Truncation: to drop what was committed is wrong, and so is to keep what the leader does not have."""
        told: set[int] = set()
        for offset in range(len(new.log), len(old.log)):
            record = old.log[offset].batch.record
            what = self.what(new.partition, offset, old.log[offset])
            if what and record not in told:
                told.add(record)
                how = f"to its high watermark {old.high_watermark}" if len(new.log) == old.high_watermark else ""
                verb = "comes back without" if step.action in ("recover", "restart") else f"cuts its log {how}".strip()
                self.remark(step, f"{verb}: {what}" if verb.startswith("cuts") else f"{verb} {what}")
        if step.action != "truncate_by_epoch" or new.leader is None:
            return
        for _, leader in self.peers(after, new):
            same = shared(new.log, leader.log)
            if leader.broker == new.leader and same < len(new.log) and len(new.log) <= len(leader.log):
                mine, other = new.log[same].batch.record, leader.log[same].batch.record
                self.remark(step, f"keeps record {mine} @ {same}, where the leader has record {other}")
                sent = self.origins[step.number]
                if sent in self.answers:
                    self.telling.remark(sent, self.answers[sent])

    def appended(self, after: World, old: Replica, new: Replica, step: Happening) -> None:
        for offset in range(len(old.log), len(new.log)):
            entry = new.log[offset]
            batch = entry.batch
            newest = max((one.leader_epoch for one in new.log[:offset]), default=entry.leader_epoch)
            if entry.leader_epoch < newest:
                self.remark(step, f"appends leader epoch {entry.leader_epoch} @ {offset}, behind epoch {newest}")
            if not isinstance(step.received, ProduceRequest):
                continue
            before = [one for one in range(offset) if holds((new.log[one],), batch.record)]
            if before:
                self.remark(step, f"appends record {batch.record} a second time (@ {offset}; it is @ {before[0]})")
            behind = [
                one.batch.record for one in new.log[:offset]
                if one.batch.record > batch.record and one.cleaned != REMOVED
            ]  # fmt: skip
            if behind and not before:
                self.remark(step, f"appends record {batch.record} behind record {max(behind)}, which was sent after it")
            if batch.producer_id != NO_PRODUCER_ID:
                same = [one.batch.sequence for one in new.log[:offset] if one.batch.producer_id == batch.producer_id
                        and one.batch.epoch == batch.epoch]  # fmt: skip
                if batch.sequence > max(same, default=-1) + 1:
                    last = f"the last one here is {max(same)}" if same else "there is none before it here"
                    self.remark(step, f"appends sequence {batch.sequence}, and {last}")
                elif batch.sequence in same:
                    self.remark(step, f"appends sequence {batch.sequence} of producer {batch.producer_id} again")
                epochs = [one.batch.epoch for one in new.log[:offset] if one.batch.producer_id == batch.producer_id]
                if batch.epoch < max(epochs, default=batch.epoch):
                    self.remark(step, f"appends producer epoch {batch.epoch}, behind epoch {max(epochs)}")
            if step.received.checksum != NO_RECORD:
                text = f"appends record {batch.record}, though the checksum is that of record {step.received.checksum}"
                self.remark(step, text)
            for _, producer in after.of(Producer):
                home = batch.record % producer.partitions
                if home != new.partition and not producer.flights[batch.record].moved:
                    self.remark(step, f"appends record {batch.record}, which was written for partition {home}")
                if producer.looks_back and not producer.drained[batch.record]:
                    self.remark(step, f"appends record {batch.record}, of which the client has closed no batch yet")

    def led(self, new: Replica, step: Happening) -> None:
        """A new leader's whole log becomes the truth."""
        told: set[int] = set()
        for (partition, offset), shown in sorted(self.shown.items()):
            missing = offset >= len(new.log) or not agree(new.log[offset], shown.entry)
            record = shown.entry.batch.record
            if partition == new.partition and missing and record not in told:
                told.add(record)
                what = self.what(partition, offset, shown.entry)
                instead = f" (it has record {new.log[offset].batch.record} there)" if offset < len(new.log) else ""
                self.remark(step, f"leads in epoch {new.leader_epoch} without {what or f'record {record}'}{instead}")
        seen = told | {
            shown.entry.batch.record for (partition, _), shown in self.shown.items() if partition == new.partition
        }
        partitions = self.telling.constants.get("partitions", 1)
        for record, when in self.acknowledged.items():
            mine = record % partitions == new.partition
            if mine and record not in seen and record in self.lost and not holds(new.log, record):
                self.remark(
                    step,
                    f"leads in epoch {new.leader_epoch} without record {record}, which was acknowledged in step {when}",
                )

    def followed(self, after: World, old: Replica, new: Replica, step: Happening) -> None:
        """A leader counts what a follower says that it has."""
        request = step.received
        for name, peer in self.peers(after, new):
            end, was = new.follower_end[peer.broker], old.follower_end[peer.broker]
            if end == NO_OFFSET or end <= was:
                continue
            same = shared(new.log[:end], peer.log)
            if same < end:
                has = f"has record {peer.log[same].batch.record}" if same < len(peer.log) else "has nothing"
                self.remark(step, f"takes {name} to have all below {end}: {name} {has} @ {same}")
        if isinstance(request, FetchRequest) and request.leader_epoch < new.leader_epoch:
            moved = new.high_watermark > old.high_watermark
            asks = new.pending is not None and new.pending != old.pending
            if moved or asks:
                does = f"raises its high watermark to {new.high_watermark}" if moved else "changes the ISR"
                text = (
                    f"{does} by a fetch sent in leader epoch {request.leader_epoch}, and it leads in {new.leader_epoch}"
                )
                self.remark(step, f"{text}: the follower may have to cut its log first")
        if isinstance(request, OffsetForLeaderEpochRequest) and step.sent:
            epochs = [one.leader_epoch for one in new.log if one.leader_epoch <= request.leader_epoch]
            own = request.leader_epoch == new.leader_epoch
            known = request.leader_epoch if own else max(epochs, default=NO_EPOCH)
            answer = step.sent[0][1]
            if request.current_leader_epoch != new.leader_epoch:
                asked = request.current_leader_epoch
                self.answers[step.number] = f"answers a question of leader epoch {asked}, and is in {new.leader_epoch}"
            elif known != request.leader_epoch:
                self.answers[step.number] = (
                    f"is asked for the end of epoch {request.leader_epoch}, which it does not know, and tells"
                    f" {answer.end_offset}, the end of epoch {known}"
                )

    def showed(self, after: World, name: str, old: Replica, new: Replica, step: Happening) -> None:
        """What comes below a leader's high watermark is committed: every member of the ISR is to have it."""
        for offset in range(min(new.high_watermark, len(new.log))):
            entry = new.log[offset]
            shown = self.shown.get((new.partition, offset))
            if shown is not None and not agree(shown.entry, entry) and offset >= old.high_watermark:
                self.remark(
                    step,
                    f"shows record {entry.batch.record} @ {offset}, where {shown.broker} has shown record"
                    f" {shown.entry.batch.record} (step {shown.step})",
                )
            if shown is None or not agree(shown.entry, entry):
                self.shown[new.partition, offset] = Shown(entry, name, step.number)
                self.lacking(after, new, offset, step)

    def counted(self, after: World, old: Replica, new: Replica, step: Happening) -> None:
        """The leader counts whoever may be in the controller's ISR, and asks for nobody who lacks what is committed."""
        follower = new.pending
        if follower is not None and follower != old.pending and not new.in_sync[follower]:
            for peer, one in self.peers(after, new):
                for (partition, offset), shown in sorted(self.shown.items()):
                    lacks = offset >= len(one.log) or not agree(one.log[offset], shown.entry)
                    if one.broker == follower and partition == new.partition and lacks:
                        what = self.what(partition, offset, shown.entry)
                        self.remark(step, f"asks for {peer} in the ISR, which does not have {what}")
        for _, controller in after.of(Controller):
            if controller.leader != new.broker or controller.leader_epoch != new.leader_epoch:
                continue
            for peer, one in self.peers(after, new):
                did = one.broker in counting(old)
                if did and one.broker not in counting(new) and controller.in_sync[one.broker]:
                    self.remark(step, f"counts {peer} no more, which is in the controller's ISR")

    def lacking(self, after: World, new: Replica, offset: int, step: Happening) -> None:
        for _, controller in after.of(Controller):
            if controller.leader != new.broker or controller.leader_epoch != new.leader_epoch:
                continue
            without = [
                peer for peer, one in self.peers(after, new)
                if controller.in_sync[one.broker] and shared(new.log[: offset + 1], one.log) <= offset
            ]  # fmt: skip
            reserve = [
                peer for peer, one in self.peers(after, new)
                if controller.eligible[one.broker] and shared(new.log[: offset + 1], one.log) <= offset
            ]  # fmt: skip
            record = new.log[offset].batch.record
            for missing, where in ((without, "in the controller's ISR"), (reserve, "an eligible leader replica")):
                if missing and new.peers == tuple(controller.brokers):
                    who = " and ".join(missing)
                    text = f"raises its high watermark above record {record} @ {offset}, which {who} ({where})"
                    self.remark(step, f"{text} does not have")

    def acknowledged_by_more(self, after: World, leader: Replica, record: int, step: Happening) -> None:
        """The leader goes by an ISR in which there are brokers that the controller has taken out already."""
        for _, controller in after.of(Controller):
            out = sorted(leader.isr() - controller.isr())
            if controller.leader == leader.broker and out:
                isr, theirs = (", ".join(map(str, sorted(one))) for one in (leader.isr(), controller.isr()))
                text = f"acknowledges record {record}: its ISR is {isr}, and that of the controller is {theirs} already"
                self.remark(step, text)

    def answered(self, after: World, new: Replica, step: Happening) -> None:
        """What is lost in the end, at the moment at which a leader says that it is there."""
        for _, answer in step.sent:
            if not isinstance(answer, ProduceResponse):
                continue
            record = answer.batch.record
            if answer.error in DEFINITE and record in self.failed and holds(new.log, record):
                self.remark(step, f"refuses record {record} with {answer.error.value}, and has it in its log")
            if answer.error in UNKNOWN and record in self.failed:
                known = [one for one in new.log[new.forgotten :] if one.batch.producer_id == answer.batch.producer_id]
                why = "" if known else f": it knows nothing of producer {answer.batch.producer_id} any more"
                self.remark(step, f"refuses sequence {answer.batch.sequence} with {answer.error.value}{why}")
            if answer.error != Error.NONE:
                continue
            if answer.offset != NO_OFFSET and new.log[answer.offset].batch.record != record:
                other = new.log[answer.offset].batch.record
                self.remark(step, f"takes record {record} for the copy of record {other}, which is @ {answer.offset}")
            have = [name for name, one in after.of(Replica) if holds(one.log, record)]
            if record not in self.lost or answer.offset == NO_OFFSET:
                continue
            if len(have) > 1:
                self.acknowledged_by_more(after, new, record, step)
                continue
            text = f"acknowledges record {record}, which {have[0] + ' alone' if have else 'no broker'} has"
            for _, controller in after.of(Controller):
                if controller.leader_epoch > new.leader_epoch and controller.leader is not None:
                    text += f"; it leads in epoch {new.leader_epoch}, and broker {controller.leader} has been elected"
                    text += f" for {controller.leader_epoch}"
            self.remark(step, text)

    def cleaned(self, after: World, old: Replica, new: Replica, step: Happening) -> None:
        """A tombstone is needed until every replica has removed what it deletes."""
        if step.action != "clean":
            return
        for offset, entry in enumerate(new.log):
            record = entry.batch.record
            if entry.cleaned != REMOVED or old.log[offset].cleaned == REMOVED or not new.tombstones[record]:
                continue
            if any(new.keys[one.batch.record] == new.keys[record] for one in new.log[offset + 1 :]):
                continue
            for peer, one in self.peers(after, new):
                older = [
                    other.batch.record for place, other in enumerate(one.log)
                    if place != offset and new.keys[other.batch.record] == new.keys[record] and other.cleaned != REMOVED
                ]  # fmt: skip
                if older and len(one.log) <= offset:
                    self.remark(
                        step,
                        f"removes the tombstone record {record}, and {peer}, which has record {older[0]}, never got it",
                    )


def counting(leader: Replica) -> set[int]:
    """By whom the leader commits."""
    pending = {leader.pending} if leader.pending is not None and leader.counts_pending else set()
    return {one for one, inside in leader.in_sync.items() if inside} | pending


def shared(one: tuple[LogEntry, ...], other: tuple[LogEntry, ...]) -> int:
    """How many entries two logs share from their start."""
    same = 0
    while same < min(len(one), len(other)) and agree(one[same], other[same]):
        same += 1
    return same
