"""From a spec file to a verdict: build, explore with an engine, find the paths, judge.

``run`` is what the command line calls for each spec; ``replay`` runs one path again under the reference semantics.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from checker.build import Built, branches_of, build
from checker.narration import tell
from checker.options import Options
from checker.reference import ModelError, Reference, State, Transition
from checker.search import (
    BROKEN_PREDICATE,
    Engine,
    EnginesDisagree,
    Exploration,
    Finding,
    ReferenceEngine,
    Target,
    counter_keys,
    explore,
    least_path,
)
from checker.source import fail
from checker.spec_file import FAULT_KINDS, PREMISES, SpecFile
from checker.system import Layout, System
from checker.verdict import (
    Diagnosis,
    Explored,
    Outcome,
    Path,
    PropertyResult,
    PropertyVerdict,
    Result,
)

if TYPE_CHECKING:
    from checker.explain import Incident  # Loaded when something is broken: it brings the front end along.

# `auto`: so many states by the reference, at 1 to 5 ms each, before any code is generated, which takes 1 to 3 s.
REFERENCE_FIRST_STATES = 200
REFERENCE_KNOWN_STATES = 450  # The same for a spec whose `expect` says that it has no more.
# What `expect` says of the number of states: up to so many, half the speed of the search costs less than LLVM's passes.
QUICK_STATES = 200_000
MEMORY_SHARE = 0.7
# Finding a path means going through all earlier levels once more. A counterexample is worth it; a witness of something
# that is meant to happen is shown unasked only where that takes no time.
WITNESS_STATES_MAX = 20_000
FAULTY_WITNESS_STATES_MAX = 5_000  # How many are looked at for a witness in which a fault happens.


class Progress(Protocol):
    def update(self, states: int, transitions: int, depth: int, queue: int, memory_bytes: int) -> None: ...


def run(
    spec: SpecFile,
    options: Options | None = None,
    progress: Progress | None = None,
    *,
    paths: bool = True,
    built: Built | None = None,
) -> Result:
    """Check one spec, that is ``built`` already or is now. Raises ``SourceError`` if the spec or its actors are wrong.

    Without ``paths`` nobody asks how: only verdicts and numbers of steps, as the search found them.
    """
    options = (options or Options()).limited_by(spec.limits)
    began = time.perf_counter()
    built = built or build(spec)
    reference = Reference(built.system)
    loaded = time.perf_counter()
    memory = options.memory_bytes or default_memory()

    def report(states: int, transitions: int, depth: int, queue: int, memory_bytes: int) -> None:
        if progress is not None:
            progress.update(states, transitions, depth, queue, memory_bytes)

    expected = spec.expect.distinct_states if spec.expect is not None else None
    first = REFERENCE_FIRST_STATES
    if expected is not None:
        first = REFERENCE_KNOWN_STATES if expected <= REFERENCE_KNOWN_STATES else 0
    # A violation that somebody has found before, and whose states nobody has counted, is near more often than not.
    short = spec.expect is not None and (expected or 0) <= QUICK_STATES
    engine, found, compiled = _explore(built, reference, options, memory, report, first, short, expected or 0)
    try:
        judging = reference if paths or found.problem is not None else None  # A mistake is always told.
        result, incidents = judge(spec, built.system, judging, engine, found, options.witnesses, options.beside)
        explored = time.perf_counter()
        _explain(spec, result, incidents, built, reference, engine, every=options.witnesses)
    finally:
        engine.close()
    result.seconds = {
        "load": loaded - began,
        "compile": compiled,
        "explore": explored - loaded - compiled,
        "explain": time.perf_counter() - explored,
    }
    return result


def default_memory() -> int:
    """70 % of the machine's memory."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        total = 4 << 30
    return int(total * MEMORY_SHARE)


