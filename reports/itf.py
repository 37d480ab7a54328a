"""A path in the Informal Trace Format (ITF), which Apalache defines and Quint, trace viewers and itf-py read.

One variable for each actor's field (``producer.next_sequence``) and each link that is ever in use; ``step`` says what
happened. Values keep their kinds: ``#bigint``, ``#set``, ``#map``, lists for sequences, records for structs, text for
enum members and actors; a message is a variant, ``{"tag": type, "value": fields}``. Where the model has None stands
the empty tuple, the format's unit: it has no null, and the tag ``None`` that Quint would write is no name in Python.
A path without values (made by hand) has its texts instead.
"""

from __future__ import annotations

import json
from typing import Any

from checker.verdict import Path

DESCRIPTION = "https://apalache-mc.org/docs/adr/015adr-trace.html"
UNIT: dict[str, Any] = {"#tup": []}


def document(path: Path, source: str = "") -> dict[str, Any]:
    """The trace as JSON-able data; ``source`` is the spec's path."""
    worlds: tuple[dict[str, dict[str, Any]], ...] = path.values or path.states
    blank = _blanks(worlds)
    states = []
    for index, world in enumerate(worlds):
        found: dict[str, Any] = {"#meta": {"index": index}, **blank}
        for actor, fields in world.items():
            found |= {f"{actor}.{name}": _encoded(value) for name, value in fields.items()}
        step = path.steps[index - 1] if index else None
        found["step"] = "start" if step is None else f"{step.actor}.{step.action}"
        states.append(found)
    meta = {"format": "ITF", "format-description": DESCRIPTION, "source": source}
    return {"#meta": meta, "vars": [*blank, "step"], "states": states}


def _blanks(worlds: tuple[dict[str, dict[str, Any]], ...]) -> dict[str, Any]:
    """Every variable, with what it is in a state that does not mention it: a link without messages."""
    found: dict[str, Any] = {}
    for world in worlds:
        for actor, fields in world.items():
            for name, value in fields.items():
                found.setdefault(f"{actor}.{name}", "" if isinstance(value, str) else [])
    return found


def _encoded(value: Any) -> Any:
    match value:
        case None:
            return UNIT
        case bool() | str():
            return value
        case int():
            return {"#bigint": str(value)}
        case list():
            return [_encoded(one) for one in value]
        case {"#set": elements, **rest} if not rest:
            return {"#set": [_encoded(one) for one in elements]}
        case {"#map": entries, **rest} if not rest:
            return {"#map": [[_encoded(key), _encoded(one)] for key, one in entries]}
        case {**fields}:
            return {name: _encoded(one) for name, one in fields.items()}
        case _:
            return {"#unserializable": str(value)}


def dumps(path: Path, source: str = "") -> str:
    return json.dumps(document(path, source), indent=1) + "\n"
