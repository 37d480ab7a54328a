"""Jobs in the user's words (``forms``) become job managers, tasks and Kafka, wired as ``wiring`` says."""

from collections.abc import Iterable, Iterator
from typing import Any

from checker.nearest import listed
from checker.source import Diagnostic, Place, SourceError
from model.flink import config
from model.flink.client_wiring import READ, REASONS, Clients
from model.flink.config import CP
from model.flink.forms import Connector, Document
from model.flink.meanings import own_words
from model.flink.summary import summary as told
from model.flink.variations import of_jobs_unjudged, promises, variations
from model.flink.wiring import CLIENT_READS, Chain, Job, Places
from model.kafka import config as kafka
from model.kafka.weighing import Unjudged

__all__ = ["Document", "effective_settings", "expand", "promises", "summary", "unjudged", "variations"]

NOT_MODELLED = (
    "what a record says: record i adds 1 to the sum",
    "replicas, and requests that Kafka's producer repeats: the models of Kafka",
    "when a task reports that it runs: a checkpoint may be triggered before, and is taken as soon as it runs",
)
ONE_ATTEMPT = "several attempts of a task at the same time (`pause` a task for that)"


def effective_settings(document: Document) -> list[tuple[str, ...]]:
    """Those of jobs and of the applications around them, what of the brokers is given, the words of the spec itself."""
    pipeline = _Pipeline(document, lambda _: Place("", 1, 1, 1))
    shown: list[tuple[str, config.Setting | kafka.Setting]] = []
    for job in pipeline.jobs.values():
        shown += job.settings()
    if not pipeline.diagnostics:
        shown += pipeline.clients.shown()
    brokers = [(f"kafka.{name}", kafka.written(value), "given", "") for name, value in document.kafka.items()]
    found = [(name, kafka.written(one.value), one.origin, one.rule) for name, one in shown]
    return [*found, *brokers, *own_words(document)]


def unjudged(document: Document) -> Iterator[Unjudged]:
    jobs = _Pipeline(document, lambda _: Place("", 1, 1, 1)).jobs
    return of_jobs_unjudged(document, (one for job in jobs.values() for one in job.settings()))


def summary(document: Document) -> str:
    pipeline = _Pipeline(document, lambda _: Place("", 1, 1, 1))
    return told(document.version, pipeline.kafka_version, pipeline.jobs, document.apps)


def expand(document: Document, place: Places) -> dict[str, Any]:
    """The wired form (actors, constants, network, faults, check)."""
    pipeline = _Pipeline(document, place)
    if pipeline.diagnostics:
        raise SourceError(pipeline.diagnostics)
    return pipeline.wired()


