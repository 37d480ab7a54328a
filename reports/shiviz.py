"""A path as a ShiViz log: one event a step with its vector clock, from which ShiViz draws who could know of what.

Hosts are the actors. What a fault does to a message on its way is an event of that message's own host, ``network``
(``network-2`` of the next such message: they know nothing of each other), which has the sender's clock in its own.
Whoever receives the message has the clocks of its sender and, if it was delayed or repeated, of its network.

A log starts with the regular expression that takes it apart (ShiViz reads it from the first line) and an empty line
(no delimiter: it is one execution). A host's clock starts at 1 and rises by 1, as ShiViz demands.
"""

from __future__ import annotations

import json
import re

from checker.verdict import Path, PathStep
from reports import words
from reports.flights import Fate, Flight, flights

PARSER = r"(?<host>\S+) (?<clock>\{[^}]*\}) (?<event>.*)"
NETWORK = "network"
MESSAGE_FAULTS = ("lose", "delay", "duplicate")
_VERBS = {"lose": "is lost", "delay": "is held up", "duplicate": "is repeated"}

Clock = dict[str, int]


def dumps(path: Path) -> str:
    """The log; the same host names and clocks as ``events`` gives."""
    lines = [PARSER, ""]
    for step, (host, clock) in zip(path.steps, events(path), strict=True):
        lines.append(f"{host} {json.dumps(clock)} {_event(step)}")
    return "\n".join(lines) + "\n"


def events(path: Path) -> list[tuple[str, Clock]]:
    """The host and the vector clock of each step; a host that is not in a clock had no part in what led there."""
    every = flights(path)
    hosts = _hosts(path, every)
    causes = _causes(path, every)
    now: dict[str, Clock] = {}
    found: list[tuple[str, Clock]] = []
    for step, host in zip(path.steps, hosts, strict=True):
        clock = dict(now.get(host, {}))
        for number in causes.get(step.number, ()):
            for name, time in found[number - 1][1].items():
                clock[name] = max(clock.get(name, 0), time)
        clock[host] = clock.get(host, 0) + 1
        now[host] = clock
        found.append((host, clock))
    return found


def _causes(path: Path, every: list[Flight]) -> dict[int, list[int]]:
    """For each step: the earlier steps of other hosts without which it could not have been."""
    by_step = {step.number: step for step in path.steps}
    found: dict[int, list[int]] = {}
    for flight in every:
        met = [*flight.hits, *([flight.ended] if _arrived(flight, by_step) and flight.ended else [])]
        before = [number for number in (flight.repeated or flight.sent,) if number]
        for number in sorted(set(met)):
            found.setdefault(number, []).extend(before)
            before = [*before, number]
    return found


def _arrived(flight: Flight, steps: dict[int, PathStep]) -> bool:
    """Whether the step that ended it is one that met this message: a crash that ends a connection meets none."""
    if flight.ended is None or flight.fate is Fate.GONE:
        return False
    return flight.fate is Fate.ARRIVED or steps[flight.ended].action in MESSAGE_FAULTS


def _on_the_way(step: PathStep) -> bool:
    """Whether this happens to a message, and no actor notices."""
    return step.fault and step.action in MESSAGE_FAULTS and step.received is not None


def _hosts(path: Path, every: list[Flight]) -> list[str]:
    """The host of each step: a name without spaces or signs for each actor, and for each message that faults strike."""
    struck = {number: place for place, flight in enumerate(every) for number in flight.hits}
    names: dict[str | int, str] = {}
    taken: set[str] = set()
    found = []
    actors = dict.fromkeys(step.actor for step in path.steps if not _on_the_way(step))
    for whose in [*actors, *(struck.get(step.number, -1) if _on_the_way(step) else step.actor for step in path.steps)]:
        if whose not in names:
            name = NETWORK if isinstance(whose, int) else re.sub(r"[^\w.+-]+", "_", whose, flags=re.ASCII)
            names[whose] = _distinct(words.shorten(name, 60) or "_", taken)
        found.append(names[whose])
    return found[len(actors) :]


def _distinct(name: str, taken: set[str]) -> str:
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    taken.add(found)
    return found


def _event(step: PathStep) -> str:
    parts = [f"{'! ' if step.fault or step.played else ''}{step.number} {words.clean(step.action)}"]
    if step.received is not None:
        verb = _VERBS.get(step.action, "") if step.fault else "arrives LATE" if step.late else "arrives"
        about = f"{words.message(step.received)} {verb}".strip()
        parts = [f"! {step.number} {about}"] if _on_the_way(step) else [*parts, about]
    if step.played:
        kind = "the crash was a" if step.ends_a_crash else "the fault"
        parts.append(f"{kind} {words.clean(step.played)}")
    if step.choices:
        parts.append(f"picks {', '.join(words.clean(choice) for choice in step.choices)}")
    wiped = [words.change(one, whose=step.actor) for one in step.changes if one.wiped]
    parts += [f"forgets {', '.join(wiped)}"] if wiped else []
    parts += [words.change(one, whose=step.actor) for one in step.changes if not one.wiped]
    parts += [f"sends {words.message(one)}" for one in step.sent]
    return "; ".join(parts)
