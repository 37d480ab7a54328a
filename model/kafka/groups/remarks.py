"""Consumer groups: who commits, begins or works where another one is, or ahead of what has had its effect."""

from checker.telling import Happening, Telling, World
from model.kafka.groups.consumer import Consumer
from model.kafka.groups.coordinator import GroupCoordinator
from model.kafka.groups.guarantees import committed_offset, effects, eligible, in_hand, still_to_come
from model.kafka.groups.input_partition import InputPartition
from model.kafka.groups.messages import (
    NO_GENERATION,
    InputRecord,
    ListOffsetsResponse,
    MetadataUpdate,
    OffsetCommitRequest,
    OffsetFetchRequest,
    OffsetFetchResponse,
    StoreReadResult,
)
from model.kafka.groups.states import Revocation
from model.kafka.groups.store import ExternalStore


class Remarks:
    """Walks along a path beside its story."""

    def __init__(self, telling: Telling) -> None:
        self.telling = telling
        self.origins = telling.origins()
        last = telling.worlds[-1]
        self.leaders = [one for _, one in last.of(InputPartition)]
        self.several = len(self.leaders) > 1
        self.undone: set[InputRecord] = set()  # In the end: no effect yet,
        self.missing: set[InputRecord] = set()  # and no effect ever.
        self.twice: set[InputRecord] = set()
        consumers = tuple(one for _, one in last.of(Consumer))
        stores = tuple(one for _, one in last.of(ExternalStore))
        for leader in self.leaders:
            for offset in range(leader.records):
                record = InputRecord(leader.partition, offset)
                done = effects(consumers, stores, record)
                if done > 1:
                    self.twice.add(record)
                for _, coordinator in last.of(GroupCoordinator):
                    lost = done == 0 and eligible(consumers, coordinator, leader, offset)
                    if lost:
                        self.undone.add(record)
                    lost = lost and not any(in_hand(one, record) for one in consumers)
                    if lost and not still_to_come(consumers, stores, coordinator, leader, record):
                        self.missing.add(record)
        self.first: dict[InputRecord, tuple[str, int]] = {}  # Whose effect was the first, and in which step.
        self.acknowledged: dict[int, int] = {}  # By partition: the step of the last commit that was acknowledged.
        self.committed: dict[str, int] = {}  # By consumer: the step in which it last asked for a commit.

    # --- The walk -----------------------------------------------------------------------------------------------------

    def step(self, before: World, after: World, step: Happening) -> None:
        if step.fault and step.action in ("lose", "delay", "duplicate", "crash"):
            return
        for name, consumer in after.of(Consumer):
            if name == step.actor:
                self.consumer(after, name, before.actors[name], consumer, step)
        for name, coordinator in after.of(GroupCoordinator):
            if name == step.actor:
                self.coordinator(before, before.actors[name], coordinator, step)
        for name, store in after.of(ExternalStore):
            if name == step.actor:
                self.effects(after, name, before.actors[name], store, step)
                self.row(before.actors[name], store, step)

    def remark(self, step: Happening, text: str) -> None:
        self.telling.remark(step.number, text)

    def name(self, record: InputRecord) -> str:
        return f"record {record.offset}" + (f" of partition {record.partition}" if self.several else "")

    def names(self, records: list[InputRecord]) -> str:
        return " and ".join(self.name(one) for one in records)

    def on(self, partition: int) -> str:
        return f" of partition {partition}" if self.several else ""

    # --- A consumer ---------------------------------------------------------------------------------------------------

    def consumer(self, after: World, name: str, old: Consumer, new: Consumer, step: Happening) -> None:
        self.effects(after, name, old, new, step)
        if any(isinstance(message, OffsetCommitRequest) for _, message in step.sent):
            self.committed[name] = step.number
        if isinstance(step.received, OffsetFetchResponse | StoreReadResult | ListOffsetsResponse):
            self.began(old, new, step)
        if isinstance(step.received, ListOffsetsResponse):
            self.reset(old, new, step)
        if isinstance(step.received, MetadataUpdate):
            self.hears(after, new, step.received, step)
        self.kept(after, old, new, step)
        for partition, position in new.position.items():
            was = old.position[partition]
            handed = was is not None and position is not None and position > was
            if handed and new.revocation != Revocation.NONE and name in self.committed:
                records = [InputRecord(partition, offset) for offset in range(was or 0, position or 0)]
                self.remark(
                    step,
                    f"hands out {self.names(records)} in the middle of a revocation: its last commit was sent in step"
                    f" {self.committed[name]}, before that",
                )
        for partition, stored in new.stored.items():
            kept = stored is not None and partition not in new.assigned
            if kept and (old.stored[partition] is None or partition in old.assigned):
                text = f"keeps offset {stored}{self.on(partition)} to be committed, a partition that it does not have"
                self.remark(step, text)
        for partition, processed in new.processed.items():
            record = InputRecord(partition, processed - 1)
            alone = processed == old.processed[partition] + 1 and new.effects[record] == old.effects[record]
            if alone and record in self.missing and step.action == "fail_to_process":
                self.remark(step, f"goes on behind {self.name(record)}, whose processing has failed")

    def effects(
        self, after: World, name: str, old: Consumer | ExternalStore, new: Consumer | ExternalStore, step: Happening
    ) -> None:
        for record, copies in new.effects.items():
            if copies == old.effects[record]:
                continue
            if record in self.first:
                who, when = self.first[record]
                self.remark(step, f"{self.name(record)} has its effect a second time (first by {who}, in step {when})")
            else:
                self.first[record] = (self.actor(step, name), step.number)
            if isinstance(new, Consumer) and record in self.twice:
                self.late(after, new, record, step)

    def actor(self, step: Happening, name: str) -> str:
        """Who did it: of a write to a store, whoever asked for it."""
        sent = self.origins.get(step.number, 0)
        return self.telling.happenings[sent - 1].actor if sent and name == step.actor and step.received else name

    def late(self, after: World, new: Consumer, record: InputRecord, step: Happening) -> None:
        """It works on what is another member's by now, or nobody's."""
        if new.subscribes and new.generation == NO_GENERATION:
            self.remark(step, f"works on {self.name(record)}, though it is no member of the group any more")
            return
        for _, coordinator in after.of(GroupCoordinator):
            owner = coordinator.owner[record.partition]
            for name, other in after.of(Consumer):
                if other.me == owner and owner != new.me and other.position[record.partition] is not None:
                    text = f"works on {self.name(record)}: the partition is {name}'s in generation"
                    self.remark(step, f"{text} {coordinator.generation}, its own is of {new.generation}")

    def began(self, old: Consumer, new: Consumer, step: Happening) -> None:
        """Where somebody begins below what has had its effect: the commit has not come, or not yet."""
        for partition, position in new.position.items():
            if position is None or old.position[partition] is not None:
                continue
            again = [
                record for record in sorted(self.first, key=lambda one: one.offset)
                if record.partition == partition and record.offset >= position and record in self.twice
            ]  # fmt: skip
            if again:
                steps = " and ".join(str(self.first[one][1]) for one in again)
                text = f"begins at {position}{self.on(partition)}, and {self.names(again)}"
                self.remark(step, f"{text} had an effect already (step {steps})")
            skipped = [
                InputRecord(partition, offset) for offset in range(position)
                if InputRecord(partition, offset) in self.missing
            ]  # fmt: skip
            if skipped and not any(one in self.missing for one in self.first):
                self.remark(
                    step, f"begins at {position}{self.on(partition)}, behind {self.names(skipped)}, without effect"
                )

    def reset(self, old: Consumer, new: Consumer, step: Happening) -> None:
        for partition, position in new.position.items():
            was = old.position[partition]
            if position is None or was == position:
                continue
            skipped = [
                InputRecord(partition, offset) for offset in range(was or 0, position)
                if InputRecord(partition, offset) in self.missing or (new.jumped and not old.jumped)
            ]  # fmt: skip
            if skipped:
                text = f"auto.offset.reset={new.reset.value} puts it to {position}{self.on(partition)}"
                self.remark(step, f"{text}, behind {self.names(skipped)}, which nobody has got")

    def hears(self, after: World, new: Consumer, update: MetadataUpdate, step: Happening) -> None:
        """A partition that is older than a group knows: where nothing is committed, auto.offset.reset says where."""
        there = [
            InputRecord(leader.partition, offset)
            for _, leader in after.of(InputPartition)
            if leader.partition == update.partition
            for offset in range(leader.initial + leader.appended)
        ]
        lost = [record for record in there if record in self.missing]
        if lost:
            text = f"hears of partition {update.partition} only now: {new.reset.value} will put it behind"
            self.remark(step, f"{text} {self.names(lost)}")

    def kept(self, after: World, old: Consumer, new: Consumer, step: Happening) -> None:
        """A partition that it had before, and another member meanwhile."""
        for _, coordinator in after.of(GroupCoordinator):
            for leader in self.leaders:
                partition = leader.partition
                position, committed = new.position[partition], committed_offset(coordinator, leader)
                gained = partition in new.assigned and partition not in old.assigned
                if gained and position is not None and position == old.position[partition] and position != committed:
                    text = f"gets the partition back and goes on at {position}, and the committed offset is {committed}"
                    self.remark(step, text)

    # --- The coordinator ----------------------------------------------------------------------------------------------

    def coordinator(self, before: World, old: GroupCoordinator, new: GroupCoordinator, step: Happening) -> None:
        request = step.received
        for leader in self.leaders:
            partition = leader.partition
            was, now = committed_offset(old, leader), committed_offset(new, leader)
            if isinstance(request, OffsetCommitRequest) and now != was and now is not None:
                self.acknowledged[partition] = step.number
                ahead = [
                    InputRecord(partition, offset) for offset in range(was or 0, now)
                    if InputRecord(partition, offset) in self.undone
                ]  # fmt: skip
                if ahead:
                    have = "have" if len(ahead) > 1 else "has"
                    text = f"the committed offset{self.on(partition)} moves to {now}: {self.names(ahead)}"
                    when = ", and never will" if any(one in self.missing for one in ahead) else " yet"
                    self.remark(step, f"{text} {have} had no effect{when}")
            elif step.action in ("load", "restart") and now != was and new.acknowledged[partition] is not None:
                asked = self.acknowledged.get(partition)
                which = f" (step {asked})" if asked is not None else ""
                self.remark(
                    step, f"loads {now} for the committed offset{self.on(partition)}, and has acknowledged {was}{which}"
                )
        if isinstance(request, OffsetCommitRequest):
            self.commit(before, old, new, request, step)
        self.books(before, old, new, step)
        if isinstance(request, OffsetFetchRequest):
            for partition in sorted(new.denied[request.member] - old.denied[request.member]):
                text = (
                    f"knows no committed offset{self.on(partition)}, and has acknowledged {new.acknowledged[partition]}"
                )
                self.remark(step, text)

    def books(self, before: World, old: GroupCoordinator, new: GroupCoordinator, step: Happening) -> None:
        """KIP-848: whose a partition is, is written twice: in the member's assignment, and in the partition's epoch."""
        for name, one in before.of(Consumer):
            for partition in sorted(new.assigned[one.me]):
                had = partition in old.assigned[one.me] and old.owner[partition] != one.me
                if new.owner[partition] != one.me and not had:
                    whose = next(
                        (who for who, other in before.of(Consumer) if other.me == new.owner[partition]), "nobody"
                    )
                    text = f"has assigned partition {partition} to {name} (epoch {new.epoch[one.me]}), and notes it as"
                    self.remark(step, f"{text} {whose}'s")
                elif had and new.owner[partition] not in (old.owner[partition], None):
                    whose = next(who for who, other in before.of(Consumer) if other.me == new.owner[partition])
                    self.remark(step, f"gives partition {partition} to {whose}, while {name} has it")

    def commit(
        self,
        before: World,
        old: GroupCoordinator,
        new: GroupCoordinator,
        request: OffsetCommitRequest,
        step: Happening,
    ) -> None:
        sent = self.origins[step.number]
        who = next(name for name, one in before.of(Consumer) if one.me == request.member)
        if new.fenced_commit_applied and not old.fenced_commit_applied:
            own = f"generation {request.generation}" if request.generation >= 0 else "no generation"
            self.remark(step, f"applied, though it is of {own}, and the group is in {new.generation}")
        if new.owner_refused and not old.owner_refused:
            error = step.sent[0][1].error.value
            self.remark(step, f"refuses the commit of {who} with {error}, and the partitions are its own")
        if new.rewound and not old.rewound:
            for partition, offset in new.committed.items():
                was = old.committed[partition]
                if was is not None and offset is not None and offset < was:
                    text = f"the committed offset{self.on(partition)} moves back, {was} -> {offset}"
                    self.remark(step, f"{text}: {who} sent that in step {sent}")

    def row(self, old: ExternalStore, new: ExternalStore, step: Happening) -> None:
        for partition, record in new.row.items():
            was = old.row[partition]
            if was is not None and record is not None and record < was:
                self.remark(step, f"writes record {record} over record {was}{self.on(partition)}")
