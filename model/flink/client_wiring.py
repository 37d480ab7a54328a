"""What applications around a job become: the wiring of ``clients``, and how long the logs between them can get.

An application that only reads, with no word about its loop, is no client: it says at which isolation level the output
is looked at.
"""

from typing import Any

from checker.nearest import listed
from checker.source import Diagnostic
from model.flink.forms import App, Document
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


class Clients:
    def __init__(self, document: Document, jobs: dict[str, Job], version: str, place: Places) -> None:
        self.document, self.jobs, self.version, self.place = document, jobs, version, place
        self.diagnostics: list[Diagnostic] = []
        self.writer = next((name for name, app in document.apps.items() if app.writes is not None), None)
        self.reader = next((n for n, app in document.apps.items() if app.reads is not None and is_client(app)), None)
        for name, app in document.apps.items():
            self.judge(name, app, ("apps", name))
        if not self.diagnostics and (self.writer or self.reader):
            self.judge_job()
            self.judge_faults()
        if document.faults.application_abort and not (self.writer and self.producer("transactional.id")):
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
        if is_client(app) and name != (self.reader if role == "reads" else self.writer):
            self.report("app-shape", f"one application that {role}, beside {self.reader or self.writer}", path)
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

    def judge_job(self) -> None:
        """A log has one partition, one writer and one reader; both clients stand around the one chain."""
        if len(self.jobs) > 1:
            self.report("job-shape", "applications that write or commit stand around one job", ("jobs",))
            return
        (job,) = self.jobs.values()
        if len(job.chains) != 1 or job.given.channels is not None:
            text = "applications that write or commit stand around a job of one chain, with parallelism 1"
            self.report("job-shape", text, job.path)
            return
        (chain,) = job.chains
        if self.writer:
            self.judge_input(job, chain, self.document.apps[self.writer])
        if self.reader:
            app = self.document.apps[self.reader]
            if chain.sink.is_ not in STREAMING_SINKS or chain.sink.topic != app.reads:
                text = f"{self.reader} reads {app.reads}, and no job writes to it"
                self.report("app-shape", text, ("apps", self.reader, "reads"))

    def judge_input(self, job: Job, chain: Chain, app: App) -> None:
        path = (*chain.path, "source")
        if chain.source.topic != app.writes:
            text = f"{self.writer} writes to {app.writes}, and no job reads it"
            self.report("app-shape", text, ("apps", str(self.writer), "writes"))
            return
        topic = self.document.topics[str(app.writes)]
        for word in sorted(topic.model_fields_set):
            text = f"{self.writer} writes {app.writes}: what is in it depends on that"
            self.report("app-shape", text, ("topics", str(app.writes), word), "give apps.NAME.records")
        if chain.bounded() or chain.starts_at_end() or chain.consumer["enable.auto.commit"].value:
            text = "a source of a log that is still written begins at the earliest offset, does not end, and commits"
            self.report("job-shape", f"{text} nothing automatically", path)
        if self.document.faults.retention:
            self.report("job-shape", "retention of a log that is still written", ("faults", "retention"))

    def judge_faults(self) -> None:
        """Messages are named: a fetch that is lost is repeated by any client, which would only be one more wait."""
        faults = self.document.faults
        for kind in ("lose", "duplicate", "delay"):
            given = getattr(faults, kind)
            if given and not isinstance(given, dict):
                self.report("app-shape", f"with applications, {kind} names the messages", ("faults", kind),
                            f"such as `{kind}: {{AppProduceResponse: 1}}`")  # fmt: skip
                continue
            for name in given or {}:
                fetches = "Fetch" in name or name.startswith("AppPosition")
                if fetches or (kind != "lose" and name in REPEATED and name != "AppProduceRequest"):
                    help = f"of an application's: {listed(REPEATED if kind == 'lose' else REPEATED[2:3])}"
                    self.report("app-shape", f"{kind} of {name} is not modelled", ("faults", kind, name), help)
        if faults.pause:
            self.report("job-shape", "pause beside applications that write or commit", ("faults", "pause"))

    # --- Settings -----------------------------------------------------------------------------------------------------

    def settings(self, client: kafka.Kind, name: str) -> dict[str, Any]:
        return {key: one.value for key, one in self.effective(client, name).items()}

    def effective(self, client: kafka.Kind, name: str) -> dict[str, kafka.Setting]:
        app = self.document.apps[name]
        return kafka.effective(client, self.version, app.producer if client == "producer" else app.consumer)

    def producer(self, setting: str) -> Any:
        assert self.writer is not None
        return self.settings("producer", self.writer).get(setting)

    def shown(self) -> list[tuple[str, kafka.Setting]]:
        clients: tuple[tuple[kafka.Kind, str | None], ...] = (("producer", self.writer), ("consumer", self.reader))
        return [
            (f"{name}.{client}.{key}", one)
            for client, name in clients
            if name is not None
            for key, one in self.effective(client, name).items()
            if key in READ[client] or one.origin != f"default of {self.version}"
        ]

    # --- Wiring -------------------------------------------------------------------------------------------------------

    def of(self, kind: str, *targets: str) -> int:
        given = getattr(self.document.faults, kind)
        if isinstance(given, dict):
            found = sum(3 if amount == "unlimited" else amount for one, amount in given.items() if one in targets)
        else:
            found = 3 if given == "unlimited" else given
        return int(found)

    def sent(self) -> int:
        """Records that the application puts into the log at most, with repetitions."""
        assert self.writer is not None
        app, faults = self.document.apps[self.writer], self.document.faults
        again = self.of("crash", self.writer)
        if self.producer("transactional.id") is not None:
            return app.records + again + faults.application_abort
        if not self.producer("enable.idempotence"):
            again += self.of("lose", "AppProduceRequest", "AppProduceResponse")
            again += self.of("duplicate", "AppProduceRequest") + self.of("delay", "AppProduceRequest")
        return app.records + again

    def input_entries(self) -> int:
        """A transaction has one record and one control record."""
        if self.writer is None:
            return 0
        return self.sent() * (2 if self.producer("transactional.id") is not None else 1)

    def values(self, records: int) -> int:
        return self.document.apps[self.writer].records if self.writer else records

    def constants(self, records: int, attempts: int, transactional: bool) -> dict[str, int]:
        """``attempts`` of the task: each emits each record of the input at most once, in transactions or not."""
        emitted = (self.sent() if self.writer else records) * attempts * (2 if transactional else 1)
        sessions = sequences = 0
        if self.writer:
            again = self.of("lose", "AppInitProducerIdRequest", "AppInitProducerIdResponse")
            sessions = 1 + self.of("crash", self.writer) + again
            sequences = self.sent()
        return {
            "values": self.values(records), "input_entries": self.input_entries(), "sessions": sessions,
            "sequences": sequences, "output_entries": emitted if self.reader else 0,
        }  # fmt: skip

    def kafka(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.writer:
            ((chain,),) = [job.chains for job in self.jobs.values()]
            level = chain.consumer["isolation.level"].value
            found |= {"input_log": True, "source_read_committed": level == "read_committed"}
        return {**found, "readers": [self.reader] if self.reader else []}

    def actors(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.writer:
            app, settings = self.document.apps[self.writer], self.settings("producer", self.writer)
            found[self.writer] = {
                "is": "ProducingApp", "kafka": "kafka", "records": app.records,
                "answered": settings["acks"] != "0",
                "idempotent": bool(settings.get("enable.idempotence")),
                "transactional": settings.get("transactional.id") is not None,
                "retries": settings["retries"] > 0,
                "stores_in_transaction": app.offsets == "transaction",
                "aborts": self.document.faults.application_abort,
            }  # fmt: skip
        if self.reader:
            app, settings = self.document.apps[self.reader], self.settings("consumer", self.reader)
            reset, stored = str(settings["auto.offset.reset"]).upper(), app.effect == "store_with_offset"
            found[self.reader] = {
                "is": "ConsumingApp", "kafka": "kafka", "reset": reset,
                "auto_commits": bool(settings["enable.auto.commit"] and settings["group.id"] and not stored),
                "commits_sync": app.commits == "sync", "processing": app.processing.upper(), "stores_offset": stored,
            }  # fmt: skip
        return found
