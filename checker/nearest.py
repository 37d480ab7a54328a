"""The words of an error message: the nearest known name, and values short enough to stand in a sentence."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

NAMES_SHOWN_MAX = 12
TEXT_SHOWN_MAX = 60


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that ``name`` was probably meant to be."""
    by_folded = {_folded(one): one for one in known}
    found = difflib.get_close_matches(_folded(name), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def _folded(name: str) -> str:
    """``Isolation_Level`` and ``isolation.level`` are the same slip of the keyboard."""
    return name[:TEXT_SHOWN_MAX].lower().replace("_", ".").replace("-", ".")


def suggestion(name: str, known: Iterable[str], what: str) -> str:
    """Help for an unknown name: the near miss if there is one, else the names that exist."""
    names = list(known)
    close = nearest(name, names)
    if close is not None:
        return f"did you mean `{close}`?"
    if not names:
        return f"there are no {what}"
    return f"{what}: {listed(names)}"


def listed(names: Iterable[str]) -> str:
    """``a, b, c``; a long list is cut and says how much is missing."""
    every = list(names)
    more = len(every) - NAMES_SHOWN_MAX
    return ", ".join(every[:NAMES_SHOWN_MAX]) + (f" and {more} more" if more > 0 else "")


def shown(value: object) -> str:
    """A value from a file inside a sentence: in backquotes, printable, of limited length."""
    text = value if isinstance(value, str) else _yaml_word(value)
    safe = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
    return f"`{safe[:TEXT_SHOWN_MAX]}...`" if len(safe) > TEXT_SHOWN_MAX else f"`{safe}`"


def _yaml_word(value: object) -> str:
    words = {None: "null", True: "true", False: "false"}
    return words[value] if value is None or isinstance(value, bool) else str(value)


def described(value: object) -> str:
    """What a value is, for "X is a list; here belongs ..."."""
    match value:
        case dict():
            return "a mapping" if value else "an empty mapping"
        case list() | tuple():
            return "a list" if value else "an empty list"
        case None:
            return "empty"
        case "":
            return "an empty text"
        case bool():
            return f"{shown(value)}, a truth value"
        case str():
            return f"{shown(value)}, a text"
        case _:
            return shown(value)