def _explore(
    built: Built,
    reference: Reference,
    options: Options,
    memory: int,
    report: Any,
    first: int,
    quick: bool,
    states_expected: int,
) -> tuple[Engine, Exploration, float]:
    """Explore with the engine asked for. ``auto`` lets the reference explore so many states ``first``. ``quick``: the
    search is expected to be short, and machine code for it is better made quickly than made well.
    """
    if options.engine == "reference":
        engine: Engine = ReferenceEngine(reference, branches_of(built))
        return engine, explore(engine, built.system, options, memory, report), 0.0
    began = time.perf_counter()
    from checker.machine_code import is_cached
    from checker.native import NativeEngine

    imported = time.perf_counter() - began  # LLVM, mostly: no part of the search.
    if options.engine == "auto" and first and not is_cached(built, reference.layout):
        small = ReferenceEngine(reference, branches_of(built))
        limit = min(first, options.states or first)
        found = explore(small, built.system, _with_states(options, limit), memory, lambda *_: None)
        if found.stopped != "states" or limit == options.states:
            return small, found, 0.0
    began = time.perf_counter()
    workers, layout = options.workers, reference.layout
    native = NativeEngine(built, layout, workers, memory, quick=quick, states_expected=states_expected)
    compiled = imported + time.perf_counter() - began
    return native, explore(native, built.system, options, memory, report), compiled


def _with_states(options: Options, states: int) -> Options:
    return replace(options, states=states)


# --- Judging --------------------------------------------------------------------------------------------------------


def judge(
    spec: SpecFile,
    system: System,
    reference: Reference | None,
    engine: Engine,
    found: Exploration,
    witnesses: bool = False,
    beside: frozenset[str] = frozenset(),
) -> tuple[Result, dict[str, Incident]]:
    """What an exploration amounts to, and the path to each violation, by the name of what is violated. Without the
    reference no paths are looked for, so none can be confirmed. The outcome is not about what is ``beside``.
    """
    incidents: dict[str, Incident] = {}
    result = Result(
        spec=spec.path,
        title=spec.title,
        outcome=Outcome.HOLDS,
        properties=[],
        explored=_explored(found),
        about=spec.about,
        summary=spec.summary,
        bounds=_bounds(spec, system),
        faults={one.name: "unlimited" if one.limit is None else one.limit for one in system.budgets},
        played=(played := played_faults(spec)),
        fault_meanings={name: spec.fault_meanings[name] for name in played if name in spec.fault_meanings},
        uncounted=[name for name in played if name not in system.played_faults],
        overridden=[f"{one.name} is {one.value}: {one.rule}" for one in spec.settings if one.origin == "overridden"],
        premises=_premises(spec),
        settings=[(one.name, one.value, one.origin) for one in spec.settings],
        meanings={one.name: one.meaning for one in spec.settings if one.meaning},
        not_modelled=list(spec.not_modelled),
        memory_bytes=engine.memory_bytes,
        engine=engine.name,
    )
    counts = engine.counters()
    result.fired = _fired(system, counts)
    if found.problem is not None:
        result.outcome = Outcome.INCONCLUSIVE
        result.problem, result.problem_path = _problem(system, reference, engine, found.problem)
        result.properties = [_undecided(system, bit) for bit in _asked(system)]
        return result, incidents
    witnesses = witnesses or sum(found.levels) <= WITNESS_STATES_MAX
    result.properties = [
        _property(system, reference, engine, found, bit, witnesses, incidents) for bit in _asked(system)
    ]
    if system.report_deadlock:
        result.properties.append(_deadlock(reference, engine, found, incidents))
    if found.complete:
        result.never_ran, result.one_sided = _never_ran(system, counts), _one_sided(engine)
    _conclude(result, system, found, beside)
    return result, incidents


def _explain(
    spec: SpecFile,
    result: Result,
    incidents: dict[str, Incident],
    built: Built,
    reference: Reference,
    engine: Engine,
    *,
    every: bool,
) -> None:
    """Say why the guarantee that the report begins with is broken; of ``every`` one, and all there is to say."""
    broken = [i for i, one in enumerate(result.properties) if one.verdict is PropertyVerdict.VIOLATED]
    if not broken or not incidents:
        return
    from checker.explain import diagnose, patience_for

    broken.sort(key=lambda i: result.properties[i].steps or 0)
    for i in broken if every else broken[:1]:
        one = result.properties[i]
        patience = patience_for(result.explored.distinct_states, full=every)
        narrate = partial(tell, reference)
        steps = () if one.path is None else one.path.steps
        remarked = [step.number for step in steps if step.remark]
        incident, evidence = incidents[one.name], _evidence(one.path)
        diagnosis = diagnose(built, reference, engine, incident, narrate, patience, evidence, remarked)
        diagnosis = _compared(spec, one.path, diagnosis)
        result.properties[i] = replace(one, diagnosis=replace(diagnosis, brief=not every))


