"""What the script of a page needs: states and logs of each path, as differences, so that a long path stays small.

Everything is text, cleaned; the script shows it as text. Keys are short because there are thousands of them:

    actors   names, in the spec's order          fields   for each actor, its fields' names
    aside    [actor, field] each: what only keeps the model's books
    short    of values that have plumbing in them, what they are without
    start    for each actor, its fields' values   steps    for each step [actor, changes, wiped]
    changes  [actor, field, value, difference]             wiped    [actor, field] each: what a crash took
    messages every different one once             onLinks  for the start and each step, the numbers of its messages
    logs     every different log once             shows    for the start and each step, the numbers of its logs
"""

from __future__ import annotations

import json
from typing import Any

from checker.verdict import Log, Path, Plumbing
from reports import words
from reports.flights import Fate, flights

NETWORK = "network"  # The links of a state stand in it under this name.


def path_data(path: Path) -> dict[str, Any]:
    actors = list(dict.fromkeys(actor for state in path.states for actor in state if actor != NETWORK))
    fields = [list(dict.fromkeys(name for state in path.states for name in state.get(actor, {}))) for actor in actors]
    values = [
        [[words.clean(state.get(actor, {}).get(name, "")) for name in fields[place]]
         for place, actor in enumerate(actors)]
        for state in path.states
    ]  # fmt: skip
    wiped = {
        (step.number, change.actor, change.field) for step in path.steps for change in step.changes if change.wiped
    }
    short = {one: words.unplumbed(one, path.plumbing) for state in values for actor in state for one in actor}
    steps = []
    for step in path.steps:
        changed = []
        gone = []
        for place, actor in enumerate(actors) if len(values) > step.number else ():
            for at, name in enumerate(fields[place]):
                old, new = values[step.number - 1][place][at], values[step.number][place][at]
                if old == new:
                    continue
                is_wiped = (step.number, actor, name) in wiped
                changed.append([place, at, new, *_said(short[old], short[new], is_wiped=is_wiped)])
                if is_wiped:
                    gone.append([place, at])
        steps.append([actors.index(step.actor) if step.actor in actors else -1, changed, gone])
    books = {(change.actor, change.field) for step in path.steps for change in step.changes if change.aside}
    aside = [
        [place, at]
        for place, actor in enumerate(actors)
        for at, name in enumerate(fields[place])
        if (actor, name) in books
    ]
    data: dict[str, Any] = {
        "actors": [words.clean(actor) for actor in actors],
        "fields": [[words.clean(name) for name in names] for names in fields],
        "aside": aside,
        "short": {whole: told for whole, told in short.items() if whole != told},
        "start": values[0] if values else [],
        "steps": steps,
        "faults": [step.number for step in path.steps if step.fault or step.played],
    }
    data |= _under_way(path)
    if path.logs:
        data |= _logs(path)
    return data


def _said(old: str, new: str, *, is_wiped: bool) -> list[str]:
    """What differs between two long values, in one text; nothing where both are short enough to be shown."""
    if is_wiped or len(old) + len(new) <= 48:
        return []
    said = words.difference("", old, new)
    return [] if said == f": {old} -> {new}" else [said.strip()]


def _under_way(path: Path) -> dict[str, Any]:
    """The messages on the links: every different one once, and for each state their numbers.

    Where the states show their links, they are the truth: a message to an actor that is down is on none.
    """
    known: dict[tuple[str, str, bool], int] = {}
    if any(NETWORK in state for state in path.states):
        held = [_on_links(state.get(NETWORK, {}), path.plumbing) for state in path.states]
    else:
        held = _in_flight(path)
    at = [[known.setdefault(one, len(known)) for one in messages] for messages in held]
    return {"messages": [list(one) for one in known], "onLinks": at}


def _on_links(links: dict[str, str], plumbing: Plumbing) -> list[tuple[str, str, bool]]:
    """Link, message, and whether it is late."""
    found = []
    for link, content in links.items():
        late = link.startswith("the late messages")
        place = words.clean(link.removeprefix("the late messages ").removeprefix("the link "))
        whole = words.clean(content)
        messages = words.items(whole) or ([whole] if whole.strip("(){}[]") else [])
        found += [(place, words.unplumbed(message, plumbing), late) for message in messages]
    return found


def _in_flight(path: Path) -> list[list[tuple[str, str, bool]]]:
    held: list[list[tuple[str, str, bool]]] = [[] for _ in path.states]
    for flight in flights(path):
        receiver = words.clean(flight.receiver or flight.message.receiver or "everyone")
        sender = f"{words.clean(flight.message.sender)} " if flight.message.sender is not None else ""
        first = flight.repeated or flight.sent
        last = len(held) if flight.fate is Fate.PENDING or flight.ended is None else flight.ended
        for number in range(first, min(last, len(held))):
            late = flight.delayed is not None and flight.delayed <= number
            held[number].append((f"{sender}-> {receiver}", words.message(flight.message, path.plumbing), late))
    return held


def _logs(path: Path) -> dict[str, Any]:
    known: dict[Log, int] = {}
    shows = [[known.setdefault(log, len(known)) for log in logs] for logs in path.logs]
    return {
        "logs": [_log(log, transactions(path)) for log in known],
        "shows": shows,
        "transactions": [words.clean(name) for name in transactions(path)],
    }


def transactions(path: Path) -> list[str]:
    """Every transaction that writes into a log, by when it is first seen there; its place is its colour and letter."""
    names = (entry.transaction for logs in path.logs for log in logs for entry in log.entries)
    return list(dict.fromkeys(name for name in names if name))


def _log(log: Log, known: list[str]) -> dict[str, Any]:
    return {
        "name": words.clean(log.name),
        "actor": words.clean(log.actor),
        "entries": [
            [entry.offset, words.clean(entry.text), words.clean(entry.kind),
             known.index(entry.transaction) if entry.transaction else -1, words.clean(entry.state)]
            for entry in log.entries
        ],
        "marks": [[words.clean(name), offset] for name, offset in log.marks],
    }  # fmt: skip


def dumps(data: Any) -> str:
    """JSON that can stand in a ``script`` element: no ``<``, so neither ``</script`` nor ``<!--`` can end it."""
    written = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return written.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
