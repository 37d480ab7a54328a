"""What the settings of a job and its connectors decide: the wiring of its job manager and of its tasks.

``Chain`` is one source and one sink, ``Job`` a job with its chains. What a builder, a broker or Flink would refuse is
reported at its line; what they silently override is overridden here, with the class that does it.
"""

from collections.abc import Callable, Iterable
from typing import Any

from checker.nearest import listed, suggestion
from checker.source import Diagnostic, Place
from model.flink import config, protocol
from model.flink.config import CP, Setting, at_least
from model.flink.forms import Connector, Document, Region, budget_of
from model.flink.forms import Job as JobForm
from model.kafka import config as kafka

Path = tuple[str | int, ...]
Places = Callable[[Path], Place]

STREAMING_SINKS = ("FlinkKafkaProducer", "KafkaSink", "kafka table")
CLIENT_READS = ("group.id", "auto.offset.reset", "enable.auto.commit", "isolation.level", "transaction.timeout.ms")
START = {
    "GroupOffsets": ("GROUP_OFFSETS", None), "Earliest": ("EARLIEST", None), "Latest": ("LATEST", None),
    "earliest": ("EARLIEST", "EARLIEST"), "latest": ("LATEST", "LATEST"),
    "committedOffsets": ("GROUP_OFFSETS", "NONE"), "committedOffsets(EARLIEST)": ("GROUP_OFFSETS", "EARLIEST"),
    "committedOffsets(LATEST)": ("GROUP_OFFSETS", "LATEST"),
    "group-offsets": ("GROUP_OFFSETS", None), "earliest-offset": ("EARLIEST", "EARLIEST"),
    "latest-offset": ("LATEST", "LATEST"),
}  # fmt: skip
LIMITS = {
    "fixed-delay": "fixed-delay.attempts", "failure-rate": "failure-rate.max-failures-per-interval",
    "exponential-delay": "exponential-delay.attempts-before-reset-backoff",
}  # fmt: skip
COMMANDS = {
    "run": "RUN", "run -p 1": "RUN_WITH_ONE", "run -s checkpoint": "RUN_FROM_CHECKPOINT",
    "run -s savepoint": "RUN_FROM_SAVEPOINT", "cancel": "CANCEL", "savepoint": "SAVEPOINT", "stop": "STOP",
}  # fmt: skip


