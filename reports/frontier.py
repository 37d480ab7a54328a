"""How many faults each guarantee takes, as a table: a column for each kind of fault, a row for each least set of them.

For someone who asks what there is to be afraid of: what breaks a guarantee, what it survives, and nothing besides.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from checker.verdict import Frontier, LeastFaults, PropertyFrontier
from reports import words

WIDTH = 96
NONE = "-"
FORMAT = 1


def render(found: Frontier, width: int = WIDTH) -> str:
    """The table, the sentence under it, what it covers, and how to see each path."""
    title = words.clean(found.title)
    blocks = [
        [f"faults that it takes: {words.clean(found.spec)}", *([title] if title else [])],
        _table(found, width),
        words.wrap(_sentence(found), width),
        words.wrap(_coverage(found), width),
        _replays(found),
    ]
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks if block) + "\n"


# --- The table --------------------------------------------------------------------------------------------------------


def _table(found: Frontier, width: int) -> list[str]:
    rows = [["allowed", "", *[str(limit) for limit in found.faults.values()], ""]] if found.faults else []
    for one in found.properties:
        rows += _rows(found, one)
    heads = [name.split(" ", 1) if " " in name else ["", name] for name in map(words.clean, found.faults)]
    upper = ["", "", *[kind for kind, _ in heads], ""]
    lower = ["guarantee", "", *[target for _, target in heads], "steps"]
    lines = _lines([upper, lower, *rows] if any(upper) else [lower, *rows])
    if max(map(len, lines)) <= width or not found.faults:
        return lines
    letters = [chr(ord("a") + i % 26) * (1 + i // 26) for i in range(len(heads))]
    legend = [f"  {letter} = {words.clean(name)}" for letter, name in zip(letters, found.faults, strict=True)]
    return [*_lines([["guarantee", "", *letters, "steps"], *rows]), "", *legend]


def _lines(rows: list[list[str]]) -> list[str]:
    """Names to the left, numbers to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _rows(found: Frontier, one: PropertyFrontier) -> list[list[str]]:
    verb = "breaks with" if one.kind == "always" else "reached with"
    rows = [
        [
            "",
            verb,
            *[str(least.faults[name]) if name in least.faults else NONE for name in found.faults],
            f"{least.steps}",
        ]
        for least in one.least
    ]
    kept = "survives" if found.faults else "holds"
    rows += [["", kept, *[str(up[name]) for name in found.faults], ""] for up in one.survives]
    if not rows:
        unbroken = "not broken so far" if one.kind == "always" else "not reached" + ("" if not found.why else " so far")
        rows = [["", unbroken, *[""] * len(found.faults), ""]]
    rows[0][0] = words.clean(one.name)
    return rows


def in_words(faults: Mapping[str, int]) -> str:
    """``1 crash payer and 2 lose``."""
    return words.listing(f"{n} {words.clean(name)}" for name, n in faults.items()) if faults else "no fault at all"


def _sentence(found: Frontier) -> str:
    guarantees = [one for one in found.properties if one.kind == "always"]
    broken = [(least, one) for one in guarantees for least in one.least]
    if broken:
        least, one = min(broken, key=lambda pair: (sum(pair[0].faults.values()), pair[0].steps))
        steps = words.count(least.steps, "step")
        if not least.faults:
            return f"What is broken most easily: {words.clean(one.name)} breaks in {steps} with no fault at all."
        exact = "" if found.why else " No row can do with less: without any one of its faults the guarantee is kept."
        return f"What takes least: {words.clean(one.name)} breaks with {in_words(least.faults)}, in {steps}.{exact}"
    if not guarantees:
        return "The spec asks for no guarantee."
    if found.why:
        return "No guarantee was broken."
    if not found.faults:
        return "Every guarantee holds; the spec allows no faults."
    return f"Every guarantee survives all that the spec allows: {in_words(found.faults)}, at any time and in any order."


def _coverage(found: Frontier) -> str:
    states = words.count(found.explored.distinct_states, "state")
    if found.why:
        return f"Not everything: {'; '.join(words.clean(one) for one in found.why)} ({states})."
    besides = ""
    if found.uncounted:
        names = words.listing(words.clean(one) for one in found.uncounted)
        besides = f" Every row allows {names} besides, as the spec does: the model plays it itself."
    return f"Every run within these numbers was explored: {states}.{besides}"


def _replays(found: Frontier) -> list[str]:
    told = [(one, least) for one in found.properties for least in one.least if one.kind == "always" and least.replay]
    if not told:
        return []
    spec = shlex.quote(words.clean(found.spec))
    lines = [f"the shortest paths, each for python -m checker {spec} --replay"]
    for one, least in told:
        lines += [f"  {words.clean(one.name)}, {in_words(least.faults)}:", f"    {words.clean(least.replay or '')}"]
    return lines


# --- JSON -------------------------------------------------------------------------------------------------------------


def document(found: Frontier) -> dict[str, Any]:
    """The same as JSON-able data."""
    return {
        "format": FORMAT,
        "spec": found.spec,
        "title": found.title,
        "faults": dict(found.faults),
        "properties": [
            {
                "name": one.name,
                "kind": one.kind,
                "least": [_least(each) for each in one.least],
                "survives": [dict(each) for each in one.survives],
                "explanation": one.explanation,
            }
            for one in found.properties
        ],
        "explored": {
            "distinct_states": found.explored.distinct_states,
            "transitions": found.explored.transitions,
            "depth": found.explored.depth,
            "complete": found.explored.complete,
        },
        "uncounted": list(found.uncounted),
        "why": list(found.why),
        "seconds": {name: round(value, 6) for name, value in found.seconds.items()},
    }


def _least(one: LeastFaults) -> dict[str, Any]:
    return {"faults": dict(one.faults), "steps": one.steps, "replay": one.replay}
