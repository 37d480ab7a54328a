"""The controller: each leader epoch has one leader, taken from the ISR (or the eligible leader replicas) while that is
possible.

Follows org.apache.kafka.controller.PartitionChangeBuilder, ReplicationControlManager (AlterPartition, fencing,
registration) and, for ZooKeeper, KafkaController.onBrokerFailure. The controller itself is one durable, linear log: its
own elections are not modelled. A broker is fenced at any time while it stands still or is down, for a session ends
after that; since KIP-380 registering fences first, for a new incarnation waits until the old session has ended.
Each change goes to every broker on its own connection, so they learn of it at any later time.
Every restart is an unclean one (no .kafka_cleanshutdown, so the broker's previous epoch is not known).
Not modelled: several partitions, reassignment, controlled shutdown, broker epochs in AlterPartition, a leader epoch
that is bumped when the ISR shrinks (KRaft before 3.6), unclean.leader.election.interval.ms.
"""

from typing import Annotated

from checker.lang import (
    ActorId,
    Counts,
    Durable,
    UpTo,
    action,
    actor,
    choose,
    each,
    on,
    quiet,
    require,
    send,
    suspected,
)  # fmt: skip
from model.kafka.replication.messages import (
    AlterPartitionRequest,
    Broker,
    BrokerRegistration,
    BrokerUnfenced,
    LeaderEpoch,
    PartitionChange,
    PartitionState,
)  # fmt: skip


