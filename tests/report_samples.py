"""Hand-made results for the tests of reports/: one of each outcome, and one whose every name is hostile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from checker.verdict import (
    Change,
    Diagnosis,
    Explored,
    Ledger,
    LedgerEvent,
    Log,
    LogEntry,
    Outcome,
    Parting,
    Path,
    PathStep,
    PropertyResult,
    PropertyVerdict,
    Remedies,
    Result,
    SentMessage,
    Tried,
)

HOSTILE = [
    "<script>alert(1)</script>",
    "a\"b'c\\d\\",
    "]]>--><!--&lt;&amp;",
    "😀 emoji 寿司",
    "\u202eright-to-left\u202c שלום",
    "x" * 300,
    "end; note over p0: {{}} #35; %%",
    "\x1b[31mred\x00\x07\n newline",
    "\ud800 half a surrogate",
    "",
]


def message(kind: str, sender: str | None, receiver: str | None, **fields: Any) -> SentMessage:
    return SentMessage(kind, fields, sender, receiver)


def make_path(initial: dict[str, dict[str, str]], steps: list[dict[str, Any]], replay: str = "0/1/0/2") -> Path:
    """Numbers the steps, and follows their changes to give the states."""
    states = [initial]
    made = []
    for number, step in enumerate(steps, start=1):
        changes = tuple(Change(step["actor"], *entry) for entry in step.get("changes", ()))
        state = {actor: dict(fields) for actor, fields in states[-1].items()}
        for changed in changes:
            state[changed.actor][changed.field] = changed.after
        states.append(state)
        made.append(
            PathStep(
                number,
                step["actor"],
                step["action"],
                step.get("fault", False),
                step.get("received"),
                step.get("late", False),
                tuple(step.get("sent", ())),
                changes,
                tuple(step.get("choices", ())),
                step.get("played", ""),
                tuple(step.get("gone", ())),
                tuple(step.get("refused", ())),
                step.get("says", ""),
                step.get("remark", ""),
            )
        )
    return Path(tuple(made), tuple(states), replay)


def incident() -> Path:
    """A producer that crashes with a request on its way, and writes its record again under a new producer id."""
    ask_1 = message("InitProducerIdRequest", "producer", "coordinator")
    give_1 = message("InitProducerIdResponse", "coordinator", "producer", producer_id=1, epoch=0)
    produce_1 = message("ProduceRequest", "producer", "partition-1", producer_id=1, epoch=0, sequence=0, record=0)
    again_1 = message("ProduceRequest", "producer", "partition-1", producer_id=1, epoch=0, sequence=0, record=0)
    done_1 = message("ProduceResponse", "partition-1", "producer", producer_id=1, sequence=0, error="NONE")
    give_2 = message("InitProducerIdResponse", "coordinator", "producer", producer_id=2, epoch=0)
    produce_2 = message("ProduceRequest", "producer", "partition-1", producer_id=2, epoch=0, sequence=0, record=0)
    done_2 = message("ProduceResponse", "partition-1", "producer", producer_id=2, sequence=0, error="NONE")
    initial = {
        "producer": {"confirmed": "0", "producer_id": "None", "next_sequence": "0", "unacked": "{}"},
        "coordinator": {"next_id": "1"},
        "partition-1": {"log": "()", "last": "{1: None, 2: None}"},
    }
    return make_path(
        initial,
        [
            {"actor": "producer", "action": "request_producer_id", "sent": [ask_1]},
            {
                "actor": "coordinator",
                "action": "hand_out_producer_id",
                "received": ask_1,
                "sent": [give_1],
                "changes": [("next_id", "1", "2")],
            },
            {
                "actor": "producer",
                "action": "adopt_producer_id",
                "received": give_1,
                "changes": [("producer_id", "None", "1")],
            },
            {
                "actor": "producer",
                "action": "send_next",
                "sent": [produce_1],
                "changes": [("next_sequence", "0", "1"), ("unacked", "{}", "{0}")],
            },
            {"actor": "partition-1", "action": "delay", "fault": True, "received": produce_1},
            {"actor": "producer", "action": "retry", "sent": [again_1], "choices": ["0"]},
            {"actor": "partition-1", "action": "lose", "fault": True, "received": again_1},
            {
                "actor": "producer",
                "action": "crash",
                "fault": True,
                "changes": [
                    ("producer_id", "1", "None", True),
                    ("next_sequence", "1", "0", True),
                    ("unacked", "{0}", "{}", True),
                ],
            },
            {"actor": "producer", "action": "restart", "sent": [ask_1]},
            {
                "actor": "coordinator",
                "action": "hand_out_producer_id",
                "received": ask_1,
                "sent": [give_2],
                "changes": [("next_id", "2", "3")],
            },
            {
                "actor": "producer",
                "action": "adopt_producer_id",
                "received": give_2,
                "changes": [("producer_id", "None", "2")],
            },
            {
                "actor": "producer",
                "action": "send_next",
                "sent": [produce_2],
                "changes": [("next_sequence", "0", "1"), ("unacked", "{}", "{0}")],
            },
            {
                "actor": "partition-1",
                "action": "append",
                "received": produce_2,
                "sent": [done_2],
                "changes": [
                    ("log", "()", "(Entry(producer_id=2, epoch=0, sequence=0, record=0),)"),
                    ("last", "{1: None, 2: None}", "{1: None, 2: 0}"),
                ],
            },
            {"actor": "partition-1", "action": "pause", "fault": True},
            {"actor": "partition-1", "action": "resume"},
            {
                "actor": "partition-1",
                "action": "append",
                "received": produce_1,
                "late": True,
                "sent": [done_1],
                "changes": [
                    (
                        "log",
                        "(Entry(producer_id=2, epoch=0, sequence=0, record=0),)",
                        "(Entry(producer_id=2, epoch=0, sequence=0, record=0), "
                        "Entry(producer_id=1, epoch=0, sequence=0, record=0))",
                    ),
                    ("last", "{1: None, 2: 0}", "{1: 0, 2: 0}"),
                ],
            },
        ],
    )


def crowd() -> Path:
    """What the first incident lacks: broadcasts, messages to oneself, repeats, several sends at once, crossings."""
    prepare = message("Prepare", "manager", None)
    vote_1 = message("Vote", "worker-1", "manager", yes=True, reasons=["disk", "quota", None], of={"round": 3})
    vote_2 = message("Vote", "worker-2", "manager", yes=False, reasons=[], of={"round": 3})
    wake = message("Wake", "worker-2", "worker-2", after=7)
    tell_1 = message("Decide", "manager", "worker-1", commit=False)
    tell_2 = message("Decide", "manager", "worker-2", commit=False)
    tell_log = message("WriteTxnMarkersRequest", "manager", "log", commit=False, coordinator_epoch=0, partitions=[0, 1])
    initial = {
        "log": {"entries": "()"},
        "worker-1": {"state": "WORKING"},
        "manager": {"votes": "{}", "state": "INIT"},
        "worker-2": {"state": "WORKING"},
        "idle": {"x": "0"},
    }
    return make_path(
        initial,
        [
            {"actor": "manager", "action": "prepare", "sent": [prepare], "changes": [("state", "INIT", "WAITING")]},
            {"actor": "worker-1", "action": "vote", "received": prepare, "sent": [vote_1]},
            {
                "actor": "worker-2",
                "action": "vote",
                "received": prepare,
                "sent": [vote_2, wake],
                "choices": ["no", "7"],
            },
            {"actor": "manager", "action": "duplicate", "fault": True, "received": vote_1},
            {"actor": "manager", "action": "count", "received": vote_2, "changes": [("votes", "{}", "{worker-2: no}")]},
            {"actor": "manager", "action": "count", "received": vote_1},
            {"actor": "manager", "action": "decide", "sent": [tell_log, tell_1, tell_2]},
            {"actor": "worker-2", "action": "wake", "received": wake},
            {"actor": "worker-2", "action": "obey", "received": tell_2},
            {"actor": "worker-1", "action": "delay", "fault": True, "received": tell_1},
            {"actor": "manager", "action": "count", "received": vote_1},
            {"actor": "worker-1", "action": "crash", "fault": True},
            {
                "actor": "log",
                "action": "append_marker",
                "received": tell_log,
                "changes": [("entries", "()", "(ABORT,)")],
            },
        ],
        "7",
    )


def connections() -> Path:
    """Five lanes; a broker that crashes takes with it what is on its way to it, and what is sent to it later is lost.
    Then it starts again without the end of its log: the crash was a power_loss."""
    write = message("ProduceRequest", "shop", "broker-1", record=0)
    told = message("PartitionChange", "controller", "broker-1", leader=1)
    told_later = message("PartitionChange", "controller", "broker-1", leader=2)
    told_another = message("PartitionChange", "controller", "broker-2", leader=2)
    initial = {
        "shop": {"outcome": "PENDING"},
        "broker-1": {"log": "()", "parked": "{}"},
        "broker-2": {"log": "()"},
        "broker-3": {"log": "()"},
        "controller": {"leader": "1"},
    }
    path = make_path(
        initial,
        [
            {"actor": "shop", "action": "send_batch", "sent": [write], "says": "It sends a record."},
            {"actor": "controller", "action": "tell", "sent": [told]},
            {"actor": "broker-3", "action": "wait"},
            {"actor": "broker-1", "action": "produce", "received": write, "changes": [("log", "()", "(record 0,)")]},
            {
                "actor": "broker-1",
                "action": "crash",
                "fault": True,
                "changes": [("parked", "{}", "{1}", True)],
                "gone": [told],
            },
            {
                "actor": "controller",
                "action": "fence",
                "sent": [told_later, told_another],
                "refused": [0],
                "changes": [("leader", "1", "2"), ("fenced", "False", "True", False, True)],
                "says": "It notices that a broker is down.",
            },
            {
                "actor": "broker-1",
                "action": "restart",
                "played": "power_loss",
                "changes": [("log", "(record 0,)", "()")],
            },
        ],
    )
    written = LedgerEvent("record 0", "in the log of", "broker-1 @ 0", 4)
    return replace(path, ledger=Ledger(("record 0",), ("in the log of",), (written,)))


def connected() -> Result:
    """The same as an answer, with what would have helped."""
    faults = {"crash broker-1": 1, "power_loss": 1}
    found = PropertyResult(
        "no_loss",
        "always",
        PropertyVerdict.VIOLATED,
        "Every acknowledged record is in the log.",
        ("record 0 is in no log",),
        connections(),
        diagnosis=Diagnosis(pivot=7, no_return=7, fewest_faults=faults, not_computed=("nobody asked",), brief=True),
    )
    kept = Tried("topics.orders.min.insync.replicas", "1 (default of 3.9)", "2", states=812)
    price = "gives up latency: it waits for the ISR"
    priced = replace(kept, key="apps.shop.producer.acks", value="all", gives_up=price)
    other = Tried("apps.shop.producer.acks", "all", "0", "no_duplicates is broken in 4 steps", 99)
    return Result(
        spec="specs/connections.yaml",
        title="A broker that goes away",
        outcome=Outcome.VIOLATED,
        properties=[found],
        explored=Explored(1434, 5021, 1, 8, False),
        faults={"crash broker-1": 1},
        played={"power_loss": "broker-1 1"},
        remedies=Remedies(
            "specs/connections.yaml",
            "A broker that goes away",
            "no_loss",
            Outcome.VIOLATED,
            kept=[kept, priced],
            vacuous=[replace(other, note="all_acknowledged is out of reach")],
            not_judged=[Tried("apps.shop.producer.linger.ms", "0 (given)", "", "time is not modelled")],
            others_broken=[other],
            broken_still=[replace(other, key="version")],
        ),
    )


def violated() -> Result:
    path = incident()
    short = make_path({"producer": {"confirmed": "0"}}, [{"actor": "producer", "action": "send_next"}], "0")
    long = Path((*path.steps, *short.steps), (*path.states, path.states[-1]), "0/1/0/2/0")
    return Result(
        spec="specs/broken/idempotent_producer_restart.yaml",
        title="Idempotent producer that crashes",
        outcome=Outcome.VIOLATED,
        properties=[
            PropertyResult(
                "no_loss", "always", PropertyVerdict.UNKNOWN, "Every confirmed record stays in the partition's log."
            ),
            PropertyResult(
                "in_order",
                "always",
                PropertyVerdict.VIOLATED,
                "Records of one producer are in the log in the order they were sent.",
                ("record 0 follows itself in partition-1",),
                long,
            ),
            PropertyResult(
                "no_duplicates",
                "always",
                PropertyVerdict.VIOLATED,
                "Each record is in the partition's log at most once",
                ("record 0 is in the log twice: producer_id 2 at offset 0, producer_id 1 at offset 1",),
                path,
            ),
            PropertyResult("every_record_confirmed", "sometimes", PropertyVerdict.UNKNOWN),
        ],
        explored=Explored(1434, 5021, 1, 17, False),
        bounds={"records": 2, "producer_ids": 2, "link capacity": 4},
        faults={"crash": 1, "lose": 1, "delay ProduceRequest": 1, "pause": 1},
        fired={"crash": 120, "lose": 94, "delay ProduceRequest": 80, "pause": 41},
        not_modelled=["batching: a batch is one record"],
        seconds={"load": 0.05, "compile": 0.41, "explore": 0.02},
        memory_bytes=48_000_000,
    )


def holds() -> Result:
    return Result(
        spec="specs/txn.yaml",
        title="Read-process-write in a Kafka transaction",
        outcome=Outcome.HOLDS,
        properties=[
            PropertyResult(
                "exactly_once: orders -> payments",
                "always",
                PropertyVerdict.HOLDS,
                "Every order that was committed as processed became exactly one payment that the ledger reads.",
            ),
            PropertyResult("no_aborted_read: ledger", "always", PropertyVerdict.HOLDS, "No aborted record is read"),
            PropertyResult(
                "all_delivered: ledger",
                "sometimes",
                PropertyVerdict.REACHED,
                "Every order has reached the ledger",
                path=make_path({"ledger": {"seen": "{}"}}, [{"actor": "ledger", "action": "poll"}]),
            ),
        ],
        explored=Explored(1_234_567, 9_876_543, 1, 61, True, 45_000),
        bounds={"orders.records": 2, "payments.partitions": 2, "payer.instances": 2, "link capacity": 4},
        faults={
            "crash payer": 1,
            "crash transaction_coordinator": 1,
            "lose": 1,
            "delay": 1,
            "pause payer": "unlimited",
        },
        fired={
            "crash payer": 120_123,
            "crash transaction_coordinator": 80_001,
            "lose": 1,
            "delay": 65_000,
            "pause payer": 7,
        },
        never_ran=["Partition.truncate", "TransactionCoordinator.expire_transactional_id"],
        not_modelled=[
            "batching: a batch is one record",
            "delivery.timeout.ms: a producer retries for as long as it runs, however long the broker stays away",
        ],
        seconds={"load": 0.05, "compile": 0.41, "explore": 0.72},
        memory_bytes=212_000_000,
    )


def inconclusive() -> Result:
    result = holds()
    result.outcome = Outcome.INCONCLUSIVE
    result.properties = [
        PropertyResult(found.name, found.kind, PropertyVerdict.UNKNOWN, found.explanation)
        for found in result.properties
    ]
    result.explored = Explored(22_000_000, 180_000_000, 1, 23, False)
    result.why = ["the limit of 16 GB of memory was reached in level 24"]
    result.never_ran = []
    return result


def vacuous() -> Result:
    result = holds()
    result.outcome = Outcome.VACUOUS
    result.properties[2] = PropertyResult("all_delivered: ledger", "sometimes", PropertyVerdict.UNREACHED)
    result.fired["lose"] = 0
    result.why = [
        "the fault `lose` never fired: no message that it could hit is ever sent",
        "`all_delivered: ledger` was never reached",
    ]
    return result


def problem() -> Result:
    path = incident()
    result = holds()
    result.outcome = Outcome.INCONCLUSIVE
    result.properties = []
    result.explored = Explored(40, 81, 1, 4, False)
    result.problem = "Producer.next_sequence is 2 after Producer.send_next(), outside 0..1 (specs/txn.yaml: sequences)"
    result.problem_path = Path(path.steps[:4], path.states[:5], "0/0/0/0")
    return result


def hostile() -> Result:
    """Every text that could come from a spec or model is one that some format would choke on."""
    steps: list[dict[str, Any]] = []
    initial: dict[str, dict[str, str]] = {}
    for position, text in enumerate(HOSTILE):
        peer = HOSTILE[(position + 1) % len(HOSTILE)]
        sent = SentMessage(text, {text: text, "list": [text, None, True], "map": {text: 1}}, text, peer)
        initial[text] = {text: text}
        steps.append(
            {"actor": text, "action": text, "sent": [sent, sent], "choices": [text], "refused": [1], "says": text}
        )
        steps.append({"actor": peer, "action": text, "received": sent, "late": position % 2 == 1, "remark": text})
        steps.append({"actor": text, "action": "crash", "fault": True, "changes": [(text, text, "(,{" + text, True)]})
    path = make_path(initial, steps, HOSTILE[1])
    text = " ".join(HOSTILE)
    return Result(
        spec="specs/<b>\"';rm -rf.yaml",
        title=text,
        outcome=Outcome.VIOLATED,
        properties=[
            PropertyResult(name, "always", PropertyVerdict.VIOLATED, text, (text,), path) for name in HOSTILE[:2]
        ],
        explored=Explored(1, 1, 1, 1, False),
        about=text,
        summary=text,
        bounds={text: text},
        faults={text: 1},
        fired={text: 1},
        never_ran=[text],
        not_modelled=[text],
        why=[text],
        seconds={"load": 0.0},
    )


def told() -> Result:
    """A violation with all that can be said of it: logs, a ledger, what decided it, a shorter way, a witness."""
    result = violated()
    path = replace(incident(), logs=incident_logs(), ledger=incident_ledger())
    few = crowd()
    diagnosis = Diagnosis(
        pivot=8,
        no_return=13,
        matters=(4, 5, 8, 9, 12, 13, 16),
        fewest_faults={"crash producer": 1, "delay ProduceRequest": 1, "lose": 0},
        fewest_path=few,
        not_computed=("the frontier was not computed: the search stopped at the violation",),
        parting=Parting("idempotent_producer.yaml", 9, True, changes=(Change("producer", "epoch", "0", "0"),)),
    )
    broken = replace(result.properties[2], path=path, diagnosis=diagnosis)
    witness = PropertyResult(
        "every_record_confirmed", "sometimes", PropertyVerdict.REACHED, "Every record is confirmed.", path=few
    )
    result.properties = [result.properties[0], broken, witness]
    result.about, result.summary = "What a producer id is for.", "A producer writes two records"
    result.overridden = ["acks is all: `enable.idempotence` needs it"]
    result.one_sided = ["Producer.retry, line 7: `if` was never true"]
    return result


def remarked() -> Result:
    """The same with two steps that are pointed at, one before the fault that decides and one after it; a field that
    only keeps the model's books; bounds of nothing, and settings."""
    result = told()
    broken = result.properties[1]
    assert broken.path is not None
    remarks = {4: "nothing is wrong with that yet", 13: "accepted, and the leader cannot know that it has it already"}
    steps = [replace(step, remark=remarks.get(step.number, "")) for step in broken.path.steps]
    steps[12] = replace(steps[12], changes=(steps[12].changes[0], replace(steps[12].changes[1], aside=True)))
    steps[15] = replace(steps[15], changes=(steps[15].changes[0], replace(steps[15].changes[1], aside=True)))
    result.properties[1] = replace(broken, path=replace(broken.path, steps=tuple(steps)))
    result.bounds |= {"transactions": 0, "generations": 0, "ordered": False}
    result.premises = {"version": "3.9", "without": "sequence_check"}
    result.settings = [("acks", "1", "given"), ("linger.ms", "0", "default of 3.9"), ("retries", "9", "default of 3.9")]
    return result


