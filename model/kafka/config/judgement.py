"""What is wrong with settings as given: unknown names, names of another version, values that ConfigDef or a
constructor refuses. Kafka only logs an unknown name; here it is an error, for it decides nothing the user meant.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from checker.nearest import listed, shown, suggestion
from checker.source import Diagnostic, Place
from model.kafka.config.neutral import NEUTRAL, is_neutral
from model.kafka.config.rules import effective, exists, settle
from model.kafka.config.table import TABLE, Kind, Row
from model.kafka.config.versions import VERSIONS, at_least, is_known

Path = tuple[str | int, ...]
Places = Callable[[Path], Place]

# What people write, and what Kafka's clients of today call it.
FORMER = {
    "auto.commit.enable": "enable.auto.commit", "request.required.acks": "acks",
    "enable.idempotent": "enable.idempotence", "message.timeout.ms": "delivery.timeout.ms",
    "message.send.max.retries": "retries",
    "queue.buffering.max.ms": "linger.ms", "max.in.flight": "max.in.flight.requests.per.connection",
    "transaction.id": "transactional.id",
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
    if row is None:
        if not is_neutral(kind, name):
            yield Diagnostic("unknown-setting", f"Kafka has no {kind} setting {name}", at, help=_help(kind, name))
    elif not exists(row, version):
        bound = f"exists since {row.since}" if not at_least(version, row.since) else f"existed until {row.until}"
        yield Diagnostic("setting-version", f"{name} {bound}, so not in {version}", at)
    else:
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
        known = [word for word, since in kind.words if not since or at_least(version, since)]
        if any(str(value) == one or (one.endswith(":") and str(value).startswith(one)) for one in known):
            return "", ""
        later = [since for word, since in kind.words if word not in known and str(value).startswith(word)]
        if later:
            return f"{name} {shown(value)} exists since {later[0]}, so not in {version}", f"one of {listed(known)}"
        return f"there is no {name} {shown(value)}", f"one of {listed(known)}"
    if kind.of is bool and not isinstance(value, bool):
        return f"{name} is true or false, not {shown(value)}", ""
    if kind.of is int:
        if type(value) is not int:
            return f"{name} is a whole number, not {shown(value)}", ""
        if kind.least is not None and value < kind.least:
            return f"{name} is {value}, below {kind.least}", ""
        if value > kind.most:
            return f"{name} is {value}, above {kind.most}", ""
    if kind.of is str and (not isinstance(value, str) or not value):
        return f"{name} is a text, not {'an empty one' if value == '' else shown(value)}", ""
    if kind.of is list and not (
        isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, str) for one in value))
    ):
        return f"{name} is a list of texts, not {shown(value)}", ""
    return "", ""


def refused_by_brokers(
    version: str, producer: Mapping[str, Any], brokers: Mapping[str, Any], place: Places, path: Path
) -> list[Diagnostic]:
    """TransactionCoordinator.handleInitProducerId: no client checks it."""
    has = effective("producer", version, producer)
    timeout = has["transaction.timeout.ms"].value
    most = effective("broker", version, brokers)["transaction.max.timeout.ms"].value
    if has["transactional.id"].value is None or 0 < timeout <= most:
        return []
    text = f"the coordinator answers INVALID_TRANSACTION_TIMEOUT to transaction.timeout.ms={timeout}"
    help = f"above 0, and at most transaction.max.timeout.ms ({most})"
    return [Diagnostic("settings-conflict", text, place((*path, "transaction.timeout.ms")), help=help)]


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
