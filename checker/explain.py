"""Why a guarantee is broken: the step that decided it, the step after which it was lost, the fewest faults that do it.

A path is a sequence of states s0 .. sn, the last of them violating. Its steps are of two kinds: F, the faults, and N,
everything else. F has the faults of the checker's budgets and those that actors play themselves (``lang.Counts``).
Restarting, waking up and the late arrival of a delayed message are N: budgets bound the faults, never the recovery. All
terms below are about what N-steps alone can still lead to, on the state graph itself, exactly.

- *At risk*: s is at risk if some N-path from s reaches a violation (for ``deadlock``: a stuck state that is not final).
- ``pivot``: the last step i with s(i-1) not at risk, and sj at risk for all j >= i. Before it the guarantee would have
  been kept, whatever happened next, if only no further fault had; from it on that is not so. N-steps carry risk
  backwards, so the pivot is a fault. There is none if the initial state is at risk, and so is all of the path.
- ``no_return``: the first step i from which on (for all j >= i) no state that is *safe for good* is N-reachable from
  sj. Safe for good is a state that is not at risk. What lies behind a violating state does not count: a guarantee that
  was broken is not mended. Before this step a continuation without further faults could still keep the guarantee for
  good; after it each one either breaks it or goes in circles for ever on its way there. 0: it is so from the start.
- ``fewest_faults``: of all violating states within the spec's budgets, those with the least number of faults, of them
  the nearest, of their shortest paths the canonically least. Of faults that actors play only "none" and "as many as
  they play" are told apart; one that is played in a restart says of what kind the crash before it was (the power went
  out, and the end of the log with it) and is not counted beside it. The path that is shown is a shortest one of all,
  so it is this path if no path with fewer faults exists.
- ``matters``: the steps that a short story tells: those in the thin slice (``checker.flows``) of the fields in sn that
  are a cause of the violation, which are those but for which, with the value of s0 in their place, the predicate would
  hold (all that it reads, if no single one is); every fault; every step that takes a message which a fault repeated or
  delayed; of a crash or pause the recovery, and what the actor does first after it; every step that sends or takes an
  answer with an error, and that sends what is lost, repeated or delayed; after the first fault, every step that sends
  what a told step takes; the pivot, ``no_return``, and the last step; whatever the ledger tells of a record
  (``told``) or a model remarks (``pointed``), and of a remarked step those that wrote last what it read. Before the
  first fault, or remark, only evidence is told, not what merely flows: until then all is well. The rest is as it always
  goes. It is needed all the same: on a shortest path no step can be left out.

Sources. Jin, Ravi and Somenzi (Fate and Free Will in Error Traces, TACAS 2002) divide an error trace into segments in
which the environment can force the error and those in which the system could still avoid it; here the two sides are
faults and steps, and the question is reachability rather than a game: N-steps are nobody's move. That a fault is named
because without it the violation would not have come is the but-for test of Halpern and Pearl (Causes and Explanations,
2005). Beer, Ben-David, Chockler, Orni and Trefler (Explaining Counterexamples Using Causality, CAV 2009) brought it to
counterexamples; there it is asked of values on one trace, here of steps on all continuations, and of values only in
the last state.

Slices are Weiser's (1981); why a thin one, and of what: ``checker.flows``.

Nothing of this changes a verdict. What is too large to compute is left out and said so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from checker.build import Built
from checker.flows import Event, Place, Story
from checker.probe import Graph, Patience, Probe, Searching, Unknown, Vector, first_level
from checker.reference import ModelError, Reference, State, Transition
from checker.search import Engine, EnginesDisagree, Finding, Target
from checker.verdict import Diagnosis, Path

Steps = list[tuple[int, Transition]]
Tell = Callable[[State, int, Steps], Path]

# States for one question, and of a graph that Python keeps, by how many were explored until the violation. A small
# system may have been explored by the reference, which is slow; whether it was must not show in the answer. A run that
# only prints its answer waits half a second for an explanation; a report, or whoever asks why, gets what there is.
SMALL_STATES = 600
BRIEF_SMALL, BRIEF = (1_000, 500), (100_000, 10_000)
FULL_SMALL, FULL = (5_000, 3_000), (2_000_000, 50_000)
SECONDS = 20.0


def patience_for(explored: int, *, full: bool) -> Patience:
    small = explored <= SMALL_STATES
    return Patience(*((FULL_SMALL if small else FULL) if full else (BRIEF_SMALL if small else BRIEF)), SECONDS)


@dataclass(frozen=True)
class Incident:
    """A path to a violation, as the search found it."""

    finding: Finding
    initial: State
    number: int  # of the initial state
    steps: Steps

    @property
    def states(self) -> list[State]:
        found = [self.initial]
        for _, one in self.steps:
            assert one.state is not None
            found.append(one.state)
        return found

    @property
    def faults(self) -> list[int]:
        """The numbers of the steps that are faults."""
        return [i for i, (_, one) in enumerate(self.steps, 1) if one.fault]


def diagnose(
    built: Built,
    reference: Reference,
    engine: Engine,
    incident: Incident,
    tell: Tell,
    patience: Patience,
    told: Iterable[int] = (),
    pointed: Iterable[int] = (),
) -> Diagnosis:
    """What can be said about a path. ``tell`` puts another path into words; ``told`` are steps that matter anyway, and
    ``pointed`` those that the model points at."""
    probe = Probe(reference, engine, incident.finding, len(incident.faults))
    found = Diagnosis()
    missing: list[str] = []
    try:
        pivot = pivotal_step(probe, incident, patience)
        found = replace(found, pivot=pivot)
        try:
            found = replace(found, no_return=point_of_no_return(probe, incident, pivot, patience))
        except Unknown as why:
            missing.append(f"Which step was the point of no return: {why}.")
    except Unknown as why:
        missing.append(f"Which step decided it, and which was the point of no return: {why}.")
    try:
        faults, path = fewest_faults(probe, incident, tell, patience)
        found = replace(found, fewest_faults=faults, fewest_path=path)
    except Unknown as why:
        missing.append(f"Whether fewer faults would do: {why}.")
    matters = steps_that_matter(built, reference, incident, found, told, pointed)
    return replace(found, matters=matters, not_computed=tuple(missing))


# --- The steps that decide --------------------------------------------------------------------------------------------


def is_at_risk(probe: Probe, state: State, goal: Finding, patience: Patience) -> bool:
    """Whether a violation can follow without further faults."""
    engine = probe.search([probe.without_faults(state)])
    try:
        return first_level(engine, goal, patience) is not None
    finally:
        engine.close()


def pivotal_step(probe: Probe, incident: Incident, patience: Patience) -> int | None:
    """Only the states before faults have to be asked: N-steps carry risk backwards, and the last state violates."""
    states = incident.states
    for i in reversed(incident.faults):
        if not is_at_risk(probe, states[i - 1], incident.finding, patience):
            return i
    return None


def point_of_no_return(probe: Probe, incident: Incident, pivot: int | None, patience: Patience) -> int:
    """From the end of the path backwards; the state before the pivot is safe, so the pivot is the earliest answer."""
    first = pivot or 0
    states = incident.states
    roots = [first, *(i for i in incident.faults if i > first)]
    graph = Graph(probe, [probe.without_faults(states[i]) for i in roots], patience)
    risky = graph.leading_to(graph.goals)
    hopeful = graph.leading_to([one for one in graph.before if one not in risky])
    for i in reversed(range(first, len(states))):
        if graph.key(probe.without_faults(states[i])) in hopeful:
            return i + 1
    return first


# --- The steps that matter --------------------------------------------------------------------------------------------


def steps_that_matter(
    built: Built,
    reference: Reference,
    incident: Incident,
    found: Diagnosis,
    told: Iterable[int],
    pointed: Iterable[int],
) -> tuple[int, ...]:
    if not incident.steps:
        return ()
    story = Story(built, reference, incident.initial, incident.steps)
    kept = {len(incident.steps), *incident.faults, *told, *pointed}
    flowing: set[int] = set()
    for number in pointed:
        flowing |= story.read_from(story.events[number - 1])
    if incident.finding.target is Target.EVENT:
        flowing |= story.thin_slice(_causes(reference, story, incident))
    trouble = min([*incident.faults, *pointed], default=0)
    kept |= {one for one in flowing if one >= trouble}
    kept |= {one for one in (found.pivot, found.no_return) if one}
    for one in story.events:
        kind = one.step.group.kind
        if one.received is not None and not one.step.group.fault and one.received.touched_before(one.number):
            kept.add(one.number)
        if kind in ("crash", "pause"):
            kept |= set(_recovery(story, one))
        kept |= {mail.sent_by for mail in one.lost}
        if one.received is not None and (one.step.group.fault or _refuses(one.received.message)):
            kept |= {one.number, one.received.sent_by}
        if any(_refuses(mail.message) for mail in one.sent):
            kept.add(one.number)
    first = min(incident.faults, default=len(story.events))
    for one in reversed(story.events[first:]):
        if one.number in kept and one.received is not None and one.received.sent_by > first:
            kept.add(one.received.sent_by)
    return tuple(sorted(kept))


def _refuses(message: object) -> bool:
    """Whether an answer has an error: in all models a field `error`, whose NONE means that all is well."""
    error = getattr(message, "error", None)
    return isinstance(error, Enum) and error.name != "NONE"


def _causes(reference: Reference, story: Story, incident: Incident) -> set[Place]:
    """The fields that the predicate reads and but for whose values it would hold in the last state."""
    broken = reference.system.properties[incident.finding.bit]
    read = story.read_by(broken)
    first, last = incident.initial, incident.states[-1]
    found: set[Place] = set()
    for place in read:
        start, end, _ = reference.layout.fields[place[1]][place[2]]
        other = (*last[:start], *first[start:end], *last[end:])
        try:
            if other != last and reference.evaluate(broken, other)[0]:
                found.add(place)
        except ModelError:
            continue  # The fields no longer fit together, which says nothing.
    return found or read


def _recovery(story: Story, stopped: Event) -> Iterator[int]:
    """The actor's next step, which is its restart or its waking up, and the one after it."""
    later = [one for one in story.events[stopped.number :] if one.actor == stopped.actor and _is_own(one)]
    for one in later[:2]:
        if one.step.group.kind in ("crash", "pause"):
            return
        yield one.number