class Chain:
    """One source and one sink: their effective settings, and the wiring of the tasks that run them."""

    def __init__(self, job: "Job", region: Region, path: Path) -> None:
        self.job, self.path = job, path
        self.source, self.sink = region.source, region.sink
        self.source_own: dict[str, Setting] = {}
        self.sink_own: dict[str, Setting] = {}
        self.consumer: dict[str, Setting] = {}
        self.producer: dict[str, Setting] = {}

    def judge(self) -> None:
        if self.sink.topic is not None and self.sink.is_ in config.NO_TOPIC:
            self.job.report("no-topic", f"{self.sink.is_} writes to no topic", (*self.path, "sink", "topic"))
        self.source_own, self.consumer = self.judge_one(self.source, "source", config.SOURCES, "consumer")
        self.sink_own, self.producer = self.judge_one(self.sink, "sink", config.SINKS, "producer")
        if not self.job.diagnostics:
            self.override()
            self.refuse()

    def judge_one(
        self, one: Connector, role: str, known: Iterable[str], client: kafka.Kind
    ) -> tuple[dict[str, Setting], dict[str, Setting]]:
        job, path = self.job, (*self.path, role)
        if one.is_ not in known:
            help = suggestion(one.is_, known, f"{role}s")
            job.report("unknown-connector", f"there is no {role} {one.is_}", (*path, "is"), help)
            return {}, {}
        since, until = config.EXISTS.get(one.is_, ("1.3", ""))
        if not at_least(job.version, since) or (until and not at_least(until, config.line(job.version))):
            text = f"exists since {since}" if not at_least(job.version, since) else f"existed until {until}"
            job.report("setting-version", f"{one.is_} {text}, so not in Flink {job.version}", (*path, "is"))
            return {}, {}
        kind = config.kind_of(one.is_, role)
        own, given = config.split(kind, client, one.settings)
        job.diagnostics += config.judge(
            kind, job.version, own, job.place, path, kafka.TABLE[client] if one.topic else ()
        )
        job.diagnostics += kafka.judge(client, job.kafka_version, given, job.place, path)
        if one.topic is None and one.is_ not in ("socket", *config.NO_TOPIC):
            job.report("no-topic", f"{one.is_} needs a topic", path)
        elif one.topic is not None and one.topic not in job.document.topics:
            help = f"topics: {listed(job.document.topics)}"
            job.report("unknown-topic", f"there is no topic {one.topic}", (*path, "topic"), help)
        if job.diagnostics:
            return {}, {}
        found = {
            name: Setting(name, each.value, each.origin, each.rule)
            for name, each in kafka.effective(client, job.kafka_version, given).items()
            if name in CLIENT_READS and one.topic is not None
        }
        return config.effective(kind, job.version, own), found

    def override(self) -> None:
        """What a connector makes of the client's settings."""
        kind, checkpointing = self.source.is_, self.job.checkpointing
        auto = self.consumer.get("enable.auto.commit")
        reset = self.consumer["auto.offset.reset"] if self.consumer else None
        if auto is None or reset is None:
            return
        if kind == "FlinkKafkaConsumer":
            if checkpointing or not self.commits_on_checkpoints_asked():
                rule = "FlinkKafkaConsumerBase.adjustAutoCommitConfig, OffsetCommitModes.fromConfiguration"
                if checkpointing:
                    self.consumer["enable.auto.commit"] = Setting(auto.name, False, "overridden", rule)
        else:
            if auto.origin != "given":
                rule = "KafkaSourceBuilder.parseAndSetRequiredProperties, FLINK-20114"
                self.consumer["enable.auto.commit"] = Setting(auto.name, False, "overridden", rule)
            strategy = START[self.start_word()][1]
            if strategy is not None:
                rule = "KafkaSourceBuilder: the strategy of the OffsetsInitializer"
                self.consumer["auto.offset.reset"] = Setting(reset.name, strategy.lower(), "overridden", rule)
            elif reset.origin != "given":
                rule = "KafkaDynamicSource: OffsetResetStrategy.NONE unless given"
                self.consumer["auto.offset.reset"] = Setting(reset.name, "none", "overridden", rule)
        self.override_discovery()
        if self.sink.is_ in ("FlinkKafkaProducer", "KafkaSink", "kafka table"):
            timeout = self.producer["transaction.timeout.ms"]
            if timeout.origin != "given":
                rule = "KafkaSinkBuilder, FlinkKafkaProducer: one hour"
                self.producer["transaction.timeout.ms"] = Setting(
                    timeout.name, 3_600_000, f"default of {self.sink.is_}", rule
                )
        if self.sink.is_ == "FlinkKafkaProducer" and not checkpointing and self.guarantee() != "NONE":
            rule = "FlinkKafkaProducer.initializeState: without checkpointing every semantic is NONE"
            self.sink_own["Semantic"] = Setting("Semantic", "NONE", "overridden", rule)

    def override_discovery(self) -> None:
        """What holds if nothing is given depends on the connector; the builder turns it off for a bounded source."""
        name, connector = config.DISCOVERY[self.source.is_], self.job.connector
        one = self.source_own.get(name)
        if one is None or self.source.is_ == "FlinkKafkaConsumer":
            return
        if self.bounded():
            self.source_own[name] = Setting(name, -1, "overridden", "KafkaSourceBuilder: never for a bounded source")
        elif one.origin != "given":
            if self.source.is_ == "KafkaSource" and at_least(connector, "3.1") and not at_least(connector, "4.0"):
                rule = "KafkaSourceBuilder sets -1 for the documented 5 minutes until connector 4.0: FLINK-36780"
                self.source_own[name] = Setting(name, -1, "overridden", rule)
            else:
                value = 300_000 if at_least(connector, "3.1") else -1
                self.source_own[name] = Setting(name, value, f"default of connector {connector}", "FLIP-288")

    def refuse(self) -> None:
        """What a builder or a broker throws at."""
        job, path = self.job, (*self.path, "sink")
        if self.added() and job.given.commands != ["run"]:
            text = "a partition that is added needs a job that is submitted once"
            job.report("job-shape", text, (*job.path, "commands"))
        if self.guarantee() == "EXACTLY_ONCE":
            prefix = {"KafkaSink": "setTransactionalIdPrefix", "kafka table": "sink.transactional-id-prefix"}
            name = prefix.get(self.sink.is_)
            if name is not None and self.sink_own[name].value is None:
                text = "IllegalStateException: EXACTLY_ONCE delivery guarantee requires a transactionalIdPrefix"
                job.report("settings-conflict", text, path, f"give {name}")
            if not job.checkpointing and self.sink.is_ != "FlinkKafkaProducer":
                text = "EXACTLY_ONCE without checkpoints: no transaction would ever be committed"
                job.report("settings-conflict", text, path, f"give {CP}interval")
            timeout = self.producer["transaction.timeout.ms"].value if self.producer else 0
            most = kafka.effective("broker", job.kafka_version, job.brokers)["transaction.max.timeout.ms"].value
            if timeout > most:
                text = f"the coordinator answers INVALID_TRANSACTION_TIMEOUT to transaction.timeout.ms={timeout}"
                at = "transaction.timeout.ms"
                at = at if at in self.sink.settings else f"properties.{at}"
                where = (*path, at) if at in self.sink.settings else (*path, "is")
                job.report(
                    "settings-conflict",
                    text,
                    where,
                    f"at most transaction.max.timeout.ms ({most}); {self.sink.is_} sets one hour if nothing is given",
                )
        if self.sink.is_ == "FileSink":
            self.refuse_for_files()
        if self.pool_size() == 0:
            text = "IllegalStateException: kafkaProducersPoolSize must be non empty"
            job.report("settings-conflict", text, (*path, "kafkaProducersPoolSize"))
        naming = self.naming()
        if naming == "POOLING" and not at_least(job.connector, "4.0"):
            job.report("setting-version", f"POOLING came with connector 4.0, and this is {job.connector}", path)

    def refuse_for_files(self) -> None:
        """A file has no coordinator that ends it; and a second job must not come back to the files of the first."""
        faults = self.job.document.faults
        if faults.transaction_timeout or faults.transactional_id_expiration or faults.coordinator_unavailable:
            self.job.report("job-shape", "FileSink has no transactions in Kafka that could end", ("faults",))
        commands = self.job.given.commands
        if len([one for one in commands if one.startswith("run")]) > 2 or "run -p 1" in commands:
            text = "FileSink: two submissions with the same parallelism at most"
            self.job.report("job-shape", text, (*self.job.path, "commands"))

    def start_word(self) -> str:
        names = {"FlinkKafkaConsumer": "setStartFrom", "KafkaSource": "setStartingOffsets",
                 "kafka table": "scan.startup.mode"}  # fmt: skip
        return str(self.source_own[names[self.source.is_]].value)

    def commits_on_checkpoints_asked(self) -> bool:
        for name in ("setCommitOffsetsOnCheckpoints", "commit.offsets.on.checkpoint"):
            if name in self.source_own:
                return bool(self.source_own[name].value)
        return self.source.is_ != "socket"

    def commits_offsets(self) -> bool:
        asked = self.commits_on_checkpoints_asked() and self.job.checkpointing
        return asked and bool(self.consumer["group.id"].value)

    def guarantee(self) -> str:
        """FileSink goes by the same protocol: a pending file is renamed when its checkpoint is complete."""
        if self.sink.is_ == "FileSink":
            return "EXACTLY_ONCE"
        for name in ("Semantic", "setDeliveryGuarantee", "sink.delivery-guarantee"):
            if name in self.sink_own:
                return str(self.sink_own[name].value).upper().replace("-", "_")
        return "NONE"

    def naming(self) -> str:
        for name in ("setTransactionNamingStrategy", "sink.transaction-naming-strategy"):
            if name in self.sink_own:
                return str(self.sink_own[name].value)
        return "LEGACY" if self.sink.is_ == "FlinkKafkaProducer" else "INCREMENTING"

    def pool_size(self) -> int | None:
        """None: as many ids as are needed."""
        pool = self.sink_own.get("kafkaProducersPoolSize")
        return None if pool is None else int(pool.value)

    def starts_at_end(self) -> bool:
        start, reset = START[self.start_word()][0], self.consumer["auto.offset.reset"].value
        return start == "LATEST" or (start == "GROUP_OFFSETS" and reset != "earliest")

    def end_is_listed(self) -> bool:
        """FLINK-28303 made latest an offset that the enumerator lists; before, the reader's consumer sought the end."""
        made = protocol.switches("discovery", self.job.version, self.job.connector)["keeps_first_start"]
        return made and self.source.is_ != "FlinkKafkaConsumer" and START[self.start_word()][0] == "LATEST"

    def bounded(self) -> bool:
        return bool("setBounded" in self.source_own and self.source_own["setBounded"].value)

    def added(self) -> bool:
        return self.source.topic is not None and self.job.document.topics[self.source.topic].added

    def prefix(self) -> str:
        for name in ("setTransactionalIdPrefix", "sink.transactional-id-prefix"):
            if name in self.sink_own and self.sink_own[name].value is not None:
                return str(self.sink_own[name].value)
        return f"{self.source.topic} {self.sink.topic}"  # Task name and operator uid: of the program, not of the job.

    def wiring(self) -> dict[str, Any]:
        job, without = self.job, self.job.document.without
        guarantee = self.guarantee()
        kafka_sink = self.sink.is_ in STREAMING_SINKS
        sink = "KafkaSink" if self.sink.is_ == "kafka table" else self.sink.is_
        changes = protocol.switches("task", job.version, job.connector, sink)
        if self.sink.is_ == "FileSink":
            changes["commits_empty"] = False  # No file is opened for nothing.
        if "send_errors" in without:
            changes["reports_send_errors"] = False
        wired: dict[str, Any] = {
            **changes,
            "final_checkpoint": job.checkpointing and job.after_finish,
            "commits_on_close": "commit on close" in job.document.proposed,
            "sink": "TRANSACTIONS" if guarantee == "EXACTLY_ONCE" else "KAFKA" if kafka_sink
            else "UPSERT" if self.sink.is_ == "jdbc upsert" else "PRINT",
            "flushes": not kafka_sink or (guarantee != "NONE" and "flush" not in without),
            "legacy": self.sink.is_ == "FlinkKafkaProducer",
            "retries_commits": "commit_retry" not in without,
            "aborted": [] if self.source.topic is None else job.document.topics[self.source.topic].aborted,
            "batch_expirations": budget_of(job.document.faults.delivery_timeout, job.name),
            "declines": budget_of(job.document.faults.checkpoint_failure, job.name),
            "commits_older": "subsumed_commit" not in without,
        }  # fmt: skip
        if self.source.is_ == "socket":
            return {**wired, "start_from": "CONNECTION", "commits_offsets": False,
                    "bounded": self.source_own["closes"].value}  # fmt: skip
        return {
            **wired,
            "start_from": START[self.start_word()][0],
            "reads_aborted": self.consumer["isolation.level"].value == "read_uncommitted",
            "reset": str(self.consumer["auto.offset.reset"].value).upper(),
            "commits_offsets": self.commits_offsets(),
            "auto_commits": bool(self.consumer["enable.auto.commit"].value and self.consumer["group.id"].value),
            "bounded": self.bounded(),
            **self.discovery(),
        }

    def discovery(self) -> dict[str, Any]:
        job, legacy = self.job, self.source.is_ == "FlinkKafkaConsumer"
        found = protocol.switches("discovery", job.version, job.connector)
        interval = self.source_own.get(config.DISCOVERY[self.source.is_])
        topic = job.document.topics[str(self.source.topic)]
        first_done = topic.others or found["empty_listing_counts"]
        # A second submission would ask anew, which no task can tell.
        kept = self.end_is_listed() and job.given.commands == ["run"]
        return {
            "keeps_first_start": kept,
            "discovers": self.added() and interval is not None and interval.value > 0,
            "finds_at_open": legacy,
            "new_from_earliest": legacy or (found["new_from_earliest"] and first_done),
        }


