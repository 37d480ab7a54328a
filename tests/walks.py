"""Breadth-first searches in a few lines each, by the reference alone: what the explanations are compared with."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from checker.build import build
from checker.reference import Reference, State
from checker.search import Finding, Target
from checker.spec import load
from checker.system import System
from checker.verdict import Path as Story

Vector = tuple[int, ...]


class TooLarge(Exception):
    """Python does not get to the end of this in reasonable time."""


class Walks:
    """One spec, by the reference semantics."""

    def __init__(self, path: str, *overrides: str) -> None:
        self.built = build(load(path, overrides))
        self.system: System = self.built.system
        self.reference = Reference(self.system)
        self.budgets = [self.reference.layout.budgets.get(one.number) for one in self.system.budgets]

    def states_of(self, path: Story) -> list[State]:
        """Every state of a path, from its replay code."""
        first, *steps = map(int, path.replay.split("/"))
        states = [self.reference.initial()[first]]
        for number in steps:
            following = self.reference.successors(states[-1])[number].state
            assert following is not None
            states.append(following)
        return states

    def finding(self, name: str) -> Finding:
        bits = [bit for bit, one in enumerate(self.system.properties) if one.name == name]
        return Finding(0, Target.EVENT, bits[0]) if bits else Finding(0, Target.STUCK)

    def is_violated(self, name: str, state: State) -> bool:
        goal = self.finding(name)
        if goal.target is Target.STUCK:
            return self.reference.stuck(state, self.reference.successors(state))
        one = self.system.properties[goal.bit]
        return self.reference.evaluate(one, state)[0] == (one.kind == "sometimes")

    def paid(self, state: State) -> Vector:
        """How often each fault has happened; every budget must be finite."""
        return tuple(state[at] for at in self.budgets if at is not None)

    def with_left(self, state: State, left: Vector, *, calm: bool = False) -> State:
        """So many faults of each budget are left, and (``calm``) none that an actor plays itself."""
        changed = list(state)
        if calm and self.reference.layout.calm is not None:
            changed[self.reference.layout.calm] = 1
        for at, one, n in zip(self.budgets, self.system.budgets, left, strict=True):
            if at is not None:
                assert one.limit is not None
                changed[at] = one.limit - n
        return tuple(changed)

    def without_faults(self, state: State, name: str) -> State:
        """A deadlock is one if no timeout helps: what the actors play themselves is left to them."""
        return self.with_left(state, (0,) * len(self.budgets), calm=self.finding(name).target is Target.EVENT)

    def calm(self, state: State, name: str) -> list[State]:
        """What follows without a fault."""
        played = self.finding(name).target is Target.EVENT
        found = self.reference.successors(state)
        return [
            one.state
            for one in found
            if one.state is not None and not one.group.fault and not (played and one.played)
        ]

    def any_step(self, state: State) -> list[State]:
        return [one.state for one in self.reference.successors(state) if one.state is not None]

    def levels(
        self, states: list[State], following: Callable[[State], list[State]], states_max: int
    ) -> Iterator[list[State]]:
        known = set(states)
        level = list(dict.fromkeys(states))
        while level:
            yield level
            after = dict.fromkeys(one for state in level for one in following(state))
            level = [one for one in after if one not in known]
            known.update(level)
            if len(known) > states_max:
                raise TooLarge

    def boxes(self) -> list[Vector]:
        """Every way to allow at most what the spec allows."""
        return list(itertools.product(*(range((one.limit or 0) + 1) for one in self.system.budgets)))
