"""A pipeline in which one application writes one topic. Which grain the topic's partitions have follows from the spec:
one log each as long as no broker can fail and no leader change is asked for, else a log for each replica.
"""

from collections.abc import Callable
from typing import Any

from checker.nearest import suggestion
from checker.source import Diagnostic, Place, SourceError
from model.kafka import config
from model.kafka.forms import Document, budget, without_meaning
from model.kafka.replication import protocol

Path = tuple[str | int, ...]
Places = Callable[[Path], Place]

READS = (
    "acks", "enable.idempotence", "retries", "max.in.flight.requests.per.connection", "replication.factor",
    "default.replication.factor", "min.insync.replicas", "unclean.leader.election.enable",
    "eligible.leader.replicas.version", "cleanup.policy", "log.cleanup.policy",
)  # fmt: skip
WHY_NOT = {
    "delivery.timeout.ms": "time: how often it passes is the fault budget delivery_timeout",
    "request.timeout.ms": "time: it passes when nothing is on its way between client and broker",
    "linger.ms": "batching: a batch is one record",
    "delete.retention.ms": "time: when a cleaner runs, it has passed for a tombstone or not",
    "replica.lag.time.max.ms": "time: a follower lags only while it stands still or is down",
    "auto.leader.rebalance.enable": "time: how often it acts is the fault budget preferred_election",
    "log.flush.interval.messages": "flushing: nothing is flushed, and a power loss may take any end of a log",
}
LOOK_BACK = {  # Guarantees that read History.
    "replica": ("committed_is_kept", "reads_agree", "acknowledged_by_min_isr"),
    "copies": ("duplicates_are_copies", "a_copy_is_recognised"),
    "producer": ("no_phantom", "refused_is_absent"),
}  # fmt: skip
WHOLE = (  # Guarantees of logs from which nothing is removed.
    "no_loss", "all_or_nothing", "no_gaps", "acknowledged_on_all_replicas",
)  # fmt: skip
KEYED = ("latest_value", "a_tombstone_is_removed")
QUEUES = ("integrity", "no_phantom")  # Guarantees about what a request holds when it leaves the client.
REACTIONS = {
    "give up": "GIVE_UP", "resend": "RESEND", "resend elsewhere": "RESEND_ELSEWHERE", "restart": "RESTART",
}  # fmt: skip


KEYS = {  # What this family makes something of.
    "document": frozenset({
        "version", "topics", "apps", "brokers", "features", "without", "fixes", "grain", "faults", "check",
    }),
    "topic": frozenset({"partitions", "assignment", "created"}),
    "app": frozenset({
        "writes", "records", "on_failed_send", "client", "client_version", "producer", "keys", "deletes",
    }),
    "faults": frozenset({
        "crash", "pause", "lose", "duplicate", "delay", "delivery_timeout", "retention", "power_loss",
        "session_timeout", "replica_lag", "preferred_election", "producer_state_expiry", "authorization_failure",
        "unknown_topic", "cleaning",
    }),
}  # fmt: skip


def expand(document: Document, place: Places) -> dict[str, Any]:
    """The wired form: actors, constants, network, faults, check."""
    wiring = _Wiring(document, place)
    if wiring.diagnostics:
        raise SourceError(wiring.diagnostics)
    return wiring.wired()


