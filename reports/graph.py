"""The state graph as text for other programs: DOT to draw, GraphML for graph tools, JSON for scripts.

Takes a networkx directed (multi)graph whose nodes carry ``label``, ``initial``, ``violates`` and ``fields``, and whose
edges carry ``actor``, ``action``, ``fault`` and ``label``. Knows nothing of how it was found.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from reports import words
from reports.diagram import quoted

FORMATS = ("dot", "graphml", "json")
STATES_MAX: Mapping[str, int] = {"dot": 2_000, "graphml": 200_000, "json": 200_000}
_LABEL_WIDTH = 44


class GraphTooLargeError(Exception):
    """The state graph has more states than the format is good for; the text says what to do."""


class StateGraph(Protocol):
    """The part of networkx.MultiDiGraph that is read here."""

    def nodes(self, data: bool) -> Any: ...
    def edges(self, data: bool) -> Any: ...
    def number_of_nodes(self) -> int: ...


def export(format: str, graph: StateGraph, title: str = "", states_max: int | None = None) -> str:
    """The whole graph in one of ``FORMATS``. Nodes are named s0, s1 ... in the graph's own order."""
    limit = STATES_MAX[format] if states_max is None else states_max
    check_size(format, graph.number_of_nodes(), limit)
    match format:
        case "dot":
            return _dot(graph, title)
        case "graphml":
            return _graphml(graph)
        case _:
            return _json(graph, title)


def check_size(format: str, states: int, states_max: int) -> None:
    """Raises GraphTooLargeError with a sentence that helps; also for callers that stop exploring at the limit."""
    if states <= states_max:
        return
    why = "nobody can read a larger drawing" if format == "dot" else "most programs choke on a larger file"
    instead = "" if format == "json" else ", or export json"
    raise GraphTooLargeError(
        f"the state graph has more than {states_max:,} states; {format} export stops there because {why}. "
        f"Ask a smaller question (smaller constants, fewer faults), raise the limit (--states){instead}"
    )


def _names(graph: StateGraph) -> dict[Any, str]:
    return {node: f"s{number}" for number, (node, _) in enumerate(graph.nodes(data=True))}


def _edges(graph: StateGraph) -> Iterator[tuple[str, str, dict[str, Any]]]:
    names = _names(graph)
    for source, target, data in graph.edges(data=True):
        yield names[source], names[target], data


def _fields(data: Mapping[str, Any]) -> dict[str, str]:
    return {words.clean(name): words.clean(text) for name, text in data.get("fields", {}).items()}


def _violates(data: Mapping[str, Any]) -> list[str]:
    return [words.clean(name) for name in data.get("violates", ())]


# --- DOT ------------------------------------------------------------------------------------------------------------


def _dot(graph: StateGraph, title: str) -> str:
    names = _names(graph)
    lines = [
        "digraph states {",
        f"  graph [label={quoted(words.clean(title))}, labelloc=t, fontname=Helvetica, fontsize=14];",
        '  node [shape=box, style="filled,rounded", fillcolor="#f2f6fa", color="#6b86a8"];',
        "  node [fontname=Courier, fontsize=10];",
        '  edge [fontname=Courier, fontsize=9, color="#334e68"];',
    ]
    for node, data in graph.nodes(data=True):
        violates = _violates(data)
        texts = [f"{name} = {text}" for name, text in _fields(data).items()] or [words.clean(data.get("label", ""))]
        texts += [f"VIOLATES {name}" for name in violates]
        label = "".join(quoted(words.shorten(text, _LABEL_WIDTH))[1:-1] + "\\l" for text in texts)
        style = ', penwidth=2, color="#1b6e3c"' if data.get("initial") else ""
        style = ', penwidth=2, color="#b3261e", fillcolor="#fdecea"' if violates else style
        lines.append(f'  {names[node]} [label="{label}"{style}];')
    for source, target, data in _edges(graph):
        style = ', color="#b3261e", fontcolor="#b3261e", style=dashed' if data.get("fault") else ""
        label = quoted(words.shorten(words.clean(data.get("label", "")), _LABEL_WIDTH))
        lines.append(f"  {source} -> {target} [label={label}{style}];")
    return "\n".join([*lines, "}", ""])


# --- GraphML --------------------------------------------------------------------------------------------------------


def _graphml(graph: StateGraph) -> str:
    """GraphML attributes are scalars: each field of each actor is an attribute of its own."""
    import networkx

    flat = networkx.MultiDiGraph()
    names = _names(graph)
    for node, data in graph.nodes(data=True):
        flat.add_node(
            names[node],
            label=words.clean(data.get("label", "")),
            initial=bool(data.get("initial", False)),
            violates=", ".join(_violates(data)),
            **{f"field {key}": text for key, text in _fields(data).items()},
        )
    for source, target, data in _edges(graph):
        flat.add_edge(source, target, fault=bool(data.get("fault", False)), **_edge_texts(data))
    return "\n".join(networkx.generate_graphml(flat)) + "\n"


def _edge_texts(data: Mapping[str, Any]) -> dict[str, str]:
    return {key: words.clean(data.get(key, "")) for key in ("actor", "action", "label")}


# --- JSON -----------------------------------------------------------------------------------------------------------


def _json(graph: StateGraph, title: str) -> str:
    names = _names(graph)
    document = {
        "format": 1,
        "title": title,
        "states": [
            {
                "id": names[node],
                "label": data.get("label", ""),
                "initial": bool(data.get("initial", False)),
                "violates": list(data.get("violates", ())),
                "fields": dict(data.get("fields", {})),
            }
            for node, data in graph.nodes(data=True)
        ],
        "transitions": [
            {
                "from": source,
                "to": target,
                "actor": data.get("actor", ""),
                "action": data.get("action", ""),
                "fault": bool(data.get("fault", False)),
                "label": data.get("label", ""),
            }
            for source, target, data in _edges(graph)
        ],
    }
    return json.dumps(document, indent=1) + "\n"