class _Pipeline:
    def __init__(self, document: Document, place: Places) -> None:
        self.document, self.place = document, place
        self.diagnostics: list[Diagnostic] = list(config.judge_version(document.version, document.connector, place))
        self.jobs: dict[str, Job] = {}
        self.kafka_version = version = str(document.kafka.get("version", "3.9"))
        self.diagnostics += kafka.judge_version(version, place(("kafka", "version")))
        if self.diagnostics:
            return
        brokers = {key: value for key, value in document.kafka.items() if key != "version"}
        self.diagnostics += kafka.judge("broker", version, brokers, place, ("kafka",))
        if self.diagnostics:
            return
        self.jobs = {name: Job(document, name, job, place) for name, job in document.jobs.items()}
        for one in self.jobs.values():
            self.diagnostics += one.diagnostics
        self.judge_channels()
        self.judge_pauses()
        self.judge_budgets()
        if not any(one.diagnostics for one in self.jobs.values()):
            self.clients = Clients(document, self.jobs, version, place)
            self.diagnostics += self.clients.diagnostics

    def judge_channels(self) -> None:
        for job in self.jobs.values():
            sinks = {chain.sink.is_ for chain in job.chains}
            if job.given.channels is not None and (len(self.jobs) > 1 or len(job.chains) > 1 or sinks - {"print"}):
                text = "an operator with its channels stands alone here: one job, one chain, sink print"
                self.diagnostics.append(Diagnostic("job-shape", text, self.place((*job.path, "channels"))))

    def judge_pauses(self) -> None:
        """What the guarantees say of two attempts of one task holds for Kafka's log, and from offset 0."""
        for job in self.jobs.values():
            if self.has_spares(job) and any(
                chain.sink.is_ in config.NO_TOPIC
                or chain.source.is_ == "socket"
                or chain.starts_at_end()
                or chain.added()
                for chain in job.chains
            ):
                text = "a task that is paused needs a source that begins at the earliest offset, and a sink to Kafka"
                self.diagnostics.append(Diagnostic("job-shape", text, self.place(("faults", "pause"))))

    def judge_budgets(self) -> None:
        for fault in ("checkpoint_timeout", "failure_interval", "checkpoint_failure", "delivery_timeout"):
            given = getattr(self.document.faults, fault)
            for name in given if isinstance(given, dict) else ():
                if name not in self.jobs:
                    text, help = f"there is no job {name}", f"jobs: {listed(self.jobs)}"
                    place = self.place(("faults", fault, name))
                    self.diagnostics.append(Diagnostic("fault-target", text, place, help=help))

    def chains(self) -> list[tuple[Job, int, Chain]]:
        """Every subtask of every job: its number in the job, and what it runs."""
        return [(job, number, chain) for job in self.jobs.values() for number, chain in enumerate(job.chains)]

    def records(self) -> int:
        read = {chain.source.topic for _, _, chain in self.chains()}
        found = [topic.records for name, topic in self.document.topics.items() if name in read and topic.records]
        return max(found, default=1)

    def ids(self) -> dict[str, int]:
        """The first transactional id of each prefix."""
        prefixes = [chain.prefix() for _, _, chain in self.chains() if chain.guarantee() == "EXACTLY_ONCE"]
        return {prefix: number * self.span() for number, prefix in enumerate(dict.fromkeys(prefixes))}

    def span(self) -> int:
        """Ids of one prefix: for each subtask one for each checkpoint, one before the first, one that stays unused."""
        return (self.document.checkpoints + 2) * max((len(job.chains) for job in self.jobs.values()), default=1)

    def wired(self) -> dict[str, Any]:
        shuffled = [job for job in self.jobs.values() if job.given.channels is not None]
        return self.wired_channels(shuffled[0]) if shuffled else self.wired_chains()

    def wired_channels(self, job: Job) -> dict[str, Any]:
        """The model of input channels: sources, a join, and the checkpoints that it takes."""
        document, unaligned = self.document, job.config.get(CP + "unaligned.enabled")
        barriers = "COUNTED" if job.value(CP + "mode") == "AT_LEAST_ONCE" else "ALIGNED"
        if unaligned is not None and unaligned.value:
            barriers = "UNALIGNED"
        join, sources, manager = f"{job.name}-1", f"{job.name}.source", f"{job.name}.job_manager"
        return {
            "module": "model.flink.channels",
            "constants": {
                "records": self.records(), "channels": job.given.channels,
                "checkpoints": document.checkpoints if job.checkpointing else 0,
                "attempts": 1 + self.budget(document.faults.crash),
            },
            "actors": {
                manager: {"is": "Coordinator", "sources": sources, "join": join, "checkpoints": "checkpoints"},
                sources: {"is": "SourceTask", "count": "channels", "channel": "index", "records": "records",
                          "coordinator": manager, "join": join},
                join: {"is": "Join", "channels": "channels", "barriers": barriers, "coordinator": manager,
                       "stores_in_flight": "channel_state" not in document.without,
                       "keeps_order": "barrier_order" not in document.without},
            },
            "network": {"kind": "fifo", "capacity": 4 + self.records() + 2 * document.checkpoints},
            "faults": self.general_faults(),
            "check": self.checks(),
            "not_modelled": [*self.not_read(), "the sink: what the sum says is emitted", *NOT_MODELLED, ONE_ATTEMPT],
        }  # fmt: skip

    def grain(self) -> list[str]:
        """What an application writes, or consumes, is a log; the verdict says with what left out."""
        around = self.clients.writers + self.clients.readers
        text = "one partition, one record in flight, no failing leader, no rebalance: the models of Kafka"
        return [f"{one}: {text}" for one in around]

    def stand_ins(self) -> list[str]:
        files = any(chain.sink.is_ == "FileSink" for _, _, chain in self.chains())
        return ["the file system: `kafka` plays it, a part file is a transaction that nothing but its job ends"] * files

    def general_faults(self) -> dict[str, Any]:
        names = ("crash", "pause", "lose", "duplicate", "delay")
        return {kind: given for kind in names if (given := getattr(self.document.faults, kind)) != 0}

    def checks(self) -> dict[str, Any]:
        return {part: getattr(self.document.check, part) for part in ("always", "sometimes", "final")}

    def wired_chains(self) -> dict[str, Any]:
        document, faults = self.document, self.document.faults
        chains, ids = self.chains(), self.ids()
        starts = 1 + self.budget(faults.crash) + self.budget(faults.pause)
        starts += self.budget(faults.checkpoint_timeout) + self.budget(faults.checkpoint_failure)
        starts += sum(len(job.commands) for job in document.jobs.values()) + faults.transaction_timeout
        transactional = len(ids) > 0
        zombies = any(self.has_spares(job) for job in self.jobs.values())
        stride = max(self.held(chain) for _, _, chain in chains)
        constants = {
            "records": stride, "checkpoints": document.checkpoints,
            "partitions": len(chains), "subtasks": max(len(job.chains) for job in self.jobs.values()),
            "transactional_ids": max(1, len(ids) * self.span()),
            "epochs": 2 * starts + document.checkpoints + 2 if transactional else 1,
            **self.clients.constants(self.records()),
        }  # fmt: skip
        return {
            "module": "model.flink",
            "constants": constants,
            "actors": self.actors(ids),
            "network": {"kind": "fifo", "capacity": 6 + 2 * document.checkpoints},
            "faults": self.general_faults(),
            "check": self.checks(),
            "not_modelled": [*self.not_read(), *NOT_MODELLED, *([] if zombies else [ONE_ATTEMPT]), *self.stand_ins(),
                             *self.grain()],
        }  # fmt: skip

    def held(self, chain: Chain) -> int:
        """Records in the partition that it reads, or entries of the log."""
        return self.clients.records(chain) or self.records()

    def actors(self, ids: dict[str, int]) -> dict[str, Any]:
        actors: dict[str, Any] = {}
        faults, partition = self.document.faults, 0
        added = [number for number, (_, _, chain) in enumerate(self.chains()) if chain.added()]
        every: list[str] = []
        firsts: list[int | None] = []
        for job in self.jobs.values():
            slots = [f"{job.name}-{number + 1}" for number in range(len(job.chains))]
            spares = [f"{one}.spare" for one in slots] if self.has_spares(job) else []
            every += slots + spares
            first_ids = [self.transactional(chain, n, ids).get("first_id") for n, chain in enumerate(job.chains)]
            firsts += first_ids + (first_ids if spares else [])
            actors[f"{job.name}.job_manager"] = job.wiring(slots, spares)
            for number, chain in enumerate(job.chains):
                wired = {
                    "is": "Task", "job_manager": f"{job.name}.job_manager", "kafka": "kafka", "subtask": number,
                    "partition": partition, "first_record": f"{partition} * records", "records": self.held(chain),
                    **chain.wiring(), **self.transactional(chain, number, ids),
                    "fetches": self.clients.records(chain) is not None,
                    "leaves_transactions": chain.guarantee() == "EXACTLY_ONCE" and self.times_out_in_outages(),
                }  # fmt: skip
                actors[slots[number]] = wired
                if spares:
                    actors[spares[number]] = {**wired, "spare": True}
                partition += 1
        actors["kafka"] = {
            "is": "Kafka", "records": [self.held(chain) for _, _, chain in self.chains()], "stride": "records",
            "tasks": every, "first_ids": firsts, "ids_each": self.document.checkpoints + 2,
            "times_out_only_in_outages": not self.times_out_at_work(),
            "transaction_timeouts": self.transaction_timeouts(),
            "partial_listings": faults.partial_listing, "expirations": faults.transactional_id_expiration,
            "deletions": faults.retention, "offset_writes": faults.foreign_offset_commit,
            "unavailabilities": faults.coordinator_unavailable, "added": added, **self.clients.kafka(),
        }  # fmt: skip
        return actors | self.clients.actors()

    def has_spares(self, job: Job) -> bool:
        """A pause makes a job manager give a task up, which may wake up: the next attempt runs somewhere else."""
        paused = self.document.faults.pause
        return isinstance(paused, dict) and any(
            one == job.name or one in (f"{job.name}-{number + 1}" for number in range(len(job.chains)))
            for one in paused
        )

    def transactional(self, chain: Chain, number: int, ids: dict[str, int]) -> dict[str, Any]:
        if chain.guarantee() != "EXACTLY_ONCE":
            return {}
        span = self.document.checkpoints + 2
        base = ids[chain.prefix()]
        first = base + number * span
        lingering = "lingering_abort" in self.document.without or chain.sink.is_ == "FileSink"
        if chain.naming() == "INCREMENTING":
            every = list(range(base, base + self.span(), span))
            return {"naming": "INCREMENTING", "first_id": first, "first_ids": every,
                    "aborts": "NONE" if lingering else "PROBING"}  # fmt: skip
        aborts = "NONE" if lingering else "LISTING" if chain.naming() == "POOLING" else "ALL"
        size = min(chain.pool_size() or span, span)
        return {"naming": "POOLING", "first_id": first, "pool": list(range(first, first + size)), "aborts": aborts}

    def transaction_timeouts(self) -> int:
        return 0 if "KIP-939" in self.document.proposed else self.document.faults.transaction_timeout

    def times_out_in_outages(self) -> bool:
        """Only where what a job has left behind is of another one's concern."""
        return self.transaction_timeouts() > 0 and not self.times_out_at_work() and len(self.clients.logs) > 0

    def times_out_at_work(self) -> bool:
        """Whether a transaction can time out while its task runs: it lives for an interval and a checkpoint."""
        for job, _, chain in self.chains():
            if chain.guarantee() == "EXACTLY_ONCE" and chain.producer:
                lives = job.value(CP + "interval") + job.value(CP + "timeout")
                if chain.producer["transaction.timeout.ms"].value <= lives:
                    return True
        return False

    def budget(self, given: Any) -> int:
        every = given.values() if isinstance(given, dict) else [given]
        return sum(3 if one == "unlimited" else one for one in every)

    def not_read(self) -> Iterable[str]:
        """Of what was given, the settings that decide nothing here, each with the reason."""
        clients: dict[kafka.Kind, list[str]] = {"consumer": [], "producer": [], "broker": list(self.document.kafka)}
        clients["broker"] = [one for one in clients["broker"] if one != "version"]
        clients["consumer"] += [name for app in self.document.apps.values() for name in app.consumer]
        clients["producer"] += [name for app in self.document.apps.values() for name in app.producer]
        for job in self.jobs.values():
            rows = [config.TABLE["job"][name] for name in job.given.config]
            for chain in dict.fromkeys(job.chains):
                roles: tuple[tuple[str, Connector, kafka.Kind], ...] = (
                    ("source", chain.source, "consumer"),
                    ("sink", chain.sink, "producer"),
                )
                for role, one, client in roles:
                    kind = config.kind_of(one.is_, role)
                    own, given = config.split(kind, client, one.settings)
                    rows += [config.TABLE[kind][name] for name in own]
                    clients[client] += given
            for row in rows:
                if row.not_modelled and not (job.given.channels is not None and "unaligned" in row.name):
                    yield f"{row.name}: {row.not_modelled}"
        reads = (*CLIENT_READS, "transaction.max.timeout.ms", *READ["producer"])
        yield from kafka.not_read(clients, reads, REASONS)
