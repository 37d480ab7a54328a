"""How values, messages and changes are put into words that are short, aligned and harmless in any medium.

Everything a report shows that comes from a spec or a model goes through ``clean`` first: control characters could
drive a terminal or break XML, and direction overrides could make a line read as something else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

from checker.verdict import NO_PLUMBING, Change, Path, Plumbing, SentMessage


def clean(text: object) -> str:
    """The text on one line, with everything invisible or unrepresentable spelt out as an escape."""
    plain = str(text)
    return plain if plain.isprintable() else "".join(_visible(character) for character in plain)


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    if character.isspace() and character not in "\x1c\x1d\x1e\x1f\x85":
        return " "
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def columns(text: str) -> int:
    """How many terminal columns the text takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_character_columns(character) for character in text)


def _character_columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def pad(text: str, width: int) -> str:
    return text + " " * max(0, width - columns(text))


def cut(text: str, width: int) -> tuple[str, str]:
    """Split after at most ``width`` columns (but after at least one character)."""
    used = 0
    for position, character in enumerate(text):
        used += _character_columns(character)
        if used > width and position:
            return text[:position], text[position:]
    return text, ""


def shorten(text: str, width: int) -> str:
    """At most ``width`` columns; the middle goes, because the ends tell two values apart best."""
    if columns(text) <= width:
        return text
    room = max(2, width - 3)
    head, _ = cut(text, room - room // 3)
    tail, _ = cut(text[::-1], room // 3)
    return f"{head}...{tail[::-1]}"


Split = Callable[[str, int], tuple[str, str]]  # A word that is too long: what fits, and the rest.


def wrap(text: str, width: int, first: int | None = None, split: Split = cut) -> list[str]:
    """Lines of at most ``width`` columns (``first``: of the first line), broken at spaces where there are any."""
    lines: list[str] = []
    line = ""
    room = width if first is None else first
    for word in text.split(" "):
        candidate = f"{line} {word}" if line else word
        if columns(candidate) <= room:
            line = candidate
            continue
        if line:
            lines.append(line)
            room = width
        line = word
        while columns(line) > room:
            piece, line = split(line, room)
            lines.append(piece)
            room = width
    return [*lines, line] if line or not lines else lines


_BREAKS = frozenset(".,;:=_-/([{")


def fold(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` columns; a word that fills more is broken after a sign or before a Capital."""
    return wrap(text, width, split=_at_a_sign)


def _at_a_sign(word: str, width: int) -> tuple[str, str]:
    piece, _ = cut(word, width)
    signs = [
        at
        for at, sign in enumerate(piece)
        if 3 * at >= width and (sign in _BREAKS or (sign.islower() and word[at + 1 : at + 2].isupper()))
    ]
    end = signs[-1] + 1 if signs else len(piece)
    return word[:end], word[end:]


# --- Messages -------------------------------------------------------------------------------------------------------


def value(item: Any, plumbing: Plumbing = NO_PLUMBING) -> str:
    """A message field's value, as the model would write it; without the fields of structs that are ``plumbing``."""
    match item:
        case str():
            return clean(item)
        case {**entries}:
            shown = {key: entry for key, entry in entries.items() if not plumbing.hides(key, entry)}
            told = {key: plumbing.named(key, entry) for key, entry in shown.items()}
            return "{" + ", ".join(f"{clean(key)}: {value(entry, plumbing)}" for key, entry in told.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(value(entry, plumbing) for entry in item) + "]"
        case _:
            return clean(item)


def message(sent: SentMessage, plumbing: Plumbing = NO_PLUMBING) -> str:
    return f"{clean(sent.type)}({', '.join(message_fields(sent, plumbing))})"


def message_fields(sent: SentMessage, plumbing: Plumbing = NO_PLUMBING) -> list[str]:
    shown = {
        name: plumbing.named(name, item)
        for name, item in sent.fields.items()
        if not plumbing.hides(name, item) and not plumbing.hides(f"{sent.type}.{name}", item)
    }
    return [f"{clean(name)}={value(item, plumbing)}" for name, item in shown.items()]


def happened(path: Path, number: int) -> list[str]:
    """What a step did to the records, as the ledger tells it."""
    events = [] if path.ledger is None else [one for one in path.ledger.events if one.step == number]
    return [f"{clean(one.record)}, {clean(one.column)}{': ' if one.text else ''}{clean(one.text)}" for one in events]


def count(number: int, noun: str) -> str:
    """``1 step``, ``2 steps``, ``1,000 states``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listing(items: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *head, last = list(items) or [""]
    return f"{', '.join(head)} and {last}" if head else last


# --- Changes --------------------------------------------------------------------------------------------------------

_SHORT_CHANGE = 44  # `field: before -> after` is shown whole up to here; beyond, only what differs
_BRACKETED = re.compile(r"(?P<head>[\w.]*)(?P<open>[(\[{])(?P<body>.*)(?P<close>[)\]}])", re.DOTALL)
_CLOSING = {"(": ")", "[": "]", "{": "}"}


def change(changed: Change, *, whose: str) -> str:
    """``field: before -> after``; of a long value only the part that differs."""
    return "; ".join(changes(changed, whose=whose))


def changes(changed: Change, *, whose: str, plumbing: Plumbing = NO_PLUMBING) -> list[str]:
    """The same, each part of a value that differs by itself; without the fields of structs that are ``plumbing``."""
    name = clean(changed.field)
    if changed.actor != whose:
        name = f"{clean(changed.actor)}.{name}"
    before, after = clean(changed.before), clean(changed.after)
    if changed.wiped:
        return [f"{name}={unplumbed(before, plumbing)}"]
    return _differences(name, before, after, plumbing)


def difference(name: str, before: str, after: str) -> str:
    return "; ".join(_differences(name, before, after, NO_PLUMBING))


def _differences(name: str, before: str, after: str, plumbing: Plumbing) -> list[str]:
    plain = f"{name}: {before} -> {after}"
    if columns(plain) > _SHORT_CHANGE and (parts := _structural_differences(name, before, after, plumbing)):
        return parts
    if plumbing == NO_PLUMBING:
        return [plain]
    before, after = unplumbed(before, plumbing), unplumbed(after, plumbing)
    return [f"{name}: {before} -> {after}"] if before != after else []


def unplumbed(text: str, plumbing: Plumbing) -> str:
    """A value as it is written, without the named fields in it that are ``plumbing``."""
    found = None if plumbing == NO_PLUMBING else _bracketed(text)
    if found is None:
        return text
    head, opening, parts = found
    separator = "=" if head else ": "
    entries = _entries(parts, separator) if head or opening == "{" else {}
    if entries:
        kept = {key: one for key, one in entries.items() if not (head and plumbing.hides(key, _number(one)))}
        parts = [f"{key}{separator}{unplumbed(one, plumbing)}" for key, one in kept.items()]
    else:
        parts = [unplumbed(one, plumbing) for one in parts]
    comma = "," if opening == "(" and not head and len(parts) == 1 else ""  # (a,) is a sequence of one.
    return f"{head}{opening}{', '.join(parts)}{comma}{_CLOSING[opening]}"


def _number(text: str) -> int | str:
    return int(text) if re.fullmatch(r"-?\d{1,18}", text) else text


def _structural_differences(name: str, before: str, after: str, plumbing: Plumbing) -> list[str]:
    """What differs between two bracketed values of the same shape, or nothing if they are not that."""
    old, new = _bracketed(before), _bracketed(after)
    if old is None or new is None or old[:2] != new[:2]:
        return []
    (head, opening, old_items), (_, _, new_items) = old, new
    separator = "=" if head else ": "
    old_entries, new_entries = _entries(old_items, separator), _entries(new_items, separator)
    if (head or opening == "{") and old_entries and new_entries and old_entries.keys() == new_entries.keys():
        form = "{}.{}" if head else "{}[{}]"
        return [
            said
            for key, entry in old_entries.items()
            if entry != new_entries[key] and not (head and key in plumbing.fields)
            for said in _differences(form.format(name, key), entry, new_entries[key], plumbing)
        ]
    if head:
        return []
    if opening == "{":
        return _set_difference(name, old_items, new_items, plumbing)
    return _rows(name, old_items, new_items, plumbing)


def _set_difference(name: str, old: list[str], new: list[str], plumbing: Plumbing) -> list[str]:
    gained = [unplumbed(item, plumbing) for item in new if item not in old]
    lost = [unplumbed(item, plumbing) for item in old if item not in new]
    return [f"{name} {verb} {', '.join(items)}" for verb, items in (("gains", gained), ("loses", lost)) if items]


def _rows(name: str, old: list[str], new: list[str], plumbing: Plumbing) -> list[str]:
    """The difference of two sequences: appended at the end, dropped at the start, or changed in place."""

    def told(verb: str, some: list[str]) -> list[str]:
        return [f"{name} {verb} {', '.join(unplumbed(one, plumbing) for one in some)} (length {len(new)})"]

    if new[: len(old)] == old:
        return told("gains", new[len(old) :])
    if len(new) < len(old) and old[len(old) - len(new) :] == new:
        return told("drops", old[: len(old) - len(new)])
    if len(new) < len(old) and old[: len(new)] == new:
        return told("loses", old[len(new) :])
    if len(new) < len(old) or not old:
        return []
    changed = [(at, was, now) for at, (was, now) in enumerate(zip(old, new, strict=False)) if was != now]
    found = [one for at, was, now in changed for one in _differences(f"{name}[{at}]", was, now, plumbing)]
    return found + (told("gains", new[len(old) :]) if len(new) > len(old) else [])


def items(text: str) -> list[str]:
    """The items of a sequence or set as it is written; none if the text is not that."""
    found = _bracketed(text)
    return [] if found is None or found[0] else found[2]


def _bracketed(text: str) -> tuple[str, str, list[str]] | None:
    """``Name(a, b)`` as its name, its opening bracket and its items; None if the text is not of that form."""
    found = _BRACKETED.fullmatch(text)
    if found is None or _CLOSING[found["open"]] != found["close"]:
        return None
    items = _split(found["body"])
    return None if items is None else (found["head"], found["open"], items)


def _split(body: str) -> list[str] | None:
    """The items between the commas that stand outside all brackets and quotes; None if brackets do not match."""
    items, start, expected, quote = [], 0, list[str](), ""
    for position, character in enumerate(body):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in _CLOSING:
            expected.append(_CLOSING[character])
        elif character in ")]}":
            if not expected or expected.pop() != character:
                return None
        elif character == "," and not expected:
            items.append(body[start:position].strip())
            start = position + 1
    if expected or quote:
        return None
    return [*items, body[start:].strip()] if body[start:].strip() else items


def _entries(items: list[str], separator: str) -> dict[str, str]:
    """Items of the form ``key=value`` or ``key: value``, where a key may have brackets; empty if one is not."""
    found: dict[str, str] = {}
    for item in items:
        depth, at = 0, -1
        for position, character in enumerate(item):
            depth += (character in _CLOSING) - (character in ")]}")
            if depth == 0 and item.startswith(separator, position):
                at = position
                break
        key = item[:at].strip()
        if at < 0 or key in found:
            return {}
        found[key] = item[at + len(separator) :].strip()
    return found