class _Wiring:
    def __init__(self, document: Document, place: Places) -> None:
        self.document, self.place = document, place
        self.diagnostics: list[Diagnostic] = []
        self.judge()

    def report(self, slug: str, message: str, path: Path, help: str = "") -> None:
        self.diagnostics.append(Diagnostic(slug, message, self.place(path), help=help))

    def judge(self) -> None:
        document = self.document
        for unread in without_meaning(document, KEYS):
            self.report("not-modelled", f"{unread[-1]} means nothing to applications that only write", unread)
        for key, given, known in (
            ("without", document.without, protocol.MECHANISMS),
            ("fixes", document.fixes, protocol.FIXES),
        ):
            for i, mechanism in enumerate(given):
                if mechanism not in known:
                    self.report("not-modelled", f"there is no {mechanism} where applications only write", (key, i))
        if len(document.apps) != 1 or len(document.topics) != 1:
            self.report("pipeline-shape", "one application writes one topic", ("apps",))
            return
        (self.name, self.app), (self.topic_name, self.topic) = (
            next(iter(document.apps.items())), next(iter(document.topics.items())),
        )  # fmt: skip
        if self.app.writes not in document.topics:
            help = f"topics: {', '.join(document.topics)}"
            self.report("unknown-topic", f"there is no topic {self.app.writes}", ("apps", self.name, "writes"), help)
        if self.app.records is None:
            self.report("pipeline-shape", f"{self.name} needs `records`: how many it writes", ("apps", self.name))
        has = config.effective("topic", document.version, self.topic.settings, document.brokers)
        self.replicas = has["replication.factor"].value or 1
        self.least = min(has["min.insync.replicas"].value, self.replicas)
        self.unclean = has["unclean.leader.election.enable"].value
        self.producer = {
            name: one.value for name, one in config.effective("producer", document.version, self.app.producer).items()
        }
        if self.replicas > 3:
            path: Path = ("topics", self.topic_name, "replication.factor")
            self.report("too-many-replicas", "at most 3 replicas are modelled", path)
        self.brokers = [f"broker-{i}" for i in range(1, self.replicas + 1)]
        faults = document.faults
        for kind in ("crash", "pause", "power_loss", "session_timeout", "replica_lag", "cleaning"):
            given = getattr(faults, kind)
            for target in given if isinstance(given, dict) else ():
                if target not in (*self.brokers, self.name):
                    help = suggestion(target, [*self.brokers, self.name], "targets")
                    self.report("fault-target", f"there is no {target} here", ("faults", kind, target), help)
        for target in faults.pause if isinstance(faults.pause, dict) else ():
            if target in self.brokers:
                help = "session_timeout: a broker that stands still until it is fenced"
                self.report("fault-target", f"pause of {target}", ("faults", "pause", target), help)
        self.cleanings = self.by_broker(faults.cleaning, self.brokers)
        self.judge_compaction("compact" in has["cleanup.policy"].value)
        # Each replica has a cleaner.
        self.per_replica = document.grain == "replicas" or self.can_brokers_fail() or any(self.cleanings)
        if document.grain == "log" and self.can_brokers_fail():
            help = "leave `grain` out, or the fault of the broker"
            self.report("grain", "one log cannot stand for replicas whose brokers fail", ("grain",), help)
        elif document.grain == "log" and any(self.cleanings):
            self.report("grain", "one log cannot stand for replicas that are cleaned one by one", ("grain",))
        lossy = [one for one in ("lose", "delay") if self.hits(getattr(faults, one)) > 0]
        doubles = self.producer["acks"] == "all" and not self.producer["enable.idempotence"]
        doubles = doubles and (self.producer["retries"] > 0 or self.reaction() != "GIVE_UP")
        if self.per_replica and lossy and doubles:
            # Until the followers have it, the client may time out and write it again, any number of times: no log is
            # long enough. With idempotence the leader knows the copy; with other acks it answers at once.
            help = "enable.idempotence: true, other acks, no retries, or no fault of a broker and no `grain: replicas`"
            message = "a record that is sent again while followers lag is appended without bound"
            self.report("unbounded-log", f"{lossy[0]} with acks=all: {message}", ("faults", lossy[0]), help)
        if self.asks(QUEUES) and (self.producer["acks"] == "0" or self.reaction() != "GIVE_UP"):
            help = "acks: 1 or all, and on_failed_send: give up"
            message = "what a request holds when it leaves the client is followed for its first batch only"
            self.report("not-modelled", message, ("apps", self.name), help)
        if self.per_replica and self.topic.partitions > 1:
            path = ("topics", self.topic_name, "partitions")
            self.report("pipeline-shape", "with replicas of their own, one partition is modelled", path)
        if self.topic.assignment and sorted(self.topic.assignment) != list(range(1, self.replicas + 1)):
            path = ("topics", self.topic_name, "assignment")
            self.report("assignment", f"assignment names each broker from 1 to {self.replicas} once", path)

    def judge_compaction(self, compacts: bool) -> None:
        faults: Path = ("faults", "cleaning")
        app: Path = ("apps", self.name)
        if not any(self.cleanings):
            for name in ("keys", "deletes"):
                if getattr(self.app, name):
                    self.report("compaction", f"`{name}` means nothing where no cleaner runs", (*app, name))
            if self.asks(KEYED):
                message = "a guarantee about keys, and no cleaner runs"
                self.report("compaction", message, ("check",), "faults: {cleaning: 2}")
            return
        if not compacts:
            help = "cleanup.policy: [compact]"
            self.report("compaction", f"{self.topic_name} is not compacted", faults, help)
        if max(self.cleanings) > 2:
            self.report("compaction", "a log cleaner runs twice at most", faults)
        if len(self.app.keys) != (self.app.records or 0):
            message = "each record of a compacted topic has a key: INVALID_RECORD otherwise"
            self.report("compaction", message, app, f"keys: [{', '.join(['a'] * (self.app.records or 1))}]")
        for one in self.app.deletes:
            if one not in range(self.app.records or 0):
                self.report("compaction", f"there is no record {one}", (*app, "deletes"))
        if self.producer["enable.idempotence"]:
            message = "what compaction leaves of a producer's state"
            self.report("not-modelled", message, app, "producer: {enable.idempotence: false}")
        for name in WHOLE:
            if self.asks((name,)):
                self.report("compaction", f"{name} is about logs from which nothing is removed", ("check",), KEYED[0])

    def can_brokers_fail(self) -> bool:
        faults = self.document.faults
        every = (faults.crash, faults.pause, faults.power_loss, faults.session_timeout, faults.replica_lag)
        return faults.preferred_election > 0 or any(budget(given, one) > 0 for given in every for one in self.brokers)

    # --- Constants ----------------------------------------------------------------------------------------------------

    def wired(self) -> dict[str, Any]:
        document, faults = self.document, self.document.faults
        records = self.app.records or 1
        crashes = sum(budget(faults.crash, one) for one in self.brokers) if self.per_replica else 0
        slow = (faults.pause, faults.session_timeout, faults.replica_lag)
        pauses = sum(budget(given, one) for given in slow for one in self.brokers) if self.per_replica else 0
        restarts = budget(faults.crash, self.name)
        lost = sum(self.hits(given) for given in (faults.lose, faults.delay, faults.duplicate))
        trouble = crashes + pauses + lost + faults.delivery_timeout + faults.producer_state_expiry + faults.retention
        trouble += faults.authorization_failure
        constants = {
            "records": records, "partitions": self.topic.partitions,
            "replicas": self.replicas if self.per_replica else 1,
            "targets": self.replicas if self.per_replica else self.topic.partitions,
            "leader_epochs": 1 + 2 * crashes + 2 * pauses + faults.preferred_election if self.per_replica else 1,
            "log": records * 2 + min(trouble + restarts, 4), "attempts": 2 + min(trouble + restarts, 4),
            "producer_ids": restarts + (0 if self.switches()["producer"]["bumps_epoch"] else 2)
            + (self.reaction() == "RESTART") * 2,
            "compaction": 2 if any(self.cleanings) else 0,
            "producer_epochs": 1 + min(trouble + restarts, 3) if self.producer["enable.idempotence"] else 0,
        }  # fmt: skip
        constants["holes"] = constants["log"] if any(self.cleanings) else 0
        return {
            "constants": constants,
            "actors": self.actors(),
            "network": self.network(2 + records + trouble),
            "faults": {
                kind: given
                for kind in ("crash", "pause", "lose", "duplicate", "delay")
                if (given := getattr(faults, kind)) != 0
            },
            "check": {
                part: [self.predicate(one, ("check", part, i)) for i, one in enumerate(getattr(document.check, part))]
                for part in ("always", "sometimes", "final")
            },
            "not_modelled": self.not_modelled(),
        }

    def hits(self, given: Any) -> int:
        return sum(budget(given, one) for one in given) if isinstance(given, dict) else budget(given, "")

    def reaction(self) -> str:
        return REACTIONS[self.app.on_failed_send]

    def switches(self) -> dict[str, dict[str, Any]]:
        return protocol.switches(self.document.version, list(self.document.fixes), list(self.document.without))

    # --- Actors -------------------------------------------------------------------------------------------------------

    def actors(self) -> dict[str, Any]:
        if self.per_replica:
            return {
                self.name: self.client(self.brokers), **self.replicated(self.brokers),
                "controller": self.controller(self.brokers),
            }  # fmt: skip
        logs = [f"{self.topic_name}-{i}" for i in range(self.topic.partitions)]
        return {
            self.name: self.client(logs),
            **{one: self.replica([one], 1) | {"partition": i} for i, one in enumerate(logs)},
            "controller": self.controller(logs[:1]) | {"assignment": [1]},  # It has nothing to do.
        }

    def client(self, brokers: list[str]) -> dict[str, Any]:
        faults, settings = self.document.faults, self.producer
        acks = {"0": "NONE", "1": "LEADER", "all": "ALL"}[settings["acks"]]
        return {
            "is": "Producer", "brokers": brokers, "replicas": "replicas", "records": "records",
            "partitions": "partitions", "attempts": "attempts", "acks": acks,
            "idempotent": settings["enable.idempotence"],
            "retries": settings["retries"] > 0,
            "max_in_flight": min(settings["max.in.flight.requests.per.connection"], 5),
            "times_out": self.times_out(),
            "reaction": self.reaction(), "delivery_timeouts": faults.delivery_timeout,
            "unknown_topics": faults.unknown_topic, "forgets_sequences": self.is_old_librdkafka(),
            "queues_requests": self.asks(QUEUES), "looks_back": self.asks(LOOK_BACK["producer"]),
            **self.switches()["producer"],
        }  # fmt: skip

    def pipelines(self) -> bool:
        most: int = self.producer["max.in.flight.requests.per.connection"]
        return min(most, self.app.records or 1) > 1

    def times_out(self) -> bool:
        """With acks=all the leader may have nothing on its way because it waits for followers."""
        loses = self.hits(self.document.faults.lose) + self.hits(self.document.faults.delay) > 0
        waits: bool = self.producer["acks"] == "all"
        return loses or not self.per_replica or not waits

    def is_old_librdkafka(self) -> bool:
        """Before 1.9.0 a topic that the metadata lack takes its sequences with it (librdkafka's CHANGELOG)."""
        version = (self.app.client_version or "2.0").split(".")
        return self.app.client == "librdkafka" and [int(one) for one in version[:2]] < [1, 9]

    def replicated(self, brokers: list[str]) -> dict[str, Any]:
        # A client that times out whenever nothing is on its way need not be told that a connection is gone.
        clients = {"clients": [] if self.times_out() else [self.name], "controller": "controller"}
        losses = self.document.faults.power_loss
        return {
            one: self.replica(brokers, i)
            | clients
            | self.cleaner(i)
            | {
                "tails_to_lose": budget(losses, one),
                "partition": 0,
            }
            for i, one in enumerate(brokers, start=1)
        }

    def by_broker(self, given: Any, brokers: list[str]) -> list[int]:
        return [budget(given, one) for one in brokers]

    def replica(self, peers: list[str], broker: int) -> dict[str, Any]:
        faults = self.document.faults
        return {
            "is": "Replica", "broker": broker, "peers": peers,
            "assigned": list(range(1, len(peers) + 1)),
            "min_insync_replicas": self.least if self.per_replica else 1,
            "replica_lags": self.by_broker(faults.replica_lag, peers),
            "connections_break": self.pipelines() and self.hits(faults.lose) + self.hits(faults.delay) > 0,
            "takes_snapshots": self.per_replica and self.producer["enable.idempotence"],
            "starts_unready": self.topic.created == "on first use", "expirations": faults.producer_state_expiry,
            "retentions": faults.retention,
            "refusals": faults.authorization_failure, "looks_back": self.asks(LOOK_BACK["replica"]),
            "notes_copies": self.asks(LOOK_BACK["copies"]), **self.switches()["replica"],
        }  # fmt: skip

    def cleaner(self, broker: int) -> dict[str, Any]:
        if not any(self.cleanings):
            return {}
        return {
            "cleanings": self.cleanings[broker - 1],
            "keys": [self.app.keys.index(one) for one in self.app.keys],
            "tombstones": [one in self.app.deletes for one in range(len(self.app.keys))],
        }

    def asks(self, names: tuple[str, ...]) -> bool:
        asked = [one for part in ("always", "sometimes", "final") for one in getattr(self.document.check, part)]
        return any((next(iter(one)) if isinstance(one, dict) else one) in names for one in asked)

    def controller(self, brokers: list[str]) -> dict[str, Any]:
        feature = "eligible.leader.replicas.version"
        level = config.effective("feature", self.document.version, self.document.features).get(feature)
        return {
            "is": "Controller", "brokers": brokers,
            "assignment": self.topic.assignment or list(range(1, self.replicas + 1)),
            "min_insync_replicas": self.least, "unclean_election": self.unclean,
            "session_timeouts": self.by_broker(self.document.faults.session_timeout, brokers),
            "preferred_elections": self.document.faults.preferred_election,
            **self.switches()["controller"], "eligible_leader_replicas": level is not None and level.value > 0,
        }  # fmt: skip

    def network(self, capacity: int) -> dict[str, Any]:
        links: list[dict[str, Any]] = []
        if self.per_replica:  # Replicas and controller repeat what is lost until it arrives.
            every = [*self.brokers, "controller"]
            links = [{"from": one, "to": other, "reliable": True} for one in every for other in every if one != other]
        return {"kind": "fifo", "capacity": capacity, "links": links}

    # --- Words --------------------------------------------------------------------------------------------------------

    def predicate(self, given: Any, path: Path) -> Any:
        """`no_loss: orders` names what there is only one of."""
        if not isinstance(given, dict) or len(given) != 1:
            return given
        name, argument = next(iter(given.items()))
        if not isinstance(argument, str):
            return given
        if argument not in (self.topic_name, self.name):
            help = f"write `{name}: {self.topic_name}`"
            self.report("unknown-stream", f"{name} is about {self.topic_name}, not {argument}", path, help)
            raise SourceError(self.diagnostics)
        return name

    def not_modelled(self) -> list[str]:
        document = self.document
        given: dict[config.Kind, list[str]] = {
            "producer": list(self.app.producer), "broker": list(document.brokers), "topic": list(self.topic.settings),
        }  # fmt: skip
        said = config.not_read(given, READS, WHY_NOT)
        if not self.per_replica:
            said.append(f"replicas: one log stands for all replicas of {self.topic_name}, for no broker can fail")
        return said
