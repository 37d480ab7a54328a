"""A path in the Informal Trace Format (ITF), which Apalache defines and trace viewers read.

One variable for each actor's field (``producer.next_sequence``), whose value is its text; ``step`` says what happened.
"""

from __future__ import annotations

import json
from typing import Any

from checker.verdict import Path


def document(path: Path, source: str = "") -> dict[str, Any]:
    every = [f"{actor}.{name}" for state in path.states for actor, fields in state.items() for name in fields]
    variables = list(dict.fromkeys(every))
    states = []
    for index, state in enumerate(path.states):
        values: dict[str, Any] = {"#meta": {"index": index}, **dict.fromkeys(variables, "")}
        values |= {f"{actor}.{name}": text for actor, fields in state.items() for name, text in fields.items()}
        step = path.steps[index - 1] if index else None
        values["step"] = "start" if step is None else f"{step.actor}.{step.action}"
        states.append(values)
    meta = {
        "format": "ITF",
        "format-description": "https://apalache-mc.org/docs/adr/015adr-trace.html",
        "source": source,
    }
    return {"#meta": meta, "vars": [*variables, "step"], "states": states}


def dumps(path: Path, source: str = "") -> str:
    return json.dumps(document(path, source), indent=1) + "\n"
