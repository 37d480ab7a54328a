"""The whole state graph of a spec as a networkx graph, in the model's own words, by the reference semantics.

For ``export``: people draw and query it, so it is small; ``states_max`` stops the exploration, not only the output.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import networkx

from checker.build import build
from checker.checking import narrate
from checker.reference import ModelError, Reference, State
from checker.spec import SpecFile
from checker.verdict import PathStep


def state_graph(spec: SpecFile, too_many: Callable[[int], None]) -> Any:
    """A ``networkx.MultiDiGraph``, nodes numbered breadth-first. ``too_many(count)`` raises at the limit."""
    reference = Reference(build(spec).system)
    graph = networkx.MultiDiGraph()
    numbers: dict[State, int] = {}
    queue: deque[State] = deque()

    def number_of(state: State, *, initial: bool) -> int:
        if state not in numbers:
            numbers[state] = len(numbers)
            too_many(len(numbers))
            queue.append(state)
            graph.add_node(numbers[state], initial=initial, **_node(reference, state))
        return numbers[state]

    for state in reference.initial():
        number_of(state, initial=True)
    while queue:
        state = queue.popleft()
        for index, step in enumerate(reference.successors(state)):
            if step.state is None:
                graph.nodes[numbers[state]]["violates"] += (f"the model: {step.error}",)
                continue
            target = number_of(step.state, initial=False)
            told = narrate(reference, state, 0, [(index, step)]).steps[0]
            graph.add_edge(numbers[state], target, **_edge(told))
    return graph


def _node(reference: Reference, state: State) -> dict[str, Any]:
    fields = {
        f"{actor}.{name}": text
        for actor, values in narrate(reference, state, 0, []).states[0].items()
        for name, text in values.items()
    }
    label = "\n".join(f"{name} = {text}" for name, text in fields.items())
    return {"label": label, "fields": fields, "violates": _violated(reference, state)}


def _violated(reference: Reference, state: State) -> tuple[str, ...]:
    found: list[str] = []
    for one in reference.system.properties:
        try:
            if one.kind == "always" and not reference.evaluate(one, state)[0]:
                found.append(one.name)
        except ModelError as error:
            found.append(f"{one.name}: {error}")
    return tuple(found)


def _edge(step: PathStep) -> dict[str, Any]:
    about = f" {step.received}" if step.received is not None else ""
    label = f"{step.actor}.{step.action}{about}"
    return {"actor": step.actor, "action": step.action, "fault": step.fault, "label": label}