@actor
class Controller:
    brokers: tuple[ActorId, ...]  # The replicas of the partition, by broker.
    assignment: tuple[Broker, ...]  # In order of preference.
    min_insync_replicas: Annotated[int, UpTo(3)] = 1
    unclean_election: bool = False  # unclean.leader.election.enable
    eligible_leader_replicas: bool = False  # KIP-966
    checks_last_known_leader: bool = True  # KAFKA-19522: the last known leader is elected only if it is alive.
    notices_bounce: bool = True  # KIP-380: no follower stops and starts again within its session unnoticed.
    preferred_elections: Annotated[int, UpTo(3)] = 0  # How often auto.leader.rebalance.enable acts.

    # How often a session times out although the broker is up, by broker.
    session_timeouts: tuple[Annotated[int, UpTo(2)], ...] = ()

    leader: Durable[Broker | None] = 1
    leader_epoch: Durable[LeaderEpoch] = 0
    in_sync: Durable[dict[Broker, bool]] = each(True)  # The ISR.
    eligible: Durable[dict[Broker, bool]] = each(False)  # The ELR.
    fenced: Durable[dict[Broker, bool]] = each(False)
    last_known_leader: Durable[Broker | None] = None
    timed_out: Durable[Annotated[dict[Broker, Annotated[int, UpTo(2)]], Counts("session_timeout")]] = each(0)
    rebalanced: Durable[Annotated[int, UpTo(3), Counts("preferred_election")]] = 0

    @action
    def fence(self) -> None:
        """The session of a broker that is down ends (broker.session.timeout.ms, zookeeper.session.timeout.ms)."""
        broker = choose(one for one in self.assignment if not self.fenced[one])
        require(suspected(self.brokers[broker - 1]))
        leader = self.leader
        isr = self.isr()
        self.fence_broker(broker)
        self.settle(leader, isr)

    @action
    def time_out_session(self) -> None:
        """A broker that only stands still loses its session too, and does not know it."""
        broker = choose(one for one in self.assignment if self.session_timeouts[one - 1] > self.timed_out[one])
        require(not self.fenced[broker] and not suspected(self.brokers[broker - 1]))
        leader = self.leader
        isr = self.isr()
        self.timed_out[broker] += 1
        self.fence_broker(broker)
        self.settle(leader, isr)

    @action
    def unfence(self) -> None:
        """It sends heartbeats again and has caught up with the metadata."""
        broker = choose(one for one in self.assignment if self.fenced[one])
        require(not suspected(self.brokers[broker - 1]) and quiet(self.brokers[broker - 1]))
        leader = self.leader
        isr = self.isr()
        self.fenced[broker] = False
        self.settle(leader, isr)
        if leader is not None and leader != broker:
            send(self.brokers[leader - 1], BrokerUnfenced())

    @on(BrokerRegistration)
    def register(self, registration: BrokerRegistration) -> None:
        broker = registration.broker
        leader = self.leader
        isr = self.isr()
        if not self.fenced[broker] and (self.notices_bounce or self.leader == broker):
            self.fence_broker(broker)
        if self.eligible_leader_replicas:
            self.remove_from_isr(broker)  # It did not stop cleanly: the end of its log may be missing.
            self.eligible[broker] = False
        # NOTE(registered): it is fenced until it has read the metadata. Only with eligible leader replicas is anything
        # decided between; else both are one step.
        self.fenced[broker] = self.eligible_leader_replicas
        self.settle(leader, isr)
        state = PartitionState(self.leader, self.leader_epoch, self.isr())
        send(self.brokers[broker - 1], PartitionChange(state, True))

    @on(AlterPartitionRequest)
    def alter_partition(self, request: AlterPartitionRequest) -> None:
        if request.leader_epoch != self.leader_epoch or request.old_isr != self.isr():
            return  # FENCED_LEADER_EPOCH, INVALID_UPDATE_VERSION: the leader waits for metadata, which is on its way.
        if not any(self.fenced[one] for one in request.new_isr):  # INELIGIBLE_REPLICA
            for broker in self.assignment:
                if broker in request.new_isr:
                    self.in_sync[broker] = True
                    self.eligible[broker] = False
                else:
                    self.remove_from_isr(broker)
            self.forget_eligible()
        self.tell(request.leader)

    @action
    def elect_preferred_leader(self) -> None:
        preferred = self.assignment[0]
        require(self.rebalanced < self.preferred_elections)
        require(self.leader is not None and self.leader != preferred and self.is_candidate(preferred))
        self.rebalanced += 1
        self.leader = preferred
        self.publish()

    def fence_broker(self, broker: Broker) -> None:
        self.fenced[broker] = True
        self.remove_from_isr(broker)
        if self.leader == broker:
            self.leader = None

    def remove_from_isr(self, broker: Broker) -> None:
        """Without eligible leader replicas the last member stays: the ISR never becomes empty."""
        if self.in_sync[broker] and (self.eligible_leader_replicas or self.isr() != {broker}):
            self.in_sync[broker] = False
            self.eligible[broker] = self.eligible_leader_replicas
            self.forget_eligible()

    def forget_eligible(self) -> None:
        """maybePopulateTargetElr: with min.insync.replicas in the ISR nobody else is needed."""
        if len(self.isr()) >= self.min_insync_replicas:
            for broker in self.assignment:
                self.eligible[broker] = False

    def settle(self, leader: Broker | None, isr: frozenset[Broker]) -> None:
        """Elects if nobody leads, and tells whom it concerns."""
        if self.leader is None:
            self.elect()
            if self.leader is not None or leader is not None:
                self.publish()
            if self.leader is None and leader is not None and self.eligible_leader_replicas:
                self.last_known_leader = leader  # maybeUpdateLastKnownLeader: for the elections to come.
        elif self.isr() != isr:
            self.tell(self.leader)

    def elect(self) -> None:
        """PartitionChangeBuilder.electLeader: from the ISR, else from the ELR, else uncleanly."""
        for broker in self.assignment:
            if self.leader is None and self.is_candidate(broker):
                self.leader = broker
                self.eligible[broker] = False
                self.in_sync[broker] = True
        if self.leader is None and self.last_known_leader is not None and not any(self.eligible.values()):
            if not any(self.in_sync.values()):
                if self.is_alive(self.last_known_leader) or not self.checks_last_known_leader:
                    self.elect_uncleanly(self.last_known_leader)
        for broker in self.assignment:
            if self.leader is None and self.unclean_election and self.is_alive(broker):
                self.elect_uncleanly(broker)

    def elect_uncleanly(self, leader: Broker) -> None:
        self.leader = leader
        for broker in self.assignment:
            self.in_sync[broker] = broker == leader
            self.eligible[broker] = False

    def is_candidate(self, broker: Broker) -> bool:
        """isValidNewLeader"""
        in_reserve = self.eligible[broker] and not any(self.in_sync.values())
        return (self.in_sync[broker] or in_reserve) and self.is_alive(broker)

    def is_alive(self, broker: Broker) -> bool:
        return not self.fenced[broker] and not suspected(self.brokers[broker - 1])

    def publish(self) -> None:
        self.leader_epoch += 1
        for broker in self.assignment:
            self.tell(broker)
        if self.leader is not None:
            self.last_known_leader = None

    def tell(self, broker: Broker) -> None:
        send(self.brokers[broker - 1], PartitionChange(PartitionState(self.leader, self.leader_epoch, self.isr())))

    def isr(self) -> frozenset[Broker]:
        return frozenset(one for one in self.assignment if self.in_sync[one])
