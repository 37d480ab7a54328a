"""What applications around jobs become, and jobs one behind the other: the wiring of ``clients``, which topics are logs
and how long these can get.

A topic is a log if an application or a job of the spec writes it and another one reads it. All pieces hang together:
they begin with one topic, whose records are told apart; one job, or any number of applications, write a topic.
An application that only reads, with no word about its loop, is no client: it says at which isolation level the output
is looked at.
"""

from typing import Any

from checker.nearest import listed
from checker.source import Diagnostic
from model.flink.forms import App, Document, budget_of
from model.flink.wiring import STREAMING_SINKS, Chain, Job, Path, Places
from model.kafka import config as kafka

READ = {  # Settings of the clients that decide something here.
    "producer": ("acks", "enable.idempotence", "retries", "transactional.id"),
    "consumer": ("group.id", "enable.auto.commit", "auto.offset.reset", "isolation.level"),
}
REASONS = {"max.in.flight.requests.per.connection": "the application sends a record when the one before is answered"}
WORDS = {  # Of the form, and for whom they are.
    "writes": ("records", "offsets", "producer"),
    "reads": ("commits", "processing", "effect", "consumer"),
}
LOOP = {"commits", "processing", "effect"}
REPEATED = ("AppInitProducerIdRequest", "AppInitProducerIdResponse", "AppProduceRequest", "AppProduceResponse",
            "AppEndTxnRequest", "AppEndTxnResponse", "AppOffsetCommitRequest", "AppOffsetCommitResponse")  # fmt: skip


def is_client(app: App) -> bool:
    return app.writes is not None or bool(app.model_fields_set & LOOP) or "group.id" in app.consumer


def writes(chain: Chain) -> str | None:
    return chain.sink.topic if chain.sink.is_ in STREAMING_SINKS else None


