"""What is wrong with settings as given: unknown names, names of another version, values that ConfigDef or a
constructor refuses. Kafka only logs an unknown name; here it is an error, for it decides nothing the user meant.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from checker.nearest import described, listed, shown, suggestion
from checker.source import Diagnostic, Place
from model.kafka.config.neutral import NEUTRAL, is_neutral
from model.kafka.config.rules import effective, normal, settle
from model.kafka.config.table import TABLE, Kind, Row
from model.kafka.config.versions import VERSIONS, at_least, is_known, line

Path = tuple[str | int, ...]
Places = Callable[[Path], Place]

# What people write, and what Kafka's clients of today call it.
FORMER = {
    "auto.commit.enable": "enable.auto.commit", "request.required.acks": "acks",
    "enable.idempotent": "enable.idempotence", "message.timeout.ms": "delivery.timeout.ms",
    "message.send.max.retries": "retries",
    "queue.buffering.max.ms": "linger.ms", "max.in.flight": "max.in.flight.requests.per.connection",
    "transaction.id": "transactional.id", "idempotence": "enable.idempotence",
}  # fmt: skip


def judge_version(version: str, place: Place) -> list[Diagnostic]:
    if is_known(version):
        return []
    help = f"a release of {VERSIONS[0]} to {VERSIONS[-1]}, such as `3.9` or `3.0.0`"
    return [Diagnostic("unknown-version", f"there is no Kafka {version} here", place, help=help)]


def judge(kind: Kind, version: str, given: Mapping[str, Any], place: Places, path: Path) -> list[Diagnostic]:
    """Everything that is wrong with one client's, broker's or topic's settings by themselves."""
    found = [one for name, value in given.items() for one in _judge_one(kind, version, name, value, place, path)]
    if found:
        return found  # What wrong values lead to is not worth saying.
    refusals = settle(kind, version, given)[1]
    return [Diagnostic("settings-conflict", one.text, place((*path, one.name)), help=one.help) for one in refusals]


def _judge_one(kind: Kind, version: str, name: str, value: Any, place: Places, path: Path) -> Iterable[Diagnostic]:
    at = place((*path, name))
    row = TABLE[kind].get(name)
    if row is None and not is_neutral(kind, name):
        yield Diagnostic("unknown-setting", f"Kafka has no {kind} setting {name}", at, help=_help(kind, name))
        return
    since, until = (row.since, row.until) if row else NEUTRAL[kind].get(name, ("", ""))
    if since and not at_least(version, since):
        yield Diagnostic("setting-version", f"{name} exists since {since}, so not in {version}", at)
    elif until and not at_least(until, line(version)):
        yield Diagnostic("setting-version", f"{name} existed until {until}, so not in {version}", at)
    elif row:
        text, help = _wrong_value(row, version, value)
        if text:
            yield Diagnostic("setting-value", text, at, help=help)


def _help(kind: Kind, name: str) -> str:
    others = [other for other, rows in TABLE.items() if name in rows or is_neutral(other, name)]
    if others:
        return f"it is a setting of the {others[0]}"
    if FORMER.get(name) in TABLE[kind]:
        return f"did you mean `{FORMER[name]}`?"
    return suggestion(name, [*TABLE[kind], *NEUTRAL[kind]], f"{kind} settings")


