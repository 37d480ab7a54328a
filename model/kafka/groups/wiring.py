"""A pipeline whose applications read in one consumer group and commit offsets on their own: each application's settings
and the shape of its loop become its processes. What does not fit is refused at its line.
"""

from collections.abc import Callable
from typing import Any

from checker.source import Diagnostic, Place, SourceError
from model.kafka import config
from model.kafka.forms import App, Document, Topic, budget, without_meaning

Path = tuple[str | int, ...]
Places = Callable[[Path], Place]

READS = (
    "group.id", "group.instance.id", "group.protocol", "enable.auto.commit", "auto.offset.reset", "max.poll.records",
    "partition.assignment.strategy", "unclean.leader.election.enable",
)  # fmt: skip
WHY_NOT = {
    "isolation.level": "transactions in the input: every record is committed",
    "auto.commit.interval.ms": "time: it may have passed at any poll()",
    "session.timeout.ms": "time: a session ends only while its process is down or paused",
    "max.poll.interval.ms": "time: how often it passes is the fault budget max_poll_interval",
    "retention.ms": "time: how often it passes is the fault budget retention",
    "offsets.retention.minutes": "time: how often it passes is the fault budget offsets_retention",
    "acks": "replication of the output: what is sent has arrived",
}
SWITCHES = {  # What `without` takes away from the coordinator, and from the consumers.
    "generation_check": ("checks_generation", False), "member_epoch_equality": ("accepts_older_epochs", True),
}  # fmt: skip
CONSUMER_SWITCHES = {"position_initialization": ("keeps_positions", True)}
KEYS = {  # What this family makes something of.
    "topic": frozenset({"partitions", "records", "present", "committed", "added_partitions"}),
    "app": frozenset({
        "reads", "writes", "instances", "subscription", "commits", "processing", "workers", "effect", "compares_offset",
        "flushes", "on_exception", "commit_every", "commits_on_revocation", "waits_for_worker", "failed_commit",
        "client", "client_version", "stores_offset", "consumer", "producer",
    }),
    "faults": frozenset({
        "crash", "pause", "lose", "duplicate", "delay", "processing_failure", "max_poll_interval", "retention",
        "offset_commit_error", "offsets_retention", "reset_duration",
    }),
    "document": frozenset({"version", "topics", "apps", "brokers", "features", "without", "faults", "check"}),
}  # fmt: skip
EFFECTS = {"call": "CALL", "keyed_call": "UPSERT", "upsert": "UPSERT", "store_with_offset": "STORE_WITH_OFFSET"}


def java_by_version(version: str) -> dict[str, Any]:
    """What a release of the Java consumer changed, as wiring of ``Consumer``."""
    # KAFKA-13310 (3.2) made the commit before a rebalance asynchronous, KAFKA-14196 (3.4) stopped fetching meanwhile.
    return {"fetches_while_revoking": config.at_least(version, "3.2") and not config.at_least(version, "3.4")}


def coordinator_by_version(version: str) -> dict[str, Any]:
    """What a release changed in the coordinator of KIP-848's groups, as wiring of ``GroupCoordinator``."""
    return {
        # CurrentAssignmentBuilder gave partitions back to a member that had still to revoke them, until 4.0 waits.
        "reassigns_while_revoking": not config.at_least(version, "4.0"),
        "keeps_partition_epochs": config.at_least(version, "3.8"),  # KAFKA-16147
    }