class Clients:
    def __init__(self, document: Document, jobs: dict[str, Job], version: str, place: Places) -> None:
        self.document, self.jobs, self.version, self.place = document, jobs, version, place
        self.diagnostics: list[Diagnostic] = []
        self.chains = [chain for job in jobs.values() for chain in job.chains]  # By partition.
        self.writers = [name for name, app in document.apps.items() if app.writes is not None]
        self.readers = [name for name, app in document.apps.items() if app.reads is not None and is_client(app)]
        for name, app in document.apps.items():
            self.judge(name, app, ("apps", name))
        self.logs = [topic for topic in document.topics if self.is_log(topic)]
        if not self.diagnostics and (self.writers or self.readers or self.logs):
            self.judge_jobs()
            self.judge_topics()
            self.judge_apps()
            self.judge_faults()
        transactional = any(self.producer(one, "transactional.id") for one in self.writers)
        if document.faults.application_abort and not transactional:
            text = "only an application with a transactional.id aborts a transaction"
            self.report("settings-conflict", text, ("faults", "application_abort"))

    def report(self, slug: str, text: str, path: Path, help: str = "") -> None:
        self.diagnostics.append(Diagnostic(slug, text, self.place(path), help=help))

    def judge(self, name: str, app: App, path: Path) -> None:
        if (app.reads is None) == (app.writes is None):
            self.report("app-shape", f"{name} either `reads` or `writes` a topic", path)
            return
        role, topic = ("reads", app.reads) if app.writes is None else ("writes", app.writes)
        for other, words in WORDS.items():
            for word in words:
                if other != role and word in app.model_fields_set:
                    self.report("without-meaning", f"{word} says nothing of an app that {role}", (*path, word))
        if topic not in self.document.topics:
            text, help = f"there is no topic {topic}", f"topics: {listed(self.document.topics)}"
            self.report("unknown-topic", text, (*path, role), help)
        client: kafka.Kind = "consumer" if role == "reads" else "producer"
        given = app.consumer if role == "reads" else app.producer
        found = kafka.judge(client, self.version, given, self.place, (*path, client))
        self.diagnostics += found
        if found or not is_client(app):
            return
        if role == "reads":
            self.judge_loop(name, app, path)
        elif "offsets" in app.model_fields_set and "transactional.id" not in app.producer:
            text = "without a transactional.id the position is noted after the acknowledgement"
            self.report("without-meaning", text, (*path, "offsets"), "give producer.transactional.id")

    def judge_loop(self, name: str, app: App, path: Path) -> None:
        settings = self.settings("consumer", name)
        stored = app.effect == "store_with_offset"
        if not stored and settings["group.id"] is None:
            self.report("app-shape", f"{name} has no group.id, and nowhere to keep its position", path)
        auto = settings["enable.auto.commit"] and settings["group.id"] is not None
        if app.processing == "worker" and (not auto or app.commits != "never"):
            text = "a worker is beside a loop that commits automatically: group.id, enable.auto.commit, commits: never"
            self.report("settings-conflict", text, (*path, "processing"))
        if app.processing == "after_commit" and app.commits != "sync":
            text = "processing: after_commit needs commits: sync"
            self.report("settings-conflict", text, (*path, "processing"))
        if stored and (app.commits != "never" or app.processing != "before_commit"):
            text = "the offset is stored with the result, and committed nowhere else"
            self.report("settings-conflict", text, (*path, "effect"))

    # --- What is written, and read --------------------------------------------------------------------------------

    def apps_writing(self, topic: str) -> list[str]:
        return [name for name in self.writers if self.document.apps[name].writes == topic]

    def job_writing(self, topic: str) -> Job | None:
        return next((job for job in self.jobs.values() if any(writes(chain) == topic for chain in job.chains)), None)

    def is_log(self, topic: str) -> bool:
        if self.apps_writing(topic):
            return True
        read = any(chain.source.topic == topic for chain in self.chains)
        read = read or any(self.document.apps[name].reads == topic for name in self.readers)
        return read and self.job_writing(topic) is not None

    def number(self, topic: str | None) -> int | None:
        return self.logs.index(topic) if topic in self.logs else None

    def judge_jobs(self) -> None:
        """A log has one partition, so the task that reads or writes it is the only one of its job."""
        for job in self.jobs.values():
            if len(job.chains) != 1 or job.given.channels is not None:
                text = "a job beside applications, or beside another job that it feeds, has one chain, parallelism 1"
                self.report("job-shape", text, job.path)
                continue
            (chain,) = job.chains
            if chain.source.topic in self.logs:
                if chain.bounded() or chain.consumer["enable.auto.commit"].value:
                    text = "a source of a log that is still written does not end, and commits nothing automatically"
                    self.report("job-shape", text, (*chain.path, "source"))

    def judge_topics(self) -> None:
        """What is in a log comes from one place: else each record is there twice, and nobody is to blame."""
        roots: dict[str, Path] = {}
        for name, job in self.jobs.items():
            for chain in job.chains:
                topic, sink = str(chain.source.topic), writes(chain)
                writer = self.job_writing(topic)
                if writer is None:
                    roots.setdefault(topic, (*chain.path, "source"))
                elif self.is_before(name, writer.name):
                    self.report("job-shape", f"{name} reads what comes from itself", (*chain.path, "source"))
                other = self.job_writing(str(sink)) if sink in self.logs else None
                beside = ([other.name] if other is not None and other is not job else []) + self.apps_writing(str(sink))
                if beside:
                    text = f"{beside[0]} writes {sink} too: each record would be in it twice"
                    self.report("job-shape", text, (*chain.path, "sink"))
        for path in list(roots.values())[1:]:
            text = f"jobs that have applications around them, or each other, begin with one topic: {listed(roots)}"
            self.report("job-shape", text, path, "what hangs together with nothing else is a spec of its own")
        for topic in self.logs:
            writers = self.apps_writing(topic) or [getattr(self.job_writing(topic), "name", "")]
            for word in sorted(self.document.topics[topic].model_fields_set):
                text = f"{writers[0]} writes {topic}: what is in it depends on that"
                help = "give apps.NAME.records" if self.apps_writing(topic) else ""
                self.report("app-shape", text, ("topics", topic, word), help)

    def is_before(self, name: str, other: str) -> bool:
        """Whether what ``name`` writes comes to ``other``; jobs are two at most."""
        if name == other:
            return True
        (chain,) = self.jobs[other].chains[:1]
        before = self.job_writing(str(chain.source.topic))
        return before is not None and before.name == name

    def judge_apps(self) -> None:
        for name in self.writers:
            app = self.document.apps[name]
            if not any(chain.source.topic == app.writes for chain in self.chains):
                text = f"{name} writes to {app.writes}, and no job reads it"
                self.report("app-shape", text, ("apps", name, "writes"))
        groups: dict[str, str] = {}
        for name in self.readers:
            app = self.document.apps[name]
            if app.reads not in self.logs:
                text = f"{name} reads {app.reads}, and no job writes to it"
                self.report("app-shape", text, ("apps", name, "reads"))
            group = app.consumer.get("group.id")
            if group is not None and app.effect != "store_with_offset":
                other = groups.setdefault(str(group), name)
                if other != name:
                    text = f"{name} is in the group of {other}: a rebalance is a question for `model: kafka`"
                    self.report("app-shape", text, ("apps", name, "consumer", "group.id"))

    def judge_faults(self) -> None:
        """Messages are named: a fetch that is lost is repeated by any client, which would only be one more wait."""
        faults = self.document.faults
        for kind in ("lose", "duplicate", "delay"):
            given = getattr(faults, kind)
            if given and not isinstance(given, dict):
                self.report("app-shape", f"where topics are logs, {kind} names the messages", ("faults", kind),
                            f"such as `{kind}: {{AppProduceResponse: 1}}`")  # fmt: skip
                continue
            for name in given or {}:
                fetches = "Fetch" in name or name.startswith("AppPosition")
                if fetches or (kind != "lose" and name in REPEATED and name != "AppProduceRequest"):
                    help = f"of an application's: {listed(REPEATED if kind == 'lose' else REPEATED[2:3])}"
                    self.report("app-shape", f"{kind} of {name} is not modelled", ("faults", kind, name), help)
        paused = faults.pause if isinstance(faults.pause, dict) else {"": faults.pause} if faults.pause else {}
        for name in paused:
            path = ("faults", "pause", name) if name else ("faults", "pause")
            if name not in self.writers:
                text = f"pause{f' of {name}' if name else ''} beside topics that are logs here"
                self.report("job-shape", text, path, "of an application that writes: `pause: {NAME: 1}`")
            elif not self.producer(name, "transactional.id") or self.document.apps[name].offsets != "transaction":
                text = f"who takes over from {name} goes on behind what is committed: with a transactional.id"
                self.report("app-shape", text, path, "give producer.transactional.id, and offsets: transaction")
        if faults.retention and all(chain.source.topic in self.logs for chain in self.chains):
            self.report("job-shape", "retention of a log that is still written", ("faults", "retention"))
        if faults.foreign_offset_commit and any(chain.source.topic in self.logs for chain in self.chains):
            text = "offsets that others commit in a log that is still written"
            self.report("job-shape", text, ("faults", "foreign_offset_commit"))

    # --- Settings -----------------------------------------------------------------------------------------------------

    def settings(self, client: kafka.Kind, name: str) -> dict[str, Any]:
        return {key: one.value for key, one in self.effective(client, name).items()}

    def effective(self, client: kafka.Kind, name: str) -> dict[str, kafka.Setting]:
        app = self.document.apps[name]
        return kafka.effective(client, self.version, app.producer if client == "producer" else app.consumer)

    def producer(self, name: str, setting: str) -> Any:
        return self.settings("producer", name).get(setting)

    def shown(self) -> list[tuple[str, kafka.Setting]]:
        """What decides something of an application; of one that only says how the output is looked at, its level."""
        clients: list[tuple[kafka.Kind, str, tuple[str, ...]]]
        clients = [("producer", one, READ["producer"]) for one in self.writers]
        for name, app in self.document.apps.items():
            if app.reads is not None:
                clients.append(("consumer", name, READ["consumer"] if name in self.readers else ("isolation.level",)))
        return [
            (f"{name}.{client}.{key}", one)
            for client, name, reads in clients
            for key, one in self.effective(client, name).items()
            if key in reads or one.origin != f"default of {self.version}"
        ]

    # --- Wiring -------------------------------------------------------------------------------------------------------

    def of(self, kind: str, *targets: str) -> int:
        given = getattr(self.document.faults, kind)
        if isinstance(given, dict):
            found = sum(3 if amount == "unlimited" else amount for one, amount in given.items() if one in targets)
        else:
            found = 3 if given == "unlimited" else given
        return int(found)

    def sent(self, name: str) -> int:
        """Records that the application puts into the log at most, with repetitions."""
        app, faults = self.document.apps[name], self.document.faults
        again = self.of("crash", *self.processes(name)) + self.of("pause", name)
        if self.producer(name, "transactional.id") is not None:
            return app.records + again + faults.application_abort
        if not self.producer(name, "enable.idempotence"):
            again += self.of("lose", "AppProduceRequest", "AppProduceResponse")
            again += self.of("duplicate", "AppProduceRequest") + self.of("delay", "AppProduceRequest")
        return app.records + again

    def starts(self, name: str) -> int:
        processes = self.processes(name)
        return len(processes) + self.of("crash", *processes)

    def processes(self, name: str) -> list[str]:
        """An application that is paused is replaced by another process."""
        return [name, f"{name}.spare"] if self.of("pause", name) else [name]

    def emitted(self, topic: str) -> int:
        """Records in this topic at most: each attempt of the job that writes it emits each of its input once."""
        job = self.job_writing(topic)
        if job is not None:
            return self.emitted(str(job.chains[0].source.topic)) * self.attempts(job)
        written = sum(self.sent(name) for name in self.apps_writing(topic))
        return written or self.document.topics[topic].records or 1

    def entries(self, topic: str) -> int:
        """A transaction has at least one record, and one control record."""
        job = self.job_writing(topic)
        if job is not None:
            return self.emitted(topic) * (2 if job.chains[0].guarantee() == "EXACTLY_ONCE" else 1)
        transactional = (name for name in self.apps_writing(topic) if self.producer(name, "transactional.id"))
        return self.emitted(topic) + sum(self.sent(name) for name in transactional)

    def attempts(self, job: Job) -> int:
        faults, name = self.document.faults, job.name
        played = (faults.checkpoint_timeout, faults.checkpoint_failure, faults.delivery_timeout)
        found: int = sum(budget_of(one, name) for one in played)
        found += self.of("crash", f"{name}.job_manager", name, f"{name}-1")
        return int(found + sum(one.startswith("run") for one in job.given.commands))

    def records(self, chain: Chain) -> int | None:
        """In the log that a chain reads; None if it reads none."""
        return self.entries(chain.source.topic) if chain.source.topic in self.logs else None

    def constants(self, records: int) -> dict[str, int]:
        again = self.of("lose", "AppInitProducerIdRequest", "AppInitProducerIdResponse")
        values = sum(self.document.apps[name].records for name in self.writers)
        return {
            "values": values or records,
            "topics": max(1, len(self.logs)), "writers": max(1, len(self.writers)),
            "readers": max(1, len(self.readers)),
            "entries": max((self.entries(topic) for topic in self.logs), default=0),
            "sessions": max((self.starts(name) + again for name in self.writers), default=0),
            "sequences": max(map(self.sent, self.writers), default=0),
        }  # fmt: skip

    def kafka(self) -> dict[str, Any]:
        inputs = [self.number(chain.source.topic) for chain in self.chains]
        levels = [chain.consumer["isolation.level"].value if chain.consumer else "" for chain in self.chains]
        readers = [self.settings("consumer", name)["isolation.level"] for name in self.readers]
        return {
            "inputs": inputs,
            "outputs": [self.number(writes(chain)) for chain in self.chains],
            "committed_sources": [
                number
                for number, level in enumerate(levels)
                if inputs[number] is not None and level == "read_committed"
            ],
            "listed_ends": [
                number
                for number, chain in enumerate(self.chains)
                if inputs[number] is not None and chain.end_is_listed()
            ],
            "shown_uncommitted": [
                number for number, chain in enumerate(self.chains) if "read_uncommitted" in self.levels(chain)
            ],
            "processes": [process for name in self.writers for process in self.processes(name)],
            "writers": [number for number, name in enumerate(self.writers) for _ in self.processes(name)],
            "writer_topics": [self.number(self.document.apps[name].writes) for name in self.writers],
            "readers": self.readers,
            "reader_topics": [self.number(self.document.apps[name].reads) for name in self.readers],
            "committed_readers": [number for number, level in enumerate(readers) if level == "read_committed"],
        }

    def levels(self, chain: Chain) -> list[str]:
        """At which isolation levels what a chain writes is read: by applications, and by jobs."""
        topic = writes(chain)
        if topic is None:
            return []
        apps = [name for name, app in self.document.apps.items() if app.reads == topic]
        found = [self.settings("consumer", name)["isolation.level"] for name in apps]
        return found + [
            one.consumer["isolation.level"].value
            for one in self.chains
            if one.source.topic == topic and one.consumer
        ]

    def actors(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        first = 0
        for name in self.writers:
            app, settings = self.document.apps[name], self.settings("producer", name)
            found[name] = {
                "is": "ProducingApp", "kafka": "kafka", "first_value": first, "records": app.records,
                "answered": settings["acks"] != "0",
                "idempotent": bool(settings.get("enable.idempotence")),
                "transactional": settings.get("transactional.id") is not None,
                "retries": settings["retries"] > 0,
                "stores_in_transaction": app.offsets == "transaction",
                "aborts": self.document.faults.application_abort,
            }  # fmt: skip
            for spare in self.processes(name)[1:]:
                found[spare] = {**found[name], "stands_in_for": [name]}
            first += app.records
        for number, name in enumerate(self.readers):
            app, settings = self.document.apps[name], self.settings("consumer", name)
            reset, stored = str(settings["auto.offset.reset"]).upper(), app.effect == "store_with_offset"
            found[name] = {
                "is": "ConsumingApp", "kafka": "kafka", "number": number, "reset": reset,
                "first_values": [found[one]["first_value"] for one in self.writers],
                "auto_commits": bool(settings["enable.auto.commit"] and settings["group.id"] and not stored),
                "commits_sync": app.commits == "sync", "processing": app.processing.upper(), "stores_offset": stored,
            }  # fmt: skip
        return found