def _is_own(one: Event) -> bool:
    """Whether its actor did it; what befalls a message is told of the receiver."""
    return one.step.group.kind in ("action", "deliver", "restart", "resume", "crash", "pause")


# --- Fewest faults ----------------------------------------------------------------------------------------------------


class _WithFewer:
    """An engine that searched with several small numbers of faults at once, to the walk of ``least_path``, which goes
    through states of the original system.

    A state with u faults behind it is on a path to the goal with v faults altogether if the same state with v - u left
    is marked. Which v does not matter: each is a way on from here with no more faults than are allowed. So the path is
    the least in the numbering of the original system, and its code is replayed there as any other.
    """

    def __init__(self, probe: Probe, engine: Searching, allowed: Sequence[Vector], *, calm: bool) -> None:
        self.probe, self.engine, self.allowed, self.calm = probe, engine, allowed, calm
        self.mark = engine.mark

    def marked(self, level: int, state: State, used: Vector) -> bool:
        for one in self.allowed:
            left = tuple(all_ - behind for all_, behind in zip(one, used, strict=True))
            if min(left, default=0) >= 0:
                fewer = self.probe.with_left(state, left, calm=self.calm)
                if self.engine.marked(level, fewer):
                    return True
        return False


def fewest_faults(
    probe: Probe, incident: Incident, tell: Tell, patience: Patience
) -> tuple[dict[str, int], Path | None]:
    """Allow none, one, two ... faults in all, in every combination at once, until a violation comes within reach.

    Where the actors play faults too, first without any of those, then with as many as they play.
    """
    played = [one for _, one in incident.steps if one.played] if probe.calm is not None else []
    given = len(incident.faults) - len(played)
    best: Steps | None = None
    for calm in (True, False) if played else (True,):
        for total in range(_faults(incident.steps) if calm else given):
            found = _with_faults(probe, incident.finding, total, patience, calm=calm)
            if found is not None:
                if best is None or _faults(found[2]) < _faults(best):
                    best, start = found[2], found[:2]
                break
    if best is None or _faults(best) >= _faults(incident.steps):
        return named(incident.steps), None
    return named(best), tell(*start, best)


