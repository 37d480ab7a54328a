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
    if found.broken is None:
        said = "Nothing is broken, so there is nothing to mend."
        if found.outcome is not Outcome.HOLDS:
            said = f"No guarantee is broken so far; the answer is {found.outcome.value}."
        return "\n".join([*head, "", said, ""])
    name = words.clean(found.broken)
    blocks = [head, _listed(f"{name} is kept, as is every other guarantee, with", found.kept, width)]
    if not found.kept:
        blocks.append(words.wrap(f"{name} is broken. {NONE_FOUND}", width))
    blocks += [
        _listed(f"{name} is not broken first, but another guarantee is, with", found.others_broken, width),
        _listed("nothing is broken and little is shown with", found.vacuous, width),
        _listed("not decided", found.undecided, width),
        words.wrap(_coverage(found), width),
    ]
    if found.kept:
        best = found.kept[0]
        again = f"--set {shlex.quote(words.clean(f'{best.key}={best.value}'))}"
        blocks.append([f"see for yourself: python -m checker {shlex.quote(words.clean(found.spec))} {again}"])
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks if block) + "\n"


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


def _coverage(found: Remedies) -> str:
    checked = [*found.kept, *found.others_broken, *found.vacuous, *found.broken_still, *found.undecided]
    said = [f"Checked in full, one change at a time, within the spec's own bounds and faults: {len(checked)}."]
    if found.broken_still:
        said.append(f"With {len(found.broken_still)} of them it is broken all the same.")
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
