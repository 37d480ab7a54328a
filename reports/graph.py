"""The state graph as text for other programs: DOT and SVG to look at, GraphML for graph tools, JSON for scripts.

Takes a networkx directed (multi)graph as ``checker.state_graph`` describes it; of the attributes of nodes and edges
only ``label`` is needed. Knows nothing of how it was found.

In a drawing, the highlighted path is red (a counterexample) or green, with the numbers of its steps; fields that are
the same in all of it stand under the title; parallel edges are one arrow.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from reports import words
from reports.diagram import quoted, svg

FORMATS = ("dot", "svg", "graphml", "json")
STATES_MAX: Mapping[str, int] = {"dot": 2_000, "svg": 2_000, "graphml": 200_000, "json": 200_000}
NODES_DRAWN = 30  # of a grouped drawing, if nobody says how many
_LABEL_WIDTH = 60
_LABELS_MAX = 3  # steps on one arrow
_SAME_MAX = 200  # characters about fields that are the same everywhere
_CHANGES_MAX = 4  # of one step
_STRUCT = re.compile(r"\w+(?P<fields>\(.*\))", re.DOTALL)
_RED, _GREEN, _GREY = "#b3261e", "#1b6e3c", "#9aa5b1"


class GraphTooLargeError(Exception):
    """The state graph has more states than the format is good for; the text says what to do."""


class StateGraph(Protocol):
    """The part of networkx.MultiDiGraph that is read here."""

    @property
    def graph(self) -> dict[str, Any]: ...
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
        case "svg":
            return svg(_dot(graph, title))
        case "graphml":
            return _graphml(graph)
        case _:
            return _json(graph, title)


def check_size(format: str, states: int, states_max: int) -> None:
    """Raises GraphTooLargeError with a sentence that helps; also for callers that stop exploring at the limit."""
    if states <= states_max:
        return
    why = "nobody can read a larger drawing" if format in ("dot", "svg") else "most programs choke on a larger file"
    instead = "" if format == "json" else ", or export json"
    raise GraphTooLargeError(
        f"the state graph has more than {states_max:,} states; {format} export stops there because {why}. "
        f"Show what matters (--group-by actor.field, --nodes 30), ask a smaller question (smaller constants, "
        f"fewer faults), raise the limit (--states){instead}"
    )


def _names(graph: StateGraph) -> dict[Any, str]:
    return {node: f"s{number}" for number, (node, _) in enumerate(graph.nodes(data=True))}


def _edges(graph: StateGraph) -> Iterator[tuple[str, str, dict[str, Any]]]:
    names = _names(graph)
    for source, target, data in graph.edges(data=True):
        yield names[source], names[target], data


def _fields(data: Mapping[str, Any]) -> dict[str, str]:
    return {words.clean(name): words.clean(text) for name, text in data.get("fields", {}).items()}


def _cleaned(data: Mapping[str, Any], key: str) -> list[str]:
    return [words.clean(name) for name in data.get(key, ())]


def steps(numbers: Sequence[int]) -> str:
    """``2, 5-7``: the numbers of a path's steps, runs of them shortened."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


# --- DOT ------------------------------------------------------------------------------------------------------------


def _dot(graph: StateGraph, title: str) -> str:
    names = _names(graph)
    nodes = dict(graph.nodes(data=True))
    same = _always_the_same(nodes)
    good = not str(graph.graph.get("path", "")).startswith("counterexample")
    # Without empty lines: on one at the end of a title Graphviz (in WebAssembly) goes wrong.
    lines_of_title = [line for line in (words.clean(title), *_caption(graph, same)) if line.strip()]
    caption = "\\n".join(quoted(line)[1:-1] for line in lines_of_title)
    lines = [
        "digraph states {",
        f'  graph [label="{caption}", labelloc=t, fontname=Helvetica, fontsize=14];',
        '  node [shape=box, style="filled,rounded", fillcolor="#f2f6fa", color="#6b86a8"];',
        "  node [fontname=Courier, fontsize=10];",
        '  edge [fontname=Courier, fontsize=9, color="#334e68"];',
    ]
    for node, data in nodes.items():
        label = "".join(quoted(text)[1:-1] + "\\l" for text in _node_lines(data, graph, same))
        lines.append(f'  {names[node]} [label="{label}"{_node_style(data, good)}];')
    lines += [f"  {names[source]} -> {names[target]} {look};" for source, target, look in _arrows(graph, good)]
    return "\n".join([*lines, "}", ""])


