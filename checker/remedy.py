"""What would have kept a guarantee: the spec checked again with one thing set otherwise, for everything that can be.

A model package says what can be set otherwise (``variations`` of its pipeline), small changes first. Each is put into
the spec as ``--set`` would, and the whole spec is checked: same bounds, same faults. What is offered is therefore
never a guess, and never more than it says: within these bounds the guarantee holds with this change, and so does every
other one that the spec asks for.

That is not enough to advise it. So each change is *weighed* in the same exploration, by predicates beside those of the
spec (``promises`` of the pipeline). A guarantee that the pipeline kept before, and breaks now, is given up. A goal that
it reached before (every record is processed), and reaches no more, makes the change a hollow one: a pipeline that reads
nothing loses nothing. So does an answer that is `vacuous`. What no state shows (a setting costs latency) the pipeline
says itself, as the price of a change.

Changes that come to the same machine are asked once (``checker.fingerprint``): most later versions behave alike, and a
setting that another one overrides changes nothing.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from checker.build import Built, build
from checker.checking import Progress, run
from checker.fingerprint import fingerprint
from checker.options import Options
from checker.parting import parting
from checker.reference import Reference
from checker.source import SourceError, fail
from checker.spec import load, words_of
from checker.spec_file import SpecFile
from checker.spec_forms import Cost
from checker.verdict import Outcome, Path, PropertyResult, PropertyVerdict, Remedies, Result, Tried

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
    first = first or run(spec, options, progress)
    broken = min(_violated(first), key=lambda one: one[1], default=None)
    found = Remedies(spec.path, spec.title, broken[0] if broken else None, first.outcome)
    if broken is not None:
        promises = getattr(pipeline, "promises", lambda _: ((), ()))(words)
        weights = _weights(spec, list(overrides), promises)
        found.has_goals = bool(spec.check.sometimes) or weights.has_goals
        path = next(one.path for one in first.properties if one.name == found.broken)
        search = _Search(found, spec, list(overrides), weights, options, progress, path)
        search.try_all([_Change.of(*one) for one in variations(words)], step)
        unjudged = getattr(pipeline, "unjudged", lambda _: ())(words)
        found.not_judged = [Tried(_dotted(path), now, "", why) for path, now, why in unjudged]
    found.seconds = time.perf_counter() - began
    return found


def _violated(result: Result, beside: Iterable[str] = ()) -> list[tuple[str, int]]:
    every = [one for one in result.properties if one.verdict is PropertyVerdict.VIOLATED and one.name not in beside]
    return [(one.name, one.steps or 0) for one in every]


def _dotted(path: Sequence[str | int]) -> str:
    return ".".join(map(str, path))


@dataclass(frozen=True)
class _Change:
    key: str
    now: str
    text: str  # As it stands behind ``--set KEY=``.
    cost: int
    clause: str

    @classmethod
    def of(cls, path: Sequence[str | int], now: str, value: Any, price: tuple[int, str] = (Cost.FREE, "")) -> _Change:
        return cls(_dotted(path), now, _yaml(value), *price)

    @property
    def override(self) -> str:
        return f"{self.key}={self.text}"

    def tried(self, note: str = "", states: int = 0, gives_up: str = "", as_with: str = "", parts: int = 0) -> Tried:
        return Tried(self.key, self.now, self.text, note, states, gives_up, as_with, parts)


# --- Weights ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Weights:
    """Predicates beside those of the spec, as overrides that put them there, and their names in its check."""

    overrides: tuple[str, ...] = ()
    beside: frozenset[str] = frozenset()
    spec: SpecFile | None = None  # The spec with them.

    @property
    def has_goals(self) -> bool:
        return self.spec is not None and any(one.label in self.beside for one in self.spec.check.sometimes)


def _weights(spec: SpecFile, overrides: list[str], promises: tuple[Sequence[Any], Sequence[Any]]) -> _Weights:
    """All that the spec can be asked besides: what it asks already, and what means nothing to it, is left out."""
    given = spec.document.root.plain().get("check") or {}
    asked = {part: list(given.get(part) or []) for part in ("always", "sometimes")}
    found = _Weights(spec=spec)
    for part, some in zip(asked, promises, strict=True):
        for one in some:
            more = {**asked, part: [*asked[part], one]}
            texts = tuple(f"check.{name}={json.dumps(every)}" for name, every in more.items())
            try:
                heavier = load(spec.path, (*overrides, *texts))
                build(heavier)
            except SourceError:
                continue
            asked, found = more, _Weights(texts, _labels(heavier) - _labels(spec), heavier)
    return found


def _labels(spec: SpecFile) -> frozenset[str]:
    return frozenset(one.label for one in (*spec.check.always, *spec.check.sometimes))


# --- The search -------------------------------------------------------------------------------------------------------


@dataclass
class _Search:
    found: Remedies
    spec: SpecFile
    overrides: list[str]
    weights: _Weights
    options: Options
    progress: Progress | None
    path: Path | None  # on which the guarantee is broken
    costs: dict[str, int] = field(default_factory=dict)  # Of what is kept, by override.

    def try_all(self, changes: list[_Change], step: Step | None) -> None:
        found = self.found
        seen = {_machine(build(self.weights.spec or self.spec)): "", _machine(build(self.spec)): ""}
        for number, change in enumerate(changes):
            if step is not None:
                step(number, len(changes), change.override)
            try:
                changed, built, beside = self.changed(change)
            except SourceError as refusal:
                found.refused.append(change.tried(refusal.diagnostics[0].message))
                continue
            if changed.module is not self.spec.module:
                found.refused.append(change.tried("another model would have to answer"))
                continue
            machine = _machine(built)
            if machine in seen:
                found.unchanged.append(change.tried(as_with=seen[machine]))
                continue
            seen[machine] = change.override
            options = replace(self.options, beside=beside)
            result = run(changed, options, self.progress, paths=False, built=built)
            self.sort_in(result, change, beside, built)
        found.kept.sort(key=lambda one: self.costs[f"{one.key}={one.value}"])

    def changed(self, change: _Change) -> tuple[SpecFile, Built, frozenset[str]]:
        """The spec with the change, and with what it is weighed by, unless that means nothing to it any more."""
        if self.weights.beside:
            with contextlib.suppress(SourceError):
                changed = load(self.spec.path, (*self.overrides, change.override, *self.weights.overrides))
                return changed, build(changed), self.weights.beside
        changed = load(self.spec.path, (*self.overrides, change.override))
        return changed, build(changed), frozenset()

    def sort_in(self, result: Result, change: _Change, beside: frozenset[str], built: Built) -> None:
        found, states = self.found, result.explored.distinct_states
        broken = _violated(result, beside)
        if result.outcome is Outcome.HOLDS:
            self.weigh(result, change, beside, built)
        elif result.outcome is Outcome.VACUOUS:
            found.vacuous.append(change.tried("; ".join(result.why), states))
        elif any(name == found.broken for name, _ in broken):
            found.broken_still.append(change.tried(states=states))
        elif broken:
            name, steps = min(broken, key=lambda one: one[1])
            note = f"{name} is broken in {steps} step{'s' if steps != 1 else ''}"
            found.others_broken.append(change.tried(note, states))
        else:
            found.undecided.append(change.tried(_undecided(result), states))

    def weigh(self, result: Result, change: _Change, beside: frozenset[str], built: Built) -> None:
        """Every guarantee of the spec is kept: is it worth having, and what does it cost?"""
        states = result.explored.distinct_states
        weights = [one for one in result.properties if one.name in beside]
        idle = [one for one in weights if one.verdict is PropertyVerdict.UNREACHED and self.was_reached(one)]
        broken = [one for one in weights if one.verdict is PropertyVerdict.VIOLATED and not self.was_broken(one)]
        if idle:
            missing = "; ".join(f"{one.name} is out of reach" for one in idle)
            self.found.vacuous.append(change.tried(missing, states))
        elif change.cost >= Cost.HOLLOW:
            self.found.vacuous.append(change.tried(change.clause, states))
        else:
            lost = [f"gives up {one.name}: {_lowered(one.explanation)}" for one in broken]
            default = self.by_default(change) if change.cost == Cost.MENDED else ""
            cost = max([change.cost, *([Cost.FREE] if default else []), *([Cost.GUARANTEE] if broken else [])])
            said = "; ".join([*lost, *([change.clause] if change.clause else [])])
            gives_up, note = (said, "") if cost > Cost.FREE else ("", said)
            parts = 0 if self.path is None else parting(self.path, Reference(built.system), change.override).step
            self.found.kept.append(change.tried(note, states, gives_up, default, parts))
            self.costs[change.override] = cost

    def by_default(self, change: _Change) -> str:
        """A setting that keeps it too, if what the change does is to have that for its default: it is the one to
        advise, for it is the smaller change."""
        settings = load(self.spec.path, (*self.overrides, change.override)).settings
        before = {one.name: one.value for one in self.spec.settings}
        for one in settings:
            for kept in self.found.kept:
                same = kept.key == one.name or kept.key.endswith(f".{one.name}")
                if same and kept.value.strip('"') == one.value != before.get(one.name):
                    return f"{kept.key}={kept.value}"
        return ""

    def was_broken(self, one: PropertyResult) -> bool:
        return self.before.get(one.name) is PropertyVerdict.VIOLATED

    def was_reached(self, one: PropertyResult) -> bool:
        return self.before.get(one.name) is PropertyVerdict.REACHED

    @cached_property
    def before(self) -> dict[str, PropertyVerdict]:
        """The weights without any change, as far as the exploration goes. Asked only where it matters."""
        assert self.weights.spec is not None
        options = replace(self.options, keep_going=True)
        result = run(self.weights.spec, options, self.progress, paths=False)
        return {one.name: one.verdict for one in result.properties}


def _undecided(result: Result) -> str:
    if not result.problem:
        return "; ".join(result.why)
    if " outside " in result.problem:
        return f"a bound of the model is too small for what happens then: {result.problem}"
    return f"the model goes wrong on the way: {result.problem}"


def _lowered(text: str) -> str:
    """A docstring's sentence as a clause."""
    text = text.rstrip(".")
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _machine(built: Built) -> str:
    return fingerprint(built, Reference(built.system).layout)


def _yaml(value: Any) -> str:
    """As it stands behind ``--set KEY=``; JSON is YAML, and words that could be read as something else are quoted."""
    plain = isinstance(value, str) and value.replace("_", "").isalpha() and value not in ("true", "false", "null")
    return value if plain else json.dumps(value)


__all__ = ["STATES_MAX", "Step", "remedies"]
