"""Which change would have kept a guarantee, as text and as data.

For someone who has read how it breaks and asks what to do. A line is a change that was checked in full, nothing less.
"""

from __future__ import annotations

import dataclasses
import shlex
from typing import Any

from checker.verdict import Outcome, Remedies, Tried
from reports import words

WIDTH = 96
FORMAT = 1
NONE_FOUND = "No single change that was tried keeps it."


def render(found: Remedies, width: int = WIDTH) -> str:
    title = words.clean(found.title)
    head = [f"what would have helped: {words.clean(found.spec)}", *([title] if title else [])]
    return "\n\n".join("\n".join(block) for block in [head, *blocks(found, width)]) + "\n"


def blocks(found: Remedies, width: int) -> list[list[str]]:
    """What is said under a heading; in a report, under the story of how it broke."""
    if found.broken is None:
        return [[nothing_to_mend(found)]]
    name = words.clean(found.broken)
    told = [_listed(lead, some, width) for lead, some in groups(found)]
    if not found.kept:
        told.insert(0, words.wrap(f"{name} is broken. {NONE_FOUND}", width))
    told.append(words.wrap(coverage(found), width))
    if found.kept:
        told.append([f"see for yourself: {command(found)}"])
    return [[line.rstrip() for line in block] for block in told if block]


def nothing_to_mend(found: Remedies) -> str:
    if found.outcome is Outcome.HOLDS:
        return "Nothing is broken, so there is nothing to mend."
    return f"No guarantee is broken so far; the answer is {found.outcome.value}."


def groups(found: Remedies) -> list[tuple[str, list[Tried]]]:
    """The changes that are told one by one, the best first, each group under its sentence."""
    name = words.clean(found.broken or "")
    every = [
        (f"{name} is kept, as is every other guarantee of the spec, with", found.kept),
        (f"{name} is not broken first, but another guarantee is, with", found.others_broken),
        ("nothing is broken and little is shown with", found.vacuous),
        ("not decided", found.undecided),
    ]
    return [(lead, some) for lead, some in every if some]


def command(found: Remedies) -> str:
    """Checks the first change that keeps everything."""
    best = found.kept[0]
    again = f"--set {shlex.quote(words.clean(f'{best.key}={best.value}'))}"
    return f"python -m checker {shlex.quote(words.clean(found.spec))} {again}"


def _listed(head: str, some: list[Tried], width: int) -> list[str]:
    if not some:
        return []
    lines = words.wrap(f"{head}:", width)
    for one in some:
        change = f"{words.clean(one.key)}: {words.clean(one.now)} -> {words.clean(one.value)}"
        lines += [f"  {line}" if i == 0 else f"      {line}" for i, line in enumerate(words.wrap(change, width - 6))]
        if one.note:
            lines += [f"      {line}" for line in words.wrap(words.clean(one.note), width - 6)]
    return lines


def coverage(found: Remedies) -> str:
    """How much was tried, and what became of the rest."""
    checked = [*found.kept, *found.others_broken, *found.vacuous, *found.broken_still]
    said = [f"Checked in full, one change at a time, within the spec's own bounds and faults: {len(checked)}."]
    if found.broken_still:
        said.append(f"With {len(found.broken_still)} of them it is broken all the same.")
    if found.undecided:
        said.append(f"{len(found.undecided)} more could not be decided.")
    if found.unchanged:
        said.append(f"{len(found.unchanged)} more come to the same as one of these, or as no change.")
    if found.refused:
        said.append(f"{len(found.refused)} are refused by Kafka, by Flink or by the model (--json lists them).")
    if found.kept and not found.has_goals:
        said.append("The spec has no `sometimes`: a change that makes the pipeline stand still keeps everything too.")
    return " ".join(said)


def document(found: Remedies) -> dict[str, Any]:
    """The same as JSON-able data, with everything that was tried."""
    plain = dataclasses.asdict(found)
    return {"format": FORMAT, **plain, "outcome": found.outcome.value, "seconds": round(found.seconds, 3)}