def _always_the_same(nodes: Mapping[Any, Mapping[str, Any]]) -> dict[str, str]:
    """Fields with one value in the whole drawing."""
    shown = [_parts(data) for data in nodes.values() if not data.get("rest")]
    if len(shown) < 2:
        return {}
    return {name: text for name, text in shown[0].items() if all(one.get(name) == text for one in shown)}


def _parts(data: Mapping[str, Any]) -> dict[str, str]:
    """The fields of a node, with maps and structs taken apart: ``state_log[0].epoch``, not a struct of twelve."""
    return dict(pair for name, text in _fields(data).items() for pair in _taken_apart(name, text))


def _taken_apart(name: str, text: str) -> Iterator[tuple[str, str]]:
    struct = _STRUCT.fullmatch(text)
    sign, form = ("=", "{}.{}") if struct else (": ", "{}[{}]")
    items = words.items(struct["fields"]) if struct else words.items(text) if text.startswith("{") else []
    entries = [one.partition(sign) for one in items]
    if not entries or not all(found for _, found, _ in entries):
        yield name, text
        return
    for key, _, value in entries:
        yield from _taken_apart(form.format(name, key), value)


def _caption(graph: StateGraph, same: Mapping[str, str]) -> list[str]:
    facts = graph.graph
    lines = []
    if facts.get("group_by"):
        lines.append(f"one node for all states that agree in {', '.join(map(words.clean, facts['group_by']))}")
    if "states" in facts:
        lines.append(f"{words.count(facts['states'], 'state')} explored" + ("" if facts["complete"] else ", not all"))
    if facts.get("cut"):
        lines[-1] += f": {words.clean(facts['cut']).partition(':')[0]}"
    if facts.get("path"):
        lines.append(f"the numbered path is a {words.clean(facts['path'])}")
    if same:
        every = "; ".join(f"{name} = {text}" for name, text in same.items())
        left_out = f"left out, because the same in all of them: {words.count(len(same), 'part')} of the state"
        lines += words.wrap(f"the same in all of them: {every}" if len(every) < _SAME_MAX else left_out, 120)
    return lines


def _node_lines(data: Mapping[str, Any], graph: StateGraph, same: Mapping[str, str]) -> list[str]:
    if data.get("rest"):
        texts = [words.clean(data["label"])]
    else:
        fields = {name: text for name, text in _parts(data).items() if name not in same}
        named = len(graph.graph.get("group_by", ())) != 1 or len(fields) > 1
        texts = [f"{name} = {text}" if named else text for name, text in fields.items()]
        if not data.get("fields"):
            texts = [words.clean(data.get("label", ""))]
        if graph.graph.get("group_by"):
            texts.append(words.count(data["states"], "state") if data.get("states") else "not explored")
    texts += ["start"] if data.get("initial") else []
    numbers = [number for number in data.get("path", ()) if number]
    texts += [f"after step{'s' * (len(numbers) > 1)} {steps(numbers)}"] if numbers else []
    notes = [f"end of the {name}" for name in _cleaned(data, "ends")]
    notes += [f"VIOLATES {name}" for name in _cleaned(data, "violates")]
    lines = [words.shorten(text, _LABEL_WIDTH) for text in texts]
    return [*lines, *(line for note in notes for line in words.wrap(words.shorten(note, 120), _LABEL_WIDTH))] or [""]


def _node_style(data: Mapping[str, Any], good: bool) -> str:
    if data.get("rest"):
        return f', style="filled,dashed", fillcolor=white, color="{_GREY}"'
    color = _GREEN if good else _RED
    style = ', penwidth=2, color="#1b6e3c"' if data.get("initial") else ""
    style = f', penwidth=2.5, color="{color}"' if data.get("path") else style
    style = f', penwidth=2.5, color="{_GREEN}", fillcolor="#e8f5ec"' if data.get("ends") and good else style
    return f', penwidth=2, color="{_RED}", fillcolor="#fdecea"' if data.get("violates") else style


