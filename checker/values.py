"""A value of the model as plain data that keeps its kind, for whoever reads a path by program.

``types.show`` is for people, ``types.plain`` for message fields in JSON, where a set and a sequence look alike. Here a
set is ``{"#set": [...]}`` and a map ``{"#map": [[key, value], ...]}``, as the Informal Trace Format writes them; a
sequence is a list, a struct a dictionary by field, an enum member or an actor its name.
"""

from __future__ import annotations

import dataclasses
from enum import Enum
from typing import Any

from checker.lang import ActorId
from checker.types import show


def tagged(value: Any) -> Any:
    """The value as numbers, truth values, text, None, lists and dictionaries."""
    match value:
        case Enum() | ActorId():
            return value.name
        case frozenset():
            return {"#set": [tagged(one) for one in sorted(value, key=_in_order)]}
        case tuple():
            return [tagged(one) for one in value]
        case dict():
            return {"#map": [[tagged(key), tagged(one)] for key, one in value.items()]}
        case _ if dataclasses.is_dataclass(value):
            return {one.name: tagged(getattr(value, one.name)) for one in dataclasses.fields(value)}
        case _:
            return value


def tagged_message(message: Any) -> dict[str, Any]:
    """A message on its way: its type and its fields."""
    return {"tag": type(message).__name__, "value": tagged(message)}


def _in_order(value: Any) -> tuple[int, str]:
    text = show(value)
    return (len(text), text)  # As `show` orders the elements of a set.