def _with_faults(
    probe: Probe, goal: Finding, total: int, patience: Patience, *, calm: bool
) -> tuple[State, int, Steps] | None:
    """The least shortest path with so many faults of the budgets altogether."""
    allowed = list(probe.vectors(total))
    initial = probe.original.initial()
    engine = probe.search([probe.with_left(one, left, calm=calm) for one in initial for left in allowed])
    try:
        level = first_level(engine, goal, patience)
        if level is None:
            return None
        return _walk(probe, _WithFewer(probe, engine, allowed, calm=calm), replace(goal, level=level))
    finally:
        engine.close()


def _faults(steps: Steps) -> int:
    """What an actor plays when it starts again is the kind of its crash, no fault by itself."""
    return sum(one.fault and not (one.played and one.group.kind == "restart") for _, one in steps)


def named(steps: Steps) -> dict[str, int]:
    """How often each budget was drawn on, and each fault played, those too that are the kind of a crash."""
    found: dict[str, int] = {}
    for _, one in steps:
        name = one.played if one.group.budget is None else one.group.budget.name
        if name:
            found[name] = found.get(name, 0) + 1
    return found


def _walk(probe: Probe, marks: _WithFewer, goal: Finding) -> tuple[State, int, Steps]:
    """``least_path`` where the engine's states are not the path's."""
    reference, budgets = probe.original, probe.original.system.budgets
    marks.mark(goal.level, goal.target, goal.bit)
    used: Vector = (0,) * len(budgets)
    start = next(((i, one) for i, one in enumerate(reference.initial()) if marks.marked(0, one, used)), None)
    if start is None:
        raise EnginesDisagree("no initial state leads to what was found with fewer faults")
    state, steps = start[1], []
    for level in range(1, goal.level + 1):
        for i, one in enumerate(reference.successors(state)):
            paid = one.group.budget
            after = tuple(count + (each is paid) for count, each in zip(used, budgets, strict=True))
            if one.state is not None and marks.marked(level, one.state, after):
                steps.append((i, one))
                state, used = one.state, after
                break
        else:
            raise EnginesDisagree(f"step {level} towards what was found with fewer faults does not exist")
    if goal.target is Target.EVENT:
        confirmed = not reference.evaluate(reference.system.properties[goal.bit], state)[0]
    else:
        confirmed = reference.stuck(state, reference.successors(state))
    if not confirmed:
        raise EnginesDisagree("the reference does not confirm the violation with fewer faults")
    return start[1], start[0], steps


__all__ = ["Incident", "diagnose"]