def _arrows(graph: StateGraph, good: bool) -> Iterator[tuple[Any, Any, str]]:
    """One arrow for all edges between two nodes, apart for faults and for steps of the path."""
    nodes = dict(graph.nodes(data=True))
    merged: dict[tuple[Any, Any, bool, bool], list[Mapping[str, Any]]] = {}
    for source, target, data in graph.edges(data=True):
        key = (source, target, bool(data.get("fault")), bool(data.get("path")))
        merged.setdefault(key, []).append(data)
    for (source, target, fault, on_path), every in merged.items():
        if (nodes[source].get("rest") or nodes[target].get("rest")) and not on_path:
            yield source, target, f'[color="{_GREY}", style=dotted]'
            continue
        shown = every if len(every) <= _LABELS_MAX else every[: _LABELS_MAX - 1]
        labels = [line for data in shown for line in _edge_lines(data, graph)]
        labels += [f"and {len(every) - len(shown)} more"] if len(shown) < len(every) else []
        wrapped = [line for text in labels for line in words.wrap(words.shorten(text, 2 * _LABEL_WIDTH), _LABEL_WIDTH)]
        label = "\\n".join(quoted(line)[1:-1] for line in wrapped)
        style = f', color="{_RED}", fontcolor="{_RED}", style=dashed' if fault else ""
        if on_path:
            color = _GREEN if good else _RED
            style = f', color="{color}", fontcolor="{color}", penwidth=2.5{", style=dashed" if fault else ""}'
        yield source, target, f'[label="{label}"{style}]'


def _edge_lines(data: Mapping[str, Any], graph: StateGraph) -> list[str]:
    """What happens, and what it changes of the fields shown; where a node is one field, the nodes say that."""
    numbers = data.get("path", ())
    lead = f"{steps(numbers)}: " if numbers else ""
    changes = data.get("changes", {}) if len(graph.graph.get("group_by", ())) != 1 else {}
    lines = [
        words.difference(words.clean(name), words.clean(before), words.clean(after))
        for name, (before, after) in changes.items()
    ]
    if len(lines) > _CHANGES_MAX:
        lines = [*lines[: _CHANGES_MAX - 1], f"and {len(lines) - _CHANGES_MAX + 1} more changes"]
    return [*_event_lines(data, lead, graph), *lines]


def _event_lines(data: Mapping[str, Any], lead: str, graph: StateGraph) -> list[str]:
    """Whose step, and the message on a line of its own; the actor goes without saying where all fields are its own."""
    if "message" not in data:
        return [lead + words.clean(data.get("label", ""))]
    if not graph.graph.get("group_by"):
        plain = f"{words.clean(data['actor'])}.{words.clean(data['action'])}"
        about = words.clean(data["label"]).removeprefix(plain).strip()
        return [line for line in (lead + plain, about) if line]
    owners = {name.partition(".")[0] for name in graph.graph["group_by"]}
    whose = "" if owners == {data["actor"]} else f"{words.clean(data['actor'])}."
    return [line for line in (f"{lead}{whose}{words.clean(data['action'])}", words.clean(data["message"])) if line]


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
            violates=", ".join(_cleaned(data, "violates")),
            **_graphml_more(data, {"ends": ", ", "path": ",", "states": "", "depth": "", "rest": ""}),
            **{f"field {key}": text for key, text in _fields(data).items()},
        )
    for source, target, data in _edges(graph):
        flat.add_edge(
            source,
            target,
            fault=bool(data.get("fault", False)),
            **_edge_texts(data),
            **_graphml_more(data, {"message": "", "transitions": "", "path": ","}),
        )
    return "\n".join(networkx.generate_graphml(flat)) + "\n"


def _graphml_more(data: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    """What the checker's own graphs have beyond the least; lists are joined by the separator given."""
    found = {}
    for key, separator in keys.items():
        if key in data:
            value = data[key]
            text = separator.join(map(str, value)) if separator else value
            found[key] = words.clean(text) if isinstance(text, str) else text
    return found


def _edge_texts(data: Mapping[str, Any]) -> dict[str, str]:
    return {key: words.clean(data.get(key, "")) for key in ("actor", "action", "label")}


# --- JSON -----------------------------------------------------------------------------------------------------------


def _json(graph: StateGraph, title: str) -> str:
    names = _names(graph)
    facts = ("group_by", "states", "complete", "cut", "path")
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
                **{key: data[key] for key in ("ends", "states", "depth", "path", "rest") if key in data},
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
                **{key: data[key] for key in ("message", "changes", "transitions", "path") if key in data},
            }
            for source, target, data in _edges(graph)
        ],
        **({"about": {key: graph.graph[key] for key in facts}} if "group_by" in graph.graph else {}),
    }
    return json.dumps(document, indent=1) + "\n"
