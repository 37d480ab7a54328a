"""A pipeline with one application that reads one topic and writes one other topic in transactions, and one application
that reads the result. Everything else is refused at its line.
"""

from collections.abc import Callable
from typing import Any, Literal

from checker.source import Diagnostic, Place, SourceError
from model.kafka import config
from model.kafka.forms import Document, budget, without_meaning
from model.kafka.transactions import protocol

Path = tuple[str | int, ...]
Places = Callable[[Path], Place]

# Settings that the wiring below reads; what else is given is said to be without effect, with the reason from here.
READS = (
    "transactional.id", "enable.idempotence", "group.id", "enable.auto.commit", "isolation.level",
    "transaction.partition.verification.enable", "transaction.version", "replication.factor",
    "max.in.flight.requests.per.connection", "group.protocol",
)  # fmt: skip
WHY_NOT = {
    "acks": "replication: every append is at once below the high watermark, whatever acks says",
    "transaction.timeout.ms": "time: a transaction times out only while its client is paused or down",
    "delivery.timeout.ms": "time: how often it passes is the fault budget delivery_timeout",
    "request.timeout.ms": "time: a request is repeated when nothing is on its way to or from the client",
    "linger.ms": "batching: a batch is one record and leaves in commitTransaction's flush",
    "retries": "giving up: a request is repeated as long as it takes",
    "max.in.flight.requests.per.connection": "pipelining: with one record a transaction, one batch follows the other",
    "auto.offset.reset": "a lost offset: the first position is the first record",
}

APPENDS: tuple[Literal["refused", "timed_out", "unreplicated"], ...] = ("refused", "timed_out", "unreplicated")

SWITCHES = {  # What `without` takes away, as wiring: (actor, field, value).
    "sequence_check": (("leader", "checks_sequence", False),),
    "verification_guard": (("leader", "checks_guard", False), ("offsets", "checks_guard", False)),
    "epoch_check": (("leader", "checks_epoch", False), ("offsets", "checks_epoch", False)),
    "epoch_bump_at_init": (("coordinator", "bumps_at_init", False),),
    "coordinator_epoch_check": (("coordinator", "checks_epoch", False),),
    "markers_after_reload": (("coordinator", "writes_markers_after_reload", False),),
    "generation_check": (("offsets", "checks_generation", False),),
    "stable_offset_fetch": (("offsets", "serves_stable_offsets", False),),
    "fencing_before_fetching_offsets": (("application", "fetches_offset_first", True),),
    "exclusive_bound": (("leader", "bound_is_exclusive", False),),
    "loading_before_reading": (("leader", "reads_what_is_applied", False),),
    "abort_filter": (("reader", "filters_aborted", False),),
    "failed_send_fails_transaction": (("application", "fails_with_its_sends", False),),
    "marker_retry": (("leader", "accepts_marker_again", False), ("offsets", "accepts_marker_again", False)),
    "guard_of_next_transaction": (
        ("leader", "previous_marker_spares_guard", False), ("offsets", "previous_marker_spares_guard", False),
    ),
    "logged_ongoing": (("coordinator", "logs_ongoing", False),),
    "repeated_end_txn": (("coordinator", "knows_end_again", False),),
    "pending_cleared_on_failure": (("coordinator", "clears_pending_on_failure", False),),
    "markers_keyed_by_term": (("coordinator", "drops_own_markers_only", False),),
    "next_producer_id_in_answer": (("coordinator", "tells_next_producer_id", False),),
    "producer_id_replaced_at_fence": (("coordinator", "replaces_id_at_fence", False),),
    "late_answers_dropped": (("leader", "drops_late_answers", False), ("offsets", "drops_late_answers", False)),
    "KAFKA-20357": (("coordinator", "persists_last_epoch", True),),
    "KAFKA-20785": (("coordinator", "fences_late_commit", True),),
    "epoch_bump_at_upgrade": (("application", "bumps_at_upgrade", False),),
    "abort_index": (("leader", "lists_aborted", False),),
    "lowest_sequence": (("leader", "checks_lowest_sequence", False),),
    "markers_wait_for_high_watermark": (("coordinator", "waits_for_high_watermark", True),),
}  # fmt: skip