def _compared(spec: SpecFile, path: Path | None, diagnosis: Diagnosis) -> Diagnosis:
    """With the step at which the path parts from a spec that keeps the guarantee, where one is known."""
    from checker.parting import from_its_fix

    found = None if path is None else from_its_fix(spec, path)
    if path is None or found is None:
        return diagnosis
    acts, matters = found.acts_in(path), set(diagnosis.matters)
    return replace(diagnosis, parting=found, matters=tuple(sorted(matters | {acts} if acts and matters else matters)))


def _evidence(path: Path | None) -> set[int]:
    """The steps that the ledger tells of, or that a remark names."""
    if path is None:
        return set()
    events = path.ledger.events if path.ledger is not None else ()
    named = {int(number) for step in path.steps for number in re.findall(r"\bstep (\d+)", step.remark)}
    return {one for one in {*named, *(event.step for event in events)} if 0 < one <= len(path.steps)}


def played_faults(spec: SpecFile) -> dict[str, str]:
    """What the user's `faults:` has besides the checker's own kinds."""
    given = spec.document.root.plain().get("faults") or {}
    return {name: _listed(value) for name, value in given.items() if name not in FAULT_KINDS and value}


def _premises(spec: SpecFile) -> dict[str, str]:
    given = spec.document.root.plain() if spec.pipeline is not None else {}
    return {name: _listed(given[name]) for name in PREMISES if given.get(name)}


