"""A verdict as one JSON document for other programs.

The keys of format 1 come first, in a fixed order. After them, at the end of each object, stand additions:
``explanation``, ``reasons``, ``logs``, ``ledger`` and ``diagnosis`` of a property; ``sent``, ``choices``,
``late``, ``played``, ``gone``, ``refused``, ``says`` and ``remark`` of a step; ``why``, ``never_ran``, ``one_sided``,
``problem``, ``overridden``, ``played``, ``remedies``, ``about`` and ``summary`` of the whole. Additions do not raise
``format``; a key that changes its meaning or place does.

``logs`` has each log as it is after the step named, from the start (step 0) on and again whenever it changes.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

from checker.verdict import Diagnosis, Ledger, Log, Parting, Path, PathStep, PropertyResult, Result, SentMessage
from reports import remedies

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
        "played": dict(result.played),
        "remedies": None if result.remedies is None else remedies.document(result.remedies),
        "about": result.about,
        "summary": result.summary,
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
        **_story(found.path),
        "diagnosis": None if found.diagnosis is None else _diagnosis(found.diagnosis),
    }


def _problem(result: Result) -> dict[str, Any] | None:
    if not result.problem:
        return None
    path = result.problem_path
    return {
        "text": result.problem,
        "replay": None if path is None else path.replay,
        "path": None if path is None else path_document(path),
        **_story(path),
    }


def _story(path: Path | None) -> dict[str, Any]:
    """What the model tells of a path: its logs, and what became of each record; None where it tells neither."""
    return {
        "logs": None if path is None or not path.logs else _logs(path.logs),
        "ledger": None if path is None or path.ledger is None else _ledger(path.ledger),
    }


def _logs(states: Sequence[Sequence[Log]]) -> list[dict[str, Any]]:
    found, known = [], dict[tuple[str, str], Log]()
    for number, logs in enumerate(states):
        for log in logs:
            if known.get((log.actor, log.name)) == log:
                continue
            known[log.actor, log.name] = log
            entries = [dataclasses.asdict(entry) for entry in log.entries]
            marks = [{"name": name, "offset": offset} for name, offset in log.marks]
            found.append({"step": number, "name": log.name, "actor": log.actor, "entries": entries, "marks": marks})
    return found


def _ledger(ledger: Ledger) -> dict[str, Any]:
    return {
        "records": list(ledger.records),
        "columns": list(ledger.columns),
        "events": [dataclasses.asdict(event) for event in ledger.events],
    }


def _diagnosis(found: Diagnosis) -> dict[str, Any]:
    """``fewest_faults`` has a path of its own only if the path shown has more faults."""
    fewest = found.fewest_path
    return {
        "pivot": found.pivot,
        "no_return": found.no_return,
        "matters": list(found.matters),
        "fewest_faults": None if found.fewest_faults is None else dict(found.fewest_faults),
        "fewest_replay": None if fewest is None else fewest.replay,
        "fewest_path": None if fewest is None else path_document(fewest),
        "not_computed": list(found.not_computed),
        "parting": None if found.parting is None else _parting(found.parting),
    }


def _parting(found: Parting) -> dict[str, Any]:
    return {
        "other": found.other,
        "title": found.title,
        "differs": list(found.differs),
        "problem": found.problem,
        "step": found.step,
        "taken": found.taken,
        "sends": [_message(one) for one in found.sends],
        "withholds": [_message(one) for one in found.withholds],
        "changes": [dataclasses.asdict(one) for one in found.changes],
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
        "played": step.played,
        "gone": [_message(one) for one in step.gone],
        "refused": list(step.refused),
        "says": step.says,
        "remark": step.remark,
    }


def _message(sent: SentMessage) -> dict[str, Any]:
    return {"type": sent.type, "from": sent.sender, "to": sent.receiver, "fields": dict(sent.fields)}
