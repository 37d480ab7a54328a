"""What would have kept a guarantee: the spec checked again with one thing set otherwise, for everything that can be.

A model package says what can be set otherwise (``variations`` of its pipeline), small changes first. Each is put into
the spec as ``--set`` would, and the whole spec is checked: same bounds, same faults. What is offered is therefore
never a guess, and never more than it says: within these bounds the guarantee holds with this change, and so does every
other one that the spec asks for. A change under which the spec shows nothing any more (its answer is `vacuous`) is no
remedy: a pipeline that sends nothing loses nothing.

Changes that come to the same machine are asked once (``checker.fingerprint``): most later versions behave alike, and a
setting that another one overrides changes nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from checker.build import Built, build
from checker.checking import Progress, run
from checker.fingerprint import fingerprint
from checker.options import Options
from checker.reference import Reference
from checker.source import SourceError, fail
from checker.spec import load, words_of
from checker.spec_file import SpecFile
from checker.verdict import Outcome, PropertyVerdict, Remedies, Result, Tried

STATES_MAX = 3_000_000  # Of one change. Whatever needs more is said to be undecided.

Step = Callable[[int, int, str], None]  # How many changes were looked at, of how many; the one that is next.


def remedies(
    spec: SpecFile,
    overrides: Sequence[str] = (),
    options: Options | None = None,
    progress: Progress | None = None,
    step: Step | None = None,
    first: Result | None = None,
) -> Remedies:
    """Try every change of one thing. ``overrides`` are those with which ``spec`` was loaded; ``first`` is its answer
    without any change, where it is known.

    Raises ``SourceError`` if the spec has no settings to change: it is in the wired form.
    """
    began = time.perf_counter()
    pipeline, words = words_of(spec) if spec.pipeline is not None else (None, None)
    variations = getattr(pipeline, "variations", None)
    if variations is None:
        text = "actors are wired by hand here, so there are no settings to change"
        raise fail("no-settings", text, spec.place(("model",)), help="remedies are for specs in a pipeline's own words")
    options = (options or Options()).limited_by(spec.limits)
    if options.states is None:
        options = replace(options, states=STATES_MAX)
    first = first or run(spec, options, progress, paths=False)
    broken = min(_violated(first), key=lambda one: one[1], default=None)
    found = Remedies(
        spec.path, spec.title, broken[0] if broken else None, first.outcome, has_goals=bool(spec.check.sometimes)
    )
    if broken is not None:
        _try_all(found, spec, list(overrides), list(variations(words)), options, progress, step)
    found.seconds = time.perf_counter() - began
    return found


def _violated(result: Result) -> list[tuple[str, int]]:
    every = [one for one in result.properties if one.verdict is PropertyVerdict.VIOLATED]
    return [(one.name, one.steps or 0) for one in every]


def _try_all(
    found: Remedies,
    spec: SpecFile,
    overrides: list[str],
    variations: Sequence[tuple[Sequence[str | int], str, Any]],
    options: Options,
    progress: Progress | None,
    step: Step | None,
) -> None:
    seen = {_machine(build(spec))}
    for number, (path, now, value) in enumerate(variations):
        key, text = ".".join(map(str, path)), _yaml(value)
        if step is not None:
            step(number, len(variations), f"{key}={text}")
        try:
            changed = load(spec.path, (*overrides, f"{key}={text}"))
            built = build(changed)
        except SourceError as refusal:
            found.refused.append(Tried(key, now, text, refusal.diagnostics[0].message))
            continue
        if changed.module is not spec.module:
            found.refused.append(Tried(key, now, text, "another model would have to answer"))
            continue
        machine = _machine(built)
        if machine in seen:
            found.unchanged.append(Tried(key, now, text))
            continue
        seen.add(machine)
        _sort_in(found, run(changed, options, progress, paths=False, built=built), key, now, text)


def _sort_in(found: Remedies, result: Result, key: str, now: str, text: str) -> None:
    states = result.explored.distinct_states
    broken = _violated(result)
    if result.outcome is Outcome.HOLDS:
        found.kept.append(Tried(key, now, text, states=states))
    elif result.outcome is Outcome.VACUOUS:
        found.vacuous.append(Tried(key, now, text, "; ".join(result.why), states))
    elif any(name == found.broken for name, _ in broken):
        found.broken_still.append(Tried(key, now, text, states=states))
    elif broken:
        name, steps = min(broken, key=lambda one: one[1])
        note = f"{name} is broken in {steps} step{'s' if steps != 1 else ''}"
        found.others_broken.append(Tried(key, now, text, note, states))
    else:
        found.undecided.append(Tried(key, now, text, result.problem or "; ".join(result.why), states))


def _machine(built: Built) -> str:
    return fingerprint(built, Reference(built.system).layout)


def _yaml(value: Any) -> str:
    """As it stands behind ``--set KEY=``; JSON is YAML, and words that could be read as something else are quoted."""
    plain = isinstance(value, str) and value.replace("_", "").isalpha() and value not in ("true", "false", "null")
    return value if plain else json.dumps(value)


__all__ = ["STATES_MAX", "Step", "remedies"]