class Job:
    """One job: its configuration in force, and its chains."""

    def __init__(self, document: Document, name: str, given: JobForm, place: Places) -> None:
        self.document, self.name, self.given, self.place = document, name, given, place
        self.diagnostics: list[Diagnostic] = []
        self.version = document.version
        self.connector = config.connector_of(document.version, document.connector)
        self.kafka_version = str(document.kafka.get("version", "3.9"))
        self.brokers = {key: value for key, value in document.kafka.items() if key != "version"}
        self.path: Path = ("jobs", name)
        self.config: dict[str, Setting] = {}
        self.chains: list[Chain] = []
        self.judge()

    def report(self, slug: str, message: str, path: Path, help: str = "") -> None:
        self.diagnostics.append(Diagnostic(slug, message, self.place(path), help=help))

    def judge(self) -> None:
        given = self.given
        self.diagnostics += config.judge("job", self.version, given.config, self.place, (*self.path, "config"))
        if (given.source is None or given.sink is None) == (not given.regions):
            self.report("job-shape", f"{self.name} needs `source` and `sink`, or `regions`", self.path)
            return
        self.config = config.effective("job", self.version, given.config)
        self.unaligned()
        if self.value(CP + "storage") == "filesystem" and self.value(CP + "dir") is None:
            text = "IllegalConfigurationException: filesystem storage without a directory"
            self.report("settings-conflict", text, (*self.path, "config"), f"give {CP}dir")
        regions: list[tuple[Path, Region]] = [
            ((*self.path, "regions", name), region) for name, region in given.regions.items()
        ]
        if given.source is not None and given.sink is not None:
            regions.append((self.path, Region.model_construct(source=given.source, sink=given.sink)))
        for path, region in regions:
            chain = Chain(self, region, path)
            chain.judge()
            self.chains += [chain] * given.parallelism

    def unaligned(self) -> None:
        """StreamingJobGraphGenerator.preValidate, CheckpointConfig.isUnalignedCheckpointsEnabled."""
        one = self.config.get(CP + "unaligned.enabled")
        if one is None or not one.value:
            return
        if self.value(CP + "mode") == "AT_LEAST_ONCE":
            rule = "StreamingJobGraphGenerator.preValidate: only with EXACTLY_ONCE, a warning says"
            self.config[one.name] = Setting(one.name, False, "overridden", rule)
        elif self.value(CP + "max-concurrent-checkpoints") > 1:
            text = "unaligned checkpoints need max-concurrent-checkpoints: 1"
            self.report("settings-conflict", text, (*self.path, "config"))

    def value(self, name: str) -> Any:
        return self.config[name].value

    @property
    def checkpointing(self) -> bool:
        return self.value(CP + "interval") is not None

    @property
    def after_finish(self) -> bool:
        name = CP + "checkpoints-after-tasks-finish"
        return bool(name in self.config and self.value(name))

    @property
    def has_directory(self) -> bool:
        storage = self.value(CP + "storage")
        return bool(storage == "filesystem" or (storage is None and self.value(CP + "dir") is not None))

    def attempts(self) -> int | None:
        """None: without end. The ...RestartBackoffTimeStrategy of the type that is set, and their defaults."""
        strategy = self.value("restart-strategy.type")
        if strategy is None:
            return None if self.checkpointing else 0
        if strategy in ("none", "off", "disable"):
            return 0
        found = self.config.get("restart-strategy." + LIMITS[strategy])
        return None if found is None or found.value is None else int(found.value)

    def forgetting(self) -> dict[str, Any]:
        strategy = self.value("restart-strategy.type")
        if strategy not in ("failure-rate", "exponential-delay"):
            return {}
        return {"failure_intervals": budget_of(self.document.faults.failure_interval, self.name),
                "forgets_all": strategy == "exponential-delay"}  # fmt: skip

    def settings(self) -> Iterable[tuple[str, Setting]]:
        for name, one in self.config.items():
            if name == "restart-strategy.type" and one.value is None:
                since = at_least(self.version, "1.19")
                value = (
                    ("exponential-delay" if since else "fixed-delay, 2147483647 attempts")
                    if self.checkpointing
                    else "none"
                )
                one = Setting(
                    name,
                    value,
                    f"default of {self.version}",
                    "FLINK-33738" if since else "RestartBackoffTimeStrategyFactoryLoader",
                )
            yield f"{self.name}.{name}", one
        for chain in dict.fromkeys(self.chains):
            inside = ".".join(map(str, chain.path[1:]))
            for role, parts in (
                ("source", (chain.source_own, chain.consumer)),
                ("sink", (chain.sink_own, chain.producer)),
            ):
                for part in parts:
                    for name, one in part.items():
                        yield f"{inside}.{role}.{name}", one

    def wiring(self, tasks: list[str], spares: list[str]) -> dict[str, Any]:
        retention = self.value(CP + "externalized-checkpoint-retention")
        attempts = self.attempts()
        failover = self.config.get("jobmanager.execution.failover-strategy")
        tolerable = self.config.get(CP + "tolerable-failed-checkpoints")
        return {
            "is": "JobManager", "tasks": tasks + spares, "subtasks": len(tasks), "has_spares": len(spares) > 0,
            "checkpoints": "checkpoints",
            "checkpointing": self.checkpointing,
            "max_concurrent_checkpoints": self.value(CP + "max-concurrent-checkpoints"),
            "tolerable_failed_checkpoints": 0 if tolerable is None else tolerable.value,
            **({} if attempts is None else {"restart_attempts": min(attempts, 8)}),
            **self.forgetting(),
            "region_failover": failover is not None and failover.value == "region",
            "high_availability": self.value("high-availability.type") != "none",
            "checkpoint_directory": self.has_directory,
            "retained_on_cancellation": retention == "RETAIN_ON_CANCELLATION",
            "retained_on_failure": retention in ("RETAIN_ON_CANCELLATION", "DELETE_ON_CANCELLATION"),
            **protocol.switches("job_manager", self.version, self.connector),
            "checkpoints_after_tasks_finish": self.after_finish,
            "notifies_source": any(chain.source.is_ != "socket" and chain.commits_offsets() for chain in self.chains),
            "checkpoint_timeouts": budget_of(self.document.faults.checkpoint_timeout, self.name),
            "aborts_pending_on_failover": "abort_at_failover" not in self.document.without,
            "commands": [COMMANDS[one] for one in self.given.commands],
        }  # fmt: skip
