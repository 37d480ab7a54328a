"""A verdict as one JSON document for other programs.

The keys of format 1 come first, in a fixed order. After them, at the end of each object, stand additions:
``explanation`` and ``reasons`` of a property; ``sent``, ``choices`` and ``late`` of a step; ``why``, ``never_ran``,
``one_sided`` and ``problem`` of the whole. Additions do not raise ``format``; a key that changes its meaning or place
does.
"""

from __future__ import annotations

import json
from typing import Any

from checker.verdict import Path, PathStep, PropertyResult, Result, SentMessage

FORMAT = 1


def document(result: Result) -> dict[str, Any]:
    """The whole answer to one spec as JSON-able data."""
    explored = result.explored
    return {
        "format": FORMAT,
        "spec": result.spec,
        "title": result.title,
        "verdict": result.outcome.value,
        "properties": [_property(found) for found in result.properties],
        "explored": {
            "distinct_states": explored.distinct_states,
            "transitions": explored.transitions,
            "depth": explored.depth,
            "complete": explored.complete,
        },
        "bounds": dict(result.bounds),
        "faults": dict(result.faults),
        "fired": dict(result.fired),
        "seconds": {name: round(result.seconds.get(name, 0.0), 6) for name in _phases(result)},
        "memory_bytes": result.memory_bytes,
        "not_modelled": list(result.not_modelled),
        "why": list(result.why),
        "never_ran": list(result.never_ran),
        "one_sided": list(result.one_sided),
        "problem": _problem(result),
        "overridden": list(result.overridden),
    }


def dumps(documents: dict[str, Any] | list[dict[str, Any]]) -> str:
    """The text of one document, or of a list of them. ASCII, so that it survives any terminal or pipe."""
    return json.dumps(documents, indent=2, default=str) + "\n"


def _phases(result: Result) -> list[str]:
    known = ["load", "compile", "explore"]
    return [*known, *(name for name in result.seconds if name not in known)]


def _property(found: PropertyResult) -> dict[str, Any]:
    return {
        "name": found.name,
        "kind": found.kind,
        "verdict": found.verdict.value,
        "steps": found.steps,
        "faults": found.faults,
        "replay": None if found.path is None else found.path.replay,
        "path": None if found.path is None else path_document(found.path),
        "explanation": found.explanation,
        "reasons": list(found.reasons),
    }


def _problem(result: Result) -> dict[str, Any] | None:
    if not result.problem:
        return None
    path = result.problem_path
    return {
        "text": result.problem,
        "replay": None if path is None else path.replay,
        "path": None if path is None else path_document(path),
    }


def path_document(path: Path) -> list[dict[str, Any]]:
    """The steps of a path; also for ``--replay --json``."""
    return [_step(step) for step in path.steps]


def _step(step: PathStep) -> dict[str, Any]:
    """``changes`` is keyed by field, or by actor.field for the field of another actor."""
    changes: dict[str, dict[str, Any]] = {}
    for changed in step.changes:
        key = changed.field if changed.actor == step.actor else f"{changed.actor}.{changed.field}"
        changes[key] = {"before": changed.before, "after": changed.after, "wiped": changed.wiped}
    return {
        "step": step.number,
        "actor": step.actor,
        "action": step.action,
        "fault": step.fault,
        "message": None if step.received is None else _message(step.received),
        "changes": changes,
        "sent": [_message(sent) for sent in step.sent],
        "choices": list(step.choices),
        "late": step.late,
    }


def _message(sent: SentMessage) -> dict[str, Any]:
    return {"type": sent.type, "from": sent.sender, "to": sent.receiver, "fields": dict(sent.fields)}