def auto_commits(app: App, version: str, protocol: str) -> str | None:
    """Where the client commits by itself; None where nobody has looked at that client."""
    if app.client != "java":
        return "STORED"
    if protocol == "consumer" and not config.at_least(version, "4.1"):
        # KAFKA-18641 was merged to trunk in February 2025, before 4.1; whether 4.0.0 has it is not known here.
        return "AFTER_POLL_EVENT" if not config.at_least(version, "4.0") else None
    return "IN_POLL"


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
        self.readers = {name: app for name, app in document.apps.items() if app.reads is not None}
        self.settings = {
            name: {one.name: one.value for one in config.effective("consumer", document.version, app.consumer).values()}
            for name, app in self.readers.items()
        }
        self.judge()

    def report(self, slug: str, message: str, path: Path, help: str = "") -> None:
        self.diagnostics.append(Diagnostic(slug, message, self.place(path), help=help))

    @property
    def topic(self) -> str:
        return next(app.reads or "" for app in self.readers.values())

    @property
    def input(self) -> Topic:
        return self.document.topics[self.topic]

    def judge(self) -> None:
        document = self.document
        for unread in without_meaning(document, KEYS):
            self.report("not-modelled", f"{unread[-1]} means nothing to applications in a group", unread)
        for i, mechanism in enumerate(document.without):
            if mechanism not in SWITCHES and mechanism not in CONSUMER_SWITCHES:
                self.report("not-modelled", f"there is no {mechanism} in a group", ("without", i))
        for name, app in document.apps.items():
            path: Path = ("apps", name)
            if app.reads is None:
                self.report("pipeline-shape", f"{name} reads nothing", path, "each application here reads one topic")
            for key, topic in (("reads", app.reads), ("writes", app.writes)):
                if topic is not None and topic not in document.topics:
                    known = f"topics: {', '.join(document.topics)}"
                    self.report("unknown-topic", f"there is no topic {topic}", (*path, key), known)
        if self.diagnostics:
            return
        if len({app.reads for app in self.readers.values()}) > 1:
            self.report("pipeline-shape", "the applications read different topics", ("apps",), "one input topic")
        if self.input.records is None:
            self.report("pipeline-shape", f"{self.topic} needs `records`", ("topics", self.topic))
        if self.input.partitions > 2:
            self.report("pipeline-shape", "at most two partitions", ("topics", self.topic, "partitions"))
        if len({settings["group.id"] for settings in self.settings.values()}) > 1:
            self.report("pipeline-shape", "the applications are in different groups", ("apps",), "one group.id")
        for kind in ("crash", "pause", "lose", "duplicate", "delay"):
            if isinstance(getattr(document.faults, kind), int) and getattr(document.faults, kind) > 0:
                help = "a mapping, such as `crash: {billing: 1}` or `lose: {OffsetCommitRequest: 1}`"
                self.report("budget-without-target", f"{kind} needs to say of what", ("faults", kind), help)
        if document.faults.reset_duration and not any(self.resets_by_duration(name) for name in self.readers):
            text = "reset_duration means something for auto.offset.reset=by_duration only"
            self.report("not-modelled", text, ("faults", "reset_duration"))
        for name, app in self.readers.items():
            self.judge_app(name, app)

    def judge_app(self, name: str, app: App) -> None:
        path: Path = ("apps", name)
        settings = self.settings[name]
        if settings["group.id"] in (None, "") and app.effect != "store_with_offset":
            self.report("no-group", f"{name} has no group.id: it can neither subscribe nor commit", (*path, "consumer"))
        if self.resets_by_duration(name) and app.client != "java":
            at = (*path, "consumer", "auto.offset.reset")
            self.report("unknown-behaviour", f"{app.client} has no by_duration", at, "KIP-1106 is in the Java client")
        if settings["enable.auto.commit"] and self.auto_commit(name, app) is None:
            text = "whether 4.0 has the fix of KAFKA-18641 is not known here, nor what its auto-commit commits"
            help = "version 3.9 (without the fix) or 4.1 (with it)"
            self.report("unknown-behaviour", text, (*path, "consumer", "group.protocol"), help)
        parts = (app.client_version or "").split(".")
        if app.client == "librdkafka" and not (len(parts) > 1 and all(one.isdecimal() for one in parts)):
            help = "write `client_version: 2.3.0`"
            self.report("unknown-behaviour", "librdkafka of which version?", (*path, "client"), help)
        if app.processing == "worker" and app.effect != "call":
            self.report("not-modelled", "a worker's effect is a call", (*path, "effect"))
        if self.protocol == "consumer" and self.input.added_partitions:
            at = (*path, "consumer", "group.protocol")
            self.report("not-modelled", "added partitions need group.protocol=classic", at)
        if settings.get("group.instance.id"):
            at = (*path, "consumer", "group.instance.id")
            late = self.times(self.document.faults.max_poll_interval, f"{name}-1")
            if late and self.protocol == "classic":
                self.report("not-modelled", "a static member that polls late needs group.protocol=consumer", at)
            if self.document.faults.delay:
                text = "late requests of a static member are not modelled: all its processes have one member id here"
                self.report("not-modelled", text, at)
        if app.failed_commit == "resend" and self.input.partitions > 1:
            self.report("not-modelled", "resending a failed commit needs one partition", (*path, "failed_commit"))

    def resets_by_duration(self, name: str) -> bool:
        return str(self.settings[name]["auto.offset.reset"]).startswith("by_duration")

    def auto_commit(self, name: str, app: App) -> str | None:
        return auto_commits(app, self.document.version, self.settings[name].get("group.protocol", "classic"))

    # --- The wired form ---

    def wired(self) -> dict[str, Any]:
        document, faults = self.document, self.document.faults
        records = self.input.records or 0
        instances = sum(app.instances for app in self.readers.values())
        return {
            "constants": {
                "records": records, "partitions": self.input.partitions, "instances": instances,
                "generations": self.generations(), "connections": self.connections(),
            },
            "actors": self.actors(),
            "network": {"kind": "fifo", "capacity": 6, "links": []},
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
        }  # fmt: skip

    def names(self) -> list[str]:
        return [f"{name}-{i + 1}" for name, app in self.readers.items() for i in range(app.instances)]

    def times(self, given: Any, process: str) -> int:
        return max(budget(given, process), budget(given, process.rpartition("-")[0]))

    def connections(self) -> int:
        """One for each process, each coordinator, and each join that was given up while the process stood still."""
        faults = self.document.faults
        most = max(
            self.times(faults.crash, one)
            + 2 * self.times(faults.pause, one)
            + self.times(faults.max_poll_interval, one)
            for one in self.names()
        )
        return 1 + most + budget(faults.crash, "group_coordinator")

    @property
    def protocol(self) -> str:
        found = {settings.get("group.protocol", "classic") for settings in self.settings.values()}
        return "consumer" if "consumer" in found else "classic"

    def is_cooperative(self) -> bool:
        """RangeAssignor beside it wins: the protocol is what all assignors of the list have in common."""
        given = [settings["partition.assignment.strategy"] for settings in self.settings.values()]
        lists = [one.split(",") if isinstance(one, str) else one for one in given]
        return all(len(one) == 1 and one[0].strip().endswith("CooperativeStickyAssignor") for one in lists)

    def instance_ids(self) -> list[str]:
        found = {settings.get("group.instance.id"): None for settings in self.settings.values()}
        return [one for one in found if one is not None]

    def generations(self) -> int:
        """Each start, and each time that a process drops out, costs one; its way back another."""
        faults = self.document.faults
        found = len(self.names()) + self.input.added_partitions * len(self.names())
        for process in self.names():
            for given in (faults.crash, faults.pause, faults.max_poll_interval):
                found += 4 * self.times(given, process)
            found += 2 * faults.processing_failure
        found += self.input.added_partitions
        found *= 1 + self.is_cooperative()  # What moves is nobody's for one generation.
        return found + 3 * budget(faults.crash, "group_coordinator")

    def actors(self) -> dict[str, Any]:
        document, topic = self.document, self.input
        at_start = topic.partitions - topic.added_partitions
        leaders = [f"{self.topic}-{i}" for i in range(topic.partitions)]
        actors: dict[str, Any] = {}
        for name, app in self.readers.items():
            actors[name] = {
                "is": "Consumer", "count": app.instances, "coordinator": "group_coordinator", "leaders": leaders,
                "store": "store", "partitions_at_start": at_start, **self.consumer(name, app),
            }  # fmt: skip
        actors["group_coordinator"] = {
            "is": "GroupCoordinator", "consumers": self.names(), "partitions_at_start": at_start,
            "protocol": self.protocol.upper(), "cooperative": self.is_cooperative(),
            **coordinator_by_version(document.version),
            "expirations": document.faults.offsets_retention, "committed_before": topic.committed or [],
            "commit_errors": document.faults.offset_commit_error,
            "unclean": document.brokers.get("unclean.leader.election.enable", False),
            **dict(SWITCHES[one] for one in document.without if one in SWITCHES),
            "notes_denials": self.is_checked("reset_only_when_needed"),
        }  # fmt: skip
        for i, leader in enumerate(leaders):
            added = i >= at_start
            present = topic.records if topic.present is None else topic.present
            actors[leader] = {
                "is": "InputPartition", "partition": i, "records": "records", "initial": 0 if added else present,
                "deletions": document.faults.retention, "added_later": added, "consumers": self.names(),
                "agings": document.faults.reset_duration,
            }  # fmt: skip
        apps = self.readers.values()
        actors["store"] = {
            "is": "ExternalStore", "keeps_offset": any(app.effect == "store_with_offset" for app in apps),
            "compares_offset": any(app.compares_offset for app in apps),
            "knows_keys": any(app.effect == "keyed_call" for app in apps),
        }  # fmt: skip
        return actors

    def consumer(self, name: str, app: App) -> dict[str, Any]:
        settings, faults = self.settings[name], self.document.faults
        instance = settings.get("group.instance.id")
        automatic = self.auto_commit(name, app) if settings["enable.auto.commit"] else None
        wired = {
            "max_poll_records": min(settings["max.poll.records"], self.input.records or 0),
            **({} if instance is None else {"instance": self.instance_ids().index(instance)}),
            "consumer_protocol": self.protocol == "consumer",
            "cooperative": self.is_cooperative(),
            "subscribes": app.subscription != "assign",
            "auto_commit": automatic or "OFF",
            "commits": {"never": "NOTHING", "sync": "SYNC", "async": "ASYNC"}[app.commits],
            "waits_for_worker": app.waits_for_worker,
            "commits_on_revocation": app.commits_on_revocation,
            "resends_failed_commit": app.failed_commit == "resend",
            "stores_on_delivery": app.stores_offset == "on_delivery",
            "processing": app.processing.upper(),
            "workers": app.workers,
            "stores_contiguous": app.stores_offset == "contiguous",
            "effect": "PRODUCE" if app.writes is not None else EFFECTS[app.effect],
            "flushes": app.flushes,
            "on_error": app.on_exception.upper(),
            "reset": "BY_DURATION" if self.resets_by_duration(name) else str(settings["auto.offset.reset"]).upper(),
            "failures": faults.processing_failure,
            "late_polls": [self.times(faults.max_poll_interval, f"{name}-{i + 1}") for i in range(app.instances)],
            "commit_every": app.commit_every,
            "notes_starts": self.is_checked("delivery_from_commit") or self.is_checked("no_gap"),
            **dict(CONSUMER_SWITCHES[one] for one in self.document.without if one in CONSUMER_SWITCHES),
        }
        if app.client == "java":
            wired |= java_by_version(self.document.version)
        else:
            wired["max_poll_records"] = 1  # One message a call.
            if app.client == "librdkafka":
                wired["keeps_stored_offsets"] = tuple(map(int, (app.client_version or "").split("."))) < (1, 9)
        return wired

    def is_checked(self, name: str) -> bool:
        check = self.document.check
        return any(one == name or one == {name: self.topic} for one in (*check.always, *check.sometimes, *check.final))

    def predicate(self, given: Any, path: Path) -> Any:
        """`no_loss: orders` names what there is only one of."""
        if not isinstance(given, dict) or len(given) != 1:
            return given
        name, argument = next(iter(given.items()))
        if not isinstance(argument, str):
            return given
        if argument != self.topic:
            help = f"write `{name}: {self.topic}`"
            self.report("unknown-stream", f"{name} is about {self.topic}, not {argument}", path, help)
            raise SourceError(self.diagnostics)
        return name

    def not_modelled(self) -> list[str]:
        document = self.document
        given: dict[config.Kind, list[str]] = {
            "consumer": [name for app in self.readers.values() for name in app.consumer],
            "producer": [name for app in self.readers.values() for name in app.producer],
            "broker": list(document.brokers),
            "topic": [name for topic in document.topics.values() for name in topic.settings],
        }
        said = config.not_read(given, READS, WHY_NOT)
        if any(self.resets_by_duration(name) for name in self.readers):
            said.append("the length of by_duration: how often it passes is the fault budget reset_duration")
        if any(app.client == "0.8" for app in self.readers.values()):
            said.append("ZooKeeper: the group coordinator stands for it, and fences where it did not")
        return [*said, "brokers of the input that fail, and replicas", "transactions in the input"]
