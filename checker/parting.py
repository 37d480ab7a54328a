"""Where a path goes otherwise under another spec: the first step that the other does not take, or takes differently.

The two specs differ in little: a fix, a setting, a mechanism taken out. The path of the one is followed in the other,
step by step, in the words of both: the same actor does the same with the same message, sends the same and changes the
same, as far as both have the fields for it. A field that was not the same before a step (a map has more keys, because
bounds are larger) is not compared after it. Where that ends is the step at which the difference first does something.
If the other spec keeps the guarantee, the path was saved there: an answer of two runs to the question that delta
debugging asks (Zeller, Isolating Cause-Effect Chains from Computer Programs, FSE 2002).

The other spec is the one that a spec names (``fixed``), else, of a spec that takes mechanisms out (``without``), itself
with these in place. It may part early, and far from what goes wrong: other versions send other requests. Then the
answer says just that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path as File
from typing import Any

from checker import spec_cache
from checker.narration import action_of, narrate
from checker.reference import Reference, State
from checker.source import SourceError
from checker.spec_file import PREMISES, SpecFile
from checker.verdict import Change, Parting, Path, PathStep, SentMessage

DIFFERENCES_MAX = 4
STATES_MAX = 64  # of the other spec in which the path may be at the same time


def from_its_fix(spec: SpecFile, path: Path) -> Parting | None:
    """None: nobody says in which spec the guarantee is kept. What is set on the command line may be what tells the two
    apart, so then nothing is compared."""
    without = spec.document.find(("without",))
    if spec.overrides:
        return None
    if spec.fixed is not None:
        name, other, overrides = File(spec.fixed).name, spec.fixed, []
    elif without is not None and without.value:
        listed = ", ".join(map(str, without.plain()))
        name, other, overrides = f"with {listed} in place", spec.path, ["without=[]"]
    else:
        return None
    try:
        loaded = spec_cache.load(other, overrides)
    except SourceError as error:
        return Parting(name, 0, problem=error.diagnostics[0].message)
    found = parting(path, Reference(loaded.built.system), name)
    if other == spec.path:
        return found
    return replace(found, title=loaded.spec.title, differs=_settings_that_differ(spec, loaded.spec))


def _settings_that_differ(here: SpecFile, there: SpecFile) -> tuple[str, ...]:
    """Versions first; then settings and words that both have, or that one of them gives."""
    given, instead = here.document.root.plain(), there.document.root.plain()
    found = [
        f"{name}: {_value(given.get(name))} -> {_value(instead.get(name))}"
        for name in PREMISES
        if given.get(name) != instead.get(name)
    ]
    mine = {one.name: one for one in here.settings}
    for one in there.settings:
        before = mine.get(one.name)
        if before is None:
            found += [f"{one.name}: {one.value}"] if one.origin == "given" else []
        elif before.value != one.value and not (
            before.origin.startswith("default") and one.origin.startswith("default")
        ):
            found.append(f"{one.name}: {before.value} -> {one.value}")
    kept = {one.name for one in there.settings}
    found += [
        f"without {one.name}: {one.value}" for one in here.settings if one.origin == "given" and one.name not in kept
    ]
    return tuple(found[:DIFFERENCES_MAX])


def _value(given: Any) -> str:
    return ", ".join(map(str, given)) if isinstance(given, list) else "none" if given is None else str(given)


def parting(path: Path, other: Reference, name: str) -> Parting:
    states = other.initial()
    known = {one.name: frozenset(one.definition.state) for one in other.system.instances}
    for step in path.steps:
        if len(states) > STATES_MAX:
            return Parting(
                name, 0, problem=f"the path leads to more than {STATES_MAX} states before step {step.number}"
            )
        went: list[State] = []
        nearest: Parting | None = None
        for state in states:
            for candidate, after in _candidates(other, state, step):
                found = _difference(step, candidate, known, name)
                if found is None:
                    went.append(after)
                elif nearest is None:
                    nearest = found
        if not went:
            return nearest or Parting(name, step.number, taken=False)
        states = list(dict.fromkeys(went))
    return Parting(name, 0)


def _candidates(other: Reference, state: State, step: PathStep) -> Iterator[tuple[PathStep, State]]:
    """What the other spec can do here that begins as the step does, and where it leads."""
    actor = next((i for i, one in enumerate(other.system.instances) if one.name == step.actor), None)
    if actor is None:
        return
    for number, one in enumerate(other.successors(state, actor)):
        if one.state is None or one.actor != actor or action_of(other, one) != step.action:
            continue
        told = narrate(other, state, 0, [(number, one)]).steps[0]
        if _same(told.received, step.received) and _agree(told.choices, step.choices):
            yield told, one.state


def _agree(one: Sequence[str], other: Sequence[str]) -> bool:
    """Choices, as far as both make them: a mechanism may ask for one more."""
    return len(one) != len(other) or tuple(one) == tuple(other)


def _same(one: SentMessage | None, other: SentMessage | None) -> bool:
    """Two messages, as far as both have the fields."""
    if one is None or other is None:
        return one is other
    common = one.fields.keys() & other.fields.keys()
    return one.type == other.type and all(one.fields[name] == other.fields[name] for name in common)


def _goes_apart(here: Change, there: Change) -> bool:
    """What was not the same before (a map with more keys, as bounds are larger) cannot be compared after."""
    return here.before == there.before and here.after != there.after


def _difference(step: PathStep, candidate: PathStep, known: dict[str, frozenset[str]], name: str) -> Parting | None:
    """``known``: the fields of the other spec, by actor."""
    sends, withholds = list(candidate.sent), []
    for message in step.sent:
        same = next((one for one in sends if one.receiver == message.receiver and _same(one, message)), None)
        if same is None:
            withholds.append(message)
        else:
            sends.remove(same)
    mine = {(one.actor, one.field): one for one in step.changes if one.field in known.get(one.actor, ())}
    theirs = {(one.actor, one.field): one for one in candidate.changes}
    changes = [one for key, one in theirs.items() if key not in mine or _goes_apart(mine[key], one)]
    changes += [Change(one.actor, one.field, one.before, one.before) for key, one in mine.items() if key not in theirs]
    if not sends and not withholds and not changes:
        return None
    return Parting(name, step.number, True, tuple(sends), tuple(withholds), tuple(changes))


__all__ = ["from_its_fix", "parting"]