def incident_logs() -> tuple[tuple[Log, ...], ...]:
    """One log, from nothing to two copies of record 0 with a marker and a deleted entry between them."""
    second = LogEntry(1, "record 0", record="record 0", transaction="producer 2, epoch 0", state="open")
    first = LogEntry(4, "record 0", record="record 0", transaction="producer 1, epoch 0", state="aborted")
    old = LogEntry(0, "record 7", "gone")
    empty = Log("payments-0", "partition-1")
    one = Log("payments-0", "partition-1", (old, second), (("last stable offset", 1), ("high watermark", 2)))
    done = replace(second, state="committed")
    both = Log(
        "payments-0",
        "partition-1",
        (old, done, LogEntry(2, "COMMIT", "marker", transaction="producer 2, epoch 0", state="committed"), first),
        (("committed offset", 3), ("high watermark", 5)),
    )
    replica = Log("payments-0", "partition-2", (second,))
    return (*[(empty,)] * 13, *[(one, replica)] * 3, (both, replica))


def incident_ledger() -> Ledger:
    return Ledger(
        ("record 0", "record 00", "record 1"),
        ("sent", "in the log", "acknowledged"),
        (
            LedgerEvent("record 0", "sent", "to partition-1", 4),
            LedgerEvent("record 0", "in the log", "payments-0 @ 1", 13),
            LedgerEvent("record 0", "in the log", "payments-0 @ 4", 16),
            LedgerEvent("record 1", "acknowledged", "before the path began", 0),
        ),
    )


def hostile_told() -> Result:
    """The hostile result with logs, a ledger and a diagnosis that are hostile too."""
    result = hostile()
    for position, answer in enumerate(result.properties):
        path = answer.path
        assert path is not None
        logs = tuple(
            tuple(Log(text, text, (LogEntry(0, text, text, text, text, text),), ((text, 0),)) for text in HOSTILE)
            for _ in path.states
        )
        ledger = Ledger(tuple(HOSTILE), tuple(HOSTILE), tuple(LedgerEvent(text, text, text, 1) for text in HOSTILE))
        diagnosis = Diagnosis(3, 5, (3, 5), dict.fromkeys(HOSTILE, 1), path, tuple(HOSTILE))
        result.properties[position] = replace(
            answer, path=replace(path, logs=logs, ledger=ledger), reasons=tuple(HOSTILE), diagnosis=diagnosis
        )
    return result
