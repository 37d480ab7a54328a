"""The table as JSON schema: what an editor completes and explains in a spec."""

from typing import Any

from model.kafka.config.neutral import NEUTRAL
from model.kafka.config.rules import written
from model.kafka.config.table import TABLE, Kind, Row

JSON_TYPES = {bool: "boolean", int: "integer", str: "string", list: "array"}


def schema(kind: Kind) -> dict[str, Any]:
    """For ``json_schema_extra``. Names by prefix are only in ``config.judge``, so others are allowed here."""
    known = {name: _property(row) for name, row in TABLE[kind].items()}
    return {"properties": known | {name: {"description": "Decides nothing."} for name in NEUTRAL[kind]}}


def _property(row: Row) -> dict[str, Any]:
    defaults = (
        "that of the brokers"
        if row.kind == "topic" and row.defaults == {"0.11": None}
        else ", ".join(f"{_word(value)} since {since}" for since, value in row.defaults.items())
    )
    until = f" Until {row.until}." if row.until else ""
    found: dict[str, Any] = {"description": f"{row.about}. Default: {defaults}.{until} {row.source}."}
    if row.type.words:
        found["examples"] = [word for word, _ in row.type.words]
    elif row.name != "transactional.id" and row.type.of is not list:
        found["type"] = [JSON_TYPES[row.type.of], "null"] if None in row.defaults.values() else JSON_TYPES[row.type.of]
    return found


def _word(value: Any) -> str:
    return "unset" if value in (None, "") else written(value)