def _wrong_value(row: Row, version: str, value: Any) -> tuple[str, str]:
    """What is wrong, and help; two empty texts if nothing is."""
    kind, name = row.type, row.name
    if name == "transactional.id" and isinstance(value, list):  # One for each instance of the application.
        return next((found for one in value if (found := _wrong_value(row, version, one))[0]), ("", ""))
    if value is None:
        return ("", "") if None in row.defaults.values() else (f"{name} has no value", "")
    if kind.words:
        return _wrong_word(row, version, str(normal(row, value)))
    wanted = ""
    if kind.of is bool and not isinstance(value, bool):
        wanted = "true or false"
    elif kind.of is int and type(value) is not int:
        wanted = "a whole number"
    elif kind.of is str and (not isinstance(value, str) or not (value or "" in row.defaults.values())):
        wanted = "a text"
    elif kind.of is list:
        every = [value] if isinstance(value, str) else value
        wanted = "" if isinstance(every, list) and all(isinstance(one, str) for one in every) else "a list of texts"
    if wanted:
        return f"{name} is {wanted}, not {described(value)}", ""
    if kind.of is int and kind.least is not None and value < kind.least:
        return f"{name} is {value}, below {kind.least}", ""
    if kind.of is int and value > kind.most:
        return f"{name} is {value}, above {kind.most}", ""
    return "", ""


# java.time.Duration.parse; AutoOffsetResetStrategy refuses a negative one.
DURATION = re.compile(r"P(?=\d|T\d)(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+([.]\d+)?S)?)?", re.IGNORECASE)


def _wrong_word(row: Row, version: str, word: str) -> tuple[str, str]:
    known = [one for one, since in row.type.words if not since or at_least(version, since)]
    later = [since for one, since in row.type.words if one not in known and word.startswith(one)]
    prefix, colon, rest = word.partition(":")
    if later:
        return f"{row.name} {shown(word)} exists since {later[0]}, so not in {version}", f"one of {listed(known)}"
    if (word in known and not colon) or (prefix + colon in known and DURATION.fullmatch(rest)):
        return "", ""
    return f"there is no {row.name} {shown(word)}", f"one of {listed(known)}"


def refused_by_brokers(
    kind: Kind, version: str, given: Mapping[str, Any], brokers: Mapping[str, Any], place: Places, path: Path
) -> list[Diagnostic]:
    """What no client checks: a coordinator answers with an error that the client takes for fatal."""
    has, over = effective(kind, version, given, brokers), effective("broker", version, brokers)
    found = []

    def refuse(name: str, text: str, help: str) -> None:
        found.append(Diagnostic("settings-conflict", text, place((*path, name)), help=help))

    if kind == "producer" and has["transactional.id"].value is not None:
        timeout, most = has["transaction.timeout.ms"].value, over["transaction.max.timeout.ms"].value
        if not 0 < timeout <= most:  # TransactionCoordinator.handleInitProducerId
            text = f"the coordinator answers INVALID_TRANSACTION_TIMEOUT to transaction.timeout.ms={timeout}"
            refuse("transaction.timeout.ms", text, f"above 0, and at most transaction.max.timeout.ms ({most})")
    if kind == "consumer" and has["group.id"].value:
        if "group.protocol" in has and has["group.protocol"].value == "consumer":  # GroupCoordinatorService
            if "consumer" not in over["group.coordinator.rebalance.protocols"].value:
                text = f"the coordinator of {version} answers UNSUPPORTED_VERSION to group.protocol=consumer"
                refuse("group.protocol", text, "brokers: group.coordinator.rebalance.protocols: [classic, consumer]")
            return found
        session = has["session.timeout.ms"].value
        least, most = (over[f"group.{one}.session.timeout.ms"].value for one in ("min", "max"))
        if not least <= session <= most:  # GroupCoordinator.doJoinGroup
            text = f"the coordinator answers INVALID_SESSION_TIMEOUT to session.timeout.ms={session}"
            refuse("session.timeout.ms", text, f"the brokers allow {least} to {most} (group.*.session.timeout.ms)")
    return found


def not_read(given: Mapping[Kind, Iterable[str]], reads: Iterable[str], reasons: Mapping[str, str]) -> list[str]:
    """Of what was given, the settings that a model does not read, each with the reason: for ``not_modelled``."""
    read, found = set(reads), []
    for kind, names in given.items():
        for name in names:
            if name in read:
                continue
            row = TABLE[kind].get(name)
            found.append(f"{name}: {reasons.get(name) or (row.about if row else 'decides nothing about delivery')}")
    return list(dict.fromkeys(found))