KEYS = {  # What this family makes something of.
    "document": frozenset({
        "version", "topics", "apps", "brokers", "features", "without", "fixes", "moments", "epoch_max", "faults",
        "check", "transaction_identities",
    }),
    "topic": frozenset({"partitions", "records", "created"}),
    "app": frozenset({
        "reads", "writes", "instances", "offsets", "local_store", "subscription", "group_metadata", "seeks_after_abort",
        "reprocesses_after_abort", "after_commit_timeout", "when_fenced", "new_transactional_id", "consumer",
        "producer", "records_per_transaction", "awaits_sends",
    }),
    "faults": frozenset({
        "crash", "pause", "lose", "duplicate", "delay", "delivery_timeout", "slow_transaction", "deposed_coordinator",
        "transactional_id_expiration", "load_failure", "unsent_batch_timeout", "producer_id_expiration",
        "state_log_append", "commit_timeout", "application_abort", "transaction_timeout",
        "transaction_version_upgrade",
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
            self.report("not-modelled", f"{unread[-1]} means nothing to transactional applications", unread)
        if self.level() == 2 and not config.at_least(document.version, "4.0"):
            text = f"Kafka {document.version} has no transaction version 2"
            self.report("setting-version", text, ("features", "transaction.version"), "it came with 4.0")
        for key, given in (("without", document.without), ("fixes", document.fixes)):
            for i, mechanism in enumerate(given):
                if mechanism not in SWITCHES:
                    self.report("not-modelled", f"there is no {mechanism} in a transactional pipeline", (key, i))
        crashes = document.faults.crash
        if crashes == "unlimited" or (isinstance(crashes, dict) and "unlimited" in crashes.values()):
            help = "a number: each crash of the coordinator is an epoch, and epochs need a bound"
            self.report("unlimited-crashes", "crashes cannot be unlimited here", ("faults", "crash"), help)
        for name, app in document.apps.items():
            path: Path = ("apps", name)
            for key, topic in (("reads", app.reads), ("writes", app.writes)):
                if topic is not None and topic not in document.topics:
                    help = f"topics: {', '.join(document.topics)}"
                    self.report("unknown-topic", f"there is no topic {topic}", (*path, key), help)
        writers = [name for name, app in document.apps.items() if app.writes is not None]
        readers = [name for name, app in document.apps.items() if app.writes is None]
        reads_nothing = any(app.reads is None for app in document.apps.values())
        if len(writers) != 1 or len(readers) != 1 or reads_nothing or self.diagnostics:
            if not self.diagnostics:
                self.report("pipeline-shape", "one application writes and one reads what it wrote", ("apps",))
            return
        self.writer, self.reader = writers[0], readers[0]
        app, ledger = document.apps[self.writer], document.apps[self.reader]
        assert app.reads is not None
        assert app.writes is not None
        self.input, self.output = app.reads, app.writes
        if ledger.reads != self.output:
            text = f"{self.reader} reads {ledger.reads}, not {self.output}"
            self.report("pipeline-shape", text, ("apps", self.reader, "reads"))
        if document.topics[self.input].partitions != 1 or document.topics[self.input].records is None:
            self.report("pipeline-shape", f"{self.input} needs one partition and `records`", ("topics", self.input))
        if document.topics[self.input].created != "before":
            self.report("not-modelled", f"{self.input} has its records", ("topics", self.input, "created"))
        if app.records_per_transaction > 1 and app.offsets == "checkpoint":
            text = "a checkpoint here holds the transaction of one record"
            self.report("not-modelled", text, ("apps", self.writer, "records_per_transaction"))
        if app.when_fenced != "stop" and (app.instances > 1 or app.records_per_transaction > 1):
            text = "a process that starts again when it is fenced, beside another or with several records at a time"
            self.report("not-modelled", text, ("apps", self.writer, "when_fenced"))
        if app.instances > 1 and app.offsets == "checkpoint":
            text = "a checkpoint belongs to one instance here (Flink's own: model flink)"
            self.report("not-modelled", text, ("apps", self.writer, "instances"))
        if document.faults.transaction_version_upgrade:
            path = ("faults", "transaction_version_upgrade")
            if not config.at_least(document.version, "4.0"):
                self.report("setting-version", f"Kafka {document.version} has no transaction version 2", path)
            elif self.level() == 2:
                help = "`features: {transaction.version: 1}`"
                self.report("upgraded-already", "the cluster has transaction version 2 from the start", path, help)
            elif app.offsets != "transaction" or document.faults.deposed_coordinator:
                text = "an upgrade is modelled for offsets in the transaction, with one coordinator"
                self.report("not-modelled", text, path)
        if document.transaction_identities and app.offsets == "checkpoint":
            text = "the transaction of a checkpoint outlives its process, and has no identity here"
            self.report("not-modelled", text, ("transaction_identities",))
        if app.records_per_transaction > 1 and document.faults.delivery_timeout:
            text = "delivery.timeout.ms passes for the one batch in flight of a transaction with one record"
            self.report("not-modelled", text, ("faults", "delivery_timeout"))
        if self.connections_break() and budget(document.faults.crash, f"{self.writer}-1"):
            text = "a process that starts again has the numbers of the connections that it had before"
            self.report("not-modelled", f"lost batches of several in flight: {text}", ("faults", "crash"))
        ids = self.transactional_ids()
        if not ids or len(ids) > 2 or any(not isinstance(one, str) for one in ids):
            path = ("apps", self.writer, "producer")
            help = "`transactional.id: name`, or a list of two"
            self.report("not-transactional", f"{self.writer} has no transactional.id", path, help)

    def in_force(self, kind: config.Kind, given: dict[str, Any], name: str) -> Any:
        return config.effective(kind, self.document.version, given)[name].value

    def transactional_ids(self) -> list[Any]:
        """One for all instances, or a list with one for each."""
        given = self.document.apps[self.writer].producer.get("transactional.id")
        return given if isinstance(given, list) else [] if given is None else [given]

    def wired(self) -> dict[str, Any]:
        document, app = self.document, self.document.apps[self.writer]
        records = document.topics[self.input].records or 0
        partitions = document.topics[self.output].partitions
        faults = document.faults
        ids = self.transactional_ids()
        crashes = budget(faults.crash, "transaction_coordinator")
        # What makes a client send its batch or offsets again: each of these needs a number of its own.
        copied = ("ProduceRequest", "ProduceResponse", "TxnOffsetCommitRequest", "TxnOffsetCommitResponse")
        lost = 0
        for given in (faults.lose, faults.delay):
            lost += sum(budget(given, one) for one in copied) if isinstance(given, dict) else budget(given, "")
        lost += sum(budget(faults.crash, f"{self.output}-{i}") for i in range(partitions))
        again = faults.delivery_timeout + faults.commit_timeout + faults.application_abort
        transactions = records + 1 + again + crashes + self.resumptions()
        new_ids = self.new_ids()
        transactional_ids = self.first_id(app.instances) if new_ids else len(ids)
        if app.offsets == "checkpoint":
            transactional_ids = records  # One for each checkpoint.
        replaced = 1 + faults.transactional_id_expiration + faults.load_failure
        replaced += transactions * app.instances if document.epoch_max else 0
        epochs = 2 * app.instances + 2 * crashes + 4 + 2 * faults.commit_timeout + self.bumps(transactions)
        epochs += transactions if app.awaits_sends else 0
        log = 4 + 2 * (faults.delivery_timeout + min(replaced - 1, 3)) + (transactional_ids - 1) * transactions
        constants = {
            "records": records, "partitions": partitions, "transactional_ids": transactional_ids,
            "producer_ids": transactional_ids * replaced, "coordinator_crashes": crashes,
            **self.pipelining(transactions, 2 + lost),
            **self.ghosts(transactions),
            "client_bumps": int(app.awaits_sends or faults.transaction_version_upgrade > 0),
            "upgrades": faults.transaction_version_upgrade,
            "logged_epochs": (document.epoch_max or epochs) if "KAFKA-20357" in document.fixes else -1,
            "late_verifications": budget(faults.delay, "VerifyOnlyResponse"),
            "epochs": document.epoch_max or epochs, "transactions": transactions,
            "load_failures": faults.load_failure, "producer_expirations": faults.producer_id_expiration,
            "transaction_timeouts": faults.slow_transaction, "expirations": faults.transactional_id_expiration,
            **{f"{one}_appends": faults.state_log_append.get(one, 0) for one in APPENDS},
            "log": log + 4 * self.followers_lag() + 4 * (app.records_per_transaction - 1), "attempts": 2 + lost,
            "generations": app.instances if self.subscribes() else 0, "new_ids": new_ids,
        }  # fmt: skip
        return {
            "constants": constants,
            "actors": self.actors(partitions),
            "network": self.network(partitions),
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

    def bumps(self, transactions: int) -> int:
        """Transaction version 2: each EndTxn bumps the epoch, and a fence twice at most."""
        upgrades = self.document.faults.transaction_version_upgrade > 0
        both = self.level() == 2 or upgrades
        return (transactions + 2) * self.document.apps[self.writer].instances if both else 0

    def connections_break(self) -> bool:
        """Produce requests may be lost or late, with others behind them on their connection."""
        faults, several = self.document.faults, self.document.apps[self.writer].records_per_transaction > 1
        hit = sum(budget(one, "ProduceRequest") for one in (faults.lose, faults.delay))
        return several and hit + sum(budget(faults.crash, f"{self.output}-{i}") for i in range(4)) > 0

    def ghosts(self, transactions: int) -> dict[str, int]:
        """Identities of transactions: so many as each process may begin, for each instance."""
        apart = self.document.transaction_identities
        return {"ghosts": self.most_begun(transactions) * apart, "ghost_outcomes": 3 * apart}

    def most_begun(self, transactions: int) -> int:
        crashes = max(budget(self.document.faults.crash, f"{self.writer}-{i + 1}") for i in (0, 1))
        return transactions * (1 + crashes) * self.document.apps[self.writer].instances

    def pipelining(self, transactions: int, attempts: int) -> dict[str, int]:
        app = self.document.apps[self.writer]
        batches = app.records_per_transaction
        several = batches > 1
        return {
            "batches": batches, "sequences": transactions * batches, "batch_statuses": 5 * several,
            "connections": attempts * app.instances if several else 1,
            "connections_break": int(self.connections_break()),
            "pipelined_sequences": (transactions * batches + 1) * several,
        }  # fmt: skip

    def new_ids(self) -> int:
        """How often a process comes back with another transactional.id."""
        app = self.document.apps[self.writer]
        if app.new_transactional_id == "never":
            return 0
        return max(budget(self.document.faults.crash, f"{self.writer}-{i + 1}") for i in range(app.instances))

    def first_id(self, instance: int) -> int:
        """The number of the transactional.id with which an instance starts."""
        if self.new_ids():
            return instance * (1 + self.new_ids())
        return min(instance, len(self.transactional_ids()) - 1)

    def resumptions(self) -> int:
        """Transaction version 2: an instance that was fenced may go on with the epoch that its abort is answered."""
        fenced = self.document.apps[self.writer].instances > 1 or self.document.faults.pause != 0
        return 1 if fenced and self.level() == 2 else 0

    def level(self) -> int:
        found = config.effective("feature", self.document.version, self.document.features).get("transaction.version")
        return 0 if found is None else int(found.value)

    def followers_lag(self) -> bool:
        return bool(self.document.topics[self.output].settings.get("replication.factor", 1) > 1)

    def subscribes(self) -> bool:
        return self.document.apps[self.writer].subscription == "subscribe"

    def is_consumer_group(self) -> bool:
        given = self.document.apps[self.writer].consumer
        found = config.effective("consumer", self.document.version, given).get("group.protocol")
        return self.subscribes() and found is not None and found.value == "consumer"

    def epoch_max(self) -> dict[str, int]:
        return {} if self.document.epoch_max is None else {"epoch_max": self.document.epoch_max}

    def network(self, partitions: int) -> dict[str, Any]:
        """Room for what is ever on a link: one more is an error of the model, so too little cannot go unnoticed.

        A client waits for one answer at a time; late copies of its requests, and brokers that answer or repeat while
        the other side stands still, need more.
        """
        faults = self.document.faults
        delay = faults.delay
        late = sum(budget(delay, one) for one in delay) if isinstance(delay, dict) else budget(delay, "")
        late += faults.delivery_timeout + faults.commit_timeout  # What was asked before is still on its way.
        brokers = [*(f"{self.output}-{i}" for i in range(partitions)), "consumer_offsets"]
        ids = len(self.transactional_ids())
        between = 1 + ids + max(1, late, ids * budget(faults.crash, "transaction_coordinator"))
        links: list[dict[str, Any]] = [{"from": one, "capacity": 2 + late} for one in brokers]
        links.append({"from": "transaction_coordinator", "capacity": 1 + late + faults.transaction_version_upgrade})
        for one in brokers:
            links.append({"from": one, "to": "transaction_coordinator", "capacity": between})
            links.append({"from": "transaction_coordinator", "to": one, "capacity": between})
        # A fetch that is lost is repeated from the same position: to the reader nothing has happened.
        links.append({"to": self.reader, "capacity": 1, "reliable": True})
        several = self.document.apps[self.writer].records_per_transaction - 1
        for i in range(self.document.apps[self.writer].instances if several else 0):
            for one in brokers:
                links.append({"from": f"{self.writer}-{i + 1}", "to": one, "capacity": 1 + late + several})
                links.append({"from": one, "to": f"{self.writer}-{i + 1}", "capacity": 2 + late + several})
        return {"kind": "fifo", "capacity": 1 + late, "links": links}

    def actors(self, partitions: int) -> dict[str, Any]:
        app, ledger = self.document.apps[self.writer], self.document.apps[self.reader]
        level = self.in_force("consumer", ledger.consumer, "isolation.level")
        leaders = [f"{self.output}-{i}" for i in range(partitions)]
        commits_on_close = self.in_force("consumer", app.consumer, "enable.auto.commit")
        upgrades = self.document.faults.transaction_version_upgrade > 0
        switches = protocol.switches(self.document.version, 2 if upgrades else self.level())
        if upgrades:  # What makes version 2, each request says itself.
            switches["coordinator"]["bumps_epoch_at_end"] = False
            switches["application"]["adds_partitions"] = True
            for actor in protocol.PARTITIONS:
                switches[actor]["adds_partitions"] = False
        if app.when_fenced == "stop":  # Either error is the same to it (KAFKA-19690): all versions give the older one.
            for actor in protocol.PARTITIONS:
                switches[actor]["checks_epoch_first"] = False
        if self.document.brokers.get("transaction.partition.verification.enable") is False:
            for actor in protocol.PARTITIONS:
                switches[actor]["verification"] = False
        for mechanism in (*self.document.without, *self.document.fixes):
            for actor, name, value in SWITCHES[mechanism]:
                switches[actor][name] = value
        if app.records_per_transaction == 1:
            switches["leader"]["checks_lowest_sequence"] = False  # It never bites.
        in_flight = self.in_force("producer", app.producer, "max.in.flight.requests.per.connection")
        apart = self.document.transaction_identities
        deposed = ["deposed_coordinator"] if self.document.faults.deposed_coordinator else []
        actors: dict[str, Any] = {}
        for one in deposed:
            actors[one] = {"is": "DeposedCoordinator", **switches["deposed"]}
        for i in range(app.instances):
            last = i == app.instances - 1
            actors[f"{self.writer}-{i + 1}"] = {
                "is": "Application", "transactional_id": self.first_id(i), "coordinator": "transaction_coordinator",
                "leaders": leaders, "offsets_partition": "consumer_offsets", "records": "records",
                "batches": "batches", "in_flight_max": min(in_flight, 5), "connections_break": self.connections_break(),
                "upgrades": upgrades, "tells_apart": apart,
                "first_ghost": f"{i} * (ghosts // {app.instances})" if apart else 0,
                "first_connection": f"{i} * attempts" if app.records_per_transaction > 1 else 0,
                "attempts": "attempts", "transactions": "transactions",
                "offsets": app.offsets, "local_store": app.local_store.upper(),
                "commits_offset_on_close": commits_on_close,
                "expirations": self.document.faults.delivery_timeout, "is_replacement": i > 0,
                "commit_timeouts": self.document.faults.commit_timeout,
                "aborts": self.document.faults.application_abort, "seeks_after_abort": app.seeks_after_abort,
                "after_commit_timeout": app.after_commit_timeout.upper(),
                "starts_again_if_fenced": app.when_fenced == "start again",
                "new_id_at_restart": app.new_transactional_id == "at_restart",
                "reprocesses": app.reprocesses_after_abort, "awaits_sends": app.awaits_sends, "deposed": deposed,
                "unsent_expirations": self.document.faults.unsent_batch_timeout,
                "subscribes": self.subscribes(), "sends_group_metadata": app.group_metadata,
                **({} if last or self.subscribes() else {"replacement": f"{self.writer}-{i + 2}"}),
                **switches["application"],
            }  # fmt: skip
        actors["transaction_coordinator"] = {
            "is": "TransactionCoordinator", "leaders": [*leaders, "consumer_offsets"],
            "transactional_ids": "transactional_ids", "deposed": deposed,
            "upgraded_clients": [f"{self.writer}-{i + 1}" for i in range(app.instances)] if upgrades else [],
            "tells_apart": apart, "times_out": self.document.faults.transaction_timeout,
            "exposes_fence": "epoch_fence" in self.document.moments, "load_failures_max": "load_failures",
            "timeouts_max": "transaction_timeouts", "expirations_max": "expirations",
            **{f"{one}_max": f"{one}_appends" for one in APPENDS}, **self.epoch_max(), **switches["coordinator"],
        }  # fmt: skip
        for i, leader in enumerate(leaders):
            actors[leader] = {
                "is": "PartitionLeader", "partition": i, "coordinator": "transaction_coordinator",
                "reader": f"{self.reader}-{i + 1}", "isolation_level": level,
                "expirations_max": "producer_expirations", "followers_lag": self.followers_lag(),
                "batches": "batches", "connections_break": self.connections_break(),
                "late_verifications": "late_verifications", "tells_apart": apart, "upgrades": upgrades,
                "starts_unready": self.document.topics[self.output].created == "on first use",
                **self.epoch_max(), **switches["leader"],
            }  # fmt: skip
        actors["consumer_offsets"] = {
            "is": "OffsetsPartition", "partition": "partitions", "coordinator": "transaction_coordinator",
            "late_verifications": "late_verifications", "tells_apart": apart, "upgrades": upgrades,
            **self.epoch_max(), **switches["offsets"],
            "requires_member": self.is_consumer_group(),
            **({"members": [f"{self.writer}-{i + 1}" for i in range(app.instances)]} if self.subscribes() else {}),
        }  # fmt: skip
        actors[self.reader] = {
            "is": "Consumer", "count": partitions, "partition": "index", "isolation_level": level,
            **switches["reader"],
        }  # fmt: skip
        return actors

    def predicate(self, given: Any, path: Path) -> Any:
        """`exactly_once: orders -> payments` and `no_aborted_read: ledger` name what there is only one of."""
        if not isinstance(given, dict) or len(given) != 1:
            return given
        name, argument = next(iter(given.items()))
        if not isinstance(argument, str):
            return given
        expected = f"{self.input} -> {self.output}" if "->" in argument else self.reader
        if " ".join(argument.split()) != expected:
            help = f"write `{name}: {expected}`"
            self.report("unknown-stream", f"{name} is about {expected}, not {argument}", path, help)
            raise SourceError(self.diagnostics)
        return name

    def not_modelled(self) -> list[str]:
        document = self.document
        given: dict[config.Kind, list[str]] = {
            "consumer": [name for app in document.apps.values() for name in app.consumer],
            "producer": [name for app in document.apps.values() for name in app.producer],
            "broker": list(document.brokers),
            "topic": [name for topic in document.topics.values() for name in topic.settings],
        }
        said = config.not_read(given, READS, WHY_NOT)
        said.append("brokers that crash, and replicas")
        if not self.subscribes():
            said.append("group generations: only the transactional id fences")
        if "auto.offset.reset" not in given["consumer"]:
            said.append("auto.offset.reset (default latest): a group without an offset starts at the first record here")
        return said