def _listed(value: Any) -> str:
    """A value of the spec as its reader would write it."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_listed(one)}" for name, one in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _asked(system: System) -> list[int]:
    return [bit for bit, one in enumerate(system.properties) if one.kind not in ("final", "premise")]


def _explored(found: Exploration) -> Explored:
    levels = [one for one in found.levels if one]
    return Explored(
        distinct_states=sum(levels),
        transitions=found.transitions,
        initial_states=found.initial_states,
        depth=len(levels),
        complete=found.complete,
        largest_level=max(levels, default=0),
    )


def _bounds(spec: SpecFile, system: System) -> dict[str, Any]:
    bounds: dict[str, Any] = {**spec.constants, **spec.bounds}
    capacities = {one.capacity for one in system.links if not one.mask_size and not one.late}
    if capacities:
        bounds["messages on a link"] = max(capacities)
    return bounds


def _fired(system: System, counts: list[int]) -> dict[str, int]:
    fired = {one.name: 0 for one in system.budgets}
    for (number, _, _), i in counter_keys(system).items():
        budget = system.groups[number].budget
        if budget is not None:
            fired[budget.name] += counts[i]
    return fired


def _never_ran(system: System, counts: list[int]) -> list[str]:
    """Actions and handlers that no reached state enabled, by class."""
    ran: dict[str, int] = {}
    for definition in system.classes.values():
        for one in (*definition.actions, *definition.handlers.values()):
            ran.setdefault(one.qualified, 0)
    for (number, receiver, message), i in counter_keys(system).items():
        function = system.groups[number].function
        if receiver is not None and message is not None:
            function = system.handler(receiver, message)
        if function is not None:
            ran[function.qualified] += counts[i]
    return [name for name, count in ran.items() if count == 0]


def _one_sided(engine: Engine) -> list[str]:
    """Conditions of ifs that had only one outcome in all transitions; of those never met, their method says it."""
    covered = engine.covered()
    found = []
    for where, line in engine.branches:
        yes, no = (where, line, True) in covered, (where, line, False) in covered
        if yes != no:
            found.append(f"{where}, line {line}: `if` was {'always' if yes else 'never'} true")
    return found


def _explanation(docstring: str | None) -> str:
    """Its first paragraph, on one line, without the number that a guarantee has in a catalogue: ``(R1, R7)``."""
    text = " ".join((docstring or "").strip().partition("\n\n")[0].split())
    return re.sub(r" \([A-Z]\d+'?(, [\w' ]+)*\)(?=[.:])", "", text, count=1)


def _undecided(system: System, bit: int) -> PropertyResult:
    one = system.properties[bit]
    return PropertyResult(one.name, one.kind, PropertyVerdict.UNKNOWN, _explanation(one.function.python.__doc__))


def _property(
    system: System,
    reference: Reference | None,
    engine: Engine,
    found: Exploration,
    bit: int,
    witnesses: bool,
    incidents: dict[str, Incident],
) -> PropertyResult:
    one = system.properties[bit]
    text = _explanation(one.function.python.__doc__)
    finding = found.events.get(bit)
    if finding is None:
        verdict = PropertyVerdict.UNKNOWN
        if found.complete:
            verdict = PropertyVerdict.HOLDS if one.kind == "always" else PropertyVerdict.UNREACHED
        return PropertyResult(one.name, one.kind, verdict, text)
    verdict = PropertyVerdict.REACHED if one.kind == "sometimes" else PropertyVerdict.VIOLATED
    if reference is None or (one.kind == "sometimes" and not witnesses):
        return PropertyResult(one.name, one.kind, verdict, text, shortest=finding.level)
    incident = incident_of(engine, reference, finding)
    if one.kind == "sometimes":
        incident = _with_a_fault(engine, reference, finding, incident)
    path = tell(reference, incident.initial, incident.number, incident.steps)
    holds, reasons = reference.evaluate(one, incident.states[-1])
    if holds != (one.kind == "sometimes"):
        raise EnginesDisagree(f"the reference does not confirm {one.name} in the last state of the path")
    if one.kind == "always" and not reasons:
        reasons = (f"{text.rstrip('.')}: this is not so here",) if text else ()
    reasons = reasons if one.kind == "always" else ()
    if one.kind == "always":
        incidents[one.name] = incident
    return PropertyResult(one.name, one.kind, verdict, text, reasons, path, finding.level)


def _with_a_fault(engine: Engine, reference: Reference, finding: Finding, shortest: Incident) -> Incident:
    """The witness that is shown. That a goal can be reached where nothing goes wrong is the lesser half of what a
    reader wants to see: so it is the least shortest of those ways on which a fault happens before the goal is reached
    (and the goal not before the end), if the spec has faults that the checker counts, and such a way is found among the
    first states. Else it is a shortest path.
    """
    budgets = reference.system.budgets
    if shortest.faults or not budgets or any(one.limit is None for one in budgets):
        return shortest
    from checker.explain import Incident
    from checker.probe import Probe, nearest_with_a_fault

    found = nearest_with_a_fault(Probe(reference, engine, finding, 0), FAULTY_WITNESS_STATES_MAX)
    return shortest if found is None else Incident(replace(finding, level=len(found[2])), *found)


def _deadlock(
    reference: Reference | None, engine: Engine, found: Exploration, incidents: dict[str, Incident]
) -> PropertyResult:
    text = "From every state that is not final, something other than a fault can happen."
    if found.stuck is None:
        verdict = PropertyVerdict.HOLDS if found.complete else PropertyVerdict.UNKNOWN
        return PropertyResult("deadlock", "always", verdict, text)
    if reference is None:
        return PropertyResult("deadlock", "always", PropertyVerdict.VIOLATED, text, shortest=found.stuck.level)
    incidents["deadlock"] = incident = incident_of(engine, reference, found.stuck)
    path, state = tell(reference, incident.initial, incident.number, incident.steps), incident.states[-1]
    if not reference.stuck(state, reference.successors(state)):
        raise EnginesDisagree("the reference does not confirm the deadlock")
    reason = "nothing but a fault can happen any more, and this state is not declared final"
    for one in reference.system.properties:
        try:
            _ = one.kind == "final" and reference.evaluate(one, state)
        except ModelError as problem:
            reason = f"nothing but a fault can happen any more, and the predicate {one.name} fails: {problem}"
    return PropertyResult("deadlock", "always", PropertyVerdict.VIOLATED, text, (reason,), path, found.stuck.level)


def _problem(system: System, reference: Reference | None, engine: Engine, finding: Finding) -> tuple[str, Path | None]:
    """A step or predicate that went wrong: the sentence, and the path to the state before."""
    if reference is None:
        return f"a {'predicate' if finding.target is Target.EVENT else 'step'} went wrong", None
    incident = incident_of(engine, reference, finding)
    path, state = tell(reference, incident.initial, incident.number, incident.steps), incident.states[-1]
    if finding.target is Target.EVENT:
        for one in system.properties:
            try:
                reference.evaluate(one, state)
            except ModelError as problem:
                return f"the predicate {one.name} fails: {problem}", path
        raise EnginesDisagree("the reference does not confirm that a predicate fails")
    for one_step in reference.successors(state):
        if one_step.error:
            return one_step.error, path
    raise EnginesDisagree("the reference does not confirm the error of the model")


def _conclude(result: Result, system: System, found: Exploration, beside: frozenset[str]) -> None:
    asked = [one for one in result.properties if one.name not in beside]
    if any(one.verdict is PropertyVerdict.VIOLATED for one in asked):
        result.outcome = Outcome.VIOLATED
        return
    if not found.complete:
        result.outcome = Outcome.INCONCLUSIVE
        result.why.append(_why_stopped(found))
        return
    for one in asked:
        if one.verdict is PropertyVerdict.UNREACHED:
            result.why.append(f"{one.name} was never reached")
    for bit, one_property in enumerate(system.properties):
        if one_property.kind == "premise" and bit not in found.events and one_property.name not in beside:
            result.why.append(f"{one_property.name} was never put to the test: no state meets its conditions")
    for budget in system.budgets:
        if result.fired[budget.name] == 0:
            result.why.append(f"the fault {budget.name} never happened")
    if result.why:
        result.outcome = Outcome.VACUOUS


def _why_stopped(found: Exploration) -> str:
    reasons = {
        "memory": "the memory limit was reached",
        "states": "the limit on states was reached",
        "seconds": "the time limit was reached",
        "interrupt": "the run was interrupted",
    }
    levels = len([one for one in found.levels if one])
    return f"{reasons[found.stopped]}; no violation in the first {levels} level{'s' if levels != 1 else ''}"


# --- Paths ----------------------------------------------------------------------------------------------------------


def incident_of(engine: Engine, reference: Reference, finding: Finding) -> Incident:
    from checker.explain import Incident

    initial, number, steps = least_path(engine, reference, finding)
    return Incident(finding, initial, number, steps)


def replay(spec: SpecFile, code: str, *, built: Built | None = None) -> tuple[Path, list[str]]:
    """The path that a replay code means, run by the reference semantics, and what its last state violates, in
    sentences. Raises ``SourceError`` for a wrong code.
    """
    reference = Reference((built or build(spec)).system)
    first, steps = follow(reference, code)
    path = tell(reference, first, int(code.split("/")[0]), steps)
    last = steps[-1][1].state if steps else first
    assert last is not None
    return path, _broken(reference, last)


def follow(reference: Reference, code: str) -> tuple[State, list[tuple[int, Transition]]]:
    """The initial state of a replay code, and each step with its number. Raises ``SourceError`` for a wrong code."""
    numbers = [int(one) if one.isdecimal() and len(one) < 10 else -1 for one in code.split("/")]
    initial = reference.initial()
    if not 0 <= numbers[0] < len(initial):
        raise fail("replay", f"the replay code has no initial state {code.split('/')[0]}", help="copy the whole code")
    state = initial[numbers[0]]
    steps: list[tuple[int, Transition]] = []
    for position, number in enumerate(numbers[1:], 1):
        found = reference.successors(state)
        if not 0 <= number < len(found):
            asked = code.split("/")[position]
            text = f"step {position} of the replay code is {asked}, and there are {len(found)} steps here"
            raise fail("replay", text, help="the code belongs to another spec, version or settings")
        steps.append((number, found[number]))
        following = found[number].state
        if following is None:
            raise fail("replay", f"step {position} is an error of the model: {found[number].error}")
        state = following
    return initial[numbers[0]], steps


def _broken(reference: Reference, state: State) -> list[str]:
    found = []
    for one in reference.system.properties:
        if one.kind != "always":
            continue
        try:
            holds, reasons = reference.evaluate(one, state)
        except ModelError as problem:
            holds, reasons = False, (str(problem),)
        if not holds:
            found.append("\n  - ".join((f"{one.name} is violated", *reasons)))
    if reference.system.report_deadlock and reference.stuck(state, reference.successors(state)):
        found.append("deadlock: nothing but a fault can happen any more, and this state is not declared final")
    return found


__all__ = ["BROKEN_PREDICATE", "EnginesDisagree", "Layout", "Progress", "incident_of", "judge", "replay", "run"]
